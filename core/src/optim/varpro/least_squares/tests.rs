//! Tests of [`VarProLeastSquares`] that need no data of others: models without a bias, features on the edge of the range, and
//! Osborne's problem 2. More in `covariance.rs` and `tests/tests/varpro.rs`, `nist.rs`.

use super::*;
use crate::Portable;
use crate::nn::{Activation, Affine, FeatureFunction, FunctionModel, Layer, Tanh, Tikhonov, model, tanh};
use crate::optim::levenberg_marquardt::collection::{OSBORNE2, Problem::Osborne2};
use crate::optim::{Outcome, Status, TrustRegion, TrustRegionOptions, trust_region_work_len};
use std::vec;
use std::vec::Vec;

/// Value, gradient and product against differences of r and W, for two outputs, with α and without.
#[test]
fn without_a_bias_the_formulas_hold() {
    type Net = (Affine<2, 3>, Activation<Tanh, 3>);
    const N: usize = 11;
    let network: Net = (Affine, tanh());
    let numbers = |len: usize| (0..len).map(|i| libm::sin(0.7 + 1.9 * i as f64)).collect::<Vec<f64>>();
    let (x, c, theta) = (numbers(2 * N), numbers(2 * N + 1), numbers(Net::PARAMS + 2));
    let (x, c, theta) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c[1..], 2, N).unwrap(), &theta[2..]);
    for alpha in [0.0, 0.3] {
        let mut buffer = vec![f64::NAN; varpro_least_squares_work_len(Net::SHAPE, 2, N)];
        let r = Tikhonov { alpha: 0.0 };
        let fit = VarProLeastSquares::new(&network, r, alpha, &Portable, x, c, &mut buffer).unwrap();
        let mut fit = fit.without_bias();
        let mut stacked = |theta: &[f64]| {
            let value = fit.value(theta).unwrap();
            assert!(fit.weights()[6..].iter().all(|&bias| bias == 0.0));
            let all: Vec<f64> = fit.residual.iter().copied().chain(fit.w.iter().map(|w| alpha.sqrt() * w)).collect();
            assert!((value - 0.5 * all.iter().map(|r| r * r).sum::<f64>()).abs() < 1e-14);
            all
        };
        let r = stacked(theta);
        let columns: Vec<Vec<f64>> = (0..theta.len())
            .map(|k| {
                let moved = |h: f64| theta.iter().enumerate().map(|(i, t)| if i == k { t + h } else { *t }).collect();
                let (up, down): (Vec<f64>, Vec<f64>) = (moved(1e-5), moved(-1e-5));
                stacked(&up).iter().zip(stacked(&down)).map(|(u, d)| (u - d) / 2e-5).collect()
            })
            .collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (mut g, mut hv) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        fit.value_and_gradient(theta, &mut g).unwrap();
        for (k, column) in columns.iter().enumerate() {
            assert!((g[k] - dot(column, &r)).abs() < 1e-8, "gradient {k}, alpha {alpha}");
            let unit: Vec<f64> = (0..theta.len()).map(|i| f64::from(i == k)).collect();
            fit.product(&unit, &mut hv).unwrap();
            for (h, other) in hv.iter().zip(&columns) {
                assert!((h - dot(column, other)).abs() < 1e-7, "product {k}, alpha {alpha}");
            }
        }
    }
}

/// e^(−θt)
#[derive(Clone, Copy)]
struct Decay;
impl FeatureFunction<1, 1, 1> for Decay {
    fn eval<T: Real>(&self, &[rate]: &[T; 1], &[t]: &[T; 1]) -> [T; 1] {
        [(-rate * t).exp()]
    }
}

