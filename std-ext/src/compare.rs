//! [`compare`]: every method from the same initial weights, on the same parts of the data, with the same seeds and budget.
//!
//! Runs are independent, so they are spread over threads; the table does not depend on how many (times do).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::train::{
    self, Begin, Ending, Method, Next, Options, Problem, Record, Run, Scores, TrainError, Watch, Weights,
    runs_at_a_time, train_with,
};

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

impl Entry {
    /// Scores a run on all parts of the data.
    ///
    /// # Errors
    /// Those of [`Problem::scores`].
    pub fn new(problem: &Problem, seed: u64, run: Run) -> Result<Self, TrainError> {
        let score = |part| problem.scores(&run.weights, part);
        let scores = [score(&problem.train)?, score(&problem.validation)?, score(&problem.test)?];
        Ok(Self { seed, run, scores })
    }

    /// The error that methods are compared by: on test data, on validation data where there are none.
    pub fn judged(&self) -> f64 {
        if self.scores[2].error.is_nan() { self.scores[1].error } else { self.scores[2].error }
    }
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
    /// A run made a step. This comes often; the answer is what counts.
    Step,
    /// A run is finished.
    Finished(&'a Entry),
}

/// Trains with every method for every seed, `threads` runs at a time; entries come in the order of `methods`, then `seeds`.
///
/// Within a run there is one thread, but for a run that is alone, which takes all; [`Options::threads`] counts for nothing here.
/// Where memory cannot hold so many runs, fewer go on at a time.
///
/// `watch` returns `false` to stop all runs after the step that each is in. Those stopped keep their best weights so far and end
/// with [`Ending::Stopped`]; those that were not begun have no entry.
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
    // One run takes all threads; more take one each.
    let own = if methods.len() * seeds.len() == 1 { threads } else { 1 };
    let options = &Options { threads: own, ..options.clone() };
    let threads = runs_at_a_time(problem, methods, seeds.len(), options, threads)?;
    let starts: Vec<Weights> =
        seeds.iter().map(|&seed| problem.initial_weights(options, seed)).collect::<Result<_, _>>()?;
    let jobs: Vec<(Method, usize)> = methods.iter().flat_map(|&m| (0..seeds.len()).map(move |s| (m, s))).collect();
    let results: Vec<Mutex<Option<Result<Entry, TrainError>>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(method, s)) = jobs.get(i).filter(|_| !stopped.load(Ordering::Relaxed)) else { return };
            let seed = seeds[s];
            let mut watcher = Watcher { watch, method, seed, stopped: &stopped };
            let entry = train_with(problem, method, options, seed, Begin::Start(&starts[s]), &mut watcher)
                .and_then(|run| Entry::new(problem, seed, run));
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

/// The histories of all runs as CSV: the columns of [`train::history_csv`] behind the method's name
/// and the seed.
pub fn history_csv(entries: &[Entry]) -> String {
    let header = train::history_csv(&[]);
    let mut text = format!("method,seed,{header}");
    for entry in entries {
        let history = train::history_csv(&entry.run.history);
        for line in history.lines().skip(1) {
            text += &format!("{},{},{line}\n", entry.run.method, entry.seed);
        }
    }
    text
}

/// Watches one run for all.
struct Watcher<'a> {
    watch: &'a (dyn Fn(Event<'_>) -> bool + Sync),
    method: Method,
    seed: u64,
    stopped: &'a AtomicBool,
}

impl Watcher<'_> {
    fn goes_on(&self, event: Event<'_>) -> bool {
        if !(self.watch)(event) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        !self.stopped.load(Ordering::Relaxed)
    }
}

impl Watch for Watcher<'_> {
    fn record(&mut self, record: &Record) -> bool {
        self.goes_on(Event::Progress { method: self.method, seed: self.seed, record })
    }

    fn after_step(&mut self, _: f64) -> Next {
        if self.goes_on(Event::Step) { Next::GoOn } else { Next::Stop }
    }
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
    /// Runs.
    pub runs: usize,
    /// Runs that ended with a number that was not finite.
    pub diverged: usize,
    /// Whether it has the least mean error among the rows, on test (or validation) data.
    pub least: bool,
    /// Whether its error cannot be told from the least: the mean difference, seed by seed, is less than twice its standard
    /// error. `false` for the least itself, and where fewer than two seeds are common.
    pub tied: bool,
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
            runs: own.len(),
            diverged: own.iter().filter(|e| e.run.ending == Ending::NotFinite).count(),
            least: false,
            tied: false,
        });
    }
    let judged = |row: &Row| if row.errors[2].is_nan() { row.errors[1] } else { row.errors[2] };
    let least = rows.iter().map(judged).fold(f64::INFINITY, f64::min);
    rows.iter_mut().for_each(|row| row.least = judged(row) == least);
    if let Some(best) = rows.iter().find(|row| row.least).map(|row| row.method) {
        for row in rows.iter_mut().filter(|row| !row.least) {
            row.tied = paired_difference(entries, row.method, best)
                .is_some_and(|(mean, standard_error)| mean.abs() < 2.0 * standard_error);
        }
    }
    rows
}

