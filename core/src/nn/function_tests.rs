//! Feature functions: derivatives by the checks of every layer, and what is theirs alone. Seeds are fixed.

use std::vec;
use std::vec::Vec;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::tests::{check, draw, forward};
use super::*;
use crate::backend::Portable;
use crate::error::Error;
use crate::{MatMut, MatRef, Real};

/// Smooth, with all parameters in all features: zₘ = sin(Σᵢ (m + i + 1) θᵢ) + Σₖ xₖ θ₀ + m x₀².
#[derive(Clone, Copy)]
struct Mixed;

impl<const P: usize, const I: usize, const M: usize> FeatureFunction<P, I, M> for Mixed {
    fn eval<T: Real>(&self, theta: &[T; P], x: &[T; I]) -> [T; M] {
        core::array::from_fn(|m| {
            let mut angle = T::ZERO;
            for (i, &theta) in theta.iter().enumerate() {
                angle += T::from_f64(0.3 * (m + i + 1) as f64) * theta;
            }
            let first = theta.first().copied().unwrap_or(T::ONE);
            let mut sum = angle.sin();
            for (k, &x) in x.iter().enumerate() {
                sum += x * first + T::from_usize(m + k) * x * x;
            }
            sum
        })
    }
}

/// 0 to 9 parameters: no chunk, a part of one, exactly one, one and a part, two, more. The same for inputs.
#[test]
fn every_number_of_directions() {
    check("no parameters", &FunctionModel::<Mixed, 0, 2, 3>(Mixed));
    check("1 parameter", &FunctionModel::<Mixed, 1, 1, 1>(Mixed));
    check("3 parameters", &FunctionModel::<Mixed, 3, 2, 5>(Mixed));
    check("4 parameters", &FunctionModel::<Mixed, 4, 3, 2>(Mixed));
    check("5 parameters", &FunctionModel::<Mixed, 5, 4, 2>(Mixed));
    check("8 parameters, 5 inputs", &FunctionModel::<Mixed, 8, 5, 2>(Mixed));
    check("9 parameters, 8 inputs", &FunctionModel::<Mixed, 9, 8, 3>(Mixed));
    check("no features", &FunctionModel::<Mixed, 2, 2, 0>(Mixed));
    check("no inputs", &FunctionModel::<Mixed, 3, 0, 2>(Mixed));
}

#[test]
fn composes_with_layers_and_blocks() {
    let block = Rk4::<_, 2> { layer: FunctionModel::<Mixed, 3, 2, 2>(Mixed), step_size: 0.3 };
    check("between layers", &(Affine::<2, 3>, FunctionModel::<Mixed, 5, 3, 2>(Mixed), tanh::<2>()));
    check("in a block", &block);
}

/// e^(−θᵢ t) with its value and derivatives in closed form.
#[derive(Clone, Copy)]
struct Decays;

impl FeatureFunction<2, 1, 2> for Decays {
    fn eval<T: Real>(&self, theta: &[T; 2], &[t]: &[T; 1]) -> [T; 2] {
        theta.map(|rate| (-rate * t).exp())
    }
}

fn closed_form<T: Real>() {
    let net = model(Decays);
    let number = T::from_f64;
    let (theta, times) = ([0.5, 3.0].map(number), [0.0, 0.25, 1.0].map(number));
    let (z, cache) = forward(&net, &theta, &times, 3);
    let (x, limit) = (MatRef::new(&times, 1, 3).unwrap(), 4.0 * T::EPSILON.value());
    let point = Point { theta: &theta, x, cache: &cache };
    let mut dz = [T::ZERO; 6];
    net.jvp(&Portable, point, &[1.0, 2.0].map(number), None, MatMut::new(&mut dz, 2, 3).unwrap(), &mut []).unwrap();
    for (j, t) in [0.0, 0.25, 1.0].into_iter().enumerate() {
        for (i, (rate, d)) in [(0.5, 1.0), (3.0, 2.0)].into_iter().enumerate() {
            let exact = libm::exp(-rate * t);
            assert!((z[2 * j + i].value() - exact).abs() <= limit, "{t}: {:?}", z[2 * j + i]);
            assert!((dz[2 * j + i].value() + t * exact * d).abs() <= limit, "{t}: {:?}", dz[2 * j + i]);
        }
    }
}

#[test]
fn values_and_slopes_of_a_known_function() {
    closed_form::<f64>();
    closed_form::<f32>();
}

