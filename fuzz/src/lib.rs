//! Fuzz targets: functions over arbitrary bytes that panic when a law is broken.
//!
//! | target | law beside "no panic" |
//! |---|---|
//! | [`qr_and_cholesky`], [`svd`] | `Ok` for finite input alone, then finite factors and residual ratios below 100; an error writes nothing |
//! | [`pivoted_qr`], [`svd_solve`], [`symmetric`], [`triangular`], [`updates`], [`tikhonov`], [`iterative`] | the same of all other solvers; steps within their caps |
//! | [`autodiff`] | duals, tape and an accumulation of its own agree on programs from the bytes, first and second derivatives; values have the bits of the plain run |
//! | [`optimizers`], [`convex`], [`heads`], [`levenberg_marquardt`] | a report that does not say otherwise means finite weights; a restored method goes on with the same bits |
//! | [`csv`], [`mat`], [`npy`], [`npz`], [`idx`] | in memory, with options that a checksum of the bytes chooses: an error is one line; a data set holds finite numbers only, fits itself, and is the same as a stream |
//! | [`network`] | an error is one line; a network prints as a description of itself |
//! | [`model`], [`checkpoint`] | as they are and with a checksum that fits: an error is one line; what loads is finite, predicts, and is saved as itself |
//!
//! On stable Rust `cargo test --release` runs every target over its files in `corpus/` and over pseudo-random inputs, and
//!
//! ```sh
//! cargo run --release --manifest-path fuzz/Cargo.toml --bin campaign -- svd --executions 10000000
//! ```
//! runs one for as long as is asked, logs that in `campaigns.tsv`, and leaves what fails, made small, in `artifacts/`. With
//! `--totals` it adds the log up. What was found goes into `corpus/`, and beside the routine becomes a test.
//!
//! libFuzzer, guided by coverage, also works with the stable compiler (and a C++ one): one binary a target, whose new inputs go
//! to the first folder, and a merge that keeps what adds coverage.
//!
//! ```sh
//! export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Ccodegen-units=1 -Cdebug-assertions \
//!   -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
//! cd fuzz && mkdir -p grown merged
//! cargo build --release --features libfuzzer --target x86_64-unknown-linux-gnu --target-dir target/coverage --bin updates
//! target/coverage/x86_64-unknown-linux-gnu/release/updates grown corpus/updates -max_total_time=300 -max_len=800
//! target/coverage/x86_64-unknown-linux-gnu/release/updates -set_cover_merge=1 merged grown
//! ```
//! The largest of what is merged are kept in `corpus/` under names that begin with `cov_`.

mod autodiff;
mod files;
mod heads;
mod input;
mod levenberg_marquardt;
mod linalg;
mod mutation;
mod optimizers;
mod sealed;
mod solvers;
mod stored;

pub use autodiff::autodiff;
pub use files::{csv, idx, mat, network, npy, npz};
pub use heads::heads;
pub use levenberg_marquardt::levenberg_marquardt;
pub use linalg::{qr_and_cholesky, svd};
pub use mutation::{corpus, minimize, random_input};
pub use optimizers::{convex, optimizers};
pub use sealed::{checkpoint, model};
pub use solvers::{iterative, pivoted_qr, svd_solve, symmetric, tikhonov, triangular, updates};

/// A target, by the name of its corpus folder.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 22] = [
    ("qr_and_cholesky", qr_and_cholesky),
    ("svd", svd),
    ("pivoted_qr", pivoted_qr),
    ("svd_solve", svd_solve),
    ("symmetric", symmetric),
    ("triangular", triangular),
    ("updates", updates),
    ("tikhonov", tikhonov),
    ("iterative", iterative),
    ("autodiff", autodiff),
    ("optimizers", optimizers),
    ("convex", convex),
    ("heads", heads),
    ("levenberg_marquardt", levenberg_marquardt),
    ("csv", csv),
    ("mat", mat),
    ("npy", npy),
    ("npz", npz),
    ("idx", idx),
    ("network", network),
    ("model", model),
    ("checkpoint", checkpoint),
];
