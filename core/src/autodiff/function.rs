//! Scalar functions of one variable, and their derivative.

use super::Dual;
use crate::scalar::Real;

/// A function ℝ → ℝ written once for every scalar type, so that its derivatives come from dual numbers.
///
/// ```
/// use gaussling_core::{autodiff::{ScalarFunction, derivative}, scalar::Real};
///
/// #[derive(Clone, Copy)]
/// struct Cube;
/// impl ScalarFunction for Cube {
///     fn eval<T: Real>(&self, x: T) -> T {
///         x * x * x
///     }
/// }
/// assert_eq!(derivative(Cube, 2.0), (8.0, 12.0));
/// ```
pub trait ScalarFunction: Copy {
    /// The value at `x`.
    fn eval<T: Real>(&self, x: T) -> T;
}

/// Value and derivative `(f(x), f′(x))`; the value has the bits of `f.eval(x)`.
#[inline]
pub fn derivative<T: Real>(f: impl ScalarFunction, x: T) -> (T, T) {
    let y = f.eval(Dual::variable(x, 0));
    let [slope] = y.eps;
    (y.value, slope)
}
