//! Fuzz targets: functions over arbitrary bytes that panic when a law is broken.
//!
//! | target | law beside "no panic" |
//! |---|---|
//! | [`qr_and_cholesky`], [`svd`] | `Ok` for finite input alone, then finite factors and residual ratios below 100; an error writes nothing |
//! | [`csv`], [`mat`], [`npy`], [`npz`], [`idx`] | an error is one line; a data set holds finite numbers only, fits itself, and is the same as a stream |
//! | [`network`] | an error is one line; a network prints as a description of itself |
//!
//! On stable Rust `cargo test --release` runs every target over its files in `corpus/` and over pseudo-random inputs. With a
//! nightly compiler and cargo-fuzz: `cargo +nightly fuzz run svd --features libfuzzer`. What that finds goes into `corpus/`.

mod files;
mod input;
mod linalg;

pub use files::{csv, idx, mat, network, npy, npz};
pub use linalg::{qr_and_cholesky, svd};

/// A target, by the name of its corpus folder.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 8] = [
    ("qr_and_cholesky", qr_and_cholesky),
    ("svd", svd),
    ("csv", csv),
    ("mat", mat),
    ("npy", npy),
    ("npz", npz),
    ("idx", idx),
    ("network", network),
];
