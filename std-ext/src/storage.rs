//! Files that are whole or not there at all, and safetensors whose bytes are checked: what models and checkpoints share.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use safetensors::tensor::TensorView;
use serde_json::Value;

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

/// Writes a file next to `path`, brings it to the disk, and renames it to `path`.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    /// Keeps the threads of this process apart, as the process id does the processes.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let own = format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    replace_by(path, &beside(path, &own)?, bytes)
}

/// A hidden name in the same folder.
pub(crate) fn beside(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(ending);
    Ok(path.with_file_name(hidden))
}

/// Writes a file called `temporary`, in the folder of `path`, brings it to the disk, and renames it to `path`.
pub(crate) fn replace_by(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = File::create(temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(temporary, path));
    if renamed.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(temporary);
    } else if cfg!(unix) {
        // The rename itself reaches the disk with the folder; where that cannot be asked for, it is only later.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    renamed
}
