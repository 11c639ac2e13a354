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

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::linalg::{qr_in_place, svd_in_place};
use crate::matrix::{MatMut, MatRef};
use crate::optim::{SaveState, StateReader, StateWriter, product, sum};
use crate::scalar::Real;

/// What the rules for Λ may ask about a step. All functions cost O(k²).
#[derive(Debug)]
pub struct Criterion<'a, T> {
    /// Squared singular values of M.
    squares: &'a [T],
    /// B Bᵀ ∘ PᵀP, B Bᵀ ∘ (PᵀQ + QᵀP), B Bᵀ ∘ QᵀQ: k × k each.
    forms: [&'a [T]; 3],
    /// Diagonals of B Bᵀ, PᵀP and QᵀP.
    diagonals: [&'a [T]; 3],
    residual: T,
    sum_lambda: T,
    targets: usize,
    rows: usize,
}

impl<T: Real> Criterion<'_, T> {
    /// σ_total before the step.
    pub fn sum_lambda(&self) -> T {
        self.sum_lambda
    }

    /// N = targets × samples of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn inverse(&self, j: usize, lambda: T) -> T {
        T::ONE / (self.squares.get(j).copied().unwrap_or(T::ONE) + self.sum_lambda + lambda)
    }

    /// ‖W_new z − c‖² for the W that Λ = `lambda` leads to; not negative.
    pub fn residual_squared(&self, lambda: T) -> T {
        let k = self.squares.len();
        let [constant, linear, square] = self.forms;
        let columns = constant.chunks_exact(k).zip(linear.chunks_exact(k)).zip(square.chunks_exact(k));
        let mut quadratic = T::ZERO;
        for (j, ((constant, linear), square)) in columns.enumerate() {
            let mut sum = T::ZERO;
            for (i, ((&c, &l), &s)) in constant.iter().zip(linear).zip(square).enumerate() {
                sum += (c + lambda * (l + lambda * s)) * self.inverse(i, lambda);
            }
            quadratic += sum * self.inverse(j, lambda);
        }
        let [_, pp, qp] = self.diagonals;
        let mut mixed = T::ZERO;
        for (j, (&pp, &qp)) in pp.iter().zip(qp).enumerate() {
            mixed += (pp + lambda * qp) * self.inverse(j, lambda);
        }
        (quadratic - (mixed + mixed) + self.residual).max(T::ZERO)
    }

    /// Trace of the influence matrix.
    pub fn trace(&self, lambda: T) -> T {
        let mut sum = T::ZERO;
        for (j, &b) in self.diagonals[0].iter().enumerate() {
            sum += b * self.inverse(j, lambda);
        }
        T::from_usize(self.targets) * sum
    }

    /// Generalized cross validation, ‖residual‖²/(N − trace)².
    pub fn gcv(&self, lambda: T) -> T {
        let free = T::from_usize(self.rows) - self.trace(lambda);
        self.residual_squared(lambda) / (free * free)
    }

    /// Discrepancy principle with noise variance `variance` and safety factor τ² = 2: (‖residual‖² − τ² N·variance)².
    pub fn discrepancy(&self, lambda: T, variance: T) -> T {
        let excess = self.residual_squared(lambda) - T::from_f64(2.0) * T::from_usize(self.rows) * variance;
        excess * excess
    }

    /// Unbiased predictive risk for noise variance `variance`, up to a constant: ‖residual‖² + 2·variance·trace.
    pub fn upre(&self, lambda: T, variance: T) -> T {
        self.residual_squared(lambda) + T::from_f64(2.0) * variance * self.trace(lambda)
    }
}

/// A rule that chooses Λ for a step.
pub trait LambdaRule<T: Real> {
    /// Λ; what it leads to is raised to the lower bound of σ_total if need be.
    fn choose(&mut self, criterion: &Criterion<'_, T>) -> T;
}

/// The usual rules. All but `Fixed` minimize over σ_total between half and one and a half times its present value, on a
/// logarithmic scale, within 1e-7 … 1e3 (as the published method bounds each change).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Selection<T> {
    /// Λ is this number in every step.
    Fixed(T),
    /// Generalized cross validation.
    #[default]
    Gcv,
    /// Discrepancy principle for noise of this variance.
    Discrepancy(T),
    /// Unbiased predictive risk estimate for noise of this variance.
    Upre(T),
}

