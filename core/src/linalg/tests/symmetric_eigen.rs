//! ‖A X − X Λ‖ / (n ε ‖A‖), orthogonality of X, known eigenvalues, relative accuracy for definite matrices.

use super::*;
use crate::linalg::*;
use crate::{Error, Matrix, Portable};

/// Symmetric: A + Aᵀ of each kind, and the same with 2n max|aᵢⱼ| on the diagonal, which is definite. The upper triangle that is
/// handed over holds NaN.
fn run<T: Real>(limits: &mut Limits) {
    for n in [0, 1, 2, 3, 5, 10, 50] {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for (scale, definite) in scales::<T>().into_iter().flat_map(|scale| [(scale, false), (scale, true)]) {
                let context = std::format!("{}, definite: {definite}", context(kind, n, n, scale, seed as u64));
                let half = matrix::<f64>(kind, n, n, scale, seed as u64);
                let top = (0..n * n).fold(0.0_f64, |top, p| top.max(half.at(p % n, p / n).abs()));
                let added = |i, j| if definite && i == j { 2.0 * n as f64 * top } else { 0.0 };
                let a = Dense::<T>::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i) + added(i, j));
                let mut work = Dense::<T>::from_fn(n, n, |i, j| if i >= j { a.at(i, j) } else { f64::NAN });
                let (mut values, mut x) = (std::vec![T::ZERO; n], Dense::<T>::zeros(n, n));
                let report = symmetric_eigen_in_place(&Portable, work.view_mut(), &mut values, x.view_mut()).unwrap();

                assert_eq!(report.status, SpectralStatus::Converged, "{context}");
                let name = if definite { "sweeps" } else { "steps / n" };
                limits.record(name, report.iterations as f64 / if definite { 1.0 } else { n.max(1) as f64 }, &context);
                assert!(values.is_sorted() && x.gaps_untouched(), "{context}");
                let difference = norm_of(n, n, |i, j| {
                    (0..n).map(|p| a.at(i, p) * x.at(p, j)).sum::<f64>() - x.at(i, j) * values[j].value()
                });
                let name = if definite { "|AX - XL| / (n eps |A|), definite" } else { "|AX - XL| / (n eps |A|)" };
                limits.record(name, ratio::<T>(difference, n, a.norm()), &context);
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
    let mut limits = Limits::new(&[
        ("|AX - XL| / (n eps |A|)", 4.0),
        ("|AX - XL| / (n eps |A|), definite", 30.0), // all eigenvalues are about ‖A‖: the errors of a whole row add up in ‖·‖₁
        ("|I - X'X| / (n eps)", 4.0),
        ("sweeps", 20.0),
        ("steps / n", 3.0),
    ]);
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
    let half = libm::sqrt(0.5);
    assert!(x.iter().all(|x| (x.abs() - half).abs() < 1e-15) && x[(0, 0)] * x[(1, 0)] < 0.0, "{x:?}");
}

/// Rows go in groups of 16, 4 and 1, none of which may reach into the next column.
#[test]
fn columns_without_gaps_give_the_same_bits() {
    for n in [1, 2, 3, 7, 21, 23] {
        let half = matrix::<f64>("random", n, n, 1.0, 5);
        let mut a = Dense::<f64>::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
        let mut dense: Vec<f64> = (0..n * n).map(|p| a.at(p % n, p / n)).collect();
        let (mut values, mut x) = (std::vec![0.0; n], Dense::zeros(n, n));
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut()).unwrap();
        let (mut own, mut vectors) = (std::vec![0.0; n], std::vec![0.0; n * n]);
        let (a, v) = (MatMut::new(&mut dense, n, n).unwrap(), MatMut::new(&mut vectors, n, n).unwrap());
        symmetric_eigen_in_place(&Portable, a, &mut own, v).unwrap();
        assert_eq!(own, values);
        assert!((0..n * n).all(|p| vectors[p].to_bits() == x.at(p % n, p / n).to_bits()), "n = {n}");
    }
}

/// What is beside the diagonal counts as zero at ε² of the largest element, and not before.
#[test]
fn small_blocks_are_diagonalized() {
    for (size, expected) in [(1e-20, [-1e-20, 1e-20]), (1e-31, [-1e-31, 1e-31]), (2e-32, [0.0, 0.0])] {
        let mut a = Matrix::from_rows([[-1.0_f64, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, size, 0.0]]);
        let (mut values, mut x) = ([0.0; 3], Matrix::<f64, 3, 3>::zeros());
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut()).unwrap();
        assert_eq!(values[0], -1.0);
        assert!(values[1..].iter().zip(expected).all(|(x, y)| (x - y).abs() <= 1e-15 * y.abs()), "{values:?}");
    }
}

/// The numbers of sweeps and QL steps, which are the same on every platform: the tolerance that is documented is the one that is tested.
#[test]
fn iterations() {
    let count = |kind, n, shift: f64| {
        let half = matrix::<f64>(kind, n, n, 1.0, 1);
        let mut a = Dense::<f64>::from_fn(n, n, |i, j| half.at(i, j) + if i == j { shift } else { 0.0 });
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut std::vec![0.0; n], Dense::zeros(n, n).view_mut())
            .unwrap()
            .iterations
    };
    let sweeps =
        [count("identity", 10, 0.0), count("random", 2, 9.0), count("random", 10, 20.0), count("random", 50, 99.0)];
    assert_eq!(sweeps, [1, 2, 7, 8], "definite");
    let steps = [
        ("zero", 4, 0.0),
        ("identity", 10, -2.0),
        ("random", 0, 0.0),
        ("random", 2, 0.0),
        ("random", 10, 0.0),
        ("random", 50, 0.0),
    ];
    let steps = steps.map(|(kind, n, shift)| count(kind, n, shift));
    assert_eq!(steps, [0, 0, 1, 1, 22, 114], "not definite");
    // Steeply graded: the elements off the diagonal fall below ε max|A| long before they are small beside their own diagonal.
    let mut a = Dense::<f64>::from_fn(6, 6, |i, j| libm::pow(10.0, -((i + j) as f64)) * if i == j { 2.0 } else { 0.9 });
    let report =
        symmetric_eigen_in_place(&Portable, a.view_mut(), &mut [0.0; 6], Dense::zeros(6, 6).view_mut()).unwrap();
    assert_eq!(report.iterations, 4);
}

/// A pair of large elements off the diagonal before numbers whose squares underflow beside them, found by a property test: the rotations
/// of the tail must not keep the pair from converging.
#[test]
fn elements_of_any_range_converge() {
    for tiny in [1e-10, 1e-20, 1e-40, 1e-160, 1e-225, 1e-290, 0.0] {
        let element = |i: usize, j: usize| match (i, j) {
            (1, 0) => 1.0,
            (0, 0) => 0.0,
            _ => tiny * libm::sin((7 * i + 3 * j) as f64),
        };
        for scale in [1.0, 1e300] {
            let mut a = Dense::<f64>::from_fn(6, 6, |i, j| scale * element(i.max(j), i.min(j)));
            let (mut values, mut x) = ([0.0; 6], Dense::zeros(6, 6));
            let report = symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut()).unwrap();
            assert_eq!(report.status, SpectralStatus::Converged, "{tiny:e}");
            let error = (values[0] / scale + 1.0).abs() + (values[5] / scale - 1.0).abs();
            assert!(
                error < 1e-14 + 4.0 * tiny && values[1..5].iter().all(|x| x.abs() / scale <= 8.0 * tiny),
                "{values:?}"
            );
        }
    }
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
