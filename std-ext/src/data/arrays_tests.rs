//! Data sets from NPY and IDX files: columns, second files, classes.

use super::*;
use crate::data::testing::{Folder, gzip, idx, message, npy, npy_doubles};
use crate::data::{DataError, Dataset, load, load_inputs, load_like};

fn list(entries: &[&str]) -> Option<Vec<String>> {
    Some(entries.iter().map(|&entry| entry.to_owned()).collect())
}

fn options(targets: Option<&[&str]>, task: Option<Task>) -> LoadOptions {
    LoadOptions { inputs: None, targets: targets.and_then(list), task }
}

/// Images of 2 x 2 pixels and their labels; image `k` has the pixels 4 k … 4 k + 3.
fn images(samples: u32) -> (Vec<u8>, Vec<u8>) {
    let pixels: Vec<u8> = (0..4 * samples).map(|pixel| pixel as u8).collect();
    let labels: Vec<u8> = (0..samples).map(|k| [7, 3, 10][k as usize % 3]).collect();
    (idx(8, &[samples, 2, 2], &pixels), idx(8, &[samples], &labels))
}

#[test]
fn a_table_of_numpy_is_a_text_without_header() {
    let folder = Folder::new("npy-table");
    let numbers: Vec<f64> = (0..12).map(f64::from).collect();
    let bytes = npy_doubles(&[4, 3], &numbers);
    let text: String = numbers.chunks(3).map(|row| format!("{},{},{}\n", row[0], row[1], row[2])).collect();
    let (array, table) = (folder.write("t.npy", &bytes), folder.write("t.csv", text));
    let packed = folder.write("t.npy.gz", gzip(&bytes));
    for chosen in [
        LoadOptions::default(),
        options(Some(&["1"]), None),
        options(Some(&["2-3"]), None),
        options(Some(&["column_2"]), Some(Task::Classification)),
        LoadOptions { inputs: list(&["3", "1"]), targets: list(&["2"]), task: None },
    ] {
        let expected = load(&table, &chosen).unwrap();
        assert_eq!(load(&array, &chosen).unwrap(), expected, "{chosen:?}");
        assert_eq!(load(&packed, &chosen).unwrap(), expected, "{chosen:?}");
        assert_eq!(load_like(&array, &chosen, &expected).unwrap(), expected, "{chosen:?}");
        assert_eq!(load_inputs(&array, &expected.input_names).unwrap(), expected.inputs, "{chosen:?}");
    }
    let mut numbers = numbers;
    (numbers[1], numbers[8]) = (f64::NAN, f64::INFINITY);
    let bad = folder.write("bad.npy", npy_doubles(&[4, 3], &numbers));
    let text = message(load(&bad, &options(Some(&["1"]), None)));
    assert!(text.contains("bad.npy: the array, row 1, column 2: found NaN, expected a finite number"), "{text}");
    let text = message(load(&bad, &LoadOptions { inputs: list(&["1"]), targets: list(&["3"]), task: None }));
    assert!(text.contains("bad.npy: the array, row 3, column 3: found inf"), "{text}");
    let text = message(load(&array, &options(Some(&["4"]), None)));
    assert!(text.contains("t.npy: no column \"4\"; expected a number from 1 to 3"), "{text}");
    let vector = folder.write("v.npy", npy_doubles(&[4], &numbers[..4]));
    let text = message(load(&vector, &LoadOptions::default()));
    assert!(text.contains("v.npy: found 1 columns of which none is left as an input; choose other columns"), "{text}");
}

