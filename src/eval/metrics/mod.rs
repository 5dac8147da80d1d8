//! Metrics of scored and decided cases, each with its formula and source. All of them accept whole-number
//! weights per case, because a bootstrap resample is nothing else: how often each case was drawn.
//!
//! A metric that is not defined on the cases at hand is `None`, never NaN and never a made-up 0.

/// One case with a known label, as the metrics see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// Calibrated probability, 0..=1; `None` when the subject abstained.
    pub score: Option<f32>,
    /// Whether the label says the target applies.
    pub positive: bool,
    /// Whether the subject said so at its own threshold; an abstention never does.
    pub flagged: bool,
}

/// How decisions and labels meet; weighted counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confusion {
    pub true_positives: usize,
    pub false_positives: usize,
    pub true_negatives: usize,
    pub false_negatives: usize,
}

impl Confusion {
    /// Counts every case once. Abstentions count as not flagged: nobody would have looked.
    #[must_use]
    pub fn of(cases: &[Case]) -> Self {
        let mut out = Self::default();
        for case in cases {
            out.add(case, 1);
        }
        out
    }

    fn add(&mut self, case: &Case, weight: usize) {
        *match (case.flagged, case.positive) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (false, true) => &mut self.false_negatives,
        } += weight;
    }

    /// Cases that the label says are positive.
    #[must_use]
    pub fn positives(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    /// Cases that the label says are negative.
    #[must_use]
    pub fn negatives(&self) -> usize {
        self.false_positives + self.true_negatives
    }

    /// F1 = 2·TP / (2·TP + FP + FN), the harmonic mean of precision and recall (van Rijsbergen, "Information
    /// Retrieval", 1979). `None` when nothing is positive, by label or by decision.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let whole = 2 * self.true_positives + self.false_positives + self.false_negatives;
        (whole > 0).then(|| 2.0 * self.true_positives as f64 / whole as f64)
    }
}

/// Cases sorted once by falling score, so that every resample is measured in one pass.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Scored cases by falling score, then those without a score.
    cases: Vec<Case>,
    /// Position of `cases[i]` in the input; ties keep the input's order.
    origin: Vec<usize>,
    scored: usize,
}

/// The metrics that come out of one pass over [`Ranked`] cases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    pub f1: Option<f64>,
    pub average_precision: Option<f64>,
    pub roc_auc: Option<f64>,
    pub brier: Option<f64>,
}

impl Ranked {
    #[must_use]
    pub fn new(cases: &[Case]) -> Self {
        let mut origin: Vec<usize> = (0..cases.len()).collect();
        // `None` sorts last: -1 is below every score.
        let key = |i: usize| cases[i].score.unwrap_or(-1.0);
        origin.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
        let scored = cases.iter().filter(|c| c.score.is_some()).count();
        Self { cases: origin.iter().map(|&i| cases[i]).collect(), origin, scored }
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
        self.scored
    }

    /// Every metric with every case counted once.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.weighted(|_| 1)
    }

    /// Every metric with case `i` of the input counted `weight(i)` times.
    ///
    /// - **Average precision** = Σ (Rₜ − Rₜ₋₁)·Pₜ over the distinct scores t from the highest down, tied cases
    ///   entering together; scikit-learn's `average_precision_score`, without interpolation. `None` without a
    ///   scored positive.
    /// - **ROC AUC** = P(score of a positive > score of a negative) + ½·P(equal): the Mann–Whitney U statistic
    ///   over P·N (Hanley and McNeil, Radiology 143, 1982). `None` when one class is missing.
    /// - **Brier score** = mean of (score − label)² (Brier, Monthly Weather Review 78, 1950). `None` without
    ///   scored cases.
    pub fn weighted(&self, weight: impl Fn(usize) -> usize) -> Statistics {
        let mut confusion = Confusion::default();
        for (case, &i) in self.cases.iter().zip(&self.origin) {
            confusion.add(case, weight(i));
        }
        let mut sweep = Sweep::default();
        let mut at = 0;
        while at < self.scored {
            let score = self.cases[at].score;
            let (mut positives, mut negatives) = (0, 0);
            while at < self.scored && self.cases[at].score == score {
                let count = weight(self.origin[at]);
                if self.cases[at].positive {
                    positives += count;
                } else {
                    negatives += count;
                }
                at += 1;
            }
            sweep.step(f64::from(score.unwrap_or_default()), positives, negatives);
        }
        sweep.finish(confusion.f1())
    }
}

