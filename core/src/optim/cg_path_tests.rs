//! Tests of [`CgPath`] against dense matrices in `f64`.
//!
//! Most problems are made backwards: for any αᵢ, βᵢ > 0 conjugate gradients on the tridiagonal T below, started at e₁, meet just
//! these coefficients. So the residuals √(β₀ ⋯ βᵢ) and the decreases ½ αᵢ ‖rᵢ‖² are chosen, and with them where a rule must stop.

use super::cg_path::*;
use super::pairs::Pairs;
use super::pairs_tests::*;
use crate::Portable;
use crate::error::Error;
use crate::linalg::cholesky_in_place;
use crate::matrix::MatMut;
use crate::scalar::Real;
use std::vec;
use std::vec::Vec;

type List = Vec<(Vec<f64>, Vec<f64>)>;

/// T with diagonal 1/αᵢ + βᵢ₋₁/αᵢ₋₁ and sub-diagonal −√βᵢ/αᵢ, by columns.
fn tridiagonal(alphas: &[f64], betas: &[f64]) -> Vec<f64> {
    let n = alphas.len();
    let mut t = vec![0.0; n * n];
    for i in 0..n {
        t[i + i * n] += 1.0 / alphas[i];
        if i + 1 < n {
            t[i + 1 + (i + 1) * n] += betas[i] / alphas[i];
            (t[i + 1 + i * n], t[i + (i + 1) * n]) = (-betas[i].sqrt() / alphas[i], -betas[i].sqrt() / alphas[i]);
        }
    }
    t
}

fn unit(n: usize) -> Vec<f64> {
    (0..n).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect()
}

/// Q x for a Householder reflection Q, a matrix by columns.
fn reflect(v: &[f64], x: &[f64]) -> Vec<f64> {
    let column = |x: &[f64]| -> Vec<f64> {
        let factor = 2.0 * dot(v, x) / dot(v, v);
        x.iter().zip(v).map(|(x, v)| x - factor * v).collect()
    };
    x.chunks_exact(v.len()).flat_map(column).collect()
}

fn transposed(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|e| a[e / n + e % n * n]).collect()
}

/// L⁻ᵀ B
fn back_substitute(l: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut x = b.to_vec();
    for x in x.chunks_exact_mut(n) {
        for i in (0..n).rev() {
            let later: f64 = (i + 1..n).map(|k| l[k + i * n] * x[k]).sum();
            x[i] = (x[i] - later) / l[i + i * n];
        }
    }
    x
}

struct Problem {
    h: Vec<f64>,
    g: Vec<f64>,
    pairs: List,
}

/// All decreases equal: no rule ends the path before −H⁻¹g, which is reached after n steps. `memory` pairs make M; the numbers
/// are exact in `f32`.
fn even(n: usize, memory: usize, seed: u64) -> Problem {
    let (t, v) = (tridiagonal(&vec![1.0; n], &vec![1.0; n]), random(n, seed));
    let (h, g) = (reflect(&v, &transposed(&reflect(&v, &t), n)), reflect(&v, &unit(n)));
    let pairs = curvature(&spd(n, seed + 1), n, memory, false, seed + 2);
    let pairs: List = pairs.into_iter().map(|(s, y)| (s, y.iter().map(|&y| f64::from(y as f32)).collect())).collect();
    // With M = L Lᵀ, H ← L⁻ᵀH L⁻¹ and g ← L⁻ᵀg give the same coefficients.
    let mut l = vec![];
    with_pairs::<f64>(n, memory, &pairs, |m| l = dense(m, n));
    cholesky_in_place(&Portable, MatMut::new(&mut l, n, n).unwrap()).unwrap();
    let h = back_substitute(&l, &transposed(&back_substitute(&l, &h, n), n), n);
    let h = (0..n * n).map(|e| f64::from(h[e.max(e / n + e % n * n)] as f32)).collect();
    let g = back_substitute(&l, &g, n).iter().map(|&g| f64::from(g as f32)).collect();
    Problem { h, g, pairs }
}

#[derive(Clone, Copy)]
struct Walk<T> {
    max_dim: usize,
    radius: Option<T>,
    tolerance: T,
}

impl<T: Real> Walk<T> {
    fn all(max_dim: usize) -> Self {
        Self { max_dim, radius: None, tolerance: T::ZERO }
    }
}

