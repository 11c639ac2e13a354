//! LSQR: min ‖A x − b‖² + damp² ‖x − x₀‖² for an A that is known by products only.
//!
//! With d = x − x₀, r₀ = b − A x₀ and Ā = [A; damp I], r̄ = [r₀; 0] − Ā d. Golub and Kahan's bidiagonalization of A started
//! with r₀, and the QR factorization of its bidiagonal matrix (with damp I below) by plane rotations as it grows:
//!
//! 1. β₁ u₁ = r₀, α₁ v₁ = Aᵀ u₁, w₁ = v₁, φ̄₁ = β₁, ρ̄₁ = α₁
//! 2. βᵢ₊₁ uᵢ₊₁ = A vᵢ − αᵢ uᵢ, αᵢ₊₁ vᵢ₊₁ = Aᵀ uᵢ₊₁ − βᵢ₊₁ vᵢ
//! 3. a rotation takes damp into ρ̄: ρ̄′ = √(ρ̄² + damp²), φ̄ ← ρ̄/ρ̄′ φ̄, ψ = damp/ρ̄′ φ̄
//! 4. a rotation takes βᵢ₊₁ into ρ̄′: ρ, c, s; θ = s αᵢ₊₁, ρ̄ ← −c αᵢ₊₁, φ = c φ̄, φ̄ ← s φ̄
//! 5. x ← x + (φ/ρ) w, w ← vᵢ₊₁ − (θ/ρ) w
//! 6. the norms: ‖r̄‖² = φ̄² + Σψ², ‖Āᵀ r̄‖ = αᵢ₊₁ |s φ|, ‖Ā‖ from Σα² + β² + damp², ‖(ĀᵀĀ)⁻¹‖ from Σ‖w/ρ‖², and ‖d‖ by rotations
//!    from the right
//! 7. the stopping tests of [`LsqrStatus`]
//!
//! Mathematically the conjugate-gradient method on the normal equations, but A is never squared: accurate where κ(A)²
//! exceeds 1/ε. LSMR would let ‖Aᵀr‖ fall monotonically; LSQR has the smaller residuals and the more widely known rules.
//!
//! Source: C. C. Paige and M. A. Saunders, "LSQR: an algorithm for sparse linear equations and sparse least squares" (ACM TOMS
//! 8, 1982), DOI 10.1145/355984.355989, and algorithm 583 in the same volume, DOI 10.1145/355993.356000; the rotations are
//! those of S.-C. Choi (thesis, Stanford 2006).
//!
//! Scaling. The iteration works with A/s and r₀/t, s and t powers of two near max(α₁, damp) and the largest |r₀|, so that
//! squares of norms stay in range and no test compares with an absolute number (`scipy.sparse.linalg.lsqr` adds an ε there,
//! and stops at once when ‖A‖ ‖r‖ is far below it). Scalings by powers of two change no bits of the scaled result.
//!
//! Accuracy: no vectors are reorthogonalized, so more than min(m, n) steps can be needed. The estimates of norms keep a
//! few digits; ‖r‖ is found from ‖r̄‖ by a difference and loses digits where damp ‖d‖ is nearly all of ‖r̄‖. Cost of a step:
//! a product each with A and Aᵀ, 6m + 12n flops, 3n more for `variances`. An operator that offers it does both products of step 2 in one
//! pass over A: Aᵀ (βᵢ₊₁ uᵢ₊₁) is divided by βᵢ₊₁ afterwards.
//!
//! Derivatives: dual numbers pass with [`LsqrOptions::fixed_steps`]. At Aᵀ r₀ = 0, also for b = 0, v₁ has no derivative, nor
//! then has x.

use super::LinearOperator;
use super::jacobi::{largest, power_of_two_below, rescale};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::scalar::Real;

