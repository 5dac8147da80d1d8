//! The texts of a calibration set: what the network says of each, and which part it belongs to.

use std::collections::BTreeMap;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::data::example::Example;
use crate::data::reader::read_all;
use crate::data::split::{Part, assign, clusters};
use crate::domain::assessment::Reading;
use crate::domain::text::Text;
use crate::eval::manifest::Target;
use crate::inference::calibration::Calibration;
use crate::inference::classifier::Logits;
use crate::inference::pipeline::Pipeline;
use crate::text::fingerprint::exact_hash;
use crate::train::error::Error;
use crate::train::promise::certify::Case;
use crate::train::promise::choice::{Case as ToFit, FOLDS};
use crate::train::promise::record::Texts;
use crate::train::promise::set::CalibrationSet;

/// Certifying needs more texts than fitting two numbers.
const SHARES: [(Part, f64); 2] = [(Part::Calibration, 0.4), (Part::Threshold, 0.6)];
/// Texts given to the model between two words about progress.
const BATCH: usize = 64;

/// All texts of a set, in its order.
pub(super) struct Items {
    items: Vec<Item>,
}

struct Item {
    example: Example,
    /// None in a language that the bundle does not read.
    windows: Vec<Logits>,
    part: Part,
    /// Near-duplicates, and texts of one group, share it.
    cluster: u64,
    fold: usize,
    hash: u64,
}

impl Items {
    /// Reads the set and runs the model over it; the seed decides the parts.
    pub(super) fn gather(
        set: &CalibrationSet,
        data: &Path,
        pipeline: &mut Pipeline,
        seed: u64,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, Error> {
        let examples = read_all(&set.sources, data)?;
        let parts = assign(&examples, &SHARES, seed);
        let clusters = clusters(&examples);
        let folds = folds(&clusters, seed);
        let windows = classify(&examples, pipeline, progress)?;
        let items = examples.into_iter().zip(windows).zip(parts).zip(clusters);
        let items = items.map(|(((example, windows), part), cluster)| Item {
            hash: exact_hash(&example.text),
            fold: folds[&cluster],
            example,
            windows,
            part,
            cluster,
        });
        Ok(Self { items: items.collect() })
    }

    /// The labelled texts of the calibration part that have a score, with the logit that `logit` makes of their
    /// windows.
    pub(super) fn to_fit(&self, target: Target, logit: impl Fn(&[Logits]) -> f32) -> Vec<ToFit> {
        let read = self.items.iter().filter(|i| i.part == Part::Calibration && !i.windows.is_empty());
        read.filter_map(|item| {
            let positive = target.label(&item.example)?;
            Some(ToFit { logit: logit(&item.windows), positive, fold: item.fold })
        })
        .collect()
    }

    /// What the bundle would say of each text under `calibration`, by the arithmetic that serves.
    pub(super) fn score(&self, calibration: &Calibration) -> Result<Vec<Option<Reading>>, Error> {
        let read = |item: &Item| -> Result<Option<Reading>, Error> {
            let read = calibration.read_windows(&item.windows);
            let read = read.map_err(|e| crate::inference::error::Error::Model(e.to_string()))?;
            Ok(read.map(|(reading, _)| reading))
        };
        self.items.iter().map(read).collect()
    }

    /// The labelled texts of a part; of each cluster only one, the one with the smallest hash: ten copies of a
    /// text, or ten texts of one thread, are not ten independent pieces of evidence.
    pub(super) fn cases(&self, part: Part, target: Target, scored: &[Option<Reading>]) -> Vec<Case> {
        let mut of_cluster: BTreeMap<u64, (u64, Case)> = BTreeMap::new();
        for (item, reading) in self.items.iter().zip(scored).filter(|(i, _)| i.part == part) {
            let Some(positive) = target.label(&item.example) else { continue };
            let score = reading.as_ref().map(|r| match target {
                Target::Extremism => r.extremism.get(),
                Target::Category(category) => r.score(category).get(),
            });
            let one = (item.hash, Case { score, positive });
            let kept = of_cluster.entry(item.cluster).or_insert(one);
            if one.0 < kept.0 {
                *kept = one;
            }
        }
        of_cluster.into_values().map(|(_, case)| case).collect()
    }

    pub(super) fn count(&self) -> Texts {
        let of = |part: Part| self.items.iter().filter(|i| i.part == part).count();
        Texts {
            read: self.items.len(),
            without_score: self.items.iter().filter(|i| i.windows.is_empty()).count(),
            calibration: of(Part::Calibration),
            threshold: of(Part::Threshold),
        }
    }
}

/// Clusters in the order of their hashes are dealt round, so that the folds are of one size.
fn folds(clusters: &[u64], seed: u64) -> BTreeMap<u64, usize> {
    let mut order: Vec<u64> = clusters.to_vec();
    order.sort_unstable_by_key(|c| (xxh3_64_with_seed(&c.to_le_bytes(), seed.wrapping_add(1)), *c));
    order.dedup();
    order.into_iter().enumerate().map(|(i, cluster)| (cluster, i % FOLDS)).collect()
}

fn classify(
    examples: &[Example],
    pipeline: &mut Pipeline,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Vec<Logits>>, Error> {
    let mut windows = Vec::with_capacity(examples.len());
    for batch in examples.chunks(BATCH) {
        let texts: Vec<Text> = batch
            .iter()
            .map(|e| Text::parse(e.text.as_str(), usize::MAX).expect("the reader leaves blank texts out"))
            .collect();
        windows.extend(pipeline.logits(&texts)?);
        progress(windows.len(), examples.len());
    }
    Ok(windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_even_and_keep_a_cluster_together() {
        let clusters: Vec<u64> = (0..100).map(|i| i / 2).collect();
        let folds = folds(&clusters, 3);
        for fold in 0..FOLDS {
            assert_eq!(folds.values().filter(|f| **f == fold).count(), 10);
        }
        assert_ne!(folds, super::folds(&clusters, 4), "another seed, another deal");
    }
}
