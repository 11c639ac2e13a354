//! ‖L Lᵀ − (A ± x xᵀ)‖ / (n ε ‖A‖), the pivot of a failing downdate, inverse and determinant.

use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

fn grade(kind: &str, i: usize, n: usize) -> f64 {
    if kind == "graded" { libm::pow(10.0, -5.0 * i as f64 / n as f64) } else { 1.0 }
}

/// A = G Gᵀ + I for random G, or graded by D on both sides, times `scale`; its factor with NaN above the diagonal.
fn definite<T: Real>(kind: &str, n: usize, scale: f64, seed: u64) -> (Dense<f64>, Dense<T>) {
    let g = matrix::<f64>("random", n, n, 1.0, seed);
    let grade = |i: usize| grade(kind, i, n);
    let element = |i: usize, j: usize| match kind {
        "Hilbert" => 1.0 / (i + j + 1) as f64 + if i == j { 1e-4 } else { 0.0 },
        _ => {
            let gram: f64 = (0..n).map(|k| g.at(i, k) * g.at(j, k)).sum();
            (gram + f64::from(u8::from(i == j))) * grade(i) * grade(j)
        }
    };
    let a = Dense::<T>::from_fn(n, n, |i, j| scale * element(i.max(j), i.min(j)));
    let mut l = Dense::<T>::from_fn(n, n, |i, j| if i >= j { a.at(i, j) } else { f64::NAN });
    cholesky_in_place(&Portable, l.view_mut()).unwrap();
    (Dense::from_fn(n, n, |i, j| a.at(i, j)), l)
}

fn residual<T: Real>(l: &Dense<T>, a: impl Fn(usize, usize) -> f64, norm: f64) -> f64 {
    let n = l.rows;
    assert!(l.gaps_untouched() && (0..n).all(|j| (0..j).all(|i| l.at(i, j).is_nan())));
    let difference = norm_of(n, n, |i, j| a(i, j) - (0..=i.min(j)).map(|k| l.at(i, k) * l.at(j, k)).sum::<f64>());
    ratio::<T>(difference, n, norm)
}

