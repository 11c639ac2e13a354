//! `gaussling train`

use std::path::{Path, PathBuf};

use gaussling::compare::{Event, compare};
use gaussling::plot::loss_curves;
use gaussling::train::Ending;

use super::arguments::TrainArguments;
use super::failure::{Failure, Kind};
use super::json;
use super::output::{check_file, note, percent, plot_beside, print};
use super::progress::Progress;
use super::setup::{describe, model, setup};

pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    // Fail before the work, not after it.
    let plot = plot_beside(&arguments.output)?;
    let data = &arguments.data;
    let read: Vec<&Path> = std::iter::once(&data.data).chain(&data.test).map(PathBuf::as_path).collect();
    check_file(&arguments.output, &read)?;
    check_file(&plot, &read)?;
    let setup = setup(&arguments.data, &arguments.run)?;
    if !arguments.run.quiet {
        note(&describe(&setup));
    }
    let progress = Progress::new(arguments.run.quiet, 1, setup.options.work_units);
    let (problem, methods, seeds) = (&setup.problem, [arguments.method], [arguments.seed]);
    let entries = compare(problem, &methods, &seeds, &setup.options, 1, &|event: Event<'_>| {
        progress.see(event);
        true
    })?;
    progress.done();
    let entry = entries.first().ok_or("nothing was trained")?;
    model(&setup, entry)?.save(&arguments.output)?;
    let curve = |f: fn(&gaussling::train::Record) -> f64| {
        entry.run.history.iter().map(|r| (r.work_units, f(r))).collect::<Vec<_>>()
    };
    let curves =
        [("training".to_string(), curve(|r| r.train_loss)), ("validation".to_string(), curve(|r| r.validation_loss))];
    let title = format!("{}, seed {}", entry.run.method, entry.seed);
    loss_curves(&plot, &title, "work units", "loss on scaled data", &curves)?;
    let what = json::error_name(setup.data.classes.is_some());
    let [training, validation, test] = entry.scores.map(|s| percent(s.error));
    let said = format!(
        "{what}: training {training}, validation {validation}, test {test}\nmodel: {}\nlosses: {}\n",
        arguments.output.display(),
        plot.display(),
    );
    if !arguments.json {
        print(&said)?;
    } else {
        if !arguments.run.quiet {
            note(said.trim_end());
        }
        print(&json::line(&json::trained(problem, entry, &arguments.output, &plot)))?;
    }
    let failed = |kind| {
        let (method, why) = (entry.run.method, entry.run.ending.describe());
        Err(Failure::new(kind, format!("{method}: {why}; the model has the best weights before that")))
    };
    match entry.run.ending {
        Ending::NotFinite => failed(Kind::Diverged),
        Ending::Stopped => failed(Kind::Interrupted),
        Ending::Budget | Ending::Converged => Ok(()),
    }
}
