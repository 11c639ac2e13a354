//! Prodigy: Adam whose learning rate grows to the distance between start and solution, which it estimates as it goes.
//!
//! With gradient g in step t = 1, 2, …, start θ₀, estimate d of the distance, and γ a factor, 1 or a schedule:
//!
//! ```text
//! m ← β₁ m + (1 − β₁) d g               v ← β₂ v + (1 − β₂) d² g²
//! r ← √β₂ r + (1 − √β₂) γ d² ⟨g, θ₀ − θ⟩    s ← √β₂ s + (1 − √β₂) γ d² g
//! θ ← θ − γ d (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + d ε)
//! d ← max(d, r/‖s‖₁)
//! ```
//! For a convex loss r/‖s‖₁ is a lower bound of ‖θ₀ − θ*‖∞, so d never grows beyond that distance. A start below the right
//! value costs a few steps, growth being fast; one above it is never mended, so start low. With d fixed
//! at η and γ = 1 this is Adam with learning rate η.
//!
//! Source: K. Mishchenko and A. Defazio, "Prodigy: an expeditiously adaptive parameter-free learner" (ICML 2024, arXiv
//! 2306.06101), the version with Adam; the bias corrections are Adam's. Cost: 15 flops a weight and a step. State: four numbers a weight.

use crate::backend::Backend;
use crate::error::{Error, check_length};
use crate::matrix::slice::copy;
use crate::optim::first_order::scaled_step;
use crate::optim::{SaveState, StateReader, StateWriter, Update, product};
use crate::scalar::Real;

/// Length of the state of [`Prodigy`] for `params` weights.
pub const fn prodigy_state_len(params: usize) -> usize {
    product([4, params])
}

