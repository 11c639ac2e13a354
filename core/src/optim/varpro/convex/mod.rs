//! The reduced objective of a convex loss E of the scores S = W Zh (softmax cross-entropy, logistic, …)
//!
//! ```text
//! Φ(θ) = min_W E(W Zh, C) + α/2 ‖W‖² + R(θ),   Zh = [F(θ, X); 1ᵀ],   α > 0
//! ```
//!
//! Inner problem: strictly convex in W (outputs × k, k = features + 1); Newton's method with the full Hessian, by a Cholesky factor
//! that is kept for as long as it preconditions well (file `hessian.rs`)
//!
//! ```text
//! H_W[V] = E″[V Zh] Zhᵀ + α V        ((outputs·k) × (outputs·k))
//! ```
//! and backtracking, started at the last W that was found; it stops when ‖∇_W‖ ≤ tolerance·max(1, ‖∇_W at W = 0‖), or when
//! the decrease that the model predicts is below the rounding error of E. Gradient: g = J_Zᵀ W_zᵀ G + R′(θ), G = ∂E/∂S.
//!
//! Gauss–Newton product, consistent with the least-squares one (the published code drops the α-term for cross-entropy): with
//! dZ = J_Z v and D = E″,
//!
//! ```text
//! dW = −H_W⁻¹( D[W_z dZ] Zhᵀ + G [dZ; 0]ᵀ ),      dS = W_z dZ + dW Zh
//! H v = dSᵀ-adjoint of D[dS]  +  α · dWᵀ-adjoint of dW  +  R″ v
//!     = J_Zᵀ( W_zᵀ (Q − D[U Zh]) − U_zᵀ G ) + R″ v,      Q = D[dS],  U = H_W⁻¹( Q Zhᵀ + α dW )
//! ```
//! Source: E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (2021), section 3.2; the Cholesky
//! factor takes the place of their Krylov pseudo-inverse. Cost beside the network's passes: 4·outputs·k·N flops for each of the 1
//! to 20 iterations of an inner step, and outputs²·k²·N/2 + (outputs·k)³/3 for a new factor, which the first product at a point and
//! an inner step of more iterations ask for.

mod hessian;
#[cfg(test)]
mod tests;

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, take};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Loss, Network, Point, Regularizer, Shape};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, product, sum};
use crate::scalar::Real;

/// How the last inner solve ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerReport<T> {
    /// Newton steps taken, at most 100.
    pub iterations: usize,
    /// ‖∇_W‖ at the W that is used.
    pub gradient_norm: T,
    /// Whether ‖∇_W‖ reached the tolerance; otherwise rounding stopped the descent, or the features were not finite.
    pub converged: bool,
}

/// Inner Newton steps allowed at one θ.
const MAX_INNER: usize = 100;

/// Φ over the caller's data and buffer.
#[derive(Debug)]
pub struct VarProConvex<'a, T, N, L, R, B> {
    network: &'a N,
    loss: L,
    regularizer: R,
    alpha: T,
    tolerance: T,
    backend: &'a B,
    x: MatRef<'a, T>,
    c: MatRef<'a, T>,
    theta: &'a mut [T],
    cache: &'a mut [T],
    work: &'a mut [T],
    /// Zh: k × N
    zh: &'a mut [T],
    /// dZ and cotangents: features × N
    dz: &'a mut [T],
    /// k × N
    weighted: &'a mut [T],
    /// outputs × k, each
    w: &'a mut [T],
    w_before: &'a mut [T],
    gradient_w: &'a mut [T],
    step: &'a mut [T],
    /// outputs × N, each: scores, G = ∂E/∂S, P of the loss, and three more. Iterative solves use `s`
    /// and `image`.
    s: &'a mut [T],
    g: &'a mut [T],
    p: &'a mut [T],
    a: &'a mut [T],
    b: &'a mut [T],
    image: &'a mut [T],
    /// outputs × k, each, of the iterative inner solves.
    residual_w: &'a mut [T],
    direction: &'a mut [T],
    solution: &'a mut [T],
    /// (outputs·k)², the Cholesky factor of H_W in its lower triangle; or those of its diagonal blocks, outputs of k × k.
    h: &'a mut [T],
    /// k × k
    block: &'a mut [T],
    data_loss: T,
    inner: InnerReport<T>,
    /// Order of the largest H_W that is factored as a whole.
    largest_factored: usize,
    /// Whether `h` holds a factor, of this or an earlier W.
    has_factor: bool,
    /// Whether `h` holds the factor at the solution; it is made when the first product asks for it.
    factored: bool,
}

/// Length of the buffer of a [`VarProConvex`].
pub const fn varpro_convex_work_len(shape: Shape, outputs: usize, samples: usize) -> usize {
    let k = sum([shape.features, 1]);
    sum([
        shape.params,
        shape.cache.of(samples),
        shape.work.of(samples),
        product([sum([k, k, shape.features]), samples]),
        product([7, outputs, k]),
        product([6, outputs, samples]),
        hessian::factor_len(outputs, k),
        product([k, k]),
    ])
}