/// Walks the path of `problem` in `T`, then runs `check`; returns the number of products.
fn walk<T: Real>(problem: &Problem, walk: Walk<T>, check: impl FnOnce(&CgPath<'_, T>, &mut Pairs<'_, T>)) -> usize {
    let Problem { h, g, pairs } = problem;
    let (n, mut calls) = (g.len(), 0);
    let mut buffer = vec![T::from_f64(f64::NAN); cg_path_len(n, walk.max_dim)];
    let mut rest = &mut buffer[..];
    let mut path = CgPath::new(n, walk.max_dim, &mut rest).unwrap();
    assert!(rest.is_empty());
    with_pairs(n, pairs.len(), pairs, |m| {
        let product = |v: &[T], hv: &mut [T]| {
            calls += 1;
            hv.copy_from_slice(&to(&multiply(h, &back(v))));
            Ok(())
        };
        path.build(&Portable, &to::<T>(g), m, walk.radius, walk.tolerance, product).unwrap();
        check(&path, m);
    });
    calls
}

fn dim(problem: &Problem, how: Walk<f64>) -> usize {
    let mut dim = 0;
    walk(problem, how, |path, _| dim = path.dim());
    dim
}

fn step_of<T: Real>(path: &CgPath<'_, T>, n: usize, radius: Option<T>) -> (PathStep<T>, Vec<f64>) {
    let mut s = vec![T::from_f64(f64::NAN); n];
    let step = path.step(&Portable, radius, &mut s);
    (step, back(&s))
}

/// √(sᵀM⁻¹s); without a pair M = I/α₀⁻¹.
fn length<T: Real>(problem: &Problem, m: &mut Pairs<'_, T>, s: &[f64]) -> f64 {
    let Problem { h, g, .. } = problem;
    if m.len() == 0 {
        return norm(s) * (dot(g, &multiply(h, g)) / dot(g, g)).sqrt();
    }
    let m = dense(m, s.len());
    dot(s, &solve(&m, s)).sqrt()
}

fn model(problem: &Problem, s: &[f64]) -> (f64, f64) {
    let curvature = dot(s, &multiply(&problem.h, s));
    (-dot(&problem.g, s) - 0.5 * curvature, curvature)
}

fn close(what: &str, found: f64, expected: f64, limit: f64) {
    let error = (found - expected).abs() / expected.abs();
    assert!(error <= limit, "{what}: {found:e} instead of {expected:e}, {error:e} > {limit:e}");
}

fn every_size(check: impl Fn(usize, usize)) {
    for n in [1, 2, 5, 20] {
        for memory in [0, 1, 4] {
            check(n, memory);
        }
    }
}

fn the_end_is_newtons_step<T: Real>(n: usize, memory: usize) {
    let problem = even(n, memory, 20);
    walk::<T>(&problem, Walk::all(n + 2), |path, _| {
        let (step, s) = step_of(path, n, None);
        let newton = scaled(-1.0, &solve(&problem.h, &problem.g));
        let ratio = distance(&s, &newton) / norm(&newton) / eps::<T>();
        assert!(!step.bounded && path.dim() >= n, "n {n}, {memory} pairs: {} directions", path.dim());
        assert!(ratio < 100.0 * (n * n) as f64, "n {n}, {memory} pairs: {ratio}");
        close("decrease", step.predicted_decrease.value(), -0.5 * dot(&problem.g, &newton), 100.0 * eps::<T>());
    });
}

#[test]
fn with_enough_directions_the_end_is_the_newton_step() {
    every_size(the_end_is_newtons_step::<f64>);
    every_size(the_end_is_newtons_step::<f32>);
}

fn reports_are_true<T: Real>(n: usize, memory: usize) {
    let problem = even(n, memory, 30);
    let limit = 100.0 * (n + 1) as f64 * eps::<T>();
    walk::<T>(&problem, Walk::all(n), |path, m| {
        let (end, s) = step_of(path, n, None);
        let whole = end.norm.value();
        let check = |what: &str, step: PathStep<T>, s: &[f64], length: f64| {
            let (decrease, curvature) = model(&problem, s);
            close(what, step.predicted_decrease.value(), decrease, limit);
            close(what, step.curvature.value(), curvature, limit);
            close(what, step.norm.value(), length, limit);
        };
        check("end", end, &s, length(&problem, m, &s));
        let (mut last, mut last_decrease) = (0.0, 0.0);
        let mut factors: Vec<f64> = (1..60).map(|k| f64::from(k) / 60.0).collect();
        factors.extend([0.999]);
        factors.insert(0, 1e-6);
        for factor in factors {
            let radius = T::from_f64(factor * whole);
            let (step, s) = step_of(path, n, Some(radius));
            let case = std::format!("n {n}, {memory} pairs, radius {factor} of the end");
            assert!(step.bounded, "{case}");
            assert!((step.norm.value() / radius.value() - 1.0).abs() <= 8.0 * eps::<T>(), "{case}");
            let length = length(&problem, m, &s);
            check(&case, step, &s, length);
            assert!(length > last && step.predicted_decrease.value() > last_decrease, "{case}");
            (last, last_decrease) = (length, step.predicted_decrease.value());
        }
        assert!(end.predicted_decrease.value() > last_decrease);
        for radius in [end.norm, T::from_f64(1.001 * whole), T::MAX] {
            assert_eq!(step_of(path, n, Some(radius)), (end, s.clone()), "n {n}: a ball around the whole path");
        }
        let (none, zero) = step_of(path, n, Some(T::ZERO));
        assert_eq!((zero, none.norm, none.predicted_decrease, none.bounded), (vec![0.0; n], T::ZERO, T::ZERO, true));
    });
}

