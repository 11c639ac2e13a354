//! [`Checkpoint`]: a run between two of its steps, from which it goes on with the same bits.
//!
//! What later steps depend on is in it: weights, the state of the method and, where there is one, of its objective (each a
//! slice of numbers, see [`SaveState`]), the place in the epoch, history, best weights. What is a function of problem, options
//! and seed is not: data, network, and the order of batches, which is drawn anew up to the epoch. These are in the checkpoint
//! by name and by checksum only, so that it goes on with nothing else.

use std::path::PathBuf;

use gaussling_core::optim::SaveState;

use super::monitor::Record;
use super::number::Number;
use super::options::{Method, Options};
use super::problem::{Part, Problem, TrainError, buffer};

/// Why a checkpoint was not kept, or not taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The operating system did not let the file be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The operating system did not let the file be written; what was there before is still there.
    #[error("{}: cannot be written: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The file was read, and is no whole checkpoint.
    #[error("{}: {reason}; delete it to start from the beginning", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// The checkpoint is one of another problem, method, seed, of other options, or of another version of this library.
    #[error("the checkpoint is of another run: {}", .0.join("; "))]
    Differs(Vec<String>),
    /// A part of the checkpoint is not there or has another length than the run calls for.
    #[error("the checkpoint does not fit the run: {what}: found {found} numbers, expected {expected}")]
    Length {
        /// The part.
        what: String,
        /// How many numbers there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
}

/// A run between two of its steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Problem, method, seed and options: names and values.
    pub(super) identity: Vec<(String, String)>,
    pub(super) history: Vec<Record>,
    /// Loss of the best weights on validation data, and where in the history they were best.
    pub(super) best: (f64, f64),
    /// [θ; vec W]
    pub(super) best_weights: Vec<f64>,
    /// Of training.
    pub(super) seconds: f64,
    pub(super) state: State,
}

impl Checkpoint {
    /// The history up to the checkpoint.
    pub fn history(&self) -> &[Record] {
        &self.history
    }

    /// Seconds of training up to the checkpoint.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Work units up to the checkpoint.
    pub fn work_units(&self) -> f64 {
        self.state.get("position").and_then(|position| position.first()).copied().unwrap_or(0.0)
    }

    /// Whether a run with these arguments can go on from here.
    ///
    /// # Errors
    /// [`CheckpointError::Differs`] with all that differs, [`CheckpointError::Length`].
    pub fn check(
        &self,
        problem: &Problem,
        method: Method,
        options: &Options,
        seed: u64,
    ) -> Result<(), CheckpointError> {
        self.check_identity(&identity(problem, method, options, seed), problem.params())
    }

    /// The same for the identity of a run and its number of weights.
    pub(super) fn check_identity(&self, own: &[(String, String)], params: usize) -> Result<(), CheckpointError> {
        let mut differences = Vec::new();
        for (name, value) in own {
            match self.identity.iter().find(|(other, _)| other == name) {
                Some((_, other)) if other == value => {}
                Some((_, other)) => differences.push(format!("its {name} is {other}, this run has {value}")),
                None => differences.push(format!("it says nothing about {name}, which in this run is {value}")),
            }
        }
        let unknown = self.identity.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
        differences.extend(unknown.map(|(name, value)| format!("its {name} is {value}, this version knows no {name}")));
        if !differences.is_empty() {
            return Err(CheckpointError::Differs(differences));
        }
        check_length("best weights", params, self.best_weights.len())
    }
}

fn check_length(what: &str, expected: usize, found: usize) -> Result<(), CheckpointError> {
    if found == expected { Ok(()) } else { Err(CheckpointError::Length { what: what.to_string(), found, expected }) }
}

/// All that a run is a function of, but the weights it starts from.
pub(super) fn identity(problem: &Problem, method: Method, options: &Options, seed: u64) -> Vec<(String, String)> {
    let Part { x, c } = &problem.train;
    identity_with(data(x.cols(), problem, checksum([x.as_slice(), c.as_slice()])), problem, method, options, seed)
}

/// Data in words.
pub(super) fn data(samples: usize, problem: &Problem, checksum: u32) -> String {
    let (inputs, outputs) = (problem.network.inputs(), problem.outputs());
    format!("{samples} samples of {inputs} inputs and {outputs} outputs, checksum {checksum:08x}")
}

/// The same for training data of which this is said.
pub(super) fn identity_with(
    training: String,
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
) -> Vec<(String, String)> {
    let Part { x, c } = &problem.validation;
    let validation = data(x.cols(), problem, checksum([x.as_slice(), c.as_slice()]));
    let first = [
        ("version", env!("CARGO_PKG_VERSION").to_string()),
        ("training data", training),
        ("validation data", validation),
        ("network", problem.network.to_string()),
        ("loss", problem.loss.name().to_string()),
        ("method", method.name().to_string()),
        ("seed", seed.to_string()),
    ];
    first.into_iter().chain(options.entries()).map(|(name, value)| (name.to_string(), value)).collect()
}

/// CRC-32 of the bits of numbers.
fn checksum(parts: [&[f64]; 2]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for value in parts.into_iter().flatten() {
        hasher.update(&value.to_le_bytes());
    }
    hasher.finalize()
}

/// Named lists of numbers: what a loop and its method save.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State(pub(super) Vec<(String, Vec<f64>)>);

impl State {
    /// Adds a list.
    pub(super) fn put<T: Number>(&mut self, name: &str, numbers: &[T]) {
        self.0.push((name.to_string(), T::widen(numbers.to_vec())));
    }

    /// Adds the state of a method or of an objective.
    pub(super) fn save<T: Number>(&mut self, name: &'static str, of: &impl SaveState<T>) -> Result<(), TrainError> {
        let mut numbers = buffer("a checkpoint", of.state_len())?;
        of.save(&mut numbers)?;
        self.0.push((name.to_string(), T::widen(numbers)));
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&[f64]> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, numbers)| numbers.as_slice())
    }

    /// The list of this name, which must have this length.
    fn numbers(&self, name: &str, expected: usize) -> Result<&[f64], CheckpointError> {
        let numbers = self.get(name).unwrap_or_default();
        check_length(name, expected, numbers.len())?;
        Ok(numbers)
    }

    /// Copies the list of this name, which must have the length of `out`.
    pub(super) fn copy<T: Number>(&self, name: &str, out: &mut [T]) -> Result<(), CheckpointError> {
        let numbers = self.numbers(name, out.len())?;
        out.iter_mut().zip(numbers).for_each(|(out, &number)| *out = T::from_f64(number));
        Ok(())
    }

    /// The list of this name, of a length that the type says.
    pub(super) fn array<const N: usize>(&self, name: &str) -> Result<[f64; N], CheckpointError> {
        let mut array = [0.0; N];
        self.copy(name, &mut array)?;
        Ok(array)
    }

    /// Restores a method or an objective.
    pub(super) fn restore<T: Number>(&self, name: &str, into: &mut impl SaveState<T>) -> Result<(), TrainError> {
        Ok(into.restore(&T::narrow(self.numbers(name, into.state_len())?)?)?)
    }
}
