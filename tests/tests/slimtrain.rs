//! slimTrain and Adam on peaks regression: the published trajectories; and the sampled Tikhonov step by itself.
//!
//! Mistakes of the published program (bias correction by the epoch, ε inside the root, sixty trial points) are supplied here,
//! through the library's own extension points.

mod common;

use common::{Npz, assert_close};
use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Euler, LeastSquares, Linear, Network, OnRange, Regularizer, Rk4, Tanh, Tikhonov,
    TimeDerivative, tanh,
};
use gaussling_core::optim::{
    Adam, Criterion, FirstOrder, LambdaRule, Prodigy, SampledTikhonov, SaveState, Selection, Sgd, SlimTrain, Status,
    Update, adam_state_len, loss_and_gradient, loss_work_len, prodigy_state_len, sampled_tikhonov_state_len,
    sampled_tikhonov_work_len, slimtrain_inputs_len, slimtrain_work_len,
};
use gaussling_core::{Backend, Error, MatMut, MatRef, Portable};

type Step = (Affine<8, 8>, Activation<Tanh, 8>);
const RESNN: (Linear<2, 8>, Activation<Tanh, 8>, Euler<Step, 8>) =
    (Linear, tanh(), Euler { layer: (Affine, tanh()), step_size: 0.625 });
type Field = (Antisymmetric<8>, Activation<Tanh, 8>);
const ANTISYM: (Linear<2, 8>, Activation<Tanh, 8>, Rk4<Field, 7>) =
    (Linear, tanh(), Rk4 { layer: (Antisymmetric, tanh()), step_size: 5.0 / 7.0 });

/// 5e-6/2 ‖opening layer‖² + 5e-6/2 ‖differences of the eight columns of the rest, divided by 8/5‖².
fn regularizer(params: usize) -> impl Regularizer<f64> {
    let rest = params - 16;
    let smooth = TimeDerivative { alpha: 5e-6, params: rest / 8, step_size: 1.6 };
    (
        OnRange { start: 0, len: 16, regularizer: Tikhonov { alpha: 5e-6 } },
        OnRange { start: 16, len: rest, regularizer: smooth },
    )
}

/// Adam as published: bias correction by the epoch (1 throughout these runs), ε = 1e-8 inside the square root.
struct PublishedAdam {
    m: Vec<f64>,
    v: Vec<f64>,
}

impl PublishedAdam {
    fn new(n: usize) -> Self {
        Self { m: vec![0.0; n], v: vec![0.0; n] }
    }
}

impl Update<f64> for PublishedAdam {
    fn update<B: Backend<f64>>(&mut self, _: &B, theta: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        for (((theta, &g), m), v) in theta.iter_mut().zip(gradient).zip(&mut self.m).zip(&mut self.v) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *theta -= 1e-3 * (*m / (1.0 - 0.9)) / (*v / (1.0 - 0.999) + 1e-8).sqrt();
        }
        Ok(())
    }
}

/// The published rule: the best of sixty points ±10^linspace(−16, log₁₀(σ_total/2), 30), the first one on ties.
struct TrialPoints;

impl LambdaRule<f64> for TrialPoints {
    fn choose(&mut self, criterion: &mut Criterion<'_, f64>) -> f64 {
        let p = (criterion.sum_lambda() / 2.0).log10().min(1e3);
        let (low, high) = (p.min(-16.0), p.max(-16.0));
        let powers: Vec<f64> = (0..30).map(|i| 10_f64.powf(low + f64::from(i) * (high - low) / 29.0)).collect();
        let candidates = powers.iter().rev().map(|l| -l).chain(powers.iter().copied());
        let mut best = (f64::NAN, f64::INFINITY);
        for lambda in candidates {
            let value = criterion.gcv(lambda);
            if value < best.1 {
                best = (lambda, value);
            }
        }
        best.0
    }
}

