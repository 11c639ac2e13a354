//! Networks described at run time: by a line of text such as `affine:32, tanh, antisym:32x8:T=4`,
//! in the language of [`describe`].
//!
//! A [`Sequential`] implements the core's `Network` trait, so every optimizer that runs on a tuple of layers runs on it too.
//! No mathematics is in here: each [`DynLayer`] hands its work to the core's run-time layers, and a sequence of layers is the
//! core's `Chain` of the first and the rest. These are the parts that compile-time tuples are made of as well, put together
//! in the same order, so both give the same bits.
//!
//! **Contract.** A `Sequential` is always sound: the features of each layer are the inputs of the next, no size is 0, there are
//! at most [`MAX_LAYERS`] layers (a description may come from an untrusted file, and the recursion takes stack for each), and the
//! number of parameters does not overflow. [`Sequential::parse`] also makes sure that the parameters fit in memory. So nothing
//! here panics, and errors are the core's for wrong shapes of arguments.
//!
//! **Layers**, each using only those above it: `function`; `block`; `layer`; `sequential`; `describe`; `sampled`, which takes any network.

mod block;
pub mod describe;
#[cfg(test)]
mod describe_tests;
mod function;
mod layer;
mod sampled;
#[cfg(test)]
mod sampled_tests;
mod sequential;
#[cfg(test)]
mod sequential_tests;

pub use block::{AntisymmetricBlock, EulerBlock};
pub use describe::DescribeError;
pub use function::{Function, Pointwise};
pub use layer::DynLayer;
pub use sampled::Sampled;
pub(crate) use sampled::useful_threads;
pub(crate) use sequential::CHUNK;
pub use sequential::{MAX_LAYERS, Sequential};

/// Implements `Network<T>` and `Evaluate<T>` for all `T: Real` by handing each call to `net`, which `$dispatch!(self, net => …)` names.
macro_rules! delegate_network {
    ($type:ty, $dispatch:ident) => {
        impl<T: gaussling_core::Real> gaussling_core::nn::Network<T> for $type {
            fn shape(&self) -> gaussling_core::nn::Shape {
                $dispatch!(self, net => gaussling_core::nn::Network::<T>::shape(net))
            }

            fn initialize<R: rand_core::Rng>(
                &self,
                scheme: gaussling_core::nn::Init,
                rng: &mut R,
                theta: &mut [T],
            ) -> Result<(), gaussling_core::Error> {
                $dispatch!(self, net => net.initialize(scheme, rng, theta))
            }

            fn forward<B: gaussling_core::Backend<T>>(
                &self,
                backend: &B,
                theta: &[T],
                x: gaussling_core::MatRef<'_, T>,
                z: gaussling_core::MatMut<'_, T>,
                cache: &mut [T],
                work: &mut [T],
            ) -> Result<(), gaussling_core::Error> {
                $dispatch!(self, net => net.forward(backend, theta, x, z, cache, work))
            }

            fn jvp<B: gaussling_core::Backend<T>>(
                &self,
                backend: &B,
                point: gaussling_core::nn::Point<'_, T>,
                dtheta: &[T],
                dx: Option<gaussling_core::MatRef<'_, T>>,
                dz: gaussling_core::MatMut<'_, T>,
                work: &mut [T],
            ) -> Result<(), gaussling_core::Error> {
                $dispatch!(self, net => net.jvp(backend, point, dtheta, dx, dz, work))
            }

            fn vjp<B: gaussling_core::Backend<T>>(
                &self,
                backend: &B,
                point: gaussling_core::nn::Point<'_, T>,
                g: gaussling_core::MatRef<'_, T>,
                gtheta: &mut [T],
                gx: Option<gaussling_core::MatMut<'_, T>>,
                work: &mut [T],
            ) -> Result<(), gaussling_core::Error> {
                $dispatch!(self, net => net.vjp(backend, point, g, gtheta, gx, work))
            }
        }

        impl<T: gaussling_core::Real> gaussling_core::nn::Evaluate<T> for $type {
            fn evaluate<B: gaussling_core::Backend<T>, W: gaussling_core::nn::Weights<T>>(
                &self,
                backend: &B,
                theta: W,
                x: &[T],
                z: &mut [T],
                work: &mut [T],
            ) -> Result<(), gaussling_core::Error> {
                $dispatch!(self, net => net.evaluate(backend, theta, x, z, work))
            }
        }
    };
}
use delegate_network;
