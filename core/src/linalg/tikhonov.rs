//! Tikhonov regularization of dense least squares, min ‖A x − b‖² + λ² ‖x‖², through the SVD: one decomposition, any λ.
//!
//! A = U Σ Vᵀ is m × n, k = min(m, n), βᵢ = uᵢᵀb, and b⊥ is the part of b outside the range of U:
//!
//! * x(λ) = Σ σᵢ βᵢ / (σᵢ² + λ²) vᵢ
//! * ρ(λ)² = ‖b − A x(λ)‖² = ‖b⊥‖² + Σ (λ² βᵢ / (σᵢ² + λ²))²
//! * tr(λ) = Σ σᵢ² / (σᵢ² + λ²), the effective degrees of freedom
//!
//! Singular values up to max(m, n) ε σ₀ count as zero, so λ = 0 gives the shortest solution of a rank-deficient problem.
//!
//! λ is chosen by one of
//! * GCV: minimize ρ² / (m − tr)²; needs no knowledge of the noise
//! * UPRE: minimize ρ² + 2 η² tr, an unbiased estimate (plus a constant) of ‖A x(λ) − A x_true‖², for noise of variance η²
//! * the discrepancy principle: solve ρ(λ) = δ for the expected norm δ of the noise, η √m (or a little more)
//!
//! The first two can have several minima. Every term is a smooth step in ln λ of width about one, so the function is evaluated
//! on a grid of ln λ with spacing at most 1/4, from σ_r/100 to 100 σ₀ (r the rank), and golden sections refine the best
//! interval, down to √ε in ln λ, which is as well as a minimum can be located. Outside the bracket the criterion is constant to
//! about 10⁻⁴ of its variation. ρ rises strictly with λ: the discrepancy equation is solved by bisection of ln λ between
//! ε σ_r and σ₀/ε, and a last Newton step, which also gives dual numbers their derivative.
//!
//! Source: P. C. Hansen, "Rank-Deficient and Discrete Ill-Posed Problems" (SIAM 1998), chapters 4 and 7, DOI
//! 10.1137/1.9780898719697; G. H. Golub, M. Heath, G. Wahba, "Generalized cross-validation as a method for choosing a good
//! ridge parameter" (Technometrics 21, 1979), DOI 10.1080/00401706.1979.10489751; C. R. Vogel, "Computational Methods for
//! Inverse Problems" (SIAM 2002), sections 7.1 to 7.3 (UPRE), DOI 10.1137/1.9780898717570; V. A. Morozov (1966).
//!
//! Accuracy: backward stable for each λ, as the SVD is. Cost: the SVD of [`svd_in_place`] for the longer side as m; 2nk for a solution;
//! 10k for an evaluation of a criterion, at most 250 of them. With the λ of GCV or UPRE, x has the derivative for constant λ.

use super::jacobi::{SpectralStatus, largest, power_of_two_below, rescale};
use super::{check_representable, svd_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace of [`TikhonovSolver`] for an m × n matrix: mn + k² + 2k + m with k = min(m, n); `usize::MAX` when they
/// cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::linalg::tikhonov_work_len(5, 3), 5 * 3 + 3 * 3 + 2 * 3 + 5);
/// ```
pub const fn tikhonov_work_len(m: usize, n: usize) -> usize {
    let k = if m < n { m } else { n };
    m.saturating_mul(n).saturating_add(k.saturating_mul(k)).saturating_add(k.saturating_mul(2)).saturating_add(m)
}

/// How λ is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TikhonovRule<T> {
    /// Minimize ρ² / (m − tr)².
    Gcv,
    /// Minimize ρ² + 2 η² tr.
    Upre {
        /// η ≥ 0, the standard deviation of the noise in each element of b.
        noise: T,
    },
    /// Solve ρ = δ.
    Discrepancy {
        /// δ ≥ 0
        residual_norm: T,
    },
}

