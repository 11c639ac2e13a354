//! Methods that need products only: LSQR, conjugate gradients, the Krylov trust region.

use super::{frobenius, residual};
use crate::input::Input;
use crate::stored::{LIMIT, Stored, all_finite, converted, dot, largest, norm, same_bits, well_scaled};
use gaussling::core::linalg::{
    ConjugateGradientsOptions, ConjugateGradientsStatus, FnOperator, Krylov, KrylovStatus, LsqrOptions, LsqrStatus,
    MatrixOperator, SymmetricOperator, conjugate_gradients, conjugate_gradients_work_len, krylov_work_len, lsqr,
    lsqr_work_len,
};
use gaussling::core::{Error, Portable, Real};

/// Sizes from 0 to this.
const LARGEST_SIZE: usize = 6;
/// Steps that an option may allow.
const MOST_STEPS: usize = 20;

/// Bytes: rows, columns, flags, a limit of steps, five options, then the elements of the matrix, of the right-hand side, of a start.
pub fn iterative(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (m, n) = (input.size(LARGEST_SIZE), input.size(LARGEST_SIZE));
    let choices = Choices {
        flags: input.byte(),
        steps: input.flag().then(|| input.size(MOST_STEPS)),
        numbers: std::array::from_fn(|_| input.number()),
    };
    let elements = input.elements(m * n + m.max(n) + n);
    run::<f64>(&elements, (m, n), &choices);
    run::<f32>(&elements, (m, n), &choices);
}

struct Choices {
    flags: u8,
    steps: Option<usize>,
    numbers: [f64; 5],
}

impl Choices {
    fn flag(&self, bit: u8) -> bool {
        self.flags >> bit & 1 == 1
    }

    /// The option of this place, or what is usual.
    fn number<T: Real>(&self, at: usize, usual: T) -> T {
        if self.flag(7) { T::from_f64(self.numbers[at]) } else { usual }
    }
}

fn run<T: Real>(elements: &[f64], (m, n): (usize, usize), choices: &Choices) {
    let (a, rest) = elements.split_at(m * n);
    let (b, x) = (converted::<T>(&rest[..m.max(n)]), converted::<T>(&rest[m.max(n)..]));
    let matrix = Stored::<T>::new(a, m, n, m);
    least_squares(&matrix, &b[..m], &x, choices);
    // H = Aᵀ A, which is semi-definite, or the square part of A, which is anything.
    let mut h = Stored::<T>::zeros(n, n);
    for j in 0..n {
        for i in 0..n {
            let gram = (0..m).map(|l| a[l + i * m] * a[l + j * m]).sum();
            let (i_, j_) = (i.max(j), i.min(j));
            h.set(i, j, if choices.flag(6) { if i_ < m { a[i_ + j_ * m] } else { 0.0 } } else { gram });
        }
    }
    gradients(&h, &b[..n], choices);
    krylov(&h, &b[..n], choices);
}

