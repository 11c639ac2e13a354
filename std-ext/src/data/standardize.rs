//! Features of mean 0 and standard deviation 1:
//!
//! z = (x − μ)/σ,  μ = (1/n) Σ xⱼ,  σ² = (1/n) Σ (xⱼ − μ)²,  row by row.
//!
//! Two passes, since Σ xⱼ² − n μ² cancels when the mean is large (T. F. Chan, G. H. Golub, R. J. LeVeque, *Algorithms for
//! computing the sample variance*, Amer. Statist. 37, 1983, DOI 10.2307/2683386). Sums are of differences from the first
//! sample and of ratios to the largest deviation, so that no square overflows or underflows. The population's n, not
//! n − 1: the features then have mean square exactly 1. A constant row, found by comparing and not by σ = 0, which rounding
//! would spoil, gets σ = 1 and becomes zero. Where differences or their sums leave the range, both are computed from numbers
//! 2⁶⁴ times as small; μ and σ themselves never leave it. Cost 2mn. NaN in gives NaN out.
//!
//! There is no floor for σ but that: `ARCHITECTURE.md` has what one brings.

use super::error::DataError;
use crate::DenseMatrix;

/// The mean and scale of each row of the matrix it was fitted on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standardization {
    /// Mean of each row.
    pub mean: Vec<f64>,
    /// Standard deviation of each row, or 1 where the row is constant.
    pub scale: Vec<f64>,
}

impl Standardization {
    /// Mean and deviation of the rows of `features`, one sample a column. Without samples the mean is 0, the scale 1.
    pub fn fit(features: &DenseMatrix<f64>) -> Self {
        let (mean, scale) = (0..features.rows()).map(|row| mean_and_deviation(features, row)).unzip();
        Self { mean, scale }
    }

    /// Replaces x by (x − mean)/scale.
    ///
    /// # Errors
    /// [`DataError::Rows`] when the matrix has another number of rows; it is unchanged then.
    pub fn apply_in_place(&self, features: &mut DenseMatrix<f64>) -> Result<(), DataError> {
        self.each(features, |x, mean, scale| match x - mean {
            difference if difference.is_finite() => difference / scale,
            _ => (0.5 * x - 0.5 * mean) / (0.5 * scale),
        })
    }

    /// Replaces z by z scale + mean.
    ///
    /// # Errors
    /// [`DataError::Rows`] when the matrix has another number of rows; it is unchanged then.
    pub fn invert_in_place(&self, features: &mut DenseMatrix<f64>) -> Result<(), DataError> {
        self.each(features, |z, mean, scale| match z * scale {
            product if product.is_finite() => product + mean,
            _ => 2.0 * (z * (0.25 * scale) + 0.25 * mean) * 2.0,
        })
    }

    fn each(&self, features: &mut DenseMatrix<f64>, f: impl Fn(f64, f64, f64) -> f64) -> Result<(), DataError> {
        let expected = self.mean.len().min(self.scale.len());
        if features.rows() != expected || self.mean.len() != self.scale.len() {
            return Err(DataError::Rows { found: features.rows(), expected });
        }
        for j in 0..features.cols() {
            for (x, (&mean, &scale)) in features.col_mut(j).iter_mut().zip(self.mean.iter().zip(&self.scale)) {
                *x = f(*x, mean, scale);
            }
        }
        Ok(())
    }
}

/// Far more than there are samples, so that no sum of differences overflows.
const SHRINK: f64 = 1.0 / 18_446_744_073_709_551_616.0;

fn mean_and_deviation(features: &DenseMatrix<f64>, row: usize) -> (f64, f64) {
    let (mean, deviation) = scaled_mean_and_deviation(features, row, 1.0);
    let finite = || (0..features.cols()).all(|j| features[(row, j)].is_finite());
    if mean.is_finite() && deviation.is_finite() || !finite() {
        return (mean, deviation);
    }
    let (mean, deviation) = scaled_mean_and_deviation(features, row, SHRINK);
    // Neither is beyond the numbers that they are of, but for rounding.
    let back = |x: f64| (x / SHRINK).clamp(-f64::MAX, f64::MAX);
    (back(mean), back(deviation))
}

