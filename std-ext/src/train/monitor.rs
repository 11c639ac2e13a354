//! [`Monitor`]: history, budget, best weights.

use std::time::Instant;

use super::options::{Method, Options};
use super::problem::{Problem, TrainError, Weights};

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
    /// A loss or weight was not finite. What to try: a smaller learning rate, scaled data, other initial weights.
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
    /// Seconds of training, without the evaluation on validation data.
    pub seconds: f64,
}

/// Collects what a loop reports.
pub(super) struct Monitor<'a> {
    problem: &'a Problem,
    method: Method,
    budget: f64,
    report: &'a mut dyn FnMut(&Record) -> bool,
    history: Vec<Record>,
    best: (f64, Weights, f64),
    started: Instant,
    /// Seconds spent here, which are not training.
    watching: f64,
}

impl<'a> Monitor<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        method: Method,
        options: &Options,
        start: &Weights,
        report: &'a mut dyn FnMut(&Record) -> bool,
    ) -> Result<Self, TrainError> {
        let mut monitor = Self {
            problem,
            method,
            budget: options.work_units,
            report,
            history: Vec::new(),
            best: (f64::INFINITY, start.clone(), 0.0),
            started: Instant::now(),
            watching: 0.0,
        };
        let train = problem.loss_on(problem.loss_of(method), start, &problem.train)?;
        monitor.record(0.0, train, f64::NAN, start)?;
        Ok(monitor)
    }

    /// Work units that are left; not positive when the budget is used up.
    pub(super) fn left(&self, work_units: f64) -> f64 {
        self.budget - work_units
    }

    /// Notes the weights after `work_units` of work; says how to end if it is time.
    pub(super) fn record(
        &mut self,
        work_units: f64,
        train_loss: f64,
        control: f64,
        weights: &Weights,
    ) -> Result<Option<Ending>, TrainError> {
        let entered = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64() - self.watching;
        let kind = self.problem.loss_of(self.method);
        let validation_loss = self.problem.loss_on(kind, weights, &self.problem.validation)?;
        let record = Record { work_units, seconds, train_loss, validation_loss, control };
        let judged = if self.problem.validation.x.cols() > 0 { validation_loss } else { train_loss };
        let finite = train_loss.is_finite() && weights.are_finite();
        if finite && judged < self.best.0 {
            self.best = (judged, weights.clone(), work_units);
        }
        self.history.push(record);
        let go_on = (self.report)(&record);
        self.watching += entered.elapsed().as_secs_f64();
        Ok(if !finite {
            Some(Ending::NotFinite)
        } else if !go_on {
            Some(Ending::Stopped)
        } else if self.left(work_units) <= 0.0 {
            Some(Ending::Budget)
        } else {
            None
        })
    }

    pub(super) fn finish(self, ending: Ending, work_units: f64) -> Run {
        let seconds = self.started.elapsed().as_secs_f64() - self.watching;
        let (_, weights, best_at) = self.best;
        Run { method: self.method, weights, best_at, history: self.history, ending, work_units, seconds }
    }
}
