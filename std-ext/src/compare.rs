//! [`compare`]: every method from the same initial weights, on the same parts of the data, with the same seeds and budget.
//!
//! Runs are independent, so they are spread over threads; the table does not depend on how many (times do).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::train::{Method, Options, Problem, Record, Run, Scores, TrainError, Weights, runs_at_a_time, train};

/// One finished run and its scores.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Seed of the initial weights and of the order of batches.
    pub seed: u64,
    /// The run.
    pub run: Run,
    /// Scores of its best weights on training, validation and test data.
    pub scores: [Scores; 3],
}

/// What happens while the runs are going on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A run made a record.
    Progress {
        /// Its method.
        method: Method,
        /// Its seed.
        seed: u64,
        /// The record.
        record: &'a Record,
    },
    /// A run is finished.
    Finished(&'a Entry),
}

/// Trains with every method for every seed, `threads` runs at a time; entries come in the order of `methods`, then `seeds`.
///
/// Where memory cannot hold so many runs, fewer go on at a time.
///
/// `watch` returns `false` to stop all runs; those stopped keep their best weights so far.
///
/// # Errors
/// The first [`TrainError`] of a run; before all of them [`TrainError::Memory`] when memory cannot hold a single one.
pub fn compare(
    problem: &Problem,
    methods: &[Method],
    seeds: &[u64],
    options: &Options,
    threads: usize,
    watch: &(dyn Fn(Event<'_>) -> bool + Sync),
) -> Result<Vec<Entry>, TrainError> {
    let threads = runs_at_a_time(problem, methods, seeds.len(), options, threads)?;
    let starts: Vec<Weights> =
        seeds.iter().map(|&seed| problem.initial_weights(options, seed)).collect::<Result<_, _>>()?;
    let jobs: Vec<(Method, usize)> = methods.iter().flat_map(|&m| (0..seeds.len()).map(move |s| (m, s))).collect();
    let results: Vec<Mutex<Option<Result<Entry, TrainError>>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(method, s)) = jobs.get(i) else { return };
            let seed = seeds[s];
            let mut report = |record: &Record| {
                if !watch(Event::Progress { method, seed, record }) {
                    stopped.store(true, Ordering::Relaxed);
                }
                !stopped.load(Ordering::Relaxed)
            };
            let entry = train(problem, method, options, seed, &starts[s], &mut report).and_then(|run| {
                let score = |part| problem.scores(&run.weights, part);
                let scores = [score(&problem.train)?, score(&problem.validation)?, score(&problem.test)?];
                Ok(Entry { seed, run, scores })
            });
            if let Ok(entry) = &entry {
                watch(Event::Finished(entry));
            }
            *results[i].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(entry);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // A thread that the system refuses is done without: the others take its runs.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let entry = |slot: Mutex<Option<_>>| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().filter_map(entry).collect()
}

/// Mean and standard deviation (of the sample, n − 1) of finite numbers; NaN for none, 0 for the deviation of one.
pub fn mean_and_deviation(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let squares: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, if x.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 })
}

/// A row of the table: one method over all seeds.
#[derive(Clone, Debug)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// Mean over seeds of the error on training, validation and test data, as shares of 1.
    pub errors: [f64; 3],
    /// Standard deviation over seeds of the test error (of the validation error when there is no test data).
    pub deviation: f64,
    /// Mean normalized error on test (or validation) data.
    pub normalized: f64,
    /// Mean work units.
    pub work_units: f64,
    /// Mean seconds of training.
    pub seconds: f64,
    /// Runs that ended with a number that was not finite.
    pub diverged: usize,
}

/// The table of a comparison, in the order of the entries.
pub fn rows(entries: &[Entry]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for entry in entries {
        let method = entry.run.method;
        if rows.iter().any(|row| row.method == method) {
            continue;
        }
        let own: Vec<&Entry> = entries.iter().filter(|e| e.run.method == method).collect();
        let over = |f: &dyn Fn(&Entry) -> f64| mean_and_deviation(&own.iter().map(|e| f(e)).collect::<Vec<_>>());
        let judged = if entry.scores[2].error.is_nan() { 1 } else { 2 };
        rows.push(Row {
            method,
            errors: [0, 1, 2].map(|part| over(&|e| e.scores[part].error).0),
            deviation: over(&|e| e.scores[judged].error).1,
            normalized: over(&|e| e.scores[judged].normalized).0,
            work_units: over(&|e| e.run.work_units).0,
            seconds: over(&|e| e.run.seconds).0,
            diverged: own.iter().filter(|e| e.run.ending == crate::train::Ending::NotFinite).count(),
        });
    }
    rows
}