fn least_squares<T: Real>(a: &Stored<T>, b: &[T], start: &[T], choices: &Choices) {
    let (m, n) = (a.rows, a.cols);
    let usual = LsqrOptions::<T>::default();
    let options = LsqrOptions {
        damping: choices.number(0, usual.damping),
        warm_start: choices.flag(0),
        tolerance_a: choices.number(1, usual.tolerance_a),
        tolerance_b: choices.number(2, usual.tolerance_b),
        condition_limit: choices.number(3, usual.condition_limit),
        max_iterations: choices.steps,
        fixed_steps: choices.flag(1),
    };
    let mut matrix = a.clone();
    let matrix = matrix.view().into_ref();
    let (mut x, mut variances, mut work) = (start.to_vec(), vec![T::ONE; n], vec![T::ZERO; lsqr_work_len(m, n)]);
    let wanted = choices.flag(2).then_some(&mut variances[..]);
    let mut products = 0;
    let apply = |x: &[T], y: &mut [T]| -> Result<(), Error> {
        products += 1;
        y.fill(T::ZERO);
        (0..n).for_each(|j| y.iter_mut().zip(matrix.col(j)).for_each(|(y, &a)| *y += a * x[j]));
        Ok(())
    };
    let apply_transpose = |y: &[T], x: &mut [T]| -> Result<(), Error> {
        let product = |j: usize| matrix.col(j).iter().zip(y).fold(T::ZERO, |sum, (&a, &y)| sum + a * y);
        x.iter_mut().enumerate().for_each(|(j, x)| *x = product(j));
        Ok(())
    };
    let mut operator = FnOperator { shape: (m, n), apply, apply_transpose };
    let outcome = lsqr(&Portable, &mut operator, b, &mut x, wanted, &mut work, &options);
    let limit = options.max_iterations.unwrap_or(2 * n);
    assert!(products <= limit + 1, "{products} products for {limit} steps");
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            let finite = all_finite(b) && a.is_finite() && (!options.warm_start || all_finite(start));
            let refused = matches!(error, Error::InvalidOption { .. });
            let large = largest(b).max(largest(start)).max(a.largest()) > T::MAX.value().sqrt() / 100.0;
            return assert!(refused || !finite || large, "{error:?} for {options:?}: {:?}, {b:?}", a.data);
        }
    };
    assert!(report.iterations <= limit);
    assert!(report.status == LsqrStatus::NonFinite || all_finite(&x), "{report:?}: {x:?} of {:?}, {b:?}", a.data);
    let (scale, b_scale) = (a.largest(), largest(b));
    let x_scale = b_scale / scale;
    let damping = options.damping.value() / scale;
    let normal = [scale, b_scale, x_scale].iter().all(|&x| well_scaled::<T>(x));
    if report.status == LsqrStatus::NonFinite || options.warm_start || !normal || damping > 1e10 {
        return;
    }
    assert!(!choices.flag(2) || variances.iter().all(|x| x.value() >= 0.0), "{variances:?}");
    // The estimate of the residual, to a few digits.
    let solution: Vec<f64> = x.iter().map(|x| x.value() / x_scale).collect();
    let right: Vec<f64> = b.iter().map(|b| b.value() / b_scale).collect();
    let columns = a.scaled(scale);
    let r = residual(&columns, &solution, &right);
    if norm(solution.iter().copied()) > 1e100 {
        return; // beyond what the norms here can square
    }
    let damped = norm([norm(r.iter().copied()), damping * norm(solution.iter().copied())].into_iter());
    let found = report.damped_residual_norm.value() / b_scale;
    let size = norm(right.iter().copied()) + (frobenius(&columns) + damping) * norm(solution.iter().copied());
    let bound = 0.1 * damped + LIMIT * T::EPSILON.value() * size * (1 + report.iterations) as f64;
    assert!((found - damped).abs() <= bound, "{found:e} for {damped:e}, {report:?}: {:?}, {b:?}", a.data);
}

