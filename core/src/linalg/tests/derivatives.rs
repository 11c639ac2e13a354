//! Dual numbers through the routines, against implicit formulas and against central differences of the plain routine.

use super::qr_pivoted::{Pivoted, factor};
use super::svd_solve::decompose_any;
use super::*;
use crate::linalg::*;
use crate::{Dual, Error, Portable};

type D = Dual<f64, 1>;

/// A + ε B
fn dual(a: &Dense<f64>, b: &Dense<f64>) -> Dense<D> {
    let mut dense = Dense::<D>::zeros(a.rows, a.cols);
    for j in 0..a.cols {
        for i in 0..a.rows {
            dense.view_mut().set(i, j, Dual { value: a.at(i, j), eps: [b.at(i, j)] });
        }
    }
    dense
}

fn eps(a: &Dense<D>, i: usize, j: usize) -> f64 {
    a.view().get(i, j).unwrap().eps[0]
}

fn random(m: usize, n: usize, seed: u64) -> Dense<f64> {
    matrix("random", m, n, 1.0, seed)
}

fn times(a: &Dense<f64>, b: &Dense<f64>) -> Dense<f64> {
    Dense::from_fn(a.rows, b.cols, |i, j| (0..a.cols).map(|k| a.at(i, k) * b.at(k, j)).sum())
}

fn turned(a: &Dense<f64>) -> Dense<f64> {
    Dense::from_fn(a.cols, a.rows, |i, j| a.at(j, i))
}

fn minus(a: &Dense<f64>, b: &Dense<f64>) -> Dense<f64> {
    Dense::from_fn(a.rows, a.cols, |i, j| a.at(i, j) - b.at(i, j))
}

/// A x = b: dx = A⁻¹ (db − dA x)
#[test]
fn cholesky_solve() {
    for n in [1, 2, 5, 40] {
        let g = random(n, n, 1);
        let a = Dense::from_fn(n, n, |i, j| times(&g, &turned(&g)).at(i, j) + if i == j { n as f64 } else { 0.0 });
        let half = random(n, n, 2);
        let da = Dense::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
        let (b, db) = (random(n, 1, 3), random(n, 1, 4));
        let (mut l, mut x) = (dual(&a, &da), dual(&b, &db));
        cholesky_in_place(&Portable, l.view_mut()).unwrap();
        cholesky_solve_in_place(&Portable, l.view(), x.view_mut()).unwrap();

        let value = Dense::<f64>::from_fn(n, 1, |i, _| x.at(i, 0));
        let (mut plain, mut dx) = (a.clone(), minus(&db, &times(&da, &value)));
        cholesky_in_place(&Portable, plain.view_mut()).unwrap();
        cholesky_solve_in_place(&Portable, plain.view(), dx.view_mut()).unwrap();
        assert!((0..n).all(|i| (eps(&x, i, 0) - dx.at(i, 0)).abs() < 1e-13), "n = {n}");
        // The values have the bits of the plain computation.
        let mut plain_x = b.clone();
        cholesky_solve_in_place(&Portable, plain.view(), plain_x.view_mut()).unwrap();
        assert!((0..n).all(|i| plain_x.at(i, 0) == x.at(i, 0)));
    }
}

/// AᵀA dx = dAᵀ r + Aᵀ (db − dA x), r = b − A x; also for matrices that need no reflection for their value.
#[test]
fn least_squares() {
    for (m, n) in [(1, 1), (2, 2), (3, 2), (10, 4), (20, 20)] {
        for kind in ["random", "upper triangular", "identity"] {
            let a = Dense::<f64>::from_fn(m, n, |i, j| match kind {
                "identity" => f64::from(u8::from(i == j)),
                "upper triangular" if i > j => 0.0,
                _ => random(m, n, 1).at(i, j) + if i == j { 3.0 } else { 0.0 },
            });
            let (da, b, db) = (random(m, n, 2), random(m, 1, 3), random(m, 1, 4));
            let (mut qr, mut x, mut tau) = (dual(&a, &da), dual(&b, &db), std::vec![D::ZERO; n]);
            least_squares_in_place(&Portable, qr.view_mut(), &mut tau, x.view_mut()).unwrap();

            let value = Dense::<f64>::from_fn(n, 1, |i, _| x.at(i, 0));
            let residual = minus(&b, &times(&a, &value));
            let first = times(&turned(&da), &residual);
            let second = times(&turned(&a), &minus(&db, &times(&da, &value)));
            let mut dx = Dense::<f64>::from_fn(n, 1, |i, _| first.at(i, 0) + second.at(i, 0));
            let mut gram = times(&turned(&a), &a);
            cholesky_in_place(&Portable, gram.view_mut()).unwrap();
            cholesky_solve_in_place(&Portable, gram.view(), dx.view_mut()).unwrap();
            let error = norm_of(n, 1, |i, _| eps(&x, i, 0) - dx.at(i, 0));
            assert!(error < 1e-12 * dx.norm().max(1.0), "{m} x {n} {kind}: {error:e}");
        }
    }
}

