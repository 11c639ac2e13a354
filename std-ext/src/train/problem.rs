//! [`Problem`]: scaled data, network and loss; scores of weights on a data set.

use gaussling_core::nn::{LeastSquares, Loss, SoftmaxCrossEntropy};
use gaussling_core::{Error, Real};

use super::checkpoint::CheckpointError;
use super::number::Number;
use super::options::{LossKind, Method};
use super::scorer::Scorer;
use crate::DenseMatrix;
use crate::data::{DataError, Dataset, Split, Standardization};
use crate::kernels::kernels;
use crate::memory;
use crate::network::Sequential;

/// Why a run could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The core refused a call.
    #[error("{0}")]
    Core(#[from] Error),
    /// Memory cannot hold what is needed.
    #[error("not enough memory for {method}: {needed} MB are needed{}; choose a smaller network, fewer samples, or \
             for gnvpro and lbfgs on a regression blocks of samples (--block 1024)",
        available.map_or(String::new(), |available| format!(" and {available} MB are there")))]
    Memory {
        /// The method, or what else needs it.
        method: &'static str,
        /// Megabytes that are needed.
        needed: usize,
        /// Megabytes that are there, where the system tells and they are fewer.
        available: Option<usize>,
    },
    /// The data do not fit the network or themselves.
    #[error("{0}")]
    Data(String),
    /// An option makes no sense here.
    #[error("{0}")]
    Option(String),
    /// A stream could not be read.
    #[error(transparent)]
    Stream(#[from] DataError),
    /// A checkpoint was not kept or not taken up.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl TrainError {
    /// So many bytes are more than memory can hold.
    pub(super) fn too_large(method: &'static str, bytes: usize) -> Self {
        let megabytes = |bytes: usize| bytes / 1_000_000;
        let needed = megabytes(bytes);
        // Where it is a limit of this process that is too low, what the machine has would only mislead.
        let available = memory::available().map(megabytes).filter(|&available| available < needed);
        Self::Memory { method, needed, available }
    }
}

/// A buffer of zeros, or a clear error instead of an abort.
pub(super) fn buffer<T: Real>(method: &'static str, len: usize) -> Result<Vec<T>, TrainError> {
    let mut buffer = Vec::new();
    let bytes = len.saturating_mul(size_of::<T>());
    if !memory::fits_bytes(bytes) || buffer.try_reserve_exact(len).is_err() {
        return Err(TrainError::too_large(method, bytes));
    }
    buffer.resize(len, T::ZERO);
    Ok(buffer)
}

/// Room for predictions.
pub(super) fn room<T: Number>(outputs: usize, samples: usize) -> Result<DenseMatrix<T>, TrainError> {
    let room = buffer("predictions", outputs.saturating_mul(samples))?;
    Ok(DenseMatrix::from_vec(room, outputs, samples).unwrap_or_default())
}

/// All weights of a separable model.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Of the network.
    pub theta: Vec<f64>,
    /// outputs × (features + 1), column by column; the last column is the bias.
    pub w: Vec<f64>,
}

impl Weights {
    /// Whether all of them are finite.
    pub fn are_finite(&self) -> bool {
        self.theta.iter().chain(&self.w).all(|x| x.is_finite())
    }
}

/// How good a model is on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// The loss that is minimized, on scaled data, without regularization.
    pub loss: f64,
    /// Regression: mean of ‖prediction − target‖/‖target‖ in original units over the samples whose target is not zero.
    /// Classes: share of wrong answers.
    pub error: f64,
    /// Regression: ‖predictions − targets‖/‖targets − their mean‖ in original units. Classes: the same as `error`.
    pub normalized: f64,
}

/// A part of the data, scaled.
#[derive(Clone, Debug)]
pub struct Part {
    /// n_in × samples
    pub x: DenseMatrix<f64>,
    /// outputs × samples
    pub c: DenseMatrix<f64>,
}