#[test]
fn length_decrease_and_curvature_are_those_of_the_step() {
    every_size(reports_are_true::<f64>);
    every_size(reports_are_true::<f32>);
}

fn directions_are_conjugate<T: Real>(n: usize, memory: usize) {
    let problem = even(n, memory, 40);
    walk::<T>(&problem, Walk::all(n), |path, _| {
        let directions: Vec<_> = path.pairs().map(|(p, hp)| (back(p), back(hp))).collect();
        assert_eq!(directions.len(), n);
        for (i, (p, hp)) in directions.iter().enumerate() {
            let exact = multiply(&problem.h, p);
            assert!(distance(hp, &exact) <= 100.0 * eps::<T>() * norm(hp));
            for (q, _) in &directions[..i] {
                let cosine = dot(q, &exact) / (dot(q, &multiply(&problem.h, q)) * dot(p, &exact)).sqrt();
                assert!(cosine.abs() < 300.0 * n as f64 * eps::<T>(), "n {n}, {memory} pairs: {cosine:e}");
            }
        }
        // The newest first, and the last of them is that of M g.
        let (_, first) = step_of(path, n, Some(T::from_f64(1e-3)));
        let p = &directions[n - 1].0;
        close("the first direction", dot(&first, p), norm(&first) * norm(p), 20.0 * eps::<T>());
    });
}

#[test]
fn directions_are_conjugate_and_their_products_kept() {
    every_size(directions_are_conjugate::<f64>);
    every_size(directions_are_conjugate::<f32>);
}

/// Residuals 2⁻ⁱ without rounding, decreases all equal.
#[test]
fn it_stops_at_the_tolerance() {
    let alphas: Vec<f64> = (0..8).map(|i| libm::pow(4.0, f64::from(i))).collect();
    let problem = Problem { h: tridiagonal(&alphas, &[0.25; 8]), g: unit(8), pairs: vec![] };
    for (tolerance, expected) in
        [(1.0, 1), (0.6, 1), (0.5, 1), (0.499, 2), (0.25, 2), (0.2, 3), (0.0625, 4), (0.0624, 5), (0.0, 8)]
    {
        assert_eq!(dim(&problem, Walk { tolerance, ..Walk::all(8) }), expected, "tolerance {tolerance}");
    }
    for max_dim in 1..8 {
        assert_eq!(walk::<f64>(&problem, Walk::all(max_dim), |path, _| assert_eq!(path.dim(), max_dim)), max_dim);
    }
}

/// After k decreases of one size a decrease of f times that: too little if f/2 < (k + f)/(2 (k + 1) + 2), f < k/(k + 1).
#[test]
fn it_stops_when_a_product_brings_less_than_a_pass_so_far() {
    for k in 1..7 {
        for (factor, expected) in [(1.0 - 1e-9, k + 1), (1.0 + 1e-9, 9), (0.1, k + 1), (4.0, 9)] {
            let f = factor * k as f64 / (k + 1) as f64;
            // The decreases after it are as large as all before, so that none of them ends the path.
            let alphas: Vec<f64> = (0..9)
                .map(|i| {
                    if i == k {
                        f
                    } else if i > k {
                        9.0 + f
                    } else {
                        1.0
                    }
                })
                .collect();
            let problem = Problem { h: tridiagonal(&alphas, &[1.0; 9]), g: unit(9), pairs: vec![] };
            assert_eq!(dim(&problem, Walk::all(9)), expected, "k {k}, factor {factor}");
        }
    }
}