/// The best entry by validation loss of its kind, test error deciding nothing: by validation error, or by training error when
/// there are no validation data.
pub fn best(entries: &[Entry]) -> Option<&Entry> {
    let key = |e: &Entry| if e.scores[1].error.is_nan() { e.scores[0].error } else { e.scores[1].error };
    entries.iter().filter(|e| key(e).is_finite()).min_by(|a, b| key(a).total_cmp(&key(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DenseMatrix;
    use crate::data::{Dataset, Sizes, split};
    use crate::network::Sequential;
    use crate::train::Ending;

    /// y = (sin 3u, u v) on a grid that a fixed rule scatters.
    fn problem() -> Problem {
        let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 * 2.0 - 1.0;
        let inputs = DenseMatrix::from_fn(2, 120, |i, j| number(2 * j + i));
        let targets = DenseMatrix::from_fn(2, 120, |i, j| {
            let (u, v) = (inputs[(0, j)], inputs[(1, j)]);
            2.0 + if i == 0 { (3.0 * u).sin() } else { u * v }
        });
        let names = |p: &str| vec![format!("{p}1"), format!("{p}2")];
        let data = Dataset { inputs, targets, input_names: names("x"), target_names: names("y"), classes: None };
        let split = split(120, Sizes::default(), 1, None).unwrap();
        let network = Sequential::parse("dense:8, antisym:8x2", 2).unwrap();
        Problem::new(&data, None, &split, network, true).unwrap()
    }

    #[test]
    fn every_method_learns_and_threads_change_nothing() {
        let problem = problem();
        let options = Options { work_units: 60.0, batch: Some(10), ..Options::default() };
        let run = |threads| compare(&problem, &Method::ALL, &[0, 1], &options, threads, &|_| true).unwrap();
        let (one, two) = (run(1), run(2));
        assert_eq!(one.len(), 2 * Method::ALL.len());
        for (a, b) in one.iter().zip(&two) {
            assert_eq!((a.run.method, a.seed, &a.run.weights), (b.run.method, b.seed, &b.run.weights));
            let first = a.run.history[0].validation_loss;
            let best = a.run.history.iter().map(|r| r.validation_loss).fold(f64::INFINITY, f64::min);
            // The start has the best W for its θ, which SGD at its careful rate does not improve on so soon.
            assert!(best < first || a.run.method == Method::Sgd, "{}: {first} -> {best}", a.run.method);
            assert_eq!(problem.loss_on(problem.loss, &a.run.weights, &problem.validation).unwrap(), best);
            let within = a.run.ending == Ending::Converged || (20.0..=64.0).contains(&a.run.work_units);
            assert!(within, "{}: {} work units, {:?}", a.run.method, a.run.work_units, a.run.ending);
        }
        // From the same initial weights.
        for seed in [0, 1] {
            let starts: Vec<f64> = one.iter().filter(|e| e.seed == seed).map(|e| e.run.history[0].train_loss).collect();
            assert!(starts.iter().all(|s| *s == starts[0]), "{starts:?}");
        }
        let rows = rows(&one);
        assert_eq!(rows.len(), Method::ALL.len());
        assert!(rows.iter().all(|r| r.errors.iter().all(|e| e.is_finite()) && r.deviation > 0.0 && r.diverged == 0));
        assert!(best(&one).is_some());
    }

    #[test]
    fn a_run_can_be_stopped_and_a_diverging_one_says_so() {
        let problem = problem();
        let options = Options { work_units: 1e6, ..Options::default() };
        let entries = compare(&problem, &[Method::Adam], &[0], &options, 1, &|event| match event {
            Event::Progress { record, .. } => record.work_units < 10.0,
            Event::Finished(_) => true,
        });
        assert_eq!(entries.unwrap()[0].run.ending, Ending::Stopped);
        let wild = Options { learning_rate: Some(1e200), ..Options::default() };
        let entries = compare(&problem, &[Method::Sgd], &[0], &wild, 1, &|_| true).unwrap();
        assert_eq!(entries[0].run.ending, Ending::NotFinite);
        assert!(entries[0].run.weights.are_finite());
        assert_eq!(rows(&entries)[0].diverged, 1);
    }

    #[test]
    fn mean_and_deviation_of_known_numbers() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_deviation(&[4.0]), (4.0, 0.0));
        assert!(mean_and_deviation(&[]).0.is_nan());
    }
}