/// Where λ was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TikhonovChoiceStatus {
    /// GCV, UPRE: a grid point inside the bracket is no larger than both neighbours, and the interval was refined to √ε in
    /// ln λ. Discrepancy: a root inside the bracket, refined to 4 ε in ln λ (or to two neighbouring numbers).
    Converged,
    /// GCV, UPRE: the smallest value on the grid is at its lower end, which is returned. Discrepancy: δ ≤ ρ at the lower
    /// end of the bracket; λ = 0 is returned.
    Lower,
    /// GCV, UPRE: the smallest value on the grid is at its upper end. Discrepancy: δ ≥ ρ at the upper end of the bracket.
    /// The upper end is returned.
    Upper,
    /// A has rank zero or b is zero: x = 0 whatever λ; λ = 0 is returned.
    Trivial,
}

/// What [`TikhonovSolver::choose`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TikhonovChoice<T> {
    /// λ
    pub lambda: T,
    /// Where it was found.
    pub status: TikhonovChoiceStatus,
    /// How often the criterion was evaluated.
    pub evaluations: usize,
}

/// What [`TikhonovSolver::solve`] and [`TikhonovSolver::evaluate`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TikhonovReport<T> {
    /// ρ = ‖b − A x‖
    pub residual_norm: T,
    /// ‖x‖
    pub norm: T,
    /// tr, the effective degrees of freedom, between 0 and the rank.
    pub degrees_of_freedom: T,
}

/// A decomposed problem over the caller's buffer.
///
/// ```
/// use gaussling_core::{Error, Matrix, Portable};
/// use gaussling_core::linalg::{TikhonovRule, TikhonovSolver, tikhonov_work_len};
/// let a = Matrix::from_rows([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
/// let mut work = [0.0_f64; tikhonov_work_len(3, 2)];
/// let mut solver = TikhonovSolver::new(&Portable, a.view(), &[2.0, 3.0, 1.0], &mut work)?;
/// let mut x = [0.0; 2];
/// let report = solver.solve(&Portable, 1.0, &mut x)?; // (AᵀA + I) x = Aᵀb
/// assert!((x[0] - 0.8).abs() < 1e-14 && (x[1] - 1.5).abs() < 1e-14);
/// assert!((report.degrees_of_freedom - 1.3).abs() < 1e-14);
/// let choice = solver.choose(TikhonovRule::Discrepancy { residual_norm: 1.5 })?;
/// assert!((solver.evaluate(choice.lambda)?.residual_norm - 1.5).abs() < 1e-14);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct TikhonovSolver<'a, T> {
    shape: (usize, usize),
    rank: usize,
    status: SpectralStatus,
    /// The unit of b: a power of two.
    unit: T,
    /// ‖b⊥‖ in that unit
    outside: T,
    sigma: &'a [T],
    /// β in the unit of b
    beta: &'a [T],
    /// V, n × k
    right: MatRef<'a, T>,
    scratch: &'a mut [T],
}

impl<'a, T: Real> TikhonovSolver<'a, T> {
    /// Decomposes `a` (m × n, any shape) for the right-hand side `b` over at least [`tikhonov_work_len`] elements.
    ///
    /// Errors: [`Error::Length`] for `b`, [`Error::Workspace`], [`Error::NonFinite`].
    pub fn new(backend: &impl Backend<T>, a: MatRef<'_, T>, b: &[T], work: &'a mut [T]) -> Result<Self, Error> {
        let (m, n) = a.shape();
        check_length("b", m, b.len())?;
        check_workspace("work", tikhonov_work_len(m, n), work.len())?;
        if !b.iter().all(|b| b.is_finite()) {
            return Err(Error::NonFinite { what: "b" });
        }
        let k = m.min(n);
        let mut rest = work;
        let long = take("work", &mut rest, m * n)?;
        let square = take("work", &mut rest, k * k)?;
        let sigma = take("work", &mut rest, k)?;
        let beta = take("work", &mut rest, k)?;
        let scratch = take("work", &mut rest, m)?;

        // The SVD needs at least as many rows as columns: of Aᵀ = V Σ Uᵀ where A is wide.
        let mut long = MatMut::new(long, m.max(n), k)?;
        let mut square = MatMut::new(square, k, k)?;
        long.copy_from(if m < n { a.transpose() } else { a })?;
        let status = svd_in_place(backend, long.reborrow(), sigma, square.reborrow())?.status;
        let (long, square) = (long.into_ref(), square.into_ref());
        let (left, right) = if m < n { (square, long) } else { (long, square) };

        let threshold = T::from_usize(m.max(n)) * T::EPSILON * sigma.first().copied().unwrap_or(T::ZERO);
        let rank = sigma.iter().filter(|&&sigma| sigma > threshold).count();
        let top = largest(b.iter().copied());
        let unit = if top > T::ZERO { power_of_two_below(top) } else { T::ONE };
        for (r, &b) in scratch.iter_mut().zip(b) {
            *r = b / unit;
        }
        // Only the columns of the rank: where σ = 0 the decomposition leaves zero columns.
        let (left, beta) = (left.columns(0, rank)?, beta.get_mut(..rank).unwrap_or_default());
        backend.gemv(T::ONE, left.transpose(), scratch, T::ZERO, beta)?;
        // With m directions inside the range, nothing but rounding errors is outside.
        let outside = if rank == m {
            T::ZERO
        } else {
            backend.gemv(-T::ONE, left, beta, T::ONE, scratch)?;
            backend.norm(scratch)
        };
        let right = right.columns(0, rank)?;
        Ok(Self {
            shape: (m, n),
            rank,
            status,
            unit,
            outside,
            sigma: sigma.get(..rank).unwrap_or_default(),
            beta,
            right,
            scratch,
        })
    }

