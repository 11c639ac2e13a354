//! Krylov trust region: GNvpro when the objective is a reduced one.
//!
//! At θ the model Φ + gᵀs + ½ sᵀH s is reduced to a Krylov space of H started at −g, which is kept. One call of
//! [`TrustRegion::step`] tries one step:
//!
//! 1. If θ is new: gradient, and the space.
//! 2. s ← the step of the space, ‖s‖ ≤ Δ; ρ ← (Φ(θ) − Φ(θ + s)) / predicted decrease.
//! 3. ρ < 1e-4: reject, Δ ← ½ min(Δ, ‖s‖). 1e-4 ≤ ρ < 0.1: accept, Δ ← ½Δ. Otherwise accept; but if ρ > 0.75 and the step ends
//!    on the boundary, do not move yet: Δ ← 1.5 Δ and *try the longer step from the same space*.
//!
//! After a rejection or an expansion step 2 starts from the space that is there, at the cost of one evaluation. If the longer
//! step of an expansion turns out worse than the one before it, Δ shrinks as after any rejection. No expansion reaches a length
//! that was rejected from the same space: expansions and rejections could take turns for ever.
//!
//! Two ways to step 2, [`Subproblem`]:
//!
//! * **Conjugate gradients with recycled curvature**, ours. Every direction p of an earlier point left a pair (p, H p), and every
//!   move one of (difference of θ, difference of g). The last of them make an inverse Hessian M as in limited-memory BFGS, which
//!   preconditions conjugate gradients at the new point (file `cg_path.rs`). H changes little from point to point, so a few products
//!   continue where the last point stopped, and the space is left as soon as a further product brings less than the step
//!   does on average. While M itself predicts the decrease (ρ ≥ ¼ at the last point, and the move left a pair), no product is formed: s = −M g, not
//!   longer than twice the last step. When such a step is rejected (here for ρ < 0.1), or promises nothing visible, products are
//!   formed. Lengths are in the norm of M⁻¹ ≈ H, ‖s‖² ≈ sᵀH s; a step that its radius did not bind leaves the next one free, any
//!   other bounds the next one by √(sᵀH s), doubled for ρ > 0.75 and halved for ρ < 0.1.
//! * **GMRES**, published: a new space of [`Krylov`] vectors at every point, to a relative residual. The first Δ is the length of
//!   the unrestricted step; an expansion needs Δ ≤ 10⁴‖g‖.
//!
//! Source: E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (2021), section 4; constants as in
//! their code, whose expansion changes Δ without computing the longer step. Recycling: J. Morales and J. Nocedal, "Automatic
//! preconditioning by limited memory quasi-Newton updating" (SIAM J. Optim. 10, 2000), DOI 10.1137/S1052623497327854. What it
//! brings stands in ARCHITECTURE.md. Cost: 2 work units at the start and for a step that moves, 1 for one that does not, 2 a Krylov
//! vector; 8·pairs·params flops a Krylov vector for M.

mod saved;

use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::linalg::{Krylov, krylov_work_len};
use crate::matrix::slice::copy;
use crate::optim::Objective;
use crate::optim::cg_path::{CgPath, cg_path_len};
use crate::optim::pairs::{Pairs, pairs_len};
use crate::scalar::Real;

/// How the step of a [`TrustRegion`] is found in its Krylov space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subproblem {
    /// Conjugate gradients, preconditioned by the curvature met before.
    Recycled {
        /// Most curvature pairs kept; 0: no preconditioner.
        pairs: usize,
    },
    /// The published way: GMRES afresh at every point.
    Gmres {
        /// Orthogonalize each Krylov vector twice.
        reorthogonalize: bool,
    },
}

/// Options of [`TrustRegion`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRegionOptions<T> {
    /// How the step is found.
    pub subproblem: Subproblem,
    /// m ≥ 1, most Krylov vectors at one point.
    pub krylov_dim: usize,
    /// Relative residual at which the Krylov space is good enough.
    pub krylov_tolerance: T,
    /// Stop when ‖g‖ ≤ this, …
    pub gradient_tolerance: T,
    /// … or ‖g‖ ≤ this · ‖g at the first point‖.
    pub relative_gradient_tolerance: T,
}

impl<T: Real> TrustRegionOptions<T> {
    /// GMRES with m = 20 and tolerance 1e-2, vectors orthogonalized once.
    pub fn published() -> Self {
        let subproblem = Subproblem::Gmres { reorthogonalize: false };
        Self { subproblem, krylov_tolerance: T::from_f64(1e-2), ..Self::default() }
    }
}

