//! Residual blocks by the forward Euler method: yₖ₊₁ = yₖ + h L(θₖ, yₖ), own weights at each step.
//!
//! θ = [θ₀; …; θ_(steps−1)]. Cache of step k: the layer's | yₖ₊₁ (the last one is kept too, for simplicity of the layout).
//! Derivatives: dyₖ₊₁ = dyₖ + h dL; backwards v ← v + h (∂L/∂y)ᵀ v.

use rand_core::Rng;

use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape};
use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `STEPS` Euler steps around `layer`, whose features must be as many as its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Euler<L, const STEPS: usize> {
    /// The right-hand side of y′ = L(θ(t), y).
    pub layer: L,
    /// h; T/STEPS for the time horizon T.
    pub step_size: f64,
}

/// Euler steps whose number is known at run time.
#[derive(Clone, Copy, Debug)]
pub struct DynEuler<L> {
    pub(super) layer: L,
    pub(super) steps: usize,
    pub(super) step_size: f64,
}

impl<L> DynEuler<L> {
    /// `steps` steps of size `step_size`; [`Error::Length`] when the layer's features are not as many as its inputs.
    pub fn new<T: Real>(layer: L, steps: usize, step_size: f64) -> Result<Self, Error>
    where
        L: Network<T>,
    {
        check_length("features of a residual layer", layer.shape().inputs, layer.shape().features)?;
        Ok(Self { layer, steps, step_size })
    }
}

impl<S, L: Layer<In = S, Out = S>, const STEPS: usize> Layer for Euler<L, STEPS> {
    type In = S;
    type Out = S;
    type Run = DynEuler<L::Run>;
    const SHAPE: Shape = L::SHAPE.euler(STEPS);

    #[inline]
    fn run(self) -> Self::Run {
        DynEuler { layer: self.layer.run(), steps: STEPS, step_size: self.step_size }
    }
}

impl<T: Real, L: Network<T>> Network<T> for DynEuler<L> {
    fn shape(&self) -> Shape {
        self.layer.shape().euler(self.steps)
    }

    /// All steps start with the same weights.
    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", self.shape().params, theta.len())?;
        initialize_equal(&self.layer, scheme, rng, theta)
    }

    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
        mut cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        let layer = self.layer.shape();
        let samples = check_forward(self.shape(), theta, x, &z, cache, work)?;
        let n = layer.features;
        let h = T::from_f64(self.step_size);
        let mut y = x;
        for k in 0..self.steps {
            let theta = weights(theta, layer.params, k)?;
            let layer_cache = take("cache", &mut cache, layer.cache.of(samples))?;
            let next = take("cache", &mut cache, n * samples)?;
            self.layer.forward(backend, theta, y, MatMut::new(next, n, samples)?, layer_cache, work)?;
            match y.as_contiguous_slice() {
                Some(y) => backend.run(|| next.iter_mut().zip(y).for_each(|(next, &y)| *next = y + h * *next)),
                None => next.iter_mut().zip(y.iter()).for_each(|(next, y)| *next = y + h * *next),
            }
            y = MatRef::new(next, n, samples)?;
        }
        z.copy_from(y)
    }

    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        mut dz: MatMut<'_, T>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        let layer = self.layer.shape();
        let samples = check_jvp(self.shape(), point, dtheta, dx, &dz, work)?;
        let n = layer.features;
        let h = T::from_f64(self.step_size);
        let d = take("work", &mut work, n * samples)?;
        let change = take("work", &mut work, n * samples)?;
        copy_or_zero(dx, d);
        for k in 0..self.steps {
            let step = self.step(point, samples, k)?;
            let dtheta = weights(dtheta, layer.params, k)?;
            let d_in = if k == 0 { dx } else { Some(MatRef::new(d, n, samples)?) };
            self.layer.jvp(backend, step, dtheta, d_in, MatMut::new(change, n, samples)?, work)?;
            backend.axpy(h, change, d);
        }
        dz.copy_from(MatRef::new(d, n, samples)?)
    }

    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        let layer = self.layer.shape();
        let samples = check_vjp(self.shape(), point, g, gtheta, gx.as_ref(), work)?;
        let n = layer.features;
        let h = T::from_f64(self.step_size);
        let v = take("work", &mut work, n * samples)?;
        let scaled = take("work", &mut work, n * samples)?;
        let change = take("work", &mut work, n * samples)?;
        copy_or_zero(Some(g), v);
        for k in (0..self.steps).rev() {
            let step = self.step(point, samples, k)?;
            let gtheta = weights_mut(gtheta, layer.params, k)?;
            // The cotangent carries h, so that the gradient is added with it at once.
            backend.run(|| scaled.iter_mut().zip(&*v).for_each(|(s, &v)| *s = h * v));
            let needed = (k > 0 || gx.is_some()).then_some(MatMut::new(change, n, samples)?);
            let skip = needed.is_none();
            self.layer.vjp(backend, step, MatRef::new(scaled, n, samples)?, gtheta, needed, work)?;
            if !skip {
                backend.axpy(T::ONE, change, v);
            }
        }
        match gx {
            Some(mut gx) => gx.copy_from(MatRef::new(v, n, samples)?),
            None => Ok(()),
        }
    }
}

