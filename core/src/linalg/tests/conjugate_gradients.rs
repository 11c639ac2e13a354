//! Conjugate gradients: solutions, the boundary, negative curvature, scales, derivatives.

use super::*;
use crate::linalg::*;
use crate::{Dual, Error, Portable};
use std::vec;

type Options<T> = ConjugateGradientsOptions<T>;
type Status = ConjugateGradientsStatus;
type Outcome<T> = Result<(ConjugateGradientsReport<T>, Vec<T>), Error>;

fn run<T: Real>(h: &Dense<T>, b: &[T], options: &Options<T>) -> Outcome<T> {
    let mut x = vec![T::from_f64(f64::NAN); h.rows];
    let mut work = vec![T::from_f64(f64::NAN); conjugate_gradients_work_len(h.rows)];
    let mut operator = MatrixOperator { backend: &Portable, matrix: h.view() };
    let report = conjugate_gradients(&Portable, &mut operator, b, &mut x, &mut work, options)?;
    Ok((report, x))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times(h: &Dense<f64>, x: &[f64]) -> Vec<f64> {
    (0..h.rows).map(|i| (0..h.cols).map(|j| h.at(i, j) * x[j]).sum()).collect()
}

/// bᵀx − ½ xᵀHx
fn decrease(h: &Dense<f64>, b: &[f64], x: &[f64]) -> f64 {
    dot(b, x) - 0.5 * dot(x, &times(h, x))
}

/// GᵀG + shift I, its elements times `scale`.
fn symmetric(n: usize, shift: f64, scale: f64, seed: u64) -> Dense<f64> {
    let g = matrix::<f64>("random", n, n, 1.0, seed);
    let gram = |i: usize, j: usize| (0..n).map(|k| g.at(k, i) * g.at(k, j)).sum::<f64>();
    Dense::from_fn(n, n, |i, j| scale * (gram(i, j) + if i == j { shift } else { 0.0 }))
}

#[test]
fn solves_at_every_scale() {
    for n in [1, 2, 3, 5, 10, 50] {
        let (h1, b1) = (symmetric(n, n as f64, 1.0, 21), Random::new(22).vector(n));
        let options = Options { tolerance: 1e-14, ..Default::default() };
        let (plain, x1) = run(&h1, &b1, &options).unwrap();
        assert_eq!(plain.status, Status::Converged, "n = {n}");
        assert!(plain.iterations <= n + 10 && plain.residual_norm <= 1e-14 * dot(&b1, &b1).sqrt());
        let r: Vec<f64> = times(&h1, &x1).iter().zip(&b1).map(|(hx, b)| b - hx).collect();
        assert!(dot(&r, &r).sqrt() < 1e-13 * dot(&b1, &b1).sqrt(), "n = {n}");
        assert!((plain.predicted_decrease - decrease(&h1, &b1, &x1)).abs() < 1e-13 * plain.predicted_decrease);
        for (e, f) in [(480, 0), (-480, 0), (0, 480), (0, -480), (480, 480), (-480, -480), (-480, 480)] {
            let (s, t) = (2.0_f64.powi(e), 2.0_f64.powi(f));
            let h = Dense::from_fn(n, n, |i, j| s * h1.at(i, j));
            let b: Vec<f64> = b1.iter().map(|b| b * t).collect();
            let (report, x) = run(&h, &b, &options).unwrap();
            assert_eq!((report.status, report.iterations), (plain.status, plain.iterations), "2^{e} H, 2^{f} b");
            assert!(x.iter().zip(&x1).all(|(x, x1)| *x == x1 * t / s), "2^{e} H, 2^{f} b");
            assert_eq!(report.norm, plain.norm * t / s);
            let radius = 0.4 * plain.norm;
            let (inner, y1) = run(&h1, &b1, &Options { radius: Some(radius), ..options }).unwrap();
            let (report, y) = run(&h, &b, &Options { radius: Some(radius * t / s), ..options }).unwrap();
            assert_eq!((inner.status, report.status), (Status::Boundary, Status::Boundary));
            assert!(y.iter().zip(&y1).all(|(y, y1)| *y == y1 * t / s), "2^{e} H, 2^{f} b");
        }
    }
}

/// On the boundary ‖x‖ = Δ, the model falls at least as at the Cauchy point and half of what is possible.
#[test]
fn the_boundary_takes_the_positive_root() {
    for seed in 0..20 {
        let n = 8;
        let (h, b) = (symmetric(n, 0.1, 1.0, 30 + seed), Random::new(60 + seed).vector(n));
        let free =
            run(&h, &b, &Options { tolerance: 1e-12, max_iterations: Some(50), ..Default::default() }).unwrap().0;
        let mut last = 0.0;
        for fraction in [1e-6, 0.1, 0.3, 0.7, 0.99] {
            let radius = fraction * free.norm;
            let options = Options { radius: Some(radius), tolerance: 1e-12, ..Default::default() };
            let (report, x) = run(&h, &b, &options).unwrap();
            assert_eq!(report.status, Status::Boundary, "seed {seed}, {fraction}");
            assert!((dot(&x, &x).sqrt() / radius - 1.0).abs() < 1e-14 && report.norm <= radius * (1.0 + 1e-14));
            let found = decrease(&h, &b, &x);
            assert!((report.predicted_decrease - found).abs() < 1e-12 * found, "seed {seed}");
            assert!(found > last, "a larger region has a lower minimum: seed {seed}");
            last = found;
            let mut work = vec![0.0; krylov_work_len(n, n)];
            let mut krylov = Krylov::new(n, n, &mut work).unwrap();
            let product = |v: &[f64], hv: &mut [f64]| -> Result<(), Error> {
                hv.copy_from_slice(&times(&h, v));
                Ok(())
            };
            krylov.build(&Portable, &b, 1e-14, true, product).unwrap();
            // A point of the boundary that the Krylov space offers need not be the best one, but cannot beat twice this.
            let other = krylov.solve(&Portable, Some(radius), &mut vec![0.0; n]).unwrap();
            assert!(found >= 0.5 * other.predicted_decrease, "seed {seed}: {found} {other:?}");
        }
    }
}

#[test]
fn negative_curvature() {
    let h = Dense::<f64>::from_fn(3, 3, |i, j| if i == j { [2.0, 1.0, -0.5][i] } else { 0.0 });
    let b = [1.0, 2.0, 3.0];
    for radius in [1e-3, 1.0, 50.0, 1e6] {
        let (report, x) = run(&h, &b, &Options { radius: Some(radius), ..Default::default() }).unwrap();
        assert!((dot(&x, &x).sqrt() / radius - 1.0).abs() < 1e-13, "{report:?}");
        let found = decrease(&h, &b, &x);
        assert!((report.predicted_decrease - found).abs() < 1e-12 * found);
        assert!(dot(&b, &x) > 0.0, "down the hill");
        assert_eq!(report.status, if radius < 2.0 { Status::Boundary } else { Status::NegativeCurvature });
    }
    let (report, x) = run(&h, &b, &Options::default()).unwrap();
    assert_eq!(report.status, Status::NegativeCurvature);
    assert!(x.iter().all(|x| x.is_finite()) && decrease(&h, &b, &x) >= 0.0);
    // H = 0, and a singular H with b outside its range: the model has no minimum.
    for h in [Dense::<f64>::zeros(3, 3), Dense::from_fn(3, 3, |_, _| 1.0)] {
        let (report, x) = run(&h, &b, &Options { radius: Some(2.0), ..Default::default() }).unwrap();
        assert!((dot(&x, &x).sqrt() - 2.0).abs() < 1e-14 && report.predicted_decrease > 0.0);
        assert_eq!(report.status, Status::NegativeCurvature);
    }
}

#[test]
fn statuses_and_options() {
    let (h, b) = (symmetric(10, 0.01, 1.0, 41), Random::new(42).vector(10));
    let coarse = run(&h, &b, &Options { tolerance: 0.3, ..Default::default() }).unwrap().0;
    assert_eq!(coarse.status, Status::Converged);
    assert!(coarse.residual_norm <= 0.3 * dot(&b, &b).sqrt() && coarse.iterations < 10);
    for steps in [0, 1, 3] {
        let options = Options { max_iterations: Some(steps), tolerance: 0.0, ..Default::default() };
        let report = run(&h, &b, &options).unwrap().0;
        assert_eq!((report.status, report.iterations), (Status::IterationLimit, steps));
    }
    let options = Options { max_iterations: Some(4), fixed_steps: true, tolerance: 1e9, ..Default::default() };
    assert_eq!(run(&h, &b, &options).unwrap().0.iterations, 4);
    let (report, x) = run(&h, &[0.0; 10], &Options { radius: Some(1.0), ..Default::default() }).unwrap();
    assert_eq!((report.status, report.iterations, x), (Status::ZeroRhs, 0, vec![0.0; 10]));
    assert_eq!(run(&Dense::<f64>::zeros(0, 0), &[], &Options::default()).unwrap().0.status, Status::ZeroRhs);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut spoiled = h.clone();
        spoiled.view_mut().set(3, 4, bad);
        for radius in [None, Some(1.0)] {
            let (report, x) = run(&spoiled, &b, &Options { radius, ..Default::default() }).unwrap();
            assert_eq!((report.status, x), (Status::NonFinite, vec![0.0; 10]));
        }
        let mut c = b.clone();
        c[7] = bad;
        assert_eq!(run(&h, &c, &Options::default()).err(), Some(Error::NonFinite { what: "b" }));
        let tolerance = Options { tolerance: bad, ..Default::default() };
        assert!(matches!(run(&h, &b, &tolerance), Err(Error::InvalidOption { .. })));
    }
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = Options { radius: Some(radius), ..Default::default() };
        assert!(matches!(run(&h, &b, &options), Err(Error::InvalidOption { .. })), "{radius}");
    }
    // The equalities: α = τ is the boundary, a residual of zero has converged at tolerance zero.
    let unit = Dense::<f64>::from_fn(2, 2, |i, j| f64::from(u8::from(i == j)));
    let zero = Options { tolerance: 0.0, ..Default::default() };
    let report = run(&unit, &[3.0, 4.0], &Options { radius: Some(5.0), ..zero }).unwrap().0;
    assert_eq!((report.status, report.iterations, report.norm), (Status::Boundary, 1, 5.0));
    let report = run(&unit, &[3.0, 4.0], &zero).unwrap().0;
    assert_eq!((report.status, report.iterations), (Status::Converged, 1));
    // The default limit is 2n.
    let options = Options { fixed_steps: true, ..Default::default() };
    let report = run(&h, &b, &options).unwrap().0;
    assert_eq!((report.status, report.iterations), (Status::IterationLimit, 20));
    // A curvature of 2e-12 ‖p‖ ‖H p‖ is small, not negative.
    let flat = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { [1.0, 1e-24][i] } else { 0.0 });
    let options = Options { max_iterations: Some(1), ..zero };
    assert_eq!(run(&flat, &[1e-12, 1.0], &options).unwrap().0.status, Status::IterationLimit);
    // A solution out of range; one in range whose unit is not.
    let tiny = Dense::<f64>::from_fn(1, 1, |_, _| 1e-200);
    assert_eq!(run(&tiny, &[1e200], &zero).unwrap().0.status, Status::NonFinite);
    let steep = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { [1e308, 1e296][i] } else { 0.0 });
    let (report, x) = run(&steep, &[1e-17; 2], &Options { max_iterations: Some(2), ..zero }).unwrap();
    assert!((x[1] / 1e-313 - 1.0).abs() < 0.01, "{x:?} {report:?}");
    // A radius that underflows in the units of x.
    let large: Vec<f64> = b.iter().map(|b| 1e20 * b).collect();
    let (report, x) = run(&h, &large, &Options { radius: Some(5e-324), ..Default::default() }).unwrap();
    assert!(report.status == Status::Boundary && x.iter().all(|x| x.abs() < 1e-280), "{x:?}");
    // A radius at either end of the range.
    let (report, _) = run(&h, &b, &Options { radius: Some(5e-324), ..Default::default() }).unwrap();
    assert_eq!(report.status, Status::Boundary);
    let (report, _) = run(&h, &b, &Options { radius: Some(f64::MAX), ..Default::default() }).unwrap();
    assert!(report.norm < 1e9 && report.status != Status::Boundary);
}

