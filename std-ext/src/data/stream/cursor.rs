//! A file sample by sample: the chosen inputs and targets of one sample at a time, whatever the format.

use super::super::array_rows::ArrayRows;
use super::super::arrays::{self, ArrayFile, NAME, Targets};
use super::super::assemble::{INPUT_HINT, TARGET_HINT};
use super::super::columns::{Choice, choose};
use super::super::csv::Kind;
use super::super::dataset::{LoadOptions, Task};
use super::super::error::DataError;
use super::super::file::{DataFile, open};
use super::super::format::Format;
use super::super::text_rows::{Layout, TextRows};
use super::super::wording::quoted;

/// A pass over a file.
pub(super) trait Cursor: Send {
    /// Moves to the next sample; `false` at the end.
    fn advance(&mut self) -> Result<bool, DataError>;
    /// Appends the inputs of the present sample, all finite.
    fn inputs(&self, inputs: &mut Vec<f64>) -> Result<(), DataError>;
    /// Target `k` of the present sample.
    fn target(&self, k: usize) -> Kind<'_>;
    /// The error for a target that is no number, or no label where labels are expected.
    fn refused(&self, k: usize, label: bool) -> DataError;
    /// Where the target is, for a message.
    fn place(&self) -> Result<String, DataError>;
}

/// How to read a file again and again: what was found when it was read first.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) file: DataFile,
    pub(super) input_names: Vec<String>,
    pub(super) target_names: Vec<String>,
    /// What to learn, unless the targets must be read to tell.
    pub(super) task: Option<Task>,
    kind: SourceKind,
}

#[derive(Clone, Debug)]
enum SourceKind {
    Text(Layout, Choice),
    Array(arrays::Plan),
}

impl Source {
    /// Finds the format and which columns are inputs and targets.
    pub(super) fn find(file: DataFile, options: &LoadOptions) -> Result<Self, DataError> {
        let opened = open(&file)?;
        match Format::of(&file.path, &opened.head) {
            Format::Mat => Err(DataError::NotStreamed { file: file.path, what: "a MAT file" }),
            Format::Npz => Err(DataError::NotStreamed { file: file.path, what: "an NPZ file" }),
            Format::Text => {
                drop(opened);
                let layout = Layout::find(&file)?;
                let choice = choose(&layout.columns, options.inputs.as_deref(), options.targets.as_deref())?;
                let names =
                    |chosen: &[usize]| chosen.iter().map(|&column| layout.columns.names[column].clone()).collect();
                Ok(Self {
                    file,
                    input_names: names(&choice.inputs),
                    target_names: names(&choice.targets),
                    task: options.task,
                    kind: SourceKind::Text(layout, choice),
                })
            }
            Format::Npy | Format::Idx => {
                let array = ArrayFile::new(opened)?;
                let plan = arrays::plan(&array, options, false)?;
                let names = |chosen: &[usize]| {
                    chosen.iter().map(|&column| plan.columns.names[column].clone()).collect::<Vec<_>>()
                };
                let (target_names, task) = match &plan.targets {
                    Targets::Columns(chosen) => (names(chosen), Task::Regression),
                    Targets::File(second) => ArrayFile::open(second)?.as_targets(),
                };
                Ok(Self {
                    file,
                    input_names: names(&plan.inputs),
                    target_names,
                    task: options.task.or(Some(task)),
                    kind: SourceKind::Array(plan),
                })
            }
        }
    }

    /// Opens the file before its first sample.
    pub(super) fn open(&self) -> Result<Box<dyn Cursor>, DataError> {
        match &self.kind {
            SourceKind::Text(layout, choice) => {
                Ok(Box::new(TextCursor { rows: TextRows::open(layout)?, choice: choice.clone() }))
            }
            SourceKind::Array(plan) => {
                let rows = ArrayRows::new(ArrayFile::open(&self.file)?)?;
                check_features(&rows, plan.columns.len())?;
                let targets = match &plan.targets {
                    Targets::Columns(chosen) => ArrayTargets::Columns(chosen.clone()),
                    Targets::File(second) => {
                        let targets = ArrayRows::new(ArrayFile::open(second)?)?;
                        check_features(&targets, self.target_names.len())?;
                        let (samples, target_samples) = (rows.file().header.samples(), targets.file().header.samples());
                        if samples != target_samples {
                            let (file, targets) = (self.file.path.clone(), second.path.clone());
                            return Err(DataError::TwoFiles { file, samples, targets, target_samples });
                        }
                        ArrayTargets::Rows(Box::new(targets))
                    }
                };
                Ok(Box::new(ArrayCursor { rows, inputs: plan.inputs.clone(), targets }))
            }
        }
    }
}

