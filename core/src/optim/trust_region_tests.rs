//! Tests of [`TrustRegion`]: every step is audited against the function itself, the calls it may make, and the rule of the radius.

use super::objective_tests::*;
use super::pairs_tests::{back, distance, dot, eps, multiply, norm, random, scaled, spd, to};
use super::{Outcome, Status, Subproblem, TrustRegion, TrustRegionOptions, TrustRegionReport, trust_region_work_len};
use crate::Portable;
use crate::error::Error;
use crate::scalar::Real;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

const SUBPROBLEMS: [Subproblem; 5] = [
    Subproblem::Recycled { pairs: 0 },
    Subproblem::Recycled { pairs: 3 },
    Subproblem::Recycled { pairs: 50 },
    Subproblem::Gmres { reorthogonalize: false },
    Subproblem::Gmres { reorthogonalize: true },
];

fn options<T: Real>(subproblem: Subproblem) -> TrustRegionOptions<T> {
    TrustRegionOptions { subproblem, ..Default::default() }
}

/// What the documentation says of Δ and of the calls, kept beside the method.
#[derive(Default)]
struct Audit {
    radius: Option<f64>,
    last_length: Option<f64>,
    last: Option<(Outcome, bool, usize)>,
    trusted: bool,
    /// The shortest step that was rejected from the present space.
    rejected: Option<f64>,
    /// There is no M to be taken for H⁻¹.
    products_only: bool,
}

