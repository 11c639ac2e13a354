//! CurveBall: trajectories of the reference program, and its invariants.

mod common;

use common::{Npz, assert_close};
use gaussling_core::nn::{
    Activation, Affine, Init, Layer, LeastSquares, Linear, Loss, Network, Point, Relu, Shape, SoftmaxCrossEntropy,
    Tanh, Tikhonov, tanh,
};
use gaussling_core::optim::{
    CurveBall, CurveBallOptions, FullObjective, Objective, Status, VarProLeastSquares, curveball_objective_work_len,
    curveball_state_len, curveball_work_len, full_objective_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Backend, Error, MatMut, MatRef, Portable, Real};

/// The reference's least squares: mean over samples of ‖s − c‖², without ½.
#[derive(Clone, Copy)]
struct SumOfSquares;

impl Loss for SumOfSquares {
    fn sample<T: Real>(&self, s: &[T], c: &[T]) -> T {
        s.iter().zip(c).fold(T::ZERO, |sum, (&s, &c)| sum + (s - c) * (s - c))
    }
    fn sample_gradient<T: Real>(&self, s: &[T], c: &[T], g: &mut [T], _: &mut [T]) -> T {
        g.iter_mut().zip(s.iter().zip(c)).for_each(|(g, (&s, &c))| *g = T::from_f64(2.0) * (s - c));
        self.sample(s, c)
    }
    fn sample_hessian_vector<T: Real>(&self, _: &[T], v: &[T], hv: &mut [T]) {
        hv.iter_mut().zip(v).for_each(|(h, &v)| *h = T::from_f64(2.0) * v);
    }
}

/// Residuals (1 − u, √(100 ε) (v − u²)) of the weights (u, v); the input is ε.
struct Rosenbrock;

impl Rosenbrock {
    fn scale(x: MatRef<'_, f64>) -> f64 {
        (100.0 * x.get(0, 0).unwrap()).sqrt()
    }
}

impl Network<f64> for Rosenbrock {
    fn shape(&self) -> Shape {
        Shape { params: 2, ..Shape::affine(1, 2, false) }
    }
    fn initialize<R: rand_core::Rng>(&self, _: Init, _: &mut R, theta: &mut [f64]) -> Result<(), Error> {
        theta.copy_from_slice(&[-0.25, -0.25]);
        Ok(())
    }
    fn forward<B: Backend<f64>>(
        &self,
        _: &B,
        theta: &[f64],
        x: MatRef<'_, f64>,
        mut z: MatMut<'_, f64>,
        _: &mut [f64],
        _: &mut [f64],
    ) -> Result<(), Error> {
        z.col_mut(0).copy_from_slice(&[1.0 - theta[0], Self::scale(x) * (theta[1] - theta[0] * theta[0])]);
        Ok(())
    }
    fn jvp<B: Backend<f64>>(
        &self,
        _: &B,
        point: Point<'_, f64>,
        d: &[f64],
        _: Option<MatRef<'_, f64>>,
        mut dz: MatMut<'_, f64>,
        _: &mut [f64],
    ) -> Result<(), Error> {
        dz.col_mut(0).copy_from_slice(&[-d[0], Self::scale(point.x) * (d[1] - 2.0 * point.theta[0] * d[0])]);
        Ok(())
    }
    fn vjp<B: Backend<f64>>(
        &self,
        _: &B,
        point: Point<'_, f64>,
        g: MatRef<'_, f64>,
        gtheta: &mut [f64],
        _: Option<MatMut<'_, f64>>,
        _: &mut [f64],
    ) -> Result<(), Error> {
        let scale = Self::scale(point.x);
        gtheta[0] += -g.col(0)[0] - 2.0 * scale * point.theta[0] * g.col(0)[1];
        gtheta[1] += scale * g.col(0)[1];
        Ok(())
    }
}

