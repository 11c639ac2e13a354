//! The reduced least-squares objective of [`VarProLeastSquares`](super::VarProLeastSquares) in a memory that does not grow with
//! the number of samples
//!
//! ```text
//! Φ(θ) = min_W 1/(2N) ‖W Zh − C‖² + α/2 ‖W‖² + R(θ),   Zh = [F(θ, X); 1ᵀ]
//! ```
//! W is outputs × k, k = features + 1. Nothing of a sample is kept but its inputs and targets: features and caches are computed
//! again, block by block, in every pass. Symbols are those of `least_squares.rs`.
//!
//! Method. Least squares on a stream of rows: from R = √α I and D = 0 on, each block appends its rows to the triangle,
//!
//! ```text
//! [R D; Z̃ᵦᵀ Bᵦᵀ] = Q [R′ D′; 0 E]        Y = D′ᵀ R⁻ᵀ minimizes ‖Y Z̃ − B‖² + α ‖Y‖², and leaves Σ ‖E‖²
//! ```
//! and Q is forgotten. Value: B = C̃, Y = W. Gradient: r = W Z̃ − C̃ of each block, g = Σᵦ J_Zᵀ(W_zᵀ r)/√N + R′(θ). Product H v: one
//! such solution more, of B = A = W_z dZ̃, takes the place of the stored Q₁:
//!
//! ```text
//! A − A Q₁Q₁ᵀ = A − Y Z̃,   Y = A Q₁ R⁻ᵀ
//! H v = Σᵦ J_Zᵀ( W_zᵀ (A − Y Z̃) + (F R⁻¹R⁻ᵀ)_zᵀ r )/√N + R″ v,   F = Σᵦ r [dZ̃; 0]ᵀ
//! ```
//! in two passes, the first for Y and F. So H v comes from a backward stable solution as well, where Z̃ᵀR⁻¹ in place of Q₁ would
//! square the condition of the features.
//!
//! Source: G. Golub and V. Pereyra (SIAM J. Numer. Anal. 10, 1973); J. Demmel, L. Grigori, M. Hoemmen, J. Langou,
//! "Communication-optimal parallel and sequential QR and LU factorizations" (SIAM J. Sci. Comput. 34, 2012), section 2, the flat
//! tree. The product without Q is ours; a test compares it with that of `least_squares.rs`.
//!
//! Accuracy: as `least_squares.rs`; the errors of the blocks add up. Cost: the value one forward pass, the gradient one forward
//! and one backward, a product two forward, two forward-mode and one backward, and 2Nk(k + 2·outputs) for value and product each.
//! Bits depend on the length of the blocks, not on anything before the last evaluation.

#[cfg(test)]
mod tests;

use super::least_squares::{root_of, scale_columns};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, take};
use crate::linalg::{qr_append_rows_in_place, solve_right_upper_in_place, solve_right_upper_transposed_in_place};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Network, Point, Regularizer, Shape, sum_of_weights};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, product, sum};
use crate::scalar::Real;

