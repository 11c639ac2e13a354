//! Quadratic regularizers R(θ) = ½ θᵀ L θ with symmetric positive semidefinite L.
//!
//! One product with L gives everything: gradient L θ, value ½ θᵀ(L θ), Hessian product L v.

use crate::matrix::slice;
use crate::scalar::Real;

/// ½ θᵀ L θ
pub trait Regularizer<T: Real> {
    /// out ← out + L v
    fn add_product(&self, v: &[T], out: &mut [T]);

    /// ½ θᵀ L θ
    fn value(&self, theta: &[T]) -> T;
}

/// ½ α ‖θ‖²
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tikhonov<T> {
    /// α ≥ 0
    pub alpha: T,
}

impl<T: Real> Regularizer<T> for Tikhonov<T> {
    fn add_product(&self, v: &[T], out: &mut [T]) {
        for (out, &v) in out.iter_mut().zip(v) {
            *out += self.alpha * v;
        }
    }

    fn value(&self, theta: &[T]) -> T {
        T::from_f64(0.5) * self.alpha * slice::dot(theta, theta)
    }
}

/// ½ α Σ ‖(θₖ₊₁ − θₖ)/h‖² over the sets of weights θₖ at consecutive times: smoothness in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeDerivative<T> {
    /// α ≥ 0
    pub alpha: T,
    /// Number of weights at one time.
    pub params: usize,
    /// h, the distance of two times.
    pub step_size: T,
}

impl<T: Real> TimeDerivative<T> {
    fn weight(&self) -> T {
        self.alpha / (self.step_size * self.step_size)
    }
}

impl<T: Real> Regularizer<T> for TimeDerivative<T> {
    fn add_product(&self, v: &[T], out: &mut [T]) {
        let weight = self.weight();
        let later = v.get(self.params..).unwrap_or_default();
        for (k, (&before, &after)) in v.iter().zip(later).enumerate() {
            let change = weight * (after - before);
            if let Some(out) = out.get_mut(k) {
                *out -= change;
            }
            if let Some(out) = out.get_mut(k + self.params) {
                *out += change;
            }
        }
    }

    fn value(&self, theta: &[T]) -> T {
        let later = theta.get(self.params..).unwrap_or_default();
        let mut sum = T::ZERO;
        for (&before, &after) in theta.iter().zip(later) {
            sum += (after - before) * (after - before);
        }
        T::from_f64(0.5) * self.weight() * sum
    }
}

/// A regularizer of θ[start .. start + len] alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnRange<R> {
    /// First weight.
    pub start: usize,
    /// Number of weights.
    pub len: usize,
    /// What is applied to them.
    pub regularizer: R,
}

impl<T: Real, R: Regularizer<T>> Regularizer<T> for OnRange<R> {
    fn add_product(&self, v: &[T], out: &mut [T]) {
        let range = self.start..self.start.saturating_add(self.len);
        if let (Some(v), Some(out)) = (v.get(range.clone()), out.get_mut(range)) {
            self.regularizer.add_product(v, out);
        }
    }

    fn value(&self, theta: &[T]) -> T {
        theta
            .get(self.start..self.start.saturating_add(self.len))
            .map_or(T::ZERO, |theta| self.regularizer.value(theta))
    }
}

/// The sum of two regularizers.
impl<T: Real, A: Regularizer<T>, B: Regularizer<T>> Regularizer<T> for (A, B) {
    fn add_product(&self, v: &[T], out: &mut [T]) {
        self.0.add_product(v, out);
        self.1.add_product(v, out);
    }

    fn value(&self, theta: &[T]) -> T {
        self.0.value(theta) + self.1.value(theta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;

    /// L v is the derivative of the value, and the value is ½ θᵀ L θ.
    #[test]
    fn products_agree_with_the_value() {
        let smooth = TimeDerivative { alpha: 0.3, params: 2, step_size: 0.5 };
        let both = (
            OnRange { start: 0, len: 3, regularizer: Tikhonov { alpha: 0.7 } },
            OnRange { start: 3, len: 6, regularizer: smooth },
        );
        let theta = [0.1, -0.4, 0.7, 1.2, -0.3, 0.8, 0.2, 0.05, -1.0];
        let mut product = [0.0; 9];
        both.add_product(&theta, &mut product);
        let half: f64 = theta.iter().zip(&product).map(|(a, b)| 0.5 * a * b).sum();
        assert!((half - both.value(&theta)).abs() < 1e-15);
        assert!(half > 0.5);
        for i in 0..9 {
            type D = Dual<f64, 1>;
            let dual: [D; 9] =
                core::array::from_fn(|k| if k == i { D::variable(theta[k], 0) } else { D::constant(theta[k]) });
            let smooth = TimeDerivative { alpha: D::from_f64(0.3), params: 2, step_size: D::from_f64(0.5) };
            let tikhonov = Tikhonov { alpha: D::from_f64(0.7) };
            let both = (
                OnRange { start: 0, len: 3, regularizer: tikhonov },
                OnRange { start: 3, len: 6, regularizer: smooth },
            );
            assert!((both.value(&dual).eps[0] - product[i]).abs() < 1e-14, "{i}");
        }
    }
}
