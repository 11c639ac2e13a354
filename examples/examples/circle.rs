//! How many passes over the data does it take to tell the inside of an ellipse from its outside, with and without projection?
//!
//! Points (r cos φ, 0.4 r sin φ), φ uniform; class 1 for r ~ U[0, 1], class 0 for r ~ U[1, 2], as many of both: 5000 for
//! training, 1000 for test. Tanh layers of widths 4, 4 and 2, then one row of output weights under the logistic loss: 42 + 3
//! weights; α = 1e-6 for θ and 1e-8 for W, 10 Krylov vectors to 1e-3 (E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders,
//! "Train like a (Var)Pro", 2021, and their code, whose layers have one bias where these have one a neuron). That code halves
//! the number of wrong answers of a single row, so its errors are twice those that it prints; here they are counted in full. No
//! figure of the paper is known to us.
//!
//! `cargo run --release --example circle`

use gaussling::DenseMatrix;
use gaussling::core::nn::{
    Activation, Affine, Init, Layer, Logistic, Network, OnRange, Shape, Tanh, Tikhonov, tanh, uniform,
};
use gaussling::core::optim::{
    FullObjective, Objective, Status, TrustRegion, TrustRegionOptions, VarProConvex, full_objective_work_len,
    trust_region_work_len, varpro_convex_work_len,
};
use gaussling::core::{Error, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

#[rustfmt::skip]
type Features = (
    Affine<2, 4>, Activation<Tanh, 4>, Affine<4, 4>, Activation<Tanh, 4>, Affine<4, 2>, Activation<Tanh, 2>,
);
/// The features and the row of output weights.
type Whole = (Features, Affine<2, 1>);
const FEATURES: Features = (Affine, tanh(), Affine, tanh(), Affine, tanh());
const WHOLE: Whole = (FEATURES, Affine);
const SHAPE: Shape = Features::SHAPE;
const PASSES: [usize; 4] = [50, 100, 200, 400];

/// Points one a column, and a row of labels.
fn sample(rng: &mut Xoshiro256PlusPlus, points: usize) -> (DenseMatrix<f64>, DenseMatrix<f64>) {
    let mut x = DenseMatrix::from_fn(2, points, |_, _| 0.0);
    for j in 0..points {
        let (radius, angle) = (uniform(rng) + (j % 2) as f64, core::f64::consts::TAU * uniform(rng));
        x.col_mut(j).copy_from_slice(&[radius * angle.cos(), 0.4 * radius * angle.sin()]);
    }
    (x, DenseMatrix::from_fn(1, points, |_, j| f64::from(u8::from(j % 2 == 0))))
}

/// Wrong answers in percent, with all weights: a score above 0 means class 1.
fn error(weights: &[f64], (x, c): &(DenseMatrix<f64>, DenseMatrix<f64>)) -> Result<f64, Error> {
    let n = x.cols();
    let mut s = DenseMatrix::from_fn(1, n, |_, _| 0.0);
    let (mut cache, mut work) = (vec![0.0; Whole::SHAPE.cache.of(n)], vec![0.0; Whole::SHAPE.work.of(n)]);
    WHOLE.forward(&Portable, weights, x.view(), s.view_mut(), &mut cache, &mut work)?;
    let wrong = s.as_slice().iter().zip(c.as_slice()).filter(|&(&s, &c)| (s > 0.0) != (c > 0.5)).count();
    Ok(100.0 * wrong as f64 / n as f64)
}

/// Steps until the passes of the table are used up; the error at each of them. `weights` gives all weights at θ.
fn run<O: Objective<f64>>(
    objective: &mut O,
    theta: &mut [f64],
    options: TrustRegionOptions<f64>,
    error: impl Fn(&mut O, &[f64]) -> Result<f64, Error>,
) -> Result<[f64; 4], Error> {
    let mut memory = vec![0.0; trust_region_work_len(theta.len(), &options)];
    let mut method = TrustRegion::new(theta.len(), options, &mut memory)?;
    let mut errors = [0.0; 4];
    for (of, passes) in errors.iter_mut().zip(PASSES) {
        while method.work_units() < passes {
            if method.step(&Portable, objective, theta)?.status != Status::Running {
                break;
            }
        }
        *of = error(objective, theta)?;
    }
    Ok(errors)
}

fn main() -> Result<(), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(42);
    let [(x, c), new] = [5000, 1000].map(|points| sample(&mut rng, points));
    let (x, c) = (x.view(), c.view());
    let on_theta = Tikhonov { alpha: 1e-6 };
    let gmres = TrustRegionOptions { krylov_dim: 10, krylov_tolerance: 1e-3, ..TrustRegionOptions::published() };
    let mut means = [[0.0; 4]; 3];
    for seed in 0..3 {
        let mut start = [0.0; SHAPE.params];
        FEATURES.initialize(Init::He, &mut Xoshiro256PlusPlus::seed_from_u64(seed), &mut start)?;
        let mut memory = vec![0.0; varpro_convex_work_len(SHAPE, 1, x.cols())];
        let mut reduced = VarProConvex::new(&FEATURES, Logistic, on_theta, 1e-8, 1e-10, &Portable, x, c, &mut memory)?;
        reduced.value(&start)?;
        let mut all = [&start, reduced.weights()].concat();
        let mut memory = vec![0.0; full_objective_work_len(Whole::SHAPE, x.cols())];
        let on = |start, len, alpha| OnRange { start, len, regularizer: Tikhonov { alpha } };
        let on_all = (on(0, SHAPE.params, 1e-6), on(SHAPE.params, 3, 1e-8));
        let mut full = FullObjective::new(&WHOLE, Logistic, on_all, &Portable, x, c, &mut memory)?;
        let mut errors = [[0.0; 4]; 3];
        for (errors, options) in errors.iter_mut().zip([gmres, TrustRegionOptions::default()]) {
            *errors = run(&mut reduced, &mut start.clone(), options, |reduced, theta| {
                reduced.value(theta)?;
                error(&[theta, reduced.weights()].concat(), &new)
            })?;
        }
        errors[2] = run(&mut full, &mut all, gmres, |_, all| error(all, &new))?;
        means.iter_mut().flatten().zip(errors.iter().flatten()).for_each(|(mean, error)| *mean += error / 3.0);
    }
    println!("wrong answers on test data, percent, mean of three weight seeds, after");
    println!("{:28} {}", "passes", PASSES.map(|n| format!("{n:6}")).concat());
    for (name, mean) in ["GNvpro, GMRES", "GNvpro, recycled", "Gauss–Newton, all 45 weights"].iter().zip(means) {
        println!("{name:28} {}", mean.map(|e| format!("{e:6.1}")).concat());
    }
    let [gmres, recycled, full] = means;
    assert!(gmres[3] < 0.5 && recycled[3] < 0.5, "an ellipse is learnt");
    assert!(recycled[1] < 0.5 * gmres[1] && gmres[2] < 0.2 * full[2], "recycling and projection pay");
    Ok(())
}
