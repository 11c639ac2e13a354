//! Budgets, losses, sets of their own, history, report, divergence.

use std::fmt::Write as _;

use super::{DATA, DIVERGED, Folder, OUTPUT, number, regression};

const TRAIN: &str = "train data.csv --net dense:6 -o m.safetensors";

/// Three kinds of birds by two inputs.
fn birds(samples: usize, first: usize) -> String {
    let mut text = "u,v,species\n".to_string();
    for k in first..first + samples {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        let species = if u + v > 0.3 { "wren" } else { ["owl", "tit"][usize::from(u > v)] };
        writeln!(text, "{u},{v},{species}").unwrap();
    }
    text
}

#[test]
fn the_budget_that_is_used_up_first_ends_a_run() {
    let folder = Folder::new("budgets");
    folder.write("data.csv", regression(60));
    for (options, said, ended) in [
        ("--epochs 3 --work-units 100", "budget 6 work units\n", "after 6 work units"),
        ("--epochs 300 --work-units 10", "budget 10 work units\n", "after 10 work units"),
        ("--epochs 3 --seconds 1000", "budget 6 work units or 1000 seconds\n", "after 6 work units"),
        ("--seconds 0.05", "budget 0.05 seconds\n", "; budget used up"),
        (
            "--patience 8 --learning-rate 3",
            "budget 300 work units, patience 8 work units\n",
            "; no better validation loss",
        ),
    ] {
        let ran = folder.run(&format!("{TRAIN} --method adam {options}"));
        assert!(ran.err.contains(said) && ran.err.contains(ended), "{options}: {}", ran.err);
        ran.ok();
    }
}

