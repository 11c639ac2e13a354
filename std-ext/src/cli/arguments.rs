//! The options of each command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use gaussling::data::Sizes;
use gaussling::train::Method;

use super::help;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskName {
    /// Numbers are to be predicted
    Regression,
    /// A label is to be predicted
    Classification,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LossName {
    /// Half the squared distance; of classes to one-hot labels
    Squared,
    /// Softmax cross-entropy, for classes
    CrossEntropy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionName {
    /// 64 bits
    F64,
    /// 32 bits: half the memory, up to twice the speed, seven digits
    F32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scaling {
    /// Inputs: mean 0, deviation 1/√(number of inputs). Targets of a regression: mean 0, deviation 1
    Standard,
    /// The numbers as they are in the file
    None,
}

/// Where the data come from and what is to be learnt.
#[derive(Debug, Args)]
pub struct DataArguments {
    /// The data file
    pub data: PathBuf,
    /// Target columns: names, numbers from 1, or ranges like 9-10, separated by commas; for MAT and NPZ the variable's
    /// name; for IDX, or an NPY array of inputs alone, a second file [default: the columns whose names start with
    /// "target", else the last; for IDX …labels-idx1… beside …images-idx3…]
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub targets: Option<Vec<String>>,
    /// Input columns, in the same way [default: all others]
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub inputs: Option<Vec<String>>,
    /// What the targets are [default: classification when they are words, else regression]
    #[arg(long)]
    pub task: Option<TaskName>,
    /// A test set of its own, with the same columns; then only training and validation data are split off DATA
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// A validation set of its own, with the same columns; the split's share for it goes to training
    #[arg(long, value_name = "FILE")]
    pub validation: Option<PathBuf>,
    /// Training/validation/test parts: fractions, percentages, or numbers of samples [default: 50/25/25; of a stream
    /// 90/10/0]
    #[arg(long, value_parser = parse_split, value_name = "A/B/C")]
    pub split: Option<Sizes>,
    /// Seed of the random split
    #[arg(long, default_value_t = 42, allow_negative_numbers = true, value_name = "SEED")]
    pub split_seed: u64,
}

/// The network and how it is trained.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The network, for example "dense:16, antisym:16x2" [default: three tanh layers as wide as the root of
    /// the number of training samples, within 16 … 32; for classes one ReLU layer of 128]
    #[arg(long, value_name = "LAYERS")]
    pub net: Option<String>,
    /// How the data are scaled
    #[arg(long, value_enum, default_value_t = Scaling::Standard)]
    pub scaling: Scaling,
    /// Budget in work units: one forward or one backward pass over the training data [default: 300, fewer
    /// for large data or networks]. Of several budgets the one that is used up first ends the run
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "N")]
    pub work_units: Option<f64>,
    /// Budget in epochs, at two work units each
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "N")]
    pub epochs: Option<f64>,
    /// Budget in seconds of training; what comes out then depends on the machine
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "S")]
    pub seconds: Option<f64>,
    /// End a run when so many work units brought no better validation loss [default: never]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "N")]
    pub patience: Option<f64>,
    /// What is minimized [default: squared for a regression, cross-entropy for classes]
    #[arg(long)]
    pub loss: Option<LossName>,
    /// Samples in a batch of the stochastic methods [default: each method's own]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, value_name = "N")]
    pub batch: Option<u32>,
    /// gnvpro, lbfgs and curveball-varpro on a regression: features of N samples at a time, computed anew in each pass, so that
    /// memory does not grow with the samples; for 10000 samples and more takes up to twice the time, 1024 is good [default: all
    /// samples]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, value_name = "N")]
    pub block: Option<u32>,
    /// Learning rate of Adam and SGD; they fall to zero over the budget. slimTrain, which finds its
    /// own, starts at a hundredth [default: 1e-2, SGD 1e-3; Adam with more than
    /// 5000 samples 3e-3 in train]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// Tikhonov regularization of all weights [default: 0.1/samples, within 1e-5 … 1e-4]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "ALPHA")]
    pub alpha: Option<f64>,
    /// The numbers that training computes in; models and results are f64 in any case [default: f64 for a regression in memory,
    /// else f32]
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionName>,
    /// slimTrain: previous batches remembered
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1000), allow_negative_numbers = true, value_name = "N")]
    pub memory: u32,
    /// slimTrain, Adam and SGD as published: constant learning rates; slimTrain with Adam, and without the solve for the output
    /// weights at the end
    #[arg(long)]
    pub published: bool,
    /// Say nothing but the result
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::TRAIN)]
pub struct TrainArguments {
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub run: RunArguments,
    /// gnvpro, slimtrain, curveball, curveball-varpro, adam, sgd, lbfgs or gauss-newton [default: gnvpro; slimtrain for
    /// streams and more than 20000 samples; adam for classes]
    #[arg(long)]
    pub method: Option<Method>,
    /// Read DATA (text, NPY or IDX) anew in each epoch instead of keeping it in memory, for files larger than that; for
    /// slimtrain, curveball, adam and sgd
    #[arg(long)]
    pub stream: bool,
    /// Samples of a stream among which the next one is drawn at random: a file in an order of its own wants many
    #[arg(long, requires = "stream", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 8192, allow_negative_numbers = true, value_name = "N")]
    pub window: u32,
    /// Seed of the initial weights and of the order of batches
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub seed: u64,
    /// The model file; the plot of the losses goes beside it with the ending .svg
    #[arg(long, short, default_value = "model.safetensors", value_name = "FILE")]
    pub output: PathBuf,
    /// Print one JSON object instead, NaN as null; what people read goes to standard error
    #[arg(long)]
    pub json: bool,
    /// Where the run is kept while it goes on, to be taken up with --resume [default: OUTPUT.checkpoint]
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Seconds between checkpoints; 0: after every step
    #[arg(long, default_value_t = 5.0, value_parser = not_negative, allow_negative_numbers = true, value_name = "S")]
    pub checkpoint_seconds: f64,
    /// Go on from the checkpoint of a run that was interrupted; from the beginning where there is none
    #[arg(long)]
    pub resume: bool,
    /// Threads for the full-batch methods; the model is the same for any number [default: one for each processor]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, value_name = "N")]
    pub threads: Option<u32>,
    /// Write the history as CSV: work units, seconds, losses, control
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Write a report: one HTML page with tables and plots
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What `compare` and `demo` share.
#[derive(Debug, Args)]
pub struct MethodsArguments {
    /// The methods, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "gnvpro,slimtrain,curveball,adam,lbfgs")]
    pub methods: Vec<Method>,
    /// Runs at the same time; a single one takes them all [default: one for each processor]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, value_name = "N")]
    pub threads: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPARE)]
