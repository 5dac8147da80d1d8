//! `countervail cascade …`: the first stage of a bundle, made and verified.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::eval::columns::aligned;
use crate::cli::output::{Hint, Output};
use crate::cli::train::Terminal;
use crate::eval::cascade::{Counts, Group, Kept, group, verify};
use crate::eval::manifest::BenchmarkManifest;
use crate::inference::cascade::file::{BucketLine, CascadeFile};
use crate::inference::locate;
use crate::inference::pipeline::Pipeline;
use crate::train::cascade::held_out::development;
use crate::train::cascade::{Order, run as make};

/// What was promised is not so on these texts.
const BROKEN: u8 = 1;

/// Make and verify the first stage that answers harmless texts without the encoder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a first stage to a bundle; its encoder stays as it is
    Train(TrainArgs),
    /// Measure what a bundle's first stage stops, keeps and saves
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The encoder reads the fit part of the bundle's own training data and the first stage learns what it says. On the \
calibration and threshold parts a threshold is certified for each language and length: of what the encoder \
flags, at least the given share gets past it. Where that cannot be shown all texts go to the encoder. \
docs/CASCADE.md explains the method and its limits.

Exit codes: 0 written, 1 written but no language and length could be certified, 2 could not run.")]
struct TrainArgs {
    /// Model bundle: a name under models/, or the path of its folder
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// The recipe, for its terms of a cascade; its data must be the bundle's [default: the bundle's own]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Folder that the paths of the recipe's sources are below
    #[arg(long, value_name = "DIR", env = "COUNTERVAIL_DATA")]
    data: PathBuf,
    /// The bundle folder to write; replaced as a whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Share to keep of what the encoder flags [default: the recipe's, or 0.99]
    #[arg(long, value_name = "SHARE")]
    retained: Option<f64>,
    /// Share to keep of what it flags or names a category of [default: the recipe's, or 0.98]
    #[arg(long, value_name = "SHARE")]
    retained_named: Option<f64>,
    /// How surely all languages and lengths together keep it [default: the recipe's, or 0.95]
    #[arg(long, value_name = "SHARE")]
    confidence: Option<f64>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every text is read with and without the first stage, in turn. With --benchmark the texts of benchmarks are, and \
counted by family; else those of the development part of the bundle's own data, on which nothing of it rests, \
by source. Labels are not looked at: what counts is what the encoder says.

Exit codes: 0 as promised as far as these texts can tell, 1 fewer were kept than promised, beyond chance, \
2 could not run.")]
struct VerifyArgs {
    /// Model bundle: a name under models/, or the path of its folder
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// Benchmark manifests, such as eval/benchmarks/*.toml
    #[arg(long = "benchmark", value_name = "FILE", num_args = 1..)]
    benchmarks: Vec<PathBuf>,
    /// Folder that the data paths of manifests, or of the recipe, are relative to
    #[arg(long, value_name = "DIR", env = "COUNTERVAIL_DATA")]
    data: PathBuf,
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Train(args) => train(args, output),
        Command::Verify(args) => check(&args, output),
    }
}

