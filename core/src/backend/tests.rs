//! Rank-one updates and triangular solves on small integers with diagonals ±1 and ±2: every operation is then exact, so results
//! are compared bit for bit, derivatives included.

use super::*;
use crate::autodiff::Dual;
use core::cell::Cell;
use std::vec::Vec;

const SIZES: [usize; 7] = [0, 1, 2, 3, 5, 10, 50];

/// A scalar that can be made of integers and taken apart again.
trait Exact: Real {
    fn from_integers(value: i32, slope: i32) -> Self;
    fn integers(self) -> (f64, f64);
}

impl Exact for f64 {
    fn from_integers(value: i32, _: i32) -> Self {
        Self::from(value)
    }
    fn integers(self) -> (f64, f64) {
        (self, 0.0)
    }
}

impl Exact for f32 {
    fn from_integers(value: i32, _: i32) -> Self {
        value as Self
    }
    fn integers(self) -> (f64, f64) {
        (f64::from(self), 0.0)
    }
}

impl Exact for Dual<f64, 1> {
    fn from_integers(value: i32, slope: i32) -> Self {
        Self { value: f64::from(value), eps: [f64::from(slope)] }
    }
    fn integers(self) -> (f64, f64) {
        (self.value, self.eps[0])
    }
}

/// An integer from −3 to 3, the same for ever; value and slope of element (i, j) of matrix `which`.
fn element<T: Exact>(which: u64, i: usize, j: usize) -> T {
    let mut x = (which << 40 | (i as u64) << 20 | j as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    T::from_integers((x >> 33) as i32 % 7 - 3, (x >> 3) as i32 % 4)
}

fn diagonal<T: Exact>(i: usize) -> T {
    T::from_integers([1, -2, 2, -1][i % 4], i as i32 % 3)
}

/// Column-major elements with `gap` NaN below each column.
fn fill<T: Exact>(rows: usize, cols: usize, gap: usize, f: impl Fn(usize, usize) -> T) -> Vec<T> {
    let nan = T::from_f64(f64::NAN);
    (0..cols)
        .flat_map(|j| (0..rows + gap).map(move |i| (i, j)))
        .map(|(i, j)| if i < rows { f(i, j) } else { nan })
        .collect()
}

/// Same values, same slopes, NaN where NaN is due.
fn assert_same<T: Exact>(found: &[T], expected: &[T], context: &str) {
    assert_eq!(found.len(), expected.len(), "{context}");
    for (index, (&x, &y)) in found.iter().zip(expected).enumerate() {
        let ((x, dx), (y, dy)) = (x.integers(), y.integers());
        assert!((x.is_nan() && y.is_nan()) || (x, dx) == (y, dy), "{context}, element {index}: {x} {dx}, not {y} {dy}");
    }
}

fn ger_agrees_with_the_definition<T: Exact>(scalar: &str) {
    for m in SIZES {
        for n in SIZES {
            for gap in [0, 3] {
                let x: Vec<T> = (0..m).map(|i| element(1, i, 0)).collect();
                let y: Vec<T> = (0..n).map(|j| element(2, 0, j)).collect();
                for alpha in [T::ZERO, T::from_integers(1, 0), T::from_integers(-2, 3)] {
                    let mut a = fill(m, n, gap, |i, j| element::<T>(3, i, j));
                    let expected = fill(m, n, gap, |i, j| element::<T>(3, i, j) + alpha * x[i] * y[j]);
                    Portable.ger(alpha, &x, &y, MatMut::with_leading(&mut a, m, n, m + gap).unwrap()).unwrap();
                    assert_same(&a, &expected, &std::format!("{scalar} {m} x {n}, gap {gap}, alpha {alpha:?}"));
                }
            }
        }
    }
}

#[test]
fn rank_one_updates_are_exact_on_integers() {
    ger_agrees_with_the_definition::<f64>("f64");
    ger_agrees_with_the_definition::<f32>("f32");
    ger_agrees_with_the_definition::<Dual<f64, 1>>("dual");
}

fn solve_gives_the_known_solution_back<T: Exact>(scalar: &str) {
    let nan = T::from_f64(f64::NAN);
    for n in SIZES {
        for p in [0, 1, 3] {
            for triangle in [Triangle::Lower, Triangle::Upper] {
                // NaN in the other triangle: reading it would show.
                let t = |i: usize, j: usize| match i.cmp(&j) {
                    core::cmp::Ordering::Equal => diagonal::<T>(i),
                    order if order.is_gt() == (triangle == Triangle::Lower) => element(4, i, j),
                    _ => nan,
                };
                let inside = |i: usize, j: usize| i == j || (i > j) == (triangle == Triangle::Lower);
                let (columns, rows) = (fill(n, n, 3, t), fill(n, n, 3, |i, j| t(j, i)));
                let mut spread = std::vec![nan; n * (2 * n + 5)];
                for j in 0..n {
                    for i in 0..n {
                        spread[2 * i + j * (2 * n + 5)] = t(i, j);
                    }
                }
                let columns = MatRef::with_strides(&columns, n, n, 1, n + 3).unwrap();
                let rows = MatRef::with_strides(&rows, n, n, 1, n + 3).unwrap().transpose();
                let spread = MatRef::with_strides(&spread, n, n, 2, 2 * n + 5).unwrap();
                let solution = |i: usize, c: usize| element::<T>(5, i, c);
                let right = |i: usize, c: usize| {
                    (0..n).filter(|&j| inside(i, j)).fold(T::ZERO, |sum, j| sum + t(i, j) * solution(j, c))
                };
                let expected = fill(n, p, 2, solution);
                for (strides, view) in [("columns", columns), ("rows", rows), ("neither", spread)] {
                    let mut b = fill(n, p, 2, right);
                    let view_mut = MatMut::with_leading(&mut b, n, p, n + 2).unwrap();
                    Portable.solve_triangular(triangle, view, view_mut).unwrap();
                    assert_same(&b, &expected, &std::format!("{scalar} {triangle:?} n = {n}, p = {p}, {strides}"));
                }
            }
        }
    }
}

#[test]
fn triangular_solves_are_exact_on_integers() {
    solve_gives_the_known_solution_back::<f64>("f64");
    solve_gives_the_known_solution_back::<f32>("f32");
    solve_gives_the_known_solution_back::<Dual<f64, 1>>("dual");
}

#[test]
fn nan_and_infinities_pass_through() {
    let (nan, infinity) = (f64::NAN, f64::INFINITY);
    let mut a = [1.0; 4];
    Portable.ger(0.0, &[infinity, 1.0], &[1.0, 0.0], MatMut::new(&mut a, 2, 2).unwrap()).unwrap();
    assert!(a[0].is_nan() && a[2].is_nan() && (a[1], a[3]) == (1.0, 1.0), "{a:?}"); // 0 · ∞ is NaN also where αy is 0
    let one = [1.0; 9];
    for view in [MatRef::new(&one, 3, 3).unwrap(), MatRef::new(&one, 3, 3).unwrap().transpose()] {
        let mut b = [1.0, nan, 1.0, 1.0, infinity, 1.0];
        Portable.solve_triangular(Triangle::Lower, view, MatMut::new(&mut b, 3, 2).unwrap()).unwrap();
        assert!(b[0] == 1.0 && b[1].is_nan() && b[2].is_nan(), "{b:?}");
        assert!(b[3] == 1.0 && b[4] == infinity && b[5] == -infinity, "{b:?}");
        let mut b = [1.0, nan, 1.0];
        Portable.solve_triangular(Triangle::Upper, view, MatMut::new(&mut b, 3, 1).unwrap()).unwrap();
        assert!(b[0].is_nan() && b[1].is_nan() && b[2] == 1.0, "{b:?}");
    }
}

/// A zero that has a derivative still counts.
#[test]
fn a_zero_factor_keeps_its_derivative() {
    let zero = Dual { value: 0.0, eps: [1.0] };
    let mut a = [Dual::constant(0.0); 1];
    Portable.ger(Dual::constant(2.0), &[Dual::constant(3.0)], &[zero], MatMut::column_vector(&mut a)).unwrap();
    assert_eq!(a[0].eps, [6.0]);
    let one = [Dual::constant(1.0); 4];
    let mut b = [zero, Dual::constant(0.0)];
    let t = MatRef::new(&one, 2, 2).unwrap();
    Portable.solve_triangular(Triangle::Lower, t, MatMut::column_vector(&mut b)).unwrap();
    assert_eq!(b[1].eps, [-1.0]);
}

#[test]
fn misuse_is_refused_before_anything_is_written() {
    let (mut a, one) = ([7.0; 6], [1.0; 6]);
    let length = |what, expected, found| Err(Error::Length { what, expected, found });
    let view = MatMut::new(&mut a, 2, 3).unwrap();
    assert_eq!(Portable.ger(1.0, &one[..3], &one[..3], view), length("x", 2, 3));
    let view = MatMut::new(&mut a, 2, 3).unwrap();
    assert_eq!(Portable.ger(1.0, &one[..2], &one[..2], view), length("y", 3, 2));
    let shape = |what, expected, found| Err(Error::Shape { what, expected, found });
    for triangle in [Triangle::Lower, Triangle::Upper] {
        let mut solve = |t: MatRef<'_, f64>, rows, cols| {
            Portable.solve_triangular(triangle, t, MatMut::new(&mut a[..rows * cols], rows, cols)?)
        };
        assert_eq!(solve(MatRef::new(&one, 2, 3).unwrap(), 3, 1), shape("t", (2, 2), (2, 3)));
        assert_eq!(solve(MatRef::new(&one[..4], 2, 2).unwrap(), 3, 2), shape("b", (2, 2), (3, 2)));
        let singular = [1.0, 1.0, 1.0, -0.0];
        assert_eq!(solve(MatRef::new(&singular, 2, 2).unwrap(), 2, 3), Err(Error::Singular { column: 1 }));
    }
    assert_eq!(a, [7.0; 6]);
}

