//! The report of a step of sampled Tikhonov regularization by hand, for batches of any size.

use super::*;
use crate::{MatRef, Portable};
use std::vec;
use std::vec::Vec;

/// ½ mean ‖W [z; 1] − c‖² before and after, with fewer and with more samples than W has columns, and σ_total as it is kept.
#[test]
fn losses_before_and_after_a_step() {
    let number = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    let (f, m, batch) = (3, 2, 9);
    for memory in [0, 2] {
        let state = vec![0.0; sampled_tikhonov_state_len(f, batch, memory)];
        let mut layer = SampledTikhonov::new(f, m, batch, memory, 0.5, state).unwrap();
        let mut work = vec![0.0; sampled_tikhonov_work_len(f, m, batch, memory)];
        let (mut w, mut total) = (vec![0.1; m * (f + 1)], 0.5);
        for (step, b) in [1, 3, 9, 4, 5, 2].into_iter().enumerate() {
            let z: Vec<f64> = (0..f * b).map(|i| number(i + 40 * step)).collect();
            let c: Vec<f64> = (0..m * b).map(|i| number(3 * i + 17 * step)).collect();
            let loss = |w: &[f64]| {
                let of = |j: usize, t: usize| {
                    (0..f).fold(w[f * m + t], |y, k| y + w[k * m + t] * z[j * f + k]) - c[j * m + t]
                };
                (0..b * m).map(|i| of(i / m, i % m).powi(2)).sum::<f64>() / (2.0 * b as f64)
            };
            let before = loss(&w);
            let (z, c) = (MatRef::new(&z, f, b).unwrap(), MatRef::new(&c, m, b).unwrap());
            let mut rule = Selection::Fixed(0.1 * step as f64);
            let report = layer.update(&Portable, z, c, &mut w, &mut rule, &mut work).unwrap();
            total += 0.1 * step as f64;
            assert!((report.loss_before - before).abs() < 1e-13, "{step}: {report:?}, not {before}");
            assert!((report.loss_after - loss(&w)).abs() < 1e-13, "{step}: {report:?}, not {}", loss(&w));
            assert!((report.sum_lambda - total).abs() < 1e-14 && layer.steps() == step + 1, "{step}: {report:?}");
        }
    }
}