impl<'a, T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> VarProConvex<'a, T, N, L, R, B> {
    /// Sets the problem up: inputs `x` (n_in × N), targets `c` (outputs × N), α > 0 for W, `regularizer` for θ; `tolerance`
    /// for the inner gradient (1e-10 is good in f64, 1e-5 in f32). W starts at 0.
    pub fn new(
        network: &'a N,
        loss: L,
        regularizer: R,
        alpha: T,
        tolerance: T,
        backend: &'a B,
        x: MatRef<'a, T>,
        c: MatRef<'a, T>,
        mut buffer: &'a mut [T],
    ) -> Result<Self, Error> {
        let (shape, samples, outputs) = (network.shape(), x.cols(), c.rows());
        check_shape("inputs", (shape.inputs, samples), x.shape())?;
        check_shape("targets", (outputs, samples), c.shape())?;
        loss.check_samples(samples)?;
        if !(alpha > T::ZERO && alpha.is_finite()) {
            return Err(Error::InvalidOption { what: "alpha > 0" });
        }
        if !(tolerance > T::ZERO && tolerance.is_finite()) {
            return Err(Error::InvalidOption { what: "tolerance > 0" });
        }
        if samples == 0 {
            return Err(Error::InvalidOption { what: "at least one sample" });
        }
        if !c.has_contiguous_cols() {
            return Err(Error::InvalidOption { what: "targets with contiguous columns" });
        }
        let needed = varpro_convex_work_len(shape, outputs, samples);
        crate::error::check_workspace("buffer", needed, buffer.len())?;
        let k = shape.features + 1;
        let mut next = |len| take("buffer", &mut buffer, len);
        let problem = Self {
            network,
            loss,
            regularizer,
            alpha,
            tolerance,
            backend,
            x,
            c,
            theta: next(shape.params)?,
            cache: next(shape.cache.of(samples))?,
            work: next(shape.work.of(samples))?,
            zh: next(k * samples)?,
            dz: next(shape.features * samples)?,
            weighted: next(k * samples)?,
            w: next(outputs * k)?,
            w_before: next(outputs * k)?,
            gradient_w: next(outputs * k)?,
            step: next(outputs * k)?,
            s: next(outputs * samples)?,
            g: next(outputs * samples)?,
            p: next(outputs * samples)?,
            a: next(outputs * samples)?,
            b: next(outputs * samples)?,
            image: next(outputs * samples)?,
            residual_w: next(outputs * k)?,
            direction: next(outputs * k)?,
            solution: next(outputs * k)?,
            h: next(hessian::factor_len(outputs, k))?,
            block: next(k * k)?,
            data_loss: T::ZERO,
            inner: InnerReport { iterations: 0, gradient_norm: T::ZERO, converged: false },
            largest_factored: hessian::LARGEST_FACTORED,
            has_factor: false,
            factored: false,
        };
        problem.w.fill(T::ZERO);
        problem.theta.fill(T::ZERO);
        Ok(problem)
    }

    /// W (outputs × (features + 1)) of the last evaluation.
    pub fn weights(&self) -> &[T] {
        self.w
    }

    /// E, without regularization, of the last evaluation.
    pub fn data_loss(&self) -> T {
        self.data_loss
    }

    /// How the last inner solve ended.
    pub fn inner(&self) -> InnerReport<T> {
        self.inner
    }

    /// (N, outputs, features, k)
    fn sizes(&self) -> (usize, usize, usize, usize) {
        let features = self.network.shape().features;
        (self.x.cols(), self.c.rows(), features, features + 1)
    }

    /// E + α/2 ‖W‖² at the present W; leaves S.
    fn inner_value(&mut self) -> Result<T, Error> {
        let (n, m, _, k) = self.sizes();
        let (w, zh) = (MatRef::new(self.w, m, k)?, MatRef::new(self.zh, k, n)?);
        self.backend.gemm(T::ONE, w, zh, T::ZERO, MatMut::new(self.s, m, n)?)?;
        self.data_loss = self.loss.value(MatRef::new(self.s, m, n)?, self.c);
        Ok(self.data_loss + T::from_f64(0.5) * self.alpha * self.backend.dot(self.w, self.w))
    }

