//! LSQR: shapes, scales, hard inputs, every option, derivatives. Against SciPy's: `tests/tests/lsqr.rs`.

use super::*;
use crate::linalg::*;
use crate::{Dual, Error, Portable};
use std::vec;

type Outcome<T> = Result<(LsqrReport<T>, Vec<T>, Vec<T>), Error>;

fn run<T: Real>(a: &Dense<T>, b: &[T], x0: Option<&[T]>, options: &LsqrOptions<T>) -> Outcome<T> {
    let (m, n) = (a.rows, a.cols);
    let mut x = x0.map_or(vec![T::from_f64(f64::NAN); n], <[T]>::to_vec);
    let mut variances = vec![T::from_f64(f64::NAN); n];
    let mut work = vec![T::from_f64(f64::NAN); lsqr_work_len(m, n)];
    let mut operator = MatrixOperator { backend: &Portable, matrix: a.view() };
    let report = lsqr(&Portable, &mut operator, b, &mut x, Some(&mut variances), &mut work, options)?;
    Ok((report, x, variances))
}

/// Tight tolerances, enough steps.
fn tight<T: Real>() -> LsqrOptions<T> {
    let tolerance = T::from_f64(4.0) * T::EPSILON;
    LsqrOptions {
        tolerance_a: tolerance,
        tolerance_b: tolerance,
        condition_limit: T::ZERO,
        max_iterations: Some(300),
        ..Default::default()
    }
}

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    // Scaled: these tests leave the range of squares.
    let x: Vec<f64> = x.collect();
    let top = x.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    if top == 0.0 { 0.0 } else { top * x.iter().map(|x| (x / top) * (x / top)).sum::<f64>().sqrt() }
}

fn residual<T: Real>(a: &Dense<T>, b: &[T], x: &[T]) -> Vec<f64> {
    (0..a.rows).map(|i| b[i].value() - (0..a.cols).map(|j| a.at(i, j) * x[j].value()).sum::<f64>()).collect()
}

/// ‖Aᵀr‖ / (‖A‖ (‖A‖ ‖x‖ + ‖b‖)) in units of ε max(m, n): the backward error, as in the tests of the factorizations.
fn backward_error<T: Real>(a: &Dense<T>, b: &[T], x: &[T]) -> f64 {
    let r = residual(a, b, x);
    let norm_a = norm((0..a.cols).flat_map(|j| (0..a.rows).map(move |i| (i, j))).map(|(i, j)| a.at(i, j)));
    if norm_a == 0.0 {
        return 0.0;
    }
    // In the order that stays in range.
    let gradient = norm((0..a.cols).map(|j| (0..a.rows).map(|i| a.at(i, j) / norm_a * r[i]).sum::<f64>()));
    let size = norm_a * norm(x.iter().map(|x| x.value())) + norm(b.iter().map(|b| b.value()));
    ratio::<T>(gradient, a.rows.max(a.cols), size)
}

fn hard(kind: &str, k: usize) -> bool {
    ["graded columns", "graded rows", "Hilbert", "Kahan", "upper triangular"].contains(&kind) && k >= 10
}

fn backward_errors<T: Real>(limit: f64) {
    let mut limits = Limits::new(&[("|A'r| / (n eps |A|(|A||x| + |b|))", limit)]);
    for kind in KINDS {
        for (m, n) in SHAPES {
            for scale in scales::<T>() {
                let what = context(kind, m, n, scale, 5);
                let a = matrix::<T>(kind, m, n, scale, 5);
                let b: Vec<T> = Random::new(6).vector(m).into_iter().map(|b| T::from_f64(b * scale)).collect();
                let (report, x, _) = run(&a, &b, None, &tight()).unwrap();
                // Large matrices with κ ~ 1/ε take more steps than anyone has patience for.
                let finished = report.status != LsqrStatus::IterationLimit;
                assert!(report.status != LsqrStatus::NonFinite && (finished || hard(kind, m.min(n))), "{what}");
                if finished {
                    limits.record("|A'r| / (n eps |A|(|A||x| + |b|))", backward_error(&a, &b, &x), &what);
                }
                let length = norm(residual(&a, &b, &x).into_iter());
                let size = norm(b.iter().map(|b| b.value())) + (report.norm_a * report.norm_step).value();
                let error = (report.residual_norm.value() - length).abs();
                assert!(error <= 1e-3 * length + 100.0 * T::EPSILON.value() * size, "{what}: residual norm");
            }
        }
    }
    limits.finish();
}

