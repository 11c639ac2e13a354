//! Diffusion and convection of one implicit Euler step: the matrix I + Δt·A and its banded LU factors.
//!
//! A is the finite-volume matrix of −div(D grad u) + v·grad u on n × n square cells of side h = 1/n with zero-flux walls.
//! Cell (i, j), i along x and j along z, has number i + n·j. Through the face between cells a and b flows, from a to b,
//!
//! ```text
//! F = (D/h) (u_a − u_b) + max(q, 0) u_a − max(−q, 0) u_b        (per unit length of the face)
//! ```
//!
//! with q the mean normal velocity on the face, a difference quotient of the stream function at the two ends of the face.
//! The four q of a cell therefore add up to zero: the discrete velocity has no divergence and A maps constants to zero.
//!
//! I + Δt·A has off-diagonals ≤ 0 and columns that sum to 1. It is a column diagonally dominant M-matrix, so elimination
//! needs no pivoting, and every off-diagonal of L and U comes out ≤ 0 in floating point too (it is a number ≤ 0 minus a
//! product of two such numbers). Both substitutions then only add: a right-hand side ≥ 0 gives a solution ≥ 0, to the last bit.
//! Cost with m = n² unknowns and half bandwidth n: 2mn² operations to factor, 4mn a solve.

use std::f64::consts::PI;

/// Samples solved side by side; a lane never sees its neighbours, so the grouping does not change a bit of any sample.
pub(super) const LANES: usize = 8;

/// One value of the unknown for each of [`LANES`] samples.
pub(super) type Lanes = [f64; LANES];

/// The LU factors of I + Δt·A, unit lower triangular L.
#[derive(Debug)]
pub(super) struct Transport {
    /// Row r holds columns r − n ..= r + n, at offsets 0 ..= 2n; the diagonal is stored inverted.
    band: Vec<f64>,
    /// Half bandwidth, which is the number of cells along a side.
    cells: usize,
}

impl Transport {
    /// Assembles and factors for `cells` × `cells` cells.
    pub(super) fn new(cells: usize, diffusion: f64, velocity: f64, time_step: f64) -> Self {
        let mut transport = Self { band: assemble(cells, diffusion, velocity, time_step, 2 * cells + 1), cells };
        transport.factor_in_place();
        transport
    }

    /// Gaussian elimination without pivoting, then the inverse of each pivot.
    fn factor_in_place(&mut self) {
        let (n, width, rows) = (self.cells, 2 * self.cells + 1, self.cells * self.cells);
        let band = &mut self.band;
        for k in 0..rows {
            let inverse = 1.0 / band[k * width + n];
            band[k * width + n] = inverse;
            for r in k + 1..rows.min(k + n + 1) {
                let factor = band[r * width + n + k - r] * inverse;
                band[r * width + n + k - r] = factor;
                for c in k + 1..rows.min(k + n + 1) {
                    band[r * width + n + c - r] -= factor * band[k * width + n + c - k];
                }
            }
        }
    }

    /// Overwrites the right-hand sides with (I + Δt·A)⁻¹ times them.
    pub(super) fn solve_in_place(&self, u: &mut [Lanes]) {
        let (n, width, rows) = (self.cells, 2 * self.cells + 1, self.cells * self.cells);
        assert_eq!(u.len(), rows, "one value a cell");
        for r in 0..rows {
            let first = r.saturating_sub(n);
            let (known, rest) = u.split_at_mut(r);
            subtract_products(&mut rest[0], &self.band[r * width + n + first - r..], &known[first..]);
        }
        for r in (0..rows).rev() {
            let last = rows.min(r + n + 1);
            let (row, known) = u[r..last].split_first_mut().expect("r < last");
            subtract_products(row, &self.band[r * width + n + 1..], known);
            let inverse = self.band[r * width + n];
            row.iter_mut().for_each(|x| *x *= inverse);
        }
    }
}

/// `row ← row − Σ factors[c]·known[c]`, the kernel in which nearly all the time goes.
#[inline]
fn subtract_products(row: &mut Lanes, factors: &[f64], known: &[Lanes]) {
    let mut sum = *row;
    for (factor, x) in factors.iter().zip(known) {
        for lane in 0..LANES {
            sum[lane] -= factor * x[lane];
        }
    }
    *row = sum;
}

