//! Which windows the classifier reads next. Pure: no threads, no clock; times are handed in.
//!
//! A window is due some time after its text came: the longer it is, and the more windows of its text go before it,
//! the later ([`due`]). The window that is due first leads a batch, and windows of like length fill it up: whoever
//! is in a batch waits for all of it, so a short window is not put beside long ones. This is fair queueing by virtual
//! finish times (Demers, Keshav and Shenker 1989) with every text a flow of its own. Due times never change, so
//! whatever comes later than that has to wait: nothing starves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How much later a window is due for each token, its own and those of the windows before it. A few times what the
/// encoder needs for a token, so that a long text leaves room for others between its windows.
const PACE: Duration = Duration::from_micros(250);

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

/// When window `number` (from 0) of a text that came at `arrived` is due; all its windows have `tokens`.
#[must_use]
pub fn due(arrived: Instant, number: usize, tokens: usize) -> Instant {
    let before = u32::try_from((number + 1) * tokens).unwrap_or(u32::MAX);
    arrived + PACE.saturating_mul(before)
}

/// Due first, then pushed first.
type Rank = (Instant, u64);

/// Windows that wait, each with something of the caller's.
#[derive(Debug)]
pub struct Batcher<T> {
    budget: Budget,
    buckets: [BTreeMap<Rank, (usize, T)>; BUCKETS],
    pushed: u64,
    tokens: usize,
}

impl<T> Batcher<T> {
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, buckets: std::array::from_fn(|_| BTreeMap::new()), pushed: 0, tokens: 0 }
    }

    /// Tokens that wait.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.iter().all(BTreeMap::is_empty)
    }

    /// Whether a batch would keep all cores busy.
    #[must_use]
    pub fn has_enough(&self) -> bool {
        self.tokens >= self.budget.enough
    }

    /// Adds a window of `tokens`.
    pub fn push(&mut self, tokens: usize, due: Instant, item: T) {
        self.tokens += tokens;
        self.buckets[bucket(tokens)].insert((due, self.pushed), (tokens, item));
        self.pushed += 1;
    }

    /// Takes the next batch; empty when nothing waits.
    pub fn take(&mut self) -> Vec<T> {
        let mut batch = Vec::new();
        let first = (0..BUCKETS).filter_map(|b| Some((*self.buckets[b].first_key_value()?.0, b))).min();
        let Some((_, first)) = first else { return batch };
        let mut taken = 0;
        self.fill(first, self.budget.most, &mut taken, &mut batch);
        for apart in 1..BUCKETS {
            for near in [first.checked_sub(apart), Some(first + apart)].into_iter().flatten() {
                if near < BUCKETS && taken < self.budget.enough {
                    self.fill(near, self.budget.enough, &mut taken, &mut batch);
                }
            }
        }
        self.tokens -= taken;
        batch
    }

    /// Drops what nobody wants any more.
    pub fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        for bucket in &mut self.buckets {
            bucket.retain(|_, (_, item)| wanted(item));
        }
        self.tokens = self.buckets.iter().flat_map(BTreeMap::values).map(|(tokens, _)| tokens).sum();
    }

    /// Takes from one bucket until `enough` tokens are taken, never going over the budget but for the first.
    fn fill(&mut self, bucket: usize, enough: usize, taken: &mut usize, batch: &mut Vec<T>) {
        while *taken < enough {
            let Some(next) = self.buckets[bucket].first_entry() else { return };
            let tokens = next.get().0;
            if !batch.is_empty() && *taken + tokens > self.budget.most {
                return;
            }
            *taken += tokens;
            batch.push(next.remove().1);
        }
    }
}

fn bucket(tokens: usize) -> usize {
    let log = tokens.max(1).next_power_of_two().ilog2();
    (log.saturating_sub(SHORTEST) as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget() -> Budget {
        Budget { most: 256, enough: 32 }
    }

    fn drain<T>(batcher: &mut Batcher<T>) -> Vec<Vec<T>> {
        std::iter::from_fn(|| Some(batcher.take()).filter(|batch| !batch.is_empty())).collect()
    }

    #[test]
    fn a_short_text_goes_before_the_windows_of_a_long_one() {
        let start = Instant::now();
        let mut batcher = Batcher::new(budget());
        for number in 0..20 {
            batcher.push(128, due(start, number, 128), 'l');
        }
        assert_eq!(batcher.take(), ['l', 'l']);
        let later = start + Duration::from_millis(50);
        batcher.push(40, due(later, 0, 40), 's');
        batcher.push(128, due(later, 0, 128), 'm');
        // They are due 60 and 82 ms after the start, the long text's third window after 96.
        assert_eq!(batcher.take(), ['s']);
        assert_eq!(batcher.take(), ['m', 'l']);
    }

    #[test]
    fn a_long_text_is_not_overtaken_for_ever() {
        let start = Instant::now();
        let mut batcher = Batcher::new(budget());
        batcher.push(128, due(start, 0, 128), None);
        let mut overtook: Vec<Duration> = Vec::new();
        // Short texts come faster than they are read.
        for round in 0..1000 {
            let now = start + Duration::from_millis(5 * round);
            for _ in 0..40 {
                batcher.push(16, due(now, 0, 16), Some(now - start));
            }
            let batch = batcher.take();
            overtook.extend(batch.iter().copied().flatten());
            if batch.contains(&None) {
                let last = overtook.into_iter().max().expect("short ones went before");
                assert!(last < 128 * PACE, "{last:?}");
                return;
            }
        }
        panic!("the long text starved");
    }

    #[test]
    fn few_tokens_take_others_along() {
        let start = Instant::now();
        let mut batcher = Batcher::new(Budget { most: 256, enough: 100 });
        for tokens in [10, 200, 60, 60] {
            batcher.push(tokens, due(start, 0, tokens), tokens);
        }
        assert_eq!(drain(&mut batcher), [vec![10, 60, 60], vec![200]]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_and_budgets_are_kept(
            windows in proptest::collection::vec((1usize..600, 0u64..400, any::<bool>()), 0..200),
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
            for (i, (tokens, at, take)) in windows.iter().enumerate() {
                batcher.push(*tokens, due(start + Duration::from_millis(*at), 0, *tokens), i);
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
        fn who_is_due_first_leads(windows in proptest::collection::vec((1usize..300, 0u64..400), 1..100)) {
            let start = Instant::now();
            let when = |(tokens, at): (usize, u64)| due(start + Duration::from_millis(at), 0, tokens);
            let mut batcher = Batcher::new(budget());
            for window in &windows {
                batcher.push(window.0, when(*window), when(*window));
            }
            let mut left: Vec<Instant> = windows.iter().map(|w| when(*w)).collect();
            for batch in drain(&mut batcher) {
                prop_assert_eq!(batch.iter().min(), left.iter().min());
                for taken in batch {
                    left.swap_remove(left.iter().position(|due| *due == taken).expect("waited"));
                }
            }
        }
    }
}
