//! QR factorization A = Q R by Householder reflections, and least squares with it.
//!
//! A is m × n, k = min(m, n). Q = H₁ H₂ … H_k with Hⱼ = I − τⱼ vⱼ vⱼᵀ, vⱼ zero above row j and 1 in it. R overwrites the upper
//! triangle of A (for a wide A the trapezoid: R is k × n, Q has m columns), the rest of each vⱼ the part below the diagonal, τ a slice of length k: the layout of LAPACK's `geqrf`.
//!
//! Reflection of a column x with first element α, length at least two and norm ρ = ‖x‖ > 0, with s = −1 for α < 0, else +1:
//!
//! 1. β = −s ρ, the element of R: opposite in sign to α, so that step 2 adds numbers of one sign
//! 2. v = x / (α + s ρ), its first element replaced by 1
//! 3. τ = 1 + s α / ρ, between 1 and 2
//!
//! Unlike LAPACK, a column that is already zero below the diagonal is reflected too (τ = 2, R = −α): H = I is the right value
//! there, but its derivative, zero, is wrong, and dual numbers come through here. Only columns of length one and columns
//! that are zero altogether, where R has no derivative, get τ = 0. Column norms are computed without overflow, and a column
//! near either end of the range is scaled by a power of two first, so Q is orthogonal at any scale; R is right whenever it is
//! representable and |aᵢⱼ| ≤ MAX / m; an R that is not representable is an error.
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), sections 5.1 to 5.3; N. J. Higham,
//! "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002), chapter 19, DOI 10.1137/1.9780898718027.
//! Accuracy (theorem 19.4): backward stable column by column, A + ΔA = Q R with ‖Δaⱼ‖ ≤ c m k ε ‖aⱼ‖, and a computed Q that
//! is orthogonal to c m k ε. No pivoting: rank deficiency shows as small diagonal elements of R, but need not.
//! Cost: 2k²(max(m, n) − k/3) flops, as dot products and axpys on columns; from 32 reflections on 16 or more columns as matrix
//! products where the backend prefers these (`qr_blocked.rs`), which asks for column norms up to MAX / 64.

use super::qr_blocked::{self, is_blocked};
use super::{check_finite, check_representable, check_representable_upper, solve_upper_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Overwrites `a` (m × n, any shape) by R and the Householder vectors; `tau` has length min(m, n).
///
/// Errors: [`Error::Length`] for `tau`, [`Error::NonFinite`] for `a`: nothing is written. [`Error::NonFinite`] for `r`: an
/// element of R is not representable; the outputs then hold nothing of use.
///
/// ```
/// use gaussling_core::{Portable, linalg::{form_q, qr_in_place}, matrix::Matrix};
/// let a = Matrix::from_rows([[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]]);
/// let (mut qr, mut tau, mut q) = (a, [0.0; 2], Matrix::<f64, 3, 2>::zeros());
/// qr_in_place(&Portable, qr.view_mut(), &mut tau)?;
/// form_q(&Portable, qr.view(), &tau, q.view_mut())?;
/// let r = Matrix::<f64, 2, 2>::from_fn(|i, j| if i <= j { qr[(i, j)] } else { 0.0 });
/// let difference = q * r - a;
/// assert!(difference.as_slice().iter().all(|d| d.abs() < 1e-15));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn qr_in_place<T: Real>(backend: &impl Backend<T>, mut a: MatMut<'_, T>, tau: &mut [T]) -> Result<(), Error> {
    check_length("tau", a.rows().min(a.cols()), tau.len())?;
    check_finite("a", a.as_ref())?;
    if is_blocked(backend, tau.len(), a.cols()) {
        qr_blocked::factor(backend, a.reborrow(), tau)?;
    } else {
        factor_columns(backend, a.reborrow(), tau);
    }
    check_representable_upper("r", a.as_ref())
}

/// [`qr_in_place`] column by column.
pub(super) fn factor_columns<T: Real>(backend: &impl Backend<T>, mut a: MatMut<'_, T>, tau: &mut [T]) {
    for (j, tau) in tau.iter_mut().enumerate() {
        let (mut left, mut trailing) = a.reborrow().split_at_col(j + 1);
        let column = left.col_mut(j).get_mut(j..).unwrap_or_default();
        *tau = reflector(backend, column);
        for c in trailing.cols_mut() {
            reflect(backend, *tau, column, c.get_mut(j..).unwrap_or_default());
        }
    }
}

