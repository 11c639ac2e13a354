//! Identities that hold at any point, whatever the trajectory: of the reduced least-squares objective, of GNvpro's steps, of
//! CurveBall's. Those of slimTrain are in `sampled_tikhonov.rs` and `slimtrain.rs`.

use gaussling_core::autodiff::check::taylor_test;
use gaussling_core::linalg::{cholesky_in_place, cholesky_solve_in_place};
use gaussling_core::nn::{Activation, Affine, Layer, LeastSquares, Linear, Loss, Network, Point, Tanh, Tikhonov, tanh};
use gaussling_core::optim::{
    CurveBall, CurveBallOptions, Objective, Outcome, Status, TrustRegion, TrustRegionOptions, VarProLeastSquares,
    curveball_work_len, trust_region_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Backend, Dual, MatMut, MatRef, Portable, Real};

type Net = (Affine<2, 4>, Activation<Tanh, 4>);
const NET: Net = (Affine, Activation(Tanh));
const SAMPLES: usize = 15;
const OUTPUTS: usize = 3;
/// Features and the constant.
const K: usize = 5;
const ALPHA_THETA: f64 = 2e-3;
const ALPHA_W: f64 = 3e-3;

/// Squared, since a matrix of sin(a + b i) has rank 2.
fn numbers<T: Real>(start: usize, len: usize) -> Vec<T> {
    (start..start + len).map(|i| T::from_f64(f64::sin(1.0 + 2.4 * (i * i) as f64))).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn theta() -> Vec<f64> {
    numbers(200, Net::PARAMS)
}

/// Runs `test` on the reduced objective of fixed data.
fn with_objective<T: Real, R>(
    test: impl FnOnce(&mut VarProLeastSquares<'_, T, Net, Tikhonov<T>, Portable>, MatRef<'_, T>, MatRef<'_, T>) -> R,
) -> R {
    let (x, c) = (numbers::<T>(0, 2 * SAMPLES), numbers::<T>(50, OUTPUTS * SAMPLES));
    let (x, c) = (MatRef::new(&x, 2, SAMPLES).unwrap(), MatRef::new(&c, OUTPUTS, SAMPLES).unwrap());
    let mut buffer = vec![T::ZERO; varpro_least_squares_work_len(Net::SHAPE, OUTPUTS, SAMPLES)];
    let (on_theta, alpha) = (Tikhonov { alpha: T::from_f64(ALPHA_THETA) }, T::from_f64(ALPHA_W));
    test(&mut VarProLeastSquares::new(&NET, on_theta, alpha, &Portable, x, c, &mut buffer).unwrap(), x, c)
}

/// [F(θ, X); 1ᵀ], K × SAMPLES.
fn features<T: Real>(theta: &[T], x: MatRef<'_, T>) -> Vec<T> {
    let (mut z, mut cache) = (vec![T::ZERO; 4 * SAMPLES], vec![T::ZERO; Net::SHAPE.cache.of(SAMPLES)]);
    let mut work = vec![T::ZERO; Net::SHAPE.work.of(SAMPLES)];
    NET.forward(&Portable, theta, x, MatMut::new(&mut z, 4, SAMPLES).unwrap(), &mut cache, &mut work).unwrap();
    z.chunks(4).flat_map(|z| [z, &[T::ONE]].concat()).collect()
}

/// (W Zh − C)/√N
fn residual<T: Real>(w: &[T], zh: &[T], c: MatRef<'_, T>) -> Vec<T> {
    let scale = T::ONE / T::from_usize(SAMPLES).sqrt();
    let mut r: Vec<T> = c.iter().map(|c| c * scale).collect();
    let (w, zh) = (MatRef::new(w, OUTPUTS, K).unwrap(), MatRef::new(zh, K, SAMPLES).unwrap());
    Portable.gemm(scale, w, zh, -T::ONE, MatMut::new(&mut r, OUTPUTS, SAMPLES).unwrap()).unwrap();
    r
}

/// At the weights that the objective returns, (W Zh − C) Zhᵀ/N + α W = 0; they and Φ are those of ridge regression through the
/// normal equations, another way to the same numbers.
#[test]
fn the_weights_are_those_of_ridge_regression() {
    with_objective::<f64, _>(|objective, x, c| {
        let value = objective.value(&theta()).unwrap();
        let (w, zh) = (objective.weights().to_vec(), features(&theta(), x));
        let (z, n) = (MatRef::new(&zh, K, SAMPLES).unwrap(), SAMPLES as f64);
        let r = residual(&w, &zh, c);
        let mut stationary = w.clone();
        let out = MatMut::new(&mut stationary, OUTPUTS, K).unwrap();
        let r_view = MatRef::new(&r, OUTPUTS, SAMPLES).unwrap();
        Portable.gemm(1.0 / n.sqrt(), r_view, z.transpose(), ALPHA_W, out).unwrap();
        assert!(stationary.iter().all(|g| g.abs() < 1e-14), "{stationary:?}");

        // (Zh Zhᵀ/N + α I) Wᵀ = Zh Cᵀ/N
        let (mut normal, mut ridge) = ([0.0; K * K], [0.0; K * OUTPUTS]);
        let mut m = MatMut::new(&mut normal, K, K).unwrap();
        Portable.gemm(1.0 / n, z, z.transpose(), 0.0, m.reborrow()).unwrap();
        (0..K).for_each(|i| m.col_mut(i)[i] += ALPHA_W);
        Portable.gemm(1.0 / n, z, c.transpose(), 0.0, MatMut::new(&mut ridge, K, OUTPUTS).unwrap()).unwrap();
        cholesky_in_place(&Portable, m.reborrow()).unwrap();
        cholesky_solve_in_place(&Portable, m.as_ref(), MatMut::new(&mut ridge, K, OUTPUTS).unwrap()).unwrap();
        for (i, w) in w.iter().enumerate() {
            let expected = ridge[i / OUTPUTS + K * (i % OUTPUTS)];
            assert!((w - expected).abs() < 1e-12 * (1.0 + expected.abs()), "W {i}: {w} {expected}");
        }
        let phi = 0.5 * (dot(&r, &r) + ALPHA_W * dot(&ridge, &ridge) + ALPHA_THETA * dot(&theta(), &theta()));
        assert!((value - phi).abs() < 1e-13 * phi, "{value} {phi}");
    });
}

#[test]
fn the_gradient_is_that_of_the_value() {
    with_objective::<f64, _>(|objective, _, _| {
        let (mut g, v) = (vec![0.0; Net::PARAMS], numbers::<f64>(300, Net::PARAMS));
        objective.value_and_gradient(&theta(), &mut g).unwrap();
        let slope = [dot(&g, &v)];
        let f = |theta: &[f64], y: &mut [f64]| y[0] = objective.value(theta).unwrap();
        let report = taylor_test(f, &theta(), &v, &slope, 0.1, &mut [0.0; Net::PARAMS + 2]).unwrap();
        assert!(report.passes() && report.order.is_some(), "{report:?}");
    });
}

/// J u, J v of the stacked residual [vec r; √α₁ θ; √α₂ vec W] by dual numbers through QR and substitution; then uᵀH v = ⟨J u, J v⟩,
/// which is the product, its adjoint and the symmetry at once.
#[test]
fn the_product_is_that_of_the_derivative_of_the_residual() {
    let directions = [300, 400].map(|start| numbers::<f64>(start, Net::PARAMS));
    let jacobian = with_objective::<Dual<f64, 2>, _>(|objective, x, c| {
        let pair = |i: usize| [directions[0][i], directions[1][i]];
        let theta: Vec<_> = (0..).zip(theta()).map(|(i, value)| Dual { value, eps: pair(i) }).collect();
        objective.value(&theta).unwrap();
        let (w, zh) = (objective.weights(), features(&theta, x));
        let on_theta = theta.iter().map(|t| t.scale(ALPHA_THETA.sqrt()));
        let stacked = residual(w, &zh, c).into_iter().chain(on_theta).chain(w.iter().map(|w| w.scale(ALPHA_W.sqrt())));
        let stacked: Vec<_> = stacked.collect();
        [0, 1].map(|i| stacked.iter().map(|r| r.eps[i]).collect::<Vec<f64>>())
    });
    with_objective::<f64, _>(|objective, _, _| {
        let (mut g, mut hv) = (vec![0.0; Net::PARAMS], vec![0.0; Net::PARAMS]);
        objective.value_and_gradient(&theta(), &mut g).unwrap();
        for i in 0..2 {
            objective.product(&directions[i], &mut hv).unwrap();
            for j in 0..2 {
                let (found, expected) = (dot(&directions[j], &hv), dot(&jacobian[i], &jacobian[j]));
                assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{i} {j}: {found} {expected}");
            }
        }
    });
}

/// Every step that is tried promises a decrease, every accepted one brings one, a rejected one changes nothing.
#[test]
fn accepted_steps_descend() {
    for options in [TrustRegionOptions::default(), TrustRegionOptions::published()] {
        with_objective::<f64, _>(|objective, _, _| {
            let mut buffer = vec![0.0; trust_region_work_len(Net::PARAMS, &options)];
            let mut method = TrustRegion::new(Net::PARAMS, options, &mut buffer).unwrap();
            let (mut theta, mut last) = (theta(), None);
            let (mut tried, mut moved) = (0, 0);
            for _ in 0..60 {
                let before = theta.clone();
                let report = method.step(&Portable, objective, &mut theta).unwrap();
                if report.status != Status::Running {
                    break;
                }
                tried += 1;
                assert!(report.predicted_decrease > 0.0, "{report:?}");
                let accepted = matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk);
                assert_eq!(accepted, theta != before, "{report:?}");
                if let (Some(last), true) = (last, accepted) {
                    assert!(report.value < last, "{last} {report:?}");
                    moved += 1;
                } else if let Some(last) = last {
                    assert_eq!(report.value, last, "{report:?}");
                }
                last = Some(report.value);
            }
            assert!(tried > 10 && moved > 5, "{tried} {moved}");
        });
    }
}

/// On a quadratic with λ = 0 the model is the loss: the predicted change M is the change (γ = 1), and no other ρ and β of the
/// plane of z and Δ go lower.
#[test]
fn curveball_minimizes_its_plane_and_predicts_what_it_gains() {
    let (x, c) = (numbers::<f64>(0, 6 * SAMPLES), numbers::<f64>(100, OUTPUTS * SAMPLES));
    let (x, c) = (MatRef::new(&x, 6, SAMPLES).unwrap(), MatRef::new(&c, OUTPUTS, SAMPLES).unwrap());
    let (net, params) = (Linear::<6, OUTPUTS>, 6 * OUTPUTS);
    let loss = |w: &[f64]| {
        let mut s = [0.0; OUTPUTS * SAMPLES];
        net.forward(&Portable, w, x, MatMut::new(&mut s, OUTPUTS, SAMPLES).unwrap(), &mut [], &mut []).unwrap();
        LeastSquares.value(MatRef::new(&s, OUTPUTS, SAMPLES).unwrap(), c)
    };
    let options = CurveBallOptions { lambda: 0.0, ..Default::default() };
    let mut method = CurveBall::new(options, vec![0.0; params]).unwrap();
    let mut work = vec![0.0; curveball_work_len(Linear::<6, OUTPUTS>::SHAPE, SAMPLES)];
    let mut w = numbers::<f64>(400, params);
    let mut ratios = 0;
    for step in 0..10 {
        let (start, z) = (w.clone(), method.momentum().to_vec());
        let report = method.step(&Portable, &net, &LeastSquares, &mut w, x, c, &mut work).unwrap();
        if let Some(ratio) = report.ratio {
            assert!((ratio - 1.0).abs() < 1e-9, "step {step}: {report:?}");
            ratios += 1;
        }
        // Δ = (ρ z − z_new)/β
        let delta: Vec<f64> =
            z.iter().zip(method.momentum()).map(|(z, new)| (report.rho * z - new) / report.beta).collect();
        let at = |rho: f64, beta: f64| {
            loss(&(0..params).map(|i| start[i] + rho * z[i] - beta * delta[i]).collect::<Vec<f64>>())
        };
        let least = at(report.rho, report.beta);
        assert!((least - loss(&w)).abs() < 1e-12 * least, "step {step}");
        for (a, b) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (1.0, -1.0)] {
            let other = at(report.rho + 0.05 * a, report.beta * (1.0 + 0.05 * b));
            // The first plane is a line: z = 0.
            assert!(other > least || (step == 0 && b == 0.0 && other == least), "step {step}: {least} {other}");
        }
    }
    assert_eq!(ratios, 2);
}

