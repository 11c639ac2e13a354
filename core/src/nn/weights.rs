//! [`Weights`]: the numbers of a finished model, plain or packed into 8 or 16 bits.
//!
//! Packed weights come in blocks of [`BLOCK`] with one scale factor each,
//!
//! ```text
//! wᵢ = s_((first + i) div 32) · qᵢ,   qᵢ in −127 … 127, or of IEEE's binary16
//! ```
//! whatever layers they belong to, with a first block that is shorter where a border shall be somewhere: a block is short enough that one large weight spoils few others, and the factors cost an
//! eighth (8 bits) or a sixteenth (16 bits) more memory. With |qᵢ| rounded to nearest the error of a weight is at most 1/254 of the
//! largest of its block for 8 bits; for 16 bits 2⁻¹¹ of the weight itself, down to 2⁻¹⁴ of the largest.
//! Unpacking is one multiplication in `f32`, so the same bits everywhere.

/// Weights that share a scale factor.
pub const BLOCK: usize = 32;

/// A sequence of weights to read from.
///
/// ```
/// use gaussling_core::nn::{Scaled, Weights};
/// fn sum<W: Weights<f32>>(weights: W) -> f32 {
///     (0..weights.count()).map(|i| weights.at(i)).sum()
/// }
/// let (first, last) = [1.0_f32, 2.0, 4.0].as_slice().divide(1);
/// assert_eq!((sum(first), sum(last)), (1.0, 6.0));
/// assert_eq!(sum(Scaled::new(&[100_i8, -50], &[0.5])), 25.0);
/// ```
pub trait Weights<T>: Copy {
    /// How many there are.
    fn count(&self) -> usize;

    /// Weight `i` from 0; NaN beyond the end.
    fn at(&self, i: usize) -> T;

    /// The first `count` and the others; all and none when there are not so many.
    fn divide(self, count: usize) -> (Self, Self);

    /// The numbers themselves where they are stored as such.
    fn as_plain(&self) -> Option<&[T]> {
        None
    }

    /// Writes the first weights to `out`, as many as it holds.
    fn unpack(&self, out: &mut [T]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.at(i);
        }
    }
}

impl<T: crate::scalar::Real> Weights<T> for &[T] {
    #[inline]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline]
    fn at(&self, i: usize) -> T {
        self.get(i).copied().unwrap_or_else(|| T::from_f64(f64::NAN))
    }

    #[inline]
    fn divide(self, count: usize) -> (Self, Self) {
        self.split_at(count.min(self.len()))
    }

    #[inline]
    fn as_plain(&self) -> Option<&[T]> {
        Some(self)
    }
}

/// What is stored of a weight, to be multiplied by its scale factor.
pub trait Stored: Copy {
    /// q as a number, exactly.
    fn number(self) -> f32;
}

/// A whole number.
impl Stored for i8 {
    #[inline]
    fn number(self) -> f32 {
        f32::from(self)
    }
}

/// The bits of an IEEE binary16 number.
impl Stored for u16 {
    fn number(self) -> f32 {
        let [sign, exponent, fraction] = [self >> 15, self >> 10 & 31, self & 1023].map(u32::from);
        let magnitude = match exponent {
            // Zero and subnormal numbers: fraction · 2⁻²⁴.
            0 => fraction as f32 * (1.0 / 16_777_216.0),
            31 => f32::from_bits(0xff << 23 | fraction << 13),
            _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
        };
        f32::from_bits(magnitude.to_bits() | sign << 31)
    }
}

/// Packed weights: `values`, and a scale factor for each [`BLOCK`] of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled<'a, S> {
    values: &'a [S],
    scales: &'a [f32],
    /// Where in its block the first value is, in 0 … `BLOCK` − 1.
    first: usize,
}

impl<'a, S> Scaled<'a, S> {
    /// Weight i is `values[i] · scales[i / BLOCK]`; NaN where there is no such factor.
    pub const fn new(values: &'a [S], scales: &'a [f32]) -> Self {
        Self::starting_at(values, scales, 0)
    }

    /// The first block lacks its first `first` weights (modulo [`BLOCK`]), so that the next one begins earlier: weight i is
    /// `values[i] · scales[(first + i) / BLOCK]`; NaN where there is no such factor.
    pub const fn starting_at(values: &'a [S], scales: &'a [f32], first: usize) -> Self {
        Self { values, scales, first: first % BLOCK }
    }
}

impl<S: Stored> Weights<f32> for Scaled<'_, S> {
    #[inline]
    fn count(&self) -> usize {
        self.values.len()
    }

    #[inline]
    fn at(&self, i: usize) -> f32 {
        match (self.values.get(i), self.scales.get((self.first + i) / BLOCK)) {
            (Some(value), Some(scale)) => value.number() * scale,
            _ => f32::NAN,
        }
    }

    #[inline]
    fn divide(self, count: usize) -> (Self, Self) {
        let count = count.min(self.values.len());
        let (values, others) = self.values.split_at(count);
        let end = self.first + count;
        let scales = self.scales.get(end / BLOCK..).unwrap_or_default();
        (Self { values, ..self }, Self { values: others, scales, first: end % BLOCK })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn halves_are_those_of_the_standard() {
        for (bits, value) in [
            (0x0000_u16, 0.0_f32),
            (0x8000, -0.0),
            (0x0001, 2.0_f32.powi(-24)),
            (0x83ff, -1023.0 * 2.0_f32.powi(-24)),
            (0x0400, 2.0_f32.powi(-14)),
            (0x3c00, 1.0),
            (0x3555, 0.333_251_95),
            (0xc500, -5.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(bits.number().to_bits(), value.to_bits(), "{bits:#x}");
        }
        assert!(0x7e00_u16.number().is_nan());
    }

    /// However they are divided, weights keep their scale factors.
    #[test]
    fn parts_of_packed_weights_are_those_of_the_whole() {
        let values: Vec<i8> = (0..100).map(|i| (i * 37 % 255 - 127) as i8).collect();
        let scales = [0.5_f32, 2.0, 0.25, 8.0];
        let whole = Scaled::new(&values, &scales);
        assert_eq!(whole, Scaled::starting_at(&values, &scales, 64));
        for start in [0, 1, 20, 28] {
            let whole = Scaled::starting_at(&values, &scales, start);
            let expected: Vec<f32> = (0..100).map(|i| f32::from(values[i]) * scales[(start + i) / 32]).collect();
            for a in [0, 1, 4, 31, 32, 33, 64, 96, 100, 200] {
                for b in [0, 1, 5, 31, 32, 64] {
                    let (first, rest) = whole.divide(a);
                    let (second, third) = rest.divide(b);
                    assert_eq!(first.count() + second.count() + third.count(), 100);
                    let mut all = Vec::new();
                    for part in [first, second, third] {
                        let mut out = std::vec![0.0; part.count()];
                        part.unpack(&mut out);
                        all.extend(out);
                    }
                    assert_eq!(all, expected, "{start} {a} {b}");
                }
            }
        }
        assert!(whole.at(100).is_nan() && Scaled::new(&values, &scales[..2]).at(64).is_nan());
        assert!(Weights::<f64>::at(&[1.0].as_slice(), 1).is_nan());
    }
}
