//! [`Chart`]: a finished plot, as a list of a few kinds of shapes that become SVG or pixels.

use std::path::Path;

use super::style::{Colour, Marker};
use super::{PlotError, png, svg, text};
use crate::storage;

/// Width of every plot in its own units, in which texts are 12 to 16 high: small against its texts, so that they can be read
/// on a telephone.
pub(super) const WIDTH: f64 = 440.0;
/// Space at the left and right.
pub(super) const MARGIN: f64 = 10.0;
/// Sizes of texts.
pub(super) const TITLE: f64 = 16.0;
pub(super) const LABEL: f64 = 14.0;
pub(super) const TICK: f64 = 13.0;
pub(super) const NOTE: f64 = 12.0;

/// A place: from the left, from the top.
pub(super) type Place = (f64, f64);

/// How a shape is painted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Paint {
    /// Inside, and how opaque.
    pub(super) fill: Option<(Colour, f64)>,
    /// Along the border, and how wide.
    pub(super) stroke: Option<(Colour, f64)>,
    /// Lengths of dash and gap.
    pub(super) dash: Option<[f64; 2]>,
}

impl Paint {
    pub(super) fn line(colour: Colour, width: f64) -> Self {
        Self { stroke: Some((colour, width)), ..Self::default() }
    }

    pub(super) fn fill(colour: Colour, opacity: f64) -> Self {
        Self { fill: Some((colour, opacity)), ..Self::default() }
    }
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// What plots are made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Lines through points, or areas between them; `crisp` ones end at whole pixels, so that neighbours leave no gap.
    Path { lines: Vec<Vec<Place>>, closed: bool, crisp: bool, paint: Paint },
    /// The same marker at many places.
    Markers { marker: Marker, radius: f64, places: Vec<Place>, paint: Paint },
    /// A line of text; its place is at the height of the foot of its letters. Turned ones run upwards.
    Text { text: String, place: Place, size: f64, anchor: Anchor, turned: bool, colour: Colour },
}

/// A finished plot.
///
/// Its texts are as given, cut where they do not fit. Its size is bounded for any input, see [`plot`](super).
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Chart {
    /// An empty one with its title at the top; [`Chart::height`] is where the next thing can stand.
    pub(super) fn new(title: &str) -> Self {
        let clean = text::clean(title, 200);
        let mut chart = Self { title: clean, description: String::new(), height: 10.0, shapes: Vec::new() };
        for line in text::wrap(title, TITLE, WIDTH - 2.0 * MARGIN, 2) {
            chart.height += TITLE * 1.25;
            chart.text(line, (WIDTH / 2.0, chart.height - 5.0), TITLE, Anchor::Middle, Colour::Ink);
        }
        chart.height += 8.0;
        chart
    }

    pub(super) fn text(&mut self, text: String, place: Place, size: f64, anchor: Anchor, colour: Colour) {
        self.shapes.push(Shape::Text { text, place, size, anchor, turned: false, colour });
    }

    pub(super) fn turned(&mut self, text: String, place: Place, size: f64, anchor: Anchor) {
        self.shapes.push(Shape::Text { text, place, size, anchor, turned: true, colour: Colour::Ink });
    }

    pub(super) fn line(&mut self, places: Vec<Place>, paint: Paint) {
        self.shapes.push(Shape::Path { lines: vec![places], closed: false, crisp: false, paint });
    }

    pub(super) fn lines(&mut self, lines: Vec<Vec<Place>>, paint: Paint) {
        self.shapes.push(Shape::Path { lines, closed: false, crisp: false, paint });
    }

    /// A rectangle by its left, top, width and height.
    pub(super) fn rectangle(&mut self, [x, y, width, height]: [f64; 4], paint: Paint) {
        let corners = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
        self.shapes.push(Shape::Path { lines: vec![corners], closed: true, crisp: false, paint });
    }

    pub(super) fn markers(&mut self, marker: Marker, radius: f64, places: Vec<Place>, paint: Paint) {
        if !places.is_empty() {
            self.shapes.push(Shape::Markers { marker, radius, places, paint });
        }
    }

    /// Notes below all that is there, each wrapped; empty ones are left out.
    pub(super) fn notes<S: AsRef<str>>(&mut self, notes: &[S]) {
        for note in notes {
            for line in text::wrap(note.as_ref(), NOTE, WIDTH - 2.0 * MARGIN, 3) {
                self.height += NOTE * 1.35;
                self.text(line, (MARGIN, self.height - 4.0), NOTE, Anchor::Start, Colour::Muted);
            }
        }
    }

    /// Closes the plot with a description for those who cannot see it.
    pub(super) fn finish(mut self, description: String) -> Self {
        self.height = (self.height + 8.0).ceil();
        self.description = description;
        self
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What is to be seen, in words: the kind of plot, what is on its axes, the extremes.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The text of an SVG file: 1.5 CSS pixels a unit as displayed, on white paper. Texts stay texts, in the reader's font.
    pub fn svg(&self) -> String {
        svg::file(self)
    }

    /// An `<svg>` element for an HTML page: as wide as its surroundings, without a background, so that the page's own shows.
    ///
    /// Its first children are `<title>` and `<desc>`. It has no identifiers, no styles and no references.
    pub fn inline_svg(&self) -> String {
        svg::inline(self)
    }

    /// The bytes of a PNG file, `width` pixels wide (at least 1, at most 4096), on white paper; 30 to 100 ms for a width of 1320.
    ///
    /// # Errors
    /// [`PlotError::Picture`] when the picture cannot be made, for want of memory for example.
    pub fn png(&self, width: u32) -> Result<Vec<u8>, PlotError> {
        png::encode(self, width)
    }

    /// Writes a file: an SVG or, 1320 pixels wide, a PNG, as the ending of `path` says. A file that is there is replaced as a
    /// whole or not at all.
    ///
    /// # Errors
    /// [`PlotError::Ending`] for other endings, [`PlotError::Unwritable`], [`PlotError::Picture`].
    pub fn write(&self, path: &Path) -> Result<(), PlotError> {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let bytes = match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("svg") => self.svg().into_bytes(),
            Some("png") => self.png(3 * WIDTH as u32)?,
            _ => return Err(PlotError::Ending { file: path.to_path_buf() }),
        };
        storage::replace(path, &bytes).map_err(|reason| PlotError::Unwritable { file: path.to_path_buf(), reason })
    }
}
