//! Curves of shares, in percent, on a linear y axis from 0 to 100.

use super::axis::{Axis, TICKS};
use super::chart::Chart;
use super::curves::{Curve, thinned};
use super::extremes;
use super::frame::Frame;
use super::legend::{CURVE, ENTRIES, curve, legend, line_paint, marker_paint};
use super::style::marker;
use super::text::{NAME, clean};

/// Height of the axes.
const HEIGHT: f64 = 230.0;
/// About as many markers on a curve.
const MARKERS: usize = 10;

/// Shares in percent over a linear x axis, such as right answers along a stream. What is not within 0 … 100 is left out, and a
/// note says how much; at most 40 curves are drawn.
pub fn shares(title: &str, x_label: &str, y_label: &str, series: &[Curve]) -> Chart {
    let mut chart = Chart::new(title);
    let series = &series[..series.len().min(ENTRIES)];
    let shown = |&(x, y): &(f64, f64)| x.abs() <= 1e300 && (0.0..=100.0).contains(&y);
    let curves: Vec<Vec<(f64, f64)>> =
        series.iter().map(|(_, points)| points.iter().copied().filter(shown).collect()).collect();
    let (left, right) = extremes(curves.iter().flatten().map(|point| point.0)).unwrap_or((0.0, 1.0));
    let left = if left > 0.0 && left < 0.1 * right { 0.0 } else { left };
    let frame = Frame::below(&chart, HEIGHT, Axis::linear(left, right, TICKS), Axis::linear(0.0, 100.0, TICKS));
    frame.draw(&mut chart, x_label, y_label);
    for (i, points) in curves.iter().enumerate() {
        let places = thinned(points.iter().map(|&point| frame.at(point)));
        chart.line(places.clone(), line_paint(i, false));
        let step = places.len().div_ceil(MARKERS).max(1);
        let marked = places.iter().copied().skip(i * step / 4 % step).step_by(step).collect();
        chart.markers(marker(i), 3.6, marked, marker_paint(i));
    }
    let names: Vec<String> = series.iter().map(|(name, _)| name.clone()).collect();
    legend(&mut chart, &names, CURVE, &|chart, i, place| curve(chart, i, false, place));
    let lost: usize = series.iter().zip(&curves).map(|((_, all), shown)| all.len() - shown.len()).sum();
    chart.notes(&[if lost > 0 { format!("{lost} not within 0 and 100: left out") } else { String::new() }]);
    let mut description = format!("{} over {}.", clean(y_label, NAME), clean(x_label, NAME));
    for (name, points) in names.iter().zip(&curves) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        description += &format!(" {}: from {:.0} to {:.0}.", clean(name, NAME), first.1, last.1);
    }
    chart.finish(description)
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_are_drawn_between_0_and_100_and_described() {
        let points = vec![(20.0, 90.0), (40.0, 50.0), (60.0, 120.0), (80.0, f64::NAN)];
        let chart = shares("Right", "sample", "right answers, percent", &[("fixed".into(), points)]);
        assert_eq!(chart.description(), "right answers, percent over sample. fixed: from 90 to 50.");
        let svg = chart.svg();
        assert!(svg.contains("2 not within 0 and 100") && svg.contains(">100<") && svg.contains("fixed"));
        assert!(!shares("", "", "", &[]).svg().is_empty());
    }
}