/// σ_total is kept at least here …
const LOWER: f64 = 1e-7;
/// … and not raised above this by the rules.
const UPPER: f64 = 1e3;

impl<T: Real> LambdaRule<T> for Selection<T> {
    fn choose(&mut self, criterion: &Criterion<'_, T>) -> T {
        match *self {
            Self::Fixed(lambda) => lambda,
            Self::Gcv => minimize(criterion, |lambda| criterion.gcv(lambda)),
            Self::Discrepancy(variance) => minimize(criterion, |lambda| criterion.discrepancy(lambda, variance)),
            Self::Upre(variance) => minimize(criterion, |lambda| criterion.upre(lambda, variance)),
        }
    }
}

/// Λ with the least criterion: the best of nine points of the logarithmic grid, refined by twelve golden sections.
fn minimize<T: Real>(criterion: &Criterion<'_, T>, f: impl Fn(T) -> T) -> T {
    let total = criterion.sum_lambda;
    let bound = |x: T| x.max(T::from_f64(LOWER)).min(T::from_f64(UPPER));
    let (low, high) = (bound(T::from_f64(0.5) * total).ln(), bound(T::from_f64(1.5) * total).ln());
    let at = |log_total: T| f(log_total.exp() - total);
    let cell = (high - low) / T::from_f64(8.0);
    let mut best = (low, at(low));
    for i in 1..=8 {
        let x = low + cell * T::from_usize(i);
        let y = at(x);
        if y < best.1 {
            best = (x, y);
        }
    }
    let golden = T::from_f64(0.618_033_988_749_894_9);
    let (mut a, mut b) = ((best.0 - cell).max(low), (best.0 + cell).min(high));
    for _ in 0..12 {
        let (left, right) = (b - golden * (b - a), a + golden * (b - a));
        if at(left) <= at(right) {
            b = right;
        } else {
            a = left;
        }
    }
    let middle = T::from_f64(0.5) * (a + b);
    let refined = if at(middle) < best.1 { middle } else { best.0 };
    refined.exp() - total
}

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
    // Mᵀ and its QR; R, V, three forms; s, τ and three diagonals; B; the residual; P, Q and (P + ΛQ) d; three m × k grams
    sum([
        product([rows, k]),
        product([8, k, k]),
        product([5, k]),
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
        Ok(Self { features, targets, batch, memory, stored: state, sum_lambda, steps: 0 })
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
        let slot = self.steps % (self.memory + 1);
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
        let (bb, pp, qp) = (next(k)?, next(k)?, next(k)?);
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
            residual,
            sum_lambda: self.sum_lambda,
            targets: m,
            rows: m * b,
        };

        // Λ, kept so that σ_total stays above its lower bound; then W ← W − ((P + Λ Q) diag(1/σ)) Uᵀ.
        let chosen = rule.choose(&criterion);
        let lower = T::from_f64(LOWER);
        let admissible = chosen.is_finite() && chosen + self.sum_lambda >= lower;
        let lambda = if admissible { chosen } else { lower - self.sum_lambda };
        let (p, q) = (p.iter(), q.iter());
        let sigma = (0..k).flat_map(|j| core::iter::repeat_n(criterion.inverse(j, lambda), m));
        for (((update, p), q), inverse) in update.iter_mut().zip(p).zip(q).zip(sigma) {
            *update = (p + lambda * q) * inverse;
        }
        let loss_after = T::from_f64(0.5) * criterion.residual_squared(lambda);
        backend.gemm(-T::ONE, MatRef::new(update, m, k)?, u.transpose(), T::ONE, MatMut::new(w, m, k)?)?;
        self.sum_lambda = (self.sum_lambda + lambda).max(lower);
        self.steps += 1;
        let loss_before = T::from_f64(0.5) * residual;
        Ok(SampledTikhonovReport { lambda, sum_lambda: self.sum_lambda, loss_before, loss_after })
    }

    /// Puts the batch over a row of ones into `slot`; zero columns where the batch is short.
    fn store(&mut self, slot: usize, z: MatRef<'_, T>) {
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
