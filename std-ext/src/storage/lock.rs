//! Files that one writer has for itself.
//!
//! A lock of the operating system on an open file ends with the process, however that ends, so none has to be broken. What it
//! does not know is names: whoever opened the file before another renamed or removed it gets a lock on what is no longer there.
//! So the name is looked up again once the lock is held.

#[cfg(unix)]
use std::fs::OpenOptions;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{beside, target};

/// Names that change under our hands so often are at work elsewhere.
#[cfg(unix)]
const ATTEMPTS: usize = 100;

/// That one process at a time is at work with a file, until this is dropped or the process ends.
///
/// It is a lock on an empty hidden file, `.NAME.lock`, which a killed process leaves behind and the next one takes over. The file
/// itself is not touched and need not be there.
///
/// ```
/// use gaussling::storage::Lock;
///
/// let file = std::env::temp_dir().join("gaussling-lock.txt");
/// let lock = Lock::of(&file);
/// # #[cfg(unix)] {
/// assert!(lock.is_ok() && matches!(Lock::of(&file), Err(std::fs::TryLockError::WouldBlock)));
/// # }
/// drop(lock);
/// ```
#[derive(Debug)]
pub struct Lock {
    /// Closing it ends the lock.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of a file, without waiting.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] when another has it. [`TryLockError::Error`] when the hidden file cannot be written or the
    /// system has no such locks: some file systems of networks, and so far all systems but Unix.
    pub fn of(path: &Path) -> Result<Self, TryLockError> {
        let path = beside(&target(path), ".lock").map_err(TryLockError::Error)?;
        Ok(Self { _file: claim(&path)?, path })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is held, so that it is this file. One that stays blocks nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a file, which is made if need be, and locks it. As long as the lock is held, what is at `path` is this file, unless its
/// holder renames or removes it.
#[cfg(unix)]
pub(super) fn claim(path: &Path) -> Result<File, TryLockError> {
    use std::os::unix::fs::MetadataExt;
    for _ in 0..ATTEMPTS {
        // A link would lead elsewhere, opening a pipe would wait.
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(TryLockError::Error(io::ErrorKind::AlreadyExists.into()));
        }
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = open.map_err(TryLockError::Error)?;
        file.try_lock()?;
        let own = file.metadata().map_err(TryLockError::Error)?;
        if path.symlink_metadata().is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())) {
            return Ok(file);
        }
    }
    Err(TryLockError::WouldBlock)
}

/// The standard library tells files apart on Unix only.
#[cfg(not(unix))]
pub(super) fn claim(_: &Path) -> Result<File, TryLockError> {
    Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
}
