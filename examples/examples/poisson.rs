//! Does a network save conjugate gradients any steps?
//!
//! −Δu = f on the unit square, u = 0 on its boundary. The network keeps the boundary values by a factor and is linear in its
//! last weights: u = B·(Σ wₖ φₖ + b) with B = x(1−x) y(1−y) and φₖ = sin(aₖx + bₖy + cₖ). So is its residual:
//!
//! ```text
//! −Δu − f = q·(W [Z; 1] − f/q),   Zₖ = Δ(B φₖ)/ΔB,   q = −ΔB > 0
//! ```
//! a separable least-squares problem with features Z, targets f/q and sample weights q². Divided by q, the constant feature
//! that the optimizers append is the network's own bias; undivided it would be a constant added to f, which no u accounts for.
//! All derivatives, Δ too, come from dual numbers.
//!
//! The trained network is then the initial guess of conjugate gradients for the five-point formula, as in S. Markidis, "The
//! old and the new: can physics-informed deep-learning replace traditional linear solvers?" (Front. Big Data 4, 2021). The
//! smooth problem is that of S. Liang et al., "Reproducing activation function for deep learning" (arXiv 2101.04844, 2021).
//!
//! `cargo run --release --example poisson`   (`-- 2` for other points and another start)

use std::time::Instant;

use gaussling::core::linalg::{
    ConjugateGradientsOptions, SymmetricOperator, conjugate_gradients, conjugate_gradients_work_len,
};
use gaussling::core::nn::{
    Affine, Bank, FeatureFunction, Init, Layer, LeastSquares, Network, Tikhonov, Weighted, standard_normal, uniform,
};
use gaussling::core::optim::{
    Adam, Lbfgs, LbfgsOptions, Objective, Status, TrustRegion, TrustRegionOptions, Update, VarProLeastSquares,
    adam_state_len, lbfgs_work_len, loss_and_gradient, loss_work_len, trust_region_work_len,
    varpro_least_squares_work_len,
};
use gaussling::core::{Backend, Dual, Error, MatRef, Portable, Real};
use gaussling::matrix::DenseMatrix;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const NEURONS: usize = 32;
const POINTS: usize = 600;
/// Forward or backward passes over all points.
const BUDGET: usize = 400;
/// Inner points of the grid each way.
const GRID: usize = 127;

type Net = Bank<Neuron, 3, 2, NEURONS>;
type Twice<T> = Dual<Dual<T, 1>, 1>;

/// B
fn boundary<T: Real>(x: T, y: T) -> T {
    x * (T::ONE - x) * y * (T::ONE - y)
}

/// −Δu at (x, y): second derivatives by dual numbers of dual numbers.
fn minus_laplacian<T: Real>(x: T, y: T, u: impl Fn(Twice<T>, Twice<T>) -> Twice<T>) -> T {
    let moving = |x| Dual { value: Dual::variable(x, 0), eps: [Dual::ONE] };
    -(u(moving(x), constant(y)).eps[0].eps[0] + u(constant(x), moving(y)).eps[0].eps[0])
}

fn constant<T: Real>(x: T) -> Twice<T> {
    Dual::constant(Dual::constant(x))
}

/// A feature of the residual, with its direction and phase as parameters.
#[derive(Clone, Copy)]
struct Neuron {
    /// Deviation of a and b at the start.
    frequency: f64,
}

impl Neuron {
    /// B φ
    fn eval_u<T: Real>([a, b, c]: [T; 3], x: T, y: T) -> T {
        boundary(x, y) * (a * x + b * y + c).sin()
    }
}

impl FeatureFunction<3, 2, 1> for Neuron {
    fn eval<T: Real>(&self, theta: &[T; 3], &[x, y]: &[T; 2]) -> [T; 1] {
        let theta = theta.map(constant);
        [minus_laplacian(x, y, |x, y| Self::eval_u(theta, x, y)) / minus_laplacian(x, y, boundary)]
    }

    fn start<R: Rng>(&self, rng: &mut R) -> Option<[f64; 3]> {
        let [a, b] = [(); 2].map(|()| self.frequency * standard_normal(rng));
        Some([a, b, -a * uniform(rng) - b * uniform(rng)])
    }
}

/// Solutions to be found again from their f.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Problem {
    /// x²(1−x) y²(1−y)
    Smooth,
    /// B sin(9x² + 9y)
    Oscillatory,
}

impl Problem {
    fn solution<T: Real>(self, x: T, y: T) -> T {
        let factor = if self == Problem::Smooth { x * y } else { (x * x + y).scale(9.0).sin() };
        boundary(x, y) * factor
    }
}

/// Values on the grid, x first.
fn on_grid(f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let at = |i: usize| (i + 1) as f64 / (GRID + 1) as f64;
    (0..GRID * GRID).map(|k| f(at(k % GRID), at(k / GRID))).collect()
}

