//! Tests of [`LevenbergMarquardt`]: the minima printed in the collection of problems; covariances known from SciPy
//! (`known_covariance.py`); bad problems.

use super::collection::Problem::{self, *};
use super::*;
use crate::Portable;
use crate::autodiff::{Dual, VectorFunction};
use crate::linalg::standard_errors;
use crate::optim::SaveState;
use LevenbergMarquardtStatus as Status;
use std::vec;
use std::vec::Vec;

/// The last report of a run.
fn fit<T: Real>(
    function: impl VectorFunction,
    m: usize,
    x: &mut [T],
    options: LevenbergMarquardtOptions<T>,
) -> LevenbergMarquardtReport<T> {
    let n = x.len();
    let mut duals = vec![Dual::<T, 4>::ZERO; n + m];
    let mut problem = Differentiated::new(function, n, m, &mut duals).unwrap();
    let mut buffer = vec![T::from_f64(f64::NAN); levenberg_marquardt_work_len(m, n)];
    let mut permutation = vec![usize::MAX; n];
    let mut method = LevenbergMarquardt::new(m, n, options, &mut buffer, &mut permutation).unwrap();
    method.run(&Portable, &mut problem, x, 10_000).unwrap()
}

/// Problem, factor on the start, minima of ‖r‖² that may be found, most evaluations.
#[test]
fn the_minima_of_the_collection_are_found() {
    let cases: &[(Problem, f64, &[f64], usize)] = &[
        (Rosenbrock, 1.0, &[0.0], 21),
        (Rosenbrock, 10.0, &[0.0], 8),
        (Rosenbrock, 100.0, &[0.0], 6),
        (FreudensteinRoth, 1.0, &[0.0, 48.9842], 14),
        (FreudensteinRoth, 10.0, &[0.0, 48.9842], 19),
        (FreudensteinRoth, 100.0, &[0.0, 48.9842], 24),
        (PowellBadlyScaled, 1.0, &[0.0], 19),
        (BrownBadlyScaled, 1.0, &[0.0], 17),
        (JennrichSampson, 1.0, &[124.362], 21),
        (HelicalValley, 1.0, &[0.0], 11),
        (HelicalValley, 10.0, &[0.0], 20),
        (HelicalValley, 100.0, &[0.0], 19),
        (Bard, 1.0, &[8.21487e-3], 6),
        (Bard, 10.0, &[8.21487e-3, 17.4286], 37),
        (Bard, 100.0, &[8.21487e-3, 17.4286], 14),
        (Meyer, 1.0, &[87.9458], 126),
        (Box3D, 1.0, &[0.0], 7),
        (PowellSingular, 1.0, &[0.0], 60),
        (PowellSingular, 10.0, &[0.0], 75),
        (PowellSingular, 100.0, &[0.0], 75),
        (KowalikOsborne, 1.0, &[3.07505e-4], 18),
        (KowalikOsborne, 10.0, &[3.07505e-4, 1.02734e-3], 78),
        (KowalikOsborne, 100.0, &[3.07505e-4, 1.02734e-3], 500),
        (BrownDennis, 1.0, &[85822.2], 254),
        (BrownDennis, 10.0, &[85822.2], 57),
        (BrownDennis, 100.0, &[85822.2], 240),
        (Osborne1, 1.0, &[5.46489e-5], 18),
        (Osborne2, 1.0, &[4.01377e-2], 16),
    ];
    let mut failures = Vec::new();
    for &(problem, factor, minima, most) in cases {
        let (mut x, m) = problem.setup();
        x.iter_mut().for_each(|x| *x *= factor);
        let report = fit(problem, m, &mut x, LevenbergMarquardtOptions::default());
        let square = 2.0 * report.value;
        let found = minima.iter().any(|&f| (square - f).abs() <= 2e-5 * f + 1e-10);
        let converged = matches!(report.status, Status::SmallDecrease | Status::SmallRadius | Status::SmallGradient);
        if !(found && converged && report.evaluations <= most) {
            failures.push((problem, factor, square, report));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    // A start that MINPACK gives up after 400 evaluations: every step along the bent valley is short, but none is lost.
    let mut x = [0.2, 40_000.0, 2500.0];
    let report = fit(Meyer, 16, &mut x, LevenbergMarquardtOptions::default());
    assert!((2.0 * report.value - 87.9458).abs() < 1e-3, "{report:?}");
}

/// The same in single precision, where √ε is 3e-4.
#[test]
fn single_precision_finds_the_minima_it_can_tell() {
    for (problem, minimum) in
        [(Rosenbrock, 0.0), (HelicalValley, 0.0), (Bard, 8.21487e-3), (KowalikOsborne, 3.07505e-4)]
    {
        let (x, m) = problem.setup();
        let mut x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let report = fit(problem, m, &mut x, LevenbergMarquardtOptions::default());
        assert!((2.0 * report.value - minimum).abs() <= 1e-3 * minimum + 1e-10, "{problem:?} {report:?}");
        assert_ne!(report.status, Status::Running);
    }
}

/// Units of the parameters: decisions, values and λ have the same bits when a parameter is counted in units of 2⁻²⁰ or 2³⁰.
#[test]
fn units_of_the_parameters_do_not_matter() {
    #[derive(Clone, Copy)]
    struct Units(Problem, [f64; 3]);
    impl VectorFunction for Units {
        fn eval<T: Real>(&self, x: &[T], r: &mut [T]) {
            let scaled: Vec<T> = x.iter().zip(self.1).map(|(&x, u)| x * T::from_f64(u)).collect();
            self.0.eval(&scaled, r);
        }
    }
    let run = |units: [f64; 3]| {
        let (mut x, m) = Bard.setup();
        x.iter_mut().zip(units).for_each(|(x, u)| *x /= u);
        let report = fit(Units(Bard, units), m, &mut x, LevenbergMarquardtOptions::default());
        x.iter_mut().zip(units).for_each(|(x, u)| *x *= u);
        (x, LevenbergMarquardtReport { gradient_norm: 0.0, ..report })
    };
    assert_eq!(run([1.0; 3]), run([1.0 / 1048576.0, 1073741824.0, 1.0]));
}

/// Expected values: `known_covariance.py`.
#[test]
fn standard_errors_are_those_of_scipy() {
    let known: [(Problem, f64, &[f64], f64); 2] = [
        (Bard, 6.84573108881581e-4, &[0.0123741630085564, 0.307899949577689, 0.296277901830405], 0.753235199511659),
        (
            Osborne1,
            1.9517481062439e-6,
            &[0.00207231535514786, 0.220316692224242, 0.221757077387441, 0.000448613581142193, 0.000894719965745105],
            0.91316912920348,
        ),
    ];
    for (problem, variance, expected, correlation) in known {
        let (mut x, m) = problem.setup();
        let n = x.len();
        let mut duals = vec![Dual::<f64, 4>::ZERO; n + m];
        let mut residuals = Differentiated::new(problem, n, m, &mut duals).unwrap();
        let (mut buffer, mut permutation) = (vec![0.0; levenberg_marquardt_work_len(m, n)], vec![0; n]);
        let options = LevenbergMarquardtOptions { value_tolerance: 0.0, step_tolerance: 1e-11, ..Default::default() };
        let mut method = LevenbergMarquardt::new(m, n, options, &mut buffer, &mut permutation).unwrap();
        method.run(&Portable, &mut residuals, &mut x, 100).unwrap();
        let (mut c, mut errors) = (vec![0.0; n * n], vec![0.0; n]);
        let mut covariance = MatMut::new(&mut c, n, n).unwrap();
        let fit = method.covariance(&Portable, &mut residuals, &x, None, covariance.reborrow()).unwrap();
        assert_eq!((fit.rank, fit.degrees_of_freedom), (n, m - n));
        assert!((fit.variance / variance - 1.0).abs() < 1e-10, "{fit:?}");
        standard_errors(covariance.as_ref(), &mut errors).unwrap();
        for (e, x) in errors.iter().zip(expected) {
            assert!((e / x - 1.0).abs() < 1e-7, "{problem:?}: {errors:?}");
        }
        assert!((c[1] / errors[0] / errors[1] - correlation).abs() < 1e-7);
        // The method goes on from where it was.
        let report = method.step(&Portable, &mut residuals, &mut x).unwrap();
        assert_ne!(report.status, Status::NonFinite);
    }
}

/// A function as residuals, with a Jacobian of its own.
struct Written<F, J>(usize, usize, F, J);

impl<F: FnMut(&[f64], &mut [f64]), J: FnMut(&[f64], &mut [f64])> Residuals<f64> for Written<F, J> {
    fn params(&self) -> usize {
        self.1
    }
    fn residuals(&self) -> usize {
        self.0
    }
    fn evaluate(&mut self, x: &[f64], r: &mut [f64]) -> Result<(), Error> {
        (self.2)(x, r);
        Ok(())
    }
    fn jacobian(&mut self, x: &[f64], r: &mut [f64], jacobian: &mut [f64]) -> Result<(), Error> {
        r.fill(f64::NAN); // allowed
        (self.3)(x, jacobian);
        Ok(())
    }
}

/// Runs to the end; all reports.
fn reports(problem: &mut impl Residuals<f64>, x: &mut [f64]) -> Vec<LevenbergMarquardtReport<f64>> {
    let (m, n) = (problem.residuals(), problem.params());
    let (mut buffer, mut permutation) = (vec![f64::NAN; levenberg_marquardt_work_len(m, n)], vec![0; n]);
    let mut method =
        LevenbergMarquardt::new(m, n, LevenbergMarquardtOptions::default(), &mut buffer, &mut permutation).unwrap();
    let mut all = vec![];
    while all.len() < 1000 {
        let before = x.to_vec();
        let report = method.step(&Portable, problem, x).unwrap();
        assert_eq!(report.accepted, before != x, "{report:?}");
        all.push(report);
        if report.status != Status::Running {
            return all;
        }
    }
    panic!("still running: {:?}", all.last());
}

/// The first full step of a linear problem is exact, its report is that of the formulas.
#[test]
fn a_linear_problem_takes_one_step() {
    let mut problem = Written(
        3,
        2,
        |x: &[f64], r: &mut [f64]| r.copy_from_slice(&[x[0] - 1.0, x[0] + x[1] - 3.0, x[0] + 2.0 * x[1] - 4.0]),
        |_: &[f64], j: &mut [f64]| j.copy_from_slice(&[1.0, 1.0, 1.0, 0.0, 1.0, 2.0]),
    );
    let mut x = [1.0, 1.0];
    let all = reports(&mut problem, &mut x);
    assert!((x[0] - 7.0 / 6.0).abs() < 1e-14 && (x[1] - 1.5).abs() < 1e-14, "{x:?}");
    // r = (0, −1, −1), Jᵀr = (−2, −3), D = (√3, √5).
    let first = all[0];
    assert!((first.gradient_norm - 13.0_f64.sqrt()).abs() < 1e-14 && (first.ratio - 1.0).abs() < 1e-13, "{first:?}");
    assert!((first.cosine - 3.0 / (5.0_f64.sqrt() * 2.0_f64.sqrt())).abs() < 1e-14, "{first:?}");
    assert!((first.step_norm - (3.0 / 36.0 + 5.0 / 4.0_f64).sqrt()).abs() < 1e-14, "{first:?}");
    assert!((first.value - 1.0 / 12.0).abs() < 1e-15 && first.lambda == 0.0 && first.accepted);
    assert!((first.radius - 2.0 * first.step_norm).abs() < 1e-14);
    assert!(all.len() <= 3 && all.last().unwrap().status == Status::SmallDecrease, "{all:#?}");
}

/// The step of a bounded first trial solves (JᵀJ + λD²) p = −Jᵀr with ‖D p‖ within a tenth of Δ.
#[test]
fn a_bounded_step_solves_the_damped_equations() {
    let j = [[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]];
    let mut seen = vec![];
    let mut problem = Written(
        3,
        2,
        |x: &[f64], r: &mut [f64]| {
            seen.push([x[0], x[1]]);
            r.iter_mut().zip(&j).zip([5.0, -7.0, 1.0]).for_each(|((r, j), b)| *r = j[0] * x[0] + j[1] * x[1] - b);
        },
        |_: &[f64], out: &mut [f64]| {
            (0..2).for_each(|c| (0..3).for_each(|i| out[3 * c + i] = j[i][c]));
        },
    );
    let (mut buffer, mut permutation) = (vec![0.0; levenberg_marquardt_work_len(3, 2)], vec![0; 2]);
    let options = LevenbergMarquardtOptions { initial_radius: 0.5, ..Default::default() };
    let mut method = LevenbergMarquardt::new(3, 2, options, &mut buffer, &mut permutation).unwrap();
    let report = method.step(&Portable, &mut problem, &mut [0.0, 0.0]).unwrap();
    let p = seen[1];
    let b = [5.0, -7.0, 1.0];
    let dot = |c: usize, d: usize| (0..3).map(|i| j[i][c] * j[i][d]).sum::<f64>();
    for c in 0..2 {
        let right: f64 = (0..3).map(|i| j[i][c] * b[i]).sum();
        let left = dot(c, 0) * p[0] + dot(c, 1) * p[1] + report.lambda * dot(c, c) * p[c];
        assert!((left - right).abs() < 1e-12, "{c}: {left} {right}");
    }
    let length = (dot(0, 0) * p[0] * p[0] + dot(1, 1) * p[1] * p[1]).sqrt();
    assert!(report.lambda > 0.0 && (length - 0.5).abs() <= 0.05 && (report.step_norm - length).abs() < 1e-14);
    assert_eq!((report.evaluations, report.jacobians), (2, 1));
}

#[test]
fn deficient_and_wide_jacobians_are_solved() {
    // x₀ + x₁ is all that matters; and the same as one equation in two unknowns.
    let mut twice = Written(
        2,
        2,
        |x: &[f64], r: &mut [f64]| r.fill((x[0] + x[1]).exp() - 2.0),
        |x: &[f64], j: &mut [f64]| j.fill((x[0] + x[1]).exp()),
    );
    let mut x = [3.0, -1.0];
    assert_ne!(reports(&mut twice, &mut x).last().unwrap().status, Status::NonFinite);
    assert!((x[0] + x[1] - 2.0_f64.ln()).abs() < 1e-8, "{x:?}");
    let mut wide = Written(
        1,
        3,
        |x: &[f64], r: &mut [f64]| r[0] = x[0] * x[1] - 6.0 + 0.0 * x[2],
        |x: &[f64], j: &mut [f64]| j.copy_from_slice(&[x[1], x[0], 0.0]),
    );
    let mut x = [1.0, 1.0, 9.0];
    let all = reports(&mut wide, &mut x);
    assert!((x[0] * x[1] - 6.0).abs() < 1e-8 && x[2] == 9.0, "{x:?} {all:#?}");
}

#[test]
fn points_without_a_value_are_rejected_or_reported() {
    // √ of a negative number left of 1; the full step from 9 goes there.
    let root = |x: &[f64], r: &mut [f64]| r[0] = (x[0] - 1.0).sqrt() - 0.1;
    let slope = |x: &[f64], j: &mut [f64]| j[0] = 0.5 / (x[0] - 1.0).sqrt();
    let mut x = [9.0];
    let all = reports(&mut Written(1, 1, root, slope), &mut x);
    assert!((x[0] - 1.01).abs() < 1e-9 && all.iter().any(|r| !r.accepted && r.value.is_finite()), "{x:?} {all:#?}");
    let mut x = [0.0];
    let all = reports(&mut Written(1, 1, root, slope), &mut x);
    assert_eq!((all.len(), all[0].status, x), (1, Status::NonFinite, [0.0]));
    let mut x = [9.0];
    let all = reports(&mut Written(1, 1, root, |_: &[f64], j: &mut [f64]| j[0] = f64::NAN), &mut x);
    assert_eq!((all.len(), all[0].status, x), (1, Status::NonFinite, [9.0]));
    // The wrong sign of the slope: nothing gets better, and the radius ends it; at x = 0 it is the range of the numbers.
    for start in [9.0, 0.0] {
        let mut x = [start];
        let wrong = |x: &[f64], r: &mut [f64]| r[0] = x[0] + 1.0;
        let all = reports(&mut Written(1, 1, wrong, |_: &[f64], j: &mut [f64]| j[0] = -1.0), &mut x);
        assert_ne!(all.last().unwrap().status, Status::NonFinite, "{all:?}");
        assert!(all.len() < 400 && (x[0] - start).abs() < 1e-6, "{x:?} {}", all.len());
    }
}

/// A residual that falls as far as infinity, where it is finite: no step goes there.
#[test]
fn infinite_points_are_not_taken() {
    let fall = |x: &[f64], r: &mut [f64]| r[0] = 1.1 - libm::tanh(x[0] / 1e308);
    let slope = |x: &[f64], j: &mut [f64]| j[0] = -1e-308 / libm::cosh(x[0] / 1e308).powi(2);
    let mut x = [5e307];
    let all = reports(&mut Written(1, 1, fall, slope), &mut x);
    assert!(x[0].is_finite() && x[0] > 5e307, "{x:?}");
    assert!(all.iter().any(|r| !r.accepted && r.status == Status::Running), "{all:#?}");
}

#[test]
fn stationary_starts_and_empty_problems_stop_at_once() {
    let flat = |_: &[f64], j: &mut [f64]| j.fill(0.0);
    let all = reports(&mut Written(2, 2, |_: &[f64], r: &mut [f64]| r.fill(1.0), flat), &mut [1.0, 2.0]);
    assert_eq!((all.len(), all[0].status), (1, Status::SmallGradient));
    assert!((all[0].value - 1.0).abs() < 1e-15);
    let unit = |_: &[f64], j: &mut [f64]| j.copy_from_slice(&[1.0, 0.0, 0.0, 1.0]);
    let all = reports(&mut Written(2, 2, |_: &[f64], r: &mut [f64]| r.fill(0.0), unit), &mut [1.0, 2.0]);
    assert_eq!((all.len(), all[0].status, all[0].value), (1, Status::SmallGradient, 0.0));
    for (m, n) in [(0, 0), (0, 2), (2, 0)] {
        let all = reports(&mut Written(m, n, |_: &[f64], r: &mut [f64]| r.fill(1.0), flat), &mut vec![1.0; n]);
        assert_eq!((all.len(), all[0].status), (1, Status::SmallGradient), "{m} {n}");
    }
}

#[test]
fn misuse_is_an_error() {
    let (mut buffer, mut p) = (vec![0.0; levenberg_marquardt_work_len(2, 2)], vec![0; 2]);
    let good = LevenbergMarquardtOptions::<f64>::default();
    let short = buffer.len() - 1;
    assert!(LevenbergMarquardt::new(2, 2, good, &mut buffer[..short], &mut p).is_err());
    assert!(LevenbergMarquardt::new(2, 2, good, &mut buffer, &mut p[..1]).is_err());
    assert!(LevenbergMarquardt::<f64>::new(usize::MAX, 2, good, &mut buffer, &mut p).is_err());
    for bad in [
        LevenbergMarquardtOptions { initial_radius: 0.0, ..good },
        LevenbergMarquardtOptions { initial_radius: f64::NAN, ..good },
        LevenbergMarquardtOptions { value_tolerance: -1.0, ..good },
        LevenbergMarquardtOptions { step_tolerance: f64::NAN, ..good },
        LevenbergMarquardtOptions { gradient_tolerance: 1.0, ..good },
    ] {
        assert!(LevenbergMarquardt::new(2, 2, bad, &mut buffer, &mut p).is_err(), "{bad:?}");
    }
    let mut method = LevenbergMarquardt::new(2, 2, good, &mut buffer, &mut p).unwrap();
    let mut duals = [Dual::<f64, 2>::ZERO; 18];
    assert!(Differentiated::new(Bard, 3, 15, &mut duals[..17]).is_err());
    let mut bard = Differentiated::new(Bard, 3, 15, &mut duals).unwrap();
    let length = |what, expected, found| Error::Length { what, expected, found };
    let step = method.step(&Portable, &mut bard, &mut [1.0; 3]);
    assert_eq!(step.err(), Some(length("x", 2, 3)));
    let step = method.step(&Portable, &mut bard, &mut [1.0; 2]);
    assert_eq!(step.err(), Some(length("parameters of the problem", 2, 3)));
    assert!(method.run(&Portable, &mut bard, &mut [1.0; 2], 0).is_err());
    let mut buffer = vec![0.0; levenberg_marquardt_work_len(14, 3)];
    let mut p = [0; 3];
    let mut method = LevenbergMarquardt::new(14, 3, good, &mut buffer, &mut p).unwrap();
    let step = method.step(&Portable, &mut bard, &mut [1.0; 3]);
    assert_eq!(step.err(), Some(length("residuals of the problem", 14, 15)));
    let mut buffer = vec![0.0; levenberg_marquardt_work_len(15, 3)];
    let mut p = [0; 3];
    let mut method = LevenbergMarquardt::new(15, 3, good, &mut buffer, &mut p).unwrap();
    let report = method.step(&Portable, &mut bard, &mut [1.0; 3]).unwrap();
    let half_square = 0.5 * method.residual().iter().map(|r| r * r).sum::<f64>();
    assert!((half_square / report.value - 1.0).abs() < 1e-14, "{report:?}");
}

/// After every number of steps, a rejected one among them, another instance takes over and goes on with the same bits.
#[test]
fn a_restored_fit_goes_on_with_the_same_bits() {
    fn check<T: Real>() {
        let (start, m) = KowalikOsborne.setup();
        let n = start.len();
        let start: Vec<T> = start.iter().map(|&x| T::from_f64(10.0 * x)).collect();
        let mut duals = vec![Dual::<T, 4>::ZERO; n + m];
        let mut problem = Differentiated::new(KowalikOsborne, n, m, &mut duals).unwrap();
        let bits = |x: &[T], report| (x.iter().map(|x| x.value().to_bits()).collect::<Vec<_>>(), report);
        let mut run = |interrupted: Option<usize>| {
            let (mut buffers, mut permutations) = (vec![], vec![]);
            for poison in [0.0, f64::NAN] {
                buffers.push(vec![T::from_f64(poison); levenberg_marquardt_work_len(m, n)]);
                permutations.push(vec![7; n]);
            }
            let mut methods: Vec<_> = buffers
                .iter_mut()
                .zip(&mut permutations)
                .map(|(b, p)| LevenbergMarquardt::new(m, n, LevenbergMarquardtOptions::default(), b, p).unwrap())
                .collect();
            let (mut x, mut seen) = (start.clone(), vec![]);
            for k in 0..40 {
                if interrupted == Some(k) {
                    let mut state = vec![T::ZERO; methods[0].state_len()];
                    methods[0].save(&mut state).unwrap();
                    methods[1].restore(&state).unwrap();
                    methods.swap(0, 1);
                }
                let report = methods[0].step(&Portable, &mut problem, &mut x).unwrap();
                seen.push(bits(&x, report));
            }
            seen
        };
        let straight = run(None);
        assert!(straight.iter().any(|(_, report)| !report.accepted));
        for k in 0..40 {
            assert!(run(Some(k)) == straight, "interrupted after {k}");
        }
    }
    check::<f64>();
    check::<f32>();
}
