//! Files and descriptions that were not written by us.

use gaussling::data::{Dataset, LoadOptions, Task, load, load_inputs, load_like};
use gaussling::network::Sequential;
use std::path::{Path, PathBuf};

/// Calls `f` with the path of a file of these bytes; one file for each thread.
fn with_file(bytes: &[u8], extension: &str, f: impl FnOnce(&Path)) {
    let name = format!("gaussling-fuzz-{}-{:?}.{extension}", std::process::id(), std::thread::current().id());
    let path: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).expect("the folder for temporary files is writable");
    f(&path);
    let _ = std::fs::remove_file(&path);
}

/// The message of an error: one line.
fn one_line(error: &impl std::fmt::Display) {
    let message = error.to_string();
    assert!(!message.is_empty() && !message.contains(['\n', '\r']), "not one line: {message:?}");
}

fn is_sound(data: &Dataset) {
    assert_eq!(data.targets.cols(), data.samples());
    assert_eq!(data.input_names.len(), data.inputs.rows());
    assert!(data.samples() > 0 && data.inputs.rows() > 0 && data.targets.rows() > 0);
    let numbers = || data.inputs.as_slice().iter().chain(data.targets.as_slice());
    assert!(numbers().all(|x| x.is_finite()), "{data:?}");
    match &data.classes {
        Some(classes) => {
            assert!(classes.len() >= 2 && classes.len() == data.targets.rows());
            assert!((0..data.samples()).all(|j| data.targets.col(j).iter().sum::<f64>() == 1.0));
        }
        None => assert_eq!(data.target_names.len(), data.targets.rows()),
    }
}

/// All ways to load a file.
fn load_all(path: &Path) {
    for task in [None, Some(Task::Regression), Some(Task::Classification)] {
        let options = LoadOptions { task, ..LoadOptions::default() };
        match load(path, &options) {
            Err(error) => one_line(&error),
            Ok(data) => {
                is_sound(&data);
                match load_like(path, &options, &data) {
                    Ok(again) => assert_eq!(again, data),
                    Err(error) => panic!("a file does not fit itself: {error}"),
                }
                match load_inputs(path, &data.input_names) {
                    Ok(inputs) => assert_eq!(inputs, data.inputs),
                    Err(error) => one_line(&error),
                }
            }
        }
    }
    let names = |list: &[&str]| Some(list.iter().map(|&name| name.to_owned()).collect());
    let chosen = LoadOptions { inputs: names(&["1-2"]), targets: names(&["3"]), task: None };
    match load(path, &chosen) {
        Err(error) => one_line(&error),
        Ok(data) => is_sound(&data),
    }
}

/// Bytes: a text table.
pub fn csv(bytes: &[u8]) {
    with_file(bytes, "csv", load_all);
}

/// Bytes: a MAT file.
pub fn mat(bytes: &[u8]) {
    with_file(bytes, "mat", load_all);
}

/// Bytes: the number of inputs, then a description.
pub fn network(bytes: &[u8]) {
    let Some((&inputs, description)) = bytes.split_first() else { return };
    match Sequential::parse(&String::from_utf8_lossy(description), usize::from(inputs)) {
        Err(error) => one_line(&error),
        Ok(network) => {
            let text = network.to_string();
            let again = Sequential::parse(&text, usize::from(inputs)).expect("a printed network");
            assert_eq!(
                (again.to_string(), again.inputs(), again.features()),
                (text, network.inputs(), network.features())
            );
        }
    }
}
