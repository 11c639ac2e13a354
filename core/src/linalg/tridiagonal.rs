//! Eigenvalues and eigenvectors of a symmetric matrix by its tridiagonal form, A = Q T Qᵀ, and implicit QL steps on T.
//!
//! 1. For j = 0, …, n − 3 a reflection H = I − τ v vᵀ zeroes column j below the subdiagonal. The block B behind it becomes
//!    H B H = B − v wᵀ − w vᵀ with p = τ B v, w = p − (τ/2)(pᵀv) v.
//! 2. Q = H₀ H₁ …, from the last reflection to the first, so that each changes a trailing block only.
//! 3. For each l, until |eₗ| ≤ ε (|dₗ| + |dₗ₊₁|) or |eₗ| ≤ ε² (the largest |aᵢⱼ| is between 1 and 2; without this limit the rotations of a
//!    block of much smaller numbers underflow, and large ones before it wait for ever): a QL step with Wilkinson's shift on the block from
//!    l to the first m whose eₘ is small in that sense, as plane rotations of neighbours from m up to l; the columns of Q take part.
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), sections 8.3.1 for 1 and 2; A. Dubrulle, R. S. Martin and
//! J. H. Wilkinson, "The implicit QL algorithm" (Numer. Math. 12, 1968), DOI 10.1007/BF02165404, for 3.
//!
//! Accuracy: backward stable, every eigenvalue to about n ε ‖A‖. Cost: 2n³ flops for 1, 4n³/3 for 2, about 5n³ for 3. No derivatives: a
//! step that plain numbers do not need is not made, though a derivative may need it.

use super::jacobi::SpectralStatus;
use super::qr::reflector;
use super::rotation::{givens, rotate};
use crate::backend::Backend;
use crate::error::Error;
use crate::matrix::MatMut;
use crate::scalar::Real;

/// More steps than any eigenvalue needs, in the mean over those of a matrix; 1 to 2 are usual.
const MAX_STEPS: usize = 30;

/// Overwrites `values` by the eigenvalues of `a` (n × n, the largest |aᵢⱼ| between 1 and 2, both triangles are read) in no order and the columns of
/// `vectors` by its eigenvectors. Returns the number of QL steps. `a` is destroyed.
pub(super) fn tridiagonal_eigen<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    values: &mut [T],
    vectors: &mut MatMut<'_, T>,
) -> Result<(usize, SpectralStatus), Error> {
    let n = a.cols();
    if n == 0 {
        return Ok((0, SpectralStatus::Converged));
    }
    tridiagonalize(backend, &mut a, values, vectors.col_mut(0))?;
    form_q(backend, &mut a, vectors)?;
    for (value, d) in values.iter_mut().zip(a.diagonal_mut()) {
        core::mem::swap(value, d);
    }
    for j in 1..values.len() {
        let e = a.get(j, j).unwrap_or(T::ZERO);
        a.set(j, 0, e);
    }
    // What is left of A is workspace: the elements beside the diagonal of T, cosines and sines.
    let (mut first, rest) = a.split_at_col(1);
    let (mut second, mut third) = rest.split_at_col(1);
    let (cosines, sines) = match third.cols() {
        0 => second.col_mut(0).split_at_mut(n / 2), // there is one rotation at most
        _ => (second.col_mut(0), third.col_mut(0)),
    };
    Ok(implicit_ql(backend, values, first.col_mut(0), [cosines, sines], vectors))
}

/// Step 1: v of column j into rows j + 1, … of it with its leading 1, τⱼ into row 0 of column j + 1, d onto the diagonal,
/// eⱼ into `off_diagonal`. `w` is workspace of length n.
fn tridiagonalize<T: Real>(
    backend: &impl Backend<T>,
    a: &mut MatMut<'_, T>,
    off_diagonal: &mut [T],
    w: &mut [T],
) -> Result<(), Error> {
    let n = a.cols();
    for (j, e) in off_diagonal.iter_mut().enumerate() {
        let below = n - j - 1;
        let (mut done, mut block) = a.reborrow().block(j + 1, j, below, n - j)?.split_at_col(1);
        let v = done.col_mut(0);
        let tau = reflector(backend, v);
        let Some(first) = v.first_mut() else {
            *e = T::ZERO;
            break;
        };
        *e = core::mem::replace(first, T::ONE);
        if tau != T::ZERO {
            let w = w.get_mut(..below).unwrap_or_default();
            backend.gemv(tau, block.as_ref(), v, T::ZERO, w)?;
            let half = tau.scale(0.5) * backend.dot(w, v);
            backend.axpy(-half, v, w);
            backend.run(|| {
                for ((column, &vj), &wj) in block.cols_mut().zip(&*v).zip(&*w) {
                    for ((x, &vi), &wi) in column.iter_mut().zip(&*v).zip(&*w) {
                        *x -= vi * wj + wi * vj;
                    }
                }
            });
        }
        a.set(0, j + 1, tau);
    }
    Ok(())
}

