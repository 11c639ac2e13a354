//! The state of a [`TrustRegion`]: besides gradient and scalars the space at θ, which a rejected step leaves to the next one.

use super::{Space, TrustRegion};
use crate::error::Error;
use crate::optim::{SaveState, StateReader, StateWriter};
use crate::scalar::Real;

/// The objective stands at the last trial point, so its state belongs to the checkpoint.
impl<T: Real, const GMRES: bool> SaveState<T> for TrustRegion<'_, T, GMRES> {
    fn tag(&self) -> usize {
        5
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        for option in [self.value, self.first_gradient_norm, self.radius, self.rejected, self.last_length] {
            out.option(option);
        }
        for flag in [self.space_is_current, self.trusted, self.assumed] {
            out.flag(flag);
        }
        out.count(self.work_units);
        match &self.space {
            Space::Recycled(path, pairs) => {
                path.write(out);
                pairs.write(out);
            }
            Space::Gmres(krylov, _) => {
                let (dim, beta, parts) = krylov.state();
                out.count(dim);
                out.number(beta);
                parts.into_iter().for_each(|part| out.numbers(part));
            }
        }
        out.numbers(self.gradient);
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        let Self { value, first_gradient_norm, radius, rejected, last_length, .. } = self;
        for option in [value, first_gradient_norm, radius, rejected, last_length] {
            *option = from.option()?;
        }
        for flag in [&mut self.space_is_current, &mut self.trusted, &mut self.assumed] {
            *flag = from.flag()?;
        }
        self.work_units = from.count(usize::MAX)?;
        match &mut self.space {
            Space::Recycled(path, pairs) => {
                path.read(from)?;
                pairs.read(from)?;
            }
            Space::Gmres(krylov, _) => {
                let dim = from.count(self.options.krylov_dim)?;
                krylov.set_state(dim, from.number()).into_iter().for_each(|part| from.numbers(part));
            }
        }
        from.numbers(self.gradient);
        Ok(())
    }
}
