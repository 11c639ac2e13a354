//! The command line: what there is to say, and who does it.

mod arguments;
mod audit;
mod compare;
mod completions;
mod demo;
mod evaluate;
mod export;
mod failure;
mod help;
mod info;
mod interrupt;
mod json;
mod keeper;
mod output;
mod picks;
mod predict;
mod progress;
mod report;
mod setup;
mod table;
mod train;
mod training;

use clap::{Parser, Subcommand};

pub use failure::Failure;
pub use output::note;

use arguments::{
    AuditArguments, CompareArguments, CompletionsArguments, DemoArguments, EvaluateArguments, ExportArguments,
    InfoArguments, PredictArguments, TrainArguments,
};

/// Train separable neural networks with second-order methods: GNvpro, slimTrain and CurveBall.
#[derive(Debug, Parser)]
#[command(name = "gaussling", version, after_help = help::ALL)]
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
    /// Score a saved model on data that have targets: errors of each output, or which classes are taken for which
    Evaluate(EvaluateArguments),
    /// Say what a model or a data file holds
    Info(InfoArguments),
    /// Write a saved model as Rust source for a microcontroller
    Export(ExportArguments),
    /// Measure what is promised on this machine: residuals, errors of functions, derivatives, reproducible bits
    Audit(AuditArguments),
    /// Print a script with which a shell completes these commands
    Completions(CompletionsArguments),
}

/// Does what the command line asks for.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
