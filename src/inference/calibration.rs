//! From logits to probabilities that mean what they say, and from six of them to one.

use crate::domain::assessment::{Heads, Reading, Stage};
use crate::domain::score::{Score, ScoreError, Scores};
use crate::domain::taxonomy::{Category, Context};
use crate::inference::classifier::Logits;
use crate::inference::correction::Correction;

/// How the categories are combined into `extremism`.
///
/// A noisy or (Pearl 1988) with a weight for each category and a correction on top:
/// the evidence is s = Σ wᵢ · −ln(1 − pᵢ), the combined probability before correction 1 − e⁻ˢ. With wᵢ ≥ 0 it never
/// falls when a category's score rises.
#[derive(Debug, Clone, PartialEq)]
pub struct Combination {
    /// In the order of [`Category::ALL`], none negative.
    pub weights: [f32; Category::COUNT],
    pub correction: Correction,
}

/// −ln(1 − sigmoid(x)) = ln(1 + eˣ), without overflow.
fn evidence(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Combination {
    /// The logit of the noisy or, before its correction; `logits` are calibrated.
    #[must_use]
    pub fn noisy_or(weights: &[f32; Category::COUNT], logits: &[f32; Category::COUNT]) -> f32 {
        let sum: f32 = weights.iter().zip(logits).map(|(w, x)| w * evidence(*x)).sum();
        // logit(1 − e⁻ˢ) = ln(eˢ − 1); for large s that is s itself.
        let sum = sum.max(1e-9);
        if sum > 20.0 { sum } else { sum.exp_m1().ln() }
    }
}

/// All corrections of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// In the order of [`Category::ALL`].
    pub categories: [Correction; Category::COUNT],
    pub combination: Combination,
}

impl Calibration {
    /// # Errors
    /// When a logit is NaN.
    pub fn read(&self, logits: &Logits) -> Result<Reading, ScoreError> {
        let (extremism, heads) = self.scores(logits)?;
        Ok(Reading { extremism, stage: Stage::Encoder(heads) })
    }

    fn scores(&self, logits: &Logits) -> Result<(Score, Heads), ScoreError> {
        let calibrated = self.calibrate(&logits.categories);
        let mut scores = [Score::ZERO; Category::COUNT];
        for (score, logit) in scores.iter_mut().zip(calibrated) {
            *score = Score::from_logit(logit)?;
        }
        let extremism = Score::from_logit(self.combine(&calibrated))?;
        Ok((extremism, Heads { scores: Scores::new(scores), context: softmax(&logits.context) }))
    }

    /// What the windows of one text say together, and which of them was the strongest; `None` without windows.
    ///
    /// The highest score of any window counts, category by category; the context is that of the window with the
    /// highest `extremism`. Averaging would let a long harmless text hide one sentence.
    ///
    /// # Errors
    /// When a logit is NaN.
    pub fn read_windows(&self, windows: &[Logits]) -> Result<Option<(Reading, usize)>, ScoreError> {
        let mut best: Option<(Score, Heads, usize)> = None;
        for (number, logits) in windows.iter().enumerate() {
            let (extremism, heads) = self.scores(logits)?;
            best = Some(match best {
                None => (extremism, heads, number),
                Some((highest, so_far, strongest)) => {
                    let scores = so_far.scores.max(&heads.scores);
                    let (extremism, context, strongest) = if extremism > highest {
                        (extremism, heads.context, number)
                    } else {
                        (highest, so_far.context, strongest)
                    };
                    (extremism, Heads { scores, context }, strongest)
                }
            });
        }
        Ok(best
            .map(|(extremism, heads, number)| (Reading { extremism, stage: Stage::Encoder(heads) }, number)))
    }

    /// Calibrated logits of the categories.
    #[must_use]
    pub fn calibrate(&self, logits: &[f32; Category::COUNT]) -> [f32; Category::COUNT] {
        let mut out = *logits;
        for (x, correction) in out.iter_mut().zip(&self.categories) {
            *x = correction.apply(*x);
        }
        out
    }

    /// Logit of `extremism`, from calibrated logits.
    #[must_use]
    pub fn combine(&self, calibrated: &[f32; Category::COUNT]) -> f32 {
        self.combination.correction.apply(Combination::noisy_or(&self.combination.weights, calibrated))
    }
}

fn softmax(logits: &[f32; Context::COUNT]) -> [f32; Context::COUNT] {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps = logits.map(|x| (x - largest).exp());
    let sum: f32 = exps.iter().sum();
    exps.map(|e| e / sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_certain_category_is_enough() {
        let weights = [1.0; Category::COUNT];
        let mut logits = [-9.0; Category::COUNT];
        assert!(Combination::noisy_or(&weights, &logits) < -6.0);
        logits[1] = 6.0;
        assert!((Combination::noisy_or(&weights, &logits) - 6.0).abs() < 0.5);
    }

    proptest! {
        #[test]
        fn never_falls_when_a_category_rises(
            logits in prop::array::uniform6(-30.0_f32..30.0),
            weights in prop::array::uniform6(0.0_f32..3.0),
            at in 0..Category::COUNT,
            by in 0.0_f32..5.0,
        ) {
            let before = Combination::noisy_or(&weights, &logits);
            let mut raised = logits;
            raised[at] += by;
            let after = Combination::noisy_or(&weights, &raised);
            prop_assert!(before.is_finite() && after >= before - 1e-4, "{before} {after}");
        }
    }
}
