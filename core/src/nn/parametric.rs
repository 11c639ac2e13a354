//! Activations with learnable parameters, its own set for each neuron.
//!
//! ```text
//! zₙⱼ = s(pₙ, xₙⱼ),   θ = [p₁; …; p_N], PARAMS numbers each
//! ```
//! s is one generic function ([`ParametricFunction`]); value, ∂s/∂p and ∂s/∂x come from it by dual numbers in `forward`, all at
//! once for up to seven parameters, and `jvp` and `vjp` multiply by the cached slopes:
//!
//! ```text
//! dz = Σₖ ∂s/∂pₖ·dpₖ + ∂s/∂x·dx,   g_p ← g_p + Σⱼ ∂s/∂p·gⱼ,   g_x = ∂s/∂x·g
//! ```
//! Cost: ⌈(PARAMS + 1)/8⌉ dual evaluations an element for the value, 2(PARAMS + 1) flops for each product; the cache holds
//! PARAMS + 1 slopes an element. Source: S. Liang, L. Lyu, C. Wang and H. Yang, "Reproducing activation function for deep
//! learning" (arXiv 2101.04844, 2021), section 2: what each neuron learns is a combination of a few basic functions.

use rand_core::Rng;

use super::function::seed;
use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape, Size, standard_normal, uniform};
use crate::autodiff::Dual;
use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Directions of one dual evaluation: seven parameters and x.
const DIRECTIONS: usize = 8;

/// A function ℝ → ℝ with PARAMS parameters, written once for every scalar.
///
/// ```
/// use gaussling_core::{nn::{Affine, Layer, Parametric, ParametricFunction}, scalar::Real};
/// use rand_core::Rng;
///
/// /// max(x, p x): a slope of its own for negative x
/// #[derive(Clone, Copy)]
/// struct LeakyRelu;
/// impl ParametricFunction<1> for LeakyRelu {
///     fn eval<T: Real>(&self, &[p]: &[T; 1], x: T) -> T {
///         if x > T::ZERO { x } else { p * x }
///     }
///     fn start<R: Rng>(&self, _: &mut R) -> [f64; 1] {
///         [0.25]
///     }
/// }
/// type Net = (Affine<2, 8>, Parametric<LeakyRelu, 1, 8>, Affine<8, 1>);
/// assert_eq!(Net::PARAMS, 24 + 8 + 9);
/// ```
pub trait ParametricFunction<const PARAMS: usize>: Copy {
    /// The value at `x`.
    fn eval<T: Real>(&self, parameters: &[T; PARAMS], x: T) -> T;

    /// Initial parameters of one neuron; called once for each, so that they may differ.
    fn start<R: Rng>(&self, rng: &mut R) -> [f64; PARAMS];
}

/// The sine-polynomial-Gaussian s(x) = a x + b x² + c sin(d x) + e exp(−x²/(2f²)), parameters in this order.
///
/// It can be a line, a parabola, a wave or a bump, so a layer may learn to oscillate where tanh would need many neurons. At
/// f = 0 it is NaN for x = 0, which an optimizer that checks its trial points steps around. [`raf`] makes the layer.
///
/// ```
/// use gaussling_core::nn::{ParametricFunction, Raf};
/// assert_eq!(Raf::default().eval(&[1.0, 2.0, 0.0, 1.0, 5.0, 1.0], 0.0), 5.0);
/// assert_eq!(Raf::default().eval(&[1.0, 2.0, 0.0, 1.0, 0.0, 1.0], 3.0), 21.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raf {
    /// Where its parameters start.
    pub start: RafStart,
}

/// Initial parameters of [`Raf`], as means and standard deviations of normal distributions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RafStart {
    /// a, b ~ N(0, 0.1), c, d, e, f ~ N(1, 0.1): near sin x + exp(−x²/2), for inputs of size about one. Our choice: odd and even
    /// parts, slope 1 at 0, bounded but for the small a and b, so deep networks start as tame as with tanh.
    #[default]
    Regression,
    /// a ~ N(0, 0.1), b ~ N(1, 0.1), c ~ N(2, 0.1), d ~ N(30, 0.001), e ~ N(1, 0.1), f ~ U(0.01, 0.05): what the paper takes for
    /// images over [−1, 1]², with fine detail from the start.
    Image,
}

impl ParametricFunction<6> for Raf {
    #[inline]
    fn eval<T: Real>(&self, &[a, b, c, d, e, f]: &[T; 6], x: T) -> T {
        let u = x / f;
        a * x + b * (x * x) + c * (d * x).sin() + e * (T::from_f64(-0.5) * (u * u)).exp()
    }

    fn start<R: Rng>(&self, rng: &mut R) -> [f64; 6] {
        let mut normal = |mean: f64, deviation: f64| mean + deviation * standard_normal(rng);
        match self.start {
            RafStart::Regression => [0.0, 0.0, 1.0, 1.0, 1.0, 1.0].map(|mean| normal(mean, 0.1)),
            RafStart::Image => {
                let [a, b, c] = [0.0, 1.0, 2.0].map(|mean| normal(mean, 0.1));
                let (d, e) = (normal(30.0, 0.001), normal(1.0, 0.1));
                [a, b, c, d, e, 0.01 + 0.04 * uniform(rng)]
            }
        }
    }
}

