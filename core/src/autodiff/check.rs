//! Checks of derivatives, for the tests of whoever writes or composes them.
//!
//! For F: ℝⁿ → ℝᵐ with Jacobian J, given as closures, so that hand-written derivatives can be checked as well as those of
//! this module. All three look along a direction v; take a few random ones.
//!
//! | check | question | passes when |
//! |---|---|---|
//! | [`directional_difference`] | is J v the slope of F along v? | the relative error is small: 1e-6 in `f64`, 1e-2 in `f32` |
//! | [`dot_product_test`] | do J v and Jᵀ w belong to the same J? | ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ but for rounding |
//! | [`taylor_test`] | is J v exact? | ‖F(x + h v) − F(x) − h J v‖ falls as h² |
//!
//! The Taylor test is the sharpest of them: a slope that is slightly wrong, which a difference with a tolerance would let
//! pass, makes the remainder fall as h. Source: P. E. Farrell, D. A. Ham, S. W. Funke and M. E. Rognes, "Automated
//! derivation of the adjoint of high-level transient finite element programs", SIAM J. Sci. Comput. 35 (2013), section 6.1,
//! DOI 10.1137/120873558; step of the difference: J. Nocedal and S. J. Wright, "Numerical Optimization" (2nd ed. 2006),
//! section 8.1.
//!
//! Nothing here panics; NaN anywhere makes a check fail. `work` lengths are those of the functions beside each check.

use crate::error::{Error, check_length, check_workspace};
use crate::scalar::Real;

/// What [`directional_difference`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DirectionalDifference<T> {
    /// ‖J v‖, as given.
    pub derivative: T,
    /// ‖J v − central difference‖
    pub error: T,
    /// `error` over the larger of ‖J v‖ and ‖central difference‖; 0 when both are 0.
    pub relative: T,
}

/// What [`dot_product_test`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DotProductTest<T> {
    /// ⟨J v, w⟩
    pub forward: T,
    /// ⟨v, Jᵀ w⟩
    pub reverse: T,
    /// |forward − reverse| over ‖J v‖ ‖w‖ + ‖v‖ ‖Jᵀ w‖, a few ε when right; 0 when both products are 0.
    pub relative: T,
}

/// Number of steps of [`taylor_test`].
pub const TAYLOR_STEPS: usize = 8;

/// What [`taylor_test`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaylorTest<T> {
    /// h, each a quarter of the one before.
    pub steps: [T; TAYLOR_STEPS],
    /// ‖F(x + h v) − F(x) − h J v‖
    pub remainders: [T; TAYLOR_STEPS],
    /// The exponent p of remainder ≈ c hᵖ over the three smallest steps whose remainders stand out from rounding errors: 2
    /// for a right derivative (more where the second derivative vanishes), 1 for a wrong one. `None` when fewer than two stand out,
    /// as for a linear function: F then agrees with its linear model as far as can be seen.
    pub order: Option<T>,
}

impl<T: Real> TaylorTest<T> {
    /// Whether `order` is above 1.8, or there is nothing left to fall.
    pub fn passes(&self) -> bool {
        self.order.is_none_or(|order| order > T::from_f64(1.8))
    }
}

/// Length of `work` for [`directional_difference`] and [`taylor_test`]: n + 2m; `usize::MAX` when they cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::autodiff::check::difference_work_len(3, 2), 7);
/// ```
pub const fn difference_work_len(n: usize, m: usize) -> usize {
    n.saturating_add(m.saturating_mul(2))
}

/// Length of `work` for [`dot_product_test`]: n + m; `usize::MAX` when they cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::autodiff::check::dot_product_work_len(3, 2), 5);
/// ```
pub const fn dot_product_work_len(n: usize, m: usize) -> usize {
    n.saturating_add(m)
}

