//! eˣ, eˣ − 1 and 1/(1 + e⁻ˣ).
//!
//! x = n ln 2 + r with |r| ≤ ½ ln 2, eˣ = 2ⁿ (1 + r + r²/2 + r³ q(r)). The high part of ln 2 ends in zeros, so that x less its
//! multiple is exact. The polynomial errs by 2⁻⁵⁶ (`f64`) or 2⁻³¹ (`f32`) of eʳ. 2ⁿ is multiplied in two factors, so results go
//! through the subnormal numbers to 0, and reach ∞ where they should.

use super::format::Format;
use super::{evaluate, fast_two_sum};

/// What an argument is reduced to: y = n ln 2 + `near` − `low`.
#[derive(Clone, Copy)]
pub(super) struct Reduced<T> {
    /// n in the low bits
    pub rounded: T,
    pub near: T,
    pub low: T,
    /// r = `near` − `low`, rounded
    r: T,
    /// eʳ − 1 − r
    pub curve: T,
}

#[inline(always)]
pub(super) fn reduce<T: Format>(y: T) -> Reduced<T> {
    let rounded = y * T::LOG2_E + T::ROUND;
    let n = rounded - T::ROUND;
    let (near, low) = (y - n * T::LN_2.0, n * T::LN_2.1);
    let r = near - low;
    let square = r * r;
    Reduced { rounded, near, low, r, curve: square.scale(0.5) + (square * r) * evaluate(T::EXP, r, square) }
}

/// eʳ = high + low with |low| ≤ 0.1
#[inline(always)]
pub(super) fn series<T: Format>(x: Reduced<T>) -> (T, T) {
    let (sum, error) = fast_two_sum(T::ONE, x.near);
    (sum, error + (x.curve - x.low))
}

/// x between two bounds; NaN stays NaN.
#[inline(always)]
fn clamp<T: Format>(x: T, (least, most): (T, T)) -> T {
    let x = if x < least { least } else { x };
    if x > most { most } else { x }
}

/// eˣ
#[inline(always)]
pub(in crate::scalar) fn exp<T: Format>(x: T) -> T {
    let x = reduce(clamp(x, T::EXP_RANGE));
    let sum = T::ONE + (x.near + (x.curve - x.low));
    let (a, b) = T::power_in_two(x.rounded);
    sum * a * b
}

/// eˣ − 1 = 2ⁿ ((1 − 2⁻ⁿ) + (eʳ − 1))
#[inline(always)]
pub(in crate::scalar) fn exp_m1<T: Format>(x: T) -> T {
    let reduced = reduce(clamp(x, (T::EXP_M1_LEAST, T::EXP_RANGE.1)));
    let (half_power, twice_inverse) = T::power_and_inverse(reduced.rounded);
    let (rest, rest_error) = fast_two_sum(T::ONE, -twice_inverse.scale(0.5));
    // n = 0 leaves 0, and else |1 − 2⁻ⁿ| ≥ ½ > |r|.
    let (sum, error) = fast_two_sum(rest, reduced.near);
    // Here 1 − 2⁻ⁿ cancels: the rounding error of r counts in the curve too, whose slope is about r.
    let curve = reduced.curve + reduced.r * ((reduced.near - reduced.r) - reduced.low);
    let m = sum + ((error + rest_error) + (curve - reduced.low));
    // Twice first, which is exact for subnormal numbers too. The sign of −0.
    (m.scale(2.0) * half_power).copysign(x)
}

/// e^(−|x|) = (high + low) a b with |low| at most half a unit in the last place of `high`.
#[inline(always)]
pub(super) fn falling<T: Format>(x: T) -> ((T, T), (T, T)) {
    let x = reduce(clamp(-x.abs(), (T::EXP_RANGE.0, T::ZERO)));
    let (high, low) = series(x);
    (fast_two_sum(high, low), T::power_in_two(x.rounded))
}

/// 1/(1 + e⁻ˣ), which is e/(1 + e) or 1/(1 + e) with e = e^(−|x|).
#[inline(always)]
pub(in crate::scalar) fn sigmoid<T: Format>(x: T) -> T {
    let ((high, low), (a, b)) = falling(x);
    let (sum, error) = fast_two_sum(T::ONE, high * a * b);
    let sum = (sum, error + low * a * b);
    let negative = x < T::ZERO;
    // One of the two factors waits for the end: the quotient has all its digits until the result rounds to a subnormal number.
    let numerator = if negative { (high * a, low * a) } else { (T::ONE, T::ZERO) };
    // 1/(1 + e), where it is not negligible.
    let inverse = |s: T| if negative { T::ONE - s } else { s };
    T::divide(numerator, sum, inverse) * if negative { b } else { T::ONE }
}
