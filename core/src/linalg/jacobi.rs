//! What the two Jacobi methods share: the angle, the rotation of two columns, the exact scaling, the cap on sweeps.
//!
//! Jacobi methods run over all pairs (p, q) of columns and make each pair orthogonal by a plane rotation. They are slower
//! than methods that first reduce to bidiagonal or tridiagonal form, but shorter, need no workspace, and find small singular
//! values to high *relative* accuracy: J. Demmel and K. Veselić, "Jacobi's method is more accurate than QR" (SIAM J. Matrix
//! Anal. Appl. 13, 1992), DOI 10.1137/0613074.
//!
//! Both methods here rotate every pair of every sweep, also those that are orthogonal already, and stop after a sweep that
//! *found* all pairs orthogonal. Plain numbers gain little from that last sweep, but dual numbers need it: it is the one that
//! makes the derivatives of the inner products zero, when the products themselves have long been.

use crate::matrix::MatMut;
use crate::scalar::Real;

/// How a Jacobi iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JacobiStatus {
    /// In the last sweep every pair met the inequality in the routine's documentation before it was rotated.
    Converged,
    /// 60 sweeps were done and the last one still met a pair that did not. The result has the digits reached so far.
    MaxSweeps,
}

/// More than any matrix needs: 5 to 10 sweeps are usual up to order 1000, and convergence at the end is quadratic.
pub(super) const MAX_SWEEPS: usize = 60;

/// (c, s), the rotation that diagonalizes [[α, γ], [γ, β]]; the angle is at most π/4.
///
/// t = tan θ solves t² + 2ζt − 1 = 0 for ζ = (β − α)/(2γ); the root of smaller modulus is
/// t = 2γ / (β − α ± √((β − α)² + 4γ²)), written with the smaller of the two ratios so that no square overflows and that t is
/// a smooth function of γ at 0. Where α = β and γ = 0 every angle will do: none is taken.
pub(super) fn rotation<T: Real>(alpha: T, beta: T, gamma: T) -> (T, T) {
    let (difference, twice) = (beta - alpha, gamma + gamma);
    let t = if difference.abs() >= twice.abs() {
        if difference == T::ZERO {
            return (T::ONE, T::ZERO);
        }
        let y = twice / difference;
        y / (T::ONE + (T::ONE + y * y).sqrt())
    } else {
        let zeta = difference / twice;
        let root = (T::ONE + zeta * zeta).sqrt();
        T::ONE / (zeta + if zeta < T::ZERO { -root } else { root })
    };
    let c = T::ONE / (T::ONE + t * t).sqrt();
    (c, c * t)
}

/// (x, y) ← (c x − s y, s x + c y) for the columns x = a\[:, p\] and y = a\[:, q\], p < q.
pub(super) fn rotate_columns<T: Real>(a: &mut MatMut<'_, T>, p: usize, q: usize, (c, s): (T, T)) {
    let (mut left, mut right) = a.reborrow().split_at_col(q);
    for (x, y) in left.col_mut(p).iter_mut().zip(right.col_mut(0)) {
        let (old_x, old_y) = (*x, *y);
        *x = c * old_x - s * old_y;
        *y = s * old_x + c * old_y;
    }
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

/// Sets `a` to the identity.
pub(super) fn fill_identity<T: Real>(a: &mut MatMut<'_, T>) {
    for (j, column) in a.cols_mut().enumerate() {
        column.fill(T::ZERO);
        column.iter_mut().skip(j).take(1).for_each(|x| *x = T::ONE);
    }
}
