//! Inputs from a corpus: changed at random to find a failure, made smaller once there is one.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::PathBuf;

/// The longest input that is made.
const LONGEST: usize = 4096;

/// Numbers at the ends of the range and where branches are.
const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    1e-310,
    1e154,
    1e-154,
    f64::EPSILON,
    3.5e38,
    1e-45,
];

/// The committed inputs of a target, with their names, in order.
///
/// # Panics
/// When the folder cannot be read.
pub fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "corpus", target].iter().collect();
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("readable"))).collect()
}

/// The input of this number: random bytes, or one of the seeds with some bytes changed, cut out, repeated, or taken from
/// another one.
pub fn random_input(seed: u64, seeds: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut below = |n: usize| (rng.next_u64() % n.max(1) as u64) as usize;
    if seeds.is_empty() || below(8) == 0 {
        return (0..below(300)).map(|_| below(256) as u8).collect();
    }
    let mut bytes = seeds[below(seeds.len())].1.clone();
    for _ in 0..1 + below(6) {
        let (at, count) = (below(bytes.len()), 1 + below(1 + bytes.len() / 4));
        let end = (at + count).min(bytes.len());
        match below(7) {
            0 if !bytes.is_empty() => bytes[at] = below(256) as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            2 if !bytes.is_empty() => bytes[at] = bytes[at].wrapping_add(below(33) as u8).wrapping_sub(16),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let special = SPECIAL[below(SPECIAL.len())].to_le_bytes();
                bytes.iter_mut().skip(at).zip(special).for_each(|(byte, new)| *byte = new);
            }
            5 => {
                let other = &seeds[below(seeds.len())].1;
                let from = below(other.len());
                bytes.splice(at..end, other.iter().copied().skip(from).take(count));
            }
            _ => {
                let piece = bytes[at..end].to_vec();
                let to = below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// A smaller input for which `fails` holds as well: pieces are cut out, then bytes set to zero, as long as that goes on.
pub fn minimize(bytes: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = bytes.to_vec();
    let mut length = best.len().next_power_of_two() / 2;
    while length > 0 {
        let mut at = 0;
        while at < best.len() {
            let mut shorter = best.clone();
            shorter.drain(at..(at + length).min(best.len()));
            if fails(&shorter) {
                best = shorter;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    for at in 0..best.len() {
        let mut simpler = best.clone();
        simpler[at] = 0;
        if best[at] != 0 && fails(&simpler) {
            best = simpler;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{minimize, random_input};

    #[test]
    fn a_minimal_input_keeps_what_fails() {
        let fails = |bytes: &[u8]| bytes.contains(&7) && bytes.iter().filter(|&&b| b != 7).count() >= 2;
        assert_eq!(minimize(&[1, 2, 7, 4, 7, 9, 250], fails), [7, 0, 0]);
    }

    #[test]
    fn inputs_depend_on_their_number_alone() {
        let seeds = [("a".into(), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]), ("b".into(), vec![10; 20])];
        let inputs: Vec<_> = (0..200).map(|seed| random_input(seed, &seeds)).collect();
        assert!((0..200).all(|seed| random_input(seed, &seeds) == inputs[seed as usize]));
        let mut distinct = inputs.clone();
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() > 100, "{}", distinct.len());
    }
}
