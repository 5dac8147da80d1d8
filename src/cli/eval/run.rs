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
    let mut benchmarks =
        args.benchmarks.iter().map(|p| BenchmarkManifest::open(p)).collect::<Result<Vec<_>, _>>()?;
    benchmarks.retain(|manifest| match &manifest.unavailable {
        Some(unavailable) => {
            output.note(format_args!("skipped {}: {}", manifest.name, unavailable.why));
            false
        }
        None => true,
    });
    let mut subject = args.subject.open()?;
    let run = Run {
        benchmarks,
        data_dir: args.data.clone(),
        out_dir: args.out.clone(),
        plan: Plan { seed: args.seed, resamples: args.resamples },
    };
    let bar = progress_bar();
    let report = run.execute(&mut subject, &mut |p| show(&bar, p))?;
    bar.finish_and_clear();
    let n: usize = report.benchmarks.iter().map(|b| b.n).sum();
    Ok(format!(
        "measured {} on {} benchmarks, {n} texts; read {}",
        report.subject().name,
        report.benchmarks.len(),
        args.out.join("report.md").display()
    ))
}

/// Hidden by indicatif when stderr is no terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} texts, {eta} left")
        .expect("the template is a constant");
    ProgressBar::new(0).with_style(style)
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    let prefix = format!("[{}/{}] {}", progress.index + 1, progress.count, progress.benchmark);
    if bar.prefix() != prefix {
        bar.reset();
        bar.set_prefix(prefix);
        bar.set_length(progress.total as u64);
    }
    bar.set_position(progress.done as u64);
}
