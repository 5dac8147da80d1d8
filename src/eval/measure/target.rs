//! Every number about one target.

use std::collections::BTreeMap;

use crate::eval::intervals::bootstrap::{self, Plan};
use crate::eval::manifest::Target;
use crate::eval::measure::{
    Judged, NO_CASES, NO_NEGATIVES, NO_POSITIVES, NO_SCORED_POSITIVES, NONE_SCORED, NOTHING_FLAGGED,
    ONE_CLASS, case, clusters, share,
};
use crate::eval::metrics::calibration::expected_calibration_error;
use crate::eval::metrics::ranking::Ranked;
use crate::eval::metrics::{Case, Confusion};
use crate::eval::predictions::PolicyLine;
use crate::eval::report::metric::{Metric, rounded};
use crate::eval::report::target::TargetReport;

fn threshold(target: Target, policy: &PolicyLine) -> f64 {
    f64::from(match target {
        Target::Extremism => policy.review,
        Target::Category(c) => policy.categories[c.index()],
    })
}

pub(super) fn target(target: Target, judged: &[Judged<'_>], policy: &PolicyLine, plan: Plan) -> TargetReport {
    let labelled: Vec<Judged<'_>> =
        judged.iter().copied().filter(|(e, _)| target.label(e).is_some()).collect();
    let cases: Vec<Case> = labelled.iter().filter_map(|(e, p)| case(target, e, p)).collect();
    let (clusters, count) = clusters(&labelled);
    let confusion = Confusion::of(&cases);
    let (positives, negatives): (Vec<_>, Vec<_>) =
        labelled.iter().copied().partition(|(e, _)| target.label(e) == Some(true));
    TargetReport {
        target: target.id(),
        threshold: rounded(threshold(target, policy)),
        positives: positives.len(),
        negatives: negatives.len(),
        unknown: judged.len() - labelled.len(),
        abstained: cases.iter().filter(|c| c.score.is_none()).count(),
        true_positives: confusion.true_positives,
        false_positives: confusion.false_positives,
        true_negatives: confusion.true_negatives,
        false_negatives: confusion.false_negatives,
        clusters: count,
        metrics: metrics(&cases, &clusters, &confusion, plan),
        positives_sent: share(&positives, NO_POSITIVES, |(_, p)| p.flagged()),
        negatives_sent: share(&negatives, NO_NEGATIVES, |(_, p)| p.flagged()),
        at_fixed_fpr: Vec::new(),
        at_fixed_recall: Vec::new(),
        precision_at_k: Vec::new(),
        at_prevalence: Vec::new(),
        reliability: Vec::new(),
        risk_coverage: Vec::new(),
        curve: Vec::new(),
        precision_band: Vec::new(),
        roc_band: Vec::new(),
        worst_false_alarms: Vec::new(),
        worst_misses: Vec::new(),
    }
}

fn metrics(
    cases: &[Case],
    clusters: &[usize],
    confusion: &Confusion,
    plan: Plan,
) -> BTreeMap<&'static str, Metric> {
    let ranked = Ranked::new(cases);
    let point = ranked.statistics();
    let interval = bootstrap::intervals(&ranked, clusters, plan);
    let (tp, fp, tn) = (confusion.true_positives, confusion.false_positives, confusion.true_negatives);
    let scored = ranked.scored();
    let calibration = match expected_calibration_error(cases) {
        Some(error) => {
            Metric::bare(error, scored, "resampling noise only adds to it, an interval would mislead")
        }
        None => Metric::undefined(scored, NONE_SCORED),
    };
    BTreeMap::from([
        ("precision", Metric::rate(tp, tp + fp, NOTHING_FLAGGED)),
        ("recall", Metric::rate(tp, confusion.positives(), NO_POSITIVES)),
        ("false_positive_rate", Metric::rate(fp, confusion.negatives(), NO_NEGATIVES)),
        ("accuracy", Metric::rate(tp + tn, cases.len(), NO_CASES)),
        (
            "f1",
            Metric::bootstrapped(
                point.f1,
                interval.f1,
                cases.len(),
                "nothing positive, by label or decision",
            ),
        ),
        (
            "average_precision",
            Metric::bootstrapped(
                point.average_precision,
                interval.average_precision,
                scored,
                NO_SCORED_POSITIVES,
            ),
        ),
        ("roc_auc", Metric::bootstrapped(point.roc_auc, interval.roc_auc, scored, ONE_CLASS)),
        ("brier", Metric::bootstrapped(point.brier, interval.brier, scored, NONE_SCORED)),
        ("calibration_error", calibration),
    ])
}
