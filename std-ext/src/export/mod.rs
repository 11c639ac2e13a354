//! [`Export`]: a model as a device computes it, in `f32` and with weights of 32, 16 or 8 bits.
//!
//! Two things with one arithmetic: Rust source for a `no_std` crate that depends on `gaussling-core` alone
//! ([`Export::rust`]), and the same prediction here ([`Export::predict`]). Both are the core's [`Predictor`] with the
//! [`Portable`] backend on the same numbers, one sample at a time, so their bits are equal:
//!
//! 1. Every weight, mean and scale of the model is rounded from `f64` to the nearest `f32`; with [`Storage::F16`] and
//!    [`Storage::Int8`] the weights are then rounded once more to a multiple of their block's scale factor ([`Scaled`]).
//! 2. x ← (x − μ)/σ, the network with its output layer as [`Evaluate`](gaussling_core::nn::Evaluate) computes it, y ← y σ + μ, all in `f32`.
//!
//! What this costs against the `f64` model is measured ([`Export::cost`]), not assumed.
//!
//! **Contract.** An `Export` is made of a sound model and of numbers that are finite in `f32`. The source compiles, and neither
//! panics nor allocates. Every layer that a description can name has its type in the source: a new kind of layer does not
//! compile until it has one too.
//!
//! **Layers**, each using only those above it: `pack`; this file; `refit`, `source`.

mod pack;
mod refit;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use gaussling_core::Portable;
use gaussling_core::nn::{Predictor, Scaled, argmax, predictor_work_len, standard_normal};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::data::Standardization;
use crate::matrix::largest;
use crate::model::{ModelError, Problem};
use crate::network::Sequential;
use crate::{DenseMatrix, Model};

use pack::Packed;

/// How weights are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// 32 bits: the weights rounded to `f32`.
    #[default]
    F32,
    /// 16 bits of floating point, and a factor for 32 weights; no factor for weights of the output layer and others.
    F16,
    /// 8 bits, and a factor for 32 weights, likewise.
    Int8,
}

impl Storage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The model is not sound, or an input was not.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A number that is infinite in `f32`, or a scale that is zero there.
    #[error("export: {what}, number {position}: {value:e} is out of the range of f32; scale the data, and train again")]
    Range {
        /// The part it is in.
        what: &'static str,
        /// Which number of the part, from 1.
        position: usize,
        /// The number.
        value: f64,
    },
    /// W cannot be solved for again.
    #[error("export: the output weights cannot be solved for again: {0}")]
    Refit(&'static str),
    /// A prediction that overflows.
    #[error("export: the prediction for sample {sample} is not finite in f32; scale the data, and train again")]
    NotFinite {
        /// The sample, from 1.
        sample: usize,
    },
}

/// What the arithmetic of the device costs, against the model in `f64` at the same inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Samples it was measured on.
    pub samples: usize,
    /// Root mean square of the differences; regression: in units of each target's scale, so its standard deviation in training
    /// where the data were standardized. Classes: of the scores.
    pub rms: f64,
    /// The largest difference, likewise.
    pub largest: f64,
    /// For classes the share of other answers.
    pub changed: Option<f64>,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, rms, largest, changed } = self;
        let what = if changed.is_some() { "of the scores" } else { "in units of the targets' scales" };
        write!(f, "rms {rms:.1e}, largest {largest:.1e} {what}, on {samples} samples")?;
        changed.map_or(Ok(()), |share| write!(f, "; {:.2} % other answers", 100.0 * share))
    }
}

/// A model as a device computes it.
#[derive(Clone, Debug)]
pub struct Export {
    /// The network with its output layer.
    network: Sequential,
    weights: Packed,
    input_mean: Vec<f32>,
    input_scale: Vec<f32>,
    target_mean: Vec<f32>,
    target_scale: Vec<f32>,
    storage: Storage,
    /// Names, classes and record of the model it came from.
    model: Model,
}

impl Export {
    /// Rounds the numbers of a model.
    ///
    /// # Errors
    /// [`ExportError::Model`] when the model is not sound, [`ExportError::Range`].
    pub fn new(model: &Model, storage: Storage) -> Result<Self, ExportError> {
        let core = |error| ExportError::Model(ModelError::Core(error));
        let problem = |problem: Problem| ExportError::Model(ModelError::Model(problem));
        let network = model.network().map_err(problem)?.with_output(model.outputs()).map_err(core)?;
        let mut weights = round("weights theta", &model.theta)?;
        weights.extend(round("output weights w", model.w.as_slice())?);
        let Standardization { mean: input_mean, scale: input_scale } = &model.input_scaling;
        let Standardization { mean: target_mean, scale: target_scale } = &model.target_scaling;
        Ok(Self {
            network,
            weights: Packed::new(&weights, model.theta.len(), storage),
            input_mean: round("means of the inputs", input_mean)?,
            input_scale: round_scale("scales of the inputs", input_scale)?,
            target_mean: round("means of the targets", target_mean)?,
            target_scale: round_scale("scales of the targets", target_scale)?,
            storage,
            model: model.clone(),
        })
    }