impl<T: Real> Default for TrustRegionOptions<T> {
    /// Recycled curvature of 50 pairs, m = 20, Krylov tolerance 0.1, gradient tolerances 0 and 1e-8.
    fn default() -> Self {
        Self {
            subproblem: Subproblem::Recycled { pairs: 50 },
            krylov_dim: 20,
            krylov_tolerance: T::from_f64(0.1),
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
    /// ρ > 0.75 on the boundary, nothing up to 1.5 Δ rejected from this space: θ kept, Δ grown, a longer step comes next.
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
    /// Φ or g at θ, or the step without a radius, is NaN or infinite: choose other initial weights.
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

/// Length of the buffer of a [`TrustRegion`] for `params` weights.
pub const fn trust_region_work_len<T: Copy>(params: usize, options: &TrustRegionOptions<T>) -> usize {
    let space = match options.subproblem {
        Subproblem::Recycled { pairs } => {
            cg_path_len(params, options.krylov_dim).saturating_add(pairs_len(params, pairs))
        }
        Subproblem::Gmres { .. } => krylov_work_len(params, options.krylov_dim),
    };
    params.saturating_mul(3).saturating_add(space)
}

/// The Krylov space of a point.
#[derive(Debug)]
enum Space<'w, T> {
    Recycled(CgPath<'w, T>, Pairs<'w, T>),
    Gmres(Krylov<'w, T>, bool),
}

/// The step of a space.
#[derive(Clone, Copy)]
struct Step<T> {
    norm: T,
    predicted_decrease: T,
    /// It ends on the boundary.
    bounded: bool,
    /// √(sᵀH s) where lengths are in that norm.
    curvature: Option<T>,
}

/// The method's state over the caller's buffer. A method with `GMRES` false ([`TrustRegion::recycled`]) has the way of conjugate
/// gradients only, and a program without the other one does not contain GMRES and its singular values: 6 KiB on a Cortex-M4.
#[derive(Debug)]
pub struct TrustRegion<'w, T, const GMRES: bool = true> {
    options: TrustRegionOptions<T>,
    space: Space<'w, T>,
    gradient: &'w mut [T],
    step: &'w mut [T],
    trial: &'w mut [T],
    /// Φ(θ), once known
    value: Option<T>,
    first_gradient_norm: Option<T>,
    radius: Option<T>,
    /// Whether `space` belongs to the present θ.
    space_is_current: bool,
    /// The shortest length that was rejected from `space`.
    rejected: Option<T>,
    /// M predicted the last decrease well enough to be taken for H⁻¹, and the move left a pair.
    trusted: bool,
    /// The space is a step −M g without products.
    assumed: bool,
    /// √(sᵀH s) of the last step.
    last_length: Option<T>,
    work_units: usize,
}

impl<'w, T: Real> TrustRegion<'w, T> {
    /// Starts afresh; `buffer` has at least [`trust_region_work_len`] elements.
    pub fn new(params: usize, options: TrustRegionOptions<T>, buffer: &'w mut [T]) -> Result<Self, Error> {
        Self::start(params, options, buffer)
    }
}

impl<'w, T: Real> TrustRegion<'w, T, false> {
    /// As [`new`](TrustRegion::new) for [`Subproblem::Recycled`], with the same steps; [`Error::InvalidOption`] for GMRES.
    pub fn recycled(params: usize, options: TrustRegionOptions<T>, buffer: &'w mut [T]) -> Result<Self, Error> {
        match options.subproblem {
            Subproblem::Recycled { .. } => Self::start(params, options, buffer),
            Subproblem::Gmres { .. } => Err(Error::InvalidOption { what: "subproblem recycled" }),
        }
    }
}

impl<'w, T: Real, const GMRES: bool> TrustRegion<'w, T, GMRES> {
    fn start(params: usize, options: TrustRegionOptions<T>, mut buffer: &'w mut [T]) -> Result<Self, Error> {
        crate::error::check_workspace("buffer", trust_region_work_len(params, &options), buffer.len())?;
        let max_dim = options.krylov_dim;
        if max_dim == 0 {
            return Err(Error::InvalidOption { what: "krylov_dim >= 1" });
        }
        let TrustRegionOptions { gradient_tolerance, relative_gradient_tolerance, krylov_tolerance, .. } = options;
        if !(krylov_tolerance >= T::ZERO && krylov_tolerance <= T::MAX) {
            return Err(Error::InvalidOption { what: "0 <= krylov_tolerance < infinity" });
        }
        if !(gradient_tolerance >= T::ZERO && relative_gradient_tolerance >= T::ZERO) {
            return Err(Error::InvalidOption { what: "gradient tolerances >= 0" });
        }
        let gradient = take("buffer", &mut buffer, params)?;
        let step = take("buffer", &mut buffer, params)?;
        let trial = take("buffer", &mut buffer, params)?;
        gradient.fill(T::ZERO);
        let space = match options.subproblem {
            Subproblem::Recycled { pairs } => {
                Space::Recycled(CgPath::new(params, max_dim, &mut buffer)?, Pairs::new(params, pairs, &mut buffer)?)
            }
            Subproblem::Gmres { reorthogonalize } => {
                Space::Gmres(Krylov::new(params, max_dim, buffer)?, reorthogonalize)
            }
        };
        Ok(Self {
            options,
            space,
            gradient,
            step,
            trial,
            value: None,
            first_gradient_norm: None,
            radius: None,
            space_is_current: false,
            rejected: None,
            trusted: false,
            assumed: false,
            last_length: None,
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

    /// Tries one step from θ, which must be the θ that the last one left; θ moves when it is accepted.
    ///
    /// Errors: [`Error::Length`] for θ, and whatever the objective returns. θ is the old or the new point then, and the method
    /// may go on from it.
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
                objective.value_and_gradient(theta, self.gradient)?
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
        let own_radius = self.radius;
        if !self.space_is_current {
            self.build_space(backend, objective, theta)?;
        }
        let mut step = match self.solve(backend) {
            Err(Error::NonFinite { .. }) => return Ok(TrustRegionReport { status: Status::NonFinite, ..report }),
            step => step?,
        };
        let visible = |step: Step<T>| step.predicted_decrease > T::from_f64(4.0) * T::EPSILON * value.abs();
        if self.assumed && !visible(step) {
            // Perhaps M is at fault. No trial was made: the objective still stands at θ.
            (self.trusted, self.assumed, self.radius) = (false, false, own_radius);
            self.build_space(backend, objective, theta)?;
            step = self.solve(backend)?;
        }
        let radius = self.radius.unwrap_or(step.norm);
        report.krylov_dim = match &self.space {
            Space::Recycled(_, _) if self.assumed => 0,
            Space::Recycled(path, _) => path.dim(),
            Space::Gmres(krylov, _) => krylov.dim(),
        };
        report.step_norm = step.norm;
        report.predicted_decrease = step.predicted_decrease;
        report.radius = radius;
        report.work_units = self.work_units;
        if !visible(step) {
            return Ok(TrustRegionReport { status: Status::NoProgress, ..report });
        }
        for ((trial, &theta), &s) in self.trial.iter_mut().zip(&*theta).zip(&*self.step) {
            *trial = theta + s;
        }
        let trial_value = objective.value(self.trial)?;
        self.work_units += 1;
        report.ratio = (value - trial_value) / step.predicted_decrease;
        report.outcome = self.judge(report.ratio, step, radius, gradient_norm);
        if matches!(report.outcome, Outcome::Accepted | Outcome::AcceptedAndShrunk) {
            report.value = trial_value;
            self.work_units += 1;
            self.advance(backend, objective, theta)?;
            self.value = Some(trial_value);
        }
        report.radius = self.radius.unwrap_or(radius);
        report.work_units = self.work_units;
        Ok(report)
    }

    /// The Krylov space of H started at −g.
    fn build_space<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &[T],
    ) -> Result<(), Error> {
        let Self { options, space, gradient, trial, work_units, radius, .. } = self;
        if self.assumed {
            // The objective stands at the trial point that was rejected.
            *work_units += 1;
            objective.value(theta)?;
        }
        (self.assumed, self.rejected) = (false, None);
        let product = |v: &[T], hv: &mut [T]| {
            *work_units += 2;
            objective.product(v, hv)
        };
        match space {
            Space::Recycled(path, pairs) if self.trusted => {
                self.assumed = true;
                path.assume(backend, gradient, pairs);
                let bound = self.last_length.map(|length| T::from_f64(2.0) * length);
                *radius = radius.map_or(bound, |radius| bound.map(|bound| bound.min(radius)));
            }
            Space::Recycled(path, pairs) => {
                path.build(backend, gradient, pairs, *radius, options.krylov_tolerance, product)?;
            }
            // Without GMRES there is no such space.
            Space::Gmres(..) if !GMRES => {}
            Space::Gmres(krylov, reorthogonalize) => {
                trial.iter_mut().zip(&**gradient).for_each(|(b, &g)| *b = -g);
                krylov.build(backend, trial, options.krylov_tolerance, *reorthogonalize, product)?;
            }
        }
        self.space_is_current = true;
        Ok(())
    }

    /// Step 2, into `self.step`.
    fn solve<B: Backend<T>>(&mut self, backend: &B) -> Result<Step<T>, Error> {
        match &mut self.space {
            Space::Recycled(path, _) => {
                let step = path.step(backend, self.radius, self.step);
                Ok(Step {
                    norm: step.norm,
                    predicted_decrease: step.predicted_decrease,
                    bounded: step.bounded,
                    curvature: Some(step.curvature.sqrt()),
                })
            }
            Space::Gmres(..) if !GMRES => {
                Ok(Step { norm: T::ZERO, predicted_decrease: T::ZERO, bounded: true, curvature: None })
            }
            Space::Gmres(krylov, _) => {
                // Halved until nothing was left of it.
                if self.radius.is_some_and(|radius| radius <= T::ZERO) {
                    return Ok(Step { norm: T::ZERO, predicted_decrease: T::ZERO, bounded: true, curvature: None });
                }
                let step = krylov.solve(backend, self.radius, self.step)?;
                let bounded = step.lambda > T::ZERO;
                Ok(Step { norm: step.norm, predicted_decrease: step.predicted_decrease, bounded, curvature: None })
            }
        }
    }

    /// Step 3: the outcome for ρ; sets the next radius.
    fn judge(&mut self, ratio: T, step: Step<T>, radius: T, gradient_norm: T) -> Outcome {
        let number = T::from_f64;
        // A step that no product vouches for must show more. False for NaN.
        let acceptable = ratio >= number(if self.assumed { 0.1 } else { 1e-4 });
        let good = ratio > number(0.75);
        let may_grow = (step.curvature.is_some() || radius <= number(1e4) * gradient_norm)
            && self.rejected.is_none_or(|rejected| number(1.5) * radius < rejected);
        let outcome = if !acceptable {
            Outcome::Rejected
        } else if ratio < number(0.1) {
            Outcome::AcceptedAndShrunk
        } else if good && step.bounded && may_grow {
            Outcome::Expanded
        } else {
            Outcome::Accepted
        };
        self.trusted = ratio >= number(0.25);
        if outcome == Outcome::Rejected {
            self.rejected = Some(step.norm); // shorter than any before
        }
        if outcome == Outcome::Rejected && self.assumed {
            self.space_is_current = false;
            return outcome;
        }
        self.radius = match (outcome, step.curvature) {
            (Outcome::Rejected, _) => Some(number(0.5) * radius.min(step.norm)),
            (Outcome::Expanded, _) => Some(number(1.5) * radius),
            (Outcome::AcceptedAndShrunk, None) => Some(number(0.5) * radius),
            (_, None) => Some(radius),
            (Outcome::AcceptedAndShrunk, Some(length)) => Some(number(0.5) * length),
            (_, Some(length)) if step.bounded => Some(if good { number(2.0) * length } else { length }),
            (_, Some(_)) => None,
        };
        self.last_length = step.curvature;
        outcome
    }

    /// Moves θ to the trial point, whose value is known, and keeps the curvature that was met.
    fn advance<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        theta: &mut [T],
    ) -> Result<(), Error> {
        copy(self.trial, theta);
        let assumed = core::mem::take(&mut self.assumed);
        // Known again once the gradient is.
        (self.value, self.space_is_current) = (None, false);
        let Space::Recycled(path, pairs) = &mut self.space else {
            return objective.gradient(self.gradient);
        };
        if !assumed {
            for (s, y) in path.pairs() {
                pairs.push(backend, s, y);
            }
        }
        // The old gradient gives way to the new one.
        copy(self.gradient, self.trial);
        objective.gradient(self.gradient)?;
        self.trial.iter_mut().zip(&*self.gradient).for_each(|(old, &new)| *old = new - *old);
        // Without a pair M would stay what it was, and a step far too short be followed by one like it, ρ = 2 each.
        self.trusted &= pairs.push(backend, self.step, self.trial);
        Ok(())
    }
}
