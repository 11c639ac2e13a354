//! The elementary functions, in ULP against 106-bit arithmetic.

use super::double::{self, Double, ulps};
use super::{Check, Effort};
use gaussling_core::Real;
use std::f64::consts::{FRAC_PI_2, LN_2};

/// A function of one argument in both precisions.
struct Function {
    name: &'static str,
    double: fn(f64) -> f64,
    single: fn(f32) -> f32,
    exact: fn(f64) -> Double,
    /// The reference for single precision: 53 bits of another origin, the platform's library where it has the function.
    reference: fn(f64) -> f64,
    /// Arguments of the double-precision function.
    range: (f64, f64),
    /// Where the reduction of the argument changes: multiples of it get arguments beside them.
    period: f64,
    /// In ULP, double and single precision.
    limits: (f64, f64),
}

/// The largest errors, and where.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    ulp: f64,
    at: f64,
    points: u64,
}

impl Worst {
    fn add(&mut self, ulp: f64, at: f64) {
        // NaN is worst of all, and stays.
        if (ulp > self.ulp || ulp.is_nan()) && !self.ulp.is_nan() {
            (self.ulp, self.at) = (ulp, at);
        }
    }
}

macro_rules! function {
    ($name:ident, $reference:expr, $range:expr, $period:expr, $double:expr, $single:expr) => {
        Function {
            name: stringify!($name),
            double: <f64 as Real>::$name,
            single: <f32 as Real>::$name,
            exact: double::$name,
            reference: $reference,
            range: $range,
            period: $period,
            limits: ($double, $single),
        }
    };
}

/// All that [`Real`] has.
fn functions() -> [Function; 24] {
    const HALF_LN_2: f64 = LN_2 / 2.0;
    [
        function!(sqrt, f64::sqrt, (0.0, 1e308), 1.0, 0.501, 0.501),
        function!(cbrt, f64::cbrt, (-8e307, 8e307), 1.0, 0.51, 0.51),
        function!(exp, f64::exp, (-746.0, 709.8), HALF_LN_2, 1.01, 0.95),
        function!(exp2, f64::exp2, (-1075.0, 1024.0), 0.5, 1.01, 0.6),
        function!(exp_m1, f64::exp_m1, (-41.0, 709.8), HALF_LN_2, 1.3, 1.0),
        function!(ln, f64::ln, (1e-318, 1e308), 0.5, 0.95, 0.95),
        function!(ln_1p, f64::ln_1p, (-0.999_999_999, 1e308), 0.5, 0.95, 0.95),
        function!(log2, f64::log2, (1e-318, 1e308), 0.5, 1.0, 1.0),
        function!(log10, f64::log10, (1e-318, 1e308), 0.5, 1.0, 1.0),
        function!(sin, f64::sin, (-1e5, 1e5), FRAC_PI_2, 0.8, 0.9),
        function!(cos, f64::cos, (-1e5, 1e5), FRAC_PI_2, 0.8, 0.9),
        function!(tan, f64::tan, (-1e5, 1e5), FRAC_PI_2, 1.0, 1.0),
        function!(asin, f64::asin, (-1.0, 1.0), 0.5, 1.0, 1.0),
        function!(acos, f64::acos, (-1.0, 1.0), 0.5, 1.0, 1.0),
        function!(atan, f64::atan, (-8e307, 8e307), 0.4375, 1.0, 1.0),
        function!(sinh, f64::sinh, (-710.4, 710.4), HALF_LN_2, 2.5, 2.5),
        function!(cosh, f64::cosh, (-710.4, 710.4), HALF_LN_2, 2.0, 2.5),
        function!(tanh, f64::tanh, (-20.0, 20.0), HALF_LN_2, 0.95, 0.9),
        function!(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), (-746.0, 40.0), HALF_LN_2, 1.3, 0.9),
        function!(softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), (-746.0, 40.0), HALF_LN_2, 1.01, 1.01),
        function!(asinh, libm::asinh, (-8e307, 8e307), 0.5, 2.5, 2.5),
        function!(acosh, <f64 as Real>::acosh, (1.0, 1e308), 0.5, 2.5, 2.5),
        function!(atanh, libm::atanh, (-1.0, 1.0), 0.5, 2.5, 2.5),
        function!(erf, libm::erf, (-6.0, 6.0), 0.5, 1.0, 1.0),
    ]
}

