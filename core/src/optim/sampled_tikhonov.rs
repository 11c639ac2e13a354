//! Iterative sampled Tikhonov regularization: a linear layer learnt on line, without a learning rate.
//!
//! Sought is W (m × k, k = features + 1, last column the bias) with W z ≈ c over a stream of batches (Z̃_j, C_j) of b samples,
//! Z̃ the features over a row of ones. Step i, with z = Z̃_i/√b, c = C_i/√b and M = the last r + 1 batches side by side/√b:
//!
//! ```text
//! choose Λ;   σ_total ← σ_total + Λ
//! W ← W − ((W z − c) zᵀ + Λ W)(M Mᵀ + σ_total I)⁻¹
//! ```
//! Λ may be negative, only the total must stay positive. With all batches in memory and fixed features this is recursive
//! ridge regression: after one pass W solves the whole problem regularized with σ_total.
//!
//! In a basis: M Mᵀ = U BᵀB Uᵀ with U (k × p, p = min(k, columns of M)) of orthonormal columns and B upper bidiagonal, by QR of M or Mᵀ,
//! whichever is tall, and bidiagonalization of the triangle. With T = BᵀB + σ_total + Λ, ζ = Uᵀz (p × b), r = W z − c, P = r ζᵀ and
//! Q = W U (both m × p)
//!
//! ```text
//! residual after the step   r − (P + Λ Q) X       X = T⁻¹ ζ
//! trace of its influence    m Σ ζᵢⱼ Xᵢⱼ
//! step                      W ← (1 − Λ/σ_total) (W − Q Uᵀ) + Q Uᵀ − (P + Λ Q) T⁻¹ Uᵀ        with the new σ_total
//! ```
//! (W − Q Uᵀ = 0 where p = k.) All rules for choosing Λ are made of these two, so a trial Λ costs O(p·b + m·p·b): systems with T are
//! solved in O(p) each. A spectral form would need O(p²) for it whatever b, but the singular vectors cost more than all trials together.
//!
//! A batch of more than k samples is replaced by its triangle when it comes, z ← k × k with the same z zᵀ and targets to match
//! (`batch_triangle.rs`), so neither state nor step grows with it.
//!
//! Source: M. Chung, J. Chung, J. T. Slagel, L. Tenorio, "Sampled limited memory methods for massive linear inverse problems"
//! (Inverse Problems 36, 2020); E. Newman, J. Chung, M. Chung, L. Ruthotto, "slimTrain" (SIAM J. Sci. Comput. 44, 2022),
//! section 3; bidiagonal form for many Λ: L. Eldén (BIT 17, 1977). Cost of a step with s = min(b, k) and N = s·(r + 1):
//! O(k·N·p + p³ + m·k·(p + s)), and O(b·k·(k + m)) for a batch of more than k. State: the stored batches. Accuracy: M is never squared.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::linalg::bidiagonal::{
    bidiagonal_work_len, bidiagonalize_in_place, factor_shifted, form_right_factor, solve_shifted,
};
use crate::linalg::{apply_q_in_place, check_finite, qr_in_place};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::optim::batch_triangle::{batch_triangle, batch_triangle_work_len};
use crate::optim::{Criterion, Fit, LambdaRule, SaveState, StateReader, StateWriter, product, sum};
use crate::scalar::Real;

/// σ_total is kept within these unless the caller says otherwise: the bounds of the published program, whose upper one never
/// acts there because it is compared with a logarithm.
const BOUNDS: (f64, f64) = (1e-7, 1e3);

/// One step of [`SampledTikhonov`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampledTikhonovReport<T> {
    /// Λ of this step.
    pub lambda: T,
    /// σ_total after it.
    pub sum_lambda: T,
    /// Mean over samples of ½‖W z − c‖² before the step.
    pub loss_before: T,
    /// The same after it.
    pub loss_after: T,
}

/// Length of the state of [`SampledTikhonov`]: the stored batches, each of at most features + 1 columns.
pub const fn sampled_tikhonov_state_len(features: usize, batch: usize, memory: usize) -> usize {
    let k = sum([features, 1]);
    product([k, least(batch, k), sum([memory, 1])])
}

