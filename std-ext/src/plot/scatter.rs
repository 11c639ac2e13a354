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
/// Largest side of a panel.
const SIDE: f64 = 370.0;
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
/// Up to four outputs have a panel each with their name above it. More are pooled in one, each less the mean of its targets and divided by their
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
    let panels: Vec<Panel> = match outputs.len() {
        0 => vec![Panel { name: String::new(), points: Vec::new() }],
        1..=PANELS => outputs.iter().map(|output| panel(output.name.to_owned(), pairs(output).collect())).collect(),
        many => vec![panel(format!("{many} outputs"), outputs.iter().flat_map(standardized).collect())],
    };
    let pooled = outputs.len() > PANELS;
    let shown: usize = panels.iter().map(|panel| panel.points.len()).sum();
    let drawn = draw(&mut chart, &panels, pooled);
    legend(&mut chart, &["prediction = target".to_owned()], 2.0 * PATCH, &|chart, _, (x, y)| {
        chart.line(vec![(x - PATCH, y), (x + PATCH, y)], diagonal());
    });
    chart.notes(&[
        if pooled { "each output less the mean of its targets, divided by their deviation" } else { "" }.to_owned(),
        if covered(drawn, shown) {
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
fn draw(chart: &mut Chart, panels: &[Panel], pooled: bool) -> usize {
    let (columns, gap) = (if panels.len() == 1 { 1 } else { 2 }, 6.0);
    let width = (WIDTH - 2.0 * MARGIN - gap * (columns - 1) as f64) / columns as f64;
    let names: [&str; 2] =
        if pooled { ["target (standardized)", "prediction (standardized)"] } else { ["target", "prediction"] };
    let single = columns == 1;
    let axes: Vec<Axis> = panels.iter().map(|panel| range(&panel.points, if single { 7.0 } else { 4.0 })).collect();
    // All panels are squares of one size: what the widest labels leave.
    let room = axes.iter().map(|axis| room_left(axis, true)).fold(0.0, f64::max);
    let side = (width - room - 14.0).min(SIDE);
    let mut drawn = 0;
    for (i, (panel, axis)) in panels.iter().zip(axes).enumerate() {
        let column = i % columns;
        let top = chart.height;
        let left = MARGIN + (width + gap) * column as f64 + room + (width - room - 14.0 - side) / 2.0;
        if !panel.name.is_empty() {
            chart.height += LABEL * 1.3;
            let name = text::fit(&panel.name, LABEL, width - 8.0);
            let middle = (left + side / 2.0).min(WIDTH - MARGIN - text::width(&name, LABEL) / 2.0);
            chart.text(name, (middle, chart.height - 5.0), LABEL, Anchor::Middle, Colour::Ink);
        }
        let frame = Frame { left, top: chart.height, width: side, height: side, x: axis.clone(), y: axis };
        frame.draw(chart, names[0], names[1]);
        drawn += points(chart, &frame, &panel.points);
        // The next one stands beside this one, or below.
        chart.height = if column + 1 < columns && i + 1 < panels.len() { top } else { chart.height + 4.0 };
    }
    drawn
}

/// Draws the points of one panel; returns how many were drawn.
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

/// Whether so many points were left out, because others stand there, that it must be said.
pub(super) fn covered(drawn: usize, given: usize) -> bool {
    drawn < given - given / 20
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
        let (count, name) = (plural(panel.points.len(), "point"), text::clean(&panel.name, text::NAME));
        let (low, high, far) = (short(low), short(high), short(far));
        description += &format!(" {name}: {count}, targets from {low} to {high}, largest error {far}.");
    }
    description
}

#[cfg(test)]
mod tests {
    use super::super::chart::Shape;
    use super::super::tests::{circles, texts};
    use super::*;

    fn output<'a>(name: &'a str, targets: &'a [f64], predictions: &'a [f64]) -> Output<'a> {
        Output { name, targets, predictions }
    }

    #[test]
    fn each_point_is_drawn_and_perfect_ones_lie_on_the_diagonal() {
        let targets: Vec<f64> = (0..20).map(f64::from).collect();
        let shifted: Vec<f64> = targets.iter().map(|t| t + 1.0).collect();
        for (predictions_, expected) in [(&targets, true), (&shifted, false)] {
            let chart = predictions("t", &[output("y", &targets, predictions_)]).unwrap();
            let places = circles(&chart.svg());
            assert_eq!(places.len(), 20);
            // On a straight line from the lower left to the upper right, whose slope is that of a square.
            let ends = |chart: &Chart| {
                let lines = chart.shapes.iter().filter_map(|shape| match shape {
                    Shape::Path { lines, paint, .. } if *paint == diagonal() => Some(lines[0].clone()),
                    _ => None,
                });
                lines.collect::<Vec<_>>()[0].clone()
            };
            let (x, y) = ends(&chart)[0];
            let sums: Vec<f64> = places.iter().map(|place| place.0 - x + place.1 - y).collect();
            assert_eq!(sums.iter().all(|sum| sum.abs() < 0.05), expected, "{sums:?}");
            assert!(
                expected || sums.iter().all(|sum| *sum < -1.0),
                "predictions that are too large lie above: {sums:?}"
            );
        }
    }

    #[test]
    fn a_few_outputs_have_panels_and_many_are_pooled() {
        let (t, p) = ([1.0, 2.0, 3.0], [1.1, 2.0, 2.9]);
        for count in 0..=6 {
            let names: Vec<String> = (0..count).map(|i| format!("output {i}")).collect();
            let outputs: Vec<_> = names.iter().map(|name| output(name, &t, &p)).collect();
            let chart = predictions("t", &outputs).unwrap();
            let texts = texts(&chart);
            let panels = texts.iter().filter(|text| text.starts_with("target")).count();
            assert_eq!(panels, if count <= 4 { count.max(1) } else { 1 });
            let pooled = texts.iter().any(|text| *text == format!("{count} outputs"));
            assert_eq!(pooled, count > 4, "{texts:?}");
            let named = names.iter().filter(|name| texts.contains(name)).count();
            assert_eq!(named, if count <= 4 { count } else { 0 }, "{texts:?}");
            assert_eq!(texts.contains(&"no values to show".to_owned()), count == 0);
            // The same three points for all that are pooled.
            assert_eq!(circles(&chart.svg()).len(), if count <= 4 { 3 * count } else { 3 });
        }
    }

    #[test]
    fn pooled_outputs_are_in_their_own_deviations() {
        let of = |t: &[f64], p: &[f64]| standardized(&output("", t, p)).collect::<Vec<_>>();
        for unit in [1.0, 1e200, 1e-200] {
            let found = of(&[unit, 3.0 * unit], &[2.0 * unit, 4.0 * unit]);
            let off = found.iter().zip([(-1.0, 0.0), (1.0, 2.0)]).map(|(a, b)| (a.0 - b.0).abs() + (a.1 - b.1).abs());
            assert!(off.sum::<f64>() < 1e-12, "{unit:e}: {found:?}");
        }
        // A constant target has no deviation; the difference stays as it is.
        assert_eq!(
            of(&[5.0, 5.0], &[5.0, 6.0]).iter().map(|p| (p.0, p.1.round())).collect::<Vec<_>>(),
            [(0.0, 0.0), (0.0, 1.0)]
        );
        assert_eq!(of(&[], &[]), []);
        assert_eq!(of(&[0.0], &[2.0]), [(0.0, 2.0)]);
    }

    #[test]
    fn values_that_cannot_be_shown_are_counted_and_wrong_lengths_refused() {
        let (t, p) = ([1.0, 2.0, f64::NAN, f64::INFINITY, 1.0], [1.0, f64::NEG_INFINITY, 1.0, 1.0, f64::MAX]);
        let chart = predictions("t", &[output("y", &t, &p)]).unwrap();
        assert_eq!(circles(&chart.svg()).len(), 1);
        assert!(texts(&chart).contains(&"3 points not finite: left out".to_owned()), "{:?}", texts(&chart));
        let error = predictions("t", &[output("heat <load>", &[1.0, 2.0], &[1.0])]).unwrap_err().to_string();
        assert_eq!(error, "plot: predictions of heat <load>: 2 numbers are needed, there are 1");
    }

    #[test]
    fn crowded_points_are_thinned_and_lonely_ones_stay() {
        let mut places: Vec<Place> =
            (0..200_000).map(|i| (f64::from(i % 447) * 0.2, f64::from(i / 447) * 0.2)).collect();
        places.push((400.0, 400.0));
        let kept = sparse(places.into_iter(), 3000);
        assert!((700..=3000).contains(&kept.len()) && kept.contains(&(400.0, 400.0)), "{}", kept.len());
        assert!(covered(3000, 200_000) && !covered(98, 100) && !covered(0, 0) && !covered(3, 3));
        let (t, p): (Vec<f64>, Vec<f64>) = (0..300_000).map(|i| (f64::from(i).sin(), f64::from(i * 7 % 1000))).unzip();
        let svg = predictions("t", &[output("y", &t, &p)]).unwrap().svg();
        assert!(svg.len() < 200_000, "{}", svg.len());
        assert!(svg.contains("300000 points; those that cover each other are drawn once"));
    }
}
