//! Which windows the classifier reads next. Pure: no threads, no clock; times are handed in.
//!
//! Three batches in four go by what a text has been given so far, counting the window itself: all windows within the
//! first 512 tokens of a text are one class, in the order in which they came; those within the first 1,024 come after
//! them, and so on in doublings (least attained service, Kleinrock 1976). So a text of ordinary length is read in turn,
//! and never waits for the rest of a much longer one. Every fourth batch goes to whoever waits longest, whatever its
//! length: with a quarter of the classifier for itself, the text that came first is read at least a quarter as fast as if
//! it were alone, and nothing starves.
//!
//! There are no buckets by length: a batch is packed without padding, so windows of different lengths cost nothing extra
//! together. Buckets were tried; under load the long posts then waited for all the short ones, and p95 trebled.

use std::collections::BTreeMap;
use std::time::Instant;

/// Every so many batches, one goes by age.
const BY_AGE: u64 = 4;

/// A text of up to so many tokens is read in turn: nine posts in ten have fewer than 100.
const ORDINARY: usize = 512;

/// How large a batch may be, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Not more than this, unless one window alone is longer.
    pub most: usize,
    /// Under this, cores would be idle, so it may pay to wait for more.
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
/// What its text has had with this window, in doublings of [`ORDINARY`]; then the oldest.
type Rank = (u32, Age);

/// Windows that wait, each with something of the caller's.
#[derive(Debug)]
pub struct Batcher<T> {
    budget: Budget,
    /// With the tokens of each.
    windows: BTreeMap<Rank, (usize, T)>,
    /// The rank of every window, oldest first.
    ages: BTreeMap<Age, Rank>,
    pushed: u64,
    taken: u64,
    tokens: usize,
}

impl<T> Batcher<T> {
    #[must_use]
    pub const fn new(budget: Budget) -> Self {
        Self { budget, windows: BTreeMap::new(), ages: BTreeMap::new(), pushed: 0, taken: 0, tokens: 0 }
    }

    /// Tokens that wait.
    #[must_use]
    pub const fn tokens(&self) -> usize {
        self.tokens
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether a batch would keep all cores busy.
    #[must_use]
    pub const fn has_enough(&self) -> bool {
        self.tokens >= self.budget.enough
    }

    /// Adds a window.
    pub fn push(&mut self, window: Waiting, item: T) {
        let age = (window.arrived, self.pushed);
        let rank = (class((window.number + 1) * window.tokens), age);
        self.windows.insert(rank, (window.tokens, item));
        self.ages.insert(age, rank);
        self.pushed += 1;
        self.tokens += window.tokens;
    }

    /// Takes the next batch; empty when nothing waits.
    pub fn take(&mut self) -> Vec<T> {
        self.taken += 1;
        let by_age = self.taken.is_multiple_of(BY_AGE);
        let (mut batch, mut tokens) = (Vec::new(), 0);
        loop {
            let next = if by_age {
                self.ages.first_key_value().map(|(_, rank)| *rank)
            } else {
                self.windows.first_key_value().map(|(rank, _)| *rank)
            };
            let Some((rank, (more, _))) = next.and_then(|rank| Some((rank, self.windows.get(&rank)?))) else {
                break;
            };
            if !batch.is_empty() && tokens + more > self.budget.most {
                break;
            }
            tokens += more;
            self.ages.remove(&rank.1);
            batch.extend(self.windows.remove(&rank).map(|(_, item)| item));
        }
        self.tokens -= tokens;
        batch
    }

    /// Drops what nobody wants any more.
    pub fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        self.windows.retain(|rank, (tokens, item)| {
            let keep = wanted(item);
            if !keep {
                self.ages.remove(&rank.1);
                self.tokens -= *tokens;
            }
            keep
        });
    }
}

/// 0 within the first [`ORDINARY`] tokens of a text, 1 within twice as many, and so on.
const fn class(served: usize) -> u32 {
    served.div_ceil(ORDINARY).next_power_of_two().ilog2()
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
        for (batch, tokens) in [(1, 40), (2, 128)] {
            assert_eq!(batcher.take(), ['l', 'l'], "the first 512 tokens, batch {batch}");
            let arrived = arrived + Duration::from_secs(batch);
            batcher.push(Waiting { arrived, number: 0, tokens }, 's');
        }
        assert_eq!(batcher.take(), ['s', 's']);
        assert_eq!(batcher.take(), ['l', 'l']);
    }

    #[test]
    fn ordinary_texts_are_read_in_turn_whatever_their_lengths() {
        let arrived = Instant::now();
        let mut batcher = Batcher::new(budget());
        for (second, tokens) in [(0, 200), (1, 60), (2, 5), (3, 128)] {
            batcher
                .push(Waiting { arrived: arrived + Duration::from_secs(second), number: 0, tokens }, second);
        }
        assert_eq!(drain(&mut batcher), [vec![0], vec![1, 2, 3]]);
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
        // The first four windows in turn, of the others two in every fourth batch.
        assert_eq!(batches, 4 * 36 / 2);
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
                    let served = |w: &(usize, usize, u64)| class((w.1 + 1) * w.0);
                    let rank = |w: &(usize, usize, u64)| (served(w), w.2);
                    prop_assert_eq!(rank(&batch[0]), left.iter().map(rank).min().expect("some wait"));
                }
                for taken in batch {
                    left.swap_remove(left.iter().position(|w| *w == taken).expect("waited"));
                }
            }
        }
    }
}
