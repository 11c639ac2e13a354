//! Backward errors of triangular and symmetric systems, and of eigenvalues.
//!
//! As in `orthogonal.rs`: the largest ratio, or `None` where the routine is documented to refuse the input.

use super::matrices::{
    Outcome, Sample, difference, distance, norm, orthogonality, plain, product, ratio, scaled, worst,
};
use super::orthogonal::triangle;
use crate::DenseMatrix;
use gaussling_core::linalg::{
    SpectralStatus, cholesky_downdate_in_place, cholesky_downdate_work_len, cholesky_in_place,
    cholesky_inverse_in_place, cholesky_solve_in_place, cholesky_update_in_place, ldlt_in_place, ldlt_solve_in_place,
    ldlt_solve_work_len, rank_tolerance, solve_lower_in_place, solve_lower_transposed_in_place, solve_upper_in_place,
    solve_upper_transposed_in_place, symmetric_eigen_in_place,
};
use gaussling_core::{Backend, Error, MatRef, Real};

/// All four, with the R of a QR factorization; T X = B has a solution of ones.
pub(super) fn triangular<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let n = sample.a.cols();
    let r = triangle(backend, &sample.a, sample.a.rows())?;
    if (0..n).any(|i| r[(i, i)].abs() <= T::EPSILON * r.view().iter().fold(T::ZERO, |most, x| most.max(x.abs()))) {
        return Ok(None); // singular to working accuracy: X may be beyond the range
    }
    let l = r.transposed();
    let mut ratios = [0.0; 4];
    for (k, ratio_out) in ratios.iter_mut().enumerate() {
        let t = plain(if k < 2 { r.view() } else { l.view() }, sample.exponent);
        let t = if k % 2 == 0 { t } else { t.transposed() };
        let ones = DenseMatrix::from_fn(n, 3, |_, _| 1.0);
        let right = product(t.view(), ones.view());
        let b = DenseMatrix::from_fn(n, 3, |i, j| scaled::<T>(right[(i, j)], sample.exponent));
        let mut x = b.clone();
        match k {
            0 => solve_upper_in_place(backend, r.view(), x.view_mut()),
            1 => solve_upper_transposed_in_place(backend, r.view(), x.view_mut()),
            2 => solve_lower_in_place(backend, l.view(), x.view_mut()),
            _ => solve_lower_transposed_in_place(backend, l.view(), x.view_mut()),
        }?;
        if !x.view().iter().all(|x| x.is_finite()) && sample.kind != "random" {
            return Ok(None); // the solution of a system that is singular to working accuracy may be beyond the range
        }
        *ratio_out = residual::<T>(&t, &plain(x.view(), 0), &plain(b.view(), sample.exponent));
    }
    Ok(worst(&ratios))
}

/// ‖B − A X‖ in units of (n ε ‖A‖ ‖X‖).
fn residual<T: Real>(a: &DenseMatrix<f64>, x: &DenseMatrix<f64>, b: &DenseMatrix<f64>) -> f64 {
    ratio::<T>(norm(&difference(b, &product(a.view(), x.view()))), a.rows(), norm(a) * norm(x))
}

/// The lower triangle, in double precision and without the scale `exponent`.
fn lower<T: Real>(l: &DenseMatrix<T>, exponent: i32) -> DenseMatrix<f64> {
    let l = plain(l.view(), exponent);
    DenseMatrix::from_fn(l.rows(), l.cols(), |i, j| if i >= j { l[(i, j)] } else { 0.0 })
}

pub(super) fn cholesky<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = sample.gram();
    let n = a.rows();
    let mut l = a.clone();
    match cholesky_in_place(backend, l.view_mut()) {
        Err(Error::NotPositiveDefinite { .. }) if sample.kind != "random" || sample.a.rows() < n => return Ok(None),
        outcome => outcome?,
    }
    let plain_a = plain(a.view(), sample.exponent);
    let factor = lower(&l, 0);
    // L has half of the exponent; in two halves, so that no product leaves the range.
    let root = libm::ldexp(1.0, -sample.exponent / 2);
    let rest = libm::ldexp(1.0, sample.exponent / 2 * 2 - sample.exponent);
    let half = DenseMatrix::from_fn(n, n, |i, j| factor[(i, j)] * root);
    let square = product(half.view(), half.view().transpose());
    let square = DenseMatrix::from_fn(n, n, |i, j| square[(i, j)] * rest);
    let b = sample.ones(n, 2);
    let mut x = b.clone();
    cholesky_solve_in_place(backend, l.view(), x.view_mut())?;
    let solved = residual::<T>(&plain_a, &plain(x.view(), 0), &plain(b.view(), sample.exponent));
    let inverted = match cholesky_inverse_in_place(backend, l.view_mut()) {
        Err(Error::NonFinite { .. }) => 0.0, // the inverse is beyond the range
        outcome => {
            outcome?;
            let inverse = plain(l.view(), -sample.exponent);
            let inverse = DenseMatrix::from_fn(n, n, |i, j| inverse[(i.max(j), i.min(j))]);
            let identity = DenseMatrix::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
            let left = difference(&identity, &product(plain_a.view(), inverse.view()));
            // Relative to the condition, which is what rounding A alone does to the product.
            ratio::<T>(norm(&left), n, norm(&plain_a) * norm(&inverse))
        }
    };
    Ok(worst(&[distance::<T>(&plain_a, &square, n), solved, inverted]))
}