/// Elements of workspace of [`lsqr`] for an m × n operator: m + 2n + max(m, n); `usize::MAX` when they cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::linalg::lsqr_work_len(5, 2), 14);
/// ```
pub const fn lsqr_work_len(m: usize, n: usize) -> usize {
    let longer = if m > n { m } else { n };
    m.saturating_add(n).saturating_add(n).saturating_add(longer)
}

/// Options of [`lsqr`], whose documentation has an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LsqrOptions<T> {
    /// damp ≥ 0; its square multiplies ‖x − x₀‖².
    pub damping: T,
    /// Start at the x₀ that `x` holds; otherwise at x₀ = 0, and what `x` holds plays no part.
    pub warm_start: bool,
    /// `atol`, relative error that A is assumed to have.
    pub tolerance_a: T,
    /// `btol`, relative error that b is assumed to have.
    pub tolerance_b: T,
    /// `conlim`, stop when cond(Ā) seems to exceed it; zero or infinity for no limit.
    pub condition_limit: T,
    /// Limit on the number of steps; `None` means 2n.
    pub max_iterations: Option<usize>,
    /// Leave out every test but those for exact zeros, NaN and the number of steps. For dual numbers: values may have
    /// converged before their derivatives have.
    pub fixed_steps: bool,
}

impl<T: Real> Default for LsqrOptions<T> {
    /// No damping, cold start, both tolerances √ε, condition limit 1/√ε, 2n steps.
    fn default() -> Self {
        let root = T::EPSILON.sqrt();
        Self {
            damping: T::ZERO,
            warm_start: false,
            tolerance_a: root,
            tolerance_b: root,
            condition_limit: T::ONE / root,
            max_iterations: None,
            fixed_steps: false,
        }
    }
}

/// Why [`lsqr`] stopped. Where several tests hold, the one named first below counts (the numbers are `istop` of the paper's
/// program). ‖Ā‖, cond and ‖d‖ are the estimates in [`LsqrReport`]; r = b − A x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LsqrStatus {
    /// 0: ‖Aᵀ r₀‖ = 0 exactly; x₀ is a solution, no step was done.
    SolvedAtStart,
    /// 1: ‖r̄‖ ≤ btol ‖b‖ + atol ‖Ā‖ ‖d‖. The system is compatible.
    Compatible,
    /// 2: ‖Āᵀ r̄‖ ≤ atol ‖Ā‖ ‖r̄‖. A solution in the sense of least squares.
    LeastSquares,
    /// 3: cond(Ā) ≥ conlim.
    ConditionLimit,
    /// 4: ‖r̄‖ ≤ ε/2 (‖b‖ + ‖Ā‖ ‖d‖). As good as the arithmetic allows.
    CompatibleToRounding,
    /// 5: ‖Āᵀ r̄‖ ≤ ε/2 ‖Ā‖ ‖r̄‖. As good as the arithmetic allows.
    LeastSquaresToRounding,
    /// 6: cond(Ā) ≥ 2/ε.
    ConditionTooLarge,
    /// 7: as many steps as allowed.
    IterationLimit,
    /// A product with A or Aᵀ, or a step, was NaN or infinite. x is the last iterate before it.
    NonFinite,
}

/// How [`lsqr`] ended; d = x − x₀, and all but `iterations` and `status` are estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LsqrReport<T> {
    /// Steps done.
    pub iterations: usize,
    /// Why it stopped.
    pub status: LsqrStatus,
    /// ‖r‖ = ‖b − A x‖
    pub residual_norm: T,
    /// ‖r̄‖ = √(‖b − A x‖² + damp² ‖d‖²)
    pub damped_residual_norm: T,
    /// ‖Āᵀ r̄‖ = ‖Aᵀ r − damp² d‖
    pub gradient_norm: T,
    /// ‖Ā‖ in the Frobenius norm, from below; zero before the first step.
    pub norm_a: T,
    /// cond(Ā) = ‖Ā‖ ‖Ā⁺‖ in the Frobenius norm; zero before the first step.
    pub condition: T,
    /// ‖d‖
    pub norm_step: T,
}

