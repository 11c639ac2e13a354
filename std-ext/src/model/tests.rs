//! Predictions against the formula; files: round trip, every cut, every flipped bit, and every contradiction.

use gaussling_core::nn::{Affine, Network, tanh};
use gaussling_core::{MatMut, MatRef, Portable};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::PathBuf;

use super::file::{decode, encode};
use super::*;
use crate::network::CHUNK;
use crate::storage::checksum;

fn example(classes: bool) -> Model {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let wave = |n: usize, shift: f64| (0..n).map(|i| (i as f64 * 1.7 + shift).sin()).collect::<Vec<_>>();
    Model {
        description: "affine:3, tanh".to_owned(),
        inputs: 2,
        theta: wave(9, 0.1),
        w: DenseMatrix::from_vec(wave(8, 0.7), 2, 4).unwrap(),
        input_scaling: Standardization { mean: vec![10.0, -3.0], scale: vec![2.0, 0.5] },
        target_scaling: Standardization { mean: vec![1.0, 2.0], scale: vec![4.0, 1.0] },
        classes: classes.then(|| names(&["ja \"quoted\"", "nein\n"])),
        input_names: names(&["a", "µ, with a comma"]),
        target_names: names(if classes { &["answer"] } else { &["u", "v"] }),
        record: [("seed", "1"), ("method", "gnvpro")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

fn inputs(samples: usize) -> DenseMatrix<f64> {
    DenseMatrix::from_fn(2, samples, |i, j| 10.0 + ((i + 2 * j) as f64).cos())
}

/// A folder of its own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gaussling-model-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn message<T>(result: Result<T, ModelError>) -> String {
    let message = result.err().expect("an error was expected").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn predictions_are_those_of_the_formula_for_any_number_of_samples() {
    let model = example(false);
    let all = inputs(2 * CHUNK + 3);
    let predictions = model.predict(&all).unwrap();
    assert_eq!((predictions.rows(), predictions.cols()), (2, all.cols()));
    let net = (Affine::<2, 3>, tanh::<3>());
    for sample in [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 2] {
        let x: Vec<f64> = all.col(sample).to_vec();
        let x = [(x[0] - 10.0) / 2.0, (x[1] + 3.0) / 0.5];
        let (mut z, mut cache, mut work) = ([0.0; 3], [0.0; 6], [0.0; 3]);
        let (x, out) = (MatRef::column_vector(&x), MatMut::column_vector(&mut z));
        net.forward(&Portable, &model.theta, x, out, &mut cache, &mut work).unwrap();
        for row in 0..2 {
            let sum = (0..3).map(|k| model.w[(row, k)] * z[k]).sum::<f64>() + model.w[(row, 3)];
            let expected = sum * model.target_scaling.scale[row] + model.target_scaling.mean[row];
            let found = predictions[(row, sample)];
            assert!((found - expected).abs() < 1e-14 * (1.0 + expected.abs()), "{sample}: {found} {expected}");
        }
        assert_eq!(model.predict(&all.select_columns(&[sample])).unwrap().col(0), predictions.col(sample));
    }
    assert_eq!(model.predict(&inputs(0)).unwrap().cols(), 0);
}

#[test]
fn classes_are_those_of_the_largest_scores() {
    let model = example(true);
    let (scores, classes) = (model.predict(&inputs(50)).unwrap(), model.predict_classes(&inputs(50)).unwrap());
    for sample in 0..50 {
        assert_eq!(classes[sample], usize::from(scores[(1, sample)] > scores[(0, sample)]));
    }
    let constant = Model { w: DenseMatrix::from_fn(2, 4, |_, _| 0.0), target_scaling: unit(2), ..example(true) };
    assert_eq!(constant.predict_classes(&inputs(1)).unwrap(), [0]);
    assert!(matches!(example(false).predict_classes(&inputs(1)), Err(ModelError::NotAClassifier)));
}

fn unit(n: usize) -> Standardization {
    Standardization { mean: vec![0.0; n], scale: vec![1.0; n] }
}

#[test]
fn wrong_inputs_are_refused() {
    let model = example(false);
    let found = message(model.predict(&DenseMatrix::from_fn(3, 1, |_, _| 0.0)));
    assert_eq!(found, "inputs: found 3 rows, expected 2, one for each input of the model");
    let mut x = inputs(4);
    x[(1, 2)] = f64::NAN;
    assert_eq!(message(model.predict(&x)), "inputs: sample 3, input 2: found NaN, expected a finite number");
}

#[test]
fn files_give_back_the_model_and_replace_older_ones() {
    let folder = Folder::new("round-trip");
    let path = folder.0.join("model.safetensors");
    let without_features = Model {
        description: "identity".to_owned(),
        theta: vec![],
        w: DenseMatrix::from_fn(2, 3, |i, j| (i + j) as f64),
        ..example(false)
    };
    for model in [example(false), example(true), without_features] {
        model.save(&path).unwrap();
        assert_eq!(Model::load(&path).unwrap(), model);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "a temporary file is left");
        let bytes = encode(&model).unwrap();
        assert!((0..5).all(|_| encode(&model).unwrap() == bytes), "the same model, the same bytes");
    }
    // A name without a folder, and the values at the ends of the range.
    let extreme = Model { theta: vec![f64::MAX, -0.0, 5e-324, 1.0, 1.0, 1.0, 1.0, 1.0, f64::MIN], ..example(false) };
    let bits = |model: &Model| model.theta.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&decode(&encode(&extreme).unwrap()).unwrap()), bits(&extreme));
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = Folder::new("paths");
    let path = folder.0.join("no-such-folder").join("model");
    assert!(message(example(false).save(&path)).starts_with(&format!("{}: cannot be written: ", path.display())));
    assert!(message(Model::load(&path)).starts_with(&format!("{}: cannot be read: ", path.display())));
    assert!(message(Model::load(&folder.0)).contains("cannot be read: "));
    // A folder cannot be replaced by a file: the old contents stay, and no temporary file does.
    let taken = folder.0.join("taken");
    std::fs::create_dir_all(taken.join("inside")).unwrap();
    assert!(message(example(false).save(&taken)).contains("cannot be written: "));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    assert!(message(example(false).save(std::path::Path::new(".."))).contains("not the name of a file"));
    let foreign = folder.0.join("table.csv");
    std::fs::write(&foreign, "a,b\n1,2\n").unwrap();
    assert!(message(Model::load(&foreign)).contains("table.csv: is not a model file of gaussling"));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = encode(&example(true)).unwrap();
    for end in 0..bytes.len() {
        assert!(matches!(decode(&bytes[..end]), Err(Problem::NotAModel(_))), "cut at {end}");
    }
    assert!(decode(&[&bytes[..], b"x"].concat()).is_err());
}

