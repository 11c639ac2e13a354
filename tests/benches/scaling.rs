//! How cost grows with samples and falls with threads: `cargo bench -p gaussling-tests --bench scaling`.
//!
//! GNvpro on peaks (the network of `steps.rs`): objective, gradient and one Gauss–Newton product, from 10³ to 10⁶ samples, and the slope of
//! log time over log samples, 1 for a linear cost. The same by blocks of 512 samples, with the memory of both. slimTrain: an epoch of batches
//! of 10. Then two threads against one: GNvpro on 20 000 samples.

use std::time::Instant;

use gaussling::DenseMatrix;
use gaussling::backend::Fast;
use gaussling::network::Sampled;
use gaussling_core::Error;
use gaussling_core::nn::{Affine, Euler, Init, Linear, Network, Tikhonov, standard_normal, tanh, uniform};
use gaussling_core::optim::{
    Adam, Objective, Selection, SlimTrain, VarProLeastSquares, VarProStreamed, adam_state_len,
    sampled_tikhonov_state_len, slimtrain_work_len, varpro_least_squares_work_len, varpro_streamed_work_len,
};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

type Net = (
    Linear<2, 8>,
    gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>,
    Euler<(Affine<8, 8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>), 8>,
);

fn network() -> Net {
    (Linear, tanh(), Euler { layer: (Affine, tanh()), step_size: 5.0 / 8.0 })
}

struct Problem {
    theta: Vec<f64>,
    x: DenseMatrix<f64>,
    c: DenseMatrix<f64>,
}

fn problem(samples: usize) -> Result<Problem, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let mut theta = vec![0.0; Network::<f64>::shape(&network()).params];
    network().initialize(Init::He, &mut rng, &mut theta)?;
    let x = DenseMatrix::from_fn(2, samples, |_, _| 6.0 * uniform(&mut rng) - 3.0);
    let c = DenseMatrix::from_fn(1, samples, |_, _| standard_normal(&mut rng));
    Ok(Problem { theta, x, c })
}

/// Least seconds of `times` calls: other work on the machine only ever adds.
fn least(times: usize, mut call: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let mut least = f64::INFINITY;
    for _ in 0..times {
        let start = Instant::now();
        call()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}

/// Samples of a block of the streamed objective.
const BLOCK: usize = 512;

/// Seconds of an objective with gradient, and of a product; numbers in its memory.
fn gnvpro(samples: usize, threads: usize, times: usize, streamed: bool) -> Result<([f64; 2], usize), Error> {
    let fast = Fast::detect().with_threads(threads);
    let (network, Problem { theta, x, c }) = (network(), problem(samples)?);
    let sampled = Sampled::new(&network, &fast);
    let shape = Network::<f64>::shape(&sampled);
    let len = match streamed {
        true => varpro_streamed_work_len(shape, 1, BLOCK),
        false => varpro_least_squares_work_len(shape, 1, samples),
    };
    let (mut work, regularizer, x, c) = (vec![0.0; len], Tikhonov { alpha: 1e-6 }, x.view(), c.view());
    let seconds = if streamed {
        time(VarProStreamed::new(&sampled, regularizer, 1e-6, &fast, x, c, BLOCK, &mut work)?, &theta, times)?
    } else {
        time(VarProLeastSquares::new(&sampled, regularizer, 1e-6, &fast, x, c, &mut work)?, &theta, times)?
    };
    Ok((seconds, len))
}

fn time(mut objective: impl Objective<f64>, theta: &[f64], times: usize) -> Result<[f64; 2], Error> {
    let (mut gradient, mut product) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    let evaluation = least(times, || objective.value_and_gradient(theta, &mut gradient).map(drop))?;
    Ok([evaluation, least(times, || objective.product(&gradient, &mut product))?])
}

/// Seconds of an epoch of slimTrain.
fn slimtrain(samples: usize) -> Result<f64, Error> {
    const BATCH: usize = 10;
    let fast = Fast::detect();
    let (network, Problem { mut theta, x, c }) = (network(), problem(samples)?);
    let shape = Network::<f64>::shape(&network);
    let state = vec![0.0; sampled_tikhonov_state_len(shape.features, BATCH, 5)];
    let mut method = SlimTrain::new(shape, 1, BATCH, 5, 1e-3, state)?;
    let mut adam = Adam::new(1e-4, vec![0.0; adam_state_len(shape.params)]);
    let mut w = vec![0.0; shape.features + 1];
    let mut work = vec![0.0; slimtrain_work_len(shape, 1, BATCH, 5)];
    least(1, || {
        for first in (0..samples).step_by(BATCH) {
            let (x, c) = (x.view().columns(first, BATCH)?, c.view().columns(first, BATCH)?);
            let (regularizer, rule) = (&Tikhonov { alpha: 1e-6 }, &mut Selection::Gcv);
            method.step(&fast, &network, regularizer, rule, &mut adam, &mut theta, &mut w, x, c, &mut work)?;
        }
        Ok(())
    })
}

/// Least-squares slope of log seconds over log samples.
fn slope(points: &[(usize, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|&(n, seconds)| ((n as f64).ln(), seconds.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

fn main() -> Result<(), Error> {
    let sizes = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
    println!(
        "samples\tGNvpro objective and gradient ms\tproduct ms\tMB\t\
         streamed: objective and gradient ms\tproduct ms\tMB\tslimTrain epoch ms"
    );
    let mut times = [const { Vec::new() }; 5];
    for samples in sizes {
        let repetitions = if samples > 50_000 { 3 } else { 20 };
        let (kept, all) = gnvpro(samples, 1, repetitions, false)?;
        let (streamed, block) = gnvpro(samples, 1, repetitions, true)?;
        let epoch = slimtrain(samples)?;
        let [kept_ms, streamed_ms] = [kept, streamed].map(|seconds| seconds.map(|seconds| 1e3 * seconds));
        let [all, block] = [all, block].map(|numbers| 8e-6 * numbers as f64);
        println!(
            "{samples}\t{:.3}\t{:.3}\t{all:.1}\t{:.3}\t{:.3}\t{block:.1}\t{:.3}",
            kept_ms[0],
            kept_ms[1],
            streamed_ms[0],
            streamed_ms[1],
            1e3 * epoch
        );
        for (times, seconds) in times.iter_mut().zip([kept[0], kept[1], streamed[0], streamed[1], epoch]) {
            times.push((samples, seconds));
        }
    }
    let slopes = times.map(|times| slope(&times));
    println!("slope\t{:.3}\t{:.3}\t\t{:.3}\t{:.3}\t\t{:.3}", slopes[0], slopes[1], slopes[2], slopes[3], slopes[4]);
    let [(one, _), (two, _)] = [gnvpro(20_000, 1, 60, false)?, gnvpro(20_000, 2, 60, false)?];
    println!("two threads, 20000 samples\t{:.2}\t{:.2}", one[0] / two[0], one[1] / two[1]);
    Ok(())
}
