//! One step of sampled Tikhonov by itself: against the published formula with a dense inverse, its criterion against the residual
//! and trace that it stands for, derivatives, bounds of the regularization, saving and restoring.

use gaussling_core::linalg::{cholesky_in_place, cholesky_solve_in_place};
use gaussling_core::optim::{
    Criterion, LambdaRule, SampledTikhonov, SaveState, Selection, sampled_tikhonov_state_len, sampled_tikhonov_work_len,
};
use gaussling_core::{Backend, Dual, Error, MatMut, MatRef, Portable, Real};

/// Features, targets, samples of a batch, memory.
type Sizes = (usize, usize, usize, usize);
const SIZES: Sizes = (4, 3, 5, 2);
/// More columns in memory than features; fewer; batches of more samples than features, in two pieces; one sample at a time.
const ALL_SIZES: [Sizes; 4] = [SIZES, (9, 2, 3, 1), (3, 2, 40, 2), (6, 4, 1, 3)];

fn number(i: usize) -> f64 {
    ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5
}

fn batch(sizes: Sizes, i: usize) -> (Vec<f64>, Vec<f64>) {
    let (f, m, b, _) = sizes;
    ((0..f * b).map(|j| number(f * b * i + j)).collect(), (0..m * b).map(|j| number(5 * (m * b * i + j) + 2)).collect())
}

fn layer(sizes: Sizes, sum_lambda: f64) -> SampledTikhonov<f64, Vec<f64>> {
    let (f, m, b, r) = sizes;
    SampledTikhonov::new(f, m, b, r, sum_lambda, vec![0.0; sampled_tikhonov_state_len(f, b, r)]).unwrap()
}

fn work(sizes: Sizes) -> Vec<f64> {
    let (f, m, b, r) = sizes;
    vec![f64::NAN; sampled_tikhonov_work_len(f, m, b, r)]
}

/// One step on batch i; returns the report's (Λ, σ_total, loss after).
fn step(
    sizes: Sizes,
    layer: &mut SampledTikhonov<f64, Vec<f64>>,
    i: usize,
    w: &mut [f64],
    rule: &mut impl LambdaRule<f64>,
) -> (f64, f64, f64) {
    let (f, m, b, _) = sizes;
    let (z, c) = batch(sizes, i);
    let (z, c) = (MatRef::new(&z, f, b).unwrap(), MatRef::new(&c, m, b).unwrap());
    let report = layer.update(&Portable, z, c, w, rule, &mut work(sizes)).unwrap();
    (report.lambda, report.sum_lambda, report.loss_after)
}

/// Batch i over a row of ones, divided by √b; targets likewise.
fn scaled(sizes: Sizes, i: usize) -> (Vec<f64>, Vec<f64>) {
    let (f, _, b, _) = sizes;
    let (z, c) = batch(sizes, i);
    let scale = (b as f64).sqrt();
    let z = z.chunks(f).flat_map(|z| z.iter().copied().chain([1.0])).map(|z| z / scale).collect();
    (z, c.iter().map(|c| c / scale).collect())
}

/// W − ((W z − c) zᵀ + Λ W) (M Mᵀ + σ I)⁻¹ by a Cholesky factorization of the k × k matrix; and the trace of z'(...)⁻¹z · m.
fn dense(sizes: Sizes, w: &[f64], newest: usize, lambda: f64, total: f64) -> (Vec<f64>, f64) {
    let (f, m, b, r) = sizes;
    let k = f + 1;
    let mut normal = vec![0.0; k * k];
    normal.iter_mut().step_by(k + 1).for_each(|d| *d = total);
    for i in newest.saturating_sub(r)..=newest {
        let z = scaled(sizes, i).0;
        Portable.syrk(1.0, MatRef::new(&z, k, b).unwrap(), 1.0, MatMut::new(&mut normal, k, k).unwrap()).unwrap();
    }
    let (z, c) = scaled(sizes, newest);
    let z = MatRef::new(&z, k, b).unwrap();
    let mut residual = c;
    let w_view = MatRef::new(w, m, k).unwrap();
    Portable.gemm(1.0, w_view, z, -1.0, MatMut::new(&mut residual, m, b).unwrap()).unwrap();
    let mut g = w.to_vec();
    let r_view = MatRef::new(&residual, m, b).unwrap();
    Portable.gemm(1.0, r_view, z.transpose(), lambda, MatMut::new(&mut g, m, k).unwrap()).unwrap();
    cholesky_in_place(&Portable, MatMut::new(&mut normal, k, k).unwrap()).unwrap();
    let l = MatRef::new(&normal, k, k).unwrap();
    let mut gt: Vec<f64> = (0..m).flat_map(|t| (0..k).map(|j| g[m * j + t]).collect::<Vec<_>>()).collect();
    cholesky_solve_in_place(&Portable, l, MatMut::new(&mut gt, k, m).unwrap()).unwrap();
    let new = (0..m * k).map(|i| w[i] - gt[k * (i % m) + i / m]).collect();
    let mut solved = scaled(sizes, newest).0;
    cholesky_solve_in_place(&Portable, l, MatMut::new(&mut solved, k, b).unwrap()).unwrap();
    (new, m as f64 * solved.iter().zip(&scaled(sizes, newest).0).map(|(a, b)| a * b).sum::<f64>())
}