/// d(QR) = dA and d(QᵀQ) = 0.
#[test]
fn qr_factors() {
    for (m, n) in [(4, 4), (7, 3), (3, 6)] {
        for kind in ["random", "upper triangular"] {
            let (a, da) = (matrix::<f64>(kind, m, n, 1.0, 1), random(m, n, 2));
            let k = m.min(n);
            let (mut qr, mut tau, mut q) = (dual(&a, &da), std::vec![D::ZERO; k], Dense::<D>::zeros(m, k));
            qr_in_place(&Portable, qr.view_mut(), &mut tau).unwrap();
            form_q(&Portable, qr.view(), &tau, q.view_mut()).unwrap();
            let sum = |count: usize, f: &dyn Fn(usize) -> D| (0..count).fold(D::ZERO, |sum, p| sum + f(p));
            let at = |x: &Dense<D>, i: usize, j: usize| x.view().get(i, j).unwrap();
            for j in 0..n {
                for i in 0..m {
                    let product = sum(k.min(j + 1), &|p| at(&q, i, p) * at(&qr, p, j));
                    assert!((product.eps[0] - da.at(i, j)).abs() < 1e-13, "{m} x {n} {kind}: dA");
                }
            }
            for j in 0..k {
                for i in 0..k {
                    let product = sum(m, &|p| at(&q, p, i) * at(&q, p, j));
                    assert!(product.eps[0].abs() < 1e-13, "{m} x {n} {kind}: d(Q'Q)");
                }
            }
        }
    }
}

/// dσⱼ = uⱼᵀ dA vⱼ, d(U Σ Vᵀ) = dA and d(UᵀU) = 0: the last sweep has made the derivatives of the inner products zero.
#[test]
fn singular_values_and_vectors() {
    for (m, n) in [(3, 3), (8, 5), (12, 12)] {
        for orthogonal in [false, true] {
            let (mut a, da) = (random(m, n, 1), random(m, n, 2));
            if orthogonal {
                // Columns that are orthogonal before the first rotation: nothing to do for the values.
                a = Dense::from_fn(m, n, |i, j| if i == j { (j + 1) as f64 } else { 0.0 });
            }
            let (mut u, mut s, mut v) = (dual(&a, &da), std::vec![D::ZERO; n], Dense::<D>::zeros(n, n));
            svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut()).unwrap();
            let at = |x: &Dense<D>, i: usize, j: usize| x.view().get(i, j).unwrap();
            for p in 0..n {
                let slope: f64 =
                    (0..n).map(|j| (0..m).map(|i| u.at(i, p) * da.at(i, j) * v.at(j, p)).sum::<f64>()).sum();
                assert!((s[p].eps[0] - slope).abs() < 1e-12, "{m} x {n}: dσ");
                for q in 0..n {
                    let product = (0..m).fold(D::ZERO, |sum, i| sum + at(&u, i, p) * at(&u, i, q));
                    assert!(product.eps[0].abs() < 1e-11, "{m} x {n}, {orthogonal}: d(U'U) = {:e}", product.eps[0]);
                }
            }
            for j in 0..n {
                for i in 0..m {
                    let product = (0..n).fold(D::ZERO, |sum, p| sum + at(&u, i, p) * s[p] * at(&v, j, p));
                    assert!((product.eps[0] - da.at(i, j)).abs() < 1e-12);
                }
            }
        }
    }
}

