//! The bytes of a file, and memory for the numbers in it: the two requests to the operating system that can fail.
//!
//! A file that begins as gzip does is inflated on the way, whatever its name; the checksum at its end is tested when the
//! end is read.

use super::error::DataError;
use super::wording::Shape;
use crate::memory;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes that tell the kind of a file.
const HEAD: u64 = 1024;
/// After so many bytes the system is asked again whether it has as many more.
const BLOCK: u64 = 1 << 27;

/// No deflated stream grows more than this when inflated.
pub(super) const LARGEST_RATIO: u64 = 1032;

/// A data file: one on disk, which its path becomes, or bytes in memory, as from a network or where there is no disk.
///
/// ```
/// use gaussling::data::{DataFile, LoadOptions, load};
///
/// let file = DataFile::in_memory("answer.csv", &b"1,2,3\n4,5,9\n"[..]);
/// let data = load(&file, &LoadOptions::default())?;
/// assert_eq!((data.samples(), data.input_names.len()), (2, 2));
/// # Ok::<(), gaussling::data::DataError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DataFile {
    pub(super) path: PathBuf,
    /// The bytes of one that is not on disk.
    bytes: Option<Arc<[u8]>>,
    /// What else is in memory.
    others: Vec<(PathBuf, Arc<[u8]>)>,
}

impl DataFile {
    /// These bytes, read as a file of this name: it stands in messages, and tells the format where the bytes do not.
    pub fn in_memory(name: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { path: name.into(), bytes: Some(bytes.into()), others: Vec::new() }
    }

    /// Another file in memory, which is found as one beside a file on disk is: the one with the targets.
    #[must_use]
    pub fn with_other(mut self, name: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.others.push((name.into(), bytes.into()));
        self
    }

    /// The file of this path if there is one, on disk for one on disk and in memory for one in memory.
    pub(super) fn another(&self, path: &Path) -> Option<Self> {
        if self.bytes.is_none() {
            return path.is_file().then(|| path.into());
        }
        let (path, bytes) = self.others.iter().find(|(other, _)| other == path)?;
        Some(Self::in_memory(path, bytes.clone()))
    }

    /// Its bytes as they are, from any place on, and how many there are.
    pub(super) fn seekable(&self) -> std::io::Result<(Box<dyn ReadSeek>, u64)> {
        if let Some(bytes) = &self.bytes {
            return Ok((Box::new(Cursor::new(bytes.clone())), bytes.len() as u64));
        }
        let file = File::open(&self.path)?;
        let len = file.metadata()?.len();
        Ok((Box::new(file), len))
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for DataFile {
    fn from(path: &P) -> Self {
        Self { path: path.as_ref().to_path_buf(), bytes: None, others: Vec::new() }
    }
}

impl From<&Self> for DataFile {
    fn from(file: &Self) -> Self {
        file.clone()
    }
}

/// Without the bytes.
impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataFile").field("path", &self.path).field("in_memory", &self.bytes.is_some()).finish()
    }
}

/// Bytes from any place on.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<F: Read + Seek + Send> ReadSeek for F {}

/// A file opened at its start.
pub(super) struct Opened {
    pub(super) file: DataFile,
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
pub(super) fn open(file: &DataFile) -> Result<Opened, DataError> {
    let path = &file.path;
    let unreadable = |error| failed(path, error);
    let (mut raw, len): (Box<dyn BufRead + Send>, _) = if let Some(bytes) = &file.bytes {
        (Box::new(Cursor::new(bytes.clone())), Some(bytes.len() as u64))
    } else {
        // Asked first: some systems open a directory and fail only at the first read, others refuse to open it with
        // "permission denied".
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(DataError::Directory { file: path.clone() });
        }
        let raw = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        (Box::new(raw), metadata.is_file().then_some(metadata.len()))
    };
    let gzip = raw.fill_buf().map_err(unreadable)?.starts_with(&[0x1F, 0x8B]);
    let mut rest: Box<dyn Read + Send> =
        if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let mut head = Vec::new();
    (&mut rest).take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    if head.is_empty() {
        return Err(DataError::Empty { file: path.clone() });
    }
    let reader = Box::new(Cursor::new(head.clone()).chain(rest));
    let ratio = if gzip { LARGEST_RATIO } else { 1 };
    let most = len.map(|len| len.saturating_mul(ratio));
    Ok(Opened { file: file.clone(), head, reader, gzip, most })
}