/// A run of the reference: `batch` hands out inputs and targets of a step.
fn trajectory<N: Network<f64>, L: Loss>(
    tag: &str,
    start: &str,
    network: &N,
    loss: L,
    options: CurveBallOptions<f64>,
    batch: impl Fn(usize) -> (Vec<f64>, Vec<f64>, usize),
) {
    let kat = Npz::open("curveball.npz");
    let key = |name: &str| format!("{tag}_{name}");
    let mut w = kat.f64s(start).1;
    let shape = network.shape();
    let mut method = CurveBall::new(options, vec![0.0; curveball_state_len(w.len())]).unwrap();
    let steps = kat.f64s(&key("loss")).1.len();
    let stored: Option<Vec<usize>> = match kat.keys().any(|k| k == key("w_steps")) {
        true => Some(kat.ints(&key("w_steps")).iter().map(|&i| i as usize).collect()),
        false => kat.keys().any(|k| k == key("w")).then(|| (0..steps).collect()),
    };
    for i in 0..steps {
        let at = |name: &str| kat.f64s(&key(name)).1[i];
        let noise = |name: &str| 10.0 * at(name).max(1e-13);
        let (x, c, n) = batch(i);
        let (x, c) = (MatRef::new(&x, shape.inputs, n).unwrap(), MatRef::new(&c, shape.features, n).unwrap());
        let mut work = vec![f64::NAN; curveball_work_len(shape, n)];
        let refused = method.step(&Portable, network, &loss, &mut w, x, c, &mut work[1..]);
        assert!(matches!(refused, Err(Error::Workspace { .. })), "one element less");
        let report = method.step(&Portable, network, &loss, &mut w, x, c, &mut work).unwrap();
        assert_eq!(report.status, Status::Running);
        // Near the solution loss, ρ and β are ratios of what rounding leaves: their noise is in the file.
        assert!((report.loss - at("loss")).abs() <= noise("noise_loss") * at("loss").abs() + 1e-28, "{tag} loss {i}");
        assert_close(&format!("{tag} beta {i}"), &[report.beta], &[at("beta")], noise("noise_beta"));
        assert!((report.rho - at("rho")).abs() <= noise("noise_rho") * at("rho").abs() + 1e-12, "{tag} rho {i}");
        assert_close(&format!("{tag} lambda {i}"), &[report.lambda], &[at("lam")], 1e-14);
        assert_eq!(report.ratio.is_none(), at("ratio").is_nan(), "{tag}: lambda is adapted in the same steps, {i}");
        if let Some(row) = stored.as_ref().and_then(|s| s.iter().position(|&k| k == i)) {
            assert_close(&format!("{tag} w {i}"), &w, &kat.row(&key("w"), row), noise("noise_w"));
        }
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert_close(&format!("{tag} |w| {i}"), &[norm(&w)], &[at("nw")], noise("noise_w"));
    }
}

#[test]
fn rosenbrock() {
    let one = |_| (vec![1.0], vec![0.0; 2], 1);
    trajectory("rosen", "rosen_w0", &Rosenbrock, SumOfSquares, CurveBallOptions::default(), one);
}

#[test]
fn rosenbrock_with_noise() {
    let eps = Npz::open("curveball.npz").f64s("rosen_eps").1;
    let batch = |i| (vec![eps[i]], vec![0.0; 2], 1);
    trajectory("rosens", "rosen_w0", &Rosenbrock, SumOfSquares, CurveBallOptions::default(), batch);
}

#[test]
fn rosenbrock_with_fixed_parameters() {
    let options = CurveBallOptions { fixed: Some((0.9, 1e-3)), ..Default::default() };
    let one = |_| (vec![1.0], vec![0.0; 2], 1);
    trajectory("rosenfix", "rosen_w0", &Rosenbrock, SumOfSquares, options, one);
}

#[test]
fn rahimi_recht() {
    let kat = Npz::open("curveball.npz");
    let (x, y) = (kat.f64s("rr_X").1, kat.f64s("rr_Y").1);
    let network = (Linear::<6, 6>, Linear::<6, 10>);
    let batch = |_| (x.clone(), y.clone(), 1000);
    trajectory("rr", "rr_w0", &network, SumOfSquares, CurveBallOptions::default(), batch);
}

/// The columns of step `i`, and one-hot labels.
fn mlp_batch(i: usize) -> (Vec<f64>, Vec<f64>, usize) {
    let kat = Npz::open("curveball.npz");
    let first = 64 * i % 512;
    let x = kat.f64s("mlp_X").1[20 * first..20 * (first + 64)].to_vec();
    let labels = &kat.ints("mlp_T")[first..first + 64];
    let c = labels.iter().flat_map(|&label| (0..5).map(move |k| f64::from(u8::from(k == label)))).collect();
    (x, c, 64)
}

