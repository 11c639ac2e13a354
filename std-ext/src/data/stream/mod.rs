//! [`Stream`]: a data file that need not fit in memory, as batches, pass after pass.
//!
//! **First pass.** [`Stream::open`] reads the file once: it counts the samples, finds the classes, takes the means and
//! deviations of the training part, and refuses what [`load`](super::load) refuses, with the same messages. Where a table
//! could begin with labels or with a header, rows are read once more to tell.
//!
//! **Order.** A file cannot be shuffled where it lies. Samples go through a window: it is filled from the file, each sample
//! for a batch is drawn from it at random, and the next of the file takes its place. A window of all training samples gives
//! every order with equal probability. A smaller one of w samples mixes neighbours only: none comes w or more places before
//! its own, and seven in a thousand come more than 4 w places after it. So a file that is sorted by class or by time wants a
//! large window, or shuffling beforehand. Each pass has another order; all follow from the seed, by integer arithmetic, the
//! same on every platform.
//!
//! **Validation part.** A hash of the seed and of a sample's number in the file decides (`part.rs`). It stays the same from
//! pass to pass, and when samples are appended to the file.
//!
//! **Memory.** (window + 2 batch)(inputs + outputs) numbers of eight bytes; at most a megabyte of buffers and a row of the
//! file (nine, for an array in Fortran order, and more where a row alone takes more); the names of the columns; at most 65 536 classes. It
//! does not depend on the number of samples.
//!
//! **Cost.** A pass reads and parses the whole file, the validation part too. What it held is not kept.

mod cursor;
mod in_order;
mod part;
mod scan;

use super::dataset::LoadOptions;
use super::error::DataError;
use super::file::{DataFile, reserve};
use super::split::below;
use super::standardize::Standardization;
use super::wording::{quoted, quoted_list};
use crate::DenseMatrix;
use cursor::{Cursor, Source};
pub use in_order::{InOrder, StreamPart};
use part::{Membership, mix};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use scan::{Scan, label, one_hot_class, scan};
use std::collections::HashMap;

/// How a file becomes batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamOptions {
    /// Samples in a batch; the last of a pass has what is left.
    pub batch: usize,
    /// Samples among which the next one is drawn; 1 keeps the order of the file.
    pub window: usize,
    /// About this part of the samples is kept for validation: 0 or more, below 1.
    pub validation: f64,
    /// Of the order and of the validation part.
    pub seed: u64,
}

impl Default for StreamOptions {
    /// Batches of 32, drawn from 8192 samples; a tenth for validation; seed 0.
    fn default() -> Self {
        Self { batch: 32, window: 8192, validation: 0.1, seed: 0 }
    }
}

/// Some samples, scaled, one a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Inputs × samples.
    pub x: DenseMatrix<f64>,
    /// Outputs × samples; for classes 1 in the row of the sample's class and else 0.
    pub c: DenseMatrix<f64>,
    /// The number of each sample in the file, from 0.
    pub samples: Vec<usize>,
}

/// A data file as batches; see the [module](self).
///
/// ```
/// use gaussling::data::{LoadOptions, Stream, StreamOptions};
///
/// let path = std::env::temp_dir().join("gaussling-stream-example.csv");
/// let rows: String = (0..100).map(|k| format!("{},{},{}\n", k % 10, k / 10, k)).collect();
/// std::fs::write(&path, rows)?;
/// let options = StreamOptions { batch: 8, window: 50, ..StreamOptions::default() };
/// let mut stream = Stream::open(&path, &LoadOptions::default(), options)?;
/// let mut samples = 0;
/// while let Some(batch) = stream.next_batch()? {
///     assert_eq!((batch.x.rows(), batch.c.rows()), (2, 1));
///     samples += batch.x.cols();
/// }
/// assert_eq!(samples, stream.samples());
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stream {
    source: Source,
    options: StreamOptions,
    membership: Membership,
    scan: Scan,
    /// Row of each class.
    class_rows: HashMap<String, usize>,
    /// Seed of the order.
    order: u64,
    /// Number of the present pass, or of the next one between two.
    number: u64,
    training: Option<Pass>,
    validation: Option<Reader>,
}

