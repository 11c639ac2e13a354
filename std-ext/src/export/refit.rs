//! [`Export::refit`]: output weights for a network whose weights were rounded.
//!
//! Rounding θ moves the features from F to F̃, and the best W with them. With the rounded θ it is found anew,
//!
//! ```text
//! min  1/(2N) ‖W [F̃; 1] − C‖² + α/2 ‖W‖²,   C and the inputs scaled as in training,
//! ```
//! by the QR factorization of [F̃ᵀ/√N, 1/√N; √α I], and then rounded too. That last rounding costs more the larger W is, and
//! features that are nearly dependent make it large. So α is that of the training times 1, 10, …, 10⁸, and of the rounded W, the
//! one that was there among them, the one with the least ‖W [F̃; 1] − C‖ is taken. Least squares only: the minimum for classes takes
//! Newton steps. Cost: 9 · 2 N k (k + 3 outputs) flops for k − 1 features.

use gaussling_core::linalg::least_squares_in_place;
use gaussling_core::{Error, Portable};

use super::{Export, ExportError, Storage};
use crate::data::Standardization;
use crate::model::ModelError;
use crate::{DenseMatrix, Model};

/// α goes up to this power of ten times that of the training.
const POWERS: i32 = 8;

impl Export {
    /// As [`new`](Self::new), with the output weights solved for again on raw `inputs` and `targets`, one sample a column: those
    /// of the training. `alpha` is the regularization of W in training. [`cost`](Self::cost) still compares with the model as it is.
    ///
    /// # Errors
    /// [`ExportError::Refit`] for a classifier, targets of another shape or that are not finite, and an α that is not positive;
    /// those of [`new`](Self::new) and of [`Model::predict`].
    pub fn refit(
        model: &Model,
        storage: Storage,
        inputs: &DenseMatrix<f64>,
        targets: &DenseMatrix<f64>,
        alpha: f64,
    ) -> Result<Self, ExportError> {
        let mut export = Self::new(model, storage)?;
        let (samples, outputs) = (inputs.cols(), model.outputs());
        let refused = [
            (model.classes.is_some(), "it is a classifier, and they are those of a least-squares problem"),
            (samples == 0, "there are no samples"),
            (
                targets.rows() != outputs || targets.cols() != samples,
                "there is not a target for each output and sample",
            ),
            (!targets.as_slice().iter().all(|target| target.is_finite()), "a target is not finite"),
            (!(alpha > 0.0 && alpha.is_finite()), "alpha is not positive"),
        ];
        if let Some((_, why)) = refused.into_iter().find(|(refused, _)| *refused) {
            return Err(ExportError::Refit(why));
        }
        let core = |error| ExportError::Model(ModelError::Core(error));
        let theta: Vec<f64> = export.weights.unpacked().iter().take(model.theta.len()).map(|&x| x.into()).collect();
        let rounded = Model { theta, ..model.clone() };
        let features = features(&rounded, inputs)?;
        let mut scaled = targets.clone();
        model.target_scaling.apply_in_place(&mut scaled).map_err(|_| ExportError::Refit("its scaling is damaged"))?;
        let least = |export: &Self| residual(&export.weights.unpacked()[model.theta.len()..], &features, &scaled);
        let mut best = least(&export);
        for power in 0..=POWERS {
            let w = solve(&features, &scaled, alpha * 10_f64.powi(power)).map_err(core)?;
            // One that is out of the range of f32 is none to choose.
            let Ok(other) = Self::new(&Model { w, ..rounded.clone() }, storage) else { continue };
            let found = least(&other);
            if found < best {
                (best, export.weights) = (found, other.weights);
            }
        }
        Ok(export)
    }
}

/// min 1/(2N) ‖W [F; 1] − C‖² + α/2 ‖W‖² over W.
fn solve(features: &DenseMatrix<f64>, targets: &DenseMatrix<f64>, alpha: f64) -> Result<DenseMatrix<f64>, Error> {
    let (samples, outputs, k) = (features.cols(), targets.rows(), features.rows() + 1);
    let root = (samples as f64).sqrt();
    let mut a = DenseMatrix::from_fn(samples + k, k, |row, column| match row.checked_sub(samples) {
        None if column + 1 == k => 1.0 / root,
        None => features[(column, row)] / root,
        Some(row) if row == column => alpha.sqrt(),
        Some(_) => 0.0,
    });
    let target = |row: usize, output: usize| if row < samples { targets[(output, row)] / root } else { 0.0 };
    let mut b = DenseMatrix::from_fn(samples + k, outputs, target);
    least_squares_in_place(&Portable, a.view_mut(), &mut vec![0.0; k], b.view_mut())?;
    Ok(DenseMatrix::from_fn(outputs, k, |output, column| b[(column, output)]))
}

/// ‖W [F; 1] − C‖² for W column by column.
fn residual(w: &[f32], features: &DenseMatrix<f64>, targets: &DenseMatrix<f64>) -> f64 {
    let (outputs, bias) = (targets.rows(), features.rows());
    let mut squares = 0.0;
    for j in 0..features.cols() {
        for (i, target) in targets.col(j).iter().enumerate() {
            let weight = |column: usize| f64::from(w[outputs * column + i]);
            let sum: f64 = features.col(j).iter().enumerate().map(|(column, z)| weight(column) * z).sum();
            squares += (sum + weight(bias) - target).powi(2);
        }
    }
    squares
}

/// The features of a model for raw inputs, one sample a column: what it predicts when each output is a feature.
fn features(model: &Model, inputs: &DenseMatrix<f64>) -> Result<DenseMatrix<f64>, ExportError> {
    let count = model.w.cols().saturating_sub(1);
    let identity = Model {
        w: DenseMatrix::from_fn(count, count + 1, |i, j| if i == j { 1.0 } else { 0.0 }),
        target_scaling: Standardization { mean: vec![0.0; count], scale: vec![1.0; count] },
        target_names: vec![String::new(); count],
        ..model.clone()
    };
    Ok(identity.predict(inputs)?)
}
