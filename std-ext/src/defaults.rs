//! What is picked where nothing is said: network, method, precision, regularization, budget.
//!
//! The rules look at three facts of the data, [`Facts`], and at nothing else; so the same data get the same choice, and each
//! choice comes with its reason. They were made on nine public data sets beside scikit-learn's and PyTorch's defaults
//! (ARCHITECTURE.md, "What is picked where nothing is said").
//!
//! ```
//! use gaussling::defaults::Facts;
//! use gaussling::train::Method;
//! let facts = Facts { samples: 400, classes: false, streamed: false };
//! assert_eq!(facts.network().value, "dense:20, dense:20, dense:20");
//! assert_eq!(facts.method().value, Method::Gnvpro);
//! println!("{}", facts.network().why); // three tanh layers as wide as √400, within 16 … 32
//! ```

use crate::train::{Method, Precision};

/// Training samples up to which a method that takes all of them in each step is picked.
pub const FULL_BATCH: usize = 20_000;

/// Widths of the layers for a regression whose samples fit into a step, and for a larger one.
const WIDTHS: (f64, f64) = (16.0, 32.0);
const LARGE_WIDTH: usize = 64;

/// Width of the layer for classes.
const CLASS_WIDTH: usize = 128;

/// What the choices depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Samples to train on.
    pub samples: usize,
    /// Whether the targets are classes.
    pub classes: bool,
    /// Whether the samples are read from a file batch by batch; `samples` may be 0 then.
    pub streamed: bool,
}

/// Something picked, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked<T> {
    /// What is picked.
    pub value: T,
    /// The rule that picked it.
    pub why: String,
}

impl Facts {
    /// For a regression three tanh layers of √samples neurons each, within 16 … 32, and 64 for a stream or more than
    /// [`FULL_BATCH`] samples; for classes one ReLU layer of 128. To be read by
    /// [`Sequential::parse`](crate::network::Sequential::parse).
    pub fn network(&self) -> Picked<String> {
        if self.classes {
            let why = "one wide ReLU layer: for classes as good as deeper networks, and the fastest";
            return Picked { value: format!("dense:{CLASS_WIDTH}:relu"), why: why.to_string() };
        }
        let (least, most) = WIDTHS;
        let (width, of) = match self.large() {
            true => (LARGE_WIDTH, format!("{LARGE_WIDTH} wide, for many samples")),
            false => {
                let width = (self.samples as f64).sqrt().round().clamp(least, most) as usize;
                (width, format!("as wide as √{}, within {least} … {most}", self.samples))
            }
        };
        Picked { value: vec![format!("dense:{width}"); 3].join(", "), why: format!("three tanh layers {of}") }
    }

    /// Whether a step should do with a part of the samples.
    fn large(&self) -> bool {
        self.streamed || self.samples > FULL_BATCH
    }

    /// GNvpro for a regression of at most [`FULL_BATCH`] samples, slimTrain for a larger or a streamed one, Adam for classes.
    pub fn method(&self) -> Picked<Method> {
        let (value, why) = match (self.classes, self.large()) {
            (true, _) => (Method::Adam, "for classes it has the fewest errors for the time"),
            (false, true) => (Method::SlimTrain, "a step does not need all samples, and it finds its learning rate"),
            (false, false) => (Method::Gnvpro, "for numbers it has the least error, and all samples fit into a step"),
        };
        Picked { value, why: why.to_string() }
    }

    /// Learning rate at the start of Adam: 1e-2; 3e-3 for a stream or more than 5000 samples. slimTrain finds its own.
    pub fn learning_rate(&self) -> Picked<f64> {
        let (value, why) = match self.streamed || self.samples > 5000 {
            true => (3e-3, "many samples bring many steps"),
            false => (1e-2, "few samples bring few steps"),
        };
        Picked { value, why: why.to_string() }
    }

    /// `f64` for a regression of at most [`FULL_BATCH`] samples, else `f32`.
    pub fn precision(&self) -> Picked<Precision> {
        let (value, why) = match self.classes || self.large() {
            true => (Precision::F32, "twice as fast, and the noise of batches is larger than its rounding"),
            false => (Precision::F64, "a surrogate can be as exact as its data"),
        };
        Picked { value, why: why.to_string() }
    }

