//! Stopping tests and helpers that no public routine shows alone.

use super::*;

/// On a matrix the last test comes true together with an earlier one nearly always; here it stands alone.
#[test]
fn condition_too_large() {
    let options = LsqrOptions { tolerance_a: 0.0, tolerance_b: 0.0, condition_limit: 0.0, ..Default::default() };
    let mut report = LsqrReport {
        iterations: 1,
        status: LsqrStatus::IterationLimit,
        residual_norm: 1.0,
        damped_residual_norm: 1.0,
        gradient_norm: 1.0,
        norm_a: 1.0,
        condition: 2.0 / f64::EPSILON,
        norm_step: 1.0,
    };
    assert_eq!(stopping_test(&report, 1.0, &options), Some(LsqrStatus::ConditionTooLarge));
    report.condition *= 1.0 - f64::EPSILON;
    assert_eq!(stopping_test(&report, 1.0, &options), None);
    let options = LsqrOptions { condition_limit: report.condition, ..options };
    assert_eq!(stopping_test(&report, 1.0, &options), Some(LsqrStatus::ConditionLimit));
    // ε/2 (‖b‖ + ‖Ā‖ ‖d‖) = ε/2 (3 + 4), and the limit itself counts.
    report = LsqrReport { damped_residual_norm: 3.5 * f64::EPSILON, norm_step: 4.0, condition: 1.0, ..report };
    assert_eq!(stopping_test(&report, 3.0, &options), Some(LsqrStatus::CompatibleToRounding));
    report.damped_residual_norm *= 1.0 + f64::EPSILON;
    assert_eq!(stopping_test(&report, 3.0, &options), None);
}

#[test]
fn helpers() {
    // More elements than the parts have, and a unit that is not that of b.
    let norm = scaled_norm(&crate::Portable, &[3.0; 49], 0.25);
    assert!((norm - 84.0).abs() < 1e-13, "{norm}");
    let norm = scaled_norm(&crate::Portable, &[f64::MAX; 49], f64::MAX / 2.0);
    assert!((norm - 14.0).abs() < 1e-13, "{norm}");
    assert_eq!(without_damping(1.0, 1.0 + f64::EPSILON), 0.0);
    assert_eq!((without_damping(5.0, 3.0), without_damping(5.0, 0.0)), (4.0, 5.0));
}

/// Every test of step 7 a thousandth above and below its threshold, the others far from theirs.
#[test]
fn stopping_tests_at_both_sides() {
    use LsqrStatus::*;
    let (norm_a, norm_step, norm_b, half) = (100.0, 5.0, 2.0, 0.5 * f64::EPSILON);
    let report = |residual: f64, gradient: f64, condition: f64| LsqrReport {
        iterations: 1,
        status: IterationLimit,
        residual_norm: f64::NAN,
        damped_residual_norm: residual,
        gradient_norm: gradient,
        norm_a,
        condition,
        norm_step,
    };
    let options = LsqrOptions { tolerance_a: 1e-3, tolerance_b: 1e-2, condition_limit: 1e6, ..Default::default() };
    let none = LsqrOptions { tolerance_a: 0.0, tolerance_b: 0.0, condition_limit: 0.0, ..options };
    type Case = (LsqrStatus, fn(f64, f64) -> [f64; 3], f64);
    let cases: [(Case, &LsqrOptions<f64>); 6] = [
        ((Compatible, |t, f| [t * f, 1e9, 1.0], 1e-2 * norm_b + 1e-3 * norm_a * norm_step), &options),
        ((LeastSquares, |t, f| [7.0, t * f, 1.0], 1e-3 * norm_a * 7.0), &options),
        ((ConditionLimit, |t, f| [7.0, 1e9, t / f], 1e6), &options),
        ((CompatibleToRounding, |t, f| [t * f, 1e9, 1.0], half * (norm_b + norm_a * norm_step)), &none),
        ((LeastSquaresToRounding, |t, f| [7.0, t * f, 1.0], half * norm_a * 7.0), &none),
        ((ConditionTooLarge, |t, f| [7.0, 1e9, t / f], 1.0 / half), &none),
    ];
    for ((status, numbers, threshold), options) in cases {
        for (factor, expected) in [(0.999, Some(status)), (1.001, None)] {
            let [residual, gradient, condition] = numbers(threshold, factor);
            let found = stopping_test(&report(residual, gradient, condition), norm_b, options);
            assert_eq!(found, expected, "{status:?}, {factor} of its threshold");
        }
    }
}
