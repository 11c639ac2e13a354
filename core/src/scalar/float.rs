//! [`Real`] for `f32` and `f64`.

use super::Real;

macro_rules! real_float {
    ($float:ident, $abs:ident, $sqrt:ident, $exp:ident, $expm1:ident, $log:ident, $log1p:ident, $sin:ident, $cos:ident,
     $tanh:ident, $atan:ident, $pow:ident) => {
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
            fn abs(self) -> Self {
                libm::$abs(self)
            }
            #[inline]
            fn sqrt(self) -> Self {
                libm::$sqrt(self)
            }
            #[inline]
            fn exp(self) -> Self {
                libm::$exp(self)
            }
            #[inline]
            fn exp_m1(self) -> Self {
                libm::$expm1(self)
            }
            #[inline]
            fn ln(self) -> Self {
                libm::$log(self)
            }
            #[inline]
            fn ln_1p(self) -> Self {
                libm::$log1p(self)
            }
            #[inline]
            fn sin(self) -> Self {
                libm::$sin(self)
            }
            #[inline]
            fn cos(self) -> Self {
                libm::$cos(self)
            }
            #[inline]
            fn tanh(self) -> Self {
                libm::$tanh(self)
            }
            #[inline]
            fn atan(self) -> Self {
                libm::$atan(self)
            }
            #[inline]
            fn powf(self, p: Self) -> Self {
                libm::$pow(self, p)
            }
        }
    };
}

real_float!(f64, fabs, sqrt, exp, expm1, log, log1p, sin, cos, tanh, atan, pow);
real_float!(f32, fabsf, sqrtf, expf, expm1f, logf, log1pf, sinf, cosf, tanhf, atanf, powf);

#[cfg(test)]
mod tests {
    use super::Real;

    /// The trait's functions are libm's, whatever inherent methods the standard library would offer.
    #[test]
    fn functions_are_those_of_libm() {
        for x in [-3.7, -0.3, 0.0, 1e-9, 0.7, 2.5, 40.0_f64] {
            assert_eq!(Real::exp(x).to_bits(), libm::exp(x).to_bits());
            assert_eq!(Real::tanh(x).to_bits(), libm::tanh(x).to_bits());
            assert_eq!(Real::sin(x).to_bits(), libm::sin(x).to_bits());
            assert_eq!(Real::cos(x as f32).to_bits(), libm::cosf(x as f32).to_bits());
            assert_eq!(Real::atan(x as f32).to_bits(), libm::atanf(x as f32).to_bits());
            assert_eq!(Real::exp_m1(x as f32).to_bits(), libm::expm1f(x as f32).to_bits());
            assert_eq!(Real::ln_1p(x.abs()).to_bits(), libm::log1p(x.abs()).to_bits());
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
