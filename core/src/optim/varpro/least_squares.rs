//! The reduced least-squares objective
//!
//! ```text
//! Φ(θ) = min_W 1/(2N) ‖W Zh − C‖² + α/2 ‖W‖² + R(θ),   Zh = [F(θ, X); 1ᵀ]
//! ```
//! over W (outputs × k), k = features + 1.
//!
//! Method. With Z̃ = Zh/√N and C̃ = C/√N the inner problem is solved through the QR factorization of the *augmented* matrix,
//! which never forms the normal matrix Z̃Z̃ᵀ and so does not square its condition:
//!
//! ```text
//! [ Z̃ᵀ  ]   [ Q₁ ]
//! [ √α I ] = [ Q₂ ] R,      M = Z̃Z̃ᵀ + αI = RᵀR,      W = C̃ Q₁ R⁻ᵀ,      r = W Z̃ − C̃
//! ```
//! Gradient (W is optimal, so its derivative drops out; "envelope theorem"): g = J_Zᵀ(W_zᵀ r)/√N + R′(θ), where W_z is W
//! without its bias column and J_Z v = ∂F/∂θ·v.
//!
//! Gauss–Newton product, for the stacked residual [vec r; √α vec W]: with A = W_z dZ̃, dZ̃ = J_Z v/√N, and F = r [dZ̃; 0]ᵀ,
//!
//! ```text
//! dW = −(A Z̃ᵀ + F) M⁻¹ = −(A Q₁ + F R⁻¹) R⁻ᵀ
//! dr = A + dW Z̃         = A − (A Q₁ + F R⁻¹) Q₁ᵀ
//! ```
//! Applying the transpose of the same map to (dr, α dW) needs Y = (dr Z̃ᵀ + α dW) M⁻¹. Because Q₁ᵀQ₁ + Q₂ᵀQ₂ = I and
//! Q₂ = √α R⁻¹, that collapses to Y = −F R⁻¹R⁻ᵀ, and
//!
//! ```text
//! H v = J_Zᵀ( W_zᵀ (A − A Q₁ Q₁ᵀ) + (F R⁻¹ R⁻ᵀ)_zᵀ r )/√N + R″ v
//! ```
//! the full Golub–Pereyra matrix *with* the α-term at the price of six products of size outputs × N × k, and no inverse.
//!
//! Without a bias ([`without_bias`](VarProLeastSquares::without_bias)) the last row of Zh is 0 and the last diagonal
//! element of √α I is 1: the bias of W is 0, M falls into two blocks, and all formulas hold as they stand.
//!
//! Weights ωⱼ of the samples scale the columns: Z̃ = Zh √Ω/√Σω, C̃ = C √Ω/√Σω, and J_Z v = ∂F/∂θ·v √Ω. All else is the same.
//!
//! Source: G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
//! variables separate" (SIAM J. Numer. Anal. 10, 1973); E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like
//! a (Var)Pro" (SIAM J. Math. Data Sci. 3, 2021), section 3. The collapsed form is ours; a test compares it with theirs.
//!
//! Accuracy: W is backward stable (Householder QR). Rank-deficient features are harmless for α > 0; for α = 0 an exactly
//! singular R gives an infinite value, and so do features that are not finite: a trust region steps back from such a trial
//! point, as from a peak so far away or so narrow that its feature is zero in every sample. Cost beside the network's
//! passes: 2(N + k)k² for the value, 12·outputs·N·k for a product.

mod covariance;
#[cfg(test)]
mod tests;

pub use covariance::varpro_covariance_work_len;

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, take};
use crate::linalg::{form_q, qr_in_place, solve_right_upper_in_place, solve_right_upper_transposed_in_place};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Network, Point, Regularizer, Shape, sum_of_weights};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, product, sum};
use crate::scalar::Real;

