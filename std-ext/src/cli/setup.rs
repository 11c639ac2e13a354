//! From arguments to a problem.

use std::path::{Path, PathBuf};

use gaussling::Model;
use gaussling::compare::Entry;
use gaussling::data::{Dataset, LoadOptions, Sizes, Split, Stream, StreamOptions, Task, load, load_like, split};
use gaussling::defaults::Facts;
use gaussling::network::Sequential;
use gaussling::train::{LossKind, Method, Options, Precision, Problem, SlimTrainOptions};

use super::arguments::{DataArguments, LossName, PrecisionName, RunArguments, Scaling, TaskName};
use super::failure::{Failure, Kind};
use super::picks::Picks;

/// Data and problem of a command.
pub struct Setup {
    pub data: Dataset,
    pub problem: Problem,
    pub options: Options,
    /// Where the data come from.
    pub source: String,
    /// Samples for training, validation and test.
    pub samples: [usize; 3],
    /// The window of a stream, where the training data are one.
    pub window: Option<usize>,
    /// What choices depend on.
    pub facts: Facts,
    /// What was picked because nothing was said.
    pub picks: Picks,
}

impl Setup {
    /// The method asked for, or the one picked for the data.
    pub fn method(&mut self, asked: Option<Method>) -> Method {
        let method = self.picks.or("method", asked, || self.facts.method(), Method::to_string);
        if method == Method::Adam {
            let rule = || self.facts.learning_rate();
            let rate = self.picks.or("learning rate", self.options.learning_rate, rule, |rate| format!("{rate:e}"));
            self.options.learning_rate = Some(rate);
        }
        method
    }
}

/// Samples that a problem has in memory.
pub fn samples(problem: &Problem) -> [usize; 3] {
    [&problem.train, &problem.validation, &problem.test].map(|part| part.x.cols())
}

/// Which columns are what.
fn load_options(data: &DataArguments) -> LoadOptions {
    let task = data.task.map(|task| match task {
        TaskName::Regression => Task::Regression,
        TaskName::Classification => Task::Classification,
    });
    LoadOptions { inputs: data.inputs.clone(), targets: data.targets.clone(), task }
}

/// So many threads, or one for each processor.
pub fn processors(threads: Option<u32>) -> usize {
    threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), |n| n as usize)
}

/// Reads, splits, scales; picks what the user left open. `hint` is what to try when memory cannot hold the data.
pub fn setup(data: &DataArguments, run: &RunArguments, hint: &str) -> Result<Setup, Failure> {
    let load_options = load_options(data);
    let dataset = load(&data.data, &load_options).map_err(|e| match e.is_memory() {
        true => Failure::new(Kind::Data, format!("{e}{hint}")),
        false => e.into(),
    })?;
    let own = |file: &Option<PathBuf>| file.as_ref().map(|file| load_like(file, &load_options, &dataset)).transpose();
    let (validation, test) = (own(&data.validation)?, own(&data.test)?);
    // With a set of its own, what the split would keep for it goes to training.
    let mut sizes = data.split.unwrap_or_default();
    if let Sizes::Fractions([a, b, c]) = &mut sizes {
        for (share, _) in [(b, &validation), (c, &test)].into_iter().filter(|(_, own)| own.is_some()) {
            *a += std::mem::take(share);
        }
    }
    let parts = split(dataset.samples(), sizes, data.split_seed, dataset.class_indices().as_deref())?;
    enough_samples(dataset.samples(), sizes, &parts)?;
    let facts = Facts { samples: parts.train.len(), classes: dataset.classes.is_some(), streamed: false };
    let mut picks = Picks::default();
    note_task(&mut picks, data, &dataset.classes);
    let network = network(run, facts, dataset.inputs.rows(), &mut picks)?;
    let mut problem = Problem::new(&dataset, test.as_ref(), &parts, network, run.scaling == Scaling::Standard)?;
    if let Some(validation) = &validation {
        problem = problem.with_validation(validation)?;
    }
    problem = with_loss(problem, run)?;
    let options = options(run, facts, problem.params(), &mut picks);
    let samples = samples(&problem);
    let source = source(&data.data);
    Ok(Setup { data: dataset, problem, options, source, samples, window: None, facts, picks })
}

