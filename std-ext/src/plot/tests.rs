//! What holds for every plot: well-formed, escaped, nothing outside, no text over another, pixels as the shapes say, files by their endings.

use tiny_skia::Pixmap;

use super::chart::{Anchor, Shape, WIDTH};
use super::*;

/// The texts of a plot, title and notes among them.
pub(super) fn texts(chart: &Chart) -> Vec<String> {
    let text = |shape: &Shape| match shape {
        Shape::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    chart.shapes.iter().filter_map(text).collect()
}

/// The centres of all circles of an SVG.
pub(super) fn circles(svg: &str) -> Vec<(f64, f64)> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let number = |node: roxmltree::Node<'_, '_>, name| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let circles = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "circle")));
    circles.map(|node| (number(node, "cx"), number(node, "cy"))).collect()
}

const EVIL: &str = "<script>alert(\"1\" & '2')</script> \u{1}\u{7}\r\n]]> --> \u{202e} ünïcödé 中文";

/// Plots of every kind with data of every kind, by what they are.
fn charts() -> Vec<(String, Chart)> {
    let mut charts = Vec::new();
    for (kind, name, count) in
        [("plain", "name", 3), ("evil", EVIL, 5), ("none", "", 0), ("one", "n", 1), ("many", "name", 60)]
    {
        let long = format!("{} ", name.repeat(9));
        let name = if kind == "evil" { long.as_str() } else { name };
        let names: Vec<String> = (0..count).map(|i| format!("{name} {i}")).collect();
        let mut add = |what: &str, chart: Chart| charts.push((format!("{what}, {kind}"), chart));
        for (scale, values, steps) in
            [("small", 1e-7, 1.0), ("usual", 1.0, 1.0), ("large", 1e250, 1.0), ("narrow", 1e5, 1e-5)]
        {
            let x: Vec<f64> = (0..30).map(|i| values * (1.0 + steps * f64::from(i * i))).collect();
            let y: Vec<f64> = x.iter().map(|x| x * (1.0 + 0.1 * steps)).collect();
            let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
            let series: Vec<Curve> = names.iter().map(|name| (name.clone(), points.clone())).collect();
            add(&format!("curves {scale}"), curves(name, name, name, &series));
            let outputs: Vec<Output<'_>> =
                names.iter().take(6).map(|name| Output { name, targets: &x, predictions: &y }).collect();
            add(&format!("predictions {scale}"), predictions(name, &outputs).unwrap());
            let methods: Vec<Errors> =
                names.iter().map(|name| Errors { name: name.clone(), values: x[..5].to_vec() }).collect();
            add(&format!("errors {scale}"), errors(name, name, &methods));
            let grid = Grid::around(&points, 30, 20);
            let classes: Vec<usize> = (0..600).map(|i| i / 30 % count.max(1)).collect();
            let samples: Vec<_> = points.iter().map(|&(x, y)| (x, y, 0)).collect();
            add(
                &format!("regions {scale}"),
                decision_regions(name, [name, name], &names, &grid, &classes, &samples[..count.min(30)]).unwrap(),
            );
        }
        let truth: Vec<usize> = (0..40 * count).map(|i| i % count).collect();
        let given: Vec<usize> =
            truth.iter().enumerate().map(|(i, t)| if i % 7 == 0 { i % count } else { *t }).collect();
        add("confusion", confusion(name, &names, &truth, &given).unwrap());
    }
    charts
}

