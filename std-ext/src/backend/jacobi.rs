//! A sweep of one-sided Jacobi rotations: the method of the core's `backend/jacobi.rs`, the angles of 16 pairs at a time in registers.

use super::lanes::Lanes;
use gaussling_core::backend::jacobi::{SHRUNK, negligible, round};
use gaussling_core::{MatMut, Real};

/// The columns of a matrix.
#[derive(Clone, Copy)]
struct Columns<T> {
    first: *mut T,
    leading: usize,
    rows: usize,
}

impl<T: Real> Columns<T> {
    /// After this check each of `cols` columns is inside.
    #[inline(always)]
    fn new(a: MatMut<'_, T>, cols: usize) -> Self {
        let rows = a.rows();
        let (elements, leading) = a.into_parts();
        assert!(cols == 0 || (cols - 1) * leading + rows <= elements.len());
        Self { first: elements.as_mut_ptr(), leading, rows }
    }
}

/// Pairs whose angles are computed together.
const BATCH: usize = 16;

/// What the rotations of a batch need; lanes without a pair hold what was there before.
struct Turns<T> {
    alpha: [T; BATCH],
    beta: [T; BATCH],
    gamma: [T; BATCH],
    cosine: [T; BATCH],
    sine: [T; BATCH],
    change: [T; BATCH],
}

/// See [`gaussling_core::Backend::jacobi_sweep`].
#[inline(always)]
pub(super) fn sweep<V: Lanes>(
    a: MatMut<'_, V::Scalar>,
    v: Option<MatMut<'_, V::Scalar>>,
    squares: &mut [V::Scalar],
    limit: V::Scalar,
) -> bool {
    let n = a.cols().min(squares.len()).min(v.as_ref().map_or(usize::MAX, |v| v.cols()));
    let (a, v) = (Columns::new(a, n), v.map(|v| Columns::new(v, n)));
    let (zero, one) = ([V::Scalar::ZERO; BATCH], [V::Scalar::ONE; BATCH]);
    let mut turns = Turns { alpha: one, beta: one, gamma: zero, cosine: one, sine: zero, change: zero };
    let shrunk = V::Scalar::from_f64(SHRUNK);
    let mut converged = true;
    let mut pairs = [(0, 0); BATCH];
    for k in 0..n {
        let mut round = round(n, k);
        loop {
            let mut count = 0;
            for (p, q) in round.by_ref() {
                pairs[count] = (p, q);
                (turns.alpha[count], turns.beta[count]) = (squares[p], squares[q]);
                // SAFETY: the caller is compiled for V, and p < q < n.
                turns.gamma[count] = unsafe { dot::<V>(a, p, q) };
                count += 1;
                if count == BATCH {
                    break;
                }
            }
            if count == 0 {
                break;
            }
            let pairs = &pairs[..count];
            // SAFETY: as above.
            let (turning, large) = unsafe { angles::<V>(&mut turns, count, limit) };
            if turning == 0 {
                continue;
            }
            for (i, &(p, q)) in pairs.iter().enumerate() {
                let (alpha, beta) = (turns.alpha[i], turns.beta[i]);
                if turning >> i & 1 == 0 || alpha < negligible() || beta < negligible() {
                    continue;
                }
                converged &= large >> i & 1 == 0;
                let (x, y) = (alpha - turns.change[i], beta + turns.change[i]);
                // SAFETY: as above.
                unsafe {
                    rotate::<V>(a, p, q, turns.cosine[i], turns.sine[i]);
                    if let Some(v) = v {
                        rotate::<V>(v, p, q, turns.cosine[i], turns.sine[i]);
                    }
                    squares[p] = if x < shrunk * alpha { dot::<V>(a, p, p) } else { x };
                    squares[q] = if y < shrunk * beta { dot::<V>(a, q, q) } else { y };
                }
            }
        }
    }
    converged
}

