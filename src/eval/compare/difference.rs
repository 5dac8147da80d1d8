//! The difference of any number of two subjects on the same cases, by drawing the same cases for both.

use crate::eval::intervals::bootstrap::{Estimate, Plan, Replicates};

/// First − second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
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
) -> Difference {
    let replicates = Replicates::draw(clusters, plan, |weights| {
        let (first, second) = statistics(weights);
        vec![first.zip(second).map(|(a, b)| a - b), first, second]
    });
    let difference = replicates.estimate(0);
    let p = difference.interval.and_then(|_| replicates.values(0)).map(|values| p_value(&values));
    Difference { first: replicates.point[1], second: replicates.point[2], difference, p }
}

/// The two-sided p-value from the resampled differences.
#[must_use]
pub fn p_value(differences: &[f64]) -> f64 {
    let side = |test: fn(&&f64) -> bool| differences.iter().filter(test).count();
    let fewer = side(|d| **d <= 0.0).min(side(|d| **d >= 0.0));
    (2.0 * (1 + fewer) as f64 / (1 + differences.len()) as f64).min(1.0)
}
