//! Files of checkpoints: safetensors, as for models, so one program reads both.
//!
//! | tensor (f64) | shape |
//! |---|---|
//! | `history` | records × 5: work units, seconds, training loss, validation loss, control |
//! | `best` | 3: loss, work units of the best weights; seconds of training |
//! | `best_weights` | all weights, \[θ; vec W\] |
//! | `state.…` | whatever the method saves, lists of numbers |
//!
//! Metadata: `format`, `identity` (JSON: names and values of all that the run is a function of) and `checksum`, as for models. A
//! file is written beside its place and renamed into it, so an interruption at any moment leaves the last whole one.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::checkpoint::{Checkpoint, CheckpointError, State};
use super::monitor::Record;
use crate::storage::{TEMPORARY, beside, bytes_of, checksum, one_line, replace, sort_header, target};

const FORMAT: &str = "gaussling-checkpoint-1";

/// Names of the state's lists start with this.
const STATE: &str = "state.";

impl Checkpoint {
    /// Writes the checkpoint to a file, in one step: an interruption leaves the old file or the new one, never a part.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let unwritable = |reason| CheckpointError::Unwritable { file: path.to_path_buf(), reason };
        let bytes = encode(self).map_err(io::Error::other).map_err(unwritable)?;
        replace(path, &bytes).map_err(unwritable)
    }

    /// Removes the file of a run that needs no checkpoint any more, and what an interrupted [`save`](Self::save) left; that
    /// there is none is no error.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`].
    pub fn remove(path: &Path) -> Result<(), CheckpointError> {
        let remove = |file: &Path| match fs::remove_file(file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        let file = target(path);
        let removed = remove(&file).and_then(|()| remove(&beside(&file, TEMPORARY)?));
        removed.map_err(|reason| CheckpointError::Unwritable { file: path.to_path_buf(), reason })
    }

    /// The bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// What safetensors has against them, in a line.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        encode(self).map_err(|error| one_line(&error.to_string()))
    }

    /// The checkpoint in the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them, in a line, when they are foreign, cut or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        decode(bytes)
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`], and [`CheckpointError::File`] when it is foreign, cut or damaged.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let file = || path.to_path_buf();
        let bytes = fs::read(path).map_err(|reason| CheckpointError::Unreadable { file: file(), reason })?;
        decode(&bytes).map_err(|reason| CheckpointError::File { file: file(), reason })
    }
}

pub(super) fn encode(checkpoint: &Checkpoint) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let Checkpoint { identity, history, best, best_weights, seconds, state } = checkpoint;
    let records: Vec<f64> =
        history.iter().flat_map(|r| [r.work_units, r.seconds, r.train_loss, r.validation_loss, r.control]).collect();
    let best = [best.0, best.1, *seconds];
    let mut lists = vec![
        ("history".to_string(), vec![history.len(), 5], bytes_of(&records)),
        ("best".to_string(), vec![3], bytes_of(&best)),
        ("best_weights".to_string(), vec![best_weights.len()], bytes_of(best_weights)),
    ];
    lists.extend(state.0.iter().map(|(name, x)| (format!("{STATE}{name}"), vec![x.len()], bytes_of(x))));
    let mut tensors = Vec::new();
    for (name, shape, bytes) in &lists {
        tensors.push((name.clone(), TensorView::new(Dtype::F64, shape.clone(), bytes)?));
    }
    let identity = serde_json::json!(identity).to_string();
    let mut metadata: HashMap<String, String> =
        [("format".to_string(), FORMAT.to_string()), ("identity".to_string(), identity)].into();
    metadata.insert("checksum".to_string(), checksum(&metadata, &tensors));
    let mut bytes = safetensors::serialize(tensors, Some(metadata))?;
    sort_header(&mut bytes);
    Ok(bytes)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Checkpoint, String> {
    let foreign = |e: safetensors::SafeTensorError| {
        format!("is not a checkpoint of gaussling, or is cut short: {}", one_line(&e.to_string()))
    };
    let damaged = |what: &str| format!("is a damaged checkpoint: {what}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(foreign)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    match metadata.get("format") {
        Some(format) if format == FORMAT => {}
        Some(format) => return Err(format!("has the format {:?}, expected {FORMAT:?}", one_line(format))),
        None => return Err(format!("is not a checkpoint of gaussling: no format {FORMAT}")),
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(foreign)?.tensors();
    let expected = checksum(&metadata, &tensors);
    if metadata.get("checksum") != Some(&expected) {
        return Err(damaged("its checksum is wrong"));
    }
    let mut lists = Vec::new();
    for (name, tensor) in &tensors {
        if tensor.dtype() != Dtype::F64 {
            return Err(damaged(&format!("{} are not f64 numbers", one_line(name))));
        }
        let number = |bytes: &[u8]| bytes.try_into().map_or(f64::NAN, f64::from_le_bytes);
        lists.push((name.clone(), tensor.data().chunks_exact(8).map(number).collect::<Vec<f64>>()));
    }
    let mut take = |name: &str| {
        let at = lists.iter().position(|(other, _)| other == name);
        at.map(|at| lists.swap_remove(at).1).ok_or_else(|| damaged(&format!("it has no {name}")))
    };
    let (history, best, best_weights) = (take("history")?, take("best")?, take("best_weights")?);
    let &[loss, at, seconds] = best.as_slice() else { return Err(damaged("best: 3 numbers are needed")) };
    let record = |r: &[f64; 5]| Record {
        work_units: r[0],
        seconds: r[1],
        train_loss: r[2],
        validation_loss: r[3],
        control: r[4],
    };
    let (records, []) = history.as_chunks::<5>() else { return Err(damaged("history: 5 numbers a record are needed")) };
    let history = records.iter().map(record).collect();
    let identity = metadata.get("identity").and_then(|text| serde_json::from_str(text).ok());
    let mut state: Vec<(String, Vec<f64>)> =
        lists.into_iter().filter_map(|(name, x)| Some((name.strip_prefix(STATE)?.to_string(), x))).collect();
    state.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Checkpoint {
        identity: identity.ok_or_else(|| damaged("identity: pairs of texts are needed"))?,
        history,
        best: (loss, at),
        best_weights,
        seconds,
        state: State(state),
    })
}