/// What the recurrences carry from step to step, in scaled units.
struct State<T> {
    alpha: T,
    rho_bar: T,
    phi_bar: T,
    /// √Σψ²
    psi_norm: T,
    norm_a: T,
    /// √Σ‖w/ρ‖²
    norm_inverse: T,
    /// c₂, s₂, z, √Σz²: the rotations from the right
    right: (T, T, T, T),
}

/// Solves min ‖A x − b‖² + damp² ‖x − x₀‖². A is m × n of any shape and rank; where the solution is not unique and x₀ = 0,
/// x is the shortest one.
///
/// `variances`, when given, gets the diagonal of (AᵀA + damp² I)⁻¹ (of the pseudo-inverse, where A is rank-deficient)
/// as far as it has been seen: a lower estimate, exact after min(m, n) steps in exact arithmetic. Times ‖r‖²/(m − n) its
/// roots are the standard errors of x. `work`: at least [`lsqr_work_len`] elements.
///
/// Errors: [`Error::Length`] for `b`, `x`, `variances`, [`Error::Workspace`], [`Error::InvalidOption`], [`Error::NonFinite`]
/// for `b` and x₀: outputs are untouched. [`Error::NonFinite`] for b − A x₀ and its product with Aᵀ, whatever the operator
/// returns: x holds an iterate, `variances` nothing of use.
///
/// ```
/// use gaussling_core::{Error, Matrix, Portable};
/// use gaussling_core::linalg::{LsqrOptions, LsqrStatus, MatrixOperator, lsqr, lsqr_work_len};
/// // The line c + d t through (0, 1), (1, 3), (2, 4): c = 7/6, d = 3/2.
/// let a = Matrix::from_rows([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
/// let mut a = MatrixOperator { backend: &Portable, matrix: a.view() };
/// let (mut x, mut work) = ([0.0_f64; 2], [0.0; lsqr_work_len(3, 2)]);
/// let report = lsqr(&Portable, &mut a, &[1.0, 3.0, 4.0], &mut x, None, &mut work, &LsqrOptions::default())?;
/// assert_eq!((report.iterations, report.status), (2, LsqrStatus::LeastSquares));
/// assert!((x[0] - 7.0 / 6.0).abs() < 1e-13 && (x[1] - 1.5).abs() < 1e-13);
/// # Ok::<(), Error>(())
/// ```
pub fn lsqr<T: Real>(
    backend: &impl Backend<T>,
    a: &mut impl LinearOperator<T>,
    b: &[T],
    x: &mut [T],
    mut variances: Option<&mut [T]>,
    work: &mut [T],
    options: &LsqrOptions<T>,
) -> Result<LsqrReport<T>, Error> {
    let (m, n) = a.shape();
    check_length("b", m, b.len())?;
    check_length("x", n, x.len())?;
    if let Some(variances) = &variances {
        check_length("variances", n, variances.len())?;
    }
    check_workspace("work", lsqr_work_len(m, n), work.len())?;
    check_options(options)?;
    if !b.iter().all(|b| b.is_finite()) {
        return Err(Error::NonFinite { what: "b" });
    }
    if options.warm_start && !x.iter().all(|x| x.is_finite()) {
        return Err(Error::NonFinite { what: "x" });
    }
    let mut rest = work;
    let u = take("work", &mut rest, m)?;
    let v = take("work", &mut rest, n)?;
    let w = take("work", &mut rest, n)?;
    let product = take("work", &mut rest, m.max(n))?;
    if let Some(variances) = &mut variances {
        variances.fill(T::ZERO);
    }

    // Step 1. t is the scale of r₀, s that of A.
    u.copy_from_slice(b);
    if options.warm_start {
        let ax = product.get_mut(..m).unwrap_or_default();
        a.apply(x, ax)?;
        backend.axpy(-T::ONE, ax, u);
    } else {
        x.fill(T::ZERO);
    }
    if !u.iter().all(|u| u.is_finite()) {
        return Err(Error::NonFinite { what: "b - A x" });
    }
    let t = scale_of(u);
    u.iter_mut().for_each(|u| *u /= t);
    let beta = backend.norm(u);
    divide(u, beta);
    // Where r₀ = 0 the vector v is of no use, but the product shows an operator that fails.
    a.apply_transpose(u, v)?;
    if !v.iter().all(|v| v.is_finite()) {
        return Err(Error::NonFinite { what: "transpose(A) (b - A x)" });
    }
    let scale_v = scale_of(v);
    v.iter_mut().for_each(|v| *v /= scale_v);
    let norm_v = backend.norm(v);
    divide(v, norm_v);
    w.copy_from_slice(v);
    let s = if norm_v > T::ZERO { scale_v } else { T::ZERO };
    let s = scale_of(&[s, options.damping]);
    let damping = options.damping / s;
    let norm_b = if options.warm_start { scaled_norm(backend, b, t) } else { beta };

    let alpha = norm_v * (scale_v / s);
    let mut state = State {
        alpha,
        rho_bar: alpha,
        phi_bar: beta,
        psi_norm: T::ZERO,
        norm_a: T::ZERO,
        norm_inverse: T::ZERO,
        right: (-T::ONE, T::ZERO, T::ZERO, T::ZERO),
    };
    // `report` is in scaled units until the end.
    let mut report = LsqrReport {
        iterations: 0,
        status: LsqrStatus::IterationLimit,
        residual_norm: beta,
        damped_residual_norm: beta,
        gradient_norm: alpha * beta,
        norm_a: T::ZERO,
        condition: T::ZERO,
        norm_step: T::ZERO,
    };
    if norm_v == T::ZERO || beta == T::ZERO {
        report.status = LsqrStatus::SolvedAtStart;
        return Ok(unscaled(report, s, t));
    }

    // Of what `u` holds: with `apply_both` it stays as it is, and its factor counts instead.
    let mut length_u = T::ONE;
    for iterations in 1..=options.max_iterations.unwrap_or(n.saturating_mul(2)) {
        // Step 2. A zero β or α ends the bidiagonalization: then Āᵀ r̄ = 0, and the tests below stop.
        let alpha = state.alpha;
        let beta;
        let mut next_alpha = T::ZERO;
        let inverse = T::ONE / s;
        let atu = product.get_mut(..n).unwrap_or_default();
        if inverse <= T::MAX && a.apply_both(inverse, v, -(alpha / length_u), u, atu)? {
            beta = backend.norm(u);
            length_u = beta;
            if beta < T::MIN_POSITIVE / T::EPSILON {
                divide(u, beta); // α/β could overflow
                length_u = T::ONE;
            }
            if beta > T::ZERO {
                // What came back is Aᵀ of the vector before its division.
                for (v, &p) in v.iter_mut().zip(&*atu) {
                    *v = p / s / beta - beta * *v;
                }
                next_alpha = backend.norm(v);
                divide(v, next_alpha);
            }
        } else {
            beta = next_vector(backend, u, alpha, s, product.get_mut(..m).unwrap_or_default(), |y| a.apply(v, y))?;
            if beta > T::ZERO {
                let atu = product.get_mut(..n).unwrap_or_default();
                next_alpha = next_vector(backend, v, beta, s, atu, |y| a.apply_transpose(u, y))?;
            }
        }
        if !(beta.is_finite() && next_alpha.is_finite()) {
            report.status = LsqrStatus::NonFinite;
            break;
        }

        // Step 3, also for damp = 0: it changes no more than signs then, and keeps derivatives with respect to damp.
        let rho_bar = backend.norm(&[state.rho_bar, damping]);
        let psi = damping / rho_bar * state.phi_bar;
        let phi_bar = state.rho_bar / rho_bar * state.phi_bar;
        // Step 4.
        let (c, sine, rho) = plane_rotation(rho_bar, beta);
        let theta = sine * next_alpha;
        let phi = c * phi_bar;
        // Step 5. The step is brought to the units of x with care, because t/s may leave the range before φ/ρ t/s does.
        let step = rescale(phi / rho, t, s);
        if !(step.is_finite() && rho > T::ZERO) {
            report.status = LsqrStatus::NonFinite;
            break;
        }
        let norm_w = backend.norm(w);
        if let Some(variances) = &mut variances {
            for (variance, &w) in variances.iter_mut().zip(&*w) {
                let d = w / rho;
                *variance += d * d;
            }
        }
        backend.axpy(step, w, x);
        let turn = theta / rho;
        for (w, &v) in w.iter_mut().zip(&*v) {
            *w = v - turn * *w;
        }

        // Step 6.
        state.norm_a = backend.norm(&[state.norm_a, alpha, beta, damping]);
        state.norm_inverse = backend.norm(&[state.norm_inverse, norm_w / rho]);
        state.psi_norm = backend.norm(&[state.psi_norm, psi]);
        state.phi_bar = sine * phi_bar;
        state.rho_bar = -(c * next_alpha);
        state.alpha = next_alpha;
        let (c2, s2, z, z_norm) = state.right;
        let gamma_bar = -(c2 * rho);
        let rhs = phi - s2 * rho * z;
        report.norm_step = backend.norm(&[z_norm, rhs / gamma_bar]);
        let gamma = backend.norm(&[gamma_bar, theta]);
        let z = rhs / gamma;
        state.right = (gamma_bar / gamma, theta / gamma, z, backend.norm(&[z_norm, z]));

        report.iterations = iterations;
        report.norm_a = state.norm_a;
        report.condition = state.norm_a * state.norm_inverse;
        report.damped_residual_norm = backend.norm(&[state.phi_bar, state.psi_norm]);
        report.gradient_norm = next_alpha * (sine * phi).abs();
        report.residual_norm = without_damping(report.damped_residual_norm, damping * report.norm_step);

        // Step 7.
        let stop = if options.fixed_steps {
            (next_alpha == T::ZERO).then_some(LsqrStatus::LeastSquares)
        } else {
            stopping_test(&report, norm_b, options)
        };
        if let Some(status) = stop {
            report.status = status;
            break;
        }
    }
    if !x.iter().all(|x| x.is_finite()) {
        // Every step was finite, their sum was not: only when the solution itself is out of range.
        report.status = LsqrStatus::NonFinite;
    }
    if let Some(variances) = variances {
        variances.iter_mut().for_each(|variance| *variance = *variance / s / s);
    }
    Ok(unscaled(report, s, t))
}

