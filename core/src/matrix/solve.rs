//! A X = B, A⁻¹ and det A for inline square matrices.
//!
//! Method of `solve` and `inverse`: Gaussian elimination with partial pivoting, P A = L U, applied to B as it goes:
//!
//! 1. the pivot of column j is its element of largest modulus from row j on; swap it into row j
//! 2. it must exceed its own rounding error, |uⱼⱼ| > N ε Σ_{k<j} |lⱼₖ uₖⱼ|, or A is singular as far as this arithmetic can tell
//! 3. subtract lᵢⱼ = aᵢⱼ/uⱼⱼ times row j from every row i below, in A and in B
//! 4. substitute backwards
//!
//! The bound of step 2 follows from |P A + ΔA| = L U with |ΔA| ≤ N ε |L||U|; it does not change when rows or columns are
//! scaled, so graded matrices pass, while the inverse of `[[1, 2, 3], [4, 5, 6], [7, 8, 9]]` is refused, not of size 1e16.
//!
//! Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2nd ed., SIAM 2002), sections 9.1 to 9.4,
//! DOI 10.1137/1.9780898718027. Accuracy (theorem 9.4): (A + ΔA) x = b with |ΔA| ≤ 3 N ε |L||U|. Cost: 2N³/3 + 2N² flops a
//! right-hand side, no workspace beyond two copies on the stack. Multipliers are at most 1, so nothing overflows before the
//! elements exceed MAX / 2^N. N = 0 gives the empty result.
//!
//! All indices below are loop variables below N.
#![allow(clippy::indexing_slicing, reason = "loop variables below the N of the type")]

use super::{Matrix, Vector};
use crate::error::Error;
use crate::scalar::Real;

impl<T: Real, const N: usize> Matrix<T, N, N> {
    /// X with A X = B.
    ///
    /// Errors: [`Error::NonFinite`] for NaN or an infinity in A or B; [`Error::Singular`] with the first column that
    /// depends, to rounding error, on those before it.
    ///
    /// ```
    /// use gaussling_core::{Error, matrix::{Matrix, Vector}};
    /// let a = Matrix::from_rows([[0.0, 2.0], [4.0, 2.0]]);
    /// assert_eq!(a.solve(&Vector::from([2.0, 6.0]))?, Vector::from([1.0, 1.0]));
    /// let singular = Matrix::from_rows([[1.0, 2.0], [2.0, 4.0]]);
    /// assert_eq!(singular.inverse(), Err(Error::Singular { column: 1 }));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn solve<const C: usize>(&self, b: &Matrix<T, N, C>) -> Result<Matrix<T, N, C>, Error> {
        if !self.is_finite() {
            return Err(Error::NonFinite { what: "a" });
        }
        if !b.is_finite() {
            return Err(Error::NonFinite { what: "b" });
        }
        let (mut a, mut x) = (self.columns, b.columns);
        let tolerance = T::from_usize(N) * T::EPSILON;
        for j in 0..N {
            let pivot_row = (j + 1..N).fold(j, |p, i| if a[j][i].abs() > a[j][p].abs() { i } else { p }); // step 1
            if pivot_row != j {
                a.iter_mut().for_each(|column| column.swap(j, pivot_row));
                x.iter_mut().for_each(|column| column.swap(j, pivot_row));
            }
            let cancelled = (0..j).fold(T::ZERO, |sum, k| sum + (a[k][j] * a[j][k]).abs());
            let pivot = a[j][j];
            if pivot.abs() <= tolerance * cancelled {
                return Err(Error::Singular { column: j }); // step 2; 0 ≤ 0 in column 0
            }
            for i in j + 1..N {
                a[j][i] /= pivot;
            }
            let multipliers = a[j];
            for column in a.iter_mut().skip(j + 1).chain(&mut x) {
                let top = column[j];
                for i in j + 1..N {
                    column[i] -= multipliers[i] * top; // step 3
                }
            }
        }
        for column in &mut x {
            for j in (0..N).rev() {
                column[j] /= a[j][j];
                let known = column[j];
                for i in 0..j {
                    column[i] -= a[j][i] * known; // step 4
                }
            }
        }
        Ok(Matrix { columns: x })
    }

    /// A⁻¹. To solve a system, [`solve`](Self::solve) is more accurate and cheaper. Errors as there.
    ///
    /// ```
    /// use gaussling_core::Matrix;
    /// let a = Matrix::from_rows([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.inverse()?, Matrix::from_rows([[0.5, -0.125], [0.0, 0.25]]));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    #[doc(alias = "try_inverse")]
    pub fn inverse(&self) -> Result<Self, Error> {
        self.solve(&Self::identity())
    }

    /// det A, by the formula for N ≤ 3, else by Gaussian elimination with complete pivoting.
    ///
    /// Complete, because a pivot whose value is zero then means that all that is left is zero, and the product of pivots
    /// still carries the right first derivative of a singular matrix. NaN and infinities pass through.
    ///
    /// ```
    /// use gaussling_core::matrix::Matrix;
    /// assert_eq!(Matrix::from_rows([[1.0, 2.0], [3.0, 7.0]]).determinant(), 1.0);
    /// ```
    pub fn determinant(&self) -> T {
        let mut a = self.columns;
        let e = |i: usize, j: usize| self.columns[j][i];
        match N {
            2 => return e(0, 0) * e(1, 1) - e(0, 1) * e(1, 0),
            3 => {
                let [x, y, z] = [0, 1, 2].map(|j| Vector::from([e(0, j), e(1, j), e(2, j)]));
                return x.dot(&y.cross(&z));
            }
            _ => {}
        }
        let mut product = T::ONE;
        for j in 0..N {
            let mut at = (j, j);
            for q in j..N {
                for p in j..N {
                    if a[q][p].abs() > a[at.1][at.0].abs() {
                        at = (p, q);
                    }
                }
            }
            if at.1 != j {
                a.swap(at.1, j);
                product = -product;
            }
            if at.0 != j {
                a.iter_mut().for_each(|column| column.swap(at.0, j));
                product = -product;
            }
            let pivots = a[j];
            let pivot = pivots[j];
            product *= pivot;
            if pivot == T::ZERO {
                // What is left is zero: the last element is the derivative of a matrix of rank N − 1, further ones vanish.
                return if j + 1 == N { product } else { product * T::ZERO };
            }
            for column in a.iter_mut().skip(j + 1) {
                let top = column[j] / pivot;
                for i in j + 1..N {
                    column[i] -= pivots[i] * top;
                }
            }
        }
        product
    }
}
