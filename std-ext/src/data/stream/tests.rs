//! Streams beside the same files read whole; order, parts, changed files.

use super::*;
use crate::data::testing::{Folder, gzip, idx, message, npy, npy_doubles};
use crate::data::{Dataset, Task, load};
use std::path::{Path, PathBuf};

fn options(batch: usize, window: usize, validation: f64, seed: u64) -> StreamOptions {
    StreamOptions { batch, window, validation, seed }
}

fn list(entries: &[&str]) -> Option<Vec<String>> {
    Some(entries.iter().map(|&entry| entry.to_owned()).collect())
}

/// All batches up to the end of a pass.
fn pass(stream: &mut Stream) -> Result<Vec<Batch>, DataError> {
    std::iter::from_fn(|| stream.next_batch().transpose()).collect()
}

fn numbers(batches: &[Batch]) -> Vec<usize> {
    batches.iter().flat_map(|batch| batch.samples.clone()).collect()
}

/// The samples of batches are those of the data read whole, scaled by `inputs` and `targets`.
fn assert_samples(batches: &[Batch], data: &Dataset, inputs: &Standardization, targets: &Standardization) {
    for batch in batches {
        let (mut x, mut c) = (data.inputs.select_columns(&batch.samples), data.targets.select_columns(&batch.samples));
        inputs.apply_in_place(&mut x).unwrap();
        targets.apply_in_place(&mut c).unwrap();
        for (found, expected) in [(&batch.x, &x), (&batch.c, &c)] {
            assert_eq!((found.rows(), found.cols()), (expected.rows(), expected.cols()));
            for (found, expected) in found.as_slice().iter().zip(expected.as_slice()) {
                assert!((found - expected).abs() <= 1e-13 * (1.0 + expected.abs()), "{found} {expected}");
            }
        }
    }
}

/// A file in each format that can be streamed, with the options that read it.
fn files(folder: &Folder) -> Vec<(PathBuf, LoadOptions)> {
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 10.0;
    let n = 83;
    let rows = |last: fn(usize) -> String| -> String {
        (0..n).map(|k| format!("{},1000.25,{},{}\n", number(3 * k), number(3 * k + 1) - 1e6, last(k))).collect()
    };
    let table = |columns: usize| (0..n * columns).map(number).collect::<Vec<_>>();
    let doubles = |numbers: &[f64]| numbers.iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<u8>>();
    let labels: Vec<f64> =
        table(3).iter().enumerate().map(|(i, &x)| if i % 3 == 0 { (i % 5) as f64 } else { x }).collect();
    let default = LoadOptions::default();
    let classes =
        |targets: &[&str]| LoadOptions { targets: list(targets), task: Some(Task::Classification), inputs: None };
    let text = rows(|k| (k * k % 50).to_string());
    let words = format!("a,b,c,kind\n{}", rows(|k| ["pear", "apple", "fig"][k % 3].to_owned()));
    let hot: String = (0..n).map(|k| format!("{k} {} {} \n", k % 2, 1 - k % 2)).collect();
    folder.write("y-labels-idx1-ubyte", idx(8, &[n as u32], &(0..n).map(|k| [9, 4][k % 2]).collect::<Vec<_>>()));
    let pixels: Vec<u8> = (0..4 * n).map(|k| (k * k % 251) as u8).collect();
    vec![
        (folder.write("plain.csv", &text), default.clone()),
        (folder.write("packed.csv.gz", gzip(text.as_bytes())), default.clone()),
        (
            folder.write("two.csv", &text),
            LoadOptions { inputs: list(&["3", "1"]), targets: list(&["2", "4"]), task: None },
        ),
        (folder.write("words.csv", &words), default.clone()),
        (folder.write("labels.csv", &words[11..]), default.clone()), // without header
        (folder.write("numbers.csv", rows(|k| (k % 7).to_string())), classes(&["4"])),
        (folder.write("hot.txt", hot), classes(&["2", "3"])),
        (folder.write("c.npy", npy_doubles(&[n, 3], &table(3))), default.clone()),
        (folder.write("f.npy", npy(">f8", true, &[n, 3], &doubles(&table(3)))), default.clone()),
        (folder.write("f.npy.gz", gzip(&npy(">f8", false, &[n, 3], &doubles(&labels)))), classes(&["1"])),
        (folder.write("y-images-idx3-ubyte.gz", gzip(&idx(8, &[n as u32, 2, 2], &pixels))), default.clone()),
        (
            folder.write("x_train.npy", npy("|u1", true, &[n, 2, 2], &pixels)),
            LoadOptions { targets: list(&["y-labels-idx1-ubyte"]), ..default },
        ),
    ]
}

