//! What is made of a singular value decomposition, and the covariance of a fit.

use super::{LARGEST_SIZE, frobenius, residual};
use crate::input::Input;
use crate::stored::{LIMIT, Stored, all_finite, dot, largest, norm, well_scaled};
use gaussling::core::linalg::{
    correlation_in_place, least_squares_covariance, least_squares_covariance_work_len, rank_tolerance, standard_errors,
    svd_condition, svd_in_place, svd_pseudo_inverse, svd_rank, svd_solve as solve_by_svd,
};
use gaussling::core::{Error, Portable, Real};

/// Bytes: rows, columns, rows between the columns, what the tolerance is, a variance, then the elements of the matrix and of
/// a right-hand side.
pub fn svd_solve(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n, gap) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE), input.size(2));
    let tolerance = input.flag().then(|| input.number());
    let variance = input.flag().then(|| input.number());
    let elements = input.elements(m * n + m);
    solve::<f64>(&elements, (m, n, gap), tolerance);
    solve::<f32>(&elements, (m, n, gap), tolerance);
    covariance::<f64>(&elements, (m, n, gap), variance);
    covariance::<f32>(&elements, (m, n, gap), variance);
}

fn solve<T: Real>(elements: &[f64], (m, n, gap): (usize, usize, usize), tolerance: Option<f64>) {
    let a = Stored::<T>::new(elements, m, n, m + gap);
    let k = m.min(n);
    // The decomposition wants m ≥ n: of Aᵀ where A is wide.
    let mut long = Stored::<T>::zeros(m.max(n), k);
    for j in 0..n {
        (0..m).for_each(|i| if m < n { long.set(j, i, a.get(i, j)) } else { long.set(i, j, a.get(i, j)) });
    }
    let (mut s, mut square) = (vec![T::ZERO; k], Stored::<T>::zeros(k, k));
    if svd_in_place(&Portable, long.view(), &mut s, square.view()).is_err() {
        return; // the target `svd` looks at these
    }
    let (mut u, mut v) = if m < n { (square, long) } else { (long, square) };
    let condition = svd_condition(&s).value();
    assert!(condition >= 1.0, "{condition} of {s:?}");
    let tolerance = tolerance.map_or(rank_tolerance::<T>(m, n), T::from_f64);
    let Ok(rank) = svd_rank(&s, tolerance) else {
        return assert!(!(tolerance >= T::ZERO && tolerance < T::ONE));
    };
    assert!(rank <= k);

    let mut inverse = Stored::<T>::new(&[], n, m, n + gap);
    let untouched = inverse.clone();
    let outcome = svd_pseudo_inverse(&Portable, u.view().as_ref(), &s, v.view().as_ref(), rank, inverse.view());
    assert!(inverse.canaries_live());
    match outcome {
        Ok(()) => assert!(inverse.is_finite()),
        Err(Error::NonFinite { what: "inverse" }) => {}
        Err(error) => panic!("{error:?}, {}", inverse.same_bits(&untouched)),
    }
    let mut b = Stored::<T>::new(&elements[m * n..], m, 1, m);
    let mut x = Stored::<T>::new(&[], n, 1, n + gap);
    let before = x.clone();
    let outcome = solve_by_svd(&Portable, u.view().as_ref(), &s, v.view().as_ref(), rank, b.view().as_ref(), x.view());
    match outcome {
        Ok(()) => assert!(b.is_finite() && x.is_finite()),
        Err(Error::NonFinite { what: "b" }) => {
            return assert!(!b.is_finite() && x.same_bits(&before), "an error wrote");
        }
        Err(error) => return assert!(error == Error::NonFinite { what: "x" } && b.is_finite(), "{error:?}"),
    }
    let (scale, b_scale) = (a.largest(), b.largest());
    let x_scale = b_scale / scale;
    if ![scale, b_scale, x_scale].iter().all(|&x| well_scaled::<T>(x)) {
        return;
    }
    let columns = a.scaled(scale);
    let solution: Vec<f64> = (0..n).map(|i| x.get(i, 0) / x_scale).collect();
    let right: Vec<f64> = (0..m).map(|i| b.get(i, 0) / b_scale).collect();
    let unit = m.max(n) as f64 * T::EPSILON.value();
    let size = frobenius(&columns) * norm(solution.iter().copied()) + norm(right.iter().copied());
    if size > 1e100 {
        return; // beyond what the norms here can square
    }
    let r = residual(&columns, &solution, &right);
    for l in 0..rank {
        let direction: Vec<f64> = (0..m).map(|i| u.get(i, l)).collect();
        let error = dot(&direction, &r).abs();
        assert!(error <= LIMIT * unit * size, "residual {:e} along {l}: {:?}", error / unit / size, a.data);
    }
    // The same by the pseudo-inverse.
    if inverse.is_finite() && well_scaled::<T>(inverse.largest()) {
        let size = inverse.largest() / x_scale * b_scale * (m * n) as f64;
        if !size.is_finite() {
            return; // in the units of this check the inverse leaves the range
        }
        for (i, &x) in solution.iter().enumerate() {
            let product = (0..m).map(|j| inverse.get(i, j) / x_scale * b_scale * right[j]).sum::<f64>();
            assert!((product - x).abs() <= LIMIT * unit * size, "{product:e} for {x:e}: {:?}", a.data);
        }
    }
}

