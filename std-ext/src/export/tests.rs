//! The arithmetic of a device against the model in `f64`; what is refused; sizes.

use super::*;

fn model(description: &str, classes: bool) -> Model {
    let network = Sequential::parse(description, 3).unwrap();
    let wave = |n: usize, shift: f64| (0..n).map(|i| 0.4 * (i as f64 * 1.7 + shift).sin()).collect::<Vec<_>>();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let columns = network.features() + 1;
    Model {
        description: description.to_owned(),
        inputs: 3,
        theta: wave(network.shape().params, 0.1),
        w: DenseMatrix::from_vec(wave(2 * columns, 0.7), 2, columns).unwrap(),
        input_scaling: Standardization { mean: vec![10.0, -3.0, 0.0], scale: vec![2.0, 0.5, 1.0] },
        target_scaling: Standardization { mean: vec![1.0, 2.0], scale: vec![4.0, 1.0] },
        classes: classes.then(|| names(&["yes", "no"])),
        input_names: names(&["a", "b", "c"]),
        target_names: names(&["u", "v"]),
        ..Model::default()
    }
}

/// `f32` is off by its rounding, 16 bits by about 2⁻¹¹ and 8 bits by about 1/254 of the weights; and not by nothing.
#[test]
fn costs_are_those_of_the_bits_that_are_left() {
    for description in ["affine:20, tanh, antisym:20x3", "dense:40:raf", "linear:9, euler:2:sine, softplus"] {
        for classes in [false, true] {
            let model = model(description, classes);
            let inputs = made_up_inputs(&model, 200);
            let cost = Storage::ALL.map(|storage| Export::new(&model, storage).unwrap().cost(&inputs).unwrap());
            let bounds = [(1e-9, 5e-6), (1e-6, 5e-3), (1e-4, 1e-1)];
            for (cost, (least, most)) in cost.iter().zip(bounds) {
                assert!(cost.rms > least && cost.rms < most && cost.largest < 20.0 * most, "{description}: {cost:?}");
                assert!(cost.largest >= cost.rms && cost.samples == 200, "{cost:?}");
                assert_eq!(cost.changed.is_some(), classes);
            }
            assert!(cost[0].rms < cost[1].rms && cost[1].rms < cost[2].rms, "{cost:?}");
        }
    }
}

#[test]
fn classes_are_those_of_the_largest_scores() {
    let classifier = model("dense:5", true);
    let export = Export::new(&classifier, Storage::F32).unwrap();
    let inputs = made_up_inputs(&classifier, 50);
    let expected = classifier.predict_classes(&inputs).unwrap();
    for (j, expected) in expected.into_iter().enumerate() {
        assert_eq!(export.classify(&to_f32(inputs.col(j))).unwrap(), expected);
    }
    let numbers = Export::new(&model("dense:5", false), Storage::F32).unwrap();
    assert!(matches!(numbers.classify(&[0.0; 3]), Err(ExportError::Model(ModelError::NotAClassifier))));
}

#[test]
fn numbers_beyond_f32_are_refused_by_name() {
    let refused = |change: &dyn Fn(&mut Model)| {
        let mut model = model("dense:5", false);
        change(&mut model);
        Export::new(&model, Storage::F32).map(|_| ()).unwrap_err().to_string()
    };
    let theta = refused(&|m| m.theta[3] = 1e39);
    assert_eq!(
        theta,
        "export: weights theta, number 4: 1e39 is out of the range of f32; scale the data, and train again"
    );
    assert!(refused(&|m| m.w[(1, 0)] = -1e300).starts_with("export: output weights w, number 2: -1e300"));
    assert!(refused(&|m| m.input_scaling.scale[0] = 1e-60).contains("scales of the inputs, number 1: 1e-60"));
    assert!(refused(&|m| m.input_scaling.mean[2] = 1e60).contains("means of the inputs, number 3"));
    assert!(refused(&|m| m.target_scaling.scale[1] = 1e60).contains("scales of the targets, number 2"));
    assert!(refused(&|m| m.target_scaling.mean[0] = 1e60).contains("means of the targets, number 1"));
    assert!(refused(&|m| m.description = "dense:6".into()).contains("weights theta: found"));

    // Finite numbers whose prediction is not.
    let mut large = model("identity", false);
    large.w[(0, 0)] = 3e38;
    let export = Export::new(&large, Storage::F32).unwrap();
    let inputs = DenseMatrix::from_fn(3, 2, |_, j| if j == 1 { 100.0 } else { 10.0 });
    assert!(matches!(export.cost(&inputs), Err(ExportError::NotFinite { sample: 2 })));
    let cost = Cost { samples: 0, rms: 0.0, largest: 0.0, changed: None };
    assert!(matches!(export.rust(&inputs, &cost, "nothing"), Err(ExportError::NotFinite { sample: 2 })));
    let wrong = export.predict(&[1.0; 2]).unwrap_err().to_string();
    assert_eq!(wrong, "inputs: found 2 rows, expected 3, one for each input of the model");
}

#[test]
fn sizes_are_those_of_the_constants_and_arrays() {
    let model = model("dense:4", false);
    let size = |storage| Export::new(&model, storage).unwrap().flash();
    // 3·4 + 4 and 2·5 weights, a block of each with its factor; mean and scale of 3 inputs and 2 outputs.
    assert_eq!(Storage::ALL.map(size), [26 * 4 + 40, 26 * 2 + 8 + 40, 26 + 8 + 40]);
    // Scaled inputs; outputs of the first layer; its columns, 3 × 4 (after it no more is needed: 4 + 4 × 2); the result.
    assert_eq!(Export::new(&model, Storage::F32).unwrap().ram(), 4 * (3 + 4 + 12 + 2));
}

