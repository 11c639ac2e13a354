//! Tikhonov: the normal equations, the report, the three rules, known answers of `known_tikhonov.py`, scales, derivatives.

use super::*;
use crate::linalg::*;
use crate::{Dual, Error, Portable};
use std::vec;

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    let x: Vec<f64> = x.collect();
    let top = x.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    if top == 0.0 { 0.0 } else { top * x.iter().map(|x| (x / top) * (x / top)).sum::<f64>().sqrt() }
}

fn work<T: Real>(m: usize, n: usize) -> Vec<T> {
    vec![T::from_f64(f64::NAN); tikhonov_work_len(m, n)]
}

/// The normal equations Aᵀr = λ² x in the sense of a backward error, and the report against the sums it stands for.
fn residual_ratios<T: Real>(limits: &[(&'static str, f64)]) {
    let mut limits = Limits::new(limits);
    for kind in KINDS {
        for (m, n) in SHAPES {
            for scale in scales::<T>() {
                let a = matrix::<T>(kind, m, n, scale, 71);
                let b: Vec<T> = Random::new(72).vector(m).into_iter().map(|b| T::from_f64(b * scale)).collect();
                let (mut work, mut x) = (work(m, n), vec![T::from_f64(f64::NAN); n]);
                let mut solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut work).unwrap();
                for relative in [1e-3, 0.1, 10.0] {
                    let what = std::format!("{}, lambda {relative} |A|", context(kind, m, n, scale, 71));
                    let top = solver.singular_values().first().map_or(scale, |top| top.value());
                    let lambda = relative * top;
                    let report = solver.solve(&Portable, T::from_f64(lambda), &mut x).unwrap();
                    let lambda = T::from_f64(lambda).value();
                    let r = |i: usize| b[i].value() - (0..n).map(|j| a.at(i, j) * x[j].value()).sum::<f64>();
                    let r: Vec<f64> = (0..m).map(r).collect();
                    let (norm_x, norm_b) = (norm(x.iter().map(|x| x.value())), norm(b.iter().map(|b| b.value())));
                    // Divided by λ before it could overflow: (A/λ)ᵀ r = λ x.
                    let gradient =
                        |j: usize| (0..m).map(|i| a.at(i, j) / lambda * r[i]).sum::<f64>() - lambda * x[j].value();
                    let size = top / lambda * norm_b + (top / lambda * top + lambda) * norm_x;
                    limits.record("|A'r - l^2 x|", ratio::<T>(norm((0..n).map(gradient)), m.max(n), size), &what);
                    let error = (report.residual_norm.value() - norm(r.iter().copied())).abs();
                    // Both subtract an A x that may be far longer than b.
                    limits.record("residual norm", ratio::<T>(error, m.max(n), norm_b + top * norm_x), &what);
                    let error = (report.norm.value() - norm_x).abs();
                    limits.record("norm", ratio::<T>(error, m.max(n), norm_x), &what);
                    let trace: f64 =
                        solver.singular_values().iter().map(|s| 1.0 / (1.0 + (lambda / s.value()).powi(2))).sum();
                    let error = (report.degrees_of_freedom.value() - trace).abs();
                    // A sum of n terms, all of them rounded alike where singular values are equal.
                    limits.record("degrees of freedom", ratio::<T>(error, n, trace), &what);
                }
            }
        }
    }
    limits.finish();
}

#[test]
fn residual_ratios_f64() {
    residual_ratios::<f64>(&[
        ("|A'r - l^2 x|", 5.0),
        ("residual norm", 2.0),
        ("norm", 5.0),
        ("degrees of freedom", 5.0),
    ]);
}

#[test]
fn residual_ratios_f32() {
    residual_ratios::<f32>(&[
        ("|A'r - l^2 x|", 5.0),
        ("residual norm", 2.0),
        ("norm", 5.0),
        ("degrees of freedom", 5.0),
    ]);
}

/// A smoothing problem with noise: singular values from 1 down to 1e-5.
fn smoothing(m: usize, n: usize, scale_a: f64, scale_b: f64) -> (Dense<f64>, Vec<f64>) {
    let kernel = |i: usize, j: usize| {
        let (s, t) = (i as f64 / m as f64, j as f64 / n as f64);
        libm::exp(-20.0 * (s - t) * (s - t)) / n as f64
    };
    let mut random = Random::new(81);
    let truth = |j: usize| libm::sin(7.0 * j as f64 / n as f64) + 0.5;
    let b =
        (0..m).map(|i| (0..n).map(|j| kernel(i, j) * truth(j)).sum::<f64>() + 1e-3 * random.next()).collect::<Vec<_>>();
    (Dense::from_fn(m, n, |i, j| scale_a * kernel(i, j)), b.iter().map(|b| b * scale_b).collect())
}

/// GCV's and UPRE's λ against 4000 points of ln λ, with the criteria from the report; and the same at every scale.
#[test]
fn minima_against_a_fine_grid() {
    for (m, n) in [(30, 20), (20, 20), (15, 25)] {
        let noise = 1e-3 / 3.0_f64.sqrt();
        for (scale_a, scale_b) in [(1.0, 1.0), (1e150, 1e-150), (1e-150, 1e150), (1e-150, 1e-150), (1e150, 1e150)] {
            let (a, b) = smoothing(m, n, scale_a, scale_b);
            let mut work = work(m, n);
            let solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut work).unwrap();
            let criterion = |rule: &TikhonovRule<f64>, lambda: f64| {
                let report = solver.evaluate(lambda).unwrap();
                let (rho, trace) = (report.residual_norm / scale_b, report.degrees_of_freedom);
                match rule {
                    TikhonovRule::Gcv => (rho / (m as f64 - trace)).powi(2),
                    _ => rho * rho + 2.0 * noise * noise * trace,
                }
            };
            let (top, last) = (solver.singular_values()[0], *solver.singular_values().last().unwrap());
            let (low, high) = (libm::log(last / top / 100.0), libm::log(100.0));
            for rule in [TikhonovRule::Gcv, TikhonovRule::Upre { noise: noise * scale_b }] {
                let choice = solver.choose(rule).unwrap();
                let what = std::format!("{m} x {n}, {scale_a:e} A, {scale_b:e} b, {rule:?}: {choice:?}");
                assert_eq!(choice.status, TikhonovChoiceStatus::Converged, "{what}");
                let best = (0..=4000)
                    .map(|i| criterion(&rule, top * libm::exp(low + (high - low) * f64::from(i) / 4000.0)))
                    .fold(f64::INFINITY, f64::min);
                assert!(criterion(&rule, choice.lambda) <= best * (1.0 + 1e-10), "{what}, best {best:e}");
                assert!(choice.evaluations <= 250, "{what}");
                let dof = solver.evaluate(choice.lambda).unwrap().degrees_of_freedom;
                assert!(dof > 1.0 && (m != 30 || dof < 0.9 * n as f64), "{what}, {dof}");
            }
            // The discrepancy equation, to rounding, from nearly the least residual to nearly the norm of b.
            let least = solver.evaluate(0.0).unwrap().residual_norm;
            let norm_b = norm(b.iter().copied());
            for t in [1e-6, 0.01, 0.3, 0.7, 0.99, 0.999999] {
                let residual_norm = least + t * (norm_b - least);
                let choice = solver.choose(TikhonovRule::Discrepancy { residual_norm }).unwrap();
                assert_eq!(choice.status, TikhonovChoiceStatus::Converged, "{t}");
                let found = solver.evaluate(choice.lambda).unwrap().residual_norm;
                assert!((found / residual_norm - 1.0).abs() < 1e-14, "{m} x {n}, {t}: {found:e} {residual_norm:e}");
            }
        }
    }
}

