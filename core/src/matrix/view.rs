//! [`MatRef`]: a borrowed matrix with any strides.

use crate::error::Error;

/// A `rows × cols` view; element `(i, j)` is `data[i * row_stride + j * col_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T: Copy> MatRef<'a, T> {
    /// Columns that follow one another: `data.len()` must be `rows * cols`.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Result<Self, Error> {
        crate::error::check_length("matrix elements", rows.saturating_mul(cols), data.len())?;
        Self::with_strides(data, rows, cols, 1, rows)
    }

    /// Any strides; every element must lie inside `data`. A stride of 0 repeats a row or column.
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

    /// A single column.
    pub fn column_vector(data: &'a [T]) -> Self {
        Self { data, rows: data.len(), cols: 1, row_stride: 1, col_stride: data.len() }
    }

    /// For views whose elements are known to lie inside `data`.
    pub(super) fn trusted(data: &'a [T], rows: usize, cols: usize, col_stride: usize) -> Self {
        Self { data, rows, cols, row_stride: 1, col_stride }
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

    /// All elements, column after column.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let view = *self;
        (0..self.cols).flat_map(move |j| view.col_iter(j))
    }

    /// The `rows × cols` block whose upper left element is `(i, j)`.
    pub fn block(self, i: usize, j: usize, rows: usize, cols: usize) -> Result<Self, Error> {
        if i.saturating_add(rows) > self.rows || j.saturating_add(cols) > self.cols {
            let found = (i.saturating_add(rows), j.saturating_add(cols));
            return Err(Error::Shape { what: "end of block", expected: self.shape(), found });
        }
        let start =
            i.saturating_mul(self.row_stride).saturating_add(j.saturating_mul(self.col_stride)).min(self.data.len());
        let data = self.data.get(start..).unwrap_or_default();
        Ok(Self { data, rows, cols, ..self })
    }

    /// The columns `first .. first + count`.
    pub fn columns(self, first: usize, count: usize) -> Result<Self, Error> {
        self.block(0, first, self.rows, count)
    }
}