/// Φ over the caller's data and buffer.
#[derive(Debug)]
pub struct VarProLeastSquares<'a, T, N, R, B> {
    network: &'a N,
    regularizer: R,
    alpha: T,
    backend: &'a B,
    x: MatRef<'a, T>,
    c: MatRef<'a, T>,
    /// Whether the last column of W is a bias; if not, it is zero.
    bias: bool,
    /// ω, when samples are weighted.
    sample_weights: Option<&'a [T]>,
    /// 1/√N, or 1/√Σωⱼ
    scale: T,
    theta: &'a mut [T],
    cache: &'a mut [T],
    work: &'a mut [T],
    /// Features, later dZ̃ and cotangents: features × N.
    z: &'a mut [T],
    /// The augmented matrix and its reflectors: (N + k) × k.
    qr: &'a mut [T],
    tau: &'a mut [T],
    /// [Q₁; Q₂]: (N + k) × k.
    q: &'a mut [T],
    /// outputs × k
    w: &'a mut [T],
    /// outputs × N
    residual: &'a mut [T],
    /// outputs × N
    a: &'a mut [T],
    /// outputs × k, twice
    e: &'a mut [T],
    f: &'a mut [T],
    data_loss: T,
    /// Whether `theta` is a point of the caller's.
    evaluated: bool,
}

/// Length of the buffer of a [`VarProLeastSquares`].
pub const fn varpro_least_squares_work_len(shape: Shape, outputs: usize, samples: usize) -> usize {
    let k = sum([shape.features, 1]);
    sum([
        shape.params,
        shape.cache.of(samples),
        shape.work.of(samples),
        product([shape.features, samples]),
        product([2, sum([samples, k]), k]),
        k,
        product([3, outputs, k]),
        product([2, outputs, samples]),
    ])
}

impl<'a, T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> VarProLeastSquares<'a, T, N, R, B> {
    /// Sets the problem up: inputs `x` (n_in × N), targets `c` (outputs × N), α ≥ 0 for W, `regularizer` for θ.
    pub fn new(
        network: &'a N,
        regularizer: R,
        alpha: T,
        backend: &'a B,
        x: MatRef<'a, T>,
        c: MatRef<'a, T>,
        mut buffer: &'a mut [T],
    ) -> Result<Self, Error> {
        let (shape, samples, outputs) = (network.shape(), x.cols(), c.rows());
        check_shape("inputs", (shape.inputs, samples), x.shape())?;
        check_shape("targets", (outputs, samples), c.shape())?;
        if !(alpha >= T::ZERO && alpha.is_finite()) {
            return Err(Error::InvalidOption { what: "alpha >= 0" });
        }
        if samples == 0 {
            return Err(Error::InvalidOption { what: "at least one sample" });
        }
        let needed = varpro_least_squares_work_len(shape, outputs, samples);
        crate::error::check_workspace("buffer", needed, buffer.len())?;
        let k = shape.features + 1;
        let mut next = |len| take("buffer", &mut buffer, len);
        Ok(Self {
            network,
            regularizer,
            alpha,
            backend,
            x,
            c,
            bias: true,
            sample_weights: None,
            scale: T::ONE / T::from_usize(samples).sqrt(),
            theta: next(shape.params)?,
            cache: next(shape.cache.of(samples))?,
            work: next(shape.work.of(samples))?,
            z: next(shape.features * samples)?,
            qr: next((samples + k) * k)?,
            tau: next(k)?,
            q: next((samples + k) * k)?,
            w: next(outputs * k)?,
            residual: next(outputs * samples)?,
            a: next(outputs * samples)?,
            e: next(outputs * k)?,
            f: next(outputs * k)?,
            data_loss: T::ZERO,
            evaluated: false,
        })
    }

