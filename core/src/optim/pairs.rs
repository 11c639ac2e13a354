//! Curvature pairs (s, y = H s or a difference of gradients), and the inverse Hessian of limited-memory BFGS made of them.

use crate::backend::Backend;
use crate::error::{Error, take};
use crate::optim::{StateReader, StateWriter};
use crate::scalar::Real;

/// Elements for `memory` pairs of length `params`.
pub(super) const fn pairs_len(params: usize, memory: usize) -> usize {
    params.saturating_add(1).saturating_mul(2).saturating_mul(memory)
}

/// The last pairs, in a ring.
#[derive(Debug)]
pub(super) struct Pairs<'w, T> {
    /// [s; y] of each place.
    vectors: &'w mut [T],
    /// sᵀy of each place.
    products: &'w mut [T],
    /// The coefficients of the first loop.
    alphas: &'w mut [T],
    params: usize,
    len: usize,
    /// The place that is written next.
    next: usize,
}

impl<'w, T: Real> Pairs<'w, T> {
    /// No pairs yet; takes [`pairs_len`] elements from `buffer`.
    pub(super) fn new(params: usize, memory: usize, buffer: &mut &'w mut [T]) -> Result<Self, Error> {
        Ok(Self {
            vectors: take("buffer", buffer, params.saturating_mul(memory).saturating_mul(2))?,
            products: take("buffer", buffer, memory)?,
            alphas: take("buffer", buffer, memory)?,
            params,
            len: 0,
            next: 0,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// For [`SaveState`](super::SaveState).
    pub(super) fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.len);
        out.count(self.next);
        out.numbers(self.vectors);
        out.numbers(self.products);
    }

    pub(super) fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        let memory = self.products.len();
        (self.len, self.next) = (from.count(memory)?, from.count(memory.saturating_sub(1))?);
        from.numbers(self.vectors);
        from.numbers(self.products);
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.next) = (0, 0);
    }

    /// The place of the pair that is `age` pairs older than the newest.
    fn place(&self, age: usize) -> usize {
        let memory = self.products.len().max(1);
        (self.next + memory - 1 - age % memory) % memory
    }

    /// A pair in place of the oldest, unless sᵀy ≤ ε ‖s‖ ‖y‖: curvature that is not positive, or not to be told from zero.
    /// A pair that is refused changes nothing. Whether it was taken.
    pub(super) fn push<B: Backend<T>>(&mut self, backend: &B, s: &[T], y: &[T]) -> bool {
        let product = backend.dot(s, y);
        let useful = product > T::EPSILON * backend.norm(s) * backend.norm(y) && product.is_finite();
        let n = self.params;
        let place = self.next.saturating_mul(2 * n);
        let vectors = self.vectors.get_mut(place..).and_then(|v| v.get_mut(..2 * n));
        if let (true, Some(vectors), Some(slot)) = (useful, vectors, self.products.get_mut(self.next)) {
            vectors.iter_mut().zip(s.iter().chain(y)).for_each(|(out, &v)| *out = v);
            *slot = product;
            self.next = (self.next + 1) % self.products.len().max(1);
            self.len = (self.len + 1).min(self.products.len());
            return true;
        }
        false
    }

    /// q ← M q with M ≈ H⁻¹, symmetric positive definite: Nocedal and Wright, algorithm 7.4, started from (sᵀy / yᵀy) I of the
    /// newest pair. Without a pair q stays. Cost: 8·len·params flops.
    pub(super) fn multiply_inverse_hessian<B: Backend<T>>(&mut self, backend: &B, q: &mut [T]) {
        let n = self.params;
        if self.len == 0 {
            return;
        }
        for age in 0..self.len {
            let place = self.place(age);
            let (s, y) = pair(self.vectors, place, n);
            let (Some(&product), Some(alpha)) = (self.products.get(place), self.alphas.get_mut(place)) else { return };
            *alpha = backend.dot(s, q) / product;
            backend.axpy(-*alpha, y, q);
        }
        let newest = self.place(0);
        let (_, y) = pair(self.vectors, newest, n);
        // sᵀy / yᵀy; the square of the norm could overflow.
        let norm = backend.norm(y);
        let product = self.products.get(newest).copied().unwrap_or(T::ZERO);
        backend.scale(product / norm / norm, q);
        for age in (0..self.len).rev() {
            let place = self.place(age);
            let (s, y) = pair(self.vectors, place, n);
            let (Some(&product), Some(&alpha)) = (self.products.get(place), self.alphas.get(place)) else { return };
            let beta = backend.dot(y, q) / product;
            backend.axpy(alpha - beta, s, q);
        }
    }
}

/// s and y at a place of the ring.
fn pair<T>(vectors: &[T], place: usize, params: usize) -> (&[T], &[T]) {
    let start = place.saturating_mul(2 * params);
    let both = vectors.get(start..).unwrap_or_default();
    let (s, rest) = both.split_at(params.min(both.len()));
    (s, rest.get(..params).unwrap_or_default())
}
