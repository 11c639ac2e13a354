//! The four conditions of Penrose for A⁺, least squares of minimum norm, rank and condition.

use super::qr_pivoted::normal_equations;
use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

/// U, Σ, V of A, also of a wide one.
pub fn decompose_any<T: Real>(a: &Dense<T>) -> (Dense<T>, Vec<T>, Dense<T>) {
    let wide = a.rows < a.cols;
    let mut u = if wide { Dense::zeros(a.cols, a.rows) } else { a.clone() };
    if wide {
        u.view_mut().copy_from(a.view().transpose()).unwrap();
    }
    let k = u.cols;
    let (mut s, mut v) = (std::vec![T::ZERO; k], Dense::zeros(k, k));
    svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut()).unwrap();
    if wide { (v, s, u) } else { (u, s, v) }
}

/// The solution of minimum norm for the first rows of `b`.
pub fn solution<T: Real>(a: &Dense<T>, b: &Dense<T>) -> Dense<T> {
    let (u, s, v) = decompose_any(a);
    let rank = svd_rank(&s, rank_tolerance(a.rows, a.cols)).unwrap();
    let mut x = Dense::from_fn(a.cols, b.cols, |_, _| f64::NAN);
    let b = b.view().block(0, 0, a.rows, b.cols).unwrap();
    svd_solve(&Portable, u.view(), &s, v.view(), rank, b, x.view_mut()).unwrap();
    assert!(x.gaps_untouched());
    x
}

