//! Runs in single precision: every method learns nearly as well as in double precision.

use super::*;
use crate::DenseMatrix;
use crate::cdr;
use crate::data::{Dataset, Sizes, split};
use crate::network::Sequential;

/// Test errors of a method in double and in single precision.
fn errors(problem: &Problem, method: Method, options: &Options) -> [f64; 2] {
    [Precision::F64, Precision::F32].map(|precision| {
        let options = Options { precision, ..options.clone() };
        let start = problem.initial_weights(&options, 1).unwrap();
        let run = train(problem, method, &options, 1, &start, &mut |_| true).unwrap();
        assert!(run.ending == Ending::Budget || run.ending == Ending::Converged, "{method}: {:?}", run.ending);
        problem.scores(&run.weights, &problem.test).unwrap().error
    })
}

#[test]
fn every_method_learns_a_surrogate_in_single_precision() {
    let (inputs, targets) = cdr::generate(240, 1);
    let data = Dataset::from_matrices(inputs, targets).unwrap();
    let parts = split(240, Sizes::default(), 1, None).unwrap();
    let network = Sequential::parse("dense:8, antisym:8x2", 55).unwrap();
    let problem = Problem::new(&data, None, &parts, network, true).unwrap();
    let options = Options { work_units: 200.0, ..Options::default() };
    for method in Method::ALL {
        let [double, single] = errors(&problem, method, &options);
        println!("{method}: {double:.5} {single:.5}");
        assert!(single < 1.1 * double, "{method}: {single} in single, {double} in double precision");
    }
}

/// Two inputs, three classes; cross-entropy, and the W of the start found by Newton steps in single precision.
#[test]
fn every_method_learns_classes_in_single_precision() {
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5;
    let inputs = DenseMatrix::from_fn(2, 300, |i, j| 2.0 * number(2 * j + i));
    let class = |j: usize| match (inputs[(0, j)] + inputs[(1, j)] > 0.3, inputs[(0, j)] > inputs[(1, j)]) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    let targets = DenseMatrix::from_fn(3, 300, |i, j| f64::from(u8::from(class(j) == i)));
    let mut data = Dataset::from_matrices(inputs.clone(), targets).unwrap();
    data.classes = Some(["a", "b", "c"].map(str::to_string).to_vec());
    let parts = split(300, Sizes::default(), 1, None).unwrap();
    let network = Sequential::parse("dense:8, antisym:8x2", 2).unwrap();
    let problem = Problem::new(&data, None, &parts, network, true).unwrap();
    let options = Options { work_units: 150.0, ..Options::default() };
    let small = Options { precision: Precision::F32, alpha_w: 9e-6, ..options.clone() };
    let refused = problem.initial_weights(&small, 0).unwrap_err().to_string();
    assert!(refused.contains("needs an alpha of 1e-5 or more, found 9e-6; choose"), "{refused}");
    for method in Method::ALL {
        let [double, single] = errors(&problem, method, &options);
        println!("{method}: {double:.3} {single:.3}");
        // Two of the 75 samples for testing.
        assert!(single <= double + 0.03 && single < 0.05, "{method}: {single} {double}");
    }
}
