//! Cholesky factor of A + x xᵀ and of A − x xᵀ, from that of A = L Lᵀ, in n² instead of n³ operations.
//!
//! Update: rotations of \[L x\] from the right, for k = 0, …, n − 1
//!
//! 1. (c, s) rotates (lₖₖ, xₖ) into (√(lₖₖ² + xₖ²), 0)
//! 2. the same rotation on what is below in column k of L and in x
//!
//! Downdate (LINPACK's `dchdd`):
//!
//! 3. solve L a = x. A − x xᵀ is positive definite exactly when ‖a‖ < 1; the sum of the first i + 1 squares reaches 1 at the
//!    first pivot i that is not positive
//! 4. α = √((1 − ‖a‖)(1 + ‖a‖))
//! 5. for i = n − 1, …, 0 the rotation of (α, aᵢ) into (ρ, 0), applied to a vector that starts as zero and column i of L
//!
//! Source: P. E. Gill, G. H. Golub, W. Murray, M. A. Saunders, "Methods for modifying matrix factorizations" (Math. Comp. 28,
//! 1974), DOI 10.1090/S0025-5718-1974-0343558-6; LINPACK Users' Guide (1979), chapter 10; G. W. Stewart (1979),
//! DOI 10.1093/imamat/23.2.203. Accuracy: the update is backward stable. The downdate is exact for data with errors of n ε ‖L‖;
//! its result loses digits like 1/α (Stewart), however it is computed. Cost: 3n² flops an update, 4n² a downdate.

use super::qr_update::distance_to_one;
use super::rotation::{givens, rotate};
use super::{check_finite, check_finite_lower, check_representable_lower, solve_lower_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for [`cholesky_downdate_in_place`] with a matrix of order `order`.
///
/// ```
/// assert_eq!(gaussling_core::linalg::cholesky_downdate_work_len(5), 5);
/// ```
pub const fn cholesky_downdate_work_len(order: usize) -> usize {
    order
}

/// L ← the factor of L Lᵀ + x xᵀ, L the lower triangle of `l` (n × n); `x` (length n) is destroyed.
///
/// The strict upper triangle is neither read nor written. L may be singular, even zero; its diagonal comes out ≥ 0.
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::NonFinite`]: nothing is written. [`Error::NonFinite`] for `l` also when
/// an element of the new L is not representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// let mut l = Matrix::from_rows([[3.0_f64, 0.0], [3.0, 4.0]]);
/// cholesky_update_in_place(l.view_mut(), &mut [4.0, 4.0])?;
/// assert!((l[(0, 0)] - 5.0).abs() < 1e-14); // 3² + 4²
/// cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [4.0, 4.0], &mut [0.0; 2])?;
/// assert!((l[(0, 0)] - 3.0).abs() < 1e-14 && (l[(1, 1)] - 4.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn cholesky_update_in_place<T: Real>(mut l: MatMut<'_, T>, x: &mut [T]) -> Result<(), Error> {
    check_pair(&l, x)?;
    for (k, column) in l.cols_mut().enumerate() {
        let column = column.get_mut(k..).unwrap_or_default();
        let below = x.get_mut(k..).unwrap_or_default();
        if let ([diagonal, column @ ..], [x, below @ ..]) = (column, below) {
            let (c, s, length) = givens(*diagonal, *x); // step 1
            (*diagonal, *x) = (length, T::ZERO);
            for (l, x) in column.iter_mut().zip(below) {
                rotate((c, s), l, x); // step 2
            }
        }
    }
    check_representable_lower("l", l.as_ref())
}

/// L ← the factor of L Lᵀ − x xᵀ, L the lower triangle of `l` (n × n); `x` (length n) is destroyed.
///
/// The strict upper triangle is neither read nor written. The diagonal keeps its signs.
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::Workspace`] (see [`cholesky_downdate_work_len`]), [`Error::NonFinite`],
/// [`Error::Singular`] for a zero on the diagonal: nothing is written. [`Error::NotPositiveDefinite`] with the first pivot that is
/// not positive: L is untouched, `x` and the workspace are not.
///
/// ```
/// use gaussling_core::{Error, Matrix, Portable, linalg::cholesky_downdate_in_place};
/// let mut l = Matrix::from_rows([[5.0_f64, 0.0], [0.0, 1.0]]); // A = diag(25, 1)
/// cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [3.0, 0.0], &mut [0.0; 2])?; // 25 − 3²
/// assert!((l[(0, 0)] - 4.0).abs() < 1e-14);
/// let refused = cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0, 2.0], &mut [0.0; 2]); // 1 − 2²
/// assert_eq!(refused, Err(Error::NotPositiveDefinite { pivot: 1 }));
/// # Ok::<(), Error>(())
/// ```
pub fn cholesky_downdate_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut l: MatMut<'_, T>,
    x: &mut [T],
    work: &mut [T],
) -> Result<(), Error> {
    let n = l.rows();
    check_pair(&l, x)?;
    check_workspace("work", cholesky_downdate_work_len(n), work.len())?;
    solve_lower_in_place(backend, l.as_ref(), MatMut::column_vector(x))?; // step 3
    let mut alpha = distance_to_one(backend, x)?; // step 4
    let (removed, _) = work.split_at_mut(n);
    removed.fill(T::ZERO);
    for i in (0..n).rev() {
        let (c, s, length) = givens(alpha, x.get(i).copied().unwrap_or(T::ZERO)); // step 5
        alpha = length;
        let column = l.col_mut(i).get_mut(i..).unwrap_or_default();
        for (l, removed) in column.iter_mut().zip(removed.get_mut(i..).unwrap_or_default()) {
            rotate((c, s), removed, l);
        }
    }
    check_representable_lower("l", l.as_ref())
}

fn check_pair<T: Real>(l: &MatMut<'_, T>, x: &[T]) -> Result<(), Error> {
    let n = l.rows();
    check_shape("l", (n, n), l.shape())?;
    check_length("x", n, x.len())?;
    check_finite_lower("l", l.as_ref())?;
    check_finite("x", MatRef::column_vector(x))
}
