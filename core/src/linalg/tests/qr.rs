//! ‖A − Q R‖ / (m ε ‖A‖), ‖I − QᵀQ‖ / (m ε), Q applied both ways, and the normal equations of least squares.

use super::*;
use crate::linalg::*;
use crate::{Backend, Error, Portable};

/// Around the borders of blocks and of strips of columns, the last ones of a single column or row.
const BLOCKED_SHAPES: [(usize, usize); 7] = [(32, 32), (33, 33), (48, 40), (40, 130), (65, 65), (120, 49), (90, 80)];

fn run<T: Real>(backend: &impl Backend<T>, shapes: &[(usize, usize)], limits: &mut Limits) {
    for &(m, n) in shapes {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                let k = m.min(n);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let (mut qr, mut tau) = (a.clone(), std::vec![T::ZERO; k]);
                qr_in_place(backend, qr.view_mut(), &mut tau).unwrap();
                let mut q = Dense::<T>::zeros(m, k);
                form_q(backend, qr.view(), &tau, q.view_mut()).unwrap();
                assert!(qr.gaps_untouched() && q.gaps_untouched());

                let difference =
                    norm_of(m, n, |i, j| a.at(i, j) - (0..k.min(j + 1)).map(|p| q.at(i, p) * qr.at(p, j)).sum::<f64>());
                limits.record("|A - QR| / (m eps |A|)", ratio::<T>(difference, m, a.norm()), &context);
                limits.record("|I - Q'Q| / (m eps)", orthogonality(&q, m), &context);

                // Qᵀ B and back, and the whole Q column by column.
                let numbers = Random::new(5).vector(m * 2);
                let b = Dense::<T>::from_fn(m, 2, |i, j| scale * numbers[i + j * m]);
                let mut c = b.clone();
                apply_qt_in_place(backend, qr.view(), &tau, c.view_mut()).unwrap();
                apply_q_in_place(backend, qr.view(), &tau, c.view_mut()).unwrap();
                let difference = norm_of(m, 2, |i, j| b.at(i, j) - c.at(i, j));
                limits.record("|QQ'b - b| / (m eps |b|)", ratio::<T>(difference, m, b.norm()), &context);

                let mut whole = Dense::<T>::zeros(m, m);
                form_q(backend, qr.view(), &tau, whole.view_mut()).unwrap();
                limits.record("|I - Q'Q| / (m eps)", orthogonality(&whole, m), &context);
                let mut unit = Dense::<T>::from_fn(m, m, |i, j| f64::from(u8::from(i == j)));
                apply_q_in_place(backend, qr.view(), &tau, unit.view_mut()).unwrap();
                let difference = norm_of(m, m, |i, j| whole.at(i, j) - unit.at(i, j));
                if backend.prefers_blocks() {
                    limits.record("|Q - QI| / (m eps)", ratio::<T>(difference, m, 1.0), &context);
                } else {
                    assert_eq!(difference, 0.0, "{context}");
                }
            }
        }
    }
}

fn orthogonality<T: Real>(q: &Dense<T>, m: usize) -> f64 {
    let difference = norm_of(q.cols, q.cols, |i, j| {
        let product: f64 = (0..q.rows).map(|p| q.at(p, i) * q.at(p, j)).sum();
        product - f64::from(u8::from(i == j))
    });
    ratio::<T>(difference, m, 1.0)
}

