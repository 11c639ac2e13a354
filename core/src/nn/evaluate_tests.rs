//! `evaluate` against `forward`: the same bits for every layer, plain and packed weights; lengths; and a finished model.

use std::vec;
use std::vec::Vec;

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::tests::{draw, forward};
use super::*;
use crate::backend::Portable;
use crate::error::Error;
use crate::{Dual, Real};

fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|x| x.value().to_bits()).collect()
}

fn same_bits<T: Real>(name: &str, net: &impl Evaluate<T>) {
    let shape = net.shape();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    for round in 0..4 {
        let theta: Vec<T> = draw(shape.params, &mut rng).into_iter().map(T::from_f64).collect();
        let x: Vec<T> = draw(shape.inputs, &mut rng).into_iter().map(T::from_f64).collect();
        let (expected, _) = forward(net, &theta, &x, 1);
        let mut z = vec![T::from_f64(f64::NAN); shape.features];
        let mut work = vec![T::from_f64(f64::NAN); shape.evaluate];
        net.evaluate(&Portable, &theta[..], &x, &mut z, &mut work).unwrap();
        assert_eq!(bits(&z), bits(&expected), "{name}, round {round}");
    }
}

/// Packed weights give the bits of plain ones of the same value.
fn same_bits_packed(name: &str, net: &impl Evaluate<f32>) {
    let shape = net.shape();
    let values: Vec<i8> = (0..shape.params).map(|i| ((i * 89 + 17) % 255) as i8).collect();
    let halves: Vec<u16> = values.iter().map(|&v| 0x3000 + 17 * u16::from(v.unsigned_abs())).collect();
    let scales: Vec<f32> = (0..shape.params.div_ceil(BLOCK)).map(|i| 0.003 + 0.001 * (i % 5) as f32).collect();
    let x: Vec<f32> = (0..shape.inputs).map(|i| 0.7 - 0.3 * i as f32).collect();
    fn value<W: Weights<f32>>(net: &impl Evaluate<f32>, theta: W, x: &[f32]) -> Vec<f32> {
        let (mut z, mut work) = (vec![f32::NAN; net.shape().features], vec![f32::NAN; net.shape().evaluate]);
        net.evaluate(&Portable, theta, x, &mut z, &mut work).unwrap();
        z
    }
    fn plain<W: Weights<f32>>(theta: W) -> Vec<f32> {
        (0..theta.count()).map(|i| theta.at(i)).collect()
    }
    let (bytes, words) = (Scaled::new(&values, &scales), Scaled::new(&halves, &scales));
    assert_eq!(bits(&value(net, bytes, &x)), bits(&value(net, &plain(bytes)[..], &x)), "{name}, 8 bits");
    assert_eq!(bits(&value(net, words, &x)), bits(&value(net, &plain(words)[..], &x)), "{name}, 16 bits");
}

fn check<N>(name: &str, net: &N)
where
    N: Evaluate<f64> + Evaluate<f32> + Evaluate<Dual<f64, 1>>,
{
    same_bits::<f64>(name, net);
    same_bits::<f32>(name, net);
    same_bits::<Dual<f64, 1>>(name, net);
    same_bits_packed(name, net);
    let shape = Network::<f64>::shape(net);
    let (theta, x) = (vec![0.1; shape.params], vec![0.1; shape.inputs]);
    let run = |params: usize, inputs: usize, features: usize, work: usize| {
        let (theta, x) = (vec![0.1; params], vec![0.1; inputs]);
        net.evaluate(&Portable, &theta[..], &x, &mut vec![7.0; features], &mut vec![0.0; work])
    };
    let (p, i, f, w) = (theta.len(), x.len(), shape.features, shape.evaluate);
    assert_eq!(run(p, i, f, w), Ok(()));
    assert!(matches!(run(p + 1, i, f, w), Err(Error::Length { what: "theta", .. })), "{name}");
    assert!(matches!(run(p, i + 1, f, w), Err(Error::Length { what: "x", .. })), "{name}");
    assert!(matches!(run(p, i, f + 1, w), Err(Error::Length { what: "features", .. })), "{name}");
    if w > 0 {
        assert_eq!(run(p, i, f, w - 1), Err(Error::Workspace { what: "work", needed: w, found: w - 1 }), "{name}");
    }
}

