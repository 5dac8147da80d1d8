//! Whether a subject treats texts that mention an identity like all others.
//!
//! **AUCs** (Borkan, Dixon, Sorensen, Thain and Vasserman, "Nuanced metrics for measuring unintended bias with real
//! data for text classification", WWW 2019), each 0..=1:
//!
//! - *subgroup*: the ROC AUC within the texts that mention the identity;
//! - *BPSN*, background positive, subgroup negative: benign texts with the identity against positive ones without.
//!   Low where mentioning the identity alone raises the score: false alarms;
//! - *BNSP*, background negative, subgroup positive: positive texts with the identity against benign ones without.
//!   Low where mentioning it lowers the score: misses.
//!
//! **Rates** at the subject's own decisions: false-positive and false-negative rate per identity, and their gaps.
//! Groups of any size are in the results; their n says how much they can carry.

use crate::eval::intervals::bootstrap::{self, Estimate, Plan};
use crate::eval::intervals::{Difference, newcombe};
use crate::eval::metrics::ranking::{Pairs, Ranked};
use crate::eval::metrics::{Case, Confusion};

/// The exponent of Jigsaw's generalised mean: the worst identities weigh most.
pub const POWER: f64 = -5.0;

/// The three AUCs of one identity; each `None` when one of the two classes that it compares is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct IdentityAucs {
    pub subgroup: Option<f64>,
    pub bpsn: Option<f64>,
    pub bnsp: Option<f64>,
}

/// One identity's AUCs with bootstrap intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Identity {
    /// Scored cases that mention it, and the positives among them.
    pub n: usize,
    pub positives: usize,
    pub subgroup: Estimate,
    pub bpsn: Estimate,
    pub bnsp: Estimate,
}

/// The bias page of one subject: identities in the order given, and what sums them up.
#[derive(Debug, Clone, PartialEq)]
pub struct Bias {
    pub overall: Estimate,
    pub identities: Vec<Identity>,
    /// Generalised means over the identities whose AUC is defined.
    pub subgroup: Estimate,
    pub bpsn: Estimate,
    pub bnsp: Estimate,
    /// See [`final_score`].
    pub final_score: Estimate,
}

/// Error rates with and without an identity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentityRates {
    pub inside: Confusion,
    pub outside: Confusion,
    /// Rate with the identity − rate without it, −1..=1; `None` when either has no case of that label.
    pub false_positive_gap: Option<Difference>,
    pub false_negative_gap: Option<Difference>,
}

/// The widest gap among several rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Positions of the lowest and the highest rate; of equals the first.
    pub lowest: usize,
    pub highest: usize,
    /// Highest − lowest, 0..=1. Its interval takes the two as chosen beforehand; the extremes of many are not, so it
    /// is narrower than the truth and says little on its own.
    pub difference: Difference,
}

/// The AUCs of the identity that the cases with `member[i]` mention; case `i` counts `weights[i]` times.
///
/// # Panics
/// When `member` or `weights` has another length than the cases.
#[must_use]
pub fn identity_aucs(ranked: &Ranked, weights: &[usize], member: &[bool]) -> IdentityAucs {
    assert!(member.len() == ranked.len() && weights.len() == ranked.len(), "one entry per case");
    let (mut subgroup, mut bpsn, mut bnsp) = (Pairs::default(), Pairs::default(), Pairs::default());
    for tied in ranked.tied() {
        // By label, then by identity.
        let mut count = [[0; 2]; 2];
        for (case, &i) in tied.cases.iter().zip(tied.origin) {
            count[usize::from(case.positive)][usize::from(member[i])] += weights[i];
        }
        let [[other_negatives, own_negatives], [other_positives, own_positives]] = count;
        subgroup.step(own_positives, own_negatives);
        bpsn.step(other_positives, own_negatives);
        bnsp.step(own_positives, other_negatives);
    }
    IdentityAucs { subgroup: subgroup.auc(), bpsn: bpsn.auc(), bnsp: bnsp.auc() }
}

/// Generalised mean (Σ xᵖ / n)^(1/p) of values in 0..=1; with a negative `power`, 0 when any is 0. `None` without
/// values.
#[must_use]
pub fn power_mean(values: &[f64], power: f64) -> Option<f64> {
    let mean = values.iter().map(|v| v.powf(power)).sum::<f64>() / values.len() as f64;
    (!values.is_empty()).then(|| mean.powf(1.0 / power))
}

