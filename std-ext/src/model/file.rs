//! Model files: [safetensors](https://github.com/huggingface/safetensors), so that other programs can read the weights.
//!
//! | tensor (f64) | shape |
//! |---|---|
//! | `theta` | parameters |
//! | `w` | outputs × (features + 1), row by row as the format has it |
//! | `input_mean`, `input_scale` | inputs |
//! | `target_mean`, `target_scale` | outputs |
//!
//! All else is in the metadata, as text or JSON: `format`, `version` (that wrote it), `description`, `inputs`, `classes`,
//! `input_names`, `target_names`, `record`, and `checksum`: the CRC-32 of all metadata and tensors, names and shapes
//! included. A CRC finds every flipped run of up to 32 bits for certain; what lies outside (the bytes of the header between
//! its strings) is checked by the JSON parser and by the sizes that must add up to the length of the file.
//!
//! The same model gives the same bytes: the keys of the header are sorted.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::{fs, io};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;

use super::{Model, ModelError, Problem};
use crate::DenseMatrix;
use crate::data::{Standardization, quoted};
use crate::storage::{bytes_of, checksum, one_line, replace, sort_header};

const FORMAT: &str = "gaussling-model-1";
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Model {
    /// Writes the model into one file: a temporary one in the same folder first, which then takes the place of `path`. So an
    /// interruption leaves the old file or the new one, never a part.
    ///
    /// # Errors
    /// [`ModelError::Model`] when the parts do not fit each other, [`ModelError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        self.network()?;
        let unwritable = |reason| ModelError::Unwritable { file: path.to_path_buf(), reason };
        let bytes = encode(self).map_err(io::Error::other).map_err(unwritable)?;
        replace(path, &bytes).map_err(unwritable)
    }

    /// The bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`ModelError::Model`] when the parts do not fit each other.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.network()?;
        Ok(encode(self).map_err(|error| Problem::Damaged(one_line(&error.to_string())))?)
    }

    /// The model in the bytes of a file, for example one that [`include_bytes!`] put into the program.
    ///
    /// # Errors
    /// [`ModelError::Model`], where [`load`](Self::load) has [`ModelError::File`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Ok(decode(bytes)?)
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`ModelError::Unreadable`], and [`ModelError::File`] when the file is foreign, cut, damaged, or its parts do not fit
    /// each other.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let file = || path.to_path_buf();
        let bytes = fs::read(path).map_err(|reason| ModelError::Unreadable { file: file(), reason })?;
        decode(&bytes).map_err(|problem| ModelError::File { file: file(), problem })
    }
}

/// Whether a file looks like a model, sound or not: safetensors begin with the length of a header, and `{`.
///
/// `false` for files that cannot be read.
pub fn is_model(path: &Path) -> bool {
    let mut start = [0; 9];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    let [length @ .., brace] = start;
    read.is_ok() && brace == b'{' && u64::from_le_bytes(length) < 1 << 40
}

/// The version of gaussling that wrote a model file.
///
/// # Errors
/// As [`Model::load`].
pub fn version(path: &Path) -> Result<String, ModelError> {
    let file = || path.to_path_buf();
    let bytes = fs::read(path).map_err(|reason| ModelError::Unreadable { file: file(), reason })?;
    let wrong = |problem| ModelError::File { file: file(), problem };
    decode(&bytes).map_err(wrong)?;
    let (_, header) =
        SafeTensors::read_metadata(&bytes).map_err(|e| wrong(Problem::NotAModel(one_line(&e.to_string()))))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    text(&metadata, "version").cloned().map_err(wrong)
}

/// The bytes of a model's file.
pub(super) fn encode(model: &Model) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let json = |list: &Vec<String>| Value::from(list.clone()).to_string();
    let mut metadata: HashMap<String, String> = HashMap::from(
        [
            ("format", FORMAT.to_owned()),
            ("version", VERSION.to_owned()),
            ("description", model.description.clone()),
            ("inputs", model.inputs.to_string()),
            ("classes", model.classes.as_ref().map_or("null".to_owned(), json)),
            ("input_names", json(&model.input_names)),
            ("target_names", json(&model.target_names)),
            ("record", Value::from_iter(model.record.clone()).to_string()),
        ]
        .map(|(key, text)| (key.to_owned(), text)),
    );
    let w = model.w.transposed();
    let owned = [
        ("theta", vec![model.theta.len()], bytes_of(&model.theta)),
        ("w", vec![model.w.rows(), model.w.cols()], bytes_of(w.as_slice())),
        ("input_mean", vec![model.inputs], bytes_of(&model.input_scaling.mean)),
        ("input_scale", vec![model.inputs], bytes_of(&model.input_scaling.scale)),
        ("target_mean", vec![model.outputs()], bytes_of(&model.target_scaling.mean)),
        ("target_scale", vec![model.outputs()], bytes_of(&model.target_scaling.scale)),
    ];
    let mut tensors = Vec::new();
    for (name, shape, bytes) in &owned {
        tensors.push(((*name).to_owned(), TensorView::new(Dtype::F64, shape.clone(), bytes)?));
    }
    metadata.insert("checksum".to_owned(), checksum(&metadata, &tensors));
    let mut bytes = safetensors::serialize(tensors, Some(metadata))?;
    sort_header(&mut bytes);
    Ok(bytes)
}

