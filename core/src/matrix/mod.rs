//! Dense matrices: [`Matrix`] owns its elements in an inline array, [`MatRef`] and [`MatMut`] borrow them.
//!
//! Contract: storage is column-major. A constructor checks that every element of the view lies inside the slice, so element
//! access inside a view's shape cannot fail; access outside gives `None`, an empty column, or [`crate::Error`], never a panic.
//! The one exception is the index operator of [`Matrix`], which panics outside the shape as that of an array does.
//!
//! | type | elements | strides |
//! |---|---|---|
//! | [`Matrix<T, R, C>`](Matrix), [`Vector<T, N>`](Vector) | inline `[[T; R]; C]` | columns follow one another |
//! | [`MatRef`] | shared slice | any: transposes and single rows are views too |
//! | [`MatMut`] | exclusive slice | contiguous columns, leading dimension ≥ rows; splits by columns |

pub(crate) mod cholesky;
mod inline;
mod operators;
mod print;
pub(crate) mod slice;
mod solve;
#[cfg(test)]
mod tests;
mod view;
mod view_mut;

pub use inline::{Matrix, Vector};
pub use view::MatRef;
pub use view_mut::MatMut;
