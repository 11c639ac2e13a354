//! A = L Lᵀ for inline matrices, and the plain loops that the Cholesky factorization of small views shares with it.
//!
//! Left-looking, column by column:
//!
//! 1. a[j.., j] ← a[j.., j] − L[j.., ..j] L[j, ..j]ᵀ
//! 2. the pivot d = a[j, j] must be positive
//! 3. L[j, j] = √d, L[j+1.., j] = a[j+1.., j] / √d
//!
//! The loops run over one slice and are inlined: with a size known to the compiler they unroll, and the matrix stays in
//! registers. Source, accuracy and range: [`crate::linalg::cholesky_in_place`], which gives the same bits.

use super::Matrix;
use crate::error::Error;
use crate::scalar::Real;

impl<T: Real, const N: usize> Matrix<T, N, N> {
    /// The lower triangular L with A = L Lᵀ for a symmetric positive definite A, zeros above its diagonal.
    ///
    /// Only the lower triangle of A is read. The same bits as [`crate::linalg::cholesky_in_place`], in about a third of its
    /// time for N = 4, three quarters for N = 8; [`crate::linalg::cholesky_solve_in_place`] and its kin take `l.view()`.
    ///
    /// Errors: [`Error::NonFinite`] for NaN or an infinity in the lower triangle; [`Error::NotPositiveDefinite`] with the first
    /// pivot that is not positive. Backward stable, |L Lᵀ − A| ≤ (N + 1) ε |L||Lᵀ|. Cost: N³/3 flops. N = 0 gives the empty L.
    ///
    /// ```
    /// use gaussling_core::{Error, Portable, linalg::cholesky_solve_in_place, matrix::{Matrix, Vector}};
    /// let a = Matrix::from_rows([[4.0, 2.0], [2.0, 5.0]]);
    /// let l = a.cholesky()?;
    /// assert_eq!(l, Matrix::from_rows([[2.0, 0.0], [1.0, 2.0]]));
    /// let mut x = Vector::from([10.0, 9.0]);
    /// cholesky_solve_in_place(&Portable, l.view(), x.view_mut())?;
    /// assert_eq!(a * x, Vector::from([10.0, 9.0]));
    /// assert_eq!((-a).cholesky(), Err(Error::NotPositiveDefinite { pivot: 0 }));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn cholesky(&self) -> Result<Self, Error> {
        let lower = self.columns.iter().enumerate().flat_map(|(j, column)| column.iter().skip(j));
        // No early exit, so that no branch stands between the elements and the registers.
        if !lower.fold(true, |finite, x| finite & x.is_finite()) {
            return Err(Error::NonFinite { what: "a" });
        }
        let mut l = *self;
        for (j, column) in l.columns.iter_mut().enumerate() {
            column.iter_mut().take(j).for_each(|x| *x = T::ZERO);
        }
        factor(l.as_mut_slice(), N, N)?;
        Ok(l)
    }
}

/// Steps 1 to 3 for the n columns that start `leading` elements apart in `a`; what is above the diagonal is not touched.
#[inline(always)]
pub(crate) fn factor<T: Real>(a: &mut [T], n: usize, leading: usize) -> Result<(), Error> {
    for j in 0..n {
        let (left, right) = a.split_at_mut_checked(j * leading).unwrap_or_default();
        let column = right.get_mut(j..n).unwrap_or_default();
        for k in 0..j {
            let l = left.get(k * leading + j..k * leading + n).unwrap_or_default();
            let factor = l.first().copied().unwrap_or(T::ZERO);
            column.iter_mut().zip(l).for_each(|(x, &l)| *x -= l * factor);
        }
        finish_column(j, column)?;
    }
    Ok(())
}

/// Steps 2 and 3 for column `index` of the matrix, from the diagonal element on.
#[inline(always)]
pub(crate) fn finish_column<T: Real>(index: usize, column: &mut [T]) -> Result<(), Error> {
    let [pivot, below @ ..] = column else { return Ok(()) };
    // Written so that NaN, the child of two infinities in an indefinite matrix, is refused too.
    if !(*pivot > T::ZERO && *pivot <= T::MAX) {
        return Err(Error::NotPositiveDefinite { pivot: index });
    }
    let root = pivot.sqrt();
    *pivot = root;
    for x in below {
        *x /= root;
    }
    Ok(())
}
