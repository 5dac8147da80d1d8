//! From a manifest to the texts that are scored.

use std::collections::BTreeSet;
use std::path::Path;

use crate::data;
use crate::data::example::Example;
use crate::domain::digest::Hasher;
use crate::eval::error::Error;
use crate::eval::manifest::BenchmarkManifest;

/// The texts of a benchmark, in the order of its sources.
#[derive(Debug)]
pub struct Cases {
    /// Ids are unique; every text has a visible character.
    pub examples: Vec<Example>,
    /// SHA-256 over the ids and texts, in order: what exactly was measured. 64 hexadecimal digits.
    pub digest: String,
}

/// The slice every example has.
pub const LANGUAGE_SLICE: &str = "language";

/// The value of `slice` for an example; `none` when it has none.
#[must_use]
pub fn slice_value<'a>(example: &'a Example, slice: &str) -> &'a str {
    let value = match example.slices.get(slice) {
        None if slice == LANGUAGE_SLICE => example.language.as_deref(),
        value => value.map(|v| v.trim()),
    };
    value.filter(|v| !v.is_empty()).unwrap_or("none")
}

/// Reads the cases of a benchmark from the data directory.
///
/// # Errors
/// When a file is missing, is not what the manifest pins, or when nothing is left of a source.
pub fn load(manifest: &BenchmarkManifest, data_dir: &Path) -> Result<Cases, Error> {
    let mut examples = Vec::new();
    for source in &manifest.sources {
        let mut read = data::reader::read(source, data_dir)
            .map_err(|e| Error::Data { benchmark: manifest.name.clone(), source: Box::new(e) })?;
        if read.is_empty() {
            let reason =
                format!("source `{}` has no text left; check its `where`, `half` and `join`", source.name);
            return Err(Error::Cases { benchmark: manifest.name.clone(), reason });
        }
        if manifest.sources.len() > 1 {
            // Ids are unique within a source only.
            for example in &mut read {
                example.id = format!("{}/{}", source.name, example.id);
                example.group = example.group.take().map(|group| format!("{}/{group}", source.name));
            }
        }
        examples.extend(read);
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = examples.iter().find(|e| !seen.insert(e.id.as_str())) {
        let reason = format!("id `{}` occurs twice; ids must be unique within a source", twice.id);
        return Err(Error::Cases { benchmark: manifest.name.clone(), reason });
    }
    let digest = digest(&examples);
    Ok(Cases { examples, digest })
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