#[test]
fn mlp() {
    let network =
        (Affine::<20, 16>, Activation::<_, 16>(Tanh), Affine::<16, 12>, Activation::<_, 12>(Tanh), Affine::<12, 5>);
    trajectory("mlp", "mlp_w0", &network, SoftmaxCrossEntropy, CurveBallOptions::default(), mlp_batch);
    let ten = CurveBallOptions { lambda: 10.0, ..Default::default() };
    trajectory("mlp10", "mlp_w0", &network, SoftmaxCrossEntropy, ten, mlp_batch);
}

#[test]
fn mlp_with_relu() {
    let network =
        (Affine::<20, 16>, Activation::<_, 16>(Relu), Affine::<16, 12>, Activation::<_, 12>(Relu), Affine::<12, 5>);
    trajectory("mlprelu", "mlp_w0", &network, SoftmaxCrossEntropy, CurveBallOptions::default(), mlp_batch);
}

/// On a strictly convex quadratic with λ = 0 the first two iterates are those of conjugate gradients; the third is not.
#[test]
fn first_two_iterates_are_those_of_conjugate_gradients() {
    let n = 8;
    let number = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5;
    let x: Vec<f64> = (0..n * 20).map(|i| number(i) * (1.0 + (i % n) as f64)).collect();
    let c: Vec<f64> = (0..20).map(|i| number(5 * i + 2)).collect();
    let (xv, cv) = (MatRef::new(&x, n, 20).unwrap(), MatRef::new(&c, 1, 20).unwrap());
    let network = Linear::<8, 1>;
    let options = CurveBallOptions { lambda: 0.0, adapt_lambda: false, ..Default::default() };
    let mut method = CurveBall::new(options, vec![0.0; n]).unwrap();
    let mut work = vec![0.0; curveball_work_len(Network::<f64>::shape(&network), 20)];
    let mut w = vec![0.0; n];
    // CG on (2/20) X Xᵀ w = (2/20) X c
    let product = |v: &[f64]| -> Vec<f64> {
        let xv: Vec<f64> = x.chunks(n).map(|x| x.iter().zip(v).map(|(a, b)| a * b).sum::<f64>() * 0.1).collect();
        (0..n).map(|i| x.chunks(n).zip(&xv).map(|(x, s)| x[i] * s).sum()).collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut r: Vec<f64> = (0..n).map(|i| x.chunks(n).zip(&c).map(|(x, c)| 0.1 * x[i] * c).sum()).collect();
    let (mut p, mut cg) = (r.clone(), vec![0.0; n]);
    for k in 0..3 {
        let hp = product(&p);
        let alpha = dot(&r, &r) / dot(&p, &hp);
        cg.iter_mut().zip(&p).for_each(|(c, p)| *c += alpha * p);
        let next: Vec<f64> = r.iter().zip(&hp).map(|(r, h)| r - alpha * h).collect();
        let beta = dot(&next, &next) / dot(&r, &r);
        p = next.iter().zip(&p).map(|(r, p)| r + beta * p).collect();
        r = next;
        method.step(&Portable, &network, &SumOfSquares, &mut w, xv, cv, &mut work).unwrap();
        let difference = w.iter().zip(&cg).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert_eq!(difference < 1e-12, k < 2, "iterate {}: {difference:e}", k + 1);
    }
}

/// Counts the passes of a network.
struct Counted<'a, N>(&'a N, std::cell::Cell<[usize; 3]>);

impl<N> Counted<'_, N> {
    fn count(&self, i: usize) {
        let mut counts = self.1.get();
        counts[i] += 1;
        self.1.set(counts);
    }
}

