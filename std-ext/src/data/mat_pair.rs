//! Which two variables of a MAT file are inputs and targets, and which way round they lie.
//!
//! **Names.** Those asked for; else the first of [`PAIRS`] of which both are there. When only one is asked for, the other
//! is its partner in the first such pair.
//!
//! **Orientation.** Equal numbers of columns: the samples are the columns. Equal numbers of rows only: the rows.

use super::error::{DataError, Shape, quoted};
use super::mat::MatFile;
use crate::DenseMatrix;
use std::path::Path;

/// Usual names of inputs and targets, first match first.
const PAIRS: [(&str, &str); 6] =
    [("X", "Y"), ("x", "y"), ("X", "y"), ("xall", "yall"), ("inputs", "targets"), ("Y", "C")];

/// Inputs and targets of a MAT file, one sample a column.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) inputs: DenseMatrix<f64>,
    pub(super) targets: DenseMatrix<f64>,
    pub(super) input_name: String,
    pub(super) target_name: String,
}

/// Reads the pair asked for, or the first usual one.
pub(super) fn read_pair(
    path: &Path,
    mat: &MatFile<'_>,
    inputs: Option<&[String]>,
    targets: Option<&[String]>,
) -> Result<Pair, DataError> {
    let inputs = inputs.map(|names| one(path, "inputs", names)).transpose()?;
    let targets = targets.map(|names| one(path, "targets", names)).transpose()?;
    let has = |name: &str| mat.variables().iter().any(|variable| variable.name == name && variable.is_matrix());
    let (input_name, target_name) = match (inputs, targets) {
        (Some(inputs), Some(targets)) => (inputs, targets),
        _ => PAIRS
            .into_iter()
            .find(|&(x, y)| {
                inputs.is_none_or(|name| name == x) && targets.is_none_or(|name| name == y) && has(x) && has(y)
            })
            .ok_or_else(|| {
                let expected = PAIRS.map(|(x, y)| format!("({x},{y})")).join(", ");
                DataError::NoPair { file: path.to_path_buf(), expected, available: mat.listing() }
            })?,
    };
    let (mut x, mut y) = (mat.matrix(input_name)?, mat.matrix(target_name)?);
    if x.cols() != y.cols() {
        if x.rows() != y.rows() {
            return Err(DataError::ShapeMismatch {
                file: path.to_path_buf(),
                inputs: quoted(input_name),
                input_shape: Shape(x.rows(), x.cols()),
                targets: quoted(target_name),
                target_shape: Shape(y.rows(), y.cols()),
            });
        }
        (x, y) = (x.transposed(), y.transposed());
    }
    Ok(Pair { inputs: x, targets: y, input_name: input_name.to_owned(), target_name: target_name.to_owned() })
}

/// Reads inputs alone: the variable the model's inputs came from, else the only matrix with as many rows or columns.
///
/// Names made by [`row_names`] tell the variable. Samples are the columns when the rows are as many as inputs expected,
/// else the rows.
pub(super) fn read_inputs(path: &Path, mat: &MatFile<'_>, names: &[String]) -> Result<DenseMatrix<f64>, DataError> {
    let expected = names.len();
    let file = || path.to_path_buf();
    let former = names.first().and_then(|name| name.rsplit_once('_')).map(|(variable, _)| variable);
    let named = mat.variables().iter().find(|variable| Some(variable.name.as_str()) == former);
    let fitting: Vec<_> =
        mat.variables().iter().filter(|variable| variable.is_matrix() && variable.shape.contains(&expected)).collect();
    let variable = match (named, &fitting[..]) {
        (Some(variable), _) | (None, &[variable]) => variable,
        _ => {
            let (found, available) = (fitting.len(), mat.listing());
            return Err(DataError::InputVariable { file: file(), found, expected, available });
        }
    };
    let matrix = mat.matrix(&variable.name)?;
    if matrix.rows() == expected {
        Ok(matrix)
    } else if matrix.cols() == expected {
        Ok(matrix.transposed())
    } else {
        Err(DataError::ColumnCount { file: file(), role: "input", found: matrix.rows(), expected })
    }
}

/// Names for the rows of a variable: `Y_1`, `Y_2`, …
pub(super) fn row_names(variable: &str, rows: usize) -> Vec<String> {
    (1..=rows).map(|row| format!("{variable}_{row}")).collect()
}

fn one<'a>(path: &Path, role: &'static str, names: &'a [String]) -> Result<&'a str, DataError> {
    match names {
        [name] => Ok(name),
        _ => Err(DataError::OneVariable { file: path.to_path_buf(), role, found: names.len() }),
    }
}
