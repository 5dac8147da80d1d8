//! `countervail eval check`: manifests, and the data they pin, before anything is measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rayon::prelude::*;

use crate::cli::eval::columns::aligned;
use crate::cli::output::Output;
use crate::eval::catalogue::{self, FOLDER};
use crate::eval::check::{Checked, Counts, check};
use crate::eval::manifest::BenchmarkManifest;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Manifests to check; all of the folder when none is given
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Also read the data in this folder, and count what is in it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder with the benchmark manifests
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    benchmarks: PathBuf,
}

pub(super) fn run(args: &CheckArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let manifests = if args.files.is_empty() {
        catalogue::open_all(&args.benchmarks)?
    } else {
        args.files.iter().map(|path| BenchmarkManifest::open(path)).collect::<Result<_, _>>()?
    };
    catalogue::files(&manifests)?;
    let Some(data) = &args.data else {
        output.note(format_args!(
            "{} manifests are sound; give `--data` to check what they pin",
            manifests.len()
        ));
        return Ok(ExitCode::SUCCESS);
    };
    let checked = check_all(&manifests, data);
    let head = ["name", "cases", "yes/no/unknown", "languages", "train", "validation", "swaps"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(checked.iter().filter_map(|c| Some(row(&c.name, c.counts.as_ref()?))));
    for line in aligned(&rows) {
        output.data(line)?;
    }
    let problems: Vec<String> =
        checked.iter().flat_map(|c| c.problems.iter().map(|p| format!("{}: {p}", c.name))).collect();
    for problem in &problems {
        output.note(problem);
    }
    output.note(format_args!("{} manifests, {} problems", manifests.len(), problems.len()));
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn check_all(manifests: &[BenchmarkManifest], data: &Path) -> Vec<Checked> {
    manifests.par_iter().map(|manifest| check(manifest, data)).collect()
}

fn row(name: &str, counts: &Counts) -> [String; 7] {
    let targets: Vec<String> =
        counts.targets.iter().map(|(t, l)| format!("{t} {}/{}/{}", l.yes, l.no, l.unknown)).collect();
    let dash = |n: usize| if n == 0 { "–".to_owned() } else { n.to_string() };
    [
        name.to_owned(),
        counts.cases.to_string(),
        if targets.is_empty() { "–".to_owned() } else { targets.join(", ") },
        languages(&counts.languages),
        dash(counts.train),
        dash(counts.validation),
        dash(counts.counterfactual_groups),
    ]
}

fn languages(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(code, n)| format!("{code} {n}")).collect::<Vec<_>>().join(", ")
}