    /// r, the number of singular values above max(m, n) ε σ₀.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The r largest singular values, in descending order.
    pub fn singular_values(&self) -> &[T] {
        self.sigma
    }

    /// How the decomposition ended.
    pub fn status(&self) -> SpectralStatus {
        self.status
    }

    /// Writes x(λ); λ = 0 gives the shortest least-squares solution.
    ///
    /// Errors: [`Error::Length`] for `x`, [`Error::InvalidOption`] for a λ that is negative, infinite or NaN: `x` is untouched.
    /// [`Error::NonFinite`] for `x`: an element of it is not representable.
    pub fn solve(&mut self, backend: &impl Backend<T>, lambda: T, x: &mut [T]) -> Result<TikhonovReport<T>, Error> {
        check_length("x", self.shape.1, x.len())?;
        let report = self.evaluate(lambda)?;
        for (f, (&sigma, &beta)) in self.scratch.iter_mut().zip(self.sigma.iter().zip(self.beta)) {
            *f = coefficient(sigma, beta, lambda, self.unit);
        }
        let f = self.scratch.get(..self.rank).unwrap_or_default();
        backend.gemv(T::ONE, self.right, f, T::ZERO, x)?;
        check_representable("x", MatRef::column_vector(x))?;
        Ok(report)
    }

    /// The report for λ without the solution.
    ///
    /// Errors: [`Error::InvalidOption`] for a λ that is negative, infinite or NaN.
    pub fn evaluate(&self, lambda: T) -> Result<TikhonovReport<T>, Error> {
        if !(lambda >= T::ZERO && lambda.is_finite()) {
            return Err(Error::InvalidOption { what: "0 <= lambda < infinity" });
        }
        let mut norm = Norm::of(T::ZERO);
        for (&sigma, &beta) in self.sigma.iter().zip(self.beta) {
            norm.add(coefficient(sigma, beta, lambda, self.unit));
        }
        let sums = self.sums(lambda);
        Ok(TikhonovReport {
            residual_norm: sums.residual * self.unit,
            norm: norm.value(),
            degrees_of_freedom: sums.trace,
        })
    }

