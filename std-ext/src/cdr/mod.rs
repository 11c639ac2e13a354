//! A data set to practise on: a convection-diffusion-reaction equation with 55 reaction parameters and 72 observations.
//!
//! ```text
//! u_t = div(D grad u) − v·grad u + f + r(u; y)   in the unit square,   D grad u · n = 0 on the walls,   u(0) = 0
//! r(u; y) = a · s(u) u · Σ_{i+j ≤ 9} y_ij x^j z^i − u²/S,               s(u) = u² / (K² + u²)
//! v = (∂ψ/∂z, −∂ψ/∂x),   ψ = (V/π) sin πx sin πz,     f = f₀ exp(−t/τ) exp(−((x − x₀)² + (z − z₀)²) / 2w²)
//! ```
//!
//! A pulse of a substance is carried around by a roll. It makes more of itself, the more readily the more of it there is
//! (s, a threshold at u ≈ K as in cooperative kinetics), at a rate that varies in space, and crowding (S) holds it back.
//! The 55 = 10·11/2 coefficients y_ij of the rate are positive and sum to 1; they are the inputs, row i = 0 … 9 after row,
//! j = 0 … 9 − i in a row. The outputs are u at 6 sensors at 12 times, the six of the first time first. The constants are the
//! default of [`Problem`].
//!
//! **Not the published data.** Problem, sizes and the law of y are those of the CDR example in E. Newman, L. Ruthotto, J. Hart and
//! B. van Bloemen Waanders, "Train Like a (Var)Pro: Efficient Training of Neural Networks with Variable Projection", SIAM J.
//! Math. Data Sci. 3(4), 2021, doi 10.1137/20M1359511. We did not find its reaction term, constants and sensors published; all of
//! these are our own here. Errors on this data must not be set beside the errors in that paper.
//!
//! **Difficulty.** The threshold is what makes the data hard: without it log u is nearly affine in y. Relative test errors, mean over
//! the samples of ‖prediction − c‖/‖c‖, with 400 samples to fit and 200 others to test:
//!
//! | predictor | error |
//! |---|---|
//! | mean of the fitted samples | 17 … 20 % |
//! | affine fit of C | 2.9 … 3.3 % |
//! | affine fit of log C | 1.8 … 2.1 % |
//! | the same with all squares and products of its 8 leading directions | 1 % |
//! | two tanh layers of width 8 or 16 with linear output | 0.3 % |
//!
//! Ranges are over seeds; the last two rows are of seed 0, the last with 200 more samples to choose when to stop. Values lie
//! within about 2 … 45. `tests/cdr.rs` measures the first three rows.
//!
//! **Method.** Cell-centred finite volumes on 16 × 16 cells, first-order upwind convection; implicit Euler for diffusion and
//! convection, whose banded LU factors are computed once for all samples and steps; production explicit, crowding linearised:
//!
//! ```text
//! (I + Δt·A) u⁺ = u (1 + Δt·a·s(u)·Σ y_ij x^j z^i) / (1 + Δt·u/S) + Δt·f(t⁺)
//! ```
//!
//! Every value is ≥ 0 to the last bit whatever Δt (both sides are built from non-negative terms, and the solve preserves the sign),
//! and without f and r the mass is conserved to rounding. First order in Δt and h. The discretization is part of the problem: halving
//! Δt or h once moves the observations by about 10 %, since growth past the threshold amplifies every change. Sensors interpolate
//! bilinearly between centres.
//!
//! Exponentials and sines are `libm`'s and samples do not interact: the bits depend on the seed and on the number of the sample
//! only, not on the platform, the number of threads or the number of samples. Cost: 4n³ + O(n²) operations a step and sample with n cells
//! along a side; 800 samples take about 0.1 s on one core.

mod transport;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{sync::mpsc, thread};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::DenseMatrix;
use transport::{LANES, Lanes, Transport};

/// Largest total degree of the monomials x^j z^i in the reaction rate.
const DEGREE: usize = 9;

/// Number of parameters y of one sample.
pub const INPUTS: usize = (DEGREE + 1) * (DEGREE + 2) / 2;

/// Number of observation times.
pub const TIMES: usize = 12;

/// Places (x, z) of the sensors, in the order of the outputs.
pub const SENSORS: [[f64; 2]; 6] = [[0.3, 0.25], [0.5, 0.25], [0.8, 0.25], [0.3, 0.75], [0.5, 0.75], [0.8, 0.75]];

/// Number of observations of one sample; output `s + SENSORS.len()·t` is sensor `s` at time `t`.
pub const OUTPUTS: usize = TIMES * SENSORS.len();

