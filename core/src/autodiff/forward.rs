//! Forward mode: derivatives of generic functions by dual numbers, for arrays and for slices.
//!
//! f(x + Σ vᵢ εᵢ) = f(x) + Σ (f′(x) vᵢ) εᵢ: one evaluation on [`Dual`] numbers of N directions gives N directional
//! derivatives, without truncation error. Values have the bits of the plain evaluation.

use core::array;

use super::{Dual, MultivariateFunction, ScalarFunction, VectorFunction};
use crate::error::{Error, check_length, check_workspace};
use crate::scalar::Real;

/// Value and derivative `(f(x), f′(x))`; the value has the bits of `f.eval(x)`.
///
/// ```
/// use gaussling_core::{Real, autodiff::{ScalarFunction, derivative}};
/// #[derive(Clone, Copy)]
/// struct Reciprocal;
/// impl ScalarFunction for Reciprocal {
///     fn eval<T: Real>(&self, x: T) -> T {
///         T::ONE / x
///     }
/// }
/// assert_eq!(derivative(Reciprocal, 2.0), (0.5, -0.25));
/// ```
#[inline]
pub fn derivative<T: Real>(f: impl ScalarFunction, x: T) -> (T, T) {
    let y = f.eval(Dual::variable(x, 0));
    let [slope] = y.eps;
    (y.value, slope)
}

/// Value and gradient `(f(x), ∇f(x))` in one evaluation on N directions.
///
/// ```
/// use gaussling_core::{autodiff::{MultivariateFunction, gradient}, scalar::Real};
///
/// struct Rosenbrock;
/// impl MultivariateFunction for Rosenbrock {
///     fn eval<T: Real>(&self, x: &[T]) -> T {
///         x.windows(2).fold(T::ZERO, |sum, x| {
///             sum + (x[1] - x[0] * x[0]).powi(2).scale(100.0) + (T::ONE - x[0]).powi(2)
///         })
///     }
/// }
/// assert_eq!(gradient(&Rosenbrock, &[2.0, 3.0]), (101.0, [802.0, -200.0]));
/// ```
#[inline]
pub fn gradient<T: Real, const N: usize>(f: &impl MultivariateFunction, x: &[T; N]) -> (T, [T; N]) {
    let y = f.eval(&variables(x));
    (y.value, y.eps)
}

/// Value and Jacobian `(F(x), J)`; row i of J is the gradient of Fᵢ.
///
/// ```
/// use gaussling_core::{autodiff::{VectorFunction, jacobian}, scalar::Real};
///
/// struct Polar;
/// impl VectorFunction for Polar {
///     fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
///         if let ([x1, x2], [radius, angle]) = (x, y) {
///             *radius = x1.hypot(*x2);
///             *angle = x2.atan2(*x1);
///         }
///     }
/// }
/// let ([radius, _], jacobian) = jacobian(&Polar, &[3.0, 4.0]);
/// assert_eq!((radius, jacobian), (5.0, [[0.6, 0.8], [-0.16, 0.12]]));
/// ```
#[inline]
pub fn jacobian<T: Real, const N: usize, const M: usize>(f: &impl VectorFunction, x: &[T; N]) -> ([T; M], [[T; N]; M]) {
    let mut y = [Dual::ZERO; M];
    f.eval(&variables(x), &mut y);
    (y.map(|y| y.value), y.map(|y| y.eps))
}

/// Value and directional derivative `(F(x), J v)`.
///
/// ```
/// # use gaussling_core::{autodiff::{VectorFunction, jvp}, scalar::Real};
/// struct Products; // (x₁ x₂, x₂ x₃)
/// impl VectorFunction for Products {
///     fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
///         y.iter_mut().zip(x.windows(2)).for_each(|(y, x)| *y = x[0] * x[1]);
///     }
/// }
/// assert_eq!(jvp(&Products, &[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0]), ([2.0, 6.0], [2.0, 2.0]));
/// ```
#[inline]
pub fn jvp<T: Real, const N: usize, const M: usize>(
    f: &impl VectorFunction,
    x: &[T; N],
    v: &[T; N],
) -> ([T; M], [T; M]) {
    let mut y = [Dual::ZERO; M];
    f.eval(&along(x, v), &mut y);
    (y.map(|y| y.value), y.map(|Dual { eps: [product], .. }| product))
}

