//! What goes out: results, notes, files. Files are tried before the work, so that nobody waits for what cannot be kept.

use std::fs::{File, create_dir_all, remove_file};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use gaussling::storage;
use serde_json::Value;

use super::failure::{Failure, Kind};
use super::json;

/// Writes a result to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has seen enough, like `head`, is no failure.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| Failure::new(Kind::Output, format!("cannot write to standard output: {e}"))),
    }
}

/// Prints a result: the text, or with `--json` the object, and then the text as a note.
pub fn report(text: &str, object: Option<&Value>) -> Result<(), Failure> {
    match object {
        None => print(text),
        Some(object) => {
            note(text.trim_end());
            print(&json::line(object))
        }
    }
}

/// Writes a line to standard error. That nobody reads it is no reason to stop.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A share as percentage; "-" when there was nothing to measure.
pub fn percent(share: f64) -> String {
    if share.is_nan() { "-".to_string() } else { format!("{:.3} %", 100.0 * share) }
}

/// Whether a file can be written here, which is not one that is read.
pub fn check_file(file: &Path, read: &[&Path]) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::new(Kind::Output, format!("{}: cannot be written: {why}", file.display())));
    let Some(name) = file.file_name() else { return refused("not the name of a file") };
    if file.is_dir() {
        return refused("is a directory; name a file in it");
    }
    let same = |other: &&&Path| match (file.canonicalize(), other.canonicalize()) {
        (Ok(file), Ok(other)) => file == other,
        _ => false,
    };
    if let Some(other) = read.iter().find(same) {
        return refused(&format!("it is {}, which is read; choose another name", other.display()));
    }
    if storage::is_special(file) {
        return Ok(());
    }
    let mut probe = name.to_os_string();
    probe.push(format!(".{}.probe", std::process::id()));
    let probe = storage::target(file).with_file_name(probe);
    let made = match File::create_new(&probe) {
        // Of a killed process with the same number, as in containers; whoever can remove it can make it.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    };
    match made.and_then(|()| remove_file(&probe)) {
        Err(e) if e.kind() == ErrorKind::NotFound => refused("no such folder; make it first"),
        Err(e) => refused(&e.to_string()),
        Ok(_) => Ok(()),
    }
}

/// Whether no file would be written over another one.
pub fn check_different(files: &[&Path]) -> Result<(), Failure> {
    match files.iter().enumerate().find(|(i, file)| files[..*i].contains(file)) {
        Some((_, file)) => {
            let what = format!("{}: is to be written twice; choose another name", file.display());
            Err(Failure::new(Kind::Output, what))
        }
        None => Ok(()),
    }
}

/// Writes a text to a file, which is replaced as a whole or not at all.
pub fn write_file(file: &Path, text: &str) -> Result<(), Failure> {
    storage::replace(file, text.as_bytes())
        .map_err(|e| Failure::new(Kind::Output, format!("{}: cannot be written: {e}", file.display())))
}

/// The plot beside a model: the same name with the ending `.svg`.
pub fn plot_beside(model: &Path) -> Result<PathBuf, Failure> {
    if model.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg")) {
        let why = "the plot of the losses would have the same name; choose the ending .safetensors";
        return Err(Failure::new(Kind::Output, format!("{}: cannot be written: {why}", model.display())));
    }
    Ok(model.with_extension("svg"))
}

/// Makes a folder in which these files can be written.
pub fn make_folder(folder: &Path, files: &[&str]) -> Result<(), Failure> {
    create_dir_all(folder)
        .map_err(|e| Failure::new(Kind::Output, format!("cannot make the folder {}: {e}", folder.display())))?;
    files.iter().try_for_each(|file| check_file(&folder.join(file), &[]))
}
