//! Decision regions: which class a model with two inputs gives each point of a plane.

use std::collections::BTreeSet;

use super::axis::{Axis, TICKS};
use super::chart::{Chart, Paint, Place, Shape};
use super::frame::Frame;
use super::legend::{ENTRIES, PATCH, legend};
use super::scatter::sparse;
use super::style::{Colour, marker};
use super::{PlotError, extremes, plural};

/// Most columns and rows of a grid.
const FINEST: usize = 240;
/// Most samples drawn.
const SAMPLES: usize = 4000;
const HEIGHT: f64 = 350.0;
/// How opaque regions are.
const TINT: f64 = 0.3;

/// Cells of a rectangle in the plane of two inputs. A model is asked for the class at the middle of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    x: (f64, f64),
    y: (f64, f64),
    columns: usize,
    rows: usize,
}

impl Grid {
    /// A rectangle a bit larger than the points (those that are finite), in `columns` × `rows` cells, each 1 … 240.
    pub fn around(points: &[(f64, f64)], columns: usize, rows: usize) -> Self {
        let finite = || points.iter().filter(|(x, y)| x.abs() <= 1e300 && y.abs() <= 1e300);
        let around = |range: Option<(f64, f64)>| {
            let (low, high) = range.unwrap_or((0.0, 1.0));
            let room = 0.05 * high - 0.05 * low;
            let axis = Axis::linear(low - room, high + room, TICKS);
            (axis.low, axis.high)
        };
        let x = around(extremes(finite().map(|point| point.0)));
        let y = around(extremes(finite().map(|point| point.1)));
        Self { x, y, columns: columns.clamp(1, FINEST), rows: rows.clamp(1, FINEST) }
    }

    /// The middles of the cells: rows from the bottom, each from the left.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let between = |(low, high): (f64, f64), i: usize, n: usize| {
            let along = (i as f64 + 0.5) / n as f64;
            low * (1.0 - along) + high * along
        };
        let row = |j| (0..self.columns).map(move |i| (i, j));
        let cells = (0..self.rows).flat_map(row);
        cells.map(|(i, j)| (between(self.x, i, self.columns), between(self.y, j, self.rows))).collect()
    }
}

/// Regions of the plane filled by class, and samples with a marker for their class.
///
/// `classes[k]` is the class that the model gives `grid.points()[k]`; `samples` are (x, y, true class). A class without a
/// name among `names` is called by its number.
///
/// # Errors
/// [`PlotError::Length`] when `classes` has not as many numbers as the grid has cells.
pub fn decision_regions(
    title: &str,
    labels: [&str; 2],
    names: &[String],
    grid: &Grid,
    classes: &[usize],
    samples: &[(f64, f64, usize)],
) -> Result<Chart, PlotError> {
    if classes.len() != grid.columns * grid.rows {
        let what = format!("classes of {} x {} cells", grid.columns, grid.rows);
        return Err(PlotError::Length { what, expected: grid.columns * grid.rows, found: classes.len() });
    }
    let mut chart = Chart::new(title);
    let inside =
        |&&(x, y, _): &&(f64, f64, usize)| (grid.x.0..=grid.x.1).contains(&x) && (grid.y.0..=grid.y.1).contains(&y);
    let shown: Vec<(f64, f64, usize)> = samples.iter().filter(inside).copied().collect();
    let x = Axis::linear(grid.x.0, grid.x.1, TICKS);
    let frame = Frame::below(&chart, HEIGHT, x, Axis::linear(grid.y.0, grid.y.1, TICKS));
    let present: BTreeSet<usize> = classes.iter().copied().chain(shown.iter().map(|sample| sample.2)).collect();
    let present: Vec<usize> = present.into_iter().collect();
    for (class, rectangles) in regions(grid, classes) {
        let lines = rectangles.into_iter().map(|cells| corners(&frame, grid, cells)).collect();
        let paint = Paint::fill(Colour::Series(class), TINT);
        chart.shapes.push(Shape::Path { lines, closed: true, crisp: true, paint });
    }
    frame.draw(&mut chart, labels[0], labels[1]);
    let each = (SAMPLES / present.len().max(1)).max(40);
    let mut drawn = 0;
    for &class in present.iter().take(SAMPLES / 40) {
        let own = shown.iter().filter(|sample| sample.2 == class);
        let places = sparse(own.map(|&(x, y, _)| frame.at((x, y))), each);
        drawn += places.len();
        chart.markers(marker(class), 3.4, places, sample_paint(class));
    }
    let named: Vec<String> =
        present.iter().map(|&class| names.get(class).cloned().unwrap_or_else(|| format!("class {class}"))).collect();
    legend(&mut chart, &named, PATCH, &|chart, i, place| patch(chart, present.get(i).copied().unwrap_or(i), place));
    let (lost, covered) = (samples.len() - shown.len(), shown.len() - drawn);
    chart.notes(&[
        "colour: class given by the model; marker: true class of a sample".to_owned(),
        if lost > 0 { format!("{} outside or not finite: left out", plural(lost, "sample")) } else { String::new() },
        if covered > 0 {
            format!("{} of {} drawn, others stand close to these", drawn, plural(shown.len(), "sample"))
        } else {
            String::new()
        },
        if present.len() > ENTRIES {
            format!("{} more classes without an entry here", present.len() - ENTRIES)
        } else {
            String::new()
        },
    ]);
    let description = describe(labels, &present, &named, classes, &shown);
    Ok(chart.finish(description))
}

