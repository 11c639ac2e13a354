//! The inner Hessian H_W[V] = E″[V Zh] Zhᵀ + α V of order outputs·k: its Cholesky factor, or its products where it is too large
//! for that.
//!
//! Up to the order [`LARGEST_FACTORED`] H_W is assembled and factored, N·outputs²·k²/2 + (outputs·k)³/3 flops; that is more than all
//! the rest of an evaluation. But H_W changes little from one Newton step to the next, and from one θ to the next, so the last factor
//! preconditions conjugate gradients (4·N·outputs·k flops an iteration), and a new one is made only when these take more than
//! [`PATIENCE`] iterations. Above that order only the diagonal blocks of H_W, one k × k for each output, are factored, which
//! takes 1/outputs of the work and memory, and all solves are iterative.

use super::VarProConvex;
use crate::backend::Backend;
use crate::error::Error;
use crate::linalg::{cholesky_in_place, cholesky_solve_in_place};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Loss, Network, Regularizer};
use crate::scalar::Real;

/// Order of the largest H_W that is factored as a whole: 8 MiB of `f64`.
pub(super) const LARGEST_FACTORED: usize = 1024;

/// Iterations of conjugate gradients after which a new factor is the cheaper way.
const PATIENCE: usize = 20;

/// Columns of a block of H_W that are computed together.
const PANEL: usize = 8;

/// Elements for the factor: (outputs·k)², or outputs·k².
pub(super) const fn factor_len(outputs: usize, k: usize) -> usize {
    let order = outputs.saturating_mul(k);
    order.saturating_mul(if order <= LARGEST_FACTORED { order } else { k })
}

