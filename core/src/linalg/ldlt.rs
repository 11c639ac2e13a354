//! Factorization Pᵀ A P = L D Lᵀ of a symmetric positive semi-definite matrix, with diagonal pivoting, and its rank.
//!
//! L is n × r, unit lower trapezoidal, D diagonal and positive, r the rank; column j of A P is column `permutation[j]` of A.
//! For k = 0, 1, …, on the lower triangle of what is left of A (the Schur complement S):
//!
//! 1. the pivot d is the largest diagonal element of S. Stop with r = k when d ≤ tolerance · max aᵢᵢ
//! 2. exchange rows and columns; dₖ = d, lᵢ = sᵢₖ / d; |lᵢ| ≤ 1 up to rounding when A is semi-definite
//! 3. sᵢⱼ ← sᵢⱼ − lᵢ (d lⱼ) for i ≥ j > k
//!
//! A semi-definite S has |sᵢⱼ|² ≤ sᵢᵢ sⱼⱼ. So A is refused when a diagonal element of S falls below −4 · tolerance · max aᵢᵢ, and when at
//! the stop an element of S is larger than that in modulus. Symmetric indefinite matrices have no place here: without
//! 2 × 2 pivots their factors are not bounded.
//!
//! Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002), section 10.3, (10.11) and
//! theorem 10.14, DOI 10.1137/1.9780898718027; the layout of permutation and stop is that of LAPACK's `pstrf` (there L D^½).
//! Accuracy: ‖Pᵀ A P − L D Lᵀ‖ ≤ c r n ε ‖A‖ (1 + ‖W‖)² + ‖S‖ with W = L₁₁⁻ᵀ L₂₁ᵀ, in practice a few ε ‖A‖. The rank is that of
//! the pivots; like that of pivoted QR it can be too large for Kahan's matrix and its kind; where ‖W‖ is large, as for KᵀK with
//! Kahan's K of order 50 in `f32`, rounding errors can also make S so indefinite that A is refused. No square roots, so no digits are
//! lost at any scale. Cost: n²r − nr² + r³/3 flops (all of S is updated in each step), no workspace. Derivatives: right as long
//! as neither permutation nor rank
//! changes; they are cut off beyond the rank.

use core::cmp::Ordering;

use super::qr_pivoted::check_tolerance;
use super::{check_finite, check_finite_lower, check_representable, check_representable_lower};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for [`ldlt_solve_in_place`] with a matrix of order `order`.
///
/// ```
/// assert_eq!(gaussling_core::linalg::ldlt_solve_work_len(4), 4);
/// ```
pub const fn ldlt_solve_work_len(order: usize) -> usize {
    order
}

