//! The Krylov space: Arnoldi's relation, the status of every way to stop, steps inside and on the boundary.

use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

/// H = GᵀG/n + shift I, and b.
struct Problem<T> {
    h: Dense<T>,
    b: Vec<T>,
}

impl<T: Real> Problem<T> {
    fn new(n: usize, shift: f64, scale_h: f64, scale_b: f64, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let g = random.vector(n * n);
        let b = random.vector(n).into_iter().map(|b| T::from_f64(scale_b * b)).collect();
        let h = Dense::from_fn(n, n, |i, j| {
            let sum: f64 = (0..n).map(|k| g[k + i * n] * g[k + j * n]).sum();
            scale_h * (sum / n as f64 + if i == j { shift } else { 0.0 })
        });
        Self { h, b }
    }

    fn product(&self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        crate::Backend::gemv(&Portable, T::ONE, self.h.view(), v, T::ZERO, hv)
    }

    /// bᵀs − ½ sᵀHs
    fn decrease(&self, s: &[T]) -> f64 {
        let n = s.len();
        let hs = |i: usize| (0..n).map(|j| self.h.at(i, j) * s[j].value()).sum::<f64>();
        (0..n).map(|i| s[i].value() * (self.b[i].value() - 0.5 * hs(i))).sum()
    }
}

fn norm(x: &[f64]) -> f64 {
    crate::Backend::norm(&Portable, x)
}

#[test]
fn basis_and_hessenberg_fulfil_the_arnoldi_relation() {
    let mut limits = Limits::new(&[("|HV - VHbar| / (n eps |H|)", 1.0), ("|I - V'V| / (n eps)", 2.0)]);
    for (n, m) in [(1, 1), (2, 2), (5, 3), (10, 10), (50, 20), (50, 50)] {
        for (scale_h, scale_b) in [(1.0, 1.0), (1e150, 1e150), (1e-150, 1e150), (1e-150, 1e-150)] {
            let problem = Problem::<f64>::new(n, 0.1, scale_h, scale_b, n as u64);
            let mut work = std::vec![f64::NAN; krylov_work_len(n, m)];
            let mut krylov = Krylov::new(n, m, &mut work).unwrap();
            let report = krylov.build(&Portable, &problem.b, 0.0, true, |v, w| problem.product(v, w)).unwrap();
            let (k, v, h) = (krylov.dim(), krylov.basis(), krylov.hessenberg());
            assert_eq!((k, v.shape(), h.shape(), report.dim), (m, (n, m), (m + 1, m), m));
            let at = |x: MatRef<'_, f64>, i, j| x.get(i, j).unwrap();
            // Without the last column, whose next vector the view leaves out.
            let difference = norm_of(n, k - 1, |i, j| {
                let left: f64 = (0..n).map(|p| problem.h.at(i, p) * at(v, p, j)).sum();
                left - (0..k).map(|p| at(v, i, p) * at(h, p, j)).sum::<f64>()
            });
            let context = std::format!("n = {n}, m = {m}, scales {scale_h:e} {scale_b:e}");
            limits.record("|HV - VHbar| / (n eps |H|)", ratio::<f64>(difference, n, problem.h.norm()), &context);
            let difference = norm_of(k, k, |i, j| {
                (0..n).map(|p| at(v, p, i) * at(v, p, j)).sum::<f64>() - f64::from(u8::from(i == j))
            });
            limits.record("|I - V'V| / (n eps)", ratio::<f64>(difference, n, 1.0), &context);
        }
    }
    limits.finish();
}

#[test]
fn the_free_step_of_a_full_space_solves_the_system() {
    for n in [1, 2, 3, 5, 10, 50] {
        for scale in [1.0, 1e150, 1e-150] {
            for reorthogonalize in [true, false] {
                let problem = Problem::<f64>::new(n, 0.5, scale, scale, 7);
                let (mut l, mut x) = (problem.h.clone(), problem.b.clone());
                cholesky_in_place(&Portable, l.view_mut()).unwrap();
                cholesky_solve_in_place(&Portable, l.view(), MatMut::column_vector(&mut x)).unwrap();

                let mut work = std::vec![0.0; krylov_work_len(n, n)];
                let mut krylov = Krylov::new(n, n, &mut work).unwrap();
                let product = |v: &[f64], w: &mut [f64]| problem.product(v, w);
                let report = krylov.build(&Portable, &problem.b, 1e-14, reorthogonalize, product).unwrap();
                assert_eq!(report.status, KrylovStatus::Converged, "n = {n}, scale {scale:e}");
                let mut step = std::vec![0.0; n];
                let solved = krylov.solve(&Portable, None, &mut step).unwrap();
                assert_eq!(solved.lambda, 0.0);
                let error: Vec<f64> = step.iter().zip(&x).map(|(s, x)| s - x).collect();
                assert!(norm(&error) < 1e-12 * norm(&x), "n = {n}, scale {scale:e}");
                assert!((solved.norm - norm(&step)).abs() < 1e-13 * solved.norm);
            }
        }
    }
}

