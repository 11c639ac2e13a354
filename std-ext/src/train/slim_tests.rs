//! slimTrain in the training loop: what the default adds to the published method.

use gaussling_core::nn::Tikhonov;
use gaussling_core::optim::{Objective, Selection, VarProLeastSquares, varpro_least_squares_work_len};

use super::{Ending, Method, Options, Problem, Run, SlimTrainOptions, ThetaStep, train};
use crate::DenseMatrix;
use crate::data::{Dataset, Split};
use crate::kernels::kernels;
use crate::network::Sequential;

/// 160 samples of a wavy function of two variables, 80 of them for validation.
fn problem() -> Problem {
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5;
    let x = DenseMatrix::from_fn(2, 160, |i, j| 2.0 * number(3 * j + 500 * i));
    let c = DenseMatrix::from_fn(1, 160, |_, j| (4.0 * x.col(j)[0]).sin() * x.col(j)[1]);
    let data = Dataset::from_matrices(x, c).unwrap();
    let split = Split { train: (0..80).collect(), validation: (80..160).collect(), test: Vec::new() };
    Problem::new(&data, None, &split, Sequential::parse("dense:6, antisym:6x2", 2).unwrap(), true).unwrap()
}

fn run(problem: &Problem, options: &Options) -> Run {
    let start = problem.initial_weights(options, 1).unwrap();
    train(problem, Method::SlimTrain, options, 1, &start, &mut |_| true).unwrap()
}

fn with(slimtrain: SlimTrainOptions) -> Options {
    // The regularization as published, for data that are exact.
    Options { work_units: 41.0, memory: 2, slimtrain, alpha_theta: 1e-10, alpha_w: 1e-10, ..Options::default() }
}

/// The last record is that of the optimal W for the last θ, within the budget.
#[test]
fn the_default_ends_with_a_solve() {
    let problem = problem();
    let options = with(SlimTrainOptions::default());
    let run = run(&problem, &options);
    assert_eq!(run.ending, Ending::Budget);
    assert!((run.work_units - 41.0).abs() < 1e-9, "{}", run.work_units);
    assert_eq!(run.history.len(), 1 + 20 + 1);
    // Twenty epochs, the start, and the solve. W is optimal: the best weights are those of the end here.
    assert_eq!(run.best_at, run.work_units);
    let (x, c) = (problem.train.x.view(), problem.train.c.view());
    let mut work = vec![0.0; varpro_least_squares_work_len(problem.network.shape(), 1, 80)];
    let regularizer = Tikhonov { alpha: options.alpha_theta };
    let mut objective =
        VarProLeastSquares::new(&problem.network, regularizer, options.alpha_w, kernels(), x, c, &mut work).unwrap();
    objective.value(&run.weights.theta).unwrap();
    assert_eq!(objective.weights(), run.weights.w);
    assert_eq!(run.history.last().unwrap().train_loss, objective.data_loss());
}

#[test]
fn each_option_does_what_it_says() {
    let problem = problem();
    let published = run(&problem, &with(SlimTrainOptions::PUBLISHED));
    assert_eq!(published.history.len(), 1 + 21); // the last epoch is half of one
    let same = run(&problem, &with(SlimTrainOptions { decay: false, ..SlimTrainOptions::PUBLISHED }));
    assert_eq!((published.history.last().map(|r| r.train_loss)), same.history.last().map(|r| r.train_loss));
    let last = |run: &Run| run.history.last().unwrap().train_loss;
    let default = SlimTrainOptions::default();
    let others = [
        SlimTrainOptions { step: ThetaStep::Prodigy, ..SlimTrainOptions::PUBLISHED },
        SlimTrainOptions { decay: true, ..SlimTrainOptions::PUBLISHED },
        SlimTrainOptions { solve: true, ..SlimTrainOptions::PUBLISHED },
        SlimTrainOptions { selection: Selection::Fixed(0.1), ..SlimTrainOptions::PUBLISHED },
        SlimTrainOptions { bounds: (0.5, 0.6), ..SlimTrainOptions::PUBLISHED },
        SlimTrainOptions { recompute: true, ..SlimTrainOptions::PUBLISHED },
        default,
    ];
    let mut losses = vec![last(&published)];
    for option in others {
        let run = run(&problem, &with(option.clone()));
        assert!(last(&run).is_finite() && !losses.contains(&last(&run)), "{option:?}");
        losses.push(last(&run));
        let control = run.history.last().unwrap().control;
        assert!((option.bounds.0..=option.bounds.1).contains(&control), "{option:?}: {control}");
        // Two passes a sample, and one more for each of the two batches in memory.
        let epoch = if option.recompute { 4.0 } else { 2.0 };
        assert!((run.history[1].work_units - epoch).abs() < 1e-9, "{option:?}");
    }
}

/// A budget below one work unit, or of one, and batches as large as the data.
#[test]
fn small_budgets_and_large_batches() {
    let problem = problem();
    for (work_units, batch) in [(0.01, None), (1.0, None), (1.5, Some(80)), (3.0, Some(80)), (4.0, Some(1000))] {
        let options = Options { work_units, batch, ..with(SlimTrainOptions::default()) };
        let run = run(&problem, &options);
        let pass = 2.0 * options.batch_of(Method::SlimTrain, 80) as f64 / 80.0;
        assert_eq!(run.ending, Ending::Budget);
        assert!(run.work_units <= work_units + pass + 1e-9, "{work_units}: {}", run.work_units);
        assert!(run.history.len() >= 2 && run.weights.are_finite());
    }
}

/// Learning rates a thousand times apart end within a factor of each other, where the published method does not.
#[test]
fn the_learning_rate_matters_little() {
    let problem = problem();
    let worst_to_best = |slimtrain: &SlimTrainOptions| {
        let losses = [1e-4, 1e-3, 1e-2, 1e-1].map(|rate| {
            let options = Options { work_units: 400.0, learning_rate: Some(rate), ..with(slimtrain.clone()) };
            run(&problem, &options).history.iter().map(|r| r.validation_loss).fold(f64::INFINITY, f64::min)
        });
        losses.iter().fold(0.0, |a: f64, &b| a.max(b)) / losses.iter().fold(f64::INFINITY, |a: f64, &b| a.min(b))
    };
    let (ours, published) = (worst_to_best(&SlimTrainOptions::default()), worst_to_best(&SlimTrainOptions::PUBLISHED));
    println!("{ours} {published}");
    assert!(ours < 10.0 && ours < published / 2.0, "{ours} {published}");
}
