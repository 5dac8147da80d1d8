//! The near-duplicate split: copies of one text, and the rows of one group, never fall on two sides; and
//! training never sees a near-duplicate of an evaluation text.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::data::example::Example;
use crate::data::near::{NearIndex, Print};
use crate::text::fingerprint::BANDS;

/// Compared in one bucket of a band at most: a bucket of thousands is one boilerplate, not thousands of pairs.
const REPRESENTATIVES: usize = 8;
/// A text of fewer words goes with its copies, not with its group: "amen" would tie every chat channel to
/// every other.
const WORDS_FOR_GROUP: usize = 4;

/// What a training example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Fits the weights.
    Fit,
    /// Fits the calibration of each head.
    Calibration,
    /// Fits the combination rule and the thresholds.
    Threshold,
    /// Chooses the checkpoint and is reported during training.
    Development,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Fit, Self::Calibration, Self::Threshold, Self::Development];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Calibration => "calibration",
            Self::Threshold => "threshold",
            Self::Development => "development",
        }
    }
}

/// The part of each example. Examples that are near-duplicates, or of one source and group, share theirs
/// (texts of up to three words follow their copies only).
/// The hash of a cluster decides, so adding a source moves no other cluster unless it joins two.
///
/// `shares` need not add up to 1. A cluster larger than a tenth of the smallest part that would hold it goes
/// to the part with the largest share: one chat channel must not be a whole calibration set.
#[must_use]
pub fn assign(examples: &[Example], shares: &[(Part, f64)], seed: u64) -> Vec<Part> {
    let names = clusters(examples);
    let mut sizes: HashMap<u64, usize> = HashMap::new();
    for name in &names {
        *sizes.entry(*name).or_default() += 1;
    }
    let total: f64 = shares.iter().map(|(_, share)| share).sum();
    let largest = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Part::Fit, |(part, _)| *part);
    let choose = |name: u64| {
        let size = sizes[&name];
        let hash = xxh3_64_with_seed(&name.to_le_bytes(), seed);
        let mut at = (hash >> 11) as f64 / (1_u64 << 53) as f64 * total;
        for (part, share) in shares {
            if at < *share {
                let room = examples.len() as f64 * share / total;
                return if size > 1 && size as f64 > room / 10.0 && *part != largest {
                    largest
                } else {
                    *part
                };
            }
            at -= share;
        }
        largest
    };
    names.into_iter().map(choose).collect()
}

/// The cluster of each example, as a number that does not depend on the order of the examples: near-duplicates, and
/// examples of one source and group, share theirs (texts of up to three words follow their copies only).
#[must_use]
pub fn clusters<E: Borrow<Example> + Sync>(examples: &[E]) -> Vec<u64> {
    let prints: Vec<Print> = examples.par_iter().map(|e| Print::of(&e.borrow().text)).collect();
    let mut clusters = Clusters::new(examples.len());
    clusters.join_near(&prints);
    clusters.join_groups(examples);
    // The cluster's smallest exact hash names it. No two clusters hold one: equal texts are joined.
    let mut names: HashMap<usize, u64> = HashMap::new();
    for (i, print) in prints.iter().enumerate() {
        let name = names.entry(clusters.root(i)).or_insert(u64::MAX);
        *name = print.exact.min(*name);
    }
    (0..examples.len()).map(|i| names[&clusters.root(i)]).collect()
}

/// Leaves out every example that is a near-duplicate of one of `against`. Also says how many each source
/// lost; a source that lost none is not listed.
#[must_use]
pub fn purge(examples: Vec<Example>, against: &[Example]) -> (Vec<Example>, BTreeMap<usize, usize>) {
    let against: Vec<(usize, &str)> = against.iter().map(|e| (0, e.text.as_str())).collect();
    let held = NearIndex::new(&against);
    let near: Vec<bool> = examples.par_iter().map(|e| held.has_like(&Print::of(&e.text))).collect();
    let mut removed = BTreeMap::new();
    let kept = examples
        .into_iter()
        .zip(near)
        .filter_map(|(example, near)| {
            if near {
                *removed.entry(example.source).or_insert(0) += 1;
            }
            (!near).then_some(example)
        })
        .collect();
    (kept, removed)
}

/// Disjoint sets with path halving; the smaller index is the root, so the outcome has no order in it.
struct Clusters {
    parent: Vec<usize>,
}

