//! A [`Chart`] as SVG. Colours are attributes with their values for light paper, so that every viewer understands them and a
//! page's style can override them.

use std::fmt::Write as _;

use super::chart::{Anchor, Chart, Paint, Place, Shape, WIDTH};
use super::style::{Colour, Marker};
use super::text::escape;

/// CSS pixels a unit.
const DISPLAYED: f64 = 1.5;

/// A file of its own.
pub(super) fn file(chart: &Chart) -> String {
    let (width, height) = (WIDTH * DISPLAYED, chart.height * DISPLAYED);
    let size = format!(" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\"");
    let paper = format!("<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n", Colour::Paper.hex());
    element(chart, &size, &paper)
}

/// A part of a page.
pub(super) fn inline(chart: &Chart) -> String {
    element(chart, "", "")
}

fn element(chart: &Chart, attributes: &str, paper: &str) -> String {
    let mut svg = format!(
        "<svg{attributes} viewBox=\"0 0 {WIDTH} {}\" role=\"img\" font-family=\"sans-serif\" stroke-linejoin=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{paper}",
        chart.height,
        escape(&chart.title, usize::MAX),
        escape(&chart.description, usize::MAX),
    );
    for shape in &chart.shapes {
        // Writing to a string cannot fail.
        let _ = write_shape(&mut svg, shape);
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_shape(svg: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Path { lines, closed, crisp, paint } => {
            let crisp = if *crisp { " shape-rendering=\"crispEdges\"" } else { "" };
            writeln!(svg, "<path{crisp}{} d=\"{}\"/>", attributes(paint), path(lines, *closed))
        }
        Shape::Markers { marker, radius, places, paint } => {
            writeln!(svg, "<g{}>", attributes(paint))?;
            for &(x, y) in places {
                match marker {
                    Marker::Circle => {
                        let (x, y, r) = (number(x), number(y), number(*radius));
                        writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>")?;
                    }
                    other => writeln!(svg, "<path d=\"{}\"/>", path(&[other.corners((x, y), *radius)], true))?,
                }
            }
            writeln!(svg, "</g>")
        }
        Shape::Text { text, place: (x, y), size, anchor, turned, colour } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let (x, y) = (number(*x), number(*y));
            let place = match turned {
                true => format!("transform=\"translate({x} {y}) rotate(-90)\""),
                false => format!("x=\"{x}\" y=\"{y}\""),
            };
            let text = escape(text, usize::MAX);
            writeln!(svg, "<text {place} font-size=\"{size}\"{anchor} fill=\"{}\">{text}</text>", colour.hex())
        }
    }
}

/// `fill` and `stroke` and what belongs to them.
fn attributes(paint: &Paint) -> String {
    let mut written = match paint.fill {
        None => " fill=\"none\"".to_owned(),
        Some((colour, 1.0)) => format!(" fill=\"{}\"", colour.hex()),
        Some((colour, opacity)) => format!(" fill=\"{}\" fill-opacity=\"{opacity:.3}\"", colour.hex()),
    };
    if let Some((colour, width)) = paint.stroke {
        written += &format!(" stroke=\"{}\" stroke-width=\"{}\"", colour.hex(), number(width));
    }
    if let Some([dash, gap]) = paint.dash {
        written += &format!(" stroke-dasharray=\"{dash} {gap}\"");
    }
    written
}

/// The `d` of a path.
fn path(lines: &[Vec<Place>], closed: bool) -> String {
    let mut d = String::new();
    for line in lines {
        for (i, &(x, y)) in line.iter().enumerate() {
            d += &format!("{}{} {}", if i == 0 { "M" } else { " " }, number(x), number(y));
        }
        if closed {
            d.push('Z');
        }
    }
    d
}

/// Hundredths of a unit are fine enough for any screen, and short.
fn number(x: f64) -> String {
    let rounded = (100.0 * x).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
