//! `countervail eval hygiene duplicates`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::eval::hygiene::{Json, Texts, judge, print, share};
use crate::cli::output::Output;
use crate::eval::hygiene::duplicates::{self, PairDuplicates, Relation};

#[derive(Debug, Args)]
pub(super) struct DuplicatesArgs {
    #[command(flatten)]
    texts: Texts,
    #[command(flatten)]
    json: Json,
    /// Largest share, 0 to 1, of a test part with a copy in its own training or validation part
    #[arg(long, value_name = "SHARE")]
    max_share: Option<f64>,
}

pub(super) fn run(args: &DuplicatesArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let found = duplicates::find(&args.texts.load(output)?);
    args.json.write("duplicates", &found)?;
    let head = ["texts of", "with a copy in", "texts", "equal", "near", "share"];
    print(output, head, found.pairs.iter().map(row).collect())?;
    let worst = found.worst_leak();
    let worst = worst.and_then(|pair| Some((format!("{} in {}", pair.of, pair.within), pair.share.value?)));
    Ok(judge(args.max_share, worst, output))
}

fn row(pair: &PairDuplicates) -> [String; 6] {
    let within = if pair.relation == Relation::Itself { "itself" } else { &pair.within };
    [
        pair.of.clone(),
        within.to_owned(),
        pair.texts.to_string(),
        pair.equal.to_string(),
        pair.near.to_string(),
        share(&pair.share),
    ]
}
