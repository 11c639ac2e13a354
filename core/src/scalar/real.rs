//! The trait [`Real`].

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number that the algorithms compute with: `f32`, `f64`, a dual number over one of them, or a variable on a tape.
///
/// The functions follow IEEE 754 at the edges of their domains, and NaN in gives NaN out, except for `powf(x, 0) = 1`,
/// `powf(1, p) = 1`, `hypot(±∞, NaN) = ∞`, and `max` and `min`, which prefer the number. Odd functions keep the sign of a zero.
/// `exp exp_m1 ln ln_1p sin cos tanh sigmoid softplus` are our own, at most 1 ULP (`f32`) or 1.3 (`f64`) and without branches but for
/// the sine and cosine of large arguments; the other functions and those arguments are libm's. `sqrt` is correctly rounded.
///
/// | function | at ±0 | at ±∞ | NaN where |
/// |---|---|---|---|
/// | `sqrt` | ±0 | ∞ | x < 0 |
/// | `cbrt`, `asinh`, `sinh` | ±0 | ±∞ | |
/// | `exp`, `exp2` | 1 | ∞, 0 | |
/// | `exp_m1` | ±0 | ∞, −1 | |
/// | `ln`, `log2`, `log10` | −∞ | ∞ | x < 0 |
/// | `ln_1p` | ±0 | ∞; −∞ at −1 | x < −1 |
/// | `sin`, `tan` | ±0 | NaN | x = ±∞ |
/// | `cos` | 1 | NaN | x = ±∞ |
/// | `asin`, `acos` | ±0, π/2 | NaN | \|x\| > 1 |
/// | `atan`, `tanh`, `erf` | ±0 | ±π/2, ±1, ±1 | |
/// | `sigmoid` | ½ | 1, 0 | |
/// | `softplus` | ln 2 | ∞, 0 | |
/// | `cosh` | 1 | ∞ | |
/// | `acosh` | NaN | ∞ | x < 1 |
/// | `atanh` | ±0; ±∞ at ±1 | NaN | \|x\| > 1 |
///
/// Derivatives at a point where a function has none are what IEEE 754 makes of the rule in `autodiff`: ∞ for `sqrt`, `cbrt`
/// and `ln` at 0, NaN for `hypot` and `atan2` at the origin; times a direction of 0 an infinite slope gives NaN.
///
/// ```
/// use gaussling_core::{Dual, Real};
/// fn softplus<T: Real>(x: T) -> T {
///     x.exp().ln_1p()
/// }
/// assert_eq!(softplus(0.0_f32), 2.0_f32.ln());
/// assert_eq!(softplus(Dual::<f64, 1>::variable(0.0, 0)).eps, [0.5]); // the logistic function
/// ```
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
    /// Whether the value and all derivative parts are zero. Only then may a term be skipped: `x == ZERO` sees the value alone.
    fn is_zero(self) -> bool;
    /// Whether the sign bit of the value is set: true for −0.
    fn is_sign_negative(self) -> bool;

    /// c x for a constant c, rounded to this type first. As `Self::from_f64(c) * x` but for the sign of derivatives that are
    /// zero, and derivatives do not pay for those of the constant: N + 1 multiplications for a dual number instead of 2N + 1.
    ///
    /// ```
    /// use gaussling_core::{Dual, Real};
    /// assert_eq!(2.0_f32.scale(0.1), 2.0 * 0.1_f32);
    /// assert_eq!(Dual::<f64, 1>::variable(3.0, 0).scale(100.0).eps, [100.0]);
    /// ```
    fn scale(self, c: f64) -> Self;
    /// |x|; the derivative at 0 is that of +x (−x for −0).
    fn abs(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// ∛x, of negative numbers too
    fn cbrt(self) -> Self;
    /// eˣ
    fn exp(self) -> Self;
    /// 2ˣ
    fn exp2(self) -> Self;
    /// eˣ − 1, accurate near 0
    fn exp_m1(self) -> Self;
    /// natural logarithm
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0
    fn ln_1p(self) -> Self;
    /// logarithm to base 2
    fn log2(self) -> Self;
    /// logarithm to base 10
    fn log10(self) -> Self;
    /// sine, argument in radians
    fn sin(self) -> Self;
    /// cosine, argument in radians
    fn cos(self) -> Self;
    /// The bits of [`sin`](Self::sin) where |x| ≤ 3000, and any number beyond. Without a branch, so that a loop becomes vector
    /// instructions.
    #[inline]
    fn sin_within(self) -> Self {
        self.sin()
    }
    /// The bits of [`cos`](Self::cos) where |x| ≤ 3000, and any number beyond. Without a branch, so that a loop becomes vector
    /// instructions.
    #[inline]
    fn cos_within(self) -> Self {
        self.cos()
    }
    /// tangent, argument in radians
    fn tan(self) -> Self;
    /// arc sine, in [−π/2, π/2]
    fn asin(self) -> Self;
    /// arc cosine, in [0, π]
    fn acos(self) -> Self;
    /// arc tangent, result in radians
    fn atan(self) -> Self;
    /// hyperbolic sine
    fn sinh(self) -> Self;
    /// hyperbolic cosine
    fn cosh(self) -> Self;
    /// hyperbolic tangent
    fn tanh(self) -> Self;
    /// the logistic function 1/(1 + e⁻ˣ)
    fn sigmoid(self) -> Self;
    /// ln(1 + eˣ)
    fn softplus(self) -> Self;
    /// inverse hyperbolic sine
    fn asinh(self) -> Self;
    /// inverse hyperbolic cosine, ≥ 0
    fn acosh(self) -> Self;
    /// inverse hyperbolic tangent
    fn atanh(self) -> Self;
    /// error function (2/√π) ∫₀ˣ e^(−t²) dt
    fn erf(self) -> Self;
    /// xᵖ for real p; where x ≤ 0 the derivative in p is taken as 0.
    fn powf(self, p: Self) -> Self;
    /// The angle of the point (x, y) = (`x`, `self`), in [−π, π]: the arc tangent of `self / x` in the right quadrant.
    fn atan2(self, x: Self) -> Self;
    /// √(x² + y²) without overflow or underflow on the way
    fn hypot(self, other: Self) -> Self;

    /// The count `n` as a number, rounded to nearest.
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }

    /// Sine and cosine.
    #[inline]
    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// 1/x
    #[inline]
    fn recip(self) -> Self {
        Self::ONE / self
    }

    /// Whether the value is NaN.
    #[inline]
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }

    /// |x| with the sign of `sign`, that of a zero included.
    #[inline]
    fn copysign(self, sign: Self) -> Self {
        if self.is_sign_negative() == sign.is_sign_negative() { self } else { -self }
    }

    /// 1 with the sign of x, −1 for −0; NaN for NaN.
    #[inline]
    fn signum(self) -> Self {
        if self.is_nan() { self } else { Self::ONE.copysign(self) }
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
