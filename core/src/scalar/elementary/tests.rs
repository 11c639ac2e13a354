//! The elementary functions against 106-bit arithmetic, and at the edges.

use std::vec::Vec;

use super::*;

/// The reference of `gaussling audit`.
#[allow(dead_code, reason = "the audit has more functions")]
#[path = "../../../../std-ext/src/audit/double.rs"]
mod double;

/// The same numbers for ever, in [0, 1).
fn numbers() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    core::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Half of the arguments are uniform in the interval, half log-uniform from `least` to its end with both signs; every hundredth is
/// beside a multiple of `period`.
fn arguments((low, high): (f64, f64), least: f64, period: f64) -> Vec<f64> {
    let points = 100_000;
    let mut xs = Vec::with_capacity(points);
    for (i, u) in numbers().take(points).enumerate() {
        let end = if i % 4 == 1 { low } else { high };
        xs.push(match i % 100 {
            50 => {
                let x = (low + u * (high - low)) / period;
                let x = x.round() * period;
                (x + ((i / 100 % 9) as f64 - 4.0) * f64::EPSILON * x).max(low)
            }
            _ if i % 2 == 0 => low + u * (high - low),
            _ if low > 0.0 => (low.ln() + u * (high.ln() - low.ln())).exp(),
            _ => (u * (end.abs() / least).ln()).exp() * least * end.signum(),
        });
    }
    xs
}

/// A function, its exact values, the arguments, and a limit in ULP.
type Row = (&'static str, fn(f64) -> f64, fn(f64) -> double::Double, Vec<f64>, f64);

#[test]
fn double_precision_is_as_accurate_as_the_table_says() {
    let log = core::f64::consts::LN_2 / 2.0;
    let quarter = core::f64::consts::FRAC_PI_2;
    let rows: [Row; 14] = [
        ("exp", exp, double::exp, arguments((-707.0, 709.8), 1e-18, log), 0.95),
        ("exp near 0", exp, double::exp, arguments((-2.0, 2.0), 1e-18, log), 0.95),
        ("exp, subnormal", exp, double::exp, arguments((-746.0, -707.0), 1e-3, log), 1.01),
        ("exp_m1", exp_m1, double::exp_m1, arguments((-41.0, 709.8), 1e-300, log), 1.3),
        ("exp_m1 near 0", exp_m1, double::exp_m1, arguments((-2.0, 2.0), 1e-18, log), 1.3),
        ("ln", ln, double::ln, arguments((1e-318, 1e307), 1.0, 0.5), 0.95),
        ("ln near 1", ln, double::ln, arguments((0.1, 3.0), 1.0, 0.5), 0.95),
        ("ln_1p", ln_1p, double::ln_1p, arguments((-0.999_999_999, 3.0), 1e-300, 0.5), 0.95),
        ("tanh", tanh, double::tanh, arguments((-20.0, 20.0), 1e-12, log), 0.95),
        ("sigmoid", sigmoid, double::sigmoid, arguments((-746.0, 40.0), 1e-12, log), 1.3),
        ("sigmoid near 0", sigmoid, double::sigmoid, arguments((-9.0, 9.0), 1e-12, log), 1.3),
        ("softplus", softplus, double::softplus, arguments((-746.0, 40.0), 1e-12, log), 1.01),
        ("sin", sin, double::sin, arguments((-1e5, 1e5), 1e-12, quarter), 0.8),
        ("cos", cos, double::cos, arguments((-1e5, 1e5), 1e-12, quarter), 0.8),
    ];
    let mut failed = 0;
    for (name, found, exact, xs, limit) in rows {
        let mut worst = (0.0, 0.0);
        for &x in &xs {
            let error = double::ulps(found(x), exact(x), 52, -1022);
            worst = if error > worst.0 || error.is_nan() { (error, x) } else { worst };
        }
        std::println!("{name}: {:.3} ULP at {:e}, {} points", worst.0, worst.1, xs.len());
        failed += u32::from(!(worst.0 < limit && worst.0 > 0.5));
    }
    assert_eq!(failed, 0);
}

/// Every 997th `f32` (`gaussling audit --full` takes all); the `f64` functions of the platform, 29 bits more, are the reference.
#[test]
fn single_precision_is_as_accurate_as_the_table_says() {
    type Row = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f64);
    let rows: [Row; 9] = [
        ("exp", exp, f64::exp, 0.95),
        ("exp_m1", exp_m1, f64::exp_m1, 1.0),
        ("ln", ln, f64::ln, 0.95),
        ("ln_1p", ln_1p, f64::ln_1p, 0.95),
        ("tanh", tanh, f64::tanh, 0.9),
        ("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 0.9),
        ("softplus", softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 1.0),
        ("sin", sin, f64::sin, 0.9),
        ("cos", cos, f64::cos, 0.9),
    ];
    let mut failed = 0;
    for (name, found, exact, limit) in rows {
        let mut worst = (0.0, 0.0);
        for bits in (0..=f32::INFINITY.to_bits()).step_by(997) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let (found, exact) = (f64::from(found(x)), exact(f64::from(x)));
                // Most numbers need no closer look.
                if (found - exact).abs() <= worst.0 * exact.abs() * 0.5 * f64::from(f32::EPSILON)
                    || found == exact
                    || (found.is_nan() && exact.is_nan())
                {
                    continue;
                }
                let error = double::ulps(found, double::Double(exact, 0.0), 23, -126);
                worst = if error > worst.0 || error.is_nan() { (error, x) } else { worst };
            }
        }
        std::println!("{name}, f32: {:.3} ULP at {:e}", worst.0, worst.1);
        failed += u32::from(!(worst.0 < limit && worst.0 > 0.5));
    }
    assert_eq!(failed, 0);
}

