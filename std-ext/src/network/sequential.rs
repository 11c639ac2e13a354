//! [`Sequential`]: layers one after another, as many as are known at run time.

use gaussling_core::nn::{Chain, Evaluate, Init, Network, Point, Refine, Shape, Weights};
use gaussling_core::{Backend, Error, MatMut, MatRef, Real};
use rand_core::Rng;

use super::function::{Function, Pointwise};
use super::layer::DynLayer;
use crate::memory;

/// Most layers of a [`Sequential`]; a residual block counts as one, whatever the number of its steps.
pub const MAX_LAYERS: usize = 256;

/// Most samples that [`Sequential::apply`] computes at once.
pub(crate) const CHUNK: usize = 256;
/// Most numbers in the cache of a chunk of more than one sample: 16 MB.
const CHUNK_CACHE: usize = 1 << 21;

/// Most parameters: what a slice of `f64` can hold.
const MAX_PARAMS: usize = isize::MAX as usize / size_of::<f64>();

/// A network whose layers are known at run time; without layers it is the identity.
///
/// θ holds the layers' parameters one after another, as a tuple of layers does.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    inputs: usize,
    layers: Vec<DynLayer>,
}

impl Sequential {
    /// A network without layers.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when `inputs` is 0.
    pub fn new(inputs: usize) -> Result<Self, Error> {
        check(inputs > 0, "inputs >= 1")?;
        Ok(Self { inputs, layers: Vec::new() })
    }

    /// Appends a layer.
    ///
    /// # Errors
    /// [`Error::Length`] when its inputs are not as many as the features so far; [`Error::InvalidOption`] when it has no
    /// features, or when there would be too many layers or parameters. The network is unchanged then.
    pub fn push(&mut self, layer: DynLayer) -> Result<(), Error> {
        let (expected, shape) = (self.features(), layer.shape());
        if shape.inputs != expected {
            return Err(Error::Length { what: "inputs of the layer", expected, found: shape.inputs });
        }
        check(shape.features > 0, "features >= 1")?;
        check(self.layers.len() < MAX_LAYERS, "layers <= MAX_LAYERS")?;
        check(
            self.shape().params.saturating_add(shape.params) <= MAX_PARAMS,
            "parameters of a size that memory can have",
        )?;
        self.layers.push(layer);
        Ok(())
    }

