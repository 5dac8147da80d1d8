//! `countervail eval hygiene probes`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::eval::hygiene::{Json, Texts, judge, number, print, share};
use crate::cli::output::Output;
use crate::eval::hygiene::probes::{self, Learned, Probe, ProbeResult};
use crate::eval::intervals::bootstrap::{DEFAULT_RESAMPLES, Plan};

#[derive(Debug, Args)]
pub(super) struct ProbesArgs {
    #[command(flatten)]
    texts: Texts,
    #[command(flatten)]
    json: Json,
    /// Largest ROC AUC, 0 to 1, that a probe may reach
    #[arg(long, value_name = "AUC")]
    max_auc: Option<f64>,
    /// Seed of folds, clusters and bootstrap
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Bootstrap resamples, at least 100
    #[arg(long, default_value_t = DEFAULT_RESAMPLES)]
    resamples: usize,
}

pub(super) fn run(args: &ProbesArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let plan = Plan { seed: args.seed, resamples: args.resamples };
    let found = probes::run(&args.texts.load(output)?, plan)?;
    args.json.write("probes", &found)?;
    let head = [
        "set",
        "target",
        "probe",
        "learned from",
        "texts",
        "F1",
        "flagging all",
        "average precision",
        "positives",
        "ROC AUC",
        "accuracy",
        "majority",
    ];
    print(output, head, found.iter().map(row).collect())?;
    let strongest = probes::strongest(&found);
    let strongest = strongest
        .and_then(|r| Some((format!("{} ({}), {}", r.set, r.target, name(r.probe)), r.roc_auc.value?)));
    Ok(judge(args.max_auc, strongest, output))
}

fn row(r: &ProbeResult) -> [String; 12] {
    let learned = match r.learned {
        Learned::OwnTraining => format!("train, {}", r.learned_from),
        Learned::Folds => "folds".to_owned(),
    };
    [
        r.set.clone(),
        r.target.to_owned(),
        name(r.probe).to_owned(),
        learned,
        (r.positives + r.negatives).to_string(),
        number(&r.f1),
        number(&r.f1_of_flagging_all),
        number(&r.average_precision),
        share(&r.share_of_positives),
        number(&r.roc_auc),
        share(&r.accuracy),
        share(&r.majority_accuracy),
    ]
}

const fn name(probe: Probe) -> &'static str {
    match probe {
        Probe::File => "file",
        Probe::Artefacts => "artefacts",
        Probe::Length => "length",
        Probe::Topic => "topic",
    }
}
