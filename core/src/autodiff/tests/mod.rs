//! Tests of automatic differentiation, and the functions that they differentiate.

mod check;
mod drivers;
mod rules;
mod tape;

use super::{MultivariateFunction, VectorFunction};
use crate::scalar::Real;

/// Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²
pub struct Rosenbrock;

impl MultivariateFunction for Rosenbrock {
    fn eval<T: Real>(&self, x: &[T]) -> T {
        x.windows(2).fold(T::ZERO, |sum, x| sum + (x[1] - x[0] * x[0]).powi(2).scale(100.0) + (T::ONE - x[0]).powi(2))
    }
}

impl Rosenbrock {
    pub fn gradient(x: &[f64]) -> std::vec::Vec<f64> {
        let mut g = std::vec![0.0; x.len()];
        for i in 1..x.len() {
            let (a, b) = (x[i] - x[i - 1] * x[i - 1], 1.0 - x[i - 1]);
            g[i - 1] += -400.0 * x[i - 1] * a - 2.0 * b;
            g[i] += 200.0 * a;
        }
        g
    }

    pub fn hessian_times(x: &[f64], v: &[f64]) -> std::vec::Vec<f64> {
        let mut hv = std::vec![0.0; x.len()];
        for i in 1..x.len() {
            let (p, q) = (x[i - 1], x[i]);
            hv[i - 1] += (1200.0 * p * p - 400.0 * q + 2.0) * v[i - 1] - 400.0 * p * v[i];
            hv[i] += -400.0 * p * v[i - 1] + 200.0 * v[i];
        }
        hv
    }
}

/// Mean squared error of the network 2 – 3 (tanh) – 1 on four fixed samples, as a function of its 13 weights.
pub struct Mlp;

impl MultivariateFunction for Mlp {
    fn eval<T: Real>(&self, weights: &[T]) -> T {
        let samples = [([0.3, -0.7], 0.2), ([1.1, 0.4], -0.5), ([-0.9, 0.8], 0.9), ([0.0, 0.0], 0.1)];
        let mut loss = T::ZERO;
        for (x, target) in samples {
            let mut out = weights[12];
            for j in 0..3 {
                let inner =
                    weights[2 * j] * T::from_f64(x[0]) + weights[2 * j + 1] * T::from_f64(x[1]) + weights[6 + j];
                out += weights[9 + j] * inner.tanh();
            }
            loss += (out - T::from_f64(target)).powi(2);
        }
        loss / T::from_usize(samples.len())
    }
}

/// (x₁ x₂, x₂ x₃, …, xₙ x₁, sin Σ xᵢ): n + 1 outputs.
pub struct Ring;

impl VectorFunction for Ring {
    fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
        for (i, y) in y.iter_mut().enumerate() {
            *y =
                if i < x.len() { x[i] * x[(i + 1) % x.len()] } else { x.iter().fold(T::ZERO, |sum, &x| sum + x).sin() };
        }
    }
}

/// n numbers that look random, in (−1, 1).
pub fn numbers(n: usize, seed: u64) -> std::vec::Vec<f64> {
    use rand_core::{Rng, SeedableRng};
    let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..n).map(|_| (rng.next_u64() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect()
}

/// |a − b| in units of ε max(|b|, `floor`).
pub fn ulps(a: f64, b: f64, floor: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) { 0.0 } else { (a - b).abs() / (f64::EPSILON * b.abs().max(floor)) }
}
