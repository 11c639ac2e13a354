//! L-BFGS with a strong Wolfe line search: the full-batch quasi-Newton baseline.
//!
//! The inverse Hessian is H = V_kᵀ ⋯ V₁ᵀ H₀ V₁ ⋯ V_k + …, built from the last m pairs s = θ₊ − θ, y = g₊ − g and never
//! formed. One call of [`Lbfgs::step`] is one iteration:
//!
//! 1. p ← −H g by the two-loop recursion (algorithm 7.4), H₀ = (sᵀy / yᵀy) I of the newest pair. Without a pair
//!    p = −g/‖g‖: the first trial has length 1, whatever the scale of Φ. If rounding makes gᵀp ≥ 0, all pairs are dropped.
//! 2. α ← a step with φ(α) = Φ(θ + αp) that meets the strong Wolfe conditions (line search in `line_search.rs`, first trial α = 1):
//!
//!    ```text
//!    φ(α) ≤ φ(0) + c₁ α φ′(0)      |φ′(α)| ≤ c₂ |φ′(0)|
//!    ```
//! 3. θ ← θ + αp; keep (s, y) in place of the oldest pair, unless sᵀy ≤ ε ‖s‖ ‖y‖.
//!
//! When the evaluations are used up, the best point is taken if it is better than the start.
//!
//! Source: J. Nocedal and S. Wright, "Numerical Optimization" (2nd ed., Springer 2006), DOI 10.1007/978-0-387-40065-5;
//! algorithm 7.5. Accuracy: stops at the latest where Φ cannot tell two points apart, so the
//! gradient reaches about √ε of its first norm. Cost: 2 work units an evaluation, mostly one or two a step, and
//! 4·m·params multiplications for the direction.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::matrix::slice::copy;
use crate::optim::line_search::{Bracket, Trial, Verdict};
use crate::optim::pairs::{Pairs, pairs_len};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, Status};
use crate::scalar::Real;

/// Options of [`Lbfgs`]; the default is the choice of the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LbfgsOptions<T> {
    /// m ≥ 1, pairs that are kept.
    pub memory: usize,
    /// c₁, 0 < c₁ < c₂
    pub sufficient_decrease: T,
    /// c₂ < 1
    pub curvature: T,
    /// Most trials of one line search, at least 1.
    pub max_evaluations: usize,
    /// Stop when ‖g‖ ≤ this, …
    pub gradient_tolerance: T,
    /// … or ‖g‖ ≤ this · ‖g at the first point‖.
    pub relative_gradient_tolerance: T,
}

impl<T: Real> Default for LbfgsOptions<T> {
    /// m = 10, c₁ = 1e-4, c₂ = 0.9, 20 evaluations, gradient tolerances 0 and 1e-8.
    fn default() -> Self {
        Self {
            memory: 10,
            sufficient_decrease: T::from_f64(1e-4),
            curvature: T::from_f64(0.9),
            max_evaluations: 20,
            gradient_tolerance: T::ZERO,
            relative_gradient_tolerance: T::from_f64(1e-8),
        }
    }
}

/// How a line search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSearch {
    /// Both Wolfe conditions hold; θ moved.
    Wolfe,
    /// The evaluations were used up at a point where only the first condition holds; θ moved.
    Decrease,
    /// No trial had the first condition. θ kept, all pairs dropped; the next step starts along −g.
    Restarted,
    /// No trial was made; see the status.
    None,
}

/// One step of [`Lbfgs`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LbfgsReport<T> {
    /// Φ at the θ that the step left.
    pub value: T,
    /// ‖g‖ at the θ it started from.
    pub gradient_norm: T,
    /// α, 0 when θ did not move.
    pub step_length: T,
    /// ‖αp‖
    pub step_norm: T,
    /// Evaluations of this step's line search.
    pub evaluations: usize,
    /// Pairs in memory after the step.
    pub pairs: usize,
    /// Passes over the data so far.
    pub work_units: usize,
    /// How the line search ended.
    pub line_search: LineSearch,
    /// Whether to go on. [`Status::NoProgress`] here: ½|gᵀp| ≤ 4 ε |Φ|, or no decrease along −g either.
    pub status: Status,
}

