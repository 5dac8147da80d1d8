//! Whether a model was trained on what it is measured with. A bundle carries its recipe, and a recipe pins its files;
//! with the data at hand every test text is looked for in what the recipe trains on after its own purge, without it
//! only the files can be compared. What the base model read before fine-tuning is not known to either.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::data::near::{Likeness, NearIndex, Print};
use crate::data::recipe::RecipeData;
use crate::data::source::{Condition, Source};
use crate::eval::hygiene::duplicates::IdPair;
use crate::eval::hygiene::sets::TextSet;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::report::metric::Metric;

/// What a subject has in common with benchmarks.
#[derive(Debug, Clone, Serialize)]
pub struct Contamination {
    /// Name of the recipe.
    pub recipe: String,
    /// Sources that pin no SHA-256, so that what was trained on may have been another file.
    pub unpinned: Vec<String>,
    pub benchmarks: Vec<Benchmark>,
}

/// One benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct Benchmark {
    pub name: String,
    pub verdict: Verdict,
    pub files: Vec<SharedFile>,
    /// Absent when only the files were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<Overlap>,
}

/// What may be said of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every text was compared, and none is in training.
    Clean,
    /// Some texts, or near-duplicates of them, are in training.
    Overlaps,
    /// No file in common; copies in other files were not looked for.
    NoCommonFile,
    /// Files in common, but by their own rules other texts of them.
    OtherTexts,
    /// A file in common, and the same texts of it may have been used.
    MayOverlap,
}

/// A file that both read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedFile {
    /// Source of the benchmark.
    pub measured: String,
    /// Source of the recipe.
    pub trained: String,
    pub sha256: String,
    pub texts: Apart,
}

/// Why two sources that read one file do not give the same texts, if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// The two halves by the hash of the text.
    OtherHalf,
    /// Conditions on a column that no row meets both of.
    OtherRows,
    /// Texts of another column.
    OtherColumn,
    /// Nothing keeps them apart.
    No,
}

/// Test texts that training has seen.
#[derive(Debug, Clone, Serialize)]
pub struct Overlap {
    pub texts: usize,
    pub equal: usize,
    /// Texts with a near one and no equal one.
    pub near: usize,
    pub share: Metric,
    /// How many of them by the source of the recipe that holds the first like text.
    pub by_source: BTreeMap<String, usize>,
    pub ids: Vec<IdPair>,
}

/// Compares the files that a recipe and benchmarks pin.
#[must_use]
pub fn by_files(recipe: &RecipeData, benchmarks: &[BenchmarkManifest]) -> Contamination {
    let of = |manifest: &BenchmarkManifest| {
        let files = shared_files(recipe, manifest);
        let verdict = if files.is_empty() {
            Verdict::NoCommonFile
        } else if files.iter().all(|f| f.texts != Apart::No) {
            Verdict::OtherTexts
        } else {
            Verdict::MayOverlap
        };
        Benchmark { name: manifest.name.clone(), verdict, files, texts: None }
    };
    Contamination {
        recipe: recipe.name.clone(),
        unpinned: recipe.sources.iter().filter(|s| s.sha256.is_none()).map(|s| s.name.clone()).collect(),
        benchmarks: benchmarks.iter().map(of).collect(),
    }
}

impl Contamination {
    /// Looks for the texts of `tests`, one for each benchmark and in the same order, in what was trained on.
    ///
    /// # Panics
    /// When there is not one set for each benchmark.
    pub fn compare_texts(&mut self, training: &TextSet, tests: &[TextSet]) {
        assert_eq!(self.benchmarks.len(), tests.len(), "one test part for each benchmark");
        let texts: Vec<(usize, &str)> = training.examples.iter().map(|e| (0, e.text.as_str())).collect();
        let index = NearIndex::new(&texts);
        for (benchmark, test) in self.benchmarks.iter_mut().zip(tests) {
            let found = overlap(&index, training, test);
            benchmark.verdict = if found.ids.is_empty() { Verdict::Clean } else { Verdict::Overlaps };
            benchmark.texts = Some(found);
        }
    }

    /// The largest share of a benchmark that training has seen; `None` when texts were not compared.
    #[must_use]
    pub fn worst(&self) -> Option<(&Benchmark, f64)> {
        let shares = self.benchmarks.iter().filter_map(|b| Some((b, b.texts.as_ref()?.share.value?)));
        shares.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn overlap(index: &NearIndex, training: &TextSet, test: &TextSet) -> Overlap {
    let mut ids = Vec::new();
    let mut by_source = BTreeMap::new();
    for example in &test.examples {
        let like = index.like(&Print::of(&example.text));
        let Some((position, likeness)) = like.into_iter().min_by_key(|(position, l)| (*l, *position)) else {
            continue;
        };
        let trained = &training.examples[position];
        *by_source.entry(training.sources[trained.source].clone()).or_default() += 1;
        let equal = likeness == Likeness::Equal;
        ids.push(IdPair { id: example.id.clone(), like: trained.id.clone(), equal });
    }
    let (texts, equal) = (test.examples.len(), ids.iter().filter(|p| p.equal).count());
    let share = Metric::rate(ids.len(), texts, "no texts");
    Overlap { texts, equal, near: ids.len() - equal, share, by_source, ids }
}

fn shared_files(recipe: &RecipeData, manifest: &BenchmarkManifest) -> Vec<SharedFile> {
    let mut out = Vec::new();
    for measured in &manifest.sources {
        for trained in &recipe.sources {
            let theirs = digests(trained);
            if let Some(sha256) = digests(measured).into_iter().find(|d| theirs.contains(d)) {
                out.push(SharedFile {
                    measured: measured.name.clone(),
                    trained: trained.name.clone(),
                    sha256: sha256.to_owned(),
                    texts: apart(measured, trained),
                });
            }
        }
    }
    out
}

fn digests(source: &Source) -> Vec<&str> {
    let joined = source.join.as_ref().and_then(|join| join.sha256.as_deref());
    source.sha256.as_deref().into_iter().chain(joined).collect()
}

fn apart(a: &Source, b: &Source) -> Apart {
    let (texts_a, texts_b) = (a.text.as_slice(), b.text.as_slice());
    if texts_a.iter().all(|column| !texts_b.contains(column)) {
        return Apart::OtherColumn;
    }
    if a.conditions.iter().any(|ours| b.conditions.iter().any(|theirs| exclude(ours, theirs))) {
        return Apart::OtherRows;
    }
    // A half is decided by the text as it is read, so the two must read it the same way.
    let alike = texts_a == texts_b && a.strip == b.strip && a.unescape == b.unescape;
    match (a.half, b.half) {
        (Some(ours), Some(theirs)) if ours != theirs && alike => Apart::OtherHalf,
        _ => Apart::No,
    }
}

/// Whether no row can meet both conditions.
fn exclude(a: &Condition, b: &Condition) -> bool {
    let within = |wanted: &Option<Vec<String>>, refused: &Option<Vec<String>>| matches!((wanted, refused), (Some(w), Some(r)) if w.iter().all(|value| r.contains(value)));
    let disjoint = matches!((&a.is, &b.is), (Some(x), Some(y)) if x.iter().all(|value| !y.contains(value)));
    a.column == b.column && (disjoint || within(&a.is, &b.is_not) || within(&b.is, &a.is_not))
}
