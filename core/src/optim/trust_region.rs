//! Krylov trust region: GNvpro when the objective is a reduced one.
//!
//! At θ the model Φ + gᵀs + ½ sᵀH s is reduced to the Krylov space of H started at −g, which [`Krylov`] keeps. One call of
//! [`TrustRegion::step`] tries one step:
//!
//! 1. If θ is new: value, gradient, Krylov space of at most m vectors or to a relative residual. The first radius Δ is the
//!    length of the unrestricted step.
//! 2. s ← the step of the space, ‖s‖ ≤ Δ; ρ ← (Φ(θ) − Φ(θ + s)) / predicted decrease.
//! 3. ρ < 1e-4: reject, Δ ← ½ min(Δ, ‖s‖). 1e-4 ≤ ρ < 0.1: accept, Δ ← ½Δ. Otherwise accept; but if ρ > 0.75, the step ends
//!    on the boundary and Δ ≤ 10⁴‖g‖, do not move yet: Δ ← 1.5 Δ and *try the longer step from the same space*.
//!
//! After a rejection or an expansion step 2 starts from the space that is there, at the cost of one evaluation. If the longer
//! step of an expansion turns out worse than the one before it, Δ shrinks as after any rejection.
//!
//! Source: E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (2021), section 4; constants as in
//! their code, whose expansion changes Δ without computing the longer step. Cost: 2 work units for a new point, 2 a Krylov
//! vector, 1 a trial.

use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::linalg::{Krylov, KrylovStep, krylov_work_len};
use crate::optim::Objective;
use crate::scalar::Real;

/// Options of [`TrustRegion`]; the default is the published choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRegionOptions<T> {
    /// m ≥ 1, most Krylov vectors at one point.
    pub krylov_dim: usize,
    /// Relative residual at which the Krylov space is good enough.
    pub krylov_tolerance: T,
    /// Orthogonalize each Krylov vector twice.
    pub reorthogonalize: bool,
    /// Stop when ‖g‖ ≤ this, …
    pub gradient_tolerance: T,
    /// … or ‖g‖ ≤ this · ‖g at the first point‖.
    pub relative_gradient_tolerance: T,
}

impl<T: Real> Default for TrustRegionOptions<T> {
    /// m = 20, Krylov tolerance 1e-2, reorthogonalization, gradient tolerances 0 and 1e-8.
    fn default() -> Self {
        Self {
            krylov_dim: 20,
            krylov_tolerance: T::from_f64(1e-2),
            reorthogonalize: true,
            gradient_tolerance: T::ZERO,
            relative_gradient_tolerance: T::from_f64(1e-8),
        }
    }
}

/// What became of the step that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// ρ ≥ 0.1: θ moved, Δ kept.
    Accepted,
    /// 1e-4 ≤ ρ < 0.1: θ moved, Δ halved.
    AcceptedAndShrunk,
    /// ρ < 1e-4 or Φ(θ + s) not finite: θ kept, Δ shrunk.
    Rejected,
    /// ρ > 0.75 on the boundary: θ kept, Δ grown, a longer step comes next.
    Expanded,
    /// No step was tried; see the status.
    None,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Call `step` again.
    Running,
    /// ‖g‖ ≤ max(gradient_tolerance, relative_gradient_tolerance · ‖g₀‖).
    SmallGradient,
    /// predicted decrease ≤ 4 ε |Φ|: no step can be told from rounding.
    NoProgress,
    /// Φ or g at θ is NaN or infinite: choose other initial weights.
    NonFinite,
}

/// One step of [`TrustRegion`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRegionReport<T> {
    /// Φ at the θ that the step left.
    pub value: T,
    /// ‖g‖ at the θ it started from.
    pub gradient_norm: T,
    /// ‖s‖
    pub step_norm: T,
    /// Δ for the next step.
    pub radius: T,
    /// ρ
    pub ratio: T,
    /// Decrease that the model promised.
    pub predicted_decrease: T,
    /// Krylov vectors used.
    pub krylov_dim: usize,
    /// Passes over the data so far.
    pub work_units: usize,
    /// What became of the step.
    pub outcome: Outcome,
    /// Whether to go on.
    pub status: Status,
}

/// Length of the buffer of a [`TrustRegion`] for `params` weights and `krylov_dim` vectors.
pub const fn trust_region_work_len(params: usize, krylov_dim: usize) -> usize {
    params.saturating_mul(3).saturating_add(krylov_work_len(params, krylov_dim))
}

/// The method's state over the caller's buffer.
#[derive(Debug)]
pub struct TrustRegion<'w, T> {
    options: TrustRegionOptions<T>,
    krylov: Krylov<'w, T>,
    gradient: &'w mut [T],
    step: &'w mut [T],
    trial: &'w mut [T],
    /// Φ(θ), once known
    value: Option<T>,
    first_gradient_norm: Option<T>,
    radius: Option<T>,
    /// Whether `krylov` belongs to the present θ.
    space_is_current: bool,
    work_units: usize,
}

