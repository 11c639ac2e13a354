//! Backward errors of the orthogonal factorizations and of least squares by them.
//!
//! Each function computes and returns its largest ratio, in units of (size × ε × norm) as in LAPACK's test suite; `None` where the
//! routine is not made for the input or is documented to refuse it.

use super::matrices::{
    Outcome, Sample, difference, distance, norm, orthogonality, plain, product, ratio, upper, worst,
};
use crate::DenseMatrix;
use gaussling_core::linalg::{
    SpectralStatus, complete_orthogonal_in_place, complete_orthogonal_work_len, form_q, least_squares_in_place,
    minimum_norm_solve_in_place, qr_append_rows_in_place, qr_in_place, qr_pivoted_in_place, qr_pivoted_rank,
    qr_pivoted_solve_in_place, qr_pivoted_solve_work_len, qr_pivoted_work_len, qr_remove_row_in_place,
    qr_remove_row_work_len, rank_tolerance, svd_in_place, svd_rank, svd_solve,
};
use gaussling_core::{Backend, Error, MatRef, Real};

/// max(m, n)
fn size<T: Copy>(a: &DenseMatrix<T>) -> usize {
    a.rows().max(a.cols())
}

pub(super) fn qr<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = &sample.a;
    let (m, k) = (a.rows(), a.rows().min(a.cols()));
    let (mut factors, mut tau) = (a.clone(), vec![T::ZERO; k]);
    qr_in_place(backend, factors.view_mut(), &mut tau)?;
    let mut q = DenseMatrix::from_fn(m, k, |_, _| T::ZERO);
    form_q(backend, factors.view(), &tau, q.view_mut())?;
    let r = plain(upper(&factors, k).view(), sample.exponent);
    let residual =
        distance::<T>(&plain(a.view(), sample.exponent), &product(plain(q.view(), 0).view(), r.view()), size(a));
    Ok(worst(&[residual, orthogonality(&q, |_| true)]))
}

/// Factors of A P = Q R, τ and the permutation.
type Pivoted<T> = (DenseMatrix<T>, Vec<T>, Vec<usize>);

fn factor_pivoted<T: Real>(backend: &impl Backend<T>, a: &DenseMatrix<T>) -> Result<Pivoted<T>, Error> {
    let (mut factors, mut tau) = (a.clone(), vec![T::ZERO; a.rows().min(a.cols())]);
    let (mut permutation, mut work) = (vec![0; a.cols()], vec![T::ZERO; qr_pivoted_work_len(a.cols())]);
    qr_pivoted_in_place(backend, factors.view_mut(), &mut tau, &mut permutation, &mut work)?;
    Ok((factors, tau, permutation))
}

pub(super) fn qr_pivoted<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = &sample.a;
    let k = a.rows().min(a.cols());
    let (factors, tau, permutation) = factor_pivoted(backend, a)?;
    let mut q = DenseMatrix::from_fn(a.rows(), k, |_, _| T::ZERO);
    form_q(backend, factors.view(), &tau, q.view_mut())?;
    let r = plain(upper(&factors, k).view(), sample.exponent);
    let permuted = plain(a.select_columns(&permutation).view(), sample.exponent);
    let residual = distance::<T>(&permuted, &product(plain(q.view(), 0).view(), r.view()), size(a));
    Ok(worst(&[residual, orthogonality(&q, |_| true)]))
}

/// R of the first rows of A, n × n, zeros below where there are fewer.
pub(super) fn triangle<T: Real>(
    backend: &impl Backend<T>,
    a: &DenseMatrix<T>,
    rows: usize,
) -> Result<DenseMatrix<T>, Error> {
    let n = a.cols();
    let mut factors = DenseMatrix::from_fn(rows.max(n), n, |i, j| if i < rows { a[(i, j)] } else { T::ZERO });
    qr_in_place(backend, factors.view_mut(), &mut vec![T::ZERO; n])?;
    Ok(upper(&factors, n))
}

/// ‖RᵀR − AᵀA‖ in units of (size ε ‖C‖²), C the matrix with all rows.
fn gram_distance<T: Real>(r: &DenseMatrix<f64>, a: &DenseMatrix<f64>, c: &DenseMatrix<f64>) -> f64 {
    let gram = |a: &DenseMatrix<f64>| product(a.view().transpose(), a.view());
    ratio::<T>(norm(&difference(&gram(r), &gram(a))), size(c), norm(c) * norm(&c.transposed()))
}

pub(super) fn qr_append_rows<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = &sample.a;
    let first = a.rows() / 2;
    let mut r = triangle(backend, a, first)?;
    let mut rows = DenseMatrix::from_fn(a.rows() - first, a.cols(), |i, j| a[(first + i, j)]);
    qr_append_rows_in_place(backend, r.view_mut(), rows.view_mut(), None)?;
    let (r, a) = (plain(upper(&r, a.cols()).view(), sample.exponent), plain(a.view(), sample.exponent));
    Ok(worst(&[gram_distance::<T>(&r, &a, &a)]))
}

pub(super) fn qr_remove_row<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = &sample.a;
    let Some(left) = a.rows().checked_sub(1) else { return Ok(None) };
    let mut r = triangle(backend, a, a.rows())?;
    let row: Vec<T> = (0..a.cols()).map(|j| a[(left, j)]).collect();
    match qr_remove_row_in_place(
        backend,
        r.view_mut(),
        &row,
        None,
        &mut vec![T::ZERO; qr_remove_row_work_len(a.cols())],
    ) {
        // What is left has not the full rank.
        Err(Error::Singular { .. } | Error::NotPositiveDefinite { .. }) => return Ok(None),
        outcome => outcome?,
    }
    let whole = plain(a.view(), sample.exponent);
    let rest = DenseMatrix::from_fn(left, a.cols(), |i, j| whole[(i, j)]);
    let r = plain(upper(&r, a.cols()).view(), sample.exponent);
    Ok(worst(&[gram_distance::<T>(&r, &rest, &whole)]))
}

