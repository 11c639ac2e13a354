//! [`Var`]: a number that records on a [`Tape`] what is computed with it.

use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Tape;
use super::rules::{self, functions_by_rules};
use super::tape::NOBODY;
use crate::scalar::Real;

/// A value that is a function of at most two nodes of a tape, with its slopes there; a constant belongs to no tape.
///
/// Made by [`Tape::variable`], or by [`Real::ZERO`], [`Real::ONE`] and [`Real::from_f64`] as constants. Comparisons look at
/// the value only, and values have the bits of the plain computation. `Var<Dual<T, 1>>` gives Hessian-vector products.
///
/// ```
/// use gaussling_core::{Real, autodiff::{Node, Tape, Var}};
/// let mut nodes = [Node::EMPTY; 2];
/// let tape = Tape::new(&mut nodes);
/// let x = tape.variable(4.0);
/// let y = Var::constant(3.0) * x.sqrt(); // no node: a function of x alone
/// tape.sweep(y)?;
/// assert_eq!((y.primal(), tape.adjoint(x), tape.len()), (6.0, 0.75, 1));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Var<'t, T> {
    value: T,
    /// The derivatives with respect to the nodes; where there is no node the number means nothing.
    slopes: [T; 2],
    /// The second alone may be [`NOBODY`]; a constant has none that count.
    nodes: [u32; 2],
    tape: Option<&'t Tape<'t, T>>,
}

impl<'t, T: Real> Var<'t, T> {
    /// A number with no derivative.
    #[inline]
    pub const fn constant(value: T) -> Self {
        Self { value, slopes: [T::ZERO; 2], nodes: [NOBODY; 2], tape: None }
    }

    /// The value, in the scalar type of the tape.
    #[inline]
    pub const fn primal(self) -> T {
        self.value
    }

    #[inline]
    pub(super) fn of_node(value: T, node: u32, tape: &'t Tape<'_, T>) -> Self {
        Self { value, slopes: [T::ONE, T::ZERO], nodes: [node, NOBODY], tape: Some(tape) }
    }

    /// The nodes that the value is a function of, with the slopes there.
    #[inline]
    pub(super) fn terms(&self) -> impl Iterator<Item = (u32, T)> {
        self.nodes.into_iter().zip(self.slopes).filter(|&(node, _)| node != NOBODY)
    }

    #[inline]
    pub(super) fn is_of_another(&self, tape: &Tape<'_, T>) -> bool {
        self.tape.is_some_and(|own| !same(own, tape))
    }

    /// f(self) by the chain rule, from f and f′; no node.
    #[inline]
    fn chain(self, value: T, slope: T) -> Self {
        Self { value, slopes: self.slopes.map(|s| slope * s), ..self }
    }

    #[inline]
    fn by_rule(self, rule: impl Fn(T) -> (T, T)) -> Self {
        let (value, slope) = rule(self.value);
        if self.tape.is_some() { self.chain(value, slope) } else { Self::constant(value) }
    }

    #[inline]
    fn by_rule_of_two(self, other: Self, rule: impl Fn(T, T) -> (T, T, T)) -> Self {
        let (value, slope, other_slope) = rule(self.value, other.value);
        self.join(other, value, |s| slope * s, |s| other_slope * s)
    }

    /// A function of two numbers from its value and what it makes of a slope of each.
    ///
    /// The slope that belongs to a constant is not looked at, so ∞ · 0 there does no harm.
    #[inline]
    fn join(self, other: Self, value: T, slope: impl Fn(T) -> T, other_slope: impl Fn(T) -> T) -> Self {
        let (a, b) = match (self.tape, other.tape) {
            (None, None) => return Self::constant(value),
            (Some(_), None) => return Self { value, slopes: self.slopes.map(slope), ..self },
            (None, Some(_)) => return Self { value, slopes: other.slopes.map(other_slope), ..other },
            (Some(_), Some(_)) => (self.slopes.map(slope), other.slopes.map(other_slope)),
        };
        let Some(tape) = self.tape else { return self };
        if other.is_of_another(tape) {
            tape.mark_mixed();
            other.tape.into_iter().for_each(Tape::mark_mixed);
            return Self { value, slopes: a, ..self };
        }
        let ([a0, a1], [b0, b1]) = (a, b);
        let ([p0, p1], [q0, q1]) = (self.nodes, other.nodes);
        if self.nodes == other.nodes {
            Self { value, slopes: [a0 + b0, a1 + b1], ..self }
        } else if p1 & q1 == NOBODY {
            Self { value, slopes: [a0, b0], nodes: [p0, q0], ..self }
        } else {
            tape.record(value, [p0, p1, q0, q1], [a0, a1, b0, b1])
        }
    }
}

