//! Bad input ends in one line that says where and what, with the exit code of its kind, and leaves nothing behind.

use super::{DATA, DIVERGED, Folder, MODEL, OTHER, OUTPUT, Ran, USAGE, regression};

const TRAIN: &str = "--quiet --work-units 20 --net dense:4 --output out.safetensors";

/// One line on standard error that has all of `words`, and nothing else.
#[track_caller]
fn assert_refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{ran:?}");
    assert!(ran.err.starts_with("gaussling: ") && ran.err.ends_with('\n'), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "{word:?} is not in {:?}", ran.err);
    }
}

/// Runs a command that must fail and must not change what is in the folder.
#[track_caller]
fn refuse(folder: &Folder, code: i32, line: &str, words: &[&str]) {
    let before = folder.names();
    assert_refused(&folder.run(line), code, words);
    assert_eq!(folder.names(), before, "{line}");
}

/// A wrong command line: clap's lines, the first of which names the option.
#[track_caller]
fn refuse_usage(folder: &Folder, line: &str, words: &[&str]) {
    let before = folder.names();
    let ran = folder.run(line);
    assert_eq!((ran.code, ran.out.as_str()), (Some(USAGE), ""), "{ran:?}");
    let first = ran.err.lines().next().unwrap_or_default();
    for word in words {
        assert!(first.contains(word), "{word:?} is not in {:?}", ran.err);
    }
    assert_eq!(folder.names(), before, "{line}");
}

#[test]
fn files_that_are_no_tables() {
    let folder = Folder::new("bad-files");
    refuse(&folder, DATA, &format!("train absent.csv {TRAIN}"), &["absent.csv: no such file"]);
    refuse(&folder, DATA, &format!("train . {TRAIN}"), &[".: is a directory"]);
    for (name, contents, words) in [
        ("empty.csv", "", &["empty.csv: is empty"][..]),
        ("header.csv", "a,b\n", &["header.csv: line 1", "no row of numbers"]),
        ("ragged.csv", "a,b\n1,2\n3\n", &["ragged.csv: line 3", "found 1 cells, expected 2"]),
        ("word.csv", "a,b\n1,2\n3,4\nsix,5\n", &["word.csv: line 4, column 1 (\"a\")", "\"six\""]),
        ("nan.csv", "a,b\n1,2\n3,NaN\n", &["nan.csv: line 3, column 2 (\"b\")", "NaN"]),
        ("hole.csv", "a,b\n1,2\n,4\n", &["hole.csv: line 3, column 1 (\"a\")", "missing value"]),
        ("damaged.mat", "MATLAB 5.0 MAT-file", &["damaged.mat: byte 0", "truncated or damaged"]),
        ("one.csv", "a,kind\n1,x\n2,x\n3,x\n", &["one.csv: column \"kind\"", "single class"]),
    ] {
        folder.write(name, contents);
        for command in ["train", "compare"] {
            let options = if command == "train" { TRAIN } else { "-q --output folder" };
            refuse(&folder, DATA, &format!("{command} {name} {options}"), words);
        }
    }
    folder.write("good.csv", regression(40));
    refuse(&folder, DATA, &format!("train good.csv --test absent.csv {TRAIN}"), &["absent.csv: no such file"]);
    refuse(&folder, DATA, &format!("train good.csv --test nan.csv {TRAIN}"), &["nan.csv"]);
}

#[test]
fn columns_and_splits_that_the_data_do_not_have() {
    let folder = Folder::new("bad-columns");
    folder.write("data.csv", regression(80));
    folder.write("two.csv", "a,b\n1,2\n3,4\n");
    for (options, words) in [
        ("--targets yield", &["data.csv: no column \"yield\"", "\"target_a\""][..]),
        ("--targets 5", &["data.csv: no column \"5\""]),
        ("--targets 1-4", &["data.csv", "none is left as an input"]),
        ("--inputs u --targets u", &["column 1 (\"u\") is chosen twice"]),
        ("--task classification", &["data.csv: sample 1"]),
        ("--split 400/200/200", &["split: ", "[400, 200, 200]", "at most 80 samples"]),
        ("--split 50/10/10", &["split: ", "add up to 100"]),
    ] {
        refuse(&folder, DATA, &format!("train data.csv {TRAIN} {options}"), words);
    }
    refuse(
        &folder,
        DATA,
        &format!("train two.csv {TRAIN}"),
        &["split: 2 samples are too few", "the test part would be empty"],
    );
}

