//! `gaussling compare`

use std::fmt::Write as _;
use std::path::Path;

use gaussling::compare::{Entry, best, compare};
use gaussling::plot::loss_curves;
use gaussling::train::Method;

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
    compare_and_write(&setup, &arguments.methods, arguments.seeds, arguments.output.as_deref(), arguments.run.quiet)
}

/// Trains, prints the table, and writes plot and best model into `folder`.
pub fn compare_and_write(
    setup: &Setup,
    arguments: &MethodsArguments,
    seeds: u64,
    folder: Option<&Path>,
    quiet: bool,
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
    print(&table(&setup.problem, &entries))?;
    folder.map_or(Ok(()), |folder| write(setup, &entries, folder))
}

/// Makes the output folder, in which all files can be written.
pub fn make_output_folder(folder: &Path) -> Result<(), Failure> {
    make_folder(folder, &[PLOT, BEST])
}

/// The losses of the first seed of each method, and the model with the least validation error.
fn write(setup: &Setup, entries: &[Entry], folder: &Path) -> Result<(), Failure> {
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
    if let Some(entry) = best(entries) {
        let file = folder.join(BEST);
        model(setup, entry)?.save(&file)?;
        writeln!(said, "best model ({}, seed {}): {}", entry.run.method, entry.seed, file.display())?;
    }
    print(&said)
}
