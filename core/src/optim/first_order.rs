//! First-order steps: Adam and SGD with momentum, and the loss of a whole network with its gradient.
//!
//! Adam, source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (ICLR 2015), algorithm 1; step t = 1, 2, …
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
//! θ ← θ − η (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε)
//! ```
//! SGD with momentum, source: B. Polyak (1964): m ← μ m + g, θ ← θ − η m.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Loss, Network, Point, Regularizer, Shape};
use crate::optim::{SaveState, StateReader, StateWriter, Status, product, sum};
use crate::scalar::Real;

/// A rule that moves weights by a gradient. slimTrain takes any; a caller may bring an own one.
pub trait Update<T: Real> {
    /// Moves θ. `gradient` has the length of θ.
    fn update<B: Backend<T>>(&mut self, backend: &B, theta: &mut [T], gradient: &[T]) -> Result<(), Error>;
}

/// Length of the state of [`Adam`] for `params` weights.
pub const fn adam_state_len(params: usize) -> usize {
    params.saturating_mul(2)
}

/// Adam; the state buffer holds m and v.
#[derive(Clone, Debug)]
pub struct Adam<T, S> {
    /// η
    pub learning_rate: T,
    /// β₁
    pub beta1: T,
    /// β₂
    pub beta2: T,
    /// ε, added to the square root
    pub epsilon: T,
    state: S,
    /// β₁ᵗ and β₂ᵗ
    powers: (T, T),
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Adam<T, S> {
    /// Starts with m = v = 0, β₁ = 0.9, β₂ = 0.999, ε = 1e-8; `state` has [`adam_state_len`] elements.
    pub fn new(learning_rate: T, mut state: S) -> Self {
        state.as_mut().fill(T::ZERO);
        let (beta1, beta2) = (T::from_f64(0.9), T::from_f64(0.999));
        Self { learning_rate, beta1, beta2, epsilon: T::from_f64(1e-8), state, powers: (T::ONE, T::ONE) }
    }
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Update<T> for Adam<T, S> {
    fn update<B: Backend<T>>(&mut self, backend: &B, theta: &mut [T], gradient: &[T]) -> Result<(), Error> {
        let state = self.state.as_mut();
        check_length("state of Adam", adam_state_len(theta.len()), state.len())?;
        check_length("gradient", theta.len(), gradient.len())?;
        let (m, v) = state.split_at_mut(theta.len().min(state.len()));
        self.powers = (self.powers.0 * self.beta1, self.powers.1 * self.beta2);
        // η (m/c₁)/(√(v/c₂) + ε) with one division a weight: (η √c₂/c₁) m/(√v + ε √c₂).
        let root = (T::ONE - self.powers.1).sqrt();
        let (rate, epsilon) = (self.learning_rate * root / (T::ONE - self.powers.0), self.epsilon * root);
        let betas = (self.beta1, self.beta2);
        scaled_step(backend, betas, T::ONE, (rate, epsilon), theta, gradient, m, v);
        Ok(())
    }
}

/// Weights at a time: their roots wait in an array.
const CHUNK: usize = 64;

/// m ← β₁ m + (1 − β₁) d g,  v ← β₂ v + (1 − β₂)(d g)²,  θ ← θ − rate m/(√v + ε)
pub(super) fn scaled_step<T: Real>(
    backend: &impl Backend<T>,
    (beta1, beta2): (T, T),
    d: T,
    (rate, epsilon): (T, T),
    theta: &mut [T],
    gradient: &[T],
    m: &mut [T],
    v: &mut [T],
) {
    let mut roots = [T::ZERO; CHUNK];
    let chunks = theta.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK)).zip(m.chunks_mut(CHUNK)).zip(v.chunks_mut(CHUNK));
    for (((theta, gradient), m), v) in chunks {
        backend.run(|| {
            for ((&g, m), v) in gradient.iter().zip(&mut *m).zip(&mut *v) {
                let g = d * g;
                *m = beta1 * *m + (T::ONE - beta1) * g;
                *v = beta2 * *v + (T::ONE - beta2) * g * g;
            }
        });
        backend.roots(v, &mut roots);
        backend.run(|| {
            for ((theta, &m), &root) in theta.iter_mut().zip(&*m).zip(&roots) {
                *theta -= rate * m / (root + epsilon);
            }
        });
    }
}

/// m, v and the powers of β₁ and β₂; η, β and ε are the caller's.
impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for Adam<T, S> {
    fn tag(&self) -> usize {
        1
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.numbers(&[self.powers.0, self.powers.1]);
        out.numbers(self.state.as_ref());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.powers = (from.number(), from.number());
        from.numbers(self.state.as_mut());
        Ok(())
    }
}

