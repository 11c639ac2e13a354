//! Tests, each in a process of its own: which points it reaches, and whether it tells a mutant from the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::build::Program;
use crate::points::Mutant;

/// A test that passes without a mutant.
pub struct Test {
    pub program: usize,
    pub name: String,
    pub seconds: f64,
    /// Whether it reaches the point, by the number of the point.
    pub reaches: Vec<bool>,
}

/// How a test ended.
#[derive(PartialEq)]
enum End {
    Passed,
    Failed,
    Timeout,
}

/// What became of a mutant, and by which test.
pub struct Verdict {
    pub result: &'static str,
    pub test: String,
}

fn run(program: &Program, test: &str, variable: (&str, &str), limit: Duration) -> Result<End, String> {
    let mut child = Command::new(&program.path)
        .args(["--exact", test, "--test-threads=1"])
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env(variable.0, variable.1)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{}: {e}", program.path.display()))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(if status.success() { End::Passed } else { End::Failed });
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(End::Timeout);
        }
        thread::sleep(Duration::from_micros(if start.elapsed().as_millis() < 20 { 300 } else { 3000 }));
    }
}

/// Does `work` for 0, 1, … `count` − 1 in two threads.
fn in_two_threads(count: usize, work: impl Fn(usize) -> Result<(), String> + Sync) -> Result<(), String> {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let i = next.fetch_add(1, Ordering::Relaxed)
            && i < count
        {
            work(i)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let other = scope.spawn(worker);
        worker().and(other.join().unwrap_or_else(|_| Err("a thread panicked".into())))
    })
}

/// Runs every test of the programs without a mutant. `skip`: names that are left out.
pub fn record(programs: &[Program], skip: &str, scratch: &Path, mutants: usize) -> Result<Vec<Test>, String> {
    let mut names = Vec::new();
    for (i, program) in programs.iter().enumerate() {
        let output = Command::new(&program.path).args(["--list", "--format", "terse"]).output();
        let list = output.map_err(|e| format!("{}: {e}", program.path.display()))?.stdout;
        let list = String::from_utf8_lossy(&list).into_owned();
        let tests = list.lines().filter_map(|line| line.strip_suffix(": test")).filter(|name| !name.starts_with(skip));
        names.extend(tests.map(|name| (i, name.to_string())));
    }
    let folder = scratch.join("hits");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let tests = Mutex::new(Vec::new());
    in_two_threads(names.len(), |i| {
        let (program, name) = &names[i];
        let hits = folder.join(i.to_string());
        let _ = fs::remove_file(&hits);
        let start = Instant::now();
        let end = run(&programs[*program], name, ("MUTANT_HITS", &hits.to_string_lossy()), Duration::from_secs(600))?;
        if end != End::Passed {
            eprintln!("left out, since it does not pass without a mutant: {} {name}", programs[*program].name);
            return Ok(());
        }
        let mut reaches = vec![false; mutants + 1];
        for line in fs::read_to_string(&hits).unwrap_or_default().lines() {
            if let Some(reached) = line.parse().ok().and_then(|point: usize| reaches.get_mut(point)) {
                *reached = true;
            }
        }
        let test = Test { program: *program, name: name.clone(), seconds: start.elapsed().as_secs_f64(), reaches };
        tests.lock().map_err(|e| e.to_string())?.push(test);
        Ok(())
    })?;
    tests.into_inner().map_err(|e| e.to_string())
}

/// Runs the tests that reach a mutant until one fails or `seconds` are over: the quick ones of its own file first, then the fastest
/// first.
pub fn judge(
    mutant: &Mutant,
    programs: &[Program],
    tests: &[Test],
    seconds: f64,
    all: bool,
) -> Result<Verdict, String> {
    let path = mutant.file.trim_end_matches(".rs").trim_end_matches("/mod");
    let stem = path.rsplit('/').next().unwrap_or(path);
    let mut reaching: Vec<&Test> = tests.iter().filter(|test| test.reaches[mutant.point]).collect();
    reaching.sort_by(|a, b| {
        let key = |test: &Test| test.seconds > 1.0 || programs[test.program].stage > 0 || !test.name.contains(stem);
        key(a).cmp(&key(b)).then(a.seconds.total_cmp(&b.seconds))
    });
    let mut result = if reaching.is_empty() { "not reached" } else { "missed" };
    let mut by = Vec::new();
    let start = Instant::now();
    for test in reaching {
        if start.elapsed().as_secs_f64() + test.seconds > seconds {
            break;
        }
        // Generous, for a machine on which other programs run.
        let limit = Duration::from_secs_f64(3.0 + 8.0 * test.seconds);
        let this = match run(&programs[test.program], &test.name, ("MUTANT", &mutant.id.to_string()), limit)? {
            End::Passed => continue,
            End::Failed => "caught",
            End::Timeout => "timeout",
        };
        by.push(format!("{} {}", programs[test.program].name, test.name));
        if result != "caught" {
            result = this;
        }
        if !all {
            break;
        }
    }
    Ok(Verdict { result, test: by.join(", ") })
}

/// Judges `mutants`, two at a time.
pub fn judge_all(
    mutants: &[&Mutant],
    programs: &[Program],
    tests: &[Test],
    seconds: f64,
    report: impl Fn(&Mutant, Verdict) -> Result<(), String> + Sync,
) -> Result<(), String> {
    in_two_threads(mutants.len(), |i| report(mutants[i], judge(mutants[i], programs, tests, seconds, false)?))
}
