//! Cholesky factorization A = L Lᵀ of a symmetric positive definite matrix.
//!
//! Method: left-looking by blocks of columns. Each block first receives the products of all columns to its left (one
//! `syrk` for its diagonal part, one `gemm` below it), then is factored column by column:
//!
//! 1. a[j.., j] ← a[j.., j] − L[j.., ..j] L[j, ..j]ᵀ
//! 2. the pivot d = a[j, j] must be positive
//! 3. L[j, j] = √d, L[j+1.., j] = a[j+1.., j] / √d
//!
//! Where the backend prefers blocks, a tall block is cut into halves first, and its left half is taken as the columns to the left
//! of the right one.
//!
//! Left-looking, because only the lower triangle of each block is written once it is due, and almost all flops are then in
//! the backend's `gemm`. Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002),
//! section 10.1, DOI 10.1137/1.9780898718027.
//!
//! Accuracy (theorem 10.3): backward stable, |L Lᵀ − A| ≤ (n + 1) ε |L||Lᵀ|, and since |lᵢⱼ|² ≤ aᵢᵢ the factor neither
//! overflows nor underflows harmfully at any scaling of A, nor does a diagonal scaling change the relative error. It runs to
//! completion when the condition of the matrix scaled to unit diagonal is below about 1/(n^{3/2} ε) (theorem 10.7).
//! Cost: n³/3 flops, no workspace.
//!
//! Inverse: M = L⁻¹ column by column from the last one, then A⁻¹ = MᵀM, n³/3 flops each. Right residual as for the methods of
//! Higham, section 14.3 (D is this one): |A⁻¹A − I| ≤ c n ε |L⁻ᵀ||L⁻¹||L||Lᵀ|. To solve a system take the solve: it is more accurate.
//! Determinant: ln det A = 2 Σ ln lⱼⱼ, the logarithm because det A itself leaves the range already for moderate n.

use super::{check_finite_lower, check_representable_lower, solve_lower_in_place, solve_lower_transposed_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_shape};
use crate::matrix::cholesky::{factor, finish_column};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Columns in a block: 32 columns of 600 `f64` are 150 KiB, so a block and what it receives stay in the second-level cache.
const BLOCK: usize = 32;

/// Columns up to which a tall block goes column by column where the backend prefers blocks.
const LEAF: usize = 16;

/// Rows from which a block counts as tall.
const TALL: usize = 128;

/// Rows up to which plain loops over the columns to the left, those of [`Matrix::cholesky`](crate::Matrix::cholesky), beat
/// a call of `gemm`.
const SMALL: usize = 16;

/// Overwrites the lower triangle of the symmetric positive definite `a` (n × n) by L with A = L Lᵀ.
///
/// The strict upper triangle is neither read nor written. For a `Matrix` of a few rows
/// [`Matrix::cholesky`](crate::Matrix::cholesky) gives the same bits faster.
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
/// cholesky_solve_in_place(&Portable, a.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[2.0], [1.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline(always)]
pub fn cholesky_in_place<T: Real>(backend: &impl Backend<T>, a: MatMut<'_, T>) -> Result<(), Error> {
    let n = a.rows();
    check_shape("a", (n, n), a.shape())?;
    check_finite_lower("a", a.as_ref())?;
    if n <= SMALL {
        let (elements, leading) = a.into_parts();
        return factor(elements, n, leading);
    }
    factor_blocks(backend, a)
}

/// All blocks of columns, from left to right.
fn factor_blocks<T: Real>(backend: &impl Backend<T>, mut a: MatMut<'_, T>) -> Result<(), Error> {
    let n = a.rows();
    for first in (0..n).step_by(BLOCK) {
        let width = BLOCK.min(n - first);
        let (left, right) = a.reborrow().split_at_col(first);
        let mut panel = right.columns(0, width)?;
        if first > 0 {
            subtract(
                backend,
                left.as_ref().block(first, 0, n - first, first)?,
                panel.reborrow().block(first, 0, n - first, width)?,
            )?;
        }
        factor_panel(backend, first, panel.block(first, 0, n - first, width)?)?;
    }
    Ok(())
}

/// The columns of `panel`, from whose top the diagonal starts, minus the products of `left`, which has the same rows.
fn subtract<T: Real>(backend: &impl Backend<T>, left: MatRef<'_, T>, mut panel: MatMut<'_, T>) -> Result<(), Error> {
    let ((rows, width), terms) = (panel.shape(), left.cols());
    let top = left.block(0, 0, width, terms)?;
    backend.syrk(-T::ONE, top, T::ONE, panel.reborrow().block(0, 0, width, width)?)?;
    let rest = left.block(width, 0, rows - width, terms)?;
    backend.gemm(-T::ONE, rest, top.transpose(), T::ONE, panel.block(width, 0, rows - width, width)?)
}

