//! Which texts are like which. One rule for the split, for the purge and for whoever checks their work: two texts
//! are *equal* when their [`crate::text::fingerprint::key`] is, and *near* when at least one band of their MinHash
//! signatures meets and their estimated Jaccard similarity is at least 0.7.

use rayon::prelude::*;

use crate::text::fingerprint::{BANDS, Fingerprint, exact_hash};

/// From this estimated Jaccard similarity on, two texts count as one.
const SIMILAR: f64 = 0.7;
/// Kept of one set in one bucket at most: a bucket of thousands is one boilerplate, not thousands of pairs.
const BUCKET: usize = 32;

/// How alike two texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// Equal but for case, punctuation, emoji, web addresses and handles.
    Equal,
    /// A few words differ.
    Near,
}

/// What is compared of a text.
#[derive(Debug, Clone)]
pub struct Print {
    pub(super) exact: u64,
    minhash: Fingerprint,
}

impl Print {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { exact: exact_hash(text), minhash: Fingerprint::of(text) }
    }

    /// How alike the two texts are, if at all.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.exact == other.exact {
            return Some(Likeness::Equal);
        }
        self.is_similar(other).then_some(Likeness::Near)
    }

    pub(super) fn is_similar(&self, other: &Self) -> bool {
        self.minhash.similarity(&other.minhash) >= SIMILAR
    }

    pub(super) fn bands(&self) -> [u64; BANDS] {
        self.minhash.bands()
    }
}

/// Texts of one or several sets, to be asked which of them are like another. Of texts that all share a band, only the
/// first few of each set can be found through it, so of a thousand copies some are named, not all.
#[derive(Debug)]
pub struct NearIndex {
    prints: Vec<Print>,
    /// (exact hash, position), sorted.
    exact: Vec<(u64, usize)>,
    /// (hash of a band, position), sorted; a band's number is part of its hash.
    bands: Vec<(u64, usize)>,
}

impl NearIndex {
    /// Indexes texts by position. `texts` are pairs of a set's number and a text, the numbers never falling.
    #[must_use]
    pub fn new(texts: &[(usize, &str)]) -> Self {
        debug_assert!(texts.is_sorted_by_key(|(set, _)| *set), "the sets come one after the other");
        let prints: Vec<Print> = texts.par_iter().map(|(_, text)| Print::of(text)).collect();
        let set = |at: usize| texts[at].0;
        let exact = buckets(prints.iter().map(|p| p.exact).zip(0..).collect(), set);
        let bands = prints.par_iter().enumerate().flat_map_iter(|(at, p)| p.bands().map(|band| (band, at)));
        let bands = buckets(bands.collect(), set);
        Self { prints, exact, bands }
    }

    /// The print of the text at a position.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn print(&self, at: usize) -> &Print {
        &self.prints[at]
    }

    /// Positions of the texts that are like this one, rising. A text that is in the index finds itself.
    #[must_use]
    pub fn like(&self, print: &Print) -> Vec<(usize, Likeness)> {
        let mut candidates: Vec<usize> = bucket(&self.exact, print.exact).collect();
        for band in print.bands() {
            candidates.extend(bucket(&self.bands, band));
        }
        candidates.sort_unstable();
        candidates.dedup();
        let found = candidates.into_iter();
        found.filter_map(|at| Some((at, self.prints[at].likeness(print)?))).collect()
    }

    /// Whether any text is like this one.
    #[must_use]
    pub fn has_like(&self, print: &Print) -> bool {
        bucket(&self.exact, print.exact).next().is_some()
            || print
                .bands()
                .into_iter()
                .any(|band| bucket(&self.bands, band).any(|at| self.prints[at].is_similar(print)))
    }
}

/// Sorts, and leaves out what is beyond the first few of a set in a bucket.
fn buckets(mut pairs: Vec<(u64, usize)>, set: impl Fn(usize) -> usize) -> Vec<(u64, usize)> {
    pairs.par_sort_unstable();
    let (mut last, mut count) = (None, 0);
    pairs.retain(|(hash, at)| {
        let here = Some((*hash, set(*at)));
        count = if last == here { count + 1 } else { 1 };
        last = here;
        count <= BUCKET
    });
    pairs
}

fn bucket(sorted: &[(u64, usize)], hash: u64) -> impl Iterator<Item = usize> + '_ {
    let start = sorted.partition_point(|(h, _)| *h < hash);
    sorted[start..].iter().take_while(move |(h, _)| *h == hash).map(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOIR: &str = "the town choir meets every monday evening in the old hall and new singers are always welcome to join";

    #[test]
    fn copies_and_near_copies_are_found_in_every_set() {
        let shouted = format!("{}!", CHOIR.to_uppercase());
        let longer = format!("{CHOIR} us");
        let index =
            NearIndex::new(&[(0, CHOIR), (0, "rain is expected in the north"), (1, &shouted), (3, &longer)]);
        let found = index.like(index.print(0));
        assert_eq!(found, [(0, Likeness::Equal), (2, Likeness::Equal), (3, Likeness::Near)]);
        assert!(index.has_like(&Print::of(CHOIR)) && !index.has_like(&Print::of("the harvest was late")));
    }

    #[test]
    fn a_set_full_of_one_text_does_not_hide_another_set() {
        let mut texts = vec![(0, CHOIR); 100];
        texts.push((1, CHOIR));
        let found = NearIndex::new(&texts).like(&Print::of(CHOIR));
        assert_eq!(found.len(), BUCKET + 1);
        assert_eq!(found.last(), Some(&(100, Likeness::Equal)));
    }
}
