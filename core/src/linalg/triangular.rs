//! Triangular systems L X = B and R X = B, and their transposes: names for the four uses of
//! [`Backend::solve_triangular`], where method, source and accuracy are.
//!
//! Cost: n² flops a right-hand side, no workspace. Only the named triangle is read. A zero on the diagonal is
//! [`Error::Singular`], found before B is touched. NaN and infinities pass through. Nothing is scaled: an x that is not
//! representable comes out infinite.

use crate::backend::{Backend, Triangle};
use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// B ← L⁻¹ B for the lower triangle L of `l` (n × n), B n × p.
///
/// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal; B is untouched then.
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_lower_in_place, matrix::Matrix};
/// let l = Matrix::from_rows([[2.0, 99.0], [1.0, 4.0]]); // 99 is not read
/// let mut b = Matrix::from_rows([[2.0], [9.0]]);
/// solve_lower_in_place(&Portable, l.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[1.0], [2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline]
pub fn solve_lower_in_place<T: Real>(
    backend: &impl Backend<T>,
    l: MatRef<'_, T>,
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    check_square("l", l)?;
    backend.solve_triangular(Triangle::Lower, l, b)
}

/// B ← L⁻ᵀ B for the lower triangle L of `l` (n × n), B n × p. Errors as [`solve_lower_in_place`].
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_lower_transposed_in_place, matrix::Matrix};
/// let l = Matrix::from_rows([[2.0, 99.0], [1.0, 4.0]]);
/// let mut b = Matrix::from_rows([[4.0], [8.0]]);
/// solve_lower_transposed_in_place(&Portable, l.view(), b.view_mut())?; // 2x + y = 4, 4y = 8
/// assert_eq!(b, Matrix::from_rows([[1.0], [2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline]
pub fn solve_lower_transposed_in_place<T: Real>(
    backend: &impl Backend<T>,
    l: MatRef<'_, T>,
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    check_square("l", l)?;
    backend.solve_triangular(Triangle::Upper, l.transpose(), b)
}

/// B ← R⁻¹ B for the upper triangle R of `r` (n × n), B n × p. Errors as [`solve_lower_in_place`].
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_upper_in_place, matrix::Matrix};
/// let r = Matrix::from_rows([[2.0, 1.0], [99.0, 4.0]]);
/// let mut b = Matrix::from_rows([[4.0, 2.0], [8.0, 0.0]]); // two right-hand sides
/// solve_upper_in_place(&Portable, r.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[1.0, 1.0], [2.0, 0.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline]
pub fn solve_upper_in_place<T: Real>(
    backend: &impl Backend<T>,
    r: MatRef<'_, T>,
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    check_square("r", r)?;
    backend.solve_triangular(Triangle::Upper, r, b)
}

/// B ← R⁻ᵀ B for the upper triangle R of `r` (n × n), B n × p. Errors as [`solve_lower_in_place`].
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_upper_transposed_in_place, matrix::Matrix};
/// let r = Matrix::from_rows([[2.0, 1.0], [99.0, 4.0]]);
/// let mut b = Matrix::from_rows([[2.0], [9.0]]);
/// solve_upper_transposed_in_place(&Portable, r.view(), b.view_mut())?; // 2x = 2, x + 4y = 9
/// assert_eq!(b, Matrix::from_rows([[1.0], [2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline]
pub fn solve_upper_transposed_in_place<T: Real>(
    backend: &impl Backend<T>,
    r: MatRef<'_, T>,
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    check_square("r", r)?;
    backend.solve_triangular(Triangle::Lower, r.transpose(), b)
}

/// Here, so that an error names the argument and its shape as the caller has them, not a transpose.
fn check_square<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    check_shape(what, (a.rows(), a.rows()), a.shape())
}
