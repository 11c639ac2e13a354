//! [`Report`]: what was run and what came out, as one HTML page that needs nothing else.
//!
//! The page has its styles and its plots inside, no scripts and no references to anything outside, so it can be mailed, archived
//! and opened without a network. It is readable from 360 pixels of width on: tables scroll within their boxes, plots are as
//! wide as their column. It follows the reader's choice of a light or dark scheme. For a reader of screens each plot is an image
//! with a title and a description, tables have captions and headers.
//!
//! It is also well-formed XML, which is how the tests read it. All texts may hold any characters; they are escaped. The size is
//! bounded: of long tables evenly spaced rows are shown, and the page says so.

mod page;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::plot::{Chart, PlotError};
use crate::storage;

/// The contents of a page, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// What was run: command, version, data, samples, network, seed, …: each a name and a value.
    pub facts: Vec<(String, String)>,
    /// Tables; those that are [`collapsed`](Table::collapsed) come after the figures.
    pub tables: Vec<Table>,
    /// Plots.
    pub figures: Vec<Figure>,
}

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What is in it.
    pub title: String,
    /// The heads of the columns.
    pub columns: Vec<String>,
    /// The rows. One with fewer cells than there are columns is filled up; one with more makes the table wider.
    pub rows: Vec<Vec<String>>,
    /// The row that is set off as the best.
    pub best: Option<usize>,
    /// A sentence below it; may be empty.
    pub note: String,
    /// Whether it is closed until the reader opens it, as befits a history of hundreds of rows.
    pub collapsed: bool,
}

/// A plot and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The plot.
    pub chart: Chart,
    /// A sentence below it; may be empty.
    pub note: String,
}

/// The page as text, in UTF-8 when written to a file. Cost: linear in what is shown.
///
/// ```
/// use gaussling::plot::curves;
/// use gaussling::report::{Figure, Report, Table, html};
///
/// let chart = curves("Losses", "work units", "loss", &[("training".into(), vec![(0.0, 1.0), (1.0, 0.1)])]);
/// let report = Report {
///     title: "gnvpro on data.csv".into(),
///     facts: vec![("command".into(), "gaussling train data.csv".into())],
///     tables: vec![Table {
///         title: "Errors".into(),
///         columns: vec!["part".into(), "error".into()],
///         rows: vec![vec!["test".into(), "0.346 %".into()]],
///         ..Table::default()
///     }],
///     figures: vec![Figure { chart, note: "scaled data".into() }],
/// };
/// assert!(html(&report).starts_with("<!DOCTYPE html>"));
/// ```
pub fn html(report: &Report) -> String {
    page::html(report)
}

impl Report {
    /// Writes [`html`] to a file, which is replaced as a whole or not at all.
    ///
    /// # Errors
    /// [`PlotError::Unwritable`].
    pub fn write(&self, path: &Path) -> Result<(), PlotError> {
        let page = html(self);
        storage::replace(path, page.as_bytes())
            .map_err(|reason| PlotError::Unwritable { file: path.to_path_buf(), reason })
    }
}
