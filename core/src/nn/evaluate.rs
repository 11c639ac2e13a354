//! The value alone of one sample: what a device computes with a finished model.
//!
//! `forward` keeps what derivatives need of every layer and step; [`Evaluate`] keeps nothing, so memory is that of the hungriest
//! layer: for eight Runge–Kutta nodes around an antisymmetric layer of 32 features 256 numbers instead of 32 544. The weights
//! may be packed ([`Weights`]); they are unpacked four columns of a matrix at a time and never stand in memory as a whole.
//!
//! With the [`Portable`](crate::Portable) backend and weights of the same value the bits are those of
//! [`Network::forward`] on one sample: sums are added in the same order.
//! Cost: that of `forward` without slopes; packed weights one multiplication more each.

use super::network::Network;
use super::weights::Weights;
use super::{
    Chain, DynActivation, DynAffine, DynAntisymmetric, DynBank, DynEuler, DynParametric, DynRk4, FeatureFunction,
    Layer, ParametricFunction, SampleBySample, Shape, antisymmetric, rk4,
};
use crate::autodiff::ScalarFunction;
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Networks whose value at one sample needs little memory.
///
/// ```
/// use gaussling_core::nn::{Activation, Affine, Evaluate, Layer, Scaled, Tanh, tanh};
/// use gaussling_core::Portable;
/// type Net = (Affine<2, 1>, Activation<Tanh, 1>);
/// // Three weights in 8 bits each, and their common factor.
/// let theta = Scaled::new(&[100_i8, -50, 0], &[0.01]);
/// let (mut z, mut work) = ([0.0], [0.0; Net::SHAPE.evaluate]);
/// (Affine::<2, 1>, tanh::<1>()).evaluate(&Portable, theta, &[0.5, 1.0], &mut z, &mut work)?;
/// assert_eq!(z, [0.0]); // tanh(1·0.5 − 0.5·1)
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub trait Evaluate<T: Real>: Network<T> {
    /// z ← F(θ, x) for one sample; `work` as long as [`Shape::evaluate`].
    ///
    /// Errors: [`Error::Length`] for θ, x or z, [`Error::Workspace`]; z is unchanged then.
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error>;
}

fn check<T>(shape: Shape, params: usize, x: &[T], z: &[T], work: &[T]) -> Result<(), Error> {
    check_length("theta", shape.params, params)?;
    check_length("x", shape.inputs, x.len())?;
    check_length("features", shape.features, z.len())?;
    check_workspace("work", shape.evaluate, work.len())
}

impl<T: Real, L: Layer<Run: Evaluate<T>>> Evaluate<T> for L {
    #[inline]
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        self.run().evaluate(backend, theta, x, z, work)
    }
}

/// z ← z + K x, K as many rows as z has; `fill` writes the columns of K from a given one on.
fn add_product<T: Real, B: Backend<T>>(
    backend: &B,
    x: &[T],
    z: &mut [T],
    work: &mut [T],
    fill: impl Fn(usize, &mut [T]),
) -> Result<(), Error> {
    let rows = z.len();
    let at_once = Shape::columns_at_once(x.len(), rows);
    for (first, x) in (0..).step_by(at_once.max(1)).zip(x.chunks(at_once.max(1))) {
        let mut rest = &mut *work;
        let columns = take("work", &mut rest, rows * x.len())?;
        fill(first, columns);
        let k = MatRef::new(columns, rows, x.len())?;
        backend.gemm(T::ONE, k, MatRef::column_vector(x), T::ONE, MatMut::column_vector(z))?;
    }
    Ok(())
}

