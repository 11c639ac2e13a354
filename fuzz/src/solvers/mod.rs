//! Every solver and factorization beside the plain ones of `linalg.rs`, on matrices of any shape and any bits, in `f64` and
//! `f32`.
//!
//! Laws of all: no panic; `Ok` means finite numbers wherever the routine's documentation does not say otherwise; an error that is
//! found at entry has written nothing; and where the input is finite and well scaled, residuals are below `LIMIT` times the
//! size of the problem, ε, and the norms that the routine's error analysis names.

mod iterative;
mod pivoted_qr;
mod svd_solve;
mod symmetric;
mod tikhonov;
mod triangular;
mod updates;

pub use iterative::iterative;
pub use pivoted_qr::pivoted_qr;
pub use svd_solve::svd_solve;
pub use symmetric::symmetric;
pub use tikhonov::tikhonov;
pub use triangular::triangular;
pub use updates::updates;

/// Sizes from 0 to this.
const LARGEST_SIZE: usize = 7;

/// y − A x for the columns of A.
fn residual(columns: &[Vec<f64>], x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut r = y.to_vec();
    for (column, &x) in columns.iter().zip(x) {
        r.iter_mut().zip(column).for_each(|(r, a)| *r -= a * x);
    }
    r
}

/// ‖A‖ in the Frobenius norm.
fn frobenius(columns: &[Vec<f64>]) -> f64 {
    crate::stored::norm(columns.iter().flatten().copied())
}
