//! The state of an [`AdaptiveHead`]: W, U, D, l and λ; for the flash of a device that is switched off.

use super::AdaptiveHead;
use crate::error::Error;
use crate::optim::{SaveState, StateReader, StateWriter};
use crate::scalar::Real;

impl<T: Real, const REGRESSORS: usize, const TARGETS: usize> AdaptiveHead<'_, T, REGRESSORS, TARGETS> {
    /// Length of the state, for an array: [`SaveState::state_len`] as a constant.
    pub const STATE_LEN: usize = REGRESSORS * (TARGETS + REGRESSORS + 2) + 17;
}

impl<T: Real, const REGRESSORS: usize, const TARGETS: usize> SaveState<T> for AdaptiveHead<'_, T, REGRESSORS, TARGETS> {
    fn tag(&self) -> usize {
        13
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.steps);
        out.flag(self.first_round_is_over);
        out.count(self.turn);
        out.count(self.searched);
        out.numbers(&[self.lambda, self.curvature, self.fading]);
        for part in [self.w.as_flattened(), self.u.as_flattened(), &self.d, &self.prior_weights] {
            out.numbers(part);
        }
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.steps = from.count(usize::MAX)?;
        self.first_round_is_over = from.flag()?;
        self.turn = from.count(REGRESSORS.saturating_sub(1))?;
        self.searched = from.count(TARGETS.saturating_sub(1))?;
        (self.lambda, self.curvature, self.fading) = (from.number(), from.number(), from.number());
        let (w, u) = (self.w.as_flattened_mut(), self.u.as_flattened_mut());
        for part in [w, u, &mut self.d, &mut self.prior_weights] {
            from.numbers(part);
        }
        Ok(())
    }
}
