//! What goes into a [`LevenbergMarquardt`](super::LevenbergMarquardt) and what its steps say.

use crate::scalar::Real;

/// Options of [`LevenbergMarquardt`](super::LevenbergMarquardt). A tolerance below ε counts as ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevenbergMarquardtOptions<T> {
    /// First Δ relative to ‖D x‖, > 0; from 0.1 to 100 is usual, small where the full step of Gauss and Newton is
    /// dangerous.
    pub initial_radius: T,
    /// See [`LevenbergMarquardtStatus::SmallDecrease`].
    pub value_tolerance: T,
    /// See [`LevenbergMarquardtStatus::SmallRadius`].
    pub step_tolerance: T,
    /// See [`LevenbergMarquardtStatus::SmallGradient`].
    pub gradient_tolerance: T,
}

impl<T: Real> Default for LevenbergMarquardtOptions<T> {
    /// Initial radius 100; tolerances √ε, √ε and 0.
    fn default() -> Self {
        let root = T::EPSILON.sqrt();
        Self {
            initial_radius: T::from_f64(100.0),
            value_tolerance: root,
            step_tolerance: root,
            gradient_tolerance: T::ZERO,
        }
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevenbergMarquardtStatus {
    /// Call `step` again.
    Running,
    /// Predicted and actual decrease of ‖r‖² are both at most value_tolerance · ‖r‖², and ρ ≤ 2 (MINPACK's ftol).
    SmallDecrease,
    /// Δ ≤ step_tolerance · ‖D x‖ (MINPACK's xtol).
    SmallRadius,
    /// |Jⱼᵀr| ≤ gradient_tolerance · ‖Jⱼ‖ ‖r‖ for every j, or r = 0 (MINPACK's gtol).
    SmallGradient,
    /// The step is zero or its subproblem is not representable: Δ has shrunk below the range of the numbers.
    NoProgress,
    /// r or J at x is NaN or infinite: choose another x.
    NonFinite,
}

/// One step of [`LevenbergMarquardt`](super::LevenbergMarquardt).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevenbergMarquardtReport<T> {
    /// ½‖r‖² at the x that the step left.
    pub value: T,
    /// ‖Jᵀr‖ at the x it started from.
    pub gradient_norm: T,
    /// maxⱼ |Jⱼᵀr| / (‖Jⱼ‖ ‖r‖) there, which does not depend on any scale.
    pub cosine: T,
    /// ‖D p‖
    pub step_norm: T,
    /// λ of the step: (JᵀJ + λD²) p = −Jᵀr.
    pub lambda: T,
    /// ρ
    pub ratio: T,
    /// Δ for the next step.
    pub radius: T,
    /// Whether x moved.
    pub accepted: bool,
    /// Evaluations of r so far.
    pub evaluations: usize,
    /// Evaluations of J so far.
    pub jacobians: usize,
    /// Whether to go on.
    pub status: LevenbergMarquardtStatus,
}