/// B ← Qᵀ B, Q as left in `qr` (m × n) and `tau` by [`qr_in_place`], B m × p.
///
/// Errors: [`Error::Length`] for `tau`, [`Error::Shape`] for `b`; B is untouched then. Cost: 4mkp flops at most.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let (mut qr, mut tau) = (Matrix::from_rows([[3.0_f64], [4.0]]), [0.0]);
/// let mut b = qr;
/// qr_in_place(&Portable, qr.view_mut(), &mut tau)?;
/// apply_qt_in_place(&Portable, qr.view(), &tau, b.view_mut())?; // QᵀA = R
/// assert!((b[(0, 0)] - qr[(0, 0)]).abs() < 1e-14 && b[(1, 0)].abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn apply_qt_in_place<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    apply(backend, qr, tau, true, b)
}

/// B ← Q B, Q as left in `qr` (m × n) and `tau` by [`qr_in_place`], B m × p. Errors and cost as [`apply_qt_in_place`].
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let (mut qr, mut tau) = (Matrix::from_rows([[3.0_f64], [4.0]]), [0.0]);
/// qr_in_place(&Portable, qr.view_mut(), &mut tau)?;
/// let mut b = Matrix::from_rows([[qr[(0, 0)]], [0.0]]);
/// apply_q_in_place(&Portable, qr.view(), &tau, b.view_mut())?; // Q R = A
/// assert!((b[(0, 0)] - 3.0).abs() < 1e-14 && (b[(1, 0)] - 4.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn apply_q_in_place<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    b: MatMut<'_, T>,
) -> Result<(), Error> {
    apply(backend, qr, tau, false, b)
}

/// Writes the first p columns of Q into `q` (m × p, p ≤ m), Q as left in `qr` (m × n) and `tau` by [`qr_in_place`].
///
/// p = min(m, n) gives the thin factor, p = m the whole one. Errors: [`Error::Length`] for `tau`, [`Error::Shape`] for `q`,
/// which is untouched then. Cost: 4mkp − 2(m + p)k² + 4k³/3 flops.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::*};
/// let (mut qr, mut tau) = (Matrix::from_rows([[3.0_f64], [4.0]]), [0.0]);
/// qr_in_place(&Portable, qr.view_mut(), &mut tau)?;
/// let mut q = Matrix::<f64, 2, 2>::zeros(); // all of Q; a 2 × 1 matrix would get the thin factor
/// form_q(&Portable, qr.view(), &tau, q.view_mut())?;
/// assert!((q.transpose() * q - Matrix::identity()).norm() < 1e-15);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn form_q<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    mut q: MatMut<'_, T>,
) -> Result<(), Error> {
    check_factors(qr, tau)?;
    let columns = q.cols();
    check_shape("q", (qr.rows(), columns.min(qr.rows())), q.shape())?;
    for (j, column) in q.cols_mut().enumerate() {
        column.fill(T::ZERO);
        column.iter_mut().skip(j).take(1).for_each(|x| *x = T::ONE);
    }
    if is_blocked(backend, tau.len(), columns) {
        return qr_blocked::apply(backend, qr, tau, false, true, q);
    }
    // From the last reflection to the first: Hⱼ then leaves the columns before j alone, they are zero from row j on.
    for (j, &tau) in tau.iter().enumerate().rev() {
        let v = qr_vector(qr, j);
        let (_, mut changed) = q.reborrow().split_at_col(j);
        for c in changed.cols_mut() {
            reflect(backend, tau, v, c.get_mut(j..).unwrap_or_default());
        }
    }
    Ok(())
}