/// The step in a basis is the published one with a dense inverse, step after step, Λ negative now and then.
#[test]
fn every_step_is_that_of_the_dense_inverse() {
    for sizes in ALL_SIZES {
        let (f, m, _, _) = sizes;
        let mut layer = layer(sizes, 0.5);
        let mut w: Vec<f64> = (0..m * (f + 1)).map(|i| number(11 * i)).collect();
        let mut total = 0.5;
        for i in 0..8 {
            let lambda = [0.1, -0.2, 0.05, -0.01][i % 4];
            total += lambda;
            let expected = dense(sizes, &w, i, lambda, total).0;
            let (used, reported, _) = step(sizes, &mut layer, i, &mut w, &mut Selection::Fixed(lambda));
            assert_eq!((used, (reported - total).abs() < 1e-15), (lambda, true));
            assert!(w.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13), "{sizes:?} {i}: {w:?} {expected:?}");
        }
    }
}

/// residual² is ‖W_new z − c‖², trace that of the influence matrix, and gcv their quotient with N the number of rows.
#[test]
fn the_criterion_is_that_of_the_new_weights() {
    struct Keep(f64, [f64; 3], usize);
    impl LambdaRule<f64> for Keep {
        fn choose(&mut self, criterion: &mut Criterion<'_, f64>) -> f64 {
            self.1 = [criterion.residual_squared(self.0), criterion.trace(self.0), criterion.gcv(self.0)];
            assert_eq!((criterion.rows(), criterion.bounds()), (self.2, (1e-7, 1e3)));
            self.0
        }
    }
    for sizes in ALL_SIZES {
        let (f, m, b, _) = sizes;
        let mut layer = layer(sizes, 0.5);
        let mut w: Vec<f64> = (0..m * (f + 1)).map(|i| number(11 * i)).collect();
        for i in 0..6 {
            let mut rule = Keep(if i % 2 == 0 { 0.1 } else { -0.15 }, [0.0; 3], m * b);
            let trace = dense(sizes, &w, i, rule.0, layer.sum_lambda() + rule.0).1;
            let (_, _, loss) = step(sizes, &mut layer, i, &mut w, &mut rule);
            let (z, mut r) = scaled(sizes, i);
            let z = MatRef::new(&z, f + 1, b).unwrap();
            let out = MatMut::new(&mut r, m, b).unwrap();
            Portable.gemm(1.0, MatRef::new(&w, m, f + 1).unwrap(), z, -1.0, out).unwrap();
            let residual: f64 = r.iter().map(|r| r * r).sum();
            let expected = [residual, trace, residual / ((m * b) as f64 - trace).powi(2)];
            for (found, expected) in rule.1.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-13 * expected.max(1.0), "{sizes:?} {i}: {found} {expected}");
            }
            assert!((2.0 * loss - residual).abs() < 1e-13);
        }
    }
}

