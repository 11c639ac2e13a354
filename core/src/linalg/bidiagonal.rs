//! Bidiagonal form A = Q B Vᵀ by Householder reflections, and systems with BᵀB + σI for many σ.
//!
//! A is m × n, m ≥ n, Q and V orthogonal, B n × n upper bidiagonal with diagonal d and superdiagonal e. So AᵀA + σI = V(BᵀB + σI)Vᵀ for
//! every σ, and a system with it costs O(n) a right-hand side where a spectral decomposition costs several times as much as B.
//!
//! 1. for j = 0, …, n − 1: a reflection from the left zeroes column j below the diagonal, one from the right row j behind the
//!    superdiagonal. The left ones lie as in [`qr_in_place`](super::qr_in_place), the right ones in the rows.
//! 2. BᵀB + σI = L D Lᵀ, L unit lower bidiagonal: with s₀ = σ
//!
//! ```text
//! Dⱼ = dⱼ² + sⱼ        lⱼ = dⱼ eⱼ/Dⱼ        sⱼ₊₁ = σ + sⱼ eⱼ²/Dⱼ
//! ```
//! for σ > 0 a sum of positive numbers throughout: nothing cancels, D and L have relative errors of a few n ε in every element, and
//! BᵀB is not formed. It is the rotation of √σ I into B, written in squares.
//!
//! Source: G. H. Golub and W. Kahan, "Calculating the singular values and pseudo-inverse of a matrix" (SIAM J. Numer. Anal. 2, 1965),
//! DOI 10.1137/0702016, for 1; L. Eldén, "Algorithms for the regularization of ill-conditioned least squares problems" (BIT 17, 1977),
//! DOI 10.1007/BF01932285, for the rotation; K. V. Fernando and B. N. Parlett, "Accurate singular values and differential qd algorithms"
//! (Numer. Math. 67, 1994), DOI 10.1007/s002110050024, for 2 (the stationary transformation, with a shift that is negative there).
//!
//! Accuracy: 1 is backward stable. Cost: 4n²(m − n/3) flops for B, 4n³/3 for V, 6n for 2, 5n for a right-hand side. Squares of d and e
//! must be representable. Zero sizes give empty results; a zero row or column is left alone.

use super::qr::{reflect, reflector};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace of [`bidiagonalize_in_place`] for an m × n matrix, and of [`form_right_factor`].
pub(crate) const fn bidiagonal_work_len(m: usize, n: usize) -> usize {
    m.saturating_add(n)
}

/// Overwrites `a` (m × n, m ≥ n) by the reflections of step 1, and writes d, e, and the factors τ of both kinds, all of length n;
/// the last element of e, and of the right ones, is zero.
pub(crate) fn bidiagonalize_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    [diagonal, superdiagonal, left, right]: [&mut [T]; 4],
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = a.shape();
    check_shape("a", (m.max(n), n), (m, n))?;
    for vector in [&*diagonal, superdiagonal, left, right] {
        check_length("diagonal, superdiagonal, left or right", n, vector.len())?;
    }
    check_workspace("work", bidiagonal_work_len(m, n), work.len())?;
    let (row, product) = work.split_at_mut(n.min(work.len()));
    let outputs = diagonal.iter_mut().zip(superdiagonal).zip(left.iter_mut().zip(right));
    for (j, ((d, e), (left, right))) in outputs.enumerate() {
        let (mut done, mut trailing) = a.reborrow().block(j, j, m - j, n - j)?.split_at_col(1);
        let column = done.col_mut(0);
        *left = reflector(backend, column);
        *d = column.first().copied().unwrap_or(T::ZERO);
        for c in trailing.cols_mut() {
            reflect(backend, *left, column, c);
        }
        // Row j of the trailing columns, as a vector.
        let row = row.get_mut(..n - j - 1).unwrap_or_default();
        row.iter_mut().zip(trailing.as_ref().row_iter(0)).for_each(|(r, x)| *r = x);
        *right = reflector(backend, row);
        for (c, &x) in trailing.cols_mut().zip(&*row) {
            c.iter_mut().take(1).for_each(|c| *c = x);
        }
        let Some(first) = row.first_mut() else {
            *e = T::ZERO;
            continue;
        };
        *e = core::mem::replace(first, T::ONE);
        let mut below = trailing.block(1, 0, m - j - 1, n - j - 1)?;
        let product = product.get_mut(..m - j - 1).unwrap_or_default();
        backend.gemv(T::ONE, below.as_ref(), row, T::ZERO, product)?;
        backend.ger(-*right, product, row, below.reborrow())?;
    }
    Ok(())
}