/// Overwrites the lower triangle of the symmetric positive semi-definite `a` (n × n) by L (below the diagonal, its ones left
/// out) and D (on it) and returns the rank r; columns from r on are set to zero. `permutation` has length n.
///
/// The strict upper triangle is neither read nor written. `tolerance`: n ε ([`super::rank_tolerance`]) for a matrix that is exact up
/// to rounding.
///
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::InvalidOption`] unless 0 ≤ tolerance < 1, [`Error::NonFinite`]: nothing
/// is written. [`Error::NotPositiveDefinite`] with a row of A whose diagonal element in S is negative, or whose elements in S are too
/// large at the stop; [`Error::NonFinite`] for `l`, when S overflows: the outputs then hold nothing of use.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// let mut a = Matrix::from_rows([[1.0_f64, 0.0], [2.0, 4.0]]); // only the lower triangle counts: \[1 2\]ᵀ\[1 2\]
/// let mut permutation = [0; 2];
/// let rank = ldlt_in_place(&Portable, a.view_mut(), &mut permutation, rank_tolerance(2, 2))?;
/// assert_eq!((rank, permutation, a), (1, [1, 0], Matrix::from_rows([[4.0, 0.0], [0.5, 0.0]])));
/// let mut b = Matrix::from_rows([[3.0], [6.0]]); // in the range of A
/// ldlt_solve_in_place(&Portable, a.view(), &permutation, rank, b.view_mut(), &mut [0.0; 2])?;
/// assert_eq!(b, Matrix::from_rows([[0.0], [1.5]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn ldlt_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    permutation: &mut [usize],
    tolerance: T,
) -> Result<usize, Error> {
    let n = a.rows();
    check_shape("a", (n, n), a.shape())?;
    check_length("permutation", n, permutation.len())?;
    check_tolerance(tolerance)?;
    check_finite_lower("a", a.as_ref())?;
    for (j, p) in permutation.iter_mut().enumerate() {
        *p = j;
    }
    let name = |permutation: &[usize], i: usize| Error::NotPositiveDefinite {
        pivot: permutation.get(i).copied().unwrap_or_default(),
    };
    let largest = (0..n).map(|i| diagonal(&a, i)).fold(T::ZERO, Real::max);
    let stop = tolerance * largest;
    let bound = T::from_f64(4.0) * tolerance * largest;
    let mut rank = n;
    for k in 0..n {
        let mut pivot = k;
        for i in k..n {
            let d = diagonal(&a, i);
            if d.partial_cmp(&-bound).is_none_or(Ordering::is_lt) {
                return Err(name(permutation, i));
            }
            if d > diagonal(&a, pivot) {
                pivot = i;
            }
        }
        if diagonal(&a, pivot) <= stop {
            rank = k;
            break;
        }
        exchange(&mut a, k, pivot);
        permutation.swap(k, pivot);
        eliminate(backend, &mut a, k);
    }
    for (j, column) in a.cols_mut().enumerate().skip(rank) {
        for (i, s) in column.iter_mut().enumerate().skip(j) {
            if s.abs().partial_cmp(&bound).is_none_or(Ordering::is_gt) {
                return Err(name(permutation, i));
            }
            *s = T::ZERO;
        }
    }
    check_representable_lower("l", a.as_ref())?;
    Ok(rank)
}

/// Steps 2 and 3.
fn eliminate<T: Real>(backend: &impl Backend<T>, a: &mut MatMut<'_, T>, k: usize) {
    let (mut left, mut right) = a.reborrow().split_at_col(k + 1);
    let Some([d, l @ ..]) = left.col_mut(k).get_mut(k..) else { return };
    for l in l.iter_mut() {
        *l /= *d;
    }
    for (j, column) in right.cols_mut().enumerate() {
        let l = l.get(j..).unwrap_or_default();
        let Some(&top) = l.first() else { return };
        backend.axpy(-(*d * top), l, column.get_mut(k + 1 + j..).unwrap_or_default());
    }
}

/// Exchanges rows and columns k < p of the symmetric matrix in the lower triangle; L to the left has its rows exchanged.
fn exchange<T: Real>(a: &mut MatMut<'_, T>, k: usize, p: usize) {
    if p == k {
        return;
    }
    for column in a.cols_mut().take(k) {
        column.swap(k, p);
    }
    let (dk, dp) = (diagonal(a, k), diagonal(a, p));
    a.set(k, k, dp);
    a.set(p, p, dk);
    let (mut left, mut right) = a.reborrow().split_at_col(k + 1);
    let column = left.col_mut(k);
    for (j, other) in right.cols_mut().enumerate().take(p - k - 1) {
        if let (Some(x), Some(y)) = (column.get_mut(k + 1 + j), other.get_mut(p)) {
            core::mem::swap(x, y);
        }
    }
    let below = column.get_mut(p + 1..).unwrap_or_default();
    below.swap_with_slice(right.col_mut(p - k - 1).get_mut(p + 1..).unwrap_or_default());
}

fn diagonal<T: Real>(a: &MatMut<'_, T>, i: usize) -> T {
    a.get(i, i).unwrap_or(T::ZERO)
}

/// B ← X with A X = B, for B (n × p) in the range of A; the arguments are those that [`ldlt_in_place`] left.
///
/// Where r < n that X is the basic solution, zero in the n − r places that were not pivots. Whether B is in the range
/// is not tested; if it is not, X solves the r equations of the pivots.
///
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::Workspace`] (see [`ldlt_solve_work_len`]), [`Error::InvalidOption`] for a rank
/// above n or an entry of the permutation that is not a row, [`Error::Singular`] for a zero among the first `rank` elements of D,
/// [`Error::NonFinite`] for `b`: B is untouched. [`Error::NonFinite`] for `x`: an element of X is not representable.
/// Cost: 2r² flops a right-hand side.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let ld = Matrix::from_rows([[4.0, 0.0], [0.5, 2.0]]); // L = [[1, 0], [½, 1]], D = diag(4, 2): A = [[4, 2], [2, 3]]
/// let mut b = Matrix::from_rows([[6.0], [5.0]]);
/// ldlt_solve_in_place(&Portable, ld.view(), &[0, 1], 2, b.view_mut(), &mut [0.0; 2])?;
/// assert_eq!(b, Matrix::from_rows([[1.0], [1.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn ldlt_solve_in_place<T: Real>(
    backend: &impl Backend<T>,
    ld: MatRef<'_, T>,
    permutation: &[usize],
    rank: usize,
    mut b: MatMut<'_, T>,
    work: &mut [T],
) -> Result<(), Error> {
    let n = ld.rows();
    check_shape("ld", (n, n), ld.shape())?;
    check_length("permutation", n, permutation.len())?;
    check_shape("b", (n, b.cols()), b.shape())?;
    check_workspace("work", ldlt_solve_work_len(n), work.len())?;
    super::qr_pivoted::check_rank(ld, rank)?;
    super::qr::check_columns(ld)?;
    if permutation.iter().any(|&p| p >= n) {
        return Err(Error::InvalidOption { what: "permutation[j] < n" });
    }
    check_finite("b", b.as_ref())?;
    let (x, _) = work.split_at_mut(rank);
    for b in b.cols_mut() {
        for (x, &p) in x.iter_mut().zip(permutation) {
            *x = b.get(p).copied().unwrap_or(T::ZERO);
        }
        for j in 0..rank {
            if let Some(([.., xj], below)) = x.split_at_mut_checked(j + 1) {
                backend.axpy(-*xj, ld.col(j).get(j + 1..).unwrap_or_default(), below);
            }
        }
        for (j, x) in x.iter_mut().enumerate() {
            *x /= ld.get(j, j).unwrap_or(T::ONE);
        }
        for j in (0..rank).rev() {
            if let Some(([.., xj], below)) = x.split_at_mut_checked(j + 1) {
                *xj -= backend.dot(ld.col(j).get(j + 1..).unwrap_or_default(), below);
            }
        }
        b.fill(T::ZERO);
        for (&x, &p) in x.iter().zip(permutation) {
            if let Some(b) = b.get_mut(p) {
                *b = x;
            }
        }
    }
    check_representable("x", b.as_ref())
}
