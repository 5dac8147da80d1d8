//! From cases and predictions to one benchmark's part of the report.

mod functions;
mod slices;
mod target;

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::example::Example;
use crate::domain::policy::Band;
use crate::domain::taxonomy::Category;
use crate::eval::cases::{Cases, slice_value};
use crate::eval::intervals::bootstrap::Plan;
use crate::eval::manifest::{BenchmarkManifest, Target};
use crate::eval::metrics::Case;
use crate::eval::predictions::Header;
use crate::eval::report::metric::Metric;
use crate::eval::report::result::SubjectResult;
use crate::eval::report::{BenchmarkReport, SourceReport};
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
        upstream: manifest.upstream.clone(),
        sources: sources(manifest),
        cases_digest: cases.digest.clone(),
        budget: manifest.budget,
        n: cases.examples.len(),
        looks: None,
        results: Vec::new(),
    }
}

/// Measures one subject on one benchmark. `predictions` are in the order of the cases.
///
/// # Panics
/// When there is not one prediction per case.
#[must_use]
pub fn measure(
    manifest: &BenchmarkManifest,
    cases: &Cases,
    predictions: &[Prediction],
    header: &Header,
    plan: Plan,
) -> SubjectResult {
    assert_eq!(cases.examples.len(), predictions.len(), "one prediction per case");
    let judged: Vec<Judged<'_>> = cases.examples.iter().zip(predictions).collect();
    let (functions, pairs) = functions::functions_and_pairs(manifest, &judged);
    SubjectResult {
        subject: header.model.name.clone(),
        abstained: abstained(&judged),
        abstained_languages: abstained_languages(predictions),
        flagged: flagged(&judged),
        flagged_of_scored: flagged_of_scored(&judged),
        bands: bands(predictions),
        categories: Category::ALL
            .into_iter()
            .map(|c| (c.id(), share(&judged, NO_CASES, |(_, p)| p.categories[c.index()])))
            .collect(),
        targets: manifest.targets.iter().map(|t| target::target(*t, &judged, &header.policy, plan)).collect(),
        slices: slices::slices(manifest, &judged),
        functions,
        pairs,
        identities: Vec::new(),
        swaps: Vec::new(),
        evidence: None,
        cost: None,
    }
}

fn sources(manifest: &BenchmarkManifest) -> Vec<SourceReport> {
    let mut out = Vec::new();
    for source in &manifest.sources {
        let pinned = [
            Some((&source.path, source.sha256.as_ref())),
            source.join.as_ref().map(|j| (&j.path, j.sha256.as_ref())),
        ];
        for (path, sha256) in pinned.into_iter().flatten() {
            out.push(SourceReport {
                name: source.name.clone(),
                path: file_name(path),
                sha256: sha256.cloned().unwrap_or_default(),
                licence: source.licence.clone(),
            });
        }
    }
    out
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

fn case(target: Target, example: &Example, prediction: &Prediction) -> Option<Case> {
    let positive = target.label(example)?;
    Some(Case { score: prediction.score(target), positive, flagged: prediction.decision(target) })
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

fn by_slice<'a>(judged: &[Judged<'a>], slice: &str) -> BTreeMap<&'a str, Vec<Judged<'a>>> {
    let mut groups: BTreeMap<&str, Vec<Judged<'_>>> = BTreeMap::new();
    for j in judged {
        groups.entry(slice_value(j.0, slice)).or_default().push(*j);
    }
    groups
}
