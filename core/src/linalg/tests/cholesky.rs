//! ‖L Lᵀ − A‖ / (n ε ‖A‖) and ‖b − A x‖ / (n ε ‖A‖ ‖x‖), pivots, and what must not be touched.

use super::*;
use crate::linalg::*;
use crate::{Backend, Dual, Error, Matrix, Portable};

/// A positive definite matrix: G Gᵀ + I, or Hilbert's with a shift, or one scaled by D on both sides.
fn definite(kind: &str, n: usize, scale: f64, seed: u64) -> impl Fn(usize, usize) -> f64 {
    let g = Random::new(seed).vector(n * n);
    let kind = String::from(kind);
    move |i, j| {
        let grade = |i: usize| libm::pow(10.0, -6.0 * i as f64 / n as f64);
        let gram: f64 = (0..n).map(|k| g[i + k * n] * g[j + k * n]).sum::<f64>() + f64::from(u8::from(i == j));
        scale
            * match kind.as_str() {
                "Gram" => gram,
                "graded" => gram * grade(i) * grade(j),
                "Hilbert" => 1.0 / (i + j + 1) as f64 + if i == j { 1e-5 } else { 0.0 },
                // Products with their own transposes, moved away from zero as far as f32 can tell.
                "Kahan" => kahan(i, j) + if i == j { 1e-5 } else { 0.0 },
                "Laeuchli" => 1.0 + if i == j { 1e-5 } else { 0.0 },
                _ => f64::from(u8::from(i == j)),
            }
    }
}

/// Element (i, j) of KᵀK for Kahan's matrix K: Σ 0.64^p times 1 on the diagonal of K, −0.6 above it.
pub fn kahan(i: usize, j: usize) -> f64 {
    let factor = |p: usize, i: usize| if p == i { 1.0 } else { -0.6 };
    (0..=i.min(j)).map(|p| libm::pow(0.64, p as f64) * factor(p, i) * factor(p, j)).sum()
}

