//! Metrics of how scores rank cases, all from one sweep over the cases from the highest score down.

use crate::eval::metrics::{Case, Confusion};

/// Cases sorted once by falling score, so that every resample is measured in one pass.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Scored cases by falling score, then those without a score.
    cases: Vec<Case>,
    /// Position of `cases[i]` in the input; ties keep the input's order.
    origin: Vec<usize>,
    /// Where each group of equal scores ends in `cases`, after a leading 0.
    bounds: Vec<usize>,
}

/// The metrics that come out of one pass over [`Ranked`] cases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    pub f1: Option<f64>,
    pub average_precision: Option<f64>,
    pub roc_auc: Option<f64>,
    pub brier: Option<f64>,
}

/// Cases with equal scores.
#[derive(Debug, Clone, Copy)]
pub struct Tied<'a> {
    pub score: f32,
    pub cases: &'a [Case],
    /// Positions of the cases in the input.
    pub origin: &'a [usize],
}

impl Tied<'_> {
    /// Weighted positives and negatives.
    #[must_use]
    pub fn classes(&self, weights: &[usize]) -> (usize, usize) {
        let (mut positives, mut negatives) = (0, 0);
        for (case, &i) in self.cases.iter().zip(self.origin) {
            *if case.positive { &mut positives } else { &mut negatives } += weights[i];
        }
        (positives, negatives)
    }
}

/// What a threshold at one of the scores flags: the weighted cases that score at least as much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub threshold: f32,
    pub true_positives: usize,
    pub false_positives: usize,
}

impl Ranked {
    #[must_use]
    pub fn new(cases: &[Case]) -> Self {
        let mut origin: Vec<usize> = (0..cases.len()).collect();
        // `None` sorts last: -1 is below every score.
        let key = |i: usize| cases[i].score.unwrap_or(-1.0);
        origin.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
        let cases: Vec<Case> = origin.iter().map(|&i| cases[i]).collect();
        let scored = cases.iter().filter(|c| c.score.is_some()).count();
        let mut bounds = vec![0];
        bounds.extend((1..scored).filter(|&i| cases[i - 1].score != cases[i].score));
        if scored > 0 {
            bounds.push(scored);
        }
        Self { cases, origin, bounds }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// How many cases have a score.
    #[must_use]
    pub fn scored(&self) -> usize {
        self.bounds.last().copied().unwrap_or_default()
    }

    /// The weights that count every case once.
    #[must_use]
    pub fn once(&self) -> Vec<usize> {
        vec![1; self.len()]
    }

    /// The scored cases from the highest score down, equal ones together.
    #[must_use]
    pub fn tied(&self) -> impl DoubleEndedIterator<Item = Tied<'_>> {
        self.bounds.windows(2).map(|ends| {
            let cases = &self.cases[ends[0]..ends[1]];
            let score = cases[0].score.unwrap_or_default();
            Tied { score, cases, origin: &self.origin[ends[0]..ends[1]] }
        })
    }

    /// Every threshold that decides differently, from the highest score down; scores of weight 0 are no threshold.
    #[must_use]
    pub fn steps(&self, weights: &[usize]) -> Vec<Step> {
        let mut out = Vec::with_capacity(self.bounds.len());
        let (mut true_positives, mut false_positives) = (0, 0);
        for tied in self.tied() {
            let (positives, negatives) = tied.classes(weights);
            if positives + negatives > 0 {
                true_positives += positives;
                false_positives += negatives;
                out.push(Step { threshold: tied.score, true_positives, false_positives });
            }
        }
        out
    }

    /// The decisions that the subject itself made, weighted.
    #[must_use]
    pub fn confusion(&self, weights: &[usize]) -> Confusion {
        let mut out = Confusion::default();
        for (case, &i) in self.cases.iter().zip(&self.origin) {
            out.add(case.flagged, case.positive, weights[i]);
        }
        out
    }

    /// Every metric with every case counted once.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.weighted(&self.once())
    }

    /// Every metric with case `i` of the input counted `weights[i]` times. All are 0..=1.
    ///
    /// - **Average precision** = Σ (Rₜ − Rₜ₋₁)·Pₜ over the distinct scores t from the highest down, tied cases
    ///   entering together; scikit-learn's `average_precision_score`, without interpolation. `None` without a
    ///   scored positive.
    /// - **ROC AUC** = P(score of a positive > score of a negative) + ½·P(equal): the Mann–Whitney U statistic
    ///   over P·N (Hanley and McNeil, Radiology 143, 1982). `None` when one class is missing.
    /// - **Brier score** = mean of (score − label)² (Brier, Monthly Weather Review 78, 1950). `None` without
    ///   scored cases.
    #[must_use]
    pub fn weighted(&self, weights: &[usize]) -> Statistics {
        let mut sweep = Sweep::default();
        for tied in self.tied() {
            let (positives, negatives) = tied.classes(weights);
            sweep.step(f64::from(tied.score), positives, negatives);
        }
        sweep.finish(self.confusion(weights).f1())
    }
}

/// The Mann–Whitney count, fed from the highest score down: which share of (positive, negative) pairs is ranked
/// rightly, equal scores counting half.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pairs {
    positives: usize,
    negatives: usize,
    /// Twice the number of pairs ranked rightly, ties counting one.
    right: u128,
}

