//! ‖A P − Q R‖ / (m ε ‖A‖), the order of R's diagonal, the rank, and basic and minimum-norm solutions against the SVD's.

use super::svd_solve::{decompose_any, solution};
use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

pub struct Pivoted<T> {
    pub qr: Dense<T>,
    pub tau: Vec<T>,
    pub permutation: Vec<usize>,
}

pub fn factor<T: Real>(a: &Dense<T>) -> Pivoted<T> {
    let mut qr = a.clone();
    let (mut tau, mut permutation) = (std::vec![T::ZERO; a.rows.min(a.cols)], std::vec![usize::MAX; a.cols]);
    let mut work = std::vec![T::from_f64(f64::NAN); qr_pivoted_work_len(a.cols)];
    qr_pivoted_in_place(&Portable, qr.view_mut(), &mut tau, &mut permutation, &mut work).unwrap();
    assert!(qr.gaps_untouched());
    Pivoted { qr, tau, permutation }
}

fn run<T: Real>(limits: &mut Limits) {
    for (m, n) in SHAPES {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                let k = m.min(n);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let Pivoted { qr, tau, permutation } = factor(&a);
                let mut sorted = permutation.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..n), "{context}: {permutation:?}");

                let mut q = Dense::<T>::zeros(m, k);
                form_q(&Portable, qr.view(), &tau, q.view_mut()).unwrap();
                let difference = norm_of(m, n, |i, j| {
                    let product: f64 = (0..k.min(j + 1)).map(|p| q.at(i, p) * qr.at(p, j)).sum();
                    a.at(i, permutation[j]) - product
                });
                limits.record("|AP - QR| / (m eps |A|)", ratio::<T>(difference, m, a.norm()), &context);
                // |rⱼⱼ|² ≥ Σᵢ₌ⱼ^l rᵢₗ² for all l ≥ j, up to rounding.
                for j in 0..k {
                    for l in j..n {
                        let norm = (j..k.min(l + 1)).map(|i| (qr.at(i, l) / scale).powi(2)).sum::<f64>().sqrt();
                        let excess = (norm - (qr.at(j, j) / scale).abs()).max(0.0);
                        let ratio = ratio::<T>(excess, m, a.norm() / scale);
                        limits.record("excess over the pivot / (m eps |A|)", ratio, &context);
                    }
                }
                let rank = qr_pivoted_rank(qr.view(), rank_tolerance(m, n)).unwrap();
                let expected = match kind {
                    "zero" => Some(0),
                    "ones" => Some(k.min(1)),
                    "random" => Some(k),
                    "rank deficient" if k > 0 => Some(m.min(n / 2 + 1)),
                    "zero column" if n > 0 => Some(m.min(n - 1)),
                    _ => None,
                };
                assert!(expected.is_none_or(|expected| rank == expected), "{context}: rank {rank}, not {expected:?}");
            }
        }
    }
}

