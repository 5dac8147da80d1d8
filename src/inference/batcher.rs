//! Which windows the classifier reads next. Pure: no threads, no clock; times are handed in.
//!
//! Three batches in four are led by the window whose text has been given least so far, counting the window itself, in
//! classes that double: one of a short text before one of a long text, the first window of a long text before its
//! later ones (least attained service, Kleinrock 1976). So a text never waits for the rest of a much longer one.
//! Every fourth batch goes to whoever waits longest, whatever its length: with a quarter of the classifier for
//! itself, the text that came first is read at least a quarter as fast as if it were alone, and nothing starves.
//!
//! Whoever is in a batch waits for all of it, so a batch is filled with windows of like length.

use std::collections::BTreeMap;
use std::time::Instant;

/// Every so many batches, one goes by age.
const BY_AGE: u64 = 4;

/// One bucket for up to 16 tokens, one for up to 32, and so on.
const BUCKETS: usize = 10;
const SHORTEST: u32 = 4;

/// How large a batch may be, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Not more than this, unless one window alone is longer.
    pub most: usize,
    /// Under this, cores would be idle: windows of other lengths are taken too.
    pub enough: usize,
}

impl Budget {
    /// At most `most` tokens, on as many cores as the classifier has.
    #[must_use]
    pub fn new(most: usize, cores: usize) -> Self {
        /// The encoder gives a core eight rows at least and is at its speed from about 32.
        const TOKENS_FOR_A_CORE: usize = 32;
        Self { most, enough: most.min(cores * TOKENS_FOR_A_CORE) }
    }
}

/// A window that wants to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When its text came.
    pub arrived: Instant,
    /// Which window of its text it is, from 0; all have about as many tokens.
    pub number: usize,
    pub tokens: usize,
}

/// First come, first pushed.
type Age = (Instant, u64);
/// What its text has had with this window, in powers of two; then the oldest.
type Rank = (u32, Age);

/// Windows that wait, each with something of the caller's.
#[derive(Debug)]
pub struct Batcher<T> {
    budget: Budget,
    /// By length; in each by rank.
    buckets: [BTreeMap<Rank, (usize, T)>; BUCKETS],
    /// The bucket and rank of every window, oldest first.
    ages: BTreeMap<Age, (usize, Rank)>,
    pushed: u64,
    taken: u64,
    tokens: usize,
}

impl<T> Batcher<T> {
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        let buckets = std::array::from_fn(|_| BTreeMap::new());
        Self { budget, buckets, ages: BTreeMap::new(), pushed: 0, taken: 0, tokens: 0 }
    }

    /// Tokens that wait.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ages.is_empty()
    }

    /// Whether a batch would keep all cores busy.
    #[must_use]
    pub fn has_enough(&self) -> bool {
        self.tokens >= self.budget.enough
    }

    /// Adds a window.
    pub fn push(&mut self, window: Waiting, item: T) {
        let age = (window.arrived, self.pushed);
        let rank = (doublings((window.number + 1) * window.tokens), age);
        let bucket = (doublings(window.tokens) as usize).min(BUCKETS - 1);
        self.buckets[bucket].insert(rank, (window.tokens, item));
        self.ages.insert(age, (bucket, rank));
        self.pushed += 1;
        self.tokens += window.tokens;
    }

    /// Takes the next batch; empty when nothing waits.
    pub fn take(&mut self) -> Vec<T> {
        self.taken += 1;
        let mut batch = Batch { items: Vec::new(), tokens: 0 };
        if self.taken.is_multiple_of(BY_AGE) {
            while let Some(oldest) = self.ages.first_key_value().map(|(_, place)| *place) {
                if !self.give(oldest, &mut batch) {
                    break;
                }
            }
            return batch.items;
        }
        let first = (0..BUCKETS).filter_map(|b| Some((*self.buckets[b].first_key_value()?.0, b))).min();
        let Some((_, first)) = first else { return Vec::new() };
        self.fill(first, self.budget.most, &mut batch);
        for apart in 1..BUCKETS {
            for near in [first.checked_sub(apart), Some(first + apart)].into_iter().flatten() {
                if near < BUCKETS {
                    self.fill(near, self.budget.enough, &mut batch);
                }
            }
        }
        batch.items
    }

    /// Drops what nobody wants any more.
    pub fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        for bucket in &mut self.buckets {
            bucket.retain(|rank, (tokens, item)| {
                let keep = wanted(item);
                if !keep {
                    self.ages.remove(&rank.1);
                    self.tokens -= *tokens;
                }
                keep
            });
        }
    }

    /// Takes from one bucket, by rank, while the batch has fewer than `enough` tokens.
    fn fill(&mut self, bucket: usize, enough: usize, batch: &mut Batch<T>) {
        while batch.tokens < enough {
            let Some((rank, _)) = self.buckets[bucket].first_key_value() else { return };
            if !self.give((bucket, *rank), batch) {
                return;
            }
        }
    }

    /// Moves a window into the batch, if it fits or is its first.
    fn give(&mut self, (bucket, rank): (usize, Rank), batch: &mut Batch<T>) -> bool {
        let tokens = self.buckets[bucket].get(&rank).map_or(0, |(tokens, _)| *tokens);
        if !batch.items.is_empty() && batch.tokens + tokens > self.budget.most {
            return false;
        }
        self.ages.remove(&rank.1);
        self.tokens -= tokens;
        batch.tokens += tokens;
        batch.items.extend(self.buckets[bucket].remove(&rank).map(|(_, item)| item));
        true
    }
}

