//! How well does GNvpro learn MATLAB's peaks surface from 2000 points in 400 passes over them?
//!
//! The network's sizes are in its type: 2 → 8 tanh, then 7 Runge–Kutta steps of antisymmetric tanh layers. The output weights
//! are not trained at all: they are solved for at every θ, and their derivative enters the Gauss–Newton matrix.
//!
//! `cargo run --release --example peaks`

use gaussling::core::nn::{Antisymmetric, Init, LeastSquares, Linear, Loss, Network, Rk4, Tikhonov, tanh, uniform};
use gaussling::core::optim::{
    Objective, Status, TrustRegion, TrustRegionOptions, VarProLeastSquares, trust_region_work_len,
    varpro_least_squares_work_len,
};
use gaussling::core::{Backend, Error, MatRef, Portable};
use gaussling::matrix::DenseMatrix;
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Work units: forward or backward passes over all points.
const BUDGET: usize = 400;

/// The surface, between −6.6 and 8.1 on [−3, 3]².
fn peaks(x: f64, y: f64) -> f64 {
    3.0 * (1.0 - x).powi(2) * (-x * x - (y + 1.0).powi(2)).exp()
        - 10.0 * (x / 5.0 - x.powi(3) - y.powi(5)) * (-x * x - y * y).exp()
        - (-(x + 1.0).powi(2) - y * y).exp() / 3.0
}

/// Uniform points of [−3, 3]², one a column, and the surface above them.
fn sample(rng: &mut Xoshiro256PlusPlus, points: usize) -> (DenseMatrix<f64>, DenseMatrix<f64>) {
    let x = DenseMatrix::from_fn(2, points, |_, _| 6.0 * uniform(rng) - 3.0);
    let c = DenseMatrix::from_fn(1, points, |_, j| peaks(x.col(j)[0], x.col(j)[1]));
    (x, c)
}

fn main() -> Result<(), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let (x, c) = sample(&mut rng, 2000);
    let (x_new, c_new) = sample(&mut rng, 1000);

    // The model. Layers whose sizes do not fit do not compile.
    let block = Rk4::<_, 7> { layer: (Antisymmetric::<8>, tanh::<8>()), step_size: 5.0 / 7.0 };
    let network = (Linear::<2, 8>, tanh::<8>(), block);
    let shape = Network::<f64>::shape(&network);
    let mut theta = vec![0.0; shape.params];
    network.initialize(Init::He, &mut rng, &mut theta)?;

    // Training: the loss with optimal output weights, and a trust region on it. No routine allocates; memory is passed in.
    let mut memory = vec![0.0; varpro_least_squares_work_len(shape, 1, x.cols())];
    let mut objective =
        VarProLeastSquares::new(&network, Tikhonov { alpha: 1e-6 }, 1e-8, &Portable, x.view(), c.view(), &mut memory)?;
    let options = TrustRegionOptions::default();
    let mut memory = vec![0.0; trust_region_work_len(shape.params, &options)];
    let mut method = TrustRegion::new(shape.params, options, &mut memory)?;
    println!("step  training loss  work units  outcome");
    for step in 1.. {
        let report = method.step(&Portable, &mut objective, &mut theta)?;
        let last = report.work_units >= BUDGET || report.status != Status::Running;
        if step % 10 == 1 || last {
            println!("{step:4}  {:13.3e}  {:10}  {:?}", report.value, report.work_units, report.outcome);
        }
        if last {
            break;
        }
    }

    // Validation: scores of new points with W = [K, b] at θ; the last trial of the method may have been elsewhere.
    objective.value(&theta)?;
    let samples = x_new.cols();
    let mut features = DenseMatrix::from_fn(shape.features, samples, |_, _| 0.0);
    let (mut cache, mut work) = (vec![0.0; shape.cache.of(samples)], vec![0.0; shape.work.of(samples)]);
    network.forward(&Portable, &theta, x_new.view(), features.view_mut(), &mut cache, &mut work)?;
    let w = MatRef::new(objective.weights(), 1, shape.features + 1)?;
    let bias = w.col(shape.features)[0];
    let mut scores = DenseMatrix::from_fn(1, samples, |_, _| bias);
    Portable.gemm(1.0, w.columns(0, shape.features)?, features.view(), 1.0, scores.view_mut())?;
    let loss: f64 = LeastSquares.value(scores.view(), c_new.view());
    println!("validation loss {loss:.3e}");
    assert!(loss < 0.01);
    Ok(())
}