#[test]
fn images_find_their_labels() {
    let folder = Folder::new("idx-pair");
    let (pixels, labels) = images(7);
    for (images, targets, packed) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", false),
        ("a-images-idx3-ubyte.gz", "a-labels-idx1-ubyte.gz", true),
        ("b-images.idx3-ubyte", "b-labels.idx1-ubyte.gz", true),
        ("c-images-idx3-ubyte.gz", "c-labels-idx1-ubyte", false),
        ("x.idx", "y.idx", false),
    ] {
        let path = folder.write(images, if packed { gzip(&pixels) } else { pixels.clone() });
        folder.write(targets, if packed { gzip(&labels) } else { labels.clone() });
        let data = load(&path, &LoadOptions::default()).unwrap();
        assert_eq!(data.inputs, DenseMatrix::from_fn(4, 7, |i, j| (4 * j + i) as f64 / 255.0), "{images}");
        assert_eq!(
            (data.classes.clone(), data.target_names.clone()),
            (list(&["3", "7", "10"]), vec!["label".to_owned()])
        );
        assert_eq!(data.class_indices().unwrap(), [1, 0, 2, 1, 0, 2, 1]);
        assert_eq!(data.input_names[3], "column_4");
        assert_eq!(load_inputs(&path, &data.input_names).unwrap(), data.inputs);
    }
    // By another name, beside the images or with its folder; as numbers; chosen pixels.
    let path = folder.write("pictures", &pixels);
    let other = folder.write("answers", &labels);
    for name in ["answers", other.to_str().unwrap()] {
        let data = load(&path, &options(Some(&[name]), Some(Task::Regression))).unwrap();
        assert_eq!(
            (data.classes.is_none(), data.targets.as_slice()),
            (true, &[7.0, 3.0, 10.0, 7.0, 3.0, 10.0, 7.0][..])
        );
    }
    let some = LoadOptions { inputs: list(&["2-3"]), targets: list(&["answers"]), task: None };
    let data = load(&path, &some).unwrap();
    assert_eq!((data.inputs.rows(), data.inputs.col(1)), (2, &[5.0 / 255.0, 6.0 / 255.0][..]));
}

#[test]
fn a_second_set_of_images_has_labels_of_its_own() {
    let folder = Folder::new("idx-second");
    let write = |part: &str, samples| {
        let (pixels, labels) = images(samples);
        folder.write(&format!("{part}-labels-idx1-ubyte"), labels);
        folder.write(&format!("{part}-images-idx3-ubyte"), pixels)
    };
    let (train, test) = (write("train", 9), write("t10k", 5));
    for chosen in [LoadOptions::default(), options(Some(&["train-labels-idx1-ubyte"]), None)] {
        let data = load(&train, &chosen).unwrap();
        assert_eq!(load_like(&test, &chosen, &data).unwrap().class_indices().unwrap(), [1, 0, 2, 1, 0]);
    }
    let data = load(&train, &LoadOptions::default()).unwrap();
    folder.write("t10k-labels-idx1-ubyte", idx(8, &[5], &[3, 3, 3, 3, 4]));
    let text = message(load_like(&test, &LoadOptions::default(), &data));
    assert!(
        text.contains("t10k-labels-idx1-ubyte: sample 5: found class \"4\", expected one of \"3\", \"7\", \"10\""),
        "{text}"
    );
    std::fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let text = message(load_like(&test, &options(Some(&["train-labels-idx1-ubyte"]), None), &data));
    assert!(
        text.contains("beside it, t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz, which is not there"),
        "{text}"
    );
    let narrow = folder.write("n-images-idx3-ubyte", idx(8, &[2, 1, 2], &[1, 2, 3, 4]));
    folder.write("n-labels-idx1-ubyte", idx(8, &[2], &[3, 7]));
    assert!(message(load_like(&narrow, &LoadOptions::default(), &data)).contains("found 2 input columns, expected 4"));
    assert!(message(load_inputs(&narrow, &data.input_names)).contains("found 2 input columns, expected 4"));
}

