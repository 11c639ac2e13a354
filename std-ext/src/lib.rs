//! gaussling on a desktop.

pub mod cdr;
pub mod matrix;

pub use matrix::DenseMatrix;
