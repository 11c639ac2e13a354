//! [`Streamed`]: the mini-batch methods on a file that need not fit in memory.
//!
//! An epoch is one pass over the file. What a run in memory does with all data at once, this does by passes of its own, in
//! the order of the file: the W of the start and the last solve of slimTrain for least squares (by a QR factorization that
//! takes the rows in blocks, exact for all data), the loss at the start, the scores at the end. The W of the start for a
//! cross-entropy is that of a random sample as large as the window, and during the run a random sample of the
//! validation data of at most that size is what the loss is judged by. So memory does not grow with the samples.
//!
//! A run that goes on from a checkpoint reads the file up to its place in the pass, and then ends with the same bits.

use gaussling_core::MatRef;
use gaussling_core::linalg::{qr_append_rows_in_place, solve_upper_in_place};

use super::batches::{Batch, Batches};
use super::checkpoint::{data, identity_with};
use super::memory;
use super::monitor::{Begin, Monitor, Run};
use super::number::Number;
use super::options::{LossKind, Method, Options, Precision};
use super::problem::{Part, Problem, Scores, TrainError, Weights, buffer, identity, loss_in, room, scaled_inputs};
use super::scorer::Scorer;
use super::start::{Solved, cross_entropy_w, initial_theta};
use super::stochastic;
use super::watch::Watch;
use crate::DenseMatrix;
use crate::data::{Stream, StreamPart};
use crate::kernels::kernels;
use crate::network::Sequential;

/// Samples that are read at a time where a method has no say in it.
pub(super) const BLOCK: usize = 256;

const NAME: &str = "the stream";

impl Problem {
    /// Joins a stream with a network. Scaling is by the statistics of the stream's first pass, as in [`Problem::new`], unless
    /// `standardize` is false; the stream is set to it. Training samples stay in the file. Of its validation part the problem
    /// has a random sample of at most as many samples as the stream's window. There are no test data.
    ///
    /// # Errors
    /// [`TrainError::Data`] for a network with other inputs, [`TrainError::Stream`] for what the file says.
    pub fn of_stream(stream: &mut Stream, network: Sequential, standardize: bool) -> Result<Self, TrainError> {
        let (inputs, outputs) = (stream.input_scaling().mean.len(), stream.target_scaling().mean.len());
        if network.inputs() != inputs {
            let found = network.inputs();
            return Err(TrainError::Data(format!("the network has {found} inputs, the data have {inputs}")));
        }
        let (input_scaling, target_scaling) = match standardize {
            // Those of classes are not scaled.
            true => (scaled_inputs(stream.input_scaling().clone()), stream.target_scaling().clone()),
            false => (identity(inputs), identity(outputs)),
        };
        stream.set_scaling(input_scaling.clone(), target_scaling.clone())?;
        let kept = stream.sample(StreamPart::Validation, stream.window())?;
        let classes = stream.classes().is_some();
        let loss = if classes { LossKind::CrossEntropy } else { LossKind::LeastSquares };
        let none =
            || Part { x: DenseMatrix::from_fn(inputs, 0, |_, _| 0.0), c: DenseMatrix::from_fn(outputs, 0, |_, _| 0.0) };
        let validation = Part { x: kept.x, c: kept.c };
        Ok(Self { network, loss, classes, input_scaling, target_scaling, train: none(), validation, test: none() })
    }
}

