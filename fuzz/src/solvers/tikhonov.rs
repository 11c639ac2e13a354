//! Tikhonov regularization: solutions for a λ, and the three rules that choose one.

use super::{LARGEST_SIZE, frobenius, residual};
use crate::input::Input;
use crate::stored::{LIMIT, Stored, all_finite, converted, dot, largest, norm, well_scaled};
use gaussling::core::linalg::{SpectralStatus, TikhonovChoiceStatus, TikhonovRule, TikhonovSolver, tikhonov_work_len};
use gaussling::core::{Error, Portable, Real};

/// Bytes: rows, columns, λ, a noise, then the elements of the matrix and of the right-hand side.
pub fn tikhonov(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE));
    let (lambda, noise) = (input.number(), input.number());
    let elements = input.elements(m * n + m);
    run::<f64>(&elements, (m, n), lambda, noise);
    run::<f32>(&elements, (m, n), lambda, noise);
}

fn run<T: Real>(elements: &[f64], (m, n): (usize, usize), lambda: f64, noise: f64) {
    let mut a = Stored::<T>::new(elements, m, n, m);
    let b = converted::<T>(&elements[m * n..]);
    let mut work = vec![T::ZERO; tikhonov_work_len(m, n)];
    let finite = a.is_finite() && all_finite(&b);
    let mut solver = match TikhonovSolver::new(&Portable, a.view().into_ref(), &b, &mut work) {
        Ok(solver) => solver,
        Err(error) => {
            assert!(matches!(error, Error::NonFinite { .. }), "{error:?}");
            return assert!(!finite || a.largest() > T::MAX.value() / 100.0, "{error:?}: {:?}", a.data);
        }
    };
    assert!(finite && solver.status() == SpectralStatus::Converged && solver.rank() <= m.min(n));
    check(&mut solver, &a, &b, T::from_f64(lambda));
    check(&mut solver, &a, &b, T::ZERO);
    let noise = T::from_f64(noise);
    let rules = [TikhonovRule::Gcv, TikhonovRule::Upre { noise }, TikhonovRule::Discrepancy { residual_norm: noise }];
    for rule in rules {
        let choice = match solver.choose(rule) {
            Ok(choice) => choice,
            Err(error) => {
                let refused = matches!(error, Error::InvalidOption { .. }) && !(noise >= T::ZERO && noise.is_finite());
                assert!(refused && rule != TikhonovRule::Gcv, "{error:?} for {rule:?}");
                continue;
            }
        };
        assert!(choice.lambda >= T::ZERO && choice.lambda.is_finite() && choice.evaluations <= 250, "{choice:?}");
        check(&mut solver, &a, &b, choice.lambda);
        let discrepancy = matches!(rule, TikhonovRule::Discrepancy { .. });
        if discrepancy && choice.status == TikhonovChoiceStatus::Converged {
            let found = solver.evaluate(choice.lambda).map_or(f64::NAN, |report| report.residual_norm.value());
            let sizes = [largest(&b), noise.value(), choice.lambda.value()];
            let normal = sizes.into_iter().all(well_scaled::<T>);
            let unit = (m + n) as f64 * T::EPSILON.value() * largest(&b);
            let error = (found - noise.value()).abs();
            assert!(!normal || error <= LIMIT * unit, "{found:e} for {noise:?}, {choice:?}");
        }
    }
}

fn check<T: Real>(solver: &mut TikhonovSolver<'_, T>, a: &Stored<T>, b: &[T], lambda: T) {
    let (m, n) = (a.rows, a.cols);
    let mut x = vec![T::ONE; n];
    let report = match solver.solve(&Portable, lambda, &mut x) {
        Ok(report) => report,
        Err(Error::NonFinite { what: "x" }) => return,
        Err(error) => {
            let refused = matches!(error, Error::InvalidOption { .. }) && !(lambda >= T::ZERO && lambda.is_finite());
            return assert!(refused && x.iter().all(|x| x.value() == 1.0), "{error:?}");
        }
    };
    assert!(all_finite(&x), "x = {x:?}, λ = {lambda:?}, A = {:?}, b = {b:?}", a.data);
    let freedom = report.degrees_of_freedom.value();
    let rank = solver.rank() as f64;
    assert!((0.0..=rank * (1.0 + LIMIT * T::EPSILON.value())).contains(&freedom), "{report:?}");
    let (scale, b_scale) = (a.largest(), largest(b));
    let x_scale = b_scale / scale;
    if ![scale, b_scale, x_scale].iter().all(|&x| well_scaled::<T>(x)) {
        return;
    }
    assert!([report.norm, report.residual_norm].iter().all(|x| x.value().is_finite()), "{report:?}");
    // Aᵀ (b − A x) = λ² x
    let columns = a.scaled(scale);
    let solution: Vec<f64> = x.iter().map(|x| x.value() / x_scale).collect();
    let right: Vec<f64> = b.iter().map(|b| b.value() / b_scale).collect();
    // The squares of a short solution underflow.
    let size_x = solution.iter().fold(0.0_f64, |length, &x| length.hypot(x));
    let size_b = norm(right.iter().copied());
    let (size, square) = (frobenius(&columns), (lambda.value() / scale).powi(2));
    if size_x > 1e100 {
        return; // beyond what the norms here can square
    }
    let r = residual(&columns, &solution, &right);
    let unit = m.max(n) as f64 * T::EPSILON.value();
    let bound = LIMIT * unit * (size * (size_b + size * size_x) + square.min(1e300) * size_x);
    for (j, column) in columns.iter().enumerate() {
        // λ² x of a solution that underflows is not known.
        let lost = square * T::MIN_POSITIVE.value() / x_scale;
        let error = (dot(column, &r) - square * solution[j]).abs();
        assert!(
            error <= bound + lost || square > 1e30,
            "column {j}: {error:e} for {bound:e}, λ = {lambda:?}, x = {x:?}, {:?}, {b:?}",
            a.data
        );
    }
    let (found, expected) = (report.norm.value() / x_scale, size_x);
    // Subnormal numbers, of either format, have absolute errors.
    let subnormal = (T::MIN_POSITIVE.value() / x_scale).max(f64::MIN_POSITIVE);
    let bound = LIMIT * unit * (expected + subnormal);
    assert!((found - expected).abs() <= bound, "‖x‖ = {expected:e}, not {found:e}");
    let (found, expected) = (report.residual_norm.value() / b_scale, norm(r.iter().copied()));
    let bound = LIMIT * unit * (size_b + size * size_x);
    assert!((found - expected).abs() <= bound, "‖b − A x‖ = {expected:e}, not {found:e}: {:?}", a.data);
}
