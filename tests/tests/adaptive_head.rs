//! The adaptive head against what it claims to solve, and its search for λ against the best fixed λ.

use gaussling::core::nn::standard_normal;
use gaussling::core::optim::{AdaptiveHead, AdaptiveHeadOptions, SaveState};
use gaussling::core::scalar::Real;
use gaussling::core::{Error, MatMut, MatRef, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of normal regressors whose targets are those of `truth` plus noise.
fn sample<T: Real, const K: usize, const M: usize>(
    rng: &mut Xoshiro256PlusPlus,
    truth: &[[f64; K]; M],
    noise: f64,
) -> ([T; K], [T; M]) {
    let z: [f64; K] = [0.0; K].map(|_| standard_normal(rng));
    let c = truth.map(|row| row.iter().zip(&z).map(|(w, z)| w * z).sum::<f64>() + noise * standard_normal(rng));
    (z.map(T::from_f64), c.map(T::from_f64))
}

fn draw<const K: usize, const M: usize>(rng: &mut Xoshiro256PlusPlus) -> [[f64; K]; M] {
    [[0.0; K]; M].map(|row: [f64; K]| row.map(|_| standard_normal(rng)))
}

/// The normal equations of the sum in the head of `adaptive_head.rs`, in `f64`, with the prior's weights as step 4 keeps them.
struct Dense<const K: usize, const M: usize> {
    a: Vec<f64>,
    /// A (W − W₀)ᵀ
    b: Vec<f64>,
    weights: [f64; K],
    prior: [[f64; K]; M],
    options: AdaptiveHeadOptions<f64>,
    steps: usize,
}

impl<const K: usize, const M: usize> Dense<K, M> {
    fn update(&mut self, z: [f64; K], c: [f64; M]) {
        let AdaptiveHeadOptions { lambda, forgetting, .. } = self.options;
        self.a.iter_mut().chain(&mut self.b).chain(&mut self.weights).for_each(|x| *x *= forgetting);
        for i in 0..K {
            (0..K).for_each(|j| self.a[i + j * K] += z[i] * z[j]);
            for t in 0..M {
                let residual = c[t] - self.prior[t].iter().zip(&z).map(|(w, z)| w * z).sum::<f64>();
                self.b[i + t * K] += residual * z[i];
            }
        }
        self.steps += 1;
        if self.steps.is_multiple_of(4) {
            let j = (self.steps / 4 - 1) % K;
            self.a[j + j * K] += lambda - self.weights[j];
            self.weights[j] = lambda;
        }
    }

    /// W, by Cholesky.
    fn solve(&self) -> Result<Vec<f64>, Error> {
        let (mut a, mut v) = (self.a.clone(), self.b.clone());
        gaussling::core::linalg::cholesky_in_place(&Portable, MatMut::new(&mut a, K, K)?)?;
        gaussling::core::linalg::cholesky_solve_in_place(
            &Portable,
            MatRef::new(&a, K, K)?,
            MatMut::new(&mut v, K, M)?,
        )?;
        Ok(v.iter().zip(self.prior.as_flattened()).map(|(v, w)| v + w).collect())
    }
}

/// The largest difference from the dense solution, relative to the largest weight, after each of `steps` samples.
fn against_dense<T: Real, const K: usize, const M: usize>(forgetting: f64, steps: usize) -> Result<f64, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(K as u64);
    let (truth, prior) = (draw::<K, M>(&mut rng), draw::<K, M>(&mut rng));
    let options = AdaptiveHeadOptions { lambda: 0.7, forgetting, adapt_lambda: false };
    let mut a = vec![0.0; K * K];
    (0..K).for_each(|j| a[j + j * K] = options.lambda);
    let mut dense = Dense { a, b: vec![0.0; K * M], weights: [options.lambda; K], prior, options, steps: 0 };
    let own_prior = prior.map(|row| row.map(T::from_f64));
    let own_options = AdaptiveHeadOptions {
        lambda: T::from_f64(options.lambda),
        forgetting: T::from_f64(forgetting),
        adapt_lambda: false,
    };
    let mut head = AdaptiveHead::<T, K, M>::new(&own_prior, own_options)?;
    let mut worst = 0.0_f64;
    for step in 0..steps {
        let (z, c) = sample::<T, K, M>(&mut rng, &truth, 0.1);
        let before = head.predict(&z);
        let report = head.update(&z, &c)?;
        let honest: f64 = before.iter().zip(&c).map(|(y, c)| (*y - *c).value().powi(2)).sum();
        assert!((report.loss.value() - 0.5 * honest).abs() <= 1e-6 * honest, "the error before the step");
        dense.update(z.map(|z| z.value()), c.map(|c| c.value()));
        if step % 50 == 49 || step < 5 {
            let expected = dense.solve()?;
            let most = expected.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
            for (w, expected) in head.weights().as_flattened().iter().zip(expected) {
                worst = worst.max((w.value() - expected).abs() / most);
            }
        }
    }
    Ok(worst)
}