fn run<T: Real>(backend: &impl Backend<T>, orders: &[usize], limits: &mut Limits) {
    for &n in orders {
        for scale in scales::<T>() {
            for (seed, kind) in ["Gram", "graded", "Hilbert", "Kahan", "Laeuchli", "identity"].into_iter().enumerate() {
                let context = context(kind, n, n, scale, seed as u64);
                let full = definite(kind, n, scale, seed as u64);
                let a = Dense::<T>::from_fn(n, n, |i, j| full(i.max(j), i.min(j)));
                let mut l = Dense::<T>::from_fn(n, n, |i, j| if i >= j { full(i, j) } else { f64::NAN });
                cholesky_in_place(backend, l.view_mut()).unwrap_or_else(|error| panic!("{error}: {context}"));
                assert!(l.gaps_untouched() && (0..n).all(|j| (0..j).all(|i| l.at(i, j).is_nan())), "{context}");

                let difference = norm_of(n, n, |i, j| {
                    let sum: f64 = (0..=i.min(j)).map(|k| l.at(i, k) * l.at(j, k)).sum();
                    a.at(i, j) - sum
                });
                limits.record("|LL' - A| / (n eps |A|)", ratio::<T>(difference, n, a.norm()), &context);

                let numbers = Random::new(9).vector(n * 2);
                let b = Dense::<T>::from_fn(n, 2, |i, j| scale * numbers[i + j * n]);
                let mut x = b.clone();
                cholesky_solve_in_place(backend, l.view(), x.view_mut()).unwrap();
                for column in 0..2 {
                    let residual = norm_of(n, 1, |i, _| {
                        b.at(i, column) - (0..n).map(|j| a.at(i, j) * x.at(j, column)).sum::<f64>()
                    });
                    let size = norm_of(n, 1, |i, _| x.at(i, column)) * a.norm();
                    limits.record("|b - Ax| / (n eps |A||x|)", ratio::<T>(residual, n, size), &context);
                }
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[("|LL' - A| / (n eps |A|)", 3.0), ("|b - Ax| / (n eps |A||x|)", 4.0)]);
    let orders = [0, 1, 2, 3, 5, 10, 31, 32, 33, 50, 70, 200];
    run::<f64>(&Portable, &orders, &mut limits);
    run::<f32>(&Portable, &orders, &mut limits);
    run::<f64>(&Blocks, &[70, 129, 151, 170], &mut limits);
    run::<f32>(&Blocks, &[70, 129, 151, 170], &mut limits);
    limits.finish();
}

/// Of the same factor up to rounding, and of the same pivot where there is none; below the threshold of the same bits.
#[test]
fn blocks_agree_with_columns() {
    for n in [32, 127, 128, 150] {
        let full = definite("Gram", n, 1.0, 4);
        for bad in [None, Some(3), Some(20), Some(n - 1)] {
            let a = Dense::<f64>::from_fn(n, n, |i, j| if i == j && bad == Some(i) { -1.0 } else { full(i, j) });
            let [mut x, mut y] = [a.clone(), a];
            let outcome = cholesky_in_place(&Portable, x.view_mut());
            assert_eq!(cholesky_in_place(&Blocks, y.view_mut()), outcome);
            assert_eq!(outcome, bad.map_or(Ok(()), |pivot| Err(Error::NotPositiveDefinite { pivot })));
            if bad.is_none() {
                let difference = norm_of(n, n, |i, j| x.at(i, j) - y.at(i, j));
                assert!(difference < 1e-11, "order {n}: {difference:e}");
                assert_eq!(difference == 0.0, n < 128, "order {n}: {difference:e}");
            }
        }
    }
}

#[test]
fn the_first_pivot_that_is_not_positive_is_named() {
    for n in [1, 2, 5, 40, 70] {
        for bad in [0, n / 2, n - 1] {
            for pivot in [0.0, -1.0] {
                let mut a = Dense::<f64>::from_fn(n, n, |i, j| {
                    if i != j {
                        0.0
                    } else if i == bad {
                        pivot
                    } else {
                        1.0
                    }
                });
                let found = cholesky_in_place(&Portable, a.view_mut());
                assert_eq!(found, Err(Error::NotPositiveDefinite { pivot: bad }), "n = {n}, pivot {pivot}");
            }
        }
    }
    // Indefinite, although every diagonal element is positive; and one whose products overflow.
    let mut a = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { 1.0 } else { 2.0 });
    assert_eq!(cholesky_in_place(&Portable, a.view_mut()), Err(Error::NotPositiveDefinite { pivot: 1 }));
    let mut a = Dense::<f64>::from_fn(3, 3, |i, j| if i == j { 1e-200 } else { 1e300 });
    assert_eq!(cholesky_in_place(&Portable, a.view_mut()), Err(Error::NotPositiveDefinite { pivot: 1 }));
}

#[test]
fn subnormal_and_huge_diagonals() {
    for d in [5e-324, 1e-310, 1e-200, 1e200, 1.7e308] {
        let mut a = Dense::<f64>::from_fn(3, 3, |i, j| if i == j { d } else { 0.0 });
        cholesky_in_place(&Portable, a.view_mut()).unwrap();
        assert!((0..3).all(|i| a.at(i, i) == libm::sqrt(d)));
    }
}

#[test]
fn non_finite_input_is_refused_but_not_in_the_upper_triangle() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (i, j) in [(0, 0), (2, 1), (3, 3)] {
            let mut a = Dense::<f64>::from_fn(4, 4, |i, j| if i == j { 2.0 } else { 0.0 });
            a.view_mut().set(i, j, bad);
            assert_eq!(cholesky_in_place(&Portable, a.view_mut()), Err(Error::NonFinite { what: "a" }));
            assert_eq!(a.at(1, 1), 2.0);
        }
    }
    let mut wide = Dense::<f64>::zeros(2, 3);
    assert!(matches!(cholesky_in_place(&Portable, wide.view_mut()), Err(Error::Shape { .. })));
}

/// The formula element by element, subtracting in the order of the columns.
fn plain<T: Real, const N: usize>(a: &Matrix<T, N, N>) -> Matrix<T, N, N> {
    let mut l = Matrix::zeros();
    for j in 0..N {
        for i in j..N {
            let rest = (0..j).fold(a[(i, j)], |rest, k| rest - l[(i, k)] * l[(j, k)]);
            l[(i, j)] = if i == j { rest.sqrt() } else { rest / l[(j, j)] };
        }
    }
    l
}

