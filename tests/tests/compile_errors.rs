//! Layers whose sizes do not fit do not compile, and the compiler's message names both sizes.
//!
//! A small crate is checked by cargo, once with sizes that fit and once a case with ones that do not. A documentation test
//! could say that a program must not compile, but not why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate that uses the core, in cargo's directory for tests.
fn write_crate(name: &str, body: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_errors").join(name);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\ngaussling-core = {{ path = {:?} }}\n",
        workspace.join("core")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The versions of the workspace, so that nothing is downloaded.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let program = format!("use gaussling_core::nn::*;\npub const PARAMS: usize = {body};\n");
    fs::write(folder.join("src").join("lib.rs"), program).unwrap();
    folder
}

/// Whether `body` compiles, and what the compiler says.
fn compile(name: &str, body: &str) -> (bool, String) {
    let folder = write_crate(name, body);
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--target-dir"])
        .arg(folder.parent().unwrap().join("target"))
        .current_dir(&folder)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn messages_name_both_sizes() {
    let good = "<(Affine<2, 8>, Activation<Tanh, 8>, Parametric<Raf, 6, 8>, Affine<8, 1>) as Layer>::PARAMS";
    let (compiles, message) = compile("fits", good);
    assert!(compiles, "{message}");
    for (name, body, sizes) in [
        ("affine", "<(Affine<2, 8>, Affine<9, 1>) as Layer>::PARAMS", ["Size<8>", "Size<9>"]),
        ("activation", "<(Affine<2, 8>, Activation<Tanh, 7>) as Layer>::PARAMS", ["Size<8>", "Size<7>"]),
        ("parametric", "<(Affine<2, 8>, Parametric<Raf, 6, 7>) as Layer>::PARAMS", ["Size<8>", "Size<7>"]),
        ("third", "<(Linear<2, 8>, Activation<Tanh, 8>, Affine<5, 1>) as Layer>::PARAMS", ["Size<8>", "Size<5>"]),
        ("block", "<Rk4<(Affine<4, 4>, Affine<4, 3>), 2> as Layer>::PARAMS", ["Size<4>", "Size<3>"]),
    ] {
        let (compiles, message) = compile(name, body);
        assert!(!compiles && sizes.iter().all(|size| message.contains(size)), "{name}: {message}");
    }
}
