//! The line search of L-BFGS, as a bracket that is fed one trial after another.
//!
//! With φ(α) = Φ(θ + αp), φ′(0) < 0, it looks for a step that meets the strong Wolfe conditions
//!
//! ```text
//! φ(α) ≤ φ(0) + c₁ α φ′(0)      |φ′(α)| ≤ c₂ |φ′(0)|
//! ```
//! Kept are the best point so far with the first condition, `low`, and, once a minimum is bracketed, the other end, `high`.
//! A trial without the first condition, or not below `low`, becomes `high`. Any other becomes `low`; the old `low` becomes
//! `high` when φ falls from the trial towards it. The next trial is
//!
//! * between the two: the minimum of the cubic through values and slopes of both (3.59), held away from the ends by a tenth
//!   of their distance; the middle, when two trials have not shrunk the bracket by a third;
//! * a tenth of the way to a `high` whose value or slope is not finite;
//! * without `high`: the minimum of the cubic through the last two, but 2 to 10 times as far as the last.
//!
//! Source: J. Nocedal and S. Wright, "Numerical Optimization" (2nd ed., Springer 2006), algorithms 3.5 (no `high` yet) and
//! 3.6, DOI 10.1007/978-0-387-40065-5; the two thirds are those of J. Moré and D. Thuente (ACM TOMS 20, 1994).

use crate::scalar::Real;

/// α, φ(α), φ′(α).
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<T> {
    pub(super) alpha: T,
    pub(super) value: T,
    pub(super) slope: T,
}

impl<T: Real> Trial<T> {
    pub(super) fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

/// What to do after a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict<T> {
    /// Both conditions hold.
    Accept,
    /// This α next.
    Try(T),
    /// The bracket is empty to working precision.
    Empty,
}

/// The state of one line search.
#[derive(Debug)]
pub(super) struct Bracket<T> {
    start: Trial<T>,
    sufficient_decrease: T,
    curvature: T,
    low: Trial<T>,
    high: Option<Trial<T>>,
    /// Widths of the bracket one and two trials ago.
    widths: (T, T),
}

impl<T: Real> Bracket<T> {
    /// `start` is the point α = 0; 0 < c₁ < c₂ < 1.
    pub(super) fn new(start: Trial<T>, sufficient_decrease: T, curvature: T) -> Self {
        Self { start, sufficient_decrease, curvature, low: start, high: None, widths: (T::MAX, T::MAX) }
    }

    /// The best point with the first condition; the start when there was none.
    pub(super) fn best(&self) -> Trial<T> {
        self.low
    }

    /// Takes a trial in.
    pub(super) fn judge(&mut self, trial: Trial<T>) -> Verdict<T> {
        let Self { start, low, .. } = *self;
        let bound = start.value + self.sufficient_decrease * trial.alpha * start.slope;
        if trial.is_finite() && trial.value <= bound && trial.value < low.value {
            if trial.slope.abs() <= -self.curvature * start.slope {
                return Verdict::Accept;
            }
            let outward = self.high.map_or(T::ONE, |high| high.alpha - low.alpha);
            if trial.slope * outward >= T::ZERO {
                self.high = Some(low);
            }
            self.low = trial;
            if self.high.is_none() {
                return Verdict::Try(extrapolate(low, trial));
            }
        } else {
            self.high = Some(trial);
        }
        let (low, Some(high)) = (self.low, self.high) else { return Verdict::Empty };
        let width = (high.alpha - low.alpha).abs();
        let slow = width > T::from_f64(2.0 / 3.0) * self.widths.1;
        self.widths = (width, self.widths.0);
        let next = interpolate(low, high, slow);
        if next == low.alpha || next == high.alpha { Verdict::Empty } else { Verdict::Try(next) }
    }
}

/// The minimum of the cubic through values and slopes at `a` and `b`: (3.59). Not finite where there is none.
fn cubic_minimum<T: Real>(a: Trial<T>, b: Trial<T>) -> T {
    let width = b.alpha - a.alpha;
    let d1 = a.slope + b.slope - T::from_f64(3.0) * ((b.value - a.value) / width);
    let root = (d1 * d1 - a.slope * b.slope).sqrt();
    let d2 = if width < T::ZERO { -root } else { root };
    b.alpha - width * ((b.slope + d2 - d1) / (b.slope - a.slope + d2 + d2))
}

/// The next trial between `low` and `high`.
fn interpolate<T: Real>(low: Trial<T>, high: Trial<T>, bisect: bool) -> T {
    let width = high.alpha - low.alpha;
    let tenth = T::from_f64(0.1);
    if !high.is_finite() {
        return low.alpha + tenth * width;
    }
    let share = (cubic_minimum(low, high) - low.alpha) / width;
    let usable = share.is_finite() && !bisect;
    low.alpha + width * if usable { share.max(tenth).min(T::ONE - tenth) } else { T::from_f64(0.5) }
}