#[test]
fn work_len_is_exact_and_arguments_are_checked() {
    for n in [0, 1, 2, 3, 5, 10, 50] {
        let h = symmetric(n, 1.0, 1.0, 1);
        let mut operator = MatrixOperator { backend: &Portable, matrix: h.view() };
        let (b, mut x, options) = (vec![1.0; n], vec![7.0; n], Options::default());
        let len = conjugate_gradients_work_len(n);
        assert_eq!(len, 3 * n);
        conjugate_gradients(&Portable, &mut operator, &b, &mut x, &mut vec![0.0; len], &options).unwrap();
        if n > 0 {
            let mut short = vec![0.0; len - 1];
            let error = conjugate_gradients(&Portable, &mut operator, &b, &mut x, &mut short, &options);
            assert_eq!(error, Err(Error::Workspace { what: "work", needed: len, found: len - 1 }));
        }
    }
    let (h, mut x) = (Dense::<f64>::zeros(3, 2), [0.0; 3]);
    let mut operator = MatrixOperator { backend: &Portable, matrix: h.view() };
    let mut call = |b: &[f64], n: usize| {
        conjugate_gradients(&Portable, &mut operator, b, &mut x[..n], &mut [0.0; 9], &Options::default()).err()
    };
    assert_eq!(call(&[1.0; 3], 3), Some(Error::Shape { what: "h", expected: (3, 3), found: (3, 2) }));
    let h = symmetric(3, 1.0, 1.0, 1);
    let mut operator = MatrixOperator { backend: &Portable, matrix: h.view() };
    let mut call = |b: &[f64], n: usize| {
        conjugate_gradients(&Portable, &mut operator, b, &mut x[..n], &mut [0.0; 9], &Options::default()).err()
    };
    assert_eq!(call(&[1.0; 2], 3), Some(Error::Length { what: "b", expected: 3, found: 2 }));
    assert_eq!(call(&[1.0; 3], 2), Some(Error::Length { what: "x", expected: 3, found: 2 }));
}

