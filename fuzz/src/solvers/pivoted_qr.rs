//! QR with column pivoting, its rank, basic solutions and those of minimum norm.

use super::{LARGEST_SIZE, frobenius, residual};
use crate::input::Input;
use crate::stored::{LIMIT, Stored, all_finite, dot, largest, norm, orthogonality_error, same_bits, well_scaled};
use gaussling::core::linalg::{
    complete_orthogonal_in_place, complete_orthogonal_work_len, form_q, minimum_norm_solve_in_place,
    qr_pivoted_in_place, qr_pivoted_rank, qr_pivoted_solve_in_place, qr_pivoted_work_len, rank_tolerance,
};
use gaussling::core::{Error, Portable, Real};

/// Bytes: rows, columns, rows between the columns, what the tolerance is, then the elements of the matrix and of a right-hand side.
pub fn pivoted_qr(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n, gap) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE), input.size(2));
    let tolerance = input.flag().then(|| input.number());
    let elements = input.elements(m * n + m);
    run::<f64>(&elements, (m, n, gap), tolerance);
    run::<f32>(&elements, (m, n, gap), tolerance);
}

fn run<T: Real>(elements: &[f64], (m, n, gap): (usize, usize, usize), tolerance: Option<f64>) {
    let k = m.min(n);
    let a = Stored::<T>::new(elements, m, n, m + gap);
    let (mut qr, mut tau, mut permutation) = (a.clone(), vec![T::ONE; k], vec![99; n]);
    let mut work = vec![T::ZERO; qr_pivoted_work_len(n)];
    let outcome = qr_pivoted_in_place(&Portable, qr.view(), &mut tau, &mut permutation, &mut work);
    assert!(qr.canaries_live(), "wrote between the columns");
    if !a.is_finite() {
        assert!(matches!(outcome, Err(Error::NonFinite { what: "a" })), "{outcome:?}");
        assert!(qr.same_bits(&a) && same_bits(&tau, &vec![T::ONE; k]) && permutation == vec![99; n], "an error wrote");
        return;
    }
    if outcome.is_err() {
        assert!(outcome == Err(Error::NonFinite { what: "r" }) && a.largest() > T::MAX.value() / (2.0 * m as f64));
        return;
    }
    assert!(qr.is_finite() && all_finite(&tau), "{:?} of {:?}", qr.data, a.data);
    let mut sorted = permutation.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..n), "{permutation:?}");
    let mut q = Stored::<T>::zeros(m, k);
    form_q(&Portable, qr.view().as_ref(), &tau, q.view()).expect("fits");
    if well_scaled::<T>(a.largest()) {
        factors_are_right(&a, &qr, &q, &permutation);
    }

    let tolerance = tolerance.map_or(rank_tolerance::<T>(m, n), T::from_f64);
    let rank = match qr_pivoted_rank(qr.view().as_ref(), tolerance) {
        Ok(rank) => rank,
        Err(error) => {
            assert!(matches!(error, Error::InvalidOption { .. }) && !(tolerance >= T::ZERO && tolerance < T::ONE));
            return;
        }
    };
    assert!(rank <= k && (0..rank).all(|j| qr.get(j, j) != 0.0));
    let mut right = Stored::<T>::new(&vec![0.0; m.max(n)], m.max(n), 1, m.max(n));
    for i in 0..m {
        right.set(i, 0, elements[m * n + i]);
    }
    let finite = all_finite(&right.data);
    let problem = Problem { a: &a, q: &q, permutation: &permutation, rank, right: &right };

    let mut x = right.clone();
    let mut work = vec![T::ZERO; complete_orthogonal_work_len(n)];
    let outcome =
        qr_pivoted_solve_in_place(&Portable, qr.view().as_ref(), &tau, &permutation, rank, x.view(), &mut work);
    solved(&outcome, finite, &x, &right, n);
    let basic = outcome.is_ok();
    if basic {
        let zero = |i: &usize| permutation.iter().position(|p| p == i).is_some_and(|at| at >= rank);
        assert!((0..n).filter(zero).all(|i| x.get(i, 0) == 0.0), "more than {rank} elements: {:?}", x.data);
        problem.is_solved_by(&x);
    }

    let (mut t, mut tau_right) = (qr.clone(), vec![T::ZERO; k]);
    let outcome = complete_orthogonal_in_place(&Portable, t.view(), rank, &mut tau_right, &mut work);
    if outcome.is_err() {
        assert!(
            outcome == Err(Error::NonFinite { what: "t" }) && a.largest() > T::MAX.value() / (2.0 * (m * n) as f64)
        );
        return;
    }
    let mut shortest = right.clone();
    let (t, tau_right) = (t.view().into_ref(), &tau_right);
    let outcome =
        minimum_norm_solve_in_place(&Portable, t, &tau, tau_right, &permutation, rank, shortest.view(), &mut work);
    solved(&outcome, finite, &shortest, &right, n);
    if outcome.is_ok() {
        problem.is_solved_by(&shortest);
        let length = |x: &Stored<T>| norm((0..n).map(|i| x.get(i, 0) / largest(&x.data).max(f64::MIN_POSITIVE)));
        let (size, other) = (length(&shortest) * largest(&shortest.data), length(&x) * largest(&x.data));
        // Both solve the same equations, up to the condition of the triangle.
        let triangle = |i: usize| qr.get(i, i).abs();
        let condition = if rank > 0 { triangle(0) / triangle(rank - 1) } else { 1.0 };
        let slack = 1.0 + LIMIT * T::EPSILON.value() * condition * f64::from(1_u32 << rank);
        let normal = well_scaled::<T>(a.largest()) && well_scaled::<T>(size);
        assert!(!basic || !normal || size <= other * slack, "{size:e} is longer than {other:e}: {:?}", a.data);
    }
}

