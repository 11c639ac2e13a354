//! Text: how wide it is, how it is cut to fit, and its outlines for pictures made of pixels.
//!
//! Widths are those of DejaVu Sans, which the `dejavu` crate brings along: one of the widest fonts without serifs, so text
//! that fits here fits with the font that a browser takes for `sans-serif`. Characters that it has not (Chinese, for example)
//! count as one em, and a PNG shows a box for them; an SVG shows them with the reader's fonts. Outlines stand one beside the
//! other in the order of the characters: enough for Latin, Greek, Cyrillic; not for scripts that join letters or run from
//! right to left.

use std::sync::OnceLock;

use ttf_parser::{Face, OutlineBuilder};

/// The font; `None` would mean that it cannot be read.
fn face() -> Option<&'static Face<'static>> {
    static FACE: OnceLock<Option<Face<'static>>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(dejavu::sans::regular(), 0).ok()).as_ref()
}

/// Advance of a character in ems.
fn advance(face: Option<&Face<'_>>, character: char) -> f64 {
    let Some(face) = face else { return 1.0 };
    let advance = face.glyph_index(character).and_then(|glyph| face.glyph_hor_advance(glyph));
    advance.map_or(1.0, |advance| f64::from(advance) / f64::from(face.units_per_em()))
}

/// Width of a text of this size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let face = face();
    size * text.chars().map(|character| advance(face, character)).sum::<f64>()
}

/// Sends the outlines of a text to `builder`, before each glyph calling `begin` with where it starts and the scale from units of the font.
pub(super) fn outlines<B: OutlineBuilder>(text: &str, size: f64, builder: &mut B, begin: fn(&mut B, f64, f64)) {
    let Some(face) = face() else { return };
    let mut x = 0.0;
    for character in text.chars() {
        begin(builder, x, size / f64::from(face.units_per_em()));
        let _ = face.outline_glyph(face.glyph_index(character).unwrap_or_default(), builder);
        x += size * advance(Some(face), character);
    }
}

/// Text without characters that XML forbids or that move the ones around them, in one line, of at most `most` characters.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let harmless = |c: char| {
        let directs = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || directs || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        }
    };
    let mut clean: String = text.chars().take(most.saturating_add(1)).map(harmless).collect();
    if let Some((end, _)) = clean.char_indices().nth(most) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}

/// [`clean`] text with what XML gives a meaning replaced by entities, for contents and for values in double quotes.
pub(crate) fn escape(text: &str, most: usize) -> String {
    let mut escaped = String::with_capacity(text.len().min(most));
    for c in clean(text, most).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Longest text that is looked at, in characters; nothing that fits into a plot is longer.
const LONGEST: usize = 400;

/// Longest name in a description, in characters.
pub(super) const NAME: usize = 60;

/// One line that is at most `room` wide, with an ellipsis where it was cut.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    let mut line = clean(text, LONGEST);
    if width(&line, size) <= room {
        return line;
    }
    while line.pop().is_some() {
        line.truncate(line.trim_end().len());
        if width(&line, size) + width("…", size) <= room {
            break;
        }
    }
    line.push('…');
    line
}

/// One line that is at most `room` wide, cut in its middle: names of classes often differ at their ends.
pub(super) fn fit_ends(text: &str, size: f64, room: f64) -> String {
    let line: Vec<char> = clean(text, LONGEST).chars().collect();
    let ends = |kept: usize| {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        line[..head].iter().chain(&['…']).chain(&line[line.len() - tail..]).collect::<String>()
    };
    match line.iter().collect::<String>() {
        whole if width(&whole, size) <= room => whole,
        _ => (0..line.len()).rev().map(ends).find(|cut| width(cut, size) <= room).unwrap_or_else(|| "…".to_owned()),
    }
}

/// At most `lines` lines of words, each at most `room` wide; what does not fit is cut with an ellipsis.
pub(super) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let text = clean(text, LONGEST);
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = wrapped.len() >= lines;
        match wrapped.last_mut() {
            // The last line takes the rest, and is cut below.
            Some(last) if full || width(last, size) + width(" ", size) + width(word, size) <= room => {
                last.push(' ');
                last.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.iter().map(|line| fit(line, size, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_wrapped_to_its_room() {
        assert!((width("mmm", 10.0) - 3.0 * width("m", 10.0)).abs() < 1e-9 && width("i", 10.0) < width("m", 10.0));
        assert_eq!(width("\u{4e2d}", 12.0), 12.0);
        assert_eq!(fit("short", 10.0, 100.0), "short");
        for text in ["a long name that nobody can see as a whole", "WWWWWWWWWWWWWWWWWWWWWW", "ёжик ёжик ёжик ёжик ёжик"]
        {
            let cut = fit(text, 10.0, 60.0);
            assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0 && cut.chars().count() > 4, "{cut}");
        }
        assert_eq!(fit("abc", 10.0, 0.0), "…");
        assert_eq!(fit_ends("abc", 10.0, 0.0), "…");
        assert_eq!(fit_ends("abc", 10.0, 100.0), "abc");
        let cut = fit_ends("class number 117", 10.0, 60.0);
        assert!(cut.starts_with("cla") && cut.ends_with("117") && width(&cut, 10.0) <= 60.0, "{cut}");
        assert_eq!(wrap("one two three", 10.0, 1000.0, 2), ["one two three"]);
        let lines = wrap(&"several words ".repeat(30), 10.0, 150.0, 2);
        assert!(lines.len() == 2 && lines[1].ends_with('…') && !lines[0].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 10.0) <= 150.0));
        assert!(wrap("", 10.0, 100.0, 2).is_empty() && wrap(" \n ", 10.0, 100.0, 2).is_empty());
    }

    #[test]
    fn text_is_escaped_and_bounded() {
        assert_eq!(escape("a<b>&\"c\"'d'\u{1}\u{202e}\n", 99), "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;   ");
        assert_eq!(escape("ab<c", 3), "ab&lt;…");
        assert_eq!(clean("äöü", 3), "äöü");
        assert_eq!(clean(&"x".repeat(1_000_000), 10).chars().count(), 11);
    }
}
