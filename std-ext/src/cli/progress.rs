//! Progress: a bar on a terminal; elsewhere a line now and then, and one for each finished run.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::output::{note, percent};
use gaussling::compare::{Entry, Event};
use gaussling::train::{Method, Options, Record};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Parts of a run on the bar.
const PARTS: f64 = 1000.0;

/// Between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// Shows how far some runs have come.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    /// Budgets of a run, in work units and seconds.
    budgets: (f64, f64),
    runs: Mutex<Runs>,
}

struct Runs {
    /// Share of its budget that each run has used up.
    shares: Vec<(Method, u64, f64)>,
    last_line: Instant,
}

impl Progress {
    pub fn new(quiet: bool, runs: usize, options: &Options) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some((runs as f64 * PARTS) as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % · {eta} left · {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            plain: !quiet && !terminal,
            budgets: (options.work_units, options.seconds),
            runs: Mutex::new(Runs { shares: Vec::new(), last_line: Instant::now() }),
        }
    }

    /// Tells the bar that a run does not start at zero, so that the time left is not taken for too short.
    pub fn resumed(&self, method: Method, seed: u64, record: &Record) {
        self.set(method, seed, self.share(record));
        self.bar.reset_eta();
    }

    pub fn see(&self, event: Event<'_>) {
        match event {
            Event::Step => {}
            Event::Progress { method, seed, record } => {
                let due = self.set(method, seed, self.share(record));
                if self.plain && due {
                    note(&format!("{} after {:.0} work units", message(method, seed, record), record.work_units));
                } else {
                    self.bar.set_message(message(method, seed, record));
                }
            }
            Event::Finished(entry) => {
                self.set(entry.run.method, entry.seed, 1.0);
                if self.plain {
                    note(&finished(entry));
                } else {
                    self.bar.println(finished(entry));
                }
            }
        }
    }

    fn share(&self, record: &Record) -> f64 {
        (record.work_units / self.budgets.0).max(record.seconds / self.budgets.1).min(1.0)
    }

    /// Moves the bar; says whether it is time for a line.
    fn set(&self, method: Method, seed: u64, share: f64) -> bool {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        match runs.shares.iter_mut().find(|run| (run.0, run.1) == (method, seed)) {
            Some(run) => run.2 = share,
            None => runs.shares.push((method, seed, share)),
        }
        self.bar.set_position((runs.shares.iter().map(|run| run.2).sum::<f64>() * PARTS) as u64);
        let due = runs.last_line.elapsed() >= INTERVAL;
        if due {
            runs.last_line = Instant::now();
        }
        due
    }

    pub fn done(self) {
        self.bar.finish_and_clear();
    }
}

/// Losses and control of a run under way.
fn message(method: Method, seed: u64, record: &Record) -> String {
    let mut message = format!("{method} seed {seed}: training loss {:.3e}", record.train_loss);
    let others = [("validation loss", record.validation_loss), (method.control(), record.control)];
    for (name, value) in others.into_iter().filter(|(_, value)| !value.is_nan()) {
        message += &format!(", {name} {value:.1e}");
    }
    message
}

/// One line on a finished run.
fn finished(entry: &Entry) -> String {
    let run = &entry.run;
    format!(
        "{:<12} seed {}: validation error {} after {:.0} work units and {:.2} s; {}",
        run.method,
        entry.seed,
        percent(entry.scores[1].error),
        run.work_units,
        run.seconds,
        run.divergence().unwrap_or_else(|| run.ending.describe().to_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_follows_the_budget_that_is_nearer_its_end() {
        let options = Options { work_units: 200.0, seconds: 4.0, ..Options::default() };
        let progress = Progress::new(true, 2, &options);
        let record = |work_units, seconds| Record {
            work_units,
            seconds,
            train_loss: 1.0,
            validation_loss: f64::NAN,
            control: 0.5,
        };
        let see = |method, record: &Record| progress.see(Event::Progress { method, seed: 0, record });
        see(Method::Adam, &record(50.0, 0.1));
        assert_eq!(progress.bar.position(), 250);
        see(Method::Sgd, &record(20.0, 2.0));
        assert_eq!(progress.bar.position(), 750);
        see(Method::Sgd, &record(300.0, 3.0));
        assert_eq!(progress.bar.position(), 1250);
        let unlimited = Progress::new(true, 1, &Options { work_units: f64::INFINITY, seconds: 4.0, ..options });
        unlimited.see(Event::Progress { method: Method::Adam, seed: 0, record: &record(1e9, 1.0) });
        assert_eq!(unlimited.bar.position(), 250);
        assert_eq!(
            message(Method::Adam, 3, &record(1.0, 1.0)),
            "adam seed 3: training loss 1.000e0, learning rate 5.0e-1"
        );
    }

    #[test]
    fn lines_come_now_and_then() {
        let progress = Progress::new(true, 1, &Options::default());
        assert!(!progress.set(Method::Adam, 0, 0.1));
        let past = Instant::now().checked_sub(INTERVAL);
        progress.runs.lock().unwrap().last_line = past.expect("the machine is up for ten seconds");
        assert!(progress.set(Method::Adam, 0, 0.2) && !progress.set(Method::Adam, 0, 0.3));
    }
}
