//! Residual blocks by the classical Runge–Kutta method of order 4.
//!
//! y′ = L(θ(t), y) on `steps` equal steps of size h. Weights live at the nodes and mid-points of the time grid, so at
//! `2·steps + 1` times; step k uses the sets a = 2k, m = 2k + 1, b = 2k + 2:
//!
//! ```text
//! k₁ = L(θ_a, y)   k₂ = L(θ_m, y + h/2 k₁)   k₃ = L(θ_m, y + h/2 k₂)   k₄ = L(θ_b, y + h k₃)
//! y ← y + h (k₁/6 + k₂/3 + k₃/3 + k₄/6)
//! ```
//! Backwards, with the cotangent V of the new y and wᵢ = (∂L/∂y)ᵀ uᵢ at stage i (each uᵢ carries its factor h):
//!
//! ```text
//! u₄ = h/6 V   u₃ = h/3 V + h w₄   u₂ = h/3 V + h/2 w₃   u₁ = h/6 V + h/2 w₂   V ← V + w₁ + w₂ + w₃ + w₄
//! ```
//! Source of the use in networks: Haber and Ruthotto (2017); parametrisation as in Newman et al., "Train like a (Var)Pro"
//! (2021). Cache of a step: four times (layer's cache | stage output kᵢ turned into the next stage's input or the next y).

use rand_core::Rng;

use super::euler::{copy_or_zero, initialize_equal, weights, weights_mut};
use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape};
use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `STEPS` Runge–Kutta steps around `layer`, whose features must be as many as its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Rk4<L, const STEPS: usize> {
    /// The right-hand side of y′ = L(θ(t), y).
    pub layer: L,
    /// h; T/STEPS for the time horizon T.
    pub step_size: f64,
}

/// Runge–Kutta steps whose number is known at run time.
#[derive(Clone, Copy, Debug)]
pub struct DynRk4<L> {
    pub(super) layer: L,
    pub(super) steps: usize,
    pub(super) step_size: f64,
}

impl<L> DynRk4<L> {
    /// `steps` steps of size `step_size`; [`Error::Length`] when the layer's features are not as many as its inputs.
    pub fn new<T: Real>(layer: L, steps: usize, step_size: f64) -> Result<Self, Error>
    where
        L: Network<T>,
    {
        check_length("features of a residual layer", layer.shape().inputs, layer.shape().features)?;
        Ok(Self { layer, steps, step_size })
    }
}

impl<S, L: Layer<In = S, Out = S>, const STEPS: usize> Layer for Rk4<L, STEPS> {
    type In = S;
    type Out = S;
    type Run = DynRk4<L::Run>;
    const SHAPE: Shape = L::SHAPE.rk4(STEPS);

    #[inline]
    fn run(self) -> Self::Run {
        DynRk4 { layer: self.layer.run(), steps: STEPS, step_size: self.step_size }
    }
}

/// Weight of stage i in the sum, as a divisor; and the factor of h with which kᵢ enters the next stage.
pub(super) const STAGES: [(f64, f64); 4] = [(6.0, 0.5), (3.0, 0.5), (3.0, 1.0), (6.0, 0.0)];

/// Which of the sets a, m, b stage i uses.
pub(super) const SET: [usize; 4] = [0, 1, 1, 2];

impl<T: Real, L: Network<T>> Network<T> for DynRk4<L> {
    fn shape(&self) -> Shape {
        self.layer.shape().rk4(self.steps)
    }

