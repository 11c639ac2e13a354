//! The methods of the core on a small network, any data, and any options. The convex objective iterates within and takes a
//! hundred times as long as the others: it is a target of its own.
//!
//! Laws: setting a method up is refused, or its steps can be called: each ends with an error, or with a report that says
//! [`Status::NonFinite`], or the weights are finite; and a method restored from a saved state goes on with the same bits.

use crate::input::Input;
use crate::stored::{all_finite, converted, same_bits};
use gaussling::core::nn::{Activation, Affine, Layer, LeastSquares, SoftmaxCrossEntropy, Tanh, Tikhonov, tanh};
use gaussling::core::optim::{
    Adam, CurveBall, CurveBallOptions, FirstOrder, FullObjective, Lbfgs, LbfgsOptions, Objective, Prodigy, SaveState,
    Selection, Sgd, SlimTrain, Status, Subproblem, TrustRegion, TrustRegionOptions, Update, VarProConvex,
    VarProLeastSquares, VarProStreamed, adam_state_len, curveball_objective_work_len, curveball_work_len,
    full_objective_work_len, lbfgs_work_len, loss_work_len, prodigy_state_len, sampled_tikhonov_state_len,
    slimtrain_inputs_len, slimtrain_work_len, trust_region_work_len, varpro_convex_work_len,
    varpro_least_squares_work_len, varpro_streamed_work_len,
};
use gaussling::core::{Error, MatRef, Portable, Real};

type Features = (Affine<2, 3>, Activation<Tanh, 3>);
const FEATURES: Features = (Affine, tanh());
type Whole = (Affine<2, 3>, Activation<Tanh, 3>, Affine<3, 2>);
const WHOLE: Whole = (Affine, tanh(), Affine);
const INPUTS: usize = 2;
const OUTPUTS: usize = 2;
const MOST_SAMPLES: usize = 6;
const MOST_STEPS: usize = 6;
/// The number of the objective of [`convex`].
const CONVEX: u8 = 1;
/// That of variable projection by blocks of two samples.
const STREAMED: u8 = 3;

/// Bytes: method, flags, samples, steps, the step after which it is saved, options, then inputs, targets and weights.
pub fn optimizers(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (method, objective) = (input.byte() % 11, input.byte() % 8);
    // Methods that take no objective have another use for the number.
    run(method, if method < 4 { [0, 2, STREAMED][usize::from(objective % 3)] } else { objective % 3 }, input);
}

/// Bytes: as of [`optimizers`], but for the second, which is not read.
pub fn convex(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (method, _) = (input.byte() % 4, input.byte());
    run(method, CONVEX, input);
}

fn run(method: u8, objective: u8, mut input: Input<'_>) {
    let case = Case {
        method,
        objective,
        flags: input.byte(),
        samples: input.size(MOST_SAMPLES),
        steps: 1 + input.size(MOST_STEPS - 1),
        saved: input.size(3),
        memory: input.size(4),
        numbers: std::array::from_fn(|_| input.number()),
        elements: input.elements((INPUTS + OUTPUTS) * MOST_SAMPLES + Whole::PARAMS),
    };
    if input.flag() { case.run::<f32>() } else { case.run::<f64>() }
}

struct Case {
    method: u8,
    objective: u8,
    flags: u8,
    samples: usize,
    steps: usize,
    saved: usize,
    memory: usize,
    numbers: [f64; 6],
    elements: Vec<f64>,
}

/// Inputs, targets, weights.
type Data<T> = (Vec<T>, Vec<T>, Vec<T>);

impl Case {
    fn flag(&self, bit: u8) -> bool {
        self.flags >> bit & 1 == 1
    }

    /// An option, or what is usual.
    fn number<T: Real>(&self, at: usize, usual: T) -> T {
        if self.flag(7) { T::from_f64(self.numbers[at]) } else { usual }
    }

    fn data<T: Real>(&self) -> Data<T> {
        let (x, rest) = self.elements.split_at(INPUTS * MOST_SAMPLES);
        let (c, theta) = rest.split_at(OUTPUTS * MOST_SAMPLES);
        (converted(&x[..INPUTS * self.samples]), converted(&c[..OUTPUTS * self.samples]), converted(theta))
    }