#[test]
fn weights_are_those_of_the_normal_equations() -> Result<(), Error> {
    for forgetting in [1.0, 0.99, 0.9] {
        let errors = [
            against_dense::<f64, 1, 1>(forgetting, 500)?,
            against_dense::<f64, 2, 3>(forgetting, 500)?,
            against_dense::<f64, 3, 1>(forgetting, 500)?,
            against_dense::<f64, 4, 2>(forgetting, 500)?,
            against_dense::<f64, 5, 5>(forgetting, 500)?,
            against_dense::<f64, 8, 1>(forgetting, 500)?,
            against_dense::<f64, 11, 2>(forgetting, 500)?,
            against_dense::<f64, 33, 10>(forgetting, 500)?,
        ];
        println!("forgetting {forgetting}: {errors:?}");
        assert!(errors.iter().all(|&error| error < 1e-13), "{errors:?}");
        let single = [against_dense::<f32, 5, 2>(forgetting, 20_000)?, against_dense::<f32, 33, 10>(forgetting, 2000)?];
        println!("f32: {single:?}");
        assert!(single.iter().all(|&error| error < 2e-5), "{single:?}");
    }
    Ok(())
}

/// Mean squared honest error over the last 3000 of 4000 samples, and λ at the end.
fn tracked(truth_is_prior: bool, noise: f64, lambda: f64, adapt_lambda: bool) -> Result<(f64, f64), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let prior = draw::<20, 2>(&mut rng);
    let truth = if truth_is_prior { prior } else { draw::<20, 2>(&mut rng) };
    let options = AdaptiveHeadOptions { lambda, forgetting: 0.97, adapt_lambda };
    let mut head = AdaptiveHead::<f64, 20, 2>::new(&prior, options)?;
    let mut sum = 0.0;
    for step in 0..4000 {
        let (z, c) = sample(&mut rng, &truth, noise);
        let report = head.update(&z, &c)?;
        sum += if step < 1000 { 0.0 } else { report.loss / 3000.0 };
    }
    Ok((sum, head.lambda()))
}

/// λ is found that is nearly as good as the best of a grid, whether the deployed weights are right or wrong, from a start that
/// is wrong by three orders of magnitude.
#[test]
fn lambda_is_found_from_honest_errors() -> Result<(), Error> {
    for (truth_is_prior, noise, start) in [(true, 0.5, 0.1), (false, 0.5, 10.0), (false, 5.0, 100.0), (true, 3.0, 0.1)]
    {
        let grid: Vec<f64> = (-3..=3).map(|power| 10_f64.powi(power)).collect();
        let errors = grid.iter().map(|&lambda| tracked(truth_is_prior, noise, lambda, false).map(|run| run.0));
        let errors = errors.collect::<Result<Vec<f64>, Error>>()?;
        let best = errors.iter().copied().fold(f64::INFINITY, f64::min);
        let (fixed, _) = tracked(truth_is_prior, noise, start, false)?;
        let (found, lambda) = tracked(truth_is_prior, noise, start, true)?;
        println!(
            "{truth_is_prior} {noise}: start {fixed:.4}, found {found:.4} at lambda {lambda:.3}, grid {errors:.4?}"
        );
        assert!(found < 1.03 * best, "{found} for {best}");
        // Where the deployed weights are right all trust in them is best, else little.
        assert!(if truth_is_prior { lambda > 500.0 } else { lambda < 50.0 }, "{lambda}");
        assert!(fixed > 1.1 * best, "the start was not wrong enough to prove anything: {fixed}, best {best}");
    }
    Ok(())
}

