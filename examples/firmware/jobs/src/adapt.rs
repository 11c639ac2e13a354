//! Ten kinds of bearing faults from nine vibration features, by a classifier whose last layer goes on learning while the sensor
//! drifts.
//!
//! The feature extractor 9 → 32 tanh and the weights W₀ of the last layer were trained on the desktop, by least squares of
//! one-hot labels; both are constants in flash. The stream has 200 samples as in training, then within 100 samples the sensor's
//! gain falls, an offset and noise come up, and stay. Each sample is classified by W₀ and by the head that learns, *before* the
//! head is told the answer.
//!
//! The drift is that of a signal g·x + o + noise of variance v, whose features follow from those of x: mean g·mean + o, deviation
//! √(g²s² + v), skewness and excess kurtosis times (g s)³ and (g s)⁴ over that deviation's, form and crest by their definitions;
//! only for the extremes, (g·peak)² and (3.3 √v)² are added, which is an approximation.

use gaussling_core::nn::{Activation, Affine, Evaluate, Layer, Shape, Tanh, argmax, standard_normal, tanh};
use gaussling_core::optim::{AdaptiveHead, AdaptiveHeadOptions};
use gaussling_core::scalar::Real;
use gaussling_core::{Error, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

use crate::bearing::{CLASSES, FEATURES, HEAD, INPUT_MEAN, INPUT_SCALE, INPUTS, LABELS, ROWS, THETA};
use crate::digest::Digest;

/// Numbers that the head sees: the features and a 1.
pub const REGRESSORS: usize = FEATURES + 1;
/// Samples of the stream.
pub const SAMPLES: usize = ROWS.len();
/// The sample at which the drift begins, and the one at which it has arrived.
pub const DRIFT: (usize, usize) = (200, 300);
/// The sample after which the drifted part is judged: the head has had 100 samples.
pub const JUDGED: usize = 400;
/// Samples in a line of the record.
pub const WINDOW: usize = 20;

/// At the end of the drift: gain, offset, deviation of the noise, in the unit of the signal.
const GAIN: f32 = 0.6;
const OFFSET: f32 = 0.02;
const NOISE: f32 = 0.08;

type Extractor = (Affine<INPUTS, FEATURES>, Activation<Tanh, FEATURES>);
const SHAPE: Shape = <Extractor as Layer>::SHAPE;

/// The head, which is all the memory that learning takes.
pub type Head = AdaptiveHead<'static, f32, REGRESSORS, CLASSES>;

/// Bytes of constants: weights, standardization, and the recorded stream, which a real device would measure.
pub const PARAMETER_BYTES: usize = size_of_val(&THETA)
    + size_of_val(&HEAD)
    + size_of_val(&INPUT_MEAN)
    + size_of_val(&INPUT_SCALE)
    + size_of_val(&ROWS)
    + size_of_val(&LABELS);

/// Right answers in a part of the stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Right {
    /// Of how many.
    pub samples: usize,
    /// By W₀.
    pub fixed: usize,
    /// By the head that learns.
    pub adapted: usize,
}

/// What the stream came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Before the drift.
    pub before: Right,
    /// From [`JUDGED`] on.
    pub after: Right,
    /// λ at the end.
    pub lambda: f32,
    /// Of the head's weights at the end.
    pub digest: Digest,
}

/// A head before its start.
pub const UNSET: Head = AdaptiveHead::unset();

/// How it learns.
pub const OPTIONS: AdaptiveHeadOptions<f32> =
    AdaptiveHeadOptions { lambda: 1.0, forgetting: 0.995, adapt_lambda: true };

