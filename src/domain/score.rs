//! Scores: calibrated probabilities, never NaN, never outside 0..=1.

use crate::domain::taxonomy::Category;

/// The number is not a probability.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a score: a score is a probability from 0 to 1")]
pub struct ScoreError(f32);

/// A calibrated probability, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f32);

impl Score {
    pub const ZERO: Self = Self(0.0);

    /// # Errors
    /// When `value` is NaN or outside 0..=1.
    pub fn new(value: f32) -> Result<Self, ScoreError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(ScoreError(value)) }
    }

    /// The logistic function of a calibrated logit: 1 / (1 + e⁻ˣ). NaN becomes an error, ±∞ become 1 and 0.
    ///
    /// # Errors
    /// When `logit` is NaN.
    pub fn from_logit(logit: f32) -> Result<Self, ScoreError> {
        Self::new(1.0 / (1.0 + (-logit).exp()))
    }

    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// One score for every category, in the order of [`Category::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores([Score; Category::COUNT]);

impl Scores {
    #[must_use]
    pub const fn new(scores: [Score; Category::COUNT]) -> Self {
        Self(scores)
    }

    #[must_use]
    pub const fn get(&self, category: Category) -> Score {
        self.0[category.index()]
    }

    /// Pairs in the order of [`Category::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Category, Score)> + '_ {
        Category::ALL.into_iter().map(|c| (c, self.get(c)))
    }

    /// The larger score of the two, category by category: how windows of one text are put together.
    #[must_use]
    pub fn max(self, other: &Self) -> Self {
        let mut out = self;
        for category in Category::ALL {
            if other.get(category) > out.get(category) {
                out.0[category.index()] = other.get(category);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_out_of_range_are_refused() {
        for bad in [f32::NAN, -0.1, 1.1, f32::INFINITY] {
            assert!(Score::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn extreme_logits_saturate() {
        assert_eq!(Score::from_logit(f32::INFINITY), Ok(Score(1.0)));
        assert_eq!(Score::from_logit(-1e30), Ok(Score(0.0)));
        assert_eq!(Score::from_logit(0.0), Ok(Score(0.5)));
    }
}
