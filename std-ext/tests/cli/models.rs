//! What `evaluate`, `info`, `export`, `completions` and `--json` say.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Folder, Ran, number, regression};

/// One JSON object on standard output and nothing else.
#[track_caller]
fn object(ran: Ran) -> Value {
    let out = ran.ok();
    assert_eq!(out.lines().count(), 1, "{out}");
    let value: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
    assert!(value.is_object(), "{out}");
    value
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Three classes of two inputs, and where `with_truth` their labels.
fn birds(first: usize, samples: usize, with_truth: bool) -> String {
    let mut text = if with_truth { "u,v,species\n" } else { "v,u\n" }.to_string();
    for k in first..first + samples {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        let species = if u + v > 0.3 { "wren" } else { ["owl", "tit"][usize::from(u > v)] };
        if with_truth { writeln!(text, "{u},{v},{species}") } else { writeln!(text, "{v},{u}") }.unwrap();
    }
    text
}

#[test]
fn evaluate_gives_the_scores_of_training_on_the_same_data() {
    let folder = Folder::new("evaluate");
    folder.write("data.csv", regression(120));
    folder.write("test.csv", regression(200));
    let trained =
        object(folder.run("train data.csv --test test.csv -q --work-units 60 --net dense:6 -o m.safetensors --json"));
    let found = object(folder.run("evaluate m.safetensors test.csv --json"));
    for (of_training, here) in [("loss", "loss"), ("error", "error"), ("normalized", "normalized")] {
        assert_eq!(trained["test"][of_training], found[here], "{here}");
    }
    assert_eq!((&found["samples"], &found["error_name"]), (&json!(200), &json!("mean relative error")));
    // Columns in another order, other columns among them.
    let mut shuffled = String::from("extra,\"target, b\",v,u,target_a\n");
    for line in regression(200).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        writeln!(shuffled, "7,{},{},{},{}", cells[3], cells[1], cells[0], cells[2]).unwrap();
    }
    folder.write("shuffled.csv", shuffled);
    assert_eq!(object(folder.run("evaluate m.safetensors shuffled.csv --json")), found);

    // The errors of each output, from the predictions.
    let predictions = folder.run("predict m.safetensors test.csv").ok();
    let cells = |text: &str, columns: [usize; 2]| -> Vec<[f64; 2]> {
        let row = |line: &str| columns.map(|c| line.split(',').nth(c).unwrap().parse().unwrap());
        text.lines().skip(1).map(row).collect()
    };
    let (predictions, truth) = (cells(&predictions, [0, 1]), cells(&folder.text("test.csv"), [2, 3]));
    for (k, name) in ["target_a", "target, b"].iter().enumerate() {
        let errors: Vec<f64> = predictions.iter().zip(&truth).map(|(p, t)| (p[k] - t[k]).abs()).collect();
        let largest = errors.iter().fold(0.0_f64, |most, e| most.max(*e));
        let worst = errors.iter().position(|e| *e == largest).unwrap() + 1;
        let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / 200.0).sqrt();
        let output = &found["outputs"][k];
        assert_eq!(
            (&output["name"], &output["largest"], &output["worst_sample"]),
            (&json!(name), &json!(largest), &json!(worst))
        );
        assert!((output["rmse"].as_f64().unwrap() / rmse - 1.0).abs() < 1e-12, "{output}");
    }
    let text = folder.run("evaluate m.safetensors test.csv").ok();
    for words in ["200 samples", "mean relative error", "normalized error", "target_a", "target, b"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// Without a header columns have places instead of names.
#[test]
fn evaluate_takes_the_columns_of_training_where_there_are_no_names() {
    let folder = Folder::new("evaluate-places");
    let bare: String = regression(80).lines().skip(1).map(|line| format!("{line}\n")).collect();
    folder.write("bare.csv", &bare);
    folder.run("train bare.csv --targets 1 --inputs 2-4 -q --work-units 40 --net dense:4 -o m.safetensors").ok();
    let found = object(folder.run("evaluate m.safetensors bare.csv --json"));
    assert_eq!(found["outputs"][0]["name"], "column_1");
    let chosen = object(folder.run("evaluate m.safetensors bare.csv --targets 1 --inputs 2-4 --json"));
    assert_eq!(found, chosen);
}

#[test]
fn evaluate_shows_which_classes_are_taken_for_which() {
    let folder = Folder::new("evaluate-classes");
    folder.write("birds.csv", birds(0, 150, true));
    folder.write("more.csv", birds(4000, 90, true));
    folder.write("inputs.csv", birds(4000, 90, false));
    folder.run("train birds.csv --targets species -q --work-units 60 --net dense:5 -o m.safetensors").ok();
    let found = object(folder.run("evaluate m.safetensors more.csv --json"));
    let answers = folder.run("predict m.safetensors inputs.csv").ok();
    let truth = folder.text("more.csv");
    let truth = truth.lines().skip(1).map(|line| line.rsplit(',').next().unwrap());
    let classes = ["owl", "tit", "wren"];
    let mut counts = [[0; 3]; 3];
    for (truth, answer) in truth.zip(answers.lines().skip(1)) {
        let place = |label| classes.iter().position(|class| *class == label).unwrap();
        counts[place(truth)][place(answer)] += 1;
    }
    assert_eq!((&found["classes"], &found["confusion"]), (&json!(classes), &json!(counts)));
    let right = counts[0][0] + counts[1][1] + counts[2][2];
    assert_eq!(found["accuracy"], json!(f64::from(right) / 90.0));
    assert_eq!(found["recall"][1], json!(f64::from(counts[1][1]) / f64::from(counts[1].iter().sum::<i32>())));
    let text = folder.run("evaluate m.safetensors more.csv").ok();
    for words in ["90 samples", "share of wrong answers", "accuracy", "recall", "precision", "wren"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A class that does not occur has no recall: null, not a number.
    folder.write("owls.csv", truth_of(&folder.text("more.csv"), "owl"));
    let found = object(folder.run("evaluate m.safetensors owls.csv --json"));
    assert_eq!(found["recall"][1], Value::Null);

    let predicted = object(folder.run("predict m.safetensors inputs.csv --json"));
    assert_eq!(predicted["predictions"], json!(answers.lines().skip(1).collect::<Vec<_>>()));
    assert_eq!((&predicted["classes"], predicted["scores"].as_array().unwrap().len()), (&json!(classes), 90));
}

fn truth_of(text: &str, class: &str) -> String {
    let kept = text.lines().enumerate().filter(|(k, line)| *k == 0 || line.ends_with(class));
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn info_says_what_a_file_holds() {
    let folder = Folder::new("info");
    folder.write("data.csv", regression(60));
    folder.write("birds.csv", birds(0, 60, true));
    folder.run("train data.csv -q --work-units 20 --net dense:6 -o m.model").ok();
    folder.run("train birds.csv --targets species -q --work-units 20 --net dense:3 -o birds.safetensors").ok();
    let found = object(folder.run("info m.model --json"));
    assert_eq!(
        keys(&found),
        [
            "bytes_as_f32",
            "classes",
            "input_scaling",
            "inputs",
            "kind",
            "network",
            "outputs",
            "record",
            "target_scaling",
            "targets",
            "task",
            "version",
            "weights"
        ]
    );
    // 2·6 + 6 and 2·7.
    assert_eq!((&found["weights"], &found["bytes_as_f32"]), (&json!(32), &json!(128)));
    assert_eq!((&found["network"], &found["version"]), (&json!("affine:6, tanh"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!((&found["inputs"], &found["classes"]), (&json!(["u", "v"]), &Value::Null));
    assert_eq!(found["record"]["method"], "gnvpro");
    let text = folder.run("info m.model").ok();
    for words in
        ["regression", "affine:6, tanh, then affine:2", "32 (18 in the network", "128 bytes", "u (mean", "seed:"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = folder.run("info birds.safetensors").ok();
    for words in ["classification", "target:     species", "classes:    3: owl, tit, wren"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let found = object(folder.run("info birds.csv --json"));
    assert_eq!((&found["kind"], &found["rows"], &found["file"]), (&json!("data"), &json!(60), &json!("birds.csv")));
    let columns: Vec<_> = found["columns"].as_array().unwrap().iter().map(|c| (&c["name"], &c["role"])).collect();
    let [u, v, species, input, target] = ["u", "v", "species", "input", "target"].map(|word| json!(word));
    assert_eq!(columns, [(&u, &input), (&v, &input), (&species, &target)]);
    let classes: Vec<_> = found["classes"].as_array().unwrap().iter().map(|c| &c["label"]).collect();
    assert_eq!(classes, ["owl", "tit", "wren"]);
    let text = folder.run("info data.csv").ok();
    assert!(text.starts_with("data.csv: text with comma between cells") && text.contains("60 rows"), "{text}");
}

#[test]
fn json_goes_to_standard_output_and_words_to_standard_error() {
    let folder = Folder::new("json");
    folder.write("data.csv", regression(60));
    let ran = folder.run("train data.csv --work-units 20 --net dense:4 --split 80/20/0 -o m.safetensors --json");
    assert!(ran.err.contains("network: affine:4, tanh") && ran.err.contains("model: m.safetensors"), "{ran:?}");
    let trained = object(ran);
    assert_eq!(trained["test"], json!({ "loss": null, "error": null, "normalized": null }));
    assert_eq!((&trained["method"], &trained["plot"]), (&json!("gnvpro"), &json!("m.svg")));
    assert!(trained["training"]["error"].as_f64().unwrap() > 0.0, "{trained}");

    let line = "compare data.csv --work-units 20 --net dense:4 --seeds 2 --methods gnvpro,adam --output report --json";
    let ran = folder.run(line);
    assert!(ran.err.contains("mean relative error, mean"), "{ran:?}");
    let compared = object(ran);
    let methods: Vec<&Value> = compared["methods"].as_array().unwrap().iter().map(|row| &row["method"]).collect();
    assert_eq!(methods, ["gnvpro", "adam"]);
    assert_eq!(compared["runs"].as_array().unwrap().len(), 4);
    assert_eq!(compared["best_model"], "report/model.safetensors");
    // Full precision: the mean of the two runs to rounding.
    let of_seed = |k: usize| compared["runs"][k]["test"]["error"].as_f64().unwrap();
    let mean = compared["methods"][0]["test"].as_f64().unwrap();
    assert!(((of_seed(0) + of_seed(1)) / 2.0 / mean - 1.0).abs() < 1e-14, "{compared}");
    let ran = folder.run(&format!("{line} -q"));
    assert_eq!(ran.err, "");

    let predicted = object(folder.run("predict m.safetensors data.csv --json"));
    let csv = folder.run("predict m.safetensors data.csv").ok();
    for (row, line) in predicted["predictions"].as_array().unwrap().iter().zip(csv.lines().skip(1)) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(*row, json!(cells));
    }
    assert_eq!(predicted["targets"], json!(["target_a", "target, b"]));
    assert_eq!(folder.run("predict m.safetensors data.csv --json --output p.json").ok(), "");
    assert_eq!(serde_json::from_str::<Value>(&folder.text("p.json")).unwrap(), predicted);
}

#[test]
fn export_writes_a_file_for_each_storage_and_says_what_it_costs() {
    let folder = Folder::new("export");
    folder.write("data.csv", regression(80));
    folder.write("birds.csv", birds(0, 80, true));
    folder.run("train data.csv -q --work-units 60 --alpha 1e-10 --net dense:9,antisym:9x2 -o m.safetensors").ok();
    folder.run("train birds.csv --targets species -q --work-units 40 --net dense:5 -o birds.safetensors").ok();
    for (storage, kind) in [("f32", "f32; "), ("f16", "u16; "), ("int8", "i8; ")] {
        let said = folder.run(&format!("export m.safetensors --rust m.rs --storage {storage} --data data.csv")).ok();
        let source = folder.text("m.rs");
        assert!(said.starts_with("source: m.rs\nflash: ") && said.contains("80 samples (of the data given"), "{said}");
        let size = said.split(' ').nth(2).unwrap();
        assert!(source.contains(&format!("//! | flash of all constants | {size} bytes |")), "{source}");
        assert!(source.contains("//! A regression: affine:9, tanh, antisym:9x2:T=1, affine:2, 2 inputs, 2 outputs."));
        assert!(source.contains(&format!("static WEIGHTS: [{kind}")), "{source}");
        assert!(!source.contains("classify"), "{source}");
    }
    // Solved for again behind rounded weights, by the targets of the data, W costs less; data without targets do not do.
    let rms = |said: &str| said.split("rms ").nth(1).unwrap().split(',').next().unwrap().parse::<f64>().unwrap();
    let int8 = "export m.safetensors --rust m.rs --storage int8 --data data.csv";
    let (before, after) = (folder.run(int8).ok(), folder.run(&format!("{int8} --refit")).ok());
    assert!(rms(&after) < 0.9 * rms(&before), "{before} {after}");
    folder.write("inputs.csv", "u,v\n0.1,0.2\n");
    let ran = folder.run("export m.safetensors --rust m.rs --storage int8 --data inputs.csv --refit");
    assert!(ran.code == Some(super::DATA) && ran.err.contains("inputs.csv: "), "{ran:?}");
    let ran = folder.run("export m.safetensors --rust m.rs --refit");
    assert!(ran.code == Some(super::USAGE) && ran.err.contains("--data"), "{ran:?}");
    let ran = folder.run("export birds.safetensors --rust m.rs --data birds.csv --refit");
    assert!(ran.code == Some(super::MODEL) && ran.err.contains("it is a classifier"), "{ran:?}");
    let said = folder.run("export birds.safetensors --rust birds.rs").ok();
    assert!(said.contains("other answers (made up: "), "{said}");
    let source = folder.text("birds.rs");
    for words in ["\"owl\", \"tit\", \"wren\"", "pub fn classify(", "pub fn self_test() -> bool"] {
        assert!(source.contains(words), "{words}: {source}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = Folder::new("completions");
    for (shell, own) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef gaussling"),
        ("fish", "complete -c gaussling"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = folder.run(&format!("completions {shell}")).ok();
        for word in [own, "evaluate", "storage"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
