//! [`summary`]: what is in a data file, column by column.
//!
//! A text, NPY or IDX file is read once, row by row, in memory that does not depend on the number of rows; MAT and NPZ files
//! are read whole. Of a text or a single array, cells that could not be learnt from are counted, not refused; a NaN in a MAT or
//! NPZ file is refused as by [`load`](super::load). Where inputs and targets are left open and cannot be told (a single
//! column, images without labels), the columns are described without.

use super::array_rows::ArrayRows;
use super::arrays::{self, ArrayFile, Targets};
use super::classes::{class_list, number_label};
use super::columns::{Choice, choose};
use super::csv::Kind;
use super::dataset::{LoadOptions, Task};
use super::error::DataError;
use super::file::{DataFile, open};
use super::format::Format;
use super::mat::MatFile;
use super::moments::Moments;
use super::npz::NpzFile;
use super::pair::{Matrices, read_pair, row_names};
use super::text_rows::{Layout, TextRows};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// More distinct labels than this are not counted.
const MOST_LABELS: usize = 1 << 16;

/// What is in a data file. It prints as a table, and as JSON by [`to_json`](Self::to_json).
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The file.
    pub file: PathBuf,
    /// What kind of file it is.
    pub format: Format,
    /// Whether gzip compressed it.
    pub compressed: bool,
    /// Of a text: comma, semicolon, tab or spaces.
    pub delimiter: Option<&'static str>,
    /// Of a text with a header: its line.
    pub header: Option<u64>,
    /// The second file, of the targets.
    pub target_file: Option<PathBuf>,
    /// Samples.
    pub rows: usize,
    /// In the order of the file; those of a second file or matrix come last.
    pub columns: Vec<ColumnSummary>,
    /// For classification the labels and how many samples have each.
    pub classes: Option<Vec<(String, usize)>>,
}

/// What a column is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To learn from.
    Input,
    /// To be learnt.
    Target,
    /// Not used.
    Unused,
}

/// What is in a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// Its name, as in a [`Dataset`](super::Dataset).
    pub name: String,
    /// What it is used for.
    pub role: Role,
    /// Finite numbers in it.
    pub numbers: usize,
    /// Cells with nothing in them, or a mark such as `NA`.
    pub missing: usize,
    /// NaN, infinities, numbers beyond the range of `f64`.
    pub not_finite: usize,
    /// Other texts.
    pub words: usize,
    /// Least number; 0 without numbers, as those that follow.
    pub min: f64,
    /// Largest number.
    pub max: f64,
    /// Mean of the numbers.
    pub mean: f64,
    /// Standard deviation of the numbers, that of the population.
    pub deviation: f64,
    /// Whether all cells are the same number: such a column says nothing.
    pub constant: bool,
}

/// Reads a file and says what is in it.
///
/// # Errors
/// As [`load`](super::load) where the file cannot be read as a table, or inputs and targets asked for are not in it.
pub fn summary(file: impl Into<DataFile>, options: &LoadOptions) -> Result<Summary, DataError> {
    summary_of(&file.into(), options)
}

fn summary_of(file: &DataFile, options: &LoadOptions) -> Result<Summary, DataError> {
    let opened = open(file)?;
    let path = &file.path;
    let (format, compressed) = (Format::of(path, &opened.head), opened.gzip);
    let summary = match format {
        Format::Text => {
            drop(opened);
            of_text(file, options)
        }
        Format::Npy | Format::Idx => of_array(ArrayFile::new(opened)?, options),
        Format::Mat => of_pair(&MatFile::parse(path, &opened.read_all()?)?, options),
        Format::Npz => of_pair(&NpzFile::parse(path, &opened.read_all()?)?, options),
    }?;
    Ok(Summary { format, compressed, ..summary })
}

/// Counts of a column while it is read.
#[derive(Clone, Debug, Default)]
struct Counts {
    moments: Moments,
    missing: usize,
    not_finite: usize,
    words: usize,
    ones: usize,
}

impl Counts {
    fn take(&mut self, kind: Kind<'_>) {
        match kind {
            Kind::Number(number) => {
                self.moments.push(number);
                self.ones += usize::from(number == 1.0);
            }
            Kind::Missing(_) => self.missing += 1,
            Kind::NotFinite(_) => self.not_finite += 1,
            Kind::Word(_) => self.words += 1,
        }
    }

