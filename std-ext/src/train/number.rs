//! [`Number`]: what a run computes in. Everything that enters a run or leaves it is `f64`.

use std::borrow::Cow;

use crate::backend::Float;

use super::problem::{Part, Problem, TrainError, buffer};
use crate::DenseMatrix;

/// `f64`, for which nothing is copied, or `f32`, which `f64` holds exactly.
pub(super) trait Number: Float + Default {
    /// The least relative size of a gradient that is told from rounding: tolerances below it are raised to it. About 10 ε for
    /// `f32`; for `f64` none of ours is below.
    const LEAST_TOLERANCE: f64;

    /// The nearest numbers of this type.
    fn narrow(numbers: &[f64]) -> Result<Cow<'_, [Self]>, TrainError>;

    /// The same for a matrix.
    fn narrow_matrix(matrix: &DenseMatrix<f64>) -> Result<Cow<'_, DenseMatrix<Self>>, TrainError>;

    /// The same, of a matrix that is not needed any more.
    fn take_matrix(matrix: DenseMatrix<f64>) -> Result<DenseMatrix<Self>, TrainError>;

    /// The same numbers.
    fn widen(numbers: Vec<Self>) -> Vec<f64>;

    /// The same matrix.
    fn widen_matrix(matrix: &DenseMatrix<Self>) -> Cow<'_, DenseMatrix<f64>>;

    /// A tolerance of the gradient that this type can meet.
    fn tolerance(wanted: f64) -> Self {
        Self::from_f64(wanted.max(Self::LEAST_TOLERANCE))
    }
}

impl Number for f64 {
    const LEAST_TOLERANCE: f64 = 0.0;

    fn narrow(numbers: &[f64]) -> Result<Cow<'_, [f64]>, TrainError> {
        Ok(Cow::Borrowed(numbers))
    }

    fn narrow_matrix(matrix: &DenseMatrix<f64>) -> Result<Cow<'_, DenseMatrix<f64>>, TrainError> {
        Ok(Cow::Borrowed(matrix))
    }

    fn take_matrix(matrix: DenseMatrix<f64>) -> Result<DenseMatrix<f64>, TrainError> {
        Ok(matrix)
    }

    fn widen(numbers: Vec<f64>) -> Vec<f64> {
        numbers
    }

    fn widen_matrix(matrix: &DenseMatrix<f64>) -> Cow<'_, DenseMatrix<f64>> {
        Cow::Borrowed(matrix)
    }
}

impl Number for f32 {
    const LEAST_TOLERANCE: f64 = 1e-6;

    fn narrow(numbers: &[f64]) -> Result<Cow<'_, [f32]>, TrainError> {
        let mut narrow = buffer("numbers in single precision", numbers.len())?;
        narrow.iter_mut().zip(numbers).for_each(|(narrow, &wide)| *narrow = wide as f32);
        Ok(Cow::Owned(narrow))
    }

    fn narrow_matrix(matrix: &DenseMatrix<f64>) -> Result<Cow<'_, DenseMatrix<f32>>, TrainError> {
        let numbers = Self::narrow(matrix.as_slice())?.into_owned();
        Ok(Cow::Owned(DenseMatrix::from_vec(numbers, matrix.rows(), matrix.cols()).unwrap_or_default()))
    }

    fn take_matrix(matrix: DenseMatrix<f64>) -> Result<DenseMatrix<f32>, TrainError> {
        Ok(Self::narrow_matrix(&matrix)?.into_owned())
    }

    fn widen(numbers: Vec<f32>) -> Vec<f64> {
        numbers.into_iter().map(f64::from).collect()
    }

    fn widen_matrix(matrix: &DenseMatrix<f32>) -> Cow<'_, DenseMatrix<f64>> {
        let numbers = matrix.as_slice().iter().copied().map(f64::from).collect();
        Cow::Owned(DenseMatrix::from_vec(numbers, matrix.rows(), matrix.cols()).unwrap_or_default())
    }
}

/// The data that a run reads again and again, in its own numbers.
pub(super) struct Data<'a, T: Number> {
    /// Training inputs.
    pub(super) x: Cow<'a, DenseMatrix<T>>,
    /// Training targets.
    pub(super) c: Cow<'a, DenseMatrix<T>>,
    /// Validation inputs; their targets are compared in `f64`.
    pub(super) validation: Cow<'a, DenseMatrix<T>>,
}

impl<'a, T: Number> Data<'a, T> {
    pub(super) fn new(problem: &'a Problem) -> Result<Self, TrainError> {
        let Part { x, c } = &problem.train;
        Ok(Self {
            x: T::narrow_matrix(x)?,
            c: T::narrow_matrix(c)?,
            validation: T::narrow_matrix(&problem.validation.x)?,
        })
    }
}
