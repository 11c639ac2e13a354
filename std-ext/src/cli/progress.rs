//! Progress: a bar on a terminal, a line for each finished run elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;

use super::output::{note, percent};
use gaussling::compare::{Entry, Event};
use gaussling::train::Method;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far `runs` runs of `budget` work units each have come.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    budget: f64,
    /// Work units that each run under way has done.
    under_way: Mutex<Vec<(Method, u64, f64)>>,
}

impl Progress {
    pub fn new(quiet: bool, runs: usize, budget: f64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some((runs as f64 * budget).ceil() as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % · {eta} left · {msg}") {
            bar.set_style(style);
        }
        Self { bar, plain: !quiet && !terminal, budget, under_way: Mutex::new(Vec::new()) }
    }

    pub fn see(&self, event: Event<'_>) {
        let mut runs = self.under_way.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (method, seed, work_units) = match event {
            Event::Progress { method, seed, record } => (method, seed, record.work_units.min(self.budget)),
            Event::Finished(entry) => (entry.run.method, entry.seed, self.budget),
        };
        match runs.iter_mut().find(|run| (run.0, run.1) == (method, seed)) {
            Some(run) => run.2 = work_units,
            None => runs.push((method, seed, work_units)),
        }
        self.bar.set_position(runs.iter().map(|run| run.2).sum::<f64>() as u64);
        match event {
            Event::Progress { record, .. } => {
                let mut message = format!("{method} seed {seed}: training loss {:.3e}", record.train_loss);
                let others = [("validation loss", record.validation_loss), (method.control(), record.control)];
                for (name, value) in others.into_iter().filter(|(_, value)| !value.is_nan()) {
                    message += &format!(", {name} {value:.1e}");
                }
                self.bar.set_message(message);
            }
            Event::Finished(entry) if self.plain => note(&finished(entry)),
            Event::Finished(entry) => self.bar.println(finished(entry)),
        }
    }

    pub fn done(self) {
        self.bar.finish_and_clear();
    }
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
        run.ending.describe(),
    )
}
