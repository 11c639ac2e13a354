//! [`Fast`]: the kernels by the vector instructions that this CPU has, found out when the program runs.
//!
//! Contract: results, errors, NaN and infinities are those of the trait [`Backend`]; only the order and the rounding of sums differ from
//! [`Portable`]'s. `map` and `map_with_slope` have the portable bits. Everything depends on the level and on shapes and strides alone: not on
//! addresses, not on what was computed before. Dual numbers, which have no vector instructions of their own, stay with [`Portable`].
//!
//! | level | registers | needs |
//! |---|---|---|
//! | `Level::Avx512` | 64 bytes | x86-64 with AVX-512 F, DQ, VL, BW |
//! | `Level::Avx2` | 32 bytes | x86-64 with AVX2, FMA |
//! | `Level::Neon` | 16 bytes | any aarch64 |
//! | `Level::Portable` | | nothing: the kernels of [`Portable`], with their bits |
//!
//! `unsafe` is in this folder only: the calls of functions compiled for instructions that were found (`levels.rs`), the operations on
//! registers (`lanes.rs`), and the innermost loops, each behind one check of lengths (`tile.rs`, `gemv.rs`, `jacobi.rs`).

// Elsewhere only the portable level is left.
#![cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), allow(unused))]

mod gemm;
mod gemv;
mod jacobi;
mod lanes;
mod levels;
mod scratch;
#[cfg(test)]
mod tests;
mod threads;
mod tile;
mod triangular;

use gaussling_core::autodiff::ScalarFunction;
use gaussling_core::backend::Triangle;
use gaussling_core::{Backend, Error, MatMut, MatRef, Portable};
pub(crate) use lanes::Float;
use std::sync::Arc;
use threads::Threads;

/// Which instructions the kernels are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// The kernels of [`Portable`].
    Portable,
    /// 16 bytes a register.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// 32 bytes a register.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64 bytes a register.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// All that this program knows, the slowest first.
    const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// Whether this CPU has the instructions.
    fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => cfg!(target_feature = "neon"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_here()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
            }
        }
    }
}

/// The fastest kernels for this CPU, for `f32` and `f64`.
///
/// ```
/// use gaussling::backend::Fast;
/// use gaussling::core::{Backend, Matrix};
/// let fast = Fast::detect();
/// let (a, mut c) = (Matrix::<f64, 2, 2>::from_rows([[1.0, 2.0], [3.0, 4.0]]), Matrix::zeros());
/// fast.gemm(1.0, a.view(), a.view().transpose(), 0.0, c.view_mut())?; // A Aᵀ
/// assert_eq!(c, Matrix::from_rows([[5.0, 11.0], [11.0, 25.0]]));
/// # Ok::<(), gaussling::core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fast {
    // Only a level that was found here: what calls its functions relies on that.
    level: Level,
    /// None: the caller's alone.
    threads: Option<Arc<Threads>>,
}

impl Fast {
    /// The highest level of this CPU. Asking takes nanoseconds: the answer is kept.
    pub fn detect() -> Self {
        Self { level: Self::levels().last().unwrap_or(Level::Portable), threads: None }
    }

    /// The levels that this CPU has, the slowest first.
    pub fn levels() -> impl Iterator<Item = Level> {
        Level::ALL.iter().copied().filter(|level| level.is_here())
    }

    /// The kernels of one level, to compare or to repeat the bits of another machine; `None` if this CPU does not have it.
    ///
    /// ```
    /// use gaussling::backend::{Fast, Level};
    /// assert_eq!(Fast::with_level(Level::Portable).map(|fast| fast.level()), Some(Level::Portable));
    /// ```
    pub fn with_level(level: Level) -> Option<Self> {
        level.is_here().then_some(Self { level, threads: None })
    }

    /// The same kernels, with so many threads for networks over many samples ([`Sampled`](crate::network::Sampled)); 0 counts as 1. The
    /// threads sleep between calls and end with the last clone. The bits are the same for any number, so where the system has no threads to
    /// give, the caller's does all.
    ///
    /// ```
    /// use gaussling::backend::Fast;
    /// assert_eq!(Fast::detect().with_threads(2).threads(), 2);
    /// assert_eq!(Fast::detect().threads(), 1);
    /// ```
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: Threads::new(threads).map(Arc::new), ..self }
    }

    /// How many threads share the work, the caller's among them.
    pub fn threads(&self) -> usize {
        self.threads.as_ref().map_or(1, |threads| threads.count())
    }

    /// The same kernels without the threads, for one of them.
    pub(crate) fn alone(&self) -> Self {
        Self { level: self.level, threads: None }
    }

    /// Does each job once, by any thread; the error of the first job that fails.
    pub(crate) fn share<J: Send>(
        &self,
        jobs: &mut [J],
        work: impl Fn(&mut J) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        match &self.threads {
            Some(threads) => threads.share(jobs, work),
            None => jobs.iter_mut().try_for_each(work),
        }
    }

    /// What the kernels are made of.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// As [`Fast::detect`].
impl Default for Fast {
    fn default() -> Self {
        Self::detect()
    }
}

/// Elements of a vector up to which the call of a function for the level takes longer than it saves.
const SHORT: usize = 16;

