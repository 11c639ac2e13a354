//! Long runs of a target on stable Rust.
//!
//! ```sh
//! cargo run --release --manifest-path fuzz/Cargo.toml --bin campaign -- svd --executions 1000000
//! ```
//!
//! Input number k is made from the corpus and from k alone. Inputs that break a law are made smaller and written to
//! `fuzz/artifacts/TARGET/`, one for each place that panics; one that takes longer than two seconds ends the run. The last
//! line printed is also appended to `fuzz/campaigns.tsv`. Exit code 1 when an input failed.

use gaussling_fuzz::{TARGETS, Target, corpus, minimize, random_input};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const USAGE: &str = "campaign TARGET --executions N [--seed S] [--threads T] [--seconds LIMIT] [--log FILE]
campaign TARGET FILE...    runs the target once on each file
campaign --totals [--log FILE]

Without --seed a run starts behind the last seed that the log has for the target. --log - writes no log.";
const HEADER: &str = "date\tcommit\trustc\ttarget\texecutions\tseconds\tfailures\tfirst seed\tlast seed";
/// An input that takes longer is a hang; so much of the processor, where the system tells, since others may hold it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Numbers that a thread takes at a time.
const CHUNK: u64 = 100;
/// No input of this number is running.
const IDLE: u64 = u64::MAX;

struct Options {
    target: Target,
    executions: u64,
    seed: u64,
    threads: u64,
    seconds: f64,
    log: Option<PathBuf>,
}

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<(String, String)> = RefCell::default();
}

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let log = match value_of(arguments, "--log") {
        Some("-") => None,
        Some(file) => Some(PathBuf::from(file)),
        None => Some([env!("CARGO_MANIFEST_DIR"), "campaigns.tsv"].iter().collect()),
    };
    let first = arguments.first().ok_or(USAGE)?;
    if first == "--totals" {
        print_totals(&read_log(log.as_ref()));
        return Ok(ExitCode::SUCCESS);
    }
    let target = TARGETS.into_iter().find(|(name, _)| name == first).ok_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        format!("no target {first}; there are {}\n{USAGE}", names.join(", "))
    })?;
    let files = arguments[1..].iter().take_while(|argument| !argument.starts_with("--"));
    if files.clone().next().is_some() {
        for file in files {
            target.1(&std::fs::read(file).map_err(|error| format!("{file}: {error}"))?);
            println!("{file}: no law broken");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let number = |name: &str, default: Option<u64>| match value_of(arguments, name) {
        Some(text) => text.parse().map_err(|_| format!("{name} {text}: not a count")),
        None => default.ok_or_else(|| format!("{name} is missing\n{USAGE}")),
    };
    let next = read_log(log.as_ref()).iter().filter(|run| run.target == target.0).map(|run| run.last + 1).max();
    let seconds = value_of(arguments, "--seconds").map_or(Ok(f64::INFINITY), str::parse);
    let options = Options {
        target,
        executions: number("--executions", None)?,
        seed: number("--seed", Some(next.unwrap_or(0)))?,
        threads: number("--threads", Some(1))?.max(1),
        seconds: seconds.map_err(|error| format!("--seconds: {error}"))?,
        log,
    };
    Ok(campaign(&options))
}

fn value_of<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}

/// What the threads share.
struct Shared {
    /// The next number that nobody has taken.
    next: AtomicU64,
    done: AtomicU64,
    failures: AtomicU64,
    /// Places that panicked already.
    places: Mutex<BTreeMap<String, u64>>,
}

fn campaign(options: &Options) -> ExitCode {
    let (name, target) = options.target;
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("nowhere".to_owned(), |l| format!("{}-{}", l.file(), l.line()));
        PLACE.with_borrow_mut(|known| *known = (place, info.to_string()));
    }));
    let seeds = corpus(name);
    let start = Instant::now();
    let shared = Shared {
        next: AtomicU64::new(options.seed),
        done: AtomicU64::new(0),
        failures: AtomicU64::new(0),
        places: Mutex::default(),
    };
    let end = options.seed.saturating_add(options.executions);
    let running: Vec<AtomicU64> = (0..options.threads).map(|_| AtomicU64::new(IDLE)).collect();
    let over = || start.elapsed().as_secs_f64() > options.seconds;
    std::thread::scope(|scope| {
        let (shared, seeds) = (&shared, &seeds);
        for current in &running {
            scope.spawn(move || {
                while !over() {
                    let first = shared.next.fetch_add(CHUNK, Ordering::Relaxed);
                    if first >= end {
                        break;
                    }
                    for seed in first..end.min(first + CHUNK) {
                        let bytes = random_input(seed, seeds);
                        current.store(seed, Ordering::Relaxed);
                        if fails(target, &bytes) {
                            current.store(IDLE, Ordering::Relaxed);
                            keep_failure(shared, options.target, seed, &bytes);
                        }
                        current.store(IDLE, Ordering::Relaxed);
                    }
                    shared.done.fetch_add(end.min(first + CHUNK) - first, Ordering::Relaxed);
                }
            });
        }
        watch(options, shared, &running, seeds, start);
    });
    report(options, &shared, start)
}

fn fails(target: fn(&[u8]), bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err()
}

