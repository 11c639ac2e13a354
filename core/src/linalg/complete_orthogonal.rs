//! Complete orthogonal decomposition A P = Q \[T 0; 0 0\] Z, and the least-squares solution of minimum norm.
//!
//! Starts from A P = Q \[R₁₁ R₁₂; 0 R₂₂\] of `qr_pivoted.rs`, R₁₁ of order r, the numerical rank, and R₂₂ taken as zero. The
//! rows of \[R₁₁ R₁₂\] are shortened from the right, from the last one up: for i = r − 1, …, 0
//!
//! 1. Hᵢ = I − τᵢ vᵢ vᵢᵀ, vᵢ = (1 in place i, w in places r, …, n − 1), turns (rᵢᵢ, rᵢᵣ, …, rᵢ,ₙ₋₁) into (tᵢᵢ, 0)
//! 2. the rows above are multiplied by Hᵢ from the right; rows below have zeros in all these places
//!
//! so that \[R₁₁ R₁₂\] H_{r−1} … H₀ = \[T 0\] and Z = H₀ … H_{r−1}. The tails w replace R₁₂.
//! Then min ‖A x − b‖ with the smallest ‖x‖ is x = P H_{r−1} … H₀ (T⁻¹ (Qᵀb)₁, 0).
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), section 5.4.7; R. J. Hanson and C. L. Lawson,
//! "Extensions and applications of the Householder algorithm for solving linear least squares problems" (Math. Comp. 23, 1969),
//! DOI 10.1090/S0025-5718-1969-0258258-9; the layout is that of LAPACK's `tzrzf`.
//! Accuracy: backward stable for A + ΔA with ‖ΔA‖ ≤ ‖R₂₂‖ + c m n ε ‖A‖. Where that leaves the rank in doubt x depends on the
//! tolerance as much as on the data. Cost: 2r²(n − r) flops after the pivoted QR, 4r(n − r) a right-hand side.
//! Derivatives: right where the rank is min(m, n), as for a wide matrix of full rank; else those of A with R₂₂ frozen at zero.

use super::qr::apply_qt_in_place;
use super::qr_pivoted::{check_pivoted, check_rank, unpermute};
use super::rotation::{split_reflect, split_reflector};
use super::{check_finite, qr_pivoted_solve_work_len};
use super::{check_finite_upper, check_representable, check_representable_upper, solve_upper_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for [`complete_orthogonal_in_place`] and [`minimum_norm_solve_in_place`] with a matrix of `cols`
/// columns.
///
/// ```
/// assert_eq!(gaussling_core::linalg::complete_orthogonal_work_len(3), 6);
/// ```
pub const fn complete_orthogonal_work_len(cols: usize) -> usize {
    cols.saturating_mul(2)
}

/// Shortens the first `rank` rows of R in `qr` (m × n, from [`super::qr_pivoted_in_place`]) to the triangle T; the tails of the
/// vectors go to the places of R₁₂, their factors to the first `rank` elements of `tau_right` (length min(m, n)).
///
/// Q and the permutation stay as they are. Errors: [`Error::Length`], [`Error::Workspace`] (see
/// [`complete_orthogonal_work_len`]), [`Error::InvalidOption`] for a rank above min(m, n), [`Error::Singular`] for a zero among
/// the first `rank` diagonal elements, [`Error::NonFinite`] for `qr`: nothing is written. [`Error::NonFinite`] for `t`: an
/// element of T is not representable.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let mut r = Matrix::from_rows([[3.0_f64, 4.0]]); // a triangle of order 1 and one column beside it
/// let mut tau_right = [0.0];
/// complete_orthogonal_in_place(&Portable, r.view_mut(), 1, &mut tau_right, &mut [0.0; 4])?;
/// assert!((r[(0, 0)] + 5.0).abs() < 1e-15 && tau_right[0] > 1.0); // T = −‖(3, 4)‖, and τ
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn complete_orthogonal_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut qr: MatMut<'_, T>,
    rank: usize,
    tau_right: &mut [T],
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = qr.shape();
    check_length("tau_right", m.min(n), tau_right.len())?;
    check_workspace("work", complete_orthogonal_work_len(n), work.len())?;
    check_rank(qr.as_ref(), rank)?;
    check_finite_upper("qr", qr.as_ref().block(0, 0, rank, n)?)?;
    tau_right.fill(T::ZERO);
    let (row, product) = work.split_at_mut(n);
    let (row, _) = row.split_at_mut(n - rank);
    for i in (0..rank).rev() {
        let (mut left, mut right) = qr.reborrow().split_at_col(rank);
        // Step 1. Rows are not contiguous, so the row is worked on in a copy.
        row.iter_mut().zip(right.as_ref().transpose().col_iter(i)).for_each(|(w, x)| *w = x);
        let (above, Some(diagonal)) = split_at_diagonal(&mut left, i) else { continue };
        let tau = split_reflector(backend, diagonal, row);
        if let Some(slot) = tau_right.get_mut(i) {
            *slot = tau;
        }
        // Step 2, by columns: y = R[..i, i] + R[..i, r..] w, then R[..i, i] −= τ y and R[..i, r..] −= τ y wᵀ.
        let (product, _) = product.split_at_mut(i.min(product.len()));
        copy(above, product);
        for (column, &w) in right.cols_mut().zip(row.iter()) {
            backend.axpy(w, column.get(..i).unwrap_or_default(), product);
        }
        backend.axpy(-tau, product, above);
        backend.ger(-tau, product, row, right.reborrow().block(0, 0, i, n - rank)?)?;
        for (column, &w) in right.cols_mut().zip(row.iter()) {
            column.iter_mut().skip(i).take(1).for_each(|slot| *slot = w);
        }
    }
    check_representable_upper("t", qr.as_ref().block(0, 0, rank, n)?)
}