/// Length of the workspace of [`SampledTikhonov::update`].
pub const fn sampled_tikhonov_work_len(features: usize, targets: usize, batch: usize, memory: usize) -> usize {
    let k = sum([features, 1]);
    let s = least(batch, k);
    let columns = product([s, sum([memory, 1])]);
    let p = least(columns, k);
    let (factored, triangle) = (product([columns, k]), batch_triangle_work_len(features, targets, batch));
    // M or a large batch; the triangle and U; d, e, 1/D, l and three kinds of τ, and room for their making; ζ and X; c → r and
    // the residual of a trial; P, Q and P + ΛQ
    sum([
        if factored > triangle { factored } else { triangle },
        product([p, p]),
        product([k, p]),
        product([7, p]),
        bidiagonal_work_len(p, p),
        product([2, s, p]),
        product([2, targets, s]),
        product([3, targets, p]),
    ])
}

const fn least(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// The on-line linear layer: state over the caller's buffer, W in the caller's hands.
#[derive(Clone, Debug)]
pub struct SampledTikhonov<T, S> {
    features: usize,
    targets: usize,
    batch: usize,
    memory: usize,
    /// Slots of min(batch, features + 1) columns of length features + 1; a shorter batch leaves zero columns, which change nothing.
    stored: S,
    sum_lambda: T,
    bounds: (T, T),
    steps: usize,
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SampledTikhonov<T, S> {
    /// For W of `targets` × (`features` + 1), batches of at most `batch` samples, `memory` previous batches, and σ_total
    /// starting at `sum_lambda` > 0; `state` has [`sampled_tikhonov_state_len`] elements.
    pub fn new(
        features: usize,
        targets: usize,
        batch: usize,
        memory: usize,
        sum_lambda: T,
        mut state: S,
    ) -> Result<Self, Error> {
        if !(sum_lambda > T::ZERO && sum_lambda.is_finite()) {
            return Err(Error::InvalidOption { what: "sum_lambda > 0" });
        }
        if batch == 0 {
            return Err(Error::InvalidOption { what: "batch >= 1" });
        }
        let needed = sampled_tikhonov_state_len(features, batch, memory);
        check_workspace("state", needed, state.as_mut().len())?;
        state.as_mut().fill(T::ZERO);
        let bounds = (T::from_f64(BOUNDS.0), T::from_f64(BOUNDS.1));
        Ok(Self { features, targets, batch, memory, stored: state, sum_lambda, bounds, steps: 0 })
    }

    /// Sets the bounds of σ_total, 0 < lower ≤ upper; 1e-7 and 1e3 at first. They hold from the next step on.
    pub fn set_bounds(&mut self, lower: T, upper: T) -> Result<(), Error> {
        if !(lower > T::ZERO && lower <= upper && upper.is_finite()) {
            return Err(Error::InvalidOption { what: "0 < lower <= upper" });
        }
        self.bounds = (lower, upper);
        Ok(())
    }

    /// The stored batches over their rows of ones, or their triangles, oldest and newest in turn: (features + 1) ×
    /// min(batch, features + 1)·(memory + 1).
    pub fn stored(&self) -> &[T] {
        self.stored.as_ref()
    }

    /// σ_total
    pub fn sum_lambda(&self) -> T {
        self.sum_lambda
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// One step with features `z` (features × b) and targets `c` (targets × b), 1 ≤ b ≤ batch; W is updated in place.
    ///
    /// On an error W and the state are as before, but for [`Error::NonFinite`] for `r`: numbers near the end of the range, whose
    /// factorization is not representable; W is as before then, and the batch is not among the stored ones.
    pub fn update<B: Backend<T>>(
        &mut self,
        backend: &B,
        z: MatRef<'_, T>,
        c: MatRef<'_, T>,
        w: &mut [T],
        rule: &mut impl LambdaRule<T>,
        work: &mut [T],
    ) -> Result<SampledTikhonovReport<T>, Error> {
        let (f, m, b) = (self.features, self.targets, z.cols());
        check_shape("z", (f, b.min(self.batch)), z.shape())?;
        check_shape("c", (m, b), c.shape())?;
        check_length("w", m * (f + 1), w.len())?;
        check_workspace("work", sampled_tikhonov_work_len(f, m, self.batch, self.memory), work.len())?;
        if b == 0 {
            return Err(Error::InvalidOption { what: "at least one sample" });
        }
        check_finite("z or c", z)?;
        check_finite("z or c", c)?;
        let report = self.stored_update(backend, z, c, w, rule, work);
        if report.is_err() {
            let slot = self.next_slot();
            self.slot_mut(slot).fill(T::ZERO);
        }
        report
    }

    /// In stages that do not have each other's variables below them on the stack.
    fn stored_update<B: Backend<T>>(
        &mut self,
        backend: &B,
        z: MatRef<'_, T>,
        c: MatRef<'_, T>,
        w: &mut [T],
        rule: &mut impl LambdaRule<T>,
        work: &mut [T],
    ) -> Result<SampledTikhonovReport<T>, Error> {
        let (m, k) = (self.targets, self.features + 1);
        let factored = batch_triangle_work_len(self.features, m, self.batch);
        // Borrowed where it was made: moved, it would be on the stack twice.
        let mut room = Room::new(m, k, self.batch.min(k), self.memory, factored, work);
        let room = room.as_mut().map_err(|&mut error| error)?;
        let scale = T::ONE / T::from_usize(z.cols()).sqrt();
        let outside = self.prepare(backend, (z, c), scale, w, room)?;
        let stored = MatRef::new(self.stored.as_ref().get(..k * room.columns).unwrap_or_default(), k, room.columns)?;
        decompose(backend, stored, scale, room)?;
        let first = self.next_slot() * room.s;
        project(backend, stored.columns(first, room.s)?, scale, w, room)?;
        let rows = m * z.cols();
        let before = backend.dot(room.residual, room.residual) + outside;
        let (lambda, after) = self.choose(backend, rows, outside, rule, room)?;
        let total = self.sum_lambda + lambda;
        advance(backend, lambda, total, w, room)?;
        self.sum_lambda = total.max(self.bounds.0).min(self.bounds.1);
        self.steps += 1;
        let half = T::from_f64(0.5);
        let (loss_before, loss_after) = (half * before, half * after);
        Ok(SampledTikhonovReport { lambda, sum_lambda: self.sum_lambda, loss_before, loss_after })
    }

    /// The newest batch: r = W z − c, on the columns of its triangle where it has more than k; returns what `store` did.
    #[inline(never)]
    fn prepare<B: Backend<T>>(
        &mut self,
        backend: &B,
        (z, c): (MatRef<'_, T>, MatRef<'_, T>),
        scale: T,
        w: &[T],
        room: &mut Room<'_, T>,
    ) -> Result<T, Error> {
        let Room { m, k, s, .. } = *room;
        let slot = self.next_slot();
        let outside = self.store(backend, slot, z, Some((c, MatMut::new(room.residual, m, s)?)), room.factored)?;
        let newest = MatRef::new(self.slot_mut(slot), k, s)?;
        backend.gemm(scale, MatRef::new(w, m, k)?, newest, -scale, MatMut::new(room.residual, m, s)?)?;
        Ok(scale * scale * outside)
    }

    /// Λ, kept so that σ_total stays within its bounds, and ‖residual‖² there.
    #[inline(never)]
    fn choose<B: Backend<T>>(
        &self,
        backend: &B,
        rows: usize,
        outside: T,
        rule: &mut impl LambdaRule<T>,
        room: &mut Room<'_, T>,
    ) -> Result<(T, T), Error> {
        let total = self.sum_lambda;
        let mut evaluate = |lambda: T| room.fit(backend, total, lambda, outside);
        let mut criterion = Criterion { evaluate: &mut evaluate, sum_lambda: total, bounds: self.bounds, rows };
        let chosen = rule.choose(&mut criterion);
        let (lower, upper) = self.bounds;
        let wanted = chosen + total;
        let lambda = if !(chosen.is_finite() && wanted >= lower) {
            lower - total
        } else if wanted > upper {
            upper - total
        } else {
            chosen
        };
        Ok((lambda, evaluate(lambda)?.residual_squared))
    }

    /// The slot that the next step overwrites.
    pub(super) fn next_slot(&self) -> usize {
        self.steps % self.memory.saturating_add(1)
    }

    fn slot_mut(&mut self, slot: usize) -> &mut [T] {
        let k = self.features + 1;
        let len = k * self.batch.min(k);
        self.stored.as_mut().get_mut(slot * len..(slot + 1) * len).unwrap_or_default()
    }

    /// Puts the batch over a row of ones into `slot`, zero columns where the batch is short; with `targets` (c, out), out
    /// (targets × min(batch, k)) gets those that belong to the columns. A batch of more than k samples is replaced by its
    /// triangle, in `work` of [`batch_triangle_work_len`]. Returns ‖·‖² of the part of c that no W can reach by it, else zero.
    pub(super) fn store<B: Backend<T>>(
        &mut self,
        backend: &B,
        slot: usize,
        z: MatRef<'_, T>,
        targets: Option<(MatRef<'_, T>, MatMut<'_, T>)>,
        work: &mut [T],
    ) -> Result<T, Error> {
        let k = self.features + 1;
        let stored = self.slot_mut(slot);
        if z.cols() > k {
            return batch_triangle(backend, z, targets, MatMut::new(stored, k, k)?, work);
        }
        for (j, column) in stored.chunks_exact_mut(k.max(1)).enumerate() {
            if j < z.cols() {
                let elements = z.col_iter(j).chain(core::iter::once(T::ONE));
                column.iter_mut().zip(elements).for_each(|(s, z)| *s = z);
            } else {
                column.fill(T::ZERO);
            }
        }
        if let Some((c, mut out)) = targets {
            out.fill(T::ZERO);
            out.reborrow().columns(0, c.cols())?.copy_from(c)?;
        }
        Ok(T::ZERO)
    }
}

/// The workspace of a step; m targets, s = min(batch, k), `columns` of M, p = min(columns, k).
struct Room<'a, T> {
    m: usize,
    k: usize,
    s: usize,
    columns: usize,
    p: usize,
    /// M or Mᵀ, or a large batch.
    factored: &'a mut [T],
    /// Its triangle: p × p.
    triangle: &'a mut [T],
    /// U: k × p
    basis: &'a mut [T],
    /// p each: d and e of B, τ of three kinds, l and 1/D of T.
    diagonal: &'a mut [T],
    superdiagonal: &'a mut [T],
    left: &'a mut [T],
    right: &'a mut [T],
    tau: &'a mut [T],
    lower: &'a mut [T],
    inverse: &'a mut [T],
    vectors: &'a mut [T],
    /// ζᵀ and Xᵀ: s × p
    zeta: &'a mut [T],
    x: &'a mut [T],
    /// r, and r − (P + ΛQ) X: m × s
    residual: &'a mut [T],
    trial: &'a mut [T],
    /// P, Q and P + ΛQ: m × p
    pz: &'a mut [T],
    q: &'a mut [T],
    combined: &'a mut [T],
}

impl<'a, T: Real> Room<'a, T> {
    #[inline(never)]
    fn new(m: usize, k: usize, s: usize, memory: usize, factored: usize, mut work: &'a mut [T]) -> Result<Self, Error> {
        let columns = product([s, sum([memory, 1])]);
        let p = least(columns, k);
        let mut next = |len| take("work", &mut work, len);
        Ok(Self {
            m,
            k,
            s,
            columns,
            p,
            factored: next((columns * k).max(factored))?,
            triangle: next(p * p)?,
            basis: next(k * p)?,
            diagonal: next(p)?,
            superdiagonal: next(p)?,
            left: next(p)?,
            right: next(p)?,
            tau: next(p)?,
            lower: next(p)?,
            inverse: next(p)?,
            vectors: next(bidiagonal_work_len(p, p))?,
            zeta: next(s * p)?,
            x: next(s * p)?,
            residual: next(m * s)?,
            trial: next(m * s)?,
            pz: next(m * p)?,
            q: next(m * p)?,
            combined: next(m * p)?,
        })
    }

    /// What Λ = `lambda` leads to; leaves T's factors and P + ΛQ.
    fn fit<B: Backend<T>>(&mut self, backend: &B, total: T, lambda: T, outside: T) -> Result<Fit<T>, Error> {
        let Self { m, s, p, .. } = *self;
        factor_shifted([self.diagonal, self.superdiagonal], total + lambda, [self.lower, self.inverse]);
        copy(self.zeta, self.x);
        solve_shifted(backend, [self.lower, self.inverse], s, self.x)?;
        let terms = self.combined.iter_mut().zip(&*self.pz).zip(&*self.q);
        backend.run(
            #[inline(always)]
            || terms.for_each(|((g, &p), &q)| *g = p + lambda * q),
        );
        copy(self.residual, self.trial);
        let (g, x) = (MatRef::new(self.combined, m, p)?, MatRef::new(self.x, s, p)?);
        backend.gemm(-T::ONE, g, x.transpose(), T::ONE, MatMut::new(self.trial, m, s)?)?;
        let residual_squared = backend.dot(self.trial, self.trial) + outside;
        Ok(Fit { residual_squared, trace: T::from_usize(m) * backend.dot(self.zeta, self.x) })
    }
}

/// M = `scale`·`stored`, M Mᵀ = U BᵀB Uᵀ: U, and diagonal and superdiagonal of B.
#[inline(never)]
fn decompose<T: Real, B: Backend<T>>(
    backend: &B,
    stored: MatRef<'_, T>,
    scale: T,
    room: &mut Room<'_, T>,
) -> Result<(), Error> {
    let Room { k, columns, p, .. } = *room;
    let tall = columns >= k;
    let factored = room.factored.get_mut(..columns * k).unwrap_or_default();
    let mut factored = MatMut::new(factored, columns.max(k), p)?;
    factored.copy_from(if tall { stored.transpose() } else { stored })?;
    for column in factored.cols_mut() {
        backend.scale(scale, column);
    }
    qr_in_place(backend, factored.reborrow(), room.tau)?;
    let mut triangle = MatMut::new(room.triangle, p, p)?;
    triangle.fill(T::ZERO);
    for (j, column) in triangle.cols_mut().enumerate() {
        // R of Mᵀ, or Rᵀ of M
        let r = factored.as_ref();
        if tall {
            column.iter_mut().zip(r.col_iter(j)).take(j + 1).for_each(|(t, r)| *t = r);
        } else {
            column.iter_mut().zip(r.row_iter(j)).skip(j).for_each(|(t, r)| *t = r);
        }
    }
    let outputs = [&mut *room.diagonal, &mut *room.superdiagonal, &mut *room.left, &mut *room.right];
    bidiagonalize_in_place(backend, triangle.reborrow(), outputs, room.vectors)?;
    let mut u = MatMut::new(room.basis, k, p)?;
    u.fill(T::ZERO);
    form_right_factor(backend, triangle.as_ref(), room.right, u.reborrow().block(0, 0, p, p)?, room.vectors)?;
    if tall { Ok(()) } else { apply_q_in_place(backend, factored.as_ref(), room.tau, u) }
}

/// ζᵀ, P and Q from r, the newest batch and W.
#[inline(never)]
fn project<T: Real, B: Backend<T>>(
    backend: &B,
    newest: MatRef<'_, T>,
    scale: T,
    w: &[T],
    room: &mut Room<'_, T>,
) -> Result<(), Error> {
    let Room { m, k, s, p, .. } = *room;
    let u = MatRef::new(room.basis, k, p)?;
    backend.gemm(scale, newest.transpose(), u, T::ZERO, MatMut::new(room.zeta, s, p)?)?;
    let (r, zeta) = (MatRef::new(room.residual, m, s)?, MatRef::new(room.zeta, s, p)?);
    backend.gemm(T::ONE, r, zeta, T::ZERO, MatMut::new(room.pz, m, p)?)?;
    backend.gemm(T::ONE, MatRef::new(w, m, k)?, u, T::ZERO, MatMut::new(room.q, m, p)?)
}

/// The step in W, from what the trial of Λ = `lambda` left; `total` is the new σ_total.
#[inline(never)]
fn advance<T: Real, B: Backend<T>>(
    backend: &B,
    lambda: T,
    total: T,
    w: &mut [T],
    room: &mut Room<'_, T>,
) -> Result<(), Error> {
    let Room { m, k, p, columns, .. } = *room;
    let step = &mut *room.combined;
    solve_shifted(backend, [room.lower, room.inverse], m, step)?;
    if columns < k {
        let share = lambda / total;
        backend.axpy(-share, room.q, step);
        backend.scale(T::ONE - share, w);
    }
    let u = MatRef::new(room.basis, k, p)?;
    backend.gemm(-T::ONE, MatRef::new(step, m, p)?, u.transpose(), T::ONE, MatMut::new(w, m, k)?)
}

/// The stored batches, σ_total and the number of steps. W is the caller's.
impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for SampledTikhonov<T, S> {
    fn tag(&self) -> usize {
        7
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        let len = sampled_tikhonov_state_len(self.features, self.batch, self.memory);
        out.count(self.steps);
        out.number(self.sum_lambda);
        out.numbers(self.stored.as_ref().get(..len).unwrap_or_default());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        let len = sampled_tikhonov_state_len(self.features, self.batch, self.memory);
        self.steps = from.count(usize::MAX)?;
        self.sum_lambda = from.number();
        from.numbers(self.stored.as_mut().get_mut(..len).unwrap_or_default());
        Ok(())
    }
}
