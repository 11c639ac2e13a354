//! [`Frame`]: a rectangle with two axes: grid, ticks, labels, and where a value is in it.

use super::axis::Axis;
use super::chart::{Anchor, Chart, LABEL, MARGIN, Paint, Place, TICK, WIDTH};
use super::style::Colour;
use super::text;

/// Length of a tick, and its distance from its label.
const TICK_LENGTH: f64 = 5.0;
const TICK_GAP: f64 = 4.0;
/// Height that the labels of the x axis take: those of ticks, and its name.
const TICKS_BELOW: f64 = TICK_LENGTH + TICK_GAP + TICK;
const NAME_BELOW: f64 = LABEL * 1.4;

/// A part of a plot with axes of its own.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Frame {
    /// As wide as the plot below all that is there.
    pub(super) fn below(chart: &Chart, height: f64, x: Axis, y: Axis) -> Self {
        let left = MARGIN + room_left(&y, true);
        // The last label of the x axis is centred below its end.
        let right = WIDTH - MARGIN - 8.0;
        Self { left, top: chart.height, width: right - left, height, x, y }
    }

    /// Where a point is; inside the frame, or at its border.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Place {
        let (x, y) = (self.x.along(x).clamp(0.0, 1.0), self.y.along(y).clamp(0.0, 1.0));
        (self.left + x * self.width, self.top + (1.0 - y) * self.height)
    }

    /// Grid and axes with their names; what is drawn after it stands on the grid. The chart's height then is below it.
    pub(super) fn draw(&self, chart: &mut Chart, x_name: &str, y_name: &str) {
        self.draw_grid(chart);
        self.draw_labels(chart);
        let (bottom, middle) = (self.top + self.height, self.left + self.width / 2.0);
        let mut below = bottom + TICKS_BELOW;
        if !x_name.is_empty() {
            let room = 2.0 * (middle - MARGIN).min(WIDTH - MARGIN - middle);
            below += NAME_BELOW;
            let name = text::fit(x_name, LABEL, room);
            chart.text(name, (middle, below - 4.0), LABEL, Anchor::Middle, Colour::Ink);
        }
        if !y_name.is_empty() {
            let place = (self.left - room_left(&self.y, true) + LABEL * 0.9, self.top + self.height / 2.0);
            chart.turned(text::fit(y_name, LABEL, self.height), place, LABEL, Anchor::Middle);
        }
        chart.height = below + 4.0;
    }

    fn draw_grid(&self, chart: &mut Chart) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        let across = |values: &mut dyn Iterator<Item = f64>| -> Vec<Vec<Place>> {
            let heights = values.map(|value| self.at((self.x.low, value)).1);
            heights.map(|y| vec![(self.left, y), (right, y)]).collect()
        };
        let up = |values: &mut dyn Iterator<Item = f64>| -> Vec<Vec<Place>> {
            let places = values.map(|value| self.at((value, self.y.low)).0);
            places.map(|x| vec![(x, self.top), (x, bottom)]).collect()
        };
        let mut minor = across(&mut self.y.minor.iter().copied());
        minor.extend(up(&mut self.x.minor.iter().copied()));
        let mut major = across(&mut self.y.ticks.iter().map(|(value, _)| *value));
        major.extend(up(&mut self.x.ticks.iter().map(|(value, _)| *value)));
        for (lines, colour) in [(minor, Colour::Minor), (major, Colour::Grid)] {
            if !lines.is_empty() {
                chart.lines(lines, Paint::line(colour, 0.8));
            }
        }
        let mut axes = vec![vec![(self.left, self.top), (self.left, bottom), (right, bottom)]];
        for (value, length) in with_lengths(&self.x) {
            let (x, _) = self.at((value, self.y.low));
            axes.push(vec![(x, bottom), (x, bottom + length)]);
        }
        for (value, length) in with_lengths(&self.y) {
            let (_, y) = self.at((self.x.low, value));
            axes.push(vec![(self.left - length, y), (self.left, y)]);
        }
        chart.lines(axes, Paint::line(Colour::Ink, 1.0));
    }

    /// The labels of the ticks, every n-th where they would touch each other.
    fn draw_labels(&self, chart: &mut Chart) {
        let foot = self.top + self.height + TICKS_BELOW - 2.0;
        let places: Vec<(f64, f64, &String)> = self
            .x
            .ticks
            .iter()
            .map(|(value, label)| (self.at((*value, self.y.low)).0, text::width(label, TICK) / 2.0, label))
            .collect();
        let apart = |every: &usize| {
            let shown: Vec<_> = places.iter().step_by(*every).collect();
            shown.windows(2).all(|pair| pair[0].0 + pair[0].1 + 8.0 <= pair[1].0 - pair[1].1)
        };
        let every = (1..places.len().max(2)).find(apart).unwrap_or(places.len().max(1));
        for (x, half, label) in places.iter().step_by(every) {
            let x = x.clamp(half + 2.0, WIDTH - half - 2.0);
            chart.text((*label).clone(), (x, foot), TICK, Anchor::Middle, Colour::Ink);
        }
        let places: Vec<(f64, &String)> =
            self.y.ticks.iter().map(|(value, label)| (self.at((self.x.low, *value)).1, label)).collect();
        let apart = |every: &usize| {
            let shown: Vec<_> = places.iter().step_by(*every).collect();
            shown.windows(2).all(|pair| pair[0].0 - pair[1].0 >= TICK)
        };
        let every = (1..places.len().max(2)).find(apart).unwrap_or(places.len().max(1));
        for (y, label) in places.iter().step_by(every) {
            let place = (self.left - TICK_LENGTH - TICK_GAP, y + 0.36 * TICK);
            chart.text((*label).clone(), place, TICK, Anchor::End, Colour::Ink);
        }
    }

    /// A word in the middle of an empty frame.
    pub(super) fn say(&self, chart: &mut Chart, text: &str) {
        let place = (self.left + self.width / 2.0, self.top + self.height / 2.0);
        chart.text(text::fit(text, LABEL, self.width), place, LABEL, Anchor::Middle, Colour::Muted);
    }
}

