//! Whole files: formats, tasks, classes, second files and files to predict on.

use super::*;
use crate::data::testing::{Folder, MatBytes, message};

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

fn options(targets: Option<&[&str]>, task: Option<Task>) -> LoadOptions {
    LoadOptions { inputs: None, targets: targets.map(list), task }
}

fn matrix(rows: usize, columns: &[f64]) -> DenseMatrix<f64> {
    DenseMatrix::from_vec(columns.to_vec(), rows, columns.len() / rows).unwrap()
}

#[test]
fn regression_from_text() {
    let folder = Folder::new("regression");
    let path = folder.write("t.csv", "a,target_1,b,target_2\n1,2,3,4\n5,6,7,8\n");
    let data = load(&path, &LoadOptions::default()).unwrap();
    assert_eq!(data.inputs, matrix(2, &[1.0, 3.0, 5.0, 7.0]));
    assert_eq!(data.targets, matrix(2, &[2.0, 4.0, 6.0, 8.0]));
    assert_eq!((data.input_names, data.target_names), (list(&["a", "b"]), list(&["target_1", "target_2"])));
    assert_eq!(data.classes, None);
    let chosen = LoadOptions { inputs: Some(list(&["b"])), targets: Some(list(&["1"])), task: Some(Task::Regression) };
    let data = load(&path, &chosen).unwrap();
    assert_eq!((data.inputs, data.targets), (matrix(1, &[3.0, 7.0]), matrix(1, &[1.0, 5.0])));
    let path = folder.write("t.dat", "1\t2\t3\r\n4\t5\t6\r\n");
    let data = load(&path, &LoadOptions::default()).unwrap();
    assert_eq!((data.input_names, data.target_names), (list(&["column_1", "column_2"]), list(&["column_3"])));
}

#[test]
fn classification_from_text() {
    let folder = Folder::new("classification");
    let words = folder.write("w.csv", "x,kind\n1,pear\n2,apple\n3,pear\n");
    let data = load(&words, &LoadOptions::default()).unwrap();
    assert_eq!(data.classes, Some(list(&["apple", "pear"])));
    assert_eq!(data.targets, matrix(2, &[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]));
    assert_eq!((data.target_names.clone(), data.samples()), (list(&["kind"]), 3));
    assert_eq!(data.class_indices(), Some(vec![1, 0, 1]));
    // Numbers are targets of a regression unless asked otherwise; then 9 comes before 10, and 9.0 is 9.
    let numbers = folder.write("n.csv", "x,kind\n1,10\n2,9\n3,9.0\n4,-0\n5,0\n");
    assert_eq!(load(&numbers, &LoadOptions::default()).unwrap().classes, None);
    let data = load(&numbers, &options(None, Some(Task::Classification))).unwrap();
    assert_eq!(data.classes, Some(list(&["0", "9", "10"])));
    assert_eq!(data.class_indices(), Some(vec![2, 1, 1, 0, 0]));
    // Mixed ones only when asked for.
    let mixed = folder.write("m.csv", "x,kind\n1,1\n2,other\n3,1\n");
    let text = message(load(&mixed, &LoadOptions::default()));
    assert!(
        text.contains("line 3, column 2 (\"kind\"): found \"other\", expected a number")
            && text.contains("ask for classification")
    );
    let data = load(&mixed, &options(None, Some(Task::Classification))).unwrap();
    assert_eq!(data.classes, Some(list(&["1", "other"])));
    // A target for each class.
    let hot = folder.write("h.csv", "x,a,b\n1,1,0\n2,0,1\n");
    let data = load(&hot, &options(Some(&["2-3"]), Some(Task::Classification))).unwrap();
    assert_eq!((data.classes, data.targets), (Some(list(&["a", "b"])), matrix(2, &[1.0, 0.0, 0.0, 1.0])));
}

