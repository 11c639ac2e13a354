//! Portable matrix products.
//!
//! Two ways, chosen by shape and type alone, so that results have the same bits everywhere:
//!
//! *Blocked*, for products with at least four columns and terms: C is computed in tiles of `TILE` columns and 16 (`f32`) or 8
//! rows, whose elements are local sums that the compiler keeps in registers. Rows of A are first packed into a buffer on the
//! stack (2 KiB), `DEPTH` terms at a time, so A may have any strides. An element is a sum of sums of `DEPTH` terms, each
//! from first to last: |error| ≤ (32 + k/32) ε Σ|aᵢₚ bₚⱼ|. The order of loops (columns of B, terms, rows of A, tiles) is that
//! of K. Goto and R. A. van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34, 2008), section 4,
//! without packing B: a block of B is read through the second-level cache instead. Without an operating system, so on
//! microcontrollers, which have neither vector registers nor stack to spare, the same sums are taken from A where it is: the
//! same bits.
//!
//! *Direct*, for thin products and for scalars larger than 16 bytes (dual numbers, whose tiles do not fit into registers): a
//! column of C collects four columns of A at a time; when only A's *rows* are contiguous, each element of C is a dot product.
//! |error| ≤ k ε Σ|aᵢₚ bₚⱼ| (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.5).
//!
//! Shapes are checked by the callers in `mod.rs`.

use crate::matrix::slice::dot;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Columns of a tile.
const TILE: usize = 2;
/// Terms that are summed before they are added to C: the packed rows of A stay in the first-level cache.
const DEPTH: usize = 32;
/// Columns of B that meet the packed rows before these change: DEPTH × WIDTH numbers stay in the second-level cache.
const WIDTH: usize = 128;

/// C ← α A B + β C
#[inline]
pub(super) fn gemm<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) {
    let (m, n) = c.shape();
    if m > 1 && is_blocked::<T>(n, a.cols()) {
        return blocked::<T, false>(alpha, a, b, beta, c);
    }
    direct(alpha, a, b, beta, c);
}

