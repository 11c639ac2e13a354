//! Steps of the optimizers.

use super::{none, numbers};
use gaussling_core::autodiff::VectorFunction;
use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Layer, LeastSquares, Network, Rk4, SoftmaxCrossEntropy, Tanh, Tikhonov, tanh,
};
use gaussling_core::optim::{
    CurveBall, CurveBallOptions, Differentiated, Lbfgs, LbfgsOptions, LevenbergMarquardt, OnlineHead, Prodigy,
    SaveState, Selection, SlimTrain, TrustRegion, TrustRegionOptions, VarProConvex, VarProLeastSquares, VarProStreamed,
    curveball_objective_work_len, curveball_work_len, lbfgs_work_len, levenberg_marquardt_work_len, prodigy_state_len,
    sampled_tikhonov_state_len, slimtrain_inputs_len, slimtrain_work_len, trust_region_work_len,
    varpro_convex_work_len, varpro_covariance_work_len, varpro_least_squares_work_len, varpro_streamed_work_len,
};
use gaussling_core::{Dual, MatMut, MatRef, Matrix, Portable, Real};

type Net = (Affine<2, 5>, Activation<Tanh, 5>, Rk4<(Antisymmetric<5>, Activation<Tanh, 5>), 1>);
const NET: Net = (Affine, tanh(), Rk4 { layer: (Antisymmetric, tanh()), step_size: 1.0 });
const N: usize = 40;

#[test]
fn optimizers() {
    let (x, c) = (numbers(2 * N), numbers(N));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 1, N).unwrap());
    let params = Net::PARAMS;
    let mut theta = numbers(params);

    let mut buffer = vec![0.0; varpro_least_squares_work_len(Net::SHAPE, 1, N)];
    let regularizer = Tikhonov { alpha: 1e-6 };
    let mut objective = VarProLeastSquares::new(&NET, regularizer, 1e-6, &Portable, x, c, &mut buffer).unwrap();
    let mut memory = vec![0.0; trust_region_work_len(params, &TrustRegionOptions::<f64>::default())];
    let mut method = TrustRegion::new(params, TrustRegionOptions::default(), &mut memory).unwrap();
    none("GNvpro", || method.step(&Portable, &mut objective, &mut theta).map(drop));
    let mut buffer = vec![0.0; varpro_streamed_work_len(Net::SHAPE, 1, 7)];
    let mut streamed = VarProStreamed::new(&NET, regularizer, 1e-6, &Portable, x, c, 7, &mut buffer).unwrap();
    none("GNvpro, streamed", || method.step(&Portable, &mut streamed, &mut theta).map(drop));
    let mut memory = vec![0.0; lbfgs_work_len(params, 10)];
    let mut method = Lbfgs::new(params, LbfgsOptions::default(), &mut memory).unwrap();
    none("L-BFGS", || method.step(&Portable, &mut objective, &mut theta).map(drop));

    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0; params]).unwrap();
    let mut memory = vec![0.0; curveball_objective_work_len(params)];
    none("CurveBall on theta", || method.step_objective(&Portable, &mut objective, &mut theta, &mut memory).map(drop));

    let labels: Vec<f64> = (0..3 * N).map(|i| f64::from(u8::from(i % 3 == i / 3 % 3))).collect();
    let labels = MatRef::new(&labels, 3, N).unwrap();
    let mut buffer = vec![0.0; varpro_convex_work_len(Net::SHAPE, 3, N)];
    let loss = SoftmaxCrossEntropy;
    let mut objective =
        VarProConvex::new(&NET, loss, regularizer, 1e-4, 1e-9, &Portable, x, labels, &mut buffer).unwrap();
    let mut memory = vec![0.0; trust_region_work_len(params, &TrustRegionOptions::<f64>::default())];
    let mut method = TrustRegion::new(params, TrustRegionOptions::default(), &mut memory).unwrap();
    none("GNvpro for classes", || method.step(&Portable, &mut objective, &mut theta).map(drop));

    let state = vec![0.0; sampled_tikhonov_state_len(5, N, 2)];
    let inputs = vec![0.0; slimtrain_inputs_len(Net::SHAPE, N, 2)];
    let mut method = SlimTrain::recomputing(Net::SHAPE, 1, N, 2, 1e-3, state, inputs).unwrap();
    let mut update = Prodigy::new(1e-5, vec![0.0; prodigy_state_len(params)]);
    let (mut w, mut work) = (vec![0.0; 6], vec![0.0; slimtrain_work_len(Net::SHAPE, 1, N, 2)]);
    none("slimTrain", || {
        let rule = &mut Selection::Gcv;
        method.step(&Portable, &NET, &regularizer, rule, &mut update, &mut theta, &mut w, x, c, &mut work).map(drop)
    });
    let mut head = OnlineHead::<f32, 4, 2>::new(1e-3, 0.99).unwrap();
    none("the head on line", || head.update(&[0.1, -0.2, 0.3, 0.4], &[1.0, 2.0]).map(drop));

    let network = (NET.0, NET.1, NET.2, Affine::<5, 1>);
    let shape = Network::<f64>::shape(&network);
    let mut weights = numbers(shape.params);
    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0; shape.params]).unwrap();
    let mut work = vec![0.0; curveball_work_len(shape, N)];
    none("CurveBall", || method.step(&Portable, &network, &LeastSquares, &mut weights, x, c, &mut work).map(drop));
}

