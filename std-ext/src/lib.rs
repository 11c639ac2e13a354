//! gaussling on a desktop.

pub mod data;
pub mod matrix;

pub use matrix::DenseMatrix;
