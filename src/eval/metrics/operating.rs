//! Metrics at one cut of the scores: a given threshold, or the best one within a bound.
//!
//! A cut takes tied scores together, since a threshold cannot part them. Cases without a score are never flagged,
//! and stay in the denominators: nobody would have looked at them.
//!
//! A cut that is chosen on the cases it is measured on shows what the ranking allows, not what a shipped threshold
//! will do: it is chosen with knowledge of the labels.

use crate::eval::intervals::Interval;
use crate::eval::intervals::binomial::clopper_pearson;
use crate::eval::metrics::Confusion;
use crate::eval::metrics::ranking::{Ranked, Step};

/// A cut and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// The lowest score that is flagged; `None` flags nothing.
    pub threshold: Option<f32>,
    pub confusion: Confusion,
}

/// Decisions when everything that scores at least `threshold` is flagged.
#[must_use]
pub fn at_threshold(ranked: &Ranked, weights: &[usize], threshold: f32) -> Confusion {
    let above = ranked.steps(weights).into_iter().take_while(|s| s.threshold >= threshold).last();
    at_step(ranked.confusion(weights), above).confusion
}

/// The cut with the highest recall whose false-positive rate is at most `max_rate`; of equals, the one with fewer
/// false positives. `None` when one class is missing. Where every cut is over the bound, the answer flags nothing.
#[must_use]
pub fn at_false_positive_rate(ranked: &Ranked, weights: &[usize], max_rate: f64) -> Option<OperatingPoint> {
    let whole = ranked.confusion(weights);
    if whole.positives() == 0 || whole.negatives() == 0 {
        return None;
    }
    let mut best: Option<Step> = None;
    for step in ranked.steps(weights) {
        if step.false_positives as f64 / whole.negatives() as f64 > max_rate {
            break;
        }
        if step.true_positives > best.map_or(0, |b| b.true_positives) {
            best = Some(step);
        }
    }
    Some(at_step(whole, best))
}

/// The highest cut whose recall is at least `min_recall`, hence the one with the fewest false positives. `None`
/// without positives, or where too many positives have no score to reach it.
#[must_use]
pub fn at_recall(ranked: &Ranked, weights: &[usize], min_recall: f64) -> Option<OperatingPoint> {
    let whole = ranked.confusion(weights);
    let positives = whole.positives();
    if positives == 0 {
        return None;
    }
    let reaches = |s: &Step| s.true_positives as f64 / positives as f64 >= min_recall;
    ranked.steps(weights).into_iter().find(reaches).map(|step| at_step(whole, Some(step)))
}

fn at_step(whole: Confusion, step: Option<Step>) -> OperatingPoint {
    let (true_positives, false_positives) = step.map_or((0, 0), |s| (s.true_positives, s.false_positives));
    let confusion = Confusion {
        true_positives,
        false_positives,
        true_negatives: whole.negatives() - false_positives,
        false_negatives: whole.positives() - true_positives,
    };
    OperatingPoint { threshold: step.map(|s| s.threshold), confusion }
}

/// Share of positives among the `k` highest scores, 0..=1. Where the k-th score is tied, the mean over all orders of
/// the tied cases (McSherry and Najork, "Computing information retrieval performance measures efficiently in the
/// presence of tied scores", ECIR 2008). `None` when `k` is 0 or fewer than `k` cases have a score.
#[must_use]
pub fn precision_at_k(ranked: &Ranked, weights: &[usize], k: usize) -> Option<f64> {
    if k == 0 {
        return None;
    }
    let (mut seen, mut hits) = (0, 0);
    for tied in ranked.tied() {
        let (positives, negatives) = tied.classes(weights);
        let size = positives + negatives;
        if seen + size >= k {
            let fraction = (k - seen) as f64 / size as f64;
            return Some((hits as f64 + positives as f64 * fraction) / k as f64);
        }
        seen += size;
        hits += positives;
    }
    None
}

/// Precision where a share `prevalence` of all texts is positive, by Bayes' rule: r·π / (r·π + f·(1 − π)), 0..=1,
/// with recall r and false-positive rate f. `None` when nothing would be flagged.
///
/// Holds where positives and negatives are like the measured ones, and only their share differs.
#[must_use]
pub fn reweighted_precision(recall: f64, false_positive_rate: f64, prevalence: f64) -> Option<f64> {
    let right = recall * prevalence;
    let all = right + false_positive_rate * (1.0 - prevalence);
    (all > 0.0).then(|| right / all)
}

