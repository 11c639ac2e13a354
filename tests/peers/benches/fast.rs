//! The fast backend beside nalgebra and faer, one thread, all in one process.
//!
//! One TSV on stdout, as `lib.rs` says. An argument keeps the operations whose name contains it:
//! `--level=Avx2` takes another level than the highest. `cargo bench --manifest-path tests/peers/Cargo.toml --bench fast -- gemm`. `tests/benches/gemm_numpy.py` times the same products by OpenBLAS.

use std::hint::black_box;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor as faer_qr;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, Par};
use gaussling::backend::Fast;
use gaussling_core::linalg::*;
use gaussling_core::nn::Tanh;
use gaussling_core::{Backend, MatMut, MatRef, Portable, Triangle};
use gaussling_peers::{HEAD, Operation, number};
use nalgebra::{DMatrix, DVector};

macro_rules! for_type {
    ($module:ident, $float:ident) => {
        mod $module {
            use super::*;

            const TYPE: &str = stringify!($float);

            fn element(i: usize, j: usize) -> $float {
                number(i, j) as $float
            }

            fn vector(n: usize, which: usize) -> Vec<$float> {
                (0..n).map(|i| element(i, which)).collect()
            }

            fn matrix(rows: usize, cols: usize) -> Vec<$float> {
                (0..rows * cols).map(|p| element(p % rows, p / rows)).collect()
            }

            pub fn gemm(fast: &Fast, m: usize, k: usize, n: usize) {
                let (a, b, mut c) = (matrix(m, k), matrix(k, n), vec![0.0; m * n]);
                let (na, nb) = (DMatrix::from_vec(m, k, a.clone()), DMatrix::from_vec(k, n, b.clone()));
                let mut nc = DMatrix::<$float>::zeros(m, n);
                let (fa, fb) = (Mat::from_fn(m, k, element), Mat::from_fn(k, n, element));
                let mut fc = Mat::<$float>::zeros(m, n);
                Operation::new("gemm AB", TYPE, format!("{m}x{k}x{n}"))
                    .peer("gaussling", || {
                        let (a, b) = (MatRef::new(black_box(&a), m, k)?, MatRef::new(black_box(&b), k, n)?);
                        fast.gemm(1.0, a, b, 0.0, MatMut::new(&mut c, m, n)?)
                    })
                    .peer("nalgebra", || black_box(&na).mul_to(black_box(&nb), &mut nc))
                    .peer("faer", || matmul(&mut fc, Accum::Replace, black_box(&fa), black_box(&fb), 1.0, Par::Seq))
                    .run();
            }

            /// Aᵀ B
            pub fn gemm_tn(fast: &Fast, m: usize, k: usize, n: usize) {
                let (a, b, mut c) = (matrix(k, m), matrix(k, n), vec![0.0; m * n]);
                let (na, nb) = (DMatrix::from_vec(k, m, a.clone()), DMatrix::from_vec(k, n, b.clone()));
                let mut nc = DMatrix::<$float>::zeros(m, n);
                let (fa, fb) = (Mat::from_fn(k, m, element), Mat::from_fn(k, n, element));
                let mut fc = Mat::<$float>::zeros(m, n);
                Operation::new("gemm AtB", TYPE, format!("{m}x{k}x{n}"))
                    .peer("gaussling", || {
                        let (a, b) = (MatRef::new(black_box(&a), k, m)?, MatRef::new(black_box(&b), k, n)?);
                        fast.gemm(1.0, a.transpose(), b, 0.0, MatMut::new(&mut c, m, n)?)
                    })
                    .peer("nalgebra", || black_box(&na).tr_mul_to(black_box(&nb), &mut nc))
                    .peer("faer", || {
                        matmul(&mut fc, Accum::Replace, black_box(&fa).transpose(), black_box(&fb), 1.0, Par::Seq)
                    })
                    .run();
            }

            /// A Bᵀ
            pub fn gemm_nt(fast: &Fast, m: usize, k: usize, n: usize) {
                let (a, b, mut c) = (matrix(m, k), matrix(n, k), vec![0.0; m * n]);
                let (fa, fb) = (Mat::from_fn(m, k, element), Mat::from_fn(n, k, element));
                let mut fc = Mat::<$float>::zeros(m, n);
                Operation::new("gemm ABt", TYPE, format!("{m}x{k}x{n}"))
                    .peer("gaussling", || {
                        let (a, b) = (MatRef::new(black_box(&a), m, k)?, MatRef::new(black_box(&b), n, k)?);
                        fast.gemm(1.0, a, b.transpose(), 0.0, MatMut::new(&mut c, m, n)?)
                    })
                    .peer("faer", || {
                        matmul(&mut fc, Accum::Replace, black_box(&fa), black_box(&fb).transpose(), 1.0, Par::Seq)
                    })
                    .run();
            }

            pub fn syrk(fast: &Fast, n: usize, k: usize) {
                let (a, mut c) = (matrix(n, k), vec![0.0; n * n]);
                let (fa, mut fc) = (Mat::from_fn(n, k, element), Mat::<$float>::zeros(n, n));
                use faer::linalg::matmul::triangular::{BlockStructure, matmul};
                let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                Operation::new("syrk", TYPE, format!("{n}x{k}"))
                    .peer("gaussling", || {
                        fast.syrk(1.0, MatRef::new(black_box(&a), n, k)?, 0.0, MatMut::new(&mut c, n, n)?)
                    })
                    .peer("faer", || {
                        let (a, replace) = (black_box(&fa), Accum::Replace);
                        matmul(&mut fc, lower, replace, a, whole, a.transpose(), whole, 1.0, Par::Seq);
                    })
                    .run();
            }

            pub fn gemv(fast: &Fast, m: usize, n: usize) {
                let (a, x, mut y) = (matrix(m, n), vector(n, 1), vec![0.0; m]);
                let (na, nx) = (DMatrix::from_vec(m, n, a.clone()), DVector::from_vec(x.clone()));
                let mut ny = DVector::<$float>::zeros(m);
                let (fa, fx) = (Mat::from_fn(m, n, element), Mat::from_fn(n, 1, |i, _| x[i]));
                let mut fy = Mat::<$float>::zeros(m, 1);
                Operation::new("gemv Ax", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || fast.gemv(1.0, MatRef::new(black_box(&a), m, n)?, &x, 0.0, &mut y))
                    .peer("nalgebra", || ny.gemv(1.0, black_box(&na), &nx, 0.0))
                    .peer("faer", || matmul(&mut fy, Accum::Replace, black_box(&fa), &fx, 1.0, Par::Seq))
                    .run();
                let (x, mut y) = (vector(m, 1), vec![0.0; n]);
                let (nx, mut ny) = (DVector::from_vec(x.clone()), DVector::<$float>::zeros(n));
                let (fx, mut fy) = (Mat::from_fn(m, 1, |i, _| x[i]), Mat::<$float>::zeros(n, 1));
                Operation::new("gemv Atx", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        fast.gemv(1.0, MatRef::new(black_box(&a), m, n)?.transpose(), &x, 0.0, &mut y)
                    })
                    .peer("nalgebra", || ny.gemv_tr(1.0, black_box(&na), &nx, 0.0))
                    .peer("faer", || matmul(&mut fy, Accum::Replace, black_box(&fa).transpose(), &fx, 1.0, Par::Seq))
                    .run();
            }

            pub fn solve(fast: &Fast, n: usize, p: usize) {
                let t: Vec<$float> = (0..n * n).map(|q| if q % (n + 1) == 0 { 2.0 } else { 0.01 }).collect();
                let b = matrix(n, p);
                let (nt, ft) = (DMatrix::from_vec(n, n, t.clone()), Mat::from_fn(n, n, |i, j| t[i + j * n]));
                let (mut x, mut nx) = (b.clone(), DMatrix::from_vec(n, p, b.clone()));
                let mut fx = Mat::from_fn(n, p, |i, j| b[i + j * n]);
                Operation::new("solve triangular", TYPE, format!("{n}x{p}"))
                    .peer("gaussling", || {
                        x.copy_from_slice(&b);
                        let t = MatRef::new(black_box(&t), n, n)?;
                        fast.solve_triangular(Triangle::Lower, t, MatMut::new(&mut x, n, p)?)
                    })
                    .peer("nalgebra", || {
                        nx.as_mut_slice().copy_from_slice(&b);
                        black_box(&nt).solve_lower_triangular_mut(&mut nx)
                    })
                    .peer("faer", || {
                        for j in 0..p {
                            fx.col_as_slice_mut(j).copy_from_slice(&b[j * n..(j + 1) * n]);
                        }
                        solve_lower_triangular_in_place(black_box(&ft).as_ref(), fx.as_mut(), Par::Seq);
                    })
                    .run();
            }

            /// In place from a copy, as all factorizations here: nobody allocates.
            pub fn qr(fast: &Fast, m: usize, n: usize) {
                let (a, mut tau) = (matrix(m, n), vec![0.0; m.min(n)]);
                let (mut qr, mut portable) = (a.clone(), a.clone());
                let (mut fa, params) = (Mat::<$float>::zeros(m, n), Default::default());
                let block = faer_qr::recommended_block_size::<$float>(m, n);
                let mut coefficients = Mat::<$float>::zeros(block, m.min(n));
                let scratch = faer_qr::qr_in_place_scratch::<$float>(m, n, block, Par::Seq, params);
                let mut memory = MemBuffer::new(scratch);
                let mut portable_tau = tau.clone();
                Operation::new("factor qr", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        qr.copy_from_slice(black_box(&a));
                        qr_in_place(fast, MatMut::new(&mut qr, m, n)?, &mut tau)
                    })
                    .peer("gaussling portable", || {
                        portable.copy_from_slice(black_box(&a));
                        qr_in_place(&Portable, MatMut::new(&mut portable, m, n)?, &mut portable_tau)
                    })
                    .peer("faer", || {
                        copy(&mut fa, black_box(&a));
                        let stack = MemStack::new(&mut memory);
                        faer_qr::qr_in_place(fa.as_mut(), coefficients.as_mut(), Par::Seq, stack, params)
                    })
                    .run();
            }

            /// min ‖A x − b‖ with one right-hand side.
            pub fn least_squares(fast: &Fast, m: usize, n: usize) {
                let (a, b, mut tau) = (matrix(m, n), vector(m, n), vec![0.0; n]);
                let (mut qr, mut x, mut fx) = (a.clone(), b.clone(), Mat::<$float>::zeros(m, 1));
                let (mut fa, params) = (Mat::<$float>::zeros(m, n), Default::default());
                let block = faer_qr::recommended_block_size::<$float>(m, n);
                let mut coefficients = Mat::<$float>::zeros(block, n);
                use faer::linalg::qr::no_pivoting::solve;
                let scratch = faer_qr::qr_in_place_scratch::<$float>(m, n, block, Par::Seq, params)
                    .or(solve::solve_lstsq_in_place_scratch::<$float>(m, n, block, 1, Par::Seq));
                let mut memory = MemBuffer::new(scratch);
                Operation::new("factor least squares", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        qr.copy_from_slice(black_box(&a));
                        x.copy_from_slice(black_box(&b));
                        let (a, b) = (MatMut::new(&mut qr, m, n)?, MatMut::new(&mut x, m, 1)?);
                        least_squares_in_place(fast, a, &mut tau, b)
                    })
                    .peer("faer", || {
                        copy(&mut fa, black_box(&a));
                        copy(&mut fx, black_box(&b));
                        let stack = MemStack::new(&mut memory);
                        faer_qr::qr_in_place(fa.as_mut(), coefficients.as_mut(), Par::Seq, stack, params);
                        let stack = MemStack::new(&mut memory);
                        let (qr, r) = (fa.as_ref(), fa.as_ref().get(..n, ..));
                        solve::solve_lstsq_in_place(qr, coefficients.as_ref(), r, fx.as_mut(), Par::Seq, stack);
                    })
                    .run();
            }

            /// The factor alone, then with the solve for one right-hand side.
            pub fn cholesky(fast: &Fast, n: usize) {
                let shift = |i: usize, j: usize| if i == j { n as $float } else { 0.0 };
                let a: Vec<$float> = (0..n * n).map(|p| element(p / n + p % n, 0) + shift(p / n, p % n)).collect();
                let b = vector(n, 1);
                let (mut l, mut x, mut fx) = (a.clone(), b.clone(), Mat::<$float>::zeros(n, 1));
                let (mut fa, params) = (Mat::<$float>::zeros(n, n), Default::default());
                let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<$float>(n, Par::Seq, params));
                Operation::new("factor cholesky", TYPE, n)
                    .peer("gaussling", || {
                        l.copy_from_slice(black_box(&a));
                        cholesky_in_place(fast, MatMut::new(&mut l, n, n)?)
                    })
                    .peer("faer", || {
                        copy(&mut fa, black_box(&a));
                        let stack = MemStack::new(&mut memory);
                        llt::factor::cholesky_in_place(fa.as_mut(), Default::default(), Par::Seq, stack, params).is_ok()
                    })
                    .run();
                Operation::new("factor spd solve", TYPE, n)
                    .peer("gaussling", || {
                        l.copy_from_slice(black_box(&a));
                        x.copy_from_slice(black_box(&b));
                        cholesky_in_place(fast, MatMut::new(&mut l, n, n)?)?;
                        cholesky_solve_in_place(fast, MatRef::new(&l, n, n)?, MatMut::new(&mut x, n, 1)?)
                    })
                    .peer("faer", || {
                        copy(&mut fa, black_box(&a));
                        copy(&mut fx, black_box(&b));
                        let stack = MemStack::new(&mut memory);
                        let factor = llt::factor::cholesky_in_place;
                        let done = factor(fa.as_mut(), Default::default(), Par::Seq, stack, params).is_ok();
                        llt::solve::solve_in_place(fa.as_ref(), fx.as_mut(), Par::Seq, MemStack::new(&mut memory));
                        done
                    })
                    .run();
            }

            /// Pivoted, with the rank it reveals.
            pub fn qr_pivoted(fast: &Fast, m: usize, n: usize) {
                let (a, mut tau, mut work) = (matrix(m, n), vec![0.0; m.min(n)], vec![0.0; qr_pivoted_work_len(n)]);
                let (mut qr, mut permutation) = (a.clone(), vec![0; n]);
                use faer::linalg::qr::col_pivoting::factor;
                let (mut fa, params) = (Mat::<$float>::zeros(m, n), Default::default());
                let block = factor::recommended_block_size::<$float>(m, n);
                let mut coefficients = Mat::<$float>::zeros(block, m.min(n));
                let scratch = factor::qr_in_place_scratch::<usize, $float>(m, n, block, Par::Seq, params);
                let (mut memory, mut forward, mut back) = (MemBuffer::new(scratch), vec![0_usize; n], vec![0_usize; n]);
                Operation::new("factor qr pivoted", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        qr.copy_from_slice(black_box(&a));
                        qr_pivoted_in_place(fast, MatMut::new(&mut qr, m, n)?, &mut tau, &mut permutation, &mut work)
                    })
                    .peer("faer", || {
                        copy(&mut fa, black_box(&a));
                        let (stack, q) = (MemStack::new(&mut memory), coefficients.as_mut());
                        factor::qr_in_place(fa.as_mut(), q, &mut forward, &mut back, Par::Seq, stack, params);
                    })
                    .run();
            }

            /// U, Σ and V of a square matrix.
            pub fn svd(fast: &Fast, n: usize) {
                let a = matrix(n, n);
                let (mut u, mut s, mut v) = (a.clone(), vec![0.0; n], a.clone());
                let (na, fa) = (DMatrix::from_vec(n, n, a.clone()), Mat::from_fn(n, n, |i, j| a[i + j * n]));
                use faer::diag::Diag;
                use faer::linalg::svd::{ComputeSvdVectors::Full, svd, svd_scratch};
                let (mut fu, mut fs, mut fv) =
                    (Mat::<$float>::zeros(n, n), Diag::<$float>::zeros(n), Mat::<$float>::zeros(n, n));
                let params = Default::default();
                let mut memory = MemBuffer::new(svd_scratch::<$float>(n, n, Full, Full, Par::Seq, params));
                Operation::new("spectral svd", TYPE, n)
                    .peer("gaussling", || {
                        u.copy_from_slice(black_box(&a));
                        svd_in_place(fast, MatMut::new(&mut u, n, n)?, &mut s, MatMut::new(&mut v, n, n)?)
                    })
                    .peer("nalgebra", || nalgebra::SVD::new(black_box(&na).clone(), true, true))
                    .peer("faer", || {
                        let (u, v, stack) = (Some(fu.as_mut()), Some(fv.as_mut()), MemStack::new(&mut memory));
                        svd(black_box(&fa).as_ref(), fs.as_mut(), u, v, Par::Seq, stack, params).is_ok()
                    })
                    .run();
            }

            /// Eigenvalues and eigenvectors of a symmetric matrix.
            pub fn eigen(fast: &Fast, n: usize) {
                let a: Vec<$float> = (0..n * n).map(|p| element(p / n, p % n) + element(p % n, p / n)).collect();
                let (mut e, mut values, mut vectors) = (a.clone(), vec![0.0; n], a.clone());
                let (na, fa) = (DMatrix::from_vec(n, n, a.clone()), Mat::from_fn(n, n, |i, j| a[i + j * n]));
                use faer::diag::Diag;
                use faer::linalg::evd::{ComputeEigenvectors::Yes, self_adjoint_evd, self_adjoint_evd_scratch};
                let (mut fu, mut fs, params) =
                    (Mat::<$float>::zeros(n, n), Diag::<$float>::zeros(n), Default::default());
                let mut memory = MemBuffer::new(self_adjoint_evd_scratch::<$float>(n, Yes, Par::Seq, params));
                Operation::new("spectral symmetric", TYPE, n)
                    .peer("gaussling", || {
                        e.copy_from_slice(black_box(&a));
                        let (e, vectors) = (MatMut::new(&mut e, n, n)?, MatMut::new(&mut vectors, n, n)?);
                        symmetric_eigen_in_place(fast, e, &mut values, vectors)
                    })
                    .peer("nalgebra", || nalgebra::SymmetricEigen::new(black_box(&na).clone()))
                    .peer("faer", || {
                        let (u, stack) = (Some(fu.as_mut()), MemStack::new(&mut memory));
                        self_adjoint_evd(black_box(&fa).as_ref(), fs.as_mut(), u, Par::Seq, stack, params).is_ok()
                    })
                    .run();
            }

            /// min ‖A x − b‖ by products, to a relative gradient of 1e-6: LSQR beside faer's LSMR.
            pub fn iterative(fast: &Fast, m: usize, n: usize) {
                let (a, b, mut x, mut work) =
                    (matrix(m, n), vector(m, n), vec![0.0; n], vec![0.0; lsqr_work_len(m, n)]);
                let options = LsqrOptions { tolerance_a: 1e-6, tolerance_b: 1e-6, ..LsqrOptions::default() };
                let (fa, fb) = (Mat::from_fn(m, n, |i, j| a[i + j * m]), Mat::from_fn(m, 1, |i, _| b[i]));
                use faer::matrix_free::lsmr::{LsmrParams, lsmr, lsmr_scratch};
                use faer::matrix_free::{IdentityPrecond, InitialGuessStatus};
                let params = LsmrParams::<$float> {
                    initial_guess: InitialGuessStatus::Zero,
                    rel_tolerance: 1e-6,
                    ..Default::default()
                };
                let (mut fx, precond) = (Mat::<$float>::zeros(n, 1), IdentityPrecond { dim: n });
                let mut memory = MemBuffer::new(lsmr_scratch(precond, fa.as_ref(), 1, Par::Seq));
                Operation::new("iterative least squares", TYPE, format!("{m}x{n}"))
                    .peer("gaussling", || {
                        let mut a = MatrixOperator { backend: fast, matrix: MatRef::new(black_box(&a), m, n)? };
                        lsqr(fast, &mut a, &b, &mut x, None, &mut work, &options)
                    })
                    .peer("faer", || {
                        let stack = MemStack::new(&mut memory);
                        let (a, b) = (black_box(&fa).as_ref(), fb.as_ref());
                        lsmr(fx.as_mut(), precond, a, b, params, |_| {}, Par::Seq, stack).is_ok()
                    })
                    .run();
            }

            fn copy(to: &mut Mat<$float>, from: &[$float]) {
                let rows = to.nrows();
                for (j, from) in from.chunks_exact(rows).enumerate() {
                    to.col_as_slice_mut(j).copy_from_slice(from);
                }
            }

            pub fn map(fast: &Fast, n: usize) {
                let (x, mut y, mut z) = (vector(n, 0), vec![0.0; n], vec![0.0; n]);
                let (mut slope, mut slopes) = (z.clone(), z.clone());
                Operation::new("tanh", TYPE, n)
                    .peer("gaussling", || fast.map(Tanh, black_box(&x), &mut y))
                    .peer("gaussling portable", || Portable.map(Tanh, black_box(&x), &mut z))
                    .run();
                Operation::new("tanh with slope", TYPE, n)
                    .peer("gaussling", || fast.map_with_slope(Tanh, black_box(&x), &mut y, &mut slopes))
                    .peer("gaussling portable", || Portable.map_with_slope(Tanh, black_box(&x), &mut z, &mut slope))
                    .run();
            }

            pub fn vectors(fast: &Fast, n: usize) {
                let (x, y) = (vector(n, 0), vector(n, 1));
                let (nx, ny) = (DVector::from_vec(x.clone()), DVector::from_vec(y.clone()));
                let (fx, fy) = (Mat::from_fn(n, 1, |i, _| x[i]), Mat::from_fn(n, 1, |i, _| y[i]));
                use faer::Conj;
                use faer::linalg::matmul::dot::inner_prod;
                Operation::new("dot", TYPE, n)
                    .peer("gaussling", || fast.dot(black_box(&x), black_box(&y)))
                    .peer("nalgebra", || black_box(&nx).dot(black_box(&ny)))
                    .peer("faer", || {
                        let x = black_box(&fx).col(0);
                        inner_prod(x.transpose(), Conj::No, black_box(&fy).col(0), Conj::No)
                    })
                    .run();
                Operation::new("norm", TYPE, n)
                    .peer("gaussling", || fast.norm(black_box(&x)))
                    .peer("nalgebra", || black_box(&nx).norm())
                    .peer("faer", || black_box(&fx).norm_l2())
                    .run();
                let (mut to, mut nto) = (y.clone(), ny.clone());
                Operation::new("axpy", TYPE, n)
                    .peer("gaussling", || fast.axpy(1e-9, black_box(&x), &mut to))
                    .peer("nalgebra", || nto.axpy(1e-9, black_box(&nx), 1.0))
                    .run();
            }

            pub fn all(fast: &Fast) {
                for n in [8, 16, 32, 64, 128, 256, 512, 1024] {
                    gemm(fast, n, n, n);
                }
                for (m, k, n) in [(64, 64, 4096), (10, 64, 4096), (128, 128, 4096), (8, 56, 400), (8, 8, 400)] {
                    gemm(fast, m, k, n);
                }
                for (m, k, n) in [(64, 4096, 64), (64, 64, 4096), (8, 8, 400), (256, 256, 256)] {
                    gemm_tn(fast, m, k, n);
                }
                for (m, k, n) in [(64, 4096, 64), (8, 400, 56), (256, 256, 256)] {
                    gemm_nt(fast, m, k, n);
                }
                for (n, k) in [(65, 4096), (256, 256)] {
                    syrk(fast, n, k);
                }
                for (m, n) in [(8, 8), (16, 16), (32, 32), (64, 64), (256, 256), (1024, 1024), (4096, 64), (64, 4096)] {
                    gemv(fast, m, n);
                }
                for (n, p) in [(16, 1), (32, 1), (64, 1), (16, 16), (32, 32), (64, 64), (64, 4096), (256, 256)] {
                    solve(fast, n, p);
                }
                for (m, n) in [(16, 16), (32, 32), (64, 64), (128, 128), (256, 256), (1000, 50), (4096, 64)] {
                    qr(fast, m, n);
                }
                for (m, n) in [(16, 16), (64, 64), (256, 256), (1000, 50)] {
                    qr_pivoted(fast, m, n);
                }
                least_squares(fast, 1000, 50);
                iterative(fast, 1000, 50);
                for n in [8, 16, 24, 32, 48, 64] {
                    svd(fast, n);
                    eigen(fast, n);
                }
                for n in [16, 32, 64, 128, 256, 512] {
                    cholesky(fast, n);
                }
                map(fast, 1000);
                for n in [8, 16, 32, 64, 100, 1000, 10_000, 1_000_000] {
                    vectors(fast, n);
                }
            }
        }
    };
}

for_type!(double, f64);
for_type!(single, f32);

fn main() {
    let named = std::env::args().find_map(|arg| arg.strip_prefix("--level=").map(str::to_owned));
    let asked =
        named.map(|name| Fast::levels().find(|level| format!("{level:?}") == name).expect("a level of this CPU"));
    let fast = asked.and_then(Fast::with_level).unwrap_or_default();
    eprintln!("level: {:?}", fast.level());
    println!("{HEAD}");
    double::all(&fast);
    single::all(&fast);
}
