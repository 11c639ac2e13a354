//! gemm and syrk.

use super::*;

/// What one product is asked for.
#[derive(Clone, Copy, Debug)]
struct Case {
    shape: (usize, usize, usize),
    a: Layout,
    b: Layout,
    gap: usize,
    alpha: f64,
    beta: f64,
    scale: f64,
}

/// The kernels under test.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kernel {
    Gemm,
    Syrk,
}

/// C by the fast and by the portable kernel; elements outside of C keep what they held. For each element the difference is at most
/// (k + 3) ε (|α| |A| |B| + |β| |C|), since both are within half of that.
fn product_is_near<T: Float>(kernel: Kernel, case: Case, seed: u64) {
    let (m, n, k) = case.shape;
    let mut numbers = Numbers(seed);
    let (mut a, a_rows, a_cols) = stored::<T>(&mut numbers, m, k, case.a, case.gap);
    let (b, b_rows, b_cols) = stored::<T>(&mut numbers, k, n, case.b, case.gap);
    a.iter_mut().for_each(|x| *x = x.scale(case.scale));
    let a = MatRef::with_strides(&a, m, k, a_rows, a_cols).unwrap();
    let b =
        if kernel == Kernel::Syrk { a.transpose() } else { MatRef::with_strides(&b, k, n, b_rows, b_cols).unwrap() };
    let n = b.cols();
    let leading = m + case.gap;
    let before = numbers.vector::<T>(leading * n);
    let (alpha, beta) = (T::from_f64(case.alpha), T::from_f64(case.beta));
    // C is not read where β = 0.
    let nan = T::from_f64(f64::NAN);
    let before: Vec<T> = if case.beta == 0.0 { vec![nan; leading * n] } else { before };
    let run = |backend: Fast, alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, before: &[T]| {
        let mut c = before.to_vec();
        let view = MatMut::with_leading(&mut c, m, n, leading).unwrap();
        match kernel {
            Kernel::Gemm => backend.gemm(alpha, a, b, beta, view).unwrap(),
            Kernel::Syrk => backend.syrk(alpha, a, beta, view).unwrap(),
        }
        c
    };
    let portable = Fast::with_level(Level::Portable).unwrap();
    let expected = run(portable, alpha, a, b, beta, &before);
    let absolute = |x: &[T]| x.iter().map(|x| x.abs()).collect::<Vec<T>>();
    let contiguous = |view: MatRef<'_, T>| absolute(&view.iter().collect::<Vec<T>>());
    let (sizes_a, sizes_b) = (contiguous(a), contiguous(b));
    let (sizes_a, sizes_b) = (MatRef::new(&sizes_a, m, k).unwrap(), MatRef::new(&sizes_b, k, n).unwrap());
    let mut sizes = absolute(&before);
    let view = MatMut::with_leading(&mut sizes, m, n, leading).unwrap();
    Portable.gemm(alpha.abs(), sizes_a, sizes_b, beta.abs(), view).unwrap();
    for fast in others() {
        let found = run(fast.clone(), alpha, a, b, beta, &before);
        for (at, ((&x, &y), &old)) in found.iter().zip(&expected).zip(&before).enumerate() {
            let bound = (k + 3) as f64 * T::EPSILON.value() * sizes[at].value();
            let (i, j) = (at % leading.max(1), at / leading.max(1));
            let context = || {
                format!("{:?} {kernel:?} {} bytes {case:?} seed {seed}, element ({i}, {j})", fast.level, size_of::<T>())
            };
            if i >= m || (kernel == Kernel::Syrk && i < j) {
                assert!(x.value().to_bits() == old.value().to_bits(), "{}: written", context());
            } else {
                assert!((x - y).value().abs() <= bound, "{}: {x:?}, not {y:?}, bound {bound:e}", context());
            }
        }
    }
}

fn both_types(kernel: Kernel, case: Case, seed: u64) {
    product_is_near::<f64>(kernel, case, seed);
    // The scales of `f32` are smaller.
    let scale = match case.scale {
        scale if scale > 1.0 => 1e18,
        scale if scale < 1.0 => 1e-18,
        scale => scale,
    };
    product_is_near::<f32>(kernel, Case { scale, ..case }, seed);
}

fn any_case(numbers: &mut Numbers, shape: (usize, usize, usize)) -> Case {
    Case {
        shape,
        a: LAYOUTS[numbers.below(4)],
        b: LAYOUTS[numbers.below(4)],
        gap: [0, 0, 1, 5][numbers.below(4)],
        alpha: [1.0, -0.7, 2.5][numbers.below(3)],
        beta: [0.0, 1.0, -2.0][numbers.below(3)],
        scale: [1.0, 1.0, 1e150, 1e-150][numbers.below(4)],
    }
}

