//! The copy of the repository in which the core holds all its mutants, and its test programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::points::{self, Mutant};
use crate::rewrite::{Edit, Rewritten};

/// The folders that are mutated.
pub const FOLDERS: [&str; 3] = ["linalg", "autodiff", "optim"];

/// What chooses the mutant at run time: `MUTANT` in the environment; or `MUTANT_HITS`, a file that gets the points that were reached.
const RUNTIME: &str = r#"//! Which mutant runs.
extern crate std;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::{env, fs::{File, OpenOptions}, io::Write, sync::OnceLock};
static ACTIVE: AtomicU32 = AtomicU32::new(u32::MAX);
static HIT: [AtomicBool; MUTANTS] = [const { AtomicBool::new(false) }; MUTANTS];
static HITS: OnceLock<Option<File>> = OnceLock::new();
#[inline(always)]
pub(crate) fn at(point: u32) -> u32 {
    let active = ACTIVE.load(Relaxed);
    if active == u32::MAX { first_or_recorded(point) } else { active }
}
#[cold]
#[inline(never)]
fn first_or_recorded(point: u32) -> u32 {
    let open = |path| OpenOptions::new().append(true).create(true).open(path).ok();
    match HITS.get_or_init(|| env::var_os("MUTANT_HITS").and_then(open)) {
        Some(file) => {
            let mut file = file;
            if !HIT[point as usize].swap(true, Relaxed) {
                let _ = file.write_all(std::format!("{point}\n").as_bytes());
            }
            u32::MAX
        }
        None => {
            let active = env::var("MUTANT").ok().and_then(|m| m.parse().ok()).unwrap_or(0);
            ACTIVE.store(active, Relaxed);
            active
        }
    }
}
"#;

/// A source file of the core, by its path from the root.
pub struct Source {
    file: String,
    text: String,
    edits: Vec<Edit>,
}

/// All files to mutate and their mutants.
pub fn sources(root: &Path) -> Result<(Vec<Source>, Vec<Mutant>), String> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        paths.extend(files(&root.join("core/src").join(folder))?);
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    let mut texts = Vec::new();
    for path in &paths {
        texts.push(fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?);
    }
    let (mut sources, mut mutants, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for (path, text) in paths.iter().zip(&texts) {
        let folder = if path.ends_with("mod.rs") { path.with_file_name("") } else { path.with_extension("") };
        tests.extend(points::test_modules(text).iter().map(|name| folder.join(name)));
    }
    for (path, text) in paths.iter().zip(texts) {
        if !tests.iter().any(|test| path.starts_with(test) || path.with_extension("") == *test) {
            let file = path.strip_prefix(root).unwrap_or(path).display().to_string();
            let edits = points::find(&file, &text, &mut mutants)?;
            sources.push(Source { file, text, edits });
        }
    }
    Ok((sources, mutants))
}

/// Every file below `folder`, sorted; no hidden ones and no build outputs.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Keeps the time stamp of a file that does not change, so that cargo does not build it again.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, bytes)).map_err(|e| format!("{}: {e}", path.display()))
}

