//! Conjugate gradients, and Steihaug's form for the trust region: min q(x) = ½ xᵀH x − bᵀx, ‖x‖ ≤ Δ.
//!
//! H is symmetric and known by products only. Without a radius and for positive definite H this is H x = b.
//!
//! 1. x = 0, r = p = b
//! 2. κ = pᵀH p. When κ is not positive the model falls for ever along p: go to the boundary, x + τ p with τ > 0 and
//!    ‖x + τ p‖ = Δ, and stop; without a radius stop at x
//! 3. α = ‖r‖²/κ. When ‖x + α p‖ ≥ Δ go to the boundary in the same way and stop: ‖x‖ only grows, so x would not come back
//! 4. x ← x + α p, r ← r − α H p; stop when ‖r‖ is small
//! 5. p ← r + (‖r_new‖/‖r_old‖)² p
//!
//! τ is the positive root of ‖p‖² τ² + 2 xᵀp τ − (Δ² − ‖x‖²) = 0, found without cancellation and as a multiple of Δ/‖p‖.
//!
//! Source: M. R. Hestenes and E. Stiefel, "Methods of conjugate gradients for solving linear systems" (J. Res. NBS 49, 1952);
//! T. Steihaug, "The conjugate gradient method and trust regions in large scale optimization" (SIAM J. Numer. Anal. 20, 1983),
//! DOI 10.1137/0720042. The decrease q(0) − q(x) is at least half of the best possible in the trust region for positive
//! definite H (Y. Yuan, Math. Program. 87, 2000, DOI 10.1007/s101070050012).
//!
//! H and b are scaled by powers of two within, so that squares of norms stay in range. Accuracy: the residual follows a
//! recurrence and drifts from b − H x by about ε ‖H‖ maxᵢ ‖xᵢ‖; H must be symmetric to rounding. [`Krylov`](super::Krylov)
//! keeps its basis, costs more, and bears less exact products and several radii. Cost of a step: one product and 17n flops,
//! 2n more with a radius. Dual numbers pass with [`ConjugateGradientsOptions::fixed_steps`]; b = 0 has no derivative.

use super::LinearOperator;
use super::jacobi::{largest, power_of_two_below, rescale};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::scalar::Real;

/// Elements of workspace of [`conjugate_gradients`] for order n: 3n; `usize::MAX` when they cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::linalg::conjugate_gradients_work_len(10), 30);
/// ```
pub const fn conjugate_gradients_work_len(n: usize) -> usize {
    n.saturating_mul(3)
}

/// Options of [`conjugate_gradients`], whose documentation has an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConjugateGradientsOptions<T> {
    /// ≥ 0, relative to ‖b‖.
    pub tolerance: T,
    /// Δ > 0; `None` for no bound.
    pub radius: Option<T>,
    /// Limit on the number of steps; `None` means 2n.
    pub max_iterations: Option<usize>,
    /// Do not test whether ‖r‖ is small, except for what is zero but for underflow. For dual numbers.
    pub fixed_steps: bool,
}

impl<T: Real> Default for ConjugateGradientsOptions<T> {
    /// Tolerance √ε, no radius, 2n steps.
    fn default() -> Self {
        Self { tolerance: T::EPSILON.sqrt(), radius: None, max_iterations: None, fixed_steps: false }
    }
}

/// Why [`conjugate_gradients`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConjugateGradientsStatus {
    /// ‖b‖ = 0: x = 0 is stationary, no step was done.
    ZeroRhs,
    /// ‖r‖ ≤ tolerance ‖b‖, or ‖r‖ ≤ √m ‖b‖ with the smallest normal number m; with `fixed_steps` the latter.
    Converged,
    /// ‖x + α p‖ ≥ Δ for the next step; ‖x‖ = Δ.
    Boundary,
    /// pᵀH p ≤ ε ‖p‖ ‖H p‖: H is not positive definite to working accuracy. With a radius ‖x‖ = Δ, else x is the iterate before.
    /// (For positive definite H the quotient is at least 2√κ(H)/(κ(H) + 1).)
    NegativeCurvature,
    /// As many steps as allowed.
    IterationLimit,
    /// A product with H, or a step, was NaN or infinite; x is the last iterate before it. Also when x itself overflows.
    NonFinite,
}

/// How [`conjugate_gradients`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConjugateGradientsReport<T> {
    /// Products with H.
    pub iterations: usize,
    /// Why it stopped.
    pub status: ConjugateGradientsStatus,
    /// ‖r‖ by its recurrence, r = b − H x
    pub residual_norm: T,
    /// ‖x‖
    pub norm: T,
    /// q(0) − q(x) = ½ xᵀ(b + r), by how much the model falls; infinite or zero where it leaves the range.
    pub predicted_decrease: T,
}

