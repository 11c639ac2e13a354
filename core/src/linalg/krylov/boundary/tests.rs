//! The secular equation: f of the right length and direction, λ and its derivative, few iterations, and the ends of the range.

use super::boundary_coefficients;
use crate::linalg::tests::Random;
use crate::{Backend, Dual, Portable, Real};
use core::cell::Cell;
use std::vec;
use std::vec::Vec;

/// Counts norms: one for the bracket, one an iteration, one at the end.
#[derive(Default)]
struct Counting(Cell<usize>);

impl<T: Real> Backend<T> for Counting {
    fn norm(&self, x: &[T]) -> T {
        self.0.set(self.0.get() + 1);
        Portable.norm(x)
    }
}

/// (λ, f, iterations)
fn solve<T: Real>(sigma: &[T], y: &[T], beta: T, radius: T) -> (T, Vec<T>, usize) {
    let (backend, mut f) = (Counting::default(), vec![T::from_f64(f64::NAN); sigma.len()]);
    let lambda = boundary_coefficients(&backend, sigma, y, beta, radius, &mut f);
    (lambda, f, backend.0.get() - 2)
}

fn norm(x: &[f64]) -> f64 {
    Portable.norm(x)
}

/// Singular values from 1 down to 10^−`decades` and a zero, y of length 1, and ‖f(0)‖.
fn problem(k: usize, decades: f64, seed: u64) -> (Vec<f64>, Vec<f64>, f64) {
    let mut random = Random::new(seed);
    let mut sigma: Vec<f64> = (0..k).map(|_| libm::pow(10.0, -decades * random.next().abs())).collect();
    sigma.sort_by(|a, b| b.total_cmp(a));
    let mut y = random.vector(k + 1);
    let length = norm(&y);
    y.iter_mut().for_each(|y| *y /= length);
    let free: Vec<f64> = sigma.iter().zip(&y).map(|(sigma, y)| y / sigma).collect();
    sigma.push(0.0);
    (sigma, y, norm(&free))
}

/// ‖f‖ = Δ and fᵢ (σᵢ² + λ²) = σᵢ yᵢ, for steps a little and very much shorter than the free one, at every scale. The number of
/// iterations and λ in units of σ do not depend on the scale.
#[test]
fn length_direction_and_iterations() {
    let mut most = 0;
    for seed in 0..200 {
        let (sigma, y, free) = problem(1 + seed as usize % 7, (seed % 5) as f64 * 2.0, seed);
        for t in [1.0 - 1e-9, 0.9, 0.5, 1e-3, 1e-8, 1e-100] {
            let (lambda, f, iterations) = solve(&sigma, &y, 1.0, t * free);
            let what = std::format!("seed {seed}, {t} of the free length: {lambda:e}, {f:?}, {iterations} iterations");
            assert!((norm(&f) / (t * free) - 1.0).abs() < 4.0 * f64::EPSILON, "{what}");
            let right: Vec<f64> = sigma.iter().zip(&y).map(|(sigma, y)| sigma * y).collect();
            let rest: Vec<f64> = (0..f.len()).map(|i| f[i] * (sigma[i].powi(2) + lambda * lambda) - right[i]).collect();
            assert!(norm(&rest) <= 64.0 * f64::EPSILON * norm(&right), "{what}");
            most = most.max(iterations);
            for (a, b) in [(900, 0), (-900, 0), (0, 900), (0, -900), (500, -500), (-500, 500)] {
                let [a, b] = [a, b].map(|exponent| libm::scalbn(1.0, exponent));
                let scaled = |x: &[f64], unit: f64| x.iter().map(|x| x * unit).collect::<Vec<_>>();
                let radius = t * free * (b / a);
                if !(radius > 1e-250 && radius < 1e250) {
                    continue;
                }
                let (found, g, count) = solve(&scaled(&sigma, a), &scaled(&y, b), b, radius);
                assert!((found / a / lambda - 1.0).abs() < 1e-12, "{what}: {found:e} for {a:e} H, {b:e} b");
                assert!((norm(&g) / radius - 1.0).abs() < 4.0 * f64::EPSILON && count == iterations, "{what}: {count}");
            }
        }
    }
    assert!(most == 10, "{most} iterations");
}