/// Counts the calls of its vector kernels, which are otherwise the portable ones.
#[derive(Default)]
struct Counting {
    axpy: Cell<usize>,
    dot: Cell<usize>,
}

impl Backend<f64> for Counting {
    fn axpy(&self, alpha: f64, x: &[f64], y: &mut [f64]) {
        self.axpy.set(self.axpy.get() + 1);
        Portable.axpy(alpha, x, y);
    }
    fn dot(&self, x: &[f64], y: &[f64]) -> f64 {
        self.dot.set(self.dot.get() + 1);
        Portable.dot(x, y)
    }
}

/// A backend that overrides the vector kernels only has faster matrix kernels, too.
#[test]
fn default_bodies_use_the_vector_kernels_of_the_same_backend() {
    let backend = Counting::default();
    let counts = || (backend.axpy.replace(0), backend.dot.replace(0));
    let (one, mut b) = ([1.0; 9], [1.0; 6]);
    let t = MatRef::new(&one, 3, 3).unwrap();
    backend.ger(1.0, &[1.0; 3], &[1.0; 2], MatMut::new(&mut b, 3, 2).unwrap()).unwrap();
    assert_eq!(counts(), (2, 0));
    backend.solve_triangular(Triangle::Lower, t, MatMut::new(&mut b, 3, 2).unwrap()).unwrap();
    assert_eq!(counts(), (6, 0));
    backend.solve_triangular(Triangle::Upper, t.transpose(), MatMut::new(&mut b, 3, 2).unwrap()).unwrap();
    assert_eq!(counts(), (0, 6));
}