fn slim_trajectory(
    file: &str,
    network: &impl Network<f64>,
    theta0: &str,
    rule: &mut impl LambdaRule<f64>,
    lambda: f64,
) {
    let (inputs, kat) = (Npz::open("peaks_inputs.npz"), Npz::open(file));
    let ((_, y), (_, c)) = (inputs.f64s("Yt"), inputs.f64s("Ct"));
    let (mut theta, mut w) = (inputs.f64s(theta0).1, inputs.f64s("W0").1);
    let order = inputs.ints("epoch_order");
    let shape = network.shape();
    let state = vec![0.0; sampled_tikhonov_state_len(8, 10, 5)];
    let mut work = vec![f64::NAN; slimtrain_work_len(shape, 1, 10, 5)];
    let mut method = SlimTrain::new(shape, 1, 10, 5, 1e-3, state).unwrap();
    let (mut adam, regularizer) = (PublishedAdam::new(theta.len()), regularizer(theta.len()));
    let rows = kat.ints("x_iterations");
    for i in 0..kat.f64s("J").1.len() {
        let batch: Vec<usize> = order[10 * i..10 * i + 10].iter().map(|&j| j as usize).collect();
        let x: Vec<f64> = batch.iter().flat_map(|&j| [y[2 * j], y[2 * j + 1]]).collect();
        let t: Vec<f64> = batch.iter().map(|&j| c[j]).collect();
        let (x, t) = (MatRef::new(&x, 2, 10).unwrap(), MatRef::new(&t, 1, 10).unwrap());
        if i == 0 {
            let short = &mut work[1..];
            let refused =
                method.step(&Portable, network, &regularizer, rule, &mut adam, &mut theta, &mut w, x, t, short);
            assert!(matches!(refused, Err(Error::Workspace { .. })), "one element less");
        }
        let report = method
            .step(&Portable, network, &regularizer, rule, &mut adam, &mut theta, &mut w, x, t, &mut work)
            .unwrap();
        assert_eq!(report.work_units, 2 * (i + 1));
        assert!(report.gradient_norm > 0.0 && report.gradient_norm.is_finite());
        let at = |key: &str| kat.f64s(key).1[i];
        let noise_w = 10.0 * at("noise_W").max(1e-12);
        if lambda.is_nan() {
            assert_close("Lambda", &[report.lambda], &[at("Lambda")], 1e-9);
        }
        assert_close("sum of Lambda", &[report.sum_lambda], &[at("sumLambda")], 1e-9);
        assert_close("F", &[report.loss], &[at("F")], 10.0 * noise_w);
        // The published constant mode reports the fixed weight instead of the mean.
        let shift =
            if lambda.is_nan() { 0.0 } else { 0.5 * (lambda - report.alpha) * w.iter().map(|w| w * w).sum::<f64>() };
        assert_close("J", &[report.objective + shift], &[at("J")], 10.0 * noise_w);
        assert_close(&format!("W {i}"), &w, &kat.row("W", i), noise_w);
        if let Some(row) = rows.iter().position(|&k| k as usize == i) {
            let noise = 10.0 * kat.f64s("noise_x").1[row].max(1e-13);
            assert_close(&format!("theta {i}"), &theta, &kat.row("x", row), noise);
        }
    }
}

#[test]
fn published_trajectory_with_trial_points() {
    slim_trajectory("slim_resnn.npz", &RESNN, "theta0_resnn", &mut TrialPoints, f64::NAN);
}

#[test]
fn published_trajectory_with_constant_lambda() {
    slim_trajectory("slim_antisym_const.npz", &ANTISYM, "theta0_antisym", &mut Selection::Fixed(1e-3), 1e-3);
}

