//! [`Packed`]: weights in 32, 16 or 8 bits.

use gaussling_core::nn::{BLOCK, Scaled, Weights};
use half::f16;

use super::Storage;

/// Weights as they are stored on the device; the core's `Scaled` says what the packed ones mean. `first` is where in its block the
/// first weight is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Packed {
    Plain(Vec<f32>),
    Half { values: Vec<u16>, scales: Vec<f32>, first: usize },
    Byte { values: Vec<i8>, scales: Vec<f32>, first: usize },
}

impl Packed {
    /// A block begins at weight number `border`, which other blocks do not reach across.
    pub(super) fn new(weights: &[f32], border: usize, storage: Storage) -> Self {
        let first = (BLOCK - border % BLOCK) % BLOCK;
        match storage {
            Storage::F32 => Self::Plain(weights.to_vec()),
            Storage::F16 => {
                let (values, scales) =
                    blocks(weights, first, power_of_two, |quotient| f16::from_f64(quotient).to_bits());
                Self::Half { values, scales, first }
            }
            Storage::Int8 => {
                let scale = |largest: f32| largest / 127.0;
                // The quotient may be larger by rounding of the factor.
                let value = |quotient: f64| quotient.round_ties_even().clamp(-127.0, 127.0) as i8;
                let (values, scales) = blocks(weights, first, scale, value);
                Self::Byte { values, scales, first }
            }
        }
    }

    /// Where in its block the first weight is.
    pub(super) fn first(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Half { first, .. } | Self::Byte { first, .. } => *first,
        }
    }

    /// The numbers that they stand for.
    pub(super) fn unpacked(&self) -> Vec<f32> {
        fn all(weights: impl Weights<f32>) -> Vec<f32> {
            (0..weights.count()).map(|i| weights.at(i)).collect()
        }
        match self {
            Self::Plain(weights) => weights.clone(),
            Self::Half { values, scales, first } => all(Scaled::starting_at(values, scales, *first)),
            Self::Byte { values, scales, first } => all(Scaled::starting_at(values, scales, *first)),
        }
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Plain(weights) => size_of_val(&weights[..]),
            Self::Half { values, scales, .. } => size_of_val(&values[..]) + size_of_val(&scales[..]),
            Self::Byte { values, scales, .. } => size_of_val(&values[..]) + size_of_val(&scales[..]),
        }
    }
}

/// The power of two that brings a number to 1/2 … 1, so that it costs no bits; of a number near the end of the range the end.
fn power_of_two(largest: f32) -> f32 {
    let exponent = f64::from(largest).log2().floor() + 1.0;
    exponent.clamp(f64::from(f32::MIN_EXP) - 1.0, 127.0).exp2() as f32
}

/// The weights of each block divided by its scale factor, which is 1 where all of them are zero or too small for one.
fn blocks<S>(
    weights: &[f32],
    first: usize,
    scale: impl Fn(f32) -> f32,
    value: impl Fn(f64) -> S,
) -> (Vec<S>, Vec<f32>) {
    let mut values = Vec::with_capacity(weights.len());
    let mut scales = Vec::with_capacity((first + weights.len()).div_ceil(BLOCK));
    let (short, rest) = weights.split_at(if first == 0 { 0 } else { (BLOCK - first).min(weights.len()) });
    for block in [short].into_iter().filter(|short| !short.is_empty()).chain(rest.chunks(BLOCK)) {
        let largest = block.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
        let factor = Some(scale(largest)).filter(|factor| factor.is_normal()).unwrap_or(1.0);
        values.extend(block.iter().map(|&weight| value(f64::from(weight) / f64::from(factor))));
        scales.push(factor);
    }
    (values, scales)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaussling_core::nn::Stored;

    /// The bounds that the core's documentation gives, for blocks of every size of number, zeros and ends of the range among them.
    #[test]
    fn packed_weights_are_near_and_plain_ones_the_same() {
        let wave = |i: usize| (i as f32 * 1.7).sin() * if i.is_multiple_of(7) { 0.01 } else { 1.0 };
        for scale in [0.0, 1e-45, 1e-40, 1e-36, 1e-20, 1e-3, 1.0, 3.0, 1e20, 3.4e38_f32] {
            for count in [0, 1, 31, 32, 33, 100] {
                let weights: Vec<f32> = (0..count).map(|i| scale * wave(i)).collect();
                assert_eq!(Packed::new(&weights, 0, Storage::F32).unpacked(), weights);
                for (storage, of_weight, of_largest) in
                    [(Storage::F16, 2.0_f64.powi(-11), 2.0_f64.powi(-25)), (Storage::Int8, 0.0, 1.0 / 254.0)]
                {
                    let packed = Packed::new(&weights, 64, storage);
                    for (found, block) in packed.unpacked().chunks(BLOCK).zip(weights.chunks(BLOCK)) {
                        let largest = block.iter().fold(0.0_f64, |most, w| most.max(f64::from(w.abs())));
                        // Where the factor would be subnormal, the block is zero.
                        let tiny = if largest < 1.5e-36 { 1.5e-36 } else { 0.0 };
                        for (found, weight) in found.iter().zip(block) {
                            let error = (f64::from(*found) - f64::from(*weight)).abs();
                            let limit = (of_weight * f64::from(weight.abs())).max(of_largest * largest);
                            assert!(error <= 1.0001 * limit + tiny, "{storage:?} {scale:e}: {weight:e} {found:e}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sizes_are_those_of_the_arrays() {
        let weights = [1.0; 40];
        let bytes = Storage::ALL.map(|storage| Packed::new(&weights, 0, storage).bytes());
        assert_eq!(bytes, [160, 80 + 8, 40 + 8]);
        // Blocks of 5, 32 and 3.
        let bytes = Storage::ALL.map(|storage| Packed::new(&weights, 5, storage).bytes());
        assert_eq!(bytes, [160, 80 + 12, 40 + 12]);
    }

    /// Large weights before the border leave no mark on small ones behind it.
    #[test]
    fn no_block_reaches_across_the_border() {
        for border in [0, 1, 5, 31, 32, 33, 50, 100] {
            let weights: Vec<f32> =
                (0..100).map(|i| (i as f32 + 1.0).sin() * if i < border { 1000.0 } else { 0.1 }).collect();
            let found = Packed::new(&weights, border, Storage::Int8).unpacked();
            assert_eq!(found.len(), 100);
            for (i, (found, weight)) in found.iter().zip(&weights).enumerate() {
                let limit = if i < border { 1000.0 } else { 0.1 } / 253.0;
                assert!((found - weight).abs() <= limit, "border {border}, weight {i}: {weight} {found}");
            }
        }
    }

    /// All 65536 patterns as the crate `half` reads them.
    #[test]
    fn the_core_reads_halves_as_the_standard_does() {
        for bits in 0..=u16::MAX {
            let (found, expected) = (bits.number(), f16::from_bits(bits).to_f32());
            assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(), "{bits:#x}");
        }
    }
}
