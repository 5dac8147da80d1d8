//! From our heads to the keys of an answer: OpenAI's thirteen, so that clients written for it go on
//! working, and ours.
//!
//! An OpenAI key that one of our heads speaks to takes its value; `a/b` pairs take the lower of the two,
//! since both must hold. Where we have no head (self-harm, sexual, illicit, graphic violence) the key is
//! there with `false`, `0.0` and no input types: *not read*, rather than *read and found harmless*.

use std::collections::BTreeMap;

use crate::domain::moderation::Moderation;
use crate::domain::taxonomy::Category;

/// One value for each key.
pub type ByKey<T> = BTreeMap<&'static str, T>;

/// OpenAI's keys that we do not read.
pub const UNREAD: [&str; 8] = [
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence/graphic",
];

/// The three maps of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub categories: ByKey<bool>,
    pub scores: ByKey<f32>,
    /// `["text"]` where a head of ours has read the text, `[]` elsewhere.
    pub input_types: ByKey<Vec<&'static str>>,
}

/// How a key follows from our heads.
#[derive(Clone, Copy)]
enum Rule {
    /// The combined probability; applies exactly when the text is flagged.
    Extremism,
    Head(Category),
    Both(Category, Category),
    Either(Category, Category),
}

const RULES: [(&str, Rule); 11] = [
    ("extremism", Rule::Extremism),
    ("extremism/incitement", Rule::Head(Category::Incitement)),
    ("extremism/recruitment", Rule::Head(Category::Recruitment)),
    ("extremism/support", Rule::Head(Category::Support)),
    ("harassment", Rule::Head(Category::Toxicity)),
    ("harassment/threatening", Rule::Both(Category::Toxicity, Category::Threat)),
    ("hate", Rule::Head(Category::Hate)),
    ("hate/threatening", Rule::Both(Category::Hate, Category::Threat)),
    ("threat", Rule::Head(Category::Threat)),
    ("toxicity", Rule::Head(Category::Toxicity)),
    ("violence", Rule::Either(Category::Threat, Category::Incitement)),
];

impl Answer {
    #[must_use]
    pub fn of(moderation: &Moderation) -> Self {
        let mut answer = Self {
            categories: UNREAD.map(|key| (key, false)).into(),
            scores: UNREAD.map(|key| (key, 0.0)).into(),
            input_types: UNREAD.map(|key| (key, Vec::new())).into(),
        };
        for (key, rule) in RULES {
            answer.categories.insert(key, rule.applies(moderation));
            answer.scores.insert(key, rule.score(moderation).unwrap_or(0.0));
            answer.input_types.insert(key, if rule.reads(moderation) { vec!["text"] } else { Vec::new() });
        }
        answer
    }
}

impl Rule {
    fn applies(self, moderation: &Moderation) -> bool {
        let head = |c: Category| moderation.outcome.categories[c.index()];
        match self {
            Self::Extremism => moderation.outcome.flagged(),
            Self::Head(c) => head(c),
            Self::Both(a, b) => head(a) && head(b),
            Self::Either(a, b) => head(a) || head(b),
        }
    }

    /// Whether the key's head has read the text. The first stage of a cascade has no heads but its one score.
    fn reads(self, moderation: &Moderation) -> bool {
        self.score(moderation).is_some()
    }

    /// `None` when the language could not be read, and for the heads where the first stage alone has read.
    fn score(self, moderation: &Moderation) -> Option<f32> {
        let reading = moderation.assessment.reading.as_ref()?;
        if let Self::Extremism = self {
            return Some(reading.extremism.get());
        }
        let scores = &reading.heads()?.scores;
        let head = |c: Category| scores.get(c).get();
        Some(match self {
            Self::Extremism => reading.extremism.get(),
            Self::Head(c) => head(c),
            Self::Both(a, b) => head(a).min(head(b)),
            Self::Either(a, b) => head(a).max(head(b)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_openai_and_of_ours_is_there_once() {
        let openai = [
            "harassment",
            "harassment/threatening",
            "hate",
            "hate/threatening",
            "illicit",
            "illicit/violent",
            "self-harm",
            "self-harm/instructions",
            "self-harm/intent",
            "sexual",
            "sexual/minors",
            "violence",
            "violence/graphic",
        ];
        let keys: Vec<&str> = RULES.iter().map(|(key, _)| *key).chain(UNREAD).collect();
        for key in openai.into_iter().chain(Category::ALL.map(Category::id)).chain(["extremism"]) {
            assert_eq!(keys.iter().filter(|k| **k == key).count(), 1, "{key}");
        }
    }
}
