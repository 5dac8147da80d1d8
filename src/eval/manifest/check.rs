//! What must hold of a manifest before anything is read by it.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use crate::data::source::{Format, PinnedFile, Source};
use crate::eval::manifest::counterfactual::Counterfactual;
use crate::eval::manifest::{BenchmarkManifest, Kind};

impl BenchmarkManifest {
    pub(super) fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("name `{}` must be lower-case letters, digits and `_`", self.name));
        }
        match (&self.unavailable, self.every_source().next()) {
            (None, _) if self.sources.is_empty() => {
                return Err("it needs at least one [[source]], or [unavailable]".to_owned());
            }
            (Some(_), Some(_)) => {
                return Err("what is unavailable has no sources; take one of the two out".to_owned());
            }
            _ => {}
        }
        for part in [&self.sources, &self.train, &self.validation] {
            check_sources(part)?;
        }
        self.check_kind()?;
        self.check_slices()?;
        self.check_columns()?;
        self.metrics.check()
    }

    fn check_kind(&self) -> Result<(), String> {
        match self.kind {
            Kind::Panel if !self.targets.is_empty() => {
                return Err("a panel has no targets: everything in it must stay unflagged".to_owned());
            }
            Kind::Labelled | Kind::Functional | Kind::Positives | Kind::Evidence
                if self.targets.is_empty() =>
            {
                return Err("it needs `targets`, e.g. [\"extremism\"]".to_owned());
            }
            _ => {}
        }
        if (self.kind == Kind::Functional) != self.function_slice.is_some() {
            return Err("`function_slice` belongs to kind `functional`, and only there".to_owned());
        }
        if self.kind == Kind::Functional && self.targets.len() != 1 {
            return Err("a functional suite has exactly one target".to_owned());
        }
        if self.kind != Kind::Functional && !self.pair.is_empty() {
            return Err("[[pair]] belongs to kind `functional`, and only there".to_owned());
        }
        if (self.kind == Kind::Evidence) != self.evidence.is_some() {
            return Err("[evidence] belongs to kind `evidence`, and only there".to_owned());
        }
        if self.budget.is_some_and(|b| !(0.0..=1.0).contains(&b)) {
            return Err("`budget` is a share from 0 to 1".to_owned());
        }
        if self.budget.is_some() && self.kind != Kind::Panel {
            return Err("`budget` belongs to kind `panel`, and only there".to_owned());
        }
        Ok(())
    }

    fn check_slices(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.slices.iter().find(|s| !names.insert(s.name())) {
            return Err(format!("two slices are named `{}`", twice.name()));
        }
        if let Some(unread) = self.slices.iter().find(|s| s.is_unread()) {
            return Err(format!(
                "slice `{}` names a file beside the manifest, and the manifest was read without one",
                unread.name()
            ));
        }
        if let Some(unknown) = self.identity_slices.iter().find(|name| !names.contains(name.as_str())) {
            return Err(format!("`identity_slices` names `{unknown}`, which is no [[slice]]"));
        }
        if let Some(Counterfactual::Masked { slice }) = &self.counterfactual
            && !self.slices.iter().any(|s| s.name() == slice && s.identities().is_some())
        {
            return Err(format!("[counterfactual] names `{slice}`, which is no [[slice]] with `identities`"));
        }
        Ok(())
    }

    /// Columns that the manifest speaks of must be kept with the examples.
    fn check_columns(&self) -> Result<(), String> {
        let mut columns: Vec<&str> = self.slices.iter().filter_map(|s| s.column()).collect();
        columns.extend(self.function_slice.as_deref());
        columns.extend(self.evidence.iter().map(|e| e.column.as_str()));
        if let Some(Counterfactual::Columns { group, identity }) = &self.counterfactual {
            columns.extend([group.as_str(), identity.as_str()]);
        }
        // A template file keeps columns of its own.
        if self.unavailable.is_some() || self.sources.iter().any(|s| s.format == Format::Templates) {
            return Ok(());
        }
        let kept = |column: &&str| self.sources.iter().any(|s| s.slices.iter().any(|kept| kept == column));
        match columns.iter().find(|column| !kept(column)) {
            Some(column) => Err(format!("no source keeps the column `{column}`; name it in its `slices`")),
            None => Ok(()),
        }
    }
}

fn check_sources(part: &[Source]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for source in part {
        if !names.insert(source.name.as_str()) {
            return Err(format!("two sources are named `{}`", source.name));
        }
        source.files().try_for_each(check_file)?;
    }
    Ok(())
}

/// A file that is measured on is pinned, stays below the data folder, and says where it comes from.
fn check_file(file: PinnedFile<'_>) -> Result<(), String> {
    let PinnedFile { source: name, path, .. } = file;
    let Some(sha256) = file.sha256 else {
        return Err(format!("source `{name}` pins no sha256; a number is worth nothing on unknown bytes"));
    };
    if sha256.len() != 64 || !sha256.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Err(format!("source `{name}`: sha256 must be 64 lower-case hexadecimal digits"));
    }
    if is_beside_manifest(path) {
        return Ok(());
    }
    if !Path::new(path).components().all(|c| matches!(c, Component::Normal(_))) {
        return Err(format!("source `{name}`: `{path}` must stay below the data folder"));
    }
    if file.origin.is_none() {
        return Err(format!("source `{name}` has no `origin`; say where {path} comes from"));
    }
    Ok(())
}

/// Whether a file belongs to the repository rather than to the data folder: such paths begin with `./` and are made
/// absolute when the manifest is opened.
pub(in crate::eval) fn is_beside_manifest(path: &str) -> bool {
    path.starts_with("./") || Path::new(path).is_absolute()
}
