//! [`replace`]: files that are whole or not there at all; [`Lock`]: one process at a time; and, within the crate, safetensors
//! whose bytes are checked, which models and checkpoints share.

mod lock;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use safetensors::tensor::TensorView;
use serde_json::Value;

pub use lock::Lock;

/// Ending of the file that is written and then renamed.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Numbers as a file holds them, the low byte first; without a copy where memory holds them so as well.
pub(crate) fn bytes_of(values: &[f64]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        Cow::Borrowed(bytemuck::cast_slice(values))
    } else {
        Cow::Owned(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

/// CRC-32 of all entries of the metadata but itself, and of all tensors, in the order of their names. Each part is preceded
/// by its length, so that no byte can move from one to the next unseen.
pub(crate) fn checksum(metadata: &HashMap<String, String>, tensors: &[(String, TensorView<'_>)]) -> String {
    let mut hasher = crc32fast::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    for (key, text) in metadata.iter().filter(|(key, _)| *key != "checksum").collect::<BTreeMap<_, _>>() {
        add(key.as_bytes());
        add(text.as_bytes());
    }
    for (name, tensor) in tensors.iter().map(|(name, tensor)| (name, tensor)).collect::<BTreeMap<_, _>>() {
        add(name.as_bytes());
        add(format!("{:?} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(tensor.data());
    }
    format!("{:08x}", hasher.finalize())
}

/// Rewrites the JSON header, whose metadata the crate writes in random order, with sorted keys: the same characters in
/// another order, so it has the same length.
pub(crate) fn sort_header(bytes: &mut [u8]) {
    let Some((length, rest)) = bytes.split_first_chunk_mut() else { return };
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get_mut(..length));
    let Some(header) = header else { return };
    let Ok(sorted) = serde_json::from_slice::<Value>(header) else { return };
    let sorted = sorted.to_string().into_bytes();
    if sorted.len() <= header.len() {
        header.fill(b' ');
        header[..sorted.len()].copy_from_slice(&sorted);
    }
}

/// A message of another program, which may quote the file: control characters out, 200 characters at most.
pub(crate) fn one_line(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// Writes a file next to `path`, brings it to the disk, and renames it to `path`: whoever reads `path` sees the old file or the
/// new one, never a part, also after a crash, on a full disk, or when several threads or processes write at the same time; then the
/// last one to finish has it.
///
/// The file beside it is called `.NAME.tmp`. One that a killed process left is overwritten by the next that writes `path`.
///
/// Permissions are those of the old file. Where `path` is a symbolic link, the file that it leads to is replaced and the link
/// stays. What is not a file, such as a pipe or `/dev/null`, cannot be replaced and is written to.
///
/// ```
/// let file = std::env::temp_dir().join("gaussling-replace.txt");
/// gaussling::storage::replace(&file, b"old")?;
/// gaussling::storage::replace(&file, b"new")?;
/// assert_eq!(std::fs::read(&file)?, b"new");
/// # std::fs::remove_file(file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The first that the operating system gives; the old file is as it was then, and nothing is left beside it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_special(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = &target(path);
    // Locked, where that is possible, until it has its new name.
    let (temporary, mut file) = temporary(path)?;
    let written = file.write_all(bytes).and_then(|()| {
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&temporary, path));
    if renamed.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    } else if cfg!(unix) {
        // The rename itself reaches the disk with the folder; where that cannot be asked for, it is only later.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    renamed
}

/// An empty file in the folder of `path`, which nobody else writes to.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    /// Keeps the threads of this process apart, as the process id does the processes.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let usual = beside(path, TEMPORARY)?;
    if let Ok(file) = lock::claim(&usual)
        && file.set_len(0).is_ok()
    {
        return Ok((usual, file));
    }
    // Another writer is at it, or what is there is not ours, or there are no locks.
    let own = beside(path, &format!(".{}-{}{TEMPORARY}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))?;
    let file = File::create(&own)?;
    Ok((own, file))
}

/// Whether a path names a device, a pipe, or an open file of this process, and no file or folder.
pub fn is_special(path: &Path) -> bool {
    let other = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    other || cfg!(unix) && ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder)) && path.exists()
}

/// The file that a symbolic link leads to; any other path, and a link that leads nowhere, as it is.
pub fn target(path: &Path) -> PathBuf {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => path.canonicalize().unwrap_or_else(|_| path.to_path_buf()),
        _ => path.to_path_buf(),
    }
}

/// A hidden name in the same folder.
pub(crate) fn beside(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(ending);
    Ok(path.with_file_name(hidden))
}
