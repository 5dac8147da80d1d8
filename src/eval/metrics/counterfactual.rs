//! What happens when only the identity in a text is exchanged (Garg et al., "Counterfactual fairness in text
//! classification through robustness", AIES 2019): nothing should.

use crate::eval::intervals::bootstrap::{self, Estimate, Plan};
use crate::eval::metrics::Case;

/// How much decisions and scores move within groups of texts that differ in the identity only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counterfactual {
    /// Groups of two texts or more, and those among them whose texts are not all decided alike.
    pub groups: usize,
    pub groups_split: usize,
    /// Pairs of texts within a group, and pairs in which both have a score.
    pub pairs: usize,
    pub scored_pairs: usize,
    /// Share of the pairs with different decisions, 0..=1; an abstention is decided as not flagged.
    pub flip_rate: Estimate,
    /// Mean of |score − score| over the scored pairs, 0..=1.
    pub score_difference: Estimate,
}

/// Measures cases of which `groups[i]`, numbered from 0 without gaps, is the text with its identity taken out. Sums run
/// over all pairs, so a group of many texts weighs by its pairs. Intervals from a bootstrap over whole groups.
///
/// # Panics
/// When there is not one group number per case.
#[must_use]
pub fn counterfactual(cases: &[Case], groups: &[usize], plan: Plan) -> Counterfactual {
    assert_eq!(cases.len(), groups.len(), "every case has a group");
    let mut members: Vec<Vec<Case>> = vec![Vec::new(); groups.iter().max().map_or(0, |m| m + 1)];
    for (case, &group) in cases.iter().zip(groups) {
        members[group].push(*case);
    }
    let swaps: Vec<Swaps> = members.iter().filter(|m| m.len() > 1).map(|m| Swaps::of(m)).collect();
    let own: Vec<usize> = (0..swaps.len()).collect();
    let estimates = bootstrap::estimates(&own, plan, |weights| {
        let mut all = Swaps::default();
        for (swaps, &weight) in swaps.iter().zip(weights) {
            all.add(swaps, weight);
        }
        vec![ratio(all.flips as f64, all.pairs), ratio(all.differences, all.scored_pairs)]
    });
    Counterfactual {
        groups: swaps.len(),
        groups_split: swaps.iter().filter(|s| s.flips > 0).count(),
        pairs: swaps.iter().map(|s| s.pairs).sum(),
        scored_pairs: swaps.iter().map(|s| s.scored_pairs).sum(),
        flip_rate: estimates[0],
        score_difference: estimates[1],
    }
}

fn ratio(part: f64, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}

/// Sums over the pairs of one group.
#[derive(Default)]
struct Swaps {
    pairs: usize,
    flips: usize,
    scored_pairs: usize,
    differences: f64,
}

impl Swaps {
    fn of(members: &[Case]) -> Self {
        let flagged = members.iter().filter(|c| c.flagged).count();
        let mut scores: Vec<f64> = members.iter().filter_map(|c| c.score.map(f64::from)).collect();
        scores.sort_by(f64::total_cmp);
        // In rising order the i-th score is the greater one in i pairs and the lesser one in the rest.
        let last = scores.len().saturating_sub(1) as f64;
        let differences = scores.iter().enumerate().map(|(i, s)| s * (2.0 * i as f64 - last)).sum();
        Self {
            pairs: pairs(members.len()),
            flips: flagged * (members.len() - flagged),
            scored_pairs: pairs(scores.len()),
            differences,
        }
    }

    fn add(&mut self, other: &Self, weight: usize) {
        self.pairs += other.pairs * weight;
        self.flips += other.flips * weight;
        self.scored_pairs += other.scored_pairs * weight;
        self.differences += other.differences * weight as f64;
    }
}

fn pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::cases;

    const PLAN: Plan = Plan { seed: 2, resamples: 100 };

    proptest! {
        #[test]
        fn whoever_treats_all_alike_never_flips(sizes in proptest::collection::vec(2usize..6, 2..10)) {
            let groups: Vec<usize> = sizes.iter().enumerate().flat_map(|(g, &n)| vec![g; n]).collect();
            let alike = |&g: &usize| Case {
                score: Some(if g.is_multiple_of(2) { 0.25 } else { 0.75 }),
                positive: false,
                flagged: !g.is_multiple_of(2),
            };
            let got = counterfactual(&groups.iter().map(alike).collect::<Vec<_>>(), &groups, PLAN);
            prop_assert_eq!((got.groups_split, got.flip_rate.value, got.score_difference.value), (0, Some(0.0), Some(0.0)));
        }

        #[test]
        fn everything_stays_within_bounds(cases in cases()) {
            let groups: Vec<usize> = (0..cases.len()).map(|i| i / 3).collect();
            let got = counterfactual(&cases, &groups, PLAN);
            prop_assert!(got.groups_split <= got.groups && got.scored_pairs <= got.pairs);
            for value in [got.flip_rate.value, got.score_difference.value].into_iter().flatten() {
                prop_assert!((-1e-12..=1.0).contains(&value));
            }
        }
    }
}
