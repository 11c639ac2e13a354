//! [`MatMut`]: an exclusively borrowed column-major matrix with a leading dimension.

use super::slice::copy;
use super::view::part_widths;
use super::{MatRef, Matrix};
use crate::error::Error;

/// Rows that a transpose is copied by: a cache line of single precision.
const STRIP: usize = 16;

/// A mutable `rows × cols` view; element `(i, j)` is `data[i + j * leading]`, `leading ≥ rows`.
///
/// ```
/// use gaussling_core::MatMut;
/// let mut numbers = [0.0; 6];
/// let mut a = MatMut::with_leading(&mut numbers, 2, 2, 3)?; // numbers[2] and numbers[5] are no elements
/// a.fill(1.0);
/// a.set(1, 1, 7.0);
/// assert_eq!(numbers, [1.0, 1.0, 0.0, 1.0, 7.0, 0.0]);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub struct MatMut<'a, T> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
    leading: usize,
}

/// For the other files of this folder, elements of any type.
impl<'a, T> MatMut<'a, T> {
    /// For elements that are known to be `rows * cols` in number.
    #[inline]
    pub(super) fn trusted(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, leading: rows }
    }

    /// The same matrix, for reading.
    #[inline]
    pub(super) fn shared(&self) -> MatRef<'_, T> {
        MatRef::trusted(self.data, self.rows, self.cols, self.leading)
    }
}

impl<'a, T: Copy> MatMut<'a, T> {
    /// Columns that follow one another: `data.len()` must be `rows * cols`, else [`Error::Length`].
    pub fn new(data: &'a mut [T], rows: usize, cols: usize) -> Result<Self, Error> {
        crate::error::check_length("matrix elements", rows.saturating_mul(cols), data.len())?;
        Self::with_leading(data, rows, cols, rows)
    }

    /// Columns that start `leading ≥ rows` elements apart, else [`Error::InvalidOption`]; every element must lie inside `data`,
    /// else [`Error::Workspace`].
    pub fn with_leading(data: &'a mut [T], rows: usize, cols: usize, leading: usize) -> Result<Self, Error> {
        if leading < rows {
            return Err(Error::InvalidOption { what: "leading dimension >= rows" });
        }
        MatRef::with_strides(data, rows, cols, 1, leading)?;
        Ok(Self { data, rows, cols, leading })
    }

    /// A single column.
    pub fn column_vector(data: &'a mut [T]) -> Self {
        let rows = data.len();
        Self { data, rows, cols: 1, leading: rows }
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// `(rows, cols)`
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// The same matrix, borrowed for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> MatMut<'_, T> {
        MatMut { data: self.data, rows: self.rows, cols: self.cols, leading: self.leading }
    }

