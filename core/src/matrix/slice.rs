//! Sums over slices: `dot` and `norm`, for [`Matrix`](super::Matrix) and as the portable kernels of the backend; and `copy`.

use crate::scalar::Real;

/// Σ xᵢ yᵢ in eight interleaved partial sums, added pairwise at the end: halves first, then halves of that, so that the
/// compiler can hold the partial sums in vector registers (adding neighbours first takes 2.3 times as long).
///
/// Error: |error| ≤ (n/8 + 3) ε Σ|xᵢ yᵢ| (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1).
#[inline]
pub(crate) fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let n = x.len().min(y.len());
    let ((x, x_rest), (y, y_rest)) = (x.split_at(n).0.as_chunks::<8>(), y.split_at(n).0.as_chunks::<8>());
    let rest = x_rest.iter().zip(y_rest).fold(T::ZERO, |sum, (&x, &y)| sum + x * y);
    if n < 8 {
        return rest;
    }
    let mut part = [T::ZERO; 8];
    for (x, y) in x.iter().zip(y) {
        for ((part, &x), &y) in part.iter_mut().zip(x).zip(y) {
            *part += x * y;
        }
    }
    let [a, b, c, d, e, f, g, h] = part;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + rest
}

/// y ← x as far as both go. `copy_from_slice` panics where lengths differ, and where the compiler cannot see that they do not, a
/// firmware would carry the panic.
#[inline]
pub(crate) fn copy<T: Copy>(x: &[T], y: &mut [T]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = x);
}

/// ‖x‖₂ without avoidable overflow or underflow.
///
/// Squares are summed as they are; only when that sum leaves the range in which no digit is lost is the sum done again with
/// x divided by its largest element. Relative error: at most about (n/8 + 4) ε. Source: the idea of J. L. Blue, "A portable
/// Fortran program to find the Euclidean norm of a vector" (ACM TOMS 4, 1978), with one scale instead of three.
pub(crate) fn norm<T: Real>(x: &[T]) -> T {
    let sum = dot(x, x);
    // Below MIN_POSITIVE / ε² squares may have lost digits to underflow; above MAX one has overflowed.
    let low = T::MIN_POSITIVE / (T::EPSILON * T::EPSILON);
    if sum >= low && sum <= T::MAX {
        return sum.sqrt();
    }
    // Squares cannot cancel: their sum is NaN exactly when an element is.
    if sum.partial_cmp(&T::ZERO).is_none() {
        return sum;
    }
    let largest = x.iter().fold(T::ZERO, |largest, &x| largest.max(x.abs()));
    if largest == T::ZERO {
        return T::ZERO;
    }
    if largest > T::MAX {
        return largest;
    }
    // Division, because 1/largest overflows for subnormal x.
    let mut sum = T::ZERO;
    for &x in x {
        let scaled = x / largest;
        sum += scaled * scaled;
    }
    largest * sum.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use std::vec::Vec;

    #[test]
    fn dot_of_all_short_lengths_and_unequal_lengths() {
        for n in 0..40_usize {
            let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let y: Vec<f64> = (0..n + n % 11).map(|i| (2 * i) as f64).collect();
            let exact: usize = (0..n).map(|i| 2 * i * i).sum();
            assert_eq!(dot(&x, &y), exact as f64, "n = {n}");
            assert_eq!(dot(&y, &x), exact as f64, "n = {n}, arguments exchanged");
        }
    }

    #[test]
    fn norm_survives_extreme_scales() {
        for scale in [1e-320, 1e-300, 1e-160, 1e-150, 1.0, 1e150, 1e160, 1e307] {
            let x = [3.0 * scale, -4.0 * scale, 0.0];
            let expected = 5.0 * scale;
            let tolerance = if scale < 1e-310 { 1e-3 } else { 4.0 * f64::EPSILON };
            assert!((norm(&x) - expected).abs() <= tolerance * expected, "scale {scale:e}: {}", norm(&x));
        }
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert_eq!(norm(&[0.0, -0.0]), 0.0);
        assert_eq!(norm(&[1e38_f32, 1e38]), 1.4142135e38);
    }

    #[test]
    fn norm_of_nan_and_infinity() {
        assert!(norm(&[1.0, f64::NAN, 2.0]).is_nan());
        assert!(norm(&[f64::NAN]).is_nan());
        assert_eq!(norm(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm(&[f64::INFINITY, f64::NAN]).is_nan());
        assert!(norm(&[f64::NAN, f64::INFINITY]).is_nan());
    }

    #[test]
    fn norm_differentiates_at_any_scale() {
        for scale in [1e-200, 1.0, 1e200] {
            let x = [Dual::<f64, 1>::variable(3.0 * scale, 0), Dual::constant(4.0 * scale)];
            assert!((norm(&x).eps[0] - 0.6).abs() < 1e-14, "scale {scale:e}: {:?}", norm(&x));
        }
        assert_eq!(norm(&[Dual::<f64, 1>::variable(0.0, 0)]).eps[0], 0.0);
    }
}
