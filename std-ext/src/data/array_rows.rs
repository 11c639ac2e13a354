//! An array sample by sample, in memory that does not depend on the number of samples.
//!
//! In C order a sample's numbers follow one another. In Fortran order they are far apart: a block of samples is gathered,
//! axis by axis, from a file in which one can go to any byte, so not from a compressed one.

use super::array::{Fault, expect_end, fill};
use super::arrays::{ArrayFile, NAME};
use super::error::DataError;
use super::file::{ReadSeek, failed};
use std::io::{Read, SeekFrom};

/// Numbers in a block of samples in Fortran order, and most samples in it.
const BLOCK: usize = 1 << 20;
const MOST_ROWS: usize = 4096;

/// The samples of an array, one after another.
pub(super) struct ArrayRows {
    file: ArrayFile,
    /// Samples passed, the present one among them.
    passed: usize,
    row: Vec<f64>,
    bytes: Vec<u8>,
    block: Option<Block>,
}

/// Some samples of an array in Fortran order.
struct Block {
    bytes: Box<dyn ReadSeek>,
    /// The feature of each place along the other axes.
    order: Vec<usize>,
    /// Samples in a full block.
    rows: usize,
    first: usize,
    numbers: Vec<f64>,
}

impl ArrayRows {
    /// Stands before the first sample.
    pub(super) fn new(file: ArrayFile) -> Result<Self, DataError> {
        let (header, path) = (&file.header, &file.file.path);
        let block = if header.fortran {
            if file.gzip {
                let what = "a compressed array in Fortran order";
                return Err(DataError::NotStreamed { file: path.clone(), what });
            }
            let (bytes, found) = file.file.seekable().map_err(|error| failed(path, error))?;
            if found != header.start + header.bytes() {
                let what = "found more bytes behind the numbers, expected the end of the array".to_owned();
                return Err(Fault::Damaged(what).at(path, NAME));
            }
            let rows = (BLOCK / header.features()).clamp(1, MOST_ROWS);
            Some(Block { bytes, order: header.feature_order(), rows, first: 0, numbers: Vec::new() })
        } else {
            None
        };
        Ok(Self { file, passed: 0, row: Vec::new(), bytes: Vec::new(), block })
    }

    /// Moves to the next sample; `false` at the end, where the file must end too.
    pub(super) fn advance(&mut self) -> Result<bool, DataError> {
        self.step().map_err(|fault| fault.at(&self.file.file.path, NAME))
    }

    fn step(&mut self) -> Result<bool, Fault> {
        let header = &self.file.header;
        self.row.clear();
        if self.passed == header.samples() {
            if self.block.is_none() {
                expect_end(&mut self.file.reader)?;
            }
            return Ok(false);
        }
        match &mut self.block {
            Some(block) => {
                let features = header.features();
                if self.passed == block.first + block.numbers.len() / features {
                    block.first = self.passed;
                    fill_block(block, &self.file, &mut self.bytes)?;
                }
                let start = (self.passed - block.first) * features;
                self.row.extend_from_slice(&block.numbers[start..start + features]);
            }
            None => {
                self.bytes.resize(header.features() * header.element.width, 0);
                fill(&mut self.file.reader, &mut self.bytes, "the numbers of a sample")
                    .map_err(|fault| shorter(fault, self.passed, header.samples()))?;
                header.element.append(&self.bytes, &mut self.row);
                let divisor = header.divisor();
                if divisor != 1.0 {
                    self.row.iter_mut().for_each(|number| *number /= divisor);
                }
            }
        }
        self.passed += 1;
        Ok(true)
    }

    /// The numbers of the present sample.
    pub(super) fn row(&self) -> &[f64] {
        &self.row
    }

    /// The number of the present sample, from 1.
    pub(super) fn sample(&self) -> usize {
        self.passed
    }

    pub(super) fn file(&self) -> &ArrayFile {
        &self.file
    }
}

