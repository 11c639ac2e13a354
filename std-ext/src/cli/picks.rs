//! [`Picks`]: what was picked because nothing was said, and why.

use gaussling::defaults::Picked;
use serde_json::{Value, json};

/// What was picked, in the order it was.
#[derive(Debug, Default)]
pub struct Picks(Vec<[String; 3]>);

impl Picks {
    /// What was asked for; else what the rule picks, which is noted.
    pub fn or<T>(
        &mut self,
        what: &str,
        asked: Option<T>,
        rule: impl FnOnce() -> Picked<T>,
        show: impl FnOnce(&T) -> String,
    ) -> T {
        asked.unwrap_or_else(|| {
            let Picked { value, why } = rule();
            self.note(what, &show(&value), &why);
            value
        })
    }

    /// Notes a choice made elsewhere.
    pub fn note(&mut self, what: &str, value: &str, why: &str) {
        self.0.push([what, value, why].map(str::to_string));
    }

    /// A line for each; nothing when nothing was picked.
    pub fn lines(&self) -> String {
        self.0.iter().map(|[what, value, why]| format!("\npicked {what}: {value} ({why})")).collect()
    }

    /// By name, each with its reason.
    pub fn json(&self) -> Value {
        self.0.iter().map(|[what, value, why]| (what.clone(), json!({ "value": value, "why": why }))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_asked_for_is_picked_and_noted() {
        let mut picks = Picks::default();
        let rule = || Picked { value: 300, why: "enough".to_string() };
        assert_eq!(picks.or("budget", Some(7), rule, i32::to_string), 7);
        assert_eq!(picks.lines(), "");
        assert_eq!(picks.or("budget", None, rule, i32::to_string), 300);
        assert_eq!(picks.lines(), "\npicked budget: 300 (enough)");
        assert_eq!(picks.json()["budget"]["why"], "enough");
    }
}
