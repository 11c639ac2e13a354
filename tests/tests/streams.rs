//! A stream, and training on one, take no more memory for more samples: a counting allocator sees the same peak for many times
//! as many. Training in single precision takes less.

use allocation_counter::measure;
use gaussling::DenseMatrix;
use gaussling::data::{Dataset, LoadOptions, Sizes, Stream, StreamOptions, Task, split};
use gaussling::network::Sequential;
use gaussling::train::{
    Begin, Checkpoint, CheckpointError, Method, Next, Options, Precision, Problem, Streamed, Watch, train_with,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const INPUTS: usize = 12;
const OPTIONS: StreamOptions = StreamOptions { batch: 50, window: 1000, validation: 0.1, seed: 7 };
const FEW: usize = 3000;
const MANY: usize = 60_000;

/// A folder of its own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gaussling-streams-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("the folder for temporary files is writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn number(i: usize) -> usize {
    i * 7919 % 1009
}

/// Numbers, then a label.
fn text(samples: usize, separator: &str) -> String {
    let mut text = String::new();
    for k in 0..samples {
        (0..INPUTS).for_each(|i| write!(text, "{}{separator}", number(INPUTS * k + i)).expect("a string"));
        writeln!(text, "class {}", k % 5).expect("a string");
    }
    text.replace("class ", if separator == " " { "class" } else { "class " })
}

/// The same numbers in an array of 16-bit integers, with the number of the class.
fn array(samples: usize, fortran: bool) -> Vec<u8> {
    let columns = INPUTS + 1;
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '<u2', 'fortran_order': {order}, 'shape': ({samples}, {columns}), }}\n");
    let value = |k: usize, i: usize| if i == INPUTS { k % 5 } else { number(INPUTS * k + i) } as u16;
    let mut bytes = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    for at in 0..samples * columns {
        let (k, i) = if fortran { (at % samples, at / samples) } else { (at / columns, at % columns) };
        bytes.extend(value(k, i).to_le_bytes());
    }
    bytes
}

/// Most bytes held at a time from opening the file to the end of the second pass.
fn peak(path: &Path, samples: usize) -> u64 {
    let options = LoadOptions { task: Some(Task::Classification), ..LoadOptions::default() };
    let counted = measure(|| {
        let mut stream = Stream::open(path, &options, OPTIONS).expect("a good file");
        assert_eq!(stream.samples() + stream.validation_samples(), samples);
        for _ in 0..2 {
            let mut seen = 0;
            while let Some(batch) = stream.next_batch().expect("a good file") {
                assert_eq!((batch.x.rows(), batch.c.rows()), (INPUTS, 5));
                seen += batch.samples.len();
            }
            assert_eq!(seen, stream.samples());
        }
    });
    counted.bytes_max
}

#[test]
fn memory_does_not_grow_with_the_samples() {
    let folder = Folder::new("memory");
    type Make = fn(usize) -> Vec<u8>;
    let kinds: [(&str, Make, u64); 4] = [
        ("comma.csv", |samples| text(samples, ",").into_bytes(), 1 << 20),
        ("spaces.txt", |samples| text(samples, " ").into_bytes(), 1 << 20),
        ("c.npy", |samples| array(samples, false), 1 << 20),
        ("f.npy", |samples| array(samples, true), 9 << 20),
    ];
    for (name, make, buffers) in kinds {
        let [few, many] = [FEW, MANY].map(|samples| peak(&folder.write(name, make(samples)), samples));
        let numbers = ((OPTIONS.window + 2 * OPTIONS.batch) * (INPUTS + 5) * 8) as u64;
        assert!(many <= numbers + buffers, "{name}: {many} bytes");
        // The small file has fewer bytes than are looked at for the separator, and fewer samples than one block of axes. All
        // samples of the large one take 8 megabytes.
        assert!(many <= few + (1 << 20), "{name}: {many} bytes for {MANY} samples, {few} for {FEW}");
        println!("{name}: {few} bytes for {FEW} samples, {many} for {MANY}");
    }
}

/// Saves after the third step.
#[derive(Default)]
struct Saving(usize);

