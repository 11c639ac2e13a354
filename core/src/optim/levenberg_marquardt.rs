//! Levenberg–Marquardt for nonlinear least squares with few parameters: min ½‖r(x)‖², r: ℝⁿ → ℝᵐ with a dense Jacobian J.
//!
//! Moré's form: a trust region ‖D p‖ ≤ Δ whose multiplier is Levenberg's λ, with a diagonal D that follows the scales
//! of the columns of J. In y = D p, with J̃ = J D⁻¹, one call of [`LevenbergMarquardt::step`] tries one step:
//!
//! 1. If x is new: J, Dⱼ ← max(Dⱼ, ‖Jⱼ‖) (1 for a zero column at the start), and J̃ P = Q R by QR with column pivoting.
//!    The first Δ is `initial_radius`·‖D x‖, or `initial_radius` itself for x = 0.
//! 2. y ← the minimizer of ‖J̃ y + r‖ if ‖y‖ ≤ 1.1 Δ. Otherwise of ‖\[J̃; √λ I\] y + \[r; 0\]‖ with a λ for which
//!    | ‖y‖ − Δ | ≤ 0.1 Δ, which Newton's method on 1/‖y(λ)‖ between safeguards finds (file `parameter.rs`), J̃ being
//!    represented by R.
//! 3. ρ ← (‖r‖² − ‖r(x + p)‖²) / (‖J̃ y‖² + 2λ‖y‖²). For ρ ≤ ¼ Δ shrinks to between a tenth and a half, by the minimum
//!    of the parabola through the values and the slope; for ρ ≥ ¾, or λ = 0, Δ ← 2‖y‖.
//! 4. ρ ≥ 10⁻⁴: x ← x + p. After a rejection step 2 starts from the R that is there.
//!
//! MINPACK's `lmder` scales inside the subproblem and pivots on unscaled columns; scaling first makes every decision,
//! the pivots included, the same for x in metres or in millimetres. Weights and known standard deviations: return rᵢ/σᵢ
//! as residuals.
//!
//! Source: J. J. Moré, "The Levenberg–Marquardt algorithm: implementation and theory" (Numerical Analysis, Dundee 1977,
//! LNM 630, Springer 1978), DOI 10.1007/BFb0067700, algorithm 7.1; the stopping tests are those of J. J. Moré, B. S.
//! Garbow, K. E. Hillstrom, "User guide for MINPACK-1" (ANL-80-74, 1980). Accuracy: steps are backward stable, JᵀJ is
//! never formed. Rank-deficient J and m < n are allowed: the step is then a basic solution, or one with λ > 0. Cost:
//! one Jacobian and 2mn² flops for a new x, one evaluation and up to ten times 3n³ flops for a step. State:
//! [`levenberg_marquardt_work_len`].

#[cfg(test)]
pub(in crate::optim) mod collection;
mod parameter;
mod report;
mod residuals;
mod saved;
#[cfg(test)]
mod tests;

pub use report::{LevenbergMarquardtOptions, LevenbergMarquardtReport, LevenbergMarquardtStatus};
pub use residuals::{Differentiated, Residuals};

use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::linalg::{
    CovarianceReport, apply_qt_in_place, least_squares_covariance, least_squares_covariance_work_len,
    qr_pivoted_in_place,
};
use crate::matrix::MatMut;
use crate::matrix::slice::copy;
use crate::optim::{product, sum};
use crate::scalar::Real;
use parameter::Subproblem;

/// Length of the buffer of a [`LevenbergMarquardt`] for m = `residuals` and n = `params`.
///
/// ```
/// assert_eq!(gaussling_core::optim::levenberg_marquardt_work_len(10, 3), 10 * 3 + 2 * 10 + 2 * 3 * 3 + 9 * 3);
/// ```
pub const fn levenberg_marquardt_work_len(residuals: usize, params: usize) -> usize {
    sum([product([residuals, params]), product([2, residuals]), product([2, params, params]), product([9, params])])
}

