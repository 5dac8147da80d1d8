//! All benchmarks of a folder: which there are, what each needs, and the files that they are read from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::data::source::{Language, PinnedFile, Source};
use crate::eval::error::Error;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::manifest::check::is_beside_manifest;

/// Where the manifests of the repository are.
pub const FOLDER: &str = "eval/benchmarks";

/// One benchmark in a line, for people who look for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub kind: &'static str,
    /// Ids of the targets; empty for panels.
    pub targets: Vec<&'static str>,
    /// Codes as the sources have them, sorted.
    pub languages: Vec<String>,
    /// Files below the data folder that it is read from, those to learn from included.
    pub files: usize,
    /// Licences of the measured sources, sorted.
    pub licences: Vec<String>,
    pub data: Availability,
}

/// How the data of a benchmark is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Every file can be fetched from its origin, or lies in the repository.
    Fetchable,
    /// So many of the files were made from others, and are only in mirrors or must be made again.
    Made(usize),
    /// Not at all; the reason.
    Unavailable(String),
}

/// Every manifest of a folder, in the order of the names.
///
/// # Errors
/// When the folder or a manifest cannot be read, or two have one name.
pub fn open_all(folder: &Path) -> Result<Vec<BenchmarkManifest>, Error> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    let mut manifests = paths.iter().map(|p| BenchmarkManifest::open(p)).collect::<Result<Vec<_>, _>>()?;
    manifests.sort_by(|a, b| a.name.cmp(&b.name));
    match manifests.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => {
            let reason = "two manifests of the folder have this name".to_owned();
            Err(Error::Cases { benchmark: pair[0].name.clone(), reason })
        }
        None => Ok(manifests),
    }
}

/// Those of `manifests` that are named, or all when none is.
///
/// # Errors
/// When a name is not among them.
pub fn select(manifests: Vec<BenchmarkManifest>, names: &[String]) -> Result<Vec<BenchmarkManifest>, Error> {
    if names.is_empty() {
        return Ok(manifests);
    }
    if let Some(unknown) = names.iter().find(|name| !manifests.iter().any(|m| m.name == **name)) {
        let known: Vec<&str> = manifests.iter().map(|m| m.name.as_str()).collect();
        let reason = format!("no manifest has this name; there are {}", known.join(", "));
        return Err(Error::Cases { benchmark: unknown.clone(), reason });
    }
    Ok(manifests.into_iter().filter(|m| names.contains(&m.name)).collect())
}

/// The files below the data folder that `manifests` are read from, each once, in the order of the paths.
///
/// # Errors
/// When two manifests pin different bytes for one path.
pub fn files(manifests: &[BenchmarkManifest]) -> Result<Vec<PinnedFile<'_>>, Error> {
    let mut known: BTreeMap<&str, PinnedFile<'_>> = BTreeMap::new();
    for manifest in manifests {
        for file in data_files(manifest) {
            let first = known.entry(file.path).or_insert(file);
            if first.sha256 != file.sha256 {
                let reason = format!(
                    "source `{}` pins other bytes for {} than source `{}` of an earlier manifest",
                    file.source, file.path, first.source
                );
                return Err(Error::Cases { benchmark: manifest.name.clone(), reason });
            }
        }
    }
    Ok(known.into_values().collect())
}

fn data_files(manifest: &BenchmarkManifest) -> impl Iterator<Item = PinnedFile<'_>> {
    manifest.every_source().flat_map(Source::files).filter(|f| !is_beside_manifest(f.path))
}

impl Entry {
    #[must_use]
    pub fn of(manifest: &BenchmarkManifest) -> Self {
        let paths: BTreeMap<&str, PinnedFile<'_>> = data_files(manifest).map(|f| (f.path, f)).collect();
        let made = paths.values().filter(|f| f.origin.is_none_or(|o| !o.is_fetchable())).count();
        let (mut languages, mut licences): (BTreeSet<String>, BTreeSet<String>) = Default::default();
        for source in &manifest.sources {
            languages.extend(languages_of(source));
            licences.insert(source.licence.clone());
        }
        let data = match &manifest.unavailable {
            Some(unavailable) => {
                languages.extend(unavailable.languages.iter().cloned());
                licences.extend(unavailable.licence.clone());
                Availability::Unavailable(unavailable.why.clone())
            }
            None if made > 0 => Availability::Made(made),
            None => Availability::Fetchable,
        };
        Self {
            name: manifest.name.clone(),
            kind: manifest.kind.id(),
            targets: manifest.targets.iter().map(|t| t.id()).collect(),
            languages: languages.into_iter().collect(),
            files: paths.len(),
            licences: licences.into_iter().collect(),
            data,
        }
    }
}

/// The codes that a source's rows can have, as far as its description says.
fn languages_of(source: &Source) -> Vec<String> {
    match &source.language {
        Some(Language::Code(code)) => vec![code.clone()],
        Some(Language::Column { column }) => {
            let named = source.conditions.iter().find(|c| c.column == *column).and_then(|c| c.is.clone());
            named.unwrap_or_else(|| vec![format!("see `{column}`")])
        }
        None => vec!["not said".to_owned()],
    }
}
