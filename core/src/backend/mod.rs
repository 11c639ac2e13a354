//! [`Backend`]: the few kernels that everything else is built from.
//!
//! Contract: every method has a default body, the portable kernel, whose results have the same bits on every platform.
//! Another backend may override any of them for speed. Matrix kernels check shapes at entry and touch nothing on an error;
//! after that check nothing in here can index out of range. Vector kernels use the shorter of two lengths. NaN and infinities
//! pass through as IEEE 754 has it.
//!
//! | kernel | computes | flops |
//! |---|---|---|
//! | `dot`, `axpy`, `scale` | xᵀy, y + αx, αx | 2n, 2n, n |
//! | `norm` | ‖x‖₂, without overflow or underflow | 2n, rarely 5n |
//! | `gemv`, `gemm` | αAx + βy, αAB + βC, transposes by strides | 2mn, 2mnk |
//! | `gemv_both` | y ← αAx + βy, Aᵀy | 4mn |
//! | `syrk` | lower triangle of αAAᵀ + βC | n²k |
//! | `ger` | A + αxyᵀ | 2mn |
//! | `solve_triangular` | T⁻¹B, transposes by strides | n²p |
//! | `jacobi_sweep` | columns of A orthogonal, pair by pair | (4m + 3n)n² a sweep |
//! | `map`, `map_with_slope` | f(xᵢ), and f′(xᵢ) by a dual number | n evaluations |
//! | `roots` | √xᵢ | n roots |
//! | `run` | a loop of the caller | |

pub mod elementwise;
mod gemm;
pub mod jacobi;
#[cfg(test)]
mod tests;
mod triangular;

pub use triangular::Triangle;

use crate::autodiff::ScalarFunction;
use crate::error::{Error, check_length, check_shape};
use crate::matrix::{MatMut, MatRef, slice};
use crate::scalar::Real;

