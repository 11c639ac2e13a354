//! NPY files, NumPy's single arrays, versions 1 to 3.
//!
//! Source: R. Kern, *NEP 1, A simple file format for NumPy arrays*, and `numpy.lib.format`. Six bytes of magic, two of the
//! version, the length of the header in 16 bits (version 1) or 32, and the header: a Python dictionary such as
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, padded with blanks. Then the numbers.
//!
//! **Why our own header.** Tried on two arrays, cut at 1728 lengths and with one of 15 552 bits or bytes changed each:
//! neither `npyz` 0.9.1 nor `ndarray-npy` 0.10.0 panicked, and neither took a cut file for a whole one. But with a shape
//! whose product overflows `npyz` panics (or, without overflow checks, reads another number of elements), with one that
//! promises a terabyte `ndarray-npy` aborts the process, and with a header said to be four gigabytes long both do. The
//! dictionary below has three keys; the crates bring a grammar of Python for it, and long integers.

use super::array::{Fault, Header, fill, fill_some};
use super::element::{Element, Kind};
use super::wording::quoted;
use std::io::Read;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
const EXPECTED: &str = "93 4E 55 4D 50 59, as an NPY file does";
/// No longer header is read; NumPy itself stops at 10 000 bytes.
const LONGEST: usize = 1 << 16;

/// Reads the header.
pub(super) fn read_header(reader: &mut dyn Read) -> Result<Header, Fault> {
    let mut magic = [0; 8];
    let found = fill_some(reader, &mut magic)?;
    if found < 6 || !magic.starts_with(MAGIC) {
        return Err(Fault::Magic { found: magic[..found.min(6)].to_vec(), expected: EXPECTED });
    }
    let mut len = [0; 4];
    let width = match &magic[6..found] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => {
            return Err(Fault::Damaged(format!("found NPY version {major}.{minor}, expected 1.0 to 3.0")));
        }
        _ => return Err(Fault::Damaged(format!("found {found} bytes of the start, expected 8"))),
    };
    fill(reader, &mut len[..width], "the header's length")?;
    let len = u32::from_le_bytes(len) as usize;
    if len > LONGEST {
        return Err(Fault::Damaged(format!("found a header of {len} bytes, expected at most {LONGEST}")));
    }
    let mut text = vec![0; len];
    fill(reader, &mut text, "the header")?;
    let text = String::from_utf8_lossy(&text);
    let (element, shape, fortran) = parse(&text)?;
    Header::new(element, shape, fortran, (8 + width + len) as u64)
}

/// The dictionary: element type, shape, whether in Fortran order.
fn parse(text: &str) -> Result<(Element, Vec<usize>, bool), Fault> {
    let wrong = || {
        let expected = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }";
        Fault::Damaged(format!("found the header {}, expected one like {expected}", quoted(text.trim())))
    };
    let (mut element, mut shape, mut fortran) = (None, None, None);
    let mut rest = text.trim_start().strip_prefix('{').ok_or_else(wrong)?.trim_start();
    while let Some((key, after)) = string(rest) {
        let value = after.trim_start().strip_prefix(':').ok_or_else(wrong)?.trim_start();
        rest = match key {
            "descr" if element.is_none() => {
                if value.starts_with('[') {
                    return Err(Fault::Unsupported("a structured array".to_owned()));
                }
                let (descr, after) = string(value).ok_or_else(wrong)?;
                element = Some(parse_type(descr)?);
                after
            }
            "fortran_order" if fortran.is_none() => match (value.strip_prefix("True"), value.strip_prefix("False")) {
                (Some(after), _) => {
                    fortran = Some(true);
                    after
                }
                (_, Some(after)) => {
                    fortran = Some(false);
                    after
                }
                _ => return Err(wrong()),
            },
            "shape" if shape.is_none() => {
                let (inside, after) =
                    value.strip_prefix('(').and_then(|value| value.split_once(')')).ok_or_else(wrong)?;
                shape = Some(parse_shape(inside).ok_or_else(wrong)?);
                after
            }
            _ => return Err(wrong()),
        }
        .trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    match (rest.strip_prefix('}'), element, shape, fortran) {
        (Some(end), Some(element), Some(shape), Some(fortran)) if end.trim().is_empty() => {
            Ok((element, shape, fortran))
        }
        _ => Err(wrong()),
    }
}

/// The string literal at the start, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// `3, 4` or `3,` or nothing; old files have `3L`.
fn parse_shape(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let axes = text.strip_suffix(',').unwrap_or(text).split(',');
    axes.map(|axis| {
        let axis = axis.trim();
        let digits = axis.strip_suffix('L').unwrap_or(axis);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    })
    .collect()
}

/// `<f8`, `|b1`, `>i4`, …
fn parse_type(descr: &str) -> Result<Element, Fault> {
    let unsupported = || Fault::Unsupported(format!("an array of type {}", quoted(descr)));
    let bytes = descr.as_bytes();
    let [order @ (b'<' | b'>' | b'|' | b'='), kind, width] = *bytes else { return Err(unsupported()) };
    let (kind, widths): (Kind, &[u8]) = match kind {
        b'b' => (Kind::Bool, b"1"),
        b'i' => (Kind::Signed, b"1248"),
        b'u' => (Kind::Unsigned, b"1248"),
        b'f' => (Kind::Float, b"248"),
        _ => return Err(unsupported()),
    };
    if !widths.contains(&width) || (order == b'|' && width != b'1') {
        return Err(unsupported());
    }
    let big_endian = order == b'>' || (order == b'=' && cfg!(target_endian = "big"));
    Ok(Element { kind, width: usize::from(width - b'0'), big_endian })
}

#[cfg(test)]
#[path = "npy_tests.rs"]
mod tests;
