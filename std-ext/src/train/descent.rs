//! The full-batch methods as the loop sees them: one step, one state.

use gaussling_core::Backend;
use gaussling_core::nn::{Loss, Network, Regularizer};
use gaussling_core::optim::{
    CurveBall, FullObjective, Lbfgs, LbfgsOptions, LineSearch, Objective, Outcome, SaveState, Status, TrustRegion,
    VarProConvex, VarProLeastSquares, curveball_objective_work_len, lbfgs_work_len, trust_region_work_len,
};

use super::checkpoint::State;
use super::options::{Method, Options};
use super::problem::{TrainError, buffer};
use crate::kernels::KERNELS;

/// An objective that knows its loss on the data, and W where that is not among its variables.
pub(super) trait Measured: Objective<f64> + SaveState<f64> {
    /// Of the last evaluation, without regularization.
    fn data_loss(&self) -> f64;

    /// vec W of the last evaluation; empty when W is the end of θ.
    fn output(&self) -> &[f64];
}

impl<N: Network<f64>, L: Loss, R: Regularizer<f64>, B: Backend<f64>> Measured for FullObjective<'_, f64, N, L, R, B> {
    fn data_loss(&self) -> f64 {
        self.data_loss()
    }

    fn output(&self) -> &[f64] {
        &[]
    }
}

impl<N: Network<f64>, R: Regularizer<f64>, B: Backend<f64>> Measured for VarProLeastSquares<'_, f64, N, R, B> {
    fn data_loss(&self) -> f64 {
        self.data_loss()
    }

    fn output(&self) -> &[f64] {
        self.weights()
    }
}

impl<N: Network<f64>, L: Loss, R: Regularizer<f64>, B: Backend<f64>> Measured for VarProConvex<'_, f64, N, L, R, B> {
    fn data_loss(&self) -> f64 {
        self.data_loss()
    }

    fn output(&self) -> &[f64] {
        self.weights()
    }
}

/// What one step says.
pub(super) struct Step {
    pub(super) status: Status,
    /// Whether θ moved; the objective's last evaluation is then at θ.
    pub(super) moved: bool,
    /// Since the start.
    pub(super) work_units: usize,
    pub(super) control: f64,
}

/// A method on an objective.
pub(super) trait Descent<O> {
    fn step(&mut self, objective: &mut O, theta: &mut [f64]) -> Result<Step, TrainError>;

    fn save(&self, state: &mut State) -> Result<(), TrainError>;

    fn restore(&mut self, state: &State) -> Result<(), TrainError>;
}

/// Sets a method up and hands it on.
pub(super) fn with_descent<O: Measured, A>(
    method: Method,
    options: &Options,
    params: usize,
    then: impl FnOnce(&mut dyn Descent<O>) -> Result<A, TrainError>,
) -> Result<A, TrainError> {
    let name = method.name();
    match method {
        Method::Lbfgs => {
            let lbfgs = LbfgsOptions::default();
            let mut work = buffer(name, lbfgs_work_len(params, lbfgs.memory))?;
            then(&mut Lbfgs::new(params, lbfgs, &mut work)?)
        }
        Method::CurveBallVarPro => then(&mut Ball {
            method: CurveBall::new(options.curveball(method), buffer(name, params)?)?,
            work: buffer(name, curveball_objective_work_len(params))?,
        }),
        _ => {
            let trust = options.trust_region();
            let mut work = buffer(name, trust_region_work_len(params, &trust))?;
            then(&mut TrustRegion::new(params, trust, &mut work)?)
        }
    }
}

impl<O: Measured> Descent<O> for TrustRegion<'_, f64> {
    fn step(&mut self, objective: &mut O, theta: &mut [f64]) -> Result<Step, TrainError> {
        let report = self.step(&KERNELS, objective, theta)?;
        let moved = matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk);
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.radius })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", self)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", self)
    }
}

impl<O: Measured> Descent<O> for Lbfgs<'_, f64> {
    fn step(&mut self, objective: &mut O, theta: &mut [f64]) -> Result<Step, TrainError> {
        let report = self.step(&KERNELS, objective, theta)?;
        let moved = matches!(report.line_search, LineSearch::Wolfe | LineSearch::Decrease);
        if report.line_search == LineSearch::Decrease {
            // The point that was taken need not be the last one that was evaluated.
            objective.value(theta)?;
        }
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.step_norm })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", self)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", self)
    }
}

/// CurveBall on θ.
struct Ball {
    method: CurveBall<f64, Vec<f64>>,
    work: Vec<f64>,
}

impl<O: Measured> Descent<O> for Ball {
    fn step(&mut self, objective: &mut O, theta: &mut [f64]) -> Result<Step, TrainError> {
        let report = self.method.step_objective(&KERNELS, objective, theta, &mut self.work)?;
        let moved = report.status == Status::Running;
        if moved {
            // Loss and W of the θ that is recorded; the next step would find them again, so they are not counted.
            objective.value(theta)?;
        }
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.lambda })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", &self.method)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", &mut self.method)
    }
}
