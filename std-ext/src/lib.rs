//! gaussling on a desktop: the core's methods with data files, networks described by a line of text, training loops, model
//! files, plots, and the `gaussling` command.
//!
//! | module | what it does |
//! |---|---|
//! | [`core`] | matrices, automatic differentiation, layers, losses, optimizers: `gaussling-core`, which also runs on a device |
//! | [`audit`] | what is promised, measured on this machine |
//! | [`backend`] | kernels by the vector instructions of the CPU, found out at run time |
//! | [`matrix`] | [`DenseMatrix`], columns in a `Vec` |
//! | [`data`] | CSV, MAT, NumPy and IDX files, streams of batches, splits, standardization |
//! | [`network`] | networks whose layers are known at run time |
//! | [`train`] | every method on one problem under one budget |
//! | [`defaults`] | what is picked for data where nothing is said, and why |
//! | [`compare`](mod@compare) | all methods over several seeds, one table |
//! | [`model`] | trained models in safetensors files |
//! | [`plot`] | plots as SVG and PNG |
//! | [`report`](mod@report) | one HTML page of what was run and what came out |
//! | [`evaluate`](mod@evaluate) | scores of a saved model on new data |
//! | [`export`] | a model as Rust source for a device, and the same arithmetic here |
//! | [`storage`] | files that are replaced as a whole or not at all, and locks on them |
//! | [`cdr`] | a convection–diffusion–reaction equation that makes surrogate data |
//!
//! Everywhere a data set is a matrix with one sample a column.
#![deny(unsafe_code)]

pub mod audit;
#[allow(unsafe_code, reason = "vector instructions; the rules are at the head of the module")]
pub mod backend;
pub mod cdr;
pub mod compare;
pub mod data;
pub mod defaults;
pub mod evaluate;
pub mod export;
mod kernels;
pub mod matrix;
mod memory;
pub mod model;
pub mod network;
pub mod plot;
pub mod report;
pub mod storage;
pub mod train;

pub use gaussling_core as core;
pub use matrix::DenseMatrix;
pub use model::Model;

/// The README's examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