/// Column by column. On a device not inlined: it needs less stack than the way in blocks, which is called from the same place.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
fn direct<T: Real>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) {
    let m = c.rows();
    let by_dots = a.has_contiguous_rows() && b.has_contiguous_cols();
    let by_columns = a.has_contiguous_cols() && !(m == 1 && by_dots);
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
    let transpose = a.transpose();
    if is_blocked::<T>(c.cols(), a.cols()) {
        return blocked::<T, true>(alpha, a, transpose, beta, c);
    }
    let by_columns = a.has_contiguous_cols();
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

/// Whether a product with n columns and k terms is worth packing.
#[inline]
fn is_blocked<T>(n: usize, k: usize) -> bool {
    size_of::<T>() <= 16 && n >= 4 && k >= 4
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

/// Whether rows of A are packed.
const PACKED: bool = !cfg!(target_os = "none");

/// Not inlined: its buffer then takes stack only when it is called.
#[inline(never)]
fn blocked<T: Real, const LOWER: bool>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) {
    // Eight vector registers of 16 bytes hold a tile. Tall tiles, because without fused multiply-add an element of B costs an
    // instruction to load and one to spread: 8 × 2 takes 0.83 of the time of 4 × 4.
    if !PACKED {
        unpacked::<T, LOWER>(alpha, a, b, beta, c);
    } else if size_of::<T>() <= 4 {
        blocked_rows::<T, 16, LOWER>(alpha, a, b, beta, c);
    } else {
        blocked_rows::<T, 8, LOWER>(alpha, a, b, beta, c);
    }
}

/// C ← α A B + β C in tiles of `ROWS` × `TILE`; with `LOWER` only the lower triangle.
#[inline]
fn blocked_rows<T: Real, const ROWS: usize, const LOWER: bool>(
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    beta: T,
    mut c: MatMut<'_, T>,
) {
    let (m, n) = c.shape();
    let mut packed = [[T::ZERO; ROWS]; DEPTH];
    for first in (0..n).step_by(WIDTH) {
        let end = n.min(first + WIDTH);
        for j in first..end {
            scale_column(beta, c.col_mut(j).get_mut(if LOWER { j } else { 0 }..).unwrap_or_default());
        }
        for p in (0..a.cols()).step_by(DEPTH) {
            let depth = DEPTH.min(a.cols() - p);
            let top = if LOWER { first - first % ROWS } else { 0 };
            for i in (top..m).step_by(ROWS) {
                pack(a, i, p, packed.get_mut(..depth).unwrap_or_default());
                let packed = packed.get(..depth).unwrap_or_default();
                // A tile whose last row is above its first column has nothing in the lower triangle.
                let end = if LOWER { end.min(i + ROWS) } else { end };
                for j in (first..end).step_by(TILE) {
                    let sums = tile_of(packed, b, p, j);
                    for (q, sums) in (j..n).zip(&sums) {
                        let column = c.col_mut(q).get_mut(i..).unwrap_or_default();
                        let above = if LOWER { q.saturating_sub(i) } else { 0 };
                        match column.first_chunk_mut::<ROWS>() {
                            // A loop of known length.
                            Some(column) if above == 0 => {
                                column.iter_mut().zip(sums).for_each(|(c, &sum)| *c += alpha * sum);
                            }
                            _ => column.iter_mut().zip(sums).skip(above).for_each(|(c, &sum)| *c += alpha * sum),
                        }
                    }
                }
            }
        }
    }
}

/// The sums of [`blocked`] four rows at a time, without a buffer.
#[inline]
fn unpacked<T: Real, const LOWER: bool>(alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, mut c: MatMut<'_, T>) {
    for (j, column) in c.cols_mut().enumerate() {
        let top = if LOWER { j } else { 0 };
        let column = column.get_mut(top..).unwrap_or_default();
        scale_column(beta, column);
        for p in (0..a.cols()).step_by(DEPTH) {
            let end = a.cols().min(p + DEPTH);
            for (i, c) in (top..).step_by(4).zip(column.chunks_mut(4)) {
                let mut sums = [T::ZERO; 4];
                for p in p..end {
                    let b = b.get(p, j).unwrap_or(T::ZERO);
                    let rows = if a.has_contiguous_cols() { a.col(p).get(i..).unwrap_or_default() } else { &[] };
                    match rows.first_chunk::<4>() {
                        Some(rows) => sums.iter_mut().zip(rows).for_each(|(sum, &a)| *sum += a * b),
                        None => {
                            let rows = (i..).map(|i| a.get(i, p).unwrap_or(T::ZERO));
                            sums.iter_mut().zip(rows).for_each(|(sum, a)| *sum += a * b);
                        }
                    }
                }
                c.iter_mut().zip(sums).for_each(|(c, sum)| *c += alpha * sum);
            }
        }
    }
}

/// Rows i.. of columns p.. of A; rows below the last are zero.
#[inline]
#[allow(clippy::indexing_slicing, reason = "r < ROWS")]
fn pack<T: Real, const ROWS: usize>(a: MatRef<'_, T>, i: usize, p: usize, packed: &mut [[T; ROWS]]) {
    if a.has_contiguous_cols() && i + ROWS <= a.rows() {
        for (p, packed) in (p..).zip(packed) {
            *packed = *a.col(p).get(i..).and_then(|rows| rows.first_chunk()).unwrap_or(&[T::ZERO; ROWS]);
        }
    } else if a.has_contiguous_rows() {
        for r in 0..ROWS {
            let row = a.row(i + r).get(p..).unwrap_or_default().iter().copied();
            let zeros = core::iter::repeat(T::ZERO);
            packed.iter_mut().zip(row.chain(zeros)).for_each(|(packed, x)| packed[r] = x);
        }
    } else {
        for (p, packed) in (p..).zip(packed) {
            *packed = core::array::from_fn(|r| a.get(i + r, p).unwrap_or(T::ZERO));
        }
    }
}

/// The sums of the tile whose columns start at j: packed rows times rows p.. of B. Columns past the last repeat it.
#[inline]
fn tile_of<T: Real, const ROWS: usize>(
    packed: &[[T; ROWS]],
    b: MatRef<'_, T>,
    p: usize,
    j: usize,
) -> [[T; ROWS]; TILE] {
    let last = b.cols().saturating_sub(1);
    if b.has_contiguous_cols() {
        let column = |q: usize| b.col(last.min(j + q)).get(p..p + packed.len()).unwrap_or_default();
        tile(packed, column(0).iter().zip(column(1)).map(|(&x, &y)| [x, y]))
    } else if b.has_contiguous_rows() && j + TILE <= b.cols() {
        let row = |p| *b.row(p).get(j..).and_then(|row| row.first_chunk()).unwrap_or(&[T::ZERO; TILE]);
        tile(packed, (p..).map(row))
    } else {
        tile(packed, (p..).map(|p| core::array::from_fn(|q| b.get(p, last.min(j + q)).unwrap_or(T::ZERO))))
    }
}

#[inline]
fn tile<T: Real, const ROWS: usize>(packed: &[[T; ROWS]], b: impl Iterator<Item = [T; TILE]>) -> [[T; ROWS]; TILE] {
    let mut sums = [[T::ZERO; ROWS]; TILE];
    for (a, b) in packed.iter().zip(b) {
        for (sums, b) in sums.iter_mut().zip(b) {
            for (sum, &a) in sums.iter_mut().zip(a) {
                *sum += a * b;
            }
        }
    }
    sums
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
        for (m, n, k) in
            [(0, 3, 2), (1, 1, 1), (2, 3, 0), (5, 4, 3), (3, 7, 9), (13, 6, 10), (1, 5, 6), (21, 70, 130), (9, 67, 64)]
        {
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
                            assert!((c.get(i, j).unwrap() - expected).abs() < 1e-13, "{m} {n} {k} case {case}");
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
                            assert!((s.get(i, j).unwrap() - expected).abs() < 1e-13, "syrk {m} {k} case {case}");
                        }
                    }
                }
            }
        }
    }

    /// The way of microcontrollers.
    #[test]
    fn unpacked_has_the_bits_of_packed() {
        fn check<T: Real + std::fmt::Debug, const ROWS: usize>() {
            for (m, n, k) in [(2, 4, 4), (5, 4, 33), (17, 19, 64), (40, 9, 100), (3, 131, 5)] {
                let data = |len, seed| numbers(len, seed).into_iter().map(T::from_f64).collect::<Vec<_>>();
                let (a, b, before) = (data(m * k, 5), data(k * n, 6), data(m * n, 7));
                for case in 0..8 {
                    let view = |transposed, data, rows, cols| {
                        if transposed {
                            MatRef::new(data, cols, rows).map(MatRef::transpose)
                        } else {
                            MatRef::new(data, rows, cols)
                        }
                    };
                    let (a, b) = (view(case & 1 == 1, &a, m, k).unwrap(), view(case & 2 == 2, &b, k, n).unwrap());
                    let beta = T::from_f64(if case & 4 == 4 { 0.0 } else { -0.7 });
                    let [mut packed, mut unpacked] = [before.clone(), before.clone()];
                    let alpha = T::from_f64(0.3);
                    let c = |data| MatMut::new(data, m, n).unwrap();
                    blocked_rows::<T, ROWS, false>(alpha, a, b, beta, c(&mut packed));
                    super::unpacked::<T, false>(alpha, a, b, beta, c(&mut unpacked));
                    assert_eq!(packed, unpacked, "{m} {n} {k} case {case}");
                    let [mut packed, mut unpacked] = [data(m * m, 8), data(m * m, 8)];
                    let c = |data| MatMut::new(data, m, m).unwrap();
                    blocked_rows::<T, ROWS, true>(alpha, a, a.transpose(), beta, c(&mut packed));
                    super::unpacked::<T, true>(alpha, a, a.transpose(), beta, c(&mut unpacked));
                    assert_eq!(packed, unpacked, "lower {m} {k} case {case}");
                }
            }
        }
        check::<f32, 16>();
        check::<f64, 8>();
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