#[test]
fn refused_targets() {
    let folder = Folder::new("refused");
    for (text, targets, task, expected) in [
        ("x,k\n1,a\n2,a\n", None, None, "t.csv: column \"k\": found the single class \"a\", expected two or more"),
        ("x,k\n1,a\n2,\n", None, None, "line 3, column 2 (\"k\"): found \"\", a missing value, expected a class label"),
        (
            "x,k\n1,a\n2,nan\n",
            None,
            Some(Task::Classification),
            "found \"nan\", a missing value, expected a class label",
        ),
        ("x,k\n1,a\n2,b\n", None, Some(Task::Regression), "line 2, column 2 (\"k\"): found \"a\", expected a number"),
        ("x,k\nb,1\n2,2\n", None, None, "line 2, column 1 (\"x\"): found \"b\", expected a number written as 2.5"),
        (
            "x,a,b\n1,1,0\n2,1,1\n",
            Some(&["a", "b"][..]),
            Some(Task::Classification),
            "t.csv: sample 2: the 2 targets are not a single 1 among zeros",
        ),
        ("x,a\n1,1\n", Some(&["y"][..]), None, "t.csv: no column \"y\""),
    ] {
        let path = folder.write("t.csv", text);
        let message = message(load(&path, &options(targets, task)));
        assert!(message.contains(expected), "{message}");
    }
    let measured: String = (0..30).map(|i| format!("{i},{}\n", 0.5 * f64::from(i))).collect();
    let measured = message(load(&folder.write("t.csv", measured), &options(None, Some(Task::Classification))));
    assert!(measured.contains("t.csv: column \"column_2\": found 30 classes in 30 samples"), "{measured}");
    let message = message(load(folder.path(), &LoadOptions::default()));
    assert!(message.contains("is a directory"), "{message}");
}

#[test]
fn mat_is_told_by_name_or_contents() {
    let folder = Folder::new("mat");
    let bytes = MatBytes::new(false)
        .doubles("Y", 2, 3, |i, j| (i + 2 * j) as f64)
        .doubles("C", 1, 3, |_, j| j as f64 - 1.0)
        .doubles("hot", 2, 3, |i, j| if i == j % 2 { 1.0 } else { 0.0 })
        .finish();
    for name in ["t.mat", "t.MAT", "t.bin"] {
        let path = folder.write(name, &bytes);
        let data = load(&path, &LoadOptions::default()).unwrap();
        assert_eq!(
            (data.inputs, data.targets),
            (matrix(2, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), matrix(1, &[-1.0, 0.0, 1.0]))
        );
        assert_eq!((data.input_names, data.target_names), (list(&["Y_1", "Y_2"]), list(&["C_1"])));
        assert_eq!(data.classes, None);
    }
    let path = folder.path().join("t.mat");
    let classes = load(&path, &options(None, Some(Task::Classification))).unwrap();
    assert_eq!((&classes.classes, classes.class_indices()), (&Some(list(&["-1", "0", "1"])), Some(vec![0, 1, 2])));
    let hot = LoadOptions { inputs: Some(list(&["Y"])), ..options(Some(&["hot"]), Some(Task::Classification)) };
    assert_eq!(load(&path, &hot).unwrap().classes, Some(list(&["hot_1", "hot_2"])));
    // A second file.
    let other = |rows, label| {
        let file = MatBytes::new(false).doubles("Y", rows, 1, |_, _| 1.0).doubles("C", 1, 1, |_, _| label);
        load_like(&folder.write("other.mat", file.finish()), &LoadOptions::default(), &classes)
    };
    assert_eq!(other(2, 0.0).unwrap().targets, matrix(3, &[0.0, 1.0, 0.0]));
    assert!(
        message(other(2, 5.0))
            .contains("other.mat: variable \"C\", sample 1: found class \"5\", expected one of \"-1\", \"0\", \"1\"")
    );
    assert!(message(other(3, 0.0)).contains("other.mat: found 3 input columns, expected 2 as in the first file"));
    let text = folder.write("text.mat", "1,2\n3,4\n");
    assert!(message(load(&text, &LoadOptions::default())).contains("text.mat: is not a MAT file of version 5"));
}

