//! QR factorization with column pivoting, A P = Q R, the rank it reveals, and basic solutions of rank-deficient problems.
//!
//! A is m × n of any shape, k = min(m, n). Q, R and τ are laid out as by `qr_in_place`, so `apply_q_in_place`,
//! `apply_qt_in_place` and `form_q` work on them; column j of A P is column `permutation[j]` of A.
//!
//! 1. νⱼ = ωⱼ = ‖aⱼ‖
//! 2. for j = 0, 1, …, k − 1: exchange column j with the first one of largest ν among j, j + 1, …; reflect it, and reflect
//!    the columns behind it
//! 3. for each column l behind: its part below row j has the square νₗ² − rⱼₗ². With t = max(0, 1 − (|rⱼₗ| / νₗ)²):
//!    νₗ ← νₗ √t when t (νₗ / ωₗ)² > √ε, else νₗ and ωₗ are computed anew. ωₗ is the last norm that was computed, so the
//!    test measures the cancellation since then; LINPACK's test, 1 + 0.05 t (νₗ / ωₗ)² ≠ 1, lets ν lose all digits, and a wrong
//!    pivot then hides the rank.
//!
//! Rank: the number of leading j with |rⱼⱼ| > tolerance · |r₀₀|, see [`rank_tolerance`]. The diagonal satisfies
//! |rⱼⱼ|² ≥ Σᵢ₌ⱼ^l rᵢₗ² for all l ≥ j, so σⱼ ≤ √((n − j)(j + 1)) |rⱼⱼ| nearly: a small diagonal proves a small singular value.
//! The converse fails for rare matrices only (Kahan's): |rⱼⱼ| may exceed σⱼ by a factor of up to 2ʲ. The SVD decides them.
//!
//! Basic solution: with R₁₁ of order `rank`, x = P (R₁₁⁻¹ (Qᵀb)₁, 0), at most `rank` elements of which are not zero; the
//! solution of minimum norm is in `complete_orthogonal.rs`.
//!
//! Source: P. Businger and G. H. Golub, "Linear least squares solutions by Householder transformations" (Numer. Math. 7,
//! 1965), DOI 10.1007/BF01436084; Z. Drmač and Z. Bujanović, "On the failure of rank-revealing QR factorization software"
//! (ACM TOMS 35, 2008), section 3, DOI 10.1145/1377612.1377616 (step 3); Golub and Van Loan (4th ed., 2013), section 5.5.6.
//! Accuracy: backward stable as plain QR (Higham 2002, theorem 19.4, on A P). Cost: as plain QR plus 2mn flops, and 2m flops for
//! each norm computed anew. Derivatives: right as long as the permutation does not change; they are cut off beyond the rank.

