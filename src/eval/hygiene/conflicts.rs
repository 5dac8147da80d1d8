//! Labels that contradict each other: equal or nearly equal texts, of one set or of two, with different labels.
//!
//! Where equal texts carry both labels, nobody who reads only the text can be right about all of them. The most that
//! can be reached is the **accuracy ceiling**: over groups of equal texts, the sum of the larger of its two counts,
//! divided by all labelled texts. It is the ceiling of whoever leaves aside what equal texts may differ in: case,
//! punctuation, links, handles and emoji. Where those are the point, as in a suite about emoji, it says how much rests
//! on them. Nearly equal texts may rightly differ, by a negation say; they are counted apart and do not lower it.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::data::near::Likeness;
use crate::eval::hygiene::sets::{Pool, TextSet};
use crate::eval::manifest::Target;
use crate::eval::report::metric::Metric;
use crate::text::fingerprint::exact_hash;

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Conflicts {
    /// Each set by itself, for each of its targets, also when nothing was found.
    pub sets: Vec<SetConflicts>,
    /// Two sets that have texts in common, and a target that both label.
    pub pairs: Vec<PairConflicts>,
}

/// Conflicts within one set.
#[derive(Debug, Clone, Serialize)]
pub struct SetConflicts {
    pub set: String,
    pub target: &'static str,
    /// Texts whose label is known.
    pub labelled: usize,
    /// Labelled texts that are equal to another labelled one.
    pub repeated: usize,
    /// Labelled texts with an equal one of the other label; the share of the labelled.
    pub contradicted: Metric,
    /// Labelled texts with a near one of the other label and no equal one of it.
    pub near_contradicted: usize,
    /// The highest accuracy that is possible.
    pub ceiling: Metric,
    /// The contradicted texts, group by group: ids with label 0, ids with label 1.
    pub groups: Vec<Group>,
}

/// Equal texts with both labels.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    pub negative: Vec<String>,
    pub positive: Vec<String>,
}

/// Texts of one set that stand in another too.
#[derive(Debug, Clone, Serialize)]
pub struct PairConflicts {
    pub of: String,
    pub within: String,
    pub target: &'static str,
    /// Labelled texts with an equal labelled one in the other set.
    pub equal: usize,
    /// The share of those with an equal one of the other label.
    pub contradicted: Metric,
    /// Labelled texts with a near, not equal, labelled one in the other set.
    pub near: usize,
    /// How many of those have one of the other label.
    pub near_contradicted: usize,
    /// The contradicted equal texts: id, and the id of the first that says otherwise.
    pub ids: Vec<(String, String)>,
}

/// Compares the labels of like texts.
#[must_use]
pub fn find(sets: &[TextSet]) -> Conflicts {
    let pool = Pool::new(sets);
    let likes: Vec<Vec<(usize, Likeness)>> = (0..pool.len())
        .into_par_iter()
        .map(|at| pool.index.like(pool.index.print(at)).into_iter().filter(|(p, _)| *p != at).collect())
        .collect();
    let within = |set: usize| {
        let (pool, likes) = (&pool, &likes);
        pool.sets[set].targets.iter().map(move |target| within(pool, likes, set, *target))
    };
    let mut pairs = Vec::new();
    for of in 0..sets.len() {
        for other in of + 1..sets.len() {
            for target in sets[of].targets.iter().filter(|t| sets[other].targets.contains(t)) {
                pairs.extend(between(&pool, &likes, (of, other), *target));
            }
        }
    }
    Conflicts { sets: (0..sets.len()).flat_map(within).collect(), pairs }
}

impl Conflicts {
    /// The set with the largest share of contradicted texts.
    #[must_use]
    pub fn worst(&self) -> Option<&SetConflicts> {
        let share = |s: &SetConflicts| s.contradicted.value.unwrap_or(0.0);
        self.sets.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
    }
}

fn within(pool: &Pool<'_>, likes: &[Vec<(usize, Likeness)>], set: usize, target: Target) -> SetConflicts {
    let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
    for example in &pool.sets[set].examples {
        let Some(label) = target.label(example) else { continue };
        let group = groups.entry(exact_hash(&example.text)).or_insert_with(Group::empty);
        if label { &mut group.positive } else { &mut group.negative }.push(example.id.clone());
    }
    let labelled = groups.values().map(Group::len).sum();
    let repeated = groups.values().map(Group::len).filter(|n| *n > 1).sum();
    let right: usize = groups.values().map(|g| g.positive.len().max(g.negative.len())).sum();
    let mut torn: Vec<Group> =
        groups.into_values().filter(|g| !g.positive.is_empty() && !g.negative.is_empty()).collect();
    // Not by their hashes, which mean nothing to a reader.
    torn.sort_by(|a, b| a.negative.cmp(&b.negative));
    let near_contradicted = pool.range(set).filter(|at| {
        let label = target.label(pool.at(*at).1);
        let other = |kind| {
            likes[*at].iter().any(|(position, likeness)| {
                let (set_of, example) = pool.at(*position);
                set_of == set && *likeness == kind && opposite(label, target.label(example))
            })
        };
        other(Likeness::Near) && !other(Likeness::Equal)
    });
    SetConflicts {
        set: pool.sets[set].to_string(),
        target: target.id(),
        labelled,
        repeated,
        contradicted: Metric::rate(torn.iter().map(Group::len).sum(), labelled, "no labelled text"),
        near_contradicted: near_contradicted.count(),
        ceiling: match labelled {
            0 => Metric::undefined(0, "no labelled text"),
            _ => Metric::bare(right as f64 / labelled as f64, labelled, "counted on this set, not estimated"),
        },
        groups: torn,
    }
}

fn between(
    pool: &Pool<'_>,
    likes: &[Vec<(usize, Likeness)>],
    (of, other): (usize, usize),
    target: Target,
) -> Option<PairConflicts> {
    let mut found = PairConflicts {
        of: pool.sets[of].to_string(),
        within: pool.sets[other].to_string(),
        target: target.id(),
        equal: 0,
        contradicted: Metric::undefined(0, "no text in common"),
        near: 0,
        near_contradicted: 0,
        ids: Vec::new(),
    };
    for at in pool.range(of) {
        let (_, example) = pool.at(at);
        let Some(label) = target.label(example) else { continue };
        let there = likes[at].iter().filter_map(|(position, likeness)| {
            let (set, like) = pool.at(*position);
            (set == other).then_some(())?;
            Some((*likeness, like, target.label(like)?))
        });
        let (equal, near): (Vec<_>, Vec<_>) = there.partition(|(likeness, ..)| *likeness == Likeness::Equal);
        if let Some((_, like, _)) = equal.iter().find(|(.., theirs)| *theirs != label) {
            found.ids.push((example.id.clone(), like.id.clone()));
        }
        found.equal += usize::from(!equal.is_empty());
        if equal.is_empty() {
            found.near += usize::from(!near.is_empty());
            found.near_contradicted += usize::from(near.iter().any(|(.., theirs)| *theirs != label));
        }
    }
    found.contradicted = Metric::rate(found.ids.len(), found.equal, "no text in common");
    (found.equal + found.near > 0).then_some(found)
}

fn opposite(a: Option<bool>, b: Option<bool>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

impl Group {
    const fn empty() -> Self {
        Self { negative: Vec::new(), positive: Vec::new() }
    }

    const fn len(&self) -> usize {
        self.negative.len() + self.positive.len()
    }
}
