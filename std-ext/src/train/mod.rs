//! The training loops: every method on the same problem, from the same initial weights, under the same budget.
//!
//! Contract: a run is a pure function of [`Problem`], [`Options`] and seed; it never panics on numbers (a run that meets a
//! non-finite loss ends with [`Ending::NotFinite`] and the best weights so far), keeps the weights of the best validation
//! loss, and counts work in passes over the training data (work units). A run that memory cannot hold is refused before it starts.

mod full_batch;
mod memory;
mod monitor;
mod multilevel;
mod options;
mod problem;
mod slim;
#[cfg(test)]
mod slim_tests;
mod stochastic;

pub(crate) use memory::runs_at_a_time;
pub use monitor::{Ending, Record, Run};
pub use multilevel::{Level, train_multilevel};
pub use options::{LossKind, Method, Options, SlimTrainOptions, ThetaStep};
pub use problem::{Part, Problem, Scores, TrainError, Weights};

use monitor::Monitor;

/// Trains with one method from `start`; `report` sees every record of the history as it is made and may stop the run by
/// returning `false`.
pub fn train(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    start: &Weights,
    report: &mut dyn FnMut(&Record) -> bool,
) -> Result<Run, TrainError> {
    memory::check_run(problem, method, options)?;
    let monitor = Monitor::new(problem, method, options, start, report)?;
    match method {
        Method::Gnvpro | Method::GaussNewton | Method::Lbfgs | Method::CurveBallVarPro => {
            full_batch::run(problem, method, options, start, monitor)
        }
        Method::SlimTrain | Method::CurveBall | Method::Adam | Method::Sgd => {
            stochastic::run(problem, method, options, seed, start, monitor)
        }
    }
}
