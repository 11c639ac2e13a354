//! [`Matrix`]: an inline matrix whose shape is part of its type.

use core::ops::{Add, Index, IndexMut, Mul, Sub};

use super::{MatMut, MatRef};
use crate::scalar::Real;

/// An `R × C` matrix stored column by column in place. Products of mismatched sizes do not compile:
///
/// ```compile_fail
/// use gaussling_core::matrix::Matrix;
/// let product = Matrix::<f64, 2, 3>::zeros() * Matrix::<f64, 2, 3>::zeros();
/// ```
/// ```
/// use gaussling_core::matrix::Matrix;
/// let a = Matrix::from_rows([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(a * Matrix::identity(), a);
/// assert_eq!((a * Matrix::from_rows([[1.0], [1.0]]))[(1, 0)], 7.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix<T, const R: usize, const C: usize> {
    columns: [[T; R]; C],
}

impl<T: Copy, const R: usize, const C: usize> Matrix<T, R, C> {
    /// From an array of columns.
    pub const fn from_columns(columns: [[T; R]; C]) -> Self {
        Self { columns }
    }

    /// From an array of rows, as a matrix is written on paper.
    pub fn from_rows(rows: [[T; C]; R]) -> Self {
        Self::from_fn(|i, j| rows[i][j])
    }

    /// The matrix with `f(i, j)` in row `i` of column `j`.
    pub fn from_fn(mut f: impl FnMut(usize, usize) -> T) -> Self {
        Self { columns: core::array::from_fn(|j| core::array::from_fn(|i| f(i, j))) }
    }

    /// The transpose.
    pub fn transpose(&self) -> Matrix<T, C, R> {
        Matrix::from_fn(|i, j| self.columns[i][j])
    }

    /// The elements, column after column.
    pub fn as_slice(&self) -> &[T] {
        self.columns.as_flattened()
    }

    /// The elements, column after column.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.columns.as_flattened_mut()
    }

    /// A view for the algorithms.
    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::trusted(self.columns.as_flattened(), R, C, R)
    }

    /// A mutable view for the algorithms.
    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::trusted(self.columns.as_flattened_mut(), R, C)
    }
}

impl<T: Real, const R: usize, const C: usize> Matrix<T, R, C> {
    /// All elements zero.
    pub const fn zeros() -> Self {
        Self { columns: [[T::ZERO; R]; C] }
    }
}

impl<T: Real, const N: usize> Matrix<T, N, N> {
    /// Ones on the diagonal.
    pub fn identity() -> Self {
        Self::from_fn(|i, j| if i == j { T::ONE } else { T::ZERO })
    }
}

impl<T, const R: usize, const C: usize> Index<(usize, usize)> for Matrix<T, R, C> {
    type Output = T;
    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.columns[j][i]
    }
}

impl<T, const R: usize, const C: usize> IndexMut<(usize, usize)> for Matrix<T, R, C> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.columns[j][i]
    }
}

impl<T: Real, const R: usize, const K: usize, const C: usize> Mul<Matrix<T, K, C>> for Matrix<T, R, K> {
    type Output = Matrix<T, R, C>;
    fn mul(self, other: Matrix<T, K, C>) -> Matrix<T, R, C> {
        let mut product = Matrix::zeros();
        for (column, b) in product.columns.iter_mut().zip(&other.columns) {
            for (a, &b) in self.columns.iter().zip(b) {
                for (c, &a) in column.iter_mut().zip(a) {
                    *c += a * b;
                }
            }
        }
        product
    }
}

impl<T: Real, const R: usize, const C: usize> Add for Matrix<T, R, C> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from_fn(|i, j| self[(i, j)] + other[(i, j)])
    }
}

impl<T: Real, const R: usize, const C: usize> Sub for Matrix<T, R, C> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from_fn(|i, j| self[(i, j)] - other[(i, j)])
    }
}
