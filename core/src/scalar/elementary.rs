//! Elementary functions of our own: without branches, so that a loop over a slice becomes vector instructions, and with
//! nothing but the sums, products, quotients and bit operations of IEEE 754, so that the bits are the same on every platform.
//!
//! libm's functions branch on the size of their argument: one number at a time, and mispredicted where sizes vary.
//!
//! tanh x = m/(m + 2) with m = e^(2|x|) − 1 and the sign of x. With 2|x| = n ln 2 + r and |r| ≤ ½ ln 2,
//! m = 2ⁿ(eʳ − 1) + (2ⁿ − 1) does not cancel; eʳ − 1 = r + r² q(r) with the polynomial q that Remez' algorithm gives for the
//! least relative error (2⁻⁶¹, 2⁻³² for `f32`). What roundings change in r, m, m + 2 and the quotient is carried along.
//! Accuracy: at most 0.92 ULP (`f64`, against 106-bit arithmetic at 2·10⁷ random arguments), 0.96 ULP (`f32`, against `f64` at all arguments).

/// The constants of a type, and tanh by them.
macro_rules! tanh {
    (
        $tanh:ident, $float:ident, $consts:ident,
        round: $round:expr, mantissa: $mantissa:expr, bias: $bias:expr, half: $half:expr, saturated: $saturated:expr,
        ln_2: ($high:expr, $low:expr), even: $even:expr, odd: $odd:expr
    ) => {
        /// Beyond the argument that is tested for, ±1; NaN for NaN.
        #[inline]
        pub(super) fn $tanh(x: $float) -> $float {
            let a = x.abs();
            let a = if a > $saturated { $saturated } else { a }; // NaN stays NaN
            let y = a + a;
            // Numbers near `round` have the spacing 1: the sum is rounded to an integer, which stands in its low bits.
            let shifted = y * core::$consts::consts::LOG2_E + $round;
            let n = shifted - $round;
            let power = $float::from_bits((shifted.to_bits() << $mantissa).wrapping_add($bias << $mantissa));
            // The high part of ln 2 ends in zeros, so that its product is exact, and so is the difference.
            let (near, low) = (y - n * $high, n * $low);
            let r = near - low;
            let r_error = (near - r) - low;
            // Even and odd powers by themselves: two short chains of sums in place of a long one.
            let square = r * r;
            let even = $even.iter().rev().fold(0.0, |q, c| q * square + c);
            let q = even + r * $odd.iter().rev().fold(0.0, |q, c| q * square + c);
            // m and d = m + 2 with the rounding errors of the sums (the first is exact since |2ⁿ r| < 2ⁿ − 1, or n = 0).
            let (large, small) = (power - 1.0, power * r);
            let sum = large + small;
            let tail = ((large - sum) + small) + power * (r_error + square * q);
            let m = sum + tail;
            let m_error = (sum - m) + tail;
            let d = m + 2.0;
            let two = d - m;
            let d_error = (m - (d - two)) + (2.0 - two);
            // A quotient of half as many digits, whose products with the halves of d are exact, and what is left over. An error of
            // m is one of d too.
            let half = |z: $float| $float::from_bits(z.to_bits() & $half);
            let (t, d_high) = (half(m / d), half(d));
            let left = ((m - t * d_high) - t * (d - d_high)) + (m_error - t * (d_error + m_error));
            (t + left / d).copysign(x)
        }
    };
}

tanh!(tanh, f64, f64,
round: 6_755_399_441_055_744.0, mantissa: 52, bias: 1023, half: !0x7ff_ffff, saturated: 20.0,
ln_2: (f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)),
even: [
    0.5,
    0.041_666_666_666_666_51,
    0.001_388_888_888_896_237,
    2.480_158_717_253_88e-5,
    2.755_740_264_250_971_6e-7,
    2.087_533_005_042_610_3e-9
],
odd: [
    0.166_666_666_666_666_77,
    0.008_333_333_333_321_691,
    0.000_198_412_698_859_662_33,
    2.755_724_437_388_385_5e-6,
    2.510_897_898_667_880_5e-8
]);

tanh!(tanhf, f32, f32,
    round: 12_582_912.0, mantissa: 23, bias: 127, half: !0xfff, saturated: 10.0,
    ln_2: (f32::from_bits(0x3f31_7200), f32::from_bits(0x35bf_be8e)),
    even: [0.5, 0.041_666_36, 0.001_394_062_7],
    odd: [0.166_666_66, 0.008_333_389, 0.000_198_458_78]);
