//! NPZ files built in memory, whole and damaged.

use super::super::pair::{read_inputs, read_pair, row_names};
use super::*;
use crate::data::testing::{message, npy, npy_doubles, zip};

fn matrix(bytes: &[u8], name: &str) -> Result<DenseMatrix<f64>, DataError> {
    NpzFile::parse(Path::new("t.npz"), bytes)?.matrix(name)
}

/// `x` (4 x 3 doubles), `y` (4 labels), strings, a cube of bytes, and a note.
fn members() -> Vec<(&'static str, Vec<u8>)> {
    let numbers: Vec<f64> = (0..12).map(|i| f64::from(i * i) / 7.0 + 0.25).collect();
    vec![
        ("x.npy", npy_doubles(&[4, 3], &numbers)),
        ("y.npy", npy("<i4", false, &[4], &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0])),
        ("names.npy", npy("<U1", false, &[1], b"a\0\0\0")),
        ("cube.npy", npy("|u1", false, &[4, 2, 2], &[51; 16])),
        ("note\n.txt", b"text".to_vec()),
    ]
}

#[test]
fn plain_and_compressed_arrays() {
    for compressed in [false, true] {
        let bytes = zip(&members(), compressed);
        let x = DenseMatrix::from_fn(3, 4, |i, j| ((i + 3 * j) * (i + 3 * j)) as f64 / 7.0 + 0.25);
        assert_eq!(matrix(&bytes, "x").unwrap(), x);
        assert_eq!(matrix(&bytes, "y").unwrap(), DenseMatrix::from_fn(1, 4, |_, j| [0.0, 1.0, 2.0, 1.0][j]));
        assert_eq!(matrix(&bytes, "cube").unwrap(), DenseMatrix::from_fn(4, 4, |_, _| 0.2));
        let list = r#""x" (4x3 float64), "y" (4 int32), "names" (an array of type "<U1"), "cube" (4x2x2 uint8), "note\n.txt" (no array)"#;
        assert_eq!(message(matrix(&bytes, "z")), format!("t.npz: no array \"z\"; choose from: {list}"));
        assert!(
            message(matrix(&bytes, "names")).contains("t.npz: array \"names\" is an array of type \"<U1\", expected")
        );
        assert!(message(matrix(&bytes, "note\n.txt")).contains("array \"note\\n.txt\" is no array"));
    }
}

#[test]
fn not_finite_numbers_are_placed() {
    let mut numbers = [1.0; 12];
    numbers[7] = f64::NAN;
    let bytes = zip(&[("x.npy", npy_doubles(&[4, 3], &numbers))], true);
    assert!(message(matrix(&bytes, "x")).contains("t.npz: array \"x\", row 3, column 2: found NaN, expected a finite"));
}

#[test]
fn other_zip_files_and_none() {
    assert!(message(matrix(b"1,2\n", "x")).contains("t.npz: begins with bytes 31 2C 32 0A, expected 50 4B"));
    assert!(message(matrix(&zip(&[], false), "x")).ends_with("choose from: (the file has no arrays)"));
    let bad = zip(&[("x.npy", b"no array".to_vec())], true);
    assert!(message(matrix(&bad, "x")).contains("t.npz: begins with bytes 6E 6F 20 61 72 72"));
    let short = zip(&[("x.npy", npy("<f8", false, &[1 << 40, 1000], &[0; 80]))], true);
    assert!(message(matrix(&short, "x")).contains("array \"x\": found 80 bytes of numbers, expected 8796093022208000"));
}

#[test]
fn cut_anywhere_is_an_error_and_changed_bytes_never_pass() {
    for compressed in [false, true] {
        let bytes = zip(&members(), compressed);
        let read = |bytes: &[u8]| Ok([matrix(bytes, "x")?, matrix(bytes, "y")?, matrix(bytes, "cube")?]);
        let good = read(&bytes).unwrap();
        for len in 0..bytes.len() {
            let text = message(read(&bytes[..len]));
            assert!(text.starts_with("t.npz: "), "{len}: {text}");
        }
        for place in 0..bytes.len() {
            for change in [1, 2, 4, 8, 16, 32, 64, 0x80, 0xFF] {
                let mut bad = bytes.clone();
                bad[place] ^= change;
                if let Ok(read) = read(&bad) {
                    assert!(read == good, "byte {place} changed by {change:#x}");
                }
            }
        }
    }
}

