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
//! Spectral form: M = U S Vᵀ by QR of Mᵀ and a Jacobi SVD of the small R, U (k × k) orthogonal, σ_j = s_j² + σ_total. With
//! B = Uᵀz (k × b), r = W z − c, P = r Bᵀ and Q = W U (both m × k), the update is W ← W − ((P + Λ Q) diag(1/σ)) Uᵀ, and
//! the residual after it is r − (P + Λ Q) diag(1/σ) B. Its squared norm and the trace of the influence matrix, which all
//! rules for choosing Λ are made of, are quadratic and linear forms in d = 1/σ, so that each trial Λ costs O(k²), whatever
//! the number of targets and of samples:
//!
//! ```text
//! ‖residual‖² = dᵀ[(B Bᵀ) ∘ (PᵀP + Λ(PᵀQ + QᵀP) + Λ² QᵀQ)] d − 2 Σ dⱼ (PᵀP + Λ QᵀP)ⱼⱼ + ‖r‖²
//! trace       = m Σ dⱼ (B Bᵀ)ⱼⱼ            rows N = m·b
//! ```
//! Source: M. Chung, J. Chung, J. T. Slagel, L. Tenorio, "Sampled limited memory methods for massive linear inverse problems"
//! (Inverse Problems 36, 2020); E. Newman, J. Chung, M. Chung, L. Ruthotto, "slimTrain" (SIAM J. Sci. Comput. 44, 2022),
//! section 3. Cost of a step: O(k²·b·(r + 1) + k³ + m·k·(k + b)). State: the stored batches. Accuracy: M is never squared.

use core::cell::Cell;

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::linalg::{qr_in_place, svd_in_place};
use crate::matrix::{MatMut, MatRef};
use crate::optim::{Criterion, LambdaRule, SaveState, StateReader, StateWriter, product, sum};
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

/// Length of the state of [`SampledTikhonov`]: the stored batches.
pub const fn sampled_tikhonov_state_len(features: usize, batch: usize, memory: usize) -> usize {
    product([sum([features, 1]), batch, sum([memory, 1])])
}

/// Length of the workspace of [`SampledTikhonov::update`].
pub const fn sampled_tikhonov_work_len(features: usize, targets: usize, batch: usize, memory: usize) -> usize {
    let (k, columns) = (sum([features, 1]), product([batch, sum([memory, 1])]));
    let rows = if columns > k { columns } else { k };
    // Mᵀ and its QR; R, V, B Bᵀ and three forms; s², τ, three diagonals and 1/σ; B; the residual; P, Q and (P + ΛQ) d
    sum([
        product([rows, k]),
        product([6, k, k]),
        product([6, k]),
        product([k, batch]),
        product([targets, batch]),
        product([3, targets, k]),
    ])
}

/// The on-line linear layer: state over the caller's buffer, W in the caller's hands.
#[derive(Clone, Debug)]
pub struct SampledTikhonov<T, S> {
    features: usize,
    targets: usize,
    batch: usize,
    memory: usize,
    /// Slots of `batch` columns of length features + 1; a shorter batch leaves zero columns, which change nothing.
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