/// Mean 0, and a sample of length about 1: with unit *deviations* the first layer of a network with many inputs starts far in
/// its nonlinear range and overfits (measured in ARCHITECTURE.md).
pub(super) fn scaled_inputs(mut scaling: Standardization) -> Standardization {
    let root = (scaling.scale.len() as f64).sqrt();
    scaling.scale.iter_mut().for_each(|scale| *scale *= root);
    scaling
}

/// No scaling.
pub(super) fn identity(rows: usize) -> Standardization {
    Standardization { mean: vec![0.0; rows], scale: vec![1.0; rows] }
}

/// Scaled training, validation and test data; network; loss.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The features' network.
    pub network: Sequential,
    /// What is minimized.
    pub loss: LossKind,
    /// Whether the targets are one-hot labels of classes.
    pub classes: bool,
    /// Fitted on the training data.
    pub input_scaling: Standardization,
    /// Fitted on the training data; the identity for classes.
    pub target_scaling: Standardization,
    /// Training data.
    pub train: Part,
    /// Validation data; without samples when there are none.
    pub validation: Part,
    /// Test data; without samples when there are none.
    pub test: Part,
}

impl Problem {
    /// Scales the parts of `data` by training statistics (unless `standardize` is false) and joins them with a network:
    /// inputs to mean 0 and deviation 1/√n_in, so that a sample has length about 1; targets of a regression to deviation 1.
    ///
    /// `test` is a test set of its own; without it `split.test` is used.
    pub fn new(
        data: &Dataset,
        test: Option<&Dataset>,
        split: &Split,
        network: Sequential,
        standardize: bool,
    ) -> Result<Self, TrainError> {
        let part = |indices: &[usize]| Part {
            x: data.inputs.select_columns(indices),
            c: data.targets.select_columns(indices),
        };
        let (mut train, mut validation) = (part(&split.train), part(&split.validation));
        let mut test = match test {
            Some(test) => Part { x: test.inputs.clone(), c: test.targets.clone() },
            None => part(&split.test),
        };
        if train.x.cols() == 0 {
            return Err(TrainError::Data("there are no training samples; change the split".into()));
        }
        if network.inputs() != train.x.rows() {
            let (found, expected) = (network.inputs(), train.x.rows());
            return Err(TrainError::Data(format!("the network has {found} inputs, the data have {expected}")));
        }
        let classes = data.classes.is_some();
        let loss = if classes { LossKind::CrossEntropy } else { LossKind::LeastSquares };
        let input_scaling = match standardize {
            true => scaled_inputs(Standardization::fit(&train.x)),
            false => identity(train.x.rows()),
        };
        let scale_targets = standardize && loss == LossKind::LeastSquares;
        let target_scaling = if scale_targets { Standardization::fit(&train.c) } else { identity(train.c.rows()) };
        for part in [&mut train, &mut validation, &mut test] {
            let scaled = input_scaling.apply_in_place(&mut part.x);
            scaled
                .and_then(|()| target_scaling.apply_in_place(&mut part.c))
                .map_err(|e| TrainError::Data(e.to_string()))?;
        }
        Ok(Self { network, loss, classes, input_scaling, target_scaling, train, validation, test })
    }

    /// The same problem with another loss: least squares of one-hot labels for classes.
    ///
    /// # Errors
    /// [`TrainError::Data`] for a loss that needs classes where there are none.
    pub fn with_loss(self, loss: LossKind) -> Result<Self, TrainError> {
        if loss == LossKind::CrossEntropy && !self.classes {
            let why =
                "cross-entropy is a loss of classes, and the targets are numbers; choose squared, or classification";
            return Err(TrainError::Data(why.into()));
        }
        Ok(Self { loss, ..self })
    }

    /// The same problem with validation data of its own, scaled as all others are.
    ///
    /// # Errors
    /// [`TrainError::Data`] when their columns are not those of the training data.
    pub fn with_validation(self, data: &Dataset) -> Result<Self, TrainError> {
        Ok(Self { validation: self.scaled(data)?, ..self })
    }

