//! `report.json`: every number with its n and interval, or the reason why there is none. Holds no text of any
//! benchmark, no time and no path of the machine, so that equal inputs give equal bytes.
//!
//! ```text
//! EvalReport ─ subjects        who was measured; the report is about the first, the others stand beside it
//!            ├ benchmarks      what on, each with one result for each subject, in the order of `subjects`
//!            │   └ results     ─ targets · slices · functions · pairs · identities · swaps · evidence
//!            ├ comparisons     the first subject against each other one, paired, over all benchmarks
//!            └ left_out        benchmarks that could not be measured, and why
//! ```

pub mod comparison;
pub mod html;
mod json;
pub mod markdown;
pub mod metric;
pub mod result;
pub mod target;
mod words;

use serde::Serialize;

use crate::eval::manifest::Kind;
use crate::eval::predictions::PolicyLine;
use crate::eval::report::comparison::Comparison;
use crate::eval::report::result::SubjectResult;

/// Version of the report's shape; raised when a reader of the old shape could misread the new one.
pub const SCHEMA_VERSION: u32 = 2;

/// Below this many cases a rate is shown but marked: its interval is wider than most differences.
pub const SMALL: usize = 30;

/// Everything one run found.
#[derive(Debug, Clone, Serialize)]
pub struct EvalReport {
    pub schema_version: u32,
    pub tool: Tool,
    /// At least one. The report is about the first.
    pub subjects: Vec<SubjectLine>,
    pub seed: u64,
    pub resamples: usize,
    pub confidence: f64,
    /// In the order of their names.
    pub benchmarks: Vec<BenchmarkReport>,
    pub comparisons: Vec<Comparison>,
    pub left_out: Vec<LeftOut>,
}

/// What made the report.
#[derive(Debug, Clone, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// Who was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubjectLine {
    pub name: String,
    pub digest: String,
    /// `bundle`, `endpoint`, `baseline`, `predictions` or `scripted`.
    pub kind: String,
    /// The thresholds, when they are the same on every benchmark; a baseline that chooses them on each benchmark's
    /// own validation part has none here, and states them with each target.
    pub policy: Option<PolicyLine>,
}

/// A benchmark that is listed and was not measured.
#[derive(Debug, Clone, Serialize)]
pub struct LeftOut {
    pub name: String,
    pub title: String,
    pub why: String,
    pub how_to_add: String,
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
    /// For panels: the highest share of flagged texts that the project promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// Cases measured.
    pub n: usize,
    /// How many distinct subjects had looked at exactly these cases, up to and including the first look of this
    /// report's subject, by the test ledger; absent when the run kept none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<usize>,
    /// In the order of [`EvalReport::subjects`].
    pub results: Vec<SubjectResult>,
}

impl BenchmarkReport {
    /// What the report's own subject did here.
    ///
    /// # Panics
    /// Never: a benchmark in a report has a result for each subject.
    #[must_use]
    pub fn own(&self) -> &SubjectResult {
        self.results.first().expect("a benchmark has a result for each subject")
    }
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

impl EvalReport {
    /// Who the report is about.
    ///
    /// # Panics
    /// Never: a report has at least one subject.
    #[must_use]
    pub fn subject(&self) -> &SubjectLine {
        self.subjects.first().expect("a report has at least one subject")
    }

    /// The report as JSON with a final line break.
    ///
    /// # Panics
    /// Never: the report has string keys and finite numbers only.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::to_string(self).expect("plain structs with string keys serialise")
    }
}
