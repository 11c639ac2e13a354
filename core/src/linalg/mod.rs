//! Dense factorizations, Jacobi methods, regularization, and iterative methods that need products only.
//!
//! Contract of everything in this folder:
//! * shapes, lengths and workspace are checked at entry; after that no routine can index out of range, whatever the numbers;
//! * a factorization refuses NaN and infinities with [`Error::NonFinite`] before it writes
//!   anything; the triangular solves and the products with Q pass them on as IEEE 754 has it. A factor or a least-squares
//!   solution that is not representable is [`Error::NonFinite`] too, with its name; so `Ok` means finite values;
//! * everything is generic over [`Real`], so it also runs on dual numbers. Branches look at values, and a value that happens
//!   to be zero does not cut off a derivative;
//! * an input times 10^±150 (`f64`) or 10^±18 (`f32`) gives the same answer, scaled; loops have a fixed cap;
//! * sizes of zero are allowed everywhere and give the empty result.
//!
//! Which routine when, for A of m rows and n columns, k = min(m, n), p right-hand sides:
//!
//! | problem | routine | flops | workspace |
//! |---|---|---|---|
//! | L X = B, R X = B, and with the transpose | [`solve_lower_in_place`] and its kin, or [`Backend::solve_triangular`](crate::Backend::solve_triangular) | n²p | none |
//! | X R = B, X Rᵀ = B | [`solve_right_upper_in_place`] and its kin | n²p | none |
//! | A X = B, A symmetric positive definite | [`cholesky_in_place`], [`cholesky_solve_in_place`] | n³/3 + 2n²p | none |
//! | min ‖A X − B‖, m ≥ n, full rank | [`least_squares_in_place`] | 2n²(m − n/3) + 4mnp | `tau`: k |
//! | the same, any shape and rank, few nonzeros in X | [`qr_pivoted_in_place`], [`qr_pivoted_rank`], [`qr_pivoted_solve_in_place`] | as QR, + 2mn | [`qr_pivoted_work_len`] |
//! | the same, X of minimum norm | these, [`complete_orthogonal_in_place`], [`minimum_norm_solve_in_place`] | + 2r²(n − r) | [`complete_orthogonal_work_len`] |
//! | the same, rank in doubt; A⁺; κ(A) | [`svd_in_place`], [`svd_rank`], [`svd_solve`], [`svd_pseudo_inverse`], [`svd_condition`] | SVD + 2(m + n)rp | none |
//! | s² (AᵀA)⁻¹, standard errors, correlations of a fit | [`least_squares_covariance`], [`standard_errors`], [`correlation_in_place`] | as QR, + 4n³/3 | [`least_squares_covariance_work_len`] |
//! | rows come and go in a least-squares problem | [`qr_append_rows_in_place`], [`qr_remove_row_in_place`] | (2s + 3/2)n² for s rows, 4n² a row | none, [`qr_remove_row_work_len`] |
//! | A ± x xᵀ, A = L Lᵀ | [`cholesky_update_in_place`], [`cholesky_downdate_in_place`] | 3n², 4n² | none, [`cholesky_downdate_work_len`] |
//! | A⁻¹, ln det A from A = L Lᵀ | [`cholesky_inverse_in_place`], [`cholesky_log_determinant`] | 2n³/3, n | none |
//! | A X = B, A symmetric positive semi-definite | [`ldlt_in_place`], [`ldlt_solve_in_place`] | n²r − nr² + r³/3 + 2r²p | [`ldlt_solve_work_len`] |
//! | orthonormal basis of the columns | [`qr_in_place`], [`form_q`] | 4n²(m − n/3) for m ≥ n | `tau`: k |
//! | singular values, rank, Tikhonov for many λ | [`svd_in_place`] | 4mn² + 3n³ a sweep, 5 to 10 sweeps | none |
//! | eigenvalues of a small symmetric matrix | [`symmetric_eigen_in_place`] | 8n³; definite: n³, + 4n³ a sweep, 5 to 10 sweeps | none |
//! | min ‖A x − b‖² + damp² ‖x‖², products with A and Aᵀ only | [`lsqr`] | 6m + 12n + products a step | [`lsqr_work_len`] |
//! | min ½ xᵀH x − bᵀx, products only, one radius | [`conjugate_gradients`] | 17n + a product a step | [`conjugate_gradients_work_len`] |
//! | min ‖A x − b‖² + λ² ‖x‖², λ given or to be chosen | [`TikhonovSolver`] | an SVD, then 2nk for a λ | [`tikhonov_work_len`] |
//! | H s = b with products only, ‖s‖ ≤ Δ | [`Krylov`] | 2n·dim² + products | [`krylov_work_len`] |
//!
//! Normal equations by Cholesky lose half of the digits that QR keeps: take them only where AᵀA is well conditioned, for
//! example after Tikhonov regularization. Plain QR does not notice a rank that is *nearly* deficient; with column pivoting it
//! does, rare matrices excepted; the SVD always does.