fn check_options<T: Real>(options: &LsqrOptions<T>) -> Result<(), Error> {
    let nonnegative = |x: T| x >= T::ZERO && x.is_finite();
    let what = if !nonnegative(options.damping) {
        "0 <= damping < infinity"
    } else if !nonnegative(options.tolerance_a) {
        "0 <= tolerance_a < infinity"
    } else if !nonnegative(options.tolerance_b) {
        "0 <= tolerance_b < infinity"
    } else if options.condition_limit >= T::ZERO {
        return Ok(());
    } else {
        "condition_limit >= 0"
    };
    Err(Error::InvalidOption { what })
}

/// One half of step 2: q ← A p / s − factor q, made of unit length; returns its length before.
fn next_vector<T: Real>(
    backend: &impl Backend<T>,
    q: &mut [T],
    factor: T,
    s: T,
    product: &mut [T],
    apply: impl FnOnce(&mut [T]) -> Result<(), Error>,
) -> Result<T, Error> {
    apply(product)?;
    for (q, &p) in q.iter_mut().zip(&*product) {
        *q = p / s - factor * *q;
    }
    let norm = backend.norm(q);
    divide(q, norm);
    Ok(norm)
}

/// q/‖q‖, and q itself where it is zero. Division, because 1/‖q‖ overflows for subnormal norms.
fn divide<T: Real>(q: &mut [T], norm: T) {
    if norm > T::ZERO {
        q.iter_mut().for_each(|q| *q /= norm);
    }
}

