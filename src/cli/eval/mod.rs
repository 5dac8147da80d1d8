//! `countervail eval …`: one file for each command.

mod check;
pub(in crate::cli) mod columns;
mod fetch;
mod gate;
mod hygiene;
mod ledger;
mod list;
mod recruitcheck;
mod run;
mod subject;
mod suite;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::output::Output;

/// Measure a model on benchmarks, and get their data
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    command: EvalCommand,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// Score benchmarks and write the reports and the predictions
    Run(run::RunArgs),
    /// Compare a report with a baseline; fails when a number is worse beyond the baseline's interval
    Gate(gate::GateArgs),
    /// Measure a model beside the baselines on every benchmark
    Suite(suite::SuiteArgs),
    /// Show or verify the ledger of looks at test splits
    Ledger(ledger::LedgerArgs),
    /// List the benchmarks
    List(list::ListArgs),
    /// Fetch and verify the data of benchmarks
    Fetch(fetch::FetchArgs),
    /// Check manifests, and with --data the data that they pin
    Check(check::CheckArgs),
    /// Check the data itself: copies, contradictions, shortcuts, contamination
    Hygiene(hygiene::HygieneArgs),
    /// Write the cases of RecruitCheck as a CSV file
    Recruitcheck(recruitcheck::RecruitcheckArgs),
}

pub(crate) fn run(args: EvalArgs, output: &Output) -> anyhow::Result<ExitCode> {
    match args.command {
        EvalCommand::Run(args) => run::run(&args, output),
        EvalCommand::Gate(args) => gate::run(&args, output),
        EvalCommand::Suite(args) => suite::run(&args, output),
        EvalCommand::Ledger(args) => ledger::run(&args, output),
        EvalCommand::List(args) => list::run(&args, output),
        EvalCommand::Fetch(args) => fetch::run(&args, output),
        EvalCommand::Check(args) => check::run(&args, output),
        EvalCommand::Hygiene(args) => hygiene::run(&args, output),
        EvalCommand::Recruitcheck(args) => recruitcheck::run(&args, output),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches as _};

    use super::*;

    fn parse(line: &str) -> Result<EvalArgs, clap::Error> {
        let command = EvalArgs::augment_args(Command::new("eval"));
        command.clone().debug_assert();
        EvalArgs::from_arg_matches(&command.try_get_matches_from(line.split(' '))?)
    }

    #[test]
    fn several_benchmarks_and_one_subject() {
        let args = parse("eval run --model default --benchmark a.toml b.toml --data d --out o").unwrap();
        let EvalCommand::Run(args) = args.command else { panic!("run was parsed as something else") };
        assert_eq!((args.benchmarks.len(), args.seed), (2, 1));
        assert!(parse("eval run --predictions p --benchmark a.toml --data d --out o").is_ok());
        assert!(parse("eval run --benchmark a.toml --data d --out o").is_err());
        assert!(parse("eval run --model m --predictions p --benchmark a.toml --data d --out o").is_err());
        for subject in
            ["--baseline tfidf", "--endpoint e.toml", "--predictions p --target hate --threshold 0.5"]
        {
            assert!(
                parse(&format!("eval run {subject} --benchmark a.toml --data d --out o")).is_ok(),
                "{subject}"
            );
        }
        assert!(parse("eval run --predictions p --target hate --benchmark a.toml --data d --out o").is_err());
        assert!(
            parse("eval run --model m --target hate --threshold 0.5 --benchmark a.toml --data d --out o")
                .is_err()
        );
    }
}