    /// The stored batches over their rows of ones, oldest and newest in turn: (features + 1) × batch·(memory + 1).
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
    /// On an error W and the state are as before.
    pub fn update<B: Backend<T>>(
        &mut self,
        backend: &B,
        z: MatRef<'_, T>,
        c: MatRef<'_, T>,
        w: &mut [T],
        rule: &mut impl LambdaRule<T>,
        mut work: &mut [T],
    ) -> Result<SampledTikhonovReport<T>, Error> {
        let (f, m, b) = (self.features, self.targets, z.cols());
        let k = f + 1;
        check_shape("z", (f, b.min(self.batch)), z.shape())?;
        check_shape("c", (m, b), c.shape())?;
        check_length("w", m * k, w.len())?;
        let needed = sampled_tikhonov_work_len(f, m, self.batch, self.memory);
        check_workspace("work", needed, work.len())?;
        if b == 0 {
            return Err(Error::InvalidOption { what: "at least one sample" });
        }
        if !(z.iter().all(Real::is_finite) && c.iter().all(Real::is_finite)) {
            return Err(Error::NonFinite { what: "z or c" });
        }
        let slot = self.next_slot();
        self.store(slot, z);
        let columns = self.batch * (self.memory + 1);
        let rows = columns.max(k);
        let mut next = |len| take("work", &mut work, len);
        let (transpose, small, v) = (next(rows * k)?, next(k * k)?, next(k * k)?);
        let (squares, tau) = (next(k)?, next(k)?);
        let scale = T::ONE / T::from_usize(b).sqrt();

        // M = U S Vᵀ through Mᵀ = Q R and the SVD of R: U is R's right factor.
        let stored = MatRef::new(self.stored.as_ref().get(..k * columns).unwrap_or_default(), k, columns)?;
        let mut mt = MatMut::new(transpose, rows, k)?;
        for (i, column) in mt.cols_mut().enumerate() {
            let elements = stored.transpose().col_iter(i).map(|x| scale * x).chain(core::iter::repeat(T::ZERO));
            column.iter_mut().zip(elements).for_each(|(m, x)| *m = x);
        }
        qr_in_place(backend, mt.reborrow(), tau)?;
        let mut r_factor = MatMut::new(small, k, k)?;
        for (j, column) in r_factor.cols_mut().enumerate() {
            let upper = mt.as_ref().col_iter(j).take(j + 1).chain(core::iter::repeat(T::ZERO));
            column.iter_mut().zip(upper).for_each(|(r, x)| *r = x);
        }
        svd_in_place(backend, r_factor, squares, MatMut::new(v, k, k)?)?;
        squares.iter_mut().for_each(|s| *s *= *s);
        let u = MatRef::new(v, k, k)?;

        // B = Uᵀz, residual r = W z − c, P = r Bᵀ, Q = W U
        let (basis, residual) = (next(k * b)?, next(m * b)?);
        let (p, q, update) = (next(m * k)?, next(m * k)?, next(m * k)?);
        let newest = stored.columns(slot * self.batch, b)?;
        backend.gemm(scale, u.transpose(), newest, T::ZERO, MatMut::new(basis, k, b)?)?;
        let basis = MatRef::new(basis, k, b)?;
        let mut r = MatMut::new(residual, m, b)?;
        r.copy_from(c)?;
        backend.gemm(scale, MatRef::new(w, m, k)?, newest, -scale, r)?;
        let r = MatRef::new(residual, m, b)?;
        backend.gemm(T::ONE, r, basis.transpose(), T::ZERO, MatMut::new(p, m, k)?)?;
        backend.gemm(T::ONE, MatRef::new(w, m, k)?, u, T::ZERO, MatMut::new(q, m, k)?)?;
        let (p, q) = (MatRef::new(p, m, k)?, MatRef::new(q, m, k)?);

        // The quadratic forms
        let (gram, constant, linear, square) = (next(k * k)?, next(k * k)?, next(k * k)?, next(k * k)?);
        backend.gemm(T::ONE, basis, basis.transpose(), T::ZERO, MatMut::new(gram, k, k)?)?;
        backend.gemm(T::ONE, p.transpose(), p, T::ZERO, MatMut::new(constant, k, k)?)?;
        backend.gemm(T::ONE, p.transpose(), q, T::ZERO, MatMut::new(linear, k, k)?)?;
        backend.gemm(T::ONE, q.transpose(), q, T::ZERO, MatMut::new(square, k, k)?)?;
        let (bb, pp, qp, inverses) = (next(k)?, next(k)?, next(k)?, next(k)?);
        for (diagonal, form) in [(&mut *bb, &*gram), (&mut *pp, &*constant), (&mut *qp, &*linear)] {
            diagonal.iter_mut().zip(form.iter().step_by(k + 1)).for_each(|(d, &x)| *d = x);
        }
        add_transpose(MatMut::new(linear, k, k)?);
        for form in [&mut *constant, &mut *linear, &mut *square] {
            form.iter_mut().zip(&*gram).for_each(|(f, &g)| *f *= g);
        }
        let residual = backend.dot(residual, residual);
        let criterion = Criterion {
            squares,
            forms: [constant, linear, square],
            diagonals: [bb, pp, qp],
            inverses: Cell::from_mut(inverses).as_slice_of_cells(),
            residual,
            sum_lambda: self.sum_lambda,
            bounds: self.bounds,
            targets: m,
            rows: m * b,
        };

        // Λ, kept so that σ_total stays within its bounds; then W ← W − ((P + Λ Q) diag(1/σ)) Uᵀ.
        let chosen = rule.choose(&criterion);
        let (lower, upper) = self.bounds;
        let total = chosen + self.sum_lambda;
        let lambda = if !(chosen.is_finite() && total >= lower) {
            lower - self.sum_lambda
        } else if total > upper {
            upper - self.sum_lambda
        } else {
            chosen
        };
        let (p, q) = (p.iter(), q.iter());
        let sigma = (0..k).flat_map(|j| core::iter::repeat_n(criterion.inverse(j, lambda), m));
        for (((update, p), q), inverse) in update.iter_mut().zip(p).zip(q).zip(sigma) {
            *update = (p + lambda * q) * inverse;
        }
        let loss_after = T::from_f64(0.5) * criterion.residual_squared(lambda);
        backend.gemm(-T::ONE, MatRef::new(update, m, k)?, u.transpose(), T::ONE, MatMut::new(w, m, k)?)?;
        self.sum_lambda = (self.sum_lambda + lambda).max(lower).min(upper);
        self.steps += 1;
        let loss_before = T::from_f64(0.5) * residual;
        Ok(SampledTikhonovReport { lambda, sum_lambda: self.sum_lambda, loss_before, loss_after })
    }

    /// Samples in `slot`: a column that holds one ends with a 1.
    pub(super) fn samples_in(&self, slot: usize) -> usize {
        let k = self.features + 1;
        let columns = self.stored.as_ref().chunks_exact(k).skip(slot * self.batch).take(self.batch);
        columns.filter(|column| column.last() == Some(&T::ONE)).count()
    }

    /// The slot that the next step overwrites.
    pub(super) fn next_slot(&self) -> usize {
        self.steps % (self.memory + 1)
    }

    /// Puts the batch over a row of ones into `slot`; zero columns where the batch is short.
    pub(super) fn store(&mut self, slot: usize, z: MatRef<'_, T>) {
        let k = self.features + 1;
        let columns = self.stored.as_mut().chunks_exact_mut(k).skip(slot * self.batch).take(self.batch);
        for (j, column) in columns.enumerate() {
            column.fill(T::ZERO);
            if j < z.cols() {
                let elements = z.col_iter(j).chain(core::iter::once(T::ONE));
                column.iter_mut().zip(elements).for_each(|(s, z)| *s = z);
            }
        }
    }
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

/// A ← A + Aᵀ
fn add_transpose<T: Real>(mut a: MatMut<'_, T>) {
    for j in 0..a.cols() {
        for i in 0..=j {
            if let (Some(upper), Some(lower)) = (a.get(i, j), a.get(j, i)) {
                a.set(i, j, upper + lower);
                a.set(j, i, upper + lower);
            }
        }
    }
}