/// Φ over the caller's data and buffer, a block of samples at a time.
///
/// ```
/// use gaussling_core::nn::{Activation, Affine, Layer, Tanh, Tikhonov, tanh};
/// use gaussling_core::optim::*;
/// use gaussling_core::{MatRef, Portable};
/// type Net = (Affine<1, 3>, Activation<Tanh, 3>);
/// const NETWORK: Net = (Affine, tanh());
/// // A thousand samples by blocks of 50: numbers of memory, and how many all samples at once would take.
/// let x: [f64; 1000] = core::array::from_fn(|j| j as f64 / 500.0 - 1.0);
/// let c = x.map(|x| libm::sin(3.0 * x));
/// let (x, c) = (MatRef::new(&x, 1, 1000)?, MatRef::new(&c, 1, 1000)?);
/// let mut buffer = [0.0; varpro_streamed_work_len(Net::SHAPE, 1, 50)];
/// assert_eq!((buffer.len(), varpro_least_squares_work_len(Net::SHAPE, 1, 1000)), (1138, 22054));
/// let r = Tikhonov { alpha: 1e-6 };
/// let mut problem = VarProStreamed::new(&NETWORK, r, 1e-8, &Portable, x, c, 50, &mut buffer)?;
/// let (mut theta, options) = ([1.0, 2.0, -1.0, 0.0, 0.5, 0.3], TrustRegionOptions::default());
/// let mut memory = vec![0.0; trust_region_work_len(theta.len(), &options)];
/// let mut method = TrustRegion::new(theta.len(), options, &mut memory)?;
/// for _ in 0..30 {
///     method.step(&Portable, &mut problem, &mut theta)?;
/// }
/// assert!(problem.data_loss() < 1e-4);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Debug)]
pub struct VarProStreamed<'a, T, N, R, B> {
    network: &'a N,
    regularizer: R,
    alpha: T,
    backend: &'a B,
    x: MatRef<'a, T>,
    c: MatRef<'a, T>,
    /// Samples in a block; the last may have fewer.
    block: usize,
    /// Whether the last column of W is a bias; if not, it is zero.
    bias: bool,
    /// ω, when samples are weighted.
    sample_weights: Option<&'a [T]>,
    /// 1/√N, or 1/√Σωⱼ
    scale: T,
    theta: &'a mut [T],
    cache: &'a mut [T],
    work: &'a mut [T],
    /// Features of the block: features × b, b its samples.
    z: &'a mut [T],
    /// Their derivatives, later cotangents: features × b.
    dz: &'a mut [T],
    /// Z̃ᵦᵀ, b × k.
    rows: &'a mut [T],
    /// Bᵦᵀ, b × outputs.
    y: &'a mut [T],
    /// A of the block, outputs × b.
    a: &'a mut [T],
    /// r of the block, outputs × b.
    residual: &'a mut [T],
    /// R, k × k.
    r: &'a mut [T],
    /// D, k × outputs.
    d: &'a mut [T],
    /// W, Y and F, outputs × k each.
    w: &'a mut [T],
    e: &'a mut [T],
    f: &'a mut [T],
    /// First sample of the block whose features and cache are there.
    loaded: Option<usize>,
    data_loss: T,
    /// Whether `theta` is a point of the caller's.
    evaluated: bool,
}

/// Length of the buffer of a [`VarProStreamed`] with blocks of `block` samples, however many there are in all.
pub const fn varpro_streamed_work_len(shape: Shape, outputs: usize, block: usize) -> usize {
    let k = sum([shape.features, 1]);
    sum([
        shape.params,
        shape.cache.of(block),
        shape.work.of(block),
        product([sum([shape.features, shape.features, k]), block]),
        product([3, outputs, block]),
        product([k, k]),
        product([4, outputs, k]),
    ])
}

/// A block: its first sample, and how many it has.
type Block = (usize, usize);