    /// The prediction for one raw sample: the bits that the device gets. For a classifier scores.
    ///
    /// # Errors
    /// [`ModelError::Inputs`] for a sample of another length.
    pub fn predict(&self, x: &[f32]) -> Result<Vec<f32>, ExportError> {
        let (found, expected) = (x.len(), self.model.inputs);
        if found != expected {
            return Err(ModelError::Inputs { found, expected }.into());
        }
        let mut y = vec![f32::NAN; self.model.outputs()];
        let mut work = vec![0.0; predictor_work_len(self.network.shape())];
        let done = match &self.weights {
            Packed::Plain(weights) => self.predictor(&weights[..]).predict(&Portable, x, &mut y, &mut work),
            Packed::Half { values, scales, first } => {
                self.predictor(Scaled::starting_at(values, scales, *first)).predict(&Portable, x, &mut y, &mut work)
            }
            Packed::Byte { values, scales, first } => {
                self.predictor(Scaled::starting_at(values, scales, *first)).predict(&Portable, x, &mut y, &mut work)
            }
        };
        done.map_err(ModelError::Core)?;
        Ok(y)
    }

    fn predictor<W>(&self, weights: W) -> Predictor<'_, f32, Sequential, W> {
        let Self { network, input_mean, input_scale, target_mean, target_scale, .. } = self;
        Predictor { network, weights, input_mean, input_scale, target_mean, target_scale }
    }

    /// The class that the device answers for one raw sample, as an index into the model's classes.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ModelError::NotAClassifier`].
    pub fn classify(&self, x: &[f32]) -> Result<usize, ExportError> {
        if self.model.classes.is_none() {
            return Err(ModelError::NotAClassifier.into());
        }
        Ok(argmax(&self.predict(x)?))
    }

    /// Differences from the model in `f64`, on raw inputs with one sample a column.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ExportError::NotFinite`] when a prediction overflows.
    pub fn cost(&self, inputs: &DenseMatrix<f64>) -> Result<Cost, ExportError> {
        let exact = self.model.predict(inputs)?;
        let (samples, classes) = (inputs.cols(), self.model.classes.is_some());
        let (mut squares, mut most, mut changed) = (0.0, 0.0_f64, 0_usize);
        for j in 0..samples {
            let found = self.predict(&to_f32(inputs.col(j)))?;
            if !found.iter().all(|y| y.is_finite()) {
                return Err(ExportError::NotFinite { sample: j + 1 });
            }
            for ((&y, &found), &scale) in exact.col(j).iter().zip(&found).zip(&self.model.target_scaling.scale) {
                let difference = (f64::from(found) - y).abs() / scale;
                squares += difference * difference;
                most = most.max(difference);
            }
            changed += usize::from(classes && argmax(&found) != largest(exact.col(j)));
        }
        let share = |part: f64| if samples == 0 { 0.0 } else { part / samples as f64 };
        let rms = (share(squares) / self.model.outputs() as f64).sqrt();
        Ok(Cost { samples, rms, largest: most, changed: classes.then(|| share(changed as f64)) })
    }

    /// Bytes of all constants: weights, scale factors, standardizations.
    pub fn flash(&self) -> usize {
        let scaling = 2 * (self.input_mean.len() + self.target_mean.len()) * size_of::<f32>();
        self.weights.bytes() + scaling
    }

    /// Bytes of the arrays in which a prediction is computed, its result included; the call frames come on top.
    pub fn ram(&self) -> usize {
        let shape = source::shape_of(&self.network);
        size_of::<f32>() * (predictor_work_len(shape) + shape.features)
    }

    /// How the weights are stored.
    pub fn storage(&self) -> Storage {
        self.storage
    }
}

/// Raw inputs to try a model on where no data are at hand: normally distributed, with the mean and, where the model
/// standardizes its inputs, the deviation of the training data; the same in every run.
pub fn made_up_inputs(model: &Model, samples: usize) -> DenseMatrix<f64> {
    let Standardization { mean, scale } = &model.input_scaling;
    let standardized = mean.iter().any(|&mean| mean != 0.0) || scale.iter().any(|&scale| scale != 1.0);
    // Training scales inputs to deviation 1/√n.
    let root = if standardized { (model.inputs as f64).sqrt() } else { 1.0 };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    DenseMatrix::from_fn(model.inputs, samples, |i, _| mean[i] + scale[i] / root * standard_normal(&mut rng))
}

/// The nearest numbers.
fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn round(what: &'static str, values: &[f64]) -> Result<Vec<f32>, ExportError> {
    checked(what, values, |rounded| rounded.is_finite())
}

/// Scales are divided by, and must not become zero.
fn round_scale(what: &'static str, values: &[f64]) -> Result<Vec<f32>, ExportError> {
    checked(what, values, |rounded| rounded.is_finite() && rounded > 0.0)
}

fn checked(what: &'static str, values: &[f64], holds: impl Fn(f32) -> bool) -> Result<Vec<f32>, ExportError> {
    let rounded = to_f32(values);
    match rounded.iter().position(|&value| !holds(value)) {
        Some(at) => Err(ExportError::Range { what, position: at + 1, value: values[at] }),
        None => Ok(rounded),
    }
}
