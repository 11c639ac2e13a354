//! Inputs and targets in single arrays, NPY or IDX: columns of one table, or two files.
//!
//! **NPY.** A table, one sample a row; columns are chosen by number, as in a text without header. When the targets asked
//! for are no column but a file, or the array has more than two axes, the whole array are inputs.
//!
//! **IDX.** The whole array (or the columns asked for) are inputs, the targets are always in a second file.
//!
//! **The second file** is the one asked for, as given or beside the first. Else, and for the test set of its own where
//! that name is taken, its name is the first one's with other words: `images` → `labels`, `inputs` → `targets`, `x` at the
//! start → `y`, and `idx3` → `idx1`; with or without `.gz`.

use super::array::{Fault, Header};
use super::columns::{Choice, Columns, choose, resolve};
use super::dataset::{LoadOptions, Task};
use super::element::Kind;
use super::error::DataError;
use super::file::{DataFile, Opened, open};
use super::format::Format;
use super::{idx, npy};
use crate::DenseMatrix;
use std::io::Read;
use std::path::Path;

/// How the array is called in messages.
pub(super) const NAME: &str = "the array";

/// A file with one array, its header read.
pub(super) struct ArrayFile {
    pub(super) file: DataFile,
    pub(super) format: Format,
    pub(super) header: Header,
    pub(super) gzip: bool,
    /// Stands behind the header.
    pub(super) reader: Box<dyn Read + Send>,
}

/// Which numbers are inputs and targets.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) columns: Columns,
    pub(super) inputs: Vec<usize>,
    pub(super) targets: Targets,
}

/// Where the targets are.
#[derive(Clone, Debug)]
pub(super) enum Targets {
    /// Columns of the same array.
    Columns(Vec<usize>),
    /// A second file, all of it.
    File(DataFile),
}

impl ArrayFile {
    /// Reads the header of an opened file.
    pub(super) fn new(opened: Opened) -> Result<Self, DataError> {
        let Opened { file, head, mut reader, gzip, most } = opened.with_length()?;
        let path = &file.path;
        let format = Format::of(path, &head);
        let header = match format {
            Format::Idx => idx::read_header(&mut reader),
            Format::Npy => npy::read_header(&mut reader),
            _ => {
                let found = head[..head.len().min(4)].to_vec();
                Err(Fault::Magic { found, expected: "the start of an NPY or IDX file" })
            }
        };
        let checked = |header: Header| {
            header.check_length(most.unwrap_or_default(), !gzip)?;
            Ok(header)
        };
        let header = header.and_then(checked).map_err(|fault| fault.at(path, NAME))?;
        Ok(Self { file, format, header, gzip, reader })
    }

    pub(super) fn open(file: &DataFile) -> Result<Self, DataError> {
        Self::new(open(file)?)
    }

    /// All numbers, features × samples.
    pub(super) fn read(mut self) -> Result<DenseMatrix<f64>, DataError> {
        self.header.read_matrix(&mut self.reader).map_err(|fault| fault.at(&self.file.path, NAME))
    }

    /// The names of the columns: numbers.
    pub(super) fn columns(&self) -> Columns {
        let names = Columns::numbered(self.header.features());
        Columns { file: self.file.path.clone(), names, header: None, separator: None }
    }

    /// Names for the targets in this file, and the task they suggest: integer labels in an IDX file are classes.
    pub(super) fn as_targets(&self) -> (Vec<String>, Task) {
        let labels = self.format == Format::Idx && self.header.element.kind != Kind::Float;
        match (self.header.features(), labels) {
            (1, true) => (vec!["label".to_owned()], Task::Classification),
            (1, false) => (vec!["target".to_owned()], Task::Regression),
            (n, _) => ((1..=n).map(|k| format!("target_{k}")).collect(), Task::Regression),
        }
    }
}

/// Decides which numbers are inputs and targets. `second` is for a file that must fit a first one.
pub(super) fn plan(file: &ArrayFile, options: &LoadOptions, second: bool) -> Result<Plan, DataError> {
    let columns = file.columns();
    let (inputs, targets) = (options.inputs.as_deref(), options.targets.as_deref());
    let two_files = |targets: DataFile| {
        let inputs = match inputs {
            Some(entries) => resolve(&columns, entries)?,
            None => (0..columns.len()).collect(),
        };
        Ok(Plan { columns: columns.clone(), inputs, targets: Targets::File(targets) })
    };
    let asked = match targets {
        None => None,
        Some([name]) => Some(name),
        Some(_) if file.format == Format::Npy => None,
        Some(names) => {
            let (file, found) = (file.file.path.clone(), names.len());
            return Err(DataError::OneVariable { file, kind: "files", role: "targets", found });
        }
    };
    let existing = asked.and_then(|name| as_given_or_beside(&file.file, name));
    let wants_file = match (file.format, asked) {
        (Format::Npy, Some(name)) => resolve(&columns, std::slice::from_ref(name)).is_err() && existing.is_some(),
        (Format::Npy, None) => file.header.axes() > 2,
        _ => true,
    };
    if !wants_file {
        let Choice { inputs, targets } = choose(&columns, inputs, targets)?;
        return Ok(Plan { columns, inputs, targets: Targets::Columns(targets) });
    }
    match (asked, existing) {
        (Some(_), Some(targets)) if !second => two_files(targets),
        (Some(name), None) if !second => {
            Err(DataError::NoTargetFile { file: file.file.path.clone(), expected: super::wording::quoted(name) })
        }
        _ => {
            let (file, path) = (&file.file, &file.file.path);
            let names = names_beside(path);
            match names.iter().find_map(|name| file.another(&path.with_file_name(name))) {
                Some(targets) => two_files(targets),
                None => {
                    let expected = match &names[..] {
                        [] => "named like it with labels for images".to_owned(),
                        names => names.join(" or "),
                    };
                    Err(DataError::NoTargetFile { file: path.clone(), expected })
                }
            }
        }
    }
}

/// The file of that name, from where we are or else from the folder of `file`.
fn as_given_or_beside(file: &DataFile, name: &str) -> Option<DataFile> {
    let beside = file.path.with_file_name("").join(name);
    file.another(Path::new(name)).or_else(|| file.another(&beside))
}

/// Names that the file of the targets may have.
fn names_beside(path: &Path) -> Vec<String> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let mut other = name.replace("images", "labels").replace("inputs", "targets");
    if let Some(rest) = other.strip_prefix('x').or_else(|| other.strip_prefix('X')) {
        other = format!("y{rest}");
    }
    if other == name {
        return Vec::new();
    }
    for axes in ["idx2", "idx3", "idx4"] {
        other = other.replace(axes, "idx1");
    }
    let toggled = match other.strip_suffix(".gz") {
        Some(plain) => plain.to_owned(),
        None => format!("{other}.gz"),
    };
    vec![other, toggled]
}

#[cfg(test)]
#[path = "arrays_tests.rs"]
mod tests;
