//! Tests of [`Lbfgs`]: quadratics, Rosenbrock's function, functions that are not fit to be minimized.

use super::lbfgs::*;
use super::{Objective, Status};
use crate::Portable;
use crate::error::Error;
use std::vec;
use std::vec::Vec;

/// A function that writes its gradient, and the gradient of the last point.
struct Function<F>(Vec<f64>, F);

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Objective<f64> for Function<F> {
    fn params(&self) -> usize {
        self.0.len()
    }
    fn value(&mut self, theta: &[f64]) -> Result<f64, Error> {
        Ok((self.1)(theta, &mut self.0))
    }
    fn gradient(&mut self, gradient: &mut [f64]) -> Result<(), Error> {
        gradient.copy_from_slice(&self.0);
        Ok(())
    }
    fn product(&mut self, _: &[f64], _: &mut [f64]) -> Result<(), Error> {
        Err(Error::InvalidOption { what: "L-BFGS needs no products" })
    }
}

fn rosenbrock(t: &[f64], g: &mut [f64]) -> f64 {
    let (a, b) = (1.0 - t[0], t[1] - t[0] * t[0]);
    (g[0], g[1]) = (-2.0 * a - 400.0 * t[0] * b, 200.0 * b);
    a * a + 100.0 * b * b
}

/// Runs until the status is not `Running`; returns all reports.
fn run(
    options: LbfgsOptions<f64>,
    f: impl FnMut(&[f64], &mut [f64]) -> f64,
    theta: &mut [f64],
) -> Vec<LbfgsReport<f64>> {
    let n = theta.len();
    let mut buffer = vec![f64::NAN; lbfgs_work_len(n, options.memory)];
    let mut lbfgs = Lbfgs::new(n, options, &mut buffer).unwrap();
    let mut objective = Function(vec![0.0; n], f);
    let mut reports = vec![];
    while reports.len() < 500 {
        reports.push(lbfgs.step(&Portable, &mut objective, theta).unwrap());
        if reports[reports.len() - 1].status != Status::Running {
            return reports;
        }
    }
    panic!("still running after 500 steps");
}

/// ½ Σ cᵢ (xᵢ − i)², condition number 10³.
fn quadratic(scale: f64) -> impl FnMut(&[f64], &mut [f64]) -> f64 {
    move |t, g| {
        let n = t.len() as f64;
        let mut sum = 0.0;
        for (i, (g, t)) in g.iter_mut().zip(t).enumerate() {
            let (c, d) = (scale * libm::pow(1e3, i as f64 / n), t - i as f64);
            *g = c * d;
            sum += 0.5 * c * d * d;
        }
        sum
    }
}

#[test]
fn quadratics_end_with_a_small_gradient_at_any_scale() {
    for (n, most) in [(0, 1), (1, 2), (2, 4), (5, 62), (50, 215)] {
        for scale in [1e-150, 1.0, 1e150] {
            for memory in [1, 3, 10] {
                let mut theta = vec![0.5; n];
                let reports = run(LbfgsOptions { memory, ..Default::default() }, quadratic(scale), &mut theta);
                let last = reports[reports.len() - 1];
                let case = std::format!("n = {n}, scale {scale:e}, memory {memory}: {} steps", reports.len());
                assert_eq!(last.status, Status::SmallGradient, "{case} {last:?}");
                let limit = if memory == 1 { 2 * most } else { most };
                assert!(reports.len() <= limit, "{case}");
                assert!(theta.iter().enumerate().all(|(i, t)| (t - i as f64).abs() < 1e-3), "{case} {theta:?}");
                assert_eq!(last.pairs, memory.min(reports.len() - 1), "{case}");
            }
        }
    }
}

