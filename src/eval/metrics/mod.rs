//! Metrics of scored and decided cases, each with its formula, range, source, and when it is not defined. A metric
//! that is not defined on the cases at hand is `None`, never NaN and never a made-up 0.
//!
//! Whatever is to be resampled takes the cases together with a whole-number weight for each, because a bootstrap
//! resample is nothing else: how often each case was drawn. A weight of 2 is the same as the case written twice.
//!
//! ```text
//! ranking      average precision, ROC AUC, Brier: one sweep from the highest score down
//! operating    rates at a threshold, at a fixed false-positive rate or recall, precision at k, at a prevalence
//! calibration  calibration errors, reliability bins, log loss
//! selective    risk against coverage
//! curves       ROC and precision-recall curves to draw, with bands
//! bias         AUCs and error rates per identity
//! counterfactual, evidence    what changes when an identity, or the evidence, is taken out
//! ```

#[cfg(test)]
pub(crate) mod arbitrary;
pub mod bias;
pub mod calibration;
pub mod counterfactual;
pub mod curves;
pub mod evidence;
pub mod operating;
pub mod ranking;
pub mod selective;

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

impl Case {
    /// Whether the decision is what the label says.
    #[must_use]
    pub fn right(&self) -> bool {
        self.flagged == self.positive
    }
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
            out.add(case.flagged, case.positive, 1);
        }
        out
    }

    /// Counts case `i` `weights[i]` times.
    ///
    /// # Panics
    /// When there is not one weight per case.
    #[must_use]
    pub fn weighted(cases: &[Case], weights: &[usize]) -> Self {
        assert_eq!(cases.len(), weights.len(), "every case has a weight");
        let mut out = Self::default();
        for (case, &weight) in cases.iter().zip(weights) {
            out.add(case.flagged, case.positive, weight);
        }
        out
    }

    fn add(&mut self, flagged: bool, positive: bool, weight: usize) {
        *match (flagged, positive) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (false, true) => &mut self.false_negatives,
        } += weight;
    }

    /// All cases.
    #[must_use]
    pub fn total(&self) -> usize {
        self.positives() + self.negatives()
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

    /// Cases that the decision says are positive.
    #[must_use]
    pub fn flagged(&self) -> usize {
        self.true_positives + self.false_positives
    }

    /// TP / (TP + FP), 0..=1. `None` when nothing was flagged.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.flagged())
    }

    /// TP / (TP + FN), 0..=1. `None` without positives.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.positives())
    }

    /// FP / (FP + TN), 0..=1. `None` without negatives.
    #[must_use]
    pub fn false_positive_rate(&self) -> Option<f64> {
        share(self.false_positives, self.negatives())
    }

    /// FN / (TP + FN), 0..=1. `None` without positives.
    #[must_use]
    pub fn false_negative_rate(&self) -> Option<f64> {
        share(self.false_negatives, self.positives())
    }

    /// (TP + TN) / all, 0..=1. `None` without cases.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.total())
    }

    /// Mean of the recalls of both classes, 0..=1; ½ for a coin (Brodersen et al., ICPR 2010). `None` when one
    /// class is missing.
    #[must_use]
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let specificity = share(self.true_negatives, self.negatives())?;
        Some(f64::midpoint(self.recall()?, specificity))
    }

    /// F1 = 2·TP / (2·TP + FP + FN), 0..=1, the harmonic mean of precision and recall (van Rijsbergen, "Information
    /// Retrieval", 1979). `None` when nothing is positive, by label or by decision.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        f1(self.true_positives, self.false_positives + self.false_negatives)
    }

    /// Macro-F1, 0..=1: the mean of the F1 of the positive and of the negative class, each taken as the one to find
    /// (the mean of F1s, not the F1 of means: Opitz and Burst, arXiv 1911.03347). `None` when either is.
    #[must_use]
    pub fn macro_f1(&self) -> Option<f64> {
        let negative = f1(self.true_negatives, self.false_positives + self.false_negatives)?;
        Some(f64::midpoint(self.f1()?, negative))
    }
}

fn f1(hits: usize, errors: usize) -> Option<f64> {
    share(2 * hits, 2 * hits + errors)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