/// Rows of a matrix that is stored by rows, columns with gaps, and cotangents either way: the numbers of the dense call.
pub(super) fn strided<T: Real>(net: &impl Network<T>, limit: f64) {
    let (shape, n) = (net.shape(), 5);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut numbers = |n: usize| draw(n, &mut rng).into_iter().map(T::from_f64).collect::<Vec<T>>();
    let (theta, d, x, g) =
        (numbers(shape.params), numbers(shape.params), numbers(shape.inputs * n), numbers(shape.features * n));
    let mut results: [Vec<T>; 2] = [Vec::new(), Vec::new()];
    for (gap, result) in results.iter_mut().enumerate() {
        // With a gap: X stored by rows, G and the outputs with a leading dimension one larger than needed.
        let (m, leading) = (shape.features, shape.features + gap);
        let by_rows: Vec<T> = (0..shape.inputs).flat_map(|i| x[i..].iter().copied().step_by(shape.inputs)).collect();
        let spread: Vec<T> = g.chunks(m).flat_map(|g| [g, &[T::MAX][..gap]].concat()).collect();
        let x = if gap == 0 {
            MatRef::new(&x, shape.inputs, n).unwrap()
        } else {
            MatRef::with_strides(&by_rows, shape.inputs, n, n, 1).unwrap()
        };
        let g = MatRef::with_strides(&spread, m, n, 1, leading).unwrap();
        let (mut z, mut cache) = (vec![T::MAX; leading * n], vec![T::ZERO; shape.cache.of(n)]);
        let mut work = vec![T::ZERO; shape.work.of(n)];
        let mut out = MatMut::with_leading(&mut z, m, n, leading).unwrap();
        net.forward(&Portable, &theta, x, out.reborrow(), &mut cache, &mut work).unwrap();
        result.extend(out.as_ref().iter());
        let point = Point { theta: &theta, x, cache: &cache };
        for dx in [None, Some(x)] {
            net.jvp(&Portable, point, &d, dx, out.reborrow(), &mut work).unwrap();
            result.extend(out.as_ref().iter());
        }
        let (mut gtheta, mut gx) = (vec![T::ONE; shape.params], vec![T::MAX; (shape.inputs + gap) * n]);
        let mut gx = MatMut::with_leading(&mut gx, shape.inputs, n, shape.inputs + gap).unwrap();
        net.vjp(&Portable, point, g, &mut gtheta, Some(gx.reborrow()), &mut work).unwrap();
        result.extend(gtheta);
        result.extend(gx.as_ref().iter());
        if gap > 0 {
            assert!(z.chunks(leading).all(|column| column[m] == T::MAX), "what lies between columns is not touched");
        }
    }
    let [dense, strided] = results;
    assert_eq!(dense.len(), strided.len());
    for (a, b) in dense.iter().zip(&strided) {
        assert!((a.value() - b.value()).abs() <= limit * (1.0 + a.value().abs()), "{a:?} {b:?}");
    }
}

#[test]
fn strides_do_not_matter() {
    strided::<f64>(&FunctionModel::<Mixed, 5, 3, 2>(Mixed), 1e-14);
    strided::<f32>(&FunctionModel::<Mixed, 5, 3, 2>(Mixed), 1e-5);
    strided::<f64>(&raf::<3>(), 1e-14);
    strided::<f32>(&raf::<3>(), 1e-5);
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
fn the_start_is_the_functions_or_the_users() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut theta = [f64::NAN; 2];
    model(Started).initialize(Init::Xavier, &mut rng, &mut theta).unwrap();
    assert!(theta[0] == 2.0 && (0.0..1.0).contains(&theta[1]));
    let refused = model(Decays).initialize(Init::He, &mut rng, &mut theta);
    assert!(matches!(refused, Err(Error::InvalidOption { .. })));
    assert!(matches!(model(Started).initialize(Init::He, &mut rng, &mut [0.0]), Err(Error::Length { .. })));
    assert_eq!(FunctionModel::<Mixed, 0, 1, 1>(Mixed).initialize(Init::He, &mut rng, &mut [0.0; 0]), Ok(()));
}

#[test]
fn not_a_number_passes_through() {
    let (z, cache) = forward(&model(Decays), &[f64::NAN, 1.0], &[1.0], 1);
    assert!(z[0].is_nan() && z[1].is_finite() && cache[0].is_nan());
}
