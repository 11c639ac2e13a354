//! Kernels of vectors, and rank-one updates.

use super::*;
use gaussling_core::autodiff::ScalarFunction;

/// Lengths around registers and groups of eight of them.
const LENGTHS: [usize; 20] = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 257, 1000, 4097];

#[test]
fn vector_kernels_agree() {
    fn check<T: Float>() {
        let mut numbers = Numbers(5);
        for n in LENGTHS {
            // The longer vector's rest is not used.
            let (x, y) = (numbers.vector::<T>(n), numbers.vector::<T>(n + 3));
            let sum: f64 = x.iter().zip(&y).map(|(x, y)| (x.value() * y.value()).abs()).sum();
            for fast in others() {
                let context = format!("{:?}, {n} numbers of {} bytes", fast.level, size_of::<T>());
                let bound = 2.0 * (n + 2) as f64 * T::EPSILON.value();
                let error = (fast.dot(&x, &y) - Portable.dot(&x, &y)).value().abs();
                assert!(error <= bound * sum, "dot, {context}: {error:e}");
                assert_eq!(fast.dot(&y, &x), fast.dot(&x, &y), "{context}");
                let error = (fast.norm(&x) - Portable.norm(&x)).value().abs();
                assert!(error <= bound * Portable.norm(&x).value(), "norm, {context}: {error:e}");
                let alpha = T::from_f64(-1.7);
                let (mut found, mut expected) = (y.clone(), y.clone());
                fast.axpy(alpha, &x, &mut found);
                Portable.axpy(alpha, &x, &mut expected);
                // |αx| ≤ 0.85 and |y| ≤ 0.5.
                assert!(
                    found.iter().zip(&expected).all(|(&x, &y)| (x - y).value().abs() <= 2.0 * T::EPSILON.value()),
                    "axpy, {context}"
                );
                assert!(found[n..] == y[n..], "axpy wrote past the shorter vector, {context}");
                let (mut found, mut expected) = (x.clone(), x.clone());
                fast.scale(alpha, &mut found);
                Portable.scale(alpha, &mut expected);
                assert!(found == expected, "scale, {context}");
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

/// Squares that overflow or underflow; NaN and infinities.
#[test]
fn norms_survive_extreme_scales() {
    for n in [3, 40, 300] {
        let (x, expected): (Vec<f64>, f64) = ((0..n).map(|i| 1.0 + (i % 3) as f64).collect(), 0.0);
        let expected = expected + x.iter().map(|x| x * x).sum::<f64>().sqrt();
        for fast in Fast::levels().filter_map(Fast::with_level) {
            for scale in [1e-300, 1e-160, 1e-150, 1.0, 1e150, 1e160, 1e300] {
                let scaled: Vec<f64> = x.iter().map(|x| x * scale).collect();
                let ratio = fast.norm(&scaled) / scale / expected;
                assert!((ratio - 1.0).abs() < 1e-14, "{:?} {n} {scale:e}: {ratio}", fast.level);
            }
            let (mut nan, mut infinite) = (x.clone(), x.clone());
            (nan[n / 2], infinite[n - 1]) = (f64::NAN, f64::NEG_INFINITY);
            assert!(fast.norm(&nan).is_nan() && fast.norm(&infinite) == f64::INFINITY, "{:?} {n}", fast.level);
            assert!(
                fast.dot(&nan, &x).is_nan() && fast.dot(&infinite, &x) == f64::NEG_INFINITY,
                "{:?} {n}",
                fast.level
            );
        }
    }
}

#[derive(Clone, Copy)]
struct Wave;

impl ScalarFunction for Wave {
    fn eval<T: Real>(&self, x: T) -> T {
        (x * x + x).tanh() * x - x.exp()
    }
}

#[test]
fn maps_have_the_portable_bits() {
    fn check<T: Float>() {
        let mut numbers = Numbers(6);
        for n in LENGTHS {
            let mut x: Vec<T> = (0..n).map(|_| T::from_f64(20.0 * numbers.next())).collect();
            if n > 5 {
                (x[1], x[2], x[3]) = (T::from_f64(f64::NAN), T::from_f64(f64::INFINITY), T::from_f64(-0.0));
            }
            let bits = |y: &[T]| y.iter().map(|y| y.value().to_bits()).collect::<Vec<_>>();
            let (mut expected, mut slopes) = (vec![T::ZERO; n], vec![T::ZERO; n]);
            Portable.map_with_slope(Wave, &x, &mut expected, &mut slopes);
            for fast in others() {
                let (mut y, mut z, mut slope) = (vec![T::ZERO; n], vec![T::ZERO; n], vec![T::ZERO; n]);
                fast.map(Wave, &x, &mut y);
                fast.map_with_slope(Wave, &x, &mut z, &mut slope);
                assert_eq!(bits(&y), bits(&expected), "{:?} {n}", fast.level);
                assert_eq!((bits(&z), bits(&slope)), (bits(&expected), bits(&slopes)), "{:?} {n}", fast.level);
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn rank_one_updates_agree() {
    let mut numbers = Numbers(8);
    for (m, n) in [(0, 3), (1, 1), (3, 0), (5, 7), (40, 3), (100, 9)] {
        let (x, y, before) = (numbers.vector::<f64>(m), numbers.vector::<f64>(n), numbers.vector::<f64>((m + 2) * n));
        let mut expected = before.clone();
        Portable.ger(-1.3, &x, &y, MatMut::with_leading(&mut expected, m, n, m + 2).unwrap()).unwrap();
        for fast in others() {
            let mut a = before.clone();
            fast.ger(-1.3, &x, &y, MatMut::with_leading(&mut a, m, n, m + 2).unwrap()).unwrap();
            assert!(
                a.iter().zip(&expected).all(|(x, y)| (x - y).abs() <= 2.0 * f64::EPSILON),
                "{:?} {m} {n}",
                fast.level
            );
            assert!(m == 0 || n == 0 || a != before);
        }
    }
}

/// Both products of one pass against two calls, for contiguous columns and for others.
#[test]
fn two_products_in_one_pass_agree() {
    fn check<T: Float>() {
        let mut numbers = Numbers(21);
        for (m, n) in [(0, 3), (3, 0), (1, 1), (5, 3), (32, 8), (33, 9), (64, 50), (130, 7), (1000, 50)] {
            for layout in LAYOUTS {
                let (a, row_stride, col_stride) = stored::<T>(&mut numbers, m, n, layout, 2);
                let a = MatRef::with_strides(&a, m, n, row_stride, col_stride).unwrap();
                let (x, y) = (numbers.vector::<T>(n), numbers.vector::<T>(m));
                let alpha = T::from_f64(-0.7);
                for beta in [T::ZERO, T::from_f64(1.3)] {
                    let run = |backend: &dyn Fn(&mut [T], &mut [T])| {
                        let (mut y, mut z) = (y.clone(), vec![T::from_f64(f64::NAN); n]);
                        if beta == T::ZERO {
                            y.fill(T::from_f64(f64::NAN)); // not read
                        }
                        backend(&mut y, &mut z);
                        (y, z)
                    };
                    let expected = run(&|y, z| Portable.gemv_both(alpha, a, &x, beta, y, z).unwrap());
                    for fast in others() {
                        let found = run(&|y, z| fast.gemv_both(alpha, a, &x, beta, y, z).unwrap());
                        // Elements are below ½: |yᵢ| ≤ n/4 + 1, |zⱼ| ≤ m (n/4 + 1)/2.
                        let bound = (n + 4) as f64 * (m + n + 4) as f64 * T::EPSILON.value();
                        let close = |x: &[T], y: &[T], size: f64| {
                            x.iter().zip(y).all(|(&x, &y)| (x - y).value().abs() <= bound * size)
                        };
                        let context = format!("{:?}, {m} x {n}, {layout:?}, {} bytes", fast.level, size_of::<T>());
                        assert!(close(&found.0, &expected.0, 1.0), "y, {context}");
                        assert!(close(&found.1, &expected.1, 1.0 + m as f64), "z, {context}");
                    }
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}