/// With two weights z and Δ span all there is: from the second step on w moves by −(Jᵀ J/N + λ I)⁻¹ g.
#[test]
fn curveball_in_two_dimensions_is_damped_gauss_newton() {
    type Two = (Affine<1, 1>, Activation<Tanh, 1>);
    let (net, x): (Two, _) = ((Affine, tanh()), numbers::<f64>(0, SAMPLES));
    let (x, c) = (MatRef::new(&x, 1, SAMPLES).unwrap(), numbers::<f64>(100, SAMPLES));
    let c = MatRef::new(&c, 1, SAMPLES).unwrap();
    let mut method = CurveBall::new(CurveBallOptions { lambda: 0.1, ..Default::default() }, [0.0; 2]).unwrap();
    let mut work = vec![0.0; curveball_work_len(Two::SHAPE, SAMPLES)];
    let (mut w, mut lambda) = ([0.7, -0.4], 0.1);
    for step in 0..8 {
        let (mut s, mut cache, mut own) = ([0.0; SAMPLES], vec![0.0; Two::SHAPE.cache.of(SAMPLES)], vec![0.0; 500]);
        net.forward(&Portable, &w, x, MatMut::new(&mut s, 1, SAMPLES).unwrap(), &mut cache, &mut own).unwrap();
        let point = Point { theta: &w, x, cache: &cache };
        let j = [[1.0, 0.0], [0.0, 1.0]].map(|e| {
            let mut column = [0.0; SAMPLES];
            net.jvp(&Portable, point, &e, None, MatMut::new(&mut column, 1, SAMPLES).unwrap(), &mut own).unwrap();
            column
        });
        let n = SAMPLES as f64;
        let r: Vec<f64> = s.iter().zip(c.iter()).map(|(s, c)| s - c).collect();
        let [a, b, d] = [dot(&j[0], &j[0]) / n + lambda, dot(&j[0], &j[1]) / n, dot(&j[1], &j[1]) / n + lambda];
        let g = [dot(&j[0], &r) / n, dot(&j[1], &r) / n];
        let newton = [(b * g[1] - d * g[0]) / (a * d - b * b), (b * g[0] - a * g[1]) / (a * d - b * b)];
        let before = w;
        lambda = method.step(&Portable, &net, &LeastSquares, &mut w, x, c, &mut work).unwrap().lambda;
        let moved = [w[0] - before[0], w[1] - before[1]];
        let error = f64::hypot(moved[0] - newton[0], moved[1] - newton[1]) / f64::hypot(newton[0], newton[1]);
        // Near the minimum the two directions differ by rounding; eight steps do not get there.
        assert_eq!(error < 1e-8, step > 0, "step {step}: {moved:?} {newton:?}");
    }
}
