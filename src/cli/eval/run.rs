//! `countervail eval run`: benchmarks through a model, or through kept predictions, into a report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::Output;
use crate::eval::error::Error;
use crate::eval::intervals::bootstrap::{DEFAULT_RESAMPLES, Plan};
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::run::{Progress, Run};
use crate::eval::subject::Subject;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Bundle to measure: a folder, or a name under models/
    #[arg(
        long,
        value_name = "NAME|PATH",
        required_unless_present = "predictions",
        conflicts_with = "predictions"
    )]
    pub(super) model: Option<PathBuf>,
    /// Measure kept predictions instead of a model: a folder of NAME.jsonl files
    #[arg(long, value_name = "DIR")]
    pub(super) predictions: Option<PathBuf>,
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
    let mut benchmarks =
        args.benchmarks.iter().map(|p| BenchmarkManifest::open(p)).collect::<Result<Vec<_>, _>>()?;
    benchmarks.retain(|manifest| match &manifest.unavailable {
        Some(unavailable) => {
            output.note(format_args!("skipped {}: {}", manifest.name, unavailable.why));
            false
        }
        None => true,
    });
    let mut subject = match (&args.predictions, &args.model) {
        (Some(folder), _) => Subject::Predictions(folder.clone()),
        (None, Some(model)) => Subject::open(&bundle_path(model))?,
        (None, None) => unreachable!("clap requires one of the two"),
    };
    let run = Run {
        benchmarks,
        data_dir: args.data.clone(),
        out_dir: args.out.clone(),
        plan: Plan { seed: args.seed, resamples: args.resamples },
        ledger: args.ledger.clone(),
    };
    let bar = progress_bar();
    let report = run.execute(std::slice::from_mut(&mut subject), &mut |p| show(&bar, p))?;
    bar.finish_and_clear();
    let n: usize = report.benchmarks.iter().map(|b| b.n).sum();
    Ok(format!(
        "measured {} on {} benchmarks, {n} texts; read {}",
        report.subject().name,
        report.benchmarks.len(),
        args.out.join("report.md").display()
    ))
}

/// A folder that exists, or else a name under `models/`.
fn bundle_path(model: &Path) -> PathBuf {
    if model.is_dir() { model.to_owned() } else { Path::new("models").join(model) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_a_folder_under_models() {
        assert_eq!(bundle_path(Path::new("no-such-folder")), Path::new("models/no-such-folder"));
    }
}