fn sample_paint(class: usize) -> Paint {
    Paint { stroke: Some((Colour::Paper, 0.8)), ..Paint::fill(Colour::Series(class), 1.0) }
}

fn patch(chart: &mut Chart, class: usize, (x, y): Place) {
    let half = PATCH / 2.0;
    chart.rectangle([x - half, y - half, PATCH, PATCH], Paint::fill(Colour::Series(class), TINT));
    chart.markers(marker(class), 3.4, vec![(x, y)], sample_paint(class));
}

/// First and last column, first and last row.
type Cells = [usize; 4];

/// The cells of each class as rectangles: runs within rows, joined where the next row has the same run.
pub(super) fn regions(grid: &Grid, classes: &[usize]) -> Vec<(usize, Vec<Cells>)> {
    let mut found: std::collections::BTreeMap<usize, Vec<Cells>> = std::collections::BTreeMap::new();
    let mut open: Vec<(usize, Cells)> = Vec::new();
    for (j, row) in classes.chunks(grid.columns).enumerate() {
        let mut start = 0;
        let mut next = Vec::new();
        for run in row.chunk_by(|a, b| a == b) {
            let (first, last) = (start, start + run.len() - 1);
            start += run.len();
            next.push((run[0], [first, last, j, j]));
        }
        for (class, [first, last, bottom, top]) in open.drain(..) {
            // Runs of a row are in order.
            let same = next.binary_search_by_key(&first, |(_, cells)| cells[0]).ok();
            match same.and_then(|i| next.get_mut(i)) {
                Some((other, cells)) if *other == class && cells[1] == last => cells[2] = bottom,
                _ => found.entry(class).or_default().push([first, last, bottom, top]),
            }
        }
        open = next;
    }
    for (class, cells) in open {
        found.entry(class).or_default().push(cells);
    }
    found.into_iter().collect()
}

fn corners(frame: &Frame, grid: &Grid, [first, last, bottom, top]: Cells) -> Vec<Place> {
    let x = |i: usize| frame.left + frame.width * i as f64 / grid.columns as f64;
    let y = |j: usize| frame.top + frame.height * (1.0 - j as f64 / grid.rows as f64);
    vec![(x(first), y(bottom)), (x(last + 1), y(bottom)), (x(last + 1), y(top + 1)), (x(first), y(top + 1))]
}

fn describe(
    labels: [&str; 2],
    present: &[usize],
    named: &[String],
    classes: &[usize],
    samples: &[(f64, f64, usize)],
) -> String {
    let mut description = format!("Decision regions over {} and {}.", labels[0], labels[1]);
    for (class, name) in present.iter().zip(named).take(10) {
        let cells = classes.iter().filter(|other| *other == class).count();
        let share = 100.0 * cells as f64 / classes.len().max(1) as f64;
        let count = samples.iter().filter(|sample| sample.2 == *class).count();
        description += &format!(" {name}: {share:.0} % of the area, {}.", plural(count, "sample"));
    }
    description
}
