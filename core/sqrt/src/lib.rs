//! √x by the processor where libm does not use its instruction, or hides it from the compiler, and stable Rust does not reach it.
//!
//! IEEE 754 asks for the correctly rounded root, so the bits do not depend on who computes it. `f32::sqrt` is not in `core`, and
//! `core::f32::math` is not stable.
//!
//! * ARM without an operating system: `libm` computes in integers, about 70 instructions, although `thumbv7em-none-eabihf` and the other
//!   targets of hard floats have `vsqrt.f32`. The sources of libm have the instruction since August 2026 (rust-lang/compiler-builtins,
//!   pull request 1300).
//! * x86-64: `libm` has the instruction of the narrow registers in assembly, which no compiler makes vector instructions of. Among those of
//!   wider registers it takes some processors 400 cycles instead of 20: in an AVX-512 loop or a build for `target-cpu=native`.
//!
//! **When a release of libm has both, or `core::f32::math` is stable, this package goes.** It is one of its own because it holds lines that
//! the core's `forbid(unsafe_code)` does not allow. The functions are safe for any argument: an instruction reads one register, writes
//! another, and touches neither memory nor flags.

#![no_std]

/// √x, correctly rounded; NaN for x < 0.
///
/// ```
/// assert_eq!(gaussling_sqrt::sqrt(2.0), 1.414_213_562_373_095_1);
/// assert!(gaussling_sqrt::sqrt(-1.0).is_nan());
/// ```
#[inline(always)]
#[must_use]
pub fn sqrt(x: f64) -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cvtsd_f64, _mm_set_sd, _mm_setzero_pd, _mm_sqrt_sd};
        // SAFETY: all of x86-64 has SSE2.
        unsafe { _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x))) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    libm::sqrt(x)
}

/// √x, correctly rounded; NaN for x < 0.
///
/// ```
/// assert_eq!(gaussling_sqrt::sqrtf(2.0), 1.414_213_5);
/// assert!(gaussling_sqrt::sqrtf(-1.0).is_nan());
/// ```
#[cfg(not(all(target_arch = "arm", target_abi = "eabihf", target_os = "none")))]
#[inline(always)]
#[must_use]
pub fn sqrtf(x: f32) -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
        // SAFETY: all of x86-64 has SSE.
        unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    libm::sqrtf(x)
}

/// √x, correctly rounded; NaN for x < 0.
#[cfg(all(target_arch = "arm", target_abi = "eabihf", target_os = "none"))]
#[inline]
#[must_use]
pub fn sqrtf(x: f32) -> f32 {
    let mut bits = x.to_bits();
    // Through a general register: rustc takes the class `sreg` for missing here (rust-lang/rust, issue 159976).
    // SAFETY: a target of hard floats has the instruction, whose effects are those that the options say.
    unsafe {
        core::arch::asm!(
            "vmov s0, {0}",
            "vsqrt.f32 s0, s0",
            "vmov {0}, s0",
            inout(reg) bits,
            out("s0") _,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    f32::from_bits(bits)
}
