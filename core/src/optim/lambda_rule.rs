//! Rules that choose Λ in a step of sampled Tikhonov regularization, and what they may ask about the step.
//!
//! With d = 1/(s² + σ_total + Λ), elementwise over the squared singular values s² of the stored batches, the residual after
//! the step and the trace of its influence matrix are a quadratic and a linear form in d (derived in `sampled_tikhonov.rs`),
//! so a trial Λ costs O(k²) for k regressors:
//!
//! ```text
//! gcv(Λ) = ‖residual‖²/(N − trace)²        N = targets · samples of the batch, the number of rows
//! discrepancy(Λ) = (‖residual‖² − 2 N v)²    upre(Λ) = ‖residual‖² + 2 v trace        v the variance of the noise
//! ```
//! Source: M. Chung, J. Chung, J. T. Slagel, L. Tenorio, "Sampled limited memory methods for massive linear inverse problems"
//! (Inverse Problems 36, 2020), section 4; the factor ½ … 1½ by which σ_total may change in a step is that of the published
//! slimTrain program.

use core::cell::Cell;

use crate::scalar::Real;

/// What the rules for Λ may ask about a step. All functions cost O(k²).
#[derive(Debug)]
pub struct Criterion<'a, T: Copy> {
    /// Squared singular values of M.
    pub(super) squares: &'a [T],
    /// B Bᵀ ∘ PᵀP, B Bᵀ ∘ (PᵀQ + QᵀP), B Bᵀ ∘ QᵀQ: k × k each.
    pub(super) forms: [&'a [T]; 3],
    /// Diagonals of B Bᵀ, PᵀP and QᵀP.
    pub(super) diagonals: [&'a [T]; 3],
    /// Room for 1/σ at the Λ in question: a division costs as much as ten products, and each is needed k times.
    pub(super) inverses: &'a [Cell<T>],
    pub(super) residual: T,
    pub(super) sum_lambda: T,
    pub(super) bounds: (T, T),
    pub(super) targets: usize,
    pub(super) rows: usize,
}

impl<T: Real> Criterion<'_, T> {
    /// σ_total before the step.
    pub fn sum_lambda(&self) -> T {
        self.sum_lambda
    }

    /// The bounds of σ_total.
    pub fn bounds(&self) -> (T, T) {
        self.bounds
    }

    /// N = targets × samples of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn inverse(&self, j: usize, lambda: T) -> T {
        T::ONE / (self.squares.get(j).copied().unwrap_or(T::ONE) + self.sum_lambda + lambda)
    }

    /// ‖W_new z − c‖² for the W that Λ = `lambda` leads to; not negative.
    pub fn residual_squared(&self, lambda: T) -> T {
        let k = self.squares.len();
        let [constant, linear, square] = self.forms;
        for (j, inverse) in self.inverses.iter().enumerate() {
            inverse.set(self.inverse(j, lambda));
        }
        let columns = constant.chunks_exact(k).zip(linear.chunks_exact(k)).zip(square.chunks_exact(k));
        let mut quadratic = T::ZERO;
        for (((constant, linear), square), outer) in columns.zip(self.inverses) {
            let mut sum = T::ZERO;
            for (((&c, &l), &s), inverse) in constant.iter().zip(linear).zip(square).zip(self.inverses) {
                sum += (c + lambda * (l + lambda * s)) * inverse.get();
            }
            quadratic += sum * outer.get();
        }
        let [_, pp, qp] = self.diagonals;
        let mut mixed = T::ZERO;
        for ((&pp, &qp), inverse) in pp.iter().zip(qp).zip(self.inverses) {
            mixed += (pp + lambda * qp) * inverse.get();
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
    /// Λ; where it would lead σ_total out of its bounds, the nearer bound is taken.
    fn choose(&mut self, criterion: &Criterion<'_, T>) -> T;
}

/// The usual rules. All but `Fixed` minimize over σ_total between half and one and a half times its present value, on a
/// logarithmic scale, within the bounds of the layer (as the published method bounds each change).
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
    let bound = |x: T| x.max(criterion.bounds.0).min(criterion.bounds.1);
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
    // One of the two inner points of a section is one of the next section's too: an evaluation each.
    let (mut left, mut right) = (b - golden * (b - a), a + golden * (b - a));
    let (mut at_left, mut at_right) = (at(left), at(right));
    for _ in 0..12 {
        if at_left <= at_right {
            b = right;
            (right, at_right, left) = (left, at_left, b - golden * (b - a));
            at_left = at(left);
        } else {
            a = left;
            (left, at_left, right) = (right, at_right, a + golden * (b - a));
            at_right = at(right);
        }
    }
    let middle = T::from_f64(0.5) * (a + b);
    let refined = if at(middle) < best.1 { middle } else { best.0 };
    refined.exp() - total
}
