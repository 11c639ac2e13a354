//! `gaussling evaluate`

use std::fmt::Write as _;

use gaussling::Model;
use gaussling::data::LoadOptions;
use gaussling::evaluate::{Confusion, Evaluation, evaluate, load_for};

use super::Failure;
use super::arguments::EvaluateArguments;
use super::json;
use super::output::{percent, report};

pub fn run(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let model = Model::load(&arguments.model)?;
    let (inputs, targets) = (arguments.inputs.clone(), arguments.targets.clone());
    let data = load_for(&arguments.data, &LoadOptions { inputs, targets, task: None }, &model)?;
    let found = evaluate(&model, &data)?;
    report(&text(&found)?, arguments.json.then(|| json::evaluated(&found)).as_ref())
}

fn text(found: &Evaluation) -> Result<String, Failure> {
    let mut out = format!("{} samples\n", found.samples);
    writeln!(out, "{:<22} {:>12.6e}  ({}, on scaled data)", "loss", found.scores.loss, found.loss.name())?;
    let what = json::error_name(found.confusion.is_some());
    writeln!(out, "{what:<22} {:>12}", percent(found.scores.error))?;
    match &found.confusion {
        Some(confusion) => classes(&mut out, confusion)?,
        None => {
            writeln!(out, "{:<22} {:>12}", "normalized error", percent(found.scores.normalized))?;
            writeln!(out, "{:<22} {:>12.6e}", "root mean square error", found.rmse)?;
            let width = name_width(found.outputs.iter().map(|output| &*output.name), "output");
            writeln!(out, "\n{:<width$} {:>12} {:>12} {:>10}", "output", "rmse", "largest", "at sample")?;
            for output in &found.outputs {
                let worst = output.worst.map_or("-".to_string(), |sample| (sample + 1).to_string());
                let name = printable(&output.name);
                writeln!(out, "{name:<width$} {:>12.4e} {:>12.4e} {worst:>10}", output.rmse, output.largest)?;
            }
        }
    }
    Ok(out)
}

/// Accuracy, recall and precision of each class, and the matrix: a row for each class, a column for each answer.
fn classes(out: &mut String, confusion: &Confusion) -> Result<(), Failure> {
    writeln!(out, "{:<22} {:>12}", "accuracy", percent(confusion.accuracy()))?;
    let width = name_width(confusion.classes.iter().map(String::as_str), "class");
    writeln!(out, "\n{:<width$} {:>9} {:>11} {:>11}", "class", "samples", "recall", "precision")?;
    for (class, name) in confusion.classes.iter().enumerate() {
        let samples = confusion.counts[class].iter().sum::<usize>();
        let (recall, precision) = (percent(confusion.recall(class)), percent(confusion.precision(class)));
        writeln!(out, "{:<width$} {samples:>9} {recall:>11} {precision:>11}", printable(name))?;
    }
    writeln!(out, "\ntrue class below, answer to the right, in the same order")?;
    let cell = confusion.counts.iter().flatten().max().map_or(1, |most| most.to_string().len());
    for (name, row) in confusion.classes.iter().zip(&confusion.counts) {
        let row = row.iter().map(|count| format!("{count:>cell$}")).collect::<Vec<_>>().join(" ");
        writeln!(out, "{:<width$} {row}", printable(name))?;
    }
    Ok(())
}

/// A name that breaks no line.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn name_width<'a>(names: impl Iterator<Item = &'a str>, title: &'a str) -> usize {
    names.chain([title]).map(|name| name.chars().count()).max().unwrap_or(0)
}
