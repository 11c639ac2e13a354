//! [`Network`]: what the optimizers need of a separable model.

use rand_core::Rng;

use super::{Init, Shape};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Where derivatives are taken: the arguments of a finished [`Network::forward`], and the cache that it filled.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a, T> {
    /// Weights, length `params`.
    pub theta: &'a [T],
    /// Inputs, inputs × samples.
    pub x: MatRef<'a, T>,
    /// The cache that `forward` filled for these `theta` and `x`.
    pub cache: &'a [T],
}

/// A map Z = F(θ, X) on batches, with products of its Jacobian and of its transpose.
///
/// Sizes are methods, so a network whose sizes are known only at run time implements this too. Layers with sizes in their
/// types implement [`Layer`](super::Layer) and get this trait from it.
pub trait Network<T: Real> {
    /// Sizes, and lengths of cache and workspace.
    fn shape(&self) -> Shape;

    /// Fills θ with random initial weights.
    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error>;

    /// Z ← F(θ, X); fills the first `shape().cache.of(samples)` elements of `cache`.
    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error>;

    /// dZ ← ∂F/∂θ·dθ + ∂F/∂X·dX at `point`; no `dx` means zero.
    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error>;

    /// g_θ ← g_θ + (∂F/∂θ)ᵀ G (added), g_X ← (∂F/∂X)ᵀ G (overwritten) at `point`, for G of the shape of Z.
    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        work: &mut [T],
    ) -> Result<(), Error>;
}

/// The checks at the entry of `forward`; returns the number of samples.
pub(super) fn check_forward<T: Copy>(
    shape: Shape,
    theta: &[T],
    x: MatRef<'_, T>,
    z: &MatMut<'_, T>,
    cache: &[T],
    work: &[T],
) -> Result<usize, Error> {
    let samples = check_point(shape, theta, x, cache, work)?;
    check_shape("features", (shape.features, samples), z.shape())?;
    Ok(samples)
}

/// The checks at the entry of `jvp`; returns the number of samples.
pub(super) fn check_jvp<T: Copy>(
    shape: Shape,
    point: Point<'_, T>,
    dtheta: &[T],
    dx: Option<MatRef<'_, T>>,
    dz: &MatMut<'_, T>,
    work: &[T],
) -> Result<usize, Error> {
    let samples = check_point(shape, point.theta, point.x, point.cache, work)?;
    check_length("dtheta", shape.params, dtheta.len())?;
    check_shape("dz", (shape.features, samples), dz.shape())?;
    if let Some(dx) = dx {
        check_shape("dx", (shape.inputs, samples), dx.shape())?;
    }
    Ok(samples)
}

/// The checks at the entry of `vjp`; returns the number of samples.
pub(super) fn check_vjp<T: Copy>(
    shape: Shape,
    point: Point<'_, T>,
    g: MatRef<'_, T>,
    gtheta: &[T],
    gx: Option<&MatMut<'_, T>>,
    work: &[T],
) -> Result<usize, Error> {
    let samples = check_point(shape, point.theta, point.x, point.cache, work)?;
    check_length("gtheta", shape.params, gtheta.len())?;
    check_shape("g", (shape.features, samples), g.shape())?;
    if let Some(gx) = gx {
        check_shape("gx", (shape.inputs, samples), gx.shape())?;
    }
    Ok(samples)
}

fn check_point<T: Copy>(shape: Shape, theta: &[T], x: MatRef<'_, T>, cache: &[T], work: &[T]) -> Result<usize, Error> {
    let samples = x.cols();
    check_length("theta", shape.params, theta.len())?;
    check_shape("inputs", (shape.inputs, samples), x.shape())?;
    check_workspace("cache", shape.cache.of(samples), cache.len())?;
    check_workspace("work", shape.work.of(samples), work.len())?;
    Ok(samples)
}
