//! Factorizations of matrices of any shape and any bits, in `f64` and `f32`.

use crate::input::Input;
use crate::stored::{LIMIT, Stored, norm, orthogonality_error};
use gaussling::core::linalg::{
    SpectralStatus, cholesky_in_place, cholesky_solve_in_place, form_q, least_squares_in_place, qr_in_place,
    svd_in_place,
};
use gaussling::core::{Error, Portable, Real};

const LARGEST_SIZE: usize = 10;

/// Bytes: rows, columns, rows between the columns, then the elements.
pub fn qr_and_cholesky(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n, gap) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE), input.size(2));
    let elements = input.elements(m * n + m);
    qr::<f64>(&elements, m, n, gap);
    qr::<f32>(&elements, m, n, gap);
    cholesky::<f64>(&elements, m.min(n), gap);
    cholesky::<f32>(&elements, m.min(n), gap);
}

fn qr<T: Real>(elements: &[f64], m: usize, n: usize, gap: usize) {
    let k = m.min(n);
    let a = Stored::<T>::new(elements, m, n, m + gap);
    let (mut qr, mut tau) = (a.clone(), vec![T::ZERO; k]);
    let outcome = qr_in_place(&Portable, qr.view(), &mut tau);
    assert!(qr.canaries_live(), "QR wrote between the columns");
    least_squares(&a, elements);
    if !a.is_finite() {
        assert!(matches!(outcome, Err(Error::NonFinite { .. })), "{outcome:?}");
        assert!(qr.same_bits(&a), "an error wrote");
        return;
    }
    let largest = a.largest();
    if largest > T::MAX.value() / (2.0 * m as f64) {
        assert!(matches!(outcome, Ok(()) | Err(Error::NonFinite { what: "r" })), "{outcome:?}");
        return; // R may be beyond the range
    }
    assert_eq!(outcome, Ok(()));
    assert!(qr.is_finite() && tau.iter().all(|t| t.is_finite()), "QR of {:?} is {:?}", a.data, qr.data);
    let mut q = Stored::<T>::new(&[], m, k, m + gap);
    form_q(&Portable, qr.view().as_ref(), &tau, q.view()).expect("fits");
    let epsilon = T::EPSILON.value();
    let unit = m.max(n) as f64 * epsilon;
    let error = orthogonality_error(&q, |_| false);
    assert!(error <= LIMIT * unit, "orthogonality {:e} of {:?}", error / unit, a.data);
    // Column by column, scaled by its largest element so that f64 can hold the squares.
    for j in 0..n {
        let scale = (0..m).fold(0.0_f64, |s, i| s.max(a.get(i, j).abs()));
        if scale == 0.0 {
            continue;
        }
        let product = |i: usize| (0..=j.min(k - 1)).map(|l| q.get(i, l) * (qr.get(l, j) / scale)).sum::<f64>();
        let error = norm((0..m).map(|i| product(i) - a.get(i, j) / scale));
        let length = norm((0..m).map(|i| a.get(i, j) / scale));
        // Elements of R below the smallest normal number have absolute errors.
        let underflow = m as f64 * T::MIN_POSITIVE.value() / scale * epsilon;
        assert!(error <= LIMIT * (unit * length + underflow), "column {j}: {:e}, {:?}", error / unit, a.data);
    }
}

fn least_squares<T: Real>(a: &Stored<T>, elements: &[f64]) {
    let (m, n) = (a.rows, a.cols);
    let (mut factors, mut tau) = (a.clone(), vec![T::ZERO; m.min(n)]);
    let right = elements.get(m * n..).unwrap_or_default();
    let mut b = Stored::<T>::new(right, m, usize::from(m > 0), m);
    let finite = a.is_finite() && b.is_finite();
    let outcome = least_squares_in_place(&Portable, factors.view(), &mut tau, b.view());
    match outcome {
        Ok(()) => {
            let mut solution = (0..b.cols).flat_map(|j| (0..n).map(move |i| (i, j)));
            assert!(m >= n && finite && solution.all(|(i, j)| b.get(i, j).is_finite()));
        }
        Err(Error::Shape { .. }) => assert!(m < n),
        Err(Error::NonFinite { what: "r" | "x" }) => assert!(finite),
        Err(Error::NonFinite { .. }) => assert!(!finite),
        Err(error) => assert!(matches!(error, Error::Singular { .. }) && finite, "{error:?}"),
    }
}

fn cholesky<T: Real>(elements: &[f64], n: usize, gap: usize) {
    let lower = Stored::<T>::new(elements, n, n, n + gap);
    factor(&lower);
    // The same off the diagonal, with a diagonal that outweighs it: this one must factor.
    let mut dominant = lower.clone();
    for j in 0..n {
        let row = |i: usize| (0..n).filter(|&l| l != i).map(|l| lower.get(i.max(l), i.min(l)).abs()).sum::<f64>();
        let sum = row(j).max(f64::from(f32::MIN_POSITIVE));
        dominant.data[j + j * (n + gap)] = T::from_f64(2.0 * sum);
    }
    let tame = dominant.is_finite() && dominant.largest() < 0.25 * T::MAX.value();
    if tame {
        assert!(factor(&dominant), "refused: {:?}", dominant.data);
    }
}

