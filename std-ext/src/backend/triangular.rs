//! Triangular systems T X = B.
//!
//! With T cut into halves, L X = B is L₁₁ X₁ = B₁, then L₂₂ X₂ = B₂ − L₂₁ X₁; an upper triangle goes from the end. Blocks of `BLOCK` rows are
//! solved by substitution, all later rows of a block at once as soon as an element is known. Source: N. J. Higham, "Accuracy and Stability of
//! Numerical Algorithms" (2nd ed., SIAM 2002), section 8.1: any order of the sums keeps (T + ΔT) x = b with |ΔT| ≤ n ε |T|, and no
//! block is inverted.

use super::Fast;
use super::gemm::Operand;
use super::lanes::{Float, Lanes};
use super::scratch::{Purpose, Scratch};
use gaussling_core::backend::Triangle;
use gaussling_core::{Backend, Error, MatMut, MatRef, Real};

/// Rows of a block that is solved by substitution: as many registers hold its elements.
pub(super) const BLOCK: usize = 8;
/// Numbers in the widest register.
const WIDEST: usize = 16;

/// B ← T⁻¹ B; shapes fit, the diagonal has no zero.
pub(super) fn solve<T: Float>(
    fast: &Fast,
    triangle: Triangle,
    t: MatRef<'_, T>,
    mut b: MatMut<'_, T>,
) -> Result<(), Error> {
    let (n, p) = b.shape();
    if p == 0 {
        return Ok(());
    }
    if n <= BLOCK {
        return fast.solve_block(triangle, t, b);
    }
    let first = (n / 2).next_multiple_of(BLOCK).min(n - 1);
    let (upper, lower) = ((0, first), (first, n - first));
    let ((now, now_len), (then, then_len)) = match triangle {
        Triangle::Lower => (upper, lower),
        Triangle::Upper => (lower, upper),
    };
    solve(fast, triangle, t.block(now, now, now_len, now_len)?, b.reborrow().block(now, 0, now_len, p)?)?;
    // The same columns are read and written: a copy of what is read.
    let mut scratch = Scratch::new(Purpose::Operand, now_len * p);
    let x = scratch.numbers();
    for (j, x) in x.chunks_exact_mut(now_len).enumerate() {
        x.copy_from_slice(&b.col(j)[now..now + now_len]);
    }
    let (x, rest) = (MatRef::new(x, now_len, p)?, b.reborrow().block(then, 0, then_len, p)?);
    fast.gemm(-T::ONE, t.block(then, now, then_len, now_len)?, x, T::ONE, rest)?;
    drop(scratch);
    solve(fast, triangle, t.block(then, then, then_len, then_len)?, b.block(then, 0, then_len, p)?)
}

/// B ← T⁻¹ B for n ≤ `BLOCK` rows, V::N columns at a time: one register for each row.
#[inline(always)]
pub(super) fn solve_block<V: Lanes>(triangle: Triangle, t: MatRef<'_, V::Scalar>, b: MatMut<'_, V::Scalar>) {
    match triangle {
        Triangle::Lower => substitute::<V, false>(t, b),
        Triangle::Upper => substitute::<V, true>(t, b),
    }
}

#[inline(always)]
fn substitute<V: Lanes, const UPPER: bool>(t: MatRef<'_, V::Scalar>, b: MatMut<'_, V::Scalar>) {
    let (n, p) = b.shape();
    let (b, leading) = b.into_parts();
    assert!(n <= BLOCK && V::N <= WIDEST);
    let t = Operand::new(t);
    // −tⱼᵢ at (i, j), the order of use. What is missing to a block is an identity.
    let (mut negative, mut diagonal) = ([[V::Scalar::ZERO; BLOCK]; BLOCK], [V::Scalar::ONE; BLOCK]);
    for (i, (negative, diagonal)) in negative.iter_mut().zip(&mut diagonal).enumerate().take(n) {
        *diagonal = t.from(i, i)[0];
        let used = if UPPER { 0..i } else { i + 1..n };
        if used.is_empty() {
            continue;
        }
        let (column, negative) = (t.from(used.start, i), &mut negative[used]);
        if t.row_stride == 1 {
            negative.iter_mut().zip(column).for_each(|(x, &t)| *x = -t);
        } else {
            negative.iter_mut().enumerate().for_each(|(j, x)| *x = -column[j * t.row_stride]);
        }
    }
    for first in (0..p).step_by(V::N) {
        let count = V::N.min(p - first);
        let columns = &mut b[first * leading..];
        let mut rows = [[V::Scalar::ZERO; WIDEST]; BLOCK];
        let whole = n == BLOCK && count == V::N && V::N.is_multiple_of(V::Scalar::SIDE);
        if whole {
            move_block::<V, true>(columns, leading, &mut rows);
        } else {
            for q in 0..count {
                for (row, &x) in rows.iter_mut().zip(&columns[q * leading..][..n]) {
                    row[q] = x;
                }
            }
        }
        // SAFETY: the caller is compiled for V; a register is at most one row.
        unsafe {
            let mut x = [V::splat(V::Scalar::ZERO); BLOCK];
            for i in 0..BLOCK {
                x[i] = V::load(rows[i].as_ptr());
            }
            // Written out, because the elements leave their registers as soon as the place of one is not a constant.
            macro_rules! steps {
                ($($step:literal)*) => {$(
                    let i = if UPPER { BLOCK - 1 - $step } else { $step };
                    x[i] = x[i].div(V::splat(diagonal[i]));
                    for j in 0..BLOCK {
                        if if UPPER { j < i } else { j > i } {
                            x[j] = x[i].mul_add(V::splat(negative[i][j]), x[j]);
                        }
                    }
                )*};
            }
            steps!(0 1 2 3 4 5 6 7);
            for i in 0..BLOCK {
                x[i].store(rows[i].as_mut_ptr());
            }
        }
        if whole {
            move_block::<V, false>(columns, leading, &mut rows);
        } else {
            for q in 0..count {
                for (row, x) in rows.iter().zip(&mut columns[q * leading..][..n]) {
                    *x = row[q];
                }
            }
        }
    }
}

/// Copies `BLOCK` rows of V::N columns to rows, or back.
#[inline(always)]
fn move_block<V: Lanes, const TO_ROWS: bool>(
    columns: &mut [V::Scalar],
    leading: usize,
    rows: &mut [[V::Scalar; WIDEST]; BLOCK],
) {
    let side = V::Scalar::SIDE;
    assert!((V::N - 1) * leading + BLOCK <= columns.len() && leading >= BLOCK);
    assert!(V::N.is_multiple_of(side) && BLOCK.is_multiple_of(side) && V::N <= WIDEST);
    let (columns, rows) = (columns.as_mut_ptr(), rows.as_flattened_mut().as_mut_ptr());
    for q in (0..V::N).step_by(side) {
        for i in (0..BLOCK).step_by(side) {
            // SAFETY: the caller is compiled for the level. The blocks of `side` × `side` numbers tile V::N columns and `BLOCK` rows, which
            // the assertions find inside.
            unsafe {
                let (at, to) = (columns.add(q * leading + i), rows.add(i * WIDEST + q));
                if TO_ROWS {
                    V::Scalar::transpose(at, leading, to, WIDEST);
                } else {
                    V::Scalar::transpose(to, WIDEST, at, leading);
                }
            }
        }
    }
}
