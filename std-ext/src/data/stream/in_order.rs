//! A part of a stream in the order of the file, and a sample of it: for what needs no shuffling, beside a pass under way.

use super::super::error::DataError;
use super::super::file::reserve;
use super::super::split::below;
use super::{Batch, Reader, Stream};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Which samples of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamPart {
    /// Those that batches are made of.
    Training,
    /// Those kept from them.
    Validation,
}

/// One pass over a part, in the order of the file.
pub struct InOrder<'a> {
    stream: &'a Stream,
    reader: Reader,
    batch: usize,
}

impl std::fmt::Debug for InOrder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InOrder").field("stream", self.stream).field("batch", &self.batch).finish_non_exhaustive()
    }
}

impl Stream {
    /// A pass over a part in the order of the file, in batches of up to `batch` samples. It does not touch the shuffled one.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    pub fn in_order(&self, part: StreamPart, batch: usize) -> Result<InOrder<'_>, DataError> {
        Ok(InOrder { stream: self, reader: self.reader(part == StreamPart::Training)?, batch: batch.max(1) })
    }

    /// Some samples of a part, drawn at random without replacement, all with the same probability; the whole part where it
    /// has no more than `most`. Which ones is the same each time. Takes one pass (algorithm R of J. S. Vitter, *Random sampling
    /// with a reservoir*, ACM Trans. Math. Softw. 11, 1985, DOI 10.1145/3147.3165).
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch), and [`DataError::TooLarge`].
    pub fn sample(&self, part: StreamPart, most: usize) -> Result<Batch, DataError> {
        let trains = part == StreamPart::Training;
        let there = if trains { self.samples() } else { self.validation_samples() };
        let (width, count) = (self.width(), most.min(there));
        let mut reader = self.reader(trains)?;
        let mut data = reserve(&self.source.file.path, width, count)?;
        let mut one = reserve(&self.source.file.path, width, 1)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.options.seed);
        let (mut samples, mut seen) = (Vec::with_capacity(count), 0_u64);
        if count == 0 {
            return self.batch(&data, samples);
        }
        loop {
            one.clear();
            let Some(sample) = self.read(&mut reader, &mut one)? else { break };
            seen += 1;
            if samples.len() < count {
                data.extend_from_slice(&one);
                samples.push(sample);
                continue;
            }
            let slot = below(seen, &mut rng) as usize;
            if let Some(place) = samples.get_mut(slot) {
                *place = sample;
                data[slot * width..(slot + 1) * width].copy_from_slice(&one);
            }
        }
        self.batch(&data, samples)
    }
}

impl InOrder<'_> {
    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// As [`Stream::next_batch`].
    pub fn next_batch(&mut self) -> Result<Option<Batch>, DataError> {
        let Self { stream, reader, batch } = self;
        let mut data = Vec::new();
        let mut samples = Vec::new();
        while samples.len() < *batch {
            match stream.read(reader, &mut data)? {
                Some(sample) => samples.push(sample),
                None => break,
            }
        }
        if samples.is_empty() { Ok(None) } else { stream.batch(&data, samples).map(Some) }
    }
}
