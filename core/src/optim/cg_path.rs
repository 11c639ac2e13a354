//! The path of preconditioned conjugate gradients for H s = −g, kept, so that steps of several lengths cost one set of products.
//!
//! From s₀ = 0, r₀ = −g and p₀ = M r₀, for M symmetric positive definite (an approximation of H⁻¹) and i = 0, 1, …:
//!
//! 1. αᵢ = rᵢᵀM rᵢ / pᵢᵀH pᵢ; sᵢ₊₁ = sᵢ + αᵢ pᵢ; rᵢ₊₁ = rᵢ − αᵢ H pᵢ
//! 2. pᵢ₊₁ = M rᵢ₊₁ + βᵢ pᵢ, βᵢ = rᵢ₊₁ᵀM rᵢ₊₁ / rᵢᵀM rᵢ
//!
//! Along the piecewise linear path s₀, s₁, … the model gᵀs + ½ sᵀH s falls and the length ‖s‖_{M⁻¹} grows, so the step of length Δ
//! is the point where the path leaves the ball. A smaller or larger Δ at the same point needs no product. The length comes from
//! recurrences, without M⁻¹. While there is no pair the steps are those of M = I, and lengths are in the norm of I/α₀, whose
//! unit is that of H: Δ then means the same at every point and for every scale of Φ.
//!
//! The path ends, before the largest dimension, at the first i where
//!
//! * ‖rᵢ₊₁‖ ≤ tolerance · ‖g‖, or
//! * the model's decrease by this vector, for its two passes over the data, was less than the decrease per pass so far,
//!   δᵢ/2 < Σδ / (2 (i + 1) + 2), the 2 for the value and gradient that a step costs in any case: it is time to move on, or
//! * the path has left the ball of the present radius, or pᵢᵀH pᵢ is not positive.
//!
//! Source: T. Steihaug, "The conjugate gradient method and trust regions in large scale optimization" (SIAM J. Numer. Anal. 20,
//! 1983), DOI 10.1137/0720042; recurrences of the length: A. Conn, N. Gould, P. Toint, "Trust-Region Methods" (SIAM 2000),
//! section 7.5.1. The second rule is ours. Everything is done for g/‖g‖, so that the scale of g does not matter.
//! Accuracy: that of conjugate gradients without reorthogonalization, good enough for the few vectors of a truncated step.
//! Cost: 14 n flops, one product with H and one with M for each i. Workspace: [`cg_path_len`].

use crate::backend::Backend;
use crate::error::{Error, take};
use crate::matrix::slice::copy;
use crate::optim::pairs::Pairs;
use crate::optim::{StateReader, StateWriter};
use crate::scalar::Real;

/// Elements for vectors of length `n` and up to `max_dim` directions.
pub(super) const fn cg_path_len(n: usize, max_dim: usize) -> usize {
    let directions = n.saturating_mul(max_dim).saturating_mul(2);
    directions.saturating_add(n.saturating_mul(2)).saturating_add(max_dim.saturating_mul(4))
}

/// A point of the path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PathStep<T> {
    /// ‖s‖_{M⁻¹}
    pub norm: T,
    /// −gᵀs − ½ sᵀH s
    pub predicted_decrease: T,
    /// sᵀH s
    pub curvature: T,
    /// The radius cut the path short.
    pub bounded: bool,
}

/// The path over the caller's buffer, for g scaled to length 1.
#[derive(Debug)]
pub(super) struct CgPath<'w, T> {
    n: usize,
    dim: usize,
    /// ‖g‖
    beta: T,
    /// αᵢ pᵢ, n × max_dim
    directions: &'w mut [T],
    /// αᵢ H pᵢ, n × max_dim
    products: &'w mut [T],
    residual: &'w mut [T],
    preconditioned: &'w mut [T],
    /// Of segment i: αᵢ rᵢᵀM rᵢ = αᵢ² pᵢᵀH pᵢ, twice the decrease along it, …
    curvatures: &'w mut [T],
    /// … ‖αᵢ pᵢ‖², ⟨sᵢ, αᵢ pᵢ⟩ and ‖sᵢ‖² in the norm of M⁻¹.
    lengths: &'w mut [T],
    inner: &'w mut [T],
    starts: &'w mut [T],
}