/// Adam over [θ; vec W] with the same mistakes, α_W = 1.
#[test]
fn published_adam_trajectory() {
    let (inputs, kat) = (Npz::open("peaks_inputs.npz"), Npz::open("adam_resnn.npz"));
    let ((_, y), (_, c)) = (inputs.f64s("Yt"), inputs.f64s("Ct"));
    let order = inputs.ints("epoch_order");
    let network = (RESNN.0, RESNN.1, RESNN.2, Affine::<8, 1>);
    let shape = Network::<f64>::shape(&network);
    let mut weights = [inputs.f64s("theta0_resnn").1, inputs.f64s("W0").1].concat();
    let n = weights.len() - 9;
    let regularizer = (regularizer(n), OnRange { start: n, len: 9, regularizer: Tikhonov { alpha: 1.0 } });
    let mut method = FirstOrder::new(PublishedAdam::new(weights.len()));
    let (mut gradient, mut work) = (vec![0.0; weights.len()], vec![0.0; loss_work_len(shape, 10)]);
    let rows = kat.ints("x_iterations");
    for i in 0..100 {
        let batch: Vec<usize> = order[10 * i..10 * i + 10].iter().map(|&j| j as usize).collect();
        let x: Vec<f64> = batch.iter().flat_map(|&j| [y[2 * j], y[2 * j + 1]]).collect();
        let t: Vec<f64> = batch.iter().map(|&j| c[j]).collect();
        let (x, t) = (MatRef::new(&x, 2, 10).unwrap(), MatRef::new(&t, 1, 10).unwrap());
        let mut expected = vec![0.0; n + 9];
        loss_and_gradient(&Portable, &network, LeastSquares, &weights, x, t, &mut expected, &mut work).unwrap();
        regularizer.add_product(&weights, &mut expected);
        let w = &mut weights;
        let report =
            method.step(&Portable, &network, LeastSquares, &regularizer, w, x, t, &mut gradient, &mut work).unwrap();
        assert_close("F", &[report.loss], &[kat.f64s("F").1[i]], 1e-12);
        assert_close("J", &[report.objective], &[kat.f64s("J").1[i]], 1e-12);
        assert_eq!((report.work_units, report.status), (2 * (i + 1), Status::Running));
        assert_eq!((report.gradient_norm, &gradient), (Portable.norm(&expected), &expected));
        if let Some(row) = rows.iter().position(|&k| k as usize == i) {
            assert_close("x", &weights, &kat.row("x", row), 10.0 * kat.f64s("noise_x").1[row].max(1e-13));
        }
    }
}

/// Criteria and new W of one step against dense linear algebra.
#[test]
fn one_step_against_dense_algebra() {
    struct Check<'a>(&'a Npz, f64);
    impl LambdaRule<f64> for Check<'_> {
        fn choose(&mut self, criterion: &mut Criterion<'_, f64>) -> f64 {
            let kat = self.0;
            assert_eq!(criterion.rows(), 30);
            for (i, &lambda) in kat.f64s("lambdas").1.iter().enumerate() {
                let variance = kat.scalar("sigma2");
                let found = [
                    criterion.residual_squared(lambda),
                    criterion.trace(lambda),
                    criterion.gcv(lambda),
                    criterion.discrepancy(lambda, variance),
                    criterion.upre(lambda, variance),
                ];
                for (key, found) in ["residual2", "trace", "gcv", "discrepancy", "upre"].into_iter().zip(found) {
                    assert_close(key, &[found], &[kat.f64s(key).1[i]], 1e-12);
                }
            }
            self.1
        }
    }
    let kat = Npz::open("tikhonov.npz");
    let ((_, stored), (_, c)) = (kat.f64s("M"), kat.f64s("C"));
    for (which, &index) in kat.ints("W_new_index").iter().enumerate() {
        let lambda = kat.f64s("lambdas").1[index as usize];
        let mut head = SampledTikhonov::new(
            8,
            3,
            10,
            5,
            kat.scalar("sum_lambda"),
            vec![0.0; sampled_tikhonov_state_len(8, 10, 5)],
        )
        .unwrap();
        let mut work = vec![f64::NAN; sampled_tikhonov_work_len(8, 3, 10, 5)];
        // Fill the memory with the five older blocks without moving W or the total.
        for block in 0..5 {
            let z: Vec<f64> = stored[90 * block..90 * (block + 1)].chunks(9).flat_map(|z| z[..8].to_vec()).collect();
            let z = MatRef::new(&z, 8, 10).unwrap();
            let mut ignored = vec![0.0; 27];
            let zero = vec![0.0; 30];
            head.update(
                &Portable,
                z,
                MatRef::new(&zero, 3, 10).unwrap(),
                &mut ignored,
                &mut Selection::Fixed(0.0),
                &mut work,
            )
            .unwrap();
        }
        let z: Vec<f64> = stored[450..540].chunks(9).flat_map(|z| z[..8].to_vec()).collect();
        let mut w = kat.f64s("W").1;
        let (z, c) = (MatRef::new(&z, 8, 10).unwrap(), MatRef::new(&c, 3, 10).unwrap());
        head.update(&Portable, z, c, &mut w, &mut Check(&kat, lambda), &mut work).unwrap();
        assert_close("W", &w, &kat.f64s(&format!("W_new_{which}")).1, 1e-12);
    }
}