#[test]
fn backward_errors_f64() {
    backward_errors::<f64>(5.0);
}

#[test]
fn backward_errors_f32() {
    backward_errors::<f32>(5.0);
}

/// Among all solutions of a rank-deficient or wide problem, from zero: the shortest, as the SVD finds it.
#[test]
fn shortest_solution() {
    for (kind, m, n) in [("rank deficient", 10, 5), ("random", 5, 10), ("ones", 6, 4), ("zero column", 9, 5)] {
        let a = matrix::<f64>(kind, m, n, 1.0, 8);
        let b = Random::new(9).vector(m);
        let (report, x, _) = run(&a, &b, None, &tight()).unwrap();
        let (mut work, mut expected) = (vec![0.0; tikhonov_work_len(m, n)], vec![0.0; n]);
        let mut solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut work).unwrap();
        solver.solve(&Portable, 0.0, &mut expected).unwrap();
        let error = norm(x.iter().zip(&expected).map(|(a, b)| a - b)) / norm(expected.iter().copied());
        assert!(error < 1e-12, "{kind}: {error:e}, {report:?}");
    }
}

#[test]
fn work_len_is_exact_and_arguments_are_checked() {
    for (m, n) in SHAPES {
        let a = matrix::<f64>("random", m, n, 1.0, 1);
        let len = lsqr_work_len(m, n);
        assert_eq!(len, m + 2 * n + m.max(n));
        let mut operator = MatrixOperator { backend: &Portable, matrix: a.view() };
        let (b, mut x, options) = (vec![1.0; m], vec![7.0; n], LsqrOptions::default());
        if len > 0 {
            let error = lsqr(&Portable, &mut operator, &b, &mut x, None, &mut vec![0.0; len - 1], &options);
            assert_eq!(error, Err(Error::Workspace { what: "work", needed: len, found: len - 1 }));
            assert!(x.iter().all(|&x| x == 7.0));
        }
        lsqr(&Portable, &mut operator, &b, &mut x, None, &mut vec![0.0; len], &options).unwrap();
    }
    assert_eq!(lsqr_work_len(usize::MAX, 2), usize::MAX);
    let a = matrix::<f64>("random", 3, 2, 1.0, 1);
    let mut operator = MatrixOperator { backend: &Portable, matrix: a.view() };
    let (mut x, mut work, o) = ([7.0; 3], [0.0; 20], LsqrOptions::default());
    let mut call = |b: &[f64], n: usize, k: usize, o: LsqrOptions<f64>| {
        lsqr(&Portable, &mut operator, b, &mut x[..n], Some(&mut vec![0.0; k]), &mut work, &o).err()
    };
    assert_eq!(call(&[1.0; 2], 2, 2, o), Some(Error::Length { what: "b", expected: 3, found: 2 }));
    assert_eq!(call(&[1.0; 3], 3, 2, o), Some(Error::Length { what: "x", expected: 2, found: 3 }));
    assert_eq!(call(&[1.0; 3], 2, 1, o), Some(Error::Length { what: "variances", expected: 2, found: 1 }));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let bad_options = [
            LsqrOptions { damping: bad, ..o },
            LsqrOptions { tolerance_a: bad, ..o },
            LsqrOptions { tolerance_b: bad, ..o },
            LsqrOptions { condition_limit: if bad > 0.0 { f64::NAN } else { bad }, ..o },
        ];
        for options in bad_options {
            assert!(matches!(call(&[1.0; 3], 2, 2, options), Some(Error::InvalidOption { .. })), "{options:?}");
        }
    }
    assert_eq!(x, [7.0; 3]);
}

