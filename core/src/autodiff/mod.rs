//! Automatic differentiation, forward ([`Dual`]) and reverse ([`Tape`], [`Var`]).
//!
//! Contract: a function written once, generic over [`Real`](crate::scalar::Real), gives its derivatives when it is run on
//! [`Dual`] or [`Var`]. Values of such a computation have the same bits as the plain one. Lengths and room are checked at
//! entry or, where only the run can tell, reported at the end; nothing here panics or allocates, and NaN or infinities in the
//! input go through to the output. The rules of the elementary functions are in one file, `rules`, for both modes.
//!
//! Which routine when, for a function of n variables and m outputs that costs c:
//!
//! | derivative | routine | cost about | memory |
//! |---|---|---|---|
//! | f′ of one variable | [`derivative`] | 2c | none |
//! | gradient, n ≤ 10 or so | [`gradient`] | (1 + n) c | stack |
//! | gradient, any n | [`gradient_reverse`] | 5c to 15c | a [`Node`] for what depends on more than two others |
//! | gradient, any n, without a tape | [`gradient_into`] | (1 + 1/C) n c | n duals of C directions |
//! | J v | [`jvp`], [`jvp_into`] | 2c | n + m duals |
//! | Jᵀ w | [`vjp`] | 5c to 15c | as `gradient_reverse` |
//! | J, sizes known to the compiler | [`jacobian`] | (1 + n) c | stack |
//! | J, any size | [`jacobian_into`] | (1 + 1/C) n c | n + m duals of C directions |
//! | ∇²f v, n ≤ 10 or so | [`hessian_vector_product`] | 2 (1 + n) c | stack |
//! | ∇²f v, any n | [`hessian_vector_product_reverse`] | 10c to 40c | as `gradient_reverse`, nodes of duals |
//! | ∇²f, n ≤ 10 or so | [`hessian`] | (1 + n)² c | stack |
//!
//! [`check`] compares derivatives, from here or written by hand, with differences of the function.

pub mod check;
mod dual;
mod forward;
mod function;
mod reverse;
mod rules;
mod tape;
#[cfg(test)]
mod tests;
mod var;

pub use dual::Dual;
pub use forward::{
    derivative, gradient, gradient_into, hessian, hessian_vector_product, jacobian, jacobian_into, jvp, jvp_into,
};
pub use function::{MultivariateFunction, ScalarFunction, VectorFunction};
pub use reverse::{gradient_reverse, hessian_vector_product_reverse, vjp};
pub use tape::{Node, Tape};
pub use var::Var;