#[test]
fn ends_and_trivial_problems() {
    use TikhonovChoiceStatus::{Lower, Trivial, Upper};
    let (a, b) = smoothing(12, 8, 1.0, 1.0);
    let mut buffer = work(12, 8);
    let solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut buffer).unwrap();
    let choose = |rule| solver.choose(rule).unwrap();
    assert_eq!(solver.status(), SpectralStatus::Converged);
    let least = solver.evaluate(0.0).unwrap().residual_norm;
    let none = choose(TikhonovRule::Discrepancy { residual_norm: 0.5 * least });
    assert_eq!((none.status, none.lambda), (Lower, 0.0));
    assert_eq!(choose(TikhonovRule::Discrepancy { residual_norm: 0.0 }).status, Lower);
    assert_eq!(choose(TikhonovRule::Discrepancy { residual_norm: 100.0 }).status, Upper);
    // No noise: nothing to suppress. Nothing but noise: all of it.
    assert_eq!(choose(TikhonovRule::Upre { noise: 0.0 }).status, Lower);
    let all = choose(TikhonovRule::Upre { noise: 1e3 });
    assert!(all.status == Upper && solver.evaluate(all.lambda).unwrap().degrees_of_freedom < 1e-3);
    assert_eq!(choose(TikhonovRule::Upre { noise: f64::MAX }).status, Upper);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        for rule in [TikhonovRule::Upre { noise: bad }, TikhonovRule::Discrepancy { residual_norm: bad }] {
            assert!(matches!(solver.choose(rule), Err(Error::InvalidOption { .. })));
        }
        assert!(matches!(solver.evaluate(bad), Err(Error::InvalidOption { .. })));
    }
    let rules =
        [TikhonovRule::Gcv, TikhonovRule::Upre { noise: 1.0 }, TikhonovRule::Discrepancy { residual_norm: 1.0 }];
    let random = matrix::<f64>("random", 4, 3, 1.0, 5);
    let zero = matrix::<f64>("zero", 4, 3, 1.0, 5);
    for (a, b) in [(&random, [0.0; 4]), (&zero, [1.0; 4]), (&zero, [0.0; 4])] {
        let mut buffer = work(4, 3);
        let mut solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut buffer).unwrap();
        for rule in rules {
            let choice = solver.choose(rule).unwrap();
            assert_eq!((choice.status, choice.lambda), (Trivial, 0.0));
        }
        let mut x = [f64::NAN; 3];
        let report = solver.solve(&Portable, 0.0, &mut x).unwrap();
        assert_eq!((x, report.norm, report.residual_norm), ([0.0; 3], 0.0, norm(b.iter().copied())));
    }
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let (mut buffer, mut x) = (work(m, n), vec![f64::NAN; n]);
        let a = Dense::<f64>::zeros(m, n);
        let mut solver = TikhonovSolver::new(&Portable, a.view(), &vec![2.0; m], &mut buffer).unwrap();
        assert_eq!(solver.rank(), 0);
        solver.solve(&Portable, 1.0, &mut x).unwrap();
        assert!(x.iter().all(|&x| x == 0.0));
        assert_eq!(solver.choose(TikhonovRule::Gcv).unwrap().status, Trivial);
    }
}

