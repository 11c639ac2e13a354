//! √x in single precision, by the processor where there is an instruction that stable Rust does not reach.
//!
//! IEEE 754 asks for the correctly rounded root, so the bits do not depend on who computes it. On x86-64, AArch64 and WebAssembly
//! `libm` takes the instruction. On ARM without an operating system it computes in integers, about 70 instructions, although
//! `thumbv7em-none-eabihf` and the other targets of hard floats have `vsqrt.f32`; `f32::sqrt` is not in `core`, and
//! `core::f32::math` is not stable. The sources of libm have the instruction since August 2026 (rust-lang/compiler-builtins, pull
//! request 1300). **When a release has it, this package goes, and the core calls libm again.**
//!
//! It is a package of its own because it holds one line that the core's `forbid(unsafe_code)` does not allow. The function is
//! safe for any argument: the instruction reads one register, writes another, and touches neither memory nor flags.

#![no_std]

/// √x, correctly rounded; NaN for x < 0.
///
/// ```
/// assert_eq!(gaussling_sqrt::sqrtf(2.0), 1.414_213_5);
/// assert!(gaussling_sqrt::sqrtf(-1.0).is_nan());
/// ```
#[cfg(not(all(target_arch = "arm", target_abi = "eabihf", target_os = "none")))]
#[inline]
#[must_use]
pub fn sqrtf(x: f32) -> f32 {
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
