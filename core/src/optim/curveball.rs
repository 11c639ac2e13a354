//! CurveBall: heavy-ball momentum that is itself a running solution of the Newton system.
//!
//! For E(F(w, X), C) with Gauss–Newton matrix G = Jᵀ E″ J of the batch, H = G + λI, gradient g = Jᵀ E′, and the momentum z:
//!
//! ```text
//! Δ = H z + g                    one gradient step on ½ zᵀH z + gᵀz, started at the last z
//! z ← ρ z − β Δ,   w ← w + η z   (η = 1)
//! ```
//! ρ and β minimize the quadratic model over the plane of z and Δ:
//!
//! ```text
//! [ ΔᵀHΔ  zᵀHΔ ] [  β ]   [ gᵀΔ ]
//! [ zᵀHΔ  zᵀHz ] [ −ρ ] = [ gᵀz ]       predicted change M = −½ (β gᵀΔ − ρ gᵀz)
//! ```
//! The system is solved after scaling its diagonal to ones. For z = 0 (the first step), or when Δ and z are H-parallel to
//! working precision (1 − cos² ≤ 16 ε), ρ = 0 and β = gᵀΔ/ΔᵀHΔ. Every fifth step λ is adapted by the ratio
//! γ = (E(w_new) − E(w))/M on the *same* batch: γ < ½ divides it by 0.999⁵, γ > 3/2 multiplies it.
//!
//! [`CurveBall::step`] works on all weights of a network. [`CurveBall::step_objective`] is the same step on any [`Objective`]; with a
//! reduced one, [`VarProLeastSquares`](super::VarProLeastSquares) or [`VarProConvex`](super::VarProConvex), on θ alone with W
//! projected out. ARCHITECTURE.md says what that brings.
//!
//! Source: J. Henriques, S. Ehrhardt, S. Albanie, A. Vedaldi, "Small steps and giant leaps: minimal Newton solvers for deep
//! learning" (ICCV 2019), algorithm 1 and section 3.3. Cost of a step: one forward, one backward and two forward-mode passes
//! over the batch; one more forward pass where λ is adapted; one forward-mode pass less with fixed ρ and β. On an objective, whose
//! products come whole: value, gradient and two products, 6 passes.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Loss, Network, Point, Shape};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, Status, product, sum};
use crate::scalar::Real;

/// Options of [`CurveBall`]; the default is the published choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveBallOptions<T> {
    /// λ at the start; 1 suits losses of order 1, 10 deep networks without normalization.
    pub lambda: T,
    /// Adapt λ every fifth step.
    pub adapt_lambda: bool,
    /// η
    pub learning_rate: T,
    /// Fixed (ρ, β) instead of those of the 2 × 2 system.
    pub fixed: Option<(T, T)>,
    /// Decoupled weight decay: w ← (1 − η·decay) w before the step.
    pub weight_decay: T,
}

impl<T: Real> Default for CurveBallOptions<T> {
    /// λ = 1, adapted; η = 1; ρ and β automatic; no weight decay.
    fn default() -> Self {
        Self { lambda: T::ONE, adapt_lambda: true, learning_rate: T::ONE, fixed: None, weight_decay: T::ZERO }
    }
}

/// One step of [`CurveBall`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveBallReport<T> {
    /// E on the batch before the step.
    pub loss: T,
    /// ρ and β that were used.
    pub rho: T,
    /// See `rho`.
    pub beta: T,
    /// λ after the step.
    pub lambda: T,
    /// γ, where λ was adapted.
    pub ratio: Option<T>,
    /// ‖Δ‖ = ‖H z + λ z + g‖, what the momentum before the step leaves of the Newton system; ‖g‖ in the first step. The
    /// gradient itself is never formed: one backward pass gives the sum.
    pub residual_norm: T,
    /// Passes over batches so far.
    pub work_units: usize,
    /// [`Status::Running`], or [`Status::NonFinite`]: E, ρ, β or a new weight is not finite, w and z are as before the step.
    pub status: Status,
}