/// Mean of error(`a`) − error(`b`) over the seeds that both have, and its standard error s/√n; `None` for fewer than two.
pub fn paired_difference(entries: &[Entry], a: Method, b: Method) -> Option<(f64, f64)> {
    let of = |method: Method| entries.iter().filter(move |e| e.run.method == method);
    let differences: Vec<f64> = of(a)
        .filter_map(|x| Some(x.judged() - of(b).find(|y| y.seed == x.seed)?.judged()))
        .filter(|difference| difference.is_finite())
        .collect();
    let (mean, deviation) = mean_and_deviation(&differences);
    (differences.len() > 1).then(|| (mean, deviation / (differences.len() as f64).sqrt()))
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
            Event::Step | Event::Finished(_) => true,
        });
        assert_eq!(entries.unwrap()[0].run.ending, Ending::Stopped);
        let wild = Options { learning_rate: Some(1e200), ..Options::default() };
        let entries = compare(&problem, &[Method::Sgd], &[0], &wild, 1, &|_| true).unwrap();
        assert_eq!(entries[0].run.ending, Ending::NotFinite);
        assert!(entries[0].run.weights.are_finite());
        assert_eq!(rows(&entries)[0].diverged, 1);
    }

    /// A step is the end of a run, and of those that were not begun.
    #[test]
    fn runs_stopped_by_a_step_leave_no_entry_when_not_begun() {
        let problem = problem();
        let options = Options { work_units: 1e6, ..Options::default() };
        let steps = AtomicUsize::new(0);
        let watch = |event: Event<'_>| !matches!(event, Event::Step) || steps.fetch_add(1, Ordering::Relaxed) < 3;
        let entries = compare(&problem, &[Method::Adam, Method::Sgd], &[0, 1], &options, 1, &watch).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].run.ending, entries[0].run.history.len()), (Ending::Stopped, 1));
    }

    /// Differences of 1, 2 and 3 percent have mean 2 and standard error 1/√3; with 0, 0 and 6 the standard error is 2.
    #[test]
    fn differences_are_paired_by_seed() {
        let problem = problem();
        let entry = |method, seed, error: f64| {
            let options = Options { work_units: 1.0, ..Options::default() };
            let start = problem.initial_weights(&options, seed).unwrap();
            let run = train::train(&problem, method, &options, seed, &start, &mut |_| true).unwrap();
            let mut entry = Entry::new(&problem, seed, run).unwrap();
            entry.scores.iter_mut().for_each(|scores| scores.error = error);
            entry
        };
        // Errors that vary over seeds by more than methods differ.
        let base = [0.30, 0.10, 0.20];
        let row = |method, more: [f64; 3]| (0..3).map(move |s| entry(method, s, base[s as usize] + more[s as usize]));
        let mut entries: Vec<Entry> = row(Method::Adam, [0.01, 0.03, 0.02]).collect();
        entries.extend(row(Method::Gnvpro, [0.0; 3]));
        entries.extend(row(Method::Sgd, [0.06, 0.0, 0.0]).rev());
        let (mean, error) = paired_difference(&entries, Method::Adam, Method::Gnvpro).unwrap();
        assert!((mean - 0.02).abs() < 1e-15 && (error - 0.01 / 3_f64.sqrt()).abs() < 1e-15, "{mean} {error}");
        let (mean, error) = paired_difference(&entries, Method::Sgd, Method::Gnvpro).unwrap();
        assert!((mean - 0.02).abs() < 1e-15 && (error - 0.02).abs() < 1e-15, "{mean} {error}");
        let found: Vec<(bool, bool)> = rows(&entries).iter().map(|row| (row.least, row.tied)).collect();
        assert_eq!(found, [(false, false), (true, false), (false, true)]);
        // One seed says nothing about chance.
        assert_eq!(paired_difference(&entries[..4], Method::Adam, Method::Gnvpro), None);
        assert!(rows(&entries[..4]).iter().all(|row| !row.tied));
    }

    #[test]
    fn mean_and_deviation_of_known_numbers() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_deviation(&[4.0]), (4.0, 0.0));
        assert!(mean_and_deviation(&[]).0.is_nan());
    }
}