/// The power of two below the largest |x|; 1 where all are zero.
fn scale_of<T: Real>(x: &[T]) -> T {
    let top = largest(x.iter().copied());
    if top > T::ZERO { power_of_two_below(top) } else { T::ONE }
}

/// ‖b‖/t where ‖b‖ itself may overflow: with the largest element brought near 1, in the same way at every scale.
fn scaled_norm<T: Real>(backend: &impl Backend<T>, b: &[T], t: T) -> T {
    let scale = scale_of(b);
    // Without workspace to hold b/scale, in parts that go through the backend's norm one by one.
    let mut norm = T::ZERO;
    for chunk in b.chunks(16) {
        let mut part = [T::ZERO; 16];
        part.iter_mut().zip(chunk).for_each(|(part, &b)| *part = b / scale);
        norm = backend.norm(&[norm, backend.norm(&part)]);
    }
    norm * (scale / t)
}

/// (c, s, ρ) with c a + s b = ρ, c b = s a, ρ > 0 for a > 0; not both zero. A zero b takes the same path: its derivative counts.
fn plane_rotation<T: Real>(a: T, b: T) -> (T, T, T) {
    if b > a {
        let cotangent = a / b;
        let root = (T::ONE + cotangent * cotangent).sqrt();
        (cotangent / root, T::ONE / root, b * root)
    } else {
        let tangent = b / a;
        let root = (T::ONE + tangent * tangent).sqrt();
        (T::ONE / root, tangent / root, a * root)
    }
}

