//! Kernels, factorizations and functions that everything is made of, on the portable kernels and on the fast ones:
//! `cargo bench -p gaussling-tests --bench kernels`, one TSV. Peers: `tests/peers`, and the scripts beside this file.
//!
//! `.ci/instructions` counts the instructions of each and compares them with a table.

mod timing;

use std::hint::black_box;

use gaussling::DenseMatrix;
use gaussling::backend::Fast;
use gaussling_core::linalg::{
    LsqrOptions, MatrixOperator, cholesky_in_place, lsqr, lsqr_work_len, qr_in_place, svd_in_place,
    symmetric_eigen_in_place,
};
use gaussling_core::nn::{Sigmoid, Tanh, standard_normal};
use gaussling_core::optim::OnlineHead;
use gaussling_core::{Backend, Error, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use timing::time;

fn random<T: Real>(rows: usize, cols: usize) -> DenseMatrix<T> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    DenseMatrix::from_fn(rows, cols, |_, _| T::from_f64(standard_normal(&mut rng)))
}

/// A product m × k by k × n.
fn product<T: Real, B: Backend<T>>(
    (backend, kernels): (&B, &str),
    scalar: &str,
    sizes: [usize; 3],
) -> Result<(), Error> {
    let [m, k, n] = sizes;
    let (a, b, mut c) = (random::<T>(m, k), random::<T>(k, n), random::<T>(m, n));
    time(&format!("product {m}x{k}x{n}"), scalar, kernels, |_| {
        backend.gemm(T::ONE, black_box(a.view()), b.view(), T::ZERO, c.view_mut())
    })
}

fn factorizations<T: Real, B: Backend<T>>(backend: (&B, &str), scalar: &str) -> Result<(), Error> {
    let (backend, kernels) = backend;
    let (tall, mut a, mut tau) = (random::<T>(400, 20), random::<T>(400, 20), [T::ZERO; 20]);
    time("QR 400x20", scalar, kernels, |_| {
        a.view_mut().copy_from(tall.view())?;
        qr_in_place(backend, a.view_mut(), &mut tau)
    })?;
    let (mut gram, mut l) = (random::<T>(32, 32), random::<T>(32, 32));
    backend.syrk(T::ONE, random::<T>(32, 64).view(), T::ZERO, gram.view_mut())?;
    time("Cholesky 32", scalar, kernels, |_| {
        l.view_mut().copy_from(gram.view())?;
        cholesky_in_place(backend, l.view_mut())
    })?;
    let (square, mut u, mut s, mut v) = (random::<T>(16, 16), random::<T>(16, 16), [T::ZERO; 16], random::<T>(16, 16));
    time("SVD 16", scalar, kernels, |_| {
        u.view_mut().copy_from(square.view())?;
        svd_in_place(backend, u.view_mut(), &mut s, v.view_mut()).map(|_| ())
    })?;
    let (mut e, mut vectors) = (random::<T>(16, 16), random::<T>(16, 16));
    time("symmetric eigenvalues 16", scalar, kernels, |_| {
        e.view_mut().copy_from(square.view())?;
        symmetric_eigen_in_place(backend, e.view_mut(), &mut s, vectors.view_mut()).map(|_| ())
    })?;
    let (a, b, mut x, mut work) =
        (random::<T>(200, 20), random::<T>(200, 1), [T::ZERO; 20], vec![T::ZERO; lsqr_work_len(200, 20)]);
    time("LSQR 200x20", scalar, kernels, |_| {
        x.fill(T::ZERO);
        let mut operator = MatrixOperator { backend, matrix: a.view() };
        lsqr(backend, &mut operator, b.view().col(0), &mut x, None, &mut work, &LsqrOptions::default()).map(|_| ())
    })
}

fn functions<T: Real, B: Backend<T>>((backend, kernels): (&B, &str), scalar: &str) -> Result<(), Error> {
    let (x, mut y, mut slope) = (random::<T>(4096, 1), vec![T::ZERO; 4096], vec![T::ZERO; 4096]);
    let x = x.view().col(0).to_vec();
    time("tanh of 4096", scalar, kernels, |_| {
        backend.map(Tanh, black_box(&x), &mut y);
        Ok(())
    })?;
    time("sigmoid and slope of 4096", scalar, kernels, |_| {
        backend.map_with_slope(Sigmoid, black_box(&x), &mut y, &mut slope);
        Ok(())
    })
}

/// A sample for the head on line, which no backend computes.
fn online<T: Real>(scalar: &str) -> Result<(), Error> {
    let mut head = OnlineHead::<T, 33, 10>::new(T::from_f64(1e-3), T::ONE)?;
    let (z, c) = (random::<T>(33, 1), random::<T>(10, 1));
    let (z, c) = (core::array::from_fn(|i| z[(i, 0)]), core::array::from_fn(|i| c[(i, 0)]));
    time("head on line 33 features 10 targets", scalar, "portable", |_| head.update(black_box(&z), &c).map(|_| ()))
}

fn all<B: Backend<f64> + Backend<f32>>(backend: (&B, &str)) -> Result<(), Error> {
    for sizes in [[8, 8, 8], [64, 64, 64], [64, 64, 512], [10, 64, 512], [128, 128, 128]] {
        product::<f64, B>(backend, "f64", sizes)?;
        product::<f32, B>(backend, "f32", sizes)?;
    }
    factorizations::<f64, B>(backend, "f64")?;
    factorizations::<f32, B>(backend, "f32")?;
    functions::<f64, B>(backend, "f64")?;
    functions::<f32, B>(backend, "f32")
}

fn main() -> Result<(), Error> {
    println!("backend\toperation\ttype\tmedian us");
    all((&Portable, "portable"))?;
    all((&Fast::detect(), "fast"))?;
    online::<f64>("f64")?;
    online::<f32>("f32")
}
