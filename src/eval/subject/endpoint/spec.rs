//! `eval/endpoints/NAME.toml`: where a service is, which shape it speaks, what its categories mean here, by which
//! thresholds it decides, and how much may be asked of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::data::source::OneOrMany;
use crate::domain::digest::Digest;
use crate::domain::policy::Policy;
use crate::domain::score::Score;
use crate::domain::taxonomy::Category;
use crate::eval::manifest::Target;
use crate::eval::subject::answer;

/// A checked description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// The whole address that is posted to, without a key.
    pub(super) url: String,
    /// What `openai` is to answer with; the other shapes have one model behind each address.
    pub(super) model: Option<String>,
    /// Our targets, each with the service's own name for it; of several names the highest score counts.
    pub(super) map: BTreeMap<Target, OneOrMany>,
    /// `review` and `urgent` for extremism, a category's id for each category of `map`.
    thresholds: BTreeMap<String, f32>,
    /// Codes of the languages it reads; texts in others are not sent. Everything is sent when absent.
    pub(super) languages: Option<Vec<String>>,
    /// Longer texts are not sent; everything is when absent.
    pub(super) max_characters: Option<usize>,
    /// For `tei`: whether it may cut texts that are too long for it. It refuses them otherwise.
    #[serde(default)]
    pub(super) truncate: bool,
    #[serde(default = "one")]
    pub(super) texts_per_request: usize,
    pub(super) requests_per_second: f64,
    /// For one request, to the last byte of its answer.
    #[serde(default = "half_a_minute")]
    pub(super) timeout_ms: u64,
    /// How often a request is repeated when the service is overloaded or cannot be reached.
    #[serde(default = "five")]
    pub(super) retries: u32,
    /// Before the first repetition, doubled before each further one, where the service names no time.
    #[serde(default = "half_a_second")]
    pub(super) backoff_ms: u64,
    pub(super) price: Option<Price>,
}

/// How requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shape {
    /// `POST /v1/moderations`.
    OpenAi,
    /// `POST /v1alpha1/comments:analyze`.
    Perspective,
    /// `POST /predict` of text-embeddings-inference.
    Tei,
}

/// What the service asks for its work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub(super) currency: String,
    #[serde(default)]
    pub(super) per_1000_texts: f64,
    #[serde(default)]
    pub(super) per_million_characters: f64,
}

const fn one() -> usize {
    1
}

const fn half_a_minute() -> u64 {
    30_000
}

const fn five() -> u32 {
    5
}

const fn half_a_second() -> u64 {
    500
}

const REVIEW: &str = "review";
const URGENT: &str = "urgent";

impl Spec {
    /// The description, and the SHA-256 of its text.
    pub(super) fn parse(text: &str) -> Result<(Self, Digest), String> {
        let spec: Self = toml::from_str(text).map_err(|e| e.to_string().trim().to_owned())?;
        spec.check()?;
        Ok((spec, Digest::of(text.as_bytes())))
    }

    fn check(&self) -> Result<(), String> {
        let http = ["http://", "https://"].iter().any(|scheme| self.url.starts_with(scheme));
        if !http || self.url.contains(['?', '@', '#']) {
            return Err("url must be http:// or https:// and hold no key, name or fragment".to_owned());
        }
        if self.map.is_empty() || self.map.values().any(|names| names.as_slice().is_empty()) {
            return Err(
                "[map] must name at least one category of the service for a target of ours".to_owned()
            );
        }
        if (self.shape == Shape::OpenAi) != self.model.is_some() {
            return Err("shape `openai` needs a `model`, and the others have none".to_owned());
        }
        if self.truncate && self.shape != Shape::Tei {
            return Err("`truncate` belongs to shape `tei`".to_owned());
        }
        match (self.shape, self.texts_per_request) {
            (_, 0) => return Err("texts_per_request is 0; it must be at least 1".to_owned()),
            (Shape::Perspective, 2..) => return Err("shape `perspective` takes 1 text a request".to_owned()),
            _ => {}
        }
        if !(self.requests_per_second.is_finite() && self.requests_per_second > 0.0) {
            return Err("requests_per_second must be above 0".to_owned());
        }
        match &self.price {
            Some(p)
                if [p.per_1000_texts, p.per_million_characters]
                    .iter()
                    .any(|c| !(*c >= 0.0 && c.is_finite())) =>
            {
                Err("a price is at least 0".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The thresholds as a policy; each target of the map has one, and nothing else has.
    pub(super) fn policy(&self) -> Result<Policy, String> {
        let mut by_target = BTreeMap::new();
        let mut urgent = None;
        for (key, value) in &self.thresholds {
            let score = Score::new(*value).map_err(|e| format!("threshold `{key}`: {e}"))?;
            match key.as_str() {
                URGENT => urgent = Some(score),
                REVIEW => drop(by_target.insert(Target::Extremism, score)),
                id => {
                    let category: Category = id
                        .parse()
                        .map_err(|e| format!("[thresholds]: {e}; and `review`, `urgent` for extremism"))?;
                    by_target.insert(Target::Category(category), score);
                }
            }
        }
        let key = |target: Target| match target {
            Target::Extremism => REVIEW,
            Target::Category(c) => c.id(),
        };
        if let Some(target) = Target::all().find(|t| self.map.contains_key(t) != by_target.contains_key(t)) {
            return Err(format!("[map] has `{target}` or [thresholds] has `{}`, but not both", key(target)));
        }
        match (by_target.get(&Target::Extremism), urgent) {
            (None, Some(_)) => {
                return Err("`urgent` is a threshold of extremism, which [map] does not have".to_owned());
            }
            (Some(review), Some(urgent)) if urgent < *review => {
                return Err("`urgent` is below `review`".to_owned());
            }
            _ => {}
        }
        Ok(answer::policy(self.name.clone(), urgent, |target| by_target.get(&target).copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"x\"\nshape = \"openai\"\nurl = \"https://example.org/v1/moderations\"\nmodel = \"m\"\n\
        requests_per_second = 1.0\nmap = { hate = [\"hate\", \"hate/threatening\"] }\nthresholds = { hate = 0.5 }\n";

    fn problem(toml: &str) -> String {
        Spec::parse(toml).and_then(|(spec, _)| spec.policy()).unwrap_err()
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert!(Spec::parse(GOOD).unwrap().0.policy().is_ok());
        for (from, to, reason) in [
            ("https://", "ftp://", "http"),
            ("moderations\"", "moderations?key=abc\"", "hold no key"),
            ("model = \"m\"", "", "needs a `model`"),
            ("{ hate = 0.5 }", "{ threat = 0.5 }", "not both"),
            ("{ hate = 0.5 }", "{ hate = 1.5 }", "probability"),
            ("{ hate = 0.5 }", "{ hate = 0.5, urgent = 0.9 }", "`urgent` is a threshold of extremism"),
            ("{ hate = 0.5 }", "{ anger = 0.5 }", "is not a category"),
            ("_second = 1.0", "_second = 0.0", "above 0"),
            ("requests", "texts_per_request = 0\nrequests", "at least 1"),
            ("requests", "truncate = true\nrequests", "belongs to shape `tei`"),
            ("requests", "colour = 3\nrequests", "colour"),
        ] {
            let toml = GOOD.replacen(from, to, 1);
            let got = problem(&toml);
            assert!(got.contains(reason), "{got}");
        }
    }
}
