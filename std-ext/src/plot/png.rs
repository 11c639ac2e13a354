//! A [`Chart`] as pixels, by `tiny-skia`, with the outlines of an embedded font: no font of the machine is asked for, so the
//! picture is the same everywhere.

use tiny_skia::{Color, FillRule, LineJoin, Paint as Ink, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};
use ttf_parser::OutlineBuilder;

use super::PlotError;
use super::chart::{Anchor, Chart, Paint, Place, Shape, WIDTH};
use super::style::{Colour, Marker};
use super::text;

/// Most pixels in a row.
const WIDEST: u32 = 4096;

pub(super) fn encode(chart: &Chart, width: u32) -> Result<Vec<u8>, PlotError> {
    let width = width.clamp(1, WIDEST);
    let scale = f64::from(width) / WIDTH;
    let height = ((scale * chart.height).round() as u32).max(1);
    let failed =
        || PlotError::Picture(format!("{width} x {height} pixels do not fit into memory; take a smaller width"));
    let mut pixels = Pixmap::new(width, height).ok_or_else(failed)?;
    pixels.fill(ink(Colour::Paper, 1.0));
    let whole = Transform::from_scale(scale as f32, scale as f32);
    for shape in &chart.shapes {
        draw(&mut pixels, shape, whole);
    }
    pixels.encode_png().map_err(|error| PlotError::Picture(error.to_string()))
}

fn draw(pixels: &mut Pixmap, shape: &Shape, whole: Transform) {
    match shape {
        Shape::Path { lines, closed, crisp, paint } => {
            let mut builder = PathBuilder::new();
            lines.iter().for_each(|line| push(&mut builder, line, *closed));
            paint_path(pixels, builder.finish(), paint, *crisp, whole);
        }
        Shape::Markers { marker, radius, places, paint } => {
            for &(x, y) in places {
                let mut builder = PathBuilder::new();
                match marker {
                    Marker::Circle => builder.push_circle(x as f32, y as f32, *radius as f32),
                    other => push(&mut builder, &other.corners((x, y), *radius), true),
                }
                paint_path(pixels, builder.finish(), paint, false, whole);
            }
        }
        Shape::Text { text, place: (x, y), size, anchor, turned, colour } => {
            let before = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => 0.5,
                Anchor::End => 1.0,
            } * text::width(text, *size);
            let mut glyphs = Glyphs { builder: PathBuilder::new(), x: 0.0, scale: 1.0 };
            text::outlines(text, *size, &mut glyphs, |glyphs, x, scale| {
                (glyphs.x, glyphs.scale) = (x as f32, scale as f32);
            });
            let there = whole.pre_translate(*x as f32, *y as f32);
            let there = if *turned { there.pre_rotate(-90.0) } else { there }.pre_translate(-before as f32, 0.0);
            paint_path(pixels, glyphs.builder.finish(), &Paint::fill(*colour, 1.0), false, there);
        }
    }
}

fn push(builder: &mut PathBuilder, line: &[Place], closed: bool) {
    for (i, &(x, y)) in line.iter().enumerate() {
        let (x, y) = (x as f32, y as f32);
        if i == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
    }
    if closed {
        builder.close();
    }
}

/// Paints a path; `None`, an empty one, is nothing to paint.
fn paint_path(pixels: &mut Pixmap, path: Option<Path>, paint: &Paint, crisp: bool, transform: Transform) {
    let Some(path) = path else { return };
    let with = |colour: Colour, opacity: f64| {
        let mut with = Ink { anti_alias: !crisp, ..Ink::default() };
        with.set_color(ink(colour, opacity));
        with
    };
    if let Some((colour, opacity)) = paint.fill {
        pixels.fill_path(&path, &with(colour, opacity), FillRule::Winding, transform, None);
    }
    if let Some((colour, width)) = paint.stroke {
        let dash = paint.dash.and_then(|dash| StrokeDash::new(dash.map(|length| length as f32).to_vec(), 0.0));
        let stroke = Stroke { width: width as f32, line_join: LineJoin::Round, dash, ..Stroke::default() };
        pixels.stroke_path(&path, &with(colour, 1.0), &stroke, transform, None);
    }
}

fn ink(colour: Colour, opacity: f64) -> Color {
    let [red, green, blue] = colour.light();
    Color::from_rgba8(red, green, blue, (255.0 * opacity.clamp(0.0, 1.0)).round() as u8)
}

/// Outlines of glyphs, upright and one beside the other, in units of the plot.
struct Glyphs {
    builder: PathBuilder,
    x: f32,
    scale: f32,
}

impl Glyphs {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        // Fonts count upwards.
        (self.x + self.scale * x, -self.scale * y)
    }
}

impl OutlineBuilder for Glyphs {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.builder.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}