pub struct CompareArguments {
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub run: RunArguments,
    #[command(flatten)]
    pub methods: MethodsArguments,
    /// Number of seeds: each method runs from the initial weights 0 … N−1
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000), allow_negative_numbers = true, value_name = "N")]
    pub seeds: u64,
    /// A folder for the plot of the losses, the best model and its Rust source [default: nothing is written]
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Print one JSON object instead, NaN as null; what people read goes to standard error
    #[arg(long)]
    pub json: bool,
    /// Write the histories of all runs as CSV: method, seed, work units, seconds, losses, control
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Write a report: one HTML page with tables and plots
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = help::DEMO)]
pub struct DemoArguments {
    #[command(flatten)]
    pub methods: MethodsArguments,
    /// Number of seeds for each method
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000), allow_negative_numbers = true, value_name = "N")]
    pub seeds: u64,
    /// The folder for the plot of the losses, the best model, its Rust source and the report
    #[arg(long, short, default_value = "gaussling-demo", value_name = "FOLDER")]
    pub output: PathBuf,
    /// Say nothing but the result
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::PREDICT)]
pub struct PredictArguments {
    /// A model file written by `gaussling train`
    pub model: PathBuf,
    /// The data, with or without the target columns
    pub data: PathBuf,
    /// Write the predictions to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// One JSON object instead of CSV; for a classifier with the scores
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::EVALUATE)]
pub struct EvaluateArguments {
    /// A model file written by `gaussling train`
    pub model: PathBuf,
    /// Data with the model's inputs and targets; columns are found by the model's names
    pub data: PathBuf,
    /// Target columns, where names do not tell: as for `train`
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub targets: Option<Vec<String>>,
    /// Input columns, in the same way
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub inputs: Option<Vec<String>>,
    /// Print one JSON object instead, NaN as null; what people read goes to standard error
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::INFO)]
pub struct InfoArguments {
    /// A model or a data file
    pub file: PathBuf,
    /// Print one JSON object instead, NaN as null; what people read goes to standard error
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StorageName {
    /// 32 bits a weight
    F32,
    /// 16 bits, and a factor for 32 weights
    F16,
    /// 8 bits, and a factor for 32 weights
    Int8,
}

#[derive(Debug, Args)]
#[command(after_help = help::EXPORT)]
pub struct ExportArguments {
    /// A model file written by `gaussling train`
    pub model: PathBuf,
    /// The Rust file to write: a module for a no_std crate that depends on gaussling-core
    #[arg(long, value_name = "FILE")]
    pub rust: PathBuf,
    /// How the weights are stored; all arithmetic is in f32
    #[arg(long, value_enum, default_value_t = StorageName::F32)]
    pub storage: StorageName,
    /// Data on which to measure what this costs, and to record samples for the self-test [default: made-up inputs]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Solve for the output weights again behind the rounding of the others, by the targets of --data, which are best those of
    /// the training; for a regression with int8 or f16
    #[arg(long, requires = "data")]
    pub refit: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::AUDIT)]
