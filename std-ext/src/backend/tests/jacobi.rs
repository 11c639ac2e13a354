//! Jacobi sweeps, and the decompositions made of them.

use super::*;
use gaussling_core::linalg::{SpectralStatus, svd_in_place, symmetric_eigen_in_place};

/// (columns, rows): around registers, batches of 16 pairs, and n = 1.
const SHAPES: [(usize, usize); 12] =
    [(0, 3), (1, 1), (2, 2), (3, 5), (7, 9), (8, 8), (16, 17), (17, 31), (33, 33), (34, 40), (64, 64), (65, 130)];

/// A sweep over A, V and the squares of the lengths.
type Sweep<'a, T> = dyn Fn(MatMut<'_, T>, Option<MatMut<'_, T>>, &mut [T]) -> bool + 'a;

/// One sweep from the same start: the fast one gives A V what the portable one gives, up to rounding, and says the same.
#[test]
fn a_sweep_agrees_with_the_portable_one() {
    fn check<T: Float>() {
        let mut numbers = Numbers(11);
        for (n, m) in SHAPES {
            for with_v in [true, false] {
                let (leading, gap) = (m + 3, T::from_f64(f64::NAN));
                let mut start = vec![gap; leading * n];
                start.chunks_exact_mut(leading).for_each(|column| column[..m].copy_from_slice(&numbers.vector(m)));
                if n > 2 {
                    start[leading..][..m].fill(T::ZERO); // a column that no rotation touches
                }
                let identity: Vec<T> = (0..n * n).map(|p| T::from_f64(f64::from(u8::from(p % (n + 1) == 0)))).collect();
                let squares: Vec<T> =
                    start.chunks_exact(leading).map(|column| Portable.dot(&column[..m], &column[..m])).collect();
                let run = |backend: &Sweep<'_, T>| {
                    let (mut a, mut v, mut squares) = (start.clone(), identity.clone(), squares.clone());
                    let view = MatMut::with_leading(&mut a, m, n, leading).unwrap();
                    let converged = backend(view, with_v.then(|| MatMut::new(&mut v, n, n).unwrap()), &mut squares);
                    (a, v, squares, converged)
                };
                let limit = T::from_f64(1e-4);
                let expected = run(&|a, v, squares| Portable.jacobi_sweep(a, v, squares, limit));
                assert_eq!(expected.3, n < 2, "a random matrix is not orthogonal");
                for fast in others() {
                    let found = run(&|a, v, squares| fast.jacobi_sweep(a, v, squares, limit));
                    let context = format!("{:?}, {m} x {n}, {} bytes", fast.level, size_of::<T>());
                    let bound = 100.0 * (n + 1) as f64 * T::EPSILON.value();
                    let close = |x: &[T], y: &[T]| {
                        // Gaps hold NaN in both.
                        x.iter().zip(y).all(|(&x, &y)| (x - y).value().abs() <= bound || (x.is_nan() && y.is_nan()))
                    };
                    assert!(close(&found.0, &expected.0), "A, {context}");
                    assert!(close(&found.1, &expected.1), "V, {context}");
                    assert!(close(&found.2, &expected.2), "squares, {context}");
                    assert_eq!(found.3, expected.3, "{context}");
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Orthogonal columns stay as they are, bit for bit, and the sweep says that it found them so.
#[test]
fn a_sweep_over_orthogonal_columns_changes_nothing() {
    for fast in others() {
        let n = 40;
        let start: Vec<f64> = (0..n * n).map(|p| if p % (n + 1) == 0 { (1 + p / n) as f64 } else { 0.0 }).collect();
        let (mut a, mut v) = (start.clone(), start.clone());
        let mut squares: Vec<f64> = (1..=n).map(|j| (j * j) as f64).collect();
        let view = MatMut::new(&mut a, n, n).unwrap();
        assert!(fast.jacobi_sweep(view, Some(MatMut::new(&mut v, n, n).unwrap()), &mut squares, 1e-30));
        assert!(a == start && v == start && squares[39] == 1600.0, "{:?}", fast.level);
    }
}

/// ‖A − U Σ Vᵀ‖, ‖I − UᵀU‖, ‖I − VᵀV‖, ‖A X − X Λ‖ and ‖I − XᵀX‖ in units of n ε.
#[test]
fn decompositions_have_the_residuals_of_the_portable_ones() {
    fn check<T: Float>() {
        let mut numbers = Numbers(12);
        for n in [1, 2, 5, 16, 33, 64] {
            let a: Vec<T> = numbers.vector(n * n);
            let symmetric: Vec<T> = (0..n * n).map(|p| a[p] + a[p / n + p % n * n]).collect();
            for fast in others() {
                let context = format!("{:?}, {n}, {} bytes", fast.level, size_of::<T>());
                let at = |x: &[T], i: usize, j: usize| x[i + j * n].value();
                let largest = |f: &dyn Fn(usize, usize) -> f64| {
                    let all = (0..n * n).map(|p| f(p % n, p / n).abs());
                    all.fold(0.0, f64::max) / (n as f64 * T::EPSILON.value())
                };
                let orthogonal = |x: &[T]| {
                    largest(&|i, j| {
                        (0..n).map(|k| at(x, k, i) * at(x, k, j)).sum::<f64>() - f64::from(u8::from(i == j))
                    })
                };
                let (mut u, mut s, mut v) = (a.clone(), vec![T::ZERO; n], a.clone());
                let views = (MatMut::new(&mut u, n, n).unwrap(), MatMut::new(&mut v, n, n).unwrap());
                let report = svd_in_place(&fast, views.0, &mut s, views.1).unwrap();
                assert_eq!(report.status, SpectralStatus::Converged, "{context}");
                let residual = largest(&|i, j| {
                    (0..n).map(|k| at(&u, i, k) * s[k].value() * at(&v, j, k)).sum::<f64>() - at(&a, i, j)
                });
                assert!(residual < 2.0 && orthogonal(&u) < 4.0 && orthogonal(&v) < 4.0, "SVD, {context}: {residual}");

                let (mut work, mut values, mut x) = (symmetric.clone(), vec![T::ZERO; n], a.clone());
                let views = (MatMut::new(&mut work, n, n).unwrap(), MatMut::new(&mut x, n, n).unwrap());
                let report = symmetric_eigen_in_place(&fast, views.0, &mut values, views.1).unwrap();
                assert_eq!(report.status, SpectralStatus::Converged, "{context}");
                let residual = largest(&|i, j| {
                    (0..n).map(|k| at(&symmetric, i, k) * at(&x, k, j)).sum::<f64>() - at(&x, i, j) * values[j].value()
                });
                assert!(residual < 4.0 && orthogonal(&x) < 4.0, "symmetric, {context}: {residual}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
}
