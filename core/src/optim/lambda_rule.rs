//! Rules that choose Λ in a step of sampled Tikhonov regularization, and what they may ask about the step.
//!
//! The residual after the step and the trace of its influence matrix are functions of Λ alone (`sampled_tikhonov.rs` has them and their
//! cost), and so are the criteria that are minimized:
//!
//! ```text
//! gcv(Λ) = ‖residual‖²/(N − trace)²        N = targets · samples of the batch, the number of rows
//! discrepancy(Λ) = (‖residual‖² − 2 N v)²    upre(Λ) = ‖residual‖² + 2 v trace        v the variance of the noise
//! ```
//! Source: M. Chung, J. Chung, J. T. Slagel, L. Tenorio, "Sampled limited memory methods for massive linear inverse problems"
//! (Inverse Problems 36, 2020), section 4; the factor ½ … 1½ by which σ_total may change in a step is that of the published
//! slimTrain program.

use core::fmt;

use crate::error::Error;
use crate::scalar::Real;

/// What a trial Λ would lead to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit<T> {
    /// ‖W_new z − c‖²
    pub residual_squared: T,
    /// Trace of the influence matrix.
    pub trace: T,
}

/// What the rules for Λ may ask about a step.
pub struct Criterion<'a, T> {
    pub(super) evaluate: &'a mut dyn FnMut(T) -> Result<Fit<T>, Error>,
    pub(super) sum_lambda: T,
    pub(super) bounds: (T, T),
    pub(super) rows: usize,
}

impl<T: fmt::Debug> fmt::Debug for Criterion<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sum_lambda, bounds, rows, .. } = self;
        write!(f, "Criterion {{ sum_lambda: {sum_lambda:?}, bounds: {bounds:?}, rows: {rows} }}")
    }
}

impl<T: Real> Criterion<'_, T> {
    /// σ_total before the step.
    pub fn sum_lambda(&self) -> T {
        self.sum_lambda
    }

    /// The bounds of σ_total.
    pub fn bounds(&self) -> (T, T) {
        self.bounds
    }

    /// N = targets × samples of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// ‖residual‖² and trace at Λ = `lambda`; both infinite where σ_total + Λ is not positive.
    pub fn fit(&mut self, lambda: T) -> Fit<T> {
        let nothing = Fit { residual_squared: T::MAX + T::MAX, trace: T::MAX + T::MAX };
        if self.sum_lambda + lambda > T::ZERO { (self.evaluate)(lambda).unwrap_or(nothing) } else { nothing }
    }

    /// ‖W_new z − c‖² for the W that Λ = `lambda` leads to; not negative.
    pub fn residual_squared(&mut self, lambda: T) -> T {
        self.fit(lambda).residual_squared
    }

    /// Trace of the influence matrix.
    pub fn trace(&mut self, lambda: T) -> T {
        self.fit(lambda).trace
    }

    /// Generalized cross validation, ‖residual‖²/(N − trace)².
    pub fn gcv(&mut self, lambda: T) -> T {
        let fit = self.fit(lambda);
        let free = T::from_usize(self.rows) - fit.trace;
        fit.residual_squared / (free * free)
    }

    /// Discrepancy principle with noise variance `variance` and safety factor τ² = 2: (‖residual‖² − τ² N·variance)².
    pub fn discrepancy(&mut self, lambda: T, variance: T) -> T {
        let excess = self.residual_squared(lambda) - T::from_f64(2.0) * T::from_usize(self.rows) * variance;
        excess * excess
    }

    /// Unbiased predictive risk for noise variance `variance`, up to a constant: ‖residual‖² + 2·variance·trace.
    pub fn upre(&mut self, lambda: T, variance: T) -> T {
        let fit = self.fit(lambda);
        fit.residual_squared + T::from_f64(2.0) * variance * fit.trace
    }
}

/// A rule that chooses Λ for a step.
pub trait LambdaRule<T: Real> {
    /// Λ; where it would lead σ_total out of its bounds, the nearer bound is taken.
    fn choose(&mut self, criterion: &mut Criterion<'_, T>) -> T;
}

/// The usual rules. All but `Fixed` minimize over σ_total between half and one and a half times its present value,
/// within the bounds of the layer (as the published method bounds each change).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Selection<T> {
    /// Λ is this number in every step.
    Fixed(T),
    /// Generalized cross validation.
    #[default]
    Gcv,
    /// Discrepancy principle for noise of this variance.
    Discrepancy(T),
    /// Unbiased predictive risk estimate for noise of this variance.
    Upre(T),
}

