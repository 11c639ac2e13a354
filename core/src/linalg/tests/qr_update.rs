//! ‖RᵀR − AᵀA‖ / (size ε ‖A‖²) and the least-squares solution after rows have come and gone, against the factorization of all rows.

use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

/// R and c of order n from the rows of A and b, `step` at a time; also the sum of squares left in y over scale².
fn append<T: Real>(a: &Dense<T>, b: &Dense<T>, step: usize, scale: f64) -> (Dense<T>, Dense<T>, f64) {
    let (mut r, mut c, mut squares) = (lower_nan(a.cols), Dense::<T>::zeros(a.cols, 1), 0.0);
    for first in (0..a.rows).step_by(step) {
        let count = step.min(a.rows - first);
        let mut rows = Dense::<T>::from_fn(count, a.cols, |i, j| a.at(first + i, j));
        let mut y = Dense::<T>::from_fn(count, 1, |i, _| b.at(first + i, 0));
        let rhs = Some((c.view_mut(), y.view_mut()));
        qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), rhs).unwrap();
        assert!(rows.gaps_untouched() && y.gaps_untouched());
        squares += (0..count).map(|i| (y.at(i, 0) / scale).powi(2)).sum::<f64>();
    }
    assert!(r.gaps_untouched() && (0..a.cols).all(|j| (j + 1..a.cols).all(|i| r.at(i, j).is_nan())));
    (r, c, squares)
}

/// Zero in the upper triangle, NaN below it.
fn lower_nan<T: Real>(n: usize) -> Dense<T> {
    Dense::from_fn(n, n, |i, j| if i > j { f64::NAN } else { 0.0 })
}

/// ‖RᵀR − AᵀA‖ / (size ε ‖A‖²), over the scale.
fn gram_ratio<T: Real>(r: &Dense<T>, a: &Dense<T>, size: usize, scale: f64) -> f64 {
    let n = a.cols;
    let difference = norm_of(n, n, |i, j| {
        let of_r: f64 = (0..=i.min(j)).map(|p| (r.at(p, i) / scale) * (r.at(p, j) / scale)).sum();
        of_r - (0..a.rows).map(|p| (a.at(p, i) / scale) * (a.at(p, j) / scale)).sum::<f64>()
    });
    let columns = norm_of(a.rows, n, |i, j| a.at(i, j) / scale);
    let rows = norm_of(n, a.rows, |i, j| a.at(j, i) / scale);
    ratio::<T>(difference, size, columns * rows)
}

fn run<T: Real>(limits: &mut Limits) {
    for (m, n) in SHAPES {
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                for step in [1, 3, m.max(1)] {
                    let context = context(kind, m, n, scale, seed as u64);
                    let a = matrix::<T>(kind, m, n, scale, seed as u64);
                    let numbers = Random::new(3).vector(m);
                    let b = Dense::<T>::from_fn(m, 1, |i, _| scale * numbers[i]);
                    let (r, c, squares) = append(&a, &b, step, scale);
                    let ratio_r = gram_ratio(&r, &a, m.max(n), scale);
                    limits.record("append: |R'R - A'A| / (size eps |A|^2)", ratio_r, &context);
                    // Rᵀc = Aᵀb, and c and what is left in y have the length of b.
                    let difference = norm_of(n, 1, |i, _| {
                        (0..=i).map(|p| (r.at(p, i) / scale) * (c.at(p, 0) / scale)).sum::<f64>()
                            - (0..m).map(|p| (a.at(p, i) / scale) * (b.at(p, 0) / scale)).sum::<f64>()
                    });
                    let b_norm = norm_of(m, 1, |i, _| b.at(i, 0) / scale);
                    let size = norm_of(n, m, |i, j| a.at(j, i) / scale) * b_norm;
                    limits.record(
                        "append: |R'c - A'b| / (size eps |A||b|)",
                        ratio::<T>(difference, m.max(n), size),
                        &context,
                    );
                    let whole = (0..m).map(|i| (b.at(i, 0) / scale).powi(2)).sum::<f64>();
                    let left = (0..n).map(|i| (c.at(i, 0) / scale).powi(2)).sum::<f64>() + squares;
                    limits.record("append: squares", ratio::<T>((whole - left).abs(), m.max(n), whole), &context);
                }
            }
        }
    }
}

