//! [`Model`]: a trained network with all that is needed to use it: predictions from raw inputs, in the units of the targets.
//!
//! ```text
//! prediction(x) = σ_c ∘ (W·[F(θ, (x − μ_x)/σ_x); 1]) + μ_c
//! ```
//! with F the network of the description and μ, σ the standardizations. For a classifier the prediction is a score for each
//! class; give it a target standardization of mean 0 and scale 1 when it was trained on plain 0/1 targets.
//!
//! **Contract.** The fields are public, so they are checked against each other whenever the model is used, saved or loaded:
//! lengths, shapes, finite numbers. A saved file is complete or not there at all, and a loaded one has the bytes that were
//! saved (see `file.rs`). Predictions do not depend on how many samples are asked for at once.
//!
//! **Layers**, each using only those above it: `error`; this file; `file`.

mod error;
mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gaussling_core::Backend;

use crate::DenseMatrix;
use crate::data::Standardization;
use crate::kernels::kernels;
use crate::matrix::largest;
use crate::network::Sequential;

pub use error::{ModelError, Problem};
pub use file::{is_model, version};

/// A trained network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The network F, in the language of [`Sequential::parse`].
    pub description: String,
    /// Inputs of the network.
    pub inputs: usize,
    /// Weights θ of the network.
    pub theta: Vec<f64>,
    /// The output layer W, outputs × (features + 1); the last column is the bias.
    pub w: DenseMatrix<f64>,
    /// From raw inputs to the network's.
    pub input_scaling: Standardization,
    /// From the targets to what W predicts.
    pub target_scaling: Standardization,
    /// For a classifier the labels, in the order of the outputs.
    pub classes: Option<Vec<String>>,
    /// Names of the inputs.
    pub input_names: Vec<String>,
    /// Names of the target columns: one for each output, or for a classifier the one of the labels.
    pub target_names: Vec<String>,
    /// How it was trained: method, seed, losses, …
    pub record: BTreeMap<String, String>,
}

impl Model {
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.w.rows()
    }

    /// The network F, after checking that all parts fit each other.
    ///
    /// # Errors
    /// [`Problem`]: the description is wrong, a length does not fit, or a number is not finite.
    pub fn network(&self) -> Result<Sequential, Problem> {
        let length = |what, found, expected| {
            if found == expected { Ok(()) } else { Err(Problem::Length { what, found, expected }) }
        };
        length("names of inputs", self.input_names.len(), self.inputs)?;
        let network = Sequential::parse(&self.description, self.inputs)?;
        let outputs = self.outputs();
        length("weights theta", self.theta.len(), network.shape().params)?;
        length("columns of the output weights w", self.w.cols(), network.features() + 1)?;
        if outputs == 0 {
            return Err(Problem::Missing("outputs"));
        }
        length("means of the inputs", self.input_scaling.mean.len(), self.inputs)?;
        length("scales of the inputs", self.input_scaling.scale.len(), self.inputs)?;
        length("means of the targets", self.target_scaling.mean.len(), outputs)?;
        length("scales of the targets", self.target_scaling.scale.len(), outputs)?;
        if let Some(classes) = &self.classes {
            length("classes", classes.len(), outputs)?;
        }
        if self.classes.is_none() || self.target_names.len() != 1 {
            length("names of targets", self.target_names.len(), outputs)?;
        }
        let (input, target) = (&self.input_scaling, &self.target_scaling);
        all("weights theta", &self.theta, "finite", f64::is_finite)?;
        all("output weights w", self.w.as_slice(), "finite", f64::is_finite)?;
        all("means of the inputs", &input.mean, "finite", f64::is_finite)?;
        all("means of the targets", &target.mean, "finite", f64::is_finite)?;
        all("scales of the inputs", &input.scale, "positive", is_positive)?;
        all("scales of the targets", &target.scale, "positive", is_positive)?;
        Ok(network)
    }

    /// Predictions for raw inputs, one sample a column, in the units of the targets; for a classifier class scores.
    ///
    /// With the fast kernels of this CPU; an [`Export`](crate::export::Export) has the same bits on every platform.
    ///
    /// # Errors
    /// [`ModelError::Inputs`] and [`ModelError::NotFinite`] for wrong inputs, [`ModelError::Model`] for a wrong model.
    pub fn predict(&self, x: &DenseMatrix<f64>) -> Result<DenseMatrix<f64>, ModelError> {
        self.predict_with(kernels(), x)
    }

    /// [`predict`](Self::predict) with the kernels of `backend`.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_with<B: Backend<f64>>(
        &self,
        backend: &B,
        x: &DenseMatrix<f64>,
    ) -> Result<DenseMatrix<f64>, ModelError> {
        let whole = self.network()?.with_output(self.outputs())?;
        if x.rows() != self.inputs {
            return Err(ModelError::Inputs { found: x.rows(), expected: self.inputs });
        }
        if let Some(at) = x.as_slice().iter().position(|value| !value.is_finite()) {
            let (sample, input) = (at / self.inputs + 1, at % self.inputs + 1);
            return Err(ModelError::NotFinite { sample, input, value: x.as_slice()[at] });
        }
        let mut inputs = x.clone();
        self.input_scaling.apply_in_place(&mut inputs).expect("as many rows as was checked");
        let mut predictions = DenseMatrix::from_fn(self.outputs(), x.cols(), |_, _| 0.0);

        let weights = [&self.theta, self.w.as_slice()].concat();
        whole.apply(backend, &weights, inputs.view(), predictions.view_mut())?;
        self.target_scaling.invert_in_place(&mut predictions).expect("as many rows as was checked");
        Ok(predictions)
    }

    /// The class with the largest score for each sample, as an index into `classes`; of equal scores the first.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ModelError::NotAClassifier`].
    pub fn predict_classes(&self, x: &DenseMatrix<f64>) -> Result<Vec<usize>, ModelError> {
        if self.classes.is_none() {
            return Err(ModelError::NotAClassifier);
        }
        let scores = self.predict(x)?;
        Ok((0..scores.cols()).map(|sample| largest(scores.col(sample))).collect())
    }
}

fn is_positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn all(what: &'static str, values: &[f64], expected: &'static str, holds: impl Fn(f64) -> bool) -> Result<(), Problem> {
    match values.iter().position(|&value| !holds(value)) {
        Some(at) => Err(Problem::Number { what, position: at + 1, value: values[at], expected }),
        None => Ok(()),
    }
}
