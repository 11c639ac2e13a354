//! Portable matrix products.
//!
//! Column-oriented: a column of C collects four columns of A at a time, so each element of C is loaded and stored once for
//! four products, and every inner loop runs over contiguous memory. When A's *rows* are contiguous (a transpose), each
//! element of C is a dot product instead. Error of an element: |error| ≤ k ε Σ|aᵢₚ bₚⱼ| (Higham, section 3.5).
//!
//! Shapes are checked by the callers in `mod.rs`.

use crate::matrix::slice::dot;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// C ← α A B + β C
#[inline]
pub(super) fn gemm<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) {
    let by_columns = a.has_contiguous_cols();
    let by_dots = a.has_contiguous_rows() && b.has_contiguous_cols();
    for (j, column) in c.cols_mut().enumerate() {
        scale_column(beta, column);
        if by_columns {
            add_columns(alpha, a, 0, column, b, j);
        } else if by_dots {
            let b = b.col(j);
            for (i, c) in column.iter_mut().enumerate() {
                *c += alpha * dot(a.row(i), b);
            }
        } else {
            let a = a.transpose();
            for (i, c) in column.iter_mut().enumerate() {
                let mut sum = T::ZERO;
                for (a, b) in a.col_iter(i).zip(b.col_iter(j)) {
                    sum += a * b;
                }
                *c += alpha * sum;
            }
        }
    }
}

/// Lower triangle of C ← α A Aᵀ + β C
pub(super) fn syrk<T: Real>(alpha: T, a: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) {
    let by_columns = a.has_contiguous_cols();
    let transpose = a.transpose();
    for (j, column) in c.cols_mut().enumerate() {
        let column = column.get_mut(j..).unwrap_or_default();
        scale_column(beta, column);
        if by_columns {
            add_columns(alpha, a, j, column, transpose, j);
        } else if a.has_contiguous_rows() {
            for (i, c) in column.iter_mut().enumerate() {
                *c += alpha * dot(a.row(i + j), a.row(j));
            }
        } else {
            for (i, c) in column.iter_mut().enumerate() {
                let mut sum = T::ZERO;
                for (x, y) in transpose.col_iter(i + j).zip(transpose.col_iter(j)) {
                    sum += x * y;
                }
                *c += alpha * sum;
            }
        }
    }
}

#[inline]
fn scale_column<T: Real>(beta: T, column: &mut [T]) {
    if beta == T::ZERO {
        column.fill(T::ZERO);
    } else if beta != T::ONE {
        for c in column {
            *c *= beta;
        }
    }
}

/// c ← c + α A[first.., :] B[:, j], four columns of A at a time.
#[inline]
fn add_columns<T: Real>(alpha: T, a: MatRef<'_, T>, first: usize, c: &mut [T], b: MatRef<'_, T>, j: usize) {
    let tail = |p: usize| a.col(p).get(first..).unwrap_or_default();
    let mut coefficients = b.col_iter(j).map(|b| alpha * b);
    let mut p = 0;
    while p + 4 <= a.cols() {
        let mut next = || coefficients.next().unwrap_or(T::ZERO);
        let (b0, b1, b2, b3) = (next(), next(), next(), next());
        let columns = tail(p).iter().zip(tail(p + 1)).zip(tail(p + 2)).zip(tail(p + 3));
        for (c, (((&a0, &a1), &a2), &a3)) in c.iter_mut().zip(columns) {
            *c += (a0 * b0 + a1 * b1) + (a2 * b2 + a3 * b3);
        }
        p += 4;
    }
    for (p, b) in (p..a.cols()).zip(coefficients) {
        for (c, &a) in c.iter_mut().zip(tail(p)) {
            *c += a * b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Portable};
    use std::vec::Vec;

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        (0..n).map(|_| next()).collect()
    }

    /// All transposition cases, several α and β, leading dimensions larger than the rows, against the definition.
    #[test]
    fn gemm_and_syrk_agree_with_the_definition() {
        for (m, n, k) in [(0, 3, 2), (1, 1, 1), (2, 3, 0), (5, 4, 3), (3, 7, 9), (13, 6, 10)] {
            for case in 0..8 {
                let (ta, tb, wide) = (case & 1 == 1, case & 2 == 2, case & 4 == 4);
                let pad = if wide { 3 } else { 0 };
                let (ar, ac) = if ta { (k, m) } else { (m, k) };
                let (br, bc) = if tb { (n, k) } else { (k, n) };
                let (a_data, b_data) = (numbers((ar + pad) * ac, 1), numbers((br + pad) * bc, 2));
                let mut a = MatRef::with_strides(&a_data, ar, ac, 1, ar + pad).unwrap();
                let mut b = MatRef::with_strides(&b_data, br, bc, 1, br + pad).unwrap();
                if ta {
                    a = a.transpose();
                }
                if tb {
                    b = b.transpose();
                }
                for (alpha, beta) in [(1.0, 0.0), (-0.7, 1.0), (0.3, -2.0)] {
                    let before = numbers((m + pad) * n, 3);
                    let mut c_data = before.clone();
                    let mut c = MatMut::with_leading(&mut c_data, m, n, m + pad).unwrap();
                    Portable.gemm(alpha, a, b, beta, c.reborrow()).unwrap();
                    for j in 0..n {
                        for i in 0..m {
                            let sum: f64 = (0..k).map(|p| a.get(i, p).unwrap() * b.get(p, j).unwrap()).sum();
                            let expected = alpha * sum + beta * before[i + j * (m + pad)];
                            assert!((c.get(i, j).unwrap() - expected).abs() < 1e-14, "{m} {n} {k} case {case}");
                        }
                    }
                    let before = numbers(m * m, 4);
                    let mut s_data = before.clone();
                    let mut s = MatMut::new(&mut s_data, m, m).unwrap();
                    Portable.syrk(alpha, a, beta, s.reborrow()).unwrap();
                    for j in 0..m {
                        for i in 0..m {
                            let sum: f64 = (0..k).map(|p| a.get(i, p).unwrap() * a.get(j, p).unwrap()).sum();
                            let expected =
                                if i >= j { alpha * sum + beta * before[i + j * m] } else { before[i + j * m] };
                            assert!((s.get(i, j).unwrap() - expected).abs() < 1e-14, "syrk {m} {k} case {case}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn beta_zero_does_not_read_c_and_shapes_are_checked() {
        let one = [1.0; 4];
        let mut c = [f64::NAN; 4];
        let a = MatRef::new(&one, 2, 2).unwrap();
        Portable.gemm(1.0, a, a, 0.0, MatMut::new(&mut c, 2, 2).unwrap()).unwrap();
        assert_eq!(c, [2.0; 4]);
        let wide = MatRef::new(&one, 1, 4).unwrap();
        assert!(Portable.gemm(1.0, a, wide, 0.0, MatMut::new(&mut c, 2, 2).unwrap()).is_err());
        assert!(Portable.gemv(1.0, a, &one, 0.0, &mut c[..2]).is_err());
    }
}
