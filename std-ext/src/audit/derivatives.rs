//! Derivatives of every layer, loss and objective: the dot-product test ⟨w, J v⟩ = ⟨Jᵀ w, v⟩, and the decay of the Taylor remainder.

use super::Check;
use crate::DenseMatrix;
use crate::network::Sequential;
use gaussling_core::autodiff::check::{
    difference_work_len, directional_difference, dot_product_test, dot_product_work_len, taylor_test,
};
use gaussling_core::nn::{
    LeastSquares, Logistic, Loss, Network, Point, SoftmaxCrossEntropy, Tikhonov, standard_normal,
};
use gaussling_core::optim::{
    FullObjective, Objective, VarProConvex, VarProLeastSquares, full_objective_work_len, varpro_convex_work_len,
    varpro_least_squares_work_len,
};
use gaussling_core::{Error, MatMut, MatRef, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A network of each kind of layer, and one of several.
const NETWORKS: [&str; 15] = [
    "affine:4",
    "linear:4",
    "tanh",
    "sigmoid",
    "softplus",
    "sine",
    "gaussian",
    "identity",
    "raf",
    "raf:image",
    "euler:3",
    "euler:2:softplus:T=2",
    "antisym:4",
    "antisym:3:sine:T=0.5",
    "dense:5,antisym:5x3,dense:4:raf,euler:2",
];
const INPUTS: usize = 3;
const SAMPLES: usize = 5;
/// Directions tried.
const DIRECTIONS: u64 = 3;

/// Step of the Taylor test: in its powers of 1/4 the remainder falls through five decades.
const FIRST_STEP: f64 = 0.125;

/// Limits: of ⟨w, J v⟩ − ⟨Jᵀ w, v⟩ relative to the lengths; of 2 minus the exponent with which the remainder falls; of the difference
/// between J v and a central difference, relative.
const DOT_PRODUCT: f64 = 1e-14;
const TAYLOR: f64 = 0.2;
const DIFFERENCE: f64 = 1e-6;

struct Draw(Xoshiro256PlusPlus);

impl Draw {
    fn vector(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| 0.6 * standard_normal(&mut self.0)).collect()
    }
}

fn check(name: String, measure: &'static str, limit: f64) -> Check {
    let (part, precision, backend) = ("derivatives", "f64", "portable");
    let (at, details) = (String::new(), Vec::new());
    Check { part, name, measure, precision, backend, worst: 0.0, limit, at, trials: 0, details }
}

impl Check {
    fn add(&mut self, value: f64, at: &str) {
        self.trials += 1;
        if (value > self.worst || value.is_nan()) && !self.worst.is_nan() {
            (self.worst, self.at) = (value, at.to_string());
        }
    }
}

/// A function with products: f(x), J v and Jᵀ w at one point.
struct Products<'a> {
    x: &'a [f64],
    outputs: usize,
    f: &'a mut dyn FnMut(&[f64], &mut [f64]),
    jvp: &'a mut dyn FnMut(&[f64], &mut [f64]),
    vjp: &'a mut dyn FnMut(&[f64], &mut [f64]),
}

/// Both tests along random directions.
fn test(products: Products<'_>, draw: &mut Draw, checks: &mut [Check; 2]) -> Result<(), Error> {
    let Products { x, outputs, f, jvp, vjp } = products;
    let mut work = vec![0.0; dot_product_work_len(x.len(), outputs).max(difference_work_len(x.len(), outputs))];
    for direction in 0..DIRECTIONS {
        let (v, w) = (draw.vector(x.len()), draw.vector(outputs));
        let at = format!("direction {direction}");
        checks[0].add(dot_product_test(&mut *jvp, &mut *vjp, &v, &w, &mut work)?.relative, &at);
        let mut jv = vec![0.0; outputs];
        jvp(&v, &mut jv);
        let taylor = taylor_test(&mut *f, x, &v, &jv, FIRST_STEP, &mut work)?;
        checks[1].add(taylor.order.map_or(0.0, |order| (2.0 - order).max(0.0)), &at);
    }
    Ok(())
}

