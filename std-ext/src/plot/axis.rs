//! [`Axis`]: a range and its ticks, with labels short enough not to run into each other.
//!
//! | range | ticks |
//! |---|---|
//! | linear | multiples of 1, 2 or 5 times a power of ten |
//! | logarithmic, more than 3 decades | powers of ten, every n-th when there are many |
//! | logarithmic, more than 0.8 decades | 1, 2 and 5 times the powers of ten |
//! | logarithmic, narrower | as linear |
//!
//! Between the powers of ten of a logarithmic axis stand minor ticks without labels, at most 60.
//!
//! Labels are plain (`0.05`) when all of an axis are short so, else all have exponents (`5e-5`).

/// Most decades a tick apart, and most ticks wanted on an axis as long as a plot is wide.
pub(super) const TICKS: f64 = 8.0;

/// A range of values and where its ticks are.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    /// Places between the ticks that have no labels.
    pub(super) minor: Vec<f64>,
    logarithmic: bool,
}

impl Axis {
    /// From `low` to `high`, a bit wider when they are nearly equal, with about `most` ticks.
    pub(super) fn linear(low: f64, high: f64, most: f64) -> Self {
        // Ticks need some digits to differ in.
        let least = 1e-9 * low.abs().max(high.abs());
        let (low, high) = match high - low {
            span if span < 1e-290 => (low - 0.5_f64.max(least), high + 0.5_f64.max(least)),
            span if span < least => (low - least, high + least),
            _ => (low, high),
        };
        Self { low, high, ticks: labelled(&multiples(low, high, most)), minor: Vec::new(), logarithmic: false }
    }

    /// From `low` to `high`, without ticks: for what has names instead of values.
    pub(super) fn bare(low: f64, high: f64) -> Self {
        Self { low, high, ticks: Vec::new(), minor: Vec::new(), logarithmic: false }
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
        let step =
            [1, 2, 3, 4, 5, 10, 20, 50].into_iter().find(|&step| f64::from(step) * TICKS >= decades).unwrap_or(100);
        let ticks = if decades > 0.8 {
            let powers = (first..=last).filter(|power| power.rem_euclid(step) == 0);
            powers.flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}"))).collect()
        } else {
            multiples(low, high, TICKS)
        };
        let mut ticks = labelled(&ticks);
        ticks.retain(|(value, _)| (low..=high).contains(value));
        // Where powers are left out, these; else what is between them.
        let between: &[u8] = if step > 1 { &[1] } else { &[1, 2, 3, 4, 5, 6, 7, 8, 9] };
        let powers = (first..=last).filter(|_| decades > 0.8 && decades <= 60.0);
        let all = powers.flat_map(|power| between.iter().map(move |digit| format!("{digit}e{power}")));
        let mut minor: Vec<f64> = all.filter_map(|decimal| decimal.parse().ok()).collect();
        minor.retain(|value| (low..=high).contains(value) && ticks.iter().all(|(tick, _)| tick != value));
        Self { low, high, ticks, minor, logarithmic: true }
    }

    /// How far a value is along the axis, in a unit of the axis' own.
    fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }

    /// How far a value is along the axis: 0 at its low end, 1 at its high end.
    pub(super) fn along(&self, value: f64) -> f64 {
        // Halves, because the difference of two numbers near the largest is not representable.
        let (low, high) = (0.5 * self.place(self.low), 0.5 * self.place(self.high));
        (0.5 * self.place(value) - low) / (high - low)
    }
}