fn same_bits<T: Real, const N: usize>() {
    let bits = |l: &Matrix<T, N, N>| l.map(|x| x.value().to_bits());
    for kind in ["Gram", "graded", "Hilbert", "identity"] {
        let full = definite(kind, N, 1.0, N as u64);
        // What is above the diagonal is not read, and zero in the result.
        let a = Matrix::<T, N, N>::from_fn(|i, j| T::from_f64(if i >= j { full(i, j) } else { f64::NAN }));
        let expected = plain(&a);
        assert_eq!(a.cholesky().map(|l| bits(&l)), Ok(bits(&expected)), "{kind}, N = {N}");
        let mut view = Dense::<T>::from_fn(N, N, |i, j| a[(i, j)].value());
        cholesky_in_place(&Portable, view.view_mut()).unwrap();
        let below = Matrix::<f64, N, N>::from_fn(|i, j| if i >= j { view.at(i, j) } else { 0.0 });
        assert_eq!(below.map(f64::to_bits), bits(&expected), "{kind}, view, N = {N}");
        assert!(view.gaps_untouched() && (0..N).all(|j| (0..j).all(|i| view.at(i, j).is_nan())), "{kind}, N = {N}");
    }
    // One bad element or pivot at a time: the same error from both, and the view untouched where it says so.
    let identity = Matrix::<T, N, N>::identity();
    for (i, j) in (0..N).flat_map(|j| (j..N).map(move |i| (i, j))) {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut a = identity;
            a[(i, j)] = T::from_f64(bad);
            assert_eq!(a.cholesky(), Err(Error::NonFinite { what: "a" }), "{bad} at {i}, {j} of {N}");
            let before = bits(&a);
            assert_eq!(cholesky_in_place(&Portable, a.view_mut()), Err(Error::NonFinite { what: "a" }));
            assert_eq!(bits(&a), before, "{bad} at {i}, {j} of {N}");
        }
        let mut a = identity;
        a[(i, j)] = T::from_f64(if i == j { 0.0 } else { 1.5 });
        assert_eq!(a.cholesky(), Err(Error::NotPositiveDefinite { pivot: i }), "({i}, {j}) of {N}");
        assert_eq!(cholesky_in_place(&Portable, a.view_mut()), Err(Error::NotPositiveDefinite { pivot: i }));
    }
}

#[test]
fn both_entries_give_the_bits_of_the_plain_formula_and_the_same_errors() {
    fn sizes<T: Real>() {
        same_bits::<T, 0>();
        same_bits::<T, 1>();
        same_bits::<T, 2>();
        same_bits::<T, 3>();
        same_bits::<T, 4>();
        same_bits::<T, 5>();
        same_bits::<T, 6>();
        same_bits::<T, 7>();
        same_bits::<T, 8>();
        same_bits::<T, 9>();
    }
    sizes::<f64>();
    sizes::<f32>();
}

/// dA = dL Lᵀ + L dLᵀ, and a derivative that is not finite is refused though all values are.
#[test]
fn inline_matrices_of_dual_numbers_pass() {
    let full = definite("Gram", 5, 1.0, 3);
    let a = Matrix::<Dual<f64, 1>, 5, 5>::from_fn(|i, j| {
        let (i, j) = (i.max(j), i.min(j));
        Dual { value: full(i, j), eps: [(i * j) as f64 - 2.0] }
    });
    let l = a.cholesky().unwrap();
    let difference = l * l.transpose() - a;
    assert!(difference.iter().all(|d| d.value.abs() < 1e-14 && d.eps[0].abs() < 1e-13), "{difference:?}");
    assert!((0..5).all(|j| (0..j).all(|i| l[(i, j)].value == 0.0 && l[(i, j)].eps == [0.0])));
    let mut bad = a;
    bad[(3, 1)].eps[0] = f64::INFINITY;
    assert_eq!(bad.cholesky(), Err(Error::NonFinite { what: "a" }));
}
