//! Triangular systems L X = B and R X = B, and their transposes.
//!
//! Method: substitution. Column j of L, once xⱼ is known, is subtracted from all later elements (axpy form) where the
//! columns of the view are contiguous; where its *rows* are, as in a transpose, xᵢ is one dot product (dot form). Any other
//! strides work too, slower.
//!
//! Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002), chapter 8,
//! DOI 10.1137/1.9780898718027. Accuracy (theorem 8.5): backward stable row by row, (L + ΔL) x = b with
//! |ΔL| ≤ n ε |L|, whatever the condition; the forward error is often much smaller than the condition number suggests
//! (section 8.2). Cost: n² flops a right-hand side, no workspace.
//!
//! Only the named triangle is read. A zero on the diagonal is [`Error::Singular`], found before B is touched. NaN and
//! infinities pass through. Nothing is scaled: an x that is not representable comes out infinite.

use crate::backend::{Backend, Portable};
use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// B ← L⁻¹ B for the lower triangle L of `l` (n × n), B n × p.
///
/// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal; B is untouched then.
///
/// ```
/// use gaussling_core::{linalg::solve_lower_in_place, matrix::Matrix};
/// let l = Matrix::from_rows([[2.0, 99.0], [1.0, 4.0]]); // 99 is not read
/// let mut b = Matrix::from_rows([[2.0], [9.0]]);
/// solve_lower_in_place(l.view(), b.view_mut())?;
/// assert_eq!(b, Matrix::from_rows([[1.0], [2.0]]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn solve_lower_in_place<T: Real>(l: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
    check_system("l", l, b.as_ref())?;
    for x in b.cols_mut() {
        forward(l, x);
    }
    Ok(())
}

/// B ← L⁻ᵀ B for the lower triangle L of `l` (n × n), B n × p. Errors as [`solve_lower_in_place`].
pub fn solve_lower_transposed_in_place<T: Real>(l: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
    check_system("l", l, b.as_ref())?;
    for x in b.cols_mut() {
        backward(l.transpose(), x);
    }
    Ok(())
}

/// B ← R⁻¹ B for the upper triangle R of `r` (n × n), B n × p. Errors as [`solve_lower_in_place`].
pub fn solve_upper_in_place<T: Real>(r: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
    check_system("r", r, b.as_ref())?;
    for x in b.cols_mut() {
        backward(r, x);
    }
    Ok(())
}

/// B ← R⁻ᵀ B for the upper triangle R of `r` (n × n), B n × p. Errors as [`solve_lower_in_place`].
pub fn solve_upper_transposed_in_place<T: Real>(r: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
    check_system("r", r, b.as_ref())?;
    for x in b.cols_mut() {
        forward(r.transpose(), x);
    }
    Ok(())
}

/// A square matrix without a zero on its diagonal, and right-hand sides of the same height.
fn check_system<T: Real>(what: &'static str, a: MatRef<'_, T>, b: MatRef<'_, T>) -> Result<(), Error> {
    check_shape(what, (a.rows(), a.rows()), a.shape())?;
    check_shape("b", (a.rows(), b.cols()), b.shape())?;
    match (0..a.rows()).find(|&i| a.get(i, i).is_none_or(|d| d == T::ZERO)) {
        Some(column) => Err(Error::Singular { column }),
        None => Ok(()),
    }
}

/// x ← L⁻¹ x, from the first element to the last.
fn forward<T: Real>(l: MatRef<'_, T>, x: &mut [T]) {
    for i in 0..x.len() {
        let Some((done, [xi, rest @ ..])) = x.split_at_mut_checked(i) else { return };
        let diagonal = l.get(i, i).unwrap_or(T::ONE);
        if l.has_contiguous_cols() {
            *xi /= diagonal;
            Portable.axpy(-*xi, l.col(i).get(i + 1..).unwrap_or_default(), rest);
        } else {
            *xi = (*xi - row_dot(l, i, 0, done)) / diagonal;
        }
    }
}

/// x ← R⁻¹ x, from the last element to the first.
fn backward<T: Real>(r: MatRef<'_, T>, x: &mut [T]) {
    for i in (0..x.len()).rev() {
        let Some((rest, [xi, done @ ..])) = x.split_at_mut_checked(i) else { return };
        let diagonal = r.get(i, i).unwrap_or(T::ONE);
        if r.has_contiguous_cols() {
            *xi /= diagonal;
            Portable.axpy(-*xi, r.col(i), rest); // axpy stops at the shorter one: the rows above the diagonal
        } else {
            *xi = (*xi - row_dot(r, i, i + 1, done)) / diagonal;
        }
    }
}

/// Σⱼ aᵢ,first+j xⱼ
fn row_dot<T: Real>(a: MatRef<'_, T>, i: usize, first: usize, x: &[T]) -> T {
    if a.has_contiguous_rows() {
        return Portable.dot(a.row(i).get(first..).unwrap_or_default(), x);
    }
    let mut sum = T::ZERO;
    for (a, &x) in a.transpose().col_iter(i).skip(first).zip(x) {
        sum += a * x;
    }
    sum
}
