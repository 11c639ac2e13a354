//! The iterative inner solves against the factored ones.

use super::*;
use crate::Portable;
use crate::nn::{Affine, SoftmaxCrossEntropy, Tikhonov, tanh};
use std::vec;
use std::vec::Vec;

const OUTPUTS: usize = 4;
const SAMPLES: usize = 60;

/// Φ, gradient, one product and the inner report at a point.
type Evaluation = (f64, Vec<f64>, Vec<f64>, InnerReport<f64>);

/// At two points, one after the other.
fn evaluate(largest: Option<usize>, alpha: f64) -> Vec<Evaluation> {
    let net = (Affine::<3, 6>, tanh::<6>());
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5;
    let x: Vec<f64> = (0..3 * SAMPLES).map(|i| 4.0 * number(i)).collect();
    let mut c = vec![0.0; OUTPUTS * SAMPLES];
    (0..SAMPLES).for_each(|j| c[j * OUTPUTS + (x[3 * j] > 0.0) as usize + 2 * (x[3 * j + 1] > 0.4) as usize] = 1.0);
    let (x, c) = (MatRef::new(&x, 3, SAMPLES).unwrap(), MatRef::new(&c, OUTPUTS, SAMPLES).unwrap());
    let shape = Network::<f64>::shape(&net);
    let mut buffer = vec![f64::NAN; varpro_convex_work_len(shape, OUTPUTS, SAMPLES)];
    let r = Tikhonov { alpha: 1e-3 };
    let mut problem =
        VarProConvex::new(&net, SoftmaxCrossEntropy, r, alpha, 1e-13, &Portable, x, c, &mut buffer).unwrap();
    if let Some(largest) = largest {
        problem.largest_factored = largest;
    }
    let mut out = Vec::new();
    for shift in [0, 100] {
        let theta: Vec<f64> = (0..shape.params).map(|i| number(3 * i + shift)).collect();
        let v: Vec<f64> = (0..shape.params).map(|i| number(5 * i + 7)).collect();
        let (mut g, mut hv) = (vec![0.0; shape.params], vec![0.0; shape.params]);
        let value = problem.value_and_gradient(&theta, &mut g).unwrap();
        problem.product(&v, &mut hv).unwrap();
        out.push((value, g, hv, problem.inner()));
    }
    out
}

#[test]
fn iterative_and_factored_solves_agree() {
    for alpha in [1e-1, 1e-3, 1e-5] {
        for (factored, iterative) in evaluate(None, alpha).iter().zip(evaluate(Some(0), alpha)) {
            assert!(factored.3.converged && iterative.3.converged, "alpha {alpha}: {:?} {:?}", factored.3, iterative.3);
            assert!((factored.0 - iterative.0).abs() < 1e-13 * factored.0);
            for (a, b) in [(&factored.1, &iterative.1), (&factored.2, &iterative.2)] {
                let scale = a.iter().map(|a| a.abs()).fold(0.0, f64::max);
                let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst <= 1e-8 * scale, "alpha {alpha}: {worst:e} of {scale:e}");
            }
        }
    }
}

#[test]
fn the_factor_of_a_large_problem_is_that_of_the_blocks() {
    assert_eq!(hessian::factor_len(4, 256), 1024 * 1024);
    assert_eq!(hessian::factor_len(4, 257), 4 * 257 * 257);
    assert_eq!(hessian::factor_len(usize::MAX, 2), usize::MAX);
}

/// The inner solve ends at ‖∇‖ ≤ tolerance · max(1, ‖∇ at W = 0‖), and not a step later.
#[test]
fn the_tolerance_is_relative_to_the_gradient_at_zero() {
    let net = Affine::<1, 1>;
    let x: Vec<f64> = (0..30).map(|i| f64::from(i % 15) / 7.0 - 1.0).collect();
    let c: Vec<f64> = (0..60).map(|i| f64::from(u8::from((i / 2 % 3 == 0) == (i % 2 == 0)))).collect();
    let (x, c) = (MatRef::new(&x, 1, 30).unwrap(), MatRef::new(&c, 2, 30).unwrap());
    let r = Tikhonov { alpha: 0.0 };
    let mut norms = Vec::new();
    for tolerance in [0.9, 1e-2, 1e-4, 1e-12] {
        let mut buffer = vec![0.0; varpro_convex_work_len(Network::<f64>::shape(&net), 2, 30)];
        let mut problem =
            VarProConvex::new(&net, SoftmaxCrossEntropy, r, 1e-3, tolerance, &Portable, x, c, &mut buffer).unwrap();
        problem.value(&[100.0, 200.0]).unwrap();
        norms.push((problem.inner(), tolerance));
    }
    assert!(norms.iter().all(|(inner, _)| inner.converged), "{norms:?}");
    assert_eq!(norms.iter().map(|(inner, _)| inner.iterations).collect::<Vec<_>>(), [1, 2, 3, 4], "{norms:?}");
    assert!(norms[0].0.gradient_norm > 0.9, "relative, not absolute: {norms:?}");
}

/// Features that overflow make Φ infinite, not small.
#[test]
fn features_that_overflow_are_infinitely_bad() {
    let net = Affine::<1, 1>;
    let (x, c) = (MatRef::new(&[2.0, 1.0], 1, 2).unwrap(), MatRef::new(&[1.0, 0.0, 0.0, 1.0], 2, 2).unwrap());
    let mut buffer = vec![0.0; varpro_convex_work_len(Network::<f64>::shape(&net), 2, 2)];
    let r = Tikhonov { alpha: 1.0 };
    let mut problem = VarProConvex::new(&net, SoftmaxCrossEntropy, r, 1.0, 1e-9, &Portable, x, c, &mut buffer).unwrap();
    assert!(problem.value(&[1.0, 0.0]).unwrap().is_finite());
    assert_eq!(problem.value(&[f64::MAX, 0.0]), Ok(f64::INFINITY));
}

/// Targets that are no probabilities have another slope than the value; where no step along it descends, W before it stays.
#[test]
fn a_step_that_does_not_descend_ends_the_inner_iteration() {
    let net = Affine::<1, 1>;
    let (x, c) =
        (MatRef::new(&[1.0, 2.0, -1.0], 1, 3).unwrap(), MatRef::new(&[3.0, -1.0, 0.5, 4.0, -2.0, 1.0], 2, 3).unwrap());
    let r = Tikhonov { alpha: 0.0 };
    let mut buffer = vec![0.0; varpro_convex_work_len(Network::<f64>::shape(&net), 2, 3)];
    let mut problem =
        VarProConvex::new(&net, SoftmaxCrossEntropy, r, 1e-3, 1e-12, &Portable, x, c, &mut buffer).unwrap();
    let value = problem.value(&[1.0, 0.0]).unwrap();
    let InnerReport { iterations, gradient_norm, converged } = problem.inner();
    assert!(!converged && iterations < 10, "{iterations}");
    // The report, the loss and W are of one point.
    let size: f64 = problem.w.iter().map(|w| w * w).sum();
    assert!((problem.data_loss() + 5e-4 * size - value).abs() <= 1e-14 * value.abs());
    assert_eq!(problem.inner_value().unwrap(), value);
    assert_eq!(problem.inner_gradient().unwrap(), gradient_norm);
}