    /// G, P and ∇_W = G Zhᵀ + α W at the present S and W; returns ‖∇_W‖.
    fn inner_gradient(&mut self) -> Result<T, Error> {
        let (n, m, _, k) = self.sizes();
        let s = MatRef::new(self.s, m, n)?;
        self.loss.gradient(s, self.c, MatMut::new(self.g, m, n)?, MatMut::new(self.p, m, n)?);
        copy(self.w, self.gradient_w);
        let (g, zh) = (MatRef::new(self.g, m, n)?, MatRef::new(self.zh, k, n)?);
        self.backend.gemm(T::ONE, g, zh.transpose(), self.alpha, MatMut::new(self.gradient_w, m, k)?)?;
        Ok(self.backend.norm(self.gradient_w))
    }

    /// W ← W_before − length·step, and its value.
    fn try_step(&mut self, length: T) -> Result<T, Error> {
        for ((w, &before), &step) in self.w.iter_mut().zip(&*self.w_before).zip(&*self.step) {
            *w = before - length * step;
        }
        self.inner_value()
    }

    /// Features at θ, ones below them; `false` when they are not finite.
    fn features(&mut self, theta: &[T]) -> Result<bool, Error> {
        check_length("theta", self.theta.len(), theta.len())?;
        copy(theta, self.theta);
        let (n, _, features, k) = self.sizes();
        let mut zh = MatMut::new(self.zh, k, n)?;
        let z = zh.reborrow().block(0, 0, features, n)?;
        self.network.forward(self.backend, self.theta, self.x, z, self.cache, self.work)?;
        zh.cols_mut().for_each(|column| column.iter_mut().skip(features).for_each(|one| *one = T::ONE));
        Ok(self.zh.iter().all(|z| z.is_finite()))
    }

    /// Newton's method for W at θ; leaves G and P at the solution. `None` when nothing finite came out.
    fn solve(&mut self, theta: &[T]) -> Result<Option<T>, Error> {
        self.inner = InnerReport { iterations: 0, gradient_norm: T::ZERO, converged: false };
        self.factored = false;
        if !self.features(theta)? {
            return Ok(None);
        }
        // At W = 0: the scale of the gradient, and the value that a warm start must not exceed.
        copy(self.w, self.w_before);
        self.w.fill(T::ZERO);
        let at_zero = self.inner_value()?;
        let scale = self.inner_gradient()?.max(T::ONE);
        copy(self.w_before, self.w);
        let mut value = self.inner_value()?;
        if value.partial_cmp(&at_zero).is_none_or(core::cmp::Ordering::is_gt) {
            self.w.fill(T::ZERO);
            value = self.inner_value()?;
        }
        loop {
            self.inner.gradient_norm = self.inner_gradient()?;
            self.inner.converged = self.inner.gradient_norm <= self.tolerance * scale;
            if !self.inner.gradient_norm.is_finite() {
                return Ok(None);
            }
            if self.inner.converged || self.inner.iterations >= MAX_INNER {
                break;
            }
            if self.newton_step(self.inner.gradient_norm / scale).is_err() {
                return Ok(None);
            }
            let slope = self.backend.dot(self.gradient_w, self.step);
            copy(self.w, self.w_before);
            self.inner.iterations += 1;
            // The model predicts a decrease of slope/2. Below the rounding error of the value no test of it means anything:
            // one last full step, which near the solution squares the error, and that is all that can be had.
            if slope <= T::from_f64(8.0) * T::EPSILON * value.abs() {
                value = self.try_step(T::ONE)?;
                self.inner.gradient_norm = self.inner_gradient()?;
                self.inner.converged = self.inner.gradient_norm <= self.tolerance * scale;
                break;
            }
            let mut length = T::ONE;
            let mut trial = self.try_step(length)?;
            let armijo = T::from_f64(1e-4);
            let rises = |trial: T, length: T| {
                trial.partial_cmp(&(value - armijo * length * slope)).is_none_or(core::cmp::Ordering::is_gt)
            };
            while rises(trial, length) && length > T::from_f64(1e-10) {
                length *= T::from_f64(0.5);
                trial = self.try_step(length)?;
            }
            if rises(trial, length) {
                // The step is no descent, by rounding alone. The next one would be the same: W before it is all that can be had.
                copy(self.w_before, self.w);
                value = self.inner_value()?;
                self.inner_gradient()?;
                break;
            }
            value = trial;
        }
        let total = value + self.regularizer.value(self.theta);
        Ok(total.is_finite().then_some(total))
    }
}

