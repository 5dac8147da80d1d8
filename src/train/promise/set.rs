//! The calibration set: a TOML file of sources in the words of recipes and benchmark manifests.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::data::digest::sha256;
use crate::data::source::{Condition, Half, Source};
use crate::inference::bundle::ModelBundle;
use crate::train::error::Error;
use crate::train::promise::record::{SetName, SourceName};
use crate::train::promise::write::FILE;
use crate::train::recipe::Recipe;

/// Texts whose labels a promise rests on.
#[derive(Debug)]
pub struct CalibrationSet {
    path: PathBuf,
    /// SHA-256 of the file, lower-case hexadecimal.
    sha256: String,
    pub name: String,
    pub version: u32,
    pub sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    /// Lower-case letters, digits and `_`; becomes a part of the policy version.
    name: String,
    /// Raised whenever the file changes.
    version: u32,
    #[serde(rename = "source")]
    sources: Vec<Source>,
}

impl CalibrationSet {
    /// # Errors
    /// [`Error::Set`] when the file is missing, has an unknown key, or a source of it is not pinned.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Set { path: path.to_owned(), reason };
        let text = fs_err::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
        let mut file: SetFile = toml::from_str(&text).map_err(|e| refuse(e.to_string().trim().to_owned()))?;
        file.check().map_err(refuse)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        file.sources.iter_mut().for_each(|source| source.resolve(folder));
        let sha256 = sha256(text.as_bytes());
        Ok(Self {
            path: path.to_owned(),
            sha256,
            name: file.name,
            version: file.version,
            sources: file.sources,
        })
    }

    /// Refuses a bundle that was trained on a source of this set, or was promised something before: then these
    /// texts, or others, have shaped its scores already.
    ///
    /// Files are compared by their SHA-256 (by their path where the recipe pins none). The same file on both sides
    /// is allowed when the two cannot share a row: complementary halves, or conditions that exclude each other.
    ///
    /// # Errors
    /// [`Error::Seen`] naming the two sources; [`Error::Set`] when the bundle does not say what it was trained on.
    pub fn refuse_what_was_seen(&self, bundle: &ModelBundle) -> Result<(), Error> {
        let refuse = |reason: String| Error::Set { path: self.path.clone(), reason };
        if bundle.file(FILE).exists() {
            let (name, folder) = (&bundle.model.name, bundle.folder.display());
            return Err(refuse(format!(
                "{folder} holds a promise already; start from the bundle `{name}` that it was made from"
            )));
        }
        let recipe = bundle.file("recipe.toml");
        if !recipe.exists() {
            let recipe = recipe.display();
            return Err(refuse(format!(
                "{recipe} is not there, so nobody can tell what the model was trained on"
            )));
        }
        let (recipe, _) = Recipe::open(&recipe)?;
        for ours in &self.sources {
            if let Some(theirs) =
                recipe.sources.iter().find(|theirs| same_file(ours, theirs) && !apart(ours, theirs))
            {
                return Err(Error::Seen { source_name: ours.name.clone(), training: theirs.name.clone() });
            }
        }
        Ok(())
    }

    /// How a record names it.
    pub(super) fn named(&self) -> SetName {
        let sources = self.sources.iter().map(|source| SourceName {
            name: source.name.clone(),
            sha256: source.sha256.clone().unwrap_or_default(),
            licence: source.licence.clone(),
            upstream: source.upstream.clone(),
        });
        SetName {
            name: self.name.clone(),
            version: self.version,
            sha256: self.sha256.clone(),
            sources: sources.collect(),
        }
    }
}

impl SetFile {
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("name `{}` must be lower-case letters, digits and `_`", self.name));
        }
        if self.sources.is_empty() {
            return Err("it needs at least one [[source]]".to_owned());
        }
        let open = |s: &&Source| s.sha256.is_none() || s.join.as_ref().is_some_and(|j| j.sha256.is_none());
        match self.sources.iter().find(open) {
            Some(source) => Err(format!(
                "source `{}` pins no sha256, of its file or of the one it joins; a promise is worth nothing on unknown bytes",
                source.name
            )),
            None => Ok(()),
        }
    }
}

fn same_file(ours: &Source, theirs: &Source) -> bool {
    match (&ours.sha256, &theirs.sha256) {
        (Some(a), Some(b)) => a == b,
        _ => ours.path == theirs.path,
    }
}

/// Whether no row can be in both.
fn apart(ours: &Source, theirs: &Source) -> bool {
    let halves = matches!(
        (ours.half, theirs.half),
        (Some(Half::Train), Some(Half::Eval)) | (Some(Half::Eval), Some(Half::Train))
    );
    let exclude = |a: &Condition, b: &Condition| {
        a.column == b.column
            && match (&a.is, &b.is) {
                (Some(a), Some(b)) => !a.iter().any(|value| b.contains(value)),
                _ => false,
            }
    };
    halves || ours.conditions.iter().any(|a| theirs.conditions.iter().any(|b| exclude(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(more: &str) -> Source {
        let text = format!("name = \"a\"\npath = \"a.csv\"\nlicence = \"made up\"\nformat = \"csv\"\n{more}");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn one_file_may_serve_twice_only_when_no_row_does() {
        let whole = source("sha256 = \"00\"");
        assert!(
            same_file(&whole, &source("sha256 = \"00\"")) && !same_file(&whole, &source("sha256 = \"11\""))
        );
        assert!(same_file(&source(""), &whole), "by its path where one of them pins nothing");
        let eval = source("half = \"eval\"");
        assert!(apart(&eval, &source("half = \"train\"")));
        assert!(!apart(&eval, &eval) && !apart(&eval, &whole));
        let split = |value: &str| source(&format!("where = [{{ column = \"split\", is = [\"{value}\"] }}]"));
        assert!(apart(&split("test"), &split("train")));
        assert!(!apart(&split("test"), &split("test")) && !apart(&split("test"), &whole));
        let other = source("where = [{ column = \"other\", is = [\"train\"] }]");
        assert!(!apart(&split("test"), &other));
    }

    #[test]
    fn a_set_says_what_it_is_made_of() {
        let parse = |text: &str| toml::from_str::<SetFile>(text).unwrap().check();
        let source = "[[source]]\nname = \"a\"\npath = \"a.csv\"\nlicence = \"made up\"\nformat = \"csv\"\n";
        let set = |name: &str, more: &str| parse(&format!("name = \"{name}\"\nversion = 1\n{source}{more}"));
        assert!(set("own_posts", "sha256 = \"00\"").is_ok());
        assert!(set("own_posts", "").unwrap_err().contains("pins no sha256"));
        assert!(set("Own posts", "sha256 = \"00\"").unwrap_err().contains("lower-case"));
    }
}