/// Dual numbers through the whole step give the slope of every criterion; differences of it agree.
#[test]
fn slopes_of_the_criteria() {
    struct Slopes;
    impl LambdaRule<Dual<f64, 1>> for Slopes {
        fn choose(&mut self, criterion: &mut Criterion<'_, Dual<f64, 1>>) -> Dual<f64, 1> {
            let mut at = |lambda: Dual<f64, 1>| {
                let v = Dual::from_f64(0.01);
                [criterion.gcv(lambda), criterion.discrepancy(lambda, v), criterion.upre(lambda, v)]
            };
            for lambda in [-0.2, 0.0, 0.3, 5.0] {
                let slopes = at(Dual::variable(lambda, 0));
                let h = 1e-5;
                let (above, below) = (at(Dual::from_f64(lambda + h)), at(Dual::from_f64(lambda - h)));
                for ((slope, above), below) in slopes.iter().zip(above).zip(below) {
                    let difference = (above.value() - below.value()) / (2.0 * h);
                    let slope = slope.eps[0];
                    assert!((slope - difference).abs() < 1e-8 * slope.abs().max(1.0), "{slope} {difference}");
                    assert!(slope != 0.0);
                }
            }
            Dual::from_f64(0.0)
        }
    }
    let (f, m, b, r) = SIZES;
    let lift = |x: &[f64]| x.iter().map(|&x| Dual::from_f64(x)).collect::<Vec<Dual<f64, 1>>>();
    let zero = Dual::from_f64(0.0);
    let state = vec![zero; sampled_tikhonov_state_len(f, b, r)];
    let mut layer = SampledTikhonov::new(f, m, b, r, Dual::from_f64(0.5), state).unwrap();
    let mut w = lift(&(0..m * (f + 1)).map(|i| number(11 * i)).collect::<Vec<_>>());
    let mut work = vec![zero; sampled_tikhonov_work_len(f, m, b, r)];
    for i in 0..4 {
        let (z, c) = batch(SIZES, i);
        let (z, c) = (lift(&z), lift(&c));
        let (z, c) = (MatRef::new(&z, f, b).unwrap(), MatRef::new(&c, m, b).unwrap());
        layer.update(&Portable, z, c, &mut w, &mut Slopes, &mut work).unwrap();
    }
}

/// Whatever a rule asks for, the total stays within its bounds, and Λ is what was really added.
#[test]
fn the_total_stays_within_its_bounds() {
    struct Wild(usize);
    impl LambdaRule<f64> for Wild {
        fn choose(&mut self, _: &mut Criterion<'_, f64>) -> f64 {
            self.0 += 1;
            [-1e9, 1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, -0.05][self.0 % 7]
        }
    }
    let (f, m, _, _) = SIZES;
    for start in [1e-10, 0.3, 1e6] {
        let mut layer = layer(SIZES, start);
        for (lower, upper) in [(0.0, 1.0), (1.0, 0.5), (f64::NAN, 1.0), (0.1, f64::INFINITY), (-1.0, 1.0)] {
            assert!(matches!(layer.set_bounds(lower, upper), Err(Error::InvalidOption { .. })));
        }
        layer.set_bounds(0.2, 4.0).unwrap();
        let (mut w, mut total) = (vec![0.0; m * (f + 1)], start);
        let mut rule = Wild(0);
        for i in 0..30 {
            let (lambda, reported, _) = step(SIZES, &mut layer, i, &mut w, &mut rule);
            assert!((0.2..=4.0).contains(&reported) && (total + lambda - reported).abs() < 1e-9 * start.max(1.0));
            assert!(w.iter().all(|w| w.is_finite()));
            total = reported;
        }
    }
    // The rules of the library go to a bound by themselves, no further.
    for (bounds, start) in [((1e-2, 2e-2), 1.0), ((0.5, 8.0), 1e-3)] {
        let mut layer = layer(SIZES, start);
        layer.set_bounds(bounds.0, bounds.1).unwrap();
        let mut w = vec![0.0; m * (f + 1)];
        for i in 0..20 {
            let (_, total, _) = step(SIZES, &mut layer, i, &mut w, &mut Selection::Gcv);
            assert!((bounds.0..=bounds.1).contains(&total), "{total} {bounds:?}");
        }
    }
}

#[test]
fn a_saved_layer_goes_on_with_the_same_bits() {
    let (f, m, b, r) = SIZES;
    let (mut one, mut w) = (layer(SIZES, 1e-3), vec![0.1; m * (f + 1)]);
    for i in 0..4 {
        step(SIZES, &mut one, i, &mut w, &mut Selection::Gcv);
    }
    let (mut other, mut w2) = (layer(SIZES, 7.0), w.clone());
    assert_eq!(one.stored().len(), sampled_tikhonov_state_len(f, b, r));
    let mut saved = vec![0.0; one.state_len()];
    one.save(&mut saved).unwrap();
    assert!(other.restore(&saved[1..]).is_err());
    assert_eq!((other.sum_lambda(), other.steps()), (7.0, 0));
    other.restore(&saved).unwrap();
    assert_eq!(other.stored(), one.stored());
    for i in 4..12 {
        let reports = (
            step(SIZES, &mut one, i, &mut w, &mut Selection::Gcv),
            step(SIZES, &mut other, i, &mut w2, &mut Selection::Gcv),
        );
        assert_eq!(reports.0, reports.1);
    }
    assert_eq!(w, w2);
    assert_eq!(other.stored(), one.stored());
}