/// Value and gradient cost one forward and one backward pass; a product one forward-mode and one backward pass. The inner
/// solve is extra.
impl<T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> Objective<T>
    for VarProConvex<'_, T, N, L, R, B>
{
    fn params(&self) -> usize {
        self.theta.len()
    }

    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        Ok(self.solve(theta)?.unwrap_or(T::ONE / T::ZERO))
    }

    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        check_length("gradient", self.theta.len(), gradient.len())?;
        gradient.fill(T::ZERO);
        let (n, m, features, k) = self.sizes();
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let g = MatRef::new(self.g, m, n)?;
        self.backend.gemm(T::ONE, wz.transpose(), g, T::ZERO, MatMut::new(self.dz, features, n)?)?;
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        let cotangent = MatRef::new(self.dz, features, n)?;
        self.network.vjp(self.backend, point, cotangent, gradient, None, self.work)?;
        self.regularizer.add_product(self.theta, gradient);
        Ok(())
    }

    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        check_length("v", self.theta.len(), v.len())?;
        check_length("hv", self.theta.len(), hv.len())?;
        self.prepare_hessian()?;
        let (n, m, features, k) = self.sizes();
        let backend = self.backend;
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        self.network.jvp(backend, point, v, None, MatMut::new(self.dz, features, n)?, self.work)?;
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let (zh, g, p) = (MatRef::new(self.zh, k, n)?, MatRef::new(self.g, m, n)?, MatRef::new(self.p, m, n)?);
        // a = W_z dZ;  b = D[a];  dW = −H⁻¹(b Zhᵀ + G [dZ; 0]ᵀ)
        backend.gemm(T::ONE, wz, MatRef::new(self.dz, features, n)?, T::ZERO, MatMut::new(self.a, m, n)?)?;
        self.loss.hessian_vector(p, MatRef::new(self.a, m, n)?, MatMut::new(self.b, m, n)?);
        let mut step = MatMut::new(self.step, m, k)?;
        backend.gemm(-T::ONE, MatRef::new(self.b, m, n)?, zh.transpose(), T::ZERO, step.reborrow())?;
        let dz = MatRef::new(self.dz, features, n)?;
        backend.gemm(-T::ONE, g, dz.transpose(), T::ONE, step.columns(0, features)?)?;
        self.solve_hessian()?;
        // dS = a + dW Zh in a;  Q = D[dS] in b
        let (zh, p) = (MatRef::new(self.zh, k, n)?, MatRef::new(self.p, m, n)?);
        backend.gemm(T::ONE, MatRef::new(self.step, m, k)?, zh, T::ONE, MatMut::new(self.a, m, n)?)?;
        self.loss.hessian_vector(p, MatRef::new(self.a, m, n)?, MatMut::new(self.b, m, n)?);
        // U = H⁻¹(Q Zhᵀ + α dW) in step
        let q = MatRef::new(self.b, m, n)?;
        backend.gemm(T::ONE, q, zh.transpose(), self.alpha, MatMut::new(self.step, m, k)?)?;
        self.solve_hessian()?;
        // Q − D[U Zh] in b, with U Zh in s (not needed any more at this point) and its image in a
        let (zh, p) = (MatRef::new(self.zh, k, n)?, MatRef::new(self.p, m, n)?);
        backend.gemm(T::ONE, MatRef::new(self.step, m, k)?, zh, T::ZERO, MatMut::new(self.s, m, n)?)?;
        self.loss.hessian_vector(p, MatRef::new(self.s, m, n)?, MatMut::new(self.a, m, n)?);
        backend.axpy(-T::ONE, self.a, self.b);
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let uz = MatRef::new(self.step, m, k)?.columns(0, features)?;
        let g = MatRef::new(self.g, m, n)?;
        let mut cotangent = MatMut::new(self.dz, features, n)?;
        backend.gemm(T::ONE, wz.transpose(), MatRef::new(self.b, m, n)?, T::ZERO, cotangent.reborrow())?;
        backend.gemm(-T::ONE, uz.transpose(), g, T::ONE, cotangent)?;
        hv.fill(T::ZERO);
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        self.network.vjp(backend, point, MatRef::new(self.dz, features, n)?, hv, None, self.work)?;
        self.regularizer.add_product(v, hv);
        Ok(())
    }
}

/// θ of the last evaluation, the W found there, from which the next inner solve starts, and the factor that preconditions it, by
/// far the largest part. To restore costs one forward pass; the caches have the same bits again.
impl<T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> SaveState<T>
    for VarProConvex<'_, T, N, L, R, B>
{
    fn tag(&self) -> usize {
        11
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.flag(self.inner.converged);
        out.count(self.inner.iterations);
        out.numbers(&[self.inner.gradient_norm, self.data_loss]);
        out.numbers(self.w);
        out.flag(self.has_factor);
        out.flag(self.factored);
        out.numbers(self.h);
        out.numbers(self.theta);
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        let (converged, iterations) = (from.flag()?, from.count(MAX_INNER)?);
        self.inner = InnerReport { iterations, gradient_norm: from.number(), converged };
        let data_loss = from.number();
        from.numbers(self.w);
        (self.has_factor, self.factored) = (from.flag()?, from.flag()?);
        from.numbers(self.h);
        // Where the features are not finite no product will be asked for.
        let theta = from.slice(self.theta.len());
        if self.features(theta)? {
            self.inner_value()?;
            self.inner_gradient()?;
        }
        self.data_loss = data_loss;
        Ok(())
    }
}