    fn run<T: Real>(&self) {
        match self.method {
            0..=3 => self.on_objective::<T>(),
            4 => self.curveball::<T>(),
            5 | 6 | 10 => self.slimtrain::<T>(),
            7 => self.first_order(|| {
                Adam::new(self.number(0, T::from_f64(0.1)), vec![T::ZERO; adam_state_len(Whole::PARAMS)])
            }),
            8 => {
                let (rate, momentum) = (self.number(0, T::from_f64(0.1)), self.number(1, T::from_f64(0.9)));
                self.first_order(|| Sgd::new(rate, momentum, vec![T::ZERO; Whole::PARAMS]));
            }
            _ => {
                let distance = self.number(0, T::from_f64(1e-6));
                self.first_order(|| Prodigy::new(distance, vec![T::ZERO; prodigy_state_len(Whole::PARAMS)]));
            }
        }
    }

    /// Methods that need values, gradients and products only, each on its own two objectives.
    fn on_objective<T: Real>(&self) {
        let (x, c, theta) = self.data::<T>();
        let x = MatRef::new(&x, INPUTS, self.samples).expect("made to fit");
        let c = MatRef::new(&c, OUTPUTS, self.samples).expect("made to fit");
        let alpha = self.number(0, T::from_f64(1e-3));
        let regularizer = Tikhonov { alpha: self.number(1, T::from_f64(1e-3)) };
        let tolerance = self.number(2, T::from_f64(1e-6));
        let length = match self.objective {
            0 => varpro_least_squares_work_len(Features::SHAPE, OUTPUTS, self.samples),
            CONVEX => varpro_convex_work_len(Features::SHAPE, OUTPUTS, self.samples),
            STREAMED => varpro_streamed_work_len(Features::SHAPE, OUTPUTS, 2),
            _ => full_objective_work_len(Whole::SHAPE, self.samples),
        };
        let (mut a, mut b) = (vec![T::ZERO; length], vec![T::from_f64(f64::NAN); length]);
        match self.objective {
            0 => {
                let new = |buffer| VarProLeastSquares::new(&FEATURES, regularizer, alpha, &Portable, x, c, buffer);
                let (Ok(a), Ok(b)) = (new(&mut a), new(&mut b)) else { return };
                if self.flag(0) {
                    self.method([a.without_bias(), b.without_bias()], theta)
                } else {
                    self.method([a, b], theta)
                }
            }
            CONVEX => {
                let new = |buffer| {
                    let loss = SoftmaxCrossEntropy;
                    VarProConvex::new(&FEATURES, loss, regularizer, alpha, tolerance, &Portable, x, c, buffer)
                };
                let (Ok(a), Ok(b)) = (new(&mut a), new(&mut b)) else { return };
                self.method([a, b], theta);
            }
            STREAMED => {
                let new = |buffer| VarProStreamed::new(&FEATURES, regularizer, alpha, &Portable, x, c, 2, buffer);
                let (Ok(a), Ok(b)) = (new(&mut a), new(&mut b)) else { return };
                self.method([a, b], theta);
            }
            _ => {
                let new = |buffer| FullObjective::new(&WHOLE, LeastSquares, regularizer, &Portable, x, c, buffer);
                let (Ok(a), Ok(b)) = (new(&mut a), new(&mut b)) else { return };
                self.method([a, b], theta);
            }
        }
    }

    fn method<T: Real, O: Objective<T> + SaveState<T>>(&self, objectives: [O; 2], theta: Vec<T>) {
        let params = objectives[0].params();
        let theta = theta[..params].to_vec();
        let nan = T::from_f64(f64::NAN);
        match self.method {
            0 | 1 => {
                let usual = TrustRegionOptions::<T>::default();
                let subproblem = match self.method {
                    0 => Subproblem::Recycled { pairs: self.memory },
                    _ => Subproblem::Gmres { reorthogonalize: self.flag(1) },
                };
                let options = TrustRegionOptions {
                    subproblem,
                    krylov_dim: if self.flag(2) { self.memory } else { 4 },
                    krylov_tolerance: self.number(3, usual.krylov_tolerance),
                    gradient_tolerance: self.number(4, usual.gradient_tolerance),
                    relative_gradient_tolerance: self.number(5, usual.relative_gradient_tolerance),
                };
                let length = trust_region_work_len(params, &options);
                let (mut a, mut b) = (vec![T::ZERO; length], vec![nan; length]);
                let (Ok(a), Ok(b)) =
                    (TrustRegion::new(params, options, &mut a), TrustRegion::new(params, options, &mut b))
                else {
                    return;
                };
                self.compare([a, b], objectives, theta, |_, method, objective, theta| {
                    let report = method.step(&Portable, objective, theta)?;
                    Ok((report.status == Status::NonFinite, format!("{report:?}")))
                });
            }
            2 => {
                let usual = LbfgsOptions::<T>::default();
                let options = LbfgsOptions {
                    memory: if self.flag(2) { self.memory } else { 3 },
                    sufficient_decrease: self.number(3, usual.sufficient_decrease),
                    curvature: if self.flag(3) { self.number(4, usual.curvature) } else { usual.curvature },
                    gradient_tolerance: self.number(5, usual.gradient_tolerance),
                    ..usual
                };
                let length = lbfgs_work_len(params, options.memory);
                let (mut a, mut b) = (vec![T::ZERO; length], vec![nan; length]);
                let (Ok(a), Ok(b)) = (Lbfgs::new(params, options, &mut a), Lbfgs::new(params, options, &mut b)) else {
                    return;
                };
                self.compare([a, b], objectives, theta, |_, method, objective, theta| {
                    let report = method.step(&Portable, objective, theta)?;
                    Ok((report.status == Status::NonFinite, format!("{report:?}")))
                });
            }
            _ => {
                let Some(methods) = self.new_curveballs(params) else { return };
                let mut work = vec![nan; curveball_objective_work_len(params)];
                self.compare(methods, objectives, theta, |_, method, objective, theta| {
                    let report = method.step_objective(&Portable, objective, theta, &mut work)?;
                    Ok((report.status == Status::NonFinite, format!("{report:?}")))
                });
            }
        }
    }

