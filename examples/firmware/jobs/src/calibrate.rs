//! Calibration of a magnetometer (or accelerometer) while it is turned about: hard and soft iron from a stream of readings.
//!
//! A field of constant strength, seen by a sensor with offset b (hard iron) and a distorting matrix (soft iron), lies on an
//! ellipsoid:
//!
//! ```text
//! (m − b)ᵀ A (m − b) = 1     ⇔     q·p = 1,  q = (x², y², z², 2xy, 2xz, 2yz, 2x, 2y, 2z),  p = (A entries, −A b)/(1 − bᵀA b)
//! ```
//! which is linear in p: one row a reading, rotated into a triangle of 9 × 9 (`qr_append_rows_in_place`), so memory does not grow
//! with the readings, and nothing is squared. At the end: p by substitution, b = −A⁻¹v from its parts, A scaled to 1, and the
//! correction m ↦ L ᵀ(m − b), A = L Lᵀ, which puts the readings on the unit sphere (up to a turn, which no reading can tell).
//! Readings are scaled to about 1 first, by the caller's guess of the strength: squares of raw counts would cost digits.
//!
//! Standard errors: σ² from the residual ‖Q p − 1‖², covariance of p = σ² R⁻¹R⁻ᵀ; of the offset to first order, by dual numbers
//! pushed through the very function that computes b from p. They are those of a fit with errors of the same size in every row,
//! which is not quite what noise of the sensor does (the errors of q are correlated with q: a small bias, of the order of the
//! noise squared).
//!
//! Source: Q. Li and J. G. Griffiths, "Least squares ellipsoid specific fitting" (Proc. Geometric Modeling and Processing 2004),
//! for the quadric.

use gaussling_core::autodiff::{Dual, VectorFunction, jacobian_into};
use gaussling_core::linalg::{qr_append_rows_in_place, solve_upper_in_place};
use gaussling_core::nn::standard_normal;
use gaussling_core::scalar::Real;
use gaussling_core::{Error, MatMut, Matrix, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

/// Unknowns of the quadric.
const UNKNOWNS: usize = 9;

/// The fit so far; `size_of` it is all that the readings leave behind.
#[derive(Debug)]
pub struct Fit {
    r: Matrix<f32, UNKNOWNS, UNKNOWNS>,
    rhs: Matrix<f32, UNKNOWNS, 1>,
    residual: f32,
    readings: usize,
}

/// What came out, in the unit of the guess.
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    /// b
    pub offset: [f32; 3],
    /// Their standard errors.
    pub offset_errors: [f32; 3],
    /// Lᵀ, row by row.
    pub correction: [[f32; 3]; 3],
    /// √(mean of (q·p − 1)²): relative error of the squared strength.
    pub residual: f32,
}

impl Fit {
    /// Nothing read.
    pub const NEW: Self = Self { r: Matrix::zeros(), rhs: Matrix::zeros(), residual: 0.0, readings: 0 };

    /// One reading.
    ///
    /// # Errors
    /// A reading that is not finite.
    pub fn read(&mut self, [x, y, z]: [f32; 3]) -> Result<(), Error> {
        let mut row = Matrix::from_rows([[
            x * x,
            y * y,
            z * z,
            2.0 * x * y,
            2.0 * x * z,
            2.0 * y * z,
            2.0 * x,
            2.0 * y,
            2.0 * z,
        ]]);
        let mut one = Matrix::from_rows([[1.0]]);
        let rhs = Some((self.rhs.view_mut(), one.view_mut()));
        qr_append_rows_in_place(&Portable, self.r.view_mut(), row.view_mut(), rhs)?;
        let left = one.as_slice().first().copied().unwrap_or_default();
        self.residual += left * left;
        self.readings += 1;
        Ok(())
    }

    /// The calibration of all readings.
    ///
    /// # Errors
    /// Fewer than ten readings, or readings that do not span an ellipsoid: [`Error::InvalidOption`], [`Error::Singular`],
    /// [`Error::NotPositiveDefinite`].
    #[inline(never)] // its stack is free again when the results are printed
    pub fn solve(&self) -> Result<Calibration, Error> {
        if self.readings <= UNKNOWNS {
            return Err(Error::InvalidOption { what: "at least ten readings" });
        }
        let mut p = self.rhs;
        solve_upper_in_place(&Portable, self.r.view(), p.view_mut())?;
        let mut parameters = [0.0; UNKNOWNS];
        parameters.iter_mut().zip(p.as_slice()).for_each(|(to, &p)| *to = p);
        let (center, slopes) = center(&parameters)?;
        // A of the quadric over 1 − bᵀA b gives p; the other way round A = p's matrix/(1 + bᵀ(p's matrix) b).
        let [xx, yy, zz, xy, xz, yz, ..] = parameters;
        let m = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]];
        let strength = 1.0 + quadratic(&m, &center);
        let mut a = Matrix::from_rows(m.map(|row| row.map(|x| x / strength)));
        gaussling_core::linalg::cholesky_in_place(&Portable, a.view_mut())?;
        let correction = core::array::from_fn(|i| {
            core::array::from_fn(|j| if j >= i { a.view().get(j, i).unwrap_or_default() } else { 0.0 })
        });
        // Covariance of the offset: σ² J R⁻¹R⁻ᵀ Jᵀ, by rows of J R⁻¹.
        let variance = self.residual / (self.readings - UNKNOWNS) as f32;
        let mut offset_errors = [0.0; 3];
        for (error, slopes) in offset_errors.iter_mut().zip(&slopes) {
            let mut row = *slopes;
            gaussling_core::linalg::solve_upper_transposed_in_place(
                &Portable,
                self.r.view(),
                MatMut::column_vector(&mut row),
            )?;
            *error = Real::sqrt(variance * row.iter().map(|x| x * x).sum::<f32>());
        }
        let residual = Real::sqrt(self.residual / self.readings as f32);
        Ok(Calibration { offset: center, offset_errors, correction, residual })
    }
}

