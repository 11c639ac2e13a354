//! Finer time grids: what is interpolated, what stays, and that the features converge as the method does.

use std::vec;
use std::vec::Vec;

use super::tests::forward;
use super::*;
use crate::autodiff::ScalarFunction;
use crate::error::Error;
use crate::{Dual, Real};

const SAMPLES: usize = 3;

/// Weights of the refined network.
fn prolonged<T: Real>(net: &impl Refine, theta: &[T]) -> Vec<T> {
    let mut fine = vec![T::MAX; Network::<f64>::shape(&net.refined()).params];
    net.prolong(theta, &mut fine).unwrap();
    fine
}

fn inputs() -> Vec<f64> {
    (0..3 * SAMPLES).map(|i| 0.2 * i as f64 - 0.7).collect()
}

/// Weight i at time t: smooth, or linear, in time.
fn weight(i: usize, t: f64, smooth: bool) -> f64 {
    let phase = 0.7 * i as f64;
    libm::sin(phase) + t * libm::cos(phase) + if smooth { 0.3 * libm::sin(2.0 * t + phase) } else { 0.0 }
}

/// `sets` sets of weights, `distance` apart in time.
fn weights(params: usize, sets: usize, distance: f64, smooth: bool) -> Vec<f64> {
    (0..sets).flat_map(|k| (0..params).map(move |i| weight(i, k as f64 * distance, smooth))).collect()
}

type Step = Chain<DynAntisymmetric, DynActivation<Tanh>>;

fn step() -> Step {
    (Antisymmetric::<3>, tanh::<3>()).run()
}

#[test]
fn weights_linear_in_time_are_reproduced() {
    for steps in [1, 2, 5] {
        let distance = 2.0 / steps as f64;
        let rk4 = DynRk4::new::<f64>(step(), steps, distance).unwrap();
        let fine = prolonged(&rk4, &weights(9, 2 * steps + 1, 0.5 * distance, false));
        close(&fine, &weights(9, 4 * steps + 1, 0.25 * distance, false), 1e-15);
        let euler = DynEuler::new::<f64>(step(), steps, distance).unwrap();
        let fine = prolonged(&euler, &weights(9, steps, distance, false));
        if steps > 1 {
            close(&fine, &weights(9, 2 * steps, 0.5 * distance, false), 1e-15);
        } else {
            assert_eq!(fine[..9], fine[9..], "one set is constant in time");
        }
    }
}

fn close(found: &[f64], expected: &[f64], limit: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= limit * (1.0 + b.abs()), "{i}: {a} {b}");
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Halving the steps three times: each change of the features is 2⁻ᵖ of the one before, p the order of the method.
fn converges<N: Refine>(net: N, theta: Vec<f64>, order: f64) {
    let x = inputs();
    let (mut net, mut theta, mut changes) = (net, theta, Vec::new());
    let mut z = forward(&net, &theta, &x, SAMPLES).0;
    for _ in 0..3 {
        theta = prolonged(&net, &theta);
        net = net.refined();
        let finer = forward(&net, &theta, &x, SAMPLES).0;
        changes.push(distance(&z, &finer));
        z = finer;
    }
    assert!(changes[0] > 1e-9 && changes[0] < 0.3, "{changes:?}");
    for pair in changes.windows(2) {
        let found = libm::log2(pair[0] / pair[1]);
        assert!((found - order).abs() < 0.35, "{changes:?}: order {found} and not {order}");
    }
}

#[test]
fn features_converge_as_the_method_does() {
    let linear = |sets, distance| weights(9, sets, distance, false);
    converges(DynRk4::new::<f64>(step(), 4, 0.25).unwrap(), linear(9, 0.125), 4.0);
    converges(DynEuler::new::<f64>(step(), 16, 1.0 / 16.0).unwrap(), linear(16, 1.0 / 16.0), 1.0);
    // Weights sampled from a smooth curve have a kink at each coarse node: the features change by the error of interpolation.
    let rk4 = DynRk4::new::<f64>(step(), 4, 0.25).unwrap();
    let (x, theta) = (inputs(), weights(9, 9, 0.125, true));
    let coarse = forward(&rk4, &theta, &x, SAMPLES).0;
    let fine = forward(&rk4.refined(), &prolonged(&rk4, &theta), &x, SAMPLES).0;
    assert!((1e-9..3e-3).contains(&distance(&coarse, &fine)), "{}", distance(&coarse, &fine));
}