#[test]
fn nothing_to_do() {
    // b = 0, A = 0, Aᵀb = 0, n = 0, m = 0
    let zero = matrix::<f64>("zero", 3, 2, 1.0, 1);
    let random = matrix::<f64>("random", 3, 2, 1.0, 1);
    let single = Dense::<f64>::from_fn(2, 1, |i, _| if i == 0 { 1.0 } else { 0.0 });
    for (a, b, length) in
        [(&random, [0.0; 3].as_slice(), 0.0), (&zero, &[3.0, 0.0, 4.0], 5.0), (&single, &[0.0, 2.0], 2.0)]
    {
        let (report, x, variances) = run(a, b, None, &LsqrOptions::default()).unwrap();
        assert_eq!((report.status, report.iterations), (LsqrStatus::SolvedAtStart, 0));
        assert_eq!((report.residual_norm, report.gradient_norm, report.norm_step), (length, 0.0, 0.0));
        assert!(x.iter().chain(&variances).all(|&x| x == 0.0));
    }
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let (report, x, _) = run(&Dense::zeros(m, n), &vec![1.0; m], None, &LsqrOptions::default()).unwrap();
        assert_eq!(report.status, LsqrStatus::SolvedAtStart);
        assert!(x.iter().all(|&x| x == 0.0));
    }
    // A warm start at the solution stays there.
    let x0 = [2.0, -1.0];
    let a = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { 2.0 } else { 0.0 });
    let options = LsqrOptions { warm_start: true, damping: 1.0, ..Default::default() };
    let (report, x, _) = run(&a, &[4.0, -2.0], Some(&x0), &options).unwrap();
    assert_eq!((report.status, x), (LsqrStatus::SolvedAtStart, x0.to_vec()));
}

/// NaN and infinities anywhere: an error or the status, and x finite.
#[test]
fn non_finite_input_ends() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in 0..6 {
            let mut a = matrix::<f64>("random", 3, 2, 1.0, 2);
            a.view_mut().set(place % 3, place / 3, bad);
            let outcome = run(&a, &[1.0, 2.0, 3.0], None, &LsqrOptions::default());
            assert!(matches!(outcome, Err(Error::NonFinite { .. })), "{outcome:?}");
        }
        let a = matrix::<f64>("random", 3, 2, 1.0, 2);
        assert_eq!(
            run(&a, &[1.0, bad, 3.0], None, &LsqrOptions::default()).err(),
            Some(Error::NonFinite { what: "b" })
        );
        let options = LsqrOptions { warm_start: true, ..Default::default() };
        let outcome = run(&a, &[1.0; 3], Some(&[0.0, bad]), &options);
        assert_eq!(outcome.err(), Some(Error::NonFinite { what: "x" }));
        // A product that fails later.
        for fail_at in 1..6 {
            let mut count = 0;
            let mut next = || {
                count += 1;
                if count > fail_at { bad } else { 0.0 }
            };
            let counter = core::cell::RefCell::new(&mut next);
            let product = |x: &[f64], y: &mut [f64]| {
                let nan = (counter.borrow_mut())();
                y.iter_mut().zip(x).enumerate().for_each(|(i, (y, x))| *y = (i + 1) as f64 * x + nan);
                Ok(())
            };
            let mut operator = FnOperator { shape: (8, 8), apply: product, apply_transpose: product };
            let (mut x, mut work) = ([0.0; 8], [0.0; lsqr_work_len(8, 8)]);
            let report = lsqr(&Portable, &mut operator, &[1.0; 8], &mut x, None, &mut work, &tight()).unwrap();
            assert_eq!((report.status, report.iterations), (LsqrStatus::NonFinite, (fail_at - 1) / 2));
            assert!(x.iter().all(|x| x.is_finite()));
        }
    }
    // The largest and smallest numbers there are: no scale of b or A is refused.
    for (a, b) in [(1.0, f64::MAX / 2.0), (f64::MAX / 4.0, f64::MAX / 2.0), (1.0, 5e-324), (1e-310, 1e-310)] {
        let a = Dense::<f64>::from_fn(5, 1, |_, _| a);
        let (report, x, _) = run(&a, &[b; 5], None, &LsqrOptions::default()).unwrap();
        assert!((x[0] - b / a.at(0, 0)).abs() <= 1e-12 * x[0], "{x:?} {report:?}");
    }
    // A solution out of range is no solution.
    let a = Dense::<f64>::from_fn(1, 1, |_, _| 1e-200);
    let (report, x, _) = run(&a, &[1e200], None, &LsqrOptions::default()).unwrap();
    assert_eq!((report.status, report.iterations, x), (LsqrStatus::NonFinite, 0, vec![0.0]));
    // Every step is representable, their sum is not.
    let a = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { [1e-10, 1.5e-10][i] } else { 0.0 });
    assert_eq!(run(&a, &[1.85e298, 1e298], None, &tight()).unwrap().0.status, LsqrStatus::NonFinite);
}