/// A network as a function of its parameters and inputs.
fn network(description: &str, draw: &mut Draw) -> Result<[Check; 2], Error> {
    let Ok(network) = Sequential::parse(description, INPUTS) else {
        return Err(Error::InvalidOption { what: "a network description" });
    };
    let shape = Network::<f64>::shape(&network);
    let (params, outputs) = (shape.params, shape.features * SAMPLES);
    let x = draw.vector(params + INPUTS * SAMPLES);
    let (mut cache, mut work) = (vec![0.0; shape.cache.of(SAMPLES)], vec![0.0; shape.work.of(SAMPLES)]);
    let forward = |x: &[f64], z: &mut [f64], cache: &mut [f64], work: &mut [f64]| {
        let (theta, x) = x.split_at(params);
        let (x, z) = (MatRef::new(x, INPUTS, SAMPLES)?, MatMut::new(z, shape.features, SAMPLES)?);
        network.forward(&Portable, theta, x, z, cache, work)
    };
    // Errors cannot leave the closures; they are NaN, which no limit admits.
    let or_nan = |outcome: Result<(), Error>, out: &mut [f64]| {
        if outcome.is_err() {
            out.fill(f64::NAN);
        }
    };
    let mut features = vec![0.0; outputs];
    forward(&x, &mut features, &mut cache, &mut work)?;
    let (theta, inputs) = x.split_at(params);
    let point = || MatRef::new(inputs, INPUTS, SAMPLES).map(|x| Point { theta, x, cache: &cache });
    let name = description.to_string();
    let mut checks =
        [check(name.clone(), "dot products", DOT_PRODUCT), check(name, "2 - order of the Taylor remainder", TAYLOR)];
    let (mut own_cache, mut own_work) = (cache.clone(), work.clone());
    let mut f = |x: &[f64], z: &mut [f64]| {
        let outcome = forward(x, z, &mut own_cache, &mut own_work);
        or_nan(outcome, z);
    };
    let mut scratch = work.clone();
    let mut jvp = |v: &[f64], dz: &mut [f64]| {
        let (dtheta, dx) = v.split_at(params);
        let outcome = point().and_then(|point| {
            let dx = MatRef::new(dx, INPUTS, SAMPLES)?;
            let dz = MatMut::new(dz, shape.features, SAMPLES)?;
            network.jvp(&Portable, point, dtheta, Some(dx), dz, &mut scratch)
        });
        or_nan(outcome, dz);
    };
    let mut vjp = |g: &[f64], out: &mut [f64]| {
        out.fill(0.0);
        let (gtheta, gx) = out.split_at_mut(params);
        let outcome = point().and_then(|point| {
            let (g, gx) = (MatRef::new(g, shape.features, SAMPLES)?, MatMut::new(gx, INPUTS, SAMPLES)?);
            network.vjp(&Portable, point, g, gtheta, Some(gx), &mut work)
        });
        or_nan(outcome, out);
    };
    test(Products { x: &x, outputs, f: &mut f, jvp: &mut jvp, vjp: &mut vjp }, draw, &mut checks)?;
    Ok(checks)
}

/// Targets: numbers, or shares that sum to 1, which suit every loss.
fn shares(rows: usize, draw: &mut Draw) -> DenseMatrix<f64> {
    let mut c = DenseMatrix::from_fn(rows, SAMPLES, |_, _| standard_normal(&mut draw.0).abs() + 0.1);
    for j in 0..SAMPLES {
        let sum: f64 = c.col(j).iter().sum();
        c.col_mut(j).iter_mut().for_each(|c| *c /= sum);
    }
    c
}

