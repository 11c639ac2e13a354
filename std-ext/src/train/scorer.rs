//! [`Scorer`]: scores of predictions, added up batch by batch.

use super::options::LossKind;
use super::problem::{Problem, Scores, loss_of};
use crate::DenseMatrix;
use crate::data::Standardization;
use crate::matrix::largest;

/// Sums over the samples so far.
pub(super) struct Scorer<'a> {
    kind: LossKind,
    classes: bool,
    target_scaling: &'a Standardization,
    samples: usize,
    /// Mean over the samples.
    loss: f64,
    wrong: usize,
    relative: f64,
    misfit: f64,
    /// Samples whose target is not zero.
    counted: usize,
    /// Of each target and of its square.
    sums: Vec<(f64, f64)>,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let Problem { loss, classes, target_scaling, .. } = problem;
        let sums = vec![(0.0, 0.0); target_scaling.mean.len()];
        let (kind, classes, samples, wrong, counted) = (*loss, *classes, 0, 0, 0);
        Self { kind, classes, target_scaling, samples, loss: 0.0, wrong, relative: 0.0, misfit: 0.0, counted, sums }
    }

    /// Adds scaled predictions and the targets that belong to them.
    pub(super) fn add(&mut self, s: &DenseMatrix<f64>, c: &DenseMatrix<f64>) {
        let n = s.cols();
        self.samples += n;
        // The first batch's as it is.
        self.loss += (loss_of(self.kind, s, c) - self.loss) * (n as f64 / self.samples as f64);
        if self.classes {
            self.wrong += (0..n).filter(|&j| largest(s.col(j)) != largest(c.col(j))).count();
            return;
        }
        let Standardization { mean, scale } = self.target_scaling;
        for j in 0..n {
            let (mut difference, mut norm) = (0.0, 0.0);
            for (i, (&s, &c)) in s.col(j).iter().zip(c.col(j)).enumerate() {
                let target = c * scale[i] + mean[i];
                difference += ((s - c) * scale[i]).powi(2);
                norm += target * target;
                self.sums[i].0 += target;
                self.sums[i].1 += target * target;
            }
            if norm > 0.0 {
                self.relative += (difference / norm).sqrt();
                self.counted += 1;
            }
            self.misfit += difference;
        }
    }

    /// NaN without samples.
    pub(super) fn finish(self) -> Scores {
        let n = self.samples as f64;
        if self.samples == 0 {
            return Scores { loss: f64::NAN, error: f64::NAN, normalized: f64::NAN };
        }
        if self.classes {
            let error = self.wrong as f64 / n;
            return Scores { loss: self.loss, error, normalized: error };
        }
        let spread: f64 = self.sums.iter().map(|(sum, squares)| squares - sum * sum / n).sum();
        let (error, normalized) = (self.relative / self.counted as f64, (self.misfit / spread).sqrt());
        Scores { loss: self.loss, error, normalized }
    }
}
