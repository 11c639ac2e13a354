//! Predictions against targets.

use super::axis::Axis;
use super::chart::{Anchor, Chart, LABEL, MARGIN, Paint, Place, WIDTH};
use super::frame::{Frame, room_left};
use super::legend::{PATCH, legend};
use super::style::{Colour, Marker};
use super::{PlotError, extremes, plural, short, text};

/// Most outputs with axes of their own.
const PANELS: usize = 4;
/// Most points drawn in one panel.
const POINTS: usize = 3000;
/// Radius of a point.
const RADIUS: f64 = 2.2;

/// One output of a model over samples.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// Its name, with its unit if it has one.
    pub name: &'a str,
    /// What was measured.
    pub targets: &'a [f64],
    /// What was predicted for the same samples.
    pub predictions: &'a [f64],
}

/// Predictions over targets with the diagonal where both are equal.
///
/// Up to four outputs have a panel each. More are pooled in one, each less the mean of its targets and divided by their
/// deviation, since they may have different units. The axes of a panel have the same range.
///
/// # Errors
/// [`PlotError::Length`] when an output has not as many predictions as targets.
pub fn predictions(title: &str, outputs: &[Output<'_>]) -> Result<Chart, PlotError> {
    for output in outputs {
        if output.predictions.len() != output.targets.len() {
            return Err(PlotError::Length {
                what: format!("predictions of {}", text::clean(output.name, 80)),
                expected: output.targets.len(),
                found: output.predictions.len(),
            });
        }
    }
    let mut chart = Chart::new(title);
    let given: usize = outputs.iter().map(|output| not_nan(output)).sum();
    let mut panels: Vec<Panel> = match outputs.len() {
        0 => vec![Panel { name: String::new(), points: Vec::new() }],
        1..=PANELS => outputs.iter().map(|output| panel(output.name.to_owned(), pairs(output).collect())).collect(),
        many => vec![panel(format!("{many} outputs"), outputs.iter().flat_map(standardized).collect())],
    };
    let pooled = outputs.len() > PANELS;
    let shown: usize = panels.iter().map(|panel| panel.points.len()).sum();
    let drawn = draw(&mut chart, &mut panels, pooled);
    legend(&mut chart, &["prediction = target".to_owned()], 2.0 * PATCH, &|chart, _, (x, y)| {
        chart.line(vec![(x - PATCH, y), (x + PATCH, y)], diagonal());
    });
    chart.notes(&[
        if pooled { "each output less the mean of its targets, divided by their deviation" } else { "" }.to_owned(),
        if drawn < shown {
            format!("{shown} points; those that cover each other are drawn once")
        } else {
            String::new()
        },
        if shown < given { format!("{} not finite: left out", plural(given - shown, "point")) } else { String::new() },
    ]);
    let description = describe(&panels, pooled);
    Ok(chart.finish(description))
}

struct Panel {
    name: String,
    points: Vec<(f64, f64)>,
}

fn panel(name: String, points: Vec<(f64, f64)>) -> Panel {
    let points = points.into_iter().filter(|(x, y)| x.abs() <= 1e300 && y.abs() <= 1e300).collect();
    Panel { name, points }
}

fn pairs<'a>(output: &Output<'a>) -> impl Iterator<Item = (f64, f64)> + use<'a> {
    output.targets.iter().copied().zip(output.predictions.iter().copied())
}

fn not_nan(output: &Output<'_>) -> usize {
    pairs(output).filter(|(x, y)| !x.is_nan() && !y.is_nan()).count()
}

/// Pairs in deviations from the mean; a constant target has deviation 1.
fn standardized<'a>(output: &Output<'a>) -> impl Iterator<Item = (f64, f64)> + use<'a> {
    let finite = || output.targets.iter().filter(|target| target.abs() <= 1e300);
    let count = finite().count().max(1) as f64;
    // In units of the largest, so that squares do not overflow.
    let unit = finite().fold(0.0, |most: f64, target| most.max(target.abs())).max(f64::MIN_POSITIVE);
    let mean = finite().map(|target| target / unit / count).sum::<f64>();
    let variance = finite().map(|target| (target / unit - mean) * (target / unit - mean)).sum::<f64>() / count;
    let deviation = if variance.sqrt() > 1e-12 { variance.sqrt() } else { 1.0 / unit };
    pairs(output).map(move |(x, y)| ((x / unit - mean) / deviation, (y / unit - mean) / deviation))
}

