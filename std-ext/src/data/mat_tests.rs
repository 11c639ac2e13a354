//! MAT files built byte by byte, whole and damaged.

use super::super::pair::{read_inputs, read_pair};
use super::*;
use crate::data::testing::{MatBytes, message};

fn path() -> &'static Path {
    Path::new("t.mat")
}

fn matrix(bytes: &[u8], name: &str) -> Result<DenseMatrix<f64>, DataError> {
    MatFile::parse(path(), bytes)?.matrix(name)
}

/// Class, storage type, bytes of two numbers (little-endian), the numbers.
type Case = (u32, u32, [Vec<u8>; 2], [f64; 2]);

#[test]
fn every_numeric_class_in_both_byte_orders_plain_and_compressed() {
    for big_endian in [false, true] {
        let order = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            if big_endian {
                bytes.reverse();
            }
            bytes
        };
        // MATLAB stores doubles that are small integers in small types, as the last two.
        let cases: [Case; 12] = [
            (6, 9, [2.5_f64.to_le_bytes().into(), (-1e300_f64).to_le_bytes().into()], [2.5, -1e300]),
            (7, 7, [2.5_f32.to_le_bytes().into(), (-0.5_f32).to_le_bytes().into()], [2.5, -0.5]),
            (8, 1, [vec![127], vec![0x80]], [127.0, -128.0]),
            (9, 2, [vec![0], vec![255]], [0.0, 255.0]),
            (10, 3, [vec![0, 0x80], vec![1, 1]], [-32768.0, 257.0]),
            (11, 4, [vec![0, 0x80], vec![1, 1]], [32768.0, 257.0]),
            (12, 5, [(-7_i32).to_le_bytes().into(), 70_000_i32.to_le_bytes().into()], [-7.0, 70_000.0]),
            (13, 6, [u32::MAX.to_le_bytes().into(), 1_u32.to_le_bytes().into()], [4_294_967_295.0, 1.0]),
            (14, 12, [(-9_i64).to_le_bytes().into(), (1_i64 << 40).to_le_bytes().into()], [-9.0, 1_099_511_627_776.0]),
            (15, 13, [u64::MAX.to_le_bytes().into(), 3_u64.to_le_bytes().into()], [18_446_744_073_709_551_616.0, 3.0]),
            (6, 2, [vec![1], vec![2]], [1.0, 2.0]),
            (6, 3, [vec![0xFF, 0xFF], vec![2, 0]], [-1.0, 2.0]),
        ];
        for (class, kind, numbers, expected) in cases {
            let data: Vec<u8> = numbers.iter().flat_map(|number| order(number)).collect();
            let element = MatBytes::new(big_endian).element("weights", class, &[1, 2], kind, &data);
            for bytes in [
                MatBytes::new(big_endian).plain(&element).finish(),
                MatBytes::new(big_endian).compressed(&element).finish(),
            ] {
                let read = matrix(&bytes, "weights").unwrap();
                assert_eq!(
                    read,
                    DenseMatrix::from_vec(expected.to_vec(), 1, 2).unwrap(),
                    "{class} {kind} {big_endian}"
                );
            }
        }
    }
}

/// A text, a cell, a cube, an empty matrix, a complex one with a line end in its name, and a matrix behind them.
fn mixed() -> Vec<u8> {
    let new = || MatBytes::new(false);
    let numbers = [0; 64];
    new()
        .plain(&new().element("text", 4, &[1, 2], 4, &[65, 0, 66, 0]))
        .compressed(&new().element("cells", 1, &[1, 1], 14, &[]))
        .plain(&new().element("cube", 6, &[2, 2, 2], 9, &numbers))
        .plain(&new().element("none", 6, &[0, 0], 9, &[]))
        .plain(&new().element("wa\nve", 0x806, &[1, 1], 9, &numbers[..8]))
        .doubles("A", 2, 3, |i, j| (10 * i + j) as f64)
        .finish()
}

#[test]
fn other_kinds_are_listed_and_refused_only_when_asked_for() {
    let bytes = mixed();
    let read = matrix(&bytes, "A").unwrap();
    assert_eq!(read, DenseMatrix::from_fn(2, 3, |i, j| (10 * i + j) as f64));
    let list = r#""text" (1x2 char), "cells" (1x1 cell), "cube" (2x2x2 double), "none" (0x0 double), "wa\nve" (1x1 complex), "A" (2x3 double)"#;
    assert_eq!(message(matrix(&bytes, "B")), format!("t.mat: no variable \"B\"; choose from: {list}"));
    for (name, found) in [
        ("text", "1x2 char"),
        ("cells", "1x1 cell"),
        ("cube", "2x2x2 double"),
        ("none", "0x0 double"),
        ("wa\nve", "1x1 complex"),
    ] {
        let message = message(matrix(&bytes, name));
        assert!(message.contains(&format!("t.mat: variable {name:?} is {found}, expected a full real")), "{message}");
    }
}

