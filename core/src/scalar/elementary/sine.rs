//! sin x and cos x.
//!
//! x = n π/2 + r + `low` with |r| ≤ π/4: π/2 is taken off in parts, of which all but the last are so short that their products
//! with n are exact, and the differences keep their rounding errors. W. Cody and W. Waite, "Software Manual for the Elementary
//! Functions" (1980). The sine is then ± sin r or ± cos r; both polynomials are computed, errors 2⁻⁵⁸ and 2⁻⁶⁴ (`f64`), 2⁻²⁸ and 2⁻³³ (`f32`).
//! Beyond |x| = 10⁵ (`f64`) or 3200 (`f32`) the products would not be exact: there it is libm, which has all digits of π.

use super::evaluate;
use super::format::Format;

/// What x is reduced to: n in the low bits of `rounded`, and sin and cos of the rest as sums of two.
struct Reduced<T> {
    rounded: T,
    sin: (T, T),
    cos: (T, T),
}

#[inline(always)]
fn reduce<T: Format>(x: T) -> Reduced<T> {
    let rounded = x * T::FRAC_2_PI + T::ROUND;
    let n = rounded - T::ROUND;
    let (mut r, mut low) = (x, -T::ZERO);
    for (i, &part) in T::FRAC_PI_2.iter().enumerate() {
        let multiple = n * part;
        let next = r - multiple;
        if i > 0 {
            low += (r - next) - multiple; // the first difference is exact
        }
        r = next;
    }
    let square = r * r;
    let fourth = square * square;
    let half = square.scale(0.5);
    let near = T::ONE - half;
    // cos r = near + …, and the derivatives of sine and cosine, cos r ≈ near and −r, take `low` in.
    let sin = (r, low * near + r * (square * evaluate(T::SIN, square, fourth)));
    let cos = (near, ((T::ONE - near) - half) + (fourth * evaluate(T::COS, square, fourth) - r * low));
    Reduced { rounded, sin, cos }
}

/// sin x for |x| ≤ `SINE_RANGE`, the same bits as [`sin`], without a branch; any number beyond.
#[inline(always)]
pub(in crate::scalar) fn sin_within<T: Format>(x: T) -> T {
    let Reduced { rounded, sin, cos } = reduce(x.abs());
    let (high, low) = if T::is_odd(rounded) { cos } else { sin };
    (high + low).negate_by(rounded).times_sign(x)
}

/// cos x for |x| ≤ `SINE_RANGE`, the same bits as [`cos`], without a branch; any number beyond.
#[inline(always)]
pub(in crate::scalar) fn cos_within<T: Format>(x: T) -> T {
    let Reduced { rounded, sin, cos } = reduce(x.abs());
    let (high, low) = if T::is_odd(rounded) { sin } else { cos };
    // cos(x) = sin(x + π/2): the next quarter's sign.
    (high + low).negate_by(rounded + T::ONE)
}

/// sin x
#[inline(always)]
pub(in crate::scalar) fn sin<T: Format>(x: T) -> T {
    if x.abs() <= T::SINE_RANGE { sin_within(x) } else { x.libm_sin() }
}

/// cos x
#[inline(always)]
pub(in crate::scalar) fn cos<T: Format>(x: T) -> T {
    if x.abs() <= T::SINE_RANGE { cos_within(x) } else { x.libm_cos() }
}
