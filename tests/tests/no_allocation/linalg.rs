//! Factorizations, solves and iterations.

use super::{none, numbers, view, view_mut};
use gaussling_core::linalg::*;
use gaussling_core::{Backend, Error, Portable};

const M: usize = 20;
const N: usize = 10;

/// Symmetric positive definite.
fn definite() -> Vec<f64> {
    (0..N * N).map(|i| if i % (N + 1) == 0 { 2.0 } else { 0.1 }).collect()
}

fn product(x: &[f64], y: &mut [f64]) -> Result<(), Error> {
    y.iter_mut().zip(x).enumerate().for_each(|(i, (y, x))| *y = (i + 1) as f64 * x);
    Ok(())
}

#[test]
fn orthogonal_factorizations() {
    let (a, rhs) = (numbers(M * N), numbers(M));
    let (mut qr, mut tau, mut q, mut b) = (a.clone(), vec![0.0; N], vec![0.0; M * N], rhs.clone());
    none("QR", || {
        qr.copy_from_slice(&a);
        qr_in_place(&Portable, view_mut(&mut qr, M, N), &mut tau)?;
        form_q(&Portable, view(&qr, M, N), &tau, view_mut(&mut q, M, N))?;
        apply_qt_in_place(&Portable, view(&qr, M, N), &tau, view_mut(&mut b, M, 1))?;
        apply_q_in_place(&Portable, view(&qr, M, N), &tau, view_mut(&mut b, M, 1))
    });
    none("least squares", || {
        qr.copy_from_slice(&a);
        b.copy_from_slice(&rhs);
        least_squares_in_place(&Portable, view_mut(&mut qr, M, N), &mut tau, view_mut(&mut b, M, 1))
    });
    let (mut permutation, mut tau_right, mut x) = (vec![0; N], vec![0.0; N], vec![0.0; M]);
    let mut work = vec![0.0; qr_pivoted_work_len(N)];
    let mut solve_work = vec![0.0; qr_pivoted_solve_work_len(N)];
    let mut right_work = vec![0.0; complete_orthogonal_work_len(N)];
    none("pivoted QR", || {
        qr.copy_from_slice(&a);
        qr_pivoted_in_place(&Portable, view_mut(&mut qr, M, N), &mut tau, &mut permutation, &mut work)?;
        let rank = qr_pivoted_rank(view(&qr, M, N), rank_tolerance(M, N))? - 2;
        x.copy_from_slice(&rhs);
        let b = view_mut(&mut x, M, 1);
        qr_pivoted_solve_in_place(&Portable, view(&qr, M, N), &tau, &permutation, rank, b, &mut solve_work)?;
        complete_orthogonal_in_place(&Portable, view_mut(&mut qr, M, N), rank, &mut tau_right, &mut right_work)?;
        x.copy_from_slice(&rhs);
        let (qr, b) = (view(&qr, M, N), view_mut(&mut x, M, 1));
        minimum_norm_solve_in_place(&Portable, qr, &tau, &tau_right, &permutation, rank, b, &mut right_work)
    });
    let (mut r, mut rows, mut c) = (vec![0.0; N * N], vec![0.0; M * N], vec![0.0; N]);
    let (row, mut eta): (Vec<f64>, _) = ((0..N).map(|j| a[j * M]).collect(), [0.0]);
    let mut work = vec![0.0; qr_remove_row_work_len(N)];
    none("rows come and go", || {
        r.fill(0.0);
        c.fill(0.0);
        rows.copy_from_slice(&a);
        b.copy_from_slice(&rhs);
        let mut r = view_mut(&mut r, N, N);
        let both = Some((view_mut(&mut c, N, 1), view_mut(&mut b, M, 1)));
        qr_append_rows_in_place(&Portable, r.reborrow(), view_mut(&mut rows, M, N), both)?;
        eta[0] = rhs[0];
        qr_remove_row_in_place(&Portable, r, &row, Some((view_mut(&mut c, N, 1), &mut eta)), &mut work)
    });
}

