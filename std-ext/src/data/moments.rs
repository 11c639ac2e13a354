//! Least, largest, mean and deviation of numbers that come one by one.
//!
//! Method of B. P. Welford, *Note on a method for calculating corrected sums of squares and products*, Technometrics 4,
//! 1962, DOI 10.2307/1266577: the mean m and the sum S of squared deviations from it become m + (x − m)/n and
//! S + (x − m)(x − m′), so that no large sums cancel. x is taken as its distance from the first number in a unit, a power
//! of two that no distance exceeds by more than a factor of two; so no square overflows or underflows. The relative error of
//! S is about n ε at worst, times 1 + (m − x₁)²/σ². A constant is told by comparing. NaN in gives NaN out.

/// The moments of the numbers so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    count: u64,
    first: f64,
    min: f64,
    max: f64,
    /// 0 while all numbers are the same.
    unit: f64,
    /// Mean and sum of squared deviations of (x − first)/unit.
    mean: f64,
    squares: f64,
}

/// The largest power of two.
const LARGEST: f64 = f64::from_bits(0x7FE0_0000_0000_0000);

/// The least power of two above |x|, within the range of normal numbers.
fn unit_above(x: f64) -> f64 {
    let below = f64::from_bits(x.to_bits() & 0x7FF0_0000_0000_0000);
    (2.0 * below).clamp(f64::MIN_POSITIVE, LARGEST)
}

impl Moments {
    /// Takes the next number.
    pub(super) fn push(&mut self, x: f64) {
        if self.count == 0 {
            (self.first, self.min, self.max) = (x, x, x);
        }
        self.count += 1;
        (self.min, self.max) = (self.min.min(x), self.max.max(x));
        let distance = x - self.first;
        if distance.abs() > self.unit || distance.is_nan() {
            let unit = unit_above(distance);
            let ratio = self.unit / unit;
            (self.mean, self.squares) = (self.mean * ratio, self.squares * ratio * ratio);
            self.unit = unit;
        }
        if self.unit > 0.0 {
            // Two numbers near the ends of the range are farther apart than any number.
            let far = distance.is_infinite();
            let y = if far { x / self.unit - self.first / self.unit } else { distance / self.unit };
            let delta = y - self.mean;
            self.mean += delta / self.count as f64;
            self.squares += delta * (y - self.mean);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Least and largest number; 0 without numbers.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.min, self.max)
    }

    /// Whether all numbers are the same; so without numbers.
    pub(super) fn is_constant(&self) -> bool {
        self.unit == 0.0
    }

    /// The mean; 0 without numbers.
    pub(super) fn mean(&self) -> f64 {
        match self.unit {
            0.0 => self.first,
            LARGEST => self.unit * (self.first / self.unit + self.mean),
            unit => self.first + unit * self.mean,
        }
    }

    /// The standard deviation √(S/n); 0 for a constant.
    pub(super) fn deviation(&self) -> f64 {
        if self.is_constant() { 0.0 } else { self.unit * (self.squares / self.count as f64).sqrt() }
    }

    /// What [`Standardization`](super::Standardization) divides by: the deviation, or 1 for a constant.
    pub(super) fn scale(&self) -> f64 {
        if self.is_constant() { 1.0 } else { self.deviation() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DenseMatrix;
    use crate::data::Standardization;

    fn moments(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&number| moments.push(number));
        moments
    }

    #[test]
    fn known_moments() {
        let four = moments(&[2.0, 4.0, 4.0, 6.0]);
        assert_eq!((four.count(), four.range(), four.mean(), four.is_constant()), (4, (2.0, 6.0), 4.0, false));
        assert!((four.deviation() - 2f64.sqrt()).abs() < 1e-15);
        let constant = moments(&[0.1; 7]);
        assert_eq!((constant.mean(), constant.deviation(), constant.scale()), (0.1, 0.0, 1.0));
        let none = Moments::default();
        assert_eq!((none.mean(), none.deviation(), none.scale(), none.is_constant()), (0.0, 0.0, 1.0, true));
        assert!(moments(&[1.0, f64::NAN, 2.0]).mean().is_nan());
        // One number that differs, the last.
        let mut numbers = vec![0.1; 1000];
        numbers.push(0.2);
        assert!(!moments(&numbers).is_constant());
    }

    #[test]
    fn the_ends_of_the_range() {
        let largest = moments(&[-f64::MAX, f64::MAX, 0.0]);
        assert!(largest.mean().abs() <= 1e293, "{largest:?}");
        assert!((largest.deviation() / f64::MAX - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
        let least = moments(&[0.0, 5e-324, 1e-323]);
        assert_eq!((least.mean(), least.deviation()), (5e-324, 5e-324)); // √(2/3) of a unit in the last place
    }

    #[test]
    fn as_in_two_passes_at_every_scale() {
        for scale in [1e-300, 1e-150, 1.0, 1e150, 1e300] {
            for offset in [0.0, 1.0, 1e6] {
                for n in [2, 3, 50, 20_000] {
                    let number = |j: usize| scale * (offset + ((7919 * j + 13) % 1009) as f64 / 100.0);
                    let fitted = Standardization::fit(&DenseMatrix::from_fn(1, n, |_, j| number(j)));
                    let moments = moments(&(0..n).map(number).collect::<Vec<_>>());
                    // The first number is at most 3.5 deviations from the mean; a sum of n roundings, most of which cancel.
                    let limit = 4.0 * f64::EPSILON * (n as f64).sqrt() * fitted.scale[0];
                    let (mean, scale) =
                        ((moments.mean() - fitted.mean[0]).abs(), (moments.scale() - fitted.scale[0]).abs());
                    assert!(mean <= limit + f64::EPSILON * fitted.mean[0].abs(), "{scale} {offset} {n}: {mean:e}");
                    assert!(scale <= limit * (1.0 + offset / 10.0), "{scale} {offset} {n}: {scale:e}");
                }
            }
        }
    }
}
