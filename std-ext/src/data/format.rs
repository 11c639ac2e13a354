//! Which kind of file it is: by its first bytes, and only where these are those of no kind by its name.

use super::idx;
use super::mat::is_mat;
use super::npy;
use std::fmt;
use std::path::Path;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A text table.
    Text,
    /// MATLAB's variables, version 5.
    Mat,
    /// One NumPy array.
    Npy,
    /// Named NumPy arrays in a ZIP file.
    Npz,
    /// An array as MNIST has them.
    Idx,
}

impl Format {
    /// The kind of the file of this name whose bytes, inflated, begin so.
    pub(super) fn of(path: &Path, head: &[u8]) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        // A text table has no byte of zeros; what begins with two is an IDX file or a damaged one.
        if head.starts_with(npy::MAGIC) {
            Self::Npy
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Self::Npz
        } else if is_mat(head) || name.ends_with(".mat") {
            Self::Mat
        } else if head.starts_with(&[0, 0]) || idx::is_name(name) {
            Self::Idx
        } else if name.ends_with(".npy") {
            Self::Npy
        } else if name.ends_with(".npz") {
            Self::Npz
        } else {
            Self::Text
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Mat => "MAT",
            Self::Npy => "NPY",
            Self::Npz => "NPZ",
            Self::Idx => "IDX",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_before_names() {
        for (name, head, expected) in [
            ("a.csv", &b"1,2\n"[..], Format::Text),
            ("a.csv", b"\x93NUMPY\x01\0", Format::Npy),
            ("a.csv", b"PK\x03\x04", Format::Npz),
            ("a.npz", b"PK\x05\x06", Format::Npz),
            ("a.csv", b"\0\0\x08\x03", Format::Idx),
            ("a", b"\x89HDF\r\n\x1a\n", Format::Mat),
            ("a.MAT", b"1,2\n", Format::Mat),
            ("a.npy", b"1,2\n", Format::Npy),
            ("a.npy.gz", b"1,2\n", Format::Npy),
            ("a.NPZ", b"1,2\n", Format::Npz),
            ("train-images-idx3-ubyte.gz", b"1,2\n", Format::Idx),
            ("train-images.idx3-ubyte", b"1,2\n", Format::Idx),
            ("a.idx", b"1,2\n", Format::Idx),
            ("idx-values.csv", b"1,2\n", Format::Text),
            ("", b"", Format::Text),
        ] {
            assert_eq!(Format::of(Path::new(name), head), expected, "{name} {head:?}");
        }
    }
}
