//! Covariance of the parameters of a least-squares fit, their standard errors and correlations.
//!
//! For residuals r with independent errors of variance σ² and a Jacobian J (m × n) at the minimum of ½‖r‖², linear
//! theory gives
//!
//! ```text
//! cov = s² (JᵀJ)⁻¹,      s² = ‖r‖²/(m − rank J), or σ² where it is known
//! ```
//! 1. The columns of J are scaled to length 1, J = J̃ D, and factored, J̃ P = Q R, by QR with column pivoting. The rank
//!    is the number of diagonal elements of R above max(m, n) ε, which does not depend on the units of the parameters.
//! 2. cov = s² D⁻¹ P R⁻¹R⁻ᵀ Pᵀ D⁻¹; JᵀJ is never formed.
//!
//! Rank-deficient J: R = \[R₁₁ R₁₂; 0 0\] to rounding. The null space of J̃ P is spanned by the columns of \[−R₁₁⁻¹R₁₂;
//! I\], and a parameter is determined by the data if and only if its row of that matrix is zero; here: not longer than
//! √ε. The covariances of the determined ones are those of R₁₁ alone, the same for every generalized inverse. The
//! variance of any other is infinite, and its covariances are NaN.
//!
//! Source: G. A. F. Seber and C. J. Wild, "Nonlinear Regression" (Wiley 1989), sections 2.1.2 and 5.1, DOI
//! 10.1002/0471725315; C. R. Rao, "Linear Statistical Inference and Its Applications" (2nd ed., Wiley 1973), section
//! 4a.2 (what is estimable). Accuracy: relative errors of about κ(J̃) ε. Cost: 2n²(m − n/3) + 4n³/3 flops.

use super::check_finite;
use super::{qr_pivoted_in_place, qr_pivoted_rank, qr_pivoted_work_len, rank_tolerance, solve_upper_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// What [`least_squares_covariance`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CovarianceReport<T> {
    /// s²
    pub variance: T,
    /// Numerical rank of J; below n some variances are infinite.
    pub rank: usize,
    /// m − rank
    pub degrees_of_freedom: usize,
}

/// Elements of workspace for [`least_squares_covariance`] with a Jacobian of `rows` × `cols`.
///
/// ```
/// assert_eq!(gaussling_core::linalg::least_squares_covariance_work_len(10, 3), 3 + 3 + 6 + 9);
/// ```
pub const fn least_squares_covariance_work_len(rows: usize, cols: usize) -> usize {
    let k = if rows < cols { rows } else { cols };
    let vectors = cols.saturating_add(k).saturating_add(qr_pivoted_work_len(cols));
    vectors.saturating_add(cols.saturating_mul(cols))
}

