//! Householder reflections in blocks, so that nearly all flops are matrix products.
//!
//! Q = H₁ H₂ … H_b = I − V S⁻¹ Vᵀ, V = \[v₁ … v_b\] unit lower trapezoidal, S upper triangular with
//!
//! ```text
//! sᵢⱼ = vᵢᵀvⱼ for i < j,   sⱼⱼ = 1/τⱼ
//! ```
//! and so Qᵀ = I − V S⁻ᵀ Vᵀ. S is the inverse of the T of LAPACK's `larft`: it is one symmetric product, without the column by
//! column recursion that T takes, and a triangular solve takes the place of the product with T. Where τ = 0, H = I: vⱼ counts as
//! zero and sⱼⱼ as 1.
//!
//! Factorization of m × n: for each block of columns
//!
//! 1. the block is cut into halves: the left half is factored, its Qᵀ applied to the right one, which is factored then; a
//!    part of at most `LEAF` columns goes column by column
//! 2. Qᵀ of the block is applied to all columns behind it
//!
//! Source: C. Puglisi, "Modification of the Householder method based on the compact WY representation" (SIAM J. Sci. Stat.
//! Comput. 13, 1992), DOI 10.1137/0913042; T. Joffrain, T. M. Low, E. S. Quintana-Ortí, R. van de Geijn, F. G. Van Zee,
//! "Accumulating Householder transformations, revisited" (ACM TOMS 32, 2006), DOI 10.1145/1141885.1141886; E. Elmroth and
//! F. G. Gustavson, "Applying recursion to serial and parallel QR factorization leads to better performance" (IBM J. Res.
//! Dev. 44, 2000), for step 1.
//!
//! Accuracy: backward stable column by column as the unblocked method (Higham, section 19.5). The sums on the way stay below 64 times
//! the norm of a column. Flops beyond the unblocked method's: m b² for each S. V₁, S and W are on the stack, 12 KiB for `f64`,
//! which only those take who come here; a program whose backend does not prefer blocks does not contain this code.

use super::qr::factor_columns;
use crate::backend::{Backend, Triangle};
use crate::error::Error;
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Columns in a block.
const BLOCK: usize = 16;
/// Columns up to which a part of a block is factored column by column.
const LEAF: usize = 8;
/// Columns that a block of reflections is applied to at a time.
const WIDTH: usize = 64;

/// V₁, S and W of a block.
struct Room<T> {
    triangle: [T; BLOCK * BLOCK],
    s: [T; BLOCK * BLOCK],
    w: [T; BLOCK * WIDTH],
}

impl<T: Real> Room<T> {
    fn new() -> Self {
        Self { triangle: [T::ZERO; BLOCK * BLOCK], s: [T::ZERO; BLOCK * BLOCK], w: [T::ZERO; BLOCK * WIDTH] }
    }
}

/// Whether `count` reflections go in blocks on `columns` columns. Dual numbers of more than 8 bytes do not: no backend's tiles
/// make their products faster, and they would take too much stack.
#[inline]
pub(super) fn is_blocked<T: Real>(backend: &impl Backend<T>, count: usize, columns: usize) -> bool {
    backend.prefers_blocks() && size_of::<T>() <= 8 && count >= 2 * BLOCK && columns >= BLOCK
}

/// Q R of `a` (m × n), `tau` of length min(m, n).
#[inline(never)]
pub(super) fn factor<T: Real>(backend: &impl Backend<T>, mut a: MatMut<'_, T>, tau: &mut [T]) -> Result<(), Error> {
    let mut room = Room::new();
    let (m, n) = a.shape();
    for (tau, first) in tau.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
        let below = a.reborrow().block(first, first, m - first, n - first)?;
        let (mut panel, rest) = below.split_at_col(tau.len());
        factor_panel(backend, &mut room, panel.reborrow(), tau)?;
        apply_block(backend, &mut room, panel.as_ref(), tau, true, rest)?; // step 2
    }
    Ok(())
}

/// Step 1, for as many columns as `tau` has elements.
fn factor_panel<T: Real>(
    backend: &impl Backend<T>,
    room: &mut Room<T>,
    panel: MatMut<'_, T>,
    tau: &mut [T],
) -> Result<(), Error> {
    let (rows, columns) = panel.shape();
    if columns <= LEAF {
        factor_columns(backend, panel, tau);
        return Ok(());
    }
    let half = (columns / 2).next_multiple_of(LEAF);
    let (tau, right_tau) = tau.split_at_mut(half.min(tau.len()));
    let (mut left, mut right) = panel.split_at_col(half);
    factor_panel(backend, room, left.reborrow(), tau)?;
    apply_block(backend, room, left.as_ref(), tau, true, right.reborrow())?;
    factor_panel(backend, room, right.block(half, 0, rows - half, columns - half)?, right_tau)
}

