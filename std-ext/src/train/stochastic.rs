//! Mini-batch methods: slimTrain, CurveBall, Adam, SGD.

use gaussling_core::MatRef;
use gaussling_core::nn::{LeastSquares, Loss, OnRange, SoftmaxCrossEntropy, Tikhonov};
use gaussling_core::optim::{
    Adam, CurveBall, FirstOrder, Sgd, Status, adam_state_len, curveball_state_len, curveball_work_len, loss_work_len,
};

use super::batches::Batches;
use super::checkpoint::State;
use super::monitor::{Begin, Ending, Monitor, Run};
use super::number::Number;
use super::options::{LossKind, Method, Options};
use super::problem::{Problem, TrainError, buffer};
use super::slim::Slim;
use crate::kernels::kernels;
use crate::network::Sequential;

pub(super) fn run<T: Number>(
    problem: &Problem,
    method: Method,
    options: &Options,
    begin: Begin<'_>,
    monitor: Monitor<'_, T>,
    batches: &mut dyn Batches<T>,
) -> Result<Run, TrainError> {
    let batch = batches.batch();
    if method == Method::SlimTrain {
        let (network, outputs) = (&problem.network, problem.outputs());
        return epochs(batches, monitor, begin, &mut Slim::new(network, outputs, options, batch)?);
    }
    let network = problem.network.with_output(problem.outputs())?;
    let params = problem.network.shape().params;
    match problem.loss {
        LossKind::LeastSquares => {
            let mut whole = Whole::new(method, network, params, options, batch, LeastSquares)?;
            epochs(batches, monitor, begin, &mut whole)
        }
        LossKind::CrossEntropy => {
            let mut whole = Whole::new(method, network, params, options, batch, SoftmaxCrossEntropy)?;
            epochs(batches, monitor, begin, &mut whole)
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

pub(super) trait BatchMethod<T: Number> {
    /// One step on a batch, with the share of the budget that is used up; `None` when a number was not finite.
    fn step(&mut self, x: MatRef<'_, T>, c: MatRef<'_, T>, used: f64) -> Result<Option<Stepped>, TrainError>;

    /// The present weights, [θ; vec W] in two pieces.
    fn weights(&self) -> [&[T]; 2];

    /// Takes weights over.
    fn start(&mut self, theta: &[T], w: &[T]);

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
    fn finish(&mut self, _batches: &mut dyn Batches<T>) -> Result<Option<f64>, TrainError> {
        Ok(None)
    }
}

/// Epoch after epoch until the budget is used up.
fn epochs<T: Number>(
    batches: &mut dyn Batches<T>,
    mut monitor: Monitor<'_, T>,
    begin: Begin<'_>,
    method: &mut dyn BatchMethod<T>,
) -> Result<Run, TrainError> {
    let samples = batches.samples();
    let in_epoch = samples.div_ceil(batches.batch());
    // A budget too small for what comes at the end goes to steps.
    let reserve = Some(method.reserve()).filter(|&reserve| monitor.left(reserve) > 0.0).unwrap_or(0.0);
    let budget = monitor.left(reserve);
    let mut place = Place::default();
    match begin {
        Begin::Start(start) => method.start(&T::narrow(&start.theta)?, &T::narrow(&start.w)?),
        Begin::Checkpoint(checkpoint) => {
            method.restore(&checkpoint.state)?;
            place = Place::restore(&checkpoint.state, in_epoch)?;
        }
    }
    loop {
        if place.batches == 0 {
            place.epochs += 1;
        }
        batches.begin(place.epochs, place.batches)?;
        let mut over = false;
        for number in place.batches..in_epoch {
            let (x, c) = batches.next()?;
            let count = x.cols();
            let Some(stepped) = method.step(x, c, monitor.used(place.work_units, budget))? else {
                return Ok(monitor.finish(Ending::NotFinite, place.work_units, place.epochs));
            };
            place.after(&stepped, count, samples);
            over = place.work_units >= budget || monitor.out_of_time();
            if over {
                break;
            }
            if number + 1 < in_epoch {
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
            let finished = if reserve > 0.0 { method.finish(batches)? } else { None };
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

    fn save<T: Number>(&self, state: &mut State, method: &dyn BatchMethod<T>) -> Result<(), TrainError> {
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

/// The factor of the learning rate when a share `used` of the budget is used up: (1 + cos πt)/2, or 1.
pub(super) fn decay(decay: bool, used: f64) -> f64 {
    if decay { 0.5 * (1.0 + libm::cos(std::f64::consts::PI * used)) } else { 1.0 }
}

/// What a step of Adam or SGD says.
fn first_order<T: Number>(loss: T, learning_rate: T) -> Stepped {
    Stepped { loss: loss.value(), passes: 2.0, control: learning_rate.value() }
}

/// The rule that moves all weights at once.
enum Rule<T> {
    CurveBall(CurveBall<T, Vec<T>>),
    Adam(FirstOrder<Adam<T, Vec<T>>>),
    Sgd(FirstOrder<Sgd<T, Vec<T>>>),
}

/// CurveBall, Adam, SGD: methods on all weights `[θ; vec W]`.
struct Whole<T, L> {
    network: Sequential,
    loss: L,
    rule: Rule<T>,
    /// Of Adam and SGD at the start, and whether it falls.
    learning_rate: T,
    decay: bool,
    regularizer: (OnRange<Tikhonov<T>>, OnRange<Tikhonov<T>>),
    /// Length of θ.
    params: usize,
    /// [θ; vec W]
    all: Vec<T>,
    gradient: Vec<T>,
    work: Vec<T>,
}

impl<T: Number, L: Loss> Whole<T, L> {
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
        let learning_rate = T::from_f64(options.learning_rate_of(method));
        let rule = match method {
            Method::CurveBall => Rule::CurveBall(CurveBall::new(
                options.curveball(method),
                buffer(name, curveball_state_len(shape.params))?,
            )?),
            Method::Sgd => {
                Rule::Sgd(FirstOrder::new(Sgd::new(learning_rate, T::from_f64(0.9), buffer(name, shape.params)?)))
            }
            _ => Rule::Adam(FirstOrder::new(Adam::new(learning_rate, buffer(name, adam_state_len(shape.params))?))),
        };
        let on = |start, len, alpha| OnRange { start, len, regularizer: Tikhonov { alpha: T::from_f64(alpha) } };
        let work = loss_work_len(shape, batch).max(curveball_work_len(shape, batch));
        Ok(Self {
            loss,
            rule,
            learning_rate,
            decay: options.decay,
            regularizer: (on(0, params, options.alpha_theta), on(params, shape.params - params, options.alpha_w)),
            params,
            all: buffer(name, shape.params)?,
            gradient: buffer(name, shape.params)?,
            work: buffer(name, work)?,
            network,
        })
    }
}

impl<T: Number, L: Loss> BatchMethod<T> for Whole<T, L> {
    fn step(&mut self, x: MatRef<'_, T>, c: MatRef<'_, T>, used: f64) -> Result<Option<Stepped>, TrainError> {
        let rate = self.learning_rate * T::from_f64(decay(self.decay, used));
        let Self { network, loss, regularizer, all, gradient, work, .. } = self;
        let (stepped, status) = match &mut self.rule {
            Rule::CurveBall(method) => {
                let report = method.step(kernels(), network, loss, all, x, c, work)?;
                let passes = if report.ratio.is_some() { 5.0 } else { 4.0 };
                (Stepped { loss: report.loss.value(), passes, control: report.lambda.value() }, report.status)
            }
            Rule::Adam(method) => {
                method.update.learning_rate = rate;
                let report = method.step(kernels(), network, *loss, regularizer, all, x, c, gradient, work)?;
                (first_order(report.loss, method.update.learning_rate), report.status)
            }
            Rule::Sgd(method) => {
                method.update.learning_rate = rate;
                let report = method.step(kernels(), network, *loss, regularizer, all, x, c, gradient, work)?;
                (first_order(report.loss, method.update.learning_rate), report.status)
            }
        };
        Ok((status == Status::Running).then_some(stepped))
    }

    fn weights(&self) -> [&[T]; 2] {
        let (theta, w) = self.all.split_at(self.params);
        [theta, w]
    }

    fn start(&mut self, theta: &[T], w: &[T]) {
        self.all = [theta, w].concat();
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
