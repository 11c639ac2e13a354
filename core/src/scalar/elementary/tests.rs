//! The elementary functions against 106-bit arithmetic, and at the edges.

use std::vec::Vec;

use super::*;

/// An unevaluated sum of two numbers: 106 bits. T. Dekker, "A floating-point technique for extending the available
/// precision" (1971).
#[derive(Clone, Copy)]
struct Double(f64, f64);

const LN_2: Double = Double(core::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
const ONE: Double = Double(1.0, 0.0);

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let (sum, error) = two_sum(a, b);
        Self(sum, error)
    }

    fn product(a: f64, b: f64) -> Self {
        let p = a * b;
        Self(p, f64::mul_add(a, b, -p))
    }

    fn add(self, o: Self) -> Self {
        let Self(s, e) = Self::sum(self.0, o.0);
        let Self(t, f) = Self::sum(self.1, o.1);
        let Self(s, e) = Self::sum(s, e + t);
        Self::sum(s, e + f)
    }

    fn mul(self, o: Self) -> Self {
        let Self(p, e) = Self::product(self.0, o.0);
        Self::sum(p, e + (self.0 * o.1 + self.1 * o.0))
    }

    fn div(self, o: Self) -> Self {
        let q = self.0 / o.0;
        let rest = self.add(o.mul(Self(-q, 0.0)));
        let q2 = rest.0 / o.0;
        let rest = rest.add(o.mul(Self(-q2, 0.0)));
        Self::sum(q, q2).add(Self(rest.0 / o.0, 0.0))
    }

    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }

    /// Times 2ⁿ. Rounded where that is subnormal, which is 1000 times less than the limits.
    fn shift(self, n: f64) -> Self {
        let (a, b) = ((0.5 * n).trunc().exp2(), (n - (0.5 * n).trunc()).exp2());
        Self(self.0 * a * b, self.1 * a * b)
    }
}

/// Σ xᵏ/k! over k = first, first + step, …
fn series(x: Double, first: u32, step: u32, alternating: bool) -> Double {
    let mut term = ONE;
    for k in 1..=first {
        term = term.mul(x).div(Double(f64::from(k), 0.0));
    }
    let mut sum = Double(0.0, 0.0);
    let mut k = first;
    while k < 34 {
        sum = sum.add(term);
        for _ in 0..step {
            k += 1;
            term = term.mul(x).div(Double(f64::from(k), 0.0));
        }
        if alternating {
            term = term.neg();
        }
    }
    sum
}

/// x = n ln 2 + r: n and eʳ − 1
fn exp_m1_reduced(x: Double) -> (f64, Double) {
    // The rest of ln 2 beyond 106 bits is 1e-33 of |n| < 1100.
    let n = (x.0 / LN_2.0).round();
    (n, series(x.add(LN_2.mul(Double(-n, 0.0))), 1, 1, false))
}

fn exact_exp(x: Double) -> Double {
    let (n, m) = exp_m1_reduced(x);
    m.add(ONE).shift(n)
}

fn exact_exp_m1(x: Double) -> Double {
    let (n, m) = exp_m1_reduced(x);
    // (m + (1 − 2⁻ⁿ)) 2ⁿ
    m.add(ONE.add(Double(-(-n).exp2(), 0.0))).shift(n)
}

/// ln x by one step of Newton's method from libm's, ln x = y + ln(1 + m) with m = x e⁻ʸ − 1.
fn exact_ln(x: Double) -> Double {
    let k = if x.0 < 1e-290 { -100.0 } else { 0.0 };
    let x = x.shift(-k);
    let y = libm::log(x.0);
    let m = x.mul(exact_exp(Double(-y, 0.0))).add(ONE.neg());
    Double(y, 0.0).add(m).add(Double(-0.5 * m.0 * m.0, 0.0)).add(LN_2.mul(Double(k, 0.0)))
}

fn exact_ln_1p(x: Double) -> Double {
    // 1 + x would lose digits.
    if x.0.abs() < 1e-5 {
        let mut sum = Double(0.0, 0.0);
        for k in (1..=8).rev() {
            sum = ONE.div(Double(f64::from(k), 0.0)).add(x.mul(sum).neg());
        }
        return sum.mul(x);
    }
    exact_ln(ONE.add(x))
}

fn exact_tanh(x: Double) -> Double {
    let m = exact_exp_m1(Double(2.0 * x.0, 0.0));
    m.div(m.add(Double(2.0, 0.0)))
}

fn exact_sigmoid(x: Double) -> Double {
    let e = exact_exp(Double(-x.0.abs(), 0.0));
    if x.0 < 0.0 { e } else { ONE }.div(ONE.add(e))
}

fn exact_softplus(x: Double) -> Double {
    Double(x.0.max(0.0), 0.0).add(exact_ln_1p(exact_exp(Double(-x.0.abs(), 0.0))))
}

/// sin(x + quarters π/2) for |x| ≤ 1e5.
fn exact_sine(x: f64, quarters: f64) -> Double {
    const FRAC_PI_2: [f64; 4] =
        [core::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_17e-33, 4.320_574_262_296_449e-50];
    let n = (x * core::f64::consts::FRAC_2_PI).round();
    let mut r = Double(x, 0.0);
    for part in FRAC_PI_2 {
        r = r.add(Double::product(-n, part));
    }
    let quadrant = (n + quarters).rem_euclid(4.0);
    let y = if quadrant % 2.0 == 0.0 { series(r, 1, 2, true) } else { series(r, 0, 2, true) };
    if quadrant >= 2.0 { y.neg() } else { y }
}

