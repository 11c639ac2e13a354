//! slimTrain: stochastic training where W is re-estimated in every step by sampled Tikhonov, and θ follows the gradient.
//!
//! On a batch (X, C) of b samples: Z = F(θ, X); W ← one step of [`SampledTikhonov`]; with the *new* W held constant
//!
//! ```text
//! g = J_Zᵀ( W_zᵀ (W [Z; 1] − C)/b ) + R′(θ),      θ ← update(θ, g)
//! ```
//! where update is Adam or any other [`Update`]. The loss is least squares, ½ mean over samples of ‖W [Z; 1] − C‖². Stored
//! features are those of the θ with which they were computed, as published, or computed anew with the present θ from stored
//! inputs ([`SlimTrain::recomputing`]), for one forward pass more for each stored batch.
//!
//! Source: E. Newman, J. Chung, M. Chung, L. Ruthotto, "slimTrain: a stochastic approximation method for training separable
//! deep neural networks" (SIAM J. Sci. Comput. 44, 2022), algorithm 1. Cost: one forward, one backward pass over the batch
//! and one step for W.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::linalg::check_finite;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Network, Point, Regularizer, Shape};
use crate::optim::{
    LambdaRule, SampledTikhonov, SaveState, StateReader, StateWriter, Update, product, sampled_tikhonov_work_len, sum,
};
use crate::scalar::Real;

/// One step of [`SlimTrain`]; losses are those of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlimTrainReport<T> {
    /// ½ mean ‖W [Z; 1] − C‖² with the new W at the θ before its step.
    pub loss: T,
    /// The same plus R(θ) and α/2 ‖W‖².
    pub objective: T,
    /// Λ of this step.
    pub lambda: T,
    /// σ_total after it.
    pub sum_lambda: T,
    /// The regularization weight α of W that this corresponds to: σ_total/(steps + 1).
    pub alpha: T,
    /// ‖g‖, of the batch and the regularizer, at the θ before its step.
    pub gradient_norm: T,
    /// Passes over batches so far: forward and backward, and a forward one for each stored batch that is recomputed.
    pub work_units: usize,
}

/// Length of the workspace of [`SlimTrain::step`].
pub const fn slimtrain_work_len(shape: Shape, targets: usize, batch: usize, memory: usize) -> usize {
    let linear = sampled_tikhonov_work_len(shape.features, targets, batch, memory);
    let pass = sum([shape.work.of(batch), product([targets, batch])]);
    let scratch = if linear > pass { linear } else { pass };
    sum([shape.params, shape.cache.of(batch), product([shape.features, batch]), scratch])
}

/// Length of the stored inputs of [`SlimTrain::recomputing`], and how many of them each slot holds.
pub const fn slimtrain_inputs_len(shape: Shape, batch: usize, memory: usize) -> usize {
    product([sum([product([shape.inputs, batch]), 1]), sum([memory, 1])])
}

