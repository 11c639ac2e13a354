//! ln x, ln(1 + x) and ln(1 + eˣ).
//!
//! x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2, and with s = f/(2 + f), ln(1 + f) = 2 artanh s = f − (h − s (h + R)), where h = f²/2 and
//! R = s² p(s²) is what artanh adds to 2s, over s. The polynomial errs by 2⁻⁵⁹ (`f64`) or 2⁻³⁵ (`f32`) of ln(1 + f). Source: FreeBSD's
//! `e_log.c` (Sun Microsystems, 1993); here the sum k ln 2 + f keeps its rounding error.

use super::exp::falling;
use super::format::Format;
use super::{evaluate, fast_two_sum, two_sum};

/// k ln 2 + ln(1 + f + `f_low`) = high + low
#[inline(always)]
fn series<T: Format>(k: T, f: T, f_low: T) -> (T, T) {
    let s = f / (T::ONE + T::ONE + f);
    let square = s * s;
    let rest = square * evaluate(T::LN, square, square * square);
    let h = (f * f).scale(0.5);
    let (high, error) = fast_two_sum(k * T::LN_2.0, f);
    (high, error + (f_low + k * T::LN_2.1 - (h - s * (h + rest))))
}

/// `y` = ln x or ln(1 + z) where x > 0, respectively 1 + z > 0, and finite; else what IEEE 754 says.
#[inline(always)]
fn edges<T: Format>(x: T, pole: T, y: T) -> T {
    let infinity = T::ONE / T::ZERO;
    let inside = if x < infinity { y } else { x }; // ∞, NaN
    let outside = if x < pole { infinity * T::ZERO } else { -infinity };
    if x <= pole { outside } else { inside }
}

/// ln x
#[inline(always)]
pub(in crate::scalar) fn ln<T: Format>(x: T) -> T {
    let subnormal = x < T::MIN_POSITIVE;
    let normal = if subnormal { x * T::NORMALIZE.0 } else { x };
    let (k, z, _) = normal.split();
    let k = if subnormal { k - T::NORMALIZE.1 } else { k };
    let (high, low) = series(k, z - T::ONE, T::ZERO);
    edges(x, T::ZERO, high + low)
}

/// ln(u + v + `v_low`) = high + low for v small beside u.
#[inline(always)]
fn ln_of_sum<T: Format>(u: T, v: T, v_low: T) -> (T, T) {
    let (k, z, twice_inverse) = u.split();
    let scaled = |v: T| (v * twice_inverse).scale(0.5);
    let (f, f_low) = fast_two_sum(z - T::ONE, scaled(v));
    // The slope 1/(1 + f), which is within 3 % for k = 0, where a small sum could be.
    series(k, f, f_low + scaled(v_low) * (T::ONE - f.scale(0.75)))
}

/// ln(1 + x)
#[inline(always)]
pub(in crate::scalar) fn ln_1p<T: Format>(x: T) -> T {
    let (u, v) = two_sum(T::ONE, x);
    let (high, low) = ln_of_sum(u, v, T::ZERO);
    edges(x, -T::ONE, (high + low).copysign(x))
}

/// ln(1 + eˣ) = max(0, x) + ln(1 + e^(−|x|))
#[inline(always)]
pub(in crate::scalar) fn softplus<T: Format>(x: T) -> T {
    let ((e, e_low), (a, b)) = falling(x);
    let (u, v) = fast_two_sum(T::ONE, e * a * b);
    let (high, low) = ln_of_sum(u, v, e_low * a * b);
    let positive = if x > T::ZERO { x } else { T::ZERO };
    let (sum, error) = two_sum(positive, high);
    // ∞ − ∞ in the error of an infinite sum.
    if x > T::MAX { x } else { sum + (error + low) }
}
