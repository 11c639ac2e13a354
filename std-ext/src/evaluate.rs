//! [`evaluate`]: how good a saved model is on data that have targets.
//!
//! The three scores of training ([`Scores`]) by the same code, and what they hide: the errors of each output, or for a
//! classifier which classes are taken for which.

use std::path::Path;

use crate::data::{DataError, Dataset, LoadOptions, load_like};
use crate::train::{LossKind, Part, Problem, Scores, TrainError, Weights};
use crate::{DenseMatrix, Model};

/// Scores of a model on a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Number of samples.
    pub samples: usize,
    /// Which loss `scores.loss` is.
    pub loss: LossKind,
    /// Loss, error and normalized error, as training reports them; NaN without samples.
    pub scores: Scores,
    /// Regression: root mean square of all differences, in the units of the targets. Classes: of score and 0 or 1.
    pub rmse: f64,
    /// Regression: errors of each output. Empty for a classifier.
    pub outputs: Vec<OutputErrors>,
    /// For a classifier: answers against truth.
    pub confusion: Option<Confusion>,
}

/// Errors of one output, in its own units.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputErrors {
    /// Name of the target.
    pub name: String,
    /// Root mean square.
    pub rmse: f64,
    /// The largest absolute value; NaN without samples.
    pub largest: f64,
    /// The sample, from 0, where that is.
    pub worst: Option<usize>,
}

/// Numbers of samples by true class and answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// The classes.
    pub classes: Vec<String>,
    /// `counts[truth][answer]`
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Share of right answers; NaN without samples.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.classes.len()).map(|class| self.counts[class][class]).sum();
        right as f64 / self.counts.iter().flatten().sum::<usize>() as f64
    }

    /// Share of the samples of a class that are answered rightly; NaN when there are none.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn recall(&self, class: usize) -> f64 {
        self.counts[class][class] as f64 / self.counts[class].iter().sum::<usize>() as f64
    }

    /// Share of the answers of a class that are right; NaN when it is never answered.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn precision(&self, class: usize) -> f64 {
        self.counts[class][class] as f64 / self.counts.iter().map(|row| row[class]).sum::<usize>() as f64
    }
}

/// Reads data with the columns that a model was trained on: by name where both files have headers, else as many from
/// the same places; `options` choose them otherwise, as in [`load_like`].
///
/// # Errors
/// As [`load_like`].
pub fn load_for(path: &Path, options: &LoadOptions, model: &Model) -> Result<Dataset, DataError> {
    let reference = Dataset {
        inputs: DenseMatrix::from_fn(model.inputs, 0, |_, _| 0.0),
        targets: DenseMatrix::from_fn(model.outputs(), 0, |_, _| 0.0),
        input_names: model.input_names.clone(),
        target_names: model.target_names.clone(),
        classes: model.classes.clone(),
    };
    let mut options = options.clone();
    let of_mat = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mat"));
    let places = |names| if of_mat { variable(names).map(|name| vec![name]) } else { columns(names) };
    if let (None, None, Some(inputs), Some(targets)) =
        (&options.inputs, &options.targets, places(&model.input_names), places(&model.target_names))
    {
        (options.inputs, options.targets) = (Some(inputs), Some(targets));
    }
    load_like(path, &options, &reference)
}

/// `3` for `column_3`, the name that a column without header gets; `None` when a name is none of these.
fn columns(names: &[String]) -> Option<Vec<String>> {
    names.iter().map(|name| name.strip_prefix("column_").map(str::to_owned)).collect()
}

/// `Y` for `Y_1`, `Y_2`, …, the names of the rows of a MAT file's variable.
fn variable(names: &[String]) -> Option<String> {
    let (first, _) = names.first()?.rsplit_once('_')?;
    let is_row = |(row, name): (usize, &String)| *name == format!("{first}_{}", row + 1);
    names.iter().enumerate().all(is_row).then(|| first.to_owned())
}

/// Scores of `model` on `data`, whose rows are the model's inputs and outputs.
///
/// # Errors
/// [`TrainError::Data`] when the rows are not as many as the model's or the model is not sound.
pub fn evaluate(model: &Model, data: &Dataset) -> Result<Evaluation, TrainError> {
    let said = |error: &dyn std::error::Error| TrainError::Data(error.to_string());
    let predictions = model.predict(&data.inputs).map_err(|error| said(&error))?;
    let (samples, outputs) = (data.samples(), model.outputs());
    if data.targets.rows() != outputs {
        let found = data.targets.rows();
        return Err(TrainError::Data(format!(
            "the data have {found} rows of targets, the model has {outputs} outputs"
        )));
    }
    let loss = if model.classes.is_some() { LossKind::CrossEntropy } else { LossKind::LeastSquares };
    let squares =
        |row: usize| (0..samples).map(|j| (predictions[(row, j)] - data.targets[(row, j)]).powi(2)).sum::<f64>();
    let rmse = ((0..outputs).map(squares).sum::<f64>() / (samples * outputs) as f64).sqrt();
    let errors = |(row, name): (usize, &String)| {
        let error = |j: usize| (predictions[(row, j)] - data.targets[(row, j)]).abs();
        let worst = (0..samples).reduce(|worst, j| if error(j) > error(worst) { j } else { worst });
        let rmse = (squares(row) / samples as f64).sqrt();
        OutputErrors { name: name.clone(), rmse, largest: worst.map_or(f64::NAN, error), worst }
    };
    let confusion = model.classes.as_ref().map(|classes| {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for j in 0..samples {
            counts[crate::matrix::largest(data.targets.col(j))][crate::matrix::largest(predictions.col(j))] += 1;
        }
        Confusion { classes: classes.clone(), counts }
    });
    let named = if confusion.is_some() { &[][..] } else { &model.target_names };
    let outputs = named.iter().enumerate().map(errors).collect();
    Ok(Evaluation { samples, loss, scores: scores(model, data, loss)?, rmse, outputs, confusion })
}

