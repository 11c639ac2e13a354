//! [`load`]: from a path to inputs and targets.
//!
//! **Format.** By the first bytes (NPY, NPZ, MAT, IDX), inflated when they are gzip's; else by the ending of the name; else
//! text.
//!
//! **Task.** As asked for; else classification when there is one target column and it holds words only, or when the targets
//! are the integers of an IDX file; else regression.
//! A column of words with numbers among them is never guessed: it is refused with the place of the first word.

use super::array::Fault;
use super::arrays::{self, ArrayFile, Targets};
use super::assemble::{INPUT_HINT, check_counts, from_numbers, from_table};
use super::columns::{Choice, Columns, choose, choose_inputs, find_all, made_up_numbers};
use super::csv::Table;
use super::error::DataError;
use super::file::{DataFile, Opened, open, reserve};
use super::format::Format;
use super::mat::MatFile;
use super::npz::NpzFile;
use super::pair::{Matrices, read_inputs, read_pair, row_names};
use super::wording::quoted;
use crate::DenseMatrix;
use std::path::Path;

/// What a network is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Numbers from numbers.
    Regression,
    /// One of several classes from numbers.
    Classification,
}

/// Inputs and targets, one sample a column, all numbers finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// One row for each input.
    pub inputs: DenseMatrix<f64>,
    /// One row for each target; with `classes`, one row for each class, 1 in the row of the sample's class and else 0.
    pub targets: DenseMatrix<f64>,
    /// Names of the input columns: the header's, else `column_1`, …; in a MAT or NPZ file `X_1`, … for the
    /// inputs in `X`.
    pub input_names: Vec<String>,
    /// Names of the target columns in the file. For one column of labels this is its one name, whatever the number of
    /// classes.
    pub target_names: Vec<String>,
    /// For classification the labels in the order of the rows of `targets`.
    pub classes: Option<Vec<String>>,
}

impl Dataset {
    /// A regression data set from inputs (n_in × samples) and targets (outputs × samples), named `x1`, … and `y1`, ….
    ///
    /// # Errors
    /// [`DataError::SampleCounts`] when the two have not as many columns.
    pub fn from_matrices(inputs: DenseMatrix<f64>, targets: DenseMatrix<f64>) -> Result<Self, DataError> {
        if inputs.cols() != targets.cols() {
            return Err(DataError::SampleCounts { inputs: inputs.cols(), targets: targets.cols() });
        }
        let names = |prefix: &str, n: usize| (1..=n).map(|k| format!("{prefix}{k}")).collect();
        let (input_names, target_names) = (names("x", inputs.rows()), names("y", targets.rows()));
        Ok(Self { inputs, targets, input_names, target_names, classes: None })
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.inputs.cols()
    }

    /// For classification the class of each sample, as an index into `classes`; what [`split`](super::split()) takes.
    pub fn class_indices(&self) -> Option<Vec<usize>> {
        self.classes.as_ref()?;
        let class = |sample| self.targets.col(sample).iter().position(|&value| value == 1.0).unwrap_or(0);
        Some((0..self.samples()).map(class).collect())
    }
}

/// What to take from a file; the default decides by the rules of [`load`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Input columns: names, numbers from 1, ranges such as `1-8`; in a MAT or NPZ file the name of one variable.
    pub inputs: Option<Vec<String>>,
    /// Target columns, likewise; for IDX, and NPY where it is no column, the name of a second file.
    pub targets: Option<Vec<String>>,
    /// Regression or classification.
    pub task: Option<Task>,
}

/// Reads a data set.
///
/// Text: targets are by default the columns whose names start with `target`, else the last; inputs are all others.
/// MAT, NPZ: by default the first pair there is among (X,Y), (x,y), (X,y), (xall,yall), (inputs,targets), (Y,C),
/// (x_train,y_train), (X_train,y_train), (images,labels), (data,target), (arr_0,arr_1). MAT: samples are the columns when the
/// two have as many, else the rows. NPZ: the other way round; further axes are flattened.
/// NPY: as a text without header; or, when `targets` names a file or there are more than two axes, inputs alone.
/// IDX: inputs alone. Their targets are in the file that `targets` names, by default `…labels-idx1…` beside `…images-idx3…`.
///
/// # Errors
/// All of [`DataError`] but those of the split and the standardization.
pub fn load(file: impl Into<DataFile>, options: &LoadOptions) -> Result<Dataset, DataError> {
    load_any(&file.into(), options, None)
}

