//! Both modes of differentiation, and the checks of derivatives.

use super::{none, numbers};
use gaussling_core::autodiff::check::*;
use gaussling_core::autodiff::*;
use gaussling_core::{Error, Real};

const N: usize = 10;

/// Every elementary function, at arguments in their domains.
fn elementary<T: Real>(x: T) -> T {
    let inside = x.sin() * T::from_f64(0.5);
    let positive = T::ONE + x * x;
    x.exp()
        + x.exp2()
        + x.exp_m1()
        + x.cos()
        + x.tan()
        + x.atan()
        + x.sinh()
        + x.cosh()
        + x.tanh()
        + x.sigmoid()
        + x.softplus()
        + x.sin_within() * x.cos_within()
        + x.asinh()
        + x.erf()
        + positive.sqrt()
        + positive.cbrt()
        + positive.ln()
        + x.abs().ln_1p()
        + positive.log2()
        + positive.log10()
        + positive.acosh()
        + positive.powf(inside)
        + positive.powi(3)
        + positive.recip()
        + inside.asin()
        + inside.acos()
        + inside.atanh()
        + x.atan2(positive)
        + x.hypot(positive)
        + x.max(inside)
        - x.min(inside)
        + inside.copysign(x)
}

/// Rosenbrock's function and its kin.
#[derive(Clone, Copy)]
struct Function;
impl ScalarFunction for Function {
    fn eval<T: Real>(&self, x: T) -> T {
        elementary(x)
    }
}
impl MultivariateFunction for Function {
    fn eval<T: Real>(&self, x: &[T]) -> T {
        x.windows(2).fold(T::ZERO, |sum, x| {
            let (a, b) = (T::ONE - x[0], x[1] - x[0] * x[0]);
            sum + a * a + T::from_f64(100.0) * b * b
        })
    }
}
impl VectorFunction for Function {
    fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
        let last = x[x.len() - 1];
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = elementary(x) * last);
    }
}

fn scale(x: &[f64], y: &mut [f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = 3.0 * x);
}

#[test]
fn forward() {
    let x = [0.3, -0.4, 0.5];
    none("duals of fixed number", || {
        use std::hint::black_box;
        let direction = [1.0, 2.0, -1.0];
        black_box(derivative(Function, Dual::<f64, 2>::variable(0.3, 1) + Dual::constant(1.0)));
        black_box((Function.is_simple_at(0.3), Function.eval_simple(0.3)));
        black_box(gradient(&Function, &x));
        black_box::<([f64; 2], _)>(jacobian(&Function, &x));
        black_box::<([f64; 2], _)>(jvp(&Function, &x, &direction));
        black_box(hessian(&Function, &x));
        black_box(hessian_vector_product(&Function, &x, &direction));
        Ok(())
    });
    let (x, mut y, mut product, mut matrix) = (numbers(N), vec![0.0; N], vec![0.0; N], vec![0.0; N * N]);
    let (mut one, mut four) = (vec![Dual::<f64, 1>::ZERO; 2 * N], vec![Dual::<f64, 4>::ZERO; 2 * N]);
    none("duals of any number", || {
        jvp_into(&Function, &x, &x, &mut y, &mut product, &mut one)?;
        jacobian_into(&Function, &x, &mut y, &mut matrix, &mut four)?;
        gradient_into(&Function, &x, &mut product, &mut four).map(drop)
    });
}

#[test]
fn reverse() {
    let (x, mut y, mut g) = (numbers(N), vec![0.0; N], vec![0.0; N]);
    let (mut nodes, mut twice) = (vec![Node::default(); 500], vec![Node::default(); 500]);
    let tape = Tape::new(&mut nodes);
    let (mut work, mut outputs) = (vec![Var::ZERO; N], vec![Var::ZERO; 2 * N]);
    none("tape", || {
        gradient_reverse(&Function, &x, &mut g, &tape, &mut work)?;
        vjp(&Function, &x, &x, &mut y, &mut g, &tape, &mut outputs)
    });
    let (tape, mut work) = (Tape::new(&mut twice), vec![Var::ZERO; N]);
    none("tape of duals", || {
        hessian_vector_product_reverse(&Function, &x, &x, &mut y, &mut g, &tape, &mut work).map(drop)
    });
    let mut nodes = vec![Node::default(); 20];
    none("tape by hand", || {
        let mut tape = Tape::new(&mut nodes);
        let (a, b) = (tape.variable(2.0), Var::constant(3.0));
        let c = a * b;
        tape.sweep(c)?;
        tape.sweep_weighted(&[a, c], &[1.0, 2.0])?;
        assert!(c.primal() == 6.0 && tape.adjoint(a) == 7.0 && !tape.is_empty() && tape.len() <= tape.capacity());
        tape.clear();
        Ok::<(), Error>(())
    });
}

#[test]
fn checks() {
    let x = numbers(N);
    let mut work = vec![0.0; difference_work_len(N, N)];
    let jv: Vec<f64> = x.iter().map(|x| 3.0 * x).collect();
    let mut products = vec![0.0; dot_product_work_len(N, N)];
    none("checks of derivatives", || {
        directional_difference(scale, &x, &x, &jv, &mut work)?;
        dot_product_test(scale, scale, &x, &x, &mut products)?;
        assert!(taylor_test(scale, &x, &x, &jv, 0.1, &mut work)?.passes());
        Ok(())
    });
}
