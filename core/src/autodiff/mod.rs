//! Forward-mode automatic differentiation.
//!
//! Contract: a function written once, generic over [`Real`](crate::scalar::Real), gives its derivatives when it is run on
//! [`Dual`] numbers. Values of a dual computation have the same bits as the plain one.

mod dual;
mod function;

pub use dual::Dual;
pub use function::{ScalarFunction, derivative};
