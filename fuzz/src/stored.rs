//! Matrices in memory with canaries, and norms of them.

use gaussling::core::{MatMut, Real};

/// Limit of every ratio error / (size · ε · scale).
pub(crate) const LIMIT: f64 = 100.0;

const CANARY: f64 = -7.25;

/// A matrix in memory with a leading dimension; the rows between are canaries.
#[derive(Clone, Debug)]
pub(crate) struct Stored<T> {
    pub(crate) data: Vec<T>,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) leading: usize,
}

impl<T: Real> Stored<T> {
    pub(crate) fn new(elements: &[f64], rows: usize, cols: usize, leading: usize) -> Self {
        let mut a = Self { data: vec![T::from_f64(CANARY); leading * cols], rows, cols, leading };
        for (k, &x) in elements.iter().take(rows * cols).enumerate() {
            a.data[k % rows + k / rows * leading] = T::from_f64(x);
        }
        a
    }

    /// A matrix of zeros without canaries.
    pub(crate) fn zeros(rows: usize, cols: usize) -> Self {
        Self { data: vec![T::ZERO; rows * cols], rows, cols, leading: rows }
    }

    pub(crate) fn view(&mut self) -> MatMut<'_, T> {
        MatMut::with_leading(&mut self.data, self.rows, self.cols, self.leading).expect("made to fit")
    }

    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.data[i + j * self.leading].value()
    }

    pub(crate) fn set(&mut self, i: usize, j: usize, x: f64) {
        self.data[i + j * self.leading] = T::from_f64(x);
    }

    pub(crate) fn is_finite(&self) -> bool {
        (0..self.cols).all(|j| (0..self.rows).all(|i| self.get(i, j).is_finite()))
    }

    /// The largest |aᵢⱼ|, 0 for none.
    pub(crate) fn largest(&self) -> f64 {
        let elements = (0..self.cols).flat_map(|j| (0..self.rows).map(move |i| (i, j)));
        elements.fold(0.0, |most, (i, j)| most.max(self.get(i, j).abs()))
    }

    /// The same bits everywhere, canaries included.
    pub(crate) fn same_bits(&self, other: &Self) -> bool {
        same_bits(&self.data, &other.data)
    }

    pub(crate) fn canaries_live(&self) -> bool {
        let unused = |k: usize| k % self.leading.max(1) >= self.rows;
        self.data.iter().enumerate().all(|(k, x)| !unused(k) || x.value() == CANARY)
    }

    /// The numbers divided by `scale`, as columns of `f64`.
    pub(crate) fn scaled(&self, scale: f64) -> Vec<Vec<f64>> {
        (0..self.cols).map(|j| (0..self.rows).map(|i| self.get(i, j) / scale).collect()).collect()
    }
}

/// NaN counts as equal to NaN of the same bits.
pub(crate) fn same_bits<T: Real>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value().to_bits() == b.value().to_bits())
}

pub(crate) fn all_finite<T: Real>(x: &[T]) -> bool {
    x.iter().all(|x| x.value().is_finite())
}

/// Elements of type T from numbers that may be out of its range.
pub(crate) fn converted<T: Real>(elements: &[f64]) -> Vec<T> {
    elements.iter().map(|&x| T::from_f64(x)).collect()
}

/// The largest |x|, 0 for none.
pub(crate) fn largest<T: Real>(x: &[T]) -> f64 {
    x.iter().fold(0.0, |most, x| most.max(x.value().abs()))
}

/// Finite, not zero, and so far from both ends of the range that neither products of two elements of order one with it nor
/// rounding errors leave it.
pub(crate) fn well_scaled<T: Real>(largest: f64) -> bool {
    let epsilon = T::EPSILON.value();
    largest > T::MIN_POSITIVE.value() / (epsilon * epsilon) && largest < T::MAX.value() * epsilon
}

/// √Σx² of moderate numbers.
pub(crate) fn norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// ‖QᵀQ − I‖ over columns of length `rows`, columns for which `skip` holds left out.
pub(crate) fn orthogonality_error<T: Real>(q: &Stored<T>, skip: impl Fn(usize) -> bool) -> f64 {
    let product = |a: usize, b: usize| (0..q.rows).map(|i| q.get(i, a) * q.get(i, b)).sum::<f64>();
    let kept: Vec<usize> = (0..q.cols).filter(|&j| !skip(j)).collect();
    let entry = |&a: &usize, &b: &usize| product(a, b) - f64::from(u8::from(a == b));
    norm(kept.iter().flat_map(|a| kept.iter().map(move |b| entry(a, b))))
}