/// Running sums from the highest score down.
#[derive(Default)]
struct Sweep {
    positives: usize,
    negatives: usize,
    /// Σ over score groups of precision × the group's positives.
    precision_sum: f64,
    /// Twice the number of (positive, negative) pairs ranked rightly, ties counting one.
    pairs: u128,
    squared_error: f64,
}

impl Sweep {
    fn step(&mut self, score: f64, positives: usize, negatives: usize) {
        if positives + negatives == 0 {
            return;
        }
        // Each negative of this group is below every positive seen before, and tied with this group's.
        self.pairs += (negatives as u128) * (2 * self.positives as u128 + positives as u128);
        self.positives += positives;
        self.negatives += negatives;
        if positives > 0 {
            let precision = self.positives as f64 / (self.positives + self.negatives) as f64;
            self.precision_sum += precision * positives as f64;
        }
        self.squared_error += positives as f64 * (1.0 - score).powi(2) + negatives as f64 * score.powi(2);
    }

    fn finish(&self, f1: Option<f64>) -> Statistics {
        let total = self.positives + self.negatives;
        let all_pairs = self.positives as u128 * self.negatives as u128;
        Statistics {
            f1,
            average_precision: (self.positives > 0).then(|| self.precision_sum / self.positives as f64),
            roc_auc: (all_pairs > 0).then(|| self.pairs as f64 / (2.0 * all_pairs as f64)),
            brier: (total > 0).then(|| self.squared_error / total as f64),
        }
    }
}

/// Bins of [`expected_calibration_error`].
pub const CALIBRATION_BINS: usize = 10;

/// Expected calibration error over ten bins of equal width, [0, 0.1), …, [0.9, 1]: Σ (n_b / n)·|mean score −
/// share of positives| (Naeini, Cooper and Hauskrecht, AAAI 2015, for the binary case). `None` without scored cases.
///
/// It is never negative, so resampling noise only adds to it: it carries no bootstrap interval.
#[must_use]
pub fn expected_calibration_error(cases: &[Case]) -> Option<f64> {
    let mut bins = [(0.0f64, 0usize); CALIBRATION_BINS];
    let mut scored = 0usize;
    for case in cases {
        let Some(score) = case.score.map(f64::from) else { continue };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a score is within 0..=1"
        )]
        let bin = ((score * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
        bins[bin].0 += score - f64::from(u8::from(case.positive));
        bins[bin].1 += 1;
        scored += 1;
    }
    // n_b/n · |Σ(score − label)/n_b| is |Σ(score − label)|/n.
    (scored > 0).then(|| bins.iter().map(|(gap, _)| gap.abs()).sum::<f64>() / scored as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cases() -> impl Strategy<Value = Vec<Case>> {
        // Few distinct scores, so that ties are the rule.
        let score = prop_oneof![8 => (0u8..=10).prop_map(|s| Some(f32::from(s) / 10.0)), 1 => Just(None)];
        proptest::collection::vec(
            (score, any::<bool>()).prop_map(|(score, positive)| Case {
                score,
                positive,
                flagged: score.is_some_and(|s| s >= 0.5),
            }),
            0..40,
        )
    }

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

    fn close(a: Option<f64>, b: Option<f64>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        }
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
        fn weights_are_repetitions(cases in cases(), weights in proptest::collection::vec(0usize..4, 40)) {
            let repeated: Vec<Case> =
                cases.iter().enumerate().flat_map(|(i, c)| std::iter::repeat_n(*c, weights[i])).collect();
            let (a, b) = (Ranked::new(&cases).weighted(|i| weights[i]), Ranked::new(&repeated).statistics());
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
            for value in [s.f1, s.average_precision, s.roc_auc, s.brier, expected_calibration_error(&cases)] {
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
        assert_eq!(expected_calibration_error(&[]), None);
    }
}
