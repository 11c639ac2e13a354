//! [`Real`] for `f32` and `f64`.

use super::{Real, elementary};

/// Square roots by libm, but by the processor where libm has its instruction in assembly or does not use it yet.
mod roots {
    #[cfg(any(target_arch = "x86_64", all(target_arch = "arm", target_abi = "eabihf", target_os = "none")))]
    pub(super) use gaussling_sqrt::{sqrt, sqrtf};
    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "arm", target_abi = "eabihf", target_os = "none"))))]
    pub(super) use libm::{sqrt, sqrtf};
}

macro_rules! real_float {
    ($float:ident, own: $($own:ident),+; root: $root:ident; acosh: $acosh:ident; unary: $($unary:ident = $libm1:ident),+; binary: $($binary:ident = $libm2:ident),+) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $float::EPSILON;
            const MIN_POSITIVE: Self = $float::MIN_POSITIVE;
            const MAX: Self = $float::MAX;

            #[inline]
            fn from_f64(x: f64) -> Self {
                x as $float
            }
            #[inline]
            fn value(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline]
            fn is_zero(self) -> bool {
                self == 0.0
            }
            #[inline]
            fn is_sign_negative(self) -> bool {
                $float::is_sign_negative(self)
            }
            #[inline]
            fn scale(self, c: f64) -> Self {
                self * c as $float
            }
            #[inline]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline]
            fn copysign(self, sign: Self) -> Self {
                $float::copysign(self, sign)
            }
            $(#[inline]
            fn $own(self) -> Self {
                elementary::$own(self)
            })+
            #[inline]
            fn sqrt(self) -> Self {
                roots::$root(self)
            }
            #[inline]
            fn acosh(self) -> Self {
                // libm's takes some numbers below −1 for ones above it.
                if self < 1.0 { Self::NAN } else { libm::$acosh(self) }
            }
            $(#[inline]
            fn $unary(self) -> Self {
                libm::$libm1(self)
            })+
            $(#[inline]
            fn $binary(self, other: Self) -> Self {
                libm::$libm2(self, other)
            })+
        }
    };
}

real_float!(f64,
    own: exp, exp_m1, ln, ln_1p, sin, cos, sin_within, cos_within, tanh, sigmoid, softplus;
    root: sqrt; acosh: acosh; unary: cbrt = cbrt, exp2 = exp2, log2 = log2, log10 = log10, tan = tan, asin = asin, acos = acos,
        atan = atan, sinh = sinh, cosh = cosh, asinh = asinh, atanh = atanh, erf = erf;
    binary: powf = pow, atan2 = atan2, hypot = hypot);
real_float!(f32,
    own: exp, exp_m1, ln, ln_1p, sin, cos, sin_within, cos_within, tanh, sigmoid, softplus;
    root: sqrtf; acosh: acoshf; unary: cbrt = cbrtf, exp2 = exp2f, log2 = log2f, log10 = log10f, tan = tanf, asin = asinf, acos = acosf,
        atan = atanf, sinh = sinhf, cosh = coshf, asinh = asinhf, atanh = atanhf, erf = erff;
    binary: powf = powf, atan2 = atan2f, hypot = hypotf);

#[cfg(test)]
mod tests {
    use super::Real;

    /// The trait's other functions are libm's, whatever inherent methods the standard library would offer.
    #[test]
    fn functions_are_those_of_libm() {
        for x in [-3.7, -0.3, 0.0, 1e-9, 0.7, 2.5, 40.0_f64] {
            assert_eq!(Real::sinh(x).to_bits(), libm::sinh(x).to_bits());
            assert_eq!(Real::exp2(x).to_bits(), libm::exp2(x).to_bits());
            assert_eq!(Real::tan(x as f32).to_bits(), libm::tanf(x as f32).to_bits());
            assert_eq!(Real::atan(x as f32).to_bits(), libm::atanf(x as f32).to_bits());
            assert_eq!(Real::log10(x.abs()).to_bits(), libm::log10(x.abs()).to_bits());
            assert_eq!(Real::powf(x.abs(), 0.3).to_bits(), libm::pow(x.abs(), 0.3).to_bits());
        }
    }

    #[test]
    fn edges_follow_ieee_754() {
        assert_eq!(Real::ln(0.0_f64), f64::NEG_INFINITY);
        assert!(Real::ln(-1.0_f64).is_nan() && Real::sqrt(-1.0_f32).is_nan());
        assert_eq!((Real::exp(f64::INFINITY), Real::exp(f64::NEG_INFINITY)), (f64::INFINITY, 0.0));
        assert_eq!((Real::tanh(f32::INFINITY), Real::tanh(f32::NEG_INFINITY)), (1.0, -1.0));
        assert!(Real::tanh(f64::NAN).is_nan());
    }

    #[test]
    fn the_inverse_of_cosh_has_no_value_below_one() {
        for x in [0.999, 0.0, -0.5, -1.0, -39.325447, -4096.0, -1e30] {
            assert!(Real::acosh(x).is_nan() && Real::acosh(x as f32).is_nan(), "{x}");
        }
        assert_eq!((Real::acosh(1.0), Real::acosh(1.0_f32)), (0.0, 0.0));
    }