impl<T: Real, N: Network<T>, L: Loss, R: Regularizer<T>, B: Backend<T>> VarProConvex<'_, T, N, L, R, B> {
    /// `step` ← the Newton step H_W⁻¹ ∇_W, to a relative residual that falls with the gradient, so that Newton's method keeps
    /// its order.
    pub(super) fn newton_step(&mut self, relative_gradient: T) -> Result<(), Error> {
        copy(self.gradient_w, self.step);
        let tolerance = relative_gradient.min(T::from_f64(0.1));
        if self.has_factor && self.conjugate_gradients(tolerance, PATIENCE)? {
            return Ok(());
        }
        self.factor_hessian()?;
        copy(self.gradient_w, self.step);
        if self.is_small() {
            return self.precondition_step();
        }
        self.conjugate_gradients(tolerance, self.order()).map(drop)
    }

    /// Prepares [`solve_hessian`](Self::solve_hessian) at the solution.
    pub(super) fn prepare_hessian(&mut self) -> Result<(), Error> {
        if !self.factored {
            self.factor_hessian()?;
        }
        self.factored = true;
        Ok(())
    }

    /// `step` ← H_W⁻¹ step at the solution.
    pub(super) fn solve_hessian(&mut self) -> Result<(), Error> {
        if self.is_small() {
            return self.precondition_step();
        }
        self.conjugate_gradients(self.tolerance, self.order()).map(drop)
    }

    fn order(&self) -> usize {
        self.w.len()
    }

    fn is_small(&self) -> bool {
        self.order() <= self.largest_factored
    }

    /// Solves H_W x = step, x into `step`, from x = 0; whether the residual fell to `tolerance` times its first length.
    fn conjugate_gradients(&mut self, tolerance: T, most: usize) -> Result<bool, Error> {
        copy(self.step, self.residual_w);
        let first = self.backend.norm(self.residual_w);
        self.solution.fill(T::ZERO);
        let mut rz = T::ONE;
        let mut converged = first == T::ZERO;
        for i in 0..most {
            if converged {
                break;
            }
            // step ← M r, then the direction p ← M r + β p
            copy(self.residual_w, self.step);
            self.precondition_step()?;
            let next = self.backend.dot(self.residual_w, self.step);
            if i == 0 {
                copy(self.step, self.direction);
            } else {
                let beta = next / rz;
                self.direction.iter_mut().zip(&*self.step).for_each(|(p, &z)| *p = z + beta * *p);
            }
            rz = next;
            self.multiply_direction()?;
            let alpha = rz / self.backend.dot(self.direction, self.step);
            if !alpha.is_finite() {
                break;
            }
            self.backend.axpy(alpha, self.direction, self.solution);
            self.backend.axpy(-alpha, self.step, self.residual_w);
            converged = self.backend.norm(self.residual_w) <= tolerance * first;
        }
        copy(self.solution, self.step);
        Ok(converged)
    }

    /// `step` ← H_W[direction] at the present P.
    fn multiply_direction(&mut self) -> Result<(), Error> {
        let (n, m, _, k) = self.sizes();
        let (v, zh) = (MatRef::new(self.direction, m, k)?, MatRef::new(self.zh, k, n)?);
        self.backend.gemm(T::ONE, v, zh, T::ZERO, MatMut::new(self.s, m, n)?)?;
        let (p, scores) = (MatRef::new(self.p, m, n)?, MatRef::new(self.s, m, n)?);
        self.loss.hessian_vector(p, scores, MatMut::new(self.image, m, n)?);
        copy(self.direction, self.step);
        let image = MatRef::new(self.image, m, n)?;
        self.backend.gemm(T::ONE, image, zh.transpose(), self.alpha, MatMut::new(self.step, m, k)?)
    }

    /// `step` ← M step with the factor that is there.
    fn precondition_step(&mut self) -> Result<(), Error> {
        let (_, m, _, k) = self.sizes();
        if self.is_small() {
            let factor = MatRef::new(self.h, m * k, m * k)?;
            return cholesky_solve_in_place(self.backend, factor, MatMut::column_vector(self.step));
        }
        for (row, factor) in self.h.chunks_exact(k * k).enumerate().take(m) {
            let own = self.block.get_mut(..k).unwrap_or_default();
            own.iter_mut().zip(self.step.iter().skip(row).step_by(m)).for_each(|(x, &v)| *x = v);
            cholesky_solve_in_place(self.backend, MatRef::new(factor, k, k)?, MatMut::column_vector(own))?;
            self.step.iter_mut().skip(row).step_by(m).zip(&*own).for_each(|(v, &x)| *v = x);
        }
        Ok(())
    }

    /// Assembles and factors H_W, or its diagonal blocks, at the present P.
    fn factor_hessian(&mut self) -> Result<(), Error> {
        let (_, m, _, k) = self.sizes();
        self.has_factor = false;
        for col in 0..m {
            self.loss_column(col)?;
            for row in col..if self.is_small() { m } else { col + 1 } {
                self.weighted_gram(row)?;
                if self.is_small() {
                    self.scatter_block(row, col)?;
                    continue;
                }
                let Some(out) = self.h.chunks_exact_mut(k * k).nth(col) else { continue };
                copy(self.block, out);
                out.iter_mut().step_by(k + 1).for_each(|diagonal| *diagonal += self.alpha);
                cholesky_in_place(self.backend, MatMut::new(out, k, k)?)?;
            }
        }
        if self.is_small() {
            cholesky_in_place(self.backend, MatMut::new(self.h, m * k, m * k)?)?;
        }
        self.has_factor = true;
        Ok(())
    }

    /// `b` ← column `col` of every sample's Hessian: D[e_col 1ᵀ].
    fn loss_column(&mut self, col: usize) -> Result<(), Error> {
        let (n, m, _, _) = self.sizes();
        self.a.fill(T::ZERO);
        self.a.iter_mut().skip(col).step_by(m).for_each(|a| *a = T::ONE);
        let (p, unit) = (MatRef::new(self.p, m, n)?, MatRef::new(self.a, m, n)?);
        self.loss.hessian_vector(p, unit, MatMut::new(self.b, m, n)?);
        Ok(())
    }

    /// Lower triangle of `block` ← Zh diag(d) Zhᵀ, d row `row` of `b`; a few columns at a time.
    fn weighted_gram(&mut self, row: usize) -> Result<(), Error> {
        let (n, m, _, k) = self.sizes();
        let zh = MatRef::new(self.zh, k, n)?;
        let entries = MatRef::new(self.b, m, n)?;
        let scaled = self.weighted.chunks_exact_mut(k);
        for ((j, scaled), d) in scaled.enumerate().zip(entries.transpose().col_iter(row)) {
            scaled.iter_mut().zip(zh.col(j)).for_each(|(s, &z)| *s = d * z);
        }
        let weighted = MatRef::new(self.weighted, k, n)?;
        for first in (0..k).step_by(PANEL) {
            let (below, width) = (k - first, PANEL.min(k - first));
            let left = weighted.block(first, 0, below, n)?;
            let right = zh.block(first, 0, width, n)?.transpose();
            let out = MatMut::new(self.block, k, k)?.block(first, first, below, width)?;
            self.backend.gemm(T::ONE, left, right, T::ZERO, out)?;
        }
        Ok(())
    }

    /// Element (row, i) of V against (col, j) in the lower triangle of `h`: vec is column by column, so index = output + outputs · feature.
    fn scatter_block(&mut self, row: usize, col: usize) -> Result<(), Error> {
        let (_, m, _, k) = self.sizes();
        let (block, mut h) = (MatRef::new(self.block, k, k)?, MatMut::new(self.h, m * k, m * k)?);
        for j in 0..k {
            for (i, value) in block.col_iter(j).enumerate().skip(j) {
                let value = if row == col && i == j { value + self.alpha } else { value };
                h.set(row + m * i, col + m * j, value);
                h.set(col + m * i, row + m * j, value);
            }
        }
        Ok(())
    }
}
