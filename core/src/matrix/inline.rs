//! [`Matrix`]: an inline matrix whose shape is part of its type.
#![allow(
    clippy::indexing_slicing,
    reason = "indices below the R and C of the type, but for `Index`, which panics as arrays do"
)]

use core::ops::{Index, IndexMut};

use super::{MatMut, MatRef, slice};
use crate::error::{Error, check_length};
use crate::scalar::Real;

/// An `R × C` matrix stored column by column in place. Products and sums of mismatched sizes do not compile:
///
/// ```compile_fail,E0277
/// use gaussling_core::matrix::Matrix;
/// let product = Matrix::<f64, 2, 3>::zeros() * Matrix::<f64, 2, 3>::zeros();
/// ```
/// ```compile_fail,E0308
/// use gaussling_core::matrix::Matrix;
/// let sum = Matrix::<f64, 2, 3>::zeros() + Matrix::<f64, 3, 2>::zeros();
/// ```
/// ```
/// use gaussling_core::matrix::{Matrix, Vector};
/// let a = Matrix::from_rows([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(a * Matrix::identity(), a);
/// assert_eq!((a * Vector::from([1.0, 1.0]))[1], 7.0);
/// assert_eq!(a.solve(&Vector::from([5.0, 11.0]))?, Vector::from([1.0, 2.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
///
/// `m[(i, j)]`, and `v[i]` of a vector, panic outside the shape as an array does; [`get`](Self::get) and everything else here
/// do not.
#[derive(Clone, Copy, PartialEq)]
pub struct Matrix<T, const R: usize, const C: usize> {
    pub(super) columns: [[T; R]; C],
}

/// A column of `N` numbers: [`Vector::from`] takes an array, `v[i]` is an element.
///
/// ```
/// use gaussling_core::Vector;
/// let v = Vector::from([3.0, 4.0]);
/// assert_eq!((v.norm(), v.dot(&Vector::from([1.0, 2.0])), v[1]), (5.0, 11.0, 4.0));
/// ```
pub type Vector<T, const N: usize> = Matrix<T, N, 1>;

impl<T: Copy, const R: usize, const C: usize> Matrix<T, R, C> {
    /// From an array of columns.
    #[inline]
    pub const fn from_columns(columns: [[T; R]; C]) -> Self {
        Self { columns }
    }

    /// From an array of rows, as a matrix is written on paper.
    #[inline]
    pub fn from_rows(rows: [[T; C]; R]) -> Self {
        Self::from_fn(|i, j| rows[i][j])
    }

    /// The matrix with `f(i, j)` in row `i` of column `j`, called column by column.
    #[inline]
    pub fn from_fn(mut f: impl FnMut(usize, usize) -> T) -> Self {
        Self { columns: core::array::from_fn(|j| core::array::from_fn(|i| f(i, j))) }
    }

    /// All elements `x`.
    #[doc(alias = "repeat")]
    #[inline]
    pub const fn from_element(x: T) -> Self {
        Self { columns: [[x; R]; C] }
    }

    /// From the elements, column after column; [`Error::Length`] when there are not `R * C` of them.
    ///
    /// ```
    /// use gaussling_core::Matrix;
    /// let a = Matrix::<f64, 2, 2>::from_slice(&[1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!(a, Matrix::from_rows([[1.0, 3.0], [2.0, 4.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[doc(alias = "from_column_slice")]
    pub fn from_slice(elements: &[T]) -> Result<Self, Error> {
        check_length("matrix elements", R * C, elements.len())?;
        Ok(Self::from_fn(|i, j| elements[i + j * R]))
    }

    /// Number of rows.
    #[doc(alias = "nrows")]
    #[inline]
    pub const fn rows(&self) -> usize {
        R
    }

    /// Number of columns.
    #[doc(alias = "ncols")]
    #[inline]
    pub const fn cols(&self) -> usize {
        C
    }

    /// `(rows, columns)`
    #[inline]
    pub const fn shape(&self) -> (usize, usize) {
        (R, C)
    }

