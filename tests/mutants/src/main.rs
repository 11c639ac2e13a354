//! Mutation check of the core: of the wrong programs that differ from the right one in one operator, value or branch, how many do the
//! tests tell?
//!
//! A build for each mutant would take days. Here the mutants are all in one program, and an environment variable chooses the one that
//! runs: R. Untch, A. Offutt, M. J. Harrold, "Mutation analysis using mutant schemata" (ISSTA 1993), DOI 10.1145/154183.154265.
//! The operators are those of cargo-mutants. A copy of the repository is rewritten and built once; each test is run without a mutant,
//! and notes the points of mutation that it reaches; each mutant is run against the tests that reach it, until one fails.
//!
//! Results are in `results.tsv` of the copy; a run that was interrupted goes on from there. Survivors that are known stand in
//! `survivors.tsv` beside this program, each with its reason. Exit code 1: there is one that is not, or one that no longer is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

mod build;
mod points;
mod report;
mod rewrite;
mod run;

use points::Mutant;

const HELP: &str = "\
Mutation check of gaussling-core: linalg, autodiff, optim.

  --scratch FOLDER  where the copy is built; default target/mutants
  --file TEXT       only mutants of files whose path holds TEXT
  --stages N        1: the unit tests of the core; 2, the default: also those of tests/; 3: also those of std-ext
  --seconds N       of tests a mutant at most, the fastest first; default 20
  --sample N        only N mutants, chosen at random, the same ones every time
  --again           run the survivors again, after a change of the tests
  --mutant N        run one mutant against all tests that reach it
  --list            name the mutants, run none";

/// The arguments of `cargo test` that build the tests of each stage.
const STAGES: [&[&str]; 3] =
    [&["-p", "gaussling-core", "--lib"], &["-p", "gaussling-tests", "--tests"], &["-p", "gaussling", "--lib"]];
/// The elementary functions are not mutated, and their tests take long.
const SKIP: &str = "scalar::";

#[derive(Default)]
struct Options {
    scratch: Option<PathBuf>,
    file: String,
    stages: Option<usize>,
    seconds: Option<usize>,
    sample: Option<usize>,
    mutant: Option<usize>,
    again: bool,
    list: bool,
}

fn options() -> Result<Options, String> {
    let (mut options, mut words) = (Options::default(), std::env::args().skip(1));
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse::<usize>().map_err(|_| format!("not a number: {text}"));
        match word.as_str() {
            "--scratch" => options.scratch = Some(std::path::absolute(value()?).map_err(|e| e.to_string())?),
            "--file" => options.file = value()?,
            "--stages" => options.stages = Some(number(value()?)?.clamp(1, STAGES.len())),
            "--seconds" => options.seconds = Some(number(value()?)?),
            "--sample" => options.sample = Some(number(value()?)?),
            "--mutant" => options.mutant = Some(number(value()?)?),
            "--again" => options.again = true,
            "--list" => options.list = true,
            _ => return Err(format!("unknown option {word}\n\n{HELP}")),
        }
    }
    Ok(options)
}

/// An order that is as good as random, the same every time.
fn shuffled(id: usize) -> u64 {
    let mut x = id as u64 ^ 0x9E37_79B9_7F4A_7C15;
    for shift in [30, 27, 31] {
        x = (x ^ (x >> shift)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    }
    x
}

fn main() -> ExitCode {
    match check() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

fn check() -> Result<bool, String> {
    let options = options()?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.ancestors().nth(2).unwrap_or(own);
    let scratch = options.scratch.unwrap_or_else(|| root.join("target/mutants"));
    let stages = options.stages.unwrap_or(2);
    let seconds = options.seconds.unwrap_or(20) as f64;

    let (sources, mutants) = build::sources(root)?;
    if options.list {
        mutants.iter().for_each(|m| println!("{}\t{}", m.id, report::name(m)));
        return Ok(true);
    }
    let unviable = build::prepare(root, &scratch, &sources, &mutants)?;
    let programs = build::programs(&scratch, &STAGES[..stages])?;
    eprintln!("{} mutants, {} of them do not compile", mutants.len(), unviable.len());
    let tests = run::record(&programs, SKIP, &scratch, mutants.len())?;
    eprintln!("{} tests in {:.0} s", tests.len(), tests.iter().map(|t| t.seconds).sum::<f64>());

    if let Some(id) = options.mutant {
        let mutant = mutants.iter().find(|m| m.id == id).ok_or(format!("there is no mutant {id}"))?;
        let verdict = run::judge(mutant, &programs, &tests, f64::INFINITY, true)?;
        println!("{}\n{}: {}", report::name(mutant), verdict.result, verdict.test);
        return Ok(true);
    }

    // What an earlier run found.
    let path = scratch.join("results.tsv");
    let mut results: BTreeMap<usize, report::Row> = report::read(&path, &mutants);
    let stage = stages.to_string();
    // A survivor that is run again against fewer stages has survived the others all the same.
    let before: BTreeMap<usize, (String, String)> =
        results.iter().map(|(id, row)| (*id, (row.stages.clone(), row.result.clone()))).collect();
    results.retain(|_, row| !(row.survived() && (options.again || row.stages < stage)));
    let mut todo: Vec<&Mutant> =
        mutants.iter().filter(|m| m.file.contains(&options.file) && !unviable.contains(&m.id)).collect();
    todo.sort_by_key(|m| shuffled(m.id));
    todo.truncate(options.sample.unwrap_or(usize::MAX));
    let chosen: Vec<usize> = todo.iter().map(|m| m.id).collect();
    todo.retain(|m| !results.contains_key(&m.id));
    report::write(&path, &mutants, &results)?;

    let file = fs::OpenOptions::new().append(true).open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let shared = Mutex::new((file, &mut results));
    let of = todo.len();
    run::judge_all(&todo, &programs, &tests, seconds, |mutant, verdict| {
        let mut row = report::Row { result: verdict.result.into(), stages: stage.clone(), test: verdict.test };
        if let Some((stages, result)) = before.get(&mutant.id).filter(|(stages, _)| *stages > stage && row.survived()) {
            (row.stages, row.result) = (stages.clone(), result.clone());
        }
        let mut shared = shared.lock().map_err(|e| e.to_string())?;
        writeln!(shared.0, "{}", report::line(mutant, &row)).map_err(|e| e.to_string())?;
        shared.1.insert(mutant.id, row);
        if shared.1.len() % 100 == 0 {
            eprintln!("{} known, {of} were to be run", shared.1.len());
        }
        Ok(())
    })?;
    report::write(&path, &mutants, &results)?;
    let whole = options.sample.is_none() && options.file.is_empty() && stages > 1;
    let known = fs::read_to_string(own.join("survivors.tsv")).unwrap_or_default();
    report::summary(&mutants, &unviable, &chosen, &results, &known, whole)
}