impl<L> DynEuler<L> {
    /// Where the layer was evaluated in step `k`.
    fn step<'a, T: Real>(&self, point: Point<'a, T>, samples: usize, k: usize) -> Result<Point<'a, T>, Error>
    where
        L: Network<T>,
    {
        let layer = self.layer.shape();
        let (own, state) = (layer.cache.of(samples), layer.features * samples);
        let start = k * (own + state);
        let short = Error::Workspace { what: "cache", needed: start + own, found: point.cache.len() };
        let cache = point.cache.get(start..start + own).ok_or(short)?;
        let x = match start.checked_sub(state) {
            Some(before) if k > 0 => {
                MatRef::new(point.cache.get(before..start).ok_or(short)?, layer.features, samples)?
            }
            _ => point.x,
        };
        Ok(Point { theta: weights(point.theta, layer.params, k)?, x, cache })
    }
}

/// Fills the first set of weights and copies it to the others.
pub(super) fn initialize_equal<T: Real, L: Network<T>, R: Rng>(
    layer: &L,
    scheme: Init,
    rng: &mut R,
    theta: &mut [T],
) -> Result<(), Error> {
    let params = layer.shape().params;
    let (first, others) = theta.split_at_mut(params.min(theta.len()));
    if first.is_empty() {
        return Ok(());
    }
    layer.initialize(scheme, rng, first)?;
    for set in others.chunks_exact_mut(params) {
        copy(first, set);
    }
    Ok(())
}

/// v ← the elements of x, column after column; zeros for `None`.
pub(super) fn copy_or_zero<T: Real>(x: Option<MatRef<'_, T>>, v: &mut [T]) {
    match x.map(|x| (x, x.as_contiguous_slice())) {
        Some((_, Some(x))) => v.iter_mut().zip(x).for_each(|(v, &x)| *v = x),
        Some((x, None)) => v.iter_mut().zip(x.iter()).for_each(|(v, x)| *v = x),
        None => v.fill(T::ZERO),
    }
}

/// The weights of step or time node `set`.
pub(super) fn weights<T>(theta: &[T], params: usize, set: usize) -> Result<&[T], Error> {
    let (start, end) = (set * params, (set + 1) * params);
    theta.get(start..end).ok_or(Error::Length { what: "theta", expected: end, found: theta.len() })
}

/// The weights of step or time node `set`, for writing.
pub(super) fn weights_mut<T>(theta: &mut [T], params: usize, set: usize) -> Result<&mut [T], Error> {
    let (start, end, found) = (set * params, (set + 1) * params, theta.len());
    theta.get_mut(start..end).ok_or(Error::Length { what: "theta", expected: end, found })
}