#[test]
fn made_up_inputs_are_spread_as_the_training_data() {
    let close =
        |x: f64, expected: f64| assert!((x - expected).abs() < 0.05 * expected.abs().max(1.0), "{x} {expected}");
    let mut model = model("dense:4", false);
    let fitted = Standardization::fit(&made_up_inputs(&model, 4000));
    for i in 0..3 {
        close(fitted.mean[i], model.input_scaling.mean[i]);
        close(fitted.scale[i], model.input_scaling.scale[i] / 3.0_f64.sqrt());
    }
    model.input_scaling = Standardization { mean: vec![0.0; 3], scale: vec![1.0; 3] };
    close(Standardization::fit(&made_up_inputs(&model, 4000)).scale[0], 1.0);
}

/// Layer after layer, whatever the tuples in the source.
#[test]
fn nested_tuples_have_the_sizes_of_the_sequence() {
    for layers in [1, 2, 7, 8, 9, 63, 64, 65, 255] {
        let words: Vec<String> = (0..layers).map(|k| format!("affine:{}", 2 + k % 5)).collect();
        let description = words.join(", ");
        let network = Sequential::parse(&description, 3).unwrap();
        let (found, whole) = (source::shape_of(&network), network.shape());
        assert_eq!((found.inputs, found.features, found.params), (whole.inputs, whole.features, whole.params));
        assert!(found.evaluate <= whole.evaluate, "{layers}");
    }
}

/// Names and records from a file stand in comments and strings, whatever they hold.
#[test]
fn text_of_a_model_cannot_leave_its_place() {
    let evil = "x\n} pub fn evil() {} /* \" \u{202e} | \r";
    let mut model = model("dense:4", true);
    model.classes = Some(vec![evil.into(), "no".into()]);
    model.input_names[1] = evil.into();
    model.record = [(evil.to_owned(), evil.to_owned())].into();
    let export = Export::new(&model, Storage::F32).unwrap();
    let inputs = made_up_inputs(&model, 2);
    let source = export.rust(&inputs, &export.cost(&inputs).unwrap(), "two samples").unwrap();
    assert!(!source.contains(['\u{202e}', '\r']), "{source}");
    for line in source.lines().filter(|line| line.contains("evil")) {
        assert!(line.starts_with("//!") || line.trim_start().starts_with('"'), "{line}");
    }
}

/// Targets that another W would give exactly are found, and rounding θ costs less when W is solved for behind it.
#[test]
fn output_weights_are_solved_for_again() {
    for description in ["affine:20, tanh, antisym:20x3", "dense:7"] {
        let mut model = model(description, false);
        let inputs = made_up_inputs(&model, 400);
        let first = model.clone();
        let wave = |i: usize, j: usize| 0.4 * ((i + 2 * j) as f64 * 2.3 + 0.5).sin();
        model.w = DenseMatrix::from_fn(2, model.w.cols(), wave);
        let targets = model.predict(&inputs).unwrap();
        let export = Export::refit(&first, Storage::F32, &inputs, &targets, 1e-14).unwrap();
        for j in 0..10 {
            let x = to_f32(inputs.col(j));
            for (found, expected) in export.predict(&x).unwrap().iter().zip(targets.col(j)) {
                assert!((f64::from(*found) - expected).abs() < 1e-4, "{description}: {found} {expected}");
            }
        }
        for storage in [Storage::F16, Storage::Int8] {
            // Its θ is the rounded one, and only W is another.
            let (old, new) = (Export::new(&model, storage), Export::refit(&model, storage, &inputs, &targets, 1e-10));
            let (old, new) = (old.unwrap(), new.unwrap());
            let theta = |export: &Export| export.weights.unpacked()[..model.theta.len()].to_vec();
            for (a, b) in theta(&old).iter().zip(theta(&new)) {
                assert!((a - b).abs() <= 1e-6 * a.abs(), "{a} {b}");
            }
            let cost = |export: &Export| export.cost(&inputs).unwrap().rms;
            println!("{description}, {storage:?}: {:.2e}, W solved for again {:.2e}", cost(&old), cost(&new));
            assert!(cost(&new) < 0.9 * cost(&old), "{description} {storage:?}: {} {}", cost(&old), cost(&new));
        }
    }
    let model = model("dense:4", false);
    let (x, c) = (made_up_inputs(&model, 5), DenseMatrix::from_fn(2, 5, |i, j| (i + j) as f64));
    let refused = |model: &Model, x: &DenseMatrix<f64>, c: &DenseMatrix<f64>, alpha: f64| {
        Export::refit(model, Storage::Int8, x, c, alpha).unwrap_err().to_string()
    };
    // Fewer samples than features are no matter, thanks to α.
    Export::refit(&model, Storage::Int8, &x, &c, 1e-3).unwrap();
    let classifier = Model { classes: Some(vec!["a".into(), "b".into()]), ..model.clone() };
    assert!(refused(&classifier, &x, &c, 1e-3).contains("it is a classifier"));
    assert!(refused(&model, &x, &c.select_columns(&[0]), 1e-3).contains("not a target for each"));
    assert!(refused(&model, &x.select_columns(&[]), &c.select_columns(&[]), 1e-3).contains("no samples"));
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(&model, &x, &c, alpha).contains("alpha is not positive"));
    }
    let mut spoilt = c.clone();
    spoilt[(1, 2)] = f64::NAN;
    assert!(refused(&model, &x, &spoilt, 1e-3).contains("a target is not finite"));
}
