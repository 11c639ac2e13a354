//! The error of each method with its spread over seeds.

use super::axis::Axis;
use super::chart::{Anchor, Chart, MARGIN, Paint, Place, TICK, WIDTH};
use super::frame::Frame;
use super::legend::{CURVE, ENTRIES, legend};
use super::style::{Colour, Marker};
use super::{extremes, plural, short, text};

/// Widest names.
const NAME: f64 = 130.0;
const ROW: f64 = 34.0;
/// Most seeds of a method that are drawn.
const SEEDS: usize = 200;
/// A larger ratio of errors has a logarithmic axis.
const LINEAR: f64 = 10.0;

/// The errors of one method.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// Its name.
    pub name: String,
    /// An error for each seed, in the unit that the axis is labelled with.
    pub values: Vec<f64>,
}

/// A row for each method: a circle for each seed, their mean, and a bar of one standard deviation to both sides.
///
/// The axis begins at 0, or, where the largest error is more than ten times the least, is logarithmic and begins below half the
/// least. A bar that goes on below the axis has no stroke at that end. At most 40 methods and 200 seeds of
/// each are drawn; mean and deviation are those of all.
pub fn errors(title: &str, label: &str, methods: &[Errors]) -> Chart {
    let mut chart = Chart::new(title);
    let drawn = &methods[..methods.len().min(ENTRIES)];
    let finite: Vec<Vec<f64>> = drawn.iter().map(|method| shown(&method.values)).collect();
    let names: Vec<String> = drawn.iter().map(|method| text::fit(&method.name, TICK, NAME)).collect();
    let widest = names.iter().map(|name| text::width(name, TICK)).fold(0.0, f64::max);
    let (left, top) = (MARGIN + widest + 10.0, chart.height);
    let rows = drawn.len().max(2) as f64;
    let frame = Frame {
        left,
        top,
        width: WIDTH - MARGIN - 10.0 - left,
        height: ROW * rows,
        x: axis(&finite),
        y: Axis::bare(0.0, rows),
    };
    frame.draw(&mut chart, label, "");
    let middle = |row: usize| top + ROW * (row as f64 + 0.5);
    for (row, (name, values)) in names.iter().zip(&finite).enumerate() {
        let y = middle(row);
        chart.text(name.clone(), (left - 8.0, y + 0.36 * TICK), TICK, Anchor::End, Colour::Ink);
        draw_row(&mut chart, &frame, y, row, values);
    }
    if finite.iter().all(Vec::is_empty) {
        frame.say(&mut chart, "no values to show");
    }
    let seed = |chart: &mut Chart, (x, y): Place| chart.markers(Marker::Circle, 3.0, vec![(x, y)], hollow(Colour::Ink));
    let mean = |chart: &mut Chart, (x, y): Place| {
        draw_mean(chart, Colour::Ink, [x - CURVE / 2.0, x, x + CURVE / 2.0], y, false);
    };
    let entries = ["mean ± standard deviation".to_owned(), "one seed".to_owned()];
    legend(&mut chart, &entries, CURVE, &|chart, i, place| {
        if i == 0 { mean(chart, place) } else { seed(chart, place) }
    });
    let lost = drawn.iter().zip(&finite).filter(|(method, values)| values.len() < method.values.len());
    let mut notes: Vec<String> = lost
        .map(|(m, values)| {
            format!("{}: {} of {} not finite, left out", m.name, m.values.len() - values.len(), m.values.len())
        })
        .collect();
    if methods.len() > ENTRIES {
        notes.push(format!("{} more methods: not drawn", methods.len() - ENTRIES));
    }
    chart.notes(&notes);
    let count = plural(drawn.len(), "method");
    let mut description = format!("{count} by {}: mean ± standard deviation.", text::clean(label, text::NAME));
    for (method, values) in drawn.iter().zip(&finite).take(10) {
        let (mean, deviation) = mean_and_deviation(values);
        let seeds = plural(values.len(), "seed");
        let (name, mean, deviation) = (text::clean(&method.name, text::NAME), short(mean), short(deviation));
        description += &format!(" {name}: {mean} ± {deviation} over {seeds}.");
    }
    chart.finish(description)
}

fn shown(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.abs() <= 1e100).collect()
}

/// Holds all values and bars.
fn axis(methods: &[Vec<f64>]) -> Axis {
    let Some((low, high)) = extremes(methods.iter().flatten().copied()) else { return Axis::linear(0.0, 1.0, 6.0) };
    let bars = methods.iter().filter(|values| !values.is_empty()).map(|values| mean_and_deviation(values));
    let ends = extremes(bars.flat_map(|(mean, deviation)| [mean - deviation, mean + deviation]));
    let (first, last) = ends.unwrap_or((low, high));
    if low >= 1e-300 && high / low > LINEAR {
        return Axis::logarithmic(low.min(first.max(0.5 * low)), high.max(last));
    }
    // Bars that reach below 0 end there when no value is below.
    let first = if low >= 0.0 { 0.0 } else { first.min(low) };
    let last = last.max(high).max(0.0);
    Axis::linear(first, last + 0.03 * (last - first), 6.0)
}

fn draw_row(chart: &mut Chart, frame: &Frame, y: f64, row: usize, values: &[f64]) {
    if values.is_empty() {
        return;
    }
    let colour = Colour::Series(row);
    let at = |value: f64| frame.at((value.max(frame.x.low), 0.0)).0;
    let seeds = values.iter().take(SEEDS).map(|&value| (at(value), y + 8.0)).collect();
    chart.markers(Marker::Circle, 3.0, seeds, hollow(colour));
    let (mean, deviation) = mean_and_deviation(values);
    let cut = mean - deviation < frame.x.low;
    draw_mean(chart, colour, [at(mean - deviation), at(mean), at(mean + deviation)], y - 5.0, cut);
}