    /// All time nodes start with the same weights.
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
        mut work: &mut [T],
    ) -> Result<(), Error> {
        let layer = self.layer.shape();
        let samples = check_forward(self.shape(), theta, x, &z, cache, work)?;
        let n = layer.features;
        let h = T::from_f64(self.step_size);
        let sum = take("work", &mut work, n * samples)?;
        let mut y = x;
        for step in 0..self.steps {
            let mut input = y;
            for (i, ((divisor, factor), set)) in STAGES.into_iter().zip(SET).enumerate() {
                let layer_cache = take("cache", &mut cache, layer.cache.of(samples))?;
                let k = take("cache", &mut cache, n * samples)?;
                let theta = weights(theta, layer.params, 2 * step + set)?;
                self.layer.forward(backend, theta, input, MatMut::new(k, n, samples)?, layer_cache, work)?;
                // What is stored is the input of the next stage: y + factor h kᵢ, or the new y after the last.
                let (divisor, factor) = (T::from_f64(divisor), T::from_f64(factor) * h);
                let stage = |((k, sum), y): ((&mut T, &mut T), T)| {
                    *sum = if i == 0 { *k / divisor } else { *sum + *k / divisor };
                    *k = if i == 3 { y + h * *sum } else { y + factor * *k };
                };
                let stored = k.iter_mut().zip(&mut *sum);
                match y.as_contiguous_slice() {
                    Some(y) => backend.run(|| stored.zip(y.iter().copied()).for_each(stage)),
                    None => stored.zip(y.iter()).for_each(stage),
                }
                input = MatRef::new(k, n, samples)?;
            }
            y = input;
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
        let input = take("work", &mut work, n * samples)?;
        let k = take("work", &mut work, n * samples)?;
        let sum = take("work", &mut work, n * samples)?;
        copy_or_zero(dx, d);
        for step in 0..self.steps {
            for (i, ((divisor, factor), set)) in STAGES.into_iter().zip(SET).enumerate() {
                let at = self.stage(point, samples, step, i)?;
                let dtheta = weights(dtheta, layer.params, 2 * step + set)?;
                let d_in = match (step, i) {
                    (0, 0) => dx,
                    (_, 0) => Some(MatRef::new(d, n, samples)?),
                    _ => Some(MatRef::new(input, n, samples)?),
                };
                self.layer.jvp(backend, at, dtheta, d_in, MatMut::new(k, n, samples)?, work)?;
                let (divisor, factor) = (T::from_f64(divisor), T::from_f64(factor) * h);
                backend.run(|| {
                    for (((sum, &k), input), &d) in sum.iter_mut().zip(&*k).zip(&mut *input).zip(&*d) {
                        *sum = if i == 0 { k / divisor } else { *sum + k / divisor };
                        *input = d + factor * k;
                    }
                });
            }
            backend.axpy(h, sum, d);
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
        let u = take("work", &mut work, n * samples)?;
        let w = take("work", &mut work, n * samples)?;
        let sum = take("work", &mut work, n * samples)?;
        copy_or_zero(Some(g), v);
        for step in (0..self.steps).rev() {
            let last = step == 0 && gx.is_none();
            for (i, ((divisor, factor), set)) in STAGES.into_iter().zip(SET).enumerate().rev() {
                // uᵢ = h/divisor V + factor h wᵢ₊₁, with w₅ = 0.
                let (weight, factor) = (h / T::from_f64(divisor), T::from_f64(factor) * h);
                backend.run(|| {
                    for ((u, &v), &w) in u.iter_mut().zip(&*v).zip(&*w) {
                        *u = if i == 3 { weight * v } else { weight * v + factor * w };
                    }
                });
                let at = self.stage(point, samples, step, i)?;
                let gtheta = weights_mut(gtheta, layer.params, 2 * step + set)?;
                let wanted = !(last && i == 0);
                let w_out = if wanted { Some(MatMut::new(w, n, samples)?) } else { None };
                self.layer.vjp(backend, at, MatRef::new(u, n, samples)?, gtheta, w_out, work)?;
                if wanted {
                    backend.run(|| {
                        for (sum, &w) in sum.iter_mut().zip(&*w) {
                            *sum = if i == 3 { w } else { *sum + w };
                        }
                    });
                }
            }
            backend.axpy(T::ONE, sum, v);
        }
        match gx {
            Some(mut gx) => gx.copy_from(MatRef::new(v, n, samples)?),
            None => Ok(()),
        }
    }
}

impl<L> DynRk4<L> {
    /// Where the layer was evaluated at stage `i` of step `step`.
    fn stage<'a, T: Real>(
        &self,
        point: Point<'a, T>,
        samples: usize,
        step: usize,
        i: usize,
    ) -> Result<Point<'a, T>, Error>
    where
        L: Network<T>,
    {
        let layer = self.layer.shape();
        let (own, state) = (layer.cache.of(samples), layer.features * samples);
        let start = (4 * step + i) * (own + state);
        // The input of a stage is what the one before it stored; stage 0 starts from y, which the step before it stored.
        let x = match (4 * step + i).checked_sub(1).map(|before| before * (own + state) + own) {
            None => point.x,
            Some(before) => {
                let short = Error::Workspace { what: "cache", needed: before + state, found: point.cache.len() };
                MatRef::new(point.cache.get(before..before + state).ok_or(short)?, layer.features, samples)?
            }
        };
        let short = Error::Workspace { what: "cache", needed: start + own, found: point.cache.len() };
        let cache = point.cache.get(start..start + own).ok_or(short)?;
        let set = 2 * step + SET.get(i).copied().unwrap_or_default();
        Ok(Point { theta: weights(point.theta, layer.params, set)?, x, cache })
    }
}
