//! ‖Pᵀ A P − L D Lᵀ‖ / (n ε ‖A‖), rank, solution of consistent systems, and what is refused.

use super::cholesky::kahan;
use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

/// G Gᵀ with G n × r, graded or not, of rank r, times `scale`.
fn semidefinite<T: Real>(kind: &str, n: usize, r: usize, scale: f64, seed: u64) -> Dense<T> {
    let g = matrix::<f64>("random", n, r, 1.0, seed);
    let grade = |i: usize| if kind == "graded" { libm::pow(10.0, -2.0 * i as f64 / n as f64) } else { 1.0 };
    Dense::from_fn(n, n, |i, j| {
        scale
            * match kind {
                "Hilbert" => 1.0 / (i + j + 1) as f64,
                "Kahan" => kahan(i, j),
                "ones" => 1.0,
                "zero" => 0.0,
                _ => grade(i) * grade(j) * (0..r).map(|k| g.at(i, k) * g.at(j, k)).sum::<f64>(),
            }
    })
}

fn lower<T: Real>(a: &Dense<T>) -> Dense<T> {
    Dense::from_fn(a.rows, a.cols, |i, j| if i >= j { a.at(i, j) } else { f64::NAN })
}

fn run<T: Real>(limits: &mut Limits) {
    for n in [0, 1, 2, 3, 5, 10, 50, 100] {
        for r in [1, n / 2, n] {
            for scale in scales::<T>() {
                for (seed, kind) in ["random", "graded", "Hilbert", "Kahan", "ones", "zero"].into_iter().enumerate() {
                    if kind == "Kahan" && n > 10 && T::EPSILON.value() > 1e-10 {
                        continue; // see the test below
                    }
                    let context = context(kind, n, r, scale, seed as u64);
                    let a = semidefinite::<T>(kind, n, r.min(n), scale, seed as u64);
                    let (mut ld, mut permutation) = (lower(&a), std::vec![usize::MAX; n]);
                    let rank = ldlt_in_place(&Portable, ld.view_mut(), &mut permutation, rank_tolerance(n, n))
                        .unwrap_or_else(|error| panic!("{error}: {context}"));
                    assert!(ld.gaps_untouched() && (0..n).all(|j| (0..j).all(|i| ld.at(i, j).is_nan())));
                    match kind {
                        "zero" => assert_eq!(rank, 0, "{context}"),
                        "ones" => assert_eq!(rank, n.min(1), "{context}"),
                        "random" => assert_eq!(rank, r.min(n), "{context}"),
                        _ => assert!(rank <= n),
                    }
                    let unit = |i: usize, k: usize| if i == k { 1.0 } else { ld.at(i, k) };
                    assert!(
                        (0..rank).all(|k| ld.at(k, k) > 0.0 && (k..n).all(|i| unit(i, k).abs() < 1.001)),
                        "{context}"
                    );
                    assert!((1..rank).all(|k| ld.at(k, k) <= ld.at(k - 1, k - 1) * 1.001), "{context}");
                    assert!((rank..n).all(|k| (k..n).all(|i| ld.at(i, k) == 0.0)), "{context}");
                    let difference = norm_of(n, n, |i, j| {
                        let terms = (0..rank.min(i.min(j) + 1)).map(|k| unit(i, k) * ld.at(k, k) * unit(j, k));
                        a.at(permutation[i], permutation[j]) - terms.sum::<f64>()
                    });
                    limits.record("|P'AP - LDL'| / (n eps |A|)", ratio::<T>(difference, n, a.norm()), &context);

                    // b in the range: A times something.
                    let z = Random::new(6).vector(n);
                    let b = Dense::<T>::from_fn(n, 1, |i, _| (0..n).map(|j| a.at(i, j) * z[j]).sum());
                    let mut x = b.clone();
                    let mut work = std::vec![T::from_f64(f64::NAN); ldlt_solve_work_len(n)];
                    ldlt_solve_in_place(&Portable, ld.view(), &permutation, rank, x.view_mut(), &mut work).unwrap();
                    let residual =
                        norm_of(n, 1, |i, _| b.at(i, 0) - (0..n).map(|j| a.at(i, j) * x.at(j, 0)).sum::<f64>());
                    let size = a.norm() * (norm_of(n, 1, |i, _| x.at(i, 0)) + norm_of(n, 1, |i, _| z[i]));
                    limits.record("|b - Ax| / (n eps |A|(|x| + |z|))", ratio::<T>(residual, n, size), &context);
                }
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[("|P'AP - LDL'| / (n eps |A|)", 3.0), ("|b - Ax| / (n eps |A|(|x| + |z|))", 1.0)]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

#[test]
fn an_indefinite_matrix_is_refused_with_one_of_its_rows() {
    let refused = |rows: [[f64; 3]; 3]| {
        let mut a = Dense::<f64>::from_fn(3, 3, |i, j| rows[i][j]);
        ldlt_in_place(&Portable, a.view_mut(), &mut [0; 3], rank_tolerance(3, 3))
    };
    let error = |pivot| Err(Error::NotPositiveDefinite { pivot });
    assert_eq!(refused([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 2.0]]), error(1));
    assert_eq!(refused([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), error(1));
    // Nothing but zeros on the diagonal, but not below it.
    assert_eq!(refused([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1e-300, 0.0]]), error(2));
    assert_eq!(refused([[4.0, 0.0, 0.0], [2.0, 1.0, 0.0], [2.0, 1.1, 1.0]]), error(2));
    assert_eq!(refused([[4.0, 0.0, 0.0], [2.0, 1.0, 0.0], [2.0, 1.0, 1.0]]), Ok(1));
    assert_eq!(refused([[1e-200, 0.0, 0.0], [1e300, 1e-200, 0.0], [0.0, 0.0, 0.0]]), error(1));
}

#[test]
fn the_tolerance_decides_the_rank() {
    for (tolerance, expected) in [(0.0, 4), (0.9e-3, 4), (1.1e-3, 3), (0.5, 1)] {
        let mut a = Dense::<f64>::from_fn(4, 4, |i, j| if i == j { libm::pow(10.0, i as f64 - 3.0) } else { 0.0 });
        let mut permutation = [0; 4];
        assert_eq!(ldlt_in_place(&Portable, a.view_mut(), &mut permutation, tolerance), Ok(expected), "{tolerance}");
        assert_eq!(permutation[..expected], [3, 2, 1, 0][..expected]);
    }
    for tolerance in [-1e-9, 1.0, f64::NAN] {
        let result = ldlt_in_place(&Portable, Dense::zeros(1, 1).view_mut(), &mut [0], tolerance);
        assert_eq!(result, Err(Error::InvalidOption { what: "0 <= tolerance < 1" }));
    }
}

#[test]
fn subnormal_and_huge_elements() {
    for d in [1e-322, 1e-310, 1e-200, 1e200, 4e307] {
        let mut a = Dense::<f64>::from_fn(3, 3, |i, j| if i == j { 4.0 * d } else { 2.0 * d });
        assert_eq!(ldlt_in_place(&Portable, a.view_mut(), &mut [0; 3], rank_tolerance(3, 3)), Ok(3), "{d:e}");
        assert!((a.at(0, 0), a.at(1, 0)) == (4.0 * d, 0.5) && (a.at(1, 1) - 3.0 * d).abs() <= 1e-15 * d, "{d:e}");
    }
}

#[test]
fn misuse_is_an_error() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut a = Dense::<f64>::from_fn(3, 3, |i, j| if (i, j) == (2, 1) { bad } else { 1.0 });
        let result = ldlt_in_place(&Portable, a.view_mut(), &mut [7; 3], 0.0);
        assert_eq!(result, Err(Error::NonFinite { what: "a" }));
    }
    let mut unit = Dense::<f64>::from_fn(3, 3, |i, j| f64::from(u8::from(i == j)));
    let result = ldlt_in_place(&Portable, unit.view_mut(), &mut [7; 2], 0.0);
    assert_eq!(result, Err(Error::Length { what: "permutation", expected: 3, found: 2 }));
    let result = ldlt_in_place(&Portable, Dense::<f64>::zeros(2, 3).view_mut(), &mut [7; 2], 0.0);
    assert_eq!(result, Err(Error::Shape { what: "a", expected: (2, 2), found: (2, 3) }));
    let solve = |permutation: &[usize], rank, rows, work: usize, value: f64| {
        let mut b = Dense::<f64>::from_fn(rows, 1, |_, _| value);
        ldlt_solve_in_place(&Portable, unit.view(), permutation, rank, b.view_mut(), &mut std::vec![0.0; work])
    };
    assert_eq!(solve(&[0, 1, 2], 3, 3, 3, 1.0), Ok(()));
    assert_eq!(solve(&[0, 1, 2], 3, 3, 2, 1.0), Err(Error::Workspace { what: "work", needed: 3, found: 2 }));
    assert_eq!(solve(&[0, 1, 2], 4, 3, 3, 1.0), Err(Error::InvalidOption { what: "rank <= min(m, n)" }));
    assert_eq!(solve(&[0, 1, 3], 3, 3, 3, 1.0), Err(Error::InvalidOption { what: "permutation[j] < n" }));
    assert_eq!(solve(&[0, 1], 3, 3, 3, 1.0), Err(Error::Length { what: "permutation", expected: 3, found: 2 }));
    assert_eq!(solve(&[0, 1, 2], 3, 2, 3, 1.0), Err(Error::Shape { what: "b", expected: (3, 1), found: (2, 1) }));
    assert_eq!(solve(&[0, 1, 2], 3, 3, 3, f64::NAN), Err(Error::NonFinite { what: "b" }));
}

/// Kahan's matrix K is the worst case of the error bound, which grows as 4ⁿ. In single precision A = KᵀK of order 50 is refused,
/// not factored wrongly.
#[test]
fn kahans_matrix_of_high_order_is_refused() {
    let mut a = Dense::<f32>::from_fn(50, 50, kahan);
    let result = ldlt_in_place(&Portable, a.view_mut(), &mut [0; 50], rank_tolerance(50, 50));
    assert!(matches!(result, Err(Error::NotPositiveDefinite { .. })), "{result:?}");
}
