//! Every target over its corpus and over pseudo-random inputs, on stable Rust.

use gaussling_fuzz::{TARGETS, Target};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Pseudo-random inputs for each target.
const RANDOM: u64 = 20_000;

/// The committed inputs of a target, with their names, in order.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "corpus", target].iter().collect();
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("readable"))).collect()
}

/// Random bytes, or one of the seeds with some bytes changed, cut out or repeated.
fn random_input(rng: &mut Xoshiro256PlusPlus, seeds: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut below = |n: usize| (rng.next_u64() % n.max(1) as u64) as usize;
    if below(4) == 0 {
        return (0..below(300)).map(|_| below(256) as u8).collect();
    }
    let mut bytes = seeds[below(seeds.len())].1.clone();
    for _ in 0..below(6) {
        let (at, count) = (below(bytes.len()), below(1 + bytes.len() / 4));
        match below(4) {
            0 if !bytes.is_empty() => bytes[at] = below(256) as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            2 => drop(bytes.drain(at..(at + count).min(bytes.len()))),
            _ => {
                let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
                let to = below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

/// Runs a target; the input that breaks a law is left in a file.
fn check((name, target): Target) {
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
    for seed in 0..RANDOM {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        run(&random_input(&mut rng, &seeds), &format!("pseudo-random input {seed}"));
    }
}

#[test]
fn qr_and_cholesky() {
    check(TARGETS[0]);
}

#[test]
fn svd() {
    check(TARGETS[1]);
}

#[test]
fn csv() {
    check(TARGETS[2]);
}

#[test]
fn mat() {
    check(TARGETS[3]);
}

#[test]
fn npy() {
    check(TARGETS[4]);
}

#[test]
fn npz() {
    check(TARGETS[5]);
}

#[test]
fn idx() {
    check(TARGETS[6]);
}

#[test]
fn network() {
    check(TARGETS[7]);
}
