//! The trait [`Real`].

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number that the algorithms compute with: `f32`, `f64`, or a dual number over one of them.
///
/// The functions follow IEEE 754 at the edges of their domains: `ln(0) = −∞`, `ln(x < 0)` and `sqrt(x < 0)` are NaN,
/// `exp(±∞)` is `∞` and `0`, `tanh(±∞) = ±1`, and NaN in gives NaN out. Accuracy is libm's: at most about 1 ULP for
/// `exp ln sin cos`, 2.2 ULP for `f32` `tanh`; `sqrt` is correctly rounded.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// The largest finite number.
    const MAX: Self;

    /// The nearest number of this type; a constant as far as derivatives are concerned.
    fn from_f64(x: f64) -> Self;
    /// The value, without derivatives, as `f64`. For reports and tests: algorithms compare `Self` directly.
    fn value(self) -> f64;
    /// Whether the value and all derivative parts are finite.
    fn is_finite(self) -> bool;

    /// |x|; the derivative at 0 is that of +x (−x for −0).
    fn abs(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// eˣ
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0
    fn exp_m1(self) -> Self;
    /// natural logarithm
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0
    fn ln_1p(self) -> Self;
    /// sine, argument in radians
    fn sin(self) -> Self;
    /// cosine, argument in radians
    fn cos(self) -> Self;
    /// hyperbolic tangent
    fn tanh(self) -> Self;
    /// arc tangent, result in radians
    fn atan(self) -> Self;
    /// xᵖ for real p
    fn powf(self, p: Self) -> Self;

    /// The count `n` as a number, rounded to nearest.
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }

    /// xⁿ by repeated squaring: the same bits on every platform.
    fn powi(self, n: i32) -> Self {
        let mut base = if n < 0 { Self::ONE / self } else { self };
        let mut rest = n.unsigned_abs();
        let mut product = Self::ONE;
        while rest > 0 {
            if rest & 1 == 1 {
                product *= base;
            }
            base *= base;
            rest >>= 1;
        }
        product
    }

    /// The larger of two; `other` when the comparison is false because of a NaN in `self`.
    fn max(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// The smaller of two; `other` when the comparison is false because of a NaN in `self`.
    fn min(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
}
