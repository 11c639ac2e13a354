//! Which samples are for training, validation and test.
//!
//! A random permutation is cut in three. With class labels each class is cut by itself, so that every part sees the
//! classes in the proportions of the whole (stratification).
//!
//! **Same seed, same split**, on every platform: xoshiro256++ seeded by SplitMix64 (D. Blackman, S. Vigna, *Scrambled
//! linear pseudorandom number generators*, ACM TOMS 47, 2021, DOI 10.1145/3460772), the shuffle of R. Durstenfeld
//! (*Algorithm 235: Random permutation*, CACM 7, 1964, DOI 10.1145/364520.364540), and bounded integers without bias by
//! D. Lemire, *Fast random integer generation in an interval*, ACM TOMACS 29, 2019, DOI 10.1145/3230636. All are integer
//! arithmetic of fixed width.

use super::error::DataError;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What rounding may do to a share times a number of samples: 399.99999999999994 is 400. Safe up to 10^9 samples.
const ROUNDING: f64 = 1e-6;

/// How large training, validation and test set are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sizes {
    /// Parts of the whole that add up to 1, or percentages that add up to 100, to three digits. All samples are used.
    Fractions([f64; 3]),
    /// Numbers of samples. Those beyond their sum are in no part.
    Counts([usize; 3]),
}

impl Default for Sizes {
    /// Half, a quarter and a quarter.
    fn default() -> Self {
        Self::Fractions([0.5, 0.25, 0.25])
    }
}

/// Indices of samples, in random order; no sample is in two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Samples to train on.
    pub train: Vec<usize>,
    /// Samples to choose options by.
    pub validation: Vec<usize>,
    /// Samples to judge the result by.
    pub test: Vec<usize>,
}

/// Splits the samples `0..n`.
///
/// Fractions are rounded by largest remainder; counts are kept exactly. With `classes`, the class of each sample, every
/// class is split in the same proportions: its share of a part is rounded down or up, and so chosen that the parts have
/// the sizes they have without classes.
///
/// # Errors
/// [`DataError::SplitFractions`], [`DataError::SplitCounts`], [`DataError::SplitClasses`].
pub fn split(n: usize, sizes: Sizes, seed: u64, classes: Option<&[usize]>) -> Result<Split, DataError> {
    let shares = shares(n, sizes)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let groups: Vec<Vec<usize>> = match classes {
        None => vec![(0..n).collect()],
        Some(classes) if classes.len() != n => {
            return Err(DataError::SplitClasses { found: classes.len(), samples: n });
        }
        Some(classes) => {
            // By a map, not by index: a label may be any number.
            let mut groups = std::collections::BTreeMap::<usize, Vec<usize>>::new();
            for (sample, &class) in classes.iter().enumerate() {
                groups.entry(class).or_default().push(sample);
            }
            groups.into_values().collect()
        }
    };
    let mut parts: [Vec<usize>; 4] = Default::default();
    let lens: Vec<usize> = groups.iter().map(Vec::len).collect();
    for (mut group, counts) in groups.into_iter().zip(apportion_all(&lens, &shares)) {
        shuffle(&mut group, &mut rng);
        let mut rest = group.as_slice();
        for (part, count) in parts.iter_mut().zip(counts) {
            let (taken, left) = rest.split_at(count);
            part.extend_from_slice(taken);
            rest = left;
        }
    }
    if classes.is_some() {
        parts.iter_mut().for_each(|part| shuffle(part, &mut rng)); // mixes the classes
    }
    let [train, validation, test, _unused] = parts;
    Ok(Split { train, validation, test })
}

/// The proportions of training, validation, test and unused samples.
fn shares(n: usize, sizes: Sizes) -> Result<[f64; 4], DataError> {
    match sizes {
        Sizes::Fractions(found) => {
            let sum: f64 = found.iter().sum();
            let whole = if sum > 50.0 { 100.0 } else { 1.0 };
            // The tolerance lets thirds through, written with four digits. Dividing by the sum uses every sample.
            if !found.iter().all(|&fraction| fraction >= 0.0) || (sum / whole - 1.0).abs() > 1e-3 || sum.is_nan() {
                return Err(DataError::SplitFractions { found });
            }
            Ok([found[0] / sum, found[1] / sum, found[2] / sum, 0.0])
        }
        Sizes::Counts(found) => {
            let used = found.iter().try_fold(0usize, |sum, &count| sum.checked_add(count));
            match used {
                Some(used) if used <= n => {
                    let share = |count: usize| if n == 0 { 0.0 } else { count as f64 / n as f64 };
                    Ok([share(found[0]), share(found[1]), share(found[2]), share(n - used)])
                }
                _ => Err(DataError::SplitCounts { found, samples: n }),
            }
        }
    }
}

