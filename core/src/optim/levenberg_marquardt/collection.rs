//! Least-squares problems of J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing unconstrained optimization software"
//! (ACM TOMS 7, 1981), DOI 10.1145/355934.355936, for the tests.

use crate::autodiff::VectorFunction;
use crate::scalar::Real;
use Problem::*;
use std::vec;
use std::vec::Vec;

/// The problems, by the names of the collection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::optim) enum Problem {
    Rosenbrock,
    FreudensteinRoth,
    PowellBadlyScaled,
    BrownBadlyScaled,
    JennrichSampson,
    HelicalValley,
    Bard,
    Meyer,
    Box3D,
    PowellSingular,
    KowalikOsborne,
    BrownDennis,
    Osborne1,
    Osborne2,
}
const BARD: [f64; 15] = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39];
const MEYER: [f64; 16] = [
    34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0, 6005.0, 5147.0, 4427.0,
    3820.0, 3307.0, 2872.0,
];
const KOWALIK: [(f64, f64); 11] = [
    (0.1957, 4.0),
    (0.1947, 2.0),
    (0.1735, 1.0),
    (0.1600, 0.5),
    (0.0844, 0.25),
    (0.0627, 0.167),
    (0.0456, 0.125),
    (0.0342, 0.1),
    (0.0323, 0.0833),
    (0.0235, 0.0714),
    (0.0246, 0.0625),
];
const OSBORNE1: [f64; 33] = [
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
];
pub(in crate::optim) const OSBORNE2: [f64; 65] = [
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
];

impl VectorFunction for Problem {
    fn eval<T: Real>(&self, x: &[T], r: &mut [T]) {
        let c = T::from_f64;
        let of = |i: usize| T::from_usize(i + 1);
        match self {
            Rosenbrock => {
                r[0] = c(10.0) * (x[1] - x[0] * x[0]);
                r[1] = T::ONE - x[0];
            }
            FreudensteinRoth => {
                r[0] = x[0] - c(13.0) + ((c(5.0) - x[1]) * x[1] - c(2.0)) * x[1];
                r[1] = x[0] - c(29.0) + ((x[1] + c(1.0)) * x[1] - c(14.0)) * x[1];
            }
            PowellBadlyScaled => {
                r[0] = c(1e4) * x[0] * x[1] - T::ONE;
                r[1] = (-x[0]).exp() + (-x[1]).exp() - c(1.0001);
            }
            BrownBadlyScaled => {
                r[0] = x[0] - c(1e6);
                r[1] = x[1] - c(2e-6);
                r[2] = x[0] * x[1] - c(2.0);
            }
            JennrichSampson => {
                for (i, r) in r.iter_mut().enumerate() {
                    *r = c(2.0) + c(2.0) * of(i) - (of(i) * x[0]).exp() - (of(i) * x[1]).exp();
                }
            }
            HelicalValley => {
                // The angle in turns, from −1/4 to 3/4.
                let angle = (x[1] / x[0]).atan() / c(2.0 * core::f64::consts::PI);
                let angle = if x[0] < T::ZERO { angle + c(0.5) } else { angle };
                r[0] = c(10.0) * (x[2] - c(10.0) * angle);
                r[1] = c(10.0) * (x[0].hypot(x[1]) - T::ONE);
                r[2] = x[2];
            }
            Bard => {
                for (i, (r, y)) in r.iter_mut().zip(BARD).enumerate() {
                    let (u, v) = ((i + 1) as f64, (15 - i) as f64);
                    *r = c(y) - (x[0] + c(u) / (c(v) * x[1] + c(u.min(v)) * x[2]));
                }
            }
            Meyer => {
                for (i, (r, y)) in r.iter_mut().zip(MEYER).enumerate() {
                    *r = x[0] * (x[1] / (c(50.0 + 5.0 * i as f64) + x[2])).exp() - c(y);
                }
            }
            Box3D => {
                for (i, r) in r.iter_mut().enumerate() {
                    let t = -of(i) / c(10.0);
                    *r = (t * x[0]).exp() - (t * x[1]).exp() - x[2] * (t.exp() - (c(10.0) * t).exp());
                }
            }
            PowellSingular => {
                r[0] = x[0] + c(10.0) * x[1];
                r[1] = c(5.0).sqrt() * (x[2] - x[3]);
                r[2] = (x[1] - c(2.0) * x[2]).powi(2);
                r[3] = c(10.0).sqrt() * (x[0] - x[3]).powi(2);
            }
            KowalikOsborne => {
                for (r, (y, u)) in r.iter_mut().zip(KOWALIK) {
                    let u = c(u);
                    *r = c(y) - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3]);
                }
            }
            BrownDennis => {
                for (i, r) in r.iter_mut().enumerate() {
                    let t = of(i) / c(5.0);
                    *r = (x[0] + t * x[1] - t.exp()).powi(2) + (x[2] + x[3] * t.sin() - t.cos()).powi(2);
                }
            }
            Osborne1 => {
                for (i, (r, y)) in r.iter_mut().zip(OSBORNE1).enumerate() {
                    let t = c(-10.0 * i as f64);
                    *r = c(y) - (x[0] + x[1] * (t * x[3]).exp() + x[2] * (t * x[4]).exp());
                }
            }
            Osborne2 => {
                for (i, (r, y)) in r.iter_mut().zip(OSBORNE2).enumerate() {
                    let t = c(i as f64 / 10.0);
                    let bell = |k: usize| x[k] * (-(t - x[k + 7]).powi(2) * x[k + 4]).exp();
                    *r = c(y) - (x[0] * (-t * x[4]).exp() + bell(1) + bell(2) + bell(3));
                }
            }
        }
    }
}

impl Problem {
    /// The standard start and m.
    pub(in crate::optim) fn setup(self) -> (Vec<f64>, usize) {
        match self {
            Rosenbrock => (vec![-1.2, 1.0], 2),
            FreudensteinRoth => (vec![0.5, -2.0], 2),
            PowellBadlyScaled => (vec![0.0, 1.0], 2),
            BrownBadlyScaled => (vec![1.0, 1.0], 3),
            JennrichSampson => (vec![0.3, 0.4], 10),
            HelicalValley => (vec![-1.0, 0.0, 0.0], 3),
            Bard => (vec![1.0; 3], 15),
            Meyer => (vec![0.02, 4000.0, 250.0], 16),
            Box3D => (vec![0.0, 10.0, 20.0], 10),
            PowellSingular => (vec![3.0, -1.0, 0.0, 1.0], 4),
            KowalikOsborne => (vec![0.25, 0.39, 0.415, 0.39], 11),
            BrownDennis => (vec![25.0, 5.0, -5.0, -1.0], 20),
            Osborne1 => (vec![0.5, 1.5, -1.0, 0.01, 0.02], 33),
            Osborne2 => (vec![1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5], 65),
        }
    }
}
