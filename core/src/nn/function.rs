//! Models that are not networks: features written as one function of parameters and one input.
//!
//! ```text
//! zⱼ = f(θ, xⱼ),   f: ℝᴾ × ℝᴵ → ℝᴹ,   for each sample j
//! ```
//! Sums of exponentials, peaks on a baseline, transfer functions: separable problems of the classical kind, whose linear
//! weights the optimizers eliminate as they do a network's last layer. A user writes f once, generic in the scalar
//! ([`FeatureFunction`]); [`FunctionModel`] makes a [`Network`] of it, and a [`Layer`] that composes with others.
//!
//! Derivatives. `forward` runs f on dual numbers, eight directions at a time, and keeps the gradients of all features with
//! respect to θ in the cache; `jvp` and `vjp` are a product with this matrix and with its transpose. Neither runs a dual number
//! or a tape by itself, for three reasons. A second-order step takes one `forward` and then a pair of products for every
//! Krylov vector, all at the same θ: with the gradients kept f is not evaluated again. A tape is as long as the run of f makes
//! it, and `Network` lends workspace of a length known beforehand. And both products are of one matrix, so they are
//! transposes of each other to rounding. The price is a cache of M·P numbers a sample, and that a value costs as much as a
//! derivative. `ARCHITECTURE.md` has the measurement: with a product for each parameter 3 to 5 times as fast as dual numbers and
//! a tape up to 6 parameters, twice at 12, the same at 30. What belongs to X is rarely asked for, as data stay where they are, so it is not
//! kept: a `jvp` with dX evaluates f again, and so does a `vjp` to X.
//!
//! | | evaluations of f a sample | other flops a sample |
//! |---|---|---|
//! | `forward` | ⌈P/8⌉, at least 1, on duals of 8 directions (4 for P ≤ 4) | |
//! | `jvp`, with dX | none; 1 on duals of 1 direction | 2MP; none |
//! | `vjp`, to X too | none; ⌈I/4⌉ more on duals of 4 directions | 2MP; 2MI more |
//!
//! Where all features are of one kind, each with parameters of its own, a [`Bank`](super::Bank) of one does the same for less.
//!
//! Values have the bits of f on plain numbers. NaN and infinities pass through. Source of dual numbers in chunks: J. Revels,
//! M. Lubin and T. Papamarkou, "Forward-mode automatic differentiation in Julia" (arXiv 1607.07892, 2016), section 2.

use core::array;

use rand_core::Rng;

use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape, Size};
use crate::autodiff::Dual;
use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Directions of one dual evaluation where derivatives with respect to X are wanted; inputs are few.
const DIRECTIONS: usize = 4;

/// Features as a function of PARAMS parameters and one sample of INPUTS numbers, written once for every scalar.
///
/// Sizes are array lengths, so that patterns such as `let [amplitude, rate] = *theta` need no checks. Constants of a model
/// go into fields; branch on values only (see [`Real`]).
///
/// ```
/// use gaussling_core::{MatRef, Portable, nn::{FeatureFunction, Tikhonov, model}, scalar::Real};
/// use gaussling_core::optim::{Status, TrustRegion, TrustRegionOptions, VarProLeastSquares};
/// use gaussling_core::optim::{trust_region_work_len, varpro_least_squares_work_len};
///
/// /// e^(−θ₁t), e^(−θ₂t)
/// #[derive(Clone, Copy)]
/// struct Decays;
/// impl FeatureFunction<2, 1, 2> for Decays {
///     fn eval<T: Real>(&self, rates: &[T; 2], &[t]: &[T; 1]) -> [T; 2] {
///         rates.map(|rate| (-rate * t).exp())
///     }
/// }
/// // Data: 3 e^(−t/2) − 2 e^(−3t) + 1 at forty times.
/// let t: [f64; 40] = core::array::from_fn(|j| 0.1 * j as f64);
/// let y = t.map(|t| 3.0 * Real::exp(-0.5 * t) - 2.0 * Real::exp(-3.0 * t) + 1.0);
/// let network = model(Decays);
/// const SHAPE: gaussling_core::nn::Shape = gaussling_core::nn::Shape::function(2, 1, 2);
/// let mut memory = [0.0; varpro_least_squares_work_len(SHAPE, 1, 40)];
/// let (x, c) = (MatRef::new(&t, 1, 40)?, MatRef::new(&y, 1, 40)?);
/// let mut objective =
///     VarProLeastSquares::new(&network, Tikhonov { alpha: 0.0 }, 0.0, &Portable, x, c, &mut memory)?;
/// // Only the rates are searched for; amplitudes and offset follow from them.
/// let options = TrustRegionOptions { krylov_dim: 2, ..TrustRegionOptions::published() };
/// let mut memory = [0.0; 100];
/// assert!(trust_region_work_len(2, &options) <= memory.len());
/// let (mut method, mut rates) = (TrustRegion::new(2, options, &mut memory)?, [1.0, 2.0]);
/// while method.step(&Portable, &mut objective, &mut rates)?.status == Status::Running {}
/// assert!((rates[0] - 0.5).abs() < 1e-6 && (rates[1] - 3.0).abs() < 1e-6, "{rates:?}");
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub trait FeatureFunction<const PARAMS: usize, const INPUTS: usize, const FEATURES: usize>: Copy {
    /// The features of the sample `x`.
    fn eval<T: Real>(&self, theta: &[T; PARAMS], x: &[T; INPUTS]) -> [T; FEATURES];

    /// Parameters to start from, for [`Network::initialize`]. `None`, the default: only the user knows a good start.
    fn start<R: Rng>(&self, _rng: &mut R) -> Option<[f64; PARAMS]> {
        None
    }
}

