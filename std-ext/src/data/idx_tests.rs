//! IDX files built byte by byte, whole and damaged.

use super::*;
use crate::DenseMatrix;
use crate::data::DataError;
use crate::data::testing::{idx, message};
use std::path::Path;

fn read(bytes: &[u8]) -> Result<DenseMatrix<f64>, DataError> {
    let mut reader = bytes;
    read_header(&mut reader)
        .and_then(|header| header.read_matrix(&mut reader))
        .map_err(|fault| fault.at(Path::new("t.idx"), "the array"))
}

#[test]
fn every_type_is_big_endian() {
    for (kind, numbers, expected) in [
        (0x08, vec![7, 255], [7.0, 255.0]),
        (0x09, vec![7, 255], [7.0, -1.0]),
        (0x0B, vec![1, 0, 0xFF, 0xFE], [256.0, -2.0]),
        (0x0C, vec![0, 1, 0, 0, 0x80, 0, 0, 0], [65_536.0, -2_147_483_648.0]),
        (0x0D, [2.5_f32.to_be_bytes(), (-1e30_f32).to_be_bytes()].concat(), [2.5, f64::from(-1e30_f32)]),
        (0x0E, [2.5_f64.to_be_bytes(), (-1e300_f64).to_be_bytes()].concat(), [2.5, -1e300]),
    ] {
        let read = read(&idx(kind, &[2], &numbers)).unwrap();
        assert_eq!(read, DenseMatrix::from_fn(1, 2, |_, j| expected[j]), "{kind:#x}");
    }
    // Images: a sample is one, and its bytes are parts of 255.
    let images = read(&idx(8, &[2, 2, 2], &[0, 255, 51, 102, 1, 2, 3, 4])).unwrap();
    assert_eq!((images.rows(), images.cols(), images.col(0)), (4, 2, &[0.0, 1.0, 0.2, 0.4][..]));
}

#[test]
fn wrong_starts_are_named() {
    for (bytes, found) in [
        (&[][..], "nothing"),
        (&[0, 0, 8], "bytes 00 00 08"),
        (&[0, 0, 8, 0, 0, 0], "bytes 00 00 08 00"),
        (&[0, 0, 10, 1, 0, 0, 0, 1, 5], "bytes 00 00 0A 01"),
        (&[1, 0, 8, 1, 0, 0, 0, 1, 5], "bytes 01 00 08 01"),
        (&[0, 0, 8, 65, 0, 0, 0, 1, 5], "bytes 00 00 08 41"),
        (b"1,2\n", "bytes 31 2C 32 0A"),
    ] {
        let text = message(read(bytes));
        assert!(text.contains(&format!("t.idx: begins with {found}, expected 00 00, a type of numbers")), "{text}");
    }
}

#[test]
fn lengths_that_lie_are_errors_without_allocation() {
    let all = u32::MAX;
    for (shape, words) in [
        (&[all, all, all][..], "found the shape 4294967295x4294967295x4294967295, beyond any memory"),
        (&[all, all], "beyond any memory"),
        (&[all, 1000], "found 4 bytes of numbers, expected 4294967295000"),
        (&[5], "found 4 bytes of numbers, expected 5"),
        (&[3], "found more bytes behind the numbers"),
        (&[0], "the array is 0 uint8, expected"),
        (&[2, 0], "the array is 2x0 uint8, expected"),
    ] {
        let text = message(read(&idx(8, shape, &[1, 2, 3, 4])));
        assert!(text.contains(words), "{shape:?}: {text}");
    }
}

#[test]
fn cut_anywhere_is_an_error_and_changed_bytes_never_panic() {
    let bytes = idx(8, &[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let good = read(&bytes).unwrap();
    for len in 0..bytes.len() {
        let text = message(read(&bytes[..len]));
        assert!(text.starts_with("t.idx: "), "{len}: {text}");
    }
    for place in 0..bytes.len() {
        for change in 1..=255 {
            let mut bad = bytes.clone();
            bad[place] ^= change;
            if let Ok(read) = read(&bad) {
                // Types of one byte may be exchanged; all else breaks the sum of the bytes.
                assert_eq!((read.rows(), read.cols()), (4, 3), "byte {place} changed by {change:#x}");
                assert!(place == 2 || (place >= 16 && read != good), "byte {place} changed by {change:#x}");
            }
        }
    }
}

#[test]
fn names() {
    for (name, expected) in [
        ("train-images-idx3-ubyte", true),
        ("train-images.idx3-ubyte", true),
        ("x.idx", true),
        ("x.idx3", true),
        ("x.idxfile", false),
        ("data-idx.csv", false),
        ("x-idx", false),
        ("idx3", false),
    ] {
        assert_eq!(is_name(name), expected, "{name}");
    }
}
