//! Every form of the language, every error, and that what is printed parses back.

use gaussling_core::nn::{RafStart, uniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{AntisymmetricBlock, DynLayer, EulerBlock, Function, MAX_LAYERS, Sequential};

#[test]
fn descriptions_become_canonical() {
    for (description, canonical) in [
        ("affine:32", "affine:32"),
        (" affine : 32 ,tanh,  antisym:32 x 8 : T= 4 ", "affine:32, tanh, antisym:32x8:T=4"),
        ("linear:3,dense:4,dense:5:relu", "linear:3, affine:4, tanh, affine:5, relu"),
        ("euler:4", "euler:4:T=1"),
        ("euler:4:T=1e-9:tanh", "euler:4:T=1e-9"),
        ("euler:4:gaussian:T=2.50", "euler:4:T=2.5:gaussian"),
        ("antisym:8:T=1e20", "antisym:5x8:T=1e20"),
        ("antisym:5x2:T=1:relu", "antisym:5x2:T=1:relu"),
        ("raf, dense:3:raf, dense:2:raf:image, raf : image", "raf, affine:3, raf, affine:2, raf:image, raf:image"),
        ("sigmoid, relu, softplus, sine, gaussian, identity", "sigmoid, relu, softplus, sine, gaussian, identity"),
    ] {
        let net = Sequential::parse(description, 5).unwrap();
        assert_eq!(net.to_string(), canonical);
        assert_eq!(Sequential::parse(canonical, 5).unwrap(), net);
    }
    assert_eq!(Sequential::new(2).unwrap().to_string(), "identity");
}

#[test]
fn sizes_and_options_arrive_in_the_layers() {
    let net = Sequential::parse("linear:7, antisym:3:T=4:sine, euler:6:relu:T=0.5", 5).unwrap();
    let (linear, antisym) = (DynLayer::linear(5, 7), AntisymmetricBlock::new(7, 3, 4.0, Function::Sine).unwrap());
    let euler = EulerBlock::new(7, 6, 0.5, Function::Relu).unwrap();
    assert_eq!(net.layers(), [linear, DynLayer::Antisymmetric(antisym), DynLayer::Euler(euler)]);
    assert_eq!(net.shape().params, 35 + 5 * 49 + 6 * 56);
    assert_ne!(euler, EulerBlock::new(7, 6, 0.5, Function::Tanh).unwrap());
}

/// Random networks with random horizons of all magnitudes.
#[test]
fn what_is_printed_parses_back() {
    let seed = 5;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut below = |n: usize| (uniform(&mut rng) * n as f64) as usize;
    for case in 0..2000 {
        let inputs = 1 + below(9);
        let mut net = Sequential::new(inputs).unwrap();
        for _ in 0..1 + below(6) {
            let (n, size, function) = (net.features(), 1 + below(9), Function::ALL[below(7)]);
            let horizon = f64::from_bits(((1 + below(2045)) as u64) << 52 | below(1 << 52) as u64);
            let layer = match below(6) {
                0 => DynLayer::affine(n, size),
                1 => DynLayer::linear(n, size),
                2 => DynLayer::activation(function, n),
                3 => DynLayer::raf([RafStart::Regression, RafStart::Image][below(2)], n),
                4 => DynLayer::Euler(EulerBlock::new(n, size, horizon, function).unwrap()),
                _ => DynLayer::Antisymmetric(AntisymmetricBlock::new(n, 1 + size, horizon, function).unwrap()),
            };
            net.push(layer).unwrap();
        }
        let printed = net.to_string();
        assert_eq!(Sequential::parse(&printed, inputs).as_ref(), Ok(&net), "seed {seed}, case {case}: {printed}");
        assert_eq!(Sequential::parse(&printed, inputs).unwrap().to_string(), printed);
    }
}

#[test]
fn every_error_names_the_place_the_word_and_what_is_expected() {
    let names = "tanh, sigmoid, relu, softplus, sine, gaussian, identity";
    let layers = format!("a layer (affine, linear, dense, euler, antisym, raf, {names})");
    let whole = |least: usize, what: &str| format!("a whole number, at least {least}, of {what}");
    let large = |count: &str| {
        format!("a network that fits in memory, but it would have {count} parameters; choose smaller sizes")
    };
    for (description, position, found, expected) in [
        ("", 1, "", layers.as_str()),
        ("affine:3,", 10, "", &layers),
        ("affine:3,,tanh", 10, "", &layers),
        ("conv2d:3", 1, "conv2d", &layers),
        ("affine:3, tahn", 11, "tahn", r#"a layer (did you mean "tanh"?)"#),
        ("Affine:3", 1, "Affine", r#"a layer (did you mean "affine"?)"#),
        ("sigmod", 1, "sigmod", r#"a layer (did you mean "sigmoid"?)"#),
        ("affine", 1, "affine", "a size after it: affine:32"),
        ("linear", 1, "linear", "a size after it: linear:32"),
        ("dense", 1, "dense", "a size after it: dense:32"),
        ("tanh, euler", 7, "euler", "a size after it: euler:4 or euler:4:T=2"),
        ("antisym", 1, "antisym", "a size after it: antisym:8 or antisym:32x8:T=4"),
        ("affine:", 8, "", &whole(1, "outputs, as in affine:32")),
        ("affine:0", 8, "0", &whole(1, "outputs, as in affine:32")),
        ("affine: -3", 9, "-3", &whole(1, "outputs, as in affine:32")),
        ("affine:+3", 8, "+3", &whole(1, "outputs, as in affine:32")),
        ("linear:3.5", 8, "3.5", &whole(1, "outputs, as in linear:32")),
        ("dense:0:relu", 7, "0", &whole(1, "outputs, as in dense:32")),
        ("euler:0", 7, "0", &whole(1, "steps, as in euler:4")),
        ("antisym:1", 9, "1", &whole(2, "time nodes, as in antisym:8 or antisym:32x8")),
        ("antisym:5x1", 9, "5x1", &whole(2, "time nodes, as in antisym:8 or antisym:32x8")),
        ("antisym:x8", 9, "x8", &whole(1, "features, as in antisym:32x8")),
        ("antisym:0x8", 9, "0x8", &whole(1, "features, as in antisym:32x8")),
        ("antisym:5x8x2", 9, "5x8x2", "WIDTHxNODES, as in antisym:32x8"),
        ("antisym:4x8", 9, "4x8", "width 5, the number of features before this block"),
        ("affine:3:4", 10, "4", "a comma or the end after affine:3"),
        ("tanh:4", 6, "4", "a comma or the end after tanh"),
        ("dense:4:T=1", 9, "T=1", &format!("a function (raf, {names})")),
        ("dense:4:rav", 9, "rav", r#"a function (did you mean "raf"?)"#),
        ("dense:4:sine:raf", 14, "raf", "only one function"),
        ("dense:4:raf:sine", 13, "sine", "image, a comma or the end after raf"),
        ("raf:4", 5, "4", "image, a comma or the end after raf"),
        ("raf:image:4", 11, "4", "a comma or the end after raf:image"),
        ("Raf", 1, "Raf", r#"a layer (did you mean "raf"?)"#),
        ("euler:4:raf", 9, "raf", &format!("T= and a number, or a function ({names})")),
        ("dense:4:relu:sine", 14, "sine", "only one function"),
        ("euler:4:T=", 9, "T=", "a positive time horizon, as in T=4"),
        ("euler:4:T=0", 9, "T=0", "a positive time horizon, as in T=4"),
        ("euler:4:T=-1", 9, "T=-1", "a positive time horizon, as in T=4"),
        ("euler:4:T=nan", 9, "T=nan", "a positive time horizon, as in T=4"),
        ("euler:4:T=1e999", 9, "T=1e999", "a positive time horizon, as in T=4"),
        ("euler:4:T=1:T=2", 13, "T=2", "T= only once"),
        ("euler:4:relo", 9, "relo", r#"T= and a number, or a function (did you mean "relu"?)"#),
        ("antisym:4:t=1", 11, "t=1", &format!("T= and a number, or a function ({names})")),
        ("affine:99999999999999999999", 8, "99999999999999999999", &large("more than 18446744073709551615")),
        ("affine:3, affine:1000000000000000000", 11, "affine:1000000000000000000", &large("4000000000000000018")),
        (
            "affine:1000, affine:18446744073709551615",
            14,
            "affine:18446744073709551615",
            &large("more than 18446744073709551615"),
        ),
        (
            "affine:9, antisym:18446744073709551615",
            11,
            "antisym:18446744073709551615",
            &large("more than 18446744073709551615"),
        ),
        ("äöü, tanh", 1, "äöü", &layers),
        ("tanh, äöü,", 7, "äöü", &layers),
    ] {
        let error = Sequential::parse(description, 5).expect_err(description);
        assert_eq!((error.position, &*error.found, &*error.expected), (position, found, expected), "{description}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let error = Sequential::parse("tanh", 0).unwrap_err().to_string();
    assert_eq!(
        error,
        r#"network description, character 1: found "tanh", expected a network with at least 1 input, but there are none"#
    );
    let error = Sequential::parse("\u{1b}[2J\nx", 5).unwrap_err().to_string();
    assert!(error.lines().count() == 1 && !error.contains('\u{1b}'), "{error:?}");
    let long = vec!["tanh"; MAX_LAYERS].join(",");
    assert_eq!(Sequential::parse(&long, 5).unwrap().len(), MAX_LAYERS);
    let error = Sequential::parse(&(long + ",tanh"), 5).unwrap_err();
    assert_eq!((error.position, &*error.expected), (5 * MAX_LAYERS + 1, "the end, since 256 layers are the most"));
}

/// No text makes the parser panic.
#[test]
fn random_texts_are_answered() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let words = [
        "affine", "antisym", "euler", "dense", "tanh", "raf", "image", ":", ":", ":", ",", "x", "T=", "3", "5", "1e9",
        " ", "é", "\0",
    ];
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut below = |n: usize| (uniform(&mut rng) * n as f64) as usize;
        let text: String = (0..below(9)).map(|_| words[below(words.len())]).collect();
        match Sequential::parse(&text, 5) {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{text:?}"),
        }
    }
    assert!(accepted > 100, "{accepted}");
}
