//! [`Monitor`]: history, budget, best weights.

use std::time::Instant;

use super::checkpoint::{Checkpoint, State};
use super::number::Number;
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, Weights, buffer, loss_in, room};
use super::watch::{Next, Watch};
use crate::DenseMatrix;
use crate::network::Sequential;

/// One line of a run's history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Work so far, in passes over the training data.
    pub work_units: f64,
    /// Time so far, in seconds.
    pub seconds: f64,
    /// Loss on the training data: full batch for the full-batch methods, mean over the batches since the last record else.
    pub train_loss: f64,
    /// Loss on the validation data, NaN when there are none.
    pub validation_loss: f64,
    /// What [`Method::control`] names: trust-region radius, λ, learning rate, … NaN before the first step.
    pub control: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The budget is used up.
    Budget,
    /// The gradient is small, or no step can be told from rounding.
    Converged,
    /// No better validation loss came within [`Options::patience`].
    Patience,
    /// A loss or weight was not finite; [`Run::divergence`] says more.
    NotFinite,
    /// The caller asked to stop.
    Stopped,
}

impl Ending {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Budget => "budget used up",
            Self::Converged => "converged",
            Self::Patience => "no better validation loss within the patience",
            Self::NotFinite => "diverged (not finite): try a smaller learning rate, or scale the data",
            Self::Stopped => "stopped",
        }
    }
}

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The method.
    pub method: Method,
    /// Weights with the best validation loss (training loss when there is no validation data).
    pub weights: Weights,
    /// Where in the history they were best: work units.
    pub best_at: f64,
    /// Every record.
    pub history: Vec<Record>,
    /// How it ended.
    pub ending: Ending,
    /// Passes over the training data.
    pub work_units: f64,
    /// Epochs that a stochastic method began, steps that a full-batch one made.
    pub epochs: usize,
    /// Seconds of training, without the evaluation on validation data.
    pub seconds: f64,
}

impl Run {
    /// Of a run that ended with [`Ending::NotFinite`]: when, what was the last good loss, and what to try, in one line.
    ///
    /// ```text
    /// not finite after 4.2 work units (epoch 3); the last finite training loss was 5.1e3, after 4.0; try a smaller …
    /// ```
    pub fn divergence(&self) -> Option<String> {
        if self.ending != Ending::NotFinite {
            return None;
        }
        let (unit, advice) = match self.method {
            Method::Adam | Method::Sgd | Method::SlimTrain => ("epoch", "a smaller learning rate, or scaled data"),
            Method::CurveBall => ("epoch", "larger batches, or scaled data"),
            _ => ("step", "scaled data, or a larger alpha"),
        };
        let last = self.history.iter().rev().find(|record| record.train_loss.is_finite());
        let last = last.map_or("no training loss was finite".to_string(), |record| {
            let Record { train_loss, work_units, .. } = record;
            format!("the last finite training loss was {train_loss:.1e}, after {work_units:.1}")
        });
        let (work_units, epochs) = (self.work_units, self.epochs);
        Some(format!("not finite after {work_units:.1} work units ({unit} {epochs}); {last}; try {advice}"))
    }
}

/// The history as CSV: work units, seconds, training loss, validation loss (empty without validation data), control (empty
/// before the first step). Numbers have as many digits as tell them from all others.
pub fn history_csv(history: &[Record]) -> String {
    let mut text = "work_units,seconds,training_loss,validation_loss,control\n".to_string();
    for r in history {
        let cells = [r.work_units, r.seconds, r.train_loss, r.validation_loss, r.control]
            .map(|x| if x.is_nan() { String::new() } else { x.to_string() });
        text += &cells.join(",");
        text.push('\n');
    }
    text
}

/// Where a run starts.
#[derive(Clone, Copy, Debug)]
pub enum Begin<'a> {
    /// At weights such as those of [`Problem::initial_weights`].
    Start(&'a Weights),
    /// In the middle of a run that was interrupted.
    Checkpoint(&'a Checkpoint),
}

/// The best weights so far.
struct Best<T> {
    loss: f64,
    /// Work units.
    at: f64,
    /// [θ; vec W]
    weights: Vec<T>,
}

/// Collects what a loop reports.
pub(super) struct Monitor<'a, T> {
    problem: &'a Problem,
    /// Inputs.
    validation: &'a DenseMatrix<T>,
    method: Method,
    options: &'a Options,
    /// Of the run, for its checkpoints.
    identity: Vec<(String, String)>,
    watch: &'a mut dyn Watch,
    /// The network with its output layer.
    whole: Sequential,
    /// [θ; vec W] of the last record.
    weights: Vec<T>,
    /// Of the validation data.
    predictions: DenseMatrix<T>,
    history: Vec<Record>,
    best: Best<T>,
    started: Instant,
    /// Seconds of training before this process took the run up.
    before: f64,
    /// Seconds spent here, which are not training.
    watching: f64,
}

/// The loss of weights [θ; vec W] of a network with its output layer, on all training data.
pub(super) type TrainingLoss<'a, T> = dyn FnMut(LossKind, &Sequential, &[T]) -> Result<f64, TrainError> + 'a;

