//! Losses E(S, C) of scores S against targets C (both outputs × samples), averaged over the N samples.
//!
//! | loss | one sample | gradient · N | Hessian product · N |
//! |---|---|---|---|
//! | [`LeastSquares`] | ½‖s − c‖² | s − c | v |
//! | [`SoftmaxCrossEntropy`] | −Σ cᵢ ln pᵢ, p = softmax(s), Σ cᵢ = 1 | p − c | p∘v − p (pᵀv) |
//! | [`Logistic`] | Σ ln(1 + e^(sᵢ)) − cᵢ sᵢ, cᵢ ∈ [0, 1] | σ(s) − c | σ(s)(1 − σ(s))∘v |
//!
//! [`Weighted`](super::Weighted) gives each sample of any of them a weight.
//!
//! Every value is one generic function of one sample, so dual numbers check the derivatives, which are written by hand for
//! speed. Scores of ±1e4 neither overflow nor lose the answer: softmax subtracts the largest score, the logistic loss uses
//! max(s, 0) + ln(1 + e^(−|s|)). Cost: a few flops and, but for least squares, one exponential a score.

use crate::error::Error;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// A convex loss of the scores, averaged over samples. Shapes are the caller's to check: all matrices are outputs × samples.
pub trait Loss: Copy {
    /// The loss of one sample.
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T;

    /// Writes N·∂E/∂s into `g`, and into `p` what [`hessian_vector`](Self::hessian_vector) needs; returns the loss of the
    /// sample.
    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], p: &mut [T]) -> T;

    /// hv ← N·∂²E/∂s² v, with the `p` of [`sample_gradient`](Self::sample_gradient).
    fn sample_hessian_vector<T: Real>(&self, p: &[T], v: &[T], hv: &mut [T]);

    /// Whether the loss can be taken over this many samples; asked once when an objective or a step is set up. Any number will
    /// do, unless the loss knows something of each sample, as [`Weighted`](super::Weighted) does.
    fn check_samples(&self, _samples: usize) -> Result<(), Error> {
        Ok(())
    }

    /// E(S, C); the columns of `s` must be contiguous.
    fn value<T: Real>(&self, s: MatRef<'_, T>, c: MatRef<'_, T>) -> T {
        let mut sum = T::ZERO;
        for j in 0..s.cols() {
            sum += self.sample(s.col(j), c.col(j));
        }
        average(sum, s.cols())
    }

    /// E(S, C), with G ← ∂E/∂S and P ← what the Hessian products need.
    fn gradient<T: Real>(&self, s: MatRef<'_, T>, c: MatRef<'_, T>, mut g: MatMut<'_, T>, mut p: MatMut<'_, T>) -> T {
        let mut sum = T::ZERO;
        for (j, (g, p)) in g.cols_mut().zip(p.cols_mut()).enumerate() {
            sum += self.sample_gradient(s.col(j), c.col(j), g, p);
            g.iter_mut().for_each(|g| *g = average(*g, s.cols()));
        }
        average(sum, s.cols())
    }

    /// HV ← ∂²E/∂S² applied to V, with the P of [`gradient`](Self::gradient).
    fn hessian_vector<T: Real>(&self, p: MatRef<'_, T>, v: MatRef<'_, T>, mut hv: MatMut<'_, T>) {
        for (j, hv) in hv.cols_mut().enumerate() {
            self.sample_hessian_vector(p.col(j), v.col(j), hv);
            hv.iter_mut().for_each(|h| *h = average(*h, p.cols()));
        }
    }
}

/// sum / N, 0 for no samples.
fn average<T: Real>(sum: T, samples: usize) -> T {
    if samples == 0 { T::ZERO } else { sum / T::from_usize(samples) }
}

/// ½‖s − c‖²
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastSquares;

impl Loss for LeastSquares {
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T {
        let mut sum = T::ZERO;
        for (&s, &c) in s.iter().zip(c) {
            sum += (s - c) * (s - c);
        }
        T::from_f64(0.5) * sum
    }

    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], _: &mut [T]) -> T {
        for ((g, &s), &c) in g.iter_mut().zip(s).zip(c) {
            *g = s - c;
        }
        self.sample(s, c)
    }

    fn sample_hessian_vector<T: Real>(&self, _: &[T], v: &[T], hv: &mut [T]) {
        hv.iter_mut().zip(v).for_each(|(h, &v)| *h = v);
    }
}

/// −Σ cᵢ ln softmax(s)ᵢ for targets that sum to 1 in each sample (one-hot labels, or probabilities).
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftmaxCrossEntropy;

/// The largest element.
fn largest<T: Real>(s: &[T]) -> T {
    s.iter().fold(-T::MAX, |m, &s| if s > m { s } else { m })
}