/// λ = 0: the shortest of all solutions, and a rank as it is.
#[test]
fn rank_deficient() {
    for (m, n) in [(10, 6), (6, 6), (6, 10)] {
        let a = Dense::<f64>::from_fn(m, n, |i, j| ((i + 1) * (j + 1)) as f64 + ((i * i) as f64) * (j as f64 - 2.0));
        let b = Random::new(91).vector(m);
        let (mut buffer, mut x) = (work(m, n), vec![0.0; n]);
        let mut solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut buffer).unwrap();
        assert_eq!(solver.rank(), 2);
        let report = solver.solve(&Portable, 0.0, &mut x).unwrap();
        assert!((report.degrees_of_freedom - 2.0).abs() < 1e-15);
        // x lies in the range of Aᵀ, spanned by (j + 1) and (j − 2): linear in j.
        assert!((2..n).all(|j| (x[j] - 2.0 * x[j - 1] + x[j - 2]).abs() < 1e-14));
        let r: Vec<f64> = (0..m).map(|i| b[i] - (0..n).map(|j| a.at(i, j) * x[j]).sum::<f64>()).collect();
        assert!((0..n).all(|j| (0..m).map(|i| a.at(i, j) * r[i]).sum::<f64>().abs() < 1e-11));
        assert!(solver.choose(TikhonovRule::Gcv).unwrap().lambda >= 0.0);
    }
}