#[test]
fn numpy_arrays_in_two_files() {
    let folder = Folder::new("npy-pair");
    let cube = folder.write("x_train.npy", npy("|u1", false, &[3, 2, 2], &[51; 12]));
    folder.write("y_train.npy", npy("<i8", false, &[3], &[[1; 8], [2; 8], [1; 8]].concat()));
    let data = load(&cube, &LoadOptions::default()).unwrap();
    assert_eq!((data.inputs, data.targets.rows(), data.classes), (DenseMatrix::from_fn(4, 3, |_, _| 0.2), 1, None));
    let data = load(&cube, &options(None, Some(Task::Classification))).unwrap();
    assert_eq!(data.class_indices().unwrap(), [0, 1, 0]);
    // Two axes: columns, unless the targets are a file.
    let table = folder.write("a.npy", npy_doubles(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    assert_eq!(load(&table, &LoadOptions::default()).unwrap().inputs.rows(), 1);
    let two = load(&table, &options(Some(&["y_train.npy"]), None)).unwrap();
    assert_eq!((two.inputs.rows(), two.target_names), (2, vec!["target".to_owned()]));
    folder.write("b.npy", npy_doubles(&[3, 2], &[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]));
    let hot = load(&table, &options(Some(&["b.npy"]), Some(Task::Classification))).unwrap();
    assert_eq!(
        (hot.classes, hot.target_names),
        (list(&["target_1", "target_2"]), vec!["target_1".into(), "target_2".into()])
    );
}

#[test]
fn refused_pairs() {
    let folder = Folder::new("refused-pairs");
    let (pixels, labels) = images(4);
    let path = folder.write("p-images-idx3-ubyte", &pixels);
    let refused = |chosen: &LoadOptions, words: &str| {
        let text = message::<Dataset>(load(&path, chosen) as Result<_, DataError>);
        assert!(text.contains(words), "{words:?}: {text}");
    };
    let default = LoadOptions::default();
    refused(
        &default,
        "p-images-idx3-ubyte: the targets of this array are expected in a file beside it, p-labels-idx1-ubyte or p-labels-idx1-ubyte.gz, which is not there; name",
    );
    refused(&options(Some(&["absent"]), None), "beside it, \"absent\", which is not there");
    refused(&options(Some(&["a", "b"]), None), "found 2 names of files for the targets, expected one");
    folder.write("p-labels-idx1-ubyte", images(5).1);
    refused(&default, "p-images-idx3-ubyte: found 4 samples, but 5 in ");
    folder.write("p-labels-idx1-ubyte", "1\n2\n3\n4\n");
    refused(&default, "p-labels-idx1-ubyte: begins with bytes 31 0A 32 0A, expected 00 00, a type");
    folder.write("table.csv", "1\n2\n3\n4\n");
    refused(
        &options(Some(&["table.csv"]), None),
        "table.csv: begins with bytes 31 0A 32 0A, expected the start of an NPY or IDX file",
    );
    folder.write("p-labels-idx1-ubyte", idx(8, &[4], &[5; 4]));
    refused(&default, "column \"label\": found the single class \"5\"");
    folder.write("p-labels-idx1-ubyte", &labels);
    refused(&LoadOptions { inputs: list(&["5"]), ..default.clone() }, "no column \"5\"; expected a number from 1 to 4");
    let lone = folder.write("lone.idx", &pixels);
    assert!(message(load(&lone, &default)).contains("a file beside it, named like it with labels for images, which"));
    // Shapes that the file cannot hold are refused before a name is given to each column.
    let wide = idx(8, &[1, 1 << 31, 1 << 31], &[0; 50]);
    let text = message(load(&folder.write("w.idx", &wide), &default));
    assert!(
        text.contains("w.idx: byte 0: the array: found 50 bytes of numbers, expected 4611686018427387904"),
        "{text}"
    );
    let text = message(load(&folder.write("w.idx", gzip(&wide)), &default));
    assert!(
        text.contains("bytes of numbers, expected 4611686018427387904") && text.contains("found at most"),
        "{text}"
    );
    let wide = idx(8, &[1, (1 << 20) + 1], &[0; (1 << 20) + 1]);
    let text = message(load(&folder.write("w.idx", &wide), &default));
    assert!(text.contains("the array is 1x1048577 uint8, with more than 1048576 numbers a sample, expected"), "{text}");
    let path = folder.write("q-images-idx3-ubyte.gz", &gzip(&pixels)[..30]);
    assert!(message(load(&path, &default)).contains("q-images-idx3-ubyte.gz: byte 0: compressed data cannot be read"));
}
