//! A linear layer learnt sample by sample: recursive ridge regression with forgetting, in memory that is a constant of the type.
//!
//! After samples (z₁, c₁), …, (zₙ, cₙ) the layer W = [K, b] (targets × (features + 1)) minimizes, for every target,
//!
//! ```text
//! ½ Σᵢ φⁿ⁻ⁱ ‖W [1; zᵢ] − cᵢ‖² + ½ λ ‖W‖²        φ the forgetting factor, 1: nothing is forgotten
//! ```
//! exactly: this is one pass of [`SampledTikhonov`](super::SampledTikhonov) with every sample in memory, at a cost that does not
//! grow. There is no learning rate. Kept are the triangle R of the weighted samples over √λ I, and D = Qᵀ[√φ.. C; 0]; the bias comes
//! first in R, so that arrays of `FEATURES` hold everything. A sample:
//!
//! 1. φ < 1: R ← √φ R, D ← √φ D, and the row √((1 − φ) k λ) eⱼ, j = n mod k, k = features + 1, is rotated in, so that the
//!    regularization, which fades with the samples, is renewed: each direction keeps between φᵏ and 1 of k(1 − φ)/(1 − φᵏ) λ ≈ λ
//! 2. rotations for j = 0, …, k − 1 of row j of R and the row (1, zᵀ), of Dⱼ and c, which zero the latter row
//! 3. R Wᵀ = D by substitution from the last row up
//!
//! Source: G. H. Golub and C. F. Van Loan, "Matrix Computations" (4th ed., 2013), section 6.5.3; for 1, S. Gunnarsson,
//! "Combining tracking and regularization in recursive least squares identification" (CDC 1996). Accuracy: nothing is squared, so single
//! precision does; each sample is backward stable, and the errors of n samples add up, to n ε at worst, ε/(1 − φ) with forgetting.
//! Measured in `f32` with five features: 5e-5 after 10³ samples, 8e-3 after 10⁵ with φ = 1, 4e-6 after 10⁵ with φ = 0.99. Cost:
//! 3k² + m(6k + k²) flops, k square roots and 3k divisions, for m targets; as much again for 1, but m k².
//! NaN and infinities are refused before anything is written.

use crate::error::{Error, check_length};
use crate::linalg::rotation::{givens, rotate};
use crate::scalar::Real;

/// A linear layer on line. `size_of` it is all the memory there is.
///
/// ```
/// use gaussling_core::optim::OnlineHead;
/// let mut head = OnlineHead::<f32, 1, 1>::new(1e-6, 1.0)?;
/// for t in [0.0, 1.0, 2.0, 3.0] {
///     head.update(&[t], &[1.0 + 2.0 * t])?; // a line
/// }
/// assert!((head.predict(&[10.0])[0] - 21.0).abs() < 1e-3);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OnlineHead<T, const FEATURES: usize, const TARGETS: usize> {
    /// R: first element, rest of the first row, the triangle below (row by row, zeros under the diagonal).
    corner: T,
    first: [T; FEATURES],
    triangle: [[T; FEATURES]; FEATURES],
    /// D, row by row; the first row apart.
    first_rhs: [T; TARGETS],
    rhs: [[T; TARGETS]; FEATURES],
    /// W column by column, the bias apart.
    columns: [[T; TARGETS]; FEATURES],
    bias: [T; TARGETS],
    /// √φ
    fading: T,
    /// √((1 − φ) k λ)
    renewal: T,
    steps: usize,
}

impl<T: Real, const FEATURES: usize, const TARGETS: usize> OnlineHead<T, FEATURES, TARGETS> {
    /// Numbers that [`save`](Self::save) writes: R with the zeros of its triangle, and D.
    pub const STATE_LEN: usize = (FEATURES + 1) * (FEATURES + TARGETS) + 1;

