//! Mini-batch methods: slimTrain, CurveBall, Adam, SGD.

use gaussling_core::nn::{LeastSquares, Loss, OnRange, Regularizer, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    Adam, CurveBall, Sgd, Status, Update, adam_state_len, curveball_state_len, curveball_work_len, loss_and_gradient,
    loss_work_len,
};
use gaussling_core::{MatRef, Portable};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::monitor::{Ending, Monitor, Run};
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, Weights, buffer};
use super::slim::Slim;
use crate::network::Sequential;

/// Keeps the order of batches apart from the draws of the initial weights.
const ORDER_STREAM: u64 = 0x6f72_6465_7200_0001;

pub(super) fn run(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    start: &Weights,
    monitor: Monitor<'_>,
) -> Result<Run, TrainError> {
    let batch = options.batch_of(method, problem.train.x.cols());
    let epochs = Epochs::new(problem, batch, seed)?;
    if method == Method::SlimTrain {
        return epochs.run(monitor, &mut Slim::new(problem, options, batch, start)?);
    }
    let network = problem.network.with_output(problem.outputs())?;
    match problem.loss {
        LossKind::LeastSquares => {
            epochs.run(monitor, &mut Whole::new(method, network, options, batch, LeastSquares, start)?)
        }
        LossKind::CrossEntropy => {
            epochs.run(monitor, &mut Whole::new(method, network, options, batch, SoftmaxCrossEntropy, start)?)
        }
    }
}

/// What a step on a batch says.
pub(super) struct Stepped {
    /// Mean loss over the batch.
    pub loss: f64,
    /// Passes over the batch.
    pub passes: f64,
    pub control: f64,
}

pub(super) trait BatchMethod {
    /// One step on a batch, with the share of the budget that is used up; `None` when a number was not finite.
    fn step(&mut self, x: MatRef<'_, f64>, c: MatRef<'_, f64>, used: f64) -> Result<Option<Stepped>, TrainError>;

    /// The present weights.
    fn weights(&self) -> Weights;

    /// Work units that [`finish`](Self::finish) takes.
    fn reserve(&self) -> f64 {
        0.0
    }

    /// What is done once after the last step, when it takes work and the budget has room for it; the loss on the training
    /// data after it, `None` when nothing was done.
    fn finish(&mut self) -> Result<Option<f64>, TrainError> {
        Ok(None)
    }
}

/// Shuffled batches, epoch after epoch. The last batch of an epoch takes what is left.
struct Epochs<'a> {
    problem: &'a Problem,
    batch: usize,
    rng: Xoshiro256PlusPlus,
    order: Vec<usize>,
    x: Vec<f64>,
    c: Vec<f64>,
}

impl<'a> Epochs<'a> {
    fn new(problem: &'a Problem, batch: usize, seed: u64) -> Result<Self, TrainError> {
        let samples = problem.train.x.cols();
        Ok(Self {
            problem,
            batch,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed ^ ORDER_STREAM),
            order: (0..samples).collect(),
            x: buffer("batches", problem.train.x.rows() * batch)?,
            c: buffer("batches", problem.train.c.rows() * batch)?,
        })
    }

    /// Fisher–Yates with unbiased draws.
    fn shuffle(&mut self) {
        for i in (1..self.order.len()).rev() {
            let bound = i as u64 + 1;
            let limit = u64::MAX - u64::MAX % bound;
            let j = loop {
                let draw = self.rng.next_u64();
                if draw < limit {
                    break (draw % bound) as usize;
                }
            };
            self.order.swap(i, j);
        }
    }

    fn run(mut self, mut monitor: Monitor<'_>, method: &mut dyn BatchMethod) -> Result<Run, TrainError> {
        let (inputs, outputs) = (self.problem.train.x.rows(), self.problem.train.c.rows());
        let samples = self.order.len();
        let mut work_units = 0.0;
        // A budget too small for what comes at the end goes to steps.
        let reserve = Some(method.reserve()).filter(|&reserve| monitor.left(reserve) > 0.0).unwrap_or(0.0);
        let budget = monitor.left(reserve);
        loop {
            self.shuffle();
            let (mut sum, mut control) = (0.0, f64::NAN);
            let mut seen = 0;
            for indices in self.order.chunks(self.batch) {
                for (k, &j) in indices.iter().enumerate() {
                    self.x[k * inputs..(k + 1) * inputs].copy_from_slice(self.problem.train.x.col(j));
                    self.c[k * outputs..(k + 1) * outputs].copy_from_slice(self.problem.train.c.col(j));
                }
                let count = indices.len();
                let x = MatRef::new(&self.x[..inputs * count], inputs, count)?;
                let c = MatRef::new(&self.c[..outputs * count], outputs, count)?;
                let Some(stepped) = method.step(x, c, (work_units / budget).min(1.0))? else {
                    return Ok(monitor.finish(Ending::NotFinite, work_units));
                };
                work_units += stepped.passes * count as f64 / samples as f64;
                sum += stepped.loss * count as f64;
                seen += count;
                control = stepped.control;
                if work_units >= budget {
                    break;
                }
            }
            let ending = monitor.record(work_units, sum / seen as f64, control, &method.weights())?;
            if work_units >= budget && matches!(ending, None | Some(Ending::Budget)) {
                // Without a reserve there is nothing to be done, or no budget for it.
                let finished = if reserve > 0.0 { method.finish()? } else { None };
                if let Some(loss) = finished {
                    work_units += reserve;
                    monitor.record(work_units, loss, control, &method.weights())?;
                }
                return Ok(monitor.finish(Ending::Budget, work_units));
            }
            if let Some(ending) = ending {
                return Ok(monitor.finish(ending, work_units));
            }
        }
    }
}

