//! What each command does with good input.

use std::fmt::Write as _;

use super::{Folder, assert_svg, number, regression, targets};

/// A small budget on a small network.
const QUICK: &str = "--quiet --work-units 60 --net dense:6";

#[test]
fn a_trained_regression_predicts_files_with_and_without_targets() {
    let folder = Folder::new("regression");
    folder.write("data.csv", regression(120));
    let out = folder.run("train data.csv --work-units 120 --net dense:6 --output m.safetensors").ok();
    assert!(out.starts_with("mean relative error: training ") && out.lines().count() == 3, "{out}");
    assert!(out.contains("model: m.safetensors\n") && out.contains("losses: m.svg\n"), "{out}");
    assert_svg(&folder.0.join("m.svg"));
    assert_eq!(folder.names(), ["data.csv", "m.safetensors", "m.svg"]);

    // With targets, the columns in another order, separated by semicolons; then without targets, to a file.
    let (mut with, mut without) = ("target_a;v;target, b;u\n".to_string(), "u,v\n".to_string());
    for k in 0..30 {
        let (u, v) = (number(5000 + 2 * k), number(5001 + 2 * k));
        let [a, b] = targets(u, v);
        writeln!(with, "{a};{v};{b};{u}").unwrap();
        writeln!(without, "{u},{v}").unwrap();
    }
    folder.write("with.csv", with);
    folder.write("without.csv", without);
    let ran = folder.run("predict m.safetensors with.csv");
    assert_eq!(ran.err, "");
    let predictions = ran.ok();
    assert_eq!(folder.run("predict m.safetensors without.csv --output p.csv").ok(), "");
    assert_eq!(folder.text("p.csv"), predictions);
    let mut lines = predictions.lines();
    assert_eq!(lines.next(), Some("target_a,\"target, b\""));
    let rows: Vec<Vec<f64>> = lines.map(|row| row.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 30);
    for (k, row) in rows.iter().enumerate() {
        let expected = targets(number(5000 + 2 * k), number(5001 + 2 * k));
        for (found, expected) in row.iter().zip(expected) {
            // The targets vary by about ±1; their mean would be off by that much.
            assert!((found - expected).abs() < 0.1, "sample {k}: {row:?}, expected {expected}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_file_and_quiet_is_silent() {
    let folder = Folder::new("seeds");
    folder.write("data.csv", regression(60));
    for method in ["gnvpro", "slimtrain"] {
        for (seed, name) in [("3", "a"), ("3", "b"), ("4", "c")] {
            let line = format!("train data.csv {QUICK} --method {method} --seed {seed} -o {name}.safetensors");
            let ran = folder.run(&line);
            assert_eq!(ran.err, "");
            ran.ok();
        }
        let [a, b, c] = ["a", "b", "c"].map(|name| folder.read(&format!("{name}.safetensors")));
        assert!(a == b, "{method}: the same seed gave another file");
        assert!(a != c, "{method}: another seed gave the same file");
    }
    let ran = folder.run("train data.csv --epochs 5 --net dense:4 --method adam");
    let expected = [
        "data: 60 samples (30/15/15 for",
        "network: affine:4, tanh, 22 weights",
        "picked task: regression (",
        "picked precision: f64 (",
        "picked alpha: 1.0e-4 (0.1/samples",
        "picked learning rate: 1e-2 (",
        "adam         seed 0: validation",
    ];
    assert_eq!(ran.err.lines().count(), expected.len(), "{}", ran.err);
    assert!(ran.err.lines().zip(expected).all(|(line, start)| line.starts_with(start)), "{}", ran.err);
    assert!(ran.err.contains("budget 10 work units"), "{}", ran.err);
    assert!(ran.ok().contains("model: model.safetensors\n"));
}

#[test]
fn labels_that_are_words_are_learnt_and_predicted() {
    let folder = Folder::new("classes");
    let species = |u: f64, v: f64| {
        if u + v > 0.3 {
            "wren"
        } else if u > v {
            "\"tit, great\""
        } else {
            "owl"
        }
    };
    let (mut text, mut fresh, mut expected) = ("u,v,species\n".to_string(), "v,u\n".to_string(), Vec::new());
    for k in 0..150 {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        writeln!(text, "{u},{v},{}", species(u, v)).unwrap();
        let (u, v) = (number(7000 + 2 * k), number(7001 + 2 * k));
        writeln!(fresh, "{v},{u}").unwrap();
        expected.push(species(u, v));
    }
    folder.write("birds.csv", text);
    folder.write("fresh.csv", fresh);
    let out = folder.run("train birds.csv --targets species -q --work-units 150 --net dense:6 -o birds.model").ok();
    assert!(out.starts_with("share of wrong answers: training "), "{out}");
    assert_svg(&folder.0.join("birds.svg"));
    let out = folder.run("predict birds.model fresh.csv").ok();
    let (header, labels) = out.split_once('\n').unwrap();
    assert_eq!(header, "species");
    let right = labels.lines().zip(&expected).filter(|(found, expected)| found == *expected).count();
    assert_eq!(labels.lines().count(), 150);
    assert!(right >= 130, "{right} of 150 right");
}

#[test]
fn without_test_data_errors_are_left_out() {
    let folder = Folder::new("parts");
    folder.write("data.csv", regression(40));
    folder.write("test.csv", regression(10));
    let out = folder.run(&format!("train data.csv {QUICK} --split 1/0/0")).ok();
    assert!(out.contains(", validation -, test -\n"), "{out}");
    // A test set of its own; the split's share for tests goes to training.
    let ran = folder.run("train data.csv --work-units 20 --net dense:4 --test test.csv");
    assert!(ran.err.starts_with("data: 50 samples (30/10/10 for training/validation/test)"), "{}", ran.err);
    assert!(!ran.ok().contains('-'));
}

/// The table without the column of seconds.
fn without_seconds(out: &str) -> Vec<String> {
    let cut = |line: &str| line.split_whitespace().filter(|word| !is_seconds(word)).collect::<Vec<_>>().join(" ");
    out.lines().map(cut).collect()
}

/// Two decimals: all other numbers have three or none.
fn is_seconds(word: &str) -> bool {
    word.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 2 && decimals.parse::<u8>().is_ok())
}

#[test]
fn compare_prints_a_row_for_each_method_whatever_the_threads() {
    let folder = Folder::new("compare");
    folder.write("data.csv", regression(80));
    let methods = ["gnvpro", "slimtrain", "curveball", "adam", "sgd", "lbfgs", "gauss-newton"];
    let command = |more: &str| format!("compare data.csv -q --work-units 20 --net dense:4 {more}");
    let all = command(&format!("--methods {} --seeds 2", methods.join(",")));
    let one = folder.run(&format!("{all} --threads 1 --output one")).ok();
    let two = folder.run(&format!("{all} --threads 2 --output two")).ok();
    let rows: Vec<&str> = one.lines().collect();
    let header: Vec<&str> = rows[0].split_whitespace().collect();
    assert_eq!(header.join(" "), "method weights training validation test normalized work units seconds");
    for (method, row) in methods.iter().zip(&rows[1..]) {
        assert_eq!(row.split_whitespace().next(), Some(*method), "{row}");
        assert_eq!(row.matches(" %").count(), 4, "{row}");
    }
    assert_eq!(rows.iter().filter(|row| row.ends_with(" *")).count(), 1, "{one}");
    assert!(rows[8].starts_with("mean relative error, mean (± standard deviation) over 2 seeds"), "{one}");
    assert_eq!(rows[9], format!("losses: {}", ["one", "losses.svg"].join(std::path::MAIN_SEPARATOR_STR)));
    assert!(rows[10].starts_with("best model ("), "{one}");
    assert_eq!(without_seconds(&one)[..9], without_seconds(&two)[..9]);
    for output in ["one", "two"] {
        assert_svg(&folder.0.join(output).join("losses.svg"));
        folder.run(&format!("predict {output}/model.safetensors data.csv")).ok();
    }
    assert_eq!(folder.read("one/model.safetensors"), folder.read("two/model.safetensors"));

    // A method named twice runs once; without --output nothing is written.
    let out = folder.run(&command("--seeds 1 --methods adam,adam")).ok();
    assert!(out.lines().count() == 3 && out.contains("over 1 seeds"), "{out}");
    assert_eq!(folder.run(&command("--seeds 1")).ok().lines().count(), 7);
    assert_eq!(folder.names(), ["data.csv", "one", "two"]);
}

#[test]
fn a_comparison_writes_the_histories_of_all_runs() {
    let folder = Folder::new("histories");
    folder.write("data.csv", regression(60));
    let train = "--net dense:4 --work-units 30 -q";
    let out = folder.run(&format!("compare data.csv {train} --methods adam,gnvpro --seeds 2 --history h.csv")).ok();
    assert!(out.ends_with("history: h.csv\n"), "{out}");
    let without_seconds = |line: &str, at: usize| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells.remove(at);
        cells.join(",")
    };
    let all = folder.text("h.csv");
    let (header, rows) = all.split_once('\n').unwrap();
    assert_eq!(header, "method,seed,work_units,seconds,training_loss,validation_loss,control");
    let mut found = rows.lines();
    for (method, seed) in [("adam", 0), ("adam", 1), ("gnvpro", 0), ("gnvpro", 1)] {
        folder.run(&format!("train data.csv {train} --method {method} --seed {seed} --history one.csv")).ok();
        for line in folder.text("one.csv").lines().skip(1) {
            let expected = format!("{method},{seed},{}", without_seconds(line, 1));
            assert_eq!(without_seconds(found.next().unwrap(), 3), expected);
        }
    }
    assert_eq!(found.next(), None);
    let ran = folder.run("compare data.csv --history data.csv");
    assert!(ran.code == Some(super::OUTPUT) && ran.err.contains("which is read"), "{ran:?}");
    let ran = folder.run("compare data.csv --history h.csv --report h.csv");
    assert!(ran.code == Some(super::OUTPUT) && ran.err.contains("h.csv: is to be written twice"), "{ran:?}");
}

/// Its sizes are fixed: half a minute without optimization.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization; run with --release")]
fn the_demo_needs_no_data() {
    let folder = Folder::new("demo");
    let ran = folder.run("demo --seeds 1 --methods gnvpro,adam --output shown");
    assert!(ran.err.starts_with("solving a convection-diffusion-reaction equation"), "{}", ran.err);
    let out = ran.ok();
    let starts = [
        "method ",
        "gnvpro ",
        "adam ",
        "mean relative error",
        "losses: shown",
        "best model (",
        "the same as Rust for a microcontroller: ",
        "report: shown",
    ];
    assert_eq!(out.lines().count(), starts.len(), "{out}");
    assert!(out.lines().zip(starts).all(|(line, start)| line.starts_with(start)), "{out}");
    assert_svg(&folder.0.join("shown/losses.svg"));
    // The very source that the export writes, but for what is said of the data.
    folder.run("export shown/model.safetensors --rust again.rs").ok();
    let weights = |name: &str| {
        let text = folder.text(name);
        text[text.find("static WEIGHTS").unwrap()..].split(';').next().unwrap().to_owned()
    };
    assert_eq!(weights("shown/model.rs"), weights("again.rs"));
    assert!(folder.text("shown/model.rs").contains("of the data it was chosen on"));
    std::fs::remove_file(folder.0.join("again.rs")).unwrap();
    assert!(folder.text("shown/report.html").contains("a convection-diffusion-reaction equation"));
    assert_eq!(folder.names(), ["shown"]);
}

/// A MAT file of version 5 with matrices of doubles, uncompressed.
fn mat_file(matrices: &[(&str, u32, u32, Vec<f64>)]) -> Vec<u8> {
    let part = |kind: u32, data: &[u8]| {
        let mut part = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        part.extend(data);
        part.resize(part.len().next_multiple_of(8), 0);
        part
    };
    let words = |words: [u32; 2]| words.map(u32::to_le_bytes).concat();
    let mut file = vec![b' '; 124];
    file[..19].copy_from_slice(b"MATLAB 5.0 MAT-file");
    file.extend(b"\0\x01IM");
    for (name, rows, cols, numbers) in matrices {
        let data: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        // Flags (class 6: double), shape, name, numbers.
        let body = [part(6, &words([6, 0])), part(5, &words([*rows, *cols])), part(1, name.as_bytes()), part(9, &data)];
        file.extend(part(14, &body.concat()));
    }
    file
}

#[test]
fn mat_files_are_data_too() {
    let folder = Folder::new("mat");
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for k in 0..60 {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        x.extend([u, v]);
        y.extend(targets(u, v));
    }
    folder.write("data.mat", mat_file(&[("X", 2, 60, x.clone()), ("y", 2, 60, y.clone())]));
    folder.write("inputs.mat", mat_file(&[("X", 2, 60, x.clone())]));
    let ran = folder.run("train data.mat --work-units 120 --net dense:6 --alpha 1e-10 -o m.safetensors");
    assert!(ran.err.contains("2 inputs, 2 targets"), "{}", ran.err);
    ran.ok();
    let predictions = folder.run("predict m.safetensors inputs.mat").ok();
    assert_eq!(folder.run("predict m.safetensors data.mat").ok(), predictions);
    let found: Vec<f64> =
        predictions.lines().skip(1).flat_map(|row| row.split(',')).map(|x| x.parse().unwrap()).collect();
    assert_eq!(found.len(), y.len());
    assert!(found.iter().zip(&y).all(|(found, y)| (found - y).abs() < 0.15), "{found:?}");

    // `evaluate` finds the variables that training was told, whose names are not guessed.
    folder.write("named.mat", mat_file(&[("A_b", 2, 60, x), ("out", 2, 60, y)]));
    folder.run("train named.mat --inputs A_b --targets out -q --work-units 120 --net dense:6 -o n.safetensors").ok();
    let found = folder.run("evaluate n.safetensors named.mat").ok();
    assert!(found.contains("60 samples") && found.contains("out_2"), "{found}");
}

/// A reader that has seen enough closes the pipe; a full disk is said in a line.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_ends_early_is_no_panic() {
    use std::process::{Command, Stdio};
    let folder = Folder::new("pipe");
    folder.write("data.csv", regression(40));
    let run = |out: Stdio| {
        let line = "compare data.csv --work-units 20 --net dense:4 --seeds 1 --methods adam";
        let mut command = Command::new(env!("CARGO_BIN_EXE_gaussling"));
        let command = command.args(line.split(' ')).current_dir(&folder.0).stdout(out).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run(writer.into()).0, Some(0));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, err) = run(full.into());
    assert_eq!(code, Some(5));
    assert!(err.lines().last().unwrap().starts_with("gaussling: cannot write to standard output: "), "{err}");
}