#[test]
fn work_len_is_exact_and_arguments_are_checked() {
    for (m, n) in SHAPES {
        let (a, b, len) = (matrix::<f64>("random", m, n, 1.0, 1), vec![1.0; m], tikhonov_work_len(m, n));
        assert_eq!(len, m * n + m.min(n) * m.min(n) + 2 * m.min(n) + m);
        TikhonovSolver::new(&Portable, a.view(), &b, &mut vec![0.0; len]).unwrap();
        if len > 0 {
            let error = TikhonovSolver::new(&Portable, a.view(), &b, &mut vec![0.0; len - 1]).err();
            assert_eq!(error, Some(Error::Workspace { what: "work", needed: len, found: len - 1 }));
        }
    }
    assert_eq!(tikhonov_work_len(usize::MAX, 3), usize::MAX);
    let mut a = matrix::<f64>("random", 3, 2, 1.0, 1);
    let (mut buffer, mut other) = (work(3, 2), work(3, 2));
    let error = TikhonovSolver::new(&Portable, a.view(), &[1.0; 2], &mut buffer).err();
    assert_eq!(error, Some(Error::Length { what: "b", expected: 3, found: 2 }));
    let error = TikhonovSolver::new(&Portable, a.view(), &[1.0, f64::NAN, 1.0], &mut buffer).err();
    assert_eq!(error, Some(Error::NonFinite { what: "b" }));
    let mut solver = TikhonovSolver::new(&Portable, a.view(), &[1.0; 3], &mut other).unwrap();
    let error = solver.solve(&Portable, 1.0, &mut [0.0; 3]).err();
    assert_eq!(error, Some(Error::Length { what: "x", expected: 2, found: 3 }));
    a.view_mut().set(1, 1, f64::INFINITY);
    let error = TikhonovSolver::new(&Portable, a.view(), &[1.0; 3], &mut buffer).err();
    assert!(matches!(error, Some(Error::NonFinite { .. })));
}

/// With a diagonal A: dx/dλ = −2 λ σ β / (σ² + λ²)², and dλ/dδ = 1/ρ′(λ) from the discrepancy equation.
#[test]
fn derivatives() {
    type D = Dual<f64, 1>;
    let sigma = [2.0, 1.0, 0.3];
    let mut a = Dense::<D>::zeros(4, 3);
    (0..3).for_each(|i| a.view_mut().set(i, i, Dual::constant(sigma[i])));
    let b = [1.0, -2.0, 0.5, 0.1];
    let dual_b = b.map(Dual::constant);
    let (mut buffer, mut x) = (work(4, 3), [Dual::constant(0.0); 3]);
    let mut solver = TikhonovSolver::new(&Portable, a.view(), &dual_b, &mut buffer).unwrap();
    let lambda = 0.4;
    solver.solve(&Portable, Dual { value: lambda, eps: [1.0] }, &mut x).unwrap();
    for i in 0..3 {
        let h = sigma[i] * sigma[i] + lambda * lambda;
        assert!((x[i].eps[0] + 2.0 * lambda * sigma[i] * b[i] / (h * h)).abs() < 1e-14);
    }
    let delta = 1.0;
    let choice = solver.choose(TikhonovRule::Discrepancy { residual_norm: Dual { value: delta, eps: [1.0] } }).unwrap();
    let l = choice.lambda.value;
    // ρρ′ = Σ 2 λ³ σ² β² / (σ² + λ²)³
    let slope: f64 =
        sigma.iter().zip(b).map(|(s, b)| 2.0 * l * l * l * s * s * b * b / libm::pow(s * s + l * l, 3.0)).sum::<f64>()
            / delta;
    assert!((choice.lambda.eps[0] * slope - 1.0).abs() < 1e-12, "{choice:?}");
}