/// The edges that a slice of numbers should not stumble over; what holds for all scalar types is in the table of `Real`.
#[test]
fn edges_are_those_of_ieee_754() {
    fn check<T: Format>() {
        let inf = T::ONE / T::ZERO;
        let nan = inf * T::ZERO;
        let least = T::from_f64(if T::EPSILON.value() < 1e-10 { 5e-324 } else { 1e-45 });
        let same = |name: &str, x: T, found: T, expected: T| {
            let equal = found == expected && found.is_sign_negative() == expected.is_sign_negative();
            assert!(equal || (found.is_nan() && expected.is_nan()), "{name}({x:?}) = {found:?}, not {expected:?}");
        };
        for x in [T::ZERO, -T::ZERO, least, -least, T::MIN_POSITIVE, -T::MIN_POSITIVE, nan] {
            same("sin", x, sin(x), x);
            same("sin_within", x, sin_within(x), x);
            same("tanh", x, tanh(x), x);
            same("exp_m1", x, exp_m1(x), x);
            same("ln_1p", x, ln_1p(x), x);
            let not = |y: T| if x.is_nan() { x } else { y };
            same("cos", x, cos(x), not(T::ONE));
            same("exp", x, exp(x), not(T::ONE));
            same("sigmoid", x, sigmoid(x), not(T::ONE.scale(0.5)));
        }
        let overflow = T::EXP_RANGE.1;
        for x in [overflow, T::MAX, inf] {
            same("exp", x, exp(x), inf);
            same("exp", -x, exp(-x.scale(1.2)), T::ZERO);
            same("exp_m1", x, exp_m1(x), inf);
            same("exp_m1", -x, exp_m1(-x), -T::ONE);
            same("tanh", x, tanh(x), T::ONE);
            same("tanh", -x, tanh(-x), -T::ONE);
            same("sigmoid", x, sigmoid(x), T::ONE);
            same("sigmoid", -x, sigmoid(-x.scale(1.2)), T::ZERO);
            same("softplus", x, softplus(x), x);
            same("softplus", -x, softplus(-x.scale(1.2)), T::ZERO);
        }
        for (x, log, log_1p) in [(inf, inf, inf), (-T::ONE, nan, -inf), (-inf, nan, nan), (nan, nan, nan)] {
            same("ln", x, ln(x), log);
            same("ln_1p", x, ln_1p(x), log_1p);
        }
        for x in [T::ZERO, -T::ZERO] {
            same("ln", x, ln(x), -inf);
        }
        same("ln", T::ONE, ln(T::ONE), T::ZERO);
        same("ln", T::MAX, ln(T::MAX), ln(T::MAX.scale(0.5)) + T::from_f64(core::f64::consts::LN_2));
        same("ln", least, ln(least), T::from_f64(libm::log(least.value())));
        for x in [inf, -inf] {
            same("sin", x, sin(x), nan);
            same("cos", x, cos(x), nan);
        }
        // The last finite exponential and the first subnormal one.
        let last = ln(T::MAX);
        assert!(exp(last.scale(0.999_999)).is_finite() && exp(last.scale(1.000_001)) == inf);
        assert!(exp(ln(least)) == least && exp(ln(least).scale(1.01)) == T::ZERO);
        assert!(softplus(nan).is_nan());
    }
    check::<f64>();
    check::<f32>();
}

/// Both sides of the border where the reduction changes, and the forms without a branch.
#[test]
fn sine_and_cosine_are_the_same_with_and_without_a_branch() {
    fn check<T: Format>(libm: [fn(T) -> T; 2]) {
        for i in 0..4000 {
            let x = T::from_f64(f64::from(i) * 1.5 - 3000.0);
            if x.abs() <= T::from_f64(3000.0) {
                assert!(sin(x) == sin_within(x) && cos(x) == cos_within(x), "{x:?}");
            }
            let near = T::SINE_RANGE + T::from_f64(f64::from(i) * 0.37 - 700.0);
            let differences = [(sin(near) - libm[0](near)).abs(), (cos(near) - libm[1](near)).abs()];
            assert!(differences.iter().all(|&d| d <= T::EPSILON), "{near:?}: {differences:?}");
        }
    }
    check::<f64>([libm::sin, libm::cos]);
    check::<f32>([libm::sinf, libm::cosf]);
}

/// Never beyond 1, and monotonic to the last digits where the power of two changes.
#[test]
fn tanh_rises() {
    for n in 0..58_u32 {
        let border = (f64::from(n) + 0.5) * core::f64::consts::LN_2 / 2.0;
        let mut last = -1.0;
        for k in -200_i32..200 {
            let x = border + f64::from(k) * border * f64::EPSILON;
            let y = tanh(x);
            assert!(y <= 1.0 && y - last >= -2.0 * f64::EPSILON * y, "at {x:e}: {y:e} after {last:e}");
            assert_eq!(tanh(-x), -y, "odd at {x:e}");
            last = y;
        }
    }
}