pub(crate) mod bidiagonal;
mod cholesky;
mod cholesky_update;
mod complete_orthogonal;
mod conjugate_gradients;
mod covariance;
mod jacobi;
mod krylov;
mod ldlt;
mod lsqr;
mod operator;
mod qr;
mod qr_blocked;
mod qr_pivoted;
mod qr_update;
mod right;
pub(crate) mod rotation;
mod svd;
mod svd_solve;
mod symmetric_eigen;
#[cfg(test)]
mod tests;
mod tikhonov;
mod triangular;
mod tridiagonal;

pub use cholesky::{cholesky_in_place, cholesky_inverse_in_place, cholesky_log_determinant, cholesky_solve_in_place};
pub use cholesky_update::{cholesky_downdate_in_place, cholesky_downdate_work_len, cholesky_update_in_place};
pub use complete_orthogonal::{
    complete_orthogonal_in_place, complete_orthogonal_work_len, minimum_norm_solve_in_place,
};
pub use conjugate_gradients::{
    ConjugateGradientsOptions, ConjugateGradientsReport, ConjugateGradientsStatus, conjugate_gradients,
    conjugate_gradients_work_len,
};
pub use covariance::{
    CovarianceReport, correlation_in_place, least_squares_covariance, least_squares_covariance_work_len,
    standard_errors,
};
pub use jacobi::SpectralStatus;
pub use krylov::{Krylov, KrylovReport, KrylovStatus, KrylovStep, krylov_work_len};
pub use ldlt::{ldlt_in_place, ldlt_solve_in_place, ldlt_solve_work_len};
pub use lsqr::{LsqrOptions, LsqrReport, LsqrStatus, lsqr, lsqr_work_len};
pub use operator::{FnOperator, LinearOperator, MatrixOperator, SymmetricOperator, Transposed};
pub use qr::{apply_q_in_place, apply_qt_in_place, form_q, least_squares_in_place, qr_in_place};
pub use qr_pivoted::{
    qr_pivoted_in_place, qr_pivoted_rank, qr_pivoted_solve_in_place, qr_pivoted_solve_work_len, qr_pivoted_work_len,
    rank_tolerance,
};
pub use qr_update::{qr_append_rows_in_place, qr_remove_row_in_place, qr_remove_row_work_len};
pub use right::{solve_right_upper_in_place, solve_right_upper_transposed_in_place};
pub use svd::{SvdReport, svd_in_place};
pub use svd_solve::{svd_condition, svd_pseudo_inverse, svd_rank, svd_solve};
pub use symmetric_eigen::{EigenReport, symmetric_eigen_in_place};
pub use tikhonov::{
    TikhonovChoice, TikhonovChoiceStatus, TikhonovReport, TikhonovRule, TikhonovSolver, tikhonov_work_len,
};
pub use triangular::{
    solve_lower_in_place, solve_lower_transposed_in_place, solve_upper_in_place, solve_upper_transposed_in_place,
};

use crate::error::Error;
use crate::matrix::MatRef;
use crate::scalar::Real;

/// [`Error::NonFinite`] when an element of `a` is NaN or infinite.
#[inline]
pub(crate) fn check_finite<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    check_finite_from(what, a, |_| 0)
}

/// [`Error::NonFinite`] when an element of the lower triangle of `a`, the diagonal included, is NaN or infinite.
#[inline]
fn check_finite_lower<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    check_finite_from(what, a, |j| j)
}

/// The elements of column j from `first(j)` on. No early exit within a column: the loop over a slice then takes vectors.
#[inline]
fn check_finite_from<T: Real>(
    what: &'static str,
    a: MatRef<'_, T>,
    first: impl Fn(usize) -> usize,
) -> Result<(), Error> {
    let finite = if a.has_contiguous_cols() {
        let column = |j: usize| a.col(j).get(first(j)..).unwrap_or_default();
        (0..a.cols()).all(|j| column(j).iter().fold(true, |finite, x| finite & x.is_finite()))
    } else {
        (0..a.cols()).all(|j| a.col_iter(j).skip(first(j)).all(Real::is_finite))
    };
    if finite { Ok(()) } else { Err(Error::NonFinite { what }) }
}

/// [`Error::NonFinite`] when an element of the upper triangle (trapezoid) of `a` is NaN or infinite.
fn check_finite_upper<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    let finite = (0..a.cols()).all(|j| a.col_iter(j).take(j + 1).all(Real::is_finite));
    if finite { Ok(()) } else { Err(Error::NonFinite { what }) }
}

/// [`Error::NonFinite`] when a *value* in the result `a` is NaN or infinite. Derivatives may be: where a factor has none, as
/// at a zero on the diagonal of R, they are what IEEE 754 makes of the rule.
fn check_representable<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    if a.iter().all(|x| x.abs() <= T::MAX) { Ok(()) } else { Err(Error::NonFinite { what }) }
}

/// [`check_representable`] for the upper triangle (trapezoid).
fn check_representable_upper<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    let finite = (0..a.cols()).all(|j| a.col_iter(j).take(j + 1).all(|x| x.abs() <= T::MAX));
    if finite { Ok(()) } else { Err(Error::NonFinite { what }) }
}

/// [`check_representable`] for the lower triangle.
fn check_representable_lower<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
    let finite = (0..a.cols()).all(|j| a.col_iter(j).skip(j).all(|x| x.abs() <= T::MAX));
    if finite { Ok(()) } else { Err(Error::NonFinite { what }) }
}
