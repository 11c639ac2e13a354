//! The training loops: every method on the same problem, from the same initial weights, under the same budget.
//!
//! Contract: a run is a pure function of [`Problem`], [`Options`] and seed; it never panics on numbers (a run that meets a
//! non-finite loss ends with [`Ending::NotFinite`] and the best weights so far), keeps the weights of the best validation
//! loss, and counts work in passes over the training data (work units). A run that memory cannot hold is refused before it starts.
//!
//! | data | routine |
//! |---|---|
//! | in memory | [`train`], [`train_with`], [`train_multilevel`] |
//! | in a file that need not fit there | [`Streamed`], for the methods of which [`Method::streams`] is true |
//!
//! Everything that enters a run or leaves it is `f64`; what it computes in is [`Options::precision`].

mod batches;
mod checkpoint;
mod checkpoint_file;
#[cfg(test)]
mod checkpoint_tests;
mod descent;
mod full_batch;
mod memory;
mod monitor;
mod multilevel;
mod number;
#[cfg(test)]
mod number_tests;
mod options;
mod problem;
mod scorer;
mod slim;
#[cfg(test)]
mod slim_tests;
mod start;
mod stochastic;
mod stream;
#[cfg(test)]
mod stream_tests;
mod watch;

pub use checkpoint::{Checkpoint, CheckpointError};
pub(crate) use memory::runs_at_a_time;
pub use monitor::{Begin, Ending, Record, Run, history_csv};
pub use multilevel::{Level, train_multilevel};
pub use options::{LossKind, Method, Options, Precision, SlimTrainOptions, ThetaStep};
pub use problem::{Part, Problem, Scores, TrainError, Weights};
pub use stream::Streamed;
pub use watch::{Next, Watch};

use batches::Shuffled;
use checkpoint::identity;
use monitor::Monitor;
use number::{Data, Number};
use problem::{loss_in, room};
use watch::Records;

/// Trains with one method from `start`; `report` sees every record of the history as it is made and may stop the run by
/// returning `false`.
pub fn train(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    start: &Weights,
    report: &mut dyn FnMut(&Record) -> bool,
) -> Result<Run, TrainError> {
    train_with(problem, method, options, seed, Begin::Start(start), &mut Records(report))
}

/// Trains with one method, from the start or from a checkpoint; `watch` sees what happens, asks for checkpoints and may stop
/// the run after any step.
///
/// A run that goes on from a checkpoint ends with the bits of one that was not interrupted: weights, history (but for the
/// seconds), ending.
///
/// # Errors
/// [`TrainError::Checkpoint`] for a checkpoint of another problem, method, seed, version or of other options, and what
/// [`Watch::checkpoint`] returns; [`TrainError::Memory`] before the run, [`TrainError::Option`] for options that the precision
/// cannot keep, and [`TrainError::Core`].
///
/// ```
/// use gaussling::DenseMatrix;
/// use gaussling::data::{Dataset, Sizes, split};
/// use gaussling::network::Sequential;
/// use gaussling::train::{Begin, Checkpoint, CheckpointError, Ending, Method, Next, Options, Problem, Watch, train, train_with};
///
/// /// Stops after ten work units and keeps the checkpoint.
/// #[derive(Default)]
/// struct Interrupt(Option<Checkpoint>);
///
/// impl Watch for Interrupt {
///     fn after_step(&mut self, work_units: f64) -> Next {
///         if work_units >= 10.0 { Next::Stop } else { Next::GoOn }
///     }
///     fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
///         self.0 = Some(checkpoint.clone()); // or checkpoint.save(path)
///         Ok(())
///     }
/// }
///
/// let x = DenseMatrix::from_fn(1, 100, |_, j| j as f64 / 50.0 - 1.0);
/// let y = DenseMatrix::from_fn(1, 100, |_, j| (4.0 * x[(0, j)]).sin());
/// let data = Dataset::from_matrices(x, y)?;
/// let parts = split(100, Sizes::default(), 0, None)?;
/// let problem = Problem::new(&data, None, &parts, Sequential::parse("dense:4", 1)?, true)?;
/// let options = Options { work_units: 30.0, ..Options::default() };
/// let start = problem.initial_weights(&options, 0)?;
///
/// let mut watch = Interrupt::default();
/// let first = train_with(&problem, Method::Adam, &options, 0, Begin::Start(&start), &mut watch)?;
/// assert_eq!(first.ending, Ending::Stopped);
/// let checkpoint = watch.0.unwrap();
/// let rest = train_with(&problem, Method::Adam, &options, 0, Begin::Checkpoint(&checkpoint), &mut Silent)?;
/// let whole = train(&problem, Method::Adam, &options, 0, &start, &mut |_| true)?;
/// assert_eq!(rest.weights, whole.weights);
///
/// struct Silent;
/// impl Watch for Silent {}
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn train_with(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    begin: Begin<'_>,
    watch: &mut dyn Watch,
) -> Result<Run, TrainError> {
    options.check(problem.loss)?;
    memory::check_run(problem, method, options)?;
    match options.precision {
        Precision::F64 => run::<f64>(problem, method, options, seed, begin, watch),
        Precision::F32 => run::<f32>(problem, method, options, seed, begin, watch),
    }
}

/// The run in numbers of one type.
fn run<T: Number>(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    begin: Begin<'_>,
    watch: &mut dyn Watch,
) -> Result<Run, TrainError> {
    let data = Data::<T>::new(problem)?;
    let identity = identity(problem, method, options, seed);
    let mut monitor = Monitor::new(problem, &data.validation, method, options, identity, watch)?;
    monitor.begin(begin, &mut |kind, whole, weights| {
        let mut predictions = room(problem.outputs(), data.x.cols())?;
        loss_in(kind, whole, weights, &data.x, &problem.train.c, &mut predictions)
    })?;
    match method {
        Method::Gnvpro | Method::GaussNewton | Method::Lbfgs | Method::CurveBallVarPro => {
            full_batch::run(problem, &data, method, options, begin, monitor)
        }
        Method::SlimTrain | Method::CurveBall | Method::Adam | Method::Sgd => {
            let batch = options.batch_of(method, data.x.cols());
            let mut batches = Shuffled::new(&data, batch, seed)?;
            stochastic::run(problem, method, options, begin, monitor, &mut batches)
        }
    }
}