impl Audit {
    /// Checks one report, for a step from `theta` that made the calls `log`; `pairs` is false for GMRES.
    fn check<T: Real>(&mut self, f: &Function, pairs: bool, theta: &[f64], log: &[Call], r: &TrustRegionReport<T>) {
        let limit = 1e4 * eps::<T>();
        let near = |what: &str, found: T, expected: f64| {
            let error = (found.value() - expected).abs();
            assert!(error <= limit * expected.abs(), "{what}: {found:?}, not {expected:e}; {r:?}");
        };
        let (value, g, h) = f(theta);
        near("gradient norm", r.gradient_norm, norm(&g));
        // The calls, in their order: start; back to θ after an assumed step; products; trial; gradient.
        let mut calls = log;
        let mut take = |count: usize| {
            let (head, tail) = calls.split_at(count);
            calls = tail;
            head.to_vec()
        };
        let same_point = matches!(self.last, Some((Outcome::Rejected | Outcome::Expanded, _, _)));
        let assumed_failed = matches!(self.last, Some((Outcome::Rejected, true, _)));
        if self.last.is_none() {
            assert_eq!(take(2), [Call::Value(theta.to_vec()), Call::Gradient]);
        }
        if r.status == Status::SmallGradient || r.status == Status::NonFinite {
            return assert!(calls.is_empty() && r.outcome == Outcome::None);
        }
        if assumed_failed {
            assert_eq!(take(1), [Call::Value(theta.to_vec())]);
        }
        let products = take(log.iter().filter(|&call| *call == Call::Product).count());
        assert!(products.iter().all(|call| *call == Call::Product), "{log:?}");
        let assumed = r.krylov_dim == 0;
        if same_point && !assumed_failed {
            assert_eq!((products.len(), r.krylov_dim), (0, self.last.map_or(0, |(_, _, dim)| dim)));
        } else {
            assert!(products.len() == r.krylov_dim || products.len() == r.krylov_dim + 1, "{log:?} {r:?}");
            let assume = !self.products_only && self.trusted && !assumed_failed;
            assert!(assumed == assume || r.status != Status::Running, "{r:?}");
        }
        if r.status == Status::NoProgress {
            assert!(r.predicted_decrease.value() <= 4.0 * eps::<T>() * value.abs());
            return assert!(r.outcome == Outcome::None);
        }
        let Some(Call::Value(trial)) = take(1).pop() else { panic!("no trial: {log:?}") };
        // What is said of the step
        let s: Vec<f64> = trial.iter().zip(theta).map(|(new, old)| new - old).collect();
        let rounding = eps::<T>() * norm(theta) / norm(&s) * 100.0;
        let roughly = |what: &str, found: T, expected: f64| {
            let error = (found.value() - expected).abs();
            assert!(error <= (limit + rounding) * (expected.abs() + dot(&g, &s).abs()), "{what}: {expected:e}; {r:?}");
        };
        let curvature = if assumed { (r.step_norm * r.step_norm).value() } else { dot(&s, &multiply(&h, &s)) };
        roughly("predicted decrease", r.predicted_decrease, -dot(&g, &s) - 0.5 * curvature);
        if !pairs {
            roughly("step norm", r.step_norm, norm(&s));
        }
        let trial_value = f(&trial).0;
        if trial_value.is_finite() {
            let ratio = (T::from_f64(value) - T::from_f64(trial_value)) / r.predicted_decrease;
            assert_eq!(r.ratio, ratio);
        } else {
            assert!(r.ratio.is_nan() && r.outcome == Outcome::Rejected);
        }
        // The radius that applied
        if assumed && !same_point {
            let bound = 2.0 * self.last_length.unwrap();
            self.radius = Some(self.radius.map_or(bound, |radius| radius.min(bound)));
        }
        let step_norm = r.step_norm.value();
        let radius = self.radius.unwrap_or(step_norm);
        assert!(step_norm <= radius * (1.0 + limit), "{r:?} {radius}");
        let bounded = self.radius.is_some() && step_norm >= radius * (1.0 - limit);
        // The outcome, and the next radius
        let rho = r.ratio.value();
        let least = if assumed { 0.1 } else { 1e-4 };
        self.rejected = self.rejected.filter(|_| same_point && !assumed_failed);
        let below = self.rejected.is_none_or(|rejected| 1.5 * radius < rejected);
        let may_grow = below && (pairs || radius <= 1e4 * norm(&g));
        let expected = match () {
            () if rho < least || rho.is_nan() => Outcome::Rejected,
            () if rho < 0.1 => Outcome::AcceptedAndShrunk,
            () if rho > 0.75 && bounded && may_grow => Outcome::Expanded,
            () => Outcome::Accepted,
        };
        assert_eq!(r.outcome, expected, "{r:?}");
        let length = curvature.sqrt();
        let next = match expected {
            Outcome::Rejected if assumed => self.radius,
            Outcome::Rejected => Some(0.5 * radius.min(step_norm)),
            Outcome::Expanded => Some(1.5 * radius),
            Outcome::AcceptedAndShrunk => Some(0.5 * if pairs { length } else { radius }),
            _ if !pairs => Some(radius),
            _ if !bounded => None,
            _ => Some(if rho > 0.75 { 2.0 * length } else { length }),
        };
        let error = (r.radius.value() - next.unwrap_or(radius)).abs();
        assert!(error <= (limit + rounding) * radius, "radius {next:?} after {radius:?}: {r:?}");
        // From here on with the method's own rounding.
        self.radius = next.map(|_| r.radius.value());
        self.last_length = if expected == Outcome::Rejected && assumed { self.last_length } else { Some(length) };
        let y: Vec<f64> = f(&trial).1.iter().zip(&g).map(|(new, old)| new - old).collect();
        self.trusted = rho >= 0.25 && dot(&s, &y) > eps::<T>() * norm(&s) * norm(&y);
        if expected == Outcome::Rejected {
            assert!(self.rejected.is_none_or(|rejected| step_norm < rejected));
            self.rejected = Some(step_norm);
        }
        self.last = Some((expected, assumed, r.krylov_dim));
        let moved = matches!(expected, Outcome::Accepted | Outcome::AcceptedAndShrunk);
        assert_eq!(take(usize::from(moved)), if moved { vec![Call::Gradient] } else { vec![] });
        assert!(calls.is_empty());
        assert_eq!(r.value, T::from_f64(if moved { trial_value } else { value }));
    }
}