impl Opened {
    /// The same with all its bytes in memory, if it is a pipe, whose length is not known before.
    pub(super) fn with_length(self) -> Result<Self, DataError> {
        if self.most.is_some() {
            return Ok(self);
        }
        let (file, head, gzip) = (self.file.clone(), self.head.clone(), self.gzip);
        let bytes = self.read_all()?;
        let most = Some(bytes.len() as u64);
        Ok(Self { file, head, reader: Box::new(Cursor::new(bytes)), gzip, most })
    }

    /// All bytes of the file.
    pub(super) fn read_all(mut self) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        loop {
            // `read_to_end` reserves fallibly: a file beyond memory is an error here, not an abort.
            let block =
                (&mut self.reader).take(BLOCK).read_to_end(&mut bytes).map_err(|e| failed(&self.file.path, e))?;
            if (block as u64) < BLOCK {
                return Ok(bytes);
            }
            if !memory::fits(BLOCK as usize / size_of::<f64>()) {
                let what = "the file has more bytes than memory can hold";
                return Err(failed(&self.file.path, std::io::Error::new(ErrorKind::OutOfMemory, what)));
            }
        }
    }
}

/// All bytes of a file.
#[cfg(test)]
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    open(&path.into())?.read_all()
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
    fn in_memory_as_on_disk() {
        use crate::data::testing::npy;
        use crate::data::{LoadOptions, Stream, StreamOptions, load, load_inputs, load_like, summary};

        let folder = Folder::new("memory");
        let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 7];
        for (name, bytes) in [
            ("t.csv", b"a,b\n1,2\n3,4\n5,7\n".to_vec()),
            ("t.csv.gz", gzip(b"1;2\n3;4\n5;7\n")),
            ("t.npy", npy("|u1", false, &[3, 2], &[1, 2, 3, 4, 5, 7])),
            // Read by going to and fro.
            ("t.npy", npy("|u1", true, &[3, 2], &[1, 2, 3, 4, 5, 7])),
            ("x.idx", vec![0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 7]),
            ("t.csv", b"1,2\n3,4,5\n".to_vec()),
            ("t.csv", Vec::new()),
            ("t.mat", vec![0; 200]),
            ("t.npz", b"PK\x03\x04".to_vec()),
        ] {
            let path = folder.write(name, &bytes);
            folder.write("y.idx", labels);
            // Under the same path, so that messages can be compared.
            let memory = DataFile::in_memory(&path, bytes).with_other(path.with_file_name("y.idx"), &labels[..]);
            let disk = DataFile::from(&path);
            let options = LoadOptions::default();
            let all = |file: &DataFile| {
                let data = load(file, &options);
                let again = data.as_ref().ok().map(|data| load_like(file, &options, data));
                let inputs = load_inputs(file, &["column_1".into(), "column_2".into()]);
                let mut stream = Stream::open(file, &options, StreamOptions::default());
                let batch = stream.as_mut().map(Stream::next_batch);
                format!("{data:?} {again:?} {inputs:?} {:?} {batch:?}", summary(file, &options))
            };
            assert_eq!(all(&memory), all(&disk), "{name}");
        }
        // What is not in memory is not looked for on disk.
        let lonely = DataFile::in_memory(folder.path().join("x.idx"), [0, 0, 8, 1, 0, 0, 0, 1, 5].to_vec());
        assert!(message(load(&lonely, &LoadOptions::default())).contains("y.idx"));
        assert_eq!(
            format!("{:?}", DataFile::in_memory("a", [0; 4].to_vec())),
            "DataFile { path: \"a\", in_memory: true }"
        );
    }

    #[test]
    fn a_matrix_beyond_memory_is_an_error() {
        let path = Path::new("big.csv");
        assert!(message(reserve(path, usize::MAX, 2)).contains("big.csv: a matrix of 18446744073709551615x2 numbers"));
        assert!(message(reserve(path, 1 << 60, 1)).contains("does not fit in memory"));
        assert_eq!(reserve(path, 0, 5).unwrap().len(), 0);
    }
}
