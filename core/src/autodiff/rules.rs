//! The derivative rules of the elementary functions: each is written here once, for [`Dual`](super::Dual) and
//! [`Var`](super::Var).
//!
//! A rule of one argument returns f(x) and f′(x); a rule of two arguments the value and both partial derivatives. Rules are
//! generic, so they may themselves be differentiated: that is how nested numbers get second derivatives. The value is that of
//! the plain function, bit for bit.
//!
//! Formulas: M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions" (1964), 3.3, 4.1–4.6 and 7.1. They are
//! arranged so that they neither cancel nor overflow where the slope is representable: (1 − x)(1 + x) in place of 1 − x²,
//! two divisions by a norm in place of one by its square. Accuracy: a few ULP, except for tanh, whose slope 1 − t² has an
//! absolute error of ε; its relative digits are lost as the slope goes to 0, and to keep them would cost an exponential.

use core::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, LOG10_E};

use crate::scalar::Real;

/// The slope at ±0 is that of the side which the sign bit names.
#[inline]
pub(super) fn abs<T: Real>(x: T) -> (T, T) {
    (x.abs(), x.signum())
}

#[inline]
pub(super) fn sqrt<T: Real>(x: T) -> (T, T) {
    let root = x.sqrt();
    (root, T::from_f64(0.5) / root)
}

#[inline]
pub(super) fn cbrt<T: Real>(x: T) -> (T, T) {
    let root = x.cbrt();
    (root, T::ONE / (T::from_f64(3.0) * root * root))
}

#[inline]
pub(super) fn exp<T: Real>(x: T) -> (T, T) {
    let e = x.exp();
    (e, e)
}

#[inline]
pub(super) fn exp2<T: Real>(x: T) -> (T, T) {
    let e = x.exp2();
    (e, T::from_f64(LN_2) * e)
}

#[inline]
pub(super) fn exp_m1<T: Real>(x: T) -> (T, T) {
    (x.exp_m1(), x.exp()) // not value + 1, which cancels for large −x
}

#[inline]
pub(super) fn ln<T: Real>(x: T) -> (T, T) {
    (x.ln(), T::ONE / x)
}

#[inline]
pub(super) fn ln_1p<T: Real>(x: T) -> (T, T) {
    (x.ln_1p(), T::ONE / (T::ONE + x))
}

#[inline]
pub(super) fn log2<T: Real>(x: T) -> (T, T) {
    (x.log2(), T::from_f64(LOG2_E) / x)
}

#[inline]
pub(super) fn log10<T: Real>(x: T) -> (T, T) {
    (x.log10(), T::from_f64(LOG10_E) / x)
}

#[inline]
pub(super) fn sin<T: Real>(x: T) -> (T, T) {
    x.sin_cos()
}

#[inline]
pub(super) fn cos<T: Real>(x: T) -> (T, T) {
    let (sin, cos) = x.sin_cos();
    (cos, -sin)
}

#[inline]
pub(super) fn sin_within<T: Real>(x: T) -> (T, T) {
    (x.sin_within(), x.cos_within())
}

#[inline]
pub(super) fn cos_within<T: Real>(x: T) -> (T, T) {
    (x.cos_within(), -x.sin_within())
}

#[inline]
pub(super) fn tan<T: Real>(x: T) -> (T, T) {
    let t = x.tan();
    (t, T::ONE + t * t)
}

/// 1 − x², near ±1 as (1 − x)(1 + x), which keeps the digits of the value, elsewhere plainly, which keeps those of the derivative
/// −2x: of the product it would be (1 − x) − (1 + x).
#[inline]
fn one_minus_square<T: Real>(x: T) -> T {
    if x.abs() > T::from_f64(0.5) { (T::ONE - x) * (T::ONE + x) } else { T::ONE - x * x }
}

#[inline]
pub(super) fn asin<T: Real>(x: T) -> (T, T) {
    (x.asin(), T::ONE / one_minus_square(x).sqrt())
}

#[inline]
pub(super) fn acos<T: Real>(x: T) -> (T, T) {
    (x.acos(), -T::ONE / one_minus_square(x).sqrt())
}

