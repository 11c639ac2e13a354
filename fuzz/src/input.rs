//! From bytes to numbers.

/// Reads numbers off the front of the bytes; zeros when they are used up.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A size from 0 to `most`.
    pub(crate) fn size(&mut self, most: usize) -> usize {
        usize::from(self.byte()) % (most + 1)
    }

    /// Eight bytes as the bits of a number: NaN, infinities and subnormal numbers included.
    pub(crate) fn bits(&mut self) -> f64 {
        f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte())))
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// An option: a number that callers take, a power of ten, or any bits.
    pub(crate) fn number(&mut self) -> f64 {
        let kind = self.byte();
        match kind {
            0..=99 => [0.0, 1.0, 0.5, 1e-3, 1e-8, 2.0, 10.0, 1e-16][usize::from(kind % 8)],
            100..=199 => 10f64.powi(i32::from(self.byte() % 61) - 30),
            200..=219 => -1.0,
            _ => self.bits(),
        }
    }

    /// `len` elements. The first byte chooses their kind: any bits; small integers, where ties and exact zeros abound; or
    /// small integers times powers of two from one end of the range to the other.
    pub(crate) fn elements(&mut self, len: usize) -> Vec<f64> {
        let kind = self.byte() % 4;
        let shift = i32::from(self.byte()) - 128;
        let element = |_| {
            let small = |byte: u8| f64::from(i32::from(byte) - 128);
            match kind {
                0 => self.bits(),
                1 => small(self.byte()) / 8.0,
                2 => small(self.byte()) * 2f64.powi(8 * shift),
                _ => small(self.byte()) * 2f64.powi(8 * (i32::from(self.byte()) - 128)),
            }
        };
        (0..len).map(element).collect()
    }
}
