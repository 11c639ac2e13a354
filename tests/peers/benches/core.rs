//! Kernels and small factorizations beside nalgebra, faer and num-dual, all in one process.
//!
//! One TSV on stdout, as `lib.rs` says. An argument keeps the operations whose name contains it: `cargo bench --manifest-path tests/peers/Cargo.toml --bench core -- qr`.

use std::hint::black_box;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gaussling_core::autodiff::{MultivariateFunction, Node, Tape, Var, gradient_into, gradient_reverse};
use gaussling_core::linalg::qr_in_place;
use gaussling_core::{Backend, Dual, MatMut, MatRef, Matrix, Portable, Real, Vector};
use gaussling_peers::{HEAD, Operation, number};
use nalgebra::{Const, DMatrix, DVector, DimMin, SMatrix, SVector, ToTypenum};
use num_dual::DualSVec64;

macro_rules! for_type {
    ($module:ident, $float:ident) => {
        mod $module {
            use super::*;

            const TYPE: &str = stringify!($float);

            pub fn fixed<const N: usize>()
            where
                Const<N>: DimMin<Const<N>, Output = Const<N>> + ToTypenum,
            {
                let f = |i, j| number(i, j) as $float;
                let (a, b) = (Matrix::<$float, N, N>::from_fn(f), Matrix::<$float, N, N>::from_fn(|i, j| f(j, i)));
                let (na, nb) = (SMatrix::<$float, N, N>::from_fn(f), SMatrix::<$float, N, N>::from_fn(|i, j| f(j, i)));
                let shift = N as $float;
                let (spd, nspd) = (
                    a * a.transpose() + Matrix::identity() * shift,
                    na * na.transpose() + SMatrix::<$float, N, N>::identity() * shift,
                );
                assert!(spd.cholesky().is_ok() && nspd.cholesky().is_some(), "both factor the same matrix");
                Operation::new("product", TYPE, N)
                    .peer("gaussling", || black_box(&a) * black_box(&b))
                    .peer("nalgebra", || black_box(&na) * black_box(&nb))
                    .run();
                Operation::new("cholesky", TYPE, N)
                    .peer("gaussling", || black_box(&spd).cholesky())
                    .peer("nalgebra", || (*black_box(&nspd)).cholesky())
                    .run();
                Operation::new("qr", TYPE, N)
                    .peer("gaussling", || {
                        let (mut qr, mut tau) = (*black_box(&a), [0.0; N]);
                        qr_in_place(&Portable, qr.view_mut(), &mut tau).map(|()| (qr, tau))
                    })
                    .peer("nalgebra", || (*black_box(&na)).qr())
                    .run();
                let (v, nv) = (a.column(0).unwrap_or_default(), na.column(0).into_owned());
                Operation::new("solve", TYPE, N)
                    .peer("gaussling", || black_box(&a).solve(black_box(&v)))
                    .peer("nalgebra", || (*black_box(&na)).lu().solve(black_box(&nv)))
                    .run();
            }

            pub fn tall_qr(m: usize, n: usize) {
                let f = |i, j| number(i, j) as $float;
                let data: Vec<$float> = (0..m * n).map(|p| f(p % m, p / m)).collect();
                let (mut ours, mut tau) = (data.clone(), vec![0.0; n]);
                let (na, fa) = (DMatrix::from_vec(m, n, data.clone()), Mat::from_fn(m, n, f));
                Operation::new("qr", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        ours.copy_from_slice(black_box(&data));
                        MatMut::new(&mut ours, m, n).and_then(|a| qr_in_place(&Portable, a, &mut tau))
                    })
                    .peer("nalgebra", || black_box(&na).clone().qr())
                    .peer("faer", || black_box(&fa).qr())
                    .run();
            }

            pub fn gemm(m: usize, k: usize, n: usize) {
                let f = |i, j| number(i, j) as $float;
                let fill =
                    |rows: usize, cols: usize| (0..rows * cols).map(|p| f(p % rows, p / rows)).collect::<Vec<$float>>();
                let (a, b, mut c) = (fill(m, k), fill(k, n), vec![0.0; m * n]);
                let (na, nb) = (DMatrix::from_vec(m, k, a.clone()), DMatrix::from_vec(k, n, b.clone()));
                let mut nc = DMatrix::<$float>::zeros(m, n);
                let (fa, fb, mut fc) = (Mat::from_fn(m, k, f), Mat::from_fn(k, n, f), Mat::<$float>::zeros(m, n));
                Operation::new("gemm", TYPE, format!("{m}x{k}x{n}"))
                    .peer("gaussling", || {
                        let (a, b) = (MatRef::new(black_box(&a), m, k)?, MatRef::new(black_box(&b), k, n)?);
                        Portable.gemm(1.0, a, b, 0.0, MatMut::new(&mut c, m, n)?)
                    })
                    .peer("nalgebra", || black_box(&na).mul_to(black_box(&nb), &mut nc))
                    .peer("faer", || matmul(&mut fc, Accum::Replace, black_box(&fa), black_box(&fb), 1.0, Par::Seq))
                    .run();
            }

            pub fn dot(n: usize) {
                let (x, y): (Vec<$float>, Vec<$float>) =
                    (0..n).map(|i| (number(i, 0) as $float, number(i, 1) as $float)).unzip();
                let (nx, ny) = (DVector::from_vec(x.clone()), DVector::from_vec(y.clone()));
                Operation::new("dot", TYPE, n)
                    .peer("gaussling", || Portable.dot(black_box(&x), black_box(&y)))
                    .peer("nalgebra", || black_box(&nx).dot(black_box(&ny)))
                    .run();
            }
        }
    };
}

