//! Streams beside data in memory: the same samples, W to rounding, errors alike; runs that are interrupted; what is refused.

use std::path::PathBuf;

use super::checkpoint_file::{decode, encode};
use super::number::Number;
use super::start::{initial_theta, least_squares_w};
use super::stream::solve;
use super::*;
use crate::data::{Dataset, LoadOptions, Split, Stream, StreamOptions, StreamPart, load};
use crate::network::Sequential;

const WINDOW: usize = 1000;

/// A file of its own, removed when dropped.
struct File(PathBuf);

impl File {
    /// A wavy function of two variables, or in which of three regions they are.
    fn new(name: &str, samples: usize, classes: bool) -> Self {
        let number = |i: usize| ((i * 7919 + 13) % 10_007) as f64 / 5003.5 - 1.0;
        let row = |k: usize| {
            let (u, v) = (number(2 * k), number(2 * k + 1));
            match classes {
                true => format!(
                    "{u},{v},{}\n",
                    ["up", "left", "right"][if u + v > 0.3 { 0 } else { 1 + usize::from(u > v) }]
                ),
                false => format!("{u},{v},{}\n", 3.0 + (3.0 * u).sin() * v),
            }
        };
        let path = std::env::temp_dir().join(format!("gaussling-stream-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, (0..samples).map(row).collect::<String>()).unwrap();
        Self(path)
    }

    fn stream(&self, window: usize) -> Stream {
        let options = StreamOptions { window, validation: 0.2, ..StreamOptions::default() };
        Stream::open(&self.0, &LoadOptions::default(), options).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn network() -> Sequential {
    Sequential::parse("dense:8, antisym:8x2", 2).unwrap()
}

/// Numbers of the samples of a part.
fn numbers(stream: &Stream, part: StreamPart) -> Vec<usize> {
    let mut pass = stream.in_order(part, 100).unwrap();
    std::iter::from_fn(|| pass.next_batch().unwrap()).flat_map(|batch| batch.samples).collect()
}

/// The same samples in memory, in the same parts.
fn in_memory(file: &File, stream: &Stream) -> Problem {
    let data: Dataset = load(&file.0, &LoadOptions::default()).unwrap();
    let (train, validation) = (numbers(stream, StreamPart::Training), numbers(stream, StreamPart::Validation));
    Problem::new(&data, None, &Split { train, validation, test: Vec::new() }, network(), true).unwrap()
}

struct Silent;

impl Watch for Silent {}

#[test]
fn w_is_that_of_all_data_at_once() {
    fn check<T: Number>(limit: f64) {
        let file = File::new("solve", 1500, false);
        let mut stream = file.stream(10);
        let problem = Problem::of_stream(&mut stream, network(), true).unwrap();
        let memory = in_memory(&file, &stream);
        let theta = initial_theta::<T>(&problem.network, 5).unwrap();
        for alpha in [1e-10, 1e-2] {
            let (x, c) = (T::narrow_matrix(&memory.train.x).unwrap(), T::narrow_matrix(&memory.train.c).unwrap());
            let expected = least_squares_w(&problem.network, &theta, alpha, &x, &c).unwrap();
            let found = solve(&stream, &problem.network, &theta, alpha).unwrap();
            let norm = expected.w.iter().map(|w| w.value().powi(2)).sum::<f64>().sqrt();
            let differences = found.w.iter().zip(&expected.w).map(|(a, b)| (a.value() - b.value()).powi(2));
            let difference = differences.sum::<f64>().sqrt() / norm;
            println!("alpha {alpha:e}: {difference:e} of |W|, loss {:?} {:?}", found.loss, expected.loss);
            assert!(difference < limit, "{alpha}: {difference:e}");
            for (a, b) in [(found.loss, expected.loss), (found.value, expected.value)] {
                assert!((a.value() / b.value() - 1.0).abs() < limit, "{a:?} {b:?}");
            }
        }
    }
    check::<f64>(1e-12);
    check::<f32>(1e-4);
}

/// A window of all samples gives every order, as the shuffled data in memory do: the methods learn as well.
#[test]
fn a_stream_is_learnt_as_well_as_data_in_memory() {
    for classes in [false, true] {
        let file = File::new(if classes { "classes" } else { "numbers" }, 600, classes);
        let mut stream = file.stream(WINDOW);
        let problem = Problem::of_stream(&mut stream, network(), true).unwrap();
        let memory = in_memory(&file, &stream);
        let mut streamed = Streamed::new(&problem, &mut stream).unwrap();
        // The numbers are an exact function, so they need no regularization.
        let alpha = if classes { 3e-4 } else { 1e-10 };
        let options = Options { work_units: 100.0, alpha_theta: alpha, alpha_w: alpha, ..Options::default() };
        let start = memory.initial_weights(&options, 1).unwrap();
        // The start is the same to rounding.
        let own = streamed.initial_weights(&options, 1).unwrap();
        assert_eq!(own.theta, start.theta);
        for method in Method::ALL.into_iter().filter(|method| method.streams()) {
            let a = train(&memory, method, &options, 1, &start, &mut |_| true).unwrap();
            let b = streamed.train(method, &options, 1, Begin::Start(&own), &mut Silent).unwrap();
            assert!((a.work_units - b.work_units).abs() < 1e-9 && a.history.len() == b.history.len(), "{method}");
            let first = |run: &Run| (run.history[0].train_loss, run.history[0].validation_loss);
            assert!((first(&a).0 / first(&b).0 - 1.0).abs() < 1e-5 && (first(&a).1 / first(&b).1 - 1.0).abs() < 1e-3);
            let scores = streamed.scores(&b.weights).unwrap();
            // Scores of all samples in blocks are those of the data in memory.
            for (found, part) in scores.iter().zip([&memory.train, &memory.validation]) {
                let expected = memory.scores(&b.weights, part).unwrap();
                for (a, b) in [
                    (found.loss, expected.loss),
                    (found.error, expected.error),
                    (found.normalized, expected.normalized),
                ] {
                    assert!((a - b).abs() <= 1e-9 * b, "{method}: {found:?} {expected:?}");
                }
            }
            // One order of batches is luck: the mean of eight.
            let [mut a, mut b] = [memory.scores(&a.weights, &memory.validation).unwrap().error, scores[1].error];
            for seed in 2..9 {
                let run = train(&memory, method, &options, seed, &start, &mut |_| true).unwrap();
                a += memory.scores(&run.weights, &memory.validation).unwrap().error;
                let run = streamed.train(method, &options, seed, Begin::Start(&own), &mut Silent).unwrap();
                b += streamed.scores(&run.weights).unwrap()[1].error;
            }
            (a, b) = (a / 8.0, b / 8.0);
            println!("{method}: {a:.4} in memory, {b:.4} streamed");
            assert!(if classes { b <= a + 0.03 } else { b < 1.3 * a }, "{method}: {a} in memory, {b} streamed");
        }
    }
}

/// Stops after `stop` steps and keeps the checkpoint's bytes.
struct Keeper {
    left: usize,
    bytes: Vec<u8>,
}

impl Watch for Keeper {
    fn after_step(&mut self, _: f64) -> Next {
        self.left -= 1;
        if self.left == 0 { Next::Stop } else { Next::GoOn }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        self.bytes = encode(checkpoint).unwrap();
        Ok(())
    }
}

/// Interrupted again and again, with the file opened anew each time, as a new process does.
#[test]
fn an_interrupted_stream_ends_with_the_same_bits() {
    let file = File::new("interrupted", 120, false);
    for precision in [Precision::F64, Precision::F32] {
        for method in Method::ALL.into_iter().filter(|method| method.streams()) {
            let options = Options { precision, work_units: 20.0, batch: Some(20), memory: 2, ..Options::default() };
            let run = |begin: Option<&Checkpoint>, watch: &mut dyn Watch| {
                let mut stream = file.stream(30);
                let problem = Problem::of_stream(&mut stream, network(), true).unwrap();
                let mut streamed = Streamed::new(&problem, &mut stream).unwrap();
                let start = streamed.initial_weights(&options, 3).unwrap();
                let begin = begin.map_or(Begin::Start(&start), Begin::Checkpoint);
                streamed.train(method, &options, 3, begin, watch).unwrap()
            };
            let whole = run(None, &mut Silent);
            let mut keeper = Keeper { left: 3, bytes: Vec::new() };
            let mut part = run(None, &mut keeper);
            let mut count = 0;
            while part.ending == Ending::Stopped {
                count += 1;
                let checkpoint = decode(&keeper.bytes).unwrap();
                keeper.left = 3;
                part = run(Some(&checkpoint), &mut keeper);
            }
            assert!(count >= 6, "{method}: {count}");
            assert_eq!(part.weights, whole.weights, "{method}");
            let bits = |run: &Run| {
                run.history.iter().map(|r| (r.train_loss.to_bits(), r.control.to_bits())).collect::<Vec<_>>()
            };
            assert_eq!(bits(&part), bits(&whole), "{method}");
        }
    }
}

#[test]
fn what_does_not_belong_to_a_stream_is_refused() {
    let file = File::new("refused", 200, false);
    let mut stream = file.stream(50);
    let problem = Problem::of_stream(&mut stream, network(), true).unwrap();
    let options = Options { work_units: 8.0, ..Options::default() };
    let mut streamed = Streamed::new(&problem, &mut stream).unwrap();
    let start = streamed.initial_weights(&options, 0).unwrap();
    for method in Method::ALL.into_iter().filter(|method| !method.streams()) {
        let refused = streamed.train(method, &options, 0, Begin::Start(&start), &mut Silent).unwrap_err().to_string();
        assert!(
            refused.contains("needs all data at once; on a stream there are slimtrain, curveball, adam, sgd"),
            "{refused}"
        );
    }
    let mut keeper = Keeper { left: 2, bytes: Vec::new() };
    streamed.train(Method::Adam, &options, 0, Begin::Start(&start), &mut keeper).unwrap();
    let checkpoint = decode(&keeper.bytes).unwrap();
    streamed.check(&checkpoint, Method::Adam, &options, 0).unwrap();
    assert!(streamed.check(&checkpoint, Method::Adam, &options, 1).unwrap_err().to_string().contains("its seed is 0"));
    // The same with one digit changed, and with another window.
    let text = std::fs::read_to_string(&file.0).unwrap();
    let changed = File(file.0.with_extension("changed.csv"));
    let at = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
    std::fs::write(&changed.0, format!("{}{}\n", &text[..at], (text.as_bytes()[at] - b'0' + 1) % 10)).unwrap();
    for (file, window, what) in [(&changed, 50, "checksum"), (&file, 60, "with a window of 60")] {
        let mut other = file.stream(window);
        let problem = Problem::of_stream(&mut other, network(), true).unwrap();
        let streamed = Streamed::new(&problem, &mut other).unwrap();
        let refused = streamed.check(&checkpoint, Method::Adam, &options, 0).unwrap_err().to_string();
        assert!(refused.contains("its training data is ") && refused.contains(what), "{refused}");
    }
    let mut other = file.stream(50);
    assert!(Streamed::new(&problem, &mut other).unwrap_err().to_string().contains("scaled in another way"));
    let other = Problem::of_stream(&mut other, Sequential::parse("dense:3", 4).unwrap(), true).unwrap_err().to_string();
    assert_eq!(other, "the network has 4 inputs, the data have 2");
}
