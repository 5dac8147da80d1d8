//! Slices: parts of a benchmark that get numbers of their own, because an average hides whom a system fails.
//!
//! ```toml
//! [[slice]]                      # one value for each case, from a column that the source keeps
//! name = "topic"
//! column = "topic"
//! [[slice]]                      # `yes` or `no`
//! name = "has_link"
//! regex = 'https?://'
//! [[slice]]                      # the identities that a case mentions: several, one or none
//! name = "identity"
//! identities = "../identities.toml"
//! ```
//!
//! `language` and `length` always exist.

use std::path::Path;

use regex::Regex;
use serde::Deserialize;

use crate::data::example::Example;
use crate::eval::manifest::identities::Identities;

/// Names of the slices that every benchmark has.
pub const STANDING: [&str; 2] = ["language", "length"];

/// Lengths in characters, with the first that is too long.
const LENGTHS: [(&str, usize); 4] = [("<50", 50), ("50–149", 150), ("150–499", 500), ("500+", usize::MAX)];

/// One way to part the cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct Slice {
    name: String,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Column(String),
    Regex(Regex),
    /// A path relative to the manifest; [`Slice::resolve`] puts the list in its place.
    UnreadIdentities(String),
    Identities(Identities),
    Language,
    Length,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    column: Option<String>,
    regex: Option<String>,
    identities: Option<String>,
}

impl TryFrom<Written> for Slice {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        if STANDING.contains(&w.name.as_str()) {
            return Err(format!("slice `{}` always exists; leave it out or choose another name", w.name));
        }
        let rule = match (w.column, w.regex, w.identities) {
            (Some(column), None, None) => Rule::Column(column),
            (None, Some(regex), None) => {
                Rule::Regex(Regex::new(&regex).map_err(|e| format!("slice `{}`: {e}", w.name))?)
            }
            (None, None, Some(path)) => Rule::UnreadIdentities(path),
            _ => return Err(format!("slice `{}` needs one of `column`, `regex`, `identities`", w.name)),
        };
        Ok(Self { name: w.name, rule })
    }
}

impl Slice {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values that an example belongs to; none when the slice says nothing about it. A column without
    /// a value gives `none`.
    #[must_use]
    pub fn values<'a>(&'a self, example: &'a Example) -> Vec<&'a str> {
        match &self.rule {
            Rule::Column(column) => vec![column_value(example, column).unwrap_or("none")],
            Rule::Regex(regex) => vec![if regex.is_match(&example.text) { "yes" } else { "no" }],
            Rule::Identities(identities) => identities.of(&example.text),
            Rule::UnreadIdentities(_) => Vec::new(),
            Rule::Language => vec![example.language.as_deref().unwrap_or("none")],
            Rule::Length => vec![length(&example.text)],
        }
    }

    /// The column it reads.
    pub(super) fn column(&self) -> Option<&str> {
        match &self.rule {
            Rule::Column(column) => Some(column),
            _ => None,
        }
    }

    /// The list of identities it reads.
    pub(super) fn identities(&self) -> Option<&Identities> {
        match &self.rule {
            Rule::Identities(identities) => Some(identities),
            _ => None,
        }
    }

    /// Whether it still waits for [`Self::resolve`].
    pub(super) fn is_unread(&self) -> bool {
        matches!(self.rule, Rule::UnreadIdentities(_))
    }

    /// Reads the list of identities beside the manifest.
    pub(super) fn resolve(&mut self, folder: &Path) -> Result<(), String> {
        if let Rule::UnreadIdentities(path) = &self.rule {
            let identities = Identities::open(&folder.join(path))
                .map_err(|reason| format!("slice `{}`: {reason}", self.name))?;
            self.rule = Rule::Identities(identities);
        }
        Ok(())
    }
}

/// The slices that every benchmark has.
pub(super) fn standing() -> [Slice; 2] {
    let slice = |name: &str, rule| Slice { name: name.to_owned(), rule };
    [slice(STANDING[0], Rule::Language), slice(STANDING[1], Rule::Length)]
}

/// What a kept column says of an example; `None` when it says nothing.
#[must_use]
pub fn column_value<'a>(example: &'a Example, column: &str) -> Option<&'a str> {
    example.slices.get(column).map(|v| v.trim()).filter(|v| !v.is_empty())
}

fn length(text: &str) -> &'static str {
    let characters = text.chars().count();
    let found = LENGTHS.iter().find(|(_, limit)| characters < *limit);
    found.map_or(LENGTHS[3].0, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_characters() {
        for (n, expected) in [
            (0, "<50"),
            (49, "<50"),
            (50, "50–149"),
            (149, "50–149"),
            (150, "150–499"),
            (499, "150–499"),
            (500, "500+"),
        ] {
            assert_eq!(length(&"я".repeat(n)), expected, "{n}");
        }
    }

    #[test]
    fn a_slice_has_one_rule_and_a_name_of_its_own() {
        let parse = |toml: &str| toml::from_str::<Slice>(toml).map_err(|e| e.message().to_owned());
        for (toml, reason) in [
            ("name = \"a\"", "needs one of"),
            ("name = \"a\"\ncolumn = \"b\"\nregex = \"c\"", "needs one of"),
            ("name = \"language\"\ncolumn = \"b\"", "always exists"),
            ("name = \"a\"\nregex = \"(\"", "slice `a`: regex parse error"),
            ("name = \"a\"\ncolour = \"b\"", "unknown field"),
        ] {
            let error = parse(toml).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
