//! The page that `--report` writes: what was run, tables, and plots.

use std::path::Path;

use gaussling::DenseMatrix;
use gaussling::compare::{Entry, best, rows};
use gaussling::matrix::largest;
use gaussling::plot::{Chart, Curve, Errors, Grid, Output, confusion, curves, decision_regions, errors, predictions};
use gaussling::report::{Figure, Report, Table};
use gaussling::train::{Part, Record};

use super::Failure;
use super::output::percent;
use super::setup::{Setup, budget, model};
use super::table::{foot, mark};

/// Cells of a plane of decision regions, to each side.
const CELLS: usize = 120;

/// The report of one run.
pub fn trained(setup: &Setup, entry: &Entry, file: &Path) -> Result<(), Failure> {
    let run = &entry.run;
    let mut facts = common_facts(setup);
    facts.extend([
        fact("method", run.method.name()),
        fact("seed", entry.seed.to_string()),
        fact("ended", run.divergence().unwrap_or_else(|| run.ending.describe().to_string())),
        fact("work", format!("{:.1} work units in {:.2} s of training", run.work_units, run.seconds)),
        fact("best weights", format!("after {:.1} work units", run.best_at)),
    ]);
    let label = |text: &str| text.to_string();
    let curve = |name: &str, f: fn(&Record) -> f64| (label(name), points(&run.history, f));
    let losses = [curve("training", |r| r.train_loss), curve("validation", |r| r.validation_loss)];
    let name = format!("{}, seed {}", run.method, entry.seed);
    let mut figures =
        vec![figure(curves(&format!("Losses: {name}"), "work units", "loss on scaled data", &losses), "")];
    let control = curves(
        &format!("Control: {name}"),
        "work units",
        run.method.control(),
        &[curve(run.method.control(), |r| r.control)],
    );
    figures.push(figure(control, "What the method steers its steps by."));
    figures.extend(of_model(setup, entry)?);
    let history = run.history.iter().map(|r| {
        let number = |x: f64| if x.is_nan() { "-".to_string() } else { format!("{x:.4e}") };
        let losses = [r.train_loss, r.validation_loss, r.control].map(number);
        [vec![format!("{:.1}", r.work_units), format!("{:.3}", r.seconds)], losses.to_vec()].concat()
    });
    let history = Table {
        title: label("History"),
        columns: ["work units", "seconds", "training loss", "validation loss", run.method.control()]
            .map(label)
            .to_vec(),
        rows: history.collect(),
        collapsed: true,
        ..Table::default()
    };
    let title = format!("{} on {}", run.method, setup.source);
    let report = Report { title, facts, tables: vec![parts_table(setup, entry), history], figures };
    Ok(report.write(file)?)
}

/// The report of a comparison.
pub fn compared(setup: &Setup, entries: &[Entry], file: &Path) -> Result<(), Failure> {
    let rows = rows(entries);
    let problem = &setup.problem;
    let columns =
        ["method", "weights", "training", "validation", "test", "normalized", "work units", "seconds", "diverged"];
    let cells = |row: &gaussling::compare::Row| {
        let test = match row.errors[2].is_nan() {
            true => "-".to_string(),
            false => format!("{:.3} ± {:.3} %", 100.0 * row.errors[2], 100.0 * row.deviation),
        };
        vec![
            format!("{}{}", row.method, mark(row)),
            problem.params().to_string(),
            percent(row.errors[0]),
            percent(row.errors[1]),
            test,
            percent(row.normalized),
            format!("{:.0}", row.work_units),
            format!("{:.2}", row.seconds),
            format!("{} of {}", row.diverged, row.runs),
        ]
    };
    let table = Table {
        title: "Comparison".to_string(),
        columns: columns.map(str::to_string).to_vec(),
        rows: rows.iter().map(cells).collect(),
        best: rows.iter().position(|row| row.least),
        note: foot(problem.classes, &rows).trim_end().to_string(),
        collapsed: false,
    };
    let curve = |f: fn(&Record) -> f64, name: &dyn Fn(&Entry) -> String| -> Vec<Curve> {
        let first = entries.iter().filter(|e| e.seed == 0);
        first.map(|e| (name(e), points(&e.run.history, f))).collect()
    };
    let losses = curve(|r| r.validation_loss, &|e| e.run.method.name().to_string());
    let controls = curve(|r| r.control, &|e| format!("{}: {}", e.run.method, e.run.method.control()));
    let own = |method| entries.iter().filter(move |e| e.run.method == method).map(|e| 100.0 * e.judged()).collect();
    let by_method: Vec<Errors> =
        rows.iter().map(|row| Errors { name: row.method.name().to_string(), values: own(row.method) }).collect();
    let part = if entries.iter().all(|e| e.scores[2].error.is_nan()) { "validation" } else { "test" };
    let mut figures = vec![
        figure(errors("Errors over seeds", &format!("{part} error / %"), &by_method), ""),
        figure(curves("Validation loss, seed 0", "work units", "loss on scaled data", &losses), ""),
        figure(curves("Control, seed 0", "work units", "control", &controls), "What each method steers its steps by."),
    ];
    let mut facts = common_facts(setup);
    if let Some(entry) = best(entries) {
        facts.push(fact("best model", format!("{}, seed {}, by validation error", entry.run.method, entry.seed)));
        figures.extend(of_model(setup, entry)?);
    }
    let report = Report { title: format!("Methods on {}", setup.source), facts, tables: vec![table], figures };
    Ok(report.write(file)?)
}

/// "1 input", "2 inputs".
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_string(), value.into())
}

