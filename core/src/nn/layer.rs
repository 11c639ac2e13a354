//! [`Layer`]: layers whose sizes are part of their types.

use rand_core::Rng;

use super::{Init, Network, Point, Shape};
use crate::backend::Backend;
use crate::error::Error;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// A size as a type, so that the compiler can compare the outputs of one layer with the inputs of the next.
#[derive(Clone, Copy, Debug)]
pub struct Size<const N: usize>;

/// A layer or network whose sizes are part of its type; tuples of layers are layers.
///
/// It only carries sizes and options. The computing is done by its run-time counterpart `Run`, the same code that serves
/// networks described at run time, so both give the same bits. Every `Layer` is a [`Network`].
pub trait Layer: Copy {
    /// `Size<inputs>`
    type In;
    /// `Size<features>`
    type Out;
    /// The counterpart with sizes known at run time.
    type Run;
    /// All sizes and lengths.
    const SHAPE: Shape;
    /// Length of θ: `[T; MyNet::PARAMS]`.
    const PARAMS: usize = Self::SHAPE.params;

    /// The counterpart with sizes known at run time.
    fn run(self) -> Self::Run;
}

impl<T: Real, L: Layer<Run: Network<T>>> Network<T> for L {
    #[inline]
    fn shape(&self) -> Shape {
        L::SHAPE
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        self.run().initialize(scheme, rng, theta)
    }

    #[inline]
    fn forward<B: Backend<T>>(
        &self,
        backend: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        self.run().forward(backend, theta, x, z, cache, work)
    }

    #[inline]
    fn jvp<B: Backend<T>>(
        &self,
        backend: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        self.run().jvp(backend, point, dtheta, dx, dz, work)
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
        self.run().vjp(backend, point, g, gtheta, gx, work)
    }
}

impl<A: Layer, B: Layer<In = A::Out>> Layer for (A, B) {
    type In = A::In;
    type Out = B::Out;
    type Run = super::Chain<A::Run, B::Run>;
    const SHAPE: Shape = A::SHAPE.then(B::SHAPE);

    #[inline]
    fn run(self) -> Self::Run {
        super::Chain::trusted(self.0.run(), self.1.run())
    }
}

/// Longer tuples are pairs of the first layer and the tuple of the others.
macro_rules! tuple_layer {
    ($head:ident . $($tail:ident),+) => {
        impl<$head: Layer, $($tail: Layer),+> Layer for ($head, $($tail),+)
        where
            ($($tail,)+): Layer<In = $head::Out>,
        {
            type In = $head::In;
            type Out = <($($tail,)+) as Layer>::Out;
            type Run = <($head, ($($tail,)+)) as Layer>::Run;
            const SHAPE: Shape = <($head, ($($tail,)+)) as Layer>::SHAPE;

            #[inline]
            #[allow(non_snake_case)]
            fn run(self) -> Self::Run {
                let ($head, $($tail),+) = self;
                ($head, ($($tail,)+)).run()
            }
        }
    };
}

tuple_layer!(A.B, C);
tuple_layer!(A.B, C, D);
tuple_layer!(A.B, C, D, E);
tuple_layer!(A.B, C, D, E, F);
tuple_layer!(A.B, C, D, E, F, G);
tuple_layer!(A.B, C, D, E, F, G, H);
