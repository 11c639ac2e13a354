//! Elementary functions of our own: without branches, so that a loop over a slice becomes vector instructions, and with
//! nothing but the sums, products, quotients and bit operations of IEEE 754, so that the bits are the same on every platform.
//!
//! libm's functions branch on the size of their argument: one number at a time, and mispredicted where sizes vary.
//!
//! Every function reduces its argument to an interval around 0, evaluates a polynomial there (Remez' algorithm, least relative
//! error of the function, coefficients rounded; the errors stand in the heads of the files) and undoes the reduction. Rounding
//! errors that would count are carried along as a second number: `high + low`, the sum unevaluated.
//!
//! | function | `f64` | `f32` |
//! |---|---|---|
//! | `exp` | 0.53 ULP | 0.51 |
//!
//! `f64` against 106-bit arithmetic at random arguments, `f32` against `f64` at all arguments (`tests.rs`).

mod bits;
mod exp;
mod format;
mod ln;
mod sine;
mod tanh;
#[cfg(test)]
mod tests;

pub(super) use exp::{exp, exp_m1, sigmoid};
pub(super) use ln::{ln, ln_1p, softplus};
pub(super) use sine::{cos, cos_within, sin, sin_within};
pub(super) use tanh::tanh;

use format::{Format, Polynomial};

/// p(x), the even and the odd powers by themselves: two short chains of sums in place of a long one.
#[inline(always)]
fn evaluate<T: Format>((even, odd): Polynomial<T>, x: T, square: T) -> T {
    horner(even, square) + x * horner(odd, square)
}

/// c₀ + c₁ x + c₂ x² + …
#[inline(always)]
fn horner<T: Format>(coefficients: &[T], x: T) -> T {
    match coefficients {
        [rest @ .., last] => rest.iter().rev().fold(*last, |sum, &c| sum * x + c),
        [] => T::ZERO,
    }
}

/// a + b and its rounding error, which is exact where |a| ≥ |b| or a = 0. T. Dekker, "A floating-point technique for extending
/// the available precision" (1971), <https://doi.org/10.1007/BF01397083>.
#[inline(always)]
fn fast_two_sum<T: Format>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    (sum, (a - sum) + b)
}

/// a + b and its exact rounding error. D. Knuth, "The Art of Computer Programming" 2 (1969), 4.2.2.
#[inline(always)]
fn two_sum<T: Format>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// (a + a_low)/(b + b_low) for 1 ≤ b: a quotient of half as many digits, whose products with the halves of b are exact, and
/// what it leaves over.
#[inline(always)]
fn quotient<T: Format>((a, a_low): (T, T), (b, b_low): (T, T)) -> T {
    let inverse = T::ONE / b;
    let (t, b_high) = ((a * inverse).half(), b.half());
    let left = ((a - t * b_high) - t * (b - b_high)) + (a_low - t * b_low);
    t + left * inverse
}
