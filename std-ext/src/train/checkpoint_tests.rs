//! Checkpoints: a run that is interrupted after every single step ends with the same bits; files; what does not belong is named.

use gaussling_core::optim::Subproblem;

use super::checkpoint_file::{decode, encode};
use super::*;
use crate::DenseMatrix;
use crate::data::{Dataset, Split};
use crate::network::Sequential;

/// 60 samples in three parts, of a wavy function with two values or of its sign.
fn problem(classes: bool) -> Problem {
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5;
    let inputs = DenseMatrix::from_fn(2, 60, |i, j| 2.0 * number(3 * j + 500 * i));
    let wave = |j: usize| (4.0 * inputs[(0, j)]).sin() * inputs[(1, j)];
    let targets = DenseMatrix::from_fn(2, 60, |i, j| match classes {
        true => f64::from((wave(j) > 0.0) == (i == 0)),
        false => wave(j) + i as f64 * inputs[(0, j)],
    });
    let mut data = Dataset::from_matrices(inputs, targets).unwrap();
    data.classes = classes.then(|| vec!["up".to_string(), "down".to_string()]);
    let split = Split { train: (0..37).collect(), validation: (37..60).collect(), test: Vec::new() };
    Problem::new(&data, None, &split, Sequential::parse("dense:5, antisym:5x2", 2).unwrap(), true).unwrap()
}

/// Keeps the bytes of checkpoints; stops after `stop` steps.
struct Keeper {
    steps: usize,
    stop: usize,
    bytes: Vec<u8>,
}

impl Keeper {
    fn after(stop: usize) -> Self {
        Self { steps: 0, stop, bytes: Vec::new() }
    }
}

impl Watch for Keeper {
    fn after_step(&mut self, _: f64) -> Next {
        self.steps += 1;
        if self.steps >= self.stop { Next::Stop } else { Next::GoOn }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        self.bytes = encode(checkpoint).unwrap();
        Ok(())
    }
}

/// Everything but the seconds, by bits.
fn bits(run: &Run) -> (Vec<u64>, Vec<[u64; 4]>, String) {
    let Run { method, weights, best_at, history, ending, work_units, epochs, seconds: _ } = run;
    let weights = weights.theta.iter().chain(&weights.w).map(|x| x.to_bits()).collect();
    let record = |r: &Record| [r.work_units, r.train_loss, r.validation_loss, r.control].map(f64::to_bits);
    let rest = format!("{method} {best_at:?} {ending:?} {work_units:?} {epochs}");
    (weights, history.iter().map(record).collect(), rest)
}

/// A whole run, and one interrupted after every `stride` steps: the first, its checkpoint's bytes, and how often.
fn interrupted(problem: &Problem, method: Method, options: &Options, stride: usize) -> (Run, Vec<u8>, usize) {
    let start = problem.initial_weights(options, 3).unwrap();
    let whole = train(problem, method, options, 3, &start, &mut |_| true).unwrap();
    let mut keeper = Keeper::after(stride);
    let mut run = train_with(problem, method, options, 3, Begin::Start(&start), &mut keeper).unwrap();
    let mut count = 0;
    let mut bytes = Vec::new();
    while run.ending == Ending::Stopped {
        count += 1;
        bytes = std::mem::take(&mut keeper.bytes);
        let checkpoint = decode(&bytes).unwrap();
        assert!(checkpoint.seconds() > 0.0 && checkpoint.work_units() <= options.work_units);
        assert_eq!(checkpoint.history().len(), run.history.len());
        keeper = Keeper::after(stride);
        let begin = Begin::Checkpoint(&checkpoint);
        run = train_with(problem, method, options, 3, begin, &mut keeper).unwrap();
        // Time goes on where it stopped.
        assert!(run.seconds >= checkpoint.seconds());
        assert!(run.history.windows(2).all(|pair| pair[0].seconds <= pair[1].seconds));
    }
    assert!(bits(&run) == bits(&whole), "{method} interrupted every {stride} steps, {options:?}");
    (whole, bytes, count)
}

