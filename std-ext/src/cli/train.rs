//! `gaussling train`

use std::path::{Path, PathBuf};
use std::time::Duration;

use gaussling::compare::{Entry, Event};
use gaussling::plot::loss_curves;
use gaussling::train::{Begin, Checkpoint, Ending, Method, history_csv};

use super::arguments::TrainArguments;
use super::failure::{Failure, Kind};
use super::interrupt;
use super::json;
use super::keeper::{self, Keeper};
use super::output::{check_different, check_file, note, percent, plot_beside, print, write_file};
use super::progress::Progress;
use super::report;
use super::setup::{Setup, describe, model, processors, setup, setup_stream};
use super::training::Training;

pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    // Fail before the work, not after it.
    let plot = plot_beside(&arguments.output)?;
    let (data, quiet) = (&arguments.data, arguments.run.quiet);
    let read: Vec<&Path> =
        std::iter::once(&data.data).chain(&data.validation).chain(&data.test).map(PathBuf::as_path).collect();
    let file = keeper::file(arguments);
    let mut written = vec![arguments.output.as_path(), &plot, &file];
    written.extend(arguments.history.iter().chain(&arguments.report).map(PathBuf::as_path));
    written.iter().try_for_each(|file| check_file(file, &read))?;
    check_different(&written)?;
    let _lock = keeper::lock(&file)?;
    let checkpoint = keeper::load(&file, arguments.resume, quiet)?;
    let (mut setup, mut stream) = match arguments.stream {
        true => {
            let (setup, stream) =
                setup_stream(&arguments.data, &arguments.run, arguments.method, arguments.window as usize)?;
            (setup, Some(stream))
        }
        false => (setup(&arguments.data, &arguments.run, &hint(arguments.method))?, None),
    };
    setup.options.threads = processors(arguments.threads);
    let method = setup.method(arguments.method);
    let (problem, options, seed) = (&setup.problem, &setup.options, arguments.seed);
    let mut data = Training::new(problem, stream.as_mut())?;
    if let Some(checkpoint) = &checkpoint {
        data.check(checkpoint, method, options, seed).map_err(|e| {
            let what = format!("{}: {e}; train as then, or delete it to start from the beginning", file.display());
            Failure::new(Kind::Model, what)
        })?;
    }
    if !quiet {
        note(&describe(&setup));
        if let Some(checkpoint) = &checkpoint {
            note(&format!("{}: going on after {:.1} work units", file.display(), checkpoint.work_units()));
        }
    }
    let start = match &checkpoint {
        None => Some(data.initial_weights(options, seed)?),
        Some(_) => None,
    };
    let progress = Progress::new(quiet, 1, options);
    if let Some(record) = checkpoint.as_ref().and_then(|checkpoint| checkpoint.history().last()) {
        progress.resumed(method, seed, record);
    }
    interrupt::watch(quiet)?;
    let mut keeper =
        Keeper::new(&progress, method, seed, &file, Duration::from_secs_f64(arguments.checkpoint_seconds.min(1e9)));
    let begin = match (&checkpoint, &start) {
        (Some(checkpoint), _) => Begin::Checkpoint(checkpoint),
        (None, Some(start)) => Begin::Start(start),
        (None, None) => return Err("nothing to start from".into()),
    };
    let run = data.train(method, options, seed, begin, &mut keeper)?;
    let kept = keeper.kept();
    let entry = data.entry(seed, run)?;
    if entry.run.ending != Ending::Stopped {
        progress.see(Event::Finished(&entry));
    }
    progress.done();
    write(&setup, &entry, arguments, &plot)?;
    let output = arguments.output.display();
    match entry.run.ending {
        Ending::Stopped => {
            let how = match kept {
                true => "the same command with --resume goes on from there".to_string(),
                false => format!("{} could not be written, so nothing goes on from here", file.display()),
            };
            let work = entry.run.work_units;
            Err(Failure::new(
                Kind::Interrupted,
                format!("interrupted after {work:.1} work units; {output} has the best weights so far; {how}"),
            ))
        }
        ending => {
            // All is written, so nothing would go on from it.
            Checkpoint::remove(&file)?;
            match (ending, entry.run.divergence()) {
                (Ending::NotFinite, Some(why)) => {
                    let message = format!("{method}: diverged: {why}; {output} has the best weights before that");
                    Err(Failure::new(Kind::Diverged, message))
                }
                _ => Ok(()),
            }
        }
    }
}

/// What to try when memory cannot hold the data.
fn hint(method: Option<Method>) -> String {
    match method.filter(|method| !method.streams()) {
        None => "; or add --stream, which reads them anew in each epoch".to_string(),
        Some(method) => {
            let others = Method::ALL.into_iter().filter(|method| method.streams()).map(Method::name);
            let others = others.collect::<Vec<_>>().join(", ");
            format!("; or add --stream with --method {others}: {method} needs all data at once")
        }
    }
}

/// Writes model, plot and whatever else was asked for, and says where.
fn write(setup: &Setup, entry: &Entry, arguments: &TrainArguments, plot: &Path) -> Result<(), Failure> {
    model(setup, entry)?.save(&arguments.output)?;
    let curve = |f: fn(&gaussling::train::Record) -> f64| {
        entry.run.history.iter().map(|r| (r.work_units, f(r))).collect::<Vec<_>>()
    };
    let curves =
        [("training".to_string(), curve(|r| r.train_loss)), ("validation".to_string(), curve(|r| r.validation_loss))];
    let title = format!("{}, seed {}", entry.run.method, entry.seed);
    loss_curves(plot, &title, "work units", "loss on scaled data", &curves)?;
    let what = json::error_name(setup.data.classes.is_some());
    let [training, validation, test] = entry.scores.map(|s| percent(s.error));
    let mut said = format!(
        "{what}: training {training}, validation {validation}, test {test}\nmodel: {}\nlosses: {}\n",
        arguments.output.display(),
        plot.display(),
    );
    if let Some(file) = &arguments.history {
        write_file(file, &history_csv(&entry.run.history))?;
        said += &format!("history: {}\n", file.display());
    }
    if let Some(file) = &arguments.report {
        report::trained(setup, entry, file)?;
        said += &format!("report: {}\n", file.display());
    }
    if !arguments.json {
        return print(&said);
    }
    if !arguments.run.quiet {
        note(said.trim_end());
    }
    print(&json::line(&json::trained(setup, entry, &arguments.output, plot)))
}