/// B ← Qᵀ B (`transposed`) or Q B for all reflections of `qr`; `unit` says that B is \[I; 0\] and asks for Q B, block by block from
/// the last one: the columns of B before a block are zero in its rows.
#[inline(never)]
pub(super) fn apply<T: Real>(
    backend: &impl Backend<T>,
    qr: MatRef<'_, T>,
    tau: &[T],
    transposed: bool,
    unit: bool,
    mut b: MatMut<'_, T>,
) -> Result<(), Error> {
    let mut room = Room::new();
    let ((m, p), blocks) = (b.shape(), tau.len().div_ceil(BLOCK));
    for i in 0..blocks {
        let first = BLOCK * if transposed { i } else { blocks - 1 - i };
        let tau = tau.get(first..tau.len().min(first + BLOCK)).unwrap_or_default();
        let panel = qr.block(first, first, m - first, tau.len())?;
        let left = if unit { first.min(p) } else { 0 };
        let b = b.reborrow().block(first, left, m - first, p - left)?;
        apply_block(backend, &mut room, panel, tau, transposed, b)?;
    }
    Ok(())
}

/// C ← Qᵀ C (`transposed`) or Q C for a block of reflections, laid out in `panel` from the diagonal on.
fn apply_block<T: Real>(
    backend: &impl Backend<T>,
    room: &mut Room<T>,
    panel: MatRef<'_, T>,
    tau: &[T],
    transposed: bool,
    mut c: MatMut<'_, T>,
) -> Result<(), Error> {
    let ((rows, count), columns) = (panel.shape(), c.cols());
    if columns == 0 || count == 0 {
        return Ok(());
    }
    // V = [V₁; V₂], V₁ with its ones and zeros written out.
    let mut top = MatMut::new(room.triangle.get_mut(..count * count).unwrap_or_default(), count, count)?;
    for (j, &tau) in tau.iter().enumerate() {
        let column = top.col_mut(j);
        copy(panel.col(j).get(..count).unwrap_or_default(), column);
        column.iter_mut().take(j).for_each(|v| *v = T::ZERO);
        column.iter_mut().skip(j).take(1).for_each(|v| *v = if tau == T::ZERO { T::ZERO } else { T::ONE });
    }
    let (top, rest) = (top.as_ref(), panel.block(count, 0, rows - count, count)?);
    // Sᵀ, a lower triangle.
    let mut s = MatMut::new(room.s.get_mut(..count * count).unwrap_or_default(), count, count)?;
    backend.syrk(T::ONE, top.transpose(), T::ZERO, s.reborrow())?;
    backend.syrk(T::ONE, rest.transpose(), T::ONE, s.reborrow())?;
    for (j, &tau) in tau.iter().enumerate() {
        s.set(j, j, if tau == T::ZERO { T::ONE } else { T::ONE / tau });
    }
    let s = s.as_ref();
    let (triangle, s) = if transposed { (Triangle::Lower, s) } else { (Triangle::Upper, s.transpose()) };
    for left in (0..columns).step_by(WIDTH) {
        let width = WIDTH.min(columns - left);
        let mut c = c.reborrow().columns(left, width)?;
        let mut w = MatMut::new(room.w.get_mut(..count * width).unwrap_or_default(), count, width)?;
        // W = S⁻ᵀ Vᵀ C, C ← C − V W
        backend.gemm(T::ONE, top.transpose(), c.as_ref().block(0, 0, count, width)?, T::ZERO, w.reborrow())?;
        let below = c.as_ref().block(count, 0, rows - count, width)?;
        backend.gemm(T::ONE, rest.transpose(), below, T::ONE, w.reborrow())?;
        backend.solve_triangular(triangle, s, w.reborrow())?;
        backend.gemm(-T::ONE, top, w.as_ref(), T::ONE, c.reborrow().block(0, 0, count, width)?)?;
        backend.gemm(-T::ONE, rest, w.as_ref(), T::ONE, c.block(count, 0, rows - count, width)?)?;
    }
    Ok(())
}
