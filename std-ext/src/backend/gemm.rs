//! Products of matrices: C ← α A B + β C, or its lower triangle.
//!
//! *By tiles.* C is computed in tiles of up to 3 registers of rows (2 for AVX2) and NR columns, all of whose sums stay in registers (`tile.rs`). The
//! loops around them are those of F. G. Van Zee and R. A. van de Geijn, "BLIS: a framework for rapidly instantiating BLAS
//! functionality" (ACM TOMS 41, 2015, section 4, DOI 10.1145/2764454): blocks of columns, of terms, of rows, then tiles. Operands are packed
//! only where they are read often enough to pay for it: A for many columns or when its columns are not contiguous, B for
//! many rows when its columns are not contiguous. Else tiles read the operands where they are, whatever the strides of B.
//!
//! *By dots.* A C of few rows or columns whose terms follow one another in both operands and are many (AᵀB over the samples of a batch)
//! repays no packing: a tile is of dot products, each in one register of interleaved sums.
//!
//! *One row or column:* `gemv.rs`.
//!
//! Sums: by tiles, `DEPTH` terms at most from first to last with fused multiply-add, added block after block to C. So
//! |error| ≤ (DEPTH + k/DEPTH + 2) ε Σ|aᵢₚ bₚⱼ|. The way, the depth of a block and so all bits follow from shapes and strides. A column of
//! more than `DOTS_SIDE` has the same bits however many there are. NaN and infinities pass through; no term is skipped.

use super::gemv;
use super::lanes::{Float, Lanes};
use super::scratch::{Purpose, Scratch};
use super::tile::{Sums, dots, product, update};
use gaussling_core::{MatMut, MatRef, Real};

/// Terms of a block: NR packed columns of B stay in the first-level cache, 24 KB of them at most.
const DEPTH: usize = 384;
/// Bytes of packed rows of A, in the second-level cache.
const ROWS_BYTES: usize = 432 << 10;
/// Columns of a packed block of B.
const WIDTH: usize = 1024;
/// Columns from which on A is packed though its columns are contiguous.
const PACK_A: usize = 192;
/// Rows from which on B is packed when its columns are not contiguous.
const PACK_B: usize = 96;
/// Rows or columns, at most, of a C that is computed by dot products.
const DOTS_SIDE: usize = 16;
/// Terms from which on it is.
const DOTS: usize = 256;
/// Bytes of a block of terms of a dot product.
const DOTS_BYTES: usize = 8 << 10;
/// Rows of A in a block of dot products, whose terms stay in the second-level cache.
const DOTS_ROWS: usize = 66;

/// A matrix as elements and strides.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a, T> {
    pub(super) elements: &'a [T],
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a, T: Copy> Operand<'a, T> {
    #[inline(always)]
    pub(super) fn new(view: MatRef<'a, T>) -> Self {
        let (elements, row_stride, col_stride) = view.into_parts();
        Self { elements, row_stride, col_stride }
    }

    /// The elements from (i, j) on.
    #[inline(always)]
    pub(super) fn from(&self, i: usize, j: usize) -> &'a [T] {
        &self.elements[i * self.row_stride + j * self.col_stride..]
    }
}

/// C ← α A B + β C, with `LOWER` its lower triangle. Shapes fit.
#[inline(always)]
pub(super) fn gemm<
    V: Lanes,
    const WIDE: usize,
    const NR: usize,
    const HALF: usize,
    const DR: usize,
    const DC: usize,
    const LOWER: bool,
>(
    alpha: V::Scalar,
    a: MatRef<'_, V::Scalar>,
    b: MatRef<'_, V::Scalar>,
    beta: V::Scalar,
    c: MatMut<'_, V::Scalar>,
) {
    let ((m, n), k) = (c.shape(), a.cols());
    if m == 0 || n == 0 {
        return;
    }
    let (a, b) = (Operand::new(a), Operand::new(b));
    let (c, leading) = c.into_parts();
    if k == 0 {
        for j in 0..n {
            let column = &mut c[j * leading..][..m];
            gemv::scale(beta, &mut column[if LOWER { j } else { 0 }..]);
        }
    } else if !LOWER && (m == 1 || n == 1) && gemv::vector_product::<V>(alpha, a, b, beta, c, leading, (m, n, k)) {
    } else if k >= DOTS && m.min(n) <= DOTS_SIDE && a.col_stride == 1 && b.row_stride == 1 && a.row_stride != 1 {
        by_dots::<V, DR, DC, LOWER>(alpha, a, b, beta, c, leading, (m, n, k));
    } else if !LOWER && m <= tallest::<V>() * V::N && k <= DEPTH {
        let beta = factor(beta, 0);
        match m.div_ceil(V::N) {
            1 => one_panel::<V, 1, WIDE, NR, HALF>(alpha, a, b, beta, c, leading, (m, n, k)),
            2 => one_panel::<V, 2, NR, NR, HALF>(alpha, a, b, beta, c, leading, (m, n, k)),
            _ => one_panel::<V, 3, NR, NR, HALF>(alpha, a, b, beta, c, leading, (m, n, k)),
        }
    } else {
        by_tiles::<V, NR, HALF, LOWER>(alpha, a, b, beta, c, leading, (m, n, k));
    }
}

