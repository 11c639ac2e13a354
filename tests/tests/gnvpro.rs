//! GNvpro on peaks regression: the published trajectory, and ours.

mod common;

use common::{Npz, assert_close};
use gaussling_core::linalg::{Krylov, krylov_work_len};
use gaussling_core::nn::{Affine, Euler, Layer, Linear, Tikhonov, tanh};
use gaussling_core::optim::{
    Objective, Outcome, TrustRegion, TrustRegionOptions, VarProLeastSquares, trust_region_work_len,
    varpro_least_squares_work_len,
};
use gaussling_core::{MatRef, Portable};

/// 8 × 2 opening layer without bias, 8 residual steps h = 5/8.
const NET: (Linear<2, 8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>, Euler<Step, 8>) =
    (Linear, tanh(), Euler { layer: (Affine, tanh()), step_size: 0.625 });
type Step = (Affine<8, 8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>);

fn with_objective(run: impl FnOnce(&mut dyn FnMut() -> (Vec<f64>, f64), &mut Problem<'_>)) {
    let inputs = Npz::open("peaks_inputs.npz");
    let ((ys, y), (cs, c)) = (inputs.f64s("Yt"), inputs.f64s("Ct"));
    let (x, c) = (MatRef::new(&y, ys[0], ys[1]).unwrap(), MatRef::new(&c, cs[0], cs[1]).unwrap());
    let network = NET;
    let mut buffer = vec![0.0; varpro_least_squares_work_len(shape(), 1, ys[1])];
    let mut problem =
        VarProLeastSquares::new(&network, Tikhonov { alpha: 1e-6 }, 1e-8, &Portable, x, c, &mut buffer).unwrap();
    let mut start = || (inputs.f64s("theta0_resnn").1, 0.0);
    run(&mut start, &mut problem);
}

type Net = (Linear<2, 8>, gaussling_core::nn::Activation<gaussling_core::nn::Tanh, 8>, Euler<Step, 8>);
type Problem<'a> = VarProLeastSquares<'a, f64, Net, Tikhonov<f64>, Portable>;

fn shape() -> gaussling_core::nn::Shape {
    <Net as Layer>::SHAPE
}

/// The published program step by step, with its expansion that does not expand: after ratio > 0.75 on the boundary it
/// multiplies the radius by 1.5 and tries *the same* step again. That loop is this test's; Krylov space, boundary solution,
/// objective, gradient and products are the library's.
#[test]
fn published_trajectory() {
    let kat = Npz::open("gnvpro_peaks.npz");
    with_objective(|start, problem| {
        let (mut theta, _) = start();
        let n = theta.len();
        let (mut gradient, mut step) = (vec![0.0; n], vec![0.0; n]);
        let mut work = vec![0.0; krylov_work_len(n, 20)];
        let mut krylov = Krylov::new(n, 20, &mut work).unwrap();
        let mut value = problem.value_and_gradient(&theta, &mut gradient).unwrap();
        assert_close("W at the start", problem.weights(), &kat.f64s("W_start").1, 1e-10);
        assert_close("J at the start", &[value], &[kat.scalar("J_start")], 1e-13);
        let (mut radius, mut flag, mut last) = (None, 0, None);
        for i in 0..10 {
            let at = |key: &str| kat.f64s(key).1[i];
            let noise = 10.0 * at("noise").max(1e-13);
            assert_close("J before", &[value], &[at("J_before")], noise);
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            assert_close("gradient norm", &[norm], &[at("grad_norm")], 10.0 * noise);
            if flag > -2 {
                let rhs: Vec<f64> = gradient.iter().map(|g| -g).collect();
                let report = krylov
                    .build::<_, gaussling_core::Error>(&Portable, &rhs, 1e-2, false, |v, hv| problem.product(v, hv))
                    .unwrap();
                assert_close("Krylov residual", &[report.residual], &[at("krylov_relres")], 1e-7);
            }
            assert_eq!(krylov.dim() as i64, kat.ints("krylov_dim")[i], "Krylov dimension of trial {i}");
            if flag != -3 {
                last = Some(krylov.solve(&Portable, radius, &mut step).unwrap());
            }
            let tried = last.unwrap();
            let delta = *radius.get_or_insert(tried.norm);
            assert_close("step norm", &[tried.norm], &[at("step_norm")], 10.0 * noise);
            assert_close("predicted", &[tried.predicted_decrease], &[at("pred")], 100.0 * noise);
            let trial: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + s).collect();
            let ratio = (value - problem.value(&trial).unwrap()) / tried.predicted_decrease;
            assert_close("rho", &[ratio], &[at("rho")], 1e-8);
            let on_boundary = (tried.norm - delta).abs() / delta < 1e-5;
            let (next, new_flag) = if ratio < 1e-4 {
                (0.5 * delta.min(tried.norm), -2)
            } else if ratio < 0.1 {
                (0.5 * delta, 1)
            } else if ratio <= 0.75 {
                (delta, 0)
            } else if on_boundary && delta <= 1e4 * norm {
                (1.5 * delta, -3)
            } else {
                (delta, 2)
            };
            (radius, flag) = (Some(next), new_flag);
            assert_eq!(i64::from(flag), kat.ints("flag")[i], "decision of trial {i}");
            assert_close("radius after", &[next], &[at("Delta_after")], 10.0 * noise);
            if flag > -2 {
                theta = trial;
                value = problem.value_and_gradient(&theta, &mut gradient).unwrap();
            }
            assert_close("theta", &theta, &kat.row("theta", i), noise);
        }
        assert_close("W at the end", problem.weights(), &kat.f64s("W_final").1, 4e-10);
        assert_close("J at the end", &[value], &[kat.scalar("J_final")], 1e-10);
        assert_close("F at the end", &[problem.data_loss()], &[kat.scalar("F_final")], 1e-10);
    });
}

