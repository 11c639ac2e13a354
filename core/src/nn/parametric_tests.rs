//! Parametric activations: derivatives by the checks of every layer, values, starts.

use std::vec;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::tests::{check, forward};
use super::*;
use crate::Real;
use crate::error::Error;

/// Σ pᵢ xⁱ sin(pᵢ + x): any number of parameters.
#[derive(Clone, Copy)]
struct Waves;

impl<const P: usize> ParametricFunction<P> for Waves {
    fn eval<T: Real>(&self, parameters: &[T; P], x: T) -> T {
        let (mut sum, mut power) = (T::ZERO, T::ONE);
        for &p in parameters {
            sum += p * power * (p + x).sin();
            power *= x;
        }
        sum
    }

    fn start<R: Rng>(&self, rng: &mut R) -> [f64; P] {
        core::array::from_fn(|_| uniform(rng))
    }
}

/// The Gaussian's width is a parameter drawn near 0 by the generic check, so it is tried by itself with a shifted one.
#[derive(Clone, Copy)]
struct Shifted;

impl ParametricFunction<6> for Shifted {
    fn eval<T: Real>(&self, &[a, b, c, d, e, f]: &[T; 6], x: T) -> T {
        Raf::default().eval(&[a, b, c, d, e, f * f + T::ONE], x)
    }

    fn start<R: Rng>(&self, rng: &mut R) -> [f64; 6] {
        Raf::default().start(rng)
    }
}

/// 1, 6, 7, 8 and 16 parameters: a part of a chunk, one less than a chunk, exactly one, more.
#[test]
fn every_number_of_directions() {
    check("1 parameter", &Parametric::<_, 1, 3>(Waves));
    check("6 parameters", &Parametric::<_, 6, 2>(Waves));
    check("7 parameters", &Parametric::<_, 7, 2>(Waves));
    check("8 parameters", &Parametric::<_, 8, 2>(Waves));
    check("16 parameters", &Parametric::<_, 16, 2>(Waves));
    check("no neurons", &Parametric::<_, 2, 0>(Waves));
    check("sine-polynomial-Gaussian", &Parametric::<_, 6, 3>(Shifted));
}

#[test]
fn composes_with_layers_and_blocks() {
    check("between layers", &(Affine::<2, 3>, Parametric::<_, 6, 3>(Shifted), Affine::<3, 2>, sine::<2>()));
    check("in a block", &Rk4::<_, 2> { layer: (Antisymmetric::<3>, Parametric::<_, 2, 3>(Waves)), step_size: 0.3 });
}

fn formula<T: Real>(limit: f64) {
    // Two neurons, two samples; the second neuron is the line x, so its derivatives are known.
    let theta = [0.5, -0.25, 2.0, 3.0, 1.5, 0.7, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0].map(T::from_f64);
    let (z, cache) = forward(&raf::<2>(), &theta, &[0.4, 3.0, -1.0, 0.5].map(T::from_f64), 2);
    let s = |x: f64| 0.5 * x - 0.25 * x * x + 2.0 * libm::sin(3.0 * x) + 1.5 * libm::exp(-x * x / (2.0 * 0.49));
    for (z, exact) in z.iter().zip([s(0.4), 3.0, s(-1.0), 0.5]) {
        assert!((z.value() - exact).abs() <= limit, "{z:?} {exact}");
    }
    // Slopes of the line at x = 3: x, x², sin x, 0, exp(−x²/2), 0, and 1 with respect to x.
    let exact = [3.0, 9.0, libm::sin(3.0), 0.0, libm::exp(-4.5), 0.0, 1.0];
    for (slope, exact) in cache[7..14].iter().zip(exact) {
        assert!((slope.value() - exact).abs() <= limit, "{slope:?} {exact}");
    }
}

#[test]
fn values_and_slopes_of_the_sine_polynomial_gaussian() {
    formula::<f64>(4e-15);
    formula::<f32>(2e-6);
}

#[test]
fn typed_and_run_time_give_the_same_bits() {
    let theta: [f64; 18] = core::array::from_fn(|i| 0.3 + 0.1 * i as f64);
    let x = [0.1, -0.7, 1.3, 2.0, 0.0, -0.2];
    let typed = forward(&raf::<3>(), &theta, &x, 2);
    let run_time = forward(&DynParametric { function: Raf::default(), size: 3 }, &theta, &x, 2);
    assert_eq!((typed.0, typed.1), (run_time.0, run_time.1));
}

#[test]
fn starts_have_the_named_moments() {
    let n = 4000;
    let check = |start: RafStart, moments: [(f64, f64); 6]| {
        let net = DynParametric { function: Raf { start }, size: n };
        let (mut theta, mut rng) = (vec![f64::NAN; 6 * n], Xoshiro256PlusPlus::seed_from_u64(2));
        net.initialize(Init::He, &mut rng, &mut theta).unwrap();
        for (i, (mean, deviation)) in moments.into_iter().enumerate() {
            let own = || theta.iter().skip(i).step_by(6);
            let found = own().sum::<f64>() / n as f64;
            let spread = libm::sqrt(own().map(|p| (p - found) * (p - found)).sum::<f64>() / n as f64);
            assert!((found - mean).abs() < 5.0 * deviation / libm::sqrt(n as f64), "{start:?} {i}: mean {found}");
            assert!((spread / deviation - 1.0).abs() < 0.05, "{start:?} {i}: deviation {spread}");
        }
        assert!(matches!(net.initialize(Init::He, &mut rng, &mut theta[1..]), Err(Error::Length { .. })));
    };
    let one = (1.0, 0.1);
    check(RafStart::Regression, [(0.0, 0.1), (0.0, 0.1), one, one, one, one]);
    let width = (0.03, 0.04 / libm::sqrt(12.0));
    check(RafStart::Image, [(0.0, 0.1), one, (2.0, 0.1), (30.0, 0.001), one, width]);
}

#[test]
fn a_width_of_zero_is_reported_by_the_value() {
    let theta = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    assert!(forward(&raf::<1>(), &theta, &[0.0], 1).0[0].is_nan());
}
