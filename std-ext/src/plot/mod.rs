//! Plots as SVG files: curves of a loss over epochs or time, on a logarithmic axis.
//!
//! Curves are told apart by colour (M. Okabe and K. Ito, *Color Universal Design*, 2008: colours that colour-blind readers can
//! tell apart), by dashes and by markers, so a copy without colours is readable too. The legend stands beside the curves and
//! never covers them. Text stays text: no font of this machine is asked for.
//!
//! Points that a logarithmic axis cannot show (not positive, NaN, infinite, or beyond 1e±300) are left out. Of the points of a
//! curve in one column of pixels only the first, lowest, highest and last are written, which looks the same; so the size of
//! the file is bounded. Cost: linear in the number of points.

mod axis;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use axis::Axis;

/// Width and height as displayed.
const SIZE: (u32, u32) = (900, 520);
/// Units of the drawing in one of those: plotters rounds places to whole units, which would show as jagged curves.
const FINE: u32 = 4;
/// About as many markers on a curve.
const MARKERS: usize = 8;
/// Longest text of the title and the axes, and of a name in the legend, in characters.
const TEXT: usize = 80;
const NAME: usize = 30;

const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// Lengths of dash and gap; the first is solid.
const DASHES: [Option<(u32, u32)>; 4] = [None, Some((9, 4)), Some((3, 3)), Some((15, 5))];

/// Why a plot was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The operating system did not let the file be written.
    #[error("{}: cannot be written: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The plotting library gave up.
    #[error("plot: {0}")]
    Drawing(String),
}

