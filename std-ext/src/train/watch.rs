//! [`Watch`]: what a caller sees of a run, and how it steers it.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::monitor::Record;

/// What is to happen after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next step.
    GoOn,
    /// A checkpoint, then the next step.
    Save,
    /// A checkpoint, then the end of the run.
    Stop,
}

/// Sees what a run does and says how it goes on. Time spent here is not time of training.
pub trait Watch {
    /// A record of the history was made; `false` ends the run, without a checkpoint.
    fn record(&mut self, _record: &Record) -> bool {
        true
    }

    /// A step was made, `work_units` into the run, and the run is not at its end. This is called often: after each batch.
    fn after_step(&mut self, _work_units: f64) -> Next {
        Next::GoOn
    }

    /// Keeps a checkpoint that [`after_step`](Self::after_step) asked for.
    ///
    /// # Errors
    /// Those of the caller; they end the run.
    fn checkpoint(&mut self, _checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        Ok(())
    }
}

/// Watches the records alone.
pub(super) struct Records<'a>(pub(super) &'a mut dyn FnMut(&Record) -> bool);

impl Watch for Records<'_> {
    fn record(&mut self, record: &Record) -> bool {
        (self.0)(record)
    }
}
