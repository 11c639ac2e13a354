//! Mini-batch methods: slimTrain, CurveBall, Adam, SGD.

use gaussling_core::MatRef;
use gaussling_core::nn::{LeastSquares, Loss, OnRange, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    Adam, CurveBall, FirstOrder, Sgd, Status, adam_state_len, curveball_state_len, curveball_work_len, loss_work_len,
};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::checkpoint::State;
use super::monitor::{Begin, Ending, Monitor, Run};
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, Weights, buffer};
use super::slim::Slim;
use crate::kernels::KERNELS;
use crate::network::Sequential;

/// Keeps the order of batches apart from the draws of the initial weights.
const ORDER_STREAM: u64 = 0x6f72_6465_7200_0001;

pub(super) fn run(
    problem: &Problem,
    method: Method,
    options: &Options,
    seed: u64,
    begin: Begin<'_>,
    monitor: Monitor<'_>,
) -> Result<Run, TrainError> {
    let batch = options.batch_of(method, problem.train.x.cols());
    let epochs = Epochs::new(problem, batch, seed)?;
    if method == Method::SlimTrain {
        return epochs.run(monitor, begin, &mut Slim::new(problem, options, batch)?);
    }
    let network = problem.network.with_output(problem.outputs())?;
    let params = problem.network.shape().params;
    match problem.loss {
        LossKind::LeastSquares => {
            epochs.run(monitor, begin, &mut Whole::new(method, network, params, options, batch, LeastSquares)?)
        }
        LossKind::CrossEntropy => {
            epochs.run(monitor, begin, &mut Whole::new(method, network, params, options, batch, SoftmaxCrossEntropy)?)
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

    /// The present weights, [θ; vec W] in two pieces.
    fn weights(&self) -> [&[f64]; 2];

    /// Takes weights over.
    fn start(&mut self, start: &Weights) -> Result<(), TrainError>;

    /// Saves weights and all that later steps depend on.
    fn save(&self, state: &mut State) -> Result<(), TrainError>;

    /// Takes over what was saved.
    fn restore(&mut self, state: &State) -> Result<(), TrainError>;

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

    fn run(
        mut self,
        mut monitor: Monitor<'_>,
        begin: Begin<'_>,
        method: &mut dyn BatchMethod,
    ) -> Result<Run, TrainError> {
        let (inputs, outputs) = (self.problem.train.x.rows(), self.problem.train.c.rows());
        let samples = self.order.len();
        // A budget too small for what comes at the end goes to steps.
        let reserve = Some(method.reserve()).filter(|&reserve| monitor.left(reserve) > 0.0).unwrap_or(0.0);
        let budget = monitor.left(reserve);
        let mut place = Place::default();
        match begin {
            Begin::Start(start) => method.start(start)?,
            Begin::Checkpoint(checkpoint) => {
                method.restore(&checkpoint.state)?;
                place = Place::restore(&checkpoint.state, samples.div_ceil(self.batch))?;
                // The order of an epoch is made from the one before.
                (0..place.epochs).for_each(|_| self.shuffle());
            }
        }
        loop {
            if place.batches == 0 {
                self.shuffle();
                place.epochs += 1;
            }
            let mut over = false;
            for (number, indices) in self.order.chunks(self.batch).enumerate().skip(place.batches) {
                for (k, &j) in indices.iter().enumerate() {
                    self.x[k * inputs..(k + 1) * inputs].copy_from_slice(self.problem.train.x.col(j));
                    self.c[k * outputs..(k + 1) * outputs].copy_from_slice(self.problem.train.c.col(j));
                }
                let count = indices.len();
                let x = MatRef::new(&self.x[..inputs * count], inputs, count)?;
                let c = MatRef::new(&self.c[..outputs * count], outputs, count)?;
                let Some(stepped) = method.step(x, c, monitor.used(place.work_units, budget))? else {
                    return Ok(monitor.finish(Ending::NotFinite, place.work_units, place.epochs));
                };
                place.after(&stepped, count, samples);
                over = place.work_units >= budget || monitor.out_of_time();
                if over {
                    break;
                }
                if (number + 1) * self.batch < samples {
                    place.batches = number + 1;
                    let stopped = monitor.between_steps(place.work_units, |state| place.save(state, method))?;
                    if let Some(ending) = stopped {
                        return Ok(monitor.finish(ending, place.work_units, place.epochs));
                    }
                }
            }
            let loss = place.sum / place.seen as f64;
            let ending = monitor.record(place.work_units, loss, place.control, method.weights())?;
            let ending = ending.or(over.then_some(Ending::Budget));
            if matches!(ending, Some(Ending::Budget | Ending::Patience)) {
                // Without a reserve there is nothing to be done, or no budget for it.
                let finished = if reserve > 0.0 { method.finish()? } else { None };
                if let Some(loss) = finished {
                    place.work_units += reserve;
                    monitor.record(place.work_units, loss, place.control, method.weights())?;
                }
            }
            if let Some(ending) = ending {
                return Ok(monitor.finish(ending, place.work_units, place.epochs));
            }
            place.next_epoch();
            let stopped = monitor.between_steps(place.work_units, |state| place.save(state, method))?;
            if let Some(ending) = stopped {
                return Ok(monitor.finish(ending, place.work_units, place.epochs));
            }
        }
    }
}

/// Where a run is, and its sums since the last record.
#[derive(Default)]
struct Place {
    work_units: f64,
    /// Begun.
    epochs: usize,
    /// Done in this epoch; 0 when the next one begins.
    batches: usize,
    /// Losses of samples, and how many.
    sum: f64,
    seen: usize,
    control: f64,
}

impl Place {
    fn after(&mut self, step: &Stepped, count: usize, samples: usize) {
        self.work_units += step.passes * count as f64 / samples as f64;
        self.sum += step.loss * count as f64;
        self.seen += count;
        self.control = step.control;
    }

    fn next_epoch(&mut self) {
        (self.batches, self.sum, self.seen) = (0, 0.0, 0);
    }

    fn save(&self, state: &mut State, method: &dyn BatchMethod) -> Result<(), TrainError> {
        let Self { work_units, epochs, batches, sum, seen, control } = *self;
        state.put("position", &[work_units, epochs as f64, batches as f64, sum, seen as f64, control]);
        method.save(state)
    }

    fn restore(state: &State, most_batches: usize) -> Result<Self, TrainError> {
        let [work_units, epochs, batches, sum, seen, control] = state.array("position")?;
        let batches = (batches as usize).min(most_batches);
        Ok(Self { work_units, epochs: epochs as usize, batches, sum, seen: seen as usize, control })
    }
}

/// The rule that moves all weights at once.
enum Rule {
    CurveBall(CurveBall<f64, Vec<f64>>),
    Adam(FirstOrder<Adam<f64, Vec<f64>>>),
    Sgd(FirstOrder<Sgd<f64, Vec<f64>>>),
}

/// CurveBall, Adam, SGD: methods on all weights `[θ; vec W]`.
struct Whole<L> {
    network: Sequential,
    loss: L,
    rule: Rule,
    regularizer: (OnRange<Tikhonov<f64>>, OnRange<Tikhonov<f64>>),
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
        params: usize,
        options: &Options,
        batch: usize,
        loss: L,
    ) -> Result<Self, TrainError> {
        let shape = network.shape();
        let name = method.name();
        let learning_rate = options.learning_rate_of(method);
        let rule = match method {
            Method::CurveBall => Rule::CurveBall(CurveBall::new(
                options.curveball(method),
                buffer(name, curveball_state_len(shape.params))?,
            )?),
            Method::Sgd => Rule::Sgd(FirstOrder::new(Sgd::new(learning_rate, 0.9, buffer(name, shape.params)?))),
            _ => Rule::Adam(FirstOrder::new(Adam::new(learning_rate, buffer(name, adam_state_len(shape.params))?))),
        };
        let on = |start, len, alpha| OnRange { start, len, regularizer: Tikhonov { alpha } };
        let work = loss_work_len(shape, batch).max(curveball_work_len(shape, batch));
        Ok(Self {
            loss,
            rule,
            regularizer: (on(0, params, options.alpha_theta), on(params, shape.params - params, options.alpha_w)),
            params,
            all: buffer(name, shape.params)?,
            gradient: buffer(name, shape.params)?,
            work: buffer(name, work)?,
            network,
        })
    }
}

impl<L: Loss> BatchMethod for Whole<L> {
    fn step(&mut self, x: MatRef<'_, f64>, c: MatRef<'_, f64>, _: f64) -> Result<Option<Stepped>, TrainError> {
        let Self { network, loss, regularizer, all, gradient, work, .. } = self;
        let (stepped, status) = match &mut self.rule {
            Rule::CurveBall(method) => {
                let report = method.step(&KERNELS, network, loss, all, x, c, work)?;
                let passes = if report.ratio.is_some() { 5.0 } else { 4.0 };
                (Stepped { loss: report.loss, passes, control: report.lambda }, report.status)
            }
            Rule::Adam(method) => {
                let report = method.step(&KERNELS, network, *loss, regularizer, all, x, c, gradient, work)?;
                (Stepped { loss: report.loss, passes: 2.0, control: method.update.learning_rate }, report.status)
            }
            Rule::Sgd(method) => {
                let report = method.step(&KERNELS, network, *loss, regularizer, all, x, c, gradient, work)?;
                (Stepped { loss: report.loss, passes: 2.0, control: method.update.learning_rate }, report.status)
            }
        };
        Ok((status == Status::Running).then_some(stepped))
    }

    fn weights(&self) -> [&[f64]; 2] {
        let (theta, w) = self.all.split_at(self.params);
        [theta, w]
    }

    fn start(&mut self, start: &Weights) -> Result<(), TrainError> {
        self.all = [start.theta.as_slice(), &start.w].concat();
        Ok(())
    }

    fn save(&self, state: &mut State) -> Result<(), TrainError> {
        state.put("weights", &self.all);
        match &self.rule {
            Rule::CurveBall(method) => state.save("method", method),
            Rule::Adam(method) => state.save("method", method),
            Rule::Sgd(method) => state.save("method", method),
        }
    }

    fn restore(&mut self, state: &State) -> Result<(), TrainError> {
        state.copy("weights", &mut self.all)?;
        match &mut self.rule {
            Rule::CurveBall(method) => state.restore("method", method),
            Rule::Adam(method) => state.restore("method", method),
            Rule::Sgd(method) => state.restore("method", method),
        }
    }
}