/// Copies the repository to `scratch`, mutants and all. Returns those that do not compile.
pub fn prepare(root: &Path, scratch: &Path, sources: &[Source], mutants: &[Mutant]) -> Result<BTreeSet<usize>, String> {
    let rewritten: BTreeSet<_> = sources.iter().map(|s| s.file.as_str()).collect();
    for path in files(root)? {
        let file = path.strip_prefix(root).unwrap_or(&path);
        let name = file.display().to_string();
        if rewritten.contains(name.as_str()) || path.starts_with(scratch) || name.starts_with("fuzz") {
            continue;
        }
        let mut bytes = fs::read(&path).map_err(|e| format!("{name}: {e}"))?;
        if name == "core/src/lib.rs" {
            bytes.extend(b"\nmod mutants;\n");
        }
        write(&scratch.join(file), &bytes)?;
    }
    write(
        &scratch.join("core/src/mutants.rs"),
        RUNTIME.replace("MUTANTS", &(mutants.len() + 1).to_string()).as_bytes(),
    )?;
    let list = scratch.join("unviable");
    let stored = fs::read_to_string(&list).unwrap_or_default();
    let mut unviable: BTreeSet<usize> = stored.lines().filter_map(|line| line.parse().ok()).collect();
    loop {
        let mut texts = Vec::new();
        for source in sources {
            let text = Rewritten::new(&source.text, &source.edits, &unviable);
            write(&scratch.join(&source.file), text.text.as_bytes())?;
            texts.push((source.file.as_str(), text));
        }
        let (ok, messages) = cargo(scratch, &["check", "-p", "gaussling-core", "--lib"])?;
        if ok {
            let lines: String = unviable.iter().map(|id| format!("{id}\n")).collect();
            write(&list, lines.as_bytes())?;
            return Ok(unviable);
        }
        // What is wrong makes wrong what follows from it: operators that a type does not have go first, points without a wrong arm last.
        let mut found = [const { BTreeSet::<usize>::new() }; 3];
        let mut unknown = "cargo check failed".to_string();
        for message in messages.iter().filter(|m| m["message"]["level"] == "error") {
            let operator = ["E0368", "E0369"].iter().any(|code| message["message"]["code"]["code"] == *code);
            let spans = message["message"]["spans"].as_array().map_or(&[][..], Vec::as_slice);
            for span in spans.iter().filter(|span| span["is_primary"] == true) {
                let name = span["file_name"].as_str().unwrap_or_default();
                let bytes = [&span["byte_start"], &span["byte_end"]].map(|b| b.as_u64().unwrap_or(0) as usize);
                if let Some((_, text)) = texts.iter().find(|(file, _)| *file == name) {
                    let (is_arm, ids) = text.at_fault(&(bytes[0]..bytes[1]));
                    found[if !is_arm { 2 } else { usize::from(!operator) }].extend(ids);
                }
            }
            if let Some(rendered) = message["message"]["rendered"].as_str() {
                unknown = rendered.to_string();
            }
        }
        let before = unviable.len();
        unviable.extend(found.into_iter().find(|ids| !ids.is_empty()).unwrap_or_default());
        eprintln!("{} mutants do not compile", unviable.len());
        if unviable.len() == before {
            return Err(unknown);
        }
    }
}

/// A test program.
pub struct Program {
    /// The number of its stage.
    pub stage: usize,
    pub name: String,
    pub path: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
}

/// Builds the test programs of each stage, a list of arguments of `cargo test`.
pub fn programs(scratch: &Path, stages: &[&[&str]]) -> Result<Vec<Program>, String> {
    let mut found = Vec::new();
    for (stage, arguments) in stages.iter().enumerate() {
        let command = [&["test", "--release", "--no-run"], *arguments].concat();
        let (ok, messages) = cargo(scratch, &command)?;
        if !ok {
            return Err(format!("cargo {} failed in {}", command.join(" "), scratch.display()));
        }
        for message in messages {
            let manifest = message["manifest_path"].as_str().map(PathBuf::from);
            if let (Some(path), Some(manifest), true) =
                (message["executable"].as_str(), manifest, message["profile"]["test"] == true)
            {
                let folder = manifest.parent().unwrap_or(scratch).to_path_buf();
                let name = message["target"]["name"].as_str().unwrap_or_default().to_string();
                found.push(Program { stage, name, path: path.into(), folder });
            }
        }
    }
    Ok(found)
}

/// Runs cargo in the copy; whether it succeeded, and its messages.
fn cargo(scratch: &Path, arguments: &[&str]) -> Result<(bool, Vec<Value>), String> {
    let output = Command::new("cargo")
        .args(arguments)
        .args(["--message-format=json", "--quiet"])
        .current_dir(scratch)
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env("RUSTFLAGS", "--cap-lints=allow")
        // Built once and started a hundred thousand times, by few seconds each.
        .envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_DEBUG", "0")])
        .envs([("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"), ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cargo: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok((output.status.success(), text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()))
}
