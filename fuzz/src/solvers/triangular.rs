//! Triangular systems from either side.

use super::LARGEST_SIZE;
use crate::input::Input;
use crate::stored::{LIMIT, Stored, well_scaled};
use gaussling::core::linalg::{
    cholesky_inverse_in_place, cholesky_log_determinant, cholesky_solve_in_place, solve_lower_in_place,
    solve_lower_transposed_in_place, solve_right_upper_in_place, solve_right_upper_transposed_in_place,
    solve_upper_in_place, solve_upper_transposed_in_place,
};
use gaussling::core::{Error, MatMut, MatRef, Portable, Real};

/// Bytes: order, right-hand sides, rows between the columns, then the elements of the matrix and of the right-hand sides.
pub fn triangular(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (n, p, gap) = (input.size(LARGEST_SIZE), input.size(3), input.size(2));
    let elements = input.elements(n * n + n * p);
    run::<f64>(&elements, (n, p, gap));
    run::<f32>(&elements, (n, p, gap));
}

type Solve<T> = fn(&Portable, MatRef<'_, T>, MatMut<'_, T>) -> Result<(), Error>;

fn run<T: Real>(elements: &[f64], (n, p, gap): (usize, usize, usize)) {
    let mut a = Stored::<T>::new(elements, n, n, n + gap);
    let right = &elements[n * n..];
    let left_sides: [(Solve<T>, bool, bool); 4] = [
        (solve_lower_in_place, true, false),
        (solve_upper_in_place, false, false),
        (solve_lower_transposed_in_place, true, true),
        (solve_upper_transposed_in_place, false, true),
    ];
    for (solve, lower, transposed) in left_sides {
        let b = Stored::<T>::new(right, n, p, n + gap);
        let mut x = b.clone();
        let outcome = solve(&Portable, a.view().as_ref(), x.view());
        let element = |i: usize, j: usize| {
            let (i, j) = if transposed { (j, i) } else { (i, j) };
            if i == j || (i > j) == lower { a.get(i, j) } else { 0.0 }
        };
        assert!(x.canaries_live());
        let singular = (0..n).any(|j| a.get(j, j) == 0.0);
        if singular {
            assert!(matches!(outcome, Err(Error::Singular { column }) if a.get(column, column) == 0.0), "{outcome:?}");
            assert!(x.same_bits(&b), "an error wrote");
            continue;
        }
        assert_eq!(outcome, Ok(()));
        for l in 0..p {
            let (x, b) = (|i: usize| x.get(i, l), |i: usize| b.get(i, l));
            backward_stable::<T>(n, element, x, b);
        }
    }
    // From the right: rows take the place of columns.
    let right_sides: [(Solve<T>, bool); 2] =
        [(solve_right_upper_in_place, true), (solve_right_upper_transposed_in_place, false)];
    for (solve, transposed) in right_sides {
        let b = Stored::<T>::new(right, p, n, p + gap);
        let mut x = b.clone();
        let outcome = solve(&Portable, a.view().as_ref(), x.view());
        assert!(x.canaries_live());
        if p > 0 && (0..n).any(|j| a.get(j, j) == 0.0) {
            assert!(matches!(outcome, Err(Error::Singular { .. })), "{outcome:?}");
            continue;
        }
        let element = |i: usize, j: usize| {
            let (i, j) = if transposed { (j, i) } else { (i, j) };
            if i <= j { a.get(i, j) } else { 0.0 }
        };
        for l in 0..p {
            backward_stable::<T>(n, element, |j| x.get(l, j), |j| b.get(l, j));
        }
    }
    inverse(&mut a);
}

/// |b − A x| ≤ n ε |A| |x| in each element.
fn backward_stable<T: Real>(
    n: usize,
    a: impl Fn(usize, usize) -> f64,
    x: impl Fn(usize) -> f64,
    b: impl Fn(usize) -> f64,
) {
    let elements = || (0..n).flat_map(|j| (0..n).map(move |i| (i, j)));
    let largest_a = elements().fold(0.0_f64, |most, (i, j)| most.max(a(i, j).abs()));
    let largest_b = (0..n).fold(0.0_f64, |most, i| most.max(b(i).abs()));
    let largest_x = (0..n).fold(0.0_f64, |most, i| most.max(x(i).abs()));
    let all_finite =
        elements().all(|(i, j)| a(i, j).is_finite()) && (0..n).all(|i| x(i).is_finite() && b(i).is_finite());
    let product = largest_a * largest_x;
    if !all_finite || ![largest_a, largest_b, largest_x, product].iter().all(|&x| well_scaled::<T>(x)) {
        return;
    }
    let unit = n as f64 * T::EPSILON.value();
    for i in 0..n {
        let terms = || (0..n).map(|j| (a(i, j) / largest_a) * (x(j) / largest_x));
        let error = (b(i) / product - terms().sum::<f64>()).abs();
        let size = terms().map(f64::abs).sum::<f64>() + b(i).abs() / product;
        // Products and quotients below the smallest normal number have absolute errors.
        let tiny = T::MIN_POSITIVE.value();
        let underflow = tiny / product + tiny / largest_x + f64::MIN_POSITIVE;
        assert!(error <= LIMIT * unit * (size + underflow), "row {i}: {error:e} of {size:e}");
    }
}

/// A as a factor L: the inverse of L Lᵀ, its determinant, and systems with it.
fn inverse<T: Real>(l: &mut Stored<T>) {
    let n = l.rows;
    let singular = (0..n).any(|j| l.get(j, j) == 0.0);
    let logarithm = cholesky_log_determinant(l.view().as_ref());
    let mut x = l.clone();
    let outcome = cholesky_inverse_in_place(&Portable, x.view());
    let mut b = Stored::<T>::new(&vec![1.0; n], n, 1, n);
    let solved = cholesky_solve_in_place(&Portable, l.view().as_ref(), b.view());
    assert!(x.canaries_live());
    for j in 0..n {
        assert!((0..j).all(|i| l.get(i, j).to_bits() == x.get(i, j).to_bits()), "wrote above the diagonal");
    }
    if singular {
        assert!(matches!((&outcome, &logarithm), (Err(Error::Singular { .. }), Err(Error::Singular { .. }))));
        assert!(matches!(solved, Err(Error::Singular { .. })) && x.same_bits(l), "an error wrote");
        return;
    }
    let lower_is_finite = |a: &Stored<T>| (0..n).all(|j| (j..n).all(|i| a.get(i, j).is_finite()));
    if outcome.is_ok() {
        assert!(lower_is_finite(&x), "not finite: {:?} of {:?}", x.data, l.data);
    } else {
        assert_eq!(outcome, Err(Error::NonFinite { what: "inverse" }));
    }
    let diagonal = || (0..n).map(|j| l.get(j, j).abs().ln());
    if diagonal().all(f64::is_finite) {
        let (expected, size) = (2.0 * diagonal().sum::<f64>(), diagonal().map(f64::abs).sum::<f64>());
        let found = logarithm.map_or(f64::NAN, |x| x.value());
        let bound = LIMIT * (n + 1) as f64 * T::EPSILON.value() * (size + 1.0);
        assert!((found - expected).abs() <= bound, "{found:e} for {expected:e}");
    }
}
