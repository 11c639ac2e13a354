//! The bit operations of the elementary functions. An integer n travels as `rounded`, a number near 1.5·2ᵖ, where the spacing
//! is 1: it stands in the low bits, and what is shifted out at the top does not matter.

use crate::scalar::Real;

/// `f32` and `f64` as bits.
pub(in crate::scalar) trait Bits: Real + 'static {
    /// y + `ROUND` is y rounded to an integer, as `rounded`.
    const ROUND: Self;

    /// 2ⁿ in two factors, for n in twice the range of exponents.
    fn power_in_two(rounded: Self) -> (Self, Self);
    /// 2ⁿ, for n in the range of exponents.
    fn power(rounded: Self) -> Self;
    /// 2ⁿ⁻¹ up to the largest power, and 2¹⁻ⁿ, which is 0 where that would be subnormal.
    fn power_and_inverse(rounded: Self) -> (Self, Self);
    /// A positive normal x = 2ᵏ z with √½ ≤ z < √2: k, z, and 2¹⁻ᵏ, which is 0 where that would be subnormal.
    fn split(self) -> (Self, Self, Self);
    /// A power of two that makes subnormal numbers normal, and its exponent.
    const NORMALIZE: (Self, Self);
    /// Whether n is odd.
    fn is_odd(rounded: Self) -> bool;
    /// x, or −x where bit 1 of n is set.
    fn negate_by(self, rounded: Self) -> Self;
    /// The upper half of the digits.
    fn half(self) -> Self;
    /// −x where `sign` is negative.
    fn times_sign(self, sign: Self) -> Self;
    /// libm's sine and cosine.
    fn libm_sin(self) -> Self;
    fn libm_cos(self) -> Self;
}

macro_rules! bits {
    ($float:ident, $bits:ident, mantissa: $mantissa:literal, root_half: $root_half:literal, libm: $sin:ident $cos:ident) => {
        impl Bits for $float {
            const ROUND: Self = 1.5 * (1_u64 << $mantissa) as $float;
            const NORMALIZE: (Self, Self) = ((1_u64 << ($mantissa + 1)) as $float, ($mantissa + 1) as $float);

            #[inline(always)]
            fn power_in_two(rounded: Self) -> (Self, Self) {
                const ONE: $bits = $float::to_bits(1.0);
                let n = rounded.to_bits();
                let half = n >> 1;
                let rest = n.wrapping_sub(half);
                let power = |n: $bits| $float::from_bits((n << $mantissa).wrapping_add(ONE));
                (power(half), power(rest))
            }
            #[inline(always)]
            fn power(rounded: Self) -> Self {
                const ONE: $bits = $float::to_bits(1.0);
                $float::from_bits((rounded.to_bits() << $mantissa).wrapping_add(ONE))
            }
            #[inline(always)]
            fn power_and_inverse(rounded: Self) -> (Self, Self) {
                const ONE: $bits = $float::to_bits(1.0);
                let n = (rounded.to_bits() << $mantissa).wrapping_sub(1 << $mantissa);
                ($float::from_bits(ONE.wrapping_add(n)), $float::from_bits(ONE.wrapping_sub(n)))
            }
            #[inline(always)]
            fn split(self) -> (Self, Self, Self) {
                const ONE: $bits = $float::to_bits(1.0);
                const MANTISSA: $bits = (1 << $mantissa) - 1;
                const UNIT: $float = (1_u64 << $mantissa) as $float;
                const BIAS: $bits = ONE >> $mantissa;
                // The exponent field counts from √½ in place of 1.
                let moved = self.to_bits().wrapping_add(ONE - $root_half);
                let k = moved >> $mantissa;
                let z = $float::from_bits((moved & MANTISSA) + $root_half);
                let inverse = $float::from_bits((2 * BIAS + 1).wrapping_sub(k) << $mantissa);
                // Integers to numbers: k are the low digits of 2ᵖ + k.
                ($float::from_bits(k | UNIT.to_bits()) - (UNIT + BIAS as $float), z, inverse)
            }
            #[inline(always)]
            fn is_odd(rounded: Self) -> bool {
                rounded.to_bits() & 1 != 0
            }
            #[inline(always)]
            fn negate_by(self, rounded: Self) -> Self {
                $float::from_bits(self.to_bits() ^ ((rounded.to_bits() & 2) << ($bits::BITS - 2)))
            }
            #[inline(always)]
            fn half(self) -> Self {
                $float::from_bits(self.to_bits() & !((1 << ($mantissa / 2 + 1)) - 1))
            }
            #[inline(always)]
            fn times_sign(self, sign: Self) -> Self {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                $float::from_bits(self.to_bits() ^ (sign.to_bits() & SIGN))
            }
            #[inline(always)]
            fn libm_sin(self) -> Self {
                libm::$sin(self)
            }
            #[inline(always)]
            fn libm_cos(self) -> Self {
                libm::$cos(self)
            }
        }
    };
}

bits!(f64, u64, mantissa: 52, root_half: 0x3fe6_a09e_667f_3bcd, libm: sin cos);
bits!(f32, u32, mantissa: 23, root_half: 0x3f35_04f3, libm: sinf cosf);