/// Minimizes ½ xᵀH x − bᵀx from x = 0, for ‖x‖ ≤ Δ if a radius is given; only [`LinearOperator::apply`] of `h` is called.
///
/// Errors: [`Error::Shape`] for an `h` that is not square, [`Error::Length`] for `b`, `x`, [`Error::Workspace`],
/// [`Error::InvalidOption`], [`Error::NonFinite`] for `b`: x is untouched. What the operator returns: x holds an iterate in
/// scaled units.
///
/// ```
/// use gaussling_core::{Error, Matrix, Portable};
/// use gaussling_core::linalg::{ConjugateGradientsOptions, ConjugateGradientsStatus, MatrixOperator, conjugate_gradients};
/// let h = Matrix::from_rows([[2.0, 0.0], [0.0, -1.0]]); // a saddle
/// let mut h = MatrixOperator { backend: &Portable, matrix: h.view() };
/// let (mut x, mut work) = ([0.0_f64; 2], [0.0; 6]);
/// let options = ConjugateGradientsOptions { radius: Some(3.0), ..Default::default() };
/// let report = conjugate_gradients(&Portable, &mut h, &[0.1, 1.0], &mut x, &mut work, &options)?;
/// assert_eq!(report.status, ConjugateGradientsStatus::NegativeCurvature);
/// assert!((report.norm - 3.0).abs() < 1e-14 && report.predicted_decrease > 0.0);
/// # Ok::<(), Error>(())
/// ```
pub fn conjugate_gradients<T: Real>(
    backend: &impl Backend<T>,
    h: &mut impl LinearOperator<T>,
    b: &[T],
    x: &mut [T],
    work: &mut [T],
    options: &ConjugateGradientsOptions<T>,
) -> Result<ConjugateGradientsReport<T>, Error> {
    let n = h.shape().0;
    check_shape("h", (n, n), h.shape())?;
    check_length("b", n, b.len())?;
    check_length("x", n, x.len())?;
    check_workspace("work", conjugate_gradients_work_len(n), work.len())?;
    if !(options.tolerance >= T::ZERO && options.tolerance.is_finite()) {
        return Err(Error::InvalidOption { what: "0 <= tolerance < infinity" });
    }
    if !options.radius.is_none_or(|radius| radius > T::ZERO && radius.is_finite()) {
        return Err(Error::InvalidOption { what: "0 < radius < infinity" });
    }
    if !b.iter().all(|b| b.is_finite()) {
        return Err(Error::NonFinite { what: "b" });
    }
    let mut rest = work;
    let r = take("work", &mut rest, n)?;
    let p = take("work", &mut rest, n)?;
    let hp = take("work", &mut rest, n)?;

    // Step 1. The unit of b is t, that of H is s (found with the first product), that of x is t/s.
    x.fill(T::ZERO);
    let top = largest(b.iter().copied());
    let t = if top > T::ZERO { power_of_two_below(top) } else { T::ONE };
    let mut s = T::ONE;
    for ((r, p), &b) in r.iter_mut().zip(p.iter_mut()).zip(b) {
        *r = b / t;
        *p = *r;
    }
    let norm_b = backend.norm(r);
    let mut norm_r = norm_b;
    let mut norm_x = T::ZERO;
    let mut iterations = 0;
    let limit = options.max_iterations.unwrap_or(n.saturating_mul(2));
    let mut status = ConjugateGradientsStatus::IterationLimit;
    if top == T::ZERO {
        status = ConjugateGradientsStatus::ZeroRhs;
    }
    while status == ConjugateGradientsStatus::IterationLimit && iterations < limit {
        // Step 2.
        h.apply(p, hp)?;
        iterations += 1;
        if iterations == 1 {
            let top = largest(hp.iter().copied());
            s = if top > T::ZERO && hp.iter().all(|x| x.is_finite()) { power_of_two_below(top) } else { T::ONE };
        }
        hp.iter_mut().for_each(|x| *x /= s);
        let (norm_p, norm_hp, curvature) = (backend.norm(p), backend.norm(hp), backend.dot(p, hp));
        let tau = options.radius.map(|radius| {
            let radius = rescale(radius, s, t).max(smallest_radius::<T>());
            to_boundary(backend.dot(x, p), norm_p, norm_x, radius)
        });
        if !(norm_hp.is_finite() && curvature.is_finite()) {
            status = ConjugateGradientsStatus::NonFinite;
            break;
        }
        // Step 3.
        let (negative, alpha) = if norm_p * norm_hp >= T::MIN_POSITIVE / T::EPSILON {
            (curvature <= T::EPSILON * norm_p * norm_hp, norm_r * norm_r / curvature)
        } else {
            // Products of these vectors underflow, those of their directions do not.
            let cosine = p.iter().zip(&*hp).fold(T::ZERO, |sum, (&p, &hp)| sum + (p / norm_p) * (hp / norm_hp));
            let positive = cosine > T::EPSILON; // false for H p = 0
            (!positive, norm_r / norm_p * (norm_r / norm_hp) / cosine)
        };
        let step = match tau {
            Some(tau) if negative || alpha >= tau => {
                status = ConjugateGradientsStatus::Boundary;
                tau
            }
            _ => alpha,
        };
        if negative {
            status = ConjugateGradientsStatus::NegativeCurvature;
            if tau.is_none() {
                break;
            }
        }
        if !step.is_finite() {
            status = ConjugateGradientsStatus::NonFinite;
            break;
        }
        // Step 4.
        backend.axpy(step, p, x);
        backend.axpy(-step, hp, r);
        norm_x = backend.norm(x);
        let previous = norm_r;
        norm_r = backend.norm(r);
        if status != ConjugateGradientsStatus::IterationLimit {
            break;
        }
        // ‖b‖ is at least 1 here. Squares of what is left at √(smallest number) underflow: a further step would be noise.
        let least = T::MIN_POSITIVE.sqrt();
        let small = if options.fixed_steps { least } else { least.max(options.tolerance * norm_b) };
        if norm_r <= small {
            status = ConjugateGradientsStatus::Converged;
        }
        // Step 5.
        let ratio = norm_r / previous;
        let beta = ratio * ratio;
        for (p, &r) in p.iter_mut().zip(&*r) {
            *p = r + beta * *p;
        }
    }
    // Both products in units of t²/s.
    let decrease = r.iter().zip(b).zip(&*x).fold(T::ZERO, |sum, ((&r, &b), &x)| sum + x * (r + b / t));
    let mut norm = rescale(norm_x, t, s);
    let mut predicted_decrease = rescale(decrease * T::from_f64(0.5), t, s) * t;
    match options.radius.filter(|&radius| rescale(radius, s, t) < smallest_radius()) {
        // So small a step, of the first direction only, was made longer; r has not changed on its way.
        Some(radius) if norm > radius => {
            let longer = norm_x;
            x.iter_mut().for_each(|x| *x = *x / longer * radius);
            predicted_decrease = decrease * T::from_f64(0.5) / longer * radius * t;
            norm = radius;
        }
        _ => x.iter_mut().for_each(|x| *x = rescale(*x, t, s)),
    }
    if !x.iter().all(|x| x.is_finite()) {
        status = ConjugateGradientsStatus::NonFinite;
    }
    Ok(ConjugateGradientsReport { iterations, status, residual_norm: norm_r * t, norm, predicted_decrease })
}

