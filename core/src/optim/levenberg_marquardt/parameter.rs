//! The step of length Δ: λ ≥ 0 and y = −(AᵀA + λI)⁻¹Aᵀr with A = J̃, from A P = Q R and t = −(Qᵀr) (Moré 1978, sections
//! 3, 5).
//!
//! φ(λ) = ‖y(λ)‖ − Δ falls and is convex. Newton's method for 1/Δ − 1/‖y(λ)‖ = 0 converges from the left of its root:
//!
//! ```text
//! λ ← λ + (‖y‖ − Δ)/Δ · ‖y‖² / ‖S⁻ᵀPᵀy‖²,      SᵀS = RᵀR + λI
//! ```
//! kept between l and u: u₀ = ‖Aᵀr‖/Δ; l₀ the Newton step from λ = 0 when R has full rank, else 0; then l grows with
//! every λ whose y is too long, and u shrinks with every one whose y is too short. S comes from R by orthogonal
//! transformations with the rows √λ I, so that nothing is squared.

use crate::backend::Backend;
use crate::error::Error;
use crate::linalg::{qr_append_rows_in_place, qr_pivoted_rank, solve_upper_in_place, solve_upper_transposed_in_place};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Most values of λ tried: two or three are usual.
const MAX_TRIALS: usize = 10;

/// R, P, t and room.
pub(super) struct Subproblem<'a, T, B> {
    backend: &'a B,
    factors: MatRef<'a, T>,
    permutation: &'a [usize],
    target: &'a [T],
    /// S, n × n
    triangle: &'a mut [T],
    /// √λ I, n × n
    rows: &'a mut [T],
    /// P applied to y, or to what S⁻ᵀ gives
    permuted: &'a mut [T],
    below: &'a mut [T],
}

impl<'a, T: Real, B: Backend<T>> Subproblem<'a, T, B> {
    /// `work` has 2n² + 2n elements.
    pub(super) fn new(
        backend: &'a B,
        factors: MatRef<'a, T>,
        permutation: &'a [usize],
        target: &'a [T],
        mut work: &'a mut [T],
    ) -> Result<Self, Error> {
        let n = permutation.len();
        let mut next = |len| crate::error::take("work", &mut work, len);
        let (triangle, rows) = (next(n * n)?, next(n * n)?);
        Ok(Self { backend, factors, permutation, target, triangle, rows, permuted: next(n)?, below: next(n)? })
    }

    /// Writes y, returns λ and ‖A y‖. `guess` is the last λ.
    ///
    /// Errors: a number of the subproblem is not representable.
    pub(super) fn solve(&mut self, radius: T, guess: T, y: &mut [T]) -> Result<(T, T), Error> {
        let tenth = T::from_f64(0.1);
        let mut low = T::ZERO;
        let full_rank = self.gauss_newton()?;
        let length = self.backend.norm(self.permuted);
        if length - radius <= tenth * radius {
            return self.finish(T::ZERO, y);
        }
        if full_rank && length.is_finite() {
            low = self.newton(length, radius)?;
        }
        let gradient_norm = self.gradient_norm();
        let tiny = T::MIN_POSITIVE;
        let mut high = gradient_norm / radius;
        if high == T::ZERO {
            high = tiny / radius.min(tenth);
        }
        let mut lambda = guess.max(low).min(high);
        if lambda == T::ZERO && length.is_finite() {
            lambda = gradient_norm / length;
        }
        let mut excess = length - radius;
        for trial in 1..=MAX_TRIALS {
            if lambda == T::ZERO {
                lambda = tiny.max(T::from_f64(1e-3) * high);
            }
            self.damped(lambda)?;
            let length = self.backend.norm(self.permuted);
            let before = excess;
            excess = length - radius;
            let passed = low == T::ZERO && excess <= before && before < T::ZERO;
            if excess.abs() <= tenth * radius || passed || trial == MAX_TRIALS {
                break;
            }
            let correction = {
                let sign = if excess < T::ZERO { -T::ONE } else { T::ONE };
                sign * self.newton(length, radius)?
            };
            if excess > T::ZERO {
                low = low.max(lambda);
            } else {
                high = high.min(lambda);
            }
            lambda = low.max(lambda + correction);
        }
        self.finish(lambda, y)
    }

