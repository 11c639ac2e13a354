//! Which decay rates are in noisy data, how sure are they, and what does it save not to search for the amplitudes?
//!
//! y = b + a₁ e^(−θ₁t) + a₂ e^(−θ₂t): GNvpro searches for the two rates, amplitudes and offset follow from them at every trial;
//! Levenberg–Marquardt searches for all five. Both start at the same rates, with the amplitudes that are optimal there, and have 300
//! trials; those until Σr² is within 1e-8 of where it ends are counted. First made-up data, with a hundred random starts; then real
//! ones: problem 1 of M. Osborne, "Some aspects of nonlinear least squares calculations" (1972), with data and first rates from
//! Moré, Garbow and Hillstrom (ACM TOMS 7, 1981); its minimum is Σr² = 5.46489…e-5.
//!
//! `cargo run --release --example exponentials`

use gaussling::core::autodiff::VectorFunction;
use gaussling::core::linalg::standard_errors;
use gaussling::core::nn::{FeatureFunction, FunctionModel, Shape, Tikhonov, model, standard_normal, uniform};
use gaussling::core::optim::{
    Differentiated, LevenbergMarquardt, LevenbergMarquardtStatus, Objective, Status, TrustRegion, TrustRegionOptions,
    VarProLeastSquares, levenberg_marquardt_work_len, trust_region_work_len, varpro_covariance_work_len,
    varpro_least_squares_work_len,
};
use gaussling::core::{Dual, Error, MatRef, Matrix, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// e^(−θ₁t), e^(−θ₂t): the only formula of the model. The offset is the bias that every linear layer has.
#[derive(Clone, Copy)]
struct Decays;

impl FeatureFunction<2, 1, 2> for Decays {
    fn eval<T: Real>(&self, rates: &[T; 2], &[t]: &[T; 1]) -> [T; 2] {
        rates.map(|rate| (-rate * t).exp())
    }
}

/// The residuals as a function of all five: θ₁, θ₂, a₁, a₂, b.
struct AllFive<'a>(&'a [f64], &'a [f64]);

impl VectorFunction for AllFive<'_> {
    fn eval<T: Real>(&self, p: &[T], r: &mut [T]) {
        for (r, (&t, &y)) in r.iter_mut().zip(self.0.iter().zip(self.1)) {
            let [first, second] = Decays.eval(&[p[0], p[1]], &[T::from_f64(t)]);
            *r = p[2] * first + p[3] * second + p[4] - T::from_f64(y);
        }
    }
}

/// At 0, 10, …, 320.
const OSBORNE: [f64; 33] = [
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
];

const SHAPE: Shape = Shape::function(2, 1, 2);
const NETWORK: FunctionModel<Decays, 2, 1, 2> = model(Decays);

/// Σr² at the end and trials until there, of GNvpro and of Levenberg–Marquardt; the rates that GNvpro found.
struct Fit {
    ends: [(f64, usize); 2],
    rates: [f64; 2],
}

fn fit(t: &[f64], y: &[f64], start: [f64; 2]) -> Result<Fit, Error> {
    let n = t.len();
    let (x, c) = (MatRef::new(t, 1, n)?, MatRef::new(y, 1, n)?);
    let mut memory = vec![0.0; varpro_least_squares_work_len(SHAPE, 1, n)];
    let mut objective = VarProLeastSquares::new(&NETWORK, Tikhonov { alpha: 0.0 }, 0.0, &Portable, x, c, &mut memory)?;
    objective.value(&start)?;
    let mut p = [&start, objective.weights()].concat();

    // GNvpro on the rates. In two dimensions two Krylov vectors are everything.
    let options = TrustRegionOptions { krylov_dim: 2, ..TrustRegionOptions::published() };
    let mut memory = vec![0.0; trust_region_work_len(2, &options)];
    let (mut method, mut rates) = (TrustRegion::new(2, options, &mut memory)?, start);
    let mut projected = Vec::new();
    for _ in 0..300 {
        let report = method.step(&Portable, &mut objective, &mut rates)?;
        projected.push(2.0 * n as f64 * report.value);
        if report.status != Status::Running {
            break;
        }
    }

    // Levenberg–Marquardt on all.
    let mut duals = vec![Dual::<f64, 5>::ZERO; 5 + n];
    let mut problem = Differentiated::new(AllFive(t, y), 5, n, &mut duals)?;
    let (mut memory, mut permutation) = (vec![0.0; levenberg_marquardt_work_len(n, 5)], [0; 5]);
    let mut method = LevenbergMarquardt::new(n, 5, Default::default(), &mut memory, &mut permutation)?;
    let mut all = Vec::new();
    for _ in 0..300 {
        let report = method.step(&Portable, &mut problem, &mut p)?;
        all.push(2.0 * report.value);
        if report.status != LevenbergMarquardtStatus::Running {
            break;
        }
    }

    let end = |s: &[f64]| {
        let least = s.last().copied().unwrap_or(f64::INFINITY);
        (least, 1 + s.iter().take_while(|&&s| s > (1.0 + 1e-8) * least).count())
    };
    Ok(Fit { ends: [end(&projected), end(&all)], rates })
}

