//! Update of the triangle R of A = Q R, and of c = (Qᵀb)₁, when rows are appended to \[A b\] or removed from it. Q is not needed.
//!
//! R (n × n) is what is kept of any number of rows: RᵀR = AᵀA, and R x = c is the least-squares solution. Start from R = 0, c = 0.
//!
//! Appending s rows W with right-hand sides y: Householder reflections of \[R; W\] that use the zeros of R. For j = 0, …, n − 1
//!
//! 1. H = I − τ v vᵀ, v = (1 in place j of R, w), turns (rⱼⱼ, W\[:, j\]) into (β, 0)
//! 2. the later columns of R's row j and of W, and (cⱼ, y), are multiplied by H
//!
//! What is left in y has the norm by which the residual grows: ρ² ← ρ² + ‖y‖².
//!
//! Removing one row z with right-hand side η (LINPACK's `dchdd`): R̃ᵀR̃ = RᵀR − z zᵀ.
//!
//! 3. solve Rᵀ a = z. The matrix left over is positive definite exactly when ‖a‖ < 1. The sum of the first i + 1 squares reaches
//!    1 at the first pivot i that would not be positive
//! 4. α = √((1 − ‖a‖)(1 + ‖a‖)): (a, α) is the last row of the orthogonal factor of \[R̃; zᵀ\]
//! 5. for i = n − 1, …, 0 a rotation of (α, aᵢ) into (ρ, 0); the same rotations turn \[R; 0\] into \[R̃; zᵀ\], and
//!    \[c; ζ\] with ζ = (η − aᵀc)/α into \[c̃; η\]. The residual shrinks: ρ² ← ρ² − ζ²
//!
//! Source: J. J. Dongarra, J. R. Bunch, C. B. Moler, G. W. Stewart, "LINPACK Users' Guide" (SIAM 1979), chapter 10,
//! DOI 10.1137/1.9781611971811; G. W. Stewart, "The effects of rounding error on an algorithm for downdating a Cholesky
//! factorization" (J. Inst. Maths Applics 23, 1979), DOI 10.1093/imamat/23.2.203; Golub and Van Loan (4th ed., 2013), section 6.5.
//! Accuracy: appending is backward stable. Removal is stable in Stewart's sense, R̃ is exact for R and z with errors of n ε ‖R‖;
//! what that does to R̃ itself grows like 1/α. After a removal with α near √ε its smallest singular value has no correct digit left:
//! factor anew if the rows are at hand. Cost: (2s + 3/2) n² flops to append s rows, 4n² to
//! remove one; a right-hand side (4s + 3) n and 8n.

use core::cmp::Ordering;

use super::rotation::{givens, rotate, split_reflect, split_reflector};
use super::{
    check_finite, check_finite_upper, check_representable, check_representable_upper, solve_upper_transposed_in_place,
};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for [`qr_remove_row_in_place`] with an R of order `order`.
///
/// ```
/// assert_eq!(gaussling_core::linalg::qr_remove_row_work_len(4), 8);
/// ```
pub const fn qr_remove_row_work_len(order: usize) -> usize {
    order.saturating_mul(2)
}

/// R ← the triangle of \[R; W\], R the upper triangle of `r` (n × n), W the `rows` (s × n), which are destroyed.
///
/// `rhs` = (c, y), n × p and s × p: c ← (Qᵀ\[c; y\])₁, and column by column the residual's square grows by that of what is left
/// in y. The strict lower triangle of `r` is neither read nor written, so the first n rows of a `qr_in_place` will do.
/// Diagonal elements of R may be of either sign, or zero.
///
/// Errors: [`Error::Shape`], [`Error::NonFinite`] for an argument: nothing is written. [`Error::NonFinite`] for `r`, `c` or `y`
/// also when the result is not representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// // The line c + d t through (0, 1), (1, 3), (2, 5), two points first, then one more.
/// let (mut r, mut c) = (Matrix::<f64, 2, 2>::zeros(), Matrix::<f64, 2, 1>::zeros());
/// let (mut rows, mut y) = (Matrix::from_rows([[1.0, 0.0], [1.0, 1.0]]), Matrix::from_rows([[1.0], [3.0]]));
/// qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), Some((c.view_mut(), y.view_mut())))?;
/// let (mut rows, mut y) = (Matrix::from_rows([[1.0, 2.0]]), Matrix::from_rows([[5.0]]));
/// qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), Some((c.view_mut(), y.view_mut())))?;
/// assert!(y[(0, 0)].abs() < 1e-14); // no residual
/// solve_upper_in_place(&Portable, r.view(), c.view_mut())?;
/// assert!((c[(0, 0)] - 1.0).abs() < 1e-14 && (c[(1, 0)] - 2.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn qr_append_rows_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut r: MatMut<'_, T>,
    mut rows: MatMut<'_, T>,
    mut rhs: Option<(MatMut<'_, T>, MatMut<'_, T>)>,
) -> Result<(), Error> {
    let n = r.rows();
    check_shape("r", (n, n), r.shape())?;
    check_shape("rows", (rows.rows(), n), rows.shape())?;
    check_finite_upper("r", r.as_ref())?;
    check_finite("rows", rows.as_ref())?;
    if let Some((c, y)) = &rhs {
        check_shape("c", (n, c.cols()), c.shape())?;
        check_shape("y", (rows.rows(), c.cols()), y.shape())?;
        check_finite("c", c.as_ref())?;
        check_finite("y", y.as_ref())?;
    }
    for j in 0..n {
        let (mut left, mut later) = rows.reborrow().split_at_col(j + 1);
        let v = left.col_mut(j);
        let Some(diagonal) = r.get_mut(j, j) else { continue };
        let tau = split_reflector(backend, diagonal, v);
        for l in j + 1..n {
            if let Some(first) = r.get_mut(j, l) {
                split_reflect(backend, tau, v, first, later.col_mut(l - j - 1));
            }
        }
        if let Some((c, y)) = &mut rhs {
            for l in 0..c.cols() {
                if let Some(first) = c.get_mut(j, l) {
                    split_reflect(backend, tau, v, first, y.col_mut(l));
                }
            }
        }
    }
    check_representable_upper("r", r.as_ref())?;
    rhs.map_or(Ok(()), |(c, y)| {
        check_representable("c", c.as_ref())?;
        check_representable("y", y.as_ref())
    })
}