/// The next trial beyond `last`, when φ still falls there.
fn extrapolate<T: Real>(before: Trial<T>, last: Trial<T>) -> T {
    let factor = cubic_minimum(before, last) / last.alpha;
    let (least, most) = (T::from_f64(2.0), T::from_f64(10.0));
    last.alpha * if factor.is_finite() { factor.max(least).min(most) } else { most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Searches from φ(0) = `f(0)`; returns the trials, the last one accepted.
    fn trials(f: impl Fn(f64) -> (f64, f64), c2: f64) -> Vec<f64> {
        let at = |alpha| Trial { alpha, value: f(alpha).0, slope: f(alpha).1 };
        let mut bracket = Bracket::new(at(0.0), 1e-4, c2);
        let (mut alpha, mut seen) = (1.0, Vec::new());
        for _ in 0..60 {
            seen.push(alpha);
            match bracket.judge(at(alpha)) {
                Verdict::Accept => return seen,
                Verdict::Try(next) => alpha = next,
                Verdict::Empty => break,
            }
        }
        panic!("not accepted: {seen:?}");
    }

    #[test]
    fn a_cubic_is_minimized_by_its_own_interpolant() {
        // φ = α³ − 12α, minimum at 2, bracketed by 1 and 10; the cubic fits from the first extrapolation on.
        assert_eq!(trials(|a| (a * a * a - 12.0 * a, 3.0 * a * a - 12.0), 1e-3), [1.0, 2.0]);
        // Minimum at 1/2, inside.
        let seen = trials(|a| (a * a * a - 0.75 * a, 3.0 * a * a - 0.75), 1e-3);
        assert!(seen.len() == 2 && (seen[1] - 0.5).abs() < 1e-15, "{seen:?}");
    }

    /// Functions like those of Moré and Thuente, section 5, flat at the start or far out; minima far from the first trial.
    #[test]
    fn hard_functions_end_in_a_wolfe_point() {
        let beta = 2.0;
        for scale in [1e-3, 1e-1, 1.0, 1e1, 1e3] {
            let first = |a: f64| (-a / (a * a + beta), (a * a - beta) / ((a * a + beta) * (a * a + beta)));
            let second = |a: f64| {
                let b = a + 0.1;
                (libm::pow(b, 5.0) - 2.0 * libm::pow(b, 4.0), 5.0 * libm::pow(b, 4.0) - 8.0 * b * b * b)
            };
            for (f, c2) in [(&first as &dyn Fn(f64) -> (f64, f64), 0.1), (&second, 0.1)] {
                let seen = trials(|a| (f(a * scale).0, f(a * scale).1 * scale), c2);
                assert!(seen.len() <= 16, "scale {scale}: {seen:?}");
            }
        }
    }

    #[test]
    fn infinite_trials_pull_back_and_an_impossible_search_ends() {
        let wall = |a: f64| if a < 1e-3 { ((a - 5e-4) * (a - 5e-4), 2.0 * (a - 5e-4)) } else { (f64::NAN, 0.0) };
        let seen = trials(wall, 0.9);
        assert!(seen.len() <= 5 && seen.is_sorted_by(|a, b| a > b), "{seen:?}");
        let mut bracket = Bracket::new(Trial { alpha: 0.0, value: 1.0, slope: -1.0 }, 1e-4, 0.9);
        let mut alpha = 1.0;
        for _ in 0..400 {
            match bracket.judge(Trial { alpha, value: 2.0, slope: 1.0 }) {
                Verdict::Try(next) => alpha = next,
                Verdict::Empty => return assert_eq!(bracket.best().alpha, 0.0),
                Verdict::Accept => panic!("{alpha}"),
            }
        }
        assert!(alpha < 1e-100, "{alpha}");
    }

    /// φ(0) = 1 with slope −1 and c₁ = ½: φ(1) = 0.6 is above the line 1 − α/2, φ(1) = 0.4 below it; a slope that is NaN is no point.
    #[test]
    fn the_decrease_must_be_sufficient() {
        let trial = |value: f64, slope: f64| {
            let mut bracket = Bracket::new(Trial { alpha: 0.0, value: 1.0, slope: -1.0 }, 0.5, 0.9);
            let accepted = matches!(bracket.judge(Trial { alpha: 1.0, value, slope }), Verdict::Accept);
            (accepted, bracket.best().alpha)
        };
        assert_eq!((trial(0.4, 0.0), trial(0.6, 0.0)), ((true, 0.0), (false, 0.0)));
        assert_eq!(
            (trial(0.4, f64::NAN), trial(0.4, 0.95), trial(0.4, -0.95)),
            ((false, 0.0), (false, 1.0), (false, 1.0))
        );
    }

    /// Within a tenth of the ends, though the cubic's minimum is nearer; half-way where a bisection is asked for. Beyond, twice to
    /// ten times as far, where the cubic says.
    #[test]
    fn trials_keep_their_distance() {
        let at = |alpha, value, slope| Trial { alpha, value, slope };
        let parabola = |alpha: f64, minimum: f64| at(alpha, (alpha - minimum).powi(2), 2.0 * (alpha - minimum));
        let between = |minimum, bisect| interpolate(parabola(2.0, minimum), parabola(4.0, minimum), bisect);
        for (minimum, bisect, expected) in [(2.01, false, 2.2), (3.99, false, 3.8), (3.3, false, 3.3), (3.3, true, 3.0)]
        {
            assert!((between(minimum, bisect) - expected).abs() < 1e-14, "{minimum} {bisect}");
        }
        for (minimum, expected) in [(5.0, 8.0), (20.0, 20.0), (90.0, 40.0)] {
            let found = extrapolate(parabola(1.0, minimum), parabola(4.0, minimum));
            assert!((found - expected).abs() < 1e-12, "{minimum}: {found}");
        }
    }
}