/// dλ/dΔ = −Δ / (2 λ Σ fᵢ²/(σᵢ² + λ²)), by dual numbers through all of it.
#[test]
fn derivative_by_the_radius() {
    for seed in 0..50 {
        let (sigma, y, free) = problem(5, 2.0, seed);
        for t in [0.9, 0.5, 1e-3] {
            let radius = Dual::<f64, 1>::variable(t * free, 0);
            let [sigma_d, y_d] = [&sigma, &y].map(|x| x.iter().map(|&x| Dual::constant(x)).collect::<Vec<_>>());
            let (lambda, f, _) = solve(&sigma_d, &y_d, Dual::ONE, radius);
            let terms =
                f.iter().zip(&sigma).map(|(f, sigma)| f.value * f.value / (sigma * sigma + lambda.value.powi(2)));
            let expected = -radius.value / (2.0 * lambda.value * terms.sum::<f64>());
            assert!((lambda.eps[0] / expected - 1.0).abs() < 1e-10, "seed {seed}, {t}: {lambda:?}, not {expected}");
        }
    }
}

/// Squares and slopes that are subnormal or overflow, though the answer is representable: f by hand.
#[test]
fn ends_of_the_range() {
    // Δ/β underflows, Δ σ₀/β does not; and the other way round. Far below the free step f ~ σ y, λ² = ‖σ y‖/Δ.
    for (sigma, beta, radius) in [(1e100, 1e150, 1e-200), (1e-150, 1e-100, 1e-200)] {
        let (lambda, f, _) = solve(&[sigma, 0.75 * sigma], &[0.6 * beta, 0.8 * beta], beta, radius);
        let half = radius / 2.0_f64.sqrt();
        assert!(f.iter().all(|f| (f / half - 1.0).abs() < 1e-15), "{f:?}");
        let expected = (0.6 * 2.0_f64.sqrt()).sqrt() * sigma.sqrt() * beta.sqrt() / radius.sqrt();
        assert!((lambda / expected - 1.0).abs() < 1e-10, "{lambda:e}, not {expected:e}");
    }
    // Squares of the σ that count are subnormal, with 40 and 20 bits left: with equal ones λ = σ makes f half of the free step.
    for (small, digits) in [(1e-156, 1e-11), (1e-159, 1e-5)] {
        let (lambda, f, count) = solve(&[1.0, small, small], &[0.0, 0.6, 0.8], 1.0, 0.5 / small);
        assert!((lambda / small - 1.0).abs() < digits, "{lambda:e}");
        assert!((f[1] * small - 0.3).abs() < digits && (f[2] * small - 0.4).abs() < digits && f[0] == 0.0, "{f:?}");
        assert!((norm(&f) * small * 2.0 - 1.0).abs() < 1e-15 && count <= 9, "{f:?}, {count} iterations");
    }
    // They differ: fᵢ (σᵢ² + λ²) = σᵢ yᵢ in units of the larger.
    let (unit, sigma, y) = (1e-155, [1.0, 0.25], [0.6, 0.8]);
    for t in [3.0, 1.0, 0.1] {
        let (lambda, f, count) = solve(&[1.0, unit, 0.25 * unit], &[0.0, 0.6, 0.8], 1.0, t / unit);
        let (lambda, f) = (lambda / unit, [f[1] * unit, f[2] * unit]);
        for i in 0..2 {
            let rest = f[i] * (sigma[i] * sigma[i] + lambda * lambda) - sigma[i] * y[i];
            assert!(rest.abs() < 1e-10, "{t}: {lambda}, {f:?}, {rest:e}");
        }
        assert!((norm(&f) / t - 1.0).abs() < 1e-14 && count <= 9, "{t}: {f:?}, {count} iterations");
    }
    // Squares that are zero: the step has the direction of what has no finite coefficient, σ y, and nothing of the rest.
    let (_, f, _) = solve(&[1.0, 1e-200, 0.75e-200], &[0.36, 0.48, 0.64], 1.0, 1e199);
    let half = 1e199 / 2.0_f64.sqrt();
    assert!(f[0].abs() < 1e180 && f[1..].iter().all(|f| (f / half - 1.0).abs() < 1e-15), "{f:?}");
    // Δ̂ is zero: the direction of σ y, and a λ that is not finite.
    let (lambda, f, _) = solve(&[1e-200, 0.75e-200], &[0.6e150, 0.8e150], 1e150, 1e-300);
    let half = 1e-300 / 2.0_f64.sqrt();
    assert!(f.iter().all(|f| (f / half - 1.0).abs() < 1e-15) && lambda > 0.0, "{f:?} {lambda:e}");
    // No singular value: no step.
    assert_eq!(solve(&[0.0, 0.0], &[0.6, 0.8], 1.0, 1.0).1, [0.0, 0.0]);
}
