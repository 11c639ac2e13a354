//! One sweep of one-sided Jacobi rotations: every pair of columns of A is made orthogonal once.
//!
//! For the columns x and y of a pair, α = xᵀx, β = yᵀy, γ = xᵀy:
//!
//! 1. where γ² ≤ ε² αβ, or a column is negligible, nothing is done;
//! 2. t = tan θ is the root of smaller modulus of t² + 2ζt − 1 = 0, ζ = (β − α)/(2γ); c = 1/√(1 + t²), s = ct;
//! 3. (x, y) ← (c x − s y, s x + c y), in A and in V;
//! 4. α ← α − tγ, β ← β + tγ; one that shrinks to less than [`SHRUNK`] of itself has lost digits and is summed anew.
//!
//! *Order of the pairs.* Rotations of pairs that share no column do not know of each other. Round k = 0, 1, …, n − 1 of a sweep has the pairs
//! p + q ≡ k (mod n), about n/2: their angles, a chain of divisions and roots, can fill vector registers instead of waiting for one
//! another. This is the modulus order of Luk and Park, equivalent to the cyclic order by rows, whose convergence is proven.
//!
//! Source: F. T. Luk and H. Park, "On parallel Jacobi orderings" (SIAM J. Sci. Stat. Comput. 10, 1989), DOI 10.1137/0910002; the
//! angle as in G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), section 8.5.2; step 4 with its guard as in Z. Drmač
//! and K. Veselić, "New fast and accurate Jacobi SVD algorithm I" (SIAM J. Matrix Anal. Appl. 29, 2008), DOI 10.1137/050639193.

use super::Backend;
use crate::matrix::MatMut;
use crate::scalar::Real;

/// Squares that fall below this part of themselves are computed anew: until then an update has cost seven bits at most.
pub const SHRUNK: f64 = 1.0 / 128.0;

/// Squared lengths below this have lost digits to underflow: the column counts as zero.
#[inline(always)]
pub fn negligible<T: Real>() -> T {
    T::MIN_POSITIVE / (T::EPSILON * T::EPSILON)
}

/// The pairs p < q of round k < n of a sweep over n columns: those with p + q ≡ k (mod n).
///
/// ```
/// use gaussling_core::backend::jacobi::round;
/// assert_eq!(round(5, 0).collect::<Vec<_>>(), [(1, 4), (2, 3)]);
/// assert_eq!((0..20).map(|k| round(20, k).count()).sum::<usize>(), 20 * 19 / 2); // each pair once
/// ```
#[inline(always)]
pub fn round(n: usize, k: usize) -> impl Iterator<Item = (usize, usize)> {
    let up_to_k = (0..k.div_ceil(2)).map(move |p| (p, k - p));
    up_to_k.chain((k + 1..(k + n).div_ceil(2)).map(move |p| (p, k + n - p)))
}

/// The portable sweep, pair by pair.
pub(super) fn sweep<T: Real>(
    backend: &(impl Backend<T> + ?Sized),
    mut a: MatMut<'_, T>,
    mut v: Option<MatMut<'_, T>>,
    squares: &mut [T],
    limit: T,
) -> bool {
    let n = a.cols().min(squares.len()).min(v.as_ref().map_or(usize::MAX, MatMut::cols));
    let shrunk = T::from_f64(SHRUNK);
    let mut converged = true;
    for k in 0..n {
        for (p, q) in round(n, k) {
            let Some((head, [beta, ..])) = squares.split_at_mut_checked(q) else { continue };
            let Some(alpha) = head.get_mut(p) else { continue };
            if *alpha < negligible() || *beta < negligible() {
                continue;
            }
            let gamma = backend.dot(a.col(p), a.col(q));
            converged &= gamma / *alpha * gamma <= limit * *beta;
            let t = tangent(*alpha, *beta, gamma);
            let c = T::ONE / (T::ONE + t * t).sqrt();
            rotate(&mut a, p, q, (c, c * t));
            if let Some(v) = &mut v {
                rotate(v, p, q, (c, c * t));
            }
            let (x, y) = (*alpha - t * gamma, *beta + t * gamma);
            *alpha = if x < shrunk * *alpha { backend.dot(a.col(p), a.col(p)) } else { x };
            *beta = if y < shrunk * *beta { backend.dot(a.col(q), a.col(q)) } else { y };
        }
    }
    converged
}

/// Step 2: t = 2γ / (β − α ± √((β − α)² + 4γ²)), written with the smaller of the two ratios so that no square overflows and that t
/// is a smooth function of γ at 0. Where α = β and γ = 0 every angle will do: none is taken.
fn tangent<T: Real>(alpha: T, beta: T, gamma: T) -> T {
    let (difference, twice) = (beta - alpha, gamma + gamma);
    if difference.abs() >= twice.abs() {
        if difference == T::ZERO {
            return T::ZERO;
        }
        let y = twice / difference;
        y / (T::ONE + (T::ONE + y * y).sqrt())
    } else {
        let zeta = difference / twice;
        let root = (T::ONE + zeta * zeta).sqrt();
        T::ONE / (zeta + if zeta < T::ZERO { -root } else { root })
    }
}

/// Step 3 for columns p < q of one matrix.
fn rotate<T: Real>(a: &mut MatMut<'_, T>, p: usize, q: usize, (c, s): (T, T)) {
    let (mut left, mut right) = a.reborrow().split_at_col(q);
    for (x, y) in left.col_mut(p).iter_mut().zip(right.col_mut(0)) {
        let (old_x, old_y) = (*x, *y);
        *x = c * old_x - s * old_y;
        *y = s * old_x + c * old_y;
    }
}