/// Jigsaw's final score, 0..=1: a quarter of the overall AUC and of each of the three generalised means (Jigsaw
/// Unintended Bias in Toxicity Classification, 2019, "Evaluation"). `None` when any of the four is.
#[must_use]
pub fn final_score(overall: Option<f64>, means: IdentityAucs) -> Option<f64> {
    Some(0.25 * (overall? + means.subgroup? + means.bpsn? + means.bnsp?))
}

/// The generalised means over identities; an AUC that is not defined for one is left out of that mean.
#[must_use]
pub fn power_means(identities: &[IdentityAucs]) -> IdentityAucs {
    let mean = |auc: fn(&IdentityAucs) -> Option<f64>| {
        power_mean(&identities.iter().filter_map(auc).collect::<Vec<_>>(), POWER)
    };
    IdentityAucs { subgroup: mean(|i| i.subgroup), bpsn: mean(|i| i.bpsn), bnsp: mean(|i| i.bnsp) }
}

/// Everything about AUCs, with intervals from one bootstrap. `members[j][i]` says whether case `i` mentions identity
/// `j`.
#[must_use]
pub fn bias(ranked: &Ranked, members: &[Vec<bool>], clusters: &[usize], plan: Plan) -> Bias {
    let statistics = |weights: &[usize]| {
        let aucs: Vec<IdentityAucs> = members.iter().map(|m| identity_aucs(ranked, weights, m)).collect();
        let overall = ranked.weighted(weights).roc_auc;
        let means = power_means(&aucs);
        let mut out = vec![overall, means.subgroup, means.bpsn, means.bnsp, final_score(overall, means)];
        out.extend(aucs.iter().flat_map(|a| [a.subgroup, a.bpsn, a.bnsp]));
        out
    };
    let all = bootstrap::estimates(clusters, plan, statistics);
    let (summary, each) = all.split_at(5);
    let identities = members.iter().zip(each.chunks(3)).map(|(member, aucs)| {
        let (n, positives) = counted(ranked, member);
        Identity { n, positives, subgroup: aucs[0], bpsn: aucs[1], bnsp: aucs[2] }
    });
    Bias {
        overall: summary[0],
        identities: identities.collect(),
        subgroup: summary[1],
        bpsn: summary[2],
        bnsp: summary[3],
        final_score: summary[4],
    }
}

fn counted(ranked: &Ranked, member: &[bool]) -> (usize, usize) {
    let weights: Vec<usize> = member.iter().map(|&m| usize::from(m)).collect();
    let classes = ranked.tied().map(|t| t.classes(&weights));
    classes.fold((0, 0), |(n, p), (positives, negatives)| (n + positives + negatives, p + positives))
}

/// Error rates of the cases that mention an identity beside those of all others, with Newcombe's interval for the
/// difference: the two are different cases.
///
/// # Panics
/// When `member` has another length than `cases`.
#[must_use]
pub fn identity_rates(cases: &[Case], member: &[bool]) -> IdentityRates {
    let side = |wanted: bool| {
        let weights: Vec<usize> = member.iter().map(|&m| usize::from(m == wanted)).collect();
        Confusion::weighted(cases, &weights)
    };
    let (inside, outside) = (side(true), side(false));
    let gap = |rate: fn(&Confusion) -> (usize, usize)| newcombe(rate(&inside), rate(&outside));
    IdentityRates {
        inside,
        outside,
        false_positive_gap: gap(|c| (c.false_positives, c.negatives())),
        false_negative_gap: gap(|c| (c.false_negatives, c.positives())),
    }
}

/// The widest gap among rates given as (part, whole); those of nothing are passed over. `None` with fewer than two.
#[must_use]
pub fn spread(rates: &[(usize, usize)]) -> Option<Spread> {
    let known: Vec<usize> = (0..rates.len()).filter(|&i| rates[i].1 > 0).collect();
    // Exact comparison of fractions, so that equal rates are equal.
    let less = |a: usize, b: usize| {
        let ((k, n), (l, m)) = (rates[a], rates[b]);
        (k as u128 * m as u128) < (l as u128 * n as u128)
    };
    let lowest = known.iter().copied().reduce(|best, i| if less(i, best) { i } else { best })?;
    let highest = known.iter().copied().reduce(|best, i| if less(best, i) { i } else { best })?;
    if known.len() < 2 {
        return None;
    }
    Some(Spread { lowest, highest, difference: newcombe(rates[highest], rates[lowest])? })
}