/// Draws `series` of (x, y) points, each with its name, on a linear x and a logarithmic y axis into an SVG file.
///
/// Without points that can be shown it draws empty axes and says so.
///
/// # Errors
/// [`PlotError`], practically only when the file cannot be written.
pub fn loss_curves(
    path: &Path,
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[(String, Vec<(f64, f64)>)],
) -> Result<(), PlotError> {
    let svg = svg(title, x_label, y_label, series)?;
    std::fs::write(path, svg).map_err(|reason| PlotError::Unwritable { file: path.to_path_buf(), reason })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// The text of the file.
fn svg(title: &str, x_label: &str, y_label: &str, series: &[(String, Vec<(f64, f64)>)]) -> Result<String, PlotError> {
    let mut svg = String::new();
    draw(&mut svg, title, x_label, y_label, series).map_err(|error| PlotError::Drawing(error.to_string()))?;
    // The drawing keeps its fine units as the view box.
    let fine = format!("<svg width=\"{}\" height=\"{}\"", SIZE.0 * FINE, SIZE.1 * FINE);
    Ok(svg.replacen(&fine, &format!("<svg width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1), 1))
}

fn draw(svg: &mut String, title: &str, x_label: &str, y_label: &str, series: &[(String, Vec<(f64, f64)>)]) -> Drawn {
    let root = SVGBackend::with_string(svg, (SIZE.0 * FINE, SIZE.1 * FINE)).into_drawing_area();
    root.fill(&WHITE)?;
    let curves: Vec<Vec<(f64, f64)>> = series.iter().map(|(_, points)| drawable(points)).collect();
    let empty = curves.iter().all(Vec::is_empty);
    let (x_axis, y_axis) = axes(&curves);

    let names: Vec<String> = series.iter().map(|(name, _)| clean(name, NAME)).collect();
    let longest = names.iter().map(|name| name.chars().count() as u32).max();
    let legend_left = SIZE.0 - longest.map_or(20, |characters| 72 + 7 * characters + characters / 2);
    let (plot, _) = root.split_horizontally(legend_left * FINE);
    let mut chart = ChartBuilder::on(&plot)
        .caption(clean(title, TEXT), font(20))
        .margin(12 * FINE)
        .margin_right(18 * FINE)
        .x_label_area_size(48 * FINE)
        .y_label_area_size(72 * FINE)
        .build_cartesian_2d(x_axis, y_axis)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(222, 222, 222).stroke_width(FINE))
        .axis_style(BLACK.stroke_width(FINE))
        .set_all_tick_mark_size(5 * FINE)
        .x_desc(clean(x_label, TEXT))
        .y_desc(clean(y_label, TEXT))
        .axis_desc_style(font(17))
        .label_style(font(15))
        .draw()?;

    for (i, curve) in curves.iter().enumerate() {
        let places = thinned(curve.iter().map(|point| chart.backend_coord(point)));
        draw_line(&root, &places, i)?;
        // Markers of different curves stand at different places.
        let step = places.len().div_ceil(MARKERS).max(1);
        for &place in places.iter().skip(i * step / 4 % step).step_by(step) {
            draw_marker(&root, place, i)?;
        }
    }
    if empty {
        let place = ((legend_left / 2 * FINE) as i32, (SIZE.1 / 2 * FINE) as i32);
        let style = font(17).into_text_style(&root).pos(Pos::new(HPos::Center, VPos::Center));
        root.draw(&Text::new("no positive values to show", place, style))?;
    }
    draw_legend(&root, legend_left, &names)?;
    root.present()
}

/// One row a curve, from the top; closer together when there are many.
fn draw_legend(root: &Area<'_>, left: u32, names: &[String]) -> Drawn {
    let row = ((SIZE.1 - 100) * FINE / names.len().max(1) as u32).min(24 * FINE) as i32;
    for (i, name) in names.iter().enumerate() {
        let y = (60 * FINE) as i32 + row * i as i32;
        let at = |x: u32| (((left + x) * FINE) as i32, y);
        draw_line(root, &[at(0), at(46)], i)?;
        draw_marker(root, at(23), i)?;
        let style = font(15).into_text_style(root).pos(Pos::new(HPos::Left, VPos::Center));
        root.draw(&Text::new(name.clone(), at(54), style))?;
    }
    Ok(())
}

fn draw_line(root: &Area<'_>, places: &[(i32, i32)], curve: usize) -> Drawn {
    let style = colour(curve).stroke_width(2 * FINE);
    match DASHES[curve % DASHES.len()] {
        None => root.draw(&PathElement::new(places, style)),
        Some((dash, gap)) => root.draw(&DashedPathElement::new(places.iter().copied(), dash * FINE, gap * FINE, style)),
    }
}

/// Filled and hollow circles, squares, triangles.
fn draw_marker(root: &Area<'_>, (x, y): (i32, i32), curve: usize) -> Drawn {
    let r = (4 * FINE) as i32;
    let line = colour(curve).stroke_width(2 * FINE);
    let inside = [colour(curve), WHITE][curve % 2].filled();
    let corners = match curve / 2 % 3 {
        0 => {
            root.draw(&Circle::new((x, y), r, inside))?;
            return root.draw(&Circle::new((x, y), r, line));
        }
        1 => vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r), (x - r, y - r)],
        _ => vec![(x, y - r - r / 4), (x + r, y + r), (x - r, y + r), (x, y - r - r / 4)],
    };
    root.draw(&Polygon::new(corners.clone(), inside))?;
    root.draw(&PathElement::new(corners, line))
}

fn colour(curve: usize) -> RGBColor {
    COLOURS[curve % COLOURS.len()]
}

fn font(size: u32) -> (&'static str, u32) {
    ("sans-serif", size * FINE)
}

/// The points that can be shown.
fn drawable(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let shown = |&(x, y): &(f64, f64)| x.abs() <= 1e300 && (1e-300..=1e300).contains(&y);
    points.iter().copied().filter(shown).collect()
}

/// Axes that hold all points.
fn axes(curves: &[Vec<(f64, f64)>]) -> (Axis, Axis) {
    let range = |coordinate: fn(&(f64, f64)) -> f64| {
        let values = || curves.iter().flatten().map(coordinate);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    if curves.iter().all(Vec::is_empty) {
        return (Axis::linear(0.0, 1.0), Axis::logarithmic(0.01, 1.0));
    }
    let ((left, right), (bottom, top)) = (range(|point| point.0), range(|point| point.1));
    // Work that starts a bit after nothing is shown from nothing on.
    let left = if left > 0.0 && left < 0.1 * right { 0.0 } else { left };
    (Axis::linear(left, right), Axis::logarithmic(bottom, top))
}

/// Of neighbours in one displayed column the first, lowest, highest and last.
fn thinned(places: impl Iterator<Item = (i32, i32)>) -> Vec<(i32, i32)> {
    let places: Vec<_> = places.collect();
    let column = |&(x, _): &(i32, i32)| x.div_euclid(FINE as i32);
    let mut kept = Vec::new();
    for group in places.chunk_by(|a, b| column(a) == column(b)) {
        let extreme = |sign: i32| (0..group.len()).min_by_key(|&i| sign * group[i].1).unwrap_or(0);
        let mut chosen = [0, extreme(1), extreme(-1), group.len() - 1];
        chosen.sort_unstable();
        kept.extend(chosen.map(|i| group[i]));
    }
    kept.dedup();
    kept
}

/// Text that is valid in XML and not longer than `most` characters.
fn clean(text: &str, most: usize) -> String {
    let mut clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((end, _)) = clean.char_indices().nth(most) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}
