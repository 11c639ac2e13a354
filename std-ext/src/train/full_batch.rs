//! Full-batch methods on an [`Objective`]: GNvpro, L-BFGS with variable projection, Gauss–Newton over all weights.

use gaussling_core::Portable;
use gaussling_core::nn::{LeastSquares, Network, OnRange, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    CurveBall, FullObjective, Lbfgs, LbfgsOptions, LineSearch, Objective, Outcome, Status, TrustRegion, VarProConvex,
    VarProLeastSquares, curveball_objective_work_len, full_objective_work_len, lbfgs_work_len, trust_region_work_len,
    varpro_convex_work_len, varpro_least_squares_work_len,
};

use super::monitor::{Ending, Monitor, Run};
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, Weights, buffer};

/// Inner gradient of the cross-entropy solves, relative to that at W = 0.
const INNER_TOLERANCE: f64 = 1e-9;

pub(super) fn run(
    problem: &Problem,
    method: Method,
    options: &Options,
    start: &Weights,
    monitor: Monitor<'_>,
) -> Result<Run, TrainError> {
    let (x, c) = (problem.train.x.view(), problem.train.c.view());
    let (outputs, samples) = c.shape();
    let shape = problem.network.shape();
    let on_theta = Tikhonov { alpha: options.alpha_theta };
    let mut weights = start.clone();
    let mut work;
    match (method, problem.loss) {
        (Method::GaussNewton, loss) => {
            let network = problem.network.with_output(outputs)?;
            let on_w =
                OnRange { start: shape.params, len: weights.w.len(), regularizer: Tikhonov { alpha: options.alpha_w } };
            let regularizer = (OnRange { start: 0, len: shape.params, regularizer: on_theta }, on_w);
            let mut all = [weights.theta.as_slice(), &weights.w].concat();
            work = buffer(method.name(), full_objective_work_len(Network::<f64>::shape(&network), samples))?;
            let split = |all: &[f64], _: &[f64]| Weights {
                theta: all[..shape.params].to_vec(),
                w: all[shape.params..].to_vec(),
            };
            match loss {
                LossKind::LeastSquares => {
                    let mut objective =
                        FullObjective::new(&network, LeastSquares, regularizer, &Portable, x, c, &mut work)?;
                    descend(method, options, &mut objective, |o| (o.data_loss(), Vec::new()), &mut all, split, monitor)
                }
                LossKind::CrossEntropy => {
                    let mut objective =
                        FullObjective::new(&network, SoftmaxCrossEntropy, regularizer, &Portable, x, c, &mut work)?;
                    descend(method, options, &mut objective, |o| (o.data_loss(), Vec::new()), &mut all, split, monitor)
                }
            }
        }
        (_, LossKind::LeastSquares) => {
            work = buffer(method.name(), varpro_least_squares_work_len(shape, outputs, samples))?;
            let alpha = options.alpha_w;
            let mut objective = VarProLeastSquares::new(&problem.network, on_theta, alpha, &Portable, x, c, &mut work)?;
            let look = |o: &VarProLeastSquares<'_, _, _, _, _>| (o.data_loss(), o.weights().to_vec());
            descend(method, options, &mut objective, look, &mut weights.theta, join, monitor)
        }
        (_, LossKind::CrossEntropy) => {
            work = buffer(method.name(), varpro_convex_work_len(shape, outputs, samples))?;
            let (loss, alpha, tolerance) = (SoftmaxCrossEntropy, options.alpha_w, INNER_TOLERANCE);
            let network = &problem.network;
            let mut objective =
                VarProConvex::new(network, loss, on_theta, alpha, tolerance, &Portable, x, c, &mut work)?;
            let look = |o: &VarProConvex<'_, _, _, _, _, _>| (o.data_loss(), o.weights().to_vec());
            descend(method, options, &mut objective, look, &mut weights.theta, join, monitor)
        }
    }
}

/// θ and the W that the objective found for it.
fn join(theta: &[f64], w: &[f64]) -> Weights {
    Weights { theta: theta.to_vec(), w: w.to_vec() }
}

/// Steps until the budget is used up or nothing moves; `look` gives data loss and W of the last evaluation.
fn descend<O: Objective<f64>>(
    method: Method,
    options: &Options,
    objective: &mut O,
    look: impl Fn(&O) -> (f64, Vec<f64>),
    theta: &mut [f64],
    join: impl Fn(&[f64], &[f64]) -> Weights,
    monitor: Monitor<'_>,
) -> Result<Run, TrainError> {
    if method == Method::Lbfgs {
        let lbfgs = LbfgsOptions::default();
        let mut work = buffer(method.name(), lbfgs_work_len(theta.len(), lbfgs.memory))?;
        let mut lbfgs = Lbfgs::new(theta.len(), lbfgs, &mut work)?;
        return steps(objective, look, theta, join, monitor, |objective, theta| {
            let report = lbfgs.step(&Portable, objective, theta)?;
            let moved = matches!(report.line_search, LineSearch::Wolfe | LineSearch::Decrease);
            if report.line_search == LineSearch::Decrease {
                // The point that was taken need not be the last one that was evaluated.
                objective.value(theta)?;
            }
            Ok((report.status, moved, report.work_units, report.step_norm))
        });
    }
    if method == Method::CurveBallVarPro {
        let mut curveball = CurveBall::new(options.curveball(method), buffer(method.name(), theta.len())?)?;
        let mut work = buffer(method.name(), curveball_objective_work_len(theta.len()))?;
        return steps(objective, look, theta, join, monitor, |objective, theta| {
            let report = curveball.step_objective(&Portable, objective, theta, &mut work)?;
            let moved = report.status == Status::Running;
            if moved {
                // Loss and W of the θ that is recorded; the next step would find them again, so they are not counted.
                objective.value(theta)?;
            }
            Ok((report.status, moved, report.work_units, report.lambda))
        });
    }
    let trust = options.trust_region();
    let mut work = buffer(method.name(), trust_region_work_len(theta.len(), &trust))?;
    let mut region = TrustRegion::new(theta.len(), trust, &mut work)?;
    steps(objective, look, theta, join, monitor, |objective, theta| {
        let report = region.step(&Portable, objective, theta)?;
        let moved = matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk);
        Ok((report.status, moved, report.work_units, report.radius))
    })
}

/// What one step says: status, whether θ moved, work units so far, control value.
type Step = (Status, bool, usize, f64);

fn steps<O: Objective<f64>>(
    objective: &mut O,
    look: impl Fn(&O) -> (f64, Vec<f64>),
    theta: &mut [f64],
    join: impl Fn(&[f64], &[f64]) -> Weights,
    mut monitor: Monitor<'_>,
    mut step: impl FnMut(&mut O, &mut [f64]) -> Result<Step, TrainError>,
) -> Result<Run, TrainError> {
    let mut counted = 0.0;
    loop {
        let (status, moved, work_units, control) = step(objective, theta)?;
        let work = work_units as f64;
        let ending = match status {
            Status::Running => None,
            Status::SmallGradient | Status::NoProgress => Some(Ending::Converged),
            Status::NonFinite => Some(Ending::NotFinite),
        };
        // What a step reaches after the budget does not count.
        if monitor.left(work) < 0.0 {
            return Ok(monitor.finish(Ending::Budget, counted));
        }
        counted = work;
        if moved {
            let (loss, w) = look(objective);
            if let Some(ending) = monitor.record(work, loss, control, &join(theta, &w))? {
                return Ok(monitor.finish(ending, work));
            }
        }
        if let Some(ending) = ending {
            return Ok(monitor.finish(ending, work));
        }
    }
}