/// Adam that finds its learning rate; the state buffer holds m, v, s and θ₀.
///
/// ```
/// use gaussling_core::optim::{Prodigy, Update, prodigy_state_len};
/// use gaussling_core::Portable;
/// // ½ (θ − 3)² from 0, with a learning rate that is a million times too small at the start.
/// let mut method = Prodigy::new(1e-6, [0.0; prodigy_state_len(1)]);
/// let mut theta = [0.0_f64];
/// for step in 0..300 {
///     method.factor = 1.0 - f64::from(step) / 300.0;
///     let gradient = [theta[0] - 3.0];
///     method.update(&Portable, &mut theta, &gradient)?;
/// }
/// assert!((theta[0] - 3.0).abs() < 0.1 && method.distance() > 0.1);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prodigy<T, S> {
    /// γ, to be lowered towards the end of training by the caller
    pub factor: T,
    /// β₁
    pub beta1: T,
    /// β₂
    pub beta2: T,
    /// ε
    pub epsilon: T,
    state: S,
    /// β₁ᵗ and β₂ᵗ
    powers: (T, T),
    r: T,
    d: T,
    steps: usize,
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Prodigy<T, S> {
    /// Starts with the estimate d = `distance`, γ = 1, β₁ = 0.9, β₂ = 0.999, ε = 1e-8; `state` has [`prodigy_state_len`]
    /// elements. θ₀ is the θ of the first update.
    pub fn new(distance: T, mut state: S) -> Self {
        state.as_mut().fill(T::ZERO);
        let (beta1, beta2) = (T::from_f64(0.9), T::from_f64(0.999));
        let (powers, epsilon) = ((T::ONE, T::ONE), T::from_f64(1e-8));
        Self { factor: T::ONE, beta1, beta2, epsilon, state, powers, r: T::ZERO, d: distance, steps: 0 }
    }

    /// d, the present estimate: γ d is the learning rate.
    pub fn distance(&self) -> T {
        self.d
    }
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> SaveState<T> for Prodigy<T, S> {
    fn tag(&self) -> usize {
        12
    }

    fn write(&self, out: &mut StateWriter<'_, T>) {
        out.count(self.steps);
        out.numbers(&[self.powers.0, self.powers.1, self.r, self.d]);
        out.numbers(self.state.as_ref());
    }

    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error> {
        self.steps = from.count(usize::MAX)?;
        self.powers = (from.number(), from.number());
        (self.r, self.d) = (from.number(), from.number());
        from.numbers(self.state.as_mut());
        Ok(())
    }
}

impl<T: Real, S: AsRef<[T]> + AsMut<[T]>> Update<T> for Prodigy<T, S> {
    fn update<B: Backend<T>>(&mut self, backend: &B, theta: &mut [T], gradient: &[T]) -> Result<(), Error> {
        let (n, state) = (theta.len(), self.state.as_mut());
        check_length("state of Prodigy", prodigy_state_len(n), state.len())?;
        check_length("gradient", n, gradient.len())?;
        let (moments, others) = state.split_at_mut(2 * n);
        let ((m, v), (s, start)) = (moments.split_at_mut(n), others.split_at_mut(n));
        if self.steps == 0 {
            copy(theta, start);
        }
        self.steps += 1;
        self.powers = (self.powers.0 * self.beta1, self.powers.1 * self.beta2);
        let (d, beta3) = (self.d, self.beta2.sqrt());
        let weight = (T::ONE - beta3) * self.factor * d * d;
        let (mut product, mut norm) = (T::ZERO, T::ZERO);
        for (((s, &start), &g), &theta) in s.iter_mut().zip(&*start).zip(gradient).zip(&*theta) {
            product += g * (start - theta);
            *s = beta3 * *s + weight * g;
            norm += s.abs();
        }
        // The bias corrections of m and v as in Adam, with one division a weight.
        let root = (T::ONE - self.powers.1).sqrt();
        let rate = self.factor * d * root / (T::ONE - self.powers.0);
        let epsilon = d * self.epsilon * root;
        scaled_step(backend, (self.beta1, self.beta2), d, (rate, epsilon), theta, gradient, m, v);
        self.r = beta3 * self.r + weight * product;
        let estimate = self.r / norm;
        if norm > T::ZERO && estimate > self.d && estimate.is_finite() {
            self.d = estimate;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use crate::optim::{Adam, adam_state_len};

    /// While the estimate stays where it started, the steps are Adam's with that learning rate.
    #[test]
    fn with_a_large_start_it_is_adam() {
        let mut prodigy = Prodigy::new(0.5, [0.0_f64; prodigy_state_len(3)]);
        let mut adam = Adam::new(0.5, [0.0_f64; adam_state_len(3)]);
        let (mut a, mut b) = ([1.0, -2.0, 3.0], [1.0, -2.0, 3.0]);
        for i in 0..20 {
            // A gradient that changes its sign: θ never gets far, and the estimate has nothing to grow by.
            let g = [if i % 2 == 0 { 3.0 } else { -3.0 }, libm::sin(f64::from(i)), libm::cos(f64::from(i))];
            prodigy.update(&Portable, &mut a, &g).unwrap();
            adam.update(&Portable, &mut b, &g).unwrap();
        }
        assert_eq!(prodigy.distance(), 0.5);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
    }

    /// For a convex loss the estimate grows, and stays below the distance that there is.
    #[test]
    fn the_estimate_is_a_lower_bound_of_the_distance() {
        let mut prodigy = Prodigy::new(1e-6, [0.0_f64; prodigy_state_len(2)]);
        let (mut theta, target, mut last) = ([0.0, 0.0], [5.0, -2.0], 1e-6);
        for _ in 0..400 {
            let g = [10.0 * (theta[0] - target[0]), 0.1 * (theta[1] - target[1])];
            prodigy.update(&Portable, &mut theta, &g).unwrap();
            assert!(prodigy.distance() >= last && prodigy.distance() <= 5.0);
            last = prodigy.distance();
        }
        assert!(last > 0.05, "{last}");
        assert!(prodigy.update(&Portable, &mut [0.0; 3], &[0.0; 3]).is_err());
    }

    /// Steps by the formulas of the file's head, one number at a time, while the estimate grows a thousandfold.
    #[test]
    fn the_steps_follow_the_formulas() {
        let mut prodigy = Prodigy::new(1e-4, [0.0_f64; prodigy_state_len(1)]);
        prodigy.factor = 0.7;
        let mut theta = [2.0];
        let (mut x, mut m, mut v, mut r, mut s, mut d) = (2.0, 0.0, 0.0, 0.0, 0.0, 1e-4);
        for t in 1..=40 {
            let g = 4.0 + libm::sin(f64::from(t));
            let root = libm::sqrt(0.999);
            m = 0.9 * m + 0.1 * d * g;
            v = 0.999 * v + 0.001 * d * d * g * g;
            r = root * r + (1.0 - root) * 0.7 * d * d * g * (2.0 - x);
            s = root * s + (1.0 - root) * 0.7 * d * d * g;
            let (c1, c2) = (1.0 - libm::pow(0.9, f64::from(t)), 1.0 - libm::pow(0.999, f64::from(t)));
            x -= 0.7 * d * (m / c1) / (libm::sqrt(v / c2) + d * 1e-8);
            d = f64::max(d, r / f64::abs(s));
            prodigy.update(&Portable, &mut theta, &[g]).unwrap();
            let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs();
            assert!(near(theta[0], x) && near(prodigy.distance(), d), "{t}: {theta:?} {x}, {prodigy:?}");
            assert!(near(prodigy.r, r) && near(prodigy.state[2], s) && prodigy.steps == t as usize, "{t}: {prodigy:?}");
        }
        assert!(d > 0.1, "{d}");
    }
}