impl<'a, T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> VarProStreamed<'a, T, N, R, B> {
    /// Sets the problem up: inputs `x` (n_in × N), targets `c` (outputs × N), α ≥ 0 for W, `regularizer` for θ; `block` samples
    /// at a time, of which some times k cost least for the triangle.
    ///
    /// Errors: [`Error::Shape`], [`Error::Workspace`]; [`Error::InvalidOption`] for α, for no samples, and for blocks of none.
    pub fn new(
        network: &'a N,
        regularizer: R,
        alpha: T,
        backend: &'a B,
        x: MatRef<'a, T>,
        c: MatRef<'a, T>,
        block: usize,
        mut buffer: &'a mut [T],
    ) -> Result<Self, Error> {
        let (shape, samples, outputs) = (network.shape(), x.cols(), c.rows());
        check_shape("inputs", (shape.inputs, samples), x.shape())?;
        check_shape("targets", (outputs, samples), c.shape())?;
        if !(alpha >= T::ZERO && alpha.is_finite()) {
            return Err(Error::InvalidOption { what: "alpha >= 0" });
        }
        if samples == 0 || block == 0 {
            return Err(Error::InvalidOption { what: "at least one sample, and one in a block" });
        }
        let needed = varpro_streamed_work_len(shape, outputs, block);
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
            block,
            bias: true,
            sample_weights: None,
            scale: T::ONE / T::from_usize(samples).sqrt(),
            theta: next(shape.params)?,
            cache: next(shape.cache.of(block))?,
            work: next(shape.work.of(block))?,
            z: next(shape.features * block)?,
            dz: next(shape.features * block)?,
            rows: next(k * block)?,
            y: next(outputs * block)?,
            a: next(outputs * block)?,
            residual: next(outputs * block)?,
            r: next(k * k)?,
            d: next(outputs * k)?,
            w: next(outputs * k)?,
            e: next(outputs * k)?,
            f: next(outputs * k)?,
            loaded: None,
            data_loss: T::ZERO,
            evaluated: false,
        })
    }

    /// As [`VarProLeastSquares::with_sample_weights`](super::VarProLeastSquares::with_sample_weights).
    pub fn with_sample_weights(self, weights: &'a [T]) -> Result<Self, Error> {
        check_length("sample weights", self.x.cols(), weights.len())?;
        let scale = T::ONE / sum_of_weights(weights)?.sqrt();
        Ok(Self { sample_weights: Some(weights), scale, ..self })
    }

    /// As [`VarProLeastSquares::without_bias`](super::VarProLeastSquares::without_bias).
    pub fn without_bias(self) -> Self {
        Self { bias: false, ..self }
    }

    /// W (outputs × (features + 1)) of the last evaluation.
    pub fn weights(&self) -> &[T] {
        self.w
    }

    /// 1/(2N) ‖W Zh − C‖², without regularization, of the last evaluation: Σ‖E‖² less α‖W‖², so to a few ε of their sum.
    pub fn data_loss(&self) -> T {
        self.data_loss
    }

    /// (outputs, features, k)
    fn sizes(&self) -> (usize, usize, usize) {
        let features = self.network.shape().features;
        (self.c.rows(), features, features + 1)
    }

    fn blocks(&self) -> impl Iterator<Item = Block> + use<T, N, R, B> {
        let (samples, block) = (self.x.cols(), self.block);
        (0..samples).step_by(block).map(move |first| (first, block.min(samples - first)))
    }

    /// ω of a block.
    fn weights_of(&self, (first, n): Block) -> Option<&'a [T]> {
        self.sample_weights.and_then(|weights| weights.get(first..first + n))
    }

    /// Features and cache of a block.
    fn load(&mut self, (first, n): Block) -> Result<(), Error> {
        let (_, features, _) = self.sizes();
        if self.loaded != Some(first) {
            let (x, z) = (self.x.columns(first, n)?, view_mut(self.z, features, n)?);
            self.network.forward(self.backend, self.theta, x, z, self.cache, self.work)?;
            self.loaded = Some(first);
        }
        Ok(())
    }

    /// R ← √α I, with 1 in the last place where there is no bias; D ← 0.
    fn start(&mut self) -> Result<(), Error> {
        let (_, features, k) = self.sizes();
        self.r.fill(T::ZERO);
        self.d.fill(T::ZERO);
        let mut r = MatMut::new(self.r, k, k)?;
        for i in 0..k {
            r.set(i, i, if self.bias || i < features { self.alpha.sqrt() } else { T::ONE });
        }
        Ok(())
    }

    /// Appends the loaded block's rows with the right-hand side in `y`; returns ‖E‖².
    fn append(&mut self, block: Block) -> Result<T, Error> {
        let ((m, features, k), n, scale) = (self.sizes(), block.1, self.scale);
        let weights = self.weights_of(block).unwrap_or_default();
        let z = view(self.z, features, n)?.transpose();
        let mut rows = view_mut(self.rows, n, k)?;
        for (i, column) in rows.cols_mut().enumerate() {
            if i < features {
                column.iter_mut().zip(z.col_iter(i)).for_each(|(t, z)| *t = scale * z);
            } else {
                column.fill(if self.bias { scale } else { T::ZERO });
            }
            column.iter_mut().zip(weights).for_each(|(t, &weight)| *t *= root_of(weight));
        }
        let (r, d, mut y) = (MatMut::new(self.r, k, k)?, MatMut::new(self.d, k, m)?, view_mut(self.y, n, m)?);
        qr_append_rows_in_place(self.backend, r, rows, Some((d, y.reborrow())))?;
        Ok(y.cols_mut().fold(T::ZERO, |outside, y| outside + self.backend.dot(y, y)))
    }

    /// dZ of the loaded block into `dz`, and W_z dZ/√N into `a`, both without weights.
    fn differentiate(&mut self, block: Block, v: &[T]) -> Result<(), Error> {
        let ((m, features, k), (first, n)) = (self.sizes(), block);
        let point = Point { theta: self.theta, x: self.x.columns(first, n)?, cache: self.cache };
        self.network.jvp(self.backend, point, v, None, view_mut(self.dz, features, n)?, self.work)?;
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        let dz = view(self.dz, features, n)?;
        self.backend.gemm(self.scale, wz, dz, T::ZERO, view_mut(self.a, m, n)?)
    }

    /// r = (W Zh − C) √Ω/√N of the loaded block.
    fn residual(&mut self, block: Block) -> Result<(), Error> {
        let ((m, features, k), (first, n), scale) = (self.sizes(), block, self.scale);
        let weights = self.weights_of(block);
        let w = MatRef::new(self.w, m, k)?;
        let mut residual = view_mut(self.residual, m, n)?;
        for (j, column) in residual.cols_mut().enumerate() {
            for ((r, &b), c) in column.iter_mut().zip(w.col(features)).zip(self.c.col_iter(first + j)) {
                *r = scale * (b - c);
            }
        }
        let z = view(self.z, features, n)?;
        self.backend.gemm(scale, w.columns(0, features)?, z, T::ONE, residual.reborrow())?;
        scale_columns(&mut residual, weights);
        Ok(())
    }

    /// g ← g + J_Zᵀ G for the G in `dz`, without the weights' roots.
    fn pull_back(&mut self, block: Block, g: &mut [T]) -> Result<(), Error> {
        let ((_, features, _), (first, n), weights) = (self.sizes(), block, self.weights_of(block));
        scale_columns(&mut view_mut(self.dz, features, n)?, weights);
        let point = Point { theta: self.theta, x: self.x.columns(first, n)?, cache: self.cache };
        self.network.vjp(self.backend, point, view(self.dz, features, n)?, g, None, self.work)
    }

    /// Y (in `e`) and F R⁻¹R⁻ᵀ (in `f`): the first pass of a product.
    fn projection(&mut self, v: &[T]) -> Result<(), Error> {
        let (m, features, k) = self.sizes();
        self.start()?;
        self.f.fill(T::ZERO);
        for block in self.blocks() {
            let n = block.1;
            self.load(block)?;
            self.residual(block)?;
            self.differentiate(block, v)?;
            let weights = self.weights_of(block);
            scale_columns(&mut view_mut(self.dz, features, n)?, weights);
            scale_columns(&mut view_mut(self.a, m, n)?, weights);
            let (residual, dz) = (view(self.residual, m, n)?, view(self.dz, features, n)?);
            let f = MatMut::new(self.f, m, k)?.columns(0, features)?;
            self.backend.gemm(self.scale, residual, dz.transpose(), T::ONE, f)?;
            view_mut(self.y, n, m)?.copy_from(view(self.a, m, n)?.transpose())?;
            self.append(block)?;
        }
        let r = MatRef::new(self.r, k, k)?;
        transpose(self.d, self.e, m)?;
        solve_right_upper_transposed_in_place(self.backend, r, MatMut::new(self.e, m, k)?)?;
        solve_right_upper_in_place(self.backend, r, MatMut::new(self.f, m, k)?)?;
        solve_right_upper_transposed_in_place(self.backend, r, MatMut::new(self.f, m, k)?)
    }

    /// Solves for W at θ; returns Σ‖E‖², `None` when the features are not finite or R is singular.
    fn solve(&mut self, theta: &[T]) -> Result<Option<T>, Error> {
        check_length("theta", self.theta.len(), theta.len())?;
        copy(theta, self.theta);
        (self.evaluated, self.loaded) = (true, None);
        let (m, features, k) = self.sizes();
        self.start()?;
        let mut outside = T::ZERO;
        for block in self.blocks() {
            let (first, n) = block;
            self.load(block)?;
            let z = self.z.get(..features * n).unwrap_or_default();
            if !self.backend.run(|| z.iter().fold(true, |all, z| all & z.is_finite())) {
                return Ok(None);
            }
            let (weights, scale) = (self.weights_of(block).unwrap_or_default(), self.scale);
            let c = self.c.columns(first, n)?.transpose();
            for (i, column) in view_mut(self.y, n, m)?.cols_mut().enumerate() {
                column.iter_mut().zip(c.col_iter(i)).for_each(|(y, c)| *y = scale * c);
                column.iter_mut().zip(weights).for_each(|(y, &weight)| *y *= root_of(weight));
            }
            outside += self.append(block)?;
        }
        transpose(self.d, self.w, m)?;
        let (r, w) = (MatRef::new(self.r, k, k)?, MatMut::new(self.w, m, k)?);
        match solve_right_upper_transposed_in_place(self.backend, r, w) {
            Err(Error::Singular { .. }) => Ok(None),
            outcome => outcome.map(|()| Some(outside)),
        }
    }
}

