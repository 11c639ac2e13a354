//! NPY files built byte by byte, whole and damaged.

use super::*;
use crate::DenseMatrix;
use crate::data::DataError;
use crate::data::testing::{message, npy, npy_doubles, npy_with};
use std::path::Path;

fn read(bytes: &[u8]) -> Result<DenseMatrix<f64>, DataError> {
    let mut reader = bytes;
    read_header(&mut reader)
        .and_then(|header| header.read_matrix(&mut reader))
        .map_err(|fault| fault.at(Path::new("t.npy"), "the array"))
}

#[test]
fn headers_as_numpy_writes_and_has_written_them() {
    let data = [1, 2, 3, 4, 5, 6];
    let expected = DenseMatrix::from_fn(3, 2, |i, j| (1 + i + 3 * j) as f64);
    for header in [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
        "{\"shape\": (2L, 3L), \"descr\": \"|u1\", \"fortran_order\": False}",
        " { 'fortran_order' : False , 'shape':( 2 ,3, ),'descr':'<u1' } ",
    ] {
        assert_eq!(read(&npy_with(header, &data)).unwrap(), expected, "{header}");
    }
    // Versions 2 and 3 have four bytes of length.
    let one = npy("|u1", false, &[2, 3], &data);
    for version in [2, 3] {
        let mut bytes = one.clone();
        bytes[6] = version;
        bytes.splice(10..10, [0, 0]);
        assert_eq!(read(&bytes).unwrap(), expected, "version {version}");
    }
    // One axis: a sample is one number. Fortran order: the first index runs fastest.
    assert_eq!(read(&npy("|u1", false, &[6], &data)).unwrap(), DenseMatrix::from_fn(1, 6, |_, j| (1 + j) as f64));
    let columns = read(&npy("|u1", true, &[2, 3], &[1, 4, 2, 5, 3, 6])).unwrap();
    assert_eq!(columns, expected);
    let big = read(&npy(">i2", true, &[2], &[0xFF, 0xFE, 1, 0])).unwrap();
    assert_eq!(big, DenseMatrix::from_fn(1, 2, |_, j| [-2.0, 256.0][j]));
}

#[test]
fn what_is_no_array_of_numbers_is_named() {
    for (descr, shape, found) in [
        ("<U5", &[2][..], "an array of type \"<U5\""),
        ("|O", &[2], "an array of type \"|O\""),
        ("<c16", &[2], "an array of type \"<c16\""),
        ("<M8[ns]", &[2], "an array of type \"<M8[ns]\""),
        ("<f3", &[2], "an array of type \"<f3\""),
        ("|f8", &[2], "an array of type \"|f8\""),
        ("<f8", &[], "(no axes) float64"),
        ("<f8", &[0, 3], "0x3 float64"),
    ] {
        let text = message(read(&npy(descr, false, shape, &[])));
        assert!(text.starts_with(&format!("t.npy: the array is {found}, expected bool, int or float")), "{text}");
    }
    let structured = "{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }";
    assert!(message(read(&npy_with(structured, &[]))).contains("the array is a structured array"));
}

#[test]
fn headers_that_are_damaged() {
    for header in [
        "",
        "{}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (+1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,,2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': ((1,),)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} + 1",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr: '<f8', 'fortran_order': False, 'shape': (1,)}",
    ] {
        let text = message(read(&npy_with(header, &[0; 8])));
        assert!(
            text.contains("t.npy: byte 0: the array: found the header ") && text.contains("'shape': (3, 4)"),
            "{text}"
        );
    }
    let mut bytes = npy_doubles(&[1], &[0.0]);
    bytes[6] = 4;
    assert!(message(read(&bytes)).contains("found NPY version 4.0, expected 1.0 to 3.0"));
    // A header that is said to have four gigabytes.
    let bomb = [MAGIC, &[2, 0, 0xFF, 0xFF, 0xFF, 0xFF], b"{}"].concat();
    assert!(message(read(&bomb)).contains("found a header of 4294967295 bytes, expected at most 65536"));
    for (bytes, found) in
        [(&b"1,2\n3,4\n"[..], "bytes 31 2C 32 0A 33 2C"), (b"\x93NUM", "bytes 93 4E 55 4D"), (b"", "nothing")]
    {
        let text = message(read(bytes));
        assert!(
            text.contains(&format!("t.npy: begins with {found}, expected 93 4E 55 4D 50 59, as an NPY file does;")),
            "{text}"
        );
    }
}

#[test]
fn shapes_that_lie_are_errors_without_allocation() {
    for (shape, words) in [
        (&[1 << 32, 1 << 32][..], "found the shape 4294967296x4294967296, beyond any memory"),
        (&[1 << 32, (1 << 32) + 1], "beyond any memory"),
        (&[usize::MAX], "beyond any memory"),
        (&[1 << 40, 1 << 17], "found 64 bytes of numbers, expected 1152921504606846976"),
        (&[9], "found 64 bytes of numbers, expected 72"),
        (&[7], "found more bytes behind the numbers, expected the end"),
    ] {
        for fortran in [false, true] {
            let text = message(read(&npy("<f8", fortran, shape, &[0; 64])));
            assert!(text.contains(words), "{shape:?}: {text}");
        }
    }
}

/// 5 x 3 doubles that are not round.
fn whole() -> Vec<u8> {
    npy_doubles(&[5, 3], &(0..15).map(|i| f64::from(i) / 7.0 + 0.01).collect::<Vec<_>>())
}

#[test]
fn cut_anywhere_is_an_error() {
    let bytes = whole();
    assert_eq!((read(&bytes).unwrap().rows(), read(&bytes).unwrap().cols()), (3, 5));
    for len in 0..bytes.len() {
        let text = message(read(&bytes[..len]));
        assert!(text.starts_with("t.npy: "), "{len}: {text}");
    }
}

/// Changed bytes give an error, or a matrix of the numbers that are now there: as many as before, or their bytes.
#[test]
fn changed_bytes_never_panic_and_leave_no_number_behind() {
    let bytes = whole();
    let good = read(&bytes).unwrap();
    let start = bytes.len() - 8 * 15;
    for place in 0..bytes.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 0x80, 0xFF] {
            let mut bad = bytes.clone();
            bad[place] ^= change;
            let Ok(read) = read(&bad) else { continue };
            assert_eq!(read.as_slice().len(), 15, "byte {place} changed by {change:#x}");
            let changed =
                read.as_slice().iter().zip(good.as_slice()).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
            assert!(place < start || changed == 1, "byte {place} changed by {change:#x}: {changed} others");
        }
    }
}
