//! NumPy and IDX files from training to prediction.

use super::{DATA, Folder, number, regression, targets};
use std::io::Write;

const QUICK: &str = "-q --work-units 60 --net dense:6 --output m.safetensors";

/// An NPY file of doubles in C order.
fn npy(shape: &str, numbers: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &numbers].concat()
}

/// A ZIP file of these members, as they are.
fn npz(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Inputs and the two targets of [`regression`], row by row.
fn rows(samples: usize) -> (Vec<f64>, Vec<f64>) {
    let points: Vec<[f64; 2]> = (0..samples).map(|k| [number(2 * k), number(2 * k + 1)]).collect();
    (points.concat(), points.iter().flat_map(|&[u, v]| targets(u, v)).collect())
}

#[test]
fn the_same_numbers_give_the_same_model_in_every_format() {
    let folder = Folder::new("formats");
    let (inputs, outputs) = rows(60);
    let table: Vec<f64> = inputs.chunks(2).zip(outputs.chunks(2)).flat_map(|(x, y)| [x, y].concat()).collect();
    folder.write("data.csv", regression(60));
    folder.write("data.csv.gz", gzip(regression(60).as_bytes()));
    folder.write("table.npy", npy("60, 4", &table));
    folder.write("inputs.npy", npy("60, 2", &inputs));
    folder.write("outputs.npy", npy("60, 2", &outputs));
    folder.write("pair.npz", npz(&[("x.npy", npy("60, 2", &inputs)), ("y.npy", npy("60, 2", &outputs))]));
    let scores = |line: &str| {
        let out = folder.run(&format!("train {line} {QUICK}")).ok();
        out.lines().next().unwrap().to_owned()
    };
    let expected = scores("data.csv");
    for line in [
        "data.csv.gz",
        "table.npy --targets 3-4",
        "inputs.npy --targets outputs.npy",
        "pair.npz",
        "pair.npz --inputs x --targets y",
    ] {
        assert_eq!(scores(line), expected, "{line}");
    }
    // The last model is of the NPZ file's inputs; it predicts on all formats alike.
    let predicted = folder.run("predict m.safetensors pair.npz").ok();
    assert_eq!(predicted.lines().count(), 61);
    for file in ["inputs.npy", "pair.npz"] {
        assert_eq!(folder.run(&format!("predict m.safetensors {file}")).ok(), predicted, "{file}");
    }
}

#[test]
fn images_with_labels_beside_them() {
    let folder = Folder::new("images");
    // 3 x 3 pixels; the class is the row that is lit.
    let write = |part: &str, samples: usize| {
        let pixels =
            (0..samples).flat_map(|k| (0..9).map(move |i| if i / 3 == k % 3 { 200 } else { 0 } + (k * i % 50) as u8));
        let axis = (samples as u32).to_be_bytes();
        let images = [&[0, 0, 8, 3][..], &axis, &[0, 0, 0, 3, 0, 0, 0, 3], &pixels.collect::<Vec<u8>>()].concat();
        let labels = [&[0, 0, 8, 1][..], &axis, &(0..samples).map(|k| (k % 3) as u8 * 4).collect::<Vec<_>>()].concat();
        folder.write(&format!("{part}-images-idx3-ubyte.gz"), gzip(&images));
        folder.write(&format!("{part}-labels-idx1-ubyte"), labels);
    };
    write("train", 90);
    write("t10k", 30);
    let out = folder.run(&format!("train train-images-idx3-ubyte.gz --test t10k-images-idx3-ubyte.gz {QUICK}")).ok();
    assert!(out.starts_with("share of wrong answers: ") && out.contains("test 0.000 %"), "{out}");
    let classes = folder.run("predict m.safetensors t10k-images-idx3-ubyte.gz").ok();
    let expected: String = (0..30).map(|k| format!("{}\n", k % 3 * 4)).collect();
    assert_eq!(classes, format!("label\n{expected}"));
    let chosen = "--targets train-labels-idx1-ubyte --task classification --split 60/40/0";
    folder.run(&format!("train train-images-idx3-ubyte.gz {chosen} {QUICK}")).ok();
}

#[test]
fn bad_files_are_refused_in_one_line() {
    let folder = Folder::new("bad-formats");
    let whole = npy("3, 2", &[1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]);
    for (name, bytes, words) in [
        ("nan.npy", whole.clone(), &["nan.npy: the array, row 3, column 2: found NaN"][..]),
        (
            "cut.npy",
            whole[..whole.len() - 1].to_vec(),
            &["cut.npy: byte 0: the array: found 47 bytes of numbers, expected 48"],
        ),
        ("text.npy", b"1,2\n".to_vec(), &["text.npy: begins with bytes 31 2C 32 0A, expected 93 4E"]),
        (
            "huge.npy",
            npy("9999999999, 9999999999", &[]),
            &["huge.npy: byte 0: the array: found the shape", "beyond any memory"],
        ),
        ("cut.npz", npz(&[("x.npy", whole.clone())])[..90].to_vec(), &["cut.npz: byte 0: the ZIP file cannot be read"]),
        ("one.npz", npz(&[("x.npy", whole)]), &["one.npz: no pair of arrays named (X,Y)", "\"x\" (3x2 float64)"]),
        (
            "p-images-idx3-ubyte",
            vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7],
            &["p-labels-idx1-ubyte", "which is not there"],
        ),
        ("b.csv.gz", gzip(b"1,2\n3,4\n")[..15].to_vec(), &["b.csv.gz: byte 0: compressed data cannot be read"]),
    ] {
        folder.write(name, bytes);
        let ran = folder.run(&format!("train {name} {QUICK}"));
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(DATA), "", 1), "{ran:?}");
        for word in words {
            assert!(ran.err.contains(word), "{word:?} is not in {:?}", ran.err);
        }
    }
    assert!(!folder.names().contains(&"m.safetensors".to_owned()));
}
