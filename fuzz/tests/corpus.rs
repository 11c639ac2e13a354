//! Every target over its corpus and over pseudo-random inputs, on stable Rust.

use gaussling_fuzz::{TARGETS, corpus, random_input};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Pseudo-random inputs for each target.
const RANDOM: u64 = 10_000;

/// Runs a target; the input that breaks a law is left in a file.
fn check(name: &str) {
    let target = TARGETS.iter().find(|(other, _)| *other == name).expect("a target").1;
    let seeds = corpus(name);
    assert!(seeds.len() >= 3, "{name}: a corpus of {} files", seeds.len());
    let run = |bytes: &[u8], what: &str| {
        if catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err() {
            let file = std::env::temp_dir().join(format!("gaussling-fuzz-{name}-failed"));
            std::fs::write(&file, bytes).expect("writable");
            panic!("{name}: {what} breaks a law; its bytes are in {}", file.display());
        }
    };
    seeds.iter().for_each(|(path, bytes)| run(bytes, &path.display().to_string()));
    // Its objective iterates within.
    let inputs = if name == "convex" { RANDOM / 50 } else { RANDOM };
    for seed in 0..inputs {
        run(&random_input(seed, &seeds), &format!("pseudo-random input {seed}"));
    }
}

/// A test for each target, so that they run side by side; the last one says which has none.
macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_target_has_a_test() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}

targets! {
    qr_and_cholesky
    svd
    pivoted_qr
    svd_solve
    symmetric
    triangular
    updates
    tikhonov
    iterative
    autodiff
    optimizers
    convex
    heads
    levenberg_marquardt
    csv
    mat
    npy
    npz
    idx
    network
    model
    checkpoint
}