    /// Element `(i, j)`, `None` outside the shape.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> Option<T> {
        self.columns.get(j)?.get(i).copied()
    }

    /// Element `(i, j)` for writing, `None` outside the shape.
    #[inline]
    pub fn get_mut(&mut self, i: usize, j: usize) -> Option<&mut T> {
        self.columns.get_mut(j)?.get_mut(i)
    }

    /// Column `j`, `None` outside the shape.
    #[inline]
    pub fn column(&self, j: usize) -> Option<Vector<T, R>> {
        self.columns.get(j).map(|&column| Vector::from(column))
    }

    /// Row `i`, `None` outside the shape.
    #[inline]
    pub fn row(&self, i: usize) -> Option<Matrix<T, 1, C>> {
        (i < R).then(|| Matrix::from_fn(|_, j| self.columns[j][i]))
    }

    /// Overwrites column `j`; [`Error::InvalidOption`] outside the shape.
    #[inline]
    pub fn set_column(&mut self, j: usize, column: &Vector<T, R>) -> Result<(), Error> {
        *self.columns.get_mut(j).ok_or(Error::InvalidOption { what: "column index < columns" })? = column.columns[0];
        Ok(())
    }

    /// Overwrites row `i`; [`Error::InvalidOption`] outside the shape.
    #[inline]
    pub fn set_row(&mut self, i: usize, row: &Matrix<T, 1, C>) -> Result<(), Error> {
        if i >= R {
            return Err(Error::InvalidOption { what: "row index < rows" });
        }
        for (column, &[x]) in self.columns.iter_mut().zip(&row.columns) {
            column[i] = x;
        }
        Ok(())
    }

    /// The `BR × BC` block whose upper left element is `(i, j)`; [`Error::Shape`] when it does not fit.
    #[doc(alias = "fixed_view")]
    #[inline]
    pub fn block<const BR: usize, const BC: usize>(&self, i: usize, j: usize) -> Result<Matrix<T, BR, BC>, Error> {
        self.view().block(i, j, BR, BC)?;
        Ok(Matrix::from_fn(|p, q| self.columns[j + q][i + p]))
    }

    /// Overwrites the block whose upper left element is `(i, j)`; [`Error::Shape`] when it does not fit, with nothing written.
    ///
    /// ```
    /// use gaussling_core::{Matrix, Vector};
    /// let mut a = Matrix::<f64, 3, 3>::identity();
    /// a.set_block(1, 0, &Vector::from([5.0, 6.0]))?;
    /// assert_eq!(a.block::<2, 2>(1, 0)?, Matrix::from_rows([[5.0, 1.0], [6.0, 0.0]]));
    /// assert!(a.set_block(2, 0, &Vector::from([5.0, 6.0])).is_err());
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    pub fn set_block<const BR: usize, const BC: usize>(
        &mut self,
        i: usize,
        j: usize,
        block: &Matrix<T, BR, BC>,
    ) -> Result<(), Error> {
        self.view_mut().block(i, j, BR, BC)?.copy_from(block.view())
    }

    /// The transpose.
    #[inline]
    pub fn transpose(&self) -> Matrix<T, C, R> {
        Matrix::from_fn(|i, j| self.columns[i][j])
    }

    /// `f` of each element.
    #[inline]
    pub fn map<U: Copy>(&self, mut f: impl FnMut(T) -> U) -> Matrix<U, R, C> {
        Matrix { columns: self.columns.map(|column| column.map(&mut f)) }
    }

    /// `f` of each pair of elements.
    ///
    /// ```
    /// use gaussling_core::Vector;
    /// let larger = Vector::from([1, 5]).zip_map(&Vector::from([4, 2]), |a, b| a.max(b));
    /// assert_eq!(larger, Vector::from([4, 5]));
    /// ```
    #[inline]
    pub fn zip_map<U: Copy, V: Copy>(&self, other: &Matrix<U, R, C>, mut f: impl FnMut(T, U) -> V) -> Matrix<V, R, C> {
        Matrix::from_fn(|i, j| f(self.columns[j][i], other.columns[j][i]))
    }

    /// The elements, column after column.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.as_slice().iter().copied()
    }

    /// The elements for writing, column after column.
    #[inline]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.as_mut_slice().iter_mut()
    }

    /// The elements, column after column.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        self.columns.as_flattened()
    }

    /// The elements, column after column.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.columns.as_flattened_mut()
    }

    /// A mutable view for the algorithms.
    #[inline]
    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::trusted(self.columns.as_flattened_mut(), R, C)
    }
}

impl<T, const R: usize, const C: usize> Matrix<T, R, C> {
    /// A view for the algorithms.
    #[inline]
    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::trusted(self.columns.as_flattened(), R, C, R)
    }
}