/// With every batch in memory and fixed features, one pass is ridge regression with the sum of all Λ.
#[test]
fn one_pass_with_full_memory_is_ridge_regression() {
    let (batches, b, f, m) = (7, 4, 5, 2);
    let number = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    let z: Vec<f64> = (0..f * b * batches).map(number).collect();
    let c: Vec<f64> = (0..m * b * batches).map(|i| number(3 * i + 1)).collect();
    let mut w = vec![0.0; m * (f + 1)];
    let state = vec![0.0; sampled_tikhonov_state_len(f, b, batches)];
    // The total starts at (almost) nothing: the first step's Λ is what regularizes it.
    let mut head = SampledTikhonov::new(f, m, b, batches, 1e-300, state).unwrap();
    let mut work = vec![0.0; sampled_tikhonov_work_len(f, m, b, batches)];
    for i in 0..batches {
        let (z, c) = (&z[f * b * i..f * b * (i + 1)], &c[m * b * i..m * b * (i + 1)]);
        let (z, c) = (MatRef::new(z, f, b).unwrap(), MatRef::new(c, m, b).unwrap());
        head.update(&Portable, z, c, &mut w, &mut Selection::Fixed(0.05), &mut work).unwrap();
    }
    // The gradient of ½‖W Zh − C‖²/b + ½ (Σ Λ) ‖W‖² must vanish at W.
    let k = f + 1;
    let zh: Vec<f64> = z.chunks(f).flat_map(|z| z.iter().copied().chain([1.0])).collect();
    let (zh, n) = (MatRef::new(&zh, k, b * batches).unwrap(), b * batches);
    let mut r = c.clone();
    Portable.gemm(1.0, MatRef::new(&w, m, k).unwrap(), zh, -1.0, MatMut::new(&mut r, m, n).unwrap()).unwrap();
    let mut g = w.clone();
    let scale = 1.0 / b as f64;
    let (r, out) = (MatRef::new(&r, m, n).unwrap(), MatMut::new(&mut g, m, k).unwrap());
    Portable.gemm(scale, r, zh.transpose(), 0.05 * batches as f64, out).unwrap();
    assert!(g.iter().all(|g| g.abs() < 1e-12), "{g:?}");
    assert!((head.sum_lambda() - 0.35).abs() < 1e-15);
}

#[test]
fn misuse_is_refused_and_changes_nothing() {
    let state = |n| vec![0.0; n];
    assert!(SampledTikhonov::new(2, 1, 3, 1, 0.0, state(18)).is_err());
    assert!(SampledTikhonov::new(2, 1, 3, 1, 1.0, state(17)).is_err());
    let mut head = SampledTikhonov::new(2, 1, 3, 1, 1.0, state(18)).unwrap();
    let (mut w, mut work) = (vec![0.1, 0.2, 0.3], vec![0.0; sampled_tikhonov_work_len(2, 1, 3, 1)]);
    let nan = [1.0, f64::NAN];
    let target = [1.0];
    let (z, c) = (MatRef::new(&nan, 2, 1).unwrap(), MatRef::new(&target, 1, 1).unwrap());
    let result = head.update(&Portable, z, c, &mut w, &mut Selection::Gcv, &mut work);
    assert!(matches!(result, Err(Error::NonFinite { .. })));
    assert_eq!((w.as_slice(), head.steps(), head.sum_lambda()), ([0.1, 0.2, 0.3].as_slice(), 0, 1.0));
    let wide = [0.0; 8];
    let (z, c) = (MatRef::new(&wide, 2, 4).unwrap(), MatRef::new(&wide[..4], 1, 4).unwrap());
    assert!(head.update(&Portable, z, c, &mut w, &mut Selection::Gcv, &mut work).is_err());
}