/// I + Δt·A in band storage.
fn assemble(n: usize, diffusion: f64, velocity: f64, time_step: f64, width: usize) -> Vec<f64> {
    let h = 1.0 / n as f64;
    // sin(π) is 1.2e-16 in floating point; the walls are stream lines, so their value is set to an exact zero.
    let profile = |k: usize| if k == 0 || k == n { 0.0 } else { libm::sin(PI * k as f64 * h) };
    let stream = |i: usize, j: usize| velocity / PI * profile(i) * profile(j);

    let mut band = vec![0.0; n * n * width];
    (0..n * n).for_each(|r| band[r * width + n] = 1.0);
    // Faces on the walls carry no flux and are not visited.
    let mut face = |a: usize, b: usize, q: f64| {
        let from_a = time_step / h * (diffusion / h + q.max(0.0));
        let from_b = time_step / h * (diffusion / h + (-q).max(0.0));
        band[a * width + n] += from_a;
        band[b * width + n + a - b] -= from_a;
        band[b * width + n] += from_b;
        band[a * width + n + b - a] -= from_b;
    };
    for j in 0..n {
        for i in 0..n {
            // v = (∂ψ/∂z, −∂ψ/∂x): a clockwise roll for positive ψ.
            if i + 1 < n {
                face(i + n * j, i + 1 + n * j, (stream(i + 1, j + 1) - stream(i + 1, j)) / h);
            }
            if j + 1 < n {
                face(i + n * j, i + n * (j + 1), (stream(i, j + 1) - stream(i + 1, j + 1)) / h);
            }
        }
    }
    band
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ‖(I + Δt·A)x − b‖∞ against m·ε·‖I + Δt·A‖∞‖x‖∞, and ≥ 0 in, ≥ 0 out.
    #[test]
    fn factors_solve_the_assembled_system() {
        for n in [2, 3, 5, 10, 16] {
            for velocity in [-3.0, 0.0, 0.045, 50.0] {
                let width = 2 * n + 1;
                let a = assemble(n, 0.007, velocity, 0.15, width);
                let b: Vec<Lanes> =
                    (0..n * n).map(|r| std::array::from_fn(|lane| ((r * 7 + lane * 3) % 5) as f64)).collect();
                let mut x = b.clone();
                Transport::new(n, 0.007, velocity, 0.15).solve_in_place(&mut x);
                let (mut residual, mut norm, mut largest) = (0.0f64, 0.0f64, 0.0f64);
                for r in 0..n * n {
                    norm = norm.max(a[r * width..(r + 1) * width].iter().map(|v| v.abs()).sum());
                    for lane in 0..LANES {
                        assert!(x[r][lane] >= 0.0, "n {n}, velocity {velocity}: negative value");
                        largest = largest.max(x[r][lane]);
                        let product: f64 = (r.saturating_sub(n)..(n * n).min(r + n + 1))
                            .map(|c| a[r * width + n + c - r] * x[c][lane])
                            .sum();
                        residual = residual.max((product - b[r][lane]).abs());
                    }
                }
                let ratio = residual / ((n * n) as f64 * f64::EPSILON * norm * largest);
                assert!(ratio < 1.0, "n {n}, velocity {velocity}: ratio {ratio}");
            }
        }
    }

    #[test]
    fn columns_and_rows_sum_to_one() {
        let (n, width) = (7, 15);
        let a = assemble(n, 0.01, 2.0, 0.1, width);
        for k in 0..n * n {
            let near = k.saturating_sub(n)..(n * n).min(k + n + 1);
            let column: f64 = near.clone().map(|r| a[r * width + n + k - r]).sum();
            let row: f64 = near.map(|c| a[k * width + n + c - k]).sum();
            assert!((column - 1.0).abs() < 1e-14, "column {k}: {column}, mass is lost");
            assert!((row - 1.0).abs() < 1e-14, "row {k}: {row}, the velocity has divergence");
        }
    }
}