/// Against 40-digit arithmetic: `known_krylov_step.py`.
#[test]
fn known_answers() {
    let g = |i: usize, j: usize| ((5 * i + 3 * j + i * j) % 7) as f64 - 3.0;
    let h = Dense::<f64>::from_fn(7, 7, |i, j| {
        (0..7).map(|k| g(k, i) * g(k, j)).sum::<f64>() / 16.0 + if i == j { (i + 1) as f64 / 8.0 } else { 0.0 }
    });
    let problem = Problem { h, b: (1..8).map(f64::from).collect() };
    for reorthogonalize in [true, false] {
        let mut work = [0.0; krylov_work_len(7, 7)];
        let mut krylov = Krylov::new(7, 7, &mut work).unwrap();
        let product = |v: &[f64], w: &mut [f64]| problem.product(v, w);
        let report = krylov.build(&Portable, &problem.b, 0.01, reorthogonalize, product).unwrap();
        assert_eq!((report.dim, report.status), (4, KrylovStatus::Converged));
        assert!((report.residual - 0.009_023_025_012_587_755).abs() < 1e-14);
        let mut step = [0.0; 7];
        let close = |x: f64, y: f64| (x - y).abs() < 1e-13 * y.abs().max(1.0);

        let free = krylov.solve(&Portable, None, &mut step).unwrap();
        assert!(close(free.norm, 6.180_654_680_152_177) && close(free.predicted_decrease, 24.558_776_744_922_99));
        assert!(close(step[0], -1.787_044_474_433_319_6) && close(step[5], 4.171_571_945_834_095), "{step:?}");

        let bounded = krylov.solve(&Portable, Some(0.5), &mut step).unwrap();
        assert!(close(bounded.norm, 0.5) && close(bounded.lambda, 8.974_241_011_140_522), "{bounded:?}");
        assert!(close(bounded.predicted_decrease, 5.164_115_534_323_497));
        assert!(close(step[0], 0.108_600_107_003_240_12) && close(step[6], 0.249_448_386_984_900_3), "{step:?}");
    }
}

/// For radii from far inside to just inside the free step: the length, λ, the decrease of the model, and optimality.
fn run_radii<T: Real>(tolerance: f64) {
    for (n, m) in [(1, 1), (3, 3), (10, 4), (50, 20)] {
        for (scale_h, scale_b) in scales::<T>().map(|s| (1.0 / s, s)).into_iter().chain(scales::<T>().map(|s| (s, s))) {
            for shift in [1e-8, 1e-2, 1.0] {
                let problem = Problem::<T>::new(n, shift, scale_h.sqrt(), scale_b.sqrt(), 11);
                let mut work = std::vec![T::ZERO; krylov_work_len(n, m)];
                let mut krylov = Krylov::new(n, m, &mut work).unwrap();
                krylov.build(&Portable, &problem.b, T::ZERO, true, |v, w| problem.product(v, w)).unwrap();
                let mut step = std::vec![T::ZERO; n];
                let free = krylov.solve(&Portable, None, &mut step).unwrap();
                let mut last = (0.0, f64::INFINITY);
                for fraction in [1.0, 0.999_999, 0.9, 0.5, 0.1, 1e-3, 1e-6, 1e-10] {
                    let context = std::format!("n = {n}, m = {m}, {scale_h:e} {scale_b:e} {shift:e}, {fraction:e}");
                    let radius = T::from_f64(fraction) * free.norm;
                    let found = krylov.solve(&Portable, Some(radius), &mut step).unwrap();
                    let [length, lambda, decrease] = [found.norm, found.lambda, found.predicted_decrease].map(T::value);
                    let s: Vec<f64> = step.iter().map(|s| s.value()).collect();
                    assert!((norm(&s) / radius.value() - 1.0).abs() < tolerance, "{context}: {}", norm(&s));
                    assert!((length / radius.value() - 1.0).abs() < tolerance, "{context}");
                    assert!(lambda >= last.0 && decrease > 0.0 && decrease <= last.1, "{context}: {found:?} {last:?}");
                    assert!(lambda <= (1.0 + tolerance) * problem_bound(&problem, radius), "{context}");
                    let model = problem.decrease(&step);
                    assert!((model / decrease - 1.0).abs() < 100.0 * tolerance, "{context}: {model:e} {decrease:e}");
                    last = (lambda, decrease * (1.0 + tolerance));
                }
            }
        }
    }
}

