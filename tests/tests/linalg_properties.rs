//! Every factorization on arbitrary bits: shapes down to 0, leading dimensions larger than the height, NaN, ±∞, subnormal and
//! huge numbers. None may panic, none may write between the columns, and `Ok` means that every value of the result is finite.
//!
//! proptest prints the smallest failing case it finds, shape and bits.

use gaussling_core::linalg::*;
use gaussling_core::{Backend, Error, MatMut, MatRef, Portable, Real};
use proptest::prelude::*;

/// Column-major with a gap below each column that holds a mark no routine may change.
#[derive(Clone, Debug)]
struct Stored<T> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
    leading: usize,
}

const MARK: f64 = -123.0;

impl<T: Real> Stored<T> {
    fn new(rows: usize, cols: usize, gap: usize, element: impl Fn(usize, usize) -> T) -> Self {
        let leading = rows + gap;
        let mark = T::from_f64(MARK);
        let data = (0..cols).flat_map(|j| (0..leading).map(move |i| (i, j)));
        let data = data.map(|(i, j)| if i < rows { element(i, j) } else { mark }).collect();
        Self { data, rows, cols, leading }
    }

    fn view(&self) -> MatRef<'_, T> {
        MatRef::with_strides(&self.data, self.rows, self.cols, 1, self.leading).expect("fits")
    }

    fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::with_leading(&mut self.data, self.rows, self.cols, self.leading).expect("fits")
    }

    /// All values in the given part of the matrix are finite.
    fn finite_where(&self, part: impl Fn(usize, usize) -> bool) -> bool {
        let inside = (0..self.cols).flat_map(|j| (0..self.rows).map(move |i| (i, j)));
        inside.filter(|&(i, j)| part(i, j)).all(|(i, j)| self.data[i + j * self.leading].is_finite())
    }

    fn finite(&self) -> bool {
        self.finite_where(|_, _| true)
    }

    fn gaps_untouched(&self) -> bool {
        (0..self.cols).all(|j| (self.rows..self.leading).all(|i| self.data[i + j * self.leading].value() == MARK))
    }
}

fn finite<T: Real>(x: &[T]) -> bool {
    x.iter().all(|x| x.is_finite())
}

/// Shape, gap, kind of numbers and their bits.
#[derive(Clone, Debug)]
struct Case {
    rows: usize,
    cols: usize,
    gap: usize,
    rank: usize,
    numbers: Vec<f64>,
}

/// Plain numbers, zeros, whole range, the ends of the range, and rarely something that is not finite.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -2.0..2.0,
        2 => Just(0.0),
        2 => (-2.0..2.0, -1080..1024_i32).prop_map(|(x, e)| libm_ldexp(x, e)),
        1 => prop_oneof![Just(f64::MAX), Just(-f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324), Just(f64::from(f32::MAX))],
        1 => (-2.0..2.0, -150..128_i32).prop_map(|(x, e)| libm_ldexp(x, e)),
    ]
}

fn libm_ldexp(x: f64, exponent: i32) -> f64 {
    // In two factors: a single power of two could be out of range where the product is not.
    x * 2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2)
}

/// A case whose numbers are tame, wild but finite, or arbitrary bits.
fn case() -> impl Strategy<Value = Case> {
    let numbers = prop_oneof![
        3 => prop::collection::vec(-2.0..2.0, 100),
        3 => prop::collection::vec(number(), 100),
        1 => prop::collection::vec(any::<u64>().prop_map(f64::from_bits), 100),
        1 => prop::collection::vec(prop_oneof![20 => number(), 1 => Just(f64::NAN), 1 => Just(f64::NEG_INFINITY)], 100),
        1 => (number(), number()).prop_map(|(x, y)| (0..100).map(|i| if i % 3 == 0 { y } else { x }).collect()),
    ];
    (0..8_usize, 0..8_usize, 0..3_usize, 0..9_usize, numbers).prop_map(|(rows, cols, gap, rank, numbers)| Case {
        rows,
        cols,
        gap,
        rank,
        numbers,
    })
}

impl Case {
    fn number<T: Real>(&self, index: usize) -> T {
        T::from_f64(self.numbers[index % self.numbers.len()])
    }

    fn matrix<T: Real>(&self, rows: usize, cols: usize, offset: usize) -> Stored<T> {
        Stored::new(rows, cols, self.gap, |i, j| self.number(offset + i + j * rows))
    }

    fn vector<T: Real>(&self, len: usize, offset: usize) -> Vec<T> {
        (0..len).map(|i| self.number(offset + i)).collect()
    }

