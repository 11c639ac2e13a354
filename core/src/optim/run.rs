//! [`run`]: a method's steps until the method, a budget or the caller ends them.

use crate::error::Error;
use crate::optim::{
    CurveBallReport, FirstOrderReport, LbfgsReport, LevenbergMarquardtReport, LevenbergMarquardtStatus,
    SlimTrainReport, Status, TrustRegionReport,
};

/// What [`run`] asks of the report of a step.
pub trait Report {
    /// Whether another step makes sense; the report's status says why not.
    fn is_running(&self) -> bool;

    /// Passes over the data so far: those of the method's batch.
    fn work_units(&self) -> usize;
}

/// When to end, whatever the method says; the default is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Passes over the data. The last step may go beyond: how many it takes is known when it is done.
    pub work_units: usize,
    /// Calls of the method's step.
    pub steps: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { work_units: usize::MAX, steps: usize::MAX }
    }
}

/// Why [`run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The method's own status: it converged, or met a number that is not finite.
    Method,
    /// As many passes as the budget has, or more.
    WorkUnits,
    /// As many steps as the budget has.
    Steps,
    /// The callback said so.
    Caller,
}

/// Calls `step` until its report or the budget ends it, or `stop` returns true; the last report, and why it was the last.
///
/// `stop` sees every report, and is the place for a clock, a validation loss or a key that was pressed. θ is where the last
/// step left it. Cost: that of the steps. Errors: those of `step`.
///
/// ```
/// use gaussling_core::nn::{Affine, Layer, LeastSquares, Tikhonov};
/// use gaussling_core::optim::{Budget, FullObjective, Lbfgs, LbfgsOptions, Stop, full_objective_work_len, lbfgs_work_len, run};
/// use gaussling_core::{MatRef, Portable};
/// // The line through (0, 1) and (1, 3), by L-BFGS with at most 40 passes.
/// let (x, c) = (MatRef::new(&[0.0, 1.0], 1, 2)?, MatRef::new(&[1.0, 3.0], 1, 2)?);
/// let (net, mut memory) = (Affine::<1, 1>, [0.0; full_objective_work_len(Affine::<1, 1>::SHAPE, 2)]);
/// let mut objective = FullObjective::new(&net, LeastSquares, Tikhonov { alpha: 0.0 }, &Portable, x, c, &mut memory)?;
/// let mut memory = [0.0; lbfgs_work_len(2, 10)];
/// let (mut method, mut theta) = (Lbfgs::new(2, LbfgsOptions::default(), &mut memory)?, [0.0; 2]);
/// let budget = Budget { work_units: 40, ..Budget::default() };
/// let (report, why) =
///     run(budget, || method.step(&Portable, &mut objective, &mut theta), |report| report.value < 1e-12)?;
/// assert_eq!(why, Stop::Caller);
/// assert!((theta[0] - 2.0_f64).abs() < 1e-5 && (theta[1] - 1.0_f64).abs() < 1e-5 && report.work_units <= 40);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn run<R: Report>(
    budget: Budget,
    mut step: impl FnMut() -> Result<R, Error>,
    mut stop: impl FnMut(&R) -> bool,
) -> Result<(R, Stop), Error> {
    let mut steps = 0_usize;
    loop {
        let report = step()?;
        steps = steps.saturating_add(1);
        let why = if stop(&report) {
            Stop::Caller
        } else if !report.is_running() {
            Stop::Method
        } else if report.work_units() >= budget.work_units {
            Stop::WorkUnits
        } else if steps >= budget.steps {
            Stop::Steps
        } else {
            continue;
        };
        return Ok((report, why));
    }
}

macro_rules! reports {
    ($($report:ident: $running:expr),*) => {
        $(impl<T> Report for $report<T> {
            fn is_running(&self) -> bool {
                self.status == $running
            }

            fn work_units(&self) -> usize {
                self.work_units
            }
        })*
    };
}

reports!(TrustRegionReport: Status::Running, LbfgsReport: Status::Running, CurveBallReport: Status::Running,
    FirstOrderReport: Status::Running);

/// A step of slimTrain that meets a number which is not finite is an error.
impl<T> Report for SlimTrainReport<T> {
    fn is_running(&self) -> bool {
        true
    }

    fn work_units(&self) -> usize {
        self.work_units
    }
}

/// Work units: evaluations of the residuals and of their Jacobian.
impl<T> Report for LevenbergMarquardtReport<T> {
    fn is_running(&self) -> bool {
        self.status == LevenbergMarquardtStatus::Running
    }

    fn work_units(&self) -> usize {
        self.evaluations.saturating_add(self.jacobians)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counted(usize, bool);

    impl Report for Counted {
        fn is_running(&self) -> bool {
            self.1
        }

        fn work_units(&self) -> usize {
            self.0
        }
    }

    /// Steps of three passes; the method ends by itself at the tenth.
    fn outcome(budget: Budget, last: usize) -> (usize, Stop) {
        let mut units = 0;
        let step = || {
            units += 3;
            Ok(Counted(units, units < 30))
        };
        let (report, why) = run(budget, step, |report| report.0 >= last).unwrap();
        (report.0, why)
    }

    #[test]
    fn whichever_comes_first_ends_it() {
        let (all, never) = (Budget::default(), usize::MAX);
        assert_eq!(outcome(all, never), (30, Stop::Method));
        assert_eq!(outcome(Budget { work_units: 7, ..all }, never), (9, Stop::WorkUnits));
        assert_eq!(outcome(Budget { work_units: 9, ..all }, never), (9, Stop::WorkUnits));
        assert_eq!(outcome(Budget { steps: 2, ..all }, never), (6, Stop::Steps));
        assert_eq!(outcome(Budget { steps: 0, ..all }, never), (3, Stop::Steps), "one step at least");
        assert_eq!(outcome(Budget { steps: 4, work_units: 12 }, 12), (12, Stop::Caller));
        let failed = run(all, || Err::<Counted, _>(Error::NonFinite { what: "x" }), |_| false);
        assert!(matches!(failed, Err(Error::NonFinite { .. })));
    }

    /// What the methods without work units of the usual kind report.
    #[test]
    fn reports_count_work() {
        let slim = SlimTrainReport {
            loss: 0.0,
            objective: 0.0,
            lambda: 0.0,
            sum_lambda: 0.0,
            alpha: 0.0,
            gradient_norm: 0.0,
            work_units: 7,
        };
        assert_eq!((slim.is_running(), Report::work_units(&slim)), (true, 7));
        let mut marquardt = LevenbergMarquardtReport {
            value: 0.0,
            gradient_norm: 0.0,
            cosine: 0.0,
            step_norm: 0.0,
            lambda: 0.0,
            ratio: 0.0,
            radius: 0.0,
            accepted: true,
            evaluations: 5,
            jacobians: 3,
            status: LevenbergMarquardtStatus::Running,
        };
        assert_eq!((marquardt.is_running(), marquardt.work_units()), (true, 8));
        marquardt.status = LevenbergMarquardtStatus::SmallRadius;
        assert!(!marquardt.is_running());
    }
}