/// Length of the state of [`CurveBall`]: z.
pub const fn curveball_state_len(params: usize) -> usize {
    params
}

/// Length of the workspace of [`CurveBall::step`] for a batch.
pub const fn curveball_work_len(shape: Shape, samples: usize) -> usize {
    let features = product([6, shape.features, samples]);
    sum([shape.params, shape.cache.of(samples), shape.work.of(samples), features])
}

/// Length of the workspace of [`CurveBall::step_objective`].
pub const fn curveball_objective_work_len(params: usize) -> usize {
    product([4, params])
}

/// Steps between two adaptations of λ.
const INTERVAL: usize = 5;

/// The state: z over the caller's buffer, λ, the numbers of steps and passes.
#[derive(Clone, Debug)]
pub struct CurveBall<T, S> {
    options: CurveBallOptions<T>,
    z: S,
    lambda: T,
    steps: usize,
    work_units: usize,
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> CurveBall<T, S> {
    /// Starts with z = 0; `state` has as many elements as there are weights.
    pub fn new(options: CurveBallOptions<T>, mut state: S) -> Result<Self, Error> {
        if !(options.lambda >= T::ZERO && options.lambda.is_finite()) {
            return Err(Error::InvalidOption { what: "lambda >= 0" });
        }
        state.as_mut().fill(T::ZERO);
        Ok(Self { options, z: state, lambda: options.lambda, steps: 0, work_units: 0 })
    }

    /// z
    pub fn momentum(&self) -> &[T] {
        self.z.as_ref()
    }

    /// One step on the batch `x` (n_in × b), `c` (features × b, contiguous columns); `w` is updated in place.
    pub fn step<B: Backend<T>, N: Network<T>>(
        &mut self,
        backend: &B,
        network: &N,
        loss: &impl Loss,
        w: &mut [T],
        x: MatRef<'_, T>,
        c: MatRef<'_, T>,
        mut work: &mut [T],
    ) -> Result<CurveBallReport<T>, Error> {
        let (shape, n) = (network.shape(), x.cols());
        let m = shape.features;
        check_shape("targets", (m, n), c.shape())?;
        loss.check_samples(n)?;
        check_length("w", shape.params, w.len())?;
        check_length("state", shape.params, self.z.as_ref().len())?;
        check_workspace("work", curveball_work_len(shape, n), work.len())?;
        let mut next = |len| take("work", &mut work, len);
        let delta = next(shape.params)?;
        let cache = next(shape.cache.of(n))?;
        let (s, g, p) = (next(m * n)?, next(m * n)?, next(m * n)?);
        let (jz, hjz, jd) = (next(m * n)?, next(m * n)?, next(m * n)?);
        let z = self.z.as_ref();
        let lambda = self.lambda;

        // g and Δ = Jᵀ(E″ J z) + g + λ z, in one backward pass: the cotangents are added.
        network.forward(backend, w, x, MatMut::new(s, m, n)?, cache, work)?;
        let value = loss.gradient(MatRef::new(s, m, n)?, c, MatMut::new(g, m, n)?, MatMut::new(p, m, n)?);
        let point = Point { theta: w, x, cache };
        network.jvp(backend, point, z, None, MatMut::new(jz, m, n)?, work)?;
        loss.hessian_vector(MatRef::new(p, m, n)?, MatRef::new(jz, m, n)?, MatMut::new(hjz, m, n)?);
        s.iter_mut().zip(&*g).zip(&*hjz).for_each(|((s, &g), &h)| *s = g + h);
        backend.run(|| delta.iter_mut().zip(z).for_each(|(d, &z)| *d = lambda * z));
        network.vjp(backend, point, MatRef::new(s, m, n)?, delta, None, work)?;

        let residual_norm = backend.norm(delta);
        let (rho, beta, predicted) = match self.options.fixed {
            Some((rho, beta)) => (rho, beta, None),
            None => {
                network.jvp(backend, point, delta, None, MatMut::new(jd, m, n)?, work)?;
                loss.hessian_vector(MatRef::new(p, m, n)?, MatRef::new(jd, m, n)?, MatMut::new(s, m, n)?);
                let a = Plane {
                    dd: backend.dot(jd, s) + lambda * residual_norm * residual_norm,
                    dz: backend.dot(jz, s) + lambda * backend.dot(delta, z),
                    zz: backend.dot(jz, hjz) + lambda * backend.dot(z, z),
                    gd: backend.dot(g, jd),
                    gz: backend.dot(g, jz),
                };
                let (rho, beta) = a.minimize();
                (rho, beta, Some(-T::from_f64(0.5) * (beta * a.gd - rho * a.gz)))
            }
        };

        self.work_units = self.work_units.saturating_add(if predicted.is_some() { 4 } else { 3 });
        let moved = self.advance(backend, rho, beta, delta, w, value);
        let mut report = self.report(value, residual_norm);
        (report.rho, report.beta) = (rho, beta);
        if !moved {
            report.status = Status::NonFinite;
            return Ok(report);
        }
        if let (true, Some(predicted)) = (self.adapts(), predicted) {
            network.forward(backend, w, x, MatMut::new(s, m, n)?, cache, work)?;
            let new = loss.value(MatRef::new(s, m, n)?, c);
            report.ratio = Some(self.adapt_lambda((new - value) / predicted));
            (report.lambda, report.work_units) = (self.lambda, self.work_units);
        }
        self.steps = self.steps.saturating_add(1);
        Ok(report)
    }

    /// One step on `objective`, whose value may be that of a batch; `w` is updated in place.
    ///
    /// `work` has [`curveball_objective_work_len`] elements. With the data of a batch and all weights it is the step of
    /// [`step`](Self::step), at 6 passes for its 4. Errors: [`Error::Length`], [`Error::Workspace`], and those of the objective.
    ///
    /// ```
    /// use gaussling_core::nn::{Affine, Layer, LeastSquares, Tikhonov};
    /// use gaussling_core::optim::{CurveBall, CurveBallOptions, FullObjective, curveball_objective_work_len, full_objective_work_len};
    /// use gaussling_core::{MatRef, Portable};
    /// // The line through (0, 1) and (1, 3).
    /// let (x, c) = (MatRef::new(&[0.0, 1.0], 1, 2)?, MatRef::new(&[1.0, 3.0], 1, 2)?);
    /// let (net, mut buffer, mut work) = (Affine::<1, 1>, [0.0; full_objective_work_len(Affine::<1, 1>::SHAPE, 2)], [0.0; curveball_objective_work_len(2)]);
    /// let mut objective = FullObjective::new(&net, LeastSquares, Tikhonov { alpha: 0.0 }, &Portable, x, c, &mut buffer)?;
    /// let (mut method, mut w) = (CurveBall::new(CurveBallOptions { lambda: 1e-6, ..Default::default() }, [0.0; 2])?, [0.0; 2]);
    /// for _ in 0..10 {
    ///     method.step_objective(&Portable, &mut objective, &mut w, &mut work)?;
    /// }
    /// assert!((w[0] - 2.0_f64).abs() < 1e-4 && (w[1] - 1.0_f64).abs() < 1e-4);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn step_objective<B: Backend<T>>(
        &mut self,
        backend: &B,
        objective: &mut impl Objective<T>,
        w: &mut [T],
        mut work: &mut [T],
    ) -> Result<CurveBallReport<T>, Error> {
        let params = objective.params();
        check_length("w", params, w.len())?;
        check_length("state", params, self.z.as_ref().len())?;
        check_workspace("work", curveball_objective_work_len(params), work.len())?;
        let mut next = || take("work", &mut work, params);
        let (gradient, delta, hz, hd) = (next()?, next()?, next()?, next()?);
        let lambda = self.lambda;
        let value = objective.value_and_gradient(w, gradient)?;
        let mut passes = 2;
        if !value.is_finite() {
            self.work_units = self.work_units.saturating_add(passes);
            return Ok(CurveBallReport { status: Status::NonFinite, ..self.report(value, T::ZERO) });
        }
        // Δ = H z + λ z + g; no product in the first step, where z = 0.
        let z = self.z.as_ref();
        if z.iter().all(|z| z.is_zero()) {
            hz.fill(T::ZERO);
        } else {
            objective.product(z, hz)?;
            passes += 2;
        }
        backend.run(|| {
            for (((h, &z), d), &g) in hz.iter_mut().zip(z).zip(&mut *delta).zip(&*gradient) {
                *h += lambda * z;
                *d = *h + g;
            }
        });
        let residual_norm = backend.norm(delta);
        let (rho, beta, predicted) = match self.options.fixed {
            Some((rho, beta)) => (rho, beta, None),
            None => {
                objective.product(delta, hd)?;
                passes += 2;
                backend.axpy(lambda, delta, hd);
                let a = Plane {
                    dd: backend.dot(delta, hd),
                    dz: backend.dot(delta, hz),
                    zz: backend.dot(z, hz),
                    gd: backend.dot(gradient, delta),
                    gz: backend.dot(gradient, z),
                };
                let (rho, beta) = a.minimize();
                (rho, beta, Some(-T::from_f64(0.5) * (beta * a.gd - rho * a.gz)))
            }
        };
        self.work_units = self.work_units.saturating_add(passes);
        let mut report = self.report(value, residual_norm);
        (report.rho, report.beta) = (rho, beta);
        if !self.advance(backend, rho, beta, delta, w, value) {
            report.status = Status::NonFinite;
            return Ok(report);
        }
        if let (true, Some(predicted)) = (self.adapts(), predicted) {
            report.ratio = Some(self.adapt_lambda((objective.value(w)? - value) / predicted));
            (report.lambda, report.work_units) = (self.lambda, self.work_units);
        }
        self.steps = self.steps.saturating_add(1);
        Ok(report)
    }

