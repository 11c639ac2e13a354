//! [`DenseMatrix`]: a column-major matrix that owns its elements in a `Vec`.
//!
//! The desktop counterpart of the core's inline `Matrix<T, R, C>`. Data sets are stored one sample a column.

use gaussling_core::{MatMut, MatRef};

/// A column-major `rows × cols` matrix on the heap; element `(i, j)` is at `data[i + j * rows]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenseMatrix<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
}

impl<T: Copy> DenseMatrix<T> {
    /// Takes over a vector that holds the columns one after another; `None` when its length is not `rows * cols`.
    pub fn from_vec(data: Vec<T>, rows: usize, cols: usize) -> Option<Self> {
        (rows.checked_mul(cols) == Some(data.len())).then_some(Self { data, rows, cols })
    }

    /// The matrix with `f(i, j)` in row `i` of column `j`, called column by column.
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for j in 0..cols {
            for i in 0..rows {
                data.push(f(i, j));
            }
        }
        Self { data, rows, cols }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Column `j` as a slice.
    ///
    /// # Panics
    /// When `j` is not less than [`cols`](Self::cols).
    pub fn col(&self, j: usize) -> &[T] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// Column `j` as a mutable slice.
    ///
    /// # Panics
    /// When `j` is not less than [`cols`](Self::cols).
    pub fn col_mut(&mut self, j: usize) -> &mut [T] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// All elements, column after column.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All elements, column after column.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The matrix as the core's routines read it.
    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::new(&self.data, self.rows, self.cols).expect("the length is rows * cols by construction")
    }

    /// The matrix as the core's routines write it.
    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::new(&mut self.data, self.rows, self.cols).expect("the length is rows * cols by construction")
    }

    /// The matrix whose columns are `self`'s columns at `indices`, in that order.
    ///
    /// # Panics
    /// When an index is not less than [`cols`](Self::cols).
    pub fn select_columns(&self, indices: &[usize]) -> Self {
        let mut data = Vec::with_capacity(self.rows * indices.len());
        for &j in indices {
            data.extend_from_slice(self.col(j));
        }
        Self { data, rows: self.rows, cols: indices.len() }
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |i, j| self.data[j + i * self.rows])
    }
}

impl<T> std::ops::Index<(usize, usize)> for DenseMatrix<T> {
    type Output = T;
    fn index(&self, (i, j): (usize, usize)) -> &T {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
        &self.data[i + j * self.rows]
    }
}

impl<T> std::ops::IndexMut<(usize, usize)> for DenseMatrix<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
        &mut self.data[i + j * self.rows]
    }
}

/// Index of the largest element, the first of several; 0 for none.
pub fn largest(x: &[f64]) -> usize {
    x.iter().enumerate().fold(0, |best, (i, &value)| if value > x[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_show_the_same_elements() {
        for (rows, cols) in [(0, 0), (0, 3), (3, 0), (1, 1), (2, 3), (50, 1)] {
            let mut a = DenseMatrix::from_fn(rows, cols, |i, j| 10 * i + j);
            assert_eq!(a.view().shape(), (rows, cols));
            for j in 0..cols {
                assert_eq!(a.view().col(j), a.col(j));
            }
            a.view_mut().fill(7);
            assert_eq!(a, DenseMatrix::from_fn(rows, cols, |_, _| 7));
        }
    }
}