/// A product whose rows fit into one tile, by the least number of steps: a product of 8 × 8 matrices is over in the time that the loops
/// of `by_tiles` need to find their borders. The same sums.
#[inline(always)]
fn one_panel<V: Lanes, const VECTORS: usize, const WIDE: usize, const NR: usize, const HALF: usize>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    b: Operand<'_, V::Scalar>,
    beta: Option<V::Scalar>,
    c: &mut [V::Scalar],
    leading: usize,
    (m, n, k): (usize, usize, usize),
) {
    let height = VECTORS * V::N;
    let mut scratch = (a.row_stride != 1).then(|| Scratch::new(Purpose::Product, height * k));
    let (a, a_step) = match &mut scratch {
        Some(scratch) => {
            pack(a.elements, a.row_stride, a.col_stride, m, height, k, scratch.numbers());
            (&*scratch.numbers(), height)
        }
        None => (a.elements, a.col_stride),
    };
    let (last, b_steps) = (m - (VECTORS - 1) * V::N, (b.row_stride, b.col_stride));
    let mut j = 0;
    macro_rules! tiles {
        ($columns:ident, $until:expr) => {
            while $until {
                let columns = $columns.min(n - j);
                let sums = product::<V, VECTORS, $columns>(k, a, a_step, last, b.from(0, j), b_steps, columns);
                let c = &mut c[j * leading..];
                add::<V, VECTORS, $columns, false>(alpha, &sums, beta, c, leading, m, columns, (0, 0));
                j += $columns;
            }
        };
    }
    tiles!(WIDE, j + WIDE <= n);
    tiles!(NR, j + HALF < n);
    tiles!(HALF, j < n);
}

/// The blocks of equal size, up to rounding, into which `len` is cut so that none is longer than `most`.
#[inline(always)]
fn blocks(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    // Divisions take longer than a small product.
    let size = if len <= most { len } else { len.div_ceil(len.div_ceil(most)) };
    (0..len).step_by(size).map(move |first| (first, size.min(len - first)))
}

/// Registers of rows in the tallest tiles: with the columns of `levels.rs`, 24 sums for 32 registers, 12 for 16. Room must be left for the
/// operands and for the mask of the last rows.
#[inline(always)]
fn tallest<V: Lanes>() -> usize {
    if V::REGISTERS >= 32 { 3 } else { 2 }
}

/// How many registers of rows the next tile has when so many rows are left: all, but two and two rather than three and one.
#[inline(always)]
fn vectors<V: Lanes>(rows: usize) -> usize {
    let left = rows.div_ceil(V::N);
    if left == tallest::<V>() + 1 { 2 } else { left.min(tallest::<V>()) }
}

/// What is read and written once a block of terms has come to the tiles.
#[inline(always)]
fn factor<T: Float>(beta: T, first: usize) -> Option<T> {
    if first > 0 {
        Some(T::ONE)
    } else if beta == T::ZERO {
        None
    } else {
        Some(beta)
    }
}

