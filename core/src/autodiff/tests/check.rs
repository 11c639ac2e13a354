//! The checks pass right derivatives and catch wrong ones.

use super::{Mlp, Ring, Rosenbrock, numbers};
use crate::autodiff::check::*;
use crate::autodiff::*;
use crate::error::Error;
use crate::scalar::Real;
use std::vec;

fn ring<T: Real>(x: &[T], y: &mut [T]) {
    Ring.eval(x, y);
}

#[test]
fn right_derivatives_pass_and_wrong_ones_fail() {
    for seed in 0..5 {
        let (n, m) = (4, 5);
        let (x, v, w) = (numbers(n, seed), numbers(n, seed + 100), numbers(m, seed + 200));
        let (mut y, mut jv, mut work) = (vec![0.0; m], vec![0.0; m], vec![0.0; difference_work_len(n, m)]);
        let mut duals = vec![Dual::ZERO; n + m];
        jvp_into(&Ring, &x, &v, &mut y, &mut jv, &mut duals).unwrap();
        let report = directional_difference(ring, &x, &v, &jv, &mut work).unwrap();
        assert!(report.relative < 1e-9 && report.derivative > 0.0, "{report:?}");
        let report = taylor_test(ring, &x, &v, &jv, 0.1, &mut work).unwrap();
        assert!(report.passes() && (report.order.unwrap() - 2.0).abs() < 0.2, "{report:?}");
        assert_eq!((report.steps[0], report.steps[7]), (0.1, 0.1 / 16384.0));

        let mut nodes = vec![Node::EMPTY; 50];
        let tape = Tape::new(&mut nodes);
        let mut vars = vec![Var::ZERO; n + m];
        let mut transposed = |scale: f64| {
            let forward = |v: &[f64], out: &mut [f64]| {
                jvp_into(&Ring, &x, v, &mut vec![0.0; m], out, &mut vec![Dual::ZERO; n + m]).unwrap();
            };
            let reverse = |w: &[f64], out: &mut [f64]| {
                vjp(&Ring, &x, w, &mut vec![0.0; m], out, &tape, &mut vars).unwrap();
                out[0] *= scale;
            };
            dot_product_test(forward, reverse, &v, &w, &mut vec![0.0; dot_product_work_len(n, m)]).unwrap()
        };
        let report = transposed(1.0);
        assert!(report.relative < 1e-15 && report.forward != 0.0, "{report:?}");
        assert!(transposed(1.01).relative > 1e-5);

        // One part in a thousand is wrong.
        jv[0] *= 1.001;
        let report = directional_difference(ring, &x, &v, &jv, &mut work).unwrap();
        assert!(report.relative > 1e-7, "{report:?}");
        let report = taylor_test(ring, &x, &v, &jv, 0.1, &mut work).unwrap();
        assert!(!report.passes(), "{report:?}");
    }
}

/// The gradient of every test function, in both precisions.
#[test]
fn gradients_pass() {
    fn check<T: Real, const N: usize>(f: &impl MultivariateFunction, first_step: f64) {
        let (x, v) = (numbers(N, 1), numbers(N, 2));
        let (x, v): ([T; N], [T; N]) =
            (core::array::from_fn(|i| T::from_f64(x[i])), core::array::from_fn(|i| T::from_f64(v[i])));
        let (_, g) = gradient(f, &x);
        let slope = g.iter().zip(&v).fold(T::ZERO, |sum, (&g, &v)| sum + g * v);
        let mut work = vec![T::ZERO; difference_work_len(N, 1)];
        let mut plain = |x: &[T], y: &mut [T]| y[0] = f.eval(x);
        let report = taylor_test(&mut plain, &x, &v, &[slope], T::from_f64(first_step), &mut work).unwrap();
        assert!(report.passes() && report.order.is_some(), "N = {N}: {report:?}");
        let report = directional_difference(plain, &x, &v, &[slope], &mut work).unwrap();
        assert!(report.relative < T::EPSILON.powf(T::from_f64(0.5)), "N = {N}: {report:?}");
    }
    check::<f64, 2>(&Rosenbrock, 0.1);
    check::<f64, 100>(&Rosenbrock, 0.01);
    check::<f64, 13>(&Mlp, 0.1);
    check::<f32, 2>(&Rosenbrock, 0.1);
    check::<f32, 13>(&Mlp, 0.1);
}

#[test]
fn linear_functions_leave_nothing_to_fall() {
    let f = |x: &[f64], y: &mut [f64]| y[0] = 3.0 * x[0] - x[1];
    let report = taylor_test(f, &[0.3, 0.4], &[1.0, 2.0], &[1.0], 0.1, &mut [0.0; 4]).unwrap();
    assert!(report.order.is_none() && report.passes());
    let wrong = taylor_test(f, &[0.3, 0.4], &[1.0, 2.0], &[1.001], 0.1, &mut [0.0; 4]).unwrap();
    assert!((wrong.order.unwrap() - 1.0).abs() < 0.01 && !wrong.passes());
    let zero = directional_difference(|_, _| (), &[1.0], &[0.0], &[0.0], &mut [0.0; 3]).unwrap();
    assert_eq!(zero, DirectionalDifference { derivative: 0.0, error: 0.0, relative: 0.0 });
}