/// Runs to the end with an audit of every step; the reports, and θ.
fn run<T: Real>(options: TrustRegionOptions<T>, f: &Function, start: &[f64]) -> (Vec<TrustRegionReport<T>>, Vec<f64>) {
    let (n, mut theta) = (start.len(), to::<T>(start));
    let mut buffer = vec![T::from_f64(f64::NAN); trust_region_work_len(n, &options)];
    let mut method = TrustRegion::new(n, options, &mut buffer).unwrap();
    let (mut objective, mut reports) = (Logged::new(f, n), vec![]);
    let products_only = matches!(options.subproblem, Subproblem::Recycled { pairs: 0 } | Subproblem::Gmres { .. });
    let mut audit = Audit { products_only, ..Default::default() };
    let pairs = matches!(options.subproblem, Subproblem::Recycled { .. });
    while reports.len() < 1000 {
        let (before, calls) = (back(&theta), objective.log.len());
        let report = method.step(&Portable, &mut objective, &mut theta).unwrap();
        audit.check(f, pairs, &before, &objective.log[calls..], &report);
        assert_eq!((report.work_units, method.work_units()), (objective.units(), objective.units()));
        let moved = matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk);
        let trial =
            objective.log.iter().rev().find_map(|call| if let Call::Value(at) = call { Some(at) } else { None });
        assert_eq!(&back(&theta), if moved { trial.unwrap() } else { &before });
        let g = f(&back(&theta)).1;
        assert!(distance(&back(method.gradient()), &g) <= 2.0 * eps::<T>() * norm(&g));
        reports.push(report);
        if report.status != Status::Running {
            return (reports, back(&theta));
        }
    }
    panic!("still running after 1000 steps from {start:?}, {options:?}");
}

fn last<T: Real>(reports: &[TrustRegionReport<T>]) -> TrustRegionReport<T> {
    reports[reports.len() - 1]
}

fn quadratics<T: Real>(single: bool) {
    for subproblem in SUBPROBLEMS {
        for (n, most) in [(0, 1), (1, 2), (2, 10), (5, 14), (20, 21)] {
            let x = random(n, 1);
            let f = quadratic(spd(n, 2), x.clone(), 0.0);
            let tolerance = T::from_f64(if single { 1e-4 } else { 1e-8 });
            let options = TrustRegionOptions { relative_gradient_tolerance: tolerance, ..options(subproblem) };
            let (reports, theta) = run(options, &f, &scaled(2.0, &random(n, 3)));
            let case = std::format!("n {n}, {subproblem:?}: {} steps", reports.len());
            assert_eq!(last(&reports).status, Status::SmallGradient, "{case}");
            assert!(reports.len() <= most, "{case}");
            assert!(distance(&theta, &x) <= 20.0 * tolerance.value() * (1.0 + norm(&x)), "{case}");
            // A model that is the function: nothing is rejected, unless the assumed M is not H⁻¹.
            assert!(reports.iter().all(|r| r.krylov_dim == 0 || r.outcome != Outcome::Rejected), "{case}");
        }
    }
}

#[test]
fn quadratics_are_minimized() {
    quadratics::<f64>(false);
    quadratics::<f32>(true);
}

/// Steps and work units are ours, pinned against changes.
#[test]
fn rosenbrock_in_a_pinned_number_of_steps() {
    let f = rosenbrock();
    let found = SUBPROBLEMS.map(|subproblem| {
        let (reports, theta) = run::<f64>(options(subproblem), &f, &[-1.2, 1.0]);
        assert!(distance(&theta, &[1.0, 1.0]) < 1e-5, "{subproblem:?} {theta:?}");
        assert!(reports.windows(2).all(|w| w[1].value <= w[0].value));
        assert_ne!(last(&reports).status, Status::NonFinite);
        (reports.len(), last(&reports).work_units)
    });
    assert_eq!(found, [(78, 199), (66, 136), (64, 135), (32, 118), (32, 118)]);
    let options = TrustRegionOptions { relative_gradient_tolerance: 1e-4, ..TrustRegionOptions::<f32>::default() };
    let (_, theta) = run(options, &f, &[-1.2, 1.0]);
    assert!(distance(&theta, &[1.0, 1.0]) < 1e-2, "{theta:?}");
}

