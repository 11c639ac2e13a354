//! How many steps does it take down Rosenbrock's valley, and does noise matter?
//!
//! f(u, v) = (1 − u)² + 100 ε (v − u²)² as a least-squares problem of two residuals, from (−1/4, −1/4) until f < 1e-4 at
//! ε = 1. With noise a fresh ε is drawn at every step, as in section 4.1 of J. Henriques et al., "Small steps and giant
//! leaps" (ICCV 2019); start and stopping rule are ours, so these counts are not comparable with theirs. In two
//! dimensions CurveBall's plane of Δ and z is the whole space: from its second step on it takes the exact damped
//! Gauss–Newton step, so what is seen here is the curvature, not the thrift.
//!
//! `cargo run --release --example rosenbrock`

use gaussling::compare::mean_and_deviation;
use gaussling::core::autodiff::VectorFunction;
use gaussling::core::nn::{Init, Loss, Network, Point, Shape, Tikhonov, uniform};
use gaussling::core::optim::{
    Adam, CurveBall, CurveBallOptions, Differentiated, FullObjective, Lbfgs, LbfgsOptions, LevenbergMarquardt,
    LevenbergMarquardtOptions, LevenbergMarquardtStatus, Sgd, TrustRegion, TrustRegionOptions, Update, adam_state_len,
    curveball_work_len, full_objective_work_len, lbfgs_work_len, levenberg_marquardt_work_len, loss_and_gradient,
    loss_work_len, trust_region_work_len,
};
use gaussling::core::{Backend, Dual, Error, MatMut, MatRef, Portable, Real};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A "network" whose input is √ε and whose two features are the residuals.
struct Valley;

impl Valley {
    const SHAPE: Shape = Shape { params: 2, ..Shape::affine(1, 2, false) };

    /// The only formula; every derivative comes from running it on dual numbers.
    fn residuals<T: Real>([u, v]: [T; 2], root: f64) -> [T; 2] {
        [T::ONE - u, T::from_f64(10.0 * root) * (v - u * u)]
    }

    /// The residuals with their derivatives in `N` directions of (u, v).
    fn dual<const N: usize>(x: MatRef<'_, f64>, theta: &[f64], directions: [[f64; N]; 2]) -> [Dual<f64, N>; 2] {
        let theta = [0, 1].map(|i| Dual { value: theta[i], eps: directions[i] });
        Self::residuals(theta, x.get(0, 0).unwrap_or_default())
    }
}

impl Network<f64> for Valley {
    fn shape(&self) -> Shape {
        Self::SHAPE
    }
    fn initialize<R: Rng>(&self, _: Init, _: &mut R, theta: &mut [f64]) -> Result<(), Error> {
        theta.fill(-0.25);
        Ok(())
    }
    #[rustfmt::skip]
    fn forward<B: Backend<f64>>(
        &self, _: &B, theta: &[f64], x: MatRef<'_, f64>, mut z: MatMut<'_, f64>, _: &mut [f64], _: &mut [f64],
    ) -> Result<(), Error> {
        z.col_mut(0).copy_from_slice(&Self::dual::<0>(x, theta, [[]; 2]).map(|r| r.value));
        Ok(())
    }
    #[rustfmt::skip]
    fn jvp<B: Backend<f64>>(
        &self, _: &B, at: Point<'_, f64>, dtheta: &[f64], _: Option<MatRef<'_, f64>>, mut dz: MatMut<'_, f64>,
        _: &mut [f64],
    ) -> Result<(), Error> {
        dz.col_mut(0).copy_from_slice(&Self::dual(at.x, at.theta, [[dtheta[0]], [dtheta[1]]]).map(|r| r.eps[0]));
        Ok(())
    }
    #[rustfmt::skip]
    fn vjp<B: Backend<f64>>(
        &self, _: &B, at: Point<'_, f64>, g: MatRef<'_, f64>, gtheta: &mut [f64], _: Option<MatMut<'_, f64>>,
        _: &mut [f64],
    ) -> Result<(), Error> {
        for (r, &g) in Self::dual(at.x, at.theta, [[1.0, 0.0], [0.0, 1.0]]).iter().zip(g.col(0)) {
            gtheta.iter_mut().zip(r.eps).for_each(|(t, e)| *t += g * e);
        }
        Ok(())
    }
}

/// The residuals at a given √ε, for Levenberg–Marquardt.
struct At(f64);

