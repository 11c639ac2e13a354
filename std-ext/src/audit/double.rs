//! Elementary functions in 106-bit arithmetic, the reference that those of 24 and 53 bits are compared with.
//!
//! Numbers are unevaluated sums of two `f64` (T. Dekker, "A floating-point technique for extending the available precision", Numer.
//! Math. 18 (1971), DOI 10.1007/BF01397083). Slow and plain: series, and corrections of an approximate value by an addition theorem.
//! Relative errors below 2⁻⁹⁵ wherever the docs of a function say nothing else; a result of 53 bits then has an error of 10⁻¹² ULP.

use std::f64::consts;

/// high + low.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub(super) f64, pub(super) f64);

const ZERO: Double = Double(0.0, 0.0);
const ONE: Double = Double(1.0, 0.0);
const TWO: Double = Double(2.0, 0.0);
const LN_2: Double = Double(consts::LN_2, 2.319_046_813_846_299_6e-17);
const LN_10: Double = Double(consts::LN_10, -2.170_756_223_382_249_4e-16);
const FRAC_PI_2: Double = Double(consts::FRAC_PI_2, 6.123_233_995_736_766e-17);
const FRAC_2_SQRT_PI: Double = Double(consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17);

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let sum = a + b;
        let b_part = sum - a;
        Self(sum, (a - (sum - b_part)) + (b - b_part))
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

    fn sub(self, o: Self) -> Self {
        self.add(o.neg())
    }

    fn mul(self, o: Self) -> Self {
        let Self(p, e) = Self::product(self.0, o.0);
        Self::sum(p, e + (self.0 * o.1 + self.1 * o.0))
    }

    fn div(self, o: Self) -> Self {
        let q = self.0 / o.0;
        let rest = self.sub(o.mul(Self(q, 0.0)));
        let q2 = rest.0 / o.0;
        let rest = rest.sub(o.mul(Self(q2, 0.0)));
        Self::sum(q, q2).add(Self(rest.0 / o.0, 0.0))
    }

    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }

    fn abs(self) -> Self {
        if self.0 < 0.0 { self.neg() } else { self }
    }

    /// One step of Newton's method.
    fn sqrt(self) -> Self {
        if self.0 == 0.0 {
            return ZERO;
        }
        let y = self.0.sqrt();
        let rest = self.sub(Self::product(y, y));
        Self::sum(y, rest.0 / (2.0 * y))
    }

    /// Times 2ⁿ. Rounded where that is subnormal, a thousandth of what is looked for.
    fn shift(self, n: f64) -> Self {
        let (a, b) = ((0.5 * n).trunc().exp2(), (n - (0.5 * n).trunc()).exp2());
        Self(self.0 * a * b, self.1 * a * b)
    }

    fn half(self) -> Self {
        Self(0.5 * self.0, 0.5 * self.1)
    }
}

/// Σ xᵏ/k! over k = first, first + step, …
fn series(x: Double, first: u32, step: u32, alternating: bool) -> Double {
    let mut term = ONE;
    for k in 1..=first {
        term = term.mul(x).div(Double(f64::from(k), 0.0));
    }
    let mut sum = ZERO;
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
    (n, series(x.sub(LN_2.mul(Double(n, 0.0))), 1, 1, false))
}

fn exp_of(x: Double) -> Double {
    let (n, m) = exp_m1_reduced(x);
    m.add(ONE).shift(n)
}

fn exp_m1_of(x: Double) -> Double {
    let (n, m) = exp_m1_reduced(x);
    // (m + (1 − 2⁻ⁿ)) 2ⁿ
    m.add(ONE.add(Double(-(-n).exp2(), 0.0))).shift(n)
}

/// ln x by one step of Newton's method from libm's, ln x = y + ln(1 + m) with m = x e⁻ʸ − 1.
fn ln_of(x: Double) -> Double {
    let k = if x.0 < 1e-290 { -100.0 } else { 0.0 };
    let x = x.shift(-k);
    let y = libm::log(x.0);
    let m = x.mul(exp_of(Double(-y, 0.0))).sub(ONE);
    Double(y, 0.0).add(m).add(Double(-0.5 * m.0 * m.0, 0.0)).add(LN_2.mul(Double(k, 0.0)))
}

