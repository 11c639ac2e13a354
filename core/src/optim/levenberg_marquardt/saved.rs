//! The state of a [`LevenbergMarquardt`]: r, D, λ and Δ, and the factors, which a rejected step leaves to the next one.

use super::LevenbergMarquardt;
use crate::error::Error;
use crate::optim::{SaveState, StateReader, StateWriter};
use crate::scalar::Real;

impl<T: Real> SaveState<T> for LevenbergMarquardt<'_, T> {
    fn tag(&self) -> usize {
        6
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.option(self.norm);
        out.option(self.radius);
        out.flag(self.factored);
        out.count(self.evaluations);
        out.count(self.jacobians);
        self.permutation.iter().for_each(|&p| out.count(if self.factored { p } else { 0 }));
        out.numbers(&[self.lambda, self.gradient_norm, self.cosine]);
        for part in [&*self.residual, self.scale, self.target, self.jacobian] {
            out.numbers(part);
        }
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.norm = from.option()?;
        self.radius = from.option()?;
        self.factored = from.flag()?;
        self.evaluations = from.count(usize::MAX)?;
        self.jacobians = from.count(usize::MAX)?;
        let last = self.permutation.len().saturating_sub(1);
        for p in self.permutation.iter_mut() {
            *p = from.count(last)?;
        }
        (self.lambda, self.gradient_norm, self.cosine) = (from.number(), from.number(), from.number());
        for part in [&mut *self.residual, self.scale, self.target, self.jacobian] {
            from.numbers(part);
        }
        Ok(())
    }
}
