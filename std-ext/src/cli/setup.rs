//! From arguments to a problem.

use std::path::PathBuf;

use gaussling::Model;
use gaussling::compare::Entry;
use gaussling::data::{Dataset, LoadOptions, Sizes, Split, Task, load, load_like, split};
use gaussling::network::Sequential;
use gaussling::train::{LossKind, Options, Problem, SlimTrainOptions};

use super::arguments::{DataArguments, LossName, RunArguments, Scaling, TaskName};
use super::failure::{Failure, Kind};

/// Data and problem of a command.
pub struct Setup {
    pub data: Dataset,
    pub problem: Problem,
    pub options: Options,
    /// Where the data come from.
    pub source: String,
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
    let own = |file: &Option<PathBuf>| file.as_ref().map(|file| load_like(file, &load_options, &dataset)).transpose();
    let (validation, test) = (own(&data.validation)?, own(&data.test)?);
    // With a set of its own, what the split would keep for it goes to training.
    let mut sizes = data.split;
    if let Sizes::Fractions([a, b, c]) = &mut sizes {
        for (share, _) in [(b, &validation), (c, &test)].into_iter().filter(|(_, own)| own.is_some()) {
            *a += std::mem::take(share);
        }
    }
    let parts = split(dataset.samples(), sizes, data.split_seed, dataset.class_indices().as_deref())?;
    enough_samples(dataset.samples(), sizes, &parts)?;
    let (inputs, classes) = (dataset.inputs.rows(), dataset.classes.is_some());
    let width = default_width(parts.train.len(), classes);
    let description = run.net.clone().unwrap_or_else(|| format!("dense:{width}, antisym:{width}x2"));
    let network = Sequential::parse(&description, inputs)?;
    let mut problem = Problem::new(&dataset, test.as_ref(), &parts, network, run.scaling == Scaling::Standard)?;
    if let Some(validation) = &validation {
        problem = problem.with_validation(validation)?;
    }
    if let Some(loss) = run.loss {
        problem = problem.with_loss(match loss {
            LossName::Squared => LossKind::LeastSquares,
            LossName::CrossEntropy => LossKind::CrossEntropy,
        })?;
    }
    let options = options(run, problem.loss);
    let source = data.data.file_name().unwrap_or(data.data.as_os_str()).to_string_lossy().into_owned();
    Ok(Setup { data: dataset, problem, options, source })
}

/// Refuses a split of so few samples that a part which should have some gets none.
fn enough_samples(samples: usize, sizes: Sizes, parts: &Split) -> Result<(), Failure> {
    let Sizes::Fractions(shares) = sizes else { return Ok(()) };
    let names = ["training", "validation", "test"];
    let lens = [parts.train.len(), parts.validation.len(), parts.test.len()];
    match (0..3).find(|&part| shares[part] > 0.0 && lens[part] == 0) {
        Some(part) => Err(Failure::new(
            Kind::Data,
            format!(
                "split: {samples} samples are too few for parts of {}/{}/{}: the {} part would be empty; \
                 add samples or choose another split",
                shares[0], shares[1], shares[2], names[part],
            ),
        )),
        None => Ok(()),
    }
}

/// The defaults for the loss, and what the user says.
fn options(run: &RunArguments, loss: LossKind) -> Options {
    let mut options = Options::for_loss(loss);
    let budgets = [run.work_units, run.epochs.map(|epochs| 2.0 * epochs)];
    if let Some(work_units) = budgets.into_iter().flatten().reduce(f64::min) {
        options.work_units = work_units;
    } else if run.seconds.is_some() {
        options.work_units = f64::INFINITY;
    }
    options.seconds = run.seconds.unwrap_or(f64::INFINITY);
    options.patience = run.patience;
    if let Some(alpha) = run.alpha {
        (options.alpha_theta, options.alpha_w) = (alpha, alpha);
    }
    options.batch = run.batch.map(|batch| batch as usize);
    options.learning_rate = run.learning_rate;
    if run.published {
        options.slimtrain = SlimTrainOptions::PUBLISHED;
    }
    options.memory = run.memory as usize;
    options
}

/// One line on the data, one on the network.
pub fn describe(setup: &Setup) -> String {
    let Setup { data, problem, options, .. } = setup;
    let parts = [&problem.train, &problem.validation, &problem.test].map(|p| p.x.cols().to_string()).join("/");
    let what = match &data.classes {
        Some(classes) => format!("{} classes", classes.len()),
        None => format!("{} targets", data.targets.rows()),
    };
    format!(
        "data: {} samples ({parts} for training/validation/test), {} inputs, {what}\n\
         network: {}, {} weights; {}; alpha {:e}; budget {}",
        problem.train.x.cols() + problem.validation.x.cols() + problem.test.x.cols(),
        data.inputs.rows(),
        problem.network,
        problem.params(),
        problem.loss.name(),
        options.alpha_w,
        budget(options),
    )
}

/// The budget in words.
pub fn budget(options: &Options) -> String {
    let Options { work_units, seconds, patience, .. } = options;
    let mut parts = Vec::new();
    if work_units.is_finite() {
        parts.push(format!("{work_units} work units"));
    }
    if seconds.is_finite() {
        parts.push(format!("{seconds} seconds"));
    }
    let patience = patience.map_or(String::new(), |patience| format!(", patience {patience} work units"));
    parts.join(" or ") + &patience
}

/// The model of a finished run.
pub fn model(setup: &Setup, entry: &Entry) -> Result<Model, Failure> {
    let Setup { data, problem, options, .. } = setup;
    let rows = problem.outputs();
    let w = gaussling::DenseMatrix::from_vec(entry.run.weights.w.clone(), rows, problem.network.features() + 1);
    let percent = |part: usize| format!("{:.4e}", entry.scores[part].error);
    let record = [
        ("method", entry.run.method.name().to_string()),
        ("seed", entry.seed.to_string()),
        ("loss", problem.loss.name().to_string()),
        ("alpha", format!("{:e}", options.alpha_w)),
        ("work_units", format!("{:.1}", entry.run.work_units)),
        ("budget", budget(options)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_width_grows_with_the_root_of_the_samples() {
        for (samples, regression, classes) in
            [(0, 8, 8), (1, 8, 8), (150, 8, 8), (400, 8, 12), (600, 10, 14), (1200, 14, 20), (12_288, 45, 64)]
        {
            assert_eq!(default_width(samples, false), regression, "{samples} samples");
            assert_eq!(default_width(samples, true), classes, "{samples} samples");
        }
        assert_eq!(default_width(24_576, false), 64);
        assert_eq!((default_width(usize::MAX, false), default_width(usize::MAX, true)), (64, 64));
    }

    #[test]
    fn a_part_that_should_have_samples_has_some() {
        let check = |n: usize, shares| {
            let sizes = Sizes::Fractions(shares);
            enough_samples(n, sizes, &split(n, sizes, 0, None).unwrap()).map_err(|e| e.to_string())
        };
        assert_eq!(check(4, [50.0, 25.0, 25.0]), Ok(()));
        assert_eq!(check(2, [0.5, 0.5, 0.0]), Ok(()));
        let message = check(2, [50.0, 25.0, 25.0]).unwrap_err();
        assert!(
            message.contains("2 samples are too few for parts of 50/25/25: the test part would be empty"),
            "{message}"
        );
        assert!(check(1, [0.4, 0.6, 0.0]).unwrap_err().contains("the training part would be empty"));
    }
}
