//! The length-constrained least-squares problem min ‖H̄ z − β e₁‖ with ‖z‖ = Δ, in the coordinates of the SVD of H̄.
//!
//! With σᵢ > 0, y = Uᵀ β e₁ the coefficients are fᵢ(λ) = σᵢ yᵢ / (σᵢ² + λ²), and the secular equation ‖f(λ)‖ = Δ has one root
//! λ ≥ 0 when ‖f(0)‖ ≥ Δ, since ‖f‖ falls strictly. Everything is made free of units first, σ̂ = σ/σ₀ and ŷ = y/β, so that
//! with μ = (λ/σ₀)² and Δ̂ = Δ σ₀/β nothing overflows:
//!
//! 1. Bracket: σ̂ ≤ 1 gives ‖σ̂ŷ‖/(1 + μ) ≤ ‖f̂(μ)‖ ≤ ‖σ̂ŷ‖/μ, so the root lies in \[‖σ̂ŷ‖/Δ̂ − 1, ‖σ̂ŷ‖/Δ̂\], or from 0 on. (In λ
//!    the bracket \[0, β/Δ\] of the reference contains it.)
//! 2. Newton's method on φ(μ) = 1/Δ̂ − 1/‖f̂(μ)‖, which is nearly linear in μ (Hebden):
//!    μ ← μ + (‖f̂‖/Δ̂ − 1) ‖f̂‖² / Σ f̂ᵢ²/(σ̂ᵢ² + μ).
//!    1/‖f̂‖ is concave, so from the left end the iterates rise to the root without passing it; rounding may make them leave
//!    the bracket, and then it is halved.
//! 3. Stop when the step or the bracket is at most 4 ε μ, or |‖f̂‖/Δ̂ − 1| ≤ 4 ε, or after 100 iterations.
//!
//! The last operation is always a Newton step: that gives λ its derivative when the numbers are dual.
//!
//! Source: M. D. Hebden (AERE report TP 515, Harwell 1973); J. J. Moré and D. C. Sorensen, "Computing a trust region step"
//! (SIAM J. Sci. Stat. Comput. 4, 1983), DOI 10.1137/0904038; A. R. Conn, N. I. M. Gould, P. L. Toint, "Trust-Region
//! Methods" (SIAM 2000), section 7.3. Usual count: 3 to 8 iterations of 8k flops.

use crate::backend::Backend;
use crate::scalar::Real;

const MAX_ITERATIONS: usize = 100;

/// Writes f with ‖f‖ = `radius` for the singular values `sigma` (descending) and `y` = Uᵀ β e₁, returns λ.
pub(super) fn boundary_coefficients<T: Real>(
    backend: &impl Backend<T>,
    sigma: &[T],
    y: &[T],
    beta: T,
    radius: T,
    f: &mut [T],
) -> T {
    let top = match sigma.first() {
        Some(&top) if top > T::ZERO => top,
        _ => {
            f.fill(T::ZERO);
            return T::ZERO;
        }
    };
    // Δ̂. In the usual order radius/β is about 1/σ, which undoes the size of σ₀; a radius far below the free step needs the other.
    let quotient = radius / beta;
    let bound = if quotient < T::MIN_POSITIVE { radius * top / beta } else { quotient * top };

    // f̂(μ), its length, and Σ f̂ᵢ²/(σ̂ᵢ² + μ) / ‖f̂‖².
    let evaluate = |mu: T, f: &mut [T]| {
        for (f, (&sigma, &y)) in f.iter_mut().zip(sigma.iter().zip(y)) {
            let sigma = sigma / top;
            *f = if sigma > T::ZERO { sigma * (y / beta) / (sigma * sigma + mu) } else { T::ZERO };
        }
        let norm = backend.norm(f);
        let mut slope = T::ZERO;
        for (&f, &sigma) in f.iter().zip(sigma) {
            let (f, sigma) = (f / norm, sigma / top);
            slope += if sigma > T::ZERO { f * f / (sigma * sigma + mu) } else { T::ZERO };
        }
        (norm, slope)
    };
    // 1/slope where the slope overflows, though its inverse does not: where μ and the squares that count are subnormal.
    let inverse_of_large_slope = |mu: T, norm: T, f: &[T]| {
        let terms = || f.iter().zip(sigma).filter(|&(_, &sigma)| sigma > T::ZERO);
        let divisor = |sigma: T| sigma / top * (sigma / top) + mu;
        let least = terms().fold(T::MAX, |least, (_, &sigma)| least.min(divisor(sigma)));
        let sum = terms().fold(T::ZERO, |sum, (&f, &sigma)| sum + f / norm * (f / norm) * (least / divisor(sigma)));
        least / sum
    };

    // Step 1. f serves as scratch for σ̂ŷ. The ends are moved apart by their rounding errors.
    for (f, (&sigma, &y)) in f.iter_mut().zip(sigma.iter().zip(y)) {
        *f = sigma / top * (y / beta);
    }
    let four_eps = T::from_f64(4.0) * T::EPSILON;
    let ratio = backend.norm(f) / bound;
    let mut low = (ratio * (T::ONE - four_eps) - T::ONE).max(T::ZERO);
    let mut high = ratio * (T::ONE + four_eps);

    // Steps 2 and 3.
    let mut mu = low;
    for _ in 0..MAX_ITERATIONS {
        let (norm, slope) = evaluate(mu, f);
        if norm > bound {
            low = low.max(mu);
        } else {
            high = high.min(mu);
        }
        let excess = norm / bound - T::ONE;
        let newton = if slope <= T::MAX || !norm.is_finite() {
            mu + excess / slope
        } else {
            mu + excess * inverse_of_large_slope(mu, norm, f)
        };
        let small = excess.abs() <= four_eps || (newton - mu).abs() <= four_eps * mu;
        if small && newton >= T::ZERO && newton <= T::MAX {
            mu = newton;
            break;
        }
        if high - low <= four_eps * high {
            mu = if newton >= low && newton <= high { newton } else { mu };
            break;
        }
        mu = if newton >= low && newton <= high { newton } else { (low + high) * T::from_f64(0.5) };
    }

    let (mut norm, _) = evaluate(mu, f);
    if norm > T::ZERO && (norm - bound).abs() <= T::from_f64(64.0) * T::EPSILON * bound {
        norm = bound;
    } else if norm > T::ZERO && norm <= T::from_f64(2.0) * bound && bound <= T::MAX {
        // Subnormal squares have few digits: f̂ has the direction, and its own length makes it as long as Δ.
    } else {
        // The root is out of range. Above it, or with Δ̂ = 0, f̂ has the direction of σ̂ŷ; below it that of what has no finite
        // f̂, since squares of these σ̂ are too small as well.
        let above = norm == T::ZERO || mu > T::MAX;
        for (f, (&sigma, &y)) in f.iter_mut().zip(sigma.iter().zip(y)) {
            let limit = sigma / top * (y / beta);
            *f = if above || f.abs() > T::MAX {
                limit
            } else if norm <= T::MAX {
                *f
            } else {
                T::ZERO
            };
        }
        norm = backend.norm(f);
        mu = mu.max(T::MIN_POSITIVE).min(T::MAX);
    }
    for f in f {
        // f̂ β/σ₀, but f̂ β may underflow and β/σ₀ overflow; ‖f̂‖ is Δ̂ up to rounding.
        *f = *f / norm * radius;
    }
    // √ has no derivative at 0, where the radius only just binds.
    if mu > T::ZERO { mu.sqrt() * top } else { T::ZERO }
}

#[cfg(test)]
mod tests;