#[test]
fn it_stops_outside_the_ball() {
    for memory in [0, 3] {
        let problem = even(8, memory, 50);
        for k in 1..8 {
            let mut length = 0.0;
            walk(&problem, Walk::all(k), |path, _| length = step_of(path, 8, None).0.norm);
            let within = |factor: f64| dim(&problem, Walk { radius: Some(factor * length), ..Walk::all(8) });
            assert_eq!((within(1.0 - 1e-12), within(1.0 + 1e-12)), (k, k + 1), "{memory} pairs");
        }
        assert_eq!(dim(&problem, Walk { radius: Some(1e-300), ..Walk::all(8) }), 1);
    }
    // On the sphere is not outside: H = I, one step of length 1 exactly, then another block.
    let problem = Problem { h: tridiagonal(&[1.0; 4], &[1.0; 4]), g: unit(4), pairs: vec![] };
    assert_eq!(dim(&problem, Walk { radius: Some(1.0), ..Walk::all(4) }), 2);
}

/// A problem with diagonal H.
fn diagonal(h: &[f64], g: &[f64]) -> Problem {
    let n = g.len();
    Problem {
        h: (0..n * n).map(|e| if e % n == e / n { h[e % n] } else { 0.0 }).collect(),
        g: g.to_vec(),
        pairs: vec![],
    }
}

#[test]
fn without_positive_curvature_it_ends() {
    for (h, g, expected, products) in [
        (&[0.0, 0.0][..], &[1.0, 2.0][..], 0, 1), // H = 0
        (&[-1.0, -1.0], &[1.0, 2.0], 0, 1),       // at once
        (&[2.0, -0.5], &[1.0, 0.5], 1, 2),        // in the second direction
        (&[f64::NAN, 1.0], &[1.0, 2.0], 0, 1),    // a product that is NaN
        (&[1.0, 1.0], &[0.0, 0.0], 0, 0),         // g = 0: no product at all
        (&[], &[], 0, 0),                         // no weights
        (&[2.0, 0.0], &[1.0, 0.0], 1, 1),         // singular, g in the range: the residual is zero after one
    ] {
        let n = g.len();
        let calls = walk(&diagonal(h, g), Walk::all(2), |path, _| {
            assert_eq!(path.dim(), expected, "{h:?} {g:?}");
            for radius in [None, Some(0.1)] {
                let (step, s) = step_of(path, n, radius);
                assert_eq!(expected == 0, s.iter().all(|&s| s == 0.0), "{h:?} {g:?}");
                assert_eq!(expected == 0, step.norm == 0.0 && step.predicted_decrease == 0.0 && !step.bounded);
                assert!(step.predicted_decrease.is_finite() && step.predicted_decrease >= 0.0);
            }
        });
        assert_eq!(calls, products, "{h:?} {g:?}");
    }
}

/// In the range the end is the shortest minimizer; outside of it the model is not bounded, and a ball is.
#[test]
fn singular_curvature() {
    let inside = diagonal(&[1.0, 2.0, 0.0], &[1.0, 1.5, 0.0]);
    walk::<f64>(&inside, Walk::all(3), |path, _| {
        let (_, s) = step_of(path, 3, None);
        assert!(distance(&s, &[-1.0, -0.75, 0.0]) < 1e-15, "{s:?}");
    });
    let outside = diagonal(&[1.0, 2.0, 0.0], &[1.0, 1.5, 0.5]);
    walk::<f64>(&outside, Walk { radius: Some(2.0), ..Walk::all(3) }, |path, m| {
        let (step, s) = step_of(path, 3, Some(2.0));
        close("length", length(&outside, m, &s), step.norm, 1e-13);
        close("decrease", step.predicted_decrease, model(&outside, &s).0, 1e-13);
        assert!(step.bounded && (step.norm - 2.0).abs() < 1e-15);
    });
}

#[test]
fn an_error_or_nan_of_a_product_ends_the_path() {
    let problem = even(6, 2, 60);
    let mut buffer = vec![0.0; cg_path_len(6, 6)];
    let mut path = CgPath::new(6, 6, &mut &mut buffer[..]).unwrap();
    with_pairs(6, 2, &problem.pairs, |m| {
        // Each path is shorter than the one before, which must be forgotten.
        for bad in (0..6).rev() {
            for nan in [true, false] {
                let mut calls = 0;
                let product = |v: &[f64], hv: &mut [f64]| {
                    hv.copy_from_slice(&multiply(&problem.h, v));
                    calls += 1;
                    if calls <= bad {
                        return Ok(());
                    }
                    hv[3] = f64::NAN;
                    if nan { Ok(()) } else { Err(Error::NonFinite { what: "product" }) }
                };
                let result = path.build(&Portable, &problem.g, m, None, 0.0, product);
                assert_eq!((result.is_ok(), calls), (nan, bad + 1));
                assert_eq!(path.dim(), bad);
                let (step, s) = step_of(&path, 6, None);
                assert!(s.iter().all(|s| s.is_finite()), "{bad} {s:?}");
                assert!((step.predicted_decrease - model(&problem, &s).0).abs() <= 1e-13 * step.predicted_decrease);
            }
        }
    });
}