/// Arguments whose exact values lie almost halfway between two numbers, or where the reduction cancels most: V. Lefèvre and J.-M. Muller,
/// "Worst cases for correct rounding of the elementary functions in double precision", ARITH 15 (2001), DOI 10.1109/ARITH.2001.930110,
/// and the lists that V. Lefèvre publishes.
const HARD: [(&str, &[f64]); 7] = [
    (
        "exp",
        &[
            7.541752774995959e-10,
            0.5022196535870455,
            0.6932915531027498,
            1.1002753099509042,
            1.3859061140105922,
            1.1547975189018773,
            1.1843231288338878,
        ],
    ),
    (
        "ln",
        &[
            1.6510973726857803,
            1.783077934201212,
            2.2384393705600614,
            4.153364707639238,
            9.809066951085336,
            57.662584558316446,
            34535963707.68958,
            1.7374296064433466e204,
        ],
    ),
    (
        "exp_m1",
        &[
            9.930136612989092e-16,
            1.88411095042053e-15,
            1.8193224399650885e-12,
            0.0002442915256777146,
            0.12519516782594126,
            4.000555584256948,
            64.72309791307427,
        ],
    ),
    (
        "ln_1p",
        &[
            7.022993152609411e-16,
            1.88411095042053e-15,
            7.276068635656515e-12,
            0.0004887577728377615,
            0.007835204027759125,
            0.5014940701347126,
            32.032213603244045,
        ],
    ),
    (
        "tanh",
        &[
            3.099566434401127e-8,
            0.001953461177300247,
            0.007817637905383442,
            0.06287586016626599,
            0.12513187622240343,
            4.0098237540573045,
            19.061547465398494,
        ],
    ),
    (
        "sin",
        &[
            6.525992065501045e-8,
            1.788139343261814e-6,
            0.00012232231073380922,
            0.12549320231301117,
            1.0061473063362454,
            2.0024456769168517,
            // Nearest to a multiple of π among small integers.
            355.0,
            52163.0,
        ],
    ),
    ("cos", &[1.788139343261721e-7, FRAC_PI_2, 5.0 * FRAC_PI_2, 11.0, 4.0 * FRAC_PI_2]),
];

/// The double nearest to a multiple of π/2 (J.-M. Muller, "Elementary Functions", 3rd ed. 2016, section 11.1), and its sine and cosine
/// to 106 bits (mpmath, 300 bits).
const FAR: f64 = 5.319372648326541e255;
const SINE_OF_FAR: Double = Double(1.0, -1.098476220074687e-37);
const COSINE_OF_FAR: Double = Double(-4.687165924254628e-19, 4.3720557429382733e-36);

/// The same numbers for ever, in [0, 1): xorshift (G. Marsaglia 2003).
fn numbers() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// `points` arguments: of a hundred, one is beside a multiple of the period, about a quarter uniform in the range, a quarter uniform in
/// [−2, 2], the rest log-uniform from 1e-18 to the ends of the range. By libm, so that they are the same on every platform.
fn arguments(function: &Function, points: u64) -> impl Iterator<Item = f64> {
    let ((low, high), period) = (function.range, function.period);
    let clamp = move |x: f64| x.clamp(low, high);
    numbers().take(points as usize).enumerate().map(move |(i, u)| {
        let end = if i % 8 == 3 && low < 0.0 { low } else { high };
        match (i % 100, i % 4) {
            (50, _) => {
                let x = (clamp(40.0 * u - 20.0) / period).round() * period;
                clamp(x + ((i / 100 % 9) as f64 - 4.0) * f64::EPSILON * x)
            }
            (_, 0) => low + u * (high - low),
            (_, 1) => clamp(4.0 * u - 2.0),
            _ => clamp(libm::exp(u * libm::log(end.abs() / 1e-18)) * 1e-18 * end.signum()),
        }
    })
}

