//! Every level of this machine against the portable kernels, by bounds that hold for sums in any order.

mod factorizations;
mod jacobi;
mod products;
mod triangular;
mod vectors;

use super::*;
use gaussling_core::Real;

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
    for (x, y, z) in [(2, 2, 3), (3, 3, 3), (3, 2, 2)] {
        let (left, right) = out.split_at_mut(6);
        results.push(backend.gemv_both(1.0, view(2, 3), &one[..x], 0.0, &mut left[..y], &mut right[..z]));
    }
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
