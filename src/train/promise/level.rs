//! What so many true ones among so many flagged allow to promise; and, for the first stage of a cascade, so many kept
//! among so many to keep.

use crate::eval::intervals::binomial::{at_least, lower_limit};

/// Flagged items beyond which the search for how many would be needed stops.
pub const MOST: usize = 100_000;

/// What is to be promised: at least `precision` of the flagged are true, with confidence 1 − `delta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Between 0 and 1.
    pub precision: f64,
    /// Between 0 and 1.
    pub delta: f64,
}

impl Level {
    /// P(X ≥ `correct`) for X binomial with `flagged` trials at this precision: the p-value of "the precision is
    /// below what is promised". At most `delta` exactly when the Clopper–Pearson lower bound reaches the precision.
    ///
    /// # Panics
    /// When `correct` exceeds `flagged`.
    #[must_use]
    pub fn p_value(self, correct: usize, flagged: usize) -> f64 {
        assert!(correct <= flagged, "a part of its whole");
        at_least(correct, flagged, self.precision)
    }

    #[must_use]
    pub fn certifies(self, correct: usize, flagged: usize) -> bool {
        self.p_value(correct, flagged) <= self.delta
    }

    /// The one-sided Clopper–Pearson lower bound of the precision at confidence 1 − delta (Clopper and Pearson
    /// 1934); 0 when nothing is true, or nothing flagged.
    #[must_use]
    pub fn lower_bound(self, correct: usize, flagged: usize) -> f64 {
        lower_limit(correct, flagged, 1.0 - self.delta).unwrap_or(0.0)
    }

    /// The smallest number of flagged items that could certify at all: precisionⁿ ≤ delta, every one of them true.
    #[must_use]
    pub fn fewest(self) -> usize {
        (1..=MOST).find(|n| self.certifies(*n, *n)).unwrap_or(MOST)
    }

    /// The smallest number of flagged items, more than `flagged`, that would certify with the share of true ones
    /// that was observed, rounded down to whole items; `None` when no number up to [`MOST`] would.
    #[must_use]
    pub fn needed(self, correct: usize, flagged: usize) -> Option<usize> {
        if flagged == 0 {
            return Some(self.fewest());
        }
        if correct as f64 <= self.precision * flagged as f64 {
            return None;
        }
        (flagged + 1..=MOST).find(|n| self.certifies(correct * n / flagged, *n))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REVIEW: Level = Level { precision: 0.8, delta: 0.05 };

    #[test]
    fn fourteen_and_fifty_nine() {
        assert_eq!(REVIEW.fewest(), 14);
        assert_eq!(Level { precision: 0.95, delta: 0.05 }.fewest(), 59);
        assert!(REVIEW.certifies(14, 14) && !REVIEW.certifies(13, 13));
        assert!(REVIEW.certifies(27, 28) && !REVIEW.certifies(26, 28));
    }

    #[test]
    fn what_is_needed_certifies_and_less_does_not() {
        let needed = REVIEW.needed(17, 20).unwrap();
        assert!(needed > 20 && REVIEW.certifies(17 * needed / 20, needed));
        assert!((21..needed).all(|n| !REVIEW.certifies(17 * n / 20, n)));
        assert_eq!(REVIEW.needed(0, 0), Some(14));
        assert_eq!(REVIEW.needed(16, 20), None);
    }

    proptest! {
        #[test]
        fn the_bound_and_the_p_value_say_the_same(
            flagged in 1_usize..400, share in 0.0_f64..=1.0, precision in 0.05_f64..0.99, delta in 0.001_f64..0.4,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "share is within 0..=1")]
            let correct = (share * flagged as f64) as usize;
            let level = Level { precision, delta };
            let bound = level.lower_bound(correct, flagged);
            prop_assert!((0.0..1.0).contains(&bound) && bound <= correct as f64 / flagged as f64);
            prop_assume!((bound - precision).abs() > 1e-9);
            prop_assert_eq!(level.certifies(correct, flagged), bound > precision);
        }
    }
}
