//! Model files and checkpoints: as they are, and with a checksum that fits whatever was changed in them.

use gaussling::train::Checkpoint;
use gaussling::{DenseMatrix, Model};
use safetensors::tensor::{SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};

/// Samples to predict.
const SAMPLES: usize = 3;
/// Descriptions may ask for more memory than there is; a file of this size cannot hold the weights of such a network.
const LARGEST: usize = 1 << 16;

/// Bytes: a model file.
pub fn model(bytes: &[u8]) {
    check_model(bytes);
    if let Some(sealed) = seal(bytes) {
        check_model(&sealed);
    }
}

/// Bytes: a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    check_checkpoint(bytes);
    if let Some(sealed) = seal(bytes) {
        check_checkpoint(&sealed);
    }
}

fn one_line(message: &str) {
    assert!(!message.is_empty() && !message.contains(['\n', '\r']), "not one line: {message:?}");
}

fn check_model(bytes: &[u8]) {
    let model = match Model::from_bytes(bytes) {
        Ok(model) => model,
        Err(error) => return one_line(&error.to_string()),
    };
    let scalings = [&model.input_scaling, &model.target_scaling];
    let numbers = model.theta.iter().chain(model.w.as_slice()).chain(scalings.iter().flat_map(|s| &s.mean));
    assert!(numbers.copied().all(f64::is_finite), "{model:?}");
    assert!(scalings.iter().flat_map(|s| &s.scale).all(|&scale| scale > 0.0 && scale.is_finite()), "{model:?}");
    assert!(model.w.rows() > 0 && model.inputs == model.input_names.len());
    assert!(model.classes.as_ref().is_none_or(|classes| classes.len() == model.w.rows()));
    // What was loaded is saved as itself: version and order of the header are those of this program.
    let saved = model.to_bytes().expect("a model that was loaded");
    let again = Model::from_bytes(&saved).expect("a model that was saved");
    assert_eq!(again, model);
    assert_eq!(again.to_bytes().expect("a model that was loaded"), saved);

    let x = DenseMatrix::from_fn(model.inputs, SAMPLES, |i, j| (i + 2 * j) as f64 - 1.5);
    let prediction = model.predict(&x).expect("finite inputs of the right number");
    assert_eq!((prediction.rows(), prediction.cols()), (model.outputs(), SAMPLES));
    match model.predict_classes(&x) {
        Ok(classes) => {
            assert!(classes.len() == SAMPLES && classes.iter().all(|&class| class < model.outputs()));
        }
        Err(error) => {
            one_line(&error.to_string());
            assert!(model.classes.is_none());
        }
    }
}

fn check_checkpoint(bytes: &[u8]) {
    match Checkpoint::from_bytes(bytes) {
        Err(error) => one_line(&error),
        Ok(checkpoint) => {
            let saved = checkpoint.to_bytes().expect("a checkpoint that was loaded");
            let again = Checkpoint::from_bytes(&saved).expect("a checkpoint that was saved");
            // By their bytes, since numbers may be NaN: a loss before the first one is.
            assert!(again.to_bytes().expect("a checkpoint that was loaded") == saved);
            assert_eq!(again.history().len(), checkpoint.history().len());
            assert!(again.work_units().to_bits() == checkpoint.work_units().to_bits());
        }
    }
}

/// The file with the checksum that `storage::checksum`, which is not public, would have written: CRC-32 over all of the metadata and the tensors, each part
/// behind its length. `None` for what is no safetensors file.
fn seal(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > LARGEST {
        return None;
    }
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let mut metadata: HashMap<String, String> = header.metadata().clone()?;
    let tensors: Vec<(String, TensorView<'_>)> = SafeTensors::deserialize(bytes).ok()?.tensors();
    let mut hasher = crc32fast::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    for (key, text) in metadata.iter().filter(|(key, _)| *key != "checksum").collect::<BTreeMap<_, _>>() {
        add(key.as_bytes());
        add(text.as_bytes());
    }
    for (name, tensor) in tensors.iter().map(|(name, tensor)| (name, tensor)).collect::<BTreeMap<_, _>>() {
        add(name.as_bytes());
        add(format!("{:?} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(tensor.data());
    }
    metadata.insert("checksum".to_owned(), format!("{:08x}", hasher.finalize()));
    safetensors::serialize(tensors, Some(metadata)).ok()
}
