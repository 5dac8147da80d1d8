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
use crate::eval::metrics::ranking::{Pairs, Ranked, auc};
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
    /// Generalised means over the identities that are large enough and whose AUC is defined.
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
    aucs(&Cumulative::of(ranked, weights), weights, &mentions(ranked, member))
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
/// `j`. Identities with fewer than `least` scored cases are listed but are in no mean: with few cases an AUC may be 0 by
/// chance, and the generalised mean would be that. Jigsaw took 500.
#[must_use]
pub fn bias(ranked: &Ranked, members: &[Vec<bool>], least: usize, clusters: &[usize], plan: Plan) -> Bias {
    let mentions: Vec<Vec<Mention>> = members.iter().map(|member| mentions(ranked, member)).collect();
    let statistics = |weights: &[usize]| {
        let all = Cumulative::of(ranked, weights);
        let aucs: Vec<IdentityAucs> = mentions.iter().map(|own| aucs(&all, weights, own)).collect();
        let overall = ranked.weighted(weights).roc_auc;
        let large = aucs.iter().zip(&mentions).filter(|(_, own)| own.len() >= least);
        let means = power_means(&large.map(|(a, _)| *a).collect::<Vec<_>>());
        let mut out = vec![overall, means.subgroup, means.bpsn, means.bnsp, final_score(overall, means)];
        out.extend(aucs.iter().flat_map(|a| [a.subgroup, a.bpsn, a.bnsp]));
        out
    };
    let all = bootstrap::estimates(clusters, plan, statistics);
    let (summary, each) = all.split_at(5);
    let identities = mentions.iter().zip(each.chunks(3)).map(|(own, aucs)| Identity {
        n: own.len(),
        positives: own.iter().filter(|m| m.positive).count(),
        subgroup: aucs[0],
        bpsn: aucs[1],
        bnsp: aucs[2],
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

/// A scored case that mentions an identity.
struct Mention {
    /// Which group of equal scores it is in, counted from the highest.
    group: usize,
    /// Its position in the input.
    case: usize,
    positive: bool,
}

/// The scored cases of an identity, from the highest score down.
fn mentions(ranked: &Ranked, member: &[bool]) -> Vec<Mention> {
    let mut out = Vec::new();
    for (group, tied) in ranked.tied().enumerate() {
        let own = tied.cases.iter().zip(tied.origin).filter(|&(_, &i)| member[i]);
        out.extend(own.map(|(case, &i)| Mention { group, case: i, positive: case.positive }));
    }
    out
}

/// Weighted counts of all cases above each group of equal scores, and at the end of all.
struct Cumulative {
    positives: Vec<usize>,
    negatives: Vec<usize>,
}

impl Cumulative {
    fn of(ranked: &Ranked, weights: &[usize]) -> Self {
        let mut out = Self { positives: vec![0], negatives: vec![0] };
        let (mut positives, mut negatives) = (0, 0);
        for tied in ranked.tied() {
            let here = tied.classes(weights);
            (positives, negatives) = (positives + here.0, negatives + here.1);
            out.positives.push(positives);
            out.negatives.push(negatives);
        }
        out
    }
}

/// The three AUCs from the identity's own cases alone: what the others do is all cases less these. So the cost of an
/// identity is the number of texts that mention it, and not the number of all texts.
fn aucs(all: &Cumulative, weights: &[usize], own: &[Mention]) -> IdentityAucs {
    let mut subgroup = Pairs::default();
    // Own cases above the group at hand; twice the pairs in which another positive beats an own negative, and in which
    // another negative beats an own positive.
    let (mut positives, mut negatives) = (0, 0);
    let (mut beaten, mut lost) = (0u128, 0u128);
    for group in own.chunk_by(|a, b| a.group == b.group) {
        let g = group[0].group;
        let weight = |positive: bool| -> usize {
            group.iter().filter(|m| m.positive == positive).map(|m| weights[m.case]).sum()
        };
        let (p, n) = (weight(true), weight(false));
        subgroup.step(p, n);
        // Above counts two, tied counts one: what is above the group and what is above its end, together.
        let other_positives = all.positives[g] + all.positives[g + 1] - 2 * positives - p;
        let other_negatives = all.negatives[g] + all.negatives[g + 1] - 2 * negatives - n;
        beaten += n as u128 * other_positives as u128;
        lost += p as u128 * other_negatives as u128;
        (positives, negatives) = (positives + p, negatives + n);
    }
    let others = |cumulative: &[usize], own: usize| cumulative.last().map_or(0, |all| all - own);
    let (other_positives, other_negatives) =
        (others(&all.positives, positives), others(&all.negatives, negatives));
    let pairs = positives as u128 * other_negatives as u128;
    IdentityAucs {
        subgroup: subgroup.auc(),
        bpsn: auc(beaten, other_positives, negatives),
        bnsp: auc(2 * pairs - lost, positives, other_negatives),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close, members, repeated, weights};

    /// The AUC of the chosen cases by the sweep over all.
    fn auc_of(cases: &[Case], chosen: impl Fn(usize) -> bool) -> Option<f64> {
        let weights: Vec<usize> = (0..cases.len()).map(|i| usize::from(chosen(i))).collect();
        Ranked::new(cases).weighted(&weights).roc_auc
    }

    proptest! {
        #[test]
        fn aucs_are_those_of_the_chosen_cases(cases in cases(), member in members()) {
            let member = &member[..cases.len()];
            let ranked = Ranked::new(&cases);
            let got = identity_aucs(&ranked, &ranked.once(), member);
            prop_assert_eq!(got.subgroup, auc_of(&cases, |i| member[i]));
            prop_assert_eq!(got.bpsn, auc_of(&cases, |i| member[i] != cases[i].positive));
            prop_assert_eq!(got.bnsp, auc_of(&cases, |i| member[i] == cases[i].positive));
        }

        #[test]
        fn weights_are_repetitions(cases in cases(), member in members(), weights in weights()) {
            let (member, weights) = (&member[..cases.len()], &weights[..cases.len()]);
            let written = Ranked::new(&repeated(&cases, weights));
            let a = identity_aucs(&Ranked::new(&cases), weights, member);
            let b = identity_aucs(&written, &written.once(), &repeated(member, weights));
            prop_assert_eq!(a, b);
        }

        #[test]
        fn the_generalised_mean_leans_to_the_worst(values in proptest::collection::vec(0.0f64..=1.0, 1..20)) {
            let mean = power_mean(&values, POWER).unwrap();
            let worst = values.iter().copied().fold(1.0, f64::min);
            let plain = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!(worst - 1e-12 <= mean && mean <= plain + 1e-12);
        }

        #[test]
        fn inside_and_outside_are_all(cases in cases(), member in members()) {
            let member = &member[..cases.len()];
            let rates = identity_rates(&cases, member);
            let whole = Confusion::of(&cases);
            prop_assert_eq!(rates.inside.total() + rates.outside.total(), whole.total());
            prop_assert_eq!(rates.inside.false_positives + rates.outside.false_positives, whole.false_positives);
            for gap in [rates.false_positive_gap, rates.false_negative_gap].into_iter().flatten() {
                prop_assert!(gap.interval.low <= gap.value && gap.value <= gap.interval.high);
            }
        }

        #[test]
        fn no_gap_is_wider_than_the_spread(rates in proptest::collection::vec((0usize..9, 0usize..9), 0..8)) {
            let rates: Vec<(usize, usize)> = rates.into_iter().map(|(k, more)| (k, k + more)).collect();
            let known: Vec<f64> = rates.iter().filter(|r| r.1 > 0).map(|r| r.0 as f64 / r.1 as f64).collect();
            let Some(widest) = spread(&rates) else {
                prop_assert!(known.len() < 2);
                return Ok(());
            };
            let high = known.iter().copied().fold(0.0, f64::max);
            let low = known.iter().copied().fold(1.0, f64::min);
            prop_assert!(close(Some(widest.difference.value), Some(high - low)));
        }
    }

    #[test]
    fn an_identity_that_nobody_mentions_is_there_and_says_nothing() {
        let cases: Vec<Case> = (0u8..20)
            .map(|i| Case { score: Some(f32::from(i) / 20.0), positive: i % 2 == 0, flagged: i > 10 })
            .collect();
        let clusters: Vec<usize> = (0..cases.len()).collect();
        let members = [vec![false; 20], (0..20).map(|i| i < 10).collect(), (0..20).map(|i| i > 15).collect()];
        let page = bias(&Ranked::new(&cases), &members, 5, &clusters, Plan { seed: 1, resamples: 100 });
        assert_eq!(page.identities[0].n, 0);
        assert_eq!(page.identities[0].subgroup.value, None);
        assert_eq!((page.identities[1].n, page.identities[1].positives), (10, 5));
        // The means are over the one identity that is large enough.
        assert_eq!(page.identities[2].n, 4);
        assert_eq!(page.subgroup.value, page.identities[1].subgroup.value);
        assert!(page.final_score.interval.is_some());
    }
}