#[test]
fn a_pass_has_every_training_sample_once_in_every_format() {
    let folder = Folder::new("stream-formats");
    for (path, chosen) in files(&folder) {
        let data = load(&path, &chosen).unwrap();
        for options in [options(8, 20, 0.3, 5), options(100, 1000, 0.0, 1), options(1, 1, 0.5, 2)] {
            let what = format!("{} {options:?}", path.display());
            let mut stream = Stream::open(&path, &chosen, options).unwrap();
            assert_eq!(stream.classes(), data.classes.as_deref(), "{what}");
            assert_eq!((stream.input_names(), stream.target_names()), (&data.input_names[..], &data.target_names[..]));
            assert_eq!(stream.samples() + stream.validation_samples(), data.samples(), "{what}");

            // The scaling is that of the training part read whole.
            let members = Membership::new(options.validation, options.seed);
            let training: Vec<usize> = (0..data.samples()).filter(|&k| members.trains(k)).collect();
            let fitted = Standardization::fit(&data.inputs.select_columns(&training));
            for (found, expected) in
                [(&stream.input_scaling().mean, &fitted.mean), (&stream.input_scaling().scale, &fitted.scale)]
            {
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{what}: {found} {expected}");
                }
            }
            let (inputs, targets) = (stream.input_scaling().clone(), stream.target_scaling().clone());
            if data.classes.is_some() {
                assert!(
                    targets.mean.iter().all(|&mean| mean == 0.0) && targets.scale.iter().all(|&scale| scale == 1.0)
                );
            } else {
                let fitted = Standardization::fit(&data.targets.select_columns(&training));
                assert!((targets.mean[0] - fitted.mean[0]).abs() <= 1e-13 * fitted.scale[0], "{what}");
                assert!((targets.scale[0] - fitted.scale[0]).abs() <= 1e-13 * fitted.scale[0], "{what}");
            }

            for number in 0..3 {
                assert_eq!(stream.passes(), number, "{what}");
                let batches = pass(&mut stream).unwrap();
                assert_samples(&batches, &data, &inputs, &targets);
                let (full, last) = batches.split_at(batches.len() - 1);
                assert!(full.iter().all(|batch| batch.samples.len() == options.batch), "{what}");
                assert!(last[0].samples.len() <= options.batch, "{what}");
                let mut seen = numbers(&batches);
                if options.window == 1 {
                    assert_eq!(seen, training, "{what}: the order of the file");
                }
                for (place, sample) in seen.iter().enumerate() {
                    let own = training.binary_search(sample).unwrap();
                    assert!(place + options.window > own, "{what}: {sample} is too early");
                }
                seen.sort_unstable();
                assert_eq!(seen, training, "{what}");
            }
            for _ in 0..2 {
                let validation: Vec<Batch> = std::iter::from_fn(|| stream.next_validation_batch().unwrap()).collect();
                assert_samples(&validation, &data, &inputs, &targets);
                let expected: Vec<usize> = (0..data.samples()).filter(|&k| !members.trains(k)).collect();
                assert_eq!(numbers(&validation), expected, "{what}");
            }
        }
    }
}

