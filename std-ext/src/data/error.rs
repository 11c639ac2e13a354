//! [`DataError`]: all that can be wrong with a data file, a line each.
//!
//! A message names the file, then the line, column or variable, what was found, what was expected and what to do.
//! Text taken from a file is quoted, escaped and cut by [`quoted`](super::wording::quoted), so that no cell can break the line.

use super::wording::{Cell, Shape};
use std::path::PathBuf;

/// Why a file did not become a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Inputs and targets of different numbers of samples.
    #[error("there are {inputs} samples of the inputs but {targets} of the targets: both need one column a sample")]
    SampleCounts {
        /// Columns of the inputs.
        inputs: usize,
        /// Columns of the targets.
        targets: usize,
    },

    /// No file has this path.
    #[error("{}: no such file; check the spelling and the folder", file.display())]
    Missing {
        /// The path asked for.
        file: PathBuf,
    },
    /// The path is a folder.
    #[error("{}: is a directory, expected a file; name a file in it", file.display())]
    Directory {
        /// The path asked for.
        file: PathBuf,
    },
    /// The operating system refused to read on.
    #[error("{}: cannot be read: {reason}; check the permissions and the disk", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The file has no bytes, or only blank lines.
    #[error("{}: is empty, expected a table of numbers; write the data again", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// There is a row of names and nothing below it.
    #[error("{}: line {line} is a header and no row of numbers follows; add the data below it", file.display())]
    HeaderOnly {
        /// The file.
        file: PathBuf,
        /// Line of the header.
        line: u64,
    },
    /// The text is in another encoding.
    #[error("{}: line {line}: found byte 0x{byte:02X}, which is not UTF-8 text; save the file as CSV in UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// Line of the first wrong byte.
        line: u64,
        /// The wrong byte.
        byte: u8,
    },
    /// A row is shorter or longer than the first.
    #[error("{}: line {line}: found {found} cells, expected {expected} as in line {first}; \
        complete the row or quote the cells that hold the separator ({separator})", file.display())]
    Ragged {
        /// The file.
        file: PathBuf,
        /// Line of the row.
        line: u64,
        /// Cells in it.
        found: usize,
        /// Cells in the first row.
        expected: usize,
        /// Line of the first row.
        first: u64,
        /// Name of the detected separator.
        separator: &'static str,
    },
    /// A word in a column of numbers.
    #[error("{at}: found {found}, expected a number{hint}")]
    Word {
        /// The cell.
        at: Cell,
        /// Its text, quoted.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// A cell with nothing in it, or with a mark for a missing value such as `NA`.
    #[error("{at}: found {found}, a missing value, expected a {expected}; fill in the cell or leave out the row")]
    MissingValue {
        /// The cell.
        at: Cell,
        /// Its text, quoted.
        found: String,
        /// "number" or "class label".
        expected: &'static str,
    },
    /// NaN, an infinity, or a number beyond the range of `f64`.
    #[error("{at}: found {found}, expected a finite number; correct the cell or leave out the row")]
    NotFinite {
        /// The cell.
        at: Cell,
        /// Its text, quoted.
        found: String,
    },
    /// A column was asked for that the table does not have.
    #[error("{}: no column {asked}; expected a number from 1 to {columns}, a range such as 1-2, or one of {available}", file.display())]
    UnknownColumn {
        /// The file.
        file: PathBuf,
        /// The name, number or range asked for, quoted.
        asked: String,
        /// How many columns the table has.
        columns: usize,
        /// Their names.
        available: String,
    },
    /// A name in the header stands for several columns.
    #[error("{}: line {line}: columns {first} and {second} are both named {name}, expected one; \
        rename one of them or choose by number", file.display())]
    DuplicateName {
        /// The file.
        file: PathBuf,
        /// Line of the header.
        line: u64,
        /// The name, quoted.
        name: String,
        /// First column of that name.
        first: usize,
        /// Second column of that name.
        second: usize,
    },
    /// One column was chosen twice.
    #[error("{}: column {column} ({name}) is chosen twice; an input or target may be named only once", file.display())]
    ChosenTwice {
        /// The file.
        file: PathBuf,
        /// The column, from 1.
        column: usize,
        /// Its name, quoted.
        name: String,
    },
    /// All columns are targets, or none is chosen.
    #[error("{}: found {columns} columns of which none is left as {role}; choose other columns{hint}", file.display())]
    NoColumns {
        /// The file.
        file: PathBuf,
        /// How many columns the table has.
        columns: usize,
        /// "an input" or "a target".
        role: &'static str,
        /// For a text table: or check the separator, with its name.
        hint: String,
    },
    /// A second file has another number of inputs or targets than the first.
    #[error("{}: found {found} {role} columns, expected {expected} as in the first file; \
        give both files the same columns", file.display())]
    ColumnCount {
        /// The second file.
        file: PathBuf,
        /// "input", "target" or "" for both.
        role: &'static str,
        /// Columns in it.
        found: usize,
        /// Columns in the first file or model.
        expected: usize,
    },
    /// A label that the first file does not have.
    #[error(
        "{at}: found class {found}, expected one of {expected}; \
        put samples of every class in the first file, or leave out the row"
    )]
    UnknownClass {
        /// The cell as [`Cell`] shows it, or the variable and sample of a MAT file.
        at: String,
        /// The label, quoted.
        found: String,
        /// The known labels.
        expected: String,
    },
    /// Every sample has the same label.
    #[error("{}: column {name}: found the single class {class}, expected two or more; \
        add samples of another class or choose another target", file.display())]
    OneClass {
        /// The file.
        file: PathBuf,
        /// The target column, quoted.
        name: String,
        /// The label, quoted.
        class: String,
    },
    /// Nearly every sample has a label of its own.
    #[error("{}: column {name}: found {classes} classes in {samples} samples, expected several samples of each class; \
        choose regression or another target", file.display())]
    ManyClasses {
        /// The file.
        file: PathBuf,
        /// The target column, quoted.
        name: String,
        /// Distinct labels.
        classes: usize,
        /// Samples there are.
        samples: usize,
    },
    /// Several targets for classification, and a sample that is not one 1 among zeros.
    #[error("{}: sample {sample}: the {targets} targets are not a single 1 among zeros, as classification expects; \
        choose one column of labels, or regression", file.display())]
    NotOneHot {
        /// The file.
        file: PathBuf,
        /// The sample, from 1.
        sample: usize,
        /// How many targets there are.
        targets: usize,
    },
    /// A file named `.mat` that is not of version 5.
    #[error("{}: is not a MAT file of version 5; save it in MATLAB with save(..., '-v7')", file.display())]
    NotMat {
        /// The file.
        file: PathBuf,
    },
    /// A MAT file of version 7.3.
    #[error("{}: is a MAT file of version 7.3 (HDF5), expected version 5 or 7; save it again with save(..., '-v7')", file.display())]
    Hdf5 {
        /// The file.
        file: PathBuf,
    },
    /// A MAT file that contradicts itself.
    #[error("{}: byte {offset}: {what}; the file is truncated or damaged, copy it again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Start in the file of the damaged variable.
        offset: usize,
        /// What was found and expected.
        what: String,
    },
    /// A variable or array was asked for that the file does not have.
    #[error("{}: no {asked}; choose from: {available}", file.display())]
    UnknownVariable {
        /// The file.
        file: PathBuf,
        /// What was asked for: `variable "X"` or `array "x"`.
        asked: String,
        /// All variables, with shapes.
        available: String,
    },
    /// A variable that is not a real matrix.
    #[error("{}: variable {name} is {found}, expected a full real matrix with rows and columns; convert it in MATLAB, or choose another", file.display())]
    NotAMatrix {
        /// The file.
        file: PathBuf,
        /// The variable, quoted.
        name: String,
        /// Kind and shape.
        found: String,
    },
    /// NaN or an infinity in a file of matrices.
    #[error("{}: {name}, row {row}, column {column}: found {found}, expected a finite number; \
        correct it or leave out the sample", file.display())]
    NotFiniteElement {
        /// The file.
        file: PathBuf,
        /// The matrix: `variable "X"`, `array "x"`, `the array`.
        name: String,
        /// Row, from 1.
        row: usize,
        /// Column, from 1.
        column: usize,
        /// The element.
        found: f64,
    },
    /// No pair of variables has the expected names.
    #[error("{}: no pair of {kind} named {expected}; name the inputs and the targets, from: {available}", file.display())]
    NoPair {
        /// The file.
        file: PathBuf,
        /// "variables" or "arrays".
        kind: &'static str,
        /// The known pairs.
        expected: String,
        /// All variables, with shapes.
        available: String,
    },
    /// A MAT or NPZ file to predict on in which the inputs cannot be told.
    #[error("{}: found {found} matrices with {expected} rows or columns, expected one, the inputs; \
        name it as in training or take out the others, of: {available}", file.display())]
    InputVariable {
        /// The file.
        file: PathBuf,
        /// Matrices that fit.
        found: usize,
        /// Inputs of the model.
        expected: usize,
        /// All variables, with shapes.
        available: String,
    },
    /// Several names where a file of matrices takes one.
    #[error("{}: found {found} names of {kind} for the {role}, expected one; put them into one matrix", file.display())]
    OneVariable {
        /// The file.
        file: PathBuf,
        /// "variables" or "arrays".
        kind: &'static str,
        /// "inputs" or "targets".
        role: &'static str,
        /// How many names there are.
        found: usize,
    },
    /// Inputs and targets have neither rows nor columns in common.
    #[error("{}: inputs {inputs} are {input_shape} and targets {targets} are {target_shape}, \
        expected as many columns (or rows) in both, one for each sample; transpose one of them", file.display())]
    ShapeMismatch {
        /// The file.
        file: PathBuf,
        /// The inputs' variable, quoted.
        inputs: String,
        /// Its shape, as `55x800`.
        input_shape: String,
        /// The targets' variable, quoted.
        targets: String,
        /// Its shape.
        target_shape: String,
    },
    /// The first bytes are not those of the kind of file that the name promises.
    #[error("{}: begins with {found}, expected {expected}; check that it is the right file, or copy it again", file.display())]
    WrongMagic {
        /// The file.
        file: PathBuf,
        /// The first bytes, in hexadecimal.
        found: String,
        /// What a file of this kind begins with.
        expected: &'static str,
    },
    /// An array of something else than real numbers.
    #[error("{}: {name} is {found}, expected {expected}; convert it (in NumPy with .astype, .reshape), or choose another", file.display())]
    NotNumbers {
        /// The file.
        file: PathBuf,
        /// `array "x"` or `the array`.
        name: String,
        /// Type or shape.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// Inputs whose targets are in another file, which is not there.
    #[error("{}: the targets of this array are expected in a file beside it, {expected}, which is not there; \
        name their file as the targets", file.display())]
    NoTargetFile {
        /// The file of the inputs.
        file: PathBuf,
        /// The names that were tried.
        expected: String,
    },
    /// Inputs and targets in two files with different numbers of samples.
    #[error("{}: found {samples} samples, but {target_samples} in {}; take two files that belong together", file.display(), targets.display())]
    TwoFiles {
        /// The file of the inputs.
        file: PathBuf,
        /// Samples in it.
        samples: usize,
        /// The file of the targets.
        targets: PathBuf,
        /// Samples in it.
        target_samples: usize,
    },
    /// A kind of file that cannot be read batch by batch.
    #[error("{}: {what} cannot be read in batches; save the data as CSV, NPY (C order) or IDX, or load them whole", file.display())]
    NotStreamed {
        /// The file.
        file: PathBuf,
        /// "a MAT file" and the like.
        what: &'static str,
    },
    /// A file that is not the same in a later pass.
    #[error("{}: changed while it was read: found {found} samples, expected {expected}; leave it alone until the end", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
        /// Samples in this pass.
        found: usize,
        /// Samples in the first pass.
        expected: usize,
    },
    /// Options of a stream that make no sense.
    #[error("stream: found {option} = {found}, expected {expected}; correct it")]
    StreamOption {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// The values it may have.
        expected: &'static str,
    },
    /// No sample is left for the training.
    #[error("{}: all {samples} samples are for validation, expected some for training; lower the validation share", file.display())]
    NoTraining {
        /// The file.
        file: PathBuf,
        /// Samples there are.
        samples: usize,
    },
    /// A matrix memory cannot hold.
    #[error("{}: a matrix of {shape} numbers does not fit in memory; choose fewer columns or samples", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Shape of the matrix.
        shape: Shape,
    },
    /// Fractions of a split that do not make a whole.
    #[error(
        "split: found fractions {found:?}, expected three numbers from 0 to 1 that add up to 1, \
        or percentages that add up to 100; correct them"
    )]
    SplitFractions {
        /// Training, validation, test.
        found: [f64; 3],
    },
    /// Counts of a split beyond the number of samples.
    #[error("split: found counts {found:?}, expected at most {samples} samples in all; lower them")]
    SplitCounts {
        /// Training, validation, test.
        found: [usize; 3],
        /// Samples there are.
        samples: usize,
    },
    /// Class labels for another number of samples.
    #[error(
        "split: found {found} class labels, expected {samples}, one for each sample; pass the labels of the whole set"
    )]
    SplitClasses {
        /// Labels there are.
        found: usize,
        /// Samples there are.
        samples: usize,
    },
    /// A matrix whose rows do not fit the standardization.
    #[error(
        "standardization: found a matrix with {found} rows, expected {expected}; pass the features it was fitted on"
    )]
    Rows {
        /// Rows of the matrix.
        found: usize,
        /// Rows of the matrix the standardization was fitted on.
        expected: usize,
    },
}

impl DataError {
    /// Whether it says that memory cannot hold the data.
    pub fn is_memory(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Unreadable { reason, .. } => reason.kind() == std::io::ErrorKind::OutOfMemory,
            _ => false,
        }
    }
}
