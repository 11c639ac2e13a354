//! The loss over all weights of a network whose features are the scores: E(F(θ, X), C) + R(θ).
//!
//! Gauss–Newton products H v = Jᵀ E″[J v] + R″ v with J = ∂F/∂θ. This is what a method without variable projection minimizes:
//! the baseline of every comparison, and L-BFGS's and CurveBall's view of a problem.

use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Loss, Network, Point, Regularizer, Shape};
use crate::optim::{Objective, SaveState, StateReader, StateWriter, loss_work_len, sum};
use crate::scalar::Real;

/// E + R over the caller's data and buffer.
#[derive(Debug)]
pub struct FullObjective<'a, T, N, L, R, B> {
    network: &'a N,
    loss: L,
    regularizer: R,
    backend: &'a B,
    x: MatRef<'a, T>,
    c: MatRef<'a, T>,
    theta: &'a mut [T],
    cache: &'a mut [T],
    work: &'a mut [T],
    /// Scores, later J v; ∂E/∂S, later E″[J v]; and the loss's own P: outputs × N each.
    s: &'a mut [T],
    g: &'a mut [T],
    p: &'a mut [T],
    data_loss: T,
    /// Whether `theta` is a point of the caller's.
    evaluated: bool,
}

/// Length of the buffer of a [`FullObjective`].
pub const fn full_objective_work_len(shape: Shape, samples: usize) -> usize {
    sum([shape.params, loss_work_len(shape, samples)])
}

impl<'a, T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> FullObjective<'a, T, N, L, R, B> {
    /// Sets the problem up: inputs `x` (n_in × N), targets `c` (outputs × N) with contiguous columns.
    pub fn new(
        network: &'a N,
        loss: L,
        regularizer: R,
        backend: &'a B,
        x: MatRef<'a, T>,
        c: MatRef<'a, T>,
        mut buffer: &'a mut [T],
    ) -> Result<Self, Error> {
        let (shape, n) = (network.shape(), x.cols());
        check_shape("inputs", (shape.inputs, n), x.shape())?;
        check_shape("targets", (shape.features, n), c.shape())?;
        loss.check_samples(n)?;
        if !c.has_contiguous_cols() {
            return Err(Error::InvalidOption { what: "targets with contiguous columns" });
        }
        check_workspace("buffer", full_objective_work_len(shape, n), buffer.len())?;
        let mut next = |len| take("buffer", &mut buffer, len);
        Ok(Self {
            network,
            loss,
            regularizer,
            backend,
            x,
            c,
            theta: next(shape.params)?,
            cache: next(shape.cache.of(n))?,
            work: next(shape.work.of(n))?,
            s: next(shape.features * n)?,
            g: next(shape.features * n)?,
            p: next(shape.features * n)?,
            data_loss: T::ZERO,
            evaluated: false,
        })
    }

    /// E, without regularization, of the last evaluation.
    pub fn data_loss(&self) -> T {
        self.data_loss
    }

    fn forward(&mut self, theta: &[T]) -> Result<(usize, usize), Error> {
        check_length("theta", self.theta.len(), theta.len())?;
        copy(theta, self.theta);
        self.evaluated = true;
        let (m, n) = self.c.shape();
        self.network.forward(self.backend, self.theta, self.x, MatMut::new(self.s, m, n)?, self.cache, self.work)?;
        Ok((m, n))
    }
}

/// Value and gradient cost one forward and one backward pass; a product one forward-mode and one backward pass.
impl<T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> Objective<T>
    for FullObjective<'_, T, N, L, R, B>
{
    fn params(&self) -> usize {
        self.theta.len()
    }

    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        let (m, n) = self.forward(theta)?;
        let s = MatRef::new(self.s, m, n)?;
        self.data_loss = self.loss.gradient(s, self.c, MatMut::new(self.g, m, n)?, MatMut::new(self.p, m, n)?);
        Ok(self.data_loss + self.regularizer.value(self.theta))
    }

    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        check_length("gradient", self.theta.len(), gradient.len())?;
        let (m, n) = self.c.shape();
        gradient.fill(T::ZERO);
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        self.network.vjp(self.backend, point, MatRef::new(self.g, m, n)?, gradient, None, self.work)?;
        self.regularizer.add_product(self.theta, gradient);
        Ok(())
    }

    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        check_length("hv", self.theta.len(), hv.len())?;
        let (m, n) = self.c.shape();
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        self.network.jvp(self.backend, point, v, None, MatMut::new(self.s, m, n)?, self.work)?;
        let jv = MatRef::new(self.s, m, n)?;
        self.loss.hessian_vector(MatRef::new(self.p, m, n)?, jv, MatMut::new(self.g, m, n)?);
        hv.fill(T::ZERO);
        self.network.vjp(self.backend, point, MatRef::new(self.g, m, n)?, hv, None, self.work)?;
        self.regularizer.add_product(v, hv);
        Ok(())
    }
}

/// θ of the last evaluation. To restore costs one evaluation there: the caches have the same bits again.
impl<T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> SaveState<T>
    for FullObjective<'_, T, N, L, R, B>
{
    fn tag(&self) -> usize {
        9
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
