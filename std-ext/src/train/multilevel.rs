//! Multilevel training of residual networks: coarse in time first, then finer ones from prolonged weights.

use super::{Method, Options, Problem, Record, Run, TrainError, Weights, train};

/// What one level of [`train_multilevel`] left.
#[derive(Clone, Debug)]
pub struct Level {
    /// The data, with the network of this level.
    pub problem: Problem,
    /// The run on it.
    pub run: Run,
}

/// Trains the network of `problem`, then, `levels` − 1 times, the network with twice as many time steps in its residual
/// blocks, from the best weights of the level before, prolonged by linear interpolation in time.
///
/// The budget of `options` is shared out evenly. Work units are passes through the network of the level, which at every level
/// cost about twice those of the level before; that is the point of starting coarse. The last level is the result; all are
/// returned, the coarsest first. `report` sees the records of all levels and ends the training by returning `false`.
///
/// Source: E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (2021), section 5.
///
/// # Errors
/// Those of [`train`]; [`TrainError::Core`] for `levels` = 0 and for networks that do not fit in memory.
///
/// ```
/// use gaussling::DenseMatrix;
/// use gaussling::data::{Dataset, Sizes, split};
/// use gaussling::network::Sequential;
/// use gaussling::train::{Method, Options, Problem, train_multilevel};
///
/// let x = DenseMatrix::from_fn(1, 100, |_, j| j as f64 / 50.0 - 1.0);
/// let y = DenseMatrix::from_fn(1, 100, |_, j| 2.0 + (4.0 * x[(0, j)]).sin());
/// let data = Dataset::from_matrices(x, y)?;
/// let parts = split(100, Sizes::default(), 0, None)?;
/// let problem = Problem::new(&data, None, &parts, Sequential::parse("dense:4, antisym:4x2", 1)?, true)?;
/// let options = Options { work_units: 200.0, ..Options::default() };
/// let start = problem.initial_weights(&options, 0)?;
/// let levels = train_multilevel(&problem, Method::Gnvpro, &options, 0, &start, 2, &mut |_| true)?;
/// assert_eq!(levels[1].problem.network.to_string(), "affine:4, tanh, antisym:4x3:T=1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn train_multilevel(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    start: &Weights,
    levels: usize,
    report: &mut dyn FnMut(&Record) -> bool,
) -> Result<Vec<Level>, TrainError> {
    if levels == 0 {
        return Err(gaussling_core::Error::InvalidOption { what: "levels >= 1" }.into());
    }
    let share = |budget: f64| budget / levels as f64;
    let options = Options { work_units: share(options.work_units), seconds: share(options.seconds), ..options.clone() };
    let mut done: Vec<Level> = Vec::new();
    let mut go_on = true;
    for _ in 0..levels {
        let (problem, start) = match done.last() {
            None => (problem.clone(), start.clone()),
            Some(coarse) => {
                let network = &coarse.problem.network;
                let theta = network.prolong(&coarse.run.weights.theta)?;
                let weights = Weights { theta, w: coarse.run.weights.w.clone() };
                (Problem { network: network.refined()?, ..coarse.problem.clone() }, weights)
            }
        };
        let run = train(&problem, method, &options, seed, &start, &mut |record| {
            go_on = report(record);
            go_on
        })?;
        done.push(Level { problem, run });
        if !go_on {
            break;
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cdr;
    use crate::data::{Dataset, Sizes, split};
    use crate::network::Sequential;

    #[test]
    fn each_level_starts_where_the_last_one_ended() {
        let (inputs, targets) = cdr::generate(120, 1);
        let data = Dataset::from_matrices(inputs, targets).unwrap();
        let parts = split(120, Sizes::default(), 1, None).unwrap();
        let network = Sequential::parse("dense:6, antisym:6x2:T=0.2", 55).unwrap();
        let problem = Problem::new(&data, None, &parts, network, true).unwrap();
        let options = Options { work_units: 240.0, ..Options::default() };
        let start = problem.initial_weights(&options, 3).unwrap();
        for method in [Method::Gnvpro, Method::Adam] {
            let mut seen = 0;
            let levels = train_multilevel(&problem, method, &options, 3, &start, 3, &mut |_| {
                seen += 1;
                true
            });
            let levels = levels.unwrap();
            assert_eq!(levels.len(), 3);
            assert_eq!(seen, levels.iter().map(|l| l.run.history.len()).sum::<usize>());
            for pair in levels.windows(2) {
                let (coarse, fine) = (&pair[0].run, &pair[1].run);
                assert!(pair[1].problem.network.shape().params > pair[0].problem.network.shape().params);
                // The finer network of prolonged weights is nearly the coarse one, at the validation loss of its best weights.
                let best = coarse.history.iter().map(|r| r.validation_loss).fold(f64::INFINITY, f64::min);
                let first = fine.history[0].validation_loss;
                assert!((first / best - 1.0).abs() < 0.02, "{method}: {best} then {first}");
                assert!(fine.work_units <= 80.0 + 4.0, "{method}: {}", fine.work_units);
            }
        }
        assert!(train_multilevel(&problem, Method::Adam, &options, 0, &start, 0, &mut |_| true).is_err());
        let stopped = train_multilevel(&problem, Method::Adam, &options, 0, &start, 3, &mut |r| r.work_units < 20.0);
        assert_eq!(stopped.unwrap().len(), 1);
    }
}