/// The rule that moves all weights at once.
enum Rule {
    CurveBall(CurveBall<f64, Vec<f64>>),
    Adam(Adam<f64, Vec<f64>>),
    Sgd(Sgd<f64, Vec<f64>>),
}

/// CurveBall, Adam, SGD: methods on all weights `[θ; vec W]`.
struct Whole<L> {
    network: Sequential,
    loss: L,
    rule: Rule,
    regularizer: (OnRange<Tikhonov<f64>>, OnRange<Tikhonov<f64>>),
    learning_rate: f64,
    /// Length of θ.
    params: usize,
    /// [θ; vec W]
    all: Vec<f64>,
    gradient: Vec<f64>,
    work: Vec<f64>,
}

impl<L: Loss> Whole<L> {
    fn new(
        method: Method,
        network: Sequential,
        options: &Options,
        batch: usize,
        loss: L,
        start: &Weights,
    ) -> Result<Self, TrainError> {
        let (shape, params) = (network.shape(), start.theta.len());
        let name = method.name();
        let learning_rate = options.learning_rate_of(method);
        let rule = match method {
            Method::CurveBall => Rule::CurveBall(CurveBall::new(
                options.curveball(method),
                buffer(name, curveball_state_len(shape.params))?,
            )?),
            Method::Sgd => Rule::Sgd(Sgd::new(learning_rate, 0.9, buffer(name, shape.params)?)),
            _ => Rule::Adam(Adam::new(learning_rate, buffer(name, adam_state_len(shape.params))?)),
        };
        let on = |start, len, alpha| OnRange { start, len, regularizer: Tikhonov { alpha } };
        let work = loss_work_len(shape, batch).max(curveball_work_len(shape, batch));
        Ok(Self {
            loss,
            rule,
            regularizer: (on(0, params, options.alpha_theta), on(params, shape.params - params, options.alpha_w)),
            learning_rate,
            params,
            all: [start.theta.as_slice(), &start.w].concat(),
            gradient: buffer(name, shape.params)?,
            work: buffer(name, work)?,
            network,
        })
    }
}

impl<L: Loss> BatchMethod for Whole<L> {
    fn step(&mut self, x: MatRef<'_, f64>, c: MatRef<'_, f64>, _: f64) -> Result<Option<Stepped>, TrainError> {
        let stepped = if let Rule::CurveBall(method) = &mut self.rule {
            let report = method.step(&Portable, &self.network, &self.loss, &mut self.all, x, c, &mut self.work)?;
            if report.status == Status::NonFinite {
                return Ok(None);
            }
            let passes = if report.ratio.is_some() { 5.0 } else { 4.0 };
            Stepped { loss: report.loss, passes, control: report.lambda }
        } else {
            let (network, gradient) = (&self.network, &mut self.gradient);
            let loss = loss_and_gradient(&Portable, network, self.loss, &self.all, x, c, gradient, &mut self.work)?;
            self.regularizer.add_product(&self.all, gradient);
            match &mut self.rule {
                Rule::Adam(adam) => adam.update(&mut self.all, gradient)?,
                Rule::Sgd(sgd) => sgd.update(&mut self.all, gradient)?,
                Rule::CurveBall(_) => {}
            }
            Stepped { loss, passes: 2.0, control: self.learning_rate }
        };
        Ok(stepped.loss.is_finite().then_some(stepped))
    }

    fn weights(&self) -> Weights {
        let (theta, w) = self.all.split_at(self.params);
        Weights { theta: theta.to_vec(), w: w.to_vec() }
    }
}
