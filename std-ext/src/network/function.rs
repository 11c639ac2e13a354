//! [`Pointwise`]: an activation layer whose function is chosen at run time.

use gaussling_core::nn::{DynActivation, Gaussian, Identity, Refine, Relu, Sigmoid, Sine, Softplus, Tanh};

/// An activation of the core, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Function {
    /// tanh x
    #[default]
    Tanh,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// max(0, x)
    Relu,
    /// ln(1 + eˣ)
    Softplus,
    /// sin x
    Sine,
    /// e^(−x²)
    Gaussian,
    /// x
    Identity,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Tanh, Self::Sigmoid, Self::Relu, Self::Softplus, Self::Sine, Self::Gaussian, Self::Identity];

    /// The word for it in a description.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Relu => "relu",
            Self::Softplus => "softplus",
            Self::Sine => "sine",
            Self::Gaussian => "gaussian",
            Self::Identity => "identity",
        }
    }

    /// The function of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}

/// A function applied to each of `size` features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointwise {
    /// The function.
    pub function: Function,
    /// Number of features.
    pub size: usize,
}

macro_rules! with_function {
    ($self:ident, $net:ident => $body:expr) => {{
        let size = $self.size;
        match $self.function {
            Function::Tanh => with_function!(Tanh, size, $net => $body),
            Function::Sigmoid => with_function!(Sigmoid, size, $net => $body),
            Function::Relu => with_function!(Relu, size, $net => $body),
            Function::Softplus => with_function!(Softplus, size, $net => $body),
            Function::Sine => with_function!(Sine, size, $net => $body),
            Function::Gaussian => with_function!(Gaussian, size, $net => $body),
            Function::Identity => with_function!(Identity, size, $net => $body),
        }
    }};
    ($function:expr, $size:ident, $net:ident => $body:expr) => {{
        let $net = &DynActivation { function: $function, size: $size };
        $body
    }};
}

super::delegate_network!(Pointwise, with_function);

impl Refine for Pointwise {}
