//! [`load`]: from a path to inputs and targets.
//!
//! **Format.** A name that ends in `.mat`, or the first bytes of a MAT file: MAT; anything else: text.
//!
//! **Task.** As asked for; else classification when there is one target column and it holds words only; else regression.
//! A column of words with numbers among them is never guessed: it is refused with the place of the first word.

use super::classes::{class_list, column_labels, not_one_hot, number_label, one_hot};
use super::columns::{Choice, by_name, choose, unknown};
use super::csv::Table;
use super::error::{DataError, quoted};
use super::file::read;
use super::mat::{MatFile, is_mat};
use super::mat_pair::{read_inputs, read_pair, row_names};
use crate::DenseMatrix;
use std::path::Path;

const INPUT_HINT: &str = " written as 2.5 or 1e-3; correct the cell, or leave the column out of the inputs";
const TARGET_HINT: &str = " written as 2.5 or 1e-3; correct the cell, or ask for classification if these are labels";

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
    /// Names of the input columns: the header's, else `column_1`, …; in a MAT file `X_1`, … for the rows of `X`.
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
    /// Input columns: names, numbers from 1, ranges such as `1-8`; in a MAT file the name of one variable.
    pub inputs: Option<Vec<String>>,
    /// Target columns, likewise.
    pub targets: Option<Vec<String>>,
    /// Regression or classification.
    pub task: Option<Task>,
}

/// Reads a data set.
///
/// Text: targets are by default the columns whose names start with `target`, else the last; inputs are all others.
/// MAT: by default the first pair of variables there is among (X,Y), (x,y), (X,y), (xall,yall), (inputs,targets), (Y,C); samples
/// are the columns when the two have as many, else the rows.
///
/// # Errors
/// All of [`DataError`] but those of the split and the standardization.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Dataset, DataError> {
    let bytes = read(path)?;
    if is_mat(path, &bytes) {
        return load_mat(path, &bytes, options, None);
    }
    let table = Table::parse(path, bytes)?;
    let choice = choose(&table, options.inputs.as_deref(), options.targets.as_deref())?;
    load_table(&table, &choice, options.task, None)
}

/// Reads a second file, such as a test set, that must fit `reference`: the same columns, the same list of classes.
///
/// Where both files have headers, the columns are found by the names of the reference, in any order and among others.
/// Where one has none, they are chosen by `options` as in the first file, and must be as many.
///
/// # Errors
/// As [`load`], and [`DataError::ColumnCount`], [`DataError::UnknownClass`].
pub fn load_like(path: &Path, options: &LoadOptions, reference: &Dataset) -> Result<Dataset, DataError> {
    let bytes = read(path)?;
    if is_mat(path, &bytes) {
        return load_mat(path, &bytes, options, Some(reference));
    }
    let table = Table::parse(path, bytes)?;
    let (inputs, targets) = (&reference.input_names, &reference.target_names);
    let named = made_up_numbers(inputs).is_none() && are_distinct(inputs, targets);
    let by_names = named && table.header.is_some();
    let choice = if by_names {
        Choice { inputs: find_all(&table, inputs)?, targets: find_all(&table, targets)? }
    } else {
        choose(&table, options.inputs.as_deref(), options.targets.as_deref())?
    };
    for (role, found, expected) in
        [("input", choice.inputs.len(), inputs.len()), ("target", choice.targets.len(), targets.len())]
    {
        if found != expected {
            return Err(DataError::ColumnCount { file: path.to_path_buf(), role, found, expected });
        }
    }
    load_table(&table, &choice, options.task, Some(reference))
}

/// Reads inputs alone, for a model trained on inputs of these names, from a file with or without its targets.
///
/// Text: by name where both files have headers; else, when there are as many columns as names, all of them; else, when
/// the names are `column_3`, … because the training file had no header, the columns of these numbers.
/// MAT: the variable of the training inputs, else the only matrix with that many rows or columns.
///
/// # Errors
/// As [`load`].
pub fn load_inputs(path: &Path, input_names: &[String]) -> Result<DenseMatrix<f64>, DataError> {
    let bytes = read(path)?;
    if is_mat(path, &bytes) {
        return read_inputs(path, &MatFile::parse(path, &bytes)?, input_names);
    }
    let table = Table::parse(path, bytes)?;
    let (found, expected) = (table.columns(), input_names.len());
    let wrong_count = || DataError::ColumnCount { file: path.to_path_buf(), role: "input", found, expected };
    let columns = match made_up_numbers(input_names) {
        None if table.header.is_some() => find_all(&table, input_names)?,
        _ if found == expected => (0..found).collect(),
        Some(numbers) if numbers.iter().all(|number| (1..=found).contains(number)) => {
            numbers.into_iter().map(|number| number - 1).collect::<Vec<_>>()
        }
        _ => return Err(wrong_count()),
    };
    table.numbers(&columns, INPUT_HINT)
}

/// The numbers, from 1, in names of columns without header: 3 in `column_3`. `None` when a name is none of these.
fn made_up_numbers(names: &[String]) -> Option<Vec<usize>> {
    names.iter().map(|name| name.strip_prefix("column_")?.parse().ok()).collect()
}

