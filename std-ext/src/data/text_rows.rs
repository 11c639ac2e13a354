//! A text table row by row, in memory that does not depend on the number of rows: as [`Table`](super::csv::Table), for files
//! larger than memory.
//!
//! The separator is found in the first lines, at most in the first 262 144 bytes. A line number is counted, from
//! the start of the file, only when a message needs it. The file is opened once for each pass.

use super::columns::Columns;
use super::csv::{HeaderGuess, Kind, column_names, guess_header, unquoted};
use super::dialect::{Rows, Separator, SpacesToTabs, separator};
use super::error::DataError;
use super::file::{DataFile, failed, open};
use super::wording::Cell;
use std::io::{BufRead, BufReader, Cursor, Read};

/// Bytes in which the separator is looked for.
const SAMPLE: u64 = 1 << 18;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a first look at a table tells.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    file: DataFile,
    pub(super) columns: Columns,
    separator: Separator,
}

impl Layout {
    /// Finds separator, columns and header. Reads two rows, or where labels could be taken for a header (see
    /// [`csv`](super::csv)) up to the one where they all have occurred again.
    pub(super) fn find(file: &DataFile) -> Result<Self, DataError> {
        let path = &file.path;
        let mut reader = open(file)?.reader;
        let mut sample = Vec::new();
        let found = (&mut reader).take(SAMPLE).read_to_end(&mut sample).map_err(|error| failed(path, error))?;
        if found as u64 == SAMPLE
            && let Some(end) = sample.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'))
        {
            sample.truncate(end);
        }
        let text = String::from_utf8_lossy(sample.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&sample));
        let separator = separator(&text);
        let columns =
            Columns { file: path.to_path_buf(), names: Vec::new(), header: None, separator: Some(separator.name()) };
        let mut layout = Self { file: file.clone(), columns, separator };

        let mut rows = TextRows::open(&layout)?;
        if !rows.advance()? {
            return Err(DataError::Empty { file: path.to_path_buf() });
        }
        let first: Vec<String> = (0..rows.len()).map(|column| rows.text(column).to_owned()).collect();
        let words = |rows: &TextRows| (0..rows.len()).map(|column| rows.cell(column).is_word()).collect::<Vec<_>>();
        let (first_words, first_start) = (words(&rows), rows.start);
        let more = rows.advance()?;
        let header = match guess_header(&first_words, more.then(|| words(&rows)).as_deref()) {
            HeaderGuess::Yes => true,
            HeaderGuess::No => false,
            HeaderGuess::UnlessAllRecur => {
                let mut unseen: Vec<usize> = (0..first.len()).filter(|&column| first_words[column]).collect();
                loop {
                    unseen.retain(|&column| rows.text(column) != first[column]);
                    if unseen.is_empty() || !rows.advance()? {
                        break;
                    }
                }
                !unseen.is_empty()
            }
        };
        layout.columns.names = column_names(&first, header);
        if header {
            let line = line_at(file, separator, first_start)?;
            layout.columns.header = Some(line);
            if !more {
                return Err(DataError::HeaderOnly { file: path.to_path_buf(), line });
            }
        }
        Ok(layout)
    }
}

/// The rows of a table, the header not among them.
pub(super) struct TextRows {
    file: DataFile,
    separator: Separator,
    names: Vec<String>,
    reader: Rows<Box<dyn Read + Send>>,
    record: csv::StringRecord,
    /// Cells of each row; 0 before the first.
    cells: usize,
    /// Byte of the text where the present row starts, or blank lines before it.
    start: u64,
    first_start: Option<u64>,
}

impl TextRows {
    /// Opens the file again at its first row.
    pub(super) fn open(layout: &Layout) -> Result<Self, DataError> {
        let file = layout.file.clone();
        let text = text_bytes(&file, layout.separator)?;
        let reader = layout.separator.rows(text).map_err(|error| unreadable(&file, error))?;
        let mut rows = Self {
            file,
            separator: layout.separator,
            names: layout.columns.names.clone(),
            reader,
            record: csv::StringRecord::new(),
            cells: layout.columns.len(),
            start: 0,
            first_start: None,
        };
        if layout.columns.header.is_some() {
            rows.advance()?;
        }
        Ok(rows)
    }

