//! Points of MATLAB's peaks surface.

use gaussling_core::nn::uniform;
use gaussling_core::scalar::Real;
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

/// Points in all.
pub const POINTS: usize = 40;

/// Points in [−1, 1]², which stand for [−3, 3]², and the height of the surface above them over 8, so within about ±1.
#[derive(Clone, Debug)]
pub struct Points {
    /// Two numbers a point.
    pub inputs: [[f32; 2]; POINTS],
    /// One number a point.
    pub heights: [f32; POINTS],
}

impl Points {
    /// Zeros, to be filled.
    pub const NEW: Self = Self { inputs: [[0.0; 2]; POINTS], heights: [0.0; POINTS] };

    /// Draws the points.
    pub fn fill(&mut self) {
        let mut rng = Xoshiro128PlusPlus::seed_from_u64(20);
        for (point, height) in self.inputs.iter_mut().zip(&mut self.heights) {
            *point = [0; 2].map(|_| (2.0 * uniform(&mut rng) - 1.0) as f32);
            *height = peaks(point.map(|x| 3.0 * x)) / 8.0;
        }
    }
}

/// The surface, between −6.6 and 8.1 on [−3, 3]².
fn peaks([x, y]: [f32; 2]) -> f32 {
    let square = |x: f32| x * x;
    let first = 3.0 * square(1.0 - x) * Real::exp(-square(x) - square(y + 1.0));
    let second = 10.0 * (x / 5.0 - Real::powi(x, 3) - Real::powi(y, 5)) * Real::exp(-square(x) - square(y));
    first - second - Real::exp(-square(x + 1.0) - square(y)) / 3.0
}
