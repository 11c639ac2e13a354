//! [`Predictor`]: a finished model over borrowed constants, from raw inputs to predictions in the units of the targets.
//!
//! ```text
//! y = σ_c ∘ F(θ, (x − μ_x)/σ_x) + μ_c
//! ```
//! F is the whole network, its last affine layer included. Nothing is allocated and no derivative prepared; on a device the
//! constants stay in flash. This is the arithmetic, to the bit, of files that `gaussling export` writes and of their counterpart on the
//! desktop.
//!
//! NaN or infinite inputs are not refused: a device has nobody to tell. NaN gives NaN, or what the layers make of infinities.

use super::weights::Weights;
use super::{Evaluate, Shape};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::scalar::Real;

/// A trained network with the standardizations around it.
///
/// ```
/// use gaussling_core::nn::{Affine, Layer, Predictor, predictor_work_len};
/// use gaussling_core::Portable;
/// let model = Predictor {
///     network: &Affine::<1, 1>,
///     weights: [2.0_f32, 1.0].as_slice(), // 2x + 1
///     input_mean: &[10.0],
///     input_scale: &[5.0],
///     target_mean: &[100.0],
///     target_scale: &[3.0],
/// };
/// let (mut y, mut work) = ([0.0], [0.0; predictor_work_len(<Affine<1, 1> as Layer>::SHAPE)]);
/// model.predict(&Portable, &[20.0], &mut y, &mut work)?;
/// assert_eq!(y, [100.0 + 3.0 * (2.0 * 2.0 + 1.0)]);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Predictor<'a, T, N, W> {
    /// F
    pub network: &'a N,
    /// θ
    pub weights: W,
    /// μ_x, one for each input.
    pub input_mean: &'a [T],
    /// σ_x
    pub input_scale: &'a [T],
    /// μ_c, one for each output.
    pub target_mean: &'a [T],
    /// σ_c
    pub target_scale: &'a [T],
}

/// Workspace of [`Predictor::predict`]: the scaled input, and what the network needs.
///
/// ```
/// use gaussling_core::nn::{Affine, Layer, predictor_work_len};
/// const WORK: usize = predictor_work_len(<Affine<3, 2> as Layer>::SHAPE);
/// assert_eq!(WORK, 3 + 3 * 2);
/// ```
pub const fn predictor_work_len(shape: Shape) -> usize {
    shape.inputs.saturating_add(shape.evaluate)
}

impl<T: Real, N: Evaluate<T>, W: Weights<T>> Predictor<'_, T, N, W> {
    /// y ← the prediction for one raw sample x.
    ///
    /// Errors: [`Error::Length`] when x, y, the weights or a standardization have another length than the network asks for,
    /// [`Error::Workspace`]; y is unchanged then.
    pub fn predict<B: Backend<T>>(&self, backend: &B, x: &[T], y: &mut [T], mut work: &mut [T]) -> Result<(), Error> {
        let shape = self.network.shape();
        check_length("x", shape.inputs, x.len())?;
        check_length("input_mean", shape.inputs, self.input_mean.len())?;
        check_length("input_scale", shape.inputs, self.input_scale.len())?;
        check_length("target_mean", shape.features, self.target_mean.len())?;
        check_length("target_scale", shape.features, self.target_scale.len())?;
        check_workspace("work", predictor_work_len(shape), work.len())?;
        let scaled = take("work", &mut work, shape.inputs)?;
        for (((scaled, &x), &mean), &scale) in scaled.iter_mut().zip(x).zip(self.input_mean).zip(self.input_scale) {
            *scaled = (x - mean) / scale;
        }
        self.network.evaluate(backend, self.weights, scaled, y, work)?;
        for ((y, &mean), &scale) in y.iter_mut().zip(self.target_mean).zip(self.target_scale) {
            *y = *y * scale + mean;
        }
        Ok(())
    }
}

/// Index of the largest score, the first of several: the class that a classifier answers. 0 for none; NaN is never larger.
///
/// ```
/// use gaussling_core::nn::argmax;
/// assert_eq!(argmax(&[-1.0, 3.0, 3.0]), 1);
/// ```
pub fn argmax<T: Real>(scores: &[T]) -> usize {
    let mut best = (0, scores.first().copied().unwrap_or(T::ZERO));
    for (i, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (i, score);
        }
    }
    best.0
}
