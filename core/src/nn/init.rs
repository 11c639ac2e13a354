//! Random initial weights, the same bits on every platform for the same generator.

use rand_core::Rng;

use crate::scalar::Real;

/// How the weights K (outputs × inputs) of a layer are drawn; biases start at zero, and all steps or time nodes of a residual
/// block start equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Init {
    /// K ~ √(2/inputs)·N(0, 1): He et al., "Delving deep into rectifiers" (2015); also what the published GNvpro and
    /// slimTrain experiments use.
    #[default]
    He,
    /// K ~ U(−a, a), a = √(6/(inputs + outputs)): Glorot and Bengio, "Understanding the difficulty of training deep
    /// feedforward neural networks" (2010).
    Xavier,
    /// K ~ √(1/inputs)·N(0, 1): LeCun et al., "Efficient BackProp" (1998).
    LeCun,
}

impl Init {
    /// Fills the weights of one layer.
    pub(super) fn fill<T: Real, R: Rng>(self, inputs: usize, outputs: usize, rng: &mut R, weights: &mut [T]) {
        let fan_in = inputs.max(1) as f64;
        match self {
            Self::He | Self::LeCun => {
                let scale = libm::sqrt(if self == Self::He { 2.0 } else { 1.0 } / fan_in);
                weights.fill_with(|| T::from_f64(scale * standard_normal(rng)));
            }
            Self::Xavier => {
                let bound = libm::sqrt(6.0 / (fan_in + outputs as f64));
                weights.fill_with(|| T::from_f64(bound * (2.0 * uniform(rng) - 1.0)));
            }
        }
    }
}

/// A draw from U[0, 1) with 53 random bits.
pub fn uniform<R: Rng>(rng: &mut R) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A draw from N(0, 1) by the transform of Box and Muller (1958), from two uniform draws.
pub fn standard_normal<R: Rng>(rng: &mut R) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - uniform(rng)));
    radius * libm::cos(2.0 * core::f64::consts::PI * uniform(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn moments_are_those_of_the_named_distributions() {
        let n = 100_000;
        for (init, variance, bound) in
            [(Init::He, 2.0 / 50.0, 1.0), (Init::LeCun, 1.0 / 50.0, 1.0), (Init::Xavier, 2.0 / 60.0, 0.316_3)]
        {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
            let mut weights = std::vec![0.0_f64; n];
            init.fill(50, 10, &mut rng, &mut weights);
            let mean = weights.iter().sum::<f64>() / n as f64;
            let square = weights.iter().map(|w| w * w).sum::<f64>() / n as f64;
            assert!(mean.abs() < 4.0 * libm::sqrt(variance / n as f64), "{init:?}: mean {mean}");
            assert!((square / variance - 1.0).abs() < 0.02, "{init:?}: variance {square} for {variance}");
            assert!(weights.iter().all(|w| w.abs() < bound), "{init:?}");
        }
    }
}