fn gradients<T: Real>(h: &Stored<T>, b: &[T], choices: &Choices) {
    let n = h.rows;
    let usual = ConjugateGradientsOptions::<T>::default();
    let options = ConjugateGradientsOptions {
        tolerance: choices.number(1, usual.tolerance),
        radius: choices.flag(3).then(|| choices.number(4, T::ONE)),
        max_iterations: choices.steps,
        fixed_steps: choices.flag(1),
    };
    let mut matrix = h.clone();
    let mut operator = MatrixOperator { backend: &Portable, matrix: matrix.view().into_ref() };
    let (mut x, mut work) = (vec![T::ONE; n], vec![T::ZERO; conjugate_gradients_work_len(n)]);
    let report = match conjugate_gradients(&Portable, &mut operator, b, &mut x, &mut work, &options) {
        Ok(report) => report,
        Err(error) => {
            let refused = matches!(error, Error::InvalidOption { .. }) || !all_finite(b);
            return assert!(refused && same_bits(&x, &vec![T::ONE; n]), "{error:?}");
        }
    };
    let status = report.status;
    assert!(report.iterations <= options.max_iterations.unwrap_or(2 * n));
    assert!(status == ConjugateGradientsStatus::NonFinite || all_finite(&x), "{report:?}: {x:?}, {:?}", h.data);
    let (scale, b_scale) = (h.largest(), largest(b));
    let x_scale = b_scale / scale;
    let radius = options.radius.map(|radius| radius.value() / x_scale);
    let normal = [scale, b_scale, x_scale].iter().all(|&x| well_scaled::<T>(x));
    let radius_is_normal = radius.is_none_or(|radius| (1e-15..1e15).contains(&radius));
    if status == ConjugateGradientsStatus::NonFinite || !h.is_finite() || !normal || !radius_is_normal {
        return;
    }
    let unit = n as f64 * T::EPSILON.value();
    let solution: Vec<f64> = x.iter().map(|x| x.value() / x_scale).collect();
    let length = norm(solution.iter().copied());
    let largest_step = length.max(report.residual_norm.value() / b_scale);
    // Beyond what the norms here can square, or so small an H that its products with a last residual underflow.
    if largest_step > 1e100 || scale < T::MIN_POSITIVE.value().sqrt() {
        return;
    }
    if let Some(radius) = radius {
        assert!(
            length <= radius * (1.0 + LIMIT * unit),
            "‖x‖ = {length:e} > {radius:e}: {report:?}, {options:?}, {:?}, {b:?}",
            h.data
        );
        let bound = matches!(status, ConjugateGradientsStatus::Boundary | ConjugateGradientsStatus::NegativeCurvature);
        assert!(
            !bound || length >= radius * (1.0 - LIMIT * unit),
            "‖x‖ = {length:e} < {radius:e}: {report:?}, {options:?}, {:?}, {b:?}",
            h.data
        );
    }
    // The recurrence of the residual.
    let right: Vec<f64> = b.iter().map(|b| b.value() / b_scale).collect();
    let columns = h.scaled(scale);
    let r = norm(residual(&columns, &solution, &right).into_iter());
    let found = report.residual_norm.value() / b_scale;
    let size = norm(right.iter().copied()) + frobenius(&columns) * length + found;
    let bound = LIMIT * unit * size * (1 + report.iterations) as f64;
    assert!((found - r).abs() <= bound.max(0.1 * r), "{found:e} for {r:e}, {report:?}: {:?}, {b:?}", h.data);
    if ![x_scale, length * x_scale, largest_step * length * x_scale].iter().all(|x| well_scaled::<T>(b_scale * x)) {
        return; // the decrease is beyond the range
    }
    // ‖b − H x‖ and the decrease belong to the same point.
    let decrease = 0.5 * (dot(&solution, &right) + dot(&solution, &residual(&columns, &solution, &right)));
    let found = report.predicted_decrease.value() / b_scale / x_scale;
    let bound = bound * length.max(1.0) * 10.0;
    assert!(
        (found - decrease).abs() <= bound.max(0.1 * decrease.abs()),
        "{found:e} for {decrease:e}, {report:?}, {options:?}, {x:?}, {b:?}: {:?}",
        h.data
    );
}