/// Every rule keeps the total within its bounds and finds a point no worse than the ends of its interval.
#[test]
fn rules_stay_in_bounds() {
    struct Probe(Selection<f64>);
    impl LambdaRule<f64> for Probe {
        fn choose(&mut self, criterion: &mut Criterion<'_, f64>) -> f64 {
            let lambda = self.0.choose(criterion);
            let total = criterion.sum_lambda();
            let mut value = |l: f64| match self.0 {
                Selection::Gcv => criterion.gcv(l),
                Selection::Discrepancy(v) => criterion.discrepancy(l, v),
                Selection::Upre(v) => criterion.upre(l, v),
                Selection::Fixed(_) => 0.0,
            };
            for end in [-0.5 * total, 0.5 * total, 0.0] {
                if total + end >= 1e-7 {
                    assert!(value(lambda) <= value(end) * (1.0 + 1e-3), "{:?}: {lambda} against {end}", self.0);
                }
            }
            // No point of a fine scan of the interval is better by more than the batch can tell.
            let scan = (0..=200).map(|i| total * (3.0_f64.powf(f64::from(i) / 200.0) / 2.0 - 1.0));
            let least = scan.filter(|l| total + l >= 1e-7).map(&mut value).fold(f64::INFINITY, f64::min);
            assert!(value(lambda) <= least * (1.0 + 1e-4) + 1e-12, "{:?}: {} against {least}", self.0, value(lambda));
            let next = total + lambda;
            assert!(next >= 0.999e-7 && next <= 1.0001 * (1.5 * total).max(1e-7), "{lambda} {total}");
            lambda
        }
    }
    let number = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    for selection in [Selection::Gcv, Selection::Discrepancy(0.01), Selection::Upre(0.01)] {
        let mut head = SampledTikhonov::new(4, 2, 5, 2, 1e-10, vec![0.0; sampled_tikhonov_state_len(4, 5, 2)]).unwrap();
        let mut work = vec![0.0; sampled_tikhonov_work_len(4, 2, 5, 2)];
        let mut w = vec![0.0; 10];
        for step in 0..40 {
            let z: Vec<f64> = (0..20).map(|i| number(i + 31 * step)).collect();
            let c: Vec<f64> = (0..10).map(|i| z[4 * (i / 2)] + 0.1 * number(i + 57 * step)).collect();
            let (z, c) = (MatRef::new(&z, 4, 5).unwrap(), MatRef::new(&c, 2, 5).unwrap());
            let report = head.update(&Portable, z, c, &mut w, &mut Probe(selection), &mut work).unwrap();
            assert!(report.sum_lambda >= 1e-7 && report.loss_after.is_finite() && w.iter().all(|w| w.is_finite()));
        }
    }
}

/// Features and targets of a small problem that a test may step through, batches of `batch` and now and then of 3.
fn small_batch(i: usize, batch: usize) -> (Vec<f64>, Vec<f64>, usize) {
    let number = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    let b = if i % 3 == 2 { 3 } else { batch };
    let x: Vec<f64> = (0..2 * b).map(|j| 2.0 * number(8 * i + j)).collect();
    let c = x.chunks(2).flat_map(|x| [(3.0 * x[0]).sin() * x[1], x[0] * x[0]]).collect();
    (x, c, b)
}

type Small = (Affine<2, 5>, Activation<Tanh, 5>);
const SMALL: Small = (Affine, tanh());

struct Session<U> {
    batch: usize,
    method: SlimTrain<f64, Vec<f64>>,
    update: U,
    theta: Vec<f64>,
    w: Vec<f64>,
}

impl<U: Update<f64>> Session<U> {
    /// Batches of at most 4.
    fn new(recompute: bool, update: U) -> Self {
        Self::of(4, recompute, update)
    }

