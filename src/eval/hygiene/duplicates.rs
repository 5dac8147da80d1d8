//! Copies: within a test part, between it and the benchmark's own training and validation parts, and between sets.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::data::example::Example;
use crate::data::near::Likeness;
use crate::eval::hygiene::sets::{Pool, Side, TextSet};
use crate::eval::report::metric::Metric;

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Duplicates {
    pub sets: Vec<SetSize>,
    /// Every test part with itself and with its own training and validation parts, also when nothing was found; other
    /// pairs of sets when something was.
    pub pairs: Vec<PairDuplicates>,
}

/// One set that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct SetSize {
    pub name: String,
    pub texts: usize,
}

/// The texts of one set that have a copy in another.
#[derive(Debug, Clone, Serialize)]
pub struct PairDuplicates {
    pub of: String,
    pub within: String,
    /// How the two belong together.
    pub relation: Relation,
    pub texts: usize,
    /// Texts with an equal one in the other set.
    pub equal: usize,
    /// Texts with a near one and no equal one.
    pub near: usize,
    /// Share of the texts with either.
    pub share: Metric,
    /// Id by id, what it is like.
    pub ids: Vec<IdPair>,
}

/// How two sets belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// A set with itself. Texts that the manifest itself ties together, by a group, are not counted.
    Itself,
    /// A test part with a part of its own benchmark that systems learn from: a leak.
    OwnTraining,
    OtherSet,
}

/// A text and the first that it is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdPair {
    pub id: String,
    pub like: String,
    pub equal: bool,
}

/// Looks for copies of every text in every set.
#[must_use]
pub fn find(sets: &[TextSet]) -> Duplicates {
    let pool = Pool::new(sets);
    let pairs = (0..sets.len()).flat_map(|of| of_set(&pool, of)).collect();
    let sets = sets.iter().map(|s| SetSize { name: s.to_string(), texts: s.examples.len() }).collect();
    Duplicates { sets, pairs }
}

impl Duplicates {
    /// The largest share of a test part that has a copy in what its own benchmark gives to learn from.
    #[must_use]
    pub fn worst_leak(&self) -> Option<&PairDuplicates> {
        let leaks = self.pairs.iter().filter(|p| p.relation == Relation::OwnTraining);
        leaks.max_by(|a, b| a.share.value.unwrap_or(0.0).total_cmp(&b.share.value.unwrap_or(0.0)))
    }
}

/// The first text of a set that one is like, an equal one before a near one.
type Found<'a> = (Likeness, &'a Example);

fn of_set(pool: &Pool<'_>, of: usize) -> Vec<PairDuplicates> {
    let own = &pool.sets[of];
    let found: Vec<BTreeMap<usize, Found<'_>>> =
        pool.range(of).into_par_iter().map(|at| best_by_set(pool, at)).collect();
    let mut out = Vec::new();
    for (within, other) in pool.sets.iter().enumerate() {
        let relation = relation(own, other, of == within);
        let ids: Vec<IdPair> = own
            .examples
            .iter()
            .zip(&found)
            .filter_map(|(example, best)| {
                let (likeness, like) = best.get(&within)?;
                let equal = *likeness == Likeness::Equal;
                Some(IdPair { id: example.id.clone(), like: like.id.clone(), equal })
            })
            .collect();
        // Between sets the test part is what suffers, so only its texts are counted; the other way round says the same.
        let counted = own.side == Side::Test || relation == Relation::Itself;
        if counted && (relation != Relation::OtherSet || !ids.is_empty()) {
            let texts = own.examples.len();
            let equal = ids.iter().filter(|pair| pair.equal).count();
            out.push(PairDuplicates {
                of: own.to_string(),
                within: other.to_string(),
                relation,
                texts,
                equal,
                near: ids.len() - equal,
                share: Metric::rate(ids.len(), texts, "no texts"),
                ids,
            });
        }
    }
    out
}

fn relation(own: &TextSet, other: &TextSet, same: bool) -> Relation {
    let learns = matches!(other.side, Side::Train | Side::Validation);
    if same {
        Relation::Itself
    } else if own.side == Side::Test && learns && own.name == other.name {
        Relation::OwnTraining
    } else {
        Relation::OtherSet
    }
}

fn best_by_set<'a>(pool: &Pool<'a>, at: usize) -> BTreeMap<usize, Found<'a>> {
    let (own_set, own) = pool.at(at);
    let mut best: BTreeMap<usize, Found<'_>> = BTreeMap::new();
    for (position, likeness) in pool.index.like(pool.index.print(at)) {
        let (set, example) = pool.at(position);
        let tied = set == own_set && example.source == own.source && example.group.is_some();
        if position == at || (tied && example.group == own.group) {
            continue;
        }
        let entry = best.entry(set).or_insert((likeness, example));
        if likeness < entry.0 {
            *entry = (likeness, example);
        }
    }
    best
}