fn run<T: Real>(limits: &mut Limits) {
    for (m, n) in SHAPES {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let (u, s, v) = decompose_any(&a);
                let rank = svd_rank(&s, rank_tolerance(m, n)).unwrap();
                let mut inverse = Dense::from_fn(n, m, |_, _| f64::NAN);
                svd_pseudo_inverse(&Portable, u.view(), &s, v.view(), rank, inverse.view_mut()).unwrap();
                assert!(inverse.gaps_untouched());

                // X A X = X and the symmetry of A X and X A, for unit scale; errors of ε κ in A X.
                let a_at = |i: usize, j: usize| a.at(i, j) / scale;
                let x_at = |i: usize, j: usize| inverse.at(i, j) * scale;
                let ax = Dense::<f64>::from_fn(m, m, |i, j| (0..n).map(|p| a_at(i, p) * x_at(p, j)).sum());
                let xa = Dense::<f64>::from_fn(n, n, |i, j| (0..m).map(|p| x_at(i, p) * a_at(p, j)).sum());
                let (a_norm, x_norm) = (norm_of(m, n, a_at), norm_of(n, m, x_at));
                let size = m.max(n);
                let product = a_norm * x_norm;
                let skew = norm_of(m, m, |i, j| ax.at(i, j) - ax.at(j, i));
                limits.record("|AX - (AX)'| / (size eps |A||X|)", ratio::<T>(skew, size, product), &context);
                let skew = norm_of(n, n, |i, j| xa.at(i, j) - xa.at(j, i));
                limits.record("|XA - (XA)'| / (size eps |A||X|)", ratio::<T>(skew, size, product), &context);
                let difference =
                    norm_of(n, m, |i, j| x_at(i, j) - (0..n).map(|p| xa.at(i, p) * x_at(p, j)).sum::<f64>());
                limits.record(
                    "|X - XAX| / (size eps |A||X|^2)",
                    ratio::<T>(difference, size, product * x_norm),
                    &context,
                );
                let difference =
                    norm_of(m, n, |i, j| a_at(i, j) - (0..m).map(|p| ax.at(i, p) * a_at(p, j)).sum::<f64>());
                // What was cut off, at most tolerance · σ₀, is in here.
                limits.record(
                    "|A - AXA| / (size eps |A|^2|X|)",
                    ratio::<T>(difference, size, a_norm * product),
                    &context,
                );

                if matches!(kind, "random" | "rank deficient" | "ones" | "zero column") && m > 0 {
                    let numbers = Random::new(8).vector(m);
                    let b = Dense::<T>::from_fn(m, 1, |i, _| scale * numbers[i]);
                    let ratio = normal_equations(&a, &b, &solution(&a, &b), 0, scale);
                    limits.record("|A'(b - Ax)| / (max(m, n) eps |A|(|A||x| + |b|))", ratio, &context);
                }
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("|AX - (AX)'| / (size eps |A||X|)", 3.0),
        ("|XA - (XA)'| / (size eps |A||X|)", 3.0),
        ("|X - XAX| / (size eps |A||X|^2)", 3.0),
        ("|A - AXA| / (size eps |A|^2|X|)", 3.0),
        ("|A'(b - Ax)| / (max(m, n) eps |A|(|A||x| + |b|))", 3.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

#[test]
fn rank_and_condition_follow_the_tolerance_and_the_ends() {
    let s = [8.0, 2.0, 1e-3, 0.0];
    for (tolerance, rank) in [(0.0, 3), (1e-4, 3), (1.3e-4, 2), (0.3, 1)] {
        assert_eq!(svd_rank(&s, tolerance), Ok(rank), "{tolerance}");
    }
    assert_eq!(svd_rank(&s, -1.0), Err(Error::InvalidOption { what: "0 <= tolerance < 1" }));
    assert_eq!((svd_rank::<f32>(&[], 0.1), svd_rank(&[0.0_f32; 2], 0.0)), (Ok(0), Ok(0)));
    assert_eq!((svd_condition(&s), svd_condition(&s[..3]), svd_condition(&s[..2])), (f64::INFINITY, 8000.0, 4.0));
    assert_eq!((svd_condition::<f64>(&[]), svd_condition(&[0.0_f32])), (1.0, f32::INFINITY));
    // Hilbert's matrix of order 5: 476607.2502422… (Higham 2002, table 28.1 gives 4.8e5).
    let hilbert = matrix::<f64>("Hilbert", 5, 5, 1.0, 0);
    let condition = svd_condition(&decompose_any(&hilbert).1);
    assert!((condition / 476_607.250_242 - 1.0).abs() < 1e-9, "{condition}");
}

#[test]
fn a_smaller_rank_than_the_default_truncates() {
    let a = Dense::<f64>::from_fn(3, 2, |i, j| if i == j { [1.0, 0.125][i] } else { 0.0 });
    let (u, s, v) = decompose_any(&a);
    for (rank, expected) in [(0, [0.0, 0.0]), (1, [1.0, 0.0]), (2, [1.0, 8.0])] {
        let b = Dense::<f64>::from_fn(3, 1, |_, _| 1.0);
        let mut x = Dense::zeros(2, 1);
        svd_solve(&Portable, u.view(), &s, v.view(), rank, b.view(), x.view_mut()).unwrap();
        assert_eq!([x.at(0, 0), x.at(1, 0)], expected);
    }
}

#[test]
fn misuse_is_an_error() {
    let (u, s, v) = decompose_any(&matrix::<f64>("random", 4, 3, 1.0, 1));
    let solve = |u: MatRef<'_, f64>, s: &[f64], rank, b: f64, shape: (usize, usize)| {
        let (b, mut x) = (Dense::<f64>::from_fn(4, 1, |_, _| b), Dense::zeros(shape.0, shape.1));
        svd_solve(&Portable, u, s, v.view(), rank, b.view(), x.view_mut())
    };
    assert_eq!(solve(u.view(), &s, 3, 1.0, (3, 1)), Ok(()));
    assert_eq!(solve(u.view(), &s, 4, 1.0, (3, 1)), Err(Error::InvalidOption { what: "rank <= min(m, n)" }));
    let short = Err(Error::Length { what: "s", expected: 3, found: 2 });
    assert_eq!(solve(u.view(), &s[..2], 2, 1.0, (3, 1)), short);
    assert_eq!(solve(u.view(), &s, 3, f64::INFINITY, (3, 1)), Err(Error::NonFinite { what: "b" }));
    let shape = Err(Error::Shape { what: "x", expected: (3, 1), found: (3, 2) });
    assert_eq!(solve(u.view(), &s, 3, 1.0, (3, 2)), shape);
    assert_eq!(solve(u.view(), &[1.0, 0.0, 0.0], 2, 1.0, (3, 1)), Err(Error::Singular { column: 1 }));
    assert_eq!(solve(u.view(), &[1.0, 1e-320, 0.0], 2, 1.0, (3, 1)), Err(Error::NonFinite { what: "x" }));
    let turned = Dense::<f64>::zeros(3, 4);
    let result = solve(turned.view().transpose(), &s, 3, 1.0, (3, 1));
    assert_eq!(result, Err(Error::InvalidOption { what: "columns are contiguous" }));
    let mut inverse = Dense::<f64>::zeros(4, 3);
    let result = svd_pseudo_inverse(&Portable, u.view(), &s, v.view(), 3, inverse.view_mut());
    assert_eq!(result, Err(Error::Shape { what: "inverse", expected: (3, 4), found: (4, 3) }));
}