/// The same for a file that stays where it is.
pub fn setup_stream(
    data: &DataArguments,
    run: &RunArguments,
    method: Option<Method>,
    window: usize,
) -> Result<(Setup, Stream), Failure> {
    if let Some(method) = method.filter(|method| !method.streams()) {
        let others = Method::ALL.into_iter().filter(|method| method.streams()).map(Method::name).collect::<Vec<_>>();
        let what = format!("--stream: {method} needs all data at once; choose --method {}", others.join(", "));
        return Err(Failure::new(Kind::Usage, what));
    }
    let load_options = load_options(data);
    let share = if data.validation.is_some() { 0.0 } else { validation_share(data.split)? };
    let stream_options = StreamOptions { window, validation: share, seed: data.split_seed, ..StreamOptions::default() };
    let mut stream = Stream::open(&data.data, &load_options, stream_options)?;
    let facts = Facts { samples: stream.samples(), classes: stream.classes().is_some(), streamed: true };
    let mut picks = Picks::default();
    note_task(&mut picks, data, &stream.classes());
    let network = network(run, facts, stream.input_names().len(), &mut picks)?;
    let mut problem = Problem::of_stream(&mut stream, network, run.scaling == Scaling::Standard)?;
    let dataset = Dataset {
        inputs: problem.train.x.clone(),
        targets: problem.train.c.clone(),
        input_names: stream.input_names().to_vec(),
        target_names: stream.target_names().to_vec(),
        classes: stream.classes().map(<[String]>::to_vec),
    };
    if let Some(file) = &data.validation {
        problem = problem.with_validation(&load_like(file, &load_options, &dataset)?)?;
    }
    if let Some(file) = &data.test {
        problem = problem.with_test(&load_like(file, &load_options, &dataset)?)?;
    }
    problem = with_loss(problem, run)?;
    let options = options(run, facts, problem.params(), &mut picks);
    let [_, validation, test] = samples(&problem);
    // Of the stream's own validation samples the problem has some.
    let validation = if data.validation.is_some() { validation } else { stream.validation_samples() };
    let samples = [stream.samples(), validation, test];
    let (source, window) = (source(&data.data), Some(stream.window()));
    Ok((Setup { data: dataset, problem, options, source, samples, window, facts, picks }, stream))
}

/// The share of a stream's samples that is for validation.
fn validation_share(split: Option<Sizes>) -> Result<f64, Failure> {
    match split {
        None => Ok(StreamOptions::default().validation),
        Some(Sizes::Fractions([a, b, 0.0])) => Ok(b / (a + b)),
        Some(_) => {
            let what = "--split: a stream has shares for training and validation only, like 90/10/0; \
                        for a test set of its own there is --test FILE";
            Err(Failure::new(Kind::Usage, what))
        }
    }
}

/// Where the user has not said what the targets are, what they were taken for.
fn note_task<T>(picks: &mut Picks, data: &DataArguments, classes: &Option<T>) {
    if data.task.is_none() {
        match classes {
            Some(_) => picks.note("task", "classification", "the targets are labels"),
            None => {
                picks.note("task", "regression", "the targets are numbers; for labels there is --task classification");
            }
        }
    }
}

/// The network asked for, or the one picked for the data.
fn network(run: &RunArguments, facts: Facts, inputs: usize, picks: &mut Picks) -> Result<Sequential, Failure> {
    let description = picks.or("network", run.net.clone(), || facts.network(), String::clone);
    Ok(Sequential::parse(&description, inputs)?)
}

fn with_loss(problem: Problem, run: &RunArguments) -> Result<Problem, Failure> {
    let Some(loss) = run.loss else { return Ok(problem) };
    Ok(problem.with_loss(match loss {
        LossName::Squared => LossKind::LeastSquares,
        LossName::CrossEntropy => LossKind::CrossEntropy,
    })?)
}

fn source(data: &Path) -> String {
    data.file_name().unwrap_or(data.as_os_str()).to_string_lossy().into_owned()
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

/// What the user says, and what is picked where nothing is said.
fn options(run: &RunArguments, facts: Facts, weights: usize, picks: &mut Picks) -> Options {
    let mut options = Options::default();
    let precision = run.precision.map(|precision| match precision {
        PrecisionName::F64 => Precision::F64,
        PrecisionName::F32 => Precision::F32,
    });
    options.precision =
        picks.or("precision", precision, || facts.precision(), |precision| precision.name().to_string());
    let work_units = [run.work_units, run.epochs.map(|epochs| 2.0 * epochs)].into_iter().flatten().reduce(f64::min);
    // Seconds alone are a budget too.
    let work_units = work_units.or(run.seconds.map(|_| f64::INFINITY));
    options.work_units =
        picks.or("budget", work_units, || facts.work_units(weights), |units| format!("{units} work units"));
    options.seconds = run.seconds.unwrap_or(f64::INFINITY);
    let alpha = picks.or("alpha", run.alpha, || facts.alpha(), |alpha| format!("{alpha:.1e}"));
    (options.alpha_theta, options.alpha_w) = (alpha, alpha);
    options.patience = run.patience;
    options.batch = run.batch.map(|batch| batch as usize);
    options.block = run.block.map(|block| block as usize);
    options.learning_rate = run.learning_rate;
    if run.published {
        options.slimtrain = SlimTrainOptions::PUBLISHED;
        options.decay = false;
    }
    options.memory = run.memory as usize;
    options
}

/// One line on the data, one on the network, one for each thing that was picked.
pub fn describe(setup: &Setup) -> String {
    let Setup { data, problem, options, samples, window, picks, .. } = setup;
    let parts = samples.map(|n| n.to_string()).join("/");
    let streamed = window.map_or(String::new(), |window| {
        format!("\nstreamed: each epoch reads the file once, in an order drawn within a window of {window} samples")
    });
    let what = match &data.classes {
        Some(classes) => format!("{} classes", classes.len()),
        None => format!("{} targets", data.targets.rows()),
    };
    format!(
        "data: {} samples ({parts} for training/validation/test), {} inputs, {what}{streamed}\n\
         network: {}, {} weights; {}; alpha {:e}; {}; budget {}{}",
        samples.iter().sum::<usize>(),
        data.inputs.rows(),
        problem.network,
        problem.params(),
        problem.loss.name(),
        options.alpha_w,
        options.precision.name(),
        budget(options),
        picks.lines(),
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
        ("precision", options.precision.name().to_string()),
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
