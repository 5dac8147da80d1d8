//! Every number about one target.

use std::collections::BTreeMap;

use crate::eval::intervals::bootstrap::{self, Estimate, Plan};
use crate::eval::intervals::delong;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::measure::{
    Detail, Judged, Labelled, NO_CASES, NO_NEGATIVES, NO_POSITIVES, NO_SCORED_POSITIVES, NONE_SCORED,
    NOTHING_FLAGGED, ONE_CLASS, curve, estimated, share, worst,
};
use crate::eval::metrics::calibration::{
    Bin, Binning, adaptive_calibration_error, expected_calibration_error, log_loss, reliability,
};
use crate::eval::metrics::operating::{
    OperatingPoint, at_false_positive_rate, at_recall, precision_at_k, precision_at_prevalence,
};
use crate::eval::metrics::ranking::Ranked;
use crate::eval::metrics::selective::Selective;
use crate::eval::metrics::{Confusion, curves};
use crate::eval::predictions::PolicyLine;
use crate::eval::report::metric::{Metric, rounded};
use crate::eval::report::target::{AtK, AtPrevalence, FixedPoint, ReliabilityBin, RiskPoint, TargetReport};

const NO_DECISION: &str = "nothing positive, by label or decision";
const TOO_FEW: &str = "fewer scored cases than that";
const NO_THRESHOLD: &str = "no threshold keeps the bound";
/// Points of the risk–coverage curve that a report keeps.
const RISK_POINTS: usize = 50;

/// How a target is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) manifest: &'a BenchmarkManifest,
    pub(super) policy: &'a PolicyLine,
    pub(super) detail: Detail,
    pub(super) plan: Plan,
}

impl Measure<'_> {
    pub(super) fn target(&self, target: Target, judged: &[Judged<'_>]) -> TargetReport {
        let labelled = Labelled::of(target, judged);
        let cases = &labelled.cases;
        let confusion = Confusion::of(cases);
        let ranked = Ranked::new(cases);
        let once = ranked.once();
        let (positives, negatives): (Vec<_>, Vec<_>) =
            labelled.judged.iter().copied().partition(|(e, _)| target.label(e) == Some(true));
        let whole = self.detail == Detail::Whole;
        let (precision_band, roc_band) = if whole {
            curve::bands(&ranked, &labelled.clusters, self.plan)
        } else {
            (Vec::new(), Vec::new())
        };
        let (worst_false_alarms, worst_misses) =
            if whole { worst::worst(target, judged) } else { (Vec::new(), Vec::new()) };
        let settings = &self.manifest.metrics;
        let threshold = self.threshold(target);
        TargetReport {
            target: target.id(),
            threshold,
            positives: positives.len(),
            negatives: negatives.len(),
            unknown: judged.len() - cases.len(),
            abstained: cases.iter().filter(|c| c.score.is_none()).count(),
            true_positives: confusion.true_positives,
            false_positives: confusion.false_positives,
            true_negatives: confusion.true_negatives,
            false_negatives: confusion.false_negatives,
            clusters: labelled.cluster_count,
            metrics: metrics(&labelled, &ranked, &confusion, self.plan),
            positives_sent: share(&positives, NO_POSITIVES, |(_, p)| p.flagged()),
            negatives_sent: share(&negatives, NO_NEGATIVES, |(_, p)| p.flagged()),
            at_fixed_fpr: settings
                .fixed_fpr
                .iter()
                .map(|b| fixed(*b, at_false_positive_rate(&ranked, &once, *b)))
                .collect(),
            at_fixed_recall: settings
                .fixed_recall
                .iter()
                .map(|b| fixed(*b, at_recall(&ranked, &once, *b)))
                .collect(),
            precision_at_k: settings.at_k.iter().map(|k| at_k(&ranked, &labelled, *k, self.plan)).collect(),
            at_prevalence: settings.prevalence.iter().map(|p| at_prevalence(&confusion, *p)).collect(),
            reliability: reliability(cases, Binning::EqualWidth).iter().map(bin).collect(),
            risk_coverage: if whole { risk_coverage(&labelled) } else { Vec::new() },
            curve: curve::curve(&ranked, threshold),
            precision_band,
            roc_band,
            worst_false_alarms,
            worst_misses,
        }
    }

    fn threshold(&self, target: Target) -> f64 {
        f64::from(match target {
            Target::Extremism => self.policy.review,
            Target::Category(c) => self.policy.categories[c.index()],
        })
    }
}