/// Reads a second file, such as a test set, that must fit `reference`: the same columns, the same list of classes.
///
/// Where both files have headers, the columns are found by the names of the reference, in any order and among others; where
/// two have such a name, by `options`.
/// Where one has none, they are chosen by `options` as in the first file, and must be as many. Where targets are in a file
/// of their own, so are these, in one named like the inputs' as by default in [`load`].
///
/// # Errors
/// As [`load`], and [`DataError::ColumnCount`], [`DataError::UnknownClass`].
pub fn load_like(file: impl Into<DataFile>, options: &LoadOptions, reference: &Dataset) -> Result<Dataset, DataError> {
    load_any(&file.into(), options, Some(reference))
}

/// Reads inputs alone, for a model trained on inputs of these names, from a file with or without its targets.
///
/// Text: by name where both files have headers; else, when there are as many columns as names, all of them; else, when
/// the names are `column_3`, … because the training file had no header, the columns of these numbers. NPY, IDX: likewise.
/// MAT, NPZ: the variable of the training inputs, else the only matrix with that many rows or columns.
///
/// # Errors
/// As [`load`].
pub fn load_inputs(file: impl Into<DataFile>, input_names: &[String]) -> Result<DenseMatrix<f64>, DataError> {
    load_inputs_of(&file.into(), input_names)
}

fn load_inputs_of(file: &DataFile, input_names: &[String]) -> Result<DenseMatrix<f64>, DataError> {
    let opened = open(file)?;
    let path = &file.path;
    match Format::of(path, &opened.head) {
        Format::Mat => read_inputs(&MatFile::parse(path, &opened.read_all()?)?, input_names),
        Format::Npz => read_inputs(&NpzFile::parse(path, &opened.read_all()?)?, input_names),
        Format::Npy | Format::Idx => {
            let file = ArrayFile::new(opened)?;
            let chosen = choose_inputs(&file.columns(), input_names)?;
            select(path, file.read()?, &chosen)
        }
        Format::Text => {
            let table = Table::parse(path, opened.read_all()?)?;
            table.numbers(&choose_inputs(&table.columns, input_names)?, INPUT_HINT)
        }
    }
}

fn load_any(file: &DataFile, options: &LoadOptions, reference: Option<&Dataset>) -> Result<Dataset, DataError> {
    let opened = open(file)?;
    let path = &file.path;
    match Format::of(path, &opened.head) {
        Format::Mat => load_pair(&MatFile::parse(path, &opened.read_all()?)?, "variable", options, reference),
        Format::Npz => load_pair(&NpzFile::parse(path, &opened.read_all()?)?, "array", options, reference),
        Format::Npy | Format::Idx => load_array(opened, options, reference),
        Format::Text => load_text(&Table::parse(path, opened.read_all()?)?, options, reference),
    }
}

fn load_text(table: &Table, options: &LoadOptions, reference: Option<&Dataset>) -> Result<Dataset, DataError> {
    let columns = &table.columns;
    let by_names = reference.filter(|reference| {
        let (inputs, targets) = (&reference.input_names, &reference.target_names);
        made_up_numbers(inputs).is_none() && are_distinct(inputs, targets) && columns.header.is_some()
    });
    let choice = match by_names {
        Some(reference) => choose_like(columns, options, reference)?,
        None => choose(columns, options.inputs.as_deref(), options.targets.as_deref())?,
    };
    check_counts(&columns.file, choice.inputs.len(), choice.targets.len(), reference)?;
    from_table(table, &choice, options.task, reference)
}

/// The columns of the reference's names. Where a name occurs twice, as it may in the first file when another column of that name
/// was not chosen, those that the options choose, if they have the names.
fn choose_like(columns: &Columns, options: &LoadOptions, reference: &Dataset) -> Result<Choice, DataError> {
    let (inputs, targets) = (&reference.input_names, &reference.target_names);
    let by_name = || Ok(Choice { inputs: find_all(columns, inputs)?, targets: find_all(columns, targets)? });
    let error = match by_name() {
        Err(error @ DataError::DuplicateName { .. }) => error,
        outcome => return outcome,
    };
    let choice = choose(columns, options.inputs.as_deref(), options.targets.as_deref())?;
    let named = |chosen: &[usize], names: &[String]| chosen.iter().map(|&column| &columns.names[column]).eq(names);
    if named(&choice.inputs, inputs) && named(&choice.targets, targets) { Ok(choice) } else { Err(error) }
}