    /// Moves to the next row; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, DataError> {
        loop {
            self.start = self.reader.position().byte();
            match self.reader.read_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.failed(error)),
            }
            if self.record.len() == 1 && self.record[0].is_empty() {
                continue; // a line of blanks
            }
            let first_start = *self.first_start.get_or_insert(self.start);
            if self.cells == 0 {
                self.cells = self.record.len();
            }
            if self.record.len() != self.cells {
                return Err(DataError::Ragged {
                    file: self.file.path.clone(),
                    line: self.line()?,
                    found: self.record.len(),
                    expected: self.cells,
                    first: line_at(&self.file, self.separator, first_start)?,
                    separator: self.separator.name(),
                });
            }
            return Ok(true);
        }
    }

    /// Cells of a row.
    pub(super) fn len(&self) -> usize {
        self.cells
    }

    /// The text of a cell of the present row.
    pub(super) fn text(&self, column: usize) -> &str {
        self.record.get(column).map_or("", unquoted)
    }

    /// What is in a cell of the present row.
    pub(super) fn cell(&self, column: usize) -> Kind<'_> {
        Kind::of(self.text(column))
    }

    /// Line of the present row. Cost: a pass over the file up to here.
    fn line(&self) -> Result<u64, DataError> {
        line_at(&self.file, self.separator, self.start)
    }

    /// Where a cell of the present row is, for a message. Cost: a pass over the file up to here.
    pub(super) fn place(&self, column: usize) -> Result<Cell, DataError> {
        let name = self.names.get(column).cloned().unwrap_or_default();
        Ok(Cell { file: self.file.path.clone(), line: self.line()?, column: column + 1, name })
    }

    fn failed(&self, error: csv::Error) -> DataError {
        unreadable(&self.file, error.into())
    }
}

/// The error for text that is not UTF-8, or for what else went wrong.
fn unreadable(file: &DataFile, error: std::io::Error) -> DataError {
    match not_utf8(file) {
        Ok(Some((line, byte))) => DataError::NotUtf8 { file: file.path.clone(), line, byte },
        _ => failed(&file.path, error),
    }
}

/// The bytes of the text, UTF-8, without byte order mark; runs of spaces are tabs where spaces separate.
fn text_bytes(file: &DataFile, separator: Separator) -> Result<Box<dyn Read + Send>, DataError> {
    let mut reader = open(file)?.reader;
    let mut start = Vec::new();
    (&mut reader).take(3).read_to_end(&mut start).map_err(|error| failed(&file.path, error))?;
    if start == BYTE_ORDER_MARK {
        start.clear();
    }
    let text = Utf8 { text: Cursor::new(start).chain(reader), begun: Vec::new() };
    Ok(match separator {
        Separator::Spaces => Box::new(Tabs { text, state: SpacesToTabs::default(), ready: Vec::new(), taken: 0 }),
        _ => Box::new(text),
    })
}

/// A reader that refuses what is not UTF-8. The CSV reader looks at cells, whose bytes may become UTF-8 only where a quotation mark
/// between them is taken away.
struct Utf8<R> {
    text: R,
    /// The first bytes of a character whose others are in the next block.
    begun: Vec<u8>,
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let found = self.text.read(buffer)?;
        let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidData, "not UTF-8 text");
        if found == 0 {
            return if self.begun.is_empty() || buffer.is_empty() { Ok(0) } else { Err(wrong()) };
        }
        let mut bytes = &buffer[..found];
        // A character has four bytes at most.
        while let (false, Some((&byte, rest))) = (self.begun.is_empty(), bytes.split_first()) {
            self.begun.push(byte);
            bytes = rest;
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) if error.error_len().is_some() => return Err(wrong()),
                Err(_) => {}
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => {}
            Err(error) if error.error_len().is_some() => return Err(wrong()),
            Err(error) => self.begun.extend_from_slice(&bytes[error.valid_up_to()..]),
        }
        Ok(found)
    }
}