/// A training pass under way.
struct Pass {
    reader: Reader,
    rng: Xoshiro256PlusPlus,
    /// Inputs and targets of each sample in the window.
    window: Vec<f64>,
    samples: Vec<usize>,
}

/// One part of the file, in its order.
struct Reader {
    cursor: Box<dyn Cursor>,
    trains: bool,
    /// Samples passed, of both parts.
    passed: usize,
    ended: bool,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("path", &self.source.file.path)
            .field("options", &self.options)
            .field("samples", &self.scan.rows)
            .field("pass", &self.number)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Reads the file once and stands before its first batch.
    ///
    /// # Errors
    /// As [`load`](super::load); [`DataError::StreamOption`], [`DataError::NotStreamed`] for MAT, NPZ and compressed
    /// arrays in Fortran order, [`DataError::NoTraining`], and [`DataError::TooLarge`] for a window beyond memory.
    pub fn open(file: impl Into<DataFile>, load: &LoadOptions, options: StreamOptions) -> Result<Self, DataError> {
        let wrong = |option, found: &dyn std::fmt::Display, expected| {
            Err(DataError::StreamOption { option, found: found.to_string(), expected })
        };
        if options.batch == 0 {
            return wrong("batch", &options.batch, "1 or more samples");
        }
        if options.window == 0 {
            return wrong("window", &options.window, "1 or more samples");
        }
        if !(0.0..1.0).contains(&options.validation) {
            return wrong("validation share", &options.validation, "0 or more, below 1");
        }
        let source = Source::find(file.into(), load)?;
        let membership = Membership::new(options.validation, options.seed);
        let scan = scan(&source, membership)?;
        let classes = scan.classes.iter().flatten();
        let class_rows = classes.enumerate().map(|(row, class)| (class.clone(), row)).collect();
        let order = options.seed;
        let (training, validation) = (None, None);
        let stream = Self { source, options, membership, scan, class_rows, order, number: 0, training, validation };
        stream.room_for_window()?;
        Ok(stream)
    }

    /// Training samples: the sum over the batches of a pass.
    pub fn samples(&self) -> usize {
        self.scan.training
    }

    /// Validation samples.
    pub fn validation_samples(&self) -> usize {
        self.scan.rows - self.scan.training
    }

    /// Names of the inputs, as in a [`Dataset`](super::Dataset).
    pub fn input_names(&self) -> &[String] {
        &self.source.input_names
    }

    /// Names of the target columns, as in a [`Dataset`](super::Dataset).
    pub fn target_names(&self) -> &[String] {
        &self.source.target_names
    }

    /// For classification the labels in the order of the rows of a batch's targets.
    pub fn classes(&self) -> Option<&[String]> {
        self.scan.classes.as_deref()
    }

    /// What the inputs of the batches are scaled by: mean and deviation of the training samples, unless it was set.
    pub fn input_scaling(&self) -> &Standardization {
        &self.scan.input_scaling
    }

    /// What the targets are scaled by: likewise for a regression, the identity for classes.
    pub fn target_scaling(&self) -> &Standardization {
        &self.scan.target_scaling
    }

    /// Scales the batches that follow by something else, such as a deviation of 1/√inputs.
    ///
    /// # Errors
    /// [`DataError::Rows`] when a scaling has another number of rows; nothing is changed then.
    pub fn set_scaling(&mut self, inputs: Standardization, targets: Standardization) -> Result<(), DataError> {
        for (new, old) in [(&inputs, &self.scan.input_scaling), (&targets, &self.scan.target_scaling)] {
            let expected = old.mean.len();
            if let Some(&found) = [new.mean.len(), new.scale.len()].iter().find(|&&found| found != expected) {
                return Err(DataError::Rows { found, expected });
            }
        }
        (self.scan.input_scaling, self.scan.target_scaling) = (inputs, targets);
        Ok(())
    }