/// L with a random vector x: A = L Lᵀ + x xᵀ, and back to L Lᵀ.
pub(super) fn cholesky_update<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let r = triangle(backend, &sample.a, sample.a.rows())?;
    let n = r.rows();
    let signs = |j: usize| if r[(j, j)] < T::ZERO { -T::ONE } else { T::ONE };
    let mut l = DenseMatrix::from_fn(n, n, |i, j| if i >= j { r[(j, i)] * signs(j) } else { T::ZERO });
    let x: Vec<T> = (0..n).map(|i| scaled(if i % 3 == 0 { 0.5 } else { -0.25 }, sample.exponent)).collect();
    let gram = |l: &DenseMatrix<T>| {
        let l = lower(l, sample.exponent);
        product(l.view(), l.view().transpose())
    };
    let (before, plain_x) = (gram(&l), plain(MatRef::column_vector(&x), sample.exponent));
    let with_x = product(plain_x.view(), plain_x.view().transpose());
    let sum = DenseMatrix::from_fn(n, n, |i, j| before[(i, j)] + with_x[(i, j)]);
    cholesky_update_in_place(l.view_mut(), &mut x.clone())?;
    let updated = gram(&l);
    let up = distance::<T>(&sum, &updated, n);
    match cholesky_downdate_in_place(
        backend,
        l.view_mut(),
        &mut x.clone(),
        &mut vec![T::ZERO; cholesky_downdate_work_len(n)],
    ) {
        Err(Error::NotPositiveDefinite { .. } | Error::Singular { .. })
            if sample.kind != "random" || sample.a.rows() < n =>
        {
            return Ok(worst(&[up]));
        }
        outcome => outcome?,
    }
    let rest = DenseMatrix::from_fn(n, n, |i, j| updated[(i, j)] - with_x[(i, j)]);
    Ok(worst(&[up, ratio::<T>(norm(&difference(&rest, &gram(&l))), n, norm(&updated))]))
}

pub(super) fn ldlt<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let a = sample.gram();
    let n = a.rows();
    let plain_a = plain(a.view(), sample.exponent);
    let right = product(plain_a.view(), DenseMatrix::from_fn(n, 2, |_, _| 1.0).view());
    let b = DenseMatrix::from_fn(n, 2, |i, j| scaled::<T>(right[(i, j)], sample.exponent));
    let (mut ld, mut permutation) = (a, vec![0; n]);
    let tolerance = rank_tolerance::<T>(n, n).min(T::from_f64(0.5));
    let rank = match ldlt_in_place(backend, ld.view_mut(), &mut permutation, tolerance) {
        // Rounding has made the matrix indefinite.
        Err(Error::NotPositiveDefinite { .. }) if sample.kind != "random" => return Ok(None),
        outcome => outcome?,
    };
    let mut x = b.clone();
    ldlt_solve_in_place(
        backend,
        ld.view(),
        &permutation,
        rank,
        x.view_mut(),
        &mut vec![T::ZERO; ldlt_solve_work_len(n)],
    )?;
    Ok(worst(&[residual::<T>(&plain_a, &plain(x.view(), 0), &plain(b.view(), sample.exponent))]))
}

/// The symmetric part of the leading square.
pub(super) fn symmetric_eigen<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let n = sample.a.rows().min(sample.a.cols());
    let half = T::from_f64(0.5);
    let s = DenseMatrix::from_fn(n, n, |i, j| sample.a[(i, j)] * half + sample.a[(j, i)] * half);
    let (mut destroyed, mut values, mut vectors) = (s.clone(), vec![T::ZERO; n], s.clone());
    let report = symmetric_eigen_in_place(backend, destroyed.view_mut(), &mut values, vectors.view_mut())?;
    if report.status != SpectralStatus::Converged || !values.is_sorted() {
        return Ok(Some(f64::INFINITY));
    }
    let (s, v) = (plain(s.view(), sample.exponent), plain(vectors.view(), 0));
    let lambda = plain(MatRef::column_vector(&values), sample.exponent);
    let scaled_v = DenseMatrix::from_fn(n, n, |i, j| v[(i, j)] * lambda[(j, 0)]);
    let error = norm(&difference(&product(s.view(), v.view()), &scaled_v));
    Ok(worst(&[ratio::<T>(error, n, norm(&s)), orthogonality(&vectors, |_| true)]))
}