/// [`TrustRegion`] against the same method with an expansion that expands, and its accounting of work.
#[test]
fn our_trajectory() {
    let kat = Npz::open("gnvpro_expand.npz");
    with_objective(|start, problem| {
        let (mut theta, _) = start();
        let options = TrustRegionOptions::published();
        let mut work = vec![f64::NAN; trust_region_work_len(theta.len(), &options)];
        assert!(TrustRegion::new(theta.len(), options, &mut work[1..]).is_err());
        let mut method = TrustRegion::new(theta.len(), options, &mut work).unwrap();
        let (mut units, mut new_point) = (2, true);
        let mut last = f64::INFINITY;
        for i in 0..10 {
            let at = |key: &str| kat.f64s(key).1[i];
            let noise = 10.0 * at("noise").max(1e-13);
            let report = method.step(&Portable, problem, &mut theta).unwrap();
            let flag = match report.outcome {
                Outcome::Accepted if report.ratio > 0.75 => 2,
                Outcome::Accepted => 0,
                Outcome::AcceptedAndShrunk => 1,
                Outcome::Rejected => -2,
                Outcome::Expanded => -3,
                Outcome::None => 99,
            };
            assert_eq!(flag, kat.ints("flag")[i], "decision of trial {i}: {report:?}");
            assert_eq!(report.krylov_dim as i64, kat.ints("krylov_dim")[i]);
            assert_close("step norm", &[report.step_norm], &[at("step_norm")], 10.0 * noise);
            assert_close("rho", &[report.ratio], &[at("rho")], 1e-7);
            assert_close("radius after", &[report.radius], &[at("Delta_after")], 10.0 * noise);
            assert_close("theta", &theta, &kat.row("theta", i), noise);
            units += 1 + if new_point { 2 * report.krylov_dim } else { 0 };
            new_point = flag > -2;
            units += if new_point { 1 } else { 0 }; // the value is that of the trial
            assert_eq!(report.work_units, units, "work units after trial {i}");
            assert!(report.predicted_decrease > 0.0);
            assert!(report.value <= last, "an accepted step decreases the objective");
            last = report.value;
        }
    });
}
