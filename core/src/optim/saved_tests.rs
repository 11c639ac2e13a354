//! Tests of [`SaveState`]: a run that another instance takes over, after any number of steps, has the bits of one that was
//! never interrupted; damaged states are errors.

use super::*;
use crate::nn::{Activation, Affine, Layer, LeastSquares, Network, Shape, SoftmaxCrossEntropy, Tanh, Tikhonov, tanh};
use crate::{Error, MatRef, Portable, Real};
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

type Features = (Affine<2, 3>, Activation<Tanh, 3>);
const FEATURES: Features = (Affine, tanh());
type Whole = (Affine<2, 3>, Activation<Tanh, 3>, Affine<3, 3>);
const WHOLE: Whole = (Affine, tanh(), Affine);
const N: usize = 12;
const STEPS: usize = 40;

/// Numbers in [−2, 2) without pattern.
fn numbers<T: Real>(len: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64((i as f64 * 2.399_963).rem_euclid(1.0) * 4.0 - 2.0)).collect()
}

/// Three classes in turn, as columns.
fn labels<T: Real>() -> Vec<T> {
    (0..3 * N).map(|i| if i % 3 == i / 3 % 3 { T::ONE } else { T::ZERO }).collect()
}

/// Two buffers, the second with other contents.
fn buffers<T: Real>(len: usize) -> [Vec<T>; 2] {
    [vec![T::ZERO; len], vec![T::from_f64(f64::NAN); len]]
}

/// The second instance takes over from the first.
fn hand_over<T: Real>(pair: &mut [impl SaveState<T>; 2]) {
    let [old, new] = pair;
    let mut state = vec![T::ONE; old.state_len()];
    old.save(&mut state).unwrap();
    new.restore(&state).unwrap();
    pair.swap(0, 1);
}

/// Compares the records of a straight run with those of all interrupted ones.
fn compare(what: &str, mut run: impl FnMut(Option<usize>) -> Vec<String>) -> Vec<String> {
    let straight = run(None);
    assert_eq!(straight.len(), STEPS);
    for k in 0..STEPS {
        let interrupted = run(Some(k));
        let differs = (0..STEPS).find(|&i| interrupted[i] != straight[i]);
        assert!(differs.is_none(), "{what}: saved after {k} steps, step {differs:?} differs");
    }
    straight
}

fn record<T: Real>(report: impl core::fmt::Debug, theta: &[T]) -> String {
    // The decimal form of a number is unique to its bits.
    format!("{report:?} {theta:?}")
}

fn trust_region<T: Real, O: Objective<T> + SaveState<T>>(
    mut objectives: [O; 2],
    subproblem: Subproblem,
    tolerance: T,
    interrupted: Option<usize>,
) -> Vec<String> {
    let params = objectives[0].params();
    let options = TrustRegionOptions { subproblem, relative_gradient_tolerance: tolerance, ..Default::default() };
    let mut buffers = buffers::<T>(trust_region_work_len(params, &options));
    let mut methods = buffers.each_mut().map(|b| TrustRegion::new(params, options, b).unwrap());
    let mut theta = numbers::<T>(params);
    (0..STEPS)
        .map(|k| {
            if interrupted == Some(k) {
                hand_over(&mut methods);
                hand_over(&mut objectives);
            }
            let report = methods[0].step(&Portable, &mut objectives[0], &mut theta).unwrap();
            record(report, &theta)
        })
        .collect()
}

fn lbfgs<T: Real, O: Objective<T> + SaveState<T>>(
    mut objectives: [O; 2],
    tolerance: T,
    interrupted: Option<usize>,
) -> Vec<String> {
    let params = objectives[0].params();
    let options = LbfgsOptions { memory: 4, relative_gradient_tolerance: tolerance, ..Default::default() };
    let mut buffers = buffers::<T>(lbfgs_work_len(params, 4));
    let mut methods = buffers.each_mut().map(|b| Lbfgs::new(params, options, b).unwrap());
    let mut theta = numbers::<T>(params);
    (0..STEPS)
        .map(|k| {
            if interrupted == Some(k) {
                hand_over(&mut methods);
                hand_over(&mut objectives);
            }
            let report = methods[0].step(&Portable, &mut objectives[0], &mut theta).unwrap();
            record(report, &theta)
        })
        .collect()
}

