//! An array of numbers with any number of axes, of which the first counts the samples: what NPY and IDX files hold.
//!
//! A file is a header and then the numbers, in C order (the last index fastest) or in Fortran order (the first). Axes
//! after the first are the features of a sample, numbered in C order. Bytes in three or more axes are pixels: they are
//! divided by 255. A pixel that is constant in the training data has the scale 1 (see
//! [`Standardization`](super::Standardization)) and would otherwise become an input of 255 where a test image has it.
//!
//! **Damaged files.** The shape is checked against the length of the file before it is used, memory grows with the bytes that are really there, and the
//! file must end where the numbers do.

use super::element::{Element, Kind};
use super::error::DataError;
use crate::DenseMatrix;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// More axes than this are damage; NumPy allows 64.
pub(super) const MOST_AXES: usize = 64;

/// More inputs than this are not named one by one, in columns of their own.
const MOST_FEATURES: usize = 1 << 20;

/// What precedes the numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) element: Element,
    /// At least one axis, none of them empty.
    shape: Vec<usize>,
    /// Whether the first index runs fastest, where that makes a difference.
    pub(super) fortran: bool,
    /// Bytes before the numbers.
    pub(super) start: u64,
}

/// What is wrong with the bytes of an array.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another kind of file, with the bytes that were expected.
    Magic { found: Vec<u8>, expected: &'static str },
    /// It contradicts itself.
    Damaged(String),
    /// No array of numbers: what it is.
    Unsupported(String),
    /// The system cannot read on, or the data cannot be inflated.
    Io(std::io::Error),
}

impl Fault {
    /// The error for an array of a file; `name` is `the array`, or `array "x"`.
    pub(super) fn at(self, path: &Path, name: &str) -> DataError {
        let file = path.to_path_buf();
        match self {
            Self::Magic { found, expected } if found.is_empty() => {
                DataError::WrongMagic { file, found: "nothing".into(), expected }
            }
            Self::Magic { found, expected } => {
                let found = found.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
                DataError::WrongMagic { file, found: format!("bytes {found}"), expected }
            }
            Self::Damaged(what) => DataError::Damaged { file, offset: 0, what: format!("{name}: {what}") },
            Self::Unsupported(found) => {
                let expected = "bool, int or float numbers with at least one sample";
                DataError::NotNumbers { file, name: name.to_owned(), found, expected }
            }
            Self::Io(error) => super::file::failed(path, error),
        }
    }
}

/// Fills the buffer with the next bytes; `Err(Damaged)` when there are fewer.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8], what: &str) -> Result<(), Fault> {
    let found = fill_some(reader, buffer)?;
    if found == buffer.len() {
        return Ok(());
    }
    Err(Fault::Damaged(format!("found {found} bytes of {what}, expected {}", buffer.len())))
}

/// Fills as much of the buffer as there are bytes left, and says how much that is.
pub(super) fn fill_some(reader: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Fault> {
    let mut found = 0;
    while found < buffer.len() {
        match reader.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Io(error)),
        }
    }
    Ok(found)
}