/// Aᵀ(b − A x) = 0 for both solutions; ‖x‖ no larger than that of the SVD's solution for one of them.
fn run_solutions<T: Real>(limits: &mut Limits) {
    for (m, n) in [
        (1, 1),
        (1, 5),
        (5, 1),
        (2, 3),
        (3, 2),
        (3, 3),
        (5, 5),
        (10, 10),
        (10, 50),
        (50, 10),
        (30, 30),
        (200, 50),
        (0, 3),
        (3, 0),
    ] {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                if kind == "graded rows" && m < n {
                    continue; // of full rank in theory only
                }
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let numbers = Random::new(7).vector(m * 2);
                let b = Dense::<T>::from_fn(m.max(n), 2, |i, j| if i < m { scale * numbers[i + j * m] } else { 7.0 });
                let Pivoted { mut qr, tau, permutation } = factor(&a);
                let rank = qr_pivoted_rank(qr.view(), rank_tolerance(m, n)).unwrap();

                let (mut basic, mut work) = (b.clone(), std::vec![T::ZERO; qr_pivoted_solve_work_len(n)]);
                qr_pivoted_solve_in_place(&Portable, qr.view(), &tau, &permutation, rank, basic.view_mut(), &mut work)
                    .unwrap();
                assert!((0..n).filter(|&i| basic.at(i, 0) == 0.0).count() >= n - rank, "{context}");

                let mut right = std::vec![T::from_f64(f64::NAN); m.min(n)];
                let mut work = std::vec![T::from_f64(f64::NAN); complete_orthogonal_work_len(n)];
                complete_orthogonal_in_place(&Portable, qr.view_mut(), rank, &mut right, &mut work).unwrap();
                let mut shortest = b.clone();
                minimum_norm_solve_in_place(
                    &Portable,
                    qr.view(),
                    &tau,
                    &right,
                    &permutation,
                    rank,
                    shortest.view_mut(),
                    &mut work,
                )
                .unwrap();
                assert!(qr.gaps_untouched() && shortest.gaps_untouched() && basic.gaps_untouched());

                let tame = ["random", "rank deficient", "ones", "zero", "zero column"].contains(&kind);
                let by_svd = tame.then(|| (solution(&a, &b), condition(&a, rank)));
                for column in 0..2 {
                    for (name, x) in [("basic", &basic), ("minimum norm", &shortest)] {
                        let ratio = normal_equations(&a, &b, x, column, scale);
                        limits.record(
                            "|A'(b - Ax)| / (max(m, n) eps |A|(|A||x| + |b|))",
                            ratio,
                            &(name.to_owned() + &context),
                        );
                    }
                    if let Some((by_svd, kappa)) = &by_svd {
                        let difference = norm_of(n, 1, |i, _| shortest.at(i, column) - by_svd.at(i, column));
                        let norm = norm_of(n, 1, |i, _| by_svd.at(i, column))
                            + norm_of(m, 1, |i, _| b.at(i, column)) / a.norm();
                        // The condition numbers of these matrices reach a few hundred, their squares count for the residual.
                        let ratio = ratio::<T>(difference, m.max(n), norm) / kappa.powi(2);
                        limits.record("|x - x of SVD| / (max(m, n) eps (|x| + |b|/|A|) kappa^2)", ratio, &context);
                    }
                }
            }
        }
    }
}

/// ‖Aᵀ(b − A x)‖ / (max(m, n) ε ‖A‖ (‖A‖‖x‖ + ‖b‖)), all divided by the scale of A first.
pub fn normal_equations<T: Real>(a: &Dense<T>, b: &Dense<T>, x: &Dense<T>, column: usize, scale: f64) -> f64 {
    let (m, n) = (a.rows, a.cols);
    let at = |i: usize, j: usize| a.at(i, j) / scale;
    let residual: Vec<f64> =
        (0..m).map(|i| b.at(i, column) / scale - (0..n).map(|j| at(i, j) * x.at(j, column)).sum::<f64>()).collect();
    let normal = norm_of(n, 1, |j, _| (0..m).map(|i| at(i, j) * residual[i]).sum());
    let b_norm = norm_of(m, 1, |i, _| b.at(i, column) / scale);
    let x_norm = norm_of(n, 1, |j, _| x.at(j, column));
    let norm = norm_of(m, n, at);
    ratio::<T>(normal, m.max(n), norm * (norm * x_norm + b_norm))
}