/// The method's state over the caller's buffer.
///
/// ```
/// use gaussling_core::{Dual, Matrix, Portable, Real, autodiff::VectorFunction, optim::*};
/// /// y = a·exp(−b t) through four points.
/// struct Decay;
/// impl VectorFunction for Decay {
///     fn eval<T: Real>(&self, x: &[T], r: &mut [T]) {
///         for (r, (t, y)) in r.iter_mut().zip([(0.0, 2.1), (1.0, 1.2), (2.0, 0.8), (3.0, 0.4)]) {
///             *r = x[0] * (-x[1] * T::from_f64(t)).exp() - T::from_f64(y);
///         }
///     }
/// }
/// let mut duals = [Dual::<f64, 2>::ZERO; 2 + 4];
/// let mut problem = Differentiated::new(Decay, 2, 4, &mut duals)?;
/// let (mut buffer, mut permutation) = ([0.0; levenberg_marquardt_work_len(4, 2)], [0; 2]);
/// let mut method = LevenbergMarquardt::new(4, 2, Default::default(), &mut buffer, &mut permutation)?;
/// let mut x = [1.0, 1.0];
/// let report = method.run(&Portable, &mut problem, &mut x, 100)?;
/// assert_eq!(report.status, LevenbergMarquardtStatus::SmallDecrease);
/// assert!((x[0] - 2.0919).abs() < 1e-3 && (x[1] - 0.5231).abs() < 1e-3, "{x:?}");
///
/// let mut covariance = Matrix::<f64, 2, 2>::zeros();
/// let fit = method.covariance(&Portable, &mut problem, &x, None, covariance.view_mut())?;
/// assert_eq!((fit.rank, fit.degrees_of_freedom), (2, 2));
/// let error_of_b = covariance[(1, 1)].sqrt();
/// assert!(0.0 < error_of_b && error_of_b < 0.1);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Debug)]
pub struct LevenbergMarquardt<'w, T> {
    options: LevenbergMarquardtOptions<T>,
    sizes: (usize, usize),
    /// J, later the factors of J̃: m × n.
    jacobian: &'w mut [T],
    permutation: &'w mut [usize],
    /// r(x)
    residual: &'w mut [T],
    /// r(x + p), and scratch of length m before that
    trial_residual: &'w mut [T],
    /// D
    scale: &'w mut [T],
    /// −(Qᵀr) without its last m − n elements, filled up with zeros for m < n
    target: &'w mut [T],
    trial: &'w mut [T],
    /// y, later p
    step: &'w mut [T],
    /// Room of [`Subproblem`], of QR and of the covariance.
    work: &'w mut [T],
    /// ‖r(x)‖, once known
    norm: Option<T>,
    radius: Option<T>,
    lambda: T,
    gradient_norm: T,
    cosine: T,
    /// Whether the factors belong to the present x.
    factored: bool,
    evaluations: usize,
    jacobians: usize,
}