impl Header {
    /// A header whose numbers can be counted; an array without axes or numbers is refused.
    pub(super) fn new(element: Element, shape: Vec<usize>, fortran: bool, start: u64) -> Result<Self, Fault> {
        let header = Self { element, shape, fortran, start };
        if header.shape.is_empty() || header.shape.contains(&0) {
            return Err(Fault::Unsupported(header.words()));
        }
        let count = header.shape.iter().try_fold(element.width, |product, &axis| product.checked_mul(axis));
        if header.shape.len() > MOST_AXES || count.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(Fault::Damaged(format!("found the shape {}, beyond any memory", header.shape_words())));
        }
        // With one sample, or one number a sample, both orders are the same.
        let fortran = fortran && header.shape[0] > 1 && header.features() > 1;
        Ok(Self { fortran, ..header })
    }

    pub(super) fn samples(&self) -> usize {
        self.shape[0]
    }

    /// Numbers in a sample.
    pub(super) fn features(&self) -> usize {
        self.shape[1..].iter().product()
    }

    pub(super) fn axes(&self) -> usize {
        self.shape.len()
    }

    /// Bytes of all numbers.
    pub(super) fn bytes(&self) -> u64 {
        (self.samples() * self.features() * self.element.width) as u64
    }

    /// Refuses a shape that a file of `most` bytes cannot hold, and one with more numbers a sample than are named one by one.
    pub(super) fn check_length(&self, most: u64, exact: bool) -> Result<(), Fault> {
        let (found, expected) = (most.saturating_sub(self.start), self.bytes());
        if found < expected {
            let at_most = if exact { "" } else { "at most " };
            return Err(Fault::Damaged(format!("found {at_most}{found} bytes of numbers, expected {expected}")));
        }
        if self.features() > MOST_FEATURES {
            let found = format!("{}, with more than {MOST_FEATURES} numbers a sample", self.words());
            return Err(Fault::Unsupported(found));
        }
        Ok(())
    }

    /// `60000x28x28`, or `(no axes)`.
    pub(super) fn shape_words(&self) -> String {
        let words: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        if words.is_empty() { "(no axes)".to_owned() } else { words.join("x") }
    }

    /// `60000x28x28 uint8`.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.shape_words(), self.element.name())
    }

    /// What the numbers are divided by: 255 for pixels.
    pub(super) fn divisor(&self) -> f64 {
        let byte = self.element.kind == Kind::Unsigned && self.element.width == 1;
        if byte && self.axes() >= 3 { 255.0 } else { 1.0 }
    }

    /// For each place of a feature in Fortran order its number in C order.
    pub(super) fn feature_order(&self) -> Vec<usize> {
        let axes = &self.shape[1..];
        let mut index = vec![0; axes.len()];
        (0..self.features())
            .map(|_| {
                let number = index.iter().zip(axes).fold(0, |number, (&i, &axis)| number * axis + i);
                for (i, &axis) in index.iter_mut().zip(axes) {
                    *i += 1;
                    if *i < axis {
                        break;
                    }
                    *i = 0;
                }
                number
            })
            .collect()
    }

    /// All numbers, features × samples, from a reader that stands behind the header. NaN and infinities are let through.
    pub(super) fn read_matrix(&self, reader: &mut dyn Read) -> Result<DenseMatrix<f64>, Fault> {
        let (samples, features, width) = (self.samples(), self.features(), self.element.width);
        let bytes = self.bytes();
        let mut numbers = Vec::new();
        let mut buffer = vec![0; 1 << 15];
        let mut left = bytes;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let found = fill_some(reader, &mut buffer[..wanted])?;
            if found < wanted {
                return Err(Fault::Damaged(format!(
                    "found {} bytes of numbers, expected {bytes}",
                    bytes - left + found as u64
                )));
            }
            left -= found as u64;
            let no_memory = |_| {
                let what = format!("the numbers of the shape {} do not fit in memory", self.shape_words());
                Fault::Io(std::io::Error::new(ErrorKind::OutOfMemory, what))
            };
            numbers.try_reserve(found / width).map_err(no_memory)?;
            self.element.append(&buffer[..found], &mut numbers);
        }
        expect_end(reader)?;
        let divisor = self.divisor();
        if divisor != 1.0 {
            numbers.iter_mut().for_each(|number| *number /= divisor);
        }
        if self.fortran {
            let mut sorted = vec![0.0; numbers.len()];
            for (numbers, feature) in numbers.chunks_exact(samples).zip(self.feature_order()) {
                for (sample, &number) in numbers.iter().enumerate() {
                    sorted[feature + sample * features] = number;
                }
            }
            numbers = sorted;
        }
        DenseMatrix::from_vec(numbers, features, samples).ok_or_else(|| Fault::Damaged("a wrong length".into()))
    }
}

/// The end of the file, where also the checksum of compressed data is tested.
pub(super) fn expect_end(reader: &mut dyn Read) -> Result<(), Fault> {
    match fill_some(reader, &mut [0])? {
        0 => Ok(()),
        _ => Err(Fault::Damaged("found more bytes behind the numbers, expected the end of the array".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(shape: &[usize], fortran: bool) -> Result<Header, Fault> {
        let element = Element { kind: Kind::Unsigned, width: 1, big_endian: false };
        Header::new(element, shape.to_vec(), fortran, 0)
    }

    #[test]
    fn both_orders_give_the_same_features() {
        // Element (s, i, j) of 2 x 3 x 4 bytes is 100 s + 10 i + j, over 255.
        let value = |s: usize, i: usize, j: usize| (100 * s + 10 * i + j) as u8;
        let c: Vec<u8> = (0..24).map(|k| value(k / 12, k / 4 % 3, k % 4)).collect();
        let f: Vec<u8> = (0..24).map(|k| value(k % 2, k / 2 % 3, k / 6)).collect();
        let read = |bytes: &[u8], fortran| header(&[2, 3, 4], fortran).unwrap().read_matrix(&mut &bytes[..]).unwrap();
        let expected = DenseMatrix::from_fn(12, 2, |k, s| f64::from(value(s, k / 4, k % 4)) / 255.0);
        assert_eq!((read(&c, false), read(&f, true)), (expected.clone(), expected));
        // Two axes are no image.
        let table = header(&[2, 3], true).unwrap().read_matrix(&mut &[1, 4, 2, 5, 3, 6][..]).unwrap();
        assert_eq!(table, DenseMatrix::from_fn(3, 2, |i, j| (1 + i + 3 * j) as f64));
    }

    #[test]
    fn shapes_that_cannot_be_are_refused() {
        for shape in [&[][..], &[0], &[3, 0], &[0, usize::MAX, usize::MAX]] {
            assert!(matches!(header(shape, false), Err(Fault::Unsupported(_))), "{shape:?}");
        }
        for shape in [&[usize::MAX, 2][..], &[usize::MAX], &[1 << 32, 1 << 32], &[1 << 62, 4, 0x7FFF], &[1; 65]] {
            assert!(matches!(header(shape, false), Err(Fault::Damaged(_))), "{shape:?}");
        }
        // Memory is asked for only as the bytes come.
        let huge = header(&[1 << 40, 1 << 20], false).unwrap().read_matrix(&mut &[0; 100][..]);
        assert!(
            matches!(huge, Err(Fault::Damaged(what)) if what == "found 100 bytes of numbers, expected 1152921504606846976")
        );
    }
}
