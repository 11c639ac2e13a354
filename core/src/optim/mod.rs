//! Optimizers for separable networks.
//!
//! Contract: options, shapes and buffers are checked when a method is set up, so that a step can fail only by a non-finite
//! number, and says so in its report. No step allocates; the caller owns every buffer, whose length a `*_work_len` function
//! gives. With the portable backend a step has the same bits on every platform.
//!
//! | type | method | per step |
//! |---|---|---|
//! | [`VarProLeastSquares`], [`VarProConvex`] | the reduced objective Φ(θ) = min_W E(θ, W) with gradient and Gauss–Newton products | |
//! | [`FullObjective`] | E over all weights, for methods without projection | |
//! | [`TrustRegion`] | Krylov trust region on any of the three: GNvpro, or Gauss–Newton | 2 + 2·(Krylov dimension) passes |
//! | [`Lbfgs`] | L-BFGS with a strong Wolfe line search, on any of the three | 2 passes an evaluation, mostly one |
//! | [`SampledTikhonov`] | slimTrain's linear layer alone, learnt on line | O(f³ + f²·batch·memory) |
//! | [`SlimTrain`] | slimTrain: the above with a stochastic step in θ | 1 forward, 1 backward |
//! | [`CurveBall`] | momentum that solves the Newton system | 1 forward, 1 backward, 2 forward-mode |
//! | [`Adam`], [`Sgd`] | first-order steps | |
//!
//! A work unit is one forward or one backward pass over all training data.

mod curveball;
mod first_order;
mod full;
mod lbfgs;
#[cfg(test)]
mod lbfgs_tests;
mod line_search;
mod objective;
mod sampled_tikhonov;
mod slimtrain;
mod trust_region;
mod varpro;

pub use curveball::{CurveBall, CurveBallOptions, CurveBallReport, curveball_state_len, curveball_work_len};
pub use first_order::{Adam, Sgd, Update, adam_state_len, loss_and_gradient, loss_work_len};
pub use full::{FullObjective, full_objective_work_len};
pub use lbfgs::{Lbfgs, LbfgsOptions, LbfgsReport, LineSearch, lbfgs_work_len};
pub use objective::Objective;
pub use sampled_tikhonov::{
    Criterion, LambdaRule, SampledTikhonov, SampledTikhonovReport, Selection, sampled_tikhonov_state_len,
    sampled_tikhonov_work_len,
};
pub use slimtrain::{SlimTrain, SlimTrainReport, slimtrain_work_len};
pub use trust_region::{Outcome, Status, TrustRegion, TrustRegionOptions, TrustRegionReport, trust_region_work_len};
pub use varpro::{
    InnerReport, VarProConvex, VarProLeastSquares, varpro_convex_work_len, varpro_least_squares_work_len,
};