/// x₀ exp(−x₁ t) at t = 0, 1, …, minus one.
struct Decay;
impl VectorFunction for Decay {
    fn eval<T: Real>(&self, x: &[T], r: &mut [T]) {
        for (t, r) in r.iter_mut().enumerate() {
            *r = x[0] * (-x[1] * T::from_usize(t)).exp() - T::ONE;
        }
    }
}

#[test]
fn fits_and_their_covariances() {
    let mut duals = vec![Dual::<f64, 2>::ZERO; 12];
    let mut problem = Differentiated::new(Decay, 2, 10, &mut duals).unwrap();
    let (mut buffer, mut permutation) = (vec![0.0; levenberg_marquardt_work_len(10, 2)], [0; 2]);
    let mut method = LevenbergMarquardt::new(10, 2, Default::default(), &mut buffer, &mut permutation).unwrap();
    let (mut theta, mut covariance) = ([3.0, 1.0], Matrix::<f64, 2, 2>::zeros());
    none("Levenberg–Marquardt", || method.run(&Portable, &mut problem, &mut theta, 20).map(drop));
    none("its covariance", || {
        method.covariance(&Portable, &mut problem, &theta, None, covariance.view_mut()).map(drop)
    });

    let (x, c) = (numbers(2 * N), numbers(N));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 1, N).unwrap());
    let mut buffer = vec![0.0; varpro_least_squares_work_len(Net::SHAPE, 1, N)];
    let regularizer = Tikhonov { alpha: 0.0 };
    let mut objective = VarProLeastSquares::new(&NET, regularizer, 1e-6, &Portable, x, c, &mut buffer).unwrap();
    let all = Net::PARAMS + 6;
    let (theta, mut covariance) = (numbers(Net::PARAMS), vec![0.0; all * all]);
    let (mut work, mut permutation) = (vec![0.0; varpro_covariance_work_len(Net::SHAPE, 1, N)], vec![0; all]);
    none("covariance of a separable fit", || {
        let out = MatMut::new(&mut covariance, all, all)?;
        objective.covariance(&theta, Some(1.0), out, &mut permutation, &mut work).map(drop)
    });
}

#[test]
fn checkpoints() {
    let options = TrustRegionOptions::<f64>::default();
    let mut memory = vec![0.0; trust_region_work_len(7, &options)];
    let mut method = TrustRegion::new(7, options, &mut memory).unwrap();
    let mut state = vec![0.0; method.state_len()];
    none("save", || method.save(&mut state));
    none("restore", || method.restore(&state));
}
