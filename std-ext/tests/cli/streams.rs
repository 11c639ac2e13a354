//! `train --stream`.

use super::{DATA, Folder, MODEL, USAGE, regression};

const TRAIN: &str = "train data.csv --net dense:8 --stream";

/// Lines after the header.
fn tail(text: &str, first: usize) -> String {
    let header = text.lines().next().unwrap();
    format!("{header}\n{}\n", text.lines().skip(1 + first).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_stream_gives_a_model_as_any_other() {
    let folder = Folder::new("stream");
    let text = regression(400);
    folder.write("data.csv", &text);
    folder.write("test.csv", tail(&text, 300));
    for method in ["", "--method slimtrain", "--method curveball", "--method adam", "--method sgd --learning-rate 0.01"]
    {
        let line = format!("{TRAIN} {method} --epochs 40 -o m.safetensors --json --history h.csv --report r.html");
        let ran = folder.run(&format!("{line} --test test.csv"));
        let (said, object) = (ran.err.clone(), serde_json::from_str::<serde_json::Value>(&ran.ok()).unwrap());
        let name = method.split(' ').nth(1).unwrap_or("slimtrain");
        assert_eq!(object["method"], name);
        for words in [
            "/100 for training/validation/test)",
            "streamed: each epoch reads the file once, in an order drawn within a window of 8192 samples\n",
        ] {
            assert!(said.contains(words), "{said}");
        }
        let errors = ["training", "validation", "test"].map(|part| object[part]["error"].as_f64().unwrap());
        assert!(errors.iter().all(|&error| error < 0.03), "{name}: {errors:?}");
        // The model scores on the test file as the run said, and predicts.
        let evaluated: serde_json::Value =
            serde_json::from_str(&folder.run("evaluate m.safetensors test.csv --json").ok()).unwrap();
        assert!((evaluated["error"].as_f64().unwrap() / errors[2] - 1.0).abs() < 1e-9, "{evaluated}");
        assert_eq!(folder.run("predict m.safetensors data.csv").ok().lines().count(), 401);
        assert!(folder.text("r.html").contains("with a window of 8192 samples"));
        assert!(folder.text("h.csv").lines().count() > 10);
    }
    // The same seeds, the same bits.
    let line = format!("{TRAIN} -q --work-units 20 --window 60");
    folder.run(&format!("{line} -o a.safetensors")).ok();
    folder.run(&format!("{line} -o b.safetensors")).ok();
    assert!(folder.read("a.safetensors") == folder.read("b.safetensors"));
    folder.run(&format!("{line} --seed 1 -o b.safetensors")).ok();
    assert!(folder.read("a.safetensors") != folder.read("b.safetensors"));
}

#[test]
fn parts_of_a_stream() {
    let folder = Folder::new("stream-parts");
    let text = regression(400);
    folder.write("data.csv", &text);
    folder.write("validation.csv", tail(&text, 250));
    let said = |options: &str| {
        let ran = folder.run(&format!("{TRAIN} --work-units 10 -o m.safetensors {options}"));
        let err = ran.err.clone();
        ran.ok();
        err
    };
    // About a tenth, or as asked for; those of a file of its own.
    assert!(said("").contains("data: 400 samples (36") && said("--split 100/0/0").contains("(400/0/0 for"));
    let half = said("--split 50/50/0");
    assert!((170..230).any(|n| half.contains(&format!("({n}/{}/0 for", 400 - n))), "{half}");
    assert!(said("--validation validation.csv").contains("data: 550 samples (400/150/0 for"));
    // Without validation data the training loss is what counts.
    folder.run(&format!("{TRAIN} -q --method adam --split 1/0/0 --epochs 30 -o m.safetensors")).ok();
}

#[test]
fn what_a_stream_cannot_do_is_refused() {
    let folder = Folder::new("stream-refused");
    folder.write("data.csv", regression(60));
    folder.write("other.csv", "a,b\n1,2\n");
    let others = "needs all data at once; choose --method slimtrain, curveball, adam, sgd";
    for (options, code, said) in [
        ("--method gnvpro", USAGE, others),
        ("--method lbfgs", USAGE, others),
        ("--method gauss-newton", USAGE, others),
        ("--method curveball-varpro", USAGE, others),
        ("--split 50/25/25", USAGE, "there is --test FILE"),
        ("--split 80/20/20", USAGE, "like 90/10/0"),
        ("--window 0", USAGE, "--window"),
        ("--test other.csv", DATA, "other.csv"),
        ("--validation other.csv", DATA, "other.csv"),
        ("--loss cross-entropy", DATA, "cross-entropy is a loss of classes"),
    ] {
        let ran = folder.run(&format!("{TRAIN} -q {options}"));
        assert!(
            ran.code == Some(code) && ran.err.contains(said) && ran.err.trim_end().lines().count() <= 6,
            "{options}: {ran:?}"
        );
    }
    assert_eq!(folder.run("train data.csv --window 10").code, Some(USAGE));
    assert_eq!(folder.names(), ["data.csv", "other.csv"]);
    // A checkpoint of data in memory is not one of a stream.
    folder.write("model.safetensors.checkpoint", "x");
    assert_eq!(folder.run(&format!("{TRAIN} -q --resume")).code, Some(MODEL));
}

/// 300 000 samples of 24 inputs take 60 megabytes in memory; the process may have 48 of addresses.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(debug_assertions, ignore = "slow without optimization; run with --release")]
fn a_file_larger_than_memory_is_streamed() {
    let folder = Folder::new("stream-large");
    let (samples, columns) = (300_000, 25);
    let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': ({samples}, {columns}), }}\n");
    let mut bytes = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    for k in 0..samples {
        let number = |i: usize| ((k * 31 + i * 7919) % 1009) as i16;
        (0..columns - 1).for_each(|i| bytes.extend(number(i).to_le_bytes()));
        bytes.extend((5000 + number(0) + 2 * number(1)).to_le_bytes());
    }
    folder.write("large.npy", bytes);
    let limited = |method: &str, options: &str| {
        let command = env!("CARGO_BIN_EXE_gaussling");
        let line =
            format!("train large.npy -q --net dense:4 -o m.safetensors --method {method} --work-units 4 {options}");
        let script = format!("ulimit -v 48000; exec {command} {line}");
        let output = std::process::Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, err) = limited("adam", "");
    assert!(code == Some(DATA) && err.contains(" fit in memory"), "{code:?} {err}");
    assert!(err.trim_end().ends_with("; or add --stream, which reads them anew in each epoch"), "{err}");
    let (code, _, err) = limited("gnvpro", "");
    let hint = "; or add --stream with --method slimtrain, curveball, adam, sgd: gnvpro needs all data at once";
    assert!(code == Some(DATA) && err.trim_end().ends_with(hint), "{err}");
    let (code, out, err) = limited("adam", "--stream --window 1000");
    assert!(code == Some(0) && out.contains("validation "), "{code:?} {out} {err}");
}