/// The constants of the equation and of its discretization; the names in formulas are those of the [module](self).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// D ≥ 0.
    pub diffusion: f64,
    /// V, the largest speed of the roll; a negative one turns the other way.
    pub velocity: f64,
    /// f₀ ≥ 0, the rate of the source at its centre at t = 0.
    pub source_strength: f64,
    /// τ > 0, the time in which the source falls to 1/e.
    pub source_time: f64,
    /// (x₀, z₀).
    pub source_centre: [f64; 2],
    /// w > 0.
    pub source_width: f64,
    /// a ≥ 0, the growth rate where s(u) = 1 and the sum is 1 (its largest value, at x = z = 1).
    pub growth: f64,
    /// K > 0, where s = ½.
    pub threshold: f64,
    /// S > 0; infinite for no crowding.
    pub crowding: f64,
    /// n ≥ 2, the number of cells along a side.
    pub cells: usize,
    /// Δt > 0.
    pub time_step: f64,
    /// The step after which the first observation is made, at least 1.
    pub first_observation: usize,
    /// Steps from one observation to the next.
    pub observation_interval: usize,
}

impl Default for Problem {
    /// The problem that [`generate`] solves: observations at t = 9, 9.75, …, 17.25.
    fn default() -> Self {
        Self {
            diffusion: 0.007,
            velocity: 0.045,
            source_strength: 25.0,
            source_time: 2.0,
            source_centre: [0.25, 0.7],
            source_width: 0.18,
            growth: 2.0,
            threshold: 8.0,
            crowding: 80.0,
            cells: 16,
            time_step: 0.15,
            first_observation: 60,
            observation_interval: 5,
        }
    }
}

/// Inputs ([`INPUTS`] × `samples`) and targets ([`OUTPUTS`] × `samples`), one sample a column, on all processors.
///
/// ```
/// let (inputs, targets) = gaussling::cdr::generate(3, 7);
/// assert_eq!((inputs.rows(), targets.rows(), targets.cols()), (55, 72, 3));
/// assert!(targets.as_slice().iter().all(|c| (1.0..100.0).contains(c)));
/// ```
pub fn generate(samples: usize, seed: u64) -> (DenseMatrix<f64>, DenseMatrix<f64>) {
    generate_with(samples, seed, |_| {})
}

/// [`generate`] that calls `progress` with the number of finished samples, in this thread and in increasing order.
pub fn generate_with(samples: usize, seed: u64, progress: impl FnMut(usize)) -> (DenseMatrix<f64>, DenseMatrix<f64>) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let inputs = parameters(samples, seed);
    let targets = Problem::default().solve(&inputs, threads, progress);
    (inputs, targets)
}

/// [`INPUTS`] × `samples` parameters: U(0, 1) draws of xoshiro256++, column after column, each column divided by its sum.
pub fn parameters(samples: usize, seed: u64) -> DenseMatrix<f64> {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    // The upper 53 bits, so that every draw is a multiple of 2⁻⁵³ without rounding.
    let mut y =
        DenseMatrix::from_fn(INPUTS, samples, |_, _| (generator.next_u64() >> 11) as f64 * (0.5 * f64::EPSILON));
    for j in 0..samples {
        let sum: f64 = y.col(j).iter().sum();
        y.col_mut(j).iter_mut().for_each(|x| *x /= sum);
    }
    y
}

