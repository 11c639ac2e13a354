//! Rows that come and go in a triangle R, and rank-one changes of a Cholesky factor.

use super::LARGEST_SIZE;
use crate::input::Input;
use crate::stored::{LIMIT, Stored, converted, largest, norm, same_bits, well_scaled};
use gaussling::core::linalg::{
    cholesky_downdate_in_place, cholesky_downdate_work_len, cholesky_update_in_place, qr_append_rows_in_place,
    qr_remove_row_in_place, qr_remove_row_work_len,
};
use gaussling::core::{Error, Portable, Real};

/// Bytes: order, rows, right-hand sides, rows between the columns, then the elements of R, of the rows, and of both sides.
pub fn updates(bytes: &[u8]) {
    let mut input = Input(bytes);
    let shape = (input.size(LARGEST_SIZE), input.size(4), input.size(2), input.size(2));
    let (n, s, p, _) = shape;
    let elements = input.elements(n * n + s * n + n * p + s * p);
    run::<f64>(&elements, shape);
    run::<f32>(&elements, shape);
}

fn run<T: Real>(elements: &[f64], (n, s, p, gap): (usize, usize, usize, usize)) {
    let (r, elements) = elements.split_at(n * n);
    let (w, elements) = elements.split_at(s * n);
    let (c, y) = elements.split_at(n * p);
    let (r, w) = (Stored::<T>::new(r, n, n, n + gap), Stored::<T>::new(w, s, n, s + gap));
    let (c, y) = (Stored::<T>::new(c, n, p, n + gap), Stored::<T>::new(y, s, p, s + gap));
    append(&r, &w, &c, &y);
    if s > 0 {
        let row: Vec<f64> = (0..n).map(|j| w.get(0, j)).collect();
        let right: Vec<f64> = (0..p).map(|l| y.get(0, l)).collect();
        remove(&r, &row, &c, &right);
        cholesky(&r, &row);
    }
}

fn upper_is_finite<T: Real>(r: &Stored<T>) -> bool {
    (0..r.cols).all(|j| (0..=j).all(|i| r.get(i, j).is_finite()))
}

/// (RᵀR)ᵢⱼ of the upper triangle divided by `scale`.
fn gram<T: Real>(r: &Stored<T>, scale: f64, i: usize, j: usize) -> f64 {
    (0..=i.min(j)).map(|l| (r.get(l, i) / scale) * (r.get(l, j) / scale)).sum()
}

fn lower_untouched<T: Real>(r: &Stored<T>, before: &Stored<T>) -> bool {
    (0..r.cols).all(|j| (j + 1..r.rows).all(|i| r.get(i, j).to_bits() == before.get(i, j).to_bits()))
}

