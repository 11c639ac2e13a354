//! The types of number that NPY and IDX files hold, and their bytes as `f64`.
//!
//! All become `f64`: exactly, but for integers beyond 2⁵³, which are rounded to the nearest.

/// A type of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    /// Bytes of one number: 1, 2, 4 or 8.
    pub(super) width: usize,
    pub(super) big_endian: bool,
}

/// What the bits of a number mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
}

impl Element {
    /// NumPy's name: `float64`, `uint8`, …
    pub(super) fn name(self) -> String {
        let kind = match self.kind {
            Kind::Bool => return "bool".to_owned(),
            Kind::Signed => "int",
            Kind::Unsigned => "uint",
            Kind::Float => "float",
        };
        format!("{kind}{}", 8 * self.width)
    }

    /// Appends the numbers in `bytes`, whose length is a multiple of the width.
    pub(super) fn append(self, bytes: &[u8], numbers: &mut Vec<f64>) {
        numbers.extend(bytes.chunks_exact(self.width).map(|bytes| self.number(bytes)));
    }

    fn number(self, bytes: &[u8]) -> f64 {
        // Sign and order of bytes are settled in a word of eight, from which every type is cut.
        let mut word = [0; 8];
        word[..self.width].copy_from_slice(bytes);
        if self.big_endian {
            word[..self.width].reverse();
        }
        let bits = u64::from_le_bytes(word);
        match (self.kind, self.width) {
            (Kind::Bool, _) => f64::from(u8::from(bits != 0)),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, 1) => f64::from(bits as u8 as i8),
            (Kind::Signed, 2) => f64::from(bits as u16 as i16),
            (Kind::Signed, 4) => f64::from(bits as u32 as i32),
            (Kind::Signed, _) => bits as i64 as f64,
            (Kind::Float, 2) => half(bits as u16),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
        }
    }
}

/// IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_in_both_byte_orders() {
        let cases: [(Kind, usize, Vec<u8>, f64, &str); 15] = [
            (Kind::Bool, 1, vec![1], 1.0, "bool"),
            (Kind::Bool, 1, vec![0], 0.0, "bool"),
            (Kind::Signed, 1, vec![0x80], -128.0, "int8"),
            (Kind::Signed, 2, (-2_i16).to_le_bytes().into(), -2.0, "int16"),
            (Kind::Signed, 4, i32::MIN.to_le_bytes().into(), -2_147_483_648.0, "int32"),
            (Kind::Signed, 8, (-9_i64).to_le_bytes().into(), -9.0, "int64"),
            (Kind::Unsigned, 1, vec![255], 255.0, "uint8"),
            (Kind::Unsigned, 2, vec![1, 2], 513.0, "uint16"),
            (Kind::Unsigned, 4, u32::MAX.to_le_bytes().into(), 4_294_967_295.0, "uint32"),
            (Kind::Unsigned, 8, u64::MAX.to_le_bytes().into(), 18_446_744_073_709_551_616.0, "uint64"),
            (Kind::Float, 2, 0x3C01_u16.to_le_bytes().into(), 1.0 + 2f64.powi(-10), "float16"),
            (Kind::Float, 2, 0xFBFF_u16.to_le_bytes().into(), -65504.0, "float16"),
            (Kind::Float, 2, 0x0001_u16.to_le_bytes().into(), 2f64.powi(-24), "float16"),
            (Kind::Float, 4, (-0.1_f32).to_le_bytes().into(), f64::from(-0.1_f32), "float32"),
            (Kind::Float, 8, 1e-310_f64.to_le_bytes().into(), 1e-310, "float64"),
        ];
        for (kind, width, bytes, expected, name) in cases {
            for big_endian in [false, true] {
                let element = Element { kind, width, big_endian };
                let mut bytes = bytes.clone();
                if big_endian {
                    bytes.reverse();
                }
                let mut numbers = vec![7.0];
                element.append(&[&bytes[..], &bytes].concat(), &mut numbers);
                assert_eq!((numbers, element.name().as_str()), (vec![7.0, expected, expected], name));
            }
        }
        assert!(half(0x7C00) == f64::INFINITY && half(0xFC00) == f64::NEG_INFINITY && half(0x7E00).is_nan());
    }
}