/// A typed network and its finer type: the run-time network in between has the bits of the latter.
#[test]
fn chains_refine_each_part_and_leave_the_others() {
    let block = |step_size| (Antisymmetric::<3>, tanh::<3>(), step_size);
    let (a, t, h) = block(0.5);
    let coarse = (
        Affine::<3, 3>,
        Rk4::<_, 2> { layer: (a, t), step_size: h },
        raf::<3>(),
        Euler::<_, 2> { layer: a, step_size: h },
    );
    let (a, t, h) = block(0.25);
    let fine = (
        Affine::<3, 3>,
        Rk4::<_, 4> { layer: (a, t), step_size: h },
        raf::<3>(),
        Euler::<_, 4> { layer: a, step_size: h },
    );
    let params = Network::<f64>::shape(&coarse).params;
    let theta: Vec<f64> = (0..params).map(|i| 0.4 + 0.3 * libm::sin(i as f64)).collect();
    let run = coarse.run();
    let finer = prolonged(&run, &theta);
    assert_eq!(Network::<f64>::shape(&run.refined()), Network::<f64>::shape(&fine));
    assert_eq!(forward(&run.refined(), &finer, &inputs(), SAMPLES), forward(&fine, &finer, &inputs(), SAMPLES));
    assert_eq!(finer[..12], theta[..12]);
    let (raf, fine_raf) = (12 + 5 * 9, 12 + 9 * 9);
    assert_eq!(finer[fine_raf..fine_raf + 18], theta[raf..raf + 18]);
    // The same numbers in f32, and the slope of the map by dual numbers is the map, as it is linear.
    let single: Vec<f32> = theta.iter().map(|&t| t as f32).collect();
    for (a, b) in prolonged(&run, &single).iter().zip(&finer) {
        assert!((f64::from(*a) - b).abs() < 1e-6);
    }
    let dual: Vec<Dual<f64, 1>> = theta.iter().map(|&t| Dual { value: t, eps: [2.0 * t] }).collect();
    assert!(prolonged(&run, &dual).iter().all(|d| (d.eps[0] - 2.0 * d.value).abs() < 1e-15));
}

#[test]
fn lengths_are_checked_and_blocks_may_be_empty() {
    let rk4 = DynRk4::new::<f64>(step(), 2, 0.5).unwrap();
    let theta = [0.5; 45];
    for (theta, fine, what) in [(44, 81, "theta"), (45, 80, "fine"), (45, 82, "fine")] {
        let result = rk4.prolong(&[0.5; 45][..theta], &mut vec![0.0; fine]);
        assert!(matches!(result, Err(Error::Length { what: w, .. }) if w == what), "{theta} {fine}: {result:?}");
    }
    let euler = DynEuler::new::<f64>(step(), 2, 0.5).unwrap();
    for (theta, fine, what) in [(17, 36, "theta"), (18, 35, "fine"), (18, 37, "fine")] {
        let result = euler.prolong(&[0.5; 18][..theta], &mut vec![0.0; fine]);
        assert!(matches!(result, Err(Error::Length { what: w, .. }) if w == what), "{theta} {fine}: {result:?}");
    }
    let chain = Chain::new::<f64>(DynAffine { inputs: 3, outputs: 3, bias: false }, rk4).unwrap();
    assert!(matches!(chain.prolong(&theta, &mut [0.0; 90]), Err(Error::Length { what: "theta", .. })));
    assert!(matches!(chain.prolong(&[0.5; 54], &mut [0.0; 89]), Err(Error::Length { what: "fine", .. })));
    assert!(DynAffine { inputs: 3, outputs: 3, bias: false }.prolong(&[0.5; 9], &mut [0.0; 8]).is_err());
    // No steps, and layers without weights.
    assert_eq!(prolonged(&DynEuler::new::<f64>(step(), 0, 0.5).unwrap(), &[0.0; 0]), []);
    assert_eq!(prolonged(&DynRk4::new::<f64>(step(), 0, 0.5).unwrap(), &[0.5; 9]), [0.5; 9]);
    let sine = DynActivation { function: Sine, size: 3 };
    assert_eq!(prolonged(&DynRk4::new::<f64>(sine, 2, 0.5).unwrap(), &[0.0; 0]), []);
    assert_eq!(Sine.eval(0.0), 0.0);
}
