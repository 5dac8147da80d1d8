//! From a source on disk to examples.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use regex::Regex;

use crate::data::chunk::chunks;
use crate::data::digest::{sha256, sha256_file};
use crate::data::entities;
use crate::data::error::Error;
use crate::data::example::Example;
use crate::data::labels::Rules;
use crate::data::source::{Format, Half, Join, KeyDigest, Language, Source};
use crate::data::table::{self, Table};
use crate::data::template;
use crate::text::fingerprint::exact_hash;

/// Reads every source below `root`; `Example::source` is the index in `sources`.
///
/// # Errors
/// The first source that cannot be read as described.
pub fn read_all(sources: &[Source], root: &Path) -> Result<Vec<Example>, Error> {
    let read: Vec<Vec<Example>> =
        sources.par_iter().map(|source| read(source, root)).collect::<Result<_, _>>()?;
    let mut all = Vec::with_capacity(read.iter().map(Vec::len).sum());
    for (index, examples) in read.into_iter().enumerate() {
        all.extend(examples.into_iter().map(|example| Example { source: index, ..example }));
    }
    Ok(all)
}

/// Reads one source below `root` (`Example::source` is 0), in the order of the file. Rows with a blank text
/// are left out.
///
/// # Errors
/// When the file is missing, is not the one that was pinned, or is not written as described.
pub fn read(source: &Source, root: &Path) -> Result<Vec<Example>, Error> {
    let path = locate(source, &source.path, source.sha256.as_deref(), root)?;
    let examples = if source.format == Format::Templates {
        template::read(&path, source)?
    } else {
        let mut table = table::read(&path, &source.name, source.format, &source.layout)?;
        if let Some(spec) = &source.join {
            table = join(table, &path, spec, source, root)?;
        }
        from_table(&table, &path, source)?
    };
    let examples = halve(examples, source.half);
    let examples = if source.distinct { distinct(examples) } else { examples };
    Ok(cap(chunk(examples, source.chunk_chars), source))
}

fn locate(source: &Source, path: &str, sha256: Option<&str>, root: &Path) -> Result<PathBuf, Error> {
    if path.starts_with("./") {
        let problem = format!("`{path}` is relative to a recipe or manifest, and was read without one");
        return Err(Error::Source { name: source.name.clone(), problem });
    }
    let path = root.join(path);
    if let Some(expected) = sha256 {
        let got = sha256_file(&path).map_err(|io| Error::Io { name: source.name.clone(), source: io })?;
        if got != expected {
            return Err(Error::Digest {
                name: source.name.clone(),
                path,
                expected: expected.to_owned(),
                got,
            });
        }
    }
    Ok(path)
}

/// Puts the columns of the second file beside ours. A column that both have keeps our value.
fn join(mut ours: Table, path: &Path, spec: &Join, source: &Source, root: &Path) -> Result<Table, Error> {
    let their_path = locate(source, &spec.path, spec.sha256.as_deref(), root)?;
    let theirs = table::read(&their_path, &source.name, spec.format, &spec.layout)?;
    let names: Vec<String> = theirs.columns.iter().map(|name| format!("{}{name}", spec.prefix)).collect();
    let new: Vec<usize> = (0..names.len()).filter(|i| !ours.columns.contains(&names[*i])).collect();
    let partners: Vec<Option<usize>> = if let Some(on) = &spec.on {
        let our_column = ours.column(path, on)?;
        let their_column = theirs.column(&their_path, spec.key.as_ref().unwrap_or(on))?;
        let by_key: HashMap<&str, usize> = theirs
            .rows
            .iter()
            .enumerate()
            .filter_map(|(i, row)| Some((row.fields[their_column].as_deref()?, i)))
            .collect();
        let find = |field: &str| match spec.digest {
            KeyDigest::None => by_key.get(field).copied(),
            KeyDigest::Sha256_16 => by_key.get(&sha256(field.as_bytes())[..16]).copied(),
        };
        ours.rows.iter().map(|row| row.fields[our_column].as_deref().and_then(find)).collect()
    } else {
        if ours.rows.len() != theirs.rows.len() {
            let (a, b) = (ours.rows.len(), theirs.rows.len());
            let problem = format!(
                "joined line by line, but {} has {a} rows and {} has {b}",
                path.display(),
                their_path.display()
            );
            return Err(Error::Source { name: source.name.clone(), problem });
        }
        (0..ours.rows.len()).map(Some).collect()
    };
    ours.columns.extend(
        new.iter().map(|i| if names[*i].is_empty() { "joined".to_owned() } else { names[*i].clone() }),
    );
    let mut joined = Vec::with_capacity(ours.rows.len());
    for (mut row, partner) in ours.rows.into_iter().zip(partners) {
        if partner.is_none() && !spec.optional {
            continue;
        }
        row.fields.extend(new.iter().map(|i| partner.and_then(|p| theirs.rows[p].fields[*i].clone())));
        joined.push(row);
    }
    Ok(Table { columns: ours.columns, rows: joined })
}

