//! What the labels about one target show of one subject.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::eval::report::metric::Metric;

/// One target on one benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct TargetReport {
    pub target: &'static str,
    /// The subject's own threshold for this target.
    pub threshold: f64,
    pub positives: usize,
    pub negatives: usize,
    /// Cases whose label for this target is not known; in no number below.
    pub unknown: usize,
    /// Labelled cases without a score: not flagged in the decisions, absent from the ranking metrics.
    pub abstained: usize,
    pub true_positives: usize,
    pub false_positives: usize,
    pub true_negatives: usize,
    pub false_negatives: usize,
    /// Groups the bootstrap drew; equal to the labelled cases when none share one.
    pub clusters: usize,
    /// Each by its name: see `docs/EVALUATION.md`.
    pub metrics: BTreeMap<&'static str, Metric>,
    /// Share of the positives, and of the negatives, that would reach a person.
    pub positives_sent: Metric,
    pub negatives_sent: Metric,
    /// The best recall whose false-positive rate is at most `bound`.
    pub at_fixed_fpr: Vec<FixedPoint>,
    /// The lowest false-positive rate whose recall is at least `bound`.
    pub at_fixed_recall: Vec<FixedPoint>,
    pub precision_at_k: Vec<AtK>,
    /// Precision at the subject's threshold if a stated share of the texts were positive.
    pub at_prevalence: Vec<AtPrevalence>,
    /// Mean score against share of positives, in ten bins of equal width.
    pub reliability: Vec<ReliabilityBin>,
    /// Error among the surest part of the decisions.
    pub risk_coverage: Vec<RiskPoint>,
    /// From the highest threshold down; PR and ROC curve and the threshold explorer are drawn from it.
    pub curve: Vec<CurvePoint>,
    /// Pointwise 95 % bootstrap bands over a fixed grid.
    pub precision_band: Vec<BandPoint>,
    pub roc_band: Vec<BandPoint>,
    /// The surest errors, by id only.
    pub worst_false_alarms: Vec<Case>,
    pub worst_misses: Vec<Case>,
}

/// An operating point chosen on these very cases: for comparing subjects, not a promise.
#[derive(Debug, Clone, Serialize)]
pub struct FixedPoint {
    pub bound: f64,
    /// `None` when no threshold keeps the bound.
    pub threshold: Option<f64>,
    pub recall: Metric,
    pub false_positive_rate: Metric,
    pub precision: Metric,
}

/// Share of positives among the k highest scores.
#[derive(Debug, Clone, Serialize)]
pub struct AtK {
    pub k: usize,
    pub precision: Metric,
}

/// Precision at a stated share of positives.
#[derive(Debug, Clone, Serialize)]
pub struct AtPrevalence {
    pub prevalence: f64,
    pub precision: Metric,
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Serialize)]
pub struct ReliabilityBin {
    /// Scores from `low` up to `high`.
    pub low: f64,
    pub high: f64,
    pub mean_score: Option<f64>,
    /// Share of positives in the bin.
    pub positives: Metric,
}

/// Error rate among the share of the cases that the subject is surest of.
#[derive(Debug, Clone, Serialize)]
pub struct RiskPoint {
    pub coverage: f64,
    pub risk: f64,
}

/// What a threshold would catch.
#[derive(Debug, Clone, Serialize)]
pub struct CurvePoint {
    pub threshold: f64,
    pub true_positives: usize,
    pub false_positives: usize,
}

/// A band at one abscissa: recall for precision, false-positive rate for ROC.
#[derive(Debug, Clone, Serialize)]
pub struct BandPoint {
    pub at: f64,
    pub low: f64,
    pub high: f64,
}

/// One case by its id.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub id: String,
    pub score: f64,
}