    /// A Gᵀ G of the numbers, plus a diagonal: definite where nothing overflows.
    fn gram<T: Real>(&self, n: usize, shift: f64) -> Stored<T> {
        let g = self.matrix::<T>(n, n, 0);
        let mut a = Stored::new(n, n, self.gap, |i, j| T::from_f64(if i == j { shift } else { 0.0 }));
        Portable.gemm(T::ONE, g.view().transpose(), g.view(), T::ONE, a.view_mut()).expect("square");
        a
    }
}

fn upper(i: usize, j: usize) -> bool {
    i <= j
}

fn lower(i: usize, j: usize) -> bool {
    i >= j
}

fn qr<T: Real>(case: &Case) {
    let (m, n) = (case.rows, case.cols);
    let (mut a, mut tau) = (case.matrix::<T>(m, n, 0), vec![T::ZERO; m.min(n)]);
    let input = a.finite();
    let outcome = qr_in_place(&Portable, a.view_mut(), &mut tau);
    assert!(a.gaps_untouched());
    assert!(input || outcome == Err(Error::NonFinite { what: "a" }));
    if outcome.is_ok() {
        assert!(a.finite() && finite(&tau), "{a:?} {tau:?}");
        let mut q = case.matrix::<T>(m, m, 0);
        form_q(&Portable, a.view(), &tau, q.view_mut()).expect("square");
        assert!(q.finite() && q.gaps_untouched());
    }
    let (mut a, mut b) = (case.matrix::<T>(m, n, 0), case.matrix::<T>(m, 2, 50));
    if least_squares_in_place(&Portable, a.view_mut(), &mut tau, b.view_mut()).is_ok() {
        assert!(a.finite() && b.finite_where(|i, _| i < n));
    }
}

fn pivoted<T: Real>(case: &Case) {
    let (m, n) = (case.rows, case.cols);
    let k = m.min(n);
    let (mut a, mut tau, mut permutation) = (case.matrix::<T>(m, n, 0), vec![T::ZERO; k], vec![9; n]);
    let mut work = vec![T::ZERO; qr_pivoted_work_len(n)];
    let outcome = qr_pivoted_in_place(&Portable, a.view_mut(), &mut tau, &mut permutation, &mut work);
    assert!(a.gaps_untouched());
    if outcome.is_ok() {
        assert!(a.finite() && finite(&tau), "{a:?} {tau:?}");
        let mut sorted = permutation.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..n), "{permutation:?}");
    }
    // The rank that was found, and one that was not; also for factors that overflowed and right sides of any kind.
    let found = qr_pivoted_rank(a.view(), rank_tolerance(m, n)).expect("a tolerance below 1");
    for rank in [found, case.rank] {
        let mut b = case.matrix::<T>(m.max(n), 2, 50);
        let solved = qr_pivoted_solve_in_place(&Portable, a.view(), &tau, &permutation, rank, b.view_mut(), &mut work);
        assert!(b.gaps_untouched() && (solved.is_err() || b.finite_where(|i, _| i < n)), "{b:?}");
        assert!(rank <= k || solved.is_err());
        let (mut short, mut right) = (a.clone(), vec![T::ZERO; k]);
        let shortened = complete_orthogonal_in_place(&Portable, short.view_mut(), rank, &mut right, &mut work);
        assert!(short.gaps_untouched());
        if shortened.is_ok() {
            assert!(short.finite_where(|i, j| i < rank && i <= j) && finite(&right), "{short:?} {right:?}");
        }
        let mut b = case.matrix::<T>(m.max(n), 2, 50);
        let solved = minimum_norm_solve_in_place(
            &Portable,
            short.view(),
            &tau,
            &right,
            &permutation,
            rank,
            b.view_mut(),
            &mut work,
        );
        assert!(b.gaps_untouched() && (solved.is_err() || b.finite_where(|i, _| i < n)), "{b:?}");
    }
}

fn updates<T: Real>(case: &Case) {
    let n = case.cols;
    let mut r = case.matrix::<T>(n, n, 0);
    let (mut rows, mut c) = (case.matrix::<T>(case.rows, n, 30), case.matrix::<T>(n, 2, 60));
    let mut y = case.matrix::<T>(case.rows, 2, 70);
    let rhs = Some((c.view_mut(), y.view_mut()));
    let outcome = qr_append_rows_in_place(&Portable, r.view_mut(), rows.view_mut(), rhs);
    assert!([&r, &rows, &c, &y].into_iter().all(Stored::gaps_untouched));
    assert!(outcome.is_err() || r.finite_where(upper) && c.finite() && y.finite(), "{r:?} {c:?} {y:?}");

    let (before, row, mut eta) = (r.clone(), case.vector::<T>(n, 30), case.vector::<T>(2, 70));
    let mut work = vec![T::ZERO; qr_remove_row_work_len(n)];
    let rhs = Some((c.view_mut(), &mut eta[..]));
    match qr_remove_row_in_place(&Portable, r.view_mut(), &row, rhs, &mut work) {
        Ok(()) => assert!(r.finite_where(upper) && c.finite() && finite(&eta), "{r:?} {c:?} {eta:?}"),
        Err(Error::NotPositiveDefinite { pivot }) => {
            assert!(pivot < n && (0..r.data.len()).all(|i| same(r.data[i], before.data[i])));
        }
        Err(error) => assert!(matches!(error, Error::NonFinite { .. } | Error::Singular { .. }), "{error:?}"),
    }
    assert!(r.gaps_untouched() && c.gaps_untouched());
}