#[test]
fn networks_that_are_misspelt_or_too_large() {
    let folder = Folder::new("bad-networks");
    folder.write("data.csv", regression(80));
    for (net, words) in [
        ("denze:4", &["network description, character 1: found \"denze\"", "did you mean \"dense\"?"][..]),
        ("dense:4,antisym:5x2", &["character 17", "width 4"]),
        ("dense:100000000,dense:100000000", &["character 17", "fits in memory", "10000000400000000 parameters"]),
        ("dense:99999999999999999999", &["character 7", "more than"]),
    ] {
        for command in ["train", "compare"] {
            refuse(&folder, USAGE, &format!("{command} data.csv -q --net {net}"), words);
        }
    }
}

/// Its 1.2 GB of parameters are there; what the methods compute in, 400 GB and more for 1000 samples, is not. It must be
/// refused before anything is filled, for the system kills the process that tries.
#[cfg(target_os = "linux")]
#[test]
fn networks_whose_workspace_is_too_large() {
    let folder = Folder::new("workspace");
    folder.write("data.csv", regression(2000));
    let words = ["not enough memory for ", " MB are needed and ", " MB are there; choose a smaller network"];
    for method in ["gnvpro", "slimtrain", "curveball", "adam", "sgd", "lbfgs", "gauss-newton"] {
        let line = format!("train data.csv -q --net dense:50000000 -o out.safetensors --method {method}");
        assert_refused(&folder.run(&line), OTHER, &words[..1]);
    }
    refuse(&folder, OTHER, "compare data.csv -q --net dense:50000000", &words);
}

#[test]
fn outputs_that_cannot_be_written_are_found_before_the_work() {
    let folder = Folder::new("bad-outputs");
    folder.write("data.csv", regression(40));
    let data = folder.read("data.csv");
    // So much work that the test would hang if it were done first.
    let train = "train data.csv -q --net dense:40 --work-units 1e9 --method adam --output";
    std::fs::create_dir_all(folder.0.join("taken.svg")).unwrap();
    for (output, words) in [
        ("data.csv/m.safetensors", &["data.csv/m.safetensors: cannot be written"][..]),
        ("nowhere/m.safetensors", &["nowhere/m.safetensors: cannot be written", "no such folder"]),
        (".", &[".: cannot be written"]),
        ("taken.svg", &["taken.svg: cannot be written"]),
        ("taken.safetensors", &["taken.svg: cannot be written", "directory"]),
        ("model.svg", &["model.svg: cannot be written", "the plot of the losses would have the same name"]),
        ("data.csv", &["data.csv: cannot be written", "which is read"]),
    ] {
        refuse(&folder, OUTPUT, &format!("{train} {output}"), words);
    }
    let compare = "compare data.csv -q --net dense:40 --work-units 1e9 --output";
    refuse(&folder, OUTPUT, &format!("{compare} data.csv"), &["cannot make the folder data.csv"]);
    refuse(&folder, OUTPUT, &format!("{compare} data.csv/below"), &["cannot make the folder data.csv/below"]);
    refuse(&folder, OUTPUT, "demo -q --output data.csv/below", &["cannot make the folder data.csv/below"]);
    assert_eq!(folder.read("data.csv"), data);
}