/// A Δ below this, in scaled units, loses digits: the step is then computed with this one and shortened at the end.
fn smallest_radius<T: Real>() -> T {
    T::MIN_POSITIVE / T::EPSILON
}

/// τ > 0 with ‖x + τ p‖ = Δ, for ‖x‖ ≤ Δ: with a = xᵀp / (‖p‖ Δ), c = 1 − (‖x‖/Δ)² and τ = ϑ Δ/‖p‖ the positive root of
/// ϑ² + 2 a ϑ − c = 0.
fn to_boundary<T: Real>(xp: T, norm_p: T, norm_x: T, radius: T) -> T {
    let (a, length) = (xp / norm_p / radius, norm_x / radius);
    let c = ((T::ONE - length) * (T::ONE + length)).max(T::ZERO);
    let square = a * a + c;
    if square == T::ZERO {
        return T::ZERO; // x is on the boundary already and p along it
    }
    let root = square.sqrt();
    let theta = if a > T::ZERO { c / (a + root) } else { root - a };
    theta * radius / norm_p
}

#[cfg(test)]
mod tests {
    use super::to_boundary;

    /// Both signs of xᵀp, of which the method itself meets one: ‖x + τ p‖ = Δ with τ > 0.
    #[test]
    fn the_boundary_is_met_from_either_side() {
        for (x, p) in
            [([3.0, 0.0], [1.0, 1.0]), ([3.0, 0.0], [-1.0, 2.0]), ([0.0, -4.0], [0.5, 1e-9]), ([0.0; 2], [2.0, 1.0])]
        {
            let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
            let tau = to_boundary(dot(x, p), dot(p, p).sqrt(), dot(x, x).sqrt(), 5.0);
            let y = [x[0] + tau * p[0], x[1] + tau * p[1]];
            assert!(tau > 0.0 && (dot(y, y).sqrt() - 5.0).abs() < 1e-14, "{x:?} {p:?}: {tau}");
        }
    }

    /// Close to the boundary, and on towards it, the way that is left keeps its digits: ϑ (ϑ + 2 a) = c.
    #[test]
    fn a_short_way_keeps_its_digits() {
        for k in 1..20 {
            let (a, left) = (0.7, f64::from(k) / (1 << 30) as f64);
            let theta = to_boundary(a, 1.0, 1.0 - left, 1.0);
            let c = left * (2.0 - left);
            assert!((theta * (theta + 2.0 * a) / c - 1.0).abs() < 4.0 * f64::EPSILON, "{theta:e}, {c:e}");
        }
    }
}
