//! Files and descriptions that were not written by us.

use gaussling::data::{
    DataError, DataFile, Dataset, LoadOptions, Stream, StreamOptions, Task, load, load_inputs, load_like, summary,
};
use gaussling::network::Sequential;

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

/// A stream of the file has the samples of the data read whole; what one refuses, the other does.
fn streams_alike(file: &DataFile, options: &LoadOptions, data: Option<&Dataset>) {
    let in_order = StreamOptions { batch: 3, window: 1, validation: 0.0, seed: 0 };
    match (Stream::open(file, options, in_order), data) {
        (Err(DataError::NotStreamed { .. }), _) => {}
        (Err(error), None) => one_line(&error),
        (Err(error), Some(_)) => panic!("a stream refuses what is read whole: {error}"),
        (Ok(_), None) => panic!("a stream reads what is refused whole"),
        (Ok(mut stream), Some(data)) => {
            assert_eq!((stream.samples(), stream.classes()), (data.samples(), data.classes.as_deref()));
            let mut samples = 0;
            while let Some(mut batch) = stream.next_batch().expect("what was read once") {
                stream.target_scaling().invert_in_place(&mut batch.c).expect("as many targets");
                for (column, &sample) in batch.samples.iter().enumerate() {
                    assert_eq!(sample, samples);
                    samples += 1;
                    let (found, expected) = (batch.c.col(column), data.targets.col(sample));
                    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
                        let scale = stream.target_scaling().mean[k].abs() + stream.target_scaling().scale[k];
                        let close = (found - expected).abs() <= 1e-12 * (scale + expected.abs());
                        assert!(close || !scale.is_finite() || !found.is_finite(), "{found:e} for {expected:e}");
                    }
                }
            }
            assert_eq!(samples, data.samples());
        }
    }
}

/// A summary counts as many samples as there are; it prints and is JSON.
fn summarizes(file: &DataFile, options: &LoadOptions, data: Option<&Dataset>) {
    match summary(file, options) {
        Err(error) => {
            assert!(data.is_none() || matches!(error, DataError::NotStreamed { .. }), "{error}");
            one_line(&error);
        }
        Ok(summary) => {
            assert!(data.is_none_or(|data| data.samples() == summary.rows), "{summary}");
            assert!(summary.to_json().is_object() && !summary.to_string().is_empty());
        }
    }
}

/// All ways to load a file. Which columns are asked for, and what for, is chosen by a checksum of the bytes: any change of
/// them tries another of the four.
fn load_all(bytes: &[u8], file: &DataFile) {
    let names = |list: &[&str]| Some(list.iter().map(|&name| name.to_owned()).collect());
    let options = match crc32fast::hash(bytes) % 4 {
        0 => LoadOptions::default(),
        1 => LoadOptions { task: Some(Task::Regression), ..LoadOptions::default() },
        2 => LoadOptions { task: Some(Task::Classification), ..LoadOptions::default() },
        _ => LoadOptions { inputs: names(&["1-2"]), targets: names(&["3"]), task: None },
    };
    let data = load(file, &options);
    streams_alike(file, &options, data.as_ref().ok());
    summarizes(file, &options, data.as_ref().ok());
    match data {
        Err(error) => one_line(&error),
        Ok(data) => {
            is_sound(&data);
            match load_like(file, &options, &data) {
                Ok(again) => assert_eq!(again, data),
                Err(error) => panic!("a file does not fit itself: {error}"),
            }
            match load_inputs(file, &data.input_names) {
                Ok(inputs) => assert_eq!(inputs, data.inputs),
                Err(error) => one_line(&error),
            }
        }
    }
}

/// Bytes: a text table.
pub fn csv(bytes: &[u8]) {
    load_all(bytes, &DataFile::in_memory("t.csv", bytes));
}

/// Bytes: a MAT file.
pub fn mat(bytes: &[u8]) {
    load_all(bytes, &DataFile::in_memory("t.mat", bytes));
}

/// Bytes: an NPY file.
pub fn npy(bytes: &[u8]) {
    load_all(bytes, &DataFile::in_memory("t.npy", bytes));
}

/// Bytes: an NPZ file.
pub fn npz(bytes: &[u8]) {
    load_all(bytes, &DataFile::in_memory("t.npz", bytes));
}

/// Bytes: an IDX file of labels; as it is, and from images, which are one byte for each label.
pub fn idx(bytes: &[u8]) {
    load_all(bytes, &DataFile::in_memory("t.idx", bytes));
    let samples = bytes.get(4..8).map_or(0, |word| u32::from_be_bytes(word.try_into().unwrap_or_default()) % 64);
    let mut images = vec![0, 0, 8, 3];
    [samples, 1, 2].iter().for_each(|axis| images.extend(axis.to_be_bytes()));
    images.extend((0..2 * samples).map(|pixel| pixel as u8));
    // `x…` finds its targets in `y…`.
    load_all(bytes, &DataFile::in_memory("x.idx", images).with_other("y.idx", bytes));
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