/// Every number of the reports, where it can be worked out by hand.
#[test]
fn reports_hold_what_they_say() {
    // Twice the difference quotient 3 and half of it: the error is measured by the larger one.
    let triple = |x: &[f64], y: &mut [f64]| y[0] = 3.0 * x[0];
    for (jv, error) in [(1.0, 2.0), (6.0, 3.0)] {
        let report = directional_difference(triple, &[1.0], &[1.0], &[jv], &mut [0.0; 3]).unwrap();
        let relative = error / jv.max(3.0);
        assert!(report.derivative == jv && (report.error - error).abs() < 1e-9, "{report:?}");
        assert!((report.relative - relative).abs() < 1e-9, "{report:?}");
    }
    // The step is as long for a long direction, and one of length zero has none.
    let cube = |x: &[f64], y: &mut [f64]| y[0] = x[0].powi(3);
    let report = directional_difference(cube, &[1.0], &[1e6], &[3e6], &mut [0.0; 3]).unwrap();
    assert!(report.relative < 1e-9, "{report:?}");
    let report = directional_difference(cube, &[1.0], &[0.0], &[0.0], &mut [0.0; 3]).unwrap();
    assert_eq!((report.error, report.relative), (0.0, 0.0));

    let jvp = |_: &[f64], out: &mut [f64]| out.copy_from_slice(&[2.0, 14.0, 5.0]);
    let vjp = |_: &[f64], out: &mut [f64]| out.copy_from_slice(&[1.0, -2.0]);
    let report = dot_product_test(jvp, vjp, &[3.0, 4.0], &[2.0, 1.0, 2.0], &mut [0.0; 5]).unwrap();
    assert_eq!((report.forward, report.reverse), (28.0, -5.0));
    let size = 15.0 * 3.0 + 5.0 * 5.0_f64.sqrt();
    assert!((report.relative * size - 33.0).abs() < 1e-13, "{report:?}");
}

/// A remainder counts above 32 ε (‖F(x)‖ + ‖F(x + h v)‖ + ‖h J v‖) and not below; an order of 1.8 is not enough.
#[test]
fn remainders_count_above_rounding() {
    let order = |f: f64, jv: f64, first: f64| {
        let constant = |_: &[f64], y: &mut [f64]| y[0] = f;
        taylor_test(constant, &[1.0], &[1.0], &[jv], first, &mut [0.0; 3]).unwrap().order
    };
    // Remainders jv and jv/4 against 64 ε.
    assert_eq!(order(1.0, 4.0 * 63.0 * f64::EPSILON, 1.0), None);
    assert!((order(1.0, 4.0 * 65.0 * f64::EPSILON, 1.0).unwrap() - 1.0).abs() < 1e-9);
    // F = 0: a step however short stands out.
    assert!((order(0.0, 1.0, 1e-15).unwrap() - 1.0).abs() < 1e-9);
    let of_order = |order| TaylorTest { steps: [0.0; TAYLOR_STEPS], remainders: [0.0; TAYLOR_STEPS], order };
    assert!(of_order(Some(1.81)).passes() && !of_order(Some(1.8_f64)).passes());
}

#[test]
fn nan_fails() {
    let f = |_: &[f64], y: &mut [f64]| y[0] = f64::NAN;
    assert!(!taylor_test(f, &[1.0], &[1.0], &[1.0], 0.1, &mut [0.0; 3]).unwrap().passes());
    let report = directional_difference(f, &[1.0], &[1.0], &[1.0], &mut [0.0; 3]).unwrap();
    assert!(report.relative.is_nan());
    let nan = |_: &[f64], y: &mut [f64]| y.fill(f64::NAN);
    assert!(dot_product_test(nan, nan, &[1.0], &[1.0], &mut [0.0; 2]).unwrap().relative.is_nan());
}

#[test]
fn exactly_the_work_length_works() {
    let copy = |x: &[f64], y: &mut [f64]| y[0] = x[0];
    for n in [1, 3] {
        let (x, mut work) = (vec![1.0; n], vec![0.0; n + 2]);
        assert_eq!((difference_work_len(n, 1), dot_product_work_len(n, 1)), (n + 2, n + 1));
        let short = Error::Workspace { what: "work", needed: n + 2, found: n + 1 };
        assert!(taylor_test(copy, &x, &x, &[1.0], 0.1, &mut work).is_ok());
        assert_eq!(taylor_test(copy, &x, &x, &[1.0], 0.1, &mut work[1..]), Err(short));
        assert!(directional_difference(copy, &x, &x, &[1.0], &mut work).is_ok());
        assert_eq!(directional_difference(copy, &x, &x, &[1.0], &mut work[1..]), Err(short));
        let length = Error::Length { what: "v", expected: n, found: 0 };
        assert_eq!(taylor_test(copy, &x, &[], &[1.0], 0.1, &mut work), Err(length));
        assert_eq!(directional_difference(copy, &x, &[], &[1.0], &mut work), Err(length));
        assert!(dot_product_test(copy, copy, &x, &[1.0], &mut work[1..]).is_ok());
        let short = Error::Workspace { what: "work", needed: n + 1, found: n };
        assert_eq!(dot_product_test(copy, copy, &x, &[1.0], &mut work[2..]), Err(short));
    }
}
