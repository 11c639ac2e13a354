//! The reduced objectives: known answers at one point, dual numbers pushed through the whole inner solve, symmetry, buffers.
//! Further identities are in `invariants.rs`.

mod common;

use common::{Npz, assert_close};
use gaussling_core::nn::{
    Affine, Antisymmetric, Euler, Layer, Logistic, Network, Rk4, SoftmaxCrossEntropy, Tikhonov, tanh,
};
use gaussling_core::optim::{
    Objective, VarProConvex, VarProLeastSquares, varpro_convex_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Dual, Error, MatRef, Portable, Real};

type RegressionNet = (Affine<2, 8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>, Block);
type Block = Rk4<(Antisymmetric<8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>), 1>;

fn regression_net() -> RegressionNet {
    (Affine, tanh(), Rk4 { layer: (Antisymmetric, tanh()), step_size: 1.0 })
}

fn softmax_net() -> impl Network<f64> + Network<Dual<f64, 1>> {
    let step = Euler::<_, 4> { layer: (Affine::<8, 8>, tanh::<8>()), step_size: 1.25 };
    (Affine::<2, 8>, tanh::<8>(), step)
}

fn logistic_net() -> impl Network<f64> + Network<Dual<f64, 1>> {
    (Affine::<2, 4>, tanh::<4>(), Affine::<4, 4>, tanh::<4>(), Affine::<4, 2>, tanh::<2>())
}

/// Φ, W, g, H v₁ and H v₂ against the file, to ten times its noise.
fn known_answer(kat: &Npz, objective: &mut impl Objective<f64>) {
    let (_, theta) = kat.f64s("theta0");
    let mut gradient = vec![0.0; theta.len()];
    let value = objective.value_and_gradient(&theta, &mut gradient).unwrap();
    let limit = |key: &str| 10.0 * kat.scalar(key).max(1e-14);
    assert_close("Phi", &[value], &[kat.scalar("Phi")], limit("noise_Phi"));
    assert_close("Phi by value()", &[objective.value(&theta).unwrap()], &[value], 1e-15);
    objective.value_and_gradient(&theta, &mut gradient).unwrap();
    assert_close("gradient", &gradient, &kat.f64s("g").1, limit("noise_g"));
    let (v1, v2) = (kat.f64s("v1").1, kat.f64s("v2").1);
    let (mut hv1, mut hv2) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    objective.product(&v1, &mut hv1).unwrap();
    objective.product(&v2, &mut hv2).unwrap();
    assert_close("H v1", &hv1, &kat.f64s("Hv1").1, limit("noise_Hv1"));
    assert_close("H v2", &hv2, &kat.f64s("Hv2").1, limit("noise_Hv2"));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (left, right) = (dot(&v2, &hv1), dot(&v1, &hv2));
    assert!((left - right).abs() < 1e-11 * left.abs().max(1e-3), "H is symmetric: {left} {right}");
    assert!(dot(&v1, &hv1) > 0.0 && dot(&v2, &hv2) > 0.0, "H is positive");
}

fn convex_known_answer<N: Network<f64>, L: gaussling_core::nn::Loss>(file: &str, network: &N, loss: L) {
    let kat = Npz::open(file);
    let ((ys, y), (cs, c)) = (kat.f64s("Y"), kat.f64s("C"));
    let (x, c) = (MatRef::new(&y, ys[0], ys[1]).unwrap(), MatRef::new(&c, cs[0], cs[1]).unwrap());
    let mut buffer = vec![f64::NAN; varpro_convex_work_len(network.shape(), cs[0], cs[1])];
    let regularizer = Tikhonov { alpha: kat.scalar("alpha1") };
    let alpha = kat.scalar("alpha2");
    let short = &mut buffer[1..];
    let refused = VarProConvex::new(network, loss, regularizer, alpha, 1e-12, &Portable, x, c, short);
    assert!(matches!(refused, Err(Error::Workspace { .. })));
    let mut objective =
        VarProConvex::new(network, loss, regularizer, alpha, 1e-12, &Portable, x, c, &mut buffer).unwrap();
    known_answer(&kat, &mut objective);
    assert!(objective.inner().gradient_norm < 1e-12, "{:?}", objective.inner());
    assert!(objective.inner().iterations <= 2, "warm start: {:?}", objective.inner());
    assert_close("W", objective.weights(), &kat.f64s("W").1, 10.0 * kat.scalar("noise_W").max(1e-13));
    assert_close("F", &[objective.data_loss()], &[kat.scalar("F")], 10.0 * kat.scalar("noise_F").max(1e-14));
}

#[test]
fn softmax_known_answer() {
    convex_known_answer("varpro_softmax.npz", &softmax_net(), SoftmaxCrossEntropy);
}

#[test]
fn logistic_known_answer() {
    convex_known_answer("varpro_logistic.npz", &logistic_net(), Logistic);
}