/// A problem whose training data are a stream.
///
/// ```
/// use gaussling::data::{LoadOptions, Stream, StreamOptions};
/// use gaussling::network::Sequential;
/// use gaussling::train::{Begin, Method, Options, Problem, Streamed, Watch};
///
/// struct Silent;
/// impl Watch for Silent {}
///
/// let path = std::env::temp_dir().join("gaussling-streamed-example.csv");
/// let number = |i: usize| (i * 7919 % 1009) as f64 / 504.5 - 1.0;
/// let rows: String = (0..400).map(|k| format!("{},{}\n", number(k), 2.0 + (4.0 * number(k)).sin())).collect();
/// std::fs::write(&path, rows)?;
/// let mut stream = Stream::open(&path, &LoadOptions::default(), StreamOptions { window: 100, ..Default::default() })?;
/// let problem = Problem::of_stream(&mut stream, Sequential::parse("dense:8", 1)?, true)?;
/// let mut data = Streamed::new(&problem, &mut stream)?;
/// let options = Options { work_units: 100.0, ..Options::default() };
/// let start = data.initial_weights(&options, 0)?;
/// let run = data.train(Method::SlimTrain, &options, 0, Begin::Start(&start), &mut Silent)?;
/// assert!(data.scores(&run.weights)?[1].error < 0.02); // on validation data
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Streamed<'a> {
    problem: &'a Problem,
    stream: &'a mut Stream,
}

impl<'a> Streamed<'a> {
    /// A problem made by [`Problem::of_stream`], perhaps with another loss or with validation or test data of its own, and
    /// its stream.
    ///
    /// # Errors
    /// [`TrainError::Data`] when the stream is scaled in another way than the problem.
    pub fn new(problem: &'a Problem, stream: &'a mut Stream) -> Result<Self, TrainError> {
        let scalings = (stream.input_scaling(), stream.target_scaling());
        if scalings != (&problem.input_scaling, &problem.target_scaling) {
            return Err(TrainError::Data("the stream is not that of the problem: it is scaled in another way".into()));
        }
        Ok(Self { problem, stream })
    }

    /// θ as in [`Problem::initial_weights`], with the W that is optimal for it on all training data; for a cross-entropy on a
    /// random sample as large as the window. One pass.
    ///
    /// # Errors
    /// As there, and [`TrainError::Stream`].
    pub fn initial_weights(&self, options: &Options, seed: u64) -> Result<Weights, TrainError> {
        options.check(self.problem.loss)?;
        match options.precision {
            Precision::F64 => self.start::<f64>(options, seed),
            Precision::F32 => self.start::<f32>(options, seed),
        }
    }

    fn start<T: Number>(&self, options: &Options, seed: u64) -> Result<Weights, TrainError> {
        let network = &self.problem.network;
        let theta = initial_theta::<T>(network, seed)?;
        let w = match self.problem.loss {
            LossKind::LeastSquares => solve(self.stream, network, &theta, options.alpha_w)?.w,
            LossKind::CrossEntropy => {
                let sample = self.stream.sample(StreamPart::Training, self.stream.window())?;
                let (x, c) = (T::take_matrix(sample.x)?, T::take_matrix(sample.c)?);
                cross_entropy_w(network, &theta, options, &x, &c)?
            }
        };
        Ok(Weights { theta: T::widen(theta), w: T::widen(w) })
    }

