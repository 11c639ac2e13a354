//! Colours, dashes and markers: what tells curves, classes and methods apart, with colours and without.

/// What a thing is drawn in. Each has a colour on light paper and one on dark paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// The background.
    Paper,
    /// Text and axes.
    Ink,
    /// Notes.
    Muted,
    /// Grid lines at ticks.
    Grid,
    /// Grid lines between ticks.
    Minor,
    /// The i-th curve, class or method; colours come again after [`SERIES`].
    Series(usize),
}

/// Colours that colour-blind readers can tell apart (M. Okabe and K. Ito, *Color Universal Design*, 2008), and the same hues
/// lightened for dark paper.
const COLOURS: [([u8; 3], [u8; 3]); SERIES] = [
    ([0, 114, 178], [64, 158, 226]),
    ([213, 94, 0], [255, 138, 61]),
    ([0, 158, 115], [38, 194, 147]),
    ([204, 121, 167], [231, 160, 204]),
    ([0, 0, 0], [245, 245, 245]),
    ([230, 159, 0], [240, 190, 70]),
    ([86, 180, 233], [160, 216, 250]),
];
/// How many colours there are.
pub(super) const SERIES: usize = 7;

impl Colour {
    /// On light and on dark paper: red, green, blue.
    fn pair(self) -> ([u8; 3], [u8; 3]) {
        match self {
            Self::Paper => ([255, 255, 255], [22, 24, 29]),
            Self::Ink => ([26, 26, 26], [232, 232, 232]),
            Self::Muted => ([92, 92, 92], [165, 168, 174]),
            Self::Grid => ([217, 217, 217], [66, 69, 76]),
            Self::Minor => ([239, 239, 239], [42, 45, 51]),
            Self::Series(i) => COLOURS[i % SERIES],
        }
    }

    /// On light paper: red, green, blue.
    pub(super) fn light(self) -> [u8; 3] {
        self.pair().0
    }

    /// On light paper, as SVG names it: `#rrggbb`.
    pub(super) fn hex(self) -> String {
        hex(self.pair().0)
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Paper, Self::Ink, Self::Muted, Self::Grid, Self::Minor].into_iter().chain((0..SERIES).map(Self::Series))
    }
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Rules of CSS that show an SVG inside a page on dark paper: every colour of a plot is an attribute, which a rule overrides.
pub(crate) fn dark_rules() -> String {
    Colour::all()
        .map(|colour| {
            let (light, dark) = (hex(colour.pair().0), hex(colour.pair().1));
            format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}\n")
        })
        .collect()
}

/// Lengths of dash and gap of the i-th curve; the first is solid.
pub(super) fn dash(i: usize) -> Option<[f64; 2]> {
    [None, Some([6.0, 3.0]), Some([2.0, 2.0]), Some([10.0, 3.5])][i % 4]
}

/// Shapes of markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
}

/// The shape of the i-th curve's or class' markers.
pub(super) fn marker(i: usize) -> Marker {
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond][i % 4]
}

impl Marker {
    /// Corners around `(x, y)`, none for a circle; of about the area of a circle of radius `r`.
    pub(super) fn corners(self, (x, y): (f64, f64), r: f64) -> Vec<(f64, f64)> {
        let at = |corners: &[(f64, f64)]| corners.iter().map(|(u, v)| (x + r * u, y + r * v)).collect();
        match self {
            Self::Circle => Vec::new(),
            Self::Square => at(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Self::Triangle => at(&[(0.0, -1.25), (1.2, 0.85), (-1.2, 0.85)]),
            Self::Diamond => at(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W3C, *Web Content Accessibility Guidelines* 2.2: relative luminance and contrast.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let luminance = |colour: [u8; 3]| {
            let linear = colour.map(|c| f64::from(c) / 255.0).map(|c| match c {
                c if c <= 0.04045 => c / 12.92,
                c => ((c + 0.055) / 1.055).powf(2.4),
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn colours_differ_and_can_be_seen_on_both_papers() {
        let all: Vec<Colour> = Colour::all().collect();
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                assert!(a.pair().0 != b.pair().0 && a.pair().1 != b.pair().1, "{a:?} {b:?}");
            }
        }
        let paper = Colour::Paper.pair();
        for (colour, least) in [(Colour::Ink, 7.0), (Colour::Muted, 4.5)] {
            let (light, dark) = colour.pair();
            assert!(contrast(light, paper.0) >= least && contrast(dark, paper.1) >= least, "{colour:?}");
        }
        // Lines need less contrast than text; the last two colours of the palette are told apart by dash and marker.
        for i in 0..SERIES {
            let (light, dark) = Colour::Series(i).pair();
            assert!(contrast(light, paper.0) >= if i < 5 { 3.0 } else { 2.0 }, "{i}: {}", contrast(light, paper.0));
            assert!(contrast(dark, paper.1) >= 4.5, "{i}");
        }
    }
}
