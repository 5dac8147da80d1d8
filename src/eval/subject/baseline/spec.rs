//! `eval/baselines/NAME.toml`: which baseline it is, and what it learns from where a benchmark publishes nothing to
//! learn from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::data::source::Source;
use crate::domain::digest::{Canonical, Digest};
use crate::eval::error::Error;
use crate::eval::linear::VectorizerConfig;
use crate::eval::manifest::Target;

/// Words by target.
type Keywords = BTreeMap<Target, Vec<String>>;

/// A checked description.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) method: Method,
    /// General sources; none for a method that does not learn.
    pub(super) sources: Vec<Source>,
}

/// What it does.
#[derive(Debug)]
pub(super) enum Method {
    Linear(Linear),
    /// A text with one of them is flagged.
    Keywords(Keywords),
    /// Says of every text what is commonest among the labels.
    Majority,
}

/// TF-IDF and logistic regression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Linear {
    /// liblinear's C.
    pub(super) c: f64,
    pub(super) terms: VectorizerConfig,
}

impl Method {
    pub(super) const fn learns(&self) -> bool {
        !matches!(self, Self::Keywords(_))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    /// For people.
    #[expect(dead_code, reason = "must be there, and is read by people only")]
    about: String,
    /// A list of sources, relative to the file.
    sources: Option<String>,
    linear: Option<Linear>,
    keywords: Option<Keywords>,
    majority: Option<Majority>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Majority {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceList {
    source: Vec<Source>,
}

impl Spec {
    /// The description, and the SHA-256 over it and its list of sources, which pin their data in turn.
    pub(super) fn open(path: &Path) -> Result<(Self, Digest), Error> {
        let text = fs_err::read_to_string(path)?;
        let refuse = |reason: String| Error::Baseline { path: path.to_owned(), reason };
        let file: File = toml::from_str(&text).map_err(|e| refuse(e.to_string().trim().to_owned()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let list = file.sources.as_ref().map(|s| folder.join(s));
        let list_text = list.as_ref().map(fs_err::read_to_string).transpose()?;
        let digest =
            Canonical::new("countervail eval baseline").text(&text).optional(list_text.as_deref()).digest();
        let sources = match list_text {
            None => Vec::new(),
            Some(toml) => {
                let list: SourceList = toml::from_str(&toml)
                    .map_err(|e| refuse(format!("its sources: {}", e.to_string().trim())))?;
                list.source
            }
        };
        let method = File::method(file.linear, file.keywords, file.majority).map_err(refuse)?;
        let spec = Self { name: file.name, method, sources };
        spec.check().map_err(refuse)?;
        Ok((spec, digest))
    }

    fn check(&self) -> Result<(), String> {
        if self.method.learns() == self.sources.is_empty() {
            return Err("[linear] and [majority] need `sources`, and [keywords] has none".to_owned());
        }
        if let Some(open) = self.sources.iter().find(|s| s.sha256.is_none()) {
            return Err(format!("source `{}` pins no sha256", open.name));
        }
        match &self.method {
            Method::Linear(Linear { c, .. }) if !(c.is_finite() && *c > 0.0) => {
                Err(format!("c is {c}; it must be above 0"))
            }
            Method::Linear(Linear { terms, .. }) if terms.ngrams.0 < 1 || terms.ngrams.0 > terms.ngrams.1 => {
                Err("ngrams must be [shortest, longest], from 1 on".to_owned())
            }
            Method::Keywords(lists) if lists.values().any(Vec::is_empty) || lists.is_empty() => {
                Err("[keywords] needs a list of words for each target".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl File {
    fn method(
        linear: Option<Linear>,
        keywords: Option<Keywords>,
        majority: Option<Majority>,
    ) -> Result<Method, String> {
        match (linear, keywords, majority) {
            (Some(linear), None, None) => Ok(Method::Linear(linear)),
            (None, Some(lists), None) => Ok(Method::Keywords(lists)),
            (None, None, Some(Majority {})) => Ok(Method::Majority),
            _ => Err("it needs exactly one of [linear], [keywords] and [majority]".to_owned()),
        }
    }
}
