//! From cases and predictions to one benchmark's part of the report.

mod comparison;
mod curve;
mod functions;
mod identities;
mod slices;
mod target;
mod worst;

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::example::Example;
use crate::data::source::{PinnedFile, Source};
use crate::domain::policy::Band;
use crate::domain::taxonomy::Category;
use crate::eval::cases::Cases;
use crate::eval::intervals::bootstrap::{Estimate, Plan};
use crate::eval::manifest::{BenchmarkManifest, Kind, Target};
use crate::eval::metrics::Case;
use crate::eval::predictions::Header;
use crate::eval::rationale;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::SubjectResult;
use crate::eval::report::{BenchmarkReport, SourceReport};
use crate::eval::subject::Prediction;

pub use comparison::{adjust, compare};

const NO_CASES: &str = "no cases";
const NONE_SCORED: &str = "no case got a score";
const NO_COMBINED_SCORE: &str = "the subject gives no score for extremism";
const NO_POSITIVES: &str = "no positive cases";
const NO_SCORED_POSITIVES: &str = "no positive case got a score";
const NO_NEGATIVES: &str = "no negative cases";
const NOTHING_FLAGGED: &str = "nothing was flagged";
const ONE_CLASS: &str = "one class only among the scored cases";

/// An example with what was said of it.
type Judged<'a> = (&'a Example, &'a Prediction);

/// What a benchmark is, before anybody was measured on it.
#[must_use]
pub fn describe(manifest: &BenchmarkManifest, cases: &Cases) -> BenchmarkReport {
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
        n: cases.examples.len(),
        looks: None,
        results: Vec::new(),
    }
}

/// How much is said about a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything: for the subject that the report is about.
    Whole,
    /// Without bands, risk and single cases: for those beside it.
    Beside,
}

/// Measures one subject on one benchmark. `predictions` are in the order of the cases.
///
/// # Panics
/// When there is not one prediction per case.
#[must_use]
pub fn measure(
    manifest: &BenchmarkManifest,
    cases: &Cases,
    predictions: (&Header, &[Prediction]),
    detail: Detail,
    plan: Plan,
) -> SubjectResult {
    let (header, predictions) = predictions;
    let all = judged(cases, predictions);
    let whole: Vec<Judged<'_>> = all.iter().copied().filter(|(e, _)| is_whole(manifest, e)).collect();
    let (functions, pairs) = functions::functions_and_pairs(manifest, &whole);
    let measure = target::Measure { manifest, policy: &header.policy, detail, plan };
    SubjectResult {
        subject: header.model.name.clone(),
        abstained: abstained(&whole),
        abstained_languages: abstained_languages(&whole),
        flagged: flagged(&whole),
        flagged_of_scored: flagged_of_scored(&whole),
        bands: bands(&whole),
        categories: Category::ALL
            .into_iter()
            .map(|c| (c.id(), share(&whole, NO_CASES, |(_, p)| p.categories[c.index()])))
            .collect(),
        targets: covered(manifest, &whole).map(|t| measure.target(t, &whole)).collect(),
        slices: slices::slices(manifest, &whole, plan),
        functions,
        pairs,
        identities: covered(manifest, &whole)
            .flat_map(|t| identities::identities(manifest, t, &whole, plan))
            .collect(),
        swaps: covered(manifest, &whole)
            .filter_map(|t| identities::swaps(manifest, t, &whole, plan))
            .collect(),
        evidence: identities::evidence(manifest, &all, plan),
        cost: None,
    }
}

/// Pairs the examples with what was said of them.
fn judged<'a>(cases: &'a Cases, predictions: &'a [Prediction]) -> Vec<Judged<'a>> {
    assert_eq!(cases.examples.len(), predictions.len(), "one prediction per case");
    cases.examples.iter().zip(predictions).collect()
}

/// Whether a case is a text as it was found, not a part of one.
fn is_whole(manifest: &BenchmarkManifest, example: &Example) -> bool {
    manifest.kind != Kind::Evidence
        || example.slices.get(rationale::PART).is_some_and(|part| part == rationale::WHOLE)
}

/// The targets that the subject speaks about at all: one that gives scores, but never for a target, has no head for
/// it, and "it found none" would be a made-up 0.
fn covered<'a>(
    manifest: &'a BenchmarkManifest,
    judged: &'a [Judged<'a>],
) -> impl Iterator<Item = Target> + 'a {
    let silent = judged.iter().all(|(_, p)| p.abstained());
    manifest
        .targets
        .iter()
        .copied()
        .filter(move |t| silent || judged.iter().any(|(_, p)| p.score(*t).is_some() || p.decision(*t)))
}

/// A bootstrapped number as the report writes it.
fn estimated(estimate: Estimate, n: usize, undefined: &'static str) -> Metric {
    Metric::bootstrapped(estimate.value, estimate.interval, n, undefined)
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

/// Share sent to a person. A subject that gives scores, but never the combined one, sends nobody anything by itself:
/// its share would be a made-up 0.
fn flagged(judged: &[Judged<'_>]) -> Metric {
    let speaks = judged.iter().any(|(_, p)| !p.abstained());
    if speaks && judged.iter().all(|(_, p)| p.extremism.is_none()) {
        return Metric::undefined(judged.len(), NO_COMBINED_SCORE);
    }
    share(judged, NO_CASES, |(_, p)| p.flagged())
}

fn flagged_of_scored(judged: &[Judged<'_>]) -> Metric {
    let scored: Vec<Judged<'_>> = judged.iter().copied().filter(|(_, p)| p.extremism.is_some()).collect();
    share(&scored, NONE_SCORED, |(_, p)| p.flagged())
}

fn abstained(judged: &[Judged<'_>]) -> usize {
    judged.iter().filter(|(_, p)| p.abstained()).count()
}

fn abstained_languages(judged: &[Judged<'_>]) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for (_, p) in judged.iter().filter(|(_, p)| p.abstained()) {
        *out.entry(p.language.clone()).or_default() += 1;
    }
    out
}

fn bands(judged: &[Judged<'_>]) -> BTreeMap<&'static str, usize> {
    let count = |band| judged.iter().filter(|(_, p)| p.band == band).count();
    [Band::None, Band::Review, Band::Urgent].into_iter().map(|b| (b.id(), count(b))).collect()
}

fn case(target: Target, example: &Example, prediction: &Prediction) -> Option<Case> {
    let positive = target.label(example)?;
    Some(Case { score: prediction.score(target), positive, flagged: prediction.decision(target) })
}

/// The cases whose label for one target is known.
struct Labelled<'a> {
    judged: Vec<Judged<'a>>,
    /// One for each of `judged`.
    cases: Vec<Case>,
    /// The group of each, numbered from 0 without gaps; a case without a group is its own.
    clusters: Vec<usize>,
    cluster_count: usize,
}

impl<'a> Labelled<'a> {
    fn of(target: Target, judged: &[Judged<'a>]) -> Self {
        let judged: Vec<Judged<'a>> =
            judged.iter().copied().filter(|(e, _)| target.label(e).is_some()).collect();
        let cases = judged.iter().filter_map(|(e, p)| case(target, e, p)).collect();
        let (clusters, cluster_count) = clusters(&judged);
        Self { judged, cases, clusters, cluster_count }
    }
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
