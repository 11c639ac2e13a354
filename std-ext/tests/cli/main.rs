//! The command as a user meets it: the built binary on files that the tests write.

mod audit;
mod bad_input;
mod commands;
#[cfg(unix)]
mod disturbances;
mod examples;
#[cfg(unix)]
mod faults;
mod formats;
#[cfg(unix)]
mod interruptions;
mod models;
mod options;
mod precision;
mod streams;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Exit codes, as `gaussling --help` lists them.
const OTHER: i32 = 1;
const USAGE: i32 = 2;
const DATA: i32 = 3;
const MODEL: i32 = 4;
const OUTPUT: i32 = 5;
const DIVERGED: i32 = 6;

/// A folder of its own for each test, removed when dropped; commands run in it.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gaussling-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Names of all files, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs `gaussling` with the words of a line, which may hold no blanks.
    fn run(&self, line: &str) -> Ran {
        self.run_with(line.split_whitespace())
    }

    fn run_with<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gaussling"));
        let command = command.args(arguments).current_dir(&self.0).env_remove("RUST_BACKTRACE");
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind harms nobody; a panic here would hide the test's own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How a command ended and what it said.
#[derive(Debug)]
struct Ran {
    /// `None` when a signal killed it.
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// What a command that succeeded printed.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }
}

/// Scattered numbers in (−1, 1), the same in every run.
fn number(i: usize) -> f64 {
    ((i * 7919 + 13) % 1009) as f64 / 1009.0 * 2.0 - 1.0
}

/// A CSV file of two inputs and two smooth targets, far from zero.
fn regression(samples: usize) -> String {
    let mut text = "u,v,target_a,\"target, b\"\n".to_string();
    for k in 0..samples {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        let [a, b] = targets(u, v);
        writeln!(text, "{u},{v},{a},{b}").unwrap();
    }
    text
}

fn targets(u: f64, v: f64) -> [f64; 2] {
    [3.0 + u + 0.5 * v, 5.0 + (1.5 * u).sin() * v]
}

/// Whether a file is there and begins like an SVG.
#[track_caller]
fn assert_svg(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{}", path.display());
    assert!(text.contains("work units"), "{}", path.display());
}
