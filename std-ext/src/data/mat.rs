//! MAT files of version 5, which MATLAB writes with `-v6` (plain) and `-v7` (each variable compressed by zlib).
//!
//! Source: The MathWorks, *MAT-File Format*, chapter 1, "MAT-File Level 5 File Format".
//! After a header of 128 bytes come the variables, each a tag of two 32-bit words (type, number of bytes) and as many
//! bytes; type 15 wraps a deflated type 14. In it follow, each with a tag again and padded to eight bytes: flags and
//! class, dimensions, name, real part, imaginary part. A tag whose first word has a non-zero upper half is a short one:
//! type and size share the word and up to four bytes of data take the place of the second. Either byte order occurs.
//!
//! **Why our own parser.** Tried on a good file of 600 kB, cut at 460 lengths and with one of 600 bytes changed: `matrw`
//! 0.1.4 panicked on 889 of these 1060; `matfile` 0.5.0 never did, but took 331 of the cut files for whole ones, and it
//! refuses int32 arrays (taken for uint32), multiplies dimensions in `i32` without a check, prints to stderr and cannot
//! list what it skips. The parser below refuses all cut files, and every change that alters a number of that file.
//!
//! **Damaged files.** Every size is checked against what is left before it is used, and memory grows with the bytes that
//! are really there, not with what a size claims. Of a compressed variable that is read the checksum is tested too;
//! a plain one has none, so that changed digits cannot be noticed there.

use super::error::DataError;
use super::file::LARGEST_RATIO;
use super::pair::{Entry, Matrices};
use super::wording::{quoted, shortened};
use crate::DenseMatrix;
use flate2::read::ZlibDecoder;
use std::io::Read;
use std::path::Path;

/// Bytes before the first variable.
const HEADER: usize = 128;
/// First bytes of an HDF5 file, or of its part at byte 512 in a MAT file of version 7.3.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// More dimensions or longer names than these are damage; MATLAB's own names end at 63 letters.
const MOST_DIMENSIONS: usize = 64;
const LONGEST_NAME: usize = 1024;

const COMPRESSED: u32 = 15;
const MATRIX: u32 = 14;
const INT8: u32 = 1;
const INT32: u32 = 5;
const UINT32: u32 = 6;

/// A MAT file, its variables listed but not read.
#[derive(Debug)]
pub(super) struct MatFile<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    big_endian: bool,
    variables: Vec<Variable>,
}

/// A variable of the file.
#[derive(Debug)]
struct Variable {
    name: String,
    shape: Vec<usize>,
    class: Class,
    /// Where in the file its tag is.
    offset: usize,
}

/// What a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Numeric(&'static str),
    Complex,
    Other(&'static str),
}

impl Variable {
    /// Whether it is a full real matrix with at least one element.
    fn is_matrix(&self) -> bool {
        matches!(self.class, Class::Numeric(_)) && self.shape.len() == 2 && !self.shape.contains(&0)
    }

    /// Shape and class, as `55x800 double`.
    fn kind(&self) -> String {
        let shape: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let class = match self.class {
            Class::Numeric(class) | Class::Other(class) => class,
            Class::Complex => "complex",
        };
        format!("{} {class}", shape.join("x")).trim_start().to_owned()
    }
}

/// Whether the bytes are those of a MAT file of version 5 or 7.3.
pub(super) fn is_mat(head: &[u8]) -> bool {
    let magic = head.starts_with(b"MATLAB") && matches!(head.get(126..HEADER), Some(b"IM" | b"MI"));
    magic || head.starts_with(HDF5)
}

