//! [`Batches`]: where the mini-batch methods get their samples from.

use gaussling_core::MatRef;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::number::{Data, Number};
use super::problem::{TrainError, buffer};
use super::start::{Solved, least_squares_w};
use crate::network::Sequential;

/// Keeps the order of batches apart from the draws of the initial weights.
const ORDER_STREAM: u64 = 0x6f72_6465_7200_0001;

/// Inputs and targets of some samples.
pub(super) type Batch<'a, T> = (MatRef<'a, T>, MatRef<'a, T>);

/// Training samples in batches, epoch after epoch. The last batch of an epoch takes what is left.
pub(super) trait Batches<T: Number> {
    /// Training samples.
    fn samples(&self) -> usize;

    /// Samples in a batch.
    fn batch(&self) -> usize;

    /// Stands in epoch `epoch`, from 1 on, after so many of its batches. The order of an epoch depends on its number alone.
    fn begin(&mut self, epoch: usize, done: usize) -> Result<(), TrainError>;

    /// The next batch of the epoch.
    fn next(&mut self) -> Result<Batch<'_, T>, TrainError>;

    /// W that is optimal for θ on all training data, by least squares.
    fn solve(&mut self, network: &Sequential, theta: &[T], alpha: f64) -> Result<Solved<T>, TrainError>;
}

/// Data in memory, shuffled for each epoch.
pub(super) struct Shuffled<'a, T: Number> {
    data: &'a Data<'a, T>,
    batch: usize,
    rng: Xoshiro256PlusPlus,
    order: Vec<usize>,
    /// How often the order was shuffled.
    epoch: usize,
    /// Samples that this epoch has given.
    given: usize,
    x: Vec<T>,
    c: Vec<T>,
}

impl<'a, T: Number> Shuffled<'a, T> {
    pub(super) fn new(data: &'a Data<'a, T>, batch: usize, seed: u64) -> Result<Self, TrainError> {
        Ok(Self {
            data,
            batch,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed ^ ORDER_STREAM),
            order: (0..data.x.cols()).collect(),
            epoch: 0,
            given: 0,
            x: buffer("batches", data.x.rows() * batch)?,
            c: buffer("batches", data.c.rows() * batch)?,
        })
    }

    /// Fisher–Yates with unbiased draws.
    fn shuffle(&mut self) {
        for i in (1..self.order.len()).rev() {
            let bound = i as u64 + 1;
            let limit = u64::MAX - u64::MAX % bound;
            let j = loop {
                let draw = self.rng.next_u64();
                if draw < limit {
                    break (draw % bound) as usize;
                }
            };
            self.order.swap(i, j);
        }
    }
}

impl<T: Number> Batches<T> for Shuffled<'_, T> {
    fn samples(&self) -> usize {
        self.order.len()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn begin(&mut self, epoch: usize, done: usize) -> Result<(), TrainError> {
        // The order of an epoch is made from the one before.
        (self.epoch..epoch).for_each(|_| self.shuffle());
        self.epoch = epoch;
        self.given = done.saturating_mul(self.batch).min(self.order.len());
        Ok(())
    }

    fn next(&mut self) -> Result<Batch<'_, T>, TrainError> {
        let (inputs, outputs) = (self.data.x.rows(), self.data.c.rows());
        let end = (self.given + self.batch).min(self.order.len());
        let indices = &self.order[self.given..end];
        for (k, &j) in indices.iter().enumerate() {
            self.x[k * inputs..(k + 1) * inputs].copy_from_slice(self.data.x.col(j));
            self.c[k * outputs..(k + 1) * outputs].copy_from_slice(self.data.c.col(j));
        }
        let count = indices.len();
        self.given = end;
        let x = MatRef::new(&self.x[..inputs * count], inputs, count)?;
        let c = MatRef::new(&self.c[..outputs * count], outputs, count)?;
        Ok((x, c))
    }

    fn solve(&mut self, network: &Sequential, theta: &[T], alpha: f64) -> Result<Solved<T>, TrainError> {
        least_squares_w(network, theta, alpha, &self.data.x, &self.data.c)
    }
}