impl<T: Real> LambdaRule<T> for Selection<T> {
    fn choose(&mut self, criterion: &mut Criterion<'_, T>) -> T {
        match *self {
            Self::Fixed(lambda) => lambda,
            Self::Gcv => minimize(criterion, Criterion::gcv),
            Self::Discrepancy(variance) => minimize(criterion, |c, lambda| c.discrepancy(lambda, variance)),
            Self::Upre(variance) => minimize(criterion, |c, lambda| c.upre(lambda, variance)),
        }
    }
}

/// Intervals of the grid.
const CELLS: usize = 4;
/// Parabolas at most, and the change of σ_total, relative to it, after which no other follows.
const PARABOLAS: usize = 6;
const CLOSE: f64 = 1e-4;

/// Λ with the least criterion: the best of five points, refined by parabolas.
///
/// The residual after the step is r − (P + ΛQ) X with X nearly constant: where W fits well, its square is a steep parabola in Λ around
/// nearly zero, of a width far below the spacing of the points. So the grid is even in Λ, zero is one of its points, and a few parabolas
/// hit the bottom, where sections of the interval would take twice as many evaluations.
#[inline(never)] // so that its variables are not on the stack below what comes before and after it
fn minimize<'a, T: Real>(criterion: &mut Criterion<'a, T>, f: impl Fn(&mut Criterion<'a, T>, T) -> T) -> T {
    let total = criterion.sum_lambda;
    let (lower, upper) = criterion.bounds;
    let bound = |share: f64| (T::from_f64(share) * total).max(lower).min(upper) - total;
    let (low, high) = (bound(0.5), bound(1.5));
    let cell = (high - low) / T::from_usize(CELLS);
    let mut at = |lambda: T| (lambda, f(criterion, lambda));
    let grid: [_; CELLS + 1] = core::array::from_fn(|i| at(low + cell * T::from_usize(i)));
    // Three neighbours around the best of the grid, or beside it at an end.
    let triples = grid.windows(3).filter_map(<[_]>::first_chunk::<3>);
    let worth = |triple: &[(T, T); 3]| (triple.iter().fold(T::MAX, |least, point| least.min(point.1)), triple[1].1);
    let start = triples.reduce(|best, triple| if worth(triple) < worth(best) { triple } else { best });
    let Some(&(mut triple)) = start else { return T::ZERO };
    let mut last = low;
    for _ in 0..PARABOLAS {
        let Some(vertex) = vertex(&triple) else { break };
        let new = vertex.max(low).min(high);
        if (new - last).abs() <= T::from_f64(CLOSE) * total {
            break;
        }
        last = new;
        triple = nearest(triple, at(new));
    }
    let [a, b, c] = triple;
    let best = if a.1 <= b.1 && a.1 <= c.1 {
        a
    } else if b.1 <= c.1 {
        b
    } else {
        c
    };
    best.0
}

/// Where the parabola through three points is least; none where it bends down, or the points are too close for one.
fn vertex<T: Real>(&[a, b, c]: &[(T, T); 3]) -> Option<T> {
    let (left, right) = ((b.1 - a.1) / (b.0 - a.0), (c.1 - b.1) / (c.0 - b.0));
    let bend = (right - left) / (c.0 - a.0);
    let x = T::from_f64(0.5) * (a.0 + b.0 - left / bend);
    (bend > T::ZERO && x.is_finite()).then_some(x)
}

/// The new point with its neighbours on both sides, of the others.
fn nearest<T: Real>([a, b, c]: [(T, T); 3], new: (T, T)) -> [(T, T); 3] {
    if new.0 < a.0 {
        [new, a, b]
    } else if new.0 < b.0 {
        if new.1 < b.1 { [a, new, b] } else { [new, b, c] }
    } else if new.0 < c.0 {
        if new.1 < b.1 { [b, new, c] } else { [a, b, new] }
    } else {
        [b, c, new]
    }
}
