//! Cholesky factorization A = L Lᵀ of a symmetric positive definite matrix.
//!
//! Method: left-looking by blocks of columns. Each block first receives the products of all columns to its left (one
//! `syrk` for its diagonal part, one `gemm` below it), then is factored column by column:
//!
//! 1. a[j.., j] ← a[j.., j] − L[j.., ..j] L[j, ..j]ᵀ
//! 2. the pivot d = a[j, j] must be positive
//! 3. L[j, j] = √d, L[j+1.., j] = a[j+1.., j] / √d
//!
//! Left-looking, because only the lower triangle of each block is written once it is due, and almost all flops are then in
//! the backend's `gemm`. Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002),
//! section 10.1, DOI 10.1137/1.9780898718027.
//!
//! Accuracy (theorem 10.3): backward stable, |L Lᵀ − A| ≤ (n + 1) ε |L||Lᵀ|, and since |lᵢⱼ|² ≤ aᵢᵢ the factor neither
//! overflows nor underflows harmfully at any scaling of A, nor does a diagonal scaling change the relative error. It runs to
//! completion when the condition of the matrix scaled to unit diagonal is below about 1/(n^{3/2} ε) (theorem 10.7).
//! Cost: n³/3 flops, no workspace.

use super::{check_finite_lower, solve_lower_in_place, solve_lower_transposed_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Columns in a block: 32 columns of 600 `f64` are 150 KiB, so a block and what it receives stay in the second-level cache.
const BLOCK: usize = 32;

/// Rows up to which a plain loop over the columns to the left beats a call of `gemm`.
const SMALL: usize = 16;

/// Overwrites the lower triangle of the symmetric positive definite `a` (n × n) by L with A = L Lᵀ.
///
/// The strict upper triangle is neither read nor written.
///
/// Errors: [`Error::Shape`] when `a` is not square and [`Error::NonFinite`], both before anything is written;
/// [`Error::NotPositiveDefinite`] with the first pivot that is not positive, when `a` has been partly overwritten.
///
/// ```
/// use gaussling_core::{Portable, linalg::{cholesky_in_place, cholesky_solve_in_place}, matrix::Matrix};
/// let mut a = Matrix::from_rows([[4.0, 0.0], [2.0, 5.0]]); // only the lower triangle counts
/// let mut b = Matrix::from_rows([[10.0], [9.0]]);
/// cholesky_in_place(&Portable, a.view_mut())?;
/// assert_eq!(a, Matrix::from_rows([[2.0, 0.0], [1.0, 2.0]]));
/// cholesky_solve_in_place(a.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[2.0], [1.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline(always)]
pub fn cholesky_in_place<T: Real>(backend: &impl Backend<T>, a: MatMut<'_, T>) -> Result<(), Error> {
    let n = a.rows();
    check_shape("a", (n, n), a.shape())?;
    check_finite_lower("a", a.as_ref())?;
    if n <= SMALL {
        return factor_small(a);
    }
    factor_blocks(backend, a)
}

/// All blocks of columns, from left to right.
fn factor_blocks<T: Real>(backend: &impl Backend<T>, mut a: MatMut<'_, T>) -> Result<(), Error> {
    let n = a.rows();
    for first in (0..n).step_by(BLOCK) {
        let width = BLOCK.min(n - first);
        let below = first + width;
        let (left, right) = a.reborrow().split_at_col(first);
        let mut panel = right.columns(0, width)?;
        if first > 0 {
            let rows = left.as_ref().block(first, 0, width, first)?;
            let rest = left.as_ref().block(below, 0, n - below, first)?;
            backend.syrk(-T::ONE, rows, T::ONE, panel.reborrow().block(first, 0, width, width)?)?;
            let lower = panel.reborrow().block(below, 0, n - below, width)?;
            backend.gemm(-T::ONE, rest, rows.transpose(), T::ONE, lower)?;
        }
        factor_panel(backend, first, panel.block(first, 0, n - first, width)?)?;
    }
    Ok(())
}

/// Steps 1 to 3 for the columns of one block, from whose top the diagonal starts; `first` is the index of its first pivot.
fn factor_panel<T: Real>(backend: &impl Backend<T>, first: usize, mut panel: MatMut<'_, T>) -> Result<(), Error> {
    let (rows, width) = panel.shape();
    for j in 0..width {
        let (left, mut right) = panel.reborrow().split_at_col(j);
        let left = left.as_ref().block(j, 0, rows - j, j)?;
        let column = right.col_mut(0).get_mut(j..).unwrap_or_default();
        let row = left.block(0, 0, left.rows().min(1), j)?.transpose();
        backend.gemm(-T::ONE, left, row, T::ONE, MatMut::column_vector(column))?;
        finish_column(first + j, column)?;
    }
    Ok(())
}

/// Steps 1 to 3 for all columns of a small matrix, inlined so that a size known to the compiler unrolls the loops.
#[inline]
fn factor_small<T: Real>(mut a: MatMut<'_, T>) -> Result<(), Error> {
    for j in 0..a.cols() {
        let (left, mut right) = a.reborrow().split_at_col(j);
        let column = right.col_mut(0).get_mut(j..).unwrap_or_default();
        for k in 0..j {
            let left = left.col(k).get(j..).unwrap_or_default();
            let factor = left.first().copied().unwrap_or(T::ZERO);
            column.iter_mut().zip(left).for_each(|(x, &l)| *x -= l * factor);
        }
        finish_column(j, column)?;
    }
    Ok(())
}

/// Steps 2 and 3, from the diagonal element on.
#[inline]
fn finish_column<T: Real>(index: usize, column: &mut [T]) -> Result<(), Error> {
    let [pivot, below @ ..] = column else { return Ok(()) };
    // Written so that NaN, the child of two infinities in an indefinite matrix, is refused too.
    if !(*pivot > T::ZERO && *pivot <= T::MAX) {
        return Err(Error::NotPositiveDefinite { pivot: index });
    }
    let root = pivot.sqrt();
    *pivot = root;
    for x in below {
        *x /= root;
    }
    Ok(())
}

/// B ← (L Lᵀ)⁻¹ B for the lower triangle L of `l` (n × n), as left by [`cholesky_in_place`]; B n × p.
///
/// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal; B is untouched then. Cost: 2n² flops a
/// right-hand side. Backward stable (Higham, theorem 10.4).
pub fn cholesky_solve_in_place<T: Real>(l: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
    solve_lower_in_place(l, b.reborrow())?;
    solve_lower_transposed_in_place(l, b)
}
