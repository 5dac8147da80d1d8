//! Templates that expand to labelled examples, always the same ones: made-up sentences where no data set
//! has any, written and reviewed as one small file.
//!
//! ```toml
//! language = "en"                           # of every text; the source's word goes over it
//! max = 20                                  # expansions of one template, chosen by hash
//! [slices]
//! part = "development"                      # kept with every example
//! [slots]
//! day = ["today", "on Friday"]
//! [slots.group]                             # sorted by sort: the slice `group_kind` says which it was
//! placeholder = ["Group A", "the Northern Front"]
//! [kinds.join]
//! set = { "extremism/recruitment" = 1, extremism = 1 }
//! slices = { tvec = "TVEC6" }
//! [[template]]
//! id = "join-01"
//! kind = "join"
//! function = "join"
//! twin = ["army-01"]                        # what looks alike and is labelled the other way
//! text = ["{group} is looking for new members {day}."]
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
    language: Option<String>,
    #[serde(default = "default_max")]
    max: usize,
    #[serde(default)]
    slices: BTreeMap<String, String>,
    #[serde(default)]
    slots: BTreeMap<String, Slot>,
    #[serde(default)]
    kinds: BTreeMap<String, Kind>,
    template: Vec<Template>,
}

const fn default_max() -> usize {
    30
}

/// The values of a slot; where they are of several sorts, the slice `SLOT_kind` keeps which was chosen.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Slot {
    Plain(Vec<String>),
    Sorted(BTreeMap<String, Vec<String>>),
}

impl Slot {
    /// Each value with its sort, in the order of the file; sorts in the order of their names.
    fn values(&self) -> Vec<Filling<'_>> {
        match self {
            Self::Plain(values) => values.iter().map(|text| Filling { text, sort: None }).collect(),
            Self::Sorted(sorts) => sorts
                .iter()
                .flat_map(|(sort, values)| values.iter().map(move |text| Filling { text, sort: Some(sort) }))
                .collect(),
        }
    }
}

/// What may stand in a slot.
#[derive(Debug, Clone, Copy)]
struct Filling<'a> {
    text: &'a str,
    sort: Option<&'a str>,
}

/// Labels and slices that many templates share.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    #[serde(default)]
    set: BTreeMap<String, Value>,
    context: Option<String>,
    #[serde(default)]
    slices: BTreeMap<String, String>,
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
    /// The templates that this one is the counterpart of.
    twin: Option<OneOrMany>,
    /// Over the kind's, which are over the file's.
    #[serde(default)]
    slices: BTreeMap<String, String>,
    max: Option<usize>,
}

/// Reads and expands a template file. A language and a number of expansions that the source names go over the
/// file's own; its conditions choose among the examples by their slices.
///
/// # Errors
/// When the file is not a template file, or a template names a slot, kind or category that is not there, or no
/// example has the slice that a condition names.
pub fn read(path: &Path, source: &Source) -> Result<Vec<Example>, Error> {
    let mut examples = expand_file(path, &source.name, source.expansions)?;
    for condition in &source.conditions {
        let slice = |e: &Example| e.slices.get(&condition.column).cloned();
        if examples.iter().all(|e| slice(e).is_none()) {
            let problem = format!("no template that is left has the slice `{}`", condition.column);
            return Err(Error::Template { path: path.to_owned(), problem });
        }
        examples.retain(|e| condition.is_met(slice(e).as_deref()));
    }
    if let Some(Language::Code(code)) = &source.language {
        for example in &mut examples {
            example.language = Some(code.clone());
        }
    }
    Ok(examples)
}

/// Reads and expands a template file on its own; `name` stands for it in the error when it cannot be read.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path, name: &str) -> Result<Vec<Example>, Error> {
    expand_file(path, name, None)
}

/// `expansions` goes over what the file and its templates say of theirs.
fn expand_file(path: &Path, name: &str, expansions: Option<usize>) -> Result<Vec<Example>, Error> {
    let text = fs_err::read_to_string(path).map_err(|io| Error::Io { name: name.to_owned(), source: io })?;
    let problem = |problem: String| Error::Template { path: path.to_owned(), problem };
    let mut file: File = toml::from_str(&text).map_err(|e| problem(e.message().to_owned()))?;
    if let Some(expansions) = expansions {
        file.max = expansions;
        file.template.iter_mut().for_each(|template| template.max = None);
    }
    let mut examples = Vec::new();
    for template in &file.template {
        let expanded =
            expand(&file, template).map_err(|e| problem(format!("template `{}`: {e}", template.id)))?;
        examples.extend(expanded);
    }
    Ok(examples)
}

