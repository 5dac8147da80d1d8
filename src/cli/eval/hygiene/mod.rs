//! `countervail eval hygiene …`: whether the data deserves its numbers. Tables on standard output, everything with ids
//! in `--json`; exit code 1 when a stated limit is passed.

mod conflicts;
mod contamination;
mod duplicates;
mod probes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::eval::columns::aligned;
use crate::cli::output::Output;
use crate::data::recipe::RecipeData;
use crate::eval::catalogue::{self, FOLDER};
use crate::eval::error::Error;
use crate::eval::hygiene;
use crate::eval::hygiene::sets::{self, TextSet};
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::report::metric::Metric;

/// What was checked is not well.
const PASSED_LIMIT: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct HygieneArgs {
    #[command(subcommand)]
    check: HygieneCheck,
}

#[derive(Debug, Subcommand)]
enum HygieneCheck {
    /// Find copies within test parts, between them and their own training parts, and between sets
    Duplicates(duplicates::DuplicatesArgs),
    /// Find equal and nearly equal texts whose labels contradict each other
    Conflicts(conflicts::ConflictsArgs),
    /// Measure how well labels can be told without reading what the texts say
    Probes(probes::ProbesArgs),
    /// Find test texts that a model was trained on
    Contamination(contamination::ContaminationArgs),
}

/// The texts to check.
#[derive(Debug, Args)]
struct Texts {
    /// Benchmark manifests; all of eval/benchmarks when neither these nor recipes are given
    #[arg(long = "benchmark", value_name = "FILE", num_args = 1..)]
    benchmarks: Vec<PathBuf>,
    /// Training recipes: what they train on after their own purge
    #[arg(long = "recipe", value_name = "FILE", num_args = 1..)]
    recipes: Vec<PathBuf>,
    /// Folder that the data paths are relative to
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Where the whole finding goes.
#[derive(Debug, Args)]
struct Json {
    /// Write all that was found, with ids, to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) fn run(args: &HygieneArgs, output: &Output) -> anyhow::Result<ExitCode> {
    match &args.check {
        HygieneCheck::Duplicates(args) => duplicates::run(args, output),
        HygieneCheck::Conflicts(args) => conflicts::run(args, output),
        HygieneCheck::Probes(args) => probes::run(args, output),
        HygieneCheck::Contamination(args) => contamination::run(args, output),
    }
}

impl Texts {
    fn load(&self, output: &Output) -> Result<Vec<TextSet>, Error> {
        let mut loaded = Vec::new();
        if !self.benchmarks.is_empty() || self.recipes.is_empty() {
            for manifest in manifests(&self.benchmarks, output)? {
                loaded.extend(sets::of_benchmark(&manifest, &self.data)?);
            }
        }
        for recipe in &self.recipes {
            loaded.push(sets::of_recipe(&open_recipe(recipe)?, &self.data)?);
        }
        let texts: usize = loaded.iter().map(|set| set.examples.len()).sum();
        output.note(format_args!("read {texts} texts in {} sets", loaded.len()));
        Ok(loaded)
    }
}

impl Json {
    fn write(&self, check: &'static str, found: &impl Serialize) -> anyhow::Result<()> {
        if let Some(path) = &self.json {
            fs_err::write(path, hygiene::to_json(check, found))?;
        }
        Ok(())
    }
}

/// The given manifests, or all; those whose data nobody can have are named and left out.
fn manifests(given: &[PathBuf], output: &Output) -> Result<Vec<BenchmarkManifest>, Error> {
    let mut manifests = if given.is_empty() {
        catalogue::open_all(Path::new(FOLDER))?
    } else {
        given.iter().map(|path| BenchmarkManifest::open(path)).collect::<Result<_, _>>()?
    };
    manifests.retain(|manifest| {
        if manifest.unavailable.is_some() {
            output.note(format_args!("{} is unavailable and not checked", manifest.name));
        }
        manifest.unavailable.is_none()
    });
    Ok(manifests)
}

fn open_recipe(path: &Path) -> Result<RecipeData, Error> {
    RecipeData::open(path)
        .map_err(|e| Error::Data { benchmark: path.display().to_string(), source: Box::new(e) })
}

fn print<const N: usize>(output: &Output, head: [&str; N], rows: Vec<[String; N]>) -> anyhow::Result<()> {
    let mut all = vec![head.map(str::to_owned)];
    all.extend(rows);
    aligned(&all).into_iter().try_for_each(|line| output.data(line))
}

/// Exit code 1, and why, when `value` is above the stated limit.
fn judge(limit: Option<f64>, found: Option<(String, f64)>, output: &Output) -> ExitCode {
    match (limit, found) {
        (Some(limit), Some((what, value))) if value > limit => {
            output.note(format_args!("{what}: {value:.4} is above the limit of {limit}"));
            ExitCode::from(PASSED_LIMIT)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// `20.4 % (17.0–24.4)`, or `–` when there is no number.
fn share(metric: &Metric) -> String {
    match (metric.value, metric.low, metric.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{:.1} % ({:.1}–{:.1})", 100.0 * value, 100.0 * low, 100.0 * high)
        }
        (Some(value), ..) => format!("{:.1} %", 100.0 * value),
        (None, ..) => "–".to_owned(),
    }
}

/// `0.812 (0.790–0.833)`, or `–` when there is no number.
fn number(metric: &Metric) -> String {
    match (metric.value, metric.low, metric.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (Some(value), ..) => format!("{value:.3}"),
        (None, ..) => "–".to_owned(),
    }
}
