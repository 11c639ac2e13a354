//! slimTrain in the training loop: the published method, and what was added to make it insensitive to its settings.

use gaussling_core::nn::Tikhonov;
use gaussling_core::optim::{
    Adam, Prodigy, Selection, SlimTrain, Update, adam_state_len, prodigy_state_len, sampled_tikhonov_state_len,
    slimtrain_inputs_len, slimtrain_work_len,
};
use gaussling_core::{Backend, Error, MatRef};

use super::batches::Batches;
use super::checkpoint::State;
use super::number::Number;
use super::options::{Method, Options, SlimTrainOptions, ThetaStep};
use super::problem::{TrainError, buffer};
use super::stochastic::{BatchMethod, Stepped, decay};
use crate::kernels::kernels;
use crate::network::Sequential;

/// [`ThetaStep::Prodigy`] starts at this times the learning rate. Its estimate only grows, and grows fast: a start that is too
/// low costs some steps, one that is too high the run.
const START: f64 = 1e-2;

const NAME: &str = "slimtrain";

/// The rule for θ.
enum Rule<T> {
    Prodigy(Prodigy<T, Vec<T>>),
    Adam(Adam<T, Vec<T>>),
}

impl<T: Number> Update<T> for Rule<T> {
    fn update<B: Backend<T>>(&mut self, backend: &B, theta: &mut [T], gradient: &[T]) -> Result<(), Error> {
        match self {
            Self::Prodigy(prodigy) => prodigy.update(backend, theta, gradient),
            Self::Adam(adam) => adam.update(backend, theta, gradient),
        }
    }
}

/// The same rule for other numbers.
fn selection<T: Number>(of: Selection<f64>) -> Selection<T> {
    match of {
        Selection::Fixed(lambda) => Selection::Fixed(T::from_f64(lambda)),
        Selection::Gcv => Selection::Gcv,
        Selection::Discrepancy(variance) => Selection::Discrepancy(T::from_f64(variance)),
        Selection::Upre(variance) => Selection::Upre(T::from_f64(variance)),
    }
}

pub(super) struct Slim<'a, T> {
    network: &'a Sequential,
    options: SlimTrainOptions,
    learning_rate: f64,
    alpha_w: f64,
    /// Passes over a batch in a step.
    passes: f64,
    method: SlimTrain<T, Vec<T>>,
    rule: Rule<T>,
    selection: Selection<T>,
    regularizer: Tikhonov<T>,
    theta: Vec<T>,
    w: Vec<T>,
    work: Vec<T>,
}

impl<'a, T: Number> Slim<'a, T> {
    pub(super) fn new(
        network: &'a Sequential,
        outputs: usize,
        options: &Options,
        batch: usize,
    ) -> Result<Self, TrainError> {
        let (shape, memory, sum_lambda) = (network.shape(), options.memory, T::from_f64(options.sum_lambda));
        let own = options.slimtrain.clone();
        let state = buffer(NAME, sampled_tikhonov_state_len(shape.features, batch, memory))?;
        let mut method = if own.recompute {
            let inputs = buffer(NAME, slimtrain_inputs_len(shape, batch, memory))?;
            SlimTrain::recomputing(shape, outputs, batch, memory, sum_lambda, state, inputs)?
        } else {
            SlimTrain::new(shape, outputs, batch, memory, sum_lambda, state)?
        };
        method.linear_mut().set_bounds(T::from_f64(own.bounds.0), T::from_f64(own.bounds.1))?;
        let learning_rate = options.learning_rate_of(Method::SlimTrain);
        let rule = match own.step {
            ThetaStep::Prodigy => {
                let start = T::from_f64(START * learning_rate);
                Rule::Prodigy(Prodigy::new(start, buffer(NAME, prodigy_state_len(shape.params))?))
            }
            ThetaStep::Adam => {
                let state = buffer(NAME, adam_state_len(shape.params))?;
                Rule::Adam(Adam::new(T::from_f64(learning_rate), state))
            }
        };
        Ok(Self {
            network,
            learning_rate,
            alpha_w: options.alpha_w,
            passes: 2.0 + if own.recompute { memory as f64 } else { 0.0 },
            method,
            rule,
            selection: selection(own.selection),
            regularizer: Tikhonov { alpha: T::from_f64(options.alpha_theta) },
            theta: buffer(NAME, shape.params)?,
            w: buffer(NAME, outputs.saturating_mul(shape.features + 1))?,
            work: buffer(NAME, slimtrain_work_len(shape, outputs, batch, memory))?,
            options: own,
        })
    }
}

impl<T: Number> BatchMethod<T> for Slim<'_, T> {
    fn step(&mut self, x: MatRef<'_, T>, c: MatRef<'_, T>, used: f64) -> Result<Option<Stepped>, TrainError> {
        let factor = decay(self.options.decay, used);
        match &mut self.rule {
            Rule::Prodigy(prodigy) => prodigy.factor = T::from_f64(factor),
            Rule::Adam(adam) => adam.learning_rate = T::from_f64(factor * self.learning_rate),
        }
        let step = self.method.step(
            kernels(),
            self.network,
            &self.regularizer,
            &mut self.selection,
            &mut self.rule,
            &mut self.theta,
            &mut self.w,
            x,
            c,
            &mut self.work,
        );
        match step {
            Ok(report) => {
                Ok(Some(Stepped { loss: report.loss.value(), passes: self.passes, control: report.sum_lambda.value() }))
            }
            Err(Error::NonFinite { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn weights(&self) -> [&[T]; 2] {
        [&self.theta, &self.w]
    }

    fn start(&mut self, theta: &[T], w: &[T]) {
        (self.theta, self.w) = (theta.to_vec(), w.to_vec());
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.put("theta", &self.theta);
        state.put("w", &self.w);
        state.save("method", &self.method)?;
        match &self.rule {
            Rule::Prodigy(rule) => state.save("rule", rule),
            Rule::Adam(rule) => state.save("rule", rule),
        }
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.copy("theta", &mut self.theta)?;
        state.copy("w", &mut self.w)?;
        state.restore("method", &mut self.method)?;
        match &mut self.rule {
            Rule::Prodigy(rule) => state.restore("rule", rule),
            Rule::Adam(rule) => state.restore("rule", rule),
        }
    }

    fn reserve(&self) -> f64 {
        if self.options.solve { 1.0 } else { 0.0 }
    }

    /// W that is optimal for the last θ on all training data.
    fn finish(&mut self, batches: &mut dyn Batches<T>) -> Result<Option<f64>, TrainError> {
        let finite = self.theta.iter().chain(&self.w).all(|x| x.is_finite());
        if !self.options.solve || !finite {
            return Ok(None);
        }
        match batches.solve(self.network, &self.theta, self.alpha_w) {
            Ok(solved) if solved.value.is_finite() => {
                self.w.copy_from_slice(&solved.w);
                Ok(Some(solved.loss.value()))
            }
            // Not representable, or exactly dependent features without regularization: W stays as the steps left it.
            Ok(_) | Err(TrainError::Core(Error::NonFinite { .. } | Error::Singular { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