/// Removal of rows one by one from twice as many: what is left must fit the rows that are left.
fn run_removal<T: Real>(limits: &mut Limits) {
    for (m, n) in [(2, 1), (6, 2), (6, 3), (20, 5), (40, 10), (150, 50), (4, 0)] {
        for (seed, kind) in ["random", "graded columns", "Laeuchli"].into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                // The rows that are kept are well conditioned up to the grading of columns.
                let kept = m / 2;
                let mut a = matrix::<T>(if kind == "Laeuchli" { "random" } else { kind }, m, n, scale, seed as u64);
                if kind == "Laeuchli" {
                    // Rows to remove that are a hundred times larger.
                    a = Dense::from_fn(m, n, |i, j| a.at(i, j) * if i < kept { 1.0 } else { 100.0 });
                }
                let numbers = Random::new(4).vector(m);
                let b = Dense::<T>::from_fn(m, 1, |i, _| scale * numbers[i]);
                let (mut r, mut c, _) = append(&a, &b, m, scale);
                let signs: Vec<bool> = (0..n).map(|j| r.at(j, j) < 0.0).collect();
                let mut work = std::vec![T::from_f64(f64::NAN); qr_remove_row_work_len(n)];
                let mut squares = 0.0;
                for i in kept..m {
                    let row: Vec<T> = (0..n).map(|j| T::from_f64(a.at(i, j))).collect();
                    let mut eta = [T::from_f64(b.at(i, 0))];
                    let rhs = Some((c.view_mut(), &mut eta[..]));
                    qr_remove_row_in_place(&Portable, r.view_mut(), &row, rhs, &mut work)
                        .unwrap_or_else(|error| panic!("{error}: {context}, row {i}"));
                    squares += (eta[0].value() / scale).powi(2);
                }
                assert!(signs.into_iter().enumerate().all(|(j, negative)| (r.at(j, j) < 0.0) == negative), "{context}");
                assert!(r.gaps_untouched() && c.gaps_untouched());
                let rest = Dense::<T>::from_fn(kept, n, |i, j| a.at(i, j));
                // Errors are of the size of the rows that were there.
                let of_all = norm_of(m, n, |i, j| a.at(i, j) / scale) * norm_of(n, m, |i, j| a.at(j, i) / scale);
                let of_rest = norm_of(kept, n, |i, j| a.at(i, j) / scale) * norm_of(n, kept, |i, j| a.at(j, i) / scale);
                let ratio_r = gram_ratio(&r, &rest, m, scale) * if n == 0 { 0.0 } else { of_rest / of_all };
                limits.record("remove: |R'R - A'A| / (m eps |A|^2)", ratio_r, &context);
                let difference = norm_of(n, 1, |i, _| {
                    (0..=i).map(|p| (r.at(p, i) / scale) * (c.at(p, 0) / scale)).sum::<f64>()
                        - (0..kept).map(|p| (a.at(p, i) / scale) * (b.at(p, 0) / scale)).sum::<f64>()
                });
                let b_norm = norm_of(m, 1, |i, _| b.at(i, 0) / scale);
                let size = norm_of(n, m, |i, j| a.at(j, i) / scale) * b_norm;
                limits.record("remove: |R'c - A'b| / (m eps |A||b|)", ratio::<T>(difference, m, size), &context);
                // ‖b‖² = ‖c‖² + ρ² before and after.
                let whole = (0..m).map(|i| (b.at(i, 0) / scale).powi(2)).sum::<f64>();
                let (_, all, start) = append(&a, &b, m, scale);
                assert!((0..n).map(|i| (all.at(i, 0) / scale).powi(2)).sum::<f64>() <= whole * 1.001);
                let left = (0..n).map(|i| (c.at(i, 0) / scale).powi(2)).sum::<f64>() + (start - squares);
                let expected = (0..kept).map(|i| (b.at(i, 0) / scale).powi(2)).sum::<f64>();
                limits.record("remove: squares", ratio::<T>((expected - left).abs(), m, whole), &context);
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("append: |R'R - A'A| / (size eps |A|^2)", 3.0),
        ("append: |R'c - A'b| / (size eps |A||b|)", 3.0),
        ("append: squares", 4.0),
        ("remove: |R'R - A'A| / (m eps |A|^2)", 3.0),
        ("remove: |R'c - A'b| / (m eps |A||b|)", 3.0),
        ("remove: squares", 4.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    run_removal::<f64>(&mut limits);
    run_removal::<f32>(&mut limits);
    limits.finish();
}

/// R = I: removing (…, t, …) leaves the pivot 1 − t² there.
#[test]
fn a_removal_that_fails_names_the_pivot_and_writes_nothing() {
    for n in [1, 2, 5] {
        for bad in [0, n / 2, n - 1] {
            for t in [1.0, 1.5, 1e200] {
                let mut r = Dense::<f64>::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
                let mut row = std::vec![0.0; n];
                row[bad] = t;
                let (mut c, mut eta) = (Dense::<f64>::from_fn(n, 1, |_, _| 3.0), [2.0]);
                let mut work = std::vec![0.0; 2 * n];
                let rhs = Some((c.view_mut(), &mut eta[..]));
                let result = qr_remove_row_in_place(&Portable, r.view_mut(), &row, rhs, &mut work);
                assert_eq!(result, Err(Error::NotPositiveDefinite { pivot: bad }), "n = {n}, t = {t}");
                assert!((0..n).all(|j| r.at(j, j) == 1.0 && c.at(j, 0) == 3.0) && eta == [2.0]);
            }
        }
    }
    // The sum of squares rounds to less than one, the norm does not: nothing is left at the last pivot.
    let mut r = Dense::<f64>::from_fn(41, 41, |i, j| f64::from(u8::from(i == j)));
    let mut row = [libm::ldexp(1.0, -28); 41];
    row[0] = 1.0 - f64::EPSILON / 2.0;
    let result = qr_remove_row_in_place(&Portable, r.view_mut(), &row, None, &mut [0.0; 82]);
    assert_eq!(result, Err(Error::NotPositiveDefinite { pivot: 40 }));
    // No rows: not a bit changes.
    let (mut r, mut rows) = (Dense::<f64>::from_fn(2, 2, |i, j| if i <= j { 2.0 } else { 0.0 }), Dense::zeros(0, 2));
    qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), None).unwrap();
    assert_eq!([r.at(0, 0), r.at(0, 1), r.at(1, 1)], [2.0; 3]);
    // 3-4-5: one of two rows, its squares known.
    let mut r = Dense::<f64>::from_fn(1, 1, |_, _| -5.0);
    qr_remove_row_in_place(&Portable, r.view_mut(), &[4.0], None, &mut [0.0; 2]).unwrap();
    assert!((r.at(0, 0) + 3.0).abs() < 1e-15);
}

