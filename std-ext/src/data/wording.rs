//! Words that messages share: places, shapes, and pieces of files in quotes.

use std::fmt;
use std::path::PathBuf;

/// Longest piece of a cell or of a list that a message repeats, in characters.
const LONGEST: usize = 40;
/// Most entries of a list that a message repeats.
const MOST: usize = 12;

/// Where a cell of a text file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The file.
    pub file: PathBuf,
    /// Line in the file, from 1.
    pub line: u64,
    /// Column of the table, from 1.
    pub column: usize,
    /// The column's name in the header, or `column_7` where there is no header.
    pub name: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, name } = self;
        write!(f, "{}: line {line}, column {column} ({})", file.display(), quoted(name))
    }
}

/// Rows by columns, as `55x800`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(
    /// Rows.
    pub usize,
    /// Columns.
    pub usize,
);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0, self.1)
    }
}

/// Text of a file as a message shows it: in quotes, control characters escaped, cut after 40 characters.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A list as a message shows it: the first twelve entries, each quoted.
pub(super) fn quoted_list<'a>(entries: impl ExactSizeIterator<Item = &'a String>) -> String {
    shortened(entries.map(|entry| quoted(entry)))
}

/// A list as a message shows it: the first twelve entries and how many more there are.
pub(super) fn shortened(entries: impl ExactSizeIterator<Item = String>) -> String {
    let more = entries.len().saturating_sub(MOST);
    let mut list = entries.take(MOST).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    list
}
