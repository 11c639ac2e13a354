//! How many steps does it take down Rosenbrock's valley, and does noise matter?
//!
//! f(u, v) = (1 − u)² + 100 ε (v − u²)² as a least-squares problem of two residuals, from (−1/4, −1/4) until f < 1e-4 at
//! ε = 1. With noise a fresh ε is drawn at every step, as in section 4.1 of J. Henriques et al., "Small steps and giant
//! leaps" (ICCV 2019). In two dimensions CurveBall's plane of Δ and z is the whole space: from its second step on it takes
//! the exact damped Gauss–Newton step, so what is seen here is the curvature, not the thrift.
//!
//! `cargo run --release --example rosenbrock`

use gaussling::core::nn::{Init, Loss, Network, Point, Shape, Tikhonov, uniform};
use gaussling::core::optim::{
    Adam, CurveBall, CurveBallOptions, FullObjective, Lbfgs, LbfgsOptions, Sgd, TrustRegion, TrustRegionOptions,
    Update, adam_state_len, curveball_work_len, full_objective_work_len, lbfgs_work_len, loss_and_gradient,
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

const MOST: usize = 10_000;
const ZERO: [f64; 2] = [0.0; 2];

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

/// CurveBall with the published options; ε ~ U[0, width], or 1.
fn curveball(seed: u64, width: Option<f64>) -> Result<usize, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut work = [0.0; curveball_work_len(Valley::SHAPE, 1)];
    let mut method = CurveBall::new(CurveBallOptions::default(), ZERO)?;
    count(|theta| {
        let root = [width.map_or(1.0, |width| width * uniform(&mut rng)).sqrt()];
        let (x, c) = (MatRef::new(&root, 1, 1)?, MatRef::new(&ZERO, 2, 1)?);
        method.step(&Portable, &Valley, &SumOfSquares, theta, x, c, &mut work).map(|_| ())
    })
}

/// Adam or SGD.
fn first_order(mut update: impl Update<f64>) -> Result<usize, Error> {
    let (x, c) = (MatRef::new(&[1.0], 1, 1)?, MatRef::new(&ZERO, 2, 1)?);
    let (mut g, mut work) = (ZERO, [0.0; loss_work_len(Valley::SHAPE, 1)]);
    count(|theta| {
        loss_and_gradient(&Portable, &Valley, SumOfSquares, theta, x, c, &mut g, &mut work)?;
        update.update(theta, &g)
    })
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

/// Mean and standard deviation of the steps of CurveBall over 100 seeds.
fn noisy(width: f64) -> Result<(f64, f64), Error> {
    let steps = (0..100).map(|seed| curveball(seed, Some(width)).map(|n| n as f64)).collect::<Result<Vec<_>, _>>()?;
    let mean = steps.iter().sum::<f64>() / 100.0;
    Ok((mean, (steps.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / 100.0).sqrt()))
}

fn main() -> Result<(), Error> {
    let [exact, lbfgs] = [curveball(0, None)?, lbfgs()?];
    let recycled = gauss_newton(TrustRegionOptions::default())?;
    let gmres = gauss_newton(TrustRegionOptions::published())?;
    let adam = first_order(Adam::new(0.1, [0.0; adam_state_len(2)]))?;
    let sgd = first_order(Sgd::new(5e-4, 0.9, ZERO))?;
    let (narrow, wide) = (noisy(1.0)?, noisy(3.0)?);

    println!("steps to f < 1e-4            ε = 1   ε ~ U[0, 1]   ε ~ U[0, 3]");
    println!(
        "CurveBall, λ = 1             {exact:5}  {:5.1} ± {:3.1}   {:5.1} ± {:3.1}",
        narrow.0, narrow.1, wide.0, wide.1
    );
    println!("Gauss–Newton, GMRES          {:5}  ({} passes)", gmres.0, gmres.1);
    println!("Gauss–Newton, recycled       {:5}  ({} passes)", recycled.0, recycled.1);
    println!("L-BFGS                       {lbfgs:5}");
    println!("Adam, 0.1                    {adam:5}");
    println!("SGD, 5e-4, momentum 0.9      {sgd:5}");

    // The same counts as those of an independent program in NumPy.
    assert_eq!((exact, adam, sgd), (13, 446, 1671));
    assert!((12.0..14.0).contains(&narrow.0) && (12.0..14.0).contains(&wide.0));
    assert!(gmres.0 < 20 && lbfgs < 30 && recycled.1 < 150);
    Ok(())
}
