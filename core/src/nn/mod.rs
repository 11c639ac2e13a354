//! Networks, losses, regularizers.
//!
//! A network maps inputs X (n_in × N, one sample a column) to features Z = F(θ, X) (n_feat × N). Every layer computes three
//! things for a whole batch: the value, the product of its Jacobian with a vector (`jvp`) and of the transposed Jacobian with
//! a vector (`vjp`). The caller owns all memory; how much is needed is a constant of the shape ([`Shape`]).
//!
//! Contract: shapes are checked by each layer at entry; a wrong one is an [`Error`](crate::Error) and nothing else happens.
//!
//! | type | what it is |
//! |---|---|
//! | [`Affine`], [`Linear`], [`Activation`], [`Antisymmetric`] | layers with their sizes in the type |
//! | [`Parametric`] | an activation that each neuron shapes by parameters of its own: [`raf`], or a user's |
//! | [`FunctionModel`] | features that are not a network: one generic function of parameters and a sample |
//! | [`Bank`] | many copies of such a function, each with parameters of its own |
//! | [`Euler`], [`Rk4`] | residual blocks around a layer, with own weights at each step or time node |
//! | [`Refine`] | a network with twice as many steps in its blocks, and its weights by interpolation in time |
//! | tuples of layers | composition; sizes that do not fit do not compile |
//! | [`DynAffine`], [`DynActivation`], [`DynParametric`], [`DynBank`], [`DynAntisymmetric`], [`DynEuler`], [`DynRk4`], [`Chain`] | the same with sizes known at run time; they do the computing |
//! | [`Evaluate`], [`Predictor`] | the value alone of one sample, with little memory; a finished model over constants in flash |
//! | [`Weights`], [`Scaled`] | weights as plain numbers, or in 8 or 16 bits with scale factors |
//! | [`LeastSquares`], [`SoftmaxCrossEntropy`], [`Logistic`], [`Weighted`] | losses averaged over samples, with a weight for each sample |
//! | [`Tikhonov`], [`TimeDerivative`], [`OnRange`] | quadratic regularizers of θ |
//!
//! ```compile_fail
//! use gaussling_core::nn::{Affine, Layer, tanh};
//! // 8 features cannot enter a layer with 9 inputs.
//! const PARAMS: usize = <(Affine<2, 8>, Affine<9, 1>) as Layer>::PARAMS;
//! ```
//! ```
//! use gaussling_core::nn::{Activation, Affine, Layer, Tanh};
//! const PARAMS: usize = <(Affine<2, 8>, Activation<Tanh, 8>, Affine<8, 1>) as Layer>::PARAMS;
//! let theta = [0.0_f32; PARAMS];
//! assert_eq!(theta.len(), 2 * 8 + 8 + 8 + 1);
//! ```

mod activation;
mod affine;
mod antisymmetric;
mod bank;
#[cfg(test)]
mod bank_tests;
mod chain;
mod euler;
mod evaluate;
#[cfg(test)]
mod evaluate_tests;
mod function;
#[cfg(test)]
mod function_tests;
mod init;
mod layer;
mod loss;
mod network;
mod parametric;
#[cfg(test)]
mod parametric_tests;
mod predictor;
mod refine;
#[cfg(test)]
mod refine_tests;
mod regularizer;
mod rk4;
mod shape;
#[cfg(test)]
mod tests;
mod weighted;
mod weights;

pub use activation::{
    Activation, DynActivation, Gaussian, Identity, Relu, Sigmoid, Sine, Softplus, Tanh, gaussian, identity, relu,
    sigmoid, sine, softplus, tanh,
};
pub use affine::{Affine, DynAffine, Linear};
pub use antisymmetric::{Antisymmetric, DynAntisymmetric};
pub use bank::{Bank, DynBank};
pub use chain::Chain;
pub use euler::{DynEuler, Euler};
pub use evaluate::Evaluate;
pub use function::{FeatureFunction, FunctionModel, SampleBySample, model};
pub use init::{Init, standard_normal, uniform};
pub use layer::{Layer, Size};
pub use loss::{LeastSquares, Logistic, Loss, SoftmaxCrossEntropy};
pub use network::{Network, Point};
pub use parametric::{DynParametric, Parametric, ParametricFunction, Raf, RafStart, raf};
pub use predictor::{Predictor, argmax, predictor_work_len};
pub use refine::Refine;
pub use regularizer::{OnRange, Regularizer, Tikhonov, TimeDerivative};
pub use rk4::{DynRk4, Rk4};
pub use shape::{BatchLen, Shape};
pub use weighted::Weighted;
pub(crate) use weighted::sum_of_weights;
pub use weights::{BLOCK, Scaled, Stored, Weights};