fn ln_1p_of(x: Double) -> Double {
    // 1 + x would lose digits.
    if x.0.abs() < 1e-5 {
        let sum = (1..=8).rev().fold(ZERO, |sum, k| ONE.div(Double(f64::from(k), 0.0)).sub(x.mul(sum)));
        return sum.mul(x);
    }
    ln_of(ONE.add(x))
}

/// sin(x + quarters π/2) for |x| ≤ 1e5: absolute errors of 1e-44 before the quarter is taken off.
fn sine(x: f64, quarters: f64) -> Double {
    const PARTS: [f64; 4] = [FRAC_PI_2.0, FRAC_PI_2.1, -1.497_384_904_859_17e-33, 4.320_574_262_296_449e-50];
    let n = (x * consts::FRAC_2_PI).round();
    let r = PARTS.iter().fold(Double(x, 0.0), |r, &part| r.sub(Double::product(n, part)));
    let quadrant = (n + quarters).rem_euclid(4.0);
    let y = if quadrant % 2.0 == 0.0 { series(r, 1, 2, true) } else { series(r, 0, 2, true) };
    if quadrant >= 2.0 { y.neg() } else { y }
}

/// atan x = y + atan((x − tan y) / (1 + x tan y)) with y from libm; the second term is its argument but for a cube of 1e-48.
fn atan_of(x: Double) -> Double {
    if x.0.abs() > 1e18 {
        let sign = x.0.signum();
        return Double(sign * FRAC_PI_2.0, sign * FRAC_PI_2.1).sub(ONE.div(x));
    }
    if x.0.abs() < 1e-8 {
        return x.sub(x.mul(x).mul(x).div(Double(3.0, 0.0)));
    }
    let y = libm::atan(x.0);
    let t = sine(y, 0.0).div(sine(y, 1.0));
    Double(y, 0.0).add(x.sub(t).div(ONE.add(x.mul(t))))
}

pub(super) fn sqrt(x: f64) -> Double {
    Double(x, 0.0).sqrt()
}

pub(super) fn cbrt(x: f64) -> Double {
    // Within the range of cubes.
    let k = if x.abs() < 1e-200 { -210.0 } else { 0.0 };
    let x = Double(x, 0.0).shift(-k);
    if x.0 == 0.0 {
        return x;
    }
    let y = libm::cbrt(x.0);
    let square = Double::product(y, y);
    let rest = x.sub(square.mul(Double(y, 0.0)));
    Double::sum(y, rest.0 / (3.0 * square.0)).shift(k / 3.0)
}

pub(super) fn exp(x: f64) -> Double {
    exp_of(Double(x, 0.0))
}

pub(super) fn exp2(x: f64) -> Double {
    let n = x.round();
    exp_of(LN_2.mul(Double(x - n, 0.0))).shift(n)
}

pub(super) fn exp_m1(x: f64) -> Double {
    exp_m1_of(Double(x, 0.0))
}

pub(super) fn ln(x: f64) -> Double {
    ln_of(Double(x, 0.0))
}

pub(super) fn ln_1p(x: f64) -> Double {
    ln_1p_of(Double(x, 0.0))
}

pub(super) fn log2(x: f64) -> Double {
    ln(x).div(LN_2)
}

pub(super) fn log10(x: f64) -> Double {
    ln(x).div(LN_10)
}

/// |x| ≤ 1e5
pub(super) fn sin(x: f64) -> Double {
    sine(x, 0.0)
}

/// |x| ≤ 1e5
pub(super) fn cos(x: f64) -> Double {
    sine(x, 1.0)
}

/// |x| ≤ 1e5
pub(super) fn tan(x: f64) -> Double {
    sine(x, 0.0).div(sine(x, 1.0))
}

pub(super) fn asin(x: f64) -> Double {
    if x.abs() == 1.0 {
        return Double(x * FRAC_PI_2.0, x * FRAC_PI_2.1);
    }
    let x = Double(x, 0.0);
    atan_of(x.div(ONE.sub(x).mul(ONE.add(x)).sqrt()))
}

pub(super) fn acos(x: f64) -> Double {
    if x == -1.0 {
        return Double(2.0 * FRAC_PI_2.0, 2.0 * FRAC_PI_2.1);
    }
    let x = Double(x, 0.0);
    atan_of(ONE.sub(x).div(ONE.add(x)).sqrt()).mul(TWO)
}

pub(super) fn atan(x: f64) -> Double {
    atan_of(Double(x, 0.0))
}

