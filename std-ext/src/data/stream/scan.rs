//! The first pass: how many samples there are, which classes, and the means and deviations of the training part.

use super::super::assemble::check_classes;
use super::super::classes::{class_list, number_label};
use super::super::csv::Kind;
use super::super::dataset::Task;
use super::super::error::DataError;
use super::super::moments::Moments;
use super::super::standardize::Standardization;
use super::super::wording::quoted;
use super::cursor::{Cursor, Source};
use super::part::Membership;
use std::collections::HashSet;

/// More classes than this are not collected.
const MOST_CLASSES: usize = 1 << 16;

/// What the first pass found.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// All samples.
    pub(super) rows: usize,
    /// Those for training.
    pub(super) training: usize,
    pub(super) classes: Option<Vec<String>>,
    pub(super) input_scaling: Standardization,
    /// The identity for classes.
    pub(super) target_scaling: Standardization,
    /// CRC-32 of all chosen inputs and targets.
    pub(super) checksum: u32,
}

/// Reads the whole file once.
pub(super) fn scan(source: &Source, membership: Membership) -> Result<Scan, DataError> {
    let mut cursor = source.open()?;
    let mut inputs = vec![Moments::default(); source.input_names.len()];
    let mut targets = TargetScan::new(source);
    let (mut samples, mut training, mut numbers) = (0, 0, Vec::new());
    let mut checksum = crc32fast::Hasher::new();
    while cursor.advance()? {
        numbers.clear();
        cursor.inputs(&mut numbers)?;
        let trains = membership.trains(samples);
        if trains {
            inputs.iter_mut().zip(&numbers).for_each(|(moments, &number)| moments.push(number));
        }
        targets.take(&*cursor, trains, samples)?;
        numbers.iter().for_each(|number| checksum.update(&number.to_le_bytes()));
        for k in 0..source.target_names.len() {
            match cursor.target(k) {
                Kind::Number(number) => checksum.update(&number.to_le_bytes()),
                Kind::Word(text) | Kind::Missing(text) | Kind::NotFinite(text) => checksum.update(text.as_bytes()),
            }
        }
        samples += 1;
        training += usize::from(trains);
    }
    let (classes, target_scaling) = targets.finish(samples)?;
    if training == 0 {
        return Err(DataError::NoTraining { file: source.file.path.clone(), samples });
    }
    let (input_scaling, checksum) = (scaling(&inputs), checksum.finalize());
    Ok(Scan { rows: samples, training, classes, input_scaling, target_scaling, checksum })
}

fn scaling(moments: &[Moments]) -> Standardization {
    Standardization {
        mean: moments.iter().map(Moments::mean).collect(),
        scale: moments.iter().map(Moments::scale).collect(),
    }
}

/// What is known of the targets so far. As in a table read whole, one column is of classes when it holds words and no
/// number.
struct TargetScan<'a> {
    source: &'a Source,
    moments: Vec<Moments>,
    labels: HashSet<String>,
    mode: Mode,
}

enum Mode {
    Regression,
    Labels,
    OneHot,
    /// No number yet: the errors it will be if one comes, or if none does.
    Undecided {
        odd: Option<Box<DataError>>,
        missing: Option<Box<DataError>>,
        words: bool,
    },
}

impl<'a> TargetScan<'a> {
    fn new(source: &'a Source) -> Self {
        let targets = source.target_names.len();
        let mode = match (source.task, targets) {
            (Some(Task::Classification), 1) => Mode::Labels,
            (Some(Task::Classification), _) => Mode::OneHot,
            (None, 1) => Mode::Undecided { odd: None, missing: None, words: false },
            _ => Mode::Regression,
        };
        Self { source, moments: vec![Moments::default(); targets], labels: HashSet::new(), mode }
    }