    /// As [`train_with`](super::train_with), an epoch being one pass over the file.
    ///
    /// # Errors
    /// As there; [`TrainError::Option`] for a method that needs all data at once, [`TrainError::Stream`].
    pub fn train(
        &mut self,
        method: Method,
        options: &Options,
        seed: u64,
        begin: Begin<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Run, TrainError> {
        if !method.streams() {
            return Err(TrainError::Option(format!(
                "{method} needs all data at once; on a stream there are {}",
                Method::ALL.into_iter().filter(|m| m.streams()).map(Method::name).collect::<Vec<_>>().join(", "),
            )));
        }
        options.check(self.problem.loss)?;
        memory::check_streamed(self.problem, method, options, self.stream.samples(), self.stream.window())?;
        match options.precision {
            Precision::F64 => self.run::<f64>(method, options, seed, begin, watch),
            Precision::F32 => self.run::<f32>(method, options, seed, begin, watch),
        }
    }

    fn run<T: Number>(
        &mut self,
        method: Method,
        options: &Options,
        seed: u64,
        begin: Begin<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Run, TrainError> {
        let (problem, identity) = (self.problem, self.identity(method, options, seed));
        let validation = T::narrow_matrix(&problem.validation.x)?;
        let mut monitor = Monitor::new(problem, &validation, method, options, identity, watch)?;
        monitor.begin(begin, &mut |kind, whole, weights| loss(self.stream, problem, kind, whole, weights))?;
        let batch = options.batch_of(method, self.stream.samples());
        self.stream.reorder(batch, seed)?;
        let mut batches = FromFile { stream: self.stream, batch, x: DenseMatrix::default(), c: DenseMatrix::default() };
        stochastic::run(problem, method, options, begin, monitor, &mut batches)
    }

    /// Whether a run with these arguments can go on from a checkpoint.
    ///
    /// # Errors
    /// As [`Checkpoint::check`](super::Checkpoint::check).
    pub fn check(
        &self,
        checkpoint: &super::Checkpoint,
        method: Method,
        options: &Options,
        seed: u64,
    ) -> Result<(), super::CheckpointError> {
        checkpoint.check_identity(&self.identity(method, options, seed), self.problem.params())
    }

    fn identity(&self, method: Method, options: &Options, seed: u64) -> Vec<(String, String)> {
        let training = data(self.stream.samples(), self.problem, self.stream.checksum());
        let window = self.stream.window();
        identity_with(format!("{training}, streamed with a window of {window}"), self.problem, method, options, seed)
    }

    /// Scores on the training data, on the validation data (those of the stream, where it has some), and on the test data of
    /// the problem. Two passes.
    ///
    /// # Errors
    /// Those of [`Problem::scores`], and [`TrainError::Stream`].
    pub fn scores(&self, weights: &Weights) -> Result<[Scores; 3], TrainError> {
        let score = |part| -> Result<Scores, TrainError> {
            let mut scorer = Scorer::new(self.problem);
            let mut pass = self.stream.in_order(part, BLOCK)?;
            while let Some(batch) = pass.next_batch()? {
                scorer.add(&self.problem.predict(weights, &batch.x)?, &batch.c);
            }
            Ok(scorer.finish())
        };
        let validation = match self.stream.validation_samples() {
            0 => self.problem.scores(weights, &self.problem.validation)?,
            _ => score(StreamPart::Validation)?,
        };
        Ok([score(StreamPart::Training)?, validation, self.problem.scores(weights, &self.problem.test)?])
    }
}

/// Mean loss over the training data. One pass.
fn loss<T: Number>(
    stream: &Stream,
    problem: &Problem,
    kind: LossKind,
    whole: &Sequential,
    weights: &[T],
) -> Result<f64, TrainError> {
    let (mut mean, mut samples) = (0.0, 0);
    let mut pass = stream.in_order(StreamPart::Training, BLOCK)?;
    while let Some(batch) = pass.next_batch()? {
        let count = batch.x.cols();
        samples += count;
        let x = T::take_matrix(batch.x)?;
        let value = loss_in(kind, whole, weights, &x, &batch.c, &mut room(problem.outputs(), count)?)?;
        mean += (value - mean) * (count as f64 / samples as f64);
    }
    Ok(mean)
}

/// Numbers that [`solve`] fills.
pub(super) fn solve_len(features: usize, outputs: usize) -> usize {
    let k = features.saturating_add(1);
    let of = |rows: usize, cols: usize| rows.saturating_mul(cols);
    [of(k, k), of(k, outputs), of(BLOCK, k), of(BLOCK, features), of(BLOCK, outputs)]
        .into_iter()
        .fold(0, usize::saturating_add)
}

/// W = arg min 1/(2N) ‖W Zh − C‖² + α/2 ‖W‖² over all training data of a stream, for the features of θ. One pass.
///
/// With R = √α I and Y = 0 at first, blocks of rows \[Zhᵀ Cᵀ\]/√N are put below \[R Y\], which is then made triangular again; what is
/// left of the right-hand sides is the residual. Nothing is squared; 2 N k² flops.
pub(super) fn solve<T: Number>(
    stream: &Stream,
    network: &Sequential,
    theta: &[T],
    alpha: f64,
) -> Result<Solved<T>, TrainError> {
    let (features, outputs) = (network.features(), stream.target_scaling().mean.len());
    let k = features + 1;
    let mut r = square(k, T::from_f64(alpha).sqrt())?;
    let mut y = room::<T>(k, outputs)?;
    let scale = T::ONE / T::from_usize(stream.samples()).sqrt();
    let mut squares = 0.0;
    let mut pass = stream.in_order(StreamPart::Training, BLOCK)?;
    while let Some(batch) = pass.next_batch()? {
        let count = batch.x.cols();
        let (x, c) = (T::take_matrix(batch.x)?, T::take_matrix(batch.c)?);
        let mut z = room::<T>(features, count)?;
        network.apply(kernels(), theta, x.view(), z.view_mut())?;
        let mut rows = room::<T>(count, k)?;
        let mut rhs = room::<T>(count, outputs)?;
        for j in 0..count {
            z.col(j).iter().enumerate().for_each(|(i, &z)| rows[(j, i)] = z * scale);
            rows[(j, features)] = scale;
            c.col(j).iter().enumerate().for_each(|(i, &c)| rhs[(j, i)] = c * scale);
        }
        qr_append_rows_in_place(kernels(), r.view_mut(), rows.view_mut(), Some((y.view_mut(), rhs.view_mut())))?;
        squares += rhs.as_slice().iter().map(|x| x.value() * x.value()).sum::<f64>();
    }
    solve_upper_in_place(kernels(), r.view(), y.view_mut())?;
    let mut w = buffer(NAME, k * outputs)?;
    for i in 0..outputs {
        y.col(i).iter().enumerate().for_each(|(feature, &x)| w[i + outputs * feature] = x);
    }
    let penalty = alpha * w.iter().map(|x: &T| x.value() * x.value()).sum::<f64>();
    let (loss, value) = (0.5 * (squares - penalty).max(0.0), 0.5 * squares);
    Ok(Solved { w, loss: T::from_f64(loss), value: T::from_f64(value) })
}

/// A multiple of the unit matrix.
fn square<T: Number>(order: usize, diagonal: T) -> Result<DenseMatrix<T>, TrainError> {
    let mut matrix = room(order, order)?;
    (0..order).for_each(|i| matrix[(i, i)] = diagonal);
    Ok(matrix)
}

/// Batches as a stream gives them.
struct FromFile<'a, T> {
    stream: &'a mut Stream,
    batch: usize,
    /// The present batch.
    x: DenseMatrix<T>,
    c: DenseMatrix<T>,
}

impl<T: Number> Batches<T> for FromFile<'_, T> {
    fn samples(&self) -> usize {
        self.stream.samples()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn begin(&mut self, epoch: usize, done: usize) -> Result<(), TrainError> {
        Ok(self.stream.seek(epoch.saturating_sub(1) as u64, done)?)
    }

    fn next(&mut self) -> Result<Batch<'_, T>, TrainError> {
        let Some(batch) = self.stream.next_batch()? else {
            return Err(TrainError::Data("the stream ended before all of its samples had come".into()));
        };
        (self.x, self.c) = (T::take_matrix(batch.x)?, T::take_matrix(batch.c)?);
        let of = |matrix: &'_ DenseMatrix<T>| (matrix.rows(), matrix.cols());
        let ((inputs, count), (outputs, _)) = (of(&self.x), of(&self.c));
        Ok((MatRef::new(self.x.as_slice(), inputs, count)?, MatRef::new(self.c.as_slice(), outputs, count)?))
    }

    fn solve(&mut self, network: &Sequential, theta: &[T], alpha: f64) -> Result<Solved<T>, TrainError> {
        solve(self.stream, network, theta, alpha)
    }
}
