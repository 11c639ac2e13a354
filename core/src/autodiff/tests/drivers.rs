//! The drivers: against closed forms, against one another, and what they refuse.

use super::{Mlp, Ring, Rosenbrock, numbers};
use crate::autodiff::*;
use crate::error::Error;
use crate::scalar::Real;
use std::vec;

fn close(a: &[f64], b: &[f64], limit: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= limit * f64::EPSILON * b.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn gradients_of_rosenbrock() {
    for n in [0, 1, 2, 3, 100] {
        let x = numbers(n, 11);
        let (mut g, mut work, mut nodes) = (vec![0.0; n], vec![Var::ZERO; n], vec![Node::EMPTY; 4 * n]);
        let tape = Tape::new(&mut nodes);
        let value = gradient_reverse(&Rosenbrock, &x, &mut g, &tape, &mut work).unwrap();
        assert_eq!(value, Rosenbrock.eval(&x));
        close(&g, &Rosenbrock::gradient(&x), 4e3);
        fn chunked<const C: usize>(x: &[f64]) -> (f64, vec::Vec<f64>) {
            let (mut g, mut work) = (vec![7.0; x.len()], vec![Dual::<_, C>::ONE; x.len()]);
            (gradient_into(&Rosenbrock, x, &mut g, &mut work).unwrap(), g)
        }
        for (by_chunks, g) in [chunked::<1>(&x), chunked::<3>(&x), chunked::<8>(&x), chunked::<128>(&x)] {
            assert_eq!(by_chunks, value);
            close(&g, &Rosenbrock::gradient(&x), 4e3);
        }
    }
    assert_eq!(gradient(&Rosenbrock, &[]), (0.0, []));
    close(&gradient(&Rosenbrock, &[-1.2, 1.0]).1, &[-215.6, -88.0], 4.0);
}

#[test]
fn hessian_times_vector_three_ways() {
    for n in [2, 3, 100] {
        let (x, v) = (numbers(n, 1), numbers(n, 2));
        let exact = Rosenbrock::hessian_times(&x, &v);
        let (mut g, mut hv, mut work) = (vec![0.0; n], vec![0.0; n], vec![Var::ZERO; n]);
        let mut nodes = vec![Node::EMPTY; 4 * n];
        let tape = Tape::new(&mut nodes);
        hessian_vector_product_reverse(&Rosenbrock, &x, &v, &mut g, &mut hv, &tape, &mut work).unwrap();
        close(&g, &Rosenbrock::gradient(&x), 4e3);
        close(&hv, &exact, 4e3);
    }
    let (x, v) = ([0.3, -0.8, 1.1], [0.5, -1.0, 2.0]);
    let (g, hv) = hessian_vector_product(&Rosenbrock, &x, &v);
    close(&g, &Rosenbrock::gradient(&x), 1e2);
    close(&hv, &Rosenbrock::hessian_times(&x, &v), 1e2);
    let (value, gradient, rows) = hessian(&Rosenbrock, &x);
    assert_eq!((value, gradient), (Rosenbrock.eval(&x), g));
    close(&rows.map(|row| row.iter().zip(v).map(|(h, v)| h * v).sum::<f64>()), &hv, 1e2);
    let (_, _, rows) = hessian(&Mlp, &core::array::from_fn::<f64, 13, _>(|i| libm::sin(i as f64)));
    for i in 0..13 {
        for j in 0..i {
            assert!((rows[i][j] - rows[j][i]).abs() < 1e-15, "symmetric at {i} {j}");
        }
    }
}

#[test]
fn jacobians_of_every_shape_and_chunk() {
    fn chunks<const C: usize>(n: usize, m: usize, x: &[f64]) -> vec::Vec<f64> {
        let (mut y, mut j, mut work) = (vec![9.0; m], vec![9.0; m * n], vec![Dual::<f64, C>::ONE; n + m]);
        jacobian_into(&Ring, x, &mut y, &mut j, &mut work).unwrap();
        let mut plain = vec![0.0; m];
        Ring.eval(x, &mut plain);
        assert_eq!(y, plain);
        j
    }
    for n in [0, 1, 2, 3, 5, 10] {
        for m in [0, 1, n, n + 1] {
            let x = numbers(n, 5);
            let whole = chunks::<16>(n, m, &x);
            assert_eq!(chunks::<1>(n, m, &x), whole);
            assert_eq!(chunks::<3>(n, m, &x), whole);
            assert_eq!(chunks::<5>(n, m, &x), whole);
            // The same columns as products with unit vectors, the same rows as transposed products.
            let (mut y, mut product) = (vec![0.0; m], vec![0.0; m]);
            for c in 0..n {
                let mut unit = vec![0.0; n];
                unit[c] = 1.0;
                jvp_into(&Ring, &x, &unit, &mut y, &mut product, &mut vec![Dual::ONE; n + m]).unwrap();
                assert_eq!(product, whole[c * m..(c + 1) * m]);
            }
            let (mut work, mut nodes) = (vec![Var::ONE; n + m], vec![Node::EMPTY; 4 * n + 1]);
            let tape = Tape::new(&mut nodes);
            for r in 0..m {
                let (mut unit, mut row) = (vec![0.0; m], vec![0.0; n]);
                unit[r] = 1.0;
                vjp(&Ring, &x, &unit, &mut y, &mut row, &tape, &mut work).unwrap();
                let expected: vec::Vec<f64> = (0..n).map(|c| whole[c * m + r]).collect();
                close(&row, &expected, 2.0);
            }
        }
    }
    let x = [0.3, -0.4];
    let (y, rows) = jacobian::<_, 2, 3>(&Ring, &x);
    assert_eq!((y[0], rows[0], rows[1]), (x[0] * x[1], [-0.4, 0.3], [-0.4, 0.3]));
    assert_eq!(rows[2], [libm::cos(x[0] + x[1]); 2]);
    let (value, product) = jvp::<_, 2, 3>(&Ring, &x, &[1.0, 2.0]);
    assert_eq!(value, y);
    close(&product, &rows.map(|r| r[0] + 2.0 * r[1]), 2.0);
}

/// A function may add to its outputs: every evaluation finds zeros there.
#[test]
fn outputs_start_from_zero() {
    struct Accumulate;
    impl VectorFunction for Accumulate {
        fn eval<T: Real>(&self, x: &[T], y: &mut [T]) {
            for &x in x {
                y[0] += x * x;
            }
        }
    }
    let x = [1.0, 2.0, 3.0];
    let (mut y, mut j, mut product) = ([9.0], [9.0; 3], [9.0; 1]);
    jacobian_into(&Accumulate, &x, &mut y, &mut j, &mut [Dual::<_, 2>::ONE; 4]).unwrap();
    assert_eq!((y, j), ([14.0], [2.0, 4.0, 6.0]));
    jvp_into(&Accumulate, &x, &x, &mut y, &mut product, &mut [Dual::ONE; 4]).unwrap();
    assert_eq!((y, product), ([14.0], [28.0]));
    let (mut nodes, mut row) = ([Node::EMPTY; 5], [0.0; 3]);
    let tape = Tape::new(&mut nodes);
    vjp(&Accumulate, &x, &[2.0], &mut y, &mut row, &tape, &mut [Var::ONE; 4]).unwrap();
    assert_eq!((y, row), ([14.0], [4.0, 8.0, 12.0]));
}

#[test]
fn misuse_is_refused_before_anything_is_written() {
    let (x, v) = ([1.0, 2.0], [1.0, 1.0]);
    let length = |what, expected, found| Err(Error::Length { what, expected, found });
    let short = Err(Error::Workspace { what: "work", needed: 5, found: 4 });
    let (mut y, mut product) = ([7.0; 3], [7.0; 3]);
    let mut duals = [Dual::<f64, 1>::ZERO; 5];
    assert_eq!(jvp_into(&Ring, &x, &v[..1], &mut y, &mut product, &mut duals), length("v", 2, 1));
    assert_eq!(jvp_into(&Ring, &x, &v, &mut y, &mut product[..2], &mut duals), length("product", 3, 2));
    assert_eq!(jvp_into(&Ring, &x, &v, &mut y, &mut product, &mut duals[..4]), short);
    assert_eq!(jacobian_into(&Ring, &x, &mut y, &mut [0.0; 5], &mut duals), length("jacobian", 6, 5));
    assert_eq!(gradient_into(&Rosenbrock, &x, &mut [0.0; 3], &mut duals).err(), length("gradient", 2, 3).err());
    let one_short = gradient_into(&Rosenbrock, &x, &mut [0.0; 2], &mut duals[..1]);
    assert_eq!(one_short, Err(Error::Workspace { what: "work", needed: 2, found: 1 }));
    assert_eq!(jacobian_into(&Ring, &x, &mut y, &mut [0.0; 6], &mut duals[..4]), short);

    let (mut nodes, mut work) = ([Node::EMPTY; 20], [Var::ZERO; 5]);
    let tape = Tape::new(&mut nodes);
    let mut g = [7.0; 2];
    assert_eq!(vjp(&Ring, &x, &v, &mut y, &mut g, &tape, &mut work), length("w", 3, 2));
    assert_eq!(vjp(&Ring, &x, &[1.0; 3], &mut y, &mut product, &tape, &mut work), length("product", 2, 3));
    assert_eq!(vjp(&Ring, &x, &[1.0; 3], &mut y, &mut g, &tape, &mut work[..4]), short);
    assert_eq!(gradient_reverse(&Rosenbrock, &x, &mut product, &tape, &mut work).err(), length("gradient", 2, 3).err());
    let one = Error::Workspace { what: "work", needed: 2, found: 1 };
    assert_eq!(gradient_reverse(&Rosenbrock, &x, &mut g, &tape, &mut work[..1]), Err(one));
    // Whoever records by hand must clear before a driver may use the tape.
    let _mine = tape.variable(1.0);
    let taken = Error::InvalidOption { what: "the tape is empty" };
    assert_eq!(gradient_reverse(&Rosenbrock, &x, &mut g, &tape, &mut work), Err(taken));
    assert_eq!((y, product, g, tape.len()), ([7.0; 3], [7.0; 3], [7.0; 2], 1));

    let mut nodes = [Node::EMPTY; 20];
    let tape = Tape::new(&mut nodes);
    let mut work = [Var::ZERO; 2];
    let mut call = |v: &[f64], g: &mut [f64], hv: &mut [f64]| {
        hessian_vector_product_reverse(&Rosenbrock, &x, v, g, hv, &tape, &mut work).err()
    };
    assert_eq!(call(&v[..1], &mut [0.0; 2], &mut [0.0; 2]), length("v", 2, 1).err());
    assert_eq!(call(&v, &mut [0.0; 1], &mut [0.0; 2]), length("gradient", 2, 1).err());
    assert_eq!(call(&v, &mut [0.0; 2], &mut [0.0; 1]), length("product", 2, 1).err());
    assert_eq!(call(&v, &mut [0.0; 2], &mut [0.0; 2]), None);
}

/// Whatever an earlier call left in the workspace, of whichever tape.
#[test]
fn tape_and_workspace_can_be_used_again() {
    let (mut nodes, mut others, mut work) = ([Node::EMPTY; 20], [Node::EMPTY; 20], [Var::ZERO; 5]);
    let (tape, other) = (Tape::new(&mut nodes), Tape::new(&mut others));
    for tape in [&tape, &tape, &other, &tape] {
        let (mut y, mut product) = ([0.0; 3], [0.0; 2]);
        vjp(&Ring, &[1.0, 2.0], &[1.0; 3], &mut y, &mut product, tape, &mut work).unwrap();
        assert!(tape.is_empty());
        let cos = libm::cos(3.0);
        assert_eq!(product, [4.0 + cos, 2.0 + cos]);
    }
}

#[test]
fn no_number_makes_it_panic() {
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, 1e308, -1e308];
    let (mut nodes, mut dual_nodes) = ([Node::EMPTY; 20], [Node::EMPTY; 20]);
    let (tape, duals) = (Tape::new(&mut nodes), Tape::new(&mut dual_nodes));
    let (mut work, mut dual_work) = ([Var::ZERO; 5], [Var::ZERO; 2]);
    for a in special {
        for b in special {
            let x = [a, b];
            let (value, forward) = gradient(&Rosenbrock, &x);
            let (mut g, mut hv, mut y) = ([0.0; 2], [0.0; 2], [0.0; 3]);
            let found = gradient_reverse(&Rosenbrock, &x, &mut g, &tape, &mut work).unwrap();
            assert!(found.to_bits() == value.to_bits() || (found.is_nan() && value.is_nan()));
            let finite = |g: [f64; 2]| g.iter().all(|g| g.is_finite());
            assert!(!finite(forward) || finite(g), "{a} {b}: {forward:?} {g:?}");
            let _ = hessian(&Rosenbrock, &x);
            let _ = jacobian::<_, 2, 3>(&Ring, &x);
            vjp(&Ring, &x, &[a, b, a], &mut y, &mut g, &tape, &mut work).unwrap();
            hessian_vector_product_reverse(&Rosenbrock, &x, &x, &mut g, &mut hv, &duals, &mut dual_work).unwrap();
        }
    }
}
