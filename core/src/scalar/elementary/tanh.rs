//! tanh x = m/(m + 2) with m = e^(2|x|) − 1 and the sign of x.
//!
//! With 2|x| = n ln 2 + r, |r| ≤ ½ ln 2 and eʳ = s + `tail` unevaluated, m = (2ⁿ s − 1) + 2ⁿ `tail` and m + 2 = (2ⁿ s + 1) + 2ⁿ `tail`
//! keep all digits as sums of two, and the quotient takes both parts. The plain quotient takes 0.7 of the time and errs by 2.2 ULP.

use super::exp::{reduce, series};
use super::format::Format;
use super::{fast_two_sum, quotient};

/// Beyond the argument that is tested for, ±1; NaN for NaN.
#[inline(always)]
pub(in crate::scalar) fn tanh<T: Format>(x: T) -> T {
    let a = x.abs();
    let a = if a > T::TANH_MOST { T::TANH_MOST } else { a }; // NaN stays NaN
    let y = reduce(a + a);
    let (s, tail) = series(y);
    let power = T::power(y.rounded);
    // The first two sums are exact or have |a| ≥ 1.
    let (a, tail) = (power * s, power * tail);
    let (m, m_error) = fast_two_sum(a, -T::ONE);
    let (d, d_error) = fast_two_sum(a, T::ONE);
    quotient(fast_two_sum(m, m_error + tail), fast_two_sum(d, d_error + tail)).copysign(x)
}
