//! Reverse mode: derivatives of generic functions by one record and one sweep of a [`Tape`].
//!
//! The caller owns the tape and a slice of variables, whatever these hold. A driver wants the tape empty and leaves it empty,
//! so both can be used again at once, in a loop, without new memory. How many nodes a function needs only its run
//! can tell: on a tape that is too short the error names the number, so a first call with no nodes at all is a way to ask.

use super::forward::split_work;
use super::{Dual, MultivariateFunction, Tape, Var, VectorFunction};
use crate::error::{Error, check_length};
use crate::scalar::Real;

/// Writes ∇f(x) to `gradient` and returns f(x); `work` has the length of x.
///
/// Errors: [`Error::Length`], [`Error::Workspace`] for `work`, and [`Error::InvalidOption`] when the tape is not empty, before
/// `f` is called; [`Error::Workspace`] for the tape, with the nodes needed. `gradient` is untouched then.
///
/// ```
/// use gaussling_core::{autodiff::{MultivariateFunction, Node, Tape, Var, gradient_reverse}, scalar::Real};
///
/// struct Rosenbrock;
/// impl MultivariateFunction for Rosenbrock {
///     fn eval<T: Real>(&self, x: &[T]) -> T {
///         x.windows(2).fold(T::ZERO, |sum, x| {
///             sum + (x[1] - x[0] * x[0]).powi(2).scale(100.0) + (T::ONE - x[0]).powi(2)
///         })
///     }
/// }
/// let mut nodes = [Node::EMPTY; 4];
/// let tape = Tape::new(&mut nodes);
/// let (mut work, mut gradient) = ([Var::ZERO; 2], [0.0; 2]);
/// let value = gradient_reverse(&Rosenbrock, &[2.0, 3.0], &mut gradient, &tape, &mut work)?;
/// assert_eq!((value, gradient), (101.0, [802.0, -200.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn gradient_reverse<'t, T: Real>(
    f: &impl MultivariateFunction,
    x: &[T],
    gradient: &mut [T],
    tape: &'t Tape<'t, T>,
    work: &mut [Var<'t, T>],
) -> Result<T, Error> {
    check_length("gradient", x.len(), gradient.len())?;
    let record = Recording::start(tape, x.iter().copied(), 0, work)?;
    let y = f.eval(record.inputs);
    tape.sweep(y)?;
    for (gradient, adjoint) in gradient.iter_mut().zip(tape.adjoints()) {
        *gradient = adjoint;
    }
    Ok(y.primal())
}

/// Writes F(x) to `y` and Jᵀ w to `product`; `work` has length n + m.
///
/// Errors: as [`gradient_reverse`]; `y` and `product` are untouched then.
///
/// ```
/// # use gaussling_core::{autodiff::{Node, Tape, Var, VectorFunction, vjp}, scalar::Real};
/// struct Products; // (x₁ x₂, x₂ x₃)
/// impl VectorFunction for Products {
///     fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
///         y.iter_mut().zip(x.windows(2)).for_each(|(y, x)| *y = x[0] * x[1]);
///     }
/// }
/// let mut nodes = [Node::EMPTY; 5];
/// let tape = Tape::new(&mut nodes);
/// let (mut y, mut product, mut work) = ([0.0; 2], [0.0; 3], [Var::ZERO; 5]);
/// vjp(&Products, &[1.0, 2.0, 3.0], &[1.0, 1.0], &mut y, &mut product, &tape, &mut work)?;
/// assert_eq!((y, product), ([2.0, 6.0], [2.0, 4.0, 2.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn vjp<'t, T: Real>(
    f: &impl VectorFunction,
    x: &[T],
    w: &[T],
    y: &mut [T],
    product: &mut [T],
    tape: &'t Tape<'t, T>,
    work: &mut [Var<'t, T>],
) -> Result<(), Error> {
    check_length("w", y.len(), w.len())?;
    check_length("product", x.len(), product.len())?;
    let record = Recording::start(tape, x.iter().copied(), y.len(), work)?;
    f.eval(record.inputs, record.outputs);
    tape.sweep_weighted(record.outputs, w)?;
    for (y, output) in y.iter_mut().zip(&*record.outputs) {
        *y = output.primal();
    }
    for (product, adjoint) in product.iter_mut().zip(tape.adjoints()) {
        *product = adjoint;
    }
    Ok(())
}

/// Writes ∇f(x) to `gradient`, ∇²f(x) v to `product` and returns f(x), for any number of variables.
///
/// Forward over reverse: the tape records dual numbers x + v ε, so the adjoints are ∇f + ∇²f v ε. `work` has the length of
/// x. Errors: as [`gradient_reverse`]; `gradient` and `product` are untouched then.
///
/// ```
/// # use gaussling_core::{autodiff::{MultivariateFunction, Node, Tape, Var, hessian_vector_product_reverse}, scalar::Real};
/// struct Product; // x₁² x₂
/// impl MultivariateFunction for Product {
///     fn eval<T: Real>(&self, x: &[T]) -> T {
///         x[0] * x[0] * x[1]
///     }
/// }
/// let mut nodes = [Node::EMPTY; 3];
/// let tape = Tape::new(&mut nodes);
/// let (mut gradient, mut product, mut work) = ([0.0; 2], [0.0; 2], [Var::ZERO; 2]);
/// hessian_vector_product_reverse(&Product, &[2.0, 3.0], &[1.0, 1.0], &mut gradient, &mut product, &tape, &mut work)?;
/// assert_eq!((gradient, product), ([12.0, 4.0], [10.0, 4.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn hessian_vector_product_reverse<'t, T: Real>(
    f: &impl MultivariateFunction,
    x: &[T],
    v: &[T],
    gradient: &mut [T],
    product: &mut [T],
    tape: &'t Tape<'t, Dual<T, 1>>,
    work: &mut [Var<'t, Dual<T, 1>>],
) -> Result<T, Error> {
    check_length("v", x.len(), v.len())?;
    check_length("gradient", x.len(), gradient.len())?;
    check_length("product", x.len(), product.len())?;
    let duals = x.iter().zip(v).map(|(&value, &v)| Dual { value, eps: [v] });
    let record = Recording::start(tape, duals, 0, work)?;
    let y = f.eval(record.inputs);
    tape.sweep(y)?;
    for ((gradient, product), adjoint) in gradient.iter_mut().zip(product).zip(tape.adjoints()) {
        *gradient = adjoint.value;
        [*product] = adjoint.eps;
    }
    Ok(y.primal().value)
}

/// Holds a tape that was empty, with the variables as its first nodes, and empties it at its end. What is left in the caller's
/// slice refers to nodes that are gone; the functions are generic in the scalar and can keep none.
struct Recording<'t, 'w, T: Real> {
    tape: &'t Tape<'t, T>,
    inputs: &'w mut [Var<'t, T>],
    outputs: &'w mut [Var<'t, T>],
}

impl<'t, 'w, T: Real> Recording<'t, 'w, T> {
    fn start(
        tape: &'t Tape<'t, T>,
        x: impl ExactSizeIterator<Item = T>,
        m: usize,
        work: &'w mut [Var<'t, T>],
    ) -> Result<Self, Error> {
        let (inputs, outputs) = split_work(work, x.len(), m)?;
        if !tape.is_empty() {
            return Err(Error::InvalidOption { what: "the tape is empty" });
        }
        tape.variables(x, inputs);
        Ok(Self { tape, inputs, outputs })
    }
}

impl<T: Real> Drop for Recording<'_, '_, T> {
    fn drop(&mut self) {
        self.tape.rewind();
    }
}
