//! Ctrl-C: the first ends a run after the step under way, the second ends the process at once.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;
use super::output::note;

/// The exit code of a command that was interrupted: 128 and the number of the signal, as shells count.
pub const CODE: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, and where there are signals SIGTERM and SIGHUP, only ask for the end.
pub fn watch(quiet: bool) -> Result<(), Failure> {
    let handler = move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(CODE));
        }
        if !quiet {
            note("interrupted: the step under way is finished; once more ends at once");
        }
    };
    ctrlc::set_handler(handler).map_err(|e| format!("cannot watch for Ctrl-C: {e}").into())
}

/// Whether the end was asked for.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// The end was asked for, and came in order: what there is, and how to go on.
#[derive(Debug)]
pub struct Interrupted(pub String);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}