/// Diagonal A: x, variances and norms in closed form, with damping and from x₀.
#[test]
fn damping_warm_start_and_variances() {
    let d = [3.0, 2.0, 1.0, 0.5];
    let a = Dense::<f64>::from_fn(5, 4, |i, j| if i == j { d[j] } else { 0.0 });
    let b = [1.0, -2.0, 3.0, 4.0, 2.0];
    let x0 = [0.3, -0.2, 5.0, 1.0];
    for (damping, warm_start) in [(0.0, false), (0.7, false), (0.0, true), (0.7, true)] {
        // No fifth step for rounding errors: it would count in ‖A‖.
        let options = LsqrOptions { damping, warm_start, max_iterations: Some(4), ..tight() };
        let (report, x, variances) = run(&a, &b, Some(&x0), &options).unwrap();
        let start = |j: usize| if warm_start { x0[j] } else { 0.0 };
        let expected = |j: usize| start(j) + d[j] * (b[j] - d[j] * start(j)) / (d[j] * d[j] + damping * damping);
        let steps = norm((0..4).map(|j| expected(j) - start(j)));
        assert_eq!(report.iterations, 4, "{report:?}");
        for j in 0..4 {
            assert!((x[j] - expected(j)).abs() < 1e-13, "damping {damping}: x{j} = {}", x[j]);
            let variance = 1.0 / (d[j] * d[j] + damping * damping);
            assert!((variances[j] - variance).abs() < 1e-12, "damping {damping}: variance {j} {}", variances[j]);
        }
        let length = norm(residual(&a, &b, &x).into_iter());
        assert!((report.residual_norm - length).abs() < 1e-12 && (report.norm_step - steps).abs() < 1e-12);
        let damped = (length * length + damping * damping * steps * steps).sqrt();
        assert!((report.damped_residual_norm - damped).abs() < 1e-12);
        let frobenius = |power: i32| d.iter().map(|d| (d * d + damping * damping).powi(power)).sum::<f64>().sqrt();
        assert!((report.norm_a - frobenius(1)).abs() < 1e-12 && report.gradient_norm < 1e-12);
        assert!((report.condition - frobenius(1) * frobenius(-1)).abs() < 1e-11);
    }
}

/// A damping far larger than A sets the scale: 1/(a² + damp²) neither underflows on the way nor vanishes.
#[test]
fn damping_far_larger_than_the_matrix() {
    let a = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { 1e-100 } else { 0.0 });
    let options = LsqrOptions { damping: 1e100, ..tight() };
    let (_, x, variances) = run(&a, &[1e250, 0.0], None, &options).unwrap();
    assert!((x[0] / 1e-50 - 1.0).abs() < 1e-14 && (variances[0] / 1e-200 - 1.0).abs() < 1e-14, "{x:?} {variances:?}");
}