impl<'w, T: Real> TrustRegion<'w, T> {
    /// Starts afresh; `buffer` has at least [`trust_region_work_len`] elements.
    pub fn new(params: usize, options: TrustRegionOptions<T>, mut buffer: &'w mut [T]) -> Result<Self, Error> {
        let needed = trust_region_work_len(params, options.krylov_dim);
        crate::error::check_workspace("buffer", needed, buffer.len())?;
        let gradient = take("buffer", &mut buffer, params)?;
        let step = take("buffer", &mut buffer, params)?;
        let trial = take("buffer", &mut buffer, params)?;
        Ok(Self {
            options,
            krylov: Krylov::new(params, options.krylov_dim, buffer)?,
            gradient,
            step,
            trial,
            value: None,
            first_gradient_norm: None,
            radius: None,
            space_is_current: false,
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

    /// Tries one step from θ; θ moves when it is accepted.
    pub fn step<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &mut [T],
    ) -> Result<TrustRegionReport<T>, Error> {
        check_length("theta", self.step.len(), theta.len())?;
        let value = match self.value {
            Some(value) => value,
            None => {
                self.work_units += 2;
                objective.gradient(theta, self.gradient)?
            }
        };
        self.value = Some(value);
        let gradient_norm = backend.norm(self.gradient);
        let first = *self.first_gradient_norm.get_or_insert(gradient_norm);
        let mut report = TrustRegionReport {
            value,
            gradient_norm,
            step_norm: T::ZERO,
            radius: self.radius.unwrap_or(T::ZERO),
            ratio: T::ZERO,
            predicted_decrease: T::ZERO,
            krylov_dim: 0,
            work_units: self.work_units,
            outcome: Outcome::None,
            status: Status::Running,
        };
        let small = self.options.gradient_tolerance.max(self.options.relative_gradient_tolerance * first);
        if !(value.is_finite() && gradient_norm.is_finite()) {
            return Ok(TrustRegionReport { status: Status::NonFinite, ..report });
        }
        if gradient_norm <= small {
            return Ok(TrustRegionReport { status: Status::SmallGradient, ..report });
        }
        if !self.space_is_current {
            self.build_space(backend, objective)?;
        }
        let step = self.krylov.solve(backend, self.radius, self.step)?;
        let radius = *self.radius.get_or_insert(step.norm);
        report.krylov_dim = self.krylov.dim();
        report.step_norm = step.norm;
        report.predicted_decrease = step.predicted_decrease;
        report.radius = radius;
        report.work_units = self.work_units;
        let visible = step.predicted_decrease > T::from_f64(4.0) * T::EPSILON * value.abs();
        if !visible {
            return Ok(TrustRegionReport { status: Status::NoProgress, ..report });
        }
        for ((trial, &theta), &s) in self.trial.iter_mut().zip(&*theta).zip(&*self.step) {
            *trial = theta + s;
        }
        let trial_value = objective.value(self.trial)?;
        self.work_units += 1;
        report.ratio = (value - trial_value) / step.predicted_decrease;
        (report.outcome, self.radius) = Self::judge(report.ratio, step, radius, gradient_norm);
        if matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk) {
            theta.copy_from_slice(self.trial);
            report.value = objective.gradient(theta, self.gradient)?;
            self.work_units += 2;
            self.value = Some(report.value);
            self.space_is_current = false;
        }
        report.radius = self.radius.unwrap_or(radius);
        report.work_units = self.work_units;
        Ok(report)
    }

    /// The Krylov space of H started at −g.
    fn build_space<B: Backend<T>>(&mut self, backend: &B, objective: &mut impl Objective<T>) -> Result<(), Error> {
        let Self { options, krylov, gradient, trial, work_units, .. } = self;
        trial.iter_mut().zip(&**gradient).for_each(|(b, &g)| *b = -g);
        krylov.build(backend, trial, options.krylov_tolerance, options.reorthogonalize, |v, hv| {
            *work_units += 2;
            objective.product(v, hv)
        })?;
        self.space_is_current = true;
        Ok(())
    }

    /// Step 3: the outcome for ρ, and the next radius.
    fn judge(ratio: T, step: KrylovStep<T>, radius: T, gradient_norm: T) -> (Outcome, Option<T>) {
        let number = T::from_f64;
        let acceptable = ratio >= number(1e-4); // false for NaN
        if !acceptable {
            (Outcome::Rejected, Some(number(0.5) * radius.min(step.norm)))
        } else if ratio < number(0.1) {
            (Outcome::AcceptedAndShrunk, Some(number(0.5) * radius))
        } else if ratio > number(0.75) && step.lambda > T::ZERO && radius <= number(1e4) * gradient_norm {
            (Outcome::Expanded, Some(number(1.5) * radius))
        } else {
            (Outcome::Accepted, Some(radius))
        }
    }
}