/// With each kind of subproblem, over some starts. The first of them with no pairs once led to a cycle without end: expanded,
/// expanded, rejected, from one space.
#[test]
fn every_outcome_and_the_expansion_that_expands() {
    use Outcome::{Accepted, AcceptedAndShrunk, Expanded, Rejected};
    let (mut gmres, mut recycled) = (vec![], vec![]);
    for subproblem in SUBPROBLEMS {
        let seen = if matches!(subproblem, Subproblem::Gmres { .. }) { &mut gmres } else { &mut recycled };
        for start in [[1.5, -1.0], [-1.2, 1.0], [-3.0, -4.0], [5.0, 0.0], [0.0, 3.0]] {
            let options = TrustRegionOptions { relative_gradient_tolerance: 1e-12, ..options(subproblem) };
            let (reports, theta) = run::<f64>(options, &rosenbrock(), &start);
            assert!(
                distance(&theta, &[1.0, 1.0]) < 1e-5 && reports.len() < 150,
                "{subproblem:?} {start:?} {}",
                reports.len()
            );
            for pair in reports.windows(2) {
                seen.push((pair[0].outcome, pair[0].krylov_dim == 0));
                if pair[0].outcome == Expanded && pair[1].krylov_dim == pair[0].krylov_dim {
                    assert!(pair[1].step_norm > pair[0].step_norm, "{pair:?}");
                    assert!(pair[1].step_norm <= 1.5 * pair[0].step_norm * (1.0 + 1e-12));
                    assert_eq!(pair[1].gradient_norm, pair[0].gradient_norm);
                }
            }
        }
    }
    for outcome in [Accepted, AcceptedAndShrunk, Rejected, Expanded] {
        assert!(gmres.contains(&(outcome, false)) && recycled.contains(&(outcome, false)), "{outcome:?}");
    }
    for outcome in [Accepted, Rejected, Expanded] {
        assert!(recycled.contains(&(outcome, true)), "assumed and {outcome:?}");
    }
}

/// Exact ratios, since Φ = 0 at the start: the first step is −1 and promises ½, half of it after a rejection ⅜.
#[test]
fn the_rule_changes_at_its_borders() {
    use Outcome::{Accepted, AcceptedAndShrunk, Expanded, Rejected};
    for subproblem in SUBPROBLEMS {
        for (first, second, expected) in [
            (1e-4, 0.0, vec![AcceptedAndShrunk]),
            (0.1_f64.next_down(), 0.0, vec![AcceptedAndShrunk]),
            (0.1, 0.0, vec![Accepted]),
            (1e-4_f64.next_down(), 0.75, vec![Rejected, Accepted]),
            (f64::NAN, 0.75 + 1e-9, vec![Rejected, Expanded]),
        ] {
            let values = move |t: &[f64]| match t[0] {
                0.0 => 0.0,
                -1.0 => -0.5 * first,
                _ => -0.375 * second,
            };
            let f: Function = Box::new(move |t| (values(t), vec![1.0], vec![1.0]));
            let mut buffer = vec![0.0; trust_region_work_len(1, &options::<f64>(subproblem))];
            let mut method = TrustRegion::new(1, options(subproblem), &mut buffer).unwrap();
            let (mut objective, mut theta) = (Logged::new(&f, 1), [0.0]);
            for &outcome in &expected {
                let report = method.step(&Portable, &mut objective, &mut theta).unwrap();
                assert_eq!(report.outcome, outcome, "{subproblem:?} {first:e} {second} {report:?}");
            }
        }
        // GMRES expands while Δ ≤ 10⁴‖g‖; half the full step is 0.95 and 1.05 times that.
        let gmres = matches!(subproblem, Subproblem::Gmres { .. });
        for (curvature, expected) in [(1.0 / 1.9e4, Expanded), (1.0 / 2.1e4, if gmres { Accepted } else { Expanded })] {
            let values = move |t: &[f64]| if t[0] < -1.5e4 { f64::NAN } else { t[0] + 0.5 * curvature * t[0] * t[0] };
            let f: Function = Box::new(move |t| (values(t), vec![1.0 + curvature * t[0]], vec![curvature]));
            let mut buffer = vec![0.0; trust_region_work_len(1, &options::<f64>(subproblem))];
            let mut method = TrustRegion::new(1, options(subproblem), &mut buffer).unwrap();
            let (mut objective, mut theta) = (Logged::new(&f, 1), [0.0]);
            let outcomes = [(); 2].map(|()| method.step(&Portable, &mut objective, &mut theta).unwrap().outcome);
            assert_eq!(outcomes, [Rejected, expected], "{subproblem:?} {curvature}");
        }
        // ‖g‖ at the tolerance is small, the next number above is not.
        for (tolerance, expected) in [(3.0, Status::SmallGradient), (3.0_f64.next_down(), Status::Running)] {
            for (absolute, relative) in [(tolerance, 0.0), (0.0, tolerance / 3.0)] {
                let f = quadratic(vec![3.0], vec![0.0], 0.0);
                let options = options(subproblem);
                let options = TrustRegionOptions {
                    gradient_tolerance: absolute,
                    relative_gradient_tolerance: relative,
                    ..options
                };
                assert_eq!(run::<f64>(options, &f, &[1.0]).0[0].status, expected, "{subproblem:?} {tolerance}");
            }
        }
        // predicted decrease = ½: visible if it is more than 4 ε |Φ|
        for (offset, expected) in [(0.125 / f64::EPSILON, Status::NoProgress), (0.124 / f64::EPSILON, Status::Running)]
        {
            let f: Function = Box::new(move |_| (offset, vec![1.0], vec![1.0]));
            assert_eq!(run::<f64>(options(subproblem), &f, &[1.0]).0[0].status, expected, "{subproblem:?} {offset}");
        }
    }
}