/// The columns a source names, looked up once.
struct Columns {
    text: Vec<usize>,
    id: Option<usize>,
    group: Option<usize>,
    language: Option<usize>,
    slices: Vec<(String, usize)>,
}

impl Columns {
    fn find(source: &Source, table: &Table, path: &Path) -> Result<Self, Error> {
        let at = |name: &String| table.column(path, name);
        let language = match &source.language {
            Some(Language::Column { column }) => Some(at(column)?),
            _ => None,
        };
        Ok(Self {
            text: source.text.as_slice().iter().map(at).collect::<Result<_, _>>()?,
            id: source.id.as_ref().map(at).transpose()?,
            group: source.group.as_ref().map(at).transpose()?,
            language,
            slices: source
                .slices
                .iter()
                .map(|name| Ok((name.clone(), at(name)?)))
                .collect::<Result<_, Error>>()?,
        })
    }
}

fn from_table(table: &Table, path: &Path, source: &Source) -> Result<Vec<Example>, Error> {
    let columns = Columns::find(source, table, path)?;
    let rules = Rules::compile(source, table, path)?;
    let strip =
        source.strip.as_deref().map(|s| Regex::new(&format!("^(?:{s})"))).transpose().map_err(|e| {
            Error::Source {
                name: source.name.clone(),
                problem: format!("`strip` is no regular expression: {e}"),
            }
        })?;
    let constant = match &source.language {
        Some(Language::Code(code)) => Some(code.clone()),
        _ => None,
    };
    let mut examples = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, row) in table.rows.iter().enumerate().filter(|(_, row)| rules.keeps(row)) {
        let field = |at: Option<usize>| at.and_then(|at| row.fields[at].clone());
        let parts: Vec<&str> = columns.text.iter().filter_map(|at| row.fields[*at].as_deref()).collect();
        let mut whole = parts.join(" ");
        if source.unescape {
            whole = entities::decode(&whole);
        }
        let text = strip.as_ref().and_then(|s| s.find(&whole)).map_or(&*whole, |found| &whole[found.end()..]);
        if text.trim().is_empty() {
            continue;
        }
        let mut id = field(columns.id).unwrap_or_else(|| (number + 1).to_string());
        if !seen.insert(id.clone()) {
            // Files repeat ids (one verse in ten languages); the line tells them apart.
            id = format!("{id}@{}", row.line);
            seen.insert(id.clone());
        }
        let slices =
            columns.slices.iter().filter_map(|(name, at)| Some((name.clone(), row.fields[*at].clone()?)));
        examples.push(Example {
            id,
            text: text.trim().to_owned(),
            language: field(columns.language).or_else(|| constant.clone()),
            group: field(columns.group),
            targets: rules.targets(row),
            slices: slices.collect::<BTreeMap<_, _>>(),
            source: 0,
        });
    }
    Ok(examples)
}

fn halve(examples: Vec<Example>, half: Option<Half>) -> Vec<Example> {
    let Some(half) = half else { return examples };
    let wanted = u64::from(half == Half::Eval);
    examples.into_iter().filter(|e| exact_hash(&e.text) >> 63 == wanted).collect()
}

fn distinct(examples: Vec<Example>) -> Vec<Example> {
    let mut seen = BTreeSet::new();
    examples.into_iter().filter(|e| seen.insert(exact_hash(&e.text))).collect()
}

/// Pieces of one text share a group, so that a split keeps them together.
fn chunk(examples: Vec<Example>, limit: Option<usize>) -> Vec<Example> {
    let Some(limit) = limit else { return examples };
    let mut out = Vec::new();
    for example in examples {
        let pieces = chunks(&example.text, limit);
        if pieces.len() == 1 {
            out.push(example);
            continue;
        }
        for (number, piece) in pieces.iter().enumerate() {
            out.push(Example {
                id: format!("{}#{}", example.id, number + 1),
                text: (*piece).to_owned(),
                group: Some(example.group.clone().unwrap_or_else(|| format!("text {}", example.id))),
                ..example.clone()
            });
        }
    }
    out
}

fn cap(examples: Vec<Example>, source: &Source) -> Vec<Example> {
    let Some(cap) = source.cap.filter(|cap| *cap < examples.len()) else { return examples };
    // The middle bits decide here and the top bit decides the half, so a cap of one half is still a fair draw.
    let mut order: Vec<(bool, u64, usize)> = examples
        .iter()
        .enumerate()
        .map(|(i, e)| (source.cap_positives_first && !positive(e), exact_hash(&e.text).rotate_left(32), i))
        .collect();
    order.sort_unstable();
    let kept: BTreeSet<usize> = order[..cap].iter().map(|(_, _, i)| *i).collect();
    examples.into_iter().enumerate().filter(|(i, _)| kept.contains(i)).map(|(_, e)| e).collect()
}

fn positive(example: &Example) -> bool {
    example.targets.extremism == Some(true) || example.targets.categories.contains(&Some(true))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
