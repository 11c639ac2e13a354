//! The legend: below the axes, where it covers nothing and takes no width from them.

use super::chart::{Anchor, Chart, LABEL, MARGIN, Paint, Place, TICK, WIDTH};
use super::style::{Colour, dash, marker};
use super::text;

/// Width of the sample of a curve, and of a marker or a patch.
pub(super) const CURVE: f64 = 34.0;
pub(super) const PATCH: f64 = 16.0;
/// Most entries of a legend.
pub(super) const ENTRIES: usize = 40;

/// Names with their samples in rows below all that is there, from left to right; `sample` draws the i-th one around a place.
pub(super) fn legend(chart: &mut Chart, names: &[String], wide: f64, sample: &dyn Fn(&mut Chart, usize, Place)) {
    let row = LABEL * 1.5;
    let room = WIDTH - 2.0 * MARGIN;
    let names: Vec<String> = names.iter().take(ENTRIES).map(|name| text::fit(name, TICK, room - wide - 8.0)).collect();
    let length = |name: &String| wide + 6.0 + text::width(name, TICK) + 18.0;
    let mut x = MARGIN;
    chart.height += 2.0;
    let mut fresh = true;
    for (i, name) in names.iter().enumerate() {
        if !fresh && x + length(name) - 18.0 > WIDTH - MARGIN {
            (x, fresh) = (MARGIN, true);
        }
        if fresh {
            chart.height += row;
            fresh = false;
        }
        let middle = chart.height - row / 2.0;
        sample(chart, i, (x + wide / 2.0, middle));
        chart.text(name.clone(), (x + wide + 6.0, middle + 0.36 * TICK), TICK, Anchor::Start, Colour::Ink);
        x += length(name);
    }
    chart.height += if names.is_empty() { 0.0 } else { 2.0 };
}

/// Of the i-th curve: a piece of its line with a marker.
pub(super) fn curve(chart: &mut Chart, i: usize, jagged: bool, (x, y): Place) {
    let half = CURVE / 2.0;
    chart.line(vec![(x - half, y), (x + half, y)], line_paint(i, jagged));
    chart.markers(marker(i), 3.6, vec![(x, y)], marker_paint(i));
}

/// How the i-th curve is drawn: dashes of one that goes up and down all the time would be noise, so it is thin and solid.
pub(super) fn line_paint(i: usize, jagged: bool) -> Paint {
    match jagged {
        true => Paint::line(Colour::Series(i), 1.0),
        false => Paint { dash: dash(i), ..Paint::line(Colour::Series(i), 1.8) },
    }
}

/// How the markers of the i-th curve are drawn: filled and hollow ones in turn.
pub(super) fn marker_paint(i: usize) -> Paint {
    let inside = if i.is_multiple_of(2) { Colour::Series(i) } else { Colour::Paper };
    Paint { fill: Some((inside, 1.0)), ..Paint::line(Colour::Series(i), 1.5) }
}