impl<N: Network<f64>> Network<f64> for Counted<'_, N> {
    fn shape(&self) -> Shape {
        self.0.shape()
    }
    fn initialize<R: rand_core::Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [f64]) -> Result<(), Error> {
        self.0.initialize(scheme, rng, theta)
    }
    fn forward<B: Backend<f64>>(
        &self,
        backend: &B,
        theta: &[f64],
        x: MatRef<'_, f64>,
        z: MatMut<'_, f64>,
        cache: &mut [f64],
        work: &mut [f64],
    ) -> Result<(), Error> {
        self.count(0);
        self.0.forward(backend, theta, x, z, cache, work)
    }
    fn jvp<B: Backend<f64>>(
        &self,
        backend: &B,
        point: Point<'_, f64>,
        d: &[f64],
        dx: Option<MatRef<'_, f64>>,
        dz: MatMut<'_, f64>,
        work: &mut [f64],
    ) -> Result<(), Error> {
        self.count(1);
        self.0.jvp(backend, point, d, dx, dz, work)
    }
    fn vjp<B: Backend<f64>>(
        &self,
        backend: &B,
        point: Point<'_, f64>,
        g: MatRef<'_, f64>,
        gtheta: &mut [f64],
        gx: Option<MatMut<'_, f64>>,
        work: &mut [f64],
    ) -> Result<(), Error> {
        self.count(2);
        self.0.vjp(backend, point, g, gtheta, gx, work)
    }
}

#[test]
fn a_step_takes_one_forward_one_backward_two_forward_mode_passes() {
    let network = (Linear::<6, 6>, Linear::<6, 10>);
    let kat = Npz::open("curveball.npz");
    let (x, y, mut w) = (kat.f64s("rr_X").1, kat.f64s("rr_Y").1, kat.f64s("rr_w0").1);
    let (x, y) = (MatRef::new(&x, 6, 1000).unwrap(), MatRef::new(&y, 10, 1000).unwrap());
    let counted = Counted(&network, std::cell::Cell::new([0; 3]));
    let mut work = vec![0.0; curveball_work_len(counted.shape(), 1000)];
    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0; w.len()]).unwrap();
    for _ in 0..10 {
        let report = method.step(&Portable, &counted, &SumOfSquares, &mut w, x, y, &mut work).unwrap();
        assert_eq!(report.work_units, counted.1.get().iter().sum::<usize>());
    }
    // One forward pass more in the two steps that adapt λ.
    assert_eq!(counted.1.get(), [12, 20, 10]);
}

/// On all weights and with the data of the batch, a step on the objective is a step on the network, at 6 passes.
#[test]
fn steps_on_the_full_objective_are_those_on_the_network() {
    let network = (Linear::<6, 6>, Linear::<6, 10>);
    let kat = Npz::open("curveball.npz");
    let (x, y, start) = (kat.f64s("rr_X").1, kat.f64s("rr_Y").1, kat.f64s("rr_w0").1);
    let (x, y) = (MatRef::new(&x, 6, 1000).unwrap(), MatRef::new(&y, 10, 1000).unwrap());
    let counted = Counted(&network, std::cell::Cell::new([0; 3]));
    let none = Tikhonov { alpha: 0.0 };
    let mut buffer = vec![f64::NAN; full_objective_work_len(Network::<f64>::shape(&network), 1000)];
    let mut objective = FullObjective::new(&counted, SumOfSquares, none, &Portable, x, y, &mut buffer).unwrap();
    let mut work = vec![0.0; curveball_work_len(Network::<f64>::shape(&network), 1000)];
    for fixed in [None, Some((0.9, 0.01))] {
        let options = CurveBallOptions { fixed, weight_decay: 1e-3, ..Default::default() };
        let (mut a, mut b) = (start.clone(), start.clone());
        let mut on_network = CurveBall::new(options, vec![0.0; a.len()]).unwrap();
        let mut on_objective = CurveBall::new(options, vec![0.0; a.len()]).unwrap();
        let mut exact = vec![f64::NAN; curveball_objective_work_len(a.len())];
        counted.1.set([0; 3]);
        for _ in 0..10 {
            let one = on_network.step(&Portable, &network, &SumOfSquares, &mut a, x, y, &mut work).unwrap();
            let two = on_objective.step_objective(&Portable, &mut objective, &mut b, &mut exact).unwrap();
            assert!((one.loss - two.loss).abs() <= 1e-12 * one.loss && one.lambda == two.lambda, "{one:?} {two:?}");
            assert!((one.rho - two.rho).abs() < 1e-9 && (one.beta - two.beta).abs() <= 1e-9 * one.beta.abs());
            assert_eq!(one.ratio.is_some(), two.ratio.is_some());
            assert_close("residual norm", &[two.residual_norm], &[one.residual_norm], 1e-9);
            // A work unit is a pass over the network, here as counted by it.
            assert_eq!(two.work_units, counted.1.get().iter().sum::<usize>());
            assert_close("weights", &b, &a, 1e-11);
        }
        // Ten values, two more for λ; a backward pass for each gradient and product; no product with z = 0.
        let products = if fixed.is_none() { 19 } else { 9 };
        let values = if fixed.is_none() { 12 } else { 10 };
        assert_eq!(counted.1.get(), [values, products, 10 + products]);
        let short = on_objective.step_objective(&Portable, &mut objective, &mut b, &mut exact[1..]);
        assert!(matches!(short, Err(Error::Workspace { .. })));
    }
}

