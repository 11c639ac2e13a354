//! The rules against closed forms, against each other, and at the edges.

use super::{numbers, ulps};
use crate::autodiff::{Dual, Node, Tape};
use crate::scalar::Real;

type D<T> = Dual<T, 1>;

type Named<T> = (&'static str, fn(T) -> T);

/// Every function of one variable, for a scalar type.
fn functions<T: Real>() -> [Named<T>; 31] {
    [
        ("abs", T::abs),
        ("sqrt", T::sqrt),
        ("cbrt", T::cbrt),
        ("exp", T::exp),
        ("exp2", T::exp2),
        ("exp_m1", T::exp_m1),
        ("ln", T::ln),
        ("ln_1p", T::ln_1p),
        ("log2", T::log2),
        ("log10", T::log10),
        ("sin", T::sin),
        ("cos", T::cos),
        ("sin", T::sin_within),
        ("cos", T::cos_within),
        ("tan", T::tan),
        ("asin", T::asin),
        ("acos", T::acos),
        ("atan", T::atan),
        ("sinh", T::sinh),
        ("cosh", T::cosh),
        ("tanh", T::tanh),
        ("sigmoid", T::sigmoid),
        ("softplus", T::softplus),
        ("asinh", T::asinh),
        ("acosh", T::acosh),
        ("atanh", T::atanh),
        ("erf", T::erf),
        ("recip", T::recip),
        ("signum", T::signum),
        ("cube", |x| x.powi(3)),
        ("power", |x| x.powf(T::from_f64(-1.5))),
    ]
}

/// Slopes by other formulas than those of the rules, where there are others.
fn slope(name: &str, x: f64) -> f64 {
    use core::f64::consts::{LN_2, LN_10, PI};
    match name {
        "abs" => x.signum(),
        "sqrt" => 0.5 * libm::pow(x, -0.5),
        "cbrt" => libm::pow(x.abs(), -2.0 / 3.0) / 3.0,
        "exp" | "exp_m1" => libm::exp(x),
        "exp2" => LN_2 * libm::pow(2.0, x),
        "ln" => 1.0 / x,
        "ln_1p" => 1.0 / (1.0 + x),
        "log2" => 1.0 / (x * LN_2),
        "log10" => 1.0 / (x * LN_10),
        "sin" => libm::cos(x),
        "cos" => -libm::sin(x),
        "tan" => 1.0 / (libm::cos(x) * libm::cos(x)),
        "asin" => 1.0 / libm::sqrt(1.0 - x * x),
        "acos" => -1.0 / libm::sqrt(1.0 - x * x),
        "atan" => 1.0 / (1.0 + x * x),
        "sinh" => libm::cosh(x),
        "cosh" => libm::sinh(x),
        "tanh" => 1.0 / (libm::cosh(x) * libm::cosh(x)),
        "sigmoid" => 0.25 / (libm::cosh(0.5 * x) * libm::cosh(0.5 * x)),
        "softplus" => 1.0 / (1.0 + libm::exp(-x)),
        "asinh" => 1.0 / libm::sqrt(1.0 + x * x),
        "acosh" => 1.0 / libm::sqrt(x * x - 1.0),
        "atanh" => 1.0 / (1.0 - x * x),
        "erf" => 2.0 / libm::sqrt(PI) * libm::exp(-x * x),
        "recip" => -1.0 / (x * x),
        "signum" => 0.0,
        "cube" => 3.0 * x * x,
        "power" => -1.5 * libm::pow(x, -2.5),
        _ => f64::NAN,
    }
}

const POINTS: [f64; 9] = [-2.3, -0.9, -0.4, 0.1, 0.3, 0.75, 0.9, 1.25, 3.1];

#[test]
fn slopes_agree_with_closed_forms() {
    let mut seen = 0;
    for (name, f) in functions::<D<f64>>() {
        for x in POINTS {
            let y = f(D::variable(x, 0));
            if y.value.is_nan() {
                continue; // outside the domain
            }
            seen += 1;
            // tanh: 1 − t² has an absolute error of ε, as its file says.
            let floor = if name == "tanh" { 1.0 } else { 0.0 };
            let error = ulps(y.eps[0], slope(name, x), floor);
            assert!(error <= 8.0, "{name}({x}): {y:?}, {error} ulp");
        }
    }
    assert!(seen > 225, "{seen}");
}

#[test]
fn slopes_agree_with_closed_forms_in_single_precision() {
    for (name, f) in functions::<D<f32>>() {
        for x in POINTS {
            let y = f(D::variable(x as f32, 0));
            let expected = slope(name, f64::from(x as f32));
            let floor = if name == "tanh" { 1.0 } else { 0.0 };
            let error = (f64::from(y.eps[0]) - expected).abs() / (f64::from(f32::EPSILON) * expected.abs().max(floor));
            assert!(
                y.value.is_nan() || error <= 10.0 || y.eps[0] == expected as f32,
                "{name}({x}): {y:?}, {error} ulp"
            );
        }
    }
}

#[test]
fn slopes_where_squares_would_overflow_or_cancel() {
    let d = |f: fn(D<f64>) -> D<f64>, x: f64| f(D::variable(x, 0)).eps[0];
    assert_eq!(d(D::asinh, 1e200), 1e-200);
    assert!(ulps(d(D::acosh, 1e200), 1e-200, 0.0) <= 2.0);
    assert_eq!(d(D::exp_m1, -50.0), libm::exp(-50.0));
    let near_one = 1.0 - 1e-12_f64;
    assert!(ulps(d(D::atanh, near_one), 1.0 / ((1.0 - near_one) * 2.0) * (1.0 + 0.5e-12), 0.0) < 4.0);
    let (x, y) = (Dual::<f64, 2>::variable(3e200, 0), Dual::variable(4e200, 1));
    let norm = x.hypot(y).eps;
    assert!(ulps(norm[0], 0.6, 0.0) < 2.0 && ulps(norm[1], 0.8, 0.0) < 2.0, "{norm:?}");
    let angle = y.atan2(x).eps;
    assert!(ulps(angle[0], -0.16e-200, 0.0) < 4.0 && ulps(angle[1], 0.12e-200, 0.0) < 4.0, "{angle:?}");
}

/// Both modes use one rule: the same bits for a function of one variable.
#[test]
fn tape_and_duals_give_the_same_bits() {
    fn check<T: Real>() {
        let mut nodes = [Node::EMPTY; 1];
        let edges = [0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for x in POINTS.into_iter().chain(edges) {
            let mut tape = Tape::<T>::new(&mut nodes);
            for i in 0..functions::<T>().len() {
                let (name, dual) = functions::<D<T>>()[i];
                let y = dual(D::variable(T::from_f64(x), 0));
                tape.clear();
                let x = tape.variable(T::from_f64(x));
                let z = functions()[i].1(x);
                tape.sweep(z).unwrap();
                let (slope, value) = (tape.adjoint(x).value(), z.value());
                let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
                assert!(same(value, y.value.value()) && same(slope, y.eps[0].value()), "{name}: {y:?} {z:?} {slope}");
                assert_eq!(value.to_bits() << 1, functions::<T>()[i].1(x.primal()).value().to_bits() << 1, "{name}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
    check::<D<f64>>();
}

/// Value and derivatives of both sides, to `limit` ULP of numbers of order 1.
fn same(name: &str, left: Dual<f64, 2>, right: Dual<f64, 2>, limit: f64) {
    let parts = |d: Dual<f64, 2>| [d.value, d.eps[0], d.eps[1]];
    for (l, r) in parts(left).into_iter().zip(parts(right)) {
        assert!(ulps(l, r, 1.0) <= limit, "{name}: {left:?} and {right:?}");
    }
}

#[test]
fn identities_hold_for_values_and_derivatives() {
    type P = Dual<f64, 2>;
    let sample = numbers(40, 7);
    for pair in sample.chunks_exact(2) {
        let (x, y) = (P::variable(pair[0], 0), P::variable(pair[1], 1));
        let two = P::from_f64(2.0);
        same("sqrt(x x) = |x|", (x * x).sqrt(), x.abs(), 2.0);
        same("cbrt(x x x) = x", (x * x * x).cbrt(), x, 4.0);
        same("sin(x + y)", (x + y).sin(), x.sin() * y.cos() + x.cos() * y.sin(), 4.0);
        same("cos(x + y)", (x + y).cos(), x.cos() * y.cos() - x.sin() * y.sin(), 4.0);
        same("tan", x.tan(), x.sin() / x.cos(), 8.0);
        same("sin² + cos² = 1", x.sin().powi(2) + x.cos().powi(2), P::ONE, 2.0);
        same("cosh² − sinh² = 1", x.cosh().powi(2) - x.sinh().powi(2), P::ONE, 16.0);
        same("tanh", x.tanh(), x.sinh() / x.cosh(), 4.0);
        same("exp(x + y)", (x + y).exp(), x.exp() * y.exp(), 32.0);
        same("exp_m1", x.exp_m1(), x.exp() - P::ONE, 4.0);
        same("2ˣ", x.exp2(), two.powf(x), 4.0);
        same("xʸ", x.abs().powf(y) / (y * x.abs().ln()).exp(), P::ONE, 64.0);
        same("hypot", x.hypot(y), (x * x + y * y).sqrt(), 4.0);
        same("atan2", y.atan2(x.abs()), (y / x.abs()).atan(), 32.0 / pair[0].abs());
        // Inverse functions, both ways.
        same("ln exp", x.exp().ln(), x, 4.0);
        same("log2 exp2", x.exp2().log2(), x, 4.0);
        same("log10 10ˣ", P::from_f64(10.0).powf(x).log10(), x, 8.0);
        same("ln_1p exp_m1", x.exp_m1().ln_1p(), x, 4.0);
        same("asin sin", x.sin().asin(), x, 16.0);
        same("atan tan", x.tan().atan(), x, 8.0);
        same("asinh sinh", x.sinh().asinh(), x, 8.0);
        same("atanh tanh", x.tanh().atanh(), x, 8.0);
        same("acosh cosh", (x.abs() + P::ONE).cosh().acosh(), x.abs() + P::ONE, 32.0);
        same("asin + acos", x.asin() + x.acos(), P::from_f64(core::f64::consts::FRAC_PI_2), 2.0);
        same("copysign", x.abs().copysign(x), x, 0.0);
    }
}

#[test]
fn powers_at_zero_and_infinity() {
    let d = |x: f64, p: f64| D::variable(x, 0).powf(D::from_f64(p));
    assert_eq!((d(0.0, 0.0).value, d(0.0, 0.0).eps[0]), (1.0, 0.0));
    assert_eq!((d(0.0, 2.0).value, d(0.0, 2.0).eps[0]), (0.0, 0.0));
    assert_eq!((d(0.0, 1.0).value, d(0.0, 1.0).eps[0]), (0.0, 1.0));
    assert_eq!((d(f64::INFINITY, 2.0).value, d(f64::INFINITY, 2.0).eps[0]), (f64::INFINITY, f64::INFINITY));
    assert_eq!((d(-2.0, 3.0).value, d(-2.0, 3.0).eps[0]), (-8.0, 12.0));
    let i = |x: f64, n: i32| D::variable(x, 0).powi(n).eps[0];
    assert_eq!((i(0.0, 0), i(0.0, 1), i(0.0, 2), i(f64::INFINITY, 3)), (0.0, 1.0, 0.0, f64::INFINITY));
    assert_eq!((i(1.0, i32::MIN), i(1.0, i32::MAX)), (f64::from(i32::MIN), f64::from(i32::MAX)));
    let y = D::variable(1.0 + 1e-10, 0).powi(i32::MIN);
    assert_eq!(y.eps[0], f64::from(i32::MIN) * (y.value / (1.0 + 1e-10)));
    // An exponent whose slope is not 1, on the tape: d/dx 2^(3x) at x = 1.
    let mut nodes = [Node::EMPTY; 1];
    let tape = Tape::new(&mut nodes);
    let x = tape.variable(1.0);
    tape.sweep(crate::autodiff::Var::from_f64(2.0).powf(x.scale(3.0))).unwrap();
    assert!(ulps(tape.adjoint(x), 24.0 * core::f64::consts::LN_2, 0.0) <= 2.0);
    // The exponent alone varies: base 0 and negative bases give slope 0.
    for base in [0.0, -2.0] {
        assert_eq!(D::from_f64(base).powf(D::variable(2.0, 0)).eps[0], 0.0);
    }
    // d²/dx dp of xᵖ through a p whose value is zero: 1/x.
    let p = Dual::<D<f64>, 1> { value: D::variable(0.0, 0), eps: [D::ZERO] };
    let x = Dual::<D<f64>, 1> { value: D::constant(4.0), eps: [D::ONE] };
    assert_eq!(x.powf(p).eps[0].eps[0], 0.25);
}

#[test]
fn abs_at_zero_follows_the_sign_and_keeps_nan() {
    assert_eq!(D::variable(0.0, 0).abs().eps[0], 1.0);
    assert_eq!(D::variable(-0.0, 0).abs().eps[0], -1.0);
    assert!(D::variable(f64::NAN, 0).abs().eps[0].is_nan());
}

#[test]
fn zero_means_the_derivatives_too() {
    assert!(D::<f64>::ZERO.is_zero() && !D::variable(0.0, 0).is_zero());
    let mut nodes = [Node::EMPTY; 1];
    let tape = Tape::new(&mut nodes);
    let x = tape.variable(0.0_f64);
    assert!(!x.is_zero() && (x - x).is_zero() && super::super::Var::<f64>::ZERO.is_zero());
}

/// As the product with the constant as a number of the type, in value and derivatives, and in the tape without a node.
#[test]
fn scale_is_the_product_with_a_constant() {
    for c in [0.1, -3.0, 0.0, 1e300, f64::INFINITY] {
        let (x, nested) = (Dual { value: 1.7, eps: [0.3, -2.0] }, Dual { value: D::variable(1.7, 0), eps: [D::ONE] });
        let product = Dual::from_f64(c) * x;
        assert_eq!((x.scale(c).value, x.scale(c).eps), (product.value, product.eps));
        assert_eq!(nested.scale(c).eps[0].value, c);
        let mut nodes = [Node::EMPTY; 2];
        let tape = Tape::new(&mut nodes);
        let x = tape.variable(1.7);
        let y = x.scale(c);
        assert_eq!((tape.sweep(y), y.primal(), tape.adjoint(x), tape.len()), (Ok(()), 1.7 * c, c, 1));
    }
    assert_eq!(3.0_f32.scale(0.1), 3.0 * 0.1_f32);
    assert!(crate::autodiff::Var::<f64>::ONE.scale(2.0).is_finite());
}

/// Where the slope is 1 + x² its derivative is 2x, not the difference of two numbers near 1.
#[test]
fn second_derivatives_keep_their_digits_near_zero() {
    type Second = Dual<Dual<f64, 1>, 1>;
    fn curvature(f: fn(Second) -> Second, x: f64) -> f64 {
        f(Second::variable(Dual::variable(x, 0), 0)).eps[0].eps[0]
    }
    for x in [1e-300, -1e-12, 3e-5, -0.01, 0.3, 0.499, 0.501, -0.9, 1.0 - 1e-9] {
        let rest = (1.0 - x) * (1.0 + x);
        let expected = x / (rest * rest.sqrt());
        let rows = [
            ("asin", curvature(Second::asin, x), expected),
            ("acos", curvature(Second::acos, x), -expected),
            ("atanh", curvature(Second::atanh, x), 2.0 * x / (rest * rest)),
        ];
        for (name, found, expected) in rows {
            assert!((found / expected - 1.0).abs() < 1e-15 * 4.0, "{name}''({x}): {found:e}, not {expected:e}");
        }
    }
}