    /// Chooses λ.
    ///
    /// Errors: [`Error::InvalidOption`] for a noise or residual norm that is negative, infinite or NaN.
    pub fn choose(&self, rule: TikhonovRule<T>) -> Result<TikhonovChoice<T>, Error> {
        let admissible = |x: T| x >= T::ZERO && x.is_finite();
        let m = T::from_usize(self.shape.0);
        match rule {
            TikhonovRule::Upre { noise } if !admissible(noise) => {
                Err(Error::InvalidOption { what: "0 <= noise < infinity" })
            }
            TikhonovRule::Discrepancy { residual_norm } if !admissible(residual_norm) => {
                Err(Error::InvalidOption { what: "0 <= residual_norm < infinity" })
            }
            _ if self.outside == T::ZERO && self.beta.iter().all(|&beta| beta == T::ZERO) => Ok(self.trivial()),
            _ if self.rank == 0 => Ok(self.trivial()),
            TikhonovRule::Gcv => Ok(self.minimize(|sums| {
                let quotient = sums.residual / (m - T::from_usize(self.rank) + sums.complement);
                quotient * quotient
            })),
            TikhonovRule::Upre { noise } => {
                let noise = (noise / self.unit).min(T::MAX);
                // Divided by the larger of the two, lest a square overflow.
                let scale = noise.max(T::ONE);
                Ok(self.minimize(|sums| {
                    let (residual, noise) = (sums.residual / scale, noise / scale);
                    residual * residual + T::from_f64(2.0) * noise * noise * sums.trace
                }))
            }
            TikhonovRule::Discrepancy { residual_norm } => Ok(self.discrepancy(residual_norm / self.unit)),
        }
    }

    fn trivial(&self) -> TikhonovChoice<T> {
        TikhonovChoice { lambda: T::ZERO, status: TikhonovChoiceStatus::Trivial, evaluations: 0 }
    }

    /// (σ_r, σ₀), as constants; the rank is not zero.
    fn ends(&self) -> (f64, f64) {
        let end = |sigma: Option<&T>| sigma.map_or(1.0, |sigma| sigma.value());
        (end(self.sigma.last()), end(self.sigma.first()))
    }

    /// The sums at λ, without squares that leave the range.
    fn sums(&self, lambda: T) -> Sums<T> {
        let mut residual = Norm::of(self.outside);
        let mut sums = Sums { residual: T::ZERO, trace: T::ZERO, complement: T::ZERO };
        for (&sigma, &beta) in self.sigma.iter().zip(self.beta) {
            let kept = share(sigma, lambda);
            let lost = share(lambda, sigma);
            sums.trace += kept;
            sums.complement += lost;
            residual.add(lost * beta);
        }
        sums.residual = residual.value();
        sums
    }

    /// The smallest value of a criterion: a grid in ln(λ/σ₀), then golden sections.
    fn minimize(&self, criterion: impl Fn(&Sums<T>) -> T) -> TikhonovChoice<T> {
        let (last, first) = self.ends();
        let lambda = |log: f64| T::from_f64(f64::min(libm::exp(log) * first, T::MAX.value()));
        let f = |log: f64| criterion(&self.sums(lambda(log))).value();
        let high = libm::log(100.0);
        let low = libm::log(last / first) - high;
        let intervals = libm::ceil((high - low) * 4.0);
        let point = |i: f64| low + (high - low) * (i / intervals);
        let (mut best, mut value, mut i, mut evaluations) = (0.0, f64::INFINITY, 0.0, 0);
        while i <= intervals {
            let here = f(point(i));
            evaluations += 1;
            if here < value {
                (best, value) = (i, here);
            }
            i += 1.0;
        }
        if best == 0.0 || best == intervals {
            let status = if best == 0.0 { TikhonovChoiceStatus::Lower } else { TikhonovChoiceStatus::Upper };
            return TikhonovChoice { lambda: lambda(point(best)), status, evaluations };
        }
        let (mut a, mut b) = (point(best - 1.0), point(best + 1.0));
        let golden = 0.5 * (libm::sqrt(5.0) - 1.0);
        let tolerance = libm::sqrt(T::EPSILON.value());
        let (mut left, mut right) = (b - golden * (b - a), a + golden * (b - a));
        let (mut f_left, mut f_right) = (f(left), f(right));
        evaluations += 2;
        // An interval of 1/2 shrinks below 1e-8 in 37 steps.
        while b - a > tolerance {
            evaluations += 1;
            if f_left <= f_right {
                (b, right, f_right) = (right, left, f_left);
                left = b - golden * (b - a);
                f_left = f(left);
            } else {
                (a, left, f_left) = (left, right, f_right);
                right = a + golden * (b - a);
                f_right = f(right);
            }
        }
        let (log, refined) = if f_left <= f_right { (left, f_left) } else { (right, f_right) };
        // Rounding errors on a flat bottom may have made the grid point the better one.
        let log = if refined <= value { log } else { point(best) };
        TikhonovChoice { lambda: lambda(log), status: TikhonovChoiceStatus::Converged, evaluations }
    }