/// The features of a row, and a 1.
///
/// # Errors
/// None: all lengths are constants.
#[inline(never)] // its stack is free again when the head learns
pub fn regressors(row: &[f32; INPUTS]) -> Result<[f32; REGRESSORS], Error> {
    let mut scaled = [0.0; INPUTS];
    for (((scaled, &x), &mean), &scale) in scaled.iter_mut().zip(row).zip(&INPUT_MEAN).zip(&INPUT_SCALE) {
        *scaled = (x - mean) / scale;
    }
    let mut z = [1.0; REGRESSORS];
    let network: Extractor = (Affine, tanh());
    let features = z.get_mut(..FEATURES).unwrap_or_default();
    network.evaluate(&Portable, THETA.as_slice(), &scaled, features, &mut [0.0; SHAPE.evaluate])?;
    Ok(z)
}

/// Runs the stream. `learn` does `head.update(z, c)`, perhaps between two marks of a counter; `record` gets the number of samples
/// so far, the right answers of the last [`WINDOW`] ones, and λ.
///
/// # Errors
/// Those of the head.
pub fn run(
    head: &mut Head,
    mut learn: impl FnMut(usize, &mut Head, &[f32; REGRESSORS], &[f32; CLASSES]) -> Result<(), Error>,
    mut record: impl FnMut(usize, Right, f32),
) -> Result<Outcome, Error> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(3);
    head.reset(&HEAD, OPTIONS)?;
    let (mut before, mut after, mut window) = (Right::default(), Right::default(), Right::default());
    for (n, (row, &label)) in ROWS.iter().zip(&LABELS).enumerate() {
        let share = (n.saturating_sub(DRIFT.0) as f32 / (DRIFT.1 - DRIFT.0) as f32).min(1.0);
        let jitter = 1.0 + 0.03 * standard_normal(&mut rng) as f32;
        let z = regressors(&drifted(row, 1.0 + (GAIN - 1.0) * share, OFFSET * share, NOISE * share, jitter))?;
        let label = usize::from(label);
        let answers = (argmax(&deployed(&z)) == label, argmax(&head.predict(&z)) == label);
        for (part, counts) in [(&mut before, n < DRIFT.0), (&mut after, n >= JUDGED), (&mut window, true)] {
            part.samples += usize::from(counts);
            part.fixed += usize::from(counts && answers.0);
            part.adapted += usize::from(counts && answers.1);
        }
        let mut target = [0.0; CLASSES];
        target.iter_mut().skip(label).take(1).for_each(|one| *one = 1.0);
        learn(n, head, &z, &target)?;
        if window.samples == WINDOW {
            record(n + 1, core::mem::take(&mut window), head.lambda());
        }
    }
    let digest = Digest::EMPTY.and(head.weights().as_flattened());
    Ok(Outcome { before, after, lambda: head.lambda(), digest })
}

/// W₀ z
fn deployed(z: &[f32; REGRESSORS]) -> [f32; CLASSES] {
    let mut y = [0.0; CLASSES];
    for (y, row) in y.iter_mut().zip(&HEAD) {
        *y = row.iter().zip(z).map(|(w, z)| w * z).sum();
    }
    y
}

/// The features of the drifted signal.
fn drifted(row: &[f32; INPUTS], gain: f32, offset: f32, noise: f32, jitter: f32) -> [f32; INPUTS] {
    let &[max, min, mean, deviation, _, skewness, kurtosis, _, _] = row;
    let own = gain * deviation;
    let new_deviation = Real::sqrt(own * own + noise * noise);
    let new_mean = gain * mean + offset;
    let peak = |distance: f32| {
        let (signal, random) = (gain * distance, 3.3 * noise * jitter);
        Real::sqrt(signal * signal + random * random)
    };
    let (new_max, new_min) = (new_mean + peak(max - mean), new_mean - peak(mean - min));
    let rms = Real::sqrt(new_deviation * new_deviation + new_mean * new_mean);
    let ratio = own / new_deviation;
    let cube = ratio * ratio * ratio;
    [
        new_max,
        new_min,
        new_mean,
        new_deviation,
        rms,
        skewness * cube,
        kurtosis * cube * ratio,
        new_max / rms,
        rms / new_mean,
    ]
}
