//! Tests of [`Objective`]'s own method, and functions that log their calls, for the tests of its users.

use super::pairs_tests::{back, dot, multiply, scaled, to};
use super::{CurveBall, CurveBallOptions, FullObjective, Objective, SampledTikhonov, VarProConvex, VarProLeastSquares};
use crate::error::Error;
use crate::nn::{Affine, LeastSquares, Tikhonov, tanh};
use crate::scalar::Real;
use crate::{MatRef, Portable};
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

/// Φ(θ), its gradient, and H by columns.
pub(super) type Function = Box<dyn Fn(&[f64]) -> (f64, Vec<f64>, Vec<f64>)>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Value(Vec<f64>),
    Gradient,
    Product,
}

/// A function that logs its calls, and refuses those that the contract of [`Objective`] does not allow.
pub(super) struct Logged<'f> {
    f: &'f Function,
    params: usize,
    point: Option<Vec<f64>>,
    gradient_point: Option<Vec<f64>>,
    pub(super) log: Vec<Call>,
    /// The call that fails.
    pub(super) fails: Option<usize>,
}

impl<'f> Logged<'f> {
    pub(super) fn new(f: &'f Function, params: usize) -> Self {
        Self { f, params, point: None, gradient_point: None, log: vec![], fails: None }
    }
    fn call(&mut self, call: Call) -> Result<(), Error> {
        self.log.push(call);
        if self.fails == Some(self.log.len() - 1) { Err(Error::NonFinite { what: "fault" }) } else { Ok(()) }
    }
    /// Work units of the calls so far.
    pub(super) fn units(&self) -> usize {
        self.log.iter().map(|call| if *call == Call::Product { 2 } else { 1 }).sum()
    }
}

impl<T: Real> Objective<T> for Logged<'_> {
    fn params(&self) -> usize {
        self.params
    }
    fn value(&mut self, theta: &[T]) -> Result<T, Error> {
        self.point = Some(back(theta));
        self.call(Call::Value(back(theta)))?;
        Ok(T::from_f64((self.f)(&back(theta)).0))
    }
    fn gradient(&mut self, gradient: &mut [T]) -> Result<(), Error> {
        let point = self.point.clone().expect("a value comes before");
        self.call(Call::Gradient)?;
        let (value, g, _) = (self.f)(&point);
        assert!(value.is_finite());
        self.gradient_point = Some(point);
        gradient.copy_from_slice(&to(&g));
        Ok(())
    }
    fn product(&mut self, v: &[T], hv: &mut [T]) -> Result<(), Error> {
        self.call(Call::Product)?;
        assert_eq!(self.point, self.gradient_point, "a gradient at this point comes before");
        let h = (self.f)(self.point.as_ref().unwrap()).2;
        hv.copy_from_slice(&to(&multiply(&h, &back(v))));
        Ok(())
    }
}

/// offset + ½ (θ − x)ᵀH (θ − x)
pub(super) fn quadratic(h: Vec<f64>, x: Vec<f64>, offset: f64) -> Function {
    Box::new(move |theta| {
        let d: Vec<f64> = theta.iter().zip(&x).map(|(t, x)| t - x).collect();
        let g = multiply(&h, &d);
        (offset + 0.5 * dot(&d, &g), g, h.clone())
    })
}

/// ½ ‖(10 (y − x²), 1 − x)‖² with H = JᵀJ.
pub(super) fn rosenbrock() -> Function {
    Box::new(|t| {
        let (a, b) = (10.0 * (t[1] - t[0] * t[0]), 1.0 - t[0]);
        let (ax, ay, bx) = (-20.0 * t[0], 10.0, -1.0);
        (0.5 * (a * a + b * b), vec![ax * a + bx * b, ay * a], vec![ax * ax + bx * bx, ax * ay, ax * ay, ay * ay])
    })
}

/// Σ θᵢ − ln θᵢ: NaN for a negative θᵢ, the minimum at ones.
pub(super) fn logarithmic() -> Function {
    Box::new(|t| {
        let n = t.len();
        let value = t.iter().map(|&t| if t > 0.0 { t - libm::log(t) } else { f64::NAN }).sum();
        let entry = |e: usize| if e % n == e / n { 1.0 / (t[e % n] * t[e % n]) } else { 0.0 };
        (value, t.iter().map(|t| 1.0 - 1.0 / t).collect(), (0..n * n).map(entry).collect())
    })
}

pub(super) fn times(factor: f64, f: Function) -> Function {
    Box::new(move |theta| {
        let (value, g, h) = f(theta);
        (factor * value, scaled(factor, &g), scaled(factor, &h))
    })
}