/// Until all is done, with a line now and then. A hang ends the process, since its thread cannot be ended.
fn watch(options: &Options, shared: &Shared, running: &[AtomicU64], seeds: &[(PathBuf, Vec<u8>)], start: Instant) {
    let mut seen: Vec<_> = running.iter().map(|_| (IDLE, Instant::now(), processor_seconds())).collect();
    let hangs = |since: Instant, used: Option<f64>| {
        since.elapsed() > PATIENCE
            && match (used, processor_seconds()) {
                (Some(before), Some(now)) => now - before > PATIENCE.as_secs_f64() * options.threads as f64,
                _ => true,
            }
    };
    let mut told = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(20));
        for (current, seen) in running.iter().zip(&mut seen) {
            let seed = current.load(Ordering::Relaxed);
            if seed == IDLE || seed != seen.0 {
                *seen = (seed, Instant::now(), processor_seconds());
            } else if hangs(seen.1, seen.2) {
                shared.failures.fetch_add(1, Ordering::Relaxed);
                let file = write_artifact(options.target.0, &format!("hang-{seed}"), &random_input(seed, seeds));
                eprintln!("input {seed} takes longer than {PATIENCE:?}: {}", file.display());
                report(options, shared, start);
                std::process::exit(1);
            }
        }
        let done = shared.done.load(Ordering::Relaxed);
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("{}: {done} at {:.0}/s", options.target.0, done as f64 / start.elapsed().as_secs_f64());
        }
        if done >= options.executions || start.elapsed().as_secs_f64() > options.seconds {
            return;
        }
    }
}

/// What the threads together have had of the processor, by Linux: utime and stime, in hundredths of a second.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

/// Counts it, and writes a small one for each place.
fn keep_failure(shared: &Shared, (name, target): Target, seed: u64, bytes: &[u8]) {
    shared.failures.fetch_add(1, Ordering::Relaxed);
    let (place, message) = PLACE.with_borrow(Clone::clone);
    let mut places = shared.places.lock().unwrap_or_else(PoisonError::into_inner);
    let count = places.entry(place.clone()).or_default();
    *count += 1;
    if *count > 1 {
        return;
    }
    let same = |bytes: &[u8]| fails(target, bytes) && PLACE.with_borrow(|(found, _)| *found == place);
    let file = write_artifact(name, &format!("{seed}"), &minimize(bytes, same));
    eprintln!("input {seed} breaks a law: {message}\n  {}", file.display());
}

fn write_artifact(target: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "artifacts", target].iter().collect();
    let file = folder.join(name);
    if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, bytes)) {
        eprintln!("{}: {error}; the bytes are {bytes:?}", file.display());
    }
    file
}

fn report(options: &Options, shared: &Shared, start: Instant) -> ExitCode {
    let (done, failures) = (shared.done.load(Ordering::Relaxed), shared.failures.load(Ordering::Relaxed));
    let seconds = start.elapsed().as_secs_f64();
    let places = shared.places.lock().unwrap_or_else(PoisonError::into_inner);
    places.iter().for_each(|(place, count)| eprintln!("{count} inputs at {place}"));
    eprintln!("{}: {:.0} executions per second", options.target.0, done as f64 / seconds);
    let folder = env!("CARGO_MANIFEST_DIR");
    let line = format!(
        "{}\t{}\t{}\t{}\t{done}\t{seconds:.0}\t{failures}\t{}\t{}",
        output_of("date", &["-u", "+%F"]),
        output_of("git", &["-C", folder, "describe", "--always", "--dirty", "--exclude", "*"]),
        env!("FUZZ_RUSTC_VERSION"),
        options.target.0,
        options.seed,
        (options.seed + done).saturating_sub(1),
    );
    println!("{line}");
    if let Some(log) = options.log.as_ref().filter(|_| done > 0) {
        use std::io::Write;
        let head = if log.exists() { String::new() } else { format!("{HEADER}\n") };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        if let Err(error) = file.and_then(|mut file| file.write_all(format!("{head}{line}\n").as_bytes())) {
            eprintln!("{}: {error}", log.display());
        }
    }
    ExitCode::from(u8::from(failures > 0))
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or("unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A line of the log.
struct Logged {
    target: String,
    executions: u64,
    failures: u64,
    last: u64,
}

fn read_log(log: Option<&PathBuf>) -> Vec<Logged> {
    let text = log.and_then(|log| std::fs::read_to_string(log).ok()).unwrap_or_default();
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let count = |index: usize| fields.get(index)?.parse().ok();
        Some(Logged {
            target: (*fields.get(3)?).to_owned(),
            executions: count(4)?,
            failures: count(6)?,
            last: count(8)?,
        })
    };
    text.lines().skip(1).filter_map(parse).collect()
}

fn print_totals(log: &[Logged]) {
    println!("target\texecutions\tfailures\truns");
    for (name, _) in TARGETS {
        let runs = log.iter().filter(|run| run.target == name);
        let sum = |of: fn(&Logged) -> u64| runs.clone().map(of).sum::<u64>();
        println!("{name}\t{}\t{}\t{}", sum(|run| run.executions), sum(|run| run.failures), runs.clone().count());
    }
}
