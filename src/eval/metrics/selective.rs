//! How the error falls when the subject may leave the least certain cases to people: risk against coverage (El-Yaniv
//! and Wiener, JMLR 11, 2010; Geifman and El-Yaniv, NeurIPS 2017).
//!
//! **Which confidence.** That of the decision that was made: the score where the case was flagged, 1 − score where it
//! was not. For a calibrated score it is the probability that the decision is right, whatever the threshold; at a
//! threshold of ½ it is the usual max(p, 1 − p). Cases without a score have no confidence and are in no number here.

use crate::eval::metrics::Case;
use crate::eval::metrics::curves::{Point, thinned};
use crate::eval::metrics::ranking::Ranked;

/// Cases sorted once by falling confidence.
#[derive(Debug, Clone)]
pub struct Selective {
    /// The same cases, with confidence for score and "the decision was wrong" for positive.
    by_confidence: Ranked,
}

impl Selective {
    #[must_use]
    pub fn new(cases: &[Case]) -> Self {
        let judged: Vec<Case> = cases
            .iter()
            .map(|c| {
                let confidence = c.score.map(|s| if c.flagged { s } else { 1.0 - s });
                Case { score: confidence, positive: !c.right(), flagged: false }
            })
            .collect();
        Self { by_confidence: Ranked::new(&judged) }
    }

    /// Area under the risk–coverage curve, 0..=1, lower is better: the mean over i = 1..=n of the share of wrong
    /// decisions among the i most confident cases; where the i-th is tied, the mean over all orders of the tied. A
    /// subject whose confidence says nothing has its error rate. `None` without scored cases.
    #[must_use]
    pub fn area(&self, weights: &[usize]) -> Option<f64> {
        let (mut seen, mut wrong, mut sum) = (0usize, 0usize, 0.0);
        for tied in self.by_confidence.tied() {
            let (errors, hits) = tied.classes(weights);
            let size = errors + hits;
            for j in 1..=size {
                let expected = wrong as f64 + errors as f64 * j as f64 / size as f64;
                sum += expected / (seen + j) as f64;
            }
            seen += size;
            wrong += errors;
        }
        (seen > 0).then(|| sum / seen as f64)
    }

    /// The curve: x is coverage (share of the scored cases that are decided, most confident first), y the share of
    /// wrong decisions among them, `at` the least confidence among them. One point per distinct confidence, thinned.
    #[must_use]
    pub fn curve(&self) -> Vec<Point> {
        let scored = self.by_confidence.scored() as f64;
        let steps = self.by_confidence.steps(&self.by_confidence.once());
        let points = steps.iter().map(|s| {
            let covered = (s.true_positives + s.false_positives) as f64;
            let at = Some(f64::from(s.threshold));
            Point { x: covered / scored, y: s.true_positives as f64 / covered, at }
        });
        thinned(&points.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::metrics::arbitrary::{cases, close, repeated, weights};

    fn area(cases: &[Case]) -> Option<f64> {
        Selective::new(cases).area(&vec![1; cases.len()])
    }

    proptest! {
        #[test]
        fn weights_are_repetitions(cases in cases(), weights in weights()) {
            let weights = &weights[..cases.len()];
            prop_assert!(close(Selective::new(&cases).area(weights), area(&repeated(&cases, weights))));
        }

        #[test]
        fn the_curve_ends_at_the_error_rate_of_all(cases in cases()) {
            let scored: Vec<Case> = cases.iter().copied().filter(|c| c.score.is_some()).collect();
            let curve = Selective::new(&cases).curve();
            prop_assert_eq!(curve.is_empty(), scored.is_empty());
            if let Some(last) = curve.last() {
                let wrong = scored.iter().filter(|c| !c.right()).count();
                prop_assert!(close(Some(last.y), Some(wrong as f64 / scored.len() as f64)));
                prop_assert!(close(Some(last.x), Some(1.0)));
                prop_assert!(area(&cases).is_some_and(|a| (0.0..=1.0).contains(&a)));
            }
        }

        #[test]
        fn confidence_that_says_nothing_has_the_error_rate(labels in proptest::collection::vec(any::<bool>(), 1..30)) {
            let cases: Vec<Case> =
                labels.iter().map(|&positive| Case { score: Some(0.7), positive, flagged: true }).collect();
            let wrong = labels.iter().filter(|l| !**l).count() as f64;
            prop_assert!(close(area(&cases), Some(wrong / labels.len() as f64)));
        }
    }
}
