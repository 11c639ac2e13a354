//! The full-batch methods as the loop sees them: one step, one state.

use gaussling_core::Backend;
use gaussling_core::nn::{Loss, Network, Regularizer};
use gaussling_core::optim::{
    CurveBall, FullObjective, Lbfgs, LineSearch, Objective, Outcome, SaveState, Status, TrustRegion, VarProConvex,
    VarProLeastSquares, VarProStreamed, curveball_objective_work_len, lbfgs_work_len, trust_region_work_len,
};

use super::checkpoint::State;
use super::number::Number;
use super::options::{Method, Options};
use super::problem::{TrainError, buffer};
use crate::kernels::kernels;

/// An objective that knows its loss on the data, and W where that is not among its variables.
pub(super) trait Measured<T: Number>: Objective<T> + SaveState<T> {
    /// Of the last evaluation, without regularization.
    fn data_loss(&self) -> T;

    /// vec W of the last evaluation; empty when W is the end of θ.
    fn output(&self) -> &[T];
}

impl<T: Number, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> Measured<T>
    for FullObjective<'_, T, N, L, R, B>
{
    fn data_loss(&self) -> T {
        self.data_loss()
    }

    fn output(&self) -> &[T] {
        &[]
    }
}

impl<T: Number, N: Network<T>, R: Regularizer<T>, B: Backend<T>> Measured<T> for VarProLeastSquares<'_, T, N, R, B> {
    fn data_loss(&self) -> T {
        self.data_loss()
    }

    fn output(&self) -> &[T] {
        self.weights()
    }
}

impl<T: Number, N: Network<T>, R: Regularizer<T>, B: Backend<T>> Measured<T> for VarProStreamed<'_, T, N, R, B> {
    fn data_loss(&self) -> T {
        self.data_loss()
    }

    fn output(&self) -> &[T] {
        self.weights()
    }
}

impl<T: Number, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> Measured<T>
    for VarProConvex<'_, T, N, L, R, B>
{
    fn data_loss(&self) -> T {
        self.data_loss()
    }

    fn output(&self) -> &[T] {
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
pub(super) trait Descent<T, O> {
    fn step(&mut self, objective: &mut O, theta: &mut [T]) -> Result<Step, TrainError>;

    fn save(&self, state: &mut State) -> Result<(), TrainError>;

    fn restore(&mut self, state: &State) -> Result<(), TrainError>;
}

/// Sets a method up and hands it on.
pub(super) fn with_descent<T: Number, O: Measured<T>, A>(
    method: Method,
    options: &Options,
    params: usize,
    then: impl FnOnce(&mut dyn Descent<T, O>) -> Result<A, TrainError>,
) -> Result<A, TrainError> {
    let name = method.name();
    match method {
        Method::Lbfgs => {
            let lbfgs = Options::lbfgs::<T>();
            let mut work = buffer(name, lbfgs_work_len(params, lbfgs.memory))?;
            then(&mut Lbfgs::new(params, lbfgs, &mut work)?)
        }
        Method::CurveBallVarPro => then(&mut Ball {
            method: CurveBall::new(options.curveball(method), buffer(name, params)?)?,
            work: buffer(name, curveball_objective_work_len(params))?,
        }),
        _ => {
            let trust = options.trust_region::<T>();
            let mut work = buffer(name, trust_region_work_len(params, &trust))?;
            then(&mut TrustRegion::new(params, trust, &mut work)?)
        }
    }
}

impl<T: Number, O: Measured<T>> Descent<T, O> for TrustRegion<'_, T> {
    fn step(&mut self, objective: &mut O, theta: &mut [T]) -> Result<Step, TrainError> {
        let report = self.step(kernels(), objective, theta)?;
        let moved = matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk);
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.radius.value() })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", self)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", self)
    }
}

impl<T: Number, O: Measured<T>> Descent<T, O> for Lbfgs<'_, T> {
    fn step(&mut self, objective: &mut O, theta: &mut [T]) -> Result<Step, TrainError> {
        let report = self.step(kernels(), objective, theta)?;
        let moved = matches!(report.line_search, LineSearch::Wolfe | LineSearch::Decrease);
        if report.line_search == LineSearch::Decrease {
            // The point that was taken need not be the last one that was evaluated.
            objective.value(theta)?;
        }
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.step_norm.value() })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", self)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", self)
    }
}

/// CurveBall on θ.
struct Ball<T> {
    method: CurveBall<T, Vec<T>>,
    work: Vec<T>,
}

impl<T: Number, O: Measured<T>> Descent<T, O> for Ball<T> {
    fn step(&mut self, objective: &mut O, theta: &mut [T]) -> Result<Step, TrainError> {
        let report = self.method.step_objective(kernels(), objective, theta, &mut self.work)?;
        let moved = report.status == Status::Running;
        if moved {
            // Loss and W of the θ that is recorded; the next step would find them again, so they are not counted.
            objective.value(theta)?;
        }
        Ok(Step { status: report.status, moved, work_units: report.work_units, control: report.lambda.value() })
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.save("method", &self.method)
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.restore("method", &mut self.method)
    }
}