    /// Samples among which the next one is drawn.
    pub fn window(&self) -> usize {
        self.options.window
    }

    /// A checksum of all inputs and targets, in the order of the file.
    pub fn checksum(&self) -> u32 {
        self.scan.checksum
    }

    /// Goes back before the first batch, with batches of another size, in an order by another seed. The validation part
    /// stays.
    ///
    /// # Errors
    /// [`DataError::StreamOption`] for batches without samples; nothing is changed then.
    pub fn reorder(&mut self, batch: usize, seed: u64) -> Result<(), DataError> {
        if batch == 0 {
            let (found, expected) = (batch.to_string(), "1 or more samples");
            return Err(DataError::StreamOption { option: "batch", found, expected });
        }
        (self.options.batch, self.order) = (batch, seed);
        self.rewind();
        Ok(())
    }

    /// Goes to the place after `batches` batches of pass `pass`, from 0 on. The batches that follow do not depend on where
    /// the stream was. The file is read up to there once, whatever the number of the pass.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub fn seek(&mut self, pass: u64, batches: usize) -> Result<(), DataError> {
        (self.number, self.training) = (pass, None);
        for _ in 0..batches {
            if self.next_batch()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Passes over the training part that have ended.
    pub fn passes(&self) -> u64 {
        self.number
    }

    /// The next batch for training; `None` at the end of a pass, after which the next one begins, in another order.
    ///
    /// # Errors
    /// As [`open`](Self::open) where the file has changed, and [`DataError::Changed`]. The next call begins the pass again.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, DataError> {
        let mut pass = match self.training.take() {
            Some(pass) => pass,
            None => self.begin()?,
        };
        if pass.samples.is_empty() {
            self.number += 1;
            return Ok(None);
        }
        let width = self.width();
        let count = self.options.batch.min(self.scan.training);
        let mut data = reserve(&self.source.file.path, width, count)?;
        let mut samples = Vec::with_capacity(count);
        while samples.len() < count && !pass.samples.is_empty() {
            let slot = below(pass.samples.len() as u64, &mut pass.rng) as usize;
            let place = slot * width..(slot + 1) * width;
            data.extend_from_slice(&pass.window[place.clone()]);
            samples.push(pass.samples[slot]);
            // The next of the file goes to the end of the window, and from there, or when there is none the last one, to
            // the place that has become free.
            if let Some(sample) = self.read(&mut pass.reader, &mut pass.window)? {
                pass.samples.push(sample);
            }
            let last = pass.window.len() - width;
            pass.window.copy_within(last.., place.start);
            pass.window.truncate(last);
            pass.samples.swap_remove(slot);
        }
        self.training = Some(pass);
        self.batch(&data, samples).map(Some)
    }

