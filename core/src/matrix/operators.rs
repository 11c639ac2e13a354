//! `+`, `-`, `*`, `/` of [`Matrix`]. The compiler compares the shapes.
//!
//! An element of a product is summed from the first term to the last, each product rounded before it is added: the same bits
//! on every platform, error at most k ε Σ|aᵢₚ bₚⱼ| (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.,
//! SIAM 2002, section 3.5).

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Matrix;
use crate::scalar::Real;

impl<T: Real, const R: usize, const K: usize, const C: usize> Mul<&Matrix<T, K, C>> for &Matrix<T, R, K> {
    type Output = Matrix<T, R, C>;
    #[inline]
    fn mul(self, other: &Matrix<T, K, C>) -> Matrix<T, R, C> {
        let mut product = Matrix::zeros();
        let (mut columns, mut factors) = (product.columns.as_mut_slice(), other.columns.as_slice());
        // Not a `for` over the columns: of that the compiler makes vectors *across* columns, gathered element by element, and
        // 4 × 4 takes 1.8 times as long in `f32`.
        while let ([column, later @ ..], [b, rest @ ..]) = (columns, factors) {
            let mut terms = self.columns.iter().zip(b);
            // The first term is written, not added to zero: a pass less.
            if let Some((a, &b)) = terms.next() {
                *column = a.map(|a| a * b);
            }
            for (a, &b) in terms {
                for (c, &a) in column.iter_mut().zip(a) {
                    *c += a * b;
                }
            }
            (columns, factors) = (later, rest);
        }
        product
    }
}

impl<T: Real, const R: usize, const K: usize, const C: usize> Mul<Matrix<T, K, C>> for Matrix<T, R, K> {
    type Output = Matrix<T, R, C>;
    #[inline]
    fn mul(self, other: Matrix<T, K, C>) -> Matrix<T, R, C> {
        &self * &other
    }
}

impl<T: Real, const R: usize, const C: usize> Mul<T> for Matrix<T, R, C> {
    type Output = Self;
    #[inline]
    fn mul(self, factor: T) -> Self {
        self.map(|x| x * factor)
    }
}

impl<const R: usize, const C: usize> Mul<Matrix<f64, R, C>> for f64 {
    type Output = Matrix<f64, R, C>;
    #[inline]
    fn mul(self, matrix: Matrix<f64, R, C>) -> Matrix<f64, R, C> {
        matrix * self
    }
}

impl<const R: usize, const C: usize> Mul<Matrix<f32, R, C>> for f32 {
    type Output = Matrix<f32, R, C>;
    #[inline]
    fn mul(self, matrix: Matrix<f32, R, C>) -> Matrix<f32, R, C> {
        matrix * self
    }
}

impl<T: Real, const R: usize, const C: usize> Div<T> for Matrix<T, R, C> {
    type Output = Self;
    #[inline]
    fn div(self, divisor: T) -> Self {
        self.map(|x| x / divisor)
    }
}

impl<T: Real, const R: usize, const C: usize> MulAssign<T> for Matrix<T, R, C> {
    #[inline]
    fn mul_assign(&mut self, factor: T) {
        *self = *self * factor;
    }
}

impl<T: Real, const R: usize, const C: usize> DivAssign<T> for Matrix<T, R, C> {
    #[inline]
    fn div_assign(&mut self, divisor: T) {
        *self = *self / divisor;
    }
}

impl<T: Real, const R: usize, const C: usize> Add for Matrix<T, R, C> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        self.zip_map(&other, |a, b| a + b)
    }
}

impl<T: Real, const R: usize, const C: usize> Sub for Matrix<T, R, C> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self.zip_map(&other, |a, b| a - b)
    }
}

impl<T: Real, const R: usize, const C: usize> AddAssign for Matrix<T, R, C> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Real, const R: usize, const C: usize> SubAssign for Matrix<T, R, C> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<T: Real, const R: usize, const C: usize> Neg for Matrix<T, R, C> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
}