fn are_distinct(inputs: &[String], targets: &[String]) -> bool {
    let names = || inputs.iter().chain(targets);
    names().collect::<std::collections::BTreeSet<_>>().len() == names().count()
}

fn find_all(table: &Table, names: &[String]) -> Result<Vec<usize>, DataError> {
    names.iter().map(|name| by_name(table, name)?.ok_or_else(|| unknown(table, name))).collect()
}

fn load_table(
    table: &Table,
    choice: &Choice,
    task: Option<Task>,
    reference: Option<&Dataset>,
) -> Result<Dataset, DataError> {
    let names = |columns: &[usize]| columns.iter().map(|&column| table.names[column].clone()).collect::<Vec<_>>();
    let inputs = table.numbers(&choice.inputs, INPUT_HINT)?;
    let (input_names, target_names) = (names(&choice.inputs), names(&choice.targets));
    let task = decide(task, reference).unwrap_or(match choice.targets[..] {
        [column] if table.is_words(column) => Task::Classification,
        _ => Task::Regression,
    });
    let (targets, classes) = match (task, &choice.targets[..]) {
        (Task::Regression, columns) => (table.numbers(columns, TARGET_HINT)?, None),
        (Task::Classification, &[column]) => {
            let place = |sample| table.place(sample, column).to_string();
            let labels = column_labels(table, column)?;
            classify(&table.file, &labels, &target_names[0], reference, place)?
        }
        (Task::Classification, columns) => {
            let targets = table.numbers(columns, TARGET_HINT)?;
            (check_one_hot(&table.file, targets)?, Some(class_names(&target_names, reference)))
        }
    };
    Ok(Dataset { inputs, targets, input_names, target_names, classes })
}

fn load_mat(
    path: &Path,
    bytes: &[u8],
    options: &LoadOptions,
    reference: Option<&Dataset>,
) -> Result<Dataset, DataError> {
    let mat = MatFile::parse(path, bytes)?;
    let pair = read_pair(path, &mat, options.inputs.as_deref(), options.targets.as_deref())?;
    let input_names = row_names(&pair.input_name, pair.inputs.rows());
    let target_names = row_names(&pair.target_name, pair.targets.rows());
    if let Some(reference) = reference {
        for (role, found, expected) in [
            ("input", input_names.len(), reference.input_names.len()),
            ("target", target_names.len(), reference.target_names.len()),
        ] {
            if found != expected {
                return Err(DataError::ColumnCount { file: path.to_path_buf(), role, found, expected });
            }
        }
    }
    let (targets, classes) = match decide(options.task, reference).unwrap_or(Task::Regression) {
        Task::Regression => (pair.targets, None),
        Task::Classification if pair.targets.rows() == 1 => {
            let labels: Vec<String> = pair.targets.as_slice().iter().map(|&number| number_label(number)).collect();
            let place =
                |sample| format!("{}: variable {}, sample {}", path.display(), quoted(&pair.target_name), sample + 1);
            classify(path, &labels, &pair.target_name, reference, place)?
        }
        Task::Classification => (check_one_hot(path, pair.targets)?, Some(class_names(&target_names, reference))),
    };
    Ok(Dataset { inputs: pair.inputs, targets, input_names, target_names, classes })
}

/// The task that needs no look at the file: the reference's, else the one asked for.
fn decide(task: Option<Task>, reference: Option<&Dataset>) -> Option<Task> {
    match reference {
        Some(Dataset { classes: Some(_), .. }) => Some(Task::Classification),
        Some(_) => Some(Task::Regression),
        None => task,
    }
}

/// Targets of one column of labels, and the classes: those of the reference, or all that occur.
///
/// One class alone is refused, and so are more than twenty that are more than half as many as the samples: measurements
/// taken for labels, whose targets would need memory in the square of the samples.
fn classify(
    path: &Path,
    labels: &[String],
    name: &str,
    reference: Option<&Dataset>,
    place: impl Fn(usize) -> String,
) -> Result<(DenseMatrix<f64>, Option<Vec<String>>), DataError> {
    let classes = match reference.and_then(|reference| reference.classes.clone()) {
        Some(classes) => classes,
        None => class_list(labels),
    };
    if let [class] = &classes[..] {
        return Err(DataError::OneClass { file: path.to_path_buf(), name: quoted(name), class: quoted(class) });
    }
    if reference.is_none() && classes.len() > 20.max(labels.len() / 2) {
        let (file, name) = (path.to_path_buf(), quoted(name));
        return Err(DataError::ManyClasses { file, name, classes: classes.len(), samples: labels.len() });
    }
    Ok((one_hot(path, labels, &classes, place)?, Some(classes)))
}

fn check_one_hot(path: &Path, targets: DenseMatrix<f64>) -> Result<DenseMatrix<f64>, DataError> {
    match not_one_hot(&targets) {
        Some(sample) => {
            Err(DataError::NotOneHot { file: path.to_path_buf(), sample: sample + 1, targets: targets.rows() })
        }
        None => Ok(targets),
    }
}

/// Where each class has a target of its own, the targets' names are the classes.
fn class_names(target_names: &[String], reference: Option<&Dataset>) -> Vec<String> {
    reference.and_then(|reference| reference.classes.clone()).unwrap_or_else(|| target_names.to_vec())
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