impl Problem {
    /// The observations, [`OUTPUTS`] × samples, for given parameters, [`INPUTS`] × samples.
    ///
    /// `threads` (0 counts as 1) share the samples; the result has the same bits for any number. `progress` is called in the
    /// calling thread with the number of finished samples. A NaN in a column of `inputs` gives NaN in that column only;
    /// negative parameters are allowed and void the promise of non-negative values.
    ///
    /// # Panics
    /// When `inputs` does not have [`INPUTS`] rows, or `cells < 2`, or `first_observation` is 0.
    pub fn solve(
        &self,
        inputs: &DenseMatrix<f64>,
        threads: usize,
        mut progress: impl FnMut(usize),
    ) -> DenseMatrix<f64> {
        assert_eq!(inputs.rows(), INPUTS, "rows of the inputs");
        assert!(self.cells >= 2 && self.first_observation >= 1, "no grid or no step in {self:?}");
        let samples = inputs.cols();
        let blocks = samples.div_ceil(LANES);
        let mut targets = DenseMatrix::from_fn(OUTPUTS, samples, |_, _| 0.0);
        let solver = Solver::new(self);
        let next_block = AtomicUsize::new(0);
        let mut done = 0;
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..threads.clamp(1, blocks.max(1)) {
                let (sender, solver, next_block) = (sender.clone(), &solver, &next_block);
                scope.spawn(move || {
                    loop {
                        let first = next_block.fetch_add(1, Ordering::Relaxed) * LANES;
                        // The receiver is gone only when `progress` panicked; there is nothing left to do then.
                        if first >= samples || sender.send((first, solver.observe(inputs, first))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (first, observations) in receiver {
                let lanes = LANES.min(samples - first);
                for lane in 0..lanes {
                    let column = targets.col_mut(first + lane).iter_mut();
                    column.zip(&observations).for_each(|(c, o)| *c = o[lane]);
                }
                done += lanes;
                progress(done);
            }
        });
        targets
    }
}

/// What all samples share.
struct Solver<'a> {
    problem: &'a Problem,
    transport: Transport,
    /// exp(−|·|²/2w²) in each cell.
    source: Vec<f64>,
    /// a·x^j·z^i in each cell.
    monomials: Vec<[f64; INPUTS]>,
}

impl<'a> Solver<'a> {
    fn new(problem: &'a Problem) -> Self {
        let n = problem.cells;
        let centre = |k: usize| (k as f64 + 0.5) / n as f64;
        let [x0, z0] = problem.source_centre;
        let source = (0..n * n).map(|c| {
            let (x, z) = (centre(c % n) - x0, centre(c / n) - z0);
            libm::exp(-(x * x + z * z) / (2.0 * problem.source_width * problem.source_width))
        });
        let monomials = (0..n * n).map(|c| {
            let (x, z) = (centre(c % n), centre(c / n));
            let mut row = [0.0; INPUTS];
            let (mut k, mut z_power) = (0, problem.growth);
            for i in 0..=DEGREE {
                let mut product = z_power;
                for _ in 0..=DEGREE - i {
                    row[k] = product;
                    product *= x;
                    k += 1;
                }
                z_power *= z;
            }
            row
        });
        Self {
            problem,
            transport: Transport::new(n, problem.diffusion, problem.velocity, problem.time_step),
            source: source.collect(),
            monomials: monomials.collect(),
        }
    }

    /// The largest possible growth rates a·Σ y_ij x^j z^i in each cell for the samples `first ..`.
    fn rates(&self, inputs: &DenseMatrix<f64>, first: usize) -> Vec<Lanes> {
        let mut rates = vec![[0.0; LANES]; self.monomials.len()];
        for lane in 0..LANES.min(inputs.cols() - first) {
            let y = inputs.col(first + lane);
            for (rate, monomials) in rates.iter_mut().zip(&self.monomials) {
                rate[lane] = monomials.iter().zip(y).map(|(m, y)| m * y).sum();
            }
        }
        rates
    }

    /// One step of the scheme that ends at step number `step`.
    fn advance(&self, u: &mut [Lanes], rates: &[Lanes], step: usize) {
        let p = self.problem;
        let dt = p.time_step;
        let pulse = dt * p.source_strength * libm::exp(-(step as f64 * dt) / p.source_time);
        let (threshold_squared, crowding) = (p.threshold * p.threshold, dt / p.crowding);
        for ((u, rate), source) in u.iter_mut().zip(rates).zip(&self.source) {
            for lane in 0..LANES {
                let value = u[lane];
                let square = value * value;
                let production = 1.0 + dt * rate[lane] * (square / (threshold_squared + square));
                u[lane] = value * production / (1.0 + crowding * value) + pulse * source;
            }
        }
        self.transport.solve_in_place(u);
    }

    /// The observations of the samples `first ..`; lanes past the last sample are computed with y = 0 and ignored.
    fn observe(&self, inputs: &DenseMatrix<f64>, first: usize) -> Vec<Lanes> {
        let (p, n) = (self.problem, self.problem.cells);
        let rates = self.rates(inputs, first);
        let mut u = vec![[0.0; LANES]; n * n];
        let mut observations = Vec::with_capacity(OUTPUTS);
        let mut step = 0;
        for time in 0..TIMES {
            while step < p.first_observation + time * p.observation_interval {
                step += 1;
                self.advance(&mut u, &rates, step);
            }
            observations.extend(SENSORS.iter().map(|&place| interpolate(&u, n, place)));
        }
        observations
    }
}

/// Bilinear interpolation between the four nearest cell centres.
fn interpolate(u: &[Lanes], n: usize, [x, z]: [f64; 2]) -> Lanes {
    // Number of the left (lower) centre and the distance from it in cells.
    let split = |coordinate: f64| {
        let position = coordinate * n as f64 - 0.5;
        let left = (position as usize).min(n - 2);
        (left, position - left as f64)
    };
    let ((i, a), (j, b)) = (split(x), split(z));
    let corner = i + n * j;
    std::array::from_fn(|lane| {
        let lower = (1.0 - a) * u[corner][lane] + a * u[corner + 1][lane];
        let upper = (1.0 - a) * u[corner + n][lane] + a * u[corner + n + 1][lane];
        (1.0 - b) * lower + b * upper
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mass(u: &[Lanes], lane: usize) -> f64 {
        u.iter().map(|x| x[lane]).sum::<f64>() / u.len() as f64
    }

    fn bumps(cells: usize) -> Vec<Lanes> {
        (0..cells * cells).map(|c| std::array::from_fn(|lane| ((c * (lane + 3)) % 11) as f64)).collect()
    }

    #[test]
    fn transport_keeps_the_mass_and_the_bounds() {
        let p =
            Problem { source_strength: 0.0, growth: 0.0, crowding: f64::INFINITY, velocity: 2.0, ..Default::default() };
        let solver = Solver::new(&p);
        let (mut u, rates) = (bumps(p.cells), vec![[0.0; LANES]; p.cells * p.cells]);
        let before: Lanes = std::array::from_fn(|lane| mass(&u, lane));
        for step in 1..=60 {
            solver.advance(&mut u, &rates, step);
            for lane in 0..LANES {
                assert!((mass(&u, lane) / before[lane] - 1.0).abs() < 1e-12, "step {step}, lane {lane}");
                assert!(u.iter().all(|x| (0.0..=10.0 * (1.0 + 1e-12)).contains(&x[lane])), "step {step}, lane {lane}");
            }
        }
    }

    #[test]
    fn the_source_is_all_the_mass_there_is() {
        let p = Problem { growth: 0.0, crowding: f64::INFINITY, ..Default::default() };
        let solver = Solver::new(&p);
        let (mut u, rates) = (vec![[0.0; LANES]; 256], vec![[0.0; LANES]; 256]);
        let profile = solver.source.iter().sum::<f64>() / 256.0;
        let mut expected = 0.0;
        for step in 1..=40 {
            solver.advance(&mut u, &rates, step);
            expected += 0.15 * 25.0 * profile * (-0.075 * step as f64).exp();
        }
        assert!((mass(&u, 0) / expected - 1.0).abs() < 1e-12);
    }

    /// A constant state and a constant rate (y = e₁) leave an ordinary difference equation.
    #[test]
    fn uniform_reaction_follows_the_formula_of_the_scheme() {
        let p = Problem { source_strength: 0.0, cells: 10, ..Default::default() };
        let solver = Solver::new(&p);
        let inputs = DenseMatrix::from_fn(INPUTS, 1, |i, _| if i == 0 { 1.0 } else { 0.0 });
        let rates = solver.rates(&inputs, 0);
        let (mut u, mut expected) = (vec![[3.0; LANES]; 100], 3.0f64);
        for step in 1..=80 {
            solver.advance(&mut u, &rates, step);
            let s = expected * expected / (64.0 + expected * expected);
            expected *= (1.0 + 0.15 * 2.0 * s) / (1.0 + 0.15 * expected / 80.0);
            for x in &u {
                assert!((x[0] / expected - 1.0).abs() < 1e-12, "step {step}: {} and {expected}", x[0]);
            }
        }
        assert!(expected > 100.0, "{expected}: the test stopped before growth met crowding");
    }

    #[test]
    fn interpolation_is_exact_for_bilinear_functions() {
        for n in [2, 5, 16] {
            let centre = |k: usize| (k as f64 + 0.5) / n as f64;
            let f = |x: f64, z: f64| 1.0 + 2.0 * x - 3.0 * z + 4.0 * x * z;
            let u: Vec<Lanes> = (0..n * n).map(|c| [f(centre(c % n), centre(c / n)); LANES]).collect();
            for [x, z] in SENSORS {
                assert!((interpolate(&u, n, [x, z])[0] - f(x, z)).abs() < 1e-14, "n {n}, sensor {x}, {z}");
            }
        }
    }

    /// The monomials in the documented order: row i after row, powers j of x within a row.
    #[test]
    fn monomials_are_in_the_documented_order() {
        let p = Problem { cells: 5, ..Default::default() };
        let row = &Solver::new(&p).monomials[3 + 5];
        let expected = (0..10).flat_map(|i| (0..10 - i).map(move |j| 2.0 * 0.7f64.powi(j) * 0.3f64.powi(i)));
        assert_eq!(expected.clone().count(), INPUTS);
        assert!(row.iter().zip(expected).all(|(m, e)| (m / e - 1.0).abs() < 1e-13));
    }
}