/// The first rows · cols elements of a buffer.
fn view<T: Real>(buffer: &[T], rows: usize, cols: usize) -> Result<MatRef<'_, T>, Error> {
    MatRef::new(buffer.get(..rows * cols).unwrap_or_default(), rows, cols)
}

fn view_mut<T: Real>(buffer: &mut [T], rows: usize, cols: usize) -> Result<MatMut<'_, T>, Error> {
    MatMut::new(buffer.get_mut(..rows * cols).unwrap_or_default(), rows, cols)
}

/// B ← Aᵀ, A k × m, B m × k.
fn transpose<T: Real>(a: &[T], b: &mut [T], m: usize) -> Result<(), Error> {
    let k = a.len() / m.max(1);
    MatMut::new(b, m, k)?.copy_from(MatRef::new(a, k, m)?.transpose())
}

/// Passes over the samples: value one, gradient two, a product five.
impl<T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> Objective<T> for VarProStreamed<'_, T, N, R, B> {
    fn params(&self) -> usize {
        self.theta.len()
    }

    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        let Some(outside) = self.solve(theta)? else { return Ok(T::ONE / T::ZERO) };
        let half = T::from_f64(0.5);
        // ‖W‖² may overflow where α = 0: 0·∞.
        let size = if self.alpha.is_zero() { T::ZERO } else { self.alpha * self.backend.dot(self.w, self.w) };
        self.data_loss = half * (outside - size).max(T::ZERO);
        Ok(half * outside + self.regularizer.value(self.theta))
    }

    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        check_length("gradient", self.theta.len(), gradient.len())?;
        gradient.fill(T::ZERO);
        let (m, features, k) = self.sizes();
        for block in self.blocks() {
            let n = block.1;
            self.load(block)?;
            self.residual(block)?;
            let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
            let residual = view(self.residual, m, n)?;
            self.backend.gemm(self.scale, wz.transpose(), residual, T::ZERO, view_mut(self.dz, features, n)?)?;
            self.pull_back(block, gradient)?;
        }
        self.regularizer.add_product(self.theta, gradient);
        Ok(())
    }

    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        check_length("v", self.theta.len(), v.len())?;
        check_length("hv", self.theta.len(), hv.len())?;
        self.projection(v)?;
        hv.fill(T::ZERO);
        let (m, features, k) = self.sizes();
        let (backend, scale) = (self.backend, self.scale);
        for block in self.blocks() {
            let n = block.1;
            self.load(block)?;
            self.residual(block)?;
            self.differentiate(block, v)?;
            // A − Y Z̃
            let weights = self.weights_of(block);
            let y = MatRef::new(self.e, m, k)?;
            let mut a = view_mut(self.a, m, n)?;
            backend.gemm(-scale, y.columns(0, features)?, view(self.z, features, n)?, T::ONE, a.reborrow())?;
            if self.bias {
                a.cols_mut().for_each(|column| backend.axpy(-scale, y.col(features), column));
            }
            scale_columns(&mut a, weights);
            let fz = MatRef::new(self.f, m, k)?.columns(0, features)?;
            let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
            let (a, residual) = (view(self.a, m, n)?, view(self.residual, m, n)?);
            let mut g = view_mut(self.dz, features, n)?;
            backend.gemm(scale, wz.transpose(), a, T::ZERO, g.reborrow())?;
            backend.gemm(scale, fz.transpose(), residual, T::ONE, g)?;
            self.pull_back(block, hv)?;
        }
        self.regularizer.add_product(v, hv);
        Ok(())
    }
}

/// θ of the last evaluation. To restore costs one evaluation there.
impl<T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> SaveState<T> for VarProStreamed<'_, T, N, R, B> {
    fn tag(&self) -> usize {
        14
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
