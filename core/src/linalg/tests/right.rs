//! X R = B and X Rᵀ = B: componentwise backward error |B − X R| ≤ ratio · k ε |X||R|, row by row.

use super::*;
use crate::linalg::{solve_right_upper_in_place, solve_right_upper_transposed_in_place};
use crate::{Error, Portable};

const NAME: &str = "componentwise |B - XR| / (k eps |X||R|)";

fn solve<T: Real>(transposed: bool, r: MatRef<'_, T>, x: MatMut<'_, T>) -> Result<(), Error> {
    if transposed {
        solve_right_upper_transposed_in_place(&Portable, r, x)
    } else {
        solve_right_upper_in_place(&Portable, r, x)
    }
}

fn run<T: Real>(limits: &mut Limits) {
    let sizes = [0, 1, 2, 3, 5, 10, 50];
    for (m, k) in sizes.into_iter().flat_map(|m| sizes.map(|k| (m, k))) {
        for (seed, scale) in (1..).zip(scales::<T>()) {
            for transposed in [false, true] {
                let mut random = Random::new(seed);
                let numbers = random.vector(k * k);
                // NaN below the diagonal: reading it would show. Diagonals of 1/2 to 1 keep x representable.
                let element = |i: usize, j: usize| match i.cmp(&j) {
                    core::cmp::Ordering::Equal => scale * (0.75 + 0.25 * numbers[i * k + j]),
                    core::cmp::Ordering::Less => scale * 0.5 * numbers[i * k + j],
                    core::cmp::Ordering::Greater => f64::NAN,
                };
                let (r, turned) = (Dense::<T>::from_fn(k, k, element), Dense::from_fn(k, k, |i, j| element(j, i)));
                let right = random.vector(m * k);
                let b = Dense::<T>::from_fn(m, k, |i, j| right[i + j * m]);
                let (mut x, mut other) = (b.clone(), b.clone());
                solve(transposed, r.view(), x.view_mut()).unwrap();
                solve(transposed, turned.view().transpose(), other.view_mut()).unwrap();
                assert!(x.gaps_untouched() && x.view() == other.view(), "the strides of R do not matter");
                let factor = |i: usize, j: usize| {
                    let (i, j) = if transposed { (j, i) } else { (i, j) };
                    if i <= j { r.at(i, j) } else { 0.0 }
                };
                for (i, j) in (0..m).flat_map(|i| (0..k).map(move |j| (i, j))) {
                    let sum: f64 = (0..k).map(|l| x.at(i, l) * factor(l, j)).sum();
                    let size: f64 = (0..k).map(|l| (x.at(i, l) * factor(l, j)).abs()).sum();
                    let context = std::format!("{m} x {k}, transposed {transposed}, scale {scale:e}, seed {seed}");
                    limits.record(NAME, ratio::<T>((b.at(i, j) - sum).abs(), k, size), &context);
                }
            }
        }
    }
}

#[test]
fn backward_errors_stay_below_their_limits() {
    let mut limits = Limits::new(&[(NAME, 2.0)]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

#[test]
fn a_zero_on_the_diagonal_is_named_and_shapes_are_checked() {
    let mut r = Dense::<f64>::from_fn(3, 3, |_, _| 1.0);
    r.view_mut().set(1, 1, 0.0);
    for transposed in [false, true] {
        let mut x = Dense::from_fn(2, 3, |_, _| 1.0);
        assert_eq!(solve(transposed, r.view(), x.view_mut()), Err(Error::Singular { column: 1 }));
        let mut x = Dense::from_fn(3, 2, |_, _| 1.0);
        let error = Error::Shape { what: "r", expected: (2, 2), found: (3, 3) };
        assert_eq!(solve(transposed, r.view(), x.view_mut()), Err(error));
        assert!((0..3).all(|i| x.at(i, 0) == 1.0 && x.at(i, 1) == 1.0));
    }
}

#[test]
fn nan_and_infinities_pass_through_and_stay_in_their_row() {
    let r = Dense::<f64>::from_fn(2, 2, |_, _| 1.0);
    for (transposed, first) in [(false, 0), (true, 1)] {
        let mut x = Dense::from_fn(3, 2, |i, j| if j == first { [f64::NAN, f64::INFINITY, 1.0][i] } else { 1.0 });
        solve(transposed, r.view(), x.view_mut()).unwrap();
        assert!(x.at(0, 0).is_nan() && x.at(0, 1).is_nan());
        assert!(x.at(1, first) == f64::INFINITY && x.at(1, 1 - first) == f64::NEG_INFINITY);
        assert!(x.at(2, first) == 1.0 && x.at(2, 1 - first) == 0.0);
    }
}

/// X(t) R(t) = B(t): the derivative of the product of the solution and the factor is that of B.
#[test]
fn derivatives_fulfil_the_product_rule() {
    use crate::Dual;
    let number = |value, slope| Dual { value, eps: [slope] };
    for transposed in [false, true] {
        let r = [number(2.0, 0.5), number(f64::NAN, f64::NAN), number(-1.0, 0.25), number(4.0, -1.0)];
        let b = [number(3.0, 1.0), number(-5.0, 2.0)];
        let mut x = b;
        solve(transposed, MatRef::new(&r, 2, 2).unwrap(), MatMut::new(&mut x, 1, 2).unwrap()).unwrap();
        let product = if transposed {
            [x[0] * r[0] + x[1] * r[2], x[1] * r[3]]
        } else {
            [x[0] * r[0], x[0] * r[2] + x[1] * r[3]]
        };
        for (p, b) in product.iter().zip(b) {
            assert!((p.value - b.value).abs() < 1e-15 && (p.eps[0] - b.eps[0]).abs() < 1e-15, "{p:?} {b:?}");
        }
    }
}