fn same<T: Real>(x: T, y: T) -> bool {
    x.value().to_bits() == y.value().to_bits() || x.value().is_nan() && y.value().is_nan()
}

fn cholesky<T: Real>(case: &Case) {
    let n = case.cols;
    for a in [case.matrix::<T>(n, n, 0), case.gram(n, 1.0), case.gram(n, 0.0)] {
        let mut l = a.clone();
        let outcome = cholesky_in_place(&Portable, l.view_mut());
        assert!(l.gaps_untouched());
        if outcome.is_ok() {
            assert!(l.finite_where(lower), "{l:?}");
            let determinant = cholesky_log_determinant(l.view()).expect("a positive diagonal");
            assert!(determinant.is_finite());
        }
        // Also on the remains of a factorization that failed.
        let mut inverse = l.clone();
        if cholesky_inverse_in_place(&Portable, inverse.view_mut()).is_ok() {
            assert!(inverse.finite_where(lower), "{inverse:?}");
        }
        let (mut up, mut down) = (l.clone(), l.clone());
        if cholesky_update_in_place(up.view_mut(), &mut case.vector(n, 60)).is_ok() {
            assert!(up.finite_where(lower), "{up:?}");
        }
        let mut work = vec![T::ZERO; cholesky_downdate_work_len(n)];
        match cholesky_downdate_in_place(&Portable, down.view_mut(), &mut case.vector(n, 60), &mut work) {
            Ok(()) => assert!(down.finite_where(lower), "{down:?}"),
            Err(Error::NotPositiveDefinite { pivot }) => {
                assert!(pivot < n && (0..l.data.len()).all(|i| same(l.data[i], down.data[i])));
            }
            Err(error) => assert!(matches!(error, Error::NonFinite { .. } | Error::Singular { .. }), "{error:?}"),
        }
        assert!([&inverse, &up, &down].into_iter().all(Stored::gaps_untouched));
    }
}

fn ldlt<T: Real>(case: &Case) {
    let n = case.cols;
    for mut a in [case.matrix::<T>(n, n, 0), case.gram(n, 0.0)] {
        let mut permutation = vec![9; n];
        let outcome = ldlt_in_place(&Portable, a.view_mut(), &mut permutation, rank_tolerance(n, n));
        assert!(a.gaps_untouched());
        if let Ok(rank) = outcome {
            assert!(rank <= n && a.finite_where(lower), "{a:?}");
        }
        for rank in [outcome.unwrap_or(n), case.rank] {
            let (mut b, mut work) = (case.matrix::<T>(n, 2, 50), vec![T::ZERO; ldlt_solve_work_len(n)]);
            let solved = ldlt_solve_in_place(&Portable, a.view(), &permutation, rank, b.view_mut(), &mut work);
            assert!(b.gaps_untouched() && (solved.is_err() || b.finite()), "{b:?}");
        }
    }
}

fn svd<T: Real>(case: &Case) {
    let (m, n) = (case.rows, case.cols);
    let (mut u, mut s, mut v) = (case.matrix::<T>(m, n, 0), vec![T::ZERO; n], case.matrix::<T>(n, n, 0));
    let outcome = svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut());
    assert!(u.gaps_untouched() && v.gaps_untouched());
    if let Ok(report) = outcome {
        assert_eq!(report.status, SpectralStatus::Converged, "{case:?}");
        assert!(u.finite() && v.finite() && finite(&s), "{u:?} {s:?} {v:?}");
        assert!(svd_condition(&s) >= T::ONE);
    }
    let found = svd_rank(&s, rank_tolerance(m, n)).expect("a tolerance below 1");
    for rank in [found, case.rank] {
        let (mut x, b) = (case.matrix::<T>(n, 2, 50), case.matrix::<T>(m, 2, 40));
        let solved = svd_solve(&Portable, u.view(), &s, v.view(), rank, b.view(), x.view_mut());
        assert!(x.gaps_untouched() && (solved.is_err() || x.finite()), "{x:?}");
        let mut inverse = case.matrix::<T>(n, m, 0);
        let solved = svd_pseudo_inverse(&Portable, u.view(), &s, v.view(), rank, inverse.view_mut());
        assert!(inverse.gaps_untouched() && (solved.is_err() || inverse.finite()), "{inverse:?}");
    }
}