fn expand(file: &File, template: &Template) -> Result<Vec<Example>, String> {
    let mut targets = Targets::default();
    let mut slices = file.slices.clone();
    if let Some(name) = &template.kind {
        let kind = file.kinds.get(name).ok_or_else(|| format!("there is no kind `{name}` under [kinds]"))?;
        Change::parse(&kind.set, kind.context.as_deref())?.apply(&mut targets);
        slices.extend(kind.slices.clone());
    }
    Change::parse(&template.set, template.context.as_deref())?.apply(&mut targets);
    slices.extend(template.slices.clone());
    slices.insert("template".to_owned(), template.id.clone());
    let twin = template.twin.as_ref().map(|twin| twin.as_slice().join(" "));
    for (name, value) in [("function", template.function.clone()), ("twin", twin)] {
        if let Some(value) = value {
            slices.insert(name.to_owned(), value);
        }
    }
    let example = |(number, filled): (usize, Filled)| Example {
        id: format!("{}/{}", template.id, number + 1),
        text: filled.text,
        language: file.language.clone(),
        group: Some(template.id.clone()),
        targets,
        slices: slices.clone().into_iter().chain(filled.sorts).collect(),
        source: 0,
    };
    Ok(fill(file, template)?.into_iter().enumerate().map(example).collect())
}

/// A pattern with every slot filled, and the slices that tell which sorts were chosen.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Filled {
    text: String,
    sorts: Vec<(String, String)>,
}

/// At most `max` filled texts, those with the smallest hash of template, pattern and combination: adding a
/// template changes no other one's.
fn fill(file: &File, template: &Template) -> Result<Vec<Filled>, String> {
    let max = template.max.unwrap_or(file.max);
    let mut candidates: Vec<(u64, Filled)> = Vec::new();
    for (number, pattern) in template.text.as_slice().iter().enumerate() {
        let parts = parse(pattern)?;
        let mut used: Vec<(&str, Vec<Filling<'_>>)> = Vec::new();
        for part in &parts {
            if let Part::Slot(name) = part
                && !used.iter().any(|(other, _)| other == name)
            {
                let values = file.slots.get(*name).map(Slot::values).filter(|values| !values.is_empty());
                used.push((
                    name,
                    values.ok_or_else(|| format!("there is no slot `{name}` with values under [slots]"))?,
                ));
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
    candidates.dedup_by(|a, b| a.1.text == b.1.text);
    candidates.truncate(max);
    Ok(candidates.into_iter().map(|(_, filled)| filled).collect())
}

enum Part<'a> {
    Words(&'a str),
    Slot(&'a str),
}

fn parse(pattern: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or("a `{` is never closed")? + open;
        parts.push(Part::Words(&rest[..open]));
        parts.push(Part::Slot(&rest[open + 1..close]));
        rest = &rest[close + 1..];
    }
    parts.push(Part::Words(rest));
    Ok(parts)
}

/// The text of one combination; the index counts through the slots like the digits of a number. The first
/// letter is made a capital when the pattern starts with a slot.
fn spell(parts: &[Part<'_>], used: &[(&str, Vec<Filling<'_>>)], index: u64) -> Filled {
    let mut rest = index;
    let mut chosen: BTreeMap<&str, Filling<'_>> = BTreeMap::new();
    for (name, values) in used {
        let count = values.len() as u64;
        let at = usize::try_from(rest % count).expect("a remainder of a length is an index");
        chosen.insert(name, values[at]);
        rest /= count;
    }
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Slot(name) => text.push_str(chosen[name].text),
        }
    }
    let text = text.trim();
    let starts_with_slot = matches!(parts, [Part::Words(""), Part::Slot(..), ..]);
    let text = match text.chars().next() {
        Some(first) if starts_with_slot => first.to_uppercase().chain(text.chars().skip(1)).collect(),
        _ => text.to_owned(),
    };
    let sorts = chosen
        .into_iter()
        .filter_map(|(name, filling)| Some((format!("{name}_kind"), filling.sort?.to_owned())))
        .collect();
    Filled { text, sorts }
}
