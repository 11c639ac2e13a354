//! What the SVD and the symmetric eigenproblem share: sweeps until all columns are orthogonal, the exact scaling, the cap on sweeps.
//!
//! One-sided Jacobi methods make each pair of columns orthogonal by a plane rotation. They need no workspace and find small singular values
//! to high *relative* accuracy: J. Demmel and K. Veselić, "Jacobi's method is more accurate than QR" (SIAM J. Matrix
//! Anal. Appl. 13, 1992), DOI 10.1137/0613074. Their pairs do not wait for each other, as the rotations of an implicit QR step do.
//!
//! The portable sweep rotates every pair, also those that are orthogonal already, and both methods stop after a sweep that
//! *found* all pairs orthogonal. Plain numbers gain little from that last sweep, but dual numbers need it: it is the one that
//! makes the derivatives of the inner products zero, when the products themselves have long been.

use crate::backend::Backend;
pub(super) use crate::backend::jacobi::negligible;
use crate::matrix::MatMut;
use crate::scalar::Real;

/// How the iteration of a spectral decomposition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpectralStatus {
    /// What is still to be made zero is small in the sense of the routine's documentation.
    Converged,
    /// As many sweeps or steps as are allowed (60 sweeps of rotations) were not enough. The result has the digits reached so far.
    MaxIterations,
}

/// More than any matrix needs: 5 to 10 sweeps are usual up to order 1000, and convergence at the end is quadratic.
pub(super) const MAX_SWEEPS: usize = 60;

/// Sorts the columns of A by length and sweeps until a sweep found every pair with |a_pᵀ a_q| ≤ ε (√m + 2) ‖a_p‖ ‖a_q‖; V goes along.
/// Leaves the squared lengths in `squares`, and says how many sweeps there were.
pub(super) fn orthogonalize<T: Real>(
    backend: &impl Backend<T>,
    a: &mut MatMut<'_, T>,
    squares: &mut [T],
    mut v: Option<&mut MatMut<'_, T>>,
) -> (usize, SpectralStatus) {
    let (m, n) = a.shape();
    let tolerance = T::EPSILON * (T::from_usize(m).sqrt() + T::from_f64(2.0));
    for sweeps in 1..=MAX_SWEEPS {
        for (square, column) in squares.iter_mut().zip(a.cols_mut()) {
            *square = backend.dot(column, column);
        }
        for p in 0..n {
            bring_largest(a, squares, v.as_deref_mut(), p);
        }
        let v = v.as_deref_mut().map(|v| v.reborrow());
        if backend.jacobi_sweep(a.reborrow(), v, squares, tolerance * tolerance) {
            return (sweeps, SpectralStatus::Converged);
        }
    }
    (MAX_SWEEPS, SpectralStatus::MaxIterations)
}

/// Exchanges column p with the one of the largest `key` among p, p + 1, ….
pub(super) fn bring_largest<T: Real>(a: &mut MatMut<'_, T>, key: &mut [T], v: Option<&mut MatMut<'_, T>>, p: usize) {
    let mut best = p;
    for (q, &x) in key.iter().enumerate().skip(p + 1) {
        if key.get(best).is_some_and(|&y| x > y) {
            best = q;
        }
    }
    if best > p {
        key.swap(p, best);
        swap_columns(a, p, best);
        if let Some(v) = v {
            swap_columns(v, p, best);
        }
    }
}

/// A power of two: squares of lengths up to it leave room for a factor 2⁴⁸, for mn elements and their rounding to a power of two.
pub(super) fn squares_target<T: Real>() -> T {
    let (_, exponent) = libm::frexp(T::MAX.value());
    T::from_f64(libm::ldexp(1.0, exponent - 48))
}

/// Exchanges the columns p < q.
pub(super) fn swap_columns<T: Real>(a: &mut MatMut<'_, T>, p: usize, q: usize) {
    let (mut left, mut right) = a.reborrow().split_at_col(q);
    left.col_mut(p).swap_with_slice(right.col_mut(0));
}

/// The largest |aᵢⱼ|, without its derivative.
pub(super) fn largest<T: Real>(elements: impl Iterator<Item = T>) -> T {
    T::from_f64(elements.map(|x| x.abs().value()).fold(0.0, f64::max))
}

/// The largest power of two that is not above the finite x > 0: division by it is exact, and its own value is always
/// representable, also for the largest and for subnormal x.
pub(super) fn power_of_two_below<T: Real>(x: T) -> T {
    let (_, exponent) = libm::frexp(x.value()); // x = f 2^exponent, 1/2 ≤ f < 1
    T::from_f64(libm::ldexp(1.0, exponent - 1))
}

/// x p/q for powers of two p and q: a result in range is exact, also where p/q or x/q alone leaves it.
pub(super) fn rescale<T: Real>(x: T, p: T, q: T) -> T {
    let ratio = p / q;
    if ratio >= T::MIN_POSITIVE && ratio <= T::MAX { x * ratio } else { x * p / q }
}

/// Sets `a` to the identity.
pub(super) fn fill_identity<T: Real>(a: &mut MatMut<'_, T>) {
    for (j, column) in a.cols_mut().enumerate() {
        column.fill(T::ZERO);
        column.iter_mut().skip(j).take(1).for_each(|x| *x = T::ONE);
    }
}