/// z ← z + K x for K of more than one row, column by column: the sums of the portable `gemm`, so its bits, at half its
/// instructions on a Cortex-M4, where finding out which of its ways to go takes as long as a small product.
#[inline(always)]
fn add_columns<T: Real>(k: &[T], x: &[T], z: &mut [T]) {
    let rows = z.len();
    let mut columns = k;
    let (fours, rest) = x.as_chunks::<4>();
    for &[x0, x1, x2, x3] in fours {
        // One check for four columns.
        let Some(four) = columns.split_off(..4 * rows) else { return };
        let ((left, right), (pairs, last)) = (four.split_at(2 * rows), z.as_chunks_mut::<2>());
        let (((a0, b0), (a1, b1)), ((a2, b2), (a3, b3))) = (halves(left, rows), halves(right, rows));
        // Two rows at a time.
        for ((((z, a0), a1), a2), a3) in pairs.iter_mut().zip(a0).zip(a1).zip(a2).zip(a3) {
            let [z0, z1] = *z;
            let ([a00, a01], [a10, a11], [a20, a21], [a30, a31]) = (*a0, *a1, *a2, *a3);
            *z = [
                z0 + ((a00 * x0 + a10 * x1) + (a20 * x2 + a30 * x3)),
                z1 + ((a01 * x0 + a11 * x1) + (a21 * x2 + a31 * x3)),
            ];
        }
        for ((((z, &a0), &a1), &a2), &a3) in last.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
            *z += (a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3);
        }
    }
    for &x in rest {
        let Some(column) = columns.split_off(..rows) else { return };
        z.iter_mut().zip(column).for_each(|(z, &a)| *z += a * x);
    }
}

/// A pair of columns, each as pairs of rows and perhaps a last row.
type Column<'a, T> = (&'a [[T; 2]], &'a [T]);

#[inline(always)]
fn halves<T>(pair: &[T], rows: usize) -> (Column<'_, T>, Column<'_, T>) {
    let (a, b) = pair.split_at(rows.min(pair.len()));
    (a.as_chunks(), b.as_chunks())
}

/// z ← b; zero when there is no b.
fn start<T: Real, W: Weights<T>>(b: W, z: &mut [T]) {
    if b.count() == 0 {
        z.fill(T::ZERO);
    } else {
        b.unpack(z);
    }
}

impl<T: Real> Evaluate<T> for DynAffine {
    // On a device inlined into each layer: its sizes are constants there, and checks and lengths of loops vanish.
    #[cfg_attr(target_os = "none", inline(always))]
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        let (k, b) = theta.divide(self.inputs * self.outputs);
        start(b, z);
        match k.as_plain() {
            Some(k) if cfg!(target_os = "none") && self.outputs > 1 => {
                add_columns(k, x, z);
                Ok(())
            }
            Some(k) => {
                let k = MatRef::new(k, self.outputs, self.inputs)?;
                backend.gemm(T::ONE, k, MatRef::column_vector(x), T::ONE, MatMut::column_vector(z))
            }
            None => {
                let rows = self.outputs;
                add_product(backend, x, z, work, |first, columns| k.divide(first * rows).1.unpack(columns))
            }
        }
    }
}

impl<T: Real> Evaluate<T> for DynAntisymmetric {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        let n = self.size;
        let (a, b) = theta.divide(n * n - n);
        start(b, z);
        // Aᵢⱼ for i ≠ j: the diagonal is left out of each column.
        let element = |i: usize, j: usize| a.at(j * (n - 1) + if i < j { i } else { i.saturating_sub(1) });
        add_product(backend, x, z, work, |first, columns| {
            for (j, column) in (first..).zip(columns.chunks_mut(n.max(1))) {
                for (i, k) in column.iter_mut().enumerate() {
                    *k = if i == j { -T::from_f64(antisymmetric::GAMMA) } else { element(i, j) - element(j, i) };
                }
            }
        })
    }
}

impl<T: Real, F: ScalarFunction> Evaluate<T> for DynActivation<F> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        backend.map(self.function, x, z);
        Ok(())
    }
}

impl<T: Real, F: ParametricFunction<P>, const P: usize> Evaluate<T> for DynParametric<F, P> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        _: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        for (neuron, (z, &x)) in z.iter_mut().zip(x).enumerate() {
            let own = core::array::from_fn(|k| theta.at(neuron * P + k));
            *z = self.function.eval(&own, x);
        }
        Ok(())
    }
}

impl<T: Real, F, const P: usize, const I: usize, const M: usize> Evaluate<T> for SampleBySample<F, P, I, M>
where
    F: FeatureFunction<P, I, M>,
{
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        _: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        let own = core::array::from_fn(|k| theta.at(k));
        let sample = core::array::from_fn(|i| x.at(i));
        copy(&self.function.eval(&own, &sample), z);
        Ok(())
    }
}

