//! `--precision`.

use super::{Folder, USAGE, regression};

const TRAIN: &str = "train data.csv --net dense:6 --work-units 60 --method adam";

#[test]
fn single_precision_is_said_everywhere_and_learns_as_well() {
    let folder = Folder::new("precision");
    folder.write("data.csv", regression(120));
    let error = |options: &str, precision: &str| {
        let ran = folder.run(&format!("{TRAIN} {options} --json -o m.safetensors --report r.html"));
        assert!(ran.err.contains(&format!("alpha 1e-4; {precision}; budget 60 work units\n")), "{}", ran.err);
        let object: serde_json::Value = serde_json::from_str(&ran.ok()).unwrap();
        assert_eq!(object["precision"], precision);
        let info: serde_json::Value = serde_json::from_str(&folder.run("info m.safetensors --json").ok()).unwrap();
        assert_eq!(info["record"]["precision"], precision, "{info}");
        assert!(folder.text("r.html").contains(&format!(">{precision}<")));
        // The numbers of the model are those of the run.
        let error = object["test"]["error"].as_f64().unwrap();
        (error, folder.read("m.safetensors"))
    };
    let (double, default) = error("", "f64");
    let (same, named) = error("--precision f64", "f64");
    assert!(double == same && default == named);
    let (single, model) = error("--precision f32", "f32");
    assert!(model != default && (single / double - 1.0).abs() < 0.05, "{single} {double}");
    let line =
        "compare data.csv --net dense:6 --work-units 30 --methods gnvpro,lbfgs --seeds 2 -q --json --precision f32";
    let object: serde_json::Value = serde_json::from_str(&folder.run(line).ok()).unwrap();
    assert_eq!((&object["precision"], object["runs"].as_array().unwrap().len()), (&"f32".into(), 4));
    assert!(object["methods"][0]["test"].as_f64().unwrap() < 0.1, "{object}");
}

#[test]
fn what_single_precision_cannot_do_is_refused() {
    let folder = Folder::new("precision-refused");
    folder.write("data.csv", "u,kind\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n7,a\n8,b\n");
    let ran = folder.run("train data.csv --precision f16");
    assert!(ran.code == Some(USAGE) && ran.err.contains("f64, f32"), "{ran:?}");
    let ran = folder.run("train data.csv -q --precision f32 --alpha 1e-8");
    assert!(ran.code == Some(USAGE) && ran.err.contains("needs an alpha of 1e-5 or more, found 1e-8"), "{ran:?}");
    folder.run("train data.csv -q --precision f32 --alpha 1e-5 --work-units 10").ok();
}