/// Full-rank kinds only: ‖Aᵀ(b − A x)‖ / (m ε ‖A‖ (‖A‖‖x‖ + ‖b‖)), all divided by the scale of A first.
fn run_least_squares<T: Real>(backend: &impl Backend<T>, limits: &mut Limits) {
    for (m, n) in [(1, 1), (5, 1), (3, 2), (3, 3), (10, 10), (50, 3), (50, 10), (50, 50), (200, 50), (3, 0), (0, 0)] {
        let kinds = ["random", "graded columns", "graded rows", "Kahan", "Laeuchli", "Hilbert", "upper triangular"];
        for (seed, kind) in kinds.into_iter().enumerate() {
            for scale in scales::<T>() {
                if m == n && kind == "Laeuchli" {
                    continue; // singular when square
                }
                let context = context(kind, m, n, scale, seed as u64);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let numbers = Random::new(6).vector(m * 2);
                let b = Dense::<T>::from_fn(m, 2, |i, j| scale * numbers[i + j * m]);
                let (mut qr, mut x, mut tau) = (a.clone(), b.clone(), std::vec![T::ZERO; n]);
                least_squares_in_place(backend, qr.view_mut(), &mut tau, x.view_mut()).unwrap();
                let a = |i: usize, j: usize| a.at(i, j) / scale;
                for column in 0..2 {
                    let residual: Vec<f64> = (0..m)
                        .map(|i| b.at(i, column) / scale - (0..n).map(|j| a(i, j) * x.at(j, column)).sum::<f64>())
                        .collect();
                    let normal = norm_of(n, 1, |j, _| (0..m).map(|i| a(i, j) * residual[i]).sum());
                    let a_norm = norm_of(m, n, a);
                    let b_norm = norm_of(m, 1, |i, _| b.at(i, column) / scale);
                    let x_norm = norm_of(n, 1, |j, _| x.at(j, column));
                    let size = a_norm * (a_norm * x_norm + b_norm);
                    limits.record("|A'(b - Ax)| / (m eps |A|(|A||x| + |b|))", ratio::<T>(normal, m, size), &context);
                    // The remaining rows of b hold the residual in the basis of Q.
                    let rest = (n..m).map(|i| (x.at(i, column) / scale).powi(2)).sum::<f64>().sqrt();
                    let length = residual.iter().map(|r| r * r).sum::<f64>().sqrt();
                    let ratio = ratio::<T>((rest - length).abs(), m, a_norm * x_norm + b_norm);
                    limits.record("residual norm", ratio, &context);
                }
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("|A - QR| / (m eps |A|)", 3.0),
        ("|I - Q'Q| / (m eps)", 3.0),
        ("|QQ'b - b| / (m eps |b|)", 3.0),
        ("|A'(b - Ax)| / (m eps |A|(|A||x| + |b|))", 4.0),
        ("residual norm", 2.0),
    ]);
    run::<f64>(&Portable, &SHAPES, &mut limits);
    run::<f32>(&Portable, &SHAPES, &mut limits);
    run_least_squares::<f64>(&Portable, &mut limits);
    run_least_squares::<f32>(&Portable, &mut limits);
    limits.finish();
}

#[test]
fn residual_ratios_in_blocks_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("|A - QR| / (m eps |A|)", 1.5),
        ("|I - Q'Q| / (m eps)", 3.0),
        ("|QQ'b - b| / (m eps |b|)", 0.5),
        ("|Q - QI| / (m eps)", 0.5),
        ("|A'(b - Ax)| / (m eps |A|(|A||x| + |b|))", 4.0),
        ("residual norm", 2.0),
    ]);
    run::<f64>(&Blocks, &BLOCKED_SHAPES, &mut limits);
    run::<f32>(&Blocks, &BLOCKED_SHAPES, &mut limits);
    run_least_squares::<f64>(&Blocks, &mut limits);
    run_least_squares::<f32>(&Blocks, &mut limits);
    limits.finish();
}

/// Below the threshold the bits are those of the method without blocks; above it R is the same, signs included, up to rounding,
/// and Q applied to many columns is what it is to each.
#[test]
fn blocks_agree_with_columns() {
    for (m, n) in [(31, 31), (200, 15), (15, 200), (32, 32), (100, 65)] {
        let a = matrix::<f64>("random", m, n, 1.0, 8);
        let k = m.min(n);
        let ([mut x, mut y], [mut tau, mut tau_y]) = ([a.clone(), a.clone()], [std::vec![0.0; k], std::vec![0.0; k]]);
        qr_in_place(&Portable, x.view_mut(), &mut tau).unwrap();
        qr_in_place(&Blocks, y.view_mut(), &mut tau_y).unwrap();
        let difference = norm_of(m, n, |i, j| x.at(i, j) - y.at(i, j));
        assert_eq!(difference == 0.0, k < 32, "{m} x {n}: {difference:e}");
        assert!(difference < 1e-12 && tau.iter().zip(&tau_y).all(|(x, y)| (x - y).abs() < 1e-13), "{difference:e}");
        let b = matrix::<f64>("random", m, 20, 1.0, 9);
        for product in [apply_qt_in_place, apply_q_in_place] {
            let [mut all, mut each] = [b.clone(), b.clone()];
            product(&Blocks, y.view(), &tau_y, all.view_mut()).unwrap();
            for j in 0..20 {
                product(&Blocks, y.view(), &tau_y, each.view_mut().columns(j, 1).unwrap()).unwrap();
            }
            let difference = norm_of(m, 20, |i, j| all.at(i, j) - each.at(i, j));
            assert!(difference < 1e-12, "{m} x {n}: {difference:e}");
            assert_eq!(difference == 0.0, k < 32, "{m} x {n}: {difference:e}");
        }
    }
}

/// Up to the norm that blocks ask for; beyond it the result is right or an error, never a wrong one.
#[test]
fn huge_elements_in_blocks() {
    for (scale, fits) in [(1e305, true), (1.79e308, false)] {
        let a = matrix::<f64>("random", 60, 40, scale, 3);
        let (mut qr, mut tau, mut q) = (a.clone(), [0.0; 40], Dense::zeros(60, 40));
        let outcome = qr_in_place(&Blocks, qr.view_mut(), &mut tau);
        if !fits {
            assert_eq!(outcome, Err(Error::NonFinite { what: "r" }));
            continue;
        }
        outcome.unwrap();
        form_q(&Blocks, qr.view(), &tau, q.view_mut()).unwrap();
        assert!(orthogonality(&q, 60) < 3.0);
        for j in 0..40 {
            for i in 0..60 {
                let sum: f64 = (0..=j).map(|p| q.at(i, p) * qr.at(p, j)).sum();
                assert!((a.at(i, j) - sum).abs() <= 1e-14 * scale);
            }
        }
    }
}