#[test]
fn models_and_data_that_do_not_fit() {
    let folder = Folder::new("bad-models");
    folder.write("data.csv", regression(40));
    folder.run("train data.csv -q --work-units 20 --net dense:4 -o good.safetensors").ok();
    let good = folder.read("good.safetensors");
    folder.write("foreign.safetensors", "u,v\n1,2\n");
    folder.write("empty.safetensors", "");
    folder.write("cut.safetensors", &good[..good.len() - 5]);
    folder.write("header.safetensors", &good[..100]);
    let mut flipped = good;
    *flipped.last_mut().unwrap() ^= 1;
    folder.write("flipped.safetensors", flipped);
    for name in ["foreign", "empty", "cut", "header", "flipped"] {
        let model = format!("{name}.safetensors");
        refuse(&folder, MODEL, &format!("predict {model} data.csv --output p.csv"), &[&format!("{model}: is ")]);
    }
    refuse(&folder, MODEL, "predict absent.safetensors data.csv", &["absent.safetensors: cannot be read"]);
    refuse(&folder, MODEL, "predict . data.csv", &[".: cannot be read"]);
    folder.write("other.csv", "p,q,r\n1,2,3\n4,5,6\n");
    folder.write("bare.csv", "1,2,3\n4,5,6\n");
    folder.write("word.csv", "u,v\n1,2\n3,x\n");
    for (data, words) in [
        ("other.csv", &["other.csv: no column \"u\"", "\"p\", \"q\", \"r\""][..]),
        ("bare.csv", &["bare.csv: "]),
        ("word.csv", &["word.csv: line 3, column 2 (\"v\")", "\"x\""]),
        ("absent.csv", &["absent.csv: no such file"]),
    ] {
        refuse(&folder, DATA, &format!("predict good.safetensors {data} --output p.csv"), words);
    }
    for output in ["data.csv/p.csv", "good.safetensors", "data.csv"] {
        let words = [output, "cannot be written"];
        refuse(&folder, OUTPUT, &format!("predict good.safetensors data.csv --output {output}"), &words);
    }
}

/// The commands that read a model and a file: each refuses as `predict` does.
#[test]
fn models_and_data_of_evaluate_info_and_export() {
    let folder = Folder::new("bad-others");
    folder.write("data.csv", regression(40));
    folder.run("train data.csv -q --work-units 20 --net dense:4 -o good.safetensors").ok();
    let good = folder.read("good.safetensors");
    folder.write("cut.safetensors", &good[..good.len() - 5]);
    folder.write("inputs.csv", "u,v\n1,2\n");
    folder.write("word.csv", "u,v,target_a,\"target, b\"\n1,2,3,x\n");
    for name in ["absent", "cut"] {
        let model = format!("{name}.safetensors");
        refuse(&folder, MODEL, &format!("evaluate {model} data.csv"), &[&format!("{model}: ")]);
        refuse(&folder, MODEL, &format!("export {model} --rust m.rs"), &[&format!("{model}: ")]);
    }
    refuse(&folder, MODEL, "info cut.safetensors", &["cut.safetensors: is "]);
    refuse(&folder, DATA, "info absent.csv", &["absent.csv: no such file"]);
    refuse(&folder, DATA, "evaluate good.safetensors absent.csv", &["absent.csv: no such file"]);
    refuse(&folder, DATA, "evaluate good.safetensors inputs.csv", &["inputs.csv: no column \"target_a\""]);
    refuse(&folder, DATA, "evaluate good.safetensors word.csv", &["word.csv: line 2, column 4", "\"x\""]);
    refuse(&folder, DATA, "export good.safetensors --rust m.rs --data absent.csv", &["absent.csv: no such file"]);
    for (output, words) in [
        ("nowhere/m.rs", &["nowhere/m.rs: cannot be written", "no such folder"][..]),
        ("good.safetensors", &["good.safetensors: cannot be written", "which is read"]),
        (".", &[".: cannot be written"]),
    ] {
        refuse(&folder, OUTPUT, &format!("export good.safetensors --rust {output}"), words);
    }
    refuse_usage(&folder, "export good.safetensors", &["required arguments"]);
    refuse_usage(&folder, "export good.safetensors --rust m.rs --storage f8", &["'f8'", "--storage"]);
    refuse_usage(&folder, "completions tcsh", &["'tcsh'"]);

    // Sound in f64, beyond f32.
    let mut huge = String::from("x,y\n");
    for k in 0..40 {
        huge += &format!("{},{}e300\n", k, 1 + k % 7);
    }
    folder.write("huge.csv", huge);
    folder.run("train huge.csv -q --work-units 10 --net dense:2 -o huge.safetensors").ok();
    let words = ["export: means of the targets, number 1: ", "e300 is out of the range of f32"];
    refuse(&folder, MODEL, "export huge.safetensors --rust m.rs", &words);
}