    /// W = 0, with λ = `lambda` > 0 and forgetting factor 0 < `forgetting` ≤ 1.
    pub fn new(lambda: T, forgetting: T) -> Result<Self, Error> {
        if !(lambda > T::ZERO && lambda.is_finite()) {
            return Err(Error::InvalidOption { what: "lambda > 0" });
        }
        if !(forgetting > T::ZERO && forgetting <= T::ONE) {
            return Err(Error::InvalidOption { what: "0 < forgetting <= 1" });
        }
        let root = lambda.sqrt();
        let mut triangle = [[T::ZERO; FEATURES]; FEATURES];
        for (j, row) in triangle.iter_mut().enumerate() {
            row.iter_mut().skip(j).take(1).for_each(|x| *x = root);
        }
        Ok(Self {
            corner: root,
            first: [T::ZERO; FEATURES],
            triangle,
            first_rhs: [T::ZERO; TARGETS],
            rhs: [[T::ZERO; TARGETS]; FEATURES],
            columns: [[T::ZERO; TARGETS]; FEATURES],
            bias: [T::ZERO; TARGETS],
            fading: forgetting.sqrt(),
            renewal: ((T::ONE - forgetting) * T::from_usize(FEATURES + 1)).sqrt() * root,
            steps: 0,
        })
    }

    /// Learns one sample; returns ½‖W [z; 1] − c‖² of the W before, an honest error because W had not seen the sample.
    ///
    /// Errors: [`Error::NonFinite`] for `z` or `c`: nothing has changed. [`Error::NonFinite`] for `w`: what has been seen is too
    /// large for the type, and the layer has to be restored or made anew.
    pub fn update(&mut self, z: &[T; FEATURES], c: &[T; TARGETS]) -> Result<T, Error> {
        if !z.iter().chain(c).all(|x| x.is_finite()) {
            return Err(Error::NonFinite { what: "z or c" });
        }
        let mut before = T::ZERO;
        for (y, &c) in self.predict(z).into_iter().zip(c) {
            before += (y - c) * (y - c);
        }
        if self.renewal > T::ZERO {
            self.fade();
        }
        self.rotate_in(T::ONE, *z, *c);
        self.steps += 1;
        self.solve();
        // A diagonal element of R that has overflowed makes its weights 0, which look like any others.
        let finite = |x: &[T]| x.iter().all(|x| x.is_finite());
        let mut diagonal = self.triangle.as_flattened().iter().step_by(FEATURES + 1);
        if finite(self.columns.as_flattened())
            && finite(&self.bias)
            && self.corner.is_finite()
            && diagonal.all(|x| x.is_finite())
        {
            Ok(T::from_f64(0.5) * before)
        } else {
            Err(Error::NonFinite { what: "w" })
        }
    }

    /// W [z; 1]
    pub fn predict(&self, z: &[T; FEATURES]) -> [T; TARGETS] {
        let mut y = self.bias;
        for (column, &z) in self.columns.iter().zip(z) {
            for (y, &w) in y.iter_mut().zip(column) {
                *y += w * z;
            }
        }
        y
    }

    /// W without its last column, column by column: K[target, feature] is `columns()[feature][target]`.
    pub fn columns(&self) -> &[[T; TARGETS]; FEATURES] {
        &self.columns
    }

    /// The last column of W.
    pub fn bias(&self) -> &[T; TARGETS] {
        &self.bias
    }

    /// Samples learnt.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Writes the state into `saved`, of length [`STATE_LEN`](Self::STATE_LEN), for [`restore`](Self::restore) together with the
    /// number of [`steps`](Self::steps).
    pub fn save(&self, saved: &mut [T]) -> Result<(), Error> {
        check_length("saved", Self::STATE_LEN, saved.len())?;
        let triangle = self.first.iter().chain(self.triangle.as_flattened());
        let rhs = self.first_rhs.iter().chain(self.rhs.as_flattened());
        let all = core::iter::once(&self.corner).chain(triangle).chain(rhs);
        saved.iter_mut().zip(all).for_each(|(saved, &x)| *saved = x);
        Ok(())
    }