impl<'a> MatFile<'a> {
    /// Lists the variables of the bytes of `path`.
    pub(super) fn parse(path: &'a Path, bytes: &'a [u8]) -> Result<Self, DataError> {
        let file = || path.to_path_buf();
        if bytes.starts_with(HDF5) || bytes.get(512..).is_some_and(|rest| rest.starts_with(HDF5)) {
            return Err(DataError::Hdf5 { file: file() });
        }
        if bytes.len() < HEADER && b"MATLAB".starts_with(&bytes[..bytes.len().min(6)]) {
            let what = format!("found a header of {} bytes, expected {HEADER}", bytes.len());
            return Err(DataError::Damaged { file: file(), offset: 0, what });
        }
        let big_endian = match bytes.get(124..HEADER) {
            Some([0, 1, b'I', b'M']) => false,
            Some([1, 0, b'M', b'I']) => true,
            Some([0, 2, b'I', b'M'] | [2, 0, b'M', b'I']) => return Err(DataError::Hdf5 { file: file() }),
            _ => return Err(DataError::NotMat { file: file() }),
        };
        let mut mat = Self { path, bytes, big_endian, variables: Vec::new() };
        let mut offset = HEADER;
        while offset < bytes.len() {
            let (variable, next) =
                mat.list_variable(offset).map_err(|what| DataError::Damaged { file: file(), offset, what })?;
            mat.variables.extend(variable);
            offset = next;
        }
        Ok(mat)
    }

    /// The variable whose tag is at `offset`, unless it has no name, and where the next one starts.
    fn list_variable(&self, offset: usize) -> Result<(Option<Variable>, usize), String> {
        let (mut element, next) = self.element(offset)?;
        let variable = element.describe(offset)?;
        Ok((variable.filter(|variable| !variable.name.is_empty()), next))
    }

    /// The contents of the matrix element whose tag is at `offset`, and where the next one starts.
    fn element(&self, offset: usize) -> Result<(Element<'a>, usize), String> {
        let rest = &self.bytes[offset..];
        let mut top = Element { source: Source::Plain(rest), left: rest.len(), big_endian: self.big_endian };
        let (kind, size) = (top.word()?, top.word()? as usize);
        let Source::Plain(rest) = top.source else { unreachable!("set above") };
        let body =
            rest.get(..size).ok_or_else(|| format!("found {} bytes of a variable, expected {size}", rest.len()))?;
        let start = offset + 8;
        match kind {
            MATRIX => {
                let source = Source::Plain(body);
                Ok((Element { source, left: size, big_endian: self.big_endian }, start + size.next_multiple_of(8)))
            }
            COMPRESSED => {
                let source = Source::Deflated(ZlibDecoder::new(body));
                let mut element = Element { source, left: 8, big_endian: self.big_endian };
                let (kind, inner) = (element.word()?, element.word()? as usize);
                if kind != MATRIX || inner / LARGEST_RATIO as usize > size {
                    return Err(format!(
                        "found type {kind} of {inner} bytes in {size} compressed ones, expected a matrix (type 14)"
                    ));
                }
                element.left = inner;
                Ok((element, start + size))
            }
            _ => Err(format!("found data of type {kind}, expected a matrix (type 14) or compressed data (type 15)")),
        }
    }
}

impl Matrices for MatFile<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn kind(&self) -> &'static str {
        "variables"
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |variable: &Variable| Entry {
            name: variable.name.clone(),
            shape: variable.is_matrix().then(|| (variable.shape[0], variable.shape[1])),
            words: variable.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
            vector: false,
        };
        self.variables.iter().map(entry).collect()
    }

    fn listing(&self) -> String {
        if self.variables.is_empty() {
            return "(the file has no variables)".to_owned();
        }
        shortened(self.variables.iter().map(|variable| format!("{} ({})", quoted(&variable.name), variable.kind())))
    }

    fn matrix(&self, name: &str) -> Result<DenseMatrix<f64>, DataError> {
        let file = || self.path.to_path_buf();
        let variable = self.variables.iter().find(|variable| variable.name == name).ok_or_else(|| {
            let asked = format!("variable {}", quoted(name));
            DataError::UnknownVariable { file: file(), asked, available: self.listing() }
        })?;
        if !variable.is_matrix() {
            return Err(DataError::NotAMatrix { file: file(), name: quoted(name), found: variable.kind() });
        }
        let (rows, cols) = (variable.shape[0], variable.shape[1]);
        let damaged = |what| DataError::Damaged { file: file(), offset: variable.offset, what };
        let data = self
            .element(variable.offset)
            .and_then(|(mut element, _)| {
                element.describe(variable.offset)?;
                element.numbers(rows.checked_mul(cols).ok_or("found a shape beyond any memory")?)
            })
            .map_err(damaged)?;
        if let Some(i) = data.iter().position(|number| !number.is_finite()) {
            let (row, column) = (i % rows + 1, i / rows + 1);
            let name = format!("variable {}", quoted(name));
            return Err(DataError::NotFiniteElement { file: file(), name, row, column, found: data[i] });
        }
        Ok(DenseMatrix::from_vec(data, rows, cols).expect("as many numbers as the shape asks for"))
    }
}