/// The upper end β/Δ of the bracket of the reference.
fn problem_bound<T: Real>(problem: &Problem<T>, radius: T) -> f64 {
    let b: Vec<f64> = problem.b.iter().map(|b| b.value()).collect();
    norm(&b) / radius.value()
}

#[test]
fn bounded_steps_have_the_length_of_the_radius() {
    run_radii::<f64>(1e-13);
    run_radii::<f32>(1e-5);
}

/// (H̄ᵀH̄ + λ²) z = H̄ᵀ β e₁, written for the full space, where it is (HᵀH + λ²) s = Hᵀ b.
#[test]
fn a_bounded_step_is_the_tikhonov_solution_of_its_lambda() {
    let n = 8;
    let problem = Problem::<f64>::new(n, 0.1, 1.0, 1.0, 3);
    let mut work = std::vec![0.0; krylov_work_len(n, n)];
    let mut krylov = Krylov::new(n, n, &mut work).unwrap();
    krylov.build(&Portable, &problem.b, 0.0, true, |v, w| problem.product(v, w)).unwrap();
    let mut step = std::vec![0.0; n];
    for radius in [2.0, 0.5, 0.01] {
        let found = krylov.solve(&Portable, Some(radius), &mut step).unwrap();
        let hs: Vec<f64> = (0..n).map(|i| (0..n).map(|j| problem.h.at(i, j) * step[j]).sum()).collect();
        for j in 0..n {
            let gradient: f64 = (0..n).map(|i| problem.h.at(i, j) * (hs[i] - problem.b[i])).sum();
            assert!((gradient + found.lambda * found.lambda * step[j]).abs() < 1e-13, "radius {radius}");
        }
    }
}

#[test]
fn building_stops_at_the_first_residual_below_the_tolerance() {
    let (n, problem) = (30, Problem::<f64>::new(30, 0.1, 1.0, 1.0, 5));
    let build = |max_dim: usize, tolerance: f64| {
        let mut work = std::vec![0.0; krylov_work_len(n, max_dim)];
        let mut krylov = Krylov::new(n, max_dim, &mut work).unwrap();
        let mut products = 0;
        let report = krylov.build(&Portable, &problem.b, tolerance, true, |v, w| {
            products += 1;
            problem.product(v, w)
        });
        let report = report.unwrap();
        assert_eq!(products, report.dim);
        // The residual of the recurrence is the true one.
        let mut s = std::vec![0.0; n];
        krylov.solve(&Portable, None, &mut s).unwrap();
        let residual: Vec<f64> =
            (0..n).map(|i| problem.b[i] - (0..n).map(|j| problem.h.at(i, j) * s[j]).sum::<f64>()).collect();
        assert!((norm(&residual) / norm(&problem.b) - report.residual).abs() < 1e-13);
        report
    };
    for tolerance in [0.9, 0.3, 1e-1, 1e-2, 1e-4] {
        let report = build(30, tolerance);
        assert!(report.status == KrylovStatus::Converged && report.residual < tolerance);
        if report.dim > 1 {
            let before = build(report.dim - 1, tolerance);
            assert!(before.status == KrylovStatus::MaxDim && before.residual >= tolerance);
        }
    }
}