#[test]
fn products_of_all_small_shapes_agree() {
    let mut numbers = Numbers(1);
    for m in 0..=40 {
        for n in 0..=40 {
            let k = numbers.below(41);
            let case = any_case(&mut numbers, (m, n, k));
            both_types(Kernel::Gemm, case, (m * 41 + n) as u64);
            both_types(Kernel::Syrk, Case { shape: (m, m, n), ..case }, (m * 41 + n) as u64);
        }
    }
}

/// Around the borders of tiles and blocks, and where the way changes, each with all pairs of layouts.
#[test]
fn products_at_the_borders_of_blocks_agree() {
    let mut numbers = Numbers(2);
    let shapes = [
        (1, 1, 1),
        (1, 50, 70),
        (50, 1, 70),
        (1, 9, 600),
        (65, 1, 1100),
        (24, 8, 256),
        (25, 9, 257),
        (48, 192, 64),
        (49, 193, 20),
        (95, 33, 100),
        (97, 31, 300),
        (67, 5, 255),
        (66, 6, 256),
        (133, 7, 1025),
        (200, 13, 30),
        (400, 9, 40),
        (13, 1030, 9),
        (100, 1025, 7),
        (3, 2, 2049),
        (193, 194, 195),
    ];
    for shape in shapes {
        for a in LAYOUTS {
            for b in LAYOUTS {
                let case = Case { a, b, ..any_case(&mut numbers, shape) };
                both_types(Kernel::Gemm, case, numbers.below(1 << 30) as u64);
            }
            let case = Case { a, ..any_case(&mut numbers, shape) };
            both_types(Kernel::Syrk, case, numbers.below(1 << 30) as u64);
        }
    }
}

/// NaN and infinities come out where they come out of the portable kernel; what pads a tile makes none.
#[test]
fn nan_and_infinities_pass_through_products() {
    let mut numbers = Numbers(3);
    for round in 0..300 {
        let (m, n, k) =
            (1 + numbers.below(60), 1 + numbers.below(30), 1 + numbers.below(if round % 3 == 0 { 700 } else { 40 }));
        let (a_layout, b_layout) = (LAYOUTS[numbers.below(3)], LAYOUTS[numbers.below(3)]);
        let (mut a, a_rows, a_cols) = stored::<f64>(&mut numbers, m, k, a_layout, 0);
        let (mut b, b_rows, b_cols) = stored::<f64>(&mut numbers, k, n, b_layout, 0);
        let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        a[numbers.below(m) * a_rows + numbers.below(k) * a_cols] = special[round % 3];
        b[numbers.below(k) * b_rows + numbers.below(n) * b_cols] = special[round / 3 % 3];
        let a = MatRef::with_strides(&a, m, k, a_rows, a_cols).unwrap();
        let b = MatRef::with_strides(&b, k, n, b_rows, b_cols).unwrap();
        let mut expected = vec![0.0; m * n];
        Portable.gemm(1.0, a, b, 0.0, MatMut::new(&mut expected, m, n).unwrap()).unwrap();
        for fast in others() {
            let mut c = vec![0.0; m * n];
            fast.gemm(1.0, a, b, 0.0, MatMut::new(&mut c, m, n).unwrap()).unwrap();
            for (x, y) in c.iter().zip(&expected) {
                let same = (x.is_nan() && y.is_nan()) || x == y || (x.is_finite() && y.is_finite());
                assert!(same, "{:?} {m} {n} {k} round {round}: {x}, not {y}", fast.level);
            }
        }
    }
}

/// What a run of more than 16 columns holds does not depend on what else is computed with it, so batches may be cut.
#[test]
fn a_column_of_several_does_not_depend_on_the_others() {
    fn check<T: Float>() {
        let mut numbers = Numbers(4);
        for (m, n, k) in [(64, 300, 64), (10, 50, 300), (5, 19, 1), (120, 220, 300), (200, 30, 40)] {
            for a_layout in LAYOUTS {
                for b_layout in LAYOUTS {
                    let (a, a_rows, a_cols) = stored::<T>(&mut numbers, m, k, a_layout, 0);
                    let (b, b_rows, b_cols) = stored::<T>(&mut numbers, k, n, b_layout, 0);
                    let a = MatRef::with_strides(&a, m, k, a_rows, a_cols).unwrap();
                    let b = MatRef::with_strides(&b, k, n, b_rows, b_cols).unwrap();
                    for fast in others() {
                        let mut whole = vec![T::ZERO; m * n];
                        fast.gemm(T::ONE, a, b, T::ZERO, MatMut::new(&mut whole, m, n).unwrap()).unwrap();
                        let first = numbers.below(n - 17);
                        let count = 17 + numbers.below(n - first - 16);
                        let mut part = vec![T::ZERO; m * count];
                        let columns = b.columns(first, count).unwrap();
                        fast.gemm(T::ONE, a, columns, T::ZERO, MatMut::new(&mut part, m, count).unwrap()).unwrap();
                        let context = format!("{:?} {m} {n} {k} {a_layout:?} {b_layout:?}", fast.level);
                        assert!(part == whole[first * m..(first + count) * m], "{context}, columns {first} + {count}");
                    }
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}
