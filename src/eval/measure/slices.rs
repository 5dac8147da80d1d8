//! The same numbers for parts of a benchmark.

use std::collections::BTreeMap;

use crate::eval::intervals::bootstrap::{self, Plan};
use crate::eval::manifest::slice::Slice;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::measure::{
    Judged, Labelled, NO_NEGATIVES, NO_POSITIVES, NO_SCORED_POSITIVES, ONE_CLASS, abstained, covered, flagged,
};
use crate::eval::metrics::Confusion;
use crate::eval::metrics::ranking::Ranked;
use crate::eval::report::SMALL;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::{SliceReport, SliceTarget};

/// Every slice of the manifest, each with its values in alphabetical order.
pub(super) fn slices(
    manifest: &BenchmarkManifest,
    judged: &[Judged<'_>],
    plan: Plan,
) -> BTreeMap<String, Vec<SliceReport>> {
    let targets: Vec<Target> = covered(manifest, judged).collect();
    let report = |value: &str, part: &[Judged<'_>]| SliceReport {
        value: value.to_owned(),
        n: part.len(),
        abstained: abstained(part),
        small: part.len() < SMALL,
        flagged: flagged(part),
        targets: targets.iter().map(|t| slice_target(*t, part, plan)).collect(),
    };
    manifest
        .all_slices()
        .map(|slice| {
            let groups = by_slice(judged, slice);
            (slice.name().to_owned(), groups.iter().map(|(value, part)| report(value, part)).collect())
        })
        .collect()
}

fn by_slice<'a>(judged: &[Judged<'a>], slice: &'a Slice) -> BTreeMap<&'a str, Vec<Judged<'a>>> {
    let mut groups: BTreeMap<&str, Vec<Judged<'_>>> = BTreeMap::new();
    for j in judged {
        for value in slice.values(j.0) {
            groups.entry(value).or_default().push(*j);
        }
    }
    groups
}

fn slice_target(target: Target, part: &[Judged<'_>], plan: Plan) -> SliceTarget {
    let labelled = Labelled::of(target, part);
    let confusion = Confusion::of(&labelled.cases);
    let ranked = Ranked::new(&labelled.cases);
    let (point, n) = (ranked.statistics(), ranked.scored());
    let intervals = if point.roc_auc.is_some() {
        bootstrap::intervals(&ranked, &labelled.clusters, plan)
    } else {
        bootstrap::Intervals::default()
    };
    SliceTarget {
        target: target.id(),
        recall: Metric::rate(confusion.true_positives, confusion.positives(), NO_POSITIVES),
        false_positive_rate: Metric::rate(confusion.false_positives, confusion.negatives(), NO_NEGATIVES),
        average_precision: Metric::bootstrapped(
            point.average_precision,
            intervals.average_precision,
            n,
            NO_SCORED_POSITIVES,
        ),
        roc_auc: Metric::bootstrapped(point.roc_auc, intervals.roc_auc, n, ONE_CLASS),
    }
}
