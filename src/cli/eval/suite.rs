//! `countervail eval suite`: every benchmark, the model beside the baselines, into the report that is committed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::eval::run::execute;
use crate::cli::eval::subject::SubjectArgs;
use crate::cli::output::Output;
use crate::eval::catalogue::{self, FOLDER};
use crate::eval::error::Error;
use crate::eval::intervals::bootstrap::{DEFAULT_RESAMPLES, Plan};
use crate::eval::ledger;
use crate::eval::run::Run;
use crate::eval::subject::Subject;
use crate::eval::subject::baseline::Baseline;

/// Beside the model, unless told otherwise.
const BASELINES: [&str; 3] = ["tfidf", "keywords", "majority"];

#[derive(Debug, Args)]
pub(super) struct SuiteArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Baselines beside the subject: files, or names under eval/baselines/
    #[arg(long = "beside", value_name = "NAME|FILE", num_args = 0.., default_values = BASELINES)]
    beside: Vec<PathBuf>,
    /// Folder with the benchmark manifests
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    benchmarks: PathBuf,
    /// Folder that the manifests' data paths are relative to, as `eval fetch` fills it
    #[arg(long, value_name = "DIR", env = "COUNTERVAIL_DATA")]
    data: PathBuf,
    /// Folder for the reports and the predictions [default: eval/reports/SUBJECT]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Test ledger to which every look is added
    #[arg(long, value_name = "FILE", default_value = ledger::FILE)]
    ledger: PathBuf,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Bootstrap resamples, at least 100
    #[arg(long, default_value_t = DEFAULT_RESAMPLES)]
    resamples: usize,
}

pub(super) fn run(args: &SuiteArgs, output: &Output) -> anyhow::Result<ExitCode> {
    output.note(measure(args, output)?);
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &SuiteArgs, output: &Output) -> Result<String, Error> {
    let mut subjects = args.subject.open()?;
    for baseline in &args.beside {
        subjects.push(Subject::Baseline(Box::new(Baseline::open(&SubjectArgs::file_of(baseline))?)));
    }
    let out_dir = args.out.clone().unwrap_or_else(|| PathBuf::from("eval/reports").join(subjects[0].name()));
    let run = Run {
        benchmarks: catalogue::open_all(&args.benchmarks)?,
        data_dir: args.data.clone(),
        out_dir,
        plan: Plan { seed: args.seed, resamples: args.resamples },
        ledger: Some(args.ledger.clone()),
    };
    execute(run, &mut subjects, output)
}
