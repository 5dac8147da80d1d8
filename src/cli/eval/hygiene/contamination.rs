//! `countervail eval hygiene contamination`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::cli::eval::hygiene::{Json, judge, manifests, open_recipe, print, share};
use crate::cli::eval::subject::folder_of;
use crate::cli::output::{Hint, Output};
use crate::eval::hygiene::contamination::{self, Benchmark, Contamination, Verdict};
use crate::eval::hygiene::sets;

#[derive(Debug, Args)]
pub(super) struct ContaminationArgs {
    /// Bundle whose recipe is read: a folder, or a name under models/
    #[arg(long, value_name = "NAME|PATH")]
    model: PathBuf,
    /// Benchmark manifests; all of eval/benchmarks when none is given
    #[arg(long = "benchmark", value_name = "FILE", num_args = 1..)]
    benchmarks: Vec<PathBuf>,
    /// Folder that the data paths are relative to; without it only the files that both pin are compared
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    json: Json,
    /// Largest share, 0 to 1, of a benchmark's texts that may be in training
    #[arg(long, value_name = "SHARE", requires = "data")]
    max_share: Option<f64>,
}

pub(super) fn run(args: &ContaminationArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let recipe = folder_of(&args.model).join("recipe.toml");
    let recipe = open_recipe(&recipe).context(Hint::new(
        "cannot tell what the model was trained on",
        "a bundle says so in its recipe.toml; of a system without one nothing can be said",
    ))?;
    let manifests = manifests(&args.benchmarks, output)?;
    let mut found = contamination::by_files(&recipe, &manifests);
    if let Some(data) = &args.data {
        let training = sets::of_recipe(&recipe, data)?;
        let parts = manifests.iter().map(|m| sets::test_part(m, data)).collect::<Result<Vec<_>, _>>()?;
        output
            .note(format_args!("{} texts in training after the recipe's own purge", training.examples.len()));
        found.compare_texts(&training, &parts);
    }
    args.json.write("contamination", &found)?;
    let head = ["benchmark", "verdict", "texts", "equal", "near", "share", "files", "like texts of"];
    print(output, head, found.benchmarks.iter().map(row).collect())?;
    summarise(&found, output);
    Ok(judge(args.max_share, found.worst().map(|(b, value)| (b.name.clone(), value)), output))
}

fn summarise(found: &Contamination, output: &Output) {
    let with = |verdict| found.benchmarks.iter().filter(|b| b.verdict == verdict).count();
    output.note(format_args!(
        "{} of {} benchmarks are clean, {} overlap with the training of {}; what the base model had read is unknown",
        with(Verdict::Clean),
        found.benchmarks.len(),
        with(Verdict::Overlaps),
        found.recipe
    ));
    if !found.unpinned.is_empty() {
        output.note(format_args!("sources that pin no SHA-256: {}", found.unpinned.join(", ")));
    }
}

fn row(b: &Benchmark) -> [String; 8] {
    let dash = || "–".to_owned();
    let [texts, equal, near, share] = b.texts.as_ref().map_or_else(
        || [dash(), dash(), dash(), dash()],
        |t| [t.texts.to_string(), t.equal.to_string(), t.near.to_string(), share(&t.share)],
    );
    let sources = b.texts.iter().flat_map(|t| &t.by_source).map(|(name, n)| format!("{name} {n}"));
    [
        b.name.clone(),
        words(b.verdict).to_owned(),
        texts,
        equal,
        near,
        share,
        b.files.len().to_string(),
        sources.collect::<Vec<_>>().join(", "),
    ]
}

const fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clean => "clean",
        Verdict::Overlaps => "overlaps",
        Verdict::NoCommonFile => "no common file",
        Verdict::OtherTexts => "common file, other texts",
        Verdict::MayOverlap => "common file, may overlap",
    }
}