/// Factors and solves; whether it went well.
fn factor<T: Real>(a: &Stored<T>) -> bool {
    let n = a.rows;
    let mut l = a.clone();
    let outcome = cholesky_in_place(&Portable, l.view());
    let finite = (0..n).all(|j| (j..n).all(|i| a.get(i, j).is_finite()));
    for j in 0..n {
        assert!((0..j).all(|i| l.get(i, j).to_bits() == a.get(i, j).to_bits()), "wrote above the diagonal");
    }
    assert!(l.canaries_live(), "Cholesky wrote between the columns");
    match outcome {
        Err(Error::NonFinite { .. }) => {
            assert!(!finite && l.same_bits(a));
            return false;
        }
        Err(error) => {
            assert!(matches!(error, Error::NotPositiveDefinite { pivot } if pivot < n) && finite, "{error:?}");
            return false;
        }
        Ok(()) => assert!(finite),
    }
    assert!((0..n).all(|j| (j..n).all(|i| l.get(i, j).is_finite()) && l.get(j, j) > 0.0), "{:?}", l.data);
    // |L Lᵀ − A| ≤ (n + 1) ε |L||Lᵀ| in each element, of A scaled to a largest element of 1.
    let scale = a.largest();
    let root = scale.sqrt();
    let unit = (n + 1) as f64 * T::EPSILON.value();
    // Elements of L and of A below the smallest normal number have absolute errors; so have the products formed here.
    let underflow = n as f64 * (T::MIN_POSITIVE.value() * T::EPSILON.value() / scale.min(root) + f64::MIN_POSITIVE);
    for j in 0..n {
        for i in j..n {
            let terms = || (0..=j).map(|p| (l.get(i, p) / root) * (l.get(j, p) / root));
            let error = (terms().sum::<f64>() - a.get(i, j) / scale).abs();
            let size = terms().map(f64::abs).sum::<f64>();
            assert!(error <= LIMIT * (unit * size + underflow), "({i}, {j}): {error:e} of {size:e}, {:?}", a.data);
        }
    }
    let mut b = Stored::<T>::new(&vec![1.0; n], n, 1, n);
    cholesky_solve_in_place(&Portable, l.view().as_ref(), b.view()).expect("a positive diagonal");
    true
}

/// Bytes: rows, columns, rows between the columns, then the elements.
pub fn svd(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n, gap) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE), input.size(2));
    let elements = input.elements(m * n);
    decompose::<f64>(&elements, m, n, gap);
    decompose::<f32>(&elements, m, n, gap);
}

fn decompose<T: Real>(elements: &[f64], m: usize, n: usize, gap: usize) {
    let a = Stored::<T>::new(elements, m, n, m + gap);
    let (mut u, mut s, mut v) = (a.clone(), vec![T::ZERO; n], Stored::<T>::new(&[], n, n, n + gap));
    let outcome = svd_in_place(&Portable, u.view(), &mut s, v.view());
    assert!(u.canaries_live() && v.canaries_live(), "the SVD wrote between the columns");
    let report = match outcome {
        Ok(report) => report,
        Err(Error::NonFinite { what: "s" }) => {
            // Singular values are beyond the range.
            assert!(m >= n && a.is_finite() && a.largest() > T::MAX.value() / (2.0 * (m * n) as f64));
            return;
        }
        Err(error) => {
            let fits = matches!(error, Error::Shape { .. }) && m < n;
            assert!(fits || matches!(error, Error::NonFinite { .. }) && !a.is_finite(), "{error:?}");
            assert!(u.same_bits(&a), "an error wrote");
            return;
        }
    };
    assert!(m >= n && a.is_finite());
    assert_eq!(report.status, SpectralStatus::Converged, "{:?}", a.data);
    let largest = a.largest();
    if largest > T::MAX.value() / (2.0 * (m * n) as f64) {
        return; // singular values may be beyond the range
    }
    assert!(u.is_finite() && v.is_finite() && s.iter().all(|s| s.is_finite()), "{:?}", a.data);
    assert!(s.is_sorted_by(|a, b| a >= b) && s.iter().all(|&s| s >= T::ZERO), "{s:?}");
    let epsilon = T::EPSILON.value();
    let unit = m as f64 * epsilon;
    let zero = |j: usize| s[j] == T::ZERO;
    let (error_u, error_v) = (orthogonality_error(&u, zero), orthogonality_error(&v, |_| false));
    assert!(error_v <= LIMIT * unit, "V: {:e}, {:?}", error_v / unit, a.data);
    assert!(error_u <= LIMIT * unit, "U: {:e}, {:?}, s = {s:?}", error_u / unit, a.data);
    if largest == 0.0 {
        return;
    }
    let sum = |i, j| (0..n).map(|l| u.get(i, l) * (s[l].value() / largest) * v.get(j, l)).sum::<f64>();
    let elements = || (0..n).flat_map(|j| (0..m).map(move |i| (i, j)));
    let error = norm(elements().map(|(i, j)| sum(i, j) - a.get(i, j) / largest));
    let size = norm(elements().map(|(i, j)| a.get(i, j) / largest));
    let underflow = T::MIN_POSITIVE.value() / largest * epsilon;
    assert!(error <= LIMIT * (unit * size + underflow), "residual {:e}, {:?}", error / unit / size, a.data);
}