#[test]
fn not_finite_elements_are_placed() {
    for bad in [f64::NAN, f64::INFINITY] {
        let bytes = MatBytes::new(true).doubles("X", 2, 3, |i, j| if (i, j) == (1, 2) { bad } else { 1.0 }).finish();
        let message = message(matrix(&bytes, "X"));
        assert!(
            message.contains(&format!("t.mat: variable \"X\", row 2, column 3: found {bad}, expected")),
            "{message}"
        );
    }
}

#[test]
fn other_versions_are_refused() {
    let mut hdf5 = MatBytes::new(false).finish();
    hdf5[124..126].copy_from_slice(&[0, 2]);
    for bytes in [&hdf5[..], b"\x89HDF\r\n\x1a\nrest"] {
        let message = message(MatFile::parse(path(), bytes));
        assert!(
            message.contains("t.mat: is a MAT file of version 7.3 (HDF5)") && message.contains("'-v7'"),
            "{message}"
        );
    }
    for bytes in [&[7; 300][..], b"1,2\n3,4\n"] {
        assert!(message(MatFile::parse(path(), bytes)).starts_with("t.mat: is not a MAT file of version 5; save it"));
    }
}

/// One file, compressed, with numbers that do not deflate to nothing.
fn whole() -> Vec<u8> {
    let noise = |i: usize| ((i * 2_654_435_761) % 1_000_003) as f64 / 7.0;
    let data: Vec<u8> = (0..300).flat_map(|i| noise(i).to_le_bytes()).collect();
    let new = || MatBytes::new(false);
    new()
        .compressed(&new().element("inputs", 6, &[3, 100], 9, &data))
        .plain(&new().element("Y", 6, &[2, 100], 9, &data[..1600]))
        .finish()
}

fn read_all(bytes: &[u8]) -> Result<[DenseMatrix<f64>; 2], DataError> {
    let mat = MatFile::parse(path(), bytes)?;
    Ok([mat.matrix("inputs")?, mat.matrix("Y")?])
}

#[test]
fn cut_anywhere_is_an_error() {
    let bytes = whole();
    let [x, y] = read_all(&bytes).unwrap();
    assert_eq!((x.rows(), x.cols(), y.rows(), y.cols()), (3, 100, 2, 100));
    for len in 0..bytes.len() {
        let message = message(read_all(&bytes[..len]));
        assert!(message.starts_with("t.mat: "), "{len}: {message}");
    }
    assert!(message(read_all(&bytes[..100])).contains("byte 0: found a header of 100 bytes, expected 128"));
    let message = message(read_all(&bytes[..bytes.len() - 1]));
    assert!(message.contains("bytes of a variable, expected") && message.contains("truncated or damaged"), "{message}");
}

#[test]
fn changed_bytes_never_panic_and_compressed_ones_never_pass() {
    let bytes = whole();
    let good = read_all(&bytes).unwrap();
    let compressed = 136..136 + u32::from_le_bytes(bytes[132..136].try_into().unwrap()) as usize;
    for place in 0..bytes.len() {
        for change in [1, 0x80, 0xFF] {
            let mut bad = bytes.clone();
            bad[place] ^= change;
            let read = read_all(&bad);
            // Bits of a deflated stream that mean nothing may change; its contents may not.
            if compressed.contains(&place)
                && let Ok([x, _]) = read
            {
                assert!(x == good[0], "byte {place} changed by {change:#x}");
            }
        }
    }
}