/// σ₀ / σ_{rank − 1}
fn condition<T: Real>(a: &Dense<T>, rank: usize) -> f64 {
    let s = decompose_any(a).1;
    if rank == 0 { 1.0 } else { s[0].value() / s[rank - 1].value() }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("|AP - QR| / (m eps |A|)", 3.0),
        ("excess over the pivot / (m eps |A|)", 2.0),
        ("|A'(b - Ax)| / (max(m, n) eps |A|(|A||x| + |b|))", 4.0),
        ("|x - x of SVD| / (max(m, n) eps (|x| + |b|/|A|) kappa^2)", 1.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    run_solutions::<f64>(&mut limits);
    run_solutions::<f32>(&mut limits);
    limits.finish();
}

/// The case of Drmač and Bujanović: norms of the trailing columns that only recomputation keeps in order. Columns are nearly
/// parallel, so each step cancels all but ε^½ of every norm.
#[test]
fn norms_that_cancel_are_computed_anew() {
    for power in [1e-4, 1e-7, 1e-8, 1e-9] {
        let x = Random::new(11).vector(40 * 12);
        let a = Dense::<f64>::from_fn(40, 12, |i, j| 1.0 + power * x[i + 40 * j] * libm::pow(power, (j % 3) as f64));
        let Pivoted { qr, .. } = factor(&a);
        for j in 1..12 {
            for l in j + 1..12 {
                let norm = (j..=l).map(|i| qr.at(i, l).powi(2)).sum::<f64>().sqrt();
                assert!(
                    norm <= qr.at(j, j).abs() * (1.0 + 1e-6) + 1e-14,
                    "{power:e}, ({j}, {l}): {norm:e} and {:e}",
                    qr.at(j, j)
                );
            }
        }
    }
}

#[test]
fn the_tolerance_decides_the_rank() {
    let a = Dense::<f64>::from_fn(4, 4, |i, j| if i == j { libm::pow(10.0, -(i as f64)) } else { 0.0 });
    let Pivoted { qr, .. } = factor(&a);
    for (tolerance, expected) in [(0.0, 4), (0.9e-3, 4), (1.1e-3, 3), (0.5e-1, 2), (0.5, 1)] {
        assert_eq!(qr_pivoted_rank(qr.view(), tolerance), Ok(expected), "{tolerance}");
    }
    for tolerance in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(qr_pivoted_rank(qr.view(), tolerance), Err(Error::InvalidOption { what: "0 <= tolerance < 1" }));
    }
    assert_eq!(rank_tolerance::<f32>(7, 3), 7.0 * f32::EPSILON);
    // A tolerance that is not the default one gives the solution of a smaller rank: x₃ = 0 though a₃₃ is not.
    let Pivoted { mut qr, tau, permutation } = factor(&a);
    let (mut right, mut work) = ([0.0; 4], [0.0; 8]);
    complete_orthogonal_in_place(&Portable, qr.view_mut(), 3, &mut right, &mut work).unwrap();
    let mut b = Dense::<f64>::from_fn(4, 1, |_, _| 1.0);
    minimum_norm_solve_in_place(&Portable, qr.view(), &tau, &right, &permutation, 3, b.view_mut(), &mut work).unwrap();
    for (i, x) in [1.0, 10.0, 100.0, 0.0].into_iter().enumerate() {
        assert!((b.at(i, 0) - x).abs() < 1e-13 * x.max(1.0), "{i}: {}", b.at(i, 0));
    }
}

#[test]
fn subnormal_and_huge_elements() {
    for scale in [5e-324, 1e-320, 1e-310, 1e-300, 1e306] {
        let a = matrix::<f64>("random", 7, 4, scale, 3);
        let Pivoted { qr, tau, permutation } = factor(&a);
        let mut q = Dense::zeros(7, 4);
        form_q(&Portable, qr.view(), &tau, q.view_mut()).unwrap();
        for j in 0..4 {
            for i in 0..7 {
                let sum: f64 = (0..=j).map(|p| q.at(i, p) * qr.at(p, j)).sum();
                assert!((a.at(i, permutation[j]) - sum).abs() <= 1e-15 * scale + 1e-322, "scale {scale:e}");
            }
        }
    }
    let mut a = Dense::<f64>::from_fn(3, 2, |_, _| f64::MAX);
    let result = qr_pivoted_in_place(&Portable, a.view_mut(), &mut [0.0; 2], &mut [0; 2], &mut [0.0; 4]);
    assert_eq!(result, Err(Error::NonFinite { what: "r" }));
}