/// Writes s² (JᵀJ)⁻¹ to `covariance` (n × n). `jacobian` (m × n) is destroyed; `residual` has length m, `permutation` n.
///
/// `variance` is σ² of the residuals; `None` estimates it as ‖r‖²/(m − rank), for which there must be more residuals
/// than the rank. A parameter that the data do not determine has an infinite variance, and NaN beside it.
///
/// Errors: [`Error::Length`], [`Error::Shape`], [`Error::Workspace`] (see [`least_squares_covariance_work_len`]),
/// [`Error::NonFinite`] for `jacobian` or `residual`, [`Error::InvalidOption`] for a negative or infinite variance, or
/// none with m ≤ rank: the covariance is untouched. [`Error::NonFinite`] for `covariance`: an element is not
/// representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// // The line c + d t through (0, 1), (1, 3), (2, 4): c = 7/6, d = 3/2, residuals 1/6, −1/3, 1/6.
/// let mut j = Matrix::from_rows([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
/// let r = [1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0];
/// let (mut covariance, mut errors) = (Matrix::<f64, 2, 2>::zeros(), [0.0; 2]);
/// let mut work = [0.0; least_squares_covariance_work_len(3, 2)];
/// let fit =
///     least_squares_covariance(&Portable, j.view_mut(), &r, None, covariance.view_mut(), &mut [0; 2], &mut work)?;
/// assert!((fit.variance - 1.0 / 6.0).abs() < 1e-15);
/// standard_errors(covariance.view(), &mut errors)?;
/// assert!((errors[1] - (1.0_f64 / 12.0).sqrt()).abs() < 1e-15); // s²/Σ(t − t̄)²
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn least_squares_covariance<T: Real>(
    backend: &impl Backend<T>,
    mut jacobian: MatMut<'_, T>,
    residual: &[T],
    variance: Option<T>,
    mut covariance: MatMut<'_, T>,
    permutation: &mut [usize],
    work: &mut [T],
) -> Result<CovarianceReport<T>, Error> {
    let (m, n) = jacobian.shape();
    check_length("residual", m, residual.len())?;
    check_shape("covariance", (n, n), covariance.shape())?;
    check_length("permutation", n, permutation.len())?;
    check_workspace("work", least_squares_covariance_work_len(m, n), work.len())?;
    if variance.is_some_and(|s2| !(s2 >= T::ZERO && s2 <= T::MAX)) {
        return Err(Error::InvalidOption { what: "0 <= variance < infinity" });
    }
    check_finite("jacobian", jacobian.as_ref())?;
    check_finite("residual", MatRef::column_vector(residual))?;
    let (scale, work) = work.split_at_mut(n);
    let (tau, work) = work.split_at_mut(m.min(n));
    let (work, inverse) = work.split_at_mut(qr_pivoted_work_len(n));

    // Step 1
    for (column, scale) in jacobian.cols_mut().zip(&mut *scale) {
        let length = backend.norm(column);
        *scale = if length > T::ZERO { length } else { T::ONE };
        column.iter_mut().for_each(|j| *j /= *scale);
    }
    qr_pivoted_in_place(backend, jacobian.reborrow(), tau, permutation, work)?;
    // Relative to r₀₀, which is 1 unless all columns are zero.
    let rank = qr_pivoted_rank(jacobian.as_ref(), rank_tolerance::<T>(m, n).min(T::from_f64(0.5)))?;
    let degrees_of_freedom = m - rank;
    let deviation = match variance {
        Some(variance) => variance.sqrt(),
        None if degrees_of_freedom > 0 => backend.norm(residual) / T::from_usize(degrees_of_freedom).sqrt(),
        None => return Err(Error::InvalidOption { what: "more residuals than the rank, or a known variance" }),
    };

    // Step 2: s R₁₁⁻¹ in the first columns of the n × n room, R₁₁⁻¹R₁₂ behind them.
    let inverse = inverse.get_mut(..n * n).unwrap_or_default();
    let mut room = MatMut::new(inverse, n, n)?;
    for (j, column) in room.cols_mut().enumerate() {
        column.fill(T::ZERO);
        if j < rank {
            column.iter_mut().skip(j).take(1).for_each(|x| *x = T::ONE);
        } else {
            column.iter_mut().zip(jacobian.col(j)).take(rank).for_each(|(x, &r)| *x = r);
        }
    }
    let r11 = jacobian.as_ref().block(0, 0, rank, rank)?;
    solve_upper_in_place(backend, r11, room.reborrow().block(0, 0, rank, n)?)?;
    let room = room.as_ref();
    let undetermined = |i: usize| {
        let row = (rank..n).map(|j| room.get(i, j).unwrap_or(T::ZERO));
        i >= rank || row.fold(T::ZERO, |length, x| length.hypot(x)) > T::EPSILON.sqrt()
    };
    let (infinite, unknown) = (T::ONE / T::ZERO, T::from_f64(f64::NAN));
    for (j, &q) in permutation.iter().enumerate() {
        for (i, &p) in permutation.iter().enumerate().take(j + 1) {
            let element = if undetermined(i) || undetermined(j) {
                if i == j { infinite } else { unknown }
            } else {
                let scale_of = |p: usize| deviation / scale.get(p).copied().unwrap_or(T::ONE);
                // Rows i and j of R₁₁⁻¹ meet from column j on.
                let row = |i: usize, l: usize| room.get(i, l).unwrap_or(T::ZERO);
                let sum = (j..rank).fold(T::ZERO, |sum, l| sum + row(i, l) * row(j, l));
                let sum = scale_of(p) * sum * scale_of(q);
                if !sum.is_finite() {
                    return Err(Error::NonFinite { what: "covariance" });
                }
                sum
            };
            covariance.set(p, q, element);
            covariance.set(q, p, element);
        }
    }
    Ok(CovarianceReport { variance: deviation * deviation, rank, degrees_of_freedom })
}

/// Writes the square roots of the diagonal of `covariance` (n × n) to `errors`; infinite where a parameter is not
/// determined.
///
/// Errors: [`Error::Shape`], [`Error::Length`]. [`least_squares_covariance`] has an example.
pub fn standard_errors<T: Real>(covariance: MatRef<'_, T>, errors: &mut [T]) -> Result<(), Error> {
    let n = covariance.rows();
    check_shape("covariance", (n, n), covariance.shape())?;
    check_length("errors", n, errors.len())?;
    for (j, error) in errors.iter_mut().enumerate() {
        *error = covariance.get(j, j).unwrap_or(T::ZERO).sqrt();
    }
    Ok(())
}

/// `covariance` ← the correlations cᵢⱼ/√(cᵢᵢ cⱼⱼ), with ones on the diagonal; NaN beside a variance that is zero or
/// infinite.
///
/// Errors: [`Error::Shape`].
///
/// ```
/// use gaussling_core::{Matrix, linalg::correlation_in_place};
/// let mut c = Matrix::from_rows([[4.0, -3.0], [-3.0, 9.0]]);
/// correlation_in_place(c.view_mut())?;
/// assert_eq!(c, Matrix::from_rows([[1.0, -0.5], [-0.5, 1.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn correlation_in_place<T: Real>(mut covariance: MatMut<'_, T>) -> Result<(), Error> {
    let n = covariance.rows();
    check_shape("covariance", (n, n), covariance.shape())?;
    // The diagonal is needed until the end.
    for j in 0..n {
        for i in (0..n).filter(|&i| i != j) {
            if let (Some(c), Some(a), Some(b)) = (covariance.get(i, j), covariance.get(i, i), covariance.get(j, j)) {
                covariance.set(i, j, c / a.sqrt() / b.sqrt());
            }
        }
    }
    covariance.diagonal_mut().for_each(|d| *d = T::ONE);
    Ok(())
}
