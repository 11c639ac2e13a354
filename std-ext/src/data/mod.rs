//! From a file with a table of numbers to a data set.
//!
//! | wanted | routine |
//! |---|---|
//! | a training file | [`load`] |
//! | a second file (test set) that must fit a first one | [`load_like`] |
//! | a file to predict on, with or without its targets | [`load_inputs`] |
//! | training, validation and test samples | [`split`] |
//! | features of mean 0 and deviation 1 | [`Standardization`] |
//!
//! Read are text tables (comma, semicolon, tab or runs of spaces between the cells) and MAT files of version 5.
//!
//! **Contract.** Matrices hold one sample a column, and every number in them is finite: a NaN, an infinity, an empty cell
//! or a word is refused while the file is read. No file, however damaged, makes these routines panic or reserve more
//! memory than its own bytes can account for; a table that memory cannot hold is [`DataError::TooLarge`]. Every
//! [`DataError`] is one line that says where, what was found, what was expected and what to do.
//!
//! **Layers**, each using only those above it: `error`; `file`; `dialect`, `csv` and `mat`; `mat_pair`, `columns` and
//! `classes`; `dataset`. `split` and `standardize` use `error` alone.

mod classes;
mod columns;
mod csv;
mod dataset;
mod dialect;
mod error;
mod file;
mod mat;
mod mat_pair;
mod split;
mod standardize;
#[cfg(test)]
mod testing;

pub use dataset::{Dataset, LoadOptions, Task, load, load_inputs, load_like};
pub(crate) use error::quoted;
pub use error::{Cell, DataError, Shape};
pub use split::{Sizes, Split, split};
pub use standardize::Standardization;
