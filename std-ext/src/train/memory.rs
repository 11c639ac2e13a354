//! What a run needs, added up before it starts: a clear refusal instead of a process that the system kills.

use gaussling_core::nn::{Network, Shape};
use gaussling_core::optim::{
    adam_state_len, curveball_objective_work_len, curveball_state_len, curveball_work_len, full_objective_work_len,
    lbfgs_work_len, loss_work_len, prodigy_state_len, sampled_tikhonov_state_len, slimtrain_inputs_len,
    slimtrain_work_len, trust_region_work_len, varpro_convex_work_len, varpro_least_squares_work_len,
    varpro_streamed_work_len,
};

use super::options::{LossKind, Method, Options, Precision};
use super::problem::{Part, Problem, TrainError};
use super::stream;
use crate::kernels::kernels;
use crate::memory;
use crate::network::{CHUNK, Sampled, Sequential};

/// Copies of all weights in a run: the present ones, those that a step tries, the best, those of a record, a gradient.
const COPIES: usize = 5;

/// Copies in `f64`: the start, and the result.
const WIDE_COPIES: usize = 2;

/// A checkpoint is in memory as lists of numbers and as the bytes of its file.
const CHECKPOINT_COPIES: usize = 2;

/// Bytes that a run of a method fills at most, the data apart.
///
/// `samples` are those for training; of a stream only batches are in memory.
fn run_bytes(
    problem: &Problem,
    method: Method,
    options: &Options,
    samples: usize,
    streamed: bool,
) -> Result<usize, TrainError> {
    let (shape, outputs) = (problem.network.shape(), problem.outputs());
    let whole = problem.network.with_output(outputs)?;
    let (in_pieces, whole) = (in_pieces(&whole), whole.shape());
    let batch = options.batch_of(method, samples);
    let projected = projected_len(problem, options, samples);
    // What only a run under way needs, and what is the method's state or contains it.
    let (space, state) = match method {
        Method::Gnvpro => (projected, trust_region_work_len(shape.params, &options.trust_region::<f64>())),
        Method::CurveBallVarPro => (projected, sum([curveball_objective_work_len(shape.params), shape.params])),
        Method::Lbfgs => (projected, lbfgs_work_len(shape.params, Options::lbfgs::<f64>().memory)),
        Method::GaussNewton => (
            full_objective_work_len(in_pieces, samples),
            trust_region_work_len(whole.params, &options.trust_region::<f64>()),
        ),
        Method::SlimTrain => {
            let state = sampled_tikhonov_state_len(shape.features, batch, options.memory);
            let inputs =
                if options.slimtrain.recompute { slimtrain_inputs_len(shape, batch, options.memory) } else { 0 };
            let solve = if options.slimtrain.solve { solve_len(problem, samples, streamed) } else { 0 };
            let step = slimtrain_work_len(shape, outputs, batch, options.memory);
            (sum([step, solve]), sum([state, inputs, prodigy_state_len(shape.params)]))
        }
        Method::CurveBall | Method::Adam | Method::Sgd => {
            let state = adam_state_len(whole.params).max(curveball_state_len(whole.params));
            (loss_work_len(whole, batch).max(curveball_work_len(whole, batch)), state)
        }
    };
    let copies = whole.params.saturating_mul(COPIES);
    let own = sum([space, state, copies, converted_len(problem, options)]).saturating_mul(options.precision.bytes());
    // Beside the method's state a checkpoint holds the present weights and the best.
    let checkpoint = sum([state, whole.params.saturating_mul(2)]).saturating_mul(CHECKPOINT_COPIES);
    let wide = sum([checkpoint, whole.params.saturating_mul(WIDE_COPIES), prediction_len(problem, shape)]);
    Ok(own.saturating_add(wide.saturating_mul(size_of::<f64>())))
}

/// Data in another type than theirs.
fn converted_len(problem: &Problem, options: &Options) -> usize {
    match options.precision {
        Precision::F64 => 0,
        Precision::F32 => {
            let Part { x, c } = &problem.train;
            sum([x, c, &problem.validation.x].map(|matrix| matrix.as_slice().len()))
        }
    }
}

/// What the full-batch methods see of a network.
fn in_pieces(network: &Sequential) -> Shape {
    Network::<f64>::shape(&Sampled::new(network, kernels()))
}

