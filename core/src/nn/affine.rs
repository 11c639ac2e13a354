//! Affine layers Z = K X + b 1ᵀ.
//!
//! θ = [vec K; b], K (outputs × inputs) column by column. With dK, db the parts of dθ and G the cotangent of Z:
//!
//! ```text
//! dZ  = dK X + db 1ᵀ + K dX
//! g_K = G Xᵀ,   g_b = G 1,   g_X = Kᵀ G
//! ```
//! Cost: 2·inputs·outputs·samples flops for the value, twice that for each derivative product. Nothing is cached.

use rand_core::Rng;

use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape, Size};
use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// `IN → OUT` with a bias.
#[derive(Clone, Copy, Debug, Default)]
pub struct Affine<const IN: usize, const OUT: usize>;

/// `IN → OUT` without a bias.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear<const IN: usize, const OUT: usize>;

/// An affine layer whose sizes are known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynAffine {
    /// Rows of X.
    pub inputs: usize,
    /// Rows of Z.
    pub outputs: usize,
    /// Whether there is a b.
    pub bias: bool,
}

impl<const IN: usize, const OUT: usize> Layer for Affine<IN, OUT> {
    type In = Size<IN>;
    type Out = Size<OUT>;
    type Run = DynAffine;
    const SHAPE: Shape = Shape::affine(IN, OUT, true);

    #[inline]
    fn run(self) -> DynAffine {
        DynAffine { inputs: IN, outputs: OUT, bias: true }
    }
}

impl<const IN: usize, const OUT: usize> Layer for Linear<IN, OUT> {
    type In = Size<IN>;
    type Out = Size<OUT>;
    type Run = DynAffine;
    const SHAPE: Shape = Shape::affine(IN, OUT, false);

    #[inline]
    fn run(self) -> DynAffine {
        DynAffine { inputs: IN, outputs: OUT, bias: false }
    }
}

impl DynAffine {
    /// K and b in θ.
    #[inline]
    fn split<'a, T: Copy>(&self, theta: &'a [T]) -> Result<(MatRef<'a, T>, &'a [T]), Error> {
        let weights = (self.inputs * self.outputs).min(theta.len());
        let (k, b) = theta.split_at(weights);
        Ok((MatRef::new(k, self.outputs, self.inputs)?, b))
    }
}

impl<T: Real> Network<T> for DynAffine {
    #[inline]
    fn shape(&self) -> Shape {
        Shape::affine(self.inputs, self.outputs, self.bias)
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", Network::<T>::shape(self).params, theta.len())?;
        let (k, b) = theta.split_at_mut((self.inputs * self.outputs).min(theta.len()));
        scheme.fill(self.inputs, self.outputs, rng, k);
        b.fill(T::ZERO);
        Ok(())
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
        let (k, b) = self.split(theta)?;
        set_columns(&mut z, b);
        backend.gemm(T::ONE, k, x, T::ONE, z)
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
        let (k, _) = self.split(point.theta)?;
        let (dk, db) = self.split(dtheta)?;
        set_columns(&mut dz, db);
        backend.gemm(T::ONE, dk, point.x, T::ONE, dz.reborrow())?;
        match dx {
            Some(dx) => backend.gemm(T::ONE, k, dx, T::ONE, dz),
            None => Ok(()),
        }
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
        let (k, _) = self.split(point.theta)?;
        let (gk, gb) = gtheta.split_at_mut((self.inputs * self.outputs).min(gtheta.len()));
        backend.gemm(T::ONE, g, point.x.transpose(), T::ONE, MatMut::new(gk, self.outputs, self.inputs)?)?;
        if self.bias {
            add_columns(g, gb);
        }
        match gx {
            Some(gx) => backend.gemm(T::ONE, k.transpose(), g, T::ZERO, gx),
            None => Ok(()),
        }
    }
}

/// Every column of z ← b; zero when b is empty (no bias).
pub(super) fn set_columns<T: Real>(z: &mut MatMut<'_, T>, b: &[T]) {
    for column in z.cols_mut() {
        if b.is_empty() {
            column.fill(T::ZERO);
        } else {
            column.iter_mut().zip(b).for_each(|(z, &b)| *z = b);
        }
    }
}

/// b ← b + G 1
pub(super) fn add_columns<T: Real>(g: MatRef<'_, T>, b: &mut [T]) {
    for j in 0..g.cols() {
        b.iter_mut().zip(g.col_iter(j)).for_each(|(b, g)| *b += g);
    }
}