    fn of(batch: usize, recompute: bool, update: U) -> Self {
        let shape = Network::<f64>::shape(&SMALL);
        let state = vec![0.0; sampled_tikhonov_state_len(5, batch, 2)];
        let inputs = vec![0.0; slimtrain_inputs_len(shape, batch, 2)];
        let method = if recompute {
            SlimTrain::recomputing(shape, 2, batch, 2, 1e-3, state, inputs)
        } else {
            SlimTrain::new(shape, 2, batch, 2, 1e-3, state)
        };
        let theta = (0..shape.params).map(|i| ((i * 37 + 5) % 19) as f64 / 10.0 - 0.9).collect();
        Self { batch, method: method.unwrap(), update, theta, w: vec![0.0; 12] }
    }

    /// The loss of the last step.
    fn steps(&mut self, range: std::ops::Range<usize>) -> f64 {
        let mut loss = f64::NAN;
        let mut work = vec![f64::NAN; slimtrain_work_len(Network::<f64>::shape(&SMALL), 2, self.batch, 2)];
        for i in range {
            let (x, c, b) = small_batch(i, self.batch);
            let (x, c) = (MatRef::new(&x, 2, b).unwrap(), MatRef::new(&c, 2, b).unwrap());
            let (rule, regularizer) = (&mut Selection::Gcv, &Tikhonov { alpha: 1e-6 });
            let Self { method, update, theta, w, .. } = self;
            let step = method.step(&Portable, &SMALL, regularizer, rule, update, theta, w, x, c, &mut work);
            loss = step.unwrap().loss;
        }
        loss
    }
}

/// The stored features are those of the θ that the last step started from, also of short batches; without the option they are
/// those of the θ of their own step.
#[test]
fn stored_features_are_recomputed() {
    for recompute in [false, true] {
        let mut session = Session::new(recompute, Sgd::new(0.05, 0.9, vec![0.0; 15]));
        let mut thetas = Vec::new();
        for i in 0..8 {
            thetas.push(session.theta.clone());
            session.steps(i..i + 1);
        }
        let stored = session.method.linear().stored().to_vec();
        for i in 5..8 {
            let theta = &thetas[if recompute { 7 } else { i }];
            let (x, _, b) = small_batch(i, 4);
            let mut z = vec![0.0; 5 * b];
            let shape = Network::<f64>::shape(&SMALL);
            let (mut cache, mut work) = (vec![0.0; shape.cache.of(b)], vec![0.0; shape.work.of(b)]);
            let out = MatMut::new(&mut z, 5, b).unwrap();
            SMALL.forward(&Portable, theta, MatRef::new(&x, 2, b).unwrap(), out, &mut cache, &mut work).unwrap();
            let mut expected: Vec<f64> = z.chunks(5).flat_map(|z| z.iter().copied().chain([1.0])).collect();
            expected.resize(24, 0.0);
            assert_eq!(stored[24 * (i % 3)..24 * (i % 3 + 1)], expected, "{recompute}, batch {i}");
        }
    }
}

/// With a θ that stands still, recomputing changes no bit.
#[test]
fn recomputing_changes_nothing_where_theta_stands_still() {
    let mut sessions = [false, true].map(|recompute| Session::new(recompute, Sgd::new(0.0, 0.0, vec![0.0; 15])));
    for session in &mut sessions {
        session.steps(0..12);
    }
    assert_eq!(sessions[0].w, sessions[1].w);
    assert_eq!(sessions[0].method.linear().stored(), sessions[1].method.linear().stored());
    assert!(sessions[0].method.inputs().is_none() && sessions[1].method.inputs().is_some());
    // The lengths are exact.
    let shape = Network::<f64>::shape(&SMALL);
    let (state, inputs) = (sampled_tikhonov_state_len(5, 4, 2), slimtrain_inputs_len(shape, 4, 2));
    assert_eq!((state, inputs), (6 * 12, 2 * 12 + 3));
    let with = |state, inputs| SlimTrain::recomputing(shape, 2, 4, 2, 1e-3, vec![0.0; state], vec![0.0; inputs]);
    assert!(with(state, inputs).is_ok() && with(state - 1, inputs).is_err() && with(state, inputs - 1).is_err());
    // So is that of the workspace, for stored batches that are longer than the present one too.
    let session = &mut sessions[1];
    let (x, c, b) = small_batch(2, 4);
    let (x, c) = (MatRef::new(&x, 2, b).unwrap(), MatRef::new(&c, 2, b).unwrap());
    let mut work = vec![0.0; slimtrain_work_len(shape, 2, 4, 2) - 1];
    let Session { method, update, theta, w, .. } = session;
    let regularizer = &Tikhonov { alpha: 1e-6 };
    let refused = method.step(&Portable, &SMALL, regularizer, &mut Selection::Gcv, update, theta, w, x, c, &mut work);
    assert!(matches!(refused, Err(Error::Workspace { .. })));
}

