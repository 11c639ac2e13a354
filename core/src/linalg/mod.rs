//! Dense factorizations, Jacobi methods and the Krylov space of the trust region.
//!
//! Contract of everything in this folder:
//! * shapes, lengths and workspace are checked at entry; after that no routine can index out of range, whatever the numbers;
//! * a factorization refuses NaN and infinities with [`Error::NonFinite`] before it writes
//!   anything; the triangular solves and the products with Q pass them on as IEEE 754 has it;
//! * everything is generic over [`Real`], so it also runs on dual numbers. Branches look at values, and a value that happens
//!   to be zero does not cut off a derivative;
//! * an input times 10^±150 (`f64`) or 10^±18 (`f32`) gives the same answer, scaled; loops have a fixed cap;
//! * sizes of zero are allowed everywhere and give the empty result.
//!
//! Which routine when, for A of m rows and n columns, k = min(m, n), p right-hand sides:
//!
//! | problem | routine | flops | workspace |
//! |---|---|---|---|
//! | L X = B, R X = B, and with the transpose | [`solve_lower_in_place`] and its kin | n²p | none |
//! | X R = B, X Rᵀ = B | [`solve_right_upper_in_place`] and its kin | n²p | none |
//! | A X = B, A symmetric positive definite | [`cholesky_in_place`], [`cholesky_solve_in_place`] | n³/3 + 2n²p | none |
//! | min ‖A X − B‖, m ≥ n, full rank | [`least_squares_in_place`] | 2n²(m − n/3) + 4mnp | `tau`: k |
//! | orthonormal basis of the columns | [`qr_in_place`], [`form_q`] | 4n²(m − n/3) for m ≥ n | `tau`: k |
//! | singular values, rank, Tikhonov for many λ | [`svd_in_place`] | 6mn² + 3n³ a sweep, 5 to 10 sweeps | none |
//! | eigenvalues of a small symmetric matrix | [`symmetric_eigen_in_place`] | 9n³ a sweep, 5 to 10 sweeps | none |
//! | H s = b with products only, ‖s‖ ≤ Δ | [`Krylov`] | 2n·dim² + products | [`krylov_work_len`] |
//!
//! Normal equations by Cholesky lose half of the digits that QR keeps: take them only where AᵀA is well conditioned, for
//! example after Tikhonov regularization. QR does not notice a rank that is *nearly* deficient; the SVD does.

mod cholesky;
mod jacobi;
mod krylov;
mod qr;
mod right;
mod svd;
mod symmetric_eigen;
#[cfg(test)]
mod tests;
mod triangular;

pub use cholesky::{cholesky_in_place, cholesky_solve_in_place};
pub use jacobi::JacobiStatus;
pub use krylov::{Krylov, KrylovReport, KrylovStatus, KrylovStep, krylov_work_len};
pub use qr::{apply_q_in_place, apply_qt_in_place, form_q, least_squares_in_place, qr_in_place};
pub use right::{solve_right_upper_in_place, solve_right_upper_transposed_in_place};
pub use svd::{SvdReport, svd_in_place};
pub use symmetric_eigen::{EigenReport, symmetric_eigen_in_place};
pub use triangular::{
    solve_lower_in_place, solve_lower_transposed_in_place, solve_upper_in_place, solve_upper_transposed_in_place,
};

use crate::error::Error;
use crate::matrix::MatRef;
use crate::scalar::Real;

/// [`Error::NonFinite`] when an element of `a` is NaN or infinite.
#[inline]
fn check_finite<T: Real>(what: &'static str, a: MatRef<'_, T>) -> Result<(), Error> {
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