pub struct AuditArguments {
    /// All 2^32 arguments of every single-precision function and 4 million of every double-precision one: three quarters of an hour
    #[arg(long)]
    pub full: bool,
    /// Print everything that was measured as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Say nothing but the result
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::COMPLETIONS)]
pub struct CompletionsArguments {
    /// The shell to write for
    pub shell: Shell,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("expected a positive number".into()),
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x >= 0.0 && x.is_finite() => Ok(x),
        _ => Err("expected a number that is not negative".into()),
    }
}

/// `A/B/C`: numbers of samples when all are whole and their sum is above 100, else fractions or percentages.
fn parse_split(text: &str) -> Result<Sizes, String> {
    let wrong = || "expected three numbers like 50/25/25, 0.8/0.1/0.1 or 400/200/200".to_string();
    let parts: Vec<f64> = text.split('/').map(|p| p.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let parts: [f64; 3] = parts.try_into().map_err(|_| wrong())?;
    if parts.iter().any(|p| *p < 0.0 || !p.is_finite()) || parts[0] == 0.0 {
        return Err(wrong());
    }
    let whole = parts.iter().all(|p| p.fract() == 0.0 && *p < 1e15);
    Ok(if whole && parts.iter().sum::<f64>() > 100.0 {
        Sizes::Counts(parts.map(|p| p as usize))
    } else {
        Sizes::Fractions(parts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_above_a_hundred_are_counts() {
        for (text, expected) in [
            ("400/200/200", Sizes::Counts([400, 200, 200])),
            ("101/0/0", Sizes::Counts([101, 0, 0])),
            ("99.0/1/1", Sizes::Counts([99, 1, 1])),
            ("50/25/25", Sizes::Fractions([50.0, 25.0, 25.0])),
            ("100/0/0", Sizes::Fractions([100.0, 0.0, 0.0])),
            ("1/0/0", Sizes::Fractions([1.0, 0.0, 0.0])),
            (" 0.8 / .1 / 1e-1 ", Sizes::Fractions([0.8, 0.1, 0.1])),
            // Not whole, or beyond what a count can be: the split itself says what is wrong with these.
            ("400.5/200/200", Sizes::Fractions([400.5, 200.0, 200.0])),
            ("1e15/0/0", Sizes::Fractions([1e15, 0.0, 0.0])),
            ("999999999999999/0/0", Sizes::Counts([999_999_999_999_999, 0, 0])),
        ] {
            assert_eq!(parse_split(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_split_is_refused_with_an_example() {
        let wrong =
            "|50|50/50|50/25/25/0|a/b/c|50,25,25|50/25/|-50/25/25|50/-25/75|0/50/50|-0/1/0|nan/1/1|inf/0/0|1e999/0/0";
        for text in wrong.split('|') {
            let message = parse_split(text).unwrap_err();
            assert!(message.contains("50/25/25") && message.contains("400/200/200"), "{text}: {message}");
        }
    }

    #[test]
    fn only_positive_finite_numbers_are_positive() {
        assert_eq!(positive("1e-3"), Ok(1e-3));
        for text in ["0", "-0", "-1", "nan", "inf", "1e999", "", "x"] {
            assert!(positive(text).is_err(), "{text}");
        }
        assert_eq!((not_negative("0"), not_negative("2.5")), (Ok(0.0), Ok(2.5)));
        for text in ["-1", "nan", "inf", "x"] {
            assert!(not_negative(text).is_err(), "{text}");
        }
    }
}
