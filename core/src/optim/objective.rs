//! [`Objective`]: a function of θ with gradient and curvature products.

use crate::error::Error;
use crate::scalar::Real;

/// Φ(θ), its gradient, and products with a symmetric positive semidefinite approximation H of its Hessian.
///
/// A value that is not finite (an overflow at a bad trial point) is an outcome, not an error: methods reject the point.
pub trait Objective<T: Real> {
    /// Length of θ.
    fn params(&self) -> usize;

    /// Φ(θ): one pass over the data. Fixes the point at which the other two work.
    fn value(&mut self, theta: &[T]) -> Result<T, Error>;

    /// Overwrites `gradient` by that at the point of the last [`value`](Self::value), when this was finite: one pass. Comes
    /// before the first product there.
    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error>;

    /// hv ← H v at the point of the last [`value`](Self::value): two passes.
    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error>;

    /// Φ(θ) and its gradient, zero where Φ is not finite.
    fn value_and_gradient(&mut self, theta: &[T], gradient: &mut [T]) -> Result<T, Error> {
        let value = self.value(theta)?;
        gradient.fill(T::ZERO);
        if value.is_finite() {
            self.gradient(gradient)?;
        }
        Ok(value)
    }
}
