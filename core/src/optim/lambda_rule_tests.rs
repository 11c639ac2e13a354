//! Rules for Λ on criteria that are known: values, bounds, minima, and how often the step is asked.

use super::{Criterion, Fit, LambdaRule, Selection};
use crate::Error;

/// Λ of the rule on σ_total = 2 and the trial Λ in order; 10 rows.
fn choose(
    mut rule: Selection<f64>,
    bounds: (f64, f64),
    fit: impl Fn(f64) -> Result<Fit<f64>, Error>,
) -> (f64, std::vec::Vec<f64>) {
    let mut asked = std::vec::Vec::new();
    let mut evaluate = |lambda: f64| {
        asked.push(lambda);
        fit(lambda)
    };
    let lambda = rule.choose(&mut Criterion { evaluate: &mut evaluate, sum_lambda: 2.0, bounds, rows: 10 });
    (lambda, asked)
}

/// GCV with a constant trace is ‖residual‖²/64.
fn least(bounds: (f64, f64), f: impl Fn(f64) -> f64) -> (f64, std::vec::Vec<f64>) {
    choose(Selection::Gcv, bounds, |lambda| Ok(Fit { residual_squared: f(lambda), trace: 2.0 }))
}

const FREE: (f64, f64) = (0.0, f64::MAX);

#[test]
fn criteria_have_their_formulas() {
    let mut evaluate = |lambda: f64| Ok(Fit { residual_squared: 7.0 + lambda, trace: 2.0 - lambda });
    let mut c = Criterion { evaluate: &mut evaluate, sum_lambda: 2.0, bounds: (0.5, 9.0), rows: 10 };
    assert_eq!((c.sum_lambda(), c.bounds(), c.rows()), (2.0, (0.5, 9.0), 10));
    assert_eq!(std::format!("{c:?}"), "Criterion { sum_lambda: 2.0, bounds: (0.5, 9.0), rows: 10 }");
    assert_eq!((c.residual_squared(1.0), c.trace(1.0)), (8.0, 1.0));
    assert_eq!(c.gcv(1.0), 8.0 / 81.0);
    assert_eq!(c.discrepancy(1.0, 0.25), 9.0); // (8 − 2·10·¼)²
    assert_eq!(c.upre(1.0, 0.25), 8.5); // 8 + 2·¼·1
    // σ_total must stay positive.
    let nothing = Fit { residual_squared: f64::INFINITY, trace: f64::INFINITY };
    assert_eq!((c.fit(-2.0), c.fit(-3.0)), (nothing, nothing));
    assert_eq!(c.fit(-1.0).residual_squared, 6.0);
    let mut fails = |_| Err(Error::NonFinite { what: "z" });
    let mut c = Criterion { evaluate: &mut fails, sum_lambda: 2.0, bounds: FREE, rows: 10 };
    assert_eq!(c.fit(1.0), nothing);
}

/// Five points between −½ and ½ of σ_total; one parabola finds the minimum of one.
#[test]
fn a_parabola_takes_six_evaluations() {
    for minimum in [0.3, -0.7, 0.04, 0.99, -0.99, 0.5] {
        let (lambda, asked) = least(FREE, |lambda| 3.0 + (lambda - minimum) * (lambda - minimum));
        assert_eq!(asked[..5], [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert!((lambda - minimum).abs() < 1e-14, "{lambda} for {minimum}");
        assert_eq!(asked.len(), 6, "{minimum}: {asked:?}");
    }
    for (rule, minimum) in [(Selection::Discrepancy(0.2), 0.25), (Selection::Upre(0.2), 0.25 - 0.1)] {
        // Both criteria are parabolas here: (Λ − ¼ + 4 − 4)², (Λ − ¼)² + 4 + 0.4 Λ/2.
        let fit = |lambda: f64| match rule {
            Selection::Upre(_) => Fit { residual_squared: (lambda - 0.25) * (lambda - 0.25), trace: 0.5 * lambda },
            _ => Fit { residual_squared: lambda - 0.25 + 4.0, trace: 0.0 },
        };
        let (lambda, asked) = choose(rule, FREE, |lambda| Ok(fit(lambda)));
        assert!((lambda - minimum).abs() < 1e-13 && asked.len() == 6, "{rule:?}: {lambda}, {asked:?}");
    }
    assert_eq!(choose(Selection::Fixed(7.0), FREE, |_| Err(Error::NonFinite { what: "z" })), (7.0, std::vec![]));
}

#[test]
fn bounds_hold_and_ends_are_found() {
    // σ_total between ½ and 1½ times 2, and within the bounds of the layer.
    for (bounds, low, high) in [(FREE, -1.0, 1.0), ((1.5, 2.25), -0.5, 0.25)] {
        for (f, end) in [(1.0, low), (-1.0, high)] {
            let (lambda, asked) = least(bounds, |lambda| 10.0 + f * lambda);
            assert_eq!((lambda, asked[0], asked[4], asked.len()), (end, low, high, 5), "{f} {bounds:?}");
            // A parabola whose minimum is outside.
            assert_eq!(least(bounds, |lambda| (lambda + 3.0 * f) * (lambda + 3.0 * f)).0, end);
        }
        // It bends down: the better end.
        assert_eq!(least(bounds, |lambda| 20.0 - (lambda - 0.1) * (lambda - 0.1)).0, low);
        assert_eq!(least(bounds, |lambda| 20.0 - (lambda + 0.2) * (lambda + 0.2)).0, high);
    }
    assert_eq!(least(FREE, |_| f64::INFINITY).0, -1.0, "whatever is infinite everywhere");
    assert_eq!(least(FREE, |lambda| if lambda == 0.5 { 1.0 } else { f64::INFINITY }).0, 0.5);
}

/// No parabolas, a steep bottom on either side of a point of the grid among them: to 1e-4 of σ_total, in six more evaluations
/// at most, and never worse than what was asked.
#[test]
fn other_functions_are_refined() {
    type Function = fn(f64) -> f64;
    let functions: [(Function, f64, f64, usize); 6] = [
        (|l| libm::cosh(l - 0.3), 0.3, 2e-4, 9),
        (|l| libm::exp(3.0 * l) - 5.0 * l, libm::log(5.0 / 3.0) / 3.0, 2e-3, 11),
        (|l| libm::exp(-3.0 * l) + 5.0 * l, -libm::log(5.0 / 3.0) / 3.0, 2e-3, 11),
        (|l| libm::sqrt(1e-2 + (l - 0.1) * (l - 0.1)), 0.1, 5e-3, 11),
        (|l| libm::sqrt(1e-2 + (l + 0.1) * (l + 0.1)), -0.1, 5e-3, 11),
        (|l| libm::pow(l - 0.6, 4.0), 0.6, 0.1, 11),
    ];
    for (i, (f, minimum, tolerance, most)) in functions.into_iter().enumerate() {
        let (lambda, asked) = least(FREE, f);
        assert!((lambda - minimum).abs() < tolerance && asked.len() <= most, "{i}: {lambda}, {asked:?}");
        assert!(asked.iter().all(|&other| f(lambda) <= f(other)), "{i}: {lambda}, {asked:?}");
    }
}
