//! NPZ files: NumPy arrays, each an NPY file, in a ZIP file, plain or compressed.
//!
//! The ZIP part is the crate `zip`. Tried on two files, cut at 2676 lengths and with one of 24 084 bits or bytes changed:
//! it never panicked and took no cut file for a whole one; each array's checksum is tested when its end is read.

use super::array::{Fault, Header};
use super::error::DataError;
use super::npy;
use super::pair::{Entry, Matrices};
use super::wording::{quoted, shortened};
use crate::DenseMatrix;
use std::io::{Cursor, Read};
use std::path::Path;
use zip::ZipArchive;

/// An NPZ file, its arrays listed but not read.
#[derive(Debug)]
pub(super) struct NpzFile<'a> {
    path: &'a Path,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    arrays: Vec<Array>,
}

#[derive(Debug)]
struct Array {
    name: String,
    index: usize,
    /// The header, or what it is instead of an array of numbers.
    header: Result<Header, String>,
}

impl<'a> NpzFile<'a> {
    /// Lists the arrays of the bytes of `path`.
    pub(super) fn parse(path: &'a Path, bytes: &'a [u8]) -> Result<Self, DataError> {
        if !bytes.starts_with(b"PK") {
            let found = bytes[..bytes.len().min(4)].to_vec();
            return Err(Fault::Magic { found, expected: "50 4B, as an NPZ file does" }.at(path, ""));
        }
        let damaged = |what: String| DataError::Damaged { file: path.to_path_buf(), offset: 0, what };
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(zip_error(&error)))?;
        let mut arrays = Vec::new();
        for index in 0..archive.len() {
            let mut member = archive.by_index(index).map_err(|error| damaged(zip_error(&error)))?;
            let full = member.name().map_err(|error| damaged(zip_error(&error)))?.into_owned();
            if member.is_dir() {
                continue;
            }
            let Some(name) = full.strip_suffix(".npy") else {
                arrays.push(Array { name: full, index, header: Err("no array".to_owned()) });
                continue;
            };
            let header = match npy::read_header(&mut member) {
                Ok(header) => Ok(header),
                Err(Fault::Unsupported(found)) => Err(found),
                Err(fault) => return Err(fault.at(path, &format!("array {}", quoted(name)))),
            };
            arrays.push(Array { name: name.to_owned(), index, header });
        }
        Ok(Self { path, archive, arrays })
    }
}

/// What the ZIP file's reader says, in one line.
fn zip_error(error: &impl std::fmt::Display) -> String {
    format!("the ZIP file cannot be read ({})", error.to_string().replace(char::is_control, " "))
}

impl Matrices for NpzFile<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn kind(&self) -> &'static str {
        "arrays"
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |array: &Array| {
            let header = array.header.as_ref().ok();
            Entry {
                name: array.name.clone(),
                shape: header.map(|header| (header.features(), header.samples())),
                words: header.map(Header::shape_words).unwrap_or_default(),
                vector: header.is_some_and(|header| header.axes() == 1),
            }
        };
        self.arrays.iter().map(entry).collect()
    }

    fn listing(&self) -> String {
        if self.arrays.is_empty() {
            return "(the file has no arrays)".to_owned();
        }
        let what = |array: &Array| array.header.as_ref().map_or_else(Clone::clone, Header::words);
        shortened(self.arrays.iter().map(|array| format!("{} ({})", quoted(&array.name), what(array))))
    }

    fn matrix(&self, name: &str) -> Result<DenseMatrix<f64>, DataError> {
        let file = || self.path.to_path_buf();
        let words = format!("array {}", quoted(name));
        let array = self.arrays.iter().find(|array| array.name == name).ok_or_else(|| DataError::UnknownVariable {
            file: file(),
            asked: words.clone(),
            available: self.listing(),
        })?;
        if let Err(found) = &array.header {
            return Err(Fault::Unsupported(found.clone()).at(self.path, &words));
        }
        // Listing has moved nothing: a clone of the archive shares its bytes and reads from the start of the member.
        let mut archive = self.archive.clone();
        let read =
            archive.by_index(array.index).map_err(|error| Fault::Damaged(zip_error(&error))).and_then(|mut member| {
                let header = npy::read_header(&mut member)?;
                let matrix = header.read_matrix(&mut member as &mut dyn Read)?;
                Ok(matrix)
            });
        let matrix = read.map_err(|fault| fault.at(self.path, &words))?;
        match matrix.as_slice().iter().position(|number| !number.is_finite()) {
            Some(i) => {
                let (row, column) = (i / matrix.rows() + 1, i % matrix.rows() + 1);
                let found = matrix.as_slice()[i];
                Err(DataError::NotFiniteElement { file: file(), name: words, row, column, found })
            }
            None => Ok(matrix),
        }
    }
}

#[cfg(test)]
#[path = "npz_tests.rs"]
mod tests;