/// `F` on each of `N` features, with `PARAMS` parameters for each: θ has N·PARAMS numbers, neuron after neuron.
///
/// `initialize` writes [`ParametricFunction::start`], whatever the scheme. The shape is [`Shape::parametric`]; `work` is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parametric<F, const PARAMS: usize, const N: usize>(pub F);

/// A layer of parametric activations whose size is known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynParametric<F, const PARAMS: usize> {
    /// The function.
    pub function: F,
    /// Number of features.
    pub size: usize,
}

/// The layer [`Raf`] on `N` features, six parameters each.
///
/// ```
/// use gaussling_core::nn::{Affine, Init, Network, raf};
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// let net = (Affine::<1, 4>, raf::<4>());
/// let (mut theta, mut rng) = ([0.0_f64; 8 + 24], Xoshiro256PlusPlus::seed_from_u64(1));
/// net.initialize(Init::He, &mut rng, &mut theta)?;
/// assert!((theta[8 + 3] - 1.0).abs() < 0.5); // d of the first neuron
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub const fn raf<const N: usize>() -> Parametric<Raf, 6, N> {
    Parametric(Raf { start: RafStart::Regression })
}

impl<F: ParametricFunction<P>, const P: usize, const N: usize> Layer for Parametric<F, P, N> {
    type In = Size<N>;
    type Out = Size<N>;
    type Run = DynParametric<F, P>;
    const SHAPE: Shape = Shape::parametric(N, P);

    #[inline]
    fn run(self) -> Self::Run {
        DynParametric { function: self.0, size: N }
    }
}

impl<T: Real, F: ParametricFunction<P>, const P: usize> Network<T> for DynParametric<F, P> {
    #[inline]
    fn shape(&self) -> Shape {
        const { assert!(P > 0, "a function without parameters is a ScalarFunction, and its layer an Activation") }
        Shape::parametric(self.size, P)
    }

    fn initialize<R: Rng>(&self, _: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", Network::<T>::shape(self).params, theta.len())?;
        for own in theta.as_chunks_mut::<P>().0 {
            *own = self.function.start(rng).map(T::from_f64);
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
        let (parameters, _) = theta.as_chunks::<P>();
        let mut slopes = cache.chunks_exact_mut(P + 1);
        for (j, z) in z.cols_mut().enumerate() {
            for (((z, x), own), slopes) in z.iter_mut().zip(x.col_iter(j)).zip(parameters).zip(slopes.by_ref()) {
                *z = self.element(own, x, slopes);
            }
        }
        Ok(())
    }

    fn jvp<B: Backend<T>>(
        &self,
        _: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        mut dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        check_jvp(Network::<T>::shape(self), point, dtheta, dx, &dz, work)?;
        let (changes, _) = dtheta.as_chunks::<P>();
        let mut slopes = point.cache.chunks_exact(P + 1);
        for (j, dz) in dz.cols_mut().enumerate() {
            let mut dx = dx.map(|dx| dx.col_iter(j));
            for ((dz, own), slopes) in dz.iter_mut().zip(changes).zip(slopes.by_ref()) {
                // The slope with respect to x comes last; no dX leaves it out.
                let dx = dx.as_mut().and_then(Iterator::next);
                *dz = T::ZERO;
                slopes.iter().zip(own.iter().copied().chain(dx)).for_each(|(&slope, d)| *dz += slope * d);
            }
        }
        Ok(())
    }

    fn vjp<B: Backend<T>>(
        &self,
        _: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        work: &mut [T],
    ) -> Result<(), Error> {
        check_vjp(Network::<T>::shape(self), point, g, gtheta, gx.as_ref(), work)?;
        let (gradients, _) = gtheta.as_chunks_mut::<P>();
        let mut slopes = point.cache.chunks_exact(P + 1);
        for j in 0..g.cols() {
            for ((g, own), slopes) in g.col_iter(j).zip(&mut *gradients).zip(slopes.by_ref()) {
                own.iter_mut().zip(slopes).for_each(|(own, &slope)| *own += slope * g);
            }
        }
        let Some(mut gx) = gx else { return Ok(()) };
        let mut slopes = point.cache.chunks_exact(P + 1);
        for (j, gx) in gx.cols_mut().enumerate() {
            for ((gx, g), slopes) in gx.iter_mut().zip(g.col_iter(j)).zip(slopes.by_ref()) {
                slopes.last().into_iter().for_each(|&slope| *gx = slope * g);
            }
        }
        Ok(())
    }
}

impl<F, const P: usize> DynParametric<F, P> {
    /// s(p, x); writes ∂s/∂p₁, …, ∂s/∂p_P, ∂s/∂x to `slopes`.
    #[inline]
    fn element<T: Real>(&self, parameters: &[T; P], x: T, slopes: &mut [T]) -> T
    where
        F: ParametricFunction<P>,
    {
        let mut value = x;
        for (first, slopes) in (0..).step_by(DIRECTIONS).zip(slopes.chunks_mut(DIRECTIONS)) {
            // A variable before this chunk wraps to a large direction, which is none.
            let before = 0_usize.wrapping_sub(first);
            let seeded = seed::<T, P, DIRECTIONS>(parameters, before);
            let y = self.function.eval(&seeded, Dual::variable(x, P.wrapping_add(before)));
            slopes.iter_mut().zip(y.eps).for_each(|(slope, derivative)| *slope = derivative);
            value = y.value;
        }
        value
    }
}
