//! Banks: derivatives by the checks of every layer, the same numbers as a function model, starts. Seeds are fixed.

use std::vec::Vec;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::function_tests::strided;
use super::tests::{check, forward};
use super::*;
use crate::backend::Portable;
use crate::error::Error;
use crate::{MatMut, MatRef, Real};

/// sin(Σᵢ (i + 1) θᵢ/3 + Σₖ (k + 1) xₖ θ₀) + Σₖ xₖ²: smooth, for any number of parameters and inputs.
#[derive(Clone, Copy)]
struct Wave;

impl Wave {
    fn of<T: Real>(theta: &[T], x: &[T]) -> T {
        let (mut angle, mut sum) = (T::ZERO, T::ZERO);
        for (i, &theta) in theta.iter().enumerate() {
            angle += T::from_f64((i + 1) as f64 / 3.0) * theta;
        }
        for (k, &x) in x.iter().enumerate() {
            angle += T::from_usize(k + 1) * x * theta[0];
            sum += x * x;
        }
        angle.sin() + sum
    }
}

impl<const P: usize, const I: usize> FeatureFunction<P, I, 1> for Wave {
    fn eval<T: Real>(&self, theta: &[T; P], x: &[T; I]) -> [T; 1] {
        [Self::of(theta, x)]
    }
}

/// Three copies of [`Wave`] with two parameters and two inputs, as one function of six.
#[derive(Clone, Copy)]
struct ThreeWaves;

impl FeatureFunction<6, 2, 3> for ThreeWaves {
    fn eval<T: Real>(&self, theta: &[T; 6], x: &[T; 2]) -> [T; 3] {
        core::array::from_fn(|k| Wave::of(&theta[2 * k..2 * k + 2], x))
    }
}

#[test]
fn every_number_of_parameters_inputs_and_copies() {
    check("1 of each", &Bank::<_, 1, 1, 1>(Wave));
    check("3 parameters", &Bank::<_, 3, 2, 5>(Wave));
    check("9 parameters", &Bank::<_, 9, 5, 2>(Wave));
    check("no copies", &Bank::<_, 2, 3, 0>(Wave));
    check("no inputs", &Bank::<_, 2, 0, 4>(Wave));
}

#[test]
fn composes_with_layers_and_blocks() {
    check("between layers", &(Affine::<2, 3>, Bank::<_, 2, 3, 4>(Wave), tanh::<4>(), Affine::<4, 2>));
    check("in a block", &Rk4::<_, 2> { layer: Bank::<_, 2, 3, 3>(Wave), step_size: 0.3 });
}

#[test]
fn strides_do_not_matter() {
    strided::<f64>(&Bank::<_, 2, 3, 4>(Wave), 1e-14);
    strided::<f32>(&Bank::<_, 2, 3, 4>(Wave), 1e-5);
}

/// Z, J dθ, g_θ + Jᵀ G and g_X over five samples, one after another, from fixed numbers.
fn everything<T: Real>(net: &impl Network<T>) -> Vec<T> {
    let (shape, n) = (net.shape(), 5);
    let numbers = |start: usize, len: usize| {
        (start..start + len).map(|i| T::from_f64(libm::sin(1.0 + 2.4 * i as f64))).collect::<Vec<T>>()
    };
    let (theta, d) = (numbers(0, shape.params), numbers(20, shape.params));
    let (x, g) = (numbers(40, shape.inputs * n), numbers(60, shape.features * n));
    let (z, cache) = forward(net, &theta, &x, n);
    let point = Point { theta: &theta, x: MatRef::new(&x, shape.inputs, n).unwrap(), cache: &cache };
    let (mut dz, mut gtheta, mut gx) = (g.clone(), d.clone(), x.clone());
    net.jvp(&Portable, point, &d, None, MatMut::new(&mut dz, shape.features, n).unwrap(), &mut []).unwrap();
    let (g, out) = (MatRef::new(&g, shape.features, n).unwrap(), MatMut::new(&mut gx, shape.inputs, n).unwrap());
    net.vjp(&Portable, point, g, &mut gtheta, Some(out), &mut []).unwrap();
    [z, dz, gtheta, gx].concat()
}

/// The function model that spells the copies out is the same function by other code.
fn like_a_function<T: Real>(limit: f64) {
    let typed = everything::<T>(&Bank::<_, 2, 2, 3>(Wave));
    let run_time = everything::<T>(&DynBank::<_, 2, 2> { function: Wave, count: 3 });
    let spelt_out = everything::<T>(&model(ThreeWaves));
    assert_eq!(typed, run_time);
    assert_eq!(typed.len(), spelt_out.len());
    assert_eq!(typed[..15], spelt_out[..15], "values are those of f");
    for (a, b) in typed.iter().zip(&spelt_out) {
        assert!((a.value() - b.value()).abs() <= limit * (1.0 + b.value().abs()), "{a:?} {b:?}");
    }
}

#[test]
fn a_bank_is_the_function_of_all_its_copies() {
    like_a_function::<f64>(1e-14);
    like_a_function::<f32>(1e-5);
    let (bank, whole) = (Shape::bank(2, 2, 3), Shape::function(6, 2, 3));
    assert_eq!((bank.cache.of(5), whole.cache.of(5)), (5 * 6, 5 * 18), "own slopes only");
    assert_eq!(Shape { cache: whole.cache, ..bank }, whole);
    assert_eq!(Shape::bank(usize::MAX, 2, 3).params, usize::MAX);
}

#[derive(Clone, Copy)]
struct Started;

impl FeatureFunction<2, 1, 1> for Started {
    fn eval<T: Real>(&self, theta: &[T; 2], x: &[T; 1]) -> [T; 1] {
        [theta[0] * x[0] + theta[1]]
    }

    fn start<R: Rng>(&self, rng: &mut R) -> Option<[f64; 2]> {
        Some([2.0, uniform(rng)])
    }
}

#[test]
fn each_copy_has_a_start_of_its_own() {
    let (mut rng, mut theta) = (Xoshiro256PlusPlus::seed_from_u64(1), [f64::NAN; 6]);
    let net = Bank::<_, 2, 1, 3>(Started);
    net.initialize(Init::Xavier, &mut rng, &mut theta).unwrap();
    assert!(theta.iter().step_by(2).all(|&a| a == 2.0));
    assert!(theta[1] != theta[3] && theta[3] != theta[5] && (0.0..1.0).contains(&theta[5]), "{theta:?}");
    assert!(matches!(net.initialize(Init::He, &mut rng, &mut theta[1..]), Err(Error::Length { expected: 6, .. })));
    let startless = Bank::<_, 2, 1, 3>(Wave).initialize(Init::He, &mut rng, &mut theta);
    assert!(matches!(startless, Err(Error::InvalidOption { .. })));
}

#[test]
fn not_a_number_stays_in_its_feature() {
    let (z, cache) = forward(&Bank::<_, 1, 1, 2>(Wave), &[f64::NAN, 1.0], &[1.0], 1);
    assert!(z[0].is_nan() && z[1].is_finite() && cache[0].is_nan() && cache[1].is_finite());
}
