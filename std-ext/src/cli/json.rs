//! What `--json` prints: one object on a line, keys in alphabetical order, numbers with all their digits, NaN as null.

use std::path::Path;

use gaussling::compare::{Entry, Row};
use gaussling::evaluate::Evaluation;
use gaussling::train::Scores;
use serde_json::{Value, json};

use super::setup::Setup;

/// The object as a line.
pub fn line(object: &Value) -> String {
    format!("{object}\n")
}

fn scores(scores: &Scores) -> Value {
    json!({ "loss": scores.loss, "error": scores.error, "normalized": scores.normalized })
}

/// What `error` is.
pub fn error_name(classes: bool) -> &'static str {
    if classes { "share of wrong answers" } else { "mean relative error" }
}

/// A trained model.
pub fn trained(setup: &Setup, entry: &Entry, model: &Path, plot: &Path) -> Value {
    let Setup { problem, options, picks, .. } = setup;
    let [training, validation, test] = &entry.scores;
    json!({
        "method": entry.run.method.name(),
        "seed": entry.seed,
        "network": problem.network.to_string(),
        "weights": problem.params(),
        "loss": problem.loss.name(),
        "precision": options.precision.name(),
        "picked": picks.json(),
        "error": error_name(problem.classes),
        "training": scores(training),
        "validation": scores(validation),
        "test": scores(test),
        "work_units": entry.run.work_units,
        "seconds": entry.run.seconds,
        "ended": entry.run.ending.describe(),
        "model": model.display().to_string(),
        "plot": plot.display().to_string(),
    })
}

/// The table of a comparison, a row for each method, and the scores of every run.
pub fn compared(setup: &Setup, rows: &[Row], entries: &[Entry]) -> Value {
    let Setup { problem, options, picks, .. } = setup;
    let row = |row: &Row| {
        let [training, validation, test] = row.errors;
        json!({
            "method": row.method.name(),
            "training": training,
            "validation": validation,
            "test": test,
            "deviation": row.deviation,
            "normalized": row.normalized,
            "work_units": row.work_units,
            "seconds": row.seconds,
            "diverged": row.diverged,
        })
    };
    let run = |entry: &Entry| {
        let [training, validation, test] = &entry.scores;
        json!({
            "method": entry.run.method.name(),
            "seed": entry.seed,
            "training": scores(training),
            "validation": scores(validation),
            "test": scores(test),
            "work_units": entry.run.work_units,
            "seconds": entry.run.seconds,
            "ended": entry.run.ending.describe(),
        })
    };
    json!({
        "network": problem.network.to_string(),
        "weights": problem.params(),
        "loss": problem.loss.name(),
        "precision": options.precision.name(),
        "picked": picks.json(),
        "error": error_name(problem.classes),
        "methods": rows.iter().map(row).collect::<Vec<_>>(),
        "runs": entries.iter().map(run).collect::<Vec<_>>(),
    })
}

/// Scores of a saved model.
pub fn evaluated(found: &Evaluation) -> Value {
    let output = |output: &gaussling::evaluate::OutputErrors| {
        let worst = output.worst.map(|sample| sample + 1);
        json!({ "name": output.name, "rmse": output.rmse, "largest": output.largest, "worst_sample": worst })
    };
    let mut object = json!({
        "samples": found.samples,
        "loss_name": found.loss.name(),
        "loss": found.scores.loss,
        "error_name": error_name(found.confusion.is_some()),
        "error": found.scores.error,
        "normalized": found.scores.normalized,
        "rmse": found.rmse,
    });
    match &found.confusion {
        None => object["outputs"] = found.outputs.iter().map(output).collect(),
        Some(confusion) => {
            let of_each = |f: &dyn Fn(usize) -> f64| (0..confusion.classes.len()).map(f).collect::<Vec<_>>();
            object["accuracy"] = json!(confusion.accuracy());
            object["classes"] = json!(confusion.classes);
            object["recall"] = json!(of_each(&|class| confusion.recall(class)));
            object["precision"] = json!(of_each(&|class| confusion.precision(class)));
            object["confusion"] = json!(confusion.counts);
        }
    }
    object
}