/// Gradient and Hessian-vector product `(∇f(x), ∇²f(x) v)`, by duals of duals.
///
/// ```
/// # use gaussling_core::{autodiff::{MultivariateFunction, hessian_vector_product}, scalar::Real};
/// struct Product; // x₁² x₂
/// impl MultivariateFunction for Product {
///     fn eval<T: Real>(&self, x: &[T]) -> T {
///         x[0] * x[0] * x[1]
///     }
/// }
/// assert_eq!(hessian_vector_product(&Product, &[2.0, 3.0], &[1.0, 1.0]), ([12.0, 4.0], [10.0, 4.0]));
/// ```
#[inline]
pub fn hessian_vector_product<T: Real, const N: usize>(
    f: &impl MultivariateFunction,
    x: &[T; N],
    v: &[T; N],
) -> ([T; N], [T; N]) {
    let gradient = f.eval(&variables(&along(x, v))).eps;
    (gradient.map(|g| g.value), gradient.map(|Dual { eps: [product], .. }| product))
}

/// Value, gradient and Hessian `(f(x), ∇f(x), ∇²f(x))`, by duals of duals; the Hessian's rows.
///
/// ```
/// # use gaussling_core::{autodiff::{MultivariateFunction, hessian}, scalar::Real};
/// # struct Product; // x₁² x₂
/// # impl MultivariateFunction for Product {
/// #     fn eval<T: Real>(&self, x: &[T]) -> T {
/// #         x[0] * x[0] * x[1]
/// #     }
/// # }
/// // x₁² x₂
/// assert_eq!(hessian(&Product, &[2.0, 3.0]), (12.0, [12.0, 4.0], [[6.0, 4.0], [4.0, 0.0]]));
/// ```
#[inline]
pub fn hessian<T: Real, const N: usize>(f: &impl MultivariateFunction, x: &[T; N]) -> (T, [T; N], [[T; N]; N]) {
    let y = f.eval(&variables(&variables(x)));
    (y.value.value, y.value.eps, y.eps.map(|row| row.eps))
}

/// As [`gradient`] for a number of variables known at run time: C derivatives with each evaluation of `f`. Returns f(x).
///
/// `work` has the length of x. Cost: ⌈n/C⌉ evaluations on duals of C directions; C = 4 or 8 suits most processors. A function
/// of no variables is evaluated once. Errors: [`Error::Length`] and [`Error::Workspace`], before `f` is called.
///
/// ```
/// # use gaussling_core::{Dual, autodiff::{MultivariateFunction, gradient_into}, scalar::Real};
/// struct Product; // x₁² x₂
/// impl MultivariateFunction for Product {
///     fn eval<T: Real>(&self, x: &[T]) -> T {
///         x[0] * x[0] * x[1]
///     }
/// }
/// let (mut gradient, mut work) = ([0.0; 2], [Dual::<_, 4>::ZERO; 2]);
/// let value = gradient_into(&Product, &[2.0, 3.0], &mut gradient, &mut work)?;
/// assert_eq!((value, gradient), (12.0, [12.0, 4.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn gradient_into<T: Real, const C: usize>(
    f: &impl MultivariateFunction,
    x: &[T],
    gradient: &mut [T],
    work: &mut [Dual<T, C>],
) -> Result<T, Error> {
    const { assert!(C > 0, "a chunk has at least one direction") };
    check_length("gradient", x.len(), gradient.len())?;
    let (inputs, _) = split_work(work, x.len(), 0)?;
    let mut chunks = gradient.chunks_mut(C);
    let mut first = 0;
    loop {
        seed_chunk(x, first, inputs);
        let y = f.eval(inputs);
        let Some(chunk) = chunks.next() else { return Ok(y.value) };
        chunk.copy_from_slice(y.eps.get(..chunk.len()).unwrap_or_default());
        first += C;
        if first >= x.len() {
            return Ok(y.value);
        }
    }
}

/// As [`jvp`] for sizes known at run time; `work` has length n + m, for x of length n and y of length m.
///
/// Errors: [`Error::Length`] and [`Error::Workspace`], before `f` is called.
///
/// ```
/// # use gaussling_core::{Dual, autodiff::{VectorFunction, jvp_into}, scalar::Real};
/// struct Products; // (x₁ x₂, x₂ x₃)
/// impl VectorFunction for Products {
///     fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
///         y.iter_mut().zip(x.windows(2)).for_each(|(y, x)| *y = x[0] * x[1]);
///     }
/// }
/// let (mut y, mut product, mut work) = ([0.0; 2], [0.0; 2], [Dual::ZERO; 5]);
/// jvp_into(&Products, &[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0], &mut y, &mut product, &mut work)?;
/// assert_eq!((y, product), ([2.0, 6.0], [2.0, 2.0]));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn jvp_into<T: Real>(
    f: &impl VectorFunction,
    x: &[T],
    v: &[T],
    y: &mut [T],
    product: &mut [T],
    work: &mut [Dual<T, 1>],
) -> Result<(), Error> {
    check_length("v", x.len(), v.len())?;
    check_length("product", y.len(), product.len())?;
    let (inputs, outputs) = split_work(work, x.len(), y.len())?;
    for ((input, &value), &v) in inputs.iter_mut().zip(x).zip(v) {
        *input = Dual { value, eps: [v] };
    }
    f.eval(inputs, outputs);
    for ((y, product), output) in y.iter_mut().zip(product).zip(outputs) {
        *y = output.value;
        [*product] = output.eps;
    }
    Ok(())
}