#[test]
fn regression_known_answer() {
    let kat = Npz::open("varpro_regression.npz");
    let ((ys, y), (cs, c)) = (kat.f64s("Y"), kat.f64s("C"));
    let (x, c) = (MatRef::new(&y, ys[0], ys[1]).unwrap(), MatRef::new(&c, cs[0], cs[1]).unwrap());
    let network = regression_net();
    let mut buffer = vec![f64::NAN; varpro_least_squares_work_len(RegressionNet::SHAPE, cs[0], cs[1])];
    let (regularizer, alpha) = (Tikhonov { alpha: kat.scalar("alpha1") }, kat.scalar("alpha2"));
    let refused = VarProLeastSquares::new(&network, regularizer, alpha, &Portable, x, c, &mut buffer[1..]);
    assert!(matches!(refused, Err(Error::Workspace { .. })));
    let mut objective = VarProLeastSquares::new(&network, regularizer, alpha, &Portable, x, c, &mut buffer).unwrap();
    known_answer(&kat, &mut objective);
    assert_close("W", objective.weights(), &kat.f64s("W").1, 10.0 * kat.scalar("noise_W").max(1e-13));
    assert_close("F", &[objective.data_loss()], &[kat.scalar("F")], 10.0 * kat.scalar("noise_F").max(1e-14));
}

type D = Dual<f64, 1>;

fn lift(x: &[f64], d: &[f64]) -> Vec<D> {
    x.iter().zip(d).map(|(&value, &d)| D { value, eps: [d] }).collect()
}

/// ∂Φ/∂θ·v by dual numbers through QR and back substitution.
#[test]
fn regression_gradient_by_duals_through_the_inner_solve() {
    let kat = Npz::open("varpro_regression.npz");
    let ((ys, y), (cs, c)) = (kat.f64s("Y"), kat.f64s("C"));
    let (_, theta) = kat.f64s("theta0");
    let network = regression_net();
    let (y, c) = (lift(&y, &vec![0.0; y.len()]), lift(&c, &vec![0.0; c.len()]));
    let (x, c) = (MatRef::new(&y, ys[0], ys[1]).unwrap(), MatRef::new(&c, cs[0], cs[1]).unwrap());
    let mut buffer = vec![D::ZERO; varpro_least_squares_work_len(RegressionNet::SHAPE, cs[0], cs[1])];
    let (regularizer, alpha) =
        (Tikhonov { alpha: D::from_f64(kat.scalar("alpha1")) }, D::from_f64(kat.scalar("alpha2")));
    let mut objective = VarProLeastSquares::new(&network, regularizer, alpha, &Portable, x, c, &mut buffer).unwrap();
    for key in ["v1", "v2"] {
        let (_, v) = kat.f64s(key);
        let slope = objective.value(&lift(&theta, &v)).unwrap().eps[0];
        let expected: f64 = kat.f64s("g").1.iter().zip(&v).map(|(g, v)| g * v).sum();
        assert!((slope - expected).abs() < 1e-12 * expected.abs().max(1.0), "{key}: {slope} {expected}");
    }
}

/// The same through the inner Newton iteration. Its last full step makes the derivative of W right to first order too.
fn convex_gradient_by_duals<N: Network<D>, L: gaussling_core::nn::Loss>(file: &str, network: &N, loss: L) {
    let kat = Npz::open(file);
    let ((ys, y), (cs, c)) = (kat.f64s("Y"), kat.f64s("C"));
    let (_, theta) = kat.f64s("theta0");
    let (y, c) = (lift(&y, &vec![0.0; y.len()]), lift(&c, &vec![0.0; c.len()]));
    let (x, c) = (MatRef::new(&y, ys[0], ys[1]).unwrap(), MatRef::new(&c, cs[0], cs[1]).unwrap());
    let mut buffer = vec![D::ZERO; varpro_convex_work_len(network.shape(), cs[0], cs[1])];
    let (a1, a2) = (D::from_f64(kat.scalar("alpha1")), D::from_f64(kat.scalar("alpha2")));
    let tolerance = D::from_f64(1e-13);
    for key in ["v1", "v2"] {
        let (_, v) = kat.f64s(key);
        let regularizer = Tikhonov { alpha: a1 };
        let mut objective =
            VarProConvex::new(network, loss, regularizer, a2, tolerance, &Portable, x, c, &mut buffer).unwrap();
        let slope = objective.value(&lift(&theta, &v)).unwrap().eps[0];
        let expected: f64 = kat.f64s("g").1.iter().zip(&v).map(|(g, v)| g * v).sum();
        assert!((slope - expected).abs() < 1e-10 * expected.abs().max(1e-3), "{key}: {slope} {expected}");
    }
}

#[test]
fn softmax_gradient_by_duals_through_the_inner_solve() {
    convex_gradient_by_duals("varpro_softmax.npz", &softmax_net(), SoftmaxCrossEntropy);
}

#[test]
fn logistic_gradient_by_duals_through_the_inner_solve() {
    convex_gradient_by_duals("varpro_logistic.npz", &logistic_net(), Logistic);
}
