//! slimTrain in the training loop: the published method, and what was added to make it insensitive to its settings.

use gaussling_core::nn::Tikhonov;
use gaussling_core::optim::{
    Adam, Objective, Prodigy, Selection, SlimTrain, Update, VarProLeastSquares, adam_state_len, prodigy_state_len,
    sampled_tikhonov_state_len, slimtrain_inputs_len, slimtrain_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Error, MatRef};

use super::checkpoint::State;
use super::options::{Method, Options, SlimTrainOptions, ThetaStep};
use super::problem::{Problem, TrainError, Weights, buffer};
use super::stochastic::{BatchMethod, Stepped};
use crate::kernels::KERNELS;

/// [`ThetaStep::Prodigy`] starts at this times the learning rate. Its estimate only grows, and grows fast: a start that is too
/// low costs some steps, one that is too high the run.
const START: f64 = 1e-2;

const NAME: &str = "slimtrain";

/// The rule for θ.
enum Rule {
    Prodigy(Prodigy<f64, Vec<f64>>),
    Adam(Adam<f64, Vec<f64>>),
}

impl Update<f64> for Rule {
    fn update(&mut self, theta: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        match self {
            Self::Prodigy(prodigy) => prodigy.update(theta, gradient),
            Self::Adam(adam) => adam.update(theta, gradient),
        }
    }
}

pub(super) struct Slim<'a> {
    problem: &'a Problem,
    options: SlimTrainOptions,
    learning_rate: f64,
    alpha_w: f64,
    /// Passes over a batch in a step.
    passes: f64,
    method: SlimTrain<f64, Vec<f64>>,
    rule: Rule,
    selection: Selection<f64>,
    regularizer: Tikhonov<f64>,
    weights: Weights,
    work: Vec<f64>,
}

impl<'a> Slim<'a> {
    pub(super) fn new(problem: &'a Problem, options: &Options, batch: usize) -> Result<Self, TrainError> {
        let (shape, outputs, memory) = (problem.network.shape(), problem.outputs(), options.memory);
        let own = options.slimtrain.clone();
        let state = buffer(NAME, sampled_tikhonov_state_len(shape.features, batch, memory))?;
        let mut method = if own.recompute {
            let inputs = buffer(NAME, slimtrain_inputs_len(shape, batch, memory))?;
            SlimTrain::recomputing(shape, outputs, batch, memory, options.sum_lambda, state, inputs)?
        } else {
            SlimTrain::new(shape, outputs, batch, memory, options.sum_lambda, state)?
        };
        method.linear_mut().set_bounds(own.bounds.0, own.bounds.1)?;
        let learning_rate = options.learning_rate_of(Method::SlimTrain);
        let rule = match own.step {
            ThetaStep::Prodigy => {
                Rule::Prodigy(Prodigy::new(START * learning_rate, buffer(NAME, prodigy_state_len(shape.params))?))
            }
            ThetaStep::Adam => Rule::Adam(Adam::new(learning_rate, buffer(NAME, adam_state_len(shape.params))?)),
        };
        Ok(Self {
            problem,
            learning_rate,
            alpha_w: options.alpha_w,
            passes: 2.0 + if own.recompute { memory as f64 } else { 0.0 },
            method,
            rule,
            selection: own.selection,
            regularizer: Tikhonov { alpha: options.alpha_theta },
            weights: Weights { theta: buffer(NAME, shape.params)?, w: buffer(NAME, problem.params() - shape.params)? },
            work: buffer(NAME, slimtrain_work_len(shape, outputs, batch, memory))?,
            options: own,
        })
    }
}

impl BatchMethod for Slim<'_> {
    fn step(&mut self, x: MatRef<'_, f64>, c: MatRef<'_, f64>, used: f64) -> Result<Option<Stepped>, TrainError> {
        let factor = if self.options.decay { 0.5 * (1.0 + libm::cos(std::f64::consts::PI * used)) } else { 1.0 };
        match &mut self.rule {
            Rule::Prodigy(prodigy) => prodigy.factor = factor,
            Rule::Adam(adam) => adam.learning_rate = factor * self.learning_rate,
        }
        let Weights { theta, w } = &mut self.weights;
        let step = self.method.step(
            &KERNELS,
            &self.problem.network,
            &self.regularizer,
            &mut self.selection,
            &mut self.rule,
            theta,
            w,
            x,
            c,
            &mut self.work,
        );
        match step {
            Ok(report) => Ok(Some(Stepped { loss: report.loss, passes: self.passes, control: report.sum_lambda })),
            Err(Error::NonFinite { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn weights(&self) -> [&[f64]; 2] {
        [&self.weights.theta, &self.weights.w]
    }

    fn start(&mut self, start: &Weights) -> Result<(), TrainError> {
        self.weights.clone_from(start);
        Ok(())
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.put("theta", &self.weights.theta);
        state.put("w", &self.weights.w);
        state.save("method", &self.method)?;
        match &self.rule {
            Rule::Prodigy(rule) => state.save("rule", rule),
            Rule::Adam(rule) => state.save("rule", rule),
        }
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        let Weights { theta, w } = &mut self.weights;
        state.copy("theta", theta)?;
        state.copy("w", w)?;
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
    fn finish(&mut self) -> Result<Option<f64>, TrainError> {
        if !self.options.solve || !self.weights.are_finite() {
            return Ok(None);
        }
        let Problem { network, train, .. } = self.problem;
        let (x, c) = (train.x.view(), train.c.view());
        let mut work = buffer(NAME, varpro_least_squares_work_len(network.shape(), c.rows(), c.cols()))?;
        let mut objective =
            VarProLeastSquares::new(network, self.regularizer, self.alpha_w, &KERNELS, x, c, &mut work)?;
        match objective.value(&self.weights.theta) {
            Ok(value) if value.is_finite() => {}
            // Not representable, or exactly dependent features without regularization: W stays as the steps left it.
            Ok(_) | Err(Error::NonFinite { .. } | Error::Singular { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        self.weights.w.copy_from_slice(objective.weights());
        Ok(Some(objective.data_loss()))
    }
}
