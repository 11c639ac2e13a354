//! Triangular systems T X = B.
//!
//! With T cut into halves, L X = B is L₁₁ X₁ = B₁, then L₂₂ X₂ = B₂ − L₂₁ X₁; an upper triangle goes from the end. Blocks of `BLOCK` rows are
//! solved by substitution, all later rows of a block at once as soon as an element is known. Source: N. J. Higham, "Accuracy and Stability of
//! Numerical Algorithms" (2nd ed., SIAM 2002), section 8.1: any order of the sums keeps (T + ΔT) x = b with |ΔT| ≤ n ε |T|, and no
//! block is inverted.

use super::Fast;
use super::lanes::{Float, Lanes};
use super::scratch::{Purpose, Scratch};
use gaussling_core::backend::Triangle;
use gaussling_core::{Backend, Error, MatMut, MatRef, Real};

/// Rows of a block that is solved by substitution: as many registers hold its elements.
pub(super) const BLOCK: usize = 16;

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
pub(super) fn solve_block<V: Lanes>(triangle: Triangle, t: MatRef<'_, V::Scalar>, mut b: MatMut<'_, V::Scalar>) {
    let n = t.rows();
    assert!(n <= BLOCK && V::N <= 16);
    // From the end an upper triangle is a lower one. What is missing to a block is an identity.
    let place = |i: usize| if triangle == Triangle::Upper { n - 1 - i } else { i };
    let (mut negative, mut diagonal) = ([[V::Scalar::ZERO; BLOCK]; BLOCK], [V::Scalar::ONE; BLOCK]);
    for i in 0..n {
        diagonal[i] = t.get(place(i), place(i)).unwrap_or(V::Scalar::ONE);
        for j in 0..i {
            negative[j][i] = -t.get(place(i), place(j)).unwrap_or(V::Scalar::ZERO);
        }
    }
    let mut columns = b.cols_mut();
    loop {
        let mut group: [&mut [V::Scalar]; 16] = Default::default();
        let count = group.iter_mut().take(V::N).zip(&mut columns).map(|(place, column)| *place = column).count();
        if count == 0 {
            return;
        }
        let mut numbers = [[V::Scalar::ZERO; 16]; BLOCK];
        for (q, column) in group[..count].iter().enumerate() {
            for (i, numbers) in numbers.iter_mut().enumerate().take(n) {
                numbers[q] = column[place(i)];
            }
        }
        // SAFETY: the caller is compiled for V; a register is at most one of the rows of 16 numbers.
        unsafe {
            let mut x = [V::splat(V::Scalar::ZERO); BLOCK];
            for i in 0..BLOCK {
                x[i] = V::load(numbers[i].as_ptr());
            }
            for i in 0..BLOCK {
                x[i] = x[i].div(V::splat(diagonal[i]));
                for j in i + 1..BLOCK {
                    x[j] = x[i].mul_add(V::splat(negative[i][j]), x[j]);
                }
            }
            for i in 0..BLOCK {
                x[i].store(numbers[i].as_mut_ptr());
            }
        }
        for (q, column) in group[..count].iter_mut().enumerate() {
            for (i, numbers) in numbers.iter().enumerate().take(n) {
                column[place(i)] = numbers[q];
            }
        }
    }
}
