//! The command line: what there is to say, and who does it.

mod arguments;
mod compare;
mod demo;
mod interrupt;
mod keeper;
mod output;
mod predict;
mod progress;
mod report;
mod setup;
mod table;
mod train;

use clap::{Parser, Subcommand};

pub use interrupt::{CODE, Interrupted};
pub use output::note;

use arguments::{CompareArguments, DemoArguments, PredictArguments, TrainArguments};

/// A failure, said in one line.
type Failure = Box<dyn std::error::Error>;

/// Train separable neural networks with second-order methods: GNvpro, slimTrain and CurveBall.
#[derive(Debug, Parser)]
#[command(
    name = "gaussling",
    version,
    after_help = "Examples:
  gaussling demo
  gaussling train data.csv --targets y
  gaussling train data.csv --targets species --task classification --method gnvpro
  gaussling train data.csv --epochs 1000 --method adam --resume
  gaussling compare data.csv --targets 9-10 --seeds 5
  gaussling predict model.safetensors new.csv

Data: CSV, TSV or spaces between columns, with or without a header; MAT v5. One sample a row (MAT: a row or a column).
Exit codes: 0 done, 1 failed (one line on stderr says why), 2 the command line is wrong, 130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// No data needed: solve a convection–diffusion–reaction equation for data, train with every method, compare
    Demo(DemoArguments),
    /// Train a model on a table of numbers and save it
    Train(TrainArguments),
    /// Train with several methods from the same initial weights, under the same budget, and print one table
    Compare(CompareArguments),
    /// Apply a saved model to new data; prints CSV
    Predict(PredictArguments),
}

/// Does what the command line asks for.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
    }
}
