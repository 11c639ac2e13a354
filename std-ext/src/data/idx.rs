//! IDX files, as MNIST and its kin come: two bytes of zeros, the type of the numbers, the number of axes, the length of
//! each axis in 32 bits, the numbers; all in big-endian order.
//!
//! Source: Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits*, "File formats".

use super::array::{Fault, Header, MOST_AXES, fill, fill_some};
use super::element::{Element, Kind};
use std::io::Read;

const EXPECTED: &str =
    "00 00, a type of numbers (08, 09, 0B, 0C, 0D or 0E) and the number of axes, as an IDX file does";

/// Reads the header.
pub(super) fn read_header(reader: &mut dyn Read) -> Result<Header, Fault> {
    let mut magic = [0; 4];
    let found = fill_some(reader, &mut magic)?;
    let element = match magic {
        [0, 0, kind, axes] if found == 4 && axes > 0 && usize::from(axes) <= MOST_AXES => element(kind),
        _ => None,
    };
    let Some(element) = element else {
        return Err(Fault::Magic { found: magic[..found].to_vec(), expected: EXPECTED });
    };
    let axes = usize::from(magic[3]);
    let mut lengths = vec![0; 4 * axes];
    fill(reader, &mut lengths, "the axes' lengths")?;
    let (words, _) = lengths.as_chunks::<4>();
    let shape = words.iter().map(|&word| u32::from_be_bytes(word) as usize).collect();
    Header::new(element, shape, false, 4 + 4 * axes as u64)
}

fn element(code: u8) -> Option<Element> {
    let (kind, width) = match code {
        0x08 => (Kind::Unsigned, 1),
        0x09 => (Kind::Signed, 1),
        0x0B => (Kind::Signed, 2),
        0x0C => (Kind::Signed, 4),
        0x0D => (Kind::Float, 4),
        0x0E => (Kind::Float, 8),
        _ => return None,
    };
    Some(Element { kind, width, big_endian: true })
}

/// Whether a file name, in lower case and without `.gz`, is that of an IDX file: `…-idx3-ubyte`, `….idx`.
pub(super) fn is_name(name: &str) -> bool {
    let after = |start: &str| name.rsplit_once(start).map(|(_, rest)| rest);
    let numbered = |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit());
    after(".idx").is_some_and(numbered) || after("-idx").is_some_and(|rest| !rest.is_empty() && numbered(rest))
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
