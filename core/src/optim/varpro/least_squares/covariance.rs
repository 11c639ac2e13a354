//! The joint covariance of θ and W of a separable least-squares fit.
//!
//! Variable projection finds the minimum over (θ, W) of ‖W Zh − C‖², so the linear theory of a fit applies to all
//! parameters together. With residuals vec(W Zh − C), outputs fastest, and parameters (θ, vec W), both column-major:
//!
//! ```text
//! J = [J_θ, J_W],      J_θ e_j = vec(W_z ∂Z/∂θ_j),      J_W e_(o,i) = vec(e_o Zh[i, :])
//! ```
//! The Jacobian of the *reduced* residual would give the block of θ alone; the errors of W and the correlations of both
//! need the whole. Source: G. Golub and V. Pereyra, "Separable nonlinear least squares: the variable projection method
//! and its applications" (Inverse Problems 19, 2003), DOI 10.1088/0266-5611/19/2/201; `linalg/covariance.rs` for the
//! rest. Cost: one forward-mode pass for each element of θ, and a QR of J. Small problems only: J has outputs·N rows.

use super::{VarProLeastSquares, scale_columns};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_shape, check_workspace, take};
use crate::linalg::{CovarianceReport, least_squares_covariance, least_squares_covariance_work_len};
use crate::matrix::{MatMut, MatRef};
use crate::nn::{Network, Point, Regularizer, Shape};
use crate::optim::{Objective, product, sum};
use crate::scalar::Real;

/// Number of all parameters, θ and W, of a separable model.
const fn joint_params(shape: Shape, outputs: usize) -> usize {
    sum([shape.params, product([outputs, sum([shape.features, 1])])])
}

/// Length of the workspace of [`VarProLeastSquares::covariance`].
pub const fn varpro_covariance_work_len(shape: Shape, outputs: usize, samples: usize) -> usize {
    let (rows, cols) = (product([outputs, samples]), joint_params(shape, outputs));
    sum([rows, product([rows, cols]), least_squares_covariance_work_len(rows, cols)])
}

