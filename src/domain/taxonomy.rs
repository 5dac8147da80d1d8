//! What a text may be. Definitions with should/should-not lists stand in `docs/TAXONOMY.md`, mapped
//! there to the TVEC policy points.

use std::fmt;
use std::str::FromStr;

/// Version of the category definitions; written into every model bundle, which must match.
pub const TAXONOMY_VERSION: u32 = 1;

/// A name that is no category of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a category; the categories are extremism/support, extremism/recruitment, extremism/incitement, threat, hate, toxicity"
)]
pub struct UnknownCategory(String);

/// A name that is no context of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a context; the contexts are reporting, counter_speech, religious_or_political, none")]
pub struct UnknownContext(String);

/// One head of the model: each is scored on its own, a text may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Praise, support or promotion of a violent extremist actor, attack or ideology.
    Support,
    /// Invites to join, directs to its channels, solicits support, calls to act for it.
    Recruitment,
    /// Incites or glorifies violence for an ideological end or against a protected group.
    Incitement,
    /// A threat to kill or injure.
    Threat,
    /// Attacks or dehumanises people for a protected characteristic.
    Hate,
    /// Rude or abusive.
    Toxicity,
}

impl Category {
    pub const COUNT: usize = 6;
    pub const ALL: [Self; Self::COUNT] =
        [Self::Support, Self::Recruitment, Self::Incitement, Self::Threat, Self::Hate, Self::Toxicity];

    /// Position in [`Category::ALL`] and in every array of scores.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name on the wire, in recipes, manifests and reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Support => "extremism/support",
            Self::Recruitment => "extremism/recruitment",
            Self::Incitement => "extremism/incitement",
            Self::Threat => "threat",
            Self::Hate => "hate",
            Self::Toxicity => "toxicity",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(s: &str) -> Result<Self, UnknownCategory> {
        Self::ALL.into_iter().find(|c| c.id() == s).ok_or_else(|| UnknownCategory(s.to_owned()))
    }
}

/// How a text speaks about its subject. Advises reviewers; lowers no score by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// News, history, research, documentation.
    Reporting,
    /// Answers back to hate or extremism.
    CounterSpeech,
    /// Scripture, devotion, political speech.
    ReligiousOrPolitical,
    /// None of these.
    None,
}

impl Context {
    pub const COUNT: usize = 4;
    pub const ALL: [Self; Self::COUNT] =
        [Self::Reporting, Self::CounterSpeech, Self::ReligiousOrPolitical, Self::None];

    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Reporting => "reporting",
            Self::CounterSpeech => "counter_speech",
            Self::ReligiousOrPolitical => "religious_or_political",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Context {
    type Err = UnknownContext;

    fn from_str(s: &str) -> Result<Self, UnknownContext> {
        Self::ALL.into_iter().find(|c| c.id() == s).ok_or_else(|| UnknownContext(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_parses_back() {
        for category in Category::ALL {
            assert_eq!(category.id().parse(), Ok(category));
            assert_eq!(Category::ALL[category.index()], category);
        }
        for context in Context::ALL {
            assert_eq!(context.id().parse(), Ok(context));
            assert_eq!(Context::ALL[context.index()], context);
        }
    }
}
