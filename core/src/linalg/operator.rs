//! [`LinearOperator`]: a matrix that is known by its products only.
//!
//! Products may write to buffers of their own (a network's cache, a counter), so they take `&mut self`; they may fail, and
//! the solver then stops with their error. A solver calls them with slices of the lengths that [`LinearOperator::shape`]
//! promises. An operator and its transpose must belong together, ⟨w, A v⟩ = ⟨Aᵀ w, v⟩ up to rounding errors: the methods here
//! do not notice when they do not, they merely fail to converge.

use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::MatRef;
use crate::scalar::Real;

/// A is m × n; only y ← A x and y ← Aᵀ x are known.
///
/// ```
/// use gaussling_core::{Error, linalg::{FnOperator, LinearOperator}};
/// // A x = (x₁ − x₀, x₂ − x₁), differences of neighbours
/// let mut a = FnOperator {
///     shape: (2, 3),
///     apply: |x: &[f64], y: &mut [f64]| -> Result<(), Error> {
///         y.iter_mut().zip(x.windows(2)).for_each(|(y, x)| *y = x[1] - x[0]);
///         Ok(())
///     },
///     apply_transpose: |x: &[f64], y: &mut [f64]| -> Result<(), Error> {
///         y.copy_from_slice(&[-x[0], x[0] - x[1], x[1]]);
///         Ok(())
///     },
/// };
/// let (mut y, mut z) = ([0.0; 2], [0.0; 3]);
/// a.apply(&[1.0, 3.0, 8.0], &mut y)?;
/// a.apply_transpose(&y, &mut z)?;
/// assert_eq!((y, z), ([2.0, 5.0], [-2.0, -3.0, 5.0]));
/// # Ok::<(), Error>(())
/// ```
pub trait LinearOperator<T> {
    /// (m, n)
    fn shape(&self) -> (usize, usize);
    /// y ← A x; x has length n, y length m. What y held before plays no part.
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error>;
    /// y ← Aᵀ x; x has length m, y length n. What y held before plays no part.
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error>;
    /// y ← α A x + β y, then z ← Aᵀ y, for an operator that does both faster than one after the other; x and z have length n, y length m.
    /// Whether it did: by default it does not, and writes nothing.
    fn apply_both(&mut self, alpha: T, x: &[T], beta: T, y: &mut [T], z: &mut [T]) -> Result<bool, Error> {
        let _ = (alpha, x, beta, y, z);
        Ok(false)
    }
}

impl<T, A: LinearOperator<T> + ?Sized> LinearOperator<T> for &mut A {
    fn shape(&self) -> (usize, usize) {
        (**self).shape()
    }
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        (**self).apply(x, y)
    }
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        (**self).apply_transpose(x, y)
    }
    fn apply_both(&mut self, alpha: T, x: &[T], beta: T, y: &mut [T], z: &mut [T]) -> Result<bool, Error> {
        (**self).apply_both(alpha, x, beta, y, z)
    }
}

/// A dense matrix, its products by a backend: 2mn flops each.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::{LinearOperator, MatrixOperator}};
/// let a = Matrix::from_rows([[1.0, 2.0, 3.0]]);
/// let (mut operator, mut y) = (MatrixOperator { backend: &Portable, matrix: a.view() }, [0.0; 3]);
/// operator.apply_transpose(&[2.0], &mut y)?;
/// assert_eq!((operator.shape(), y), ((1, 3), [2.0, 4.0, 6.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MatrixOperator<'a, T, B> {
    /// Computes the products.
    pub backend: &'a B,
    /// The matrix, of any strides.
    pub matrix: MatRef<'a, T>,
}