fn metrics(
    labelled: &Labelled<'_>,
    ranked: &Ranked,
    confusion: &Confusion,
    plan: Plan,
) -> BTreeMap<&'static str, Metric> {
    let (cases, clusters) = (&labelled.cases, &labelled.clusters);
    let (n, scored) = (cases.len(), ranked.scored());
    let intervals = bootstrap::intervals(ranked, clusters, plan);
    let point = ranked.statistics();
    let selective = Selective::new(cases);
    let more = bootstrap::estimates(clusters, plan, |w| {
        let confusion = ranked.confusion(w);
        vec![confusion.macro_f1(), confusion.balanced_accuracy(), log_loss(ranked, w), selective.area(w)]
    });
    let (tp, fp, tn) = (confusion.true_positives, confusion.false_positives, confusion.true_negatives);
    let both = |value, interval, n, undefined| estimated(Estimate { value, interval }, n, undefined);
    BTreeMap::from([
        ("precision", Metric::rate(tp, tp + fp, NOTHING_FLAGGED)),
        ("recall", Metric::rate(tp, confusion.positives(), NO_POSITIVES)),
        ("false_positive_rate", Metric::rate(fp, confusion.negatives(), NO_NEGATIVES)),
        ("accuracy", Metric::rate(tp + tn, n, NO_CASES)),
        ("balanced_accuracy", estimated(more[1], n, "one class only")),
        ("f1", both(point.f1, intervals.f1, n, NO_DECISION)),
        ("macro_f1", estimated(more[0], n, NO_DECISION)),
        (
            "average_precision",
            both(point.average_precision, intervals.average_precision, scored, NO_SCORED_POSITIVES),
        ),
        ("roc_auc", roc_auc(labelled, point.roc_auc, intervals.roc_auc, scored)),
        ("brier", both(point.brier, intervals.brier, scored, NONE_SCORED)),
        ("log_loss", estimated(more[2], scored, NONE_SCORED)),
        ("calibration_error", calibration(expected_calibration_error(cases), scored)),
        ("adaptive_calibration_error", calibration(adaptive_calibration_error(cases), scored)),
        ("risk_coverage_area", estimated(more[3], scored, NONE_SCORED)),
    ])
}

/// DeLong's interval where the cases are independent; where some belong together, that of the bootstrap over groups.
fn roc_auc(
    labelled: &Labelled<'_>,
    value: Option<f64>,
    interval: Option<bootstrap::Bootstrapped>,
    scored: usize,
) -> Metric {
    if labelled.cluster_count == labelled.cases.len()
        && let Some(delong::Auc { value, interval: Some(interval), .. }) = delong::auc(&labelled.cases)
    {
        return Metric::with_interval(value, interval, scored, "delong");
    }
    Metric::bootstrapped(value, interval, scored, ONE_CLASS)
}

fn calibration(error: Option<f64>, scored: usize) -> Metric {
    match error {
        Some(error) => {
            Metric::bare(error, scored, "resampling noise only adds to it, an interval would mislead")
        }
        None => Metric::undefined(scored, NONE_SCORED),
    }
}

fn fixed(bound: f64, point: Option<OperatingPoint>) -> FixedPoint {
    let Some(OperatingPoint { threshold, confusion: c }) = point else {
        let none = Metric::undefined(0, NO_THRESHOLD);
        return FixedPoint {
            bound,
            threshold: None,
            recall: none.clone(),
            false_positive_rate: none.clone(),
            precision: none,
        };
    };
    FixedPoint {
        bound,
        threshold: threshold.map(f64::from),
        recall: Metric::rate(c.true_positives, c.positives(), NO_POSITIVES),
        false_positive_rate: Metric::rate(c.false_positives, c.negatives(), NO_NEGATIVES),
        precision: Metric::rate(c.true_positives, c.flagged(), NOTHING_FLAGGED),
    }
}

fn at_k(ranked: &Ranked, labelled: &Labelled<'_>, k: usize, plan: Plan) -> AtK {
    let estimate = bootstrap::estimate(&labelled.clusters, plan, |w| precision_at_k(ranked, w, k));
    AtK { k, precision: estimated(estimate, k, TOO_FEW) }
}

fn at_prevalence(confusion: &Confusion, prevalence: f64) -> AtPrevalence {
    let n = confusion.total();
    let precision = match precision_at_prevalence(confusion, prevalence) {
        Some((value, interval)) => Metric::with_interval(value, interval, n, "clopper_pearson"),
        None => Metric::undefined(n, "needs both labels, and something flagged"),
    };
    AtPrevalence { prevalence, precision }
}

fn bin(bin: &Bin) -> ReliabilityBin {
    ReliabilityBin {
        low: rounded(bin.low),
        high: rounded(bin.high),
        mean_score: (bin.n > 0).then(|| rounded(bin.mean_score)),
        positives: Metric::rate(bin.positives, bin.n, "no score in the bin"),
    }
}

fn risk_coverage(labelled: &Labelled<'_>) -> Vec<RiskPoint> {
    let curve = Selective::new(&labelled.cases).curve();
    let every = curve.len().div_ceil(RISK_POINTS).max(1);
    let last = curve.len().saturating_sub(1);
    let kept = curve.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last);
    kept.map(|(_, curves::Point { x, y, .. })| RiskPoint { coverage: rounded(*x), risk: rounded(*y) })
        .collect()
}
