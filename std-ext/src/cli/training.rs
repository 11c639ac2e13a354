//! [`Training`]: training data in memory or in their file, as `train` sees them.

use gaussling::compare::Entry;
use gaussling::data::Stream;
use gaussling::train::{
    Begin, Checkpoint, CheckpointError, Method, Options, Problem, Run, Streamed, TrainError, Watch, Weights, train_with,
};

pub enum Training<'a> {
    Memory(&'a Problem),
    File(Streamed<'a>),
}

impl<'a> Training<'a> {
    pub fn new(problem: &'a Problem, stream: Option<&'a mut Stream>) -> Result<Self, TrainError> {
        match stream {
            None => Ok(Self::Memory(problem)),
            Some(stream) => Ok(Self::File(Streamed::new(problem, stream)?)),
        }
    }

    pub fn check(
        &self,
        checkpoint: &Checkpoint,
        method: Method,
        options: &Options,
        seed: u64,
    ) -> Result<(), CheckpointError> {
        match self {
            Self::Memory(problem) => checkpoint.check(problem, method, options, seed),
            Self::File(data) => data.check(checkpoint, method, options, seed),
        }
    }

    pub fn initial_weights(&self, options: &Options, seed: u64) -> Result<Weights, TrainError> {
        match self {
            Self::Memory(problem) => problem.initial_weights(options, seed),
            Self::File(data) => data.initial_weights(options, seed),
        }
    }

    pub fn train(
        &mut self,
        method: Method,
        options: &Options,
        seed: u64,
        begin: Begin<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Run, TrainError> {
        match self {
            Self::Memory(problem) => train_with(problem, method, options, seed, begin, watch),
            Self::File(data) => data.train(method, options, seed, begin, watch),
        }
    }

    /// The run with its scores.
    pub fn entry(&self, seed: u64, run: Run) -> Result<Entry, TrainError> {
        match self {
            Self::Memory(problem) => Entry::new(problem, seed, run),
            Self::File(data) => {
                let scores = data.scores(&run.weights)?;
                Ok(Entry { seed, run, scores })
            }
        }
    }
}
