//! Dual numbers: a value and N directional derivatives.
//!
//! A dual number a + Σ bᵢ εᵢ with εᵢ εⱼ = 0 carries f(a) and the directional derivatives bᵢ through any computation:
//! f(a + b ε) = f(a) + f′(a) b ε. Source: W. K. Clifford, "Preliminary sketch of biquaternions" (1873); A. Griewank and
//! A. Walther, "Evaluating Derivatives" (2nd ed. 2008), chapter 3.
//!
//! Accuracy: values have the bits of the plain computation; each derivative part errs by a few ULP of the terms of the
//! product rule. At a point where a function has no derivative the part is what IEEE 754 makes of the rule (√0 gives ∞ or
//! NaN). Cost: 1 + 2N multiplications for a product.

use core::cmp::Ordering;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::rules::{self, functions_by_rules};
use crate::scalar::Real;

/// `value + Σ eps[i] εᵢ`. Comparisons look at the value only. Nests: `Dual<Dual<f64, 1>, 1>` gives second derivatives.
///
/// ```
/// use gaussling_core::Dual;
/// let (x, y) = (Dual::<f64, 2>::variable(3.0, 0), Dual::variable(2.0, 1));
/// let z = x * x * y + Dual::constant(1.0);
/// assert_eq!((z.value, z.eps), (19.0, [12.0, 9.0])); // (2xy, x²)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<T, const N: usize> {
    /// The value.
    pub value: T,
    /// The directional derivatives.
    pub eps: [T; N],
}

impl<T: Real, const N: usize> Dual<T, N> {
    /// A number whose derivatives are zero.
    #[inline]
    pub fn constant(value: T) -> Self {
        Self { value, eps: [T::ZERO; N] }
    }

    /// The independent variable of direction `i`: derivative 1 there, 0 elsewhere (0 everywhere when `i ≥ N`).
    #[inline]
    pub fn variable(value: T, i: usize) -> Self {
        let mut eps = [T::ZERO; N];
        if let Some(e) = eps.get_mut(i) {
            *e = T::ONE;
        }
        Self { value, eps }
    }

    /// f(self) by the chain rule, from `value` = f(a) and `slope` = f′(a).
    #[inline]
    fn chain(self, value: T, slope: T) -> Self {
        Self { value, eps: self.eps.map(|e| slope * e) }
    }

    #[inline]
    fn by_rule(self, rule: impl Fn(T) -> (T, T)) -> Self {
        let (value, slope) = rule(self.value);
        self.chain(value, slope)
    }

    #[inline]
    fn by_rule_of_two(self, other: Self, rule: impl Fn(T, T) -> (T, T, T)) -> Self {
        let (value, slope, other_slope) = rule(self.value, other.value);
        self.zip(other, value, |a, b| slope * a + other_slope * b)
    }

    #[inline]
    fn zip(self, other: Self, value: T, f: impl Fn(T, T) -> T) -> Self {
        let mut eps = self.eps;
        for (e, &o) in eps.iter_mut().zip(&other.eps) {
            *e = f(*e, o);
        }
        Self { value, eps }
    }
}

impl<T: Real, const N: usize> PartialEq for Dual<T, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Real, const N: usize> PartialOrd for Dual<T, N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real, const N: usize> Add for Dual<T, N> {
    type Output = Self;
    #[inline]
    fn add(self, o: Self) -> Self {
        self.zip(o, self.value + o.value, |a, b| a + b)
    }
}

impl<T: Real, const N: usize> Sub for Dual<T, N> {
    type Output = Self;
    #[inline]
    fn sub(self, o: Self) -> Self {
        self.zip(o, self.value - o.value, |a, b| a - b)
    }
}

impl<T: Real, const N: usize> Mul for Dual<T, N> {
    type Output = Self;
    #[inline]
    fn mul(self, o: Self) -> Self {
        self.zip(o, self.value * o.value, |a, b| a * o.value + self.value * b)
    }
}

impl<T: Real, const N: usize> Div for Dual<T, N> {
    type Output = Self;
    /// (a/b)′ = (a′ − (a/b) b′)/b
    #[inline]
    fn div(self, o: Self) -> Self {
        let quotient = self.value / o.value;
        self.zip(o, quotient, |a, b| (a - quotient * b) / o.value)
    }
}

impl<T: Real, const N: usize> Neg for Dual<T, N> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self { value: -self.value, eps: self.eps.map(|e| -e) }
    }
}

impl<T: Real, const N: usize> AddAssign for Dual<T, N> {
    #[inline]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl<T: Real, const N: usize> SubAssign for Dual<T, N> {
    #[inline]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl<T: Real, const N: usize> MulAssign for Dual<T, N> {
    #[inline]
    fn mul_assign(&mut self, o: Self) {
        *self = *self * o;
    }
}