use super::qr::{reflect, reflector};
use super::{check_finite, check_representable_upper, solve_upper_in_place};
use super::{check_representable, jacobi::swap_columns, qr::apply_qt_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for [`qr_pivoted_in_place`] on a matrix of `cols` columns.
///
/// ```
/// assert_eq!(gaussling_core::linalg::qr_pivoted_work_len(3), 6);
/// ```
pub const fn qr_pivoted_work_len(cols: usize) -> usize {
    cols.saturating_mul(2)
}

/// Elements of workspace for [`qr_pivoted_solve_in_place`] with a matrix of `cols` columns.
///
/// ```
/// assert_eq!(gaussling_core::linalg::qr_pivoted_solve_work_len(3), 3);
/// ```
pub const fn qr_pivoted_solve_work_len(cols: usize) -> usize {
    cols
}

/// max(m, n) ε: what rounding alone leaves, relative to the largest, of a diagonal element or singular value that is zero.
///
/// Data with errors of relative size δ call for a tolerance of about δ.
///
/// ```
/// assert_eq!(gaussling_core::linalg::rank_tolerance::<f64>(8, 4), 8.0 * f64::EPSILON);
/// ```
pub fn rank_tolerance<T: Real>(rows: usize, cols: usize) -> T {
    T::from_usize(rows.max(cols)) * T::EPSILON
}

/// Overwrites `a` (m × n) by R and the Householder vectors of A P; `tau` has length min(m, n), `permutation` length n.
///
/// Errors: [`Error::Length`], [`Error::Workspace`] (see [`qr_pivoted_work_len`]), [`Error::NonFinite`] for `a`: nothing is
/// written. [`Error::NonFinite`] for `r`: an element of R is not representable; the outputs then hold nothing of use.
///
/// ```
/// use gaussling_core::{Portable, linalg::*, matrix::Matrix};
/// // The third column is the sum of the others; the minimizers of ‖A x − b‖ are a line.
/// let mut a = Matrix::from_rows([[1.0_f64, 0.0, 1.0], [0.0, 2.0, 2.0], [0.0, 0.0, 0.0]]);
/// let mut b = Matrix::from_rows([[3.0], [4.0], [7.0]]);
/// let (mut tau, mut permutation, mut work) = ([0.0; 3], [0; 3], [0.0; qr_pivoted_work_len(3)]);
/// qr_pivoted_in_place(&Portable, a.view_mut(), &mut tau, &mut permutation, &mut work)?;
/// let rank = qr_pivoted_rank(a.view(), rank_tolerance(3, 3))?;
/// assert_eq!(rank, 2);
/// qr_pivoted_solve_in_place(&Portable, a.view(), &tau, &permutation, rank, b.view_mut(), &mut work)?;
/// assert_eq!(b[(0, 0)], 0.0); // one element of a basic solution of rank 2 is zero
/// assert!((b[(1, 0)] + 1.0).abs() < 1e-14 && (b[(2, 0)] - 3.0).abs() < 1e-14);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn qr_pivoted_in_place<T: Real>(
    backend: &impl Backend<T>,
    mut a: MatMut<'_, T>,
    tau: &mut [T],
    permutation: &mut [usize],
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = a.shape();
    check_length("tau", m.min(n), tau.len())?;
    check_length("permutation", n, permutation.len())?;
    check_workspace("work", qr_pivoted_work_len(n), work.len())?;
    check_finite("a", a.as_ref())?;
    let (current, computed) = work.split_at_mut(n);
    for (j, p) in permutation.iter_mut().enumerate() {
        *p = j;
    }
    for (j, (current, computed)) in current.iter_mut().zip(computed.iter_mut()).enumerate() {
        *current = backend.norm(a.col(j)); // step 1
        *computed = *current;
    }
    for (j, tau) in tau.iter_mut().enumerate() {
        let pivot = first_largest(current, j);
        if pivot > j {
            swap_columns(&mut a, j, pivot);
            permutation.swap(j, pivot);
            current.swap(j, pivot);
            computed.swap(j, pivot);
        }
        let (mut left, mut trailing) = a.reborrow().split_at_col(j + 1);
        let column = left.col_mut(j).get_mut(j..).unwrap_or_default();
        *tau = reflector(backend, column);
        let norms = current.iter_mut().zip(computed.iter_mut()).skip(j + 1);
        for (c, (current, computed)) in trailing.cols_mut().zip(norms) {
            let c = c.get_mut(j..).unwrap_or_default();
            reflect(backend, *tau, column, c);
            if let [top, below @ ..] = c {
                downdate_norm(backend, *top, below, current, computed);
            }
        }
    }
    check_representable_upper("r", a.as_ref())
}

/// Step 3.
fn downdate_norm<T: Real>(backend: &impl Backend<T>, top: T, below: &[T], current: &mut T, computed: &mut T) {
    if *current == T::ZERO {
        return;
    }
    let quotient = top.abs() / *current;
    let left = (T::ONE - quotient * quotient).max(T::ZERO);
    let since = *current / *computed;
    if left * (since * since) > T::EPSILON.sqrt() {
        *current *= left.sqrt();
    } else {
        *current = backend.norm(below);
        *computed = *current;
    }
}

/// The index of the first of the largest among x\[first..\].
pub(super) fn first_largest<T: Real>(x: &[T], first: usize) -> usize {
    let mut best = first;
    for (q, &candidate) in x.iter().enumerate().skip(first + 1) {
        if x.get(best).is_some_and(|&largest| candidate > largest) {
            best = q;
        }
    }
    best
}

/// The number of leading diagonal elements with |rⱼⱼ| > tolerance · |r₀₀| in `qr`, as left by [`qr_pivoted_in_place`].
///
/// Errors: [`Error::InvalidOption`] unless 0 ≤ tolerance < 1.
///
/// ```
/// use gaussling_core::{Matrix, linalg::qr_pivoted_rank};
/// let r = Matrix::from_rows([[-4.0, 1.0], [0.0, 1e-9]]);
/// assert_eq!((qr_pivoted_rank(r.view(), 1e-15)?, qr_pivoted_rank(r.view(), 1e-6)?), (2, 1));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn qr_pivoted_rank<T: Real>(qr: MatRef<'_, T>, tolerance: T) -> Result<usize, Error> {
    check_tolerance(tolerance)?;
    let first = qr.get(0, 0).unwrap_or(T::ZERO).abs();
    let diagonal = (0..qr.rows().min(qr.cols())).map_while(|j| qr.get(j, j));
    Ok(diagonal.take_while(|r| r.abs() > tolerance * first).count())
}

