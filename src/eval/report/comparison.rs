//! Two subjects on the same cases.

use serde::Serialize;

use crate::eval::compare::Verdict;
use crate::eval::report::metric::Metric;

/// The report's subject against another one, on one target of one benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    pub benchmark: String,
    pub target: String,
    pub subject: String,
    pub rival: String,
    /// Labelled cases.
    pub n: usize,
    /// Cases that only the subject, and only the rival, decided rightly.
    pub only_subject_right: usize,
    pub only_rival_right: usize,
    /// The subject's accuracy minus the rival's.
    pub accuracy_difference: Metric,
    /// The subject's average precision minus the rival's, over the cases that both scored.
    pub average_precision_difference: Metric,
    /// The subject's ROC AUC minus the rival's, over the cases that both scored.
    pub roc_auc_difference: Metric,
    /// McNemar's exact test on the decisions, two-sided.
    pub mcnemar_p: f64,
    /// The same after Holm's adjustment over all comparisons of the run.
    pub adjusted_p: f64,
    /// The smallest true difference of accuracy that this test would find four times of five.
    pub minimal_detectable_difference: Option<f64>,
    pub verdict: Verdict,
}