impl Pairs {
    pub(crate) fn step(&mut self, positives: usize, negatives: usize) {
        // Each negative of this group is below every positive seen before, and tied with this group's.
        self.right += (negatives as u128) * (2 * self.positives as u128 + positives as u128);
        self.positives += positives;
        self.negatives += negatives;
    }

    /// The ROC AUC; `None` when one class is missing.
    pub(crate) fn auc(&self) -> Option<f64> {
        auc(self.right, self.positives, self.negatives)
    }
}

/// The ROC AUC from twice the number of pairs that are ranked rightly; `None` when one class is missing.
pub(crate) fn auc(right: u128, positives: usize, negatives: usize) -> Option<f64> {
    let all = positives as u128 * negatives as u128;
    (all > 0).then(|| right as f64 / (2.0 * all as f64))
}

/// Running sums from the highest score down.
#[derive(Default)]
struct Sweep {
    pairs: Pairs,
    /// Σ over score groups of precision × the group's positives.
    precision_sum: f64,
    squared_error: f64,
}

impl Sweep {
    fn step(&mut self, score: f64, positives: usize, negatives: usize) {
        if positives + negatives == 0 {
            return;
        }
        self.pairs.step(positives, negatives);
        if positives > 0 {
            let precision =
                self.pairs.positives as f64 / (self.pairs.positives + self.pairs.negatives) as f64;
            self.precision_sum += precision * positives as f64;
        }
        self.squared_error += positives as f64 * (1.0 - score).powi(2) + negatives as f64 * score.powi(2);
    }

    fn finish(&self, f1: Option<f64>) -> Statistics {
        let Pairs { positives, negatives, .. } = self.pairs;
        let total = positives + negatives;
        Statistics {
            f1,
            average_precision: (positives > 0).then(|| self.precision_sum / positives as f64),
            roc_auc: self.pairs.auc(),
            brier: (total > 0).then(|| self.squared_error / total as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close, repeated, weights};

    fn brute_auc(cases: &[Case]) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0.0);
        for a in cases.iter().filter(|c| c.positive) {
            for b in cases.iter().filter(|c| !c.positive) {
                let (Some(x), Some(y)) = (a.score, b.score) else { continue };
                pairs += 1.0;
                sum += if x > y {
                    1.0
                } else if x < y {
                    0.0
                } else {
                    0.5
                };
            }
        }
        (pairs > 0.0).then(|| sum / pairs)
    }

    fn brute_average_precision(cases: &[Case]) -> Option<f64> {
        let scored: Vec<(f32, bool)> = cases.iter().filter_map(|c| Some((c.score?, c.positive))).collect();
        let positives = scored.iter().filter(|c| c.1).count();
        if positives == 0 {
            return None;
        }
        // For each positive: the precision of everything scored at least as high.
        let sum: f64 = scored
            .iter()
            .filter(|c| c.1)
            .map(|own| {
                let above = scored.iter().filter(|c| c.0 >= own.0);
                let (hits, all) = above.fold((0, 0), |(h, n), c| (h + u32::from(c.1), n + 1));
                f64::from(hits) / f64::from(all)
            })
            .sum();
        Some(sum / positives as f64)
    }

    proptest! {
        #[test]
        fn the_sweep_equals_brute_force(cases in cases()) {
            let got = Ranked::new(&cases).statistics();
            prop_assert!(close(got.roc_auc, brute_auc(&cases)));
            prop_assert!(close(got.average_precision, brute_average_precision(&cases)));
            prop_assert_eq!(got.f1, Confusion::of(&cases).f1());
        }

        #[test]
        fn weights_are_repetitions(cases in cases(), weights in weights()) {
            let weights = &weights[..cases.len()];
            let (a, b) = (Ranked::new(&cases).weighted(weights), Ranked::new(&repeated(&cases, weights)).statistics());
            prop_assert!(close(a.roc_auc, b.roc_auc) && close(a.average_precision, b.average_precision));
            prop_assert!(close(a.f1, b.f1) && close(a.brier, b.brier));
        }

        #[test]
        fn order_does_not_matter(cases in cases()) {
            let mut reversed = cases.clone();
            reversed.reverse();
            let (a, b) = (Ranked::new(&cases).statistics(), Ranked::new(&reversed).statistics());
            prop_assert!(close(a.roc_auc, b.roc_auc) && close(a.average_precision, b.average_precision));
        }

        #[test]
        fn everything_stays_within_bounds(cases in cases()) {
            let s = Ranked::new(&cases).statistics();
            for value in [s.f1, s.average_precision, s.roc_auc, s.brier] {
                prop_assert!(value.is_none_or(|v| (0.0..=1.0).contains(&v)));
            }
        }
    }

    #[test]
    fn one_class_leaves_the_auc_undefined() {
        let cases = [Case { score: Some(0.2), positive: true, flagged: false }; 3];
        let statistics = Ranked::new(&cases).statistics();
        assert_eq!(statistics.roc_auc, None);
        assert_eq!(statistics.average_precision, Some(1.0));
    }

    #[test]
    fn nothing_leaves_everything_undefined() {
        assert_eq!(Ranked::new(&[]).statistics(), Statistics::default());
    }
}
