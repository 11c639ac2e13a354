//! All three methods in `f32`: what a microcontroller computes with.

use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Init, Layer, LeastSquares, Network, Rk4, Tanh, Tikhonov, tanh, uniform,
};
use gaussling_core::optim::{
    Adam, CurveBall, CurveBallOptions, Selection, SlimTrain, TrustRegion, TrustRegionOptions, VarProLeastSquares,
    adam_state_len, curveball_work_len, sampled_tikhonov_state_len, slimtrain_work_len, trust_region_work_len,
    varpro_least_squares_work_len,
};
use gaussling_core::{MatRef, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

type Field = (Antisymmetric<6>, Activation<Tanh, 6>);
type Net = (Affine<2, 6>, Activation<Tanh, 6>, Rk4<Field, 1>);
const NET: Net = (Affine, tanh(), Rk4 { layer: (Antisymmetric, tanh()), step_size: 1.0 });
const PARAMS: usize = Net::PARAMS;
const SAMPLES: usize = 160;

/// Inputs in [−1, 1]², target sin 3u · v.
fn data() -> (Vec<f32>, Vec<f32>, Vec<f32>, Xoshiro256PlusPlus) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let x: Vec<f32> = (0..2 * SAMPLES).map(|_| 2.0 * uniform(&mut rng) as f32 - 1.0).collect();
    let c = x.chunks(2).map(|x| (3.0 * x[0]).sin() * x[1]).collect();
    let mut theta = vec![0.0; PARAMS];
    Network::<f32>::initialize(&NET, Init::He, &mut rng, &mut theta).unwrap();
    (x, c, theta, rng)
}

#[test]
fn gnvpro() {
    let (x, c, mut theta, _) = data();
    let (x, c) = (MatRef::new(&x, 2, SAMPLES).unwrap(), MatRef::new(&c, 1, SAMPLES).unwrap());
    let mut work = vec![0.0_f32; varpro_least_squares_work_len(Net::SHAPE, 1, SAMPLES)];
    let mut objective =
        VarProLeastSquares::new(&NET, Tikhonov { alpha: 1e-6 }, 1e-6, &Portable, x, c, &mut work).unwrap();
    let mut memory = vec![0.0_f32; trust_region_work_len(PARAMS, &TrustRegionOptions::<f32>::default())];
    let mut method = TrustRegion::new(PARAMS, TrustRegionOptions::default(), &mut memory).unwrap();
    let first = method.step(&Portable, &mut objective, &mut theta).unwrap();
    let mut last = first.value;
    for _ in 0..40 {
        let report = method.step(&Portable, &mut objective, &mut theta).unwrap();
        assert!(report.value <= last && report.value.is_finite());
        last = report.value;
    }
    assert!(last < 2e-4 && last < first.value / 20.0, "{} -> {last}", first.value);
}

#[test]
fn slimtrain() {
    let (x, c, mut theta, _) = data();
    let mut w = vec![0.0_f32; 7];
    let mut adam = Adam::new(1e-2, vec![0.0; adam_state_len(PARAMS)]);
    let state = vec![0.0_f32; sampled_tikhonov_state_len(6, 8, 5)];
    let mut method = SlimTrain::new(Net::SHAPE, 1, 8, 5, 1e-4, state).unwrap();
    let mut work = vec![0.0_f32; slimtrain_work_len(Net::SHAPE, 1, 8, 5)];
    let mut epochs = Vec::new();
    for _ in 0..60 {
        let mut sum = 0.0;
        for (x, c) in x.chunks(16).zip(c.chunks(8)) {
            let (x, c) = (MatRef::new(x, 2, 8).unwrap(), MatRef::new(c, 1, 8).unwrap());
            let (rule, regularizer) = (&mut Selection::Gcv, &Tikhonov { alpha: 1e-6 });
            let report = method
                .step(&Portable, &NET, regularizer, rule, &mut adam, &mut theta, &mut w, x, c, &mut work)
                .unwrap();
            assert!(report.loss.is_finite() && report.sum_lambda >= 1e-7);
            sum += report.loss / 20.0;
        }
        epochs.push(sum);
    }
    assert!(epochs[59] < 2e-3 && epochs[59] < epochs[0] / 4.0, "{} -> {}", epochs[0], epochs[59]);
}

#[test]
fn curveball() {
    let (x, c, theta, _) = data();
    let network = (NET.0, NET.1, NET.2, Affine::<6, 1>);
    let shape = Network::<f32>::shape(&network);
    let mut weights = [theta, vec![0.1_f32; 7]].concat();
    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0_f32; weights.len()]).unwrap();
    let mut work = vec![0.0_f32; curveball_work_len(shape, SAMPLES)];
    let (x, c) = (MatRef::new(&x, 2, SAMPLES).unwrap(), MatRef::new(&c, 1, SAMPLES).unwrap());
    let mut losses = Vec::new();
    for _ in 0..200 {
        let report = method.step(&Portable, &network, &LeastSquares, &mut weights, x, c, &mut work).unwrap();
        assert_eq!(report.status, gaussling_core::optim::Status::Running);
        losses.push(report.loss);
    }
    assert!(losses[199] < losses[0] / 4.0, "{} -> {}", losses[0], losses[199]);
}