/// Each byte with each of its bits flipped, and replaced by a blank: an error, or the very model.
#[test]
fn a_damaged_byte_never_changes_a_model() {
    let model = example(true);
    let bytes = encode(&model).unwrap();
    let tensors_start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut accepted = 0;
    for at in 0..bytes.len() {
        let flips = (0..8).map(|bit| bytes[at] ^ 1 << bit).chain([b' ', b'\n', b'"', 0xff, !bytes[at]]);
        for value in flips.filter(|value| *value != bytes[at]) {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            match decode(&damaged) {
                Ok(found) => {
                    assert_eq!(found, model, "byte {at} = {value}");
                    assert!(at < tensors_start, "byte {at} = {value} of the tensors is not seen");
                    accepted += 1;
                }
                Err(problem) => assert_eq!(problem.to_string().lines().count(), 1, "{problem}"),
            }
        }
    }
    // Only blanks after the header's JSON can differ.
    assert!(accepted < 30, "{accepted}");
}

#[test]
fn parts_that_contradict_each_other_are_refused_when_saved_loaded_and_used() {
    let bad = |change: &dyn Fn(&mut Model)| {
        let mut model = example(false);
        change(&mut model);
        let saved = message(model.save(std::path::Path::new("never-written")));
        let loaded = decode(&encode(&model).unwrap()).unwrap_err().to_string();
        assert_eq!(saved, format!("model: {loaded}"));
        assert_eq!(message(model.predict(&inputs(1))), saved);
        loaded
    };
    assert!(bad(&|m| m.description = "affine:3, tahn".into()).contains("did you mean \"tanh\"?"));
    assert_eq!(bad(&|m| m.description = "affine:4, tanh".into()), "weights theta: found 9, expected 12");
    assert!(bad(&|m| m.description = "affine:1000000000000000000".into()).contains("fits in memory"));
    assert_eq!(bad(&|m| m.theta.truncate(8)), "weights theta: found 8, expected 9");
    assert_eq!(bad(&|m| m.theta[4] = f64::NAN), "weights theta, number 5: found NaN, expected a finite number");
    let w = |cols| DenseMatrix::from_fn(2, cols, |_, _| 1.0);
    assert_eq!(bad(&|m| m.w = w(3)), "columns of the output weights w: found 3, expected 4");
    assert!(bad(&|m| m.w[(1, 1)] = f64::INFINITY).contains("output weights w, number 4: found inf"));
    assert!(bad(&|m| m.input_scaling.scale[0] = 0.0).contains("number 1: found 0, expected a positive number"));
    assert!(bad(&|m| m.input_scaling.scale[1] = f64::INFINITY).contains("expected a positive number"));
    assert!(bad(&|m| m.input_scaling.mean[1] = f64::NAN).contains("means of the inputs"));
    assert!(bad(&|m| m.target_scaling.scale[1] = -1.0).contains("scales of the targets"));
    assert!(bad(&|m| m.target_scaling.mean[1] = f64::NAN).contains("means of the targets"));
    assert!(bad(&|m| m.target_names.truncate(1)).contains("names of targets: found 1, expected 2"));
    assert!(bad(&|m| m.input_names.clear()).contains("names of inputs: found 0, expected 2"));
    assert!(bad(&|m| m.classes = Some(vec!["a".into()])).contains("classes: found 1, expected 2"));
    assert!(!std::path::Path::new("never-written").exists());

    // What a file cannot hold, for its tensors have one size for mean and scale.
    let short = |change: &dyn Fn(&mut Model)| {
        let mut model = example(false);
        change(&mut model);
        message(model.save(std::path::Path::new("never-written")))
    };
    assert!(short(&|m| m.input_scaling.mean.truncate(1)).contains("means of the inputs: found 1, expected 2"));
    assert!(short(&|m| m.input_scaling.scale.truncate(1)).contains("scales of the inputs: found 1, expected 2"));
    assert!(short(&|m| m.target_scaling.mean.clear()).contains("means of the targets: found 0, expected 2"));
    assert!(short(&|m| m.target_scaling.scale.clear()).contains("scales of the targets: found 0, expected 2"));
    assert!(short(&|m| m.w = DenseMatrix::from_fn(0, 4, |_, _| 1.0)).contains("model: has no outputs"));
}