    fn new_curveballs<T: Real>(&self, params: usize) -> Option<[CurveBall<T, Vec<T>>; 2]> {
        let usual = CurveBallOptions::<T>::default();
        let options = CurveBallOptions {
            lambda: self.number(3, usual.lambda),
            adapt_lambda: self.flag(1),
            learning_rate: self.number(4, usual.learning_rate),
            fixed: self.flag(2).then(|| (self.number(0, T::from_f64(0.9)), self.number(1, T::from_f64(0.01)))),
            weight_decay: self.number(5, usual.weight_decay),
        };
        let new = || CurveBall::new(options, vec![T::from_f64(f64::NAN); params]).ok();
        Some([new()?, new()?])
    }

    fn curveball<T: Real>(&self) {
        let (x, c, theta) = self.data::<T>();
        let x = MatRef::new(&x, INPUTS, self.samples).expect("made to fit");
        let c = MatRef::new(&c, OUTPUTS, self.samples).expect("made to fit");
        let Some(methods) = self.new_curveballs(Whole::PARAMS) else { return };
        let mut work = vec![T::from_f64(f64::NAN); curveball_work_len(Whole::SHAPE, self.samples)];
        self.compare(methods, [Nothing, Nothing], theta, |_, method, _, theta| {
            let report = if self.objective == 0 {
                method.step(&Portable, &WHOLE, &SoftmaxCrossEntropy, theta, x, c, &mut work)?
            } else {
                method.step(&Portable, &WHOLE, &LeastSquares, theta, x, c, &mut work)?
            };
            Ok((report.status == Status::NonFinite, format!("{report:?}")))
        });
    }

    fn slimtrain<T: Real>(&self) {
        let (x, c, theta) = self.data::<T>();
        let x = MatRef::new(&x, INPUTS, self.samples).expect("made to fit");
        let c = MatRef::new(&c, OUTPUTS, self.samples).expect("made to fit");
        let (batch, memory) = (1 + self.samples / 2, self.memory);
        let nan = T::from_f64(f64::NAN);
        let new = || {
            let (shape, sum_lambda) = (Features::SHAPE, self.number(0, T::from_f64(1e-2)));
            let state = vec![nan; sampled_tikhonov_state_len(3, batch, memory)];
            if self.method == 10 {
                let inputs = vec![nan; slimtrain_inputs_len(shape, batch, memory)];
                SlimTrain::recomputing(shape, OUTPUTS, batch, memory, sum_lambda, state, inputs)
            } else {
                SlimTrain::new(shape, OUTPUTS, batch, memory, sum_lambda, state)
            }
        };
        let (Ok(a), Ok(b)) = (new(), new()) else { return };
        let rate = self.number(1, T::from_f64(0.01));
        let adam = || Adam::new(rate, vec![nan; adam_state_len(Features::PARAMS)]);
        let second = self.number(2, T::from_f64(0.1));
        let mut rule = match self.objective {
            0 => Selection::Gcv,
            1 if self.flag(1) => Selection::Fixed(second),
            1 => Selection::Discrepancy(second),
            _ => Selection::Upre(second),
        };
        let regularizer = Tikhonov { alpha: self.number(3, T::from_f64(1e-3)) };
        let mut work = vec![nan; slimtrain_work_len(Features::SHAPE, OUTPUTS, batch, memory)];
        let weights = [theta[..Features::PARAMS].to_vec(), vec![T::ZERO; OUTPUTS * 4]].concat();
        // The methods and their rules for θ are saved and restored together.
        let methods = [With(a, adam()), With(b, adam())];
        self.compare(methods, [Nothing, Nothing], weights, |k, With(method, adam), _, weights| {
            let first = if k % 2 == 0 { 0 } else { self.samples / 2 };
            let count = batch.min(self.samples - first);
            let (x, c) = (x.columns(first, count)?, c.columns(first, count)?);
            let (theta, w) = weights.split_at_mut(Features::PARAMS);
            let report = method.step(&Portable, &FEATURES, &regularizer, &mut rule, adam, theta, w, x, c, &mut work)?;
            Ok((false, format!("{report:?}")))
        });
    }

