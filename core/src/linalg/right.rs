//! Triangular systems from the right: X R = B and X Rᵀ = B with upper triangular R (k × k), X and B m × k.
//!
//! Column-oriented: every inner loop is an axpy of the backend on a column of X, so that neither X nor B is transposed (a
//! [`MatMut`] has contiguous columns, so [`Backend::solve_triangular`] on the transposes is not at hand). Backward stable
//! row by row: (R + ΔR) solves exactly with |ΔR| ≤ k ε |R| (Higham, "Accuracy and Stability of Numerical Algorithms",
//! 2nd ed. 2002, theorem 8.5). Cost m k² flops.

use crate::backend::Backend;
use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// X ← X R⁻¹ for the upper triangle R of `r` (k × k), X m × k.
///
/// Errors: [`Error::Shape`]: X is untouched. [`Error::Singular`] when a diagonal element of R is zero; X then holds nothing
/// useful. NaN and infinities pass through.
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_right_upper_in_place, matrix::Matrix};
/// let r = Matrix::from_rows([[2.0, 1.0], [99.0, 4.0]]); // 99 is not read
/// let mut x = Matrix::from_rows([[2.0, 9.0]]);
/// solve_right_upper_in_place(&Portable, r.view(), x.view_mut())?;
/// assert_eq!(x, Matrix::from_rows([[1.0, 2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn solve_right_upper_in_place<T: Real>(
    backend: &impl Backend<T>,
    r: MatRef<'_, T>,
    mut x: MatMut<'_, T>,
) -> Result<(), Error> {
    check_shape("r", (x.cols(), x.cols()), r.shape())?;
    for j in 0..r.cols() {
        let (left, mut right) = x.reborrow().split_at_col(j);
        // xⱼ = (bⱼ − Σ_{l<j} xₗ Rₗⱼ)/Rⱼⱼ
        eliminate(backend, r, j, (0..j).map(|l| (left.col(l), r.get(l, j))), right.col_mut(0))?;
    }
    Ok(())
}

/// X ← X R⁻ᵀ for the upper triangle R of `r` (k × k), X m × k. Errors as [`solve_right_upper_in_place`].
///
/// ```
/// use gaussling_core::{Portable, linalg::solve_right_upper_transposed_in_place, matrix::Matrix};
/// let r = Matrix::from_rows([[2.0, 1.0], [99.0, 4.0]]);
/// let mut x = Matrix::from_rows([[4.0, 8.0]]);
/// solve_right_upper_transposed_in_place(&Portable, r.view(), x.view_mut())?; // (x, y) Rᵀ = (2x + y, 4y)
/// assert_eq!(x, Matrix::from_rows([[1.0, 2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn solve_right_upper_transposed_in_place<T: Real>(
    backend: &impl Backend<T>,
    r: MatRef<'_, T>,
    mut x: MatMut<'_, T>,
) -> Result<(), Error> {
    let k = x.cols();
    check_shape("r", (k, k), r.shape())?;
    for j in (0..k).rev() {
        let (mut left, right) = x.reborrow().split_at_col(j + 1);
        // xⱼ = (bⱼ − Σ_{l>j} xₗ Rⱼₗ)/Rⱼⱼ
        eliminate(backend, r, j, (j + 1..k).map(|l| (right.col(l - j - 1), r.get(j, l))), left.col_mut(j))?;
    }
    Ok(())
}

/// x ← (x − Σ coefficient · column)/Rⱼⱼ
fn eliminate<'a, T: Real + 'a>(
    backend: &impl Backend<T>,
    r: MatRef<'_, T>,
    j: usize,
    terms: impl Iterator<Item = (&'a [T], Option<T>)>,
    x: &mut [T],
) -> Result<(), Error> {
    for (column, coefficient) in terms {
        backend.axpy(-coefficient.unwrap_or(T::ZERO), column, x);
    }
    let diagonal = r.get(j, j).unwrap_or(T::ZERO);
    if diagonal == T::ZERO {
        return Err(Error::Singular { column: j });
    }
    for x in x {
        *x /= diagonal; // not by a reciprocal, which could overflow
    }
    Ok(())
}
