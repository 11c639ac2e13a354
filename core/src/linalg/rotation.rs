//! Plane rotations and reflections of a split vector, for the routines that update a triangular factor.
//!
//! Both are computed from ratios, never from squares of elements, so they are orthogonal to a few ε at any scale, subnormal
//! numbers included. Source: E. Anderson, "Algorithm 978: safe scaling in the level 1 BLAS" (ACM TOMS 44, 2017) for what
//! can go wrong; G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), sections 5.1.2 and 5.1.8.

use crate::backend::Backend;
use crate::scalar::Real;

/// (c, s, r) with c a + s b = r ≥ 0 and −s a + c b = 0; (1, 0, 0) where both are zero, there is no derivative there.
pub(crate) fn givens<T: Real>(a: T, b: T) -> (T, T, T) {
    let (small, large) = if a.abs() < b.abs() { (a, b) } else { (b, a) };
    if large == T::ZERO {
        return (T::ONE, T::ZERO, T::ZERO);
    }
    let t = small / large;
    let length = (T::ONE + t * t).sqrt();
    let to_large = if large < T::ZERO { -T::ONE } else { T::ONE } / length;
    let (c, s) = if a.abs() < b.abs() { (t * to_large, to_large) } else { (to_large, t * to_large) };
    (c, s, large.abs() * length)
}

/// (x, y) ← (c x + s y, −s x + c y)
#[inline(always)] // in loops for wider registers, see `Backend::run`
pub(crate) fn rotate<T: Real>((c, s): (T, T), x: &mut T, y: &mut T) {
    (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
}

/// The reflection H = I − τ v vᵀ, v = (1, below), that turns (first, below) into (β, 0): as in QR, but the first element is
/// stored away from the others. β replaces `first`, the rest of v replaces `below`, τ is returned.
pub(super) fn split_reflector<T: Real>(backend: &impl Backend<T>, first: &mut T, below: &mut [T]) -> T {
    let (_, _, norm) = givens(*first, backend.norm(below));
    if below.is_empty() || norm == T::ZERO {
        return T::ZERO;
    }
    // As in QR: subnormal elements lack the digits to make v and τ fit each other, and α + s ρ could overflow.
    let scale = if norm < T::MIN_POSITIVE / T::EPSILON {
        T::ONE / T::MIN_POSITIVE
    } else if norm > T::MAX * T::EPSILON {
        T::EPSILON
    } else {
        T::ONE
    };
    let mut alpha = *first;
    let mut length = norm;
    if scale != T::ONE {
        alpha *= scale;
        backend.scale(scale, below);
        (_, _, length) = givens(alpha, backend.norm(below));
    }
    let beta = if alpha < T::ZERO { length } else { -length };
    let divisor = alpha - beta;
    for v in below {
        *v /= divisor;
    }
    *first = beta / scale;
    T::ONE - alpha / beta
}

/// (first, below) ← (I − τ v vᵀ) (first, below), v = (1, `v`).
pub(super) fn split_reflect<T: Real>(backend: &impl Backend<T>, tau: T, v: &[T], first: &mut T, below: &mut [T]) {
    let product = tau * (*first + backend.dot(v, below));
    *first -= product;
    backend.axpy(-product, v, below);
}