/// Compares `jv` = J v with (F(x + h v) − F(x − h v))/(2h), h = ∛ε max(1, ‖x‖)/‖v‖, whose own error is about ε^{2/3}.
///
/// Errors: [`Error::Length`] for `v`, [`Error::Workspace`]; m is the length of `jv`.
///
/// ```
/// use gaussling_core::autodiff::check::{difference_work_len, directional_difference};
/// let f = |x: &[f64], y: &mut [f64]| y[0] = x[0] * x[1];
/// let mut work = [0.0; difference_work_len(2, 1)];
/// let report = directional_difference(f, &[2.0, 3.0], &[1.0, 1.0], &[5.0], &mut work)?;
/// assert!(report.relative < 1e-9);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn directional_difference<T: Real>(
    mut f: impl FnMut(&[T], &mut [T]),
    x: &[T],
    v: &[T],
    jv: &[T],
    work: &mut [T],
) -> Result<DirectionalDifference<T>, Error> {
    check_length("v", x.len(), v.len())?;
    let [point, ahead, behind] = split(x.len(), jv.len(), work)?;
    let length = norm(v);
    let mut h = T::EPSILON.cbrt() * T::ONE.max(norm(x));
    if length > T::ZERO {
        h /= length;
    }
    step(x, v, h, point);
    f(point, ahead);
    step(x, v, -h, point);
    f(point, behind);
    for ((a, &b), &jv) in ahead.iter_mut().zip(&*behind).zip(jv) {
        *a = (*a - b) / (h + h);
        *a -= jv; // difference − J v
    }
    let error = norm(ahead);
    for (a, &jv) in ahead.iter_mut().zip(jv) {
        *a += jv;
    }
    let derivative = norm(jv);
    Ok(DirectionalDifference { derivative, error, relative: ratio(error, derivative.max(norm(ahead))) })
}

/// Compares ⟨J v, w⟩ with ⟨v, Jᵀ w⟩, given `jvp(v, out)` and `vjp(w, out)`. No differences, so no truncation error.
///
/// It cannot see an error that both share. Errors: [`Error::Workspace`].
///
/// ```
/// use gaussling_core::autodiff::check::dot_product_test;
/// let jvp = |v: &[f64], y: &mut [f64]| y[0] = 3.0 * v[0] + 2.0 * v[1];
/// let vjp = |w: &[f64], x: &mut [f64]| (x[0], x[1]) = (3.0 * w[0], 2.0 * w[0]);
/// assert!(dot_product_test(jvp, vjp, &[0.3, -0.8], &[0.7], &mut [0.0; 3])?.relative < 1e-15);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn dot_product_test<T: Real>(
    jvp: impl FnOnce(&[T], &mut [T]),
    vjp: impl FnOnce(&[T], &mut [T]),
    v: &[T],
    w: &[T],
    work: &mut [T],
) -> Result<DotProductTest<T>, Error> {
    check_workspace("work", dot_product_work_len(v.len(), w.len()), work.len())?;
    let (jv, rest) = work.split_at_mut_checked(w.len()).unwrap_or_default();
    let jtw = rest.get_mut(..v.len()).unwrap_or_default();
    jv.fill(T::ZERO);
    jtw.fill(T::ZERO);
    jvp(v, jv);
    vjp(w, jtw);
    let (forward, reverse) = (dot(jv, w), dot(v, jtw));
    let size = norm(jv) * norm(w) + norm(v) * norm(jtw);
    Ok(DotProductTest { forward, reverse, relative: ratio((forward - reverse).abs(), size) })
}

