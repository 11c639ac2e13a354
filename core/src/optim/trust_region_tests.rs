//! Tests of [`TrustRegion`]: every step is audited against the function itself, the calls it may make, and the rule of the radius.

use super::pairs_tests::{back, distance, dot, eps, multiply, norm, random, scaled, spd, to};
use super::{
    Objective, Outcome, Status, Subproblem, TrustRegion, TrustRegionOptions, TrustRegionReport, trust_region_work_len,
};
use crate::Portable;
use crate::error::Error;
use crate::scalar::Real;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

/// Φ(θ), its gradient, and H by columns.
type Function = Box<dyn Fn(&[f64]) -> (f64, Vec<f64>, Vec<f64>)>;

#[derive(Clone, Debug, PartialEq)]
enum Call {
    Value(Vec<f64>),
    Gradient,
    Product,
}

/// A function that logs its calls, and refuses those that the contract of [`Objective`] does not allow.
struct Logged<'f> {
    f: &'f Function,
    params: usize,
    point: Option<Vec<f64>>,
    gradient_point: Option<Vec<f64>>,
    log: Vec<Call>,
    /// The call that fails.
    fails: Option<usize>,
}

impl<'f> Logged<'f> {
    fn new(f: &'f Function, params: usize) -> Self {
        Self { f, params, point: None, gradient_point: None, log: vec![], fails: None }
    }
    fn call(&mut self, call: Call) -> Result<(), Error> {
        self.log.push(call);
        if self.fails == Some(self.log.len() - 1) { Err(Error::NonFinite { what: "fault" }) } else { Ok(()) }
    }
    fn units(&self) -> usize {
        self.log.iter().map(|call| if *call == Call::Product { 2 } else { 1 }).sum()
    }
}

impl<T: Real> Objective<T> for Logged<'_> {
    fn params(&self) -> usize {
        self.params
    }
    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        self.point = Some(back(theta));
        self.call(Call::Value(back(theta)))?;
        Ok(T::from_f64((self.f)(&back(theta)).0))
    }
    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        let point = self.point.clone().expect("a value comes before");
        self.call(Call::Gradient)?;
        let (value, g, _) = (self.f)(&point);
        assert!(value.is_finite());
        self.gradient_point = Some(point);
        gradient.copy_from_slice(&to(&g));
        Ok(())
    }
    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        self.call(Call::Product)?;
        assert_eq!(self.point, self.gradient_point, "a gradient at this point comes before");
        let h = (self.f)(self.point.as_ref().unwrap()).2;
        hv.copy_from_slice(&to(&multiply(&h, &back(v))));
        Ok(())
    }
}

/// offset + ½ (θ − x)ᵀH (θ − x)
fn quadratic(h: Vec<f64>, x: Vec<f64>, offset: f64) -> Function {
    Box::new(move |theta| {
        let d: Vec<f64> = theta.iter().zip(&x).map(|(t, x)| t - x).collect();
        let g = multiply(&h, &d);
        (offset + 0.5 * dot(&d, &g), g, h.clone())
    })
}

/// ½ ‖(10 (y − x²), 1 − x)‖² with H = JᵀJ.
fn rosenbrock() -> Function {
    Box::new(|t| {
        let (a, b) = (10.0 * (t[1] - t[0] * t[0]), 1.0 - t[0]);
        let (ax, ay, bx) = (-20.0 * t[0], 10.0, -1.0);
        (0.5 * (a * a + b * b), vec![ax * a + bx * b, ay * a], vec![ax * ax + bx * bx, ax * ay, ax * ay, ay * ay])
    })
}

/// Σ θᵢ − ln θᵢ: NaN for a negative θᵢ, the minimum at ones.
fn logarithmic() -> Function {
    Box::new(|t| {
        let n = t.len();
        let value = t.iter().map(|&t| if t > 0.0 { t - libm::log(t) } else { f64::NAN }).sum();
        let entry = |e: usize| if e % n == e / n { 1.0 / (t[e % n] * t[e % n]) } else { 0.0 };
        (value, t.iter().map(|t| 1.0 - 1.0 / t).collect(), (0..n * n).map(entry).collect())
    })
}

fn times(factor: f64, f: Function) -> Function {
    Box::new(move |theta| {
        let (value, g, h) = f(theta);
        (factor * value, scaled(factor, &g), scaled(factor, &h))
    })
}

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
            assert_eq!(assumed, assume || r.status != Status::Running, "{r:?}");
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
            () if !(rho >= least) => Outcome::Rejected,
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
        self.trusted = rho >= 0.25;
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
        let trial = objective.log.iter().rev().find_map(|call| if let Call::Value(at) = call { Some(at) } else { None });
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
    assert_eq!(found, [(0, 0); 5]);
    let options = TrustRegionOptions { relative_gradient_tolerance: 1e-4, ..TrustRegionOptions::<f32>::default() };
    let (_, theta) = run(options, &f, &[-1.2, 1.0]);
    assert!(distance(&theta, &[1.0, 1.0]) < 1e-2, "{theta:?}");
}

#[test]
fn every_outcome_and_the_expansion_that_expands() {
    for subproblem in SUBPROBLEMS {
        let mut seen = vec![];
        for start in [[-1.2, 1.0], [-3.0, -4.0], [5.0, 0.0], [0.0, 3.0], [1.5, -1.0]] {
            let (reports, _) = run::<f64>(options(subproblem), &rosenbrock(), &start);
            for pair in reports.windows(2) {
                seen.push((pair[0].outcome, pair[0].krylov_dim == 0));
                if pair[0].outcome == Outcome::Expanded {
                    assert!(pair[1].step_norm > pair[0].step_norm, "{pair:?}");
                    assert!(pair[1].step_norm <= 1.5 * pair[0].step_norm * (1.0 + 1e-12));
                }
            }
        }
        let outcomes = [Outcome::Accepted, Outcome::AcceptedAndShrunk, Outcome::Rejected, Outcome::Expanded];
        let missing: Vec<_> = outcomes.iter().filter(|&o| !seen.contains(&(*o, false))).collect();
        std::println!("{subproblem:?} without {missing:?}");
        if matches!(subproblem, Subproblem::Recycled { pairs: 3 | 50 }) {
            for outcome in [Outcome::Accepted, Outcome::Rejected] {
                assert!(seen.contains(&(outcome, true)), "assumed and {outcome:?}: {seen:?}");
            }
        }
        assert!(missing.is_empty());
    }
}
