//! The elementary functions against 106-bit arithmetic, and at the edges.

use super::elementary::{tanh, tanhf};

/// An unevaluated sum of two numbers: 106 bits. T. Dekker, "A floating-point technique for extending the available
/// precision" (1971).
#[derive(Clone, Copy)]
struct Double(f64, f64);

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let s = a + b;
        let t = s - a;
        Self(s, (a - (s - t)) + (b - t))
    }

    fn add(self, o: Self) -> Self {
        let Self(s, e) = Self::sum(self.0, o.0);
        Self::sum(s, e + self.1 + o.1)
    }

    fn mul(self, o: Self) -> Self {
        let p = self.0 * o.0;
        let e = f64::mul_add(self.0, o.0, -p);
        Self::sum(p, e + (self.0 * o.1 + self.1 * o.0))
    }

    fn div(self, o: Self) -> Self {
        let q = self.0 / o.0;
        let rest = self.add(o.mul(Self(-q, 0.0)));
        let q2 = rest.0 / o.0;
        let rest = rest.add(o.mul(Self(-q2, 0.0)));
        Self::sum(q, q2).add(Self(rest.0 / o.0, 0.0))
    }
}

/// eˣ − 1 for |x| < 60, by its series after taking out a power of two.
fn exp_m1(x: Double) -> Double {
    const LN_2: Double = Double(core::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
    // The rest of ln 2 beyond 106 bits does not matter for |n| < 90.
    let n = (x.0 / LN_2.0).round();
    let r = x.add(LN_2.mul(Double(-n, 0.0)));
    let mut sum = Double(0.0, 0.0);
    for k in (1..=28).rev() {
        sum = r.mul(sum.add(Double(1.0, 0.0))).div(Double(f64::from(k), 0.0));
    }
    let power = n.exp2();
    Double(sum.0 * power, sum.1 * power).add(Double::sum(power, -1.0))
}

fn exact_tanh(x: f64) -> Double {
    let m = exp_m1(Double(2.0 * x, 0.0));
    m.div(m.add(Double(2.0, 0.0)))
}

/// |found − exact| in units of the last place of the exact value.
fn ulps(found: f64, exact: Double) -> f64 {
    let size = exact.0.abs().max(f64::MIN_POSITIVE);
    let place = (size.to_bits() & 0x7ff0_0000_0000_0000).max(53 << 52) - (52 << 52);
    ((found - exact.0) - exact.1).abs() / f64::from_bits(place)
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

/// Half of the arguments are uniform in [−20, 20], half log-uniform down to 1e-12. `GAUSSLING_POINTS` makes it as many as
/// wanted.
#[test]
fn tanh_errs_by_less_than_the_last_place() {
    let points = std::env::var("GAUSSLING_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(400_000);
    let mut worst = (0.0, 0.0);
    for (i, u) in numbers().take(points).enumerate() {
        let x = if i % 2 == 0 { 40.0 * u - 20.0 } else { (u * (20.0_f64 / 1e-12).ln()).exp() * 1e-12 };
        let error = ulps(tanh(x), exact_tanh(x));
        if error > worst.0 {
            worst = (error, x);
        }
        assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits(), "odd at {x:e}");
    }
    std::println!("tanh: {} ULP at {:e}, {points} points", worst.0, worst.1);
    assert!(worst.0 < 0.95 && worst.0 > 0.5, "{worst:?}");
}

#[test]
fn tanh_at_the_edges() {
    for x in [0.0, f64::MIN_POSITIVE, f64::from_bits(1), 1e-300, 1e-17, 7e-17] {
        assert_eq!((tanh(x).to_bits(), tanh(-x).to_bits()), (x.to_bits(), (-x).to_bits()), "{x:e}");
    }
    for x in [19.1, 20.0, 20.000_001, 710.0, 1e300, f64::MAX, f64::INFINITY] {
        assert_eq!((tanh(x), tanh(-x)), (1.0, -1.0), "{x:e}");
    }
    assert!(tanh(f64::NAN).is_nan() && tanh(-f64::NAN).is_nan());
    // Never beyond 1, and monotonic to the last digits where the power of two changes.
    for n in 0..58_u32 {
        let border = (f64::from(n) + 0.5) * core::f64::consts::LN_2 / 2.0;
        let mut last = -1.0;
        for k in -200_i32..200 {
            let x = border + f64::from(k) * border * f64::EPSILON;
            let y = tanh(x);
            assert!(y <= 1.0 && y - last >= -2.0 * f64::EPSILON * y, "at {x:e}: {y:e} after {last:e}");
            last = y;
        }
    }
}

/// Every `f32` in [0, ∞) with `GAUSSLING_ALL_F32` (half a minute), every 997th without; `libm`'s `f64` function, 29 bits more, is
/// the reference.
#[test]
fn single_precision_tanh_errs_by_less_than_the_last_place() {
    let step = if std::env::var_os("GAUSSLING_ALL_F32").is_some() { 1 } else { 997 };
    let mut worst = (0.0, 0.0);
    for bits in (0..=f32::INFINITY.to_bits()).step_by(step) {
        let x = f32::from_bits(bits);
        let (found, exact) = (tanhf(x), libm::tanh(f64::from(x)));
        let place =
            f64::from(f32::from_bits((exact as f32).to_bits().max(0x80_0000) & 0x7f80_0000)) * f64::from(f32::EPSILON);
        // Just below a power of two the spacing is that below it.
        let place = if exact < place / f64::from(f32::EPSILON) && bits > 0x100_0000 { place / 2.0 } else { place };
        let error = (f64::from(found) - exact).abs() / place;
        if error > worst.0 {
            worst = (error, x);
        }
        assert_eq!(tanhf(-x).to_bits(), (-found).to_bits(), "odd at {x:e}");
    }
    std::println!("tanhf: {} ULP at {:e}", worst.0, worst.1);
    assert!(worst.0 < 0.96 && worst.0 > 0.5, "{worst:?}");
    assert!(tanhf(f32::NAN).is_nan());
}