/// With the output weights projected out the loss falls further in as many steps.
#[test]
fn projection_helps() {
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.5;
    let x: Vec<f64> = (0..2 * 80).map(|i| 3.0 * number(i)).collect();
    let c: Vec<f64> = x.chunks(2).map(|x| (2.0 * x[0]).sin() * x[1] + 0.5).collect();
    let (x, c) = (MatRef::new(&x, 2, 80).unwrap(), MatRef::new(&c, 1, 80).unwrap());
    type Net = (Affine<2, 6>, Activation<Tanh, 6>);
    let net: Net = (Affine, tanh());
    let whole = (net, Affine::<6, 1>);
    let alpha = Tikhonov { alpha: 1e-8 };
    let theta: Vec<f64> = (0..18).map(|i| number(17 * i)).collect();
    let mut buffer = vec![0.0; varpro_least_squares_work_len(<Net as Layer>::SHAPE, 1, 80)];
    let mut reduced = VarProLeastSquares::new(&net, alpha, 1e-8, &Portable, x, c, &mut buffer).unwrap();
    let mut start = vec![0.0; 18];
    reduced.value_and_gradient(&theta, &mut start).unwrap();
    let w0 = [theta.as_slice(), reduced.weights()].concat();
    let mut full_buffer = vec![0.0; full_objective_work_len(Network::<f64>::shape(&whole), 80)];
    let mut full = FullObjective::new(&whole, LeastSquares, alpha, &Portable, x, c, &mut full_buffer).unwrap();
    fn losses(objective: &mut impl Objective<f64>, mut w: Vec<f64>) -> [f64; 2] {
        let options = CurveBallOptions { lambda: 0.1, ..Default::default() };
        let mut method = CurveBall::new(options, vec![0.0; w.len()]).unwrap();
        let mut work = vec![0.0; curveball_objective_work_len(w.len())];
        let mut step = || method.step_objective(&Portable, objective, &mut w, &mut work).unwrap().loss;
        let first = step();
        for _ in 0..98 {
            step();
        }
        [first, step()]
    }
    let ([a, full], [b, reduced]) = (losses(&mut full, w0), losses(&mut reduced, theta));
    assert!((a - b).abs() < 1e-9 && reduced < 0.5 * full && full < a, "{a} {b}: {full:e} {reduced:e}");
}

/// A batch with a NaN leaves weights and momentum as they were.
#[test]
fn nothing_moves_on_nan() {
    let network = Linear::<1, 1>;
    let mut w = [0.5];
    let mut method = CurveBall::new(CurveBallOptions::default(), vec![0.0]).unwrap();
    let mut work = vec![0.0; curveball_work_len(Network::<f64>::shape(&network), 1)];
    let mut step = |x: f64, w: &mut [f64]| {
        let (x, c) = ([x], [1.0]);
        let (x, c) = (MatRef::new(&x, 1, 1).unwrap(), MatRef::new(&c, 1, 1).unwrap());
        method.step(&Portable, &network, &SumOfSquares, w, x, c, &mut work).unwrap()
    };
    assert_eq!(step(1.0, &mut w).status, Status::Running);
    let before = w;
    assert_eq!(step(f64::NAN, &mut w).status, Status::NonFinite);
    assert_eq!(w, before);
    assert!(step(1.0, &mut w).status == Status::Running && w != before);
}
