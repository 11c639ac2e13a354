//! Curves on a logarithmic y axis: losses, and what a method controls itself by.

use super::axis::{Axis, TICKS};
use super::chart::{Chart, Place};
use super::frame::Frame;
use super::legend::{CURVE, ENTRIES, curve, legend, line_paint, marker_paint};
use super::style::marker;
use super::text::{NAME, clean};
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
    let lines: Vec<Vec<Place>> =
        curves.iter().map(|points| thinned(points.iter().map(|&point| frame.at(point)))).collect();
    // Smooth curves on top of jagged ones, markers on top of all.
    for jagged in [true, false] {
        for (i, places) in
            lines.iter().enumerate().filter(|(_, places)| places.len() > 1 && is_jagged(places) == jagged)
        {
            chart.line(places.clone(), line_paint(i, jagged));
        }
    }
    for (i, places) in lines.iter().enumerate() {
        // Markers of different curves stand at different places.
        let step = places.len().div_ceil(MARKERS).max(1);
        let marked = places.iter().copied().skip(i * step / 4 % step).step_by(step).collect();
        chart.markers(marker(i), 3.6, marked, marker_paint(i));
    }
    if curves.iter().all(Vec::is_empty) {
        frame.say(&mut chart, "no positive values to show");
    }
    let names: Vec<String> = drawn.iter().map(|(name, _)| name.clone()).collect();
    legend(&mut chart, &names, CURVE, &|chart, i, place| curve(chart, i, is_jagged(&lines[i]), place));
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
    let (x_label, y_label) = (clean(x_label, NAME), clean(y_label, NAME));
    let mut description = format!("Curves of {y_label} (logarithmic) over {x_label}.");
    for (name, points) in names.iter().zip(curves).take(10) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let least = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let (name, first, last, least) = (clean(name, NAME), short(first.1), short(last.1), short(least));
        description += &format!(" {name}: from {first} to {last}, least {least}.");
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
    (Axis::linear(left, round_end(left, right), TICKS), Axis::logarithmic(bottom, top))
}

/// The next tick where it is nearly reached: work that ends a bit before its budget ends under the budget's label.
fn round_end(left: f64, right: f64) -> f64 {
    let ticks = Axis::linear(left, right, TICKS).ticks;
    let [.., (before, _), (last, _)] = &ticks[..] else { return right };
    let next = last + (last - before);
    if next - right < 0.02 * (right - left) { next } else { right }
}

