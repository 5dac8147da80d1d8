//! From numbers to what the platform is told. Pure: the same assessment always has the same outcome.

use std::fmt;
use std::str::FromStr;

use crate::domain::assessment::Assessment;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;

/// How soon a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    None,
    Review,
    Urgent,
}

impl Band {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Review => "review",
            Self::Urgent => "urgent",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A name that is no band.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a band; the bands are none, review, urgent")]
pub struct UnknownBand(String);

impl FromStr for Band {
    type Err = UnknownBand;

    fn from_str(s: &str) -> Result<Self, UnknownBand> {
        [Self::None, Self::Review, Self::Urgent]
            .into_iter()
            .find(|b| b.id() == s)
            .ok_or_else(|| UnknownBand(s.to_owned()))
    }
}

/// The rules in force: the thresholds of a bundle, or an operator's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Names this set of rules in every answer, e.g. `default-1`.
    pub version: String,
    /// `extremism` at or above this goes to review.
    pub review: Score,
    /// `extremism` at or above this is urgent; not below `review`.
    pub urgent: Score,
    /// At or above this a category is said to apply, in the order of [`Category::ALL`].
    pub categories: [Score; Category::COUNT],
}

/// What the policy made of an assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub band: Band,
    /// Whether each category applies, in the order of [`Category::ALL`].
    pub categories: [bool; Category::COUNT],
}

impl Policy {
    /// An unreadable language gives band `none` and no category: a number would be made up. So does the first stage
    /// alone: what it stops is what the encoder, as far as was certified, would say nothing of.
    #[must_use]
    pub fn evaluate(&self, assessment: &Assessment) -> Outcome {
        let read = assessment.reading.as_ref().and_then(|r| Some((r, r.heads()?)));
        let Some((reading, heads)) = read else {
            return Outcome { band: Band::None, categories: [false; Category::COUNT] };
        };
        let categories = Category::ALL.map(|c| self.applies(c, heads.scores.get(c)));
        Outcome { band: self.band(reading.extremism), categories }
    }

    /// How soon a person should look at a text of this `extremism`.
    #[must_use]
    pub fn band(&self, extremism: Score) -> Band {
        if extremism >= self.urgent {
            Band::Urgent
        } else if extremism >= self.review {
            Band::Review
        } else {
            Band::None
        }
    }

    /// Whether a category applies at this score.
    #[must_use]
    pub fn applies(&self, category: Category, score: Score) -> bool {
        score >= self.categories[category.index()]
    }
}

impl Outcome {
    /// Flagged means: a person is asked to look.
    #[must_use]
    pub fn flagged(&self) -> bool {
        self.band != Band::None
    }
}
