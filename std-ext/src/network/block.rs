//! Residual blocks: y′ = σ(K(t) y + b(t)) integrated over the time horizon T.
//!
//! | block | right-hand side | method | sets of weights |
//! |---|---|---|---|
//! | [`EulerBlock`] | affine n → n, then σ | `steps` Euler steps of size T/`steps` | `steps` |
//! | [`AntisymmetricBlock`] | antisymmetric n → n, then σ | `nodes` − 1 steps of size T/(`nodes` − 1), classical Runge–Kutta | 2·`nodes` − 1 |

use gaussling_core::Error;
use gaussling_core::nn::{Chain, DynAffine, DynAntisymmetric, DynEuler, DynRk4, Refine};

use super::function::{Function, Pointwise};

/// Euler steps around an affine layer and an activation.
#[derive(Clone, Copy, Debug)]
pub struct EulerBlock {
    pub(super) run: DynEuler<Chain<DynAffine, Pointwise>>,
    size: usize,
    steps: usize,
    horizon: f64,
    function: Function,
}

impl EulerBlock {
    /// `steps` steps over the time `horizon`, on `size` features.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when a number is 0 or the horizon is not positive and finite.
    pub fn new(size: usize, steps: usize, horizon: f64, function: Function) -> Result<Self, Error> {
        check(size > 0, "size >= 1")?;
        check(steps > 0, "steps >= 1")?;
        check(horizon > 0.0 && horizon.is_finite(), "0 < horizon < infinity")?;
        let affine = DynAffine { inputs: size, outputs: size, bias: true };
        let layer = Chain::new::<f64>(affine, Pointwise { function, size })?;
        let run = DynEuler::new::<f64>(layer, steps, horizon / steps as f64)?;
        Ok(Self { run, size, steps, horizon, function })
    }

    /// The same block with twice as many steps.
    pub(super) fn refined(&self) -> Self {
        Self { run: self.run.refined(), steps: self.steps.saturating_mul(2), ..*self }
    }

    /// Number of features, n.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The time horizon T.
    pub fn horizon(&self) -> f64 {
        self.horizon
    }

    /// The activation σ.
    pub fn function(&self) -> Function {
        self.function
    }
}

/// Two blocks are equal when they are described by the same words.
impl PartialEq for EulerBlock {
    fn eq(&self, other: &Self) -> bool {
        let words = |block: &Self| (block.size, block.steps, block.horizon, block.function);
        words(self) == words(other)
    }
}

/// Runge–Kutta steps around an antisymmetric layer and an activation.
#[derive(Clone, Copy, Debug)]
pub struct AntisymmetricBlock {
    pub(super) run: DynRk4<Chain<DynAntisymmetric, Pointwise>>,
    size: usize,
    nodes: usize,
    horizon: f64,
    function: Function,
}

impl AntisymmetricBlock {
    /// `nodes` time nodes, both ends of `[0, horizon]` among them, on `size` features.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when the size is 0, when there are less than 2 nodes, or when the horizon is not positive and
    /// finite.
    pub fn new(size: usize, nodes: usize, horizon: f64, function: Function) -> Result<Self, Error> {
        check(size > 0, "size >= 1")?;
        check(nodes > 1, "nodes >= 2")?;
        check(horizon > 0.0 && horizon.is_finite(), "0 < horizon < infinity")?;
        let layer = Chain::new::<f64>(DynAntisymmetric { size }, Pointwise { function, size })?;
        let run = DynRk4::new::<f64>(layer, nodes - 1, horizon / (nodes - 1) as f64)?;
        Ok(Self { run, size, nodes, horizon, function })
    }

    /// The same block with twice as many steps: a node more between each two.
    pub(super) fn refined(&self) -> Self {
        Self { run: self.run.refined(), nodes: self.nodes.saturating_mul(2) - 1, ..*self }
    }

    /// Number of features, n.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of time nodes, one more than the steps.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The time horizon T.
    pub fn horizon(&self) -> f64 {
        self.horizon
    }

    /// The activation σ.
    pub fn function(&self) -> Function {
        self.function
    }
}

/// Two blocks are equal when they are described by the same words.
impl PartialEq for AntisymmetricBlock {
    fn eq(&self, other: &Self) -> bool {
        let words = |block: &Self| (block.size, block.nodes, block.horizon, block.function);
        words(self) == words(other)
    }
}

fn check(holds: bool, what: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::InvalidOption { what }) }
}