/// The model of a run that diverges is kept, and the exit code tells.
#[test]
fn runs_that_diverge() {
    let folder = Folder::new("diverged");
    folder.write("data.csv", regression(40));
    let line = "train data.csv -q --net affine:4 --method sgd --learning-rate 1e200 -o m.safetensors";
    let ran = folder.run(line);
    assert_eq!(ran.code, Some(DIVERGED), "{ran:?}");
    assert!(ran.err.starts_with("gaussling: sgd: diverged") && ran.err.lines().count() == 1, "{ran:?}");
    assert!(ran.out.contains("model: m.safetensors"), "{ran:?}");
    folder.run("predict m.safetensors data.csv").ok();
    let ran = folder.run(&format!("{line} --json"));
    assert_eq!(ran.code, Some(DIVERGED), "{ran:?}");
    assert!(ran.out.starts_with('{') && ran.out.contains("\"ended\":\"diverged"), "{ran:?}");
}

/// Ctrl-C: 130 as a shell counts it, whether the signal ends the process or the process ends itself.
#[cfg(unix)]
#[test]
fn runs_that_are_interrupted() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let folder = Folder::new("interrupted");
    folder.write("data.csv", regression(40));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gaussling"));
    let line = "train data.csv --net dense:40 --work-units 1e9 --method adam";
    let command = command.args(line.split(' ')).current_dir(&folder.0).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It has read its data when it says so.
    let mut said = [0; 5];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    // Once more where it was not heard: a program begun in the background ignores Ctrl-C until it has its own handler.
    let mut tries = 0;
    let status = loop {
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        std::thread::sleep(Duration::from_millis(200));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        tries += 1;
        if tries == 50 {
            child.kill().unwrap();
            panic!("10 seconds of Ctrl-C do not end it");
        }
    };
    assert_eq!(status.code().or(status.signal().map(|signal| 128 + signal)), Some(130), "{status:?}");
}

#[test]
fn command_lines_that_are_wrong() {
    let folder = Folder::new("usage");
    folder.write("data.csv", regression(40));
    for (options, words) in [
        ("--method newton", &["'newton'", "--method", "gauss-newton"][..]),
        ("--learning-rate -1", &["'-1'", "--learning-rate", "positive number"]),
        ("--learning-rate 0", &["--learning-rate"]),
        ("--alpha nan", &["--alpha"]),
        ("--work-units -5", &["--work-units"]),
        ("--epochs 0", &["--epochs"]),
        ("--seconds inf", &["--seconds", "positive number"]),
        ("--patience -3", &["--patience"]),
        ("--checkpoint-seconds -1", &["--checkpoint-seconds", "not negative"]),
        ("--loss hinge", &["'hinge'", "--loss"]),
        ("--batch 0", &["--batch"]),
        ("--memory -1", &["--memory"]),
        ("--seed -1", &["--seed"]),
        ("--split 50/50", &["'50/50'", "--split", "50/25/25"]),
        ("--split 0/50/50", &["'0/50/50'", "--split"]),
        ("--split a/b/c", &["'a/b/c'", "--split"]),
        ("--task prophecy", &["'prophecy'", "--task"]),
        ("--colour", &["--colour"]),
    ] {
        refuse_usage(&folder, &format!("train data.csv --quiet {options}"), words);
    }
    refuse_usage(&folder, "compare data.csv --methods adam,newton", &["'newton'", "--methods"]);
    refuse_usage(&folder, "compare data.csv --seeds 0", &["--seeds"]);
    refuse_usage(&folder, "demo --threads 0", &["--threads"]);
    refuse_usage(&folder, "train", &["required arguments"]);
    refuse_usage(&folder, "retrain data.csv", &["'retrain'"]);
}
