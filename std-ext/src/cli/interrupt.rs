//! Ctrl-C: the first ends a run after the step under way, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::{Failure, Kind};
use super::output::note;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, and where there are signals SIGTERM and SIGHUP, only ask for the end.
pub fn watch(quiet: bool) -> Result<(), Failure> {
    let handler = move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(Kind::Interrupted as i32);
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
