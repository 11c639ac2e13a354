//! Matrices that have broken linear algebra before, and residuals of what was computed from them.

use crate::DenseMatrix;
use gaussling_core::nn::uniform;
use gaussling_core::{Backend, Error, MatRef, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A ratio; `None` where there is nothing to measure.
pub(super) type Outcome = Result<Option<f64>, Error>;

/// Kinds of matrices; [`Sample::new`] says what they are.
pub(super) const KINDS: [&str; 11] = [
    "random",
    "rank-deficient",
    "graded columns",
    "graded rows",
    "Hilbert",
    "Kahan",
    "Laeuchli",
    "triangular",
    "ones",
    "zero",
    "zero column",
];

/// Rows and columns: nothing, one, square, tall, wide, and beyond the sizes from which on the kernels work in blocks.
pub(super) const SHAPES: [(usize, usize); 15] = [
    (0, 0),
    (3, 0),
    (0, 3),
    (1, 1),
    (2, 2),
    (3, 2),
    (2, 3),
    (5, 5),
    (10, 3),
    (3, 10),
    (17, 17),
    (50, 10),
    (10, 50),
    (64, 64),
    (100, 40),
];

/// Exponents of the powers of two that a matrix is multiplied by: as far as sums of 100 elements stay within the range.
pub(super) fn exponents<T: Real>() -> [i32; 3] {
    let end = if T::EPSILON.value() < 1e-10 { 972 } else { 105 };
    [0, -end, end]
}

/// A matrix times a power of two.
#[derive(Debug)]
pub(super) struct Sample<T> {
    pub(super) a: DenseMatrix<T>,
    pub(super) kind: &'static str,
    /// The elements are of the size 2^exponent.
    pub(super) exponent: i32,
}

impl<T: Real> Sample<T> {
    /// The matrix of a kind, a shape and a scale: the same elements for ever.
    pub(super) fn new(kind: &'static str, (m, n): (usize, usize), exponent: i32) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64((100 * m + n) as u64);
        let x = DenseMatrix::from_fn(m, n, |_, _| 2.0 * uniform(&mut rng) - 1.0);
        let grade = |i: usize, n: usize| libm::pow(10.0, -12.0 * i as f64 / n.max(2).saturating_sub(1) as f64);
        let element = |i: usize, j: usize| match kind {
            // Rank about n/2: the later columns are sums of earlier ones.
            "rank-deficient" if j > n / 2 => x[(i, j - n / 2 - 1)] + x[(i, n / 2)],
            "graded columns" => x[(i, j)] * grade(j, n),
            "graded rows" => x[(i, j)] * grade(i, m),
            "Hilbert" => 1.0 / (i + j + 1) as f64,
            // W. Kahan (1966): sⁱ times a unit upper triangle of −c, nearly singular without a small diagonal element.
            "Kahan" if i == j => libm::pow(0.8, i as f64),
            "Kahan" if i < j => -0.6 * libm::pow(0.8, i as f64),
            // P. Laeuchli (1961): a row of ones over √ε I; the normal equations lose everything.
            "Laeuchli" if i == 0 => 1.0,
            "Laeuchli" if i == j + 1 => T::EPSILON.value().sqrt(),
            "triangular" if i <= j => x[(i, j)],
            "ones" => 1.0,
            "Kahan" | "Laeuchli" | "triangular" | "zero" => 0.0,
            "zero column" if j == n / 2 => 0.0,
            _ => x[(i, j)],
        };
        Self { a: DenseMatrix::from_fn(m, n, |i, j| scaled(element(i, j), exponent)), kind, exponent }
    }

    /// AᵀA of the matrix without its scale, times the scale: symmetric and positive semi-definite.
    pub(super) fn gram(&self) -> DenseMatrix<T> {
        let a = plain(self.a.view(), self.exponent);
        let gram = product(a.view().transpose(), a.view());
        DenseMatrix::from_fn(gram.rows(), gram.cols(), |i, j| scaled(gram[(i, j)], self.exponent))
    }

    /// A matrix of `cols` columns of ones, times the scale.
    pub(super) fn ones(&self, rows: usize, cols: usize) -> DenseMatrix<T> {
        DenseMatrix::from_fn(rows, cols, |_, _| scaled(1.0, self.exponent))
    }

    /// What it is, for a reader.
    pub(super) fn describe(&self) -> String {
        let (m, n) = (self.a.rows(), self.a.cols());
        match self.exponent {
            0 => format!("{} {m} x {n}", self.kind),
            exponent => format!("{} {m} x {n} times 2^{exponent}", self.kind),
        }
    }
}

/// x 2^exponent
pub(super) fn scaled<T: Real>(x: f64, exponent: i32) -> T {
    T::from_f64(libm::ldexp(x, exponent))
}

/// In double precision and without a scale of 2^exponent.
pub(super) fn plain<T: Real>(a: MatRef<'_, T>, exponent: i32) -> DenseMatrix<f64> {
    DenseMatrix::from_fn(a.rows(), a.cols(), |i, j| libm::ldexp(a.get(i, j).map_or(f64::NAN, |x| x.value()), -exponent))
}

/// A B
pub(super) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> DenseMatrix<f64> {
    let mut c = DenseMatrix::from_fn(a.rows(), b.cols(), |_, _| 0.0);
    if Portable.gemm(1.0, a, b, 0.0, c.view_mut()).is_err() {
        c.as_mut_slice().fill(f64::NAN);
    }
    c
}

/// The upper triangle (trapezoid) of the first k rows.
pub(super) fn upper<T: Real>(a: &DenseMatrix<T>, k: usize) -> DenseMatrix<T> {
    DenseMatrix::from_fn(k, a.cols(), |i, j| if i <= j { a[(i, j)] } else { T::ZERO })
}

/// A − B
pub(super) fn difference(a: &DenseMatrix<f64>, b: &DenseMatrix<f64>) -> DenseMatrix<f64> {
    DenseMatrix::from_fn(a.rows(), a.cols(), |i, j| a[(i, j)] - b[(i, j)])
}

/// ‖A‖₁, the largest column sum; NaN if an element is.
pub(super) fn norm(a: &DenseMatrix<f64>) -> f64 {
    let sums = (0..a.cols()).map(|j| a.col(j).iter().map(|x| x.abs()).sum::<f64>());
    sums.fold(0.0, |largest, sum| if sum > largest || sum.is_nan() { sum } else { largest })
}

/// residual / (size ε scale), with 0/0 = 0.
pub(super) fn ratio<T: Real>(residual: f64, size: usize, scale: f64) -> f64 {
    if residual == 0.0 { 0.0 } else { residual / scale / (size.max(1) as f64 * T::EPSILON.value()) }
}

/// ‖QᵀQ − I‖ / (m ε) over those columns of Q that `kept` admits.
pub(super) fn orthogonality<T: Real>(q: &DenseMatrix<T>, kept: impl Fn(usize) -> bool) -> f64 {
    let columns: Vec<usize> = (0..q.cols()).filter(|&j| kept(j)).collect();
    let q = plain(q.select_columns(&columns).view(), 0);
    let gram = product(q.view().transpose(), q.view());
    let identity = DenseMatrix::from_fn(gram.rows(), gram.cols(), |i, j| f64::from(u8::from(i == j)));
    ratio::<T>(norm(&difference(&gram, &identity)), q.rows(), 1.0)
}

/// ‖A − B‖ in units of (size ε ‖A‖).
pub(super) fn distance<T: Real>(a: &DenseMatrix<f64>, b: &DenseMatrix<f64>, size: usize) -> f64 {
    ratio::<T>(norm(&difference(a, b)), size, norm(a))
}

/// The largest; NaN counts as largest of all.
pub(super) fn worst(ratios: &[f64]) -> Option<f64> {
    Some(ratios.iter().fold(0.0, |worst, &r| if r > worst || r.is_nan() { r } else { worst }))
}
