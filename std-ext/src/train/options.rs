//! [`Method`], [`LossKind`] and [`Options`].

use std::fmt;
use std::str::FromStr;

use gaussling_core::optim::{CurveBallOptions, LbfgsOptions, Selection, Subproblem, TrustRegionOptions};

use super::number::Number;
use super::problem::TrainError;

/// Of W, for cross-entropy in single precision.
const LEAST_ALPHA: f64 = 1e-5;

/// A training method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Gauss–Newton with variable projection, full batch.
    Gnvpro,
    /// Stochastic θ, W by iterative sampled Tikhonov with automatic regularization. Least squares (of one-hot labels for
    /// classes).
    SlimTrain,
    /// Momentum that solves the Newton system, all weights.
    CurveBall,
    /// The same on θ alone, with variable projection, full batch.
    CurveBallVarPro,
    /// Adam, all weights.
    Adam,
    /// SGD with momentum 0.9, all weights.
    Sgd,
    /// L-BFGS with variable projection, full batch.
    Lbfgs,
    /// Gauss–Newton without projection, full batch, all weights.
    GaussNewton,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Gnvpro,
        Self::SlimTrain,
        Self::CurveBall,
        Self::CurveBallVarPro,
        Self::Adam,
        Self::Sgd,
        Self::Lbfgs,
        Self::GaussNewton,
    ];

    /// The three methods that gaussling is about, and the baselines that they are compared with by default.
    pub const COMPARED: [Self; 5] = [Self::Gnvpro, Self::SlimTrain, Self::CurveBall, Self::Adam, Self::Lbfgs];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gnvpro => "gnvpro",
            Self::SlimTrain => "slimtrain",
            Self::CurveBall => "curveball",
            Self::CurveBallVarPro => "curveball-varpro",
            Self::Adam => "adam",
            Self::Sgd => "sgd",
            Self::Lbfgs => "lbfgs",
            Self::GaussNewton => "gauss-newton",
        }
    }
}

impl Method {
    /// Whether it needs no more than a batch of the data at a time.
    pub fn streams(self) -> bool {
        matches!(self, Self::SlimTrain | Self::CurveBall | Self::Adam | Self::Sgd)
    }

    /// What the control value of its records is.
    pub fn control(self) -> &'static str {
        match self {
            Self::Gnvpro | Self::GaussNewton => "radius",
            Self::SlimTrain => "total lambda",
            Self::CurveBall | Self::CurveBallVarPro => "lambda",
            Self::Adam | Self::Sgd => "learning rate",
            Self::Lbfgs => "step",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|m| m.name() == name.to_lowercase()).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|m| m.name()).collect();
            format!("unknown method '{name}'; there are {}", names.join(", "))
        })
    }
}

/// What is minimized, averaged over samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// ½‖W [z; 1] − c‖²
    LeastSquares,
    /// Softmax cross-entropy
    CrossEntropy,
}

impl LossKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeastSquares => "least squares",
            Self::CrossEntropy => "cross-entropy",
        }
    }
}

/// The step of slimTrain's θ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThetaStep {
    /// Adam that finds its learning rate, starting at a hundredth of the one given.
    Prodigy,
    /// Adam, as published.
    Adam,
}

/// What slimTrain does beyond [`Options`]. The default was chosen because it depends little on learning rate and initial
/// regularization (measured in ARCHITECTURE.md).
#[derive(Clone, Debug, PartialEq)]
pub struct SlimTrainOptions {
    /// How θ moves.
    pub step: ThetaStep,
    /// Whether the learning rate falls to zero over the budget, as (1 + cos πt)/2.
    pub decay: bool,
    /// Whether W is solved for on all training data at the end, for one work unit.
    pub solve: bool,
    /// Whether the features of remembered batches are computed anew with the present θ, for one forward pass a batch.
    pub recompute: bool,
    /// How the regularization of a step is chosen.
    pub selection: Selection<f64>,
    /// Bounds of the total regularization.
    pub bounds: (f64, f64),
}

impl SlimTrainOptions {
    /// The published method: Adam with a constant learning rate, W as the last batch leaves it.
    pub const PUBLISHED: Self = Self {
        step: ThetaStep::Adam,
        decay: false,
        solve: false,
        recompute: false,
        selection: Selection::Gcv,
        bounds: (1e-7, 1e3),
    };
}