/// What to do with a pair of objectives of any type.
trait Run<T: Real> {
    fn run<O: Objective<T> + SaveState<T>>(&self, objectives: [O; 2]) -> Vec<String>;
}

struct ByTrustRegion(Subproblem, f64, Option<usize>);
impl<T: Real> Run<T> for ByTrustRegion {
    fn run<O: Objective<T> + SaveState<T>>(&self, objectives: [O; 2]) -> Vec<String> {
        trust_region(objectives, self.0, T::from_f64(self.1), self.2)
    }
}

struct ByLbfgs(f64, Option<usize>);
impl<T: Real> Run<T> for ByLbfgs {
    fn run<O: Objective<T> + SaveState<T>>(&self, objectives: [O; 2]) -> Vec<String> {
        lbfgs(objectives, T::from_f64(self.0), self.1)
    }
}

/// Runs on two instances of the objective with this number: reduced least squares, reduced softmax, all weights.
fn on_objective<T: Real>(which: usize, run: &impl Run<T>) -> Vec<String> {
    let (x, c, labels) = (numbers::<T>(2 * N), numbers::<T>(2 * N), labels::<T>());
    let x = MatRef::new(&x, 2, N).unwrap();
    let (c, labels) = (MatRef::new(&c, 2, N).unwrap(), MatRef::new(&labels, 3, N).unwrap());
    let (alpha, tolerance) = (T::from_f64(1e-3), T::from_f64(1e-5));
    let (r, loss) = (Tikhonov { alpha }, SoftmaxCrossEntropy);
    match which {
        0 => {
            let mut buffers = buffers::<T>(varpro_least_squares_work_len(Features::SHAPE, 2, N));
            let new = |b| VarProLeastSquares::new(&FEATURES, r, alpha, &Portable, x, c, b).unwrap();
            let [a, b] = &mut buffers;
            run.run([new(a), new(b)])
        }
        1 => {
            let mut buffers = buffers::<T>(varpro_convex_work_len(Features::SHAPE, 3, N));
            let new = |b| VarProConvex::new(&FEATURES, loss, r, alpha, tolerance, &Portable, x, labels, b).unwrap();
            let [a, b] = &mut buffers;
            run.run([new(a), new(b)])
        }
        _ => {
            let mut buffers = buffers::<T>(full_objective_work_len(Whole::SHAPE, N));
            let new = |b| FullObjective::new(&WHOLE, loss, r, &Portable, x, labels, b).unwrap();
            let [a, b] = &mut buffers;
            run.run([new(a), new(b)])
        }
    }
}