for_type!(double, f64);
for_type!(single, f32);

fn rosenbrock<T: Real>([x, y]: [T; 2]) -> T {
    let (a, b) = (T::ONE - x, y - x * x);
    a * a + (b * b).scale(100.0)
}

fn rosenbrock_num_dual([x, y]: [DualSVec64<2>; 2]) -> DualSVec64<2> {
    let (a, b) = (-x + 1.0, y - x * x);
    a * a + b * b * 100.0
}

fn gradient_of_rosenbrock() {
    let at = Vector::from([-1.2, 1.0]);
    let nat = SVector::from([-1.2, 1.0]);
    Operation::new("gradient of Rosenbrock", "f64", 2)
        .peer("gaussling", || {
            let at = black_box(&at);
            rosenbrock([Dual::<f64, 2>::variable(at[0], 0), Dual::variable(at[1], 1)])
        })
        .peer("num-dual", || num_dual::gradient(|v: SVector<_, 2>| rosenbrock_num_dual([v[0], v[1]]), &black_box(nat)))
        .run();
}

struct Rosenbrock;

impl MultivariateFunction for Rosenbrock {
    fn eval<T: Real>(&self, x: &[T]) -> T {
        x.windows(2).fold(T::ZERO, |sum, x| {
            let (a, b) = (T::ONE - x[0], x[1] - x[0] * x[0]);
            sum + a * a + (b * b).scale(100.0)
        })
    }
}

fn rosenbrock_by_hand(x: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let mut sum = 0.0;
    for (x, g) in x.windows(2).zip(0..) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        sum += a * a + 100.0 * b * b;
        gradient[g] -= 2.0 * a + 400.0 * b * x[0];
        gradient[g + 1] += 200.0 * b;
    }
    sum
}

fn gradient_of_long_rosenbrock(n: usize) {
    let x: Vec<f64> = (0..n).map(|i| number(i, 0)).collect();
    let (nx, mut by_hand) = (DVector::from_vec(x.clone()), vec![0.0; n]);
    let (mut gradient, mut chunked) = (vec![0.0; n], vec![0.0; n]);
    let (mut nodes, mut vars) = (vec![Node::EMPTY; 2 * n], vec![Var::ZERO; n]);
    let tape = Tape::new(&mut nodes);
    let mut duals = vec![Dual::<f64, 8>::ZERO; n];
    Operation::new("gradient of Rosenbrock", "f64", n)
        .peer("gaussling tape", || gradient_reverse(&Rosenbrock, black_box(&x), &mut gradient, &tape, &mut vars))
        .peer("gaussling duals by 8", || gradient_into(&Rosenbrock, black_box(&x), &mut chunked, &mut duals))
        .peer("num-dual", || num_dual::gradient(rosenbrock_long_num_dual, &black_box(&nx).clone()))
        .peer("by hand", || rosenbrock_by_hand(black_box(&x), &mut by_hand))
        .run();
}

fn rosenbrock_long_num_dual(x: DVector<num_dual::DualDVec64>) -> num_dual::DualDVec64 {
    let mut sum = num_dual::DualDVec64::from_re(0.0);
    for i in 1..x.len() {
        let (a, b) = (-x[i - 1].clone() + 1.0, &x[i] - &x[i - 1] * &x[i - 1]);
        sum += &a * &a + &b * &b * 100.0;
    }
    sum
}

fn main() {
    println!("{HEAD}");
    double::fixed::<4>();
    double::fixed::<8>();
    single::fixed::<4>();
    single::fixed::<8>();
    gradient_of_rosenbrock();
    gradient_of_long_rosenbrock(100);
    double::tall_qr(1000, 50);
    single::tall_qr(1000, 50);
    for n in [64, 256] {
        double::gemm(n, n, n);
        single::gemm(n, n, n);
    }
    double::gemm(64, 64, 4096);
    single::gemm(64, 64, 4096);
    double::gemm(10, 64, 4096);
    for n in [8, 1000] {
        double::dot(n);
        single::dot(n);
    }
}
