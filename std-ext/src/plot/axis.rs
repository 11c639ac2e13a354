//! [`Axis`]: a range and its ticks, with labels short enough not to run into each other.
//!
//! | range | ticks |
//! |---|---|
//! | linear | multiples of 1, 2 or 5 times a power of ten |
//! | logarithmic, more than 3 decades | powers of ten, every n-th when there are many |
//! | logarithmic, more than 0.8 decades | 1, 2 and 5 times the powers of ten |
//! | logarithmic, narrower | as linear |
//!
//! Labels are plain (`0.05`) when all of an axis are short so, else all have exponents (`5e-5`).

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Most decades a tick apart, and most ticks wanted on a linear axis.
const TICKS: f64 = 8.0;

/// A range of values and where its ticks are.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    logarithmic: bool,
}

impl Axis {
    /// From `low` to `high`, a bit wider when they are nearly equal.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        // Ticks need some digits to differ in.
        let least = 1e-9 * low.abs().max(high.abs());
        let (low, high) = match high - low {
            span if span < 1e-290 => (low - 0.5_f64.max(least), high + 0.5_f64.max(least)),
            span if span < least => (low - least, high + least),
            _ => (low, high),
        };
        Self { low, high, ticks: labelled(&multiples(low, high)), logarithmic: false }
    }

    /// From a bit below `low` to a bit above `high`, both positive and such that this neither overflows nor underflows.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        let room = (0.04 * (high.log10() - low.log10())).clamp(1e-3, 1.0);
        let room = if high / low < 1.0 + 1e-6 { 0.2 } else { room };
        let low = low / 10_f64.powf(room);
        let high = high * 10_f64.powf(room);
        let decades = high.log10() - low.log10();
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let digits: &[u8] = if decades > 3.0 { &[1] } else { &[1, 2, 5] };
        let ticks = if decades > 0.8 {
            let step =
                [1, 2, 3, 4, 5, 10, 20, 50].into_iter().find(|&step| f64::from(step) * TICKS >= decades).unwrap_or(100);
            let powers = (first..=last).filter(|power| power.rem_euclid(step) == 0);
            powers.flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}"))).collect()
        } else {
            multiples(low, high)
        };
        let mut ticks = labelled(&ticks);
        ticks.retain(|(value, _)| (low..=high).contains(value));
        Self { low, high, ticks, logarithmic: true }
    }

    /// How far a value is along the axis, in a unit of the axis' own.
    fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let along = (self.place(*value) - low) / (high - low);
        first + (along * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// The labels of the ticks; other values have none.
impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == value).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// Multiples of a round step, as decimals with an exponent and no more digits than the step has.
fn multiples(low: f64, high: f64) -> Vec<String> {
    let rough = (high / TICKS - low / TICKS).max(f64::MIN_POSITIVE);
    let power = rough.log10().floor() as i32;
    let power_of_ten = |power: i32| format!("1e{power}").parse::<f64>().unwrap_or(f64::INFINITY);
    let factor = [1_i64, 2, 5].into_iter().find(|&factor| factor as f64 * power_of_ten(power) >= rough);
    let (factor, power) = factor.map_or((1, power + 1), |factor| (factor, power));
    let step = factor as f64 * power_of_ten(power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|multiple| format!("{}e{power}", multiple.saturating_mul(factor))).collect()
}

/// Values of decimals and their labels.
fn labelled(decimals: &[String]) -> Vec<(f64, String)> {
    let values: Vec<f64> = decimals.iter().filter_map(|decimal| decimal.parse().ok()).collect();
    let plain = values.iter().all(|&value| value == 0.0 || format!("{value}").trim_start_matches('-').len() <= 6);
    let label = |value: f64| if plain { format!("{value}") } else { format!("{value:e}") };
    values.into_iter().map(|value| (value, label(value))).collect()
}