/// Workspace of variable projection, in which the initial W is found as well.
fn projected_len(problem: &Problem, options: &Options, samples: usize) -> usize {
    let (shape, outputs) = (in_pieces(&problem.network), problem.outputs());
    match (problem.loss, options.block) {
        (LossKind::LeastSquares, Some(block)) => varpro_streamed_work_len(shape, outputs, block.min(samples)),
        (LossKind::LeastSquares, None) => varpro_least_squares_work_len(shape, outputs, samples),
        (LossKind::CrossEntropy, _) => varpro_convex_work_len(shape, outputs, samples),
    }
}

/// Predictions for the largest part of the data, and what they are computed in, when a model is scored in `f64`.
fn prediction_len(problem: &Problem, shape: Shape) -> usize {
    let parts = [&problem.train, &problem.validation, &problem.test];
    let samples = parts.map(|part| part.x.cols()).into_iter().max().unwrap_or(0);
    let piece = samples.min(CHUNK);
    sum([shape.cache.of(piece), shape.work.of(piece), problem.outputs().saturating_mul(samples)])
}

fn sum<const N: usize>(lens: [usize; N]) -> usize {
    lens.into_iter().fold(0, usize::saturating_add)
}

/// How many of these runs memory can hold at a time: from 1 to `threads`.
///
/// # Errors
/// [`TrainError::Memory`] when the initial weights, or one run alone, are too much.
pub(crate) fn runs_at_a_time(
    problem: &Problem,
    methods: &[Method],
    seeds: usize,
    options: &Options,
    threads: usize,
) -> Result<usize, TrainError> {
    let mut lens = Vec::new();
    for &method in methods {
        lens.push((run_bytes(problem, method, options, problem.train.x.cols(), false)?, method.name()));
    }
    lens.sort_unstable_by(|a, b| b.cmp(a));
    // The starts of all seeds and the results of all runs.
    let weights = problem.network.with_output(problem.outputs())?.shape().params;
    let kept = sum([methods.len(), 1]).saturating_mul(seeds).saturating_mul(weights).saturating_mul(size_of::<f64>());
    let initial = sum([projected_len(problem, options, problem.train.x.cols()), converted_len(problem, options)]);
    let initial = (initial.saturating_mul(options.precision.bytes()), "the initial weights");
    let most = lens.first().copied().unwrap_or(initial).max(initial);
    refuse_beyond(most.1, kept.saturating_add(most.0))?;
    // Of each method there are as many runs as seeds; the largest come together at worst.
    let mut runs = lens.iter().flat_map(|&(len, _)| std::iter::repeat_n(len, seeds));
    let mut all = kept;
    let mut count = 0;
    while count < threads.max(1) {
        let Some(len) = runs.next() else { break };
        all = all.saturating_add(len);
        if !memory::fits_bytes(all) {
            break;
        }
        count += 1;
    }
    Ok(count.max(1))
}

/// Whether memory can hold a run with weights that are there already.
///
/// # Errors
/// [`TrainError::Memory`] when it cannot.
pub(super) fn check_run(problem: &Problem, method: Method, options: &Options) -> Result<(), TrainError> {
    refuse_beyond(method.name(), run_bytes(problem, method, options, problem.train.x.cols(), false)?)
}

/// The same for a run on a stream of `samples` training samples, its window included.
///
/// # Errors
/// As [`check_run`].
pub(super) fn check_streamed(
    problem: &Problem,
    method: Method,
    options: &Options,
    samples: usize,
    window: usize,
) -> Result<(), TrainError> {
    let window = window.min(samples);
    let run = run_bytes(problem, method, options, samples, true)?;
    // For a cross-entropy the start is found on as many samples as the window has, before there is a window.
    let sample = problem.network.inputs().saturating_add(problem.outputs()).saturating_mul(window);
    let numbers = match problem.loss {
        LossKind::LeastSquares => sample,
        LossKind::CrossEntropy => sample.saturating_add(projected_len(problem, options, window)),
    };
    refuse_beyond(method.name(), run.saturating_add(numbers.saturating_mul(size_of::<f64>())))
}

/// Workspace of slimTrain's last solve.
fn solve_len(problem: &Problem, samples: usize, streamed: bool) -> usize {
    let (shape, outputs) = (problem.network.shape(), problem.outputs());
    match streamed {
        true => stream::solve_len(shape.features, outputs),
        false => varpro_least_squares_work_len(shape, outputs, samples),
    }
}

fn refuse_beyond(method: &'static str, bytes: usize) -> Result<(), TrainError> {
    if memory::fits_bytes(bytes) { Ok(()) } else { Err(TrainError::too_large(method, bytes)) }
}
