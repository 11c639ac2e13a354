//! From a file with a table of numbers to a data set.
//!
//! | wanted | routine |
//! |---|---|
//! | a training file | [`load`] |
//! | a second file (test set) that must fit a first one | [`load_like`] |
//! | a file to predict on, with or without its targets | [`load_inputs`] |
//! | training, validation and test samples | [`split`] |
//! | features of mean 0 and deviation 1 | [`Standardization`] |
//! | what is in a file | [`summary`] |
//! | a file larger than memory, batch by batch | [`Stream`] |
//!
//! Read are text tables (comma, semicolon, tab or runs of spaces between the cells), MAT files of version 5, NumPy's NPY and
//! NPZ, and IDX as MNIST comes; any of them also compressed by gzip. The format is told by the first bytes. Where no disk is,
//! or the bytes are there already, a [`DataFile`] of them takes the place of a path.
//!
//! **Contract.** Matrices hold one sample a column, and every number in them is finite: a NaN, an infinity, an empty cell
//! or a word is refused while the file is read. No file, however damaged, makes these routines panic or reserve more
//! memory than its own bytes can account for; a table that memory cannot hold is [`DataError::TooLarge`]. Every
//! [`DataError`] is one line that says where, what was found, what was expected and what to do.
//!
//! **Layers**, each using only those above it: `wording`, `error`; `file`, `element`; `dialect`, `columns`, `array`, `pair`;
//! `csv`, `mat`, `npy`, `idx`, `npz`, `format`; `classes`, `arrays`, `text_rows`, `array_rows`; `dataset` with `assemble`;
//! `stream`, `summary`. `split` and `standardize` use `error` alone, `moments` nothing.

mod array;
mod array_rows;
mod arrays;
mod assemble;
mod classes;
mod columns;
mod csv;
mod dataset;
mod dialect;
mod element;
mod error;
mod file;
mod format;
mod idx;
mod mat;
mod moments;
mod npy;
mod npz;
mod pair;
mod split;
mod standardize;
pub mod stream;
mod summary;
mod summary_show;
#[cfg(test)]
mod testing;
mod text_rows;
mod wording;

pub use dataset::{Dataset, LoadOptions, Task, load, load_inputs, load_like};
pub use error::DataError;
pub use file::DataFile;
pub use format::Format;
pub use split::{Sizes, Split, split};
pub use standardize::Standardization;
pub use stream::{Batch, Stream, StreamOptions, StreamPart};
pub use summary::{ColumnSummary, Role, Summary, summary};
pub(crate) use wording::quoted;
pub use wording::{Cell, Shape};
