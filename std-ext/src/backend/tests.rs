//! Every level of this machine against the portable kernels, by bounds that hold for sums in any order.

use super::*;
use gaussling_core::Real;
use gaussling_core::autodiff::ScalarFunction;

/// Numbers in [−½, ½), the same for ever.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }
    fn below(&mut self, n: usize) -> usize {
        ((self.next() + 0.5) * n as f64) as usize
    }
    fn vector<T: Real>(&mut self, n: usize) -> Vec<T> {
        (0..n).map(|_| T::from_f64(self.next())).collect()
    }
}

/// How the elements of a matrix lie in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Columns,
    Rows,
    /// Neither is contiguous.
    Spread,
    /// One number for all columns.
    Repeated,
}

const LAYOUTS: [Layout; 4] = [Layout::Columns, Layout::Rows, Layout::Spread, Layout::Repeated];

/// Elements for a matrix, NaN where it has none, and its strides.
fn stored<T: Real>(
    numbers: &mut Numbers,
    rows: usize,
    cols: usize,
    layout: Layout,
    gap: usize,
) -> (Vec<T>, usize, usize) {
    let (row_stride, col_stride) = match layout {
        Layout::Columns => (1, rows + gap),
        Layout::Rows => (cols + gap, 1),
        Layout::Spread => (2, 2 * rows + 1 + gap),
        Layout::Repeated => (1, 0),
    };
    let len = if rows * cols == 0 { 0 } else { (rows - 1) * row_stride + (cols - 1) * col_stride + 1 };
    let mut data = vec![T::from_f64(f64::NAN); len];
    for j in 0..cols {
        for i in 0..rows {
            data[i * row_stride + j * col_stride] = T::from_f64(numbers.next());
        }
    }
    (data, row_stride, col_stride)
}

fn others() -> impl Iterator<Item = Fast> {
    Fast::levels().filter(|&level| level != Level::Portable).filter_map(Fast::with_level)
}

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
        let found = run(fast, alpha, a, b, beta, &before);
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