impl<T: Real, N: Network<T>, R: Regularizer<T>, B: Backend<T>> VarProLeastSquares<'_, T, N, R, B> {
    /// Writes r = vec(W Zh − C) and \[J_θ, J_W\] (outputs·N rows, params + outputs·(features + 1) columns) at θ with its
    /// optimal W, each sample times the root of its weight. The objective then stands at θ. `work` has the length of θ.
    ///
    /// Errors: [`Error::Length`], [`Error::Shape`]; [`Error::NonFinite`] for features that are not finite, or linearly
    /// dependent with α = 0.
    pub fn full_jacobian(
        &mut self,
        theta: &[T],
        residual: &mut [T],
        mut jacobian: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        let (n, m, features, k) = self.sizes();
        let params = self.theta.len();
        check_length("residual", m * n, residual.len())?;
        check_length("work", params, work.len())?;
        check_shape("jacobian", (m * n, params + m * k), jacobian.shape())?;
        if !self.value(theta)?.is_finite() {
            return Err(Error::NonFinite { what: "features" });
        }
        residual.iter_mut().zip(&*self.residual).for_each(|(r, &scaled)| *r = scaled / self.scale);
        // J_W first: `z` holds the features only until the first forward-mode pass.
        let z = MatRef::new(self.z, features, n)?;
        let last = if self.bias { T::ONE } else { T::ZERO }; // the row below the features
        for i in 0..k {
            for output in 0..m {
                let column = jacobian.col_mut(params + i * m + output);
                column.fill(T::ZERO);
                for (j, element) in column.iter_mut().skip(output).step_by(m).enumerate() {
                    *element = z.get(i, j).unwrap_or(last);
                }
            }
        }
        let point = Point { theta: self.theta, x: self.x, cache: self.cache };
        let wz = MatRef::new(self.w, m, k)?.columns(0, features)?;
        for j in 0..params {
            work.fill(T::ZERO);
            work.iter_mut().skip(j).take(1).for_each(|x| *x = T::ONE);
            let dz = MatMut::new(self.z, features, n)?;
            self.network.jvp(self.backend, point, work, None, dz, self.work)?;
            let dz = MatRef::new(self.z, features, n)?;
            self.backend.gemm(T::ONE, wz, dz, T::ZERO, MatMut::new(jacobian.col_mut(j), m, n)?)?;
        }
        for column in jacobian.cols_mut() {
            scale_columns(&mut MatMut::new(column, m, n)?, self.sample_weights);
        }
        Ok(())
    }

    /// The covariance of (θ, vec W) at θ and its optimal W, s² (JᵀJ)⁻¹ with s² = ‖r‖²/(outputs·N − rank), or the `variance`
    /// of the targets (of a sample of weight 1) where it is known. The square roots of its diagonal are the standard errors.
    ///
    /// It is that of the fit without regularization: α and R(θ) should be too small to matter, or zero. A network often has
    /// weights that the data do not determine; their variances are infinite, see [`least_squares_covariance`].
    ///
    /// `covariance` is square, `permutation` as long as its side, params + outputs·(features + 1); `work` has at least
    /// [`varpro_covariance_work_len`] elements. Errors: those of [`full_jacobian`](Self::full_jacobian) and
    /// [`least_squares_covariance`], [`Error::Workspace`].
    ///
    /// ```
    /// use gaussling_core::linalg::standard_errors;
    /// use gaussling_core::nn::{Activation, Affine, Layer, Tanh, Tikhonov, tanh};
    /// use gaussling_core::{MatRef, Matrix, Portable, optim::*};
    /// // c = W₁ tanh(θ₁ x + θ₂) + W₂ through five points of a sigmoid.
    /// let x = [-2.0, -1.0, 0.0, 1.0, 2.0];
    /// let c = [0.05, 0.31, 1.02, 1.69, 1.94];
    /// let (x, c) = (MatRef::new(&x, 1, 5)?, MatRef::new(&c, 1, 5)?);
    /// type Net = (Affine<1, 1>, Activation<Tanh, 1>);
    /// let network: Net = (Affine, tanh());
    /// let mut buffer = [0.0; varpro_least_squares_work_len(Net::SHAPE, 1, 5)];
    /// let mut fit = VarProLeastSquares::new(&network, Tikhonov { alpha: 0.0 }, 0.0, &Portable, x, c, &mut buffer)?;
    /// let (mut covariance, mut errors) = (Matrix::<f64, 4, 4>::zeros(), [0.0; 4]);
    /// let mut work = [0.0; varpro_covariance_work_len(Net::SHAPE, 1, 5)];
    /// let report = fit.covariance(&[0.88, 0.0], None, covariance.view_mut(), &mut [0; 4], &mut work)?;
    /// assert_eq!((report.rank, report.degrees_of_freedom), (4, 1));
    /// standard_errors(covariance.view(), &mut errors)?; // of θ₁, θ₂, W₁, W₂
    /// assert!(errors.iter().all(|&e| 0.0 < e && e < 0.2), "{errors:?}");
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn covariance(
        &mut self,
        theta: &[T],
        variance: Option<T>,
        covariance: MatMut<'_, T>,
        permutation: &mut [usize],
        mut work: &mut [T],
    ) -> Result<CovarianceReport<T>, Error> {
        let (n, m, _, _) = self.sizes();
        let shape = self.network.shape();
        check_workspace("work", varpro_covariance_work_len(shape, m, n), work.len())?;
        let (rows, cols) = (m * n, joint_params(shape, m));
        let residual = take("work", &mut work, rows)?;
        let mut jacobian = MatMut::new(take("work", &mut work, rows * cols)?, rows, cols)?;
        let direction = work.get_mut(..shape.params).unwrap_or_default();
        self.full_jacobian(theta, residual, jacobian.reborrow(), direction)?;
        least_squares_covariance(self.backend, jacobian, residual, variance, covariance, permutation, work)
    }
}

#[cfg(test)]
mod tests {
    use super::super::varpro_least_squares_work_len;
    use super::*;
    use crate::linalg::standard_errors;
    use crate::nn::{Activation, Affine, Layer, Tanh, Tikhonov, tanh};
    use crate::{Matrix, Portable};
    use std::vec;
    use std::vec::Vec;