    /// The same objective with a weight ωⱼ ≥ 0 for each sample: ‖W zhⱼ − cⱼ‖²·ωⱼ/Σω in place of ‖W zhⱼ − cⱼ‖²/N.
    ///
    /// An integer weight counts a sample that often, 0 leaves it out (its numbers must be finite all the same), and weights of 1 change no bit. For measurements with
    /// errors of deviation σⱼ take ωⱼ = 1/σⱼ². A weight for each *output* needs no option: where α = 0 outputs do not compete
    /// for W, so multiply the rows of C by √weight, and divide the rows of W by it.
    ///
    /// Errors: [`Error::Length`]; [`Error::InvalidOption`] unless all weights are ≥ 0 and finite and their sum is > 0 and finite.
    ///
    /// ```
    /// use gaussling_core::nn::{Affine, Shape, Tikhonov};
    /// use gaussling_core::optim::{Objective, VarProLeastSquares, varpro_least_squares_work_len};
    /// use gaussling_core::{MatRef, Portable};
    /// // Targets 1, 1 and 7, of which the last counts little.
    /// let (x, c) = (MatRef::new(&[0.0; 3], 1, 3)?, MatRef::new(&[1.0, 1.0, 7.0], 1, 3)?);
    /// let mut buffer = [0.0; varpro_least_squares_work_len(Shape::affine(1, 1, true), 1, 3)];
    /// let mut problem =
    ///     VarProLeastSquares::new(&Affine::<1, 1>, Tikhonov { alpha: 0.0 }, 1e-12, &Portable, x, c, &mut buffer)?
    ///         .with_sample_weights(&[1.0, 1.0, 0.01])?;
    /// problem.value(&[1.0, 0.0])?; // one feature, 0 for all samples: the bias is the weighted mean
    /// assert!((problem.weights()[1] - 2.07_f64 / 2.01).abs() < 1e-9);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn with_sample_weights(self, weights: &'a [T]) -> Result<Self, Error> {
        check_length("sample weights", self.x.cols(), weights.len())?;
        let scale = T::ONE / sum_of_weights(weights)?.sqrt();
        Ok(Self { sample_weights: Some(weights), scale, ..self })
    }

    /// The same objective with W Z in place of W Zh: a model without an offset, as most formulas of science are. The last column
    /// of W stays, and is zero; in a covariance its variances are infinite.
    ///
    /// ```
    /// use gaussling_core::nn::{FeatureFunction, Shape, Tikhonov, model};
    /// use gaussling_core::optim::{Objective, VarProLeastSquares, varpro_least_squares_work_len};
    /// use gaussling_core::{MatRef, Portable, Real};
    /// #[derive(Clone, Copy)]
    /// struct Decay;
    /// impl FeatureFunction<1, 1, 1> for Decay {
    ///     fn eval<T: Real>(&self, &[rate]: &[T; 1], &[t]: &[T; 1]) -> [T; 1] {
    ///         [(-rate * t).exp()]
    ///     }
    /// }
    /// // 3 e^(−t ln 2) at t = 0, 1, 2, with an offset of 0.7 that the model cannot follow.
    /// let (x, c) = (MatRef::new(&[0.0, 1.0, 2.0], 1, 3)?, MatRef::new(&[3.7, 2.2, 1.45], 1, 3)?);
    /// let mut buffer = [0.0; varpro_least_squares_work_len(Shape::function(1, 1, 1), 1, 3)];
    /// let network = model(Decay);
    /// let r = Tikhonov { alpha: 0.0 };
    /// let mut problem = VarProLeastSquares::new(&network, r, 0.0, &Portable, x, c, &mut buffer)?.without_bias();
    /// problem.value(&[2_f64.ln()])?;
    /// let amplitude = (3.7 + 2.2 / 2.0 + 1.45 / 4.0) / (1.0 + 1.0 / 4.0 + 1.0 / 16.0);
    /// assert!((problem.weights()[0] - amplitude).abs() < 1e-14 && problem.weights()[1] == 0.0);
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn without_bias(self) -> Self {
        Self { bias: false, ..self }
    }

    /// W (outputs × (features + 1)) of the last evaluation.
    pub fn weights(&self) -> &[T] {
        self.w
    }

    /// 1/(2N) ‖W Zh − C‖², without regularization, of the last evaluation.
    pub fn data_loss(&self) -> T {
        self.data_loss
    }

    fn sizes(&self) -> (usize, usize, usize, usize) {
        let features = self.network.shape().features;
        (self.x.cols(), self.c.rows(), features, features + 1)
    }

    /// Solves for W at θ; `false` when the features are not finite, or R is singular.
    fn solve(&mut self, theta: &[T]) -> Result<bool, Error> {
        check_length("theta", self.theta.len(), theta.len())?;
        copy(theta, self.theta);
        self.evaluated = true;
        let (n, m, features, k) = self.sizes();
        let z = MatMut::new(self.z, features, n)?;
        self.network.forward(self.backend, self.theta, self.x, z, self.cache, self.work)?;
        // No early end: a loop of vector instructions.
        if !self.backend.run(|| self.z.iter().fold(true, |all, z| all & z.is_finite())) {
            return Ok(false);
        }
        let (scale, weights) = (self.scale, self.sample_weights);
        // [Z̃ᵀ; √α I]: column i is feature i over all samples, the last column the ones, or (0, …, 0, 1) without a bias.
        let root = self.alpha.sqrt();
        let mut qr = MatMut::new(self.qr, n + k, k)?;
        let z = MatRef::new(self.z, features, n)?.transpose();
        for (i, column) in qr.cols_mut().enumerate() {
            let (top, bottom) = column.split_at_mut(n.min(column.len()));
            if i < features {
                top.iter_mut().zip(z.col_iter(i)).for_each(|(t, z)| *t = scale * z);
            } else {
                top.fill(if self.bias { scale } else { T::ZERO });
            }
            for (t, &weight) in top.iter_mut().zip(weights.unwrap_or_default()) {
                *t *= root_of(weight);
            }
            let diagonal = if self.bias || i < features { root } else { T::ONE };
            for (j, b) in bottom.iter_mut().enumerate() {
                *b = if i == j { diagonal } else { T::ZERO };
            }
        }
        qr_in_place(self.backend, qr.reborrow(), self.tau)?;
        form_q(self.backend, qr.as_ref(), self.tau, MatMut::new(self.q, n + k, k)?)?;
        // W = C̃ Q₁ R⁻ᵀ; weighted targets wait where the residual will be.
        let q1 = MatRef::new(self.q, n + k, k)?.block(0, 0, n, k)?;
        let r = qr.as_ref().block(0, 0, k, k)?;
        let w = MatMut::new(self.w, m, k)?;
        if weights.is_some() {
            let mut c = MatMut::new(self.residual, m, n)?;
            c.copy_from(self.c)?;
            scale_columns(&mut c, weights);
            self.backend.gemm(scale, c.as_ref(), q1, T::ZERO, w)?;
        } else {
            self.backend.gemm(scale, self.c, q1, T::ZERO, w)?;
        }
        match solve_right_upper_transposed_in_place(self.backend, r, MatMut::new(self.w, m, k)?) {
            Err(Error::Singular { .. }) => return Ok(false),
            outcome => outcome?,
        }
        // r = (W Zh − C)/√N
        let w = MatRef::new(self.w, m, k)?;
        let mut residual = MatMut::new(self.residual, m, n)?;
        let bias = w.col(features);
        for (j, column) in residual.cols_mut().enumerate() {
            for ((r, &b), c) in column.iter_mut().zip(bias).zip(self.c.col_iter(j)) {
                *r = scale * (b - c);
            }
        }
        let z = MatRef::new(self.z, features, n)?;
        self.backend.gemm(scale, w.columns(0, features)?, z, T::ONE, residual.reborrow())?;
        scale_columns(&mut residual, weights);
        Ok(true)
    }

    /// Φ for the W and r that `solve` left.
    fn objective(&mut self) -> T {
        let half = T::from_f64(0.5);
        self.data_loss = half * self.backend.dot(self.residual, self.residual);
        // ‖W‖² may overflow where α = 0: 0·∞.
        let size = if self.alpha.is_zero() { T::ZERO } else { self.backend.dot(self.w, self.w) };
        self.data_loss + half * self.alpha * size + self.regularizer.value(self.theta)
    }

    /// What the product H v hands to the network's transposed Jacobian, into `z`.
    // On a device not inlined: its locals would keep their stack while the network's, as deep, come on top.
    #[cfg_attr(target_os = "none", inline(never))]
    fn cotangent(&mut self, v: &[T]) -> Result<(), Error> {
        let (n, m, features, k) = self.sizes();
        let (backend, scale, weights) = (self.backend, self.scale, self.sample_weights);
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        self.network.jvp(backend, point, v, None, MatMut::new(self.z, features, n)?, self.work)?;
        scale_columns(&mut MatMut::new(self.z, features, n)?, weights);
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let residual = MatRef::new(self.residual, m, n)?;
        let q1 = MatRef::new(self.q, n + k, k)?.block(0, 0, n, k)?;
        let r = MatRef::new(self.qr, n + k, k)?.block(0, 0, k, k)?;
        let dz = MatRef::new(self.z, features, n)?;
        // A = W_z dZ̃ and E = A Q₁, then A ← A − E Q₁ᵀ.
        let mut a = MatMut::new(self.a, m, n)?;
        backend.gemm(scale, wz, dz, T::ZERO, a.reborrow())?;
        let mut e = MatMut::new(self.e, m, k)?;
        backend.gemm(T::ONE, a.as_ref(), q1, T::ZERO, e.reborrow())?;
        backend.gemm(-T::ONE, e.as_ref(), q1.transpose(), T::ONE, a.reborrow())?;
        // F R⁻¹ R⁻ᵀ with F = r [dZ̃; 0]ᵀ
        let mut f = MatMut::new(self.f, m, k)?;
        backend.gemm(scale, residual, dz.transpose(), T::ZERO, f.reborrow().columns(0, features)?)?;
        f.col_mut(features).fill(T::ZERO);
        solve_right_upper_in_place(backend, r, f.reborrow())?;
        solve_right_upper_transposed_in_place(backend, r, f.reborrow())?;
        let fz = f.as_ref().columns(0, features)?;
        // The cotangent of the features takes the place of dZ, which is no longer needed.
        let mut z = MatMut::new(self.z, features, n)?;
        backend.gemm(scale, wz.transpose(), a.as_ref(), T::ZERO, z.reborrow())?;
        backend.gemm(scale, fz.transpose(), residual, T::ONE, z.reborrow())?;
        scale_columns(&mut z, weights);
        Ok(())
    }
}