impl Loss for SoftmaxCrossEntropy {
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T {
        let top = largest(s);
        let (mut total, mut linear) = (T::ZERO, T::ZERO);
        for (&s, &c) in s.iter().zip(c) {
            total += (s - top).exp();
            linear += c * (s - top);
        }
        total.ln() - linear
    }

    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], p: &mut [T]) -> T {
        let top = largest(s);
        let (mut total, mut linear) = (T::ZERO, T::ZERO);
        for ((p, &s), &c) in p.iter_mut().zip(s).zip(c) {
            *p = (s - top).exp();
            total += *p;
            linear += c * (s - top);
        }
        for ((p, g), &c) in p.iter_mut().zip(g).zip(c) {
            *p /= total;
            *g = *p - c;
        }
        total.ln() - linear
    }

    fn sample_hessian_vector<T: Real>(&self, p: &[T], v: &[T], hv: &mut [T]) {
        let mut mean = T::ZERO;
        for (&p, &v) in p.iter().zip(v) {
            mean += p * v;
        }
        for ((h, &p), &v) in hv.iter_mut().zip(p).zip(v) {
            *h = p * (v - mean);
        }
    }
}

/// Sigmoid cross-entropy of each output by itself; targets in [0, 1].
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic;

impl Loss for Logistic {
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T {
        let mut sum = T::ZERO;
        for (&s, &c) in s.iter().zip(c) {
            let tail = (-s.abs()).softplus();
            sum += if s > T::ZERO { s - c * s + tail } else { tail - c * s };
        }
        sum
    }

    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], p: &mut [T]) -> T {
        for (((g, p), &s), &c) in g.iter_mut().zip(p).zip(s).zip(c) {
            *p = crate::autodiff::ScalarFunction::eval(&super::Sigmoid, s);
            *g = *p - c;
        }
        self.sample(s, c)
    }

    fn sample_hessian_vector<T: Real>(&self, p: &[T], v: &[T], hv: &mut [T]) {
        for ((h, &p), &v) in hv.iter_mut().zip(p).zip(v) {
            *h = p * (T::ONE - p) * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use std::vec;

    /// Gradient and Hessian product against first and second derivatives by dual numbers.
    fn check(loss: impl Loss, s: &[f64], c: &[f64]) {
        let n = s.len();
        let (mut g, mut p, mut hv) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let value = loss.sample_gradient(s, c, &mut g, &mut p);
        assert_eq!(value, loss.sample(s, c));
        let v: vec::Vec<f64> = (0..n).map(|i| 0.3 - 0.4 * i as f64).collect();
        loss.sample_hessian_vector(&p, &v, &mut hv);
        for i in 0..n {
            type D = Dual<Dual<f64, 1>, 1>;
            let s: vec::Vec<D> = (0..n)
                .map(|k| Dual {
                    value: Dual { value: s[k], eps: [v[k]] },
                    eps: [Dual::constant(f64::from(u8::from(k == i)))],
                })
                .collect();
            let c: vec::Vec<D> = c.iter().map(|&c| D::from_f64(c)).collect();
            let y = loss.sample(&s, &c);
            assert!((y.eps[0].value - g[i]).abs() < 1e-14, "gradient {i}: {} {}", y.eps[0].value, g[i]);
            assert!((y.eps[0].eps[0] - hv[i]).abs() < 1e-14, "Hessian product {i}: {} {}", y.eps[0].eps[0], hv[i]);
        }
    }

    #[test]
    fn derivatives_agree_with_dual_numbers() {
        let (s, c) = ([0.3, -1.2, 2.0, 0.1], [0.0, 1.0, 0.0, 0.0]);
        check(LeastSquares, &s, &c);
        check(SoftmaxCrossEntropy, &s, &c);
        check(SoftmaxCrossEntropy, &s, &[0.1, 0.2, 0.3, 0.4]);
        check(Logistic, &s, &[0.0, 1.0, 1.0, 0.3]);
    }

    #[test]
    fn extreme_scores_are_finite_and_right() {
        let one_hot = [0.0, 1.0];
        assert_eq!(SoftmaxCrossEntropy.sample(&[1e4, -1e4], &one_hot), 2e4);
        assert_eq!(SoftmaxCrossEntropy.sample(&[-1e4, 1e4], &one_hot), 0.0);
        assert_eq!(Logistic.sample(&[1e4], &[0.0]), 1e4);
        assert_eq!(Logistic.sample(&[-1e4], &[1.0]), 1e4);
        assert_eq!(Logistic.sample(&[1e4_f32], &[1.0]), 0.0);
        let (mut g, mut p) = ([0.0; 2], [0.0; 2]);
        SoftmaxCrossEntropy.sample_gradient(&[1e4, -1e4], &one_hot, &mut g, &mut p);
        assert_eq!(g, [1.0, -1.0]);
    }

    #[test]
    fn averages_over_samples() {
        let s = MatRef::new(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
        let c = MatRef::new(&[0.0; 4], 2, 2).unwrap();
        assert_eq!(LeastSquares.value(s, c), 7.5);
        assert_eq!(LeastSquares.value(s.columns(0, 0).unwrap(), c.columns(0, 0).unwrap()), 0.0);
    }
}
