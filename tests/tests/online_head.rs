//! The linear layer learnt sample by sample: the same as ridge regression of all samples at once, at any scale, with forgetting.

use gaussling_core::optim::{
    OnlineHead, SampledTikhonov, Selection, sampled_tikhonov_state_len, sampled_tikhonov_work_len,
};
use gaussling_core::{Error, MatRef, Portable};

const F: usize = 5;
const M: usize = 2;
const N: usize = 40;

fn number(i: usize) -> f64 {
    ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5
}

fn sample(i: usize) -> ([f64; F], [f64; M]) {
    (std::array::from_fn(|j| number(F * i + j)), std::array::from_fn(|j| number(3 * (M * i + j) + 1)))
}

/// W as a matrix, last column the bias.
fn weights(head: &OnlineHead<f64, F, M>) -> Vec<f64> {
    [head.columns().as_flattened(), head.bias()].concat()
}

/// The gradient of ½ Σ ωᵢ‖W [zᵢ; 1] − cᵢ‖² + ½ λ_j ‖w_j‖² at W, column by column; `lambda` for each column of W.
fn gradient(w: &[f64], samples: usize, weight: impl Fn(usize) -> f64, lambda: [f64; F + 1]) -> Vec<f64> {
    let mut g: Vec<f64> = w.iter().enumerate().map(|(i, w)| lambda[i / M] * w).collect();
    for i in 0..samples {
        let (z, c) = sample(i);
        let z: Vec<f64> = z.into_iter().chain([1.0]).collect();
        for t in 0..M {
            let r = z.iter().enumerate().map(|(j, z)| w[M * j + t] * z).sum::<f64>() - c[t];
            for (j, z) in z.iter().enumerate() {
                g[M * j + t] += weight(i) * r * z;
            }
        }
    }
    g
}

#[test]
fn it_is_ridge_regression_after_every_sample() {
    let mut head = OnlineHead::<f64, F, M>::new(0.2, 1.0).unwrap();
    for i in 0..N {
        let (z, c) = sample(i);
        let before: f64 = head.predict(&z).iter().zip(c).map(|(y, c)| 0.5 * (y - c).powi(2)).sum();
        assert_eq!(head.update(&z, &c).unwrap(), before);
        let g = gradient(&weights(&head), i + 1, |_| 1.0, [0.2; F + 1]);
        assert!(g.iter().all(|g| g.abs() < 1e-13), "{i}: {g:?}");
        for (t, y) in head.predict(&z).into_iter().enumerate() {
            let by_hand = (0..F).fold(head.bias()[t], |y, j| y + head.columns()[j][t] * z[j]);
            assert!((y - by_hand).abs() < 1e-14, "{i}: {y}, not {by_hand}");
        }
    }
    assert_eq!(head.steps(), N);
}

/// One pass of sampled Tikhonov with every batch in memory gives the same W: batches of b and Λ in each of N/b steps are
/// regularized with b·(N/b)·Λ = N Λ in the sum over samples.
#[test]
fn sample_by_sample_is_the_batch_form() {
    let b = 4;
    let mut w = vec![0.0; M * (F + 1)];
    let state = vec![0.0; sampled_tikhonov_state_len(F, b, N / b)];
    let mut batches = SampledTikhonov::new(F, M, b, N / b, 1e-300, state).unwrap();
    let mut work = vec![0.0; sampled_tikhonov_work_len(F, M, b, N / b)];
    let mut head = OnlineHead::<f64, F, M>::new(0.01 * N as f64, 1.0).unwrap();
    for batch in 0..N / b {
        let z: Vec<f64> = (0..b).flat_map(|i| sample(b * batch + i).0).collect();
        let c: Vec<f64> = (0..b).flat_map(|i| sample(b * batch + i).1).collect();
        let (z, c) = (MatRef::new(&z, F, b).unwrap(), MatRef::new(&c, M, b).unwrap());
        batches.update(&Portable, z, c, &mut w, &mut Selection::Fixed(0.01), &mut work).unwrap();
        for i in 0..b {
            let (z, c) = sample(b * batch + i);
            head.update(&z, &c).unwrap();
        }
    }
    assert!(weights(&head).iter().zip(&w).all(|(a, b)| (a - b).abs() < 1e-12), "{:?} {w:?}", weights(&head));
}

/// With forgetting, samples fade by φ each step, and so does the regularization, which is renewed one direction at a time.
#[test]
fn forgetting_weighs_samples_and_renews_the_regularization() {
    let (phi, lambda, k) = (0.9_f64, 0.3, F + 1);
    let mut head = OnlineHead::<f64, F, M>::new(lambda, phi).unwrap();
    let mut renewed = [lambda; F + 1];
    for i in 0..N {
        let (z, c) = sample(i);
        head.update(&z, &c).unwrap();
        renewed.iter_mut().for_each(|l| *l *= phi);
        // The bias is direction 0 of the layer and the last column of W.
        renewed[(i % k + F) % k] += (1.0 - phi) * k as f64 * lambda;
        let g = gradient(&weights(&head), i + 1, |j| phi.powi((i - j) as i32), renewed);
        assert!(g.iter().all(|g| g.abs() < 1e-13), "{i}: {g:?}");
    }
    // Between φᵏ and 1 of the geometric limit, for ever: here also after silence, samples of zeros.
    for _ in 0..2000 {
        head.update(&[0.0; F], &[0.0; M]).unwrap();
    }
    assert!(weights(&head).iter().all(|w| w.abs() < 1e-10), "{:?}", weights(&head));
    head.update(&[1.0; F], &[1.0; M]).unwrap();
    assert!(weights(&head).iter().all(|w| w.is_finite() && w.abs() < 10.0));
}