/// The model in the bytes of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Model, Problem> {
    let foreign = |error: safetensors::SafeTensorError| Problem::NotAModel(one_line(&error.to_string()));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(foreign)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let format = metadata.get("format").ok_or_else(|| Problem::NotAModel(format!("no format {FORMAT}")))?;
    if format != FORMAT {
        let by = metadata.get("version").map_or("unknown".to_owned(), |version| quoted(version));
        return Err(Problem::Format { found: quoted(format), expected: FORMAT, by, here: VERSION });
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(foreign)?.tensors();
    let (found, expected) = (text(&metadata, "checksum")?, checksum(&metadata, &tensors));
    if *found != expected {
        return Err(Problem::Damaged(format!("its checksum is {expected}, but {} is written in it", quoted(found))));
    }

    let inputs: Result<usize, _> = text(&metadata, "inputs")?.parse();
    let model = Model {
        description: text(&metadata, "description")?.to_owned(),
        inputs: inputs.map_err(|_| Problem::Damaged("inputs is not a number".to_owned()))?,
        theta: vector(&tensors, "theta")?,
        w: matrix(&tensors, "w")?,
        input_scaling: Standardization {
            mean: vector(&tensors, "input_mean")?,
            scale: vector(&tensors, "input_scale")?,
        },
        target_scaling: Standardization {
            mean: vector(&tensors, "target_mean")?,
            scale: vector(&tensors, "target_scale")?,
        },
        classes: serde_json::from_str(text(&metadata, "classes")?).map_err(not_json("classes"))?,
        input_names: serde_json::from_str(text(&metadata, "input_names")?).map_err(not_json("input_names"))?,
        target_names: serde_json::from_str(text(&metadata, "target_names")?).map_err(not_json("target_names"))?,
        record: serde_json::from_str(text(&metadata, "record")?).map_err(not_json("record"))?,
    };
    text(&metadata, "version")?;
    model.network()?;
    Ok(model)
}

fn text<'a>(metadata: &'a HashMap<String, String>, key: &'static str) -> Result<&'a String, Problem> {
    metadata.get(key).ok_or(Problem::Missing(key))
}

fn not_json(key: &'static str) -> impl Fn(serde_json::Error) -> Problem {
    move |error| Problem::Damaged(format!("{key}: {}", one_line(&error.to_string())))
}

fn tensor<const RANK: usize>(
    tensors: &[(String, TensorView<'_>)],
    name: &'static str,
) -> Result<([usize; RANK], Vec<f64>), Problem> {
    let (_, tensor) = tensors.iter().find(|(found, _)| found == name).ok_or(Problem::Missing(name))?;
    let shape = <[usize; RANK]>::try_from(tensor.shape()).ok().filter(|_| tensor.dtype() == Dtype::F64);
    let (dtype, found) = (tensor.dtype(), tensor.shape());
    let expected = format!("{name}: found {dtype:?} numbers of shape {found:?}, expected F64 numbers and {RANK} sizes");
    let number = |bytes: &[u8]| bytes.try_into().map_or(f64::NAN, f64::from_le_bytes);
    Ok((shape.ok_or(Problem::Damaged(expected))?, tensor.data().chunks_exact(8).map(number).collect()))
}

fn vector(tensors: &[(String, TensorView<'_>)], name: &'static str) -> Result<Vec<f64>, Problem> {
    tensor::<1>(tensors, name).map(|(_, values)| values)
}

fn matrix(tensors: &[(String, TensorView<'_>)], name: &'static str) -> Result<DenseMatrix<f64>, Problem> {
    let ([rows, cols], values) = tensor::<2>(tensors, name)?;
    // Row by row is column by column of the transpose. An empty one could have any number of columns.
    let transposed = DenseMatrix::from_vec(values, cols, rows).filter(|matrix| !matrix.as_slice().is_empty());
    Ok(transposed.ok_or(Problem::Missing(name))?.transposed())
}
