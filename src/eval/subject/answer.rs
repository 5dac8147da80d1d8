//! What a subject says of one text before its thresholds make a decision of it, in the one form that bundles,
//! baselines and endpoints share.

use crate::domain::assessment::{Assessment, LanguageSupport};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::eval::manifest::Target;

/// Scores for some targets or none. A target without a score is one that the subject does not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub extremism: Option<Score>,
    /// In the order of [`Category::ALL`].
    pub scores: [Option<Score>; Category::COUNT],
    /// What the subject took the language for; `und` when it does not say.
    pub language: String,
    pub language_support: LanguageSupport,
}

/// The code for a language that nobody named.
pub const UNDETERMINED: &str = "und";

/// What no score is asked to reach: the threshold of a target that the subject gives no score for.
const UNASKED: f32 = 1.0;

impl Answer {
    /// The answer that gives each target the score that `score` has for it.
    pub fn of(
        language: Option<&str>,
        language_support: LanguageSupport,
        score: impl Fn(Target) -> Option<Score>,
    ) -> Self {
        Self {
            extremism: score(Target::Extremism),
            scores: Category::ALL.map(|c| score(Target::Category(c))),
            language: language.unwrap_or(UNDETERMINED).to_owned(),
            language_support,
        }
    }

    /// No score for anything.
    #[must_use]
    pub fn abstention(language: Option<&str>, language_support: LanguageSupport) -> Self {
        Self::of(language, language_support, |_| None)
    }
}

/// A text that a first stage stopped has no score for a category. It counts as 0 there, not as unanswered: the bundle
/// did decide, and leaving it out would flatter it.
impl From<&Assessment> for Answer {
    fn from(assessment: &Assessment) -> Self {
        let reading = assessment.reading.as_ref();
        Self::of(Some(assessment.language), assessment.language_support, |target| match target {
            Target::Extremism => reading.map(|r| r.extremism),
            Target::Category(category) => reading.map(|r| r.score(category)),
        })
    }
}

/// The policy whose thresholds are those that `threshold` has for each target; a target that it has none for gets
/// 1, and no score to reach it. `urgent` of `None` is 1 too.
pub fn policy(version: String, urgent: Option<Score>, threshold: impl Fn(Target) -> Option<Score>) -> Policy {
    let or_unasked = |t: Option<Score>| t.unwrap_or_else(|| Score::new(UNASKED).expect("1 is a probability"));
    Policy {
        version,
        review: or_unasked(threshold(Target::Extremism)),
        urgent: or_unasked(urgent),
        categories: Category::ALL.map(|c| or_unasked(threshold(Target::Category(c)))),
    }
}