/// The scores that training reports, from the very code.
fn scores(model: &Model, data: &Dataset, loss: LossKind) -> Result<Scores, TrainError> {
    let said = |error: &dyn std::error::Error| TrainError::Data(error.to_string());
    let mut part = Part { x: data.inputs.clone(), c: data.targets.clone() };
    model.input_scaling.apply_in_place(&mut part.x).map_err(|error| said(&error))?;
    model.target_scaling.apply_in_place(&mut part.c).map_err(|error| said(&error))?;
    let weights = Weights { theta: model.theta.clone(), w: model.w.as_slice().to_vec() };
    let none = |rows| DenseMatrix::from_fn(rows, 0, |_, _| 0.0);
    let empty = Part { x: none(model.inputs), c: none(model.outputs()) };
    let problem = Problem {
        network: model.network().map_err(|error| said(&error))?,
        loss,
        classes: model.classes.is_some(),
        input_scaling: model.input_scaling.clone(),
        target_scaling: model.target_scaling.clone(),
        // Its rows are the number of outputs.
        train: empty.clone(),
        validation: empty,
        test: part,
    };
    problem.scores(&weights, &problem.test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Standardization;

    /// y = x on raw numbers; classes: scores (x, 1 − x).
    fn model(classes: bool) -> Model {
        let w = if classes { vec![1.0, -1.0, 0.0, 1.0] } else { vec![1.0, 0.0] };
        let outputs = w.len() / 2;
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Model {
            description: "identity".into(),
            inputs: 1,
            w: DenseMatrix::from_vec(w, outputs, 2).unwrap(),
            input_scaling: Standardization { mean: vec![0.0], scale: vec![1.0] },
            target_scaling: Standardization { mean: vec![0.0; outputs], scale: vec![1.0; outputs] },
            classes: classes.then(|| names(&["high", "low"])),
            input_names: names(&["x"]),
            target_names: names(&["y"]),
            ..Model::default()
        }
    }

    fn data(x: &[f64], targets: Vec<f64>) -> Dataset {
        let inputs = DenseMatrix::from_vec(x.to_vec(), 1, x.len()).unwrap();
        let rows = targets.len() / x.len();
        Dataset::from_matrices(inputs, DenseMatrix::from_vec(targets, rows, x.len()).unwrap()).unwrap()
    }

    #[test]
    fn errors_of_a_regression_are_those_counted_by_hand() {
        let found = evaluate(&model(false), &data(&[1.0, 2.0, 3.0, 4.0], vec![1.0, 2.5, 2.0, 4.0])).unwrap();
        assert_eq!((found.samples, found.loss, &found.confusion), (4, LossKind::LeastSquares, &None));
        let rmse = (1.25_f64 / 4.0).sqrt();
        assert_eq!((found.rmse, found.outputs.len()), (rmse, 1));
        let expected = OutputErrors { name: "y".into(), rmse, largest: 1.0, worst: Some(2) };
        assert_eq!(found.outputs[0], expected);
        assert!((found.scores.error - (0.5 / 2.5 + 0.5) / 4.0).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn answers_are_counted_by_class() {
        // Answers: high, low, low, high; truth: high, low, high, low.
        let truth = vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
        let found = evaluate(&model(true), &data(&[0.9, 0.1, 0.2, 0.8], truth)).unwrap();
        let confusion = found.confusion.unwrap();
        assert_eq!(confusion.counts, [[1, 1], [1, 1]]);
        assert_eq!((confusion.accuracy(), found.scores.error), (0.5, 0.5));
        let all_high = evaluate(&model(true), &data(&[0.9, 0.8, 0.1], vec![1.0, 0.0, 1.0, 0.0, 1.0, 0.0])).unwrap();
        let confusion = all_high.confusion.unwrap();
        assert_eq!((confusion.counts[0][1], confusion.recall(0), confusion.precision(0)), (1, 2.0 / 3.0, 1.0));
        assert!(confusion.recall(1).is_nan() && confusion.precision(1) == 0.0);
        assert!(all_high.outputs.is_empty());
    }

    #[test]
    fn other_shapes_are_refused_and_no_samples_have_no_scores() {
        let two = evaluate(&model(false), &data(&[1.0], vec![1.0, 2.0])).unwrap_err().to_string();
        assert_eq!(two, "the data have 2 rows of targets, the model has 1 outputs");
        let none = |rows| DenseMatrix::from_fn(rows, 0, |_, _| 0.0);
        let found = evaluate(&model(false), &Dataset::from_matrices(none(1), none(1)).unwrap()).unwrap();
        assert!(found.rmse.is_nan() && found.scores.error.is_nan() && found.outputs[0].largest.is_nan());
    }

    #[test]
    fn names_of_places_lead_back_to_them() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(columns(&names(&["column_3", "column_1"])), Some(names(&["3", "1"])));
        assert_eq!(columns(&names(&["column_3", "u"])), None);
        assert_eq!(variable(&names(&["my_X_1", "my_X_2"])), Some("my_X".into()));
        assert_eq!(variable(&names(&["X_1", "X_3"])), None);
    }
}