impl<T: Real, F: FeatureFunction<P, I, 1>, const P: usize, const I: usize> Evaluate<T> for DynBank<F, P, I> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        _: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        check(Network::<T>::shape(self), theta.count(), x, z, work)?;
        let sample = core::array::from_fn(|i| x.at(i));
        for (copy, z) in z.iter_mut().enumerate() {
            let own = core::array::from_fn(|k| theta.at(copy * P + k));
            [*z] = self.function.eval(&own, &sample);
        }
        Ok(())
    }
}

impl<T: Real, P: Evaluate<T>, Q: Evaluate<T>> Evaluate<T> for Chain<P, Q> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        mut work: &mut [T],
    ) -> Result<(), Error> {
        check(self.shape(), theta.count(), x, z, work)?;
        let first = self.first.shape();
        let (theta1, theta2) = theta.divide(first.params);
        let between = take("work", &mut work, first.features)?;
        self.first.evaluate(backend, theta1, x, between, work)?;
        self.second.evaluate(backend, theta2, between, z, work)
    }
}

/// The weights of step or time node `set`.
fn set_of<T, W: Weights<T>>(theta: W, params: usize, set: usize) -> W {
    theta.divide(set * params).1.divide(params).0
}

impl<T: Real, L: Evaluate<T>> Evaluate<T> for DynEuler<L> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        mut work: &mut [T],
    ) -> Result<(), Error> {
        check(self.shape(), theta.count(), x, z, work)?;
        let layer = self.layer.shape();
        let h = T::from_f64(self.step_size);
        let y = take("work", &mut work, layer.features)?;
        copy(x, y);
        for k in 0..self.steps {
            self.layer.evaluate(backend, set_of(theta, layer.params, k), y, z, work)?;
            for (y, &mut z) in y.iter_mut().zip(&mut *z) {
                *y += h * z;
            }
        }
        copy(y, z);
        Ok(())
    }
}

impl<T: Real, L: Evaluate<T>> Evaluate<T> for DynRk4<L> {
    fn evaluate<B: Backend<T>, W: Weights<T>>(
        &self,
        backend: &B,
        theta: W,
        x: &[T],
        z: &mut [T],
        mut work: &mut [T],
    ) -> Result<(), Error> {
        check(self.shape(), theta.count(), x, z, work)?;
        let layer = self.layer.shape();
        let h = T::from_f64(self.step_size);
        let [y, input, sum] = {
            let y = take("work", &mut work, layer.features)?;
            let input = take("work", &mut work, layer.features)?;
            [y, input, take("work", &mut work, layer.features)?]
        };
        copy(x, y);
        for step in 0..self.steps {
            copy(y, input);
            for (i, ((divisor, factor), set)) in rk4::STAGES.into_iter().zip(rk4::SET).enumerate() {
                self.layer.evaluate(backend, set_of(theta, layer.params, 2 * step + set), input, z, work)?;
                let (divisor, factor) = (T::from_f64(divisor), T::from_f64(factor) * h);
                for (((sum, &mut k), input), &mut y) in sum.iter_mut().zip(&mut *z).zip(&mut *input).zip(&mut *y) {
                    *sum = if i == 0 { k / divisor } else { *sum + k / divisor };
                    *input = y + factor * k;
                }
            }
            for (y, &mut sum) in y.iter_mut().zip(&mut *sum) {
                *y += h * sum;
            }
        }
        copy(y, z);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::add_columns;
    use crate::backend::{Backend, Portable};
    use crate::matrix::MatRef;
    use std::vec::Vec;

    /// The way of microcontrollers.
    #[test]
    fn columns_are_added_with_the_bits_of_gemm() {
        let numbers = |len: usize| (0..len).map(|i| ((i * 7919) % 101) as f32 / 37.0 - 1.3).collect::<Vec<_>>();
        for (rows, cols) in [(2, 1), (2, 4), (3, 5), (10, 32), (32, 9), (7, 11), (5, 0)] {
            let (k, x, before) = (numbers(rows * cols), numbers(cols), numbers(rows));
            let [mut own, mut gemm] = [before.clone(), before];
            add_columns(&k, &x, &mut own);
            Portable.gemv(1.0, MatRef::new(&k, rows, cols).unwrap(), &x, 1.0, &mut gemm).unwrap();
            assert_eq!(own, gemm, "{rows} x {cols}");
        }
    }
}
