//! ‖A X − X Λ‖ / (n ε ‖A‖), orthogonality of X, known eigenvalues, relative accuracy for definite matrices.

use super::*;
use crate::linalg::*;
use crate::{Error, Matrix, Portable};

/// Symmetric: A + Aᵀ of each kind. The upper triangle that is handed over holds NaN.
fn run<T: Real>(limits: &mut Limits) {
    for n in [0, 1, 2, 3, 5, 10, 50] {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, n, n, scale, seed as u64);
                let half = matrix::<f64>(kind, n, n, scale, seed as u64);
                let a = Dense::<T>::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
                let mut work = Dense::<T>::from_fn(n, n, |i, j| if i >= j { a.at(i, j) } else { f64::NAN });
                let (mut values, mut x) = (std::vec![T::ZERO; n], Dense::<T>::zeros(n, n));
                let report = symmetric_eigen_in_place(&Portable, work.view_mut(), &mut values, x.view_mut()).unwrap();

                assert_eq!(report.status, JacobiStatus::Converged, "{context}");
                limits.record("sweeps", report.sweeps as f64, &context);
                assert!(values.is_sorted() && x.gaps_untouched(), "{context}");
                let difference = norm_of(n, n, |i, j| {
                    (0..n).map(|p| a.at(i, p) * x.at(p, j)).sum::<f64>() - x.at(i, j) * values[j].value()
                });
                limits.record("|AX - XL| / (n eps |A|)", ratio::<T>(difference, n, a.norm()), &context);
                let difference = norm_of(n, n, |i, j| {
                    (0..n).map(|p| x.at(p, i) * x.at(p, j)).sum::<f64>() - f64::from(u8::from(i == j))
                });
                limits.record("|I - X'X| / (n eps)", ratio::<T>(difference, n, 1.0), &context);
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[("|AX - XL| / (n eps |A|)", 4.0), ("|I - X'X| / (n eps)", 4.0), ("sweeps", 20.0)]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

/// The second difference: 2 − 2 cos(j π / (n + 1)).
#[test]
fn known_eigenvalues() {
    for n in [1, 2, 9, 25] {
        let mut a = Dense::<f64>::from_fn(n, n, |i, j| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let (mut values, mut x) = (std::vec![0.0; n], Dense::zeros(n, n));
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut()).unwrap();
        for (j, value) in values.into_iter().enumerate() {
            let exact = 2.0 - 2.0 * libm::cos((j + 1) as f64 * std::f64::consts::PI / (n + 1) as f64);
            assert!((value - exact).abs() < n as f64 * 8.0 * f64::EPSILON, "n = {n}: {value} and {exact}");
        }
    }
}

/// D (G Gᵀ + I) D with D from 1 to 10⁻⁵: eigenvalues over ten decades, all relatively accurate in `f32`.
#[test]
fn small_eigenvalues_of_graded_definite_matrices_are_relatively_accurate() {
    let g = Random::new(3).vector(64);
    let element = |i: usize, j: usize| {
        let gram = (0..8).map(|k| g[i + 8 * k] * g[j + 8 * k]).sum::<f64>() + f64::from(u8::from(i == j));
        gram * libm::pow(10.0, -5.0 * (i + j) as f64 / 7.0)
    };
    let mut single = Dense::<f32>::from_fn(8, 8, element);
    let mut double = Dense::<f64>::from_fn(8, 8, |i, j| single.at(i, j));
    let (mut s, mut d) = ([0.0_f32; 8], [0.0_f64; 8]);
    symmetric_eigen_in_place(&Portable, single.view_mut(), &mut s, Dense::zeros(8, 8).view_mut()).unwrap();
    symmetric_eigen_in_place(&Portable, double.view_mut(), &mut d, Dense::zeros(8, 8).view_mut()).unwrap();
    assert!(d[0] < 1e-9 * d[7]);
    for (s, d) in s.into_iter().zip(d) {
        assert!((f64::from(s) - d).abs() < 8.0 * f64::from(f32::EPSILON) * d, "{s:e} and {d:e}");
    }
}

#[test]
fn indefinite_with_a_zero_diagonal() {
    let mut a = Matrix::from_rows([[0.0_f64, 0.0], [1.0, 0.0]]);
    let (mut values, mut x) = ([0.0; 2], Matrix::<f64, 2, 2>::zeros());
    symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut()).unwrap();
    assert!((values[0] + 1.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15);
}

/// The number of sweeps, which is the same on every platform: the tolerance that is documented is the one that is tested.
#[test]
fn sweeps() {
    let count = |kind, n| {
        let mut a = matrix::<f64>(kind, n, n, 1.0, 1);
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut std::vec![0.0; n], Dense::zeros(n, n).view_mut())
            .unwrap()
            .sweeps
    };
    assert_eq!((count("identity", 10), count("zero", 4), count("random", 0)), (1, 1, 1));
    assert_eq!((count("random", 2), count("random", 10), count("random", 50)), (2, 6, 8));
    // Steeply graded: the elements off the diagonal fall below ε max|A| long before they are small beside their own diagonal.
    let mut a = Dense::<f64>::from_fn(6, 6, |i, j| libm::pow(10.0, -((i + j) as f64)) * if i == j { 2.0 } else { 0.9 });
    let report =
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut [0.0; 6], Dense::zeros(6, 6).view_mut()).unwrap();
    assert_eq!(report.sweeps, 4);
}

#[test]
fn misuse_is_an_error() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut a = Dense::<f64>::from_fn(3, 3, |i, j| if (i, j) == (2, 0) { bad } else { 1.0 });
        let result = symmetric_eigen_in_place(&Portable, a.view_mut(), &mut [0.0; 3], Dense::zeros(3, 3).view_mut());
        assert_eq!(result, Err(Error::NonFinite { what: "a" }));
    }
    let mut a = Dense::<f64>::zeros(3, 3);
    let result = symmetric_eigen_in_place(&Portable, a.view_mut(), &mut [0.0; 2], Dense::zeros(3, 3).view_mut());
    assert_eq!(result, Err(Error::Length { what: "values", expected: 3, found: 2 }));
    let result = symmetric_eigen_in_place(&Portable, a.view_mut(), &mut [0.0; 3], Dense::zeros(3, 2).view_mut());
    assert_eq!(result, Err(Error::Shape { what: "vectors", expected: (3, 3), found: (3, 2) }));
    let result = symmetric_eigen_in_place(&Portable, Dense::zeros(3, 2).view_mut(), &mut [0.0; 3], a.view_mut());
    assert!(matches!(result, Err(Error::Shape { what: "a", .. })));
}