impl VectorFunction for At {
    fn eval<T: Real>(&self, theta: &[T], r: &mut [T]) {
        r.copy_from_slice(&Valley::residuals([theta[0], theta[1]], self.0));
    }
}

/// ‖s − c‖², the published loss: twice the core's `LeastSquares`, and λ is weighed against it.
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

const MOST: usize = 50_000;
const ZERO: [f64; 2] = [0.0; 2];

/// Where ε comes from: a generator and the width of U[0, width], or always 1.
type Noise = Option<(Xoshiro256PlusPlus, f64)>;

/// √ε, drawn afresh.
fn root(noise: &mut Noise) -> f64 {
    noise.as_mut().map_or(1.0, |(rng, width)| *width * uniform(rng)).sqrt()
}

/// Steps from (−1/4, −1/4) until f < 1e-4 at ε = 1.
fn count(mut step: impl FnMut(&mut [f64; 2]) -> Result<(), Error>) -> Result<usize, Error> {
    let mut theta = [-0.25; 2];
    for steps in 1..=MOST {
        step(&mut theta)?;
        if Valley::residuals(theta, 1.0).iter().map(|r| r * r).sum::<f64>() < 1e-4 {
            return Ok(steps);
        }
    }
    Ok(MOST)
}

/// CurveBall with the published options.
fn curveball(mut noise: Noise) -> Result<usize, Error> {
    let mut work = [0.0; curveball_work_len(Valley::SHAPE, 1)];
    let mut method = CurveBall::new(CurveBallOptions::default(), ZERO)?;
    count(|theta| {
        let root = [root(&mut noise)];
        let (x, c) = (MatRef::new(&root, 1, 1)?, MatRef::new(&ZERO, 2, 1)?);
        method.step(&Portable, &Valley, &SumOfSquares, theta, x, c, &mut work).map(|_| ())
    })
}

/// Adam or SGD.
fn first_order(mut update: impl Update<f64>, mut noise: Noise) -> Result<usize, Error> {
    let (mut g, mut work) = (ZERO, [0.0; loss_work_len(Valley::SHAPE, 1)]);
    count(|theta| {
        let root = [root(&mut noise)];
        let (x, c) = (MatRef::new(&root, 1, 1)?, MatRef::new(&ZERO, 2, 1)?);
        loss_and_gradient(&Portable, &Valley, SumOfSquares, theta, x, c, &mut g, &mut work)?;
        update.update(&Portable, theta, &g)
    })
}

fn adam(noise: Noise) -> Result<usize, Error> {
    first_order(Adam::new(0.1, [0.0; adam_state_len(2)]), noise)
}

fn sgd(noise: Noise) -> Result<usize, Error> {
    first_order(Sgd::new(5e-4, 0.9, ZERO), noise)
}

/// Trials of Levenberg–Marquardt, rejected ones included.
fn levenberg_marquardt(noise: Noise) -> Result<usize, Error> {
    if noise.is_some() {
        return levenberg_marquardt_afresh(noise);
    }
    let (mut memory, mut permutation) = ([0.0; levenberg_marquardt_work_len(2, 2)], [0; 2]);
    let mut duals = [Dual::<f64, 2>::ZERO; 2 + 2];
    let mut problem = Differentiated::new(At(1.0), 2, 2, &mut duals)?;
    let mut method = LevenbergMarquardt::new(2, 2, Default::default(), &mut memory, &mut permutation)?;
    count(|theta| method.step(&Portable, &mut problem, theta).map(|_| ()))
}

/// The same under noise. The method compares values of one function, so each ε serves until θ moves and a method of its own
/// starts on it; what the last one learnt, its radius relative to ‖Dθ‖, is handed on.
fn levenberg_marquardt_afresh(mut noise: Noise) -> Result<usize, Error> {
    let mut memory = [0.0; levenberg_marquardt_work_len(2, 2)];
    let mut duals = [Dual::<f64, 2>::ZERO; 2 + 2];
    let (mut trials, mut options) = (0, LevenbergMarquardtOptions::default());
    count(|theta| {
        let (root, mut permutation) = (root(&mut noise), [0; 2]);
        // D: the lengths of the columns of the Jacobian
        let scale = [(20.0 * root * theta[0]).hypot(1.0), 10.0 * root];
        let mut problem = Differentiated::new(At(root), 2, 2, &mut duals)?;
        let mut method = LevenbergMarquardt::new(2, 2, options, &mut memory, &mut permutation)?;
        loop {
            let report = method.step(&Portable, &mut problem, theta)?;
            trials += 1;
            if report.accepted || report.status != LevenbergMarquardtStatus::Running {
                options.initial_radius = report.radius / (scale[0] * theta[0]).hypot(scale[1] * theta[1]);
                return Ok(());
            }
        }
    })?;
    Ok(trials)
}