    /// Takes up a saved state of a layer with the same λ and forgetting factor: W and all that follows have the same bits.
    pub fn restore(&mut self, saved: &[T], steps: usize) -> Result<(), Error> {
        check_length("saved", Self::STATE_LEN, saved.len())?;
        if !saved.iter().all(|x| x.is_finite()) {
            return Err(Error::NonFinite { what: "saved" });
        }
        let triangle = self.first.iter_mut().chain(self.triangle.as_flattened_mut());
        let rhs = self.first_rhs.iter_mut().chain(self.rhs.as_flattened_mut());
        let all = core::iter::once(&mut self.corner).chain(triangle).chain(rhs);
        all.zip(saved).for_each(|(own, &x)| *own = x);
        self.steps = steps;
        self.solve();
        Ok(())
    }

    /// Step 1
    fn fade(&mut self) {
        let triangle = self.first.iter_mut().chain(self.triangle.as_flattened_mut());
        let rhs = self.first_rhs.iter_mut().chain(self.rhs.as_flattened_mut());
        for x in core::iter::once(&mut self.corner).chain(triangle).chain(rhs) {
            *x *= self.fading;
        }
        let j = self.steps % (FEATURES + 1);
        let mut row = [T::ZERO; FEATURES];
        let bias = if j == 0 { self.renewal } else { T::ZERO };
        if j > 0 {
            row.iter_mut().skip(j - 1).take(1).for_each(|x| *x = self.renewal);
        }
        self.rotate_in(bias, row, [T::ZERO; TARGETS]);
    }

    /// Step 2 for the row (`bias`, `z`ᵀ) with right-hand side `c`.
    fn rotate_in(&mut self, bias: T, mut z: [T; FEATURES], mut c: [T; TARGETS]) {
        let (cos, sin, length) = givens(self.corner, bias);
        self.corner = length;
        let pairs = self.first.iter_mut().zip(&mut z).chain(self.first_rhs.iter_mut().zip(&mut c));
        pairs.for_each(|(x, y)| rotate((cos, sin), x, y));
        for (j, (row, rhs)) in self.triangle.iter_mut().zip(&mut self.rhs).enumerate() {
            let (row, below) = (row.get_mut(j..).unwrap_or_default(), z.get_mut(j..).unwrap_or_default());
            if let ([diagonal, row @ ..], [z, below @ ..]) = (row, below) {
                let (cos, sin, length) = givens(*diagonal, *z);
                *diagonal = length;
                let pairs = row.iter_mut().zip(below).chain(rhs.iter_mut().zip(&mut c));
                pairs.for_each(|(x, y)| rotate((cos, sin), x, y));
            }
        }
    }

    /// Step 3
    fn solve(&mut self) {
        for (j, (row, rhs)) in self.triangle.iter().zip(&self.rhs).enumerate().rev() {
            let (solved, row) = (self.columns.get_mut(j..), row.get(j..).unwrap_or_default());
            if let (Some([column, later @ ..]), [diagonal, row @ ..]) = (solved, row) {
                *column = substituted(rhs, row, later, *diagonal);
            }
        }
        self.bias = substituted(&self.first_rhs, &self.first, &self.columns, self.corner);
    }
}

/// (d − Σ rₗ wₗ)/r₀ for every target; r₀ ≥ √(φᵏ λ) > 0.
fn substituted<T: Real, const TARGETS: usize>(
    rhs: &[T; TARGETS],
    row: &[T],
    later: &[[T; TARGETS]],
    diagonal: T,
) -> [T; TARGETS] {
    let mut w = *rhs;
    for (&r, column) in row.iter().zip(later) {
        for (w, &x) in w.iter_mut().zip(column) {
            *w -= r * x;
        }
    }
    w.map(|w| w / diagonal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_by_hand() {
        let mut head = OnlineHead::<f64, 2, 2>::new(0.1, 1.0).unwrap();
        for i in 0..5 {
            let x = f64::from(i);
            head.update(&[x, libm::sin(3.0 * x)], &[2.0 * x + 5.0, 1.0 - x]).unwrap();
        }
        let (z, columns, bias) = ([0.3, -0.7], head.columns(), head.bias());
        for (t, y) in head.predict(&z).into_iter().enumerate() {
            let by_hand = bias[t] + columns[0][t] * z[0] + columns[1][t] * z[1];
            assert!((y - by_hand).abs() < 1e-14 && y.abs() > 0.1, "{y}, not {by_hand}");
        }
    }
}
