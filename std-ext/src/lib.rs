//! gaussling on a desktop.

pub mod matrix;

pub use matrix::DenseMatrix;