/// SGD with momentum; the state buffer holds m, as many elements as weights.
#[derive(Clone, Debug)]
pub struct Sgd<T, S> {
    /// η
    pub learning_rate: T,
    /// μ, 0 for plain gradient descent
    pub momentum: T,
    state: S,
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Sgd<T, S> {
    /// Starts with m = 0.
    pub fn new(learning_rate: T, momentum: T, mut state: S) -> Self {
        state.as_mut().fill(T::ZERO);
        Self { learning_rate, momentum, state }
    }
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Update<T> for Sgd<T, S> {
    fn update<B: Backend<T>>(&mut self, backend: &B, theta: &mut [T], gradient: &[T]) -> Result<(), Error> {
        let m = self.state.as_mut();
        check_length("state of Sgd", theta.len(), m.len())?;
        check_length("gradient", theta.len(), gradient.len())?;
        let (momentum, rate) = (self.momentum, self.learning_rate);
        backend.run(|| {
            for ((theta, &g), m) in theta.iter_mut().zip(gradient).zip(m) {
                *m = momentum * *m + g;
                *theta -= rate * *m;
            }
        });
        Ok(())
    }
}

/// m; η and μ are the caller's.
impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for Sgd<T, S> {
    fn tag(&self) -> usize {
        2
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.numbers(self.state.as_ref());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        from.numbers(self.state.as_mut());
        Ok(())
    }
}

/// Length of the workspace of [`loss_and_gradient`] for a batch.
pub const fn loss_work_len(shape: Shape, samples: usize) -> usize {
    sum([shape.cache.of(samples), shape.work.of(samples), product([3, shape.features, samples])])
}

/// E(F(θ, X), C) and its gradient (overwritten) for a network whose features are the scores: one forward, one backward pass.
///
/// Shapes: θ and gradient `params`, x inputs × samples, c features × samples with contiguous columns, `work` at least
/// [`loss_work_len`]. A value that is not finite is returned as it is.
pub fn loss_and_gradient<T: Real, B: Backend<T>>(
    backend: &B,
    network: &impl Network<T>,
    loss: impl Loss,
    theta: &[T],
    x: MatRef<'_, T>,
    c: MatRef<'_, T>,
    gradient: &mut [T],
    mut work: &mut [T],
) -> Result<T, Error> {
    let (shape, n) = (network.shape(), x.cols());
    let m = shape.features;
    check_shape("targets", (m, n), c.shape())?;
    loss.check_samples(n)?;
    check_length("gradient", shape.params, gradient.len())?;
    check_workspace("work", loss_work_len(shape, n), work.len())?;
    let cache = take("work", &mut work, shape.cache.of(n))?;
    let s = take("work", &mut work, m * n)?;
    let g = take("work", &mut work, m * n)?;
    let p = take("work", &mut work, m * n)?;
    network.forward(backend, theta, x, MatMut::new(s, m, n)?, cache, work)?;
    let value = loss.gradient(MatRef::new(s, m, n)?, c, MatMut::new(g, m, n)?, MatMut::new(p, m, n)?);
    gradient.fill(T::ZERO);
    network.vjp(backend, Point { theta, x, cache }, MatRef::new(g, m, n)?, gradient, None, work)?;
    Ok(value)
}

/// One step of [`FirstOrder`]; numbers are those of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstOrderReport<T> {
    /// E before the step.
    pub loss: T,
    /// The same plus R(θ).
    pub objective: T,
    /// ‖g‖ of the objective.
    pub gradient_norm: T,
    /// Passes over batches so far, two a step.
    pub work_units: usize,
    /// [`Status::Running`], or [`Status::NonFinite`]: E or ‖g‖ is not finite, θ and the rule are as before the step; or they
    /// are, and the step has left the range.
    pub status: Status,
}

/// Steps of an [`Update`] along the gradient of E(F(θ, X), C) + R(θ), over all weights of a network.
///
/// ```
/// use gaussling_core::nn::{Affine, Layer, LeastSquares, Tikhonov};
/// use gaussling_core::optim::{Adam, FirstOrder, adam_state_len, loss_work_len};
/// use gaussling_core::{MatRef, Portable};
/// // The line through (0, 1) and (1, 3).
/// let (x, c) = (MatRef::new(&[0.0, 1.0], 1, 2)?, MatRef::new(&[1.0, 3.0], 1, 2)?);
/// let (net, regularizer) = (Affine::<1, 1>, Tikhonov { alpha: 0.0 });
/// let mut method = FirstOrder::new(Adam::new(0.1, [0.0; adam_state_len(2)]));
/// let (mut theta, mut gradient, mut work) = ([0.0_f64; 2], [0.0; 2], [0.0; loss_work_len(Affine::<1, 1>::SHAPE, 2)]);
/// for _ in 0..1000 {
///     method.step(&Portable, &net, LeastSquares, &regularizer, &mut theta, x, c, &mut gradient, &mut work)?;
/// }
/// assert!((theta[0] - 2.0).abs() < 1e-3 && (theta[1] - 1.0).abs() < 1e-3);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FirstOrder<U> {
    /// The rule, whose learning rate may change between steps.
    pub update: U,
    work_units: usize,
}

impl<U> FirstOrder<U> {
    /// No step taken.
    pub fn new(update: U) -> Self {
        Self { update, work_units: 0 }
    }