#[test]
fn breakdown_and_zero_right_hand_side() {
    // b is an eigenvector of eigenvalue 4 of diag(1, 4, 9).
    let h = Dense::<f64>::from_fn(3, 3, |i, j| if i == j { ((i + 1) * (i + 1)) as f64 } else { 0.0 });
    let mut problem = Problem { h, b: std::vec![0.0, 2.0, 0.0] };
    let mut work = [f64::NAN; krylov_work_len(3, 3)];
    let mut krylov = Krylov::new(3, 3, &mut work).unwrap();
    let mut step = [f64::NAN; 3];
    for (tolerance, status) in [(0.0, KrylovStatus::Breakdown), (1e-10, KrylovStatus::Converged)] {
        let report = krylov.build(&Portable, &problem.b, tolerance, true, |v, w| problem.product(v, w)).unwrap();
        assert_eq!(report, KrylovReport { dim: 1, residual: 0.0, status });
        let found = krylov.solve(&Portable, None, &mut step).unwrap();
        assert_eq!((step, found.predicted_decrease), ([0.0, 0.5, 0.0], 0.5));
    }

    // More vectors than dimensions: H of rank two beside b's component in its null space, which no step removes.
    problem.h.view_mut().set(2, 2, 0.0);
    problem.b = std::vec![1.0, 1.0, 1.0];
    let mut work = [f64::NAN; krylov_work_len(3, 9)];
    let mut krylov = Krylov::new(3, 9, &mut work).unwrap();
    let report = krylov.build(&Portable, &problem.b, 0.0, true, |v, w| problem.product(v, w)).unwrap();
    assert_eq!((report.dim, report.status), (3, KrylovStatus::Breakdown));
    assert!((report.residual - libm::sqrt(1.0 / 3.0)).abs() < 1e-14);
    krylov.solve(&Portable, None, &mut step).unwrap();
    assert!((step[0] - 1.0).abs() < 1e-13 && (step[1] - 0.25).abs() < 1e-13, "{step:?}");
    let found = krylov.solve(&Portable, Some(0.5), &mut step).unwrap();
    assert!((found.norm - 0.5).abs() < 1e-14);

    // H = 0: the best residual is that of the zero step.
    problem.h.view_mut().fill(0.0);
    let report = krylov.build(&Portable, &problem.b, 0.1, true, |v, w| problem.product(v, w)).unwrap();
    assert_eq!((report.dim, report.residual, report.status), (1, 1.0, KrylovStatus::Breakdown));
    let found = krylov.solve(&Portable, Some(1.0), &mut step).unwrap();
    assert_eq!((step, found.norm), ([0.0; 3], 0.0));

    let report = krylov.build(&Portable, &[0.0; 3], 0.1, true, |v, w| problem.product(v, w)).unwrap();
    assert_eq!(report, KrylovReport { dim: 0, residual: 0.0, status: KrylovStatus::ZeroRhs });
    step = [1.0; 3];
    let found = krylov.solve(&Portable, Some(1.0), &mut step).unwrap();
    assert_eq!((step, found.norm, krylov.hessenberg().shape()), ([0.0; 3], 0.0, (0, 0)));
}

#[test]
fn a_second_right_hand_side_forgets_the_first() {
    let problem = Problem::<f64>::new(6, 0.1, 1.0, 1.0, 2);
    let other = Problem::<f64>::new(6, 0.2, 1.0, 1.0, 4);
    let solve = |krylov: &mut Krylov<'_, f64>, problem: &Problem<f64>, radius| {
        let mut step = [0.0; 6];
        krylov.build(&Portable, &problem.b, 1e-3, true, |v, w| problem.product(v, w)).unwrap();
        krylov.solve(&Portable, radius, &mut step).unwrap();
        step
    };
    let (mut fresh, mut used) = ([0.0; krylov_work_len(6, 6)], [f64::NAN; krylov_work_len(6, 6)]);
    let (mut fresh, mut used) = (Krylov::new(6, 6, &mut fresh).unwrap(), Krylov::new(6, 6, &mut used).unwrap());
    solve(&mut used, &problem, Some(0.1));
    assert_eq!(solve(&mut used, &other, Some(0.1)), solve(&mut fresh, &other, Some(0.1)));
    // Radii in any order give the same steps: the free step survives the decomposition of H̄.
    let mut steps = [[0.0; 6]; 3];
    for (step, radius) in steps.iter_mut().zip([None, Some(0.1), None]) {
        used.solve(&Portable, radius, step).unwrap();
    }
    assert!(steps[0] == steps[2] && steps[0] != steps[1]);
}