/// b and its derivatives, one direction at a time: all nine at once would take 1400 bytes of stack.
#[inline(never)] // as above
fn center(p: &[f32; UNKNOWNS]) -> Result<([f32; 3], [[f32; UNKNOWNS]; 3]), Error> {
    let (mut center, mut jacobian) = ([0.0; 3], [[0.0; 3]; UNKNOWNS]);
    let mut work = [Dual::<f32, 1>::ZERO; UNKNOWNS + 3];
    jacobian_into(&Center, p, &mut center, jacobian.as_flattened_mut(), &mut work)?;
    let mut slopes = [[0.0; UNKNOWNS]; 3];
    for (j, column) in jacobian.iter().enumerate() {
        for (row, &slope) in slopes.iter_mut().zip(column) {
            row.iter_mut().skip(j).take(1).for_each(|element| *element = slope);
        }
    }
    Ok((center, slopes))
}

/// bᵀM b
fn quadratic(m: &[[f32; 3]; 3], b: &[f32; 3]) -> f32 {
    m.iter().zip(b).map(|(row, &bi)| bi * row.iter().zip(b).map(|(m, b)| m * b).sum::<f32>()).sum()
}

/// b from p: b = −M⁻¹v with M and v the two parts of p, by Cramer's rule.
struct Center;

impl VectorFunction for Center {
    fn eval<T: Real>(&self, p: &[T], b: &mut [T]) {
        let (&[xx, yy, zz, xy, xz, yz, x, y, z], [b0, b1, b2]) = (p, b) else { return };
        let (c0, c1, c2) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
        let determinant = xx * c0 + xy * c1 + xz * c2;
        let (c3, c4, c5) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
        *b0 = -(c0 * x + c1 * y + c2 * z) / determinant;
        *b1 = -(c1 * x + c3 * y + c4 * z) / determinant;
        *b2 = -(c2 * x + c4 * y + c5 * z) / determinant;
    }
}

/// Readings of the simulated stream.
pub const READINGS: usize = 500;
/// The offset of the simulated sensor.
pub const OFFSET: [f32; 3] = [0.31, -0.22, 0.13];
/// Its distortion: reading = distortion · field + offset.
pub const DISTORTION: [[f32; 3]; 3] = [[1.12, 0.06, -0.03], [0.02, 0.94, 0.08], [-0.05, 0.01, 1.04]];
/// The deviation of its noise.
pub const NOISE: f32 = 0.005;

/// The simulated sensor: it is turned about a field of strength 1.
pub fn readings() -> impl Iterator<Item = [f32; 3]> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(7);
    core::iter::repeat_with(move || {
        let mut normal = || standard_normal(&mut rng) as f32;
        let direction = [normal(), normal(), normal()];
        let length = Real::sqrt(direction.iter().map(|x| x * x).sum::<f32>());
        let noise = [normal(), normal(), normal()];
        core::array::from_fn(|i| {
            let row = DISTORTION.get(i).copied().unwrap_or_default();
            let field = row.iter().zip(&direction).map(|(m, x)| m * x / length).sum::<f32>();
            field + OFFSET.get(i).copied().unwrap_or_default() + NOISE * noise.get(i).copied().unwrap_or_default()
        })
    })
    .take(READINGS)
}

/// The largest and the mean deviation of corrected readings of another turn from the unit sphere.
#[inline(never)]
pub fn check(calibration: &Calibration) -> (f32, f32) {
    let (mut most, mut sum) = (0.0_f32, 0.0);
    for m in readings() {
        let centred: [f32; 3] = core::array::from_fn(|i| {
            m.get(i).copied().unwrap_or_default() - calibration.offset.get(i).copied().unwrap_or_default()
        });
        let corrected = calibration.correction.map(|row| row.iter().zip(&centred).map(|(c, m)| c * m).sum::<f32>());
        let strength = Real::sqrt(corrected.iter().map(|x| x * x).sum::<f32>());
        let deviation = (strength - 1.0).abs();
        most = most.max(deviation);
        sum += deviation;
    }
    (most, sum / READINGS as f32)
}
