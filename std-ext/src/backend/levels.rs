//! The kernels of each level: one body, compiled for the level's instructions.

use super::gemm;
use super::gemv;
use super::jacobi;
use super::lanes::Float;
use super::triangular;
use gaussling_core::autodiff::ScalarFunction;
use gaussling_core::backend::{Triangle, elementwise};
use gaussling_core::{Error, MatMut, MatRef};

/// All kernels with one kind of registers: tiles of `$columns` columns or half of that, of `$wide` where one register holds all rows,
/// and of `$rows` × `$dots` dot products: so many that sums and operands just fit into the registers.
macro_rules! level {
    ($name:ident, $lanes:ident, $features:literal, $wide:literal, $columns:literal, $half:literal, $rows:literal, $dots:literal) => {
        pub(super) mod $name {
            use super::*;

            #[target_feature(enable = $features)]
            pub fn dot<T: Float>(x: &[T], y: &[T]) -> T {
                gemv::dot::<T::$lanes>(x, y)
            }

            #[target_feature(enable = $features)]
            pub fn axpy<T: Float>(alpha: T, x: &[T], y: &mut [T]) {
                gemv::axpy::<T::$lanes>(alpha, x, y);
            }

            #[target_feature(enable = $features)]
            pub fn scale<T: Float>(alpha: T, x: &mut [T]) {
                for x in x {
                    *x *= alpha;
                }
            }

            #[target_feature(enable = $features)]
            pub fn gemm<T: Float>(
                alpha: T,
                a: MatRef<'_, T>,
                b: MatRef<'_, T>,
                beta: T,
                c: MatMut<'_, T>,
            ) -> Result<(), Error> {
                gemm::gemm::<T::$lanes, $wide, $columns, $half, $rows, $dots, false>(alpha, a, b, beta, c);
                Ok(())
            }

            /// A has contiguous columns, and the lengths fit.
            #[target_feature(enable = $features)]
            pub fn gemv_both<T: Float>(
                alpha: T,
                a: MatRef<'_, T>,
                x: &[T],
                beta: T,
                y: &mut [T],
                z: &mut [T],
            ) -> Result<(), Error> {
                gemv::both::<T::$lanes>(alpha, gemm::Operand::new(a), x, beta, y, z);
                Ok(())
            }

            #[target_feature(enable = $features)]
            pub fn syrk<T: Float>(alpha: T, a: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> Result<(), Error> {
                gemm::gemm::<T::$lanes, $wide, $columns, $half, $rows, $dots, true>(alpha, a, a.transpose(), beta, c);
                Ok(())
            }

            #[target_feature(enable = $features)]
            pub fn ger<T: Float>(alpha: T, x: &[T], y: &[T], mut a: MatMut<'_, T>) -> Result<(), Error> {
                for (column, &y) in a.cols_mut().zip(y) {
                    gemv::axpy::<T::$lanes>(alpha * y, x, column);
                }
                Ok(())
            }

            /// A block of few rows.
            #[target_feature(enable = $features)]
            pub fn solve_triangular<T: Float>(
                triangle: Triangle,
                t: MatRef<'_, T>,
                b: MatMut<'_, T>,
            ) -> Result<(), Error> {
                triangular::solve_block::<T::$lanes>(triangle, t, b);
                Ok(())
            }

            #[target_feature(enable = $features)]
            pub fn jacobi_sweep<T: Float>(
                a: MatMut<'_, T>,
                v: Option<MatMut<'_, T>>,
                squares: &mut [T],
                limit: T,
            ) -> bool {
                jacobi::sweep::<T::$lanes>(a, v, squares, limit)
            }

            #[target_feature(enable = $features)]
            pub fn map<T: Float, F: ScalarFunction>(f: F, x: &[T], y: &mut [T]) {
                elementwise::map(f, x, y);
            }

            #[target_feature(enable = $features)]
            pub fn map_with_slope<T: Float, F: ScalarFunction>(f: F, x: &[T], y: &mut [T], slope: &mut [T]) {
                elementwise::map_with_slope(f, x, y, slope);
            }

            #[target_feature(enable = $features)]
            pub fn roots<T: Float>(x: &[T], y: &mut [T]) {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x.root();
                }
            }

            #[target_feature(enable = $features)]
            pub fn run<R>(loops: impl FnOnce() -> R) -> R {
                loops()
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
level!(avx512, Avx512, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma", 16, 8, 4, 6, 4);
#[cfg(target_arch = "x86_64")]
level!(avx2, Avx2, "avx2,fma", 12, 6, 3, 3, 4);
#[cfg(target_arch = "aarch64")]
level!(neon, Neon, "neon", 16, 8, 4, 6, 4);