#[test]
fn a_region_without_values_is_left_alone() {
    for subproblem in SUBPROBLEMS {
        // From 1.9 and more the full step leads below zero.
        let (reports, theta) = run::<f64>(options(subproblem), &logarithmic(), &[2.5, 0.3, 4.0]);
        assert!(distance(&theta, &[1.0; 3]) < 1e-6, "{subproblem:?} {theta:?}");
        assert!(reports[0].ratio.is_nan() && reports[0].outcome == Outcome::Rejected, "{subproblem:?}");
        // Finite nowhere else: rejected until the decrease that is promised drowns in rounding.
        let wall: Function =
            Box::new(|t| (if t == [1.0, 2.0] { 1.0 } else { f64::NAN }, vec![1.0, 1.0], vec![2.0, 0.0, 0.0, 1.0]));
        let (reports, theta) = run::<f64>(options(subproblem), &wall, &[1.0, 2.0]);
        assert_eq!((theta, last(&reports).status), (vec![1.0, 2.0], Status::NoProgress));
        assert!(
            reports.len() < 60
                && reports.iter().filter(|r| r.outcome == Outcome::Rejected).count() == reports.len() - 1
        );
    }
}

/// Where Φ = 0 every decrease is visible: the radius is halved until it is zero.
#[test]
fn a_radius_of_zero_ends_the_run() {
    for subproblem in SUBPROBLEMS {
        for scale in [0.01, 1.0, 100.0] {
            let wall: Function = Box::new(move |t| (if t == [0.0] { 0.0 } else { f64::NAN }, vec![scale], vec![scale]));
            let (mut buffer, mut theta) = (vec![0.0; trust_region_work_len(1, &options::<f64>(subproblem))], [0.0]);
            let mut method = TrustRegion::new(1, options(subproblem), &mut buffer).unwrap();
            let mut objective = Logged::new(&wall, 1);
            let steps = (0..1200)
                .position(|_| method.step(&Portable, &mut objective, &mut theta).unwrap().status == Status::NoProgress);
            assert!(steps.is_some_and(|steps| steps > 500), "{subproblem:?} {steps:?}");
            assert_eq!(objective.log.iter().filter(|&call| *call == Call::Product).count(), 1);
        }
    }
}