#[test]
fn exactly_the_workspace_is_needed() {
    for (n, m) in [(0, 1), (1, 1), (5, 3), (3, 7)] {
        let needed = krylov_work_len(n, m);
        let mut work = std::vec![0.0_f64; needed];
        let found = needed - 1;
        assert_eq!(Krylov::new(n, m, &mut work[..found]).err(), Some(Error::Workspace { what: "work", needed, found }));
        assert!(Krylov::new(n, m, &mut work).is_ok());
    }
    assert_eq!((krylov_work_len(5, 3), krylov_work_len(0, 1)), (5 * 4 + 2 * 4 * 3 + 3 * 3 + 6 * 3 + 4, 13));
    assert_eq!(krylov_work_len(usize::MAX, 2), usize::MAX);
    assert!(Krylov::<f64>::new(usize::MAX, 2, &mut []).is_err());
}

#[test]
fn misuse_is_an_error_and_leaves_an_empty_space() {
    let problem = Problem::<f64>::new(4, 1.0, 1.0, 1.0, 1);
    assert_eq!(Krylov::new(4, 0, &mut [0.0_f64; 99]).err(), Some(Error::InvalidOption { what: "max_dim >= 1" }));
    let mut work = [0.0; krylov_work_len(4, 4)];
    let mut krylov = Krylov::new(4, 4, &mut work).unwrap();
    for tolerance in [-1.0, f64::NAN, f64::INFINITY] {
        let result = krylov.build(&Portable, &problem.b, tolerance, true, |v, w| problem.product(v, w));
        assert!(matches!(result, Err(Error::InvalidOption { .. })));
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let result = krylov.build(&Portable, &[0.0, bad, 0.0, 0.0], 0.1, true, |v, w| problem.product(v, w));
        assert_eq!(result, Err(Error::NonFinite { what: "b" }));
        let result = krylov.build(&Portable, &problem.b, 0.0, true, |v, w: &mut [f64]| {
            problem.product(v, w)?;
            w[3] = bad;
            Ok::<(), Error>(())
        });
        assert_eq!((result, krylov.dim()), (Err(Error::NonFinite { what: "product" }), 0));
    }
    // The caller's own error comes back.
    #[derive(Debug, PartialEq)]
    enum Mine {
        Core(Error),
        Stop,
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Core(error)
        }
    }
    let result = krylov.build(&Portable, &problem.b, 0.0, true, |_, _| Err(Mine::Stop));
    assert_eq!(result, Err(Mine::Stop));
    let result = krylov.build(&Portable, &[1.0], 0.0, true, |_, _| Err(Mine::Stop));
    assert_eq!(result, Err(Mine::Core(Error::Length { what: "b", expected: 4, found: 1 })));

    let mut step = [7.0; 4];
    for radius in [0.0, -1.0, f64::NAN] {
        let result = krylov.solve(&Portable, Some(radius), &mut step);
        assert_eq!((result, step), (Err(Error::InvalidOption { what: "radius > 0" }), [7.0; 4]));
    }
    assert!(krylov.solve(&Portable, None, &mut step[..3]).is_err());
    krylov.solve(&Portable, Some(f64::INFINITY), &mut step).unwrap();
    assert_eq!(step, [0.0; 4]);
}

#[test]
fn at_the_length_of_the_free_step_the_radius_does_not_bind() {
    let problem = Problem::<f64>::new(6, 0.1, 1.0, 1.0, 9);
    let mut work = [0.0; krylov_work_len(6, 4)];
    let mut krylov = Krylov::new(6, 4, &mut work).unwrap();
    krylov.build(&Portable, &problem.b, 0.0, true, |v, w| problem.product(v, w)).unwrap();
    let (mut step, mut other) = ([0.0; 6], [0.0; 6]);
    let free = krylov.solve(&Portable, None, &mut step).unwrap();
    let bounded = krylov.solve(&Portable, Some(free.norm), &mut other).unwrap();
    assert_eq!((bounded, other), (free, step));
}