fn options(work_units: f64) -> Options {
    Options { work_units, batch: Some(10), memory: 2, ..Options::default() }
}

#[test]
fn every_method_interrupted_after_every_step_ends_with_the_same_bits() {
    for classes in [false, true] {
        let problem = problem(classes);
        for method in Method::ALL {
            for precision in [Precision::F64, Precision::F32] {
                let own = options(61.0);
                let alpha_w = if classes && precision == Precision::F32 { 1e-5 } else { own.alpha_w };
                let options = Options { precision, alpha_w, ..own };
                let (run, _, count) = interrupted(&problem, method, &options, 1);
                assert!(count >= 5, "{method} {precision:?}: only {count} interruptions");
                assert!(run.history.len() > 3, "{method}");
                // The numbers of a run in single precision are exact in its results.
                let mut weights = run.weights.theta.iter().chain(&run.weights.w);
                assert_eq!(weights.all(|&x| f64::from(x as f32) == x), precision == Precision::F32, "{method}");
            }
        }
    }
}

/// The other paths through methods, and interruptions at every place of an epoch of four batches.
#[test]
fn so_does_every_option() {
    let problem = problem(false);
    let published = SlimTrainOptions::PUBLISHED;
    for slimtrain in [published.clone(), SlimTrainOptions { recompute: true, ..published }] {
        interrupted(&problem, Method::SlimTrain, &Options { slimtrain, ..options(30.0) }, 3);
    }
    for subproblem in [Subproblem::Gmres { reorthogonalize: true }, Options::default().subproblem] {
        interrupted(&problem, Method::Gnvpro, &Options { subproblem, krylov_dim: 4, ..options(60.0) }, 2);
    }
    for method in [Method::Gnvpro, Method::Lbfgs, Method::CurveBallVarPro] {
        interrupted(&problem, method, &Options { block: Some(10), ..options(30.0) }, 2);
    }
    // An end by patience, with the solve of slimTrain after it, and none by the budget.
    for method in [Method::SlimTrain, Method::Adam, Method::Lbfgs] {
        let learning_rate = Some(0.3);
        let patient = Options { patience: Some(12.0), learning_rate, ..options(2000.0) };
        let (run, _, _) = interrupted(&problem, method, &patient, 7);
        assert!(matches!(run.ending, Ending::Patience | Ending::Converged), "{method}: {:?}", run.ending);
        assert!(
            method != Method::Adam || run.work_units < run.best_at + 12.0 + 2.1,
            "{} {}",
            run.work_units,
            run.best_at
        );
    }
}

/// Features of a few samples at a time lead where those of all lead, but for rounding; a block of more than all is all.
#[test]
fn blocks_of_samples_change_rounding_only() {
    let problem = problem(false);
    for method in [Method::Gnvpro, Method::Lbfgs, Method::CurveBallVarPro] {
        let run = |block| {
            let options = Options { block, ..options(20.0) };
            train(&problem, method, &options, 0, &problem.initial_weights(&options, 0).unwrap(), &mut |_| true).unwrap()
        };
        let all = run(None);
        for block in [7, 37, 1000] {
            let blocks = run(Some(block));
            assert_eq!(all.history.len(), blocks.history.len());
            for (a, b) in all.history.iter().zip(&blocks.history) {
                assert!((a.train_loss / b.train_loss - 1.0).abs() < 1e-6, "{method}, {block}: {a:?} {b:?}");
            }
        }
        assert_eq!(run(Some(37)).weights, run(Some(usize::MAX)).weights);
    }
    let classes = self::problem(true);
    let message = classes.initial_weights(&Options { block: Some(7), ..options(20.0) }, 0).unwrap_err().to_string();
    assert!(message.starts_with("blocks of samples are for least squares"), "{message}");
}