/// H x = b: dx = H⁻¹ (db − dH x); on the boundary ‖x‖ = Δ: xᵀdx = Δ dΔ.
#[test]
fn derivatives() {
    type D = Dual<f64, 1>;
    let n = 6;
    let (plain, half) = (symmetric(n, 1.0, 1.0, 51), matrix::<f64>("random", n, n, 1.0, 52));
    let dh = Dense::<f64>::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
    let (b, db) = (Random::new(53).vector(n), Random::new(54).vector(n));
    let mut h = Dense::<D>::zeros(n, n);
    for j in 0..n {
        for i in 0..n {
            h.view_mut().set(i, j, Dual { value: plain.at(i, j), eps: [dh.at(i, j)] });
        }
    }
    let dual_b: Vec<D> = b.iter().zip(&db).map(|(&value, &eps)| Dual { value, eps: [eps] }).collect();
    let options = Options { fixed_steps: true, max_iterations: Some(n + 3), ..Default::default() };
    let (_, x) = run(&h, &dual_b, &options).unwrap();
    let value: Vec<f64> = x.iter().map(|x| x.value).collect();
    let mut right: Vec<f64> = db.iter().zip(times(&dh, &value)).map(|(db, dhx)| db - dhx).collect();
    let mut l = plain.clone();
    cholesky_in_place(&Portable, l.view_mut()).unwrap();
    cholesky_solve_in_place(&Portable, l.view(), MatMut::column_vector(&mut right)).unwrap();
    let size = dot(&right, &right).sqrt();
    for (x, expected) in x.iter().zip(&right) {
        assert!((x.eps[0] - expected).abs() < 1e-10 * size, "{} {expected}", x.eps[0]);
    }
    let radius = Dual { value: 0.5 * dot(&value, &value).sqrt(), eps: [0.7] };
    let (report, x) = run(&h, &dual_b, &Options { radius: Some(radius), ..options }).unwrap();
    assert_eq!(report.status, Status::Boundary);
    let product: f64 = x.iter().map(|x| x.value * x.eps[0]).sum();
    assert!((product - radius.value * 0.7).abs() < 1e-12, "{product}");
}

