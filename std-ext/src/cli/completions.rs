//! `gaussling completions`

use clap::CommandFactory;

use super::arguments::CompletionsArguments;
use super::output::print;
use super::{Cli, Failure};

pub fn run(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "gaussling", &mut script);
    print(&String::from_utf8_lossy(&script))
}