impl<T: Real, const N: usize> DivAssign for Dual<T, N> {
    #[inline]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}

impl<T: Real, const N: usize> Real for Dual<T, N> {
    const ZERO: Self = Self { value: T::ZERO, eps: [T::ZERO; N] };
    const ONE: Self = Self { value: T::ONE, eps: [T::ZERO; N] };
    const EPSILON: Self = Self { value: T::EPSILON, eps: [T::ZERO; N] };
    const MIN_POSITIVE: Self = Self { value: T::MIN_POSITIVE, eps: [T::ZERO; N] };
    const MAX: Self = Self { value: T::MAX, eps: [T::ZERO; N] };

    #[inline]
    fn from_f64(x: f64) -> Self {
        Self::constant(T::from_f64(x))
    }
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }
    #[inline]
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.eps.iter().all(|e| e.is_finite())
    }
    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.eps.iter().all(|e| e.is_zero())
    }
    #[inline]
    fn is_sign_negative(self) -> bool {
        self.value.is_sign_negative()
    }
    #[inline]
    fn scale(self, c: f64) -> Self {
        Self { value: self.value.scale(c), eps: self.eps.map(|e| e.scale(c)) }
    }
    functions_by_rules!();

    #[inline]
    fn powi(self, n: i32) -> Self {
        self.by_rule(|x| rules::powi(x, n))
    }

    /// The logarithm is spent only where the exponent varies: it costs as much as the power, and ∞ · 0 would be NaN.
    #[inline]
    fn powf(self, p: Self) -> Self {
        let (power, slope) = rules::powf(self.value, p.value);
        let y = self.chain(power, slope);
        if p.eps.iter().all(|e| e.is_zero()) {
            return y;
        }
        let exponent = rules::powf_exponent(self.value, power);
        y.zip(p, power, |a, b| a + exponent * b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type D = Dual<f64, 1>;

    fn check(f: impl Fn(D) -> D, slope: impl Fn(f64) -> f64, x: f64) {
        let y = f(D::variable(x, 0));
        assert!((y.eps[0] - slope(x)).abs() <= 8.0 * f64::EPSILON * slope(x).abs().max(1e-300), "x = {x}: {y:?}");
    }

    #[test]
    fn rules_agree_with_closed_forms() {
        for x in [-2.3, -0.4, 0.1, 0.9, 3.1_f64] {
            check(|x| x.exp(), libm::exp, x);
            check(|x| x.exp_m1(), libm::exp, x);
            check(|x| x.sin(), libm::cos, x);
            check(|x| x.cos(), |x| -libm::sin(x), x);
            check(|x| x.atan(), |x| 1.0 / (1.0 + x * x), x);
            check(|x| x.tanh(), |x| 1.0 - Real::tanh(x) * Real::tanh(x), x);
            check(|x| x * x / (x * x + D::ONE), |x| 2.0 * x / ((x * x + 1.0) * (x * x + 1.0)), x);
            check(|x| x.powf(D::from_f64(3.0)), |x| 3.0 * x * x, x);
            check(|x| x.abs(), |x| if x < 0.0 { -1.0 } else { 1.0 }, x);
            let y = x.abs();
            check(|x| x.ln(), |x| 1.0 / x, y);
            check(|x| x.ln_1p(), |x| 1.0 / (1.0 + x), y);
            check(|x| x.sqrt(), |x| 0.5 / libm::sqrt(x), y);
            check(|x| x.powi(-3), |x| -3.0 / (x * x * x * x), y);
            check(|x| D::from_f64(2.0).powf(x), |x| libm::log(2.0) * libm::pow(2.0, x), y);
        }
    }

    #[test]
    fn nesting_gives_second_derivatives() {
        let x = Dual::<D, 1> { value: D::variable(0.7, 0), eps: [D::ONE] };
        let y = x.sin() * x;
        let second = 2.0 * libm::cos(0.7) - 0.7 * libm::sin(0.7);
        assert!((y.eps[0].eps[0] - second).abs() < 4.0 * f64::EPSILON);
    }

    #[test]
    fn several_directions_and_comparison_by_value() {
        let (x, y) = (Dual::<f64, 2>::variable(3.0, 0), Dual::<f64, 2>::variable(2.0, 1));
        assert_eq!((x * y).eps, [2.0, 3.0]);
        assert_eq!((x / y).eps, [0.5, -0.75]);
        assert!(x > y && x == Dual::constant(3.0));
        assert_eq!(Dual::<f64, 2>::variable(1.0, 5).eps, [0.0, 0.0]);
    }

    #[test]
    fn finite_means_the_derivatives_too() {
        assert!(!D::variable(0.0, 0).sqrt().is_finite());
        assert!(D::variable(1.0, 0).sqrt().is_finite());
    }
}