impl<'w, T: Real> LevenbergMarquardt<'w, T> {
    /// Starts afresh, for m = `residuals` and n = `params`; `buffer` has at least [`levenberg_marquardt_work_len`]
    /// elements, `permutation` has n.
    ///
    /// Errors: [`Error::InvalidOption`], [`Error::Workspace`], [`Error::Length`].
    pub fn new(
        residuals: usize,
        params: usize,
        options: LevenbergMarquardtOptions<T>,
        mut buffer: &'w mut [T],
        permutation: &'w mut [usize],
    ) -> Result<Self, Error> {
        if !(options.initial_radius > T::ZERO && options.initial_radius <= T::MAX) {
            return Err(Error::InvalidOption { what: "0 < initial_radius < infinity" });
        }
        let LevenbergMarquardtOptions { value_tolerance, step_tolerance, gradient_tolerance, .. } = options;
        if [value_tolerance, step_tolerance, gradient_tolerance].iter().any(|t| !(*t >= T::ZERO && *t < T::ONE)) {
            return Err(Error::InvalidOption { what: "0 <= tolerance < 1" });
        }
        check_workspace("buffer", levenberg_marquardt_work_len(residuals, params), buffer.len())?;
        check_length("permutation", params, permutation.len())?;
        let mut next = |len| take("buffer", &mut buffer, len);
        let method = Self {
            options,
            sizes: (residuals, params),
            jacobian: next(residuals * params)?,
            permutation,
            residual: next(residuals)?,
            trial_residual: next(residuals)?,
            scale: next(params)?,
            target: next(params)?,
            trial: next(params)?,
            step: next(params)?,
            work: next(2 * params * params + 5 * params)?,
            norm: None,
            radius: None,
            lambda: T::ZERO,
            gradient_norm: T::ZERO,
            cosine: T::ZERO,
            factored: false,
            evaluations: 0,
            jacobians: 0,
        };
        method.scale.fill(T::ZERO);
        Ok(method)
    }

    /// r at the present x; before the first step nothing of use.
    pub fn residual(&self) -> &[T] {
        self.residual
    }

    /// Steps until the status is another than `Running`, `max_steps` at most; the last report.
    ///
    /// Errors as [`step`](Self::step), and [`Error::InvalidOption`] for `max_steps` = 0.
    pub fn run<B: Backend<T>>(
        &mut self,
        backend: &B,
        problem: &mut impl Residuals<T>,
        x: &mut [T],
        max_steps: usize,
    ) -> Result<LevenbergMarquardtReport<T>, Error> {
        for left in (0..max_steps).rev() {
            let report = self.step(backend, problem, x)?;
            if report.status != LevenbergMarquardtStatus::Running || left == 0 {
                return Ok(report);
            }
        }
        Err(Error::InvalidOption { what: "max_steps >= 1" })
    }

