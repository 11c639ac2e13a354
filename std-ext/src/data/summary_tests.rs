//! Summaries of files in each format, their table and their JSON.

use super::*;
use crate::data::testing::{Folder, MatBytes, gzip, idx, message, npy_doubles, zip};

fn of(path: &Path) -> Summary {
    summary(path, &LoadOptions::default()).unwrap()
}

fn names(list: &[&str]) -> Option<Vec<String>> {
    Some(list.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn a_text_with_all_that_can_be_odd() {
    let folder = Folder::new("summary-text");
    let text = "x;const;odd;kind\n1;5;NA;pear\n\n3;5;nan;fig\n2;5;word;pear\n2;5;4;\n";
    let summary = of(&folder.write("t.csv", text));
    assert_eq!((summary.format, summary.compressed, summary.rows), (Format::Text, false, 4));
    assert_eq!((summary.delimiter, summary.header), (Some("semicolon"), Some(1)));
    let column = |k: usize| summary.columns[k].clone();
    assert_eq!((column(0).min, column(0).max, column(0).mean, column(0).numbers), (1.0, 3.0, 2.0, 4));
    assert!((column(0).deviation - 0.5f64.sqrt()).abs() < 1e-15 && !column(0).constant);
    assert!(column(1).constant && column(1).mean == 5.0 && column(1).deviation == 0.0);
    assert_eq!((column(2).numbers, column(2).missing, column(2).not_finite, column(2).words), (1, 1, 1, 1));
    assert!(!column(2).constant);
    assert_eq!((column(3).words, column(3).missing, column(3).role), (3, 1, Role::Target));
    assert_eq!(column(0).role, Role::Input);
    assert_eq!(summary.classes, Some(vec![("fig".to_owned(), 1), ("pear".to_owned(), 2)]));
    let packed = of(&folder.write("t.csv.gz", gzip(text.as_bytes())));
    assert!(packed.compressed && packed.columns == summary.columns);
}

#[test]
fn roles_and_classes_follow_the_options() {
    let folder = Folder::new("summary-roles");
    let path = folder.write("t.csv", "1,2,10\n3,4,9\n5,6,9.0\n");
    let roles =
        |options: &LoadOptions| summary(&path, options).unwrap().columns.iter().map(|c| c.role).collect::<Vec<_>>();
    use Role::{Input, Target, Unused};
    assert_eq!(roles(&LoadOptions::default()), [Input, Input, Target]);
    let chosen = LoadOptions { inputs: names(&["3"]), targets: names(&["1"]), task: None };
    assert_eq!(roles(&chosen), [Target, Unused, Input]);
    let classes = LoadOptions { task: Some(Task::Classification), ..LoadOptions::default() };
    assert_eq!(summary(&path, &LoadOptions::default()).unwrap().classes, None);
    assert_eq!(summary(&path, &classes).unwrap().classes, Some(vec![("9".to_owned(), 2), ("10".to_owned(), 1)]));
    let path = folder.write("hot.csv", "x,target_a,target_b\n1,0,1\n2,1,0\n3,0,1\n");
    let hot = summary(&path, &classes).unwrap();
    assert_eq!(hot.classes, Some(vec![("target_a".to_owned(), 1), ("target_b".to_owned(), 2)]));
    // Words among numbers are a mistake, not classes.
    assert_eq!(of(&folder.write("mixed.csv", "x,y\n1,2\n3,oops\n")).classes, None);
    // One column: described, without inputs and targets; asked for what is not there: refused.
    assert_eq!(of(&folder.write("one.csv", "1\n2\n")).columns[0].role, Unused);
    let absent = LoadOptions { targets: names(&["z"]), ..LoadOptions::default() };
    assert!(message(summary(&path, &absent)).contains("hot.csv: no column \"z\""));
    assert!(message(summary(&folder.write("r.csv", "1,2\n3\n"), &classes)).contains("r.csv: line 2: found 1 cells"));
}

#[test]
fn arrays_and_matrices() {
    let folder = Folder::new("summary-arrays");
    let table = of(&folder.write("t.npy", npy_doubles(&[3, 2], &[1.0, 2.0, f64::NAN, 2.0, 3.0, 2.0])));
    assert_eq!((table.format, table.rows, table.columns.len()), (Format::Npy, 3, 2));
    assert_eq!((table.columns[0].numbers, table.columns[0].not_finite, table.columns[0].mean), (2, 1, 2.0));
    assert!(table.columns[1].constant && table.columns[1].role == Role::Target);

    let images = folder.write("a-images-idx3-ubyte", idx(8, &[3, 1, 2], &[0, 255, 0, 51, 0, 102]));
    let lone = of(&images);
    assert!(lone.columns.len() == 2 && lone.columns.iter().all(|column| column.role == Role::Unused));
    let labels = folder.write("a-labels-idx1-ubyte.gz", gzip(&idx(8, &[3], &[7, 3, 7])));
    let both = of(&images);
    assert_eq!((both.format, both.target_file.clone(), both.columns.len()), (Format::Idx, Some(labels), 3));
    assert_eq!(both.classes, Some(vec![("3".to_owned(), 1), ("7".to_owned(), 2)]));
    assert_eq!(
        (both.columns[1].max, both.columns[2].name.as_str(), both.columns[2].role),
        (1.0, "label", Role::Target)
    );
    folder.write("a-labels-idx1-ubyte.gz", gzip(&idx(8, &[2], &[7, 3])));
    assert!(message(summary(&images, &LoadOptions::default())).contains("found 3 samples, but 2 in"));

    let arrays =
        zip(&[("x.npy", npy_doubles(&[2, 2], &[1.0, 2.0, 3.0, 2.0])), ("y.npy", npy_doubles(&[2], &[0.0, 1.0]))], true);
    let npz = of(&folder.write("t.npz", arrays));
    let mat = MatBytes::new(false).doubles("X", 2, 2, |i, j| [[1.0, 3.0], [2.0, 2.0]][i][j]);
    let mat = of(&folder.write("t.mat", mat.doubles("Y", 1, 2, |_, j| j as f64).finish()));
    for (summary, format, name) in [(&npz, Format::Npz, "x_2"), (&mat, Format::Mat, "X_2")] {
        assert_eq!((summary.format, summary.rows, summary.columns.len()), (format, 2, 3));
        assert_eq!((summary.columns[1].name.as_str(), summary.columns[1].constant), (name, true));
        assert_eq!(
            (summary.columns[0].mean, summary.columns[2].mean, summary.columns[2].role),
            (2.0, 0.5, Role::Target)
        );
    }
}

#[test]
fn the_table() {
    let folder = Folder::new("summary-table");
    let mut summary = of(&folder.write("t.csv", "x,a\tb,kind\n1,5,pear\n-2.5e9,5,fig\nNA,5,pear\n"));
    summary.file = "t.csv".into();
    let expected = "\
t.csv: text with comma between cells, header in line 1; 3 rows, 3 columns
2 inputs, 1 targets; 1 constant columns, 1 missing or not finite
column  name  role         least  largest      mean  deviation
     1  x     input   -2.5000e9        1  -1.2500e9   1.2500e9  1 missing
     2  a\\tb  input           5        5          5          0  constant
     3  kind  target          -        -          -          -  3 words
2 classes, with samples: fig 1, pear 2
";
    assert_eq!(summary.to_string().replace(' ', ""), expected.replace(' ', ""), "{summary}");
    // All rows but the first two and the last are aligned: numbers end in the same column.
    let lines: Vec<String> = summary.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines[3].find("1.2500e9  1 missing").unwrap() + 8, lines[2].len());
    // Of 100 pixels the first 40 and the label.
    let pixels = folder.write("p-images-idx3-ubyte", idx(8, &[2, 10, 10], &[9; 200]));
    folder.write("p-labels-idx1-ubyte", idx(8, &[2], &[1, 0]));
    let text = of(&pixels).to_string();
    assert!(text.contains("and 60 more columns\n") && text.contains("101  label      target"), "{text}");
    assert_eq!(text.lines().count(), 2 + 1 + 41 + 1 + 1);
}

#[test]
fn the_json() {
    let folder = Folder::new("summary-json");
    let summary = of(&folder.write("t.csv", "x,kind\n1,\"pe\"\"ar\"\n2,fig\n"));
    let json = summary.to_json();
    assert_eq!(json["rows"], 2);
    assert_eq!(json["format"], "text");
    assert_eq!(json["delimiter"], "comma");
    assert_eq!(json["columns"][0]["mean"], 1.5);
    assert_eq!(json["columns"][1]["mean"], serde_json::Value::Null);
    assert_eq!(json["columns"][1]["words"], 2);
    assert_eq!(json["classes"][1], serde_json::json!({ "label": "pe\"ar", "samples": 1 }));
    assert_eq!(json["target_file"], serde_json::Value::Null);
}