impl Default for SlimTrainOptions {
    fn default() -> Self {
        Self { step: ThetaStep::Prodigy, decay: true, solve: true, ..Self::PUBLISHED }
    }
}

/// The numbers that a run computes in. Data, results and checkpoints are `f64` in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// `f64`
    #[default]
    F64,
    /// `f32`: half the memory of a run, at most twice the speed, seven digits. Tolerances of gradients below 1e-6 become
    /// 1e-6. Cross-entropy needs [`Options::alpha_w`] of 1e-5 or more: without it the Hessian of W is singular, and what
    /// is smaller is lost in rounding.
    F32,
}

impl Precision {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }

    /// Bytes of a number.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F64 => size_of::<f64>(),
            Self::F32 => size_of::<f32>(),
        }
    }
}

/// How to train. The defaults are meant to be left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The numbers to compute in.
    pub precision: Precision,
    /// Budget in work units: one forward or one backward pass over all training data.
    pub work_units: f64,
    /// Budget in seconds of training as [`Run::seconds`](super::Run::seconds) counts them; whichever ends first. What a run
    /// under a finite one comes to depends on the machine.
    pub seconds: f64,
    /// Ends the run when so many work units brought no better validation loss (training loss when there are no validation
    /// data); `None`: never. The best weights are kept in any case.
    pub patience: Option<f64>,
    /// Tikhonov weight α₁ of θ. The default, 1e-4, is for scaled data; as published it is 1e-10, for small networks and data
    /// that are exact. (Without it the minimum of cross-entropy is at infinity for separable classes.)
    pub alpha_theta: f64,
    /// Tikhonov weight α₂ of W (slimTrain chooses its own, but for the solve at the end); by default 1e-4.
    pub alpha_w: f64,
    /// Samples in a batch of the stochastic methods; `None`: the method's own choice, [`Options::batch_of`].
    pub batch: Option<usize>,
    /// Learning rate of Adam, SGD and slimTrain's θ; `None`: 1e-2 for slimTrain and Adam, 1e-3 for SGD.
    pub learning_rate: Option<f64>,
    /// Adam and SGD: whether the learning rate falls to zero over the budget, as (1 + cos πt)/2; slimTrain has an option of its
    /// own for that.
    pub decay: bool,
    /// slimTrain: previous batches remembered.
    pub memory: usize,
    /// slimTrain: total regularization at the start.
    pub sum_lambda: f64,
    /// slimTrain: everything else.
    pub slimtrain: SlimTrainOptions,
    /// CurveBall: λ at the start; `None`: 1, as published, and 0.1 with variable projection.
    pub lambda: Option<f64>,
    /// GNvpro and Gauss–Newton: how a step is found.
    pub subproblem: Subproblem,
    /// GNvpro and Gauss–Newton: Krylov vectors at one point.
    pub krylov_dim: usize,
    /// GNvpro and Gauss–Newton: relative residual at which the Krylov space is good enough.
    pub krylov_tolerance: f64,
    /// GNvpro, L-BFGS and CurveBall with variable projection, least squares: samples whose features are in memory at a time;
    /// `None`: all. A run in blocks computes features anew in each pass
    /// ([`VarProStreamed`](gaussling_core::optim::VarProStreamed)), and its memory does not grow with the samples.
    pub block: Option<usize>,
    /// Threads within a full-batch run of many samples; 0 counts as 1. The result has the same bits for any number.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            precision: Precision::F64,
            work_units: 600.0,
            seconds: f64::INFINITY,
            patience: None,
            alpha_theta: 1e-4,
            alpha_w: 1e-4,
            batch: None,
            learning_rate: None,
            decay: true,
            memory: 5,
            sum_lambda: 1e-7,
            slimtrain: SlimTrainOptions::default(),
            lambda: None,
            subproblem: TrustRegionOptions::<f64>::default().subproblem,
            krylov_dim: 20,
            krylov_tolerance: 0.1,
            block: None,
            threads: 1,
        }
    }
}

impl Options {
    /// The batch size for `samples` training samples: 1/80 of them within 5 … 64; for CurveBall, which needs curvature with
    /// little noise, 1/16 of them within 64 … 256.
    pub fn batch_of(&self, method: Method, samples: usize) -> usize {
        let own = match method {
            Method::CurveBall => (samples / 16).clamp(64, 256),
            _ => (samples / 80).clamp(5, 64),
        };
        self.batch.unwrap_or(own).clamp(1, samples.max(1))
    }