fn figure(chart: Chart, note: &str) -> Figure {
    Figure { chart, note: note.to_string() }
}

fn points(history: &[Record], f: fn(&Record) -> f64) -> Vec<(f64, f64)> {
    history.iter().map(|r| (r.work_units, f(r))).collect()
}

fn common_facts(setup: &Setup) -> Vec<(String, String)> {
    let Setup { data, problem, options, source, samples, window, .. } = setup;
    let parts = samples.map(|n| n.to_string()).join(" / ");
    let command: Vec<String> = std::env::args().skip(1).collect();
    let targets = match &data.classes {
        Some(classes) => format!("{} classes", classes.len()),
        None => count(data.targets.rows(), "target"),
    };
    vec![
        fact("command", format!("gaussling {}", command.join(" "))),
        fact("version", env!("CARGO_PKG_VERSION")),
        fact("data", source.as_str()),
        fact("training / validation / test", format!("{parts} samples")),
        fact("streamed", window.map_or("no".to_string(), |window| format!("with a window of {window} samples"))),
        fact("columns", format!("{}, {targets}", count(data.inputs.rows(), "input"))),
        fact("network", problem.network.to_string()),
        fact("weights", problem.params().to_string()),
        fact("loss", problem.loss.name()),
        fact("alpha", format!("{:e}", options.alpha_w)),
        fact("precision", options.precision.name()),
        fact("budget", budget(options)),
    ]
}

/// Errors and losses of one model on each part of the data.
fn parts_table(setup: &Setup, entry: &Entry) -> Table {
    let error = if setup.problem.classes { "wrong answers" } else { "mean relative error" };
    let columns =
        if setup.problem.classes { vec!["part", error, "loss"] } else { vec!["part", error, "normalized", "loss"] };
    let row = |(name, scores): (&str, &gaussling::train::Scores)| {
        let mut row = vec![name.to_string(), percent(scores.error)];
        if !setup.problem.classes {
            row.push(percent(scores.normalized));
        }
        row.push(if scores.loss.is_nan() { "-".to_string() } else { format!("{:.4e}", scores.loss) });
        row
    };
    let note = if setup.problem.classes { "" } else { "Normalized: |prediction - target|/|target - mean|." };
    Table {
        title: "Errors of the best weights".to_string(),
        columns: columns.into_iter().map(str::to_string).collect(),
        rows: ["training", "validation", "test"].into_iter().zip(&entry.scores).map(row).collect(),
        note: format!("{note} Losses are those of scaled data, without regularization.").trim_start().to_string(),
        ..Table::default()
    }
}

/// What a model predicts: against targets, or which classes it takes for which, and where in a plane.
fn of_model(setup: &Setup, entry: &Entry) -> Result<Vec<Figure>, Failure> {
    let Setup { data, problem, .. } = setup;
    let parts = [("test", &problem.test), ("validation", &problem.validation), ("training", &problem.train)];
    let Some((name, part)) = parts.into_iter().find(|(_, part)| part.x.cols() > 0) else { return Ok(Vec::new()) };
    let who = format!("{}, seed {}, {name} data", entry.run.method, entry.seed);
    let mut predicted = problem.predict(&entry.run.weights, &part.x)?;
    let Some(classes) = &data.classes else {
        let mut targets = part.c.clone();
        for matrix in [&mut predicted, &mut targets] {
            problem.target_scaling.invert_in_place(matrix)?;
        }
        let (targets, predicted) = (targets.transposed(), predicted.transposed());
        let output = |j: usize| Output {
            name: data.target_names.get(j).map_or("target", String::as_str),
            targets: targets.col(j),
            predictions: predicted.col(j),
        };
        let outputs: Vec<Output<'_>> = (0..targets.cols()).map(output).collect();
        return Ok(vec![figure(predictions(&format!("Predictions: {who}"), &outputs)?, "")]);
    };
    let labels = |scores: &DenseMatrix<f64>| (0..scores.cols()).map(|j| largest(scores.col(j))).collect::<Vec<_>>();
    let truth = labels(&part.c);
    let mut figures = vec![figure(confusion(&format!("Confusion: {who}"), classes, &truth, &labels(&predicted))?, "")];
    if part.x.rows() == 2 {
        figures.push(figure(regions(setup, entry, &who, part, &truth)?, ""));
    }
    Ok(figures)
}

/// The regions of a classifier of two inputs, in their units.
fn regions(setup: &Setup, entry: &Entry, who: &str, part: &Part, truth: &[usize]) -> Result<Chart, Failure> {
    let Setup { data, problem, .. } = setup;
    let mut x = part.x.clone();
    problem.input_scaling.invert_in_place(&mut x)?;
    let places: Vec<(f64, f64)> = (0..x.cols()).map(|j| (x[(0, j)], x[(1, j)])).collect();
    let grid = Grid::around(&places, CELLS, CELLS);
    let cells = grid.points();
    let plane = DenseMatrix::from_fn(2, cells.len(), |i, j| if i == 0 { cells[j].0 } else { cells[j].1 });
    let given = model(setup, entry)?.predict_classes(&plane)?;
    let samples: Vec<(f64, f64, usize)> = places.iter().zip(truth).map(|(&(x, y), &class)| (x, y, class)).collect();
    let axis = |i: usize| data.input_names.get(i).map_or("input", String::as_str);
    let names = data.classes.as_deref().unwrap_or_default();
    Ok(decision_regions(&format!("Regions: {who}"), [axis(0), axis(1)], names, &grid, &given, &samples)?)
}