/// y ← A x, the five-point formula.
fn five_points(x: &[f64], y: &mut [f64]) -> Result<(), Error> {
    let value = |inside: bool, k: usize| if inside { x[k] } else { 0.0 };
    for (k, y) in y.iter_mut().enumerate() {
        let (i, j) = (k % GRID, k / GRID);
        let beside = value(i > 0, k.wrapping_sub(1)) + value(i + 1 < GRID, k + 1);
        let above = value(j > 0, k.wrapping_sub(GRID)) + value(j + 1 < GRID, k + GRID);
        *y = ((GRID + 1) * (GRID + 1)) as f64 * (4.0 * x[k] - beside - above);
    }
    Ok(())
}

/// Conjugate gradients for A u = f from u to ‖f − A u‖ ≤ 1e-6 ‖f‖: relative residual before, steps.
fn finish(f: &[f64], u: &mut [f64]) -> Result<(f64, usize), Error> {
    let (mut r, mut correction) = (vec![0.0; f.len()], vec![0.0; f.len()]);
    five_points(u, &mut r)?;
    r.iter_mut().zip(f).for_each(|(r, f)| *r = f - *r);
    let before = Portable.norm(&r) / Portable.norm(f);
    let options = ConjugateGradientsOptions { tolerance: 1e-6 / before, ..Default::default() };
    let mut operator = SymmetricOperator { n: f.len(), apply: five_points };
    let mut work = vec![0.0; conjugate_gradients_work_len(f.len())];
    let report = conjugate_gradients(&Portable, &mut operator, &r, &mut correction, &mut work, &options)?;
    Portable.axpy(1.0, &correction, u);
    Ok((before, report.iterations))
}

/// ‖a − b‖/‖b‖
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt() / Portable.norm(b)
}

/// Norms of the sine coefficients of a − b over ‖b‖: up to 4 half waves in x and y, up to 16, more.
fn spectrum(a: &[f64], b: &[f64]) -> Result<String, Error> {
    let sine = |k: usize, i: usize| (std::f64::consts::PI * ((k + 1) * (i + 1)) as f64 / (GRID + 1) as f64).sin();
    let s = DenseMatrix::from_fn(GRID, GRID, |k, i| (2.0 / (GRID + 1) as f64).sqrt() * sine(k, i));
    let difference = DenseMatrix::from_fn(GRID, GRID, |i, j| a[i + j * GRID] - b[i + j * GRID]);
    let [mut half, mut both] = [(); 2].map(|()| DenseMatrix::from_fn(GRID, GRID, |_, _| 0.0));
    Portable.gemm(1.0, s.view(), difference.view(), 0.0, half.view_mut())?;
    Portable.gemm(1.0, half.view(), s.view(), 0.0, both.view_mut())?;
    let mut squares = [0.0; 3];
    for (k, l) in (0..GRID * GRID).map(|i| (i % GRID, i / GRID)) {
        let half_waves = k.max(l) + 1;
        squares[usize::from(half_waves > 4) + usize::from(half_waves > 16)] += both[(k, l)] * both[(k, l)];
    }
    let [low, middle, high] = squares.map(|square: f64| square.sqrt() / Portable.norm(b));
    Ok(format!("{low:9.1e} {middle:9.1e} {high:9.1e}"))
}

/// GNvpro, until the budget is spent.
fn gnvpro(f: &mut impl Objective<f64>, theta: &mut [f64], options: TrustRegionOptions<f64>) -> Result<(), Error> {
    let mut memory = vec![0.0; trust_region_work_len(theta.len(), &options)];
    let mut method = TrustRegion::new(theta.len(), options, &mut memory)?;
    while method.work_units() < BUDGET && method.step(&Portable, f, theta)?.status == Status::Running {}
    Ok(())
}

/// L-BFGS with variable projection, until the budget is spent.
fn lbfgs(f: &mut impl Objective<f64>, theta: &mut [f64]) -> Result<(), Error> {
    let options = LbfgsOptions::default();
    let mut memory = vec![0.0; lbfgs_work_len(theta.len(), options.memory)];
    let mut method = Lbfgs::new(theta.len(), options, &mut memory)?;
    while method.work_units() < BUDGET && method.step(&Portable, f, theta)?.status == Status::Running {}
    Ok(())
}

/// The residual as a network with all its weights, for Adam.
type Whole = (Net, Affine<NEURONS, 1>);