/// A [`FeatureFunction`] as a network: batches, with products of its Jacobian. [`model`] finds the sizes.
///
/// `initialize` writes what [`FeatureFunction::start`] gives, and is [`Error::InvalidOption`] where that is `None`: the start is
/// the user's to choose then. The shape is [`Shape::function`]; `work` is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct FunctionModel<F, const PARAMS: usize, const INPUTS: usize, const FEATURES: usize>(pub F);

/// `function` as a network, of the sizes that it is written for.
///
/// ```
/// use gaussling_core::nn::{Activation, Affine, FeatureFunction, Layer, Tanh, model, tanh};
/// use gaussling_core::scalar::Real;
/// /// (x/θ, 1 − x/θ): a fraction and its rest
/// #[derive(Clone, Copy)]
/// struct Fraction;
/// impl FeatureFunction<1, 1, 2> for Fraction {
///     fn eval<T: Real>(&self, &[unit]: &[T; 1], &[x]: &[T; 1]) -> [T; 2] {
///         [x / unit, T::ONE - x / unit]
///     }
/// }
/// fn params<L: Layer>(_: &L) -> usize {
///     L::PARAMS
/// }
/// assert_eq!(params(&(model(Fraction), Affine::<2, 3>, tanh::<3>())), 1 + 9);
/// ```
pub const fn model<F, const PARAMS: usize, const INPUTS: usize, const FEATURES: usize>(
    function: F,
) -> FunctionModel<F, PARAMS, INPUTS, FEATURES>
where
    F: FeatureFunction<PARAMS, INPUTS, FEATURES>,
{
    FunctionModel(function)
}

/// What computes a [`FunctionModel`]: f sample by sample.
#[derive(Clone, Copy, Debug)]
pub struct SampleBySample<F, const PARAMS: usize, const INPUTS: usize, const FEATURES: usize> {
    pub(super) function: F,
}

impl<F, const P: usize, const I: usize, const M: usize> Layer for FunctionModel<F, P, I, M>
where
    F: FeatureFunction<P, I, M>,
{
    type In = Size<I>;
    type Out = Size<M>;
    type Run = SampleBySample<F, P, I, M>;
    const SHAPE: Shape = Shape::function(P, I, M);

    #[inline]
    fn run(self) -> Self::Run {
        SampleBySample { function: self.0 }
    }
}

impl<F, const P: usize, const I: usize, const M: usize> SampleBySample<F, P, I, M> {
    /// (∂Z/∂θ)ᵀ in the cache: P rows, and M·samples columns, sample after sample.
    fn jacobian<T: Copy>(cache: &[T], samples: usize) -> Result<MatRef<'_, T>, Error> {
        let columns = M * samples;
        let short = Error::Workspace { what: "cache", needed: columns * P, found: cache.len() };
        MatRef::new(cache.get(..columns * P).ok_or(short)?, P, columns)
    }

    /// f(θ, x); writes the gradient of each feature, one after another, C directions at a time.
    #[inline]
    fn gradients<T: Real, const C: usize>(&self, theta: &[T; P], x: &[T; I], gradients: &mut [T]) -> [T; M]
    where
        F: FeatureFunction<P, I, M>,
    {
        let x = x.map(Dual::constant);
        let mut first = 0;
        loop {
            let y = self.function.eval(&seed::<T, P, C>(theta, 0_usize.wrapping_sub(first)), &x);
            for (gradient, y) in gradients.chunks_exact_mut(P.max(1)).zip(&y) {
                gradient.iter_mut().skip(first).zip(&y.eps).for_each(|(slope, &derivative)| *slope = derivative);
            }
            first += C;
            if first >= P {
                return y.map(|y| y.value);
            }
        }
    }
}