/// Each test stops when it is the one that can.
#[test]
fn every_status() {
    let none = LsqrOptions { tolerance_a: 0.0, tolerance_b: 0.0, condition_limit: 0.0, ..tight() };
    let square = Dense::<f64>::from_fn(6, 6, |i, j| if i == j { (i + 1) as f64 } else { 0.0 });
    let tall = Dense::<f64>::from_fn(7, 6, |i, j| if i == j { (i + 1) as f64 } else { 0.0 });
    let status = |a: &Dense<f64>, options| run(a, &vec![1.0; a.rows], None, &options).unwrap().0;
    let report = status(&square, LsqrOptions { tolerance_b: 0.3, ..none });
    assert_eq!(report.status, LsqrStatus::Compatible);
    assert!(report.residual_norm <= 0.3 * 6.0_f64.sqrt() && report.iterations < 6, "{report:?}");
    let report = status(&square, LsqrOptions { tolerance_a: 1e-3, ..none });
    assert!(report.residual_norm <= 1e-3 * report.norm_a * report.norm_step, "{report:?}");
    let report = status(&tall, LsqrOptions { tolerance_a: 0.1, ..none });
    assert_eq!(report.status, LsqrStatus::LeastSquares);
    assert!(report.gradient_norm <= 0.1 * report.norm_a * report.residual_norm && report.iterations < 6);
    let report = status(&tall, LsqrOptions { condition_limit: 5.0, ..none });
    assert_eq!(report.status, LsqrStatus::ConditionLimit);
    assert!(report.condition >= 5.0 && report.iterations < 6);
    assert_eq!(
        status(&tall, LsqrOptions { condition_limit: f64::INFINITY, ..none }).status as u8,
        status(&tall, none).status as u8
    );
    assert_eq!(status(&square, none).status, LsqrStatus::CompatibleToRounding);
    assert_eq!(status(&tall, none).status, LsqrStatus::LeastSquaresToRounding);
    for steps in [0, 1, 3] {
        let report = status(&tall, LsqrOptions { max_iterations: Some(steps), ..none });
        assert_eq!((report.status, report.iterations), (LsqrStatus::IterationLimit, steps));
    }
    // An exact zero is reported as what was asked for, at tolerance zero, and ends fixed steps too.
    let column = Dense::<f64>::from_fn(4, 1, |i, _| if i < 2 { 2.0 } else { 0.0 });
    for fixed_steps in [false, true] {
        let report = status(&column, LsqrOptions { fixed_steps, ..none });
        assert_eq!((report.status, report.iterations), (LsqrStatus::LeastSquares, 1));
    }
    // The default limit is 2n, and it ends.
    let hilbert = matrix::<f64>("Hilbert", 10, 10, 1.0, 1);
    let options = LsqrOptions { max_iterations: None, ..none };
    let b = Random::new(3).vector(10);
    assert!(run(&hilbert, &b, None, &options).unwrap().0.iterations <= 20);
    let report = run(&hilbert, &b, None, &LsqrOptions { fixed_steps: true, ..options }).unwrap().0;
    assert_eq!((report.status, report.iterations), (LsqrStatus::IterationLimit, 20));
    // ‖Āᵀ r̄‖ in the units of A and b, far from the solution.
    let a = matrix::<f64>("random", 9, 5, 64.0, 4);
    let b: Vec<f64> = Random::new(5).vector(9).iter().map(|b| 1024.0 * b).collect();
    let options = LsqrOptions { max_iterations: Some(2), damping: 3.0, ..none };
    let (report, x, _) = run(&a, &b, None, &options).unwrap();
    let r = residual(&a, &b, &x);
    let gradient = |j: usize| (0..9).map(|i| a.at(i, j) * r[i]).sum::<f64>() - 9.0 * x[j];
    let expected = norm((0..5).map(gradient));
    assert!((report.gradient_norm / expected - 1.0).abs() < 1e-12, "{report:?}, {expected}");
}

