//! What the tests of this folder share: a folder of their own, and the message of an error.

use super::error::DataError;
use std::path::{Path, PathBuf};

/// A folder under the system's temporary one, removed when dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new folder; `name` keeps the tests of one process apart, the process id the processes.
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gaussling-data-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into the folder and returns its path.
    pub(super) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind harms nobody; a panic here would hide the test's own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The error's message, which must be one line.
pub(super) fn message<T>(result: Result<T, DataError>) -> String {
    let message = result.err().expect("an error was expected").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// The bytes, compressed.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An NPY file, version 1, as NumPy writes it.
pub(super) fn npy(descr: &str, fortran: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if axes.len() == 1 { "," } else { "" };
    let order = if fortran { "True" } else { "False" };
    let shape = axes.join(", ");
    npy_with(&format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}{comma}), }}"), data)
}

/// An NPY file, version 1, with this header.
pub(super) fn npy_with(header: &str, data: &[u8]) -> Vec<u8> {
    let mut text = header.to_owned();
    text.push_str(&" ".repeat(63 - (10 + text.len()) % 64));
    text.push('\n');
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), data].concat()
}

/// An NPY file of doubles in C order.
pub(super) fn npy_doubles(shape: &[usize], numbers: &[f64]) -> Vec<u8> {
    npy("<f8", false, shape, &numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
}

/// A ZIP file of these members.
pub(super) fn zip(members: &[(&str, Vec<u8>)], compressed: bool) -> Vec<u8> {
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let method = if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An IDX file.
pub(super) fn idx(kind: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let lengths: Vec<u8> = shape.iter().flat_map(|length| length.to_be_bytes()).collect();
    [&[0, 0, kind, shape.len() as u8], &lengths[..], data].concat()
}

/// Builds MAT files byte by byte.
#[derive(Debug)]
pub(super) struct MatBytes {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl MatBytes {
    pub(super) fn new(big_endian: bool) -> Self {
        let mut bytes = vec![b' '; 124];
        bytes[..19].copy_from_slice(b"MATLAB 5.0 MAT-file");
        bytes.extend(if big_endian { *b"\x01\0MI" } else { *b"\0\x01IM" });
        Self { bytes, big_endian }
    }

    pub(super) fn word(&self, word: u32) -> [u8; 4] {
        if self.big_endian { word.to_be_bytes() } else { word.to_le_bytes() }
    }

    /// A tag, data and padding; the short form when it is asked for.
    fn part(&self, kind: u32, data: &[u8], short: bool) -> Vec<u8> {
        let size = data.len() as u32;
        let mut part = Vec::new();
        if short {
            part.extend(self.word(size << 16 | kind));
        } else {
            part.extend(self.word(kind));
            part.extend(self.word(size));
        }
        part.extend(data);
        part.resize(part.len().next_multiple_of(8), 0);
        part
    }

    /// The element of a variable: class, storage type and the numbers' bytes in the file's order.
    pub(super) fn element(&self, name: &str, class: u32, shape: &[u32], kind: u32, data: &[u8]) -> Vec<u8> {
        let words = |words: &[u32]| words.iter().flat_map(|&word| self.word(word)).collect::<Vec<u8>>();
        let mut body = self.part(6, &words(&[class, 0]), false);
        body.extend(self.part(5, &words(shape), false));
        body.extend(self.part(1, name.as_bytes(), (1..=4).contains(&name.len())));
        body.extend(self.part(kind, data, (1..=4).contains(&data.len())));
        self.part(14, &body, false)
    }

    /// Appends bytes as they are.
    pub(super) fn plain(mut self, element: &[u8]) -> Self {
        self.bytes.extend(element);
        self
    }

    /// Appends an element, compressed.
    pub(super) fn compressed(mut self, element: &[u8]) -> Self {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(element).unwrap();
        let deflated = encoder.finish().unwrap();
        let tag = [self.word(15), self.word(deflated.len() as u32)].concat();
        self.bytes.extend(tag);
        self.bytes.extend(deflated);
        self
    }

    /// Appends a matrix of doubles, element (i, j) being `f(i, j)`.
    pub(super) fn doubles(self, name: &str, rows: usize, cols: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        let numbers = (0..cols).flat_map(|j| (0..rows).map(move |i| (i, j))).map(|(i, j)| f(i, j));
        let order = |x: f64| if self.big_endian { x.to_be_bytes() } else { x.to_le_bytes() };
        let data: Vec<u8> = numbers.flat_map(order).collect();
        let element = self.element(name, 6, &[rows as u32, cols as u32], 9, &data);
        self.plain(&element)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
