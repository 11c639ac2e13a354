//! Eigenvalues and eigenvectors of a small symmetric matrix, A = X Λ Xᵀ: a definite one by one-sided Jacobi rotations of its Cholesky
//! factor, which finds small eigenvalues to their last digits, any other by tridiagonal form, which is faster.
//!
//! 1. Scale A by a power of two, so that the squares below stay in range, and copy its lower triangle to the upper one.
//! 2. Factor A = G Gᵀ by Cholesky with diagonal pivoting: column by column, pivot row i the one of the largest remaining diagonal element,
//!    g = (a_i − Σ g_k g_k\[i\]) / √pivot. Rows are not exchanged, G is a lower triangle with its rows in another order.
//! 3. Where a pivot is not positive, A is not definite: tridiagonal form and QL steps (`tridiagonal.rs`). They make no derivatives, so
//!    a matrix that carries some goes on with A + σI, σ = max(0, maxᵢ Σⱼ≠ᵢ |aᵢⱼ| − aᵢᵢ) + ‖A‖∞/16; by Gershgorin's theorem its least
//!    eigenvalue is at least ‖A‖∞/16.
//! 4. Rotate the columns of G to be orthogonal, G V = X Σ, as the SVD does (`backend/jacobi.rs`, `jacobi.rs`), until a sweep finds all
//!    pairs with |g_pᵀ g_q| ≤ ε (√n + 2) ‖g_p‖ ‖g_q‖, or for 60 sweeps. V is not needed: X has the columns of unit length.
//! 5. λⱼ = ‖gⱼ‖², or after a shift the Rayleigh quotient xⱼᵀ A xⱼ, which is free of σ. Sort ascending.
//!
//! Source: K. Veselić and V. Hari, "A note on a one-sided Jacobi algorithm" (Numer. Math. 56, 1989), DOI 10.1007/BF01396349, for steps 2 and
//! 4; J. Demmel and K. Veselić, "Jacobi's method is more accurate than QR" (SIAM J. Matrix Anal. Appl. 13, 1992), section 3,
//! DOI 10.1137/0613074, for the accuracy. Step 3 is ours.
//!
//! Accuracy: every eigenvalue to about n ε ‖A‖; for a positive definite A = D B D with unit diagonal of B, to a relative
//! error of about n ε κ(B). Cost: n³ flops for G, then about 4n³ a sweep, 5 to 10 sweeps, if A is definite; else about 8n³. Meant for n
//! up to a few hundred. Derivatives: right for distinct eigenvalues; the vectors of equal ones have none.

use super::jacobi::{
    SpectralStatus, fill_identity, largest, negligible, orthogonalize, power_of_two_below, squares_target, swap_columns,
};
use super::qr_pivoted::first_largest;
use super::tridiagonal::tridiagonal_eigen;
use super::{check_finite_lower, check_representable};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// How [`symmetric_eigen_in_place`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EigenReport {
    /// For a definite matrix Jacobi sweeps, the last one included that found nothing to do; else QL steps, of all eigenvalues together.
    pub iterations: usize,
    /// Converged: |g_pᵀ g_q| ≤ ε (√n + 2) ‖g_p‖ ‖g_q‖ for all columns p < q of the factor in the last sweep, or every element beside
    /// the diagonal of T negligible. The caps are 60 sweeps and 30 n steps.
    pub status: SpectralStatus,
}

/// Eigenvalues of the symmetric `a` (n × n, only the lower triangle is read) into `values`, ascending, and the eigenvectors
/// into the columns of `vectors` (n × n). `a` is destroyed.
///
/// Errors: [`Error::Shape`], [`Error::Length`], [`Error::NonFinite`] for `a`: nothing is written. [`Error::NonFinite`]
/// for `values`: an eigenvalue is not representable.
///
/// ```
/// use gaussling_core::{Portable, linalg::symmetric_eigen_in_place, matrix::Matrix};
/// let mut a = Matrix::from_rows([[2.0_f64, 0.0], [1.0, 2.0]]);
/// let (mut values, mut vectors) = ([0.0; 2], Matrix::<f64, 2, 2>::zeros());
/// symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, vectors.view_mut())?;
/// assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn symmetric_eigen_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    values: &mut [T],
    mut vectors: MatMut<'_, T>,
) -> Result<EigenReport, Error> {
    let n = a.rows();
    check_shape("a", (n, n), a.shape())?;
    check_length("values", n, values.len())?;
    check_shape("vectors", (n, n), vectors.shape())?;
    check_finite_lower("a", a.as_ref())?;

    // Step 1. A matrix of zero values may still carry derivatives, so it is not left out.
    let top = largest((0..n).flat_map(|j| a.as_ref().col(j).get(j..).unwrap_or_default().iter().copied()));
    let power = if top > T::ZERO { power_of_two_below(top) } else { T::ONE };
    let target = squares_target::<T>();
    for j in 0..n {
        for i in j..n {
            let x = element(&a, i, j) / power * target;
            a.set(i, j, x);
            a.set(j, i, x);
        }
    }

    let mut outcome = None;
    if factor(backend, a.as_ref(), T::ZERO, &mut vectors, values)? {
        outcome = Some(orthogonalize(backend, &mut vectors, values, None));
        // Too small beside the largest for its vector to have been found.
        if values.iter().any(|&square| square < negligible()) {
            outcome = None;
        }
    }
    let (iterations, status) = match outcome {
        Some(outcome) => {
            normalize(backend, &mut vectors, values, |_, norm| norm * norm);
            outcome
        }
        None if carries_derivatives(a.as_ref()) => {
            let shift = sufficient_shift(a.as_ref());
            if !factor(backend, a.as_ref(), shift, &mut vectors, values)? {
                fill_identity(&mut vectors); // not reached: a pivot is at least ‖A‖/16 up to rounding
            }
            let outcome = orthogonalize(backend, &mut vectors, values, None);
            normalize(backend, &mut vectors, values, |x, _| rayleigh_quotient(backend, a.as_ref(), x));
            outcome
        }
        None => {
            // The largest element between 1 and 2, so that squares of all that matters are in range.
            a.cols_mut().for_each(|column| backend.scale(T::ONE / target, column));
            let outcome = tridiagonal_eigen(backend, a, values, &mut vectors)?;
            backend.scale(target, values);
            outcome
        }
    };
    values.iter_mut().for_each(|value| *value = *value / target * power);
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
    Ok(EigenReport { iterations, status })
}