#[inline]
pub(super) fn atan<T: Real>(x: T) -> (T, T) {
    (x.atan(), T::ONE / (T::ONE + x * x))
}

#[inline]
pub(super) fn sinh<T: Real>(x: T) -> (T, T) {
    (x.sinh(), x.cosh())
}

#[inline]
pub(super) fn cosh<T: Real>(x: T) -> (T, T) {
    (x.cosh(), x.sinh())
}

#[inline]
pub(super) fn tanh<T: Real>(x: T) -> (T, T) {
    let t = x.tanh();
    (t, T::ONE - t * t)
}

/// The two factors share the exponential, and neither cancels.
#[inline]
pub(super) fn sigmoid<T: Real>(x: T) -> (T, T) {
    let s = x.sigmoid();
    (s, s * (-x).sigmoid())
}

#[inline]
pub(super) fn softplus<T: Real>(x: T) -> (T, T) {
    (x.softplus(), x.sigmoid())
}

#[inline]
pub(super) fn asinh<T: Real>(x: T) -> (T, T) {
    (x.asinh(), T::ONE / x.hypot(T::ONE))
}

#[inline]
pub(super) fn acosh<T: Real>(x: T) -> (T, T) {
    (x.acosh(), T::ONE / ((x - T::ONE).sqrt() * (x + T::ONE).sqrt()))
}

#[inline]
pub(super) fn atanh<T: Real>(x: T) -> (T, T) {
    (x.atanh(), T::ONE / one_minus_square(x))
}

#[inline]
pub(super) fn erf<T: Real>(x: T) -> (T, T) {
    (x.erf(), T::from_f64(FRAC_2_SQRT_PI) * (-x * x).exp())
}

/// n xⁿ⁻¹, and 0 for n = 0 even at x = 0.
#[inline]
pub(super) fn powi<T: Real>(x: T, n: i32) -> (T, T) {
    let power = x.powi(n);
    let slope = match n.checked_sub(1) {
        _ if n == 0 => T::ZERO,
        Some(less) => T::from_f64(f64::from(n)) * x.powi(less),
        None => T::from_f64(f64::from(n)) * (power / x),
    };
    (power, slope)
}

/// ∂/∂x xᵖ = p xᵖ⁻¹, and 0 for p = 0 even at x = 0. The exponent's part is [`powf_exponent`].
#[inline]
pub(super) fn powf<T: Real>(x: T, p: T) -> (T, T) {
    let slope = if p.is_zero() { T::ZERO } else { p * x.powf(p - T::ONE) };
    (x.powf(p), slope)
}

/// ∂/∂p xᵖ = xᵖ ln x where x > 0; elsewhere xᵖ is real for isolated p alone, and the slope is set to 0.
#[inline]
pub(super) fn powf_exponent<T: Real>(x: T, power: T) -> T {
    if x > T::ZERO { power * x.ln() } else { T::ZERO }
}

/// The angle of (x, y): dy x/r² − dx y/r²
#[inline]
pub(super) fn atan2<T: Real>(y: T, x: T) -> (T, T, T) {
    let norm = x.hypot(y);
    (y.atan2(x), x / norm / norm, -y / norm / norm)
}

#[inline]
pub(super) fn hypot<T: Real>(x: T, y: T) -> (T, T, T) {
    let norm = x.hypot(y);
    (norm, x / norm, y / norm)
}

/// The elementary functions of `Real` for a type that has the methods `by_rule(rule)` and `by_rule_of_two(other, rule)`.
macro_rules! functions_by_rules {
    () => {
        functions_by_rules!(unary: abs sqrt cbrt exp exp2 exp_m1 ln ln_1p log2 log10 sin cos sin_within cos_within tan asin
            acos atan sinh cosh tanh sigmoid softplus asinh acosh atanh erf; binary: atan2 hypot);
    };
    (unary: $($unary:ident)+; binary: $($binary:ident)+) => {
        $(#[inline]
        fn $unary(self) -> Self {
            self.by_rule(rules::$unary)
        })+
        $(#[inline]
        fn $binary(self, other: Self) -> Self {
            self.by_rule_of_two(other, rules::$binary)
        })+
    };
}
pub(super) use functions_by_rules;
