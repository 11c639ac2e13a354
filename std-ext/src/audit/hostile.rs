//! Two laws on inputs that nobody should pass: a call ends without a panic, and NaN or infinity never gives `Ok`. (Whether finite input
//! gives finite output only, the fuzz targets check, which see the output.)

use super::Check;
use super::matrices::Sample;
use super::residuals::{Routine, routines};
use crate::DenseMatrix;
use crate::backend::Fast;
use gaussling_core::{Backend, Portable, Real};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Square, so that every routine reads every element of the leading square.
const SIZES: [usize; 4] = [1, 3, 8, 40];

/// What stands at one place of an otherwise ordinary matrix, or everywhere.
fn inputs<T: Real>(n: usize) -> Vec<(bool, Sample<T>)> {
    let ordinary = Sample::<T>::new("random", (n, n), 0).a;
    let (nan, infinity) = (T::from_f64(f64::NAN), T::from_f64(f64::INFINITY));
    let places = [(0, 0), (n - 1, 0), (n / 2, n / 2), (n - 1, n - 1)];
    let mut inputs = Vec::new();
    let mut add = |finite: bool, kind, a| inputs.push((finite, Sample { a, kind, exponent: 0 }));
    for (i, j) in places {
        for x in [nan, infinity, -infinity] {
            let mut a = ordinary.clone();
            a[(i, j)] = x;
            add(false, "not finite", a);
        }
        for x in [T::MAX, -T::MAX, T::MIN_POSITIVE * T::EPSILON] {
            let mut a = ordinary.clone();
            a[(i, j)] = x;
            add(true, "one at the end of the range", a);
        }
    }
    let all = |x: T| DenseMatrix::from_fn(n, n, |_, _| x);
    add(false, "not finite", all(nan));
    add(false, "not finite", all(infinity));
    add(true, "all at the end of the range", all(T::MAX));
    add(true, "all subnormal", all(T::MIN_POSITIVE * T::EPSILON));
    add(true, "all at the end of the range", DenseMatrix::from_fn(n, n, |i, j| ordinary[(i, j)] * T::MAX));
    add(true, "all subnormal", DenseMatrix::from_fn(n, n, |i, j| ordinary[(i, j)] * T::MIN_POSITIVE));
    inputs
}

/// Calls that break a law, of all that were tried.
fn breaches<T: Real, B: Backend<T>>(
    backend: &B,
    name: &'static str,
    routines: Vec<Routine<T, B>>,
    done: &mut impl FnMut(Check),
) {
    for Routine { name: routine, call, .. } in routines {
        let mut check = Check {
            part: "hostile input",
            name: routine.to_string(),
            measure: "panics, or NaN and infinity called a success",
            precision: if T::EPSILON.value() < 1e-10 { "f64" } else { "f32" },
            backend: name,
            worst: 0.0,
            limit: 0.0,
            at: String::new(),
            trials: 0,
            details: Vec::new(),
        };
        for n in SIZES {
            for (finite, sample) in inputs::<T>(n) {
                check.trials += 1;
                let breach = match catch_unwind(AssertUnwindSafe(|| call(backend, &sample))) {
                    Err(_) => true,
                    // Whoever takes NaN or infinity must say so.
                    Ok(Ok(Some(_))) => !finite,
                    Ok(Ok(None) | Err(_)) => false,
                };
                if breach {
                    check.worst += 1.0;
                    check.at = format!("{}, {n} x {n}", sample.kind);
                }
            }
        }
        done(check);
    }
}

/// All routines, with both backends in both precisions.
pub(super) fn checks(mut done: impl FnMut(Check)) {
    breaches::<f64, _>(&Portable, "portable", routines(), &mut done);
    breaches::<f32, _>(&Portable, "portable", routines(), &mut done);
    breaches::<f64, _>(&Fast::detect(), "fast", routines(), &mut done);
    breaches::<f32, _>(&Fast::detect(), "fast", routines(), &mut done);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routine_that_breaks_a_law_is_caught() {
        let routine = |call| vec![Routine { name: "broken", measure: "", call }];
        let mut found = Vec::new();
        let mut add = |check: Check| found.push((check.worst, check.trials, check.passes()));
        let says_yes: fn(&Portable, &Sample<f64>) -> _ = |_, _| Ok(Some(0.0));
        breaches(&Portable, "portable", routine(says_yes), &mut add);
        let panics: fn(&Portable, &Sample<f64>) -> _ =
            |_, sample| if sample.a[(0, 0)].is_nan() { panic!("on purpose") } else { Ok(None) };
        breaches(&Portable, "portable", routine(panics), &mut add);
        let refuses: fn(&Portable, &Sample<f64>) -> _ = |_, _| Ok(None);
        breaches(&Portable, "portable", routine(refuses), &mut add);
        // 14 of 30 inputs of each size are not finite; of those with NaN in the corner the size 1 has all four places there.
        assert_eq!(found, [(56.0, 120, false), (f64::from(4 + 1 + 3 * 2), 120, false), (0.0, 120, true)]);
    }
}