/// Step 2 for A + σI: G into `g`; false where a pivot is not positive, or so small that its squares lose digits.
fn factor<T: Real>(
    backend: &impl Backend<T>,
    a: MatRef<'_, T>,
    shift: T,
    g: &mut MatMut<'_, T>,
    diagonal: &mut [T],
) -> Result<bool, Error> {
    let n = a.rows();
    for (i, d) in diagonal.iter_mut().enumerate() {
        *d = a.get(i, i).unwrap_or(T::ZERO) + shift;
        if *d < negligible() {
            return Ok(false);
        }
    }
    for j in 0..n {
        let pivot = first_largest(diagonal, 0);
        let d = diagonal.get(pivot).copied().unwrap_or(T::ZERO);
        if d < negligible() {
            return Ok(false);
        }
        let (left, mut right) = g.reborrow().split_at_col(j);
        let left = left.as_ref();
        let column = right.col_mut(0);
        column.copy_from_slice(a.col(pivot));
        let row = left.block(pivot, 0, 1, j)?.transpose();
        backend.gemm(-T::ONE, left, row, T::ONE, MatMut::column_vector(column))?;
        let root = d.sqrt();
        for (g, d) in column.iter_mut().zip(diagonal.iter_mut()) {
            if *d == T::ZERO - T::ONE {
                *g = T::ZERO; // had its turn
            } else {
                *g /= root;
                *d -= *g * *g;
                // What rounding leaves of a remaining element must not look like one that had its turn.
                *d = d.max(T::ZERO);
            }
        }
        if let (Some(g), Some(d)) = (column.get_mut(pivot), diagonal.get_mut(pivot)) {
            (*g, *d) = (root, T::ZERO - T::ONE);
        }
    }
    Ok(true)
}

/// Columns of unit length, and the eigenvalue of each from it and the length it had.
fn normalize<T: Real>(
    backend: &impl Backend<T>,
    vectors: &mut MatMut<'_, T>,
    values: &mut [T],
    eigenvalue: impl Fn(&[T], T) -> T,
) {
    for (x, value) in vectors.cols_mut().zip(values) {
        let norm = backend.norm(x);
        x.iter_mut().for_each(|x| *x /= norm);
        *value = eigenvalue(x, norm);
    }
}

/// Whether any derivative of an element is not zero.
fn carries_derivatives<T: Real>(a: MatRef<'_, T>) -> bool {
    a.iter().any(|x| !(x - T::from_f64(x.value())).is_zero())
}

/// Of step 3, without derivatives: any σ large enough will do.
fn sufficient_shift<T: Real>(a: MatRef<'_, T>) -> T {
    let (mut below, mut norm) = (T::ZERO, T::ZERO);
    for i in 0..a.cols() {
        let sum = a.col(i).iter().fold(T::ZERO, |sum, x| sum + x.abs());
        let d = a.get(i, i).unwrap_or(T::ZERO);
        below = below.max(sum - d.abs() - d);
        norm = norm.max(sum);
    }
    let shift = below + norm * T::from_f64(1.0 / 16.0);
    if shift > T::ZERO { T::from_f64(shift.value()) } else { squares_target() }
}

/// xᵀ A x of the symmetric A by its lower triangle.
fn rayleigh_quotient<T: Real>(backend: &impl Backend<T>, a: MatRef<'_, T>, x: &[T]) -> T {
    let mut sum = T::ZERO;
    for (i, &xi) in x.iter().enumerate() {
        let (column, below) = (a.col(i).get(i + 1..).unwrap_or_default(), x.get(i + 1..).unwrap_or_default());
        let product = backend.dot(column, below);
        sum += xi * (a.get(i, i).unwrap_or(T::ZERO) * xi + product + product);
    }
    sum
}

fn element<T: Real>(a: &MatMut<'_, T>, i: usize, j: usize) -> T {
    a.get(i, j).unwrap_or(T::ZERO)
}