/// ‖Aᵀ(B − A X)‖ in units of (size ε ‖A‖ (‖A‖ ‖X‖ + ‖B‖)): what a backward stable least-squares solution keeps small.
fn normal_residual<T: Real>(sample: &Sample<T>, x: &DenseMatrix<T>, b: &DenseMatrix<T>) -> f64 {
    let (a, x, b) = (plain(sample.a.view(), sample.exponent), plain(x.view(), 0), plain(b.view(), sample.exponent));
    let residual = difference(&b, &product(a.view(), x.view()));
    let gradient = product(a.view().transpose(), residual.view());
    ratio::<T>(norm(&gradient), size(&a), norm(&a.transposed()) * (norm(&a) * norm(&x) + norm(&b)))
}

/// The first n rows.
fn top<T: Real>(b: &DenseMatrix<T>, n: usize) -> DenseMatrix<T> {
    DenseMatrix::from_fn(n, b.cols(), |i, j| b[(i, j)])
}

pub(super) fn least_squares<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    if m < n {
        return Ok(None);
    }
    let (mut factors, mut tau) = (sample.a.clone(), vec![T::ZERO; n]);
    let b = sample.ones(m, 2);
    let mut x = b.clone();
    match least_squares_in_place(backend, factors.view_mut(), &mut tau, x.view_mut()) {
        Err(Error::Singular { .. }) if sample.kind != "random" => Ok(None),
        // A solution beyond the range, of a matrix that is singular but for rounding errors.
        Err(Error::NonFinite { what: "x" }) if sample.kind != "random" => Ok(None),
        outcome => outcome.map(|()| worst(&[normal_residual(sample, &top(&x, n), &b)])),
    }
}

/// A right-hand side in the upper rows of a matrix that can also hold the solution.
fn tall_right<T: Real>(sample: &Sample<T>) -> (DenseMatrix<T>, DenseMatrix<T>) {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    let b = sample.ones(m, 2);
    let tall = DenseMatrix::from_fn(m.max(n), 2, |i, j| if i < m { b[(i, j)] } else { T::ZERO });
    (b, tall)
}

pub(super) fn pivoted_least_squares<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    let (factors, tau, permutation) = factor_pivoted(backend, &sample.a)?;
    let rank = qr_pivoted_rank(factors.view(), rank_tolerance::<T>(m, n).min(T::from_f64(0.5)))?;
    let (b, mut x) = tall_right(sample);
    let mut work = vec![T::ZERO; qr_pivoted_solve_work_len(n)];
    qr_pivoted_solve_in_place(backend, factors.view(), &tau, &permutation, rank, x.view_mut(), &mut work)?;
    Ok(worst(&[normal_residual(sample, &top(&x, n), &b)]))
}

pub(super) fn minimum_norm<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    let (mut factors, tau, permutation) = factor_pivoted(backend, &sample.a)?;
    let rank = qr_pivoted_rank(factors.view(), rank_tolerance::<T>(m, n).min(T::from_f64(0.5)))?;
    let (mut tau_right, mut work) = (vec![T::ZERO; m.min(n)], vec![T::ZERO; complete_orthogonal_work_len(n)]);
    complete_orthogonal_in_place(backend, factors.view_mut(), rank, &mut tau_right, &mut work)?;
    let (b, mut x) = tall_right(sample);
    let (right, work) = (x.view_mut(), &mut work);
    minimum_norm_solve_in_place(backend, factors.view(), &tau, &tau_right, &permutation, rank, right, work)?;
    Ok(worst(&[normal_residual(sample, &top(&x, n), &b)]))
}

pub(super) fn svd<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let n = sample.a.cols();
    if sample.a.rows() < n {
        return Ok(None);
    }
    let (mut u, mut s, mut v) = (sample.a.clone(), vec![T::ZERO; n], DenseMatrix::from_fn(n, n, |_, _| T::ZERO));
    let report = svd_in_place(backend, u.view_mut(), &mut s, v.view_mut())?;
    if report.status != SpectralStatus::Converged || !s.is_sorted_by(|a, b| a >= b) {
        return Ok(Some(f64::INFINITY));
    }
    let sigma = plain(MatRef::column_vector(&s), sample.exponent);
    let (plain_u, plain_v) = (plain(u.view(), 0), plain(v.view(), 0));
    let scaled_u = DenseMatrix::from_fn(u.rows(), n, |i, j| plain_u[(i, j)] * sigma[(j, 0)]);
    let back = product(scaled_u.view(), plain_v.view().transpose());
    let residual = distance::<T>(&plain(sample.a.view(), sample.exponent), &back, size(&sample.a));
    // Where σ = 0 the column of U is zero.
    Ok(worst(&[residual, orthogonality(&u, |j| s[j] > T::ZERO), orthogonality(&v, |_| true)]))
}

pub(super) fn svd_least_squares<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    if m < n {
        return Ok(None);
    }
    let (mut u, mut s, mut v) = (sample.a.clone(), vec![T::ZERO; n], DenseMatrix::from_fn(n, n, |_, _| T::ZERO));
    svd_in_place(backend, u.view_mut(), &mut s, v.view_mut())?;
    let rank = svd_rank(&s, rank_tolerance::<T>(m, n).min(T::from_f64(0.5)))?;
    let b = sample.ones(m, 2);
    let mut x = DenseMatrix::from_fn(n, 2, |_, _| T::ZERO);
    svd_solve(backend, u.view(), &s, v.view(), rank, b.view(), x.view_mut())?;
    Ok(worst(&[normal_residual(sample, &x, &b)]))
}