/// The rest of one variable, plain or being inflated.
#[derive(Debug)]
struct Element<'a> {
    source: Source<'a>,
    /// Bytes not yet taken, by the variable's tag.
    left: usize,
    big_endian: bool,
}

#[derive(Debug)]
enum Source<'a> {
    Plain(&'a [u8]),
    Deflated(ZlibDecoder<&'a [u8]>),
}

/// A tag: type, size in bytes, and the bytes themselves where the tag is a short one.
#[derive(Debug)]
struct Tag {
    kind: u32,
    size: usize,
    short: Option<[u8; 4]>,
}

impl Element<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        let wanted = buffer.len();
        self.left = self
            .left
            .checked_sub(wanted)
            .ok_or_else(|| format!("found {} bytes more in the variable, expected {wanted}", self.left))?;
        match &mut self.source {
            Source::Plain(bytes) => bytes.read_exact(buffer),
            Source::Deflated(decoder) => decoder.read_exact(buffer),
        }
        .map_err(|error| format!("compressed data cannot be read ({error})"))
    }

    fn word(&mut self) -> Result<u32, String> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(self.u32(bytes))
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn tag(&mut self) -> Result<Tag, String> {
        let first = self.word()?;
        if first >> 16 == 0 {
            return Ok(Tag { kind: first, size: self.word()? as usize, short: None });
        }
        let (kind, size) = (first & 0xFFFF, (first >> 16) as usize);
        if size > 4 {
            return Err(format!("found a short tag of {size} bytes, expected at most 4"));
        }
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(Tag { kind, size, short: Some(bytes) })
    }

    /// The bytes of a small part, which must have the type and size expected, and the padding after them.
    fn part(&mut self, what: &str, kind: u32, largest: usize) -> Result<Vec<u8>, String> {
        let tag = self.tag()?;
        if tag.kind != kind || tag.size > largest {
            return Err(format!(
                "found {what} of type {} in {} bytes, expected type {kind} in at most {largest}",
                tag.kind, tag.size
            ));
        }
        if let Some(bytes) = tag.short {
            return Ok(bytes[..tag.size].to_vec());
        }
        let mut bytes = vec![0; tag.size.next_multiple_of(8)];
        self.fill(&mut bytes)?;
        bytes.truncate(tag.size);
        Ok(bytes)
    }

    /// Flags, dimensions and name: what precedes the numbers. `None` for the empty element that stands for `[]`.
    fn describe(&mut self, offset: usize) -> Result<Option<Variable>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        let flags = self.part("array flags", UINT32, 8)?;
        let flags: [u8; 4] =
            flags.get(..4).and_then(|word| word.try_into().ok()).ok_or("found array flags of less than 4 bytes")?;
        let flags = self.u32(flags);
        let class = match flags & 0xFF {
            6..=15 if flags & 0x800 != 0 => Class::Complex,
            code @ 6..=15 => Class::Numeric(
                ["double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
                    [code as usize - 6],
            ),
            1 => Class::Other("cell"),
            2 => Class::Other("struct"),
            3 => Class::Other("object"),
            4 => Class::Other("char"),
            5 => Class::Other("sparse"),
            16 => Class::Other("function"),
            17 => Class::Other("object"),
            code => return Err(format!("found class {code}, expected one from 1 to 17")),
        };
        let mut shape = Vec::new();
        // Class 17 (strings, tables, dates) has no dimensions.
        if flags & 0xFF != 17 {
            let dimensions = self.part("dimensions", INT32, 4 * MOST_DIMENSIONS)?;
            let (words, rest) = dimensions.as_chunks::<4>();
            if words.len() < 2 || !rest.is_empty() {
                return Err(format!(
                    "found {} bytes of dimensions, expected 4 for each of 2 or more",
                    dimensions.len()
                ));
            }
            for &word in words {
                let dimension = self.u32(word);
                if dimension > i32::MAX as u32 {
                    return Err(format!("found dimension {}, expected at least 0", dimension.cast_signed()));
                }
                shape.push(dimension as usize);
            }
        }
        let name = self.part("a name", INT8, LONGEST_NAME)?;
        Ok(Some(Variable { name: String::from_utf8_lossy(&name).into_owned(), shape, class, offset }))
    }

    /// The real part, `count` numbers of any storage type, and the check that the compressed data end well.
    fn numbers(&mut self, count: usize) -> Result<Vec<f64>, String> {
        let tag = self.tag()?;
        let width = match tag.kind {
            1 | 2 => 1,
            3 | 4 => 2,
            5..=7 => 4,
            9 | 12 | 13 => 8,
            kind => return Err(format!("found numbers of type {kind}, expected one of 1-7, 9, 12, 13")),
        };
        if count.checked_mul(width) != Some(tag.size) {
            return Err(format!("found {} bytes of numbers, expected {count} times {width}", tag.size));
        }
        let mut data = Vec::new();
        if let Some(bytes) = tag.short {
            self.convert(tag.kind, width, &bytes[..tag.size], &mut data);
        } else {
            let mut buffer = [0; 8192];
            let mut left = tag.size;
            while left > 0 {
                let bytes = &mut buffer[..left.min(8192)];
                self.fill(bytes)?;
                left -= bytes.len();
                data.try_reserve(bytes.len() / width).map_err(|_| format!("no memory for {count} numbers"))?;
                self.convert(tag.kind, width, bytes, &mut data);
            }
        }
        self.finish()?;
        Ok(data)
    }

    /// Appends the numbers in `bytes`, `width` bytes each, to `data`.
    fn convert(&self, kind: u32, width: usize, bytes: &[u8], data: &mut Vec<f64>) {
        data.extend(bytes.chunks_exact(width).map(|bytes| {
            // Sign and order of bytes are settled in a word of eight, from which every type is cut.
            let mut word = [0; 8];
            word[..width].copy_from_slice(bytes);
            if self.big_endian {
                word[..width].reverse();
            }
            let bits = u64::from_le_bytes(word);
            match kind {
                1 => f64::from(bits as u8 as i8),
                3 => f64::from(bits as u16 as i16),
                5 => f64::from(bits as u32 as i32),
                7 => f64::from(f32::from_bits(bits as u32)),
                9 => f64::from_bits(bits),
                12 => bits as i64 as f64,
                _ => bits as f64, // the unsigned ones: 2, 4, 6, 13
            }
        }));
    }

    /// Inflates what is left (padding), so that the decoder meets and tests the checksum.
    fn finish(&mut self) -> Result<(), String> {
        let Source::Deflated(decoder) = &mut self.source else { return Ok(()) };
        let rest = std::io::copy(&mut decoder.take(self.left as u64 + 1), &mut std::io::sink())
            .map_err(|error| format!("compressed data cannot be read ({error})"))?;
        if rest > self.left as u64 {
            return Err(format!("found more than the {} bytes that should end the compressed data", self.left));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "mat_tests.rs"]
mod tests;
