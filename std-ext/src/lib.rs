//! gaussling on a desktop.

pub mod cdr;
pub mod compare;
pub mod data;
pub mod matrix;
mod memory;
pub mod model;
pub mod network;
pub mod plot;
pub mod train;

pub use gaussling_core as core;
pub use matrix::DenseMatrix;
pub use model::Model;
