//! The core's folders are layers: each uses only those before it.

use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 8] = ["error", "scalar", "autodiff", "matrix", "backend", "linalg", "nn", "optim"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The layers that a line of code names as `crate::layer`, comments left out.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
}

/// Upward uses in a file of layer `own`.
fn upward(own: usize, text: &str) -> Vec<String> {
    let above = |name: &&str| LAYERS.iter().position(|layer| layer == name).is_some_and(|layer| layer > own);
    text.lines().flat_map(named).filter(above).map(str::to_owned).collect()
}

#[test]
fn no_layer_uses_one_above_it() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let mut seen = 0;
    for (own, layer) in LAYERS.iter().enumerate() {
        for file in sources(&core.join(layer)) {
            // Tests may look around: they check one layer with the help of others.
            let name = file.strip_prefix(&core).unwrap().to_string_lossy().into_owned();
            if name.contains("tests") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            assert_eq!(upward(own, code), Vec::<String>::new(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} files");
}

#[test]
fn the_check_can_fail() {
    assert_eq!(upward(3, "use crate::nn::Network;\nuse crate::error::Error;"), ["nn"]);
    assert_eq!(upward(3, "// crate::optim is above\nuse crate::matrix::MatRef;"), Vec::<String>::new());
}

/// Files stay readable: at most 500 lines, tests apart.
#[test]
fn files_are_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["core/src", "std-ext/src", "examples/examples"] {
        for file in sources(&root.join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 500, "{}: {lines} lines", file.display());
        }
    }
}
