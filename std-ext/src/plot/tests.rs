//! Axes with the labels one would write by hand, and plots of curves of every kind.

use super::*;

fn labels(axis: &Axis) -> Vec<String> {
    axis.ticks.iter().map(|(_, label)| label.clone()).collect()
}

#[test]
fn ticks_are_round_and_their_labels_short() {
    for (low, high, expected) in [
        (0.0, 100.0, "0 20 40 60 80 100"),
        (0.0, 1.0, "0 0.2 0.4 0.6 0.8 1"),
        (1.0, 1.0, "0.6 0.8 1 1.2 1.4"),
        (-3.0, 4.0, "-3 -2 -1 0 1 2 3 4"),
        (0.0, 2e6, "0e0 5e5 1e6 1.5e6 2e6"),
        (0.0, 3e-7, "0e0 5e-8 1e-7 1.5e-7 2e-7 2.5e-7 3e-7"),
    ] {
        assert_eq!(labels(&Axis::linear(low, high)).join(" "), expected);
    }
    for (low, high, expected) in [
        (1e-3, 1.0, "0.001 0.01 0.1 1"),
        (1e-9, 1.0, "1e-8 1e-6 1e-4 1e-2 1e0"),
        (1e-5, 1e-1, "1e-5 1e-4 1e-3 1e-2 1e-1"),
        (0.02, 0.9, "0.02 0.05 0.1 0.2 0.5 1"),
        (2.0, 3.0, "2 2.2 2.4 2.6 2.8 3"),
        (3e-7, 3e-7, "2e-7 2.5e-7 3e-7 3.5e-7 4e-7 4.5e-7"),
        (1e-300, 1e300, "1e-300 1e-200 1e-100 1e0 1e100 1e200 1e300"),
    ] {
        assert_eq!(labels(&Axis::logarithmic(low, high)).join(" "), expected, "{low:e} {high:e}");
    }
}

/// Every axis holds the values it is for, and has a few ticks inside.
#[test]
fn ranges_of_all_magnitudes_have_ticks() {
    for exponent in (-300..300).step_by(3) {
        for ratio in [1.0, 1.0 + 1e-15, 1.0 + 1e-7, 1.001, 1.5, 3.0, 30.0, 1e5, 1e100] {
            let low = 10_f64.powi(exponent);
            let high = (low * ratio).min(1e300);
            let linear = [Axis::linear(low, high), Axis::linear(-high, low), Axis::linear(-high, high)];
            let axes = linear.into_iter().chain([Axis::logarithmic(low, high)]);
            for axis in axes {
                let places: Vec<f64> = axis.ticks.iter().map(|(value, _)| *value).collect();
                assert!(axis.low < axis.high && axis.high.is_finite(), "{low:e} {high:e}: {axis:?}");
                assert!((2..=12).contains(&places.len()), "{low:e} {high:e}: {axis:?}");
                assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{axis:?}");
                let rounding = 1e-12 * (axis.high - axis.low) + f64::EPSILON * axis.high.abs().max(axis.low.abs());
                assert!(places.iter().all(|p| (axis.low - rounding..=axis.high + rounding).contains(p)), "{axis:?}");
            }
        }
    }
}

fn curve(points: &[(f64, f64)]) -> (String, Vec<(f64, f64)>) {
    ("curve".to_owned(), points.to_vec())
}

#[test]
fn every_kind_of_curve_is_drawn() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for series in [
        vec![],
        vec![curve(&[])],
        vec![curve(&[]), curve(&[(1.0, 1.0)])],
        vec![curve(&[(1.0, 0.0), (2.0, -1.0), (3.0, nan), (nan, 1.0), (inf, 1.0), (4.0, inf), (5.0, 5e-324)])],
        vec![curve(&[(1.0, 2.0), (2.0, 2.0)])],
        vec![curve(&[(1.0, f64::MIN_POSITIVE), (2.0, f64::MAX)])],
        vec![curve(&[(-1e299, 1.0), (1e299, 2.0)])],
        vec![curve(&[(1e16, 1.0), (1e16 + 2.0, 1.0 + f64::EPSILON)])],
        (0..40).map(|i| curve(&[(0.0, 1.0 + f64::from(i)), (1.0, 0.5)])).collect(),
    ] {
        let text = svg("title", "epoch", "loss", &series).unwrap();
        assert!(text.starts_with("<svg width=\"900\" height=\"520\" viewBox=\"0 0 3600 2080\""), "{}", &text[..80]);
        assert!(text.trim_end().ends_with("</svg>") && !text.contains("NaN") && !text.contains("inf"));
        let nothing = series.iter().all(|(_, points)| drawable(points).is_empty());
        assert_eq!(text.contains("no positive values to show"), nothing);
        assert_eq!(text.matches("\ncurve\n").count(), series.len());
    }
}

#[test]
fn long_curves_give_small_files_with_the_same_extremes() {
    let noisy: Vec<(f64, f64)> = (0..1_000_000).map(|i| (f64::from(i), 2.0 + f64::from(i).sin())).collect();
    assert!(svg("t", "x", "y", &[("noise".into(), noisy)]).unwrap().len() < 200_000);
    let places = [(0, 5), (1, 9), (1, 2), (2, 7), (3, 6), (4, 1), (4, 1), (5, 0)];
    assert_eq!(thinned(places.into_iter()), [(0, 5), (1, 9), (1, 2), (3, 6), (4, 1), (5, 0)]);
}

#[test]
fn text_is_escaped_and_cut() {
    let text = svg("a < b & \u{1}c", "x\ny", &"long ".repeat(50), &[("<b>".into(), vec![(0.0, 1.0)])]).unwrap();
    assert!(text.contains("a &lt; b &amp;  c") && text.contains("x y") && text.contains("&lt;b&gt;"));
    assert!(!text.contains('\u{1}') && text.contains('…'));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = std::env::temp_dir().join("gaussling-no-such-folder").join("plot.svg");
    let error = loss_curves(&path, "t", "x", "y", &[]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be written: ", path.display())), "{error}");
    let path = std::env::temp_dir().join(format!("gaussling-plot-{}.svg", std::process::id()));
    loss_curves(&path, "t", "x", "y", &[]).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("<svg"));
    std::fs::remove_file(path).unwrap();
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