#[test]
fn symmetric_matrices() {
    let (a, rhs) = (definite(), numbers(N));
    let (mut l, mut b, mut x, mut work) =
        (a.clone(), rhs.clone(), rhs.clone(), vec![0.0; cholesky_downdate_work_len(N)]);
    none("Cholesky", || {
        l.copy_from_slice(&a);
        b.copy_from_slice(&rhs);
        cholesky_in_place(&Portable, view_mut(&mut l, N, N))?;
        cholesky_solve_in_place(&Portable, view(&l, N, N), view_mut(&mut b, N, 1))?;
        x.copy_from_slice(&rhs);
        cholesky_update_in_place(view_mut(&mut l, N, N), &mut x)?;
        x.copy_from_slice(&rhs);
        cholesky_downdate_in_place(&Portable, view_mut(&mut l, N, N), &mut x, &mut work)?;
        std::hint::black_box(cholesky_log_determinant(view(&l, N, N))?);
        cholesky_inverse_in_place(&Portable, view_mut(&mut l, N, N))
    });
    let (mut permutation, mut work) = (vec![0; N], vec![0.0; ldlt_solve_work_len(N)]);
    none("L D Lᵀ", || {
        l.copy_from_slice(&a);
        b.copy_from_slice(&rhs);
        let rank = ldlt_in_place(&Portable, view_mut(&mut l, N, N), &mut permutation, rank_tolerance(N, N))?;
        ldlt_solve_in_place(&Portable, view(&l, N, N), &permutation, rank, view_mut(&mut b, N, 1), &mut work)
    });
    let (mut values, mut vectors) = (vec![0.0; N], vec![0.0; N * N]);
    none("eigenvalues", || {
        l.copy_from_slice(&a);
        symmetric_eigen_in_place(&Portable, view_mut(&mut l, N, N), &mut values, view_mut(&mut vectors, N, N)).map(drop)
    });
    let mut wide = numbers(M * N);
    none("triangular systems", || {
        for solve in [
            solve_lower_in_place,
            solve_lower_transposed_in_place,
            solve_upper_in_place,
            solve_upper_transposed_in_place,
        ] {
            solve(&Portable, view(&a, N, N), view_mut(&mut b, N, 1))?;
            solve(&Portable, view(&a, N, N).transpose(), view_mut(&mut b, N, 1))?;
        }
        solve_right_upper_in_place(&Portable, view(&a, N, N), view_mut(&mut wide, M, N))?;
        solve_right_upper_transposed_in_place(&Portable, view(&a, N, N), view_mut(&mut wide, M, N))
    });
}

#[test]
fn singular_values() {
    let (a, rhs) = (numbers(M * N), numbers(M));
    let (mut u, mut s, mut v) = (a.clone(), vec![0.0; N], vec![0.0; N * N]);
    let (mut x, mut inverse) = (vec![0.0; N], vec![0.0; N * M]);
    none("SVD", || {
        u.copy_from_slice(&a);
        svd_in_place(&Portable, view_mut(&mut u, M, N), &mut s, view_mut(&mut v, N, N))?;
        std::hint::black_box(svd_condition(&s));
        let (u, v, rank) = (view(&u, M, N), view(&v, N, N), svd_rank(&s, rank_tolerance(M, N))?);
        svd_solve(&Portable, u, &s, v, rank, view(&rhs, M, 1), view_mut(&mut x, N, 1))?;
        svd_pseudo_inverse(&Portable, u, &s, v, rank, view_mut(&mut inverse, N, M))
    });
    let mut work = vec![0.0; tikhonov_work_len(M, N)];
    none("Tikhonov", || {
        let mut solver = TikhonovSolver::new(&Portable, view(&a, M, N), &rhs, &mut work)?;
        let largest = solver.singular_values()[0];
        assert!(solver.rank() == N && solver.status() == SpectralStatus::Converged);
        let half = 0.5 * solver.evaluate(largest)?.residual_norm + 0.5 * solver.evaluate(0.0)?.residual_norm;
        for rule in
            [TikhonovRule::Gcv, TikhonovRule::Upre { noise: 0.1 }, TikhonovRule::Discrepancy { residual_norm: half }]
        {
            let choice = solver.choose(rule)?;
            solver.solve(&Portable, choice.lambda, &mut x)?;
        }
        Ok(())
    });
}