fn append<T: Real>(r: &Stored<T>, w: &Stored<T>, c: &Stored<T>, y: &Stored<T>) {
    let (n, s, p) = (r.cols, w.rows, c.cols);
    let (mut new_r, mut new_w, mut new_c, mut new_y) = (r.clone(), w.clone(), c.clone(), y.clone());
    let right = Some((new_c.view(), new_y.view()));
    let outcome = qr_append_rows_in_place(&Portable, new_r.view(), new_w.view(), right);
    assert!([&new_r, &new_w, &new_c, &new_y].iter().all(|a| a.canaries_live()) && lower_untouched(&new_r, r));
    let finite = upper_is_finite(r) && w.is_finite() && c.is_finite() && y.is_finite();
    if !finite {
        assert!(matches!(outcome, Err(Error::NonFinite { .. })), "{outcome:?}");
        let untouched = new_r.same_bits(r) && new_w.same_bits(w) && new_c.same_bits(c) && new_y.same_bits(y);
        return assert!(untouched, "an error wrote");
    }
    let upper = (0..n).flat_map(|j| (0..=j).map(move |i| (i, j)));
    let scale = upper.fold(w.largest(), |most, (i, j)| most.max(r.get(i, j).abs()));
    let most_right = c.largest().max(y.largest());
    if let Err(error) = outcome {
        assert!(matches!(error, Error::NonFinite { what: "r" | "c" | "y" }), "{error:?}");
        let most = scale.max(most_right);
        return assert!(most > T::MAX.value() / (2.0 * ((n + s) * (n + 1)) as f64), "{error:?}: {:?}", r.data);
    }
    assert!(upper_is_finite(&new_r) && new_c.is_finite() && new_y.is_finite());
    if !well_scaled::<T>(scale) {
        return;
    }
    let unit = (n + s) as f64 * T::EPSILON.value();
    for j in 0..n {
        for i in 0..=j {
            let rows = (0..s).map(|l| (w.get(l, i) / scale) * (w.get(l, j) / scale)).sum::<f64>();
            let expected = gram(r, scale, i, j) + rows;
            let size = column_length(r, w, scale, i) * column_length(r, w, scale, j);
            let error = (gram(&new_r, scale, i, j) - expected).abs();
            // Elements far below the largest lose what underflows, also in the products here.
            let underflow = T::MIN_POSITIVE.value() / scale + f64::MIN_POSITIVE;
            assert!(error <= LIMIT * (unit * size + underflow), "({i}, {j}): {error:e} of {size:e}");
        }
    }
    // Rᵀc = the old one + Wᵀy, and lengths stay.
    for l in 0..p {
        let column = (0..n).map(|i| c.get(i, l)).chain((0..s).map(|i| y.get(i, l)));
        let right_scale = column.fold(0.0_f64, |most, x| most.max(x.abs()));
        if !well_scaled::<T>(right_scale) {
            continue;
        }
        let squares = |c: &Stored<T>, y: &Stored<T>| {
            let square = |x: f64| (x / right_scale) * (x / right_scale);
            (0..n).map(|i| square(c.get(i, l))).sum::<f64>() + (0..s).map(|i| square(y.get(i, l))).sum::<f64>()
        };
        let (before, after) = (squares(c, y), squares(&new_c, &new_y));
        assert!((before - after).abs() <= LIMIT * unit * before, "lengths {before:e} and {after:e}");
        for j in 0..n {
            let product = |r: &Stored<T>, c: &Stored<T>| {
                (0..=j).map(|i| (r.get(i, j) / scale) * (c.get(i, l) / right_scale)).sum::<f64>()
            };
            let rows = (0..s).map(|i| (w.get(i, j) / scale) * (y.get(i, l) / right_scale)).sum::<f64>();
            let error = (product(&new_r, &new_c) - product(r, c) - rows).abs();
            let size = before.sqrt() * column_length(r, w, scale, j);
            let underflow = T::MIN_POSITIVE.value() / scale.min(right_scale) + f64::MIN_POSITIVE;
            assert!(error <= LIMIT * (unit * size + underflow), "right-hand side {j}: {error:e} of {size:e}");
        }
    }
}

/// The length of column i of [R; W].
fn column_length<T: Real>(r: &Stored<T>, w: &Stored<T>, scale: f64, i: usize) -> f64 {
    let column = || (0..=i).map(|l| r.get(l, i)).chain((0..w.rows).map(|l| w.get(l, i)));
    let most = column().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    norm(column().map(|x| x / most)) * (most / scale)
}

