//! Eigenvalues and eigenvectors of a small symmetric matrix, A = X Λ Xᵀ, by cyclic Jacobi rotations.
//!
//! 1. Scale A by a power of two to a largest element between 1 and 2, and copy its lower triangle to the upper one.
//! 2. For all p < q rotate rows and columns p and q so that a_pq = 0, and the columns of X along with them.
//! 3. Stop after a sweep in which every pair had |a_pq| ≤ ε √|a_pp a_qq| or |a_pq| ≤ ε² max|A| before its rotation, or after
//!    60 sweeps. The second inequality is for eigenvalues that are zero.
//! 4. Sort ascending.
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), section 8.5; J. Demmel and K. Veselić,
//! "Jacobi's method is more accurate than QR" (SIAM J. Matrix Anal. Appl. 13, 1992), DOI 10.1137/0613074.
//!
//! Accuracy: every eigenvalue to about n ε ‖A‖; for a positive definite A = D B D with unit diagonal of B, to a relative
//! error of about n ε κ(B). Cost: about 9n³ flops a sweep, 5 to 10 sweeps; meant for n up to about 100. Derivatives: right
//! for distinct eigenvalues; the vectors of equal ones have none.

use super::jacobi::{
    JacobiStatus, MAX_SWEEPS, fill_identity, largest, power_of_two_below, rotate_columns, rotation, swap_columns,
};
use super::{check_finite_lower, check_representable};
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// How [`symmetric_eigen_in_place`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EigenReport {
    /// Sweeps over all pairs, the last one included that found nothing to do.
    pub sweeps: usize,
    /// Converged: |a_pq| ≤ ε √|a_pp a_qq| or |a_pq| ≤ ε² max|A| for all p < q in the last sweep.
    pub status: JacobiStatus,
}

/// Eigenvalues of the symmetric `a` (n × n, only the lower triangle is read) into `values`, ascending, and the eigenvectors
/// into the columns of `vectors` (n × n). `a` is destroyed.
///
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::NonFinite`] for `a`: nothing is written. [`Error::NonFinite`]
/// for `values`: an eigenvalue is not representable.
///
/// ```
/// use gaussling_core::{linalg::symmetric_eigen_in_place, matrix::Matrix};
/// let mut a = Matrix::from_rows([[2.0_f64, 0.0], [1.0, 2.0]]);
/// let (mut values, mut vectors) = ([0.0; 2], Matrix::<f64, 2, 2>::zeros());
/// symmetric_eigen_in_place(a.view_mut(), &mut values, vectors.view_mut())?;
/// assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn symmetric_eigen_in_place<T: Real>(
    mut a: MatMut<'_, T>,
    values: &mut [T],
    mut vectors: MatMut<'_, T>,
) -> Result<EigenReport, Error> {
    let n = a.rows();
    check_shape("a", (n, n), a.shape())?;
    check_length("values", n, values.len())?;
    check_shape("vectors", (n, n), vectors.shape())?;
    check_finite_lower("a", a.as_ref())?;
    fill_identity(&mut vectors);

    // Step 1. A matrix of zero values may still carry derivatives, so it is not left out.
    let top = largest((0..n).flat_map(|j| a.as_ref().col_iter(j).skip(j)));
    let power = if top > T::ZERO { power_of_two_below(top) } else { T::ONE };
    for j in 0..n {
        for i in j..n {
            let x = element(&a, i, j) / power;
            a.set(i, j, x);
            a.set(j, i, x);
        }
    }

    let report = diagonalize(&mut a, &mut vectors);

    // Step 4.
    for (j, value) in values.iter_mut().enumerate() {
        *value = element(&a, j, j) * power;
    }
    for p in 0..n {
        let mut best = p;
        for (q, &x) in values.iter().enumerate().skip(p + 1) {
            if values.get(best).is_some_and(|&y| x < y) {
                best = q;
            }
        }
        if best > p {
            values.swap(p, best);
            swap_columns(&mut vectors, p, best);
        }
    }
    check_representable("values", MatRef::column_vector(values))?;
    Ok(report)
}

/// Steps 2 and 3 on the scaled matrix, of which both triangles are filled.
fn diagonalize<T: Real>(a: &mut MatMut<'_, T>, vectors: &mut MatMut<'_, T>) -> EigenReport {
    let n = a.rows();
    for sweeps in 1..=MAX_SWEEPS {
        let mut converged = true;
        for p in 0..n {
            for q in p + 1..n {
                let (alpha, beta, gamma) = (element(a, p, p), element(a, q, q), element(a, q, p));
                let relative = T::EPSILON * (alpha.abs().sqrt() * beta.abs().sqrt());
                // The largest element was between 1 and 2 after scaling.
                converged &= gamma.abs() <= relative.max(T::EPSILON * T::EPSILON);
                let (c, s) = rotation(alpha, beta, gamma);
                rotate_columns(a, p, q, (c, s));
                for column in a.cols_mut() {
                    if let Some((head, [y, ..])) = column.split_at_mut_checked(q)
                        && let Some(x) = head.get_mut(p)
                    {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
                rotate_columns(vectors, p, q, (c, s));
                // The two passes leave rounding errors where the angle was chosen to give zero.
                a.set(p, q, T::ZERO);
                a.set(q, p, T::ZERO);
            }
        }
        if converged {
            return EigenReport { sweeps, status: JacobiStatus::Converged };
        }
    }
    EigenReport { sweeps: MAX_SWEEPS, status: JacobiStatus::MaxSweeps }
}

fn element<T: Real>(a: &MatMut<'_, T>, i: usize, j: usize) -> T {
    a.get(i, j).unwrap_or(T::ZERO)
}
