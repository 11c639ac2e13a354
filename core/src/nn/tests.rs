//! Every layer: `jvp` against dual numbers, `vjp` against `jvp`, the Taylor remainder, wrong shapes, the initial weights.

use std::vec;
use std::vec::Vec;

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;
use crate::autodiff::ScalarFunction;
use crate::backend::Portable;
use crate::error::Error;
use crate::{Dual, MatMut, MatRef, Real};

pub(super) fn draw(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    (0..n).map(|_| 0.6 * standard_normal(rng)).collect()
}

pub(super) fn forward<T: Real>(net: &impl Network<T>, theta: &[T], x: &[T], samples: usize) -> (Vec<T>, Vec<T>) {
    let shape = net.shape();
    let mut z = vec![T::ZERO; shape.features * samples];
    let mut cache = vec![T::ZERO; shape.cache.of(samples)];
    let mut work = vec![T::ZERO; shape.work.of(samples)];
    let x = MatRef::new(x, shape.inputs, samples).unwrap();
    let out = MatMut::new(&mut z, shape.features, samples).unwrap();
    net.forward(&Portable, theta, x, out, &mut cache, &mut work).unwrap();
    (z, cache)
}

pub(super) fn check(name: &str, net: &(impl Network<f64> + Network<Dual<f64, 1>>)) {
    type D = Dual<f64, 1>;
    let shape = Network::<f64>::shape(net);
    for samples in [0, 1, 2, 7] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let theta = draw(shape.params, &mut rng);
        let x = draw(shape.inputs * samples, &mut rng);
        let dtheta = draw(shape.params, &mut rng);
        let dx = draw(shape.inputs * samples, &mut rng);
        let g = draw(shape.features * samples, &mut rng);
        let (z, cache) = forward::<f64>(net, &theta, &x, samples);
        let mut work = vec![0.0; shape.work.of(samples)];
        let x_view = MatRef::new(&x, shape.inputs, samples).unwrap();
        let point = Point { theta: &theta, x: x_view, cache: &cache };
        for with_dx in [true, false] {
            // jvp against duals pushed through the whole forward pass.
            let zero = vec![0.0; dx.len()];
            let dx = if with_dx { &dx } else { &zero };
            let pair = |(&value, &eps): (&f64, &f64)| D { value, eps: [eps] };
            let dual_theta: Vec<D> = theta.iter().zip(&dtheta).map(pair).collect();
            let dual_x: Vec<D> = x.iter().zip(dx).map(pair).collect();
            let (dual_z, _) = forward::<D>(net, &dual_theta, &dual_x, samples);
            let mut dz = vec![0.0; z.len()];
            let out = MatMut::new(&mut dz, shape.features, samples).unwrap();
            let dx_view = with_dx.then(|| MatRef::new(dx, shape.inputs, samples).unwrap());
            net.jvp(&Portable, point, &dtheta, dx_view, out, &mut work).unwrap();
            for i in 0..z.len() {
                assert_eq!(dual_z[i].value.to_bits(), z[i].to_bits(), "{name}: value {i}");
                let expected = dual_z[i].eps[0];
                assert!((expected - dz[i]).abs() <= 1e-13 * (1.0 + expected.abs()), "{name}: {expected} {}", dz[i]);
            }
            // The dot-product test <G, J d> = <Jᵀ G, d>; the gradient is added to what was there.
            let mut gtheta = vec![1.0; theta.len()];
            let mut gx = vec![f64::NAN; x.len()];
            let g_view = MatRef::new(&g, shape.features, samples).unwrap();
            let gx_view = with_dx.then(|| MatMut::new(&mut gx, shape.inputs, samples).unwrap());
            net.vjp(&Portable, point, g_view, &mut gtheta, gx_view, &mut work).unwrap();
            let forwards: f64 = g.iter().zip(&dz).map(|(a, b)| a * b).sum();
            let mut backwards: f64 = gtheta.iter().zip(&dtheta).map(|(a, b)| (a - 1.0) * b).sum();
            if with_dx {
                backwards += gx.iter().zip(dx).map(|(a, b)| a * b).sum::<f64>();
            }
            assert!((forwards - backwards).abs() <= 1e-12 * (1.0 + forwards.abs()), "{name}: {forwards} {backwards}");
        }
        taylor(name, net, &theta, &dtheta, &x, samples);
        refuses_wrong_shapes(name, net, &theta, x_view);
    }
}

/// ‖F(θ + h d) − F(θ) − h J d‖ falls as h².
fn taylor(name: &str, net: &impl Network<f64>, theta: &[f64], d: &[f64], x: &[f64], samples: usize) {
    let shape = net.shape();
    let (z, cache) = forward(net, theta, x, samples);
    let mut work = vec![0.0; shape.work.of(samples)];
    let mut dz = vec![0.0; z.len()];
    let point = Point { theta, x: MatRef::new(x, shape.inputs, samples).unwrap(), cache: &cache };
    net.jvp(&Portable, point, d, None, MatMut::new(&mut dz, shape.features, samples).unwrap(), &mut work).unwrap();
    let remainder = |h: f64| {
        let moved: Vec<f64> = theta.iter().zip(d).map(|(t, d)| t + h * d).collect();
        let (moved, _) = forward(net, &moved, x, samples);
        (0..z.len()).map(|i| (moved[i] - z[i] - h * dz[i]).abs()).fold(0.0, f64::max)
    };
    let (coarse, fine) = (remainder(1e-3), remainder(1e-4));
    assert!(fine <= 0.012 * coarse + 1e-14, "{name}: remainder {coarse:e} -> {fine:e}");
}