#[test]
fn a_second_file_has_the_columns_and_classes_of_the_first() {
    let folder = Folder::new("like");
    let first = folder.write("first.csv", "a,b,kind\n1,2,x\n3,4,y\n5,6,z\n");
    let first = load(&first, &LoadOptions::default()).unwrap();
    let like = |text: &str| load_like(&folder.write("t.csv", text), &LoadOptions::default(), &first);
    // In any order and among others; without header by place.
    for text in ["kind,extra,b,a\ny,9,2,1\n", "a,b,kind\n1,2,y\n", "1,2,y\n7,8,y\n"] {
        let second = like(text).unwrap();
        assert_eq!((second.inputs.col(0), second.targets.col(0)), (&[1.0, 2.0][..], &[0.0, 1.0, 0.0][..]), "{text}");
        assert_eq!(second.classes, first.classes);
    }
    for (text, expected) in [
        (
            "a,b,kind\n1,2,x\n3,4,w\n",
            "t.csv: line 3, column 3 (\"kind\"): found class \"w\", expected one of \"x\", \"y\", \"z\"",
        ),
        ("a,kind\n1,x\n", "t.csv: no column \"b\""),
        ("a,b,b,kind\n1,2,3,x\n", "t.csv: line 1: columns 2 and 3 are both named \"b\""),
        ("1,2,3,x\n4,5,6,x\n", "t.csv: found 3 input columns, expected 2 as in the first file"),
    ] {
        let message = message(like(text));
        assert!(message.contains(expected), "{message}");
    }
    // No header in the first: by place, whatever the second has.
    let first = load(&folder.write("first.dat", "1 2 3\n4 5 6\n"), &LoadOptions::default()).unwrap();
    let second = load_like(&folder.write("t.csv", "u,v,w\n7,8,9\n"), &LoadOptions::default(), &first).unwrap();
    assert_eq!((second.inputs, second.targets), (matrix(2, &[7.0, 8.0]), matrix(1, &[9.0])));
}

#[test]
fn inputs_with_or_without_targets() {
    let folder = Folder::new("inputs");
    let named = list(&["a", "b"]);
    let numbered = list(&["column_2", "column_3"]);
    let inputs = |text: &str, names: &[String]| load_inputs(&folder.write("t.csv", text), names);
    for (text, names) in [
        ("a,b\n1,2\n", &named),
        ("b,a\n2,1\n", &named),
        ("kind,b,a\npear,2,1\n", &named),
        ("1,2\n", &named),
        ("1 2\n", &numbered),
        ("9,1,2\n", &numbered),
        ("p,q\n1,2\n", &numbered),
        ("t,p,q\n9,1,2\n", &numbered),
    ] {
        assert_eq!(inputs(text, names).unwrap(), matrix(2, &[1.0, 2.0]), "{text} {names:?}");
    }
    for (text, names, expected) in [
        ("a,c\n1,2\n", &named, "t.csv: no column \"b\""),
        ("1,2,3\n", &named, "t.csv: found 3 input columns, expected 2"),
        ("1\n", &numbered, "t.csv: found 1 input columns, expected 2"),
        ("a,b\n1,x\n", &named, "t.csv: line 2, column 2 (\"b\"): found \"x\", expected a number"),
    ] {
        let message = message(inputs(text, names));
        assert!(message.contains(expected), "{message}");
    }
}

/// Two columns of one name, of which one was chosen by number: the file fits itself, and others where the same numbers have the names.
#[test]
fn columns_of_one_name_are_found_by_the_options_again() {
    let folder = Folder::new("one-name");
    let path = folder.write("t.csv", "a,2,2,b,3\n4,1,2,5,6\n7,8,9,1,2\n");
    let options = LoadOptions { inputs: Some(list(&["1-2"])), targets: Some(list(&["3"])), task: None };
    let data = load(&path, &options).unwrap();
    // The name of the last column is 3.
    assert_eq!((data.input_names.clone(), data.target_names.clone()), (list(&["a", "2"]), list(&["3"])));
    assert_eq!(load_like(&path, &options, &data).unwrap(), data);
    let other = folder.write("other.csv", "2,a,2,b,3\n4,1,2,5,6\n");
    let text = message(load_like(&other, &options, &data));
    assert!(text.contains("line 1: columns 1 and 3 are both named \"2\""), "{text}");
}
