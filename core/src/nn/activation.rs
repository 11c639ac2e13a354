//! Activations: one generic function each, applied to every element.
//!
//! The value and the slope come from one evaluation on a dual number in `forward`; `jvp` and `vjp` multiply by the cached
//! slope. A user adds an activation by implementing [`ScalarFunction`] and wrapping it in [`Activation`].

use rand_core::Rng;

use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape, Size};
use crate::autodiff::ScalarFunction;
use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// x
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;
/// tanh x
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanh;
/// 1/(1 + e⁻ˣ)
#[derive(Clone, Copy, Debug, Default)]
pub struct Sigmoid;
/// max(0, x), slope 0 at 0
#[derive(Clone, Copy, Debug, Default)]
pub struct Relu;
/// ln(1 + eˣ)
#[derive(Clone, Copy, Debug, Default)]
pub struct Softplus;
/// sin x
#[derive(Clone, Copy, Debug, Default)]
pub struct Sine;
/// e^(−x²)
#[derive(Clone, Copy, Debug, Default)]
pub struct Gaussian;

impl ScalarFunction for Identity {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        x
    }
}

impl ScalarFunction for Tanh {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        x.tanh()
    }
}

impl ScalarFunction for Sigmoid {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        x.sigmoid()
    }
}

impl ScalarFunction for Relu {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        if x > T::ZERO {
            x
        } else if x <= T::ZERO {
            T::ZERO
        } else {
            x // NaN stays NaN
        }
    }
}

impl ScalarFunction for Softplus {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        x.softplus()
    }
}

impl ScalarFunction for Sine {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        x.sin()
    }
    #[inline]
    fn eval_simple<T: Real>(&self, x: T) -> T {
        x.sin_within()
    }
    #[inline]
    fn is_simple_at<T: Real>(&self, x: T) -> bool {
        x.abs() <= T::from_f64(3000.0)
    }
}

impl ScalarFunction for Gaussian {
    #[inline]
    fn eval<T: Real>(&self, x: T) -> T {
        (-(x * x)).exp()
    }
}

/// The function `F` on each of `N` features.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activation<F, const N: usize>(pub F);

/// An activation layer whose size is known at run time.
#[derive(Clone, Copy, Debug)]
pub struct DynActivation<F> {
    /// The function.
    pub function: F,
    /// Number of features.
    pub size: usize,
}

macro_rules! activation_layers {
    ($($name:ident $function:ident),*) => {
        $(
            #[doc = concat!("The layer [`", stringify!($function), "`] on `N` features.")]
            pub const fn $name<const N: usize>() -> Activation<$function, N> {
                Activation($function)
            }
        )*
    };
}

activation_layers!(tanh Tanh, sigmoid Sigmoid, relu Relu, softplus Softplus, sine Sine, gaussian Gaussian,
    identity Identity);

impl<F: ScalarFunction, const N: usize> Layer for Activation<F, N> {
    type In = Size<N>;
    type Out = Size<N>;
    type Run = DynActivation<F>;
    const SHAPE: Shape = Shape::activation(N);

    #[inline]
    fn run(self) -> DynActivation<F> {
        DynActivation { function: self.0, size: N }
    }
}

impl<T: Real, F: ScalarFunction> Network<T> for DynActivation<F> {
    #[inline]
    fn shape(&self) -> Shape {
        Shape::activation(self.size)
    }

    fn initialize<R: Rng>(&self, _: Init, _: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", 0, theta.len())
    }

    #[inline]
    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check_forward(Network::<T>::shape(self), theta, x, &z, cache, work)?;
        if let (Some(x), Some(z)) = (x.as_contiguous_slice(), z.as_contiguous_mut_slice()) {
            let slopes = cache.get_mut(..z.len()).unwrap_or_default();
            backend.map_with_slope(self.function, x, z, slopes);
            return Ok(());
        }
        let slopes = cache.chunks_exact_mut(self.size.max(1));
        for ((j, z), slope) in z.cols_mut().enumerate().zip(slopes) {
            if x.has_contiguous_cols() {
                backend.map_with_slope(self.function, x.col(j), z, slope);
            } else {
                for ((z, slope), x) in z.iter_mut().zip(slope).zip(x.col_iter(j)) {
                    (*z, *slope) = crate::autodiff::derivative(self.function, x);
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        mut dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        check_jvp(Network::<T>::shape(self), point, dtheta, dx, &dz, work)?;
        match dx {
            Some(dx) => multiply(backend, point.cache, dx, &mut dz),
            None => dz.fill(T::ZERO),
        }
        Ok(())
    }

    #[inline]
    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        work: &mut [T],
    ) -> Result<(), Error> {
        check_vjp(Network::<T>::shape(self), point, g, gtheta, gx.as_ref(), work)?;
        if let Some(mut gx) = gx {
            multiply(backend, point.cache, g, &mut gx);
        }
        Ok(())
    }
}

/// out ← slopes ∘ v
#[inline]
fn multiply<T: Real>(backend: &impl Backend<T>, slopes: &[T], v: MatRef<'_, T>, out: &mut MatMut<'_, T>) {
    if let (Some(v), Some(out)) = (v.as_contiguous_slice(), out.as_contiguous_mut_slice()) {
        backend.run(|| out.iter_mut().zip(v).zip(slopes).for_each(|((out, &v), &slope)| *out = slope * v));
        return;
    }
    let slopes = slopes.chunks_exact(out.rows().max(1));
    for ((j, out), slope) in out.cols_mut().enumerate().zip(slopes) {
        for ((out, v), &slope) in out.iter_mut().zip(v.col_iter(j)).zip(slope) {
            *out = slope * v;
        }
    }
}
