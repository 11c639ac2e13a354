//! Portable triangular solve T X = B.
//!
//! Method: substitution, one right-hand side after the other. Column j of T, once xⱼ is known, is subtracted from all later
//! elements (axpy form) where the columns of the view are contiguous; where its *rows* are, as in a transpose, xᵢ is one dot
//! product (dot form). Any other strides work too, slower.
//!
//! Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002), chapter 8,
//! DOI 10.1137/1.9780898718027. Accuracy (theorem 8.5): backward stable row by row, (T + ΔT) x = b with
//! |ΔT| ≤ n ε |T|, whatever the condition; the forward error is often much smaller than the condition number suggests
//! (section 8.2). Cost: n² flops a right-hand side, no workspace.

use super::Backend;
use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Which triangle of a square matrix holds the numbers; the other one is not read. For
/// [`Backend::solve_triangular`], which has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// The diagonal and what is below it.
    Lower,
    /// The diagonal and what is above it.
    Upper,
}

/// A square matrix without a zero on its diagonal, and right-hand sides of the same height.
pub(super) fn check_system<T: Real>(t: MatRef<'_, T>, b: &MatMut<'_, T>) -> Result<(), Error> {
    check_shape("t", (t.rows(), t.rows()), t.shape())?;
    check_shape("b", (t.rows(), b.cols()), b.shape())?;
    match (0..t.rows()).find(|&i| t.get(i, i).is_none_or(|d| d == T::ZERO)) {
        Some(column) => Err(Error::Singular { column }),
        None => Ok(()),
    }
}

/// x ← L⁻¹ x, from the first element to the last.
pub(super) fn forward<T: Real>(backend: &(impl Backend<T> + ?Sized), l: MatRef<'_, T>, x: &mut [T]) {
    for i in 0..x.len() {
        let Some((done, [xi, rest @ ..])) = x.split_at_mut_checked(i) else { return };
        let diagonal = l.get(i, i).unwrap_or(T::ONE);
        if l.has_contiguous_cols() {
            *xi /= diagonal;
            backend.axpy(-*xi, l.col(i).get(i + 1..).unwrap_or_default(), rest);
        } else {
            *xi = (*xi - row_dot(backend, l, i, 0, done)) / diagonal;
        }
    }
}

/// x ← R⁻¹ x, from the last element to the first.
pub(super) fn backward<T: Real>(backend: &(impl Backend<T> + ?Sized), r: MatRef<'_, T>, x: &mut [T]) {
    for i in (0..x.len()).rev() {
        let Some((rest, [xi, done @ ..])) = x.split_at_mut_checked(i) else { return };
        let diagonal = r.get(i, i).unwrap_or(T::ONE);
        if r.has_contiguous_cols() {
            *xi /= diagonal;
            backend.axpy(-*xi, r.col(i), rest); // axpy stops at the shorter one: the rows above the diagonal
        } else {
            *xi = (*xi - row_dot(backend, r, i, i + 1, done)) / diagonal;
        }
    }
}

/// Σⱼ aᵢ,first+j xⱼ
fn row_dot<T: Real>(backend: &(impl Backend<T> + ?Sized), a: MatRef<'_, T>, i: usize, first: usize, x: &[T]) -> T {
    if a.has_contiguous_rows() {
        return backend.dot(a.row(i).get(first..).unwrap_or_default(), x);
    }
    let mut sum = T::ZERO;
    for (a, &x) in a.row_iter(i).skip(first).zip(x) {
        sum += a * x;
    }
    sum
}
