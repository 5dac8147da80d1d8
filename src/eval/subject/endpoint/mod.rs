//! A service that is asked over HTTP, in one of the three shapes that moderation services speak.
//!
//! It gets as many texts at a time, and as many requests in a second, as its description allows; what it refuses
//! for want of capacity is asked again after the time it names. A text in a language it does not list is not sent:
//! the subject abstains. Predictions are kept chunk by chunk like those of any subject, so an interrupted run asks
//! for nothing twice but the chunk it was in.

mod caller;
pub mod cost;
mod shape;
mod spec;

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;

use crate::data::example::Example;
use crate::domain::assessment::{LanguageSupport, ModelRef};
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::eval::error::Error;
use crate::eval::manifest::Target;
use crate::eval::subject::answer::Answer;
use crate::eval::subject::endpoint::caller::Caller;
use crate::eval::subject::endpoint::cost::Cost;
use crate::eval::subject::endpoint::shape::Reply;
use crate::eval::subject::endpoint::spec::Spec;

/// An endpoint with its key, and what it has cost since it was last asked for that.
#[derive(Debug)]
pub struct Endpoint {
    spec: Spec,
    model: ModelRef,
    policy: Policy,
    caller: Caller,
    cost: Cost,
}

impl Endpoint {
    /// Reads a description: a file like those of `eval/endpoints`. The key is neither kept on disk nor printed.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown or missing keys, contradicts itself, or needs a key that is not
    /// there.
    pub fn open(path: &Path, key: Option<SecretString>) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Endpoint { path: path.to_owned(), reason };
        let (spec, digest) = Spec::parse(&fs_err::read_to_string(path)?).map_err(refuse)?;
        let model = ModelRef { name: spec.name.clone(), digest: format!("sha256:{digest}") };
        let policy = spec.policy().map_err(refuse)?;
        let caller = Caller::new(&spec, key).map_err(refuse)?;
        Ok(Self { spec, model, policy, caller, cost: Cost::default() })
    }

    /// The name of the description, and its digest: what runs behind the address is known to its owner only.
    #[must_use]
    pub const fn model(&self) -> &ModelRef {
        &self.model
    }

    /// The thresholds of the description.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was asked since the last call of this.
    pub fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// One answer for each case, in order.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, refuses, or answers in another shape.
    pub fn answer(&mut self, cases: &[Example]) -> Result<Vec<Answer>, Error> {
        let mut answers: Vec<Answer> = cases
            .iter()
            .map(|case| Answer::abstention(case.language.as_deref(), self.support(case)))
            .collect();
        let sent: Vec<usize> = (0..cases.len()).filter(|i| self.reads(&cases[*i])).collect();
        for batch in sent.chunks(self.spec.texts_per_request) {
            let texts: Vec<&str> = batch.iter().map(|i| cases[*i].text.as_str()).collect();
            let refuse = |reason| Error::Asked {
                name: self.spec.name.clone(),
                case: cases[batch[0]].id.clone(),
                reason,
            };
            let language = cases[batch[0]].language.as_deref();
            let replies = self.caller.ask(&self.spec, &texts, language, &mut self.cost).map_err(refuse)?;
            for (i, reply) in batch.iter().zip(replies) {
                answers[*i] = self.read(&cases[*i], reply).map_err(refuse)?;
            }
        }
        Ok(answers)
    }

    fn support(&self, case: &Example) -> LanguageSupport {
        match (&self.spec.languages, &case.language) {
            (Some(known), Some(code)) if known.iter().any(|k| primary(k) == primary(code)) => {
                LanguageSupport::Supported
            }
            (Some(_), Some(_)) => LanguageSupport::Unsupported,
            _ => LanguageSupport::Unknown,
        }
    }

    fn reads(&self, case: &Example) -> bool {
        let short = self.spec.max_characters.is_none_or(|most| case.text.chars().count() <= most);
        short && self.support(case) != LanguageSupport::Unsupported
    }

    fn read(&self, case: &Example, reply: Reply) -> Result<Answer, String> {
        let language = case.language.as_deref();
        let Reply::Scores(scores) = reply else {
            return Ok(Answer::abstention(language, LanguageSupport::Unsupported));
        };
        let mut by_target = BTreeMap::new();
        for (target, names) in &self.spec.map {
            if let Some(score) = highest(names.as_slice(), &scores)? {
                by_target.insert(*target, score);
            }
        }
        if by_target.is_empty() {
            return Ok(Answer::abstention(language, LanguageSupport::Unsupported));
        }
        Ok(Answer::of(language, self.support(case), |target: Target| by_target.get(&target).copied()))
    }
}

/// The highest of the named scores; `None` when the service has read the text for none of them.
fn highest(names: &[String], scores: &BTreeMap<String, Option<f64>>) -> Result<Option<Score>, String> {
    let mut best: Option<Score> = None;
    for name in names {
        let value = scores.get(name).ok_or_else(|| {
            let known: Vec<&str> = scores.keys().map(String::as_str).collect();
            format!("its answer has no `{name}`; it has {}", known.join(", "))
        })?;
        if let Some(value) = value {
            #[expect(clippy::cast_possible_truncation, reason = "scores are 32-bit floats")]
            let score = Score::new(*value as f32).map_err(|e| format!("`{name}`: {e}"))?;
            best = Some(best.map_or(score, |b| if score > b { score } else { b }));
        }
    }
    Ok(best)
}

/// `en` of `en-GB`.
fn primary(code: &str) -> String {
    code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
