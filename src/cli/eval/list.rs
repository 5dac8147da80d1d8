//! `countervail eval list`: which benchmarks there are.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::eval::columns::aligned;
use crate::cli::output::Output;
use crate::eval::catalogue::{self, Availability, Entry, FOLDER};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Folder with the benchmark manifests
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    benchmarks: PathBuf,
}

pub(super) fn run(args: &ListArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let entries: Vec<Entry> = catalogue::open_all(&args.benchmarks)?.iter().map(Entry::of).collect();
    let head = ["name", "kind", "targets", "languages", "files", "data", "licence"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(entries.iter().map(row));
    for line in aligned(&rows) {
        output.data(line)?;
    }
    for entry in &entries {
        if let Availability::Unavailable(why) = &entry.data {
            output.note(format_args!("{} is unavailable: {why}", entry.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &Entry) -> [String; 7] {
    let data = match &entry.data {
        Availability::Fetchable => "fetchable".to_owned(),
        Availability::Made(files) => format!("{files} made, from a mirror"),
        Availability::Unavailable(_) => "unavailable".to_owned(),
    };
    let targets = if entry.targets.is_empty() { "–".to_owned() } else { entry.targets.join(" ") };
    [
        entry.name.clone(),
        entry.kind.to_owned(),
        targets,
        entry.languages.join(" "),
        entry.files.to_string(),
        data,
        entry.licences.join("; "),
    ]
}