/// Solves min ‖A X − B‖₂ column by column for A m × n of full rank n ≤ m; B m × p, X in its first n rows.
///
/// The norm of the remaining rows of a column of B is the norm of its residual. `a` and `tau` hold the factorization.
///
/// Errors: [`Error::Shape`], [`Error::Length`] for `tau`, [`Error::NonFinite`]: nothing is written. [`Error::Singular`]:
/// a diagonal element of R is exactly zero; `a` then holds the factorization and `b` holds Qᵀ B. [`Error::NonFinite`] for `r`
/// or `x`: an element of it is not representable.
/// Backward stable (Higham, theorem 20.3). Cost: 2n²(m − n/3) + (4mn − n²) p flops.
///
/// ```
/// use gaussling_core::{Portable, linalg::least_squares_in_place, matrix::Matrix};
/// // The line c + d t through (0, 1), (1, 3), (2, 5).
/// let mut a = Matrix::from_rows([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
/// let mut b = Matrix::from_rows([[1.0_f64], [3.0], [5.0]]);
/// least_squares_in_place(&Portable, a.view_mut(), &mut [0.0; 2], b.view_mut())?;
/// assert!((b[(0, 0)] - 1.0).abs() < 1e-14 && (b[(1, 0)] - 2.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn least_squares_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    tau: &mut [T],
    mut b: MatMut<'_, T>,
) -> Result<(), Error> {
    let (m, n) = a.shape();
    check_shape("a", (m.max(n), n), a.shape())?;
    check_shape("b", (m, b.cols()), b.shape())?;
    check_finite("b", b.as_ref())?;
    qr_in_place(backend, a.reborrow(), tau)?;
    apply_qt_in_place(backend, a.as_ref(), tau, b.reborrow())?;
    let columns = b.cols();
    solve_upper_in_place(backend, a.as_ref().block(0, 0, n, n)?, b.reborrow().block(0, 0, n, columns)?)?;
    check_representable("x", b.as_ref().block(0, 0, n, columns)?)
}

pub(super) fn check_factors<T: Real>(qr: MatRef<'_, T>, tau: &[T]) -> Result<(), Error> {
    check_length("tau", qr.rows().min(qr.cols()), tau.len())?;
    check_columns(qr)
}

/// A factorization lives in a `MatMut`, so a view of it has contiguous columns.
pub(super) fn check_columns<T: Real>(a: MatRef<'_, T>) -> Result<(), Error> {
    if a.has_contiguous_cols() { Ok(()) } else { Err(Error::InvalidOption { what: "columns are contiguous" }) }
}

/// Column j of the factorization from the diagonal on: an element of R, then v without its leading 1.
fn qr_vector<T: Real>(qr: MatRef<'_, T>, j: usize) -> &[T] {
    qr.col(j).get(j..).unwrap_or_default()
}

/// The reflections on all columns of B, for Qᵀ (`transposed`) from the first to the last, for Q from the last to the first.
fn apply<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    transposed: bool,
    mut b: MatMut<'_, T>,
) -> Result<(), Error> {
    check_factors(qr, tau)?;
    check_shape("b", (qr.rows(), b.cols()), b.shape())?;
    if is_blocked(backend, tau.len(), b.cols()) {
        return qr_blocked::apply(backend, qr, tau, transposed, false, b);
    }
    let mut one = |j, tau| {
        let v = qr_vector(qr, j);
        for c in b.cols_mut() {
            reflect(backend, tau, v, c.get_mut(j..).unwrap_or_default());
        }
    };
    let reflections = tau.iter().copied().enumerate();
    if transposed {
        reflections.for_each(|(j, tau)| one(j, tau));
    } else {
        reflections.rev().for_each(|(j, tau)| one(j, tau));
    }
    Ok(())
}

/// Overwrites x by (β, v₂, v₃, …) and returns τ: steps 1 to 3 above.
pub(super) fn reflector<T: Real>(backend: &impl Backend<T>, x: &mut [T]) -> T {
    if x.len() <= 1 {
        return T::ZERO;
    }
    let mut norm = backend.norm(x);
    if norm == T::ZERO {
        return T::ZERO;
    }
    // Subnormal numbers lack the digits to make v and τ fit each other, and α + s ρ could overflow; 1/MIN_POSITIVE and
    // EPSILON are powers of two, so both scalings are exact.
    let scale = if norm < T::MIN_POSITIVE / T::EPSILON {
        T::ONE / T::MIN_POSITIVE
    } else if norm > T::MAX * T::EPSILON {
        T::EPSILON
    } else {
        T::ONE
    };
    if scale != T::ONE {
        backend.scale(scale, x);
        norm = backend.norm(x);
    }
    let [first, below @ ..] = x else { return T::ZERO };
    let alpha = *first;
    let beta = if alpha < T::ZERO { norm } else { -norm }; // step 1
    let divisor = alpha - beta;
    for v in below {
        *v /= divisor; // step 2; a reciprocal could overflow
    }
    *first = beta / scale;
    T::ONE - alpha / beta // step 3
}

/// c ← (I − τ v vᵀ) c; the first element of `v` is read as 1.
pub(super) fn reflect<T: Real>(backend: &impl Backend<T>, tau: T, v: &[T], c: &mut [T]) {
    if let ([_, v @ ..], [first, below @ ..]) = (v, c) {
        let product = tau * (*first + backend.dot(v, below));
        *first -= product;
        backend.axpy(-product, v, below);
    }
}