impl<'a, T: Number> Monitor<'a, T> {
    pub(super) fn new(
        problem: &'a Problem,
        validation: &'a DenseMatrix<T>,
        method: Method,
        options: &'a Options,
        identity: Vec<(String, String)>,
        watch: &'a mut dyn Watch,
    ) -> Result<Self, TrainError> {
        let outputs = problem.outputs();
        Ok(Self {
            problem,
            validation,
            method,
            options,
            identity,
            watch,
            whole: problem.network.with_output(outputs)?,
            weights: buffer("weights", problem.params())?,
            predictions: room(outputs, validation.cols())?,
            history: Vec::new(),
            best: Best { loss: f64::INFINITY, at: 0.0, weights: Vec::new() },
            started: Instant::now(),
            before: 0.0,
            watching: 0.0,
        })
    }

    /// Makes the first record, or takes over those of a checkpoint.
    pub(super) fn begin(&mut self, begin: Begin<'_>, loss: &mut TrainingLoss<'_, T>) -> Result<(), TrainError> {
        match begin {
            Begin::Start(start) => {
                let (theta, w) = (T::narrow(&start.theta)?, T::narrow(&start.w)?);
                self.best.weights = [&*theta, &*w].concat();
                let train = loss(self.problem.loss_of(self.method), &self.whole, &self.best.weights)?;
                self.record(0.0, train, f64::NAN, [&theta, &w])?;
            }
            Begin::Checkpoint(checkpoint) => {
                checkpoint.check_identity(&self.identity, self.problem.params())?;
                self.history.clone_from(&checkpoint.history);
                let (loss, at) = checkpoint.best;
                self.best = Best { loss, at, weights: T::narrow(&checkpoint.best_weights)?.into_owned() };
                self.before = checkpoint.seconds;
            }
        }
        Ok(())
    }

    /// Seconds of training.
    fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64() - self.watching
    }

    /// Work units that are left; not positive when the budget is used up.
    pub(super) fn left(&self, work_units: f64) -> f64 {
        self.options.work_units - work_units
    }

    /// Whether the budget of seconds is used up.
    pub(super) fn out_of_time(&self) -> bool {
        self.options.seconds.is_finite() && self.seconds() >= self.options.seconds
    }

    /// The share of a budget of `budget` work units, or of seconds, that is used up.
    pub(super) fn used(&self, work_units: f64, budget: f64) -> f64 {
        let time = if self.options.seconds.is_finite() { self.seconds() / self.options.seconds } else { 0.0 };
        (work_units / budget).max(time).min(1.0)
    }

    /// Notes the weights, [θ; vec W] in two pieces, after `work_units` of work; says how to end if it is time.
    pub(super) fn record(
        &mut self,
        work_units: f64,
        train_loss: f64,
        control: f64,
        weights: [&[T]; 2],
    ) -> Result<Option<Ending>, TrainError> {
        let entered = Instant::now();
        let seconds = self.seconds();
        self.weights.clear();
        weights.into_iter().for_each(|piece| self.weights.extend_from_slice(piece));
        let kind = self.problem.loss_of(self.method);
        let c = &self.problem.validation.c;
        let validation_loss = loss_in(kind, &self.whole, &self.weights, self.validation, c, &mut self.predictions)?;
        let record = Record { work_units, seconds, train_loss, validation_loss, control };
        let judged = if self.validation.cols() > 0 { validation_loss } else { train_loss };
        let finite = train_loss.is_finite() && self.weights.iter().all(|x| x.is_finite());
        if finite && judged < self.best.loss {
            (self.best.loss, self.best.at) = (judged, work_units);
            self.best.weights.clone_from(&self.weights);
        }
        self.history.push(record);
        let go_on = self.watch.record(&record);
        self.watching += entered.elapsed().as_secs_f64();
        Ok(if !finite {
            Some(Ending::NotFinite)
        } else if !go_on {
            Some(Ending::Stopped)
        } else if self.left(work_units) <= 0.0 || self.out_of_time() {
            Some(Ending::Budget)
        } else if self.options.patience.is_some_and(|patience| work_units - self.best.at >= patience) {
            Some(Ending::Patience)
        } else {
            None
        })
    }

    /// Between two steps: makes a checkpoint if the watcher wants one; says how to end if it is time. `write` adds what the
    /// loop and its method need.
    pub(super) fn between_steps(
        &mut self,
        work_units: f64,
        write: impl FnOnce(&mut State) -> Result<(), TrainError>,
    ) -> Result<Option<Ending>, TrainError> {
        let entered = Instant::now();
        let next = self.watch.after_step(work_units);
        if next != Next::GoOn {
            let mut checkpoint = Checkpoint {
                identity: self.identity.clone(),
                history: self.history.clone(),
                best: (self.best.loss, self.best.at),
                best_weights: T::widen(self.best.weights.clone()),
                seconds: self.before + (entered - self.started).as_secs_f64() - self.watching,
                state: State::default(),
            };
            write(&mut checkpoint.state)?;
            self.watch.checkpoint(&checkpoint)?;
        }
        self.watching += entered.elapsed().as_secs_f64();
        Ok((next == Next::Stop).then_some(Ending::Stopped))
    }

    pub(super) fn finish(self, ending: Ending, work_units: f64, epochs: usize) -> Run {
        let seconds = self.seconds();
        let Self { method, history, best, .. } = self;
        let mut theta = T::widen(best.weights);
        let w = theta.split_off(self.problem.network.shape().params.min(theta.len()));
        let weights = Weights { theta, w };
        Run { method, weights, best_at: best.at, history, ending, work_units, epochs, seconds }
    }
}
