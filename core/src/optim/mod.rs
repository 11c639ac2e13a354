//! Optimizers for separable networks.
//!
//! Contract: options, shapes and buffers are checked when a method is set up, so that a step can fail only by a non-finite
//! number, and says so in its report. No step allocates; the caller owns every buffer, whose length a `*_work_len` function
//! gives. With the portable backend a step has the same bits on every platform.
//!
//! | type | method | per step |
//! |---|---|---|
//! | [`VarProLeastSquares`], [`VarProConvex`] | the reduced objective Φ(θ) = min_W E(θ, W) with gradient and Gauss–Newton products | |
//! | [`VarProStreamed`] | the first of these in a memory that does not grow with the samples | |
//! | [`FullObjective`] | E over all weights, for methods without projection | |
//! | [`TrustRegion`] | Krylov trust region on any of the four: GNvpro, or Gauss–Newton | 2 + 2·(Krylov dimension) passes |
//! | [`Lbfgs`] | L-BFGS with a strong Wolfe line search, on any of the four | 2 passes an evaluation, mostly one |
//! | [`OnlineHead`] | a linear layer learnt sample by sample, ridge regression with forgetting; typed arrays | O(f²) |
//! | [`AdaptiveHead`] | the same from weights trained elsewhere, which it pulls to as far as its own errors say; no square roots | O(f²) |
//! | [`LevenbergMarquardt`] | Moré's trust region for a dense Jacobian: few parameters, with their [covariance](LevenbergMarquardt::covariance) | 1 residual, 1 Jacobian, O(m n²) |
//! | [`SampledTikhonov`] | slimTrain's linear layer alone, learnt on line | O(f³ + f²·batch·memory) |
//! | [`SlimTrain`] | slimTrain: the above with a stochastic step in θ | 1 forward, 1 backward |
//! | [`CurveBall`] | momentum that solves the Newton system | 1 forward, 1 backward, 2 forward-mode |
//! | [`Prodigy`] | Adam that finds its learning rate | |
//! | [`FirstOrder`] of [`Adam`] or [`Sgd`] | first-order steps over all weights | 1 forward, 1 backward |
//!
//! Each `step` returns a report; [`run`] calls steps until the method, a budget or the caller's callback ends them.
//! [`SaveState`] makes a checkpoint of any method, and of an objective: a restored one goes on with the same bits.
//!
//! A work unit is one forward or one backward pass over all training data.

mod adaptive_head;
mod batch_triangle;
mod cg_path;
#[cfg(test)]
mod cg_path_tests;
mod curveball;
mod first_order;
mod full;
mod lambda_rule;
#[cfg(test)]
mod lambda_rule_tests;
mod lbfgs;
#[cfg(test)]
mod lbfgs_tests;
mod levenberg_marquardt;
mod line_search;
mod objective;
#[cfg(test)]
mod objective_tests;
mod online_head;
mod pairs;
#[cfg(test)]
mod pairs_tests;
mod prodigy;
mod run;
mod sampled_tikhonov;
#[cfg(test)]
mod sampled_tikhonov_tests;
mod saved;
#[cfg(test)]
mod saved_tests;
mod slimtrain;
mod trust_region;
#[cfg(test)]
mod trust_region_tests;
mod varpro;

pub use adaptive_head::{AdaptiveHead, AdaptiveHeadOptions, AdaptiveHeadReport};
pub use curveball::{
    CurveBall, CurveBallOptions, CurveBallReport, curveball_objective_work_len, curveball_state_len, curveball_work_len,
};
pub use first_order::{
    Adam, FirstOrder, FirstOrderReport, Sgd, Update, adam_state_len, loss_and_gradient, loss_work_len,
};
pub use full::{FullObjective, full_objective_work_len};
pub use lambda_rule::{Criterion, Fit, LambdaRule, Selection};
pub use lbfgs::{Lbfgs, LbfgsOptions, LbfgsReport, LineSearch, lbfgs_work_len};
pub use levenberg_marquardt::{
    Differentiated, LevenbergMarquardt, LevenbergMarquardtOptions, LevenbergMarquardtReport, LevenbergMarquardtStatus,
    Residuals, levenberg_marquardt_work_len,
};
pub use objective::Objective;
pub use online_head::OnlineHead;
pub use prodigy::{Prodigy, prodigy_state_len};
pub use run::{Budget, Report, Stop, run};
pub use sampled_tikhonov::{
    SampledTikhonov, SampledTikhonovReport, sampled_tikhonov_state_len, sampled_tikhonov_work_len,
};
pub use saved::{SaveState, StateReader, StateWriter};
pub use slimtrain::{SlimTrain, SlimTrainReport, slimtrain_inputs_len, slimtrain_work_len};
pub use trust_region::{
    Outcome, Status, Subproblem, TrustRegion, TrustRegionOptions, TrustRegionReport, trust_region_work_len,
};
pub use varpro::{
    InnerReport, VarProConvex, VarProLeastSquares, VarProStreamed, varpro_convex_work_len, varpro_covariance_work_len,
    varpro_least_squares_work_len, varpro_streamed_work_len,
};