    /// The table in the documentation of [`Real`], row by row.
    #[test]
    fn edges_are_those_of_the_table() {
        fn check<T: Real>() {
            type Row<T> = (&'static str, fn(T) -> T, [f64; 5]);
            let (inf, nan, half_pi) = (f64::INFINITY, f64::NAN, core::f64::consts::FRAC_PI_2);
            // At −∞, −0, 0, ∞, −2.
            let c = |x: f64, f: fn(T) -> T| f(T::from_f64(x)).value();
            let rows: [Row<T>; 25] = [
                ("abs", T::abs, [inf, 0.0, 0.0, inf, 2.0]),
                ("sqrt", T::sqrt, [nan, -0.0, 0.0, inf, nan]),
                ("cbrt", T::cbrt, [-inf, -0.0, 0.0, inf, c(-2.0, T::cbrt)]),
                ("exp", T::exp, [0.0, 1.0, 1.0, inf, c(-2.0, T::exp)]),
                ("exp2", T::exp2, [0.0, 1.0, 1.0, inf, 0.25]),
                ("exp_m1", T::exp_m1, [-1.0, -0.0, 0.0, inf, c(-2.0, T::exp_m1)]),
                ("ln", T::ln, [nan, -inf, -inf, inf, nan]),
                ("ln_1p", T::ln_1p, [nan, -0.0, 0.0, inf, nan]),
                ("log2", T::log2, [nan, -inf, -inf, inf, nan]),
                ("log10", T::log10, [nan, -inf, -inf, inf, nan]),
                ("sin", T::sin, [nan, -0.0, 0.0, nan, c(-2.0, T::sin)]),
                ("cos", T::cos, [nan, 1.0, 1.0, nan, c(-2.0, T::cos)]),
                ("tan", T::tan, [nan, -0.0, 0.0, nan, c(-2.0, T::tan)]),
                ("asin", T::asin, [nan, -0.0, 0.0, nan, nan]),
                ("acos", T::acos, [nan, half_pi, half_pi, nan, nan]),
                ("atan", T::atan, [-half_pi, -0.0, 0.0, half_pi, c(-2.0, T::atan)]),
                ("sinh", T::sinh, [-inf, -0.0, 0.0, inf, c(-2.0, T::sinh)]),
                ("cosh", T::cosh, [inf, 1.0, 1.0, inf, c(-2.0, T::cosh)]),
                ("tanh", T::tanh, [-1.0, -0.0, 0.0, 1.0, c(-2.0, T::tanh)]),
                ("sigmoid", T::sigmoid, [0.0, 0.5, 0.5, 1.0, c(-2.0, T::sigmoid)]),
                (
                    "softplus",
                    T::softplus,
                    [0.0, core::f64::consts::LN_2, core::f64::consts::LN_2, inf, c(-2.0, T::softplus)],
                ),
                ("asinh", T::asinh, [-inf, -0.0, 0.0, inf, c(-2.0, T::asinh)]),
                ("acosh", T::acosh, [nan, nan, nan, inf, nan]),
                ("atanh", T::atanh, [nan, -0.0, 0.0, nan, nan]),
                ("erf", T::erf, [-1.0, -0.0, 0.0, 1.0, c(-2.0, T::erf)]),
            ];
            for (name, f, expected) in rows {
                for (x, y) in [-inf, -0.0, 0.0, inf, -2.0].into_iter().zip(expected) {
                    let found = f(T::from_f64(x)).value();
                    let y = T::from_f64(y).value();
                    // Zeros, infinities and NaN are exact; π/2 and the rest to 1 ULP.
                    let near = found == y || (found - y).abs() <= T::EPSILON.value();
                    let same = near && found.is_sign_negative() == y.is_sign_negative();
                    assert!(same || (found.is_nan() && y.is_nan()), "{name}({x}) = {found}, not {y}");
                }
                assert!(f(T::from_f64(nan)).is_nan(), "{name}(NaN)");
            }
            let one = T::ONE;
            assert_eq!((one.atanh().value(), (-one).ln_1p().value()), (inf, -inf));
            assert_eq!(T::from_f64(nan).powf(T::ZERO).value(), 1.0);
            assert_eq!(T::from_f64(-inf).hypot(T::from_f64(nan)).value(), inf);
        }
        check::<f64>();
        check::<f32>();
    }

    #[test]
    fn signs_and_reciprocals() {
        assert_eq!([-0.0_f64, 0.0, -3.0, f64::INFINITY].map(Real::signum), [-1.0, 1.0, -1.0, 1.0]);
        assert!(Real::signum(f32::NAN).is_nan() && Real::is_nan(f64::NAN) && !Real::is_nan(1.0));
        assert_eq!((Real::copysign(2.0, -0.0_f64), Real::copysign(-2.0_f32, 1.0)), (-2.0, 2.0));
        assert_eq!((Real::recip(4.0), Real::sin_cos(0.0_f32)), (0.25, (0.0, 1.0)));
        assert!(Real::is_zero(-0.0_f64) && !Real::is_zero(f64::from_bits(1)) && Real::is_sign_negative(-0.0_f32));
    }

    #[test]
    fn hypot_and_atan2_take_extreme_sizes() {
        for scale in [1e-300, 1.0, 1e300_f64] {
            assert!((Real::hypot(3.0 * scale, 4.0 * scale) / (5.0 * scale) - 1.0).abs() < 4e-16);
            assert_eq!(Real::atan2(scale, -scale), 3.0 * core::f64::consts::FRAC_PI_4);
        }
    }

    #[test]
    fn powi_handles_zero_negative_and_extreme_exponents() {
        assert_eq!(Real::powi(3.0_f64, 0), 1.0);
        assert_eq!(Real::powi(2.0_f64, 10), 1024.0);
        assert_eq!(Real::powi(2.0_f32, -3), 0.125);
        assert_eq!(Real::powi(1.0_f64, i32::MIN), 1.0);
    }

    #[test]
    fn max_and_min_pick_the_other_for_nan() {
        assert_eq!((Real::max(f64::NAN, 1.0), Real::min(f64::NAN, 1.0)), (1.0, 1.0));
        assert_eq!((Real::max(2.0, 1.0_f32), Real::min(2.0, 1.0_f32)), (2.0, 1.0));
    }
}
