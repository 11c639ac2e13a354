//! How a text table is written: what separates its cells.
//!
//! A separator is believed when it occurs outside quotes, and equally often, in each of the first lines. Tab, semicolon
//! and comma are asked in this order, since `1,5;2,5` and a header `flow rate<tab>power` hold a weaker separator inside
//! their cells; runs of spaces and tabs come last. Where none is regular (a ragged table), the first that occurs in the
//! first line is taken, so that the complaint about the ragged row names what its author meant.

use std::io::{Chain, Cursor, Read};

/// Lines looked at.
const LINES: usize = 20;

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Tab,
    Semicolon,
    Comma,
    /// One or more spaces or tabs.
    Spaces,
}

/// What reads rows of cells.
pub(super) type Rows<R> = csv::Reader<Chain<Cursor<Vec<u8>>, R>>;

impl Separator {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tab => "tab",
            Self::Semicolon => "semicolon",
            Self::Comma => "comma",
            Self::Spaces => "spaces",
        }
    }

    /// The byte between cells; for `Spaces`, after [`spaces_to_tabs`].
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Tab | Self::Spaces => b'\t',
            Self::Semicolon => b';',
            Self::Comma => b',',
        }
    }

    /// A reader of the rows of a text, for `Spaces` after [`spaces_to_tabs`], from which its byte order mark was taken.
    ///
    /// The CSV reader drops one too if its first block has it as a whole. So that block is the first byte alone: a mark after
    /// blanks, which were dropped with the spaces, or after another mark belongs to the text.
    pub(super) fn rows<R: Read>(self, mut text: R) -> std::io::Result<Rows<R>> {
        let mut first = Vec::new();
        text.by_ref().take(1).read_to_end(&mut first)?;
        Ok(csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.byte())
            .trim(csv::Trim::All)
            .from_reader(Cursor::new(first).chain(text)))
    }

    /// How often it separates cells in a line.
    fn count(self, line: &str) -> usize {
        match self {
            Self::Spaces => spaces_to_tabs(line).matches('\t').count(),
            _ => {
                let mut quoted = false;
                let wanted = self.byte();
                line.bytes()
                    .filter(|&byte| {
                        quoted ^= byte == b'"';
                        !quoted && byte == wanted
                    })
                    .count()
            }
        }
    }
}

/// The separator of a table; comma when there is but one column.
pub(super) fn separator(text: &str) -> Separator {
    use Separator::{Comma, Semicolon, Spaces, Tab};
    let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).take(LINES).collect();
    let first = lines.first().copied().unwrap_or_default();
    let all = [Tab, Semicolon, Comma, Spaces];
    let regular = |separator: &Separator| {
        let count = separator.count(first);
        count > 0 && lines.iter().all(|line| separator.count(line) == count)
    };
    let occurs = |separator: &Separator| separator.count(first) > 0;
    all.into_iter().find(regular).or_else(|| all.into_iter().find(occurs)).unwrap_or(Comma)
}

/// The text with each run of spaces and tabs outside quotes made one tab, and those at the ends of a line dropped.
///
/// Line ends stay, so that lines are counted alike in both texts.
pub(super) fn spaces_to_tabs(text: &str) -> String {
    let mut tabs = Vec::with_capacity(text.len());
    let mut state = SpacesToTabs::default();
    text.bytes().for_each(|byte| state.push(byte, &mut tabs));
    // Only bytes of ASCII were changed or dropped.
    String::from_utf8_lossy(&tabs).into_owned()
}

/// The same byte by byte.
#[derive(Debug)]
pub(super) struct SpacesToTabs {
    quoted: bool,
    pending: bool,
    line_start: bool,
}

impl Default for SpacesToTabs {
    fn default() -> Self {
        Self { quoted: false, pending: false, line_start: true }
    }
}

impl SpacesToTabs {
    /// Takes the next byte and appends what it becomes.
    pub(super) fn push(&mut self, byte: u8, tabs: &mut Vec<u8>) {
        match byte {
            b' ' | b'\t' if !self.quoted => self.pending = true,
            b'\n' | b'\r' if !self.quoted => {
                tabs.push(byte);
                (self.pending, self.line_start) = (false, true);
            }
            _ => {
                if self.pending && !self.line_start {
                    tabs.push(b'\t');
                }
                (self.pending, self.line_start) = (false, false);
                self.quoted ^= byte == b'"';
                tabs.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_regular_one() {
        let cases = [
            ("1,2,3\r\n4,5,6\r\n", Separator::Comma),
            ("1;2\n3;4", Separator::Semicolon),
            ("1,5;2,5\n3,5;4,5", Separator::Semicolon),
            ("flow rate\tpower\n1\t2", Separator::Tab),
            ("1  2   3\n 4 5 6 \n", Separator::Spaces),
            ("1\t\t2\t3\n4\t5\t6\n", Separator::Spaces),
            ("1, 2, 3\n4, 5, 6", Separator::Comma),
            ("Block 1,Block 2\n1,2\n", Separator::Comma),
            ("\"a;b\",\"c;d\"\n1,2\n", Separator::Comma),
            ("1,2,3\n4,5\n", Separator::Comma),
            ("1 2 3\n4 5\n", Separator::Spaces),
            ("1\n2\n", Separator::Comma),
            ("", Separator::Comma),
        ];
        for (text, expected) in cases {
            assert_eq!(separator(text), expected, "{text:?}");
        }
    }

    #[test]
    fn runs_of_spaces_become_one_tab() {
        assert_eq!(spaces_to_tabs("  1 \t 2  \r\n\"a  b\" 3\n"), "1\t2\r\n\"a  b\"\t3\n");
    }
}