/// Σ tᵢ, saturating: a length that cannot be had is refused as too long, and does not wrap around to a short one.
#[allow(clippy::indexing_slicing, reason = "i < N")]
const fn sum<const N: usize>(terms: [usize; N]) -> usize {
    let (mut total, mut i) = (0_usize, 0);
    while i < N {
        total = total.saturating_add(terms[i]);
        i += 1;
    }
    total
}

/// ∏ tᵢ, saturating.
#[allow(clippy::indexing_slicing, reason = "i < N")]
const fn product<const N: usize>(factors: [usize; N]) -> usize {
    let (mut total, mut i) = (1_usize, 0);
    while i < N {
        total = total.saturating_mul(factors[i]);
        i += 1;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Affine, LeastSquares, Shape, Tikhonov};
    use crate::{Error, MatRef, Portable};

    #[test]
    fn lengths_saturate() {
        const MANY: usize = usize::MAX / 2;
        assert_eq!((sum([2, 3]), product([2, 3, 4]), product([2, 0, MANY])), (5, 24, 0));
        let shape = Shape::affine(2, 3, true);
        for samples in [MANY, usize::MAX] {
            assert_eq!(curveball_work_len(shape, samples), usize::MAX);
            assert_eq!(full_objective_work_len(shape, samples), usize::MAX);
            assert_eq!(loss_work_len(shape, samples), usize::MAX);
            assert_eq!(levenberg_marquardt_work_len(samples, 2), usize::MAX);
            assert_eq!(varpro_covariance_work_len(shape, 1, samples), usize::MAX);
            assert_eq!(varpro_convex_work_len(shape, 1, samples), usize::MAX);
            assert_eq!(varpro_least_squares_work_len(shape, 1, samples), usize::MAX);
            assert_eq!(varpro_streamed_work_len(shape, 1, samples), usize::MAX);
            assert_eq!(slimtrain_work_len(shape, 1, samples, 5), usize::MAX);
            assert_eq!(slimtrain_inputs_len(shape, samples, 5), usize::MAX);
            assert_eq!(prodigy_state_len(samples), usize::MAX);
            assert_eq!(sampled_tikhonov_state_len(3, 3, samples), usize::MAX);
            assert_eq!(sampled_tikhonov_state_len(samples, 3, 5), usize::MAX);
            assert_eq!(sampled_tikhonov_work_len(samples, 1, 1, 5), usize::MAX);
        }
    }

    /// A view that repeats one column may have more samples than there is memory.
    #[test]
    fn more_samples_than_memory_are_an_error() {
        let n = usize::MAX;
        let x = MatRef::with_strides(&[1.0, 2.0], 2, n, 1, 0).unwrap();
        let c = MatRef::with_strides(&[1.0, 2.0, 3.0], 3, n, 1, 0).unwrap();
        let (net, r, mut buffer, mut theta) = (Affine::<2, 3>, Tikhonov { alpha: 1.0 }, [0.0; 100], [0.0; 9]);
        let short = |e: Error| matches!(e, Error::Workspace { needed: usize::MAX, found: 100, .. });
        assert!(FullObjective::new(&net, LeastSquares, r, &Portable, x, c, &mut buffer).is_err_and(short));
        assert!(VarProLeastSquares::new(&net, r, 1.0, &Portable, x, c, &mut buffer).is_err_and(short));
        assert!(VarProStreamed::new(&net, r, 1.0, &Portable, x, c, n, &mut buffer).is_err_and(short));
        assert!(VarProConvex::new(&net, LeastSquares, r, 1.0, 1.0, &Portable, x, c, &mut buffer).is_err_and(short));
        let gradient = &mut [0.0; 9];
        let loss = loss_and_gradient(&Portable, &net, LeastSquares, &theta, x, c, gradient, &mut buffer);
        assert!(loss.is_err_and(short));
        let mut method = CurveBall::new(CurveBallOptions::default(), [0.0; 9]).unwrap();
        assert!(method.step(&Portable, &net, &LeastSquares, &mut theta, x, c, &mut buffer).is_err_and(short));
    }
}
