//! A loss with a weight for each sample.
//!
//! ```text
//! E(S, C) = Σⱼ ωⱼ ℓ(sⱼ, cⱼ) / Σⱼ ωⱼ
//! ```
//! An integer weight counts a sample that often, weight 0 leaves it out, and equal weights are no weights: dividing by the sum
//! of the weights and not by N keeps the balance with the regularizers. For measurements with errors of deviation σⱼ take
//! ωⱼ = 1/σⱼ². Cost: a product a score more than the loss itself.
//!
//! The reduced least-squares objective has no loss to wrap; it takes the weights by
//! `VarProLeastSquares::with_sample_weights`, with the same meaning.

use super::Loss;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `loss` with weight `weights[j]` on the sample in column j of the matrices it is given.
///
/// The weights belong to the columns of one call: for a batch, wrap the loss in the weights of that batch. An objective or
/// a step refuses another number of samples by [`Loss::check_samples`].
///
/// ```
/// use gaussling_core::{MatRef, nn::{LeastSquares, Loss, Weighted}};
/// let loss = Weighted::new(LeastSquares, &[3.0, 1.0])?;
/// let (s, c) = ([1.0, 2.0], [0.0, 0.0]);
/// let value = loss.value(MatRef::new(&s, 1, 2)?, MatRef::new(&c, 1, 2)?);
/// assert_eq!(value, (3.0 * 0.5 + 1.0 * 2.0) / 4.0);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Weighted<'a, L> {
    loss: L,
    weights: &'a [f64],
    sum: f64,
}

impl<'a, L> Weighted<'a, L> {
    /// Errors: [`Error::InvalidOption`] unless all weights are ≥ 0 and finite, and their sum is > 0 and finite.
    pub fn new(loss: L, weights: &'a [f64]) -> Result<Self, Error> {
        let sum = sum_of_weights(weights)?;
        Ok(Self { loss, weights, sum })
    }

    fn weight<T: Real>(&self, j: usize) -> T {
        T::from_f64(self.weights.get(j).copied().unwrap_or(0.0))
    }

    fn normalize<T: Real>(&self, sum: T) -> T {
        sum / T::from_f64(self.sum)
    }
}

/// Σ ωⱼ of weights that are ≥ 0 and finite; > 0 and finite itself.
pub(crate) fn sum_of_weights<T: Real>(weights: &[T]) -> Result<T, Error> {
    let mut sum = T::ZERO;
    for &weight in weights {
        if !(weight >= T::ZERO && weight.is_finite()) {
            return Err(Error::InvalidOption { what: "sample weights >= 0 and finite" });
        }
        sum += weight;
    }
    if sum > T::ZERO && sum.is_finite() {
        Ok(sum)
    } else {
        Err(Error::InvalidOption { what: "0 < sum of sample weights < infinity" })
    }
}