fn are_distinct(inputs: &[String], targets: &[String]) -> bool {
    let names = || inputs.iter().chain(targets);
    names().collect::<std::collections::BTreeSet<_>>().len() == names().count()
}

fn load_pair(
    file: &dyn Matrices,
    word: &str,
    options: &LoadOptions,
    reference: Option<&Dataset>,
) -> Result<Dataset, DataError> {
    let pair = read_pair(file, options.inputs.as_deref(), options.targets.as_deref())?;
    let input_names = row_names(&pair.input_name, pair.inputs.rows());
    let target_names = row_names(&pair.target_name, pair.targets.rows());
    let data = Dataset { inputs: pair.inputs, targets: pair.targets, input_names, target_names, classes: None };
    let place =
        |sample| format!("{}: {word} {}, sample {}", file.path().display(), quoted(&pair.target_name), sample + 1);
    from_numbers(file.path(), data, options.task, Task::Regression, reference, place)
}

fn load_array(opened: Opened, options: &LoadOptions, reference: Option<&Dataset>) -> Result<Dataset, DataError> {
    let file = ArrayFile::new(opened)?;
    let plan = arrays::plan(&file, options, reference.is_some())?;
    let path = file.file.path.clone();
    let names = |chosen: &[usize]| chosen.iter().map(|&column| plan.columns.names[column].clone()).collect::<Vec<_>>();
    let input_names = names(&plan.inputs);
    let matrix = file.read()?;
    let (inputs, targets, target_names, task, target_path) = match &plan.targets {
        Targets::Columns(chosen) => {
            let targets = select_from(&path, &matrix, chosen)?;
            (select(&path, matrix, &plan.inputs)?, targets, names(chosen), Task::Regression, path.clone())
        }
        Targets::File(second) => {
            let file = ArrayFile::open(second)?;
            let (names, task) = file.as_targets();
            let all: Vec<usize> = (0..file.header.features()).collect();
            let targets = select(&second.path, file.read()?, &all)?;
            if targets.cols() != matrix.cols() {
                let (samples, target_samples) = (matrix.cols(), targets.cols());
                return Err(DataError::TwoFiles { file: path, samples, targets: second.path.clone(), target_samples });
            }
            (select(&path, matrix, &plan.inputs)?, targets, names, task, second.path.clone())
        }
    };
    let place = |sample| format!("{}: sample {}", target_path.display(), sample + 1);
    let data = Dataset { inputs, targets, input_names, target_names, classes: None };
    from_numbers(&path, data, options.task, task, reference, place)
}

/// The rows `chosen` of a matrix, which must be finite there.
fn select(path: &Path, matrix: DenseMatrix<f64>, chosen: &[usize]) -> Result<DenseMatrix<f64>, DataError> {
    if chosen.iter().copied().eq(0..matrix.rows()) {
        check_finite(path, &matrix, chosen)?;
        return Ok(matrix);
    }
    select_from(path, &matrix, chosen)
}

fn select_from(path: &Path, matrix: &DenseMatrix<f64>, chosen: &[usize]) -> Result<DenseMatrix<f64>, DataError> {
    let mut data = reserve(path, chosen.len(), matrix.cols())?;
    for sample in 0..matrix.cols() {
        let column = matrix.col(sample);
        data.extend(chosen.iter().map(|&row| column[row]));
    }
    let wrong = || Fault::Damaged("a wrong length".to_owned()).at(path, arrays::NAME);
    let selected = DenseMatrix::from_vec(data, chosen.len(), matrix.cols()).ok_or_else(wrong)?;
    check_finite(path, &selected, chosen)?;
    Ok(selected)
}

/// The first number that is not finite is an error; row `i` of the matrix is column `chosen[i]` of the file.
fn check_finite(path: &Path, matrix: &DenseMatrix<f64>, chosen: &[usize]) -> Result<(), DataError> {
    match matrix.as_slice().iter().position(|number| !number.is_finite()) {
        Some(i) => Err(DataError::NotFiniteElement {
            file: path.to_path_buf(),
            name: arrays::NAME.to_owned(),
            row: i / matrix.rows() + 1,
            column: chosen[i % matrix.rows()] + 1,
            found: matrix.as_slice()[i],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
