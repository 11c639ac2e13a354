//! The innermost loops of products of matrices: a tile of sums that stay in registers.
//!
//! Contract: what is read is checked at entry against the lengths of the slices, once a tile. The functions are inlined into
//! others that are compiled for the instructions of `V`, and must be called from nowhere else.

use super::lanes::Lanes;
use gaussling_core::Real;

/// Sums of V::N · MV rows and NR columns.
pub(super) type Sums<V, const MV: usize, const NR: usize> = [[V; MV]; NR];

/// Σₚ aₚ bₚᵀ over p < k: aₚ is V::N · (MV − 1) + `last` numbers from p · `a_step` on, element j < `columns` of bₚ is number p · `b_steps.0` +
/// j · `b_steps.1`. Rows past the last are zero, columns past the last repeat it. Each sum goes from the first term to the last.
#[inline(always)]
pub(super) fn product<V: Lanes, const MV: usize, const NR: usize>(
    k: usize,
    a: &[V::Scalar],
    a_step: usize,
    last: usize,
    b: &[V::Scalar],
    b_steps: (usize, usize),
    columns: usize,
) -> Sums<V, MV, NR> {
    let columns = columns - 1;
    assert!(last <= V::N && columns < NR);
    assert!(k == 0 || (k - 1) * a_step + (MV - 1) * V::N + last <= a.len());
    assert!(k == 0 || (k - 1) * b_steps.0 + columns * b_steps.1 < b.len());
    let mut offsets = [0; NR];
    for j in 0..NR {
        offsets[j] = j.min(columns) * b_steps.1;
    }
    // SAFETY: the caller is compiled for V; the largest places that are read are those of the assertions. With `FULL`, `last` is V::N.
    unsafe {
        if V::PARTS_ARE_FREE || last < V::N {
            add_products::<V, MV, NR, false>(k, a.as_ptr(), a_step, last, b.as_ptr(), b_steps.0, &offsets)
        } else {
            add_products::<V, MV, NR, true>(k, a.as_ptr(), a_step, last, b.as_ptr(), b_steps.0, &offsets)
        }
    }
}

/// The loop of [`product`].
///
/// # Safety
/// For each p < k there are the rows at a + p · `a_step` and the elements at b + p · `b_step` + each of `offsets`.
#[inline(always)]
unsafe fn add_products<V: Lanes, const MV: usize, const NR: usize, const FULL: bool>(
    k: usize,
    mut a: *const V::Scalar,
    a_step: usize,
    last: usize,
    mut b: *const V::Scalar,
    b_step: usize,
    offsets: &[usize; NR],
) -> Sums<V, MV, NR> {
    // SAFETY: the caller's. The pointers, which may end beyond the slices, are not read there.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::ZERO); MV]; NR];
        for _ in 0..k {
            let from = a.add((MV - 1) * V::N);
            let mut rows = [if FULL { V::load(from) } else { V::load_part(from, last) }; MV];
            for v in 0..MV - 1 {
                rows[v] = V::load(a.add(v * V::N));
            }
            for j in 0..NR {
                let factor = V::splat(*b.add(offsets[j]));
                for v in 0..MV {
                    sums[j][v] = rows[v].mul_add(factor, sums[j][v]);
                }
            }
            (a, b) = (a.wrapping_add(a_step), b.wrapping_add(b_step));
        }
        sums
    }
}

/// The dot products of MR rows with NR columns, each of k numbers that follow one another: row i < `rows` begins at i · `a_step`,
/// column j < `columns` at j · `b_step`. Rows and columns past the last repeat it. Sums of V::N interleaved parts.
#[inline(always)]
pub(super) fn dots<V: Lanes, const MR: usize, const NR: usize>(
    k: usize,
    a: &[V::Scalar],
    a_step: usize,
    rows: usize,
    b: &[V::Scalar],
    b_step: usize,
    columns: usize,
) -> [[V::Scalar; MR]; NR] {
    let (rows, columns) = (rows - 1, columns - 1);
    assert!(rows < MR && columns < NR && rows * a_step + k <= a.len() && columns * b_step + k <= b.len());
    let (mut a_offsets, mut b_offsets) = ([0; MR], [0; NR]);
    for i in 0..MR {
        a_offsets[i] = i.min(rows) * a_step;
    }
    for j in 0..NR {
        b_offsets[j] = j.min(columns) * b_step;
    }
    let (mut a, mut b) = (a.as_ptr(), b.as_ptr());
    // SAFETY: the caller is compiled for V; p + V::N ≤ k, and in the rest the part has k mod V::N numbers.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::ZERO); MR]; NR];
        for _ in 0..k / V::N {
            let mut rows = [sums[0][0]; MR];
            for i in 0..MR {
                rows[i] = V::load(a.add(a_offsets[i]));
            }
            for j in 0..NR {
                let column = V::load(b.add(b_offsets[j]));
                for i in 0..MR {
                    sums[j][i] = rows[i].mul_add(column, sums[j][i]);
                }
            }
            (a, b) = (a.add(V::N), b.add(V::N));
        }
        let rest = k % V::N;
        if rest > 0 {
            let mut rows = [sums[0][0]; MR];
            for i in 0..MR {
                rows[i] = V::load_part(a.add(a_offsets[i]), rest);
            }
            for j in 0..NR {
                let column = V::load_part(b.add(b_offsets[j]), rest);
                for i in 0..MR {
                    sums[j][i] = rows[i].mul_add(column, sums[j][i]);
                }
            }
        }
        let mut totals = [[V::Scalar::ZERO; MR]; NR];
        for j in 0..NR {
            for i in 0..MR {
                totals[j][i] = sums[j][i].sum();
            }
        }
        totals
    }
}

/// c ← α s + β c for the first numbers of a column, all of `c`: (MV − 1) · V::N + `last` of them. With `beta` None, c is not read.
#[inline(always)]
pub(super) fn update<V: Lanes, const MV: usize>(
    alpha: V::Scalar,
    sums: &[V; MV],
    beta: Option<V::Scalar>,
    c: &mut [V::Scalar],
    last: usize,
) {
    assert!(last <= V::N && c.len() == (MV - 1) * V::N + last);
    let c = c.as_mut_ptr();
    // SAFETY: the caller is compiled for V; what is read and written are the numbers counted in the assertion.
    unsafe {
        let alpha = V::splat(alpha);
        for v in 0..MV {
            let to = c.add(v * V::N);
            let whole = v + 1 < MV;
            let scaled = match beta {
                None => alpha.mul(sums[v]),
                Some(beta) => {
                    let old = if whole { V::load(to) } else { V::load_part(to, last) };
                    alpha.mul_add(sums[v], V::splat(beta).mul(old))
                }
            };
            if whole { scaled.store(to) } else { scaled.store_part(to, last) }
        }
    }
}