/// A sample alone has no weight; the batch has.
impl<L: Loss> Loss for Weighted<'_, L> {
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T {
        self.loss.sample(s, c)
    }

    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], p: &mut [T]) -> T {
        self.loss.sample_gradient(s, c, g, p)
    }

    fn sample_hessian_vector<T: Real>(&self, p: &[T], v: &[T], hv: &mut [T]) {
        self.loss.sample_hessian_vector(p, v, hv);
    }

    fn check_samples(&self, samples: usize) -> Result<(), Error> {
        check_length("samples of a weighted loss", self.weights.len(), samples)?;
        self.loss.check_samples(samples)
    }

    fn value<T: Real>(&self, s: MatRef<'_, T>, c: MatRef<'_, T>) -> T {
        let mut sum = T::ZERO;
        for j in 0..s.cols() {
            sum += self.weight::<T>(j) * self.loss.sample(s.col(j), c.col(j));
        }
        self.normalize(sum)
    }

    fn gradient<T: Real>(&self, s: MatRef<'_, T>, c: MatRef<'_, T>, mut g: MatMut<'_, T>, mut p: MatMut<'_, T>) -> T {
        let mut sum = T::ZERO;
        for (j, (g, p)) in g.cols_mut().zip(p.cols_mut()).enumerate() {
            let weight = self.weight::<T>(j);
            sum += weight * self.loss.sample_gradient(s.col(j), c.col(j), g, p);
            g.iter_mut().for_each(|g| *g = self.normalize(weight * *g));
        }
        self.normalize(sum)
    }

    fn hessian_vector<T: Real>(&self, p: MatRef<'_, T>, v: MatRef<'_, T>, mut hv: MatMut<'_, T>) {
        for (j, hv) in hv.cols_mut().enumerate() {
            self.loss.sample_hessian_vector(p.col(j), v.col(j), hv);
            let weight = self.weight::<T>(j);
            hv.iter_mut().for_each(|h| *h = self.normalize(weight * *h));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::nn::{LeastSquares, Logistic, SoftmaxCrossEntropy};

    const S: [f64; 9] = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4, 1.5, -0.9, 0.2];
    const C: [f64; 9] = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.3, 0.5];
    const V: [f64; 9] = [0.2, -0.5, 1.1, 0.4, 0.0, -0.7, -1.3, 0.6, 0.8];

    /// Value, gradient and Hessian product over samples of three scores.
    fn all<T: Real>(loss: impl Loss, s: &[T], c: &[T], v: &[T]) -> Vec<T> {
        let n = s.len() / 3;
        let [mut g, mut p, mut hv] = [(); 3].map(|()| std::vec![T::ZERO; 3 * n]);
        let view = |s| MatRef::new(s, 3, n).unwrap();
        let (gm, pm) = (MatMut::new(&mut g, 3, n).unwrap(), MatMut::new(&mut p, 3, n).unwrap());
        let mut result = std::vec![loss.value(view(s), view(c)), loss.gradient(view(s), view(c), gm, pm)];
        loss.hessian_vector(view(&p), view(v), MatMut::new(&mut hv, 3, n).unwrap());
        result.extend(g);
        result.extend(hv);
        result
    }

    fn laws<T: Real>(loss: impl Loss, limit: f64) {
        let [s, c, v] = [S, C, V].map(|a| a.map(T::from_f64));
        let bits = |a: Vec<T>| a.into_iter().map(|x| x.value().to_bits()).collect::<Vec<_>>();
        let weighted = |weights: &[f64]| all(Weighted::new(loss, weights).unwrap(), &s, &c, &v);
        assert_eq!(bits(weighted(&[1.0; 3])), bits(all(loss, &s, &c, &v)));
        // Weights 3, 0, 2: sample 0 three times, sample 1 never, sample 2 twice. Derivatives of a repeated sample add up.
        let repeat = |a: &[T]| [0, 0, 0, 2, 2].iter().flat_map(|&j| a[3 * j..3 * j + 3].to_vec()).collect::<Vec<T>>();
        let many = all(loss, &repeat(&s), &repeat(&c), &repeat(&v));
        let found = weighted(&[3.0, 0.0, 2.0]);
        let three = T::from_f64(3.0);
        for (start, start_many) in [(2, 2), (11, 17)] {
            for i in 0..3 {
                let expected = [three * many[start_many + i], T::ZERO, T::from_f64(2.0) * many[start_many + 9 + i]];
                for (j, expected) in expected.into_iter().enumerate() {
                    let found = found[start + 3 * j + i];
                    assert!((found.value() - expected.value()).abs() <= limit, "sample {j}: {found:?} {expected:?}");
                }
            }
        }
        assert!((found[0].value() - many[0].value()).abs() <= limit && found[0].value() == found[1].value());
    }

    #[test]
    fn weights_of_one_are_none_and_integers_repeat() {
        laws::<f64>(LeastSquares, 2e-15);
        laws::<f64>(SoftmaxCrossEntropy, 2e-15);
        laws::<f64>(Logistic, 2e-15);
        laws::<f32>(LeastSquares, 1e-6);
        laws::<f32>(SoftmaxCrossEntropy, 1e-6);
        laws::<f32>(Logistic, 1e-6);
    }

    #[test]
    fn bad_weights_are_refused() {
        for bad in [&[3.0, -1.0][..], &[f64::NAN], &[f64::INFINITY], &[0.0, 0.0], &[], &[f64::MAX, f64::MAX]] {
            assert!(matches!(Weighted::new(LeastSquares, bad), Err(Error::InvalidOption { .. })), "{bad:?}");
        }
        let loss = Weighted::new(LeastSquares, &[1.0, 2.0]).unwrap();
        assert_eq!((loss.check_samples(2), LeastSquares.check_samples(7)), (Ok(()), Ok(())));
        assert!(matches!(loss.check_samples(3), Err(Error::Length { expected: 2, found: 3, .. })));
    }
}