/// Adam on θ and W together, from the best W at the start and in batches of 25 points.
fn adam(
    whole: &Whole,
    rate: f64,
    [x, c]: [MatRef<'_, f64>; 2],
    q2: &[f64],
    theta: &mut [f64],
    w: &[f64],
) -> Result<(), Error> {
    const BATCH: usize = 25;
    let mut all = [&*theta, w].concat();
    let mut adam = Adam::new(rate, [0.0; adam_state_len(Whole::PARAMS)]);
    let (mut gradient, mut work) = (vec![0.0; all.len()], vec![0.0; loss_work_len(Whole::SHAPE, BATCH)]);
    for _ in 0..BUDGET / 2 {
        for first in (0..POINTS).step_by(BATCH) {
            let loss = Weighted::new(LeastSquares, &q2[first..first + BATCH])?;
            let (x, c) = (x.columns(first, BATCH)?, c.columns(first, BATCH)?);
            loss_and_gradient(&Portable, whole, loss, &all, x, c, &mut gradient, &mut work)?;
            adam.update(&Portable, &mut all, &gradient)?;
        }
    }
    theta.copy_from_slice(&all[..Net::PARAMS]);
    Ok(())
}

/// Prints the table of a problem; returns the steps of conjugate gradients from zero, from the untrained network, and from that
/// of the last row.
fn solve(problem: Problem, frequency: f64, rate: f64, seed: u64) -> Result<[usize; 3], Error> {
    // The points and what the residual needs there.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let f = |x: f64, y: f64| minus_laplacian(x, y, |x, y| problem.solution(x, y));
    let x = DenseMatrix::from_fn(2, POINTS, |_, _| uniform(&mut rng));
    let q: Vec<f64> = (0..POINTS).map(|j| minus_laplacian(x[(0, j)], x[(1, j)], boundary)).collect();
    let c = DenseMatrix::from_fn(1, POINTS, |_, j| f(x[(0, j)], x[(1, j)]) / q[j]);
    let q2: Vec<f64> = q.iter().map(|q| q * q).collect();

    // The network.
    let net: Net = Bank(Neuron { frequency });
    let mut start = [0.0; Net::PARAMS];
    net.initialize(Init::He, &mut rng, &mut start)?;
    let mut memory = vec![0.0; varpro_least_squares_work_len(Net::SHAPE, 1, POINTS)];
    let tiny = Tikhonov { alpha: 1e-14 };
    let mut objective = VarProLeastSquares::new(&net, tiny, 1e-14, &Portable, x.view(), c.view(), &mut memory)?
        .with_sample_weights(&q2)?;

    // The old way alone.
    let (exact, f) = (on_grid(|x, y| problem.solution(x, y)), on_grid(f));
    let (zero, mut solved, clock) = (vec![0.0; exact.len()], vec![0.0; exact.len()], Instant::now());
    let (_, from_zero) = finish(&f, &mut solved)?;
    println!(
        "{problem:?}: five-point formula on {GRID} x {GRID} points; solved to 1e-6 it is {:.1e} off",
        distance(&solved, &exact)
    );
    println!("start of CG       |error|  |residual|  CG steps  seconds   error in waves <= 4, <= 16, more");
    let line = |name: &str, error: f64, residual: f64, steps: usize, seconds: f64, waves: String| {
        println!("{name:16} {error:8.1e}  {residual:10.1e}  {steps:8}  {seconds:7.3}  {waves}");
    };
    line("zero", 1.0, 1.0, from_zero, clock.elapsed().as_secs_f64(), spectrum(&zero, &solved)?);

    // The new one before it. A pass is a pass in the budget, but with the slopes kept a product costs a tenth of an evaluation,
    // and GMRES takes many products at a point; recycled curvature and L-BFGS take few.
    let mut counts = [from_zero; 3];
    for (row, name) in ["untrained", "Adam", "L-BFGS", "GNvpro", "GNvpro, GMRES"].into_iter().enumerate() {
        let (mut theta, clock) = (start, Instant::now());
        objective.value(&theta)?;
        match row {
            0 => {}
            1 => adam(&(net, Affine), rate, [x.view(), c.view()], &q2, &mut theta, objective.weights())?,
            2 => lbfgs(&mut objective, &mut theta)?,
            3 => gnvpro(&mut objective, &mut theta, TrustRegionOptions::default())?,
            _ => gnvpro(&mut objective, &mut theta, TrustRegionOptions::published())?,
        }
        objective.value(&theta)?; // W at θ, for Adam too
        let seconds = clock.elapsed().as_secs_f64();
        let (w, neurons) = (objective.weights(), theta.as_chunks::<3>().0);
        let network = |x, y| neurons.iter().zip(w).map(|(&theta, w)| w * Neuron::eval_u(theta, x, y)).sum::<f64>();
        let mut u = on_grid(|x, y| network(x, y) + w[NEURONS] * boundary(x, y));
        let (error, waves) = (distance(&u, &exact), spectrum(&u, &solved)?);
        let (residual, steps) = finish(&f, &mut u)?;
        line(name, error, residual, steps, seconds, waves);
        counts[if row == 0 { 1 } else { 2 }] = steps;
    }
    Ok(counts)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    // Frequencies of about the solution's size, and for Adam the better one of the rates 1e-2 and 1e-3.
    let [zero, untrained, trained] = solve(Problem::Smooth, 3.0, 1e-3, seed)?;
    assert!(10 * trained < zero && 5 * trained < untrained, "a smooth solution needs few steps more");
    println!();
    // What the network leaves is small but rougher than what it took away: two digits are not a third of the steps.
    let [zero, untrained, trained] = solve(Problem::Oscillatory, 12.0, 1e-2, seed)?;
    assert!(10 * trained < 9 * zero && trained < untrained, "an oscillatory one at least a tenth less");
    Ok(())
}