/// dλⱼ = xⱼᵀ dA xⱼ, and A X = X Λ differentiated.
#[test]
fn eigenvalues_and_vectors() {
    for (diagonal, shift) in [(false, 0.0), (false, -50.0), (true, 0.0)] {
        let (half, other) = (random(7, 7, 1), random(7, 7, 2));
        let a = Dense::<f64>::from_fn(7, 7, |i, j| match (diagonal, i == j) {
            (true, true) => (i * i) as f64,
            (true, false) => 0.0,
            (false, true) => 2.0 * half.at(i, j) + shift,
            (false, false) => half.at(i, j) + half.at(j, i),
        });
        let da = Dense::from_fn(7, 7, |i, j| other.at(i, j) + other.at(j, i));
        let full = dual(&a, &da);
        let (mut work, mut values, mut x) = (full.clone(), [D::ZERO; 7], Dense::<D>::zeros(7, 7));
        symmetric_eigen_in_place(&Portable, work.view_mut(), &mut values, x.view_mut()).unwrap();
        let at = |x: &Dense<D>, i: usize, j: usize| x.view().get(i, j).unwrap();
        for j in 0..7 {
            for i in 0..7 {
                let left = (0..7).fold(D::ZERO, |sum, p| sum + at(&full, i, p) * at(&x, p, j));
                let difference = left - at(&x, i, j) * values[j];
                assert!(difference.value.abs() < 1e-12, "diagonal {diagonal}: {:e}", difference.value);
                assert!(difference.eps[0].abs() < 1e-11, "diagonal {diagonal}: {:e}", difference.eps[0]);
            }
        }
    }
}

/// The step on the boundary and λ as functions of H, b and the radius, against central differences.
#[test]
fn krylov_steps() {
    let n = 6;
    let g = random(n, n, 1);
    let h = Dense::from_fn(n, n, |i, j| times(&g, &turned(&g)).at(i, j) + if i == j { 0.5 } else { 0.0 });
    let half = random(n, n, 2);
    let dh = Dense::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
    let (b, db) = (random(n, 1, 3), random(n, 1, 4));

    fn step<T: Real>(h: &Dense<T>, b: &[T], radius: Option<T>, dim: usize) -> Vec<T> {
        let n = b.len();
        let mut work = std::vec![T::ZERO; krylov_work_len(n, dim)];
        let mut krylov = Krylov::new(n, dim, &mut work).unwrap();
        let product = |v: &[T], w: &mut [T]| -> Result<(), Error> {
            crate::Backend::gemv(&Portable, T::ONE, h.view(), v, T::ZERO, w)
        };
        krylov.build(&Portable, b, T::ZERO, true, product).unwrap();
        let mut step = std::vec![T::ZERO; n];
        let found = krylov.solve(&Portable, radius, &mut step).unwrap();
        step.extend([found.lambda, found.norm, found.predicted_decrease]);
        step
    }

    for (radius, dim) in [(None, 3), (None, 6), (Some(0.3), 3), (Some(0.3), 6), (Some(0.01), 4)] {
        let dual_b: Vec<D> = (0..n).map(|i| Dual { value: b.at(i, 0), eps: [db.at(i, 0)] }).collect();
        let dual_radius = radius.map(|radius| Dual { value: radius, eps: [0.7 * radius] });
        let exact = step(&dual(&h, &dh), &dual_b, dual_radius, dim);
        let shifted = |t: f64| {
            let h = Dense::<f64>::from_fn(n, n, |i, j| h.at(i, j) + t * dh.at(i, j));
            let b: Vec<f64> = (0..n).map(|i| b.at(i, 0) + t * db.at(i, 0)).collect();
            step(&h, &b, radius.map(|radius| radius * (1.0 + 0.7 * t)), dim)
        };
        let (plus, minus, t) = (shifted(1e-5), shifted(-1e-5), 1e-5);
        for (i, exact) in exact.into_iter().enumerate() {
            let difference = (plus[i] - minus[i]) / (2.0 * t);
            let close = (exact.eps[0] - difference).abs() < 1e-6 * difference.abs().max(1.0);
            assert!(close, "radius {radius:?}, dim {dim}, {i}: {} and {difference}", exact.eps[0]);
        }
    }
}