    /// The root of ρ(λ) = δ, δ in the unit of b.
    fn discrepancy(&self, delta: T) -> TikhonovChoice<T> {
        let (last, first) = self.ends();
        let epsilon = T::EPSILON.value();
        let lambda = |log: f64| T::from_f64(f64::min(libm::exp(log) * first, T::MAX.value()));
        let mut low = libm::log(last / first) + libm::log(epsilon);
        let mut high = -libm::log(epsilon);
        if self.sums(lambda(low)).residual >= delta {
            return TikhonovChoice { lambda: T::ZERO, status: TikhonovChoiceStatus::Lower, evaluations: 1 };
        }
        if self.sums(lambda(high)).residual <= delta {
            return TikhonovChoice { lambda: lambda(high), status: TikhonovChoiceStatus::Upper, evaluations: 2 };
        }
        // Each step halves an interval of at most about 110: 100 steps are more than a double can tell apart.
        let mut evaluations = 2;
        while high - low > 4.0 * epsilon && evaluations < 100 {
            let middle = 0.5 * (low + high);
            if !(middle > low && middle < high) {
                break;
            }
            if self.sums(lambda(middle)).residual > delta {
                high = middle;
            } else {
                low = middle;
            }
            evaluations += 1;
        }
        // dρ/d ln λ = 2/ρ Σ (lostᵢ βᵢ)² keptᵢ, with lost = λ²/(σ² + λ²), kept = 1 − lost
        let mut root = lambda(0.5 * (low + high));
        let residual = self.sums(root).residual;
        let mut slope = T::ZERO;
        for (&sigma, &beta) in self.sigma.iter().zip(self.beta) {
            let part = share(root, sigma) * beta / residual;
            slope += part * part * share(sigma, root);
        }
        let step = (delta / residual - T::ONE) / (slope + slope);
        // Where ρ is flat to rounding the step is noise; bisection has done what can be done.
        if step.is_finite() && step.abs() <= T::EPSILON.sqrt() {
            root *= T::ONE + step;
        }
        TikhonovChoice { lambda: root, status: TikhonovChoiceStatus::Converged, evaluations: evaluations + 1 }
    }
}

/// Sums over the singular values at one λ.
struct Sums<T> {
    /// ρ in the unit of b
    residual: T,
    /// Σ σ²/(σ² + λ²)
    trace: T,
    /// Σ λ²/(σ² + λ²), not as a difference: that would cancel for small λ.
    complement: T,
}

/// A norm summed element by element, each divided by the power of two of the largest so far.
struct Norm<T> {
    unit: T,
    sum: T,
}

impl<T: Real> Norm<T> {
    fn of(x: T) -> Self {
        let mut norm = Self { unit: T::ZERO, sum: T::ZERO };
        norm.add(x);
        norm
    }

    fn add(&mut self, x: T) {
        let size = x.abs();
        if size == T::ZERO || !size.is_finite() {
            self.sum += x * x; // no digits to lose, derivatives to keep
            return;
        }
        if size > self.unit {
            let unit = power_of_two_below(size);
            let ratio = self.unit / unit;
            self.sum = self.sum * ratio * ratio;
            self.unit = unit;
        }
        let x = x / self.unit;
        self.sum += x * x;
    }

    fn value(&self) -> T {
        if self.sum == T::ZERO { T::ZERO } else { self.sum.sqrt() * self.unit }
    }
}

/// a² / (a² + b²) of numbers that are not both zero, without overflow.
fn share<T: Real>(a: T, b: T) -> T {
    if a.abs() > b.abs() {
        let ratio = b / a;
        T::ONE / (T::ONE + ratio * ratio)
    } else {
        let ratio = a / b;
        let square = ratio * ratio;
        square / (T::ONE + square)
    }
}

/// σ β / (σ² + λ²) · unit for σ > 0. Powers of two are divided first: β/σ alone leaves the range where σ is subnormal.
fn coefficient<T: Real>(sigma: T, beta: T, lambda: T, unit: T) -> T {
    let power = power_of_two_below(sigma);
    rescale(share(sigma, lambda) * (beta / (sigma / power)), unit, power)
}
