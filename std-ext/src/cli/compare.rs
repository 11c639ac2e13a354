//! `gaussling compare`

use std::fmt::Write as _;
use std::path::Path;

use gaussling::compare::{Entry, best, compare, rows};
use gaussling::plot::loss_curves;
use gaussling::train::Method;
use serde_json::{Value, json as object};

use super::Failure;
use super::arguments::{CompareArguments, MethodsArguments};
use super::output::{make_folder, note, print};
use super::progress::Progress;
use super::setup::{Setup, describe, model, setup};
use super::table::table;

/// Files in the output folder.
const PLOT: &str = "losses.svg";
const BEST: &str = "best.safetensors";

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let setup = setup(&arguments.data, &arguments.run)?;
    let said = Said { quiet: arguments.run.quiet, json: arguments.json };
    compare_and_write(&setup, &arguments.methods, arguments.seeds, arguments.output.as_deref(), said)
}

/// What is said, and where.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub quiet: bool,
    pub json: bool,
}

/// Trains, prints the table, and writes plot and best model into `folder`.
pub fn compare_and_write(
    setup: &Setup,
    arguments: &MethodsArguments,
    seeds: u64,
    folder: Option<&Path>,
    Said { quiet, json }: Said,
) -> Result<(), Failure> {
    if !quiet {
        note(&describe(setup));
    }
    // Fail before the work, not after it.
    folder.map_or(Ok(()), make_output_folder)?;
    let mut methods: Vec<Method> = Vec::new();
    for &method in &arguments.methods {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    let seeds: Vec<u64> = (0..seeds).collect();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.map_or(processors, |n| n as usize);
    let progress = Progress::new(quiet, methods.len() * seeds.len(), setup.options.work_units);
    let entries = compare(&setup.problem, &methods, &seeds, &setup.options, threads, &|event| {
        progress.see(event);
        true
    })?;
    progress.done();
    let table = table(&setup.problem, &entries);
    if !json {
        print(&table)?;
        return folder.map_or(Ok(()), |folder| print(&write(setup, &entries, folder, &mut Value::Null)?));
    }
    let mut result = super::json::compared(&setup.problem, &rows(&entries), &entries);
    let mut text = table;
    if let Some(folder) = folder {
        text += &write(setup, &entries, folder, &mut result)?;
    }
    if !quiet {
        note(text.trim_end());
    }
    print(&super::json::line(&result))
}

/// Makes the output folder, in which all files can be written.
pub fn make_output_folder(folder: &Path) -> Result<(), Failure> {
    make_folder(folder, &[PLOT, BEST])
}

/// Writes the losses of the first seed of each method, and the model with the least validation error; says where, in words and
/// in `result`.
fn write(setup: &Setup, entries: &[Entry], folder: &Path, result: &mut Value) -> Result<String, Failure> {
    let plot = folder.join(PLOT);
    let curves: Vec<(String, Vec<(f64, f64)>)> = entries
        .iter()
        .filter(|e| e.seed == 0)
        .map(|e| {
            let history = e.run.history.iter().filter(|r| r.work_units > 0.0);
            (e.run.method.name().to_string(), history.map(|r| (r.work_units, r.validation_loss)).collect())
        })
        .collect();
    loss_curves(&plot, "Validation loss, seed 0", "work units", "loss on scaled data", &curves)?;
    let mut said = format!("losses: {}\n", plot.display());
    result["plot"] = object!(plot.display().to_string());
    if let Some(entry) = best(entries) {
        let file = folder.join(BEST);
        model(setup, entry)?.save(&file)?;
        result["best_model"] = object!(file.display().to_string());
        writeln!(said, "best model ({}, seed {}): {}", entry.run.method, entry.seed, file.display())?;
    }
    Ok(said)
}
