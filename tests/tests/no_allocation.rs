//! The core's routines allocate nothing: a counting allocator sees none while they run on buffers made before.

use allocation_counter::measure;
use gaussling_core::autodiff::{MultivariateFunction, Node, Tape, Var, gradient, gradient_reverse};
use gaussling_core::linalg::{
    LsqrOptions, MatrixOperator, cholesky_in_place, lsqr, lsqr_work_len, qr_in_place, svd_in_place,
};
use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Layer, LeastSquares, Network, Rk4, SoftmaxCrossEntropy, Tanh, Tikhonov, tanh,
};
use gaussling_core::optim::{
    CurveBall, CurveBallOptions, Lbfgs, LbfgsOptions, OnlineHead, Prodigy, Selection, SlimTrain, TrustRegion,
    TrustRegionOptions, VarProConvex, VarProLeastSquares, curveball_work_len, lbfgs_work_len, prodigy_state_len,
    sampled_tikhonov_state_len, slimtrain_inputs_len, slimtrain_work_len, trust_region_work_len,
    varpro_convex_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{MatMut, MatRef, Portable, Real};

type Net = (Affine<2, 5>, Activation<Tanh, 5>, Rk4<(Antisymmetric<5>, Activation<Tanh, 5>), 1>);
const NET: Net = (Affine, tanh(), Rk4 { layer: (Antisymmetric, tanh()), step_size: 1.0 });
const N: usize = 40;

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5).collect()
}

/// Fails when `run` allocates; it is run once before, so that nothing lazy counts.
fn none(what: &str, mut run: impl FnMut()) {
    run();
    let counted = measure(&mut run);
    assert_eq!(counted.count_total, 0, "{what} allocates");
}

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![1.0_f64; 100]))).count_total > 0);
}

#[test]
fn factorizations_and_solvers() {
    let a = numbers(200);
    let (mut work, mut tau, mut s, mut v) = (a.clone(), vec![0.0; 10], vec![0.0; 10], vec![0.0; 100]);
    none("qr", || {
        work.copy_from_slice(&a);
        qr_in_place(&Portable, MatMut::new(&mut work, 20, 10).unwrap(), &mut tau).unwrap();
    });
    none("svd", || {
        work.copy_from_slice(&a);
        let (u, v) = (MatMut::new(&mut work, 20, 10).unwrap(), MatMut::new(&mut v, 10, 10).unwrap());
        svd_in_place(&Portable, u, &mut s, v).unwrap();
    });
    let mut h = vec![0.0; 100];
    none("cholesky", || {
        h.fill(0.1);
        h.iter_mut().step_by(11).for_each(|d| *d = 2.0);
        cholesky_in_place(&Portable, MatMut::new(&mut h, 10, 10).unwrap()).unwrap();
    });
    let (b, mut x, mut memory) = (numbers(20), vec![0.0; 10], vec![0.0; lsqr_work_len(20, 10)]);
    none("lsqr", || {
        let mut operator = MatrixOperator { backend: &Portable, matrix: MatRef::new(&a, 20, 10).unwrap() };
        lsqr(&Portable, &mut operator, &b, &mut x, None, &mut memory, &LsqrOptions::default()).unwrap();
    });
}

#[derive(Clone, Copy)]
struct Rosenbrock;
impl MultivariateFunction for Rosenbrock {
    fn eval<T: Real>(&self, x: &[T]) -> T {
        x.windows(2).fold(T::ZERO, |sum, x| {
            let (a, b) = (T::ONE - x[0], x[1] - x[0] * x[0]);
            sum + a * a + T::from_f64(100.0) * b * b
        })
    }
}

#[test]
fn derivatives() {
    none("gradient by duals", || {
        std::hint::black_box(gradient(&Rosenbrock, &[0.3_f64, -0.4, 0.5]));
    });
    let mut nodes = vec![Node::<f64>::default(); 200];
    let (x, mut g) = (numbers(10), vec![0.0; 10]);
    let tape = Tape::new(&mut nodes);
    let mut work = vec![Var::ZERO; 10];
    none("gradient by the tape", || {
        gradient_reverse(&Rosenbrock, &x, &mut g, &tape, &mut work).unwrap();
    });
}

#[test]
fn optimizers() {
    let (x, c) = (numbers(2 * N), numbers(N));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 1, N).unwrap());
    let params = Net::PARAMS;
    let mut theta = numbers(params);

    let mut buffer = vec![0.0; varpro_least_squares_work_len(Net::SHAPE, 1, N)];
    let regularizer = Tikhonov { alpha: 1e-6 };
    let mut objective = VarProLeastSquares::new(&NET, regularizer, 1e-6, &Portable, x, c, &mut buffer).unwrap();
    let mut memory = vec![0.0; trust_region_work_len(params, 20)];
    let mut method = TrustRegion::new(params, TrustRegionOptions::default(), &mut memory).unwrap();
    none("GNvpro", || {
        method.step(&Portable, &mut objective, &mut theta).unwrap();
    });
    let mut memory = vec![0.0; lbfgs_work_len(params, 10)];
    let mut method = Lbfgs::new(params, LbfgsOptions::default(), &mut memory).unwrap();
    none("L-BFGS", || {
        method.step(&Portable, &mut objective, &mut theta).unwrap();
    });

    let labels: Vec<f64> = (0..3 * N).map(|i| f64::from(u8::from(i % 3 == i / 3 % 3))).collect();
    let labels = MatRef::new(&labels, 3, N).unwrap();
    let mut buffer = vec![0.0; varpro_convex_work_len(Net::SHAPE, 3, N)];
    let loss = SoftmaxCrossEntropy;
    let mut objective =
        VarProConvex::new(&NET, loss, regularizer, 1e-4, 1e-9, &Portable, x, labels, &mut buffer).unwrap();
    let mut memory = vec![0.0; trust_region_work_len(params, 20)];
    let mut method = TrustRegion::new(params, TrustRegionOptions::default(), &mut memory).unwrap();
    none("GNvpro for classes", || {
        method.step(&Portable, &mut objective, &mut theta).unwrap();
    });

    let state = vec![0.0; sampled_tikhonov_state_len(5, N, 2)];
    let inputs = vec![0.0; slimtrain_inputs_len(Net::SHAPE, N, 2)];
    let mut method = SlimTrain::recomputing(Net::SHAPE, 1, N, 2, 1e-3, state, inputs).unwrap();
    let mut update = Prodigy::new(1e-5, vec![0.0; prodigy_state_len(params)]);
    let (mut w, mut work) = (vec![0.0; 6], vec![0.0; slimtrain_work_len(Net::SHAPE, 1, N, 2)]);
    none("slimTrain", || {
        let rule = &mut Selection::Gcv;
        method.step(&Portable, &NET, &regularizer, rule, &mut update, &mut theta, &mut w, x, c, &mut work).unwrap();
    });

    let mut head = OnlineHead::<f32, 4, 2>::new(1e-3, 0.99).unwrap();
    none("the head on line", || {
        head.update(&[0.1, -0.2, 0.3, 0.4], &[1.0, 2.0]).unwrap();
    });

    let network = (NET.0, NET.1, NET.2, Affine::<5, 1>);
    let shape = Network::<f64>::shape(&network);
    let mut weights = numbers(shape.params);
    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0; shape.params]).unwrap();
    let mut work = vec![0.0; curveball_work_len(shape, N)];
    none("CurveBall", || {
        method.step(&Portable, &network, &LeastSquares, &mut weights, x, c, &mut work).unwrap();
    });
}
