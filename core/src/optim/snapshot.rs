//! [`Snapshot`]: what a method remembers from step to step, for saving and restoring.

use crate::error::{Error, check_length};
use crate::scalar::Real;

/// The state of a method beside the weights and its options. Restored into a method of the same sizes and options it leads
/// to the same bits as going on would have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot<'a, T> {
    /// The method's buffer.
    pub buffer: &'a [T],
    /// Numbers beside it; zeros fill up.
    pub scalars: [T; 4],
    /// Steps taken.
    pub steps: usize,
}

impl<T: Real> Snapshot<'_, T> {
    /// Overwrites `own`, of the same length.
    pub(super) fn copy_buffer(&self, own: &mut [T]) -> Result<(), Error> {
        check_length("buffer of the snapshot", own.len(), self.buffer.len())?;
        own.copy_from_slice(self.buffer);
        Ok(())
    }
}
