//! Which two matrices of a MAT or NPZ file are inputs and targets, and which way round they lie.
//!
//! **Names.** Those asked for; else the first of [`PAIRS`] of which both are there. When only one is asked for, the other
//! is its partner in the first such pair.
//!
//! **Orientation.** [`Matrices::matrix`] gives what its kind of file calls a sample as columns: MATLAB's columns, and the
//! entries along the first axis of a NumPy array. Equal numbers of columns: these are the samples. Equal numbers of rows
//! only: the rows. A vector has one number a sample, whichever way the other matrix lies.

use super::error::DataError;
use super::wording::quoted;
use crate::DenseMatrix;
use std::path::Path;

/// Usual names of inputs and targets, first match first.
const PAIRS: [(&str, &str); 11] = [
    ("X", "Y"),
    ("x", "y"),
    ("X", "y"),
    ("xall", "yall"),
    ("inputs", "targets"),
    ("Y", "C"),
    ("x_train", "y_train"),
    ("X_train", "y_train"),
    ("images", "labels"),
    ("data", "target"),
    ("arr_0", "arr_1"),
];

/// A file of named matrices.
pub(super) trait Matrices {
    /// The file.
    fn path(&self) -> &Path;
    /// "variables" or "arrays".
    fn kind(&self) -> &'static str;
    /// All that the file holds.
    fn entries(&self) -> Vec<Entry>;
    /// All of it with shapes, for messages.
    fn listing(&self) -> String;
    /// The matrix of that name, all its numbers finite.
    fn matrix(&self, name: &str) -> Result<DenseMatrix<f64>, DataError>;
}

/// One thing in a file of matrices.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Rows and columns that [`Matrices::matrix`] will give; `None` when it is no matrix of real numbers.
    pub(super) shape: Option<(usize, usize)>,
    /// The shape in the words of the file.
    pub(super) words: String,
    /// Whether it has one axis.
    pub(super) vector: bool,
}

/// Inputs and targets, one sample a column.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) inputs: DenseMatrix<f64>,
    pub(super) targets: DenseMatrix<f64>,
    pub(super) input_name: String,
    pub(super) target_name: String,
}

/// Reads the pair asked for, or the first usual one.
pub(super) fn read_pair(
    file: &dyn Matrices,
    inputs: Option<&[String]>,
    targets: Option<&[String]>,
) -> Result<Pair, DataError> {
    let inputs = inputs.map(|names| one(file, "inputs", names)).transpose()?;
    let targets = targets.map(|names| one(file, "targets", names)).transpose()?;
    let entries = file.entries();
    let has = |name: &str| entries.iter().any(|entry| entry.name == name && entry.shape.is_some());
    let (input_name, target_name) = match (inputs, targets) {
        (Some(inputs), Some(targets)) => (inputs, targets),
        _ => PAIRS
            .into_iter()
            .find(|&(x, y)| {
                inputs.is_none_or(|name| name == x) && targets.is_none_or(|name| name == y) && has(x) && has(y)
            })
            .ok_or_else(|| {
                let expected = PAIRS.map(|(x, y)| format!("({x},{y})")).join(", ");
                let (file, kind, available) = (file.path().to_path_buf(), file.kind(), file.listing());
                DataError::NoPair { file, kind, expected, available }
            })?,
    };
    let (mut x, mut y) = (file.matrix(input_name)?, file.matrix(target_name)?);
    let entry = |name: &str| entries.iter().find(|entry| entry.name == name);
    let is_vector = |name: &str| entry(name).is_some_and(|entry| entry.vector);
    if x.cols() != y.cols() {
        if x.rows() == y.cols() && is_vector(target_name) {
            x = x.transposed();
        } else if x.cols() == y.rows() && is_vector(input_name) {
            y = y.transposed();
        } else if x.rows() == y.rows() && !is_vector(target_name) && !is_vector(input_name) {
            (x, y) = (x.transposed(), y.transposed());
        } else {
            let shape = |name: &str| entry(name).map(|entry| entry.words.clone()).unwrap_or_default();
            return Err(DataError::ShapeMismatch {
                file: file.path().to_path_buf(),
                inputs: quoted(input_name),
                input_shape: shape(input_name),
                targets: quoted(target_name),
                target_shape: shape(target_name),
            });
        }
    }
    Ok(Pair { inputs: x, targets: y, input_name: input_name.to_owned(), target_name: target_name.to_owned() })
}

/// Reads inputs alone: the matrix the model's inputs came from, else the only one with as many rows or columns.
///
/// Names made by [`row_names`] tell the matrix. Samples are the columns when the rows are as many as inputs expected,
/// else the rows.
pub(super) fn read_inputs(file: &dyn Matrices, names: &[String]) -> Result<DenseMatrix<f64>, DataError> {
    let expected = names.len();
    let path = || file.path().to_path_buf();
    let former = names.first().and_then(|name| name.rsplit_once('_')).map(|(matrix, _)| matrix);
    let entries = file.entries();
    let named = entries.iter().find(|entry| Some(entry.name.as_str()) == former);
    let fits = |entry: &&Entry| entry.shape.is_some_and(|(rows, cols)| rows == expected || cols == expected);
    let fitting: Vec<_> = entries.iter().filter(fits).collect();
    let entry = match (named, &fitting[..]) {
        (Some(entry), _) | (None, &[entry]) => entry,
        _ => {
            let (found, available) = (fitting.len(), file.listing());
            return Err(DataError::InputVariable { file: path(), found, expected, available });
        }
    };
    let matrix = file.matrix(&entry.name)?;
    if matrix.rows() == expected {
        Ok(matrix)
    } else if matrix.cols() == expected {
        Ok(matrix.transposed())
    } else {
        Err(DataError::ColumnCount { file: path(), role: "input", found: matrix.rows(), expected })
    }
}

/// Names for the rows of a matrix: `Y_1`, `Y_2`, …
pub(super) fn row_names(matrix: &str, rows: usize) -> Vec<String> {
    (1..=rows).map(|row| format!("{matrix}_{row}")).collect()
}

fn one<'a>(file: &dyn Matrices, role: &'static str, names: &'a [String]) -> Result<&'a str, DataError> {
    match names {
        [name] => Ok(name),
        _ => {
            let (kind, found) = (file.kind(), names.len());
            Err(DataError::OneVariable { file: file.path().to_path_buf(), kind, role, found })
        }
    }
}