fn eigen<T: Real>(case: &Case) {
    let n = case.cols;
    let (mut a, mut values, mut x) = (case.matrix::<T>(n, n, 0), vec![T::ZERO; n], case.matrix::<T>(n, n, 0));
    let outcome = symmetric_eigen_in_place(&Portable, a.view_mut(), &mut values, x.view_mut());
    assert!(a.gaps_untouched() && x.gaps_untouched());
    if let Ok(report) = outcome {
        assert_eq!(report.status, SpectralStatus::Converged, "{case:?}");
        assert!(finite(&values) && x.finite(), "{values:?} {x:?}");
    }
}

/// Substitution passes everything on; it must only not panic, and answer for every stride.
fn triangular<T: Real>(case: &Case) {
    let n = case.cols;
    let a = case.matrix::<T>(n, n, 0);
    for view in [a.view(), a.view().transpose()] {
        for solve in [
            solve_lower_in_place,
            solve_lower_transposed_in_place,
            solve_upper_in_place,
            solve_upper_transposed_in_place,
        ] {
            let mut b = case.matrix::<T>(n, 2, 50);
            let outcome = solve(&Portable, view, b.view_mut());
            assert!(b.gaps_untouched() && matches!(outcome, Ok(()) | Err(Error::Singular { .. })));
        }
        for solve in [solve_right_upper_in_place, solve_right_upper_transposed_in_place] {
            let mut x = case.matrix::<T>(case.rows, n, 50);
            let outcome = solve(&Portable, view, x.view_mut());
            assert!(x.gaps_untouched() && matches!(outcome, Ok(()) | Err(Error::Singular { .. })));
        }
    }
}

/// Views without elements whose strides and counts are as large as can be: no product of theirs may overflow.
fn empty_views(rows: usize, cols: usize, leading: usize) {
    let (mut none, mut other, mut third): ([f64; 0], [f64; 0], [f64; 0]) = ([], [], []);
    let Ok(a) = MatMut::with_leading(&mut none, rows, cols, leading) else { return };
    let Ok(b) = MatMut::with_leading(&mut other, rows, 0, leading) else { return };
    let k = rows.min(cols);
    let _ = a.col(cols / 2);
    let _ = a.as_ref().iter().count();
    let _ = a.as_ref().block(rows, cols, 0, 0);
    let _ = qr_in_place(&Portable, a, &mut vec![0.0; k.min(9)]);
    let _ = least_squares_in_place(&Portable, b, &mut [], MatMut::column_vector(&mut third));
    let _ = (qr_pivoted_work_len(cols), complete_orthogonal_work_len(cols), qr_remove_row_work_len(cols));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn qr_of_anything(case in case()) {
        qr::<f64>(&case);
        qr::<f32>(&case);
    }

    #[test]
    fn pivoted_qr_of_anything(case in case()) {
        pivoted::<f64>(&case);
        pivoted::<f32>(&case);
    }

    #[test]
    fn updates_of_anything(case in case()) {
        updates::<f64>(&case);
        updates::<f32>(&case);
    }

    #[test]
    fn cholesky_of_anything(case in case()) {
        cholesky::<f64>(&case);
        cholesky::<f32>(&case);
    }

    #[test]
    fn ldlt_of_anything(case in case()) {
        ldlt::<f64>(&case);
        ldlt::<f32>(&case);
    }

    #[test]
    fn svd_of_anything(case in case()) {
        svd::<f64>(&case);
        svd::<f32>(&case);
    }

    #[test]
    fn eigenvalues_of_anything(case in case()) {
        eigen::<f64>(&case);
        eigen::<f32>(&case);
    }

    #[test]
    fn triangular_systems_of_anything(case in case()) {
        triangular::<f64>(&case);
        triangular::<f32>(&case);
    }

    #[test]
    fn views_without_elements(
        cols in prop_oneof![Just(0), Just(3), Just(usize::MAX)],
        rows in prop_oneof![Just(0), Just(usize::MAX)],
        leading in prop_oneof![Just(0), Just(5), Just(usize::MAX)],
    ) {
        // A loop over usize::MAX columns, if empty, would take for ever: 2¹² times usize::MAX overflows as well.
        if rows == 0 || cols == 0 {
            empty_views(rows, cols.min(1 << 12), leading);
        }
    }
}