/// The count is ours, pinned against changes; SciPy 1.17's L-BFGS-B needs 36 from here.
#[test]
fn rosenbrock_in_a_pinned_number_of_steps() {
    let mut theta = [-1.2, 1.0];
    let reports = run(LbfgsOptions::default(), rosenbrock, &mut theta);
    let solved = reports.iter().position(|r| r.value < 1e-10).map(|k| k + 1);
    assert_eq!(solved, Some(35));
    assert!((theta[0] - 1.0).abs() < 1e-6 && (theta[1] - 1.0).abs() < 1e-6, "{theta:?}");
    assert!(reports.windows(2).all(|w| w[1].value <= w[0].value));
    let work = reports[reports.len() - 1].work_units;
    assert_eq!(work, 2 + reports.iter().map(|r| 2 * r.evaluations).sum::<usize>());
}

#[test]
fn every_accepted_step_meets_the_wolfe_conditions() {
    for (c1, c2) in [(1e-4, 0.9), (1e-3, 0.1)] {
        let options = LbfgsOptions { sufficient_decrease: c1, curvature: c2, ..Default::default() };
        let mut buffer = [0.0; lbfgs_work_len(2, 10)];
        let mut lbfgs = Lbfgs::new(2, options, &mut buffer).unwrap();
        let (mut theta, mut steps) = ([-1.2, 1.0], 0);
        loop {
            let (before, mut g, mut g_new) = (theta, [0.0; 2], [0.0; 2]);
            let value = rosenbrock(&before, &mut g);
            let report = lbfgs.step(&Portable, &mut Function(vec![0.0; 2], rosenbrock), &mut theta).unwrap();
            if report.status != Status::Running {
                assert!(matches!(report.status, Status::SmallGradient | Status::NoProgress));
                break;
            }
            assert_eq!(report.line_search, LineSearch::Wolfe);
            assert_eq!(report.value, rosenbrock(&theta, &mut g_new));
            assert_eq!(lbfgs.gradient(), g_new);
            let moved = libm::hypot(theta[0] - before[0], theta[1] - before[1]);
            assert!((report.step_norm - moved).abs() <= 1e-14 * moved.max(1.0), "step {steps}: {report:?}, {moved}");
            assert_eq!(lbfgs.work_units(), report.work_units);
            let slope = |g: [f64; 2]| g[0] * (theta[0] - before[0]) + g[1] * (theta[1] - before[1]);
            let rounding = 1e-15 * value.abs();
            assert!(report.value <= value + c1 * slope(g) + rounding, "step {steps}: {report:?}");
            assert!(slope(g_new).abs() <= c2 * slope(g).abs() * (1.0 + 1e-6), "step {steps}: {report:?}");
            steps += 1;
        }
        assert!(steps > 20, "{steps}");
    }
}

/// Along a direction of length 1, half the slope 1e-3 cannot be seen beside 1e13.
#[test]
fn what_cannot_be_seen_is_no_progress() {
    let f = |t: &[f64], g: &mut [f64]| {
        g.copy_from_slice(t);
        1e13 + 0.5 * (t[0] * t[0] + t[1] * t[1])
    };
    let mut buffer = [0.0; lbfgs_work_len(2, 10)];
    let mut lbfgs = Lbfgs::new(2, LbfgsOptions::default(), &mut buffer).unwrap();
    let mut theta = [1e-3, 0.0];
    let report = lbfgs.step(&Portable, &mut Function(vec![0.0; 2], f), &mut theta).unwrap();
    assert_eq!((report.status, report.evaluations, theta), (Status::NoProgress, 0, [1e-3, 0.0]));
}

/// −ln x + x is NaN for x < 0, where the first step of length one leads, and has its minimum at 1.
#[test]
fn trials_that_are_not_finite_are_rejected() {
    let mut theta = [1.9, 0.3];
    let f = |t: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (1.0 - 1.0 / t[0], 1.0 - 1.0 / t[1]);
        t[0] - libm::log(t[0]) + t[1] - libm::log(t[1])
    };
    let reports = run(LbfgsOptions::default(), f, &mut theta);
    assert!(reports.iter().all(|r| r.value.is_finite()));
    assert!((theta[0] - 1.0).abs() < 1e-6 && (theta[1] - 1.0).abs() < 1e-6, "{theta:?}");
    // A wall: everything but the start is NaN.
    let mut theta = [1.0];
    let wall = |t: &[f64], g: &mut [f64]| {
        g[0] = 1.0;
        if t[0] == 1.0 { 1.0 } else { f64::NAN }
    };
    let reports = run(LbfgsOptions::default(), wall, &mut theta);
    let last = reports[reports.len() - 1];
    assert_eq!((last.status, last.line_search, reports.len()), (Status::NoProgress, LineSearch::Restarted, 1));
    assert!(last.evaluations <= 20);
    assert_eq!(theta, [1.0]);
}