/// Everything that the newer factorizations return, as functions of a wide matrix W of full rank, a definite A, and b.
fn results<T: Real>(w: &Dense<T>, a: &Dense<T>, b: &Dense<T>) -> Vec<T> {
    let (m, n) = (w.rows, w.cols);
    let at = |x: &Dense<T>, i: usize, j: usize| x.view().get(i, j).unwrap();
    let mut all = std::vec![];
    let mut keep = |x: &Dense<T>, part: fn(usize, usize) -> bool| {
        let places = (0..x.cols).flat_map(|j| (0..x.rows).map(move |i| (i, j)));
        all.extend(places.filter(|&(i, j)| part(i, j)).map(|(i, j)| x.view().get(i, j).unwrap()));
    };
    let (any, upper, lower) = (|_, _| true, |i, j| i <= j, |i, j| i >= j);

    // Solutions of W x = b: basic and of minimum norm.
    let Pivoted { mut qr, tau, permutation } = factor(w);
    let (mut x, mut work, mut right) = (b.clone(), std::vec![T::ZERO; 2 * n], std::vec![T::ZERO; m]);
    qr_pivoted_solve_in_place(&Portable, qr.view(), &tau, &permutation, m, x.view_mut(), &mut work).unwrap();
    keep(&x, any);
    complete_orthogonal_in_place(&Portable, qr.view_mut(), m, &mut right, &mut work).unwrap();
    let mut x = b.clone();
    let shape = x.view_mut();
    minimum_norm_solve_in_place(&Portable, qr.view(), &tau, &right, &permutation, m, shape, &mut work).unwrap();
    keep(&x, any);

    // Rows of W appended to R = chol(A)ᵀ, and the first one removed again.
    let mut l = a.clone();
    cholesky_in_place(&Portable, l.view_mut()).unwrap();
    let mut r = Dense::<T>::zeros(n, n);
    for j in 0..n {
        for i in 0..=j {
            r.view_mut().set(i, j, at(&l, j, i));
        }
    }
    let (mut rows, mut c, mut y) = (w.clone(), b.clone(), Dense::<T>::zeros(m, 1));
    (0..m).for_each(|i| y.view_mut().set(i, 0, at(b, i, 0) * at(b, n - 1, 0)));
    let (row, mut eta): (Vec<T>, Vec<T>) = ((0..n).map(|j| at(w, 0, j)).collect(), std::vec![at(&y, 0, 0)]);
    let rhs = Some((c.view_mut(), y.view_mut()));
    qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), rhs).unwrap();
    keep(&r, upper);
    keep(&c, any);
    let rhs = Some((c.view_mut(), &mut eta[..]));
    qr_remove_row_in_place(&Portable, r.view_mut(), &row, rhs, &mut work).unwrap();
    keep(&r, upper);
    keep(&c, any);

    // Factors of A + w wᵀ and of that without another row, ln det A, A⁻¹.
    let (mut up, mut inverse) = (l.clone(), l.clone());
    cholesky_update_in_place(up.view_mut(), &mut row.clone()).unwrap();
    keep(&up, lower);
    let mut part: Vec<T> = row.iter().map(|&x| x * T::from_f64(0.7)).collect();
    cholesky_downdate_in_place(&Portable, up.view_mut(), &mut part, &mut work).unwrap();
    keep(&up, lower);
    cholesky_inverse_in_place(&Portable, inverse.view_mut()).unwrap();
    keep(&inverse, lower);

    let (mut ld, mut x, mut permutation) = (a.clone(), b.clone(), std::vec![0; n]);
    let rank = ldlt_in_place(&Portable, ld.view_mut(), &mut permutation, rank_tolerance(n, n)).unwrap();
    ldlt_solve_in_place(&Portable, ld.view(), &permutation, rank, x.view_mut(), &mut work).unwrap();
    keep(&ld, lower);
    keep(&x, any);

    let mut x = Dense::<T>::zeros(n, 1);
    let (u, s, v) = decompose_any(w);
    let b = b.view().block(0, 0, m, 1).unwrap();
    svd_solve(&Portable, u.view(), &s, v.view(), m, b, x.view_mut()).unwrap();
    keep(&x, any);
    all.push(cholesky_log_determinant(l.view()).unwrap());
    all.push(svd_condition(&s));
    all
}

/// All of them against central differences.
#[test]
fn updates_and_rank_revealing_factorizations() {
    let (m, n) = (3, 6);
    let (w, dw, b, db) = (random(m, n, 1), random(m, n, 2), random(n, 1, 3), random(n, 1, 4));
    let (g, half) = (random(n, n, 5), random(n, n, 6));
    let a = Dense::from_fn(n, n, |i, j| times(&g, &turned(&g)).at(i, j) + if i == j { 2.0 } else { 0.0 });
    let da = Dense::from_fn(n, n, |i, j| half.at(i, j) + half.at(j, i));
    let exact = results(&dual(&w, &dw), &dual(&a, &da), &dual(&b, &db));
    let shifted = |t: f64| {
        let shift = |x: &Dense<f64>, dx: &Dense<f64>| {
            Dense::<f64>::from_fn(x.rows, x.cols, |i, j| x.at(i, j) + t * dx.at(i, j))
        };
        results(&shift(&w, &dw), &shift(&a, &da), &shift(&b, &db))
    };
    let (plus, minus, value) = (shifted(1e-5), shifted(-1e-5), shifted(0.0));
    for (i, exact) in exact.into_iter().enumerate() {
        let difference = (plus[i] - minus[i]) / 2e-5;
        let close = (exact.eps[0] - difference).abs() < 1e-7 * difference.abs().max(1.0);
        assert!(close && exact.value == value[i], "{i}: {} and {difference}", exact.eps[0]);
    }
}