/// Draws all panels in one or two columns; returns how many points were drawn.
fn draw(chart: &mut Chart, panels: &mut [Panel], pooled: bool) -> usize {
    let (columns, gap) = (if panels.len() == 1 { 1 } else { 2 }, 6.0);
    let width = (WIDTH - 2.0 * MARGIN - gap * (columns - 1) as f64) / columns as f64;
    let names: [&str; 2] =
        if pooled { ["target (standardized)", "prediction (standardized)"] } else { ["target", "prediction"] };
    let mut drawn = 0;
    for row in panels.chunks_mut(columns) {
        let (top, mut bottom) = (chart.height, chart.height);
        for (column, panel) in row.iter_mut().enumerate() {
            chart.height = top;
            let start = MARGIN + (width + gap) * column as f64;
            let axis = range(&panel.points, if columns == 1 { 6.0 } else { 4.0 });
            let named = column == 0;
            let room = room_left(&axis, named);
            let side = (width - room - 14.0).max(20.0).min(if columns == 1 { 360.0 } else { width });
            // Square, and the same size in all columns where the labels let it.
            let left = start + room + (width - room - 14.0 - side) / 2.0;
            if columns > 1 || pooled {
                chart.height += LABEL * 1.3;
                let name = text::fit(&panel.name, LABEL, width - 8.0);
                let middle = (left + side / 2.0).min(WIDTH - MARGIN - text::width(&name, LABEL) / 2.0);
                chart.text(name, (middle, chart.height - 5.0), LABEL, Anchor::Middle, Colour::Ink);
            }
            let frame = Frame { left, top: chart.height, width: side, height: side, x: axis.clone(), y: axis };
            frame.draw(chart, names[0], if named { names[1] } else { "" });
            drawn += points(chart, &frame, &panel.points);
            bottom = bottom.max(chart.height);
        }
        chart.height = bottom + 4.0;
    }
    drawn
}

fn points(chart: &mut Chart, frame: &Frame, points: &[(f64, f64)]) -> usize {
    let (low, high) = (frame.x.low, frame.x.high);
    chart.line(vec![frame.at((low, low)), frame.at((high, high))], diagonal());
    let places = sparse(points.iter().map(|&point| frame.at(point)), POINTS);
    let opacity = match places.len() {
        0..=200 => 0.8,
        201..=1000 => 0.55,
        _ => 0.35,
    };
    let drawn = places.len();
    chart.markers(Marker::Circle, RADIUS, places, Paint::fill(Colour::Series(0), opacity));
    if points.is_empty() {
        frame.say(chart, "no values to show");
    }
    drawn
}

fn diagonal() -> Paint {
    Paint { dash: Some([6.0, 3.0]), ..Paint::line(Colour::Series(1), 1.5) }
}

/// One axis for both coordinates, a bit wider than the points.
fn range(points: &[(f64, f64)], ticks: f64) -> Axis {
    let Some((low, high)) = extremes(points.iter().flat_map(|&(x, y)| [x, y])) else {
        return Axis::linear(0.0, 1.0, ticks);
    };
    let room = 0.03 * high - 0.03 * low;
    Axis::linear(low - room, high + room, ticks)
}

/// At most about `most` places: of those in one cell of a grid the first, the cells as small as the number allows. Points
/// that stand alone stay.
pub(super) fn sparse(places: impl Iterator<Item = Place>, most: usize) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut cell = 0.25;
    let key = |(x, y): Place, cell: f64| ((x / cell).floor() as i64, (y / cell).floor() as i64);
    for place in places {
        if seen.insert(key(place, cell)) {
            kept.push(place);
        }
        while kept.len() > most && cell < WIDTH {
            cell *= 2.0;
            seen.clear();
            kept.retain(|&place| seen.insert(key(place, cell)));
        }
    }
    kept
}

fn describe(panels: &[Panel], pooled: bool) -> String {
    let what = if pooled { ", each output standardized" } else { "" };
    let mut description = format!("Predictions against targets{what}; the diagonal is where both are equal.");
    for panel in panels {
        let Some((low, high)) = extremes(panel.points.iter().map(|point| point.0)) else { continue };
        let far = panel.points.iter().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        let (count, name) = (plural(panel.points.len(), "point"), &panel.name);
        let (low, high, far) = (short(low), short(high), short(far));
        description += &format!(" {name}: {count}, targets from {low} to {high}, largest error {far}.");
    }
    description
}
