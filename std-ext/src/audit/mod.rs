//! [`run`]: what gaussling promises, measured on this machine.
//!
//! | part | what is measured | limit |
//! |---|---|---|
//! | residuals | backward errors of every factorization and solver, in units of (size × ε × norm), by kind and scale of matrix | 10 |
//! | hostile input | calls with NaN, ±∞, subnormal and largest numbers that panic, or that take NaN and ±∞ without an error | 0 |
//! | functions | errors of every elementary function in ULP, against 106-bit arithmetic | one for each function |
//! | derivatives | dot-product and Taylor tests of every layer, loss and objective | 1e-14; 0.2 below order 2 |
//! | reproducibility | digests of trainings and ratios by the portable kernels, against stored ones | equal |
//!
//! `gaussling audit` prints it all. Everything is pseudo-random with fixed seeds; with the portable kernels the numbers are the same on
//! every platform, with the fast ones they depend on the vector instructions.
//!
//! ```no_run
//! use gaussling::audit::{Effort, run};
//! let audit = run(Effort::Quick, |_| {});
//! assert!(audit.passes(), "{audit}");
//! ```

mod derivatives;
mod double;
mod functions;
mod hostile;
mod iterative;
mod machine;
mod matrices;
mod orthogonal;
mod reproducibility;
mod residuals;
mod show;
mod symmetric;

pub use machine::Machine;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Seconds.
    Quick,
    /// All 2³² arguments of the single-precision functions, and a hundred times as many of the double-precision ones: three quarters of an hour.
    Full,
}

/// A number that was measured, and its limit.
#[derive(Clone, Debug)]
pub struct Check {
    /// The part it belongs to.
    pub part: &'static str,
    /// What was tried, such as a routine.
    pub name: String,
    /// What the number is.
    pub measure: &'static str,
    /// The numbers' precision: f64, f32.
    pub precision: &'static str,
    /// The kernels: portable, fast, or any.
    pub backend: &'static str,
    /// The largest of all trials.
    pub worst: f64,
    /// What it must not exceed.
    pub limit: f64,
    /// Where the largest was found.
    pub at: String,
    /// How many inputs were tried.
    pub trials: u64,
    /// The same by kind and scale of matrix, where there are any.
    pub details: Vec<Detail>,
}

impl Check {
    /// Whether the number is within its limit.
    pub fn passes(&self) -> bool {
        self.worst <= self.limit
    }
}

/// The largest number for one kind of matrix at one scale.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Kind of matrix.
    pub kind: &'static str,
    /// The matrix was multiplied by 2^exponent.
    pub exponent: i32,
    /// The largest number.
    pub worst: f64,
    /// Matrices tried.
    pub trials: u64,
}

/// What was measured, and on what.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Versions and processor.
    pub machine: Machine,
    /// All numbers, part by part.
    pub checks: Vec<Check>,
}

impl Audit {
    /// Whether every number is within its limit.
    pub fn passes(&self) -> bool {
        self.checks.iter().all(Check::passes)
    }
}

/// Measures everything; `done` is told of each number as it comes.
///
/// A panic in a routine counts as a failed check; its message still goes to standard error, by the hook that is installed.
pub fn run(effort: Effort, mut done: impl FnMut(&Check)) -> Audit {
    let mut checks = Vec::new();
    let mut keep = |check: Check| {
        done(&check);
        checks.push(check);
    };
    residuals::checks(&mut keep);
    hostile::checks(&mut keep);
    functions::checks(effort, &mut keep);
    derivatives::checks(&mut keep);
    let mut last = Vec::new();
    reproducibility::checks(&checks, |check| last.push(check));
    last.iter().for_each(&mut done);
    checks.append(&mut last);
    Audit { machine: Machine::here(), checks }
}
