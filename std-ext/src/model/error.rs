//! [`ModelError`]: all that can be wrong with a model or its file, a line each.

use std::path::PathBuf;

use crate::network::DescribeError;

/// Why a model was not saved, loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
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
    /// The file was read, and is no model.
    #[error("{}: {problem}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        problem: Problem,
    },
    /// The model in memory contradicts itself.
    #[error("model: {0}")]
    Model(#[from] Problem),
    /// A matrix of inputs that the model cannot take.
    #[error("inputs: found {found} rows, expected {expected}, one for each input of the model")]
    Inputs {
        /// Rows of the matrix.
        found: usize,
        /// Inputs of the model.
        expected: usize,
    },
    /// An input that is NaN or infinite.
    #[error("inputs: sample {sample}, input {input}: found {value}, expected a finite number")]
    NotFinite {
        /// The sample, from 1.
        sample: usize,
        /// The input, from 1.
        input: usize,
        /// What is there.
        value: f64,
    },
    /// Classes asked of a model that predicts numbers.
    #[error("model: predicts numbers, not classes; ask for its predictions instead")]
    NotAClassifier,
    /// The core refused a call.
    #[error("model: {0}")]
    Core(#[from] gaussling_core::Error),
}

/// What is wrong with the contents of a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Another kind of file, or one that was cut.
    #[error("is not a model file of gaussling, or is cut short: {0}")]
    NotAModel(String),
    /// A format that this version does not know.
    #[error("has the format {found}, expected {expected}; it was written by version {by}, this is version {here}")]
    Format {
        /// The format in the file.
        found: String,
        /// The format that is read.
        expected: &'static str,
        /// The version that wrote the file.
        by: String,
        /// The version that reads it.
        here: &'static str,
    },
    /// The contents are not those that were written.
    #[error("is damaged: {0}; copy the file again, or train again")]
    Damaged(String),
    /// Something is not in the file.
    #[error("has no {0}; save the model again")]
    Missing(&'static str),
    /// The description is not a network.
    #[error(transparent)]
    Description(#[from] DescribeError),
    /// A part has another length than the others call for.
    #[error("{what}: found {found}, expected {expected}")]
    Length {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A number that is NaN or infinite, or a scale that is not positive.
    #[error("{what}, number {position}: found {value}, expected a {expected} number")]
    Number {
        /// The part it is in.
        what: &'static str,
        /// Which number of the part, from 1.
        position: usize,
        /// The number.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
}