#[test]
fn subnormal_and_huge_elements() {
    for scale in [1e-310, 1e-300, 1e306] {
        let mut r = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { 3.0 * scale } else { 0.0 });
        let mut rows = Dense::<f64>::from_fn(1, 2, |_, j| if j == 0 { 4.0 * scale } else { 0.0 });
        qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), None).unwrap();
        assert!((r.at(0, 0).abs() - 5.0 * scale).abs() <= 1e-15 * scale + 1e-322, "scale {scale:e}: {:e}", r.at(0, 0));
        qr_remove_row_in_place(&Portable, r.view_mut(), &[4.0 * scale, 0.0], None, &mut [0.0; 4]).unwrap();
        assert!((r.at(0, 0).abs() - 3.0 * scale).abs() <= 1e-14 * scale + 1e-322, "scale {scale:e}: {:e}", r.at(0, 0));
    }
    // α − β overflows before the rotation does.
    let mut r = Dense::<f64>::from_fn(2, 2, |i, j| if i == j { [1.2e308, 1.0][i] } else { 0.0 });
    let mut row = Dense::from_fn(1, 2, |_, j| [0.9e308, 5.0][j]);
    qr_append_rows_in_place(&Portable, r.view_mut(), row.view_mut(), None).unwrap();
    let first = [r.at(0, 0) / 1.5e308, r.at(0, 1) / 3.0];
    assert!((first[0].abs() - 1.0).abs() < 1e-15 && (first[1] - first[0]).abs() < 1e-15, "{first:?}");
    // c, y and ζ that are not representable.
    let append = |c: f64, y: f64| {
        let one = |x: f64| Dense::<f64>::from_fn(1, 1, |_, _| x * f64::MAX);
        let (mut r, mut row, mut c, mut y) =
            (Dense::from_fn(1, 1, |_, _| 1.0), Dense::from_fn(1, 1, |_, _| 1.0), one(c), one(y));
        qr_append_rows_in_place(&Portable, r.view_mut(), row.view_mut(), Some((c.view_mut(), y.view_mut())))
    };
    assert_eq!(append(1.0, 1.0), Err(Error::NonFinite { what: "c" }));
    assert_eq!(append(0.9, -0.9), Err(Error::NonFinite { what: "y" }));
    assert_eq!(append(0.6, -0.6), Ok(()));
    let mut r = Dense::<f64>::from_fn(1, 1, |_, _| 1.0);
    let mut c = Dense::<f64>::from_fn(1, 1, |_, _| 0.9 * f64::MAX);
    let result =
        qr_remove_row_in_place(&Portable, r.view_mut(), &[0.6], Some((c.view_mut(), &mut [0.0])), &mut [0.0; 2]);
    assert_eq!(result, Err(Error::NonFinite { what: "c" }));
    let mut r = Dense::<f64>::from_fn(1, 1, |_, _| f64::MAX);
    let mut rows = Dense::<f64>::from_fn(1, 1, |_, _| f64::MAX);
    let result = qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), None);
    assert_eq!(result, Err(Error::NonFinite { what: "r" }));
}

