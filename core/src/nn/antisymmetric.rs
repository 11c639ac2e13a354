//! Antisymmetric affine layers: stable dynamics for residual blocks.
//!
//! ```text
//! Z = K X + b 1ᵀ,   K = A − Aᵀ − γ I
//! ```
//! A (n × n) has a zero diagonal; θ = [off-diagonal elements of A, column by column (n² − n); b (n)]. Both Aᵢⱼ and Aⱼᵢ are
//! parameters. The eigenvalues of K have real part −γ, so y′ = K y neither grows nor decays fast. Source: Haber and Ruthotto,
//! "Stable architectures for deep neural networks" (Inverse Problems 34, 2017), section 4; γ = 1e-4 as in Newman et al.,
//! "Train like a (Var)Pro" (2021). With the cotangent G, M = G Xᵀ: g_A = M − Mᵀ off the diagonal, g_b = G 1, g_X = Kᵀ G.

use rand_core::Rng;

use super::affine::{add_columns, start_columns};
use super::network::{check_forward, check_jvp, check_vjp};
use super::{Init, Layer, Network, Point, Shape, Size};
use crate::backend::Backend;
use crate::error::{Error, check_length, take};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// The diagonal shift γ.
pub(super) const GAMMA: f64 = 1e-4;

/// `N → N` with an antisymmetric matrix and a bias.
#[derive(Clone, Copy, Debug, Default)]
pub struct Antisymmetric<const N: usize>;

/// An antisymmetric layer whose size is known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynAntisymmetric {
    /// Rows of X and of Z.
    pub size: usize,
}

impl<const N: usize> Layer for Antisymmetric<N> {
    type In = Size<N>;
    type Out = Size<N>;
    type Run = DynAntisymmetric;
    const SHAPE: Shape = Shape::antisymmetric(N);

    #[inline]
    fn run(self) -> DynAntisymmetric {
        DynAntisymmetric { size: N }
    }
}

impl DynAntisymmetric {
    /// Off-diagonal elements of A, and b.
    fn split<'a, T>(&self, theta: &'a [T]) -> (&'a [T], &'a [T]) {
        theta.split_at((self.size * self.size - self.size).min(theta.len()))
    }

    /// K ← A − Aᵀ − shift·I
    fn assemble<T: Real>(&self, a: &[T], shift: T, k: &mut [T]) -> Result<(), Error> {
        let n = self.size;
        let (k, _) = MatMut::new(k, n, n)?.into_parts();
        if n < 2 {
            k.fill(-shift);
            return Ok(());
        }
        // Column j of A without its diagonal, and Aⱼᵢ beside each Aᵢⱼ: in the columns before j it is one place up, the diagonal not being there.
        for ((j, column), own) in k.chunks_exact_mut(n).enumerate().zip(a.chunks_exact(n - 1)) {
            let ((above, rest), (own_above, own_below)) = (column.split_at_mut(j), own.split_at(j.min(own.len())));
            let across = a.get(j.saturating_sub(1)..).unwrap_or_default().iter().step_by(n - 1);
            above.iter_mut().zip(own_above).zip(across).for_each(|((k, &upper), &lower)| *k = upper - lower);
            let Some((diagonal, below)) = rest.split_first_mut() else { continue };
            *diagonal = -shift;
            let across = a.get((j + 1) * (n - 1) + j..).unwrap_or_default().iter().step_by(n - 1);
            below.iter_mut().zip(own_below).zip(across).for_each(|((k, &lower), &upper)| *k = lower - upper);
        }
        Ok(())
    }
}

impl<T: Real> Network<T> for DynAntisymmetric {
    #[inline]
    fn shape(&self) -> Shape {
        Shape::antisymmetric(self.size)
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        check_length("theta", Network::<T>::shape(self).params, theta.len())?;
        let (a, b) = theta.split_at_mut((self.size * self.size - self.size).min(theta.len()));
        scheme.fill(self.size, self.size, rng, a);
        b.fill(T::ZERO);
        Ok(())
    }

    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
        mut cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check_forward(Network::<T>::shape(self), theta, x, &z, cache, work)?;
        let (a, b) = self.split(theta);
        let k = take("cache", &mut cache, self.size * self.size)?;
        self.assemble(a, T::from_f64(GAMMA), k)?;
        let beta = start_columns(backend, &mut z, b);
        backend.gemm(T::ONE, MatRef::new(k, self.size, self.size)?, x, beta, z)
    }

    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        mut dz: MatMut<'_, T>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        check_jvp(Network::<T>::shape(self), point, dtheta, dx, &dz, work)?;
        let (da, db) = self.split(dtheta);
        let dk = take("work", &mut work, self.size * self.size)?;
        self.assemble(da, T::ZERO, dk)?;
        let beta = start_columns(backend, &mut dz, db);
        backend.gemm(T::ONE, MatRef::new(dk, self.size, self.size)?, point.x, beta, dz.reborrow())?;
        match dx {
            Some(dx) => backend.gemm(T::ONE, self.matrix(point.cache)?, dx, T::ONE, dz),
            None => Ok(()),
        }
    }

    fn vjp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        mut work: &mut [T],
    ) -> Result<(), Error> {
        check_vjp(Network::<T>::shape(self), point, g, gtheta, gx.as_ref(), work)?;
        let n = self.size;
        let mut m = MatMut::new(take("work", &mut work, n * n)?, n, n)?;
        backend.gemm(T::ONE, g, point.x.transpose(), T::ZERO, m.reborrow())?;
        let m = m.into_ref();
        let (ga, gb) = gtheta.split_at_mut((n * n - n).min(gtheta.len()));
        for (j, ga) in ga.chunks_exact_mut((n - 1).max(1)).enumerate() {
            let (above, below) = ga.split_at_mut(j.min(ga.len()));
            let add = |g: &mut T, (mij, mji): (T, T)| *g += mij - mji;
            let pairs = || m.col_iter(j).zip(m.transpose().col_iter(j));
            above.iter_mut().zip(pairs()).for_each(|(g, pair)| add(g, pair));
            below.iter_mut().zip(pairs().skip(j + 1)).for_each(|(g, pair)| add(g, pair));
        }
        add_columns(backend, g, gb);
        match gx {
            Some(gx) => backend.gemm(T::ONE, self.matrix(point.cache)?.transpose(), g, T::ZERO, gx),
            None => Ok(()),
        }
    }
}

impl DynAntisymmetric {
    /// K in the cache.
    fn matrix<'a, T: Copy>(&self, cache: &'a [T]) -> Result<MatRef<'a, T>, Error> {
        MatRef::with_strides(cache, self.size, self.size, 1, self.size)
    }
}