/// Length of the buffer of an [`Lbfgs`] for `params` weights and `memory` pairs.
pub const fn lbfgs_work_len(params: usize, memory: usize) -> usize {
    params.saturating_mul(4).saturating_add(pairs_len(params, memory))
}

/// The method's state over the caller's buffer.
#[derive(Debug)]
pub struct Lbfgs<'w, T> {
    options: LbfgsOptions<T>,
    pairs: Pairs<'w, T>,
    gradient: &'w mut [T],
    direction: &'w mut [T],
    trial: &'w mut [T],
    trial_gradient: &'w mut [T],
    /// Φ(θ), once known
    value: Option<T>,
    first_gradient_norm: Option<T>,
    work_units: usize,
}

impl<'w, T: Real> Lbfgs<'w, T> {
    /// Starts afresh; `buffer` has at least [`lbfgs_work_len`] elements.
    pub fn new(params: usize, options: LbfgsOptions<T>, mut buffer: &'w mut [T]) -> Result<Self, Error> {
        let LbfgsOptions { memory, sufficient_decrease: c1, curvature: c2, max_evaluations, .. } = options;
        if memory == 0 || max_evaluations == 0 {
            return Err(Error::InvalidOption { what: "memory >= 1 and max_evaluations >= 1" });
        }
        if !(T::ZERO < c1 && c1 < c2 && c2 < T::ONE) {
            return Err(Error::InvalidOption { what: "0 < sufficient_decrease < curvature < 1" });
        }
        check_workspace("buffer", lbfgs_work_len(params, memory), buffer.len())?;
        let mut next = |len| take("buffer", &mut buffer, len);
        let (gradient, direction) = (next(params)?, next(params)?);
        let (trial, trial_gradient) = (next(params)?, next(params)?);
        let pairs = Pairs::new(params, memory, &mut buffer)?;
        gradient.fill(T::ZERO);
        Ok(Self {
            options,
            pairs,
            gradient,
            direction,
            trial,
            trial_gradient,
            value: None,
            first_gradient_norm: None,
            work_units: 0,
        })
    }

    /// Passes over the data so far.
    pub fn work_units(&self) -> usize {
        self.work_units
    }

    /// The gradient at the present θ, zeros before the first step.
    pub fn gradient(&self) -> &[T] {
        self.gradient
    }