#[inline(always)]
fn by_tiles<V: Lanes, const NR: usize, const HALF: usize, const LOWER: bool>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    b: Operand<'_, V::Scalar>,
    beta: V::Scalar,
    c: &mut [V::Scalar],
    leading: usize,
    (m, n, k): (usize, usize, usize),
) {
    let pack_a = a.row_stride != 1 || n >= PACK_A;
    let pack_b = m >= PACK_B && b.row_stride != 1;
    let depth = k.min(DEPTH);
    let width = if pack_b { n.min(WIDTH) } else { n };
    let height = (ROWS_BYTES / (DEPTH * size_of::<V::Scalar>())).next_multiple_of(V::N * tallest::<V>());
    let a_len = if pack_a { m.min(height).next_multiple_of(V::N) * depth } else { 0 };
    let b_len = if pack_b { width.next_multiple_of(NR) * depth } else { 0 };
    let mut scratch = (a_len + b_len > 0).then(|| Scratch::new(Purpose::Product, a_len + b_len));
    let (a_packed, b_packed) = match &mut scratch {
        Some(scratch) => scratch.numbers().split_at_mut(a_len),
        None => (&mut [][..], &mut [][..]),
    };
    for (left, width) in blocks(n, width) {
        for (p, depth) in blocks(k, DEPTH) {
            let beta = factor(beta, p);
            if pack_b {
                for (j, packed) in (0..width).step_by(NR).zip(b_packed.chunks_exact_mut(NR * depth)) {
                    let from = b.from(p, left + j);
                    pack(from, b.col_stride, b.row_stride, NR.min(width - j), NR, depth, packed);
                }
            }
            for (top, height) in blocks(m, height) {
                if LOWER && top + height <= left {
                    continue;
                }
                if pack_a {
                    let mut i = 0;
                    while i < height {
                        let rows = vectors::<V>(height - i) * V::N;
                        let packed = &mut a_packed[i * depth..][..rows * depth];
                        let present = rows.min(height - i);
                        pack(a.from(top + i, p), a.row_stride, a.col_stride, present, rows, depth, packed);
                        i += rows;
                    }
                }
                for j in (0..width).step_by(NR) {
                    let columns = NR.min(width - j);
                    let (b, b_steps) = if pack_b {
                        (&b_packed[j * depth..], (NR, 1))
                    } else {
                        (b.from(p, left + j), (b.row_stride, b.col_stride))
                    };
                    if top == 0 && !pack_b && b_steps.0 == 1 {
                        prefetch_columns(b, b_steps.1, NR..(2 * NR).min(width - j), depth);
                    }
                    let c = &mut c[(left + j) * leading..];
                    let mut next = 0;
                    while next < height {
                        let (i, vectors) = (next, vectors::<V>(height - next));
                        let rows = (vectors * V::N).min(height - i);
                        next += vectors * V::N;
                        if LOWER && top + i + rows <= left + j {
                            continue;
                        }
                        let above = if LOWER { (left + j, top + i) } else { (0, 0) };
                        let (a, a_step) = if pack_a {
                            (&a_packed[i * depth..], vectors * V::N)
                        } else {
                            (a.from(top + i, p), a.col_stride)
                        };
                        let last = rows - (vectors - 1) * V::N;
                        let c = &mut c[top + i..];
                        macro_rules! tile {
                            ($vectors:literal, $columns:ident) => {{
                                let sums =
                                    product::<V, $vectors, $columns>(depth, a, a_step, last, b, b_steps, columns);
                                add::<V, $vectors, $columns, LOWER>(
                                    alpha, &sums, beta, c, leading, rows, columns, above,
                                );
                            }};
                        }
                        match (vectors, columns <= HALF) {
                            (1, false) => tile!(1, NR),
                            (2, false) => tile!(2, NR),
                            (_, false) => tile!(3, NR),
                            (1, true) => tile!(1, HALF),
                            (2, true) => tile!(2, HALF),
                            (_, true) => tile!(3, HALF),
                        }
                    }
                }
            }
        }
    }
}

/// Asks for the first `depth` numbers of some columns. The next tiles need them, and what fetches in advance by itself does not
/// follow so many short streams.
#[inline(always)]
fn prefetch_columns<T: Float>(b: &[T], step: usize, columns: std::ops::Range<usize>, depth: usize) {
    for j in columns {
        for p in (0..depth).step_by(64 / size_of::<T>()) {
            T::prefetch(b.as_ptr().wrapping_add(j * step + p));
        }
    }
}