fn run<T: Real>(limits: &mut Limits) {
    for n in [0, 1, 2, 3, 5, 10, 33, 50, 100] {
        for scale in scales::<T>() {
            for (seed, kind) in ["Gram", "graded", "Hilbert"].into_iter().enumerate() {
                let context = context(kind, n, n, scale, seed as u64);
                let (a, mut l) = definite::<T>(kind, n, scale, seed as u64);
                let numbers = Random::new(2).vector(n);
                let x: Vec<T> = (0..n).map(|i| T::from_f64(scale.sqrt() * numbers[i] * grade(kind, i, n))).collect();
                let plus = |i: usize, j: usize| a.at(i, j) + x[i].value() * x[j].value();
                let norm = norm_of(n, n, plus);
                cholesky_update_in_place(l.view_mut(), &mut x.clone()).unwrap();
                limits.record("update: |LL' - A - xx'| / (n eps |A + xx'|)", residual(&l, plus, norm), &context);
                let mut work = std::vec![T::from_f64(f64::NAN); cholesky_downdate_work_len(n)];
                cholesky_downdate_in_place(&Portable, l.view_mut(), &mut x.clone(), &mut work)
                    .unwrap_or_else(|error| panic!("{error}: {context}"));
                let ratio_down = residual(&l, |i, j| a.at(i, j), norm);
                limits.record("downdate: |LL' - A| / (n eps |A + xx'|)", ratio_down, &context);

                // A A⁻¹ = I, both over the scale, and ln det A by the eigenvalues.
                let (a, mut inverse) = definite::<T>(kind, n, scale, seed as u64);
                let found = cholesky_log_determinant(inverse.view()).unwrap().value();
                cholesky_inverse_in_place(&Portable, inverse.view_mut()).unwrap();
                assert!(inverse.gaps_untouched() && (0..n).all(|j| (0..j).all(|i| inverse.at(i, j).is_nan())));
                let b = |i: usize, j: usize| inverse.at(i.max(j), i.min(j)) * scale;
                let difference = norm_of(n, n, |i, j| {
                    (0..n).map(|k| a.at(i, k) / scale * b(k, j)).sum::<f64>() - f64::from(u8::from(i == j))
                });
                let size = a.norm() / scale * norm_of(n, n, b);
                limits.record("|A inv(A) - I| / (n eps |A||inv(A)|)", ratio::<T>(difference, n, size), &context);
                let (mut work, mut values) = (a.clone(), std::vec![0.0; n]);
                let mut vectors = Dense::<f64>::zeros(n, n);
                symmetric_eigen_in_place(&Portable, work.view_mut(), &mut values, vectors.view_mut()).unwrap();
                let expected: f64 = values.iter().map(|&x| libm::log(x)).sum();
                // Relative errors of ε κ in an eigenvalue are absolute ones of its logarithm.
                let size = values.last().map_or(1.0, |last| last / values[0])
                    + values.iter().map(|x| libm::log(*x).abs()).sum::<f64>();
                limits.record("log determinant", ratio::<T>((found - expected).abs(), n, size), &context);
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("update: |LL' - A - xx'| / (n eps |A + xx'|)", 3.0),
        ("downdate: |LL' - A| / (n eps |A + xx'|)", 3.0),
        ("|A inv(A) - I| / (n eps |A||inv(A)|)", 3.0),
        ("log determinant", 2.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

#[test]
fn a_factor_from_nothing_but_updates() {
    let mut l = Dense::<f64>::zeros(3, 3);
    for x in [[1.0, 2.0, 2.0], [0.0, 3.0, 4.0], [0.0, 0.0, -5.0]] {
        cholesky_update_in_place(l.view_mut(), &mut x.clone()).unwrap();
    }
    let exact = [[1.0, 2.0, 2.0], [0.0, 3.0, 4.0], [0.0, 0.0, 5.0]];
    assert!((0..3).all(|j| (j..3).all(|i| (l.at(i, j) - exact[j][i]).abs() < 1e-14)));
    assert!((cholesky_log_determinant(l.view()).unwrap() - 2.0 * libm::log(15.0)).abs() < 1e-14);
    assert_eq!(cholesky_log_determinant(Dense::<f32>::zeros(0, 0).view()), Ok(0.0));
}

#[test]
fn a_downdate_that_fails_names_the_pivot_and_leaves_the_factor() {
    for n in [1, 2, 5, 40] {
        for bad in [0, n / 2, n - 1] {
            for t in [2.0, 3.0, 1e200] {
                let mut l = Dense::<f64>::from_fn(n, n, |i, j| if i == j { 2.0 } else { 0.0 });
                let mut x = std::vec![0.0; n];
                x[bad] = t;
                let result = cholesky_downdate_in_place(&Portable, l.view_mut(), &mut x, &mut std::vec![0.0; n]);
                assert_eq!(result, Err(Error::NotPositiveDefinite { pivot: bad }), "n = {n}, t = {t}");
                assert!((0..n).all(|j| l.at(j, j) == 2.0));
            }
        }
    }
}

/// The diagonal d² + x² = (5/3 d)² for x = 4/3 d, at the ends of the range; 1/d² overflows in the inverse.
#[test]
fn subnormal_and_huge_factors() {
    for d in [3e-320, 3e-300, 3e300] {
        let mut l = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { d } else { 0.0 });
        let x = [4.0 * (d / 3.0), 0.0];
        cholesky_update_in_place(l.view_mut(), &mut x.clone()).unwrap();
        assert!((l.at(0, 0) / 5.0 - d / 3.0).abs() <= 1e-15 * d + 1e-323, "{d:e}");
        cholesky_downdate_in_place(&Portable, l.view_mut(), &mut x.clone(), &mut [0.0; 2]).unwrap();
        assert!((l.at(0, 0) - d).abs() <= 1e-15 * d + 1e-322, "{d:e}: {:e}", l.at(0, 0));
        let expected = if d < 1.0 { Err(Error::NonFinite { what: "inverse" }) } else { Ok(()) };
        assert_eq!(cholesky_inverse_in_place(&Portable, l.view_mut()), expected);
    }
    let mut l = Dense::<f64>::from_fn(1, 1, |_, _| f64::MAX);
    assert_eq!(cholesky_update_in_place(l.view_mut(), &mut [f64::MAX]), Err(Error::NonFinite { what: "l" }));
}

#[test]
fn misuse_is_an_error() {
    let unit = Dense::<f64>::from_fn(3, 3, |i, j| if i < j { f64::NAN } else { 1.0 });
    let mut l = unit.clone();
    let length = Err(Error::Length { what: "x", expected: 3, found: 2 });
    assert_eq!(cholesky_update_in_place(l.view_mut(), &mut [0.0; 2]), length);
    assert_eq!(cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0; 2], &mut [0.0; 3]), length);
    let short = Err(Error::Workspace { what: "work", needed: 3, found: 2 });
    assert_eq!(cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0; 3], &mut [0.0; 2]), short);
    assert_eq!(cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0; 3], &mut [0.0; 3]), Ok(()));
    for bad in [f64::NAN, f64::INFINITY] {
        let error = Err(Error::NonFinite { what: "x" });
        assert_eq!(cholesky_update_in_place(l.view_mut(), &mut [0.0, bad, 0.0]), error);
        assert_eq!(cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0, bad, 0.0], &mut [0.0; 3]), error);
    }
    l.view_mut().set(2, 1, f64::NAN);
    assert_eq!(cholesky_update_in_place(l.view_mut(), &mut [0.0; 3]), Err(Error::NonFinite { what: "l" }));
    let mut l = unit.clone();
    l.view_mut().set(1, 1, 0.0);
    let singular = Error::Singular { column: 1 };
    let result = cholesky_downdate_in_place(&Portable, l.view_mut(), &mut [0.0; 3], &mut [0.0; 3]);
    assert_eq!(result, Err(singular));
    assert_eq!(cholesky_log_determinant(l.view()), Err(singular));
    assert_eq!(cholesky_inverse_in_place(&Portable, l.view_mut()), Err(singular));
    let mut wide = Dense::<f64>::zeros(2, 3);
    assert!(matches!(cholesky_inverse_in_place(&Portable, wide.view_mut()), Err(Error::Shape { .. })));
    assert!(matches!(cholesky_log_determinant(wide.view()), Err(Error::Shape { .. })));
    assert!(matches!(cholesky_update_in_place(wide.view_mut(), &mut [0.0; 2]), Err(Error::Shape { .. })));
}