/// After one step M knows the stiff direction alone and takes the other for as stiff: what −M g promises is less than rounding.
#[test]
fn an_assumed_step_that_promises_nothing_gives_way_to_products() {
    let stiff = libm::exp2(53.0);
    let f = quadratic(vec![stiff, 0.0, 0.0, 1.0], vec![0.0, 0.0], 0.0);
    let options = options(Subproblem::Recycled { pairs: 1 });
    let options = TrustRegionOptions { krylov_dim: 1, relative_gradient_tolerance: 0.0, ..options };
    let mut buffer = vec![0.0; trust_region_work_len(2, &options)];
    let mut method = TrustRegion::new(2, options, &mut buffer).unwrap();
    // A first step so short that twice its length would not reach the minimum.
    let (mut objective, mut theta) = (Logged::new(&f, 2), [libm::exp2(-30.0), 1.0]);
    let reports = [(); 2].map(|()| method.step(&Portable, &mut objective, &mut theta).unwrap());
    assert_eq!(reports.map(|r| (r.krylov_dim, r.outcome)), [(1, Outcome::Accepted); 2], "{reports:?}");
    assert!(theta[1].abs() < 1e-12, "{theta:?}");
    assert_eq!(objective.log[5..], [Call::Product, Call::Value(theta.to_vec()), Call::Gradient]);
}

#[test]
fn numbers_that_are_not_finite_end_the_run() {
    for subproblem in SUBPROBLEMS {
        for (value, g, calls) in
            [(f64::NAN, 1.0, 1), (f64::INFINITY, 1.0, 1), (1.0, f64::INFINITY, 2), (1.0, f64::NAN, 2)]
        {
            let f: Function = Box::new(move |_| (value, vec![g], vec![1.0]));
            let mut buffer = vec![0.0; trust_region_work_len(1, &options::<f64>(subproblem))];
            let mut method = TrustRegion::new(1, options(subproblem), &mut buffer).unwrap();
            let (mut objective, mut theta) = (Logged::new(&f, 1), [3.0]);
            for _ in 0..2 {
                let report = method.step(&Portable, &mut objective, &mut theta).unwrap();
                assert_eq!((report.status, report.outcome, theta), (Status::NonFinite, Outcome::None, [3.0]));
                assert_eq!((objective.log.len(), report.work_units), (calls, 2));
            }
        }
        // A product: no direction, or an error of the Krylov space.
        let f = quadratic(vec![f64::NAN], vec![0.0], 0.0);
        let f: Function = Box::new(move |t| (t[0], vec![1.0], f(t).2));
        let mut buffer = vec![0.0; trust_region_work_len(1, &options::<f64>(subproblem))];
        let mut method = TrustRegion::new(1, options(subproblem), &mut buffer).unwrap();
        let result = method.step(&Portable, &mut Logged::new(&f, 1), &mut [3.0]);
        match subproblem {
            Subproblem::Gmres { .. } => assert!(matches!(result, Err(Error::NonFinite { .. }))),
            Subproblem::Recycled { .. } => assert_eq!(result.unwrap().status, Status::NoProgress),
        }
    }
}

/// Without curvature there is no step, and the report says so.
#[test]
fn a_plane_has_no_minimum() {
    for subproblem in SUBPROBLEMS {
        let plane: Function = Box::new(|t| (t[0] + t[1], vec![1.0, 1.0], vec![0.0; 4]));
        let (reports, _) = run::<f64>(options(subproblem), &plane, &[1.0, 2.0]);
        assert_eq!((reports.len(), reports[0].status, reports[0].predicted_decrease), (1, Status::NoProgress, 0.0));
    }
}

