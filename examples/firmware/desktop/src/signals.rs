//! Made-up vibrations of a ball bearing, and the nine features of each stretch of 2048 samples at 48 kHz.
//!
//! A signal is an offset, two harmonics of the shaft, broadband noise, and, for a damaged bearing, a ring of a resonance whenever
//! a ball meets the damage: at 5.415 (inner race), 3.585 (outer race) or 4.714 (ball) times the shaft's 29.5 turns a second, as
//! in a bearing of type 6205, a little irregular because balls slip. Damage of the inner race moves through the load zone once a
//! turn, that of a ball once a turn of the cage; three sizes of damage ring louder and longer. Load and mounting vary from
//! stretch to stretch.

use gaussling::core::nn::{standard_normal, uniform};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Names of the features, in the order of `features`.
pub const NAMES: [&str; 9] = ["max", "min", "mean", "sd", "rms", "skewness", "kurtosis", "crest", "form"];

/// Stretches of each class.
const STRETCHES: usize = 230;
const LENGTH: usize = 2048;
const RATE: f64 = 48_000.0;
const SHAFT: f64 = 29.5;

/// Name, defect frequency and modulation in turns of the shaft, loudness, decay in 1/s, skewed ring.
type Class = (&'static str, f64, f64, f64, f64, f64);

const CLASSES: [Class; 10] = [
    ("ball 1", 4.714, 0.398, 0.35, 900.0, 0.1),
    ("ball 2", 4.714, 0.398, 0.75, 700.0, 0.1),
    ("ball 3", 4.714, 0.398, 0.60, 300.0, 0.0),
    ("inner 1", 5.415, 1.0, 1.10, 900.0, -0.1),
    ("inner 2", 5.415, 1.0, 0.75, 600.0, 0.0),
    ("inner 3", 5.415, 1.0, 1.70, 300.0, 0.1),
    ("normal", 0.0, 0.0, 0.0, 1.0, 0.0),
    ("outer 1", 3.585, 0.0, 3.00, 500.0, 0.2),
    ("outer 2", 3.585, 0.0, 0.40, 500.0, 0.0),
    ("outer 3", 3.585, 0.0, 3.60, 1100.0, -0.3),
];

/// All stretches, class after class: features and the name of the class.
pub fn stretches() -> Vec<([f64; 9], &'static str)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(48);
    let classes = CLASSES.iter().flat_map(|class| std::iter::repeat_n(class, STRETCHES));
    classes.map(|class| (features(&signal(class, &mut rng)), class.0)).collect()
}

fn signal(&(_, defect, modulation, loudness, decay, skew): &Class, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let turn = 2.0 * std::f64::consts::PI;
    let sine = gaussling_sin;
    let offset = 0.0125 + 0.0022 * standard_normal(rng);
    let load = exp(0.12 * standard_normal(rng));
    let noise = 0.060 * exp(0.04 * standard_normal(rng)) * if defect > 0.0 { 1.5 } else { 1.0 };
    let phases = [0; 4].map(|_| turn * uniform(rng));
    let resonance = 3000.0 * (1.0 + 0.02 * standard_normal(rng));
    let mut signal: Vec<f64> = (0..LENGTH)
        .map(|n| {
            let angle = turn * SHAFT * n as f64 / RATE;
            let shaft = 0.012 * sine(angle + phases[0]) + 0.018 * sine(2.0 * angle + phases[1]);
            offset + shaft + noise * standard_normal(rng)
        })
        .collect();
    if defect > 0.0 {
        let mut rings = vec![0.0; LENGTH];
        let period = RATE / (defect * SHAFT);
        let mut at = -period * uniform(rng);
        while at < LENGTH as f64 {
            let zone =
                1.0 + 0.6 * sine(turn * modulation * SHAFT * at / RATE + phases[2]) * f64::from(modulation > 0.0);
            let size = loudness * load * zone * exp(0.15 * standard_normal(rng));
            let first = at.max(0.0) as usize + usize::from(at > 0.0);
            for (n, x) in rings.iter_mut().enumerate().skip(first) {
                let time = (n as f64 - at) / RATE;
                let envelope = size * exp(-decay * time);
                if envelope < 1e-4 {
                    break;
                }
                let angle = turn * resonance * time + phases[3];
                // An overtone in phase makes a ring lopsided.
                *x += envelope * (sine(angle) + 2.0 * skew * sine(2.0 * angle + turn / 4.0));
            }
            at += period * (1.0 + 0.015 * standard_normal(rng));
        }
        // The sensor does not pass what is constant; its offset is its own.
        let mean = rings.iter().sum::<f64>() / LENGTH as f64;
        signal.iter_mut().zip(rings).for_each(|(x, ring)| *x += ring - mean);
    }
    signal
}

/// Sine and exponential of the core: the same bits on every desktop.
fn gaussling_sin(x: f64) -> f64 {
    gaussling::core::scalar::Real::sin(x)
}

fn exp(x: f64) -> f64 {
    gaussling::core::scalar::Real::exp(x)
}

/// Largest, least, mean, deviation, root mean square, skewness, excess kurtosis, crest factor max/rms, form factor rms/mean.
fn features(signal: &[f64]) -> [f64; 9] {
    let count = signal.len() as f64;
    let moment = |center: f64, power: i32| signal.iter().map(|x| (x - center).powi(power)).sum::<f64>() / count;
    let mean = moment(0.0, 1);
    let deviation = moment(mean, 2).sqrt();
    let rms = moment(0.0, 2).sqrt();
    let (most, least) = signal.iter().fold((f64::MIN, f64::MAX), |(most, least), &x| (most.max(x), least.min(x)));
    let skewness = moment(mean, 3) / deviation.powi(3);
    let kurtosis = moment(mean, 4) / deviation.powi(4) - 3.0;
    [most, least, mean, deviation, rms, skewness, kurtosis, most / rms, rms / mean]
}
