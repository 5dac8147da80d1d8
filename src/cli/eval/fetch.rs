//! `countervail eval fetch`: the files that benchmarks are read from.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::output::Output;
use crate::data::source::PinnedFile;
use crate::eval::catalogue::{self, FOLDER};
use crate::eval::fetch::{Fetcher, Mirror, Outcome};

#[derive(Debug, Args)]
pub(super) struct FetchArgs {
    /// Benchmarks to fetch the data of; all when none is named
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Folder to put the data into; what is there already is verified and left alone
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A copy of the data with the same layout, tried before the origins: a folder or an http(s) address
    #[arg(long, value_name = "DIR|URL")]
    mirror: Option<String>,
    /// Folder with the benchmark manifests
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    benchmarks: PathBuf,
}

pub(super) fn run(args: &FetchArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let manifests = catalogue::select(catalogue::open_all(&args.benchmarks)?, &args.names)?;
    for manifest in &manifests {
        if let Some(unavailable) = &manifest.unavailable {
            output.note(format_args!("{}: {} {}", manifest.name, unavailable.why, unavailable.how_to_add));
        }
    }
    let files = catalogue::files(&manifests)?;
    let fetcher = Fetcher::new(args.data.clone(), args.mirror.as_deref().map(Mirror::parse));
    let mut outcomes = Vec::with_capacity(files.len());
    for file in &files {
        let outcome = fetcher.fetch(file)?;
        tell(file, &outcome, output);
        outcomes.push(outcome);
    }
    let count = |test: fn(&Outcome) -> bool| outcomes.iter().filter(|o| test(o)).count();
    let there = count(Outcome::is_there);
    output.note(format_args!(
        "{} files: {} were there, {} fetched, {} with other bytes, {} missing",
        files.len(),
        count(|o| *o == Outcome::Present),
        count(|o| matches!(o, Outcome::Fetched { .. })),
        count(|o| matches!(o, Outcome::Wrong { .. })),
        count(|o| matches!(o, Outcome::Missing { .. })),
    ));
    Ok(if there == files.len() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn tell(file: &PinnedFile<'_>, outcome: &Outcome, output: &Output) {
    let path = file.path;
    match outcome {
        Outcome::Present => {}
        Outcome::Fetched { from } => output.note(format_args!("fetched {path} from {from}")),
        Outcome::Wrong { got } => output.note(format_args!(
            "refused {path}: it has SHA-256 {got}, {} is pinned; move it away and fetch again",
            file.sha256.unwrap_or_default()
        )),
        Outcome::Missing { tried } => {
            output.note(format_args!("missing {path} (source `{}`)", file.source));
            for attempt in tried {
                output.note(format_args!("  {attempt}"));
            }
        }
    }
}
