//! The core's routines allocate nothing: a counting allocator sees none while they run on buffers made before.
//!
//! One file for each layer. A routine that is public in the layer's folder and not called in its file fails the test at the end
//! of this one.

mod autodiff;
mod linalg;
mod matrix;
mod optim;
mod training;

use allocation_counter::measure;
use gaussling_core::{Error, MatMut, MatRef};
use std::path::{Path, PathBuf};

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * i * 37 + i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5).collect()
}

fn view(data: &[f64], rows: usize, cols: usize) -> MatRef<'_, f64> {
    MatRef::new(data, rows, cols).unwrap()
}

fn view_mut(data: &mut [f64], rows: usize, cols: usize) -> MatMut<'_, f64> {
    MatMut::new(data, rows, cols).unwrap()
}

/// Fails when `run` allocates, or when it fails; it is run once before, so that nothing lazy counts.
fn none(what: &str, mut run: impl FnMut() -> Result<(), Error>) {
    run().unwrap_or_else(|error| panic!("{what}: {error}"));
    let counted = measure(|| run().unwrap_or_else(|error| panic!("{what}: {error}")));
    assert_eq!(counted.count_total, 0, "{what} allocates");
}

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![1.0_f64; 100]))).count_total > 0);
}

/// All sources below `folder` but tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        match path.is_dir() {
            _ if stem == "tests" => {}
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// The names of public functions and methods, and of the methods of public traits.
fn public(source: &str) -> Vec<&str> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in source.lines() {
        inside = line.starts_with("pub trait") || inside && !line.starts_with('}');
        let line = line.trim_start();
        let name = ["pub fn ", "pub const fn "].iter().find_map(|start| line.strip_prefix(start));
        let name = name.or(line.strip_prefix("fn ").filter(|_| inside));
        names.extend(name.and_then(|name| name.split(['(', '<']).next()));
    }
    names
}

/// Whether the word stands in `text`.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|other| other == word)
}

#[test]
fn no_public_routine_is_left_out() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let matrix = include_str!("matrix.rs");
    let layers = [
        ("autodiff", include_str!("autodiff.rs")),
        ("backend", matrix),
        ("linalg", include_str!("linalg.rs")),
        ("matrix", matrix),
    ];
    for (layer, calls) in layers {
        let body = calls.split_once("\n\n").and_then(|(_, rest)| rest.split_once("\n\n")).unwrap().1; // without imports
        let mut files = Vec::new();
        sources(&core.join(layer), &mut files);
        let text: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let mut names: Vec<&str> = text.iter().flat_map(|text| public(text)).collect();
        // The lists of `pub use`, so that what is made by a macro or comes from below is not forgotten.
        for list in text.iter().flat_map(|text| text.split("\npub use ").skip(1)) {
            let words = list.split_once(';').unwrap().0.rsplit("::").next().unwrap();
            names.extend(words.split([',', '{', '}', '\n']).map(str::trim).filter(|name| !name.is_empty()));
        }
        names.retain(|name| name.starts_with(char::is_lowercase) && !name.ends_with("_work_len"));
        assert!(names.len() > 8, "{layer}: {names:?}");
        names.retain(|name| !mentions(body, name));
        assert!(names.is_empty(), "{layer}: not called under the counting allocator: {names:?}");
    }
}