    /// The next batch of validation samples, in the order of the file; `None` at the end, after which they come again.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub fn next_validation_batch(&mut self) -> Result<Option<Batch>, DataError> {
        if self.validation_samples() == 0 {
            return Ok(None);
        }
        let mut reader = match self.validation.take() {
            Some(reader) => reader,
            None => self.reader(false)?,
        };
        let count = self.options.batch.min(self.validation_samples());
        let mut data = reserve(&self.source.file.path, self.width(), count)?;
        let mut samples = Vec::with_capacity(count);
        while samples.len() < self.options.batch {
            match self.read(&mut reader, &mut data)? {
                Some(sample) => samples.push(sample),
                None => break,
            }
        }
        if samples.is_empty() {
            return Ok(None);
        }
        self.validation = Some(reader);
        self.batch(&data, samples).map(Some)
    }

    /// Goes back before the first batch of the first pass: the same batches come again.
    pub fn rewind(&mut self) {
        (self.number, self.training, self.validation) = (0, None, None);
    }

    /// Numbers of a sample: inputs and outputs.
    fn width(&self) -> usize {
        self.scan.input_scaling.mean.len() + self.scan.target_scaling.mean.len()
    }

    /// Room for the window and the sample that comes next.
    fn room_for_window(&self) -> Result<Vec<f64>, DataError> {
        reserve(&self.source.file.path, self.width(), self.options.window.min(self.scan.training).saturating_add(1))
    }

    fn reader(&self, trains: bool) -> Result<Reader, DataError> {
        Ok(Reader { cursor: self.source.open()?, trains, passed: 0, ended: false })
    }

    /// Opens the file and fills the window.
    fn begin(&self) -> Result<Pass, DataError> {
        let rng = Xoshiro256PlusPlus::seed_from_u64(mix(self.order).wrapping_add(self.number));
        let window = self.room_for_window()?;
        let mut pass = Pass { reader: self.reader(true)?, rng, window, samples: Vec::new() };
        while pass.samples.len() < self.options.window
            && let Some(sample) = self.read(&mut pass.reader, &mut pass.window)?
        {
            pass.samples.push(sample);
        }
        Ok(pass)
    }

    /// Appends the next sample of the reader's part and tells its number; `None` at the end of the file, which must be
    /// where it was before.
    fn read(&self, reader: &mut Reader, data: &mut Vec<f64>) -> Result<Option<usize>, DataError> {
        while !reader.ended {
            let (found, expected) = (reader.passed, self.scan.rows);
            let changed = |found| DataError::Changed { file: self.source.file.path.clone(), found, expected };
            if !reader.cursor.advance()? {
                reader.ended = true;
                return if found == expected { Ok(None) } else { Err(changed(found)) };
            }
            if found == expected {
                return Err(changed(found + 1));
            }
            reader.passed += 1;
            if self.membership.trains(found) == reader.trains {
                reader.cursor.inputs(data)?;
                self.read_targets(&*reader.cursor, found, data)?;
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn read_targets(&self, cursor: &dyn Cursor, sample: usize, data: &mut Vec<f64>) -> Result<(), DataError> {
        let targets = self.source.target_names.len();
        let Some(classes) = &self.scan.classes else {
            for k in 0..targets {
                let super::csv::Kind::Number(number) = cursor.target(k) else { return Err(cursor.refused(k, false)) };
                data.push(number);
            }
            return Ok(());
        };
        let row = if targets == 1 {
            let label = label(cursor)?;
            match self.class_rows.get(&label) {
                Some(&row) => row,
                None => {
                    let (at, expected) = (cursor.place()?, quoted_list(classes.iter()));
                    return Err(DataError::UnknownClass { at, found: quoted(&label), expected });
                }
            }
        } else {
            one_hot_class(cursor, targets, &self.source, sample)?
        };
        data.extend((0..classes.len()).map(|class| f64::from(u8::from(class == row))));
        Ok(())
    }

    /// Inputs and targets of the samples in `data`, scaled.
    fn batch(&self, data: &[f64], samples: Vec<usize>) -> Result<Batch, DataError> {
        let (inputs, outputs) = (self.scan.input_scaling.mean.len(), self.scan.target_scaling.mean.len());
        let matrix = |rows: usize, part: std::ops::Range<usize>| {
            let mut numbers = reserve(&self.source.file.path, rows, samples.len())?;
            data.chunks_exact(inputs + outputs).for_each(|sample| numbers.extend_from_slice(&sample[part.clone()]));
            let found = numbers.len();
            DenseMatrix::from_vec(numbers, rows, samples.len()).ok_or(DataError::Rows { found, expected: rows })
        };
        let (mut x, mut c) = (matrix(inputs, 0..inputs)?, matrix(outputs, inputs..inputs + outputs)?);
        self.scan.input_scaling.apply_in_place(&mut x)?;
        self.scan.target_scaling.apply_in_place(&mut c)?;
        Ok(Batch { x, c, samples })
    }
}

#[cfg(test)]
mod tests;
