//! [`replace`]: files that are whole or not there at all; and, within the crate, safetensors whose bytes are checked, which
//! models and checkpoints share.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
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

/// Writes a file next to `path`, brings it to the disk, and renames it to `path`: whoever reads `path` sees the old file or the
/// new one, never a part, also after a crash or on a full disk.
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
    /// Keeps the threads of this process apart, as the process id does the processes.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    if is_special(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let target = target(path);
    let own = format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    replace_by(&target, &beside(&target, &own)?, bytes)
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

/// Writes a file called `temporary`, in the folder of `path`, brings it to the disk, and renames it to `path`.
pub(crate) fn replace_by(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = File::create(temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, removed when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("gaussling-storage-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = Folder::new("plain");
        let file = folder.0.join("a.csv");
        for text in ["first", "a longer second one", ""] {
            replace(&file, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        // A folder is in the way only when the new file is already written.
        fs::create_dir(folder.0.join("b")).unwrap();
        assert!(replace(&folder.0.join("b"), b"x").is_err());
        assert!(replace(&folder.0.join("none/c"), b"x").is_err());
        assert!(replace(Path::new(".."), b"x").is_err());
        assert_eq!(folder.names(), ["a.csv", "b"]);
    }

    /// An open file shows whether bytes were written into the old file or another took its place.
    #[cfg(unix)]
    #[test]
    fn who_reads_the_old_file_reads_it_to_its_end() {
        use std::io::Read;
        let folder = Folder::new("open");
        let file = folder.0.join("a");
        fs::write(&file, "old").unwrap();
        let mut open = File::open(&file).unwrap();
        replace(&file, b"new").unwrap();
        let mut read = String::new();
        open.read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), fs::read_to_string(&file).unwrap().as_str()), ("old", "new"));
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_permissions_stay_and_pipes_are_written_to() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let folder = Folder::new("links");
        let [file, link, lost] = ["file", "link", "lost"].map(|name| folder.0.join(name));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        symlink("nowhere", &lost).unwrap();
        replace(&lost, b"new").unwrap();
        assert_eq!(fs::read(&lost).unwrap(), b"new");
        // A device: without the case for it, root would make a file of it.
        assert!(is_special(Path::new("/dev/null")) && !is_special(&file) && !is_special(&folder.0));
        let device = folder.0.join("null");
        symlink("/dev/null", &device).unwrap();
        replace(&device, b"x").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(folder.names(), ["file", "link", "lost", "null"]);
    }
}