#[test]
fn orders_differ_by_pass_and_seed_and_are_for_ever() {
    let folder = Folder::new("stream-order");
    let path = folder.write("t.csv", (0..12).map(|k| format!("{k},{k}\n")).collect::<String>());
    let open = |options| Stream::open(&path, &LoadOptions::default(), options).unwrap();
    let mut stream = open(options(3, 4, 0.25, 2024));
    let first = pass(&mut stream).unwrap();
    // From reference.py beside this file.
    assert_eq!(numbers(&first), [1, 4, 0, 7, 5, 6, 11, 8, 9, 10]);
    assert_eq!(numbers(&pass(&mut stream).unwrap()), [5, 1, 6, 4, 8, 10, 0, 7, 11, 9]);
    stream.next_batch().unwrap();
    stream.rewind();
    assert_eq!((stream.passes(), pass(&mut stream).unwrap()), (0, first));
    assert_ne!(
        numbers(&pass(&mut open(options(3, 4, 0.0, 1))).unwrap()),
        numbers(&pass(&mut open(options(3, 4, 0.0, 2))).unwrap())
    );
}

#[test]
fn a_window_of_all_samples_gives_every_order_equally_often() {
    let folder = Folder::new("stream-uniform");
    let path = folder.write("t.csv", "0,0\n1,1\n2,2\n3,3\n");
    let mut stream = Stream::open(&path, &LoadOptions::default(), options(4, 4, 0.0, 3)).unwrap();
    let mut counts = std::collections::BTreeMap::<Vec<usize>, f64>::new();
    for _ in 0..4800 {
        *counts.entry(numbers(&pass(&mut stream).unwrap())).or_default() += 1.0;
    }
    assert_eq!(counts.len(), 24);
    // Chi-squared with 23 degrees of freedom exceeds 49.7 once in a thousand seeds.
    let chi: f64 = counts.values().map(|count| (count - 200.0).powi(2) / 200.0).sum();
    assert!(chi < 49.7, "{chi}");
}

#[test]
fn another_scaling_can_be_set() {
    let folder = Folder::new("stream-scaling");
    let path = folder.write("t.csv", "1,2,3\n4,5,6\n");
    let mut stream = Stream::open(&path, &LoadOptions::default(), options(2, 1, 0.0, 0)).unwrap();
    let scaling = |rows| Standardization { mean: vec![1.0; rows], scale: vec![2.0; rows] };
    let text = message(stream.set_scaling(scaling(3), scaling(1)));
    assert!(text.contains("found a matrix with 3 rows, expected 2"), "{text}");
    assert!(message(stream.set_scaling(scaling(2), scaling(2))).contains("2 rows, expected 1"));
    stream.set_scaling(scaling(2), scaling(1)).unwrap();
    let batch = stream.next_batch().unwrap().unwrap();
    assert_eq!((batch.x.as_slice(), batch.c.as_slice()), (&[0.0, 0.5, 1.5, 2.0][..], &[1.0, 2.5][..]));
}