#[test]
fn misuse_is_an_error() {
    let numbers = matrix::<f64>("random", 4, 3, 1.0, 1);
    for bad in [f64::NAN, f64::INFINITY] {
        let mut a = numbers.clone();
        a.view_mut().set(3, 2, bad);
        let result = qr_pivoted_in_place(&Portable, a.view_mut(), &mut [0.0; 3], &mut [9; 3], &mut [0.0; 6]);
        assert_eq!(result, Err(Error::NonFinite { what: "a" }));
        assert_eq!(a.at(0, 0), numbers.at(0, 0));
    }
    let mut a = numbers.clone();
    let result = qr_pivoted_in_place(&Portable, a.view_mut(), &mut [0.0; 2], &mut [9; 3], &mut [0.0; 6]);
    assert_eq!(result, Err(Error::Length { what: "tau", expected: 3, found: 2 }));
    let result = qr_pivoted_in_place(&Portable, a.view_mut(), &mut [0.0; 3], &mut [9; 4], &mut [0.0; 6]);
    assert_eq!(result, Err(Error::Length { what: "permutation", expected: 3, found: 4 }));
    let result = qr_pivoted_in_place(&Portable, a.view_mut(), &mut [0.0; 3], &mut [9; 3], &mut [0.0; 5]);
    assert_eq!(result, Err(Error::Workspace { what: "work", needed: 6, found: 5 }));

    let Pivoted { mut qr, tau, permutation } = factor(&numbers);
    let solve = |rank, permutation: &[usize], rows, work: usize, value: f64| {
        let mut b = Dense::<f64>::from_fn(rows, 1, |_, _| value);
        let mut work = std::vec![0.0; work];
        qr_pivoted_solve_in_place(&Portable, qr.view(), &tau, permutation, rank, b.view_mut(), &mut work)
    };
    assert_eq!(solve(3, &permutation, 4, 3, 1.0), Ok(()));
    assert_eq!(solve(3, &permutation, 4, 2, 1.0), Err(Error::Workspace { what: "work", needed: 3, found: 2 }));
    assert_eq!(solve(3, &permutation, 3, 3, 1.0), Err(Error::Shape { what: "b", expected: (4, 1), found: (3, 1) }));
    assert_eq!(solve(4, &permutation, 4, 3, 1.0), Err(Error::InvalidOption { what: "rank <= min(m, n)" }));
    assert_eq!(solve(3, &[0, 1, 3], 4, 3, 1.0), Err(Error::InvalidOption { what: "permutation[j] < n" }));
    assert_eq!(solve(3, &permutation, 4, 3, f64::NAN), Err(Error::NonFinite { what: "b" }));
    let result = complete_orthogonal_in_place(&Portable, qr.view_mut(), 2, &mut [0.0; 3], &mut [0.0; 5]);
    assert_eq!(result, Err(Error::Workspace { what: "work", needed: 6, found: 5 }));
    let result = complete_orthogonal_in_place(&Portable, qr.view_mut(), 2, &mut [0.0; 2], &mut [0.0; 6]);
    assert_eq!(result, Err(Error::Length { what: "tau_right", expected: 3, found: 2 }));
    qr.view_mut().set(1, 1, 0.0);
    let result = complete_orthogonal_in_place(&Portable, qr.view_mut(), 2, &mut [0.0; 3], &mut [0.0; 6]);
    assert_eq!(result, Err(Error::Singular { column: 1 }));
    let mut b = Dense::<f64>::from_fn(4, 1, |_, _| 1.0);
    let result = minimum_norm_solve_in_place(
        &Portable,
        qr.view(),
        &tau,
        &[0.0; 3],
        &permutation,
        1,
        b.view_mut(),
        &mut [0.0; 5],
    );
    assert_eq!(result, Err(Error::Workspace { what: "work", needed: 6, found: 5 }));
}

/// Every element of the triangle counts, the diagonal included; what is below it is not read.
#[test]
fn a_triangle_that_is_not_finite_is_refused() {
    for (i, j, refused) in [(0, 0, true), (1, 1, true), (0, 1, true), (1, 2, true), (1, 0, false)] {
        let mut r = Dense::<f64>::from_fn(2, 3, |i, j| if i <= j { 1.0 + (i + j) as f64 } else { 0.0 });
        r.view_mut().col_mut(j)[i] = f64::NAN;
        let (mut tau, mut work) = ([0.0; 2], [0.0; complete_orthogonal_work_len(3)]);
        let outcome = complete_orthogonal_in_place(&Portable, r.view_mut(), 2, &mut tau, &mut work);
        let expected = if refused { Err(Error::NonFinite { what: "qr" }) } else { Ok(()) };
        assert_eq!(outcome, expected, "({i}, {j})");
    }
}
