//! Regularized least squares, and whether the iterative solvers have reached what their status says.
//!
//! A status is an inequality between norms; each is computed anew from the x that came back. The ratio is its left side over its right
//! side plus the rounding errors of a product with A: at most about 1 where the claim is true. `None` where the solver makes no claim.

use super::matrices::{Outcome, Sample, difference, norm, plain, product, ratio, scaled, worst};
use crate::DenseMatrix;
use gaussling_core::linalg::{
    ConjugateGradientsOptions, ConjugateGradientsStatus, Krylov, KrylovStatus, LsqrOptions, LsqrStatus, MatrixOperator,
    TikhonovSolver, conjugate_gradients, conjugate_gradients_work_len, krylov_work_len, lsqr, lsqr_work_len,
    tikhonov_work_len,
};
use gaussling_core::{Backend, Error, MatRef, Real};

/// ‖·‖_F
fn length(a: &DenseMatrix<f64>) -> f64 {
    a.as_slice().iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// r = b − A x, and Aᵀ r.
fn residuals(a: &DenseMatrix<f64>, x: &DenseMatrix<f64>, b: &DenseMatrix<f64>) -> [DenseMatrix<f64>; 2] {
    let r = difference(b, &product(a.view(), x.view()));
    let gradient = product(a.view().transpose(), r.view());
    [r, gradient]
}

/// ‖Aᵀ(b − A x) − λ² x‖ in units of (size ε) times the lengths of its terms, for three λ.
pub(super) fn tikhonov<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    let (b, mut x) = (sample.ones(m, 1), vec![T::ZERO; n]);
    let (a, plain_b) = (plain(sample.a.view(), sample.exponent), plain(b.view(), sample.exponent));
    let mut work = vec![T::ZERO; tikhonov_work_len(m, n)];
    let mut solver = TikhonovSolver::new(backend, sample.a.view(), b.as_slice(), &mut work)?;
    let mut ratios = [0.0; 3];
    for (lambda, ratio_out) in [1e-6, 1e-2, 1.0].into_iter().zip(&mut ratios) {
        solver.solve(backend, scaled(lambda, sample.exponent), &mut x)?;
        let x = plain(MatRef::column_vector(&x), 0);
        let [_, gradient] = residuals(&a, &x, &plain_b);
        let lambda = plain(MatRef::column_vector(&[scaled::<T>(lambda, sample.exponent)]), sample.exponent)[(0, 0)];
        let shrunk = DenseMatrix::from_fn(n, 1, |i, _| lambda * lambda * x[(i, 0)]);
        let terms = length(&a) * (length(&a) * length(&x) + length(&plain_b)) + length(&shrunk);
        *ratio_out = ratio::<T>(length(&difference(&gradient, &shrunk)), m.max(n), terms);
    }
    Ok(worst(&ratios))
}

pub(super) fn least_squares<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let (m, n) = (sample.a.rows(), sample.a.cols());
    let (b, mut x) = (sample.ones(m, 1), vec![T::ZERO; n]);
    let mut operator = MatrixOperator { backend, matrix: sample.a.view() };
    let options =
        LsqrOptions { condition_limit: T::ZERO, max_iterations: Some(20 * (m + n)), ..LsqrOptions::default() };
    let mut work = vec![T::ZERO; lsqr_work_len(m, n)];
    let report = lsqr(backend, &mut operator, b.as_slice(), &mut x, None, &mut work, &options)?;
    let (a, x) = (plain(sample.a.view(), sample.exponent), plain(MatRef::column_vector(&x), 0));
    let b = plain(b.view(), sample.exponent);
    let [r, gradient] = residuals(&a, &x, &b);
    let (norm_a, tolerance) = (length(&a), T::EPSILON.value().sqrt());
    let rounding = (m + n) as f64 * T::EPSILON.value() * (norm_a * length(&x) + length(&b));
    let claim = match report.status {
        LsqrStatus::SolvedAtStart => [length(&gradient), norm_a * rounding],
        LsqrStatus::Compatible => [length(&r), tolerance * (length(&b) + norm_a * length(&x)) + rounding],
        LsqrStatus::LeastSquares => [length(&gradient), norm_a * (tolerance * length(&r) + rounding)],
        LsqrStatus::CompatibleToRounding => [length(&r), rounding],
        LsqrStatus::LeastSquaresToRounding => [length(&gradient), norm_a * rounding],
        LsqrStatus::NonFinite => return Ok(Some(f64::INFINITY)),
        _ => return Ok(None),
    };
    Ok(worst(&[quotient(claim)]))
}

/// left / right, 0 for 0/0.
fn quotient([left, right]: [f64; 2]) -> f64 {
    if left == 0.0 { 0.0 } else { left / right }
}

/// A system with AᵀA: its matrix without the scale, the right-hand side of ones, and the lengths that rounding errors have.
fn claim_of_system<T: Real>(h: &DenseMatrix<T>, x: &[T], sample: &Sample<T>) -> [f64; 2] {
    let n = h.rows();
    let (h, x) = (plain(h.view(), sample.exponent), plain(MatRef::column_vector(x), 0));
    let b = plain(sample.ones(n, 1).view(), sample.exponent);
    let left = length(&difference(&b, &product(h.view(), x.view())));
    let rounding = n as f64 * T::EPSILON.value() * norm(&h) * length(&x);
    [left, T::EPSILON.value().sqrt() * length(&b) + rounding]
}

pub(super) fn system<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let h = sample.gram();
    let n = h.rows();
    let (b, mut x) = (sample.ones(n, 1), vec![T::ZERO; n]);
    let mut operator = MatrixOperator { backend, matrix: h.view() };
    let mut work = vec![T::ZERO; conjugate_gradients_work_len(n)];
    let options = ConjugateGradientsOptions { max_iterations: Some(20 * n), ..ConjugateGradientsOptions::default() };
    let report = conjugate_gradients(backend, &mut operator, b.as_slice(), &mut x, &mut work, &options)?;
    match report.status {
        ConjugateGradientsStatus::Converged => Ok(worst(&[quotient(claim_of_system(&h, &x, sample))])),
        ConjugateGradientsStatus::NonFinite if sample.kind == "random" && sample.a.rows() >= n => {
            Ok(Some(f64::INFINITY))
        }
        _ => Ok(None),
    }
}

pub(super) fn krylov<T: Real, B: Backend<T>>(backend: &B, sample: &Sample<T>) -> Outcome {
    let h = sample.gram();
    let n = h.rows();
    if n == 0 {
        return Ok(None);
    }
    let (b, mut x) = (sample.ones(n, 1), vec![T::ZERO; n]);
    let mut work = vec![T::ZERO; krylov_work_len(n, n)];
    let mut space = Krylov::new(n, n, &mut work)?;
    let product = |v: &[T], hv: &mut [T]| backend.gemv(T::ONE, h.view(), v, T::ZERO, hv);
    let report = space.build::<B, Error>(backend, b.as_slice(), T::EPSILON.sqrt(), true, product)?;
    if report.status != KrylovStatus::Converged {
        return Ok(None);
    }
    match space.solve(backend, None, &mut x) {
        // By how much the quadratic falls is the square of a length; the step stands.
        Err(Error::NonFinite { what: "predicted_decrease" }) => {}
        outcome => drop(outcome?),
    }
    Ok(worst(&[quotient(claim_of_system(&h, &x, sample))]))
}