    /// All of them by name, with values that differ whenever the options do.
    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        // By name, so that a new option cannot be forgotten here.
        let Self {
            precision,
            work_units,
            seconds,
            patience,
            alpha_theta,
            alpha_w,
            batch,
            learning_rate,
            decay,
            memory,
            sum_lambda,
            slimtrain,
            lambda,
            subproblem,
            krylov_dim,
            krylov_tolerance,
            block,
            // Changes no bit of a run.
            threads: _,
        } = self;
        let own = "the method's own";
        let or_own = |x: Option<f64>| x.map_or(own.to_string(), |x| format!("{x:?}"));
        vec![
            ("precision", precision.name().to_string()),
            ("budget in work units", format!("{work_units:?}")),
            ("budget in seconds", format!("{seconds:?}")),
            ("patience", patience.map_or("without end".to_string(), |x| format!("{x:?}"))),
            ("alpha of theta", format!("{alpha_theta:?}")),
            ("alpha of W", format!("{alpha_w:?}")),
            ("batch", batch.map_or(own.to_string(), |n| n.to_string())),
            ("learning rate", or_own(*learning_rate)),
            ("decay of the learning rate", decay.to_string()),
            ("memory", memory.to_string()),
            ("total lambda at the start", format!("{sum_lambda:?}")),
            ("choice for slimTrain", format!("{slimtrain:?}")),
            ("lambda at the start", or_own(*lambda)),
            ("subproblem", format!("{subproblem:?}")),
            ("Krylov dimension", krylov_dim.to_string()),
            ("Krylov tolerance", format!("{krylov_tolerance:?}")),
            ("block", block.map_or("all samples".to_string(), |n| n.to_string())),
        ]
    }

    /// Refuses what cannot be computed in the precision, or in the blocks, that are asked for.
    ///
    /// # Errors
    /// [`TrainError::Option`].
    pub(super) fn check(&self, loss: LossKind) -> Result<(), TrainError> {
        let single = self.precision == Precision::F32 && loss == LossKind::CrossEntropy;
        if single && self.alpha_w < LEAST_ALPHA {
            return Err(TrainError::Option(format!(
                "cross-entropy in single precision needs an alpha of {LEAST_ALPHA:e} or more, found {:e}; \
                 choose a larger one, or f64",
                self.alpha_w,
            )));
        }
        if self.block.is_some() && loss == LossKind::CrossEntropy {
            return Err(TrainError::Option(
                "blocks of samples are for least squares; cross-entropy needs all features at once, so leave the block out, or \
                 take adam or curveball, which need a batch at a time"
                    .to_string(),
            ));
        }
        Ok(())
    }

    /// The options of CurveBall.
    pub(super) fn curveball<T: Number>(&self, method: Method) -> CurveBallOptions<T> {
        let own = if method == Method::CurveBallVarPro { 0.1 } else { 1.0 };
        CurveBallOptions { lambda: T::from_f64(self.lambda.unwrap_or(own)), ..CurveBallOptions::default() }
    }

    /// The options of the Krylov trust region.
    pub(super) fn trust_region<T: Number>(&self) -> TrustRegionOptions<T> {
        let own = TrustRegionOptions::<T>::default();
        TrustRegionOptions {
            subproblem: self.subproblem,
            krylov_dim: self.krylov_dim,
            krylov_tolerance: T::from_f64(self.krylov_tolerance),
            relative_gradient_tolerance: own.relative_gradient_tolerance.max(T::tolerance(0.0)),
            ..own
        }
    }

    /// The options of L-BFGS.
    pub(super) fn lbfgs<T: Number>() -> LbfgsOptions<T> {
        let own = LbfgsOptions::<T>::default();
        let relative_gradient_tolerance = own.relative_gradient_tolerance.max(T::tolerance(0.0));
        LbfgsOptions { relative_gradient_tolerance, ..own }
    }

    /// The learning rate of a method.
    pub fn learning_rate_of(&self, method: Method) -> f64 {
        self.learning_rate.unwrap_or(if method == Method::Sgd { 1e-3 } else { 1e-2 })
    }
}
