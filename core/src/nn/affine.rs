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
        let beta = start_columns(backend, &mut z, b);
        backend.gemm(T::ONE, k, x, beta, z)
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
        let beta = start_columns(backend, &mut dz, db);
        backend.gemm(T::ONE, dk, point.x, beta, dz.reborrow())?;
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
            add_columns(backend, g, gb);
        }
        match gx {
            Some(gx) => backend.gemm(T::ONE, k.transpose(), g, T::ZERO, gx),
            None => Ok(()),
        }
    }
}

/// Every column of z ← b, to which a product is added with the factor that comes back: 1, or 0 when b is empty (no bias) and z
/// need not be touched.
#[inline]
pub(super) fn start_columns<T: Real>(backend: &impl Backend<T>, z: &mut MatMut<'_, T>, b: &[T]) -> T {
    if b.is_empty() {
        return T::ZERO;
    }
    let rows = z.rows().max(1);
    match z.as_contiguous_mut_slice() {
        Some(z) => backend.run(|| {
            for column in z.chunks_exact_mut(rows) {
                column.iter_mut().zip(b).for_each(|(z, &b)| *z = b);
            }
        }),
        // Not `for_each`, which asks for the number of columns by a division that the compiler cannot show to be safe.
        None => {
            for column in z.cols_mut() {
                column.iter_mut().zip(b).for_each(|(z, &b)| *z = b);
            }
        }
    }
    T::ONE
}

/// b ← b + G 1, four columns at a time: a sum of one after the other would wait for each addition.
pub(super) fn add_columns<T: Real>(backend: &impl Backend<T>, g: MatRef<'_, T>, b: &mut [T]) {
    let rows = g.rows().max(1);
    let Some(g) = g.as_contiguous_slice() else {
        (0..g.cols()).for_each(|j| b.iter_mut().zip(g.col_iter(j)).for_each(|(b, g)| *b += g));
        return;
    };
    backend.run(|| {
        let mut columns = g.chunks_exact(rows);
        for _ in 0..g.len() / rows / 4 {
            let mut next = || columns.next().unwrap_or_default();
            let (g1, g2, g3, g4) = (next(), next(), next(), next());
            for ((((b, &g1), &g2), &g3), &g4) in b.iter_mut().zip(g1).zip(g2).zip(g3).zip(g4) {
                *b += (g1 + g2) + (g3 + g4);
            }
        }
        for column in columns {
            b.iter_mut().zip(column).for_each(|(b, &g)| *b += g);
        }
    });
}
