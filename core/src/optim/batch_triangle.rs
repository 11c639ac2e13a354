//! A large batch replaced by a triangle: features z (f × b) over a row of ones, Z̃ (k × b, k = f + 1), and targets c (m × b), b > k.
//!
//! \[Z̃ᵀ cᵀ\] = Q \[R C̃; 0 E\] with R k × k upper triangular. So for every W
//!
//! ```text
//! ‖W Z̃ − c‖² = ‖W Rᵀ − C̃ᵀ‖² + ‖E‖²        Z̃ Z̃ᵀ = RᵀR
//! ```
//! and Rᵀ (k × k) with C̃ᵀ (m × k) takes the place of the batch. The samples are taken in pieces: the triangle so far lies on top of the
//! next 7k rows, so the workspace does not grow with b and stays in a cache.
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), section 5.3; J. Demmel, L. Grigori, M. Hoemmen,
//! J. Langou, "Communication-optimal parallel and sequential QR and LU factorizations" (SIAM J. Sci. Comput. 34, 2012), the flat
//! tree. Accuracy: backward stable as QR is, the errors of the pieces add up. Cost: (8/7)(2k² + 4km) b flops.

use crate::backend::Backend;
use crate::error::{Error, check_shape, take};
use crate::linalg::{apply_qt_in_place, qr_in_place};
use crate::matrix::{MatMut, MatRef};
use crate::optim::{product, sum};
use crate::scalar::Real;

/// Rows of a piece and the triangle above it, in units of k.
const PIECE: usize = 8;

/// Length of the workspace of [`batch_triangle`]: zero for batches that fit in k columns.
pub(super) const fn batch_triangle_work_len(features: usize, targets: usize, batch: usize) -> usize {
    let k = sum([features, 1]);
    if batch <= k { 0 } else { sum([product([rows(k, batch), sum([k, targets])]), k]) }
}

const fn rows(k: usize, batch: usize) -> usize {
    let (piece, all) = (product([PIECE, k]), sum([k, batch]));
    if piece < all { piece } else { all }
}

/// Writes Rᵀ into `triangle` (k × k); with `targets` (c, out), C̃ᵀ into out (m × k). Returns ‖E‖².
///
/// Errors: [`Error::Shape`], [`Error::Workspace`]; [`Error::NonFinite`] for an R that is not representable.
pub(super) fn batch_triangle<T: Real, B: Backend<T>>(
    backend: &B,
    z: MatRef<'_, T>,
    targets: Option<(MatRef<'_, T>, MatMut<'_, T>)>,
    mut triangle: MatMut<'_, T>,
    mut work: &mut [T],
) -> Result<T, Error> {
    let (f, b) = z.shape();
    let k = f + 1;
    check_shape("triangle", (k, k), triangle.shape())?;
    let m = targets.as_ref().map_or(0, |(c, _)| c.rows());
    let capacity = rows(k, b);
    let stack = take("work", &mut work, capacity * (k + m))?;
    let tau = take("work", &mut work, k)?;
    let mut stack = MatMut::new(stack, capacity, k + m)?;
    let (mut first, mut above, mut outside) = (0, 0, T::ZERO);
    while first < b {
        let count = (capacity - above).min(b - first);
        let used = above + count;
        let mut rows = stack.reborrow().block(above, 0, count, k + m)?;
        rows.reborrow().columns(0, f)?.copy_from(z.columns(first, count)?.transpose())?;
        rows.reborrow().columns(f, 1)?.fill(T::ONE);
        if let Some((c, _)) = &targets {
            rows.columns(k, m)?.copy_from(c.columns(first, count)?.transpose())?;
        }
        let (mut left, mut right) = stack.reborrow().block(0, 0, used, k + m)?.split_at_col(k);
        let tau = tau.get_mut(..k.min(used)).unwrap_or_default();
        qr_in_place(backend, left.reborrow(), tau)?;
        apply_qt_in_place(backend, left.as_ref(), tau, right.reborrow())?;
        for column in right.cols_mut() {
            let rest = column.get(k..).unwrap_or_default();
            outside += backend.dot(rest, rest);
        }
        for (j, column) in left.cols_mut().enumerate() {
            column.iter_mut().take(k).skip(j + 1).for_each(|x| *x = T::ZERO);
        }
        (first, above) = (first + count, k.min(used));
    }
    triangle.copy_from(stack.as_ref().block(0, 0, k, k)?.transpose())?;
    if let Some((_, mut out)) = targets {
        out.copy_from(stack.as_ref().block(0, k, k, m)?.transpose())?;
    }
    Ok(outside)
}
