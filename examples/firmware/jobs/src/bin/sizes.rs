//! The table of the page on sizes: bytes of RAM and flash, from the constants of the types.

use gaussling_core::nn::{Activation, Affine, Layer, Shape, Tanh, predictor_work_len};
use gaussling_core::optim::{
    AdaptiveHead, OnlineHead, Subproblem, TrustRegionOptions, adam_state_len, curveball_state_len, curveball_work_len,
    sampled_tikhonov_state_len, slimtrain_work_len, trust_region_work_len, varpro_least_squares_work_len,
};

const OPTIONS: TrustRegionOptions<f32> = TrustRegionOptions {
    subproblem: Subproblem::Recycled { pairs: 6 },
    krylov_dim: 6,
    krylov_tolerance: 1e-2,
    gradient_tolerance: 0.0,
    relative_gradient_tolerance: 0.0,
};

fn bytes(numbers: usize) -> usize {
    numbers * size_of::<f32>()
}

/// Features, the network with its output layer, both with one hidden layer of FEATURES.
fn network<const INPUTS: usize, const FEATURES: usize, const TARGETS: usize>() -> (Shape, Shape) {
    (
        <(Affine<INPUTS, FEATURES>, Activation<Tanh, FEATURES>) as Layer>::SHAPE,
        <(Affine<INPUTS, FEATURES>, Activation<Tanh, FEATURES>, Affine<FEATURES, TARGETS>) as Layer>::SHAPE,
    )
}

fn inference<const INPUTS: usize, const FEATURES: usize, const TARGETS: usize>() {
    let (_, whole) = network::<INPUTS, FEATURES, TARGETS>();
    let constants = whole.params + 2 * (INPUTS + TARGETS);
    let (work, out) = (predictor_work_len(whole), TARGETS);
    println!("| {INPUTS} → {FEATURES} → {TARGETS} | {} | {} | {} |", whole.params, bytes(constants), bytes(work + out));
}

fn training<const INPUTS: usize, const FEATURES: usize, const TARGETS: usize>(samples: usize, batch: usize) {
    let (shape, whole) = network::<INPUTS, FEATURES, TARGETS>();
    let gnvpro = varpro_least_squares_work_len(shape, TARGETS, samples)
        + trust_region_work_len(shape.params, &OPTIONS)
        + shape.params;
    let slimtrain = sampled_tikhonov_state_len(FEATURES, batch, 3)
        + adam_state_len(shape.params)
        + slimtrain_work_len(shape, TARGETS, batch, 3)
        + whole.params;
    let curveball = curveball_state_len(whole.params) + curveball_work_len(whole, batch) + whole.params;
    println!(
        "| {INPUTS} → {FEATURES} → {TARGETS} | {samples}, {batch} | {} | {} | {} |",
        bytes(gnvpro),
        bytes(slimtrain),
        bytes(curveball)
    );
}

fn main() {
    println!("| network | weights | flash, bytes | RAM, bytes |\n|---|---|---|---|");
    inference::<3, 8, 1>();
    inference::<9, 16, 4>();
    inference::<9, 32, 10>();
    inference::<32, 64, 10>();
    println!("\n| regressors × targets | `AdaptiveHead`, bytes | `OnlineHead`, bytes |\n|---|---|---|");
    println!("| 4 × 1 | {} | {} |", size_of::<AdaptiveHead<'_, f32, 4, 1>>(), size_of::<OnlineHead<f32, 3, 1>>());
    println!("| 17 × 4 | {} | {} |", size_of::<AdaptiveHead<'_, f32, 17, 4>>(), size_of::<OnlineHead<f32, 16, 4>>());
    println!("| 33 × 10 | {} | {} |", size_of::<AdaptiveHead<'_, f32, 33, 10>>(), size_of::<OnlineHead<f32, 32, 10>>());
    println!("| 65 × 10 | {} | {} |", size_of::<AdaptiveHead<'_, f32, 65, 10>>(), size_of::<OnlineHead<f32, 64, 10>>());
    println!("\n| network | samples, batch | GNvpro | slimTrain | CurveBall |\n|---|---|---|---|---|");
    training::<2, 8, 1>(40, 8);
    training::<2, 8, 1>(200, 8);
    training::<9, 16, 4>(100, 16);
    training::<9, 32, 10>(100, 16);
}