/// The gradient of a loss as a function of the scores, its derivative the product with the Hessian: symmetric, so Jᵀ = J.
fn loss(name: &str, loss: impl Loss, draw: &mut Draw) -> Result<[Check; 2], Error> {
    const ROWS: usize = 4;
    let (c, x) = (shares(ROWS, draw), draw.vector(ROWS * SAMPLES));
    let gradient = |s: &[f64], g: &mut [f64], p: &mut [f64]| {
        let (Ok(s), Ok(g), Ok(p)) =
            (MatRef::new(s, ROWS, SAMPLES), MatMut::new(g, ROWS, SAMPLES), MatMut::new(p, ROWS, SAMPLES))
        else {
            return f64::NAN;
        };
        loss.gradient(s, c.view(), g, p)
    };
    let (mut g, mut p) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    gradient(&x, &mut g, &mut p);
    let product = |v: &[f64], out: &mut [f64]| {
        if let (Ok(p), Ok(v), Ok(hv)) =
            (MatRef::new(&p, ROWS, SAMPLES), MatRef::new(v, ROWS, SAMPLES), MatMut::new(out, ROWS, SAMPLES))
        {
            loss.hessian_vector(p, v, hv);
        }
    };
    let mut checks = [
        check(format!("{name}, Hessian"), "dot products", DOT_PRODUCT),
        check(format!("{name}, Hessian"), "2 - order of the Taylor remainder", TAYLOR),
    ];
    let mut scratch = p.clone();
    let mut f = |s: &[f64], g: &mut [f64]| {
        gradient(s, g, &mut scratch);
    };
    let (mut jvp, mut vjp) = (product, product);
    test(Products { x: &x, outputs: x.len(), f: &mut f, jvp: &mut jvp, vjp: &mut vjp }, draw, &mut checks)?;
    Ok(checks)
}

/// The gradient of an objective as the derivative of its value.
fn objective(name: &str, objective: &mut impl Objective<f64>, draw: &mut Draw) -> Result<[Check; 2], Error> {
    let x = draw.vector(objective.params());
    let mut gradient = vec![0.0; x.len()];
    objective.value_and_gradient(&x, &mut gradient)?;
    let mut work = vec![0.0; difference_work_len(x.len(), 1)];
    let mut checks = [
        check(format!("{name}, gradient"), "against central differences", DIFFERENCE),
        check(format!("{name}, gradient"), "2 - order of the Taylor remainder", TAYLOR),
    ];
    let mut f = |x: &[f64], value: &mut [f64]| {
        let found = objective.value(x).unwrap_or(f64::NAN);
        value.fill(found);
    };
    for direction in 0..DIRECTIONS {
        let v = draw.vector(x.len());
        let slope = [gradient.iter().zip(&v).map(|(g, v)| g * v).sum::<f64>()];
        let at = format!("direction {direction}");
        checks[0].add(directional_difference(&mut f, &x, &v, &slope, &mut work)?.relative, &at);
        let taylor = taylor_test(&mut f, &x, &v, &slope, FIRST_STEP / 8.0, &mut work)?;
        checks[1].add(taylor.order.map_or(0.0, |order| (2.0 - order).max(0.0)), &at);
    }
    Ok(checks)
}

