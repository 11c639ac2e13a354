//! Singular value decomposition A = U Σ Vᵀ by one-sided Jacobi rotations.
//!
//! A is m × n with m ≥ n; rotations from the right make its columns orthogonal, A V = U Σ:
//!
//! 1. Scale A by a power of two, so that squares of elements neither overflow nor, within the range below, underflow.
//! 2. Sort the columns by length, longest first; then rotate all pairs of columns to be orthogonal, and V along with them, in rounds of pairs
//!    that have no column in common (`backend/jacobi.rs` has the angle, the order and its source).
//! 3. Stop after a sweep in which every pair had |γ| ≤ ε (√m + 2) √α √β before its rotation, or after 60 sweeps; α = a_pᵀ a_p, β = a_qᵀ a_q,
//!    γ = a_pᵀ a_q.
//! 4. σⱼ = ‖aⱼ‖, uⱼ = aⱼ/σⱼ, in descending order.
//!
//! Source: M. R. Hestenes (J. SIAM 6, 1958); P. P. M. de Rijk, "A one-sided Jacobi algorithm for computing the singular value
//! decomposition on a vector computer" (SIAM J. Sci. Stat. Comput. 10, 1989), DOI 10.1137/0910023; J. Demmel and K. Veselić,
//! "Jacobi's method is more accurate than QR" (SIAM J. Matrix Anal. Appl. 13, 1992), section 4, DOI 10.1137/0613074.
//!
//! Accuracy: for A = B D, D diagonal and the columns of B of unit length, every singular value, however small, has a
//! relative error of about n ε κ(B); κ(A) plays no part. A matrix graded by *rows* has this accuracy for its transpose.
//! Columns shorter than about 10⁻²⁸⁰ (`f64`) or 10⁻²⁴ (`f32`) of the largest count as zero.
//!
//! Cost: at most 4mn² + 3n³ flops a sweep, 5 to 10 sweeps, up to 20 when columns are exact multiples of one
//! another. For m ≫ n factor A = Q R first and decompose R. Derivatives: right for distinct singular values; for equal ones the vectors have none.

use super::jacobi::{
    SpectralStatus, bring_largest, fill_identity, largest, negligible, orthogonalize, power_of_two_below,
    squares_target,
};
use super::{check_finite, check_representable};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// How [`svd_in_place`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SvdReport {
    /// Sweeps over all pairs of columns, the last one included that found them orthogonal.
    pub sweeps: usize,
    /// Converged: |a_pᵀ a_q| ≤ ε (√m + 2) ‖a_p‖ ‖a_q‖ for all p < q in the last sweep.
    pub status: SpectralStatus,
}

/// Decomposes `a` (m × n, m ≥ n) into U Σ Vᵀ: `a` is overwritten by U, `s` (length n) by σ₀ ≥ σ₁ ≥ … ≥ 0, `v` by V (n × n).
///
/// Where σⱼ = 0 exactly, column j of U is zero, not a unit vector. V is orthogonal always.
///
/// Errors: [`Error::Shape`] for `a` with m < n or for `v`, [`Error::Length`] for `s`, [`Error::NonFinite`] for `a`: nothing is
/// written. [`Error::NonFinite`] for `s`: a singular value is not representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::svd_in_place, matrix::Matrix};
/// let mut a = Matrix::from_rows([[3.0, 0.0], [4.0, 5.0]]);
/// let (mut s, mut v) = ([0.0_f64; 2], Matrix::<f64, 2, 2>::zeros());
/// svd_in_place(&Portable, a.view_mut(), &mut s, v.view_mut())?;
/// assert!((s[0] - 45.0_f64.sqrt()).abs() < 1e-14 && (s[1] - 5.0_f64.sqrt()).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn svd_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    s: &mut [T],
    mut v: MatMut<'_, T>,
) -> Result<SvdReport, Error> {
    let (m, n) = a.shape();
    check_shape("a", (m.max(n), n), a.shape())?;
    check_length("s", n, s.len())?;
    check_shape("v", (n, n), v.shape())?;
    check_finite("a", a.as_ref())?;
    fill_identity(&mut v);

    // Step 1.
    let target = squares_target::<T>().sqrt();
    let top = largest(a.as_ref().iter());
    if top == T::ZERO {
        // Columns of zero values may carry derivatives, but σ and U have none there.
        a.fill(T::ZERO);
        s.fill(T::ZERO);
        return Ok(SvdReport { sweeps: 0, status: SpectralStatus::Converged });
    }
    let power = power_of_two_below(top);
    for column in a.cols_mut() {
        for x in column {
            *x = *x / power * target;
        }
    }

    let (sweeps, status) = orthogonalize(backend, &mut a, s, Some(&mut v));
    let report = SvdReport { sweeps, status };

    // Step 4.
    for (s, column) in s.iter_mut().zip(a.cols_mut()) {
        if *s >= negligible() {
            *s = backend.norm(column);
            for x in column {
                *x /= *s;
            }
            *s = *s / target * power;
        } else {
            *s = T::ZERO;
            column.fill(T::ZERO);
        }
    }
    for p in 0..n {
        bring_largest(&mut a, s, Some(&mut v), p);
    }
    check_representable("s", MatRef::column_vector(s))?;
    Ok(report)
}
