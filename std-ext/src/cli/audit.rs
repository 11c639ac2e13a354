//! `gaussling audit`

use gaussling::audit::{Effort, run as measure};

use super::Failure;
use super::arguments::AuditArguments;
use super::failure::Kind;
use super::output::{note, report};

pub fn run(arguments: &AuditArguments) -> Result<(), Failure> {
    let effort = if arguments.full { Effort::Full } else { Effort::Quick };
    let mut part = "";
    let audit = measure(effort, |check| {
        // Each function takes minutes when all arguments are tried.
        let news = if effort == Effort::Full && check.part == "functions" {
            Some(format!("{} {}: {:.3} ULP at {}", check.name, check.precision, check.worst, check.at))
        } else {
            (part != check.part).then(|| check.part.to_string())
        };
        if let Some(news) = news.filter(|_| !arguments.quiet) {
            note(&news);
        }
        part = check.part;
    });
    report(&audit.to_string(), arguments.json.then(|| audit.to_json()).as_ref())?;
    let failed = audit.checks.iter().filter(|check| !check.passes()).count();
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(Kind::Other, format!("{failed} of {} numbers are outside their limits", audit.checks.len())))
}
