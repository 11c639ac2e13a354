//! tanh x = m/(m + 2) with m = e^(2|x|) − 1 and the sign of x.
//!
//! With 2|x| = n ln 2 + r and |r| ≤ ½ ln 2, m = 2ⁿ(eʳ − 1) + (2ⁿ − 1) does not cancel. What roundings change in r, m, m + 2 and
//! the quotient is carried along.

use super::exp::{Reduced, reduce};
use super::format::Format;
use super::{fast_two_sum, quotient};

/// Beyond the argument that is tested for, ±1; NaN for NaN.
#[inline(always)]
pub(in crate::scalar) fn tanh<T: Format>(x: T) -> T {
    let a = x.abs();
    let a = if a > T::TANH_MOST { T::TANH_MOST } else { a }; // NaN stays NaN
    let Reduced { rounded, near, low, r, curve } = reduce(a + a);
    let power = T::power(rounded);
    let r_error = (near - r) - low;
    // m and d = m + 2 with the rounding errors of the sums (the first is exact since |2ⁿ r| < 2ⁿ − 1, or n = 0).
    let (sum, error) = fast_two_sum(power - T::ONE, power * r);
    let (m, m_error) = fast_two_sum(sum, error + power * (r_error + curve));
    let two = T::ONE + T::ONE;
    let d = m + two;
    let two_part = d - m;
    let d_error = (m - (d - two_part)) + (two - two_part);
    // An error of m is one of d too.
    quotient((m, m_error), (d, d_error + m_error)).copysign(x)
}
