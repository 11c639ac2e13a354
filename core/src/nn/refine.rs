//! Finer time grids: the network with twice as many steps in its residual blocks, and weights for it.
//!
//! A block discretizes y′ = L(θ(t), y). Trained on a coarse grid, its weights start a network on a finer one (multilevel
//! training): most of the work is done where it is cheap. Weights are interpolated linearly in time,
//!
//! ```text
//! fine₂ᵢ = θᵢ,   fine₂ᵢ₊₁ = (θᵢ + θᵢ₊₁)/2
//! ```
//! [`Rk4`](super::Rk4): k = 2·steps + 1 sets of weights at the nodes and mid-points of [0, T] become 2k − 1, those of
//! 2·steps steps. [`Euler`](super::Euler): the k sets belong to the beginnings of k steps, and 2k are needed; the last, half a step
//! beyond the last that is known, continues the line, θₖ₋₁ + (θₖ₋₁ − θₖ₋₂)/2, and is θ₀ for k = 1. So weights that are linear in
//! time stay so. The features change by the error of the method: of order h⁴ for Runge–Kutta, where θ(t) is smooth, h for
//! Euler. All other layers stay as they are, and so do their weights; so does a block inside the layer of a block.
//!
//! Source: E. Haber, L. Ruthotto, E. Holtham and S.-H. Jun, "Learning across scales: multiscale methods for convolution
//! neural networks" (AAAI 2018), and E. Newman, L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (2021),
//! whose networks are trained on two or three grids. Cost: a copy.

use super::{Chain, DynActivation, DynAffine, DynAntisymmetric, DynEuler, DynParametric, DynRk4};
use super::{FeatureFunction, Network, ParametricFunction, SampleBySample};
use crate::autodiff::ScalarFunction;
use crate::error::{Error, check_length};
use crate::matrix::slice::copy;
use crate::scalar::Real;

/// Networks on a time grid that can be halved. [`Layer::run`](super::Layer::run) leads here from typed networks.
///
/// The sizes are those of [`Network::shape`], which are the same for every scalar. A
/// [`TimeDerivative`](super::TimeDerivative) of the finer network needs half the step size as well.
///
/// ```
/// use gaussling_core::nn::{Affine, Layer, Linear, Network, Refine, Rk4, Tanh, Activation, tanh};
/// const COARSE: (Linear<2, 2>, Rk4<(Affine<2, 2>, Activation<Tanh, 2>), 1>) =
///     (Linear, Rk4 { layer: (Affine, tanh()), step_size: 1.0 });
/// let coarse = COARSE.run();
/// let fine = coarse.refined(); // as Rk4<_, 2> with steps of 0.5
/// let theta: [f64; 4 + 3 * 6] = core::array::from_fn(|i| i as f64);
/// let mut fine_theta = [0.0; 4 + 5 * 6];
/// coarse.prolong(&theta, &mut fine_theta)?;
/// assert_eq!(Network::<f64>::shape(&fine).params, fine_theta.len());
/// assert_eq!(fine_theta[..4], theta[..4]); // the linear layer
/// assert_eq!(fine_theta[4 + 6], (theta[4] + theta[4 + 6]) / 2.0); // the first weight at t = 1/4
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub trait Refine: Network<f64> + Copy {
    /// The network with twice as many steps of half the size in each residual block.
    #[must_use]
    fn refined(&self) -> Self {
        *self
    }

    /// Writes weights of [`refined`](Self::refined) that describe the same θ(t).
    ///
    /// Errors: [`Error::Length`] when `theta` is not as long as this network's weights, or `fine` as those of the refined one.
    fn prolong<T: Real>(&self, theta: &[T], fine: &mut [T]) -> Result<(), Error> {
        let params = self.shape().params;
        check_length("theta", params, theta.len())?;
        check_length("fine", params, fine.len())?;
        copy(theta, fine);
        Ok(())
    }
}

impl Refine for DynAffine {}
impl Refine for DynAntisymmetric {}
impl<F: ScalarFunction> Refine for DynActivation<F> {}
impl<F: ParametricFunction<P>, const P: usize> Refine for DynParametric<F, P> {}
impl<F: FeatureFunction<P, I, M>, const P: usize, const I: usize, const M: usize> Refine
    for SampleBySample<F, P, I, M>
{
}

impl<A: Refine, B: Refine> Refine for Chain<A, B> {
    fn refined(&self) -> Self {
        Self::trusted(self.first.refined(), self.second.refined())
    }

    fn prolong<T: Real>(&self, theta: &[T], fine: &mut [T]) -> Result<(), Error> {
        check_length("theta", self.shape().params, theta.len())?;
        check_length("fine", self.refined().shape().params, fine.len())?;
        let (first, second) = theta.split_at(self.first.shape().params.min(theta.len()));
        let (fine_first, fine_second) = fine.split_at_mut(self.first.refined().shape().params.min(fine.len()));
        self.first.prolong(first, fine_first)?;
        self.second.prolong(second, fine_second)
    }
}

impl<L: Network<f64> + Copy> Refine for DynRk4<L> {
    fn refined(&self) -> Self {
        Self { steps: self.steps.saturating_mul(2), step_size: 0.5 * self.step_size, ..*self }
    }

    fn prolong<T: Real>(&self, theta: &[T], fine: &mut [T]) -> Result<(), Error> {
        check_length("theta", self.shape().params, theta.len())?;
        check_length("fine", self.refined().shape().params, fine.len())?;
        interpolate(theta, self.layer.shape().params, fine);
        Ok(())
    }
}

impl<L: Network<f64> + Copy> Refine for DynEuler<L> {
    fn refined(&self) -> Self {
        Self { steps: self.steps.saturating_mul(2), step_size: 0.5 * self.step_size, ..*self }
    }

    fn prolong<T: Real>(&self, theta: &[T], fine: &mut [T]) -> Result<(), Error> {
        check_length("theta", self.shape().params, theta.len())?;
        check_length("fine", self.refined().shape().params, fine.len())?;
        interpolate(theta, self.layer.shape().params, fine);
        Ok(())
    }
}

/// θ at half the distance in time: 2k − 1 sets for k, and one more on the same line where `fine` has room for it.
fn interpolate<T: Real>(theta: &[T], params: usize, fine: &mut [T]) {
    let half = T::from_f64(0.5);
    let sets = || theta.chunks_exact(params.max(1));
    let mut before = sets().next().unwrap_or_default();
    let mut later = sets().skip(1);
    for (set, pair) in sets().zip(fine.chunks_mut(2 * params.max(1))) {
        let (node, middle) = pair.split_at_mut(params.min(pair.len()));
        copy(set, node);
        match later.next() {
            Some(next) => {
                middle.iter_mut().zip(set).zip(next).for_each(|((m, &a), &b)| *m = half * a + half * b);
            }
            None => middle.iter_mut().zip(before).zip(set).for_each(|((m, &a), &b)| *m = b + half * (b - a)),
        }
        before = set;
    }
}
