//! `gaussling compare`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gaussling::compare::{Entry, best, compare, history_csv, rows};
use gaussling::export::{Export, Storage};
use gaussling::plot::loss_curves;
use gaussling::train::{Ending, Method};
use serde_json::{Value, json as object};

use super::arguments::{CompareArguments, MethodsArguments};
use super::export::{spread, write_source};
use super::failure::{Failure, Kind};
use super::interrupt;
use super::output::{check_different, check_file, make_folder, note, print, write_file};
use super::progress::Progress;
use super::report;
use super::setup::{Setup, describe, model, processors, setup};
use super::table::table;

/// Files in the output folder.
const PLOT: &str = "losses.svg";
const MODEL: &str = "model.safetensors";
const SOURCE: &str = "model.rs";

/// Samples on which the cost of the source's arithmetic is measured at most.
const MEASURED: usize = 1000;

/// What is written besides the table.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// For the plot, the best model, and its Rust source.
    pub folder: Option<&'a Path>,
    pub history: Option<&'a Path>,
    pub report: Option<&'a Path>,
    pub quiet: bool,
    pub json: bool,
}

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let data = &arguments.data;
    let read: Vec<&Path> =
        std::iter::once(&data.data).chain(&data.validation).chain(&data.test).map(PathBuf::as_path).collect();
    let written: Vec<&Path> = arguments.report.iter().chain(&arguments.history).map(PathBuf::as_path).collect();
    written.iter().try_for_each(|file| check_file(file, &read))?;
    check_different(&written)?;
    let setup = setup(&arguments.data, &arguments.run, "")?;
    let wanted = Wanted {
        folder: arguments.output.as_deref(),
        history: arguments.history.as_deref(),
        report: arguments.report.as_deref(),
        quiet: arguments.run.quiet,
        json: arguments.json,
    };
    compare_and_write(&setup, &arguments.methods, arguments.seeds, wanted)
}

/// Trains, prints the table, and writes what is wanted. When it is interrupted, all that of the runs that are finished.
pub fn compare_and_write(
    setup: &Setup,
    arguments: &MethodsArguments,
    seeds: u64,
    wanted: Wanted<'_>,
) -> Result<(), Failure> {
    let Wanted { folder, history, report, quiet, json } = wanted;
    if !quiet {
        note(&describe(setup));
    }
    // Fail before the work, not after it.
    folder.map_or(Ok(()), |folder| make_output_folder(folder, &[]))?;
    let mut methods: Vec<Method> = Vec::new();
    for &method in &arguments.methods {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    let seeds: Vec<u64> = (0..seeds).collect();
    let threads = processors(arguments.threads);
    let runs = methods.len() * seeds.len();
    let progress = Progress::new(quiet, runs, &setup.options);
    interrupt::watch(quiet)?;
    let mut entries = compare(&setup.problem, &methods, &seeds, &setup.options, threads, &|event| {
        progress.see(event);
        !interrupt::asked()
    })?;
    progress.done();
    entries.retain(|entry| entry.run.ending != Ending::Stopped);
    let interrupted = |what: &str| Err(Failure::new(Kind::Interrupted, format!("interrupted: {what}")));
    if entries.is_empty() {
        return interrupted("no run was finished");
    }
    let mut result = super::json::compared(setup, &rows(&entries), &entries);
    let mut text = table(&setup.problem, &entries);
    if let Some(folder) = folder {
        text += &write(setup, &entries, folder, &mut result)?;
    }
    if let Some(file) = history {
        write_file(file, &history_csv(&entries))?;
        text += &format!("history: {}\n", file.display());
        result["history"] = object!(file.to_string_lossy());
    }
    if let Some(file) = report {
        report::compared(setup, &entries, file)?;
        text += &format!("report: {}\n", file.display());
        result["report"] = object!(file.to_string_lossy());
    }
    if !json {
        print(&text)?;
    } else {
        if !quiet {
            note(text.trim_end());
        }
        print(&super::json::line(&result))?;
    }
    match entries.len() == runs {
        true => Ok(()),
        false => interrupted(&format!("{} of {runs} runs were finished, and are what is shown", entries.len())),
    }
}

/// Makes the output folder, in which all files can be written.
pub fn make_output_folder(folder: &Path, more: &[&str]) -> Result<(), Failure> {
    make_folder(folder, &[&[PLOT, MODEL, SOURCE], more].concat())
}

/// Writes the losses of the first seed of each method, the model with the least validation error, and its Rust source; says
/// where, in words and in `result`.
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
        let (file, source) = (folder.join(MODEL), folder.join(SOURCE));
        let model = model(setup, entry)?;
        model.save(&file)?;
        result["best_model"] = object!(file.display().to_string());
        writeln!(said, "best model ({}, seed {}): {}", entry.run.method, entry.seed, file.display())?;
        match Export::new(&model, Storage::F32) {
            Ok(export) => {
                let inputs = spread(&setup.data.inputs, MEASURED);
                let cost = write_source(&export, &inputs, "of the data it was chosen on", &source)?;
                result["rust"] = object!(source.display().to_string());
                writeln!(said, "the same as Rust for a microcontroller: {} ({cost})", source.display())?;
            }
            // Numbers that only f64 has are no reason to lose the rest.
            Err(error) => writeln!(said, "no Rust source: {error}")?,
        }
    }
    Ok(said)
}