fn remove<T: Real>(r: &Stored<T>, row: &[f64], c: &Stored<T>, right: &[f64]) {
    let n = r.cols;
    let (row, right) = (converted::<T>(row), converted::<T>(right));
    let (mut new_r, mut new_c, mut zeta) = (r.clone(), c.clone(), right.clone());
    let mut work = vec![T::ZERO; qr_remove_row_work_len(n)];
    let outcome = qr_remove_row_in_place(&Portable, new_r.view(), &row, Some((new_c.view(), &mut zeta)), &mut work);
    assert!(new_r.canaries_live() && new_c.canaries_live() && lower_untouched(&new_r, r));
    match outcome {
        Ok(()) => {
            assert!(upper_is_finite(&new_r) && new_c.is_finite() && zeta.iter().all(|x| x.is_finite()));
            changed_by(|i, j, scale| gram(&new_r, scale, i, j), |i, j, scale| gram(r, scale, i, j), &row, -1.0);
        }
        Err(Error::NonFinite { what: "c" }) if new_r.same_bits(r) && new_c.same_bits(c) => {}
        Err(Error::NonFinite { what: "c" }) => assert!(c.is_finite(), "an error wrote"),
        Err(error) => {
            assert!(new_r.same_bits(r) && new_c.same_bits(c) && same_bits(&zeta, &right), "an error wrote: {error:?}");
            assert!(!matches!(error, Error::Singular { column } if r.get(column, column) != 0.0));
        }
    }
}

/// New = old ± x xᵀ, for matrices divided by the square of a scale.
fn changed_by<T: Real>(
    new: impl Fn(usize, usize, f64) -> f64,
    old: impl Fn(usize, usize, f64) -> f64,
    x: &[T],
    sign: f64,
) {
    let n = x.len();
    let scale = (0..n).map(|i| new(i, i, 1.0).max(old(i, i, 1.0)).sqrt()).fold(largest(x), f64::max);
    if !well_scaled::<T>(scale) {
        return;
    }
    let unit = (n + 1) as f64 * T::EPSILON.value();
    let size = (0..n).map(|i| old(i, i, scale) + (x[i].value() / scale).powi(2)).sum::<f64>();
    for j in 0..n {
        for i in 0..=j {
            let change = sign * (x[i].value() / scale) * (x[j].value() / scale);
            let error = (new(i, j, scale) - old(i, j, scale) - change).abs();
            assert!(error <= LIMIT * unit * size, "({i}, {j}): {:e} of {size:e}", error / unit);
        }
    }
}

/// The transpose of R as a factor L.
fn cholesky<T: Real>(r: &Stored<T>, row: &[f64]) {
    let n = r.cols;
    let mut l = r.clone();
    (0..n).for_each(|j| (0..n).for_each(|i| l.set(i, j, r.get(j, i))));
    let lower_is_finite = |l: &Stored<T>| (0..n).all(|j| (j..n).all(|i| l.get(i, j).is_finite()));
    let product = |l: &Stored<T>, i: usize, j: usize, scale: f64| {
        (0..=i.min(j)).map(|k| (l.get(i, k) / scale) * (l.get(j, k) / scale)).sum::<f64>()
    };
    let x = converted::<T>(row);
    let finite = lower_is_finite(&l) && x.iter().all(|x| x.is_finite());
    let (mut updated, mut work) = (l.clone(), x.clone());
    let outcome = cholesky_update_in_place(updated.view(), &mut work);
    assert!(updated.canaries_live());
    match outcome {
        Ok(()) => {
            assert!(finite && lower_is_finite(&updated) && (0..n).all(|j| updated.get(j, j) >= 0.0));
            changed_by(|i, j, s| product(&updated, i, j, s), |i, j, s| product(&l, i, j, s), &x, 1.0);
        }
        Err(error) => {
            assert!(matches!(error, Error::NonFinite { .. }), "{error:?}");
            assert!(finite || updated.same_bits(&l) && same_bits(&work, &x), "an error wrote");
        }
    }
    let (mut reduced, mut work) = (l.clone(), x.clone());
    let mut room = vec![T::ZERO; cholesky_downdate_work_len(n)];
    let outcome = cholesky_downdate_in_place(&Portable, reduced.view(), &mut work, &mut room);
    assert!(reduced.canaries_live());
    match outcome {
        Ok(()) => {
            assert!(finite && lower_is_finite(&reduced));
            changed_by(|i, j, s| product(&reduced, i, j, s), |i, j, s| product(&l, i, j, s), &x, -1.0);
        }
        Err(Error::NonFinite { what: "l" }) if finite => {}
        Err(error) => assert!(reduced.same_bits(&l), "an error wrote: {error:?}"),
    }
}
