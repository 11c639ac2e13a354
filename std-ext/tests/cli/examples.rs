//! Every command that stands in the help or in the README is run, on generated files of the names that it uses.

use std::fmt::Write as _;

use super::{Folder, number};

/// Real data sets, which no test has. Commands that read them stand in the README for their results.
const NOT_HERE: [&str; 1] = ["CDR_Data.mat"];

/// The commands of a text: lines that begin with `gaussling ` or `$ gaussling `, without comments.
fn commands(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let line = line.trim();
        let command = line.strip_prefix("$ ").unwrap_or(line).split(" #").next()?.trim();
        // A sentence about gaussling has more than words and options after it.
        command.starts_with("gaussling ").then(|| command.to_owned())
    };
    text.lines().filter_map(line).collect()
}

/// What is between the ``` of a Markdown text.
fn code_blocks(text: &str) -> String {
    text.split("```").skip(1).step_by(2).collect::<Vec<_>>().join("\n")
}

/// A folder with the files that the examples name.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    let (mut data, mut new, mut flowers) =
        ("a,b,y\n".to_string(), "a,b,y\n".to_string(), "length,width,species\n".to_string());
    for k in 0..80 {
        let (a, b) = (number(2 * k), number(2 * k + 1));
        writeln!(data, "{a},{b},{}", 2.0 + a * b).unwrap();
        writeln!(new, "{b},{a},{}", 2.0 + a * b).unwrap();
        writeln!(flowers, "{a},{b},{}", if a + b > 0.0 { "iris" } else { "rose" }).unwrap();
    }
    folder.write("data.csv", data);
    folder.write("new.csv", new);
    folder.write("flowers.csv", flowers);
    folder.run("train data.csv --targets y -q").ok();
    folder
}

#[track_caller]
fn all_run(folder: &Folder, commands: &[String]) {
    for command in commands {
        let ran = folder.run(command.strip_prefix("gaussling ").unwrap());
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        assert!(!ran.out.is_empty() || command.contains("--output"), "{command}: {ran:?}");
    }
}

#[test]
fn commands_of_the_help() {
    let folder = folder("help");
    let help = folder.run("--help").ok();
    let own = |line: &str| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(str::to_owned);
    let section = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<String> =
        section.lines().filter_map(own).map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        ["demo", "train", "compare", "predict", "evaluate", "info", "export", "audit", "completions", "help"],
        "{help}"
    );
    let mut all = commands(&help);
    for name in names.iter().filter(|name| *name != "help") {
        let help = folder.run(&format!("{name} --help")).ok();
        let own = commands(help.split("Examples:").nth(1).unwrap_or_else(|| panic!("{name} has no examples")));
        assert!(!own.is_empty() && own.iter().all(|line| line.starts_with(&format!("gaussling {name}"))), "{own:?}");
        all.extend(own);
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|command| seen.insert(command.clone()));
    assert!(all.len() > 20, "{all:?}");
    all_run(&folder, &all);
}

#[test]
fn every_exit_code_is_in_the_help() {
    let help = Folder::new("codes").run("--help").ok();
    let codes: Vec<&str> =
        help.split("Exit codes").nth(1).unwrap().lines().skip(1).filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "130"]);
}

#[test]
fn commands_of_the_readme() {
    let folder = folder("readme");
    let readme = include_str!("../../../README.md");
    let (real, here): (Vec<String>, Vec<String>) =
        commands(&code_blocks(readme)).into_iter().partition(|line| NOT_HERE.iter().any(|file| line.contains(file)));
    assert!(here.len() > 5 && real.len() > 1, "{here:?} {real:?}");
    all_run(&folder, &here);
    for file in NOT_HERE {
        assert!(real.iter().any(|line| line.contains(file)), "{file} is in no command: leave it out of the list");
    }
}

#[test]
fn commands_are_found_in_text() {
    let text = "gaussling, a name\n$ gaussling demo\n  gaussling info a.csv   # what is in it\ncargo run\n";
    assert_eq!(commands(text), ["gaussling demo", "gaussling info a.csv"]);
    assert_eq!(code_blocks("a ```sh\ngaussling demo\n``` b ```\nc\n```"), "sh\ngaussling demo\n\n\nc\n");
}