fn pair(arrays: &[(&str, &[usize])], inputs: Option<&str>, targets: Option<&str>) -> Result<[usize; 4], DataError> {
    let member = |&(name, shape): &(&str, &[usize])| {
        (format!("{name}.npy"), npy_doubles(shape, &vec![1.0; shape.iter().product()]))
    };
    let members: Vec<_> = arrays.iter().map(member).collect();
    let members: Vec<_> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let bytes = zip(&members, true);
    let list = |name: Option<&str>| name.map(|name| vec![name.to_owned()]);
    let file = NpzFile::parse(Path::new("t.npz"), &bytes)?;
    let pair = read_pair(&file, list(inputs).as_deref(), list(targets).as_deref())?;
    Ok([pair.inputs.rows(), pair.inputs.cols(), pair.targets.rows(), pair.targets.cols()])
}

#[test]
fn samples_are_along_the_first_axis() {
    for (arrays, inputs, targets, expected) in [
        (&[("X", &[8, 5][..]), ("Y", &[8, 2])][..], None, None, [5, 8, 2, 8]),
        (&[("x", &[8, 5]), ("y", &[8])], None, None, [5, 8, 1, 8]),
        (&[("x_train", &[8, 3, 2]), ("y_train", &[8]), ("x_test", &[4, 3, 2])], None, None, [6, 8, 1, 8]),
        (&[("arr_0", &[8, 5]), ("arr_1", &[8, 1])], None, None, [5, 8, 1, 8]),
        (&[("p", &[8, 5]), ("q", &[8]), ("r", &[9])], Some("p"), Some("q"), [5, 8, 1, 8]),
        // The other way round where only that fits.
        (&[("X", &[5, 8]), ("Y", &[2, 8])], None, None, [5, 8, 2, 8]),
        (&[("x", &[5, 8]), ("y", &[8])], None, None, [5, 8, 1, 8]),
        (&[("x", &[8]), ("y", &[2, 8])], None, None, [1, 8, 2, 8]),
        (&[("x", &[8, 8]), ("y", &[8])], None, None, [8, 8, 1, 8]),
    ] {
        assert_eq!(pair(arrays, inputs, targets).unwrap(), expected, "{arrays:?}");
    }
    let odd: &[(&str, &[usize])] = &[("x", &[8, 5]), ("y", &[7]), ("Y", &[1, 5, 2])];
    let text = message(pair(odd, None, None));
    assert!(text.contains("t.npz: inputs \"x\" are 8x5 and targets \"y\" are 7, expected as many"), "{text}");
    assert!(message(pair(odd, None, Some("Y"))).contains("no pair of arrays named (X,Y)"));
    assert!(message(pair(odd, Some("x"), Some("Y"))).contains("targets \"Y\" are 1x5x2"));
}

#[test]
fn inputs_alone() {
    let bytes = zip(&[("x.npy", npy_doubles(&[2, 3], &[1.0; 6])), ("z.npy", npy_doubles(&[2, 4], &[1.0; 8]))], false);
    let file = NpzFile::parse(Path::new("t.npz"), &bytes).unwrap();
    let shape =
        |name: &str, n: usize| read_inputs(&file, &row_names(name, n)).map(|matrix| (matrix.rows(), matrix.cols()));
    assert_eq!(shape("x", 3).unwrap(), (3, 2));
    assert_eq!(shape("other", 4).unwrap(), (4, 2));
    assert!(message(shape("other", 2)).contains("t.npz: found 2 matrices with 2 rows or columns, expected one"));
    assert!(message(shape("x", 5)).contains("t.npz: found 3 input columns, expected 5"));
}