/// Whichever call fails, θ is the old or the new point, and the next step goes on from there.
#[test]
fn an_error_of_the_objective_is_passed_on_and_survived() {
    let f = rosenbrock();
    for subproblem in SUBPROBLEMS {
        for fails in 0..60 {
            let (mut buffer, mut theta) =
                (vec![0.0; trust_region_work_len(2, &options::<f64>(subproblem))], [-1.2, 1.0]);
            let mut method = TrustRegion::new(2, options(subproblem), &mut buffer).unwrap();
            let mut objective = Logged::new(&f, 2);
            objective.fails = Some(fails);
            let (mut errors, mut value) = (0, f64::INFINITY);
            for _ in 0..200 {
                match method.step(&Portable, &mut objective, &mut theta) {
                    Ok(report) => {
                        assert_eq!(report.value, f(&theta).0, "{subproblem:?}, call {fails}");
                        assert!(report.value <= value);
                        value = report.value;
                    }
                    Err(error) => {
                        assert_eq!(error, Error::NonFinite { what: "fault" });
                        errors += 1;
                    }
                }
            }
            assert!(errors == 1 && distance(&theta, &[1.0, 1.0]) < 1e-5, "{subproblem:?}, call {fails}: {theta:?}");
        }
    }
}

/// Recycled curvature knows no unit. (GMRES compares Δ with 10⁴‖g‖.)
#[test]
fn the_scale_of_the_function_changes_nothing() {
    for subproblem in &SUBPROBLEMS[..3] {
        for start in [[1.5, -1.0], [-1.2, 1.0]] {
            let (expected, at) = run::<f64>(options(*subproblem), &rosenbrock(), &start);
            for exponent in [-490.0, 490.0] {
                let f = times(libm::exp2(exponent), rosenbrock());
                let (reports, theta) = run::<f64>(options(*subproblem), &f, &start);
                let steps =
                    |r: &[TrustRegionReport<f64>]| r.iter().map(|r| (r.outcome, r.krylov_dim)).collect::<Vec<_>>();
                assert_eq!(steps(&reports), steps(&expected), "{subproblem:?} {start:?} 2^{exponent}");
                assert!(distance(&theta, &at) < 1e-9);
            }
        }
    }
}

#[test]
fn the_same_run_has_the_same_bits() {
    for subproblem in SUBPROBLEMS {
        let twice = [(); 2].map(|()| run::<f64>(options(subproblem), &rosenbrock(), &[-1.2, 1.0]));
        assert_eq!(twice[0], twice[1]);
    }
}

#[test]
fn misuse_is_an_error() {
    for subproblem in SUBPROBLEMS {
        let options = TrustRegionOptions { krylov_dim: 4, ..options::<f64>(subproblem) };
        let needed = trust_region_work_len(3, &options);
        let mut buffer = vec![0.0; needed];
        let short = TrustRegion::new(3, options, &mut buffer[1..]).unwrap_err();
        assert_eq!(short, Error::Workspace { what: "buffer", needed, found: needed - 1 });
        for wrong in [
            TrustRegionOptions { krylov_dim: 0, ..options },
            TrustRegionOptions { krylov_tolerance: f64::NAN, ..options },
            TrustRegionOptions { krylov_tolerance: -1e-9, ..options },
            TrustRegionOptions { krylov_tolerance: f64::INFINITY, ..options },
            TrustRegionOptions { gradient_tolerance: f64::NAN, ..options },
            TrustRegionOptions { relative_gradient_tolerance: f64::NAN, ..options },
        ] {
            assert!(matches!(TrustRegion::new(3, wrong, &mut buffer), Err(Error::InvalidOption { .. })), "{wrong:?}");
        }
        let mut method = TrustRegion::new(3, options, &mut buffer).unwrap();
        assert_eq!((method.gradient(), method.work_units()), (&[0.0; 3][..], 0));
        let step = method.step(&Portable, &mut Logged::new(&rosenbrock(), 3), &mut [0.0; 2]);
        assert!(matches!(step, Err(Error::Length { what: "theta", expected: 3, found: 2 })));
        assert_eq!(trust_region_work_len(usize::MAX, &options), usize::MAX);
    }
    assert_eq!(trust_region_work_len(7, &options::<f64>(SUBPROBLEMS[1])), 21 + 7 * 40 + 14 + 80 + 48);
}