impl<T: Real, B: Backend<T>> LinearOperator<T> for MatrixOperator<'_, T, B> {
    fn shape(&self) -> (usize, usize) {
        self.matrix.shape()
    }
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        self.backend.gemv(T::ONE, self.matrix, x, T::ZERO, y)
    }
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        self.backend.gemv(T::ONE, self.matrix.transpose(), x, T::ZERO, y)
    }
    /// Where the backend prefers blocks: then the matrix is read once.
    fn apply_both(&mut self, alpha: T, x: &[T], beta: T, y: &mut [T], z: &mut [T]) -> Result<bool, Error> {
        let one_pass = self.backend.prefers_blocks();
        if one_pass {
            self.backend.gemv_both(alpha, self.matrix, x, beta, y, z)?;
        }
        Ok(one_pass)
    }
}

/// Aᵀ for an operator A.
///
/// ```
/// use gaussling_core::{Matrix, Portable, linalg::{LinearOperator, MatrixOperator, Transposed}};
/// let a = Matrix::from_rows([[1.0, 2.0, 3.0]]);
/// let (mut transposed, mut y) = (Transposed(MatrixOperator { backend: &Portable, matrix: a.view() }), [0.0; 3]);
/// transposed.apply(&[2.0], &mut y)?;
/// assert_eq!((transposed.shape(), y), ((3, 1), [2.0, 4.0, 6.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Transposed<A>(
    /// A
    pub A,
);

impl<T, A: LinearOperator<T>> LinearOperator<T> for Transposed<A> {
    fn shape(&self) -> (usize, usize) {
        let (m, n) = self.0.shape();
        (n, m)
    }
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        self.0.apply_transpose(x, y)
    }
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        self.0.apply(x, y)
    }
}

/// Two functions as an operator; the slices they get have the lengths of `shape`.
///
/// Two closures cannot write to one buffer; where the products share a cache, implement [`LinearOperator`] for a struct.
/// [`LinearOperator`] has an example. Errors: [`Error::Length`], and whatever the functions return.
#[derive(Clone, Copy, Debug)]
pub struct FnOperator<F, G> {
    /// (m, n)
    pub shape: (usize, usize),
    /// `apply(x, y)` does y ← A x.
    pub apply: F,
    /// `apply_transpose(x, y)` does y ← Aᵀ x.
    pub apply_transpose: G,
}

impl<T, F, G> LinearOperator<T> for FnOperator<F, G>
where
    F: FnMut(&[T], &mut [T]) -> Result<(), Error>,
    G: FnMut(&[T], &mut [T]) -> Result<(), Error>,
{
    fn shape(&self) -> (usize, usize) {
        self.shape
    }
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        check_length("x", self.shape.1, x.len())?;
        check_length("y", self.shape.0, y.len())?;
        (self.apply)(x, y)
    }
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        check_length("x", self.shape.0, x.len())?;
        check_length("y", self.shape.1, y.len())?;
        (self.apply_transpose)(x, y)
    }
}

/// A symmetric operator H from its one product; both directions are the same function.
///
/// ```
/// use gaussling_core::{Error, linalg::{LinearOperator, SymmetricOperator}};
/// let double = |x: &[f64], y: &mut [f64]| -> Result<(), Error> {
///     y.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x);
///     Ok(())
/// };
/// let (mut h, mut y) = (SymmetricOperator { n: 2, apply: double }, [0.0; 2]);
/// h.apply_transpose(&[1.0, 3.0], &mut y)?;
/// assert_eq!(y, [2.0, 6.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SymmetricOperator<F> {
    /// Order of H.
    pub n: usize,
    /// `apply(x, y)` does y ← H x.
    pub apply: F,
}

impl<T, F: FnMut(&[T], &mut [T]) -> Result<(), Error>> LinearOperator<T> for SymmetricOperator<F> {
    fn shape(&self) -> (usize, usize) {
        (self.n, self.n)
    }
    fn apply(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        check_length("x", self.n, x.len())?;
        check_length("y", self.n, y.len())?;
        (self.apply)(x, y)
    }
    fn apply_transpose(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        self.apply(x, y)
    }
}
