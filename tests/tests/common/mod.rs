//! Reads the known-answer files of `tests/data` (NumPy `.npz`). Samples are columns and matrices come out column-major,
//! as gaussling stores them; the files themselves hold whatever order NumPy wrote.
//!
//! Any fault of a file (absent, unknown key, wrong type) panics with the names of file and key: a test has no use for less.

#![allow(dead_code, reason = "every test file compiles this module for itself and uses a part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use npyz::{DType, NpyFile, Order, TypeChar};
use zip::ZipArchive;

enum Values {
    Float(Vec<f64>),
    Int(Vec<i64>),
}

struct Array {
    shape: Vec<usize>,
    values: Values,
}

/// One `.npz` file, read whole.
pub struct Npz {
    name: String,
    arrays: BTreeMap<String, Array>,
}

impl Npz {
    /// Reads `tests/data/<name>`.
    pub fn open(name: &str) -> Self {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "data", name].iter().collect();
        let fail = |e: &dyn std::fmt::Display| -> ! { panic!("{}: {e}", path.display()) };
        let file = std::fs::File::open(&path).unwrap_or_else(|e| fail(&e));
        let mut archive = ZipArchive::new(file).unwrap_or_else(|e| fail(&e));
        let arrays = (0..archive.len())
            .map(|i| {
                let entry = archive.by_index(i).unwrap_or_else(|e| fail(&e));
                let key = entry.name().unwrap_or_else(|e| fail(&e)).trim_end_matches(".npy").to_owned();
                let array = NpyFile::new(entry).and_then(Array::read);
                (key.clone(), array.unwrap_or_else(|e| panic!("{name}, {key}: {e}")))
            })
            .collect();
        Self { name: name.to_owned(), arrays }
    }

    /// The keys, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// The shape, of either type; empty for a scalar.
    pub fn shape(&self, key: &str) -> &[usize] {
        &self.array(key).shape
    }

    /// Whether the array holds integers.
    pub fn is_int(&self, key: &str) -> bool {
        matches!(self.array(key).values, Values::Int(_))
    }

    /// Shape and entries of a float array, 2-D arrays column-major.
    pub fn f64s(&self, key: &str) -> (Vec<usize>, Vec<f64>) {
        let array = self.array(key);
        let Values::Float(values) = &array.values else { panic!("{}, {key}: integers, not floats", self.name) };
        (array.shape.clone(), values.clone())
    }

    /// Entries of an integer array (int32 or int64), 2-D arrays column-major.
    pub fn ints(&self, key: &str) -> Vec<i64> {
        let Values::Int(values) = &self.array(key).values else { panic!("{}, {key}: floats, not integers", self.name) };
        values.clone()
    }

    /// A float array of one entry.
    pub fn scalar(&self, key: &str) -> f64 {
        let (shape, values) = self.f64s(key);
        assert_eq!(values.len(), 1, "{}, {key}: shape {shape:?} is no scalar", self.name);
        values[0]
    }

    /// Row `row` of a 2-D float array: where rows are iterations, what belongs to one of them.
    pub fn row(&self, key: &str, row: usize) -> Vec<f64> {
        let (shape, values) = self.f64s(key);
        let [rows, _] = shape[..] else { panic!("{}, {key}: shape {shape:?} has no rows", self.name) };
        assert!(row < rows, "{}, {key}: row {row} of {rows}", self.name);
        values.into_iter().skip(row).step_by(rows).collect()
    }

    fn array(&self, key: &str) -> &Array {
        let keys = || self.keys().collect::<Vec<_>>().join(", ");
        self.arrays.get(key).unwrap_or_else(|| panic!("{}: no key {key}; it has {}", self.name, keys()))
    }
}

impl Array {
    fn read(file: NpyFile<impl std::io::Read>) -> std::io::Result<Self> {
        let shape: Vec<usize> = file.shape().iter().map(|&n| usize::try_from(n).expect("small")).collect();
        let row_major = file.order() == Order::C;
        let DType::Plain(dtype) = file.dtype() else { panic!("a structured array") };
        let values = match (dtype.type_char(), dtype.size_field()) {
            (TypeChar::Float, 8) => Values::Float(columns_first(&shape, row_major, file.into_vec()?)),
            (TypeChar::Int, 8) => Values::Int(columns_first(&shape, row_major, file.into_vec()?)),
            (TypeChar::Int, 4) => {
                let narrow: Vec<i32> = columns_first(&shape, row_major, file.into_vec()?);
                Values::Int(narrow.into_iter().map(i64::from).collect())
            }
            _ => panic!("unexpected type {dtype}"),
        };
        Ok(Self { shape, values })
    }
}

/// Column-major entries of an array of at most two dimensions.
fn columns_first<T: Copy>(shape: &[usize], row_major: bool, values: Vec<T>) -> Vec<T> {
    match *shape {
        [rows, columns] if row_major => (0..rows * columns).map(|k| values[(k % rows) * columns + k / rows]).collect(),
        [] | [_] | [_, _] => values,
        _ => panic!("shape {shape:?}: at most two dimensions"),
    }
}

/// Fails unless max |found − expected| ≤ limit · max |expected|.
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], limit: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let scale = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let error = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m: f64, e| if e > m || e.is_nan() { e } else { m });
    assert!(error <= limit * scale, "{what}: error {:.2e} of the largest entry, limit {limit:.2e}", error / scale);
}