struct Batch<T> {
    items: Vec<T>,
    tokens: usize,
}

/// 0 for up to 16 tokens, 1 for up to 32, and so on.
fn doublings(tokens: usize) -> u32 {
    tokens.max(1).next_power_of_two().ilog2().saturating_sub(SHORTEST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn budget() -> Budget {
        Budget { most: 256, enough: 32 }
    }

    fn drain<T>(batcher: &mut Batcher<T>) -> Vec<Vec<T>> {
        std::iter::from_fn(|| Some(batcher.take()).filter(|batch| !batch.is_empty())).collect()
    }

    #[test]
    fn texts_go_between_the_windows_of_a_longer_one() {
        let arrived = Instant::now();
        let mut batcher = Batcher::new(budget());
        for number in 0..20 {
            batcher.push(Waiting { arrived, number, tokens: 128 }, 'l');
        }
        assert_eq!(batcher.take(), ['l', 'l']);
        let arrived = arrived + Duration::from_mins(1);
        batcher.push(Waiting { arrived, number: 0, tokens: 40 }, 's');
        batcher.push(Waiting { arrived, number: 0, tokens: 128 }, 'm');
        assert_eq!(batcher.take(), ['s']);
        assert_eq!(batcher.take(), ['m', 'l']);
    }

    #[test]
    fn a_long_text_is_read_at_least_a_quarter_as_fast_as_alone() {
        let arrived = Instant::now();
        let mut batcher = Batcher::new(budget());
        let windows = 40;
        for number in 0..windows {
            batcher.push(Waiting { arrived, number, tokens: 128 }, true);
        }
        let (mut left, mut batches) = (windows, 0);
        while left > 0 {
            batches += 1;
            let arrived = arrived + Duration::from_millis(batches);
            // More short texts than are read.
            for _ in 0..40 {
                batcher.push(Waiting { arrived, number: 0, tokens: 16 }, false);
            }
            left -= batcher.take().into_iter().filter(|long| *long).count();
        }
        assert_eq!(batches, 4 * 40 / 2);
    }

    #[test]
    fn few_tokens_take_others_along() {
        let arrived = Instant::now();
        let mut batcher = Batcher::new(Budget { most: 256, enough: 100 });
        for tokens in [10, 200, 60, 60] {
            batcher.push(Waiting { arrived, number: 0, tokens }, tokens);
        }
        assert_eq!(drain(&mut batcher), [vec![10, 60, 60], vec![200]]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_and_budgets_are_kept(
            windows in proptest::collection::vec((1usize..600, 0usize..9, 0u64..400, any::<bool>()), 0..200),
        ) {
            let start = Instant::now();
            let mut batcher = Batcher::new(budget());
            let (mut seen, mut gone) = (vec![0; windows.len()], vec![false; windows.len()]);
            let mut note = |batch: &[usize]| {
                let tokens: usize = batch.iter().map(|i| windows[*i].0).sum();
                prop_assert!(tokens <= 256 || batch.len() == 1);
                for i in batch {
                    seen[*i] += 1;
                }
                Ok(())
            };
            for (i, (tokens, number, at, take)) in windows.iter().enumerate() {
                let arrived = start + Duration::from_millis(*at);
                batcher.push(Waiting { arrived, number: *number, tokens: *tokens }, i);
                if *take {
                    note(&batcher.take())?;
                }
                if i % 37 == 36 {
                    batcher.retain(|j| { gone[*j] = j % 5 == 0; !gone[*j] });
                }
            }
            for batch in drain(&mut batcher) {
                note(&batch)?;
            }
            prop_assert!(batcher.is_empty() && batcher.tokens() == 0);
            prop_assert!(seen.iter().zip(&gone).all(|(n, gone)| n + i32::from(*gone) == 1));
        }

        #[test]
        fn least_served_or_oldest_leads(
            windows in proptest::collection::vec((1usize..300, 0usize..9, 0u64..400), 1..100),
        ) {
            let start = Instant::now();
            let mut batcher = Batcher::new(budget());
            for &(tokens, number, at) in &windows {
                let arrived = start + Duration::from_millis(at);
                batcher.push(Waiting { arrived, number, tokens }, (tokens, number, at));
            }
            let mut left = windows;
            for (i, batch) in drain(&mut batcher).into_iter().enumerate() {
                if i % 4 == 3 {
                    prop_assert_eq!(batch[0].2, left.iter().map(|w| w.2).min().expect("some wait"));
                } else {
                    let served = |w: &(usize, usize, u64)| doublings((w.1 + 1) * w.0);
                    prop_assert_eq!(served(&batch[0]), left.iter().map(served).min().expect("some wait"));
                }
                for taken in batch {
                    left.swap_remove(left.iter().position(|w| *w == taken).expect("waited"));
                }
            }
        }
    }
}