/// a_pᵀ a_q
///
/// # Safety
/// Both are columns of `a`; the caller is compiled for V.
#[inline(always)]
unsafe fn dot<V: Lanes>(a: Columns<V::Scalar>, p: usize, q: usize) -> V::Scalar {
    // SAFETY: the caller's; what is read is before `rows`.
    unsafe {
        let (x, y) = (a.first.add(p * a.leading), a.first.add(q * a.leading));
        let mut sums = [V::splat(V::Scalar::ZERO); 4];
        let mut i = 0;
        while i + 4 * V::N <= a.rows {
            for part in 0..4 {
                let at = i + part * V::N;
                sums[part] = V::load(x.add(at)).mul_add(V::load(y.add(at)), sums[part]);
            }
            i += 4 * V::N;
        }
        while i + V::N <= a.rows {
            sums[0] = V::load(x.add(i)).mul_add(V::load(y.add(i)), sums[0]);
            i += V::N;
        }
        if i < a.rows {
            let rest = a.rows - i;
            sums[1] = V::load_part(x.add(i), rest).mul_add(V::load_part(y.add(i), rest), sums[1]);
        }
        let [a, b, c, d] = sums;
        a.add(b).add(c.add(d)).sum()
    }
}

/// Cosine, sine and change of the squares for the first `count` lanes; a bit for each pair that is not orthogonal.
///
/// # Safety
/// The caller is compiled for V.
#[inline(always)]
unsafe fn angles<V: Lanes>(turns: &mut Turns<V::Scalar>, count: usize, limit: V::Scalar) -> (u32, u32) {
    assert!(BATCH.is_multiple_of(V::N) && count <= BATCH);
    let (mut turning, mut large) = (0, 0);
    // SAFETY: the caller's; a register of lanes is inside by the assertion.
    unsafe {
        let (zero, one, limit) = (V::splat(V::Scalar::ZERO), V::splat(V::Scalar::ONE), V::splat(limit));
        let least = V::splat(V::Scalar::EPSILON * V::Scalar::EPSILON);
        let magnitude = |x: V| x.select_ge(zero, x, zero.sub(x));
        for i in (0..count).step_by(V::N) {
            let alpha = V::load(turns.alpha.as_ptr().add(i));
            let beta = V::load(turns.beta.as_ptr().add(i));
            let gamma = V::load(turns.gamma.as_ptr().add(i));
            let measure = gamma.div(alpha).mul(gamma);
            let bits = measure.greater(least.mul(beta));
            if bits == 0 {
                continue;
            }
            turning |= bits << i;
            large |= measure.greater(limit.mul(beta)) << i;
            let (difference, twice) = (beta.sub(alpha), gamma.add(gamma));
            let (d, t) = (magnitude(difference), magnitude(twice));
            let ratio = d.select_ge(t, twice, difference).div(d.select_ge(t, difference, twice));
            let root = ratio.mul_add(ratio, one).sqrt();
            let base = d.select_ge(t, one, ratio);
            let denominator = base.add(base.select_ge(zero, root, zero.sub(root)));
            let tangent = d.select_ge(t, ratio, one).div(denominator);
            let cosine = one.div(tangent.mul_add(tangent, one).sqrt());
            cosine.store(turns.cosine.as_mut_ptr().add(i));
            cosine.mul(tangent).store(turns.sine.as_mut_ptr().add(i));
            tangent.mul(gamma).store(turns.change.as_mut_ptr().add(i));
        }
    }
    (turning & ((1 << count) - 1), large)
}

/// (x, y) ← (c x − s y, s x + c y) for columns p and q.
///
/// # Safety
/// As for [`dot`], and p ≠ q.
#[inline(always)]
unsafe fn rotate<V: Lanes>(a: Columns<V::Scalar>, p: usize, q: usize, c: V::Scalar, s: V::Scalar) {
    // SAFETY: the caller's; what is read and written is before `rows`.
    unsafe {
        let (x, y) = (a.first.add(p * a.leading), a.first.add(q * a.leading));
        let (c, minus, s) = (V::splat(c), V::splat(-s), V::splat(s));
        let mut i = 0;
        while i + V::N <= a.rows {
            let (old_x, old_y) = (V::load(x.add(i)), V::load(y.add(i)));
            old_x.mul_add(c, old_y.mul(minus)).store(x.add(i));
            old_x.mul_add(s, old_y.mul(c)).store(y.add(i));
            i += V::N;
        }
        if i < a.rows {
            let rest = a.rows - i;
            let (old_x, old_y) = (V::load_part(x.add(i), rest), V::load_part(y.add(i), rest));
            old_x.mul_add(c, old_y.mul(minus)).store_part(x.add(i), rest);
            old_x.mul_add(s, old_y.mul(c)).store_part(y.add(i), rest);
        }
    }
}
