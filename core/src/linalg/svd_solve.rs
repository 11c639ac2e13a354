//! Rank, condition number, pseudo-inverse and least squares of minimum norm from a singular value decomposition.
//!
//! A = U Σ Vᵀ, m × n, k = min(m, n) singular values in descending order, U m × k, V n × k. With r the rank, the number of
//! σⱼ > tolerance · σ₀, and A_r = Σ_{j<r} σⱼ uⱼ vⱼᵀ the nearest matrix of that rank:
//!
//! 1. A_r⁺ = Σ_{j<r} vⱼ uⱼᵀ / σⱼ
//! 2. x = A_r⁺ b = Σ_{j<r} vⱼ (uⱼᵀb / σⱼ) has the smallest norm among the minimizers of ‖A_r x − b‖
//!
//! `svd_in_place` takes m ≥ n. For a wide A decompose its transpose, Aᵀ = U′ Σ V′ᵀ, and pass V′ for `u` and U′ for `v`.
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), sections 5.5.1, 5.5.2 and 2.4;
//! P.-Å. Wedin, "Perturbation theory for pseudo-inverses" (BIT 13, 1973), DOI 10.1007/BF01933494.
//! Accuracy: x is that of A + ΔA with ‖ΔA‖ ≤ c m n ε ‖A‖ + σᵣ; a perturbation changes it by about κ_r² relative to the residual and
//! κ_r relative to x, κ_r = σ₀/σ_{r−1}. Division by σ comes last of the products, so that nothing overflows before x does.
//! Costs: 2mnr flops for the pseudo-inverse, 2(m + n) r a right-hand side, no workspace.
//! Derivatives: of x as long as the rank stays and the singular values are distinct.

use super::qr::check_columns;
use super::qr_pivoted::check_tolerance;
use super::{check_finite, check_representable};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// The number of leading σⱼ > tolerance · σ₀; `s` as left by [`super::svd_in_place`], `tolerance` for example
/// [`super::rank_tolerance`].
///
/// Errors: [`Error::InvalidOption`] unless 0 ≤ tolerance < 1.
///
/// ```
/// use gaussling_core::linalg::{rank_tolerance, svd_rank};
/// assert_eq!(svd_rank(&[3.0, 1.0, 1e-16], rank_tolerance(3, 3))?, 2);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn svd_rank<T: Real>(s: &[T], tolerance: T) -> Result<usize, Error> {
    check_tolerance(tolerance)?;
    let first = s.first().copied().unwrap_or(T::ZERO);
    Ok(s.iter().take_while(|&&s| s > tolerance * first).count())
}

/// κ₂(A) = σ₀ / σ_{k−1}: infinite when the last one is zero or the quotient overflows, 1 when there is none.
///
/// For a zero matrix too it is infinite.
///
/// ```
/// use gaussling_core::linalg::svd_condition;
/// assert_eq!(svd_condition(&[4.0, 0.5]), 8.0);
/// assert_eq!(svd_condition(&[4.0, 0.0]), f64::INFINITY);
/// ```
pub fn svd_condition<T: Real>(s: &[T]) -> T {
    match (s.first(), s.last()) {
        (Some(_), Some(&last)) if last == T::ZERO => T::ONE / T::ZERO,
        (Some(&first), Some(&last)) => first / last,
        _ => T::ONE,
    }
}

