//! Are square roots on this device, by its instruction or not, the correctly rounded ones of libm?
//!
//! 200 000 numbers of both parities of the exponent, subnormal ones, powers of two and their neighbours.

#![no_std]
#![no_main]

use firmware::Text::{Count, Word};
use firmware::print;

fn compare(_: &mut ()) -> bool {
    let mantissas = (0..100_000).map(|k| (k * 83) & 0x007f_ffff);
    let halves = mantissas.flat_map(|mantissa| [0x3f80_0000 | mantissa, 0x4000_0000 | mantissa]);
    let powers = (0..255_u32).flat_map(|exponent| [0_u32, 1, 0x007f_ffff].map(|mantissa| (exponent << 23) | mantissa));
    let subnormal = (0..23).map(|shift| 1_u32 << shift);
    let different = |bits: u32| {
        let x = f32::from_bits(bits);
        gaussling_core::scalar::Real::sqrt(x).to_bits() != libm::sqrtf(x).to_bits()
    };
    let wrong = halves.chain(powers).chain(subnormal).filter(|&bits| different(bits)).count();
    let edges = [0.0, -0.0, f32::INFINITY].into_iter().filter(|x| different(x.to_bits())).count();
    let nan = [-1.0, f32::NAN, f32::NEG_INFINITY].into_iter().all(|x| gaussling_core::scalar::Real::sqrt(x).is_nan());
    print(&[Word("roots that differ "), Count(wrong + edges)]);
    wrong + edges == 0 && nan
}

firmware::firmware!((), (), compare);