#[test]
fn sizes_that_lie_are_errors_without_allocation() {
    let new = || MatBytes::new(false);
    // 2^31 - 1 squared elements in 8 bytes; and dimensions whose product is beyond usize.
    for shape in [&[0x7FFF_FFFF, 0x7FFF_FFFF][..], &[0x7FFF_FFFF, 1], &[3, 3]] {
        let element = new().element("X", 6, shape, 9, &[0; 8]);
        for bytes in [new().plain(&element).finish(), new().compressed(&element).finish()] {
            assert!(message(matrix(&bytes, "X")).contains("t.mat: byte 128: found 8 bytes of numbers, expected"));
        }
    }
    let negative = new().element("X", 6, &[0xFFFF_FFFF, 1], 9, &[0; 8]);
    assert!(message(matrix(&new().plain(&negative).finish(), "X")).contains("found dimension -1"));
    // A compressed tag that claims four gigabytes.
    let mut element = new().element("X", 6, &[1, 1], 9, &[0; 8]);
    element[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(message(matrix(&new().compressed(&element).finish(), "X")).contains("of 4294967295 bytes in"));
    // A tag of numbers that claims more than its variable has, with a shape to match.
    let mut element = new().element("X", 6, &[1000, 1000], 9, &[0; 8]);
    let tag = element.len() - 12;
    element[tag..tag + 4].copy_from_slice(&8_000_000_u32.to_le_bytes());
    let message = message(matrix(&new().plain(&element).finish(), "X"));
    assert!(message.contains("found 8 bytes more in the variable, expected 8192"), "{message}");
}

fn pair(bytes: &[u8], inputs: Option<&str>, targets: Option<&str>) -> Result<[usize; 4], DataError> {
    let list = |name: Option<&str>| name.map(|name| name.split(',').map(str::to_owned).collect::<Vec<_>>());
    let mat = MatFile::parse(path(), bytes)?;
    let pair = read_pair(&mat, list(inputs).as_deref(), list(targets).as_deref())?;
    Ok([pair.inputs.rows(), pair.inputs.cols(), pair.targets.rows(), pair.targets.cols()])
}

#[test]
fn the_pair_and_its_orientation() {
    let file = |shapes: &[(&str, usize, usize)]| {
        shapes.iter().fold(MatBytes::new(false), |bytes, &(name, m, n)| bytes.doubles(name, m, n, |_, _| 1.0)).finish()
    };
    for (shapes, inputs, targets, expected) in [
        (&[("C", 2, 8), ("Y", 5, 8)][..], None, None, [5, 8, 2, 8]),
        (&[("C", 2, 8), ("Y", 5, 8), ("X", 3, 8)], None, None, [3, 8, 5, 8]),
        (&[("C", 2, 8), ("Y", 5, 8), ("X", 3, 8)], Some("Y"), None, [5, 8, 2, 8]),
        (&[("C", 2, 8), ("Y", 5, 8), ("X", 3, 8)], None, Some("C"), [5, 8, 2, 8]),
        (&[("C", 2, 8), ("Y", 5, 8), ("X", 3, 8)], Some("X"), Some("C"), [3, 8, 2, 8]),
        (&[("xall", 8, 5), ("yall", 8, 2)], None, None, [5, 8, 2, 8]),
        (&[("X", 8, 5), ("y", 8, 2)], None, None, [5, 8, 2, 8]),
        (&[("inputs", 8, 8), ("targets", 8, 8)], None, None, [8, 8, 8, 8]),
        (&[("x", 4, 7), ("y", 1, 7)], None, None, [4, 7, 1, 7]),
    ] {
        assert_eq!(pair(&file(shapes), inputs, targets).unwrap(), expected, "{shapes:?} {inputs:?} {targets:?}");
    }
    // A row of MATLAB's is no vector without direction.
    let text = message(pair(&file(&[("X", 8, 5), ("Y", 1, 8)]), None, None));
    assert!(text.contains("inputs \"X\" are 8x5 and targets \"Y\" are 1x8, expected as many columns"), "{text}");
    let odd = file(&[("X", 5, 8), ("Y", 2, 9), ("Z", 1, 1)]);
    for (inputs, targets, expected) in [
        (
            None,
            None,
            "t.mat: inputs \"X\" are 5x8 and targets \"Y\" are 2x9, expected as many columns (or rows) in both",
        ),
        (
            Some("Z"),
            None,
            "t.mat: no pair of variables named (X,Y), (x,y), (X,y), (xall,yall), (inputs,targets), (Y,C), (x_train,y_train), (X_train,y_train), (images,labels), (data,target), (arr_0,arr_1); name the inputs and the targets, from: \"X\" (5x8 double), \"Y\" (2x9 double), \"Z\" (1x1 double)",
        ),
        (Some("X"), Some("W"), "t.mat: no variable \"W\""),
        (Some("X,Z"), Some("Y"), "t.mat: found 2 names of variables for the inputs, expected one"),
    ] {
        let message = message(pair(&odd, inputs, targets));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn inputs_alone() {
    let names = super::super::pair::row_names("xall", 3);
    let shape = |bytes: &[u8], names: &[String]| {
        let mat = MatFile::parse(path(), bytes)?;
        read_inputs(&mat, names).map(|matrix| (matrix.rows(), matrix.cols()))
    };
    let file = |name, m, n| MatBytes::new(false).doubles("other", 3, 4, |_, _| 1.0).doubles(name, m, n, |_, _| 1.0);
    assert_eq!(shape(&file("xall", 3, 5).finish(), &names).unwrap(), (3, 5));
    assert_eq!(shape(&file("xall", 5, 3).finish(), &names).unwrap(), (3, 5));
    assert_eq!(shape(&file("new", 5, 5).finish(), &names).unwrap(), (3, 4));
    let message_of = |bytes: &[u8]| message(shape(bytes, &names));
    assert!(message_of(&file("new", 3, 5).finish()).contains(
        "t.mat: found 2 matrices with 3 rows or columns, expected one, the inputs; name it as in training or take out the others, of: \"other\" (3x4 double), \"new\" (3x5 double)"
    ));
    assert!(message_of(&MatBytes::new(false).finish()).contains("found 0 matrices with 3 rows or columns"));
    assert!(message_of(&file("xall", 5, 6).finish()).contains("expected 3 as in the first file"));
}
