//! The table of a comparison.

use gaussling::compare::{Entry, Row, rows};
use gaussling::train::Problem;

use super::output::percent;

/// The table, best test error first marked with a star; "±" is the standard deviation over seeds.
pub fn table(problem: &Problem, entries: &[Entry]) -> String {
    let classes = problem.loss == gaussling::train::LossKind::CrossEntropy;
    let what = if classes { "share of wrong answers" } else { "mean relative error" };
    let rows = rows(entries);
    let judged = |row: &Row| if row.errors[2].is_nan() { row.errors[1] } else { row.errors[2] };
    let best = rows.iter().map(judged).fold(f64::INFINITY, f64::min);
    let mut out = format!(
        "{:<13} {:>10} {:>11} {:>19} {:>11} {:>11} {:>9}\n",
        "method", "training", "validation", "test", "normalized", "work units", "seconds"
    );
    for row in &rows {
        let test = if row.errors[2].is_nan() {
            "-".to_string()
        } else {
            format!("{:.3} ± {:.3} %", 100.0 * row.errors[2], 100.0 * row.deviation)
        };
        let star = if judged(row) == best { " *" } else { "" };
        let diverged = if row.diverged > 0 { format!("  ({} diverged)", row.diverged) } else { String::new() };
        out += &format!(
            "{:<13} {:>10} {:>11} {:>19} {:>11} {:>11.0} {:>9.2}{star}{diverged}\n",
            row.method.name(),
            percent(row.errors[0]),
            percent(row.errors[1]),
            test,
            percent(row.normalized),
            row.work_units,
            row.seconds,
        );
    }
    let seeds = entries.iter().map(|e| e.seed).max().map_or(0, |s| s + 1);
    let normalized = if classes { "" } else { "; normalized: |prediction - target|/|target - mean|, test" };
    out += &format!("{what}, mean (± standard deviation) over {seeds} seeds{normalized}; * least\n");
    out
}