/// Portable kernels that say they prefer blocks.
struct Blocks;

impl Backend<f64> for Blocks {
    fn prefers_blocks(&self) -> bool {
        true
    }
}

#[test]
fn iterations() {
    let (a, b) = (numbers(M * N), numbers(M));
    let (mut x, mut variances, mut work) = (vec![0.0; N], vec![0.0; N], vec![0.0; lsqr_work_len(M, N)]);
    none("LSQR", || {
        let mut operator = MatrixOperator { backend: &Portable, matrix: view(&a, M, N) };
        for damping in [0.0, 0.1] {
            let options = LsqrOptions { damping, warm_start: true, ..Default::default() };
            lsqr(&Portable, &mut operator, &b, &mut x, Some(&mut variances), &mut work, &options)?;
        }
        Ok(())
    });
    let (mut y, mut work) = (vec![0.0; M], vec![0.0; lsqr_work_len(N, M)]);
    none("operators", || {
        let mut functions = FnOperator {
            shape: (N, N),
            apply: product,
            apply_transpose: |x: &[f64], y: &mut [f64]| Portable.gemv(1.0, view(&a, M, N), x, 0.0, y),
        };
        assert_eq!(LinearOperator::<f64>::shape(&functions), (N, N));
        let mut both = MatrixOperator { backend: &Blocks, matrix: view(&a, M, N) };
        assert!(both.apply_both(1.0, &b[..N], 0.0, &mut y, &mut x)?);
        functions.apply(&b[..N], &mut x)?;
        let mut turned = Transposed(MatrixOperator { backend: &Portable, matrix: view(&a, M, N) });
        turned.apply_transpose(&b[..N], &mut y)?;
        lsqr(&Portable, &mut turned, &b[..N], &mut y, None, &mut work, &LsqrOptions::default()).map(drop)
    });
    let mut work = vec![0.0; conjugate_gradients_work_len(N)];
    none("conjugate gradients", || {
        for radius in [None, Some(0.1)] {
            let options = ConjugateGradientsOptions { radius, ..Default::default() };
            let mut h = SymmetricOperator { n: N, apply: product };
            conjugate_gradients(&Portable, &mut h, &b[..N], &mut x, &mut work, &options)?;
        }
        Ok(())
    });
    let mut work = vec![0.0; krylov_work_len(N, N)];
    none("Krylov space", || {
        let mut krylov = Krylov::new(N, N, &mut work)?;
        krylov.build(&Portable, &b[..N], 1e-12, true, product)?;
        assert!(krylov.dim() == krylov.basis().cols() && krylov.dim() == krylov.hessenberg().cols());
        krylov.solve(&Portable, None, &mut x)?;
        krylov.solve(&Portable, Some(0.01), &mut x).map(drop)
    });
}

#[test]
fn covariances() {
    let (a, rhs) = (numbers(M * N), numbers(M));
    let (mut j, mut covariance, mut errors) = (a.clone(), vec![0.0; N * N], vec![0.0; N]);
    let (mut work, mut permutation) = (vec![0.0; least_squares_covariance_work_len(M, N)], vec![0; N]);
    none("covariance of a fit", || {
        j.copy_from_slice(&a);
        let (jacobian, out) = (view_mut(&mut j, M, N), view_mut(&mut covariance, N, N));
        least_squares_covariance(&Portable, jacobian, &rhs, None, out, &mut permutation, &mut work).map(drop)
    });
    none("standard errors", || standard_errors(view(&covariance, N, N), &mut errors));
    none("correlations", || correlation_in_place(view_mut(&mut covariance, N, N)));
}