/// The array must still have as many numbers a sample as when it was read first.
fn check_features(rows: &ArrayRows, expected: usize) -> Result<(), DataError> {
    let found = rows.file().header.features();
    if found == expected {
        return Ok(());
    }
    Err(DataError::ColumnCount { file: rows.file().file.path.clone(), role: "input", found, expected })
}

struct TextCursor {
    rows: TextRows,
    choice: Choice,
}

impl TextCursor {
    /// The error for the cell of a column that is no number.
    fn misfit(&self, column: usize, hint: &'static str, expected: &'static str) -> DataError {
        let at = match self.rows.place(column) {
            Ok(at) => at,
            Err(error) => return error,
        };
        let found = quoted(self.rows.text(column));
        match self.rows.cell(column) {
            Kind::Missing(_) => DataError::MissingValue { at, found, expected },
            Kind::NotFinite(_) if expected == "number" => DataError::NotFinite { at, found },
            Kind::NotFinite(_) => DataError::MissingValue { at, found, expected },
            Kind::Word(_) | Kind::Number(_) => DataError::Word { at, found, hint },
        }
    }
}

impl Cursor for TextCursor {
    fn advance(&mut self) -> Result<bool, DataError> {
        self.rows.advance()
    }

    fn inputs(&self, inputs: &mut Vec<f64>) -> Result<(), DataError> {
        let start = inputs.len();
        for &column in &self.choice.inputs {
            match self.rows.cell(column) {
                Kind::Number(number) => inputs.push(number),
                _ => {
                    inputs.truncate(start);
                    // The first in the row, as in a table read whole.
                    let odd = |column: &usize| !matches!(self.rows.cell(*column), Kind::Number(_));
                    let first = self.choice.inputs.iter().copied().filter(odd).min().unwrap_or(column);
                    return Err(self.misfit(first, INPUT_HINT, "number"));
                }
            }
        }
        Ok(())
    }

    fn target(&self, k: usize) -> Kind<'_> {
        self.rows.cell(self.choice.targets[k])
    }

    fn refused(&self, k: usize, label: bool) -> DataError {
        self.misfit(self.choice.targets[k], TARGET_HINT, if label { "class label" } else { "number" })
    }

    fn place(&self) -> Result<String, DataError> {
        Ok(self.rows.place(self.choice.targets[0])?.to_string())
    }
}

struct ArrayCursor {
    rows: ArrayRows,
    inputs: Vec<usize>,
    targets: ArrayTargets,
}

enum ArrayTargets {
    Columns(Vec<usize>),
    Rows(Box<ArrayRows>),
}

impl ArrayCursor {
    fn target_rows(&self) -> &ArrayRows {
        match &self.targets {
            ArrayTargets::Columns(_) => &self.rows,
            ArrayTargets::Rows(rows) => rows,
        }
    }

    /// Column of target `k` in its file.
    fn target_column(&self, k: usize) -> usize {
        match &self.targets {
            ArrayTargets::Columns(columns) => columns[k],
            ArrayTargets::Rows(_) => k,
        }
    }
}

/// The error for a number of the present sample that is not finite.
fn not_finite(rows: &ArrayRows, column: usize) -> DataError {
    DataError::NotFiniteElement {
        file: rows.file().file.path.clone(),
        name: NAME.to_owned(),
        row: rows.sample(),
        column: column + 1,
        found: rows.row()[column],
    }
}

impl Cursor for ArrayCursor {
    fn advance(&mut self) -> Result<bool, DataError> {
        let more = self.rows.advance()?;
        if let ArrayTargets::Rows(rows) = &mut self.targets {
            rows.advance()?; // as many samples, which was checked when both were opened
        }
        Ok(more)
    }

    fn inputs(&self, inputs: &mut Vec<f64>) -> Result<(), DataError> {
        let row = self.rows.row();
        match self.inputs.iter().find(|&&column| !row[column].is_finite()) {
            Some(&column) => Err(not_finite(&self.rows, column)),
            None => {
                inputs.extend(self.inputs.iter().map(|&column| row[column]));
                Ok(())
            }
        }
    }

    fn target(&self, k: usize) -> Kind<'_> {
        let number = self.target_rows().row()[self.target_column(k)];
        if number.is_finite() { Kind::Number(number) } else { Kind::NotFinite("") }
    }

    fn refused(&self, k: usize, _label: bool) -> DataError {
        not_finite(self.target_rows(), self.target_column(k))
    }

    fn place(&self) -> Result<String, DataError> {
        let rows = self.target_rows();
        Ok(format!("{}: sample {}", rows.file().file.path.display(), rows.sample()))
    }
}
