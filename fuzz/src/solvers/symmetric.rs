//! Symmetric matrices: eigenvalues, and LDLᵀ of semi-definite ones.

use super::{LARGEST_SIZE, frobenius};
use crate::input::Input;
use crate::stored::{LIMIT, Stored, all_finite, norm, orthogonality_error, same_bits, well_scaled};
use gaussling::core::linalg::{
    SpectralStatus, ldlt_in_place, ldlt_solve_in_place, ldlt_solve_work_len, rank_tolerance, symmetric_eigen_in_place,
};
use gaussling::core::{Error, Portable, Real};

/// Bytes: order, order of a factor, rows between the columns, what the tolerance is, then the elements of the matrix.
pub fn symmetric(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (n, k, gap) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE), input.size(2));
    let tolerance = input.flag().then(|| input.number());
    let elements = input.elements(n * n.max(k));
    run::<f64>(&elements, (n, k, gap), tolerance);
    run::<f32>(&elements, (n, k, gap), tolerance);
}

fn run<T: Real>(elements: &[f64], (n, k, gap): (usize, usize, usize), tolerance: Option<f64>) {
    let a = Stored::<T>::new(elements, n, n, n + gap);
    eigen(&a);
    let tolerance = tolerance.map_or(rank_tolerance::<T>(n, n), T::from_f64);
    ldlt(&a, tolerance);
    // B Bᵀ of an n × k matrix is semi-definite but for rounding errors.
    let b = |i: usize, l: usize| elements[i + l * n];
    let mut gram = Stored::<T>::zeros(n, n);
    for j in 0..n {
        for i in 0..n {
            gram.set(i, j, (0..k).map(|l| b(i, l) * b(j, l)).sum());
        }
    }
    eigen(&gram);
    ldlt(&gram, tolerance);
}

/// The matrix whose lower triangle is that of `a`, divided by `scale`, by columns.
fn symmetric_columns<T: Real>(a: &Stored<T>, scale: f64) -> Vec<Vec<f64>> {
    (0..a.rows).map(|j| (0..a.rows).map(|i| a.get(i.max(j), i.min(j)) / scale).collect()).collect()
}

/// The largest modulus in the lower triangle, and whether all of it is finite.
fn size_of_lower<T: Real>(a: &Stored<T>) -> (f64, bool) {
    let lower = || (0..a.rows).flat_map(|j| (j..a.rows).map(move |i| a.get(i, j)));
    (lower().fold(0.0, |most, x| most.max(x.abs())), lower().all(f64::is_finite))
}

fn eigen<T: Real>(a: &Stored<T>) {
    let n = a.rows;
    let (scale, finite) = size_of_lower(a);
    let (mut work, mut values, mut vectors) = (a.clone(), vec![T::ONE; n], Stored::<T>::new(&[], n, n, n + 1));
    let untouched = vectors.clone();
    let outcome = symmetric_eigen_in_place(&Portable, work.view(), &mut values, vectors.view());
    assert!(work.canaries_live() && vectors.canaries_live(), "wrote between the columns");
    let report = match outcome {
        Ok(report) => report,
        Err(Error::NonFinite { what: "a" }) => {
            assert!(!finite && work.same_bits(a) && vectors.same_bits(&untouched), "an error wrote");
            return assert!(same_bits(&values, &vec![T::ONE; n]), "an error wrote");
        }
        Err(error) => {
            assert!(error == Error::NonFinite { what: "values" } && finite, "{error:?}");
            return assert!(scale > T::MAX.value() / (2.0 * n as f64), "{:?}", a.data);
        }
    };
    assert!(finite && report.status == SpectralStatus::Converged, "{report:?} of {:?}", a.data);
    assert!(all_finite(&values) && vectors.is_finite(), "{values:?}, {:?} of {:?}", vectors.data, a.data);
    assert!(values.is_sorted_by(|a, b| a <= b), "{values:?}");
    let unit = n as f64 * T::EPSILON.value();
    let error = orthogonality_error(&vectors, |_| false);
    assert!(error <= LIMIT * unit, "vectors {:e} of {:?}", error / unit, a.data);
    if scale == 0.0 {
        return assert!(values.iter().all(|x| x.value() == 0.0));
    }
    let columns = symmetric_columns(a, scale);
    let size = frobenius(&columns);
    let underflow = T::MIN_POSITIVE.value() / scale * T::EPSILON.value();
    for (l, value) in values.iter().enumerate() {
        let product = |i: usize| (0..n).map(|j| columns[j][i] * vectors.get(j, l)).sum::<f64>();
        let error = norm((0..n).map(|i| product(i) - value.value() / scale * vectors.get(i, l)));
        assert!(error <= LIMIT * (unit * size + underflow), "pair {l}: {:e}, {:?}", error / unit / size, a.data);
    }
}

