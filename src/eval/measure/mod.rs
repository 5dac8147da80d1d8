//! From cases and predictions to one benchmark's part of the report.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::example::Example;
use crate::data::source::{PinnedFile, Source};
use crate::domain::policy::Band;
use crate::domain::taxonomy::Category;
use crate::eval::cases::Cases;
use crate::eval::intervals::bootstrap::{self, Plan};
use crate::eval::manifest::slice::Slice;
use crate::eval::manifest::{BenchmarkManifest, Kind, Target};
use crate::eval::metrics::{Case, Confusion, Ranked, expected_calibration_error};
use crate::eval::predictions::PolicyLine;
use crate::eval::report::{
    BenchmarkReport, FunctionReport, Metric, PairReport, SMALL, SliceReport, SliceTarget, SourceReport,
    TargetReport, rounded,
};
use crate::eval::subject::Prediction;

const NO_CASES: &str = "no cases";
const NONE_SCORED: &str = "no case got a score";
const NO_POSITIVES: &str = "no positive cases";
const NO_SCORED_POSITIVES: &str = "no positive case got a score";
const NO_NEGATIVES: &str = "no negative cases";
const NOTHING_FLAGGED: &str = "nothing was flagged";
const ONE_CLASS: &str = "one class only among the scored cases";

/// An example with what was said of it.
type Judged<'a> = (&'a Example, &'a Prediction);

/// Measures one benchmark. `predictions` are in the order of the cases.
///
/// # Panics
/// When there is not one prediction per case.
#[must_use]
pub fn measure(
    manifest: &BenchmarkManifest,
    cases: &Cases,
    predictions: &[Prediction],
    policy: &PolicyLine,
    plan: Plan,
) -> BenchmarkReport {
    assert_eq!(cases.examples.len(), predictions.len(), "one prediction per case");
    let judged: Vec<Judged<'_>> = cases.examples.iter().zip(predictions).collect();
    let (functions, pairs) = functions_and_pairs(manifest, &judged);
    BenchmarkReport {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        version: manifest.version,
        kind: manifest.kind,
        measures: manifest.measures.clone(),
        flag_means: manifest.flag_means.clone(),
        notes: manifest.notes.clone(),
        citation: manifest.citation.clone(),
        sources: sources(manifest),
        cases_digest: cases.digest.clone(),
        budget: manifest.budget,
        n: judged.len(),
        abstained: abstained(&judged),
        abstained_languages: abstained_languages(predictions),
        flagged: flagged(&judged),
        flagged_of_scored: flagged_of_scored(&judged),
        bands: bands(predictions),
        categories: Category::ALL
            .into_iter()
            .map(|c| (c.id(), share(&judged, NO_CASES, |(_, p)| p.categories[c.index()])))
            .collect(),
        targets: manifest.targets.iter().map(|t| target(*t, &judged, policy, plan)).collect(),
        slices: slices(manifest, &judged),
        functions,
        pairs,
    }
}

fn sources(manifest: &BenchmarkManifest) -> Vec<SourceReport> {
    let report = |file: PinnedFile<'_>| SourceReport {
        name: file.source.to_owned(),
        path: file_name(file.path),
        sha256: file.sha256.unwrap_or_default().to_owned(),
        origin: file.origin.map(ToString::to_string),
        licence: file.licence.to_owned(),
    };
    manifest.sources.iter().flat_map(Source::files).map(report).collect()
}

