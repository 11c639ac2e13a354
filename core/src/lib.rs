//! Separable neural networks trained by second-order methods: no `std`, no `alloc`, no `unsafe`, no panics.
//!
//! Layers, each using only those before it: [`error`] · [`scalar`] · [`autodiff`] · [`matrix`] · [`backend`] · [`linalg`] ·
//! [`nn`] · [`optim`].
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

#[cfg(test)]
extern crate std;

pub mod autodiff;
pub mod backend;
pub mod error;
pub mod linalg;
pub mod matrix;
pub mod nn;
pub mod optim;
pub mod scalar;

pub use autodiff::Dual;
pub use backend::{Backend, Portable, Triangle};
pub use error::Error;
pub use matrix::{MatMut, MatRef, Matrix, Vector};
pub use scalar::Real;