/// The kernel of that name for the level.
macro_rules! on_level {
    ($backend:ident.$kernel:ident($($argument:expr),*)) => {
        // SAFETY: a `Fast` has only a level whose instructions were found on this CPU, and each function needs no others.
        match $backend.level {
            Level::Portable => Portable.$kernel($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => unsafe { levels::neon::$kernel($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { levels::avx2::$kernel($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { levels::avx512::$kernel($($argument),*) },
        }
    };
}

impl Fast {
    /// T⁻¹ B for a triangle of at most [`triangular::BLOCK`] rows.
    fn solve_block<T: Float>(&self, triangle: Triangle, t: MatRef<'_, T>, b: MatMut<'_, T>) -> Result<(), Error> {
        on_level!(self.solve_triangular(triangle, t, b))
    }
}

impl<T: Float> Backend<T> for Fast {
    /// In eight registers of interleaved sums; up to 16 terms as in the portable kernel.
    #[inline]
    fn dot(&self, x: &[T], y: &[T]) -> T {
        if x.len().min(y.len()) <= SHORT { Portable.dot(x, y) } else { on_level!(self.dot(x, y)) }
    }

    /// With fused multiply-add; up to 16 elements as in the portable kernel.
    #[inline]
    fn axpy(&self, alpha: T, x: &[T], y: &mut [T]) {
        if x.len().min(y.len()) <= SHORT {
            Portable.axpy(alpha, x, y);
        } else {
            on_level!(self.axpy(alpha, x, y));
        }
    }

    fn scale(&self, alpha: T, x: &mut [T]) {
        on_level!(self.scale(alpha, x));
    }

    #[inline]
    fn norm(&self, x: &[T]) -> T {
        let square = self.dot(x, x);
        // Below, squares may have lost digits to underflow; above, one has overflowed.
        let low = T::MIN_POSITIVE / (T::EPSILON * T::EPSILON);
        if square >= low && square <= T::MAX { square.sqrt() } else { Portable.norm(x) }
    }

    fn gemm(&self, alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> Result<(), Error> {
        check_shape("b", (a.cols(), b.cols()), b.shape())?;
        check_shape("c", (a.rows(), b.cols()), c.shape())?;
        on_level!(self.gemm(alpha, a, b, beta, c))
    }

    /// One pass over a matrix with contiguous columns: it comes from memory once.
    fn gemv_both(&self, alpha: T, a: MatRef<'_, T>, x: &[T], beta: T, y: &mut [T], z: &mut [T]) -> Result<(), Error> {
        check_length("x", a.cols(), x.len())?;
        check_length("y", a.rows(), y.len())?;
        check_length("z", a.cols(), z.len())?;
        if a.has_contiguous_cols() && a.rows() > 0 && a.cols() > 0 {
            return on_level!(self.gemv_both(alpha, a, x, beta, y, z));
        }
        self.gemv(alpha, a, x, beta, y)?;
        self.gemv(T::ONE, a.transpose(), y, T::ZERO, z)
    }

    fn syrk(&self, alpha: T, a: MatRef<'_, T>, beta: T, c: MatMut<'_, T>) -> Result<(), Error> {
        check_shape("c", (a.rows(), a.rows()), c.shape())?;
        on_level!(self.syrk(alpha, a, beta, c))
    }

    fn ger(&self, alpha: T, x: &[T], y: &[T], a: MatMut<'_, T>) -> Result<(), Error> {
        check_length("x", a.rows(), x.len())?;
        check_length("y", a.cols(), y.len())?;
        on_level!(self.ger(alpha, x, y, a))
    }

    /// Halves, down to blocks of 8 rows that are solved by substitution for as many columns at a time as a register has numbers; the
    /// rest are products. A single column of up to 64 rows as in the portable kernel. Backward stable row by row, as the portable kernel.
    fn solve_triangular(&self, triangle: Triangle, t: MatRef<'_, T>, b: MatMut<'_, T>) -> Result<(), Error> {
        if self.level == Level::Portable || (b.cols() == 1 && t.rows() <= 64) {
            return Portable.solve_triangular(triangle, t, b);
        }
        check_shape("t", (t.rows(), t.rows()), t.shape())?;
        check_shape("b", (t.rows(), b.cols()), b.shape())?;
        if let Some(column) = (0..t.rows()).find(|&i| t.get(i, i).is_none_or(|d| d == T::ZERO)) {
            return Err(Error::Singular { column });
        }
        triangular::solve(self, triangle, t, b)
    }

    /// The angles of 16 pairs at a time; pairs that are orthogonal to ε are left alone.
    fn jacobi_sweep(&self, a: MatMut<'_, T>, v: Option<MatMut<'_, T>>, squares: &mut [T], limit: T) -> bool {
        on_level!(self.jacobi_sweep(a, v, squares, limit))
    }

    /// Yes, unless the level is portable: products are several times as fast as vector kernels.
    #[inline]
    fn prefers_blocks(&self) -> bool {
        self.level != Level::Portable
    }

    /// As in the portable kernel, with the same bits: wider registers take more elements at a time.
    fn map<F: ScalarFunction>(&self, f: F, x: &[T], y: &mut [T]) {
        on_level!(self.map(f, x, y));
    }

    /// As in the portable kernel, with the same bits.
    fn map_with_slope<F: ScalarFunction>(&self, f: F, x: &[T], y: &mut [T], slope: &mut [T]) {
        on_level!(self.map_with_slope(f, x, y, slope));
    }

    fn roots(&self, x: &[T], y: &mut [T]) {
        on_level!(self.roots(x, y));
    }

    /// Compiled for the level, with the portable bits.
    #[inline]
    fn run<R>(&self, loops: impl FnOnce() -> R) -> R {
        match self.level {
            Level::Portable => loops(),
            // SAFETY: as in `on_level`.
            #[cfg(target_arch = "aarch64")]
            Level::Neon => unsafe { levels::neon::run(loops) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { levels::avx2::run(loops) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { levels::avx512::run(loops) },
        }
    }
}

/// The core's check, which is private to it.
fn check_shape(what: &'static str, expected: (usize, usize), found: (usize, usize)) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Shape { what, expected, found }) }
}

/// The core's check, which is private to it.
fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, expected, found }) }
}
