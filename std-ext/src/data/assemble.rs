//! From what was read to a [`Dataset`]: task, names, classes, and that a second file fits the first.

use super::classes::{class_list, column_labels, not_one_hot, number_label, one_hot};
use super::columns::Choice;
use super::csv::Table;
use super::dataset::{Dataset, Task};
use super::error::DataError;
use super::wording::quoted;
use crate::DenseMatrix;
use std::path::Path;

pub(super) const INPUT_HINT: &str = " written as 2.5 or 1e-3; correct the cell, or leave the column out of the inputs";
pub(super) const TARGET_HINT: &str =
    " written as 2.5 or 1e-3; correct the cell, or ask for classification if these are labels";

/// Most distinct labels that are believed whatever the number of samples.
const MOST_CLASSES: usize = 20;

/// A data set from the chosen columns of a text table.
pub(super) fn from_table(
    table: &Table,
    choice: &Choice,
    task: Option<Task>,
    reference: Option<&Dataset>,
) -> Result<Dataset, DataError> {
    let file = &table.columns.file;
    let names =
        |columns: &[usize]| columns.iter().map(|&column| table.columns.names[column].clone()).collect::<Vec<_>>();
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
            classify(file, &labels, &target_names[0], reference, place)?
        }
        (Task::Classification, columns) => {
            let targets = table.numbers(columns, TARGET_HINT)?;
            (check_one_hot(file, targets)?, Some(class_names(&target_names, reference)))
        }
    };
    Ok(Dataset { inputs, targets, input_names, target_names, classes })
}

/// A data set whose targets were read as numbers: `data`, in which the targets may be labels.
///
/// `task` is the one to take when neither is asked for nor a reference decides; `place` tells where a sample's target is.
pub(super) fn from_numbers(
    path: &Path,
    data: Dataset,
    asked: Option<Task>,
    task: Task,
    reference: Option<&Dataset>,
    place: impl Fn(usize) -> String,
) -> Result<Dataset, DataError> {
    check_counts(path, data.input_names.len(), data.target_names.len(), reference)?;
    let (targets, classes) = match decide(asked, reference).unwrap_or(task) {
        Task::Regression => (data.targets, None),
        Task::Classification if data.targets.rows() == 1 => {
            let labels: Vec<String> = data.targets.as_slice().iter().map(|&number| number_label(number)).collect();
            let name = data.target_names.first().map_or("target", String::as_str);
            classify(path, &labels, name, reference, place)?
        }
        Task::Classification => (check_one_hot(path, data.targets)?, Some(class_names(&data.target_names, reference))),
    };
    Ok(Dataset { targets, classes, ..data })
}

/// As many inputs and targets as in the reference.
pub(super) fn check_counts(
    path: &Path,
    inputs: usize,
    targets: usize,
    reference: Option<&Dataset>,
) -> Result<(), DataError> {
    let Some(reference) = reference else { return Ok(()) };
    for (role, found, expected) in
        [("input", inputs, reference.input_names.len()), ("target", targets, reference.target_names.len())]
    {
        if found != expected {
            return Err(DataError::ColumnCount { file: path.to_path_buf(), role, found, expected });
        }
    }
    Ok(())
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
    check_classes(path, &classes, labels.len(), name, reference.is_some())?;
    Ok((one_hot(path, labels, &classes, place)?, Some(classes)))
}

/// Refuses a single class and, in a first file, measurements taken for labels.
pub(super) fn check_classes(
    path: &Path,
    classes: &[String],
    samples: usize,
    name: &str,
    known: bool,
) -> Result<(), DataError> {
    let (file, name) = (path.to_path_buf(), quoted(name));
    if let [class] = classes {
        return Err(DataError::OneClass { file, name, class: quoted(class) });
    }
    if !known && classes.len() > MOST_CLASSES.max(samples / 2) {
        return Err(DataError::ManyClasses { file, name, classes: classes.len(), samples });
    }
    Ok(())
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