#[test]
fn every_plot_is_well_formed_and_has_a_title_and_a_description() {
    for (what, chart) in charts() {
        let svg = chart.svg();
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{what}: {error}"));
        let root = document.root_element();
        assert_eq!(root.attribute("viewBox"), Some(format!("0 0 {WIDTH} {}", chart.height).as_str()), "{what}");
        assert_eq!(root.attribute("role"), Some("img"));
        let children: Vec<_> = root.children().filter(|node| node.is_element()).take(2).collect();
        assert_eq!(children[0].tag_name().name(), "title");
        assert_eq!(children[0].text().unwrap_or_default(), chart.title(), "{what}");
        assert_eq!((children[1].tag_name().name(), children[1].text()), ("desc", Some(chart.description())), "{what}");
        assert!(chart.description().len() < 3000 && !chart.description().contains("inf"), "{}", chart.description());
        let inside = chart.inline_svg();
        roxmltree::Document::parse(&inside).unwrap();
        assert!(!inside.contains("http") && !inside.contains(" id=") && !inside.contains("href"), "{what}");
        for node in document.descendants().filter(|node| node.is_element()) {
            for attribute in node.attributes() {
                let value = attribute.value();
                assert!(!value.contains("NaN") && !value.contains("inf"), "{what}: {attribute:?}");
            }
            let known = ["svg", "title", "desc", "rect", "path", "g", "circle", "text"];
            assert!(known.contains(&node.tag_name().name()), "{what}: {node:?}");
        }
    }
}

/// Left, top, right, bottom of a text, in the embedded font.
fn bounds(shape: &Shape) -> Option<([f64; 4], &str)> {
    let Shape::Text { text: words, place: (x, y), size, anchor, turned, .. } = shape else { return None };
    let width = text::width(words, *size);
    let before = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => width / 2.0,
        Anchor::End => width,
    };
    let (above, below) = (0.72 * size, 0.05 * size);
    Some(match turned {
        false => ([x - before, y - above, x - before + width, y + below], words),
        true => ([x - above, y + before - width, x + below, y + before], words),
    })
}

#[test]
fn no_text_is_cut_off_or_written_over_another() {
    for (what, chart) in charts() {
        let texts: Vec<([f64; 4], &str)> = chart.shapes.iter().filter_map(bounds).collect();
        for (i, ([left, top, right, bottom], text)) in texts.iter().enumerate() {
            let inside = *left >= 0.0 && *top >= 0.0 && *right <= WIDTH && *bottom <= chart.height;
            assert!(inside, "{what}: {text:?} at {left} {top} {right} {bottom}");
            for ([l, t, r, b], other) in &texts[..i] {
                let apart = r <= left || right <= l || b <= top || bottom <= t;
                assert!(apart, "{what}: {text:?} at {left} {top} {right} {bottom} over {other:?} at {l} {t} {r} {b}");
            }
        }
    }
}

#[test]
fn nothing_is_outside_of_the_plot() {
    for (what, chart) in charts() {
        let places = chart.shapes.iter().flat_map(|shape| match shape {
            Shape::Path { lines, .. } => lines.concat(),
            Shape::Markers { places, .. } => places.clone(),
            Shape::Text { place, .. } => vec![*place],
        });
        for (x, y) in places {
            assert!((0.0..=WIDTH).contains(&x) && (0.0..=chart.height).contains(&y), "{what}: {x} {y}");
        }
    }
}

#[test]
fn pixels_have_the_size_asked_for_and_show_the_shapes() {
    let chart = curves("Title", "work units", "loss", &[("curve".into(), vec![(0.0, 1.0), (1.0, 100.0), (2.0, 5.0)])]);
    for (width, expected) in [(880, 880), (100, 100), (0, 1), (u32::MAX, 4096)] {
        let pixels = Pixmap::decode_png(&chart.png(width).unwrap()).unwrap();
        let height = (f64::from(expected) / WIDTH * chart.height).round().max(1.0) as u32;
        assert_eq!((pixels.width(), pixels.height()), (expected, height));
        if expected == 1 {
            continue;
        }
        let count = |[red, green, blue]: [u8; 3]| {
            pixels.pixels().iter().filter(|p| (p.red(), p.green(), p.blue()) == (red, green, blue)).count()
        };
        let all = pixels.pixels().len();
        assert!((all / 2..all).contains(&count([255, 255, 255])), "{width}");
        // A line thinner than a pixel has a colour between its own and the paper's.
        let own = style::Colour::Series(0).light();
        assert!(expected < 880 || count(own) > all / 2000, "{width}: no curve");
        let line = chart.shapes.iter().find_map(|shape| match shape {
            Shape::Path { lines, paint, .. } if *paint == legend::line_paint(0, false) => Some(lines[0].clone()),
            _ => None,
        });
        let line = line.unwrap();
        let middle = |i: usize| (0.5 * (line[i].0 + line[i + 1].0), 0.5 * (line[i].1 + line[i + 1].1));
        for (x, y) in
            [middle(0), middle(1)].map(|(x, y)| (x * f64::from(expected) / WIDTH, y * f64::from(expected) / WIDTH))
        {
            let pixel = pixels.pixel(x as u32, y as u32).unwrap();
            let red = i32::from(pixel.red());
            assert!(
                if expected < 880 { red < 200 } else { red <= i32::from(own[0]) + 8 },
                "{width}: {pixel:?} at {x} {y}"
            );
        }
        assert_eq!(pixels.pixel(0, 0).map(|p| p.red()), Some(255));
        assert!(pixels.pixels().iter().all(|pixel| pixel.alpha() == 255));
    }
}

