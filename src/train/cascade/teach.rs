//! What the encoder says of each text: what the first stage learns from, and what it is held to.

use std::collections::HashMap;

use crate::data::example::Example;
use crate::data::split::clusters;
use crate::domain::assessment::{LanguageSupport, Reading};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::domain::text::Text;
use crate::inference::pipeline::Pipeline;
use crate::text::fingerprint::exact_hash;
use crate::text::normalize::normalize;
use crate::train::error::Error;

/// Texts given to the encoder between two words about progress.
const BATCH: usize = 128;
/// Logits further out say nothing more; and a probability of 0 or 1 has none.
const FURTHEST: f32 = 12.0;

/// A text that the encoder has read.
#[derive(Clone)]
pub struct Lesson {
    /// Normalised.
    pub text: String,
    pub language: &'static str,
    pub support: LanguageSupport,
    /// How far, in logits, the encoder is above (or below) the nearest threshold at which it says something: that of
    /// the review band or of a category.
    pub margin: f32,
    /// Whether the text reaches the review band.
    pub flagged: bool,
    /// Whether it does, or a category applies.
    pub said: bool,
}

/// `Debug` does not print the text: texts never reach logs.
impl std::fmt::Debug for Lesson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lesson")
            .field("margin", &self.margin)
            .field("flagged", &self.flagged)
            .finish_non_exhaustive()
    }
}

/// Has the encoder read `examples`, in their order; those in a language that it does not read are left out. The
/// pipeline's first stage must be off.
///
/// # Errors
/// When a text cannot be tokenised or the arithmetic fails.
pub fn read(
    pipeline: &mut Pipeline,
    examples: &[&Example],
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Lesson>, Error> {
    let policy = pipeline.policy().clone();
    let mut lessons = Vec::with_capacity(examples.len());
    for (i, batch) in examples.chunks(BATCH).enumerate() {
        let texts: Vec<Text> = batch
            .iter()
            .map(|e| Text::parse(e.text.as_str(), usize::MAX).expect("the reader leaves blank texts out"))
            .collect();
        for (text, assessment) in texts.iter().zip(pipeline.assess(&texts)?) {
            let Some(reading) = &assessment.reading else { continue };
            let outcome = policy.evaluate(&assessment);
            lessons.push(Lesson {
                text: normalize(text.as_str()).text().to_owned(),
                language: assessment.language,
                support: assessment.language_support,
                margin: margin(reading, &policy),
                flagged: outcome.flagged(),
                said: outcome.flagged() || outcome.categories.contains(&true),
            });
        }
        progress(i * BATCH + batch.len());
    }
    Ok(lessons)
}

/// See [`Lesson::margin`].
fn margin(reading: &Reading, policy: &Policy) -> f32 {
    let above = |score: Score, threshold: Score| logit(score) - logit(threshold);
    let categories = Category::ALL.into_iter().map(|c| above(reading.score(c), policy.categories[c.index()]));
    categories.fold(above(reading.extremism, policy.review), f32::max)
}

fn logit(score: Score) -> f32 {
    let p = score.get();
    (p / (1.0 - p)).ln().clamp(-FURTHEST, FURTHEST)
}

/// Of the near-copies of a text, and of the texts of one group, only one, that with the smallest hash: ten copies are
/// not ten independent pieces of evidence. In the order of the examples.
#[must_use]
pub fn independent<'a>(examples: &[&'a Example]) -> Vec<&'a Example> {
    let names = clusters(examples);
    let mut chosen: HashMap<u64, (u64, usize)> = HashMap::new();
    for (i, (name, example)) in names.iter().zip(examples).enumerate() {
        let one = (exact_hash(&example.text), i);
        chosen.entry(*name).and_modify(|so_far| *so_far = one.min(*so_far)).or_insert(one);
    }
    let kept = names.iter().enumerate().filter(|(i, name)| chosen[name].1 == *i);
    kept.map(|(i, _)| examples[i]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::example::Targets;
    use crate::domain::assessment::{Heads, Stage};
    use crate::domain::score::Scores;

    fn score(value: f32) -> Score {
        Score::new(value).unwrap()
    }

    #[test]
    fn the_margin_is_that_of_the_nearest_threshold() {
        let policy = Policy {
            version: "made-up-1".to_owned(),
            review: score(0.5),
            urgent: score(0.9),
            categories: [score(0.8); Category::COUNT],
        };
        let reading = |extremism: f32, threat: f32| {
            let mut scores = [score(0.01); Category::COUNT];
            scores[Category::Threat.index()] = score(threat);
            let heads = Heads { scores: Scores::new(scores), context: [0.25; 4] };
            Reading { extremism: score(extremism), stage: Stage::Encoder(heads) }
        };
        assert!(margin(&reading(0.5, 0.2), &policy).abs() < 1e-6);
        assert!(margin(&reading(0.1, 0.8), &policy).abs() < 1e-6);
        assert!(margin(&reading(0.1, 0.9), &policy) > 0.5);
        assert!(margin(&reading(0.1, 0.1), &policy) < -2.0);
        assert!(margin(&reading(1.0, 0.1), &policy) <= FURTHEST);
    }

    #[test]
    fn of_copies_and_of_a_group_one_is_left() {
        let example = |text: &str, group: Option<&str>| Example {
            id: String::new(),
            text: text.to_owned(),
            language: None,
            group: group.map(str::to_owned),
            targets: Targets::default(),
            slices: BTreeMap::new(),
            source: 0,
        };
        let examples = [
            example("the choir meets on monday evening", None),
            example("The choir meets on Monday evening!", None),
            example("tea is ready in the old hall", Some("a")),
            example("nobody has seen the green bicycle", Some("a")),
            example("rain is expected along the coast", None),
        ];
        let all: Vec<&Example> = examples.iter().collect();
        assert_eq!(independent(&all).len(), 3);
    }
}