/// The radius in scaled units may be subnormal, or zero, and x must not be longer for it.
#[test]
fn a_radius_that_underflows_in_scaled_units() {
    fn check<T: Real>(h: [f64; 4], b: [f64; 2], radius: f64) {
        let h = Dense::<T>::from_fn(2, 2, |i, j| h[i + 2 * j]);
        let options = Options { radius: Some(T::from_f64(radius)), ..Options::default() };
        let (report, x) = run(&h, &b.map(T::from_f64), &options).unwrap();
        let length = norm_of(&x);
        let limit = 8.0 * T::EPSILON.value();
        assert!((length / radius - 1.0).abs() <= limit, "{length:e} for {radius:e}: {report:?}");
        assert!((report.norm.value() / radius - 1.0).abs() <= limit, "{report:?}");
        // So short a step that the quadratic term plays no part.
        let expected = radius * norm_of(&b.map(T::from_f64));
        assert!((report.predicted_decrease.value() / expected - 1.0).abs() <= limit, "{report:?}, {expected:e}");
    }
    fn norm_of<T: Real>(x: &[T]) -> f64 {
        crate::Backend::norm(&Portable, &x.iter().map(|x| x.value()).collect::<Vec<_>>())
    }
    check::<f64>([8e-80, 0.0, 0.0, 4e237], [-5.1e248, -1.1e-259], 1e-3);
    check::<f64>([7.75e184, 0.0, 0.0, 3e-90], [1e-54, 8.3e169], 1e-16);
    check::<f32>([7.13e30, 0.0, 0.0, 0.0], [9.3e25, 0.0], 1e-16);
}