#[test]
fn a_budget_of_seconds_ends_a_run() {
    let problem = problem(false);
    for method in Method::ALL {
        let options = Options { work_units: f64::INFINITY, seconds: 0.02, ..options(0.0) };
        let start = problem.initial_weights(&options, 0).unwrap();
        let run = train(&problem, method, &options, 0, &start, &mut |_| true).unwrap();
        assert!(matches!(run.ending, Ending::Budget | Ending::Converged), "{method}: {:?}", run.ending);
        assert!(run.ending == Ending::Converged || run.seconds >= 0.02, "{method}: {}", run.seconds);
        assert!(run.work_units > 0.0 && run.weights.are_finite());
        // Whichever ends first.
        let options = Options { work_units: 8.0, seconds: 1e9, ..options };
        assert!(train(&problem, method, &options, 0, &start, &mut |_| true).unwrap().work_units < 30.0, "{method}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused_by_name() {
    let own = problem(false);
    let (_, bytes, _) = interrupted(&own, Method::Adam, &options(10.0), 3);
    let checkpoint = decode(&bytes).unwrap();
    let refused = |problem: &Problem, method, options: &Options, seed| {
        let run = train_with(problem, method, options, seed, Begin::Checkpoint(&checkpoint), &mut Keeper::after(1));
        let message = run.expect_err("an error was expected").to_string();
        assert!(message.starts_with("the checkpoint is of another run: ") && message.lines().count() == 1, "{message}");
        message
    };
    let same = options(10.0);
    assert!(refused(&own, Method::Adam, &same, 4).ends_with(": its seed is 3, this run has 4"));
    assert!(refused(&own, Method::Sgd, &same, 3).ends_with(": its method is adam, this run has sgd"));
    let other = Options { learning_rate: Some(0.5), batch: None, ..same.clone() };
    let message = refused(&own, Method::Adam, &other, 3);
    assert!(message.contains("its batch is 10, this run has the method's own; its learning rate is"), "{message}");
    assert!(
        refused(&own, Method::Adam, &options(11.0), 3).contains("its budget in work units is 10.0, this run has 11.0")
    );
    let single = Options { precision: Precision::F32, ..same.clone() };
    assert!(refused(&own, Method::Adam, &single, 3).ends_with(": its precision is f64, this run has f32"));
    assert!(refused(&problem(true), Method::Adam, &same, 3).contains("its training data is 37 samples of 2 inputs"));
    let mut changed = own.clone();
    changed.train.x[(1, 5)] += 1e-12;
    let message = refused(&changed, Method::Adam, &same, 3);
    assert!(message.contains("its training data is ") && message.contains("checksum"), "{message}");
    let mut changed = own.clone();
    changed.network = Sequential::parse("dense:6", 2).unwrap();
    assert!(refused(&changed, Method::Adam, &same, 3).contains("its network is affine:5"));
    let older = |change: &dyn Fn(&mut Checkpoint)| {
        let mut checkpoint = checkpoint.clone();
        change(&mut checkpoint);
        checkpoint.check(&own, Method::Adam, &same, 3).unwrap_err().to_string()
    };
    assert!(older(&|c| c.identity[0].1 = "0.0.1".to_string()).contains("its version is 0.0.1, this run has"));
    assert!(older(&|c| drop(c.identity.remove(3))).contains("it says nothing about network"));
    assert!(older(&|c| c.identity[3].0 = "net".to_string()).contains("this version knows no net"));
    assert!(older(&|c| c.best_weights.truncate(3)).contains("best weights: found 3 numbers, expected "));
    // A state that lost something: found when it is taken up.
    let mut short = checkpoint.clone();
    short.state.0.retain(|(name, _)| name != "method");
    let run = train_with(&own, Method::Adam, &same, 3, Begin::Checkpoint(&short), &mut Keeper::after(1));
    assert!(run.unwrap_err().to_string().contains("does not fit the run: method: found 0 numbers, expected "));
}

#[test]
fn a_file_cut_or_damaged_anywhere_is_refused() {
    let (_, bytes, _) = interrupted(&problem(false), Method::SlimTrain, &options(6.0), 5);
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(decode(&[&bytes[..], b"x"].concat()).is_err());
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for value in (0..8).map(|bit| bytes[at] ^ 1 << bit).chain([!bytes[at], b' ', b'"']) {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            match decode(&damaged) {
                // Blanks after the header's JSON may be others.
                Ok(found) => {
                    assert!(encode(&found).unwrap() == bytes, "byte {at} = {value}");
                    accepted += usize::from(value != bytes[at]);
                }
                Err(reason) => assert_eq!(reason.lines().count(), 1, "{reason}"),
            }
        }
    }
    assert!(accepted < 30, "{accepted}");
}

#[test]
fn files_replace_older_ones_and_say_what_is_wrong() {
    let folder = std::env::temp_dir().join(format!("gaussling-checkpoint-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("run.checkpoint");
    for stride in [2, 3] {
        let (_, bytes, _) = interrupted(&problem(true), Method::Gnvpro, &options(40.0), stride);
        let checkpoint = decode(&bytes).unwrap();
        checkpoint.save(&file).unwrap();
        // By bytes: the first record's control is NaN.
        assert!(encode(&Checkpoint::load(&file).unwrap()).unwrap() == bytes);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "a temporary file is left");
    }
    std::fs::write(folder.join(".run.checkpoint.tmp"), "half").unwrap();
    Checkpoint::remove(&file).unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    Checkpoint::remove(&file).unwrap();
    let message = |result: Result<Checkpoint, CheckpointError>| result.unwrap_err().to_string();
    let name = file.display();
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let found = message(Checkpoint::load(&file));
    assert!(found.starts_with(&format!("{name}: is not a checkpoint of gaussling")), "{found}");
    assert!(found.ends_with("delete it to start from the beginning"), "{found}");
    assert!(message(Checkpoint::load(&folder.join("absent"))).contains("absent: cannot be read: "));
    let lost = Checkpoint::default().save(&folder.join("absent").join("x"));
    assert!(lost.unwrap_err().to_string().contains("cannot be written: "));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Two runs that know nothing of each other: at any moment the file is a whole checkpoint of one of them.
#[test]
fn savers_at_the_same_time_leave_a_whole_one() {
    let folder = std::env::temp_dir().join(format!("gaussling-checkpoint-savers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = &folder.join("run.checkpoint");
    let [first, second] = [(Method::Gnvpro, 40.0), (Method::SlimTrain, 9.0)].map(|(method, work_units)| {
        let (_, bytes, _) = interrupted(&problem(true), method, &options(work_units), 3);
        (decode(&bytes).unwrap(), bytes)
    });
    assert_ne!(first.1.len(), second.1.len());
    first.0.save(file).unwrap();
    std::thread::scope(|scope| {
        let savers =
            [&first.0, &second.0].map(|own| scope.spawn(move || (0..200).for_each(|_| own.save(file).unwrap())));
        while savers.iter().any(|saver| !saver.is_finished()) {
            let found = encode(&Checkpoint::load(file).unwrap()).unwrap();
            assert!(found == first.1 || found == second.1);
        }
    });
    // A link is where it leads to, for the last step as well.
    #[cfg(unix)]
    {
        let link = folder.join("link");
        std::os::unix::fs::symlink("run.checkpoint", &link).unwrap();
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, "old").unwrap();
        first.0.save(&link).unwrap();
        assert!(std::fs::read(file).unwrap() == first.1);
        Checkpoint::remove(&link).unwrap();
        assert!(!file.exists() && link.is_symlink());
        std::fs::remove_file(&link).unwrap();
    }
    #[cfg(not(unix))]
    Checkpoint::remove(file).unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}
