//! The command line.

mod memory;
mod output;
mod train;

use clap::Parser;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Train(train::Args),
}

/// Runs the command line.
#[must_use]
pub fn run() -> std::process::ExitCode {
    memory::keep_freed_memory();
    let result = match Cli::parse().command {
        Command::Train(args) => train::run(args),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {error:?}"));
            std::process::ExitCode::from(2)
        }
    }
}