/// A change of a file's metadata and tensors.
type Edit<'f> = dyn Fn(&mut HashMap<String, String>, &mut Vec<(String, TensorView<'_>)>) + 'f;

/// Headers with parts left out or replaced, and a checksum that is right.
#[test]
fn headers_with_missing_or_wrong_entries_are_refused() {
    let bytes = encode(&example(false)).unwrap();
    let edited = |change: &Edit<'_>| {
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let mut metadata = header.metadata().clone().unwrap();
        let mut tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap().tensors();
        change(&mut metadata, &mut tensors);
        if metadata.contains_key("checksum") {
            metadata.insert("checksum".into(), checksum(&metadata, &tensors));
        }
        decode(&safetensors::serialize(tensors, Some(metadata)).unwrap()).map_err(|problem| problem.to_string())
    };
    assert_eq!(edited(&|_, _| ()), Ok(example(false)));
    for key in ["version", "description", "inputs", "classes", "input_names", "target_names", "record", "checksum"] {
        let found = edited(&|metadata, _| drop(metadata.remove(key)));
        assert_eq!(found.unwrap_err(), format!("has no {key}; save the model again"));
    }
    for name in ["theta", "w", "input_mean", "input_scale", "target_mean", "target_scale"] {
        let found = edited(&|_, tensors| tensors.retain(|(found, _)| found != name));
        assert_eq!(found.unwrap_err(), format!("has no {name}; save the model again"));
        let found = edited(&|_, tensors| {
            tensors.retain(|(found, _)| found != name);
            tensors.push((name.to_owned(), TensorView::new(Dtype::F32, vec![4], &[0; 16]).unwrap()));
        });
        assert!(found.unwrap_err().contains(&format!("{name}: found F32 numbers of shape [4], expected F64")));
    }
    let set = |key: &'static str, text: &'static str| {
        edited(&move |metadata, _| drop(metadata.insert(key.to_owned(), text.to_owned()))).unwrap_err()
    };
    assert!(edited(&|metadata, _| metadata.clear()).unwrap_err().contains("no format gaussling-model-1"));
    assert!(set("format", "gaussling-model-2").contains("format \"gaussling-model-2\", expected gaussling-model-1"));
    assert!(set("inputs", "-1").contains("inputs is not a number"));
    assert!(set("inputs", "3").contains("names of inputs: found 2, expected 3"));
    assert!(set("classes", "[1]").contains("classes: invalid type"));
    assert!(set("record", "{").contains("record: EOF"));
    assert!(set("input_names", "[\"\\ud800\"]").contains("input_names: "));
    // Empty matrices of any shape: no loop over their columns.
    for shape in [vec![0, 1 << 60], vec![1 << 60, 0], vec![0, 0]] {
        let found = edited(&|_, tensors| {
            tensors.retain(|(found, _)| found != "w");
            tensors.push(("w".to_owned(), TensorView::new(Dtype::F64, shape.clone(), &[]).unwrap()));
        });
        assert_eq!(found.unwrap_err(), "has no w; save the model again");
    }
}