/// A 6 × 4 Hilbert matrix; λ and x in 40 digits. A minimum is known to √ε, a root to ε κ.
#[test]
fn known_answers() {
    let a = Dense::<f64>::from_fn(6, 4, |i, j| 1.0 / (i + j + 1) as f64);
    let b: Vec<f64> = (0..6)
        .map(f64::from)
        .map(|i| 0.5 + if i % 2.0 == 0.0 { 1.0 / (i + 1.0) } else { -1.0 / (2.0 * i + 1.0) })
        .collect();
    let mut buffer = work(6, 4);
    let mut solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut buffer).unwrap();
    for (rule, lambda, expected, limit) in [
        (
            TikhonovRule::Gcv,
            0.5050704212247723,
            [0.8088003600662742, 0.45706077402785955, 0.3475576779746252, 0.28906262987162273],
            2e-7,
        ),
        (
            TikhonovRule::Upre { noise: 0.2 },
            0.00017637494400419334,
            [41.90038645758835, -357.09225960236853, 729.7552280930488, -420.45865080470895],
            2e-7,
        ),
        (
            TikhonovRule::Discrepancy { residual_norm: 0.6 },
            0.010685803780992134,
            [6.067311004340599, -19.737418649424338, 2.801367020180065, 17.12316454379537],
            1e-12,
        ),
    ] {
        let choice = solver.choose(rule).unwrap();
        assert!((choice.lambda / lambda - 1.0).abs() < limit, "{rule:?}: {choice:?}");
        let mut x = [0.0; 4];
        solver.solve(&Portable, lambda, &mut x).unwrap();
        let size = norm(expected.into_iter());
        assert!(x.iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-12 * size), "{rule:?}: {x:?}");
    }
}

/// The rank counts from max(m, n) ε σ₀ on; a matrix whose range is everything leaves no residual at λ = 0.
#[test]
fn what_counts_as_zero() {
    let a = Dense::<f64>::from_fn(100, 2, |i, j| if i == j { [1.0, 50.0 * f64::EPSILON][i] } else { 0.0 });
    assert_eq!(TikhonovSolver::new(&Portable, a.view(), &[1.0; 100], &mut work(100, 2)).unwrap().rank(), 1);
    for (m, n) in [(5, 5), (5, 9)] {
        let (a, b) = (matrix::<f64>("random", m, n, 1.0, 3), Random::new(4).vector(m));
        let mut buffer = work(m, n);
        let solver = TikhonovSolver::new(&Portable, a.view(), &b, &mut buffer).unwrap();
        assert_eq!(solver.evaluate(0.0).unwrap().residual_norm, 0.0);
    }
}

/// One singular value: what is found at the ends of the bracket, on a criterion that is constant, and at exact equality.
#[test]
fn ends_are_exact() {
    use TikhonovChoiceStatus::{Lower, Upper};
    let choose = |scale: f64, b: [f64; 2], rule| {
        let a = Dense::<f64>::from_fn(2, 1, |i, _| if i == 0 { scale } else { 0.0 });
        TikhonovSolver::new(&Portable, a.view(), &b, &mut work(2, 1)).unwrap().choose(rule).unwrap()
    };
    let constant = TikhonovRule::Upre { noise: 0.0 };
    // 2 ln 100 = 9.2 in steps of at most 1/4: 37 intervals.
    assert_eq!(choose(1.0, [1.0, 0.0], constant).evaluations, 38);
    // One singular value 1, β = 1: the minimum is where λ²/(1 + λ²) = noise². Two points and 37 golden sections more bring two
    // steps of the grid, 0.498, below √ε.
    let choice = choose(1.0, [1.0, 0.0], TikhonovRule::Upre { noise: 0.5 });
    assert!((choice.lambda * 3.0_f64.sqrt() - 1.0).abs() < 1e-7 && choice.evaluations == 38 + 2 + 37, "{choice:?}");
    // ρ = λ²/(1 + λ²) = ¼: both ends, 57 halvings of 2 ln 1/ε = 72 down to 4 ε, the root.
    let choice = choose(1.0, [1.0, 0.0], TikhonovRule::Discrepancy { residual_norm: 0.25 });
    assert!((choice.lambda * 3.0_f64.sqrt() - 1.0).abs() < 1e-15 && choice.evaluations == 2 + 57 + 1, "{choice:?}");
    // b outside the range: x = 0 whatever λ, but the criteria still have an order; the first of equals counts.
    let none = [0.0, 2.0];
    assert_eq!((choose(1.0, none, TikhonovRule::Gcv).status, choose(1.0, none, constant).status), (Upper, Lower));
    let choice = choose(1.0, none, TikhonovRule::Discrepancy { residual_norm: 2.0 });
    assert_eq!((choice.status, choice.lambda), (Lower, 0.0));
    // ρ is ‖b‖ at the upper end, to the last bit.
    let choice = choose(1.0, [3.0, 4.0], TikhonovRule::Discrepancy { residual_norm: 5.0 });
    assert_eq!((choice.status, choice.evaluations), (Upper, 2));
    // An upper end that is not representable is the largest number.
    for rule in [TikhonovRule::Upre { noise: 1e3 }, TikhonovRule::Discrepancy { residual_norm: 9.0 }] {
        let choice = choose(1e307, [3.0, 4.0], rule);
        assert_eq!(choice.lambda, f64::MAX, "{rule:?}");
    }
}