    fn numbers(&self) -> usize {
        usize::try_from(self.moments.count()).unwrap_or(usize::MAX)
    }

    fn finish(&self, name: String, role: Role) -> ColumnSummary {
        let (min, max) = self.moments.range();
        let whole = self.missing + self.not_finite + self.words == 0;
        ColumnSummary {
            name,
            role,
            numbers: self.numbers(),
            missing: self.missing,
            not_finite: self.not_finite,
            words: self.words,
            min,
            max,
            mean: self.moments.mean(),
            deviation: self.moments.deviation(),
            constant: whole && self.moments.is_constant(),
        }
    }
}

/// How often each label occurs in the one target column, unless there are too many.
#[derive(Debug, Default)]
struct Labels {
    counts: HashMap<String, usize>,
    too_many: bool,
}

impl Labels {
    fn take(&mut self, kind: Kind<'_>) {
        let label = match kind {
            Kind::Word(word) => word.to_owned(),
            Kind::Number(number) => number_label(number),
            Kind::Missing(_) | Kind::NotFinite(_) => return,
        };
        if self.too_many {
            return;
        }
        *self.counts.entry(label).or_default() += 1;
        if self.counts.len() > MOST_LABELS {
            self.too_many = true;
            self.counts.clear();
        }
    }

    fn finish(self) -> Vec<(String, usize)> {
        let labels: Vec<String> = self.counts.keys().cloned().collect();
        let count = |label: String| {
            let count = self.counts.get(&label).copied().unwrap_or_default();
            (label, count)
        };
        class_list(&labels).into_iter().map(count).collect()
    }
}

/// Classes of the targets, by the rules of [`load`](super::load) but for mistakes in the file, which are counted elsewhere.
fn classes(task: Option<Task>, targets: &[(&String, &Counts)], labels: Labels) -> Option<Vec<(String, usize)>> {
    match (task, targets) {
        (None, [(_, counts)]) if counts.words > 0 && counts.numbers() == 0 => Some(labels.finish()),
        (Some(Task::Classification), [_]) => Some(labels.finish()),
        (Some(Task::Classification), [_, _, ..]) => {
            Some(targets.iter().map(|(name, counts)| ((*name).clone(), counts.ones)).collect())
        }
        _ => None,
    }
}

/// What `fallback` gives in place of an error when inputs and targets were left open.
fn unless_asked<T>(
    found: Result<T, DataError>,
    options: &LoadOptions,
    fallback: impl FnOnce() -> T,
) -> Result<T, DataError> {
    match found {
        Err(DataError::NoColumns { .. } | DataError::NoTargetFile { .. })
            if options.inputs.is_none() && options.targets.is_none() =>
        {
            Ok(fallback())
        }
        found => found,
    }
}

fn role(column: usize, inputs: &[usize], targets: &[usize]) -> Role {
    if inputs.contains(&column) {
        Role::Input
    } else if targets.contains(&column) {
        Role::Target
    } else {
        Role::Unused
    }
}

/// A summary without what only texts have.
fn new(path: &Path, rows: usize, columns: Vec<ColumnSummary>, classes: Option<Vec<(String, usize)>>) -> Summary {
    Summary {
        file: path.to_path_buf(),
        format: Format::Text,
        compressed: false,
        delimiter: None,
        header: None,
        target_file: None,
        rows,
        columns,
        classes,
    }
}

fn of_text(file: &DataFile, options: &LoadOptions) -> Result<Summary, DataError> {
    let layout = Layout::find(file)?;
    let columns = &layout.columns;
    let choice = choose(columns, options.inputs.as_deref(), options.targets.as_deref());
    let Choice { inputs, targets } =
        unless_asked(choice, options, || Choice { inputs: Vec::new(), targets: Vec::new() })?;
    let mut counts = vec![Counts::default(); columns.len()];
    let (mut rows, mut labels, mut reader) = (0, Labels::default(), TextRows::open(&layout)?);
    while reader.advance()? {
        rows += 1;
        for (column, counts) in counts.iter_mut().enumerate() {
            counts.take(reader.cell(column));
        }
        if let [target] = targets[..] {
            labels.take(reader.cell(target));
        }
    }
    let named: Vec<_> = targets.iter().map(|&column| (&columns.names[column], &counts[column])).collect();
    let classes = classes(options.task, &named, labels);
    let describe = |(column, counts): (usize, &Counts)| {
        counts.finish(columns.names[column].clone(), role(column, &inputs, &targets))
    };
    let described = counts.iter().enumerate().map(describe).collect();
    let (delimiter, header) = (columns.separator, columns.header);
    Ok(Summary { delimiter, header, ..new(&file.path, rows, described, classes) })
}