/// Double precision at random arguments and at the hard ones.
fn double_precision(function: &Function, points: u64) -> Worst {
    let mut worst = Worst::default();
    let mut add = |x: f64, exact: Double| {
        let found = (function.double)(x);
        worst.points += 1;
        // Beyond the range on the way to the exact value; IEEE 754 says what comes out, and tests of the core do.
        if exact.0.is_finite() || found.is_finite() {
            worst.add(ulps(found, exact, 52, -1022), x);
        }
    };
    let hard = HARD.iter().filter(|(name, _)| *name == function.name).flat_map(|(_, hard)| *hard);
    for x in arguments(function, points).chain(hard.copied()) {
        add(x, (function.exact)(x));
    }
    match function.name {
        "sin" => add(FAR, SINE_OF_FAR),
        "cos" => add(FAR, COSINE_OF_FAR),
        _ => {}
    }
    worst
}

/// Single precision at every `step`th number of either sign.
fn single_precision(function: &Function, step: u32) -> Worst {
    let mut worst = Worst::default();
    for bits in (0..=f32::INFINITY.to_bits()).step_by(step as usize) {
        for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
            worst.points += 1;
            let (found, exact) = (f64::from((function.single)(x)), (function.reference)(f64::from(x)));
            // Most numbers need no closer look.
            let close = (found - exact).abs() <= worst.ulp * exact.abs() * 0.5 * f64::from(f32::EPSILON);
            if !close && found != exact && !(found.is_nan() && exact.is_nan()) {
                worst.add(ulps(found, Double(exact, 0.0), 23, -126), f64::from(x));
            }
        }
    }
    worst
}

/// All functions in both precisions.
pub(super) fn checks(effort: Effort, mut done: impl FnMut(Check)) {
    let (points, step) = match effort {
        Effort::Quick => (100_000, 1009),
        Effort::Full => (4_200_000, 1),
    };
    for function in functions() {
        let rows = [
            ("f64", double_precision(&function, points), function.limits.0),
            ("f32", single_precision(&function, step), function.limits.1),
        ];
        for (precision, worst, limit) in rows {
            done(Check {
                part: "functions",
                name: function.name.to_string(),
                measure: "ULP",
                precision,
                backend: "any",
                worst: worst.ulp,
                limit,
                at: format!("{:e}", worst.at),
                trials: worst.points,
                details: Vec::new(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts;

    #[test]
    fn a_function_with_few_digits_is_caught() {
        let [sqrt, ..] = functions();
        let wrong = Function {
            double: |x| Real::sqrt(x) * (1.0 + 2.0 * f64::EPSILON),
            single: |x| if x == 2.5 { 1.581_139 } else { Real::sqrt(x) },
            ..functions()[0]
        };
        assert!(double_precision(&sqrt, 2000).ulp <= 0.5 && single_precision(&sqrt, 4099).ulp <= 0.5);
        assert!(double_precision(&wrong, 2000).ulp > 1.5);
        // 2.5 is one of every 2²¹ numbers.
        let found = single_precision(&wrong, 1 << 21);
        assert!(found.ulp > 1.0 && found.at == 2.5, "{found:?}");
    }

    /// Rounded twice from 200 bits by mpmath 1.3.
    #[test]
    fn the_reference_knows_tabulated_values() {
        type Row = (fn(f64) -> Double, f64, f64, f64);
        let tabulated: [Row; 9] = [
            (double::exp, 1.0, consts::E, 1.445_646_891_729_250_2e-16),
            (double::ln, 10.0, consts::LN_10, -2.170_756_223_382_249_4e-16),
            (double::sqrt, 2.0, consts::SQRT_2, -9.667_293_313_452_913e-17),
            (double::cbrt, 2.0, 1.259_921_049_894_873_2, -2.589_933_375_300_507e-17),
            (double::atan, 1.0, consts::FRAC_PI_4, 3.061_616_997_868_383e-17),
            (double::acos, -1.0, consts::PI, 1.224_646_799_147_353_2e-16),
            (double::erf, 1.0, 0.842_700_792_949_714_9, -2.480_101_178_911_860_2e-17),
            (double::sinh, 1.0, 1.175_201_193_643_801_4, 7.849_672_142_285_669e-17),
            (double::sin, 1.0, 0.841_470_984_807_896_5, 1.776_845_092_935_536e-18),
        ];
        for (function, x, high, low) in tabulated {
            let Double(found, rest) = function(x);
            let error = (found - high) + (rest - low);
            assert!(error.abs() <= 1e-30, "{x}: {found:e} + {rest:e}, off by {error:e}");
        }
    }
}
