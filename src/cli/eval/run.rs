//! `countervail eval run`: benchmarks through a subject into a report.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::eval::subject::SubjectArgs;
use crate::cli::output::Output;
use crate::eval::error::Error;
use crate::eval::intervals::bootstrap::{DEFAULT_RESAMPLES, Plan};
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::run::{Progress, Run};
use crate::eval::subject::Subject;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Benchmark manifests, such as eval/benchmarks/*.toml
    #[arg(long = "benchmark", value_name = "FILE", required = true, num_args = 1..)]
    pub(super) benchmarks: Vec<PathBuf>,
    /// Folder that the manifests' data paths are relative to
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
    /// Folder for the report and the predictions; an interrupted run goes on there
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Test ledger to which every look is added, such as eval/ledger.jsonl
    #[arg(long, value_name = "FILE")]
    pub(super) ledger: Option<PathBuf>,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Bootstrap resamples, at least 100
    #[arg(long, default_value_t = DEFAULT_RESAMPLES)]
    pub(super) resamples: usize,
}

pub(super) fn run(args: &RunArgs, output: &Output) -> anyhow::Result<ExitCode> {
    output.note(evaluate(args, output)?);
    Ok(ExitCode::SUCCESS)
}

fn evaluate(args: &RunArgs, output: &Output) -> Result<String, Error> {
    let benchmarks =
        args.benchmarks.iter().map(|p| BenchmarkManifest::open(p)).collect::<Result<Vec<_>, _>>()?;
    let run = Run {
        benchmarks,
        data_dir: args.data.clone(),
        out_dir: args.out.clone(),
        plan: Plan { seed: args.seed, resamples: args.resamples },
        ledger: args.ledger.clone(),
    };
    execute(run, &mut args.subject.open()?, output)
}

/// Measures behind a progress bar, and says what was done.
pub(super) fn execute(run: Run, subjects: &mut [Subject], output: &Output) -> Result<String, Error> {
    let page = run.out_dir.join("report.html");
    let bar = progress_bar();
    let report = run.execute(subjects, &mut |p| show(&bar, p))?;
    bar.finish_and_clear();
    for left in &report.left_out {
        output.note(format_args!("left out {}: {}", left.name, left.why));
    }
    let n: usize = report.benchmarks.iter().map(|b| b.n).sum();
    let names: Vec<&str> = report.subjects.iter().map(|s| s.name.as_str()).collect();
    Ok(format!(
        "measured {} on {} benchmarks, {n} texts; open {}",
        names.join(", "),
        report.benchmarks.len(),
        page.display()
    ))
}

/// Hidden by indicatif when stderr is no terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} texts, {eta} left")
        .expect("the template is a constant");
    ProgressBar::new(0).with_style(style)
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    let prefix =
        format!("[{}/{}] {}: {}", progress.index + 1, progress.count, progress.benchmark, progress.subject);
    if bar.prefix() != prefix {
        bar.reset();
        bar.set_prefix(prefix);
        bar.set_length(progress.total as u64);
    }
    bar.set_position(progress.done as u64);
}
