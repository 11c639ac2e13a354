//! Functions written once for every scalar type, so that their derivatives come from [`Dual`](super::Dual) and
//! [`Var`](super::Var).
//!
//! They are traits and not closures because a closure has one argument type, and differentiation needs the same function for
//! many.

use crate::scalar::Real;

/// A function ℝ → ℝ.
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

    /// The bits of [`eval`](Self::eval) where [`is_simple_at`](Self::is_simple_at) holds, and any number elsewhere. A function
    /// whose `eval` has a branch that few arguments take can do without it here: loops over many numbers, all of them simple,
    /// become vector instructions.
    #[inline]
    fn eval_simple<T: Real>(&self, x: T) -> T {
        self.eval(x)
    }

    /// Whether [`eval_simple`](Self::eval_simple) is `eval` at `x`.
    #[inline]
    fn is_simple_at<T: Real>(&self, _x: T) -> bool {
        true
    }
}

/// A function ℝⁿ → ℝ. See [`gradient`](super::gradient) for an example.
pub trait MultivariateFunction {
    /// The value at `x`.
    fn eval<T: Real>(&self, x: &[T]) -> T;
}

/// A function ℝⁿ → ℝᵐ. See [`jacobian`](super::jacobian) for an example.
pub trait VectorFunction {
    /// Writes the value at `x` to `y`, which the routines of this module hand over filled with zeros.
    fn eval<T: Real>(&self, x: &[T], y: &mut [T]);
}