/// |T x̂ − b| ≤ 2 n ε |T||x̂| row by row: what substitution promises, so no block is inverted. With a triangle that a computed inverse would spoil.
#[test]
fn triangular_solves_are_backward_stable_row_by_row() {
    fn check<T: Float>(scale: f64) {
        let mut numbers = Numbers(7);
        for n in [0, 1, 2, 3, 5, 10, 15, 16, 17, 31, 32, 33, 50, 64, 100, 131] {
            for p in [0, 1, 2, 3, 8, 9, 16, 35] {
                for triangle in [Triangle::Lower, Triangle::Upper] {
                    for layout in [Layout::Columns, Layout::Rows, Layout::Spread] {
                        let gap = numbers.below(3);
                        let (mut t, rows, cols) = stored::<T>(&mut numbers, n, n, layout, gap);
                        for i in 0..n {
                            for j in 0..n {
                                let at = i * rows + j * cols;
                                if i != j && (i < j) == (triangle == Triangle::Lower) {
                                    t[at] = T::from_f64(f64::NAN); // not read
                                } else if i == j {
                                    // From 1 down to 1e-3, some negative.
                                    t[at] = T::from_f64(
                                        10.0_f64.powi(-((i % 4) as i32)) * if i % 3 == 0 { -1.0 } else { 1.0 },
                                    );
                                } else {
                                    t[at] = t[at].scale(4.0 / n as f64);
                                }
                                t[at] = t[at].scale(scale);
                            }
                        }
                        let t = MatRef::with_strides(&t, n, n, rows, cols).unwrap();
                        let leading = n + gap;
                        let b = numbers.vector::<T>(leading * p);
                        for fast in others() {
                            let mut x = b.clone();
                            fast.solve_triangular(triangle, t, MatMut::with_leading(&mut x, n, p, leading).unwrap())
                                .unwrap();
                            for (x, b) in x.chunks(leading.max(1)).zip(b.chunks(leading.max(1))) {
                                for i in 0..n {
                                    let (from, to) = if triangle == Triangle::Lower { (0, i + 1) } else { (i, n) };
                                    let term = |j: usize| t.get(i, j).unwrap().value() * x[j].value();
                                    let residual = (from..to).map(term).sum::<f64>() - b[i].value();
                                    let size: f64 = (from..to).map(|j| term(j).abs()).sum();
                                    let bound = 2.0 * (n + 2) as f64 * T::EPSILON.value() * size;
                                    let context =
                                        format!("{:?} {triangle:?} n = {n}, p = {p}, {layout:?}, row {i}", fast.level);
                                    assert!(residual.abs() <= bound, "{context}: {residual:e}, bound {bound:e}");
                                }
                                assert!(x[n..] == b[n..], "written below the columns");
                            }
                        }
                    }
                }
            }
        }
    }
    check::<f64>(1.0);
    check::<f64>(1e150);
    check::<f64>(1e-150);
    check::<f32>(1.0);
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

/// What each kernel says to wrong shapes, and what the outputs hold then.
fn refusals(backend: &impl Backend<f64>) -> (Vec<Result<(), Error>>, Vec<f64>) {
    let (one, mut out) = ([1.0; 40], vec![7.0; 12]);
    let view = |rows, cols| MatRef::new(&one[..rows * cols], rows, cols).unwrap();
    let singular = [1.0, 1.0, 1.0, -0.0];
    let mut results = Vec::new();
    for (a, b, c) in [((2, 3), (2, 4), (2, 4)), ((2, 3), (3, 4), (3, 4)), ((2, 3), (3, 4), (2, 3))] {
        let view_mut = MatMut::new(&mut out[..c.0 * c.1], c.0, c.1).unwrap();
        results.push(backend.gemm(1.0, view(a.0, a.1), view(b.0, b.1), 0.0, view_mut));
    }
    results.push(backend.gemv(1.0, view(2, 3), &one[..2], 0.0, &mut out[..2]));
    results.push(backend.gemv(1.0, view(2, 3), &one[..3], 0.0, &mut out[..3]));
    results.push(backend.syrk(1.0, view(3, 2), 0.0, MatMut::new(&mut out[..4], 2, 2).unwrap()));
    results.push(backend.ger(1.0, &one[..3], &one[..3], MatMut::new(&mut out[..6], 2, 3).unwrap()));
    results.push(backend.ger(1.0, &one[..2], &one[..2], MatMut::new(&mut out[..6], 2, 3).unwrap()));
    for triangle in [Triangle::Lower, Triangle::Upper] {
        for (t, b) in [((2, 3), (3, 1)), ((2, 2), (3, 2))] {
            let view_mut = MatMut::new(&mut out[..b.0 * b.1], b.0, b.1).unwrap();
            results.push(backend.solve_triangular(triangle, view(t.0, t.1), view_mut));
        }
        let singular = MatRef::new(&singular, 2, 2).unwrap();
        results.push(backend.solve_triangular(triangle, singular, MatMut::new(&mut out[..6], 2, 3).unwrap()));
    }
    (results, out)
}

#[test]
fn misuse_is_refused_as_by_the_portable_kernels() {
    let expected = refusals(&Portable);
    assert!(expected.0.iter().all(Result::is_err) && expected.1 == [7.0; 12]);
    for fast in Fast::levels().filter_map(Fast::with_level) {
        assert_eq!(refusals(&fast), expected, "{:?}", fast.level);
    }
}

#[test]
fn levels_are_those_of_the_cpu() {
    let levels: Vec<Level> = Fast::levels().collect();
    assert_eq!((levels.first(), levels.last()), (Some(&Level::Portable), Some(&Fast::detect().level())));
    for &level in Level::ALL {
        assert_eq!(Fast::with_level(level).map(|fast| fast.level()), levels.contains(&level).then_some(level));
    }
}

/// A thread's buffers grow with the first call of a size and serve the later ones.
#[test]
fn the_second_call_of_a_size_allocates_nothing() {
    let mut numbers = Numbers(9);
    let (m, n, k) = (130, 210, 400);
    let (a, b) = (numbers.vector::<f64>(m * k), numbers.vector::<f64>(k * n));
    let (mut c, mut x) = (vec![0.0; m * n], vec![0.0; 40 * n]);
    let triangle: Vec<f64> = (0..1600).map(|i| if i % 41 == 0 { 2.0 } else { 0.01 }).collect();
    let triangle = MatRef::new(&triangle, 40, 40).unwrap();
    for fast in others() {
        let mut run = || {
            let a = MatRef::new(&a, k, m).unwrap().transpose();
            let b = MatRef::new(&b, n, k).unwrap().transpose();
            fast.gemm(1.0, a, b, 0.0, MatMut::new(&mut c, m, n).unwrap()).unwrap();
            fast.gemm(1.0, a.block(0, 0, 1, k).unwrap(), b, 0.0, MatMut::with_leading(&mut c, 1, n, m).unwrap())
                .unwrap();
            fast.syrk(1.0, a, 0.0, MatMut::new(&mut c[..m * m], m, m).unwrap()).unwrap();
            fast.solve_triangular(Triangle::Lower, triangle, MatMut::new(&mut x, 40, n).unwrap()).unwrap();
        };
        // On a thread of its own, whose buffers are empty.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(allocation_counter::measure(&mut run).count_total > 0, "{:?}: nothing was packed", fast.level);
                assert_eq!(allocation_counter::measure(&mut run).count_total, 0, "{:?}", fast.level);
            });
        });
    }
}