    /// W₁ tanh(θ₁ x + θ₂) + W₂; expected values: `levenberg_marquardt/known_covariance.py`.
    #[test]
    fn errors_of_a_sigmoid_are_those_of_scipy() {
        type Net = (Affine<1, 1>, Activation<Tanh, 1>);
        let network: Net = (Affine, tanh());
        let x = MatRef::new(&[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0], 1, 6).unwrap();
        let c = MatRef::new(&[0.05, 0.31, 1.02, 1.69, 1.94, 1.97], 1, 6).unwrap();
        let mut buffer = [0.0; varpro_least_squares_work_len(Net::SHAPE, 1, 6)];
        let r = Tikhonov { alpha: 0.0 };
        let mut fit = VarProLeastSquares::new(&network, r, 0.0, &Portable, x, c, &mut buffer).unwrap();
        let theta = [0.846619356448056, 0.0337092533525976];
        let (mut covariance, mut errors) = (Matrix::<f64, 4, 4>::zeros(), [0.0; 4]);
        let mut work = [f64::NAN; varpro_covariance_work_len(Net::SHAPE, 1, 6)];
        let report = fit.covariance(&theta, None, covariance.view_mut(), &mut [0; 4], &mut work).unwrap();
        assert!((report.variance / 0.000116199734547808 - 1.0).abs() < 1e-11, "{report:?}");
        assert_eq!((report.rank, report.degrees_of_freedom), (4, 2));
        standard_errors(covariance.view(), &mut errors).unwrap();
        let expected = [0.0231740976453961, 0.0137845430848937, 0.0106447953448152, 0.00765874572408425];
        for (e, x) in errors.iter().zip(expected) {
            assert!((e / x - 1.0).abs() < 1e-10, "{errors:?}");
        }
        assert!((covariance[(0, 1)] / errors[0] / errors[1] + 0.228929145775739).abs() < 1e-9);
        for (w, x) in fit.weights().iter().zip([1.00493550678909, 0.984779150894083]) {
            assert!((w - x).abs() < 1e-12);
        }
        let short = work.len() - 1;
        assert!(fit.covariance(&theta, None, covariance.view_mut(), &mut [0; 4], &mut work[..short]).is_err());
        assert!(fit.covariance(&theta[..1], None, covariance.view_mut(), &mut [0; 4], &mut work).is_err());
        assert!(fit.covariance(&[f64::NAN; 2], None, covariance.view_mut(), &mut [0; 4], &mut work).is_err());
    }

    /// Every column against differences of the residual, for two outputs and more features than one.
    #[test]
    fn the_full_jacobian_is_that_of_differences() {
        check_full_jacobian(None);
        check_full_jacobian(Some(&[1.0, 4.0, 0.25, 1.0, 0.0, 2.0, 1.0, 9.0, 1.0]));
    }

    fn check_full_jacobian(weights: Option<&[f64]>) {
        type Net = (Affine<2, 3>, Activation<Tanh, 3>);
        let network: Net = (Affine, tanh());
        let numbers = |len: usize| (0..len).map(|i| libm::sin(1.0 + 2.4 * i as f64)).collect::<Vec<f64>>();
        const N: usize = 9;
        let (x, c) = (numbers(2 * N), numbers(2 * N));
        let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 2, N).unwrap());
        let mut buffer = [0.0; varpro_least_squares_work_len(Net::SHAPE, 2, N)];
        let r = Tikhonov { alpha: 0.0 };
        let mut fit = VarProLeastSquares::new(&network, r, 1e-3, &Portable, x, c, &mut buffer).unwrap();
        if let Some(weights) = weights {
            fit = fit.with_sample_weights(weights).unwrap();
        }
        let (params, cols) = (Net::PARAMS, Net::PARAMS + 8);
        let (mut residual, mut j) = (vec![0.0; 2 * N], vec![0.0; 2 * N * cols]);
        let theta = numbers(params);
        let jacobian = MatMut::new(&mut j, 2 * N, cols).unwrap();
        fit.full_jacobian(&theta, &mut residual, jacobian, &mut vec![0.0; params]).unwrap();
        let all = [theta, fit.weights().to_vec()].concat();
        let (mut cache, mut work) = (vec![0.0; Net::SHAPE.cache.of(N)], vec![0.0; Net::SHAPE.work.of(N)]);
        let mut residual_at = |all: &[f64]| {
            let (theta, w) = all.split_at(params);
            let mut z = Matrix::<f64, 3, N>::zeros();
            network.forward(&Portable, theta, x, z.view_mut(), &mut cache, &mut work).unwrap();
            let mut r = vec![];
            for s in 0..N {
                for o in 0..2 {
                    let linear: f64 = (0..3).map(|i| w[o + 2 * i] * z[(i, s)]).sum();
                    let root = weights.map_or(1.0, |weights| libm::sqrt(weights[s]));
                    r.push(root * (linear + w[o + 6] - c.get(o, s).unwrap()));
                }
            }
            r
        };
        let there = residual_at(&all);
        assert!(there.iter().zip(&residual).all(|(a, b)| (a - b).abs() < 1e-13));
        for k in 0..cols {
            let (mut up, mut down) = (all.clone(), all.clone());
            up[k] += 1e-5;
            down[k] -= 1e-5;
            for (i, (u, d)) in residual_at(&up).iter().zip(residual_at(&down)).enumerate() {
                let difference = (u - d) / 2e-5;
                assert!((difference - j[k * 2 * N + i]).abs() < 1e-8, "column {k}, row {i}");
            }
        }
    }
}
