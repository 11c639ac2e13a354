//! Curves on a logarithmic y axis: losses, and what a method controls itself by.

use super::axis::{Axis, TICKS};
use super::chart::{Chart, Place};
use super::frame::Frame;
use super::legend::{CURVE, ENTRIES, curve, legend, line_paint, marker_paint};
use super::style::marker;
use super::{extremes, plural, short};

/// A name and its (x, y) points.
pub type Curve = (String, Vec<(f64, f64)>);

/// About as many markers on a curve.
const MARKERS: usize = 8;
/// Points closer together than this, in the direction of x, look the same.
const COLUMN: f64 = 0.5;
/// Height of the axes.
const HEIGHT: f64 = 270.0;

/// Curves over a linear x and a logarithmic y axis, such as losses over work or time.
///
/// Points that such axes cannot show are left out, see [`plot`](super); a note says how many of them are not NaN. At most 40
/// curves are drawn; a note says how many are not.
pub fn curves(title: &str, x_label: &str, y_label: &str, series: &[Curve]) -> Chart {
    let mut chart = Chart::new(title);
    let drawn = &series[..series.len().min(ENTRIES)];
    let curves: Vec<Vec<(f64, f64)>> = drawn.iter().map(|(_, points)| drawable(points)).collect();
    let (x, y) = axes(&curves);
    let frame = Frame::below(&chart, HEIGHT, x, y);
    frame.draw(&mut chart, x_label, y_label);
    for (i, points) in curves.iter().enumerate() {
        let places = thinned(points.iter().map(|&point| frame.at(point)));
        if places.len() > 1 {
            chart.line(places.clone(), line_paint(i));
        }
        // Markers of different curves stand at different places.
        let step = places.len().div_ceil(MARKERS).max(1);
        let marked = places.into_iter().skip(i * step / 4 % step).step_by(step).collect();
        chart.markers(marker(i), 3.6, marked, marker_paint(i));
    }
    if curves.iter().all(Vec::is_empty) {
        frame.say(&mut chart, "no positive values to show");
    }
    let names: Vec<String> = drawn.iter().map(|(name, _)| name.clone()).collect();
    legend(&mut chart, &names, CURVE, &curve);
    let lost: usize = drawn.iter().zip(&curves).map(|((_, all), shown)| not_nan(all) - shown.len()).sum();
    chart.notes(&[
        if lost > 0 {
            format!("{} not positive or not finite: left out", plural(lost, "value"))
        } else {
            String::new()
        },
        if series.len() > ENTRIES { format!("{} more: not drawn", series.len() - ENTRIES) } else { String::new() },
    ]);
    let description = describe(x_label, y_label, &names, &curves);
    chart.finish(description)
}

fn describe(x_label: &str, y_label: &str, names: &[String], curves: &[Vec<(f64, f64)>]) -> String {
    let mut description = format!("Curves of {y_label} (logarithmic) over {x_label}.");
    for (name, points) in names.iter().zip(curves).take(10) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let least = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        description += &format!(" {name}: from {} to {}, at least {}.", short(first.1), short(last.1), short(least));
    }
    description
}

/// The points that can be shown.
pub(super) fn drawable(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let shown = |&(x, y): &(f64, f64)| x.abs() <= 1e300 && (1e-300..=1e300).contains(&y);
    points.iter().copied().filter(shown).collect()
}

fn not_nan(points: &[(f64, f64)]) -> usize {
    points.iter().filter(|(x, y)| !x.is_nan() && !y.is_nan()).count()
}

/// Axes that hold all points.
pub(super) fn axes(curves: &[Vec<(f64, f64)>]) -> (Axis, Axis) {
    let points = || curves.iter().flatten();
    let (Some((left, right)), Some((bottom, top))) =
        (extremes(points().map(|point| point.0)), extremes(points().map(|point| point.1)))
    else {
        return (Axis::linear(0.0, 1.0, TICKS), Axis::logarithmic(0.01, 1.0));
    };
    // Work that starts a bit after nothing is shown from nothing on.
    let left = if left > 0.0 && left < 0.1 * right { 0.0 } else { left };
    (Axis::linear(left, right, TICKS), Axis::logarithmic(bottom, top))
}

/// Of neighbours in one column the first, lowest, highest and last.
pub(super) fn thinned(places: impl Iterator<Item = Place>) -> Vec<Place> {
    let places: Vec<_> = places.collect();
    let column = |&(x, _): &Place| (x / COLUMN).floor();
    let mut kept = Vec::new();
    for group in places.chunk_by(|a, b| column(a) == column(b)) {
        let higher = |&i: &usize, &j: &usize| group[i].1.total_cmp(&group[j].1);
        let highest = (0..group.len()).min_by(higher).unwrap_or(0);
        let lowest = (0..group.len()).max_by(higher).unwrap_or(0);
        let mut chosen = [0, lowest, highest, group.len() - 1];
        chosen.sort_unstable();
        kept.extend(chosen.map(|i| group[i]));
    }
    kept.dedup();
    kept
}
