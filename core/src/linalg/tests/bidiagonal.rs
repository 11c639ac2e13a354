//! ‖A − Q B Vᵀ‖ / (m ε ‖A‖), ‖I − VᵀV‖ / (n ε), and residuals of systems with BᵀB + σI in units of their condition.

use super::*;
use crate::linalg::bidiagonal::*;
use crate::linalg::form_q;
use crate::{Error, Portable};

fn run<T: Real>(limits: &mut Limits) {
    for (m, n) in SHAPES.into_iter().filter(|(m, n)| m >= n) {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let mut factored = a.clone();
                let mut vectors = std::vec![T::from_f64(f64::NAN); 4 * n];
                let mut work = std::vec![T::from_f64(f64::NAN); bidiagonal_work_len(m, n)];
                let mut parts = vectors.chunks_mut(n.max(1));
                let [d, e, left, right] = core::array::from_fn(|_| parts.next().unwrap_or_default());
                let outputs = [&mut *d, &mut *e, &mut *left, &mut *right];
                bidiagonalize_in_place(&Portable, factored.view_mut(), outputs, &mut work).unwrap();
                let (mut q, mut v) = (Dense::<T>::zeros(m, n), Dense::<T>::zeros(n, n));
                form_q(&Portable, factored.view(), left, q.view_mut()).unwrap();
                form_right_factor(&Portable, factored.view(), right, v.view_mut(), &mut work).unwrap();
                assert!(factored.gaps_untouched() && v.gaps_untouched());
                assert!(e.last().is_none_or(|e| e.value() == 0.0));

                let product = |i: usize, j: usize| -> f64 {
                    let row = |p: usize| {
                        let superdiagonal = if p + 1 < n { e[p].value() * v.at(j, p + 1) } else { 0.0 };
                        q.at(i, p) * (d[p].value() * v.at(j, p) + superdiagonal)
                    };
                    (0..n).map(row).sum()
                };
                let difference = norm_of(m, n, |i, j| a.at(i, j) - product(i, j));
                limits.record("|A - QBV'| / (m eps |A|)", ratio::<T>(difference, m, a.norm()), &context);
                let difference = norm_of(n, n, |i, j| {
                    (0..n).map(|p| v.at(p, i) * v.at(p, j)).sum::<f64>() - f64::from(u8::from(i == j))
                });
                limits.record("|I - V'V| / (n eps)", ratio::<T>(difference, n, 1.0), &context);
                if scale == 1.0 {
                    shifted::<T>([d, e], a.norm(), limits, &context);
                }
            }
        }
    }
}

/// ‖X (BᵀB + σI) − Y‖ / (n ε κ ‖Y‖), κ = 1 + ‖B‖²/σ: what a solution as accurate as the condition allows leaves.
fn shifted<T: Real>([d, e]: [&[T]; 2], norm: f64, limits: &mut Limits, context: &str) {
    let n = d.len();
    let y: Vec<f64> = Random::new(3).vector(2 * n);
    for relative in [1e-6, 1e-3, 1.0] {
        let sigma = T::from_f64(relative * if norm > 0.0 { norm * norm } else { 1.0 });
        let (mut lower, mut inverse) = (std::vec![T::ZERO; n], std::vec![T::ZERO; n]);
        factor_shifted([d, e], sigma, [&mut lower, &mut inverse]);
        let mut x: Vec<T> = y.iter().map(|&y| T::from_f64(y)).collect();
        solve_shifted(&Portable, [&lower, &inverse], 2, &mut x).unwrap();
        let at = |i: usize, j: usize| x[2 * j + i].value();
        let (d, e) = (|j: usize| d[j].value(), |j: usize| e[j].value());
        let difference = norm_of(2, n, |i, j| {
            let before = if j > 0 { e(j - 1) } else { 0.0 };
            let mut sum =
                (d(j) * d(j) + before * before + sigma.value()) * at(i, j) - T::from_f64(y[2 * j + i]).value();
            if j > 0 {
                sum += d(j - 1) * before * at(i, j - 1);
            }
            if j + 1 < n {
                sum += d(j) * e(j) * at(i, j + 1);
            }
            sum
        });
        let size = norm_of(2, n, |i, j| y[2 * j + i]) * (1.0 + 1.0 / relative);
        limits.record("|X(B'B + sI) - Y| / (n eps k |Y|)", ratio::<T>(difference, n, size), context);
    }
}

#[test]
fn residual_ratios() {
    let names = ["|A - QBV'| / (m eps |A|)", "|I - V'V| / (n eps)", "|X(B'B + sI) - Y| / (n eps k |Y|)"];
    let mut limits = Limits::new(&[(names[0], 6.0), (names[1], 6.0), (names[2], 3.0)]);
    run::<f64>(&mut limits);
    limits.finish();
    let mut limits = Limits::new(&[(names[0], 6.0), (names[1], 6.0), (names[2], 3.0)]);
    run::<f32>(&mut limits);
    limits.finish();
}

/// D and L to a few n ε in every element, on a B graded over twelve decades, against the same recurrence in higher precision:
/// `f32` against `f64`.
#[test]
fn no_element_of_the_shifted_factor_loses_digits() {
    let n = 40;
    let grade = |i: usize| libm::pow(10.0, -6.0 + 12.0 * ((7 * i) % n) as f64 / n as f64);
    let (d, e): (Vec<f32>, Vec<f32>) = (0..n).map(|i| (grade(i) as f32, (0.7 * grade(i + 11)) as f32)).unzip();
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    for sigma in [1e-12_f32, 1e-3, 1e4] {
        let (mut lower, mut inverse) = ([0.0_f32; 40], [0.0_f32; 40]);
        factor_shifted([&d, &e], sigma, [&mut lower, &mut inverse]);
        let (mut exact_lower, mut exact_inverse) = ([0.0; 40], [0.0; 40]);
        factor_shifted([&wide(&d), &wide(&e)], f64::from(sigma), [&mut exact_lower, &mut exact_inverse]);
        let pairs = inverse.iter().zip(&exact_inverse).chain(lower.iter().zip(&exact_lower));
        for (found, exact) in pairs {
            let error = (f64::from(*found) / exact - 1.0).abs();
            assert!(error < 4.0 * n as f64 * f64::from(f32::EPSILON), "{sigma}: {found} {exact}");
        }
    }
}

#[test]
fn shapes_and_lengths_are_checked() {
    let mut vectors = [0.0; 12];
    let mut call = |m: usize, n: usize, len: usize, work: usize| {
        let (mut a, mut work) = (std::vec![1.0; m * n], std::vec![0.0; work]);
        let mut parts = vectors.chunks_mut(3).map(|part| &mut part[..len]);
        let outputs = core::array::from_fn(|_| parts.next().unwrap());
        bidiagonalize_in_place(&Portable, MatMut::new(&mut a, m, n).unwrap(), outputs, &mut work)
    };
    assert_eq!(call(4, 3, 3, 7), Ok(()));
    assert!(matches!(call(4, 3, 3, 6), Err(Error::Workspace { needed: 7, found: 6, .. })));
    assert!(matches!(call(4, 3, 2, 7), Err(Error::Length { .. })));
    assert!(matches!(call(2, 3, 3, 5), Err(Error::Shape { .. })));
}