    /// A step that does nothing.
    fn report(&self, loss: T, residual_norm: T) -> CurveBallReport<T> {
        CurveBallReport {
            loss,
            rho: T::ZERO,
            beta: T::ZERO,
            lambda: self.lambda,
            ratio: None,
            residual_norm,
            work_units: self.work_units,
            status: Status::Running,
        }
    }

    /// z ← ρ z − β Δ, w ← (1 − η·decay) w + η z, if E and all of these are finite; else nothing moves. Whether they are.
    ///
    /// Two passes over three vectors: computing the new numbers twice takes less than to keep and to copy them.
    fn advance(&mut self, backend: &impl Backend<T>, rho: T, beta: T, delta: &[T], w: &mut [T], value: T) -> bool {
        let eta = self.options.learning_rate;
        let keep = T::ONE - eta * self.options.weight_decay;
        let z = self.z.as_mut();
        let step = |z: T, d: T, w: T| {
            let z = rho * z - beta * d;
            (z, keep * w + eta * z)
        };
        let finite = backend.run(|| {
            z.iter().zip(delta).zip(&*w).fold(value.is_finite(), |finite, ((&z, &d), &w)| {
                let (z, w) = step(z, d, w);
                finite & z.is_finite() & w.is_finite()
            })
        });
        if finite {
            backend.run(|| z.iter_mut().zip(delta).zip(w).for_each(|((z, &d), w)| (*z, *w) = step(*z, d, *w)));
        }
        finite
    }