fn ldlt<T: Real>(a: &Stored<T>, tolerance: T) {
    let n = a.rows;
    let (scale, finite) = size_of_lower(a);
    let (mut ld, mut permutation) = (a.clone(), vec![99; n]);
    let outcome = ldlt_in_place(&Portable, ld.view(), &mut permutation, tolerance);
    assert!(ld.canaries_live(), "wrote between the columns");
    for j in 0..n {
        assert!((0..j).all(|i| ld.get(i, j).to_bits() == a.get(i, j).to_bits()), "wrote above the diagonal");
    }
    let rank = match outcome {
        Ok(rank) => rank,
        Err(Error::NotPositiveDefinite { pivot }) => return assert!(finite && pivot < n),
        Err(Error::NonFinite { what: "l" }) => return assert!(finite),
        Err(error) => {
            let tolerable = tolerance >= T::ZERO && tolerance < T::ONE;
            let expected = if tolerable { Error::NonFinite { what: "a" } } else { Error::InvalidOption { what: "" } };
            assert!(std::mem::discriminant(&error) == std::mem::discriminant(&expected), "{error:?}");
            assert!(ld.same_bits(a) && permutation == vec![99; n] && !(finite && tolerable), "an error wrote");
            return;
        }
    };
    assert!(finite && rank <= n && size_of_lower(&ld).1, "{:?} of {:?}", ld.data, a.data);
    assert!((0..rank).all(|j| ld.get(j, j) > 0.0));
    if !well_scaled::<T>(scale) {
        return;
    }
    let columns = symmetric_columns(a, scale);
    let factor = |i: usize, j: usize| if i == j { 1.0 } else { ld.get(i, j) };
    let unit = n as f64 * T::EPSILON.value();
    for j in 0..n {
        for i in j..n {
            let terms = || {
                (0..=j.min(rank.saturating_sub(1)))
                    .take(rank)
                    .map(|l| factor(i, l) * (ld.get(l, l) / scale) * factor(j, l))
            };
            let error = (columns[permutation[j]][permutation[i]] - terms().sum::<f64>()).abs();
            let size = 1.0 + terms().map(f64::abs).sum::<f64>();
            let bound = LIMIT * unit * size + 4.0 * tolerance.value() * size;
            assert!(error <= bound, "({i}, {j}): {error:e} for {bound:e}, {:?}", a.data);
        }
    }
    // A system with a solution of ones.
    let mut right = Stored::<T>::zeros(n, 1);
    (0..n).for_each(|i| right.set(i, 0, columns.iter().map(|column| column[i]).sum::<f64>() * scale));
    let mut x = right.clone();
    let mut work = vec![T::ZERO; ldlt_solve_work_len(n)];
    match ldlt_solve_in_place(&Portable, ld.view().as_ref(), &permutation, rank, x.view(), &mut work) {
        Ok(()) => assert!(x.is_finite()),
        Err(error) => return assert_eq!(error, Error::NonFinite { what: "x" }),
    }
    // The equations of the pivots hold; those beyond the rank depend on the right-hand side.
    for &i in &permutation[..rank] {
        let terms = || (0..n).map(|j| columns[j][i] * x.get(j, 0));
        let error = (terms().sum::<f64>() - right.get(i, 0) / scale).abs();
        let size = (0..n).map(|j| x.get(j, 0).abs()).sum::<f64>() + n as f64;
        assert!(error <= LIMIT * unit * size * n as f64, "row {i}: {error:e} of {size:e}, {:?}", a.data);
    }
}