/// Steps 1 to 3 for the columns of one block, from whose top the diagonal starts; `first` is the index of its first pivot.
fn factor_panel<T: Real>(backend: &impl Backend<T>, first: usize, mut panel: MatMut<'_, T>) -> Result<(), Error> {
    let (rows, width) = panel.shape();
    if rows >= TALL && width > LEAF && backend.prefers_blocks() {
        let half = (width / 2).next_multiple_of(LEAF);
        let (mut left, right) = panel.split_at_col(half);
        factor_panel(backend, first, left.reborrow())?;
        let mut right = right.block(half, 0, rows - half, width - half)?;
        subtract(backend, left.as_ref().block(half, 0, rows - half, half)?, right.reborrow())?;
        return factor_panel(backend, first + half, right);
    }
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

/// B ← (L Lᵀ)⁻¹ B for the lower triangle L of `l` (n × n), as left by [`cholesky_in_place`]; B n × p.
///
/// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal; B is untouched then. Cost: 2n² flops a
/// right-hand side. Backward stable (Higham, theorem 10.4).
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let l = Matrix::from_rows([[2.0, 0.0], [1.0, 2.0]]); // A = [[4, 2], [2, 5]]
/// let mut b = Matrix::from_rows([[10.0, 4.0], [9.0, 2.0]]);
/// cholesky_solve_in_place(&Portable, l.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[2.0, 1.0], [1.0, 0.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[inline]
pub fn cholesky_solve_in_place<T: Real>(
    backend: &impl Backend<T>,
    l: MatRef<'_, T>,
    mut b: MatMut<'_, T>,
) -> Result<(), Error> {
    solve_lower_in_place(backend, l, b.reborrow())?;
    solve_lower_transposed_in_place(backend, l, b)
}

/// ln det(L Lᵀ) = 2 Σ ln |lⱼⱼ| for the lower triangle L of `l` (n × n), as left by [`cholesky_in_place`]; 0 for n = 0.
///
/// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal. Absolute error: at most about (n + 1) ε Σ |ln lⱼⱼ|
/// for the L given; a relative error δ of an lⱼⱼ adds 2δ. Cost: n logarithms.
///
/// ```
/// use gaussling_core::{Matrix, linalg::cholesky_log_determinant};
/// let l = Matrix::from_rows([[2.0_f64, 0.0], [1.0, 3.0]]); // det = 36
/// assert!((cholesky_log_determinant(l.view())? - 36.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn cholesky_log_determinant<T: Real>(l: MatRef<'_, T>) -> Result<T, Error> {
    check_diagonal(l)?;
    let sum = (0..l.rows()).filter_map(|j| l.get(j, j)).fold(T::ZERO, |sum, d| sum + d.abs().ln());
    Ok(sum + sum)
}

/// Overwrites the lower triangle L of `l` (n × n), as left by [`cholesky_in_place`], by the lower triangle of (L Lᵀ)⁻¹.
///
/// The strict upper triangle is neither read nor written. Errors: [`Error::Shape`], [`Error::Singular`] for a zero on the diagonal:
/// nothing is written. [`Error::NonFinite`] for `inverse`: an element of it, or of L⁻¹, is not representable.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let mut l = Matrix::from_rows([[2.0, 0.0], [1.0, 2.0]]); // A = [[4, 2], [2, 5]]
/// cholesky_inverse_in_place(&Portable, l.view_mut())?;
/// assert_eq!(l, Matrix::from_rows([[0.3125, 0.0], [-0.125, 0.25]])); // the lower triangle of A⁻¹
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn cholesky_inverse_in_place<T: Real>(backend: &impl Backend<T>, mut l: MatMut<'_, T>) -> Result<(), Error> {
    check_diagonal(l.as_ref())?;
    let n = l.rows();
    // M = L⁻¹: mⱼⱼ = 1/lⱼⱼ, M[j+1.., j] = −M[j+1.., j+1..] L[j+1.., j] / lⱼⱼ, with the M of the later columns.
    for j in (0..n).rev() {
        let (mut left, right) = l.reborrow().split_at_col(j + 1);
        let Some([diagonal, x @ ..]) = left.col_mut(j).get_mut(j..) else { continue };
        *diagonal = T::ONE / *diagonal;
        for k in (0..x.len()).rev() {
            let column = right.col(k).get(j + 1 + k..).unwrap_or_default();
            if let (Some((_, [x, below @ ..])), [m, rest @ ..]) = (x.split_at_mut_checked(k), column) {
                *x *= -*diagonal;
                backend.axpy(*x, rest, below);
                *x *= *m;
            }
        }
    }
    // A⁻¹ = MᵀM: element (i, j), i ≥ j, needs columns i and j from row i on, which are still M when taken in this order.
    for j in 0..n {
        let (mut left, right) = l.reborrow().split_at_col(j + 1);
        let column = left.col_mut(j);
        for i in j..n {
            let own = column.get(i..).unwrap_or_default();
            let product = if i == j {
                backend.dot(own, own)
            } else {
                backend.dot(right.col(i - j - 1).get(i..).unwrap_or_default(), own)
            };
            if let Some(x) = column.get_mut(i) {
                *x = product;
            }
        }
    }
    check_representable_lower("inverse", l.as_ref())
}

/// A square matrix without a zero on its diagonal.
fn check_diagonal<T: Real>(l: MatRef<'_, T>) -> Result<(), Error> {
    check_shape("l", (l.rows(), l.rows()), l.shape())?;
    match (0..l.rows()).find(|&j| l.get(j, j).is_none_or(|d| d == T::ZERO)) {
        Some(column) => Err(Error::Singular { column }),
        None => Ok(()),
    }
}
