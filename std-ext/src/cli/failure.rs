//! [`Failure`]: why a command failed, in one line, and the exit code that tells scripts which kind it is.

use std::fmt;

use gaussling::data::DataError;
use gaussling::export::ExportError;
use gaussling::model::ModelError;
use gaussling::network::DescribeError;
use gaussling::plot::PlotError;
use gaussling::train::{CheckpointError, TrainError};

/// What went wrong; the number is the exit code. The help lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else, such as too little memory.
    Other = 1,
    /// What was asked for makes no sense; clap's own code.
    Usage = 2,
    /// The data are not there, damaged, or not what the command needs.
    Data = 3,
    /// The model file or the checkpoint is not there, damaged, or cannot do what is asked for.
    Model = 4,
    /// A result cannot be written.
    Output = 5,
    /// Training met numbers that are not finite.
    Diverged = 6,
    /// Ctrl-C: 128 and the number of the signal, as shells count.
    Interrupted = 130,
}

/// A failure, said in one line.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    message: String,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! kinds {
    ($($error:ty => |$e:ident| $kind:expr),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from($e: $error) -> Self {
                Self::new($kind, $e.to_string())
            }
        })*
    };
}

kinds! {
    String => |_e| Kind::Other,
    &str => |_e| Kind::Other,
    fmt::Error => |_e| Kind::Other,
    DataError => |_e| Kind::Data,
    DescribeError => |_e| Kind::Usage,
    PlotError => |_e| Kind::Output,
    ModelError => |e| match e {
        ModelError::Unwritable { .. } => Kind::Output,
        ModelError::Inputs { .. } | ModelError::NotFinite { .. } => Kind::Data,
        _ => Kind::Model,
    },
    ExportError => |e| match e {
        ExportError::Model(ModelError::Inputs { .. } | ModelError::NotFinite { .. }) => Kind::Data,
        _ => Kind::Model,
    },
    CheckpointError => |e| match e {
        CheckpointError::Unwritable { .. } => Kind::Output,
        _ => Kind::Model,
    },
    TrainError => |e| match e {
        TrainError::Data(_) | TrainError::Stream(_) => Kind::Data,
        TrainError::Option(_) => Kind::Usage,
        _ => Kind::Other,
    },
}
