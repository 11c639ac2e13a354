//! A network 2 → 8 tanh → 1 that learns the peaks surface from nothing, by each of the three methods.

use gaussling_core::nn::{Activation, Affine, Init, Layer, LeastSquares, Network, Shape, Tanh, Tikhonov, tanh};
use gaussling_core::optim::{
    Adam, CurveBall, CurveBallOptions, Selection, SlimTrain, Subproblem, TrustRegion, TrustRegionOptions,
    VarProLeastSquares, adam_state_len, curveball_state_len, curveball_work_len, sampled_tikhonov_state_len,
    slimtrain_work_len, trust_region_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Error, MatRef, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

use crate::digest::Digest;
use crate::peaks::{POINTS, Points};

/// Hidden neurons, so features.
pub const FEATURES: usize = 8;
/// Weights of the output layer.
const OUTPUT: usize = FEATURES + 1;

type Features = (Affine<2, FEATURES>, Activation<Tanh, FEATURES>);
type Whole = (Affine<2, FEATURES>, Activation<Tanh, FEATURES>, Affine<FEATURES, 1>);

const SHAPE: Shape = <Features as Layer>::SHAPE;
const WHOLE: Shape = <Whole as Layer>::SHAPE;

fn features() -> Features {
    (Affine, tanh())
}

/// What came out.
#[derive(Clone, Copy, Debug)]
pub struct Trained {
    /// Of all weights.
    pub digest: Digest,
    /// ½ mean of squared errors: before the first step (of the last layer's weights as they were then), and after the last one.
    pub losses: (f32, f32),
}

/// Weights of the hidden layer, the same for every method.
fn start(theta: &mut [f32]) -> Result<(), Error> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
    features().initialize(Init::Xavier, &mut rng, theta)
}

/// GNvpro.
pub mod gnvpro {
    use super::*;

    /// Steps of the trust region.
    pub const STEPS: usize = 30;

    const OPTIONS: TrustRegionOptions<f32> = TrustRegionOptions {
        subproblem: Subproblem::Recycled { pairs: 6 },
        krylov_dim: 6,
        krylov_tolerance: 1e-2,
        gradient_tolerance: 0.0,
        relative_gradient_tolerance: 0.0,
    };

    /// All the memory there is.
    #[derive(Debug)]
    pub struct Memory {
        points: Points,
        objective: [f32; varpro_least_squares_work_len(SHAPE, 1, POINTS)],
        method: [f32; trust_region_work_len(SHAPE.params, &OPTIONS)],
        theta: [f32; SHAPE.params],
    }

    impl Memory {
        /// Zeros.
        pub const NEW: Self = Self {
            points: Points::NEW,
            objective: [0.0; varpro_least_squares_work_len(SHAPE, 1, POINTS)],
            method: [0.0; trust_region_work_len(SHAPE.params, &OPTIONS)],
            theta: [0.0; SHAPE.params],
        };
    }

    /// Trains.
    ///
    /// # Errors
    /// Those of the method.
    pub fn run(Memory { points, objective, method, theta }: &mut Memory) -> Result<Trained, Error> {
        points.fill();
        start(theta)?;
        let x = MatRef::new(points.inputs.as_flattened(), 2, POINTS)?;
        let c = MatRef::new(&points.heights, 1, POINTS)?;
        let (network, regularizer) = (features(), Tikhonov { alpha: 1e-5 });
        let mut objective = VarProLeastSquares::new(&network, regularizer, 1e-5, &Portable, x, c, objective)?;
        let mut method = TrustRegion::recycled(SHAPE.params, OPTIONS, method)?;
        let mut first = None;
        for _ in 0..STEPS {
            let report = method.step(&Portable, &mut objective, theta)?;
            first = first.or(Some(report.value));
        }
        // W at the last θ, not at the last trial.
        gaussling_core::optim::Objective::value(&mut objective, theta)?;
        let losses = (first.unwrap_or_default(), objective.data_loss());
        Ok(Trained { digest: Digest::EMPTY.and(theta).and(objective.weights()), losses })
    }
}

/// slimTrain.
pub mod slimtrain {
    use super::*;

    /// Steps, a batch each.
    pub const STEPS: usize = 300;
    const BATCH: usize = 8;
    const MEMORY: usize = 3;