impl<'w, T: Real> CgPath<'w, T> {
    /// An empty path; takes [`cg_path_len`] elements from `buffer`.
    pub(super) fn new(n: usize, max_dim: usize, buffer: &mut &'w mut [T]) -> Result<Self, Error> {
        let mut next = |len| take("buffer", buffer, len);
        Ok(Self {
            n,
            dim: 0,
            beta: T::ZERO,
            directions: next(n.saturating_mul(max_dim))?,
            products: next(n.saturating_mul(max_dim))?,
            residual: next(n)?,
            preconditioned: next(n)?,
            curvatures: next(max_dim)?,
            lengths: next(max_dim)?,
            inner: next(max_dim)?,
            starts: next(max_dim)?,
        })
    }

    /// For [`SaveState`](super::SaveState).
    pub(super) fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.dim);
        out.number(self.beta);
        let Self { directions, products, curvatures, lengths, inner, starts, .. } = self;
        [directions, products, curvatures, lengths, inner, starts].into_iter().for_each(|part| out.numbers(part));
    }

    pub(super) fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.dim = from.count(self.starts.len())?;
        self.beta = from.number();
        let Self { directions, products, curvatures, lengths, inner, starts, .. } = self;
        [directions, products, curvatures, lengths, inner, starts].into_iter().for_each(|part| from.numbers(part));
        Ok(())
    }

    /// Directions on the path.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// αᵢ pᵢ and αᵢ H pᵢ, the newest first, both for g scaled to length 1.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&[T], &[T])> {
        let n = self.n.max(1);
        self.directions.chunks_exact(n).zip(self.products.chunks_exact(n)).take(self.dim).rev()
    }

    /// Walks the path for the gradient `g`; any earlier path is forgotten. `product(v, hv)` writes H v.
    pub(super) fn build<B: Backend<T>>(
        &mut self,
        backend: &B,
        g: &[T],
        m: &mut Pairs<'_, T>,
        radius: Option<T>,
        tolerance: T,
        mut product: impl FnMut(&[T], &mut [T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.dim = 0;
        self.beta = backend.norm(g);
        if self.n == 0 || self.beta == T::ZERO {
            return Ok(());
        }
        let Self { n, dim, beta, directions, products, residual, preconditioned, .. } = self;
        let (n, beta) = (*n, *beta);
        residual.iter_mut().zip(g).for_each(|(r, &g)| *r = -g / beta);
        copy(residual, preconditioned);
        m.multiply_inverse_hessian(backend, preconditioned);
        let mut rz = backend.dot(residual, preconditioned);
        let (mut start, mut inner, mut decrease) = (T::ZERO, T::ZERO, T::ZERO);
        let (mut pp, mut beta_i, mut unit) = (rz, T::ZERO, T::ONE);
        let scalars = self.curvatures.iter_mut().zip(&mut *self.lengths).zip(&mut *self.inner).zip(&mut *self.starts);
        let vectors = products.chunks_exact_mut(n);
        for (i, ((((curvature, length), inner_out), start_out), hp)) in scalars.zip(vectors).enumerate() {
            // Step 2; the last direction is stored times its α.
            let Some((done, rest)) = directions.split_at_mut_checked(n * i) else { break };
            let p = rest.get_mut(..n).unwrap_or_default();
            copy(preconditioned, p);
            if let Some(last) = done.len().checked_sub(n).and_then(|from| done.get(from..)) {
                backend.axpy(beta_i, last, p);
            }
            // Step 1
            product(p, hp)?;
            let php = backend.dot(p, hp);
            let alpha = rz / php;
            if !(php > T::ZERO && alpha.is_finite() && rz > T::ZERO) {
                break;
            }
            backend.axpy(-alpha, hp, residual);
            backend.scale(alpha, p);
            backend.scale(alpha, hp);
            *dim = i + 1;
            if i == 0 && m.len() == 0 {
                (unit, pp) = (alpha, pp / alpha);
            }
            (*curvature, *length, *inner_out, *start_out) = (alpha * rz, alpha * (alpha * pp), alpha * inner, start);
            start += T::from_f64(2.0) * *inner_out + *length;
            // When to stop
            let delta = T::from_f64(0.5) * *curvature;
            decrease += delta;
            let slow = delta * T::from_usize(i + 2) < decrease;
            let outside = radius.is_some_and(|radius| start.sqrt() * beta > radius);
            if slow || outside || backend.norm(residual) <= tolerance {
                break;
            }
            copy(residual, preconditioned);
            m.multiply_inverse_hessian(backend, preconditioned);
            let next = backend.dot(residual, preconditioned);
            let ratio = next / rz;
            // ⟨sᵢ₊₁, pᵢ₊₁⟩ = β ⟨sᵢ + αp, p⟩ and ‖pᵢ₊₁‖² = zᵀM⁻¹z + β²‖p‖²
            inner = ratio * (inner + alpha * pp);
            pp = next / unit + ratio * ratio * pp;
            beta_i = ratio / alpha;
            rz = next;
        }
        Ok(())
    }

    /// The path of one segment that takes M for H⁻¹, s = −M g, without a product; it is not among the pairs.
    #[inline(never)]
    pub(super) fn assume<B: Backend<T>>(&mut self, backend: &B, g: &[T], m: &mut Pairs<'_, T>) {
        self.dim = 0;
        self.beta = backend.norm(g);
        let (Some(p), Some(hp)) = (self.directions.get_mut(..self.n), self.products.get_mut(..self.n)) else { return };
        let beta = self.beta;
        hp.iter_mut().zip(g).for_each(|(hp, &g)| *hp = -g / beta);
        copy(hp, p);
        m.multiply_inverse_hessian(backend, p);
        let curvature = backend.dot(p, hp);
        if let ([c, ..], [length, ..], [inner, ..], [start, ..], true) = (
            &mut *self.curvatures,
            &mut *self.lengths,
            &mut *self.inner,
            &mut *self.starts,
            curvature > T::ZERO && curvature.is_finite(),
        ) {
            (*c, *length, *inner, *start) = (curvature, curvature, T::ZERO, T::ZERO);
            self.dim = 1;
        }
    }

    /// The last point of the path inside the ball of `radius`, or its end; an empty path gives the zero step.
    pub(super) fn step<B: Backend<T>>(&self, backend: &B, radius: Option<T>, step: &mut [T]) -> PathStep<T> {
        step.fill(T::ZERO);
        let radius = radius.map(|radius| radius / self.beta);
        let (two, half) = (T::from_f64(2.0), T::from_f64(0.5));
        let (mut decrease, mut curvature, mut square, mut bounded) = (T::ZERO, T::ZERO, T::ZERO, false);
        let segments = self.curvatures.iter().zip(&*self.lengths).zip(&*self.inner).zip(&*self.starts).take(self.dim);
        let directions = self.directions.chunks_exact(self.n.max(1));
        for ((((&c, &length), &inner), &start), direction) in segments.zip(directions) {
            square = start + two * inner + length;
            // tau in [0, 1] with ‖s + tau αp‖ = radius, in the form that does not cancel
            let mut tau = T::ONE;
            if let Some(radius) = radius.filter(|&radius| square.sqrt() > radius) {
                let room = (radius - start.sqrt()).max(T::ZERO) * (radius + start.sqrt());
                tau = (room / (inner + inner.hypot(length.sqrt() * room.sqrt()))).max(T::ZERO).min(T::ONE);
                square = radius * radius;
                bounded = true;
            }
            backend.axpy(tau * self.beta, direction, step);
            decrease += c * (tau - half * tau * tau);
            curvature += c * tau * tau;
            if bounded {
                break;
            }
        }
        // β² could leave the range where β² / ‖H‖ does not.
        PathStep {
            norm: square.sqrt() * self.beta,
            predicted_decrease: decrease * self.beta * self.beta,
            curvature: curvature * self.beta * self.beta,
            bounded,
        }
    }
}