/// √(r̄² − (damp ‖d‖)²), zero where rounding errors make the difference negative.
fn without_damping<T: Real>(damped: T, part: T) -> T {
    if part == T::ZERO {
        return damped; // and no root of zero, which has no derivative
    }
    let square = (damped - part) * (damped + part);
    if square > T::ZERO { square.sqrt() } else { T::ZERO }
}

/// Step 7, on a report in scaled units. Written without quotients, so that zero norms need no care.
fn stopping_test<T: Real>(report: &LsqrReport<T>, norm_b: T, options: &LsqrOptions<T>) -> Option<LsqrStatus> {
    let (residual, gradient) = (report.damped_residual_norm, report.gradient_norm);
    let norm_ax = report.norm_a * report.norm_step;
    let gradient_scale = report.norm_a * residual;
    let half_epsilon = T::EPSILON * T::from_f64(0.5);
    if residual <= options.tolerance_b * norm_b + options.tolerance_a * norm_ax {
        Some(LsqrStatus::Compatible)
    } else if gradient <= options.tolerance_a * gradient_scale {
        Some(LsqrStatus::LeastSquares)
    } else if options.condition_limit > T::ZERO && report.condition >= options.condition_limit {
        Some(LsqrStatus::ConditionLimit)
    } else if residual <= half_epsilon * (norm_b + norm_ax) {
        Some(LsqrStatus::CompatibleToRounding)
    } else if gradient <= half_epsilon * gradient_scale {
        Some(LsqrStatus::LeastSquaresToRounding)
    } else if report.condition >= T::ONE / half_epsilon {
        Some(LsqrStatus::ConditionTooLarge)
    } else {
        None
    }
}

/// The report in the units of A and b.
fn unscaled<T: Real>(report: LsqrReport<T>, s: T, t: T) -> LsqrReport<T> {
    LsqrReport {
        residual_norm: report.residual_norm * t,
        damped_residual_norm: report.damped_residual_norm * t,
        gradient_norm: report.gradient_norm * t * s,
        norm_a: report.norm_a * s,
        norm_step: rescale(report.norm_step, t, s),
        ..report
    }
}

#[cfg(test)]
mod tests;
