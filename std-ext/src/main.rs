//! The `gaussling` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::note(&format!("gaussling: {error}"));
            if error.is::<cli::Interrupted>() { ExitCode::from(cli::CODE) } else { ExitCode::FAILURE }
        }
    }
}