    fn adapts(&self) -> bool {
        self.options.adapt_lambda && self.steps.is_multiple_of(INTERVAL)
    }

    /// λ after γ = `ratio`, which is given back and took one pass.
    fn adapt_lambda(&mut self, ratio: T) -> T {
        self.work_units = self.work_units.saturating_add(1);
        let factor = T::from_f64(0.999).powi(INTERVAL as i32);
        if ratio < T::from_f64(0.5) {
            self.lambda /= factor;
        } else if ratio > T::from_f64(1.5) {
            self.lambda *= factor;
        }
        ratio
    }
}

/// z, λ and the numbers of steps and passes.
impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for CurveBall<T, S> {
    fn tag(&self) -> usize {
        3
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.steps);
        out.count(self.work_units);
        out.number(self.lambda);
        out.numbers(self.z.as_ref());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.steps = from.count(usize::MAX)?;
        self.work_units = from.count(usize::MAX)?;
        self.lambda = from.number();
        from.numbers(self.z.as_mut());
        Ok(())
    }
}

/// The quadratic model on the plane of Δ and z: ΔᵀHΔ, ΔᵀHz, zᵀHz, gᵀΔ, gᵀz.
struct Plane<T> {
    dd: T,
    dz: T,
    zz: T,
    gd: T,
    gz: T,
}