impl<T: Real, const R: usize, const C: usize> Matrix<T, R, C> {
    /// All elements zero.
    #[inline]
    pub const fn zeros() -> Self {
        Self { columns: [[T::ZERO; R]; C] }
    }

    /// Σ aᵢⱼ bᵢⱼ: the scalar product of two vectors, or of two matrices as long vectors.
    #[inline]
    pub fn dot(&self, other: &Self) -> T {
        slice::dot(self.as_slice(), other.as_slice())
    }

    /// √Σ aᵢⱼ² (Frobenius), without overflow or underflow while the result is representable.
    ///
    /// ```
    /// let norm = gaussling_core::Vector::from([3e200_f64, 4e200]).norm(); // whose square is not representable
    /// assert!((norm / 5e200 - 1.0).abs() < 1e-15);
    /// ```
    #[inline]
    pub fn norm(&self) -> T {
        slice::norm(self.as_slice())
    }

    /// Σ aᵢⱼ²; overflows and underflows where the squares do, unlike [`norm`](Self::norm).
    #[inline]
    pub fn norm_squared(&self) -> T {
        self.dot(self)
    }

    /// Whether no element is NaN or infinite.
    #[inline]
    pub fn is_finite(&self) -> bool {
        // No early exit: the loop then takes vectors.
        self.iter().fold(true, |finite, x| finite & x.is_finite())
    }

    /// The products of corresponding elements.
    #[inline]
    pub fn component_mul(&self, other: &Self) -> Self {
        self.zip_map(other, |a, b| a * b)
    }
}

impl<T: Real, const N: usize> Matrix<T, N, N> {
    /// Ones on the diagonal.
    #[inline]
    pub fn identity() -> Self {
        Self::from_fn(|i, j| if i == j { T::ONE } else { T::ZERO })
    }

    /// The given diagonal, zeros elsewhere.
    #[inline]
    pub fn from_diagonal(diagonal: &Vector<T, N>) -> Self {
        Self::from_fn(|i, j| if i == j { diagonal.columns[0][i] } else { T::ZERO })
    }

    /// The diagonal.
    #[inline]
    pub fn diagonal(&self) -> Vector<T, N> {
        Vector::from_fn(|i, _| self.columns[i][i])
    }

    /// The sum of the diagonal.
    #[inline]
    pub fn trace(&self) -> T {
        self.diagonal().iter().fold(T::ZERO, |sum, x| sum + x)
    }
}

impl<T: Real> Vector<T, 3> {
    /// The vector product.
    ///
    /// ```
    /// use gaussling_core::Vector;
    /// assert_eq!(Vector::from([1.0, 0.0, 0.0]).cross(&Vector::from([0.0, 1.0, 0.0])), Vector::from([0.0, 0.0, 1.0]));
    /// ```
    #[inline]
    pub fn cross(&self, other: &Self) -> Self {
        let ([[a, b, c]], [[x, y, z]]) = (self.columns, other.columns);
        Self::from([b * z - c * y, c * x - a * z, a * y - b * x])
    }
}

impl<T, const N: usize> From<[T; N]> for Vector<T, N> {
    #[inline]
    fn from(elements: [T; N]) -> Self {
        Self { columns: [elements] }
    }
}

impl<T: Real, const R: usize, const C: usize> Default for Matrix<T, R, C> {
    #[inline]
    fn default() -> Self {
        Self::zeros()
    }
}

impl<T, const R: usize, const C: usize> Index<(usize, usize)> for Matrix<T, R, C> {
    type Output = T;
    /// # Panics
    /// Outside the shape.
    #[inline]
    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.columns[j][i]
    }
}

impl<T, const R: usize, const C: usize> IndexMut<(usize, usize)> for Matrix<T, R, C> {
    /// # Panics
    /// Outside the shape.
    #[inline]
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.columns[j][i]
    }
}

impl<T, const N: usize> Index<usize> for Vector<T, N> {
    type Output = T;
    /// # Panics
    /// For `i ≥ N`.
    #[inline]
    fn index(&self, i: usize) -> &T {
        &self.columns[0][i]
    }
}

impl<T, const N: usize> IndexMut<usize> for Vector<T, N> {
    /// # Panics
    /// For `i ≥ N`.
    #[inline]
    fn index_mut(&mut self, i: usize) -> &mut T {
        &mut self.columns[0][i]
    }
}