/// A feature that is zero in every sample makes the value infinite, and the method steps back from it; one so small that ‖W‖²
/// overflows is a feature like any other where α = 0.
#[test]
fn features_at_the_edge_of_the_range() {
    let t = [10.0, 20.0, 30.0, 40.0];
    let y = t.map(|t| 5.0 * libm::exp(-0.1 * t) + 0.01 * libm::sin(t));
    let (x, c) = (MatRef::new(&t, 1, 4).unwrap(), MatRef::new(&y, 1, 4).unwrap());
    let network: FunctionModel<Decay, 1, 1, 1> = model(Decay);
    let mut buffer = vec![0.0; varpro_least_squares_work_len(Shape::function(1, 1, 1), 1, 4)];
    let r = Tikhonov { alpha: 0.0 };
    let fit = VarProLeastSquares::new(&network, r, 0.0, &Portable, x, c, &mut buffer).unwrap();
    let mut fit = fit.without_bias();
    assert_eq!(fit.value(&[100.0]), Ok(f64::INFINITY));
    // The first sample is met, the others are not.
    let missed: f64 = y[1..].iter().map(|y| y * y).sum();
    assert!((fit.value(&[60.0]).unwrap() / (missed / 8.0) - 1.0).abs() < 1e-12 && fit.weights()[0] > 1e200);

    // The first step goes to a rate near 800.
    for options in [TrustRegionOptions::default(), TrustRegionOptions::published()] {
        let mut memory = vec![0.0; trust_region_work_len(1, &options)];
        let (mut method, mut rate) = (TrustRegion::new(1, options, &mut memory).unwrap(), [-1.0]);
        let all: Vec<_> = (0..200)
            .map(|_| method.step(&Portable, &mut fit, &mut rate).unwrap())
            .take_while(|report| report.status == Status::Running)
            .collect();
        assert_eq!((all[0].outcome, all[0].ratio), (Outcome::Rejected, f64::NEG_INFINITY));
        assert!(all.last().unwrap().value < 0.5 * all[0].value, "{all:#?}");
    }
}

/// e^(−θ₁t) and three bells e^(−θᵢ(t − τᵢ)²).
#[derive(Clone, Copy)]
struct Bells;
impl FeatureFunction<7, 1, 4> for Bells {
    fn eval<T: Real>(&self, &[rate, a, b, c, at_a, at_b, at_c]: &[T; 7], &[t]: &[T; 1]) -> [T; 4] {
        let bell = |width: T, at: T| (-width * (t - at).powi(2)).exp();
        [(-rate * t).exp(), bell(a, at_a), bell(b, at_b), bell(c, at_c)]
    }
}

/// M. Osborne's problem 2, which is also in G. Golub and V. Pereyra (1973): seven of eleven parameters are searched for.
#[test]
fn the_minimum_of_osborne_2_is_found() {
    let (start, n) = Osborne2.setup();
    let t: Vec<f64> = (0..n).map(|j| 0.1 * j as f64).collect();
    let (x, c) = (MatRef::new(&t, 1, n).unwrap(), MatRef::new(&OSBORNE2, 1, n).unwrap());
    let network: FunctionModel<Bells, 7, 1, 4> = model(Bells);
    for options in [TrustRegionOptions::default(), TrustRegionOptions::published()] {
        let mut buffer = vec![0.0; varpro_least_squares_work_len(Shape::function(7, 1, 4), 1, n)];
        let r = Tikhonov { alpha: 0.0 };
        let fit = VarProLeastSquares::new(&network, r, 0.0, &Portable, x, c, &mut buffer).unwrap();
        let mut fit = fit.without_bias();
        let mut memory = vec![0.0; trust_region_work_len(7, &options)];
        let (mut method, mut theta) = (TrustRegion::new(7, options, &mut memory).unwrap(), start[4..].to_vec());
        let end = (0..200)
            .map(|_| method.step(&Portable, &mut fit, &mut theta).unwrap())
            .find(|report| report.status != Status::Running)
            .unwrap();
        // 4.01377e-2 is printed in the collection of Moré, Garbow and Hillstrom.
        assert!((2.0 * n as f64 * end.value - 4.01377e-2).abs() < 5e-8, "{end:?}");
    }
}