/// A change of the truth is followed, and without forgetting it is not.
#[test]
fn it_follows_a_change() {
    let mut heads = [0.95, 1.0].map(|phi| OnlineHead::<f32, 1, 1>::new(1e-4, phi).unwrap());
    for i in 0..400 {
        let t = number(i) as f32;
        let c = if i < 200 { 2.0 * t + 1.0 } else { -3.0 * t };
        for head in &mut heads {
            head.update(&[t], &[c]).unwrap();
        }
    }
    assert!((heads[0].columns()[0][0] + 3.0).abs() < 1e-2 && heads[0].bias()[0].abs() < 1e-2, "{:?}", heads[0]);
    assert!((heads[1].columns()[0][0] + 3.0).abs() > 1.0);
}

/// Single precision: the error grows slowly with the samples, and not at all where they are forgotten.
#[test]
fn single_precision_does() {
    let truth = [0.5_f32, -1.5, 2.0, 0.0, 3.0];
    for (phi, samples, limit) in [(1.0, 1000, 1e-4), (1.0, 100_000, 2e-2), (0.99, 1000, 1e-4), (0.99, 100_000, 1e-4)] {
        let mut head = OnlineHead::<f32, F, 1>::new(1e-6, phi).unwrap();
        for i in 0..samples {
            let z: [f32; F] = std::array::from_fn(|j| number(F * i + j * j + i / 77) as f32);
            let c = 0.25 + z.iter().zip(truth).map(|(z, w)| z * w).sum::<f32>();
            head.update(&z, &[c]).unwrap();
        }
        let error = head.columns().iter().zip(truth).map(|([w], t)| (w - t).abs()).fold(0.0, f32::max);
        let error = error.max((head.bias()[0] - 0.25).abs());
        println!("{phi} {samples} {error:.1e}");
        assert!(error < limit, "{phi} {samples}: {error}");
    }
}

#[test]
fn scale_does_not_matter() {
    let solve = |scale: f64| {
        let mut head = OnlineHead::<f64, F, M>::new(scale * scale * 0.2, 1.0).unwrap();
        for i in 0..N {
            let (z, c) = sample(i);
            head.update(&z.map(|z| z * scale), &c.map(|c| c * scale)).unwrap();
        }
        head.columns().as_flattened().to_vec()
    };
    // The bias sees ones, so only K is the same, and only to the weight of the ones' regularization.
    let (small, one) = (solve(1e-150), solve(1e-140));
    assert!(small.iter().zip(&one).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1e-3)), "{small:?} {one:?}");
}

#[test]
fn a_saved_state_goes_on_with_the_same_bits() {
    const LEN: usize = OnlineHead::<f64, F, M>::STATE_LEN;
    let mut head = OnlineHead::<f64, F, M>::new(0.2, 0.97).unwrap();
    let learn = |head: &mut OnlineHead<f64, F, M>, range: std::ops::Range<usize>| {
        for i in range {
            let (z, c) = sample(i);
            head.update(&z, &c).unwrap();
        }
    };
    learn(&mut head, 0..13);
    let mut saved = [f64::NAN; LEN];
    assert!(head.save(&mut saved[1..]).is_err());
    head.save(&mut saved).unwrap();
    let steps = head.steps();
    let mut other = OnlineHead::<f64, F, M>::new(0.2, 0.97).unwrap();
    assert!(other.restore(&saved[1..], steps).is_err());
    other.restore(&saved, steps).unwrap();
    assert_eq!(other, head);
    learn(&mut head, 13..N);
    learn(&mut other, 13..N);
    assert_eq!(other, head);
    saved[3] = f64::NAN;
    assert!(matches!(other.restore(&saved, steps), Err(Error::NonFinite { .. })));
    assert_eq!(other, head);
}

#[test]
fn misuse_is_refused_and_changes_nothing() {
    for (lambda, phi) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, 0.0), (1.0, 1.01), (1.0, f64::NAN)] {
        assert!(OnlineHead::<f64, F, M>::new(lambda, phi).is_err(), "{lambda} {phi}");
    }
    let mut head = OnlineHead::<f64, F, M>::new(0.2, 1.0).unwrap();
    let (z, c) = sample(0);
    head.update(&z, &c).unwrap();
    let before = head.clone();
    let refused = head.update(&[f64::NAN; F], &c);
    assert!(matches!(refused, Err(Error::NonFinite { .. })));
    assert!(head.update(&z, &[f64::INFINITY; M]).is_err());
    assert_eq!(head, before);
}

/// No features: the mean. No targets: nothing to do.
/// Found by fuzzing: a triangle that overflowed made its weights 0, and the samples counted as learnt.
#[test]
fn samples_beyond_the_range_are_an_error() {
    let mut head = OnlineHead::<f32, 1, 1>::new(1.0, 1.0).unwrap();
    let outcomes = [3e38, -3e38, 3e38, -3e38].map(|z| head.update(&[z], &[1.0]));
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[3], Err(Error::NonFinite { what: "w" }), "{head:?}");
}

#[test]
fn empty_sizes() {
    let mut mean = OnlineHead::<f64, 0, 1>::new(1e-12, 1.0).unwrap();
    for c in [1.0, 2.0, 6.0] {
        mean.update(&[], &[c]).unwrap();
    }
    assert!((mean.bias()[0] - 3.0).abs() < 1e-11);
    let mut none = OnlineHead::<f64, 3, 0>::new(1.0, 0.5).unwrap();
    assert_eq!(none.update(&[1.0; 3], &[]), Ok(0.0));
    // Memory is a constant of the type: R, D, W, and four words beside them.
    assert!(size_of::<OnlineHead<f32, 8, 1>>() <= 4 * (1 + 8 + 64 + 9 + 9 + 2) + size_of::<usize>() + 4);
}