/// Step 2: Q into `q`. The last column of `a` above the diagonal, which holds nothing, becomes workspace.
fn form_q<T: Real>(backend: &impl Backend<T>, a: &mut MatMut<'_, T>, q: &mut MatMut<'_, T>) -> Result<(), Error> {
    let n = a.cols();
    q.fill(T::ZERO);
    q.diagonal_mut().for_each(|x| *x = T::ONE);
    for j in (0..n.saturating_sub(2)).rev() {
        let tau = a.get(0, j + 1).unwrap_or(T::ZERO);
        if tau == T::ZERO {
            continue;
        }
        let below = n - j - 1;
        let (reflections, mut last) = a.reborrow().split_at_col(n - 1);
        let v = reflections.as_ref().col(j).get(j + 1..).unwrap_or_default();
        let product = last.col_mut(0).get_mut(..below).unwrap_or_default();
        let mut block = q.reborrow().block(j + 1, j + 1, below, below)?;
        backend.gemv(tau, block.as_ref().transpose(), v, T::ZERO, product)?;
        backend.run(|| {
            for (column, &x) in block.cols_mut().zip(&*product) {
                column.iter_mut().zip(v).for_each(|(q, &v)| *q -= v * x);
            }
        });
    }
    Ok(())
}

/// Step 3: `d` is the diagonal, eₗ stands beside dₗ and dₗ₊₁.
fn implicit_ql<T: Real>(
    backend: &impl Backend<T>,
    d: &mut [T],
    e: &mut [T],
    [cosines, sines]: [&mut [T]; 2],
    q: &mut MatMut<'_, T>,
) -> (usize, SpectralStatus) {
    let n = d.len();
    let at = |x: &[T], i: usize| x.get(i).copied().unwrap_or(T::ZERO);
    let negligible = T::EPSILON * T::EPSILON;
    let mut steps = 0;
    for l in 0..n {
        loop {
            let small = |m: usize| at(e, m).abs() <= negligible.max(T::EPSILON * (at(d, m).abs() + at(d, m + 1).abs()));
            let m = (l..n).find(|&m| m + 1 == n || small(m)).unwrap_or(l);
            if m == l {
                break;
            }
            if steps == MAX_STEPS * n {
                return (steps, SpectralStatus::MaxIterations);
            }
            steps += 1;
            // The shift: the eigenvalue of the leading 2 x 2 block that is nearer to its first element.
            let ratio = (at(d, l + 1) - at(d, l)) / at(e, l).scale(2.0);
            let (_, _, length) = givens(ratio, T::ONE);
            let mut g = at(d, m) - at(d, l) + at(e, l) / (ratio + if ratio < T::ZERO { -length } else { length });
            let (mut c, mut s, mut p) = (T::ONE, T::ONE, T::ZERO);
            for i in (l..m).rev() {
                let (f, b) = (s * at(e, i), c * at(e, i));
                let r;
                (c, s, r) = rotation(g, f);
                set(e, i + 1, r);
                g = at(d, i + 1) - p;
                let t = (at(d, i) - g) * s + (c * b).scale(2.0);
                p = s * t;
                set(d, i + 1, g + p);
                g = c * t - b;
                set(cosines, i, c);
                set(sines, i, s);
            }
            let first = at(d, l) - p;
            set(d, l, first);
            set(e, l, g);
            set(e, m, T::ZERO);
            backend.run(|| rotate_columns(l, m, cosines, sines, q));
        }
    }
    (steps, SpectralStatus::Converged)
}

/// [`givens`], faster: the largest elements are near 1, so squares leave the range for tiny numbers only.
#[inline]
fn rotation<T: Real>(a: T, b: T) -> (T, T, T) {
    let square = a * a + b * b;
    if square < T::MIN_POSITIVE / T::EPSILON {
        return givens(a, b);
    }
    let r = square.sqrt();
    let reciprocal = T::ONE / r;
    (a * reciprocal, b * reciprocal, r)
}

/// Columns i + 1 and i of `q`, for i = m − 1, …, l, by the rotation (cᵢ, sᵢ).
#[inline(always)]
fn rotate_columns<T: Real>(l: usize, m: usize, c: &[T], s: &[T], q: &mut MatMut<'_, T>) {
    let rows = q.rows();
    let (elements, leading) = q.reborrow().into_parts();
    let Some(columns) = elements.get_mut(l * leading..) else { return };
    let (Some(c), Some(s)) = (c.get(l..m), s.get(l..m)) else { return };
    let mut row = 0;
    while row + 16 <= rows {
        rotate_rows::<T, 16>(row, leading, c, s, columns);
        row += 16;
    }
    while row + 4 <= rows {
        rotate_rows::<T, 4>(row, leading, c, s, columns);
        row += 4;
    }
    while row < rows {
        rotate_rows::<T, 1>(row, leading, c, s, columns);
        row += 1;
    }
}

/// R rows of all columns, the last one first: what a rotation leaves for the next one stays in registers.
#[inline(always)]
fn rotate_rows<T: Real, const R: usize>(row: usize, leading: usize, c: &[T], s: &[T], columns: &mut [T]) {
    let at = |j: usize| j * leading + row;
    let Some(mut x) = chunk::<T, R>(columns, at(c.len())).copied() else { return };
    for (j, (&c, &s)) in c.iter().zip(s).enumerate().rev() {
        let Some(mut y) = chunk::<T, R>(columns, at(j)).copied() else { return };
        x.iter_mut().zip(&mut y).for_each(|(x, y)| rotate((c, s), x, y));
        if let Some(right) = chunk::<T, R>(columns, at(j + 1)) {
            *right = x;
        }
        x = y;
    }
    if let Some(left) = chunk::<T, R>(columns, at(0)) {
        *left = x;
    }
}

#[inline(always)]
fn chunk<T, const R: usize>(elements: &mut [T], first: usize) -> Option<&mut [T; R]> {
    elements.get_mut(first..)?.first_chunk_mut()
}

#[inline]
fn set<T>(x: &mut [T], i: usize, value: T) {
    if let Some(x) = x.get_mut(i) {
        *x = value;
    }
}