/// Whether a line goes up and down so much that it is more than four times as long as the way from left to right and up.
fn is_jagged(places: &[Place]) -> bool {
    let Some((first, last)) = places.first().zip(places.last()) else { return false };
    let length: f64 = places.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum();
    length > 4.0 * ((last.0 - first.0).abs() + HEIGHT / 2.0)
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

#[cfg(test)]
mod tests {
    use super::super::chart::Shape;
    use super::super::tests::{circles, texts};
    use super::*;

    fn named(points: &[(f64, f64)]) -> Curve {
        ("curve".to_owned(), points.to_vec())
    }

    #[test]
    fn an_axis_ends_at_a_tick_that_is_nearly_reached() {
        let labels = |right: f64| {
            let (x, _) = axes(&[vec![(0.0, 1.0), (right, 2.0)]]);
            (x.ticks.last().unwrap().1.clone(), x.high)
        };
        assert_eq!(labels(599.0), ("600".to_owned(), 600.0));
        assert_eq!(labels(600.0), ("600".to_owned(), 600.0));
        assert_eq!(labels(580.0), ("500".to_owned(), 580.0));
        assert_eq!(labels(1e-9), ("1e-9".to_owned(), 1e-9));
    }

    #[test]
    fn every_kind_of_curve_is_drawn() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        // Series, and how many of their values are left out but not NaN.
        for (series, lost) in [
            (vec![], 0),
            (vec![named(&[])], 0),
            (vec![named(&[]), named(&[(1.0, 1.0)])], 0),
            (vec![named(&[(1.0, 0.0), (2.0, -1.0), (3.0, nan), (nan, 1.0), (inf, 1.0), (4.0, inf), (5.0, 5e-324)])], 5),
            (vec![named(&[(1.0, 2.0), (2.0, 2.0)])], 0),
            (vec![named(&[(1.0, f64::MIN_POSITIVE), (2.0, f64::MAX)])], 2),
            (vec![named(&[(-1e299, 1.0), (1e299, 2.0)])], 0),
            (vec![named(&[(1e16, 1.0), (1e16 + 2.0, 1.0 + f64::EPSILON)])], 0),
            ((0..40).map(|i| named(&[(0.0, 1.0 + f64::from(i)), (1.0, 0.5)])).collect(), 0),
        ] {
            let chart = curves("title", "epoch", "loss", &series);
            let texts = texts(&chart);
            let nothing = series.iter().all(|(_, points)| drawable(points).is_empty());
            assert_eq!(texts.iter().any(|text| text == "no positive values to show"), nothing);
            assert_eq!(texts.iter().filter(|text| *text == "curve").count(), series.len());
            let note = format!("{} not positive or not finite: left out", plural(lost, "value"));
            assert_eq!(texts.contains(&note), lost > 0, "{texts:?}");
        }
    }

    #[test]
    fn markers_are_on_the_points() {
        let chart = curves("t", "x", "y", &[named(&[(0.0, 1.0), (1.0, 10.0), (2.0, 100.0)])]);
        // One in the legend.
        let places = circles(&chart.svg());
        assert_eq!(places.len(), 4);
        let [first, middle, last] = [places[0], places[1], places[2]];
        assert!(
            (middle.0 - 0.5 * (first.0 + last.0)).abs() < 0.02 && (middle.1 - 0.5 * (first.1 + last.1)).abs() < 0.02
        );
        assert!(first.1 > last.1 && first.0 < last.0);
    }

    #[test]
    fn only_the_first_curves_are_drawn_when_there_are_very_many() {
        let series: Vec<Curve> = (0..1000).map(|i| (format!("curve {i}"), vec![(0.0, 1.0), (1.0, 2.0)])).collect();
        let chart = curves("t", "x", "y", &series);
        let texts = texts(&chart);
        // 40 among the axes, 40 in the legend.
        let drawn = chart.shapes.iter().filter(|shape| matches!(shape, Shape::Markers { .. })).count();
        assert_eq!(drawn, 80);
        assert!(texts.contains(&"960 more: not drawn".to_owned()) && texts.contains(&"curve 39".to_owned()));
        assert!(!texts.contains(&"curve 40".to_owned()));
    }

    #[test]
    fn long_curves_give_small_files_with_the_same_extremes() {
        let noisy: Vec<(f64, f64)> = (0..1_000_000).map(|i| (f64::from(i), 2.0 + f64::from(i).sin())).collect();
        assert!(curves("t", "x", "y", &[("noise".into(), noisy)]).svg().len() < 100_000);
        let places = [(0.0, 5.0), (1.0, 9.0), (1.1, 2.0), (1.2, 7.0), (3.0, 6.0), (4.0, 1.0), (4.0, 1.0), (5.0, 0.0)];
        let expected = [(0.0, 5.0), (1.0, 9.0), (1.1, 2.0), (1.2, 7.0), (3.0, 6.0), (4.0, 1.0), (5.0, 0.0)];
        assert_eq!(thinned(places.into_iter()), expected);
        let column = [(1.0, 5.0), (1.1, 9.0), (1.2, 7.0), (1.3, 2.0), (1.4, 6.0)];
        assert_eq!(thinned(column.into_iter()), [(1.0, 5.0), (1.1, 9.0), (1.3, 2.0), (1.4, 6.0)]);
    }

    #[test]
    fn a_jagged_curve_is_told_from_a_falling_one() {
        let line = |f: &dyn Fn(f64) -> f64| (0..400).map(|x| (f64::from(x), f(f64::from(x)))).collect::<Vec<_>>();
        assert!(!is_jagged(&line(&|x| 250.0 * (-x / 20.0).exp())));
        assert!(is_jagged(&line(&|x| 100.0 + 50.0 * (2.0 * x).sin())));
        assert!(!is_jagged(&[]) && !is_jagged(&[(1.0, 1.0)]));
    }

    #[test]
    fn work_is_shown_from_its_beginning() {
        let left = |points: &[(f64, f64)]| axes(&[points.to_vec()]).0.low;
        assert_eq!(left(&[(2.0, 1.0), (600.0, 0.1)]), 0.0);
        assert_eq!(left(&[(0.0, 1.0), (600.0, 0.1)]), 0.0);
        // A range far from zero is not widened.
        assert_eq!(left(&[(300.0, 1.0), (600.0, 0.1)]), 300.0);
        assert_eq!(left(&[(-2.0, 1.0), (600.0, 0.1)]), -2.0);
    }
}
