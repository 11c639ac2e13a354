//! Plots: functions from plain numbers and names to a [`Chart`], which becomes SVG or PNG.
//!
//! | function | shows |
//! |---|---|
//! | [`curves`] | losses, or the control value of a method, over work or time |
//! | [`shares`] | shares in percent along a stream |
//! | [`predictions`] | predictions against targets, and the diagonal that perfect ones lie on |
//! | [`decision_regions`] | which class a model gives each point of a plane, and the samples |
//! | [`confusion`] | how many samples of each class were given which class |
//! | [`errors`] | the errors of each method over seeds, their mean and deviation |
//!
//! What belongs to different curves or classes is told apart by colours that colour-blind readers can tell apart, by dashes and
//! by markers, so a copy without colours is readable too. Legends stand below the axes and never cover them. A plot is drawn
//! 440 units wide with texts of 12 to 16 units, so that it can be read on a telephone's screen.
//!
//! Numbers that an axis cannot show are left out: NaN, infinite ones, beyond 1e±300, on a logarithmic axis those that are not
//! positive. Notes say how many, except for NaN, which stands for *not measured*. The size of a file is bounded for any input:
//! of what would be drawn in one place one is drawn, long lists are cut, and notes say so. Names may hold any characters; they
//! are escaped, and cut where they do not fit. Cost: linear in the number of points.
//!
//! ```
//! use gaussling::plot::{Output, predictions};
//!
//! let output = Output { name: "heating load / kW", targets: &[15.5, 20.8, 32.1], predictions: &[15.9, 20.1, 32.0] };
//! let chart = predictions("Test data", &[output])?;
//! let file = std::env::temp_dir().join("gaussling-predictions.png"); // or .svg
//! chart.write(&file)?;
//! # std::fs::remove_file(file).unwrap();
//! # Ok::<(), gaussling::plot::PlotError>(())
//! ```
//!
//! **Layers**, each using only those before it: `style`, `text`, `axis` · `chart` with `svg` and `png` · `frame`, `legend` · one file a plot.

mod axis;
mod chart;
mod confusion;
mod curves;
mod errors;
mod frame;
mod legend;
mod png;
mod regions;
mod scatter;
mod shares;
pub(crate) mod style;
mod svg;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::path::{Path, PathBuf};

pub use chart::Chart;
pub use confusion::confusion;
pub use curves::{Curve, curves};
pub use errors::{Errors, errors};
pub use regions::{Grid, decision_regions};
pub use scatter::{Output, predictions};
pub use shares::shares;

/// Why a plot was not made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The operating system did not let the file be written.
    #[error("{}: cannot be written: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The ending of the file names no format of pictures.
    #[error("{}: cannot be written: plots are .svg or .png; choose one of these endings", file.display())]
    Ending {
        /// The file.
        file: PathBuf,
    },
    /// A list has not as many numbers as belong to it.
    #[error("plot: {what}: {expected} numbers are needed, there are {found}")]
    Length {
        /// Which list.
        what: String,
        /// Numbers needed.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// The picture could not be made.
    #[error("plot: {0}")]
    Picture(String),
}

/// Draws [`curves`] into a file, SVG or PNG as its ending says.
///
/// Without points that can be shown it draws empty axes and says so.
///
/// # Errors
/// [`PlotError`], as [`Chart::write`].
pub fn loss_curves(path: &Path, title: &str, x_label: &str, y_label: &str, series: &[Curve]) -> Result<(), PlotError> {
    curves(title, x_label, y_label, series).write(path)
}

/// Least and largest of numbers; `None` for none.
fn extremes(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((f64::min(low, value), f64::max(high, value)))
    })
}

/// A number in three digits.
fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-3..1e5).contains(&rounded.abs()) { format!("{rounded}") } else { format!("{rounded:e}") }
}

/// "1 value", "2 values".
fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
