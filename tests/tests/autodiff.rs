//! Reverse mode through the linear algebra of the core: factorizations and solves on variables of a tape.

use gaussling_core::autodiff::check::dot_product_test;
use gaussling_core::autodiff::{Node, Tape, Var, VectorFunction, jacobian, jvp_into, vjp};
use gaussling_core::linalg::{cholesky_in_place, cholesky_solve_in_place, least_squares_in_place};
use gaussling_core::{Dual, MatMut, Portable, Real};

const M: usize = 5;
const N: usize = 3;

/// (A, b) ↦ x with A x = b for a symmetric positive definite A, of which the lower triangle counts.
struct Cholesky;

impl VectorFunction for Cholesky {
    fn eval<T: Real>(&self, input: &[T], x: &mut [T]) {
        let mut a = [T::ZERO; N * N];
        a.copy_from_slice(&input[..N * N]);
        x.copy_from_slice(&input[N * N..]);
        let mut a = MatMut::new(&mut a, N, N).unwrap();
        cholesky_in_place(&Portable, a.reborrow()).unwrap();
        cholesky_solve_in_place(&Portable, a.as_ref(), MatMut::column_vector(x)).unwrap();
    }
}

/// (A, b) ↦ x that minimizes ‖A x − b‖
struct LeastSquares;

impl VectorFunction for LeastSquares {
    fn eval<T: Real>(&self, input: &[T], x: &mut [T]) {
        let (mut a, mut b) = ([T::ZERO; M * N], [T::ZERO; M]);
        a.copy_from_slice(&input[..M * N]);
        b.copy_from_slice(&input[M * N..]);
        let a = MatMut::new(&mut a, M, N).unwrap();
        least_squares_in_place(&Portable, a, &mut [T::ZERO; N], MatMut::column_vector(&mut b)).unwrap();
        x.copy_from_slice(&b[..N]);
    }
}

fn spd_and_rhs() -> [f64; N * N + N] {
    [4.0, 1.0, -0.5, 1.0, 3.0, 0.7, -0.5, 0.7, 5.0, 1.0, -2.0, 0.5]
}

fn tall_and_rhs() -> [f64; M * N + M] {
    std::array::from_fn(|i| libm_free(i) + if i < M * N && i % (M + 1) == 0 { 2.0 } else { 0.0 })
}

/// Numbers in (−1, 1) without a library.
fn libm_free(i: usize) -> f64 {
    ((i * 7919 + 104_729) % 2003) as f64 / 1001.5 - 1.0
}

/// The tape's Jᵀ w is that of the duals' J, to `limit`, and both pass the dot-product test.
fn agree<const I: usize>(f: &impl VectorFunction, input: &[f64; I], limit: f64) {
    let (value, rows) = jacobian::<f64, I, N>(f, input);
    let mut nodes = vec![Node::default(); 2000];
    let tape = Tape::new(&mut nodes);
    let (mut x, mut product, mut work) = ([0.0; N], [0.0; I], [Var::ZERO; I].to_vec());
    work.resize(I + N, Var::ZERO);
    let w = [0.3, -1.1, 0.6];
    vjp(f, input, &w, &mut x, &mut product, &tape, &mut work).unwrap();
    assert_eq!(x, value, "values have the same bits");
    for j in 0..I {
        let expected: f64 = rows.iter().zip(w).map(|(row, w)| row[j] * w).sum();
        assert!((product[j] - expected).abs() < limit, "{j}: {} {expected}", product[j]);
    }
    let forward = |v: &[f64], out: &mut [f64]| {
        jvp_into(f, input, v, &mut [0.0; N], out, &mut vec![Dual::ZERO; I + N]).unwrap();
    };
    let reverse = |w: &[f64], out: &mut [f64]| vjp(f, input, w, &mut [0.0; N], out, &tape, &mut work).unwrap();
    let v: [f64; I] = std::array::from_fn(libm_free);
    let report = dot_product_test(forward, reverse, &v, &w, &mut vec![0.0; I + N]).unwrap();
    assert!(report.relative < limit && report.forward != 0.0, "{report:?}");
}

/// x = A⁻¹ b: b̄ = A⁻¹ w, and Ā = −b̄ xᵀ, of which the lower triangle receives both halves.
#[test]
fn adjoints_of_a_cholesky_solve() {
    let input = spd_and_rhs();
    agree(&Cholesky, &input, 1e-15);

    let mut nodes = vec![Node::default(); 200];
    let tape = Tape::new(&mut nodes);
    let w = [0.3, -1.1, 0.6];
    let (mut x, mut product, mut work) = ([0.0; N], [0.0; N * N + N], vec![Var::ZERO; N * N + 2 * N]);
    vjp(&Cholesky, &input, &w, &mut x, &mut product, &tape, &mut work).unwrap();
    let mut b = input;
    b[N * N..].copy_from_slice(&w);
    let mut b_bar = [0.0; N];
    Cholesky.eval(&b, &mut b_bar);
    for j in 0..N {
        assert!((product[N * N + j] - b_bar[j]).abs() < 1e-15);
        for i in 0..N {
            let (a, mirrored) = (-b_bar[i] * x[j], -b_bar[j] * x[i]);
            let expected = match i.cmp(&j) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => a,
                std::cmp::Ordering::Greater => a + mirrored,
            };
            assert!((product[j * N + i] - expected).abs() < 1e-15, "{i} {j}");
        }
    }
}

#[test]
fn adjoints_of_a_least_squares_solve() {
    agree(&LeastSquares, &tall_and_rhs(), 1e-13);
    // No reflection is needed for the values of a triangular matrix; the derivatives need it all the same.
    let mut triangular = tall_and_rhs();
    for j in 0..N {
        for i in j + 1..M {
            triangular[j * M + i] = 0.0;
        }
    }
    agree(&LeastSquares, &triangular, 1e-13);
}
