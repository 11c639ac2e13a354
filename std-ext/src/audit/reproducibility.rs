//! Digests of computations whose bits are promised to be the same on every platform: those of the portable kernels.
//!
//! The trainings are those of the firmware examples, which are run on an emulated Cortex-M4F, Cortex-M0 and RISC-V and in WebAssembly: their
//! digests are the same there. Where results change for a reason, the digest that the audit prints is the new one.

use super::Check;
use gaussling_core::nn::{
    Activation, Affine, Init, Layer, LeastSquares, Network, Shape, Tanh, Tikhonov, tanh, uniform,
};
use gaussling_core::optim::{
    Adam, CurveBall, CurveBallOptions, Objective, Selection, SlimTrain, Subproblem, TrustRegion, TrustRegionOptions,
    VarProLeastSquares, adam_state_len, curveball_state_len, curveball_work_len, sampled_tikhonov_state_len,
    slimtrain_work_len, trust_region_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Error, MatRef, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

/// Digests of the weights after training, and of what the other parts found with the portable kernels.
const STORED: [(&str, u64); 4] = [
    ("GNvpro, 30 steps", 0x58f7_d8d9_18d5_b513),
    ("slimTrain, 300 steps", 0x5818_c08b_cb27_8da1),
    ("CurveBall, 300 steps", 0xfe1e_7b6d_bcf3_1e55),
    ("residual ratios", 0xabd2_14b1_9eff_74bd),
];

/// FNV-1a of 64 bits over bytes (G. Fowler, L. Noll, K.-P. Vo, "The FNV non-cryptographic hash algorithm").
fn digest(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Of numbers, the low byte first.
fn digest_of<'a>(numbers: impl Iterator<Item = &'a f32>) -> u64 {
    digest(numbers.flat_map(|x| x.to_bits().to_le_bytes()))
}

const POINTS: usize = 40;
const FEATURES: usize = 8;
type Features = (Affine<2, FEATURES>, Activation<Tanh, FEATURES>);
type Whole = (Affine<2, FEATURES>, Activation<Tanh, FEATURES>, Affine<FEATURES, 1>);
const SHAPE: Shape = <Features as Layer>::SHAPE;
const WHOLE: Shape = <Whole as Layer>::SHAPE;

/// Points of MATLAB's peaks surface: two numbers each, and the height above.
fn points() -> ([[f32; 2]; POINTS], [f32; POINTS]) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(20);
    let inputs = [[0.0_f32; 2]; POINTS].map(|point| point.map(|_| (2.0 * uniform(&mut rng) - 1.0) as f32));
    (inputs, inputs.map(|point| peaks(point.map(|x| 3.0 * x)) / 8.0))
}

fn peaks([x, y]: [f32; 2]) -> f32 {
    let square = |x: f32| x * x;
    let first = 3.0 * square(1.0 - x) * Real::exp(-square(x) - square(y + 1.0));
    let second = 10.0 * (x / 5.0 - Real::powi(x, 3) - Real::powi(y, 5)) * Real::exp(-square(x) - square(y));
    first - second - Real::exp(-square(x + 1.0) - square(y)) / 3.0
}

/// Weights of the hidden layer.
fn start(theta: &mut [f32]) -> Result<(), Error> {
    Network::initialize(&(Affine, tanh()) as &Features, Init::Xavier, &mut Xoshiro128PlusPlus::seed_from_u64(1), theta)
}

fn gnvpro() -> Result<u64, Error> {
    let (inputs, heights) = points();
    let mut theta = vec![0.0; SHAPE.params];
    start(&mut theta)?;
    let options = TrustRegionOptions {
        subproblem: Subproblem::Recycled { pairs: 6 },
        krylov_dim: 6,
        krylov_tolerance: 1e-2,
        gradient_tolerance: 0.0,
        relative_gradient_tolerance: 0.0,
    };
    let mut buffer = vec![0.0; varpro_least_squares_work_len(SHAPE, 1, POINTS)];
    let mut work = vec![0.0; trust_region_work_len(SHAPE.params, &options)];
    let (x, c) = (MatRef::new(inputs.as_flattened(), 2, POINTS)?, MatRef::new(&heights, 1, POINTS)?);
    let network: Features = (Affine, tanh());
    let mut objective =
        VarProLeastSquares::new(&network, Tikhonov { alpha: 1e-5 }, 1e-5, &Portable, x, c, &mut buffer)?;
    let mut method = TrustRegion::recycled(SHAPE.params, options, &mut work)?;
    for _ in 0..30 {
        method.step(&Portable, &mut objective, &mut theta)?;
    }
    objective.value(&theta)?;
    Ok(digest_of(theta.iter().chain(objective.weights())))
}

