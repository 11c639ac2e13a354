//! Products of a matrix and a vector, y ← α A x + β y, and what else goes column by column.
//!
//! Three ways, chosen by shape and strides alone. *Columns*, for a matrix that is larger than the second-level cache: y collects eight
//! columns of A at a time, which are read as streams. *Panels*, for one that is not: the sums of eight registers of rows
//! are kept while all columns go by. *Rows*, for a transpose: several dot products at a time.

use super::gemm::Operand;
use super::lanes::{Float, Lanes};
use super::scratch::{Purpose, Scratch};
use super::tile::{dots, product, update};
use gaussling_core::Real;

/// Bytes of a matrix from which on it is read by columns.
const LARGE: usize = 512 << 10;
/// Bytes of y that stay in the first-level cache while all columns are added.
const PART_BYTES: usize = 16 << 10;

/// x ← β x, without reading where β = 0.
#[inline(always)]
pub(super) fn scale<T: Float>(beta: T, x: &mut [T]) {
    if beta == T::ZERO {
        x.fill(T::ZERO);
    } else if beta != T::ONE {
        for x in x {
            *x *= beta;
        }
    }
}

/// A product with one column or one row, if its strides are right for that; whether they were.
#[inline(always)]
pub(super) fn vector_product<V: Lanes>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    b: Operand<'_, V::Scalar>,
    beta: V::Scalar,
    c: &mut [V::Scalar],
    leading: usize,
    (m, n, k): (usize, usize, usize),
) -> bool {
    // One row: Cᵀ = Bᵀ Aᵀ.
    let (matrix, x, x_step, rows) = if n == 1 {
        (a, b.elements, b.row_stride, m)
    } else {
        let matrix = Operand { elements: b.elements, row_stride: b.col_stride, col_stride: b.row_stride };
        (matrix, a.elements, a.col_stride, n)
    };
    if matrix.row_stride != 1 && matrix.col_stride != 1 {
        return false;
    }
    let y_step = if n == 1 { 1 } else { leading };
    let x_len = if x_step == 1 { 0 } else { k };
    let y_len = if y_step == 1 { 0 } else { rows };
    let mut scratch = (x_len + y_len > 0).then(|| Scratch::new(Purpose::Product, x_len + y_len));
    let (x_copy, y_copy) = match &mut scratch {
        Some(scratch) => scratch.numbers().split_at_mut(x_len),
        None => (&mut [][..], &mut [][..]),
    };
    for (p, copy) in x_copy.iter_mut().enumerate() {
        *copy = x[p * x_step];
    }
    for (i, copy) in y_copy.iter_mut().enumerate() {
        *copy = c[i * y_step];
    }
    let x = if x_step == 1 { &x[..k] } else { &x_copy[..] };
    gemv::<V>(alpha, matrix, x, beta, if y_step == 1 { &mut c[..rows] } else { &mut *y_copy });
    for (i, &y) in y_copy.iter().enumerate() {
        c[i * y_step] = y;
    }
    true
}

/// y ← α A x + β y for a matrix whose rows or columns are contiguous.
#[inline(always)]
fn gemv<V: Lanes>(alpha: V::Scalar, a: Operand<'_, V::Scalar>, x: &[V::Scalar], beta: V::Scalar, y: &mut [V::Scalar]) {
    if a.row_stride != 1 || (a.col_stride == 1 && y.len() == 1) {
        by_rows::<V>(alpha, a, x, beta, y);
    } else if y.len() * x.len() * size_of::<V::Scalar>() < LARGE {
        by_panels::<V>(alpha, a, x, beta, y);
    } else {
        by_columns::<V>(alpha, a, x, beta, y);
    }
}

#[inline(always)]
fn by_rows<V: Lanes>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    x: &[V::Scalar],
    beta: V::Scalar,
    y: &mut [V::Scalar],
) {
    for (i, y) in y.chunks_mut(8).enumerate() {
        let sums = match y.len() {
            1 => [dot::<V>(&a.from(8 * i, 0)[..x.len()], x); 8],
            rows => dots::<V, 8, 1>(x.len(), a.from(8 * i, 0), a.row_stride, rows, x, 0, 1)[0],
        };
        for (y, &sum) in y.iter_mut().zip(&sums) {
            *y = if beta == V::Scalar::ZERO { alpha * sum } else { alpha.fused(sum, beta * *y) };
        }
    }
}

