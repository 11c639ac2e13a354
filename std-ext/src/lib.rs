//! gaussling on a desktop.

pub mod cdr;
pub mod data;
pub mod matrix;
pub mod network;

pub use gaussling_core as core;
pub use matrix::DenseMatrix;