/// How many samples of each group go to each part.
///
/// Group by group, the parts that got too little so far are rounded up. That leaves the totals off by one now and then;
/// then single samples are moved from a part that is too large, over others where need be, to one that is too small, in
/// groups where the one share was rounded up and the other down. With counts such a chain of moves exists as long as a
/// total is off, for the roundings are a flow in a network of integer capacities, of which the shares themselves are one.
fn apportion_all(lens: &[usize], shares: &[f64; 4]) -> Vec<[usize; 4]> {
    let totals = apportion(lens.iter().sum(), shares, &mut [0.0; 4]);
    let mut owed = [0.0; 4];
    let mut counts: Vec<[usize; 4]> = lens.iter().map(|&len| apportion(len, shares, &mut owed)).collect();
    loop {
        let sums: [usize; 4] = std::array::from_fn(|part| counts.iter().map(|counts| counts[part]).sum());
        let Some(large) = (0..4).find(|&part| sums[part] > totals[part]) else { return counts };
        // Breadth first; `came[part]` is the part before it on the chain and the group to move in.
        let mut came = [None; 4];
        let mut reached = vec![large];
        let mut next = 0;
        while let Some(&from) = reached.get(next) {
            next += 1;
            for to in 0..4 {
                let movable = |group: usize| {
                    let over = |part: usize| counts[group][part] as f64 - shares[part] * lens[group] as f64;
                    over(from) > ROUNDING && over(to) < -ROUNDING
                };
                if !reached.contains(&to)
                    && let Some(group) = (0..lens.len()).find(|&group| movable(group))
                {
                    came[to] = Some((from, group));
                    reached.push(to);
                }
            }
        }
        let Some(&small) = reached.iter().find(|&&part| sums[part] < totals[part]) else { return counts };
        let mut to = small;
        while let Some((from, group)) = came[to] {
            counts[group][from] -= 1;
            counts[group][to] += 1;
            to = from;
        }
    }
}

/// Cuts a group of `len` samples: each part gets its share rounded down, and those most owed one more.
///
/// `owed` is, for each part, what it should have got so far less what it got.
fn apportion(len: usize, shares: &[f64; 4], owed: &mut [f64; 4]) -> [usize; 4] {
    let mut counts = [0; 4];
    let ideal = shares.map(|share| share * len as f64);
    let floor = ideal.map(|ideal| (ideal + ROUNDING).floor());
    for part in 0..4 {
        counts[part] = (floor[part] as usize).min(len - counts.iter().sum::<usize>());
        owed[part] += ideal[part] - counts[part] as f64;
    }
    let mut order = [0, 1, 2, 3];
    // Only parts whose share is not whole may be rounded up; among them the most owed first, then the earlier.
    order.sort_by(|&a, &b| {
        let fractional = |part: usize| ideal[part] - floor[part] > ROUNDING;
        fractional(b).cmp(&fractional(a)).then(owed[b].total_cmp(&owed[a])).then(a.cmp(&b))
    });
    let left = len - counts.iter().sum::<usize>();
    for &part in order.iter().take(left) {
        counts[part] += 1;
        owed[part] -= 1.0;
    }
    counts
}

/// Durstenfeld's shuffle: every permutation equally likely.
fn shuffle(items: &mut [usize], rng: &mut impl Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u64 + 1, rng) as usize);
    }
}