/// The same for batches of more samples than features, which are stored as triangles, short ones among them.
#[test]
fn large_batches_are_recomputed_too() {
    let mut sessions = [false, true].map(|recompute| Session::of(100, recompute, Sgd::new(0.0, 0.0, vec![0.0; 15])));
    assert_eq!(sessions[0].method.linear().stored().len(), 6 * 6 * 3);
    for session in &mut sessions {
        let loss = session.steps(0..8);
        assert!(loss < 0.03, "{loss}, a sixth of that of W = 0");
    }
    assert_eq!(sessions[0].w, sessions[1].w);
    assert_eq!(sessions[0].method.linear().stored(), sessions[1].method.linear().stored());
}

/// Method and rule saved in the midst of training and restored into new ones: the same bits from there on.
#[test]
fn a_saved_training_goes_on_with_the_same_bits() {
    let params = 15;
    macro_rules! check {
        ($new:expr, $what:expr) => {
            for recompute in [false, true] {
                let mut one = Session::new(recompute, $new);
                one.steps(0..7);
                let mut other = Session::new(recompute, $new);
                other.steps(3..5); // something to be overwritten
                (other.theta, other.w) = (one.theta.clone(), one.w.clone());
                let (mut method, mut update) = (vec![0.0; one.method.state_len()], vec![0.0; one.update.state_len()]);
                one.method.save(&mut method).unwrap();
                one.update.save(&mut update).unwrap();
                assert!(other.method.restore(&method[1..]).is_err() && other.update.restore(&method).is_err());
                other.method.restore(&method).unwrap();
                other.update.restore(&update).unwrap();
                one.steps(7..20);
                other.steps(7..20);
                assert_eq!((&other.theta, &other.w), (&one.theta, &one.w), "{} {recompute}", $what);
            }
        };
    }
    check!(Adam::new(1e-2, vec![0.0; adam_state_len(params)]), "Adam");
    check!(Prodigy::new(1e-4, vec![0.0; prodigy_state_len(params)]), "Prodigy");
    check!(Sgd::new(1e-2, 0.9, vec![0.0; params]), "SGD");
}

/// A step that cannot be taken leaves weights and rule as they were, and says so.
#[test]
fn first_order_steps_stop_at_numbers_that_are_not_finite() {
    let mut method = FirstOrder::new(Adam::new(0.1, vec![0.0; adam_state_len(2)]));
    let net = Affine::<1, 1>;
    let shape = Network::<f64>::shape(&net);
    let (mut w, mut gradient, mut work) = ([0.5, 0.25], [0.0; 2], vec![0.0; loss_work_len(shape, 1)]);
    let mut step = |x: f64, w: &mut [f64]| {
        let (x, c) = ([x], [1.0]);
        let (x, c) = (MatRef::new(&x, 1, 1).unwrap(), MatRef::new(&c, 1, 1).unwrap());
        let none = Tikhonov { alpha: 0.0 };
        let report = method.step(&Portable, &net, LeastSquares, &none, w, x, c, &mut gradient, &mut work).unwrap();
        (report.status, report.work_units)
    };
    for (x, units) in [(f64::NAN, 2), (f64::INFINITY, 4), (1e200, 6)] {
        assert_eq!(step(x, &mut w), (Status::NonFinite, units), "{x}");
        assert_eq!(w, [0.5, 0.25]);
    }
    assert_eq!(step(1.0, &mut w), (Status::Running, 8));
    // The first step of Adam: its length, against the sign of the gradient.
    assert_close("first step", &w, &[0.6, 0.35], 1e-6);
}