/// β/σ leaves the range where σ is subnormal, although x does not; and an x that does is an error.
#[test]
fn subnormal_singular_values() {
    fn check<T: Real>(smallest: f64) {
        let a = [2.0, 0.0, 0.0, 4.0].map(|x| T::from_f64(x * smallest));
        let solve = |b: [f64; 2]| {
            let (mut work, mut x) = (work::<T>(2, 2), [T::ZERO; 2]);
            let a = MatRef::new(&a, 2, 2).unwrap();
            let mut solver = TikhonovSolver::new(&Portable, a, &b.map(T::from_f64), &mut work).unwrap();
            solver.solve(&Portable, T::ZERO, &mut x).map(|report| (x.map(Real::value), report.norm.value()))
        };
        let (x, norm) = solve([6.0 * smallest, 16.0 * smallest]).unwrap();
        assert!(x == [3.0, 4.0] && (norm - 5.0).abs() < 1e-6, "{x:?}, {norm}");
        assert_eq!(solve([1.0, 1.0]), Err(Error::NonFinite { what: "x" }));
    }
    check::<f64>(5e-324);
    check::<f32>(f64::from(f32::from_bits(1)));
}

/// The length of b may overflow: λ is that of the same b in other units.
#[test]
fn huge_right_hand_sides() {
    let (m, n) = (30, 20);
    let (a, b) = smoothing(m, n, 1.0, 1.0);
    let top = b.iter().fold(0.0, |top: f64, b| top.max(b.abs()));
    let choose = |unit: f64| {
        let b: Vec<f64> = b.iter().map(|b| b / top * unit).collect();
        TikhonovSolver::new(&Portable, a.view(), &b, &mut work(m, n)).unwrap().choose(TikhonovRule::Gcv).unwrap()
    };
    let (usual, huge) = (choose(1.0), choose(1.7e308));
    assert!((huge.lambda / usual.lambda - 1.0).abs() < 1e-6 && huge.status == usual.status, "{usual:?} {huge:?}");
}

/// d‖r‖ = 0 where the part of b that varies is zero: ‖r‖² = (λ²/(1 + λ²) b₁)² + b₂².
#[test]
fn a_residual_of_zero_has_no_slope_in_the_norm() {
    type D = Dual<f64, 1>;
    let a = [D::ONE, D::ZERO];
    let mut buffer = work(2, 1);
    let b = [D::variable(0.0, 0), D::from_f64(3.0)];
    let solver = TikhonovSolver::new(&Portable, MatRef::new(&a, 2, 1).unwrap(), &b, &mut buffer).unwrap();
    let norm = solver.evaluate(D::ONE).unwrap().residual_norm;
    assert_eq!((norm.value, norm.eps), (3.0, [0.0]));
}
