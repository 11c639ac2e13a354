//! Full-batch methods on an [`Objective`]: GNvpro, L-BFGS with variable projection, Gauss–Newton over all weights.

use gaussling_core::nn::{LeastSquares, Network, OnRange, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    FullObjective, Status, VarProConvex, VarProLeastSquares, VarProStreamed, full_objective_work_len,
    varpro_convex_work_len, varpro_least_squares_work_len, varpro_streamed_work_len,
};

use super::checkpoint::State;
use super::descent::{Descent, Measured, with_descent};
use super::monitor::{Begin, Ending, Monitor, Run};
use super::number::{Data, Number};
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, buffer};
use crate::kernels::kernels;
use crate::network::{Sampled, useful_threads};

/// Inner gradient of the cross-entropy solves, relative to that at W = 0.
const INNER_TOLERANCE: f64 = 1e-9;

pub(super) fn run<T: Number>(
    problem: &Problem,
    data: &Data<'_, T>,
    method: Method,
    options: &Options,
    begin: Begin<'_>,
    monitor: Monitor<'_, T>,
) -> Result<Run, TrainError> {
    let (x, c) = (data.x.view(), data.c.view());
    let (outputs, samples) = c.shape();
    let (params, weights) = (problem.network.shape().params, problem.params());
    let fast = kernels()
        .clone()
        .with_threads(options.threads.min(useful_threads(options.block.unwrap_or(samples).min(samples))));
    let on_theta = Tikhonov { alpha: T::from_f64(options.alpha_theta) };
    let alpha = T::from_f64(options.alpha_w);
    let mut work;
    match (method, problem.loss) {
        (Method::GaussNewton, loss) => {
            let network = problem.network.with_output(outputs)?;
            let network = Sampled::new(&network, &fast);
            let on_w = OnRange { start: params, len: weights - params, regularizer: Tikhonov { alpha } };
            let regularizer = (OnRange { start: 0, len: params, regularizer: on_theta }, on_w);
            work = buffer(method.name(), full_objective_work_len(Network::<T>::shape(&network), samples))?;
            match loss {
                LossKind::LeastSquares => {
                    let objective = FullObjective::new(&network, LeastSquares, regularizer, &fast, x, c, &mut work)?;
                    descend(method, options, objective, weights, begin, monitor)
                }
                LossKind::CrossEntropy => {
                    let objective =
                        FullObjective::new(&network, SoftmaxCrossEntropy, regularizer, &fast, x, c, &mut work)?;
                    descend(method, options, objective, weights, begin, monitor)
                }
            }
        }
        (_, LossKind::LeastSquares) => {
            let network = Sampled::new(&problem.network, &fast);
            let shape = Network::<T>::shape(&network);
            if let Some(block) = options.block {
                let block = block.clamp(1, samples.max(1));
                work = buffer(method.name(), varpro_streamed_work_len(shape, outputs, block))?;
                let objective = VarProStreamed::new(&network, on_theta, alpha, &fast, x, c, block, &mut work)?;
                return descend(method, options, objective, params, begin, monitor);
            }
            work = buffer(method.name(), varpro_least_squares_work_len(shape, outputs, samples))?;
            let objective = VarProLeastSquares::new(&network, on_theta, alpha, &fast, x, c, &mut work)?;
            descend(method, options, objective, params, begin, monitor)
        }
        (_, LossKind::CrossEntropy) => {
            let network = Sampled::new(&problem.network, &fast);
            let shape = Network::<T>::shape(&network);
            work = buffer(method.name(), varpro_convex_work_len(shape, outputs, samples))?;
            let (loss, tolerance) = (SoftmaxCrossEntropy, T::tolerance(INNER_TOLERANCE));
            let objective = VarProConvex::new(&network, loss, on_theta, alpha, tolerance, &fast, x, c, &mut work)?;
            descend(method, options, objective, params, begin, monitor)
        }
    }
}

/// Sets up weights and method, and takes the state over when the run goes on from a checkpoint.
fn descend<T: Number>(
    method: Method,
    options: &Options,
    mut objective: impl Measured<T>,
    params: usize,
    begin: Begin<'_>,
    monitor: Monitor<'_, T>,
) -> Result<Run, TrainError> {
    let mut theta = buffer(method.name(), params)?;
    match begin {
        // All weights, or θ alone.
        Begin::Start(start) => {
            theta
                .iter_mut()
                .zip(start.theta.iter().chain(&start.w))
                .for_each(|(theta, start)| *theta = T::from_f64(*start));
        }
        Begin::Checkpoint(checkpoint) => {
            checkpoint.state.copy("theta", &mut theta)?;
            checkpoint.state.restore("objective", &mut objective)?;
        }
    }
    with_descent(method, options, params, |descent| {
        if let Begin::Checkpoint(checkpoint) = begin {
            descent.restore(&checkpoint.state)?;
        }
        steps(&mut objective, &mut theta, descent, begin, monitor)
    })
}

/// Steps until the budget is used up or nothing moves.
fn steps<T: Number, O: Measured<T>>(
    objective: &mut O,
    theta: &mut [T],
    descent: &mut dyn Descent<T, O>,
    begin: Begin<'_>,
    mut monitor: Monitor<'_, T>,
) -> Result<Run, TrainError> {
    let (mut counted, mut count) = (0.0, 0);
    if let Begin::Checkpoint(checkpoint) = begin {
        let [work_units, steps] = checkpoint.state.array("position")?;
        (counted, count) = (work_units, steps as usize);
    }
    loop {
        let step = descent.step(objective, theta)?;
        count += 1;
        let work = step.work_units as f64;
        let ending = match step.status {
            Status::Running => None,
            Status::SmallGradient | Status::NoProgress => Some(Ending::Converged),
            Status::NonFinite => Some(Ending::NotFinite),
        };
        // What a step reaches after the budget does not count.
        if monitor.left(work) < 0.0 {
            return Ok(monitor.finish(Ending::Budget, counted, count - 1));
        }
        counted = work;
        if step.moved {
            let recorded =
                monitor.record(work, objective.data_loss().value(), step.control, [theta, objective.output()])?;
            if let Some(ending) = recorded {
                return Ok(monitor.finish(ending, work, count));
            }
        }
        let ending = ending.or_else(|| monitor.out_of_time().then_some(Ending::Budget));
        if let Some(ending) = ending {
            return Ok(monitor.finish(ending, work, count));
        }
        let stopped = monitor.between_steps(work, |state: &mut State| {
            state.put("position", &[counted, count as f64]);
            state.put("theta", theta);
            state.save("objective", objective)?;
            descent.save(state)
        })?;
        if let Some(ending) = stopped {
            return Ok(monitor.finish(ending, work, count));
        }
    }
}
