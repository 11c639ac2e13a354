//! Tests of the factorizations: residual ratios as in LAPACK's test suite, on matrices that have broken such routines before.
//!
//! A ratio is a backward error in units of (size × ε × norm); [`Limits`] fails when one exceeds its limit, and also when a
//! limit is more than ten times what was observed, so the limits stay honest.

mod bidiagonal;
mod cholesky;
mod cholesky_update;
mod conjugate_gradients;
mod covariance;
mod derivatives;
mod krylov;
mod ldlt;
mod lsqr;
mod operator;
mod qr;
mod qr_pivoted;
mod qr_update;
mod right;
mod svd;
mod svd_solve;
mod symmetric_eigen;
mod tikhonov;
mod triangular;
mod work_len;

use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;
use std::borrow::ToOwned;
use std::string::String;
use std::vec::Vec;

/// A generator whose sequence is fixed for ever (xorshift64*, Marsaglia 2003).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Uniform in [−1, 1).
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn vector(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// The portable kernels, in blocks.
pub struct Blocks;

impl<T: Real> crate::Backend<T> for Blocks {
    fn prefers_blocks(&self) -> bool {
        true
    }
}

/// A matrix on the heap whose leading dimension is larger than its number of rows; the gaps hold NaN.
#[derive(Clone, Debug)]
pub struct Dense<T> {
    pub data: Vec<T>,
    pub rows: usize,
    pub cols: usize,
    leading: usize,
}

impl<T: Real> Dense<T> {
    pub fn from_fn(rows: usize, cols: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        let leading = rows + 3;
        let mut dense = Self { data: std::vec![T::from_f64(f64::NAN); leading * cols], rows, cols, leading };
        for j in 0..cols {
            for i in 0..rows {
                dense.data[i + j * leading] = T::from_f64(f(i, j));
            }
        }
        dense
    }

    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self::from_fn(rows, cols, |_, _| 0.0)
    }

    pub fn view(&self) -> MatRef<'_, T> {
        MatRef::with_strides(&self.data, self.rows, self.cols, 1, self.leading).unwrap()
    }

    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::with_leading(&mut self.data, self.rows, self.cols, self.leading).unwrap()
    }

    /// Element (i, j) as `f64`.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i + j * self.leading].value()
    }

    /// The gaps between columns still hold what they held.
    pub fn gaps_untouched(&self) -> bool {
        (0..self.cols).all(|j| (self.rows..self.leading).all(|i| self.at(i, j).is_nan()))
    }

    /// ‖A‖₁, the largest column sum.
    pub fn norm(&self) -> f64 {
        norm_of(self.rows, self.cols, |i, j| self.at(i, j))
    }
}

/// ‖·‖₁ of the matrix with elements f(i, j); NaN if an element is.
pub fn norm_of(rows: usize, cols: usize, f: impl Fn(usize, usize) -> f64) -> f64 {
    let sums = (0..cols).map(|j| (0..rows).map(|i| f(i, j).abs()).sum::<f64>());
    sums.fold(0.0, |largest, sum| if sum > largest || sum.is_nan() { sum } else { largest })
}

/// residual / (size ε norm), with 0/0 = 0.
pub fn ratio<T: Real>(residual: f64, size: usize, norm: f64) -> f64 {
    if residual == 0.0 { 0.0 } else { residual / norm / (size.max(1) as f64 * T::EPSILON.value()) }
}