/// A reader behind which runs of spaces are tabs.
struct Tabs<R> {
    text: R,
    state: SpacesToTabs,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Read for Tabs<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut block = [0; 8192];
        while self.taken == self.ready.len() {
            (self.taken, self.ready) = (0, std::mem::take(&mut self.ready));
            self.ready.clear();
            let found = self.text.read(&mut block)?;
            if found == 0 {
                return Ok(0);
            }
            block[..found].iter().for_each(|&byte| self.state.push(byte, &mut self.ready));
        }
        let count = buffer.len().min(self.ready.len() - self.taken);
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

/// The line, from 1, of the row that starts at a byte of the text, after any blank lines there.
fn line_at(file: &DataFile, separator: Separator, start: u64) -> Result<u64, DataError> {
    let mut bytes = BufReader::new(text_bytes(file, separator)?).bytes();
    let mut next = || bytes.next().transpose().map_err(|error| unreadable(file, error));
    let (mut line, mut place, mut byte) = (1, 0, next()?);
    while let Some(here) = byte {
        if place >= start && !matches!(here, b'\n' | b'\r') {
            break;
        }
        byte = next()?;
        if here == b'\n' || (here == b'\r' && byte != Some(b'\n')) {
            line += 1;
        }
        place += 1;
    }
    Ok(line)
}

/// Line and value of the first byte that is not UTF-8.
fn not_utf8(file: &DataFile) -> Result<Option<(u64, u8)>, DataError> {
    let mut reader = BufReader::new(open(file)?.reader);
    let (mut line, mut text) = (1, Vec::new());
    loop {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(|error| failed(&file.path, error))? == 0 {
            return Ok(None);
        }
        let good = std::str::from_utf8(&text).map_or_else(|error| error.valid_up_to(), str::len);
        // A lone carriage return ends a line too.
        let ends = |i: usize| text[i] == b'\n' || text[i] == b'\r' && text.get(i + 1) != Some(&b'\n');
        line += (0..good).filter(|&i| ends(i)).count() as u64;
        if let Some(&byte) = text.get(good) {
            return Ok(Some((line, byte)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::csv::Table;
    use crate::data::testing::{Folder, message};
    use std::path::Path;

    /// All columns of all rows as numbers, as [`Table::numbers`] gives them, or the first message.
    fn numbers(path: &Path) -> Result<Vec<f64>, DataError> {
        let layout = Layout::find(&path.into())?;
        let mut rows = TextRows::open(&layout)?;
        let mut numbers = Vec::new();
        while rows.advance()? {
            for column in 0..rows.len() {
                match rows.cell(column) {
                    Kind::Number(number) => numbers.push(number),
                    _ => {
                        let (at, found) = (rows.place(column)?, crate::data::quoted(rows.text(column)));
                        return Err(DataError::Word { at, found, hint: "" });
                    }
                }
            }
        }
        Ok(numbers)
    }

    #[test]
    fn rows_are_those_of_the_table() {
        let folder = Folder::new("text-rows");
        for text in [
            "1,-2.5,3e4\n4,5,6\n",
            "1,-2.5,3e4\r4,5,6\r",
            "\u{feff}1; -2.5;3e4\n\n4;5 ;6\n",
            "  1  -2.5 3e4\n4 \t 5   6\n",
            "\"1\", \"-2.5\", \"3e4\"\n4, 5, 6\n",
            "\u{feff}\"a, b\",b,c\r\n1,-2.5,3e4\r\n4,5,6\r\n",
            "\n\na b c\n\n 1 2 3\n",
            "0,1,species\n7.0,3.2,versicolor\n4.9,3.0,setosa\n",
            "5.1,3.5,setosa\n7.0,3.2,versicolor\n4.9,3.0,setosa\n",
            "5.1,3.5,setosa\n7.0,3.2,versicolor\n4.9,3.0,virginica\n",
            "x, y ,\n1,2,3",
            "7",
            "\u{feff}\u{feff}2 6\n3 4\n",
            " \u{feff}2   3\n4\t2\n",
        ] {
            let path = folder.write("t.csv", text);
            let (layout, table) = (Layout::find(&(&path).into()).unwrap(), Table::parse(&path, text.into()).unwrap());
            assert_eq!(
                (&layout.columns.names, layout.columns.header, layout.columns.separator),
                (&table.columns.names, table.columns.header, table.columns.separator),
                "{text:?}"
            );
            let mut rows = TextRows::open(&layout).unwrap();
            let mut count = 0;
            while rows.advance().unwrap() {
                for column in 0..rows.len() {
                    assert_eq!(rows.cell(column), table.cell(count, column), "{text:?}");
                    assert_eq!(rows.place(column).unwrap(), table.place(count, column), "{text:?}");
                }
                count += 1;
            }
            assert_eq!(count, table.rows(), "{text:?}");
        }
    }

    #[test]
    fn refused_rows() {
        let folder = Folder::new("refused-rows");
        for (text, expected) in [
            (&b"\n \r\n"[..], "t.csv: is empty"),
            (b"x,y\n", "t.csv: line 1 is a header and no row"),
            (b"\n\nx,y\r\n\r\n", "t.csv: line 3 is a header"),
            (b"\n1,2\n\n3,4,5\n", "t.csv: line 4: found 3 cells, expected 2 as in line 2; complete the row"),
            (b"x y\r\n1 2\r\n3\r\n", "t.csv: line 3: found 1 cells, expected 2 as in line 1"),
            (b"x,y\r\n1,2\r\n\r\n3,four\r\n", "t.csv: line 4, column 2 (\"y\"): found \"four\""),
            (b"x,y\n\"1\n\",2\n3,oops\n", "t.csv: line 4, column 2 (\"y\"): found \"oops\""),
            (b"x,y\r1,2\r3,\xE9\r", "t.csv: line 3: found byte 0xE9, which is not UTF-8 text"),
            (b"\xFF\xFEx\0", "t.csv: line 1: found byte 0xFF"),
            (b" \xEF\xBB\xBF2  6\n", "t.csv: line 1 is a header and no row"),
            (b"x,y\n1,2\n3,\xC3\"\xA2\n", "t.csv: line 3: found byte 0xC3, which is not UTF-8 text"),
            (b"x y\n1 2\n3 \xC3", "t.csv: line 3: found byte 0xC3"),
        ] {
            let text = message(numbers(&folder.write("t.csv", text)));
            assert!(text.contains(expected), "{expected:?}: {text}");
        }
    }

    /// Any text in blocks of any size, cut anywhere: accepted when all of it at once is.
    #[test]
    fn utf8_is_told_in_blocks_as_in_one() {
        struct Blocks<'a>(&'a [u8], usize);
        impl Read for Blocks<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.1.min(buffer.len());
                self.0.read(&mut buffer[..count])
            }
        }
        let text = "aé€𝄞\u{feff}z€".as_bytes();
        let mut cases: Vec<Vec<u8>> = (0..=text.len()).map(|end| text[..end].to_vec()).collect();
        for (i, byte) in (0..text.len()).flat_map(|i| [0x22, 0x80, 0xC3, 0xFF, 0xED].map(|byte| (i, byte))) {
            let mut changed = text.to_vec();
            changed[i] = byte;
            cases.push(changed);
        }
        for case in cases {
            for block in 1..=5 {
                let mut read = Vec::new();
                let outcome = Utf8 { text: Blocks(&case, block), begun: Vec::new() }.read_to_end(&mut read);
                assert_eq!(outcome.is_ok(), std::str::from_utf8(&case).is_ok(), "{case:?} in blocks of {block}");
                assert!(outcome.is_err() || read == case);
            }
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same_tabs() {
        let text: String = (0..4000).map(|i| format!("{}{} \t{}\n", " ".repeat(i % 5), i, i * i)).collect();
        let folder = Folder::new("blocks");
        let path = folder.write("t.txt", &text);
        let mut bytes = Vec::new();
        text_bytes(&(&path).into(), Separator::Spaces).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, crate::data::dialect::spaces_to_tabs(&text).into_bytes());
        assert_eq!(numbers(&path).unwrap()[7998..], [3999.0, 3999.0 * 3999.0]);
    }
}