/// |found − exact| in units of the last place of the exact value, in a format of so many digits.
fn ulps(found: f64, exact: Double, mantissa: i32, least_exponent: i32) -> f64 {
    let largest = if mantissa == 23 { f64::from(f32::MAX) } else { f64::MAX };
    if found.is_infinite() {
        return if exact.0.abs() > largest * (1.0 - f64::EPSILON) && exact.0 * found > 0.0 {
            0.0
        } else {
            f64::INFINITY
        };
    }
    // Just below a power of two, as a sum of two, the place is that below it.
    let size = if exact.0.abs().to_bits() << 12 == 0 && exact.1 * exact.0 < 0.0 {
        exact.0.abs().next_down()
    } else {
        exact.0.abs()
    };
    let exponent = if size < f64::MIN_POSITIVE { -1022 } else { (size.to_bits() >> 52) as i32 - 1023 };
    let place = exponent.max(least_exponent) - mantissa;
    // In two steps: the place of a subnormal number is one itself.
    let (a, b) = (f64::exp2(f64::from(-(place / 2))), f64::exp2(f64::from(place / 2 - place)));
    ((found - exact.0) * a * b - exact.1 * a * b).abs()
}

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
/// beside a multiple of `period`. `GAUSSLING_POINTS` makes it as many as wanted.
fn arguments((low, high): (f64, f64), least: f64, period: f64) -> Vec<f64> {
    let points = std::env::var("GAUSSLING_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
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
type Row = (&'static str, fn(f64) -> f64, fn(f64) -> Double, Vec<f64>, f64);

#[test]
fn double_precision_is_as_accurate_as_the_table_says() {
    let log = core::f64::consts::LN_2 / 2.0;
    let quarter = core::f64::consts::FRAC_PI_2;
    let rows: [Row; 14] = [
        ("exp", exp, |x| exact_exp(Double(x, 0.0)), arguments((-707.0, 709.8), 1e-18, log), 0.95),
        ("exp near 0", exp, |x| exact_exp(Double(x, 0.0)), arguments((-2.0, 2.0), 1e-18, log), 0.95),
        ("exp, subnormal", exp, |x| exact_exp(Double(x, 0.0)), arguments((-746.0, -707.0), 1e-3, log), 1.01),
        ("exp_m1", exp_m1, |x| exact_exp_m1(Double(x, 0.0)), arguments((-41.0, 709.8), 1e-300, log), 1.3),
        ("exp_m1 near 0", exp_m1, |x| exact_exp_m1(Double(x, 0.0)), arguments((-2.0, 2.0), 1e-18, log), 1.3),
        ("ln", ln, |x| exact_ln(Double(x, 0.0)), arguments((1e-318, 1e307), 1.0, 0.5), 0.95),
        ("ln near 1", ln, |x| exact_ln(Double(x, 0.0)), arguments((0.1, 3.0), 1.0, 0.5), 0.95),
        ("ln_1p", ln_1p, |x| exact_ln_1p(Double(x, 0.0)), arguments((-0.999_999_999, 3.0), 1e-300, 0.5), 0.95),
        ("tanh", tanh, |x| exact_tanh(Double(x, 0.0)), arguments((-20.0, 20.0), 1e-12, log), 0.95),
        ("sigmoid", sigmoid, |x| exact_sigmoid(Double(x, 0.0)), arguments((-746.0, 40.0), 1e-12, log), 1.3),
        ("sigmoid near 0", sigmoid, |x| exact_sigmoid(Double(x, 0.0)), arguments((-9.0, 9.0), 1e-12, log), 1.3),
        ("softplus", softplus, |x| exact_softplus(Double(x, 0.0)), arguments((-746.0, 40.0), 1e-12, log), 1.01),
        ("sin", sin, |x| exact_sine(x, 0.0), arguments((-1e5, 1e5), 1e-12, quarter), 0.8),
        ("cos", cos, |x| exact_sine(x, 1.0), arguments((-1e5, 1e5), 1e-12, quarter), 0.8),
    ];
    let mut failed = 0;
    for (name, found, exact, xs, limit) in rows {
        let mut worst = (0.0, 0.0);
        for &x in &xs {
            let error = ulps(found(x), exact(x), 52, -1022);
            worst = if error > worst.0 || error.is_nan() { (error, x) } else { worst };
        }
        std::println!("{name}: {:.3} ULP at {:e}, {} points", worst.0, worst.1, xs.len());
        failed += u32::from(!(worst.0 < limit && worst.0 > 0.5));
    }
    assert_eq!(failed, 0);
}

/// Every `f32` with `GAUSSLING_ALL_F32` (twenty minutes), every 997th without; the `f64` functions of the platform, 29 bits
/// more, are the reference.
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
    let step = if std::env::var_os("GAUSSLING_ALL_F32").is_some() { 1 } else { 997 };
    let mut failed = 0;
    for (name, found, exact, limit) in rows {
        let mut worst = (0.0, 0.0);
        for bits in (0..=f32::INFINITY.to_bits()).step_by(step) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let (found, exact) = (f64::from(found(x)), exact(f64::from(x)));
                // Most numbers need no closer look.
                if (found - exact).abs() <= worst.0 * exact.abs() * 0.5 * f64::from(f32::EPSILON)
                    || found == exact
                    || (found.is_nan() && exact.is_nan())
                {
                    continue;
                }
                let error = ulps(found, Double(exact, 0.0), 23, -126);
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
