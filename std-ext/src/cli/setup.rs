//! From arguments to a problem.

use gaussling::Model;
use gaussling::compare::Entry;
use gaussling::data::{Dataset, LoadOptions, Sizes, Task, load, load_like, split};
use gaussling::network::Sequential;
use gaussling::train::{LossKind, Options, Problem};

use super::Failure;
use super::arguments::{DataArguments, RunArguments, Scaling, TaskName};

/// Data and problem of a command.
pub struct Setup {
    pub data: Dataset,
    pub problem: Problem,
    pub options: Options,
}

/// The width of the default network: √(N/6) for a regression, √(N/3) for classes, within 8 … 64.
fn default_width(samples: usize, classes: bool) -> usize {
    let per_unit = if classes { 3.0 } else { 6.0 };
    (samples as f64 / per_unit).sqrt().round().clamp(8.0, 64.0) as usize
}

/// Reads, splits, scales; picks what the user left open.
pub fn setup(data: &DataArguments, run: &RunArguments) -> Result<Setup, Failure> {
    let task = data.task.map(|task| match task {
        TaskName::Regression => Task::Regression,
        TaskName::Classification => Task::Classification,
    });
    let load_options = LoadOptions { inputs: data.inputs.clone(), targets: data.targets.clone(), task };
    let dataset = load(&data.data, &load_options)?;
    let test = match &data.test {
        Some(file) => Some(load_like(file, &load_options, &dataset)?),
        None => None,
    };
    // With a test set of its own, what the split would keep for tests goes to training.
    let sizes = match data.split {
        Sizes::Fractions([a, b, c]) if test.is_some() => Sizes::Fractions([a + c, b, 0.0]),
        sizes => sizes,
    };
    let parts = split(dataset.samples(), sizes, data.split_seed, dataset.class_indices().as_deref())?;
    let (inputs, classes) = (dataset.inputs.rows(), dataset.classes.is_some());
    let width = default_width(parts.train.len(), classes);
    let description = run.net.clone().unwrap_or_else(|| format!("dense:{width}, antisym:{width}x2"));
    let network = Sequential::parse(&description, inputs)?;
    let problem = Problem::new(&dataset, test.as_ref(), &parts, network, run.scaling == Scaling::Standard)?;
    let options = options(run, problem.loss);
    Ok(Setup { data: dataset, problem, options })
}

/// The defaults for the loss, and what the user says.
fn options(run: &RunArguments, loss: LossKind) -> Options {
    let mut options = Options::for_loss(loss);
    if let Some(work_units) = run.work_units.or(run.epochs.map(|epochs| 2.0 * epochs)) {
        options.work_units = work_units;
    }
    if let Some(alpha) = run.alpha {
        (options.alpha_theta, options.alpha_w) = (alpha, alpha);
    }
    options.batch = run.batch.map(|batch| batch as usize);
    options.learning_rate = run.learning_rate;
    options.memory = run.memory as usize;
    options
}

/// One line on the data, one on the network.
pub fn describe(setup: &Setup) -> String {
    let Setup { data, problem, options } = setup;
    let parts = [&problem.train, &problem.validation, &problem.test].map(|p| p.x.cols().to_string()).join("/");
    let what = match &data.classes {
        Some(classes) => format!("{} classes", classes.len()),
        None => format!("{} targets", data.targets.rows()),
    };
    format!(
        "data: {} samples ({parts} for training/validation/test), {} inputs, {what}\n\
         network: {}, {} weights; {}; alpha {:e}; budget {} work units",
        problem.train.x.cols() + problem.validation.x.cols() + problem.test.x.cols(),
        data.inputs.rows(),
        problem.network,
        problem.params(),
        problem.loss.name(),
        options.alpha_w,
        options.work_units,
    )
}

/// The model of a finished run.
pub fn model(setup: &Setup, entry: &Entry) -> Result<Model, Failure> {
    let Setup { data, problem, options } = setup;
    let rows = problem.outputs();
    let w = gaussling::DenseMatrix::from_vec(entry.run.weights.w.clone(), rows, problem.network.features() + 1);
    let percent = |part: usize| format!("{:.4e}", entry.scores[part].error);
    let record = [
        ("method", entry.run.method.name().to_string()),
        ("seed", entry.seed.to_string()),
        ("loss", problem.loss.name().to_string()),
        ("work_units", format!("{:.1}", entry.run.work_units)),
        ("budget", options.work_units.to_string()),
        ("ended", entry.run.ending.describe().to_string()),
        ("training_error", percent(0)),
        ("validation_error", percent(1)),
        ("test_error", percent(2)),
    ];
    Ok(Model {
        description: problem.network.to_string(),
        inputs: problem.network.inputs(),
        theta: entry.run.weights.theta.clone(),
        w: w.ok_or("the weights of the last layer have a wrong length")?,
        input_scaling: problem.input_scaling.clone(),
        target_scaling: problem.target_scaling.clone(),
        classes: data.classes.clone(),
        input_names: data.input_names.clone(),
        target_names: data.target_names.clone(),
        record: record.into_iter().map(|(k, v)| (k.to_string(), v)).collect(),
    })
}