/// f over the caller's buffer, for methods that take an objective.
fn objective(
    buffer: &mut [f64],
) -> Result<FullObjective<'_, f64, Valley, SumOfSquares, Tikhonov<f64>, Portable>, Error> {
    let (x, c) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&ZERO, 2, 1)?);
    FullObjective::new(&Valley, SumOfSquares, Tikhonov { alpha: 0.0 }, &Portable, x, c, buffer)
}

fn lbfgs() -> Result<usize, Error> {
    let mut buffer = [0.0; full_objective_work_len(Valley::SHAPE, 1)];
    let (mut f, mut work) = (objective(&mut buffer)?, [0.0; lbfgs_work_len(2, 10)]);
    let mut method = Lbfgs::new(2, LbfgsOptions::default(), &mut work)?;
    count(|theta| method.step(&Portable, &mut f, theta).map(|_| ()))
}

/// Steps and passes.
fn gauss_newton(options: TrustRegionOptions<f64>) -> Result<(usize, usize), Error> {
    let mut buffer = [0.0; full_objective_work_len(Valley::SHAPE, 1)];
    let (mut f, mut work) = (objective(&mut buffer)?, vec![0.0; trust_region_work_len(2, &options)]);
    let mut method = TrustRegion::new(2, options, &mut work)?;
    let steps = count(|theta| method.step(&Portable, &mut f, theta).map(|_| ()))?;
    Ok((steps, method.work_units()))
}

/// Mean and standard deviation of the steps over 100 seeds.
fn noisy(method: fn(Noise) -> Result<usize, Error>, width: f64) -> Result<(f64, f64), Error> {
    let noise = |seed| Some((Xoshiro256PlusPlus::seed_from_u64(seed), width));
    let steps: Vec<f64> = (0..100).map(|seed| Ok(method(noise(seed))? as f64)).collect::<Result<_, Error>>()?;
    Ok(mean_and_deviation(&steps))
}

fn main() -> Result<(), Error> {
    println!("steps to f < 1e-4          ε = 1      ε ~ U[0, 1]      ε ~ U[0, 3]");
    let mut rows = Vec::new();
    for (name, method) in [
        ("CurveBall, λ = 1", curveball as fn(Noise) -> Result<usize, Error>),
        ("Levenberg–Marquardt", levenberg_marquardt),
        ("Adam, 0.1", adam),
        ("SGD, 5e-4, momentum 0.9", sgd),
    ] {
        let (exact, narrow, wide) = (method(None)?, noisy(method, 1.0)?, noisy(method, 3.0)?);
        println!("{name:26} {exact:5}  {:6.1} ± {:6.1}  {:6.1} ± {:6.1}", narrow.0, narrow.1, wide.0, wide.1);
        rows.push((exact, narrow.0, wide.0));
    }
    // These keep values or curvature of the function from step to step, and noise makes another function of it.
    let (lbfgs, gmres) = (lbfgs()?, gauss_newton(TrustRegionOptions::published())?);
    let recycled = gauss_newton(TrustRegionOptions::default())?;
    println!("L-BFGS                     {lbfgs:5}");
    println!("Gauss–Newton, GMRES        {:5}  ({} passes)", gmres.0, gmres.1);
    println!("Gauss–Newton, recycled     {:5}  ({} passes)", recycled.0, recycled.1);

    // The same counts as those of an independent program in NumPy.
    assert_eq!((rows[0].0, rows[2].0, rows[3].0), (13, 446, 1671));
    assert!(
        (12.0..14.0).contains(&rows[0].1) && (12.0..14.0).contains(&rows[0].2),
        "noise does not matter to CurveBall"
    );
    assert!(rows[1].0 < 20 && rows[1].1 < 20.0 && rows[1].2 < 20.0, "nor much to Levenberg–Marquardt");
    assert!(rows[2].2 > 4.0 * rows[2].1, "but to Adam");
    assert!(gmres.0 < 20 && lbfgs < 30 && recycled.1 < 150);
    Ok(())
}
