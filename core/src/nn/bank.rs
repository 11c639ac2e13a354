//! Banks: many copies of one function of the input, each with parameters of its own.
//!
//! ```text
//! zₖⱼ = f(θₖ, xⱼ),   f: ℝᴾ × ℝᴵ → ℝ,   θ = [θ₁; …; θ_M], P numbers each
//! ```
//! Exponentials, Gaussians with centre and width, resonances, a neuron with something done to it such as a differential
//! operator: in most separable models of the classical kind a parameter enters one feature. [`FunctionModel`](super::FunctionModel)
//! does not know that and differentiates all M features in all M·P directions; here each is differentiated in its own P.
//!
//! `forward` runs f once a feature on a dual number of P directions and keeps the slopes, M·P numbers a sample; `jvp` and `vjp`
//! multiply by them. What belongs to X is not kept, as there.
//!
//! | | evaluations of f a feature and sample | other flops a sample |
//! |---|---|---|
//! | `forward` | 1 on duals of P directions | |
//! | `jvp`, with dX | none; 1 on duals of 1 direction | 2MP; none |
//! | `vjp`, to X too | none; 1 more on duals of I directions | 2MP; 2MI more |
//!
//! Values have the bits of f on plain numbers. NaN and infinities pass through. `ARCHITECTURE.md` has the times of both.

use rand_core::Rng;

use super::function::{along, sample, seed};
use super::network::{check_forward, check_jvp, check_vjp};
use super::{FeatureFunction, Init, Layer, Network, Point, Shape, Size};
use crate::autodiff::Dual;
use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `COUNT` copies of the function `F` with its one feature: θ has COUNT·PARAMS numbers, copy after copy.
///
/// `initialize` writes [`FeatureFunction::start`], drawn anew for each copy, and is [`Error::InvalidOption`] where that is `None`.
/// The shape is [`Shape::bank`]; `work` is empty.
///
/// ```
/// use gaussling_core::nn::{Bank, FeatureFunction, Layer};
/// use gaussling_core::scalar::Real;
///
/// /// exp(−‖x − centre‖²/(2 width²)) on the plane
/// #[derive(Clone, Copy)]
/// struct Bump;
/// impl FeatureFunction<3, 2, 1> for Bump {
///     fn eval<T: Real>(&self, &[u, v, width]: &[T; 3], &[x, y]: &[T; 2]) -> [T; 1] {
///         let square = (x - u) * (x - u) + (y - v) * (y - v);
///         [(-square / (width * width).scale(2.0)).exp()]
///     }
/// }
/// fn sizes<L: Layer>(_: &L) -> (usize, usize) {
///     (L::PARAMS, L::SHAPE.features)
/// }
/// assert_eq!(sizes(&Bank::<_, 3, 2, 20>(Bump)), (60, 20));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bank<F, const PARAMS: usize, const INPUTS: usize, const COUNT: usize>(
    /// The function.
    pub F,
);

/// A bank whose number of copies is known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynBank<F, const PARAMS: usize, const INPUTS: usize> {
    /// The function.
    pub function: F,
    /// Number of copies.
    pub count: usize,
}

impl<F, const P: usize, const I: usize, const M: usize> Layer for Bank<F, P, I, M>
where
    F: FeatureFunction<P, I, 1>,
{
    type In = Size<I>;
    type Out = Size<M>;
    type Run = DynBank<F, P, I>;
    const SHAPE: Shape = Shape::bank(P, I, M);

    #[inline]
    fn run(self) -> Self::Run {
        DynBank { function: self.0, count: M }
    }
}

impl<T: Real, F, const P: usize, const I: usize> Network<T> for DynBank<F, P, I>
where
    F: FeatureFunction<P, I, 1>,
{
    #[inline]
    fn shape(&self) -> Shape {
        const { assert!(P > 0, "copies without parameters would all be the same") }
        Shape::bank(P, I, self.count)
    }

    fn initialize<R: Rng>(&self, _: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", Network::<T>::shape(self).params, theta.len())?;
        for own in theta.as_chunks_mut::<P>().0 {
            let what = "initial parameters from the caller: the feature function has no start of its own";
            *own = self.function.start(rng).ok_or(Error::InvalidOption { what })?.map(T::from_f64);
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
        let mut slopes = cache.as_chunks_mut::<P>().0.iter_mut();
        for (j, z) in z.cols_mut().enumerate() {
            let x = sample::<T, I>(x, j).map(Dual::constant);
            for ((z, own), slopes) in z.iter_mut().zip(parameters).zip(slopes.by_ref()) {
                let [y] = self.function.eval(&seed::<T, P, P>(own, 0), &x);
                (*z, *slopes) = (y.value, y.eps);
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
        let (parameters, _) = point.theta.as_chunks::<P>();
        let (changes, _) = dtheta.as_chunks::<P>();
        let mut slopes = point.cache.as_chunks::<P>().0.iter();
        for (j, dz) in dz.cols_mut().enumerate() {
            if let Some(dx) = dx {
                let x = along(&sample::<T, I>(point.x, j), &sample(dx, j));
                for ((dz, own), change) in dz.iter_mut().zip(parameters).zip(changes) {
                    let [Dual { eps: [slope], .. }] = self.function.eval(&along(own, change), &x);
                    *dz = slope;
                }
                continue;
            }
            for ((dz, change), slopes) in dz.iter_mut().zip(changes).zip(slopes.by_ref()) {
                *dz = T::ZERO;
                slopes.iter().zip(change).for_each(|(&slope, &d)| *dz += slope * d);
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
        let mut slopes = point.cache.as_chunks::<P>().0.iter();
        for j in 0..g.cols() {
            for ((g, own), slopes) in g.col_iter(j).zip(&mut *gradients).zip(slopes.by_ref()) {
                own.iter_mut().zip(slopes).for_each(|(own, &slope)| *own += slope * g);
            }
        }
        let Some(mut gx) = gx else { return Ok(()) };
        let (parameters, _) = point.theta.as_chunks::<P>();
        for (j, gx) in gx.cols_mut().enumerate() {
            let x = seed::<T, I, I>(&sample(point.x, j), 0);
            gx.fill(T::ZERO);
            for (g, own) in g.col_iter(j).zip(parameters) {
                let [y] = self.function.eval(&own.map(Dual::constant), &x);
                gx.iter_mut().zip(&y.eps).for_each(|(gx, &slope)| *gx += slope * g);
            }
        }
        Ok(())
    }
}
