//! One number for the bits of many.

/// FNV-1a of 64 bits over the bits of numbers, least significant byte first (G. Fowler, L. Noll, K.-P. Vo, "The FNV
/// non-cryptographic hash algorithm", draft-eastlake-fnv). Two sets of weights that differ in a bit have different digests, but
/// for one case in 10¹⁹.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// Of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// With more numbers.
    #[must_use]
    pub fn and(self, numbers: &[f32]) -> Self {
        let bytes = numbers.iter().flat_map(|x| x.to_bits().to_le_bytes());
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}
