//! [`Objective`]: a function of θ with gradient and curvature products.

use crate::error::Error;
use crate::scalar::Real;

/// Φ(θ), its gradient, and products with a symmetric positive semidefinite approximation H of its Hessian.
///
/// A value that is not finite (an overflow at a bad trial point) is an outcome, not an error: methods reject the point.
pub trait Objective<T: Real> {
    /// Length of θ.
    fn params(&self) -> usize;

    /// Φ(θ). Forgets the point of [`gradient`](Self::gradient).
    fn value(&mut self, theta: &[T]) -> Result<T, Error>;

    /// Φ(θ) and its gradient; fixes the point at which [`product`](Self::product) works.
    fn gradient(&mut self, theta: &[T], gradient: &mut [T]) -> Result<T, Error>;

    /// hv ← H v at the point of the last [`gradient`](Self::gradient).
    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error>;
}