    /// The same matrix, for reading.
    #[inline]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        self.shared()
    }

    /// The elements, of which the shape and the leading dimension say what belongs to the matrix, and the leading dimension.
    ///
    /// ```
    /// use gaussling_core::MatMut;
    /// let mut numbers = [0.0; 6];
    /// let (elements, leading) = MatMut::new(&mut numbers, 2, 3)?.columns(1, 2)?.into_parts();
    /// elements[leading] = 1.0; // element (0, 1)
    /// assert_eq!(numbers, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    pub fn into_parts(self) -> (&'a mut [T], usize) {
        (self.data, self.leading)
    }

    /// The same matrix, for reading, for as long as the elements are borrowed.
    #[inline]
    pub fn into_ref(self) -> MatRef<'a, T> {
        MatRef::trusted(self.data, self.rows, self.cols, self.leading)
    }

    /// Element `(i, j)`, `None` outside the shape.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> Option<T> {
        self.as_ref().get(i, j)
    }

    /// Element `(i, j)` for writing, `None` outside the shape.
    #[inline]
    pub fn get_mut(&mut self, i: usize, j: usize) -> Option<&mut T> {
        if i < self.rows && j < self.cols { self.data.get_mut(i + j * self.leading) } else { None }
    }

    /// Writes element `(i, j)`; nothing happens outside the shape.
    #[inline]
    pub fn set(&mut self, i: usize, j: usize, x: T) {
        if let Some(e) = self.get_mut(i, j) {
            *e = x;
        }
    }

    /// Column `j`; empty when `j` is outside the shape.
    #[inline]
    pub fn col(&self, j: usize) -> &[T] {
        self.as_ref().col(j)
    }

    /// Column `j` for writing; empty when `j` is outside the shape.
    #[inline]
    pub fn col_mut(&mut self, j: usize) -> &mut [T] {
        if j < self.cols {
            let start = j.saturating_mul(self.leading); // a view without rows may have any leading dimension
            self.data.get_mut(start..start + self.rows).unwrap_or_default()
        } else {
            &mut []
        }
    }

    /// The columns from left to right.
    #[inline]
    pub fn cols_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let rows = self.rows;
        self.data.chunks_mut(self.leading.max(1)).take(self.cols).map(move |c| c.get_mut(..rows).unwrap_or_default())
    }

    /// Columns `..j` and columns `j..`, `j` clamped to the number of columns.
    ///
    /// ```
    /// use gaussling_core::{Matrix, Vector};
    /// let mut a = Matrix::from_rows([[1.0, 2.0], [3.0, 4.0]]);
    /// let (left, mut right) = a.view_mut().split_at_col(1);
    /// right.copy_from(left.as_ref())?; // both at once
    /// assert_eq!(a.column(1), Some(Vector::from([1.0, 3.0])));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn split_at_col(self, j: usize) -> (MatMut<'a, T>, MatMut<'a, T>) {
        let Self { data, rows, cols, leading } = self;
        let j = j.min(cols);
        let (left, right) = data.split_at_mut(j.saturating_mul(leading).min(data.len()));
        let left = MatMut { data: left, rows, cols: j, leading };
        (left, MatMut { data: right, rows, cols: cols - j, leading })
    }

    /// Cut by columns into `parts` views from left to right whose widths differ by at most one, the wider ones first.
    #[inline]
    pub fn split_cols(self, parts: usize) -> impl Iterator<Item = MatMut<'a, T>> {
        let (rows, leading) = (self.rows, self.leading);
        let mut rest = self;
        part_widths(rest.cols, parts).map(move |width| {
            let whole = core::mem::replace(&mut rest, MatMut { data: &mut [], rows, cols: 0, leading });
            let (part, right) = whole.split_at_col(width);
            rest = right;
            part
        })
    }

    /// Exchanges two columns; [`Error::InvalidOption`] when one is outside the shape.
    #[inline]
    pub fn swap_cols(&mut self, a: usize, b: usize) -> Result<(), Error> {
        let (first, second) = (a.min(b), a.max(b));
        if second >= self.cols {
            return Err(Error::InvalidOption { what: "column index < columns" });
        }
        if first < second {
            let (mut left, mut right) = self.reborrow().split_at_col(second);
            left.col_mut(first).swap_with_slice(right.col_mut(0));
        }
        Ok(())
    }

    /// The elements of the diagonal for writing, from the top.
    ///
    /// ```
    /// let mut a = gaussling_core::Matrix::<f64, 2, 3>::zeros();
    /// a.view_mut().diagonal_mut().for_each(|x| *x += 2.0);
    /// assert_eq!(a.as_slice(), [2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    /// ```
    #[inline]
    pub fn diagonal_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let len = self.rows.min(self.cols);
        self.data.iter_mut().step_by(self.leading.saturating_add(1)).take(len)
    }

    /// All elements as one slice, column after column; `None` when they do not follow one another in memory.
    #[inline]
    pub fn as_contiguous_slice(&self) -> Option<&[T]> {
        self.as_ref().as_contiguous_slice()
    }

    /// All elements as one slice for writing; `None` when they do not follow one another in memory.
    #[inline]
    pub fn as_contiguous_mut_slice(&mut self) -> Option<&mut [T]> {
        let len = self.as_contiguous_slice()?.len();
        self.data.get_mut(..len)
    }

    /// A copy whose shape is part of its type; [`Error::Shape`] when this view has another one.
    pub fn to_matrix<const R: usize, const C: usize>(&self) -> Result<Matrix<T, R, C>, Error> {
        self.as_ref().to_matrix()
    }

    /// The `rows × cols` block whose upper left element is `(i, j)`; [`Error::Shape`] when it does not fit.
    pub fn block(self, i: usize, j: usize, rows: usize, cols: usize) -> Result<MatMut<'a, T>, Error> {
        self.as_ref().block(i, j, rows, cols)?;
        let start = i.saturating_add(j.saturating_mul(self.leading)).min(self.data.len());
        let data = self.data.get_mut(start..).unwrap_or_default();
        Ok(MatMut { data, rows, cols, leading: self.leading })
    }

    /// The columns `first .. first + count`; [`Error::Shape`] when there are not so many.
    pub fn columns(self, first: usize, count: usize) -> Result<MatMut<'a, T>, Error> {
        let rows = self.rows;
        self.block(0, first, rows, count)
    }

    /// Sets every element to `x`.
    pub fn fill(&mut self, x: T) {
        for column in self.cols_mut() {
            column.fill(x);
        }
    }

    /// Copies `source`, which must have the same shape, else [`Error::Shape`] with nothing written.
    pub fn copy_from(&mut self, source: MatRef<'_, T>) -> Result<(), Error> {
        crate::error::check_shape("source", self.shape(), source.shape())?;
        if source.has_contiguous_cols() {
            for (j, column) in self.cols_mut().enumerate() {
                copy(source.col(j), column);
            }
            return Ok(());
        }
        // A transpose reads across its columns: in strips of rows what is read stays in the cache until all columns had it.
        for first in (0..source.rows()).step_by(STRIP) {
            let strip = source.block(first, 0, STRIP.min(source.rows() - first), source.cols())?;
            for (j, column) in self.cols_mut().enumerate() {
                column.iter_mut().skip(first).zip(strip.col_iter(j)).for_each(|(d, s)| *d = s);
            }
        }
        Ok(())
    }
}

/// Same shape and equal elements, whatever the leading dimension.
impl<T: Copy + PartialEq> PartialEq for MatMut<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}
