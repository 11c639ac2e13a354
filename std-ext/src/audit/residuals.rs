//! Residual ratios of every routine on every kind, shape and scale of matrix.

use super::matrices::{KINDS, Outcome, SHAPES, Sample, exponents};
use super::{Check, Detail, iterative, orthogonal, symmetric};
use crate::backend::Fast;
use gaussling_core::{Backend, Portable, Real};

/// A routine.
pub(super) struct Routine<T, B> {
    pub(super) name: &'static str,
    /// What its ratio is.
    pub(super) measure: &'static str,
    pub(super) call: fn(&B, &Sample<T>) -> Outcome,
}

/// The limit of every ratio. LAPACK's own test suite allows 30.
const LIMIT: f64 = 10.0;

/// All routines of `linalg`.
pub(super) fn routines<T: Real, B: Backend<T>>() -> Vec<Routine<T, B>> {
    let routine = |name, measure, call| Routine { name, measure, call };
    vec![
        routine("qr", "A - QR, QᵀQ - I", orthogonal::qr),
        routine("qr_pivoted", "AP - QR, QᵀQ - I", orthogonal::qr_pivoted),
        routine("qr_append_rows", "RᵀR - AᵀA", orthogonal::qr_append_rows),
        routine("qr_remove_row", "RᵀR - AᵀA", orthogonal::qr_remove_row),
        routine("least_squares", "Aᵀ(B - AX)", orthogonal::least_squares),
        routine("qr_pivoted_solve", "Aᵀ(B - AX)", orthogonal::pivoted_least_squares),
        routine("minimum_norm_solve", "Aᵀ(B - AX)", orthogonal::minimum_norm),
        routine("svd", "A - USVᵀ, UᵀU - I, VᵀV - I", orthogonal::svd),
        routine("svd_solve", "Aᵀ(B - AX)", orthogonal::svd_least_squares),
        routine("triangular solves", "B - TX", symmetric::triangular),
        routine("cholesky", "A - LLᵀ, B - AX, I - A A⁻¹", symmetric::cholesky),
        routine("cholesky_update", "A + xxᵀ - LLᵀ, and back", symmetric::cholesky_update),
        routine("ldlt_solve", "B - AX", symmetric::ldlt),
        routine("symmetric_eigen", "AV - VΛ, VᵀV - I", symmetric::symmetric_eigen),
        routine("TikhonovSolver", "Aᵀ(b - Ax) - λ²x", iterative::tikhonov),
        routine("lsqr", "what its status claims", iterative::least_squares),
        routine("conjugate_gradients", "what its status claims", iterative::system),
        routine("Krylov", "what its status claims", iterative::krylov),
    ]
}

/// All routines with one backend in one precision.
fn ratios<T: Real, B: Backend<T>>(backend: &B, name: &'static str, done: &mut impl FnMut(Check)) {
    for Routine { name: routine, measure, call } in routines::<T, B>() {
        let mut check = Check {
            part: "residuals",
            name: routine.to_string(),
            measure,
            precision: if T::EPSILON.value() < 1e-10 { "f64" } else { "f32" },
            backend: name,
            worst: 0.0,
            limit: LIMIT,
            at: String::new(),
            trials: 0,
            details: Vec::new(),
        };
        for exponent in exponents::<T>() {
            for kind in KINDS {
                let mut detail = Detail { kind, exponent, worst: 0.0, trials: 0 };
                for shape in SHAPES {
                    let sample = Sample::new(kind, shape, exponent);
                    let ratio = match call(backend, &sample) {
                        Ok(None) => continue,
                        Ok(Some(ratio)) => ratio,
                        // Refused where there is an answer.
                        Err(_) => f64::INFINITY,
                    };
                    detail.trials += 1;
                    let ratio = if ratio.is_nan() { f64::INFINITY } else { ratio };
                    if ratio > detail.worst {
                        detail.worst = ratio;
                        if ratio > check.worst {
                            (check.worst, check.at) = (detail.worst, sample.describe());
                        }
                    }
                }
                check.trials += detail.trials;
                check.details.push(detail);
            }
        }
        done(check);
    }
}

/// All of them, with both backends in both precisions.
pub(super) fn checks(mut done: impl FnMut(Check)) {
    ratios::<f64, _>(&Portable, "portable", &mut done);
    ratios::<f32, _>(&Portable, "portable", &mut done);
    ratios::<f64, _>(&Fast::detect(), "fast", &mut done);
    ratios::<f32, _>(&Fast::detect(), "fast", &mut done);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dot products with errors of 1e-13, a few hundred ε.
    struct Inaccurate;

    impl Backend<f64> for Inaccurate {
        fn dot(&self, x: &[f64], y: &[f64]) -> f64 {
            Portable.dot(x, y) * (1.0 + 1e-13)
        }
    }

    #[test]
    fn a_kernel_with_few_digits_is_caught() {
        let mut failed = Vec::new();
        ratios::<f64, _>(&Inaccurate, "inaccurate", &mut |check| {
            if !check.passes() {
                failed.push(check.name);
            }
        });
        assert!(failed.contains(&"qr".to_string()) && failed.len() > 3, "{failed:?}");
    }
}