    /// S ← R, and the basic solution of R z = t in `permuted`; whether R has full rank.
    fn gauss_newton(&mut self) -> Result<bool, Error> {
        let n = self.permutation.len();
        self.copy_triangle()?;
        let rank = qr_pivoted_rank(self.factors, T::ZERO)?;
        copy(self.target, self.permuted);
        self.permuted.get_mut(rank..).unwrap_or_default().fill(T::ZERO);
        let head = MatMut::column_vector(self.permuted.get_mut(..rank).unwrap_or_default());
        solve_upper_in_place(self.backend, MatRef::new(self.triangle, n, n)?.block(0, 0, rank, rank)?, head)?;
        Ok(rank == n)
    }

    /// S with SᵀS = RᵀR + λI, and z with SᵀS z = Rᵀt in `permuted`.
    fn damped(&mut self, lambda: T) -> Result<(), Error> {
        let n = self.permutation.len();
        self.copy_triangle()?;
        self.rows.fill(T::ZERO);
        self.rows.iter_mut().step_by(n + 1).for_each(|d| *d = lambda.sqrt());
        copy(self.target, self.permuted);
        self.below.fill(T::ZERO);
        let (mut s, rows) = (MatMut::new(self.triangle, n, n)?, MatMut::new(self.rows, n, n)?);
        let rhs = (MatMut::column_vector(self.permuted), MatMut::column_vector(self.below));
        qr_append_rows_in_place(self.backend, s.reborrow(), rows, Some(rhs))?;
        solve_upper_in_place(self.backend, s.as_ref(), MatMut::column_vector(self.permuted))
    }

    /// |length − Δ|/Δ · ‖z‖²/‖S⁻ᵀz‖², for z in `permuted`, which has that length.
    fn newton(&mut self, length: T, radius: T) -> Result<T, Error> {
        let n = self.permutation.len();
        self.below.iter_mut().zip(&*self.permuted).for_each(|(b, &z)| *b = z / length);
        let s = MatRef::new(self.triangle, n, n)?;
        solve_upper_transposed_in_place(self.backend, s, MatMut::column_vector(self.below))?;
        let norm = self.backend.norm(self.below);
        let change = (length - radius).abs() / radius / norm / norm;
        Ok(if change.is_finite() { change } else { T::ZERO })
    }

    fn copy_triangle(&mut self) -> Result<(), Error> {
        let n = self.permutation.len();
        for (j, s) in MatMut::new(self.triangle, n, n)?.cols_mut().enumerate() {
            s.fill(T::ZERO);
            s.iter_mut().zip(self.factors.col(j)).take(j + 1).for_each(|(s, &r)| *s = r);
        }
        Ok(())
    }

    /// ‖Rᵀt‖, in `below`
    fn gradient_norm(&mut self) -> T {
        for (j, g) in self.below.iter_mut().enumerate() {
            let column = self.factors.col(j);
            *g = self.backend.dot(column.get(..(j + 1).min(column.len())).unwrap_or_default(), self.target);
        }
        self.backend.norm(self.below)
    }

    /// y ← P z and ‖R z‖.
    fn finish(&mut self, lambda: T, y: &mut [T]) -> Result<(T, T), Error> {
        let n = self.permutation.len();
        for (&place, &z) in self.permutation.iter().zip(&*self.permuted) {
            if let Some(y) = y.get_mut(place) {
                *y = z;
            }
        }
        self.copy_triangle()?;
        self.backend.gemv(T::ONE, MatRef::new(self.triangle, n, n)?, self.permuted, T::ZERO, self.below)?;
        Ok((lambda, self.backend.norm(self.below)))
    }
}
