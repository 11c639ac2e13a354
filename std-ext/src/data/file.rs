//! The bytes of a file, and memory for the numbers in it: the two requests to the operating system that can fail.
//!
//! A file that begins as gzip does is inflated on the way, whatever its name; the checksum at its end is tested when the
//! end is read.

use super::error::DataError;
use super::wording::Shape;
use crate::memory;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// First bytes that tell the kind of a file.
const HEAD: u64 = 1024;
/// After so many bytes the system is asked again whether it has as many more.
const BLOCK: u64 = 1 << 27;

/// No deflated stream grows more than this when inflated.
pub(super) const LARGEST_RATIO: u64 = 1032;

/// A file opened at its start.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    /// Its first bytes, inflated; they come again from `reader`.
    pub(super) head: Vec<u8>,
    /// All its bytes, inflated.
    pub(super) reader: Box<dyn Read + Send>,
    /// Whether they are being inflated.
    pub(super) gzip: bool,
    /// Most bytes that the reader can give: the length of the file, or what gzip can make of it. Unknown for a pipe.
    pub(super) most: Option<u64>,
}

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Opened, DataError> {
    let unreadable = |error| failed(path, error);
    // Asked first: some systems open a directory and fail only at the first read, others refuse to open it with
    // "permission denied".
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(DataError::Directory { file: path.to_path_buf() });
    }
    let mut raw = BufReader::with_capacity(1 << 16, std::fs::File::open(path).map_err(unreadable)?);
    let gzip = raw.fill_buf().map_err(unreadable)?.starts_with(&[0x1F, 0x8B]);
    let mut rest: Box<dyn Read + Send> =
        if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let mut head = Vec::new();
    (&mut rest).take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    if head.is_empty() {
        return Err(DataError::Empty { file: path.to_path_buf() });
    }
    let reader = Box::new(Cursor::new(head.clone()).chain(rest));
    let ratio = if gzip { LARGEST_RATIO } else { 1 };
    let most = metadata.is_file().then(|| metadata.len().saturating_mul(ratio));
    Ok(Opened { path: path.to_path_buf(), head, reader, gzip, most })
}

impl Opened {
    /// The same with all its bytes in memory, if it is a pipe, whose length is not known before.
    pub(super) fn with_length(self) -> Result<Self, DataError> {
        if self.most.is_some() {
            return Ok(self);
        }
        let (path, head, gzip) = (self.path.clone(), self.head.clone(), self.gzip);
        let bytes = self.read_all()?;
        let most = Some(bytes.len() as u64);
        Ok(Self { path, head, reader: Box::new(Cursor::new(bytes)), gzip, most })
    }

    /// All bytes of the file.
    pub(super) fn read_all(mut self) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        loop {
            // `read_to_end` reserves fallibly: a file beyond memory is an error here, not an abort.
            let block = (&mut self.reader).take(BLOCK).read_to_end(&mut bytes).map_err(|e| failed(&self.path, e))?;
            if (block as u64) < BLOCK {
                return Ok(bytes);
            }
            if !memory::fits(BLOCK as usize / size_of::<f64>()) {
                let what = "the file has more bytes than memory can hold";
                return Err(failed(&self.path, std::io::Error::new(ErrorKind::OutOfMemory, what)));
            }
        }
    }
}

/// All bytes of a file.
#[cfg(test)]
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    open(path)?.read_all()
}

/// The error for what the system, or the inflating, says.
pub(super) fn failed(path: &Path, reason: std::io::Error) -> DataError {
    let file = path.to_path_buf();
    match reason.kind() {
        ErrorKind::NotFound => DataError::Missing { file },
        ErrorKind::IsADirectory => DataError::Directory { file },
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
            DataError::Damaged { file, offset: 0, what: format!("compressed data cannot be read ({reason})") }
        }
        _ => DataError::Unreadable { file, reason },
    }
}

/// An empty vector with room for `rows * cols` numbers.
pub(super) fn reserve(path: &Path, rows: usize, cols: usize) -> Result<Vec<f64>, DataError> {
    let mut data = Vec::new();
    let fits = rows.checked_mul(cols).is_some_and(|len| data.try_reserve_exact(len).is_ok());
    if fits { Ok(data) } else { Err(DataError::TooLarge { file: path.to_path_buf(), shape: Shape(rows, cols) }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{Folder, gzip, message};

    #[test]
    fn missing_files_directories_and_empty_files_are_refused() {
        let folder = Folder::new("file");
        let path = folder.path().join("absent.csv");
        assert_eq!(
            message(read(&path)),
            format!("{}: no such file; check the spelling and the folder", path.display())
        );
        assert!(message(read(folder.path())).contains("is a directory, expected a file"));
        assert!(message(read(&folder.write("empty.csv", ""))).contains("empty.csv: is empty, expected a table"));
        assert!(message(read(&folder.write("empty.csv.gz", gzip(b"")))).contains("empty.csv.gz: is empty"));
    }

    #[test]
    fn gzip_is_told_by_its_bytes_and_read_to_its_checksum() {
        let folder = Folder::new("gzip");
        let text: Vec<u8> = (0..5000).flat_map(|i| format!("{},{}\n", i * i, i % 7).into_bytes()).collect();
        let packed = gzip(&text);
        assert_eq!(read(&folder.write("t.csv", &packed)).unwrap(), text);
        // Two members in one file, as concatenation makes them.
        let twice = [&packed[..], &packed].concat();
        assert_eq!(read(&folder.write("t.csv", &twice)).unwrap(), [&text[..], &text].concat());
        for len in (2..packed.len()).step_by(packed.len() / 50) {
            let text = message(read(&folder.write("t.csv", &packed[..len])));
            assert!(text.contains("t.csv: byte 0: compressed data cannot be read ("), "{len}: {text}");
        }
        let mut bad = packed.clone();
        *bad.last_mut().unwrap() ^= 1; // the length at the end
        assert!(message(read(&folder.write("t.csv", &bad))).contains("truncated or damaged, copy it again"));
        let behind = [&packed[..], b"no gzip"].concat();
        assert!(message(read(&folder.write("t.csv", &behind))).contains("compressed data cannot be read"));
    }

    #[test]
    fn a_matrix_beyond_memory_is_an_error() {
        let path = Path::new("big.csv");
        assert!(message(reserve(path, usize::MAX, 2)).contains("big.csv: a matrix of 18446744073709551615x2 numbers"));
        assert!(message(reserve(path, 1 << 60, 1)).contains("does not fit in memory"));
        assert_eq!(reserve(path, 0, 5).unwrap().len(), 0);
    }
}
