//! The difference of any number of two subjects on the same cases, by drawing the same cases for both.

use crate::eval::intervals::bootstrap::{Estimate, Plan, Replicates};

/// First − second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    pub first: Option<f64>,
    pub second: Option<f64>,
    /// With its BCa interval.
    pub difference: Estimate,
    /// Two-sided p-value of "no difference"; `None` where there is no interval.
    pub p: Option<f64>,
}

/// The paired bootstrap: each resample draws the same cases, or clusters of cases, for both subjects. `statistics` gets
/// how often each case counts and answers with both numbers; `clusters` are those of [`bootstrap::estimates`].
///
/// p = 2·min over both sides of (1 + resamples on the far side of 0) / (1 + resamples), at most 1, a difference of
/// exactly 0 counting for both sides (Davison and Hinkley, "Bootstrap methods and their application", 1997, sections
/// 4.2 and 5.4). With B resamples it cannot fall below 2 / (B + 1): many comparisons under Holm need more resamples.
///
/// [`bootstrap::estimates`]: crate::eval::intervals::bootstrap::estimates
pub fn paired(
    clusters: &[usize],
    plan: Plan,
    statistics: impl Fn(&[usize]) -> (Option<f64>, Option<f64>) + Sync,
) -> PairedDifference {
    let replicates = Replicates::draw(clusters, plan, |weights| {
        let (first, second) = statistics(weights);
        vec![first.zip(second).map(|(a, b)| a - b), first, second]
    });
    let difference = replicates.estimate(0);
    let p = difference.interval.and_then(|_| replicates.values(0)).map(|values| p_value(&values));
    PairedDifference { first: replicates.point[1], second: replicates.point[2], difference, p }
}

/// The two-sided p-value from the resampled differences.
#[must_use]
pub fn p_value(differences: &[f64]) -> f64 {
    let side = |test: fn(&&f64) -> bool| differences.iter().filter(test).count();
    let fewer = side(|d| **d <= 0.0).min(side(|d| **d >= 0.0));
    (2.0 * (1 + fewer) as f64 / (1 + differences.len()) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::metrics::Case;
    use crate::eval::metrics::ranking::Ranked;

    const PLAN: Plan = Plan { seed: 11, resamples: 400 };

    /// The first scores the positives higher, the second all alike.
    fn two() -> (Ranked, Ranked) {
        let case = |i: u16, score: f32| Case {
            score: Some(score),
            positive: i.is_multiple_of(3),
            flagged: score >= 0.5,
        };
        let good =
            (0..90).map(|i| case(i, if i % 3 == 0 { 0.6 } else { 0.3 } + f32::from(i * 7 % 90) / 300.0));
        let poor = (0..90).map(|i| case(i, f32::from(i * 11 % 90) / 90.0));
        (Ranked::new(&good.collect::<Vec<_>>()), Ranked::new(&poor.collect::<Vec<_>>()))
    }

    fn auc(first: &Ranked, second: &Ranked) -> PairedDifference {
        let clusters: Vec<usize> = (0..first.len()).collect();
        paired(&clusters, PLAN, |w| (first.weighted(w).roc_auc, second.weighted(w).roc_auc))
    }

    #[test]
    fn a_clear_difference_is_found_both_ways_round() {
        let (good, poor) = two();
        let (found, turned) = (auc(&good, &poor), auc(&poor, &good));
        let ends = found.difference.interval.unwrap().interval;
        assert!(ends.low > 0.0 && found.p.unwrap() < 0.01, "{found:?}");
        assert_eq!(found.p, turned.p);
        assert_eq!(found.difference.value.map(|d| -d), turned.difference.value);
    }

    #[test]
    fn a_subject_does_not_differ_from_itself() {
        let (good, _) = two();
        let found = auc(&good, &good);
        assert_eq!((found.difference.value, found.p), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn an_undefined_number_has_no_difference() {
        let clusters: Vec<usize> = (0..10).collect();
        let found = paired(&clusters, PLAN, |_| (Some(0.5), None));
        assert_eq!((found.first, found.difference.value, found.p), (Some(0.5), None, None));
    }
}