/// A uniform integer in `0..bound`, for `bound > 0`: Lemire's algorithm 5.
pub(super) fn below(bound: u64, rng: &mut impl Rng) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(bound);
    if (product as u64) < bound {
        // 2^64 mod bound: so many values of the low half would be hit once too often.
        let threshold = bound.wrapping_neg() % bound;
        while (product as u64) < threshold {
            product = u128::from(rng.next_u64()) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::message;

    fn sizes(split: &Split) -> [usize; 3] {
        [split.train.len(), split.validation.len(), split.test.len()]
    }

    fn assert_disjoint(split: &Split, n: usize, used: usize) {
        let mut all = [&split.train[..], &split.validation, &split.test].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), used);
        assert!(all.iter().all(|&sample| sample < n));
    }

    #[test]
    fn sizes_are_as_asked() {
        let half = Sizes::default();
        for (n, asked, expected) in [
            (800, half, [400, 200, 200]),
            (0, half, [0, 0, 0]),
            (1, half, [1, 0, 0]),
            (2, half, [1, 1, 0]),
            (3, half, [1, 1, 1]),
            (5, half, [3, 1, 1]),
            (1503, Sizes::Fractions([70.0, 15.0, 15.0]), [1052, 226, 225]),
            (10, Sizes::Fractions([1.0, 0.0, 0.0]), [10, 0, 0]),
            (9, Sizes::Fractions([0.3333, 0.3333, 0.3333]), [3, 3, 3]),
            (10, Sizes::Counts([3, 0, 4]), [3, 0, 4]),
            (7, Sizes::Counts([3, 2, 2]), [3, 2, 2]),
            (0, Sizes::Counts([0, 0, 0]), [0, 0, 0]),
        ] {
            let split = split(n, asked, 1, None).unwrap();
            assert_eq!(sizes(&split), expected, "{n} {asked:?}");
            assert_disjoint(&split, n, expected.iter().sum());
        }
        // Shares computed in floating point give back every count.
        for n in 1..300 {
            let counts = [n / 3, n / 7, n / 2];
            assert_eq!(sizes(&split(n, Sizes::Counts(counts), 1, None).unwrap()), counts, "{n}");
        }
    }

    #[test]
    fn the_split_of_a_seed_is_for_ever() {
        let split = split(10, Sizes::default(), 2024, None).unwrap();
        assert_eq!([&split.train[..], &split.validation, &split.test].concat(), FOR_EVER);
        assert_ne!(split, super::split(10, Sizes::default(), 2025, None).unwrap());
    }

    /// From split_reference.py beside this file.
    const FOR_EVER: [usize; 10] = [6, 0, 7, 3, 9, 4, 8, 1, 2, 5];

    #[test]
    fn classes_keep_their_proportions() {
        let mut cases = vec![vec![230; 10], vec![1, 2, 3, 5, 10, 50], vec![7; 9], vec![1; 8]];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        cases.extend((0..200).map(|_| (0..=below(9, &mut rng)).map(|_| 1 + below(20, &mut rng) as usize).collect()));
        for (seed, class_sizes) in cases.iter().enumerate() {
            let classes: Vec<usize> =
                class_sizes.iter().enumerate().flat_map(|(class, &size)| vec![10 * class; size]).collect();
            let n = classes.len();
            for (asked, fractions) in [
                (Sizes::default(), [0.5, 0.25, 0.25]),
                (Sizes::Fractions([0.6, 0.3, 0.1]), [0.6, 0.3, 0.1]),
                (Sizes::Counts([n / 2, n / 4, 0]), [(n / 2) as f64 / n as f64, (n / 4) as f64 / n as f64, 0.0]),
            ] {
                let split = split(n, asked, seed as u64, Some(&classes)).unwrap();
                assert_disjoint(&split, n, sizes(&split).iter().sum());
                let without = super::split(n, asked, seed as u64, None).unwrap();
                assert_eq!(sizes(&split), sizes(&without), "seed {seed} {asked:?}");
                let parts = [&split.train, &split.validation, &split.test];
                for (part, fraction) in parts.into_iter().zip(fractions) {
                    for (class, &size) in class_sizes.iter().enumerate() {
                        let count = part.iter().filter(|&&sample| classes[sample] == 10 * class).count();
                        let off = (count as f64 - fraction * size as f64).abs();
                        assert!(off < 1.0, "seed {seed} {asked:?}: {count} of {size} in class {class}");
                    }
                }
            }
        }
    }

    #[test]
    fn refused_splits() {
        for found in [[0.5, 0.5, 0.5], [1.5, -0.5, 0.0], [f64::NAN, 0.5, 0.5], [f64::INFINITY, 0.0, 0.0], [0.0; 3]] {
            assert!(message(split(9, Sizes::Fractions(found), 1, None)).contains("split: found fractions ["));
        }
        let counts = message(split(9, Sizes::Counts([5, 5, 0]), 1, None));
        assert!(counts.starts_with("split: found counts [5, 5, 0], expected at most 9 samples"), "{counts}");
        assert!(message(split(9, Sizes::Counts([usize::MAX, 5, 0]), 1, None)).contains("at most 9"));
        assert!(message(split(3, Sizes::default(), 1, Some(&[0, 1]))).contains("found 2 class labels, expected 3"));
    }

    #[test]
    fn bounded_integers_are_uniform() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut counts = [0; 6];
        for _ in 0..60_000 {
            counts[below(6, &mut rng) as usize] += 1;
        }
        // Chi-squared with 5 degrees of freedom exceeds 20.5 once in a thousand seeds.
        let chi: f64 = counts.iter().map(|&count| f64::from(count - 10_000).powi(2) / 10_000.0).sum();
        assert!(chi < 20.5, "{counts:?}");
        // floor(3x/4) takes each value divisible by 3 from two x: without rejection they would be half of all.
        let divisible = (0..9000).filter(|_| below(3 << 62, &mut rng) % 3 == 0).count();
        assert!(divisible.abs_diff(3000) < 150, "{divisible}");
        assert_eq!(below(1, &mut rng), 0);
    }
}
