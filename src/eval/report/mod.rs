//! `report.json`: every number with its n and interval, or the reason why there is none. Holds no text of any
//! benchmark, no time and no path of the machine, so that equal inputs give equal bytes.

pub mod markdown;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::eval::intervals::bootstrap::Bootstrapped;
use crate::eval::intervals::wilson;
use crate::eval::manifest::Kind;
use crate::eval::predictions::{ModelLine, PolicyLine};

/// Version of the report's shape; raised when a reader of the old shape could misread the new one.
pub const SCHEMA_VERSION: u32 = 1;

/// Below this many cases a rate is shown but marked: its interval is wider than most differences.
pub const SMALL: usize = 30;

/// Everything one run found.
#[derive(Debug, Clone, Serialize)]
pub struct EvalReport {
    pub schema_version: u32,
    pub tool: Tool,
    pub model: ModelLine,
    pub policy: PolicyLine,
    pub seed: u64,
    pub resamples: usize,
    pub confidence: f64,
    pub benchmarks: Vec<BenchmarkReport>,
}

/// What made the report.
#[derive(Debug, Clone, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// One benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct BenchmarkReport {
    pub name: String,
    pub title: String,
    pub version: u32,
    pub kind: Kind,
    pub measures: String,
    pub flag_means: String,
    pub notes: Vec<String>,
    pub citation: String,
    pub sources: Vec<SourceReport>,
    /// SHA-256 over ids and texts of the cases, in order.
    pub cases_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// Cases measured.
    pub n: usize,
    /// Cases without any score; they count as not flagged.
    pub abstained: usize,
    /// The same by the language the subject took them for.
    pub abstained_languages: BTreeMap<String, usize>,
    /// Share that would reach a person, of all cases.
    pub flagged: Metric,
    /// The same of the cases that got a score: what a promise is held against, since abstaining keeps none.
    pub flagged_of_scored: Metric,
    pub bands: BTreeMap<&'static str, usize>,
    /// Share at or above the threshold of each category.
    pub categories: BTreeMap<&'static str, Metric>,
    pub targets: Vec<TargetReport>,
    pub slices: BTreeMap<String, Vec<SliceReport>>,
    pub functions: Vec<FunctionReport>,
    pub pairs: Vec<PairReport>,
}

/// A file of a benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    pub name: String,
    pub path: String,
    pub sha256: String,
    /// Where the file comes from, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    pub licence: String,
}

/// What the labels about one target show.
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
    pub metrics: BTreeMap<&'static str, Metric>,
    /// Share of the positives, and of the negatives, that would reach a person.
    pub positives_sent: Metric,
    pub negatives_sent: Metric,
}

/// One value of one slice.
#[derive(Debug, Clone, Serialize)]
pub struct SliceReport {
    pub value: String,
    pub n: usize,
    pub abstained: usize,
    /// Fewer than [`SMALL`] cases.
    pub small: bool,
    pub flagged: Metric,
    pub targets: Vec<SliceTarget>,
}

/// One target within a slice.
#[derive(Debug, Clone, Serialize)]
pub struct SliceTarget {
    pub target: &'static str,
    pub recall: Metric,
    pub false_positive_rate: Metric,
}

/// One function of a functional suite.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionReport {
    pub function: String,
    /// What the right answer is, for the suite's target; `None` when its cases differ.
    pub expected: Option<bool>,
    pub n: usize,
    pub small: bool,
    /// Share with the right answer.
    pub passed: Metric,
    /// Share that would reach a person.
    pub flagged: Metric,
}

/// Hateful functions beside benign ones that look like them.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    pub name: String,
    pub hateful: Metric,
    pub benign: Metric,
    /// The lower of the two: flagging everything, or nothing, gives 0.
    pub both: Option<f64>,
}

/// A number that says how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The whole: cases the number is about.
    pub n: usize,
    /// The part, when the number is a counted share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// `wilson`, `bca`, `percentile` or `none`.
    pub interval: &'static str,
    /// Why there is no value, or no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'static str>,
}

impl Metric {
    /// A counted share with Wilson's interval; without a value when nothing was counted.
    #[must_use]
    pub fn rate(k: usize, n: usize, when_empty: &'static str) -> Self {
        match wilson(k, n) {
            Some(w) => Self {
                value: Some(rounded(k as f64 / n as f64)),
                low: Some(rounded(w.low)),
                high: Some(rounded(w.high)),
                n,
                k: Some(k),
                interval: "wilson",
                because: None,
            },
            None => Self::undefined(n, when_empty),
        }
    }

    /// A number with a bootstrap interval.
    #[must_use]
    pub fn bootstrapped(
        value: Option<f64>,
        interval: Option<Bootstrapped>,
        n: usize,
        undefined: &'static str,
    ) -> Self {
        let Some(value) = value else { return Self::undefined(n, undefined) };
        let ends = interval.map(|b| (rounded(b.interval.low), rounded(b.interval.high)));
        Self {
            value: Some(rounded(value)),
            low: ends.map(|e| e.0),
            high: ends.map(|e| e.1),
            n,
            k: None,
            interval: interval.map_or("none", |b| b.method.id()),
            because: interval
                .is_none()
                .then_some("too few groups, or too few resamples in which it is defined"),
        }
    }

    /// A number that carries no interval, and why.
    #[must_use]
    pub fn bare(value: f64, n: usize, because: &'static str) -> Self {
        let value = Some(rounded(value));
        Self { value, low: None, high: None, n, k: None, interval: "none", because: Some(because) }
    }

    /// No number, and why.
    #[must_use]
    pub fn undefined(n: usize, because: &'static str) -> Self {
        Self { value: None, low: None, high: None, n, k: None, interval: "none", because: Some(because) }
    }
}

/// Six decimals: far below any interval, and the same on machines whose last bits of `ln` and `erf` differ.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

impl EvalReport {
    /// The report as pretty JSON with a final line break.
    ///
    /// # Panics
    /// Never: the report has string keys and finite numbers only.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("plain structs with string keys serialise");
        json.push('\n');
        json
    }
}