#[test]
fn every_layer_and_block() {
    check("affine", &Affine::<3, 4>);
    check("affine of many inputs", &Affine::<13, 5>);
    check("affine of one output", &Affine::<13, 1>);
    check("affine of one input", &Affine::<1, 9>);
    check("linear", &Linear::<6, 4>);
    check("linear of one output", &Linear::<7, 1>);
    check("antisymmetric", &Antisymmetric::<4>);
    check("antisymmetric of odd size", &Antisymmetric::<7>);
    check("antisymmetric of one", &Antisymmetric::<1>);
    check("tanh", &tanh::<3>());
    check("sigmoid", &sigmoid::<3>());
    check("relu", &relu::<3>());
    check("softplus", &softplus::<3>());
    check("sine", &sine::<3>());
    check("gaussian", &gaussian::<3>());
    check("identity", &identity::<3>());
    check("raf", &raf::<3>());
    check("euler", &Euler::<_, 3> { layer: (Affine::<5, 5>, tanh::<5>()), step_size: 0.4 });
    check("no steps", &Rk4::<_, 0> { layer: sine::<2>(), step_size: 0.4 });
    let block = Rk4::<_, 3> { layer: (Antisymmetric::<6>, sigmoid::<6>()), step_size: 0.5 };
    check("rk4", &block);
    check("deep", &(Linear::<2, 6>, tanh::<6>(), block, Affine::<6, 3>, gaussian::<3>()));
    check("nested to the left", &((Affine::<2, 3>, tanh::<3>()), (Affine::<3, 6>, block)));
}

/// A function of parameters and sample, as a user writes it.
#[derive(Clone, Copy, Debug)]
struct Decays;
impl FeatureFunction<2, 1, 2> for Decays {
    fn eval<T: Real>(&self, rates: &[T; 2], &[t]: &[T; 1]) -> [T; 2] {
        rates.map(|rate| (-rate * t).exp())
    }
}

/// One feature of three parameters.
#[derive(Clone, Copy, Debug)]
struct Bump;
impl FeatureFunction<3, 2, 1> for Bump {
    fn eval<T: Real>(&self, &[a, b, width]: &[T; 3], &[x, y]: &[T; 2]) -> [T; 1] {
        [(-((x - a) * (x - a) + (y - b) * (y - b)) * width * width).exp()]
    }
}

#[test]
fn functions_of_the_user() {
    check("bank", &Bank::<_, 3, 2, 5>(Bump));
    check("function", &model(Decays));
    check("function and layers", &(model(Decays), Affine::<2, 3>, tanh::<3>()));
}

/// What the module's documentation says.
#[test]
fn memory_is_that_of_one_layer() {
    let shape = <Rk4<(Antisymmetric<32>, Activation<Tanh, 32>), 7> as Layer>::SHAPE;
    assert_eq!((shape.evaluate, shape.cache.of(1) + shape.work.of(1)), (256, 32_544));
}

#[test]
fn a_finished_model_is_the_formula_and_checks_its_lengths() {
    let theta = [0.5_f32, -1.0, 0.25, 2.0, 0.1, -0.2];
    let [mean, scale] = [[1.0_f32, 2.0], [0.5, 4.0]];
    let model = Predictor {
        network: &(Affine::<2, 2>, tanh::<2>()),
        weights: theta.as_slice(),
        input_mean: &mean,
        input_scale: &scale,
        target_mean: &[10.0, 20.0],
        target_scale: &[3.0, 5.0],
    };
    const WORK: usize = predictor_work_len(<(Affine<2, 2>, Activation<Tanh, 2>) as Layer>::SHAPE);
    let x = [1.3_f32, -0.7];
    let mut y = [0.0; 2];
    model.predict(&Portable, &x, &mut y, &mut [f32::NAN; WORK]).unwrap();
    let u = [(x[0] - mean[0]) / scale[0], (x[1] - mean[1]) / scale[1]];
    for i in 0..2 {
        let sum = f64::from(theta[i] * u[0] + theta[2 + i] * u[1] + theta[4 + i]);
        let expected = [10.0, 20.0][i] + [3.0, 5.0][i] * libm::tanh(sum);
        assert!((f64::from(y[i]) - expected).abs() < 1e-5, "{y:?} {expected}");
    }
    let y = &mut [0.0; 2];
    let short = model.predict(&Portable, &x, y, &mut [0.0; WORK - 1]);
    assert_eq!(short, Err(Error::Workspace { what: "work", needed: WORK, found: WORK - 1 }));
    let what = |model: Predictor<'_, f32, _, _>, x: &[f32], y: &mut [f32]| match model.predict(
        &Portable,
        x,
        y,
        &mut [0.0; WORK],
    ) {
        Err(Error::Length { what, .. }) => what,
        _ => "",
    };
    assert_eq!(what(model, &x[..1], y), "x");
    assert_eq!(what(model, &x, &mut y[..1]), "features");
    assert_eq!(what(Predictor { weights: &theta[1..], ..model }, &x, y), "theta");
    assert_eq!(what(Predictor { input_mean: &[], ..model }, &x, y), "input_mean");
    assert_eq!(what(Predictor { input_scale: &[], ..model }, &x, y), "input_scale");
    assert_eq!(what(Predictor { target_mean: &[], ..model }, &x, y), "target_mean");
    assert_eq!(what(Predictor { target_scale: &[], ..model }, &x, y), "target_scale");
}

#[test]
fn the_first_of_the_largest_scores_wins() {
    assert_eq!(argmax::<f32>(&[]), 0);
    assert_eq!(argmax(&[1.0, 2.0, 2.0, -1.0]), 1);
    assert_eq!(argmax(&[1.0, f64::NAN, 0.5]), 0);
}
