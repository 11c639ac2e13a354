//! Which decay rates are in noisy data, how sure are they, and what does it save not to search for the amplitudes?
//!
//! y = b + a₁ e^(−θ₁t) + a₂ e^(−θ₂t): GNvpro searches for the two rates, amplitudes and offset follow from them at every step;
//! Levenberg–Marquardt searches for all five. Both start at the same rates, with the amplitudes that are optimal there, and
//! count trials until the sum of squares is within 1e-8 of its minimum. First made-up data, then real ones: problem 1 of
//! M. Osborne, "Some aspects of nonlinear least squares calculations" (1972), data as in Moré, Garbow and Hillstrom (ACM TOMS 7,
//! 1981), whose minimum is Σr² = 5.46489…e-5.
//!
//! `cargo run --release --example exponentials`

use gaussling::core::autodiff::VectorFunction;
use gaussling::core::linalg::standard_errors;
use gaussling::core::nn::{FeatureFunction, Shape, Tikhonov, model, standard_normal};
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
            let [fast, slow] = Decays.eval(&[p[0], p[1]], &[T::from_f64(t)]);
            *r = p[2] * fast + p[3] * slow + p[4] - T::from_f64(y);
        }
    }
}

/// At 0, 10, …, 320.
const OSBORNE: [f64; 33] = [
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
];

/// Σr², the parameters in the order above with their standard errors, and the trials of GNvpro and Levenberg–Marquardt.
type Fit = (f64, [f64; 5], [f64; 5], [usize; 2]);

fn fit(t: &[f64], y: &[f64], start: [f64; 2]) -> Result<Fit, Error> {
    const SHAPE: Shape = Shape::function(2, 1, 2);
    let n = t.len();
    let network = model(Decays);
    let (x, c) = (MatRef::new(t, 1, n)?, MatRef::new(y, 1, n)?);
    let mut memory = vec![0.0; varpro_least_squares_work_len(SHAPE, 1, n)];
    let mut objective = VarProLeastSquares::new(&network, Tikhonov { alpha: 0.0 }, 0.0, &Portable, x, c, &mut memory)?;
    objective.value(&start)?;
    let mut p = [&start, objective.weights()].concat();

    // GNvpro on the rates. In two dimensions two Krylov vectors are everything.
    let options = TrustRegionOptions { krylov_dim: 2, ..TrustRegionOptions::published() };
    let mut memory = vec![0.0; trust_region_work_len(2, &options)];
    let (mut method, mut rates) = (TrustRegion::new(2, options, &mut memory)?, start);
    let mut projected = Vec::new();
    loop {
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
    loop {
        let report = method.step(&Portable, &mut problem, &mut p)?;
        all.push(2.0 * report.value);
        if report.status != LevenbergMarquardtStatus::Running {
            break;
        }
    }

    // The standard errors of all five together, at the rates that GNvpro found.
    let (mut covariance, mut errors) = (Matrix::<f64, 5, 5>::zeros(), [0.0; 5]);
    let mut work = vec![0.0; varpro_covariance_work_len(SHAPE, 1, n)];
    objective.covariance(&rates, None, covariance.view_mut(), &mut [0; 5], &mut work)?;
    standard_errors(covariance.view(), &mut errors)?;
    let w = objective.weights();
    let least = projected.iter().chain(&all).fold(f64::INFINITY, |least, &s| least.min(s));
    let trials = [projected, all].map(|s| 1 + s.iter().take_while(|&&s| s > (1.0 + 1e-8) * least).count());
    Ok((least, [rates[0], rates[1], w[0], w[1], w[2]], errors, trials))
}

fn main() -> Result<(), Error> {
    let truth = [0.4, 2.0, 3.0, -2.0, 1.0];
    let t: Vec<f64> = (0..200).map(|j| 0.05 * f64::from(j)).collect();
    let (mut rng, mut y) = (Xoshiro256PlusPlus::seed_from_u64(7), vec![0.0; t.len()]);
    AllFive(&t, &vec![0.0; t.len()]).eval(&truth, &mut y);
    y.iter_mut().for_each(|y| *y += 0.02 * standard_normal(&mut rng));
    let t_osborne: Vec<f64> = (0..33).map(|j| 10.0 * f64::from(j)).collect();

    println!("data       start         GNvpro     all five  Σr²");
    let mut fits = Vec::new();
    for (name, t, y, start) in [
        ("made up", &t[..], &y[..], [0.2, 5.0]),
        ("made up", &t, &y, [1.0, 1.1]),
        ("made up", &t, &y, [3.0, 10.0]),
        ("Osborne 1", &t_osborne, &OSBORNE, [0.01, 0.02]),
    ] {
        let (squares, parameters, errors, trials) = fit(t, y, start)?;
        println!(
            "{name:9} {:>12}  {:4} trials  {:4} trials  {squares:.9e}",
            format!("{start:?}"),
            trials[0],
            trials[1]
        );
        fits.push((squares, parameters, errors, trials));
    }
    println!("{:14}θ₁{:15}θ₂{:15}a₁{:15}a₂{:15}b", "", "", "", "", "");
    for (name, (_, parameters, errors, _)) in [("made up", &fits[0]), ("Osborne 1", &fits[3])] {
        let cells: Vec<_> = parameters.iter().zip(errors).map(|(p, e)| format!("{p:7.4} ± {e:.4}")).collect();
        println!("{name:9} {}", cells.join(" "));
    }

    let (_, found, errors, _) = fits[0];
    for ((truth, found), error) in truth.iter().zip(found).zip(errors) {
        assert!((found - truth).abs() < 3.0 * error && error < 0.05, "{found} ± {error}, in truth {truth}");
    }
    assert!(fits[..3].iter().all(|fit| (fit.0 / fits[0].0 - 1.0).abs() < 1e-7), "all starts lead to one fit");
    assert!((fits[3].0 - 5.464_894_697e-5).abs() < 1e-14, "the known minimum");
    // From the third start both wander, and five parameters are as quick as two.
    let [two, five] = [0, 1].map(|method| fits.iter().map(|fit| fit.3[method]).sum::<usize>());
    assert!(two * 2 < five, "{two} trials for two parameters, {five} for five");
    Ok(())
}