    /// Tries one step from x, which must be the x that the last one left; x moves when the step is accepted.
    ///
    /// Errors: [`Error::Length`] for `x` or a problem of other sizes, and what the problem returns.
    pub fn step<B: Backend<T>>(
        &mut self,
        backend: &B,
        problem: &mut impl Residuals<T>,
        x: &mut [T],
    ) -> Result<LevenbergMarquardtReport<T>, Error> {
        self.check(problem, x)?;
        let norm = match self.norm {
            Some(norm) => norm,
            None => {
                self.evaluations += 1;
                problem.evaluate(x, self.residual)?;
                backend.norm(self.residual)
            }
        };
        self.norm = Some(norm);
        if !norm.is_finite() {
            return Ok(self.report(norm, LevenbergMarquardtStatus::NonFinite));
        }
        if !self.factored && !self.factor(backend, problem, x, norm)? {
            return Ok(self.report(norm, LevenbergMarquardtStatus::NonFinite));
        }
        if self.cosine <= self.options.gradient_tolerance.max(T::EPSILON) {
            return Ok(self.report(norm, LevenbergMarquardtStatus::SmallGradient));
        }
        let (_, n) = self.sizes;
        scaled(self.scale, x, self.step);
        let mut x_norm = backend.norm(self.step);
        let first = self.radius.is_none();
        let factor = self.options.initial_radius;
        let mut radius = self.radius.unwrap_or(if x_norm > T::ZERO { factor * x_norm } else { factor });

        // Step 2
        let factors = MatMut::new(self.jacobian, self.sizes.0, n)?;
        let mut subproblem = Subproblem::new(backend, factors.as_ref(), self.permutation, self.target, self.work)?;
        let solved = subproblem.solve(radius, self.lambda, self.step);
        let Ok((lambda, predicted_norm)) = solved else {
            return Ok(self.report(norm, LevenbergMarquardtStatus::NoProgress));
        };
        let step_norm = backend.norm(self.step);
        if first {
            radius = radius.min(step_norm);
        }
        for ((p, &d), (trial, &x)) in self.step.iter_mut().zip(&*self.scale).zip(self.trial.iter_mut().zip(&*x)) {
            *p /= d;
            *trial = x + *p;
        }
        if step_norm == T::ZERO {
            return Ok(self.report(norm, LevenbergMarquardtStatus::NoProgress));
        }

        // Step 3, with everything divided by ‖r‖². r may well be finite at an infinite point, which is of no use all
        // the same.
        let mut trial_norm = T::ONE / T::ZERO;
        if self.trial.iter().all(|x| x.is_finite()) {
            self.evaluations += 1;
            problem.evaluate(self.trial, self.trial_residual)?;
            trial_norm = backend.norm(self.trial_residual);
        }
        let number = T::from_f64;
        let comparable = number(0.1) * trial_norm < norm; // false for NaN
        let quotient = trial_norm / norm;
        let actual = if comparable { (T::ONE - quotient) * (T::ONE + quotient) } else { -T::ONE };
        let model = predicted_norm / norm;
        let damping = lambda.sqrt() * (step_norm / norm);
        let predicted = model * model + number(2.0) * damping * damping;
        let slope = -(model * model + damping * damping);
        let ratio = if predicted > T::ZERO { actual / predicted } else { T::ZERO };
        self.lambda = lambda;
        if ratio > number(0.25) {
            if lambda == T::ZERO || ratio >= number(0.75) {
                radius = number(2.0) * step_norm;
                self.lambda = number(0.5) * lambda;
            }
        } else {
            let half = number(0.5);
            let shrink = if actual >= T::ZERO { half } else { half * slope / (slope + half * actual) };
            let shrink = if comparable { shrink.max(number(0.1)) } else { number(0.1) };
            radius = shrink * radius.min(number(10.0) * step_norm);
            self.lambda = lambda / shrink;
        }
        self.radius = Some(radius);

        // Step 4
        let mut report = self.report(norm, LevenbergMarquardtStatus::Running);
        (report.lambda, report.ratio, report.step_norm) = (lambda, ratio, step_norm);
        if ratio >= number(1e-4) {
            copy(self.trial, x);
            copy(self.trial_residual, self.residual);
            (self.norm, self.factored) = (Some(trial_norm), false);
            report.value = half_square(trial_norm);
            report.accepted = true;
            scaled(self.scale, x, self.step);
            x_norm = backend.norm(self.step);
        }
        let small = self.options.value_tolerance.max(T::EPSILON);
        if actual.abs() <= small && predicted <= small && ratio <= number(2.0) {
            report.status = LevenbergMarquardtStatus::SmallDecrease;
        } else if radius <= self.options.step_tolerance.max(T::EPSILON) * x_norm {
            report.status = LevenbergMarquardtStatus::SmallRadius;
        }
        Ok(report)
    }

    /// The covariance of the parameters, s² (JᵀJ)⁻¹ at x, n × n: see [`least_squares_covariance`]. `variance` is that
    /// of the residuals where it is known (1 for residuals divided by their standard deviations); `None`: s² = ‖r‖²/(m
    /// − rank).
    ///
    /// x is mostly the result of a fit. Costs one evaluation of r and of J; the method can go on afterwards, from the x it
    /// knows. Errors: [`Error::Length`], [`Error::Shape`], those of [`least_squares_covariance`] and of the problem.
    pub fn covariance<B: Backend<T>>(
        &mut self,
        backend: &B,
        problem: &mut impl Residuals<T>,
        x: &[T],
        variance: Option<T>,
        covariance: MatMut<'_, T>,
    ) -> Result<CovarianceReport<T>, Error> {
        self.check(problem, x)?;
        let (m, n) = self.sizes;
        self.factored = false;
        problem.evaluate(x, self.trial_residual)?;
        problem.jacobian(x, self.trial_residual, self.jacobian)?;
        let jacobian = MatMut::new(self.jacobian, m, n)?;
        let work = self.work.get_mut(..least_squares_covariance_work_len(m, n)).unwrap_or_default();
        let residual = &*self.trial_residual;
        least_squares_covariance(backend, jacobian, residual, variance, covariance, self.permutation, work)
    }