fn slimtrain() -> Result<u64, Error> {
    const BATCH: usize = 8;
    const MEMORY: usize = 3;
    let (inputs, heights) = points();
    let (mut theta, mut w) = (vec![0.0; SHAPE.params], vec![0.0; FEATURES + 1]);
    start(&mut theta)?;
    let network: Features = (Affine, tanh());
    let state = vec![0.0; sampled_tikhonov_state_len(FEATURES, BATCH, MEMORY)];
    let mut method = SlimTrain::new(SHAPE, 1, BATCH, MEMORY, 1e-2, state)?;
    let mut update = Adam::new(1e-2, vec![0.0; adam_state_len(SHAPE.params)]);
    let mut work = vec![0.0; slimtrain_work_len(SHAPE, 1, BATCH, MEMORY)];
    let batches = || inputs.chunks_exact(BATCH).zip(heights.chunks_exact(BATCH));
    for (x, c) in std::iter::repeat_with(batches).flatten().take(300) {
        let (x, c) = (MatRef::new(x.as_flattened(), 2, BATCH)?, MatRef::new(c, 1, BATCH)?);
        let (rule, regularizer) = (&mut Selection::Gcv, Tikhonov { alpha: 1e-5 });
        let (theta, w, work) = (&mut theta, &mut w, &mut work);
        method.step(&Portable, &network, &regularizer, rule, &mut update, theta, w, x, c, work)?;
    }
    Ok(digest_of(theta.iter().chain(&w)))
}

fn curveball() -> Result<u64, Error> {
    const BATCH: usize = 40;
    let (inputs, heights) = points();
    let mut weights = vec![0.0; WHOLE.params];
    start(weights.get_mut(..SHAPE.params).unwrap_or_default())?;
    let network: Whole = (Affine, tanh(), Affine);
    let options = CurveBallOptions { lambda: 0.0001, ..CurveBallOptions::default() };
    let mut method = CurveBall::new(options, vec![0.0; curveball_state_len(WHOLE.params)])?;
    let mut work = vec![0.0; curveball_work_len(WHOLE, BATCH)];
    let batches = || inputs.chunks_exact(BATCH).zip(heights.chunks_exact(BATCH));
    for (x, c) in std::iter::repeat_with(batches).flatten().take(300) {
        let (x, c) = (MatRef::new(x.as_flattened(), 2, BATCH)?, MatRef::new(c, 1, BATCH)?);
        method.step(&Portable, &network, &LeastSquares, &mut weights, x, c, &mut work)?;
    }
    Ok(digest_of(weights.iter()))
}

/// The trainings, and the bits of all ratios that the portable kernels have given before.
pub(super) fn checks(before: &[Check], mut done: impl FnMut(Check)) {
    let portable = before.iter().filter(|check| check.backend == "portable");
    let ratios = portable.flat_map(|check| check.details.iter().map(|detail| detail.worst));
    let found = [gnvpro(), slimtrain(), curveball(), Ok(digest(ratios.flat_map(|x| x.to_bits().to_le_bytes())))];
    for ((name, stored), found) in STORED.into_iter().zip(found) {
        let (differs, at) = match found {
            Ok(found) => (f64::from(u8::from(found != stored)), format!("{found:016x}")),
            Err(error) => (1.0, error.to_string()),
        };
        done(Check {
            part: "reproducibility",
            name: name.to_string(),
            measure: "digests that differ from the stored one",
            precision: if name.contains("step") { "f32" } else { "f64, f32" },
            backend: "portable",
            worst: differs,
            limit: 0.0,
            at,
            trials: 1,
            details: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the firmwares compute on a Cortex-M4F, as `.ci/firmware` compares it.
    #[test]
    fn the_trainings_are_those_of_the_firmwares() {
        let budgets = include_str!("../../../examples/firmware/budgets.tsv");
        let names = ["train_gnvpro", "train_slimtrain", "train_curveball"];
        for (name, (_, stored)) in names.into_iter().zip(STORED) {
            let line = format!("{name}\tdigest\t{stored:016x}\t");
            assert!(budgets.contains(&line), "{line}");
        }
    }
}
