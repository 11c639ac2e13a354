//! The bytes of a file, and memory for the numbers in it: the two requests to the operating system that can fail.

use super::error::{DataError, Shape};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// All bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let file = || path.to_path_buf();
    let unreadable = |reason: std::io::Error| match reason.kind() {
        ErrorKind::NotFound => DataError::Missing { file: file() },
        ErrorKind::IsADirectory => DataError::Directory { file: file() },
        _ => DataError::Unreadable { file: file(), reason },
    };
    // Asked first: some systems open a directory and fail only at the first read, others refuse to open it with
    // "permission denied".
    if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Err(DataError::Directory { file: file() });
    }
    let mut bytes = Vec::new();
    // `read_to_end` reserves fallibly: a file beyond memory is an error here, not an abort.
    std::fs::File::open(path).and_then(|mut open| open.read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(DataError::Empty { file: file() });
    }
    Ok(bytes)
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
    use crate::data::testing::{Folder, message};

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
    }

    #[test]
    fn a_matrix_beyond_memory_is_an_error() {
        let path = Path::new("big.csv");
        assert!(message(reserve(path, usize::MAX, 2)).contains("big.csv: a matrix of 18446744073709551615x2 numbers"));
        assert!(message(reserve(path, 1 << 60, 1)).contains("does not fit in memory"));
        assert_eq!(reserve(path, 0, 5).unwrap().len(), 0);
    }
}