/// Writes V into `v` (n × n); `a` and `right` as [`bidiagonalize_in_place`] left them.
pub(crate) fn form_right_factor<T: Real>(
    backend: &impl Backend<T>,
    a: MatRef<'_, T>,
    right: &[T],
    mut v: MatMut<'_, T>,
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = a.shape();
    check_length("right", n, right.len())?;
    check_shape("v", (n, n), v.shape())?;
    check_workspace("work", bidiagonal_work_len(m, n), work.len())?;
    v.fill(T::ZERO);
    v.diagonal_mut().for_each(|x| *x = T::ONE);
    // From the last reflection to the first: each changes rows and columns j + 1, … only.
    for (j, &right) in right.iter().enumerate().rev().skip(1) {
        let row = work.get_mut(..n - j - 1).unwrap_or_default();
        row.iter_mut().zip(a.row_iter(j).skip(j + 1)).for_each(|(r, x)| *r = x);
        for c in v.reborrow().block(j + 1, j + 1, n - j - 1, n - j - 1)?.cols_mut() {
            reflect(backend, right, row, c);
        }
    }
    Ok(())
}

/// BᵀB + σI = L D Lᵀ for σ > 0: step 2. `lower` gets the subdiagonal of L (a last element that means nothing), `inverse` 1/D.
pub(crate) fn factor_shifted<T: Real>([diagonal, superdiagonal]: [&[T]; 2], sigma: T, [lower, inverse]: [&mut [T]; 2]) {
    let mut s = sigma;
    for ((&d, &e), (lower, inverse)) in diagonal.iter().zip(superdiagonal).zip(lower.iter_mut().zip(inverse)) {
        *inverse = T::ONE / (d * d + s);
        *lower = d * e * *inverse;
        s = sigma + s * (e * e * *inverse);
    }
}

/// X ← X (BᵀB + σI)⁻¹ for X `rows` × n, column by column, from what [`factor_shifted`] left: so `rows` numbers go at once.
pub(crate) fn solve_shifted<T: Real>(
    backend: &impl Backend<T>,
    [lower, inverse]: [&[T]; 2],
    rows: usize,
    x: &mut [T],
) -> Result<(), Error> {
    check_length("x", rows.saturating_mul(inverse.len()), x.len())?;
    let lower = lower.get(..inverse.len().saturating_sub(1)).unwrap_or_default();
    backend.run(
        #[inline(always)]
        || {
            for (j, &l) in lower.iter().enumerate() {
                if let Some((from, to)) = columns(x, j, rows) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to -= l * *from);
                }
            }
            for (x, &inverse) in x.chunks_exact_mut(rows.max(1)).zip(inverse) {
                x.iter_mut().for_each(|x| *x *= inverse);
            }
            for (j, &l) in lower.iter().enumerate().rev() {
                if let Some((to, from)) = columns(x, j, rows) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to -= l * *from);
                }
            }
        },
    );
    Ok(())
}

/// Columns j and j + 1.
#[inline(always)]
fn columns<T>(x: &mut [T], j: usize, rows: usize) -> Option<(&mut [T], &mut [T])> {
    x.get_mut(j * rows..(j + 2) * rows)?.split_at_mut_checked(rows)
}
