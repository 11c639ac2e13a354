//! Class labels: the list of distinct ones, and targets with a 1 in the row of a sample's class.

use super::csv::{Kind, Table};
use super::error::DataError;
use super::file::reserve;
use super::wording::quoted;
use crate::DenseMatrix;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// The labels in a column of a text table. A number is a label by its value: `3` and `3.0` are one class.
pub(super) fn column_labels(table: &Table, column: usize) -> Result<Vec<String>, DataError> {
    (0..table.rows())
        .map(|row| match table.cell(row, column) {
            Kind::Word(text) => Ok(text.to_owned()),
            Kind::Number(number) => Ok(number_label(number)),
            Kind::Missing(text) | Kind::NotFinite(text) => {
                let (at, found) = (table.place(row, column), quoted(text));
                Err(DataError::MissingValue { at, found, expected: "class label" })
            }
        })
        .collect()
}

/// A number as a label.
pub(super) fn number_label(number: f64) -> String {
    (number + 0.0).to_string() // the sum turns -0 into 0
}

/// The distinct labels: by value when all are numbers, else by alphabet.
pub(super) fn class_list(labels: &[String]) -> Vec<String> {
    let mut classes: Vec<String> = labels.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let numbers: Result<Vec<f64>, _> = classes.iter().map(|class| class.parse::<f64>()).collect();
    if numbers.is_ok() {
        classes.sort_by(|a, b| {
            let value = |label: &str| label.parse::<f64>().unwrap_or(f64::NAN);
            value(a).total_cmp(&value(b))
        });
    }
    classes
}

/// One row a class, one column a sample; `place` tells where a sample with an unknown label is.
pub(super) fn one_hot(
    path: &Path,
    labels: &[String],
    classes: &[String],
    place: impl Fn(usize) -> String,
) -> Result<DenseMatrix<f64>, DataError> {
    let rows: HashMap<&str, usize> = classes.iter().enumerate().map(|(row, class)| (class.as_str(), row)).collect();
    let mut data = reserve(path, classes.len(), labels.len())?;
    data.resize(classes.len() * labels.len(), 0.0);
    for (sample, label) in labels.iter().enumerate() {
        let row = rows.get(label.as_str()).ok_or_else(|| DataError::UnknownClass {
            at: place(sample),
            found: quoted(label),
            expected: super::wording::quoted_list(classes.iter()),
        })?;
        data[row + sample * classes.len()] = 1.0;
    }
    Ok(DenseMatrix::from_vec(data, classes.len(), labels.len()).expect("resized to this shape"))
}

/// The first column, if any, that is not a single 1 among zeros.
pub(super) fn not_one_hot(targets: &DenseMatrix<f64>) -> Option<usize> {
    (0..targets.cols()).find(|&sample| {
        let column = targets.col(sample);
        column.iter().filter(|&&value| value == 1.0).count() != 1
            || column.iter().filter(|&&value| value == 0.0).count() != column.len() - 1
    })
}
