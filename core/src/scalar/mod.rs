//! [`Real`]: the one scalar trait, for `f32`, `f64` and dual numbers.
//!
//! Contract: elementary functions are our own or called from `libm` by name, never through a trait that might switch to the
//! platform's library, so a result does not depend on the platform or on other crates of the build. Nothing here contracts a
//! product and a sum into a fused multiply-add.
//!
//! Comparison (`<`, `==`, …) looks at the *value* only: a dual number compares as its primal part. Branch on comparisons,
//! never skip work that would change a derivative.

mod elementary;

mod float;
mod real;

pub use real::Real;