/// (m + m/(m + 1))/2 with m = eˣ − 1
pub(super) fn sinh(x: f64) -> Double {
    // Half before the sum, which is within the range then.
    let (n, _) = exp_m1_reduced(Double(x.abs(), 0.0));
    let y = if n > 60.0 {
        exp_of(Double(x.abs(), 0.0).sub(LN_2))
    } else {
        let m = exp_m1(x.abs());
        m.add(m.div(m.add(ONE))).half()
    };
    if x < 0.0 { y.neg() } else { y }
}

pub(super) fn cosh(x: f64) -> Double {
    let half = exp_of(Double(x.abs(), 0.0).sub(LN_2));
    half.add(ONE.div(half).mul(Double(0.25, 0.0)))
}

pub(super) fn tanh(x: f64) -> Double {
    let m = exp_m1_of(Double(2.0 * x, 0.0));
    m.div(m.add(TWO))
}

pub(super) fn sigmoid(x: f64) -> Double {
    let e = exp(-x.abs());
    if x < 0.0 { e } else { ONE }.div(ONE.add(e))
}

pub(super) fn softplus(x: f64) -> Double {
    Double(x.max(0.0), 0.0).add(ln_1p_of(exp(-x.abs())))
}

/// ln(1 + (x + x²/(1 + √(1 + x²))))
pub(super) fn asinh(x: f64) -> Double {
    let a = Double(x.abs(), 0.0);
    let y = if a.0 > 1e150 {
        ln_of(a).add(LN_2)
    } else {
        let square = a.mul(a);
        ln_1p_of(a.add(square.div(ONE.add(ONE.add(square).sqrt()))))
    };
    if x < 0.0 { y.neg() } else { y }
}

/// ln(1 + (t + √(2t + t²))) with t = x − 1
pub(super) fn acosh(x: f64) -> Double {
    if x > 1e150 {
        return ln(x).add(LN_2);
    }
    let t = Double(x, 0.0).sub(ONE);
    ln_1p_of(t.add(t.mul(TWO.add(t)).sqrt()))
}

/// ½ ln(1 + 2x/(1 − x))
pub(super) fn atanh(x: f64) -> Double {
    let a = Double(x, 0.0).abs();
    let y = ln_1p_of(a.mul(TWO).div(ONE.sub(a))).half();
    if x < 0.0 { y.neg() } else { y }
}

/// 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹/(1·3·5⋯(2n + 1)), where nothing cancels (M. Abramowitz and I. Stegun, 7.1.6); 1 from 6 on, which is right to
/// 2e-17.
pub(super) fn erf(x: f64) -> Double {
    if x.abs() >= 6.0 {
        return Double(x.signum(), 0.0);
    }
    let x = Double(x, 0.0);
    let square = x.mul(x);
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.0.abs() > 1e-34 * sum.0.abs() {
        odd += 2.0;
        term = term.mul(square).mul(TWO).div(Double(odd, 0.0));
        sum = sum.add(term);
    }
    sum.mul(exp_of(square.neg())).mul(FRAC_2_SQRT_PI)
}

/// |found − exact| in units of the last place of the exact value, in a format of so many digits after the leading one.
pub(super) fn ulps(found: f64, exact: Double, mantissa: i32, least_exponent: i32) -> f64 {
    let largest = if mantissa == 23 { f64::from(f32::MAX) } else { f64::MAX };
    if found.is_infinite() {
        let beyond = exact.0.abs() > largest * (1.0 - f64::EPSILON) && exact.0 * found > 0.0;
        return if beyond { 0.0 } else { f64::INFINITY };
    }
    // Just below a power of two, as a sum of two, the place is that below it.
    let below = exact.0.abs().to_bits() << 12 == 0 && exact.1 * exact.0 < 0.0;
    let size = if below { exact.0.abs().next_down() } else { exact.0.abs() };
    let exponent = if size < f64::MIN_POSITIVE { -1022 } else { (size.to_bits() >> 52) as i32 - 1023 };
    let place = exponent.max(least_exponent) - mantissa;
    // In two steps: the place of a subnormal number is one itself.
    let (a, b) = (f64::exp2(f64::from(-(place / 2))), f64::exp2(f64::from(place / 2 - place)));
    ((found - exact.0) * a * b - exact.1 * a * b).abs()
}