/// Ticks and minor ticks, and how long they are.
fn with_lengths(axis: &Axis) -> Vec<(f64, f64)> {
    let ticks = axis.ticks.iter().map(|(value, _)| (*value, TICK_LENGTH));
    ticks.chain(axis.minor.iter().map(|value| (*value, TICK_LENGTH / 2.0))).collect()
}

/// Width of the labels of a y axis and, if it is `named`, its name.
pub(super) fn room_left(y: &Axis, named: bool) -> f64 {
    let widest = y.ticks.iter().map(|(_, label)| text::width(label, TICK)).fold(0.0, f64::max);
    let name = if named { LABEL * 1.4 } else { 0.0 };
    name + widest + TICK_LENGTH + TICK_GAP
}

#[cfg(test)]
mod tests {
    use super::super::axis::TICKS;
    use super::super::tests::texts;
    use super::*;

    #[test]
    fn labels_that_would_touch_are_left_out() {
        let labels = |width: f64, height: f64| {
            let (x, y) = (Axis::linear(1.0, 1.0 + 7e-7, TICKS), Axis::linear(0.0, 8.0, TICKS));
            let mut chart = Chart::new("");
            Frame { left: 100.0, top: 20.0, width, height, x, y }.draw(&mut chart, "", "");
            let texts = texts(&chart);
            (texts.iter().filter(|text| text.starts_with("1.")).cloned().collect::<Vec<_>>(), texts.len())
        };
        let (some, _) = labels(300.0, 300.0);
        let room = |texts: &[String]| texts.iter().map(|text| text::width(text, TICK) + 8.0).sum::<f64>();
        assert!(
            some.len() > 1 && some.len() < 8 && room(&some) < 300.0 + text::width(&some[0], TICK) + 8.0,
            "{some:?}"
        );
        // One of each axis, where there is no room for more.
        assert_eq!(labels(10.0, 5.0).1, 2);
    }
}