/// c ← α s + β c for a tile; with `LOWER` where the row, counted from `above.1`, is not above the column, counted from `above.0`.
#[inline(always)]
fn add<V: Lanes, const VECTORS: usize, const COLUMNS: usize, const LOWER: bool>(
    alpha: V::Scalar,
    sums: &Sums<V, VECTORS, COLUMNS>,
    beta: Option<V::Scalar>,
    c: &mut [V::Scalar],
    leading: usize,
    rows: usize,
    columns: usize,
    above: (usize, usize),
) {
    let last = rows - (VECTORS - 1) * V::N;
    if LOWER && above.0 + columns > above.1 + 1 {
        // All sums leave the registers in loops of known length: a computed place of one would keep all of them in memory.
        let mut numbers = [[V::Scalar::ZERO; 48]; COLUMNS]; // 3 registers of 64 bytes
        for j in 0..COLUMNS {
            update::<V, VECTORS>(V::Scalar::ONE, &sums[j], None, &mut numbers[j][..VECTORS * V::N], V::N);
        }
        for (j, numbers) in numbers.iter().enumerate().take(columns) {
            let column = &mut c[j * leading..][..rows];
            for (c, &sum) in column.iter_mut().zip(numbers).skip((above.0 + j).saturating_sub(above.1)) {
                *c = sum_up(alpha, sum, beta, *c);
            }
        }
        return;
    }
    for j in 0..COLUMNS {
        if j >= columns {
            break;
        }
        update::<V, VECTORS>(alpha, &sums[j], beta, &mut c[j * leading..][..rows], last);
    }
}

/// α s + β c, rounded as `update` does.
#[inline(always)]
fn sum_up<T: Float>(alpha: T, sum: T, beta: Option<T>, c: T) -> T {
    match beta {
        None => alpha * sum,
        Some(beta) => alpha.fused(sum, beta * c),
    }
}

/// Packs `count` rows of `depth` terms so that `height` numbers of a term follow one another; rows past the last are zero.
#[inline(always)]
fn pack<T: Float>(
    from: &[T],
    across: usize,
    along: usize,
    count: usize,
    height: usize,
    depth: usize,
    packed: &mut [T],
) {
    if across == 1 {
        for (p, packed) in packed.chunks_exact_mut(height).enumerate() {
            let (numbers, zeros) = packed.split_at_mut(count);
            numbers.copy_from_slice(&from[p * along..][..count]);
            zeros.fill(T::ZERO);
        }
        return;
    }
    let side = if along == 1 { T::SIDE } else { usize::MAX };
    let (blocked_rows, blocked_terms) = (count - count % side, depth - depth % side);
    for r in (0..blocked_rows).step_by(side) {
        assert!((r + side - 1) * across + depth <= from.len() && packed.len() >= depth * height && r + side <= height);
        for p in (0..blocked_terms).step_by(side) {
            // SAFETY: the caller is compiled for the level. Read are `side` terms from p on of the rows r.., which end at `blocked_terms`
            // within rows of `depth` terms; written are `side` numbers from r on of as many terms, r + side ≤ height.
            unsafe {
                let (from, to) = (from.as_ptr().add(r * across + p), packed.as_mut_ptr().add(p * height + r));
                T::transpose(from, across, to, height);
            }
        }
        for (p, packed) in packed.chunks_exact_mut(height).enumerate().skip(blocked_terms) {
            for (q, packed) in packed[r..r + side].iter_mut().enumerate() {
                *packed = from[(r + q) * across + p];
            }
        }
    }
    for r in blocked_rows..height {
        for (p, packed) in packed.chunks_exact_mut(height).enumerate() {
            packed[r] = if r < count { from[r * across + p * along] } else { T::ZERO };
        }
    }
}

#[inline(always)]
fn by_dots<V: Lanes, const DR: usize, const DC: usize, const LOWER: bool>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    b: Operand<'_, V::Scalar>,
    beta: V::Scalar,
    c: &mut [V::Scalar],
    leading: usize,
    (m, n, k): (usize, usize, usize),
) {
    for (p, depth) in blocks(k, DOTS_BYTES / size_of::<V::Scalar>()) {
        let beta = factor(beta, p);
        for (top, height) in blocks(m, DOTS_ROWS) {
            for left in (0..n).step_by(DC) {
                let columns = DC.min(n - left);
                for i in (top..top + height).step_by(DR) {
                    let rows = DR.min(top + height - i);
                    if LOWER && i + rows <= left {
                        continue;
                    }
                    let (a_step, b_step) = (a.row_stride, b.col_stride);
                    let sums = dots::<V, DR, DC>(depth, a.from(i, p), a_step, rows, b.from(p, left), b_step, columns);
                    for (j, sums) in sums.iter().enumerate().take(columns) {
                        let skipped = if LOWER { (left + j).saturating_sub(i) } else { 0 };
                        let column = &mut c[(left + j) * leading + i..][..rows];
                        for (c, &sum) in column.iter_mut().zip(sums).skip(skipped) {
                            *c = sum_up(alpha, sum, beta, *c);
                        }
                    }
                }
            }
        }
    }
}