fn scale_is_irrelevant<T: Real>(scales: &[f64]) {
    for memory in [0, 3] {
        // Eigenvalues of very different size, and a gradient that is not of length one
        let problem = even(10, memory, 70);
        let problem = Problem { g: scaled(300.0, &problem.g), ..problem };
        let results = |scale: f64| {
            let times = |x: &[f64]| scaled(scale, x);
            let pairs = problem.pairs.iter().map(|(s, y)| (s.clone(), times(y))).collect();
            let scaled = Problem { h: times(&problem.h), g: times(&problem.g), pairs };
            let mut out = vec![];
            walk::<T>(&scaled, Walk::all(10), |path, _| {
                assert_eq!(path.dim(), 10);
                let end = step_of(path, 10, None).0.norm;
                for radius in [None, Some(end * T::from_f64(0.25)), Some(end * T::from_f64(0.75))] {
                    let (step, s) = step_of(path, 10, radius);
                    out.push((s, step.norm.value() / scale.sqrt(), step.predicted_decrease.value() / scale));
                    out.push((vec![1.0; 10], 1.0, step.curvature.value() / scale));
                }
            });
            out
        };
        let expected = results(1.0);
        for &scale in scales {
            for (found, expected) in results(scale).iter().zip(&expected) {
                assert!(distance(&found.0, &expected.0) < 1e4 * eps::<T>() * norm(&expected.0), "scale {scale:e}");
                close("length", found.1, expected.1, 1e4 * eps::<T>());
                close("decrease", found.2, expected.2, 1e4 * eps::<T>());
            }
        }
    }
}

#[test]
fn the_scale_of_the_function_changes_nothing() {
    scale_is_irrelevant::<f64>(&[1e-150, 1e150, 1e-200, 1e200]);
    scale_is_irrelevant::<f32>(&[1e-18, 1e18, 1e-24, 1e24]);
}

fn assumed_step<T: Real>(n: usize, memory: usize) {
    let problem = even(n, memory.max(1), 80);
    walk::<T>(&problem, Walk::all(1), |_, m| {
        let mut buffer = vec![T::from_f64(f64::NAN); cg_path_len(n, 1)];
        let mut path = CgPath::new(n, 1, &mut &mut buffer[..]).unwrap();
        path.assume(&Portable, &to::<T>(&problem.g), m);
        let expected = scaled(-1.0, &multiply(&dense(m, n), &problem.g));
        let length = -dot(&problem.g, &expected); // gᵀM g
        let limit = 200.0 * eps::<T>();
        assert_eq!(path.dim(), 1);
        for tau in [1.0, 0.5, 0.01] {
            let radius = if tau < 1.0 { Some(T::from_f64(tau * length.sqrt())) } else { None };
            let (step, s) = step_of(&path, n, radius);
            assert!(distance(&s, &scaled(tau, &expected)) < limit * norm(&s), "n {n}, {memory} pairs, {tau}");
            close("length", step.norm.value(), tau * length.sqrt(), limit);
            close("decrease", step.predicted_decrease.value(), (tau - 0.5 * tau * tau) * length, limit);
            close("curvature", step.curvature.value(), tau * tau * length, limit);
            assert_eq!(step.bounded, tau < 1.0);
        }
        // Nothing can be assumed for g = 0, nor for a g that is not a number.
        for g in [T::ZERO, T::from_f64(f64::NAN)] {
            path.assume(&Portable, &vec![g; n], m);
            assert_eq!((path.dim(), step_of(&path, n, None).1), (0, vec![0.0; n]));
        }
    });
}

#[test]
fn an_assumed_step_is_m_times_the_gradient() {
    every_size(assumed_step::<f64>);
    every_size(assumed_step::<f32>);
}

#[test]
fn exactly_the_documented_length() {
    assert_eq!((cg_path_len(7, 3), cg_path_len(0, 3), cg_path_len(usize::MAX, 2)), (68, 12, usize::MAX));
    let mut buffer = vec![0.0_f64; 67];
    assert!(CgPath::new(7, 3, &mut &mut buffer[..]).is_err());
}