/// Value and gradient cost one forward and one backward pass; a product one forward-mode and one backward pass.
impl<T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> Objective<T> for VarProLeastSquares<'_, T, N, R, B> {
    fn params(&self) -> usize {
        self.theta.len()
    }

    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        Ok(if self.solve(theta)? { self.objective() } else { T::ONE / T::ZERO })
    }

    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        check_length("gradient", self.theta.len(), gradient.len())?;
        gradient.fill(T::ZERO);
        let (n, m, features, k) = self.sizes();
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let residual = MatRef::new(self.residual, m, n)?;
        let mut z = MatMut::new(self.z, features, n)?;
        self.backend.gemm(self.scale, wz.transpose(), residual, T::ZERO, z.reborrow())?;
        scale_columns(&mut z, self.sample_weights);
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        let cotangent = MatRef::new(self.z, features, n)?;
        self.network.vjp(self.backend, point, cotangent, gradient, None, self.work)?;
        self.regularizer.add_product(self.theta, gradient);
        Ok(())
    }

    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        check_length("v", self.theta.len(), v.len())?;
        check_length("hv", self.theta.len(), hv.len())?;
        self.cotangent(v)?;
        let (n, _, features, _) = self.sizes();
        hv.fill(T::ZERO);
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        let cotangent = MatRef::new(self.z, features, n)?;
        self.network.vjp(self.backend, point, cotangent, hv, None, self.work)?;
        self.regularizer.add_product(v, hv);
        Ok(())
    }
}

/// √ω; 0 for 0, whose root has no derivative.
pub(super) fn root_of<T: Real>(weight: T) -> T {
    if weight.is_zero() { T::ZERO } else { weight.sqrt() }
}

/// A ← A √Ω
pub(super) fn scale_columns<T: Real>(a: &mut MatMut<'_, T>, weights: Option<&[T]>) {
    for (column, &weight) in a.cols_mut().zip(weights.unwrap_or_default()) {
        let root = root_of(weight);
        column.iter_mut().for_each(|a| *a *= root);
    }
}

/// θ of the last evaluation. To restore costs one evaluation there: the caches have the same bits again.
impl<T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> SaveState<T> for VarProLeastSquares<'_, T, N, R, B> {
    fn tag(&self) -> usize {
        10
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.flag(self.evaluated);
        out.numbers(self.theta);
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.evaluated = from.flag()?;
        let theta = from.slice(self.theta.len());
        if self.evaluated {
            // An error here is the one that the evaluation before the saving gave.
            self.value(theta).map(drop).or(Ok(()))?;
        }
        Ok(())
    }
}