#[test]
fn trust_regions_go_on_with_the_same_bits() {
    fn check<T: Real>() {
        let mut records = Vec::new();
        let subproblems = [
            Subproblem::Recycled { pairs: 5 },
            Subproblem::Recycled { pairs: 0 },
            Subproblem::Gmres { reorthogonalize: false },
        ];
        for (which, subproblem) in (0..3).flat_map(|which| subproblems.map(|s| (which, s))) {
            let run = |k| on_objective::<T>(which, &ByTrustRegion(subproblem, 0.0, k));
            records.extend(compare(&format!("objective {which}, {subproblem:?}"), run));
        }
        // The first gradient matters where it decides when to stop.
        let run = |k| on_objective::<T>(0, &ByTrustRegion(subproblems[0], 0.02, k));
        assert!(compare("until the gradient is small", run).iter().any(|r| r.contains("SmallGradient")));
        // The hard states were met: a space that is kept, a step without products, a step that was rejected.
        for text in ["Rejected", "Expanded", "AcceptedAndShrunk", "krylov_dim: 0"] {
            assert!(records.iter().any(|r| r.contains(text)), "no {text}");
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn lbfgs_goes_on_with_the_same_bits() {
    for which in 0..3 {
        compare("f64", |k| on_objective::<f64>(which, &ByLbfgs(0.0, k)));
        compare("f32", |k| on_objective::<f32>(which, &ByLbfgs(0.0, k)));
    }
    let until_small = compare("until the gradient is small", |k| on_objective::<f64>(0, &ByLbfgs(0.02, k)));
    assert!(until_small.iter().any(|r| r.contains("SmallGradient")));
}

fn first_order<T: Real, U: Update<T> + SaveState<T>>(mut rules: [U; 2], interrupted: Option<usize>) -> Vec<String> {
    let (x, labels) = (numbers::<T>(2 * N), labels::<T>());
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&labels, 3, N).unwrap());
    let mut theta = numbers::<T>(Whole::PARAMS);
    let (mut g, mut work) = (theta.clone(), vec![T::ZERO; loss_work_len(Whole::SHAPE, N)]);
    (0..STEPS)
        .map(|k| {
            if interrupted == Some(k) {
                hand_over(&mut rules);
            }
            let loss =
                loss_and_gradient(&Portable, &WHOLE, SoftmaxCrossEntropy, &theta, x, c, &mut g, &mut work).unwrap();
            rules[0].update(&Portable, &mut theta, &g).unwrap();
            record(loss, &theta)
        })
        .collect()
}

#[test]
fn first_order_steps_go_on_with_the_same_bits() {
    fn check<T: Real>() {
        let rate = T::from_f64(0.1);
        let adam = || buffers::<T>(adam_state_len(Whole::PARAMS)).map(|b| Adam::new(rate, b));
        let sgd = || buffers::<T>(Whole::PARAMS).map(|b| Sgd::new(rate, T::from_f64(0.9), b));
        compare("Adam", |k| first_order(adam(), k));
        compare("SGD", |k| first_order(sgd(), k));
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn curveball_goes_on_with_the_same_bits() {
    fn check<T: Real>() {
        let (x, labels) = (numbers::<T>(2 * N), labels::<T>());
        let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&labels, 3, N).unwrap());
        let mut work = vec![T::ZERO; curveball_work_len(Whole::SHAPE, N)];
        compare("CurveBall", |interrupted| {
            let new = |b| CurveBall::new(CurveBallOptions::default(), b).unwrap();
            let mut methods = buffers::<T>(Whole::PARAMS).map(new);
            let mut w = numbers::<T>(Whole::PARAMS);
            let step = |k| {
                if interrupted == Some(k) {
                    hand_over(&mut methods);
                }
                let report = methods[0].step(&Portable, &WHOLE, &SoftmaxCrossEntropy, &mut w, x, c, &mut work);
                record(report.unwrap(), &w)
            };
            (0..STEPS).map(step).collect()
        });
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn slimtrain_goes_on_with_the_same_bits() {
    fn check<T: Real>() {
        const BATCH: usize = 5;
        let (x, c) = (numbers::<T>(2 * N), numbers::<T>(2 * N));
        let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 2, N).unwrap());
        let r = Tikhonov { alpha: T::from_f64(1e-3) };
        let mut work = vec![T::ZERO; slimtrain_work_len(Features::SHAPE, 2, BATCH, 2)];
        compare("slimTrain", |interrupted| {
            let new = |b| SlimTrain::new(Features::SHAPE, 2, BATCH, 2, T::from_f64(1e-2), b).unwrap();
            let mut methods = buffers::<T>(sampled_tikhonov_state_len(3, BATCH, 2) + 1).map(new);
            let mut adams = buffers::<T>(adam_state_len(Features::PARAMS)).map(|b| Adam::new(T::from_f64(0.01), b));
            let (mut theta, mut w) = (numbers::<T>(Features::PARAMS), vec![T::ZERO; 8]);
            let step = |k: usize| {
                if interrupted == Some(k) {
                    hand_over(&mut methods);
                    hand_over(&mut adams);
                }
                // Batches of 5, 5 and 2.
                let first = k % 3 * BATCH;
                let count = BATCH.min(N - first);
                let (x, c) = (x.columns(first, count).unwrap(), c.columns(first, count).unwrap());
                let (rule, adam) = (&mut Selection::Gcv, &mut adams[0]);
                let [method, _] = &mut methods;
                let report =
                    method.step(&Portable, &FEATURES, &r, rule, adam, &mut theta, &mut w, x, c, &mut work).unwrap();
                record((report, &w), &theta)
            };
            (0..STEPS).map(step).collect()
        });
    }
    check::<f64>();
    check::<f32>();
}

/// Two counts, a flag, an option and numbers.
#[derive(Clone, Debug, PartialEq)]
struct Sample(usize, usize, bool, Option<f32>, Vec<f32>);

impl SaveState<f32> for Sample {
    fn tag(&self) -> usize {
        1000
    }
    fn write(&self, out: &mut StateWriter<'_, f32>) {
        out.count(self.0);
        out.count(self.1);
        out.flag(self.2);
        out.option(self.3);
        out.numbers(&self.4);
    }
    fn read(&mut self, from: &mut StateReader<'_, f32>) -> Result<(), Error> {
        (self.0, self.1, self.2, self.3) = (from.count(usize::MAX)?, from.count(9)?, from.flag()?, from.option()?);
        from.numbers(&mut self.4);
        Ok(())
    }
}

#[test]
fn counts_and_flags_are_exact_in_single_precision() {
    let counts = [0, 1, (1 << 20) - 1, 1 << 20, (1 << 24) + 1, usize::MAX / 3, usize::MAX - 1, usize::MAX];
    for (i, n) in counts.into_iter().enumerate() {
        let bits = [0x8000_0000, 0x7fc0_1234, 1, 0xff80_0000].map(f32::from_bits).to_vec();
        let sample = Sample(n, i, i % 2 == 0, (i % 3 == 0).then_some(-0.5), bits);
        let mut state = vec![f32::NAN; sample.state_len()];
        assert_eq!(state.len(), 1 + 4 + 4 + 1 + 2 + 4);
        sample.save(&mut state).unwrap();
        let mut restored = Sample(7, 7, true, None, vec![0.0; 4]);
        restored.restore(&state).unwrap();
        assert_eq!((restored.0, restored.1, restored.2, restored.3), (sample.0, sample.1, sample.2, sample.3));
        assert!(restored.4.iter().zip(&sample.4).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn damaged_states_are_errors_at_their_place() {
    let sample = Sample(3, 9, true, Some(2.0), vec![1.0]);
    let mut good = vec![0.0; sample.state_len()];
    sample.save(&mut good).unwrap();
    let restore = |state: &[f32]| sample.clone().restore(state);
    assert_eq!(restore(&good), Ok(()));
    assert!(matches!(restore(&good[1..]), Err(Error::Length { what: "state", .. })));
    assert!(matches!(sample.save(&mut good.clone()[1..]), Err(Error::Length { what: "state", .. })));
    for bad in [f32::NAN, f32::INFINITY, -1.0, 0.5, 2_000_000.0, 1e30] {
        // Tag; two counts, reported at their first digit; two flags. The last two elements are numbers.
        for (index, reported) in (0..11).zip([0, 1, 1, 1, 1, 5, 5, 5, 5, 9, 10]) {
            let mut state = good.clone();
            state[index] = bad;
            assert_eq!(restore(&state), Err(Error::InvalidState { index: reported }), "{bad} at {index}");
        }
    }
    let mut state = good.clone();
    state[5] = 10.0; // more than the reader allows
    assert_eq!(restore(&state), Err(Error::InvalidState { index: 5 }));
    state[5] = 9.0;
    state[4] = 17.0; // 17·2⁶⁰ does not fit 64 bits
    assert_eq!(restore(&state), Err(Error::InvalidState { index: 1 }));
}

/// Whatever stands in a state, restoring it and going on ends without a panic, and other methods' states are refused.
#[test]
fn no_state_makes_a_method_panic() {
    let (x, c) = (numbers::<f64>(2 * N), numbers::<f64>(2 * N));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 2, N).unwrap());
    let (r, params) = (Tikhonov { alpha: 1e-3 }, Features::PARAMS);
    for subproblem in [Subproblem::Recycled { pairs: 3 }, Subproblem::Gmres { reorthogonalize: true }] {
        let mut memory = vec![0.0; varpro_least_squares_work_len(Features::SHAPE, 2, N)];
        let mut objective = VarProLeastSquares::new(&FEATURES, r, 1e-3, &Portable, x, c, &mut memory).unwrap();
        let options = TrustRegionOptions { subproblem, krylov_dim: 3, ..Default::default() };
        let [mut a, mut b] = buffers::<f64>(trust_region_work_len(params, &options));
        let mut method = TrustRegion::new(params, options, &mut a).unwrap();
        let mut theta = numbers::<f64>(params);
        for _ in 0..5 {
            method.step(&Portable, &mut objective, &mut theta).unwrap();
        }
        let mut state = vec![0.0; method.state_len()];
        method.save(&mut state).unwrap();
        let mut restored = TrustRegion::new(params, options, &mut b).unwrap();
        let (mut refused, kept) = (0, theta.clone());
        for i in 0..state.len() {
            for bad in [f64::NAN, 3.0, -1e300] {
                let good = core::mem::replace(&mut state[i], bad);
                refused += usize::from(restored.restore(&state).is_err());
                let _ = restored.step(&Portable, &mut objective, &mut theta);
                theta.copy_from_slice(&kept);
                state[i] = good;
            }
        }
        // The tag, four options, three flags and at least two counts of four digits, by two of three bad numbers.
        assert!(refused >= 2 * (1 + 4 + 3 + 8), "{refused}");
        let mut other = vec![0.0; objective.state_len()];
        objective.save(&mut other).unwrap();
        let mut sgd = Sgd::new(0.1, 0.9, vec![0.0; other.len() - 1]);
        assert_eq!(sgd.restore(&other), Err(Error::InvalidState { index: 0 }));
    }
}

/// Passes are part of the state of [`FirstOrder`], beside that of its rule.
#[test]
fn first_order_goes_on_with_the_same_bits() {
    let (x, c) = (numbers::<f64>(2 * N), labels::<f64>());
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 3, N).unwrap());
    let r = Tikhonov { alpha: 1e-3 };
    compare("first order", |interrupted| {
        let new = |poison| FirstOrder::new(Adam::new(0.05, vec![poison; adam_state_len(Whole::PARAMS)]));
        let mut methods = [new(0.0), new(f64::NAN)];
        let (mut theta, mut gradient) = (numbers::<f64>(Whole::PARAMS), vec![0.0; Whole::PARAMS]);
        let mut work = vec![0.0; loss_work_len(Whole::SHAPE, N)];
        let mut step = |k| {
            if interrupted == Some(k) {
                hand_over(&mut methods);
            }
            let [method, _] = &mut methods;
            let loss = SoftmaxCrossEntropy;
            let report = method.step(&Portable, &WHOLE, loss, &r, &mut theta, x, c, &mut gradient, &mut work).unwrap();
            record(report, &theta)
        };
        (0..STEPS).map(&mut step).collect()
    });
}