impl<T: Real> Plane<T> {
    /// (ρ, β) of the minimum; ρ = 0 when the plane is only the line of Δ, both 0 when it is nothing.
    fn minimize(&self) -> (T, T) {
        let positive = |x: T| x > T::ZERO && x <= T::MAX;
        if !positive(self.dd) {
            return (T::ZERO, T::ZERO);
        }
        let line = (T::ZERO, self.gd / self.dd);
        if !positive(self.zz) {
            return line;
        }
        // Scaled to ones on the diagonal: [1 c; c 1] [b; r] = [gd/√dd; gz/√zz].
        let (root_d, root_z) = (self.dd.sqrt(), self.zz.sqrt());
        let cosine = self.dz / root_d / root_z;
        let sine2 = (T::ONE - cosine) * (T::ONE + cosine);
        let independent = sine2 > T::from_f64(16.0) * T::EPSILON;
        if !independent {
            return line;
        }
        let (gd, gz) = (self.gd / root_d, self.gz / root_z);
        (-(gz - cosine * gd) / sine2 / root_z, (gd - cosine * gz) / sine2 / root_d)
    }
}

#[cfg(test)]
mod tests {
    use super::{CurveBall, CurveBallOptions, Plane, curveball_objective_work_len};
    use crate::Portable;
    use crate::optim::Status;
    use crate::optim::objective_tests::{Function, Logged, quadratic};

    /// A quadratic function with H = diag(1, 2, 3, …) is its own model: γ = 1 where λ is small, in the first step and in the
    /// sixth, whose z is not zero; with steps of half the length γ = 1 − ¼. Work units are those of the calls.
    #[test]
    fn a_quadratic_function_falls_as_predicted() {
        let (h, x) = (|e: usize| if e % 9 == e / 9 { (e % 9 + 1) as f64 } else { 0.0 }, [1.0, -2.0, 3.0].repeat(3));
        let f = quadratic((0..81).map(h).collect(), x, 5.0);
        for (learning_rate, expected) in [(1.0, 1.0), (0.5, 0.75)] {
            let (mut objective, mut work) = (Logged::new(&f, 9), [0.0; curveball_objective_work_len(9)]);
            let options = CurveBallOptions { lambda: 1e-12, learning_rate, ..CurveBallOptions::default() };
            let mut method = CurveBall::new(options, [0.0; 9]).unwrap();
            let (mut w, mut last) = ([0.0; 9], f64::INFINITY);
            for k in 0..7 {
                let report = method.step_objective(&Portable, &mut objective, &mut w, &mut work).unwrap();
                assert_eq!((report.work_units, report.ratio.is_some()), (objective.units(), k % 5 == 0));
                let ratio = report.ratio.unwrap_or(expected);
                assert!(report.loss < last && (ratio - expected).abs() < 1e-6, "{k}: {report:?}");
                assert_eq!(report.lambda, 1e-12, "in the middle it stays");
                last = report.loss;
            }
            assert!(last > 5.001, "{last}: not there yet");
        }
    }