    fn check(&self, problem: &impl Residuals<T>, x: &[T]) -> Result<(), Error> {
        let (m, n) = self.sizes;
        check_length("x", n, x.len())?;
        check_length("parameters of the problem", n, problem.params())?;
        check_length("residuals of the problem", m, problem.residuals())
    }

    /// A report without a trial.
    fn report(&self, norm: T, status: LevenbergMarquardtStatus) -> LevenbergMarquardtReport<T> {
        LevenbergMarquardtReport {
            value: half_square(norm),
            gradient_norm: self.gradient_norm,
            cosine: self.cosine,
            step_norm: T::ZERO,
            lambda: self.lambda,
            ratio: T::ZERO,
            radius: self.radius.unwrap_or(T::ZERO),
            accepted: false,
            evaluations: self.evaluations,
            jacobians: self.jacobians,
            status,
        }
    }

    /// Step 1; `false` when J is not finite.
    fn factor<B: Backend<T>>(
        &mut self,
        backend: &B,
        problem: &mut impl Residuals<T>,
        x: &[T],
        norm: T,
    ) -> Result<bool, Error> {
        let (m, n) = self.sizes;
        self.jacobians += 1;
        copy(self.residual, self.trial_residual);
        problem.jacobian(x, self.trial_residual, self.jacobian)?;
        let mut jacobian = MatMut::new(self.jacobian, m, n)?;
        for (column, scale) in jacobian.cols_mut().zip(self.scale.iter_mut()) {
            let length = backend.norm(column);
            if !length.is_finite() {
                return Ok(false);
            }
            // Zero only at the start: a D that is set stays positive.
            let floor = if *scale > T::ZERO { *scale } else { T::ONE };
            *scale = if *scale > T::ZERO || length == T::ZERO { length.max(floor) } else { length };
            column.iter_mut().for_each(|j| *j /= *scale);
        }
        let k = m.min(n);
        let (tau, work) = self.work.split_at_mut(k);
        if qr_pivoted_in_place(backend, jacobian.reborrow(), tau, self.permutation, work).is_err() {
            return Ok(false);
        }
        self.trial_residual.iter_mut().zip(&*self.residual).for_each(|(t, &r)| *t = -r);
        apply_qt_in_place(backend, jacobian.as_ref(), tau, MatMut::column_vector(self.trial_residual))?;
        self.target.fill(T::ZERO);
        self.target.iter_mut().zip(&*self.trial_residual).for_each(|(t, &q)| *t = q);

        // (J̃ᵀr) element by element, through R
        self.cosine = T::ZERO;
        for (j, &place) in self.permutation.iter().enumerate() {
            let column = jacobian.col(j).get(..(j + 1).min(k)).unwrap_or_default();
            let slope = backend.dot(column, self.target);
            let length = backend.norm(column);
            if length > T::ZERO && norm > T::ZERO {
                self.cosine = self.cosine.max((slope / length / norm).abs());
            }
            if let (Some(g), Some(&d)) = (self.step.get_mut(place), self.scale.get(place)) {
                *g = d * slope;
            }
        }
        self.gradient_norm = backend.norm(self.step);
        self.factored = true;
        Ok(true)
    }
}

/// ½ x²
fn half_square<T: Real>(x: T) -> T {
    T::from_f64(0.5) * x * x
}

/// out ← D x
fn scaled<T: Real>(scale: &[T], x: &[T], out: &mut [T]) {
    for ((out, &d), &x) in out.iter_mut().zip(scale).zip(x) {
        *out = d * x;
    }
}