/// Ink within a rectangle of a picture of one text.
#[test]
fn letters_are_drawn_where_their_place_is() {
    let ink = |anchor: Anchor, turned: bool, [left, top, right, bottom]: [u32; 4]| {
        let mut chart = Chart::new("");
        let (place, colour) = ((220.0, 200.0), style::Colour::Ink);
        chart.shapes.push(Shape::Text { text: "HHHH".into(), place, size: 20.0, anchor, turned, colour });
        chart.height = 400.0;
        let pixels = Pixmap::decode_png(&chart.png(WIDTH as u32).unwrap()).unwrap();
        let dark = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
        dark.filter(|&(x, y)| pixels.pixel(x, y).is_some_and(|p| p.red() < 128)).count()
    };
    let whole = ink(Anchor::Start, false, [0, 0, 440, 400]);
    assert!(whole > 100, "{whole}");
    // Upright, from its place to the right and above its foot; turned, upwards.
    assert_eq!(ink(Anchor::Start, false, [220, 184, 290, 201]), whole);
    assert_eq!(ink(Anchor::End, false, [150, 184, 221, 201]), whole);
    assert!(ink(Anchor::Middle, false, [185, 184, 256, 201]) > whole * 9 / 10);
    assert!(ink(Anchor::Start, true, [204, 130, 221, 201]) > whole * 9 / 10);
    assert!(ink(Anchor::End, true, [204, 200, 221, 270]) > whole * 9 / 10);
    assert_eq!(ink(Anchor::Start, true, [230, 0, 440, 400]), 0);
}

#[test]
fn text_is_escaped_and_cut() {
    let svg = curves("a < b & \u{1}c", "x\ny", &"long ".repeat(50), &[("<b>".into(), vec![(0.0, 1.0)])]).svg();
    assert!(svg.contains("a &lt; b &amp;  c") && svg.contains("x y") && svg.contains("&lt;b&gt;"));
    assert!(!svg.contains('\u{1}') && svg.contains('…'));
}

#[test]
fn the_ending_decides_and_a_file_that_cannot_be_written_is_named() {
    let folder = std::env::temp_dir();
    let path = folder.join("gaussling-no-such-folder").join("plot.svg");
    let error = loss_curves(&path, "t", "x", "y", &[]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be written: ", path.display())), "{error}");
    for (ending, start) in [("svg", &b"<svg "[..]), ("SVG", b"<svg "), ("png", b"\x89PNG"), ("Png", b"\x89PNG")] {
        let path = folder.join(format!("gaussling-plot-{}.{ending}", std::process::id()));
        loss_curves(&path, "t", "x", "y", &[]).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(start), "{ending}");
        std::fs::remove_file(path).unwrap();
    }
    for name in ["plot.pdf", "plot", "plot.svg.gz", ""] {
        let path = folder.join("gaussling-no-such-folder").join(name);
        let error = loss_curves(&path, "t", "x", "y", &[]).unwrap_err().to_string();
        assert!(error.ends_with("cannot be written: plots are .svg or .png; choose one of these endings"), "{error}");
    }
}
