//! Componentwise backward error |b − L x| ≤ ratio · n ε |L||x| for all four systems and all kinds of strides.

use super::*;
use crate::linalg::*;
use crate::{Backend, Error, Portable, Triangle};
use core::cell::Cell;

type Solve<T> = fn(MatRef<'_, T>, MatMut<'_, T>) -> Result<(), Error>;

fn routines<T: Real>() -> [(&'static str, bool, bool, Solve<T>); 4] {
    [
        ("lower", true, false, |a, b| solve_lower_in_place(&Portable, a, b)),
        ("lower transposed", true, true, |a, b| solve_lower_transposed_in_place(&Portable, a, b)),
        ("upper", false, false, |a, b| solve_upper_in_place(&Portable, a, b)),
        ("upper transposed", false, true, |a, b| solve_upper_transposed_in_place(&Portable, a, b)),
    ]
}

/// Element (i, j) of a lower triangle.
fn element(kind: &str, i: usize, j: usize, random: f64) -> f64 {
    match kind {
        // Diagonals of 1/2 to 1 keep x representable.
        "random" if i == j => 0.75 + 0.25 * random,
        "random" => 0.5 * random,
        "Kahan" => libm::pow(0.8, j as f64) * if i == j { 1.0 } else { -0.6 },
        "graded" => libm::pow(10.0, -0.2 * j as f64) * if i == j { 1.0 } else { 0.5 * random },
        _ => 1.0 / (i + j + 1) as f64 + if i == j { 0.5 } else { 0.0 },
    }
}

fn run<T: Real>(limits: &mut Limits) {
    for (n, kind) in
        [0, 1, 2, 3, 5, 10, 50].into_iter().flat_map(|n| ["random", "Kahan", "graded", "Hilbert"].map(|kind| (n, kind)))
    {
        for (seed, scale) in [(1, 1.0), (2, scales::<T>()[1]), (3, scales::<T>()[2])] {
            let numbers = Random::new(seed).vector(n * n);
            let b = Dense::<T>::from_fn(n, 3, |i, j| numbers[(i * 7 + j * 11) % (n * n)]);
            for (name, lower, transposed, solve) in routines::<T>() {
                // NaN in the other triangle: reading it would show.
                let element = |i: usize, j: usize| match (i == j, (i > j) == lower) {
                    (false, false) => f64::NAN,
                    _ => scale * element(kind, i.max(j), i.min(j), numbers[i * n + j]),
                };
                let dense = Dense::<T>::from_fn(n, n, element);
                let turned = Dense::<T>::from_fn(n, n, |i, j| element(j, i));
                let mut spread = std::vec![T::ZERO; 2 * n * n + 5 * n + 1];
                for j in 0..n {
                    for i in 0..n {
                        spread[2 * i + j * (2 * n + 5)] = T::from_f64(element(i, j));
                    }
                }
                let spread = MatRef::with_strides(&spread, n, n, 2, 2 * n + 5).unwrap();
                let a = |i: usize, j: usize| {
                    let (i, j) = if transposed { (j, i) } else { (i, j) };
                    if i == j || (i > j) == lower { dense.at(i, j) } else { 0.0 }
                };
                for (strides, view) in
                    [("columns", dense.view()), ("rows", turned.view().transpose()), ("neither", spread)]
                {
                    let mut x = b.clone();
                    solve(view, x.view_mut()).unwrap();
                    assert!(x.gaps_untouched());
                    let context = std::format!("{name}, {kind}, {strides}, n = {n}, scale {scale:e}, seed {seed}");
                    let name = "componentwise |b - Lx| / (n eps |L||x|)";
                    limits.record(name, componentwise::<T>(n, a, &b, |i, column| x.at(i, column)), &context);
                    if lower {
                        continue;
                    }
                    // From the right: X R = B is Rᵀ Xᵀ = Bᵀ.
                    let mut x = Dense::<T>::from_fn(3, n, |i, j| b.at(j, i));
                    if transposed {
                        solve_right_upper_in_place(&Portable, view, x.view_mut()).unwrap();
                    } else {
                        solve_right_upper_transposed_in_place(&Portable, view, x.view_mut()).unwrap();
                    }
                    assert!(x.gaps_untouched());
                    let name = "componentwise |b - xR| / (n eps |x||R|)";
                    limits.record(name, componentwise::<T>(n, a, &b, |i, column| x.at(column, i)), &context);
                }
            }
        }
    }
}

/// The largest |b − A x|ᵢ / (n ε (|A||x|)ᵢ).
fn componentwise<T: Real>(
    n: usize,
    a: impl Fn(usize, usize) -> f64,
    b: &Dense<T>,
    x: impl Fn(usize, usize) -> f64,
) -> f64 {
    let elements = (0..b.cols).flat_map(|column| (0..n).map(move |i| (i, column)));
    elements
        .map(|(i, column)| {
            let sum: f64 = (0..n).map(|j| a(i, j) * x(j, column)).sum();
            let size: f64 = (0..n).map(|j| (a(i, j) * x(j, column)).abs()).sum();
            ratio::<T>((b.at(i, column) - sum).abs(), n, size)
        })
        .fold(0.0, |largest, ratio| if ratio > largest || ratio.is_nan() { ratio } else { largest })
}

#[test]
fn backward_errors_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("componentwise |b - Lx| / (n eps |L||x|)", 2.0),
        ("componentwise |b - xR| / (n eps |x||R|)", 2.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

#[test]
fn a_zero_on_the_diagonal_is_named_and_nothing_is_written() {
    for (_, _, _, solve) in routines::<f64>() {
        let mut a = Dense::<f64>::from_fn(4, 4, |_, _| 1.0);
        a.view_mut().set(2, 2, 0.0);
        a.view_mut().set(3, 3, -0.0);
        let mut b = Dense::from_fn(4, 2, |_, _| 1.0);
        assert_eq!(solve(a.view(), b.view_mut()), Err(Error::Singular { column: 2 }));
        assert!((0..4).all(|i| b.at(i, 1) == 1.0));
    }
}

#[test]
fn shapes_are_checked() {
    let (square, wide) = (Dense::<f64>::from_fn(3, 3, |_, _| 1.0), Dense::<f64>::from_fn(3, 4, |_, _| 1.0));
    for (_, _, _, solve) in routines::<f64>() {
        let mut b = Dense::zeros(4, 1);
        assert_eq!(
            solve(square.view(), b.view_mut()),
            Err(Error::Shape { what: "b", expected: (3, 1), found: (4, 1) })
        );
        assert!(matches!(solve(wide.view(), b.view_mut()), Err(Error::Shape { found: (3, 4), .. })));
        assert_eq!(solve(square.view(), Dense::zeros(3, 0).view_mut()), Ok(()));
    }
    for solve in [solve_right_upper_in_place, solve_right_upper_transposed_in_place] {
        let shape = |expected, found| Err(Error::Shape { what: "r", expected, found });
        assert_eq!(solve(&Portable, square.view(), Dense::zeros(1, 4).view_mut()), shape((4, 4), (3, 3)));
        assert_eq!(solve(&Portable, square.view(), Dense::zeros(1, 2).view_mut()), shape((2, 2), (3, 3)));
        assert_eq!(solve(&Portable, wide.view(), Dense::zeros(1, 3).view_mut()), shape((3, 3), (3, 4)));
        assert_eq!(solve(&Portable, square.view(), Dense::zeros(0, 3).view_mut()), Ok(()));
    }
}

#[test]
fn nan_in_the_right_hand_side_passes_through() {
    let l = Dense::<f64>::from_fn(3, 3, |_, _| 1.0);
    let mut b = Dense::from_fn(3, 1, |i, _| if i == 1 { f64::NAN } else { 1.0 });
    solve_lower_in_place(&Portable, l.view(), b.view_mut()).unwrap();
    assert!(b.at(0, 0) == 1.0 && b.at(1, 0).is_nan() && b.at(2, 0).is_nan());
}

/// Counts the triangular systems that it is given.
#[derive(Default)]
struct Counting(Cell<usize>);

impl Backend<f64> for Counting {
    fn solve_triangular(&self, triangle: Triangle, t: MatRef<'_, f64>, b: MatMut<'_, f64>) -> Result<(), Error> {
        self.0.set(self.0.get() + 1);
        Portable.solve_triangular(triangle, t, b)
    }
}

/// What a backend overrides is what the factorizations use.
#[test]
fn every_solve_from_a_factorization_goes_through_the_backend() {
    let backend = Counting::default();
    let count = || backend.0.replace(0);
    let identity = Dense::<f64>::from_fn(3, 3, |i, j| f64::from(u8::from(i == j)));
    let (a, mut b, mut tau, mut work) = (identity.clone(), Dense::from_fn(3, 1, |_, _| 0.25), [0.0; 3], [0.0; 6]);
    for solve in [
        solve_lower_in_place::<f64>,
        solve_lower_transposed_in_place,
        solve_upper_in_place,
        solve_upper_transposed_in_place,
    ] {
        solve(&backend, a.view(), b.view_mut()).unwrap();
        assert_eq!(count(), 1);
    }
    cholesky_solve_in_place(&backend, a.view(), b.view_mut()).unwrap();
    assert_eq!(count(), 2);
    cholesky_downdate_in_place(&backend, a.clone().view_mut(), &mut [0.5, 0.0, 0.0], &mut work).unwrap();
    assert_eq!(count(), 1);
    qr_remove_row_in_place(&backend, a.clone().view_mut(), &[0.5, 0.0, 0.0], None, &mut work).unwrap();
    assert_eq!(count(), 1);
    least_squares_in_place(&backend, a.clone().view_mut(), &mut tau, b.view_mut()).unwrap();
    assert_eq!(count(), 1);
    let (mut qr, mut permutation) = (a.clone(), [0; 3]);
    qr_pivoted_in_place(&backend, qr.view_mut(), &mut tau, &mut permutation, &mut work).unwrap();
    qr_pivoted_solve_in_place(&backend, qr.view(), &tau, &permutation, 3, b.view_mut(), &mut work).unwrap();
    assert_eq!(count(), 1);
    let tau_right = [0.0; 3];
    minimum_norm_solve_in_place(&backend, qr.view(), &tau, &tau_right, &permutation, 3, b.view_mut(), &mut work)
        .unwrap();
    assert_eq!(count(), 1);
}