    fn first_order<T: Real, U: Update<T> + SaveState<T>>(&self, new: impl Fn() -> U) {
        let (x, c, theta) = self.data::<T>();
        let x = MatRef::new(&x, INPUTS, self.samples).expect("made to fit");
        let c = MatRef::new(&c, OUTPUTS, self.samples).expect("made to fit");
        let methods = [FirstOrder::new(new()), FirstOrder::new(new())];
        let regularizer = Tikhonov { alpha: self.number(5, T::from_f64(1e-3)) };
        let (mut gradient, mut work) =
            (vec![T::ZERO; Whole::PARAMS], vec![T::ZERO; loss_work_len(Whole::SHAPE, self.samples)]);
        self.compare(methods, [Nothing, Nothing], theta, |_, method, _, theta| {
            let report = if self.objective == 0 {
                method.step(
                    &Portable,
                    &WHOLE,
                    SoftmaxCrossEntropy,
                    &regularizer,
                    theta,
                    x,
                    c,
                    &mut gradient,
                    &mut work,
                )?
            } else {
                method.step(&Portable, &WHOLE, LeastSquares, &regularizer, theta, x, c, &mut gradient, &mut work)?
            };
            Ok((report.status == Status::NonFinite, format!("{report:?}")))
        });
    }

    /// A straight run of the first method; at one step the second is restored from it, and both go on side by side.
    fn compare<T: Real, M: SaveState<T>, O: SaveState<T>>(
        &self,
        methods: [M; 2],
        objectives: [O; 2],
        mut theta: Vec<T>,
        mut step: impl FnMut(usize, &mut M, &mut O, &mut [T]) -> Result<(bool, String), Error>,
    ) {
        let ([mut method, mut other], [mut objective, mut other_objective]) = (methods, objectives);
        let finite = all_finite(&theta);
        let mut second: Option<Vec<T>> = None;
        let steps = if self.method < 4 && self.objective == CONVEX { self.steps.min(2) } else { self.steps };
        for k in 0..steps {
            if k == self.saved {
                hand_over(&method, &mut other);
                hand_over(&objective, &mut other_objective);
                second = Some(theta.clone());
            }
            let outcome = step(k, &mut method, &mut objective, &mut theta);
            if let Some(second) = &mut second {
                let again = step(k, &mut other, &mut other_objective, second);
                assert_eq!(again, outcome, "step {k} after a restoration");
                assert!(same_bits(second, &theta), "step {k} after a restoration: {second:?} for {theta:?}");
            }
            match outcome {
                Err(_) => return,
                Ok((non_finite, report)) => {
                    assert!(non_finite || !finite || all_finite(&theta), "step {k}: {theta:?}, {report}");
                    if non_finite {
                        return;
                    }
                }
            }
        }
    }
}

pub(crate) fn hand_over<T: Real>(from: &impl SaveState<T>, to: &mut impl SaveState<T>) {
    let mut state = vec![T::ZERO; from.state_len()];
    from.save(&mut state).expect("of this length");
    to.restore(&state).expect("a state that was just saved");
}

/// In place of an objective.
struct Nothing;

impl<T: Real> SaveState<T> for Nothing {
    fn tag(&self) -> usize {
        1001
    }
    fn write(&self, _: &mut gaussling::core::optim::StateWriter<'_, T>) {}
    fn read(&mut self, _: &mut gaussling::core::optim::StateReader<'_, T>) -> Result<(), Error> {
        Ok(())
    }
}

/// Two methods that are saved together.
struct With<A, B>(A, B);

impl<T: Real, A: SaveState<T>, B: SaveState<T>> SaveState<T> for With<A, B> {
    fn tag(&self) -> usize {
        1002
    }
    fn write(&self, out: &mut gaussling::core::optim::StateWriter<'_, T>) {
        self.0.write(out);
        self.1.write(out);
    }
    fn read(&mut self, from: &mut gaussling::core::optim::StateReader<'_, T>) -> Result<(), Error> {
        self.0.read(from)?;
        self.1.read(from)
    }
}