/// A bar from the first to the last with the mean between them, and a stroke at each end but where it is cut.
fn draw_mean(chart: &mut Chart, colour: Colour, [first, mean, last]: [f64; 3], y: f64, cut: bool) {
    let ends = [first, last].into_iter().skip(usize::from(cut)).map(|x| vec![(x, y - 5.0), (x, y + 5.0)]);
    let mut lines = vec![vec![(first, y), (last, y)]];
    lines.extend(ends);
    chart.lines(lines, Paint::line(colour, 2.0));
    chart.markers(Marker::Diamond, 4.2, vec![(mean, y)], Paint::fill(colour, 1.0));
}

fn hollow(colour: Colour) -> Paint {
    Paint::line(colour, 1.3)
}

/// Mean and standard deviation (of the sample, n − 1, as the table of a comparison has it); 0 for the deviation of one.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|value| value / n).sum::<f64>();
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::super::chart::Shape;
    use super::super::tests::{circles, texts};
    use super::*;

    fn method(name: &str, values: &[f64]) -> Errors {
        Errors { name: name.to_owned(), values: values.to_vec() }
    }

    #[test]
    fn every_seed_is_drawn_and_the_bar_is_one_deviation_long() {
        let chart = errors("t", "error, %", &[method("a", &[1.0, 2.0, 3.0]), method("b", &[4.0])]);
        // Four seeds, and one in the legend.
        let places = circles(&chart.svg());
        assert_eq!(places.len(), 5);
        let unit = places[1].0 - places[0].0;
        assert!((places[2].0 - places[1].0 - unit).abs() < 0.03 && (places[3].0 - places[2].0 - unit).abs() < 0.03);
        let bar = chart.shapes.iter().find_map(|shape| match shape {
            Shape::Path { lines, paint, .. } if *paint == Paint::line(Colour::Series(0), 2.0) => Some(lines[0].clone()),
            _ => None,
        });
        let bar = bar.unwrap();
        assert!(
            (bar[1].0 - bar[0].0 - 2.0 * unit).abs() < 0.05 && ((bar[0].0 + bar[1].0) / 2.0 - places[1].0).abs() < 0.03
        );
        assert!(
            chart.description().contains("a: 2 ± 1 over 3 seeds. b: 4 ± 0 over 1 seed."),
            "{}",
            chart.description()
        );
    }

    #[test]
    fn the_axis_is_logarithmic_only_where_it_must_and_can() {
        let axis = |values: &[f64]| axis(&[values.to_vec()]);
        let middle = |axis: Axis| axis.along((axis.low * axis.high).abs().sqrt());
        assert!(axis(&[1.0, 5.0]).low == 0.0 && axis(&[0.0, 500.0]).low == 0.0);
        assert!((middle(axis(&[1.0, 500.0])) - 0.5).abs() < 1e-9);
        // The bar of these reaches below 0, which no error does.
        assert_eq!(axis(&[0.1, 0.1, 0.9]).low, 0.0);
        // These bars reach from 0.21 and to 12.8, which the axis holds; that of 1, 1, 30 reaches below 0.
        let wide = super::axis(&[vec![0.3, 0.4, 0.3, 0.8], vec![8.0, 12.0]]);
        assert!((0.15..0.21).contains(&wide.low) && (12.83..20.0).contains(&wide.high), "{wide:?}");
        let cut = axis(&[1.0, 1.0, 30.0]);
        assert!((0.4..0.5).contains(&cut.low), "{cut:?}");
        assert!(axis(&[-1.0, 5.0]).low <= -1.0);
    }

    /// Lines of the bar of the first method, its strokes among them.
    fn bar(values: &[f64]) -> Vec<Vec<Place>> {
        let chart = errors("t", "error", &[method("a", values)]);
        let mut bars = chart.shapes.iter().filter_map(|shape| match shape {
            Shape::Path { lines, paint, .. } if *paint == Paint::line(Colour::Series(0), 2.0) => Some(lines.clone()),
            _ => None,
        });
        bars.next().unwrap()
    }

    #[test]
    fn a_bar_that_is_cut_has_no_stroke_there() {
        assert_eq!(bar(&[1.0, 2.0, 3.0]).len(), 3);
        for cut in [[1.0, 1.0, 30.0], [0.1, 0.1, 0.9]] {
            let lines = bar(&cut);
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert_eq!(lines[0][1].0, lines[1][0].0);
        }
    }

    #[test]
    fn what_is_not_finite_is_counted() {
        let chart = errors(
            "t",
            "error",
            &[method("a", &[1.0, f64::NAN, f64::INFINITY]), method("b", &[]), method("c", &[f64::NAN])],
        );
        let texts = texts(&chart);
        for text in ["a: 2 of 3 not finite, left out", "c: 1 of 1 not finite, left out"] {
            assert!(texts.contains(&text.to_owned()), "{texts:?}");
        }
        assert!(!texts.iter().any(|text| text.starts_with("b: ")));
        let none = errors("t", "error", &[]);
        assert!(super::super::tests::texts(&none).contains(&"no values to show".to_owned()));
        let many: Vec<Errors> = (0..500).map(|_| method("m", &[1.0; 5000])).collect();
        assert!(errors("t", "error", &many).svg().len() < 800_000);
    }
}
