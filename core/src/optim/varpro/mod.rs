//! Variable projection: the linear weights W are solved for at every θ, and their derivative enters the Gauss–Newton matrix.
//!
//! Contract: as in [`optim`](crate::optim). W of shape outputs × (features + 1), last column the bias, which is regularized
//! too, is available after every evaluation.

mod convex;
mod least_squares;
mod streamed;

pub use convex::{InnerReport, VarProConvex, varpro_convex_work_len};
pub use least_squares::{VarProLeastSquares, varpro_covariance_work_len, varpro_least_squares_work_len};
pub use streamed::{VarProStreamed, varpro_streamed_work_len};