fn krylov<T: Real>(h: &Stored<T>, b: &[T], choices: &Choices) {
    let n = h.rows;
    let dimensions = choices.steps.unwrap_or(n).min(LARGEST_SIZE + 1);
    let mut work = vec![T::ZERO; krylov_work_len(n, dimensions)];
    let Ok(mut krylov) = Krylov::new(n, dimensions, &mut work) else { return assert_eq!(dimensions, 0) };
    let tolerance = choices.number(1, T::EPSILON.sqrt());
    let mut products = 0;
    let columns: Vec<&[T]> = (0..n).map(|j| &h.data[j * n..(j + 1) * n]).collect();
    let product = |v: &[T], y: &mut [T]| -> Result<(), Error> {
        products += 1;
        y.fill(T::ZERO);
        columns.iter().zip(v).for_each(|(column, &v)| y.iter_mut().zip(*column).for_each(|(y, &a)| *y += a * v));
        Ok(())
    };
    let mut operator = SymmetricOperator { n, apply: product };
    let outcome = krylov.build(&Portable, b, tolerance, !choices.flag(5), |v, y| (operator.apply)(v, y));
    assert!(products <= dimensions);
    let largest_h = h.largest();
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            let refused = matches!(error, Error::InvalidOption { .. }) || !h.is_finite() || !all_finite(b);
            let large = largest_h.max(largest(b)) > T::MAX.value() / 100.0;
            return assert!(refused || large || matches!(error, Error::NonFinite { .. }), "{error:?}");
        }
    };
    assert!(report.dim == krylov.dim() && report.dim <= dimensions && report.residual.value() >= 0.0, "{report:?}");
    let b_scale = largest(b);
    let x_scale = b_scale / largest_h;
    let normal = h.is_finite() && [largest_h, b_scale, x_scale].iter().all(|&x| well_scaled::<T>(x));
    let shrunk = report.residual.value() <= 1.0 + LIMIT * T::EPSILON.value();
    assert!(shrunk || !normal, "{report:?}: {:?}, {b:?}", h.data);
    let dim = report.dim;
    // A product that underflows has no direction.
    let below = |j: usize| krylov.hessenberg().get(j + 1, j).map_or(0.0, |x| x.value());
    let directed = (0..dim).all(|j| below(j) == 0.0 || well_scaled::<T>(below(j)));
    if normal && directed && !choices.flag(5) {
        // H V = V H̄, and V is orthonormal but for a last vector of a space that ended.
        let basis = krylov.basis();
        let v = |i: usize, j: usize| basis.get(i, j).map_or(f64::NAN, |x| x.value());
        let unit = n as f64 * T::EPSILON.value() * (dim + 1) as f64;
        for p in 0..dim {
            for q in 0..=p {
                let product = (0..n).map(|i| v(i, p) * v(i, q)).sum::<f64>() - f64::from(u8::from(p == q));
                assert!(product.abs() <= LIMIT * unit, "{p} and {q}: {product:e}, {:?}, {b:?}", h.data);
            }
        }
        for j in 0..dim.saturating_sub(1) {
            for i in 0..n {
                let left = (0..n).map(|l| h.get(i, l) / largest_h * v(l, j)).sum::<f64>();
                let coefficient = |l: usize| krylov.hessenberg().get(l, j).map_or(f64::NAN, |x| x.value());
                let right = (0..=(j + 1).min(dim - 1)).map(|l| v(i, l) * coefficient(l) / largest_h).sum::<f64>();
                assert!((left - right).abs() <= LIMIT * unit * n as f64, "({i}, {j}): {left:e} and {right:e}");
            }
        }
    }
    let free = choices.number(4, T::ONE);
    for radius in [None, Some(free), Some(T::from_f64(b_scale))] {
        let mut step = vec![T::ONE; n];
        let found = match krylov.solve(&Portable, radius, &mut step) {
            Ok(found) => found,
            Err(error) => {
                let refused =
                    matches!(error, Error::InvalidOption { .. }) && radius.is_none_or(|r| r <= T::ZERO || r.is_nan());
                assert!(refused || matches!(error, Error::NonFinite { .. }), "{error:?}");
                continue;
            }
        };
        assert!(all_finite(&step), "{found:?}, {step:?}, radius {radius:?}: {:?}, {b:?}", h.data);
        let Some(radius) = radius.filter(|radius| well_scaled::<T>(radius.value()) && normal && directed) else {
            continue;
        };
        let length = norm(step.iter().map(|x| x.value() / radius.value()));
        let slack = if choices.flag(5) { 2.0 } else { 1.0 + 1e-3 };
        assert!(length <= slack, "‖s‖ = {length:e} Δ, {found:?}: {:?}, {b:?}", h.data);
        assert!(found.lambda >= T::ZERO, "{found:?}");
    }
    // Converged without a bound means H s = b to the tolerance.
    let converged = report.status == KrylovStatus::Converged && normal && !choices.flag(5);
    let mut step = vec![T::ZERO; n];
    if converged && krylov.solve(&Portable, None, &mut step).is_ok() {
        let solution: Vec<f64> = step.iter().map(|x| x.value() / x_scale).collect();
        let right: Vec<f64> = b.iter().map(|b| b.value() / b_scale).collect();
        let columns = h.scaled(largest_h);
        if norm(solution.iter().copied()) > 1e100 {
            return;
        }
        let (r, size) = (norm(residual(&columns, &solution, &right).into_iter()), norm(right.iter().copied()));
        let rounding = LIMIT * (n * n) as f64 * T::EPSILON.value();
        let bound =
            tolerance.value() * size * 1.01 + rounding * (size + frobenius(&columns) * norm(solution.into_iter()));
        assert!(r <= bound, "‖b − H s‖ = {r:e} for {bound:e}: {:?}, {b:?}", h.data);
    }
}
