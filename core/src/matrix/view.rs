//! [`MatRef`]: a borrowed matrix with any strides.

use super::Matrix;
use crate::error::{Error, check_shape};

/// A `rows × cols` view; element `(i, j)` is `data[i * row_stride + j * col_stride]`.
///
/// ```
/// use gaussling_core::MatRef;
/// let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let a = MatRef::new(&numbers, 2, 3)?; // columns (1, 2), (3, 4), (5, 6)
/// assert_eq!(a.get(0, 2), Some(5.0));
/// assert_eq!(a.transpose().col_iter(1).collect::<Vec<_>>(), [2.0, 4.0, 6.0]);
/// assert_eq!(a.block(0, 1, 2, 2)?, MatRef::new(&numbers[2..], 2, 2)?);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct MatRef<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

/// For the other files of this folder, elements of any type.
impl<'a, T> MatRef<'a, T> {
    /// For views whose elements are known to lie inside `data`.
    #[inline]
    pub(super) fn trusted(data: &'a [T], rows: usize, cols: usize, col_stride: usize) -> Self {
        Self { data, rows, cols, row_stride: 1, col_stride }
    }

    /// `(rows, cols)`
    pub(super) fn size(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// Element `(i, j)`, which must be inside the shape, by reference.
    pub(super) fn element(&self, i: usize, j: usize) -> Option<&'a T> {
        self.data.get(i * self.row_stride + j * self.col_stride)
    }
}

impl<'a, T: Copy> MatRef<'a, T> {
    /// Columns that follow one another: `data.len()` must be `rows * cols`, else [`Error::Length`].
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Result<Self, Error> {
        crate::error::check_length("matrix elements", rows.saturating_mul(cols), data.len())?;
        Self::with_strides(data, rows, cols, 1, rows)
    }