/// The elements above the diagonal of column i, and the diagonal element.
fn split_at_diagonal<'a, T: Real>(a: &'a mut MatMut<'_, T>, i: usize) -> (&'a mut [T], Option<&'a mut T>) {
    match a.col_mut(i).split_at_mut_checked(i) {
        Some((above, [diagonal, ..])) => (above, Some(diagonal)),
        _ => (&mut [], None),
    }
}

/// The solution of minimum norm of min ‖A X − B‖₂, column by column: B has max(m, n) rows, its first m are read, X is left in
/// its first n.
///
/// `qr`, `tau` and `permutation` are those of the pivoted factorization, `rank` and `tau_right` those of
/// [`complete_orthogonal_in_place`]. Errors as [`super::qr_pivoted_solve_in_place`], workspace [`complete_orthogonal_work_len`].
/// Cost: 4m·rank + rank² + 4·rank·(n − rank) flops a right-hand side.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// // One equation, three unknowns: x + 2y + 2z = 9 is nearest to the origin at (1, 2, 2).
/// let mut a = Matrix::from_rows([[1.0_f64, 2.0, 2.0]]);
/// let mut b = Matrix::from_rows([[9.0], [0.0], [0.0]]);
/// let (mut tau, mut tau_right, mut permutation) = ([0.0], [0.0], [0; 3]);
/// let mut work = [0.0; complete_orthogonal_work_len(3)];
/// qr_pivoted_in_place(&Portable, a.view_mut(), &mut tau, &mut permutation, &mut work)?;
/// let rank = qr_pivoted_rank(a.view(), rank_tolerance(1, 3))?;
/// complete_orthogonal_in_place(&Portable, a.view_mut(), rank, &mut tau_right, &mut work)?;
/// minimum_norm_solve_in_place(&Portable, a.view(), &tau, &tau_right, &permutation, rank, b.view_mut(), &mut work)?;
/// assert!((0..3).all(|i| (b[(i, 0)] - [1.0, 2.0, 2.0][i]).abs() < 1e-14));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn minimum_norm_solve_in_place<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    tau_right: &[T],
    permutation: &[usize],
    rank: usize,
    mut b: MatMut<'_, T>,
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = qr.shape();
    check_workspace("work", complete_orthogonal_work_len(n), work.len())?;
    check_length("tau_right", m.min(n), tau_right.len())?;
    check_pivoted(qr, tau, permutation, rank, b.as_ref())?;
    let p = b.cols();
    check_finite("b", b.as_ref().block(0, 0, m, p)?)?;
    // The reflections beyond the rank change rows that are about to be cleared.
    let (first, tau) = (qr.columns(0, rank)?, tau.get(..rank).unwrap_or_default());
    apply_qt_in_place(backend, first, tau, b.reborrow().block(0, 0, m, p)?)?;
    solve_upper_in_place(backend, qr.block(0, 0, rank, rank)?, b.reborrow().block(0, 0, rank, p)?)?;
    for x in b.cols_mut() {
        x.get_mut(rank..).unwrap_or_default().fill(T::ZERO);
    }
    let (row, _) = work.split_at_mut(n - rank);
    let tails = qr.block(0, rank, rank, n - rank)?.transpose();
    for (i, &tau) in tau_right.iter().enumerate().take(rank) {
        row.iter_mut().zip(tails.col_iter(i)).for_each(|(w, x)| *w = x);
        for x in b.cols_mut() {
            let x = x.get_mut(..n).unwrap_or_default();
            if let Some((head, tail)) = x.split_at_mut_checked(rank)
                && let Some(first) = head.get_mut(i)
            {
                split_reflect(backend, tau, row, first, tail);
            }
        }
    }
    unpermute(
        permutation,
        b.reborrow().block(0, 0, n, p)?,
        work.get_mut(..qr_pivoted_solve_work_len(n)).unwrap_or_default(),
    );
    check_representable("x", b.as_ref().block(0, 0, n, p)?)
}