/// [`reweighted_precision`] of counted decisions, with an interval of at least 95 %. `None` when one class is missing
/// or nothing was flagged.
///
/// The ends are those of Clopper–Pearson intervals of recall and false-positive rate at a confidence of √0.95 each:
/// the two are counted on different cases, so both hold at once with 0.95. A bootstrap would not do: without a false
/// alarm in the cases no resample has one, and precision would be 1 to 1 at any prevalence.
#[must_use]
pub fn precision_at_prevalence(confusion: &Confusion, prevalence: f64) -> Option<(f64, Interval)> {
    let value = reweighted_precision(confusion.recall()?, confusion.false_positive_rate()?, prevalence)?;
    let confidence = 0.95f64.sqrt();
    let recall = clopper_pearson(confusion.true_positives, confusion.positives(), confidence)?;
    let alarms = clopper_pearson(confusion.false_positives, confusion.negatives(), confidence)?;
    // The upper end of a rate is above 0, so neither end is undefined.
    let low = reweighted_precision(recall.low, alarms.high, prevalence)?;
    let high = reweighted_precision(recall.high, alarms.low, prevalence)?;
    Some((value, Interval { low, high }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close, repeated, reversed, weights};

    proptest! {
        #[test]
        fn no_allowed_cut_has_a_higher_recall(cases in cases(), bound in 0.0f64..=1.0) {
            let ranked = Ranked::new(&cases);
            let once = ranked.once();
            let Some(found) = at_false_positive_rate(&ranked, &once, bound) else { return Ok(()) };
            prop_assert!(found.confusion.false_positive_rate().unwrap() <= bound);
            for threshold in cases.iter().filter_map(|c| c.score) {
                let other = at_threshold(&ranked, &once, threshold);
                let allowed = other.false_positive_rate().unwrap() <= bound;
                prop_assert!(!allowed || other.true_positives <= found.confusion.true_positives);
            }
        }

        #[test]
        fn no_sufficient_cut_has_fewer_false_positives(cases in cases(), bound in 0.01f64..=1.0) {
            let ranked = Ranked::new(&cases);
            let once = ranked.once();
            let found = at_recall(&ranked, &once, bound);
            for threshold in cases.iter().filter_map(|c| c.score) {
                let other = at_threshold(&ranked, &once, threshold);
                if other.recall().is_some_and(|r| r >= bound) {
                    prop_assert!(found.unwrap().confusion.false_positives <= other.false_positives);
                }
            }
        }

        #[test]
        fn weights_are_repetitions(cases in cases(), weights in weights(), k in 1usize..30, bound in 0.0f64..=1.0) {
            let weights = &weights[..cases.len()];
            let (ranked, written) = (Ranked::new(&cases), Ranked::new(&repeated(&cases, weights)));
            let once = written.once();
            prop_assert_eq!(at_recall(&ranked, weights, bound), at_recall(&written, &once, bound));
            prop_assert_eq!(
                at_false_positive_rate(&ranked, weights, bound),
                at_false_positive_rate(&written, &once, bound)
            );
            prop_assert!(close(precision_at_k(&ranked, weights, k), precision_at_k(&written, &once, k)));
        }

        #[test]
        fn order_does_not_matter(cases in cases(), k in 1usize..30, bound in 0.0f64..=1.0) {
            let (ranked, turned) = (Ranked::new(&cases), Ranked::new(&reversed(&cases)));
            let once = ranked.once();
            prop_assert_eq!(precision_at_k(&ranked, &once, k), precision_at_k(&turned, &once, k));
            prop_assert_eq!(at_recall(&ranked, &once, bound), at_recall(&turned, &once, bound));
        }

        #[test]
        fn precision_at_its_own_prevalence_is_precision(cases in cases()) {
            let c = Confusion::of(&cases);
            let prevalence = c.positives() as f64 / c.total().max(1) as f64;
            if let Some((value, interval)) = precision_at_prevalence(&c, prevalence) {
                prop_assert!(close(Some(value), c.precision()));
                prop_assert!(0.0 <= interval.low && interval.low <= value);
                prop_assert!(value <= interval.high && interval.high <= 1.0);
            }
        }
    }

    #[test]
    fn no_false_alarm_in_few_texts_promises_little_where_positives_are_rare() {
        let c = Confusion { true_positives: 40, false_positives: 0, true_negatives: 44, false_negatives: 4 };
        let (value, interval) = precision_at_prevalence(&c, 0.001).unwrap();
        assert!((value - 1.0).abs() < 1e-12 && interval.low < 0.02, "{interval:?}");
    }
}
