//! The checkpoint of `gaussling train`: kept while the run goes on, taken up with `--resume`, removed at the end.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gaussling::compare::Event;
use gaussling::storage::Lock;
use gaussling::train::{Checkpoint, CheckpointError, Method, Next, Record, Watch};

use super::arguments::TrainArguments;
use super::failure::{Failure, Kind};
use super::interrupt;
use super::output::note;
use super::progress::Progress;

/// Writing takes at most this share of the time.
const SHARE: u32 = 20;

/// The file of a run's checkpoint: as asked for, or beside the model.
pub fn file(arguments: &TrainArguments) -> PathBuf {
    arguments.checkpoint.clone().unwrap_or_else(|| {
        let mut name = arguments.output.clone().into_os_string();
        name.push(".checkpoint");
        name.into()
    })
}

/// The lock of a run on its checkpoint: two at work with one would take turns in overwriting it, and the first to end would remove
/// the other's. `None` on a file system without locks.
pub fn lock(file: &Path) -> Result<Option<Lock>, Failure> {
    match Lock::of(file) {
        Ok(lock) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => {
            let why = "another run is at work with it; wait for its end, or choose another --output or --checkpoint";
            Err(Failure::new(Kind::Output, format!("{}: cannot be written: {why}", file.display())))
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// The checkpoint to go on from, if that is wanted and there is one. One that nobody asks for is not overwritten.
pub fn load(file: &Path, resume: bool, quiet: bool) -> Result<Option<Checkpoint>, Failure> {
    match (file.exists(), resume) {
        (true, true) => Ok(Some(Checkpoint::load(file)?)),
        (true, false) => {
            let why = "is there, from a run that was interrupted; add --resume to go on with it, or delete it";
            Err(Failure::new(Kind::Model, format!("{}: {why}", file.display())))
        }
        (false, resume) => {
            if resume && !quiet {
                note(&format!("{}: no such file; starting from the beginning", file.display()));
            }
            Ok(None)
        }
    }
}

/// Watches a run: shows its progress, keeps its checkpoints, stops it when Ctrl-C asks for it.
pub struct Keeper<'a> {
    pub progress: &'a Progress,
    pub method: Method,
    pub seed: u64,
    pub file: &'a Path,
    pub every: Duration,
    /// The last checkpoint: when, and how long to wait for the next.
    last: Instant,
    wait: Duration,
    /// Whether the last one reached the disk; `None` before the first.
    kept: Option<bool>,
}

impl<'a> Keeper<'a> {
    pub fn new(progress: &'a Progress, method: Method, seed: u64, file: &'a Path, every: Duration) -> Self {
        Self { progress, method, seed, file, every, last: Instant::now(), wait: every, kept: None }
    }

    /// Whether the last checkpoint could be written.
    pub fn kept(&self) -> bool {
        self.kept == Some(true)
    }
}

impl Watch for Keeper<'_> {
    fn record(&mut self, record: &Record) -> bool {
        self.progress.see(Event::Progress { method: self.method, seed: self.seed, record });
        true
    }

    fn after_step(&mut self, _: f64) -> Next {
        if interrupt::asked() {
            Next::Stop
        } else if self.last.elapsed() >= self.wait {
            Next::Save
        } else {
            Next::GoOn
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let started = Instant::now();
        let saved = checkpoint.save(self.file);
        if let (Err(e), true) = (&saved, self.kept != Some(false)) {
            // The run is worth more than its checkpoint, and the disk may have room again next time.
            note(&format!("gaussling: {e}; the run goes on"));
        }
        self.kept = Some(saved.is_ok());
        self.last = Instant::now();
        self.wait = if self.every.is_zero() { self.every } else { self.every.max(SHARE * (self.last - started)) };
        Ok(())
    }
}