/// [`Error::InvalidOption`] unless 0 ≤ tolerance < 1.
pub(super) fn check_tolerance<T: Real>(tolerance: T) -> Result<(), Error> {
    if tolerance >= T::ZERO && tolerance < T::ONE {
        Ok(())
    } else {
        Err(Error::InvalidOption { what: "0 <= tolerance < 1" })
    }
}

/// A basic solution of min ‖A X − B‖₂, column by column: B has max(m, n) rows, its first m are read, X is left in its first n.
///
/// The arguments are those of [`qr_pivoted_in_place`] and the rank from [`qr_pivoted_rank`]. Any shape and rank will do.
///
/// Errors: [`Error::Length`], [`Error::Shape`], [`Error::Workspace`] (see [`qr_pivoted_solve_work_len`]),
/// [`Error::InvalidOption`] for a rank above min(m, n) or an entry of the permutation that is not a column,
/// [`Error::Singular`] for a zero among the first `rank` diagonal elements, [`Error::NonFinite`] for `b`: B is untouched.
/// [`Error::NonFinite`] for `x`: an element of X is not representable. Cost: 4m·rank + rank² flops a right-hand side at most.
/// [`qr_pivoted_in_place`] has an example.
pub fn qr_pivoted_solve_in_place<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    permutation: &[usize],
    rank: usize,
    mut b: MatMut<'_, T>,
    work: &mut [T],
) -> Result<(), Error> {
    let (m, n) = qr.shape();
    check_workspace("work", qr_pivoted_solve_work_len(n), work.len())?;
    check_pivoted(qr, tau, permutation, rank, b.as_ref())?;
    check_finite("b", b.as_ref().block(0, 0, m, b.cols())?)?;
    let p = b.cols();
    // The reflections beyond the rank change rows that are about to be cleared.
    let (first, tau) = (qr.columns(0, rank)?, tau.get(..rank).unwrap_or_default());
    apply_qt_in_place(backend, first, tau, b.reborrow().block(0, 0, m, p)?)?;
    solve_upper_in_place(backend, qr.block(0, 0, rank, rank)?, b.reborrow().block(0, 0, rank, p)?)?;
    for x in b.cols_mut() {
        x.get_mut(rank..).unwrap_or_default().fill(T::ZERO);
    }
    unpermute(permutation, b.reborrow().block(0, 0, n, p)?, work);
    check_representable("x", b.as_ref().block(0, 0, n, p)?)
}

/// The checks that all solutions from a pivoted factorization share.
pub(super) fn check_pivoted<T: Real>(
    qr: MatRef<'_, T>,
    tau: &[T],
    permutation: &[usize],
    rank: usize,
    b: MatRef<'_, T>,
) -> Result<(), Error> {
    let (m, n) = qr.shape();
    super::qr::check_factors(qr, tau)?;
    check_length("permutation", n, permutation.len())?;
    check_shape("b", (m.max(n), b.cols()), b.shape())?;
    check_rank(qr, rank)?;
    if permutation.iter().any(|&p| p >= n) {
        return Err(Error::InvalidOption { what: "permutation[j] < n" });
    }
    Ok(())
}

/// [`Error::InvalidOption`] for a rank above min(m, n), [`Error::Singular`] for a zero among the first `rank` diagonal elements.
pub(super) fn check_rank<T: Real>(qr: MatRef<'_, T>, rank: usize) -> Result<(), Error> {
    if rank > qr.rows().min(qr.cols()) {
        return Err(Error::InvalidOption { what: "rank <= min(m, n)" });
    }
    match (0..rank).find(|&i| qr.get(i, i).is_none_or(|d| d == T::ZERO)) {
        Some(column) => Err(Error::Singular { column }),
        None => Ok(()),
    }
}

/// X ← P X: element j of each column goes to place `permutation[j]`.
pub(super) fn unpermute<T: Real>(permutation: &[usize], mut x: MatMut<'_, T>, work: &mut [T]) {
    for x in x.cols_mut() {
        work.iter_mut().zip(x.iter()).for_each(|(w, &x)| *w = x);
        for (&p, &w) in permutation.iter().zip(work.iter()) {
            if let Some(x) = x.get_mut(p) {
                *x = w;
            }
        }
    }
}