/// Where the numbers end.
fn shorter(fault: Fault, sample: usize, samples: usize) -> Fault {
    match fault {
        Fault::Damaged(what) => Fault::Damaged(format!("sample {} of {samples}: {what}", sample + 1)),
        other => other,
    }
}

/// Gathers the samples from `block.first` on.
fn fill_block(block: &mut Block, file: &ArrayFile, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let header = &file.header;
    let (samples, features, width) = (header.samples(), header.features(), header.element.width);
    let rows = block.rows.min(samples - block.first);
    let mut column = Vec::with_capacity(rows);
    block.numbers.clear();
    block.numbers.resize(rows * features, 0.0);
    bytes.resize(rows * width, 0);
    for (place, &feature) in block.order.iter().enumerate() {
        let start = header.start + ((place * samples + block.first) * width) as u64;
        block.bytes.seek(SeekFrom::Start(start)).map_err(Fault::Io)?;
        fill(&mut (&mut block.bytes as &mut dyn Read), bytes, "the numbers of an axis")?;
        column.clear();
        header.element.append(bytes, &mut column);
        for (row, number) in column.iter().enumerate() {
            block.numbers[row * features + feature] = number / header.divisor();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{Folder, gzip, message, npy};

    /// All numbers sample by sample.
    fn read(path: &std::path::Path) -> Result<Vec<f64>, DataError> {
        let mut rows = ArrayRows::new(ArrayFile::open(&path.into())?)?;
        let mut numbers = Vec::new();
        while rows.advance()? {
            numbers.extend_from_slice(rows.row());
        }
        Ok(numbers)
    }

    #[test]
    fn samples_are_those_of_the_matrix_in_both_orders() {
        let folder = Folder::new("array-rows");
        // More samples than one block has.
        let shape = [5000, 3, 2];
        let bytes: Vec<u8> = (0..30_000_u32).flat_map(|i| (i * 7919 % 65_521).to_le_bytes()[..2].to_vec()).collect();
        for fortran in [false, true] {
            let array = npy("<u2", fortran, &shape, &bytes);
            let path = folder.write("t.npy", &array);
            let expected = ArrayFile::open(&(&path).into()).unwrap().read().unwrap();
            assert_eq!(read(&path).unwrap(), expected.as_slice(), "{fortran}");
            let packed = folder.write("t.npy.gz", gzip(&array));
            match fortran {
                false => assert_eq!(read(&packed).unwrap(), expected.as_slice()),
                true => {
                    assert!(message(read(&packed)).contains("a compressed array in Fortran order cannot be read in"));
                }
            }
        }
        // Pixels are parts of 255 in both orders.
        for fortran in [false, true] {
            let path = folder.write("t.npy", npy("|u1", fortran, &[2, 1, 2], &[51, 102, 204, 255]));
            let expected = if fortran { [0.2, 0.8, 0.4, 1.0] } else { [0.2, 0.4, 0.8, 1.0] };
            assert_eq!(read(&path).unwrap(), expected);
        }
    }

    #[test]
    fn cut_anywhere_is_an_error() {
        let folder = Folder::new("array-rows-cut");
        for fortran in [false, true] {
            let bytes = npy("<f4", fortran, &[3, 2], &[0; 24]);
            for len in 1..bytes.len() {
                let text = message(read(&folder.write("t.npy", &bytes[..len])));
                assert!(text.contains("t.npy: "), "{len}: {text}");
            }
            let longer = [&bytes[..], &[0]].concat();
            let text = message(read(&folder.write("t.npy", longer)));
            assert!(text.contains("the array: found more bytes behind the numbers"), "{text}");
        }
        let text = message(read(&folder.write("t.npy", gzip(&npy("<f4", false, &[3, 2], &[0; 20])))));
        assert!(
            text.contains("the array: sample 3 of 3: found 4 bytes of the numbers of a sample, expected 8"),
            "{text}"
        );
    }
}