    fn take(&mut self, cursor: &dyn Cursor, trains: bool, sample: usize) -> Result<(), DataError> {
        match &mut self.mode {
            Mode::Regression => self.take_numbers(cursor, trains),
            Mode::OneHot => {
                self.take_numbers(cursor, false)?;
                one_hot_class(cursor, self.moments.len(), self.source, sample).map(|_| ())
            }
            Mode::Labels => {
                let label = label(cursor)?;
                self.take_label(label, sample)
            }
            Mode::Undecided { odd, missing, words } => match cursor.target(0) {
                Kind::Number(_) => match odd.take() {
                    Some(error) => Err(*error),
                    None => {
                        self.mode = Mode::Regression;
                        self.take_numbers(cursor, trains)
                    }
                },
                kind => {
                    if odd.is_none() {
                        *odd = Some(Box::new(cursor.refused(0, false)));
                    }
                    if let Kind::Word(word) = kind {
                        *words = true;
                        let label = word.to_owned();
                        return self.take_label(label, sample);
                    }
                    if missing.is_none() {
                        *missing = Some(Box::new(cursor.refused(0, true)));
                    }
                    Ok(())
                }
            },
        }
    }

    fn take_numbers(&mut self, cursor: &dyn Cursor, trains: bool) -> Result<(), DataError> {
        for (k, moments) in self.moments.iter_mut().enumerate() {
            let Kind::Number(number) = cursor.target(k) else { return Err(cursor.refused(k, false)) };
            if trains {
                moments.push(number);
            }
        }
        Ok(())
    }

    fn take_label(&mut self, label: String, sample: usize) -> Result<(), DataError> {
        self.labels.insert(label);
        if self.labels.len() > MOST_CLASSES {
            let (file, name) = (self.source.file.path.clone(), quoted(&self.source.target_names[0]));
            return Err(DataError::ManyClasses { file, name, classes: self.labels.len(), samples: sample + 1 });
        }
        Ok(())
    }

    /// The classes, if these are some, and the scaling of the targets.
    fn finish(self, samples: usize) -> Result<(Option<Vec<String>>, Standardization), DataError> {
        let names = &self.source.target_names;
        let classes = match self.mode {
            Mode::Regression => return Ok((None, scaling(&self.moments))),
            Mode::Undecided { words: false, odd: Some(error), .. } | Mode::Undecided { missing: Some(error), .. } => {
                return Err(*error);
            }
            Mode::OneHot => names.clone(),
            Mode::Labels | Mode::Undecided { .. } => {
                let labels: Vec<String> = self.labels.into_iter().collect();
                let classes = class_list(&labels);
                check_classes(&self.source.file.path, &classes, samples, &names[0], false)?;
                classes
            }
        };
        let scaling = Standardization { mean: vec![0.0; classes.len()], scale: vec![1.0; classes.len()] };
        Ok((Some(classes), scaling))
    }
}

/// The label of the present sample.
pub(super) fn label(cursor: &dyn Cursor) -> Result<String, DataError> {
    match cursor.target(0) {
        Kind::Word(word) => Ok(word.to_owned()),
        Kind::Number(number) => Ok(number_label(number)),
        Kind::Missing(_) | Kind::NotFinite(_) => Err(cursor.refused(0, true)),
    }
}

/// The class of the present sample from targets of which one is 1 and the others 0.
pub(super) fn one_hot_class(
    cursor: &dyn Cursor,
    targets: usize,
    source: &Source,
    sample: usize,
) -> Result<usize, DataError> {
    let mut class = None;
    for k in 0..targets {
        match cursor.target(k) {
            Kind::Number(1.0) if class.is_none() => class = Some(k),
            Kind::Number(0.0) => {}
            Kind::Number(_) => return Err(not_one_hot(source, targets, sample)),
            _ => return Err(cursor.refused(k, false)),
        }
    }
    class.ok_or_else(|| not_one_hot(source, targets, sample))
}

fn not_one_hot(source: &Source, targets: usize, sample: usize) -> DataError {
    DataError::NotOneHot { file: source.file.path.clone(), sample: sample + 1, targets }
}