/// Chunks with and without numbers that are not simple, and ends of them: the bits of one number at a time.
#[test]
fn maps_have_the_bits_of_single_evaluations() {
    use crate::autodiff::derivative;
    use crate::nn::{Relu, Sine};
    let mut x: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.7 - 300.0).collect();
    (x[300], x[301], x[600], x[999]) = (1e22, 2e5, 1e9, f64::NAN);
    let (mut y, mut values, mut slopes) = (std::vec![0.0; 1000], std::vec![0.0; 1000], std::vec![0.0; 999]);
    Portable.map(Sine, &x, &mut y);
    Portable.map_with_slope(Sine, &x, &mut values, &mut slopes);
    for (i, &x) in x.iter().enumerate().take(999) {
        let (value, slope) = derivative(Sine, x);
        assert_eq!((y[i].to_bits(), values[i].to_bits()), (value.to_bits(), value.to_bits()), "{x:e}");
        assert_eq!(slopes[i].to_bits(), slope.to_bits(), "{x:e}");
        assert!((value - libm::sin(x)).abs() <= f64::EPSILON, "{x:e}");
    }
    assert!(y[999].is_nan() && values[999] == 0.0, "the shortest slice ends the loop");
    Portable.map(Relu, &x, &mut y);
    assert_eq!((y[0], y[301]), (0.0, 2e5));
}
