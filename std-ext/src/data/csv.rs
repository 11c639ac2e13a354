//! Text tables: comma, semicolon, tab or spaces between cells; quoted cells; a header or none; any line ends; UTF-8 with
//! or without byte order mark.
//!
//! **Header.** The first row is one when it holds a word. One kind of table without header also begins with words:
//! numbers followed by a class label. It is told by its second row having words and numbers at the same places, at least
//! one number, and the first row's words occurring again below.
//!
//! **Memory.** A cell takes the eight bytes of its number. Texts are kept only for cells that are no finite number, which
//! is what a message or a column of class labels needs later, when the columns are chosen. Cost: one pass.

use super::columns::Columns;
use super::dialect::{Separator, separator, spaces_to_tabs};
use super::error::DataError;
use super::file::{failed, reserve};
use super::wording::{Cell, quoted};
use crate::DenseMatrix;
use std::collections::BTreeMap;
use std::path::Path;

/// Marks for a value that was not recorded.
const MISSING: [&str; 6] = ["", "?", "na", "n/a", "null", "#n/a"];

/// A text table, read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Columns,
    /// Row after row; NaN stands for a cell that is in `texts`.
    values: Vec<f64>,
    /// For each row its line in the file.
    lines: Vec<u64>,
    /// For each column the texts of the cells that are no finite number, by row.
    texts: Vec<BTreeMap<usize, String>>,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    Number(f64),
    Missing(&'a str),
    NotFinite(&'a str),
    Word(&'a str),
}

impl<'a> Kind<'a> {
    /// What this text is.
    pub(super) fn of(text: &'a str) -> Self {
        if MISSING.contains(&text.to_ascii_lowercase().as_str()) {
            return Self::Missing(text);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Self::Number(number),
            Ok(_) => Self::NotFinite(text),
            Err(_) => Self::Word(text),
        }
    }

    pub(super) fn is_word(self) -> bool {
        matches!(self, Self::Word(_))
    }
}

impl Table {
    /// Reads a table from the bytes of `path`.
    pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, DataError> {
        let file = path.to_path_buf();
        let text = String::from_utf8(bytes).map_err(|error| {
            let end = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[end];
            let mut lines = LineCounter::default();
            DataError::NotUtf8 { file: file.clone(), line: lines.at(error.as_bytes(), end), byte }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let separator = separator(text);
        let tabs;
        let text = if separator == Separator::Spaces {
            tabs = spaces_to_tabs(text);
            tabs.as_str()
        } else {
            text
        };
        let columns = Columns { file, names: Vec::new(), header: None, separator: Some(separator.name()) };
        let mut table = Self { columns, values: Vec::new(), lines: Vec::new(), texts: Vec::new() };
        let first = table.read_rows(text, separator)?;
        table.find_header(&first)?;
        Ok(table)
    }

    /// Reads all rows as if there were no header and returns the first one's cells.
    fn read_rows(&mut self, text: &str, separator: Separator) -> Result<Vec<String>, DataError> {
        let mut reader = separator.rows(text.as_bytes()).map_err(|error| failed(&self.columns.file, error))?;
        let mut record = csv::StringRecord::new();
        let mut lines = LineCounter::default();
        let mut first = Vec::new();
        loop {
            // The reader's own line number is that of the end of the row before, which differs after blank lines.
            let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            let more = reader
                .read_record(&mut record)
                .map_err(|error| DataError::Unreadable { file: self.columns.file.clone(), reason: error.into() })?;
            if !more {
                break;
            }
            if record.len() == 1 && record[0].is_empty() {
                continue; // a line of blanks
            }
            let bytes = text.as_bytes();
            let blank = bytes[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let line = lines.at(bytes, start + blank);
            if first.is_empty() {
                first = record.iter().map(|text| unquoted(text).to_owned()).collect();
                self.texts = vec![BTreeMap::new(); first.len()];
            }
            if record.len() != first.len() {
                return Err(DataError::Ragged {
                    file: self.columns.file.clone(),
                    line,
                    found: record.len(),
                    expected: first.len(),
                    first: self.lines[0],
                    separator: separator.name(),
                });
            }
            self.push_row(&record, line)?;
        }
        if first.is_empty() { Err(DataError::Empty { file: self.columns.file.clone() }) } else { Ok(first) }
    }

    fn push_row(&mut self, record: &csv::StringRecord, line: u64) -> Result<(), DataError> {
        let row = self.lines.len();
        if self.values.try_reserve(record.len()).is_err() || self.lines.try_reserve(1).is_err() {
            reserve(&self.columns.file, row, usize::MAX)?;
        }
        self.lines.push(line);
        for (column, text) in record.iter().map(unquoted).enumerate() {
            self.values.push(match Kind::of(text) {
                Kind::Number(number) => number,
                _ => {
                    self.texts[column].insert(row, text.to_owned());
                    f64::NAN
                }
            });
        }
        Ok(())
    }

    /// Names the columns, and takes the first row out when it is a header.
    fn find_header(&mut self, first: &[String]) -> Result<(), DataError> {
        let words = |row: usize| (0..first.len()).map(|column| self.cell(row, column).is_word()).collect::<Vec<_>>();
        let second = (self.rows() > 1).then(|| words(1));
        let recurs = |column: usize| self.texts[column].iter().skip(1).any(|(_, text)| *text == first[column]);
        let header = match guess_header(&words(0), second.as_deref()) {
            HeaderGuess::Yes => true,
            HeaderGuess::No => false,
            HeaderGuess::UnlessAllRecur => {
                !(0..first.len()).all(|column| !self.cell(0, column).is_word() || recurs(column))
            }
        };
        self.columns.names = column_names(first, header);
        if !header {
            return Ok(());
        }
        let line = self.lines.remove(0);
        self.columns.header = Some(line);
        self.values.drain(..first.len());
        for texts in &mut self.texts {
            *texts = std::mem::take(texts).into_iter().filter(|(row, _)| *row > 0).map(|(r, t)| (r - 1, t)).collect();
        }
        if self.rows() == 0 { Err(DataError::HeaderOnly { file: self.columns.file.clone(), line }) } else { Ok(()) }
    }

    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// What is in a cell.
    pub(super) fn cell(&self, row: usize, column: usize) -> Kind<'_> {
        match self.texts[column].get(&row) {
            Some(text) => Kind::of(text),
            None => Kind::Number(self.values[row * self.texts.len() + column]),
        }
    }

    /// Whether a column has words and no number: class labels.
    pub(super) fn is_words(&self, column: usize) -> bool {
        self.texts[column].len() == self.rows() && (0..self.rows()).any(|row| self.cell(row, column).is_word())
    }

    /// Where a cell is, for a message.
    pub(super) fn place(&self, row: usize, column: usize) -> Cell {
        let (line, name) = (self.lines[row], self.columns.names[column].clone());
        Cell { file: self.columns.file.clone(), line, column: column + 1, name }
    }

    /// The chosen columns as a matrix with one row for each and one column for each sample.
    ///
    /// The first cell in the file that is not a finite number is an error, which ends with `hint` when it is a word.
    pub(super) fn numbers(&self, columns: &[usize], hint: &'static str) -> Result<DenseMatrix<f64>, DataError> {
        let odd = columns.iter().filter_map(|&column| Some((*self.texts[column].keys().next()?, column))).min();
        if let Some((row, column)) = odd {
            let at = self.place(row, column);
            return Err(match self.cell(row, column) {
                Kind::Missing(text) => DataError::MissingValue { at, found: quoted(text), expected: "number" },
                Kind::Word(text) => DataError::Word { at, found: quoted(text), hint },
                Kind::NotFinite(text) => DataError::NotFinite { at, found: quoted(text) },
                Kind::Number(number) => unreachable!("{number} is kept as a number"),
            });
        }
        let mut data = reserve(&self.columns.file, columns.len(), self.rows())?;
        for row in 0..self.rows() {
            data.extend(columns.iter().map(|&column| self.values[row * self.texts.len() + column]));
        }
        Ok(DenseMatrix::from_vec(data, columns.len(), self.rows()).expect("filled row by row"))
    }
}

/// What the first two rows say about a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderGuess {
    Yes,
    No,
    /// It is a header unless all its words occur again below: then they are labels.
    UnlessAllRecur,
}

/// From which cells of the first row, and of the second where there is one, hold words.
pub(super) fn guess_header(first: &[bool], second: Option<&[bool]>) -> HeaderGuess {
    if !first.contains(&true) {
        HeaderGuess::No
    } else if first.contains(&false) && second == Some(first) {
        HeaderGuess::UnlessAllRecur
    } else {
        HeaderGuess::Yes
    }
}

/// The names of the columns, from the first row's cells.
pub(super) fn column_names(first: &[String], header: bool) -> Vec<String> {
    let mut names = Columns::numbered(first.len());
    if header {
        for (name, cell) in names.iter_mut().zip(first).filter(|(_, cell)| !cell.is_empty()) {
            name.clone_from(cell);
        }
    }
    names
}

/// A cell without the quotes that the reader leaves in `1, "2"`, where a blank precedes them.
pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map_or(text, str::trim)
}

/// Counts lines up to growing places in a text, each `\n`, `\r\n` and lone `\r` as the end of one.
#[derive(Debug, Default)]
pub(super) struct LineCounter {
    counted: usize,
    ends: u64,
}

impl LineCounter {
    /// The line, from 1, of the byte at `place`, which must not be before the last one asked for.
    fn at(&mut self, bytes: &[u8], place: usize) -> u64 {
        let ends = |i: usize| bytes[i] == b'\n' || bytes[i] == b'\r' && bytes.get(i + 1) != Some(&b'\n');
        self.ends += (self.counted..place).filter(|&i| ends(i)).count() as u64;
        self.counted = place;
        self.ends + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::message;

    fn table(text: impl AsRef<[u8]>) -> Result<Table, DataError> {
        Table::parse(Path::new("t.csv"), text.as_ref().to_vec())
    }

    /// All numbers, or the message.
    fn numbers(text: &str) -> Result<DenseMatrix<f64>, DataError> {
        let table = table(text)?;
        table.numbers(&(0..table.columns.len()).collect::<Vec<_>>(), "; mend it")
    }

    #[test]
    fn dialects_give_the_same_table() {
        let expected = DenseMatrix::from_fn(3, 2, |i, j| [[1.0, -2.5, 3e4], [4.0, 5.0, 6.0]][j][i]);
        for text in [
            "1,-2.5,3e4\n4,5,6\n",
            "1,-2.5,3e4\r\n4,5,6",
            "1,-2.5,3e4\r4,5,6\r",
            "\u{feff}1; -2.5;3e4\n\n4;5 ;6\n",
            "1\t-2.5\t3e4\n4\t5\t6\n  \n",
            "  1  -2.5 3e4\n4 \t 5   6\n",
            "\"1\",\"-2.5\",\"3e4\"\n\"4\",\"5\",\"6\"\n",
            "\"1\", \"-2.5\", \"3e4\"\n4, 5, 6\n",
            "a,b,c\n1,-2.5,3e4\n4,5,6\n",
            "\u{feff}\"a, b\",b,c\r\n1,-2.5,3e4\r\n4,5,6\r\n",
        ] {
            assert_eq!(numbers(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_header_is_told_from_labels() {
        assert_eq!(table("x, y ,\n1,2,3").unwrap().columns.names, ["x", "y", "column_3"]);
        assert_eq!(table("1,2").unwrap().columns.names, ["column_1", "column_2"]);
        // A byte order mark is one at the very start alone.
        assert_eq!(table("\u{feff} 2 3\n4 2\n").unwrap().columns.header, None);
        for text in [" \u{feff}2 3\n4 2\n", "\u{feff}\u{feff}2 3\n4 2\n", "\u{feff} \u{feff}2 3\n4 2\n"] {
            assert_eq!(table(text).unwrap().columns.names, ["\u{feff}2", "3"], "{text:?}");
        }
        // Samples with a label last, as the Iris data come; the same with a header of numbers.
        let iris = table("5.1,3.5,setosa\n7.0,3.2,versicolor\n4.9,3.0,setosa\n").unwrap();
        assert_eq!((iris.columns.header, iris.rows()), (None, 3));
        let numbered = table("0,1,species\n7.0,3.2,versicolor\n4.9,3.0,setosa\n").unwrap();
        assert_eq!((numbered.columns.header, numbered.rows()), (Some(1), 2));
        assert!(iris.is_words(2) && numbered.is_words(2) && !iris.is_words(0));
        // A missing value alone makes no header.
        assert!(
            message(numbers("1,NA\n2,3\n")).contains("line 1, column 2 (\"column_2\"): found \"NA\", a missing value")
        );
    }

    #[test]
    fn refused_tables() {
        for (text, expected) in [
            ("\n \r\n", "t.csv: is empty"),
            ("x,y\n", "t.csv: line 1 is a header and no row of numbers follows"),
            ("\n\nx,y\r\n\r\n", "t.csv: line 3 is a header"),
            (" \u{feff}2  6\n", "t.csv: line 1 is a header"),
            ("1,2\n\n3,4,5\n", "t.csv: line 3: found 3 cells, expected 2 as in line 1"),
            (
                "x y\r\n1 2\r\n3\r\n",
                "t.csv: line 3: found 1 cells, expected 2 as in line 1; complete the row or quote the cells that hold the separator (spaces)",
            ),
            (
                "x,y\r\n1,2\r\n\r\n3,fo\u{7}ur\r\n",
                "t.csv: line 4, column 2 (\"y\"): found \"fo\\u{7}ur\", expected a number; mend it",
            ),
            ("x;y\n1;2,5\n", "line 2, column 2 (\"y\"): found \"2,5\", expected a number"),
            ("x,y\n1,\n", "line 2, column 2 (\"y\"): found \"\", a missing value, expected a number"),
            ("x,y\n1,2\nNaN,3\n", "line 3, column 1 (\"x\"): found \"NaN\", expected a finite number"),
            ("x,y\n1,-inf\n", "line 2, column 2 (\"y\"): found \"-inf\", expected a finite number"),
            ("x,y\n1,1e999\n", "line 2, column 2 (\"y\"): found \"1e999\", expected a finite number"),
            ("x,y\n\"1\n\",2\n3,oops\n", "line 4, column 2 (\"y\"): found \"oops\""),
            ("x,y\n1,\"2\n3,4\n", "line 2, column 2 (\"y\"): found \"2\\n3,4\""),
        ] {
            let message = message(numbers(text));
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let latin = b"x,y\r\n1,2\r\n3,\xE9\r\n";
        assert!(message(table(latin)).starts_with("t.csv: line 3: found byte 0xE9, which is not UTF-8 text; save"));
        assert!(message(table(b"\xFF\xFEx\0")).contains("line 1: found byte 0xFF"));
    }
}
