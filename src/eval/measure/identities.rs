//! Whom a subject fails: bias per identity, what swapping an identity changes, and whether the words that people
//! marked carry the score.

use std::collections::BTreeMap;

use crate::eval::intervals::Difference;
use crate::eval::intervals::bootstrap::Plan;
use crate::eval::manifest::slice::Slice;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::measure::{Judged, Labelled, NO_NEGATIVES, NO_POSITIVES, ONE_CLASS, case, estimated};
use crate::eval::metrics::bias::{self, Bias, IdentityRates};
use crate::eval::metrics::counterfactual::counterfactual;
use crate::eval::metrics::evidence::{Erased, faithfulness};
use crate::eval::metrics::ranking::Ranked;
use crate::eval::rationale;
use crate::eval::report::SMALL;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::{EvidenceReport, IdentitiesReport, IdentityReport, SwapReport};

const NO_IDENTITY: &str = "no identity has both labels among its scored cases";
const FEWER_THAN_TWO: &str = "fewer than two identities with enough cases";
const NO_PAIR: &str = "no two cases differ only in an identity";
const NO_RATIONALE: &str = "no text with a rationale got scores";

/// Bias on every identity slice of the manifest.
pub(super) fn identities(
    manifest: &BenchmarkManifest,
    target: Target,
    judged: &[Judged<'_>],
    plan: Plan,
) -> Vec<IdentitiesReport> {
    let labelled = Labelled::of(target, judged);
    let ranked = Ranked::new(&labelled.cases);
    let one = |slice: &Slice| {
        let (names, members) = members(slice, &labelled.judged);
        let bias = bias::bias(&ranked, &members, SMALL, &labelled.clusters, plan);
        let rates: Vec<IdentityRates> =
            members.iter().map(|m| bias::identity_rates(&labelled.cases, m)).collect();
        report((target, slice), (&names, ranked.scored()), &bias, &rates)
    };
    manifest.identity_slices().map(one).collect()
}

/// The values of a slice in order, and who belongs to each.
fn members<'a>(slice: &'a Slice, labelled: &[Judged<'a>]) -> (Vec<&'a str>, Vec<Vec<bool>>) {
    let mut by_value: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (i, (example, _)) in labelled.iter().enumerate() {
        for value in slice.values(example).into_iter().filter(|v| *v != "none") {
            by_value.entry(value).or_insert_with(|| vec![false; labelled.len()])[i] = true;
        }
    }
    by_value.into_iter().unzip()
}

fn report(
    (target, slice): (Target, &Slice),
    (names, scored): (&[&str], usize),
    bias: &Bias,
    rates: &[IdentityRates],
) -> IdentitiesReport {
    let alarms: Vec<(usize, usize)> =
        rates.iter().map(|r| (r.inside.false_positives, r.inside.negatives())).collect();
    let misses: Vec<(usize, usize)> =
        rates.iter().map(|r| (r.inside.false_negatives, r.inside.positives())).collect();
    let identities = names.iter().zip(&bias.identities).zip(rates);
    IdentitiesReport {
        target: target.id(),
        slice: slice.name().to_owned(),
        subgroup_auc_mean: estimated(bias.subgroup, scored, NO_IDENTITY),
        bpsn_auc_mean: estimated(bias.bpsn, scored, NO_IDENTITY),
        bnsp_auc_mean: estimated(bias.bnsp, scored, NO_IDENTITY),
        bias_score: estimated(bias.final_score, scored, NO_IDENTITY),
        false_positive_gap: gap(&alarms),
        false_negative_gap: gap(&misses),
        identities: identities.map(|((name, auc), rates)| identity(name, auc, rates)).collect(),
    }
}

/// Largest minus smallest rate among the identities with enough cases.
fn gap(rates: &[(usize, usize)]) -> Metric {
    let enough: Vec<(usize, usize)> = rates.iter().copied().filter(|(_, n)| *n >= SMALL).collect();
    let n = enough.iter().map(|(_, n)| n).sum();
    difference(bias::spread(&enough).map(|s| s.difference), n, FEWER_THAN_TWO)
}

fn difference(difference: Option<Difference>, n: usize, undefined: &'static str) -> Metric {
    difference.map_or(Metric::undefined(n, undefined), |d| {
        Metric::with_interval(d.value, d.interval, n, "newcombe")
    })
}

fn identity(name: &str, auc: &bias::Identity, rates: &IdentityRates) -> IdentityReport {
    let (inside, n) = (&rates.inside, rates.inside.total());
    IdentityReport {
        identity: name.to_owned(),
        n,
        positives: inside.positives(),
        small: n < SMALL,
        subgroup_auc: estimated(auc.subgroup, auc.n, ONE_CLASS),
        bpsn_auc: estimated(auc.bpsn, auc.n, ONE_CLASS),
        bnsp_auc: estimated(auc.bnsp, auc.n, ONE_CLASS),
        false_positive_rate: Metric::rate(inside.false_positives, inside.negatives(), NO_NEGATIVES),
        false_negative_rate: Metric::rate(inside.false_negatives, inside.positives(), NO_POSITIVES),
        false_positive_difference: difference(rates.false_positive_gap, inside.negatives(), NO_NEGATIVES),
        false_negative_difference: difference(rates.false_negative_gap, inside.positives(), NO_POSITIVES),
    }
}

/// What swapping identities changes; `None` when the manifest names no such cases.
pub(super) fn swaps(
    manifest: &BenchmarkManifest,
    target: Target,
    judged: &[Judged<'_>],
    plan: Plan,
) -> Option<SwapReport> {
    manifest.counterfactual.as_ref()?;
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let (mut cases, mut groups) = (Vec::new(), Vec::new());
    for (example, prediction) in judged {
        let Some((group, _)) = manifest.counterfactual_key(example) else { continue };
        let Some(case) = case(target, example, prediction) else { continue };
        let fresh = numbers.len();
        groups.push(*numbers.entry(group).or_insert(fresh));
        cases.push(case);
    }
    let swaps = counterfactual(&cases, &groups, plan);
    Some(SwapReport {
        target: target.id(),
        groups: swaps.groups,
        pairs: swaps.pairs,
        flip_rate: estimated(swaps.flip_rate, swaps.pairs, NO_PAIR),
        score_gap: estimated(swaps.score_difference, swaps.scored_pairs, NO_PAIR),
    })
}

/// Comprehensiveness and sufficiency on the positives of the first target; `None` for other kinds of benchmarks.
pub(super) fn evidence(
    manifest: &BenchmarkManifest,
    all: &[Judged<'_>],
    plan: Plan,
) -> Option<EvidenceReport> {
    manifest.evidence.as_ref()?;
    let target = *manifest.targets.first()?;
    let mut texts: BTreeMap<&str, Erased> = BTreeMap::new();
    for (example, prediction) in all.iter().filter(|(e, _)| target.label(e) == Some(true)) {
        let (Some(group), Some(part)) = (&example.group, example.slices.get(rationale::PART)) else {
            continue;
        };
        let text = texts.entry(group).or_insert(Erased { whole: None, without: None, only: None });
        let score = prediction.score(target);
        match part.as_str() {
            rationale::WITHOUT => text.without = score,
            rationale::ONLY => text.only = score,
            _ => text.whole = score,
        }
    }
    let texts: Vec<Erased> = texts.into_values().collect();
    let clusters: Vec<usize> = (0..texts.len()).collect();
    let found = faithfulness(&texts, &clusters, plan);
    Some(EvidenceReport {
        target: target.id(),
        n: texts.len(),
        comprehensiveness: estimated(found.comprehensiveness, found.comprehensiveness_n, NO_RATIONALE),
        sufficiency: estimated(found.sufficiency, found.sufficiency_n, NO_RATIONALE),
    })
}
