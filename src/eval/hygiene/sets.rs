//! The texts that are checked against each other: the parts of benchmarks, and what a recipe trains on.

use std::fmt;
use std::path::Path;

use crate::data::example::Example;
use crate::data::near::NearIndex;
use crate::data::recipe::RecipeData;
use crate::data::source::Source;
use crate::domain::taxonomy::Category;
use crate::eval::cases;
use crate::eval::error::Error;
use crate::eval::manifest::{BenchmarkManifest, Kind, Target};

/// What a set of texts is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A benchmark measures on it.
    Test,
    /// A benchmark's own validation part.
    Validation,
    /// A benchmark's own training part.
    Train,
    /// What a recipe trains on, after its purge.
    Recipe,
}

/// Texts with their labels.
#[derive(Debug, Clone)]
pub struct TextSet {
    /// Of the benchmark or recipe.
    pub name: String,
    pub side: Side,
    /// `Example::source` is the position in `sources`; ids are unique.
    pub examples: Vec<Example>,
    /// Names of the files.
    pub sources: Vec<String>,
    /// What the labels are about.
    pub targets: Vec<Target>,
}

/// `name`, `name/validation`, `name/train`, or `name/recipe`.
impl fmt::Display for TextSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(match self.side {
            Side::Test => "",
            Side::Validation => "/validation",
            Side::Train => "/train",
            Side::Recipe => "/recipe",
        })
    }
}

/// The test part of a benchmark, and its validation and training parts where the manifest has them.
///
/// # Errors
/// When a file is missing or is not what the manifest pins.
pub fn of_benchmark(manifest: &BenchmarkManifest, data: &Path) -> Result<Vec<TextSet>, Error> {
    let mut sets = vec![test_part(manifest, data)?];
    for (side, sources) in [(Side::Validation, &manifest.validation), (Side::Train, &manifest.train)] {
        if !sources.is_empty() {
            let examples = named(cases::read(manifest, sources, data)?, sources);
            sets.push(set(manifest, side, examples, sources));
        }
    }
    Ok(sets)
}

/// The test part of a benchmark.
///
/// # Errors
/// When a file is missing or is not what the manifest pins.
pub fn test_part(manifest: &BenchmarkManifest, data: &Path) -> Result<TextSet, Error> {
    let mut examples = cases::load(manifest, data)?.examples;
    if manifest.kind == Kind::Panel {
        // Nothing in a panel must be flagged; that is its label.
        for example in &mut examples {
            example.targets.extremism = Some(false);
        }
    }
    Ok(set(manifest, Side::Test, examples, &manifest.sources))
}

/// What a recipe trains on.
///
/// # Errors
/// When a source cannot be read as described.
pub fn of_recipe(recipe: &RecipeData, data: &Path) -> Result<TextSet, Error> {
    let examples = recipe
        .examples(data)
        .map_err(|e| Error::Data { benchmark: recipe.name.clone(), source: Box::new(e) })?;
    Ok(TextSet {
        name: recipe.name.clone(),
        side: Side::Recipe,
        examples: named(examples, &recipe.sources),
        sources: recipe.sources.iter().map(|s| s.name.clone()).collect(),
        targets: [Target::Extremism].into_iter().chain(Category::ALL.map(Target::Category)).collect(),
    })
}

fn set(manifest: &BenchmarkManifest, side: Side, examples: Vec<Example>, sources: &[Source]) -> TextSet {
    let panel = manifest.kind == Kind::Panel;
    TextSet {
        name: manifest.name.clone(),
        side,
        examples,
        sources: sources.iter().map(|s| s.name.clone()).collect(),
        targets: if panel { vec![Target::Extremism] } else { manifest.targets.clone() },
    }
}

/// Ids are unique within a source only.
fn named(mut examples: Vec<Example>, sources: &[Source]) -> Vec<Example> {
    if sources.len() > 1 {
        for example in &mut examples {
            example.id = format!("{}/{}", sources[example.source].name, example.id);
        }
    }
    examples
}

/// All texts of all sets in one index, and the way back from a position to its set.
#[derive(Debug)]
pub(super) struct Pool<'a> {
    pub(super) sets: &'a [TextSet],
    pub(super) index: NearIndex,
    /// Position of each set's first text, and the number of texts at the end.
    starts: Vec<usize>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(sets: &'a [TextSet]) -> Self {
        let mut starts = vec![0];
        let mut texts = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            texts.extend(set.examples.iter().map(|e| (number, e.text.as_str())));
            starts.push(texts.len());
        }
        Self { sets, index: NearIndex::new(&texts), starts }
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.starts[self.sets.len()]
    }

    pub(super) fn range(&self, set: usize) -> std::ops::Range<usize> {
        self.starts[set]..self.starts[set + 1]
    }

    /// The set and the example at a position.
    pub(super) fn at(&self, position: usize) -> (usize, &'a Example) {
        let set = self.starts.partition_point(|start| *start <= position) - 1;
        (set, &self.sets[set].examples[position - self.starts[set]])
    }
}
