//! Initial weights, and the W that is optimal for a θ.

use gaussling_core::nn::{Init, Network, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    Objective, VarProConvex, VarProLeastSquares, VarProStreamed, varpro_convex_work_len, varpro_least_squares_work_len,
    varpro_streamed_work_len,
};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::number::Number;
use super::options::{LossKind, Options, Precision};
use super::problem::{Problem, TrainError, Weights, buffer};
use crate::DenseMatrix;
use crate::kernels::kernels;
use crate::network::Sequential;

const NAME: &str = "initial weights";

/// Relative gradient at which the W of a cross-entropy is good enough to start from.
const TOLERANCE: f64 = 1e-8;

impl Problem {
    /// θ drawn with the seed (He), and the W that is optimal for it: where every method starts.
    ///
    /// For a run in single precision θ is rounded and W found in single precision.
    ///
    /// # Errors
    /// [`TrainError::Memory`], [`TrainError::Core`], and [`TrainError::Option`] for options that the precision cannot keep.
    pub fn initial_weights(&self, options: &Options, seed: u64) -> Result<Weights, TrainError> {
        options.check(self.loss)?;
        match options.precision {
            Precision::F64 => self.start::<f64>(options, seed),
            Precision::F32 => self.start::<f32>(options, seed),
        }
    }

    fn start<T: Number>(&self, options: &Options, seed: u64) -> Result<Weights, TrainError> {
        let theta = initial_theta::<T>(&self.network, seed)?;
        let (x, c) = (T::narrow_matrix(&self.train.x)?, T::narrow_matrix(&self.train.c)?);
        let w = match self.loss {
            LossKind::LeastSquares => match options.block {
                Some(block) => least_squares_w_in_blocks(&self.network, &theta, options.alpha_w, &x, &c, block)?,
                None => least_squares_w(&self.network, &theta, options.alpha_w, &x, &c)?.w,
            },
            LossKind::CrossEntropy => cross_entropy_w(&self.network, &theta, options, &x, &c)?,
        };
        Ok(Weights { theta: T::widen(theta), w: T::widen(w) })
    }
}

/// The same draws for every number type.
pub(super) fn initial_theta<T: Number>(network: &Sequential, seed: u64) -> Result<Vec<T>, TrainError> {
    let mut theta: Vec<f64> = buffer(NAME, network.shape().params)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    Network::<f64>::initialize(network, Init::He, &mut rng, &mut theta)?;
    Ok(T::narrow(&theta)?.into_owned())
}

/// A W by least squares.
pub(super) struct Solved<T> {
    /// outputs × k
    pub(super) w: Vec<T>,
    /// Loss on the data.
    pub(super) loss: T,
    /// The same with regularization.
    pub(super) value: T,
}

/// W = arg min 1/(2N) ‖W Zh − C‖² + α/2 ‖W‖² for the features of θ; as [`VarProLeastSquares`] finds it.
pub(super) fn least_squares_w<T: Number>(
    network: &Sequential,
    theta: &[T],
    alpha: f64,
    x: &DenseMatrix<T>,
    c: &DenseMatrix<T>,
) -> Result<Solved<T>, TrainError> {
    let mut work = buffer(NAME, varpro_least_squares_work_len(network.shape(), c.rows(), c.cols()))?;
    let (none, alpha) = (Tikhonov { alpha: T::ZERO }, T::from_f64(alpha));
    let mut problem = VarProLeastSquares::new(network, none, alpha, kernels(), x.view(), c.view(), &mut work)?;
    let value = problem.value(theta)?;
    Ok(Solved { w: problem.weights().to_vec(), loss: problem.data_loss(), value })
}

/// The same W, from the features of `block` samples at a time.
fn least_squares_w_in_blocks<T: Number>(
    network: &Sequential,
    theta: &[T],
    alpha: f64,
    x: &DenseMatrix<T>,
    c: &DenseMatrix<T>,
    block: usize,
) -> Result<Vec<T>, TrainError> {
    let block = block.clamp(1, c.cols().max(1));
    let mut work = buffer(NAME, varpro_streamed_work_len(network.shape(), c.rows(), block))?;
    let (none, alpha) = (Tikhonov { alpha: T::ZERO }, T::from_f64(alpha));
    let mut problem = VarProStreamed::new(network, none, alpha, kernels(), x.view(), c.view(), block, &mut work)?;
    problem.value(theta)?;
    Ok(problem.weights().to_vec())
}

/// W for the softmax cross-entropy.
pub(super) fn cross_entropy_w<T: Number>(
    network: &Sequential,
    theta: &[T],
    options: &Options,
    x: &DenseMatrix<T>,
    c: &DenseMatrix<T>,
) -> Result<Vec<T>, TrainError> {
    let mut work = buffer(NAME, varpro_convex_work_len(network.shape(), c.rows(), c.cols()))?;
    let (none, alpha, tolerance) = (Tikhonov { alpha: T::ZERO }, T::from_f64(options.alpha_w), T::tolerance(TOLERANCE));
    let loss = SoftmaxCrossEntropy;
    let mut problem =
        VarProConvex::new(network, loss, none, alpha, tolerance, kernels(), x.view(), c.view(), &mut work)?;
    problem.value(theta)?;
    Ok(problem.weights().to_vec())
}
