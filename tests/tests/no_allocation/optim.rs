//! Steps of the optimizers.

use super::{none, numbers};
use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Layer, LeastSquares, Network, Rk4, SoftmaxCrossEntropy, Tanh, Tikhonov, tanh,
};
use gaussling_core::optim::{
    CurveBall, CurveBallOptions, Lbfgs, LbfgsOptions, OnlineHead, Prodigy, Selection, SlimTrain, TrustRegion,
    TrustRegionOptions, VarProConvex, VarProLeastSquares, curveball_objective_work_len, curveball_work_len,
    lbfgs_work_len, prodigy_state_len, sampled_tikhonov_state_len, slimtrain_inputs_len, slimtrain_work_len,
    trust_region_work_len, varpro_convex_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{MatRef, Portable};

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