/// pᵀH p underflows long before p does: not a negative curvature, nor a reason to leave the solution.
#[test]
fn small_residuals_are_no_negative_curvature() {
    for (h, b) in [(6.647654951462939e-165, 7.665153158319512e-165), (1.282404787077287e-92, -3.835229269763849e-93)] {
        for (tolerance, fixed_steps) in [(0.0, false), (1e-8, true)] {
            let matrix = Dense::<f64>::from_fn(1, 1, |_, _| h);
            let options = Options { tolerance, fixed_steps, radius: Some(2.0), max_iterations: Some(50) };
            let (report, x) = run(&matrix, &[b], &options).unwrap();
            assert_eq!(report.status, Status::Converged);
            assert!((x[0] / (b / h) - 1.0).abs() < 1e-15, "{x:?}, {report:?}");
        }
    }
}

/// H is 1 beside a block B of 2^-1000, where pᵀH p underflows next to ‖p‖ ‖H p‖ ε. For b = (4, 1, 2, 2), ‖b‖ = 5, all is exact:
/// α = 25/16, r = (−9/4, 1, 2, 2), β = 9/16, p = 25/16 (0, 1, 2, 2), α = 225/16 / pᵀH p.
#[test]
fn two_steps_by_hand_where_products_are_small() {
    let delta = libm::scalbn(1.0, -1000);
    let block = [[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]];
    let h = Dense::<f64>::from_fn(4, 4, |i, j| match (i, j) {
        (0, 0) => 1.0,
        (0, _) | (_, 0) => 0.0,
        _ => delta * block[i - 1][j - 1],
    });
    let options = Options { max_iterations: Some(2), tolerance: 0.0, ..Options::default() };
    let (report, x) = run(&h, &[4.0, 1.0, 2.0, 2.0], &options).unwrap();
    assert_eq!((report.status, report.iterations), (Status::IterationLimit, 2));
    for (x, expected) in x.iter().zip([6.25, 1.5 / delta, 3.0 / delta, 3.0 / delta]) {
        assert!((x / expected - 1.0).abs() < 4.0 * f64::EPSILON, "{x:e}, not {expected:e}");
    }
}