/// The kernels. Every algorithm takes `&impl Backend<T>`; [`Portable`] is the one with the default bodies.
///
/// ```
/// use gaussling_core::{Backend, Matrix, Portable};
/// let a = Matrix::from_rows([[1.0, 2.0], [3.0, 4.0]]);
/// let mut y = [1.0, 1.0];
/// Portable.gemv(2.0, a.view().transpose(), &[1.0, -1.0], 1.0, &mut y)?; // 2Aᵀx + y
/// assert_eq!(y, [-3.0, -3.0]);
///
/// /// A backend of your own overrides what it does faster; the rest is built on that.
/// struct Unrolled;
/// impl Backend<f64> for Unrolled {
///     fn dot(&self, x: &[f64], y: &[f64]) -> f64 {
///         x.iter().zip(y).map(|(x, y)| x * y).sum()
///     }
/// }
/// assert_eq!(Unrolled.dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub trait Backend<T: Real> {
    /// Σ xᵢ yᵢ, summed in eight interleaved parts (a fixed order).
    #[inline]
    fn dot(&self, x: &[T], y: &[T]) -> T {
        slice::dot(x, y)
    }

    /// y ← y + α x
    #[inline]
    fn axpy(&self, alpha: T, x: &[T], y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y += alpha * x;
        }
    }

    /// x ← α x
    #[inline]
    fn scale(&self, alpha: T, x: &mut [T]) {
        for x in x {
            *x *= alpha;
        }
    }

    /// ‖x‖₂; neither overflows nor underflows while the result is representable. The derivative at x = 0 is 0.
    #[inline]
    fn norm(&self, x: &[T]) -> T {
        slice::norm(x)
    }

    /// y ← α A x + β y; y is not read where β = 0. Errors: [`Error::Length`] for `x` or `y`; y is untouched then.
    fn gemv(&self, alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T]) -> Result<(), Error> {
        check_length("x", a.cols(), x.len())?;
        check_length("y", a.rows(), y.len())?;
        self.gemm(alpha, a, MatRef::column_vector(x), beta, MatMut::column_vector(y))
    }

    /// y ← α A x + β y, then z ← Aᵀ y: two products with one pass over A where a backend can. y and z are not read where β = 0.
    ///
    /// Errors: [`Error::Length`] for `x`, `y` or `z`; nothing is written then.
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable};
    /// let a = Matrix::from_rows([[1.0, 2.0], [3.0, 4.0]]);
    /// let (mut y, mut z) = ([1.0, 1.0], [0.0; 2]);
    /// Portable.gemv_both(2.0, a.view(), &[1.0, -1.0], 1.0, &mut y, &mut z)?;
    /// assert_eq!((y, z), ([-1.0, -1.0], [-4.0, -6.0]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    fn gemv_both(&self, alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T], z: &mut [T]) -> Result<(), Error> {
        check_length("z", a.cols(), z.len())?;
        self.gemv(alpha, a, x, beta, y)?;
        self.gemv(T::ONE, a.transpose(), y, T::ZERO, z)
    }

    /// C ← α A B + β C, A m × k, B k × n; C is not read where β = 0. Transposes: pass `a.transpose()`.
    ///
    /// Errors: [`Error::Shape`] for `b` or `c`; C is untouched then.
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable};
    /// let (a, b) = (Matrix::from_rows([[1.0, 2.0]]), Matrix::from_rows([[3.0, 4.0], [5.0, 6.0]]));
    /// let mut c = Matrix::from_rows([[f64::NAN], [f64::NAN]]);
    /// Portable.gemm(1.0, b.view(), a.view().transpose(), 0.0, c.view_mut())?; // B Aᵀ
    /// assert_eq!(c, Matrix::from_rows([[11.0], [17.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    fn gemm(&self, alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> Result<(), Error> {
        check_shape("b", (a.cols(), b.cols()), b.shape())?;
        check_shape("c", (a.rows(), b.cols()), c.shape())?;
        gemm::gemm(alpha, a, b, beta, c);
        Ok(())
    }

    /// Lower triangle of C ← α A Aᵀ + β C, A n × k; the strict upper triangle is neither read nor written.
    ///
    /// Errors: [`Error::Shape`] for `c`, which is untouched then.
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable};
    /// let (a, mut c) = (Matrix::from_rows([[1.0], [2.0]]), Matrix::from_element(7.0));
    /// Portable.syrk(1.0, a.view(), 0.0, c.view_mut())?;
    /// assert_eq!(c, Matrix::from_rows([[1.0, 7.0], [2.0, 4.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    fn syrk(&self, alpha: T, a: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> Result<(), Error> {
        check_shape("c", (a.rows(), a.rows()), c.shape())?;
        gemm::syrk(alpha, a, beta, c);
        Ok(())
    }

    /// A ← A + α x yᵀ, A m × n, x of length m, y of length n: column by column, aⱼ + (α yⱼ) x.
    ///
    /// For an update whose two vectors are at hand. A single reflection A − v (τ Aᵀv)ᵀ takes a dot product and an axpy a
    /// column instead: the column is then read once from memory, and no workspace holds Aᵀv.
    ///
    /// Errors: [`Error::Length`] for `x` or `y`; A is untouched then.
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable};
    /// let mut a = Matrix::from_rows([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    /// Portable.ger(2.0, &[1.0, -1.0], &[3.0, 0.0, 4.0], a.view_mut())?;
    /// assert_eq!(a, Matrix::from_rows([[7.0, 0.0, 8.0], [-6.0, 1.0, -8.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    fn ger(&self, alpha: T, x: &[T], y: &[T], mut a: MatMut<'_, T>) -> Result<(), Error> {
        check_length("x", a.rows(), x.len())?;
        check_length("y", a.cols(), y.len())?;
        for (column, &y) in a.cols_mut().zip(y) {
            self.axpy(alpha * y, x, column);
        }
        Ok(())
    }

    /// B ← T⁻¹ B for the named triangle T of `t` (n × n), B n × p. The transpose of a lower triangle is an upper one:
    /// Lᵀ X = B is `solve_triangular(Triangle::Upper, l.transpose(), b)`.
    ///
    /// Substitution, backward stable row by row: (T + ΔT) x = b with |ΔT| ≤ n ε |T| (`triangular.rs` has the source).
    ///
    /// Errors: [`Error::Shape`], and [`Error::Singular`] for a zero on the diagonal; B is untouched then. NaN and infinities
    /// pass through; nothing is scaled, so an x that is not representable comes out infinite.
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable, backend::Triangle};
    /// let l = Matrix::from_rows([[2.0, 99.0], [1.0, 4.0]]); // 99 is not read
    /// let mut b = Matrix::from_rows([[5.0], [8.0]]);
    /// Portable.solve_triangular(Triangle::Upper, l.view().transpose(), b.view_mut())?; // 2x + y = 5, 4y = 8
    /// assert_eq!(b, Matrix::from_rows([[1.5], [2.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    fn solve_triangular(&self, triangle: Triangle, t: MatRef<'_, T>, mut b: MatMut<'_, T>) -> Result<(), Error> {
        triangular::check_system(t, &b)?;
        for x in b.cols_mut() {
            match triangle {
                Triangle::Lower => triangular::forward(self, t, x),
                Triangle::Upper => triangular::backward(self, t, x),
            }
        }
        Ok(())
    }

    /// One sweep of one-sided Jacobi rotations: every pair of columns of A is turned to be orthogonal once, and those of V along with them.
    /// Whether all pairs had (xᵀy)² ≤ limit · ‖x‖² ‖y‖² before.
    ///
    /// `squares` holds the squared lengths of the columns of A, and is kept up to date. Pairs with a column whose square is below
    /// [`jacobi::negligible`] are left alone. Columns beyond the shortest of A, V and `squares` take no part. A backend may leave pairs
    /// alone that are orthogonal to ε. Method, order and source: [`jacobi`].
    ///
    /// ```
    /// use gaussling_core::{Backend, Matrix, Portable};
    /// let mut a = Matrix::from_rows([[1.0_f64, 1.0], [0.0, 1.0]]);
    /// let (mut v, mut squares) = (Matrix::<f64, 2, 2>::identity(), [1.0, 2.0]);
    /// assert!(!Portable.jacobi_sweep(a.view_mut(), Some(v.view_mut()), &mut squares, 1e-30));
    /// assert!(Portable.jacobi_sweep(a.view_mut(), Some(v.view_mut()), &mut squares, 1e-30)); // now they are orthogonal
    /// assert!((squares[0] * squares[1] - 1.0).abs() < 1e-15); // |det A|²
    /// ```
    fn jacobi_sweep(&self, a: MatMut<'_, T>, v: Option<MatMut<'_, T>>, squares: &mut [T], limit: T) -> bool {
        jacobi::sweep(self, a, v, squares, limit)
    }

    /// Whether an algorithm that can go column by column (`dot`, `axpy`) or in blocks of columns (`gemm`) should take blocks.
    ///
    /// Not with the portable kernels: their products are no faster than their vector kernels, and so a program with
    /// [`Portable`] alone does not even contain the code for blocks. A backend whose products are several times as fast says yes.
    #[inline]
    fn prefers_blocks(&self) -> bool {
        false
    }

    /// yᵢ ← f(xᵢ)
    #[inline]
    fn map<F: ScalarFunction>(&self, f: F, x: &[T], y: &mut [T]) {
        elementwise::map(f, x, y);
    }

    /// yᵢ ← f(xᵢ), slopeᵢ ← f′(xᵢ)
    #[inline]
    fn map_with_slope<F: ScalarFunction>(&self, f: F, x: &[T], y: &mut [T], slope: &mut [T]) {
        elementwise::map_with_slope(f, x, y, slope);
    }

    /// yᵢ ← √xᵢ, for as many as the shorter slice has: correctly rounded, so every backend has the same bits.
    ///
    /// A kernel and not a `map`, because libm's root is an instruction in assembly, which no compiler makes vectors of (on x86-64 the core
    /// does without libm's).
    #[inline]
    fn roots(&self, x: &[T], y: &mut [T]) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x.sqrt());
    }

    /// Calls `loops` once: a backend may compile them for its instructions. Those are wider, not others: the bits are the portable ones.
    ///
    /// For loops over elements that no kernel has, so that several passes over a vector become one. `loops` should call only what is
    /// inlined; nothing in it is fused or reordered.
    ///
    /// ```
    /// use gaussling_core::{Backend, Portable};
    /// let (x, mut y) = ([1.0, 2.0], [0.0; 2]);
    /// Backend::<f64>::run(&Portable, || y.iter_mut().zip(x).for_each(|(y, x)| *y = 3.0 * x - *y));
    /// assert_eq!(y, [3.0, 6.0]);
    /// ```
    #[inline]
    fn run<R>(&self, loops: impl FnOnce() -> R) -> R {
        loops()
    }
}

/// The portable kernels: the same bits on every platform.
///
/// ```
/// use gaussling_core::{Backend, Portable};
/// assert!((Portable.norm(&[3e200_f64, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl<T: Real> Backend<T> for Portable {}