/// Where the free step overflows, to infinity and on to NaN, a radius still bounds it; products of the units of H, b and the
/// radius may leave the range.
#[test]
fn units_at_the_ends_of_the_range() {
    let solve = |scale: f64, b: [f64; 2], radius| {
        let h = Dense::<f64>::from_fn(2, 2, |i, j| scale * [[2.0, 1.0], [1.0, 3.0]][i][j]);
        let problem = Problem { h, b: b.to_vec() };
        let mut work = [0.0; krylov_work_len(2, 2)];
        let mut krylov = Krylov::new(2, 2, &mut work).unwrap();
        krylov.build(&Portable, &problem.b, 0.0, true, |v, w| problem.product(v, w)).unwrap();
        let mut step = [0.0; 2];
        let found = krylov.solve(&Portable, radius, &mut step).unwrap();
        (found, step)
    };
    for (scale, size, radius) in [(1e-160, 1e160, 1e20), (1e-200, 1e-150, 1e-150), (1e200, 1e250, 1e-100)] {
        let (found, step) = solve(scale, [size, 2.0 * size], Some(radius));
        assert!((found.norm / radius - 1.0).abs() < 1e-13, "{scale:e}, {size:e}, {radius:e}: {found:?} {step:?}");
        assert!((libm::hypot(step[0], step[1]) / radius - 1.0).abs() < 1e-13, "{step:?}");
    }
    // A right-hand side whose reciprocal overflows; H (1, 1) = (3, 4).
    let (_, step) = solve(1.0, [3e-310, 4e-310], None);
    assert!(step.iter().all(|x| (x / 1e-310 - 1.0).abs() < 1e-12), "{step:?}");
}

/// e₀ → e₁ → e₂ → 1e-18 e₀ + 1e-19 e₃: what is left is small beside the longest product, though not beside the last one.
#[test]
fn breakdown_is_measured_against_the_longest_product() {
    let mut work = [0.0; krylov_work_len(4, 4)];
    let mut krylov = Krylov::new(4, 4, &mut work).unwrap();
    let product = |v: &[f64], w: &mut [f64]| -> Result<(), Error> {
        w.copy_from_slice(&[1e-18 * v[2], v[0], v[1], 1e-19 * v[2]]);
        Ok(())
    };
    let report = krylov.build(&Portable, &[1.0, 0.0, 0.0, 0.0], 0.0, true, product).unwrap();
    assert_eq!((report.dim, report.status), (3, KrylovStatus::Breakdown));
}

/// Almost singular, and so large that R z overflows where the step does not: what comes out is the step or an error.
#[test]
fn a_success_is_finite_up_to_the_end_of_the_range() {
    let a = matrix::<f32>("Kahan", 17, 17, 1.0, 1);
    let gram = |i: usize, j: usize| (0..17).map(|k| a.at(k, i) * a.at(k, j)).sum::<f64>();
    let mut solved = 0;
    for exponent in 80..120 {
        let scale = libm::ldexp(1.0, exponent);
        let h = Dense::<f32>::from_fn(17, 17, |i, j| scale * gram(i, j));
        let (b, mut s) = ([libm::ldexp(1.0, exponent) as f32; 17], [0.0_f32; 17]);
        let mut work = std::vec![0.0; krylov_work_len(17, 17)];
        let mut space = Krylov::new(17, 17, &mut work).unwrap();
        let product = |v: &[f32], hv: &mut [f32]| crate::Backend::gemv(&Portable, 1.0, h.view(), v, 0.0, hv);
        let report = space.build::<_, Error>(&Portable, &b, f32::EPSILON.sqrt(), true, product).unwrap();
        assert_eq!(report.status, KrylovStatus::Converged);
        match space.solve(&Portable, None, &mut s) {
            Ok(step) => assert!(step.predicted_decrease.is_finite() && step.norm.is_finite()),
            Err(error) => assert_eq!(error, Error::NonFinite { what: "predicted_decrease" }),
        }
        // ‖b − H s‖ ≤ √ε ‖b‖ but for rounding errors of H s.
        let residual = |i: usize| 1.0 - (0..17).map(|j| h.at(i, j) / scale * f64::from(s[j])).sum::<f64>();
        let length = |x: &dyn Fn(usize) -> f64| (0..17).map(|i| x(i) * x(i)).sum::<f64>().sqrt();
        let rounding = 17.0 * f64::from(f32::EPSILON) * h.norm() / scale * length(&|i| f64::from(s[i]));
        let limit = f64::from(f32::EPSILON).sqrt() * 17.0_f64.sqrt() + rounding;
        assert!(length(&residual) <= limit, "2^{exponent}: {:e} above {limit:e}", length(&residual));
        solved += 1;
    }
    assert_eq!(solved, 40);
}