/// Limits of ratios, and the worst seen.
pub struct Limits {
    rows: Vec<(&'static str, f64, f64)>,
}

impl Limits {
    pub fn new(rows: &[(&'static str, f64)]) -> Self {
        Self { rows: rows.iter().map(|&(name, limit)| (name, limit, 0.0)).collect() }
    }

    pub fn record(&mut self, name: &str, ratio: f64, context: &str) {
        let row = self.rows.iter_mut().find(|row| row.0 == name).unwrap();
        assert!(ratio <= row.1, "{name}: ratio {ratio:.3} above its limit {} for {context}", row.1);
        row.2 = row.2.max(ratio);
    }

    /// Fails on a limit that is needlessly loose. Run with `--nocapture` to see the table.
    pub fn finish(self) {
        for (name, limit, worst) in &self.rows {
            std::println!("{name:45} limit {limit:6.2}  worst {worst:6.3}");
        }
        for (name, limit, worst) in self.rows {
            assert!(limit <= 10.0 * worst, "{name}: limit {limit} is needlessly loose, the worst ratio is {worst:.3}");
        }
    }
}

/// Matrices of order up to 50 that are hard for one routine or another.
pub const KINDS: [&str; 11] = [
    "random",
    "rank deficient",
    "graded columns",
    "graded rows",
    "Hilbert",
    "Kahan",
    "Laeuchli",
    "upper triangular",
    "ones",
    "zero",
    "zero column",
];

/// A matrix of the given kind times `scale`.
pub fn matrix<T: Real>(kind: &str, m: usize, n: usize, scale: f64, seed: u64) -> Dense<T> {
    let mut random = Random::new(seed);
    let x: Vec<f64> = random.vector(m * n);
    let x = |i: usize, j: usize| x[i + j * m];
    let grade = |i: usize, n: usize| libm::pow(10.0, -12.0 * i as f64 / n.max(2).saturating_sub(1) as f64);
    Dense::from_fn(m, n, |i, j| {
        scale
            * match kind {
                "random" => x(i, j),
                // Rank about n/2: the later columns are sums of earlier ones.
                "rank deficient" if j > n / 2 => x(i, j - n / 2 - 1) + x(i, n / 2),
                "rank deficient" => x(i, j),
                "graded columns" => x(i, j) * grade(j, n),
                "graded rows" => x(i, j) * grade(i, m),
                "Hilbert" => 1.0 / (i + j + 1) as f64,
                // W. Kahan (1966): s^i times a unit upper triangle of −c, nearly singular without a small diagonal element.
                "Kahan" if i == j => libm::pow(0.8, i as f64),
                "Kahan" if i < j => -0.6 * libm::pow(0.8, i as f64),
                "Kahan" => 0.0,
                // P. Laeuchli (1961): a row of ones over √ε I; the normal equations lose everything.
                "Laeuchli" if i == 0 => 1.0,
                "Laeuchli" => {
                    if i == j + 1 {
                        T::EPSILON.value().sqrt()
                    } else {
                        0.0
                    }
                }
                "upper triangular" => {
                    if i <= j {
                        x(i, j)
                    } else {
                        0.0
                    }
                }
                "identity" => f64::from(u8::from(i == j)),
                "ones" => 1.0,
                "zero" => 0.0,
                "zero column" => {
                    if j == n / 2 {
                        0.0
                    } else {
                        x(i, j)
                    }
                }
                _ => panic!("unknown kind {kind}"),
            }
    })
}

pub fn context(kind: &str, m: usize, n: usize, scale: f64, seed: u64) -> String {
    std::format!("{kind} {m} x {n}, scale {scale:e}, seed {seed}")
}

/// (10^150, 1, 10^−150), or with 18 for `f32`: sizes whose squares leave the range.
pub fn scales<T: Real>() -> [f64; 3] {
    if T::EPSILON.value() < 1e-10 { [1.0, 1e150, 1e-150] } else { [1.0, 1e18, 1e-18] }
}

pub const SHAPES: [(usize, usize); 18] = [
    (0, 0),
    (0, 3),
    (3, 0),
    (1, 1),
    (1, 5),
    (5, 1),
    (2, 2),
    (2, 3),
    (3, 2),
    (3, 3),
    (5, 5),
    (10, 10),
    (10, 50),
    (50, 3),
    (50, 10),
    (50, 50),
    (50, 200),
    (200, 50),
];
