//! Whole training runs have the same bits for any number of threads.

use gaussling::DenseMatrix;
use gaussling::data::{Dataset, Sizes, split};
use gaussling::network::Sequential;
use gaussling::train::{Method, Options, Precision, Problem, Run, train};

/// Points of a wave; with classes, which side of it they lie on.
fn problem(samples: usize, classes: bool) -> Problem {
    let x = DenseMatrix::from_fn(2, samples, |i, j| (0.7 * j as f64 + 1.3 * i as f64).sin() + 0.01 * (j % 17) as f64);
    let height = |j: usize| (3.0 * x[(0, j)]).sin() - x[(1, j)];
    let c = match classes {
        true => DenseMatrix::from_fn(2, samples, |i, j| f64::from(u8::from((height(j) > 0.0) == (i == 0)))),
        false => DenseMatrix::from_fn(1, samples, |_, j| height(j)),
    };
    let mut data = Dataset::from_matrices(x, c).unwrap();
    data.classes = classes.then(|| vec!["above".into(), "below".into()]);
    let parts = split(samples, Sizes::default(), 0, None).unwrap();
    Problem::new(&data, None, &parts, Sequential::parse("dense:6, antisym:6x2", 2).unwrap(), true).unwrap()
}

fn run(problem: &Problem, method: Method, precision: Precision, threads: usize) -> Run {
    let options = Options { work_units: 30.0, precision, threads, ..Options::default() };
    let start = problem.initial_weights(&options, 1).unwrap();
    train(problem, method, &options, 1, &start, &mut |_| true).unwrap()
}

/// Weights and losses.
fn bits(run: &Run) -> Vec<u64> {
    let losses = run.history.iter().flat_map(|record| [record.train_loss, record.validation_loss, record.control]);
    run.weights.theta.iter().chain(&run.weights.w).copied().chain(losses).map(f64::to_bits).collect()
}

#[test]
fn a_run_has_the_same_bits_for_any_number_of_threads() {
    let problems = [problem(4000, false), problem(4000, true)];
    let full_batch = [Method::Gnvpro, Method::GaussNewton, Method::Lbfgs, Method::CurveBallVarPro];
    for (problem, method) in problems.iter().flat_map(|problem| full_batch.map(|method| (problem, method))) {
        for precision in [Precision::F64, Precision::F32] {
            let one = run(problem, method, precision, 1);
            assert!(one.history.len() > 2 && one.weights.are_finite(), "{method}");
            for threads in [2, 8] {
                let more = run(problem, method, precision, threads);
                assert!(bits(&one) == bits(&more), "{method}, {precision:?}, {threads} threads");
            }
        }
    }
}