/// Watches the remainder ‖F(x + h v) − F(x) − h J v‖ for `jv` = J v fall, for h = `first_step`, a quarter of it, and so on.
///
/// A remainder stands out when it is above 32 ε (‖F(x)‖ + ‖F(x + h v)‖ + ‖h J v‖) for some h. `first_step` small enough for
/// the second-order term to dominate, large enough to see it: about 0.1 for x, v and F of order 1.
///
/// Errors: [`Error::Length`] for `v`, [`Error::Workspace`]; m is the length of `jv`.
///
/// ```
/// use gaussling_core::autodiff::check::taylor_test;
/// let f = |x: &[f64], y: &mut [f64]| y[0] = x[0] * x[0] * x[1];
/// let mut work = [0.0; 4];
/// assert!(taylor_test(f, &[2.0, 3.0], &[1.0, 1.0], &[16.0], 0.1, &mut work)?.passes());
/// assert!(!taylor_test(f, &[2.0, 3.0], &[1.0, 1.0], &[16.016], 0.1, &mut work)?.passes());
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn taylor_test<T: Real>(
    mut f: impl FnMut(&[T], &mut [T]),
    x: &[T],
    v: &[T],
    jv: &[T],
    first_step: T,
    work: &mut [T],
) -> Result<TaylorTest<T>, Error> {
    check_length("v", x.len(), v.len())?;
    let [point, base, ahead] = split(x.len(), jv.len(), work)?;
    f(x, base);
    let (size, slope) = (norm(base), norm(jv));
    let (mut steps, mut remainders) = ([T::ZERO; TAYLOR_STEPS], [T::ZERO; TAYLOR_STEPS]);
    let mut line = Line::default();
    let mut h = first_step;
    for (step_out, remainder_out) in steps.iter_mut().zip(&mut remainders) {
        step(x, v, h, point);
        ahead.fill(T::ZERO);
        f(point, ahead);
        let rounding = T::from_f64(32.0) * T::EPSILON * (size + norm(ahead) + (h * slope).abs());
        for ((a, &b), &jv) in ahead.iter_mut().zip(&*base).zip(jv) {
            *a = *a - b - h * jv;
        }
        let remainder = norm(ahead);
        (*step_out, *remainder_out) = (h, remainder);
        // Written so that NaN counts, and makes the order NaN.
        if !matches!(remainder.partial_cmp(&rounding), Some(core::cmp::Ordering::Less | core::cmp::Ordering::Equal)) {
            line.add(h.abs().log2().value(), remainder.log2().value());
        }
        h *= T::from_f64(0.25);
    }
    Ok(TaylorTest { steps, remainders, order: line.slope().map(T::from_f64) })
}

/// The slope of the line through the last three points, by least squares.
#[derive(Default)]
struct Line {
    /// (x, y), the newest last.
    last: [Option<(f64, f64)>; 3],
}

impl Line {
    fn add(&mut self, x: f64, y: f64) {
        let [_, second, third] = self.last;
        self.last = [second, third, Some((x, y))];
    }

    /// NaN when a coordinate is NaN or infinite, `None` for fewer than two points.
    fn slope(&self) -> Option<f64> {
        let points = || self.last.iter().flatten();
        let count = points().count() as f64;
        let (x, y) = points().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
        let above = points().fold(0.0, |sum, p| sum + (p.0 - x) * (p.1 - y));
        let below = points().fold(0.0, |sum, p| sum + (p.0 - x) * (p.0 - x));
        if count < 2.0 { None } else { Some(above / below) }
    }
}

/// Three parts of `work`: n, m and m, the latter two zero.
fn split<T: Real>(n: usize, m: usize, work: &mut [T]) -> Result<[&mut [T]; 3], Error> {
    check_workspace("work", difference_work_len(n, m), work.len())?;
    let (point, rest) = work.split_at_mut_checked(n).unwrap_or_default();
    let (first, rest) = rest.split_at_mut_checked(m).unwrap_or_default();
    let second = rest.get_mut(..m).unwrap_or_default();
    first.fill(T::ZERO);
    second.fill(T::ZERO);
    Ok([point, first, second])
}

/// x + h v
fn step<T: Real>(x: &[T], v: &[T], h: T, point: &mut [T]) {
    for ((p, &x), &v) in point.iter_mut().zip(x).zip(v) {
        *p = x + h * v;
    }
}

/// ‖x‖, by `hypot`: the scaled norm of the backend is a layer above.
fn norm<T: Real>(x: &[T]) -> T {
    x.iter().fold(T::ZERO, |norm, &x| norm.hypot(x))
}

fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    x.iter().zip(y).fold(T::ZERO, |sum, (&x, &y)| sum + x * y)
}

/// `error / size`, and 0 for 0/0.
fn ratio<T: Real>(error: T, size: T) -> T {
    if error.is_zero() && size.is_zero() { T::ZERO } else { error / size }
}
