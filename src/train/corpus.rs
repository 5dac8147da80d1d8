//! From the recipe's sources to token ids in four parts.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::data::example::Example;
use crate::data::reader::read_all;
use crate::data::split::{Part, assign, purge};
use crate::inference::encode::TextEncoder;
use crate::text::normalize::normalize;
use crate::train::error::Error;
use crate::train::loss::Target;
use crate::train::recipe::Recipe;

/// One example, tokenised.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub ids: Vec<u32>,
    pub target: Target,
    /// Whether a person who looks for extremism should see it; `None` when the source does not say.
    pub extremism: Option<bool>,
    /// Index into the recipe's sources.
    pub source: usize,
    /// Hash of the group within its source, when it has one: the fillings of one template share it.
    pub group: Option<u64>,
}

/// What was read from one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCount {
    /// Examples kept.
    pub kept: usize,
    /// Examples left out because they are near an evaluation text.
    pub purged: usize,
    /// Examples by part, in the order of [`Part::ALL`].
    pub parts: [usize; 4],
    /// Positives by category, in the order of `Category::ALL`.
    pub positives: [usize; 6],
}

/// The data of a run.
#[derive(Debug)]
pub struct Corpus {
    pub fit: Vec<Encoded>,
    pub calibration: Vec<Encoded>,
    pub threshold: Vec<Encoded>,
    /// Held back for choosing between runs; nothing in a run is fitted to it.
    pub development: Vec<Encoded>,
    /// In the order of the recipe's sources.
    pub counts: Vec<SourceCount>,
}

/// The examples of a recipe, each with the part it belongs to.
#[derive(Debug)]
pub struct Parted {
    pub examples: Vec<Example>,
    /// In the order of the examples.
    pub parts: Vec<Part>,
    /// How many each source lost to the purge.
    pub purged: BTreeMap<usize, usize>,
    /// Of each source, whether the recipe says its part.
    placed: Vec<bool>,
}

impl Parted {
    /// Reads, purges and splits.
    ///
    /// # Errors
    /// When a source cannot be read as described.
    pub fn read(recipe: &Recipe, data: &Path) -> Result<Self, Error> {
        let examples = read_all(&recipe.sources, data)?;
        let held = read_all(&recipe.purges, data)?;
        let (examples, purged) = purge(examples, &held);
        drop(held);
        let shares = [
            (Part::Fit, recipe.split.fit),
            (Part::Calibration, recipe.split.calibration),
            (Part::Threshold, recipe.split.threshold),
            (Part::Development, recipe.split.development),
        ];
        let mut parts = assign(&examples, &shares, recipe.seed);
        for (part, example) in parts.iter_mut().zip(&examples) {
            *part = recipe.sources[example.source].part.unwrap_or(*part);
        }
        let placed = recipe.sources.iter().map(|source| source.part.is_some()).collect();
        Ok(Self { examples, parts, purged, placed })
    }

    /// The examples of a part, in their order.
    #[must_use]
    pub fn of(&self, wanted: Part) -> Vec<&Example> {
        let chosen = self.examples.iter().zip(&self.parts).filter(|(_, part)| **part == wanted);
        chosen.map(|(example, _)| example).collect()
    }

    /// The examples of parts to judge by, in their order. A source that a recipe puts into a part as a whole is left
    /// out: near-copies of it may be in the fit part.
    #[must_use]
    pub fn to_judge_by(&self, wanted: &[Part]) -> Vec<&Example> {
        let split = |e: &&Example| !self.placed[e.source];
        wanted.iter().flat_map(|part| self.of(*part)).filter(split).collect()
    }
}

impl Corpus {
    /// Reads, purges, splits and tokenises.
    ///
    /// # Errors
    /// When a source cannot be read as described, or a part comes out empty.
    pub fn load(recipe: &Recipe, data: &Path, encoder: &TextEncoder) -> Result<Self, Error> {
        let Parted { examples, parts, purged, .. } = Parted::read(recipe, data)?;
        let counts = count(recipe, &examples, &parts, &purged);
        let encoded: Vec<Encoded> =
            examples.par_iter().map(|e| encode(e, recipe, encoder)).collect::<Result<_, _>>()?;
        let mut corpus = Self {
            fit: Vec::new(),
            calibration: Vec::new(),
            threshold: Vec::new(),
            development: Vec::new(),
            counts,
        };
        for (example, part) in encoded.into_iter().zip(parts) {
            corpus.part_mut(part).push(example);
        }
        for part in Part::ALL {
            if corpus.part_mut(part).is_empty() {
                return Err(Error::TooLittleData(format!("the {} part has no example", part.id())));
            }
        }
        Ok(corpus)
    }

    fn part_mut(&mut self, part: Part) -> &mut Vec<Encoded> {
        match part {
            Part::Fit => &mut self.fit,
            Part::Calibration => &mut self.calibration,
            Part::Threshold => &mut self.threshold,
            Part::Development => &mut self.development,
        }
    }
}

/// Only the first window of a text is trained on: labels are given to whole texts, and a later window may
/// not hold what the label is about.
fn encode(example: &Example, recipe: &Recipe, encoder: &TextEncoder) -> Result<Encoded, Error> {
    let window = encoder.encode(&normalize(&example.text))?.swap_remove(0);
    Ok(Encoded {
        ids: window.encoding.ids,
        target: Target {
            categories: example.targets.categories,
            context: example.targets.context,
            weight: recipe.sources[example.source].weight,
        },
        extremism: example.targets.extremism,
        source: example.source,
        group: example.group.as_deref().map(|group| xxh3_64(group.as_bytes())),
    })
}

fn count(
    recipe: &Recipe,
    examples: &[Example],
    parts: &[Part],
    purged: &BTreeMap<usize, usize>,
) -> Vec<SourceCount> {
    let mut counts = vec![SourceCount::default(); recipe.sources.len()];
    for (source, n) in purged {
        counts[*source].purged = *n;
    }
    for (example, part) in examples.iter().zip(parts) {
        let count = &mut counts[example.source];
        count.kept += 1;
        let at = Part::ALL.iter().position(|p| p == part).expect("every part is in the list");
        count.parts[at] += 1;
        for (n, known) in count.positives.iter_mut().zip(example.targets.categories) {
            *n += usize::from(known == Some(true));
        }
    }
    counts
}