fn train(args: TrainArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let TrainArgs { model, recipe, data, out, retained, retained_named, confidence } = args;
    let order = Order { model: locate(&model), recipe, data, out, retained, retained_named, confidence };
    let made = make(&order, &mut Terminal::new(output))?;
    certificate(&made, output)?;
    output.note(format_args!("written to {}", order.out.display()));
    let any = made.buckets.iter().any(|bucket| bucket.threshold.is_some());
    Ok(if any { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

fn check(args: &VerifyArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let pipeline = Pipeline::open(&locate(&args.model))?;
    let file = pipeline.bundle().cascade_file()?.with_context(|| {
        Hint::new(
            format!("the bundle `{}` has no first stage", args.model),
            "add one with `countervail cascade train`",
        )
    })?;
    certificate(&file, output)?;
    let groups = groups(args, &pipeline, output)?;
    let bar = ProgressBar::new(groups.iter().map(|g| g.texts.len() as u64).sum()).with_style(style());
    let families = verify(pipeline, &groups, &mut |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let mut all = Counts::default();
    for counts in families.values() {
        all.add(counts);
    }
    output.data("")?;
    for line in table(&families, &all) {
        output.data(line)?;
    }
    let below = |kept: Kept, promised: f64| kept.interval().is_some_and(|i| i.high < promised);
    let broken = below(all.flagged, file.terms.retained) || below(all.said, file.terms.retained_named);
    if broken {
        output.note("fewer were kept than promised, beyond chance: these texts are not like those it was certified on");
    }
    Ok(if broken { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

fn groups(args: &VerifyArgs, pipeline: &Pipeline, output: &Output) -> anyhow::Result<Vec<Group>> {
    if args.benchmarks.is_empty() {
        output.note("reading the development part of the bundle's own data");
        let sources = development(pipeline.bundle(), &args.data)?;
        let group = |(name, texts): (String, Vec<String>)| Group { family: name.clone(), name, texts };
        return Ok(sources.into_iter().map(group).collect());
    }
    let mut groups = Vec::new();
    for path in &args.benchmarks {
        let manifest = BenchmarkManifest::open(path)?;
        match group(&manifest, &args.data)? {
            Some(group) => groups.push(group),
            None => output.note(format_args!("left out {}", manifest.name)),
        }
    }
    Ok(groups)
}

/// What was certified, bucket by bucket.
fn certificate(file: &CascadeFile, output: &Output) -> anyhow::Result<()> {
    let terms = file.terms;
    output.data(format_args!(
        "promised: {:.1} % of what the encoder flags is kept, {:.1} % of what it flags or names a category of, with \
         {:.0} % confidence for {} buckets together",
        100.0 * terms.retained,
        100.0 * terms.retained_named,
        100.0 * terms.confidence,
        terms.tested
    ))?;
    let head = [
        "language",
        "characters",
        "texts",
        "stopped",
        "flagged",
        "kept",
        "at least",
        "named",
        "kept",
        "at least",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(file.buckets.iter().map(bucket_row));
    for line in aligned(&rows) {
        output.data(line)?;
    }
    Ok(())
}

fn bucket_row(bucket: &BucketLine) -> [String; 10] {
    let below = bucket.below.map_or_else(String::new, |below| (below - 1).to_string());
    let certified = bucket.threshold.is_some();
    let bound = |bound: f64| if certified { format!("{bound:.4}") } else { "all to the encoder".to_owned() };
    [
        bucket.language.clone(),
        format!("{}–{below}", bucket.from),
        bucket.texts.to_string(),
        bucket.stopped.to_string(),
        bucket.flagged.texts.to_string(),
        bucket.flagged.kept.to_string(),
        bound(bucket.flagged.bound),
        bucket.said.texts.to_string(),
        bucket.said.kept.to_string(),
        bound(bucket.said.bound),
    ]
}

fn table(families: &BTreeMap<String, Counts>, all: &Counts) -> Vec<String> {
    let head = [
        "family",
        "texts",
        "unread",
        "stopped",
        "flagged",
        "kept",
        "share [95 %]",
        "named",
        "kept",
        "share [95 %]",
        "texts/s off",
        "on",
        "ratio",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let named = families.iter().map(|(name, counts)| (name.as_str(), counts));
    rows.extend(named.chain([("all", all)]).map(|(name, counts)| family_row(name, counts)));
    aligned(&rows)
}

fn family_row(name: &str, counts: &Counts) -> [String; 13] {
    let rate = |spent: std::time::Duration| format!("{:.0}", counts.texts as f64 / spent.as_secs_f64());
    [
        name.to_owned(),
        counts.texts.to_string(),
        counts.unread.to_string(),
        format!("{:.1} %", 100.0 * counts.stopped_share()),
        counts.flagged.all.to_string(),
        counts.flagged.kept.to_string(),
        share(counts.flagged),
        counts.said.all.to_string(),
        counts.said.kept.to_string(),
        share(counts.said),
        rate(counts.without),
        rate(counts.with),
        format!("{:.2}", counts.speedup()),
    ]
}

fn share(kept: Kept) -> String {
    kept.interval().map_or_else(
        || "–".to_owned(),
        |interval| {
            let share = kept.kept as f64 / kept.all as f64;
            format!("{share:.4} [{:.4}, {:.4}]", interval.low, interval.high)
        },
    )
}

/// Hidden by indicatif when stderr is no terminal.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} texts, {eta} left")
        .expect("the template is a constant")
}