#[inline(always)]
fn by_panels<V: Lanes>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    x: &[V::Scalar],
    beta: V::Scalar,
    y: &mut [V::Scalar],
) {
    let beta = (beta != V::Scalar::ZERO).then_some(beta);
    let mut first = 0;
    while first < y.len() {
        let vectors = (y.len() - first).div_ceil(V::N);
        macro_rules! panel {
            ($vectors:literal) => {{
                let rows = ($vectors * V::N).min(y.len() - first);
                let last = rows - ($vectors - 1) * V::N;
                let [sums] = product::<V, $vectors, 1>(x.len(), a.from(first, 0), a.col_stride, last, x, (1, 0), 1);
                update::<V, $vectors>(alpha, &sums, beta, &mut y[first..first + rows], last);
                first += rows;
            }};
        }
        match vectors {
            1 => panel!(1),
            2 | 3 => panel!(2),
            4..8 => panel!(4),
            _ => panel!(8),
        }
    }
}

#[inline(always)]
fn by_columns<V: Lanes>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    x: &[V::Scalar],
    beta: V::Scalar,
    y: &mut [V::Scalar],
) {
    let part = PART_BYTES / size_of::<V::Scalar>();
    for (i, y) in y.chunks_mut(part).enumerate() {
        scale(beta, y);
        let (eights, rest) = x.as_chunks::<8>();
        for (p, x) in eights.iter().enumerate() {
            let mut factors = *x;
            for factor in &mut factors {
                *factor = alpha * *factor;
            }
            add_columns::<V, 8>(a.from(i * part, 8 * p), a.col_stride, &factors, y);
        }
        for (p, &x) in (8 * eights.len()..).zip(rest) {
            add_columns::<V, 1>(a.from(i * part, p), a.col_stride, &[alpha * x], y);
        }
    }
}

/// y ← y + Σⱼ xⱼ aⱼ, from the first column to the last; column j begins at j · `step`.
#[inline(always)]
fn add_columns<V: Lanes, const COLUMNS: usize>(
    a: &[V::Scalar],
    step: usize,
    x: &[V::Scalar; COLUMNS],
    y: &mut [V::Scalar],
) {
    assert!((COLUMNS - 1) * step + y.len() <= a.len());
    let a = a.as_ptr();
    // SAFETY: the caller is compiled for V; a column is read where y has elements, which the assertion finds inside.
    unsafe {
        let mut factors = [V::splat(V::Scalar::ZERO); COLUMNS];
        for j in 0..COLUMNS {
            factors[j] = V::splat(x[j]);
        }
        let whole = y.len() - y.len() % V::N;
        let mut i = 0;
        while i < whole {
            let to = y.as_mut_ptr().add(i);
            let mut sum = V::load(to);
            for j in 0..COLUMNS {
                sum = V::load(a.add(i + j * step)).mul_add(factors[j], sum);
            }
            sum.store(to);
            i += V::N;
        }
        let rest = y.len() - whole;
        if rest > 0 {
            let to = y.as_mut_ptr().add(i);
            let mut sum = V::load_part(to, rest);
            for j in 0..COLUMNS {
                sum = V::load_part(a.add(i + j * step), rest).mul_add(factors[j], sum);
            }
            sum.store_part(to, rest);
        }
    }
}

/// y ← α A x + β y, z ← Aᵀ y for contiguous columns: panels of four registers of rows, each read twice while it is in the first-level
/// cache. `sums` has a register for each column, in which the terms of z are kept apart by lane until the end.
#[inline(always)]
pub(super) fn both<V: Lanes>(
    alpha: V::Scalar,
    a: Operand<'_, V::Scalar>,
    x: &[V::Scalar],
    beta: V::Scalar,
    y: &mut [V::Scalar],
    z: &mut [V::Scalar],
) {
    const VECTORS: usize = 4;
    let beta = (beta != V::Scalar::ZERO).then_some(beta);
    let mut scratch = Scratch::new(Purpose::Product, x.len() * V::N);
    let sums = scratch.numbers();
    sums.fill(V::Scalar::ZERO);
    let mut first = 0;
    while first < y.len() {
        let rows = y.len() - first;
        if rows >= VECTORS * V::N {
            let y = &mut y[first..][..VECTORS * V::N];
            both_of_panel::<V, VECTORS>(alpha, a.from(first, 0), a.col_stride, x, beta, y, sums);
            first += VECTORS * V::N;
        } else {
            let y = &mut y[first..][..V::N.min(rows)];
            both_of_panel::<V, 1>(alpha, a.from(first, 0), a.col_stride, x, beta, y, sums);
            first += y.len();
        }
    }
    for (z, sums) in z.iter_mut().zip(sums.chunks_exact(V::N)) {
        // SAFETY: the caller is compiled for V; a chunk has V::N numbers.
        *z = unsafe { V::load(sums.as_ptr()).sum() };
    }
}