/// R ← the triangle of A without one of its rows, R the upper triangle of `r` (n × n), `row` that row of A.
///
/// `rhs` = (c, η), n × p and length p: c is updated to the rows that are left, and η overwritten by ζ: column by column the
/// residual's square shrinks by ζ². Diagonal elements of R come out with the sign they had.
///
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::Workspace`] (see [`qr_remove_row_work_len`]), [`Error::NonFinite`],
/// [`Error::Singular`] for a zero on the diagonal, [`Error::NotPositiveDefinite`] with the first pivot of RᵀR − z zᵀ that is not
/// positive: the row is none of A's, or A without it is rank deficient. Nothing but the workspace is written on these.
/// [`Error::NonFinite`] for `c` also when an element of it, or ζ, is not representable.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// // R of the rows (3), (4), whose RᵀR = 25; without the first row 16 is left.
/// let (mut r, mut work) = (Matrix::from_rows([[5.0_f64]]), [0.0; qr_remove_row_work_len(1)]);
/// qr_remove_row_in_place(&Portable, r.view_mut(), &[3.0], None, &mut work)?;
/// assert!((r[(0, 0)] - 4.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn qr_remove_row_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut r: MatMut<'_, T>,
    row: &[T],
    mut rhs: Option<(MatMut<'_, T>, &mut [T])>,
    work: &mut [T],
) -> Result<(), Error> {
    let n = r.rows();
    check_shape("r", (n, n), r.shape())?;
    check_length("row", n, row.len())?;
    check_workspace("work", qr_remove_row_work_len(n), work.len())?;
    check_finite_upper("r", r.as_ref())?;
    check_finite("row", MatRef::column_vector(row))?;
    if let Some((c, y)) = &rhs {
        check_shape("c", (n, c.cols()), c.shape())?;
        check_length("y", c.cols(), y.len())?;
        check_finite("c", c.as_ref())?;
        check_finite("y", MatRef::column_vector(y))?;
    }
    let (a, rest) = work.split_at_mut(n);
    let (cosines, _) = rest.split_at_mut(n);
    copy(row, a);
    solve_upper_transposed_in_place(backend, r.as_ref(), MatMut::column_vector(a))?; // step 3
    let mut alpha = distance_to_one(backend, a)?; // step 4
    // ζ needs a before step 5 overwrites it by the sines.
    if let Some((c, y)) = &mut rhs {
        for (l, y) in y.iter_mut().enumerate() {
            *y = (*y - backend.dot(a, c.col(l))) / alpha;
        }
    }
    for (a, cosine) in a.iter_mut().zip(cosines.iter_mut()).rev() {
        let (c, s, length) = givens(alpha, *a);
        (*cosine, *a, alpha) = (c, s, length); // step 5
    }
    let sines = a;
    for (j, column) in r.cols_mut().enumerate() {
        let upper = column.get_mut(..=j).unwrap_or_default();
        rotate_up(cosines, sines, upper, T::ZERO);
    }
    check_representable_upper("r", r.as_ref())?;
    if let Some((mut c, y)) = rhs {
        for (column, &zeta) in c.cols_mut().zip(y.iter()) {
            rotate_up(cosines, sines, column, zeta);
        }
        check_representable("c", c.as_ref())?;
        check_representable("c", MatRef::column_vector(y))?;
    }
    Ok(())
}

/// The rotations of step 5 on one column and the element below it, from the last row up.
fn rotate_up<T: Real>(cosines: &[T], sines: &[T], column: &mut [T], mut below: T) {
    for ((x, &c), &s) in column.iter_mut().zip(cosines).zip(sines).rev() {
        // The pair is (x, below); (α, aᵢ) is rotated into (ρ, 0), so `below` plays the part of α.
        rotate((c, s), &mut below, x);
    }
}

/// α = √(1 − ‖a‖²), or [`Error::NotPositiveDefinite`] with the index at which the sum of squares reaches 1 (or is NaN).
pub(super) fn distance_to_one<T: Real>(backend: &impl Backend<T>, a: &[T]) -> Result<T, Error> {
    let mut sum = T::ZERO;
    for (pivot, &a) in a.iter().enumerate() {
        sum += a * a;
        if sum.partial_cmp(&T::ONE) != Some(Ordering::Less) {
            return Err(Error::NotPositiveDefinite { pivot });
        }
    }
    let norm = backend.norm(a);
    if norm >= T::ONE {
        // The sum above rounded down; nothing is left at the last pivot.
        return Err(Error::NotPositiveDefinite { pivot: a.len().saturating_sub(1) });
    }
    Ok(((T::ONE - norm) * (T::ONE + norm)).sqrt())
}
