//! Timing for the benches beside other libraries: see `benches/`.
//!
//! One TSV on stdout: peer, operation, type, size, median ns, and that by the median of the first peer, which is ours. Every sample times
//! a batch of calls long enough for the clock; peers take turns, so that a busy machine disturbs all of them alike. Compare
//! ratios, not times.

use std::hint::black_box;
use std::time::Instant;

const SAMPLES: usize = 31;

/// The first line of the TSV.
pub const HEAD: &str = "peer\toperation\ttype\tsize\tmedian ns\tby the first's";

/// The rows of one operation: each peer's call, timed in turns.
pub struct Operation<'a> {
    name: &'static str,
    scalar: &'static str,
    size: String,
    peers: Vec<(&'static str, Box<dyn FnMut(usize) + 'a>)>,
}

impl<'a> Operation<'a> {
    /// An operation without rows.
    pub fn new(name: &'static str, scalar: &'static str, size: impl ToString) -> Self {
        Self { name, scalar, size: size.to_string(), peers: Vec::new() }
    }

    /// `call` is compiled into its own loop, and what goes in and out passes by reference, so that nothing but its work is
    /// timed: a copy of 4 × 4 numbers just before or after takes longer than their factorization.
    pub fn peer<R>(mut self, peer: &'static str, mut call: impl FnMut() -> R + 'a) -> Self {
        self.peers.push((
            peer,
            Box::new(move |times| {
                for _ in 0..times {
                    black_box(&call());
                }
            }),
        ));
        self
    }

    /// Times and prints the rows, unless the arguments of the program ask for other operations.
    pub fn run(mut self) {
        if std::env::args().skip(1).any(|arg| !arg.starts_with('-') && !self.name.contains(&arg)) {
            return;
        }
        let seconds = |batch: &mut dyn FnMut(usize), times: usize| {
            let start = Instant::now();
            batch(times);
            start.elapsed().as_secs_f64()
        };
        let mut rows = Vec::new();
        for (peer, mut batch) in self.peers.drain(..) {
            let mut times = 1;
            while seconds(&mut batch, times) < 2e-4 {
                times *= 2;
            }
            rows.push((peer, batch, times, Vec::new()));
        }
        for _ in 0..SAMPLES {
            for (_, batch, times, samples) in &mut rows {
                samples.push(seconds(batch, *times) / *times as f64 * 1e9);
            }
        }
        let mut first = None;
        for (peer, _, _, mut samples) in rows {
            samples.sort_by(f64::total_cmp);
            let median = samples[SAMPLES / 2];
            let ratio = median / *first.get_or_insert(median);
            println!("{peer}\t{}\t{}\t{}\t{median:.2}\t{ratio:.2}", self.name, self.scalar, self.size);
        }
    }
}

/// Numbers in [−1, 1), the same for ever.
pub fn number(i: usize, j: usize) -> f64 {
    let mut x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (j as u64 + 1).wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