/// The rows of one panel, all of `y`: VECTORS registers, the last of which may be in part. Adds to the sums.
#[inline(always)]
fn both_of_panel<V: Lanes, const VECTORS: usize>(
    alpha: V::Scalar,
    a: &[V::Scalar],
    col_stride: usize,
    x: &[V::Scalar],
    beta: Option<V::Scalar>,
    y: &mut [V::Scalar],
    sums: &mut [V::Scalar],
) {
    let last = y.len() - (VECTORS - 1) * V::N;
    let [products] = product::<V, VECTORS, 1>(x.len(), a, col_stride, last, x, (1, 0), 1);
    update::<V, VECTORS>(alpha, &products, beta, y, last);
    assert!(last <= V::N && sums.len() >= x.len() * V::N);
    assert!(x.is_empty() || (x.len() - 1) * col_stride + y.len() <= a.len());
    // SAFETY: the caller is compiled for V; the rows of each column and the sums are inside by the assertions.
    unsafe {
        let mut factors = [V::load_part(y.as_ptr().add((VECTORS - 1) * V::N), last); VECTORS];
        for v in 0..VECTORS - 1 {
            factors[v] = V::load(y.as_ptr().add(v * V::N));
        }
        for j in 0..x.len() {
            let (column, to) = (a.as_ptr().add(j * col_stride), sums.as_mut_ptr().add(j * V::N));
            let (mut even, mut odd) = (V::load(to), V::splat(V::Scalar::ZERO));
            for v in 0..VECTORS {
                let at = column.add(v * V::N);
                let rows = if v + 1 < VECTORS { V::load(at) } else { V::load_part(at, last) };
                if v % 2 == 0 {
                    even = rows.mul_add(factors[v], even);
                } else {
                    odd = rows.mul_add(factors[v], odd);
                }
            }
            even.add(odd).store(to);
        }
    }
}

/// Σ xᵢ yᵢ in eight registers of interleaved sums. |error| ≤ (n/(8 V::N) + 8) ε Σ|xᵢ yᵢ|.
#[inline(always)]
pub(super) fn dot<V: Lanes>(x: &[V::Scalar], y: &[V::Scalar]) -> V::Scalar {
    let n = x.len().min(y.len());
    let (x, y) = (x.as_ptr(), y.as_ptr());
    // SAFETY: the caller is compiled for V; all that is read is before n.
    unsafe {
        let mut sums = [V::splat(V::Scalar::ZERO); 8];
        let mut i = 0;
        while i + 8 * V::N <= n {
            for v in 0..8 {
                let at = i + v * V::N;
                sums[v] = V::load(x.add(at)).mul_add(V::load(y.add(at)), sums[v]);
            }
            i += 8 * V::N;
        }
        // Places known to the compiler: a computed one would send the sums to memory.
        for v in 0..8 {
            if i < n {
                let part = V::N.min(n - i);
                sums[v] = V::load_part(x.add(i), part).mul_add(V::load_part(y.add(i), part), sums[v]);
                i += V::N;
            }
        }
        let [a, b, c, d, e, f, g, h] = sums;
        ((a.add(e)).add(c.add(g))).add((b.add(f)).add(d.add(h))).sum()
    }
}

/// y ← y + α x
#[inline(always)]
pub(super) fn axpy<V: Lanes>(alpha: V::Scalar, x: &[V::Scalar], y: &mut [V::Scalar]) {
    let n = x.len().min(y.len());
    add_columns::<V, 1>(x, 0, &[alpha], &mut y[..n]);
}