    /// All the memory there is.
    #[derive(Debug)]
    pub struct Memory {
        points: Points,
        linear: [f32; sampled_tikhonov_state_len(FEATURES, BATCH, MEMORY)],
        adam: [f32; adam_state_len(SHAPE.params)],
        work: [f32; slimtrain_work_len(SHAPE, 1, BATCH, MEMORY)],
        theta: [f32; SHAPE.params],
        w: [f32; OUTPUT],
    }

    impl Memory {
        /// Zeros.
        pub const NEW: Self = Self {
            points: Points::NEW,
            linear: [0.0; sampled_tikhonov_state_len(FEATURES, BATCH, MEMORY)],
            adam: [0.0; adam_state_len(SHAPE.params)],
            work: [0.0; slimtrain_work_len(SHAPE, 1, BATCH, MEMORY)],
            theta: [0.0; SHAPE.params],
            w: [0.0; OUTPUT],
        };
    }

    /// Trains.
    ///
    /// # Errors
    /// Those of the method.
    pub fn run(Memory { points, linear, adam, work, theta, w }: &mut Memory) -> Result<Trained, Error> {
        points.fill();
        start(theta)?;
        w.fill(0.0);
        let network = features();
        let mut method = SlimTrain::new(SHAPE, 1, BATCH, MEMORY, 1e-2, &mut linear[..])?;
        let mut update = Adam::new(1e-2, &mut adam[..]);
        let (mut first, mut last) = (None, 0.0);
        let batches = || points.inputs.chunks_exact(BATCH).zip(points.heights.chunks_exact(BATCH));
        for (x, c) in core::iter::repeat_with(batches).flatten().take(STEPS) {
            let (x, c) = (MatRef::new(x.as_flattened(), 2, BATCH)?, MatRef::new(c, 1, BATCH)?);
            let rule = &mut Selection::Gcv;
            let regularizer = Tikhonov { alpha: 1e-5 };
            let report = method.step(&Portable, &network, &regularizer, rule, &mut update, theta, w, x, c, work)?;
            first = first.or(Some(report.loss));
            last = report.loss;
        }
        Ok(Trained { digest: Digest::EMPTY.and(theta).and(w), losses: (first.unwrap_or_default(), last) })
    }
}

/// CurveBall.
pub mod curveball {
    use super::*;

    /// Steps, a batch each.
    pub const STEPS: usize = 300;
    const BATCH: usize = 40;

    /// All the memory there is.
    #[derive(Debug)]
    pub struct Memory {
        points: Points,
        momentum: [f32; curveball_state_len(WHOLE.params)],
        work: [f32; curveball_work_len(WHOLE, BATCH)],
        weights: [f32; WHOLE.params],
    }

    impl Memory {
        /// Zeros.
        pub const NEW: Self = Self {
            points: Points::NEW,
            momentum: [0.0; curveball_state_len(WHOLE.params)],
            work: [0.0; curveball_work_len(WHOLE, BATCH)],
            weights: [0.0; WHOLE.params],
        };
    }

    /// Trains.
    ///
    /// # Errors
    /// Those of the method.
    pub fn run(Memory { points, momentum, work, weights }: &mut Memory) -> Result<Trained, Error> {
        points.fill();
        weights.fill(0.0);
        start(weights.get_mut(..SHAPE.params).unwrap_or_default())?;
        let network: Whole = (Affine, tanh(), Affine);
        let options = CurveBallOptions { lambda: 0.0001, ..CurveBallOptions::default() };
        let mut method = CurveBall::new(options, &mut momentum[..])?;
        let (mut first, mut last) = (None, 0.0);
        let batches = || points.inputs.chunks_exact(BATCH).zip(points.heights.chunks_exact(BATCH));
        for (x, c) in core::iter::repeat_with(batches).flatten().take(STEPS) {
            let (x, c) = (MatRef::new(x.as_flattened(), 2, BATCH)?, MatRef::new(c, 1, BATCH)?);
            let report = method.step(&Portable, &network, &LeastSquares, weights, x, c, work)?;
            first = first.or(Some(report.loss));
            last = report.loss;
        }
        Ok(Trained { digest: Digest::EMPTY.and(weights), losses: (first.unwrap_or_default(), last) })
    }
}
