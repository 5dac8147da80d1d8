//! What one subject did on one benchmark.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::eval::report::metric::Metric;
use crate::eval::report::target::TargetReport;
use crate::eval::subject::endpoint::cost::Cost;

/// One subject on one benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectResult {
    /// The subject's name, as in the report's list.
    pub subject: String,
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
    /// By the name of the slice.
    pub slices: BTreeMap<String, Vec<SliceReport>>,
    pub functions: Vec<FunctionReport>,
    pub pairs: Vec<PairReport>,
    /// Bias metrics, one entry for each target and identity slice.
    pub identities: Vec<IdentitiesReport>,
    /// What swapping an identity term changes, one entry for each target.
    pub swaps: Vec<SwapReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceReport>,
    /// What was asked of a remote subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// One value of one slice.
#[derive(Debug, Clone, Serialize)]
pub struct SliceReport {
    pub value: String,
    pub n: usize,
    pub abstained: usize,
    /// Fewer than [`SMALL`](super::SMALL) cases.
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
    pub average_precision: Metric,
    pub roc_auc: Metric,
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

/// Functions that must be flagged beside benign ones that look like them.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    pub name: String,
    pub hateful: Metric,
    pub benign: Metric,
    /// The lower of the two: flagging everything, or nothing, gives 0.
    pub both: Option<f64>,
}

/// Bias of one target over the identities of one slice (Borkan et al., WWW 2019).
#[derive(Debug, Clone, Serialize)]
pub struct IdentitiesReport {
    pub target: &'static str,
    pub slice: String,
    /// Generalised mean, p = −5, over the identities with both labels, of each of the three AUCs.
    pub subgroup_auc_mean: Metric,
    pub bpsn_auc_mean: Metric,
    pub bnsp_auc_mean: Metric,
    /// 0.25 · overall AUC + 0.25 · each of the three means (Jigsaw Unintended Bias challenge, 2019).
    pub bias_score: Metric,
    /// Largest minus smallest false-positive rate, over the identities that are not small.
    pub false_positive_gap: Metric,
    /// Largest minus smallest false-negative rate, over the identities that are not small.
    pub false_negative_gap: Metric,
    pub identities: Vec<IdentityReport>,
}

/// One identity.
#[derive(Debug, Clone, Serialize)]
pub struct IdentityReport {
    pub identity: String,
    pub n: usize,
    pub positives: usize,
    pub small: bool,
    /// Positives above negatives, both with the identity.
    pub subgroup_auc: Metric,
    /// Background positives above subgroup negatives: low when the identity is over-flagged.
    pub bpsn_auc: Metric,
    /// Subgroup positives above background negatives: low when harm to the identity is missed.
    pub bnsp_auc: Metric,
    pub false_positive_rate: Metric,
    pub false_negative_rate: Metric,
    /// The identity's rate minus that of all other labelled cases.
    pub false_positive_difference: Metric,
    pub false_negative_difference: Metric,
}

/// Texts that differ only in an identity term.
#[derive(Debug, Clone, Serialize)]
pub struct SwapReport {
    pub target: &'static str,
    /// Groups with at least two identities.
    pub groups: usize,
    /// Pairs within them.
    pub pairs: usize,
    /// Share of the pairs with different decisions.
    pub flip_rate: Metric,
    /// Mean absolute difference of the scores of a pair.
    pub score_gap: Metric,
}

/// Do the words that people marked carry the score? (DeYoung et al., ERASER, ACL 2020.)
#[derive(Debug, Clone, Serialize)]
pub struct EvidenceReport {
    pub target: &'static str,
    /// Texts with a human rationale.
    pub n: usize,
    /// Mean of score(whole) − score(without the rationale): high is good.
    pub comprehensiveness: Metric,
    /// Mean of score(whole) − score(the rationale alone): low is good.
    pub sufficiency: Metric,
}
