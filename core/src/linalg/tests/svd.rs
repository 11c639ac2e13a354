//! ‖A − U Σ Vᵀ‖ / (m ε ‖A‖), orthogonality of U and V, and the relative accuracy of small singular values.

use super::*;
use crate::linalg::*;
use crate::{Error, Portable};

struct Svd<T> {
    u: Dense<T>,
    s: Vec<T>,
    v: Dense<T>,
    report: SvdReport,
}

fn decompose<T: Real>(a: &Dense<T>) -> Svd<T> {
    let (mut u, mut s, mut v) = (a.clone(), std::vec![T::from_f64(f64::NAN); a.cols], Dense::zeros(a.cols, a.cols));
    let report = svd_in_place(&Portable, u.view_mut(), &mut s, v.view_mut()).unwrap();
    assert!(u.gaps_untouched() && v.gaps_untouched());
    Svd { u, s, v, report }
}

fn run<T: Real>(limits: &mut Limits) {
    for (m, n) in SHAPES {
        if m < n {
            continue;
        }
        for (seed, kind) in KINDS.into_iter().enumerate() {
            for scale in scales::<T>() {
                let context = context(kind, m, n, scale, seed as u64);
                let a = matrix::<T>(kind, m, n, scale, seed as u64);
                let Svd { u, s, v, report } = decompose(&a);
                let sigma: Vec<f64> = s.iter().map(|s| s.value()).collect();

                assert_eq!(report.status, SpectralStatus::Converged, "{context}");
                limits.record("sweeps", report.sweeps as f64, &context);
                assert!(sigma.is_sorted_by(|x, y| x >= y) && sigma.iter().all(|&s| s >= 0.0), "{context}: {sigma:?}");
                let difference = norm_of(m, n, |i, j| {
                    a.at(i, j) - (0..n).map(|p| u.at(i, p) * (sigma[p] * v.at(j, p))).sum::<f64>()
                });
                limits.record("|A - USV'| / (m eps |A|)", ratio::<T>(difference, m, a.norm()), &context);
                for (name, x) in [("|I - U'U| / (m eps)", &u), ("|I - V'V| / (m eps)", &v)] {
                    let difference = norm_of(n, n, |i, j| {
                        let product: f64 = (0..x.rows).map(|p| x.at(p, i) * x.at(p, j)).sum();
                        // A zero singular value has a zero column in U.
                        let unit = i == j && !(sigma[i] == 0.0 && name.contains('U'));
                        product - f64::from(u8::from(unit))
                    });
                    limits.record(name, ratio::<T>(difference, m, 1.0), &context);
                }
            }
        }
    }
}

#[test]
fn residual_ratios_stay_below_their_limits() {
    let mut limits = Limits::new(&[
        ("|A - USV'| / (m eps |A|)", 4.0),
        ("|I - U'U| / (m eps)", 6.0),
        ("|I - V'V| / (m eps)", 6.0),
        ("sweeps", 25.0),
    ]);
    run::<f64>(&mut limits);
    run::<f32>(&mut limits);
    limits.finish();
}

/// A = B D with columns of very different length: all singular values of the `f32` decomposition agree with those of the
/// `f64` one to a few ε of `f32`, although they spread over twelve decades, more than `f32` has digits.
#[test]
fn small_singular_values_of_graded_columns_are_relatively_accurate() {
    let mut limits = Limits::new(&[("relative error / (n eps)", 2.0)]);
    for (m, n) in [(2, 2), (5, 5), (10, 10), (50, 10), (50, 50)] {
        for seed in 0..5 {
            let single = matrix::<f32>("graded columns", m, n, 1.0, seed);
            let double = Dense::<f64>::from_fn(m, n, |i, j| single.at(i, j));
            let (single, double) = (decompose(&single), decompose(&double));
            assert!(double.s[n - 1] < 1e-11 * double.s[0]);
            for (s, d) in single.s.iter().zip(&double.s) {
                let context = context("graded columns", m, n, 1.0, seed);
                let ratio = ratio::<f32>((f64::from(*s) - d).abs(), n, *d);
                limits.record("relative error / (n eps)", ratio, &context);
            }
        }
    }
    limits.finish();
}

/// σ of the n × n bidiagonal-like matrix of ones on and above the diagonal: 1 / (2 cos(j π / (2n + 1))), j = n, …, 1.
#[test]
fn known_singular_values() {
    for n in [1, 2, 7, 30] {
        let a = Dense::<f64>::from_fn(n, n, |i, j| if i <= j { 1.0 } else { 0.0 });
        for (p, s) in decompose(&a).s.into_iter().enumerate() {
            let exact = 0.5 / libm::cos((n - p) as f64 * std::f64::consts::PI / (2 * n + 1) as f64);
            assert!((s - exact).abs() < 1e-14 * exact, "n = {n}: {s} and {exact}");
        }
    }
}

