//! [`DynLayer`]: one layer or residual block, of a kind and size known at run time.

use gaussling_core::nn::{DynAffine, DynParametric, Network, Raf, RafStart, Refine, Shape};
use gaussling_core::{Error, Real};

use super::block::{AntisymmetricBlock, EulerBlock};
use super::function::{Function, Pointwise};

/// A layer; implements the core's [`Network`] for every scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DynLayer {
    /// K X + b 1ᵀ, or without b.
    Affine(DynAffine),
    /// An activation.
    Pointwise(Pointwise),
    /// The sine-polynomial-Gaussian, with six parameters for each feature.
    Raf(DynParametric<Raf, 6>),
    /// A residual block by Euler steps.
    Euler(EulerBlock),
    /// An antisymmetric residual block by Runge–Kutta steps.
    Antisymmetric(AntisymmetricBlock),
}

impl DynLayer {
    /// `inputs → outputs` with a bias.
    pub fn affine(inputs: usize, outputs: usize) -> Self {
        Self::Affine(DynAffine { inputs, outputs, bias: true })
    }

    /// `inputs → outputs` without a bias.
    pub fn linear(inputs: usize, outputs: usize) -> Self {
        Self::Affine(DynAffine { inputs, outputs, bias: false })
    }

    /// `function` on each of `size` features.
    pub fn activation(function: Function, size: usize) -> Self {
        Self::Pointwise(Pointwise { function, size })
    }

    /// The learnable activation [`Raf`] on each of `size` features.
    pub fn raf(start: RafStart, size: usize) -> Self {
        Self::Raf(DynParametric { function: Raf { start }, size })
    }

    /// Sizes, and lengths of cache and workspace; the same for every scalar.
    pub fn shape(&self) -> Shape {
        Network::<f64>::shape(self)
    }
}

macro_rules! with_layer {
    ($self:ident, $net:ident => $body:expr) => {
        match $self {
            DynLayer::Affine($net) => $body,
            DynLayer::Pointwise($net) => $body,
            DynLayer::Raf($net) => $body,
            DynLayer::Euler(EulerBlock { run: $net, .. }) => $body,
            DynLayer::Antisymmetric(AntisymmetricBlock { run: $net, .. }) => $body,
        }
    };
}

super::delegate_network!(DynLayer, with_layer);

/// Residual blocks become finer; all else stays.
impl Refine for DynLayer {
    fn refined(&self) -> Self {
        match self {
            Self::Affine(_) | Self::Pointwise(_) | Self::Raf(_) => *self,
            Self::Euler(block) => Self::Euler(block.refined()),
            Self::Antisymmetric(block) => Self::Antisymmetric(block.refined()),
        }
    }

    fn prolong<T: Real>(&self, theta: &[T], fine: &mut [T]) -> Result<(), Error> {
        match self {
            Self::Affine(layer) => layer.prolong(theta, fine),
            Self::Pointwise(layer) => layer.prolong(theta, fine),
            Self::Raf(layer) => layer.prolong(theta, fine),
            Self::Euler(block) => block.run.prolong(theta, fine),
            Self::Antisymmetric(block) => block.run.prolong(theta, fine),
        }
    }
}