/// `inverse` (n × m) ← A_r⁺ from `u` (m × k), `s` (length k) and `v` (n × k), r = `rank`.
///
/// Errors: [`Error::Length`], [`Error::Shape`], [`Error::InvalidOption`] for a rank above k or columns that are not contiguous,
/// [`Error::Singular`] for a zero among the first `rank` singular values: nothing is written. [`Error::NonFinite`] for `inverse`:
/// an element is not representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// let mut u = Matrix::from_rows([[1.0_f64, 1.0], [1.0, 1.0], [1.0, 1.0]]); // rank 1
/// let (mut s, mut v, mut inverse) = ([0.0; 2], Matrix::<f64, 2, 2>::zeros(), Matrix::<f64, 2, 3>::zeros());
/// svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut())?;
/// let rank = svd_rank(&s, rank_tolerance(3, 2))?;
/// svd_pseudo_inverse(&Portable, u.view(), &s, v.view(), rank, inverse.view_mut())?;
/// assert!(inverse.as_slice().iter().all(|x| (x - 1.0 / 6.0).abs() < 1e-15));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn svd_pseudo_inverse<T: Real>(
    backend: &impl Backend<T>,
    u: MatRef<'_, T>,
    s: &[T],
    v: MatRef<'_, T>,
    rank: usize,
    mut inverse: MatMut<'_, T>,
) -> Result<(), Error> {
    check_factors(u, s, v, rank)?;
    check_shape("inverse", (v.rows(), u.rows()), inverse.shape())?;
    for (i, column) in inverse.cols_mut().enumerate() {
        column.fill(T::ZERO);
        for (j, &s) in s.iter().enumerate().take(rank) {
            backend.axpy(u.get(i, j).unwrap_or(T::ZERO) / s, v.col(j), column); // step 1
        }
    }
    check_representable("inverse", inverse.as_ref())
}

/// `x` (n × p) ← A_r⁺ B, the least-squares solutions of minimum norm for `b` (m × p); the other arguments as those of
/// [`svd_pseudo_inverse`].
///
/// Errors: as [`svd_pseudo_inverse`], and [`Error::NonFinite`] for `b` with nothing written, for `x` when an element of it is
/// not representable. Cost: 2(m + n) r flops a right-hand side.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let mut u = Matrix::from_rows([[1.0_f64, 1.0], [1.0, 1.0], [1.0, 1.0]]); // rank 1
/// let (mut s, mut v) = ([0.0; 2], Matrix::<f64, 2, 2>::zeros());
/// svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut())?;
/// let (b, mut x) = (Matrix::from_rows([[1.0], [2.0], [3.0]]), Matrix::<f64, 2, 1>::zeros());
/// svd_solve(&Portable, u.view(), &s, v.view(), svd_rank(&s, 1e-12)?, b.view(), x.view_mut())?;
/// assert!((x[(0, 0)] - 1.0).abs() < 1e-15 && (x[(1, 0)] - 1.0).abs() < 1e-15); // the shortest with x₀ + x₁ = 2
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn svd_solve<T: Real>(
    backend: &impl Backend<T>,
    u: MatRef<'_, T>,
    s: &[T],
    v: MatRef<'_, T>,
    rank: usize,
    b: MatRef<'_, T>,
    mut x: MatMut<'_, T>,
) -> Result<(), Error> {
    check_factors(u, s, v, rank)?;
    check_shape("b", (u.rows(), b.cols()), b.shape())?;
    check_shape("x", (v.rows(), b.cols()), x.shape())?;
    check_columns(b)?;
    check_finite("b", b)?;
    for (l, x) in x.cols_mut().enumerate() {
        x.fill(T::ZERO);
        for (j, &s) in s.iter().enumerate().take(rank) {
            backend.axpy(backend.dot(u.col(j), b.col(l)) / s, v.col(j), x); // step 2
        }
    }
    check_representable("x", x.as_ref())
}

fn check_factors<T: Real>(u: MatRef<'_, T>, s: &[T], v: MatRef<'_, T>, rank: usize) -> Result<(), Error> {
    check_length("s", u.cols(), s.len())?;
    check_shape("v", (v.rows(), u.cols()), v.shape())?;
    check_columns(u)?;
    check_columns(v)?;
    if rank > s.len() {
        return Err(Error::InvalidOption { what: "rank <= min(m, n)" });
    }
    match s.iter().take(rank).position(|&s| s == T::ZERO) {
        Some(column) => Err(Error::Singular { column }),
        None => Ok(()),
    }
}