#[test]
fn silence_does_no_harm_and_what_is_not_finite_is_refused() -> Result<(), Error> {
    let prior = [[1.0_f32, -2.0, 0.5]];
    let options = AdaptiveHeadOptions { forgetting: 0.9, ..AdaptiveHeadOptions::default() };
    let mut head = AdaptiveHead::<f32, 3, 1>::new(&prior, options)?;
    head.update(&[1.0, 0.0, 0.0], &[3.0])?;
    for _ in 0..10_000 {
        head.update(&[0.0; 3], &[0.0])?;
    }
    // Forgotten, and back at the weights of the start.
    assert!(head.weights()[0].iter().zip(&prior[0]).all(|(w, prior)| (w - prior).abs() < 1e-5), "{:?}", head.weights());
    let before = head.clone();
    assert_eq!(head.update(&[f32::NAN, 0.0, 0.0], &[1.0]), Err(Error::NonFinite { what: "z or c" }));
    assert_eq!(head.update(&[1.0; 3], &[f32::INFINITY]), Err(Error::NonFinite { what: "z or c" }));
    assert_eq!(head, before);
    let large = head.update(&[3e38; 3], &[3e38]);
    assert_eq!(large, Err(Error::NonFinite { what: "w" }));
    for (lambda, forgetting) in
        [(0.0, 0.9), (f32::NAN, 0.9), (-1.0, 0.9), (1.0, 0.0), (1.0, 1.1), (1e38, 1.0), (1.0, f32::NAN)]
    {
        let options = AdaptiveHeadOptions { lambda, forgetting, adapt_lambda: true };
        let made = AdaptiveHead::<f32, 3, 1>::new(&prior, options);
        assert!(matches!(made, Err(Error::InvalidOption { .. })), "{lambda} {forgetting}");
    }
    let bad = AdaptiveHead::<f32, 1, 1>::new(&[[f32::NAN]], AdaptiveHeadOptions::default());
    assert_eq!(bad, Err(Error::NonFinite { what: "prior" }));
    Ok(())
}

/// Saved after every step and handed to a new head, the stream ends with the bits of one that was never interrupted.
#[test]
fn what_it_has_learnt_survives_a_power_cut() -> Result<(), Error> {
    type Head<'p> = AdaptiveHead<'p, f32, 6, 2>;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let prior = draw::<6, 2>(&mut rng).map(|row| row.map(|w| w as f32));
    let options = AdaptiveHeadOptions { forgetting: 0.95, ..AdaptiveHeadOptions::default() };
    let (mut straight, mut interrupted) = (Head::new(&prior, options)?, Head::new(&prior, options)?);
    let mut flash = [0.0; Head::STATE_LEN];
    assert_eq!(SaveState::<f32>::state_len(&straight), flash.len());
    for _ in 0..60 {
        let [z, _] = draw::<6, 2>(&mut rng).map(|row| row.map(|w| w as f32));
        let c = [z[0] - z[3], 0.5 + z[5]];
        let report = straight.update(&z, &c)?;
        assert_eq!(interrupted.update(&z, &c)?, report);
        interrupted.save(&mut flash)?;
        interrupted = Head::new(&prior, options)?;
        interrupted.restore(&flash)?;
        assert_eq!(interrupted, straight);
    }
    // A target that is not there, which the search for λ would ask for. It comes after the tag, a count, a flag and a count.
    flash[10] = 2.0;
    assert_eq!(interrupted.restore(&flash), Err(Error::InvalidState { index: 10 }));
    Ok(())
}