    /// Any strides; every element must lie inside `data`, else [`Error::Workspace`]. A stride of 0 repeats a row or column.
    ///
    /// ```
    /// use gaussling_core::{MatRef, Matrix};
    /// let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// let every_second = MatRef::with_strides(&numbers, 3, 1, 2, 1)?;
    /// assert_eq!(every_second.to_matrix()?, Matrix::from_columns([[1.0, 3.0, 5.0]]));
    /// let repeated = MatRef::with_strides(&numbers, 2, 2, 1, 0)?;
    /// assert_eq!(repeated.to_matrix()?, Matrix::from_rows([[1.0, 1.0], [2.0, 2.0]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn with_strides(
        data: &'a [T],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Result<Self, Error> {
        if rows > 0 && cols > 0 {
            let last = (rows - 1).saturating_mul(row_stride).saturating_add((cols - 1).saturating_mul(col_stride));
            if last >= data.len() {
                let needed = last.saturating_add(1);
                return Err(Error::Workspace { what: "matrix elements", needed, found: data.len() });
            }
        }
        Ok(Self { data, rows, cols, row_stride, col_stride })
    }

    /// What the view is made of: elements, row stride, column stride. For kernels that walk the elements themselves.
    ///
    /// ```
    /// use gaussling_core::MatRef;
    /// let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// let (elements, row_stride, col_stride) = MatRef::new(&numbers, 2, 3)?.block(1, 1, 1, 2)?.transpose().into_parts();
    /// assert_eq!((elements[0], row_stride, col_stride), (4.0, 2, 1));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    pub fn into_parts(self) -> (&'a [T], usize, usize) {
        (self.data, self.row_stride, self.col_stride)
    }

    /// A single column.
    pub fn column_vector(data: &'a [T]) -> Self {
        Self { data, rows: data.len(), cols: 1, row_stride: 1, col_stride: data.len() }
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

    /// Element `(i, j)`, `None` outside the shape.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> Option<T> {
        if i < self.rows && j < self.cols {
            self.data.get(i * self.row_stride + j * self.col_stride).copied()
        } else {
            None
        }
    }

    /// The transpose, without moving anything.
    #[inline]
    pub fn transpose(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// Whether each column is one contiguous slice.
    #[inline]
    pub fn has_contiguous_cols(&self) -> bool {
        self.row_stride == 1 || self.rows <= 1
    }

    /// Whether each row is one contiguous slice.
    #[inline]
    pub fn has_contiguous_rows(&self) -> bool {
        self.col_stride == 1 || self.cols <= 1
    }

    /// Column `j` as a slice; empty when `j` is outside the shape or the column is not contiguous.
    #[inline]
    pub fn col(&self, j: usize) -> &'a [T] {
        if j < self.cols && self.has_contiguous_cols() {
            let start = j.saturating_mul(self.col_stride); // a view without rows may have any stride
            self.data.get(start..start + self.rows).unwrap_or_default()
        } else {
            &[]
        }
    }

    /// Row `i` as a slice; empty when `i` is outside the shape or the row is not contiguous.
    #[inline]
    pub fn row(&self, i: usize) -> &'a [T] {
        self.transpose().col(i)
    }

    /// The elements of column `j` from the top; none when `j` is outside the shape.
    #[inline]
    pub fn col_iter(&self, j: usize) -> impl Iterator<Item = T> + use<'a, T> {
        let rows = if j < self.cols { self.rows } else { 0 };
        let column = self.data.get(j.saturating_mul(self.col_stride)..).unwrap_or_default();
        let stride = self.row_stride;
        (0..rows).map_while(move |i| column.get(i * stride).copied())
    }

    /// The elements of row `i` from the left; none when `i` is outside the shape.
    #[inline]
    pub fn row_iter(&self, i: usize) -> impl Iterator<Item = T> + use<'a, T> {
        self.transpose().col_iter(i)
    }

    /// The columns from left to right, each a view of one column.
    #[doc(alias = "column_iter")]
    #[inline]
    pub fn column_views(self) -> impl Iterator<Item = Self> {
        (0..self.cols).map(move |j| Self { data: self.tail(0, j), cols: 1, ..self })
    }

    /// The rows from top to bottom, each a view of one row.
    #[inline]
    pub fn row_views(self) -> impl Iterator<Item = Self> {
        self.transpose().column_views().map(Self::transpose)
    }

    /// The diagonal as a column: min(rows, columns) elements.
    #[inline]
    pub fn diagonal(self) -> Self {
        let row_stride = self.row_stride.saturating_add(self.col_stride);
        Self { rows: self.rows.min(self.cols), cols: 1, row_stride, ..self }
    }

    /// All elements as one slice, column after column; `None` when they do not follow one another in memory.
    ///
    /// ```
    /// use gaussling_core::MatRef;
    /// let numbers = [1.0, 2.0, 3.0, 4.0];
    /// let a = MatRef::new(&numbers, 2, 2)?;
    /// assert_eq!(a.columns(1, 1)?.as_contiguous_slice(), Some(&numbers[2..]));
    /// assert_eq!(a.transpose().as_contiguous_slice(), None);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    pub fn as_contiguous_slice(&self) -> Option<&'a [T]> {
        let len = self.rows.checked_mul(self.cols)?;
        let follow = self.has_contiguous_cols() && (self.cols <= 1 || self.col_stride == self.rows);
        if len == 0 { Some(&[]) } else { self.data.get(..len).filter(|_| follow) }
    }

    /// A copy whose shape is part of its type; [`Error::Shape`] when this view has another one.
    pub fn to_matrix<const R: usize, const C: usize>(&self) -> Result<Matrix<T, R, C>, Error> {
        check_shape("view", (R, C), self.shape())?;
        // The shapes are equal, so every (i, j) is inside.
        #[allow(clippy::indexing_slicing, reason = "inside the shape, which the constructor has checked")]
        Ok(Matrix::from_fn(|i, j| self.data[i * self.row_stride + j * self.col_stride]))
    }

    /// All elements, column after column.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let view = *self;
        (0..self.cols).flat_map(move |j| view.col_iter(j))
    }

    /// The `rows × cols` block whose upper left element is `(i, j)`; [`Error::Shape`] when it does not fit.
    pub fn block(self, i: usize, j: usize, rows: usize, cols: usize) -> Result<Self, Error> {
        if i.saturating_add(rows) > self.rows || j.saturating_add(cols) > self.cols {
            let found = (i.saturating_add(rows), j.saturating_add(cols));
            return Err(Error::Shape { what: "end of block", expected: self.shape(), found });
        }
        Ok(Self { data: self.tail(i, j), rows, cols, ..self })
    }

    /// The elements from `(i, j)` on; none when it is past the end.
    #[inline]
    fn tail(&self, i: usize, j: usize) -> &'a [T] {
        let start = i.saturating_mul(self.row_stride).saturating_add(j.saturating_mul(self.col_stride));
        self.data.get(start..).unwrap_or_default()
    }

    /// The columns `first .. first + count`; [`Error::Shape`] when there are not so many.
    pub fn columns(self, first: usize, count: usize) -> Result<Self, Error> {
        self.block(0, first, self.rows, count)
    }

    /// Cut by columns into `parts` views from left to right whose widths differ by at most one, the wider ones first.
    ///
    /// ```
    /// use gaussling_core::MatRef;
    /// let widths = MatRef::new(&[0.0; 10], 2, 5)?.split_cols(3).map(|part| part.cols());
    /// assert_eq!(widths.collect::<Vec<_>>(), [2, 2, 1]);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[inline]
    pub fn split_cols(self, parts: usize) -> impl Iterator<Item = Self> {
        let mut start = 0;
        part_widths(self.cols, parts).map(move |width| {
            let data = self.tail(0, start);
            start += width;
            Self { data, cols: width, ..self }
        })
    }
}

/// `parts` widths that sum to `cols` and differ by at most one. They depend on nothing else, so results of work done in
/// parts do not depend on who does it.
#[inline]
pub(super) fn part_widths(cols: usize, parts: usize) -> impl Iterator<Item = usize> {
    let (width, wider) = (cols.checked_div(parts).unwrap_or(0), cols.checked_rem(parts).unwrap_or(0));
    (0..parts).map(move |p| width + usize::from(p < wider))
}

/// Same shape and equal elements, whatever the strides.
impl<T: Copy + PartialEq> PartialEq for MatRef<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.iter().eq(other.iter())
    }
}