/// All five parameters at these rates, with their standard errors.
fn with_errors(t: &[f64], y: &[f64], rates: [f64; 2]) -> Result<[(f64, f64); 5], Error> {
    let n = t.len();
    let (x, c) = (MatRef::new(t, 1, n)?, MatRef::new(y, 1, n)?);
    let mut memory = vec![0.0; varpro_least_squares_work_len(SHAPE, 1, n)];
    let mut objective = VarProLeastSquares::new(&NETWORK, Tikhonov { alpha: 0.0 }, 0.0, &Portable, x, c, &mut memory)?;
    let (mut covariance, mut errors) = (Matrix::<f64, 5, 5>::zeros(), [0.0; 5]);
    let mut work = vec![0.0; varpro_covariance_work_len(SHAPE, 1, n)];
    objective.covariance(&rates, None, covariance.view_mut(), &mut [0; 5], &mut work)?;
    standard_errors(covariance.view(), &mut errors)?;
    let parameters = [&rates, objective.weights()].concat();
    Ok(core::array::from_fn(|i| (parameters[i], errors[i])))
}

fn main() -> Result<(), Error> {
    let truth = [0.4, 2.0, 3.0, -2.0, 1.0];
    let t: Vec<f64> = (0..200).map(|j| 0.05 * f64::from(j)).collect();
    let (mut rng, mut y) = (Xoshiro256PlusPlus::seed_from_u64(7), vec![0.0; t.len()]);
    AllFive(&t, &vec![0.0; t.len()]).eval(&truth, &mut y);
    y.iter_mut().for_each(|y| *y += 0.02 * standard_normal(&mut rng));
    let starts: Vec<[f64; 2]> = (0..100).map(|_| [0; 2].map(|_| 0.05 * 200_f64.powf(uniform(&mut rng)))).collect();
    let fits = starts.iter().map(|&start| fit(&t, &y, start)).collect::<Result<Vec<_>, _>>()?;
    let least = fits.iter().flat_map(|fit| fit.ends).fold(f64::INFINITY, |least, (squares, _)| least.min(squares));
    let found = [0, 1].map(|method| {
        let mut trials: Vec<_> =
            fits.iter().map(|fit| fit.ends[method]).filter(|end| end.0 < (1.0 + 1e-6) * least).collect();
        trials.sort_by_key(|&(_, trials)| trials);
        (trials.len(), trials[trials.len() / 2].1)
    });
    let t_osborne: Vec<f64> = (0..33).map(|j| 10.0 * f64::from(j)).collect();
    let Fit { ends: osborne, rates: osborne_rates } = fit(&t_osborne, &OSBORNE, [0.01, 0.02])?;

    println!("                                     GNvpro     all five");
    println!("made up: minimum found, 100 starts   {:6}       {:6}", found[0].0, found[1].0);
    println!("  trials where found, median         {:6}       {:6}", found[0].1, found[1].1);
    println!("Osborne 1: trials                    {:6}       {:6}", osborne[0].1, osborne[1].1);
    println!("  Σr²                           {:.5e}   {:.5e}", osborne[0].0, osborne[1].0);
    let right = fits.iter().find(|fit| fit.ends[0].0 < (1.0 + 1e-6) * least).map_or([1.0, 2.0], |fit| fit.rates);
    let slow_first = |[a, b]: [f64; 2]| if a < b { [a, b] } else { [b, a] };
    let made_up = with_errors(&t, &y, slow_first(right))?;
    println!("{:14}θ₁{:15}θ₂{:15}a₁{:15}a₂{:15}b", "", "", "", "", "");
    let real = with_errors(&t_osborne, &OSBORNE, osborne_rates)?;
    for (name, fit) in [("made up", made_up), ("Osborne 1", real)] {
        println!("{name:9} {}", fit.map(|(p, error)| format!("{p:7.4} ± {error:.4}")).join(" "));
    }

    for (truth, (found, error)) in truth.iter().zip(made_up) {
        assert!((found - truth).abs() < 3.0 * error && error < 0.05, "{found} ± {error}, in truth {truth}");
    }
    assert!(osborne.iter().all(|(squares, _)| (squares - 5.464_894_697e-5).abs() < 1e-14), "the known minimum");
    // The errors that SciPy's curve_fit gives.
    for ((_, error), scipy) in real.iter().zip([4.4861e-4, 8.9472e-4, 0.220_311, 0.221_751, 2.072_32e-3]) {
        assert!((error / scipy - 1.0).abs() < 2e-4, "{error}");
    }
    assert!(found[0].0 > found[1].0 && found[0].0 > 80, "projection finds it from more starts");
    assert!(osborne[0].1 * 2 < osborne[1].1, "and here in fewer trials");
    Ok(())
}
