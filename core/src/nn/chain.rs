//! One network after another.
//!
//! θ = [θ₁; θ₂], F(θ, X) = F₂(θ₂, F₁(θ₁, X)). Cache: first network's | second network's | features between them.

use rand_core::Rng;

use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Network, Point, Shape};
use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `second` after `first`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<A, B> {
    pub(super) first: A,
    pub(super) second: B,
}

impl<A, B> Chain<A, B> {
    /// Composes two networks; [`Error::Length`] when the features of the first are not the inputs of the second.
    pub fn new<T: Real>(first: A, second: B) -> Result<Self, Error>
    where
        A: Network<T>,
        B: Network<T>,
    {
        check_length("inputs of the second network", first.shape().features, second.shape().inputs)?;
        Ok(Self { first, second })
    }

    /// For networks whose sizes the compiler has compared.
    #[inline]
    pub(super) fn trusted(first: A, second: B) -> Self {
        Self { first, second }
    }
}

/// The parts of a chain's cache.
struct Parts<'a, T> {
    first: &'a [T],
    second: &'a [T],
    between: MatRef<'a, T>,
}

fn parts<T: Copy>(a: Shape, b: Shape, samples: usize, cache: &[T]) -> Result<Parts<'_, T>, Error> {
    let short = Error::Workspace { what: "cache", needed: a.then(b).cache.of(samples), found: cache.len() };
    let (first, rest) = cache.split_at_checked(a.cache.of(samples)).ok_or(short)?;
    let (second, rest) = rest.split_at_checked(b.cache.of(samples)).ok_or(short)?;
    let between = rest.get(..a.features * samples).ok_or(short)?;
    Ok(Parts { first, second, between: MatRef::new(between, a.features, samples)? })
}

impl<T: Real, P: Network<T>, Q: Network<T>> Network<T> for Chain<P, Q> {
    #[inline]
    fn shape(&self) -> Shape {
        self.first.shape().then(self.second.shape())
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", self.shape().params, theta.len())?;
        let (first, second) = theta.split_at_mut(self.first.shape().params.min(theta.len()));
        self.first.initialize(scheme, rng, first)?;
        self.second.initialize(scheme, rng, second)
    }

    #[inline]
    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        mut cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        let (a, b) = (self.first.shape(), self.second.shape());
        let samples = check_forward(a.then(b), theta, x, &z, cache, work)?;
        let (theta1, theta2) = theta.split_at(a.params.min(theta.len()));
        let cache1 = take("cache", &mut cache, a.cache.of(samples))?;
        let cache2 = take("cache", &mut cache, b.cache.of(samples))?;
        let between = take("cache", &mut cache, a.features * samples)?;
        self.first.forward(backend, theta1, x, MatMut::new(between, a.features, samples)?, cache1, work)?;
        self.second.forward(backend, theta2, MatRef::new(between, a.features, samples)?, z, cache2, work)
    }

    #[inline]
    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        dz: MatMut<'_, T>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        let (a, b) = (self.first.shape(), self.second.shape());
        let samples = check_jvp(a.then(b), point, dtheta, dx, &dz, work)?;
        let (theta1, theta2) = point.theta.split_at(a.params.min(point.theta.len()));
        let (dtheta1, dtheta2) = dtheta.split_at(a.params.min(dtheta.len()));
        let parts = parts(a, b, samples, point.cache)?;
        let d = take("work", &mut work, a.features * samples)?;
        let point1 = Point { theta: theta1, x: point.x, cache: parts.first };
        self.first.jvp(backend, point1, dtheta1, dx, MatMut::new(d, a.features, samples)?, work)?;
        let point2 = Point { theta: theta2, x: parts.between, cache: parts.second };
        self.second.jvp(backend, point2, dtheta2, Some(MatRef::new(d, a.features, samples)?), dz, work)
    }

    #[inline]
    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        let (a, b) = (self.first.shape(), self.second.shape());
        let samples = check_vjp(a.then(b), point, g, gtheta, gx.as_ref(), work)?;
        let (theta1, theta2) = point.theta.split_at(a.params.min(point.theta.len()));
        let (gtheta1, gtheta2) = gtheta.split_at_mut(a.params.min(gtheta.len()));
        let parts = parts(a, b, samples, point.cache)?;
        let g1 = take("work", &mut work, a.features * samples)?;
        let point2 = Point { theta: theta2, x: parts.between, cache: parts.second };
        self.second.vjp(backend, point2, g, gtheta2, Some(MatMut::new(g1, a.features, samples)?), work)?;
        let point1 = Point { theta: theta1, x: point.x, cache: parts.first };
        self.first.vjp(backend, point1, MatRef::new(g1, a.features, samples)?, gtheta1, gx, work)
    }
}