/// Mean and deviation of the numbers of a row times a power of two.
fn scaled_mean_and_deviation(features: &DenseMatrix<f64>, row: usize, factor: f64) -> (f64, f64) {
    let values = || (0..features.cols()).map(|j| factor * features[(row, j)]);
    let n = features.cols() as f64;
    let Some(first) = values().next() else { return (0.0, 1.0) };
    if values().all(|x| x == first) {
        return (first, 1.0);
    }
    let mean = first + values().map(|x| x - first).sum::<f64>() / n;
    let largest = values().map(|x| (x - mean).abs()).fold(0.0, f64::max);
    let mean_square = values().map(|x| ((x - mean) / largest).powi(2)).sum::<f64>() / n;
    (mean, largest * mean_square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::message;

    #[test]
    fn known_means_and_deviations() {
        let features = DenseMatrix::from_vec(vec![2.0, 0.1, 4.0, 0.1, 4.0, 0.1, 6.0, 0.1], 2, 4).unwrap();
        let fitted = Standardization::fit(&features);
        assert_eq!(fitted, Standardization { mean: vec![4.0, 0.1], scale: vec![2.0_f64.sqrt(), 1.0] });
        let none = Standardization::fit(&DenseMatrix::from_fn(2, 0, |_, _| 1.0));
        assert_eq!(none, Standardization { mean: vec![0.0; 2], scale: vec![1.0; 2] });
        assert_eq!(Standardization::fit(&DenseMatrix::from_fn(0, 3, |_, _| 1.0)), Standardization::default());
    }

    #[test]
    fn applied_rows_have_mean_zero_and_deviation_one_at_every_scale() {
        for scale in [1e-300, 1e-150, 1.0, 1e150, 1e300] {
            for offset in [0.0, 1.0, 1e6] {
                for cols in [2, 3, 5, 10, 50] {
                    let original = DenseMatrix::from_fn(2, cols, |i, j| {
                        scale * (offset + ((7 * j + 3 * i) % 11) as f64 + if j == 0 { 0.5 } else { 0.0 })
                    });
                    let fitted = Standardization::fit(&original);
                    let mut features = original.clone();
                    fitted.apply_in_place(&mut features).unwrap();
                    let again = Standardization::fit(&features);
                    // The condition number of the deviation is about offset/deviation.
                    let limit = 4.0 * f64::EPSILON * (1.0 + offset);
                    for row in 0..2 {
                        assert!(again.mean[row].abs() < limit, "scale {scale} offset {offset} cols {cols}: {again:?}");
                        assert!((again.scale[row] - 1.0).abs() < limit, "{scale} {offset} {cols}: {again:?}");
                    }
                    fitted.invert_in_place(&mut features).unwrap();
                    for (x, y) in features.as_slice().iter().zip(original.as_slice()) {
                        assert!((x - y).abs() <= 4.0 * f64::EPSILON * y.abs().max(11.0 * scale), "{x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        const MAX: f64 = f64::MAX;
        let many: Vec<f64> = (0..1000).map(|j| if j % 2 == 0 { 0.9 * MAX } else { 0.5 * MAX }).collect();
        for (numbers, mean, deviation) in [
            (vec![-MAX, MAX], 0.0, MAX),
            (vec![MAX, -MAX, -MAX, MAX, 0.0], 0.0, MAX * 0.8_f64.sqrt()),
            (vec![-MAX, MAX, MAX, MAX], 0.5 * MAX, MAX * 0.75_f64.sqrt()),
            (many, 0.7 * MAX, 0.2 * MAX),
        ] {
            let mut features = DenseMatrix::from_vec(numbers.clone(), 1, numbers.len()).unwrap();
            let fitted = Standardization::fit(&features);
            assert!((fitted.mean[0] / MAX - mean / MAX).abs() < 1e-13, "{fitted:?}");
            assert!((fitted.scale[0] / deviation - 1.0).abs() < 1e-13, "{fitted:?}");
            fitted.apply_in_place(&mut features).unwrap();
            let again = Standardization::fit(&features);
            assert!(again.mean[0].abs() < 1e-13 && (again.scale[0] - 1.0).abs() < 1e-13, "{again:?}");
            // A bit inside of the range, because the largest number may be rounded to infinity.
            features.as_mut_slice().iter_mut().for_each(|z| *z *= 1.0 - 1e-14);
            fitted.invert_in_place(&mut features).unwrap();
            for (x, y) in features.as_slice().iter().zip(&numbers) {
                assert!((x / MAX - y / MAX).abs() < 3e-14, "{x:e} {y:e}");
            }
        }
        for numbers in [vec![f64::INFINITY, 1.0], vec![1.0, f64::INFINITY]] {
            let fitted = Standardization::fit(&DenseMatrix::from_vec(numbers, 1, 2).unwrap());
            assert!(!fitted.mean[0].is_finite(), "{fitted:?}");
        }
    }

    #[test]
    fn nan_stays_in_its_row_and_other_shapes_are_refused() {
        let features = DenseMatrix::from_vec(vec![1.0, f64::NAN, 3.0, 1.0], 2, 2).unwrap();
        let fitted = Standardization::fit(&features);
        assert_eq!((fitted.mean[0], fitted.scale[0]), (2.0, 1.0));
        assert!(fitted.mean[1].is_nan());
        let mut other = DenseMatrix::from_fn(3, 1, |_, _| 1.0);
        let text = message(fitted.apply_in_place(&mut other));
        assert!(text.starts_with("standardization: found a matrix with 3 rows, expected 2"), "{text}");
        assert_eq!(other, DenseMatrix::from_fn(3, 1, |_, _| 1.0));
    }
}