fn covariance<T: Real>(elements: &[f64], (m, n, gap): (usize, usize, usize), variance: Option<f64>) {
    let a = Stored::<T>::new(elements, m, n, m + gap);
    let residual: Vec<T> = elements[m * n..].iter().map(|&x| T::from_f64(x)).collect();
    let variance = variance.map(T::from_f64);
    let (mut jacobian, mut covariance) = (a.clone(), Stored::<T>::new(&[], n, n, n + gap));
    let before = covariance.clone();
    let mut work = vec![T::ZERO; least_squares_covariance_work_len(m, n)];
    let outcome = least_squares_covariance(
        &Portable,
        jacobian.view(),
        &residual,
        variance,
        covariance.view(),
        &mut vec![0; n],
        &mut work,
    );
    assert!(jacobian.canaries_live() && covariance.canaries_live());
    let finite = a.is_finite() && all_finite(&residual);
    let report = match outcome {
        Ok(report) => report,
        Err(Error::NonFinite { what: "covariance" }) => return assert!(finite),
        Err(error) => {
            assert!(covariance.same_bits(&before), "an error wrote: {error:?}");
            let refused = matches!(error, Error::InvalidOption { .. });
            return assert!(refused || !finite || largest(&a.data) > T::MAX.value() / 100.0, "{error:?}: {:?}", a.data);
        }
    };
    assert!(finite && report.rank <= m.min(n) && report.degrees_of_freedom == m - report.rank);
    assert!(report.variance.is_finite() || largest(&residual) > T::MAX.value().sqrt() / 10.0, "{report:?}");
    let element = |i: usize, j: usize| covariance.get(i, j);
    for j in 0..n {
        let diagonal = element(j, j);
        assert!(diagonal >= 0.0, "variance {diagonal} of {:?}", a.data);
        assert!(report.rank < n || diagonal.is_finite(), "rank {n}: {:?}", covariance.data);
        for i in 0..n {
            assert!(element(i, j).to_bits() == element(j, i).to_bits());
            let unknown = element(i, i).is_infinite() || diagonal.is_infinite();
            assert!(i == j || unknown == element(i, j).is_nan() && (unknown || element(i, j).is_finite()));
        }
    }
    let mut errors = vec![T::ZERO; n];
    standard_errors(covariance.clone().view().as_ref(), &mut errors).expect("fits");
    assert!((0..n).all(|j| errors[j].value().is_finite() == element(j, j).is_finite()));
    // Cauchy and Schwarz, where the variances have digits.
    let mut correlation = covariance.clone();
    correlation_in_place(correlation.view()).expect("square");
    let limit = 1.0 + LIMIT * n as f64 * T::EPSILON.value();
    for j in 0..n {
        for i in 0..n {
            let normal = [i, j].iter().all(|&i| well_scaled::<T>(element(i, i)));
            let c = correlation.get(i, j);
            assert!(!normal || c.abs() <= limit, "correlation {c} of {i} and {j}: {:?}", a.data);
        }
    }
}
