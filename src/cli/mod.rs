//! The command line: one file per command, and [`output`] is the only place that prints.
//!
//! A command is a clap struct `Args` and a function
//! `pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode>`. It is added with one line
//! in each of the three places marked *one line per command*. Commands are synchronous; one that needs
//! tokio wraps its work in [`block_on`].
//!
//! Exit codes: 0 it worked, 1 it ran and what it checked is not well, 2 it could not run. An error that
//! is returned is printed once and ends with 2; attach a [`Hint`](output::Hint) where there is a way out.

// One line per command.
mod calibrate;
mod cascade;
mod classify;
mod eval;
mod key;
mod memory;
mod output;
mod serve;
mod settings;
mod train;
mod user;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::cli::output::Output;

/// Could not run.
const FAILED: u8 = 2;

/// Flags likely extremist recruitment and propaganda for human review. Never removes anything.
#[derive(Debug, Parser)]
#[command(name = "countervail", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

// One line per command.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Classify(classify::Args),
    Key(key::Args),
    User(user::Args),
    Train(train::Args),
    Calibrate(calibrate::Args),
    Cascade(cascade::Args),
    Eval(eval::EvalArgs),
}

impl Command {
    // One line per command.
    fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve(args) => serve::run(args, output),
            Self::Classify(args) => classify::run(args, output),
            Self::Key(args) => key::run(args, output),
            Self::User(args) => user::run(args, output),
            Self::Train(args) => train::run(args, output),
            Self::Calibrate(args) => calibrate::run(args, output),
            Self::Cascade(args) => cascade::run(args, output),
            Self::Eval(args) => eval::run(args, output),
        }
    }
}

/// Runs the command line.
#[must_use]
pub fn run() -> ExitCode {
    memory::keep_freed_memory();
    let cli = Cli::parse();
    let output = Output::new();
    cli.command.run(&output).unwrap_or_else(|error| {
        output.error(&error);
        ExitCode::from(FAILED)
    })
}

/// Runs a command's asynchronous part to its end.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("countervail")
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