/// x = (AᵀA + μ² I)⁻¹ Aᵀb: dx = (AᵀA + μ² I)⁻¹ (dAᵀ r + Aᵀ(db − dA x) − 2 μ dμ x).
#[test]
fn derivatives() {
    type D = Dual<f64, 1>;
    for (m, n, damping, slope) in [(8, 5, 0.3, 1.0), (8, 5, 0.0, 1.0), (5, 5, 0.1, -0.5), (4, 6, 0.5, 2.0)] {
        let mut random = Random::new(11);
        let (da, db, b) = (random.vector(m * n), random.vector(m), random.vector(m));
        let plain = matrix::<f64>("random", m, n, 1.0, 12);
        let mut a = Dense::<D>::zeros(m, n);
        for j in 0..n {
            for i in 0..m {
                a.view_mut().set(i, j, Dual { value: plain.at(i, j), eps: [da[i + m * j]] });
            }
        }
        let dual_b: Vec<D> = b.iter().zip(&db).map(|(&value, &eps)| Dual { value, eps: [eps] }).collect();
        let options = LsqrOptions {
            damping: Dual { value: damping, eps: [slope] },
            fixed_steps: true,
            max_iterations: Some(m.min(n) + 4),
            ..Default::default()
        };
        let (report, x, _) = run(&a, &dual_b, None, &options).unwrap();
        assert_eq!((report.iterations, report.status), (m.min(n) + 4, LsqrStatus::IterationLimit));
        let value: Vec<f64> = x.iter().map(|x| x.value).collect();
        let r = residual(&plain, &b, &value);
        let mut right = vec![0.0; n];
        for j in 0..n {
            right[j] = -2.0 * damping * slope * value[j];
            for i in 0..m {
                let change = db[i] - (0..n).map(|l| da[i + m * l] * value[l]).sum::<f64>();
                right[j] += da[i + m * j] * r[i] + plain.at(i, j) * change;
            }
        }
        let mut gram = Dense::<f64>::from_fn(n, n, |p, q| {
            let diagonal = if p == q { damping * damping } else { 0.0 };
            (0..m).map(|i| plain.at(i, p) * plain.at(i, q)).sum::<f64>() + diagonal
        });
        cholesky_in_place(&Portable, gram.view_mut()).unwrap();
        cholesky_solve_in_place(&Portable, gram.view(), MatMut::column_vector(&mut right)).unwrap();
        let size = norm(right.iter().copied());
        for (x, expected) in x.iter().zip(&right) {
            assert!((x.eps[0] - expected).abs() < 1e-9 * size, "{m} x {n}: {} {expected}", x.eps[0]);
        }
    }
}

/// An operator that does both products in one pass, against the one that does not: the same steps, the same answer up to rounding.
#[test]
fn one_pass_takes_the_same_steps() {
    for (m, n) in [(1, 1), (3, 3), (40, 7), (7, 40), (60, 30)] {
        for damping in [0.0, 0.3] {
            let a = matrix::<f64>("random", m, n, 1.0, 5);
            let b = Random::new(6).vector(m);
            let options = LsqrOptions { damping, ..LsqrOptions::default() };
            let (report, x, variances) = run(&a, &b, None, &options).unwrap();
            let (mut found, mut work) = (vec![f64::NAN; n], vec![0.0; lsqr_work_len(m, n)]);
            let (mut both, mut operator) = (vec![f64::NAN; n], MatrixOperator { backend: &Blocks, matrix: a.view() });
            let one = lsqr(&Blocks, &mut operator, &b, &mut found, Some(&mut both), &mut work, &options).unwrap();
            assert_eq!((one.iterations, one.status), (report.iterations, report.status), "{m} x {n}, {damping}");
            let apart = |x: &[f64], y: &[f64]| {
                x.iter().zip(y).fold(0.0, |most: f64, (x, y)| most.max((x - y).abs() / (1.0 + y.abs())))
            };
            assert!(apart(&found, &x) < 1e-6, "{m} x {n}, {damping}: {:e}", apart(&found, &x));
            // After many steps the vectors of the last ones, which add to the variances, depend on rounding, and x no longer does.
            let limit = if n > 10 && m > n { 1e-2 } else { 1e-12 };
            assert!(apart(&both, &variances) < limit, "{m} x {n}, {damping}: {:e}", apart(&both, &variances));
            assert!((one.residual_norm - report.residual_norm).abs() < 1e-9);
        }
    }
    // Scales at which squares of norms, or 1/s, leave the range.
    for scale in [1e-310, 1e-150, 1e150, 1e300] {
        let (a, b) = (matrix::<f64>("random", 20, 5, scale, 5), Random::new(6).vector(20));
        let (mut x, mut work) = ([0.0; 5], vec![0.0; lsqr_work_len(20, 5)]);
        let mut operator = MatrixOperator { backend: &Blocks, matrix: a.view() };
        let options = LsqrOptions::default();
        let report = lsqr(&Blocks, &mut operator, &b, &mut x, None, &mut work, &options);
        let (expected, plain, _) = run(&a, &b, None, &options).unwrap();
        assert_eq!(report.map(|report| report.status), Ok(expected.status), "{scale:e}");
        assert!(x.iter().zip(&plain).all(|(x, y)| (x / y - 1.0).abs() < 1e-6 || x == y), "{scale:e}: {x:?} {plain:?}");
    }
}