/// A path relative to the data directory as it is; of any other only the file's own name, since the folders of
/// a machine are nobody's business.
fn file_name(path: &str) -> String {
    let path = Path::new(path);
    let shown = if path.is_relative() { Some(path.as_os_str()) } else { path.file_name() };
    shown.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

fn share(judged: &[Judged<'_>], when_empty: &'static str, test: impl Fn(&Judged<'_>) -> bool) -> Metric {
    Metric::rate(judged.iter().filter(|j| test(j)).count(), judged.len(), when_empty)
}

fn flagged(judged: &[Judged<'_>]) -> Metric {
    share(judged, NO_CASES, |(_, p)| p.flagged())
}

fn flagged_of_scored(judged: &[Judged<'_>]) -> Metric {
    let scored: Vec<Judged<'_>> = judged.iter().copied().filter(|(_, p)| !p.abstained()).collect();
    share(&scored, NONE_SCORED, |(_, p)| p.flagged())
}

fn abstained(judged: &[Judged<'_>]) -> usize {
    judged.iter().filter(|(_, p)| p.abstained()).count()
}

fn abstained_languages(predictions: &[Prediction]) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for p in predictions.iter().filter(|p| p.abstained()) {
        *out.entry(p.language.clone()).or_default() += 1;
    }
    out
}

fn bands(predictions: &[Prediction]) -> BTreeMap<&'static str, usize> {
    let count = |band| predictions.iter().filter(|p| p.band == band).count();
    [Band::None, Band::Review, Band::Urgent].into_iter().map(|b| (b.id(), count(b))).collect()
}

fn threshold(target: Target, policy: &PolicyLine) -> f64 {
    f64::from(match target {
        Target::Extremism => policy.review,
        Target::Category(c) => policy.categories[c.index()],
    })
}

fn target(target: Target, judged: &[Judged<'_>], policy: &PolicyLine, plan: Plan) -> TargetReport {
    let labelled: Vec<Judged<'_>> =
        judged.iter().copied().filter(|(e, _)| target.label(e).is_some()).collect();
    let cases: Vec<Case> = labelled.iter().filter_map(|(e, p)| case(target, e, p)).collect();
    let (clusters, count) = clusters(&labelled);
    let confusion = Confusion::of(&cases);
    let (positives, negatives): (Vec<_>, Vec<_>) =
        labelled.iter().copied().partition(|(e, _)| target.label(e) == Some(true));
    TargetReport {
        target: target.id(),
        threshold: rounded(threshold(target, policy)),
        positives: positives.len(),
        negatives: negatives.len(),
        unknown: judged.len() - labelled.len(),
        abstained: cases.iter().filter(|c| c.score.is_none()).count(),
        true_positives: confusion.true_positives,
        false_positives: confusion.false_positives,
        true_negatives: confusion.true_negatives,
        false_negatives: confusion.false_negatives,
        clusters: count,
        metrics: metrics(&cases, &clusters, &confusion, plan),
        positives_sent: share(&positives, NO_POSITIVES, |(_, p)| p.flagged()),
        negatives_sent: share(&negatives, NO_NEGATIVES, |(_, p)| p.flagged()),
    }
}

fn case(target: Target, example: &Example, prediction: &Prediction) -> Option<Case> {
    let positive = target.label(example)?;
    Some(Case { score: prediction.score(target), positive, flagged: prediction.decision(target) })
}

fn metrics(
    cases: &[Case],
    clusters: &[usize],
    confusion: &Confusion,
    plan: Plan,
) -> BTreeMap<&'static str, Metric> {
    let ranked = Ranked::new(cases);
    let point = ranked.statistics();
    let interval = bootstrap::intervals(&ranked, clusters, plan);
    let (tp, fp, tn) = (confusion.true_positives, confusion.false_positives, confusion.true_negatives);
    let scored = ranked.scored();
    let calibration = match expected_calibration_error(cases) {
        Some(error) => {
            Metric::bare(error, scored, "resampling noise only adds to it, an interval would mislead")
        }
        None => Metric::undefined(scored, NONE_SCORED),
    };
    BTreeMap::from([
        ("precision", Metric::rate(tp, tp + fp, NOTHING_FLAGGED)),
        ("recall", Metric::rate(tp, confusion.positives(), NO_POSITIVES)),
        ("false_positive_rate", Metric::rate(fp, confusion.negatives(), NO_NEGATIVES)),
        ("accuracy", Metric::rate(tp + tn, cases.len(), NO_CASES)),
        (
            "f1",
            Metric::bootstrapped(
                point.f1,
                interval.f1,
                cases.len(),
                "nothing positive, by label or decision",
            ),
        ),
        (
            "average_precision",
            Metric::bootstrapped(
                point.average_precision,
                interval.average_precision,
                scored,
                NO_SCORED_POSITIVES,
            ),
        ),
        ("roc_auc", Metric::bootstrapped(point.roc_auc, interval.roc_auc, scored, ONE_CLASS)),
        ("brier", Metric::bootstrapped(point.brier, interval.brier, scored, NONE_SCORED)),
        ("calibration_error", calibration),
    ])
}

/// Numbers the groups of the examples from 0; an example without a group is its own.
fn clusters(labelled: &[Judged<'_>]) -> (Vec<usize>, usize) {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let numbers = labelled
        .iter()
        .map(|(e, _)| match e.group.as_deref() {
            Some(group) => *known.entry(group).or_insert_with(&mut fresh),
            None => fresh(),
        })
        .collect();
    (numbers, next)
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

fn by_function<'a>(
    manifest: &BenchmarkManifest,
    judged: &[Judged<'a>],
) -> BTreeMap<&'a str, Vec<Judged<'a>>> {
    let mut groups: BTreeMap<&str, Vec<Judged<'_>>> = BTreeMap::new();
    for j in judged {
        groups.entry(manifest.function(j.0).unwrap_or("none")).or_default().push(*j);
    }
    groups
}

fn slices(manifest: &BenchmarkManifest, judged: &[Judged<'_>]) -> BTreeMap<String, Vec<SliceReport>> {
    let report = |value: &str, part: &[Judged<'_>]| SliceReport {
        value: value.to_owned(),
        n: part.len(),
        abstained: abstained(part),
        small: part.len() < SMALL,
        flagged: flagged(part),
        targets: manifest.targets.iter().map(|t| slice_target(*t, part)).collect(),
    };
    manifest
        .all_slices()
        .map(|slice| {
            let groups = by_slice(judged, slice);
            (slice.name().to_owned(), groups.iter().map(|(value, part)| report(value, part)).collect())
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
    }
}

fn functions_and_pairs(
    manifest: &BenchmarkManifest,
    judged: &[Judged<'_>],
) -> (Vec<FunctionReport>, Vec<PairReport>) {
    let (Kind::Functional, Some(&target)) = (manifest.kind, manifest.targets.first()) else {
        return (Vec::new(), Vec::new());
    };
    let groups = by_function(manifest, judged);
    let right = |(e, p): &Judged<'_>| target.label(e) == Some(p.decision(target));
    let functions = groups.iter().map(|(name, part)| FunctionReport {
        function: (*name).to_owned(),
        expected: expected(target, part),
        n: part.len(),
        small: part.len() < SMALL,
        passed: share(part, NO_CASES, right),
        flagged: flagged(part),
    });
    let together = |names: &[String]| {
        let part: Vec<Judged<'_>> =
            names.iter().filter_map(|n| groups.get(n.as_str())).flatten().copied().collect();
        share(&part, NO_CASES, right)
    };
    let pairs = manifest.pair.iter().map(|pair| {
        let (hateful, benign) = (together(&pair.hateful), together(&pair.benign));
        let both = hateful.value.zip(benign.value).map(|(a, b)| a.min(b));
        PairReport { name: pair.name.clone(), hateful, benign, both }
    });
    (functions.collect(), pairs.collect())
}

/// The label that all cases share.
fn expected(target: Target, part: &[Judged<'_>]) -> Option<bool> {
    let first = target.label(part.first()?.0)?;
    part.iter().all(|(e, _)| target.label(e) == Some(first)).then_some(first)
}
