//! Times an operation, or has its instructions counted.
//!
//! With `--count` each operation runs once within [`counted`], which `.ci/instructions` looks for in callgrind's output; else it is
//! timed and the median is printed. `portable` or `fast` keeps a backend, other
//! arguments the operations whose name contains one of them.

use std::hint::black_box;
use std::time::Instant;

use gaussling_core::Error;

const SAMPLES: usize = 401;

/// Whether an operation was asked for.
fn wanted(name: &str, backend: &str) -> bool {
    let arguments = || std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let is_backend = |argument: &String| ["portable", "fast"].contains(&argument.as_str());
    let asked = |of: &dyn Fn(&String) -> bool, holds: &dyn Fn(&str) -> bool| {
        let mut these = arguments().filter(|argument| of(argument)).peekable();
        these.peek().is_none() || these.any(|argument| holds(&argument))
    };
    asked(&is_backend, &|argument| backend == argument)
        && asked(&|argument| !is_backend(argument), &|argument| name.contains(argument))
}

/// Whether instructions are to be counted.
pub fn counting() -> bool {
    std::env::args().any(|argument| argument == "--count")
}

/// Prints the median time of a call in microseconds, or has its instructions counted; `call` gets the number of the call.
pub fn time(
    name: &str,
    scalar: &str,
    backend: &str,
    mut call: impl FnMut(usize) -> Result<(), Error>,
) -> Result<(), Error> {
    if !wanted(name, backend) {
        return Ok(());
    }
    if counting() {
        // What is set up once is not counted.
        (0..2).try_for_each(&mut call)?;
        println!("{backend}\t{name}\t{scalar}");
        return counted(&mut || call(2));
    }
    let mut microseconds = Vec::with_capacity(SAMPLES);
    let begun = Instant::now();
    for i in 0..SAMPLES + 5 {
        // Long operations need fewer.
        if i > 50 && begun.elapsed().as_secs() >= 2 {
            break;
        }
        let start = Instant::now();
        call(i)?;
        if i >= 5 {
            microseconds.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    microseconds.sort_by(f64::total_cmp);
    println!("{backend}\t{name}\t{scalar}\t{:.2}", microseconds[microseconds.len() / 2]);
    Ok(())
}

/// A function of its own, so that callgrind knows where to count.
#[inline(never)]
fn counted(call: &mut dyn FnMut() -> Result<(), Error>) -> Result<(), Error> {
    black_box(call())
}
