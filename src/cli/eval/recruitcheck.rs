//! `countervail eval recruitcheck`: the cases of the suite as a file that needs no program of ours.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::output::Output;
use crate::eval::recruitcheck::{Part, Suite, to_csv};

#[derive(Debug, Args)]
pub(super) struct RecruitcheckArgs {
    /// `development`, or `evaluation`, which is never to be trained on
    #[arg(long)]
    part: Part,
    /// Only these languages, such as en or ar; all that the part has when not given
    #[arg(long = "language", value_name = "CODE")]
    languages: Vec<String>,
    /// Folder with functions.toml and templates/
    #[arg(long, value_name = "DIR", default_value = "eval/recruitcheck")]
    suite: PathBuf,
    /// CSV file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &RecruitcheckArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let suite = Suite::open(&args.suite)?;
    let languages =
        if args.languages.is_empty() { suite.languages(args.part)? } else { args.languages.clone() };
    let cases = suite.cases(args.part, &languages)?;
    fs_err::write(&args.out, to_csv(&cases)?)?;
    output.note(format_args!(
        "wrote {} cases of RecruitCheck {}, {} part, to {}",
        cases.len(),
        suite.version,
        args.part,
        args.out.display()
    ));
    Ok(ExitCode::SUCCESS)
}
