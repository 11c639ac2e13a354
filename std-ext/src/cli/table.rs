//! The table of a comparison.

use gaussling::compare::{Entry, Row, rows};
use gaussling::train::Problem;

use super::output::percent;

/// The table, the least test error marked by a star and those that cannot be told from it by "~"; "±" is the standard deviation
/// over seeds.
pub fn table(problem: &Problem, entries: &[Entry]) -> String {
    let classes = problem.classes;
    let rows = rows(entries);
    let seeds = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    let mut out = format!(
        "{:<16} {:>7} {:>10} {:>11} {:>19} {:>11} {:>11} {:>9}\n",
        "method", "weights", "training", "validation", "test", "normalized", "work units", "seconds"
    );
    for row in &rows {
        let test = if row.errors[2].is_nan() {
            "-".to_string()
        } else {
            format!("{:.3} ± {:.3} %", 100.0 * row.errors[2], 100.0 * row.deviation)
        };
        let mark = mark(row);
        let some = if row.runs < seeds { format!("  ({} of {seeds} seeds)", row.runs) } else { String::new() };
        let diverged = if row.diverged > 0 { format!("  ({} diverged)", row.diverged) } else { String::new() };
        out += &format!(
            "{:<16} {:>7} {:>10} {:>11} {:>19} {:>11} {:>11.0} {:>9.2}{mark}{some}{diverged}\n",
            row.method.name(),
            problem.params(),
            percent(row.errors[0]),
            percent(row.errors[1]),
            test,
            percent(row.normalized),
            row.work_units,
            row.seconds,
        );
    }
    out += &foot(classes, &rows);
    out
}

/// What is behind a row: a star for the least, "~" for what cannot be told from it.
pub fn mark(row: &Row) -> &'static str {
    match (row.least, row.tied) {
        (true, _) => " *",
        (false, true) => " ~",
        (false, false) => "",
    }
}

/// What the numbers and marks are.
pub fn foot(classes: bool, rows: &[Row]) -> String {
    let what = if classes { "share of wrong answers" } else { "mean relative error" };
    let seeds = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    let normalized = if classes { "" } else { "; normalized: |prediction - target|/|target - mean|, test" };
    let tied = match rows.iter().any(|row| row.tied) {
        true => "; ~ not told from it: |mean difference| < 2 standard errors, paired by seed",
        false => "",
    };
    format!("{what}, mean (± standard deviation) over {seeds} seeds{normalized}; * least{tied}\n")
}