impl<T: Real, F, const P: usize, const I: usize, const M: usize> Network<T> for SampleBySample<F, P, I, M>
where
    F: FeatureFunction<P, I, M>,
{
    #[inline]
    fn shape(&self) -> Shape {
        Shape::function(P, I, M)
    }

    fn initialize<R: Rng>(&self, _: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", P, theta.len())?;
        if P > 0 {
            let what = "initial parameters from the caller: the feature function has no start of its own";
            let start = self.function.start(rng).ok_or(Error::InvalidOption { what })?;
            theta.iter_mut().zip(start).for_each(|(theta, start)| *theta = T::from_f64(start));
        }
        Ok(())
    }

    fn forward<B: Backend<T>>(
        &self,
        _: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check_forward(Network::<T>::shape(self), theta, x, &z, cache, work)?;
        let theta = array(theta)?;
        for (j, z) in z.cols_mut().enumerate() {
            let x = sample(x, j);
            // Columns j·M, …: the gradients of the features of sample j.
            let own = cache.get_mut(M * P * j..M * P * (j + 1)).unwrap_or_default();
            let values =
                if P <= 4 { self.gradients::<T, 4>(theta, &x, own) } else { self.gradients::<T, 8>(theta, &x, own) };
            z.iter_mut().zip(values).for_each(|(z, value)| *z = value);
        }
        Ok(())
    }

    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        mut dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        let samples = check_jvp(Network::<T>::shape(self), point, dtheta, dx, &dz, work)?;
        if let Some(dx) = dx {
            let theta = along(array(point.theta)?, array(dtheta)?);
            for (j, dz) in dz.cols_mut().enumerate() {
                let y = self.function.eval(&theta, &along(&sample(point.x, j), &sample(dx, j)));
                dz.iter_mut().zip(y).for_each(|(dz, Dual { eps: [slope], .. })| *dz = slope);
            }
            return Ok(());
        }
        let jacobian = Self::jacobian(point.cache, samples)?;
        if let Some(dz) = dz.as_contiguous_mut_slice() {
            return backend.gemv(T::ONE, jacobian.transpose(), dtheta, T::ZERO, dz);
        }
        for (j, dz) in dz.cols_mut().enumerate() {
            backend.gemv(T::ONE, jacobian.columns(M * j, M)?.transpose(), dtheta, T::ZERO, dz)?;
        }
        Ok(())
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
        let samples = check_vjp(Network::<T>::shape(self), point, g, gtheta, gx.as_ref(), work)?;
        let jacobian = Self::jacobian(point.cache, samples)?;
        match g.as_contiguous_slice() {
            Some(g) => backend.gemv(T::ONE, jacobian, g, T::ONE, gtheta)?,
            None => {
                for j in 0..samples {
                    let own = jacobian.columns(M * j, M)?;
                    backend.gemv(T::ONE, own, &sample::<T, M>(g, j), T::ONE, gtheta)?;
                }
            }
        }
        let Some(mut gx) = gx else { return Ok(()) };
        let theta = array::<T, P>(point.theta)?.map(Dual::constant);
        for (j, gx) in gx.cols_mut().enumerate() {
            let x = sample::<T, I>(point.x, j);
            for (first, gx) in (0..).step_by(DIRECTIONS).zip(gx.chunks_mut(DIRECTIONS)) {
                let y = self.function.eval(&theta, &seed::<T, I, DIRECTIONS>(&x, 0_usize.wrapping_sub(first)));
                gx.fill(T::ZERO);
                for (y, g) in y.iter().zip(g.col_iter(j)) {
                    gx.iter_mut().zip(&y.eps).for_each(|(gx, &slope)| *gx += slope * g);
                }
            }
        }
        Ok(())
    }
}

/// The slice as the array that the shape check found it to be.
fn array<T, const N: usize>(slice: &[T]) -> Result<&[T; N], Error> {
    slice.try_into().map_err(|_| Error::Length { what: "theta", expected: N, found: slice.len() })
}

/// Column `j` of `x`.
pub(super) fn sample<T: Real, const N: usize>(x: MatRef<'_, T>, j: usize) -> [T; N] {
    let mut sample = [T::ZERO; N];
    sample.iter_mut().zip(x.col_iter(j)).for_each(|(sample, x)| *sample = x);
    sample
}

/// Variables whose directions are `first`, `first` + 1, …; one beyond C, as a wrapped negative one is, is a constant.
pub(super) fn seed<T: Real, const N: usize, const C: usize>(values: &[T; N], first: usize) -> [Dual<T, C>; N] {
    let mut seeded = [Dual::ZERO; N];
    for (i, (seeded, &value)) in seeded.iter_mut().zip(values).enumerate() {
        *seeded = Dual::variable(value, first.wrapping_add(i));
    }
    seeded
}

/// x + v ε
pub(super) fn along<T: Real, const N: usize>(x: &[T; N], v: &[T; N]) -> [Dual<T, 1>; N] {
    array::from_fn(|i| {
        let (value, slope) = (x.get(i), v.get(i));
        Dual { value: value.copied().unwrap_or(T::ZERO), eps: [slope.copied().unwrap_or(T::ZERO)] }
    })
}
