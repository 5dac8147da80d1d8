//! The variance of an ROC AUC, and of the difference of two on the same cases, after DeLong, DeLong and
//! Clarke-Pearson (Biometrics 44, 1988), in O(n log n) from one sort (the idea of Sun and Xu, IEEE Signal Processing
//! Letters 21, 2014).
//!
//! A *placement* is what one case adds to the AUC: of a positive the share of negatives that it beats, of a negative
//! the share of positives that beat it, ties counting half. The AUC is the mean of either; its variance is
//! var(placements of positives) / positives + var(placements of negatives) / negatives.
//!
//! Over the cases with a score, which are taken as independent; for clustered cases use the bootstrap.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::eval::intervals::{Difference, Interval, Z_95};
use crate::eval::metrics::Case;
use crate::eval::metrics::ranking::Ranked;

/// An ROC AUC with what DeLong's theory says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    pub value: f64,
    pub variance: f64,
    /// 95 %, made on the logit scale, where it cannot leave 0..=1 and covers better near 1 (Pepe, "The statistical
    /// evaluation of medical tests", 2003, section 5.2). `None` when all placements are equal, as in a perfect
    /// ranking: a width of 0 would be no knowledge.
    pub interval: Option<Interval>,
}

/// Two AUCs on the same cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedAuc {
    pub first: f64,
    pub second: f64,
    /// First − second, with the plain 95 % interval.
    pub difference: Difference,
    /// Two-sided p-value of "no difference".
    pub p: f64,
}

/// The AUC of the cases with a score; `None` with fewer than two of either class, where a variance is not defined.
#[must_use]
pub fn auc(cases: &[Case]) -> Option<Auc> {
    let scored: Vec<Case> = cases.iter().copied().filter(|c| c.score.is_some()).collect();
    let placements = placements(&scored);
    let (value, variance) = mean_and_variance(&scored, &placements)?;
    let interval = (variance > 0.0 && 0.0 < value && value < 1.0).then(|| {
        let logit = (value / (1.0 - value)).ln();
        let half = Z_95 * variance.sqrt() / (value * (1.0 - value));
        Interval { low: logistic(logit - half), high: logistic(logit + half) }
    });
    Some(Auc { value, variance, interval })
}

/// DeLong's test for two subjects on the same cases, over those that both gave a score. `None` with fewer than two of
/// either class, or when no case is placed differently enough for a variance.
///
/// # Panics
/// When the two do not have the same labels.
#[must_use]
pub fn paired(first: &[Case], second: &[Case]) -> Option<PairedAuc> {
    assert!(
        first.len() == second.len() && first.iter().zip(second).all(|(a, b)| a.positive == b.positive),
        "both subjects are measured on the same cases"
    );
    let both = first.iter().zip(second).filter(|(a, b)| a.score.is_some() && b.score.is_some());
    let (first, second): (Vec<Case>, Vec<Case>) = both.map(|(a, b)| (*a, *b)).unzip();
    let (own, other) = (placements(&first), placements(&second));
    let apart: Vec<f64> = own.iter().zip(&other).map(|(a, b)| a - b).collect();
    let (value, variance) = mean_and_variance(&first, &apart)?;
    if variance <= 0.0 {
        return None;
    }
    let (half, z) = (Z_95 * variance.sqrt(), value / variance.sqrt());
    let difference = Difference { value, interval: Interval { low: value - half, high: value + half } };
    Some(PairedAuc {
        first: mean_and_variance(&first, &own)?.0,
        second: mean_and_variance(&second, &other)?.0,
        difference,
        p: (2.0 * Normal::standard().sf(z.abs())).min(1.0),
    })
}

/// The placement of every case, in the order of the cases, all of which have a score.
fn placements(cases: &[Case]) -> Vec<f64> {
    let ranked = Ranked::new(cases);
    let positives = cases.iter().filter(|c| c.positive).count();
    let negatives = cases.len() - positives;
    let mut out = vec![0.0; cases.len()];
    // Positives and negatives above the score at hand.
    let (mut better, mut worse) = (0, 0);
    for tied in ranked.tied() {
        let own_positives = tied.cases.iter().filter(|c| c.positive).count();
        let own_negatives = tied.cases.len() - own_positives;
        for (case, &i) in tied.cases.iter().zip(tied.origin) {
            out[i] = if case.positive {
                ((negatives - worse) as f64 - 0.5 * own_negatives as f64) / negatives as f64
            } else {
                (better as f64 + 0.5 * own_positives as f64) / positives as f64
            };
        }
        better += own_positives;
        worse += own_negatives;
    }
    out
}

/// Mean over the positives, and the sum of both classes' variances of a mean.
fn mean_and_variance(cases: &[Case], placements: &[f64]) -> Option<(f64, f64)> {
    let of = |positive: bool| -> Vec<f64> {
        cases.iter().zip(placements).filter(|(c, _)| c.positive == positive).map(|(_, &v)| v).collect()
    };
    let (positives, negatives) = (moments(&of(true))?, moments(&of(false))?);
    Some((positives.0, positives.1 + negatives.1))
}

/// Mean, and variance of the mean; `None` with fewer than two values.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((mean, squares / (n - 1.0) / n))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close};

    proptest! {
        #[test]
        fn the_value_is_the_auc(cases in cases()) {
            if let Some(found) = auc(&cases) {
                prop_assert!(close(Some(found.value), Ranked::new(&cases).statistics().roc_auc));
                prop_assert!(found.variance >= 0.0);
                if let Some(ends) = found.interval {
                    prop_assert!(0.0 <= ends.low && ends.low <= found.value);
                    prop_assert!(found.value <= ends.high && ends.high <= 1.0);
                }
            }
        }

        #[test]
        fn turning_the_subjects_round_turns_the_sign(cases in cases(), shift in 1usize..40) {
            let other: Vec<Case> = cases
                .iter()
                .enumerate()
                .map(|(i, c)| Case { score: cases[(i + shift) % cases.len()].score, ..*c })
                .collect();
            let (a, b) = (paired(&cases, &other), paired(&other, &cases));
            prop_assert_eq!(a.is_some(), b.is_some());
            if let (Some(a), Some(b)) = (a, b) {
                prop_assert!(close(Some(a.difference.value), Some(-b.difference.value)));
                prop_assert!(close(Some(a.p), Some(b.p)) && (0.0..=1.0).contains(&a.p));
            }
        }

        #[test]
        fn a_subject_does_not_differ_from_itself(cases in cases()) {
            prop_assert_eq!(paired(&cases, &cases), None);
        }
    }
}