/// Multiples of a round step, as decimals with an exponent and no more digits than the step has.
fn multiples(low: f64, high: f64, most: f64) -> Vec<String> {
    let rough = (high / most - low / most).max(f64::MIN_POSITIVE);
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
    let label = |value: f64| match value {
        0.0 => "0".to_owned(),
        value if plain => format!("{value}"),
        value => format!("{value:e}"),
    };
    values.into_iter().map(|value| (value, label(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|(_, label)| label.clone()).collect()
    }

    #[test]
    fn ticks_are_round_and_their_labels_short() {
        for (low, high, expected) in [
            (0.0, 100.0, "0 20 40 60 80 100"),
            (0.0, 1.0, "0 0.2 0.4 0.6 0.8 1"),
            (1.0, 1.0, "0.6 0.8 1 1.2 1.4"),
            (-3.0, 4.0, "-3 -2 -1 0 1 2 3 4"),
            (0.0, 2e6, "0 5e5 1e6 1.5e6 2e6"),
            (0.0, 3e-7, "0 5e-8 1e-7 1.5e-7 2e-7 2.5e-7 3e-7"),
        ] {
            assert_eq!(labels(&Axis::linear(low, high, TICKS)).join(" "), expected);
        }
        for (low, high, expected) in [
            (1e-3, 1.0, "0.001 0.01 0.1 1"),
            (1e-9, 1.0, "1e-8 1e-6 1e-4 1e-2 1e0"),
            (1e-5, 1e-1, "1e-5 1e-4 1e-3 1e-2 1e-1"),
            (0.02, 0.9, "0.02 0.05 0.1 0.2 0.5 1"),
            (2.0, 3.0, "2 2.2 2.4 2.6 2.8 3"),
            (3e-7, 3e-7, "2e-7 2.5e-7 3e-7 3.5e-7 4e-7 4.5e-7"),
            (1e-300, 1e300, "1e-300 1e-200 1e-100 1e0 1e100 1e200 1e300"),
        ] {
            assert_eq!(labels(&Axis::logarithmic(low, high)).join(" "), expected, "{low:e} {high:e}");
        }
    }

    /// Every axis holds the values it is for, and has a few ticks inside.
    #[test]
    fn ranges_of_all_magnitudes_have_ticks() {
        for exponent in (-300..300).step_by(3) {
            for ratio in [1.0, 1.0 + 1e-15, 1.0 + 1e-7, 1.001, 1.5, 3.0, 30.0, 1e5, 1e100] {
                let low = 10_f64.powi(exponent);
                let high = (low * ratio).min(1e300);
                let linear =
                    [(low, high), (-high, low), (-high, high)].map(|(low, high)| Axis::linear(low, high, TICKS));
                let axes = linear.into_iter().chain([Axis::logarithmic(low, high)]);
                for axis in axes {
                    let places: Vec<f64> = axis.ticks.iter().map(|(value, _)| *value).collect();
                    assert!(axis.low < axis.high && axis.high.is_finite(), "{low:e} {high:e}: {axis:?}");
                    assert!((2..=12).contains(&places.len()), "{low:e} {high:e}: {axis:?}");
                    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{axis:?}");
                    assert!(axis.minor.len() <= 60, "{low:e} {high:e}: {axis:?}");
                    assert!(
                        axis.minor
                            .iter()
                            .all(|minor| (axis.low..=axis.high).contains(minor) && !places.contains(minor))
                    );
                    assert!(places.iter().all(|&place| (-1e-6..=1.0 + 1e-6).contains(&axis.along(place))), "{axis:?}");
                    let rounding = 1e-12 * (axis.high - axis.low) + f64::EPSILON * axis.high.abs().max(axis.low.abs());
                    assert!(
                        places.iter().all(|p| (axis.low - rounding..=axis.high + rounding).contains(p)),
                        "{axis:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn decades_have_minor_ticks() {
        let minor = |low, high| Axis::logarithmic(low, high).minor;
        let decade: Vec<f64> = minor(1e-3, 1.0).into_iter().filter(|x| (0.01..0.1).contains(x)).collect();
        assert_eq!(decade, [0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09]);
        // 1, 2 and 5 have labels.
        assert!(minor(0.02, 0.9).iter().all(|x| ![0.02, 0.05, 0.1, 0.2, 0.5].contains(x)));
        // Labels at every other power.
        assert_eq!(minor(1e-9, 1.0), [1e-9, 1e-7, 1e-5, 1e-3, 1e-1]);
        assert!(minor(1e-300, 1e300).is_empty());
        assert!(minor(2.0, 3.0).is_empty());
    }

    #[test]
    fn values_lie_along_an_axis_as_they_should() {
        assert_eq!(Axis::linear(-2.0, 2.0, TICKS).along(1.0), 0.75);
        let axis = Axis::logarithmic(1.0, 100.0);
        assert!((axis.along(10.0) - 0.5).abs() < 1e-12 && axis.along(axis.low) == 0.0 && axis.along(axis.high) == 1.0);
        assert_eq!(Axis::linear(-1.7e308, 1.7e308, TICKS).along(0.0), 0.5);
    }
}
