//! From a manifest to the texts that are scored.

use std::collections::BTreeSet;
use std::path::Path;

use crate::data;
use crate::data::example::Example;
use crate::data::source::Source;
use crate::domain::digest::Hasher;
use crate::eval::error::Error;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::rationale;

/// The texts of a benchmark, in the order of its sources.
#[derive(Debug)]
pub struct Cases {
    /// Ids are unique; every text has a visible character. `Example::source` is the index of the source.
    pub examples: Vec<Example>,
    /// SHA-256 over the ids and texts, in order: what exactly was measured. 64 hexadecimal digits.
    pub digest: String,
}

/// Reads the cases of a benchmark from the data directory. For a benchmark about evidence, every row gives three
/// (see [`rationale`]).
///
/// # Errors
/// When a file is missing, is not what the manifest pins, when nothing is left of a source, or when the set is
/// unavailable.
pub fn load(manifest: &BenchmarkManifest, data_dir: &Path) -> Result<Cases, Error> {
    if let Some(unavailable) = &manifest.unavailable {
        return Err(refuse(manifest, format!("its data cannot be had: {}", unavailable.why)));
    }
    let mut examples = read(manifest, &manifest.sources, data_dir)?;
    if let Some(evidence) = &manifest.evidence {
        examples = rationale::expand(examples, evidence).map_err(|reason| refuse(manifest, reason))?;
    }
    if manifest.sources.len() > 1 {
        // Ids are unique within a source only.
        for example in &mut examples {
            let source = &manifest.sources[example.source].name;
            example.id = format!("{source}/{}", example.id);
            example.group = example.group.take().map(|group| format!("{source}/{group}"));
        }
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = examples.iter().find(|e| !seen.insert(e.id.as_str())) {
        let reason = format!("id `{}` occurs twice; ids must be unique within a source", twice.id);
        return Err(refuse(manifest, reason));
    }
    let digest = digest(&examples);
    Ok(Cases { examples, digest })
}

/// Reads `sources`, the measured ones or one of the other parts of a manifest, in their order. Ids are unique within
/// a source only.
///
/// # Errors
/// When a file is missing, is not what the manifest pins, or when nothing is left of a source.
pub fn read(
    manifest: &BenchmarkManifest,
    sources: &[Source],
    data_dir: &Path,
) -> Result<Vec<Example>, Error> {
    let examples = data::reader::read_all(sources, data_dir)
        .map_err(|e| Error::Data { benchmark: manifest.name.clone(), source: Box::new(e) })?;
    let read: BTreeSet<usize> = examples.iter().map(|e| e.source).collect();
    match sources.iter().enumerate().find(|(index, _)| !read.contains(index)) {
        Some((_, source)) => {
            let reason =
                format!("source `{}` has no text left; check its `where`, `half` and `join`", source.name);
            Err(refuse(manifest, reason))
        }
        None => Ok(examples),
    }
}

fn refuse(manifest: &BenchmarkManifest, reason: String) -> Error {
    Error::Cases { benchmark: manifest.name.clone(), reason }
}

fn digest(examples: &[Example]) -> String {
    let mut hasher = Hasher::default();
    for example in examples {
        for part in [&example.id, &example.text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finish().to_string()
}
