//! LSQR against SciPy's on problems P(m, n, d, p) of Paige and Saunders: reason to stop, number of steps, x, norms, variances.

mod common;

use common::{Npz, assert_close};
use gaussling_core::linalg::{FnOperator, LinearOperator, LsqrOptions, LsqrReport, LsqrStatus, lsqr, lsqr_work_len};
use gaussling_core::{Error, Portable};

fn istop(status: LsqrStatus) -> i64 {
    match status {
        LsqrStatus::SolvedAtStart => 0,
        LsqrStatus::Compatible => 1,
        LsqrStatus::LeastSquares => 2,
        LsqrStatus::ConditionLimit => 3,
        LsqrStatus::CompatibleToRounding => 4,
        LsqrStatus::LeastSquaresToRounding => 5,
        LsqrStatus::ConditionTooLarge => 6,
        LsqrStatus::IterationLimit => 7,
        LsqrStatus::NonFinite => -1,
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// y ← scale · left diag(sigma) right x, the outer factors reflections.
fn product(scale: f64, left: &[f64], sigma: &[f64], right: &[f64], x: &[f64], y: &mut [f64]) -> Result<(), Error> {
    let along = 2.0 * dot(right, x);
    y.fill(0.0);
    for (i, sigma) in sigma.iter().enumerate() {
        y[i] = scale * (sigma * (x[i] - along * right[i]));
    }
    let along = 2.0 * dot(left, y);
    for (y, left) in y.iter_mut().zip(left) {
        *y -= along * left;
    }
    Ok(())
}

struct Case {
    index: usize,
    options: LsqrOptions<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    sigma: Vec<f64>,
    b: Vec<f64>,
}

impl Case {
    fn all(kat: &Npz) -> Vec<Self> {
        let read = |index: usize| {
            let row = kat.row("cases", index);
            let get = |key: &str| kat.f64s(&format!("{key}_{index}")).1;
            let options = LsqrOptions {
                damping: row[4],
                tolerance_a: row[5],
                tolerance_b: row[6],
                condition_limit: row[7],
                max_iterations: Some(row[8] as usize),
                warm_start: row[9] == 1.0,
                fixed_steps: false,
            };
            Self { index, options, y: get("y"), z: get("z"), sigma: get("sigma"), b: get("b") }
        };
        (0..kat.shape("cases")[0]).map(read).collect()
    }

    fn operator(&self, scale: f64) -> impl LinearOperator<f64> {
        let (y, z, sigma) = (&self.y, &self.z, &self.sigma);
        FnOperator {
            shape: (y.len(), z.len()),
            apply: move |x: &[f64], out: &mut [f64]| product(scale, y, sigma, z, x, out),
            apply_transpose: move |x: &[f64], out: &mut [f64]| product(scale, z, sigma, y, x, out),
        }
    }

    /// Solves the problem with A, b and with them damp and x₀ scaled.
    fn run(&self, scale_a: f64, scale_b: f64) -> (LsqrReport<f64>, Vec<f64>, Vec<f64>) {
        let (m, n) = (self.y.len(), self.z.len());
        let options = LsqrOptions { damping: self.options.damping * scale_a, ..self.options };
        let b: Vec<f64> = self.b.iter().map(|b| b * scale_b).collect();
        let mut x: Vec<f64> = match self.options.warm_start {
            true => (0..n).map(|j| 10.0 * (j as f64).cos() * (scale_b / scale_a)).collect(),
            false => vec![f64::NAN; n],
        };
        let (mut variances, mut work) = (vec![f64::NAN; n], vec![f64::NAN; lsqr_work_len(m, n)]);
        let mut a = self.operator(scale_a);
        let report = lsqr(&Portable, &mut a, &b, &mut x, Some(&mut variances), &mut work, &options).unwrap();
        (report, x, variances)
    }
}

#[test]
fn stops_where_scipy_stops() {
    let kat = Npz::open("lsqr.npz");
    let (ends, (_, noise)) = (kat.ints("ends"), kat.f64s("noise"));
    let count = noise.len();
    let mut same = 0;
    for case in Case::all(&kat) {
        let i = case.index;
        let what = |name: &str| format!("case {i}, {name}");
        let (report, x, variances) = case.run(1.0, 1.0);
        assert_eq!(istop(report.status), ends[i], "{}", what("istop"));
        let steps = i64::try_from(report.iterations).unwrap();
        assert!((steps - ends[count + i]).abs() <= 1, "case {i}: {steps} steps, SciPy {}", ends[count + i]);

        // The report against the residual itself. Norms: what the docs call estimates.
        let mut residual = vec![0.0; case.b.len()];
        case.operator(1.0).apply(&x, &mut residual).unwrap();
        residual.iter_mut().zip(&case.b).for_each(|(r, b)| *r = b - *r);
        let limit = 1e-9 * norm(&case.b) + 1e-6 * norm(&residual);
        assert!((norm(&residual) - report.residual_norm).abs() < limit, "{}", what("residual norm"));
        if steps != ends[count + i] {
            continue;
        }
        same += 1;
        let expected = kat.f64s(&format!("x_{i}")).1;
        assert_close(&what("x"), &x, &expected, 10.0 * noise[i].max(1e-14));
        let norms = kat.row("norms", i);
        let drift = kat.row("noise_norms", i);
        let close = |found: f64, k: usize, size: f64| {
            let (expected, limit) = (norms[k], 10.0 * drift[k] + 1e-13 * size);
            assert!((found - expected).abs() < limit, "case {i}: {found} {expected}, limit {limit:e}");
        };
        // Near the solution of a compatible system ‖r‖ is a product of many small sines: rounding errors of ‖A‖ ‖x‖ count.
        close(report.damped_residual_norm, 1, norms[2] * norms[5] + norm(&case.b));
        close(report.norm_a, 2, norms[2]);
        close(report.condition, 3, norms[3]);
        close(report.norm_step, 5, norms[5]);
        let limit = 10.0 * drift[6].max(1e-13);
        assert_close(&what("variances"), &variances, &kat.f64s(&format!("var_{i}")).1, limit);
    }
    println!("{same} of {count} with the same number of steps");
    assert!(same + 2 >= count, "{same} of {count} with the same number of steps");
}

/// A and b times powers of two: the same steps, the same bits.
#[test]
fn scale_does_not_matter() {
    let two = |e: i32| 2.0_f64.powi(e);
    for case in Case::all(&Npz::open("lsqr.npz")) {
        let (plain, x, variances) = case.run(1.0, 1.0);
        for (a, b) in [(480, 0), (-480, 0), (0, 480), (0, -480), (480, 480), (-480, -480), (480, -480), (-480, 480)] {
            let (report, scaled, scaled_variances) = case.run(two(a), two(b));
            let what = format!("case {}, 2^{a} A, 2^{b} b", case.index);
            assert_eq!((report.status, report.iterations), (plain.status, plain.iterations), "{what}");
            assert_eq!(report.damped_residual_norm, plain.damped_residual_norm * two(b), "{what}");
            assert_eq!(report.norm_a, plain.norm_a * two(a), "{what}");
            let unscale = |x: &f64, e: i32| x * two(e / 2) * two(e - e / 2);
            assert!(scaled.iter().map(|x| unscale(x, a - b)).eq(x.iter().copied()), "{what}");
            // Times 2^-960 the smallest variances become subnormal.
            for (scaled, variance) in scaled_variances.iter().zip(&variances) {
                assert!((scaled * two(a) * two(a) - variance).abs() <= two(960 - 1074), "{what}, variances");
            }
        }
    }
}
