//! The same rates for parts of a benchmark.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::cases::LANGUAGE_SLICE;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::measure::{
    Judged, NO_CASES, NO_NEGATIVES, NO_POSITIVES, abstained, by_slice, case, flagged,
};
use crate::eval::metrics::{Case, Confusion};
use crate::eval::report::SMALL;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::{SliceReport, SliceTarget};

pub(super) fn slices(
    manifest: &BenchmarkManifest,
    judged: &[Judged<'_>],
) -> BTreeMap<String, Vec<SliceReport>> {
    let mut names: BTreeSet<&str> = manifest.slices.iter().map(String::as_str).collect();
    names.insert(LANGUAGE_SLICE);
    let report = |value: &str, part: &[Judged<'_>]| SliceReport {
        value: value.to_owned(),
        n: part.len(),
        abstained: abstained(part),
        small: part.len() < SMALL,
        flagged: flagged(part),
        targets: manifest.targets.iter().map(|t| slice_target(*t, part)).collect(),
    };
    names
        .into_iter()
        .map(|name| {
            let groups = by_slice(judged, name);
            (name.to_owned(), groups.iter().map(|(value, part)| report(value, part)).collect())
        })
        .collect()
}

fn slice_target(target: Target, part: &[Judged<'_>]) -> SliceTarget {
    let cases: Vec<Case> = part.iter().filter_map(|(e, p)| case(target, e, p)).collect();
    let confusion = Confusion::of(&cases);
    SliceTarget {
        target: target.id(),
        recall: Metric::rate(confusion.true_positives, confusion.positives(), NO_POSITIVES),
        false_positive_rate: Metric::rate(confusion.false_positives, confusion.negatives(), NO_NEGATIVES),
        average_precision: Metric::undefined(0, NO_CASES),
        roc_auc: Metric::undefined(0, NO_CASES),
    }
}
