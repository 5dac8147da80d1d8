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