/// The three objectives on a small network.
fn objectives(draw: &mut Draw) -> Result<Vec<[Check; 2]>, Error> {
    const OUTPUTS: usize = 2;
    let Ok(network) = Sequential::parse("dense:3", INPUTS) else {
        return Err(Error::InvalidOption { what: "a network description" });
    };
    let Ok(whole) = Sequential::parse("dense:3,affine:2", INPUTS) else {
        return Err(Error::InvalidOption { what: "a network description" });
    };
    let (shape, whole_shape) = (Network::<f64>::shape(&network), Network::<f64>::shape(&whole));
    let samples = 3 * SAMPLES;
    let x = DenseMatrix::from_fn(INPUTS, samples, |_, _| standard_normal(&mut draw.0));
    let mut c = DenseMatrix::from_fn(OUTPUTS, samples, |_, _| 0.0);
    for j in 0..samples {
        c[(j % OUTPUTS, j)] = 1.0;
    }
    let (x, c, regularizer) = (x.view(), c.view(), Tikhonov { alpha: 1e-3 });
    let mut buffer = vec![0.0; varpro_least_squares_work_len(shape, OUTPUTS, samples)];
    let mut squares = VarProLeastSquares::new(&network, regularizer, 1e-3, &Portable, x, c, &mut buffer)?;
    let squares = objective("VarProLeastSquares", &mut squares, draw)?;
    let mut buffer = vec![0.0; varpro_convex_work_len(shape, OUTPUTS, samples)];
    let (loss, tolerance) = (SoftmaxCrossEntropy, 1e-14);
    let mut convex = VarProConvex::new(&network, loss, regularizer, 1e-3, tolerance, &Portable, x, c, &mut buffer)?;
    let convex = objective("VarProConvex", &mut convex, draw)?;
    let mut buffer = vec![0.0; full_objective_work_len(whole_shape, samples)];
    let mut full = FullObjective::new(&whole, Logistic, regularizer, &Portable, x, c, &mut buffer)?;
    let full = objective("FullObjective", &mut full, draw)?;
    Ok(vec![squares, convex, full])
}

/// An error where there should be none is a failed check.
fn failed(name: &str, error: Error) -> [Check; 2] {
    let one = |measure| Check { worst: f64::INFINITY, at: error.to_string(), ..check(name.to_string(), measure, 0.0) };
    [one("dot products"), one("2 - order of the Taylor remainder")]
}

/// All layers, losses and objectives.
pub(super) fn checks(mut done: impl FnMut(Check)) {
    let mut draw = Draw(Xoshiro256PlusPlus::seed_from_u64(7));
    for description in NETWORKS {
        network(description, &mut draw).unwrap_or_else(|e| failed(description, e)).into_iter().for_each(&mut done);
    }
    let losses = [
        loss("LeastSquares", LeastSquares, &mut draw).unwrap_or_else(|e| failed("LeastSquares", e)),
        loss("SoftmaxCrossEntropy", SoftmaxCrossEntropy, &mut draw)
            .unwrap_or_else(|e| failed("SoftmaxCrossEntropy", e)),
        loss("Logistic", Logistic, &mut draw).unwrap_or_else(|e| failed("Logistic", e)),
    ];
    losses.into_iter().flatten().for_each(&mut done);
    let objectives = objectives(&mut draw).unwrap_or_else(|e| vec![failed("objectives", e)]);
    objectives.into_iter().flatten().for_each(&mut done);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ½ ‖θ‖² with a gradient that is off by a thousandth.
    struct Wrong(Vec<f64>);

    impl Objective<f64> for Wrong {
        fn params(&self) -> usize {
            3
        }

        fn value(&mut self, theta: &[f64]) -> Result<f64, Error> {
            self.0 = theta.to_vec();
            Ok(0.5 * theta.iter().map(|t| t * t).sum::<f64>())
        }

        fn gradient(&mut self, gradient: &mut [f64]) -> Result<(), Error> {
            gradient.iter_mut().zip(&self.0).for_each(|(g, t)| *g = 1.001 * t);
            Ok(())
        }

        fn product(&mut self, v: &[f64], hv: &mut [f64]) -> Result<(), Error> {
            hv.copy_from_slice(v);
            Ok(())
        }
    }

    #[test]
    fn a_gradient_that_is_off_by_a_thousandth_is_caught() {
        let mut draw = Draw(Xoshiro256PlusPlus::seed_from_u64(1));
        let found = objective("wrong", &mut Wrong(Vec::new()), &mut draw).unwrap();
        assert!(found.iter().all(|check| !check.passes() && check.trials == DIRECTIONS), "{found:?}");
    }
}
