//! `countervail eval hygiene conflicts`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::eval::hygiene::{Json, Texts, judge, print, share};
use crate::cli::output::Output;
use crate::eval::hygiene::conflicts::{self, PairConflicts, SetConflicts};

#[derive(Debug, Args)]
pub(super) struct ConflictsArgs {
    #[command(flatten)]
    texts: Texts,
    #[command(flatten)]
    json: Json,
    /// Largest share, 0 to 1, of a set's labelled texts whose equals have the other label
    #[arg(long, value_name = "SHARE")]
    max_share: Option<f64>,
}

pub(super) fn run(args: &ConflictsArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let found = conflicts::find(&args.texts.load(output)?);
    args.json.write("conflicts", &found)?;
    let head =
        ["set", "target", "labelled", "repeated", "equal, other label", "near, other label", "ceiling"];
    print(output, head, found.sets.iter().map(within_row).collect())?;
    output.data("")?;
    let head = ["texts of", "that stand in", "target", "equal", "other label", "near", "other label"];
    print(output, head, found.pairs.iter().map(between_row).collect())?;
    let worst = found.worst();
    let worst = worst.and_then(|s| Some((format!("{} ({})", s.set, s.target), s.contradicted.value?)));
    Ok(judge(args.max_share, worst, output))
}

fn within_row(s: &SetConflicts) -> [String; 7] {
    [
        s.set.clone(),
        s.target.to_owned(),
        s.labelled.to_string(),
        s.repeated.to_string(),
        format!("{}, {}", s.contradicted.k.unwrap_or(0), share(&s.contradicted)),
        s.near_contradicted.to_string(),
        share(&s.ceiling),
    ]
}

fn between_row(p: &PairConflicts) -> [String; 7] {
    [
        p.of.clone(),
        p.within.clone(),
        p.target.to_owned(),
        p.equal.to_string(),
        format!("{}, {}", p.contradicted.k.unwrap_or(0), share(&p.contradicted)),
        p.near.to_string(),
        p.near_contradicted.to_string(),
    ]
}