#[inline]
fn same<T>(a: &Tape<'_, T>, b: &Tape<'_, T>) -> bool {
    core::ptr::eq(core::ptr::from_ref(a).cast::<u8>(), core::ptr::from_ref(b).cast::<u8>())
}

impl<T: fmt::Debug> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Var");
        out.field("value", &self.value);
        if self.tape.is_some() {
            for (node, slope) in self.nodes.iter().zip(&self.slopes).filter(|&(&node, _)| node != NOBODY) {
                out.field("node", node).field("slope", slope);
            }
        }
        out.finish()
    }
}

impl<T: Real> PartialEq for Var<'_, T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Real> PartialOrd for Var<'_, T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real> Add for Var<'_, T> {
    type Output = Self;
    #[inline]
    fn add(self, o: Self) -> Self {
        self.join(o, self.value + o.value, |s| s, |s| s)
    }
}

impl<T: Real> Sub for Var<'_, T> {
    type Output = Self;
    #[inline]
    fn sub(self, o: Self) -> Self {
        self.join(o, self.value - o.value, |s| s, |s| -s)
    }
}

impl<T: Real> Mul for Var<'_, T> {
    type Output = Self;
    #[inline]
    fn mul(self, o: Self) -> Self {
        self.join(o, self.value * o.value, |s| s * o.value, |s| self.value * s)
    }
}

impl<T: Real> Div for Var<'_, T> {
    type Output = Self;
    /// (a/b)′ = a′/b − (a/b) b′/b
    #[inline]
    fn div(self, o: Self) -> Self {
        let quotient = self.value / o.value;
        self.join(o, quotient, |s| s / o.value, |s| -quotient * s / o.value)
    }
}

impl<T: Real> Neg for Var<'_, T> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self { value: -self.value, slopes: self.slopes.map(|s| -s), ..self }
    }
}

impl<T: Real> AddAssign for Var<'_, T> {
    #[inline]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl<T: Real> SubAssign for Var<'_, T> {
    #[inline]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl<T: Real> MulAssign for Var<'_, T> {
    #[inline]
    fn mul_assign(&mut self, o: Self) {
        *self = *self * o;
    }
}

impl<T: Real> DivAssign for Var<'_, T> {
    #[inline]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}

impl<T: Real> Real for Var<'_, T> {
    const ZERO: Self = Self::constant(T::ZERO);
    const ONE: Self = Self::constant(T::ONE);
    const EPSILON: Self = Self::constant(T::EPSILON);
    const MIN_POSITIVE: Self = Self::constant(T::MIN_POSITIVE);
    const MAX: Self = Self::constant(T::MAX);

    #[inline]
    fn from_f64(x: f64) -> Self {
        Self::constant(T::from_f64(x))
    }
    #[inline]
    fn value(self) -> f64 {
        self.value.value()
    }
    #[inline]
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.terms().all(|(_, slope)| slope.is_finite())
    }
    #[inline]
    fn is_zero(self) -> bool {
        self.value.is_zero() && self.terms().all(|(_, slope)| slope.is_zero())
    }
    #[inline]
    fn is_sign_negative(self) -> bool {
        self.value.is_sign_negative()
    }
    #[inline]
    fn scale(self, c: f64) -> Self {
        Self { value: self.value.scale(c), slopes: self.slopes.map(|s| s.scale(c)), ..self }
    }
    functions_by_rules!();

    #[inline]
    fn powi(self, n: i32) -> Self {
        self.by_rule(|x| rules::powi(x, n))
    }

    #[inline]
    fn powf(self, p: Self) -> Self {
        let (power, slope) = rules::powf(self.value, p.value);
        let y = if self.tape.is_some() { self.chain(power, slope) } else { Self::constant(power) };
        if p.tape.is_none() {
            return y;
        }
        let exponent_slope = rules::powf_exponent(self.value, power);
        y.join(p, power, |s| s, |s| exponent_slope * s)
    }
}
