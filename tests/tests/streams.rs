//! A stream takes no more memory for more samples: a counting allocator sees the same peak for twenty times as many.

use allocation_counter::measure;
use gaussling::data::{LoadOptions, Stream, StreamOptions, Task};
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