/// The tags stand in checkpoints: they stay what they are.
#[test]
fn tags_are_those_of_stored_checkpoints() {
    let (x, c) = (MatRef::new(&[0.5, 1.0], 2, 1).unwrap(), MatRef::new(&[1.0, 0.0, 0.0], 3, 1).unwrap());
    let shape: Shape = Network::<f64>::shape(&FEATURES);
    let r = Tikhonov { alpha: 1.0 };
    let mut room = [(); 7].map(|()| vec![0.0; 2000]);
    let [a, b, d, e, f, g, h] = &mut room;
    let tags = [
        Adam::new(0.1, [0.0; 2]).tag(),
        Sgd::new(0.1, 0.1, [0.0; 2]).tag(),
        CurveBall::new(CurveBallOptions::default(), [0.0; 2]).unwrap().tag(),
        Lbfgs::new(2, LbfgsOptions::default(), a).unwrap().tag(),
        TrustRegion::new(2, TrustRegionOptions::default(), b).unwrap().tag(),
        LevenbergMarquardt::new(2, 2, LevenbergMarquardtOptions::default(), d, &mut [0; 2]).unwrap().tag(),
        SampledTikhonov::new(3, 1, 1, 0, 1.0, [0.0; 4]).unwrap().tag(),
        SlimTrain::new(shape, 1, 1, 0, 1.0, [0.0; 4]).unwrap().tag(),
        FullObjective::new(&WHOLE, LeastSquares, r, &Portable, x, c, e).unwrap().tag(),
        VarProLeastSquares::new(&FEATURES, r, 1.0, &Portable, x, c, f).unwrap().tag(),
        VarProConvex::new(&FEATURES, LeastSquares, r, 1.0, 1e-9, &Portable, x, c, g).unwrap().tag(),
        Prodigy::new(0.1, [0.0; prodigy_state_len(1)]).tag(),
        AdaptiveHead::<f64, 1, 1>::unset().tag(),
        VarProStreamed::new(&FEATURES, r, 1.0, &Portable, x, c, 1, h).unwrap().tag(),
    ];
    assert_eq!(tags, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    let (adam, sgd) = (Adam::new(0.1, [0.0; 2]), Sgd::new(0.1, 0.1, [0.0; 2]));
    assert_eq!([FirstOrder::new(adam).tag(), FirstOrder::new(sgd).tag()], [1, 2], "that of the rule");
}

/// A gradient that is not finite, and a step of θ that leaves the range, are errors of slimTrain, not weights.
#[test]
fn slimtrain_refuses_what_is_not_finite() {
    let x = numbers::<f64>(2 * N);
    let x = MatRef::new(&x, 2, N).unwrap();
    let r = Tikhonov { alpha: 1e-3 };
    let mut work = vec![0.0; slimtrain_work_len(Features::SHAPE, 2, N, 0)];
    for (scale, rate, what) in [(1e200, 0.01, "gradient"), (1e4, f64::MAX, "theta")] {
        let c: Vec<f64> = numbers(2 * N).into_iter().map(|c: f64| c * scale).collect();
        let c = MatRef::new(&c, 2, N).unwrap();
        let state = vec![0.0; sampled_tikhonov_state_len(3, N, 0)];
        let mut method = SlimTrain::new(Features::SHAPE, 2, N, 0, 1e-2, state).unwrap();
        let mut adam = Sgd::new(rate, 0.0, vec![0.0; Features::PARAMS]);
        let (mut theta, mut w) = (numbers::<f64>(Features::PARAMS), vec![0.0; 8]);
        let before = theta.clone();
        let rule = &mut Selection::Gcv;
        let mut step = || method.step(&Portable, &FEATURES, &r, rule, &mut adam, &mut theta, &mut w, x, c, &mut work);
        let outcome = step().or_else(|e| if e == (Error::NonFinite { what }) { Err(e) } else { step() });
        assert_eq!(outcome.err(), Some(Error::NonFinite { what }));
        assert!(what == "theta" || theta == before);
    }
}