    /// One iteration from θ, which must be the θ that the last one left.
    pub fn step<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &mut [T],
    ) -> Result<LbfgsReport<T>, Error> {
        check_length("theta", self.trial.len(), theta.len())?;
        let value = match self.value {
            Some(value) => value,
            None => {
                self.work_units += 2;
                objective.value_and_gradient(theta, self.gradient)?
            }
        };
        self.value = Some(value);
        let gradient_norm = backend.norm(self.gradient);
        let first = *self.first_gradient_norm.get_or_insert(gradient_norm);
        let mut report = LbfgsReport {
            value,
            gradient_norm,
            step_length: T::ZERO,
            step_norm: T::ZERO,
            evaluations: 0,
            pairs: self.pairs.len(),
            work_units: self.work_units,
            line_search: LineSearch::None,
            status: Status::Running,
        };
        let small = self.options.gradient_tolerance.max(self.options.relative_gradient_tolerance * first);
        if !(value.is_finite() && gradient_norm.is_finite()) {
            return Ok(LbfgsReport { status: Status::NonFinite, ..report });
        }
        if gradient_norm <= small {
            return Ok(LbfgsReport { status: Status::SmallGradient, ..report });
        }
        let slope = self.find_direction(backend, gradient_norm);
        let visible = T::from_f64(-0.5) * slope > T::from_f64(4.0) * T::EPSILON * value.abs();
        if !visible {
            return Ok(LbfgsReport { status: Status::NoProgress, ..report });
        }
        let start = Trial { alpha: T::ZERO, value, slope };
        let (found, line_search) = self.search(backend, objective, theta, start, &mut report.evaluations)?;
        report.line_search = line_search;
        report.work_units = self.work_units;
        if line_search == LineSearch::Restarted {
            if self.pairs.len() == 0 {
                report.status = Status::NoProgress;
            }
            self.pairs.clear();
            report.pairs = 0;
            return Ok(report);
        }
        // The differences s and y stand where the old θ and g stood.
        theta.iter_mut().zip(&*self.trial).for_each(|(old, &new)| *old = new - *old);
        self.gradient.iter_mut().zip(&*self.trial_gradient).for_each(|(old, &new)| *old = new - *old);
        self.pairs.push(backend, theta, self.gradient);
        copy(self.trial, theta);
        copy(self.trial_gradient, self.gradient);
        self.value = Some(found.value);
        report.value = found.value;
        report.step_length = found.alpha;
        report.step_norm = found.alpha * backend.norm(self.direction);
        report.pairs = self.pairs.len();
        Ok(report)
    }

    /// Step 1: the direction p; returns gᵀp < 0, or something else that is no visible descent.
    fn find_direction<B: Backend<T>>(&mut self, backend: &B, gradient_norm: T) -> T {
        let Self { pairs, gradient, direction, .. } = self;
        if pairs.len() > 0 {
            direction.iter_mut().zip(&**gradient).for_each(|(p, &g)| *p = -g);
            pairs.multiply_inverse_hessian(backend, direction);
            let slope = backend.dot(gradient, direction);
            if slope < T::ZERO && slope.is_finite() {
                return slope;
            }
            pairs.clear();
        }
        direction.iter_mut().zip(&**gradient).for_each(|(p, &g)| *p = -g / gradient_norm);
        -gradient_norm
    }

    /// φ(α) and φ′(α); leaves the point in `trial` and its gradient in `trial_gradient`.
    fn evaluate<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &[T],
        alpha: T,
    ) -> Result<Trial<T>, Error> {
        copy(theta, self.trial);
        backend.axpy(alpha, self.direction, self.trial);
        self.work_units += 2;
        let value = objective.value_and_gradient(self.trial, self.trial_gradient)?;
        Ok(Trial { alpha, value, slope: backend.dot(self.trial_gradient, self.direction) })
    }

    /// Step 2. Unless it restarts, `trial` and `trial_gradient` belong to the point returned.
    fn search<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &[T],
        start: Trial<T>,
        evaluations: &mut usize,
    ) -> Result<(Trial<T>, LineSearch), Error> {
        let mut bracket = Bracket::new(start, self.options.sufficient_decrease, self.options.curvature);
        let mut alpha = T::ONE;
        while *evaluations < self.options.max_evaluations {
            let trial = self.evaluate(backend, objective, theta, alpha)?;
            *evaluations += 1;
            match bracket.judge(trial) {
                Verdict::Accept => return Ok((trial, LineSearch::Wolfe)),
                Verdict::Try(next) => alpha = next,
                Verdict::Empty => break,
            }
        }
        let best = bracket.best();
        if best.alpha > T::ZERO {
            // Seen before the last trials: its gradient has been overwritten.
            *evaluations += 1;
            let again = self.evaluate(backend, objective, theta, best.alpha)?;
            if again.is_finite() {
                return Ok((again, LineSearch::Decrease));
            }
        }
        Ok((start, LineSearch::Restarted))
    }
}

/// Pairs, gradient and value.
impl<T: Real> SaveState<T> for Lbfgs<'_, T> {
    fn tag(&self) -> usize {
        4
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.option(self.value);
        out.option(self.first_gradient_norm);
        out.count(self.work_units);
        self.pairs.write(out);
        out.numbers(self.gradient);
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.value = from.option()?;
        self.first_gradient_norm = from.option()?;
        self.work_units = from.count(usize::MAX)?;
        self.pairs.read(from)?;
        from.numbers(self.gradient);
        Ok(())
    }
}
