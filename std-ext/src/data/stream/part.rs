//! Which samples are for validation: by a hash of the seed and the number of the sample.
//!
//! So it can be told without knowing how many samples there are, and it stays when samples are appended. The hash is the
//! finalizer of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014,
//! DOI 10.1145/2660193.2660195), in integers: the same on every platform.

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    seed: u64,
    /// Hashes below it are of validation samples.
    threshold: u64,
}

impl Membership {
    /// A rule by which about `share` of the samples, from 0 to 1, are for validation.
    pub(super) fn new(share: f64, seed: u64) -> Self {
        // Exact: a product with a power of two; the conversion ends at the largest integer.
        Self { seed: mix(seed), threshold: (share * 2f64.powi(64)) as u64 }
    }

    /// Whether the sample of this number, from 0, is for training.
    pub(super) fn trains(self, sample: usize) -> bool {
        mix(self.seed.wrapping_add(sample as u64)) >= self.threshold
    }
}

/// A bijection of 64 bits in which every bit of the result depends on every bit of `z`.
pub(super) fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_members_stay() {
        for (share, least, most) in [(0.0, 0, 0), (0.1, 900, 1100), (0.5, 4850, 5150), (1.0, 10_000, 10_000)] {
            for seed in [0, 1, u64::MAX] {
                let membership = Membership::new(share, seed);
                let validation = (0..10_000).filter(|&sample| !membership.trains(sample)).count();
                assert!((least..=most).contains(&validation), "{share} {seed}: {validation}");
            }
        }
        // The validation samples of a smaller share are among those of a larger one.
        let (small, large) = (Membership::new(0.1, 5), Membership::new(0.3, 5));
        assert!((0..1000).all(|sample| small.trains(sample) || !large.trains(sample)));
    }

    #[test]
    fn the_members_of_a_seed_are_for_ever() {
        // SplitMix64's first outputs for the seed 0.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0x6E78_9E6A_A1B9_65F4);
        let membership = Membership::new(0.25, 2024);
        let validation: Vec<usize> = (0..24).filter(|&sample| !membership.trains(sample)).collect();
        assert_eq!(validation, FOR_EVER);
    }

    /// From reference.py beside this file.
    const FOR_EVER: [usize; 7] = [2, 3, 12, 13, 14, 17, 23];
}
