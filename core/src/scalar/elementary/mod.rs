//! Elementary functions of our own: without branches, so that a loop over a slice becomes vector instructions, and with
//! nothing but the sums, products, quotients and bit operations of IEEE 754, so that the bits are the same on every platform.
//!
//! libm's functions branch on the size of their argument: one number at a time, and mispredicted where sizes vary.
//!
//! Every function reduces its argument to an interval around 0, evaluates a polynomial there (`format.rs` says how they were
//! made, the heads of the files how far they err) and undoes the reduction. Rounding errors that would count are carried along
//! as a second number: `high` + `low`, the sum unevaluated.
//!
//! Largest errors found, in ULP: `f64` at millions of random arguments against 106-bit arithmetic, `f32` at all arguments against `f64`.
//! `gaussling audit` measures those of all functions again, `gaussling audit --full` at all arguments; AUDIT.md has what it found, and where.
//!
//! | function | `f64` | `f32` |
//! |---|---|---|
//! | `exp` | 0.90; 1.00 where subnormal | 0.85 |
//! | `exp_m1` | 1.17 | 0.91 |
//! | `ln` | 0.90 | 0.89 |
//! | `ln_1p` | 0.87 | 0.93 |
//! | `sin`, `cos` | 0.80 | 0.85 |
//! | `tanh` | 0.90 | 0.78 |
//! | `sigmoid` | 1.27 | 0.76 |
//! | `softplus` | 1.00 | 1.00 |
//!
//! NaN in gives NaN out; edges are those of IEEE 754, as [`Real`](super::Real) lists them.

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
        // By name where there are few: compiled for size, a loop would stay a loop.
        [c0, c1] => *c1 * x + *c0,
        [c0, c1, c2] => (*c2 * x + *c1) * x + *c0,
        [c0, c1, c2, c3] => ((*c3 * x + *c2) * x + *c1) * x + *c0,
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