/// Columns graded by 2^10 each, in `f64`, against 60-digit arithmetic: `known_singular_values.py`.
#[test]
fn known_singular_values_over_sixteen_decades() {
    let a = Dense::<f64>::from_fn(6, 6, |i, j| {
        (((7 * i + 3 * j * j + i * j) % 11) as f64 - 5.0) * libm::ldexp(1.0, -10 * j as i32)
    });
    let exact = [
        8.246_211_741_048_61,
        0.007_783_724_161_908_329,
        6.039_797_911_133_637e-6,
        6.653_341_158_871_344e-9,
        8.141_498_831_668_363e-13,
        4.884_981_308_350_133_4e-15,
    ];
    for (s, exact) in decompose(&a).s.into_iter().zip(exact) {
        assert!((s - exact).abs() < 8.0 * f64::EPSILON * exact, "{s:e} and {exact:e}");
    }
}

#[test]
fn rank_and_zero_columns() {
    let svd = decompose(&Dense::<f64>::from_fn(4, 3, |i, j| ((i + 1) * (j + 1)) as f64));
    assert!(svd.s[0] > 20.0 && svd.s[1] < 1e-14 && svd.s[2] < 1e-14);
    let svd = decompose(&Dense::<f64>::from_fn(3, 3, |i, j| if j == 1 { (i + 1) as f64 } else { 0.0 }));
    assert_eq!(svd.s[1..], [0.0, 0.0]);
    assert!((0..3).all(|i| svd.u.at(i, 1) == 0.0) && svd.v.at(1, 0) == 1.0);
    let svd = decompose(&Dense::<f64>::zeros(3, 2));
    assert_eq!((svd.report.sweeps, svd.s, svd.v.at(1, 1)), (0, std::vec![0.0; 2], 1.0));
}

#[test]
fn subnormal_and_huge_elements() {
    for scale in [5e-324, 1e-310, 1e-300, 1e300] {
        let a = matrix::<f64>("random", 6, 4, scale, 3);
        let unit = Dense::<f64>::from_fn(6, 4, |i, j| a.at(i, j) / scale);
        let (svd, unit) = (decompose(&a), decompose(&unit));
        for (s, expected) in svd.s.iter().zip(unit.s) {
            assert!((s - expected * scale).abs() <= 1e-14 * s + 5e-324, "scale {scale:e}: {s:e}");
        }
    }
    let huge = decompose(&Dense::<f32>::from_fn(2, 2, |i, j| if i == j { f32::MAX.value() } else { 0.0 }));
    assert_eq!(huge.s, [f32::MAX; 2]);
    let huge = decompose(&Dense::<f64>::from_fn(2, 2, |i, j| if i == j { f64::MAX } else { 0.0 }));
    assert_eq!(huge.s, [f64::MAX; 2]);
    let tiny = decompose(&Dense::<f32>::from_fn(2, 2, |i, j| if i == j { 1e-45 } else { 0.0 }));
    assert_eq!(tiny.s, [f32::from_bits(1); 2]);
}

/// The number of sweeps, which is the same on every platform: the tolerance that is documented is the one that is tested.
#[test]
fn sweeps() {
    let count = |kind, m, n| decompose(&matrix::<f64>(kind, m, n, 1.0, 1)).report.sweeps;
    assert_eq!(count("identity", 10, 10), 1);
    assert_eq!((count("random", 2, 2), count("random", 10, 10), count("random", 50, 50)), (3, 7, 9));
    assert_eq!(count("ones", 5, 1), 1);
}

#[test]
fn misuse_is_an_error() {
    let (mut s, mut v) = ([7.0; 3], Dense::<f64>::zeros(3, 3));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut a = Dense::from_fn(4, 3, |i, j| if i == 3 && j == 2 { bad } else { 1.0 });
        let result = svd_in_place(&Portable, a.view_mut(), &mut s, v.view_mut());
        assert_eq!(result, Err(Error::NonFinite { what: "a" }));
    }
    let mut a = Dense::from_fn(4, 3, |_, _| 1.0);
    let result = svd_in_place(&Portable, a.view_mut(), &mut s[..2], v.view_mut());
    assert_eq!(result, Err(Error::Length { what: "s", expected: 3, found: 2 }));
    let result = svd_in_place(&Portable, a.view_mut(), &mut s, Dense::zeros(3, 2).view_mut());
    assert_eq!(result, Err(Error::Shape { what: "v", expected: (3, 3), found: (3, 2) }));
    let result = svd_in_place(&Portable, Dense::zeros(2, 3).view_mut(), &mut s, v.view_mut());
    assert_eq!(result, Err(Error::Shape { what: "a", expected: (3, 3), found: (2, 3) }));
    assert_eq!(s, [7.0; 3]);
}

/// x p/q where p/q overflows or underflows, or x/q does.
#[test]
fn rescaling_leaves_the_range_only_with_its_result() {
    let power = |exponent| libm::scalbn(1.0, exponent);
    for (x, p, q) in [(-1000, 1000, -1000), (1000, -1000, 1000), (3, 5, 7), (1000, 0, 1000), (-1074, 1023, 20)] {
        let found = jacobi::rescale(power(x), power(p), power(q));
        assert_eq!(found, power(x + p - q), "2^{x} 2^{p} / 2^{q}");
    }
}