    /// Work units for a network of so many weights: 3·10⁹/(samples · weights) within 40 … 300; 40 for a stream.
    pub fn work_units(&self, weights: usize) -> Picked<f64> {
        if self.streamed {
            return Picked { value: 40.0, why: "20 epochs, for a stream".to_string() };
        }
        let value = 3e9 / (self.samples.max(1) as f64 * weights.max(1) as f64);
        let why = "in epochs half as many; for large data or networks fewer, so that it takes seconds";
        Picked { value: value.clamp(40.0, 300.0).round(), why: why.to_string() }
    }

    /// Tikhonov weight of all weights: for a regression 0.1/samples within 1e-5 … 1e-4, the least for a stream; 1e-4 for classes.
    ///
    /// The loss is an average over the samples, so what is known of the weights beforehand counts for less the more there are.
    /// Classes that can be told apart entirely would drive the weights to infinity.
    pub fn alpha(&self) -> Picked<f64> {
        let (least, most) = (1e-5, 1e-4);
        if self.classes {
            return Picked {
                value: most,
                why: "holds the weights of classes that can be told apart entirely".to_string(),
            };
        }
        let value = if self.streamed { least } else { (0.1 / self.samples.max(1) as f64).clamp(least, most) };
        // Two digits, as it is printed.
        let value = format!("{value:.1e}").parse().unwrap_or(value);
        Picked { value, why: format!("0.1/samples, within {least:e} … {most:e}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(samples: usize, classes: bool) -> Facts {
        Facts { samples, classes, streamed: false }
    }

    #[test]
    fn the_width_is_the_root_of_the_samples_within_bounds() {
        for (samples, width) in [(0, 16), (1, 16), (256, 16), (400, 20), (752, 27), (1740, 32), (FULL_BATCH, 32)] {
            let network = facts(samples, false).network();
            assert_eq!(network.value, format!("dense:{width}, dense:{width}, dense:{width}"));
            assert!(network.why.contains(&format!("√{samples},")), "{}", network.why);
        }
        assert_eq!(facts(FULL_BATCH + 1, false).network().value, "dense:64, dense:64, dense:64");
    }

    #[test]
    fn large_and_streamed_data_get_methods_that_take_batches() {
        assert_eq!(facts(FULL_BATCH, false).method().value, Method::Gnvpro);
        assert_eq!(facts(FULL_BATCH + 1, false).method().value, Method::SlimTrain);
        assert_eq!(facts(100, true).method().value, Method::Adam);
        assert_eq!(facts(100, true).network().value, "dense:128:relu");
        for classes in [false, true] {
            let streamed = Facts { streamed: true, ..facts(0, classes) };
            assert!(streamed.method().value.streams());
            assert_eq!((streamed.precision().value, streamed.work_units(1).value), (Precision::F32, 40.0));
        }
    }

    #[test]
    fn budget_and_alpha_fall_with_the_samples() {
        for (samples, units) in [(0, 300.0), (10_000, 300.0), (20_000, 150.0), (50_000, 60.0), (1 << 40, 40.0)] {
            assert_eq!(facts(samples, false).work_units(1000).value, units, "{samples}");
            assert_eq!(facts(samples, true).work_units(1000).value, units, "{samples}");
        }
        assert_eq!(facts(10_000, true).work_units(5000).value, 60.0);
        for (samples, alpha) in [(0, 1e-4), (1000, 1e-4), (1740, 5.7e-5), (5000, 2e-5), (1 << 40, 1e-5)] {
            let found = facts(samples, false).alpha().value;
            assert!((found / alpha - 1.0).abs() < 1e-12, "{samples}: {found}");
        }
        assert_eq!(facts(1 << 40, true).alpha().value, 1e-4);
        assert_eq!([5000, 5001].map(|samples| facts(samples, true).learning_rate().value), [1e-2, 3e-3]);
    }
}