impl Watch for Saving {
    fn after_step(&mut self, _: f64) -> Next {
        self.0 += 1;
        if self.0 == 3 { Next::Save } else { Next::GoOn }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let path = std::env::temp_dir().join(format!("gaussling-streams-{}.checkpoint", std::process::id()));
        checkpoint.save(&path).and_then(|()| Checkpoint::remove(&path))
    }
}

/// From the sample of validation data to the scores: initial weights, one epoch, checkpoint, last solve.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization; run with --release")]
fn training_takes_no_more_memory_for_more_samples() {
    let folder = Folder::new("training");
    for (task, methods) in [
        (Task::Regression, &[Method::SlimTrain, Method::CurveBall, Method::Adam, Method::Sgd][..]),
        (Task::Classification, &[Method::SlimTrain, Method::CurveBall, Method::Adam]),
    ] {
        let [few, many] = [10_000, 100_000].map(|samples| {
            let mut text = String::new();
            for k in 0..samples {
                // So long that the small file, too, has more bytes than are looked at for the separator.
                (0..INPUTS).for_each(|i| write!(text, "{}.250000,", number(INPUTS * k + i)).expect("a string"));
                match task {
                    Task::Regression => writeln!(text, "{}", number(k)),
                    Task::Classification => writeln!(text, "{}", ["a", "b"][k % 2]),
                }
                .expect("a string");
            }
            folder.write(&format!("{samples}.csv"), text)
        });
        for &method in methods {
            let peak = |path: &Path| {
                // What opening the file takes is more than all that follows.
                let options = StreamOptions { window: 500, ..OPTIONS };
                let mut stream = Stream::open(path, &LoadOptions::default(), options).expect("a good file");
                let counted = measure(|| {
                    let network = Sequential::parse("dense:8", INPUTS).expect("a good network");
                    let problem = Problem::of_stream(&mut stream, network, true).expect("a good problem");
                    let mut data = Streamed::new(&problem, &mut stream).expect("its stream");
                    let options = Options { work_units: 3.0, ..Options::default() };
                    let start = data.initial_weights(&options, 0).expect("weights");
                    let run = data.train(method, &options, 0, Begin::Start(&start), &mut Saving::default());
                    let scores = data.scores(&run.expect("a run").weights).expect("scores");
                    assert!(scores[0].loss.is_finite() && scores[1].loss.is_finite());
                });
                counted.bytes_max
            };
            let (small, large) = (peak(&few), peak(&many));
            println!("{method}, {task:?}: {small} bytes for 10 000 samples, {large} for 100 000");
            // All samples of the large file take ten megabytes.
            assert!(large <= small + small / 16, "{method}, {task:?}: {small} bytes, then {large}");
        }
    }
}

/// The data stay as they are, so what is compared is what a run takes beside them.
#[test]
fn single_precision_takes_half_the_memory() {
    let inputs = DenseMatrix::from_fn(6, 3000, |i, j| number(6 * j + i) as f64 / 500.0 - 1.0);
    let targets = DenseMatrix::from_fn(1, 3000, |_, j| inputs[(0, j)] * inputs[(1, j)]);
    let data = Dataset::from_matrices(inputs, targets).expect("good data");
    let parts = split(3000, Sizes::default(), 0, None).expect("good sizes");
    let problem =
        Problem::new(&data, None, &parts, Sequential::parse("dense:16, antisym:16x2", 6).expect("a network"), true);
    let problem = problem.expect("a good problem");
    for (method, share) in
        [(Method::Gnvpro, 0.6), (Method::SlimTrain, 0.6), (Method::GaussNewton, 0.6), (Method::Lbfgs, 0.6)]
    {
        let peak = |precision| {
            let options = Options { precision, work_units: 12.0, ..Options::default() };
            let start = problem.initial_weights(&options, 0).expect("weights");
            let counted = measure(|| {
                let run = train_with(&problem, method, &options, 0, Begin::Start(&start), &mut Saving::default());
                assert!(run.expect("a run").weights.are_finite());
            });
            counted.bytes_max
        };
        let (double, single) = (peak(Precision::F64), peak(Precision::F32));
        println!("{method}: {double} bytes in double, {single} in single precision");
        assert!((single as f64) < share * double as f64, "{method}: {single} of {double} bytes");
    }
}
