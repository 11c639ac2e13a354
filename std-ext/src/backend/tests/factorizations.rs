//! The core's factorizations in blocks, on these kernels: backward errors and orthogonality, and the same bits again without allocation.

use super::*;
use gaussling_core::linalg::{apply_qt_in_place, cholesky_in_place, form_q, qr_in_place};

fn column_major<T: Real>(elements: &[T], rows: usize, cols: usize) -> MatRef<'_, T> {
    MatRef::new(elements, rows, cols).unwrap()
}

fn largest<T: Real>(elements: impl IntoIterator<Item = T>) -> f64 {
    elements.into_iter().map(|x| x.value().abs()).fold(0.0, |most, x| if x > most || x.is_nan() { x } else { most })
}

fn qr<T: Float>(fast: &Fast, m: usize, n: usize) {
    let (a, k) = (Numbers(4).vector::<T>(m * n), m.min(n));
    let (mut qr, mut tau, mut q) = (a.clone(), vec![T::ZERO; k], vec![T::ZERO; m * k]);
    qr_in_place(fast, MatMut::new(&mut qr, m, n).unwrap(), &mut tau).unwrap();
    form_q(fast, column_major(&qr, m, n), &tau, MatMut::new(&mut q, m, k).unwrap()).unwrap();
    let limit = 4.0 * m as f64 * T::EPSILON.value();

    // QᵀQ − I, by the portable kernels.
    let mut square: Vec<T> = (0..k * k).map(|p| if p % (k + 1) == 0 { T::ONE } else { T::ZERO }).collect();
    let q_view = column_major(&q, m, k);
    Portable.gemm(T::ONE, q_view.transpose(), q_view, -T::ONE, MatMut::new(&mut square, k, k).unwrap()).unwrap();
    assert!(largest(square) <= limit, "{fast:?} {m} x {n}");
    // Q R − A
    let r: Vec<T> = (0..k * n).map(|p| if p % k <= p / k { qr[p / k * m + p % k] } else { T::ZERO }).collect();
    let mut difference = a.clone();
    let to = MatMut::new(&mut difference, m, n).unwrap();
    Portable.gemm(T::ONE, q_view, column_major(&r, k, n), -T::ONE, to).unwrap();
    assert!(largest(difference) <= limit, "{fast:?} {m} x {n}");
    // Qᵀ A = R, zeros included.
    let mut product = a.clone();
    apply_qt_in_place(fast, column_major(&qr, m, n), &tau, MatMut::new(&mut product, m, n).unwrap()).unwrap();
    let r_at = |p: usize| if p % m <= p / m { qr[p] } else { T::ZERO };
    assert!(largest(product.iter().enumerate().map(|(p, &x)| x - r_at(p))) <= limit, "{fast:?} {m} x {n}");

    let (mut again, mut tau_again) = (a, vec![T::ZERO; k]);
    let mut factor_again = || qr_in_place(fast, MatMut::new(&mut again, m, n).unwrap(), &mut tau_again).unwrap();
    assert_eq!(allocation_counter::measure(&mut factor_again).count_total, 0, "{fast:?} {m} x {n}");
    assert!(again == qr && tau_again == tau, "{fast:?} {m} x {n}");
}

fn cholesky<T: Float>(fast: &Fast, n: usize) {
    let g = Numbers(5).vector::<T>(n * n);
    let mut a: Vec<T> = (0..n * n).map(|p| if p % (n + 1) == 0 { T::ONE } else { T::ZERO }).collect();
    Portable.syrk(T::ONE, column_major(&g, n, n), T::ONE, MatMut::new(&mut a, n, n).unwrap()).unwrap();
    let (mut l, mut difference) = (a.clone(), a);
    cholesky_in_place(fast, MatMut::new(&mut l, n, n).unwrap()).unwrap();
    (0..n * n).filter(|p| p % n < p / n).for_each(|p| l[p] = T::ZERO);
    Portable.syrk(T::ONE, column_major(&l, n, n), -T::ONE, MatMut::new(&mut difference, n, n).unwrap()).unwrap();
    let error = largest(difference);
    assert!(error <= n as f64 * n as f64 / 8.0 * T::EPSILON.value(), "{fast:?} {n}: {error:e}");
}

#[test]
fn factorizations_in_blocks() {
    for fast in others() {
        assert!(Backend::<f64>::prefers_blocks(&fast));
        for (m, n) in [(32, 32), (33, 70), (70, 33), (128, 128), (300, 65), (1000, 50)] {
            qr::<f64>(&fast, m, n);
            qr::<f32>(&fast, m, n);
        }
        for n in [40, 129, 200] {
            cholesky::<f64>(&fast, n);
            cholesky::<f32>(&fast, n);
        }
    }
}