impl Clusters {
    fn new(len: usize) -> Self {
        Self { parent: (0..len).collect() }
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn join_near(&mut self, prints: &[Print]) {
        let mut first: HashMap<u64, usize> = HashMap::new();
        for (i, print) in prints.iter().enumerate() {
            let original = *first.entry(print.exact).or_insert(i);
            self.join(original, i);
        }
        let bands: Vec<[u64; BANDS]> = prints.par_iter().map(Print::bands).collect();
        for band in 0..BANDS {
            let mut order: Vec<(u64, usize)> = bands.iter().map(|of| of[band]).zip(0..).collect();
            order.sort_unstable();
            for bucket in order.chunk_by(|a, b| a.0 == b.0) {
                let members: Vec<usize> = bucket.iter().map(|(_, i)| *i).collect();
                self.join_bucket(&members, prints);
            }
        }
    }

    /// Each member is compared with the first few that were unlike each other, not with all.
    fn join_bucket(&mut self, bucket: &[usize], prints: &[Print]) {
        let mut representatives: Vec<usize> = Vec::new();
        for &i in bucket {
            let like = representatives.iter().copied().find(|&r| prints[r].is_similar(&prints[i]));
            match like {
                Some(r) => self.join(r, i),
                None if representatives.len() < REPRESENTATIVES => representatives.push(i),
                None => {}
            }
        }
    }

    fn join_groups<E: Borrow<Example>>(&mut self, examples: &[E]) {
        let mut first: HashMap<(usize, &str), usize> = HashMap::new();
        for (i, example) in examples.iter().map(E::borrow).enumerate() {
            if let Some(group) = &example.group
                && example.text.split_whitespace().nth(WORDS_FOR_GROUP - 1).is_some()
            {
                let original = *first.entry((example.source, group)).or_insert(i);
                self.join(original, i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::example::Targets;

    const SHARES: [(Part, f64); 4] =
        [(Part::Fit, 0.7), (Part::Calibration, 0.1), (Part::Threshold, 0.1), (Part::Development, 0.1)];

    fn example(text: &str, source: usize, group: Option<&str>) -> Example {
        Example {
            id: text.len().to_string(),
            text: text.to_owned(),
            language: None,
            group: group.map(str::to_owned),
            targets: Targets::default(),
            slices: BTreeMap::new(),
            source,
        }
    }

    /// Sentences that share no run of words.
    fn sentence(i: usize) -> String {
        (0..12)
            .map(|w| {
                format!("w{}", crate::data::digest::sha256(format!("{i} {w}").as_bytes()).get(..5).unwrap())
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn near_duplicates_and_groups_share_a_part() {
        let mut examples = Vec::new();
        for i in 0..300 {
            let text = sentence(i);
            examples.push(example(&text, 0, None));
            examples.push(example(
                &format!("@someone {} https://example.org/{i}", text.to_uppercase()),
                1,
                None,
            ));
            examples.push(example(&sentence(1000 + i), 2, Some(&format!("g{}", i / 3))));
        }
        let parts = assign(&examples, &SHARES, 7);
        for i in 0..300 {
            assert_eq!(parts[3 * i], parts[3 * i + 1], "copies {i}");
            assert_eq!(parts[3 * i + 2], parts[3 * (i / 3 * 3) + 2], "group {i}");
        }
        for (part, share) in SHARES {
            let got = parts.iter().filter(|p| **p == part).count() as f64 / parts.len() as f64;
            assert!((got - share).abs() < 0.06, "{part:?}: {got}");
        }
    }

    #[test]
    fn the_split_does_not_depend_on_the_order() {
        let examples: Vec<Example> = (0..100).map(|i| example(&sentence(i), 0, None)).collect();
        let mut reversed = examples.clone();
        reversed.reverse();
        let mut parts = assign(&reversed, &SHARES, 1);
        parts.reverse();
        assert_eq!(parts, assign(&examples, &SHARES, 1));
    }

    #[test]
    fn a_huge_group_goes_to_the_largest_part() {
        for seed in 0..20 {
            let mut examples: Vec<Example> = (0..50).map(|i| example(&sentence(i), 0, Some("all"))).collect();
            examples.extend((100..200).map(|i| example(&sentence(i), 0, None)));
            assert_eq!(assign(&examples, &SHARES, seed)[0], Part::Fit);
        }
    }

    #[test]
    fn purging_removes_copies_and_counts_them_by_source() {
        let held = [example(&sentence(1), 0, None)];
        let examples = vec![
            example(&sentence(1).to_uppercase(), 3, None),
            example(&format!("{} more", sentence(1)), 3, None),
            example(&sentence(2), 4, None),
        ];
        let (kept, removed) = purge(examples, &held);
        assert_eq!(kept.len(), 1);
        assert_eq!(removed, BTreeMap::from([(3, 2)]));
    }
}
