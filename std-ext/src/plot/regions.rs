//! Decision regions: which class a model with two inputs gives each point of a plane.

use std::collections::BTreeSet;

use super::axis::{Axis, TICKS};
use super::chart::{Chart, Paint, Place, Shape};
use super::frame::Frame;
use super::legend::{ENTRIES, PATCH, legend};
use super::scatter::{covered, sparse};
use super::style::{Colour, marker};
use super::text::{NAME, clean};
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
    let lost = samples.len() - shown.len();
    chart.notes(&[
        "colour: class given by the model; marker: true class of a sample".to_owned(),
        if lost > 0 { format!("{} outside or not finite: left out", plural(lost, "sample")) } else { String::new() },
        if covered(drawn, shown.len()) {
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
    let [x, y] = labels.map(|label| clean(label, NAME));
    let mut description = format!("Decision regions over {x} and {y}.");
    for (class, name) in present.iter().zip(named).take(10) {
        let cells = classes.iter().filter(|other| *other == class).count();
        let share = 100.0 * cells as f64 / classes.len().max(1) as f64;
        let count = samples.iter().filter(|sample| sample.2 == *class).count();
        let name = clean(name, NAME);
        description += &format!(" {name}: {share:.0} % of the area, {}.", plural(count, "sample"));
    }
    description
}

#[cfg(test)]
mod tests {
    use super::super::tests::{circles, texts};
    use super::*;

    /// Three classes: left, lower right, upper right.
    fn classes(grid: &Grid) -> Vec<usize> {
        grid.points().iter().map(|&(x, y)| if x < 0.0 { 0 } else { 1 + usize::from(y > 0.0) }).collect()
    }

    #[test]
    fn rectangles_of_a_class_cover_its_cells_once_and_are_few() {
        let grid = Grid::around(&[(-1.0, -1.0), (1.0, 1.0)], 20, 10);
        let scattered: Vec<usize> = (0..200).map(|i| i * i % 7 % 3).collect();
        for (classes, most) in [(classes(&grid), 3), (scattered, 200)] {
            let mut cover = vec![None; 200];
            let regions = regions(&grid, &classes);
            assert!(regions.iter().map(|(_, rectangles)| rectangles.len()).sum::<usize>() <= most);
            for (class, rectangles) in regions {
                for [first, last, bottom, top] in rectangles {
                    for cell in (bottom..=top).flat_map(|j| (first..=last).map(move |i| i + 20 * j)) {
                        assert_eq!(cover[cell].replace(class), None, "cell {cell} twice");
                    }
                }
            }
            assert!(cover.iter().zip(&classes).all(|(found, class)| *found == Some(*class)));
        }
    }

    #[test]
    fn regions_and_samples_are_where_they_belong() {
        let grid = Grid::around(&[(-1.0, -1.0), (1.0, 1.0)], 40, 40);
        let names = ["left", "lower <right>", "upper"].map(str::to_owned);
        let samples =
            [(-0.5, 0.0, 0), (-0.5, 0.5, 0), (0.5, -0.5, 1), (0.5, 0.5, 7), (f64::NAN, 0.0, 1), (9.0, 0.0, 1)];
        let chart = decision_regions("t", ["u", "v"], &names, &grid, &classes(&grid), &samples).unwrap();
        let filled: Vec<_> = chart
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Path { crisp: true, lines, .. } => Some(lines),
                _ => None,
            })
            .collect();
        assert_eq!(filled.len(), 3);
        // Rows are from the bottom: the class of large y is higher up, where places are small.
        let lowest = |i: usize| filled[i].iter().flatten().map(|place| place.1).fold(0.0, f64::max);
        assert!(lowest(2) < lowest(1) && lowest(1) == lowest(0));
        // Two circles of class 0 and one in the legend; a class without a name is called by its number.
        assert_eq!(circles(&chart.svg()).len(), 3);
        let texts = texts(&chart);
        for text in ["left", "lower <right>", "upper", "class 7", "2 samples outside or not finite: left out"] {
            assert!(texts.contains(&text.to_owned()), "{text}: {texts:?}");
        }
    }

    #[test]
    fn grids_are_around_any_points_and_wrong_lengths_are_refused() {
        for points in [
            vec![],
            vec![(3.0, 4.0)],
            vec![(0.0, 1.0), (0.0, 2.0)],
            vec![(f64::NAN, 0.0), (-1e300, 1e300), (1e300, 0.0)],
        ] {
            let grid = Grid::around(&points, 3, 2);
            let cells = grid.points();
            assert_eq!(cells.len(), 6);
            assert!(cells.iter().all(|(x, y)| x.is_finite() && y.is_finite()), "{grid:?}");
            assert!(cells[0].0 < cells[1].0 && cells[0].1 == cells[1].1 && cells[0].1 < cells[3].1, "{grid:?}");
        }
        let grid = Grid::around(&[], 10_000, 0);
        assert_eq!(grid.points().len(), 240);
        let error = decision_regions("t", ["u", "v"], &[], &grid, &[0; 3], &[]).unwrap_err().to_string();
        assert_eq!(error, "plot: classes of 240 x 1 cells: 240 numbers are needed, there are 3");
    }

    #[test]
    fn the_size_is_bounded() {
        let grid = Grid::around(&[(0.0, 0.0), (1.0, 1.0)], 240, 240);
        let classes: Vec<usize> = (0..57_600).map(|i| i * 7919 % 1009).collect();
        let samples: Vec<_> =
            (0..200_000).map(|i| (f64::from(i).sin().abs(), f64::from(i).cos().abs(), i as usize % 500)).collect();
        let chart = decision_regions("t", ["u", "v"], &[], &grid, &classes, &samples).unwrap();
        assert!(chart.svg().len() < 4_000_000, "{}", chart.svg().len());
        assert!(texts(&chart).contains(&"969 more classes without an entry here".to_owned()));
    }
}
