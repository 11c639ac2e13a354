//! The constants of the elementary functions for `f64` and `f32`.
//!
//! Polynomials: Remez' algorithm in 60 digits for the least error weighted as the function needs it; then coefficients are
//! rounded to the format one after the other, each time fitting again those that are left.

use super::bits::Bits;

/// Coefficients of the even powers, and of the odd ones.
pub(in crate::scalar) type Polynomial<T> = (&'static [T], &'static [T]);

/// `f32` and `f64` as constants.
pub(in crate::scalar) trait Format: Bits {
    /// 1/ln 2
    const LOG2_E: Self;
    /// 2/π
    const FRAC_2_PI: Self;
    /// ln 2 in two parts; the first ends in zeros, so that its products with exponents are exact.
    const LN_2: (Self, Self);
    /// π/2 in parts; the products of all but the last with integers up to 2/π `SINE_RANGE` are exact.
    const FRAC_PI_2: &'static [Self];
    /// Beyond these, eˣ is 0 or ∞.
    const EXP_RANGE: (Self, Self);
    /// Below this, eˣ − 1 is −1.
    const EXP_M1_LEAST: Self;
    /// Beyond this, tanh x is 1.
    const TANH_MOST: Self;
    /// Up to this, sine and cosine reduce the argument by the parts of π/2.
    const SINE_RANGE: Self;
    /// (eʳ − 1 − r − r²/2)/r³ for |r| ≤ ½ ln 2, in r
    const EXP: Polynomial<Self>;
    /// (ln((1 + s)/(1 − s)) − 2s)/s³ for s² ≤ 0.0295, in s²
    const LN: Polynomial<Self>;
    /// (sin r − r)/r³ for |r| ≤ π/4, in r²
    const SIN: Polynomial<Self>;
    /// (cos r − 1 + r²/2)/r⁴ for |r| ≤ π/4, in r²
    const COS: Polynomial<Self>;

    /// (a + a_low)/(b + b_low) for b ≥ 1, and what gives 1/b, to a few digits, from the quotient.
    fn divide(a: (Self, Self), b: (Self, Self), inverse: impl Fn(Self) -> Self) -> Self;
}

impl Format for f64 {
    const LOG2_E: Self = core::f64::consts::LOG2_E;
    const FRAC_2_PI: Self = core::f64::consts::FRAC_2_PI;
    const LN_2: (Self, Self) = (Self::from_bits(0x3fe6_2e42_fee0_0000), Self::from_bits(0x3dea_39ef_3579_3c76));
    const FRAC_PI_2: &'static [Self] = &[
        Self::from_bits(0x3ff9_21fb_5444_0000),
        Self::from_bits(0x3d86_8c23_4c4c_0000),
        Self::from_bits(0x3b29_8a2e_0370_7345),
    ];
    const EXP_RANGE: (Self, Self) = (-750.0, 710.0);
    const EXP_M1_LEAST: Self = -40.0;
    const TANH_MOST: Self = 20.0;
    const SINE_RANGE: Self = 1e5;
    const EXP: Polynomial<Self> = (
        &[
            0.166_666_666_666_666_77,
            0.008_333_333_333_320_087,
            0.000_198_412_698_919_746_97,
            2.755_723_715_046_610_4e-6,
            2.511_175_116_210_743_5e-8,
        ],
        &[
            0.041_666_666_666_622_706,
            0.001_388_888_891_945_307_8,
            2.480_151_762_228_168_2e-5,
            2.762_173_929_186_699_5e-7,
        ],
    );
    const LN: Polynomial<Self> = (
        &[0.666_666_666_666_673_4, 0.285_714_287_420_332, 0.181_835_629_008_487_27, 0.147_956_506_093_000_43],
        &[0.399_999_999_994_166_3, 0.222_221_986_043_058_43, 0.153_140_833_324_686_23],
    );
    const SIN: Polynomial<Self> = (
        &[-0.166_666_666_666_666_32, -0.000_198_412_698_298_576_65, -2.505_076_021_817_309e-8],
        &[0.008_333_333_333_322_49, 2.755_731_370_690_433_7e-6, 1.589_690_743_818_004e-10],
    );
    const COS: Polynomial<Self> = (
        &[0.041_666_666_666_666_6, 2.480_158_728_967_141_5e-5, 2.087_572_926_391_541_7e-9],
        &[-0.001_388_888_888_887_447_4, -2.755_731_440_095_003e-7, -1.135_993_302_748_898e-11],
    );

    /// Two roundings, 1.2 ULP: two thirds of the time of a quotient with all digits.
    #[inline(always)]
    fn divide((a, a_low): (Self, Self), (b, b_low): (Self, Self), inverse: impl Fn(Self) -> Self) -> Self {
        let q = a / b;
        q + (a_low - q * b_low) * inverse(q)
    }
}

impl Format for f32 {
    const LOG2_E: Self = core::f32::consts::LOG2_E;
    const FRAC_2_PI: Self = core::f32::consts::FRAC_2_PI;
    const LN_2: (Self, Self) = (Self::from_bits(0x3f31_7200), Self::from_bits(0x35bf_be8e));
    const FRAC_PI_2: &'static [Self] = &[
        Self::from_bits(0x3fc9_0800),
        Self::from_bits(0x397b_5000),
        Self::from_bits(0x3288_8000),
        Self::from_bits(0x2c34_611a),
    ];
    const EXP_RANGE: (Self, Self) = (-105.0, 89.0);
    const EXP_M1_LEAST: Self = -20.0;
    const TANH_MOST: Self = 10.0;
    const SINE_RANGE: Self = 3200.0;
    const EXP: Polynomial<Self> =
        (&[0.166_666_67, 0.008_333_283_5, 0.000_199_092_01], &[0.041_666_485, 0.001_393_307_6]);
    const LN: Polynomial<Self> = (&[0.666_666_6, 0.284_987_93], &[0.400_009_72, 0.242_788_57]);
    const SIN: Polynomial<Self> = (&[-0.166_666_55, -0.000_195_187_9], &[0.008_332_192]);
    const COS: Polynomial<Self> = (&[0.041_666_646, 2.443_067e-5], &[-0.001_388_730_1]);

    #[inline(always)]
    fn divide(a: (Self, Self), b: (Self, Self), _: impl Fn(Self) -> Self) -> Self {
        super::quotient(a, b)
    }
}