fn refuses_wrong_shapes(name: &str, net: &impl Network<f64>, theta: &[f64], x: MatRef<'_, f64>) {
    let (shape, samples) = (net.shape(), x.cols());
    let mut z = vec![0.0; shape.features * samples + shape.features];
    let mut cache = vec![0.0; shape.cache.of(samples)];
    let mut work = vec![0.0; shape.work.of(samples)];
    let wide = MatMut::new(&mut z, shape.features, samples + 1).unwrap();
    assert!(
        matches!(net.forward(&Portable, theta, x, wide, &mut cache, &mut work), Err(Error::Shape { .. })),
        "{name}"
    );
    let z = &mut z[..shape.features * samples];
    for (cache_cut, work_cut) in [(1, 0), (0, 1)] {
        if cache.len() >= cache_cut && work.len() >= work_cut && cache.len() + work.len() > 0 {
            let (c, w) = (cache.len() - cache_cut, work.len() - work_cut);
            let out = MatMut::new(z, shape.features, samples).unwrap();
            let result = net.forward(&Portable, theta, x, out, &mut cache[..c], &mut work[..w]);
            assert!(matches!(result, Err(Error::Workspace { .. })), "{name}: one element less must be refused");
        }
    }
    let longer = [theta, &[0.0]].concat();
    let out = MatMut::new(z, shape.features, samples).unwrap();
    let result = net.forward(&Portable, &longer, x, out, &mut cache, &mut work);
    assert!(matches!(result, Err(Error::Length { what: "theta", .. })), "{name}");
}

#[test]
fn every_layer_and_block() {
    check("affine", &Affine::<3, 4>);
    check("linear", &Linear::<3, 4>);
    check("antisymmetric", &Antisymmetric::<4>);
    check("tanh", &tanh::<3>());
    check("sigmoid", &sigmoid::<3>());
    check("softplus", &softplus::<3>());
    check("sine", &sine::<3>());
    check("gaussian", &gaussian::<3>());
    check("identity", &identity::<3>());
    check("euler", &Euler::<_, 3> { layer: (Affine::<2, 2>, tanh::<2>()), step_size: 0.4 });
    check("euler without weights", &Euler::<_, 3> { layer: sine::<2>(), step_size: 0.4 });
    check("rk4", &Rk4::<_, 2> { layer: (Antisymmetric::<3>, tanh::<3>()), step_size: 0.7 });
    check("rk4 without weights", &Rk4::<_, 2> { layer: sine::<2>(), step_size: 0.4 });
    check("no steps", &Rk4::<_, 0> { layer: sine::<2>(), step_size: 0.4 });
    let block = Rk4::<_, 2> { layer: (Antisymmetric::<4>, sigmoid::<4>()), step_size: 0.5 };
    check("deep", &(Linear::<2, 4>, tanh::<4>(), block, Affine::<4, 3>, gaussian::<3>()));
    check("nested to the left", &(((Affine::<2, 3>, tanh::<3>()), Affine::<3, 3>), softplus::<3>()));
}

/// ReLU has no Taylor expansion at 0, so its slopes are checked by themselves.
#[test]
fn relu_slopes() {
    assert_eq!(crate::autodiff::derivative(Relu, 2.0), (2.0, 1.0));
    assert_eq!(crate::autodiff::derivative(Relu, -2.0), (0.0, 0.0));
    assert_eq!(crate::autodiff::derivative(Relu, 0.0), (0.0, 0.0));
    assert!(Relu.eval(f64::NAN).is_nan());
}

#[test]
fn saturated_activations_are_finite() {
    for x in [-1e4, -800.0, 800.0, 1e4] {
        for (value, slope) in [crate::autodiff::derivative(Sigmoid, x), crate::autodiff::derivative(Softplus, x)] {
            assert!(value.is_finite() && slope.is_finite() && (0.0..=1.0).contains(&slope), "{x}: {value} {slope}");
        }
    }
}

#[test]
fn blocks_need_equal_sizes_and_chains_fitting_ones() {
    let wide = DynAffine { inputs: 2, outputs: 3, bias: true };
    assert!(DynEuler::new::<f64>(wide, 2, 0.1).is_err());
    assert!(DynRk4::new::<f64>(wide, 2, 0.1).is_err());
    assert!(Chain::new::<f64>(wide, wide).is_err());
}

#[test]
fn steps_start_with_equal_weights() {
    let net = (Linear::<2, 3>, Rk4::<_, 2> { layer: (Antisymmetric::<3>, tanh::<3>()), step_size: 0.7 });
    let mut theta = vec![f64::NAN; Network::<f64>::shape(&net).params];
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    Network::<f64>::initialize(&net, Init::He, &mut rng, &mut theta).unwrap();
    let sets: Vec<&[f64]> = theta[6..].chunks(9).collect();
    assert_eq!(sets.len(), 5);
    assert!(sets.iter().all(|set| *set == sets[0] && set[6..] == [0.0; 3] && set[..6].iter().all(|w| *w != 0.0)));
    assert!(Network::<f64>::initialize(&net, Init::He, &mut rng, &mut theta[1..]).is_err());
}
