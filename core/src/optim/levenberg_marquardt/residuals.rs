//! [`Residuals`]: what Levenberg–Marquardt needs of a problem, and [`Differentiated`], which needs of the caller only r.

use crate::autodiff::{Dual, VectorFunction, jacobian_into};
use crate::error::{Error, check_length, check_workspace};
use crate::scalar::Real;

/// r: ℝⁿ → ℝᵐ and its Jacobian.
///
/// Values that are not finite are an outcome, not an error: the method rejects the point.
pub trait Residuals<T: Real> {
    /// n
    fn params(&self) -> usize;

    /// m
    fn residuals(&self) -> usize;

    /// r ← r(x)
    fn evaluate(&mut self, x: &[T], r: &mut [T]) -> Result<(), Error>;

    /// J ← ∂r/∂x, column-major, m × n. `r` holds r(x) and may be overwritten.
    fn jacobian(&mut self, x: &[T], r: &mut [T], jacobian: &mut [T]) -> Result<(), Error>;
}

/// A generic function with the Jacobian that dual numbers of C directions give: ⌈n/C⌉ evaluations.
///
/// [`LevenbergMarquardt`](crate::optim::LevenbergMarquardt) has an example.
#[derive(Debug)]
pub struct Differentiated<'w, F, T, const C: usize> {
    function: F,
    sizes: (usize, usize),
    work: &'w mut [Dual<T, C>],
}

impl<'w, F: VectorFunction, T: Real, const C: usize> Differentiated<'w, F, T, C> {
    /// `function` of `params` variables with `residuals` outputs; `work` has at least n + m elements.
    ///
    /// Errors: [`Error::Workspace`].
    pub fn new(function: F, params: usize, residuals: usize, work: &'w mut [Dual<T, C>]) -> Result<Self, Error> {
        check_workspace("work", params.saturating_add(residuals), work.len())?;
        Ok(Self { function, sizes: (residuals, params), work })
    }
}

impl<F: VectorFunction, T: Real, const C: usize> Residuals<T> for Differentiated<'_, F, T, C> {
    fn params(&self) -> usize {
        self.sizes.1
    }

    fn residuals(&self) -> usize {
        self.sizes.0
    }

    fn evaluate(&mut self, x: &[T], r: &mut [T]) -> Result<(), Error> {
        check_length("x", self.sizes.1, x.len())?;
        check_length("r", self.sizes.0, r.len())?;
        r.fill(T::ZERO);
        self.function.eval(x, r);
        Ok(())
    }

    fn jacobian(&mut self, x: &[T], r: &mut [T], jacobian: &mut [T]) -> Result<(), Error> {
        jacobian_into(&self.function, x, r, jacobian, self.work)
    }
}