#[test]
fn misuse_is_an_error() {
    let unit = Dense::<f64>::from_fn(3, 3, |i, j| if i > j { f64::NAN } else { 1.0 });
    let remove = |r: &Dense<f64>, row: &[f64], c: usize, eta: &[f64], work: usize| {
        let (mut r, mut c, mut eta) = (r.clone(), Dense::zeros(c, 1), eta.to_vec());
        let rhs = Some((c.view_mut(), &mut eta[..]));
        qr_remove_row_in_place(&Portable, r.view_mut(), row, rhs, &mut std::vec![0.0; work])
    };
    let row = [0.5, 0.5, 0.5];
    assert_eq!(remove(&unit, &row, 3, &[0.0], 6), Ok(()));
    assert_eq!(remove(&unit, &row, 3, &[0.0], 5), Err(Error::Workspace { what: "work", needed: 6, found: 5 }));
    assert_eq!(remove(&unit, &row[1..], 3, &[0.0], 6), Err(Error::Length { what: "row", expected: 3, found: 2 }));
    assert_eq!(remove(&unit, &row, 2, &[0.0], 6), Err(Error::Shape { what: "c", expected: (3, 1), found: (2, 1) }));
    assert_eq!(remove(&unit, &row, 3, &[0.0; 2], 6), Err(Error::Length { what: "y", expected: 1, found: 2 }));
    assert_eq!(remove(&unit, &[0.0, f64::NAN, 0.0], 3, &[0.0], 6), Err(Error::NonFinite { what: "row" }));
    assert_eq!(remove(&unit, &row, 3, &[f64::INFINITY], 6), Err(Error::NonFinite { what: "y" }));
    let mut flat = unit.clone();
    flat.view_mut().set(1, 1, 0.0);
    assert_eq!(remove(&flat, &row, 3, &[0.0], 6), Err(Error::Singular { column: 1 }));

    let append = |r: &Dense<f64>, rows: &Dense<f64>, c: (usize, usize), y: (usize, usize)| {
        let (mut r, mut rows) = (r.clone(), rows.clone());
        let (mut c, mut y) = (Dense::zeros(c.0, c.1), Dense::zeros(y.0, y.1));
        qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), Some((c.view_mut(), y.view_mut())))
    };
    let rows = Dense::<f64>::zeros(2, 3);
    assert_eq!(append(&unit, &rows, (3, 2), (2, 2)), Ok(()));
    let shape = |what, expected, found| Err(Error::Shape { what, expected, found });
    assert_eq!(append(&unit, &rows, (2, 2), (2, 2)), shape("c", (3, 2), (2, 2)));
    assert_eq!(append(&unit, &rows, (3, 2), (2, 1)), shape("y", (2, 2), (2, 1)));
    assert_eq!(append(&unit, &Dense::zeros(2, 2), (3, 2), (2, 2)), shape("rows", (2, 3), (2, 2)));
    assert_eq!(append(&Dense::zeros(3, 2), &rows, (3, 2), (2, 2)), shape("r", (3, 3), (3, 2)));
    let bad = Dense::<f64>::from_fn(2, 3, |i, j| if i + j == 3 { f64::NAN } else { 0.0 });
    assert_eq!(append(&unit, &bad, (3, 2), (2, 2)), Err(Error::NonFinite { what: "rows" }));
    let bad = Dense::<f64>::from_fn(3, 3, |_, _| f64::INFINITY);
    assert_eq!(append(&bad, &rows, (3, 2), (2, 2)), Err(Error::NonFinite { what: "r" }));
    assert_eq!(remove(&bad, &row, 3, &[0.0], 6), Err(Error::NonFinite { what: "r" }));
    for (what, bad_c, bad_y) in [("c", f64::NAN, 0.0), ("y", 0.0, f64::INFINITY)] {
        let (mut r, mut rows) = (unit.clone(), rows.clone());
        let mut c = Dense::<f64>::from_fn(3, 1, |i, _| if i == 2 { bad_c } else { 0.0 });
        let mut y = Dense::<f64>::from_fn(2, 1, |i, _| if i == 1 { bad_y } else { 0.0 });
        let both = Some((c.view_mut(), y.view_mut()));
        let result = qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), both);
        assert_eq!(result, Err(Error::NonFinite { what }));
        assert!(r.at(0, 0) == 1.0 && rows.at(1, 2) == 0.0, "nothing is written");
        let both = Some((c.view_mut(), &mut [bad_y][..]));
        let result = qr_remove_row_in_place(&Portable, r.view_mut(), &row, both, &mut [0.0; 6]);
        assert_eq!((result, r.at(0, 0)), (Err(Error::NonFinite { what }), 1.0));
    }
}
