//! Templates that expand to labelled examples, always the same ones: made-up sentences where no data set
//! has any, written and reviewed as one small file.
//!
//! ```toml
//! max = 20                                  # expansions of one template, chosen by hash
//! [slots]
//! group = ["Group A", "the Northern Front"]
//! [kinds.join]
//! set = { "extremism/recruitment" = 1, extremism = 1 }
//! [[template]]
//! id = "join-01"
//! kind = "join"
//! function = "join"
//! text = ["{group} is looking for new members."]
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::data::error::Error;
use crate::data::example::{Example, Targets};
use crate::data::labels::Change;
use crate::data::source::{Language, OneOrMany, Source, Value};

/// More combinations than this are a slip of the pen, not a template.
const MAX_COMBINATIONS: u64 = 10_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "default_max")]
    max: usize,
    #[serde(default)]
    slots: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    kinds: BTreeMap<String, Kind>,
    template: Vec<Template>,
}

const fn default_max() -> usize {
    30
}

/// Labels that many templates share.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    #[serde(default)]
    set: BTreeMap<String, Value>,
    context: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    id: String,
    /// One sentence pattern, or several that say the same.
    text: OneOrMany,
    kind: Option<String>,
    /// Over the kind's.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    context: Option<String>,
    /// What the sentence does: join, material_support, news_report …
    function: Option<String>,
    /// The template that this one is the counterpart of.
    twin: Option<String>,
    max: Option<usize>,
}

/// Reads and expands a template file.
///
/// # Errors
/// When the file is not a template file, or a template names a slot, kind or category that is not there.
pub fn read(path: &Path, source: &Source) -> Result<Vec<Example>, Error> {
    let text =
        fs_err::read_to_string(path).map_err(|io| Error::Io { name: source.name.clone(), source: io })?;
    let problem = |problem: String| Error::Template { path: path.to_owned(), problem };
    let file: File = toml::from_str(&text).map_err(|e| problem(e.message().to_owned()))?;
    let language = match &source.language {
        Some(Language::Code(code)) => Some(code.clone()),
        _ => None,
    };
    let mut examples = Vec::new();
    for template in &file.template {
        let expanded =
            expand(&file, template).map_err(|e| problem(format!("template `{}`: {e}", template.id)))?;
        examples.extend(expanded.into_iter().map(|e| Example { language: language.clone(), ..e }));
    }
    Ok(examples)
}

fn expand(file: &File, template: &Template) -> Result<Vec<Example>, String> {
    let mut targets = Targets::default();
    if let Some(name) = &template.kind {
        let kind = file.kinds.get(name).ok_or_else(|| format!("there is no kind `{name}` under [kinds]"))?;
        Change::parse(&kind.set, kind.context.as_deref())?.apply(&mut targets);
    }
    Change::parse(&template.set, template.context.as_deref())?.apply(&mut targets);
    let mut slices = BTreeMap::from([("template".to_owned(), template.id.clone())]);
    for (name, value) in [("function", &template.function), ("twin", &template.twin)] {
        if let Some(value) = value {
            slices.insert(name.to_owned(), value.clone());
        }
    }
    let texts = fill(file, template)?;
    Ok(texts
        .into_iter()
        .enumerate()
        .map(|(number, text)| Example {
            id: format!("{}/{}", template.id, number + 1),
            text,
            language: None,
            group: Some(template.id.clone()),
            targets,
            slices: slices.clone(),
            source: 0,
        })
        .collect())
}

/// At most `max` filled texts, those with the smallest hash of template, pattern and combination: adding a
/// template changes no other one's.
fn fill(file: &File, template: &Template) -> Result<Vec<String>, String> {
    let max = template.max.unwrap_or(file.max);
    let mut candidates: Vec<(u64, String)> = Vec::new();
    for (number, pattern) in template.text.as_slice().iter().enumerate() {
        let parts = parse(pattern, &file.slots)?;
        let mut used: Vec<(&str, &[String])> = Vec::new();
        for part in &parts {
            if let Part::Slot(name, values) = part
                && !used.iter().any(|(other, _)| other == name)
            {
                used.push((name, values));
            }
        }
        let combinations: u64 = used.iter().map(|(_, values)| values.len() as u64).product();
        if combinations > MAX_COMBINATIONS {
            return Err(format!(
                "{combinations} combinations; use fewer or shorter slots (at most {MAX_COMBINATIONS})"
            ));
        }
        let mut order: Vec<(u64, u64)> = (0..combinations)
            .map(|index| (xxh3_64(format!("{}/{number}/{index}", template.id).as_bytes()), index))
            .collect();
        order.sort_unstable();
        order.truncate(max);
        candidates.extend(order.into_iter().map(|(hash, index)| (hash, spell(&parts, &used, index))));
    }
    candidates.sort();
    candidates.dedup_by(|a, b| a.1 == b.1);
    candidates.truncate(max);
    Ok(candidates.into_iter().map(|(_, text)| text).collect())
}

enum Part<'a> {
    Words(&'a str),
    Slot(&'a str, &'a [String]),
}

fn parse<'a>(pattern: &'a str, slots: &'a BTreeMap<String, Vec<String>>) -> Result<Vec<Part<'a>>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or("a `{` is never closed")? + open;
        let name = &rest[open + 1..close];
        let values = slots
            .get(name)
            .filter(|values| !values.is_empty())
            .ok_or_else(|| format!("there is no slot `{name}` with values under [slots]"))?;
        parts.push(Part::Words(&rest[..open]));
        parts.push(Part::Slot(name, values));
        rest = &rest[close + 1..];
    }
    parts.push(Part::Words(rest));
    Ok(parts)
}

/// The text of one combination; the index counts through the slots like the digits of a number. The first
/// letter is made a capital when the pattern starts with a slot.
fn spell(parts: &[Part<'_>], used: &[(&str, &[String])], index: u64) -> String {
    let mut rest = index;
    let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, values) in used {
        let count = values.len() as u64;
        let at = usize::try_from(rest % count).expect("a remainder of a length is an index");
        chosen.insert(name, &values[at]);
        rest /= count;
    }
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Slot(name, _) => text.push_str(chosen[name]),
        }
    }
    let text = text.trim();
    let starts_with_slot = matches!(parts, [Part::Words(""), Part::Slot(..), ..]);
    match text.chars().next() {
        Some(first) if starts_with_slot => first.to_uppercase().chain(text.chars().skip(1)).collect(),
        _ => text.to_owned(),
    }
}
