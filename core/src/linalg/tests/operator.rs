//! Operators: the dot-product test, lengths, failing products.

use super::*;
use crate::linalg::*;
use crate::{Backend, Error, Portable};

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// ⟨w, A v⟩ = ⟨Aᵀ w, v⟩, what y held before plays no part, wrong lengths are errors.
fn check(mut a: impl LinearOperator<f64>, what: &str) {
    let (m, n) = a.shape();
    let mut random = Random::new(7);
    let (v, w) = (random.vector(n), random.vector(m));
    let (mut av, mut atw) = (std::vec![f64::NAN; m], std::vec![f64::NAN; n]);
    a.apply(&v, &mut av).unwrap();
    a.apply_transpose(&w, &mut atw).unwrap();
    let (left, right) = (dot(&w, &av), dot(&atw, &v));
    assert!((left - right).abs() <= 1e-14 * (m + n) as f64, "{what}: {left} {right}, seed 7");
    let (long, mut long_out) = (std::vec![0.0; m.max(n) + 1], std::vec![0.0; m.max(n) + 1]);
    assert!(a.apply(&long, &mut av).is_err() && a.apply(&v, &mut long_out).is_err(), "{what}");
    assert!(a.apply_transpose(&long, &mut atw).is_err() && a.apply_transpose(&w, &mut long_out).is_err(), "{what}");
}

#[test]
fn products_belong_together() {
    for (m, n) in SHAPES {
        let what = context("random", m, n, 1.0, 3);
        let dense = matrix::<f64>("random", m, n, 1.0, 3);
        let mut a = MatrixOperator { backend: &Portable, matrix: dense.view() };
        check(a, &what);
        check(Transposed(a), &what);
        check(&mut a, &what);
        check(MatrixOperator { backend: &Portable, matrix: dense.view().transpose() }, &what);
        let apply = |x: &[f64], y: &mut [f64]| Portable.gemv(-2.0, dense.view(), x, 0.0, y);
        let apply_transpose = |x: &[f64], y: &mut [f64]| Portable.gemv(-2.0, dense.view().transpose(), x, 0.0, y);
        check(FnOperator { shape: (m, n), apply, apply_transpose }, &what);
        check(Transposed(FnOperator { shape: (m, n), apply, apply_transpose }), &what);
    }
    for n in [0, 1, 5] {
        let apply = |x: &[f64], y: &mut [f64]| {
            y.iter_mut().zip(x).enumerate().for_each(|(i, (y, x))| *y = i as f64 * x);
            Ok(())
        };
        check(SymmetricOperator { n, apply }, "diagonal");
    }
}

/// Aᵀ has the products of A exchanged, and the shape.
#[test]
fn transposed_is_the_transpose() {
    let dense = matrix::<f64>("random", 3, 2, 1.0, 4);
    let mut a = MatrixOperator { backend: &Portable, matrix: dense.view() };
    let mut t = Transposed(a);
    assert_eq!((LinearOperator::<f64>::shape(&a), LinearOperator::<f64>::shape(&t)), ((3, 2), (2, 3)));
    let (x, mut left, mut right) = ([1.0, -2.0, 0.5], [0.0; 2], [0.0; 2]);
    a.apply_transpose(&x, &mut left).unwrap();
    t.apply(&x, &mut right).unwrap();
    assert_eq!(left, right);
    assert!((0..2).all(|j| (left[j] - (0..3).map(|i| dense.at(i, j) * x[i]).sum::<f64>()).abs() < 1e-15));
}

/// An operator's own error ends a solver with that error, in whichever call it comes.
#[test]
fn errors_of_products_pass_through() {
    let failure = Error::InvalidOption { what: "the sensor answers" };
    for fail_at in 0..6 {
        let count = core::cell::Cell::new(0);
        let tick = || {
            count.set(count.get() + 1);
            if count.get() > fail_at { Err(failure) } else { Ok(()) }
        };
        let apply = |x: &[f64], y: &mut [f64]| {
            y.iter_mut().zip(x).enumerate().for_each(|(i, (y, x))| *y = (i + 1) as f64 * x);
            tick()
        };
        let options = LsqrOptions { warm_start: true, tolerance_a: 0.0, tolerance_b: 0.0, ..Default::default() };
        let (mut x, mut work) = ([1.0; 8], [0.0; lsqr_work_len(8, 8)]);
        let mut a = FnOperator { shape: (8, 8), apply, apply_transpose: apply };
        assert_eq!(lsqr(&Portable, &mut a, &[1.0; 8], &mut x, None, &mut work, &options).err(), Some(failure));
        count.set(0);
        let mut h = SymmetricOperator { n: 8, apply };
        let options = ConjugateGradientsOptions { tolerance: 0.0, ..Default::default() };
        let result = conjugate_gradients(&Portable, &mut h, &[1.0; 8], &mut x, &mut work, &options);
        assert_eq!(result.err(), Some(failure));
    }
}

/// y ← 2 A x + 3 y and z ← Aᵀ y in one pass where the backend prefers blocks, by reference too; else nothing is written.
#[test]
fn both_products_at_once() {
    fn both(mut a: impl LinearOperator<f64>) -> (bool, [f64; 2], [f64; 3]) {
        let (mut y, mut z) = ([1.0, -1.0], [7.0; 3]);
        (a.apply_both(2.0, &[1.0, 0.0, -1.0], 3.0, &mut y, &mut z).unwrap(), y, z)
    }
    let dense = Dense::<f64>::from_fn(2, 3, |i, j| (1 + i + 2 * j) as f64); // rows 1 3 5 and 2 4 6
    let mut blocks = MatrixOperator { backend: &Blocks, matrix: dense.view() };
    let (mut plain, expected) =
        (MatrixOperator { backend: &Portable, matrix: dense.view() }, (true, [-5.0, -11.0], [-27.0, -59.0, -91.0]));
    assert_eq!(both(&mut blocks), expected);
    let unchanged = (false, [1.0, -1.0], [7.0; 3]);
    assert_eq!((both(plain), both(&mut plain)), (unchanged, unchanged));
}