fn of_array(file: ArrayFile, options: &LoadOptions) -> Result<Summary, DataError> {
    let path = file.file.path.clone();
    let columns = file.columns();
    let none = || arrays::Plan { columns: columns.clone(), inputs: Vec::new(), targets: Targets::Columns(Vec::new()) };
    let plan = unless_asked(arrays::plan(&file, options, false), options, none)?;
    let mut counts = vec![Counts::default(); columns.len()];
    let (rows, mut labels) = (file.header.samples(), Labels::default());
    let chosen = if let Targets::Columns(chosen) = &plan.targets { &chosen[..] } else { &[] };
    take_rows(file, &mut counts, chosen, &mut labels)?;
    let mut names = columns.names.clone();
    let mut targets = chosen.to_vec();
    let mut task = options.task;
    let mut target_file = None;
    if let Targets::File(second) = &plan.targets {
        let file = ArrayFile::open(second)?;
        let target_samples = file.header.samples();
        if target_samples != rows {
            return Err(DataError::TwoFiles {
                file: path,
                samples: rows,
                targets: second.path.clone(),
                target_samples,
            });
        }
        let (more, suggested) = file.as_targets();
        task = task.or(Some(suggested));
        let mut second_counts = vec![Counts::default(); more.len()];
        take_rows(file, &mut second_counts, &[0][..usize::from(more.len() == 1)], &mut labels)?;
        targets = (names.len()..names.len() + more.len()).collect();
        names.extend(more);
        counts.extend(second_counts);
        target_file = Some(second.path.clone());
    }
    let named: Vec<_> = targets.iter().map(|&column| (&names[column], &counts[column])).collect();
    let classes = classes(task, &named, labels);
    let described = counts
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(column, (counts, name))| counts.finish(name.clone(), role(column, &plan.inputs, &targets)))
        .collect();
    Ok(Summary { target_file, ..new(&path, rows, described, classes) })
}

/// Counts all numbers of an array, and the labels when one column is the target.
fn take_rows(file: ArrayFile, counts: &mut [Counts], targets: &[usize], labels: &mut Labels) -> Result<(), DataError> {
    let kind = |number: f64| if number.is_finite() { Kind::Number(number) } else { Kind::NotFinite("") };
    let mut rows = ArrayRows::new(file)?;
    while rows.advance()? {
        counts.iter_mut().zip(rows.row()).for_each(|(counts, &number)| counts.take(kind(number)));
        if let &[target] = targets {
            labels.take(kind(rows.row()[target]));
        }
    }
    Ok(())
}

fn of_pair(file: &dyn Matrices, options: &LoadOptions) -> Result<Summary, DataError> {
    let pair = read_pair(file, options.inputs.as_deref(), options.targets.as_deref())?;
    let input_names = row_names(&pair.input_name, pair.inputs.rows());
    let target_names = row_names(&pair.target_name, pair.targets.rows());
    let mut labels = Labels::default();
    let mut count = |matrix: &crate::DenseMatrix<f64>, label: bool| {
        let mut counts = vec![Counts::default(); matrix.rows()];
        for sample in 0..matrix.cols() {
            for (counts, &number) in counts.iter_mut().zip(matrix.col(sample)) {
                counts.take(Kind::Number(number));
                if label {
                    labels.take(Kind::Number(number));
                }
            }
        }
        counts
    };
    let (inputs, targets) = (count(&pair.inputs, false), count(&pair.targets, pair.targets.rows() == 1));
    let named: Vec<_> = target_names.iter().zip(&targets).collect();
    let classes = classes(options.task, &named, labels);
    let describe = |names: &[String], counts: &[Counts], role| {
        names.iter().zip(counts).map(|(name, counts)| counts.finish(name.clone(), role)).collect::<Vec<_>>()
    };
    let mut described = describe(&input_names, &inputs, Role::Input);
    described.extend(describe(&target_names, &targets, Role::Target));
    Ok(new(file.path(), pair.inputs.cols(), described, classes))
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