    /// This network followed by an affine layer with bias: all weights `[θ; vec W]` of a separable model as one network.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn with_output(&self, outputs: usize) -> Result<Self, Error> {
        let mut whole = self.clone();
        whole.push(DynLayer::affine(self.features(), outputs))?;
        Ok(whole)
    }

    /// The network with twice as many steps of half the size in each residual block, for [`prolong`](Self::prolong)ed weights.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when its parameters would not fit in memory.
    ///
    /// ```
    /// use gaussling::network::Sequential;
    /// let coarse = Sequential::parse("dense:4, antisym:3:T=2", 2)?;
    /// let fine = coarse.refined()?;
    /// assert_eq!(fine.to_string(), "affine:4, tanh, antisym:4x5:T=2");
    /// let theta = vec![0.1; coarse.shape().params];
    /// assert_eq!(coarse.prolong(&theta)?.len(), fine.shape().params);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refined(&self) -> Result<Self, Error> {
        let mut fine = Self::new(self.inputs)?;
        for layer in &self.layers {
            fine.push(layer.refined())?;
        }
        check(memory::fits(fine.shape().params), "parameters of a size that memory can have")?;
        Ok(fine)
    }

    /// Weights of the [`refined`](Self::refined) network that describe the same weights over time, by linear interpolation;
    /// see [`Refine`].
    ///
    /// # Errors
    /// [`Error::Length`] when `theta` is not as long as this network's parameters, and those of `refined`.
    pub fn prolong<T: Real>(&self, theta: &[T]) -> Result<Vec<T>, Error> {
        let (expected, found) = (self.shape().params, theta.len());
        if expected != found {
            return Err(Error::Length { what: "theta", expected, found });
        }
        let mut fine = vec![T::ZERO; self.refined()?.shape().params];
        let (mut coarse_rest, mut fine_rest) = (theta, &mut fine[..]);
        for layer in &self.layers {
            let (coarse, fine) = (layer.shape().params, layer.refined().shape().params);
            let (own, fine_own) = (coarse_rest.split_off(..coarse), fine_rest.split_off_mut(..fine));
            layer.prolong(own.unwrap_or_default(), fine_own.unwrap_or_default())?;
        }
        Ok(fine)
    }

    /// Z ← F(θ, X) for any number of samples, a bounded number at a time; the values do not depend on how many.
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::Shape`] for arguments that do not fit.
    pub fn apply<T: Real, B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
    ) -> Result<(), Error> {
        let (shape, samples) = (self.shape(), x.cols());
        if z.cols() != samples {
            return Err(Error::Shape { what: "z", expected: (shape.features, samples), found: z.shape() });
        }
        let chunk = (CHUNK_CACHE / shape.cache.per_sample.max(1)).clamp(1, CHUNK).min(samples);
        let mut cache = vec![T::ZERO; shape.cache.of(chunk)];
        let mut work = vec![T::ZERO; shape.work.of(chunk)];
        for first in (0..samples).step_by(chunk.max(1)) {
            let count = chunk.min(samples - first);
            let z = z.reborrow().columns(first, count)?;
            self.forward(backend, theta, x.columns(first, count)?, z, &mut cache, &mut work)?;
        }
        Ok(())
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[DynLayer] {
        &self.layers
    }

    /// Number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Rows of X.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows of Z.
    pub fn features(&self) -> usize {
        self.layers.last().map_or(self.inputs, |layer| layer.shape().features)
    }

    /// Sizes, and lengths of cache and workspace; the same for every scalar.
    pub fn shape(&self) -> Shape {
        Network::<f64>::shape(self)
    }

    fn tail(&self) -> Tail<'_> {
        Tail { inputs: self.inputs, layers: &self.layers }
    }
}

macro_rules! with_tail {
    ($self:ident, $net:ident => $body:expr) => {{
        let $net = &$self.tail();
        $body
    }};
}

super::delegate_network!(Sequential, with_tail);

/// Some of the last layers: `Chain` of the first of them and the others, as tuples nest.
#[derive(Clone, Copy, Debug)]
struct Tail<'a> {
    inputs: usize,
    layers: &'a [DynLayer],
}

/// What a [`Tail`] computes with.
enum Parts<'a> {
    None(Pointwise),
    One(&'a DynLayer),
    More(Chain<Tail<'a>, Tail<'a>>),
}

impl<'a> Tail<'a> {
    fn parts<T: Real>(&self) -> Result<Parts<'a>, Error> {
        Ok(match self.layers {
            [] => Parts::None(self.identity()),
            [only] => Parts::One(only),
            [first, others @ ..] => {
                let inputs = first.shape().features;
                let first = Tail { inputs: self.inputs, layers: std::slice::from_ref(first) };
                Parts::More(Chain::new::<T>(first, Tail { inputs, layers: others })?)
            }
        })
    }

    fn identity(&self) -> Pointwise {
        Pointwise { function: Function::Identity, size: self.inputs }
    }
}

macro_rules! with_parts {
    ($self:ident, $net:ident => $body:expr) => {
        match &$self.parts::<T>()? {
            Parts::None($net) => $body,
            Parts::One($net) => $body,
            Parts::More($net) => $body,
        }
    };
}

impl<T: Real> Network<T> for Tail<'_> {
    /// From the last layer to the first, as the nested chains add them up; a loop, since it is asked for often.
    fn shape(&self) -> Shape {
        match self.layers {
            [] => Network::<T>::shape(&self.identity()),
            [others @ .., last] => others.iter().rev().fold(last.shape(), |tail, layer| layer.shape().then(tail)),
        }
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        with_parts!(self, net => net.initialize(scheme, rng, theta))
    }

    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        with_parts!(self, net => net.forward(backend, theta, x, z, cache, work))
    }

    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        with_parts!(self, net => net.jvp(backend, point, dtheta, dx, dz, work))
    }

    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        work: &mut [T],
    ) -> Result<(), Error> {
        with_parts!(self, net => net.vjp(backend, point, g, gtheta, gx, work))
    }
}

impl<T: Real> Evaluate<T> for Tail<'_> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        with_parts!(self, net => net.evaluate(backend, theta, x, z, work))
    }
}

fn check(holds: bool, what: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::InvalidOption { what }) }
}