/// Memory for the features of a block, not of all samples; where that makes no sense one line says so.
#[test]
fn features_by_blocks() {
    let folder = Folder::new("blocks");
    folder.write("data.csv", regression(60));
    folder.write("birds.csv", birds(60, 0));
    let out = folder.run(&format!("{TRAIN} -q --method gnvpro --work-units 60 --block 8")).ok();
    assert!(out.contains("m.safetensors"), "{out}");
    let ran = folder.run("train birds.csv --net dense:6 --method gnvpro --block 8");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("blocks of samples are for least squares"), "{}", ran.err);
    let ran = folder.run(&format!("{TRAIN} --block 0"));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn histories_and_reports_hold_what_happened() {
    let folder = Folder::new("reports");
    folder.write("data.csv", regression(60));
    folder.write("birds.csv", birds(90, 0));
    let line = format!("{TRAIN} -q --work-units 40 --history h.csv --report r.html");
    let out = folder.run(&line).ok();
    assert!(out.ends_with("history: h.csv\nreport: r.html\n"), "{out}");
    let history = folder.text("h.csv");
    let mut lines = history.lines();
    assert_eq!(lines.next(), Some("work_units,seconds,training_loss,validation_loss,control"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.len() > 3 && rows.iter().all(|row| row.len() == 5), "{history}");
    // No control before the first step, numbers after it.
    assert_eq!((rows[0][0], rows[0][4]), ("0", ""));
    let loss = |row: &[&str]| row[3].parse::<f64>().unwrap();
    assert!(loss(&rows[rows.len() - 1]) < loss(&rows[0]) && rows[1].iter().all(|cell| cell.parse::<f64>().is_ok()));
    let page = folder.text("r.html");
    let facts =
        ["gaussling train data.csv --net dense:6", "data.csv", "30 / 15 / 15 samples", "2 inputs, 2 targets", "gnvpro"];
    for words in facts.iter().chain(&[
        "Losses: gnvpro, seed 0",
        "Control: gnvpro",
        "Predictions: gnvpro, seed 0, test data",
        "History",
    ]) {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("Confusion") && page.matches("<svg").count() == 3);
    // Classes of two inputs have a confusion matrix and regions.
    let line = "train birds.csv -q --net dense:6 --work-units 40 -o b.safetensors --report b.html --split 70/30/0";
    folder.run(line).ok();
    let page = folder.text("b.html");
    assert!(page.contains("Confusion: adam, seed 0, validation data") && page.contains("Regions: adam"));
    assert_eq!(page.matches("<svg").count(), 4);
    // A comparison.
    let line = "compare birds.csv -q --net dense:6 --work-units 20 --seeds 3 --methods gnvpro,adam,sgd --report c.html";
    assert!(folder.run(line).ok().ends_with("report: c.html\n"));
    let page = folder.text("c.html");
    for words in
        ["Comparison", "Errors over seeds", "Validation loss, seed 0", "Control, seed 0", "Confusion: ", "best model"]
    {
        assert!(page.contains(words), "{words}");
    }
    // Files that would overwrite each other or what is read.
    for (options, words) in [
        ("--history m.svg", "m.svg: is to be written twice"),
        ("--history h.csv --report h.csv", "h.csv: is to be written twice"),
        ("--checkpoint m.safetensors", "m.safetensors: is to be written twice"),
        ("--report data.csv", "data.csv: cannot be written: it is data.csv, which is read"),
        ("--history nowhere/h.csv", "nowhere/h.csv: cannot be written: no such folder"),
        ("--checkpoint data.csv/c", "data.csv/c: cannot be written"),
    ] {
        let ran = folder.run(&format!("{TRAIN} -q --work-units 1e9 {options}"));
        assert!(ran.code == Some(OUTPUT) && ran.err.contains(words), "{options}: {ran:?}");
    }
}

#[test]
fn sets_of_their_own_take_the_place_of_the_split() {
    let folder = Folder::new("sets");
    folder.write("data.csv", regression(40));
    folder.write("more.csv", regression(12));
    folder.write("other.csv", "a,b\n1,2\n3,4\n");
    let said = |options: &str| folder.run(&format!("{TRAIN} --work-units 10 {options}")).err;
    assert!(said("").starts_with("data: 40 samples (20/10/10 "));
    assert!(
        said("--validation more.csv").starts_with("data: 52 samples (30/12/10 "),
        "{}",
        said("--validation more.csv")
    );
    let both = said("--validation more.csv --test more.csv");
    assert!(both.starts_with("data: 64 samples (40/12/12 "), "{both}");
    let ran = folder.run(&format!("{TRAIN} -q --validation other.csv"));
    assert!(ran.code == Some(DATA) && ran.err.contains("other.csv"), "{ran:?}");
    let ran = folder.run("train data.csv -q -o more.csv --validation more.csv");
    assert!(ran.code == Some(OUTPUT) && ran.err.contains("which is read"), "{ran:?}");
}

#[test]
fn classes_can_be_learnt_by_least_squares() {
    let folder = Folder::new("losses");
    folder.write("data.csv", regression(40));
    folder.write("birds.csv", birds(120, 0));
    let train = |loss: &str| format!("train birds.csv --net dense:6 --work-units 100 -o b.safetensors --loss {loss}");
    let ran = folder.run(&train("squared"));
    assert!(ran.err.contains("; least squares; alpha 1e-4"), "{}", ran.err);
    let out = ran.ok();
    assert!(out.starts_with("share of wrong answers: training "), "{out}");
    let squared = folder.read("b.safetensors");
    assert!(folder.run("predict b.safetensors birds.csv").ok().contains("\nwren\n"));
    assert!(folder.run(&train("cross-entropy")).err.contains("; cross-entropy; alpha 1e-4"));
    assert!(folder.read("b.safetensors") != squared);
    let ran = folder.run(&format!("{TRAIN} -q --loss cross-entropy"));
    assert!(ran.code == Some(DATA) && ran.err.contains("cross-entropy is a loss of classes"), "{ran:?}");
    let line = "compare birds.csv -q --net dense:6 --work-units 20 --seeds 2 --loss squared";
    let json = folder.run(&format!("{line} --methods adam --json")).ok();
    assert!(json.contains(r#""error":"share of wrong answers""#), "{json}");
    let out = folder.run(line).ok();
    assert!(out.contains("share of wrong answers, mean"), "{out}");
}

#[test]
fn a_run_that_diverges_says_when_and_what_to_try() {
    let folder = Folder::new("diverged");
    folder.write("data.csv", regression(60));
    let line = format!("{TRAIN} --method sgd --learning-rate 1e30 --work-units 50");
    let ran = folder.run(&line);
    assert_eq!(ran.code, Some(DIVERGED), "{ran:?}");
    let last = ran.err.lines().last().unwrap();
    let starts = "gaussling: sgd: diverged: not finite after ";
    assert!(last.starts_with(starts) && last.contains(" work units (epoch "), "{last}");
    assert!(
        last.contains("the last finite training loss was ") && last.contains("try a smaller learning rate"),
        "{last}"
    );
    assert!(last.ends_with("m.safetensors has the best weights before that"), "{last}");
    assert!(ran.out.starts_with("mean relative error: training "), "{}", ran.out);
    folder.run("predict m.safetensors data.csv").ok();
    assert_eq!(folder.names(), ["data.csv", "m.safetensors", "m.svg"]);
}