    #[test]
    fn a_value_that_is_not_finite_moves_nothing() {
        let f: Function = std::boxed::Box::new(|w| (w[0].sqrt(), std::vec![1.0], std::vec![1.0]));
        let (mut objective, mut work) = (Logged::new(&f, 1), [0.0; curveball_objective_work_len(1)]);
        let mut method = CurveBall::new(CurveBallOptions::default(), [0.0]).unwrap();
        let mut w = [-1.0];
        let report = method.step_objective(&Portable, &mut objective, &mut w, &mut work).unwrap();
        assert_eq!((report.status, report.work_units), (Status::NonFinite, 2));
        assert_eq!((w, method.momentum()), ([-1.0], &[0.0][..]));
    }

    /// z ← ρ z − β Δ, w ← (1 − η·decay) w + η z by hand, and nothing moves where a number is not finite.
    #[test]
    fn a_move_by_hand() {
        let options = CurveBallOptions { learning_rate: 0.5, weight_decay: 0.25, ..CurveBallOptions::default() };
        let mut method = CurveBall::new(options, [0.0; 2]).unwrap();
        method.z = [1.0, -2.0];
        let mut w = [8.0, 16.0];
        assert!(method.advance(&Portable, 0.5, 0.25, &[4.0, 8.0], &mut w, 1.0));
        assert_eq!((method.z, w), ([-0.5, -3.0], [6.75, 12.5]));
        for (delta, value) in [(f64::NAN, 1.0), (0.0, f64::NAN), (f64::MAX, 1.0)] {
            assert!(!method.advance(&Portable, 0.5, 4.0, &[delta, 0.0], &mut w, value), "{delta} {value}");
            assert!(!method.advance(&Portable, 0.5, 4.0, &[0.0, delta], &mut w, value), "{delta} {value}");
            assert_eq!((method.z, w), ([-0.5, -3.0], [6.75, 12.5]));
        }
    }

    /// λ grows for γ < ½, falls for γ > 1½, and stays at both.
    #[test]
    fn lambda_follows_the_ratio() {
        for (ratio, exponent) in [(0.49, -5), (0.5, 0), (1.0, 0), (1.5, 0), (1.51, 5), (-3.0, -5)] {
            let options = CurveBallOptions { lambda: 2.0, ..CurveBallOptions::default() };
            let mut method = CurveBall::new(options, [0.0; 1]).unwrap();
            assert_eq!(method.adapt_lambda(ratio), ratio);
            let expected = 2.0 * libm::pow(0.999, f64::from(exponent));
            assert!((method.lambda / expected - 1.0).abs() < 1e-15 && method.work_units == 1, "{ratio}");
        }
    }

    /// The gradient of the model vanishes at (β, −ρ), at scales whose products would overflow.
    #[test]
    fn the_plane_is_minimized_at_any_scale() {
        for scale in [1e-150, 1.0, 1e150_f64] {
            let a = Plane { dd: 4.0 * scale, dz: 1.0, zz: 3.0 / scale, gd: 5.0, gz: -7.0 / scale };
            let (rho, beta) = a.minimize();
            assert!((a.dd * beta - a.dz * rho - a.gd).abs() < 1e-13 * a.gd.abs());
            assert!((a.dz * beta - a.zz * rho - a.gz).abs() < 1e-13 * a.gz.abs());
        }
    }

    #[test]
    fn degenerate_planes_are_lines_or_points() {
        let line = Plane { dd: 2.0, dz: 0.0, zz: 0.0, gd: 3.0, gz: 0.0 };
        assert_eq!(line.minimize(), (0.0, 1.5));
        let parallel = Plane { dd: 2.0, dz: 4.0, zz: 8.0, gd: 3.0, gz: 6.0 };
        assert_eq!(parallel.minimize(), (0.0, 1.5));
        let nothing = Plane { dd: 0.0, dz: 0.0, zz: 0.0, gd: 0.0, gz: 0.0 };
        assert_eq!(nothing.minimize(), (0.0, 0.0));
        let nan = Plane { dd: f64::NAN, dz: 0.0, zz: 1.0, gd: 1.0, gz: 1.0 };
        assert_eq!(nan.minimize(), (0.0, 0.0));
    }
}