#[test]
fn a_function_that_is_nan_or_unbounded_or_not_smooth_ends() {
    let mut theta = [1.0; 3];
    let nan = |_: &[f64], g: &mut [f64]| {
        g.fill(f64::NAN);
        f64::NAN
    };
    let reports = run(LbfgsOptions::default(), nan, &mut theta);
    assert_eq!((reports.len(), reports[0].status, theta), (1, Status::NonFinite, [1.0; 3]));
    // −x: 20 trials, each at most 10 times as far, end at a decrease without curvature.
    let mut buffer = [0.0; lbfgs_work_len(1, 10)];
    let mut lbfgs = Lbfgs::new(1, LbfgsOptions::default(), &mut buffer).unwrap();
    let mut falling = Function(vec![0.0], |t: &[f64], g: &mut [f64]| {
        g[0] = -1.0;
        -t[0]
    });
    let report = lbfgs.step(&Portable, &mut falling, &mut [0.0]).unwrap();
    assert_eq!((report.line_search, report.evaluations, report.pairs), (LineSearch::Decrease, 21, 0));
    assert!(report.step_length > 1e4 && report.step_length <= 1e20);
    // |x|: no curvature condition ever holds near the kink.
    let mut theta = [0.3];
    let kink = |t: &[f64], g: &mut [f64]| {
        g[0] = t[0].signum();
        t[0].abs()
    };
    let reports = run(LbfgsOptions::default(), kink, &mut theta);
    assert!(reports.len() < 50 && theta[0].abs() < 1e-3, "{} {theta:?}", reports.len());
}

#[test]
fn at_the_minimum_it_stops_at_once() {
    let mut theta = [1.0, 1.0];
    let reports = run(LbfgsOptions::default(), rosenbrock, &mut theta);
    assert_eq!((reports.len(), reports[0].status, reports[0].work_units), (1, Status::SmallGradient, 2));
}

#[test]
fn misuse_is_an_error() {
    let needed = lbfgs_work_len(3, 4);
    assert_eq!(needed, 3 * (4 + 8) + 8);
    let options = LbfgsOptions { memory: 4, ..Default::default() };
    let mut buffer = vec![0.0; needed];
    assert!(Lbfgs::new(3, options, &mut buffer).is_ok());
    let short = Lbfgs::new(3, options, &mut buffer[1..]).unwrap_err();
    assert_eq!(short, Error::Workspace { what: "buffer", needed, found: needed - 1 });
    for wrong in [
        LbfgsOptions { memory: 0, ..options },
        LbfgsOptions { max_evaluations: 0, ..options },
        LbfgsOptions { sufficient_decrease: 0.0, ..options },
        LbfgsOptions { sufficient_decrease: 0.95, ..options },
        LbfgsOptions { sufficient_decrease: options.curvature, ..options },
        LbfgsOptions { curvature: 1.0, ..options },
        LbfgsOptions { curvature: f64::NAN, ..options },
    ] {
        assert!(matches!(Lbfgs::new(3, wrong, &mut buffer), Err(Error::InvalidOption { .. })), "{wrong:?}");
    }
    let mut lbfgs = Lbfgs::new(3, options, &mut buffer).unwrap();
    let step = lbfgs.step(&Portable, &mut Function(vec![0.0; 3], rosenbrock), &mut [0.0; 2]);
    assert!(matches!(step, Err(Error::Length { what: "theta", expected: 3, found: 2 })));
    assert_eq!(lbfgs_work_len(usize::MAX, 10), usize::MAX);
}