fn solved<T: Real>(outcome: &Result<(), Error>, finite: bool, x: &Stored<T>, right: &Stored<T>, n: usize) {
    match outcome {
        Ok(()) => assert!(finite && (0..n).all(|i| x.get(i, 0).is_finite())),
        Err(Error::NonFinite { what: "b" }) => assert!(!finite && x.same_bits(right), "an error wrote"),
        Err(error) => assert!(finite && *error == Error::NonFinite { what: "x" }, "{error:?}"),
    }
}

fn factors_are_right<T: Real>(a: &Stored<T>, qr: &Stored<T>, q: &Stored<T>, permutation: &[usize]) {
    let (m, n, k) = (a.rows, a.cols, q.cols);
    let unit = m.max(n) as f64 * T::EPSILON.value();
    let error = orthogonality_error(q, |_| false);
    assert!(error <= LIMIT * unit, "orthogonality {:e} of {:?}", error / unit, a.data);
    let scale = a.largest();
    let (columns, length) = (a.scaled(scale), frobenius(&a.scaled(scale)));
    for j in 0..n {
        let product = |i: usize| (0..=j.min(k - 1)).map(|l| q.get(i, l) * (qr.get(l, j) / scale)).sum::<f64>();
        let error = norm((0..m).map(|i| product(i) - columns[permutation[j]][i]));
        assert!(error <= LIMIT * unit * length, "column {j}: {:e}, {:?}", error / unit, a.data);
    }
    // A pivot is at least as long as what is left of each later column; norms that are carried along have √ε.
    let slack = 1.0 + 10.0 * T::EPSILON.value().sqrt();
    for j in 0..k {
        let pivot = (qr.get(j, j) / scale).abs();
        for l in j + 1..n {
            let rest = norm((j..=l.min(k - 1)).map(|i| qr.get(i, l) / scale));
            assert!(rest <= pivot * slack + LIMIT * unit * length, "pivot {j} is less than column {l}: {:?}", a.data);
        }
    }
}

struct Problem<'a, T> {
    a: &'a Stored<T>,
    q: &'a Stored<T>,
    permutation: &'a [usize],
    rank: usize,
    right: &'a Stored<T>,
}

impl<T: Real> Problem<'_, T> {
    /// The residual has nothing in the range of the first `rank` columns, up to what those after it are.
    fn is_solved_by(&self, x: &Stored<T>) {
        let (m, n) = (self.a.rows, self.a.cols);
        let (scale, unit) = (self.a.largest(), m.max(n) as f64 * T::EPSILON.value());
        let b_scale = (0..m).map(|i| self.right.get(i, 0).abs()).fold(0.0, f64::max);
        let x_scale = b_scale / scale;
        if !well_scaled::<T>(scale) || !well_scaled::<T>(b_scale) || !well_scaled::<T>(x_scale) {
            return;
        }
        let solution: Vec<f64> = (0..n).map(|i| x.get(i, 0) / x_scale).collect();
        let b: Vec<f64> = (0..m).map(|i| self.right.get(i, 0) / b_scale).collect();
        let columns = self.a.scaled(scale);
        let size = frobenius(&columns) * norm(solution.iter().copied()) + norm(b.iter().copied());
        if size > 1e100 {
            return; // beyond what the norms here can square
        }
        let r = residual(&columns, &solution, &b);
        for l in 0..self.rank {
            let q: Vec<f64> = (0..m).map(|i| self.q.get(i, l)).collect();
            let error = dot(&q, &r).abs();
            let case = (&self.a.data, &self.right.data, self.permutation);
            assert!(error <= LIMIT * unit * size, "residual {:e} along {l}: {case:?}", error / unit / size);
        }
    }
}