#[test]
fn value_and_gradient_are_two_calls_or_a_gradient_of_zero() {
    let f = logarithmic();
    for (theta, calls) in [([2.0, 4.0], 2), ([2.0, -4.0], 1)] {
        let (mut objective, mut g) = (Logged::new(&f, 2), [f64::NAN; 2]);
        let value = objective.value_and_gradient(&theta, &mut g).unwrap();
        let (expected, gradient, _) = f(&theta);
        assert_eq!((value.to_bits(), objective.log.len()), (expected.to_bits(), calls));
        assert_eq!(g[..], if calls == 2 { gradient } else { vec![0.0; 2] });
    }
}

/// Numbers that an option may not be, for every constructor that has one: outside, at the border, and not finite.
#[test]
fn options_out_of_range_are_refused() {
    let (x, c) = (MatRef::new(&[0.5, 1.0], 2, 1).unwrap(), MatRef::new(&[1.0, 0.0], 2, 1).unwrap());
    let (net, r, mut buffer) = ((Affine::<2, 3>, tanh::<3>()), Tikhonov { alpha: 1.0 }, vec![0.0; 2000]);
    let refused = |result: Result<(), Error>| matches!(result, Err(Error::InvalidOption { .. }));
    for bad in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let mut convex = |alpha, tolerance| {
            VarProConvex::new(&net, LeastSquares, r, alpha, tolerance, &Portable, x, c, &mut buffer).map(|_| ())
        };
        assert!(refused(convex(bad, 1e-9)) && refused(convex(1.0, bad)) && convex(1.0, 1e-9).is_ok(), "{bad}");
        assert!(refused(SampledTikhonov::new(3, 1, 1, 0, bad, [0.0; 4]).map(|_| ())), "{bad}");
        let linear = VarProLeastSquares::new(&net, r, bad, &Portable, x, c, &mut buffer).map(|_| ());
        let options = CurveBallOptions { lambda: bad, ..CurveBallOptions::default() };
        let curveball = CurveBall::new(options, [0.0; 2]).map(|_| ());
        assert!(if bad == 0.0 { linear.is_ok() && curveball.is_ok() } else { refused(linear) && refused(curveball) });
    }
}

/// Φ is the loss of the data and what the regularizers of θ and, where it is eliminated, of W add.
#[test]
fn the_loss_of_the_data_is_a_part_of_the_value() {
    let x: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 11) / 11.0 - 0.4).collect();
    let c: Vec<f64> = (0..15).map(|i| f64::from(i * 5 % 13) / 13.0 - 0.3).collect();
    let (x, c) = (MatRef::new(&x, 2, 5).unwrap(), MatRef::new(&c, 3, 5).unwrap());
    let (net, r) = ((Affine::<2, 3>, tanh::<3>()), Tikhonov { alpha: 0.5 });
    let theta: Vec<f64> = (0..9).map(|i| f64::from(i) / 9.0 - 0.2).collect();
    let own = 0.25 * dot(&theta, &theta);
    let mut buffers = [(); 3].map(|()| vec![0.0; 2000]);
    let [full, linear, convex] = &mut buffers;
    let near = |a: f64, b: f64| (a - b).abs() < 1e-14 && b > 0.01;

    let mut full = FullObjective::new(&net, LeastSquares, r, &Portable, x, c, full).unwrap();
    let value = full.value(&theta).unwrap();
    let residual: f64 = (0..5)
        .map(|n| {
            let feature = |j: usize| {
                libm::tanh(theta[j] * x.get(0, n).unwrap() + theta[3 + j] * x.get(1, n).unwrap() + theta[6 + j])
            };
            (0..3).map(|j| (feature(j) - c.get(j, n).unwrap()).powi(2)).sum::<f64>() / 10.0
        })
        .sum();
    assert!(near(full.data_loss(), residual) && near(value, residual + own), "{value}, {residual}");

    let mut linear = VarProLeastSquares::new(&net, r, 0.2, &Portable, x, c, linear).unwrap();
    let value = linear.value(&theta).unwrap();
    let of_w = 0.1 * dot(linear.weights(), linear.weights());
    assert!(near(value, linear.data_loss() + of_w + own), "{value}");
    let mut convex = VarProConvex::new(&net, LeastSquares, r, 0.2, 1e-12, &Portable, x, c, convex).unwrap();
    let again = convex.value(&theta).unwrap();
    assert!(near(again, value) && (convex.data_loss() - linear.data_loss()).abs() < 1e-9, "{again} {value}");
}