    /// One step on the batch: two passes. Shapes and errors are those of [`loss_and_gradient`]; `gradient` is overwritten.
    pub fn step<T: Real, B: Backend<T>>(
        &mut self,
        backend: &B,
        network: &impl Network<T>,
        loss: impl Loss,
        regularizer: &impl Regularizer<T>,
        theta: &mut [T],
        x: MatRef<'_, T>,
        c: MatRef<'_, T>,
        gradient: &mut [T],
        work: &mut [T],
    ) -> Result<FirstOrderReport<T>, Error>
    where
        U: Update<T>,
    {
        let loss = loss_and_gradient(backend, network, loss, theta, x, c, gradient, work)?;
        regularizer.add_product(theta, gradient);
        let (objective, gradient_norm) = (loss + regularizer.value(theta), backend.norm(gradient));
        self.work_units = self.work_units.saturating_add(2);
        let mut status = Status::NonFinite;
        if objective.is_finite() && gradient_norm.is_finite() {
            self.update.update(backend, theta, gradient)?;
            if theta.iter().all(|theta| theta.is_finite()) {
                status = Status::Running;
            }
        }
        Ok(FirstOrderReport { loss, objective, gradient_norm, work_units: self.work_units, status })
    }
}

/// The passes, and the state of the rule.
impl<T: Real, U: SaveState<T>> SaveState<T> for FirstOrder<U> {
    fn tag(&self) -> usize {
        self.update.tag()
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.work_units);
        self.update.write(out);
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.work_units = from.count(usize::MAX)?;
        self.update.read(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    /// The first Adam step has length η in each direction, whatever the gradient's size; later ones follow the formula.
    #[test]
    fn adam_corrects_its_bias() {
        let mut adam = Adam::new(0.1, [0.0_f64; 4]);
        let mut theta = [1.0, 2.0];
        adam.update(&Portable, &mut theta, &[1e-3, -50.0]).unwrap();
        assert!((theta[0] - 0.9).abs() < 1e-5 && (theta[1] - 2.1).abs() < 1e-9, "{theta:?}");
        adam.update(&Portable, &mut theta, &[2e-3, -50.0]).unwrap();
        let (m, v): (f64, f64) = (0.9 * 1e-4 + 0.1 * 2e-3, 0.999 * 1e-9 + 1e-3 * 4e-6);
        let expected = 0.1 * (m / (1.0 - 0.81)) / (libm::sqrt(v / (1.0 - 0.999 * 0.999)) + 1e-8);
        assert!((0.9 - theta[0] - expected).abs() < 2e-6, "{theta:?} {expected}");
        assert!(adam.update(&Portable, &mut [0.0; 3], &[0.0; 3]).is_err());
    }

    #[test]
    fn sgd_remembers_its_momentum() {
        let mut sgd = Sgd::new(0.5, 0.9, [0.0_f64]);
        let mut theta = [0.0];
        sgd.update(&Portable, &mut theta, &[1.0]).unwrap();
        sgd.update(&Portable, &mut theta, &[1.0]).unwrap();
        assert_eq!(theta, [-0.5 - 0.5 * 1.9]);
        assert!(sgd.update(&Portable, &mut [0.0; 2], &[0.0; 2]).is_err());
    }

    /// A step that leaves the range is not called a success.
    #[test]
    fn weights_that_overflow_are_reported() {
        let (x, c) = (MatRef::new(&[1.0], 1, 1).unwrap(), MatRef::new(&[3.0], 1, 1).unwrap());
        let (net, regularizer) = (crate::nn::Affine::<1, 1>, crate::nn::Tikhonov { alpha: 0.0 });
        let (mut theta, mut gradient, mut work) = ([0.0_f64; 2], [0.0; 2], [0.0; 100]);
        for (rate, expected) in [(0.1, Status::Running), (f64::MAX, Status::NonFinite)] {
            let mut method = FirstOrder::new(Sgd::new(rate, 0.0, [0.0; 2]));
            let loss = crate::nn::LeastSquares;
            let report =
                method.step(&Portable, &net, loss, &regularizer, &mut theta, x, c, &mut gradient, &mut work).unwrap();
            assert_eq!(report.status, expected);
        }
    }

    /// A loss that overflows, though its gradient does not, moves nothing.
    #[test]
    fn a_loss_that_overflows_moves_nothing() {
        let (x, c) = (MatRef::new(&[1.0], 1, 1).unwrap(), MatRef::new(&[1e200], 1, 1).unwrap());
        let (net, regularizer) = (crate::nn::Affine::<1, 1>, crate::nn::Tikhonov { alpha: 0.0 });
        let (mut theta, mut gradient, mut work) = ([1.0_f64; 2], [0.0; 2], [0.0; 100]);
        let mut method = FirstOrder::new(Sgd::new(0.1, 0.0, [0.0; 2]));
        let loss = crate::nn::LeastSquares;
        let report =
            method.step(&Portable, &net, loss, &regularizer, &mut theta, x, c, &mut gradient, &mut work).unwrap();
        assert!(report.gradient_norm.is_finite() && report.loss == f64::INFINITY, "{report:?}");
        assert_eq!((report.status, theta), (Status::NonFinite, [1.0; 2]));
    }
}