/// The space of a matrix and a vector, over a workspace of its own.
fn with_space(h: &[f64], b: &[f64], check: impl FnOnce(&mut Krylov<'_, f64>, KrylovReport<f64>)) {
    let n = b.len();
    let mut work = std::vec![f64::NAN; krylov_work_len(n, n)];
    let mut krylov = Krylov::new(n, n, &mut work).unwrap();
    let product = |v: &[f64], hv: &mut [f64]| -> Result<(), Error> {
        crate::Backend::gemv(&Portable, 1.0, MatRef::new(h, n, n)?, v, 0.0, hv)
    };
    let report = krylov.build(&Portable, b, 1e-8, true, product).unwrap();
    check(&mut krylov, report);
}

#[test]
fn a_step_beyond_the_range_is_an_error() {
    with_space(&[1e-219], &[2e170], |krylov, _| {
        let mut step = [0.0];
        assert_eq!(krylov.solve(&Portable, None, &mut step), Err(Error::NonFinite { what: "step" }));
        let bounded = krylov.solve(&Portable, Some(3.0), &mut step).unwrap();
        assert!((step[0] - 3.0).abs() < 1e-14 && bounded.norm == step[0].abs(), "{step:?}, {bounded:?}");
    });
}

/// Where the SVD leaves out what the solution of b would need, the status does not say that it was reached.
#[test]
fn what_is_left_out_is_in_the_residual() {
    let h = [1.7e201, -2.6e136, -4.2e-29, -2.6e136, 6.3e147, -2.9e159, -4.2e-29, -2.9e159, 1.4e171];
    with_space(&h, &[-5.4e-213, -6.8e189, 0.0], |krylov, report| {
        let mut step = [0.0; 3];
        krylov.solve(&Portable, None, &mut step).unwrap();
        let left = |i: usize| [-5.4e-213, -6.8e189, 0.0][i] - (0..3).map(|j| h[i + 3 * j] * step[j]).sum::<f64>();
        let residual = norm(&[0, 1, 2].map(|i| left(i) / 6.8e189));
        let truthful = (report.residual - residual).abs() < 1e-3 && report.status != KrylovStatus::Converged;
        assert!(truthful || residual < 1e-8, "{residual:e}, {report:?}");
    });
}

/// λ² and the squares of small singular values are below the smallest number, the radius still binds.
#[test]
fn a_radius_that_binds_below_the_smallest_number() {
    let mut h = [0.0; 25];
    for (i, x) in [-9.8e289, 6e-177, 8.2e262, -5.2e29, 0.0].into_iter().enumerate() {
        h[6 * i] = x;
    }
    (h[1], h[5], h[2], h[10], h[7], h[11]) = (-8.4e211, -8.4e211, 1.7e-233, 1.7e-233, 1.7e-235, 1.7e-235);
    with_space(&h, &[-8.5e43, -2.6e155, 1.9e-72, 1.2e-151, -5.5e-19], |krylov, _| {
        let mut step = [0.0; 5];
        for radius in [1.0, 1e-20, 1e20] {
            let bounded = krylov.solve(&Portable, Some(radius), &mut step).unwrap();
            assert!(norm(&step) <= radius * (1.0 + 1e-14), "{step:?}, {bounded:?}");
        }
    });
}

/// Squares of the singular values that count are subnormal: the step is as long as the radius all the same, and the model the least on it.
#[test]
fn a_radius_that_binds_where_squares_are_subnormal() {
    let (d, c) = (8.513_643e19_f32, 3.861_479_2e9);
    let h = [1.957_939_4, 0.722_596_5, c, 0.722_596_5, 0.924_273_85, 2.947_404_5e9, c, 2.947_404_5e9, d];
    let mut work = std::vec![f32::NAN; krylov_work_len(3, 3)];
    let mut krylov = Krylov::new(3, 3, &mut work).unwrap();
    let product = |v: &[f32], hv: &mut [f32]| -> Result<(), Error> {
        crate::Backend::gemv(&Portable, 1.0, MatRef::new(&h, 3, 3)?, v, 0.0, hv)
    };
    krylov.build(&Portable, &[2.743_286_1, -0.0, -0.0], 1e-4, true, product).unwrap();
    let mut step = [0.0; 3];
    for radius in [0.1, 0.5, 1.0, 1.5] {
        let found = krylov.solve(&Portable, Some(radius), &mut step).unwrap();
        let length = norm(&step.map(f64::from));
        assert!((length / f64::from(radius) - 1.0).abs() <= 1e-5, "{length} for {radius}: {found:?}");
        assert!(found.lambda > 0.0);
    }
}
