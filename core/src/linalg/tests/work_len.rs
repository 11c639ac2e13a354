//! Exactly `…_work_len` works and one element less is an error that names the length. The iterative methods, Krylov and
//! Tikhonov have the same in their own files.

use super::qr_pivoted::{Pivoted, factor};
use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

/// Calls `run` with exactly `needed` elements, and with one less.
fn exactly(needed: usize, mut run: impl FnMut(&mut [f64]) -> Result<(), Error>) {
    assert_eq!(run(&mut std::vec![f64::NAN; needed]), Ok(()));
    if let Some(found) = needed.checked_sub(1) {
        assert_eq!(run(&mut std::vec![f64::NAN; found]), Err(Error::Workspace { what: "work", needed, found }));
    }
}

#[test]
fn of_rectangular_matrices() {
    for (m, n) in SHAPES {
        let a = matrix::<f64>("random", m, n, 1.0, 1);
        let Pivoted { mut qr, tau, permutation } = factor(&a);
        let (k, b) = (m.min(n), Dense::<f64>::zeros(m.max(n), 1));
        exactly(2 * n, |work| {
            assert_eq!(qr_pivoted_work_len(n), 2 * n);
            let mut order = std::vec![0; n];
            qr_pivoted_in_place(&Portable, a.clone().view_mut(), &mut tau.clone(), &mut order, work)
        });
        exactly(n, |work| {
            assert_eq!(qr_pivoted_solve_work_len(n), n);
            qr_pivoted_solve_in_place(&Portable, qr.view(), &tau, &permutation, k, b.clone().view_mut(), work)
        });
        let mut right = std::vec![0.0; k];
        let mut copy = qr.clone();
        exactly(2 * n, |work| {
            assert_eq!(complete_orthogonal_work_len(n), 2 * n);
            copy.clone_from(&qr);
            complete_orthogonal_in_place(&Portable, copy.view_mut(), k, &mut right, work)
        });
        qr.clone_from(&copy);
        exactly(2 * n, |work| {
            let b = &mut b.clone();
            minimum_norm_solve_in_place(&Portable, qr.view(), &tau, &right, &permutation, k, b.view_mut(), work)
        });
    }
}

#[test]
fn of_square_matrices() {
    for n in [0, 1, 2, 3, 5, 10, 50] {
        let unit = Dense::<f64>::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
        let order: Vec<usize> = (0..n).collect();
        exactly(n, |work| {
            assert_eq!(cholesky_downdate_work_len(n), n);
            cholesky_downdate_in_place(&Portable, unit.clone().view_mut(), &mut std::vec![0.1; n], work)
        });
        exactly(n, |work| {
            assert_eq!(ldlt_solve_work_len(n), n);
            ldlt_solve_in_place(&Portable, unit.view(), &order, n, Dense::zeros(n, 1).view_mut(), work)
        });
        exactly(2 * n, |work| {
            assert_eq!(qr_remove_row_work_len(n), 2 * n);
            qr_remove_row_in_place(&Portable, unit.clone().view_mut(), &std::vec![0.1; n], None, work)
        });
    }
}

/// Lengths that cannot be counted saturate, at compile time too.
#[test]
fn that_cannot_be_counted() {
    const LENGTHS: [usize; 9] = [
        qr_pivoted_work_len(usize::MAX),
        qr_pivoted_solve_work_len(usize::MAX),
        complete_orthogonal_work_len(usize::MAX),
        qr_remove_row_work_len(usize::MAX),
        ldlt_solve_work_len(usize::MAX),
        conjugate_gradients_work_len(usize::MAX),
        lsqr_work_len(usize::MAX, 2),
        tikhonov_work_len(usize::MAX, 2),
        krylov_work_len(usize::MAX, 2),
    ];
    assert_eq!(LENGTHS, [usize::MAX; 9]);
    const { assert!(cholesky_downdate_work_len(usize::MAX) == usize::MAX) };
}
