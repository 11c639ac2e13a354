//! Results as text: the table of mutants, the summary, and the list of survivors that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::build::FOLDERS;
use crate::points::Mutant;

/// What a run found about a mutant.
pub struct Row {
    /// `caught`, `timeout`, `missed` or `not reached`.
    pub result: String,
    /// How many stages of tests it was run against.
    pub stages: String,
    /// The test that failed.
    pub test: String,
}

impl Row {
    pub fn survived(&self) -> bool {
        self.result == "missed" || self.result == "not reached"
    }
}

/// File, line, function, mutation, code.
pub fn name(m: &Mutant) -> String {
    format!("{}\t{}\t{}\t{}\t{}", m.file, m.line, m.function, m.mutation, m.code)
}

pub fn line(m: &Mutant, row: &Row) -> String {
    format!("{}\t{}\t{}\t{}\t{}", m.id, name(m), row.result, row.stages, row.test)
}

/// File, function, mutation, code: what stays the same where lines and numbers change.
fn key(fields: [&str; 4]) -> String {
    fields.join("\t")
}

/// The rows of an earlier run.
pub fn read(path: &Path, mutants: &[Mutant]) -> BTreeMap<usize, Row> {
    let known: BTreeMap<String, usize> =
        mutants.iter().map(|m| (key([&m.file, &m.function, &m.mutation, &m.code]), m.id)).collect();
    let row = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
        [_, file, _, function, mutation, code, result, stages, test] => {
            let id = *known.get(&key([file, function, mutation, code]))?;
            Some((id, Row { result: result.into(), stages: stages.into(), test: test.into() }))
        }
        _ => None,
    };
    fs::read_to_string(path).unwrap_or_default().lines().filter_map(row).collect()
}

pub fn write(path: &Path, mutants: &[Mutant], results: &BTreeMap<usize, Row>) -> Result<(), String> {
    let lines: String = results.iter().map(|(id, row)| line(&mutants[id - 1], row) + "\n").collect();
    let text = format!("mutant\tfile\tline\tfunction\tmutation\tcode\tresult\tstages\ttest\n{lines}");
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// A row of `survivors.tsv`: file, function, mutation, code; `*` is anything. The fifth is the reason.
fn explains(row: &str, m: &Mutant) -> bool {
    let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
    match row.split('\t').collect::<Vec<_>>()[..] {
        [file, function, mutation, code, reason] => {
            let file = format!("core/src/{file}");
            fits(&file, &m.file)
                && fits(function, &m.function)
                && fits(mutation, &m.mutation)
                && fits(code, &m.code)
                && !reason.is_empty()
        }
        _ => false,
    }
}

/// Prints the table of folders and what is not explained; whether all survivors are. `whole`: no mutant was left out, so that an
/// explanation without a survivor is out of date.
pub fn summary(
    mutants: &[Mutant],
    unviable: &BTreeSet<usize>,
    chosen: &[usize],
    results: &BTreeMap<usize, Row>,
    known: &str,
    whole: bool,
) -> Result<bool, String> {
    let chosen: BTreeSet<usize> = chosen.iter().copied().collect();
    let rows = || mutants.iter().filter(|m| chosen.contains(&m.id)).filter_map(|m| Some((m, results.get(&m.id)?)));
    println!("folder    mutants  unviable   run  caught  timeout  missed  not reached  per cent");
    for folder in FOLDERS.iter().map(|f| format!("core/src/{f}/")).chain(["core/src/".into()]) {
        let inside = |m: &Mutant| m.file.starts_with(&folder);
        let count = |result: &str| rows().filter(|(m, row)| inside(m) && row.result == result).count();
        let [caught, timeout, missed, not_reached] = ["caught", "timeout", "missed", "not reached"].map(count);
        let run = caught + timeout + missed + not_reached;
        println!(
            "{:9}{:8}{:10}{run:6}{caught:8}{timeout:9}{missed:8}{not_reached:13}{:10.1}",
            if folder == "core/src/" { "all" } else { &folder[9..folder.len() - 1] },
            mutants.iter().filter(|m| inside(m)).count(),
            unviable.iter().filter(|&&id| inside(&mutants[id - 1])).count(),
            100.0 * (caught + timeout) as f64 / run.max(1) as f64,
        );
    }
    let known: Vec<&str> = known.lines().skip(1).collect();
    let survivors: Vec<&Mutant> = rows().filter(|(_, row)| row.survived()).map(|(m, _)| m).collect();
    let unexplained: Vec<_> = survivors.iter().filter(|m| !known.iter().any(|row| explains(row, m))).collect();
    let stale: Vec<_> = known.iter().filter(|row| whole && !survivors.iter().any(|m| explains(row, m))).collect();
    println!("{} survivors, {} without a reason", survivors.len(), unexplained.len());
    unexplained.iter().for_each(|m| println!("no reason: {}\t{}", m.id, name(m)));
    stale.iter().for_each(|row| println!("no such survivor: {row}"));
    Ok(unexplained.is_empty() && stale.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_need_a_reason_and_reasons_a_survivor() {
        let mutant = |id: usize, code: &str| Mutant {
            id,
            point: id,
            file: "core/src/linalg/qr.rs".into(),
            line: 1,
            function: "f".into(),
            mutation: "delete -".into(),
            code: code.into(),
        };
        let (mutants, none) = ([mutant(1, "-x"), mutant(2, "-x (2)")], BTreeSet::new());
        let row = |result: &str| Row { result: result.into(), stages: "2".into(), test: String::new() };
        let judge = |results: [&str; 2], known: &str, whole: bool| {
            let results = results.iter().enumerate().map(|(i, result)| (i + 1, row(result))).collect();
            summary(&mutants, &none, &[1, 2], &results, &format!("header\n{known}"), whole).unwrap()
        };
        let (one, all) = ("linalg/qr.rs\tf\tdelete -\t-x\tequivalent", "linalg/qr.rs\t*\tdelete -\t*\tequivalent");
        assert!(judge(["caught", "timeout"], "", true));
        assert!(!judge(["caught", "missed"], "", true) && !judge(["caught", "not reached"], one, true));
        assert!(judge(["missed", "caught"], one, true) && judge(["missed", "missed"], all, true));
        assert!(!judge(["missed", "missed"], one, true));
        assert!(!judge(["missed", "caught"], "linalg/qr.rs\tf\tdelete -\t-x\t", true), "no reason given");
        assert!(!judge(["caught", "caught"], one, true) && judge(["caught", "caught"], one, false));
    }
}
