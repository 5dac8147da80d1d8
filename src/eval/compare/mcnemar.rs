//! Whether one of two subjects is right more often, from the cases that only one of them gets right (McNemar,
//! Psychometrika 12, 1947).

use crate::eval::intervals::binomial;
use crate::eval::metrics::Case;

/// The discordant cases and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    pub only_first_right: usize,
    pub only_second_right: usize,
    /// Exact two-sided p-value of "equally often right", 2·P(X ≤ the smaller) of Binomial(discordant, ½), at most 1;
    /// 1 when no case is discordant.
    pub p: f64,
    /// The same with half of the probability of the observed count (Fagerland, Lydersen and Laake, BMC Medical
    /// Research Methodology 13, 2013): less conservative. Verdicts use the exact one.
    pub mid_p: f64,
}

/// The test on counts of discordant cases.
#[must_use]
pub fn exact(only_first_right: usize, only_second_right: usize) -> McNemar {
    let (fewer, n) = (only_first_right.min(only_second_right), only_first_right + only_second_right);
    let twice = 2.0 * binomial::at_most(fewer, n, 0.5);
    let observed = binomial::exactly(fewer, n, 0.5);
    McNemar { only_first_right, only_second_right, p: twice.min(1.0), mid_p: (twice - observed).min(1.0) }
}

/// The test on two subjects' decisions about the same cases.
///
/// # Panics
/// When the two do not have the same labels.
#[must_use]
pub fn of(first: &[Case], second: &[Case]) -> McNemar {
    assert!(
        first.len() == second.len() && first.iter().zip(second).all(|(a, b)| a.positive == b.positive),
        "both subjects are measured on the same cases"
    );
    let count = |test: fn(&Case, &Case) -> bool| first.iter().zip(second).filter(|(a, b)| test(a, b)).count();
    exact(count(|a, b| a.right() && !b.right()), count(|a, b| !a.right() && b.right()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_not_matter_who_comes_first(b in 0usize..200, c in 0usize..200) {
            let (one, other) = (exact(b, c), exact(c, b));
            prop_assert_eq!((one.p, one.mid_p), (other.p, other.mid_p));
            prop_assert!(0.0 < one.mid_p && one.mid_p <= one.p && one.p <= 1.0);
        }
    }

    #[test]
    fn fourteen_of_fourteen_is_something_and_five_of_five_is_not() {
        assert!(exact(14, 0).p < 0.001);
        assert!(exact(5, 0).p > 0.05);
    }

    #[test]
    fn it_counts_the_cases_that_only_one_gets_right() {
        let case = |positive, flagged| Case { score: None, positive, flagged };
        let first = [case(true, true), case(true, true), case(false, true), case(false, false)];
        let second = [case(true, true), case(true, false), case(false, false), case(false, false)];
        let got = of(&first, &second);
        assert_eq!((got.only_first_right, got.only_second_right), (1, 1));
    }
}