/// At the ends of the range: Q stays orthogonal, and A = Q R to the spacing of the numbers there.
#[test]
fn subnormal_and_huge_elements() {
    for scale in [5e-324, 1e-320, 1e-310, 1e-300, 1e306] {
        let a = matrix::<f64>("random", 7, 4, scale, 3);
        let (mut qr, mut tau, mut q) = (a.clone(), [0.0; 4], Dense::zeros(7, 4));
        qr_in_place(&Portable, qr.view_mut(), &mut tau).unwrap();
        form_q(&Portable, qr.view(), &tau, q.view_mut()).unwrap();
        assert!(orthogonality(&q, 7) < 3.0, "scale {scale:e}: {}", orthogonality(&q, 7));
        for j in 0..4 {
            for i in 0..7 {
                let sum: f64 = (0..=j).map(|p| q.at(i, p) * qr.at(p, j)).sum();
                assert!((a.at(i, j) - sum).abs() <= 1e-15 * scale + 1e-322, "scale {scale:e}");
            }
        }
    }
}

#[test]
fn an_exact_zero_on_the_diagonal_is_singular() {
    let mut a = matrix::<f64>("zero column", 5, 3, 1.0, 1); // column 1
    for i in 1..5 {
        a.view_mut().set(i, 0, 0.0); // so that the first reflection leaves column 1 exactly zero
    }
    let mut b = Dense::from_fn(5, 1, |_, _| 1.0);
    let result = least_squares_in_place(&Portable, a.view_mut(), &mut [0.0; 3], b.view_mut());
    assert_eq!(result, Err(Error::Singular { column: 1 }));
}

#[test]
fn misuse_is_an_error() {
    let numbers = Dense::<f64>::from_fn(4, 3, |i, j| (i * i + 2 * j) as f64);
    for bad in [f64::NAN, f64::INFINITY] {
        for (i, j) in [(0, 0), (3, 2), (0, 2)] {
            let mut a = numbers.clone();
            a.view_mut().set(i, j, bad);
            assert_eq!(qr_in_place(&Portable, a.view_mut(), &mut [0.0; 3]), Err(Error::NonFinite { what: "a" }));
        }
        let mut b = Dense::from_fn(4, 1, |_, _| bad);
        let result = least_squares_in_place(&Portable, numbers.clone().view_mut(), &mut [0.0; 3], b.view_mut());
        assert_eq!(result, Err(Error::NonFinite { what: "b" }));
    }
    let mut a = numbers.clone();
    for len in [2, 4] {
        let mut tau = std::vec![0.0; len];
        let error = Err(Error::Length { what: "tau", expected: 3, found: len });
        assert_eq!(qr_in_place(&Portable, a.view_mut(), &mut tau), error);
        assert_eq!(apply_q_in_place(&Portable, numbers.view(), &tau, Dense::zeros(4, 1).view_mut()), error);
        assert_eq!(form_q(&Portable, numbers.view(), &tau, Dense::zeros(4, 3).view_mut()), error);
    }
    let tau = [0.0; 3];
    let shape = |found| Err(Error::Shape { what: "b", expected: (4, 1), found });
    assert_eq!(apply_qt_in_place(&Portable, numbers.view(), &tau, Dense::zeros(3, 1).view_mut()), shape((3, 1)));
    assert!(matches!(form_q(&Portable, numbers.view(), &tau, Dense::zeros(4, 5).view_mut()), Err(Error::Shape { .. })));
    let rows = numbers.view().transpose();
    assert!(apply_q_in_place(&Portable, rows, &tau, Dense::zeros(3, 1).view_mut()).is_err());
    let mut wide = Dense::<f64>::zeros(2, 3);
    let result = least_squares_in_place(&Portable, wide.view_mut(), &mut [0.0; 2], Dense::zeros(2, 1).view_mut());
    assert_eq!(result, Err(Error::Shape { what: "a", expected: (3, 3), found: (2, 3) }));
}

/// A column at the upper end of the range, where α + sign(α) ‖x‖ overflows: with units of 2^1021, x = (4, 3) has β = −5, v₂ = ⅓, τ = 9/5.
#[test]
fn the_reflector_at_the_end_of_the_range() {
    let unit = libm::scalbn(1.0, 1021);
    let mut a = Dense::<f64>::from_fn(2, 1, |i, _| [4.0 * unit, 3.0 * unit][i]);
    let mut tau = [0.0];
    qr_in_place(&Portable, a.view_mut(), &mut tau).unwrap();
    let found = [a.at(0, 0) / unit, a.at(1, 0), tau[0]];
    for (found, expected) in found.into_iter().zip([-5.0, 1.0 / 3.0, 1.8]) {
        assert!((found / expected - 1.0).abs() < 4.0 * f64::EPSILON, "{found}, not {expected}");
    }
}