    /// The same problem with test data of its own, scaled as all others are.
    ///
    /// # Errors
    /// [`TrainError::Data`] when their columns are not those of the training data.
    pub fn with_test(self, data: &Dataset) -> Result<Self, TrainError> {
        Ok(Self { test: self.scaled(data)?, ..self })
    }

    fn scaled(&self, data: &Dataset) -> Result<Part, TrainError> {
        let mut part = Part { x: data.inputs.clone(), c: data.targets.clone() };
        let scaled = self.input_scaling.apply_in_place(&mut part.x);
        scaled
            .and_then(|()| self.target_scaling.apply_in_place(&mut part.c))
            .map_err(|e| TrainError::Data(e.to_string()))?;
        Ok(part)
    }

    /// Rows of the targets.
    pub fn outputs(&self) -> usize {
        self.train.c.rows()
    }

    /// Number of all weights.
    pub fn params(&self) -> usize {
        self.network.shape().params + self.outputs() * (self.network.features() + 1)
    }

    /// W \[F(θ, X); 1\] of scaled inputs, outputs × samples.
    pub fn predict(&self, weights: &Weights, x: &DenseMatrix<f64>) -> Result<DenseMatrix<f64>, TrainError> {
        let (outputs, n) = (self.outputs(), x.cols());
        let whole = self.network.with_output(outputs)?;
        let all = [weights.theta.as_slice(), &weights.w].concat();
        let mut s = DenseMatrix::from_vec(buffer("prediction", outputs.saturating_mul(n))?, outputs, n)
            .ok_or_else(|| TrainError::Data("too many predictions".into()))?;
        whole.apply(kernels(), &all, x.view(), s.view_mut())?;
        Ok(s)
    }

    /// What a method minimizes: slimTrain least squares, of one-hot labels where the problem is one of classes.
    pub fn loss_of(&self, method: Method) -> LossKind {
        if method == Method::SlimTrain { LossKind::LeastSquares } else { self.loss }
    }

    /// The loss of the weights on a part of the data, scaled and without regularization; NaN when it has no samples.
    pub fn loss_on(&self, kind: LossKind, weights: &Weights, part: &Part) -> Result<f64, TrainError> {
        if part.x.cols() == 0 {
            return Ok(f64::NAN);
        }
        Ok(loss_of(kind, &self.predict(weights, &part.x)?, &part.c))
    }

    /// Scores of the weights on a part of the data; NaN when it has no samples.
    pub fn scores(&self, weights: &Weights, part: &Part) -> Result<Scores, TrainError> {
        let mut scorer = Scorer::new(self);
        if part.x.cols() > 0 {
            scorer.add(&self.predict(weights, &part.x)?, &part.c);
        }
        Ok(scorer.finish())
    }
}

/// The loss of predictions on scaled data, without regularization.
pub(super) fn loss_of(kind: LossKind, predictions: &DenseMatrix<f64>, c: &DenseMatrix<f64>) -> f64 {
    match kind {
        LossKind::LeastSquares => LeastSquares.value(predictions.view(), c.view()),
        LossKind::CrossEntropy => SoftmaxCrossEntropy.value(predictions.view(), c.view()),
    }
}

/// The loss of weights [θ; vec W] of `whole`, a network with its output layer, with room for the predictions; NaN without
/// samples. Predictions are made in T and judged in `f64`.
pub(super) fn loss_in<T: Number>(
    kind: LossKind,
    whole: &Sequential,
    weights: &[T],
    x: &DenseMatrix<T>,
    c: &DenseMatrix<f64>,
    predictions: &mut DenseMatrix<T>,
) -> Result<f64, TrainError> {
    if x.cols() == 0 {
        return Ok(f64::NAN);
    }
    whole.apply(kernels(), weights, x.view(), predictions.view_mut())?;
    Ok(loss_of(kind, &T::widen_matrix(predictions), c))
}