#[test]
fn the_same_files_are_refused_in_the_same_words() {
    let folder = Folder::new("stream-refused");
    let task = |task| LoadOptions { task: Some(task), ..LoadOptions::default() };
    let default = LoadOptions::default();
    let ids: String = (0..60).map(|k| format!("{k},name{k}\n")).collect();
    for (text, chosen) in [
        ("", default.clone()),
        ("\n\n", default.clone()),
        ("a,b\n", default.clone()),
        ("a,b\n1,2\n3\n", default.clone()),
        ("a,b\n1,2\n3,x\n", default.clone()),
        ("a,b\n1,x\n3,2\n", default.clone()),
        ("a,b\n1,\n3,x\n5,2\n", default.clone()),
        ("a,b\n1,x\n3,\n5,y\n", default.clone()),
        ("a,b\n1,NA\n3,?\n", default.clone()),
        ("a,b\n1,NaN\n3,4\n", default.clone()),
        ("a,b\n1,2\n\n,4\n", default.clone()),
        ("a,b,c\n1,2,3\n4,nan,x\n", default.clone()),
        ("a,b,c,d\n1,2,3,4\n5,x,y,6\n", default.clone()),
        ("a b\n1 2\n3 four\n", default.clone()),
        ("a,b\n1,x\n3,x\n", default.clone()),
        ("a,b\n1,x\n3,\n", task(Task::Classification)),
        ("a,b\n1,inf\n3,2\n", task(Task::Classification)),
        ("a,b\n1,2\n3,2\n", task(Task::Classification)),
        ("a,b\n1,x\n3,y\n", task(Task::Regression)),
        ("a,target1,target2\n1,0,1\n3,1,1\n", task(Task::Classification)),
        ("a,target1,target2\n1,0,1\n3,1,x\n", task(Task::Classification)),
        ("a,target1,target2\n1,0,1\n3,0,0\n", task(Task::Classification)),
        ("a,b\n1,2\n", LoadOptions { targets: list(&["c"]), ..default.clone() }),
        ("a,a\n1,2\n", LoadOptions { targets: list(&["a"]), ..default.clone() }),
        ("1\n2\n", default.clone()),
        ("a,b\n1,\u{e9}\n", task(Task::Regression)),
        (&ids, default.clone()),
    ] {
        let path = folder.write("t.csv", text);
        let expected = message(load(&path, &chosen));
        let found =
            message(Stream::open(&path, &chosen, StreamOptions { validation: 0.0, ..StreamOptions::default() }));
        assert_eq!(found, expected, "{text:?} {chosen:?}");
    }
    let nan = npy_doubles(&[2, 2], &[1.0, 2.0, f64::NAN, 4.0]);
    let infinite = npy_doubles(&[2, 2], &[1.0, 2.0, 3.0, f64::INFINITY]);
    let whole = npy_doubles(&[2, 2], &[1.0; 4]);
    for bytes in
        [&nan[..], &infinite, &whole[..20], &[whole.clone(), vec![0]].concat(), b"\x93NUMPY\x01\0\0\0", b"\0\0\x08\x03"]
    {
        let path = folder.write("t.npy", bytes);
        assert_eq!(message(Stream::open(&path, &default, StreamOptions::default())), message(load(&path, &default)));
    }
    let images = folder.write("t-images-idx3-ubyte", idx(8, &[3, 1, 2], &[1, 2, 3, 4, 5, 6]));
    for labels in [idx(8, &[2], &[1, 2]), idx(8, &[3], &[1, 1, 1]), idx(13, &[3], &[0xFF; 12]), b"1,2".to_vec()] {
        folder.write("t-labels-idx1-ubyte", labels);
        assert_eq!(
            message(Stream::open(&images, &default, StreamOptions::default())),
            message(load(&images, &default))
        );
    }
    let bytes = gzip(&npy("<f8", false, &[2, 2], &[0; 31]));
    let text = message(Stream::open(&folder.write("t.npy", bytes), &default, StreamOptions::default()));
    assert!(
        text.contains("the array: sample 2 of 2: found 15 bytes of the numbers of a sample, expected 16"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_streamed() {
    let folder = Folder::new("stream-not");
    let open = |path: &Path, options| message(Stream::open(path, &LoadOptions::default(), options));
    let table = folder.write("t.csv", "1,2\n3,4\n");
    for (options, words) in [
        (options(0, 1, 0.0, 0), "stream: found batch = 0, expected 1 or more"),
        (options(1, 0, 0.0, 0), "stream: found window = 0"),
        (options(1, 1, 1.0, 0), "stream: found validation share = 1, expected 0 or more, below 1; correct it"),
        (options(1, 1, -0.1, 0), "validation share = -0.1"),
        (options(1, 1, f64::NAN, 0), "validation share = NaN"),
        (options(1, 1, 0.999_999_999, 0), "t.csv: all 2 samples are for validation"),
    ] {
        let text = open(&table, options);
        assert!(text.contains(words), "{text}");
    }
    let mat = folder.write("t.mat", "anything");
    assert!(
        open(&mat, StreamOptions::default())
            .contains("t.mat: a MAT file cannot be read in batches; save the data as CSV")
    );
    let npz = folder.write("t.npz", "anything");
    assert!(open(&npz, StreamOptions::default()).contains("an NPZ file cannot be read in batches"));
    let packed = folder.write("t.npy.gz", gzip(&npy("|u1", true, &[2, 2], &[0; 4])));
    assert!(open(&packed, StreamOptions::default()).contains("a compressed array in Fortran order cannot be read in"));
}

#[test]
fn files_that_change_are_noticed() {
    let folder = Folder::new("stream-changed");
    let text = "a,b\n1,x\n2,y\n3,x\n";
    for (changed, words) in [
        ("a,b\n1,x\n2,y\n", "t.csv: changed while it was read: found 2 samples, expected 3; leave it alone"),
        ("a,b\n1,x\n2,y\n3,x\n4,x\n", "found 4 samples, expected 3"),
        ("a,b\n1,x\n2,z\n3,x\n", "t.csv: line 3, column 2 (\"b\"): found class \"z\", expected one of \"x\", \"y\""),
        ("a,b\n1,x\n2\n3,x\n", "t.csv: line 3: found 1 cells, expected 2"),
        ("a\n1\n2\n3\n", "found 1 cells, expected 2"),
        ("a,b\n1,x\nw,y\n3,x\n", "t.csv: line 3, column 1 (\"a\"): found \"w\", expected a number"),
        ("", "is empty"),
    ] {
        let path = folder.write("t.csv", text);
        let mut stream = Stream::open(&path, &LoadOptions::default(), options(1, 1, 0.0, 0)).unwrap();
        assert_eq!(pass(&mut stream).unwrap().len(), 3);
        folder.write("t.csv", changed);
        let mut given = 0;
        let found = loop {
            match stream.next_batch() {
                Ok(batch) => given += usize::from(batch.is_some()),
                error => break message(error),
            }
        };
        assert!(found.contains(words), "{changed:?}: {found}");
        assert!(given < 3, "{changed:?}: {given} batches of one sample");
        // Mended, the pass begins again.
        folder.write("t.csv", text);
        assert_eq!(numbers(&pass(&mut stream).unwrap()), [0, 1, 2]);
    }
    let path = folder.write("t.npy", npy_doubles(&[3, 2], &[1.0; 6]));
    let mut stream = Stream::open(&path, &LoadOptions::default(), options(1, 1, 0.0, 0)).unwrap();
    for (shape, words) in [
        (&[3, 3][..], "found 3 input columns, expected 2"),
        (&[2, 2], "found 2 samples, expected 3"),
        (&[4, 2], "found 4 samples"),
    ] {
        folder.write("t.npy", npy_doubles(shape, &vec![1.0; shape.iter().product()]));
        let found = message(pass(&mut stream));
        assert!(found.contains(words), "{shape:?}: {found}");
    }
}

#[test]
fn validation_samples_stay_when_rows_are_appended() {
    let folder = Folder::new("stream-append");
    let members = |n: usize| {
        let path = folder.write("t.csv", (0..n).map(|k| format!("{k},{k}\n")).collect::<String>());
        let mut stream = Stream::open(&path, &LoadOptions::default(), options(7, 5, 0.4, 11)).unwrap();
        numbers(&std::iter::from_fn(|| stream.next_validation_batch().unwrap()).collect::<Vec<_>>())
    };
    let (few, many) = (members(40), members(90));
    assert!(few.len() > 8 && few == many[..few.len()], "{few:?} {many:?}");
    assert!(many[few.len()..].iter().all(|&sample| sample >= 40));
}

/// Wherever a stream was before, the batches after a place are those of a stream that came there step by step.
#[test]
fn a_place_is_found_again() {
    let folder = Folder::new("seek");
    let path = folder.write("a.csv", (0..97).map(|k| format!("{k},{}\n", 2 * k)).collect::<String>());
    let open = || Stream::open(&path, &LoadOptions::default(), options(10, 20, 0.2, 3)).unwrap();
    let mut stream = open();
    let passes: Vec<Vec<Batch>> = (0..3).map(|_| pass(&mut stream).unwrap()).collect();
    assert_ne!(passes[0], passes[1]);
    for (number, done) in [(2, 0), (0, 3), (1, 7), (1, 0), (2, 100)] {
        stream.seek(number as u64, done).unwrap();
        let rest = passes[number].get(done..);
        // Beyond the end of a pass the next one begins.
        if let Some(rest) = rest {
            assert_eq!(pass(&mut stream).unwrap(), rest, "{number} {done}");
        }
    }
    // Another seed is another order of the same parts; the old one comes back with the old seed.
    let sorted = |batches: &[Batch]| {
        let mut numbers = numbers(batches);
        numbers.sort_unstable();
        numbers
    };
    stream.reorder(10, 4).unwrap();
    let other = pass(&mut stream).unwrap();
    assert!(other != passes[0] && sorted(&other) == sorted(&passes[0]));
    stream.reorder(7, 3).unwrap();
    let smaller = pass(&mut stream).unwrap();
    assert_eq!((numbers(&smaller), smaller[0].samples.len()), (numbers(&passes[0]), 7));
    assert!(message(stream.reorder(0, 0)).contains("batch"));
}

#[test]
fn parts_in_order_and_samples_of_them() {
    let folder = Folder::new("in-order");
    let rows = |n: usize| (0..n).map(|k| format!("{k},{}\n", 2 * k)).collect::<String>();
    let path = folder.write("a.csv", rows(300));
    let mut stream = Stream::open(&path, &LoadOptions::default(), options(10, 20, 0.3, 3)).unwrap();
    let list = |part| {
        let mut pass = stream.in_order(part, 64).unwrap();
        std::iter::from_fn(|| pass.next_batch().transpose()).collect::<Result<Vec<_>, _>>().unwrap()
    };
    let (training, validation) = (list(StreamPart::Training), list(StreamPart::Validation));
    assert!(training[0].samples.len() == 64 && numbers(&training).is_sorted() && numbers(&validation).is_sorted());
    let mut all = [numbers(&training), numbers(&validation)].concat();
    all.sort_unstable();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
    let whole = stream.sample(StreamPart::Validation, 1000).unwrap();
    assert_eq!(whole.samples, numbers(&validation));
    assert!(stream.sample(StreamPart::Training, 0).unwrap().samples.is_empty());
    // Each sample is drawn about equally often, over seeds; the deviation of a count of 400 · 20/n is below its root.
    let mut counts = vec![0; 300];
    for seed in 0..400 {
        stream.options.seed = seed;
        let some = stream.sample(StreamPart::Training, 20).unwrap();
        assert_eq!(some.samples.len(), 20);
        assert_samples(
            std::slice::from_ref(&some),
            &load(&path, &LoadOptions::default()).unwrap(),
            stream.input_scaling(),
            stream.target_scaling(),
        );
        some.samples.iter().for_each(|&sample| counts[sample] += 1);
    }
    let expected = 400.0 * 20.0 / stream.samples() as f64;
    let drawn = numbers(&training);
    assert_eq!(drawn.iter().map(|&sample| counts[sample]).sum::<usize>(), 400 * 20);
    assert!(drawn.iter().all(|&sample| (counts[sample] as f64 - expected).abs() < 4.5 * expected.sqrt()), "{counts:?}");
    // The checksum is of numbers, not of how they are written.
    let same = folder.write("b.csv", rows(300).replace(",20\n", ",2.0e1\n"));
    let other = folder.write("c.csv", rows(300).replace(",20\n", ",21\n"));
    let checksum =
        |path: &PathBuf| Stream::open(path, &LoadOptions::default(), options(1, 1, 0.0, 0)).unwrap().checksum();
    assert_eq!(checksum(&same), stream.checksum());
    assert_ne!(checksum(&other), stream.checksum());
}