/// slimTrain around an on-line linear layer; θ, W and the rule for θ are the caller's.
#[derive(Clone, Debug)]
pub struct SlimTrain<T, S> {
    linear: SampledTikhonov<T, S>,
    /// The inputs of the stored batches where their features are recomputed: slot by slot their number, then `batch` columns.
    inputs: Option<S>,
    batch: usize,
    memory: usize,
    targets: usize,
    work_units: usize,
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SlimTrain<T, S> {
    /// Batches of at most `batch` samples, `memory` previous batches, σ_total starting at `sum_lambda`; `state` has
    /// [`sampled_tikhonov_state_len`](super::sampled_tikhonov_state_len) elements for the network's features.
    pub fn new(
        shape: Shape,
        targets: usize,
        batch: usize,
        memory: usize,
        sum_lambda: T,
        state: S,
    ) -> Result<Self, Error> {
        let linear = SampledTikhonov::new(shape.features, targets, batch, memory, sum_lambda, state)?;
        Ok(Self { linear, inputs: None, batch, memory, targets, work_units: 0 })
    }

    /// As [`new`](Self::new), with the features of the stored batches computed anew in every step; `inputs` has
    /// [`slimtrain_inputs_len`] elements.
    pub fn recomputing(
        shape: Shape,
        targets: usize,
        batch: usize,
        memory: usize,
        sum_lambda: T,
        state: S,
        mut inputs: S,
    ) -> Result<Self, Error> {
        check_workspace("inputs", slimtrain_inputs_len(shape, batch, memory), inputs.as_mut().len())?;
        inputs.as_mut().fill(T::ZERO);
        Ok(Self { inputs: Some(inputs), ..Self::new(shape, targets, batch, memory, sum_lambda, state)? })
    }

    /// The linear layer's state.
    pub fn linear(&self) -> &SampledTikhonov<T, S> {
        &self.linear
    }

    /// The linear layer's state, to set the bounds of σ_total.
    pub fn linear_mut(&mut self) -> &mut SampledTikhonov<T, S> {
        &mut self.linear
    }

    /// The stored inputs, where features are recomputed.
    pub fn inputs(&self) -> Option<&[T]> {
        self.inputs.as_ref().map(AsRef::as_ref)
    }

    /// One step on the batch `x` (n_in × b), `c` (targets × b); θ and `w` (targets × (features + 1)) are updated in place.
    ///
    /// Features or targets that are not finite give [`Error::NonFinite`], and θ and W stay as they are; as does θ for a `gradient`
    /// (or a loss) that is not finite, when W has had its step. [`Error::NonFinite`] for `theta`: its step has left the range.
    pub fn step<B: Backend<T>, N: Network<T>>(
        &mut self,
        backend: &B,
        network: &N,
        regularizer: &impl Regularizer<T>,
        rule: &mut impl LambdaRule<T>,
        update: &mut impl Update<T>,
        theta: &mut [T],
        w: &mut [T],
        x: MatRef<'_, T>,
        c: MatRef<'_, T>,
        mut work: &mut [T],
    ) -> Result<SlimTrainReport<T>, Error> {
        let (shape, m, b) = (network.shape(), self.targets, x.cols());
        let f = shape.features;
        check_shape("targets", (m, b), c.shape())?;
        check_length("theta", shape.params, theta.len())?;
        let needed = slimtrain_work_len(shape, m, self.batch, self.memory);
        check_workspace("work", needed, work.len())?;
        check_shape("x", (shape.inputs, b.min(self.batch)), x.shape())?;
        let gradient = take("work", &mut work, shape.params)?;
        // The length of full batches, which stored ones may have when this one is short.
        let cache = take("work", &mut work, shape.cache.of(self.batch))?;
        let z = take("work", &mut work, product([f, self.batch]))?;
        self.recompute(backend, network, theta, z, cache, work)?;
        let z = z.get_mut(..f * b).unwrap_or_default();
        network.forward(backend, theta, x, MatMut::new(z, f, b)?, cache, work)?;
        let slot = self.linear.next_slot();
        let step = self.linear.update(backend, MatRef::new(z, f, b)?, c, w, rule, work)?;
        if let Some(inputs) = &mut self.inputs {
            let slot =
                inputs.as_mut().chunks_exact_mut((shape.inputs * self.batch + 1).max(1)).nth(slot).unwrap_or_default();
            if let Some((samples, columns)) = slot.split_first_mut() {
                *samples = T::from_usize(b);
                columns.iter_mut().zip((0..b).flat_map(|j| x.col_iter(j))).for_each(|(s, x)| *s = x);
            }
        }

        let residual = take("work", &mut work, m * b)?;
        let weights = MatRef::new(w, m, f + 1)?;
        let (wz, bias) = (weights.columns(0, f)?, weights.col(f));
        let mut r = MatMut::new(residual, m, b)?;
        for (j, column) in r.cols_mut().enumerate() {
            for ((r, &bias), c) in column.iter_mut().zip(bias).zip(c.col_iter(j)) {
                *r = bias - c;
            }
        }
        backend.gemm(T::ONE, wz, MatRef::new(z, f, b)?, T::ONE, r)?;
        let (half, samples) = (T::from_f64(0.5), T::from_usize(b));
        let loss = half * backend.dot(residual, residual) / samples;
        let r = MatRef::new(residual, m, b)?;
        backend.gemm(T::ONE / samples, wz.transpose(), r, T::ZERO, MatMut::new(z, f, b)?)?;
        gradient.fill(T::ZERO);
        let point = Point { theta, x, cache };
        network.vjp(backend, point, MatRef::new(z, f, b)?, gradient, None, work)?;
        regularizer.add_product(theta, gradient);
        let alpha = step.sum_lambda / T::from_usize(self.linear.steps() + 1);
        let objective = loss + regularizer.value(theta) + half * alpha * backend.dot(w, w);
        let gradient_norm = backend.norm(gradient);
        self.work_units = self.work_units.saturating_add(2);
        if !(loss.is_finite() && gradient_norm.is_finite()) {
            return Err(Error::NonFinite { what: "gradient" });
        }
        update.update(backend, theta, gradient)?;
        check_finite("theta", MatRef::column_vector(theta))?;
        let (lambda, sum_lambda, work_units) = (step.lambda, step.sum_lambda, self.work_units);
        Ok(SlimTrainReport { loss, objective, lambda, sum_lambda, alpha, gradient_norm, work_units })
    }

    /// Computes the stored features anew, but for those that the step is about to overwrite.
    fn recompute<B: Backend<T>, N: Network<T>>(
        &mut self,
        backend: &B,
        network: &N,
        theta: &[T],
        z: &mut [T],
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        let Some(inputs) = &self.inputs else { return Ok(()) };
        let Shape { inputs: n, features: f, .. } = network.shape();
        let next = self.linear.next_slot();
        for slot in (0..=self.memory).filter(|&slot| slot != next) {
            let stored = inputs.as_ref().chunks_exact((n * self.batch + 1).max(1)).nth(slot).unwrap_or_default();
            // A count, as exact as numbers below 2²⁴ are.
            let samples = stored.first().map_or(0, |samples| samples.value() as usize).min(self.batch);
            if samples == 0 {
                continue;
            }
            let x = MatRef::new(stored.get(1..=n * samples).unwrap_or_default(), n, samples)?;
            let z = z.get_mut(..f * samples).unwrap_or_default();
            network.forward(backend, theta, x, MatMut::new(z, f, samples)?, cache, work)?;
            let z = MatRef::new(z, f, samples)?;
            check_finite("recomputed features", z)?;
            self.linear.store(backend, slot, z, None, work)?;
            self.work_units = self.work_units.saturating_add(1);
        }
        Ok(())
    }
}

/// That of the linear layer; the [`Update`] for θ has a state of its own.
impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for SlimTrain<T, S> {
    fn tag(&self) -> usize {
        8
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.work_units);
        self.linear.write(out);
        out.numbers(self.inputs().unwrap_or_default());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.work_units = from.count(usize::MAX)?;
        self.linear.read(from)?;
        from.numbers(self.inputs.as_mut().map(AsMut::as_mut).unwrap_or_default());
        Ok(())
    }
}