/// As [`jacobian`] for sizes known at run time: C columns of J with each evaluation of `f`.
///
/// `jacobian` is column-major, y.len() × x.len(), one output a row; `work` has length n + m. Cost: ⌈n/C⌉ evaluations on
/// duals of C directions; C = 4 or 8 suits most processors. A function of no variables is evaluated once.
///
/// Errors: [`Error::Length`] and [`Error::Workspace`], before `f` is called.
///
/// ```
/// # use gaussling_core::{Dual, autodiff::{VectorFunction, jacobian_into}, scalar::Real};
/// struct Products; // (x₁ x₂, x₂ x₃)
/// impl VectorFunction for Products {
///     fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
///         y.iter_mut().zip(x.windows(2)).for_each(|(y, x)| *y = x[0] * x[1]);
///     }
/// }
/// let (mut y, mut jacobian, mut work) = ([0.0; 2], [0.0; 6], [Dual::<_, 2>::ZERO; 5]);
/// jacobian_into(&Products, &[1.0, 2.0, 3.0], &mut y, &mut jacobian, &mut work)?;
/// assert_eq!(jacobian, [2.0, 0.0, 1.0, 3.0, 0.0, 2.0]);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub fn jacobian_into<T: Real, const C: usize>(
    f: &impl VectorFunction,
    x: &[T],
    y: &mut [T],
    jacobian: &mut [T],
    work: &mut [Dual<T, C>],
) -> Result<(), Error> {
    const { assert!(C > 0, "a chunk has at least one column") };
    let m = y.len();
    check_length("jacobian", x.len().saturating_mul(m), jacobian.len())?;
    let (inputs, outputs) = split_work(work, x.len(), m)?;
    let mut columns = jacobian.chunks_exact_mut(m.max(1));
    let mut first = 0;
    loop {
        seed_chunk(x, first, inputs);
        outputs.fill(Dual::ZERO);
        f.eval(inputs, outputs);
        for (direction, column) in columns.by_ref().take(C).enumerate() {
            for (element, output) in column.iter_mut().zip(&*outputs) {
                *element = output.eps.get(direction).copied().unwrap_or(T::ZERO);
            }
        }
        first += C;
        if first >= x.len() {
            break;
        }
    }
    for (y, output) in y.iter_mut().zip(outputs) {
        *y = output.value;
    }
    Ok(())
}

/// Variables `first`, `first + 1`, … get the directions 0, 1, …, all others none.
fn seed_chunk<T: Real, const C: usize>(x: &[T], first: usize, inputs: &mut [Dual<T, C>]) {
    for (j, (input, &value)) in inputs.iter_mut().zip(x).enumerate() {
        // A variable before this chunk wraps to a large direction, which is none.
        *input = Dual::variable(value, j.wrapping_sub(first));
    }
}

/// x + I ε: every element is its own direction.
#[inline]
fn variables<T: Real, const N: usize>(x: &[T; N]) -> [Dual<T, N>; N] {
    array::from_fn(|i| Dual::variable(x.get(i).copied().unwrap_or(T::ZERO), i))
}

/// x + v ε
#[inline]
fn along<T: Real, const N: usize>(x: &[T; N], v: &[T; N]) -> [Dual<T, 1>; N] {
    let mut i = 0;
    x.map(|value| {
        let v = v.get(i).copied().unwrap_or(T::ZERO);
        i += 1;
        Dual { value, eps: [v] }
    })
}

/// Room for the inputs, and for the outputs, which are set to zero.
pub(super) fn split_work<S: Real>(work: &mut [S], n: usize, m: usize) -> Result<(&mut [S], &mut [S]), Error> {
    check_workspace("work", n.saturating_add(m), work.len())?;
    let (inputs, rest) = work.split_at_mut_checked(n).unwrap_or_default();
    let outputs = rest.get_mut(..m).unwrap_or_default();
    outputs.fill(S::ZERO);
    Ok((inputs, outputs))
}
