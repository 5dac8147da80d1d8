//! The report's subject against those beside it, on the same cases.

use std::collections::BTreeMap;

use crate::eval::cases::Cases;
use crate::eval::compare::{self, difference, mcnemar, power};
use crate::eval::intervals::bootstrap::Plan;
use crate::eval::intervals::delong;
use crate::eval::manifest::{BenchmarkManifest, Kind, Target};
use crate::eval::measure::{Judged, Labelled, ONE_CLASS, covered, estimated, is_whole, judged};
use crate::eval::metrics::Case;
use crate::eval::metrics::ranking::Ranked;
use crate::eval::predictions::Header;
use crate::eval::report::comparison::Comparison;
use crate::eval::report::metric::Metric;
use crate::eval::subject::Prediction;

/// What a panel compares: whether a text was sent to a person, which is wrong for each.
const FLAGGED: &str = "flagged";
const NEITHER_SCORED: &str = "no positive case that both scored";

/// Compares two subjects on one benchmark, on every target that both speak about; on a panel, by what they flag.
/// The verdicts are preliminary until [`adjust`] has seen all comparisons of the run.
#[must_use]
pub fn compare(
    manifest: &BenchmarkManifest,
    cases: &Cases,
    own: (&Header, &[Prediction]),
    rival: (&Header, &[Prediction]),
    plan: Plan,
) -> Vec<Comparison> {
    let whole = |predictions| -> Vec<Judged<'_>> {
        judged(cases, predictions).into_iter().filter(|(e, _)| is_whole(manifest, e)).collect()
    };
    let (first, second) = (whole(own.1), whole(rival.1));
    let pair = Pair { benchmark: &manifest.name, own: own.0, rival: rival.0, plan };
    if manifest.kind == Kind::Panel {
        let flags = |side: &[Judged<'_>]| -> Vec<Case> {
            let case =
                |(_, p): &Judged<'_>| Case { score: p.extremism, positive: false, flagged: p.flagged() };
            side.iter().map(case).collect()
        };
        let clusters: Vec<usize> = (0..first.len()).collect();
        return vec![pair.compare(FLAGGED, &flags(&first), &flags(&second), &clusters)];
    }
    let theirs: Vec<Target> = covered(manifest, &second).collect();
    covered(manifest, &first)
        .filter(|t| theirs.contains(t))
        .map(|t| {
            let (a, b) = (Labelled::of(t, &first), Labelled::of(t, &second));
            pair.compare(t.id(), &a.cases, &b.cases, &a.clusters)
        })
        .collect()
}

/// Replaces the verdicts by those that hold over all comparisons of the run together (Holm).
pub fn adjust(comparisons: &mut [Comparison]) {
    let raw: Vec<compare::Comparison> = comparisons
        .iter()
        .map(|c| compare::Comparison {
            gain: c.only_subject_right as f64 - c.only_rival_right as f64,
            p: c.mcnemar_p,
        })
        .collect();
    for (comparison, adjusted) in comparisons.iter_mut().zip(compare::verdicts(&raw)) {
        comparison.adjusted_p = adjusted.p;
        comparison.verdict = adjusted.verdict;
    }
}

struct Pair<'a> {
    benchmark: &'a str,
    own: &'a Header,
    rival: &'a Header,
    plan: Plan,
}

impl Pair<'_> {
    fn compare(&self, target: &str, first: &[Case], second: &[Case], clusters: &[usize]) -> Comparison {
        let n = first.len();
        let decisions = mcnemar::of(first, second);
        let discordant = decisions.only_first_right + decisions.only_second_right;
        let right = |cases: &[Case], w: &[usize]| -> Option<f64> {
            let (hits, all) =
                cases.iter().zip(w).fold((0, 0), |(h, a), (c, w)| (h + w * usize::from(c.right()), a + w));
            (all > 0).then(|| hits as f64 / all as f64)
        };
        let accuracy = difference::paired(clusters, self.plan, |w| (right(first, w), right(second, w)));
        let (auc, precision) = self.ranking(first, second, clusters);
        Comparison {
            benchmark: self.benchmark.to_owned(),
            target: target.to_owned(),
            subject: self.own.model.name.clone(),
            rival: self.rival.model.name.clone(),
            n,
            only_subject_right: decisions.only_first_right,
            only_rival_right: decisions.only_second_right,
            accuracy_difference: estimated(accuracy.difference, n, "no cases"),
            average_precision_difference: precision,
            roc_auc_difference: auc,
            mcnemar_p: decisions.p,
            adjusted_p: decisions.p,
            minimal_detectable_difference: (n > 0)
                .then(|| power::paired_gain(n, discordant as f64 / n as f64))
                .flatten(),
            verdict: compare::Verdict::NoDetectableDifference,
        }
    }

    /// Differences of ROC AUC and average precision over the cases that both scored.
    fn ranking(&self, first: &[Case], second: &[Case], clusters: &[usize]) -> (Metric, Metric) {
        let both = |i: &usize| first[*i].score.is_some() && second[*i].score.is_some();
        let kept: Vec<usize> = (0..first.len()).filter(both).collect();
        let of = |cases: &[Case]| -> Vec<Case> { kept.iter().map(|i| cases[*i]).collect() };
        let (own, rival, n) = (of(first), of(second), kept.len());
        let auc = delong::paired(&own, &rival).map_or(Metric::undefined(n, ONE_CLASS), |p| {
            Metric::with_interval(p.difference.value, p.difference.interval, n, "delong")
        });
        let (own, rival) = (Ranked::new(&own), Ranked::new(&rival));
        let clusters = renumbered(kept.iter().map(|i| clusters[*i]));
        let precision = difference::paired(&clusters, self.plan, |w| {
            (own.weighted(w).average_precision, rival.weighted(w).average_precision)
        });
        (auc, estimated(precision.difference, n, NEITHER_SCORED))
    }
}

/// The same groups, numbered from 0 without gaps.
fn renumbered(clusters: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    clusters
        .map(|c| {
            let fresh = numbers.len();
            *numbers.entry(c).or_insert(fresh)
        })
        .collect()
}
