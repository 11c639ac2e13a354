//! Exported files as a user of them meets them: a crate made of them is built by cargo and run here, and its bits are those of
//! [`Export`].
//!
//! The crate depends on `gaussling-core` alone; its library has no `std`. Built in a folder of the target directory, without
//! the network.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use gaussling::data::Standardization;
use gaussling::export::{Export, Storage, made_up_inputs};
use gaussling::network::Sequential;
use gaussling::{DenseMatrix, Model};

/// Samples whose bits are compared.
const SAMPLES: usize = 20;

fn model(description: &str, inputs: usize, outputs: usize, classes: bool) -> Model {
    let network = Sequential::parse(description, inputs).unwrap();
    let wave = |n: usize, shift: f64| (0..n).map(|i| (i as f64 * 1.7 + shift).sin()).collect::<Vec<_>>();
    // As large as trained weights are, so that sums over many features stay moderate.
    let weights = |n: usize, shift: f64| wave(n, shift).iter().map(|x| 0.3 * x).collect::<Vec<_>>();
    let positive = |n: usize, shift: f64| wave(n, shift).iter().map(|x| 1.5 + x).collect::<Vec<_>>();
    let names = |prefix: &str, n: usize| (0..n).map(|k| format!("{prefix}{k}")).collect::<Vec<_>>();
    let columns = network.features() + 1;
    let mut theta = weights(network.shape().params, 0.1);
    if description.contains("raf") {
        // The width of a bump must not be near 0.
        theta.iter_mut().for_each(|x| *x += 1.0);
    }
    Model {
        description: description.to_owned(),
        inputs,
        theta,
        w: DenseMatrix::from_vec(weights(outputs * columns, 0.7), outputs, columns).unwrap(),
        input_scaling: Standardization { mean: wave(inputs, 0.3), scale: positive(inputs, 0.4) },
        target_scaling: Standardization { mean: wave(outputs, 0.5), scale: positive(outputs, 0.6) },
        classes: classes.then(|| names("class \"quoted\" \\ ", outputs)),
        input_names: names("x\n", inputs),
        target_names: names("y", outputs),
        record: [("method", "gnvpro"), ("a\nb", "*/ \u{202e} |")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

/// Every layer of the language, every storage, one and several outputs, more layers than a tuple has.
fn models() -> Vec<(Model, Storage)> {
    let long = vec!["dense:3, sine"; 40].join(", ");
    let mut all = Vec::new();
    for (description, inputs, outputs, classes) in [
        ("identity", 2, 1, false),
        ("dense:7, antisym:7x3", 5, 3, false),
        ("linear:6, sigmoid, euler:3:T=2.5:gaussian, relu", 3, 1, false),
        ("dense:5:softplus, antisym:5x2:T=0.3:relu, linear:1, sine", 1, 2, false),
        ("dense:4:raf, raf:image, affine:9, tanh", 2, 4, true),
    ] {
        for storage in Storage::ALL {
            all.push((model(description, inputs, outputs, classes), storage));
        }
    }
    all.push((model(&long, 2, 2, true), Storage::F32));
    all
}

#[test]
fn exported_files_build_and_give_the_bits_of_the_desktop() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exported");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let core = root.join("core").canonicalize().unwrap();
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"exported\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[profile.dev]\nopt-level = 1\n\
             [dependencies]\ngaussling-core = {{ path = {core:?} }}\n"
        ),
    );
    // The versions of this build, which are there without the network.
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let (mut lib, mut main, mut expected) =
        ("#![no_std]\n#![deny(warnings)]\n".to_owned(), "fn main() {\n".to_owned(), String::new());
    for (k, (model, storage)) in models().iter().enumerate() {
        let export = Export::new(model, *storage).unwrap();
        let inputs = made_up_inputs(model, SAMPLES);
        let cost = export.cost(&inputs).unwrap();
        let few = inputs.select_columns(&[0, 7, 11]);
        write(&format!("src/m{k}.rs"), &export.rust(&few, &cost, "made-up inputs").unwrap());
        writeln!(lib, "pub mod m{k};").unwrap();
        writeln!(main, "    println!(\"{k} {{}}\", exported::m{k}::self_test());").unwrap();
        writeln!(expected, "{k} true").unwrap();
        for j in 0..SAMPLES {
            let x: Vec<f32> = inputs.col(j).iter().map(|&x| x as f32).collect();
            let class = model.classes.is_some();
            writeln!(main, "    println!(\"{{:x?}}\", exported::m{k}::predict(&{x:?}).map(f32::to_bits));").unwrap();
            let bits: Vec<u32> = export.predict(&x).unwrap().into_iter().map(f32::to_bits).collect();
            writeln!(expected, "{bits:x?}").unwrap();
            if class {
                writeln!(main, "    println!(\"{{}}\", exported::m{k}::classify(&{x:?}));").unwrap();
                writeln!(expected, "{}", model.classes.as_ref().unwrap()[export.classify(&x).unwrap()]).unwrap();
            }
        }
    }
    main += "}\n";
    write("src/lib.rs", &lib);
    write("src/main.rs", &main);

    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args(["run", "--quiet", "--offline", "--target-dir"]).arg(folder.join("target"));
    let output = cargo.current_dir(&folder).env_remove("CARGO_TARGET_DIR").output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{err}");
    for (k, (found, expected)) in out.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {k}");
    }
    assert_eq!(out.lines().count(), expected.lines().count());
}
